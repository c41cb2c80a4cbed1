//! A session: a connection that a tape leads, its peer and its application, and copies of it that must do
//! the same.

use amqp_proto::protocol::Method;
use amqp_proto::wire::TableLimits;
use amqp_proto::{ChannelId, Connection, Event, Instant, Phase, Side, UsageError};

use super::account::{Account, Budget};
use super::commands::Command;
use super::line::{Line, Way, visible};
use super::model::{Done, Model, contains};
use super::output::Output;
use super::seen::Observer;
use super::tape::{Reader, Start, Step};
use super::{answers, peer, say, start};

/// No more octets of the peer are taken: a tape may ask for any number of repetitions.
const MOST_INPUT: usize = 100_000;

pub(super) struct World<'o> {
    /// The first one is the one that is told about; the others are held against it.
    lines: Vec<Line>,
    model: Model,
    output: Output,
    budget: Budget,
    now: Instant,
    /// The octets of the last step that brought some.
    last: Vec<u8>,
    handed_in: usize,
    /// The peer's stream has ended.
    ended: bool,
    /// The peer has sent the password itself.
    knows_password: bool,
    is_obliging: bool,
    /// A copy goes along: who holds what both have come by isn't known any more.
    is_shared: bool,
    observer: &'o mut dyn Observer,
}

/// Plays a tape to its end, and then to the end of the connection.
pub(super) fn run(side: Side, tape: &[u8], observer: &mut dyn Observer) {
    play(side, tape, observer).finish();
}

fn play<'o>(side: Side, tape: &[u8], observer: &'o mut dyn Observer) -> World<'o> {
    let mut tape = Reader::new(tape);
    let start = Start::read(&mut tape);
    let mut account = Account::default();
    let (connection, prelude) = account.during(|| start.begin(side));
    let mut lines = vec![Line::new(connection, Way::new(2, 0, 0), account)];
    if start.is_compared() {
        let copy = lines[0].connection.clone();
        lines.push(Line::new(copy, Way::OCTETS, Account::default()));
    }
    let mut world = World {
        lines,
        model: Model::new(side),
        output: Output::new(side),
        budget: Budget::new(start.limits(), start.frame_max(), side),
        now: Instant::ORIGIN,
        last: Vec::new(),
        handed_in: 0,
        ended: false,
        // The client has sent it in its login.
        knows_password: side == Side::Server,
        is_obliging: start.is_obliging(),
        is_shared: false,
        observer,
    };
    for step in &prelude {
        world.step(step);
    }
    while !tape.is_empty() {
        let step = Step::read(&mut tape);
        world.step(&step);
    }
    world
}

