//! An application that remembers what it was told, and does what it owes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Buf;

use crate::error::UsageError;
use crate::protocol::{Method, ReplyCode, basic};
use crate::{
    ChannelId, Connection, Content, ContentStart, Decision, Event, Instant, Phase, RequestId, Side,
};

use super::Finding;
use super::call;
use super::channel::KnownChannel;
use super::command::{Answer, Command, Settling, Verdict};
use super::mail::Mail;

/// The mechanism whose challenges the applications think out.
pub(super) const OWN: &str = "OWN";
/// The challenges that a client goes along with by default.
const ROUNDS: u8 = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Application {
    channels: Vec<KnownChannel>,
    /// How often each number was opened.
    openings: BTreeMap<ChannelId, u32>,
    /// Requests of this side that have had no outcome.
    requests: BTreeSet<RequestId>,
    /// Something that only a decision lets go on.
    is_asked: Option<Question>,
    /// Challenges that the client still goes along with.
    rounds_left: u8,
    /// New secrets that were neither accepted nor refused.
    secrets: usize,
    /// Names that this side has made up.
    made: u64,
    ends: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// To be accepted, or refused.
    Consent,
    /// To be responded to.
    Challenge,
}

/// What was refused, and what should not have happened.
type Outcome = Result<Result<(), UsageError>, Finding>;

impl Application {
    /// Takes note of an event.
    pub(super) fn take(
        &mut self,
        side: Side,
        event: &Event,
        mail: &mut Mail,
    ) -> Result<(), Finding> {
        if self.ends > 0 {
            return Err(Finding::BehindTheEnd { side });
        }
        match event {
            Event::Credentials(login) => {
                self.is_asked = Some(Question::Consent);
                self.rounds_left = if login.mechanism() == OWN { ROUNDS } else { 0 };
            }
            Event::SaslResponse(_) => self.is_asked = Some(Question::Consent),
            Event::VirtualHost(_) => {
                self.is_asked = Some(Question::Consent);
                self.rounds_left = 0;
            }
            Event::Challenge(_) => self.is_asked = Some(Question::Challenge),
            Event::UpdateSecret(_) => self.secrets += 1,
            Event::Reply { request, .. } | Event::RequestFailed { request, .. } => {
                self.resolve(*request)?;
            }
            Event::Request { token, method } => {
                if let Some(id) = method.channel() {
                    let known = self.known(id)?;
                    match (token, method.method()) {
                        (Some(token), _) => known.owed.push_back((*token, method.to_detached())),
                        (None, Method::BasicConsume(consume)) => {
                            known.consumers.push(consume.consumer_tag.as_octets().to_vec());
                        }
                        _ => {}
                    }
                }
            }
            Event::Content(content) => self.take_content(side, content, mail)?,
            Event::ContentStart(start) => self.take_start(side, start, mail)?,
            Event::ContentPart(part) => {
                let known = self.known(part.channel)?;
                let what = Finding::OtherContent { channel: part.channel, what: "number" };
                let mut letter = known.receiving.take().ok_or(what)?;
                letter.read(part.channel, &part.octets)?;
                if part.last {
                    letter.end(part.channel)?;
                } else {
                    known.receiving = Some(letter);
                }
            }
            Event::Confirmed { channel, first, last, .. } => {
                let known = self.known(*channel)?;
                for number in first.number()..=last.number() {
                    if !known.unconfirmed.remove(&number) {
                        return Err(Finding::UnknownPublish { channel: *channel, number });
                    }
                }
            }
            // The client knows it already.
            Event::ChannelOpened(channel) if side == Side::Client => drop(self.known(*channel)?),
            Event::ChannelOpened(channel) => self.open(*channel)?,
            Event::ChannelClosed { channel, .. } => {
                if let Some(number) = self.known(*channel)?.unconfirmed.first() {
                    return Err(Finding::NoFate { channel: *channel, number: *number });
                }
                self.channels.retain(|known| known.id != *channel);
            }
            Event::Violation(violation) | Event::Irregular(violation) => {
                return Err(Finding::Violation { side, violation: violation.clone() });
            }
            Event::Closed(_) => {
                self.ends += 1;
                self.is_asked = None;
                if let Some(request) = self.requests.first() {
                    return Err(Finding::NoOutcome { request: *request });
                }
            }
            Event::Notice(_) | Event::Connected => {}
        }
        Ok(())
    }

    fn take_content(
        &mut self,
        side: Side,
        content: &Content,
        mail: &mut Mail,
    ) -> Result<(), Finding> {
        let id = content.channel();
        if let Some(request) = content.request() {
            self.resolve(request)?;
        }
        let known = self.known(id)?;
        let mut letter = mail.collect(side, id, known.opening, content.properties())?;
        letter.read(id, content.body())?;
        letter.end(id)?;
        known.note(side, content.method(), content.publish_seq().map(|seq| seq.number()))
    }

