//! Received contents: method, header and body.

use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, Bytes};

use crate::event::method::JUDGED;
use crate::event::{ChannelId, PublishSeq, RequestId};
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::protocol::{ContentHeader, Dialect, Method, MethodKind, Properties, basic};
use crate::wire::ShortStr;

/// The method frame and the header frame of a content in one shared buffer, perhaps with frames of
/// other channels between them, and perhaps with the body behind them.
#[derive(Clone)]
pub(crate) struct Head {
    /// From the method's frame header to the end of the header's payload, or of the body's.
    pub(crate) octets: Bytes,
    /// A publish's number (server, and client for a return) or a get's request (client).
    pub(crate) number: u64,
    /// Where the header's payload begins.
    pub(crate) header_at: u32,
    pub(crate) channel: u16,
    pub(crate) kind: MethodKind,
    pub(crate) dialect: Dialect,
}

/// In [`Head::number`] of a return: other publishes look the same.
pub(crate) const ONE_OF_SEVERAL: u64 = 1 << 63;

impl Head {
    fn method(&self) -> Method<'_> {
        // Decoded once before the event was made, so this can't fail.
        Method::decode(self.dialect, self.method_octets(), &JUDGED)
            .unwrap_or_else(|_| Method::empty(self.kind))
    }

    /// The payload of the method frame.
    fn method_octets(&self) -> &[u8] {
        payload(&self.octets)
    }

    /// The payload of the header frame.
    fn header_octets(&self) -> &[u8] {
        let header_at = (self.header_at as usize).saturating_sub(FRAME_HEADER_LEN);
        payload(self.octets.get(header_at..).unwrap_or(&[]))
    }

    fn header(&self) -> ContentHeader<'_> {
        // Decoded once before the event was made, so this can't fail.
        ContentHeader::parse(self.header_octets(), &JUDGED)
            .unwrap_or_else(|_| ContentHeader::new(0, Properties::EMPTY))
    }

    fn route(&self) -> (ShortStr<'_>, ShortStr<'_>) {
        match self.method() {
            Method::BasicPublish(method) => (method.exchange, method.routing_key),
            Method::BasicDeliver(method) => (method.exchange, method.routing_key),
            Method::BasicReturn(method) => (method.exchange, method.routing_key),
            Method::BasicGetOk(method) => (method.exchange, method.routing_key),
            _ => Default::default(),
        }
    }

    /// A copy without what lies between the frames, and with room for a body.
    fn to_detached(&self, body: &[u8]) -> Self {
        let method_end = FRAME_HEADER_LEN + self.method_octets().len();
        let header_at = self.header_at as usize;
        let header_end = header_at + self.header_octets().len();
        let header_frame = header_at.saturating_sub(FRAME_HEADER_LEN)..header_end;
        let mut octets = Vec::with_capacity(method_end + header_frame.len() + body.len());
        octets.extend_from_slice(self.octets.get(..method_end).unwrap_or(&[]));
        octets.extend_from_slice(self.octets.get(header_frame).unwrap_or(&[]));
        octets.extend_from_slice(body);
        let header_at = u32::try_from(method_end + FRAME_HEADER_LEN).unwrap_or(self.header_at);
        Self { octets: octets.into(), header_at, ..*self }
    }
}

/// The payload of the frame at the front.
fn payload(octets: &[u8]) -> &[u8] {
    let Some((header, rest)) = octets.split_first_chunk() else { return &[] };
    rest.get(..FrameHeader::parse(header).size as usize).unwrap_or(&[])
}

/// Compares what was received, not how: what lay between the two frames differs from one arrival to
/// the next, and a detached copy has nothing there.
impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        let named = |head: &Self| (head.number, head.channel, head.kind, head.dialect);
        named(self) == named(other)
            && self.method_octets() == other.method_octets()
            && self.header_octets() == other.header_octets()
    }
}

impl Eq for Head {}

