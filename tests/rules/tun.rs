//! Tuning: what the two sides agree on.

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Event, Heartbeat, Phase, ServerConfig, Side, UsageError,
};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TUN-01", a_client_reads_tune_and_writes_tune_ok),
    server("TUN-01", a_server_writes_tune_and_reads_tune_ok),
    client("TUN-02", a_client_keeps_to_the_frame_max_that_it_is_offered),
    server("TUN-02", a_server_refuses_more_than_the_frame_max_that_it_offers),
    client("TUN-03", a_client_keeps_to_the_channel_max_that_it_is_offered),
    server("TUN-03", a_server_refuses_more_than_the_channel_max_that_it_offers),
    client("TUN-04", a_client_that_is_offered_zero_decides),
    server("TUN-04", a_server_that_offers_zero_takes_anything),
    client("TUN-05", a_client_wants_no_frame_max_below_4096),
    server("TUN-05", a_server_wants_no_frame_max_below_4096),
    client("TUN-06", the_lower_value_is_what_a_client_answers),
    server("TUN-06", tune_ok_is_what_holds_for_a_server),
    client("TUN-10", a_client_decides_on_heartbeats),
    server("TUN-10", a_server_takes_the_heartbeat_of_the_client),
    client("TUN-11", a_client_without_heartbeats_waits_for_none),
    server("TUN-11", a_server_without_heartbeats_waits_for_none),
    client("TUN-12", a_client_uses_no_channel_above_channel_max),
    server("TUN-12", a_server_opens_no_channel_above_channel_max),
];

/// channel-max, frame-max and heartbeat.
type Numbers = (u16, u32, u16);

const MANY: u16 = u16::MAX;
const HUGE: u32 = u32::MAX;
/// The default of Limits::unlimited_frame.
const UNLIMITED: u32 = 16 << 20;

pub(crate) fn wanting(channel_max: u16, frame_max: u32, heartbeat: Heartbeat) -> ClientConfig {
    let mut config = plain();
    (config.channel_max, config.frame_max, config.heartbeat) = (channel_max, frame_max, heartbeat);
    config
}

pub(crate) fn offering(channel_max: u16, frame_max: u32, heartbeat: u16) -> ServerConfig {
    let mut config = ServerConfig::default();
    (config.channel_max, config.frame_max, config.heartbeat) = (channel_max, frame_max, heartbeat);
    config
}

/// A client to which tune comes next.
pub(crate) fn client_before_tune(config: ClientConfig) -> End {
    let mut client = Connection::client(config, T0);
    feed(&mut client, &start("PLAIN"));
    assert!(poll(&mut client).is_empty());
    output(&mut client);
    End::new(client)
}

/// A server to which tune-ok comes next.
pub(crate) fn server_before_tune_ok(config: ServerConfig) -> End {
    let mut server = Connection::server(config, T0);
    feed(&mut server, &[PROTOCOL_HEADER, &start_ok("PLAIN", b"\0guest\0guest")].concat());
    assert!(matches!(poll(&mut server)[..], [Event::Credentials(_)]));
    output(&mut server);
    End::new(server)
}

/// A client that answers this offer with these numbers, and opens its virtual host at once.
fn answers(config: ClientConfig, offered: Numbers, agreed: Numbers) -> End {
    let mut end = client_before_tune(config);
    assert!(end.takes(&tune(offered.0, offered.1, offered.2)).is_empty());
    let expected = [tune_ok(agreed.0, agreed.1, agreed.2), open("/")].concat();
    assert_eq!(hex(&end.sent()), hex(&expected), "{offered:?} {agreed:?}");
    assert_eq!(end.connection.phase(), Phase::Opening);
    end
}

/// A server that takes this tune-ok and says nothing to it.
fn agrees(config: ServerConfig, numbers: Numbers) -> End {
    let mut end = server_before_tune_ok(config);
    end.ignores(&tune_ok(numbers.0, numbers.1, numbers.2));
    assert_eq!(end.connection.phase(), Phase::Opening, "{numbers:?}");
    end
}

fn refuses(config: ServerConfig, numbers: Numbers, rule: &str) {
    let mut end = server_before_tune_ok(config);
    let violation = end.drops(&tune_ok(numbers.0, numbers.1, numbers.2), rule);
    assert_eq!(violation.reply_code, ReplyCode(530), "{violation}");
}

/// The client or server, open.
fn opened(mut end: End) -> End {
    let last = if end.connection.side() == Side::Client { open_ok() } else { open("/") };
    let events = end.takes(&last);
    assert!(matches!(events[..], [.., Event::Connected]), "{:?}", lines(&events));
    end.sent();
    end
}

const ODD: &[u8] = b"\x01\x02\0\x01\x02\x03\x04\x05";

