//! Waits with the GIL released. None looks around in intervals: each sleeps until what it waits for is there, its time is over,
//! or, in the main thread, a signal arrived. The Python handlers run then, and the wait goes on if they return (PEP 475).
#![forbid(unsafe_code)]

use crate::gil::{self, Interrupts, blocking, lock};
use lasti_core::{PyResult, Value, Vm};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Plain data that threads wait for. Who waits is parked, so that a signal can wake the main thread.
#[derive(Default)]
pub struct Monitor<T>(Mutex<Guarded<T>>);

#[derive(Default)]
struct Guarded<T> {
    data: T,
    waiting: VecDeque<Thread>,
}

impl<T: Send> Monitor<T> {
    pub fn new(data: T) -> Self {
        Monitor(Mutex::new(Guarded {
            data,
            waiting: VecDeque::new(),
        }))
    }
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut lock(&self.0).data)
    }
    /// Changes the data and wakes the thread that waits longest.
    pub fn notify_one<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut g = lock(&self.0);
        let r = f(&mut g.data);
        let woken = g.waiting.pop_front();
        drop(g);
        if let Some(t) = woken {
            t.unpark();
        }
        r
    }
    /// Changes the data and wakes all who wait.
    pub fn notify_all<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut g = lock(&self.0);
        let r = f(&mut g.data);
        let woken = std::mem::take(&mut g.waiting);
        drop(g);
        woken.iter().for_each(Thread::unpark);
        r
    }
    /// Waits until `f` gives something. None: the time is over, or there are signals to look at.
    fn wait_once<R>(
        &self,
        until: Option<Instant>,
        interrupts: Option<&Interrupts>,
        f: &mut impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let me = thread::current();
        loop {
            let mut g = lock(&self.0);
            let found = f(&mut g.data);
            let over = found.is_some()
                || interrupts.is_some_and(Interrupts::pending)
                || until.is_some_and(|u| Instant::now() >= u);
            let at = g.waiting.iter().position(|t| t.id() == me.id());
            match (over, at) {
                (true, Some(n)) => drop(g.waiting.remove(n)),
                (false, None) => g.waiting.push_back(me.clone()),
                _ => {}
            }
            drop(g);
            if over {
                return found;
            }
            park(until);
        }
    }
    /// Waits until `f` gives something; None when the time is over.
    pub fn wait<R: Send>(
        &self,
        vm: &Vm,
        until: Option<Instant>,
        mut f: impl FnMut(&mut T) -> Option<R> + Send,
    ) -> PyResult<Option<R>> {
        loop {
            let interrupts = gil::interrupts(vm);
            let r = blocking(vm, || self.wait_once(until, interrupts.as_deref(), &mut f));
            if r.is_some() {
                return Ok(r);
            }
            gil::check_interrupts(vm)?;
            if until.is_some_and(|u| Instant::now() >= u) {
                return Ok(None);
            }
        }
    }
}

/// Sleeps until it is woken, which may be for nothing.
fn park(until: Option<Instant>) {
    match until {
        Some(u) => thread::park_timeout(u.saturating_duration_since(Instant::now())),
        None => thread::park(),
    }
}

/// Sleeps. The main thread's sleep ends early when there are signals to look at; their handlers have run then.
pub fn pause(vm: &Vm, until: Option<Instant>) -> PyResult<()> {
    let interrupts = gil::interrupts(vm);
    blocking(vm, || {
        while !interrupts.as_ref().is_some_and(|i| i.pending())
            && until.is_none_or(|u| Instant::now() < u)
        {
            park(until);
        }
    });
    gil::check_interrupts(vm)
}

/// Polls descriptors, beside what wakes the main thread. None: signals are to be looked at first. Called without the GIL.
fn poll_once(
    fds: &mut [(BorrowedFd, PollFlags)],
    until: Option<Instant>,
    interrupts: Option<&Interrupts>,
) -> io::Result<Option<usize>> {
    let mut all: Vec<PollFd> = fds
        .iter()
        .map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
        .collect();
    all.extend(interrupts.map(|i| PollFd::from_borrowed_fd(i.descriptor(), PollFlags::IN)));
    loop {
        if interrupts.is_some_and(Interrupts::pending) {
            return Ok(None);
        }
        let left = until.map(|u| u.saturating_duration_since(Instant::now()));
        let left = left.and_then(|l| Timespec::try_from(l).ok());
        match rustix::event::poll(&mut all, left.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
            Ok(_) => {}
        }
        let found: Vec<PollFlags> = all.iter().map(PollFd::revents).collect();
        let found = &found[..fds.len()];
        let ready = found.iter().filter(|f| !f.is_empty()).count();
        if ready > 0 || until.is_some_and(|u| Instant::now() >= u) {
            for ((_, flags), found) in fds.iter_mut().zip(found) {
                *flags = *found;
            }
            return Ok(Some(ready));
        }
        // It was readable for a signal that was handled already.
        if let Some(i) = interrupts {
            i.drain();
        }
    }
}