/// What a whole content and the beginning of one have in common.
macro_rules! head_accessors {
    () => {
        /// The channel that it came on.
        pub fn channel(&self) -> ChannelId {
            // Contents on channel 0 are refused before an event is made (FRM-11).
            ChannelId::new(self.head.channel)
                .unwrap_or(ChannelId::from_nonzero(core::num::NonZeroU16::MIN))
        }

        /// Which method carries it: basic.publish, deliver, return or get-ok.
        pub const fn kind(&self) -> MethodKind {
            self.head.kind
        }

        /// The method with its arguments.
        pub fn method(&self) -> Method<'_> {
            self.head.method()
        }

        /// The arguments, if this is a delivery to a consumer.
        pub fn deliver(&self) -> Option<basic::Deliver<'_>> {
            match self.head.method() {
                Method::BasicDeliver(deliver) => Some(deliver),
                _ => None,
            }
        }

        /// The arguments, if this is a returned message.
        pub fn returned(&self) -> Option<basic::Return<'_>> {
            match self.head.method() {
                Method::BasicReturn(returned) => Some(returned),
                _ => None,
            }
        }

        /// The arguments, if this is the reply to a get.
        pub fn get_ok(&self) -> Option<basic::GetOk<'_>> {
            match self.head.method() {
                Method::BasicGetOk(get_ok) => Some(get_ok),
                _ => None,
            }
        }

        /// The arguments, if this is a publish.
        pub fn publish(&self) -> Option<basic::Publish<'_>> {
            match self.head.method() {
                Method::BasicPublish(publish) => Some(publish),
                _ => None,
            }
        }

        /// The exchange that the message was published to; every content method names it.
        pub fn exchange(&self) -> ShortStr<'_> {
            self.head.route().0
        }

        /// The routing key that the message was published with; every content method names it.
        pub fn routing_key(&self) -> ShortStr<'_> {
            self.head.route().1
        }

        /// The request that a get-ok answers.
        pub fn request(&self) -> Option<RequestId> {
            (self.head.kind == MethodKind::BasicGetOk).then_some(RequestId(self.head.number))
        }

        /// The number of a publish on its channel, if confirms are selected.
        ///
        /// Server: that of a received publish, which is the delivery-tag of the [`basic::Ack`] or
        /// [`basic::Nack`] that confirms it. Client: that of the publish which a return gives back. A
        /// return carries no number, so it is joined to the oldest mandatory or immediate publish with
        /// the same exchange, routing key, properties and length of body that hasn't come back and
        /// isn't confirmed, or was by the last confirm (`CNF-04`).
        pub fn publish_seq(&self) -> Option<PublishSeq> {
            let is_numbered =
                matches!(self.head.kind, MethodKind::BasicPublish | MethodKind::BasicReturn);
            let number = self.head.number & !ONE_OF_SEVERAL;
            (is_numbered && number > 0).then_some(PublishSeq(number))
        }

        /// Client: whether other publishes that look the same may come back too, so that a return may
        /// just as well be that of one of these.
        pub const fn is_one_of_several(&self) -> bool {
            matches!(self.head.kind, MethodKind::BasicReturn)
                && self.head.number & ONE_OF_SEVERAL != 0
        }

        /// The content header.
        pub fn header(&self) -> ContentHeader<'_> {
            self.head.header()
        }

        /// The properties in the header.
        pub fn properties(&self) -> Properties<'_> {
            self.head.header().properties
        }
    };
}

/// A received content: a publish, delivery, return or get-ok with header and whole body.
#[derive(Clone)]
pub struct Content {
    /// The body, where it doesn't lie behind the head.
    pub(crate) body: Option<Bytes>,
    pub(crate) head: Head,
    /// Where the body begins, if it lies behind the head.
    pub(crate) body_at: usize,
}

impl Content {
    head_accessors!();

    pub(crate) fn without_body(head: Head) -> Self {
        let body_at = head.octets.len();
        Self { body: None, head, body_at }
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        match &self.body {
            Some(body) => body,
            None => self.head.octets.get(self.body_at..).unwrap_or(&[]),
        }
    }

    /// The body, shared: it can be sent on or kept without a copy, and pins the read buffer.
    pub fn share_body(&self) -> Bytes {
        self.clone().into_body()
    }

    /// The body alone, without a copy.
    pub fn into_body(self) -> Bytes {
        self.body.unwrap_or_else(|| {
            let mut octets = self.head.octets;
            octets.advance(octets.len().min(self.body_at));
            octets
        })
    }

    /// A copy that doesn't pin the read buffer.
    pub fn to_detached(&self) -> Self {
        let body = self.body();
        let head = self.head.to_detached(body);
        let body_at = head.octets.len().saturating_sub(body.len());
        Self { body: None, head, body_at }
    }
}

/// Compares what was received, not how it lies in memory.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head && self.body() == other.body()
    }
}

impl Eq for Content {}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({self})")
    }
}

/// One line: the method, the header and the length of the body.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ch {} {}, {}", self.head.channel, self.method(), self.header())
    }
}

/// The beginning of a received content; its body follows as [`ContentPart`]s.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentStart {
    pub(crate) head: Head,
}

impl ContentStart {
    head_accessors!();

    /// The announced length of the body in octets.
    pub fn body_size(&self) -> u64 {
        self.head.header().body_size
    }

    /// A copy that doesn't pin the read buffer.
    pub fn to_detached(&self) -> Self {
        Self { head: self.head.to_detached(&[]) }
    }
}

impl fmt::Debug for ContentStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentStart({self})")
    }
}

/// One line: the method and the header.
impl fmt::Display for ContentStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ch {} {}, {}", self.head.channel, self.method(), self.header())
    }
}

/// A part of a body. The last one, possibly empty, says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContentPart {
    /// The channel that it came on.
    pub channel: ChannelId,
    /// The octets of this part.
    pub octets: Bytes,
    /// Whether the content is complete with it.
    pub last: bool,
}

/// One line.
impl fmt::Display for ContentPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.last { ", the last" } else { "" };
        write!(f, "ch {} {} octets{last}", self.channel, self.octets.len())
    }
}
