//! Publisher confirms.

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, tx};
use amqp_proto::{Event, Fate, Profile, PublishSeq, UsageError};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CNF-01", a_client_numbers_publishes_from_select_on),
    server("CNF-01", a_server_numbers_publishes_from_select_on),
    client("CNF-02", a_client_that_selects_again_goes_on_counting),
    server("CNF-02", a_server_that_is_asked_again_goes_on_counting),
    client("CNF-03", a_client_takes_each_confirm_once),
    server("CNF-03", a_server_confirms_each_publish_once),
    client("CNF-04", a_client_joins_a_return_to_its_publish),
    server("CNF-04", a_server_returns_before_it_confirms),
    client("CNF-05", a_client_has_either_confirms_or_transactions),
    server("CNF-05", a_server_has_either_confirms_or_transactions),
    client("CNF-06", a_client_counts_every_publish_and_tells_what_stays_unknown),
    server("CNF-06", a_server_counts_every_publish),
    client("CNF-07", a_client_does_not_look_at_requeue),
    server("CNF-07", a_server_nacks_with_or_without_requeue),
];

/// confirm.select, with a reply.
fn select() -> Vec<u8> {
    method(1, 85, 10, b"\0")
}

fn select_ok() -> Vec<u8> {
    method(1, 85, 11, b"")
}

fn ack(tag: u64, multiple: u8) -> Vec<u8> {
    method(1, 60, 80, &[&tag.to_be_bytes()[..], &[multiple]].concat())
}

fn nack(tag: u64, bits: u8) -> Vec<u8> {
    method(1, 60, 120, &[&tag.to_be_bytes()[..], &[bits]].concat())
}

/// A client with channel 1 in confirm mode, which has published so often.
fn client_with_publishes(count: u64) -> End {
    selected(End::client_channel(), count)
}

fn selected(mut end: End, count: u64) -> End {
    end.channel().call(&confirm::Select::default()).unwrap();
    end.takes(&select_ok());
    for number in 1..=count {
        assert_eq!(publish_one(&mut end), number);
    }
    end.sent();
    end
}

fn publish_one(end: &mut End) -> u64 {
    publish_to(end, "k", "")
}

/// A mandatory publish.
fn publish_to(end: &mut End, routing_key: &str, body: &str) -> u64 {
    let routing_key = routing_key.into();
    let publish = basic::Publish { routing_key, mandatory: true, ..<_>::default() };
    end.channel().publish(&publish, Properties::EMPTY, body).unwrap().number()
}

/// A publish without a body.
fn published() -> Vec<u8> {
    [publish(1, "k"), header(1, 0, BARE)].concat()
}

/// The numbers of the contents among these.
fn numbers(events: &[Event]) -> Vec<Option<u64>> {
    let number = |event: &Event| match event {
        Event::Content(content) => Some(content.publish_seq().map(PublishSeq::number)),
        _ => None,
    };
    events.iter().filter_map(number).collect()
}

/// First and last publish, and their fate.
type Run = (u64, u64, Fate);

fn runs(events: &[Event]) -> Vec<Run> {
    let run = |event: &Event| match event {
        Event::Confirmed { channel, first, last, fate } => {
            assert_eq!(channel.number(), 1);
            Some((first.number(), last.number(), *fate))
        }
        _ => None,
    };
    events.iter().filter_map(run).collect()
}

/// A server with channel 1 in confirm mode, which got so many publishes.
fn server_with_publishes(count: u64) -> End {
    let mut end = End::server_channel();
    select_on(&mut end);
    let octets: Vec<u8> = (0..count).flat_map(|_| published()).collect();
    let events = end.takes(&octets);
    assert_eq!(numbers(&events), (1..=count).map(Some).collect::<Vec<_>>());
    end
}

/// confirm.select and select-ok.
fn select_on(end: &mut End) {
    let events = end.takes(&select());
    let [Event::Request { token: Some(token), .. }] = events[..] else {
        panic!("{:?}", lines(&events));
    };
    end.channel().reply(token, &confirm::SelectOk).unwrap();
    assert_eq!(end.sent(), select_ok());
}

