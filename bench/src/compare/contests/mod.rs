//! The workloads: who takes part, and that all of them do the same.

pub(crate) mod acks;
pub(crate) mod chunks;
pub(crate) mod decode;
pub(crate) mod publishes;
mod roles;
pub(crate) mod scale;
pub(crate) mod tables;

use clap::ValueEnum;

use crate::measure::{Contest, Effort, Outcome};

/// What can be asked for by `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Workload {
    /// Deliveries of one shape, with bodies of 64 octets to 128 KiB.
    W1,
    /// Deliveries of which no two look alike.
    W1mix,
    /// Acks and confirms.
    W2,
    /// Publishes, with bodies of 64 octets to 1 MiB.
    W3,
    /// A field table of 50 entries.
    W4,
    /// Streams in pieces.
    W5,
    /// Client and server in memory.
    W6,
    /// Many channels, many connections.
    W7,
    /// What connections and channels cost in memory.
    Memory,
}

impl Workload {
    /// Measures all that belongs to it.
    pub(crate) fn run(self, effort: Effort, told: &mut dyn FnMut(&str)) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut each = |contest: Contest<'_>| outcomes.push(contest.run(effort, &mut *told));
        match self {
            Self::W1 => decode::regular(&mut each),
            Self::W1mix => decode::irregular(&mut each),
            Self::W2 => acks::all(&mut each),
            Self::W3 => publishes::all(&mut each),
            Self::W4 => tables::all(&mut each),
            Self::W5 => chunks::all(&mut each),
            Self::W6 => roles::all(&mut each),
            Self::W7 => scale::all(&mut each),
            Self::Memory => {}
        }
        outcomes
    }
}

/// Takes a contest and measures it.
type Each<'e> = dyn FnMut(Contest<'_>) + 'e;

/// Octets of a stream that stay in the cache of a core together with what they are copied to.
const ROOM: usize = 512 << 10;

/// As people write sizes.
pub(crate) fn size_name(octets: usize) -> String {
    match octets {
        0..1024 => format!("{octets} B"),
        131_064 => "128 KiB".into(),
        _ if octets.is_multiple_of(1 << 20) => format!("{} MiB", octets >> 20),
        _ if octets.is_multiple_of(1024) => format!("{} KiB", octets >> 10),
        _ => format!("{octets} B"),
    }
}
