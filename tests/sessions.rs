//! Sessions of a client with a server, drawn at random: neither breaks a rule, what arrives is what was
//! sent, and both come to one end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

extern crate alloc;

use alloc::collections::BTreeMap;

use amqp_proto::protocol::{Dialect, Method, basic};
use amqp_proto::testing::session::{Command, Finding, Message, Script, Session, Step};
use amqp_proto::testing::{MethodBuf, strategies};
use amqp_proto::{ClientConfig, ContentMode, Event, Fate, ServerConfig, Side};
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

/// What a client asks of a server for a moment, at most: two requests and consumers, one publish.
fn asks_some(client: ClientConfig, server: ServerConfig) -> Result<(), Finding> {
    let mut script = Script::new(client, server);
    let consume =
        Method::BasicConsume(basic::Consume { queue: "queue".into(), ..Default::default() });
    let consume = MethodBuf::new(Dialect::V0_9_1, &consume).unwrap();
    let ask = Command::Call { channel: 0, method: consume };
    let publish = Command::Send { channel: 0, message: Message::of_size(10_000) };
    let commands = [Command::OpenChannel, ask.clone(), ask, publish];
    script.steps = commands.map(|command| Step::Give(Side::Client, command)).into();
    script.run()
}

/// What the documentation of `Session` says about configurations.
#[test]
fn some_limits_have_to_agree_and_others_are_free() {
    type Set = fn(&mut ServerConfig);
    let agreeing: [(&str, Set); 6] = [
        ("LIM-09", |server| server.limits.open_requests = 1),
        ("LIM-10", |server| server.limits.consumers = 1),
        ("LIM-10", |server| server.limits.all_consumers = 1),
        ("LIM-04", |server| server.limits.max_body = Some(9999)),
        ("LIM-10", |server| {
            server.frame_max = 4096; // so that the body comes in several frames
            (server.limits.max_body, server.limits.unfinished_contents) = (Some(1 << 20), 9999);
        }),
        ("LIM-03", |server| server.limits.table.max_entries = 1),
    ];
    let free: [Set; 10] = [
        |server| server.limits.unconfirmed = 1,
        |server| server.limits.unacked = 1,
        |server| server.limits.whole_body = 0,
        |server| server.limits.undecoded_input = 1,
        |server| server.limits.unsent_output = 1,
        |server| server.limits.output_reserve = 1,
        |server| server.limits.output_window = 1,
        |server| server.limits.unlimited_frame = 8192,
        |server| server.heartbeat = 1,
        |server| server.content = ContentMode::Streamed,
    ];
    let run = |set: Set| {
        let (mut client, mut server) =
            (ClientConfig::plain("guest", "guest"), ServerConfig::default());
        (client.frame_max, server.frame_max) = (0, 0);
        set(&mut server);
        asks_some(client, server)
    };
    for (rule, set) in agreeing {
        match run(set) {
            Err(Finding::Violation { violation, .. }) => assert_eq!(violation.rule, rule),
            other => panic!("{rule}: {other:?}"),
        }
    }
    for (place, set) in free.into_iter().enumerate() {
        assert_eq!(run(set), Ok(()), "{place}");
    }
}

#[test]
fn scripts_are_shown_shortly() {
    let (mut client, mut server) = (ClientConfig::plain("guest", "guest"), ServerConfig::default());
    let script = Script::new(client.clone(), server.clone());
    let usual =
        "Script { client: ClientConfig { .. }, server: ServerConfig { .. }, connected: true, ";
    assert_eq!(format!("{script:?}"), format!("{usual}steps: [] }}"));
    (client.frame_max, client.limits.unacked) = (4096, 1);
    server.limits.max_body = None;
    let mut script = Script::new(client, server);
    let send = Command::Send { channel: 0, message: Message::of_size(5) };
    script.steps = vec![Step::Receive(Side::Server), Step::Give(Side::Client, send), Step::Jump];
    let shown = format!("{script:#?}");
    let settings = ["frame_max: 4096,", "unacked: 1,", "max_body: None,"];
    assert!(settings.iter().all(|setting| shown.contains(setting)), "{shown}");
    let step = "\n        Give(Client, Send { channel: 0, message: Message { properties: ";
    assert!(shown.contains("\n        Receive(Server),\n") && shown.contains(step), "{shown}");
    assert_eq!(shown.lines().count(), 23, "{shown}");
}
