//! Frames: which channel they are on.

use amqp_proto::protocol::{Properties, ReplyCode};
use amqp_proto::{ChannelId, Connection, Decision, Event, Phase, ServerConfig};

use crate::common::*;
use crate::end::End;
use crate::frm::awaiting_tune;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("FRM-09", a_client_keeps_the_connection_to_channel_0),
    server("FRM-09", a_server_keeps_the_connection_to_channel_0),
    client("FRM-10", a_client_keeps_channel_0_to_the_connection),
    server("FRM-10", a_server_keeps_channel_0_to_the_connection),
    client("FRM-11", || contents_are_on_channels(End::client())),
    server("FRM-11", || contents_are_on_channels(End::server())),
    client("FRM-14", a_client_lets_every_channel_take_its_turn),
    server("FRM-14", a_server_lets_every_channel_take_its_turn),
];

/// A method, and how many octets of zero are its arguments, each empty, false or 0.
type Zeros = (u16, u16, usize);

/// Start, secure, tune, open-ok, close, close-ok, blocked, unblocked, update-secret-ok.
const OF_SERVERS: [Zeros; 9] = [
    (10, 10, 14),
    (10, 20, 4),
    (10, 30, 8),
    (10, 41, 1),
    (10, 50, 7),
    (10, 51, 0),
    (10, 60, 1),
    (10, 61, 0),
    (10, 71, 0),
];

/// Start-ok, secure-ok, tune-ok, open, close, close-ok, update-secret.
const OF_CLIENTS: [Zeros; 7] =
    [(10, 11, 10), (10, 21, 4), (10, 31, 8), (10, 40, 3), (10, 50, 7), (10, 51, 0), (10, 70, 5)];

/// What servers send on channels, class by class.
const OF_SERVERS_ON_CHANNELS: [Zeros; 29] = [
    (20, 11, 4),
    (20, 20, 1),
    (20, 21, 1),
    (20, 40, 7),
    (20, 41, 0),
    (40, 11, 0),
    (40, 21, 0),
    (40, 31, 0),
    (40, 51, 0),
    (50, 11, 9),
    (50, 21, 0),
    (50, 31, 4),
    (50, 41, 4),
    (50, 51, 0),
    (60, 11, 0),
    (60, 21, 1),
    (60, 30, 2),
    (60, 31, 1),
    (60, 50, 5),
    (60, 60, 12),
    (60, 71, 15),
    (60, 72, 1),
    (60, 80, 9),
    (60, 111, 0),
    (60, 120, 9),
    (85, 11, 0),
    (90, 11, 0),
    (90, 21, 0),
    (90, 31, 0),
];

/// What clients send on channels, class by class.
const OF_CLIENTS_ON_CHANNELS: [Zeros; 29] = [
    (20, 10, 1),
    (20, 20, 1),
    (20, 21, 1),
    (20, 40, 7),
    (20, 41, 0),
    (40, 10, 9),
    (40, 20, 4),
    (40, 30, 10),
    (40, 40, 10),
    (50, 10, 8),
    (50, 20, 10),
    (50, 30, 4),
    (50, 40, 4),
    (50, 50, 9),
    (60, 10, 7),
    (60, 20, 9),
    (60, 30, 2),
    (60, 31, 1),
    (60, 40, 5),
    (60, 70, 4),
    (60, 80, 9),
    (60, 90, 9),
    (60, 100, 1),
    (60, 110, 1),
    (60, 120, 9),
    (85, 10, 1),
    (90, 10, 0),
    (90, 20, 0),
    (90, 30, 0),
];

fn zeros(channel: u16, (class_id, method_id, zeros): Zeros) -> Vec<u8> {
    method(channel, class_id, method_id, &vec![0; zeros])
}

fn blames(end: &End, octets: &[u8], rule: &str, code: u16, (class_id, method_id, _): Zeros) {
    let violation = end.clone().closes(octets, rule, ReplyCode(code));
    assert_eq!((violation.method.class_id, violation.method.method_id), (class_id, method_id));
    assert_eq!(violation.channel, u16::from_be_bytes([octets[1], octets[2]]));
}

/// Methods of the connection are refused on channels that are open, closed, or no channels at all.
fn connections_are_on_channel_0(end: &End, methods: &[Zeros]) {
    for method in methods {
        for channel in [1, 2, 2047, 0xFFFF] {
            blames(end, &zeros(channel, *method), "FRM-09", 503, *method);
        }
    }
    // While this side awaits close-ok, one on a channel is none.
    let mut closing = end.clone();
    closing.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    closing.sent();
    closing.ignores(&[method(1, 10, 51, b""), method(2, 10, 51, b"")].concat());
    assert_eq!(closing.connection.phase(), Phase::Closing);
    assert_eq!(endings(&closing.feed(&connection_close_ok())), 1);
}

/// All frames that wait are methods of class 10 on channel 0, with these method ids.
fn sends_on_channel_0(end: &mut End, method_ids: &[u8]) {
    let sent = frames(&end.sent());
    let head =
        |(kind, channel, octets): &(u8, u16, Vec<u8>)| (*kind, *channel, octets[..4].to_vec());
    let heads: Vec<_> = sent.iter().map(head).collect();
    let expected: Vec<_> = method_ids.iter().map(|id| (1, 0, vec![0, 10, 0, *id])).collect();
    assert_eq!(heads, expected);
}