fn confirm(end: &mut End, delivery_tag: u64, multiple: bool) -> Result<(), UsageError> {
    end.channel().send(&basic::Ack { delivery_tag, multiple })
}

fn a_client_numbers_publishes_from_select_on() {
    let mut end = End::client_channel().with_channel(2);
    assert_eq!(publish_one(&mut end), 0);
    end.channel().call(&confirm::Select::default()).unwrap();
    assert!(end.sent().ends_with(&select()));
    // Select-ok is still to come.
    assert_eq!([publish_one(&mut end), publish_one(&mut end)], [1, 2]);
    let publish = basic::Publish::default();
    let started = end.channel().start_publish(&publish, Properties::EMPTY, 4).unwrap();
    end.channel().send_body(b"body").unwrap();
    assert_eq!(started.number(), 3);
    end.takes(&select_ok());
    assert_eq!((publish_one(&mut end), end.channel().unconfirmed()), (4, 4));
    let other = end.channel_number(2).publish(&publish, Properties::EMPTY, "").unwrap();
    assert_eq!(other.number(), 0, "each channel counts for itself");
    assert_eq!(runs(&end.takes(&ack(4, 1))), [(1, 4, Fate::Acked)]);
}

fn a_server_numbers_publishes_from_select_on() {
    for select in [select(), method(1, 85, 10, b"\x01")] {
        let mut end = End::server_channel().with_channel(2);
        let events = end.takes(&[&published()[..], &select, &published(), &published()].concat());
        assert_eq!(numbers(&events), [None, Some(1), Some(2)]);
        let other = [publish(2, "k"), header(2, 0, BARE)].concat();
        assert_eq!(numbers(&end.takes(&other)), [None]);
        assert_eq!(numbers(&end.takes(&published())), [Some(3)]);
        assert_eq!(confirm(&mut end, 3, true), Ok(()));
        assert_eq!(end.sent(), ack(3, 1));
    }
}

fn a_client_that_selects_again_goes_on_counting() {
    let mut end = client_with_publishes(2);
    let again = end.channel().call(&confirm::Select::default()).unwrap();
    assert_eq!((end.sent(), publish_one(&mut end)), (select(), 3));
    let events = end.takes(&select_ok());
    let [Event::Reply { request, .. }] = events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((Some(request), publish_one(&mut end)), (again, 4));
    assert_eq!(runs(&end.takes(&ack(4, 1))), [(1, 4, Fate::Acked)]);
}

fn a_server_that_is_asked_again_goes_on_counting() {
    let mut end = server_with_publishes(2);
    select_on(&mut end);
    assert_eq!(numbers(&end.takes(&published())), [Some(3)]);
    assert_eq!((confirm(&mut end, 3, true), end.connection.unconfirmed()), (Ok(()), 0));
}

fn a_client_takes_each_confirm_once() {
    let acked = |first, last| (first, last, Fate::Acked);
    let nacked = |first, last| (first, last, Fate::Nacked);
    let steps: [(Vec<u8>, &[Run], u32); 6] = [
        (ack(2, 0), &[acked(2, 2)], 9),
        (nack(4, 0), &[nacked(4, 4)], 8),
        (ack(5, 1), &[acked(1, 1), acked(3, 3), acked(5, 5)], 5),
        (nack(7, 1), &[nacked(6, 7)], 3),
        (ack(0, 1), &[acked(8, 10)], 0),
        (ack(0, 1), &[], 0),
    ];
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    for (config, is_strict) in [(plain(), false), (config, true)] {
        let mut end = selected(End::client_with(config.clone()).with_channel(1), 10);
        for (octets, told, left) in &steps {
            assert_eq!(runs(&end.takes(octets)), *told, "{}", hex(octets));
            assert_eq!(end.channel().unconfirmed(), *left, "{}", hex(octets));
            assert_eq!(hex(&end.sent()), "");
        }
        publish_one(&mut end);
        end.sent();
        // Settled before, or never published.
        for octets in [ack(2, 0), ack(4, 1), nack(10, 0), ack(0, 0), ack(12, 0), nack(u64::MAX, 1)]
        {
            let mut end = end.clone();
            is_unknown(&mut end, is_strict, &octets);
            if !is_strict {
                assert_eq!(end.channel().unconfirmed(), 1);
                assert_eq!(runs(&end.takes(&ack(11, 0))), [acked(11, 11)]);
            }
        }
        // Without confirms there is nothing to confirm.
        for octets in [ack(1, 0), ack(0, 1), nack(0, 1)] {
            is_unknown(&mut End::client_with(config.clone()).with_channel(1), is_strict, &octets);
        }
    }
}

