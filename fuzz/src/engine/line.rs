//! One connection and the transport that feeds it: several of them are led through the same session.

use amqp_proto::{Connection, Event, Instant, Side};
use bytes::{Buf, Bytes, BytesMut};
use std::io::IoSlice;

use super::account::Account;

/// How octets are handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    door: u8,
    /// Octets of each piece; 0: all at once.
    size: usize,
    /// Whether all is polled behind each piece.
    pub(super) polls: bool,
}

impl Way {
    pub(super) fn new(door: u8, size: u8, polls: u8) -> Self {
        let sizes = [0, 1, 2, 3, 7, 8, 9, 64, 1000, 1460];
        Self { door: door % 4, size: sizes[usize::from(size) % sizes.len()], polls: polls & 1 != 0 }
    }

    /// Each octet by itself.
    pub(super) const OCTETS: Self = Self { door: 2, size: 1, polls: false };
}

pub(super) struct Line {
    pub(super) connection: Connection,
    pub(super) way: Way,
    /// Octets that were read and left by `handle_input`.
    buffer: BytesMut,
    /// Pieces so far, by which the doors of a mixed way take turns.
    pieces: usize,
    /// Events that the world hasn't looked at, as text.
    pub(super) told: Vec<String>,
    pub(super) account: Account,
}

impl Line {
    pub(super) fn new(connection: Connection, way: Way, account: Account) -> Self {
        let buffer = BytesMut::new();
        Self { connection, way, buffer, pieces: 0, told: Vec::new(), account }
    }

    /// One that goes on from here like this one.
    pub(super) fn copy(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            buffer: self.buffer.clone(),
            told: Vec::new(),
            account: Account::default(),
            ..*self
        }
    }

    /// Hands octets in, in the pieces of the way; `see` gets all that is polled between them.
    pub(super) fn hand_in(&mut self, now: Instant, octets: &[u8], see: &mut See<'_>) {
        let size = match self.way.size {
            0 => octets.len().max(1),
            // Long ones are the same from a while on.
            1 if octets.len() > 700 => 61,
            size => size,
        };
        for piece in octets.chunks(size) {
            self.pieces += 1;
            let door = if self.way.door == 3 { self.pieces % 3 } else { self.way.door.into() };
            self.hand_in_piece(now, door, piece);
            if self.way.polls {
                self.poll(now, usize::MAX, see);
            }
        }
    }

    fn hand_in_piece(&mut self, now: Instant, door: usize, piece: &[u8]) {
        let Self { connection, buffer, account, .. } = self;
        // A door that takes all takes what another has left, too.
        let forced = if door == 0 { 0 } else { buffer.len() + piece.len() };
        account.handed_in(piece.len(), forced);
        account.during(|| {
            // What was left in the buffer comes first, whichever door is next.
            buffer.extend_from_slice(piece);
            match door {
                0 => connection.handle_input(now, buffer),
                1 => connection.handle_bytes(now, buffer.split().freeze()),
                _ => {
                    connection.handle_slice(now, buffer);
                    buffer.clear();
                }
            }
            let_go_of(buffer);
        });
    }

    /// Polls like a driver: what was left in the buffer is handed in again until nothing is taken, and
    /// nothing comes of it either; that is how the header of a frame is told that is too large.
    pub(super) fn poll(&mut self, now: Instant, most: usize, see: &mut See<'_>) -> usize {
        let mut count = 0;
        let mut changed = true;
        while count < most {
            let Self { connection, buffer, account, .. } = self;
            if let Some(event) = account.during(|| connection.poll_event()) {
                count += 1;
                changed = true;
                let text = told(&event);
                see(&event, &text, &self.connection);
                self.told.push(text);
                self.account.during(|| drop(event));
            } else if changed {
                let left = buffer.len();
                account.during(|| {
                    connection.handle_input(now, buffer);
                    let_go_of(buffer);
                });
                changed = buffer.len() < left;
            } else {
                account.polled();
                break;
            }
        }
        count
    }

    /// The room of the driver's buffer.
    pub(super) fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// The stream has ended behind what was handed in.
    pub(super) fn end(&mut self, now: Instant) {
        let Self { connection, buffer, account, .. } = self;
        account.during(|| {
            connection.handle_slice(now, buffer);
            buffer.clear();
            let_go_of(buffer);
            connection.handle_eof(now);
        });
    }

    /// Writes some of what waits, in any of the ways that there are.
    pub(super) fn transmit(&mut self, way: u8, most: usize) -> Vec<u8> {
        let Self { connection, account, .. } = self;
        // What is written is the driver's: its place isn't made by the connection.
        let mut written = Vec::with_capacity(account.during(|| connection.transmit().remaining()));
        account.during(|| {
            let transmit = connection.transmit();
            let remaining = transmit.remaining();
            if remaining == 0 {
                assert_eq!((transmit.chunk(), transmit.segments().count()), (&b""[..], 0));
                assert_eq!(transmit.take_frames(10), None);
                return;
            }
            let most = if most == 0 { remaining } else { most.min(remaining) };
            let octets: Bytes = match way % 5 {
                0 => transmit.copy_to_bytes(most),
                1 => transmit.take_frames(most).unwrap(),
                2 => transmit.take_segment().unwrap(),
                3 => {
                    let all = transmit.segments().collect::<Vec<_>>().concat();
                    assert_eq!(all.len(), remaining);
                    transmit.advance(most);
                    Bytes::from(all).slice(..most)
                }
                _ => {
                    let mut slices = [IoSlice::new(&[]); 3];
                    let filled = transmit.chunks_vectored(&mut slices);
                    let octets = slices[..filled].iter().flat_map(|slice| slice.to_vec());
                    let octets: Bytes = octets.take(most).collect();
                    let first = transmit.chunk();
                    assert!(octets.starts_with(&first[..first.len().min(most)]));
                    transmit.advance(octets.len());
                    octets
                }
            };
            assert!(!octets.is_empty());
            assert_eq!(transmit.remaining(), remaining - octets.len());
            written.extend_from_slice(&octets);
        });
        written
    }

    /// Whether the peer should read before it is told more.
    pub(super) fn has_output(&mut self) -> bool {
        let Self { connection, account, .. } = self;
        account.during(|| connection.transmit().has_remaining())
    }
}

