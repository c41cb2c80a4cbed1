//! How peers differ, as data.

mod argument;
mod known;
mod unsupported;

pub use argument::{Argument, ArgumentError, ArgumentNames, StreamOffset};
pub use unsupported::Unsupported;

use alloc::boxed::Box;
use core::ops::Deref;

use crate::peer::Capabilities;
use crate::wire::{FieldNames, ShortStr, ShortStrings, Table, TableLimits, UnknownTags, Value};

/// Where implementations disagree with the specification or with each other, and what to do then.
///
/// A client recognises the broker by what it says about itself, or is told which one it is
/// ([`ClientConfig::profile`](crate::ClientConfig::profile)). Before that, and with brokers that it doesn't
/// know, it uses [`Profile::DEFAULT`], which takes what real brokers and clients send;
/// [`Profile::STRICT`] holds peers to the letter of the specification. [The page of brokers](crate::brokers)
/// shows each difference with its source and the test that shows it.
///
/// A profile is a value: take the nearest one and change what differs.
///
/// ```
/// use amqp_proto::profile::Unsupported;
/// use amqp_proto::{ClientConfig, Profile};
///
/// let mut own = Profile::RABBITMQ_3;
/// assert!(own.refuses(Unsupported::Immediate));
/// own.refuses = &[];
///
/// let mut config = ClientConfig::plain("guest", "guest");
/// config.profile = Some(own);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The profile's name.
    pub name: &'static str,
    /// Whether a Close with 501 is sent after a fault that ends framing (`FRM-02`, `FRM-12`).
    pub close_after_framing_fault: bool,
    /// Whether a received payload may be as long as frame-max itself, eight octets more than the
    /// specification allows (`FRM-06`).
    pub payload_up_to_frame_max: bool,
    /// Whether a content header's weight may be other than zero (`CNT-08`).
    pub any_weight: bool,
    /// What becomes of a table entry with an unknown tag (`TBL-06`).
    pub unknown_tags: UnknownTags,
    /// Which field names are taken (`TBL-11`).
    pub field_names: FieldNames,
    /// Which short strings are taken in arguments and properties (`TYP-02`).
    pub short_strings: ShortStrings,
    /// Whether a delivery-tag that is zero or was used before is reported and passed over (`BAS-05`).
    pub any_delivery_tag: bool,
    /// Whether what a server still sends on a channel behind its own channel.close is discarded (`CHN-08`).
    /// RabbitMQ goes on with the deliveries that it had queued.
    pub frames_behind_close: bool,
    /// Whether a confirm of an unknown or settled publish is reported and passed over (`CNF-03`).
    pub tolerate_unknown_confirms: bool,
    /// What a server has though it doesn't announce it.
    pub known: Capabilities,
    /// What ends a connection or a channel, or does something else than asked for, where a server is sent it: a
    /// client doesn't send it. Looked at for requests, for methods without a reply such as acks, for
    /// update-secret, and for `immediate` of publishes.
    pub refuses: &'static [Unsupported],
    /// The largest whole frame that the peer takes before tuning, in octets: start-ok has to fit (`HS-09`).
    /// Less than 4096 counts as that.
    pub frame_before_tune: u32,
    /// Whether the peer takes heartbeats before connection.open-ok (`HS-11`).
    pub heartbeats_before_open: bool,
    /// Whether the peer has the table of basic.consume in 0-8, and can't do without it (`DIA-04`). Where it
    /// hasn't, a table without arguments isn't sent.
    pub consume_table_in_0_8: bool,
    /// Whether a consumer with `x-filter-no-consume` only looks at messages, so that nothing of what it gets
    /// is to be acked (`ACK-11`). On a server: whether its application treats it so.
    pub browsers: bool,
    /// What arguments are called.
    pub arguments: ArgumentNames,
    /// The subprotocols to offer where the transport is a WebSocket, best first.
    pub subprotocols: &'static [&'static str],
}