fn is_malformed(end: &End, method_id: u16) {
    for (arguments, rule) in
        [(&ODD[..7], "MTH-04"), (b"\x01\x02\0\x01\x02\x03\x04\x05\0", "MTH-05")]
    {
        let violation = end.clone().drops(&method(0, 10, method_id, arguments), rule);
        assert_eq!(violation.reply_code, ReplyCode(501), "{violation}");
    }
}

fn a_client_reads_tune_and_writes_tune_ok() {
    let end = client_before_tune(wanting(0, 0, Heartbeat::Prefer(MANY)));
    is_malformed(&end, 30);
    let mut read = end;
    read.takes(&method(0, 10, 30, ODD));
    assert_eq!((read.connection.channel_max(), read.connection.heartbeat()), (0x0102, 0x0405));
    assert_eq!(read.connection.frame_max(), 0x0001_0203);

    let mut written = client_before_tune(wanting(0x0102, 0x0001_0203, Heartbeat::Prefer(0x0405)));
    written.takes(&tune(0, 0, 0));
    let expected = b"\x01\0\0\0\0\0\x0C\0\x0A\0\x1F\x01\x02\0\x01\x02\x03\x04\x05\xCE";
    assert_eq!(hex(&written.sent()[..20]), hex(expected));

    // No limit is zero, but for the frame-max.
    let mut unlimited = client_before_tune(wanting(0, 0, Heartbeat::Off));
    unlimited.takes(&tune(0, 0, 0));
    let expected = b"\x01\0\0\0\0\0\x0C\0\x0A\0\x1F\0\0\x01\0\0\0\0\0\xCE";
    assert_eq!(hex(&unlimited.sent()[..20]), hex(expected));
}

fn a_server_writes_tune_and_reads_tune_ok() {
    for (config, arguments) in [
        (offering(0x0102, 0x0001_0203, 0x0405), ODD),
        (offering(0, 0, 0), b"\0\0\x01\0\0\0\0\0"), // No limit is zero, but for the frame-max.
        (offering(MANY, 1 << 30, MANY), b"\xFF\xFF\x40\0\0\0\xFF\xFF"),
    ] {
        let mut end = End::new(Connection::server(config, T0));
        end.takes(&[PROTOCOL_HEADER, &start_ok("PLAIN", b"\0guest\0guest")].concat());
        let expected = [b"\x01\0\0\0\0\0\x0C\0\x0A\0\x1E", arguments, b"\xCE"].concat();
        let sent = end.sent();
        assert_eq!(hex(&sent[sent.len() - 20..]), hex(&expected));
    }
    let mut end = server_before_tune_ok(offering(0, 0, 0));
    is_malformed(&end, 31);
    end.ignores(&method(0, 10, 31, ODD));
    assert_eq!((end.connection.channel_max(), end.connection.heartbeat()), (0x0102, 0x0405));
    assert_eq!(end.connection.frame_max(), 0x0001_0203);
}

fn a_client_keeps_to_the_frame_max_that_it_is_offered() {
    for own in [0, 131_072, 131_073, 1 << 30, HUGE] {
        for offered in [4096, 4097, 131_071, 131_072] {
            let config = wanting(2047, own, Heartbeat::Off);
            answers(config, (2047, offered, 0), (2047, offered, 0));
        }
    }
}

fn a_server_refuses_more_than_the_frame_max_that_it_offers() {
    let offer = || offering(0, 131_072, 60);
    for frame_max in [4096, 131_071, 131_072] {
        agrees(offer(), (0, frame_max, 60));
    }
    for frame_max in [0, 131_073, HUGE] {
        refuses(offer(), (0, frame_max, 60), "TUN-02");
    }
    refuses(offering(0, 4096, 60), (0, 4097, 60), "TUN-02");
    // What isn't set is offered as Limits::unlimited_frame.
    for frame_max in [0, UNLIMITED + 1, HUGE] {
        refuses(offering(0, 0, 60), (0, frame_max, 60), "TUN-02");
    }
    agrees(offering(0, 4096, 60), (0, 4096, 60));
}

fn a_client_keeps_to_the_channel_max_that_it_is_offered() {
    for own in [0, 2047, 2048, MANY] {
        for offered in [1, 2046, 2047] {
            let config = wanting(own, 131_072, Heartbeat::Off);
            answers(config, (offered, 131_072, 0), (offered, 131_072, 0));
        }
    }
}

fn a_server_refuses_more_than_the_channel_max_that_it_offers() {
    for (offered, good, bad) in [
        (2047, vec![1, 2046, 2047], vec![0, 2048, MANY]),
        (1, vec![1], vec![0, 2]),
        (MANY, vec![1, MANY], vec![0]),
    ] {
        for channel_max in good {
            agrees(offering(offered, 8192, 60), (channel_max, 8192, 60));
        }
        for channel_max in bad {
            refuses(offering(offered, 8192, 60), (channel_max, 8192, 60), "TUN-03");
        }
    }
}

