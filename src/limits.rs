//! What a peer can make the engine store, decided before anything is allocated.

use crate::frame::FRAME_MIN_SIZE;
use crate::wire::TableLimits;

/// The resource budget of one connection.
///
/// What has a size, frames, tables and bodies, is judged from a frame's seven-octet header or from a length
/// field, before memory is taken for it. What is counted, requests, consumers, deliveries, publishes and
/// contents, is judged when one more comes in a frame that is small enough, before it is entered; what
/// waits, unread input and unsent output, before more of it is taken. Start from [`Limits::default`] or
/// [`Limits::small`] and change single fields. [The budget](crate::budget) shows what happens to peers that
/// run into them, and how much memory a connection holds then.
///
/// ```
/// use amqp_proto::Limits;
///
/// let mut limits = Limits::default();
/// limits.whole_body = 1 << 20;
/// assert!(Limits::small().unsent_output < limits.unsent_output);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest whole frame, in octets, taken before tuning is over (`HS-09`). 8192: RabbitMQ's own
    /// bound, twice the 4096 that the specification promises and below which no value counts.
    pub frame_before_tune: u32,
    /// Largest method or content-header frame, in octets, that a client takes although a smaller
    /// frame-max was agreed (`TUN-09`: such frames can't be split, and RabbitMQ sends them). 131,072.
    pub method_or_header_frame: u32,
    /// What a frame-max that isn't set means, in octets; it is what the peer is told (`TUN-06`). 16 MiB.
    pub unlimited_frame: u32,
    /// Depth, entries and octets of field tables and arrays.
    pub table: TableLimits,
    /// Largest body, in octets, that is gathered and handed over in one piece; a larger one comes
    /// in parts, which is no error. 16 MiB.
    pub whole_body: u64,
    /// Octets that contents may hold which have begun and aren't complete, on all channels together: the
    /// announced sizes of bodies that come in several frames and are gathered, and content headers above
    /// 1 KiB that wait for a body. What finds no room comes in parts, or, where
    /// [`max_body`](Self::max_body) says that there are to be none, closes its channel with 311. 64 MiB, four
    /// of the largest bodies that are gathered: peers mostly finish one content before they begin the next.
    pub unfinished_contents: u64,
    /// Largest body, in octets, that a peer may announce; above it the channel is closed with 311 at
    /// the header frame (`LIM-04`). None on a client, 512 MiB on a server unless set.
    pub max_body: Option<u64>,
    /// Largest body, in octets, that this side may publish. No limit unless set.
    pub max_publish: u64,
    /// Synchronous requests of each side that may be unanswered on one channel. 1024. Beyond it a side
    /// refuses to send, and closes the connection with 506 if the peer goes on (`LIM-09`). A reply that
    /// isn't that of the oldest request is looked for among all of them, and so are cancels that cross: the
    /// work for one frame grows with this limit.
    pub open_requests: u32,
    /// Publishes on one channel that may wait for their confirm, those counted that were confirmed
    /// while an earlier one still waits. 65,536. A client can't publish above it; on a server further
    /// publishes wait undecoded until some are confirmed, whatever else comes behind them waits too.
    pub unconfirmed: u32,
    /// Deliveries on one channel that may wait for their ack. 65,536, as many as a prefetch-count
    /// allows. A server can't deliver above it; on a client further deliveries wait undecoded until some
    /// are acked (`ACK-11`), and whatever else comes behind them waits too. On a transacted channel a
    /// server counts acks that aren't committed as missing, a client doesn't. At least 1.
    pub unacked: u32,
    /// Acks of a client's transaction that aren't committed, on one channel: their deliveries are remembered
    /// in case of a rollback. 65,536, as many as may wait for their ack. Above it the client acks no more
    /// before the transaction ends. At least 1.
    pub uncommitted: u32,
    /// Consumers on one channel, those counted that are only asked for. 1024. A server with a lower limit
    /// than its client closes the connection with 506. A client keeps as many more of those that it has
    /// ended by no-wait, until the reply to a later request.
    ///
    /// Whoever asks for consumers in falling order of their tags makes a place of four octets move for each
    /// that is there: the work for all grows with the square of this limit.
    pub consumers: u32,
    /// Consumers on all channels of a connection together. 16,384. Above it as above
    /// [`consumers`](Self::consumers).
    pub all_consumers: u32,
    /// Received octets that may wait undecoded before [`wants_input`] turns false. 256 KiB.
    ///
    /// [`wants_input`]: crate::Connection::wants_input
    pub undecoded_input: usize,
    /// The same before the connection is open. 16 KiB.
    pub pre_login_input: usize,
    /// Unsent octets from which on publishes and requests are refused as `Full`. 1 MiB.
    pub unsent_output: usize,
    /// Octets beyond [`unsent_output`](Self::unsent_output) kept for acks, replies and automatic
    /// answers; when they are used up too, no further event is handed out. 64 KiB.
    pub output_reserve: usize,
    /// Size in octets of the window of whole frames that [`transmit`](crate::Connection::transmit)
    /// shows at a time. 64 KiB.
    pub output_window: usize,
    /// Empty body frames in a row inside one content (`CNT-10`). 16.
    pub empty_body_frames: u16,
    /// Challenge rounds of one login that a client goes along with (`HS-07`). 8.
    pub sasl_rounds: u8,
    /// Iterations of SCRAM that a client goes along with: as much work as a server can ask of it (`HS-17`).
    /// 600,000, which take a good part of a second; less than 4096 counts as that.
    pub scram_iterations: u32,
}

