//! The mechanics under the event loop: time, timers, file descriptors, messages from other threads.
//!
//! Nothing here knows Python: payloads are type parameters. The loop's `run_once` drives the pieces in this order
//! (asyncio's `base_events.py::_run_once`):
//! 1. [`Poller::poll`] sleeps until I/O, a wake-up or the next timer's deadline, and lists the payloads that are ready;
//! 2. [`Inbox::drain`] takes what other threads sent;
//! 3. [`Timers::pop_due`] gives the payloads whose time has come.
#![forbid(unsafe_code)]

mod clock;
mod inbox;
mod poller;
mod timers;

pub use clock::{Clock, FakeClock, MonotonicClock, NANOS_PER_MILLI, NANOS_PER_SEC};
pub use inbox::{Closed, Inbox, Sender};
pub use poller::{Direction, Outcome, Poller, Ready, Trigger, Wait, timeout};
pub use timers::{Scheduled, Timers};
