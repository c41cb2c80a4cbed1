//! Acknowledgement: which deliveries may be settled, and how often.

use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic};
use amqp_proto::{ClientConfig, Event, Profile, Scope, UsageError};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("ACK-01", a_client_settles_deliveries_of_the_channel_alone),
    server("ACK-01", a_server_refuses_a_tag_that_it_never_gave),
    client("ACK-02", a_client_settles_no_delivery_twice),
    server("ACK-02", a_server_refuses_what_waits_no_more),
    client("ACK-03", a_client_settles_several_up_to_one_that_waits),
    server("ACK-03", a_server_takes_several_up_to_one_that_waits),
    client("ACK-04", a_client_uses_tag_0_for_all_so_far_alone),
    server("ACK-04", a_server_takes_tag_0_for_all_so_far_alone),
    client("ACK-05", a_client_reports_tag_0),
    server("ACK-05", a_server_begins_with_tag_1),
    client("ACK-06", a_client_nacks_several_and_rejects_one),
    server("ACK-06", a_server_takes_nack_and_a_reject_of_one),
];

/// What settles deliveries; nack and reject ask to requeue.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Settle {
    Ack(u64, bool),
    Nack(u64, bool),
    Reject(u64),
}
use Settle::{Ack, Nack, Reject};

impl Settle {
    fn method_id(self) -> u16 {
        match self {
            Ack(..) => 80,
            Reject(_) => 90,
            Nack(..) => 120,
        }
    }

    fn tag(self) -> u64 {
        match self {
            Ack(tag, _) | Nack(tag, _) | Reject(tag) => tag,
        }
    }

    /// The frame on channel 1.
    pub(crate) fn octets(self) -> Vec<u8> {
        let bits = match self {
            Ack(_, multiple) => u8::from(multiple),
            Reject(_) => 1,
            Nack(_, multiple) => 2 | u8::from(multiple),
        };
        method(1, 60, self.method_id(), &[&self.tag().to_be_bytes()[..], &[bits]].concat())
    }

    fn command(self, end: &mut End) -> Result<(), UsageError> {
        let mut channel = end.channel();
        match self {
            Ack(delivery_tag, multiple) => channel.send(&basic::Ack { delivery_tag, multiple }),
            Reject(delivery_tag) => channel.send(&basic::Reject { delivery_tag, requeue: true }),
            Nack(delivery_tag, multiple) => {
                channel.send(&basic::Nack { delivery_tag, multiple, requeue: true })
            }
        }
    }
}

/// The client sends this, and then so many deliveries wait.
pub(crate) fn sends(end: &mut End, settle: Settle, waiting: usize) {
    assert_eq!(settle.command(end), Ok(()), "{settle:?}");
    assert_eq!(hex(&end.sent()), hex(&settle.octets()));
    assert_eq!(end.channel().unacked(), waiting, "{settle:?}");
}

/// The client won't send any of these; nothing changes.
pub(crate) fn will_not_send(end: &mut End, settles: &[Settle]) {
    let waiting = end.channel().unacked();
    for settle in settles {
        let delivery_tag = settle.tag();
        let unknown = UsageError::UnknownDelivery { channel: 1, delivery_tag };
        assert_eq!(settle.command(end), Err(unknown), "{settle:?}");
        assert_eq!(hex(&end.sent()), "");
        assert_eq!(end.channel().unacked(), waiting, "{settle:?}");
    }
}

/// The server tells this and answers nothing, and then so many deliveries wait.
pub(crate) fn is_told(end: &mut End, settle: Settle, waiting: usize) {
    let events = end.takes(&settle.octets());
    let [Event::Notice(told)] = &events[..] else { panic!("{settle:?}: {:?}", lines(&events)) };
    assert_eq!(told.octets()[..], settle.octets()[7..20], "{settle:?}");
    assert_eq!(hex(&end.sent()), "");
    assert_eq!(end.channel().unacked(), waiting, "{settle:?}");
}

/// The server closes the channel with 406 for each of these, and blames it.
pub(crate) fn is_refused(end: &End, settles: &[Settle], rule: &str) {
    for settle in settles {
        let refused = end.clone().closes_channel(&settle.octets(), rule, ReplyCode(406));
        let blamed = (refused.method.class_id, refused.method.method_id);
        assert_eq!(blamed, (60, settle.method_id()), "{settle:?}");
    }
}

/// Deliveries without a body.
pub(crate) fn deliveries(tags: impl IntoIterator<Item = u64>) -> Vec<u8> {
    tags.into_iter().flat_map(|tag| [deliver(1, tag), header(1, 0, BARE)].concat()).collect()
}

/// A client with a consumer `c`, which has got so many deliveries.
pub(crate) fn client_with_deliveries(count: u64) -> End {
    client_that_consumes(plain(), false, count)
}

pub(crate) fn client_that_consumes(config: ClientConfig, no_ack: bool, count: u64) -> End {
    let mut end = End::client_with(config).with_channel(1);
    let (queue, consumer_tag) = ("q".into(), "c".into());
    let consume = basic::Consume { queue, consumer_tag, no_ack, no_wait: true, ..<_>::default() };
    end.channel().call(&consume).unwrap();
    end.sent();
    assert_eq!(end.takes(&deliveries(1..=count)).len() as u64, count);
    end
}

