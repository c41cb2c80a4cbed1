use core::fmt;

/// The eight octets with which a client opens a connection, or a server refuses one (`HDR-01`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtocolHeader([u8; 8]);

impl ProtocolHeader {
    /// AMQP 0-8 (`HDR-06`).
    pub const AMQP_0_8: Self = Self(*b"AMQP\x01\x01\x08\x00");
    /// AMQP 0-8 as its document has it. Some clients ask so; RabbitMQ takes it too.
    pub(crate) const AMQP_0_8_BY_DOCUMENT: Self = Self(*b"AMQP\x01\x01\x09\x01");
    /// AMQP 0-9.
    pub const AMQP_0_9: Self = Self(*b"AMQP\x01\x01\x00\x09");
    /// AMQP 0-9-1.
    pub const AMQP_0_9_1: Self = Self(*b"AMQP\x00\x00\x09\x01");
    /// AMQP 0-10.
    pub const AMQP_0_10: Self = Self(*b"AMQP\x01\x01\x00\x0A");
    /// AMQP 1.0 without a security layer.
    pub const AMQP_1_0: Self = Self(*b"AMQP\x00\x01\x00\x00");
    /// AMQP 1.0 with TLS.
    pub const AMQP_1_0_TLS: Self = Self(*b"AMQP\x02\x01\x00\x00");
    /// AMQP 1.0 with SASL.
    pub const AMQP_1_0_SASL: Self = Self(*b"AMQP\x03\x01\x00\x00");

    /// Reads a header of any version, known or not; `None` when it does not begin with `AMQP`.
    #[must_use]
    pub const fn parse(octets: &[u8; 8]) -> Option<Self> {
        match octets {
            [b'A', b'M', b'Q', b'P', ..] => Some(Self(*octets)),
            _ => None,
        }
    }

    /// The eight octets.
    #[must_use]
    pub const fn octets(&self) -> [u8; 8] {
        self.0
    }
}

/// The version, for example `AMQP 0-9-1` or `AMQP 1.0 (SASL)`; the four octets of an unknown one.
impl fmt::Display for ProtocolHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match *self {
            Self::AMQP_0_8 | Self::AMQP_0_8_BY_DOCUMENT => "AMQP 0-8",
            Self::AMQP_0_9 => "AMQP 0-9",
            Self::AMQP_0_9_1 => "AMQP 0-9-1",
            Self::AMQP_0_10 => "AMQP 0-10",
            Self::AMQP_1_0 => "AMQP 1.0",
            Self::AMQP_1_0_TLS => "AMQP 1.0 (TLS)",
            Self::AMQP_1_0_SASL => "AMQP 1.0 (SASL)",
            Self([_, _, _, _, a, b, c, d]) => return write!(f, "AMQP header {a} {b} {c} {d}"),
        })
    }
}

impl fmt::Debug for ProtocolHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProtocolHeader({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn versions_are_named() {
        let octets = [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1];
        assert_eq!(ProtocolHeader::parse(&octets), Some(ProtocolHeader::AMQP_0_9_1));
        assert_eq!(ProtocolHeader::AMQP_0_9_1.octets(), octets);
        assert_eq!(ProtocolHeader::AMQP_0_9_1.to_string(), "AMQP 0-9-1");
        assert_eq!(ProtocolHeader::AMQP_1_0_SASL.to_string(), "AMQP 1.0 (SASL)");
        let other = ProtocolHeader::parse(b"AMQP\x00\x00\x0A\x00").unwrap();
        assert_eq!(format!("{other:?}"), "ProtocolHeader(AMQP header 0 0 10 0)");
        assert_eq!(ProtocolHeader::parse(b"AMQX\x00\x00\x09\x01"), None);
    }
}
