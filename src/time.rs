//! Time as an argument: the engine reads no clock.

use core::time::Duration;

/// A moment: the time since an origin that the caller picks once per connection.
///
/// Only differences matter. Arithmetic saturates, so no value can panic.
///
/// ```
/// use amqp_proto::Instant;
/// use core::time::Duration;
///
/// let start = Instant::ORIGIN;
/// let later = start + Duration::from_secs(5);
/// assert_eq!(later - start, Duration::from_secs(5));
/// assert_eq!(start - later, Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The origin itself.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The moment that lies `elapsed` after the origin.
    pub const fn from_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time that has passed since the origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

impl core::ops::Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Makes [`Instant`]s from the monotonic clock of the operating system.
///
/// ```
/// let clock = amqp_proto::StdClock::new();
/// let first = clock.now();
/// assert!(clock.now() >= first);
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct StdClock(std::time::Instant);

#[cfg(feature = "std")]
impl StdClock {
    /// A clock whose origin is now.
    pub fn new() -> Self {
        Self(std::time::Instant::now())
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        Instant(self.0.elapsed())
    }

    /// How long from now until `deadline`; zero when it has passed.
    pub fn until(&self, deadline: Instant) -> Duration {
        deadline - self.now()
    }
}

#[cfg(feature = "std")]
impl Default for StdClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = Instant::from_origin(Duration::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Instant::ORIGIN - end, Duration::ZERO);
    }
}
