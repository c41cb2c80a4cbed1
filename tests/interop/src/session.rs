//! What tests do with a connection again and again.

use std::time::Instant;

use amqp_proto::frame::{FrameType, RawFrame};
use amqp_proto::protocol::{
    AsMethod, Method, MethodKind, Properties, ReplyCode, Request, basic, channel, queue as queues,
};
use amqp_proto::{
    Channel, ChannelId, CloseDetail, CloseReason, Content, Event, Initiator, MethodEvent,
    PublishSeq, RequestId, UsageError,
};

use crate::{Client, PATIENCE};

/// Declares an exclusive queue with this name.
pub fn declare(queue: &str) -> queues::Declare<'_> {
    queues::Declare { queue: queue.into(), exclusive: true, ..Default::default() }
}

/// Consumes from this queue under a tag of the same name.
pub fn consume(queue: &str) -> basic::Consume<'_> {
    basic::Consume { queue: queue.into(), consumer_tag: queue.into(), ..Default::default() }
}

/// Publishes to the default exchange.
pub fn key(queue: &str) -> basic::Publish<'_> {
    basic::Publish { routing_key: queue.into(), ..Default::default() }
}

/// This many octets, no two neighbours alike.
pub fn octets(count: usize) -> Vec<u8> {
    (0_u8..251).cycle().take(count).collect()
}

impl Client {
    /// Opens a channel and waits for it.
    #[track_caller]
    pub fn open(&mut self) -> ChannelId {
        let id = self.retry(|client| client.amqp.open_channel());
        self.wait_for("an open channel", |event| {
            matches!(event, Event::ChannelOpened(opened) if *opened == id).then_some(())
        });
        id
    }