/// A server that has made so many deliveries to a consumer `c`.
pub(crate) fn server_with_deliveries(count: u64) -> End {
    server_that_delivers(false, count)
}

pub(crate) fn server_that_delivers(no_ack: bool, count: u64) -> End {
    let mut end = End::server_channel();
    end.takes(&consume(1, "c", no_ack));
    for tag in 1..=count {
        assert_eq!(deliver_to(&mut end, "c"), Ok(tag));
    }
    end.sent();
    end
}

pub(crate) fn deliver_to(end: &mut End, consumer_tag: &str) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: consumer_tag.into(), ..<_>::default() };
    end.channel().deliver(&deliver, Properties::EMPTY, "")
}

const NEVER_GIVEN: [Settle; 5] =
    [Ack(4, false), Nack(4, false), Reject(4), Ack(u64::MAX, false), Reject(u64::MAX)];

fn a_client_settles_deliveries_of_the_channel_alone() {
    let mut end = client_with_deliveries(3);
    will_not_send(&mut end, &NEVER_GIVEN);
    sends(&mut end, Ack(2, false), 2);
    sends(&mut end, Nack(3, false), 1);
    sends(&mut end, Reject(1), 0);
    // A get's message is a delivery as well.
    let get = basic::Get { queue: "q".into(), ..<_>::default() };
    end.channel().call(&get).unwrap();
    end.sent();
    will_not_send(&mut end, &NEVER_GIVEN);
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x04\0\0\x01q\0\0\0\0");
    end.takes(&[get_ok, header(1, 0, BARE)].concat());
    sends(&mut end, Reject(4), 0);
}

fn a_server_refuses_a_tag_that_it_never_gave() {
    let mut end = server_with_deliveries(3);
    is_refused(&end, &NEVER_GIVEN, "ACK-01");
    is_refused(&End::server_channel(), &[Ack(1, false), Nack(1, false), Reject(1)], "ACK-01");
    is_told(&mut end, Ack(2, false), 2);
    is_told(&mut end, Nack(3, false), 1);
    is_told(&mut end, Reject(1), 0);
}

const FIRST: [Settle; 3] = [Ack(1, false), Nack(1, false), Reject(1)];

fn a_client_settles_no_delivery_twice() {
    for first in FIRST {
        let mut end = client_with_deliveries(2);
        sends(&mut end, first, 1);
        will_not_send(&mut end, &FIRST);
    }
    let mut quiet = client_that_consumes(plain(), true, 1);
    will_not_send(&mut quiet, &FIRST);
    // The delivery of another channel.
    let mut end = client_with_deliveries(0).with_channel(2);
    end.takes(&[deliver(2, 1), header(2, 0, BARE)].concat());
    will_not_send(&mut end, &FIRST);
    let ack = basic::Ack { delivery_tag: 1, multiple: false };
    assert_eq!(end.channel_number(2).send(&ack), Ok(()));
}

fn a_server_refuses_what_waits_no_more() {
    for first in FIRST {
        let mut end = server_with_deliveries(2);
        is_told(&mut end, first, 1);
        is_refused(&end, &FIRST, "ACK-02");
    }
    is_refused(&server_that_delivers(true, 1), &FIRST, "ACK-02");
    // The delivery of another channel goes on waiting there.
    let mut end = server_with_deliveries(1).with_channel(2);
    let mut ack = Ack(1, false).octets();
    ack[2] = 2;
    let events = end.feed(&ack);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.reply_code, violation.scope), (ReplyCode(406), Scope::Channel(2)));
    let sent = frames(&end.sent());
    assert!(matches!(&sent[..], [(1, 2, close)] if close[..6] == *b"\0\x14\0\x28\x01\x96"));
    is_told(&mut end, Ack(1, false), 0);
}

fn a_client_settles_several_up_to_one_that_waits() {
    let mut end = client_with_deliveries(5);
    sends(&mut end, Ack(2, false), 4);
    let none_waits =
        [Ack(2, true), Nack(2, true), Ack(6, true), Nack(99, true), Ack(u64::MAX, true)];
    will_not_send(&mut end, &none_waits);
    sends(&mut end, Ack(3, true), 2);
    will_not_send(&mut end, &[Ack(1, false), Ack(1, true), Ack(3, true)]);
    sends(&mut end, Nack(4, true), 1);
    sends(&mut end, Ack(5, true), 0);
}

fn a_server_takes_several_up_to_one_that_waits() {
    let mut end = server_with_deliveries(5);
    is_told(&mut end, Ack(2, false), 4);
    let none_waits =
        [Ack(2, true), Nack(2, true), Ack(6, true), Nack(99, true), Ack(u64::MAX, true)];
    is_refused(&end, &none_waits, "ACK-03");
    is_told(&mut end, Ack(3, true), 2);
    is_refused(&end, &[Ack(1, true), Ack(3, true)], "ACK-03");
    is_refused(&end, &[Ack(1, false), Reject(3)], "ACK-02");
    is_told(&mut end, Nack(4, true), 1);
    is_told(&mut end, Ack(5, true), 0);
}

