//! The sizes of what is sent: the frame-max that is agreed on, bodies that are cut by it, and what
//! can't be cut.

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, basic, queue};
use amqp_proto::testing::Pair;
use amqp_proto::wire::{EncodeError, TableBuf};
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Content, Event, PreparedPublish, ServerConfig, UsageError,
};
use bytes::Bytes;

use crate::common::*;
use crate::end::{End, token};
use crate::support::*;

const NOT_ALLOWED: ReplyCode = ReplyCode(530);

/// A client that wants this frame-max and has sent start-ok.
fn client_awaiting_tune(own: u32) -> End {
    let mut config = plain();
    config.frame_max = own;
    let mut end = End::new(Connection::client(config, T0));
    end.takes(&start("PLAIN"));
    end.sent();
    end
}

/// A server that offers this frame-max and has sent tune.
fn server_awaiting_tune_ok(own: u32) -> End {
    let mut config = ServerConfig::default();
    config.frame_max = own;
    let mut end = End::new(Connection::server(config, T0));
    end.takes(&[PROTOCOL_HEADER, &start_ok("PLAIN", b"\0a\0b")].concat());
    let sent = end.sent();
    let offered = if own == 0 { 16 << 20 } else { own };
    assert!(sent.ends_with(&tune(2047, offered, 60)));
    end
}

/// The sizes of the frames on channel 1 of a content whose body has so many octets.
fn sizes_of_content(mut end: End, len: usize) -> Vec<usize> {
    end.send_content(1, Properties::EMPTY, vec![b'x'; len]).unwrap();
    frames(&end.sent()).into_iter().map(|(_, _, payload)| payload.len() + 8).collect()
}

/// rabbitmq-c, 2026: a frame-max below 4096 was accepted from the server, and what was written
/// later ran over the buffer of that size. `TUN-05`.
pub(crate) fn ghsa_jh48_qjf5_fx5v_a_frame_max_below_4096_is_refused() {
    // Offered by the server: what tune-ok says, or that there is no answer.
    for (offered, agreed) in [
        (0, Some(131_072)),
        (1, None),
        (8, None),
        (4095, None),
        (4096, Some(4096)),
        (8192, Some(8192)),
        (u32::MAX, Some(131_072)),
    ] {
        let end = client_awaiting_tune(131_072);
        let octets = tune(2047, offered, 60);
        let Some(agreed) = agreed else {
            let violation = end.clone().drops(&octets, "TUN-05");
            assert_eq!(violation.reply_code, NOT_ALLOWED, "{offered}");
            continue;
        };
        let mut end = end;
        end.takes(&octets);
        assert_eq!(end.sent(), [tune_ok(2047, agreed, 60), open("/")].concat(), "{offered}");
        end.takes(&open_ok());
        let largest = agreed as usize;
        let sizes = sizes_of_content(end.with_contents(1), 3 * largest);
        assert_eq!(sizes.iter().max(), Some(&largest));
    }
    // Chosen by the client, against an offer and against none.
    for (offered, chosen, rule) in [
        (131_072, 0, Some("TUN-02")),
        (0, 0, Some("TUN-02")),
        (131_072, 1, Some("TUN-05")),
        (0, 1, Some("TUN-05")),
        (131_072, 4095, Some("TUN-05")),
        (0, 4095, Some("TUN-05")),
        (131_072, 4096, None),
        (0, 4096, None),
        (131_072, 8192, None),
        (131_072, 131_073, Some("TUN-02")),
        (131_072, u32::MAX, Some("TUN-02")),
        (0, 16 << 20, None),
        (0, u32::MAX, Some("TUN-02")),
    ] {
        let end = server_awaiting_tune_ok(offered);
        let octets = tune_ok(2047, chosen, 60);
        if let Some(rule) = rule {
            let violation = end.clone().drops(&octets, rule);
            assert_eq!(violation.reply_code, NOT_ALLOWED, "{offered} {chosen}");
            continue;
        }
        let mut end = end;
        end.takes(&[octets, open("/")].concat());
        end.sent();
        let sizes = sizes_of_content(end.with_contents(1), 20_000);
        let largest = if (1..20_000).contains(&chosen) { chosen as usize } else { 20_008 };
        assert_eq!(sizes.iter().max(), Some(&largest), "{offered} {chosen}");
    }
    // Nobody asks for less than that either.
    for own in [1, 8, 4095] {
        let mut end = client_awaiting_tune(own);
        end.takes(&tune(2047, 131_072, 60));
        assert!(end.sent().starts_with(&tune_ok(2047, 4096, 60)), "{own}");
    }
}

