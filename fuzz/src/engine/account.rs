//! What a connection has taken of memory, and how much its limits allow.

use amqp_proto::{Connection, Limits, Side};

use crate::common::asked_frame_max;
use crate::counting;

/// The octets that one connection holds, and what it was given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    held: isize,
    /// Octets of the peer.
    handed_in: usize,
    /// Octets that came by doors that take all, whether they are wanted or not.
    forced: usize,
    /// Octets that came since all was polled.
    unpolled: usize,
    /// The longest piece: all of it stays until its last frame is decoded.
    longest: usize,
    /// The most octets of output that the application's own commands have added.
    pub(super) added: usize,
}

impl Account {
    /// Runs something that belongs to the connection: what it allocates and doesn't free is held.
    pub(super) fn during<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let before = counting::held();
        let result = call();
        self.held += counting::held() - before;
        result
    }

    /// Octets were handed in, `forced` of them by a door that takes all.
    pub(super) fn handed_in(&mut self, len: usize, forced: usize) {
        self.handed_in += len;
        self.unpolled += len;
        self.forced += forced;
        self.longest = self.longest.max(len).max(forced);
    }

    /// All was polled.
    pub(super) const fn polled(&mut self) {
        self.unpolled = 0;
    }

    /// What is held is within what was handed in, whatever was announced; cheap enough for each step.
    pub(super) fn check_against_input(&self, name: &str) {
        let bound = FIXED + PER_OCTET * (self.handed_in + self.added);
        let held = usize::try_from(self.held).unwrap_or(0);
        assert!(held <= bound, "{held} octets are held after {} of input: {name}", self.handed_in);
    }

    /// What is held, waits unread and waits unsent is within the limits. `buffer`: the room of the driver's
    /// buffer, which counts as held.
    pub(super) fn check_against_limits(
        &self,
        connection: &Connection,
        budget: &Budget,
        buffer: usize,
        has_ended: bool,
    ) {
        let Budget { limits, largest_frame } = budget;
        let unread = connection.clone().into_parts().unread.len();
        let may_wait = limits.undecoded_input.max(limits.pre_login_input).max(*largest_frame);
        assert!(
            unread <= self.forced + may_wait + largest_frame,
            "{unread} octets wait unread, {} of them forced",
            self.forced
        );
        let unsent = connection.unsent();
        // What answers a frame may pass the mark; nothing waits any more once the stream has ended.
        let answers = if has_ended { 2 * self.handed_in } else { 2048 };
        let most = limits.unsent_output + limits.output_reserve + answers + self.added;
        assert!(unsent <= most, "{unsent} octets wait unsent, {} of them added", self.added);

        let ledgers = 64 * (limits.unacked + limits.unconfirmed) as usize
            + 256 * (limits.open_requests + limits.consumers) as usize;
        let whole_body = usize::try_from(limits.whole_body).unwrap_or(usize::MAX);
        let content = whole_body.saturating_add(2 * largest_frame).saturating_mul(2);
        let each = 1024_usize.saturating_add(ledgers).saturating_add(content);
        let channels = usize::from(connection.channel_max().max(1)).saturating_mul(each);
        let waiting = PER_WAITING * (unread + self.unpolled) + 2 * self.longest;
        let fixed = FIXED + 2 * buffer;
        let bound = channels.saturating_add(fixed + waiting + 3 * unsent + 2 * largest_frame);
        let held = usize::try_from(self.held).unwrap_or(0);
        assert!(held <= bound, "{held} octets are held, the limits allow {bound}");
    }
}

/// What the configuration lets a peer use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) limits: Limits,
    /// The largest frame that may be gathered.
    pub(super) largest_frame: usize,
}

impl Budget {
    pub(super) fn new(limits: Limits, frame_max: u32, side: Side) -> Self {
        let agreed = asked_frame_max(frame_max, &limits);
        let other = if side == Side::Client { limits.method_or_header_frame } else { 0 };
        let largest_frame = agreed.max(other).max(limits.frame_before_tune) as usize;
        Self { limits, largest_frame }
    }
}

/// A connection with its configuration, the places that it keeps for what comes next, and the peer's
/// properties.
const FIXED: usize = 48 << 10;

/// The most that an octet of the peer's costs: channels, consumers and requests take a few octets each.
const PER_OCTET: usize = 96;

/// The most that an octet costs that waits: frames of eight octets that come in pieces have a handle each.
const PER_WAITING: usize = 16;
