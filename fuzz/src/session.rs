//! A client and a server that both keep the rules, over a link that cuts, delays and chunks.

use amqp_proto::testing::session::{Finding, Script, Session};
use arbitrary::{Arbitrary, Unstructured};

/// How the ends are set up, then steps.
pub(crate) fn run(input: &[u8]) {
    let Ok(script) = Script::arbitrary(&mut Unstructured::new(input)) else { return };
    if let Err(finding) = perform(&script) {
        panic!("{finding}");
    }
}

fn perform(script: &Script) -> Result<(), Finding> {
    let mut session = script.begin()?;
    for step in &script.steps {
        session.step(step)?;
        check_output(&session);
        // Nobody looks at them, and they may hold large bodies.
        session.pair.client.events.clear();
        session.pair.server.events.clear();
    }
    session.finish()
}

/// What waits to be written is what the applications have asked for, up to the soft mark, a message beyond
/// it, and what the engine may add by itself.
fn check_output(session: &Session) {
    for peer in [&session.pair.client, &session.pair.server] {
        let unsent = peer.connection.unsent();
        assert!(unsent <= MOST_UNSENT, "{unsent} octets wait to be written");
    }
}

/// The soft mark and the reserve of the default limits, and a message of the largest size with its frames.
const MOST_UNSENT: usize = (1 << 20) + (64 << 10) + 1_100_000;