/// rabbitmq-c, 2026: a body frame larger than the output buffer was copied over its end. Here
/// bodies are cut at frame-max - 8, and what can't be cut is an error. `TUN-07`, `CNT-12`,
/// `LIM-11`.
pub(crate) fn ghsa_hfjv_vcp3_39wh_no_frame_is_larger_than_agreed() {
    for end in ends_with(4096, |_| ()) {
        for (len, parts) in [
            (4087, vec![4087]),
            (4088, vec![4088]),
            (4089, vec![4088, 1]),
            (4096, vec![4088, 8]),
            (4097, vec![4088, 9]),
            (8176, vec![4088, 4088]),
            (8177, vec![4088, 4088, 1]),
        ] {
            let octets: Vec<u8> = (0..len).map(|place| (place % 251) as u8).collect();
            let mut expected = [end.own_content(1, 1), header(1, len as u64, BARE)].concat();
            for part in octets.chunks(4088) {
                expected.extend(body(1, part));
            }
            // Copied, shared, and given bit by bit.
            let mut copied = end.clone();
            copied.send_content(1, Properties::EMPTY, octets.as_slice()).unwrap();
            let sent = copied.sent();
            assert!(sent == expected, "{len}");
            let sizes: Vec<_> = frames(&sent)[2..].iter().map(|frame| frame.2.len()).collect();
            assert_eq!(sizes, parts);
            let mut shared = end.clone();
            shared.send_content(1, Properties::EMPTY, Bytes::from(octets.clone())).unwrap();
            assert!(shared.sent() == expected, "{len}");
            let mut begun = end.clone();
            begun.start_content(len as u64);
            for part in octets.chunks(1363) {
                begun.channel().send_body(part).unwrap();
            }
            let sent = frames(&begun.sent());
            assert!(sent.iter().all(|(_, _, payload)| payload.len() <= 4088));
            assert!(sent[2..].iter().flat_map(|frame| &frame.2).eq(&octets));
        }
        // Not one octet more than announced.
        let mut begun = end.clone();
        begun.start_content(4088);
        begun.channel().send_body(&[0; 4000]).unwrap();
        begun.sent();
        let given = begun.channel().send_body(&[0; 89]).unwrap_err();
        assert_eq!(given, UsageError::BodyTooLong { missing: 88, given: 89 });
        assert_eq!(hex(&begun.sent()), "");
    }
    // The same octets prepared in advance.
    let [mut end, _] = ends_with(4096, |_| ());
    let publish = basic::Publish { routing_key: "k".into(), ..Default::default() };
    let prepared = PreparedPublish::new(&publish, Properties::EMPTY).unwrap();
    for len in [4087, 4088, 4089, 4097] {
        let octets = vec![b'x'; len];
        end.channel().publish_prepared(&prepared, octets.as_slice()).unwrap();
        assert!(end.sent() == message(crate::common::publish(1, "k"), 1, &octets, 4088));
    }
    // What can't be cut, one octet over: ids, ticket, name and bits take nine octets, a table
    // eleven besides its string.
    let declare = |len| {
        let text = "x".repeat(len);
        TableBuf::new().with("k", text.as_str()).unwrap()
    };
    let (fits, too_large) = (declare(4088 - 20), declare(4088 - 19));
    let method = queue::Declare { queue: "q".into(), ..Default::default() };
    let refused = end.channel().call(&queue::Declare { arguments: too_large.as_table(), ..method });
    let too_large = EncodeError::FrameTooLarge { size: 4089, limit: 4088 };
    assert_eq!(refused, Err(UsageError::Encode(too_large)));
    assert_eq!(hex(&end.sent()), "");
    end.channel().call(&queue::Declare { arguments: fits.as_table(), ..method }).unwrap();
    assert_eq!(end.sent().len(), 4096);
}

