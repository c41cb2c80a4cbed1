//! Closes that cross other closes, deliveries, replies and publishes.

use core::time::Duration;

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue};
use amqp_proto::testing::Pair;
use amqp_proto::{
    ChannelId, Connection, Decision, Event, Fate, Initiator, Phase, Profile, RequestId, UsageError,
};

use crate::common::*;
use crate::end::{End, token};
use crate::support::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();
const OK: ReplyCode = ReplyCode(200);

/// RabbitMQ goes on with deliveries that it had queued between channel.close and close-ok, and
/// clients that used the number again took them for the new channel's. `CHN-04`, `CHN-06`,
/// `CHN-10`.
pub(crate) fn rabbitmq_server_13384_deliveries_up_to_close_ok_are_discarded() {
    let mut end = End::client_channel();
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    end.channel().call(&consume).unwrap();
    end.sent();
    let delivery = |tag, len: usize| message(deliver(1, tag), 1, &vec![7; len], 100);
    assert_eq!(end.takes(&delivery(1, 300)).len(), 1);
    end.channel().close(OK, "").unwrap();
    assert_eq!(end.sent(), channel_close(1, 200, ""));
    // The number isn't free, and what comes is nobody's.
    let busy = UsageError::ChannelPhase { method: "channel.open", channel: 1, phase: "closing" };
    for tag in 2..=601 {
        end.ignores(&delivery(tag, (tag as usize % 5) * 70));
        end.refuses(|end| end.open_channel_number(ONE), busy);
    }
    let other = end.connection.open_channel().unwrap();
    assert_eq!(other.number(), 2);
    end.sent();
    end.takes(&channel_open_ok(2));
    let events = end.takes(&channel_close_ok(1));
    assert!(matches!(events[..], [Event::ChannelClosed { channel: ONE, .. }]));
    // A new channel by the old number begins at tag 1, with nothing to ack.
    let mut end = end.with_channel(1);
    assert_eq!(end.channel().unacked(), 0);
    let events = end.takes(&delivery(1, 70));
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.deliver().unwrap().delivery_tag, 1);
    let ack = |delivery_tag| basic::Ack { delivery_tag, multiple: false };
    end.channel().send(&ack(1)).unwrap();
    assert!(end.channel().send(&ack(600)).is_err());
}

/// The same between both roles, with time between them: a server in full flight, a client that
/// closes, opens anew and consumes again.
pub(crate) fn rabbitmq_server_13384_a_number_is_used_again_behind_a_busy_channel() {
    let mut pair = Pair::connected();
    pair.client.inbound.latency = Duration::from_millis(30);
    pair.server.inbound.latency = Duration::from_millis(30);
    let pass = |pair: &mut Pair, millis| pair.pass(Duration::from_millis(millis));
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    for round in 1..=5_usize {
        let id = pair.client.connection.open_channel().unwrap();
        assert_eq!(id, ONE, "round {round}");
        pair.client.connection.channel(id).unwrap().call(&consume).unwrap();
        pass(&mut pair, 40);
        for _ in 0..200 {
            let mut channel = pair.server.connection.channel(ONE).unwrap();
            channel.deliver(&deliver, Properties::EMPTY, &[7; 50]).unwrap();
        }
        // Some have arrived when the client closes, and more are sent before the server knows.
        pass(&mut pair, 40);
        let arrived = pair.client.take_events();
        pair.client.connection.channel(ONE).unwrap().close(OK, "").unwrap();
        for _ in 0..200 {
            let mut channel = pair.server.connection.channel(ONE).unwrap();
            channel.deliver(&deliver, Properties::EMPTY, &[7; 50]).unwrap();
        }
        pass(&mut pair, 100);
        let events = [arrived, pair.client.take_events()].concat();
        let contents = events.iter().filter(|event| matches!(event, Event::Content(_))).count();
        assert_eq!(contents, 200, "round {round}");
        let last = events.last();
        assert!(matches!(last, Some(Event::ChannelClosed { .. })), "{:?}", lines(&events));
        let late = pair.server.connection.channel(ONE).map(|_| ());
        assert_eq!(late, Err(UsageError::UnknownChannel { channel: 1 }));
        for event in [events, pair.server.take_events()].concat() {
            assert!(!matches!(event, Event::Violation(_) | Event::Irregular(_)), "{event}");
        }
    }
    assert!(pair.is_open());
}