/// The driver's buffer counts as held; while nothing is in it, it needs no room.
fn let_go_of(buffer: &mut BytesMut) {
    if buffer.is_empty() {
        *buffer = BytesMut::new();
    }
}

/// Who looks at each event, at its text, and at the connection behind it.
pub(super) type See<'a> = dyn FnMut(&Event, &str, &Connection) + 'a;

/// The event's text and all its octets.
fn told(event: &Event) -> String {
    let octets: &[u8] = match event {
        Event::Content(content) => content.body(),
        Event::ContentPart(part) => &part.octets,
        Event::Reply { method, .. } | Event::Request { method, .. } | Event::Notice(method) => {
            method.octets()
        }
        Event::Credentials(credentials) => credentials.response(),
        Event::SaslResponse(response) => response.response(),
        Event::UpdateSecret(update) => update.new_secret(),
        // What their texts leave out is small.
        Event::Violation(_)
        | Event::Irregular(_)
        | Event::Closed(_)
        | Event::ChannelClosed { .. }
        | Event::Challenge(_) => return format!("{event} / {event:?}"),
        _ => &[],
    };
    let sum = octets.iter().fold(octets.len() as u64, |sum, octet| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*octet))
    });
    format!("{event} / {sum:x}")
}

/// All that can be seen of a connection: a refused command may not change any of it.
pub(super) fn visible(mut connection: Connection) -> impl PartialEq + core::fmt::Debug {
    let about = format!(
        "{connection:?} {:?} {} {} {} {:?}",
        connection.poll_timeout(),
        connection.wants_input(),
        connection.is_writable(),
        connection.is_blocked(),
        connection.side() == Side::Client,
    );
    let mut channels: Vec<_> = connection.channels().collect();
    channels.sort_unstable();
    let channels = channels.into_iter().map(|id| {
        let channel = connection.channel(id).unwrap();
        let numbers = (channel.unconfirmed(), channel.pending_requests(), channel.unacked());
        let queue = channel.last_queue().map(|queue| queue.as_octets().to_vec());
        (id, numbers, channel.missing_body(), channel.is_flow_stopped(), queue, channel.qos())
    });
    let channels: Vec<_> = channels.collect();
    let events: Vec<_> =
        core::iter::from_fn(|| connection.poll_event()).map(|e| told(&e)).collect();
    (about, channels, events, connection.into_parts().unsent)
}
