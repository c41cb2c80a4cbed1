//! Every request on a channel with the reply to it, as they are called and as they are written.

use amqp_proto::protocol::{
    MethodKind, Properties, basic, channel as channels, confirm, exchange, queue, tx,
};
use amqp_proto::{Channel, Event, MethodEvent, ReplyToken, RequestId, UsageError};

use crate::common::*;
use crate::end::End;

/// Class, method and arguments.
type Spelled = (u16, u16, &'static [u8]);

pub(crate) struct Exchange {
    pub(crate) name: &'static str,
    pub(crate) reply_name: &'static str,
    pub(crate) request: Spelled,
    /// The bit that wants no reply, and how many octets of arguments follow the octet that it is in.
    pub(crate) no_wait: Option<(u8, usize)>,
    pub(crate) reply: Spelled,
    pub(crate) ask: fn(&mut Channel<'_>, bool) -> Result<Option<RequestId>, UsageError>,
    pub(crate) answer: fn(&mut Channel<'_>, ReplyToken) -> Result<(), UsageError>,
}

impl Exchange {
    pub(crate) fn request(&self) -> Vec<u8> {
        let (class_id, method_id, arguments) = self.request;
        method(1, class_id, method_id, arguments)
    }

    /// The request that wants no reply.
    pub(crate) fn request_without_reply(&self) -> Vec<u8> {
        let (class_id, method_id, arguments) = self.request;
        let (bit, behind) = self.no_wait.unwrap();
        let mut arguments = arguments.to_vec();
        let place = arguments.len() - 1 - behind;
        arguments[place] |= bit;
        method(1, class_id, method_id, &arguments)
    }

    pub(crate) fn reply(&self) -> Vec<u8> {
        let (class_id, method_id, arguments) = self.reply;
        let mut octets = method(1, class_id, method_id, arguments);
        if self.reply_name == "basic.get-ok" {
            octets.extend(header(1, 0, BARE));
        }
        octets
    }

    /// A client that can ask this on channel 1.
    pub(crate) fn client(&self) -> End {
        let mut end = End::client_channel();
        if self.ends_a_transaction() {
            end.channel().call(&tx::Select).unwrap();
            end.takes(&method(1, 90, 11, b""));
            end.sent();
        }
        end
    }

    /// A server that can be asked this on channel 1.
    pub(crate) fn server(&self) -> End {
        let mut end = End::server_channel();
        if self.ends_a_transaction() {
            let to = token(&end.takes(&method(1, 90, 10, b"")));
            end.channel().reply(to, &tx::SelectOk).unwrap();
            end.sent();
        }
        end
    }

    fn ends_a_transaction(&self) -> bool {
        ["tx.commit", "tx.rollback"].contains(&self.name)
    }
}

/// Calls what stands here under this name.
pub(crate) fn call(end: &mut End, name: &str) -> RequestId {
    let exchange = EXCHANGES.iter().find(|exchange| exchange.name == name).unwrap();
    (exchange.ask)(&mut end.channel(), false).unwrap().unwrap()
}

/// Those that can be asked without a reply.
pub(crate) fn without_reply() -> impl Iterator<Item = &'static Exchange> {
    EXCHANGES.iter().filter(|exchange| exchange.no_wait.is_some())
}

/// The only event is a request, and it wants a reply.
pub(crate) fn token(events: &[Event]) -> ReplyToken {
    let [Event::Request { token: Some(token), .. }] = events else { panic!("{:?}", lines(events)) };
    *token
}

/// The requests among these that want a reply.
pub(crate) fn tokens(events: &[Event]) -> Vec<ReplyToken> {
    let token = |event: &Event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    };
    events.iter().filter_map(token).collect()
}

/// The only event is a request, and it wants no reply.
pub(crate) fn asked_without_reply(events: &[Event]) -> &MethodEvent {
    let [Event::Request { token: None, method }] = events else { panic!("{:?}", lines(events)) };
    method
}

/// The requests that these replies answer.
pub(crate) fn answered(events: &[Event]) -> Vec<RequestId> {
    let request = |event: &Event| match event {
        Event::Reply { request, .. } => Some(*request),
        Event::Content(content) if content.kind() == MethodKind::BasicGetOk => content.request(),
        _ => None,
    };
    events.iter().filter_map(request).collect()
}

/// The requests of which these tell that they will have no reply.
pub(crate) fn failed(events: &[Event]) -> Vec<RequestId> {
    let request = |event: &Event| match event {
        Event::RequestFailed { request, .. } => Some(*request),
        _ => None,
    };
    events.iter().filter_map(request).collect()
}

/// channel.flow and its reply, which the engine gives by itself.
pub(crate) fn flow(active: bool) -> Vec<u8> {
    method(1, 20, 20, &[active.into()])
}

pub(crate) fn flow_ok(active: bool) -> Vec<u8> {
    method(1, 20, 21, &[active.into()])
}

pub(crate) const FLOW: channels::Flow = channels::Flow { active: true };

pub(crate) fn cancel(consumer_tag: &str, no_wait: bool) -> Vec<u8> {
    method(1, 60, 30, &[&short(consumer_tag)[..], &[no_wait.into()]].concat())
}

pub(crate) fn cancel_ok(consumer_tag: &str) -> Vec<u8> {
    method(1, 60, 31, &short(consumer_tag))
}

/// basic.get has two replies, so it stands here twice.
pub(crate) const EXCHANGES: &[Exchange] = &[
    Exchange {
        name: "exchange.declare",
        reply_name: "exchange.declare-ok",
        request: (40, 10, b"\0\0\x01e\x06direct\0\0\0\0\0"),
        no_wait: Some((0x10, 4)),
        reply: (40, 11, b""),
        ask: |channel, no_wait| {
            let (exchange, r#type) = ("e".into(), "direct".into());
            channel.call(&exchange::Declare { exchange, r#type, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &exchange::DeclareOk),
    },
    Exchange {
        name: "exchange.delete",
        reply_name: "exchange.delete-ok",
        request: (40, 20, b"\0\0\x01e\0"),
        no_wait: Some((0x02, 0)),
        reply: (40, 21, b""),
        ask: |channel, no_wait| {
            let exchange = "e".into();
            channel.call(&exchange::Delete { exchange, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &exchange::DeleteOk),
    },
    Exchange {
        name: "exchange.bind",
        reply_name: "exchange.bind-ok",
        request: (40, 30, b"\0\0\x01d\x01s\0\0\0\0\0\0"),
        no_wait: Some((0x01, 4)),
        reply: (40, 31, b""),
        ask: |channel, no_wait| {
            let (destination, source) = ("d".into(), "s".into());
            channel.call(&exchange::Bind { destination, source, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &exchange::BindOk),
    },
    Exchange {
        name: "exchange.unbind",
        reply_name: "exchange.unbind-ok",
        request: (40, 40, b"\0\0\x01d\x01s\0\0\0\0\0\0"),
        no_wait: Some((0x01, 4)),
        reply: (40, 51, b""),
        ask: |channel, no_wait| {
            let (destination, source) = ("d".into(), "s".into());
            channel.call(&exchange::Unbind { destination, source, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &exchange::UnbindOk),
    },
    Exchange {
        name: "queue.declare",
        reply_name: "queue.declare-ok",
        request: (50, 10, b"\0\0\x01q\0\0\0\0\0"),
        no_wait: Some((0x10, 4)),
        reply: (50, 11, b"\x01q\0\0\0\0\0\0\0\0"),
        ask: |channel, no_wait| {
            channel.call(&queue::Declare { queue: "q".into(), no_wait, ..Default::default() })
        },
        answer: |channel, to| {
            channel.reply(to, &queue::DeclareOk { queue: "q".into(), ..Default::default() })
        },
    },
    Exchange {
        name: "queue.bind",
        reply_name: "queue.bind-ok",
        request: (50, 20, b"\0\0\x01q\x01e\0\0\0\0\0\0"),
        no_wait: Some((0x01, 4)),
        reply: (50, 21, b""),
        ask: |channel, no_wait| {
            let (queue, exchange) = ("q".into(), "e".into());
            channel.call(&queue::Bind { queue, exchange, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &queue::BindOk),
    },
    Exchange {
        name: "queue.unbind",
        reply_name: "queue.unbind-ok",
        request: (50, 50, b"\0\0\x01q\x01e\0\0\0\0\0"),
        no_wait: None,
        reply: (50, 51, b""),
        ask: |channel, _| {
            let (queue, exchange) = ("q".into(), "e".into());
            channel.call(&queue::Unbind { queue, exchange, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &queue::UnbindOk),
    },
    Exchange {
        name: "queue.purge",
        reply_name: "queue.purge-ok",
        request: (50, 30, b"\0\0\x01q\0"),
        no_wait: Some((0x01, 0)),
        reply: (50, 31, b"\0\0\0\x07"),
        ask: |channel, no_wait| {
            channel.call(&queue::Purge { queue: "q".into(), no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &queue::PurgeOk { message_count: 7 }),
    },
    Exchange {
        name: "queue.delete",
        reply_name: "queue.delete-ok",
        request: (50, 40, b"\0\0\x01q\0"),
        no_wait: Some((0x04, 0)),
        reply: (50, 41, b"\0\0\0\x08"),
        ask: |channel, no_wait| {
            channel.call(&queue::Delete { queue: "q".into(), no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &queue::DeleteOk { message_count: 8 }),
    },
    Exchange {
        name: "basic.qos",
        reply_name: "basic.qos-ok",
        request: (60, 10, b"\0\0\0\0\0\x05\0"),
        no_wait: None,
        reply: (60, 11, b""),
        ask: |channel, _| channel.call(&basic::Qos { prefetch_count: 5, ..Default::default() }),
        answer: |channel, to| channel.reply(to, &basic::QosOk),
    },
    Exchange {
        name: "basic.consume",
        reply_name: "basic.consume-ok",
        request: (60, 20, b"\0\0\x01q\x01c\0\0\0\0\0"),
        no_wait: Some((0x08, 4)),
        reply: (60, 21, b"\x01c"),
        ask: |channel, no_wait| {
            let (queue, consumer_tag) = ("q".into(), "c".into());
            channel.call(&basic::Consume { queue, consumer_tag, no_wait, ..Default::default() })
        },
        answer: |channel, to| channel.reply(to, &basic::ConsumeOk { consumer_tag: "c".into() }),
    },
    Exchange {
        name: "basic.cancel",
        reply_name: "basic.cancel-ok",
        request: (60, 30, b"\x01c\0"),
        no_wait: Some((0x01, 0)),
        reply: (60, 31, b"\x01c"),
        ask: |channel, no_wait| channel.call(&basic::Cancel { consumer_tag: "c".into(), no_wait }),
        answer: |channel, to| channel.reply(to, &basic::CancelOk { consumer_tag: "c".into() }),
    },
    Exchange {
        name: "basic.get",
        reply_name: "basic.get-ok",
        request: (60, 70, b"\0\0\x01q\0"),
        no_wait: None,
        reply: (60, 71, b"\0\0\0\0\0\0\0\x01\0\0\x01q\0\0\0\0"),
        ask: |channel, _| channel.call(&basic::Get { queue: "q".into(), ..Default::default() }),
        answer: |channel, to| {
            let get_ok = basic::GetOk { routing_key: "q".into(), ..Default::default() };
            channel.get_ok(to, &get_ok, Properties::EMPTY, "").map(drop)
        },
    },
    Exchange {
        name: "basic.get",
        reply_name: "basic.get-empty",
        request: (60, 70, b"\0\0\x01q\0"),
        no_wait: None,
        reply: (60, 72, b"\0"),
        ask: |channel, _| channel.call(&basic::Get { queue: "q".into(), ..Default::default() }),
        answer: |channel, to| channel.reply(to, &basic::GetEmpty::default()),
    },
    Exchange {
        name: "basic.recover",
        reply_name: "basic.recover-ok",
        request: (60, 110, b"\x01"),
        no_wait: None,
        reply: (60, 111, b""),
        ask: |channel, _| channel.call(&basic::Recover { requeue: true }),
        answer: |channel, to| channel.reply(to, &basic::RecoverOk),
    },
    Exchange {
        name: "confirm.select",
        reply_name: "confirm.select-ok",
        request: (85, 10, b"\0"),
        no_wait: Some((0x01, 0)),
        reply: (85, 11, b""),
        ask: |channel, no_wait| channel.call(&confirm::Select { no_wait }),
        answer: |channel, to| channel.reply(to, &confirm::SelectOk),
    },
    Exchange {
        name: "tx.select",
        reply_name: "tx.select-ok",
        request: (90, 10, b""),
        no_wait: None,
        reply: (90, 11, b""),
        ask: |channel, _| channel.call(&tx::Select),
        answer: |channel, to| channel.reply(to, &tx::SelectOk),
    },
    Exchange {
        name: "tx.commit",
        reply_name: "tx.commit-ok",
        request: (90, 20, b""),
        no_wait: None,
        reply: (90, 21, b""),
        ask: |channel, _| channel.call(&tx::Commit),
        answer: |channel, to| channel.reply(to, &tx::CommitOk),
    },
    Exchange {
        name: "tx.rollback",
        reply_name: "tx.rollback-ok",
        request: (90, 30, b""),
        no_wait: None,
        reply: (90, 31, b""),
        ask: |channel, _| channel.call(&tx::Rollback),
        answer: |channel, to| channel.reply(to, &tx::RollbackOk),
    },
];
