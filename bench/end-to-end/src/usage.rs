//! CPU time of this process.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What a piece of work took, all threads of the process together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) wall: Duration,
}

impl Usage {
    /// The sum is exact; the kernel only estimates how much of it was spent in either mode.
    pub(crate) fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// A measurement that has begun.
#[derive(Debug)]
pub(crate) struct Started {
    user: Duration,
    system: Duration,
    at: Instant,
}

impl Started {
    pub(crate) fn now() -> Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).context("getrusage")?;
        Ok(Self {
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            at: Instant::now(),
        })
    }

    pub(crate) fn finish(self) -> Result<Usage> {
        let end = Self::now()?;
        Ok(Usage {
            user: end.user.saturating_sub(self.user),
            system: end.system.saturating_sub(self.system),
            wall: end.at - self.at,
        })
    }
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
}

/// In microseconds, for the pipe between a child and its parent.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [user, system, wall] = [self.user, self.system, self.wall].map(|part| part.as_micros());
        write!(f, "{user} {system} {wall}")
    }
}

impl FromStr for Usage {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split_whitespace().map(|part| part.parse().map(Duration::from_micros));
        let mut part = || parts.next().context("three numbers are expected")?.context("a number");
        let (user, system, wall) = (part()?, part()?, part()?);
        Ok(Self { user, system, wall })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_comes_through_the_pipe() -> Result<()> {
        let [user, system, wall] = [3, 40, 5_000_000].map(Duration::from_micros);
        let read: Usage = Usage { user, system, wall }.to_string().parse()?;
        assert_eq!((read.user, read.system, read.wall), (user, system, wall));
        assert!("1 2".parse::<Usage>().is_err() && "1 2 x".parse::<Usage>().is_err());
        Ok(())
    }

    #[test]
    fn cpu_time_goes_on_while_something_is_done() -> Result<()> {
        let started = Started::now()?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(50) {}
        let usage = started.finish()?;
        assert!(usage.wall >= Duration::from_millis(50) && usage.cpu() > Duration::ZERO);
        Ok(())
    }
}
