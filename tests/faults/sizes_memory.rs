//! What a peer can make this side ask for or keep: frames of channels that aren't open, nesting,
//! the announced size of a body.

use amqp_proto::protocol::{Dialect, Method, ReplyCode};
use amqp_proto::wire::{Array, ArrayBuf, DecodeErrorKind, Table, TableBuf, TableLimits, Value};
use amqp_proto::{Connection, ContentMode, Event, Phase, ServerConfig};

use crate::common::*;
use crate::counting::held;
use crate::end::{End, first_violation};
use crate::fields::headers;
use crate::support::*;

const CONTENT_TOO_LARGE: ReplyCode = ReplyCode(311);

/// A frame on each channel there is, none of which is open, and the first is a fault of this rule.
fn floods(end: &End, rule: &str, octets: impl Fn(u16) -> Vec<u8>) {
    let mut connection = end.connection.clone();
    let before = held();
    let (mut violations, mut told) = (0, 0);
    for channel in 1..=u16::MAX {
        connection.handle_slice(T0, &octets(channel));
        while let Some(event) = connection.poll_event() {
            told += 1;
            if let Event::Violation(violation) = event {
                assert_eq!((violation.rule, violation.channel), (rule, channel));
                violations += 1;
            }
        }
        let kept = held() - before;
        assert!(kept < 4096, "{kept} octets are kept behind channel {channel}");
    }
    let framing_is_lost = connection.phase() == Phase::Closed;
    assert_eq!((violations, told), (1, if framing_is_lost { 2 } else { 1 }));
    assert_eq!(connection.channels().count(), 0);
    let sent = frames(&output(&mut connection));
    assert!(matches!(&sent[..], [(1, 0, close)] if close.starts_with(b"\0\x0A\0\x32")), "{sent:?}");
    connection.handle_slice(T0, &connection_close_ok());
    assert_eq!(endings(&poll(&mut connection)), usize::from(!framing_is_lost));
}

/// rabbitmq-c, 2026: frames on channels above channel-max, or of unknown type, had memory set aside
/// for their channel each. `LIM-05`, `CHN-01`.
pub(crate) fn ghsa_5fp7_wg2f_hhgp_frames_on_channels_that_are_not_open_cost_nothing() {
    for end in [End::client(), End::server()] {
        floods(&end, "CHN-01", |channel| body(channel, b""));
        floods(&end, "CHN-01", |channel| body(channel, &[7; 50]));
        floods(&end, "CHN-01", |channel| header(channel, 1 << 40, BARE));
        floods(&end, "FRM-03", |channel| frame(7, channel, b"trace"));
        if end.is_client() {
            floods(&end, "CHN-01", |channel| deliver(channel, 1));
            floods(&end, "CHN-01", channel_open_ok);
        } else {
            floods(&end, "CHN-01", |channel| publish(channel, "k"));
            floods(&end, "CHN-01", |channel| declare(channel, "q"));
        }
        floods(&end, "CHN-01", |channel| channel_close(channel, 200, ""));
    }
}

/// A table with so many levels inside, one in the other; its own length isn't part of it.
fn nested_tables(levels: usize) -> Vec<u8> {
    // Each length is that of what it encloses, seven octets a level.
    let mut octets = Vec::with_capacity(7 * levels);
    for level in (0..levels).rev() {
        let inner = u32::try_from(7 * level).unwrap();
        octets.extend([&b"\x01nF"[..], &inner.to_be_bytes()].concat());
    }
    octets
}

/// The same of arrays, in a table.
fn nested_arrays(levels: usize) -> Vec<u8> {
    let mut octets = b"\x01n".to_vec();
    for level in (0..levels).rev() {
        let inner = u32::try_from(5 * level).unwrap();
        octets.extend([&b"A"[..], &inner.to_be_bytes()].concat());
    }
    octets
}

/// Runs on a stack of 64 KiB, which a level of recursion for each level of nesting would overrun.
fn on_a_small_stack(run: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 10);
        thread.spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}

