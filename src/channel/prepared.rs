//! Publishes whose method and header are encoded once for all.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::channel::Channel;
use crate::channel::returns::Likeness;
use crate::error::UsageError;
use crate::event::PublishSeq;
use crate::frame::{FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameType};
use crate::output::{Framing, Payload};
use crate::protocol::{ContentHeader, Dialect, Method, Properties, basic};
use crate::wire::{EncodeError, TableLimits};

/// A publish that is encoded once and sent often: a fixed exchange, routing key, flags and properties,
/// for any body.
///
/// [`Channel::publish_prepared`] sends it. It belongs to no channel or connection and fits every
/// dialect, so that one serves them all; a clone shares its octets.
///
/// A body that is to follow in parts needs no form of its own: give [`method`](Self::method) and
/// [`properties`](Self::properties) to [`Channel::start_publish`].
///
/// ```
/// use amqp_proto::PreparedPublish;
/// use amqp_proto::protocol::{PropertiesBuf, basic};
/// # use amqp_proto::testing::Pair;
///
/// let publish = basic::Publish { routing_key: "ticks".into(), ..Default::default() };
/// let properties = PropertiesBuf::new().with_content_type("text/plain")?;
/// let tick = PreparedPublish::new(&publish, &properties)?;
///
/// # let mut pair = Pair::connected();
/// # let client = &mut pair.client.connection;
/// let id = client.open_channel()?;
/// for body in ["one", "two"] {
///     client.channel(id)?.publish_prepared(&tick, body)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedPublish {
    /// A method frame, a header frame and the header of a body frame: all for channel 0, without a
    /// ticket and for no body, which is what [`write`](Self::write) fills in.
    octets: Bytes,
    /// Where the header frame begins.
    header_at: usize,
    /// 0-8 and 0-9 have it (`MTH-06`).
    ticket: u16,
    /// By what it would be recognised if it came back, which is asked for or not.
    look: Option<Likeness>,
}

/// Places in the frame of a publish or of a content header.
const CHANNEL_AT: usize = 1;
const TICKET_AT: usize = FRAME_HEADER_LEN + 4;
const BODY_SIZE_AT: usize = FRAME_HEADER_LEN + 4;

impl PreparedPublish {
    /// Encodes method and header.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] when exchange or routing key have more than 255 octets. Whether the
    /// frames fit a connection's frame-max is seen when they are sent.
    pub fn new<'p>(
        method: &basic::Publish<'_>,
        properties: impl Into<Properties<'p>>,
    ) -> Result<Self, EncodeError> {
        let properties = properties.into();
        let look = Likeness::of_publish(method, &properties, 0);
        // Dialects differ in nothing but the ticket, which 0-9-1 doesn't have.
        let framing = Framing { channel: 0, dialect: Dialect::V0_9_1, largest: u32::MAX as usize };
        let mut octets = Vec::new();
        framing.method(&mut octets, method)?;
        let header_at = octets.len();
        framing.header(&mut octets, &ContentHeader::new(0, properties))?;
        octets.extend_from_slice(&framing.frame_header(FrameType::BODY, 0));
        Ok(Self { octets: octets.into(), header_at, ticket: method.ticket, look })
    }

    /// The method.
    pub fn method(&self) -> basic::Publish<'_> {
        let payload = self.octets.get(FRAME_HEADER_LEN..self.header_at - 1).unwrap_or(&[]);
        match Method::decode(Dialect::V0_9_1, payload, &TableLimits::DEFAULT) {
            Ok(Method::BasicPublish(method)) => basic::Publish { ticket: self.ticket, ..method },
            // It was encoded here.
            _ => basic::Publish::default(),
        }
    }

    /// The properties.
    pub fn properties(&self) -> Properties<'_> {
        let begin = self.header_at + BODY_SIZE_AT + size_of::<u64>();
        let octets = self.octets.get(begin..self.head_len() - 1).unwrap_or(&[]);
        match octets.split_first_chunk() {
            Some((flags, values)) => Properties::from_valid(u16::from_be_bytes(*flags), values),
            None => Properties::EMPTY,
        }
    }

    /// Octets of method frame and header frame.
    fn head_len(&self) -> usize {
        self.octets.len() - FRAME_HEADER_LEN
    }

    /// Whether method and header fit, judged in this order.
    pub(super) fn fits(&self, framing: Framing) -> Result<(), EncodeError> {
        framing.fits(self.header_at - FRAME_OVERHEAD)?;
        framing.fits(self.head_len() - self.header_at - FRAME_OVERHEAD)
    }

    /// By what it is recognised if it comes back.
    pub(super) fn likeness(&self, body_size: u64) -> Option<Likeness> {
        self.look.map(|look| look.with_body(body_size))
    }

    /// Writes method and header for a body of this size, and a frame of its first octets unless there
    /// are none.
    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>, framing: Framing, body_size: u64, octets: &[u8]) {
        let start = out.len();
        out.reserve(self.octets.len() + octets.len() + 1);
        out.extend_from_slice(&self.octets);
        let written = out.get_mut(start..).unwrap_or(&mut []);
        if let Some((method, rest)) = written.split_at_mut_checked(self.header_at) {
            put(method, CHANNEL_AT, framing.channel.to_be_bytes());
            if framing.dialect != Dialect::V0_9_1 {
                put(method, TICKET_AT, self.ticket.to_be_bytes());
            }
            put(rest, CHANNEL_AT, framing.channel.to_be_bytes());
            put(rest, BODY_SIZE_AT, body_size.to_be_bytes());
        }
        if octets.is_empty() {
            out.truncate(start + self.head_len());
            return;
        }
        if let Some(header) = out.last_chunk_mut::<FRAME_HEADER_LEN>() {
            *header = framing.frame_header(FrameType::BODY, octets.len());
        }
        out.extend_from_slice(octets);
        out.push(FRAME_END);
    }
}

/// Overwrites octets that are there.
#[inline]
fn put<const N: usize>(octets: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(place) = octets.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = value;
    }
}

impl Channel<'_> {
    /// Publishes a message whose method and header were encoded before (client). In everything else
    /// this is [`publish`](Self::publish).
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish), but for a name that is too long, which
    /// [`PreparedPublish::new`] has refused.
    pub fn publish_prepared<'p>(
        &mut self,
        prepared: &PreparedPublish,
        body: impl Into<Payload<'p>>,
    ) -> Result<PublishSeq, UsageError> {
        let body = body.into();
        let size = body.len() as u64;
        self.check_publish()?;
        self.check_size(size)?;
        self.session.send_prepared(self.slot, prepared, body)?;
        Ok(self.enter_publish(|| prepared.likeness(size)))
    }
}

impl fmt::Debug for PreparedPublish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedPublish({self})")
    }
}

/// One line: the method and the properties.
impl fmt::Display for PreparedPublish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties = self.properties();
        write!(f, "{}", self.method())?;
        if !properties.is_empty() {
            write!(f, ", {properties}")?;
        }
        Ok(())
    }
}
