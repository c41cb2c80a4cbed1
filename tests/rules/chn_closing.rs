//! Channels: how they end, and what that doesn't touch.

use amqp_proto::protocol::{Properties, ReplyCode, basic, channel, queue};
use amqp_proto::{
    ChannelId, CloseReason, Connection, Event, Initiator, Phase, Profile, ServerConfig, Side,
    UsageError,
};

use crate::common::*;
use crate::end::{End, token};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CHN-04", a_client_discards_everything_until_close_ok),
    server("CHN-04", a_server_discards_everything_until_close_ok),
    client("CHN-05", a_client_answers_a_close_that_crosses_its_own),
    server("CHN-05", a_server_answers_a_close_that_crosses_its_own),
    client("CHN-08", a_client_takes_nothing_behind_a_close_of_the_server),
    server("CHN-08", a_server_sends_nothing_behind_close_or_close_ok),
    client("CHN-09", the_end_of_a_channel_touches_no_other_of_a_client),
    server("CHN-09", the_end_of_a_channel_touches_no_other_of_a_server),
    client("CHN-14", a_client_answers_close_by_itself),
    server("CHN-14", a_server_waits_for_close_ok),
];

const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;
const FAILED: ReplyCode = ReplyCode::PRECONDITION_FAILED;
const CHANNEL_ERROR: ReplyCode = ReplyCode::CHANNEL_ERROR;
const FLOW_OFF: &[u8] = b"\x01\0\x01\0\0\0\x05\0\x14\0\x14\0\xCE";
pub(crate) const ACK_OF_NOTHING: &[u8] =
    b"\x01\0\x01\0\0\0\x0D\0\x3C\0\x50\0\0\0\0\0\0\0\x09\0\xCE";

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

/// A content from the peer, its body in two frames.
fn content_for(end: &End, channel: u16) -> Vec<u8> {
    let carrier = match end.connection.side() {
        Side::Client => deliver(channel, 1),
        _ => publish(channel, "k"),
    };
    message(carrier, channel, b"octets", 3)
}

/// The only thing told is that this channel has ended.
pub(crate) fn ended(events: &[Event], number: u16) -> CloseReason {
    match events {
        [Event::ChannelClosed { channel, reason }] if channel.number() == number => {
            (**reason).clone()
        }
        _ => panic!("{:?}", lines(events)),
    }
}

const UNKNOWN: UsageError = UsageError::UnknownChannel { channel: 1 };

fn closing(method: &'static str) -> UsageError {
    UsageError::ChannelPhase { method, channel: 1, phase: "closing" }
}

fn deliver_to_c(end: &mut Connection, octets: &[u8]) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    end.channel(id(1))?.deliver(&deliver, Properties::EMPTY, octets)
}

/// Closes inside a content of the peer; what can come then tells nothing and changes nothing.
fn discards_everything_until_close_ok(mut end: End, in_flight: &[Vec<u8>]) {
    let content = content_for(&end, 1);
    let (begun, rest) = content.split_at(content.len() - 11);
    end.takes(begun);
    end.channel().close(OK, "done").unwrap();
    end.takes(HEARTBEAT);
    assert_eq!(end.sent(), channel_close(1, 200, "done"));
    let of_any_side = [
        rest.to_vec(),
        content.clone(),
        body(1, b"more than was announced"),
        header(1, u64::MAX, b"\xFF\xFF"),
        method(1, 20, 20, b"\0"),
        method(1, 20, 21, b"\0"),
        // Octets that no decoder would take, no method at all, one that nobody knows, one of channel 0, and
        // one that either side sends alone.
        method(1, 60, 80, b"\0"),
        frame(1, 1, b"\0\x3C"),
        method(1, 60, 99, b""),
        method(1, 10, 51, b""),
        declare(1, "q"),
        declare_ok(1, "q"),
        HEARTBEAT.to_vec(),
    ];
    for octets in of_any_side.iter().chain(in_flight) {
        end.ignores(octets);
    }
    end.refuses(|end| end.channel(id(1))?.close(OK, ""), closing("channel.close"));
    assert!(!end.channel().is_flow_stopped());
    let reason = ended(&end.takes(&channel_close_ok(1)), 1);
    assert_eq!((reason.initiator, &*reason.text), (Initiator::Local, "done"));
    assert_eq!(hex(&end.sent()), "");
    // From here on it is a channel that isn't open.
    end.closes(&content, "CHN-01", CHANNEL_ERROR);
}

