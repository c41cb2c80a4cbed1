//! The states in which each method is tried, each reached by octets and commands.

use amqp_proto::protocol::{
    Properties, ReplyCode, access, basic, channel, confirm, exchange, queue, tx,
};
use amqp_proto::{
    Channel, ChannelId, ClientConfig, Connection, Decision, Event, ReplyToken, ServerConfig,
};

use crate::common::*;
use crate::methods::methods;

pub(crate) const ONE: ChannelId = ChannelId::new(1).unwrap();
const START_OK: (&str, &[u8]) = ("PLAIN", b"\0guest\0guest");

/// The states of a client: phases of the connection, then of channel 1.
pub(crate) const CLIENT: &[&str] = &[
    "start",      // connection.start is awaited
    "secure",     // start-ok has been sent
    "challenged", // the application owes the response to a challenge
    "opening",    // connection.open has been sent
    "unopened",   // open, channel 1 isn't
    "joining",    // channel.open has been sent
    "left",       // the peer has closed channel 1, and close-ok has been sent
    "rejoining",  // after that channel.open has been sent anew
    "idle",       // channel 1 is open, with a consumer `c` and a delivery 1 without ack
    "asking", // a request waits for its reply: the one that the method answers, or queue.declare
    "header-due", // basic.deliver has come
    "body-due", // its header has come
    "sending", // a publish has begun
    "stopped", // the peer has stopped contents by channel.flow
    "blocked", // the server has blocked publishing
    "confirming", // confirms are selected, publish 1 is without
    "transacted", // tx is selected
    "leaving", // channel.close has been sent
    "draining", // the peer has closed the channel inside a publish
    "closing", // connection.close has been sent
    "closed", // it is over
];

/// The states of a server.
pub(crate) const SERVER: &[&str] = &[
    "header",     // the protocol header is awaited
    "start",      // connection.start has been sent
    "login",      // the application owes a decision on start-ok
    "secure",     // connection.secure has been sent
    "tune",       // connection.tune has been sent
    "opening",    // connection.open is awaited
    "host",       // the application owes a decision on the virtual host
    "unopened",   // open, channel 1 isn't
    "idle",       // channel 1 is open, with a consumer `c` and a delivery 1 without ack
    "asking",     // flow and cancel wait for their replies
    "owing", // a request waits for its reply: the one that the method answers, or queue.declare
    "header-due", // basic.publish has come
    "body-due", // its header has come
    "sending", // a delivery has begun
    "stopped", // the peer has stopped contents by channel.flow
    "confirming", // confirms are selected, publish 1 is without
    "transacted", // tx is selected
    "leaving", // channel.close has been sent
    "draining", // the peer has closed the channel inside a delivery
    "closing", // connection.close has been sent
    "closed", // it is over
];

pub(crate) fn client_in(state: &str, method: &str) -> Connection {
    let mut client = Connection::client(ClientConfig::plain("guest", "guest"), T0);
    let steps: [(&str, Vec<u8>); 4] = [
        ("start", Vec::new()),
        ("secure", start("PLAIN")),
        ("opening", tune(2047, 131_072, 60)),
        ("unopened", open_ok()),
    ];
    if state == "challenged" {
        let mut config = ClientConfig::default();
        config.mechanisms = vec![amqp_proto::Mechanism::custom("OTHER", b"")];
        client = Connection::client(config, T0);
        feed(
            &mut client,
            &[start("OTHER"), crate::common::method(0, 10, 20, &long(b"?"))].concat(),
        );
        poll(&mut client);
        output(&mut client);
        return client;
    }
    for (step, octets) in steps {
        feed(&mut client, &octets);
        poll(&mut client);
        if step == state {
            break;
        }
    }
    if !["start", "secure", "opening", "unopened"].contains(&state) {
        output(&mut client);
        on_channel(&mut client, state, method);
    }
    poll(&mut client);
    // What a draining channel still has to write is part of its state.
    if state != "draining" {
        output(&mut client);
    }
    client
}

