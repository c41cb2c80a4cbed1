//! Publishes whose method and header are encoded once for all.

use alloc::vec;
use core::fmt;

use bytes::Bytes;

use crate::channel::returns::Likeness;
use crate::channel::{Channel, Session, Slot};
use crate::error::UsageError;
use crate::event::PublishSeq;
use crate::frame::{FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameType};
use crate::output::{Framing, Payload};
use crate::protocol::{ContentHeader, Dialect, Method, Properties, basic};
use crate::wire::{EncodeError, TableLimits, Writer};

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
    /// Octets of the larger of both frames, and at least of one with the largest body that is copied; more
    /// than any frame has where there is more to judge, a ticket or `immediate`.
    largest: u64,
    /// 0-8 and 0-9 have it (`MTH-06`).
    ticket: u16,
    /// Some peers refuse it (`BAS-09`).
    immediate: bool,
    /// By what it would be recognised if it came back, which is asked for or not.
    look: Option<Likeness>,
}

/// Places in the frame of a publish or of a content header.
const CHANNEL_AT: usize = 1;
const SIZE_AT: usize = 3;
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
        let header = ContentHeader::new(0, properties);
        let frame = framing.method(method)?;
        let header_at = frame.len();
        let header_size = framing.header_size(&header)?;
        let largest = match method.ticket {
            0 if !method.immediate => {
                header_at.max(header_size.max(Payload::COPIED) + FRAME_OVERHEAD) as u64
            }
            // Whether there is one depends on the dialect, whether it may be immediate on the peer.
            _ => u64::MAX,
        };
        let mut octets = vec![0; header_at + header_size + FRAME_OVERHEAD + FRAME_HEADER_LEN];
        let mut w = Writer::new(&mut octets);
        frame.write(&mut w);
        framing.write_header(&mut w, &header, header_size);
        w.array(framing.frame_header(FrameType::BODY, 0));
        Ok(Self {
            octets: octets.into(),
            header_at,
            largest,
            ticket: method.ticket,
            immediate: method.immediate,
            look,
        })
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
    fn check_fit(&self, framing: Framing) -> Result<(), EncodeError> {
        framing.fits(self.header_at - FRAME_OVERHEAD)?;
        framing.fits(self.head_len() - self.header_at - FRAME_OVERHEAD)
    }

    /// By what it is recognised if it comes back.
    pub(super) fn likeness(&self, body_size: u64) -> Option<Likeness> {
        self.look.map(|look| look.with_body(body_size))
    }

    /// Whether it surely fits, with a body that is copied, and every dialect has it as it is.
    #[inline(always)]
    const fn is_ready_for(&self, frame_max: u32) -> bool {
        self.largest <= frame_max as u64
    }

    /// Writes all frames of a publish whose body has one frame, to a place of just their length.
    #[inline(always)]
    fn write_whole(&self, out: &mut [u8], channel: u16, body: &[u8]) {
        let Some((head, rest)) = out.split_at_mut_checked(self.octets.len()) else { return };
        head.copy_from_slice(&self.octets);
        self.fill_in(head, channel, body.len() as u64);
        if let Some(header) = head.last_chunk_mut::<FRAME_HEADER_LEN>() {
            put(header, CHANNEL_AT, channel.to_be_bytes());
            // A size that 32 bits can't say doesn't fit, so it isn't written here.
            put(header, SIZE_AT, u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        let Some((end, rest)) = rest.split_last_mut() else { return };
        *end = FRAME_END;
        if rest.len() == body.len() {
            copy(rest, body);
        }
    }

    /// Writes method and header for a body of this size.
    fn write_head(&self, head: &mut [u8], framing: Framing, body_size: u64) {
        Writer::new(head).octets(self.octets.get(..self.head_len()).unwrap_or(&[]));
        self.fill_in(head, framing.channel, body_size);
        if framing.dialect != Dialect::V0_9_1 {
            put(head, TICKET_AT, self.ticket.to_be_bytes());
        }
    }

    #[inline(always)]
    fn fill_in(&self, head: &mut [u8], channel: u16, body_size: u64) {
        let channel = channel.to_be_bytes();
        // Chunks of a known size, so that each is looked at once and not at every number.
        let Some((method, header)) = head.split_at_mut_checked(self.header_at) else { return };
        if let Some(method) = method.first_chunk_mut::<FRAME_HEADER_LEN>() {
            put(method, CHANNEL_AT, channel);
        }
        if let Some(header) = header.first_chunk_mut::<{ BODY_SIZE_AT + 8 }>() {
            put(header, CHANNEL_AT, channel);
            put(header, BODY_SIZE_AT, body_size.to_be_bytes());
        }
    }
}

/// Copies octets to a place of their length; as two halves, which may overlap, where a call costs more.
#[inline(always)]
fn copy(place: &mut [u8], octets: &[u8]) {
    const HALF: usize = 32;
    if (HALF..=2 * HALF).contains(&octets.len()) {
        if let (Some(place), Some(octets)) = (place.first_chunk_mut::<HALF>(), octets.first_chunk())
        {
            *place = *octets;
        }
        if let (Some(place), Some(octets)) = (place.last_chunk_mut::<HALF>(), octets.last_chunk()) {
            *place = *octets;
        }
    } else {
        place.copy_from_slice(octets);
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
        match body.into() {
            Payload::Slice(octets) => self.publish_encoded(prepared, octets),
            Payload::Shared(octets) => {
                self.check_publish()?;
                self.check_size(octets.len() as u64)?;
                self.queue_encoded(prepared, octets.into())
            }
        }
    }

    #[inline(always)]
    fn publish_encoded(
        &mut self,
        prepared: &PreparedPublish,
        body: &[u8],
    ) -> Result<PublishSeq, UsageError> {
        self.check_publish()?;
        self.check_size(body.len() as u64)?;
        let is_small = (1..=Payload::COPIED).contains(&body.len());
        if is_small && prepared.is_ready_for(self.session.frame_max) {
            if let Some(window) = self.session.direct() {
                let place = window.place(prepared.octets.len() + body.len() + 1);
                prepared.write_whole(place, self.id.number(), body);
                return Ok(self.enter_publish(|| prepared.likeness(body.len() as u64)));
            }
        }
        self.queue_encoded(prepared, body.into())
    }

    /// The same where something waits, or the body isn't copied or empty.
    #[inline(always)]
    fn queue_encoded(
        &mut self,
        prepared: &PreparedPublish,
        body: Payload<'_>,
    ) -> Result<PublishSeq, UsageError> {
        let size = body.len() as u64;
        self.check_immediate(prepared.immediate)?;
        let framing = self.session.framing(self.id.number());
        self.session.queue_prepared(self.slot, framing, prepared, body)?;
        Ok(self.enter_publish(|| prepared.likeness(size)))
    }
}

impl Session {
    #[inline(never)]
    fn queue_prepared(
        &mut self,
        slot: Slot,
        framing: Framing,
        prepared: &PreparedPublish,
        body: Payload<'_>,
    ) -> Result<(), EncodeError> {
        prepared.check_fit(framing)?;
        let size = body.len() as u64;
        let place = self.place(slot, prepared.head_len());
        prepared.write_head(place, framing, size);
        self.send_body(slot, body);
        Ok(())
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
