//! Sessions of a client with a server, made of steps that can be drawn at random: a [`Script`] says what
//! happens, a [`Session`] does it, a [`Finding`] is what should not have happened.
#![cfg_attr(
    feature = "proptest",
    doc = r#"
A property of one's own, of what the two ends are told in sessions drawn at random:

```
use amqp_proto::Event;
use amqp_proto::testing::strategies;
use proptest::prelude::*;

proptest! {
    // Few and short, as this is an example; with #[test] before it, where it is a test.
    #![proptest_config(ProptestConfig::with_cases(20))]

    fn bodies_are_no_larger_than_what_is_sent(script in strategies::session(60)) {
        let mut session = script.begin()?;
        for step in &script.steps {
            session.step(step)?;
            for event in session.pair.server.take_events() {
                if let Event::Content(content) = event {
                    prop_assert!(content.body().len() <= 1_000_000);
                }
            }
        }
        session.finish()?;
    }
}
bodies_are_no_larger_than_what_is_sent();
```

Where nothing else is to be looked at, `script.run()?` does all of it.
"#
)]

mod application;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod call;
mod channel;
mod command;
mod finding;
mod mail;
mod output;
mod sending;
mod setup;
mod show;
#[cfg(feature = "proptest")]
pub(super) mod strategies;

pub use command::{Answer, Command, Message, Sending, Settling, Verdict};
pub use finding::Finding;

use core::time::Duration;

use bytes::Buf;

use crate::protocol::ReplyCode;
use crate::{ClientConfig, Phase, ServerConfig, Side, UsageError};

use super::{Door, Pair, Peer};
use application::Application;
use mail::Mail;
use output::Output;

/// How often a session is looked at before it is said never to come to rest.
const TURNS: usize = 100_000;

/// A client and a server, each with an application that remembers what it was told, and what must hold
/// whatever the two do, in whatever order their octets travel: neither breaks a rule, contents arrive as
/// they were sent, each request has one outcome, each end is told once.
///
/// # What it asks for
///
/// Both ends may be set up as one likes, but for this: what one of them may send, the other has to take.
/// Else it rightly says that a rule was broken, and that is a [`Finding::Violation`].
///
/// * Of [`Limits`](crate::Limits): `open_requests`, `consumers` and `all_consumers` of the server are at least
///   those of the client, and `open_requests` of the client at least that of the server (`LIM-09`, `LIM-10`).
/// * `max_body` is none or at least the largest [`Message::size`] that is sent, or the other end's
///   `max_publish`. Where it is no more than `whole_body`, so that no content may come in parts,
///   `unfinished_contents` has room for what is begun on all channels at a time (`LIM-04`, `LIM-10`).
/// * `table`, and the [`Profile`](crate::Profile), take what methods and properties hold; what is drawn may be
///   anything that is well-formed (`LIM-03`, `TYP-02`, `TBL-11`).
/// * `frame_before_tune` has room for the handshake's methods, with properties of one's own, and challenges and
///   responses (`LIM-02`).
/// * `sasl_rounds` of the client is at least 8, if it has a mechanism of its own that is challenged (`HS-07`).
/// * The server offers a mechanism and serves the dialect of the client. Else the session ends before it
///   has begun, which is no finding.
///
/// All other limits, `channel_max`, `frame_max`, heartbeats, time limits and the mode of contents are each
/// end's own: they are negotiated, hold up, or refuse.
///
/// Commands are given by [`give`](Self::give) or [`step`](Self::step), which keep account of them. What is
/// done to the connections of [`pair`](Self::pair) behind the session's back, commands and polling above
/// all, ends in findings that mean nothing, such as [`Finding::UnknownChannel`]. Its events may be taken,
/// its getters asked.
///
/// ```
/// use amqp_proto::testing::session::{Command, Message, Session, Step};
/// use amqp_proto::{ClientConfig, ServerConfig, Side};
///
/// let mut session = Session::new(ClientConfig::plain("guest", "guest"), ServerConfig::default());
/// session.settle()?; // the handshake
/// session.step(&Step::Give(Side::Client, Command::OpenChannel))?;
/// session.step(&Step::Give(Side::Client, Command::Send { channel: 0, message: Message::of_size(5) }))?;
/// session.finish()?;
/// # Ok::<(), amqp_proto::testing::session::Finding>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Session {
    /// Both ends, the links between them, and the events that were polled: to look at, not to give commands to.
    /// Logins and virtual hosts are for the applications to decide on.
    pub pair: Pair,
    client: Application,
    server: Application,
    mail: Mail,
    outputs: [Output; 2],
    /// Whether the transport has lost anything.
    broken: bool,
}