fn a_client_keeps_the_connection_to_channel_0() {
    connections_are_on_channel_0(&End::client_channel(), &OF_SERVERS);
    awaiting_tune(End::fresh_client()).drops(&method(1, 10, 30, &[0; 8]), "FRM-09");
    let mut end = End::fresh_client();
    assert_eq!(end.sent(), PROTOCOL_HEADER);
    end.takes(&start("PLAIN"));
    sends_on_channel_0(&mut end, &[11]);
    end.takes(&tune(2047, 131_072, 60));
    sends_on_channel_0(&mut end, &[31, 40]);
    end.takes(&open_ok());
    let mut end = end.with_channel(1);
    end.connection.update_secret(b"new", "").unwrap();
    end.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    sends_on_channel_0(&mut end, &[70, 50]);
    end.takes(&connection_close(200, ""));
    sends_on_channel_0(&mut end, &[51]);
}

fn a_server_keeps_the_connection_to_channel_0() {
    connections_are_on_channel_0(&End::server_channel(), &OF_CLIENTS);
    awaiting_tune(End::fresh_server()).drops(&method(1, 10, 31, &[0; 8]), "FRM-09");
    let mut end = End::fresh_server();
    // Announces connection.blocked.
    let able = b"\x0CcapabilitiesF\0\0\0\x15\x12connection.blockedt\x01";
    let parts = [&long(able)[..], &short("PLAIN"), &long(b"\0guest\0guest"), &short("en_US")];
    end.takes(&[PROTOCOL_HEADER, &method(0, 10, 11, &parts.concat())].concat());
    sends_on_channel_0(&mut end, &[10, 30]);
    end.takes(&[tune_ok(2047, 131_072, 60), open("/")].concat());
    sends_on_channel_0(&mut end, &[41]);
    let mut end = end.with_channel(1);
    end.connection.block("memory").unwrap();
    end.connection.unblock().unwrap();
    end.takes(&method(0, 10, 70, b"\0\0\0\x03new\0"));
    end.connection.decide(Decision::Accept).unwrap();
    end.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    sends_on_channel_0(&mut end, &[60, 61, 71, 50]);
    end.takes(&connection_close(200, ""));
    sends_on_channel_0(&mut end, &[51]);
}

/// The same methods are refused on channel 0, whatever channels are open, and before any can be.
fn channel_0_is_of_the_connection(end: &End, fresh: End, methods: &[Zeros]) {
    let tuning = awaiting_tune(fresh);
    for method in methods {
        blames(end, &zeros(0, *method), "FRM-10", 504, *method);
        blames(&end.clone().with_channel(1), &zeros(0, *method), "FRM-10", 504, *method);
        tuning.clone().drops(&zeros(0, *method), "FRM-10");
    }
    // No command can name it.
    assert_eq!(ChannelId::new(0), None);
}

/// The lowest and the highest channel there are, in both directions.
fn channels_are_1_to_65535(end: End) {
    assert_eq!(end.connection.channel_max(), 0xFFFF);
    let mut end = end.with_contents(1).with_contents(0xFFFF);
    for channel in [1, 0xFFFF] {
        let events = end.takes(&message(end.content_of_peer(channel, 1), channel, b"", 1));
        assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
        end.send_content(channel, Properties::EMPTY, Vec::new()).unwrap();
        let sent = [end.own_content(channel, 1), header(channel, 0, BARE)].concat();
        assert_eq!(end.sent(), sent);
    }
}

fn a_client_keeps_channel_0_to_the_connection() {
    channel_0_is_of_the_connection(&End::client(), End::fresh_client(), &OF_SERVERS_ON_CHANNELS);
    let mut config = plain();
    config.channel_max = 0;
    let mut end = awaiting_tune(End::new(Connection::client(config, T0)));
    end.takes(&[tune(0xFFFF, 131_072, 60), open_ok()].concat());
    end.sent();
    // The first channel that is open is 1, not 0.
    let mut first = end.clone();
    assert_eq!(first.connection.open_channel().unwrap().number(), 1);
    assert_eq!(first.sent(), channel_open(1));
    channels_are_1_to_65535(end);
}

fn a_server_keeps_channel_0_to_the_connection() {
    channel_0_is_of_the_connection(&End::server(), End::fresh_server(), &OF_CLIENTS_ON_CHANNELS);
    let mut config = ServerConfig::default();
    config.channel_max = 0;
    let mut end = awaiting_tune(End::new(Connection::server(config, T0)));
    end.takes(&[tune_ok(0xFFFF, 131_072, 60), open("/")].concat());
    end.sent();
    channels_are_1_to_65535(end);
}

