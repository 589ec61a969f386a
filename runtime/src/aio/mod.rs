//! The event loop and what it runs: native Future, Task, Handle, TimerHandle and loop behind the `asyncio` package.
//!
//! `_asyncio` is the module that the library's own asyncio files import; `_lasti_loop` holds the loop. What the overlay of
//! `asyncio/__init__.py` does not have itself comes from the library crate's files, which run on these classes. The light files of the
//! overlay (`events`, `futures`, `coroutines`, `tasks`, `locks`) take what they lack from the library's, frozen as
//! `asyncio._library_NAME`. The library's selector loop lends its socket and server methods to the native loop
//! (`asyncio/_lasti_net.py`).
//!
//! A parked task is three blocks: the task (96 bytes), its coroutine with the frame inside (144 and more), and what it waits with.
//! Fields that few tasks, futures or generators have stand in a box (`Rare`). `all_tasks` looks through the blocks of a task's size
//! instead of keeping a list.
mod event;
mod event_loop;
mod future;
mod gather;
mod handle;
mod locks;
mod module;
mod sleep;
mod task;
mod trace;
mod waiter;

pub use event_loop::Loop;
pub use task::Task;

use lasti_core::objects::Type;
use lasti_core::{PyResult, Ref, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;

/// What the loop keeps with the interpreter.
pub struct Aio {
    pub future_type: Ref<Type>,
    pub task_type: Ref<Type>,
    pub gather_type: Ref<Type>,
    pub handle_type: Ref<Type>,
    pub timer_type: Ref<Type>,
    pub loop_type: Ref<Type>,
    pub sleeps: sleep::Sleeps,
    pub future_iter_type: Ref<Type>,
    pub event_type: Ref<Type>,
    pub event_wait_type: Ref<Type>,
    /// `asyncio.Event` and its version when it was made.
    pub own_event: RefCell<(Value, Option<NonZeroU32>)>,
    pub locks: locks::Locks,
    /// Version of a loop class that leaves the native methods alone.
    pub plain_loop_version: Cell<Option<NonZeroU32>>,
    /// The loop that runs in this thread, or None.
    pub running: Slot,
    /// The loop set by `set_event_loop`.
    pub current: Slot,
    /// The task that runs, or None.
    pub current_task: Slot,
    /// Weak references to tasks of other classes.
    pub foreign_tasks: RefCell<Vec<Ref<lasti_core::objects::WeakRef>>>,
    pub sweep_at: Cell<usize>,
    pub task_counter: Cell<u64>,
    pub cancelled_error: Slot,
    pub invalid_state: Slot,
}

/// The state, made on first use.
pub fn aio(vm: &Vm) -> &Aio {
    vm.runtime_state(|| {
        crate::gil::per_thread(vm, |vm| &aio(vm).running);
        crate::gil::per_thread(vm, |vm| &aio(vm).current_task);
        Aio {
            future_type: future::make_type(vm),
            task_type: Ref::clone(&vm.types.object),
            gather_type: Ref::clone(&vm.types.object),
            handle_type: handle::make_type(vm),
            timer_type: Ref::clone(&vm.types.object),
            loop_type: event_loop::make_type(vm),
            sleeps: sleep::Sleeps::new(vm),
            future_iter_type: future::make_iter_type(vm),
            event_type: event::make_type(vm),
            event_wait_type: waiter::make_type::<event::EventWait>(vm),
            own_event: RefCell::new((Value::NONE, None)),
            locks: locks::Locks::new(vm),
            plain_loop_version: Cell::new(None),
            running: Slot::new(Value::NONE),
            current: Slot::new(Value::NONE),
            current_task: Slot::new(Value::NONE),
            foreign_tasks: RefCell::default(),
            sweep_at: Cell::new(64),
            task_counter: Cell::new(0),
            cancelled_error: Slot::empty(),
            invalid_state: Slot::empty(),
        }
        .with_task(vm)
    })
}

impl Aio {
    fn with_task(mut self, vm: &Vm) -> Aio {
        self.timer_type = handle::make_timer_type(vm, &self.handle_type);
        self.task_type = task::make_type(vm, &self.future_type);
        self.gather_type = gather::make_type(vm, &self.future_type);
        self
    }

    /// `asyncio.CancelledError`.
    pub fn cancelled_class(&self, vm: &Vm) -> PyResult<Value> {
        class_of(vm, &self.cancelled_error, "CancelledError")
    }
    /// `asyncio.InvalidStateError`.
    pub fn invalid_state_class(&self, vm: &Vm) -> PyResult<Value> {
        class_of(vm, &self.invalid_state, "InvalidStateError")
    }
}

fn class_of(vm: &Vm, slot: &Slot, name: &str) -> PyResult<Value> {
    if let Some(c) = slot.get_bound() {
        return Ok(c);
    }
    let m = vm.import("asyncio.exceptions")?;
    let c = vm.getattr_str(&m, name)?;
    slot.set(c.clone());
    Ok(c)
}

/// A new CancelledError with the cancel message.
pub fn new_cancelled(vm: &Vm, msg: &Value) -> PyResult<lasti_core::Exc> {
    let c = aio(vm).cancelled_class(vm)?;
    let args: &[Value] = if msg.is_none() || msg.is_unbound() {
        &[]
    } else {
        std::slice::from_ref(msg)
    };
    Ok(lasti_core::Exc(vm.call(&c, args)?))
}

/// Whether an exception is a CancelledError.
pub fn is_cancelled(vm: &Vm, e: &lasti_core::Exc) -> bool {
    let Ok(c) = aio(vm).cancelled_class(vm) else {
        return false;
    };
    c.as_ref::<Type>().is_some_and(|t| vm.is_instance(&e.0, t))
}

/// A copy of the current context for a callback or task; unbound while nobody used context variables.
pub fn copy_context(vm: &Vm) -> PyResult<Value> {
    if vm.context.is_unbound() {
        return Ok(Value::UNBOUND);
    }
    let current = vm.context.get();
    vm.call_method(&current, "copy", &[])
}

/// Whether a native future is done; false for anything else.
pub fn is_done(v: &Value) -> bool {
    future::data_of(v).is_some_and(|f| f.done())
}

/// Whether this is a native future or task.
pub fn is_future(v: &Value) -> bool {
    future::data_of(v).is_some()
}

/// `future.result()` of a native future.
pub fn result_of(vm: &Vm, v: &Value) -> PyResult<Value> {
    future::result(vm, v)
}

/// The loop a future belongs to, or None.
pub fn loop_of(vm: &Vm, v: &Value) -> Value {
    match future::data_of(v) {
        Some(f) => f.event_loop.get(),
        None => vm.call_method(v, "get_loop", &[]).unwrap_or(Value::NONE),
    }
}

/// The running loop; RuntimeError when there is none.
pub fn running_loop(vm: &Vm) -> PyResult<Value> {
    event_loop::get_running_loop(vm)
}

/// A future to yield from a native awaitable.
pub fn new_blocking_future(vm: &Vm, event_loop: &Value) -> Value {
    let v = future::new_future(vm, event_loop);
    if let Some(f) = future::data_of(&v) {
        f.blocking.set(true);
    }
    v
}

pub use module::register;
