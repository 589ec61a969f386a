//! The payloads of Future, Task and the future of `gather` (CPython's Modules/_asynciomodule.c). They stand in one file because a future
//! leads to the tasks that wait for it. Nothing here schedules or calls anything.
use lasti_core::{Payload, PyResult, Ref, Slot, Value, Vm};
use smallvec::SmallVec;
use std::cell::{Cell, OnceCell, RefCell};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Pending,
    Cancelled,
    Finished,
}

/// Who is told when a future is done, in the order of asking.
#[derive(Clone)]
pub enum Waiter {
    /// A task that awaits it: woken by a direct step.
    Task(Ref<Task>),
    /// A gathering that counts it among its children.
    Gather(Ref<Gather>),
    Callback {
        callback: Value,
        context: Value,
    },
}

pub type Waiters = SmallVec<[Waiter; 1]>;

/// What Future and Task have in common. Tasks are parked by the hundred thousand, so what few of them have stands in a box.
pub struct FutureData {
    pub event_loop: Slot,
    pub result: Slot,
    /// The task or gathering that asked first, or None. Callbacks are among the further waiters.
    pub first: Slot,
    rare: OnceCell<Box<Rare>>,
    pub state: Cell<State>,
    /// `_asyncio_future_blocking`.
    pub blocking: Cell<bool>,
    /// The exception was set and nobody looked at it yet.
    pub log_traceback: Cell<bool>,
    /// Flags of a task. They stand here because this struct has bytes left, and `Task` has not.
    pub task: TaskFlags,
    pub cancelling: Cell<u32>,
}

#[derive(Default)]
pub struct TaskFlags(Cell<u8>);

impl TaskFlags {
    pub const MUST_CANCEL: u8 = 1;
    pub const LOG_DESTROY_PENDING: u8 = 2;
    /// For `all_tasks`, until it is done.
    pub const LISTED: u8 = 4;

    pub fn get(&self, bit: u8) -> bool {
        self.0.get() & bit != 0
    }
    pub fn set(&self, bit: u8, on: bool) {
        let rest = self.0.get() & !bit;
        self.0.set(if on { rest | bit } else { rest });
    }
}

/// What a future that is cancelled, fails or has callbacks needs besides.
struct Rare {
    exception: Slot,
    cancel_msg: Slot,
    /// Those who asked after the first.
    waiters: RefCell<Waiters>,
}

