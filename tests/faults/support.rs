//! What the tests of this crate share: ends with limits of their own, announced frames, and what a
//! call costs.

use alloc::collections::BTreeMap;

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{ClientConfig, Connection, Event, Limits, Phase, RequestId, ServerConfig};
use bytes::Buf;

use crate::common::*;
use crate::counting::{counted, held, taken};
use crate::end::End;

pub(crate) const FRAME_ERROR: ReplyCode = ReplyCode(501);
pub(crate) const COMMAND_INVALID: ReplyCode = ReplyCode(503);
pub(crate) const UNEXPECTED_FRAME: ReplyCode = ReplyCode(505);

/// The types of frames there are.
pub(crate) const TYPES: [u8; 4] = [1, 2, 3, 8];

/// The seven octets that announce a frame.
pub(crate) fn announced(frame_type: u8, channel: u16, size: u32) -> Vec<u8> {
    [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat()
}

/// Configurations of both roles with this frame-max and these limits.
pub(crate) fn configs(
    frame_max: u32,
    change: impl Fn(&mut Limits),
) -> (ClientConfig, ServerConfig) {
    let (mut client, mut server) = (plain(), ServerConfig::default());
    (client.frame_max, server.frame_max) = (frame_max, frame_max);
    change(&mut client.limits);
    change(&mut server.limits);
    (client, server)
}

/// Open ends of both roles that have agreed on this frame-max, with channel 1 and, on the server, a
/// consumer `c` without acks.
pub(crate) fn ends_with(frame_max: u32, change: impl Fn(&mut Limits)) -> [End; 2] {
    let (client, server) = configs(frame_max, change);
    [End::client_with(client).with_contents(1), End::server_with(server).with_contents(1)]
}

/// The same as they are by default.
pub(crate) fn ends() -> [End; 2] {
    ends_with(131_072, |_| ())
}

/// Ends of both roles that wait for start and start-ok.
pub(crate) fn fresh_ends() -> [End; 2] {
    let client = End::new(Connection::client(plain(), T0)).at(Phase::Start);
    [client, End::fresh_server().at(Phase::Start)]
}

/// What a call has asked the allocator for in all, and how much more is held when it is over.
pub(crate) fn cost<T>(call: impl FnOnce() -> T) -> (T, Cost) {
    taken();
    let before = held();
    let result = counted(call);
    let (_, asked) = taken();
    (result, Cost { asked, kept: held() - before })
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) asked: usize,
    pub(crate) kept: isize,
}

/// Methods that a content follows: publish, return, deliver, get-ok.
const CARRIERS: [&[u8]; 4] = [b"\0\x3C\0\x28", b"\0\x3C\0\x32", b"\0\x3C\0\x3C", b"\0\x3C\0\x47"];

/// These are whole frames, and between those of a content no other frame stands on its channel.
#[track_caller]
pub(crate) fn keep_contents_together(octets: &[u8]) -> Vec<(u8, u16, Vec<u8>)> {
    let frames = frames(octets);
    // Body octets that are missing on each channel; `None`: the header is.
    let mut open = BTreeMap::new();
    for (frame_type, channel, payload) in &frames {
        let next = match (frame_type, open.remove(channel)) {
            (1, None) => CARRIERS.iter().any(|ids| payload.starts_with(ids)).then_some(None),
            (2, Some(None)) => {
                let size = u64::from_be_bytes(payload[4..12].try_into().unwrap());
                (size > 0).then_some(Some(size))
            }
            (3, Some(Some(missing))) => {
                let missing: u64 = missing;
                let left = missing.checked_sub(payload.len() as u64).unwrap();
                (left > 0).then_some(Some(left))
            }
            (8, None) => None,
            (frame_type, state) => panic!("type {frame_type} on {channel} at {state:?}"),
        };
        open.extend(next.map(|state| (*channel, state)));
    }
    frames
}

/// Exactly so many octets of the output, or all.
pub(crate) fn written(connection: &mut Connection, count: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    loop {
        let transmit = connection.transmit();
        let part = transmit.remaining().min(count - octets.len());
        if part == 0 {
            return octets;
        }
        octets.extend_from_slice(&transmit.copy_to_bytes(part));
    }
}

/// The requests that failed, in order.
pub(crate) fn failed(events: &[Event]) -> Vec<RequestId> {
    let failed = |event: &Event| match event {
        Event::RequestFailed { request, .. } => Some(*request),
        _ => None,
    };
    events.iter().filter_map(failed).collect()
}

/// The requests that were answered, in order.
pub(crate) fn answered(events: &[Event]) -> Vec<RequestId> {
    let answered = |event: &Event| match event {
        Event::Reply { request, .. } => Some(*request),
        _ => None,
    };
    events.iter().filter_map(answered).collect()
}
