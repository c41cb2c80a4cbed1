//! The handshake of both roles, and the other methods on channel 0.
//!
//! ```text
//!   client   header ─▶   start-ok ─▶   (secure-ok ─▶)*          tune-ok, open ─▶
//!   server         ◀─ start       (◀─ secure)*         ◀─ tune                  ◀─ open-ok
//!   phase    Header      Start         Secure           Tune    Opening           Open
//! ```

use alloc::string::String;

use crate::channel::{Fault, Incoming};
use crate::config::{Heartbeat, ServerConfig};
use crate::connection::ahead::PROTOCOL_HEADER_LEN;
use crate::connection::input::LARGEST_FRAME;
use crate::connection::timers::Timer;
use crate::connection::{ClientLogin, Connection, Gate, Role};
use crate::error::{CloseDetail, CloseReason, Got, Initiator};
use crate::event::{Challenge, Event, SaslResponse, UpdateSecret, VirtualHost};
use crate::frame::{FRAME_MIN_SIZE, PeerProtocol, ProtocolHeader};
use crate::limits::Limits;
use crate::phase::{Phase, Side};
use crate::protocol::{AsMethod, Dialect, Method, MethodKind, ReplyCode, connection};
use crate::sasl::Response;
use crate::text::truncated;
use crate::wire::EncodeError;

impl Connection {
    /// The first eight octets, where they may be a protocol header. False: they are a frame.
    pub(super) fn on_preamble(&mut self, octets: &[u8; PROTOCOL_HEADER_LEN]) -> bool {
        match self.session.side {
            Side::Client => match PeerProtocol::recognise(octets) {
                None | Some(PeerProtocol::Frames) => false,
                Some(protocol) => {
                    self.speaks(protocol);
                    true
                }
            },
            Side::Server => {
                match self.served(octets) {
                    Some(dialect) => self.begin_login(dialect),
                    None => {
                        let protocol = PeerProtocol::recognise(octets)
                            .unwrap_or(PeerProtocol::Unknown(*octets));
                        self.refuse(protocol);
                    }
                }
                true
            }
        }
    }

    /// The server answers with something else than frames: nothing more is sent (`HDR-05`).
    pub(super) fn speaks(&mut self, protocol: PeerProtocol) {
        let code = ReplyCode::NOT_IMPLEMENTED;
        let reason = CloseReason::new(Initiator::Peer, code, String::new());
        self.finish(reason.with_detail(CloseDetail::OtherProtocol(protocol)));
    }

    fn served(&self, octets: &[u8; PROTOCOL_HEADER_LEN]) -> Option<Dialect> {
        let dialects = &self.server_config()?.dialects;
        let asked_for = Dialect::from_header(ProtocolHeader::parse(octets)?)?;
        dialects.contains(&asked_for).then_some(asked_for)
    }

    /// The peer doesn't begin with a protocol header.
    pub(super) fn refuse_header(&mut self) {
        let mut first = [0; PROTOCOL_HEADER_LEN];
        let octets = self.input.ahead().octets();
        for (place, octet) in first.iter_mut().zip(octets) {
            *place = *octet;
        }
        let protocol = PeerProtocol::recognise(octets).unwrap_or(PeerProtocol::Unknown(first));
        self.refuse(protocol);
    }

    /// Writes a header that is served, and ends (`HDR-03`).
    fn refuse(&mut self, protocol: PeerProtocol) {
        let served = self.server_config().and_then(|config| config.dialects.first().copied());
        self.session.window.push_opaque(&served.unwrap_or_default().header().octets());
        let code = ReplyCode::NOT_IMPLEMENTED;
        let reason = CloseReason::new(Initiator::Library, code, String::new());
        self.finish(reason.with_detail(CloseDetail::OtherProtocol(protocol)));
    }

    /// The configuration asks for something that can't be written.
    pub(super) fn cannot_send(&mut self, method: &str, error: EncodeError) {
        let text = truncated(&format_args!("{method} can't be sent: {error}"));
        self.finish(CloseReason::new(Initiator::Local, ReplyCode::INTERNAL_ERROR, text));
    }

