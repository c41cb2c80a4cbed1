//! What Broker-J does in a session.

use amqp_proto::profile::Argument;
use amqp_proto::protocol::{MethodKind, Properties, basic, confirm};
use amqp_proto::wire::{TableBuf, Value};
use amqp_proto::{CloseDetail, Connection, Event, Fate, Initiator, Phase, Profile, UsageError};

use crate::broker::{greeted, introductions, on_broker, one, told, told_of};
use crate::common::*;

fn broker_j() -> Connection {
    let [_, _, (properties, _), _] = introductions();
    on_broker(&properties)
}

#[test]
fn reserved_fields_may_be_filled() {
    let mut client = greeted(plain(), b"");
    // open-ok with the name of the virtual host, and a channel id in channel.open-ok.
    let octets = [tune(2047, 131_072, 60), method(0, 10, 41, &short("default"))].concat();
    let events = told(&mut client, &octets);
    assert!(matches!(events[..], [Event::Connected]), "{:?}", lines(&events));
    client.open_channel_number(one()).unwrap();
    let events = told(&mut client, &method(1, 20, 11, &long(b"1234")));
    assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
}

#[test]
fn a_request_may_be_answered_by_the_end() {
    // A get from no queue gets a Close of the connection; what it doesn't know, the end of the stream.
    let get = basic::Get { queue: "q".into(), ..Default::default() };
    let mut client = broker_j();
    let request = client.channel(one()).unwrap().call(&get).unwrap().unwrap();
    output(&mut client);
    let events = told(&mut client, &connection_close(404, "no such queue"));
    let [Event::RequestFailed { request: failed, .. }, Event::Closed(reason)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((*failed, reason.initiator, reason.reply_code.0), (request, Initiator::Peer, 404));

    let mut client = broker_j();
    client.channel(one()).unwrap().call(&get).unwrap();
    client.handle_eof(T0);
    let events = poll(&mut client);
    let [Event::RequestFailed { .. }, Event::Closed(reason)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!(reason.initiator, Initiator::Transport);
}

/// A consumer `c` with these arguments, whose consume-ok has come.
fn consumer(client: Connection, arguments: &[Argument<'_>]) -> Connection {
    consumer_with(client, &Profile::BROKER_J.arguments(arguments).unwrap())
}

fn consumer_with(mut client: Connection, arguments: &TableBuf) -> Connection {
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        arguments: arguments.as_table(),
        ..Default::default()
    };
    client.channel(one()).unwrap().call(&consume).unwrap();
    assert_eq!(told(&mut client, &method(1, 60, 21, &short("c"))).len(), 1);
    output(&mut client);
    client
}

#[test]
fn nothing_that_a_browser_gets_is_to_be_acked() {
    let delivery = [deliver(1, 1), header(1, 0, BARE)].concat();
    let ack = basic::Ack { delivery_tag: 1, multiple: false };
    let mut client = consumer(broker_j(), &[Argument::Browse]);
    assert_eq!(told(&mut client, &delivery).len(), 1);
    assert_eq!(client.unacked(), 0);
    let unknown = UsageError::UnknownDelivery { channel: 1, delivery_tag: 1 };
    assert_eq!(client.channel(one()).unwrap().send(&ack), Err(unknown));

    // Other consumers there, and the same argument elsewhere, where it means nothing.
    let other_brokers = Profile::ALL.iter().filter(|profile| **profile != Profile::BROKER_J);
    let mut others: Vec<_> =
        other_brokers.map(|profile| consumer(told_of(*profile), &[Argument::Browse])).collect();
    others.push(consumer(broker_j(), &[Argument::AutoClose]));
    // No other value makes a browser.
    for value in [Value::Bool(false), Value::from("true"), Value::I32(1), Value::Void] {
        let mut arguments = TableBuf::new();
        arguments.insert("x-filter-no-consume", value).unwrap();
        others.push(consumer_with(broker_j(), &arguments));
    }
    for mut client in others {
        assert_eq!(told(&mut client, &delivery).len(), 1);
        assert_eq!(client.unacked(), 1);
        client.channel(one()).unwrap().send(&ack).unwrap();
    }
}

#[test]
fn a_browser_may_end_before_it_has_begun() {
    let mut client = broker_j();
    let arguments = Profile::BROKER_J.arguments(&[Argument::Browse, Argument::AutoClose]).unwrap();
    let browse = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        arguments: arguments.as_table(),
        ..Default::default()
    };
    let request = client.channel(one()).unwrap().call(&browse).unwrap().unwrap();
    let octets = [method(1, 60, 31, &short("c")), method(1, 60, 21, &short("c"))].concat();
    let events = told(&mut client, &octets);
    let [Event::Notice(over), Event::Reply { request: begun, .. }] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((over.kind(), *begun), (MethodKind::BasicCancelOk, request));
    // Its tag is free again.
    client.channel(one()).unwrap().call(&browse).unwrap();
}

#[test]
fn a_nack_may_come_before_its_return() {
    let mut client = broker_j();
    let mut channel = client.channel(one()).unwrap();
    channel.call(&confirm::Select { no_wait: true }).unwrap();
    let publish = basic::Publish { routing_key: "k".into(), mandatory: true, ..Default::default() };
    let number = channel.publish(&publish, Properties::EMPTY, "x").unwrap();
    let nack = method(1, 60, 120, b"\0\0\0\0\0\0\0\x01\0");
    let returned = method(1, 60, 50, b"\x01\x38\x08NO_ROUTE\0\x01k");
    let octets = [nack, returned, header(1, 1, BARE), body(1, b"x")].concat();
    let events = told(&mut client, &octets);
    let [Event::Confirmed { first, fate: Fate::Nacked, .. }, Event::Content(content)] = &events[..]
    else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((*first, content.publish_seq()), (number, Some(number)));
    assert_eq!(client.phase(), Phase::Open);
}

/// The virtual host isn't active: open is answered by another address.
#[test]
fn a_redirect_may_come_before_open_ok() {
    let [_, _, (properties, _), _] = introductions();
    let mut client = greeted(plain(), &properties);
    assert_eq!(told(&mut client, &tune(2047, 131_072, 60)).len(), 0);
    let redirect = method(0, 10, 42, &[short("other:5672"), short("")].concat());
    let events = told(&mut client, &redirect);
    let [Event::Notice(_), Event::Closed(reason)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((reason.detail, &reason.text[..]), (CloseDetail::Redirected, "other:5672"));
}

/// What was published as ten octets of gzip comes as four of text, or the other way round.
#[test]
fn a_body_may_come_in_another_encoding() {
    let mut client = consumer(broker_j(), &[Argument::Browse]);
    for (encoding, octets) in [("gzip", &b"0123456789"[..]), ("", b"text")] {
        let properties = match encoding {
            "" => BARE.to_vec(),
            _ => [b"\x40\0", &short(encoding)[..]].concat(),
        };
        let content = [deliver(1, 1), header(1, octets.len() as u64, &properties), body(1, octets)];
        let events = told(&mut client, &content.concat());
        let [Event::Content(content), ..] = &events[..] else { panic!("{:?}", lines(&events)) };
        let told = content.properties().content_encoding().map(|text| text.to_string());
        assert_eq!((told.unwrap_or_default(), content.body()), (encoding.to_owned(), octets));
        client = consumer(broker_j(), &[Argument::Browse]);
    }
}
