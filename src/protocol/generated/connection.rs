//! Class `connection`, 10. Handshake, tuning, and the end of a connection; on channel 0
//! alone.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind, ReplyCode,
        display::{Line, Secret},
        traits::{AsMethod, Sealed},
    },
    wire::{
        EncodeError, LongStr, Reader, ShortStr, Table, TableLimits, Writer, long_str_len,
        short_str_len, table_len,
    },
};

/// Opens the handshake: versions, mechanisms and locales on offer.
///
/// `connection.start`, 10.10, from the server; answered by [`StartOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// Major version: 0, or 8 from a peer that speaks 0-8.
    pub version_major: u8,
    /// Minor version: 9, for 0-9 and 0-9-1 alike.
    pub version_minor: u8,
    /// Product, version, capabilities and more of the server.
    pub server_properties: Table<'a>,
    /// SASL mechanisms on offer, separated by spaces.
    pub mechanisms: LongStr<'a>,
    /// Locales on offer, separated by spaces; `en_US` is always one.
    pub locales: LongStr<'a>,
}

impl<'a> Start<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let version_major = r.u8()?;
        let version_minor = r.u8()?;
        let server_properties = r.table(limits)?;
        let mechanisms = r.long_str()?;
        let locales = r.long_str()?;
        r.finish()?;
        Some(Self { version_major, version_minor, server_properties, mechanisms, locales })
    }
}

impl Sealed for Start<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(2 + table_len("server-properties", self.server_properties)?
            + long_str_len("mechanisms", self.mechanisms)?
            + long_str_len("locales", self.locales)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(self.version_major);
        w.u8(self.version_minor);
        w.table(self.server_properties);
        w.long_str(self.mechanisms);
        w.long_str(self.locales);
    }
}

impl AsMethod for Start<'_> {
    const KIND: MethodKind = MethodKind::ConnectionStart;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionStart(*self)
    }
}

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .exact("version-major", u64::from(self.version_major))
            .exact("version-minor", u64::from(self.version_minor))
            .table("server-properties", self.server_properties)
            .long_str("mechanisms", self.mechanisms)
            .long_str("locales", self.locales)
            .end()
    }
}

/// Picks mechanism and locale, and makes the first SASL step.
///
/// `connection.start-ok`, 10.11, from the client.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StartOk<'a> {
    /// Product, version, capabilities and more of the client.
    pub client_properties: Table<'a>,
    /// The SASL mechanism picked.
    pub mechanism: ShortStr<'a>,
    /// The mechanism's first octets; credentials, for PLAIN.
    pub response: LongStr<'a>,
    /// The locale picked.
    pub locale: ShortStr<'a>,
}

impl fmt::Debug for StartOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartOk")
            .field("client_properties", &self.client_properties)
            .field("mechanism", &self.mechanism)
            .field("response", &Secret)
            .field("locale", &self.locale)
            .finish()
    }
}

impl<'a> StartOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let client_properties = r.table(limits)?;
        let mechanism = r.short_str()?;
        let response = r.long_str()?;
        let locale = r.short_str()?;
        r.finish()?;
        Some(Self { client_properties, mechanism, response, locale })
    }
}

impl Sealed for StartOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(table_len("client-properties", self.client_properties)?
            + short_str_len("mechanism", self.mechanism)?
            + long_str_len("response", self.response)?
            + short_str_len("locale", self.locale)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.table(self.client_properties);
        w.short_str(self.mechanism);
        w.long_str(self.response);
        w.short_str(self.locale);
    }
}

impl AsMethod for StartOk<'_> {
    const KIND: MethodKind = MethodKind::ConnectionStartOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionStartOk(*self)
    }
}

impl fmt::Display for StartOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .table("client-properties", self.client_properties)
            .short_str("mechanism", self.mechanism)
            .secret("response", self.response)
            .short_str("locale", self.locale)
            .end()
    }
}

/// Asks for another SASL step.
///
/// `connection.secure`, 10.20, from the server; answered by [`SecureOk`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secure<'a> {
    /// What the mechanism sends to the client.
    pub challenge: LongStr<'a>,
}