    /// Opens the channel with this number as soon as that is free, and waits for it.
    #[track_caller]
    pub fn retry_open(&mut self, id: ChannelId) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(refused) = self.amqp.open_channel_number(id) {
            assert!(matches!(refused, UsageError::ChannelPhase { .. }), "{refused}");
            assert!(Instant::now() < deadline, "channel {id} doesn't get free");
            self.drive(Instant::now());
        }
        self.wait_for("an open channel", |event| {
            matches!(event, Event::ChannelOpened(opened) if *opened == id).then_some(())
        });
    }

    /// The channel, to give commands to.
    #[track_caller]
    pub fn on(&mut self, id: ChannelId) -> Channel<'_> {
        self.amqp.channel(id).expect("the channel is open")
    }

    /// Sends a request and doesn't wait.
    #[track_caller]
    pub fn request(&mut self, id: ChannelId, method: &impl Request) -> RequestId {
        self.retry(|client| client.on(id).call(method)).expect("there will be a reply")
    }

    /// Sends a method that the engine refuses to send, since the broker would refuse to take it.
    #[track_caller]
    pub fn inject(&mut self, id: ChannelId, method: &impl AsMethod) {
        let (mut payload, mut octets) = (Vec::new(), Vec::new());
        method.encode(self.amqp.dialect(), &mut payload).expect("the method can be written");
        let frame =
            RawFrame { frame_type: FrameType::METHOD, channel: id.number(), payload: &payload };
        frame.encode(&mut octets).expect("the frame can be written");
        self.amqp.inject(&octets);
    }

    /// Sends a request that wants no reply.
    #[track_caller]
    pub fn no_wait(&mut self, id: ChannelId, method: &impl Request) {
        let request = self.on(id).call(method).expect("the request can be sent");
        assert_eq!(request, None, "a request without a reply has no id");
    }

    /// Sends a request and waits for its reply.
    #[track_caller]
    pub fn call(&mut self, id: ChannelId, method: &impl Request) -> MethodEvent {
        let request = self.request(id, method);
        self.reply(request)
    }

    /// Sends a request and waits for its reply, which must be of this kind.
    #[track_caller]
    pub fn ok(&mut self, id: ChannelId, method: &impl Request, expected: MethodKind) {
        let reply = self.call(id, method);
        assert_eq!((reply.kind(), reply.channel()), (expected, Some(id)), "{self:?}");
    }

    /// The reply to a request.
    #[track_caller]
    pub fn reply(&mut self, request: RequestId) -> MethodEvent {
        self.wait_for("the reply", |event| match event {
            Event::Reply { request: answered, method } if *answered == request => {
                Some(method.clone())
            }
            _ => None,
        })
    }

    /// Declares an exclusive queue and returns its name.
    #[track_caller]
    pub fn queue(&mut self, id: ChannelId) -> String {
        let reply = self.call(id, &declare(""));
        let Method::QueueDeclareOk(ok) = reply.method() else { panic!("{reply}") };
        ok.queue.to_string()
    }

    /// Waits until a queue has this many ready messages and consumers. RabbitMQ answers such a
    /// question ahead of publishes that came before it, so the first answer may be an old one.
    #[track_caller]
    pub fn await_count(&mut self, id: ChannelId, queue: &str, messages: u32, consumers: u32) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counted = self.count(id, queue);
            if counted == (messages, consumers) {
                return;
            }
            assert!(Instant::now() < deadline, "{counted:?} instead of {messages} and {consumers}");
        }
    }

    /// How many messages are ready in a queue, and how many consumers it has.
    #[track_caller]
    pub fn count(&mut self, id: ChannelId, queue: &str) -> (u32, u32) {
        let declare = queues::Declare { queue: queue.into(), passive: true, ..Default::default() };
        let reply = self.call(id, &declare);
        let Method::QueueDeclareOk(ok) = reply.method() else { panic!("{reply}") };
        assert_eq!(ok.queue, queue);
        (ok.message_count, ok.consumer_count)
    }

    /// Publishes to a queue.
    #[track_caller]
    pub fn publish(&mut self, id: ChannelId, queue: &str, body: &[u8]) -> PublishSeq {
        self.retry(|client| client.on(id).publish(&key(queue), Properties::default(), body))
    }

    /// Carries out a command again and again while the output is full.
    #[track_caller]
    pub fn retry<T>(&mut self, command: impl Fn(&mut Self) -> Result<T, UsageError>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match command(self) {
                Err(UsageError::Full { .. }) if Instant::now() < deadline => {
                    self.drive(Instant::now());
                }
                result => return result.expect("the command can be carried out"),
            }
        }
    }

    /// Gets a message without asking for an ack.
    #[track_caller]
    pub fn get(&mut self, id: ChannelId, queue: &str) -> Option<Content> {
        self.get_with(id, &basic::Get { queue: queue.into(), no_ack: true, ..Default::default() })
    }

    /// Gets a message.
    #[track_caller]
    pub fn get_with(&mut self, id: ChannelId, get: &basic::Get<'_>) -> Option<Content> {
        let request = self.request(id, get);
        self.wait_for("the reply to get", |event| match event {
            Event::Content(content) if content.request() == Some(request) => {
                Some(Some(content.clone()))
            }
            Event::Reply { request: answered, method } if *answered == request => {
                assert_eq!(method.kind(), MethodKind::BasicGetEmpty);
                Some(None)
            }
            _ => None,
        })
    }

    /// The next event, which must be a content of this kind.
    #[track_caller]
    pub fn content(&mut self, kind: MethodKind) -> Content {
        self.next("a content", |event| match event {
            Event::Content(content) if content.kind() == kind => Some(content.clone()),
            _ => None,
        })
    }

    /// The next event, which must be the end of this channel.
    #[track_caller]
    pub fn channel_closed(&mut self, id: ChannelId) -> CloseReason {
        self.next("the end of the channel", |event| match event {
            Event::ChannelClosed { channel, reason } if *channel == id => {
                Some(CloseReason::clone(reason))
            }
            _ => None,
        })
    }

    /// Shows that the channel still works.
    #[track_caller]
    pub fn check_alive(&mut self, id: ChannelId) {
        self.ok(id, &channel::Flow { active: true }, MethodKind::ChannelFlowOk);
    }

    /// Closes the connection in order; nothing unexpected may have come.
    #[track_caller]
    pub fn close(mut self) {
        let now = self.now();
        self.amqp.close(now, ReplyCode::REPLY_SUCCESS, "done").expect("it is open");
        let reason = self.closed();
        assert_eq!(reason.initiator, Initiator::Local, "{reason}");
        assert_eq!(reason.detail, CloseDetail::None, "{reason}");
    }
}