fn a_client_discards_everything_until_close_ok() {
    let mut end = End::client_channel();
    let get = basic::Get { queue: "q".into(), ..Default::default() };
    end.channel().call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
    end.channel().call(&get).unwrap();
    end.sent();
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x01\0\0\x01q\0\0\0\0");
    let in_flight = [
        declare_ok(1, "q"),
        message(get_ok, 1, b"octets", 9),
        method(1, 50, 11, b"\x09q"),
        method(1, 60, 30, b"\x01c\0"),
        channel_open_ok(1),
    ];
    discards_everything_until_close_ok(end, &in_flight);
}

fn a_server_discards_everything_until_close_ok() {
    let mut end = End::server_channel();
    let owed = token(&end.takes(&declare(1, "q")));
    let in_flight = [
        declare(1, "q"),
        method(1, 50, 10, b"\0\0\x09q"),
        ACK_OF_NOTHING.to_vec(),
        channel_open(1),
    ];
    discards_everything_until_close_ok(end.clone(), &in_flight);
    end.channel().close(OK, "").unwrap();
    end.sent();
    let reply =
        |end: &mut Connection| end.channel(id(1))?.reply(owed, &queue::DeclareOk::default());
    end.refuses(reply, closing("queue.declare-ok"));
}

fn answers_a_close_that_crosses_its_own(mut end: End) {
    let content = content_for(&end, 1);
    end.channel().close(ReplyCode::NOT_FOUND, "mine").unwrap();
    assert_eq!(end.sent(), channel_close(1, 404, "mine"));
    for _ in 0..2 {
        let events = end.takes(&channel_close(1, 406, "theirs"));
        assert_eq!(lines(&events), [""; 0]);
        assert_eq!(end.sent(), channel_close_ok(1));
        end.ignores(&content);
    }
    let reason = ended(&end.takes(&channel_close_ok(1)), 1);
    assert_eq!((reason.initiator, &*reason.text), (Initiator::Local, "mine"));
    assert_eq!(hex(&end.sent()), "");
    end.refuses(|end| end.channel(id(1)).map(|_| ()), UNKNOWN);
    end.with_channel(1).takes(&content);
}

fn a_client_answers_a_close_that_crosses_its_own() {
    answers_a_close_that_crosses_its_own(End::client_channel());
}

fn a_server_answers_a_close_that_crosses_its_own() {
    answers_a_close_that_crosses_its_own(End::server_channel());
}

/// A client whose channel 1 the server has closed, the same once channel.open has gone out anew, and
/// one whose close-ok waits for the rest of a content.
fn left_by_the_server(profile: Profile) -> [End; 3] {
    let mut config = plain();
    config.profile = Some(profile);
    let end = End::client_with(config).with_channel(1);
    let mut left = end.clone();
    left.takes(&channel_close(1, 404, ""));
    assert_eq!(left.sent(), channel_close_ok(1));
    let mut reopened = left.clone();
    reopened.connection.open_channel().unwrap();
    assert_eq!(reopened.sent(), channel_open(1));
    let mut draining = end;
    draining.channel().start_publish(&basic::Publish::default(), Properties::EMPTY, 9).unwrap();
    draining.takes(&channel_close(1, 404, ""));
    [left, reopened, draining]
}

fn a_client_takes_nothing_behind_a_close_of_the_server() {
    // RabbitMQ had these queued. To the letter they may not come.
    let queued = [
        deliver(1, 1),
        declare_ok(1, "q"),
        header(1, 0, BARE),
        body(1, b"x"),
        FLOW_OFF.to_vec(),
        message(deliver(1, 1), 1, b"octets", 3),
    ];
    for octets in &queued {
        for mut end in left_by_the_server(Profile::DEFAULT) {
            assert_eq!(lines(&end.takes(octets)), [""; 0]);
        }
        let [left, reopened, draining] = left_by_the_server(Profile::STRICT);
        for (end, rule) in [(left, "CHN-01"), (reopened, "CHN-01"), (draining, "CHN-08")] {
            end.clone().closes(octets, rule, CHANNEL_ERROR);
        }
    }
    // An answer isn't queued, and there is nothing to answer.
    for profile in [Profile::DEFAULT, Profile::STRICT] {
        let [left, reopened, draining] = left_by_the_server(profile);
        for (end, rule) in [(left, "CHN-01"), (reopened, "CHN-01"), (draining, "CHN-08")] {
            end.clone().closes(&channel_close_ok(1), rule, CHANNEL_ERROR);
        }
    }
    // With open-ok the number is that of a new channel.
    let [_, mut reopened, _] = left_by_the_server(Profile::DEFAULT);
    reopened.takes(&[&queued[0][..], &channel_open_ok(1)].concat());
    assert_eq!(reopened.takes(&queued[5]).len(), 1);
    reopened.closes(&queued[1], "SYN-03", ReplyCode::COMMAND_INVALID);
    // What a server had queued may come before its close-ok, nothing behind it.
    let mut end = End::client_channel();
    end.channel().close(OK, "").unwrap();
    end.sent();
    let queued: Vec<_> = (1..=600).map(|tag| message(deliver(1, tag), 1, b"x", 1)).collect();
    end.ignores(&queued.concat());
    ended(&end.takes(&channel_close_ok(1)), 1);
    end.closes(&deliver(1, 601), "CHN-01", CHANNEL_ERROR);
}

