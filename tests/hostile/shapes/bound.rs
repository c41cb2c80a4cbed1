//! What a connection may hold, put together from the limits in force. All in octets, at any moment.

use amqp_proto::Side;

use super::Setting;

/// A connection with its configuration, one channel and what belongs to both, and no buffers.
pub(super) const CONNECTION: usize = 4 << 10;

/// A channel with all its boxes, among others that stand empty.
pub(super) const CHANNEL: usize = 512;

/// A shared handle of octets, a place in a queue.
pub(super) const HANDLE: usize = 48;

/// What is remembered of a delivery that waits for its ack, with the gap that another one has left.
pub(super) const DELIVERY: usize = 2 * 16;

/// What is remembered of a publish that may come back, with a gap, and in the index of those.
pub(super) const RETURN: usize = 2 * 32 + 64;

/// An event that waits to be polled.
pub(super) const EVENT: usize = 88;

/// A request that waits for its reply: its number, its kind, a hash of a name.
pub(super) const REQUEST: usize = 40;

/// A consumer beside its tag, and its place in the order of tags.
pub(super) const CONSUMER: usize = 56 + 4;

/// A short string as long as may be.
pub(super) const LONGEST: usize = 255;

/// The eight consumers of a channel that are gone and still known.
pub(super) const GONE: usize = 8 * (LONGEST + 24) + 256;

/// A buffer of so many octets that has grown by doubling, and the one before it, of which it is a copy.
pub(super) const fn grown(octets: usize) -> usize {
    3 * octets
}

/// The victim's reads: the beginning of a frame and what is read behind it.
pub(super) fn reading(s: &Setting, frame: usize) -> usize {
    grown(frame + s.read)
}

/// What there always is: small frames are read and answered by as many octets, which the peer reads.
pub(super) fn connection(s: &Setting) -> usize {
    CONNECTION + reading(s, 256) + grown(s.read)
}

/// The same with as many channels as there may be.
pub(super) fn all_channels(s: &Setting) -> usize {
    connection(s) + grown(highest(s) * CHANNEL)
}

pub(super) fn highest(s: &Setting) -> usize {
    usize::from(if s.channel_max == 0 { u16::MAX } else { s.channel_max })
}

/// The largest whole frame that may come on an open connection.
pub(super) fn frame(s: &Setting) -> usize {
    let frame = match s.side {
        Side::Client => s.frame_max.max(s.limits.method_or_header_frame),
        _ => s.frame_max,
    };
    frame as usize
}

/// Where such frames come, each from a piece that is read to one that is kept.
pub(super) fn with_frame(s: &Setting) -> usize {
    connection(s) + reading(s, frame(s)) + grown(frame(s))
}

/// Where nobody polls: the octets that wait, and a frame that isn't whole.
pub(super) fn unpolled(s: &Setting, frame: usize) -> usize {
    connection(s) + undecoded(s) + reading(s, frame)
}

/// Octets that have come and may not be looked at yet.
pub(super) fn undecoded(s: &Setting) -> usize {
    grown(s.limits.undecoded_input + s.read)
}

/// Where nothing is read of what is sent: all that may wait to be written and to be decoded.
pub(super) fn unread(s: &Setting) -> usize {
    // What goes beyond the reserve is one answer, with a text as long as may be.
    let output = s.limits.unsent_output + s.limits.output_reserve + 2 * LONGEST;
    connection(s) + grown(output) + undecoded(s)
}

/// So many octets of the peer are more than it takes for that.
pub(super) fn enough_unread(s: &Setting) -> usize {
    2 * (s.limits.unsent_output + s.limits.output_reserve + s.limits.undecoded_input)
}

/// The unanswered requests of a channel.
pub(super) fn requests(s: &Setting) -> usize {
    grown(s.limits.open_requests as usize * REQUEST)
}

/// The consumers of a channel, with tags as long as may be.
pub(super) fn consumers(s: &Setting) -> usize {
    let each = s.limits.consumers as usize;
    each * LONGEST + grown(each * CONSUMER) + GONE
}

/// The consumers of all channels, with tags as long as may be; none of them ends.
pub(super) fn all_consumers(s: &Setting) -> usize {
    let all = s.limits.all_consumers as usize;
    all * LONGEST + grown(all * CONSUMER)
}

/// The deliveries of a channel that wait for their ack.
pub(super) fn unacked(s: &Setting) -> usize {
    grown(s.limits.unacked as usize * DELIVERY)
}

/// The publishes of a channel that wait for their confirm: an octet each.
pub(super) fn unconfirmed(s: &Setting) -> usize {
    grown(s.limits.unconfirmed as usize)
}

/// The same where they may come back.
pub(super) fn returns(s: &Setting) -> usize {
    unconfirmed(s) + grown(s.limits.unconfirmed as usize * RETURN)
}

/// The contents that aren't complete, of which each may have grown.
pub(super) fn unfinished(s: &Setting) -> usize {
    grown(usize::try_from(s.limits.unfinished_contents).unwrap_or(usize::MAX / 4))
}