/// amqp091-go: a tiny frame-max from the server left no room for body octets, and cutting a body
/// never came to an end. `TUN-05`.
pub(crate) fn cve_2026_77403_each_body_frame_brings_the_body_forward() {
    for offered in 1..=16 {
        client_awaiting_tune(131_072).drops(&tune(2047, offered, 60), "TUN-05");
    }
    let sizes = (4096..=4112).chain([8191, 8192, 8193, 65_535, 65_536, 131_071, 131_072]);
    for frame_max in sizes.chain([131_073, 1 << 20]) {
        for mut end in ends_with(frame_max, |_| ()) {
            let most = frame_max as usize - 8;
            let octets = vec![b'x'; 3 * most + 5];
            end.send_content(1, Properties::EMPTY, octets).unwrap();
            let mut parts = Vec::new();
            while parts.iter().sum::<usize>() < 3 * most + 5 {
                let sent = frames(&end.sent());
                assert!(!sent.is_empty(), "no progress at {parts:?}");
                let bodies = sent.iter().filter(|(frame_type, ..)| *frame_type == 3);
                parts.extend(bodies.map(|(_, _, payload)| payload.len()));
            }
            assert_eq!(parts, [most, most, most, 5], "frame-max {frame_max}");
        }
    }
}

/// Headers with one string of 200 KiB.
fn large_headers() -> PropertiesBuf {
    let text = "x".repeat(200 << 10);
    let table = TableBuf::new().with("x-death", text.as_str()).unwrap();
    PropertiesBuf::new().with_headers(&table).unwrap()
}

fn is_too_large<T: core::fmt::Debug>(result: Result<T, UsageError>) {
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            UsageError::Encode(EncodeError::FrameTooLarge { size: 204_819.., limit: 131_064 })
        ),
        "{error}"
    );
}

/// RabbitMQ: a content header can't be cut into frames, and one above frame-max was sent, which
/// clients take for a fault. `TUN-09`.
pub(crate) fn rabbitmq_server_921_headers_above_frame_max_are_not_sent() {
    let [client, mut server] = ends();
    let headers = large_headers();
    let large = headers.as_properties();
    is_too_large(server.send_content(1, large, "body"));
    let returned = basic::Return::default();
    is_too_large(server.channel().return_message(&returned, large, "body"));
    let to = token(&server.takes(&method(1, 60, 70, b"\0\0\x01q\x01")));
    is_too_large(server.channel().get_ok(to, &basic::GetOk::default(), large, "body"));
    assert_eq!(hex(&server.sent()), "");
    // No delivery-tag is used up, and the get is still to be answered.
    let get_ok = basic::GetOk::default();
    let tag = server.channel().get_ok(to, &get_ok, Properties::EMPTY, "body").unwrap();
    assert_eq!(tag, 1);
    let arguments = [&1_u64.to_be_bytes()[..], b"\0\0\0\0\0\0\0"].concat();
    assert_eq!(server.sent(), message(method(1, 60, 71, &arguments), 1, b"body", 4088));
    server.send_content(1, Properties::EMPTY, "body").unwrap();
    assert_eq!(server.sent(), message(deliver(1, 2), 1, b"body", 4088));

    // A client takes headers above a small frame-max, for this server sends them; above 131,072
    // not.
    let values =
        [&b"\x20\0"[..], &long(&[b"\x01kS", &long(&[b'x'; 20_000])[..]].concat())].concat();
    let [small, _] = ends_with(4096, |_| ());
    let content = [deliver(1, 1), header(1, 0, &values)].concat();
    assert!(matches!(small.clone().takes(&content)[..], [Event::Content(_)]));
    small.clone().closes(&announced(2, 1, 131_073), "FRM-06", FRAME_ERROR);
    client.clone().closes(&announced(2, 1, 131_073), "FRM-06", FRAME_ERROR);
}

/// php-amqplib: the same of a client; the broker ended the connection with all its channels.
/// `TUN-09`.
pub(crate) fn php_amqplib_934_headers_above_frame_max_fail_before_an_octet_is_written() {
    let [mut client, _] = ends();
    client.channel().call(&amqp_proto::protocol::confirm::Select { no_wait: true }).unwrap();
    client.sent();
    let headers = large_headers();
    let publish = basic::Publish { routing_key: "k".into(), ..Default::default() };
    is_too_large(client.channel().publish(&publish, &headers, "body"));
    is_too_large(client.channel().start_publish(&publish, &headers, 4));
    let prepared = PreparedPublish::new(&publish, &headers).unwrap();
    is_too_large(client.channel().publish_prepared(&prepared, "body"));
    let arguments = headers.as_properties().headers().unwrap();
    let declare = queue::Declare { queue: "q".into(), arguments, ..Default::default() };
    is_too_large(client.channel().call(&declare));
    assert_eq!(hex(&client.sent()), "");
    assert_eq!(client.channel().pending_requests(), 0);
    assert_eq!(client.channel().missing_body(), None);
    // The channel goes on, and no number was used up.
    let seq = client.channel().publish(&publish, Properties::EMPTY, "body").unwrap();
    assert_eq!(seq.number(), 1);
    assert_eq!(client.sent(), message(crate::common::publish(1, "k"), 1, b"body", 4088));
}