impl fmt::Debug for Secure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("challenge", &Secret).finish()
    }
}

impl<'a> Secure<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let challenge = r.long_str()?;
        r.finish()?;
        Some(Self { challenge })
    }
}

impl Sealed for Secure<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        long_str_len("challenge", self.challenge)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.long_str(self.challenge);
    }
}

impl AsMethod for Secure<'_> {
    const KIND: MethodKind = MethodKind::ConnectionSecure;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionSecure(*self)
    }
}

impl fmt::Display for Secure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).secret("challenge", self.challenge).end()
    }
}

/// Makes another SASL step.
///
/// `connection.secure-ok`, 10.21, from the client.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SecureOk<'a> {
    /// What the mechanism answers.
    pub response: LongStr<'a>,
}

impl fmt::Debug for SecureOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureOk").field("response", &Secret).finish()
    }
}

impl<'a> SecureOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let response = r.long_str()?;
        r.finish()?;
        Some(Self { response })
    }
}

impl Sealed for SecureOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        long_str_len("response", self.response)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.long_str(self.response);
    }
}

impl AsMethod for SecureOk<'_> {
    const KIND: MethodKind = MethodKind::ConnectionSecureOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionSecureOk(*self)
    }
}

impl fmt::Display for SecureOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).secret("response", self.response).end()
    }
}

/// Proposes limits; the login has succeeded.
///
/// `connection.tune`, 10.30, from the server; answered by [`TuneOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tune {
    /// Highest channel number the server takes; 0 for no limit of its own.
    pub channel_max: u16,
    /// Largest frame in octets, overhead included; 0 for no limit of its own.
    pub frame_max: u32,
    /// Seconds between heartbeats that the server wishes; 0 for none.
    pub heartbeat: u16,
}

impl Tune {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let channel_max = r.u16()?;
        let frame_max = r.u32()?;
        let heartbeat = r.u16()?;
        r.finish()?;
        Some(Self { channel_max, frame_max, heartbeat })
    }
}

impl Sealed for Tune {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(8)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.channel_max);
        w.u32(self.frame_max);
        w.u16(self.heartbeat);
    }
}

impl AsMethod for Tune {
    const KIND: MethodKind = MethodKind::ConnectionTune;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionTune(*self)
    }
}

impl fmt::Display for Tune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .exact("channel-max", u64::from(self.channel_max))
            .exact("frame-max", u64::from(self.frame_max))
            .exact("heartbeat", u64::from(self.heartbeat))
            .end()
    }
}

/// Settles the limits for both sides.
///
/// `connection.tune-ok`, 10.31, from the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TuneOk {
    /// Highest channel number in use.
    pub channel_max: u16,
    /// Largest frame in octets, overhead included.
    pub frame_max: u32,
    /// Seconds between heartbeats; 0 turns them off.
    pub heartbeat: u16,
}

impl TuneOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let channel_max = r.u16()?;
        let frame_max = r.u32()?;
        let heartbeat = r.u16()?;
        r.finish()?;
        Some(Self { channel_max, frame_max, heartbeat })
    }
}

impl Sealed for TuneOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(8)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.channel_max);
        w.u32(self.frame_max);
        w.u16(self.heartbeat);
    }
}

impl AsMethod for TuneOk {
    const KIND: MethodKind = MethodKind::ConnectionTuneOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionTuneOk(*self)
    }
}

impl fmt::Display for TuneOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .exact("channel-max", u64::from(self.channel_max))
            .exact("frame-max", u64::from(self.frame_max))
            .exact("heartbeat", u64::from(self.heartbeat))
            .end()
    }
}

/// Enters a virtual host.
///
/// `connection.open`, 10.40, from the client; answered by [`OpenOk`] or [`Redirect`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open<'a> {
    /// The virtual host's name.
    pub virtual_host: ShortStr<'a>,
    /// Capabilities the client needs, before 0-9-1.
    pub capabilities: ShortStr<'a>,
    /// Asks not to be redirected, before 0-9-1.
    pub insist: bool,
}