fn on_channel(client: &mut Connection, state: &str, method: &str) {
    client.open_channel().unwrap();
    if state == "joining" {
        return;
    }
    feed(client, &channel_open_ok(1));
    poll(client);
    if ["left", "rejoining"].contains(&state) {
        feed(client, &channel_close(1, 404, ""));
        poll(client);
        if state == "rejoining" {
            client.open_channel().unwrap();
        }
        return;
    }
    let consume = basic::Consume { no_wait: true, ..consume_of("c") };
    one(client).call(&consume).unwrap();
    feed(client, &[deliver(1, 1), header(1, 0, BARE)].concat());
    poll(client);
    match state {
        "asking" => {
            if ["tx.commit-ok", "tx.rollback-ok"].contains(&method) {
                one(client).call(&tx::Select).unwrap();
                feed(client, &crate::common::method(1, 90, 11, b""));
                poll(client);
            }
            ask(&mut one(client), method);
        }
        "header-due" => feed(client, &deliver(1, 2)),
        "body-due" => feed(client, &[deliver(1, 2), header(1, 3, BARE)].concat()),
        "sending" => start_publish(client),
        "stopped" => feed(client, &crate::common::method(1, 20, 20, b"\0")),
        "blocked" => feed(client, &crate::common::method(0, 10, 60, b"\0")),
        "confirming" => {
            one(client).call(&confirm::Select { no_wait: true }).unwrap();
            one(client).publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
        }
        "transacted" => {
            one(client).call(&tx::Select).unwrap();
            feed(client, &crate::common::method(1, 90, 11, b""));
        }
        "draining" => {
            start_publish(client);
            feed(client, &channel_close(1, 404, ""));
        }
        _ => leave(client, state),
    }
}

fn start_publish(client: &mut Connection) {
    one(client).start_publish(&basic::Publish::default(), Properties::EMPTY, 3).unwrap();
}

fn leave(connection: &mut Connection, state: &str) {
    match state {
        "leaving" => {
            one(connection).close(ReplyCode::REPLY_SUCCESS, "").unwrap();
            // Written: what comes from here on may answer it.
            output(connection);
        }
        "closing" => connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap(),
        "closed" => connection.handle_eof(T0),
        _ => assert!(["idle", "unopened"].contains(&state), "an unknown state: {state}"),
    }
}

fn consume_of(consumer_tag: &str) -> basic::Consume<'_> {
    basic::Consume { queue: "q".into(), consumer_tag: consumer_tag.into(), ..Default::default() }
}

/// Asks what this method answers.
fn ask(channel: &mut Channel<'_>, method: &str) {
    let asked = match method {
        "channel.flow-ok" => channel.call(&channel::Flow { active: true }),
        "access.request-ok" => channel.call(&access::Request::default()),
        "exchange.declare-ok" => channel.call(&exchange::Declare::default()),
        "exchange.delete-ok" => channel.call(&exchange::Delete::default()),
        "exchange.bound-ok" => channel.call(&exchange::Bound::default()),
        "exchange.bind-ok" => channel.call(&exchange::Bind::default()),
        "exchange.unbind-ok" => channel.call(&exchange::Unbind::default()),
        "queue.bind-ok" => channel.call(&queue::Bind { queue: "q".into(), ..Default::default() }),
        "queue.purge-ok" => channel.call(&queue::Purge { queue: "q".into(), ..Default::default() }),
        "queue.delete-ok" => {
            channel.call(&queue::Delete { queue: "q".into(), ..Default::default() })
        }
        "queue.unbind-ok" => {
            channel.call(&queue::Unbind { queue: "q".into(), ..Default::default() })
        }
        "basic.qos-ok" => channel.call(&basic::Qos::default()),
        "basic.consume-ok" => channel.call(&consume_of("new")),
        "basic.cancel-ok" => {
            channel.call(&basic::Cancel { consumer_tag: "c".into(), no_wait: false })
        }
        "basic.get-ok" | "basic.get-empty" => {
            channel.call(&basic::Get { queue: "q".into(), ..Default::default() })
        }
        "basic.recover-ok" => channel.call(&basic::Recover { requeue: true }),
        "confirm.select-ok" => channel.call(&confirm::Select::default()),
        "tx.select-ok" => channel.call(&tx::Select),
        "tx.commit-ok" => channel.call(&tx::Commit),
        "tx.rollback-ok" => channel.call(&tx::Rollback),
        _ => channel.call(&queue::Declare { queue: "q".into(), ..Default::default() }),
    };
    asked.unwrap();
}

/// All events, no question answered.
pub(crate) fn events(connection: &mut Connection) -> Vec<Event> {
    core::iter::from_fn(|| connection.poll_event()).collect()
}

