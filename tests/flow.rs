//! What stops publishes, and nothing else: channel.flow in both directions, connection.blocked, and
//! update-secret, which stops nothing at all (`FLW-01` to `FLW-05`).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{Properties, ReplyCode, basic, channel, queue};
use amqp_proto::{ChannelId, Connection, Decision, Event, Phase, RequestId, UsageError};
use bytes::Buf;
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();
const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;

/// A client with an open channel and a delivery on it.
fn consuming() -> Connection {
    let mut client = client(plain());
    client.open_channel().unwrap();
    feed(&mut client, &[channel_open_ok(1), deliver(1, 1), header(1, 0, BARE)].concat());
    poll(&mut client);
    output(&mut client);
    client
}

fn publish_one(client: &mut Connection) -> Result<(), UsageError> {
    let mut channel = client.channel(ONE).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, "body").map(drop)
}

/// Everything but a publish: ack, request, heartbeat, new channel, both closes.
fn the_rest_passes(client: &mut Connection) {
    let mut channel = client.channel(ONE).unwrap();
    channel.send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    let declare = queue::Declare { queue: "q".into(), ..Default::default() };
    channel.call(&declare).unwrap();
    let two = client.open_channel().unwrap();
    client.channel(two).unwrap().close(OK, "").unwrap();
    let sent = frames(&output(client));
    let ids: Vec<_> = sent.iter().map(|(_, on, payload)| (*on, payload[1], payload[3])).collect();
    assert_eq!(ids, [(1, 60, 80), (1, 50, 10), (2, 20, 10), (2, 20, 40)]);
    client.handle_timeout(at(30));
    assert_eq!(output(client), HEARTBEAT);
    feed(client, &[declare_ok(1, "q"), channel_close_ok(2)].concat());
    assert!(matches!(&poll(client)[..], [Event::Reply { .. }, Event::ChannelClosed { .. }]));
    client.close(at(30), OK, "").unwrap();
    feed(client, &connection_close_ok());
    assert!(matches!(poll(client).last(), Some(Event::Closed(_))));
}

#[test]
fn blocked_stops_publishes_alone() {
    let mut client = consuming();
    let blocked = method(0, 10, 60, &short("low on memory"));
    // FLW-04: a second one is harmless.
    feed(&mut client, &[&blocked[..], &blocked].concat());
    assert_eq!(poll(&mut client).len(), 2);
    assert_eq!(publish_one(&mut client), Err(UsageError::Blocked));
    assert_eq!(output(&mut client), b"");
    the_rest_passes(&mut client.clone());
    feed(&mut client, &method(0, 10, 61, b""));
    poll(&mut client);
    assert_eq!(publish_one(&mut client), Ok(()));
}

#[test]
fn flow_stops_the_contents_of_its_channel_alone() {
    let mut client = consuming();
    feed(&mut client, &method(1, 20, 20, b"\0"));
    poll(&mut client);
    assert_eq!(output(&mut client), method(1, 20, 21, b"\0"));
    assert_eq!(publish_one(&mut client), Err(UsageError::FlowStopped { channel: 1 }));
    let two = client.open_channel().unwrap();
    let mut channel = client.channel(two).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
    let mut stopped = consuming();
    feed(&mut stopped, &method(1, 20, 20, b"\0"));
    poll(&mut stopped);
    output(&mut stopped);
    the_rest_passes(&mut stopped);
}

#[test]
fn a_new_secret_stops_nothing() {
    let mut client = consuming();
    let request = client.update_secret(b"token", "refreshed").unwrap();
    assert_eq!(publish_one(&mut client), Ok(()));
    output(&mut client);
    the_rest_passes(&mut client.clone());
    feed(&mut client, &method(0, 10, 71, b""));
    assert!(
        matches!(&poll(&mut client)[..], [Event::Reply { request: told, .. }] if *told == request)
    );

    let mut server = server(amqp_proto::ServerConfig::default());
    let secret = method(0, 10, 70, &[long(b"token"), short("refreshed")].concat());
    feed(&mut server, &[channel_open(1), secret, declare(1, "q")].concat());
    let events = poll(&mut server);
    assert!(matches!(
        &events[..],
        [Event::ChannelOpened(_), Event::UpdateSecret(_), Event::Request { .. }]
    ));
    output(&mut server);
    server.decide(Decision::Accept).unwrap();
    assert_eq!(output(&mut server), method(0, 10, 71, b""));
}

fn failed(events: &[Event]) -> Vec<RequestId> {
    let failed = |event: &Event| match event {
        Event::RequestFailed { request, .. } => Some(*request),
        _ => None,
    };
    events.iter().filter_map(failed).collect()
}

/// There are peers that never send flow-ok, and RabbitMQ's cancel-ok may be late. What was asked behind
/// them is answered all the same, nothing times out, and each request has its outcome at the end.
#[test]
fn a_missing_flow_ok_or_cancel_ok_holds_up_nothing() {
    let mut client = consuming();
    let mut channel = client.channel(ONE).unwrap();
    let flow = channel.call(&channel::Flow { active: false }).unwrap().unwrap();
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
    let cancel = channel.call(&cancel).unwrap().unwrap();
    let declare = queue::Declare { queue: "q".into(), ..Default::default() };
    let declared = channel.call(&declare).unwrap().unwrap();
    assert_eq!(publish_one(&mut client), Ok(()));
    feed(&mut client, &declare_ok(1, "q"));
    let events = poll(&mut client);
    assert!(matches!(&events[..], [Event::Reply { request, .. }] if *request == declared));
    for second in (0..1000).step_by(10) {
        client.handle_slice(at(second), HEARTBEAT);
        client.handle_timeout(at(second));
        let unsent = client.transmit().remaining();
        client.transmit().advance(unsent);
    }
    assert_eq!((poll(&mut client).len(), client.phase()), (0, Phase::Open));
    client.channel(ONE).unwrap().close(OK, "").unwrap();
    feed(&mut client, &channel_close_ok(1));
    let events = poll(&mut client);
    assert_eq!(failed(&events), [flow, cancel]);
    assert!(matches!(events.last(), Some(Event::ChannelClosed { .. })));
}

/// FLW-01: the server stops contents, too, when the client asks.
#[test]
fn flow_stops_deliveries() {
    let mut server = server(amqp_proto::ServerConfig::default());
    feed(
        &mut server,
        &[channel_open(1), consume(1, "c", false), method(1, 20, 20, b"\0")].concat(),
    );
    poll(&mut server);
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    let mut channel = server.channel(ONE).unwrap();
    let refused = channel.deliver(&deliver, Properties::EMPTY, "");
    assert_eq!(refused, Err(UsageError::FlowStopped { channel: 1 }));
    feed(&mut server, &method(1, 20, 20, b"\x01"));
    poll(&mut server);
    let mut channel = server.channel(ONE).unwrap();
    assert_eq!(channel.deliver(&deliver, Properties::EMPTY, ""), Ok(1));
}
