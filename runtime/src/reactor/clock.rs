//! Monotonic time in integer nanoseconds, and a clock for tests that moves only when told.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::time::Instant;

pub const NANOS_PER_MILLI: u64 = 1_000_000;
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// What `loop.time()` reads. 64 bits of nanoseconds last for 584 years.
pub trait Clock {
    /// Nanoseconds since a fixed but unspecified point; never goes back.
    fn now(&self) -> u64;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> u64 {
        (**self).now()
    }
}

/// The system's monotonic clock, counted from the making of this value.
///
/// Only differences between two readings of *one* clock mean something, so a process shares one among its loops.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    #[allow(
        clippy::new_without_default,
        reason = "a default that differs at each call would surprise"
    )]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).expect("584 years of uptime")
    }
}

/// Stands still until moved.
#[derive(Debug, Default)]
pub struct FakeClock {
    now: Cell<u64>,
}

impl FakeClock {
    pub fn at(now: u64) -> Self {
        Self {
            now: Cell::new(now),
        }
    }

    pub fn advance(&self, nanos: u64) {
        self.now.set(self.now.get() + nanos);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> u64 {
        self.now.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_never_goes_back() {
        let clock = MonotonicClock::new();
        let mut last = clock.now();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn fake_moves_only_when_told() {
        let clock = FakeClock::at(5);
        assert_eq!(clock.now(), 5);
        clock.advance(7);
        assert_eq!(clock.now(), 12);
        assert_eq!(Clock::now(&&clock), 12);
    }
}