/// Waits until one of the descriptors is ready, or the time is over. The flags become what was found; how many have any.
pub fn poll(
    vm: &Vm,
    fds: &mut [(BorrowedFd, PollFlags)],
    until: Option<Instant>,
) -> PyResult<io::Result<usize>> {
    loop {
        let interrupts = gil::interrupts(vm);
        match blocking(vm, || poll_once(fds, until, interrupts.as_deref())) {
            Ok(Some(n)) => return Ok(Ok(n)),
            Ok(None) => gil::check_interrupts(vm)?,
            Err(e) => return Ok(Err(e)),
        }
    }
}

/// Has the main thread wait until a call on the descriptor will not block, where it may. Other threads need not: their calls
/// go on when a signal arrives.
pub fn before_call(vm: &Vm, fd: BorrowedFd, flags: PollFlags) -> PyResult<()> {
    if !gil::is_main(vm) || !blocks(fd, flags) {
        return Ok(());
    }
    // What fails here fails in the call too, which tells it better.
    poll(vm, &mut [(fd, flags)], None).map(drop)
}

/// Whether a call on the descriptor would block now.
fn blocks(fd: BorrowedFd, flags: PollFlags) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut one = [PollFd::from_borrowed_fd(fd, flags)];
    rustix::event::poll(&mut one, Some(&now)) == Ok(0)
        && rustix::fs::fcntl_getfl(fd).is_ok_and(|f| !f.contains(rustix::fs::OFlags::NONBLOCK))
}

/// How a call fares that a helper thread does.
enum Call<R> {
    Running,
    Done(R),
    /// Nobody waits for it any more.
    Abandoned,
}

/// Does a system call that blocks and that no descriptor tells about. For the main thread another thread does it, so that a
/// signal ends the wait; `undo` is given the result if a handler has raised meanwhile.
pub fn call<R: Send + 'static>(
    vm: &Vm,
    f: impl FnOnce() -> R + Send + 'static,
    undo: impl FnOnce(R) + Send + 'static,
) -> PyResult<R> {
    if !gil::is_main(vm) {
        return Ok(blocking(vm, f));
    }
    let made = Arc::new(Monitor::new(Call::Running));
    let shared = made.clone();
    let spawned = thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(move || {
            let mut r = Some(f());
            shared.notify_all(|c| {
                if let Call::Running = c {
                    *c = Call::Done(r.take().expect("it was made above"));
                }
            });
            if let Some(r) = r {
                undo(r);
            }
        });
    spawned.map_err(|_| vm.runtime_error("can't start new thread"))?;
    let take = |c: &mut Call<R>| match std::mem::replace(c, Call::Abandoned) {
        Call::Done(r) => Some(r),
        other => {
            *c = other;
            None
        }
    };
    let r = made.wait(vm, None, take);
    match r {
        Ok(Some(r)) => Ok(r),
        Ok(None) => Err(vm.runtime_error("the call was given up")),
        Err(e) => {
            made.with(|c| *c = Call::Abandoned);
            Err(e)
        }
    }
}

/// A time span as CPython takes it: a float or an int of seconds, in nanoseconds rounded up, possibly negative.
pub fn nanoseconds(vm: &Vm, v: &Value, per_second: f64) -> PyResult<i64> {
    let n = vm.to_f64(v)?;
    if n.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    let n = n * (1e9 / per_second);
    let n = if n < 0.0 { n.floor() } else { n.ceil() };
    if !(-9.223_372_036_854_775e18..9.223_372_036_854_776e18).contains(&n) {
        return Err(vm.overflow_error("timestamp out of range for C PyTime_t"));
    }
    Ok(n as i64)
}

/// The instant so many nanoseconds from now; None where the clock does not reach it.
pub fn after(ns: i64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_nanos(ns.max(0) as u64))
}

/// Loops that sleep, to be woken when a signal arrives.
static WAKERS: Mutex<Vec<Weak<mio::Waker>>> = Mutex::new(Vec::new());

/// Has a loop's sleep ended by signals from now on.
pub fn wake_on_signal(w: &Arc<mio::Waker>) {
    let mut all = WAKERS.lock().unwrap_or_else(|e| e.into_inner());
    all.retain(|w| w.strong_count() > 0);
    all.push(Arc::downgrade(w));
}

/// Ends the sleep of every loop.
pub fn wake_loops() {
    let wakers = WAKERS.lock().unwrap_or_else(|e| e.into_inner());
    for w in wakers.iter().filter_map(Weak::upgrade) {
        let _ = w.wake();
    }
}
