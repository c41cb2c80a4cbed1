use core::fmt;

use super::{FRAME_HEADER_LEN, FRAME_OVERHEAD};

/// The first seven octets of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire format fixes the fields")]
pub struct FrameHeader {
    /// What the payload is.
    pub frame_type: FrameType,
    /// The channel; 0 is the connection itself.
    pub channel: u16,
    /// Octets of payload, without header and end octet.
    pub size: u32,
}

impl FrameHeader {
    /// Reads the fields; any octets are accepted (`FRM-01`).
    #[must_use]
    #[inline]
    pub const fn parse(octets: &[u8; FRAME_HEADER_LEN]) -> Self {
        let [frame_type, c0, c1, s0, s1, s2, s3] = *octets;
        Self {
            frame_type: FrameType(frame_type),
            channel: u16::from_be_bytes([c0, c1]),
            size: u32::from_be_bytes([s0, s1, s2, s3]),
        }
    }

    /// The seven octets.
    #[must_use]
    #[inline]
    pub const fn encode(&self) -> [u8; FRAME_HEADER_LEN] {
        let [c0, c1] = self.channel.to_be_bytes();
        let [s0, s1, s2, s3] = self.size.to_be_bytes();
        [self.frame_type.0, c0, c1, s0, s1, s2, s3]
    }

    /// Octets of the whole frame, which may be more than 32 bits can say (`FRM-07`).
    #[must_use]
    #[inline]
    pub const fn total_len(&self) -> u64 {
        self.size as u64 + FRAME_OVERHEAD as u64
    }
}

/// The type octet of a frame (`FRM-03`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "every octet can arrive as a frame type")]
pub struct FrameType(pub u8);

impl FrameType {
    /// A method with its arguments.
    pub const METHOD: Self = Self(1);
    /// A content header.
    pub const HEADER: Self = Self(2);
    /// A part of a content body.
    pub const BODY: Self = Self(3);
    /// A heartbeat. The printed specification says 4, which nobody sends (`FRM-03`).
    pub const HEARTBEAT: Self = Self(8);

    /// Whether this is one of the four types in use (`FRM-03`, `FRM-04`).
    #[must_use]
    #[inline]
    pub const fn is_known(self) -> bool {
        matches!(self, Self::METHOD | Self::HEADER | Self::BODY | Self::HEARTBEAT)
    }
}

/// The name of the type, or its number.
impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match *self {
            Self::METHOD => "method",
            Self::HEADER => "header",
            Self::BODY => "body",
            Self::HEARTBEAT => "heartbeat",
            Self(other) => return write!(f, "type {other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn fields_stand_in_network_order() {
        let octets = [8, 0x12, 0x34, 0xFF, 0xFF, 0xFF, 0xFE];
        let header = FrameHeader::parse(&octets);
        assert_eq!(header.frame_type, FrameType::HEARTBEAT);
        assert_eq!((header.channel, header.size), (0x1234, 0xFFFF_FFFE));
        assert_eq!(header.encode(), octets);
        assert_eq!(header.total_len(), 0x1_0000_0006);
    }

    #[test]
    fn types_have_names() {
        assert_eq!(FrameType::METHOD.to_string(), "method");
        assert_eq!(FrameType(4).to_string(), "type 4");
    }
}
