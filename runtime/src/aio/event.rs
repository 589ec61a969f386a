//! `asyncio.Event` (CPython's Lib/asyncio/locks.py): the flag and its queue, and what `wait()` returns.
//!
//! A waiter is parked as one small object, linked to its task directly. What Python sees of it (the future that the task waits
//! for, `_waiters`, `cr_await`, `cr_frame`) is made when somebody looks, or when something else than the event ends the waiting:
//! the waiter then rests on a real future for good ([`Stage::Future`]).
#![forbid(unsafe_code)]

use super::coroutine::NativeCoroutine;
use super::data::{State, Task, data_of};
use super::event_loop::current;
use super::state::aio;
use super::{future, wakeup};
use lasti_core::memory::Growing;
use lasti_core::objects::{Function, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Resumed, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// The native half of `asyncio.Event`.
pub struct Event {
    set: Cell<bool>,
    /// The loop it belongs to since the first wait, or None.
    event_loop: Slot,
    waiters: RefCell<Waiters>,
}

/// Waiters and futures in the order of waiting. None stands where one left from the middle.
#[derive(Default)]
struct Waiters {
    entries: VecDeque<Value>,
    /// The place of the first entry.
    base: u32,
    present: usize,
}

impl Waiters {
    /// Appends an entry; gives its place, which stays its own while others leave.
    fn push(&mut self, v: Value) -> u32 {
        let place = self.base.wrapping_add(self.entries.len() as u32);
        self.entries.make_room();
        self.entries.push_back(v);
        self.present += 1;
        place
    }
    /// Where an entry stands: at its place, unless the queue was packed since.
    fn find(&self, place: u32, v: &Value) -> Option<usize> {
        let at = place.wrapping_sub(self.base) as usize;
        if self.entries.get(at).is_some_and(|e| e.is(v)) {
            return Some(at);
        }
        self.entries.iter().position(|e| e.is(v))
    }
    fn remove(&mut self, place: u32, v: &Value) -> Option<Value> {
        let at = self.find(place, v)?;
        let old = std::mem::replace(&mut self.entries[at], Value::NONE);
        self.present -= 1;
        while self.entries.front().is_some_and(Value::is_none) {
            self.entries.pop_front();
            self.base = self.base.wrapping_add(1);
        }
        if self.entries.len() > 64 && self.entries.len() > 2 * self.present {
            self.pack();
        }
        Some(old)
    }
    /// Closes the gaps, so that a queue whose first waiter stays does not grow with those that come and go.
    fn pack(&mut self) {
        self.entries.retain(|e| !e.is_none());
        self.base = 0;
        for (place, e) in self.entries.iter().enumerate() {
            if let Some(w) = e.downcast::<EventWait>() {
                w.place.set(place as u32);
            }
        }
    }
}

impl Payload for Event {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Event";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.event_loop.visit(visit);
        self.waiters.borrow().entries.iter().for_each(visit);
    }
    fn clear(&self) {
        let waiters = self.waiters.take();
        drop(waiters);
    }
}

/// Every way a waiter can stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not awaited yet.
    New,
    /// In the queue itself, with the task that it parks.
    Parked,
    /// The same, and the event was set: the task's wake-up is scheduled.
    Woken,
    /// Rests on a future, which is in the queue in its place.
    Future,
    Done,
}

/// The coroutine that `Event.wait()` returns.
pub struct EventWait {
    event: Ref<Event>,
    /// `Event.wait`, for what is shown.
    function: Ref<Function>,
    /// The task or the future, by the stage; else None.
    on: Slot,
    place: Cell<u32>,
    stage: Cell<Stage>,
}

// With the header, 48 bytes.
const _: () = assert!(size_of::<EventWait>() == 32);

impl Payload for EventWait {
    const CONTAINER: bool = true;
    const NAME: &'static str = "coroutine";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.event.as_value());
        visit(self.function.as_value());
        self.on.visit(visit);
    }
    fn clear(&self) {
        self.stage.set(Stage::Done);
        self.on.set(Value::NONE);
    }
}