/// Octets that differ from place to place.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|place| ((place * 31 + place / 251) % 256) as u8).collect()
}

/// The contents among these events.
fn contents(events: Vec<Event>) -> Vec<Content> {
    let content = |event| if let Event::Content(content) = event { Some(content) } else { None };
    events.into_iter().filter_map(content).collect()
}

/// LavinMQ: a message above frame-max reached the first of several queues only; its body had been
/// read to the end there. `CNT-12`.
pub(crate) fn lavinmq_552_bodies_around_multiples_of_frame_max_arrive_whole() {
    for frame_max in [4096, 8192, 131_072] {
        let (client, server) = configs(frame_max, |_| ());
        let mut pair = Pair::connected_with(client, server);
        for number in 1..=3 {
            pair.client.connection.open_channel().unwrap();
            pair.drive();
            pair.server.inbound.push(pair.now, consume(number, "c", true));
        }
        pair.drive();
        pair.client.take_events();
        pair.server.take_events();
        let most = frame_max as usize - 8;
        let sizes = (0..=3).flat_map(|k| [k * most, (k * most).saturating_sub(1), k * most + 1]);
        for len in sizes {
            let octets = Bytes::from(pattern(len));
            // To the server, and from there to three consumers.
            let one = ChannelId::new(1).unwrap();
            let mut channel = pair.client.connection.channel(one).unwrap();
            channel.publish(&basic::Publish::default(), Properties::EMPTY, &octets).unwrap();
            pair.drive();
            let [published] = &contents(pair.server.take_events())[..] else { panic!("{len}") };
            assert!(published.body() == octets, "{len} of {frame_max}");
            let shared = published.share_body();
            for number in 1..=3 {
                let id = ChannelId::new(number).unwrap();
                let mut channel = pair.server.connection.channel(id).unwrap();
                let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
                channel.deliver(&deliver, Properties::EMPTY, &shared).unwrap();
            }
            pair.drive();
            let delivered = contents(pair.client.take_events());
            assert_eq!(delivered.len(), 3);
            assert!(delivered.iter().all(|content| content.body() == octets), "{len}");
        }
        assert!(pair.is_open());
    }
}

/// LavinMQ answered a heartbeat on a channel by 501, where RabbitMQ's own tests want 505. The text
/// names 503 and 501; here it is 503, and nothing of the channel is touched before. `HB-02`.
pub(crate) fn lavinmq_1991_a_heartbeat_on_a_channel_is_no_framing_fault() {
    for end in ends() {
        for channel in [1, 2, u16::MAX] {
            end.clone().closes(&frame(8, channel, b""), "HB-02", COMMAND_INVALID);
        }
        // Framing isn't lost by it: what follows is read, and close-ok is seen.
        let mut closing = end.clone();
        let octets = [frame(8, 1, b""), connection_close_ok()].concat();
        let events = closing.feed(&octets);
        assert!(
            matches!(events[..], [Event::Violation(_), Event::Closed(_)]),
            "{:?}",
            lines(&events)
        );
    }
}

/// amqplib asked for 4096 by default, which RabbitMQ refuses since 4.1 asks for 8192. `TUN-05`.
pub(crate) fn amqplib_791_the_default_frame_max_is_enough_for_rabbitmq_4_1() {
    for config in [ClientConfig::default(), plain()] {
        assert!(config.frame_max >= 8192);
        for (offered, agreed) in [(131_072, 131_072), (0, 131_072), (8192, 8192)] {
            let mut end = End::new(Connection::client(config.clone(), T0));
            end.takes(&[start("PLAIN ANONYMOUS"), tune(2047, offered, 60)].concat());
            let sent = end.sent();
            let [_, (_, _, tune_ok), _] = &frames(&sent[8..])[..] else { panic!("{}", hex(&sent)) };
            assert_eq!(tune_ok[6..10], u32::to_be_bytes(agreed), "offered {offered}");
        }
    }
    assert!(ServerConfig::default().frame_max >= 8192);
}