impl<'a> Open<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let virtual_host = r.short_str()?;
        let capabilities = r.short_str()?;
        // MTH-06
        let capabilities =
            if dialect == Dialect::V0_9_1 { ShortStr::default() } else { capabilities };
        let bits = r.u8()?;
        r.finish()?;
        Some(Self {
            virtual_host,
            capabilities,
            insist: bits & 0x01 != 0 && dialect != Dialect::V0_9_1,
        })
    }
}

impl Sealed for Open<'_> {
    #[inline]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        Ok(1 + short_str_len("virtual-host", self.virtual_host)?
            + short_str_len(
                "capabilities",
                if dialect == Dialect::V0_9_1 { ShortStr::default() } else { self.capabilities },
            )?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.virtual_host);
        // MTH-06
        w.short_str(if dialect == Dialect::V0_9_1 {
            ShortStr::default()
        } else {
            self.capabilities
        });
        w.u8(u8::from(self.insist && dialect != Dialect::V0_9_1));
    }
}

impl AsMethod for Open<'_> {
    const KIND: MethodKind = MethodKind::ConnectionOpen;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionOpen(*self)
    }
}

impl fmt::Display for Open<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("virtual-host", self.virtual_host)
            .short_str("capabilities", self.capabilities)
            .flag("insist", self.insist)
            .end()
    }
}

/// The connection is ready for channels.
///
/// `connection.open-ok`, 10.41, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOk<'a> {
    /// Other hosts; Broker-J names the virtual host here. Sent empty in 0-9-1.
    pub known_hosts: ShortStr<'a>,
}

impl<'a> OpenOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let known_hosts = r.short_str()?;
        r.finish()?;
        Some(Self { known_hosts })
    }
}

impl Sealed for OpenOk<'_> {
    #[inline]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        short_str_len(
            "known-hosts",
            if dialect == Dialect::V0_9_1 { ShortStr::default() } else { self.known_hosts },
        )
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.short_str(if dialect == Dialect::V0_9_1 {
            ShortStr::default()
        } else {
            self.known_hosts
        });
    }
}

impl AsMethod for OpenOk<'_> {
    const KIND: MethodKind = MethodKind::ConnectionOpenOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionOpenOk(*self)
    }
}

impl fmt::Display for OpenOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("known-hosts", self.known_hosts).end()
    }
}

/// Sends the client to another host in place of open-ok; Broker-J does so in 0-9-1 too.
///
/// `connection.redirect`, 10.50 in 0-8, 10.42 in 0-9 and 0-9-1, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redirect<'a> {
    /// Where to connect, as host and port.
    pub host: ShortStr<'a>,
    /// Other hosts of the cluster.
    pub known_hosts: ShortStr<'a>,
}

impl<'a> Redirect<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let host = r.short_str()?;
        let known_hosts = r.short_str()?;
        r.finish()?;
        Some(Self { host, known_hosts })
    }
}

impl Sealed for Redirect<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(short_str_len("host", self.host)? + short_str_len("known-hosts", self.known_hosts)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.host);
        w.short_str(self.known_hosts);
    }
}

impl AsMethod for Redirect<'_> {
    const KIND: MethodKind = MethodKind::ConnectionRedirect;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionRedirect(*self)
    }
}

impl fmt::Display for Redirect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("host", self.host)
            .short_str("known-hosts", self.known_hosts)
            .end()
    }
}

/// Ends the connection, with a reason.
///
/// `connection.close`, 10.60 in 0-8, 10.50 in 0-9 and 0-9-1, from either side; answered by
/// [`CloseOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Close<'a> {
    /// The reason as a number.
    pub reply_code: ReplyCode,
    /// The reason for people.
    pub reply_text: ShortStr<'a>,
    /// Class of the method that failed, else 0.
    pub class_id: u16,
    /// The method that failed, else 0.
    pub method_id: u16,
}