/// rabbitmq-c: tables in tables were decoded by recursion without a limit, and the stack ran over.
/// `TBL-13`, `LIM-03`.
pub(crate) fn oss_fuzz_56204_and_56296_nesting_needs_no_stack() {
    let refused = |octets: &[u8], limits: &TableLimits| {
        let error = Table::parse(octets, limits).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TooDeep { limit: limits.max_depth });
        assert_eq!(error.reply_code(), 501);
    };
    let widest = TableLimits::default().with_max_depth(u8::MAX).with_max_octets(u32::MAX);
    // Up to what a frame of 131,064 octets holds behind method or header.
    for levels in [33, 100, 256, 257, 2000, 18_700] {
        for octets in [nested_tables(levels), nested_arrays(levels)] {
            on_a_small_stack(|| {
                refused(&octets, &TableLimits::default());
                if levels > 255 {
                    refused(&octets, &widest);
                    refused(&octets, &widest.with_max_entries(u32::MAX));
                }
            });
        }
    }
    // A limit is exact, whatever it is.
    for limit in [0, 1, 5, 31, 32, 33, 100, 254, 255] {
        let limits = widest.with_max_depth(limit);
        for nested in [nested_tables, nested_arrays] {
            let levels = usize::from(limit);
            assert!(Table::parse(&nested(levels), &limits).is_ok() || levels == 0, "{limit}");
            refused(&nested(levels + 1), &limits);
        }
    }
    // What is allowed is walked, shown, compared and built on that stack too.
    for octets in [nested_tables(255), nested_arrays(255)] {
        on_a_small_stack(|| {
            let table = Table::parse(&octets, &widest).unwrap();
            let shown = table.to_string();
            assert_eq!(shown.matches(['{', '[']).count(), 256);
            assert!(table.semantic_eq(&TableBuf::from(table).as_table()));
            let mut value = Value::Table(table);
            let mut levels = 0;
            loop {
                let inner = match value {
                    Value::Table(table) => table.iter().next().map(|(_, value)| value),
                    Value::Array(array) => array.get(0),
                    _ => None,
                };
                let Some(inner) = inner else { break };
                (value, levels) = (inner, levels + 1);
            }
            assert_eq!(levels, 255);
        });
    }
    on_a_small_stack(|| {
        let (mut table, mut array) = (TableBuf::new(), ArrayBuf::new());
        for _ in 0..255 {
            table = TableBuf::new().with("n", &table).unwrap();
            array = ArrayBuf::new().with(&array).unwrap();
        }
        assert_eq!(table.as_octets(), nested_tables(255));
        assert!(TableBuf::new().with("n", &table).is_err());
        assert!(ArrayBuf::new().with(&array).is_err());
        assert!(Array::parse(array.as_octets(), &widest).is_ok());
    });
}

/// The same for whole connections: in headers, arguments and peer properties.
pub(crate) fn oss_fuzz_56204_and_56296_nested_tables_end_the_connection() {
    for levels in [33, 2000, 18_700] {
        for pairs in [nested_tables(levels), nested_arrays(levels)] {
            for end in ends() {
                let carrier = end.content_of_peer(1, 1);
                let octets = [carrier, header(1, 0, &headers(&pairs))].concat();
                on_a_small_stack(|| _ = end.clone().closes(&octets, "LIM-03", FRAME_ERROR));
                if !end.is_client() {
                    let octets = crate::fields::declare_with(&pairs);
                    on_a_small_stack(|| _ = end.clone().closes(&octets, "LIM-03", FRAME_ERROR));
                }
            }
        }
    }
    let pairs = nested_tables(1000);
    let [client, server] = fresh_ends();
    let parts = [b"\0\x09", &long(&pairs)[..], &long(b"PLAIN"), &long(b"en_US")];
    let start = method(0, 10, 10, &parts.concat());
    on_a_small_stack(|| _ = client.clone().drops(&start, "LIM-03"));
    let login = [&short("PLAIN")[..], &long(b"\0a\0b"), &short("en_US")].concat();
    let start_ok = method(0, 10, 11, &[&long(&pairs)[..], &login].concat());
    on_a_small_stack(|| _ = server.clone().drops(&start_ok, "LIM-03"));
}