    pub(super) fn server_config(&self) -> Option<&ServerConfig> {
        match &self.role {
            Role::Server(config) => Some(config),
            Role::Client(_) | Role::Begun => None,
        }
    }

    /// A method on channel 0 that the peer's side may send.
    pub(super) fn on_connection_method(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
    ) -> Result<(), Fault> {
        use MethodKind as M;
        match (self.session.side, self.session.phase, kind) {
            (Side::Client, Phase::Start, M::ConnectionStart) => self.on_start(frame),
            (Side::Client, Phase::Secure, M::ConnectionSecure) => self.on_secure(frame),
            (Side::Client, Phase::Secure, M::ConnectionTune) => self.on_tune(frame),
            (Side::Client, Phase::Opening, M::ConnectionOpenOk) => {
                self.session.decode(frame)?;
                self.opened();
                Ok(())
            }
            (Side::Client, Phase::Opening | Phase::Open, M::ConnectionRedirect) => {
                self.on_redirect(frame)
            }
            // HS-02: a server may close from Start on.
            (Side::Client, phase, M::ConnectionClose) if phase > Phase::Start => {
                self.on_peer_close(frame)
            }
            (Side::Server, Phase::Start, M::ConnectionStartOk) => self.on_start_ok(frame),
            (Side::Server, Phase::Secure, M::ConnectionSecureOk) => self.on_secure_ok(frame),
            (Side::Server, Phase::Tune, M::ConnectionTuneOk) => self.on_tune_ok(frame),
            (Side::Server, Phase::Opening, M::ConnectionOpen) => {
                self.session.decode(frame)?;
                self.gate = Some(Gate::VirtualHost);
                let method = frame.method(kind, self.session.dialect);
                self.session.events.push_back(Event::VirtualHost(VirtualHost(method)));
                Ok(())
            }
            (Side::Server, Phase::Open, M::ConnectionClose) => self.on_peer_close(frame),
            (_, Phase::Open, _) => self.on_method_when_open(frame, kind),
            _ => {
                let expected = "the next method of the handshake";
                Err(frame.wrong_method("HS-01", ReplyCode::COMMAND_INVALID, expected, kind))
            }
        }
    }

    fn on_method_when_open(&mut self, frame: &Incoming<'_>, kind: MethodKind) -> Result<(), Fault> {
        let mut code = ReplyCode::COMMAND_INVALID;
        let (rule, expected) = match kind {
            MethodKind::ConnectionBlocked | MethodKind::ConnectionUnblocked => {
                self.session.decode(frame)?;
                self.session.blocked = kind == MethodKind::ConnectionBlocked;
                self.session
                    .events
                    .push_back(Event::Notice(frame.method(kind, self.session.dialect)));
                return Ok(());
            }
            MethodKind::ConnectionUpdateSecret
                if self.secrets_owed < self.session.limits.open_requests =>
            {
                self.session.decode(frame)?;
                self.secrets_owed += 1;
                let method = frame.method(kind, self.session.dialect);
                self.session.events.push_back(Event::UpdateSecret(UpdateSecret(method)));
                return Ok(());
            }
            MethodKind::ConnectionUpdateSecret => {
                code = ReplyCode::RESOURCE_ERROR;
                ("LIM-09", "fewer unanswered requests")
            }
            MethodKind::ConnectionUpdateSecretOk => {
                self.session.decode(frame)?;
                if let Some(request) = self.secrets_pending.pop_front() {
                    let method = frame.method(kind, self.session.dialect);
                    self.session.events.push_back(Event::Reply { request, method });
                    return Ok(());
                }
                ("SYN-03", "a request that it answers")
            }
            MethodKind::ConnectionCloseOk => ("CLS-04", "a Close that it answers"),
            _ => ("HS-10", "no second handshake"),
        };
        Err(frame.wrong_method(rule, code, expected, kind))
    }