impl FutureData {
    pub fn new(event_loop: Value) -> FutureData {
        FutureData {
            event_loop: Slot::new(event_loop),
            result: Slot::new(Value::NONE),
            first: Slot::new(Value::NONE),
            rare: OnceCell::new(),
            state: Cell::new(State::Pending),
            blocking: Cell::new(false),
            log_traceback: Cell::new(false),
            task: TaskFlags::default(),
            cancelling: Cell::new(0),
        }
    }
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(|| {
            Box::new(Rare {
                exception: Slot::new(Value::NONE),
                cancel_msg: Slot::new(Value::NONE),
                waiters: RefCell::default(),
            })
        })
    }
    /// As new: pending, with nobody who waits.
    pub fn reset(&self) {
        let waiters = self.take_waiters();
        let old = [self.result.replace(Value::NONE), self.exception()];
        self.put_exception(Value::NONE);
        self.put_cancel_msg(Value::NONE);
        self.state.set(State::Pending);
        self.blocking.set(false);
        self.log_traceback.set(false);
        drop((waiters, old));
    }
    /// The exception it ended with, or None.
    pub fn exception(&self) -> Value {
        self.rare.get().map_or(Value::NONE, |r| r.exception.get())
    }
    pub fn put_exception(&self, e: Value) {
        if !e.is_none() || self.rare.get().is_some() {
            self.rare().exception.set(e);
        }
    }
    pub fn cancel_msg(&self) -> Value {
        self.rare.get().map_or(Value::NONE, |r| r.cancel_msg.get())
    }
    pub fn put_cancel_msg(&self, msg: Value) {
        if !msg.is_none() || self.rare.get().is_some() {
            self.rare().cancel_msg.set(msg);
        }
    }
    /// Makes sure that there is memory for one waiter more.
    pub fn reserve_waiter(&self, vm: &Vm) -> PyResult<()> {
        let Some(r) = self.rare.get() else {
            return Ok(());
        };
        let mut waiters = r.waiters.borrow_mut();
        if waiters.len() == waiters.capacity() {
            // What the reserve gives is for those who cannot be told.
            vm.check_memory()?;
            waiters.try_reserve(1).map_err(|_| vm.memory_error())?;
        }
        Ok(())
    }
    pub fn push_waiter(&self, w: Waiter) {
        let further = self
            .rare
            .get()
            .is_some_and(|r| !r.waiters.borrow().is_empty());
        match w {
            Waiter::Task(t) if !further && self.first.get().is_none() => self.first.set(t.into()),
            Waiter::Gather(g) if !further && self.first.get().is_none() => self.first.set(g.into()),
            w => {
                let mut waiters = self.rare().waiters.borrow_mut();
                waiters.push(w);
            }
        }
    }
    /// Makes a task the one that waits for a new future.
    pub fn wake_first(&self, t: &Ref<Task>) {
        self.first.set(t.value());
    }
    pub fn first_waiter(v: Value) -> Option<Waiter> {
        if let Some(t) = v.as_ref::<Task>() {
            return Some(Waiter::Task(t.clone()));
        }
        v.as_ref::<Gather>().map(|g| Waiter::Gather(g.clone()))
    }
    /// Who waits, in the order of asking.
    pub fn waiters(&self) -> Waiters {
        let further = self.rare.get().map(|r| r.waiters.borrow().clone());
        let first = FutureData::first_waiter(self.first.get());
        first
            .into_iter()
            .chain(further.unwrap_or_default())
            .collect()
    }
    pub fn take_waiters(&self) -> Waiters {
        let first = FutureData::first_waiter(self.first.replace(Value::NONE));
        let further = self.rare.get().map(|r| r.waiters.take());
        match (first, further) {
            (None, further) => further.unwrap_or_default(),
            (Some(w), further) => std::iter::once(w)
                .chain(further.unwrap_or_default())
                .collect(),
        }
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.event_loop, &self.result, &self.first] {
            s.visit(visit);
        }
        let Some(r) = self.rare.get() else { return };
        r.exception.visit(visit);
        r.cancel_msg.visit(visit);
        for w in r.waiters.borrow().iter() {
            match w {
                Waiter::Task(t) => visit(t.as_value()),
                Waiter::Gather(g) => visit(g.as_value()),
                Waiter::Callback { callback, context } => {
                    visit(callback);
                    visit(context);
                }
            }
        }
    }
    pub fn clear(&self) {
        self.result.set(Value::NONE);
        self.first.set(Value::NONE);
        if let Some(r) = self.rare.get() {
            let waiters = r.waiters.take();
            drop(waiters);
            r.exception.set(Value::NONE);
            r.cancel_msg.set(Value::NONE);
        }
    }
    /// Whether it has no more than the first waiter, which is nearly always so.
    pub fn has_one_waiter(&self) -> bool {
        self.rare.get().is_none()
    }
    pub fn done(&self) -> bool {
        self.state.get() != State::Pending
    }
}

pub struct Future {
    pub data: FutureData,
}

impl Payload for Future {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Future";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.data.traverse(visit);
    }
    fn clear(&self) {
        self.data.clear();
    }
}

/// The future behind a Future or a Task.
#[inline]
pub fn data_of(v: &Value) -> Option<&FutureData> {
    v.downcast::<Task>()
        .map(|t| &t.data)
        .or_else(|| v.downcast::<Future>().map(|f| &f.data))
        .or_else(|| v.downcast::<Gather>().map(|g| &g.data))
}

pub fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a FutureData> {
    data_of(v).ok_or_else(|| vm.type_error("a Future is required"))
}

pub struct Task {
    pub data: FutureData,
    pub coro: Slot,
    /// None until somebody asks.
    pub name: Slot,
    /// The number in the name, if it is not given one; tasks are listed in this order.
    pub number: Cell<u64>,
    pub context: Slot,
    /// The future it waits for, the waiter of an event, or None.
    pub waiting_for: Slot,
}

// With the header, a block of 96 bytes.
const _: () = assert!(size_of::<Task>() <= 80);

impl Payload for Task {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Task";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.data.traverse(visit);
        for s in [&self.coro, &self.name, &self.context, &self.waiting_for] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        self.data.clear();
        for s in [&self.coro, &self.name, &self.context, &self.waiting_for] {
            s.set(Value::NONE);
        }
    }
}

impl Task {
    pub fn must_cancel(&self) -> bool {
        self.data.task.get(TaskFlags::MUST_CANCEL)
    }
    pub fn set_must_cancel(&self, on: bool) {
        self.data.task.set(TaskFlags::MUST_CANCEL, on);
    }
}

/// What `gather` returns: cancelling it cancels its children, and it is done when they are.
pub struct Gather {
    pub data: FutureData,
    pub children: RefCell<Vec<Value>>,
    /// How many different ones there are, and how many of them are done.
    pub expected: Cell<usize>,
    pub finished: Cell<usize>,
    pub return_exceptions: Cell<bool>,
    pub cancel_requested: Cell<bool>,
}

impl Payload for Gather {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_GatheringFuture";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.data.traverse(visit);
        self.children.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        self.data.clear();
        let children = self.children.take();
        drop(children);
    }
}
