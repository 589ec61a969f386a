//! Which file descriptors are ready: mio's `Poll` with a slab of sources whose key is the token.
//!
//! A source is one descriptor with at most two payloads, one for reading and one for writing (`add_reader`,
//! `add_writer`). mio reports *edges*; Python's `add_reader` promises *levels* (a callback that reads one byte is called
//! again for the next). So a payload says which it wants, and a level one that was reported is armed anew before the next
//! poll, which makes the kernel look again.
//!
//! The caller removes a descriptor before it closes it. Where a script does not, the kernel forgets the old registration
//! by itself and a later `set` for the same number starts afresh.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use slab::Slab;

use super::clock::{Clock, NANOS_PER_MILLI};

#[cfg(test)]
mod tests;

/// Beside the slab's keys, which count up from 0.
const WAKER: Token = Token(usize::MAX);
/// Events taken by one system call; what does not fit is reported by the next poll.
const BATCH: usize = 1024;
/// Longer sleeps are split, so that no platform's timeout overflows.
const LONGEST_SLEEP: u64 = 24 * 60 * 60 * 1000 * NANOS_PER_MILLI;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Read,
    Write,
}

/// When a payload is reported again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// When the state changes: for owners that go on until the call would block.
    Edge,
    /// At every poll while the descriptor is ready, as Python's selectors do; one system call more for each report.
    Level,
}

/// How long a poll may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Not,
    /// Until the clock shows this many nanoseconds; never less, and at most a millisecond more on an idle machine.
    Until(u64),
    Forever,
}

/// Why a poll came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The list has entries, or the deadline has passed.
    Done,
    /// Another thread called the waker; the list may have entries too.
    Woken,
    /// A signal arrived: look at signals, then poll again.
    Interrupted,
}

/// One payload whose descriptor is ready (or broken: the next call on it tells).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready<T> {
    pub fd: RawFd,
    pub direction: Direction,
    pub payload: T,
}

/// The part that sleeps. It holds no payload, so that its owner may let others at the poller meanwhile.
#[derive(Debug)]
pub struct Sleeper {
    poll: Poll,
    events: Events,
}

impl Sleeper {
    /// One system call.
    pub fn sleep(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout)
    }
}

#[derive(Debug)]
pub struct Poller<T> {
    /// Absent while somebody sleeps.
    sleeper: Option<Sleeper>,
    registry: Registry,
    waker: Arc<Waker>,
    sources: Slab<Source<T>>,
    by_fd: HashMap<RawFd, usize>,
    /// Sources with a level payload that the last poll reported. A key may have a new owner by then, for whom arming anew
    /// does no harm.
    rearm: Vec<usize>,
}

impl<T> Poller<T> {
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(Self {
            registry: poll.registry().try_clone()?,
            sleeper: Some(Sleeper {
                poll,
                events: Events::with_capacity(BATCH),
            }),
            waker,
            sources: Slab::new(),
            by_fd: HashMap::new(),
            rearm: Vec::new(),
        })
    }

    /// Ends a sleeping `poll` from any thread or signal handler, or else the next one.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// A handle of its own to the kernel's queue, which is readable while a poll would find something.
    pub fn handle(&self) -> io::Result<mio::Registry> {
        self.registry.try_clone()
    }

    /// Descriptors with at least one payload.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn get(&self, fd: RawFd, direction: Direction) -> Option<&T> {
        let source = &self.sources[*self.by_fd.get(&fd)?];
        source.slot(direction).as_ref().map(|slot| &slot.payload)
    }

    /// Every payload, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.sources
            .iter()
            .flat_map(|(_, source)| [&source.read, &source.write])
            .flatten()
            .map(|slot| &slot.payload)
    }

    /// Watches `fd` in one direction and gives back the payload that stood there before.
    ///
    /// On an error (a closed descriptor, a regular file) everything is as it was before.
    pub fn set(
        &mut self,
        fd: RawFd,
        direction: Direction,
        trigger: Trigger,
        payload: T,
    ) -> io::Result<Option<T>> {
        let (key, known) = match self.by_fd.get(&fd) {
            Some(key) => (*key, true),
            None => (self.sources.insert(Source::new(fd)), false),
        };
        let old = self.sources[key]
            .slot_mut(direction)
            .replace(Slot { trigger, payload });
        match self.register(key, known) {
            Ok(()) => {
                self.by_fd.insert(fd, key);
                Ok(old.map(|slot| slot.payload))
            }
            Err(error) => {
                *self.sources[key].slot_mut(direction) = old;
                if !known {
                    self.sources.remove(key);
                }
                Err(error)
            }
        }
    }

    /// Stops watching in one direction; `None` when nothing was there.
    pub fn remove(&mut self, fd: RawFd, direction: Direction) -> Option<T> {
        let key = *self.by_fd.get(&fd)?;
        let slot = self.sources[key].slot_mut(direction).take()?;
        // The descriptor may be closed already, and then the kernel has forgotten it: nothing is left to undo.
        let _ = match self.sources[key].interest() {
            Some(_) => self.register(key, true),
            None => {
                self.by_fd.remove(&fd);
                self.sources.remove(key);
                self.registry.deregister(&mut SourceFd(&fd))
            }
        };
        Some(slot.payload)
    }

    fn register(&self, key: usize, known: bool) -> io::Result<()> {
        let source = &self.sources[key];
        let interest = source
            .interest()
            .expect("a registered source has a payload");
        let registry = &self.registry;
        if known {
            match registry.reregister(&mut SourceFd(&source.fd), Token(key), interest) {
                // Closed and opened again under the same number.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => return result,
            }
        }
        registry.register(&mut SourceFd(&source.fd), Token(key), interest)
    }
}