/// A session to be run: how both ends are set up, and what happens.
///
/// The two setups have to agree as [`Session`] says; those that are drawn do.
///
/// `Debug` shows those settings that aren't usual, and with `{:#?}` each step on a line of its own.
#[derive(Clone)]
#[non_exhaustive]
pub struct Script {
    /// What the client brings.
    pub client: ClientConfig,
    /// What the server brings.
    pub server: ServerConfig,
    /// Whether the handshake is over before the first step.
    pub connected: bool,
    /// What happens.
    pub steps: alloc::vec::Vec<Step>,
}

/// One thing that happens in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The application of this side gives a command.
    Give(Side, Command),
    /// So many octets that this side has written go on their way; 0: all that there are.
    Transmit(Side, u16),
    /// What has arrived at this side is handed in.
    Receive(Side),
    /// So many events are taken from this side; 0: all that there are.
    Poll(Side, u8),
    /// So many milliseconds pass, whatever is due meanwhile.
    Pass(u16),
    /// Time goes on to the next moment at which something is due.
    Jump,
    /// From here on octets travel to this side for so many milliseconds.
    Latency(Side, u16),
    /// From here on octets arrive at this side in pieces of at most so many; 0: as they were sent.
    Chunk(Side, u16),
    /// From here on octets go in by another door.
    Door(Side, Door),
    /// Nothing arrives at this side any more.
    Cut(Side),
    /// The stream to this side ends behind what is on its way.
    End(Side),
}

impl Script {
    /// A script without a step, the handshake over.
    pub const fn new(client: ClientConfig, server: ServerConfig) -> Self {
        Self { client, server, connected: true, steps: alloc::vec::Vec::new() }
    }

    /// The session before its first step.
    ///
    /// # Errors
    ///
    /// What should not have happened in the handshake.
    pub fn begin(&self) -> Result<Session, Finding> {
        let mut session = Session::new(self.client.clone(), self.server.clone());
        if self.connected {
            session.settle()?;
        }
        Ok(session)
    }

    /// Runs the session from the protocol header to its end.
    ///
    /// # Errors
    ///
    /// What should not have happened.
    pub fn run(&self) -> Result<(), Finding> {
        let mut session = self.begin()?;
        for step in &self.steps {
            session.step(step)?;
            // Nobody looks at them, and they may hold large bodies.
            session.pair.client.events.clear();
            session.pair.server.events.clear();
        }
        session.finish()
    }
}

impl Session {
    /// A session whose handshake hasn't begun.
    pub fn new(client: ClientConfig, server: ServerConfig) -> Self {
        let mut pair = Pair::new(client, server);
        pair.accept = false;
        Self {
            pair,
            client: Application::default(),
            server: Application::default(),
            mail: Mail::default(),
            outputs: [Output::of_client(), Output::of_server()],
            broken: false,
        }
    }

    /// Does one thing. A command that is refused has changed nothing, and is no finding.
    ///
    /// # Errors
    ///
    /// What should not have happened.
    pub fn step(&mut self, step: &Step) -> Result<(), Finding> {
        match step {
            Step::Give(side, command) => drop(self.give(*side, command)?),
            Step::Transmit(side, most) => _ = self.transmit(*side, usize::from(*most))?,
            Step::Receive(side) => {
                let now = self.pair.now;
                self.peer(*side).receive(now);
            }
            Step::Poll(side, most) => _ = self.poll(*side, usize::from(*most))?,
            Step::Pass(millis) => {
                self.pair.now = self.pair.now + Duration::from_millis(u64::from(*millis));
                self.tell_time();
            }
            Step::Jump => {
                if let Some(due) = self.pair.due() {
                    self.pair.now = self.pair.now.max(due);
                    self.tell_time();
                }
            }
            Step::Latency(side, millis) => {
                self.peer(*side).inbound.latency = Duration::from_millis(u64::from(*millis));
            }
            Step::Chunk(side, size) => self.peer(*side).inbound.chunk = usize::from(*size),
            Step::Door(side, door) => self.peer(*side).inbound.door = *door,
            Step::Cut(side) => {
                self.peer(*side).inbound.cut = true;
                self.broken = true;
            }
            Step::End(side) => {
                self.peer(*side).inbound.end();
                self.broken = true;
            }
        }
        Ok(())
    }

    /// Gives a command, and tells what became of it.
    ///
    /// # Errors
    ///
    /// What should not have happened.
    pub fn give(
        &mut self,
        side: Side,
        command: &Command,
    ) -> Result<Result<(), UsageError>, Finding> {
        let now = self.pair.now;
        let (application, peer) = match side {
            Side::Client => (&mut self.client, &mut self.pair.client),
            Side::Server => (&mut self.server, &mut self.pair.server),
        };
        application.give(&mut peer.connection, command, &mut self.mail, now)
    }

