//! The native loop (CPython's asyncio/base_events.py): its payload. `run.rs` has the round, `python.rs` what Python sees.
//!
//! - The ready ring holds task steps, wake-ups and handles, a word each (`Tagged`). A wake-up links a future to its task without a
//!   callback.
//! - `run`, `run_until_complete`, `run_forever`, `_run_once` and `_run` are Python frames. The native loop runs inside the last one, so
//!   `f_back` and `cr_origin` look as under asyncio, and no step pays for it.
pub mod current;
pub mod python;
mod run;

use super::data::{Gather, Task};
use super::handle::{Handle, Timer};
use super::state::aio;
use crate::host::clock;
use crate::reactor::{Clock, Inbox, Poller, Scheduled, Sender, Timers};
use lasti_core::memory::Growing;
use lasti_core::{Payload, PyResult, Ref, Slot, Tagged, Untagged, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

/// What can be ready to run. Everything that wakes the loop ends as one of these.
pub enum Ready {
    /// A task goes on (its first step, or after a bare yield).
    Step(Ref<Task>),
    /// What a task waits for is done.
    Wake(Ref<Task>),
    /// An error to raise in a task: the next operand.
    Throw(Ref<Task>),
    /// A child of a gathering is done: the next operand.
    Gathered(Ref<Gather>),
    /// A Handle.
    Handle(Value),
}

/// One of them in the ring: a word.
pub type Entry = Tagged<Task, Gather>;

pub const TAG_STEP: u8 = 0;

pub const TAG_WAKE: u8 = 1;

const TAG_THROW: u8 = 2;

impl From<Ready> for Entry {
    #[inline]
    fn from(r: Ready) -> Entry {
        Tagged::new(match r {
            Ready::Step(t) => Untagged::First(t, TAG_STEP),
            Ready::Wake(t) => Untagged::First(t, TAG_WAKE),
            Ready::Throw(t) => Untagged::First(t, TAG_THROW),
            Ready::Gathered(g) => Untagged::Second(g),
            Ready::Handle(h) => Untagged::Other(h),
        })
    }
}

impl From<Entry> for Ready {
    #[inline]
    fn from(e: Entry) -> Ready {
        match e.untag() {
            Untagged::First(t, TAG_STEP) => Ready::Step(t),
            Untagged::First(t, TAG_WAKE) => Ready::Wake(t),
            Untagged::First(t, _) => Ready::Throw(t),
            Untagged::Second(g) => Ready::Gathered(g),
            Untagged::Other(h) => Ready::Handle(h),
        }
    }
}

/// A loop's timers count from this many nanoseconds before its clock began, so that deadlines before that keep their order.
const EPOCH_OFFSET: i64 = 1 << 62;

/// How many entries ahead of the one that runs a long ring is prefetched.
pub const PREFETCH_DISTANCE: usize = 16;

pub struct Loop {
    pub ready: RefCell<VecDeque<Entry>>,
    /// What some entries of the ring come with, in their order, so that each takes two words.
    pub operands: RefCell<VecDeque<Value>>,
    pub timers: RefCell<Timers<Ref<Timer>>>,
    pub poller: RefCell<Option<Poller<Value>>>,
    pub waker: std::sync::OnceLock<std::sync::Arc<mio::Waker>>,
    /// Wake-ups of Rust futures, from any thread; made with the first one.
    pub inbox: RefCell<Option<Inbox<u64>>>,
    /// What those wake-ups complete, by their key.
    pub expected: RefCell<HashMap<u64, Value>>,
    pub stopping: Cell<bool>,
    pub running: Cell<bool>,
    pub closed: Cell<bool>,
    pub debug: Cell<bool>,
    pub rounds: Cell<u32>,
    pub exception_handler: Slot,
    pub task_factory: Slot,
    /// Weak references to async generators that were iterated on this loop.
    pub asyncgens: RefCell<Vec<Value>>,
    pub asyncgens_closed: Cell<bool>,
}

impl Payload for Loop {
    const CONTAINER: bool = true;
    const NAME: &'static str = "EventLoop";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let ready = self.ready.borrow();
        for (i, r) in ready.iter().enumerate() {
            if let Some(soon) = ready.get(i + PREFETCH_DISTANCE) {
                soon.prefetch();
            }
            r.visit(visit);
        }
        self.operands.borrow().iter().for_each(&mut *visit);
        for t in self.timers.borrow().iter() {
            visit(t.as_value());
        }
        if let Some(p) = &*self.poller.borrow() {
            for v in p.iter() {
                visit(v);
            }
        }
        self.expected.borrow().values().for_each(&mut *visit);
        self.exception_handler.visit(visit);
        self.task_factory.visit(visit);
        self.asyncgens.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        let ready = self.ready.take();
        drop(ready);
        let operands = self.operands.take();
        drop(operands);
        let timers = self.timers.replace(Timers::new());
        timers.iter().for_each(Scheduled::unscheduled);
        drop(timers);
        let gens = self.asyncgens.take();
        drop(gens);
        let expected = self.expected.take();
        drop(expected);
        let poller = self.poller.take();
        drop(poller);
        self.exception_handler.set(Value::NONE);
        self.task_factory.set(Value::NONE);
    }
}