impl<T: Clone> Poller<T> {
    /// Appends to `ready` what can go on, a descriptor's reader before its writer.
    pub fn poll(
        &mut self,
        wait: Wait,
        clock: &impl Clock,
        ready: &mut Vec<Ready<T>>,
    ) -> io::Result<Outcome> {
        loop {
            let mut sleeper = self.begin()?;
            let timeout = timeout(wait, clock);
            let result = sleeper.sleep(timeout);
            if let Some(outcome) = self.finish(sleeper, result, timeout, ready)? {
                return Ok(outcome);
            }
        }
    }

    /// Hands out what sleeps; `finish` takes it back.
    pub fn begin(&mut self) -> io::Result<Sleeper> {
        self.arm_anew();
        let busy = || io::Error::other("another thread polls this event loop");
        self.sleeper.take().ok_or_else(busy)
    }

    /// Appends to `ready` what the sleep found; `None` when there is reason to sleep on.
    pub fn finish(
        &mut self,
        sleeper: Sleeper,
        result: io::Result<()>,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready<T>>,
    ) -> io::Result<Option<Outcome>> {
        let before = ready.len();
        let woken = result.is_ok() && self.collect(&sleeper.events, ready);
        self.sleeper = Some(sleeper);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(Some(Outcome::Interrupted));
            }
            result => result?,
        }
        let found = ready.len() - before;
        tracing::trace!(target: "lasti::poll", found, woken, "polled");
        if woken {
            return Ok(Some(Outcome::Woken));
        }
        // The kernel's clock and ours may disagree by a tick, and long sleeps come in pieces.
        let over = found > 0 || timeout == Some(Duration::ZERO);
        Ok(over.then_some(Outcome::Done))
    }

    fn collect(&mut self, events: &Events, ready: &mut Vec<Ready<T>>) -> bool {
        let mut woken = false;
        for event in events {
            if event.token() == WAKER {
                woken = true;
                continue;
            }
            let key = event.token().0;
            let Some(source) = self.sources.get(key) else {
                continue;
            };
            if source.report(event, ready) == Some(Trigger::Level) {
                self.rearm.push(key);
            }
        }
        woken
    }

    /// Has the kernel look again at what a level payload was told of; a poll does so by itself.
    pub fn arm_anew(&mut self) {
        let mut keys = std::mem::take(&mut self.rearm);
        for key in keys.drain(..) {
            if self.sources.contains(key) {
                // A descriptor closed behind our back reports nothing any more, as with epoll itself.
                let _ = self.register(key, true);
            }
        }
        self.rearm = keys;
    }
}

/// One descriptor; at least one slot is filled while it is in the slab.
#[derive(Debug)]
struct Source<T> {
    fd: RawFd,
    read: Option<Slot<T>>,
    write: Option<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    trigger: Trigger,
    payload: T,
}

impl<T> Source<T> {
    fn new(fd: RawFd) -> Self {
        Self {
            fd,
            read: None,
            write: None,
        }
    }

    fn slot(&self, direction: Direction) -> &Option<Slot<T>> {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    fn slot_mut(&mut self, direction: Direction) -> &mut Option<Slot<T>> {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    fn interest(&self) -> Option<Interest> {
        match (&self.read, &self.write) {
            (Some(_), Some(_)) => Some(Interest::READABLE | Interest::WRITABLE),
            (Some(_), None) => Some(Interest::READABLE),
            (None, Some(_)) => Some(Interest::WRITABLE),
            (None, None) => None,
        }
    }
}

impl<T: Clone> Source<T> {
    /// Lists the payloads this event is for, and says `Level` when one of them wants to be told again.
    ///
    /// A hang-up or an error is for both directions (`selectors.py`), since the next call is what raises it.
    fn report(&self, event: &Event, ready: &mut Vec<Ready<T>>) -> Option<Trigger> {
        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
        let writable = event.is_writable() || event.is_write_closed() || event.is_error();
        let mut trigger = None;
        for (direction, is_ready) in [(Direction::Read, readable), (Direction::Write, writable)] {
            let Some(slot) = self.slot(direction).as_ref().filter(|_| is_ready) else {
                continue;
            };
            ready.push(Ready {
                fd: self.fd,
                direction,
                payload: slot.payload.clone(),
            });
            if trigger != Some(Trigger::Level) {
                trigger = Some(slot.trigger);
            }
        }
        trigger
    }
}

/// What to tell the kernel: zero when the deadline has passed, else whole milliseconds, rounded up.
pub fn timeout(wait: Wait, clock: &impl Clock) -> Option<Duration> {
    match wait {
        Wait::Not => Some(Duration::ZERO),
        Wait::Forever => None,
        Wait::Until(deadline) => {
            let left = deadline.saturating_sub(clock.now()).min(LONGEST_SLEEP);
            Some(Duration::from_millis(left.div_ceil(NANOS_PER_MILLI)))
        }
    }
}
