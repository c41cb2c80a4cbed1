//! The first two methods: what start says of the server, and start-ok of the client.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::channel::{Fault, Incoming};
use crate::connection::{Connection, Gate, Role};
use crate::error::{CloseDetail, CloseReason, Got, Initiator};
use crate::event::{Credentials, Event};
use crate::peer::Capabilities;
use crate::phase::{Phase, Side};
use crate::profile::Profile;
use crate::protocol::{Dialect, Method, MethodKind, ReplyCode, connection};
use crate::text::truncated;
use crate::wire::{FieldNames, LongStr, ShortStr, Table, TableBuf, TableLimits, Value};

impl Connection {
    pub(super) fn begin_login(&mut self, dialect: Dialect) {
        self.session.dialect = dialect;
        self.rules.dialect = dialect;
        let Role::Server(config) = &self.role else { return };
        let (version_major, version_minor) = match dialect {
            Dialect::V0_8 => (8, 0),
            _ => (0, 9),
        };
        let properties = server_properties(&config.server_properties, dialect);
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

    pub(super) fn on_start(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
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

    pub(super) fn on_start_ok(&mut self, frame: &Incoming<'_>) -> Result<(), Fault> {
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
}

/// The properties as the client of this dialect can read them: the flags of the capabilities are of a type
/// that 0-8 doesn't have, and clients of 0-8 end the handshake by it (`DIA-08`).
fn server_properties(own: &TableBuf, dialect: Dialect) -> Cow<'_, TableBuf> {
    if dialect != Dialect::V0_8 {
        return Cow::Borrowed(own);
    }
    let mut readable = TableBuf::with_capacity(own.as_octets().len());
    for (name, value) in own.iter().filter(|(_, value)| is_readable(value)) {
        // It was inserted before, so it can be again.
        let _ = readable.insert(name, value);
    }
    Cow::Owned(readable)
}

/// Whether the specification of 0-8 has the type of this value, and of all in it.
fn is_readable(value: &Value<'_>) -> bool {
    match value {
        Value::LongStr(_) | Value::I32(_) | Value::Decimal(_) | Value::Timestamp(_) => true,
        // Of tables in tables none has been seen; nothing recurses on them.
        Value::Table(table) => is_flat(*table),
        _ => false,
    }
}

fn is_flat(table: Table<'_>) -> bool {
    table.iter().all(|(_, value)| !matches!(value, Value::Table(_)) && is_readable(&value))
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
