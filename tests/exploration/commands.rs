//! The commands of the application, and what it remembers of them.

use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, Request, basic, confirm, queue, tx};
use amqp_proto::{ChannelId, Decision, Phase, PublishSeq, RequestId, Side, UsageError};
use bytes::Bytes;

use crate::steps::{LARGE, ONE, Result};
use crate::told::{Question, Stage, settle};
use crate::world::World;

impl World {
    pub(super) fn open_channel(&mut self) -> Result {
        let number = usize::from(self.connection.open_channel()?.number());
        let known = &mut self.told.channels[number];
        assert_eq!(known.stage, Stage::Absent, "invariant 5: number {number} is in use");
        known.stage = Stage::Opening;
        self.tags[number] = 0;
        self.written.channels[number].begin();
        Ok(())
    }

    pub(super) fn decide(&mut self) -> Result {
        let decision = match self.told.question {
            Some(Question::Challenge) => Decision::Respond(b"that"),
            _ => Decision::Accept,
        };
        self.connection.decide(decision)?;
        self.told.question = None;
        Ok(())
    }

    pub(super) fn challenge(&mut self) -> Result {
        self.connection.decide(Decision::Challenge(b"what?"))?;
        self.told.question = None;
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result {
        let tell = self.connection.phase() >= Phase::Opening;
        self.connection.close(self.now, ReplyCode::REPLY_SUCCESS, "bye")?;
        self.told.question = None;
        if tell {
            self.close_due = Some(true);
        }
        Ok(())
    }

    pub(super) fn close_channel(&mut self, number: u16) -> Result {
        let id = ChannelId::new(number).unwrap();
        self.connection.channel(id)?.close(ReplyCode::REPLY_SUCCESS, "bye")?;
        self.closing(usize::from(number));
        Ok(())
    }

    fn closing(&mut self, number: usize) {
        self.told.closing(number);
        self.written.channels[number].current().close_due = true;
    }

    pub(super) fn call<M: Request>(&mut self, method: &M) -> Result {
        let request: Option<RequestId> = self.connection.channel(ONE)?.call(method)?;
        assert_eq!(request.is_none(), method.no_wait());
        self.told.channels[1].requests.extend(request);
        self.told.channels[1].asked(M::KIND);
        Ok(())
    }

    pub(super) fn select(&mut self) -> Result {
        self.call(&confirm::Select { no_wait: false })?;
        self.told.channels[1].confirms = true;
        Ok(())
    }

    /// A content, whole or without its body.
    pub(super) fn content(&mut self, begun: Option<u64>) -> Result {
        let mut channel = self.connection.channel(ONE)?;
        let (nothing, large) = (Properties::EMPTY, Bytes::from_static(LARGE));
        if self.told.side == Side::Client {
            let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
            let number = match begun {
                Some(size) => channel.start_publish(&publish, nothing, size)?,
                None => channel.publish(&publish, nothing, large)?,
            };
            self.published(number);
        } else {
            let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
            let tag = match begun {
                Some(size) => channel.start_deliver(&deliver, nothing, size)?,
                None => channel.deliver(&deliver, nothing, large)?,
            };
            self.delivered(tag);
        }
        self.told.channels[1].missing = begun;
        Ok(())
    }

    fn delivered(&mut self, tag: u64) {
        let known = &mut self.told.channels[1];
        known.delivered += 1;
        known.unacked.push(tag);
        assert_eq!(tag, known.delivered, "the number of a delivery");
    }

    fn published(&mut self, number: PublishSeq) {
        let known = &mut self.told.channels[1];
        if known.confirms {
            known.published += 1;
            known.unconfirmed.push(number.number());
        }
        assert_eq!(number.number(), known.published, "the number of a publish");
    }

    pub(super) fn send_body(&mut self, len: usize) -> Result {
        self.connection.channel(ONE)?.send_body(&LARGE[..len])?;
        let missing = &mut self.told.channels[1].missing;
        let left = missing.expect("no content is open") - len as u64;
        *missing = (left > 0).then_some(left);
        Ok(())
    }

    /// Replies to the oldest request.
    pub(super) fn reply(&mut self) -> Result {
        let owed = self.told.channels[1].owed.front().copied();
        let mut channel = self.connection.channel(ONE)?;
        let Some((token, kind)) = owed else {
            return Err(UsageError::NotOldestRequest { channel: 1 });
        };
        match kind {
            MethodKind::QueueDeclare => {
                channel.reply(token, &queue::DeclareOk::default())?;
            }
            MethodKind::BasicConsume => {
                channel.reply(token, &basic::ConsumeOk { consumer_tag: "c".into() })?;
            }
            MethodKind::BasicGet => {
                let tag =
                    channel.get_ok(token, &basic::GetOk::default(), Properties::EMPTY, b"got")?;
                self.delivered(tag);
            }
            MethodKind::ConfirmSelect => {
                channel.reply(token, &confirm::SelectOk)?;
            }
            MethodKind::TxSelect => {
                channel.reply(token, &tx::SelectOk)?;
            }
            MethodKind::TxCommit => {
                channel.reply(token, &tx::CommitOk)?;
            }
            _ => panic!("a request that the alphabet lacks: {kind}"),
        }
        self.told.channels[1].owed.pop_front();
        Ok(())
    }

    pub(super) fn fail(&mut self) -> Result {
        let owed = self.told.channels[1].owed.front().copied();
        let mut channel = self.connection.channel(ONE)?;
        let Some((token, _)) = owed else {
            return Err(UsageError::NotOldestRequest { channel: 1 });
        };
        channel.fail(token, ReplyCode::NOT_FOUND, "no")?;
        self.closing(1);
        Ok(())
    }

    /// Acknowledges the oldest, or all where there is none, or something that isn't there.
    pub(super) fn ack(&mut self, unknown: bool) -> Result {
        let known = &mut self.told.channels[1];
        let waiting = match self.told.side {
            Side::Client => &known.unacked,
            _ => &known.to_confirm,
        };
        let delivery_tag = if unknown { 99 } else { waiting.first().copied().unwrap_or(0) };
        let multiple = delivery_tag == 0;
        self.connection.channel(ONE)?.send(&basic::Ack { delivery_tag, multiple })?;
        match self.told.side {
            Side::Client => known.settle(delivery_tag, multiple),
            _ => settle(&mut known.to_confirm, delivery_tag, multiple),
        }
        Ok(())
    }
}