/// A server that writes next to nothing at a time, so that its channel has more to write.
fn busy_server() -> End {
    let mut config = ServerConfig::default();
    config.limits.output_window = 100;
    let mut end = End::server_with(config).with_channel(1);
    end.takes(&consume(1, "c", true));
    for _ in 0..20 {
        deliver_to_c(&mut end.connection, &[7; 50]).unwrap();
    }
    end
}

/// Deliveries in whole, then this frame as the last.
fn is_last(sent: &[u8], last: &[u8]) -> usize {
    let (deliveries, end) = sent.split_at(sent.len() - last.len());
    assert_eq!(hex(end), hex(last));
    let deliveries = frames(deliveries);
    for content in deliveries.chunks(3) {
        let [(1, 1, method), (2, 1, _), (3, 1, octets)] = content else { panic!("{content:?}") };
        assert_eq!((&method[..4], octets.len()), (&b"\0\x3C\0\x3C"[..], 50));
    }
    deliveries.len() / 3
}

fn a_server_sends_nothing_behind_close_or_close_ok() {
    // Behind close-ok.
    let mut end = busy_server();
    ended(&end.takes(&channel_close(1, 200, "")), 1);
    end.connection.channel(id(1)).unwrap_err();
    assert!((1..20).contains(&is_last(&end.sent(), &channel_close_ok(1))));
    end.refuses(|end| deliver_to_c(end, b"x"), UNKNOWN);
    // Behind its own close.
    let mut end = busy_server();
    end.channel().close(OK, "").unwrap();
    let mut crossed = end.clone();
    assert_eq!(is_last(&end.sent(), &channel_close(1, 200, "")), 20);
    end.refuses(|end| deliver_to_c(end, b"x"), closing("basic.deliver"));
    let gives_back = |end: &mut Connection| {
        end.channel(id(1))?.return_message(&basic::Return::default(), Properties::EMPTY, "")
    };
    end.refuses(gives_back, closing("basic.return"));
    let flows = |end: &mut Connection| end.channel(id(1))?.call(&channel::Flow { active: false });
    end.refuses(flows, closing("channel.flow"));
    end.ignores(FLOW_OFF);
    ended(&end.takes(&channel_close_ok(1)), 1);
    assert_eq!(hex(&end.sent()), "");
    // Its close wasn't written yet when the client's came: it would have followed close-ok.
    let reason = ended(&crossed.takes(&channel_close(1, 404, "theirs")), 1);
    assert_eq!((reason.initiator, &*reason.text), (Initiator::Peer, "theirs"));
    assert!((1..20).contains(&is_last(&crossed.sent(), &channel_close_ok(1))));
}

fn is_closed_there(end: &mut End) {
    ended(&end.takes(&channel_close(1, 404, "")), 1);
    assert_eq!(end.sent(), channel_close_ok(1));
}

fn is_closed_here(end: &mut End) {
    end.channel().close(FAILED, "").unwrap();
    assert_eq!(end.sent(), channel_close(1, 406, ""));
    ended(&end.takes(&channel_close_ok(1)), 1);
}

/// Channel 2 of a client in the middle of everything.
fn busy_client() -> End {
    let mut config = plain();
    config.limits.max_body = Some(10);
    let mut end = End::client_with(config).with_channel(1).with_channel(2);
    let declare = queue::Declare { queue: "q".into(), ..Default::default() };
    end.channel_number(2).call(&declare).unwrap();
    end.sent();
    end.takes(&[deliver(2, 1), header(2, 4, BARE), body(2, b"ab")].concat());
    end
}

