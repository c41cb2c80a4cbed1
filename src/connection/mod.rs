//! The engine: bytes, time and commands in; events, bytes and a deadline out.

mod ahead;
mod close;
mod commands;
mod dispatch;
mod greeting;
mod handshake;
mod input;
mod timers;
mod unfinished;

pub use commands::{Decision, Parts};

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::channel::{Channel, ChannelPhase, ContentRules, Session};
use crate::config::{ClientConfig, ContentMode, ServerConfig};
use crate::connection::ahead::Preamble;
use crate::connection::handshake::own_frame_max;
use crate::connection::input::Input;
use crate::connection::timers::{Timer, Timers};
use crate::error::{CloseReason, UsageError};
use crate::event::{ChannelId, RequestId};
use crate::frame::OVERHEAD_OCTETS;
use crate::limits::Limits;
use crate::output::Transmit;
use crate::peer::Capabilities;
use crate::phase::{Phase, Side};
use crate::profile::Profile;
use crate::protocol::Dialect;
use crate::sasl::Progress;
use crate::time::Instant;
use crate::wire::{Table, TableBuf};

/// One end of an AMQP connection, without a transport and without a clock.
///
/// The crate's documentation prints the contract in which the methods are to be called.
///
/// ```
/// use amqp_proto::{ClientConfig, Connection, Event, Instant, ServerConfig, Decision};
///
/// let now = Instant::ORIGIN;
/// let mut client = Connection::client(ClientConfig::default(), now);
/// let mut config = ServerConfig::default();
/// config.mechanisms = "ANONYMOUS".into();
/// let mut server = Connection::server(config, now);
///
/// while client.phase() != amqp_proto::Phase::Open {
///     while let Some(octets) = client.transmit().take_segment() {
///         server.handle_bytes(now, octets);
///     }
///     while let Some(event) = server.poll_event() {
///         if matches!(event, Event::Credentials(_) | Event::VirtualHost(_)) {
///             server.decide(Decision::Accept).unwrap();
///         }
///     }
///     while let Some(octets) = server.transmit().take_segment() {
///         client.handle_bytes(now, octets);
///     }
///     while client.poll_event().is_some() {}
/// }
/// assert_eq!(client.frame_max(), 131_072);
/// ```
#[derive(Clone)]
pub struct Connection {
    role: Role,
    session: Session,
    /// What every content needs to know, fixed once the connection is tuned.
    rules: ContentRules,
    input: Input,
    /// Octets that `handle_input` has left with the caller.
    left: usize,
    /// Something was decoded since the time was seen last.
    busy: bool,
    gate: Option<Gate>,
    /// Polling has stopped because too much output waited (`LIM-09`).
    stalled: bool,
    timers: Timers,
    /// Seconds; 0: none.
    heartbeat: u16,
    close_timeout: Duration,
    /// Largest payloads that the peer may send now: of body frames, of method and header frames.
    largest_body: u32,
    largest_other: u32,
    peer_properties: TableBuf,
    /// Client: update-secret requests without a reply. Server: how many are to be decided.
    secrets_pending: VecDeque<RequestId>,
    secrets_owed: u32,
    /// Why this side has sent connection.close.
    closing: Option<Box<CloseReason>>,
    /// Close-ok has gone out: whatever this side still waits for, it says nothing more.
    close_answered: bool,
}

/// What is needed of a configuration until the connection is open: names, properties and secrets, which
/// aren't kept any longer.
#[derive(Clone)]
enum Role {
    Client(Box<ClientLogin>),
    Server(Box<ServerConfig>),
    Begun,
}

#[derive(Clone)]
struct ClientLogin {
    config: ClientConfig,
    /// Which of the configured mechanisms is in use.
    mechanism: usize,
    progress: Progress,
    /// Challenges so far.
    rounds: u8,
}

/// There may be tens of thousands; whoever adds a field should know.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Connection>() <= 1192);

/// What the application owes a decision on; nothing is decoded meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Credentials,
    Challenge,
    VirtualHost,
}