/// What RabbitMQ still has to send on a channel that it closes with an exception: deliveries that
/// it had queued, and what else a channel may have.
fn stragglers(first_tag: u64) -> Vec<u8> {
    let mut octets = Vec::new();
    for tag in first_tag..first_tag + 195 {
        octets.extend(message(deliver(1, tag), 1, &vec![7; (tag as usize % 4) * 60], 100));
    }
    let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\x01");
    let returned = message(method(1, 60, 50, b"\x01\x38\0\0\x01k"), 1, b"back", 4);
    let cancel = method(1, 60, 30, b"\x01c\x01");
    [octets, ack, returned, cancel, declare_ok(1, "q"), method(1, 20, 20, b"\0")].concat()
}

/// RabbitMQ's own Close doesn't stop them either: 150 to 200 more came behind it on 3.10.8, before
/// close-ok and before a new open-ok. `CHN-08`, `CHN-09`.
pub(crate) fn rabbitmq_server_13384_deliveries_behind_the_servers_close_are_discarded() {
    let end = End::client_channel().with_channel(2);
    let close = channel_close(1, 404, "NOT_FOUND");
    let mut closed = end.clone();
    let events = closed.takes(&[close.clone(), stragglers(1)].concat());
    assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    assert_eq!(closed.sent(), channel_close_ok(1));
    for first in [200, 400] {
        closed.ignores(&stragglers(first));
        closed.takes(&message(deliver(2, first), 2, b"other", 5));
    }
    // Nor do they belong to the channel that comes to have the number.
    assert_eq!(closed.connection.open_channel(), Ok(ONE));
    assert_eq!(closed.sent(), channel_open(1));
    closed.ignores(&stragglers(600));
    let events = closed.takes(&[channel_open_ok(1), message(deliver(1, 1), 1, b"new", 3)].concat());
    let [Event::ChannelOpened(ONE), Event::Content(content)] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(content.body(), b"new");
    // From here on it is a channel like any other.
    closed.clone().closes(&body(1, b"x"), "CNT-03", UNEXPECTED_FRAME);
    closed.channel().close(OK, "").unwrap();
    closed.takes(&[message(deliver(1, 2), 1, b"late", 4), channel_close_ok(1)].concat());
    closed.closes(&deliver(1, 3), "CHN-01", ReplyCode(504));

    // While close-ok waits for the rest of a publish that has begun.
    let mut publishing = end.clone();
    publishing.start_content(300_000);
    publishing.feed(&close);
    publishing.connection.handle_slice(T0, &stragglers(1));
    assert_eq!(lines(&poll(&mut publishing.connection)), [""; 0]);
    let sent = keep_contents_together(&publishing.sent());
    assert_eq!(sent.last().unwrap().2, b"\0\x14\0\x29");

    // What isn't queued but answers something stays a fault, and so does all of it by the letter.
    for octets in [channel_close_ok(1), channel_open_ok(1), close.clone()] {
        let mut closed = end.clone();
        closed.takes(&close);
        closed.sent();
        closed.closes(&octets, "CHN-01", ReplyCode(504));
    }
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    let mut strict = End::client_with(config).with_channel(1);
    strict.takes(&close);
    strict.sent();
    strict.closes(&deliver(1, 1), "CHN-01", ReplyCode(504));
    // Of a channel that was never there nothing can be left.
    let mut closed = end.clone();
    closed.takes(&close);
    closed.sent();
    closed.closes(&deliver(3, 1), "CHN-01", ReplyCode(504));
}

