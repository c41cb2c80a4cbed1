//! What is aimed at, and whether it was reached.

use crate::contests::{acks, chunks, decode, publishes, size_name, tables};
use crate::measure::Outcome;
use crate::memory::Memory;
use crate::peers::name::{AMQ_PROTOCOL, ENGINE, FRAMES, MEMCPY, RABBITMQ_C, SCAN};

/// What a number has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A target, and the number that was measured.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) about: String,
    pub(crate) bound: Bound,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
}

impl Target {
    pub(crate) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(limit) => self.measured <= limit,
            Bound::AtLeast(limit) => self.measured >= limit,
        }
    }
}

struct Targets<'o> {
    outcomes: &'o [Outcome],
    all: Vec<Target>,
}

impl Targets<'_> {
    fn nanos(&self, contest: &str, name: &str) -> Option<f64> {
        self.outcomes.iter().find(|outcome| outcome.name == contest)?.nanos(name)
    }

    /// Adds a target unless what it needs wasn't measured, because other workloads were asked for.
    fn add(&mut self, about: String, measured: Option<f64>, bound: Bound, unit: &'static str) {
        if let Some(measured) = measured {
            self.all.push(Target { about, bound, measured, unit });
        }
    }

    /// What the first costs, as a multiple of the second, each a contest and a contestant.
    fn cost(&mut self, about: String, this: (&str, &str), that: (&str, &str), limit: f64) {
        let ratio = || Some(self.nanos(this.0, this.1)? / self.nanos(that.0, that.1)?);
        self.add(about, ratio(), Bound::AtMost(limit), "×");
    }

    /// In one contest: this costs at most so many times what that does.
    fn times(&mut self, contest: &str, this: &str, that: &str, limit: f64) {
        let about = format!("{contest}: {this}, as a multiple of {that}");
        self.cost(about, (contest, this), (contest, that), limit);
    }

    /// In one contest: this is so many times as fast as that.
    fn faster(&mut self, contest: &str, this: &str, that: &str, least: f64) {
        let ratio = || Some(self.nanos(contest, that)? / self.nanos(contest, this)?);
        let about = format!("{contest}: {this}, how many times as fast as {that}");
        self.add(about, ratio(), Bound::AtLeast(least), "×");
    }
}

/// All targets that the measurements can judge.
pub(crate) fn judge(outcomes: &[Outcome], memory: Option<&Memory>) -> Vec<Target> {
    let mut targets = Targets { outcomes, all: Vec::new() };
    deliveries(&mut targets);
    others(&mut targets);
    pieces(&mut targets);
    if let Some(memory) = memory {
        occupied(&mut targets, memory);
    }
    targets.all
}

fn deliveries(targets: &mut Targets<'_>) {
    let of = |size| format!("W1 {}", size_name(size));
    let [smallest, .., largest] = decode::SIZES;
    let (smallest, largest) = (of(smallest), of(largest));
    // Engine and borrowed frames, each against scan, amq-protocol and rabbitmq-c.
    let limits = [
        (&*smallest, ENGINE, [3.5, 5.5, 1.6]),
        ("W1mix", ENGINE, [6.0, 4.0, 1.5]),
        (&smallest, FRAMES, [2.3, 8.5, 2.5]),
        ("W1mix", FRAMES, [5.0, 6.5, 1.5]),
    ];
    for (contest, this, [scan, amq_protocol, rabbitmq_c]) in limits {
        targets.times(contest, this, SCAN, scan);
        targets.faster(contest, this, AMQ_PROTOCOL, amq_protocol);
        targets.faster(contest, this, RABBITMQ_C, rabbitmq_c);
    }
    for this in [ENGINE, FRAMES] {
        let about = format!("{largest}: {this}, as a multiple of {smallest}");
        targets.cost(about, (&largest, this), (&smallest, this), 1.2);
    }
}

fn others(targets: &mut Targets<'_>) {
    for this in [ENGINE, acks::ENGINE_CONFIRMS] {
        targets.faster("W2", this, AMQ_PROTOCOL, 9.0);
        targets.faster("W2", this, RABBITMQ_C, 3.0);
    }
    let of = |size| format!("W3 {}", size_name(size));
    let [smallest, _, large, _] = publishes::SIZES;
    let (smallest, large) = (of(smallest), of(large));
    targets.times(&smallest, ENGINE, MEMCPY, 6.0);
    targets.faster(&smallest, ENGINE, AMQ_PROTOCOL, 8.0);
    targets.times(&smallest, publishes::ENGINE_PREPARED, MEMCPY, 2.0);
    let shared = publishes::ENGINE_SHARED;
    let about = format!("{large}: {shared}, as a multiple of {smallest}");
    targets.cost(about, (&large, shared), (&smallest, shared), 1.15);
    targets.faster("W4 forward", tables::FORWARD, AMQ_PROTOCOL, 20.0);
}

fn pieces(targets: &mut Targets<'_>) {
    let small = chunks::title(64, 1460);
    targets.times(&small, chunks::GATHERED, chunks::WHOLE, 1.25);
    let large = chunks::title(16 << 10, 1460);
    targets.times(&large, chunks::GATHERED, MEMCPY, 3.0);
    targets.times(&large, chunks::STREAMED, MEMCPY, 1.0);
    // The time per octet of a large body and of a small one; memcpy's share of a piece is the same.
    let (small, large) = (chunks::title(64, 1), chunks::title(16 << 10, 1));
    let per_octet =
        |title: &str| Some(targets.nanos(title, chunks::GATHERED)? / targets.nanos(title, MEMCPY)?);
    let ratio = per_octet(&large).zip(per_octet(&small)).map(|(large, small)| large / small);
    let about =
        "W5 octet by octet: cost per octet with bodies of 16 KiB, as a multiple of 64 B".into();
    targets.add(about, ratio, Bound::AtMost(1.25), "×");
}

fn occupied(targets: &mut Targets<'_>, memory: &Memory) {
    let idle = [
        ("an idle connection with one channel, just opened", "with-one-channel", 4096.0),
        ("the same once a heartbeat has gone out", "with-one-channel-at-rest", 4096.0),
        ("an idle channel beyond the first", "channel-beyond", 256.0),
    ];
    for (about, name, limit) in idle {
        targets.add(about.into(), memory.larger(name), Bound::AtMost(limit), "octets");
    }
    let kept = memory.get("client-kept-after-a-burst");
    let about = "what a connection keeps of a burst once a heartbeat has gone out".into();
    targets.add(about, kept, Bound::AtMost(0.0), "octets");
    for traffic in ["delivery", "acked-delivery", "publish", "waiting-publish"] {
        let growth = memory.get(&format!("{traffic}-growth"));
        let about = format!("what is kept after a hundred rounds more: {traffic}");
        targets.add(about, growth, Bound::AtMost(0.0), "octets");
    }
}