fn is_unknown(end: &mut End, is_strict: bool, octets: &[u8]) {
    if is_strict {
        end.closes(octets, "CNF-03", ReplyCode(503));
        return;
    }
    let events = end.feed(octets);
    let [Event::Irregular(told)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((told.rule, told.reply_code), ("CNF-03", ReplyCode(503)));
    assert_eq!(hex(&end.sent()), "");
}

fn a_server_confirms_each_publish_once() {
    let mut end = server_with_publishes(10);
    let steps: [(u64, bool, u64); 5] =
        [(2, false, 9), (4, false, 8), (5, true, 5), (9, false, 4), (0, true, 0)];
    for (tag, multiple, left) in steps {
        assert_eq!(confirm(&mut end, tag, multiple), Ok(()));
        assert_eq!(hex(&end.sent()), hex(&ack(tag, u8::from(multiple))));
        assert_eq!(end.connection.unconfirmed(), left);
    }
    end.takes(&published());
    for (tag, multiple) in
        [(0, false), (2, false), (5, true), (10, false), (12, false), (12, true), (u64::MAX, true)]
    {
        let unknown = UsageError::UnknownPublish { channel: 1, delivery_tag: tag };
        assert_eq!(confirm(&mut end, tag, multiple), Err(unknown), "{tag} {multiple}");
    }
    assert_eq!((end.connection.unconfirmed(), hex(&end.sent())), (1, String::new()));
    // Without confirms there is nothing to confirm.
    let mut end = End::server_channel();
    end.takes(&published());
    for (tag, multiple) in [(1, false), (0, true)] {
        let unknown = UsageError::UnknownPublish { channel: 1, delivery_tag: tag };
        assert_eq!(confirm(&mut end, tag, multiple), Err(unknown), "{tag} {multiple}");
    }
}

/// A return of a message that was published to the default exchange.
fn back(routing_key: &str, properties: &[u8], octets: &[u8]) -> Vec<u8> {
    let arguments = [b"\x01\x38", &short("NO_ROUTE")[..], b"\0", &short(routing_key)].concat();
    message_with(method(1, 60, 50, &arguments), properties, octets)
}

fn message_with(method: Vec<u8>, properties: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut all = [method, header(1, octets.len() as u64, properties)].concat();
    if !octets.is_empty() {
        all.extend(body(1, octets));
    }
    all
}

/// The publish that the return of these octets is joined to, and whether others look the same.
fn joined(end: &mut End, octets: &[u8]) -> (Option<u64>, bool) {
    let events = end.takes(octets);
    let Some(Event::Content(content)) = events.last() else { panic!("{:?}", lines(&events)) };
    (content.publish_seq().map(PublishSeq::number), content.is_one_of_several())
}

fn a_client_joins_a_return_to_its_publish() {
    let mut end = client_with_publishes(0);
    for (key, body) in [("a", "1"), ("b", "1"), ("a", "22"), ("b", "1"), ("c", ""), ("d", "1")] {
        publish_to(&mut end, key, body);
    }
    // The oldest that looks the same; not that of the next ack.
    assert_eq!(joined(&mut end, &back("a", BARE, b"22")), (Some(3), false));
    assert_eq!(joined(&mut end, &back("b", BARE, b"1")), (Some(2), true));
    assert_eq!(joined(&mut end, &[ack(2, 1), back("b", BARE, b"1")].concat()), (Some(4), false));
    // Returned already, confirmed by an earlier ack, another body, properties or key.
    end.takes(&ack(3, 0));
    for none in [
        back("b", BARE, b"1"),
        back("a", BARE, b"1"),
        back("c", BARE, b"1"),
        back("c", b"\x80\0\0", b""),
        back("z", BARE, b""),
    ] {
        assert_eq!(joined(&mut end, &none), (None, false), "{}", hex(&none));
    }
    // A nack first, and then the message; joinable until the next confirm.
    assert_eq!(joined(&mut end, &[nack(5, 0), back("c", BARE, b"")].concat()), (Some(5), false));
    let late = [nack(6, 0), ack(4, 0), back("d", BARE, b"1")].concat();
    assert_eq!(joined(&mut end, &late), (None, false));
    // Only what could come back, and what is counted.
    end.channel().publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
    assert_eq!(joined(&mut end, &back("", BARE, b"")), (None, false));
    let mut plain = End::client_channel();
    publish_one(&mut plain);
    assert_eq!(joined(&mut plain, &back("k", BARE, b"")), (None, false));
}

fn a_server_returns_before_it_confirms() {
    // The second is larger than the window, so that its ack could overtake it.
    for len in [0, 4, 200_000] {
        let octets = vec![7; len];
        let mut end = server_with_publishes(1);
        let returned = basic::Return {
            reply_code: ReplyCode(312),
            reply_text: "NO_ROUTE".into(),
            routing_key: "k".into(),
            ..<_>::default()
        };
        end.channel().return_message(&returned, Properties::EMPTY, &octets).unwrap();
        confirm(&mut end, 1, false).unwrap();
        let carrier = method(1, 60, 50, b"\x01\x38\x08NO_ROUTE\0\x01k");
        let expected = [message(carrier, 1, &octets, 131_064), ack(1, 0)].concat();
        assert!(end.sent() == expected, "a body of {len}");
    }
}

fn other_mode(method: &'static str, mode: &'static str) -> UsageError {
    UsageError::ChannelMode { method, channel: 1, mode }
}

fn a_client_has_either_confirms_or_transactions() {
    for reply in [Vec::new(), select_ok()] {
        let mut end = End::client_channel().with_channel(2);
        end.channel().call(&confirm::Select::default()).unwrap();
        end.takes(&reply);
        end.sent();
        let refused = other_mode("tx.select", "in confirm mode");
        assert_eq!(end.channel().call(&tx::Select), Err(refused));
        assert_eq!((hex(&end.sent()), publish_one(&mut end)), (String::new(), 1));
        assert!(end.channel_number(2).call(&tx::Select).is_ok());
    }
    for reply in [Vec::new(), method(1, 90, 11, b"")] {
        let mut end = End::client_channel();
        end.channel().call(&tx::Select).unwrap();
        end.takes(&reply);
        end.sent();
        for no_wait in [false, true] {
            let refused = other_mode("confirm.select", "transacted");
            assert_eq!(end.channel().call(&confirm::Select { no_wait }), Err(refused));
        }
        assert_eq!((hex(&end.sent()), publish_one(&mut end)), (String::new(), 0));
    }
}

fn a_server_has_either_confirms_or_transactions() {
    let tx_select = method(1, 90, 10, b"");
    let mut end = server_with_publishes(1);
    end.clone().closes_channel(&tx_select, "CNF-05", ReplyCode(406));
    let other_channel = [channel_open(2), method(2, 90, 10, b"")].concat();
    end.takes(&other_channel);
    for select in [select(), method(1, 85, 10, b"\x01")] {
        let mut end = End::server_channel();
        end.takes(&tx_select);
        end.closes_channel(&select, "CNF-05", ReplyCode(406));
    }
}

fn a_client_counts_every_publish_and_tells_what_stays_unknown() {
    let mut end = client_with_publishes(5);
    // One that comes back has its number and its confirm all the same.
    assert_eq!(joined(&mut end, &back("k", BARE, b"")), (Some(1), true));
    assert_eq!(runs(&end.takes(&ack(2, 0))), [(2, 2, Fate::Acked)]);
    let ends: [fn(&mut End) -> Vec<Event>; 4] = [
        |end| end.takes(&channel_close(1, 404, "no exchange 'x'")),
        |end| {
            end.channel().close(ReplyCode(200), "").unwrap();
            end.takes(&channel_close_ok(1))
        },
        |end| end.feed(&connection_close(320, "")),
        |end| {
            end.connection.handle_eof(T0);
            poll(&mut end.connection)
        },
    ];
    for how in ends {
        let mut end = end.clone();
        let events = how(&mut end);
        let unknown = |first, last| (first, last, Fate::Unknown);
        assert_eq!(runs(&events), [unknown(1, 1), unknown(3, 5)], "{:?}", lines(&events));
        let last = events.last();
        assert!(matches!(last, Some(Event::ChannelClosed { .. } | Event::Closed(_))), "{last:?}");
        assert_eq!(end.connection.unconfirmed(), 0);
    }
}

fn a_server_counts_every_publish() {
    let mut end = server_with_publishes(1);
    let returned = basic::Return { reply_code: ReplyCode(312), ..<_>::default() };
    end.channel().return_message(&returned, Properties::EMPTY, "").unwrap();
    assert_eq!(numbers(&end.takes(&published())), [Some(2)]);
    assert_eq!((confirm(&mut end, 1, false), end.connection.unconfirmed()), (Ok(()), 1));
    // The last one fails, and the channel with it.
    end.channel().close(ReplyCode(404), "no exchange").unwrap();
    end.sent();
    end.takes(&channel_close_ok(1));
    let mut end = end.with_channel(1);
    assert_eq!(end.connection.unconfirmed(), 0);
    let unknown = UsageError::UnknownPublish { channel: 1, delivery_tag: 2 };
    assert_eq!(confirm(&mut end, 2, false), Err(unknown));
    select_on(&mut end);
    assert_eq!(numbers(&end.takes(&published())), [Some(1)]);
}

fn a_client_does_not_look_at_requeue() {
    for bits in [0, 2, 0xFE] {
        let mut end = client_with_publishes(4);
        assert_eq!(runs(&end.takes(&nack(2, bits))), [(2, 2, Fate::Nacked)]);
        let told = runs(&end.takes(&nack(3, bits | 1)));
        assert_eq!(told, [(1, 1, Fate::Nacked), (3, 3, Fate::Nacked)]);
        assert_eq!((end.channel().unconfirmed(), hex(&end.sent())), (1, String::new()));
    }
}

fn a_server_nacks_with_or_without_requeue() {
    let mut end = End::server_for(&["basic.nack"]).with_channel(1);
    select_on(&mut end);
    end.takes(&published().repeat(4));
    for (delivery_tag, multiple, requeue, bits) in
        [(1, false, false, 0), (2, false, true, 2), (3, true, false, 1), (4, true, true, 3)]
    {
        end.channel().send(&basic::Nack { delivery_tag, multiple, requeue }).unwrap();
        assert_eq!(hex(&end.sent()), hex(&nack(delivery_tag, bits)));
        assert_eq!(end.connection.unconfirmed(), 4 - delivery_tag);
    }
    // A client that hasn't announced it may not know nack.
    let mut end = server_with_publishes(1);
    let (method, capability) = ("basic.nack", "basic.nack");
    let missing = UsageError::CapabilityMissing { method, capability };
    let nack = basic::Nack { delivery_tag: 1, ..<_>::default() };
    assert_eq!(end.channel().send(&nack), Err(missing));
    assert_eq!((end.connection.unconfirmed(), hex(&end.sent())), (1, String::new()));
}
