//! The public command that sends each method, where there is one.

use amqp_proto::protocol::{
    Notice, Properties, Reply, ReplyCode, Request, access, basic, channel, confirm, exchange,
    queue, tx,
};
use amqp_proto::{Connection, ReplyToken, UsageError};

use crate::common::T0;
use crate::states::ONE;

struct Sender<'a> {
    connection: &'a mut Connection,
    token: ReplyToken,
}

type Sent = Option<Result<(), UsageError>>;

impl Sender<'_> {
    fn call(&mut self, method: &impl Request) -> Sent {
        Some(self.connection.channel(ONE).and_then(|mut on| on.call(method).map(drop)))
    }

    fn send(&mut self, method: &impl Notice) -> Sent {
        Some(self.connection.channel(ONE).and_then(|mut on| on.send(method)))
    }

    fn reply(&mut self, method: &impl Reply) -> Sent {
        let token = self.token;
        Some(self.connection.channel(ONE).and_then(|mut on| on.reply(token, method)))
    }
}

/// `None`: the engine alone sends it, or nobody can.
pub(crate) fn command(connection: &mut Connection, token: ReplyToken, method: &str) -> Sent {
    let mut to = Sender { connection, token };
    let (q, x, new) = ("q".into(), "x".into(), "new".into());
    match method {
        "connection.close" => Some(to.connection.close(T0, ReplyCode::REPLY_SUCCESS, "")),
        "connection.blocked" => Some(to.connection.block("memory")),
        "connection.unblocked" => Some(to.connection.unblock()),
        "connection.redirect" => Some(to.connection.redirect("host")),
        "connection.update-secret" => Some(to.connection.update_secret(b"token", "").map(drop)),
        "channel.open" => Some(to.connection.open_channel_number(ONE)),
        "channel.flow" => to.call(&channel::Flow { active: true }),
        "channel.close" => {
            let mut on = match to.connection.channel(ONE) {
                Ok(on) => on,
                Err(refused) => return Some(Err(refused)),
            };
            Some(on.close(ReplyCode::REPLY_SUCCESS, ""))
        }
        "access.request" => to.call(&access::Request::default()),
        "access.request-ok" => to.reply(&access::RequestOk::default()),
        "exchange.declare" => to.call(&exchange::Declare { exchange: x, ..Default::default() }),
        "exchange.declare-ok" => to.reply(&exchange::DeclareOk),
        "exchange.delete" => to.call(&exchange::Delete { exchange: x, ..Default::default() }),
        "exchange.delete-ok" => to.reply(&exchange::DeleteOk),
        "exchange.bound" => to.call(&exchange::Bound { exchange: x, ..Default::default() }),
        "exchange.bound-ok" => to.reply(&exchange::BoundOk::default()),
        "exchange.bind" => to.call(&exchange::Bind { source: x, ..Default::default() }),
        "exchange.bind-ok" => to.reply(&exchange::BindOk),
        "exchange.unbind" => to.call(&exchange::Unbind { source: x, ..Default::default() }),
        "exchange.unbind-ok" => to.reply(&exchange::UnbindOk),
        "queue.declare" => to.call(&queue::Declare { queue: q, ..Default::default() }),
        "queue.declare-ok" => to.reply(&queue::DeclareOk { queue: q, ..Default::default() }),
        "queue.bind" => to.call(&queue::Bind { queue: q, ..Default::default() }),
        "queue.bind-ok" => to.reply(&queue::BindOk),
        "queue.purge" => to.call(&queue::Purge { queue: q, ..Default::default() }),
        "queue.purge-ok" => to.reply(&queue::PurgeOk::default()),
        "queue.delete" => to.call(&queue::Delete { queue: q, ..Default::default() }),
        "queue.delete-ok" => to.reply(&queue::DeleteOk::default()),
        "queue.unbind" => to.call(&queue::Unbind { queue: q, ..Default::default() }),
        "queue.unbind-ok" => to.reply(&queue::UnbindOk),
        "basic.qos" => to.call(&basic::Qos::default()),
        "basic.qos-ok" => to.reply(&basic::QosOk),
        "basic.consume" => {
            to.call(&basic::Consume { queue: q, consumer_tag: new, ..Default::default() })
        }
        "basic.consume-ok" => to.reply(&basic::ConsumeOk { consumer_tag: new }),
        "basic.cancel" => to.call(&basic::Cancel { consumer_tag: "c".into(), no_wait: false }),
        "basic.cancel-ok" => to.reply(&basic::CancelOk { consumer_tag: "c".into() }),
        "basic.get" => to.call(&basic::Get { queue: q, ..Default::default() }),
        "basic.get-empty" => to.reply(&basic::GetEmpty::default()),
        "basic.ack" => to.send(&basic::Ack { delivery_tag: 1, multiple: false }),
        "basic.reject" => to.send(&basic::Reject { delivery_tag: 1, requeue: true }),
        "basic.recover-async" => to.send(&basic::RecoverAsync { requeue: true }),
        "basic.recover" => to.call(&basic::Recover { requeue: true }),
        "basic.recover-ok" => to.reply(&basic::RecoverOk),
        "basic.nack" => to.send(&basic::Nack { delivery_tag: 1, multiple: false, requeue: true }),
        "confirm.select" => to.call(&confirm::Select::default()),
        "confirm.select-ok" => to.reply(&confirm::SelectOk),
        "tx.select" => to.call(&tx::Select),
        "tx.select-ok" => to.reply(&tx::SelectOk),
        "tx.commit" => to.call(&tx::Commit),
        "tx.commit-ok" => to.reply(&tx::CommitOk),
        "tx.rollback" => to.call(&tx::Rollback),
        "tx.rollback-ok" => to.reply(&tx::RollbackOk),
        _ => content(to.connection, token, method),
    }
}

fn content(connection: &mut Connection, token: ReplyToken, method: &str) -> Sent {
    let is_content =
        ["basic.publish", "basic.return", "basic.deliver", "basic.get-ok", "frame.body"];
    if !is_content.contains(&method) {
        return None;
    }
    let mut on = match connection.channel(ONE) {
        Ok(on) => on,
        Err(refused) => return Some(Err(refused)),
    };
    let none = Properties::EMPTY;
    Some(match method {
        "basic.publish" => on.publish(&basic::Publish::default(), none, "").map(drop),
        "basic.return" => on.return_message(&basic::Return::default(), none, ""),
        "basic.deliver" => {
            let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
            on.deliver(&deliver, none, "").map(drop)
        }
        "basic.get-ok" => on.get_ok(token, &basic::GetOk::default(), none, "").map(drop),
        _ => on.send_body("abc"),
    })
}