    fn on_secure(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionSecure(secure) = self.session.decode(frame)? else { return Ok(()) };
        let limits = self.session.limits;
        let Role::Client(login) = &mut self.role else { return Ok(()) };
        if login.rounds >= limits.sasl_rounds {
            // A server may go on as long as its application likes; a client can't be kept at it for ever.
            let got = Got::Number(u64::from(login.rounds) + 1);
            let expected = "fewer challenge rounds";
            return Err(frame.fault("HS-07", ReplyCode::NOT_ALLOWED, expected, got));
        }
        login.rounds += 1;
        let Some(mechanism) = login.config.mechanisms.get(login.mechanism) else { return Ok(()) };
        let challenge = secure.challenge.as_octets();
        match mechanism.respond(&mut login.progress, challenge, limits.scram_iterations) {
            Response::Octets(response) => self.send_secure_ok(&response),
            Response::AskApplication => {
                self.gate = Some(Gate::Challenge);
                let method = frame.method(MethodKind::ConnectionSecure, self.session.dialect);
                self.session.events.push_back(Event::Challenge(Challenge(method)));
            }
            Response::Unexpected => {
                let got = Got::Method(MethodKind::ConnectionSecure);
                let expected = "a mechanism without challenges to be left alone";
                return Err(frame.fault("HS-07", ReplyCode::COMMAND_INVALID, expected, got));
            }
            Response::Wrong(expected) => {
                let got = Got::Method(MethodKind::ConnectionSecure);
                return Err(frame.fault("HS-17", ReplyCode::COMMAND_INVALID, expected, got));
            }
        }
        Ok(())
    }

    fn send_secure_ok(&mut self, response: &[u8]) {
        if let Err(error) = self.send(&connection::SecureOk { response: response.into() }) {
            self.cannot_send("connection.secure-ok", error);
        }
    }

    pub(super) fn send(&mut self, method: &impl AsMethod) -> Result<(), EncodeError> {
        self.session.send_control(method)
    }

    fn on_tune(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionTune(tune) = self.session.decode(frame)? else { return Ok(()) };
        if (1..FRAME_MIN_SIZE).contains(&tune.frame_max) {
            // No legal answer exists.
            let got = Got::Number(tune.frame_max.into());
            let expected = "frame-max 0 or at least 4096";
            return Err(frame.fault("TUN-05", ReplyCode::NOT_ALLOWED, expected, got));
        }
        let Role::Client(login) = &self.role else { return Ok(()) };
        let ClientLogin { config, mechanism, progress, .. } = &**login;
        if !config.mechanisms.get(*mechanism).is_none_or(|used| used.may_end(progress)) {
            let got = Got::Method(MethodKind::ConnectionTune);
            let expected = "a proof that the server knows the password";
            return Err(frame.fault("HS-17", ReplyCode::ACCESS_REFUSED, expected, got));
        }
        let tune_ok = connection::TuneOk {
            channel_max: lower(config.channel_max, tune.channel_max),
            frame_max: lower(own_frame_max(config.frame_max, &self.session.limits), tune.frame_max),
            heartbeat: match config.heartbeat {
                Heartbeat::Off => 0,
                // TUN-10
                Heartbeat::Prefer(seconds) if tune.heartbeat == 0 => seconds,
                Heartbeat::Prefer(seconds) => seconds.min(tune.heartbeat),
            },
        };
        let open = connection::Open {
            virtual_host: config.virtual_host.as_str().into(),
            ..connection::Open::default()
        };
        let sent =
            self.session.send_control(&tune_ok).and_then(|()| self.session.send_control(&open));
        match sent {
            Ok(()) => self.tuned(&tune_ok),
            Err(error) => self.cannot_send("connection.open", error),
        }
        Ok(())
    }

    /// From here on the agreed values hold (`TUN-08`).
    fn tuned(&mut self, tune_ok: &connection::TuneOk) {
        self.session.frame_max = tune_ok.frame_max;
        self.session.channel_max =
            if tune_ok.channel_max == 0 { u16::MAX } else { tune_ok.channel_max };
        self.session.phase = Phase::Opening;
        self.judge_by_tuned_limits();
        self.heartbeat = tune_ok.heartbeat;
        if self.heartbeat > 0 {
            // HB-08
            self.timers.arm(Timer::Send, self.send_interval());
            self.timers.arm(Timer::Receive, self.receive_interval());
        }
    }

