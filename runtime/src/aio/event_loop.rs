//! The loop: a ready ring, timers, I/O sources, and one `run_once` where every callback runs (CPython's
//! asyncio/base_events.py, `_run_once`).
//!
//! - The ready ring holds task steps, wake-ups and handles, a word each (`Tagged`). A wake-up links a future to its task without a
//!   callback.
//! - `poll` runs on a detached `Sleeper` without the GIL. Other threads may change meanwhile what is watched.
//! - The poller is asked every 16th round while callbacks are ready.
//! - `run`, `run_until_complete`, `run_forever`, `_run_once` and `_run` are Python frames. The native loop runs inside the last one, so
//!   `f_back` and `cr_origin` look as under asyncio, and no step pays for it.
use super::future::{self, State};
use super::gather::{self, Gather};
use super::handle::{self, Handle, Timer};
use super::{Task, aio, task, trace};
use crate::host::clock;
use crate::reactor::{
    Clock, Direction, Inbox, Outcome, Poller, Scheduled, Sender, Timers, Trigger, Wait, timeout,
};
use lasti_core::objects::{Str, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Slot, Tagged, Untagged, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;

/// What can be ready to run. Everything that wakes the loop ends as one of these.
enum Ready {
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
type Entry = Tagged<Task, Gather>;

const STEP: u8 = 0;
const WAKE: u8 = 1;
const THROW: u8 = 2;

/// What a ring of more entries than this leads to is in no cache of one core.
const LONG: usize = 2048;
/// So far ahead a long ring is looked at.
const AHEAD: usize = 16;

impl From<Ready> for Entry {
    #[inline]
    fn from(r: Ready) -> Entry {
        Tagged::new(match r {
            Ready::Step(t) => Untagged::First(t, STEP),
            Ready::Wake(t) => Untagged::First(t, WAKE),
            Ready::Throw(t) => Untagged::First(t, THROW),
            Ready::Gathered(g) => Untagged::Second(g),
            Ready::Handle(h) => Untagged::Other(h),
        })
    }
}

impl From<Entry> for Ready {
    #[inline]
    fn from(e: Entry) -> Ready {
        match e.untag() {
            Untagged::First(t, STEP) => Ready::Step(t),
            Untagged::First(t, WAKE) => Ready::Wake(t),
            Untagged::First(t, _) => Ready::Throw(t),
            Untagged::Second(g) => Ready::Gathered(g),
            Untagged::Other(h) => Ready::Handle(h),
        }
    }
}

/// So many nanoseconds before its clock began a loop's timers count from: deadlines before keep their order.
const BEFORE: i64 = 1 << 62;

/// With callbacks ready, the poller is asked only every so many rounds.
const POLL_EVERY: u32 = 16;

pub struct Loop {
    ready: RefCell<VecDeque<Entry>>,
    /// What some entries of the ring come with, in their order, so that each takes two words.
    operands: RefCell<VecDeque<Value>>,
    pub timers: RefCell<Timers<Ref<Timer>>>,
    poller: RefCell<Option<Poller<Value>>>,
    waker: std::sync::OnceLock<std::sync::Arc<mio::Waker>>,
    /// Wake-ups of Rust futures, from any thread; made with the first one.
    inbox: RefCell<Option<Inbox<u64>>>,
    /// What those wake-ups complete, by their key.
    expected: RefCell<HashMap<u64, Value>>,
    stopping: Cell<bool>,
    running: Cell<bool>,
    closed: Cell<bool>,
    debug: Cell<bool>,
    rounds: Cell<u32>,
    exception_handler: Slot,
    task_factory: Slot,
    /// Weak references to async generators that were iterated on this loop.
    asyncgens: RefCell<Vec<Value>>,
    asyncgens_closed: Cell<bool>,
}
impl Payload for Loop {
    const CONTAINER: bool = true;
    const NAME: &'static str = "EventLoop";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let ready = self.ready.borrow();
        for (i, r) in ready.iter().enumerate() {
            if let Some(soon) = ready.get(i + AHEAD) {
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
    fn new() -> Loop {
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
        self.ready.borrow_mut().push_back(r.into());
    }
    pub fn push_step(&self, t: Ref<Task>) {
        self.push(Ready::Step(t));
    }
    pub fn push_wakeup(&self, t: Ref<Task>) {
        self.push(Ready::Wake(t));
    }
    pub fn push_throw(&self, t: Ref<Task>, e: Value) {
        self.operands.borrow_mut().push_back(e);
        self.push(Ready::Throw(t));
    }
    pub fn push_gathered(&self, g: Ref<Gather>, child: Value) {
        self.operands.borrow_mut().push_back(child);
        self.push(Ready::Gathered(g));
    }
    pub fn push_handle(&self, h: Value) {
        self.push(Ready::Handle(h));
    }

    /// Runs `f` with the poller, made when first needed.
    fn with_poller<R>(
        &self,
        vm: &Vm,
        f: impl FnOnce(&mut Poller<Value>) -> std::io::Result<R>,
    ) -> PyResult<R> {
        let mut slot = self.poller.borrow_mut();
        let p = match &mut *slot {
            Some(p) => p,
            none => {
                let p = Poller::new().map_err(|e| vm.os_error(&e, None))?;
                crate::os::wake_on_signal(&p.waker());
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

    fn set_timer(&self, vm: &Vm, deadline: i64, when: f64, handle: Handle) -> Value {
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

    fn take_wakes(&self, vm: &Vm) -> PyResult<()> {
        let keys: Vec<u64> = match &*self.inbox.borrow() {
            Some(i) => i.drain().collect(),
            None => return Ok(()),
        };
        for key in keys {
            let f = self.expected.borrow_mut().remove(&key);
            if let Some(f) = f
                && future::data_of(&f).is_some_and(|f| f.state.get() == State::Pending)
            {
                future::set_result(vm, &f, Value::NONE)?;
            }
        }
        Ok(())
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

    /// One round that does not sleep; true when there is more to run.
    pub fn turn(&self, vm: &Vm) -> PyResult<bool> {
        self.round(vm, false)?;
        Ok(self.has_ready())
    }

    fn run_once(&self, vm: &Vm) -> PyResult<()> {
        self.round(vm, true)
    }

    /// One round: wait for I/O or the next deadline, collect what is due, then run what was ready at that point.
    fn round(&self, vm: &Vm, may_sleep: bool) -> PyResult<()> {
        let busy = !self.ready.borrow().is_empty() || self.stopping.get();
        let rounds = self.rounds.get().wrapping_add(1);
        self.rounds.set(rounds);
        let has_io = self.poller.borrow().is_some();
        if !busy || has_io && rounds.is_multiple_of(POLL_EVERY) {
            let deadline = self.next_deadline();
            let wait = match (busy || !may_sleep, deadline) {
                (true, _) => Wait::Not,
                (false, Some(d)) => Wait::Until(d),
                (false, None) => Wait::Forever,
            };
            self.poll(vm, wait)?;
        }
        // A thread that is back from a blocking call gets its turn now, as at each of CPython's select calls.
        if busy && crate::gil::is_wanted() {
            crate::gil::give_turn(vm);
        }
        self.take_wakes(vm)?;
        self.collect_due(vm)?;
        let n = self.ready.borrow().len();
        for _ in 0..n {
            let Some(r) = self.take_ready() else {
                break;
            };
            self.run_ready(vm, r)?;
            vm.run_due();
        }
        vm.check_signals()
    }

    /// The first of the ring. Where it is long, no cache holds all that it leads to: what comes next is asked for ahead.
    #[inline]
    fn take_ready(&self) -> Option<Ready> {
        let mut ready = self.ready.borrow_mut();
        let first = ready.pop_front();
        if ready.len() > LONG {
            ready[AHEAD].prefetch();
            // Of a task that was asked for some time ago.
            if let Some((t, STEP | WAKE)) = ready[AHEAD / 2].first() {
                t.coro.prefetch_two();
            }
        }
        first.map(Ready::from)
    }

    #[inline]
    fn run_ready(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        if self.debug.get() || trace::callbacks() {
            return self.run_timed(vm, r);
        }
        self.run_item(vm, r)
    }

    /// Debug mode, or somebody listens: what holds the loop up for too long is told.
    #[cold]
    fn run_timed(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        let (what, handle) = match &r {
            Ready::Step(t) | Ready::Wake(t) | Ready::Throw(t) => (t.value(), None),
            Ready::Gathered(g) => (g.value(), None),
            // Its callback is gone once it has run.
            Ready::Handle(h) => (h.clone(), Some(trace::callback_name(vm, h))),
        };
        let me = aio(vm).running.get();
        let began = clock().now();
        let result = self.run_item(vm, r);
        let took = (clock().now() - began) as f64 / 1e9;
        let name = || match what.as_ref::<Task>() {
            Some(t) => trace::task_name(t),
            None => handle.unwrap_or_default(),
        };
        trace::took(name, began);
        result?;
        if me.is_none() || !self.debug.get() {
            return Ok(());
        }
        let limit = vm.getattr_str(&me, "slow_callback_duration")?;
        if took >= vm.to_f64(&limit)? {
            vm.call_method(&me, "_report_slow", &[what, vm.new_float(took)])?;
        }
        Ok(())
    }

    #[inline]
    fn run_item(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        match r {
            Ready::Step(t) => step(vm, &t, None),
            Ready::Wake(t) => wake(vm, &t),
            Ready::Throw(t) => {
                let e = self.operands.borrow_mut().pop_front();
                step(vm, &t, e.map(Exc))
            }
            Ready::Gathered(g) => {
                let child = self.operands.borrow_mut().pop_front();
                child.map_or(Ok(()), |child| gather::child_done(vm, &g, &child))
            }
            Ready::Handle(h) => handle::run(vm, &h),
        }
    }

    fn poll(&self, vm: &Vm, wait: Wait) -> PyResult<()> {
        let mut found = Vec::new();
        loop {
            let mut sleeper = self.with_poller(vm, Poller::begin)?;
            let timeout = timeout(wait, clock());
            // Sleeping releases the GIL; asking costs less than handing it round.
            let slept = match wait {
                Wait::Not => sleeper.sleep(timeout),
                _ => crate::gil::blocking(vm, || sleeper.sleep(timeout)),
            };
            let outcome =
                self.with_poller(vm, |p| p.finish(sleeper, slept, timeout, &mut found))?;
            for r in found.drain(..) {
                self.push_handle(r.payload);
            }
            vm.check_signals()?;
            match outcome {
                None => {}
                Some(Outcome::Interrupted) if self.ready.borrow().is_empty() => {}
                Some(_) => return Ok(()),
            }
        }
    }

    fn collect_due(&self, vm: &Vm) -> PyResult<()> {
        if self.timers.borrow().is_empty() {
            let dead = self.timers.borrow_mut().take_dead();
            handle::drop_timers(dead);
            return Ok(());
        }
        let now = clock().now();
        loop {
            let due = self.timers.borrow_mut().pop_due(timers_time(now as i64));
            let Some((deadline, due)) = due else {
                return Ok(());
            };
            trace::timer(clock_time(deadline), now);
            if !due.handle.completes {
                self.push_handle(due.into());
                continue;
            }
            let fut = due.handle.callback.get();
            if future::data_of(&fut).is_some_and(|f| f.state.get() == State::Pending) {
                future::set_result(vm, &fut, due.handle.args.get())?;
            }
        }
    }
}

fn step(vm: &Vm, t: &Ref<Task>, e: Option<Exc>) -> PyResult<()> {
    if t.data.done() {
        return Ok(());
    }
    report(vm, t, task::step(vm, t, e))
}
fn wake(vm: &Vm, t: &Ref<Task>) -> PyResult<()> {
    if t.data.done() {
        return Ok(());
    }
    report(vm, t, task::wakeup(vm, t, &t.waiting_for.get()))
}

#[inline(always)]
fn report(vm: &Vm, t: &Ref<Task>, r: PyResult<()>) -> PyResult<()> {
    match r {
        Ok(()) => Ok(()),
        Err(e) => report_fault(vm, t, e),
    }
}

/// KeyboardInterrupt and SystemExit leave the loop; anything else is a fault in a callback.
#[cold]
fn report_fault(vm: &Vm, t: &Ref<Task>, e: Exc) -> PyResult<()> {
    if vm.exc_is(&e, &vm.exc.keyboard_interrupt) || vm.exc_is(&e, &vm.exc.system_exit) {
        return Err(e);
    }
    let pairs = [
        (
            "message",
            vm.str_value("Exception in callback Task.task_step()"),
        ),
        ("exception", e.0),
    ];
    call_exception_handler(vm, &t.data.event_loop.get(), &pairs)
}

/// Seconds as nanoseconds, as far as they can be counted.
fn to_ns(seconds: f64) -> i64 {
    (seconds * 1e9).ceil() as i64
}

/// A time of the clock as the timers count it.
fn timers_time(ns: i64) -> u64 {
    ns.saturating_add(BEFORE).max(0) as u64
}
fn clock_time(timers_time: u64) -> u64 {
    timers_time.saturating_sub(BEFORE as u64)
}

// ---- which loop ----

/// The running loop, or None.
pub fn running(vm: &Vm) -> Value {
    aio(vm).running.get()
}

pub fn get_running_loop(vm: &Vm) -> PyResult<Value> {
    let l = running(vm);
    if l.is_none() {
        Err(vm.runtime_error("no running event loop"))
    } else {
        Ok(l)
    }
}

/// The running loop, else the one set.
fn running_or_set(vm: &Vm) -> Option<Value> {
    let a = aio(vm);
    [&a.running, &a.current]
        .into_iter()
        .map(|l| l.get())
        .find(|l| !l.is_none())
}

/// The loop that futures and tasks belong to where none is said.
pub fn current(vm: &Vm) -> PyResult<Value> {
    if let Some(l) = running_or_set(vm) {
        return Ok(l);
    }
    let threading = vm.import("threading")?;
    let thread = vm.call_method(&threading, "current_thread", &[])?;
    let name = vm.getattr_str(&thread, "name")?;
    Err(vm.runtime_error(format!(
        "There is no current event loop in thread {}.",
        vm.repr_string(&name)?
    )))
}

/// `asyncio.get_event_loop`: the running loop, else the one set, else a new one (which 3.14 took away and scripts still use).
pub fn get_event_loop(vm: &Vm) -> PyResult<Value> {
    if let Some(l) = running_or_set(vm) {
        return Ok(l);
    }
    let a = aio(vm);
    let m = vm.import("asyncio")?;
    let l = vm.call_method(&m, "new_event_loop", &[])?;
    a.current.set(l.clone());
    Ok(l)
}

/// Tells the loop's exception handler.
pub fn call_exception_handler(vm: &Vm, l: &Value, pairs: &[(&str, Value)]) -> PyResult<()> {
    let context = vm.new_dict();
    for (k, v) in pairs {
        vm.dict_set(&context, k, v.clone());
    }
    if l.is_none() || l.is_unbound() {
        return Ok(());
    }
    vm.call_method(l, "call_exception_handler", &[context.into()])
        .map(|_| ())
}

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Loop>> {
    v.as_ref::<Loop>()
        .ok_or_else(|| vm.type_error("an EventLoop is required"))
}

fn check_closed(vm: &Vm, l: &Loop) -> PyResult<()> {
    if l.closed.get() {
        Err(vm.runtime_error("Event loop is closed"))
    } else {
        Ok(())
    }
}

/// Debug mode: tells of calls from another thread than the one that runs the loop.
fn check_thread(vm: &Vm, l: &Loop, v: &Value) -> PyResult<()> {
    if l.debug.get() && l.running.get() && !running(vm).is(v) {
        return Err(vm.runtime_error(
            "Non-thread-safe operation invoked on an event loop other than the current one",
        ));
    }
    Ok(())
}

fn check_callback(vm: &Vm, f: &Value, method: &str) -> PyResult<()> {
    if vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error(format!(
            "a callable object was expected by {method}(), got {}",
            vm.repr_string(f)?
        )));
    }
    if f.downcast::<lasti_core::objects::Generator>().is_some() {
        return Err(vm.type_error(format!("coroutines cannot be used with {method}()")));
    }
    Ok(())
}

fn context_arg(vm: &Vm, a: &Args) -> PyResult<Value> {
    match a.keyword("context") {
        Some(c) if !c.is_none() => Ok(c.clone()),
        _ => super::copy_context(vm),
    }
}

fn call_soon(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let l = this(vm, v)?;
    check_closed(vm, l)?;
    let Some((callback, args)) = a.pos.split_first() else {
        return Err(vm.type_error("call_soon() missing 1 required positional argument: 'callback'"));
    };
    check_callback(vm, callback, "call_soon")?;
    let h = handle::new_handle(vm, v, callback.clone(), args.to_vec(), context_arg(vm, &a)?);
    l.push_handle(h.clone());
    Ok(h)
}

fn call_soon_here(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    check_thread(vm, this(vm, v)?, v)?;
    call_soon(vm, v, a)
}

fn schedule_at(vm: &Vm, v: &Value, a: Args, later: bool) -> PyResult<Value> {
    let l = this(vm, v)?;
    check_closed(vm, l)?;
    let name = if later { "call_later" } else { "call_at" };
    let [when, callback, args @ ..] = a.pos else {
        return Err(vm.type_error(format!("{name}() missing required positional arguments")));
    };
    if when.is_none() {
        return Err(vm.type_error(if later {
            "delay must not be None"
        } else {
            "when cannot be None"
        }));
    }
    let seconds = vm.to_f64(when)?;
    check_thread(vm, l, v)?;
    check_callback(vm, callback, name)?;
    let (deadline, at) = if later {
        let now = clock().now();
        let deadline = (now as i64).saturating_add(to_ns(seconds));
        (deadline, now as f64 / 1e9 + seconds)
    } else {
        (to_ns(seconds), seconds)
    };
    let handle = Handle {
        callback: Slot::new(callback.clone()),
        args: Slot::new(vm.new_tuple(args.to_vec()).into()),
        context: Slot::new(context_arg(vm, &a)?),
        event_loop: Slot::new(v.clone()),
        cancelled: Cell::new(false),
        scheduled: Cell::new(true),
        completes: false,
    };
    Ok(l.set_timer(vm, deadline, at, handle))
}

fn fd_of(vm: &Vm, v: &Value) -> PyResult<RawFd> {
    let n = match v.as_small_int() {
        Some(n) => n,
        None => {
            // As `selectors` says it.
            let n = vm.call_method(v, "fileno", &[]).and_then(|n| vm.to_i64(&n));
            match n {
                Ok(n) => n,
                Err(e)
                    if vm.exc_is(&e, &vm.exc.attribute_error)
                        || vm.exc_is(&e, &vm.exc.type_error) =>
                {
                    let r = vm.repr_string(v)?;
                    return Err(vm.value_error(format!("Invalid file object: {r}")));
                }
                Err(e) => return Err(e),
            }
        }
    };
    RawFd::try_from(n)
        .ok()
        .filter(|n| *n >= 0)
        .ok_or_else(|| vm.value_error(format!("Invalid file descriptor: {n}")))
}

fn add_io(vm: &Vm, v: &Value, a: Args, direction: Direction) -> PyResult<Value> {
    let l = this(vm, v)?;
    check_closed(vm, l)?;
    let [fd, callback, args @ ..] = a.pos else {
        return Err(vm.type_error("add_reader() missing required positional arguments"));
    };
    let fd = fd_of(vm, fd)?;
    let h = handle::new_handle(
        vm,
        v,
        callback.clone(),
        args.to_vec(),
        super::copy_context(vm)?,
    );
    let old = l.with_poller(vm, |p| p.set(fd, direction, Trigger::Level, h.clone()))?;
    if let Some(old) = old {
        handle::cancel(vm, &old)?;
    }
    Ok(h)
}

fn remove_io(vm: &Vm, v: &Value, a: Args, direction: Direction) -> PyResult<Value> {
    let l = this(vm, v)?;
    let [fd] = a.exactly::<1>(vm, "remove_reader")?;
    if l.closed.get() {
        return Ok(Value::FALSE);
    }
    let fd = fd_of(vm, fd)?;
    let old = l.with_poller(vm, |p| Ok(p.remove(fd, direction)))?;
    match old {
        Some(h) => {
            handle::cancel(vm, &h)?;
            Ok(Value::TRUE)
        }
        None => Ok(Value::FALSE),
    }
}

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Loop>("_lasti_loop.Loop", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Loop::new()).into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    vm.method(&t, "call_soon", "", call_soon_here);
    vm.method(&t, "_add_callback", "", |vm, v, a| {
        let [h] = a.exactly::<1>(vm, "_add_callback")?;
        this(vm, v)?.push_handle(h.clone());
        Ok(Value::NONE)
    });
    vm.method(&t, "call_soon_threadsafe", "", |vm, v, a| {
        let h = call_soon(vm, v, a)?;
        wake_up(vm, v)?;
        Ok(h)
    });
    vm.method(&t, "_write_to_self", "", |vm, v, _| {
        wake_up(vm, v)?;
        Ok(Value::NONE)
    });
    vm.method(&t, "call_later", "", |vm, v, a| schedule_at(vm, v, a, true));
    vm.method(&t, "call_at", "", |vm, v, a| schedule_at(vm, v, a, false));
    vm.method(&t, "time", "", |vm, _, _| {
        Ok(vm.new_float(clock().now() as f64 / 1e9))
    });
    vm.method(&t, "stop", "", |vm, v, _| {
        this(vm, v)?.stopping.set(true);
        Ok(Value::NONE)
    });
    vm.method(&t, "is_running", "", |vm, v, _| {
        Ok(Value::bool(this(vm, v)?.running.get()))
    });
    vm.method(&t, "is_closed", "", |vm, v, _| {
        Ok(Value::bool(this(vm, v)?.closed.get()))
    });
    vm.method(&t, "_check_closed", "", |vm, v, _| {
        check_closed(vm, this(vm, v)?)?;
        Ok(Value::NONE)
    });
    vm.method(&t, "_mark_closed", "", |vm, v, _| {
        let l = this(vm, v)?;
        l.closed.set(true);
        tracing::debug!(target: "lasti::loop", "closed");
        l.clear();
        let (inbox, poller) = (l.inbox.take(), l.poller.take());
        drop((inbox, poller));
        Ok(Value::NONE)
    });
    vm.method(&t, "get_debug", "", |vm, v, _| {
        Ok(Value::bool(this(vm, v)?.debug.get()))
    });
    vm.method(&t, "set_debug", "", |vm, v, a| {
        let [b] = a.exactly::<1>(vm, "set_debug")?;
        this(vm, v)?.debug.set(vm.is_true(b)?);
        Ok(Value::NONE)
    });
    vm.method(&t, "create_future", "", |vm, v, _| {
        Ok(future::new_future(vm, v))
    });
    vm.method(&t, "create_task", "", create_task);
    vm.method(&t, "set_task_factory", "", |vm, v, a| {
        let [f] = a.exactly::<1>(vm, "set_task_factory")?;
        if !f.is_none() && vm.type_of(f).slots.call.get().is_none() {
            return Err(vm.type_error("task factory must be a callable or None"));
        }
        this(vm, v)?.task_factory.set(f.clone());
        Ok(Value::NONE)
    });
    vm.method(&t, "get_task_factory", "", |vm, v, _| {
        Ok(this(vm, v)?.task_factory.get())
    });
    vm.method(&t, "set_exception_handler", "", |vm, v, a| {
        let [f] = a.exactly::<1>(vm, "set_exception_handler")?;
        if !f.is_none() && vm.type_of(f).slots.call.get().is_none() {
            return Err(vm.type_error(format!(
                "A callable object or None is expected, got {}",
                vm.repr_string(f)?
            )));
        }
        this(vm, v)?.exception_handler.set(f.clone());
        Ok(Value::NONE)
    });
    vm.method(&t, "get_exception_handler", "", |vm, v, _| {
        Ok(this(vm, v)?.exception_handler.get())
    });
    for name in ["add_reader", "_add_reader"] {
        vm.method(&t, name, "", |vm, v, a| add_io(vm, v, a, Direction::Read));
    }
    for name in ["add_writer", "_add_writer"] {
        vm.method(&t, name, "", |vm, v, a| add_io(vm, v, a, Direction::Write));
    }
    for name in ["remove_reader", "_remove_reader"] {
        vm.method(&t, name, "", |vm, v, a| {
            remove_io(vm, v, a, Direction::Read)
        });
    }
    for name in ["remove_writer", "_remove_writer"] {
        vm.method(&t, name, "", |vm, v, a| {
            remove_io(vm, v, a, Direction::Write)
        });
    }
    // EVENT_READ and EVENT_WRITE of `selectors`, for those a descriptor is watched for.
    vm.method(&t, "_watched", "", |vm, v, a| {
        let [fd] = a.exactly::<1>(vm, "_watched")?;
        let fd = fd_of(vm, fd)?;
        let poller = this(vm, v)?.poller.borrow();
        let on = |d| poller.as_ref().is_some_and(|p| p.get(fd, d).is_some());
        let bits = on(Direction::Read) as i64 | (on(Direction::Write) as i64) << 1;
        Ok(vm.new_int(bits))
    });
    vm.method(&t, "_once", "", |vm, v, _| {
        this(vm, v)?.run_once(vm)?;
        Ok(Value::NONE)
    });
    vm.method(&t, "_spin", "", spin);
    vm.method(&t, "_stopping_now", "", |vm, v, _| {
        Ok(Value::bool(this(vm, v)?.stopping.get()))
    });
    vm.method(&t, "_enter", "", enter);
    vm.method(&t, "_leave", "", leave);
    vm.method(&t, "_note_asyncgen", "", note_asyncgen);
    vm.method(&t, "_take_asyncgens", "", |vm, v, _| {
        let l = this(vm, v)?;
        l.asyncgens_closed.set(true);
        let all = l.asyncgens.take();
        let alive = all.iter().filter_map(|w| {
            w.downcast::<lasti_core::objects::WeakRef>()
                .and_then(|w| w.get())
        });
        Ok(vm.new_list(alive.collect()))
    });
    vm.getset(
        &t,
        "_asyncgens_shutdown_called",
        |vm, v| Ok(Value::bool(this(vm, v)?.asyncgens_closed.get())),
        None,
    );
    vm.getset(
        &t,
        "_debug",
        |vm, v| Ok(Value::bool(this(vm, v)?.debug.get())),
        None,
    );
    vm.getset(
        &t,
        "_scheduled",
        |vm, v| {
            let timers = this(vm, v)?.timers.borrow();
            let handles = timers.in_order().into_iter().map(|(_, t)| t.value());
            Ok(vm.new_list(handles.collect()))
        },
        None,
    );
    vm.getset(
        &t,
        "_closed",
        |vm, v| Ok(Value::bool(this(vm, v)?.closed.get())),
        None,
    );
    vm.getset(
        &t,
        "_stopping",
        |vm, v| Ok(Value::bool(this(vm, v)?.stopping.get())),
        None,
    );
    t.slots.repr.set(Some(|vm, v| {
        let l = this(vm, v)?;
        let b = |b: bool| if b { "True" } else { "False" };
        Ok(vm.str_value(&format!(
            "<{} running={} closed={} debug={}>",
            vm.type_name(v),
            b(l.running.get()),
            b(l.closed.get()),
            b(l.debug.get())
        )))
    }));
    vm.ready_type(&t);
    t
}

fn wake_up(vm: &Vm, v: &Value) -> PyResult<()> {
    let l = this(vm, v)?;
    if let Some(w) = l.waker.get() {
        w.wake().map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(())
}

/// `asyncio.create_task`.
pub fn create_task_here(vm: &Vm, a: Args) -> PyResult<Value> {
    let l = get_running_loop(vm)?;
    if keeps_natives(vm, &l) {
        return create_task(vm, &l, a);
    }
    let create = vm.getattr_str(&l, "create_task")?;
    vm.call_args(&create, a)
}

/// Whether a loop's `create_future` and `create_task` are the native ones.
pub fn keeps_natives(vm: &Vm, l: &Value) -> bool {
    if l.downcast::<Loop>().is_none() {
        return false;
    }
    let a = aio(vm);
    let class = vm.type_of(l);
    // A class that changes gets another version.
    if class.has_version(a.plain_loop_version.get()) {
        return true;
    }
    let same = |name: &Ref<Str>| match (class.lookup(vm, name), a.loop_type.lookup(vm, name)) {
        (Some(own), Some(native)) => own.is(&native),
        _ => false,
    };
    let plain = same(&vm.intern("create_future")) && same(&vm.intern("create_task"));
    if plain {
        a.plain_loop_version.set(class.version());
    }
    plain
}

fn create_task(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let l = this(vm, v)?;
    check_closed(vm, l)?;
    let factory = l.task_factory.get();
    if let (true, [coro], []) = (factory.is_none(), a.pos, a.names) {
        return task::new_task(vm, v, coro.clone(), Value::NONE, Value::NONE);
    }
    let [coro, name, context] = match a.bind(vm, "create_task", ["coro", "*name", "*context"], 1) {
        Ok(x) => x,
        // Further keywords (eager_start, ...) are for the factory or the Task class.
        Err(e) if factory.is_none() => {
            if a.pos.len() != 1 {
                return Err(e);
            }
            let mut kw = a.kw.to_vec();
            let mut names = a.names.to_vec();
            kw.push(v.clone());
            names.push(vm.str_value("loop"));
            let class = aio(vm).task_type.value();
            return vm.call_args(
                &class,
                Args {
                    pos: a.pos,
                    kw: &kw,
                    names: &names,
                },
            );
        }
        Err(_) => {
            let mut pos = vec![v.clone()];
            pos.extend_from_slice(a.pos);
            return vm.call_args(&factory, Args { pos: &pos, ..a });
        }
    };
    let coro = coro.cloned().unwrap_or(Value::NONE);
    let or_none = |v: Option<&Value>| v.cloned().unwrap_or(Value::NONE);
    if factory.is_none() {
        let name = match name {
            Some(n) if !n.is_none() => vm.str_of(n)?.into(),
            _ => Value::NONE,
        };
        return task::new_task(vm, v, coro, name, or_none(context));
    }
    let pos = [v.clone(), coro];
    vm.call_args(
        &factory,
        Args {
            pos: &pos,
            kw: a.kw,
            names: a.names,
        },
    )
}

/// Marks the loop as running; gives what `_leave` restores.
fn enter(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = this(vm, v)?;
    check_closed(vm, l)?;
    if l.running.get() {
        return Err(vm.runtime_error("This event loop is already running"));
    }
    let a = aio(vm);
    if !a.running.get().is_none() {
        return Err(vm.runtime_error("Cannot run the event loop while another loop is running"));
    }
    // A `stop` from before stands: such a run makes one round.
    l.running.set(true);
    tracing::debug!(target: "lasti::loop", "running");
    a.running.set(v.clone());
    Ok(Value::NONE)
}

fn leave(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = this(vm, v)?;
    l.running.set(false);
    l.stopping.set(false);
    tracing::debug!(target: "lasti::loop", "stopped");
    aio(vm).running.set(Value::NONE);
    Ok(Value::NONE)
}

/// Rounds until `stop`.
fn spin(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = this(vm, v)?.clone();
    loop {
        l.run_once(vm)?;
        if l.stopping.get() {
            return Ok(Value::NONE);
        }
    }
}

/// The firstiter hook: keeps a weak reference for `shutdown_asyncgens`.
fn note_asyncgen(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [g] = a.exactly::<1>(vm, "_note_asyncgen")?;
    let l = this(vm, v)?;
    let w = vm.make_weakref(&vm.types.weakref, g, None)?;
    let mut all = l.asyncgens.borrow_mut();
    all.push(w.into());
    if all.len() >= 64 && all.len().is_power_of_two() {
        let kept = all.iter().filter(|w| {
            w.downcast::<lasti_core::objects::WeakRef>()
                .is_some_and(|w| w.get().is_some())
        });
        let kept: Vec<Value> = kept.cloned().collect();
        let old = std::mem::replace(&mut *all, kept);
        drop(all);
        drop(old);
    }
    Ok(Value::bool(l.asyncgens_closed.get()))
}
