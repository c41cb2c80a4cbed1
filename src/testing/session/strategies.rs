//! Strategies for sessions.

use proptest::array::uniform24;
use proptest::collection::vec;
use proptest::prelude::{Just, any};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy, Union};

use crate::Side;
use crate::protocol::{Dialect, MethodKind};

use super::setup::configured;
use super::{Answer, Command, Message, Script, Sending, Settling, Step, Verdict};
use crate::testing::drawn::fields::requests;
use crate::testing::strategies::{method_of, properties};
use crate::testing::{Door, MethodBuf};

fn weighted<T: core::fmt::Debug + 'static>(
    strategies: impl IntoIterator<Item = (u32, BoxedStrategy<T>)>,
) -> BoxedStrategy<T> {
    Union::new_weighted(strategies.into_iter().collect()).boxed()
}

/// A session of at most so many steps, between ends that are set up at random and could agree.
pub fn session(steps: usize) -> impl Strategy<Value = Script> + Clone {
    let connected = weighted([(7, Just(true).boxed()), (1, Just(false).boxed())]);
    let parts = (uniform24(any::<u8>()), connected, vec(step(), 0..=steps));
    parts.prop_map(|(picks, connected, steps)| {
        let (client, server) = configured(&picks);
        Script { client, server, connected, steps }
    })
}

/// One thing that happens in a session.
pub fn step() -> impl Strategy<Value = Step> + Clone {
    let side = || select(&[Side::Client, Side::Server][..]);
    let events = weighted([(3, Just(0).boxed()), (2, (1..8_u8).boxed())]);
    let doors = select(&[Door::Input, Door::Bytes, Door::Slice][..]);
    let few =
        || weighted([(4, Just(0).boxed()), (3, (1..200_u16).boxed()), (1, any::<u16>().boxed())]);
    weighted([
        (4400, (side(), command()).prop_map(|(side, command)| Step::Give(side, command)).boxed()),
        (1600, (side(), few()).prop_map(|(side, most)| Step::Transmit(side, most)).boxed()),
        (1600, side().prop_map(Step::Receive).boxed()),
        (1600, (side(), events).prop_map(|(side, most)| Step::Poll(side, most)).boxed()),
        (100, (0..100_u16).prop_map(Step::Pass).boxed()),
        (30, Just(Step::Jump).boxed()),
        (100, (side(), 0..500_u16).prop_map(|(side, millis)| Step::Latency(side, millis)).boxed()),
        (100, (side(), few()).prop_map(|(side, size)| Step::Chunk(side, size)).boxed()),
        (100, (side(), doors).prop_map(|(side, door)| Step::Door(side, door)).boxed()),
        (1, side().prop_map(Step::Cut).boxed()),
        (1, side().prop_map(Step::End).boxed()),
    ])
}

/// What an application does.
pub fn command() -> impl Strategy<Value = Command> + Clone {
    // Mostly the same few, so that something comes together on them.
    let channel = || weighted([(8, (0..2_u8).boxed()), (1, any::<u8>().boxed())]);
    let call = (channel(), request());
    let place = weighted([(12, Just(0).boxed()), (1, any::<u8>().boxed())]);
    let answer = (channel(), place, answer());
    let settle = (channel(), any::<u8>(), any::<bool>(), settling());
    let send = (channel(), message());
    let body = (channel(), 0..=200_000_u32);
    weighted([
        (200, Just(Command::OpenChannel).boxed()),
        (50, (1..2050_u16).prop_map(Command::OpenChannelNumber).boxed()),
        (15, any::<u8>().prop_map(|channel| Command::CloseChannel { channel }).boxed()),
        (600, call.prop_map(|(channel, method)| Command::Call { channel, method }).boxed()),
        (
            400,
            answer
                .prop_map(|(channel, request, how)| Command::Answer { channel, request, how })
                .boxed(),
        ),
        (
            400,
            settle
                .prop_map(|(channel, number, multiple, how)| Command::Settle {
                    channel,
                    number,
                    multiple,
                    how,
                })
                .boxed(),
        ),
        (500, send.prop_map(|(channel, message)| Command::Send { channel, message }).boxed()),
        (200, body.prop_map(|(channel, size)| Command::SendBody { channel, size }).boxed()),
        (100, verdict().prop_map(Command::Decide).boxed()),
        (10, Just(Command::Block(true)).boxed()),
        (30, Just(Command::Block(false)).boxed()),
        (30, (0..6000_u16).prop_map(Command::UpdateSecret).boxed()),
        (1, Just(Command::Redirect).boxed()),
        (1, Just(Command::Close).boxed()),
    ])
}

/// A request of any kind; those without which little else can happen are most frequent.
fn request() -> impl Strategy<Value = MethodBuf> + Clone {
    const NEEDED: &[MethodKind] =
        &[MethodKind::BasicConsume, MethodKind::BasicGet, MethodKind::ConfirmSelect];
    let kinds = weighted([(1, select(NEEDED).boxed()), (3, select(requests()).boxed())]);
    kinds.prop_flat_map(|kind| method_of(Dialect::V0_9_1, kind))
}

fn message() -> impl Strategy<Value = Message> + Clone {
    let size = weighted([
        (16, (0..200_u32).boxed()),
        (4, (0..=9000_u32).boxed()),
        (1, (0..=300_000_u32).boxed()),
    ]);
    let how = weighted([
        (2, Just(Sending::Copied).boxed()),
        (2, Just(Sending::Shared).boxed()),
        (2, Just(Sending::Begun).boxed()),
        (1, Just(Sending::Prepared).boxed()),
        (1, Just(Sending::Returned).boxed()),
    ]);
    let parts = (properties(), size, how);
    parts.prop_map(|(properties, size, how)| Message { properties, size, how })
}

fn verdict() -> BoxedStrategy<Verdict> {
    weighted([
        (400, Just(Verdict::Accept).boxed()),
        (1, Just(Verdict::Refuse).boxed()),
        (50, (0..6000_u16).prop_map(Verdict::Challenge).boxed()),
        (50, (0..6000_u16).prop_map(Verdict::Respond).boxed()),
    ])
}

fn answer() -> BoxedStrategy<Answer> {
    weighted([
        (180, Just(Answer::Reply).boxed()),
        (50, (0..10_000_u16).prop_map(Answer::Message).boxed()),
        (10, Just(Answer::Wrong).boxed()),
        (2, Just(Answer::Fail).boxed()),
    ])
}

fn settling() -> impl Strategy<Value = Settling> + Clone {
    select(&[Settling::Ack, Settling::Ack, Settling::Nack, Settling::Reject][..])
}
