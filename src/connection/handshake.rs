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
use crate::connection::greeting;
use crate::connection::input::LARGEST_FRAME;
use crate::connection::timers::Timer;
use crate::connection::{ClientLogin, Connection, Gate, Role};
use crate::error::{CloseDetail, CloseReason, Got, Initiator};
use crate::event::{Challenge, Credentials, Event, SaslResponse, UpdateSecret, VirtualHost};
use crate::frame::{FRAME_MIN_SIZE, PeerProtocol, ProtocolHeader};
use crate::limits::Limits;
use crate::peer::Capabilities;
use crate::phase::{Phase, Side};
use crate::profile::Profile;
use crate::protocol::{AsMethod, Dialect, Method, MethodKind, ReplyCode, connection};
use crate::sasl::Response;
use crate::text::truncated;
use crate::wire::{EncodeError, FieldNames, LongStr, ShortStr, Table, TableBuf, TableLimits};

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

    fn begin_login(&mut self, dialect: Dialect) {
        self.session.dialect = dialect;
        self.rules.dialect = dialect;
        let Role::Server(config) = &self.role else { return };
        let (version_major, version_minor) = match dialect {
            Dialect::V0_8 => (8, 0),
            _ => (0, 9),
        };
        let properties = greeting::server_properties(&config.server_properties, dialect);
        let start = connection::Start {
            version_major,
            version_minor,
            server_properties: properties.as_table(),
            mechanisms: config.mechanisms.as_str().into(),
            locales: config.locales.as_str().into(),
        };
        match self.session.send_control(&start) {
            Ok(()) => self.session.phase = Phase::Start,
            Err(error) => self.cannot_send("connection.start", error),
        }
    }

    /// The configuration asks for something that can't be written.
    fn cannot_send(&mut self, method: &str, error: EncodeError) {
        let text = truncated(&format_args!("{method} can't be sent: {error}"));
        self.finish(CloseReason::new(Initiator::Local, ReplyCode::INTERNAL_ERROR, text));
    }

    fn server_config(&self) -> Option<&ServerConfig> {
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

    fn on_start(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionStart(start) = self.decode_greeting(frame)? else { return Ok(()) };
        let asked_for = match self.session.dialect {
            Dialect::V0_8 => (start.version_major, start.version_minor) == (8, 0),
            _ => start.version_major == 0 && start.version_minor <= 9,
        };
        if !asked_for {
            let version = u64::from(start.version_major) * 256 + u64::from(start.version_minor);
            let got = Got::Number(version);
            let expected = "no higher version than was asked for";
            return Err(frame.fault("HDR-07", ReplyCode::NOT_IMPLEMENTED, expected, got));
        }
        self.recognise(start.server_properties);
        self.learn(start.server_properties);
        let Role::Client(login) = &mut self.role else { return Ok(()) };
        let config = &login.config;
        let offered = || words(start.mechanisms);
        let chosen = config
            .mechanisms
            .iter()
            .position(|own| offered().any(|name| name == own.name().as_bytes()));
        let chosen = chosen.and_then(|index| Some((index, config.mechanisms.get(index)?)));
        let Some((index, mechanism)) = chosen else {
            let text = match start.mechanisms.is_empty() {
                true => String::from("the server offers none"),
                false => truncated(&format_args!("the server offers {}", start.mechanisms)),
            };
            let code = ReplyCode::NOT_ALLOWED;
            let reason = CloseReason::new(Initiator::Library, code, text);
            self.finish(reason.with_detail(CloseDetail::NoCommonMechanism));
            return Ok(());
        };
        if let Err(problem) = mechanism.check() {
            let text = truncated(problem);
            self.finish(CloseReason::new(Initiator::Local, ReplyCode::SYNTAX_ERROR, text));
            return Ok(());
        }
        let response = mechanism.initial_response();
        let start_ok = connection::StartOk {
            client_properties: config.client_properties.as_table(),
            mechanism: mechanism.name().into(),
            response: response.as_slice().into(),
            locale: locale(&config.locale, start.locales),
        };
        let sent = self.session.send_control(&start_ok);
        login.mechanism = index;
        match sent {
            Ok(()) => self.session.phase = Phase::Secure,
            Err(error) => self.cannot_send("connection.start-ok", error),
        }
        Ok(())
    }

    /// Start or start-ok. The names of capabilities have dots, which even the strict profile takes there: it
    /// could log in nowhere (`TBL-11`).
    fn decode_greeting<'a>(&self, frame: &Incoming<'a>) -> Result<Method<'a>, Fault> {
        let table = TableLimits { field_names: FieldNames::Any, ..self.session.table };
        self.session.decode_within(frame, &table)
    }

    /// Takes the profile of the broker that this is, unless the configuration says which one to take.
    fn recognise(&mut self, properties: Table<'_>) {
        let Role::Client(login) = &self.role else { return };
        if login.config.profile.is_none() {
            self.session.expect(Profile::recognise(properties).unwrap_or_default());
            self.rules = self.session.content_rules();
        }
    }

    /// Keeps what the peer says about itself.
    fn learn(&mut self, properties: Table<'_>) {
        self.peer_properties = TableBuf::from(properties);
        self.session.peer = match self.session.side {
            Side::Client => self.session.profile.capabilities(properties),
            // A client has what it announces: the profile is about servers.
            Side::Server => Capabilities::read(properties),
        };
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

    fn on_start_ok(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
        let Method::ConnectionStartOk(start_ok) = self.decode_greeting(frame)? else {
            return Ok(());
        };
        let offered = self.server_config().is_some_and(|config| {
            config.mechanisms.split(' ').any(|name| start_ok.mechanism == *name)
        });
        if !offered || start_ok.mechanism.is_empty() {
            let got = Got::Text("another mechanism");
            let expected = "one of the mechanisms that were offered";
            return Err(frame.fault("HS-03", ReplyCode::NOT_ALLOWED, expected, got));
        }
        self.learn(start_ok.client_properties);
        self.gate = Some(Gate::Credentials);
        let method = frame.method(MethodKind::ConnectionStartOk, self.session.dialect);
        self.session.events.push_back(Event::Credentials(Credentials(method)));
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

/// The words of a list that spaces separate.
fn words(list: LongStr<'_>) -> impl Iterator<Item = &[u8]> {
    list.as_octets().split(|octet| *octet == b' ').filter(|word| !word.is_empty())
}

/// The client's locale, `en_US` or any that fits start-ok, whichever is on offer first (`HS-04`).
fn locale<'a>(own: &'a str, offered: LongStr<'a>) -> ShortStr<'a> {
    let is_offered = |locale: &&[u8]| words(offered).any(|word| word == *locale);
    let any = || words(offered).find(|word| word.len() <= ShortStr::MAX_LEN);
    let chosen = [own.as_bytes(), b"en_US"].into_iter().find(is_offered).or_else(any);
    chosen.unwrap_or(own.as_bytes()).into()
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