impl Loop {
    pub fn new() -> Loop {
        Loop {
            ready: RefCell::default(),
            operands: RefCell::default(),
            timers: RefCell::new(Timers::new()),
            poller: RefCell::new(None),
            waker: std::sync::OnceLock::new(),
            inbox: RefCell::new(None),
            expected: RefCell::default(),
            stopping: Cell::new(false),
            running: Cell::new(false),
            closed: Cell::new(false),
            debug: Cell::new(false),
            rounds: Cell::new(0),
            exception_handler: Slot::new(Value::NONE),
            task_factory: Slot::new(Value::NONE),
            asyncgens: RefCell::default(),
            asyncgens_closed: Cell::new(false),
        }
    }
    pub fn is_debug(&self) -> bool {
        self.debug.get()
    }
    #[inline]
    fn push(&self, r: Ready) {
        let mut ready = self.ready.borrow_mut();
        if ready.len() == ready.capacity() {
            ready.make_room();
            ready.push_back(r.into());
        } else {
            // Apart from the other one, so that nothing asks a second time whether there is room.
            ready.push_back(r.into());
        }
    }
    /// Makes sure that there is memory for one entry more. What a program's call adds asks for it; a wake-up has nobody to tell.
    #[inline]
    pub fn reserve_ready(&self, vm: &Vm) -> PyResult<()> {
        let mut ready = self.ready.borrow_mut();
        if ready.len() < ready.capacity() {
            return Ok(());
        }
        ready.try_reserve(1).map_err(|_| vm.memory_error())
    }
    fn push_operand(&self, v: Value) {
        let mut operands = self.operands.borrow_mut();
        operands.make_room();
        operands.push_back(v);
    }
    pub fn push_step(&self, t: Ref<Task>) {
        self.push(Ready::Step(t));
    }
    pub fn push_wakeup(&self, t: Ref<Task>) {
        self.push(Ready::Wake(t));
    }
    pub fn push_throw(&self, t: Ref<Task>, e: Value) {
        self.push_operand(e);
        self.push(Ready::Throw(t));
    }
    pub fn push_gathered(&self, g: Ref<Gather>, child: Value) {
        self.push_operand(child);
        self.push(Ready::Gathered(g));
    }
    pub fn push_handle(&self, h: Value) {
        self.push(Ready::Handle(h));
    }
    /// Runs `f` with the poller, made when first needed.
    pub fn with_poller<R>(
        &self,
        vm: &Vm,
        f: impl FnOnce(&mut Poller<Value>) -> std::io::Result<R>,
    ) -> PyResult<R> {
        let mut slot = self.poller.borrow_mut();
        let p = match &mut *slot {
            Some(p) => p,
            none => {
                // It may have been closed while it slept.
                check_closed(vm, self)?;
                let p = Poller::new().map_err(|e| vm.os_error(&e, None))?;
                crate::wait::wake_on_signal(&p.waker());
                let _ = self.waker.set(p.waker());
                none.insert(p)
            }
        };
        let r = f(p);
        drop(slot);
        r.map_err(|e| vm.os_error(&e, None))
    }
    /// A timer that completes a sleep's future.
    pub fn wake_later(
        &self,
        vm: &Vm,
        me: &Value,
        delay: f64,
        future: Value,
        result: Value,
    ) -> PyResult<Value> {
        let deadline = (clock().now() as i64).saturating_add(to_ns(delay));
        let handle = Handle {
            callback: Slot::new(future),
            args: Slot::new(result),
            context: Slot::empty(),
            event_loop: Slot::new(me.clone()),
            cancelled: Cell::new(false),
            scheduled: Cell::new(true),
            completes: true,
        };
        Ok(self.set_timer(vm, deadline, deadline as f64 / 1e9, handle))
    }
    pub fn set_timer(&self, vm: &Vm, deadline: i64, when: f64, handle: Handle) -> Value {
        let timer = Timer { handle, when };
        let t = vm.heap.alloc(&aio(vm).timer_type, timer);
        let v = t.value();
        self.timers.borrow_mut().insert(timers_time(deadline), t);
        v
    }
    /// Where other threads send the keys of wake-ups; the keys come out in the order of sending.
    pub fn wake_sender(&self, vm: &Vm) -> PyResult<Sender<u64>> {
        check_closed(vm, self)?;
        if let Some(i) = &*self.inbox.borrow() {
            return Ok(i.sender());
        }
        let inbox = Inbox::new(self.with_poller(vm, |p| Ok(p.waker()))?);
        let sender = inbox.sender();
        self.inbox.replace(Some(inbox));
        Ok(sender)
    }
    /// Has the next wake-up with this key complete a future.
    pub fn expect_wake(&self, key: u64, future: Value) {
        let old = self.expected.borrow_mut().insert(key, future);
        drop(old);
    }
    pub fn forget_wake(&self, key: u64) {
        let old = self.expected.borrow_mut().remove(&key);
        drop(old);
    }
    /// A handle of its own to what the loop sleeps on.
    pub fn poll_handle(&self, vm: &Vm) -> PyResult<mio::Registry> {
        self.with_poller(vm, |p| p.handle())
    }
    /// Readies what it sleeps on for somebody else's sleep.
    pub fn arm(&self, vm: &Vm) -> PyResult<()> {
        self.with_poller(vm, |p| {
            p.arm_anew();
            Ok(())
        })
    }
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.borrow_mut().next_deadline().map(clock_time)
    }
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }
    pub fn has_ready(&self) -> bool {
        !self.ready.borrow().is_empty()
    }
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }
}

/// Seconds as nanoseconds, as far as they can be counted.
pub fn to_ns(seconds: f64) -> i64 {
    (seconds * 1e9).ceil() as i64
}

/// A time of the clock as the timers count it.
pub fn timers_time(ns: i64) -> u64 {
    ns.saturating_add(EPOCH_OFFSET).max(0) as u64
}

pub fn clock_time(timers_time: u64) -> u64 {
    timers_time.saturating_sub(EPOCH_OFFSET as u64)
}

pub fn check_closed(vm: &Vm, l: &Loop) -> PyResult<()> {
    if l.closed.get() {
        Err(vm.runtime_error("Event loop is closed"))
    } else {
        Ok(())
    }
}
