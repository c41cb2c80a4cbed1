//! How a connection ends: every path leads to exactly one terminal event.

use alloc::boxed::Box;
use alloc::string::String;

use crate::channel::{Fault, Incoming};
use crate::connection::ahead::Preamble;
use crate::connection::timers::Timer;
use crate::connection::{Connection, Gate, Role};
use crate::error::{CloseDetail, CloseReason, Initiator, Scope};
use crate::event::Event;
use crate::frame::PeerProtocol;
use crate::phase::{Phase, Side};
use crate::protocol::{Dialect, Method, MethodKind, ReplyCode, connection};
use crate::text::truncated;

impl Connection {
    /// The peer broke a rule. `framing`: where the next frame begins is no longer known.
    #[cold]
    pub(super) fn violated(&mut self, mut fault: Fault, framing: bool) {
        if self.session.dialect < Dialect::V0_9_1 && fault.reply_code == ReplyCode::UNEXPECTED_FRAME
        {
            // DIA-09: 505 came with 0-9-1.
            fault.reply_code = ReplyCode::FRAME_ERROR;
        }
        let slot = if framing { None } else { self.session.channel_scope(&fault) };
        if !framing && slot.is_none() && fault.scope != Scope::Connection {
            // A Close of the channel may not come inside a content of this side (CNT-04), and that
            // of the connection carries no code for channels (CHN-12).
            fault.scope = Scope::Connection;
            fault.reply_code = ReplyCode::FRAME_ERROR;
        }
        let mut reason = CloseReason::new(Initiator::Library, fault.reply_code, truncated(&*fault));
        reason.method = fault.method;
        self.session.events.push_back(Event::Violation(fault));
        if let Some(slot) = slot {
            self.session.begin_close(slot, reason);
            return;
        }
        if let Some(reason) = self.closing.take_if(|_| self.session.phase == Phase::Closing) {
            // Close has gone out already: there is nothing left to wait for.
            self.finish(*reason);
            return;
        }
        // Before that there is no Close handshake (HS-02).
        let tell = self.session.phase >= Phase::Opening
            && (!framing || self.session.profile.close_after_framing_fault);
        if tell {
            self.send_close(&reason);
        }
        if tell && !framing {
            self.begin_closing(reason);
        } else {
            self.finish(reason);
        }
    }

    /// connection.close on its way out; what waits behind the window is dropped (`LIM-07`).
    pub(super) fn send_close(&mut self, reason: &CloseReason) {
        self.session.drop_lanes();
        let close = connection::Close {
            reply_code: reason.reply_code,
            reply_text: reason.text.as_str().into(),
            class_id: reason.method.class_id,
            method_id: reason.method.method_id,
        };
        // The text was cut to fit, so this can't fail.
        let _ = self.session.send_control(&close);
    }

    /// From here on all but close and close-ok is discarded (`CLS-01`).
    pub(super) fn begin_closing(&mut self, reason: CloseReason) {
        self.session.phase = Phase::Closing;
        self.closing = Some(Box::new(reason));
        self.gate = None;
        self.timers.stop(Timer::Handshake);
        self.timers.arm(Timer::Close, self.close_timeout);
    }

    /// It is over: what is pending fails, then comes the terminal event.
    pub(super) fn finish(&mut self, reason: CloseReason) {
        self.session.phase = Phase::Closed;
        self.session.drop_lanes();
        self.session.fail_all_pending();
        for request in core::mem::take(&mut self.secrets_pending) {
            self.session.events.push_back(Event::RequestFailed { channel: None, request });
        }
        self.session.events.push_back(Event::Closed(Box::new(reason)));
        self.gate = None;
        self.stalled = false;
        self.session.held = None;
        self.closing = None;
        self.role = Role::Begun;
        self.timers.stop_all();
        self.session.pinning.clear();
        self.input.kill();
    }