impl<'a> Close<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reply_code = ReplyCode(r.u16()?);
        let reply_text = r.short_str()?;
        let class_id = r.u16()?;
        let method_id = r.u16()?;
        r.finish()?;
        Some(Self { reply_code, reply_text, class_id, method_id })
    }
}

impl Sealed for Close<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(6 + short_str_len("reply-text", self.reply_text)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.reply_code.0);
        w.short_str(self.reply_text);
        w.u16(self.class_id);
        w.u16(self.method_id);
    }
}

impl AsMethod for Close<'_> {
    const KIND: MethodKind = MethodKind::ConnectionClose;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionClose(*self)
    }
}

impl fmt::Display for Close<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("reply-code", u64::from(self.reply_code.0))
            .short_str("reply-text", self.reply_text)
            .number("class-id", u64::from(self.class_id))
            .number("method-id", u64::from(self.method_id))
            .end()
    }
}

/// The end is agreed; the transport may close.
///
/// `connection.close-ok`, 10.61 in 0-8, 10.51 in 0-9 and 0-9-1, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CloseOk;

impl CloseOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for CloseOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for CloseOk {
    const KIND: MethodKind = MethodKind::ConnectionCloseOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionCloseOk(*self)
    }
}

impl fmt::Display for CloseOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// The server is short of something and takes no publishes for now.
///
/// `connection.blocked`, 10.60 in 0-9 and 0-9-1, from the server. RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocked<'a> {
    /// What it is short of.
    pub reason: ShortStr<'a>,
}

impl<'a> Blocked<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reason = r.short_str()?;
        r.finish()?;
        Some(Self { reason })
    }
}

impl Sealed for Blocked<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        short_str_len("reason", self.reason)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.reason);
    }
}

impl AsMethod for Blocked<'_> {
    const KIND: MethodKind = MethodKind::ConnectionBlocked;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionBlocked(*self)
    }
}

impl fmt::Display for Blocked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("reason", self.reason).end()
    }
}

/// The server takes publishes again.
///
/// `connection.unblocked`, 10.61 in 0-9 and 0-9-1, from the server. RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unblocked;

impl Unblocked {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Unblocked {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Unblocked {
    const KIND: MethodKind = MethodKind::ConnectionUnblocked;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionUnblocked(*self)
    }
}

impl fmt::Display for Unblocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Replaces credentials that are about to expire.
///
/// `connection.update-secret`, 10.70 in 0-9 and 0-9-1, from the client; answered by
/// [`UpdateSecretOk`]. RabbitMQ's extension.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateSecret<'a> {
    /// The new credentials.
    pub new_secret: LongStr<'a>,
    /// Why, for the server's log.
    pub reason: ShortStr<'a>,
}

impl fmt::Debug for UpdateSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateSecret")
            .field("new_secret", &Secret)
            .field("reason", &self.reason)
            .finish()
    }
}

impl<'a> UpdateSecret<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let new_secret = r.long_str()?;
        let reason = r.short_str()?;
        r.finish()?;
        Some(Self { new_secret, reason })
    }
}

impl Sealed for UpdateSecret<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(long_str_len("new-secret", self.new_secret)? + short_str_len("reason", self.reason)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.long_str(self.new_secret);
        w.short_str(self.reason);
    }
}

impl AsMethod for UpdateSecret<'_> {
    const KIND: MethodKind = MethodKind::ConnectionUpdateSecret;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionUpdateSecret(*self)
    }
}

impl fmt::Display for UpdateSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .secret("new-secret", self.new_secret)
            .short_str("reason", self.reason)
            .end()
    }
}

/// The new credentials are in force.
///
/// `connection.update-secret-ok`, 10.71 in 0-9 and 0-9-1, from the server. RabbitMQ's
/// extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateSecretOk;

impl UpdateSecretOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for UpdateSecretOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for UpdateSecretOk {
    const KIND: MethodKind = MethodKind::ConnectionUpdateSecretOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConnectionUpdateSecretOk(*self)
    }
}

impl fmt::Display for UpdateSecretOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}