const NO_TAG: [Settle; 3] = [Ack(0, false), Nack(0, false), Reject(0)];

fn a_client_uses_tag_0_for_all_so_far_alone() {
    for all in [Ack(0, true), Nack(0, true)] {
        let mut end = client_with_deliveries(3);
        will_not_send(&mut end, &NO_TAG);
        sends(&mut end, Ack(2, false), 2);
        sends(&mut end, all, 0);
        // Also when that is nothing.
        sends(&mut end, all, 0);
        will_not_send(&mut end, &[Ack(1, false), Ack(3, true), Ack(0, false)]);
    }
}

fn a_server_takes_tag_0_for_all_so_far_alone() {
    for all in [Ack(0, true), Nack(0, true)] {
        is_told(&mut End::server_channel(), all, 0);
        let mut end = server_with_deliveries(3);
        is_refused(&end, &NO_TAG, "ACK-04");
        is_told(&mut end, Ack(2, false), 2);
        is_told(&mut end, all, 0);
        is_told(&mut end, all, 0);
        is_refused(&end, &NO_TAG, "ACK-04");
        is_refused(&end, &[Ack(3, true)], "ACK-03");
    }
}

fn a_client_reports_tag_0() {
    let mut end = client_with_deliveries(0);
    let get = basic::Get { queue: "q".into(), ..<_>::default() };
    end.channel().call(&get).unwrap();
    end.sent();
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\0\0\0\x01q\0\0\0\0");
    for octets in [deliveries([0]), [get_ok, header(1, 0, BARE)].concat()] {
        let events = end.feed(&octets);
        let [Event::Irregular(told), Event::Content(_)] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((told.rule, told.reply_code), ("BAS-05", ReplyCode(501)));
        assert_eq!((end.channel().unacked(), hex(&end.sent())), (0, String::new()));
    }
    end.takes(&deliveries([1]));
    sends(&mut end, Ack(1, false), 0);

    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    let mut strict = client_that_consumes(config, false, 0);
    strict.closes(&deliveries([0]), "BAS-05", ReplyCode(501));
}

fn a_server_begins_with_tag_1() {
    let mut end = server_with_deliveries(0);
    let deliver = basic::Deliver { consumer_tag: "c".into(), delivery_tag: 0, ..<_>::default() };
    assert_eq!(end.channel().deliver(&deliver, Properties::EMPTY, ""), Ok(1));
    let expected = method(1, 60, 60, b"\x01c\0\0\0\0\0\0\0\x01\0\0\0");
    assert_eq!(hex(&end.sent()), hex(&[expected, header(1, 0, BARE)].concat()));
    let events = end.takes(&method(1, 60, 70, b"\0\0\x01q\0"));
    let [Event::Request { token: Some(token), .. }] = events[..] else {
        panic!("{:?}", lines(&events));
    };
    let get_ok = basic::GetOk { delivery_tag: 0, ..<_>::default() };
    assert_eq!(end.channel().get_ok(token, &get_ok, Properties::EMPTY, ""), Ok(2));
    let expected = method(1, 60, 71, b"\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0");
    assert_eq!(hex(&end.sent()), hex(&[expected, header(1, 0, BARE)].concat()));
}

fn a_client_nacks_several_and_rejects_one() {
    // The server has announced nothing: whoever doesn't know nack says 540.
    let mut end = client_with_deliveries(4);
    assert!(!end.connection.capabilities().basic_nack);
    for (multiple, requeue, tag, bits) in
        [(false, false, 1, 0), (false, true, 2, 2), (true, false, 3, 1), (true, true, 4, 3)]
    {
        end.channel().send(&basic::Nack { delivery_tag: tag, multiple, requeue }).unwrap();
        let expected = [&u64::to_be_bytes(tag)[..], &[bits]].concat();
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 120, &expected)));
    }
    let mut end = client_with_deliveries(2);
    for (requeue, tag) in [(true, 2), (false, 1)] {
        end.channel().send(&basic::Reject { delivery_tag: tag, requeue }).unwrap();
        let expected = [&u64::to_be_bytes(tag)[..], &[u8::from(requeue)]].concat();
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 90, &expected)));
        assert_eq!(end.channel().unacked() as u64, tag - 1);
    }
}

fn a_server_takes_nack_and_a_reject_of_one() {
    // The client has announced nothing.
    let mut end = server_with_deliveries(5);
    assert!(!end.connection.capabilities().basic_nack);
    is_told(&mut end, Nack(1, false), 4);
    is_told(&mut end, Nack(3, true), 2);
    // Where nack has its second bit, reject has none that counts.
    let events = end.takes(&method(1, 60, 90, b"\0\0\0\0\0\0\0\x05\xFE"));
    let [Event::Notice(told)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(told.kind(), MethodKind::BasicReject);
    assert_eq!(end.channel().unacked(), 1);
    is_told(&mut end, Reject(4), 0);
}
