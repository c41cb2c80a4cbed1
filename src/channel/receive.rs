//! Frames of channels 1 and up: what the peer may send on a channel, and what follows from it.

use alloc::boxed::Box;
use alloc::string::String;

use crate::channel::content::{Awaited, ContentRules};
use crate::channel::incoming::{Fault, Incoming};
use crate::channel::session::Session;
use crate::channel::state::{ChannelPhase, ChannelState};
use crate::channel::table::Slot;
use crate::error::{CloseReason, Got, Initiator, Scope, Violation};
use crate::event::{ChannelId, Event};
use crate::frame::FrameType;
use crate::phase::Side;
use crate::protocol::{Method, MethodId, MethodKind, ReplyCode, channel};
use crate::wire::TableLimits;

impl Session {
    /// A method frame on channel 1 or above; the connection is open.
    #[inline(never)]
    pub(crate) fn on_method_frame(
        &mut self,
        frame: &Incoming<'_>,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let Some(ids) = frame.payload.first_chunk::<4>() else {
            return if self.is_leaving(frame.channel) { Ok(()) } else { Err(frame.without_ids()) };
        };
        let kind = match self.usual {
            (usual, Some(kind)) if usual == *ids => kind,
            _ => match self.judge_method(frame, MethodId::parse(*ids)) {
                Ok(kind) => {
                    self.usual = (*ids, Some(kind));
                    kind
                }
                Err(fault) => return self.unless_leaving(frame, MethodId::parse(*ids), fault),
            },
        };
        match self.on_channel_method(frame, kind, next) {
            Ok(()) => Ok(()),
            Err(fault) => self.unless_leaving(frame, MethodId::parse(*ids), fault),
        }
    }

    /// Which method it is, where the peer has it and may send it on this channel.
    #[inline]
    pub(crate) fn judge_method(
        &self,
        frame: &Incoming<'_>,
        id: MethodId,
    ) -> Result<MethodKind, Fault> {
        let kind = MethodKind::from_id(self.dialect, id);
        match kind {
            Some(kind) if self.may_come(kind, frame.channel) => Ok(kind),
            _ => Err(self.misplaced(frame, id, kind)),
        }
    }

    #[inline]
    fn may_come(&self, kind: MethodKind, channel: u16) -> bool {
        let info = kind.info();
        self.side.peer().sends(info.senders) && info.on_channel_zero == (channel == 0)
    }

    #[cold]
    fn misplaced(&self, frame: &Incoming<'_>, id: MethodId, kind: Option<MethodKind>) -> Fault {
        let Some(kind) = kind else {
            let got = Got::UnknownMethod(id);
            return frame.fault("MTH-02", ReplyCode::NOT_IMPLEMENTED, "a known method", got);
        };
        let (rule, code, expected) = if !self.side.peer().sends(kind.info().senders) {
            ("MTH-03", ReplyCode::COMMAND_INVALID, "a method of the other side")
        } else if frame.channel == 0 {
            ("FRM-10", ReplyCode::CHANNEL_ERROR, "a channel above 0")
        } else {
            ("FRM-09", ReplyCode::COMMAND_INVALID, "channel 0")
        };
        frame.wrong_method(rule, code, expected, kind)
    }

    /// CHN-04: behind this side's channel.close nothing is wrong but with what answers it.
    #[cold]
    fn unless_leaving(
        &self,
        frame: &Incoming<'_>,
        id: MethodId,
        mut fault: Fault,
    ) -> Result<(), Fault> {
        let answers = [MethodKind::ChannelClose, MethodKind::ChannelCloseOk];
        let is_answer = answers.iter().any(|kind| kind.id(self.dialect) == Some(id));
        if !is_answer && self.is_leaving(frame.channel) {
            return Ok(());
        }
        fault.method = id; // CLS-07: whatever is wrong with a method, the Close names it.
        Err(fault)
    }

    /// A method on channel 1 or above that may come there; the connection is open.
    #[inline]
    fn on_channel_method(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let Some(slot) = self.channels.look_up(frame.channel) else {
            return self.on_unopened(frame, kind);
        };
        let Some(state) = self.channels.get(slot) else { return Ok(()) };
        match state.phase {
            ChannelPhase::Closing => self.on_method_while_closing(frame, kind, slot),
            ChannelPhase::Draining => self.on_method_while_draining(frame, kind),
            ChannelPhase::Opening => self.on_method_while_opening(frame, kind, slot),
            _ => {
                if state.receiving.awaited != Awaited::Method {
                    let rule = if state.receiving.awaited == Awaited::Header {
                        "CNT-02"
                    } else {
                        "CNT-04"
                    };
                    return Err(frame.wrong_method(
                        rule,
                        ReplyCode::UNEXPECTED_FRAME,
                        "the rest of the content",
                        kind,
                    ));
                }
                self.on_method_while_open(frame, kind, slot, next)
            }
        }
    }

    #[inline(never)]
    fn on_unopened(&mut self, frame: &Incoming<'_>, kind: MethodKind) -> Result<(), Fault> {
        if self.is_straggler(frame, kind) {
            return Ok(());
        }
        if kind != MethodKind::ChannelOpen || self.side != Side::Server {
            // LIM-05: no state is made for it.
            return Err(frame.wrong_method(
                "CHN-01",
                ReplyCode::CHANNEL_ERROR,
                "an open channel",
                kind,
            ));
        }
        self.decode(frame)?;
        if frame.channel > self.channel_max {
            return Err(frame.fault(
                "TUN-12",
                ReplyCode::CHANNEL_ERROR,
                "a channel number up to channel-max",
                Got::Number(frame.channel.into()),
            ));
        }
        let Some(id) = ChannelId::new(frame.channel) else { return Ok(()) };
        // Numbers are used once, so there are never more channels than channel-max says.
        self.channels.insert(ChannelState::new(id, ChannelPhase::Open));
        self.send_ahead(frame.channel, &channel::OpenOk::default());
        self.events.push_back(Event::ChannelOpened(id));
        Ok(())
    }

    #[inline(never)]
    fn on_method_while_closing(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<(), Fault> {
        let unwritten = self.channels.get(slot).is_some_and(|state| !state.lane.is_empty());
        match kind {
            // CHN-08: this side's Close still waits in the lane, and may not follow close-ok.
            MethodKind::ChannelClose if unwritten => self.on_peer_close(frame, slot),
            MethodKind::ChannelClose => {
                // CHN-05: both closed at once. All that the channel had queued is in the window, so
                // nothing is overtaken, and close-ok isn't lost with the lane when the peer's comes.
                self.decode(frame)?;
                self.send_ahead(frame.channel, &channel::CloseOk);
                Ok(())
            }
            // The peer can't have seen this side's Close yet.
            MethodKind::ChannelCloseOk if unwritten => {
                let expected = "a Close that it answers";
                Err(frame.wrong_method("CHN-07", ReplyCode::COMMAND_INVALID, expected, kind))
            }
            MethodKind::ChannelCloseOk => {
                self.decode(frame)?;
                let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
                let (id, reason) = (state.id, state.requests_mut().closing.take());
                self.forget_channel(slot);
                let reason = reason.unwrap_or_else(|| {
                    Box::new(CloseReason::new(
                        Initiator::Local,
                        ReplyCode::REPLY_SUCCESS,
                        String::new(),
                    ))
                });
                self.events.push_back(Event::ChannelClosed { channel: id, reason });
                Ok(())
            }
            _ => Ok(()), // CHN-04
        }
    }

    #[inline(never)]
    fn on_method_while_draining(
        &self,
        frame: &Incoming<'_>,
        kind: MethodKind,
    ) -> Result<(), Fault> {
        if self.is_straggler(frame, kind) {
            return Ok(());
        }
        let expected = "nothing behind channel.close";
        Err(frame.wrong_method("CHN-08", ReplyCode::CHANNEL_ERROR, expected, kind))
    }

    #[inline(never)]
    fn on_method_while_opening(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<(), Fault> {
        match kind {
            MethodKind::ChannelOpenOk => {
                self.decode(frame)?;
                let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
                state.phase = ChannelPhase::Open;
                self.events.push_back(Event::ChannelOpened(state.id));
                self.channels.straggling.remove(frame.channel);
                Ok(())
            }
            MethodKind::ChannelClose => self.on_peer_close(frame, slot),
            _ if self.is_straggler(frame, kind) => Ok(()),
            _ => {
                Err(frame.wrong_method("CHN-01", ReplyCode::CHANNEL_ERROR, "channel.open-ok", kind))
            }
        }
    }

    #[inline]
    fn on_method_while_open(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        match kind {
            MethodKind::ChannelOpen => Err(frame.wrong_method(
                "CHN-02",
                ReplyCode::CHANNEL_ERROR,
                "a channel that isn't open yet",
                kind,
            )),
            MethodKind::ChannelOpenOk | MethodKind::ChannelCloseOk => Err(frame.wrong_method(
                if kind == MethodKind::ChannelOpenOk { "SYN-03" } else { "CHN-07" },
                ReplyCode::COMMAND_INVALID,
                "a request that it answers",
                kind,
            )),
            MethodKind::ChannelClose => self.on_peer_close(frame, slot),
            MethodKind::ChannelFlow => self.on_flow(frame, slot),
            MethodKind::BasicAck | MethodKind::BasicNack if self.side == Side::Client => {
                self.on_confirm(frame, kind, slot, next)
            }
            MethodKind::BasicAck | MethodKind::BasicNack | MethodKind::BasicReject => {
                self.on_ack(frame, kind, slot, next)
            }
            MethodKind::BasicRecoverAsync => self.on_recover_async(frame, slot),
            MethodKind::BasicCancelOk => self.on_cancel_ok(frame, slot),
            MethodKind::BasicRecoverOk => self.on_recover_ok(frame, slot),
            _ if kind.info().content => self.on_content_method(frame, kind, slot),
            _ if kind.info().is_reply => self.on_reply(frame, kind, slot),
            _ if kind.info().synchronous => self.on_request(frame, kind, slot),
            _ => {
                self.decode(frame)?;
                self.events.push_back(Event::Notice(frame.method(kind, self.dialect)));
                Ok(())
            }
        }
    }

    /// Whether this side has closed the channel and waits for close-ok.
    pub(crate) fn is_leaving(&self, channel: u16) -> bool {
        let state = self.channels.find(channel).and_then(|slot| self.channels.get(slot));
        state.is_some_and(|state| state.phase == ChannelPhase::Closing)
    }

    /// CHN-08: what a server had queued when it closed the channel, which may come until it answers
    /// the next channel.open of that number. What answers something isn't queued.
    #[cold]
    fn is_straggler(&self, frame: &Incoming<'_>, kind: MethodKind) -> bool {
        use MethodKind::{ChannelClose, ChannelCloseOk, ChannelOpenOk};
        let is_answer = [ChannelClose, ChannelCloseOk, ChannelOpenOk].contains(&kind);
        !is_answer && self.channels.straggling.contains(frame.channel)
    }

    /// The peer closes the channel: answered without asking the application (`CHN-14`).
    #[inline(never)]
    fn on_peer_close(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<(), Fault> {
        let Method::ChannelClose(close) = self.decode(frame)? else { return Ok(()) };
        let blamed = (close.class_id, close.method_id);
        let reason = CloseReason::of_peer(close.reply_code, close.reply_text, blamed);
        let Some(state) = self.channels.get(slot) else { return Ok(()) };
        let channel = state.id;
        // For a channel that hasn't been opened yet nothing can be queued.
        let may_straggle = self.side == Side::Client && state.phase != ChannelPhase::Opening;
        if may_straggle && self.profile.frames_behind_close {
            self.channels.straggling.insert(frame.channel);
        }
        self.answer_close(slot, channel);
        self.events.push_back(Event::ChannelClosed { channel, reason: Box::new(reason) });
        Ok(())
    }

    /// A content header on channel 1 or above; the connection is open.
    #[inline(never)]
    pub(crate) fn on_header_frame(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        match self.channels.look_up_mut(frame.channel) {
            Some(state) if state.phase == ChannelPhase::Open => {
                state.on_header(frame, rules, &mut self.gathering, next, &mut self.events)
            }
            _ => self.not_now(frame, FrameType::HEADER),
        }
    }

    /// A body frame on channel 1 or above; the connection is open.
    #[inline(never)]
    pub(crate) fn on_body_frame(
        &mut self,
        frame: &Incoming<'_>,
        rules: &ContentRules,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        match self.channels.look_up_mut(frame.channel) {
            Some(state) if state.phase == ChannelPhase::Open => {
                state.on_body(frame, rules, &mut self.gathering, next, &mut self.events)
            }
            _ => self.not_now(frame, FrameType::BODY),
        }
    }

    /// Sends channel.close behind what the channel has queued (`CHN-04` from here on).
    pub(crate) fn begin_close(&mut self, slot: Slot, reason: CloseReason) {
        let close = channel::Close {
            reply_code: reason.reply_code,
            reply_text: reason.text.as_str().into(),
            class_id: reason.method.class_id,
            method_id: reason.method.method_id,
        };
        self.send_owed(slot, &close);
        let Some(state) = self.channels.get_mut(slot) else { return };
        state.phase = ChannelPhase::Closing;
        let requests = state.requests_mut();
        requests.closing = Some(Box::new(reason));
        requests.owed.clear();
        self.fail_pending(slot);
    }

    /// Whether a violation can end the channel alone: not inside a content of this side.
    pub(crate) fn channel_scope(&self, violation: &Violation) -> Option<Slot> {
        let Scope::Channel(channel) = violation.scope else { return None };
        let slot = self.channels.find(channel)?;
        self.channels.get(slot).filter(|state| state.sending.is_none()).map(|_| slot)
    }

    /// The arguments, judged (`MTH-04`, `MTH-05`).
    pub(crate) fn decode<'a>(&self, frame: &Incoming<'a>) -> Result<Method<'a>, Fault> {
        self.decode_within(frame, &self.table)
    }

    /// The same by other limits of tables.
    pub(crate) fn decode_within<'a>(
        &self,
        frame: &Incoming<'a>,
        table: &TableLimits,
    ) -> Result<Method<'a>, Fault> {
        Method::decode(self.dialect, frame.payload, table)
            .map_err(|error| frame.malformed("MTH-04", error))
    }

    /// What is wrong with a method that could not be read.
    #[cold]
    pub(crate) fn malformed(&self, frame: &Incoming<'_>, kind: MethodKind) -> Fault {
        frame.malformed("MTH-04", kind.fault_in(frame.payload, self.dialect, &self.table))
    }

    /// A frame of a content on a channel that isn't open.
    #[cold]
    #[inline(never)]
    fn not_now(&self, frame: &Incoming<'_>, frame_type: FrameType) -> Result<(), Fault> {
        let state = self.channels.find(frame.channel).and_then(|slot| self.channels.get(slot));
        let (rule, expected) = match state.map(|state| state.phase) {
            Some(ChannelPhase::Closing) => return Ok(()), // CHN-04
            _ if self.channels.straggling.contains(frame.channel) => return Ok(()), // CHN-08
            Some(ChannelPhase::Draining) => ("CHN-08", "nothing behind channel.close"),
            // LIM-05: no state is made for it.
            None => ("CHN-01", "an open channel"),
            Some(_) => ("CHN-01", "channel.open-ok"),
        };
        Err(frame.fault(rule, ReplyCode::CHANNEL_ERROR, expected, Got::Frame(frame_type)))
    }
}
