//! Channels: what channel.close says.

use amqp_proto::protocol::{MethodId, Properties, ReplyCode, basic};
use amqp_proto::{Event, Initiator, Phase, ServerConfig};

use crate::chn_closing::{ACK_OF_NOTHING, ended};
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CHN-11", a_client_blames_the_method_that_has_failed),
    server("CHN-11", a_server_blames_the_method_that_has_failed),
    client("CHN-12", a_client_takes_a_code_of_the_wrong_kind),
    server("CHN-12", a_server_closes_with_codes_of_the_right_kind),
];

const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;

/// Class id and method id of the channel.close that goes out.
fn blamed(end: &mut End) -> (u16, u16) {
    let sent = frames(&end.sent());
    let Some((1, 1, payload)) = sent.last() else { panic!("{sent:?}") };
    assert_eq!(payload[..4], *b"\0\x14\0\x28");
    let [.., c0, c1, m0, m1] = payload[..] else { unreachable!() };
    (u16::from_be_bytes([c0, c1]), u16::from_be_bytes([m0, m1]))
}

/// What the commands that close a channel blame, and what is told of the peer's.
fn blames_by_command(end: &End, request: &[u8], blames: (u16, u16)) {
    let mut plain = end.clone();
    plain.channel().close(OK, "").unwrap();
    assert_eq!(blamed(&mut plain), (0, 0));
    let mut refusing = end.clone();
    let events = refusing.takes(request);
    let [Event::Request { token: Some(token), method }] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    let mut late = refusing.clone();
    refusing.channel().fail(*token, ReplyCode::NOT_FOUND, "").unwrap();
    assert_eq!(blamed(&mut refusing), blames);
    late.channel().close_for(method.kind(), ReplyCode::NOT_FOUND, "").unwrap();
    assert_eq!(blamed(&mut late), blames);
    let theirs = close_that_blames(b"\0\x32\0\x0A");
    let reason = ended(&end.clone().takes(&theirs), 1);
    assert_eq!(reason.method, MethodId { class_id: 50, method_id: 10 });
    let reason = ended(&end.clone().takes(&close_that_blames(b"\0\0\0\0")), 1);
    assert_eq!(reason.method, MethodId::default());
}

/// channel.close of channel 1 with these ids.
fn close_that_blames(ids: &[u8]) -> Vec<u8> {
    method(1, 20, 40, &[b"\x01\x94\0", ids].concat())
}

fn a_client_blames_the_method_that_has_failed() {
    let mut config = plain();
    config.limits.max_body = Some(10);
    let mut end = End::client_with(config).with_channel(1);
    blames_by_command(&end, &method(1, 60, 30, b"\x01c\0"), (60, 30));
    // A content fails with the method that carries it.
    end.feed(&[deliver(1, 1), header(1, 11, BARE)].concat());
    assert_eq!(blamed(&mut end), (60, 60));
}

fn a_server_blames_the_method_that_has_failed() {
    let mut config = ServerConfig::default();
    config.limits.max_body = Some(10);
    let end = End::server_with(config).with_channel(1);
    blames_by_command(&end, &declare(1, "q"), (50, 10));
    let failing: [(&[u8], _); 4] = [
        (ACK_OF_NOTHING, (60, 80)),
        (&method(1, 90, 20, b""), (90, 20)),
        (&method(1, 50, 30, b"\0\0\0\0"), (50, 30)),
        (&[publish(1, "k"), header(1, 11, BARE)].concat(), (60, 40)),
    ];
    for (octets, blames) in failing {
        let mut end = end.clone();
        end.feed(octets);
        assert_eq!(blamed(&mut end), blames);
    }
}

const SOFT: [u16; 7] = [311, 312, 313, 403, 404, 405, 406];
const HARD: [u16; 11] = [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541];

/// What the application says goes out as it is, of whatever kind.
fn sends_the_codes_that_it_is_given(end: &End) {
    let mut hard = end.clone();
    hard.channel().close(ReplyCode(504), "").unwrap();
    assert_eq!(hex(&hard.sent()), hex(&channel_close(1, 504, "")));
    let mut soft = end.clone();
    soft.connection.close(T0, ReplyCode(404), "").unwrap();
    assert_eq!(hex(&soft.sent()), hex(&connection_close(404, "")));
}

fn a_client_takes_a_code_of_the_wrong_kind() {
    let mut end = End::client_channel().with_channel(2);
    sends_the_codes_that_it_is_given(&end);
    for code in HARD {
        let reason = ended(&end.takes(&channel_close(1, code, "?")), 1);
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Peer, code));
        assert_eq!(end.sent(), channel_close_ok(1));
        assert_eq!(end.connection.phase(), Phase::Open);
        end = end.with_channel(1);
    }
    end.takes(&message(deliver(2, 1), 2, b"octets", 9));
    for code in SOFT {
        let mut end = end.clone();
        let events = end.feed(&connection_close(code, "?"));
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Peer, code));
        assert_eq!(end.sent(), connection_close_ok());
    }
}

fn a_server_closes_with_codes_of_the_right_kind() {
    let end = End::server_channel();
    sends_the_codes_that_it_is_given(&end);
    let soft: [(Vec<u8>, _, _); 3] = [
        (ACK_OF_NOTHING.to_vec(), "ACK-01", 406),
        (method(1, 50, 30, b"\0\0\0\0"), "NAM-05", 404),
        (method(1, 90, 20, b""), "TX-01", 406),
    ];
    for (octets, rule, code) in &soft {
        end.clone().closes_channel(octets, rule, ReplyCode(*code));
    }
    let hard = [
        (body(1, b""), "CNT-03", 505),
        (channel_open(1), "CHN-02", 504),
        (channel_close_ok(1), "CHN-07", 503),
        (method(1, 60, 80, b""), "MTH-04", 501),
    ];
    for (octets, rule, code) in hard {
        end.clone().closes(&octets, rule, ReplyCode(code));
    }
    // Inside a content of the server no channel.close can go out: the connection ends, and not with
    // a code for channels.
    let mut sending = End::server_channel();
    sending.takes(&consume(1, "c", true));
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    sending.channel().start_deliver(&deliver, Properties::EMPTY, 9).unwrap();
    let (ack, rule, _) = &soft[0];
    sending.closes(ack, rule, ReplyCode::FRAME_ERROR);
}