// ---- the event ----

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Event>("_lasti_loop._Event", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        let event = Event {
            set: Cell::new(false),
            event_loop: Slot::new(Value::NONE),
            waiters: RefCell::default(),
        };
        Ok(vm.heap.alloc(class, event).into())
    }));
    t.slots.init.set(Some(|vm, _, a| {
        a.bind(vm, "Event.__init__", [], 0).map(|[]: [_; 0]| ())
    }));
    vm.add_methods(&t, METHODS);
    vm.getset(
        &t,
        "_value",
        |vm, v| Ok(Value::bool(vm.this::<Event>(v)?.set.get())),
        Some(|vm, v, x| {
            let on = x.map_or(Ok(false), |x| vm.is_true(x))?;
            vm.this::<Event>(v)?.set.set(on);
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_loop",
        |vm, v| Ok(vm.this::<Event>(v)?.event_loop.get()),
        Some(|vm, v, x| {
            let l = x.cloned().unwrap_or(Value::NONE);
            vm.this::<Event>(v)?.event_loop.set(l);
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_waiters",
        |vm, v| {
            let entries = vm.this::<Event>(v)?.waiters.borrow().entries.clone();
            let futures = entries
                .iter()
                .filter(|e| !e.is_none())
                .map(|e| materialize_future(vm, e));
            let futures = vm.new_list(futures.collect());
            vm.call_method(&vm.import("collections")?, "deque", &[futures])
        },
        None,
    );
    // What the Python code of `wait` calls.
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "is_set" "is_set($self, /)\n--\n\nWhether the event is set." is_set;
    "set" "set($self, /)\n--\n\nSets the event and wakes all that wait for it." set_method;
    "clear" "clear($self, /)\n--\n\nUnsets the event, so that those who wait from now on are parked." clear_method;
    "_waiting" "" waiting;
    "_add" "" add;
    "_discard" "" discard;
}

fn is_set(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<Event>(v)?.set.get()))
}

fn set_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    set(vm, vm.this::<Event>(v)?)?;
    Ok(Value::NONE)
}

fn clear_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Event>(v)?.set.set(false);
    Ok(Value::NONE)
}

fn waiting(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.this::<Event>(v)?.waiters.borrow().present as i64))
}

fn add(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "_add")?;
    vm.this::<Event>(v)?.waiters.borrow_mut().push(f.clone());
    Ok(Value::NONE)
}

fn discard(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "_discard")?;
    leave(vm.this::<Event>(v)?, 0, f);
    Ok(Value::NONE)
}

fn set(vm: &Vm, event: &Ref<Event>) -> PyResult<()> {
    if event.set.replace(true) {
        return Ok(());
    }
    let mut at = 0;
    loop {
        // A loop that is not ours may run Python here, so nothing stays borrowed.
        let entry = event.waiters.borrow().entries.get(at).cloned();
        at += 1;
        match entry {
            None => return Ok(()),
            Some(e) => wake(vm, &e)?,
        }
    }
}

fn wake(vm: &Vm, entry: &Value) -> PyResult<()> {
    if let Some(w) = entry.downcast::<EventWait>() {
        if w.stage.get() == Stage::Parked
            && let Some(t) = w.on.get().as_ref::<Task>()
        {
            w.stage.set(Stage::Woken);
            wakeup::wake_task(vm, t.clone(), entry)?;
        }
        return Ok(());
    }
    if !entry.is_none() && !future::is_done(vm, entry)? {
        wakeup::set_any_result(vm, entry, Value::TRUE)?;
    }
    Ok(())
}

/// `event.clear()` of an object that is exactly an `asyncio.Event`, as it was when it was adopted; false for others.
pub fn clear(vm: &Vm, v: &Value) -> bool {
    let Some(event) = v.as_ref::<Event>() else {
        return false;
    };
    let (class, version) = &*aio(vm).own_event.borrow();
    let own = class.is(vm.type_of(v).as_value()) && vm.type_of(v).has_version(*version);
    if own && vm.has_no_dict(v) {
        event.set.set(false);
        return true;
    }
    false
}

/// Takes a waiter or future out of the queue.
fn leave(event: &Event, place: u32, entry: &Value) {
    let old = event.waiters.borrow_mut().remove(place, entry);
    drop(old);
}

/// The running loop, which is the event's from its first wait on.
fn check_loop(vm: &Vm, event: &Ref<Event>) -> PyResult<Value> {
    let running = current::running(vm);
    let mut own = event.event_loop.get();
    if own.is_none() {
        event.event_loop.set(running.clone());
        own = running.clone();
    }
    if !own.is(&running) {
        let me = vm.repr_string(event.as_value())?;
        return Err(vm.runtime_error(format!("{me} is bound to a different event loop")));
    }
    Ok(running)
}