/// amqp091-go: as many octets were reserved as the header announced. `CNT-17`.
pub(crate) fn cve_2026_77410_an_announced_body_reserves_nothing() {
    for mode in [ContentMode::Whole, ContentMode::Streamed] {
        for size in [1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, u64::MAX] {
            // As if the application wanted all of it in one piece.
            let (mut client, mut server) = configs(131_072, |limits| {
                limits.whole_body = u64::MAX;
                limits.unfinished_contents = u64::MAX;
                limits.max_body = None;
            });
            (client.content, server.content) = (mode, mode);
            for mut end in [End::client_with(client), End::server_with(server)] {
                end = end.with_channel(1);
                let octets = [end.content_of_peer(1, 1), header(1, size, BARE)].concat();
                let connection = &mut end.connection;
                let (events, cost) = cost(|| {
                    connection.handle_slice(T0, &octets);
                    poll(connection)
                });
                let told = usize::from(mode == ContentMode::Streamed);
                assert_eq!(events.len(), told, "{:?}", lines(&events));
                assert!(cost.asked < 8192, "{size:#x}: {cost:?}");
                drop(events);
                // Nor does what comes of it cost more than its own octets, and some to grow.
                let part = body(1, &[7; 1000]);
                let connection = &mut end.connection;
                let (events, cost) = crate::support::cost(|| {
                    connection.handle_slice(T0, &part);
                    poll(connection)
                });
                assert_eq!(events.len(), told, "{:?}", lines(&events));
                assert!(cost.asked < 16 << 10, "{size:#x}: {cost:?}");
            }
        }
    }
}

/// The RabbitMQ Java client had no limit for the size of a body. `LIM-04`.
pub(crate) fn cve_2023_46120_a_body_above_the_limit_is_refused_at_its_header() {
    for end in ends_with(131_072, |limits| limits.max_body = Some(1000)) {
        let headed = |size| [end.content_of_peer(1, 1), header(1, size, BARE)].concat();
        let mut taken = end.clone();
        let octets = [headed(1000), body(1, &[7; 600]), body(1, &[7; 400])].concat();
        assert!(matches!(taken.takes(&octets)[..], [Event::Content(_)]));
        for size in [1001, 1 << 20, 1 << 31, 1 << 32, 1 << 63, u64::MAX] {
            let violation = end.clone().closes_channel(&headed(size), "LIM-04", CONTENT_TOO_LARGE);
            assert_eq!(violation.got.to_string(), size.to_string());
            // Not an octet of it is kept.
            let mut connection = end.connection.clone();
            connection.handle_slice(T0, &headed(size));
            assert_eq!(poll(&mut connection).len(), 1);
            let before = held();
            for _ in 0..1000 {
                connection.handle_slice(T0, &body(1, &[7; 1000]));
                assert!(poll(&mut connection).is_empty());
            }
            assert!(held() - before < 4096, "{}", held() - before);
        }
    }
    // A server has a limit unless told otherwise.
    let limit = ServerConfig::default().limits.max_body.unwrap();
    let headed = [publish(1, "k"), header(1, limit + 1, BARE)].concat();
    End::server_channel().closes_channel(&headed, "LIM-04", CONTENT_TOO_LARGE);
}

/// The RabbitMQ Java client, 2026: received frames weren't held to frame-max. `TUN-08`, `FRM-06`.
pub(crate) fn rabbitmq_java_client_1996_received_frames_are_held_to_frame_max() {
    for frame_max in [4096, 8192, 131_072] {
        for end in ends_with(frame_max, |limits| limits.method_or_header_frame = frame_max) {
            for frame_type in TYPES {
                let octets = announced(frame_type, 1, frame_max + 1);
                end.clone().closes(&octets, "FRM-06", FRAME_ERROR);
            }
            let largest = vec![7; frame_max as usize];
            let octets = message(end.content_of_peer(1, 1), 1, &largest, largest.len());
            assert!(matches!(end.clone().takes(&octets)[..], [Event::Content(_)]));
        }
    }
}

/// The RabbitMQ Java client, 2026: a body-size with the top bit set was a negative number, below
/// every limit: the content was complete at once, and its body frames came out of turn. `CNT-17`,
/// `CNT-11`.
pub(crate) fn rabbitmq_java_client_2013_a_body_size_is_never_negative() {
    for size in [1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        for end in ends_with(131_072, |limits| limits.max_body = Some((1 << 63) - 1)) {
            let octets = [end.content_of_peer(1, 1), header(1, size, BARE)].concat();
            end.clone().closes_channel(&octets, "LIM-04", CONTENT_TOO_LARGE);
        }
        // Without a limit it is a large number: nothing is complete, and no method may follow.
        for end in ends_with(131_072, |limits| limits.max_body = None) {
            let octets = [end.content_of_peer(1, 1), header(1, size, BARE)].concat();
            let mut begun = end.clone();
            let events = begun.takes(&octets);
            let [Event::ContentStart(start)] = &events[..] else { panic!("{:?}", lines(&events)) };
            assert_eq!(start.body_size(), size);
            let events = begun.takes(&body(1, b"part"));
            assert!(matches!(&events[..], [Event::ContentPart(part)] if !part.last));
            begun.closes(&end.content_of_peer(1, 2), "CNT-04", UNEXPECTED_FRAME);
        }
    }
    // More body than announced is no part of it (#2013 took surplus frames for another content).
    for end in ends() {
        let octets = [end.content_of_peer(1, 1), header(1, 3, BARE), body(1, b"four")].concat();
        end.clone().closes(&octets, "CNT-11", FRAME_ERROR);
    }
}

