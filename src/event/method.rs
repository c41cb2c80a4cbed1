//! Received methods that own their octets.

use core::fmt;

use crate::event::{ChannelId, Octets};
use crate::protocol::{Dialect, Method, MethodKind, connection};
use crate::sasl::Login;
use crate::wire::{FieldNames, LongStr, ShortStr, ShortStrings, Table, TableLimits, UnknownTags};

/// Limits for octets that have been judged once: they can't be exceeded any more.
pub(crate) const JUDGED: TableLimits = {
    let mut limits = TableLimits::DEFAULT;
    limits.max_depth = u8::MAX;
    limits.max_entries = u32::MAX;
    limits.max_octets = u32::MAX;
    limits.unknown_tags = UnknownTags::Keep;
    limits.field_names = FieldNames::Any;
    limits.short_strings = ShortStrings::Any;
    limits
};

/// A received method: its octets, read on access.
#[derive(Clone, PartialEq, Eq)]
pub struct MethodEvent {
    pub(crate) octets: Octets,
    pub(crate) channel: u16,
    pub(crate) kind: MethodKind,
    pub(crate) dialect: Dialect,
}

impl MethodEvent {
    /// The channel that the method came on; `None` for channel 0.
    pub const fn channel(&self) -> Option<ChannelId> {
        ChannelId::new(self.channel)
    }

    /// Which method it is.
    pub const fn kind(&self) -> MethodKind {
        self.kind
    }

    /// The method with its arguments.
    pub fn method(&self) -> Method<'_> {
        // The octets were decoded once before the event was made, so this can't fail.
        Method::decode(self.dialect, &self.octets, &JUDGED)
            .unwrap_or_else(|_| Method::empty(self.kind))
    }

    /// The payload of the method frame: class id, method id, arguments.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// A copy that doesn't pin the read buffer.
    pub fn to_detached(&self) -> Self {
        Self { octets: self.octets.to_detached(), ..*self }
    }
}

impl fmt::Debug for MethodEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MethodEvent({self})")
    }
}

/// One line, secrets masked.
impl fmt::Display for MethodEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ch {} {}", self.channel, self.method())
    }
}

macro_rules! wrapper {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(pub(crate) MethodEvent);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

wrapper! {
    /// What a client sent in connection.start-ok.
    Credentials
}

impl Credentials {
    /// All of start-ok.
    pub fn start_ok(&self) -> connection::StartOk<'_> {
        match self.0.method() {
            Method::ConnectionStartOk(start_ok) => start_ok,
            _ => connection::StartOk::default(),
        }
    }

    /// The name of the mechanism; it is one of those offered.
    pub fn mechanism(&self) -> ShortStr<'_> {
        self.start_ok().mechanism
    }

    /// The mechanism's initial response. A secret.
    pub fn response(&self) -> &[u8] {
        self.start_ok().response.as_octets()
    }

    /// User and password, if the mechanism is PLAIN or AMQPLAIN and the response well-formed.
    pub fn login(&self) -> Option<Login<'_>> {
        let start_ok = self.start_ok();
        Login::parse(start_ok.mechanism.as_str().ok()?, start_ok.response.as_octets())
    }

    /// What the client says about itself.
    pub fn client_properties(&self) -> Table<'_> {
        self.start_ok().client_properties
    }
}

wrapper! {
    /// What a client sent in connection.secure-ok.
    SaslResponse
}

impl SaslResponse {
    /// The octets of the response. A secret.
    pub fn response(&self) -> &[u8] {
        match self.0.method() {
            Method::ConnectionSecureOk(secure_ok) => secure_ok.response.as_octets(),
            _ => &[],
        }
    }
}

wrapper! {
    /// What a server sent in connection.secure.
    Challenge
}

impl Challenge {
    /// The octets of the challenge.
    pub fn challenge(&self) -> LongStr<'_> {
        match self.0.method() {
            Method::ConnectionSecure(secure) => secure.challenge,
            _ => LongStr::default(),
        }
    }
}

wrapper! {
    /// What a client sent in connection.update-secret.
    UpdateSecret
}

impl UpdateSecret {
    /// The new secret.
    pub fn new_secret(&self) -> &[u8] {
        match self.0.method() {
            Method::ConnectionUpdateSecret(update) => update.new_secret.as_octets(),
            _ => &[],
        }
    }

    /// Why it has changed.
    pub fn reason(&self) -> ShortStr<'_> {
        match self.0.method() {
            Method::ConnectionUpdateSecret(update) => update.reason,
            _ => ShortStr::default(),
        }
    }
}

wrapper! {
    /// What a client sent in connection.open.
    VirtualHost
}

impl VirtualHost {
    /// All of open.
    pub fn open(&self) -> connection::Open<'_> {
        match self.0.method() {
            Method::ConnectionOpen(open) => open,
            _ => connection::Open::default(),
        }
    }

    /// The name of the virtual host.
    pub fn name(&self) -> ShortStr<'_> {
        self.open().virtual_host
    }
}