impl Profile {
    /// The profile of the broker that describes itself by these server-properties, if it is one of those
    /// that are known.
    ///
    /// ```
    /// use amqp_proto::Profile;
    /// use amqp_proto::wire::TableBuf;
    ///
    /// let mut properties = TableBuf::new();
    /// properties.insert("product", "RabbitMQ")?;
    /// properties.insert("version", "4.1.3")?;
    /// let profile = Profile::recognise(properties.as_table());
    /// assert_eq!(profile, Some(Profile::RABBITMQ_4));
    /// # Ok::<(), amqp_proto::wire::EncodeError>(())
    /// ```
    pub fn recognise(properties: Table<'_>) -> Option<Self> {
        let product = properties.get("product").and_then(|value| value.as_str()).unwrap_or("");
        match product {
            "RabbitMQ" => {
                let version = properties.get("version").and_then(|value| value.as_str());
                Some(if version.and_then(major) >= Some(4) {
                    Self::RABBITMQ_4
                } else {
                    Self::RABBITMQ_3
                })
            }
            "LavinMQ" => Some(Self::LAVINMQ),
            // It names itself as it was told to; its features have names of their own.
            _ => {
                let is_qpid = |(name, _): (ShortStr<'_>, _)| name.as_octets().starts_with(b"qpid.");
                properties.iter().any(is_qpid).then_some(Self::BROKER_J)
            }
        }
    }

    /// What the peer can do: what it announces in these properties, and what it is known to have.
    ///
    /// ```
    /// use amqp_proto::Profile;
    /// use amqp_proto::wire::Table;
    ///
    /// assert!(Profile::BROKER_J.capabilities(Table::EMPTY).basic_nack);
    /// assert!(!Profile::DEFAULT.capabilities(Table::EMPTY).basic_nack);
    /// ```
    pub fn capabilities(&self, properties: Table<'_>) -> Capabilities {
        Capabilities::read(properties).or(self.known)
    }

    /// Whether the peer refuses this.
    pub fn refuses(&self, what: Unsupported) -> bool {
        self.refuses.contains(&what)
    }

    /// The caller's table limits with this profile's view of tags, names and strings.
    pub(crate) fn table_limits(&self, limits: &TableLimits) -> TableLimits {
        let mut table = *limits;
        if self.unknown_tags == UnknownTags::Refuse {
            table.unknown_tags = UnknownTags::Refuse;
        }
        if self.field_names == FieldNames::Checked {
            table.field_names = FieldNames::Checked;
        }
        if self.short_strings == ShortStrings::Checked {
            table.short_strings = ShortStrings::Checked;
        }
        table
    }

    /// Whether a consumer with these arguments only looks at messages (`ACK-11`).
    pub(crate) fn is_browser(&self, arguments: Table<'_>) -> bool {
        let Some(browse) = self.arguments.browse.filter(|_| self.browsers) else { return false };
        matches!(arguments.get(browse), Some(Value::Bool(true)))
    }
}

/// The number that a version begins with.
fn major(version: &str) -> Option<u32> {
    version.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// A profile, in a few octets of each connection.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Known(&'static Profile),
    Own(Box<Profile>),
}

impl From<Profile> for Held {
    fn from(profile: Profile) -> Self {
        match Profile::ALL.iter().find(|known| **known == profile) {
            Some(known) => Self::Known(known),
            None => Self::Own(Box::new(profile)),
        }
    }
}

impl Deref for Held {
    type Target = Profile;

    #[inline]
    fn deref(&self) -> &Profile {
        match self {
            Self::Known(profile) => profile,
            Self::Own(profile) => profile,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_begins_with_a_number() {
        assert_eq!(major("3.10.8"), Some(3));
        assert_eq!(major("4.0.0-rc.1"), Some(4));
        assert_eq!(major("10"), Some(10));
        for none in ["", "v4", ".4", "99999999999.1"] {
            assert_eq!(major(none), None, "{none}");
        }
    }
}
