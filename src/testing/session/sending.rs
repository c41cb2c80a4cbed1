//! What an application does on one channel, and what it remembers of it.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::protocol::{Method, Properties, ReplyCode, basic, queue};
use crate::{Channel, Payload, PreparedPublish, Side, UsageError};

use super::channel::KnownChannel;
use super::command::{Answer, Message, Sending};
use super::mail::{Letter, Mail};
use super::{Finding, call};

/// The largest body that is sent, in octets.
const LARGEST: u32 = 1_000_000;

/// The most octets of a body that are sent at a time.
const MOST: u64 = 190_000;

/// What was refused, and what should not have happened.
type Outcome = Result<Result<(), UsageError>, Finding>;

impl KnownChannel {
    /// Takes note of the number of a content: of a delivery to ack, or a publish to confirm.
    pub(super) fn note(
        &mut self,
        side: Side,
        method: Method<'_>,
        publish: Option<u64>,
    ) -> Result<(), Finding> {
        let number = match method {
            Method::BasicDeliver(deliver) => deliver.delivery_tag,
            Method::BasicGetOk(get_ok) => get_ok.delivery_tag,
            Method::BasicPublish(_) if side == Side::Server => match publish {
                Some(number) => number,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        if self.to_settle.insert(number) {
            return Ok(());
        }
        Err(Finding::NumberTwice { channel: self.id, number })
    }

    /// Sends a content, or begins it.
    pub(super) fn send(
        &mut self,
        channel: &mut Channel<'_>,
        side: Side,
        message: &Message,
        mail: &mut Mail,
    ) -> Outcome {
        let size = u64::from(message.size.min(LARGEST));
        let letter = mail.letter(&message.properties, size);
        let body =
            if message.how == Sending::Begun { Bytes::new() } else { letter.body(0, size).into() };
        let payload = match message.how {
            Sending::Shared => Payload::from(body.clone()),
            _ => Payload::from(&body[..]),
        };
        let properties = letter.properties();
        let sent = match (side, message.how) {
            (_, Sending::Returned) => {
                channel.return_message(&basic::Return::default(), properties, payload).map(|()| 0)
            }
            (Side::Server, how) => {
                let place = usize::try_from(size).unwrap_or(0).checked_rem(self.consumers.len());
                let tag = place.and_then(|place| self.consumers.get(place));
                let consumer_tag = tag.map_or(&b"unknown"[..], Vec::as_slice).into();
                let deliver = basic::Deliver { consumer_tag, ..Default::default() };
                match how {
                    Sending::Begun => channel.start_deliver(&deliver, properties, size),
                    _ => channel.deliver(&deliver, properties, payload),
                }
                .map(|_| 0)
            }
            (Side::Client, how) => {
                // Some of them may come back.
                let mandatory = size % 2 == 1;
                let publish =
                    basic::Publish { routing_key: "key".into(), mandatory, ..Default::default() };
                match how {
                    Sending::Begun => channel.start_publish(&publish, properties, size),
                    Sending::Prepared => match PreparedPublish::new(&publish, properties) {
                        Ok(prepared) => channel.publish_prepared(&prepared, payload),
                        Err(error) => Err(error.into()),
                    },
                    _ => channel.publish(&publish, properties, payload),
                }
                .map(|number| number.number())
            }
        };
        let number = match sent {
            Ok(number) => number,
            Err(refused) => return Ok(Err(refused)),
        };
        if number > 0 && !self.unconfirmed.insert(number) {
            return Err(Finding::NumberTwice { channel: self.id, number });
        }
        mail.post(side, self.id, self.opening, letter.clone());
        if message.how == Sending::Begun && size > 0 {
            self.sending = Some((letter, 0));
        }
        Ok(Ok(()))
    }

    /// Sends the next octets of the content that is open.
    pub(super) fn send_body(
        &mut self,
        channel: &mut Channel<'_>,
        size: u64,
    ) -> Result<(), UsageError> {
        let Some((letter, sent)) = &mut self.sending else { return channel.send_body(&b"x"[..]) };
        let missing = letter.size() - *sent;
        // One more than there is, is worth a try too.
        let size = if size > MOST { missing + 1 } else { size.min(missing) };
        channel.send_body(letter.body(*sent, size))?;
        *sent += size;
        if *sent == letter.size() {
            self.sending = None;
        }
        Ok(())
    }

    /// Answers a request of the peer.
    pub(super) fn answer(
        &mut self,
        channel: &mut Channel<'_>,
        side: Side,
        place: usize,
        how: Answer,
        made: &str,
        mail: &mut Mail,
    ) -> Outcome {
        let Some((token, request)) = self.owed.get(place) else { return Ok(Ok(())) };
        let (token, method) = (*token, request.method());
        let answered = match (how, method) {
            (Answer::Fail, _) => channel.fail(token, ReplyCode::NOT_FOUND, "no"),
            (Answer::Wrong, Method::QueuePurge(_)) => channel.reply(token, &queue::BindOk),
            (Answer::Wrong, _) => channel.reply(token, &queue::PurgeOk::default()),
            (Answer::Message(size), Method::BasicGet(_)) => {
                let letter: Letter = mail.letter(&Default::default(), u64::from(size));
                let body = letter.body(0, letter.size());
                let get_ok = basic::GetOk::default();
                let sent = channel.get_ok(token, &get_ok, Properties::EMPTY, &body);
                if sent.is_ok() {
                    mail.post(side, self.id, self.opening, letter);
                }
                sent.map(drop)
            }
            (_, method) => match call::reply(channel, token, &method, made) {
                Some(answered) => answered,
                None => return Ok(Ok(())),
            },
        };
        if let Err(refused) = answered {
            return Ok(Err(refused));
        }
        if how == Answer::Wrong || place > 0 {
            return Err(Finding::Accepted { what: "a reply that isn't the next one" });
        }
        match method {
            Method::BasicConsume(consume) if how != Answer::Fail => {
                let tag = consume.consumer_tag;
                let tag = if tag.is_empty() { made.as_bytes() } else { tag.as_octets() };
                self.consumers.push(tag.to_vec());
            }
            Method::BasicCancel(cancel) => {
                self.consumers.retain(|tag| tag != cancel.consumer_tag.as_octets());
            }
            _ => {}
        }
        // Refused requests take those behind them along.
        if how == Answer::Fail {
            self.owed.clear();
        } else {
            self.owed.remove(place);
        }
        Ok(Ok(()))
    }
}
