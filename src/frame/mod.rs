//! Frames and protocol headers, below any knowledge of methods.
//!
//! [`cut`] takes one frame off the front of received octets, [`Scanner`] walks a slice from any
//! offset and finds its way back after a fault, [`PeerProtocol`] tells what a peer speaks from its
//! first octets. Nothing here allocates, except encoding into the caller's buffer.

mod cutter;
mod header;
mod peer_protocol;
mod protocol_header;
mod raw;
mod scanner;

pub use cutter::{Cut, cut};
pub use header::{FrameHeader, FrameType};
pub use peer_protocol::PeerProtocol;
pub use protocol_header::ProtocolHeader;
pub use raw::RawFrame;
pub use scanner::Scanner;

/// Octets before the payload: type, channel and size (`FRM-01`).
pub const FRAME_HEADER_LEN: usize = 7;

/// Octets of a frame that are not payload: the header and the end octet.
pub const FRAME_OVERHEAD: usize = 8;

/// [`FRAME_HEADER_LEN`] as frames count.
pub(crate) const HEADER_OCTETS: u32 = 7;

/// [`FRAME_OVERHEAD`] as frames count.
pub(crate) const OVERHEAD_OCTETS: u32 = 8;

/// Least payload of a content header: class id, weight, body size and one word of flags (`FRM-08`).
pub(crate) const CONTENT_HEADER_MIN_SIZE: u32 = 14;

/// The octet that ends every frame (`FRM-02`).
pub const FRAME_END: u8 = 0xCE;

/// The least frame size that peers may agree on, in octets with the overhead (`TUN-05`).
pub const FRAME_MIN_SIZE: u32 = 4096;
