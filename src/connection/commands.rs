//! Commands of the whole connection.

use alloc::string::String;

use bytes::{Buf, Bytes};

use crate::channel::{ChannelPhase, ChannelState};
use crate::connection::{Connection, Gate};
use crate::error::{CloseDetail, CloseReason, Initiator, UsageError};
use crate::event::{ChannelId, RequestId};
use crate::phase::{Phase, Side};
use crate::protocol::{AsMethod, Dialect, MethodKind, ReplyCode, channel, connection};
use crate::text::truncated;
use crate::wire::{LongStr, ShortStr};

/// What the application decides on a login, a challenge or a virtual host.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Decision<'a> {
    /// Server: let it pass.
    Accept,
    /// Server: ask for more; the answer comes as
    /// [`Event::SaslResponse`](crate::Event::SaslResponse).
    Challenge(&'a [u8]),
    /// Client: the response to a challenge.
    Respond(&'a [u8]),
    /// Refuse. A failed login is told by a Close only to a client that has announced
    /// `authentication_failure_close` (`HS-02`); to others the stream just ends.
    Refuse {
        /// The reply code, usually 403 for a login and 530 for a virtual host.
        code: ReplyCode,
        /// The reply text, cut to 255 octets.
        text: &'a str,
    },
}

impl Decision<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Challenge(_) => "challenge",
            Self::Respond(_) => "respond",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// The octets of challenges and responses are secrets.
impl core::fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refuse { code, text } => {
                f.debug_struct("Refuse").field("code", code).field("text", text).finish()
            }
            other => f.write_str(other.name()),
        }
    }
}

/// What is left when a connection is taken apart, for somebody who goes on with it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parts {
    /// Octets that were read and not decoded; together with those that follow in the stream they are frames.
    /// Of a body frame that was told in part ([`ContentPart`](crate::ContentPart)) the rest comes as a frame of
    /// its own, with the size that is left, 0 if only its end octet is missing.
    pub unread: Bytes,
    /// Octets that were not written yet.
    pub unsent: Bytes,
    /// The dialect.
    pub dialect: Dialect,
    /// The phase.
    pub phase: Phase,
    /// The agreed frame-max in octets.
    pub frame_max: u32,
    /// The agreed channel-max.
    pub channel_max: u16,
    /// The agreed heartbeat in seconds.
    pub heartbeat: u16,
}