impl Connection {
    /// A client. The protocol header is ready to be transmitted.
    pub fn client(config: ClientConfig, now: Instant) -> Self {
        let limits = config.limits.sound();
        let ceiling = frame_ceiling(config.frame_max, &limits).max(limits.method_or_header_frame);
        let profile = config.profile.unwrap_or_default();
        let mut session = Session::new(Side::Client, Phase::Start, config.dialect, limits, profile);
        session.content = config.content;
        session.window.push_opaque(&config.dialect.header().octets());
        let timeouts = (config.handshake_timeout, config.close_timeout);
        let streamed = config.content == ContentMode::Streamed;
        let input = Input::new(Preamble::Possible, ceiling, streamed);
        let login = ClientLogin { config, mechanism: 0, progress: Progress::default(), rounds: 0 };
        Self::new(Role::Client(Box::new(login)), session, input, timeouts, now)
    }

    /// A server that waits for a protocol header.
    pub fn server(config: ServerConfig, now: Instant) -> Self {
        let limits = config.limits.sound();
        let ceiling = frame_ceiling(config.frame_max, &limits);
        let mut session =
            Session::new(Side::Server, Phase::Header, Dialect::V0_9_1, limits, config.profile);
        session.content = config.content;
        let timeouts = (config.handshake_timeout, config.close_timeout);
        let streamed = config.content == ContentMode::Streamed;
        let input = Input::new(Preamble::Expected, ceiling, streamed);
        Self::new(Role::Server(Box::new(config)), session, input, timeouts, now)
    }

    fn new(
        role: Role,
        session: Session,
        input: Input,
        (handshake_timeout, close_timeout): (Duration, Duration),
        now: Instant,
    ) -> Self {
        let mut timers = Timers::new(now);
        timers.arm_from_now(Timer::Handshake, handshake_timeout);
        // What is never cut can't be waited for.
        let before_tune = session.limits.frame_before_tune.saturating_sub(OVERHEAD_OCTETS);
        let before_tune = before_tune.min(input.ceiling());
        Self {
            role,
            rules: session.content_rules(),
            session,
            input,
            left: 0,
            busy: false,
            gate: None,
            stalled: false,
            timers,
            heartbeat: 0,
            close_timeout,
            largest_body: before_tune,
            largest_other: before_tune,
            peer_properties: TableBuf::new(),
            secrets_pending: VecDeque::new(),
            secrets_owed: 0,
            closing: None,
            close_answered: false,
        }
    }

    /// Takes whole frames off the front of `input` and leaves the rest there, except the beginning of a
    /// body frame that may be handed on before it is whole ([`ContentPart`](crate::ContentPart)).
    ///
    /// Never reserves: reserve just before reading, so that the buffer can be reused. While
    /// [`wants_input`](Self::wants_input) is false nothing is taken, and before that only what fits the
    /// budget, so whole frames may be left behind: call again, without new octets too, when events
    /// have been polled. Poll after each call, even if nothing was taken: what is left may show that a
    /// frame is too large. After the terminal event `input` is emptied.
    pub fn handle_input(&mut self, now: Instant, input: &mut BytesMut) {
        // Octets that were left with the caller last time are no sign of life.
        self.see_input(now, input.len() > self.left);
        if self.wants_input() || self.input.is_dead() {
            let budget = self.input_budget().saturating_sub(self.input.undecoded());
            self.input.take_from(input, budget, !self.input_waits());
            self.take_beginning(input);
        }
        self.left = input.len();
    }

    /// Takes all of `input`; a frame that isn't whole yet is kept in a small buffer.
    pub fn handle_bytes(&mut self, now: Instant, input: Bytes) {
        self.see_input(now, !input.is_empty());
        self.input.take(input);
    }

    /// Takes a copy of `input`.
    pub fn handle_slice(&mut self, now: Instant, input: &[u8]) {
        self.see_input(now, !input.is_empty());
        self.input.take_slice(input);
    }

    /// The peer will send nothing more. Takes its turn behind the frames that were received; output
    /// may still be written. Octets that are handed in behind it aren't taken.
    pub fn handle_eof(&mut self, now: Instant) {
        self.see(now);
        self.input.ended = true;
        self.session.input_ended = true;
    }