    fn opened(&mut self) {
        self.session.phase = Phase::Open;
        self.timers.stop(Timer::Handshake);
        self.role = Role::Begun;
        // What follows differs in size from a login.
        self.session.release();
        self.session.events.push_back(Event::Connected);
    }

    fn on_redirect(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionRedirect(redirect) = self.session.decode(frame)? else {
            return Ok(());
        };
        let text = truncated(&redirect.host);
        let method = frame.method(MethodKind::ConnectionRedirect, self.session.dialect);
        self.session.events.push_back(Event::Notice(method));
        let reason = CloseReason::new(Initiator::Peer, ReplyCode::CONNECTION_FORCED, text);
        self.finish(reason.with_detail(CloseDetail::Redirected));
        Ok(())
    }

    fn on_secure_ok(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        self.session.decode(frame)?;
        self.gate = Some(Gate::Credentials);
        let method = frame.method(MethodKind::ConnectionSecureOk, self.session.dialect);
        self.session.events.push_back(Event::SaslResponse(SaslResponse(method)));
        Ok(())
    }

    fn on_tune_ok(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionTuneOk(tune_ok) = self.session.decode(frame)? else {
            return Ok(());
        };
        let Some(config) = self.server_config() else { return Ok(()) };
        let (frame_max, channel_max) =
            (own_frame_max(config.frame_max, &self.session.limits), config.channel_max);
        let wrong = |rule, expected, number: u32| {
            Err(frame.fault(rule, ReplyCode::NOT_ALLOWED, expected, Got::Number(number.into())))
        };
        if (1..FRAME_MIN_SIZE).contains(&tune_ok.frame_max) {
            return wrong("TUN-05", "a frame-max of at least 4096", tune_ok.frame_max);
        }
        if tune_ok.frame_max == 0 || tune_ok.frame_max > frame_max {
            return wrong("TUN-02", "no higher frame-max than was offered", tune_ok.frame_max);
        }
        if channel_max != 0 && (tune_ok.channel_max == 0 || tune_ok.channel_max > channel_max) {
            let number = tune_ok.channel_max.into();
            return wrong("TUN-03", "no higher channel-max than was offered", number);
        }
        self.tuned(&tune_ok);
        Ok(())
    }

    pub(super) fn send_tune(&mut self) {
        let Some(config) = self.server_config() else { return };
        let tune = connection::Tune {
            channel_max: config.channel_max,
            frame_max: own_frame_max(config.frame_max, &self.session.limits),
            heartbeat: config.heartbeat,
        };
        // Eight octets that every dialect has: this can't fail.
        let _ = self.send(&tune);
        self.session.phase = Phase::Tune;
    }

    pub(super) fn send_open_ok(&mut self) {
        // One octet that every dialect has: this can't fail.
        let _ = self.send(&connection::OpenOk::default());
        self.opened();
    }
}

/// The lower of two limits of which zero is the highest (`TUN-06`).
fn lower<T: Ord + Default>(own: T, offered: T) -> T {
    let none = T::default();
    if own == none {
        offered
    } else if offered == none {
        own
    } else {
        own.min(offered)
    }
}

/// The frame-max that this side asks for (`TUN-05`). One that isn't set is what it takes at most, never zero:
/// each side would read that in its own way (`TUN-06`).
pub(super) fn own_frame_max(configured: u32, limits: &Limits) -> u32 {
    let own = if configured == 0 { limits.unlimited_frame } else { configured };
    own.clamp(FRAME_MIN_SIZE, LARGEST_FRAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_means_no_limit_on_either_side() {
        assert_eq!(
            [lower(0, 0), lower(5, 0), lower(0, 7), lower(5, 7), lower(7, 5)],
            [0, 5, 7, 5, 5]
        );
        let own = |configured| own_frame_max(configured, &Limits::default());
        assert_eq!([0, 1, 4095, 4096, 8192].map(own), [16 << 20, 4096, 4096, 4096, 8192]);
        assert_eq!(own(u32::MAX), LARGEST_FRAME);
    }
}
