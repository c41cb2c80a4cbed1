//! What the tests of this crate share: ends with limits of their own, announced frames, and what a
//! call costs.

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{ClientConfig, Connection, Limits, Phase, ServerConfig};

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