    /// The time is `now`: to be called when [`poll_timeout`](Self::poll_timeout) has passed, harmless
    /// at any other time. Poll first: where the handshake or a Close has taken too long it is over, and
    /// input that waits isn't looked at any more.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.see(now);
        // The beginning of a frame is nothing that the application could have polled.
        self.input.cut_now();
        self.fire_timers();
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called at the latest.
    ///
    /// A moment that has passed already means: there is more to poll, because what stood in the way is
    /// gone: output has been written, deliveries or publishes have been settled.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let lifted = self.session.held.is_some() && !self.session.is_held();
        if lifted || self.stalled && !self.session.output_gated() {
            return Some(self.timers.now());
        }
        self.timers.next()
    }

    /// What is to be written to the transport: whole frames, about
    /// [`Limits::output_window`](crate::Limits::output_window) octets at a time. Call again when all
    /// of it is gone.
    pub fn transmit(&mut self) -> &mut Transmit {
        self.session.refill();
        &mut self.session.window
    }

    /// Whether octets should be read and handed in. While false, [`handle_input`](Self::handle_input)
    /// leaves them with the caller: as many octets as the budget allows wait to be polled, perhaps because a
    /// decision is owed, or it is over. What [`handle_bytes`](Self::handle_bytes) has taken isn't looked at
    /// before it is polled, so ask when events have been polled.
    pub fn wants_input(&self) -> bool {
        self.session.phase != Phase::Closed
            && self.input.is_open()
            && self.waiting_input() < self.input_budget()
    }

    /// Whether publishes and requests are taken, as far as the amount of unsent output decides.
    pub fn is_writable(&self) -> bool {
        self.session.phase == Phase::Open
            && self.session.unsent() < self.session.limits.unsent_output
    }

    /// The channel with this number.
    ///
    /// # Errors
    ///
    /// [`UsageError::UnknownChannel`] if it isn't open, perhaps because its end waits to be polled.
    pub fn channel(&mut self, id: ChannelId) -> Result<Channel<'_>, UsageError> {
        let channels = &mut self.session.channels;
        if let Some(slot) = channels.look_up(id.number()) {
            let state = channels.get(slot);
            if state.is_some_and(|state| state.phase != ChannelPhase::Draining) {
                return Ok(Channel::new(&mut self.session, slot, id));
            }
        }
        Err(UsageError::UnknownChannel { channel: id.number() })
    }

    /// The numbers of all channels that aren't closed, in no particular order; none once it is over.
    pub fn channels(&self) -> impl Iterator<Item = ChannelId> {
        let channels = &self.session.channels;
        let is_over = self.session.phase == Phase::Closed;
        let gone = [ChannelPhase::Vacant, ChannelPhase::Draining];
        channels
            .slots()
            .filter_map(|slot| channels.get(slot))
            .filter(move |state| !is_over && !gone.contains(&state.phase))
            .map(|state| state.id)
    }

    /// Which role this is.
    pub const fn side(&self) -> Side {
        self.session.side
    }

    /// How far the connection has come.
    pub const fn phase(&self) -> Phase {
        self.session.phase
    }

    /// The dialect that is spoken; on a server 0-9-1 until the client has chosen.
    pub const fn dialect(&self) -> Dialect {
        self.session.dialect
    }

    /// What is expected of the peer; on a client that is to recognise the broker, the default until
    /// connection.start.
    pub fn profile(&self) -> &Profile {
        &self.session.profile
    }

    /// The agreed frame-max in octets, until tuned what the peer takes before that
    /// ([`Profile::frame_before_tune`]); never zero.
    pub const fn frame_max(&self) -> u32 {
        self.session.frame_max
    }

    /// The agreed channel-max, 0 until tuned.
    pub const fn channel_max(&self) -> u16 {
        self.session.channel_max
    }

    /// The agreed heartbeat in seconds; 0: none.
    pub const fn heartbeat(&self) -> u16 {
        self.heartbeat
    }

    /// What the peer says about itself: server-properties or client-properties, empty until received.
    pub fn peer_properties(&self) -> Table<'_> {
        self.peer_properties.as_table()
    }

    /// The features that the peer has announced, and those that it is known to have
    /// ([`Profile::capabilities`]).
    pub const fn capabilities(&self) -> Capabilities {
        self.session.peer
    }

    /// Whether the server has blocked publishing (`FLW-03`).
    pub const fn is_blocked(&self) -> bool {
        self.session.blocked
    }

    /// Publishes on all channels that wait for their confirm.
    pub fn unconfirmed(&self) -> u64 {
        let channels = &self.session.channels;
        let states = channels.slots().filter_map(|slot| channels.get(slot));
        states.map(|state| u64::from(state.confirms.unsettled())).sum()
    }

    /// Deliveries on all channels that wait for their ack.
    pub fn unacked(&self) -> u64 {
        let channels = &self.session.channels;
        let states = channels.slots().filter_map(|slot| channels.get(slot));
        states.map(|state| state.unacked.len() as u64).sum()
    }

    /// Octets of output that wait to be written, on all channels.
    pub fn unsent(&self) -> usize {
        self.session.unsent()
    }

    /// Octets that wait to be decoded. A frame that isn't whole yet counts in full while something is
    /// in its way: to read all of it now would only fill the caller's buffer.
    fn waiting_input(&self) -> usize {
        let ahead = if self.input_waits() { self.input.ahead_len() } else { 0 };
        self.input.undecoded() + ahead
    }

    /// Whether octets that come now have to wait.
    fn input_waits(&self) -> bool {
        self.gate.is_some() || self.input.undecoded() > 0
    }

    fn input_budget(&self) -> usize {
        if self.session.phase < Phase::Open {
            self.session.limits.pre_login_input
        } else {
            self.session.limits.undecoded_input
        }
    }

    /// Takes note of the time, and of output that was drained before it.
    fn see(&mut self, now: Instant) {
        let drained = self.session.window.was_drained();
        let heartbeats = self.heartbeat > 0 && !self.close_answered;
        if drained && heartbeats && self.session.phase != Phase::Closed {
            // Drained since the time was seen last, most likely soon after it: counting from `now`
            // would stretch each interval by the sleep before it.
            self.timers.arm_from_now(Timer::Send, self.send_interval());
        }
        self.timers.see(now);
        if core::mem::take(&mut self.busy) && self.timers.is_due(Timer::Receive) {
            // Nobody told the time for two intervals although events were polled: it was the
            // application that was busy, not the peer that was silent.
            self.timers.arm_from_now(Timer::Receive, self.receive_interval());
        }
    }

    fn see_input(&mut self, now: Instant, any: bool) {
        self.see(now);
        if any && self.heartbeat > 0 && self.session.phase != Phase::Closed {
            self.timers.arm_from_now(Timer::Receive, self.receive_interval()); // HB-06
        }
    }

    /// Half the agreed value (`HB-05`).
    fn send_interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.heartbeat) * 500)
    }

    /// Twice the agreed value (`HB-07`).
    fn receive_interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.heartbeat) * 2)
    }

    fn fire_timers(&mut self) {
        if self.session.phase == Phase::Closed {
            return;
        }
        if self.timers.is_due(Timer::Handshake) {
            self.handshake_timed_out();
            return;
        }
        if self.timers.is_due(Timer::Receive) {
            if self.waits_for_application() {
                self.timers.arm_from_now(Timer::Receive, self.receive_interval());
            } else {
                self.heartbeat_lost();
                return;
            }
        }
        if self.timers.is_due(Timer::Close) {
            if self.waits_for_application() {
                self.timers.arm_from_now(Timer::Close, self.close_timeout);
            } else {
                self.close_timed_out();
                return;
            }
        }
        // Last, so that nothing is queued for a peer that is given up.
        if self.timers.is_due(Timer::Send) {
            let profile = &self.session.profile;
            let taken = profile.heartbeats_before_open || self.session.phase >= Phase::Open;
            if taken && !bytes::Buf::has_remaining(&self.session.window) {
                self.input.release();
                self.session.send_heartbeat();
            }
            self.timers.arm_from_now(Timer::Send, self.send_interval());
        }
    }

    /// Whether it is the application that keeps received octets from being looked at.
    fn waits_for_application(&self) -> bool {
        let undecoded = self.input.undecoded() > 0 || !self.session.events.is_empty();
        self.gate.is_some() || (undecoded && !self.session.output_gated())
    }
}

/// The largest payload that this side could ever agree to.
fn frame_ceiling(frame_max: u32, limits: &Limits) -> u32 {
    own_frame_max(frame_max, limits).max(limits.frame_before_tune)
}

/// The state in short; octets and configuration may hold secrets.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("side", &self.session.side)
            .field("phase", &self.session.phase)
            .field("dialect", &self.session.dialect)
            .field("frame_max", &self.session.frame_max)
            .field("channel_max", &self.session.channel_max)
            .field("heartbeat", &self.heartbeat)
            .field("channels", &self.session.channels.len())
            .field("decision_owed", &self.gate)
            .field("input", &self.input)
            .field("unsent", &self.session.unsent())
            .finish_non_exhaustive()
    }
}

impl From<Connection> for Parts {
    fn from(connection: Connection) -> Self {
        connection.into_parts()
    }
}
