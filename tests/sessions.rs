//! Sessions of a client with a server, drawn at random: neither breaks a rule, what arrives is what was
//! sent, and both come to one end.
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

extern crate alloc;

use alloc::collections::BTreeMap;

use amqp_proto::testing::session::{Script, Session, Step};
use amqp_proto::testing::strategies;
use amqp_proto::{Event, Fate, Side};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

/// The same cases in every run, unless `PROPTEST_RNG_SEED` and `PROPTEST_CASES` say otherwise.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

/// A session by itself, shortened until nothing can be left out.
fn check(script: &Script) -> Result<(), TestCaseError> {
    script.run().map_err(|finding| TestCaseError::fail(finding.to_string()))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_client_and_a_server_get_along(script in strategies::session(1500)) {
        check(&script)?;
    }

    #[test]
    fn refused_commands_change_nothing(script in strategies::session(200)) {
        let mut session = script.begin().unwrap();
        for step in &script.steps {
            let Step::Give(side, command) = step else {
                session.step(step).unwrap();
                continue;
            };
            let before = visible(&session, *side);
            if let Err(error) = session.give(*side, command).unwrap() {
                prop_assert_eq!(visible(&session, *side), before, "{}: {:?}", error, command);
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// All that can be seen of the state of an end.
fn visible(session: &Session, side: Side) -> String {
    let peer = if side == Side::Client { &session.pair.client } else { &session.pair.server };
    let mut connection = peer.connection.clone();
    let mut all = format!("{connection:?} {:?}", connection.poll_timeout());
    for id in connection.channels().collect::<Vec<_>>() {
        let channel = connection.channel(id).unwrap();
        let numbers =
            [channel.unacked(), channel.pending_requests(), channel.unconfirmed() as usize];
        let more = (channel.missing_body(), channel.is_flow_stopped(), channel.qos());
        all += &format!(" {id} {numbers:?} {more:?} {:?}", channel.last_queue());
    }
    while let Some(event) = connection.poll_event() {
        all += &format!(" {event}");
    }
    all + &format!(" {:?}", connection.into_parts().unsent)
}

/// What a session can be good for depends on how far it comes.
#[test]
fn drawn_sessions_come_far() {
    let mut runner = TestRunner::new(config());
    let mut seen = BTreeMap::new();
    for _ in 0..60 {
        let script = strategies::session(1500).new_tree(&mut runner).unwrap().current();
        let mut session = script.begin().unwrap();
        for step in &script.steps {
            session.step(step).unwrap();
            for (side, peer) in
                [("client", &mut session.pair.client), ("server", &mut session.pair.server)]
            {
                for event in peer.take_events() {
                    *seen.entry(format!("{side} {}", kind(&event))).or_insert(0) += 1;
                }
            }
        }
    }
    let missing: Vec<_> = REACHED.iter().filter(|kind| !seen.contains_key(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {seen:#?}");
}

/// What must have been told in some of these sessions at least.
const REACHED: &[&str] = &[
    "client ChannelClosed",
    "client ChannelOpened",
    "client Closed",
    "client Connected",
    "client ContentPart",
    "client RequestFailed",
    "client acked",
    "client content basic.deliver",
    "client content basic.return",
    "client fate unknown",
    "client nacked",
    "client notice channel.flow",
    "client notice connection.blocked",
    "client notice connection.unblocked",
    "client reply basic.consume-ok",
    "client reply basic.get-empty",
    "client reply basic.recover-ok",
    "client reply channel.flow-ok",
    "client reply confirm.select-ok",
    "client reply connection.update-secret-ok",
    "client reply tx.select-ok",
    "client request basic.cancel",
    "client start basic.deliver",
    "client start basic.get-ok",
    "client start basic.return",
    "server ChannelClosed",
    "server Closed",
    "server Connected",
    "server ContentPart",
    "server Credentials",
    "server RequestFailed",
    "server UpdateSecret",
    "server VirtualHost",
    "server content basic.publish",
    "server notice channel.flow",
    "server reply channel.flow-ok",
    "server request basic.cancel",
    "server request queue.declare",
    "server request tx.commit",
    "server start basic.publish",
];

fn kind(event: &Event) -> String {
    match event {
        Event::Reply { method, .. } => format!("reply {}", method.kind()),
        Event::Request { method, .. } => format!("request {}", method.kind()),
        Event::Notice(method) => format!("notice {}", method.kind()),
        Event::Content(content) => format!("content {}", content.kind()),
        Event::ContentStart(start) => format!("start {}", start.kind()),
        Event::Confirmed { fate, .. } => match fate {
            Fate::Unknown => "fate unknown".into(),
            fate => fate.to_string(),
        },
        other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().into(),
    }
}
