//! What the two roles are told when a connection begins.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::limits::Limits;
use crate::profile::Profile;
use crate::protocol::Dialect;
use crate::sasl::Mechanism;
use crate::wire::{TableBuf, Value};

/// The capabilities that either side announces unless told otherwise (`HS-13`).
const CAPABILITIES: [&str; 6] = [
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "consumer_cancel_notify",
    "connection.blocked",
    "authentication_failure_close",
];

/// How often this side wants heartbeats (`TUN-10`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heartbeat {
    /// No heartbeats, whatever the server offers.
    Off,
    /// This many seconds or what the server offers, whichever is less; this many where the server
    /// offers none.
    Prefer(u16),
}

/// How contents are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentMode {
    /// In one event each; bodies above [`Limits::whole_body`] as if they were streamed.
    #[default]
    Whole,
    /// The method and header at once, the body in [parts](crate::ContentPart) as its octets come.
    Streamed,
}

/// What a client brings to a connection.
///
/// ```
/// use amqp_proto::{ClientConfig, Heartbeat, Mechanism};
///
/// let mut config = ClientConfig::plain("guest", "guest");
/// config.virtual_host = "/".into();
/// config.heartbeat = Heartbeat::Prefer(10);
/// assert_eq!(config.mechanisms, [Mechanism::plain("guest", "guest")]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The dialect to ask for. 0-9-1.
    pub dialect: Dialect,
    /// The SASL mechanisms that may be used, best first; the first one that the server offers is
    /// taken (`HS-03`). Whoever can change what the server offers decides which: name none that shows the
    /// password, behind one that doesn't, where the transport doesn't keep it secret.
    pub mechanisms: Vec<Mechanism>,
    /// The virtual host to open. `/`.
    pub virtual_host: String,
    /// The locale to name in start-ok if the server offers it; else `en_US` is named, or what is on
    /// offer (`HS-04`). `en_US`.
    pub locale: String,
    /// The client-properties of start-ok, with the table of capabilities.
    pub client_properties: TableBuf,
    /// The highest channel number wanted; 0 for no limit. 2047.
    pub channel_max: u16,
    /// The largest whole frame wanted, in octets: 4096 to 1 GiB (other values are taken as the nearest), or
    /// 0 for [`Limits::unlimited_frame`]. 131,072.
    pub frame_max: u32,
    /// Heartbeats. 60 seconds.
    pub heartbeat: Heartbeat,
    /// How long the handshake may take (`HS-16`). 30 s.
    pub handshake_timeout: Duration,
    /// How long to wait for close-ok (`CLS-09`). 10 s.
    pub close_timeout: Duration,
    /// How contents are handed over.
    pub content: ContentMode,
    /// The resource budget.
    pub limits: Limits,
    /// What to expect of the server; `None` for the profile of the broker that it says it is
    /// ([`Profile::recognise`]), or [`Profile::DEFAULT`] if that is none that is known.
    pub profile: Option<Profile>,
}

impl ClientConfig {
    /// A client that logs in with PLAIN.
    pub fn plain(user: &str, password: &str) -> Self {
        Self::with_mechanisms(vec![Mechanism::plain(user, password)])
    }

    /// A client that uses the first of `mechanisms` that the server offers.
    pub fn with_mechanisms(mechanisms: Vec<Mechanism>) -> Self {
        Self {
            dialect: Dialect::V0_9_1,
            mechanisms,
            virtual_host: "/".into(),
            locale: "en_US".into(),
            client_properties: properties(),
            channel_max: 2047,
            frame_max: 131_072,
            heartbeat: Heartbeat::Prefer(60),
            handshake_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(10),
            content: ContentMode::Whole,
            limits: Limits::default(),
            profile: None,
        }
    }
}

impl Default for ClientConfig {
    /// A client that logs in as anybody, with ANONYMOUS.
    fn default() -> Self {
        Self::with_mechanisms(vec![Mechanism::anonymous()])
    }
}

/// What a server brings to a connection.
///
/// ```
/// use amqp_proto::ServerConfig;
///
/// let mut config = ServerConfig::default();
/// config.mechanisms = "PLAIN ANONYMOUS".into();
/// assert_eq!(config.channel_max, 2047);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The dialects that are served. 0-9-1, 0-9 and 0-8.
    pub dialects: Vec<Dialect>,
    /// The SASL mechanisms to offer, separated by spaces. `PLAIN AMQPLAIN`.
    pub mechanisms: String,
    /// The locales to offer, separated by spaces. `en_US`.
    pub locales: String,
    /// The server-properties of connection.start, with the table of capabilities.
    pub server_properties: TableBuf,
    /// The highest channel number to allow; 0 for no limit. 2047.
    pub channel_max: u16,
    /// The largest whole frame to allow, in octets: 4096 to 1 GiB (other values are taken as the nearest), or
    /// 0 for [`Limits::unlimited_frame`]. 131,072.
    pub frame_max: u32,
    /// The heartbeat to suggest, in seconds; the client decides. 60.
    pub heartbeat: u16,
    /// How long the handshake may take (`HS-16`). 10 s.
    pub handshake_timeout: Duration,
    /// How long to wait for close-ok (`CLS-09`). 10 s.
    pub close_timeout: Duration,
    /// How contents are handed over.
    pub content: ContentMode,
    /// The resource budget; [`Limits::max_body`] is 512 MiB here.
    pub limits: Limits,
    /// What to expect of the client. [`Profile::known`], [`Profile::refuses`] and what else is about servers alone
    /// isn't looked at.
    pub profile: Profile,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let limits = Limits { max_body: Some(512 << 20), ..Limits::default() };
        Self {
            dialects: vec![Dialect::V0_9_1, Dialect::V0_9, Dialect::V0_8],
            mechanisms: "PLAIN AMQPLAIN".into(),
            locales: "en_US".into(),
            server_properties: properties(),
            channel_max: 2047,
            frame_max: 131_072,
            heartbeat: 60,
            handshake_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(10),
            content: ContentMode::Whole,
            limits,
            profile: Profile::DEFAULT,
        }
    }
}

/// Peer properties that name this library and what it can do.
fn properties() -> TableBuf {
    let mut announced = TableBuf::new();
    let mut properties = TableBuf::new();
    for capability in CAPABILITIES {
        // The names are short and a bool is emittable, so neither insert can fail.
        let _ = announced.insert(capability, true);
    }
    let _ = properties.insert("product", "amqp-proto");
    let _ = properties.insert("version", env!("CARGO_PKG_VERSION"));
    let _ = properties.insert("platform", "Rust");
    let _ = properties.insert("capabilities", Value::Table(announced.as_table()));
    properties
}