/// A client that has asked three things on channel 1 and published two, and its server, which has
/// seen all that and answered some of it.
fn asking(answers: usize) -> (Pair, Vec<RequestId>) {
    let mut pair = Pair::connected();
    pair.client.connection.open_channel().unwrap();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    channel.call(&confirm::Select { no_wait: true }).unwrap();
    let publish = basic::Publish { mandatory: true, ..Default::default() };
    channel.publish(&publish, Properties::EMPTY, "one").unwrap();
    channel.publish(&publish, Properties::EMPTY, "two").unwrap();
    let requests: Vec<_> = ["a", "b", "c"]
        .map(|name| queue::Declare { queue: name.into(), ..Default::default() })
        .iter()
        .filter_map(|declare| channel.call(declare).unwrap())
        .collect();
    assert_eq!(requests.len(), 3);
    pair.drive();
    pair.client.take_events();
    let mut asked = pair.server.take_events();
    asked.retain(|event| matches!(event, Event::Request { token: Some(_), .. }));
    for (event, name) in asked.iter().zip(["a", "b", "c"]).take(answers) {
        let Event::Request { token: Some(token), .. } = event else { unreachable!() };
        let reply = queue::DeclareOk { queue: name.into(), ..Default::default() };
        let mut channel = pair.server.connection.channel(ONE).unwrap();
        channel.reply(*token, &reply).unwrap();
    }
    (pair, requests)
}

/// lapin: replies and closes that crossed a Close left callers waiting for ever, or panicked. Here
/// both sides close the channel at once, with requests and publishes under way. `CHN-05`, `SYN-10`,
/// `CNF-06`.
pub(crate) fn lapin_260_channel_closes_that_cross_leave_nobody_waiting() {
    for answers in 0..=3 {
        for client_first in [true, false] {
            for piece in [1, 13, usize::MAX] {
                let (mut pair, requests) = asking(answers);
                let mut close = pair.client.connection.channel(ONE).unwrap();
                close.close(OK, "").unwrap();
                pair.server.connection.channel(ONE).unwrap().close(ReplyCode(404), "").unwrap();
                let to_server = output(&mut pair.client.connection);
                let to_client = output(&mut pair.server.connection);
                let mut told = [Vec::new(), Vec::new()];
                for turn in 0..2 {
                    let is_client = client_first == (turn == 0);
                    let (peer, octets) = if is_client {
                        (&mut pair.client.connection, &to_client)
                    } else {
                        (&mut pair.server.connection, &to_server)
                    };
                    for part in octets.chunks(piece) {
                        feed(peer, part);
                        told[usize::from(!is_client)].extend(poll(peer));
                    }
                }
                pair.drive();
                told[0].extend(pair.client.take_events());
                told[1].extend(pair.server.take_events());
                let name = format!("{answers} answers, client first: {client_first}");
                for events in &told {
                    let closed = |event: &&Event| matches!(event, Event::ChannelClosed { .. });
                    assert_eq!(events.iter().filter(closed).count(), 1, "{name}");
                    let wrong = |event: &Event| matches!(event, Event::Violation(_));
                    assert!(!events.iter().any(wrong), "{name}: {:?}", lines(events));
                }
                // Each request has one outcome: behind this side's own Close replies are discarded.
                assert_eq!(failed(&told[0]), requests, "{name}");
                assert_eq!(answered(&told[0]), [], "{name}");
                let unknown =
                    |event: &&Event| matches!(event, Event::Confirmed { fate: Fate::Unknown, .. });
                assert_eq!(told[0].iter().filter(unknown).count(), 1, "{name}");
                // The number is free on both sides, and works.
                assert!(pair.is_open());
                assert_eq!(pair.client.connection.open_channel(), Ok(ONE));
                let mut channel = pair.client.connection.channel(ONE).unwrap();
                let declare = queue::Declare { queue: "q".into(), ..Default::default() };
                let request = channel.call(&declare).unwrap().unwrap();
                pair.drive();
                let to = token(&pair.server.take_events()[1..]);
                let reply = queue::DeclareOk { queue: "q".into(), ..Default::default() };
                pair.server.connection.channel(ONE).unwrap().reply(to, &reply).unwrap();
                pair.drive();
                assert_eq!(answered(&pair.client.take_events()), [request], "{name}");
            }
        }
    }
}