fn a_client_that_is_offered_zero_decides() {
    for (channel_max, frame_max) in
        [(0, 0), (1, 4096), (2047, 131_072), (MANY, 1 << 30), (0, 4097), (7, 0)]
    {
        let config = wanting(channel_max, frame_max, Heartbeat::Off);
        let answered = if frame_max == 0 { UNLIMITED } else { frame_max };
        let end = answers(config, (0, 0, 0), (channel_max, answered, 0));
        opened(end).with_channel(1);
    }
}

fn a_server_that_offers_zero_takes_anything() {
    for (channel_max, frame_max) in
        [(0, UNLIMITED), (1, 4096), (2047, 131_072), (MANY, UNLIMITED), (0, 4097)]
    {
        let end = agrees(offering(0, 0, 60), (channel_max, frame_max, 60));
        opened(end).with_channel(1);
    }
}

fn a_client_wants_no_frame_max_below_4096() {
    for frame_max in [1, 8, 4095] {
        let mut end = client_before_tune(plain());
        let violation = end.drops(&tune(2047, frame_max, 60), "TUN-05");
        assert_eq!(violation.reply_code, ReplyCode(530));
        // What is configured too low is asked for as the least that there is.
        answers(wanting(9, frame_max, Heartbeat::Off), (0, 0, 0), (9, 4096, 0));
        answers(wanting(9, frame_max, Heartbeat::Off), (0, 4096, 0), (9, 4096, 0));
    }
    answers(plain(), (2047, 4096, 60), (2047, 4096, 60));
    let mut config = wanting(9, 0, Heartbeat::Off);
    config.limits.unlimited_frame = 100;
    answers(config, (9, 8192, 0), (9, 4096, 0));
}

fn a_server_wants_no_frame_max_below_4096() {
    for offered in [0, 4096, 131_072] {
        for frame_max in [1, 8, 4095] {
            refuses(offering(9, offered, 0), (9, frame_max, 0), "TUN-05");
        }
        agrees(offering(9, offered, 0), (9, 4096, 0));
    }
    for frame_max in [1, 4095] {
        let mut end = End::new(Connection::server(offering(9, frame_max, 0), T0));
        end.takes(&[PROTOCOL_HEADER, &start_ok("PLAIN", b"")].concat());
        assert!(end.sent().ends_with(&tune(9, 4096, 0)));
    }
}

fn the_lower_value_is_what_a_client_answers() {
    for (own, offered, agreed) in [
        ((2047, 131_072), (100, 4096), (100, 4096)),
        ((100, 8192), (2047, 131_072), (100, 8192)),
        ((2047, 8192), (100, 131_072), (100, 8192)),
        ((100, 131_072), (2047, 8192), (100, 8192)),
        ((0, 0), (2047, 131_072), (2047, 131_072)),
        ((2047, 131_072), (0, 0), (2047, 131_072)),
        ((0, 8192), (100, 0), (100, 8192)),
        // Without a limit of its own there is one on what it takes; 1 GiB is the largest of all.
        ((0, 0), (0, 0), (0, UNLIMITED)),
        ((0, 0), (MANY, 1 << 30), (MANY, UNLIMITED)),
        ((0, HUGE), (0, 0), (0, 1 << 30)),
    ] {
        let config = wanting(own.0, own.1, Heartbeat::Off);
        let end = answers(config, (offered.0, offered.1, 0), (agreed.0, agreed.1, 0));
        holds(end, agreed);
    }
}

fn tune_ok_is_what_holds_for_a_server() {
    for (offered, agreed) in [
        ((2047, 131_072), (2047, 131_072)),
        ((2047, 131_072), (1, 4096)),
        ((0, 0), (2047, 131_072)),
        ((0, 131_072), (0, 8192)),
        ((0, 0), (0, UNLIMITED)),
    ] {
        holds(agrees(offering(offered.0, offered.1, 0), (agreed.0, agreed.1, 0)), agreed);
    }
}

/// These values are in force, and zero as the highest of all.
fn holds(end: End, (channel_max, frame_max): (u16, u32)) {
    let highest = if channel_max == 0 { MANY } else { channel_max };
    assert_eq!(end.connection.channel_max(), highest);
    assert_eq!(end.connection.frame_max(), frame_max);
    opened(end).with_channel(highest);
}