/// A server, and what a reply has to name.
pub(crate) fn server_in(state: &str, method: &str) -> (Connection, Option<ReplyToken>) {
    let mut server = Connection::server(ServerConfig::default(), T0);
    if state == "header" {
        return (server, None);
    }
    feed(&mut server, PROTOCOL_HEADER);
    events(&mut server);
    if state != "start" {
        log_in(&mut server, if state == "owing" { "idle" } else { state });
    }
    let token = (state == "owing").then(|| owe(&mut server, method));
    if state != "draining" {
        output(&mut server);
    }
    (server, token)
}

/// Lets the client ask what this method answers.
fn owe(server: &mut Connection, method: &str) -> ReplyToken {
    if ["tx.commit-ok", "tx.rollback-ok"].contains(&method) {
        feed(server, &crate::common::method(1, 90, 10, b""));
        let token = token(&events(server));
        one(server).reply(token, &tx::SelectOk).unwrap();
    }
    let request = method.trim_end_matches("-ok").trim_end_matches("-empty");
    let all = methods();
    let find = |name| all.iter().find(|(other, ..)| *other == name);
    let is_reply = request != method && find(request).is_some();
    let (_, class_id, method_id, arguments) = find(request)
        .filter(|_| is_reply && !["connection", "channel"].contains(&class_of(request)))
        .or_else(|| find("queue.declare"))
        .unwrap();
    feed(server, &crate::common::method(1, *class_id, *method_id, arguments));
    token(&events(server))
}

fn class_of(method: &str) -> &str {
    method.split('.').next().unwrap()
}

pub(crate) fn token(events: &[Event]) -> ReplyToken {
    let token = |event: &Event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    };
    events.iter().find_map(token).unwrap()
}

fn log_in(server: &mut Connection, state: &str) {
    // Announces what a server's own methods need.
    let capabilities = [
        &b"\x12connection.blockedt\x01"[..],
        b"\x16consumer_cancel_notifyt\x01",
        b"\x0Abasic.nackt\x01",
    ]
    .concat();
    let properties = [&b"\x0CcapabilitiesF"[..], &long(&capabilities)].concat();
    let parts = [&long(&properties)[..], &short(START_OK.0), &long(START_OK.1), &short("en_US")];
    feed(server, &method(0, 10, 11, &parts.concat()));
    events(server);
    match state {
        "login" => return,
        "secure" => return server.decide(Decision::Challenge(b"?")).unwrap(),
        _ => server.decide(Decision::Accept).unwrap(),
    }
    if state == "tune" {
        return;
    }
    feed(server, &tune_ok(2047, 131_072, 60));
    events(server);
    if state == "opening" {
        return;
    }
    feed(server, &open("/"));
    events(server);
    if state == "host" {
        return;
    }
    server.decide(Decision::Accept).unwrap();
    events(server);
    if state == "unopened" {
        return;
    }
    feed(server, &[channel_open(1), consume(1, "c", false)].concat());
    events(server);
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    one(server).deliver(&deliver, Properties::EMPTY, "").unwrap();
    serve(server, state);
    events(server);
}

fn serve(server: &mut Connection, state: &str) {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    match state {
        "asking" => {
            one(server).call(&channel::Flow { active: true }).unwrap();
            let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
            one(server).call(&cancel).unwrap();
        }
        "header-due" => feed(server, &publish(1, "k")),
        "body-due" => feed(server, &[publish(1, "k"), header(1, 3, BARE)].concat()),
        "sending" => drop(one(server).start_deliver(&deliver, Properties::EMPTY, 3).unwrap()),
        "stopped" => feed(server, &method(1, 20, 20, b"\0")),
        "confirming" => {
            let publish = [publish(1, "k"), header(1, 0, BARE)].concat();
            feed(server, &[method(1, 85, 10, b"\x01"), publish].concat());
        }
        "transacted" => {
            feed(server, &method(1, 90, 10, b""));
            for event in events(server) {
                let Event::Request { token: Some(token), .. } = event else { continue };
                one(server).reply(token, &tx::SelectOk).unwrap();
            }
        }
        "draining" => {
            one(server).start_deliver(&deliver, Properties::EMPTY, 3).unwrap();
            feed(server, &channel_close(1, 404, ""));
        }
        _ => leave(server, state),
    }
}

pub(crate) fn one(connection: &mut Connection) -> Channel<'_> {
    connection.channel(ONE).unwrap()
}