// ---- the waiter ----

/// The intrinsic of `Event.wait`.
pub fn new_wait(vm: &Vm, function: &Ref<Function>, args: &[Value]) -> PyResult<Option<Value>> {
    let Some(event) = args.first().and_then(|v| v.as_ref::<Event>()) else {
        return Ok(None);
    };
    let wait = EventWait {
        event: event.clone(),
        function: function.clone(),
        on: Slot::new(Value::NONE),
        place: Cell::new(0),
        stage: Cell::new(Stage::New),
    };
    let v: Value = vm.heap.alloc(&aio(vm).event_wait_type, wait).into();
    // "was never awaited" is due if it is dropped like this.
    vm.set_finalize(&v, true);
    Ok(Some(v))
}

/// What `await event.wait()` gives when it need not wait.
fn set_already(_: &Vm, _: &Ref<Function>, args: &[Value]) -> PyResult<Option<Value>> {
    let event = args.first().and_then(|v| v.as_ref::<Event>());
    Ok(event.filter(|e| e.set.get()).map(|_| Value::TRUE))
}

fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
    let w = vm.this::<EventWait>(v)?;
    match w.stage.get() {
        Stage::New if !input.is_none() => {
            Err(vm.type_error("can't send non-None value to a just-started coroutine"))
        }
        Stage::New => start(vm, v, w),
        Stage::Woken => {
            end(vm, v, w);
            Ok(Resumed::Return(Value::TRUE))
        }
        Stage::Parked | Stage::Future => {
            let fut = rest_on_future(vm, v, w);
            let r = match data_of(&fut) {
                Some(f) if f.done() => future::result(vm, &fut),
                Some(_) => Err(vm.runtime_error("await wasn't used with future")),
                None => vm.call_method(&fut, "result", &[]),
            };
            end(vm, v, w);
            r.map(|_| Resumed::Return(Value::TRUE))
        }
        Stage::Done => Err(vm.runtime_error("cannot reuse already awaited coroutine")),
    }
}

fn start(vm: &Vm, v: &Value, w: &EventWait) -> PyResult<Resumed> {
    vm.set_finalize(v, false);
    w.stage.set(Stage::Done);
    if w.event.set.get() {
        return Ok(Resumed::Return(Value::TRUE));
    }
    let l = check_loop(vm, &w.event)?;
    if current::keeps_natives(vm, &l)
        && let Some(t) = aio(vm).current_task.get().as_ref::<Task>()
        && t.data.event_loop.get().is(&l)
        && steps(vm, t, v)
    {
        w.on.set(t.value());
        w.stage.set(Stage::Parked);
        w.place.set(w.event.waiters.borrow_mut().push(v.clone()));
        return Ok(Resumed::Yield(v.clone()));
    }
    let fut = vm.call_method(&l, "create_future", &[])?;
    match data_of(&fut) {
        Some(f) => f.blocking.set(true),
        None => vm.setattr(&fut, &vm.names.asyncio_future_blocking, Some(&Value::TRUE))?,
    }
    w.place.set(w.event.waiters.borrow_mut().push(fut.clone()));
    w.on.set(fut.clone());
    w.stage.set(Stage::Future);
    vm.set_finalize(v, true);
    Ok(Resumed::Yield(fut))
}

/// Whether what the waiter yields now reaches the step of this task and nobody else.
fn steps(vm: &Vm, t: &Ref<Task>, v: &Value) -> bool {
    let coro = t.coro.get();
    coro.is(v) || vm.yields_to_resumer_of(&coro)
}

/// Leaves the queue and ends.
fn end(vm: &Vm, v: &Value, w: &EventWait) {
    let stage = w.stage.replace(Stage::Done);
    let on = w.on.replace(Value::NONE);
    match stage {
        Stage::Parked | Stage::Woken => leave(&w.event, w.place.get(), v),
        Stage::Future => leave(&w.event, w.place.get(), &on),
        Stage::New | Stage::Done => {}
    }
    vm.set_finalize(v, false);
}