/// The RabbitMQ Java client, 2026: "no limit" in the tuning was taken for a limit of zero by a new
/// check of the size of messages. `TUN-06`, `LIM-04`.
pub(crate) fn rabbitmq_java_client_2015_no_limit_for_frames_limits_no_message() {
    for end in ends_with(0, |_| ()) {
        for len in [0, 1, 131_065, 1 << 20] {
            let octets = vec![7; len];
            let content = message(end.content_of_peer(1, 1), 1, &octets, len.max(1));
            let events = end.clone().takes(&content);
            let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
            assert_eq!(content.body().len(), len);
        }
    }
    // And nesting has a limit however large frames may be.
    for end in ends_with(0, |_| ()) {
        let values = headers(&nested_tables(100_000));
        let octets = [end.content_of_peer(1, 1), header(1, 0, &values)].concat();
        end.clone().closes(&octets, "LIM-03", FRAME_ERROR);
    }
}

/// Qpid Broker-J: a message above the limit for its size took the broker down, by 0-8, 0-9 and
/// 0-9-1. Here its channel ends, and what comes behind is served. `LIM-04`, `CHN-09`.
pub(crate) fn cve_2018_8030_the_connection_lives_on_behind_a_body_above_the_limit() {
    let headers = [&b"AMQP\x01\x01\x08\0"[..], b"AMQP\x01\x01\0\x09", PROTOCOL_HEADER];
    for (dialect, protocol_header) in Dialect::ALL.iter().zip(headers) {
        let mut config = ServerConfig::default();
        config.limits.max_body = Some(10_000);
        let mut end = End::new(Connection::server(config, T0));
        let login = start_ok("PLAIN", b"\0a\0b");
        end.takes(&[protocol_header, &login, &tune_ok(2047, 131_072, 60), &open("/")].concat());
        assert_eq!(end.connection.dialect(), *dialect);
        let mut end = end.with_channel(1).with_channel(2);
        // All at once: method, header, body frames of all sizes, and the next publishes.
        let over_long = message(publish(1, "k"), 1, &[7; 30_000], 4088);
        let next = message(publish(2, "k"), 2, b"next", 4);
        let events =
            end.feed(&[&over_long[..], &next, &message(publish(1, "k"), 1, b"lost", 4)].concat());
        let violation = first_violation(&events);
        assert_eq!((violation.rule, violation.reply_code), ("LIM-04", CONTENT_TOO_LARGE));
        let [Event::Violation(_), Event::Content(content)] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((content.channel().number(), content.body()), (2, &b"next"[..]));
        let sent = frames(&end.sent());
        let [(1, 1, close)] = &sent[..] else { panic!("{sent:?}") };
        assert!(close.starts_with(b"\0\x14\0\x28\x01\x37"));
        assert_eq!(end.connection.phase(), Phase::Open);
        // The number is free once close-ok is there, and a publish on it is a publish.
        let events = end.takes(&channel_close_ok(1));
        assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
        let mut end = end.with_channel(1);
        for len in [0, 1, 9999, 10_000] {
            let octets = message(publish(1, "k"), 1, &vec![7; len], 4088);
            assert!(matches!(end.takes(&octets)[..], [Event::Content(_)]), "{len}");
        }
        end.closes_channel(&over_long, "LIM-04", CONTENT_TOO_LARGE);
        assert_eq!(end.connection.phase(), Phase::Open);
        let request = declare(2, "q");
        assert!(matches!(end.takes(&request)[..], [Event::Request { .. }]));
        let payload = &frames(&request)[0].2;
        assert!(Method::decode(*dialect, payload, &TableLimits::default()).is_ok());
    }
}
