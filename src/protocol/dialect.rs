use core::fmt;

use crate::frame::ProtocolHeader;

/// A version of the protocol, which decides the numbers and layouts of methods.
///
/// 0-9 includes the extensions of 0-9-1, since today's brokers go on with the methods of 0-9-1 after
/// a 0-9 header (`DIA-11`). 0-8 has Qpid's additions to it; `basic.consume` is taken with a table and
/// without one, and a client sends an empty one to Qpid alone (`DIA-04`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// AMQP 0-8.
    V0_8,
    /// AMQP 0-9.
    V0_9,
    /// AMQP 0-9-1.
    #[default]
    V0_9_1,
}

impl Dialect {
    /// All of them, oldest first.
    pub const ALL: &'static [Self] = &[Self::V0_8, Self::V0_9, Self::V0_9_1];

    /// The protocol header with which a client asks for it (`HDR-01`).
    #[must_use]
    pub const fn header(self) -> ProtocolHeader {
        match self {
            Self::V0_8 => ProtocolHeader::AMQP_0_8,
            Self::V0_9 => ProtocolHeader::AMQP_0_9,
            Self::V0_9_1 => ProtocolHeader::AMQP_0_9_1,
        }
    }

    /// The dialect that a protocol header asks for, if it is one of ours. 0-8 has two headers: the one that
    /// brokers agreed on, and the one of its document, 1 1 9 1 (`HDR-06`).
    #[must_use]
    pub fn from_header(header: ProtocolHeader) -> Option<Self> {
        if header == ProtocolHeader::AMQP_0_8_BY_DOCUMENT {
            return Some(Self::V0_8);
        }
        Self::ALL.iter().copied().find(|dialect| dialect.header() == header)
    }
}

/// The version as people write it, such as `0-9-1`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V0_8 => "0-8",
            Self::V0_9 => "0-9",
            Self::V0_9_1 => "0-9-1",
        })
    }
}