impl Limits {
    /// Limits for a device with 32 KiB of memory to spare: so much suffices for a connection with a
    /// frame-max of 4096, one channel in use and reads of up to 512 octets, against all those peers of [the
    /// budget](crate::budget) that keep to one channel, on a 64-bit machine. That is measured, not a sum of
    /// these limits, which is larger; larger reads come on top.
    pub const fn small() -> Self {
        let mut limits = Self::standard();
        limits.frame_before_tune = 4096;
        limits.method_or_header_frame = 4096;
        limits.unlimited_frame = 4096;
        limits.whole_body = 4096;
        limits.unfinished_contents = 4096;
        limits.open_requests = 8;
        limits.unconfirmed = 32;
        limits.unacked = 32;
        limits.uncommitted = 32;
        limits.consumers = 8;
        limits.all_consumers = 64;
        limits.undecoded_input = 4096;
        limits.pre_login_input = 4096;
        limits.unsent_output = 4096;
        limits.output_reserve = 512;
        limits.output_window = 4096;
        limits.sasl_rounds = 4;
        limits.scram_iterations = 16_384;
        limits
    }

    /// The same, where a value would break the protocol or hold up everything.
    pub(crate) fn sound(mut self) -> Self {
        self.frame_before_tune = self.frame_before_tune.max(FRAME_MIN_SIZE); // HS-09
        self.output_window = self.output_window.max(1); // one without room would never be refilled
        self.scram_iterations = self.scram_iterations.max(4096); // HS-17: no server may ask for fewer
        // What may never wait for its ack, commit or confirm may never come.
        self.unacked = self.unacked.max(1);
        self.uncommitted = self.uncommitted.max(1);
        self.unconfirmed = self.unconfirmed.max(1);
        // Nothing would ever be taken, or be sent.
        self.undecoded_input = self.undecoded_input.max(1);
        self.pre_login_input = self.pre_login_input.max(1);
        self.unsent_output = self.unsent_output.max(1);
        self
    }

    const fn standard() -> Self {
        Self {
            frame_before_tune: 8192,
            method_or_header_frame: 131_072,
            unlimited_frame: 16 << 20,
            table: TableLimits::DEFAULT,
            whole_body: 16 << 20,
            unfinished_contents: 64 << 20,
            max_body: None,
            max_publish: u64::MAX,
            open_requests: 1024,
            unconfirmed: 65_536,
            unacked: 65_536,
            uncommitted: 65_536,
            consumers: 1024,
            all_consumers: 16_384,
            undecoded_input: 256 << 10,
            pre_login_input: 16 << 10,
            unsent_output: 1 << 20,
            output_reserve: 64 << 10,
            output_window: 64 << 10,
            empty_body_frames: 16,
            sasl_rounds: 8,
            scram_iterations: 600_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::standard()
    }
}