/// Has a parked waiter rest on a future, which takes its place for the task and in the queue. Gives the future, or None
/// when it does not wait.
fn rest_on_future(vm: &Vm, v: &Value, w: &EventWait) -> Value {
    let stage = w.stage.get();
    if !matches!(stage, Stage::Parked | Stage::Woken) {
        return w.on.get();
    }
    let parked = w.on.get();
    let fut = future::new_future(vm, &w.event.event_loop.get());
    let (Some(t), Some(f)) = (parked.as_ref::<Task>(), data_of(&fut)) else {
        return Value::NONE;
    };
    if stage == Stage::Woken {
        f.result.set(Value::TRUE);
        f.state.set(State::Finished);
    } else {
        f.wake_first(t);
    }
    if t.waiting_for.get().is(v) {
        t.waiting_for.set(fut.clone());
    }
    let mut waiters = w.event.waiters.borrow_mut();
    let at = waiters.find(w.place.get(), v);
    let old = at.map(|at| std::mem::replace(&mut waiters.entries[at], fut.clone()));
    drop(waiters);
    drop(old);
    w.on.set(fut.clone());
    w.stage.set(Stage::Future);
    // Dropped while it waits, it leaves the queue.
    vm.set_finalize(v, true);
    fut
}

/// What Python sees of what a task waits for or what stands in the queue.
pub fn materialize_future(vm: &Vm, v: &Value) -> Value {
    match v.downcast::<EventWait>() {
        Some(w) => rest_on_future(vm, v, w),
        None => v.clone(),
    }
}

/// Whether this is a waiter that yielded itself to the task that it parks.
pub fn parks(v: &Value, t: &Ref<Task>) -> bool {
    v.downcast::<EventWait>()
        .is_some_and(|w| w.stage.get() == Stage::Parked && w.on.get().is(t.as_value()))
}

/// Ends the waiting from outside. The task, if it is parked still, stays on a future that nobody completes.
fn stop(vm: &Vm, v: &Value, w: &EventWait) {
    rest_on_future(vm, v, w);
    end(vm, v, w);
}

impl NativeCoroutine for EventWait {
    fn function(&self, _: &Vm) -> PyResult<Ref<Function>> {
        Ok(self.function.clone())
    }
    fn is_new(&self) -> bool {
        self.stage.get() == Stage::New
    }
    fn waits(&self) -> bool {
        !matches!(self.stage.get(), Stage::New | Stage::Done)
    }
    fn cr_suspended(vm: &Vm, v: &Value) -> PyResult<Value> {
        Ok(Value::bool(vm.this::<EventWait>(v)?.waits()))
    }
    fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
        send(vm, v, input)
    }
    fn throw(vm: &Vm, v: &Value, e: Exc) -> PyResult<Value> {
        let w = vm.this::<EventWait>(v)?;
        if w.stage.get() == Stage::Done {
            return Err(vm.runtime_error("cannot reuse already awaited coroutine"));
        }
        let frame = materialize_frame(vm, v, w, &Value::NONE)?;
        stop(vm, v, w);
        vm.traceback_resting(&frame, &e);
        Err(e)
    }
    fn close(vm: &Vm, v: &Value) -> PyResult<()> {
        stop(vm, v, vm.this::<EventWait>(v)?);
        Ok(())
    }
    fn cr_await(vm: &Vm, v: &Value) -> PyResult<Value> {
        let fut = rest_on_future(vm, v, vm.this::<EventWait>(v)?);
        if fut.is_none() {
            return Ok(fut);
        }
        match data_of(&fut) {
            Some(_) => future::iter::materialize_iter(vm, &fut),
            None => Ok(fut),
        }
    }
    fn cr_frame(vm: &Vm, v: &Value) -> PyResult<Value> {
        materialize_frame(vm, v, vm.this::<EventWait>(v)?, v)
    }
}

/// The frame of `wait`'s Python code, standing where the waiter stands; None when it has ended.
fn materialize_frame(vm: &Vm, v: &Value, w: &EventWait, owner: &Value) -> PyResult<Value> {
    let this = w.event.value();
    match w.stage.get() {
        Stage::Done => Ok(Value::NONE),
        Stage::New => vm.resting_frame(&w.function, owner, None, vec![this]),
        _ => {
            let fut = rest_on_future(vm, v, w);
            vm.resting_frame(&w.function, owner, Some(0), vec![this, fut])
        }
    }
}

/// Has calls of the class's `wait` make a waiter.
pub fn set_intrinsic(vm: &Vm, class: &Value) -> PyResult<()> {
    vm.set_coroutine_intrinsic(&vm.getattr_str(class, "wait")?, new_wait, set_already)?;
    let version = vm.this::<Type>(class)?.version();
    let old = aio(vm).own_event.replace((class.clone(), version));
    drop(old);
    Ok(())
}