impl World<'_> {
    fn step(&mut self, step: &Step) {
        self.observer.step(step);
        let connection = &self.lines[0].connection;
        if let Some(octets) = peer::octets(step, connection, &mut self.output, &self.last) {
            self.hand_in(octets);
        }
        match step {
            Step::Round {} => {
                self.poll(usize::MAX);
                self.transmit_all(0);
            }
            Step::Way { door, size, polls } => self.lines[0].way = Way::new(*door, *size, *polls),
            Step::Clock { by } => self.pass_to(self.now + start::elapsed(*by)),
            Step::Due {} => {
                if let Some(due) = self.lines[0].connection.poll_timeout() {
                    self.pass_to(due.max(self.now));
                }
            }
            Step::Poll { most: 0 } => self.poll(usize::MAX),
            Step::Poll { most } => self.poll(usize::from(*most)),
            Step::Transmit { way, most: 0 } => self.transmit_all(*way),
            Step::Transmit { way, most } => self.transmit(*way, usize::from(*most)),
            Step::Command { which, channel, first, second } => {
                let channel = ChannelId::new(peer::channel_number(*channel));
                let command = Command { which: *which, channel, first: *first, second: *second };
                self.give(|connection, model, now| command.give(connection, model, now));
            }
            Step::Say { channel, payload } => self.say(*channel, payload),
            Step::SayContent { channel, payload, properties, len } => {
                self.say_content(*channel, payload, properties, usize::from(*len));
            }
            Step::Settle {} => self.settle(),
            Step::Copy {} => {
                // One is enough: it is the newest that differs most from those that were made before.
                self.lines.truncate(2);
                let copy = self.lines[0].copy();
                self.lines.push(copy);
                self.is_shared = true;
            }
            Step::Eof {} => self.end(),
            _ => {}
        }
        self.compare();
        if !self.is_shared {
            self.lines[0].account.check_against_input(&format!("{step:?}"));
        }
    }

    fn hand_in(&mut self, octets: Vec<u8>) {
        if self.ended || self.handed_in + octets.len() > MOST_INPUT {
            return;
        }
        self.handed_in += octets.len();
        self.observer.handed_in(&octets);
        self.knows_password |= contains(&octets, start::PASSWORD.as_bytes());
        let (first, others) = self.lines.split_first_mut().unwrap();
        let Self { model, observer, knows_password, .. } = self;
        first.hand_in(self.now, &octets, &mut |event, text, connection| {
            note(event, text, connection, model, &mut **observer, *knows_password);
        });
        for line in others {
            line.hand_in(self.now, &octets, &mut |_, _, _| {});
        }
        if self.lines.iter().any(|line| line.way.polls) {
            // All have to tell as much.
            self.poll(usize::MAX);
        }
        self.last = octets;
    }

    fn poll(&mut self, most: usize) {
        let (first, others) = self.lines.split_first_mut().unwrap();
        let Self { model, observer, knows_password, .. } = self;
        let count = first.poll(self.now, most, &mut |event, text, connection| {
            note(event, text, connection, model, &mut **observer, *knows_password);
        });
        for line in others {
            line.poll(self.now, most, &mut |_, _, _| {});
        }
        self.drop_streamed();
        if count < most {
            self.model.check_counts(&mut self.lines[0].connection);
            if self.is_obliging {
                self.settle();
            }
        }
    }

    /// Where bodies are cut into parts depends on how octets come: such a session isn't compared with one
    /// whose octets come otherwise.
    fn drop_streamed(&mut self) {
        if self.model.is_streamed {
            let way = self.lines[0].way;
            let mut place = 0;
            self.lines.retain(|line| {
                place += 1;
                place != 2 || line.way == way
            });
        }
    }

    fn transmit(&mut self, way: u8, most: usize) {
        let mut written = self.lines.iter_mut().map(|line| line.transmit(way, most));
        let first = written.next().unwrap();
        for other in written {
            assert_eq!(other, first, "the same was told and other octets written");
        }
        self.observer.written(&first);
        self.output.write(&first, &self.lines[0].connection);
    }

    fn transmit_all(&mut self, way: u8) {
        loop {
            // Each is asked, for that is when its window is refilled.
            let have: Vec<_> = self.lines.iter_mut().map(Line::has_output).collect();
            assert!(have.iter().all(|has| *has == have[0]), "some have output, others none");
            if !have[0] {
                return;
            }
            self.transmit(way, 0);
        }
    }

    fn pass_to(&mut self, now: Instant) {
        self.now = self.now.max(now);
        for line in &mut self.lines {
            let Line { connection, account, .. } = line;
            account.during(|| connection.handle_timeout(self.now));
        }
        self.poll(usize::MAX);
        if let Some(due) = self.lines[0].connection.poll_timeout() {
            assert!(due > self.now, "due at {due:?}, and polled at {:?}", self.now);
        }
    }

    /// Gives a command to all connections.
    fn give(
        &mut self,
        command: impl Fn(&mut Connection, &Model, Instant) -> Result<Done, UsageError>,
    ) {
        let mut results = Vec::new();
        let mut before = self.lines[0].connection.clone();
        for (place, line) in self.lines.iter_mut().enumerate() {
            let unsent = line.connection.unsent();
            let Line { connection, account, .. } = line;
            let result = account.during(|| command(connection, &self.model, self.now));
            account.added += connection.unsent().saturating_sub(unsent);
            if let (0, Err(error)) = (place, &result) {
                assert_eq!(visible(connection.clone()), visible(before.clone()), "{error}");
                assert!(!error.to_string().is_empty());
            }
            results.push(result);
        }
        let first = results.swap_remove(0);
        for other in results {
            assert_eq!(other, first, "the same was told and a command answered otherwise");
        }
        match first {
            Ok(done) => {
                if done == Done::Injected {
                    self.output.set_free();
                }
                if let Done::Settled { channel, multiple: false, .. } = done {
                    let model = &self.model;
                    let before = model.settleable(&mut before, channel);
                    let after = model.settleable(&mut self.lines[0].connection, channel);
                    assert_eq!(
                        after,
                        before.map(|before| before - 1),
                        "{done:?} took nothing away"
                    );
                }
                self.model.apply(&done);
            }
            Err(error) => self.observer.refused(&error),
        }
    }

    fn say(&mut self, channel: u8, payload: &[u8]) {
        let dialect = self.lines[0].connection.dialect();
        let Ok(method) = Method::decode(dialect, payload, &TableLimits::DEFAULT) else { return };
        let id = ChannelId::new(peer::channel_number(channel)).or(ChannelId::new(1)).unwrap();
        self.give(|connection, model, now| say::say(connection, id, model, &method, now));
    }

    fn say_content(&mut self, channel: u8, payload: &[u8], properties: &[u8], len: usize) {
        let dialect = self.lines[0].connection.dialect();
        let limits = TableLimits::DEFAULT;
        let Ok(method) = Method::decode(dialect, payload, &limits) else { return };
        let Ok(properties) = amqp_proto::protocol::Properties::parse(properties, &limits) else {
            return;
        };
        let id = ChannelId::new(peer::channel_number(channel)).or(ChannelId::new(1)).unwrap();
        let body = vec![b's'; len];
        self.give(|connection, model, _| {
            say::say_content(connection, id, model, &method, properties, &body, true)
        });
    }

    /// The application answers what it owes, as far as it is let.
    fn settle(&mut self) {
        for _ in 0..100 {
            let refused = core::cell::Cell::new(false);
            self.give(|connection, model, _| match answers::settle_one(connection, model) {
                Some(Ok(done)) => Ok(done),
                Some(Err(error)) => {
                    refused.set(true);
                    Err(error)
                }
                None => {
                    refused.set(true);
                    Ok(Done::Nothing)
                }
            });
            if refused.get() {
                return;
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        for line in &mut self.lines {
            line.end(self.now);
        }
    }

    /// All connections have told the same, and are as far.
    fn compare(&mut self) {
        let (first, others) = self.lines.split_first_mut().unwrap();
        let phase = first.connection.phase();
        for other in others {
            for (told, expected) in other.told.iter().zip(&first.told) {
                assert_eq!(told, expected, "{:?} beside {:?}", other.way, first.way);
            }
            let (told, expected) = (other.told.len(), first.told.len());
            assert_eq!(told, expected, "{:?} tells {:?}", other.way, other.told);
            assert_eq!(other.connection.phase(), phase);
            assert_eq!(other.connection.unsent(), first.connection.unsent());
            assert_eq!(other.connection.poll_timeout(), first.connection.poll_timeout());
            other.told.clear();
        }
        first.told.clear();
    }

    /// Whatever has happened: the stream ends, and with it the connection, once.
    fn finish(mut self) {
        let line = &self.lines[0];
        let Line { connection, account, .. } = line;
        if !self.is_shared {
            account.check_against_limits(connection, &self.budget, line.room(), self.ended);
        }
        self.end();
        self.is_obliging = false;
        // Events may have been kept back by output that is full.
        for _ in 0..3 {
            self.poll(usize::MAX);
            self.transmit_all(0);
        }
        self.compare();
        let connection = &mut self.lines[0].connection;
        assert_eq!((self.model.endings, connection.phase()), (1, Phase::Closed));
        assert!(connection.poll_event().is_none());
        assert_eq!(connection.poll_timeout(), None);
        assert!(!connection.wants_input() && !connection.is_writable());
        assert!(connection.open_channel().is_err());
        assert!(connection.close(self.now, 200.into(), "").is_err());
        assert_eq!(connection.channels().count(), 0);
        self.output.check_end();
    }
}

/// Takes note of an event, and of what it shows.
fn note(
    event: &Event,
    text: &str,
    connection: &Connection,
    model: &mut Model,
    observer: &mut dyn Observer,
    knows_password: bool,
) {
    model.note(event, connection.phase());
    observer.told(event, connection);
    let debug = format!("{event:?}");
    if !knows_password {
        assert!(!text.contains(start::PASSWORD) && !debug.contains(start::PASSWORD), "{text}");
        if matches!(event, Event::Connected | Event::Challenge(_) | Event::Closed(_)) {
            assert!(!format!("{connection:?}").contains(start::PASSWORD));
        }
    }
    if let Event::Credentials(credentials) = event {
        // Unless the client shows it itself, elsewhere in its login.
        let start_ok = credentials.start_ok();
        let others = [
            start_ok.client_properties.as_octets(),
            start_ok.mechanism.as_octets(),
            start_ok.locale.as_octets(),
        ];
        if !contains(&others.concat(), start::PASSWORD.as_bytes()) {
            assert!(!text.contains(start::PASSWORD) && !debug.contains(start::PASSWORD), "{text}");
        }
    }
    let secret: &[u8] = match event {
        Event::SaslResponse(response) => response.response(),
        Event::UpdateSecret(update) => update.new_secret(),
        Event::Challenge(challenge) => challenge.challenge().as_octets(),
        _ => &[],
    };
    assert!(secret.is_empty() || debug.contains("***"), "{debug}");
}

#[cfg(test)]
mod tests {
    use super::super::seen::Unseen;
    use super::super::tape::record;
    use super::*;

    /// The phase and the number of channels in each stage.
    fn reached(side: Side, start: Start) -> (Phase, usize) {
        let mut unseen = Unseen;
        let world = play(side, &record(start, &[]), &mut unseen);
        let connection = &world.lines[0].connection;
        let reached = (connection.phase(), connection.channels().count());
        world.finish();
        reached
    }

    #[test]
    fn stages_are_reached_whatever_the_configuration() {
        use Phase as P;
        let server = [
            (P::Header, 0),
            (P::Start, 0),
            (P::Start, 0),
            (P::Secure, 0),
            (P::Tune, 0),
            (P::Opening, 0),
            (P::Open, 0),
            (P::Open, 1),
            (P::Open, 2),
            (P::Open, 1),
            (P::Open, 2),
            (P::Open, 1),
            (P::Closing, 1),
            (P::Open, 1),
            (P::Open, 0),
            (P::Open, 2),
        ];
        let client = [
            (P::Start, 0),
            (P::Secure, 0),
            (P::Secure, 0),
            (P::Opening, 0),
            (P::Open, 0),
            (P::Open, 1),
            (P::Open, 1),
            (P::Open, 2),
            (P::Open, 1),
            (P::Open, 2),
            (P::Open, 1),
            (P::Closing, 1),
            (P::Open, 1),
            (P::Open, 0),
            (P::Open, 1),
            (P::Open, 2),
        ];
        for (side, expected) in [(Side::Server, server), (Side::Client, client)] {
            for (stage, expected) in (0..).zip(expected) {
                for limits in [0, 1, 4, 8, 0x10, 0x20] {
                    for tuning in [0, 1, 2, 3, 0x10, 0x20, 0x40, 0x80] {
                        let start = Start { stage, limits, tuning, options: 3 };
                        assert_eq!(reached(side, start), expected, "{side:?} {start:?}");
                    }
                }
            }
        }
    }
}