    fn take_start(
        &mut self,
        side: Side,
        start: &ContentStart,
        mail: &mut Mail,
    ) -> Result<(), Finding> {
        let id = start.channel();
        if let Some(request) = start.request() {
            self.resolve(request)?;
        }
        let known = self.known(id)?;
        let letter = mail.collect(side, id, known.opening, start.properties())?;
        if letter.size() != start.body_size() {
            return Err(Finding::OtherContent { channel: id, what: "length" });
        }
        known.receiving = Some(letter);
        known.note(side, start.method(), start.publish_seq().map(|seq| seq.number()))
    }

    fn known(&mut self, channel: ChannelId) -> Result<&mut KnownChannel, Finding> {
        let known = self.channels.iter_mut().find(|known| known.id == channel);
        known.ok_or(Finding::UnknownChannel { channel })
    }

    fn open(&mut self, channel: ChannelId) -> Result<(), Finding> {
        if self.channels.iter().any(|known| known.id == channel) {
            return Err(Finding::ChannelTwice { channel });
        }
        let opening = self.openings.entry(channel).or_default();
        *opening += 1;
        self.channels.push(KnownChannel::new(channel, *opening));
        Ok(())
    }

    fn resolve(&mut self, request: RequestId) -> Result<(), Finding> {
        if self.requests.remove(&request) {
            return Ok(());
        }
        Err(Finding::UnknownRequest { request })
    }

    fn asked(&mut self, request: RequestId) -> Result<(), Finding> {
        if self.requests.insert(request) {
            return Ok(());
        }
        Err(Finding::RequestTwice { request })
    }

    /// The place of a channel, counted from the oldest and anew behind the last.
    fn place(&self, channel: u8) -> Option<usize> {
        usize::from(channel).checked_rem(self.channels.len())
    }

    /// Gives a command, and remembers what follows from it. A command about something that isn't there does
    /// nothing.
    pub(super) fn give(
        &mut self,
        connection: &mut Connection,
        command: &Command,
        mail: &mut Mail,
        now: Instant,
    ) -> Outcome {
        match command {
            Command::OpenChannel => match connection.open_channel() {
                Ok(id) => self.open(id).map(Ok),
                Err(refused) => Ok(Err(refused)),
            },
            Command::OpenChannelNumber(number) => {
                let Some(id) = ChannelId::new(*number) else { return Ok(Ok(())) };
                match connection.open_channel_number(id) {
                    Ok(()) => self.open(id).map(Ok),
                    Err(refused) => Ok(Err(refused)),
                }
            }
            Command::Close => Ok(connection.close(now, ReplyCode::REPLY_SUCCESS, "done")),
            Command::Decide(verdict) => Ok(self.decide(connection, *verdict)),
            Command::Block(true) => Ok(connection.block("full")),
            Command::Block(false) => Ok(connection.unblock()),
            Command::UpdateSecret(len) => {
                match connection.update_secret(&vec![b's'; usize::from(*len)], "new") {
                    Ok(request) => self.asked(request).map(Ok),
                    Err(refused) => Ok(Err(refused)),
                }
            }
            Command::Redirect => Ok(connection.redirect("other.example")),
            Command::CloseChannel { channel }
            | Command::Call { channel, .. }
            | Command::Answer { channel, .. }
            | Command::Settle { channel, .. }
            | Command::Send { channel, .. }
            | Command::SendBody { channel, .. } => {
                let place = self.place(*channel);
                let Some(place) = place else { return Ok(Ok(())) };
                self.give_on_channel(connection, place, command, mail)
            }
        }
    }