fn the_end_of_a_channel_touches_no_other_of_a_client() {
    let ends: [fn(&mut End); 3] = [
        |end| {
            end.takes(&deliver(1, 1));
            let too_large = ReplyCode::CONTENT_TOO_LARGE;
            end.closes_channel(&header(1, 11, BARE), "LIM-04", too_large);
        },
        is_closed_there,
        is_closed_here,
    ];
    for end_channel_1 in ends {
        let mut end = busy_client();
        end_channel_1(&mut end);
        let events = end.takes(&[body(2, b"cd"), declare_ok(2, "q")].concat());
        let [Event::Content(content), Event::Reply { .. }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!(content.body(), b"abcd");
        let ack = basic::Ack { delivery_tag: 1, multiple: false };
        end.channel_number(2).send(&ack).unwrap();
        assert_eq!(end.sent(), method(2, 60, 80, b"\0\0\0\0\0\0\0\x01\0"));
        assert_eq!(end.connection.phase(), Phase::Open);
        assert_eq!(end.connection.open_channel(), Ok(id(1)));
    }
}

fn the_end_of_a_channel_touches_no_other_of_a_server() {
    let ends: [fn(&mut End); 3] = [
        |end| {
            end.closes_channel(ACK_OF_NOTHING, "ACK-01", FAILED);
        },
        is_closed_there,
        is_closed_here,
    ];
    for end_channel_1 in ends {
        let mut end = End::server_channel().with_channel(2);
        end.takes(&consume(2, "c", false));
        let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
        end.channel_number(2).deliver(&deliver, Properties::EMPTY, "a").unwrap();
        let owed = token(&end.takes(&declare(2, "q")));
        end.takes(&[publish(2, "k"), header(2, 4, BARE), body(2, b"ab")].concat());
        end.sent();
        end_channel_1(&mut end);
        let ack = method(2, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
        let events = end.takes(&[body(2, b"cd"), ack].concat());
        let [Event::Content(content), Event::Notice(_)] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!(content.body(), b"abcd");
        let declared = queue::DeclareOk { queue: "q".into(), ..Default::default() };
        end.channel_number(2).reply(owed, &declared).unwrap();
        assert_eq!(end.sent(), declare_ok(2, "q"));
        assert_eq!(end.connection.phase(), Phase::Open);
    }
}

fn a_client_answers_close_by_itself() {
    // Whatever the application waits for, and though it does nothing but poll.
    let mut end = End::client();
    end.connection.open_channel().unwrap();
    let mut channel = end.channel();
    let request = channel.call(&queue::Declare { queue: "q".into(), ..Default::default() });
    let request = request.unwrap().unwrap();
    end.sent();
    for before in [&b""[..], &channel_open_ok(1), &[&channel_open_ok(1)[..], FLOW_OFF].concat()] {
        let mut end = end.clone();
        end.takes(before);
        end.sent();
        let events = end.takes(&channel_close(1, 404, "gone"));
        let [Event::RequestFailed { request: failed, .. }, closed] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!(*failed, request);
        let reason = ended(core::slice::from_ref(closed), 1);
        assert_eq!((reason.reply_code, &*reason.text), (ReplyCode::NOT_FOUND, "gone"));
        assert_eq!(end.sent(), channel_close_ok(1));
        end.refuses(|end| end.channel(id(1)).map(|_| ()), UNKNOWN);
    }
    // A content that it has begun is completed first: close-ok may not come inside.
    let mut end = End::client_channel();
    let mut channel = end.channel();
    channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 9).unwrap();
    channel.send_body("abc").unwrap();
    ended(&end.takes(&channel_close(1, 404, "")), 1);
    let content = [publish(1, ""), header(1, 9, BARE), body(1, b"abc"), body(1, &[0; 6])].concat();
    assert_eq!(hex(&end.sent()), hex(&[content, channel_close_ok(1)].concat()));
    assert_eq!(end.connection.open_channel(), Ok(id(1)));
}

fn a_server_waits_for_close_ok() {
    let mut end = End::server_channel();
    end.channel().close(FAILED, "").unwrap();
    assert_eq!(end.sent(), channel_close(1, 406, ""));
    // However long it takes.
    for seconds in [60, 120, 180] {
        end.now = at(seconds);
        end.ignores(HEARTBEAT);
        assert_eq!(lines(&end.wait_until(at(seconds))), [""; 0]);
        end.sent();
    }
    end.refuses(|end| end.channel(id(1))?.close(OK, ""), closing("channel.close"));
    end.ignores(&channel_open(1));
    let reason = ended(&end.takes(&channel_close_ok(1)), 1);
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, FAILED));
    assert_eq!(hex(&end.sent()), "");
    let events = end.takes(&channel_open(1));
    assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
    assert_eq!(end.sent(), channel_open_ok(1));
}