    /// Lets all that is on its way arrive, and both applications do what they owe, until nothing is left
    /// to do. Time goes on only as far as octets need to arrive.
    ///
    /// # Errors
    ///
    /// What should not have happened, [`Finding::NeverQuiet`] among it.
    pub fn settle(&mut self) -> Result<(), Finding> {
        for _ in 0..TURNS {
            let mut any = false;
            for side in [Side::Client, Side::Server] {
                any |= self.transmit(side, 0)?;
                // What is polled may be nothing to tell of, and yet make room for what has arrived.
                any |= self.poll(side, 0)?;
                let now = self.pair.now;
                any |= self.peer(side).receive(now);
                any |= self.poll(side, 0)?;
                let (application, peer) = match side {
                    Side::Client => (&mut self.client, &mut self.pair.client),
                    Side::Server => (&mut self.server, &mut self.pair.server),
                };
                any |= application.finish(&mut peer.connection, &mut self.mail)?;
                // Whoever is over closes the transport.
                if peer.connection.phase() == Phase::Closed
                    && !peer.connection.transmit().has_remaining()
                {
                    let other = match side {
                        Side::Client => &mut self.pair.server.inbound,
                        Side::Server => &mut self.pair.client.inbound,
                    };
                    any |= other.end_once();
                }
            }
            if any {
                continue;
            }
            // What has arrived at a connection that takes nothing stays where it is.
            let arriving = [&self.pair.client, &self.pair.server].map(|peer| peer.inbound.due());
            let later = arriving.into_iter().flatten().filter(|due| *due > self.pair.now);
            let Some(due) = later.min() else { return self.check_due() };
            self.pair.now = due;
            self.tell_time();
        }
        Err(Finding::NeverQuiet)
    }

    /// Comes to the end: settles, checks that nothing is left unanswered, and closes the connection in
    /// order; or, where the transport has broken, ends both directions.
    ///
    /// # Errors
    ///
    /// What should not have happened.
    pub fn finish(mut self) -> Result<(), Finding> {
        if self.broken {
            self.pair.end();
            self.settle()?;
        } else {
            self.settle()?;
            if self.pair.is_open() {
                for application in [&self.client, &self.server] {
                    application.check_settled()?;
                }
            }
            let now = self.pair.now;
            for peer in [&mut self.pair.client, &mut self.pair.server] {
                // Refused where the other has closed it.
                let _ = peer.connection.close(now, ReplyCode::REPLY_SUCCESS, "");
            }
            self.settle()?;
        }
        let [client_output, server_output] = &self.outputs;
        let ends = [
            (Side::Client, &mut self.pair.client, &self.client, client_output),
            (Side::Server, &mut self.pair.server, &self.server, server_output),
        ];
        for (side, peer, application, output) in ends {
            application.check_over(side, &mut peer.connection)?;
            output.check_over()?;
        }
        Ok(())
    }

    fn peer(&mut self, side: Side) -> &mut Peer {
        match side {
            Side::Client => &mut self.pair.client,
            Side::Server => &mut self.pair.server,
        }
    }

    fn tell_time(&mut self) {
        let now = self.pair.now;
        self.pair.client.connection.handle_timeout(now);
        self.pair.server.connection.handle_timeout(now);
    }

    /// Sends octets on their way, at most so many; 0: all. True: there were some.
    fn transmit(&mut self, side: Side, most: usize) -> Result<bool, Finding> {
        let now = self.pair.now;
        let [client_output, server_output] = &mut self.outputs;
        let Pair { client, server, .. } = &mut self.pair;
        let (from, to, output) = match side {
            Side::Client => (client, server, client_output),
            Side::Server => (server, client, server_output),
        };
        let before = from.sent.len();
        from.transmit(now, &mut to.inbound, if most == 0 { usize::MAX } else { most });
        output.write(&from.sent)?;
        let any = from.sent.len() > before;
        from.sent.clear();
        Ok(any)
    }

    /// Takes events, at most so many; 0: all. True: there were some.
    fn poll(&mut self, side: Side, most: usize) -> Result<bool, Finding> {
        let (application, peer) = match side {
            Side::Client => (&mut self.client, &mut self.pair.client),
            Side::Server => (&mut self.server, &mut self.pair.server),
        };
        let mut taken = 0;
        while most == 0 || taken < most {
            let Some(event) = peer.connection.poll_event() else { break };
            application.take(side, &event, &mut self.mail)?;
            peer.events.push_back(event);
            taken += 1;
        }
        Ok(taken > 0)
    }

    /// A deadline that has fired is gone or has moved, once nothing else is left to do.
    fn check_due(&self) -> Result<(), Finding> {
        for (side, peer) in [(Side::Client, &self.pair.client), (Side::Server, &self.pair.server)] {
            let due = peer.connection.poll_timeout();
            if due.is_some_and(|due| due <= self.pair.now) {
                return Err(Finding::Overdue { side });
            }
        }
        Ok(())
    }
}
