//! A client's states, and what can happen to it.

use amqp_proto::Phase;

use crate::common::{BARE, body, header};
use crate::states::State;
use crate::steps::Step::{self, *};
use crate::told::{Question, Stage};
use crate::world::World;

pub(crate) const ALPHABET: &[Step] = &[
    Handshake,
    PeerClosesChannel(1),
    PeerClosesChannelOk,
    PeerCloses,
    PeerClosesOk,
    Carrier,
    GetOkMethod,
    Header(4),
    Header(1 << 40),
    Body(2),
    Body(4),
    Body(0),
    Whole(2),
    Declare,
    PeerAcks,
    PeerFlow,
    PeerCancels,
    TxCommit,
    WrongSide,
    BadEnd,
    Eof,
    OpenChannel,
    CallDeclare,
    CallDeclareQuietly,
    CallGet,
    CallTxCommit,
    Send,
    StartSending(4),
    SendBody(2),
    Ack,
    AckUnknown,
    CloseChannel(1),
    Close,
    Hold,
    Heartbeat,
    Wait,
];

const SHAKEN: &[Step] = &[Handshake, Secure, Handshake, Handshake, Handshake];
const OPEN: &[Step] = &[OpenChannel, PeerOpensOk(1)];

pub(super) fn states() -> Vec<State> {
    vec![
        State::new("start is awaited", &[], |world| world.connection.phase() == Phase::Start),
        State::new("a challenge is to be answered", &[&[Handshake, Secure]], |world| {
            world.told.question == Some(Question::Challenge)
        }),
        State::new("tune is awaited", &[&[Handshake]], |world| {
            world.connection.phase() == Phase::Secure
        }),
        State::new("open-ok is awaited", &[&[Handshake, Handshake]], |world| {
            world.connection.phase() == Phase::Opening
        }),
        State::new("open without channels", &[SHAKEN], |world| {
            world.connection.phase() == Phase::Open && world.connection.channels().count() == 0
        }),
        State::new("a channel is opening", &[SHAKEN, &[OpenChannel]], |world| {
            world.told.channels[1].stage == Stage::Opening
        }),
        State::deep("a channel is open", &[SHAKEN, OPEN], |world| {
            world.told.channels[1].stage == Stage::Open
        }),
        State::new("a delivery's header is awaited", &[SHAKEN, OPEN, &[Carrier]], |world| {
            world.awaits(&header(1, 0, BARE))
        }),
        State::new(
            "a delivery's body is awaited",
            &[SHAKEN, OPEN, &[Carrier, Header(4)]],
            |world| world.awaits(&body(1, b"body")),
        ),
        State::new(
            "a message that was got is arriving",
            &[SHAKEN, OPEN, &[CallGet, CallDeclare, GetOkMethod, Header(4), Body(2)]],
            |world| world.told.channels[1].requests.len() == 2,
        ),
        State::new(
            "half of a publish is sent",
            &[SHAKEN, OPEN, &[StartSending(4), SendBody(2)]],
            |world| world.told.channels[1].missing == Some(2),
        ),
        State::new(
            "publishes wait for their confirms",
            &[SHAKEN, OPEN, &[CallConfirmSelect, ConfirmSelect, Send, Send, Send]],
            |world| world.connection.unconfirmed() == 3,
        ),
        State::new(
            "deliveries of a transaction are unacked",
            &[
                SHAKEN,
                OPEN,
                &[CallConsume, ConsumeOk, CallTxSelect, TxSelectOk, Whole(1), Whole(1), Whole(1)],
            ],
            |world| world.told.channels[1].unacked.len() == 3,
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
        State::new("blocked", &[SHAKEN, OPEN, &[PeerBlocks]], |world| {
            world.connection.is_blocked()
        }),
        State::new("flow is stopped", &[SHAKEN, OPEN, &[PeerFlow]], |world| {
            world.told.channels[1].flow_stopped
        }),
        State::deep(
            "requests wait for their replies",
            &[SHAKEN, OPEN, &[CallDeclare, CallGet, CallDeclare]],
            |world| world.told.channels[1].requests.len() == 3,
        ),
        State::new(
            "draining: the peer has closed the channel inside a publish",
            &[SHAKEN, OPEN, &[Hold, Send, StartSending(4), SendBody(2)], &[PeerClosesChannel(1)]],
            |world| world.connection.channels().count() == 0 && world.connection.unsent() > 0,
        ),
        State::new("output is full", &[SHAKEN, OPEN, &[Hold, Send]], |world| {
            !world.connection.is_writable()
        }),
        State::new(
            "output is full inside a publish",
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
                &[OpenChannel, PeerOpensOk(2), Carrier, Header(4), Body(2)],
                &[StartSending(4), SendBody(2)],
            ],
            |world| world.connection.channels().count() == 2,
        ),
    ]
}
