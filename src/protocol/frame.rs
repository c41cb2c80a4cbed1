use core::fmt;

use super::{ContentHeader, Dialect, Method};
use crate::{
    frame::{FrameType, RawFrame},
    wire::{DecodeError, DecodeErrorKind, TableLimits},
};

/// A frame whose payload has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A method and its arguments.
    Method {
        /// The channel.
        channel: u16,
        /// The method.
        method: Method<'a>,
    },
    /// The header of a content.
    Header {
        /// The channel.
        channel: u16,
        /// The header.
        header: ContentHeader<'a>,
    },
    /// A part of the body of a content.
    Body {
        /// The channel.
        channel: u16,
        /// The part.
        payload: &'a [u8],
    },
    /// A sign of life.
    Heartbeat,
}

impl<'a> Frame<'a> {
    /// Reads the payload of a frame.
    ///
    /// Offsets in errors count from the start of the payload. The channel is not judged: whether a
    /// method or heartbeat belongs there depends on more than the frame.
    ///
    /// # Errors
    ///
    /// When the type is not known (`FRM-03`), a heartbeat has a payload, or the payload can't be
    /// read as what the type says.
    #[inline]
    pub fn parse(
        dialect: Dialect,
        raw: RawFrame<'a>,
        limits: &TableLimits,
    ) -> Result<Self, DecodeError> {
        let RawFrame { frame_type, channel, payload } = raw;
        Ok(match frame_type {
            FrameType::METHOD => {
                Self::Method { channel, method: Method::decode(dialect, payload, limits)? }
            }
            FrameType::HEADER => {
                Self::Header { channel, header: ContentHeader::parse(payload, limits)? }
            }
            FrameType::BODY => Self::Body { channel, payload },
            FrameType::HEARTBEAT if payload.is_empty() => Self::Heartbeat,
            FrameType::HEARTBEAT => {
                let kind = DecodeErrorKind::TrailingOctets { count: payload.len() };
                return Err(DecodeError::new(kind, "heartbeat", 0));
            }
            FrameType(frame_type) => {
                let kind = DecodeErrorKind::UnknownFrameType { frame_type };
                return Err(DecodeError::new(kind, "frame-type", 0));
            }
        })
    }

    /// The channel; 0 for a heartbeat.
    #[must_use]
    pub const fn channel(&self) -> u16 {
        match self {
            Self::Method { channel, .. }
            | Self::Header { channel, .. }
            | Self::Body { channel, .. } => *channel,
            Self::Heartbeat => 0,
        }
    }
}

/// One line, such as `ch 1 queue.declare queue="q"` or `ch 1 body 5 octets`.
impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method { channel, method } => write!(f, "ch {channel} {method}"),
            Self::Header { channel, header } => write!(f, "ch {channel} {header}"),
            Self::Body { channel, payload } => {
                write!(f, "ch {channel} body {} octets", payload.len())
            }
            Self::Heartbeat => f.write_str("heartbeat"),
        }
    }
}

/// The line of `Display`: bodies are not shown.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({self})")
    }
}