/// Every command of a client is refused, and none panics.
fn refuses_all_commands(connection: &mut Connection) {
    assert!(connection.open_channel().is_err());
    assert!(connection.open_channel_number(ONE).is_err());
    assert!(connection.close(T0, OK, "").is_err());
    assert!(connection.update_secret(b"token", "").is_err());
    assert!(connection.decide(Decision::Accept).is_err());
    if let Ok(mut channel) = connection.channel(ONE) {
        assert!(channel.publish(&basic::Publish::default(), Properties::EMPTY, "").is_err());
        assert!(channel.send_body("x").is_err());
        assert!(channel.call(&basic::Qos::default()).is_err());
        assert!(channel.send(&basic::Ack { delivery_tag: 0, multiple: true }).is_err());
        assert!(channel.close(OK, "").is_err());
    }
}

/// lapin: the broker's Close arrived in the middle of a publish, and whoever published then hung or
/// panicked. Here both sides close the connection at once, the client inside a content. `CLS-02`,
/// `CLS-05`, `CLS-06`.
pub(crate) fn lapin_194_connection_closes_that_cross_inside_a_publish_end_it_once() {
    for answers in 0..=3 {
        for client_first in [true, false] {
            for local in [true, false] {
                let (mut pair, requests) = asking(answers);
                pair.drive();
                let before = pair.client.take_events();
                let mut channel = pair.client.connection.channel(ONE).unwrap();
                let publish = basic::Publish::default();
                channel.start_publish(&publish, Properties::EMPTY, 300_000).unwrap();
                channel.send_body(vec![7; 200_000]).unwrap();
                // A part of it is written, to the middle of a frame.
                let mut to_server = written(&mut pair.client.connection, 70_000);
                let now = pair.now;
                if local {
                    pair.client.connection.close(now, OK, "").unwrap();
                }
                pair.server.connection.close(now, ReplyCode(505), "unexpected").unwrap();
                to_server.extend(output(&mut pair.client.connection));
                keep_contents_together(&to_server);
                let to_client = output(&mut pair.server.connection);
                let mut told = [Vec::new(), Vec::new()];
                for turn in 0..2 {
                    let is_client = client_first == (turn == 0);
                    let (peer, octets) = if is_client {
                        (&mut pair.client.connection, &to_client)
                    } else {
                        (&mut pair.server.connection, &to_server)
                    };
                    feed(peer, octets);
                    told[usize::from(!is_client)].extend(poll(peer));
                }
                refuses_all_commands(&mut pair.client.connection);
                pair.drive();
                told[0].extend(pair.client.take_events());
                told[1].extend(pair.server.take_events());
                let name = format!("{answers} answers, {client_first}, {local}");
                for events in &told {
                    assert_eq!(endings(events), 1, "{name}: {:?}", lines(events));
                    assert!(matches!(events.last(), Some(Event::Closed(_))), "{name}");
                }
                let Some(Event::Closed(reason)) = told[0].last() else { unreachable!() };
                let expected = if local { Initiator::Local } else { Initiator::Peer };
                assert_eq!(reason.initiator, expected, "{name}");
                let outcomes = [answered(&before), failed(&told[0])].concat();
                assert_eq!(outcomes, requests, "{name}");
                for peer in [&mut pair.client.connection, &mut pair.server.connection] {
                    assert_eq!((peer.phase(), peer.poll_timeout()), (Phase::Closed, None));
                    assert_eq!(output(peer), b"", "{name}");
                    refuses_all_commands(peer);
                }
            }
        }
    }
}
