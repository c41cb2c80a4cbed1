//! What contents hold that have begun and aren't complete, on all channels of a connection together, and
//! the places in which they are gathered.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

/// Content headers up to this many octets aren't counted: each channel has at most one.
pub(crate) const SMALL_HEADER: u32 = 1024;

/// The place of a content that was gathered is kept for the next one up to this many octets.
const KEPT: usize = 64 << 10;

/// So many places are kept, for whichever channels need them next.
const PLACES: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Gathering {
    /// Announced sizes of bodies of which a part has come, and sizes of headers that wait for a body.
    octets: u64,
    limit: u64,
    places: Vec<BytesMut>,
}

impl Gathering {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { octets: 0, limit, places: Vec::new() }
    }

    /// Sets room aside for so many octets more of a content, and tells how many that are in all; `None`: there
    /// isn't any. More than 4 GiB of one content aren't counted.
    pub(crate) fn hold(&mut self, held: u32, octets: u64) -> Option<u32> {
        if octets > self.limit.saturating_sub(self.octets) {
            return None;
        }
        let held_now = held.saturating_add(u32::try_from(octets).unwrap_or(u32::MAX));
        self.octets = self.octets.saturating_add(u64::from(held_now - held));
        Some(held_now)
    }

    /// Gives back what was set aside.
    pub(crate) fn let_go(&mut self, octets: u32) {
        self.octets = self.octets.saturating_sub(octets.into());
    }

    /// A place to gather in.
    #[inline]
    pub(crate) fn place(&mut self) -> BytesMut {
        self.places.pop().unwrap_or_default()
    }

    /// All that was gathered in this place, which is kept unless it is large.
    pub(crate) fn taken(&mut self, mut place: BytesMut) -> Bytes {
        let octets = place.split().freeze();
        let most = usize::try_from(self.limit).unwrap_or(KEPT).min(KEPT);
        // It has grown by doubling.
        let is_small = octets.len() + place.capacity() <= 2 * most;
        if is_small && self.places.len() < PLACES {
            self.places.push(place);
        }
        octets
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.places = Vec::new();
    }
}

/// Appends octets of a body that lacks so many more to those that were gathered.
pub(crate) fn append(place: &mut BytesMut, octets: &[u8], missing: u64) {
    if !place.try_reclaim(octets.len()) {
        make_room(place, octets.len(), missing);
    }
    place.extend_from_slice(octets);
}

/// Makes room for so many octets and what is missing behind them, if that is no more than there will be. To
/// grow by doubling takes no less, and may leave half of it empty as long as the event lives. What is large
/// grows without being copied, and is left to do so.
#[inline(never)]
fn make_room(place: &mut BytesMut, len: usize, missing: u64) {
    let filled = place.len() + len;
    let missing = match usize::try_from(missing) {
        Ok(missing) if missing <= filled => missing,
        _ => return,
    };
    let whole = filled + missing;
    if whole > KEPT {
        return;
    }
    let mut room = BytesMut::with_capacity(whole);
    room.extend_from_slice(place);
    *place = room;
}