/// Lengths only: the octets may hold a secret.
impl core::fmt::Debug for Parts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Parts")
            .field("unread", &self.unread.len())
            .field("unsent", &self.unsent.len())
            .field("dialect", &self.dialect)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Opens the next free channel (client). It can be used at once (`CHN-03`);
    /// [`Event::ChannelOpened`](crate::Event::ChannelOpened) tells that the server agrees. The number of a
    /// channel that has ended is free once [`Event::ChannelClosed`](crate::Event::ChannelClosed) was polled.
    ///
    /// # Errors
    ///
    /// [`UsageError::ConnectionPhase`] unless the connection is open,
    /// [`UsageError::NoFreeChannel`], [`UsageError::WrongSide`], [`UsageError::Full`].
    pub fn open_channel(&mut self) -> Result<ChannelId, UsageError> {
        self.check_open_channel()?;
        let channel_max = self.session.channel_max;
        let full = UsageError::NoFreeChannel { channel_max };
        let events = &self.session.events;
        let may_be_used = |number| !events.has_end_of(number);
        let number = self.session.channels.allocate(channel_max, may_be_used).ok_or(full)?;
        let id = ChannelId::new(number).ok_or(full)?;
        self.enter_channel(id)?;
        Ok(id)
    }

    /// Opens the channel with this number (client).
    ///
    /// # Errors
    ///
    /// As [`open_channel`](Self::open_channel); [`UsageError::ChannelPhase`] if it is in use still,
    /// [`UsageError::NoFreeChannel`] above channel-max (`TUN-12`).
    pub fn open_channel_number(&mut self, id: ChannelId) -> Result<(), UsageError> {
        self.check_open_channel()?;
        let channel = id.number();
        if channel > self.session.channel_max {
            return Err(UsageError::NoFreeChannel { channel_max: self.session.channel_max });
        }
        let slot = self.session.channels.find(channel);
        if let Some(state) = slot.and_then(|slot| self.session.channels.get(slot)) {
            let method = MethodKind::ChannelOpen.name();
            return Err(UsageError::ChannelPhase { method, channel, phase: state.phase.name() });
        }
        if self.session.events.has_end_of(channel) {
            let (method, phase) = (MethodKind::ChannelOpen.name(), "closing");
            return Err(UsageError::ChannelPhase { method, channel, phase });
        }
        self.enter_channel(id)
    }

    fn check_open_channel(&self) -> Result<(), UsageError> {
        self.check(MethodKind::ChannelOpen)?;
        self.session.check_room(crate::channel::Share::Ordinary)
    }

    fn enter_channel(&mut self, id: ChannelId) -> Result<(), UsageError> {
        let state = ChannelState::new(id, ChannelPhase::Opening);
        let channel_max = self.session.channel_max;
        if self.session.channels.insert(state).is_none() {
            return Err(UsageError::NoFreeChannel { channel_max });
        }
        self.session.send_ahead(id.number(), &channel::Open::default());
        Ok(())
    }

    /// Answers the question that [`poll_event`](Self::poll_event) has stopped at, or, on a server,
    /// the oldest connection.update-secret.
    ///
    /// # Errors
    ///
    /// [`UsageError::NothingToDecide`], [`UsageError::WrongDecision`], or [`UsageError::Encode`] for a
    /// challenge or response that doesn't fit a frame.
    pub fn decide(&mut self, decision: Decision<'_>) -> Result<(), UsageError> {
        let question = match self.gate {
            Some(Gate::Credentials) => "a login",
            Some(Gate::Challenge) => "a challenge",
            Some(Gate::VirtualHost) => "a virtual host",
            None if self.session.phase == Phase::Open && self.secrets_owed > 0 => "a new secret",
            None => return Err(UsageError::NothingToDecide),
        };
        match (self.gate, decision) {
            (Some(Gate::Credentials), Decision::Accept) => self.send_tune(),
            (Some(Gate::Credentials), Decision::Challenge(challenge)) => {
                self.send(&connection::Secure { challenge: LongStr::from(challenge) })?;
                self.session.phase = Phase::Secure;
            }
            (Some(Gate::Credentials), Decision::Refuse { code, text }) => {
                self.refuse_login(code, text);
            }
            (Some(Gate::Challenge), Decision::Respond(response)) => {
                self.send(&connection::SecureOk { response: LongStr::from(response) })?;
            }
            (Some(Gate::Challenge), Decision::Refuse { code, text }) => {
                let reason = CloseReason::new(Initiator::Local, code, truncated(text));
                self.finish(reason.with_detail(CloseDetail::LoginRefused));
            }
            (Some(Gate::VirtualHost), Decision::Accept) => self.send_open_ok(),
            (Some(Gate::VirtualHost), Decision::Refuse { code, text }) => {
                self.close_with(code, text, CloseDetail::VirtualHostRefused);
            }
            (None, Decision::Accept) => {
                self.send(&connection::UpdateSecretOk)?;
                self.secrets_owed -= 1;
            }
            (None, Decision::Refuse { code, text }) => {
                self.close_with(code, text, CloseDetail::None);
            }
            (_, decision) => {
                return Err(UsageError::WrongDecision { question, decision: decision.name() });
            }
        }
        self.gate = None;
        Ok(())
    }

    fn refuse_login(&mut self, code: ReplyCode, text: &str) {
        if self.session.peer.authentication_failure_close {
            self.close_with(code, text, CloseDetail::LoginRefused);
        } else {
            let reason = CloseReason::new(Initiator::Local, code, truncated(text));
            self.finish(reason.with_detail(CloseDetail::LoginRefused));
        }
    }

    fn close_with(&mut self, code: ReplyCode, text: &str, detail: CloseDetail) {
        let reason = CloseReason::new(Initiator::Local, code, truncated(text)).with_detail(detail);
        self.send_close(&reason);
        self.begin_closing(reason);
    }

    /// Closes the connection, also while it is blocked or its output full. What waits behind the
    /// output window is dropped; all that comes until close-ok is discarded (`CLS-01`).
    ///
    /// Before there is a Close handshake (`HS-02`) nothing is sent and the terminal event follows at
    /// once. A text above 255 octets is cut (`CLS-08`).
    ///
    /// # Errors
    ///
    /// [`UsageError::ConnectionPhase`] if it is closing or closed already.
    pub fn close(
        &mut self,
        now: crate::Instant,
        code: ReplyCode,
        text: &str,
    ) -> Result<(), UsageError> {
        self.close_in_order(now, CloseReason::new(Initiator::Local, code, truncated(text)))
    }

    /// Closes the connection like [`close`](Self::close) and blames a method of the peer, for example an
    /// exchange.declare with an unknown type by 503 (`BAS-12`).
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_for(
        &mut self,
        now: crate::Instant,
        method: MethodKind,
        code: ReplyCode,
        text: &str,
    ) -> Result<(), UsageError> {
        let mut reason = CloseReason::new(Initiator::Local, code, truncated(text));
        reason.method = method.id(self.session.dialect).unwrap_or_default();
        self.close_in_order(now, reason)
    }

    fn close_in_order(
        &mut self,
        now: crate::Instant,
        reason: CloseReason,
    ) -> Result<(), UsageError> {
        let phase = self.session.phase;
        if phase >= Phase::Closing {
            let method = MethodKind::ConnectionClose.name();
            return Err(UsageError::ConnectionPhase { method, phase: phase.name() });
        }
        self.see(now);
        if phase < Phase::Opening {
            self.finish(reason);
        } else {
            self.send_close(&reason);
            self.begin_closing(reason);
            self.timers.see(now);
        }
        Ok(())
    }

    /// Gives the server a new secret, for example a refreshed token (client; `FLW-05`).
    ///
    /// # Errors
    ///
    /// [`UsageError::ConnectionPhase`], [`UsageError::WrongSide`], [`UsageError::Full`],
    /// [`UsageError::TooManyRequests`], [`UsageError::Encode`].
    pub fn update_secret(
        &mut self,
        new_secret: &[u8],
        reason: &str,
    ) -> Result<RequestId, UsageError> {
        self.check(MethodKind::ConnectionUpdateSecret)?;
        self.session.check_room(crate::channel::Share::Ordinary)?;
        let limit = self.session.limits.open_requests;
        if self.secrets_pending.len() >= limit as usize {
            return Err(UsageError::TooManyRequests { limit });
        }
        let new_secret = LongStr::from(new_secret);
        let update = connection::UpdateSecret { new_secret, reason: ShortStr::from(reason) };
        self.session.check_supported(&update.as_method())?;
        self.send(&update)?;
        let request = self.session.next_request();
        self.secrets_pending.push_back(request);
        Ok(request)
    }

    /// Tells the client to publish nothing for now (server; `FLW-03`). While it is blocked nothing more
    /// is sent (`FLW-04`).
    ///
    /// # Errors
    ///
    /// [`UsageError::CapabilityMissing`] if the client hasn't announced `connection.blocked`,
    /// [`UsageError::ConnectionPhase`], [`UsageError::WrongSide`], [`UsageError::Encode`].
    pub fn block(&mut self, reason: &str) -> Result<(), UsageError> {
        self.notify(&connection::Blocked { reason: ShortStr::from(reason) }, true)
    }

    /// Tells the client that it may publish again (server), unless it may already.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn unblock(&mut self) -> Result<(), UsageError> {
        self.notify(&connection::Unblocked, false)
    }

    fn notify<M: AsMethod>(&mut self, method: &M, blocked: bool) -> Result<(), UsageError> {
        self.check(M::KIND)?;
        if !self.session.peer.connection_blocked {
            let capability = "connection.blocked";
            return Err(UsageError::CapabilityMissing { method: M::KIND.name(), capability });
        }
        if self.session.blocked == blocked {
            return Ok(());
        }
        self.session.check_room(crate::channel::Share::Reserved)?;
        self.send(method)?;
        self.session.blocked = blocked;
        Ok(())
    }

    /// Sends the client to another host, instead of accepting its virtual host or later (server).
    ///
    /// The client is expected to end the stream.
    ///
    /// # Errors
    ///
    /// [`UsageError::ConnectionPhase`] before connection.open, [`UsageError::WrongSide`],
    /// [`UsageError::Encode`].
    pub fn redirect(&mut self, host: &str) -> Result<(), UsageError> {
        let kind = MethodKind::ConnectionRedirect;
        if self.session.side != Side::Server {
            return Err(UsageError::WrongSide { method: kind.name() });
        }
        let may = self.gate == Some(Gate::VirtualHost) || self.session.phase == Phase::Open;
        if !may {
            let phase = self.session.phase.name();
            return Err(UsageError::ConnectionPhase { method: kind.name(), phase });
        }
        let redirect =
            connection::Redirect { host: ShortStr::from(host), ..connection::Redirect::default() };
        self.send(&redirect)?;
        let reason =
            CloseReason::new(Initiator::Local, ReplyCode::CONNECTION_FORCED, String::from(host));
        self.finish(reason.with_detail(CloseDetail::Redirected));
        Ok(())
    }

    /// Puts octets into the output as they are, at a frame boundary; no state changes.
    ///
    /// For fuzzers and conformance suites that have to send what the engine would refuse to.
    pub fn inject(&mut self, octets: &[u8]) {
        self.session.window.push_opaque(octets);
    }

    /// Takes the connection apart: octets that were not decoded or not written, and what was agreed.
    ///
    /// Octets that wait behind the output window and haven't been cut into frames come along.
    pub fn into_parts(mut self) -> Parts {
        let mut unsent = bytes::BytesMut::new();
        self.session.drop_fillers();
        while self.transmit().has_remaining() {
            let window = &mut self.session.window;
            unsent.extend_from_slice(&window.copy_to_bytes(window.remaining()));
        }
        Parts {
            unread: self.input.into_unread().into(),
            unsent: unsent.freeze(),
            dialect: self.session.dialect,
            phase: self.session.phase,
            frame_max: self.session.frame_max,
            channel_max: self.session.channel_max,
            heartbeat: self.heartbeat,
        }
    }

    /// Whether this side may send this method on channel 0 now that the connection is open.
    fn check(&self, kind: MethodKind) -> Result<(), UsageError> {
        let method = kind.name();
        if !self.session.side.sends(kind.info().senders) {
            return Err(UsageError::WrongSide { method });
        }
        if self.session.phase != Phase::Open {
            let phase = self.session.phase.name();
            return Err(UsageError::ConnectionPhase { method, phase });
        }
        Ok(())
    }
}