fn a_client_decides_on_heartbeats() {
    for (own, offered, agreed) in [
        (Heartbeat::Off, 60, 0),
        (Heartbeat::Off, 0, 0),
        (Heartbeat::Prefer(60), 60, 60),
        (Heartbeat::Prefer(60), 10, 10),
        (Heartbeat::Prefer(10), 60, 10),
        (Heartbeat::Prefer(60), 0, 60),
        (Heartbeat::Prefer(MANY), MANY, MANY),
        (Heartbeat::Prefer(0), 60, 0),
        (Heartbeat::Prefer(0), 0, 0),
    ] {
        let end = answers(wanting(9, 8192, own), (9, 8192, offered), (9, 8192, agreed));
        beats(end, agreed);
    }
}

fn a_server_takes_the_heartbeat_of_the_client() {
    for (offered, agreed) in [(60, 60), (60, 600), (60, 1), (60, 0), (0, 10), (1, MANY), (0, 0)] {
        beats(agrees(offering(9, 8192, offered), (9, 8192, agreed)), agreed);
    }
}

/// An idle connection sends a heartbeat at half of this value, and none at 0.
fn beats(end: End, heartbeat: u16) {
    assert_eq!(end.connection.heartbeat(), heartbeat);
    let mut end = opened(end);
    end.wait_until(T0);
    let half = u64::from(heartbeat) * 500;
    let due = (half > 0).then(|| millis(half));
    assert_eq!(end.connection.poll_timeout(), due);
    if half > 0 {
        assert!(end.wait_until(millis(half - 1)).is_empty());
        assert_eq!(hex(&end.sent()), "");
        assert!(end.wait_until(millis(half)).is_empty());
        assert_eq!(hex(&end.sent()), hex(HEARTBEAT));
    }
}

fn a_client_without_heartbeats_waits_for_none() {
    waits_for_none(opened(answers(wanting(9, 8192, Heartbeat::Off), (9, 8192, 60), (9, 8192, 0))));
}

fn a_server_without_heartbeats_waits_for_none() {
    waits_for_none(opened(agrees(offering(9, 8192, 60), (9, 8192, 0))));
}

fn waits_for_none(mut end: End) {
    for day in 0..3 {
        assert_eq!(end.connection.poll_timeout(), None);
        assert!(end.wait_until(at(day * 86_400)).is_empty());
        assert_eq!(hex(&end.sent()), "");
        end.ignores(HEARTBEAT);
    }
    assert_eq!(end.connection.phase(), Phase::Open);
}

fn number(channel: u16) -> ChannelId {
    ChannelId::new(channel).unwrap()
}

fn a_client_uses_no_channel_above_channel_max() {
    let mut end = opened(answers(wanting(2047, 8192, Heartbeat::Off), (3, 8192, 0), (3, 8192, 0)));
    let full = Err(UsageError::NoFreeChannel { channel_max: 3 });
    for channel in [4, 2047, MANY] {
        assert_eq!(end.connection.open_channel_number(number(channel)), full);
    }
    for channel in 1..=3 {
        assert_eq!(end.connection.open_channel(), Ok(number(channel)));
        assert_eq!(end.sent(), channel_open(channel));
    }
    assert_eq!(end.connection.open_channel().map(|_| ()), full);
    assert_eq!(hex(&end.sent()), "");
    for channel in 1..=3 {
        end.takes(&channel_open_ok(channel));
    }
    // A number that is free again can be had again.
    end.takes(&channel_close(2, 404, ""));
    assert_eq!(end.sent(), channel_close_ok(2));
    assert_eq!(end.connection.open_channel(), Ok(number(2)));
    end.clone().closes(&channel_open_ok(4), "CHN-01", ReplyCode(504));
    end.closes(&deliver(4, 1), "CHN-01", ReplyCode(504));

    let unlimited = answers(wanting(0, 8192, Heartbeat::Off), (0, 8192, 0), (0, 8192, 0));
    opened(unlimited).with_channel(1).with_channel(MANY);
}

fn a_server_opens_no_channel_above_channel_max() {
    let mut end = opened(agrees(offering(2047, 8192, 0), (3, 8192, 0)));
    for channel in [4, 2047, MANY] {
        end.clone().closes(&channel_open(channel), "TUN-12", ReplyCode(504));
    }
    for channel in 1..=3 {
        end = end.with_channel(channel);
    }
    end.clone().closes(&channel_open(4), "TUN-12", ReplyCode(504));
    end.clone().closes(&publish(4, "k"), "CHN-01", ReplyCode(504));
    // A number that is free again can be had again.
    end.takes(&channel_close(2, 200, ""));
    assert_eq!(end.sent(), channel_close_ok(2));
    end.with_channel(2);

    let unlimited = opened(agrees(offering(0, 8192, 0), (0, 8192, 0)));
    unlimited.with_channel(1).with_channel(MANY);
}
