//! A server's states, and what can happen to it.

use amqp_proto::Phase;

use crate::common::{BARE, body, header};
use crate::states::State;
use crate::steps::Step::{self, *};
use crate::told::{Question, Stage};
use crate::world::World;

pub(crate) const ALPHABET: &[Step] = &[
    Handshake,
    PeerOpens(1),
    PeerClosesChannel(1),
    PeerClosesChannelOk,
    PeerCloses,
    PeerClosesOk,
    Carrier,
    Header(4),
    Header(1 << 40),
    Body(2),
    Body(4),
    Body(0),
    Whole(2),
    Declare,
    DeclareQuietly,
    Get,
    TxCommit,
    PeerAcks,
    PeerAcksUnknown,
    PeerFlow,
    UnknownMethod,
    BadEnd,
    Eof,
    CallCancel,
    Send,
    StartSending(4),
    SendBody(2),
    Reply,
    Fail,
    Ack,
    CloseChannel(1),
    Close,
    Decide,
    Hold,
    Heartbeat,
    Wait,
];

const SHAKEN: &[Step] =
    &[Handshake, Handshake, Challenge, Secure, Decide, Handshake, Handshake, Decide];
const OPEN: &[Step] = &[PeerOpens(1), Consume, Reply];

pub(super) fn states() -> Vec<State> {
    vec![
        State::new("a protocol header is awaited", &[], |world| {
            world.connection.phase() == Phase::Header
        }),
        State::new("start-ok is awaited", &[&[Handshake]], |world| {
            world.connection.phase() == Phase::Start
        }),
        State::new("a login is to be decided", &[&[Handshake, Handshake]], |world| {
            world.told.question == Some(Question::Login)
        }),
        State::new("secure-ok is awaited", &[&[Handshake, Handshake, Challenge]], |world| {
            world.connection.phase() == Phase::Secure
        }),
        State::new("tune-ok is awaited", &[&[Handshake, Handshake, Decide]], |world| {
            world.connection.phase() == Phase::Tune
        }),
        State::new("open is awaited", &[&[Handshake, Handshake, Decide, Handshake]], |world| {
            world.connection.phase() == Phase::Opening && world.told.question.is_none()
        }),
        State::new("a virtual host is to be decided", &[&SHAKEN[..SHAKEN.len() - 1]], |world| {
            world.told.question == Some(Question::VirtualHost)
        }),
        State::new("open without channels", &[SHAKEN], |world| {
            world.connection.phase() == Phase::Open
        }),
        State::deep("a channel is open", &[SHAKEN, OPEN], |world| {
            world.told.channels[1].stage == Stage::Open
        }),
        State::new("a publish's header is awaited", &[SHAKEN, OPEN, &[Carrier]], |world| {
            world.awaits(&header(1, 0, BARE))
        }),
        State::new(
            "a publish's body is awaited",
            &[SHAKEN, OPEN, &[Carrier, Header(4)]],
            |world| world.awaits(&body(1, b"body")),
        ),
        State::new(
            "half of a delivery is sent",
            &[SHAKEN, OPEN, &[StartSending(4), SendBody(2)]],
            |world| world.told.channels[1].missing == Some(2),
        ),
        State::new(
            "publishes are to be confirmed",
            &[SHAKEN, OPEN, &[ConfirmSelect, Reply, Whole(1), Whole(1), Whole(1)]],
            |world| world.told.channels[1].to_confirm.len() == 3,
        ),
        State::new(
            "deliveries of a transaction are unacked",
            &[SHAKEN, OPEN, &[TxSelect, Reply, Send, Send]],
            |world| world.told.channels[1].delivered == 2,
        ),
        State::new("the channel is closing", &[SHAKEN, OPEN, &[CloseChannel(1)]], |world| {
            world.told.channels[1].stage == Stage::Closing
        }),
        State::new(
            "the channel is closing and its Close waits",
            &[SHAKEN, OPEN, &[Hold, Send, CloseChannel(1)]],
            |world| world.told.channels[1].stage == Stage::Closing && world.held,
        ),
        State::new("the connection is closing", &[SHAKEN, OPEN, &[Close]], |world| {
            world.connection.phase() == Phase::Closing
        }),
        State::new("flow is stopped", &[SHAKEN, OPEN, &[PeerFlow]], |world| {
            world.told.channels[1].flow_stopped
        }),
        State::deep(
            "replies are owed both ways",
            &[SHAKEN, OPEN, &[CallCancel, Declare, PeerFlow, Get]],
            |world| world.told.channels[1].owed.len() == 2,
        ),
        State::new(
            "draining: the peer has closed the channel inside a delivery",
            &[SHAKEN, OPEN, &[Hold, Send, StartSending(4), SendBody(2)], &[PeerClosesChannel(1)]],
            |world| world.connection.channels().count() == 0 && world.connection.unsent() > 0,
        ),
        State::new("output is full", &[SHAKEN, OPEN, &[Hold, Send]], |world| {
            !world.connection.is_writable()
        }),
        State::new(
            "output is full inside a delivery",
            &[SHAKEN, OPEN, &[Hold, StartSending(1200), SendBody(1198)]],
            |world| !world.connection.is_writable() && world.told.channels[1].missing == Some(2),
        ),
        State::new(
            "output is stalled by a peer that closes a channel again and again",
            &[SHAKEN, OPEN, &[CloseChannel(1), Hold, PeerClosesOften]],
            |world| !world.connection.is_writable() && world.connection.unsent() < 1000,
        ),
        State::new(
            "output is stalled",
            &[SHAKEN, OPEN, &[Hold, Send, PeerFlows]],
            World::waits_for_output,
        ),
        State::deep(
            "two channels, and a content each way",
            &[
                SHAKEN,
                OPEN,
                &[PeerOpens(2), Carrier, Header(4), Body(2)],
                &[StartSending(4), SendBody(2)],
            ],
            |world| world.connection.channels().count() == 2,
        ),
    ]
}
