//! What the program runs: a client and a server, from the protocol header to the closing handshake.

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::testing::Pair;
use amqp_proto::{ClientConfig, Event, Limits, ServerConfig};

/// Runs the exchange with the limits of a small device, or says what went wrong.
pub fn run() -> Result<(), &'static str> {
    let mut client = ClientConfig::plain("guest", "guest");
    client.limits = Limits::small();
    client.frame_max = 4096;
    let mut server = ServerConfig::default();
    server.limits = Limits::small();
    server.frame_max = 4096;
    let mut pair = Pair::connected_with(client, server);

    let id = pair.client.connection.open_channel().map_err(|_| "no channel was opened")?;
    let mut channel = pair.client.connection.channel(id).map_err(|_| "the channel is gone")?;
    let declare = queue::Declare { queue: "q".into(), ..Default::default() };
    channel.call(&declare).map_err(|_| "the queue was not declared")?;
    pair.drive();
    let token = pair.server.events.iter().find_map(|event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    });
    let token = token.ok_or("the server saw no request")?;
    let mut channel = pair.server.connection.channel(id).map_err(|_| "the channel is gone")?;
    let declare_ok = queue::DeclareOk { queue: "q".into(), ..Default::default() };
    channel.reply(token, &declare_ok).map_err(|_| "the reply was refused")?;
    pair.drive();
    if !pair.client.events.iter().any(|event| matches!(event, Event::Reply { .. })) {
        return Err("the client saw no reply");
    }

    let mut channel = pair.client.connection.channel(id).map_err(|_| "the channel is gone")?;
    let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
    channel
        .publish(&publish, Properties::default(), "hello")
        .map_err(|_| "the publish was refused")?;
    pair.drive();
    let body = pair.server.events.iter().find_map(|event| match event {
        Event::Content(content) => Some(content.share_body()),
        _ => None,
    });
    if body.as_deref() != Some(b"hello") {
        return Err("the body changed on its way");
    }

    let now = pair.now;
    let closed = pair.client.connection.close(now, ReplyCode::REPLY_SUCCESS, "done");
    closed.map_err(|_| "closing was refused")?;
    pair.drive();
    let is_last = |event: Option<&Event>| matches!(event, Some(Event::Closed(_)));
    if is_last(pair.client.events.back()) && is_last(pair.server.events.back()) {
        Ok(())
    } else {
        Err("the connection was not closed")
    }
}