    fn decide(&mut self, connection: &mut Connection, verdict: Verdict) -> Result<(), UsageError> {
        let octets;
        let decision = match verdict {
            Verdict::Accept => Decision::Accept,
            Verdict::Refuse => Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "no" },
            // A mechanism that has no challenges would make the client complain.
            Verdict::Challenge(_) if self.is_asked.is_some() && self.rounds_left == 0 => {
                Decision::Accept
            }
            Verdict::Challenge(len) => {
                octets = vec![b'c'; usize::from(len)];
                Decision::Challenge(&octets)
            }
            Verdict::Respond(len) => {
                octets = vec![b'r'; usize::from(len)];
                Decision::Respond(&octets)
            }
        };
        connection.decide(decision)?;
        if matches!(verdict, Verdict::Challenge(_)) {
            self.rounds_left = self.rounds_left.saturating_sub(1);
        }
        if self.is_asked.take().is_none() {
            self.secrets = self.secrets.saturating_sub(1);
        }
        Ok(())
    }

    fn give_on_channel(
        &mut self,
        connection: &mut Connection,
        place: usize,
        command: &Command,
        mail: &mut Mail,
    ) -> Outcome {
        let side = connection.side();
        let Some(known) = self.channels.get_mut(place) else { return Ok(Ok(())) };
        let mut channel = match connection.channel(known.id) {
            Ok(channel) => channel,
            Err(refused) => return Ok(Err(refused)),
        };
        match command {
            Command::CloseChannel { .. } => Ok(channel.close(ReplyCode::REPLY_SUCCESS, "done")),
            Command::Call { method, .. } => match call::call(&mut channel, &method.method()) {
                Some(Ok(request)) => {
                    known.note_request(method.kind());
                    request.map_or(Ok(()), |request| self.asked(request)).map(Ok)
                }
                None => Ok(Ok(())),
                Some(Err(refused)) => Ok(Err(refused)),
            },
            Command::Settle { number, multiple, how, .. } => {
                // A number that can't be known is worth a try too.
                let number = known.settled_at(*number).unwrap_or_else(|| u64::from(*number));
                // All so far, by number 0, takes in what the other side is about to send: to name a number is
                // the application's duty (`Channel::send`).
                let multiple = *multiple && *how != Settling::Reject && number > 0;
                let delivery_tag = number;
                let sent = match how {
                    Settling::Ack => channel.send(&basic::Ack { delivery_tag, multiple }),
                    Settling::Nack => {
                        channel.send(&basic::Nack { delivery_tag, multiple, requeue: true })
                    }
                    Settling::Reject => {
                        channel.send(&basic::Reject { delivery_tag, requeue: false })
                    }
                };
                if sent.is_ok() {
                    known.settle(number, multiple);
                }
                Ok(sent)
            }
            Command::Send { message, .. } => known.send(&mut channel, side, message, mail),
            Command::SendBody { size, .. } => Ok(known.send_body(&mut channel, u64::from(*size))),
            Command::Answer { request, how, .. } => {
                let request = usize::from(*request).checked_rem(known.owed.len());
                let Some(request) = request else { return Ok(Ok(())) };
                self.made += 1;
                known.answer(
                    &mut channel,
                    side,
                    request,
                    *how,
                    &format!("made-{}", self.made),
                    mail,
                )
            }
            _ => Ok(Ok(())),
        }
    }

    /// Does one thing that is owed to the peer or begun: answers, settles, sends the rest of a body. True:
    /// something has changed by it.
    pub(super) fn finish(
        &mut self,
        connection: &mut Connection,
        mail: &mut Mail,
    ) -> Result<bool, Finding> {
        let owes_secret = self.secrets > 0 && connection.phase() == Phase::Open;
        if self.is_asked.is_some() || owes_secret {
            let verdict = match self.is_asked {
                Some(Question::Challenge) => Verdict::Respond(3),
                _ => Verdict::Accept,
            };
            return Ok(self.decide(connection, verdict).is_ok());
        }
        for place in 0..self.channels.len() {
            let Some(known) = self.channels.get(place) else { break };
            let Ok(channel) = u8::try_from(place) else { break };
            let mut commands = Vec::new();
            if let Some((letter, sent)) = &known.sending {
                let size = u32::try_from(letter.size() - sent).unwrap_or(u32::MAX).min(100_000);
                commands.push(Command::SendBody { channel, size });
            } else {
                if !known.owed.is_empty() {
                    for how in [Answer::Reply, Answer::Fail] {
                        commands.push(Command::Answer { channel, request: 0, how });
                    }
                }
                if let Some(last) = known.to_settle.len().checked_sub(1) {
                    let (number, multiple) = (u8::try_from(last % 256).unwrap_or(0), true);
                    let how = Settling::Ack;
                    commands.push(Command::Settle { channel, number, multiple, how });
                }
            }
            for command in commands {
                match self.give_on_channel(connection, place, &command, mail)? {
                    Ok(()) => return Ok(true),
                    // Not known to the engine, as after a recover.
                    Err(UsageError::UnknownDelivery { .. } | UsageError::UnknownPublish { .. }) => {
                        if let Some(known) = self.channels.get_mut(place) {
                            known.to_settle.pop_last();
                        }
                        return Ok(true);
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(false)
    }

    /// Nothing waits for the peer any more.
    pub(super) fn check_settled(&self) -> Result<(), Finding> {
        if let Some(request) = self.requests.first() {
            return Err(Finding::NoOutcome { request: *request });
        }
        for known in &self.channels {
            if let Some(number) = known.unconfirmed.first() {
                return Err(Finding::NoFate { channel: known.id, number: *number });
            }
        }
        Ok(())
    }

    /// The connection is over, was told so once, and does nothing any more.
    pub(super) fn check_over(
        &self,
        side: Side,
        connection: &mut Connection,
    ) -> Result<(), Finding> {
        if self.ends != 1 {
            return Err(Finding::Ends { side, times: self.ends });
        }
        let still = if connection.poll_event().is_some() {
            "gives events"
        } else if connection.transmit().has_remaining() {
            "gives output"
        } else if connection.poll_timeout().is_some() {
            "has a deadline"
        } else if connection.wants_input() {
            "wants input"
        } else if connection.open_channel().is_ok() {
            "takes commands"
        } else {
            return Ok(());
        };
        Err(Finding::NotOver { side, what: still })
    }
}