    /// The peer closes the connection, in a phase in which it may.
    pub(super) fn on_peer_close(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionClose(close) = self.session.decode(frame)? else { return Ok(()) };
        let blamed = (close.class_id, close.method_id);
        let mut reason = CloseReason::of_peer(close.reply_code, close.reply_text, blamed);
        reason.detail = match (self.session.side, self.session.phase) {
            (Side::Client, Phase::Secure) => CloseDetail::LoginRefused,
            (Side::Client, Phase::Opening) => {
                let tune_ok = MethodKind::ConnectionTuneOk.id(self.session.dialect);
                if tune_ok == Some(reason.method) {
                    CloseDetail::TuningRefused
                } else {
                    CloseDetail::VirtualHostRefused
                }
            }
            _ => CloseDetail::None,
        };
        self.session.drop_lanes();
        // CLS-03: close-ok is the last that goes out; every dialect has it.
        let _ = self.session.send_control(&connection::CloseOk);
        self.finish(reason);
        Ok(())
    }

    /// A method while close-ok is awaited.
    pub(super) fn on_method_while_closing(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
    ) -> Result<(), Fault> {
        match kind {
            MethodKind::ConnectionClose => {
                // CLS-02: both closed at once.
                self.session.decode(frame)?;
                let _ = self.session.send_control(&connection::CloseOk);
                self.close_answered = true;
                self.timers.stop(Timer::Send); // CLS-03
            }
            MethodKind::ConnectionCloseOk => {
                self.session.decode(frame)?;
                if let Some(reason) = self.closing.take() {
                    self.finish(*reason);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The stream has ended and everything before its end is decoded.
    #[cold]
    #[inline(never)]
    pub(super) fn end_of_stream(&mut self) {
        if let Some(mut reason) = self.closing.take() {
            if reason.detail == CloseDetail::None {
                reason.detail = CloseDetail::EndOfStream { awaited: "connection.close-ok" };
            }
            self.finish(*reason);
            return;
        }
        let detail = CloseDetail::EndOfStream { awaited: self.awaited() };
        self.finish(transport(detail));
    }

    /// What the peer speaks, where its first octets are no frame.
    pub(super) fn other_protocol(&self) -> Option<PeerProtocol> {
        let octets = self.input.ahead().octets();
        if self.input.preamble() != Preamble::Possible || octets.is_empty() {
            return None;
        }
        PeerProtocol::recognise(octets).filter(|protocol| *protocol != PeerProtocol::Frames)
    }

    pub(super) fn handshake_timed_out(&mut self) {
        let detail = CloseDetail::HandshakeTimeout { awaited: self.awaited() };
        self.finish(transport(detail));
    }

    pub(super) fn heartbeat_lost(&mut self) {
        match self.closing.take() {
            Some(reason) => self.finish(*reason),
            // HB-07: without a handshake.
            None => self.finish(transport(CloseDetail::HeartbeatLoss)),
        }
    }

    pub(super) fn close_timed_out(&mut self) {
        if let Some(reason) = self.closing.take() {
            self.finish(reason.with_detail(CloseDetail::CloseTimeout));
        }
    }

    /// What should come next.
    fn awaited(&self) -> &'static str {
        match self.gate {
            Some(Gate::Credentials) => return "a decision on the login",
            Some(Gate::Challenge) => return "a response to a challenge",
            Some(Gate::VirtualHost) => return "a decision on the virtual host",
            None => {}
        }
        if self.input.is_inside_frame() && self.session.phase > Phase::Header {
            return "the rest of a frame";
        }
        match (self.session.side, self.session.phase) {
            (_, Phase::Header) => "a protocol header",
            (Side::Client, Phase::Start) => "connection.start",
            (Side::Server, Phase::Start) => "connection.start-ok",
            // Most servers drop a failed login without a word (HS-02).
            (Side::Client, _) if self.session.phase < Phase::Opening => {
                "connection.tune (the login may have been refused)"
            }
            (Side::Server, Phase::Secure) => "connection.secure-ok",
            (Side::Server, Phase::Tune) => "connection.tune-ok",
            (Side::Client, Phase::Opening) => "connection.open-ok",
            (Side::Server, Phase::Opening) => "connection.open",
            _ => "connection.close",
        }
    }
}

fn transport(detail: CloseDetail) -> CloseReason {
    CloseReason::new(Initiator::Transport, ReplyCode::CONNECTION_FORCED, String::new())
        .with_detail(detail)
}