fn contents_are_on_channels(end: End) {
    let bare = end.clone();
    let mut end = end.with_contents(1);
    let mut inside = end.clone();
    inside.takes(&[&end.content_of_peer(1, 1)[..], &header(1, 1, BARE)].concat());
    for octets in [header(0, 1, BARE), body(0, b"x"), body(0, b"")] {
        for end in [&bare, &end, &inside] {
            let violation = end.clone().closes(&octets, "FRM-11", ReplyCode::CHANNEL_ERROR);
            assert_eq!((violation.channel, violation.method), (0, Default::default()));
        }
    }
    // The method doesn't take them along to channel 0.
    end.clone().closes(&end.content_of_peer(0, 1), "FRM-10", ReplyCode::CHANNEL_ERROR);
    end.send_content(1, Properties::EMPTY, b"body".to_vec()).unwrap();
    assert_eq!(end.sent(), message(end.own_content(1, 1), 1, b"body", 4));
}

/// Two large bodies and a small one, queued one behind the other, go out frame by frame in turn.
fn every_channel_takes_its_turn(end: End) {
    let largest = 4088;
    let mut end = end.with_contents(1).with_contents(2).with_contents(3);
    end.send_content(1, Properties::EMPTY, vec![1; 50 * largest]).unwrap();
    end.send_content(2, Properties::EMPTY, vec![2; 30 * largest]).unwrap();
    end.send_content(3, Properties::EMPTY, vec![3; 100]).unwrap();
    let sent = frames(&end.sent());
    let of = |wanted: u16| {
        let frames = sent.iter().enumerate().filter(move |(_, (_, channel, _))| *channel == wanted);
        frames.map(|(place, (kind, _, octets))| (place, *kind, octets.len())).collect::<Vec<_>>()
    };
    let (first, second, third) = (of(1), of(2), of(3));
    for (frames, bodies) in [(&first, 50), (&second, 30), (&third, 1)] {
        let kinds: Vec<_> = frames.iter().map(|(_, kind, _)| *kind).collect();
        assert_eq!(kinds, [&[1, 2][..], &vec![3; bodies]].concat());
    }
    assert_eq!(third[2].2, 100);
    // The small one doesn't wait for the large ones, nor the second for the first.
    assert!(third[2].0 < second[4].0 && third[2].0 < first[4].0, "{third:?}");
    assert!(second[2].0 < first[4].0, "{second:?}");
    for (frames, others) in [(&first, &second), (&second, &first)] {
        for pair in frames[3..32].windows(2) {
            let between = |frame: &&(usize, u8, usize)| (pair[0].0..pair[1].0).contains(&frame.0);
            assert_eq!(others.iter().filter(between).count(), 1, "between {pair:?}");
        }
    }

    // What comes that way is put together again.
    let heads = [1, 2, 3]
        .map(|channel| [end.content_of_peer(channel, 1), header(channel, 4, BARE)].concat());
    let bodies = [b"14", b"25", b"36", b"14", b"25", b"36"];
    let bodies = bodies.map(|octets| body(u16::from(octets[0] - b'0'), octets));
    let events = end.takes(&[heads.concat(), bodies.concat()].concat());
    assert_eq!(events.len(), 3, "{:?}", lines(&events));
    for (event, expected) in events.iter().zip([(1, b"1414"), (2, b"2525"), (3, b"3636")]) {
        let Event::Content(content) = event else { panic!("{event}") };
        assert_eq!((content.channel().number(), content.body()), (expected.0, &expected.1[..]));
    }
}

/// Two channels have many small contents each: neither goes on for much longer than 16 KiB.
fn no_channel_keeps_the_turn(end: End) {
    let mut end = end.with_contents(1).with_contents(2);
    let one = message(end.own_content(1, 1), 1, &[7; 100], 100).len();
    for channel in [1, 2] {
        for _ in 0..(40 << 10) / one {
            end.send_content(channel, Properties::EMPTY, vec![7; 100]).unwrap();
        }
    }
    // Each channel with the octets that it sends before the other has its turn.
    let mut turns: Vec<(u16, usize)> = Vec::new();
    for (_, channel, payload) in frames(&end.sent()) {
        match turns.last_mut() {
            Some((last, octets)) if *last == channel => *octets += payload.len() + 8,
            _ => turns.push((channel, payload.len() + 8)),
        }
    }
    let channels: Vec<_> = turns.iter().map(|(channel, _)| *channel).collect();
    assert_eq!(channels, [1, 2, 1, 2, 1, 2], "{turns:?}");
    // The first had the window as well, before anybody waited.
    turns[0].1 -= 4096;
    assert!(turns.iter().all(|(_, octets)| *octets < (16 << 10) + 2 * one), "{turns:?}");
}

/// Small windows, so that the lanes behind them show.
fn a_client_lets_every_channel_take_its_turn() {
    let mut config = plain();
    (config.frame_max, config.limits.output_window) = (4096, 4096);
    let end = End::client_with(config);
    no_channel_keeps_the_turn(end.clone());
    every_channel_takes_its_turn(end);
}

fn a_server_lets_every_channel_take_its_turn() {
    let mut config = ServerConfig::default();
    (config.frame_max, config.limits.output_window) = (4096, 4096);
    let end = End::server_with(config);
    no_channel_keeps_the_turn(end.clone());
    every_channel_takes_its_turn(end);
}
