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
//!
//! Each file names only those before it in this list: `data`, `locks/layout`, `state`, `handle`, `event_loop`, `event_loop/current`,
//! `handle/python`, `trace`, `wakeup`, `future`, `future/iter`, `coroutine`, `event`, `cancel`, `future/python`, `task`, `task/step`,
//! `task/python`, `gather`, `event_loop/python`, `event_loop/run`, `sleep`, `locks`, `module`. Where an earlier file has to call a later
//! one, it calls a function pointer in `state`.
mod cancel;
mod coroutine;
mod data;
mod event;
mod event_loop;
mod future;
mod gather;
mod handle;
mod locks;
mod module;
mod sleep;
mod state;
mod task;
mod trace;
mod wakeup;

pub use event_loop::Loop;
pub use future::new_blocking_future;
pub use state::aio;

use data::data_of;
use lasti_core::{PyResult, Slot, Value, Vm};
use state::Aio;
use std::cell::{Cell, RefCell};

/// Registers the modules, and how the state is made.
pub fn register(vm: &Vm) {
    vm.set_runtime_state(|vm| Box::new(make_state(vm)));
    module::register(vm);
}

fn make_state(vm: &Vm) -> Aio {
    crate::gil::per_thread(vm, |vm| &aio(vm).running);
    crate::gil::per_thread(vm, |vm| &aio(vm).current_task);
    let future_type = future::python::make_type(vm);
    let handle_type = handle::python::make_type(vm);
    Aio {
        task_type: task::python::make_type(vm, &future_type),
        gather_type: gather::make_type(vm, &future_type),
        future_type,
        timer_type: handle::python::make_timer_type(vm, &handle_type),
        handle_type,
        loop_type: event_loop::python::make_type(vm),
        sleep_type: coroutine::make_type::<sleep::Sleep>(vm),
        yield_once_type: sleep::make_yield_once_type(vm),
        sleep_function: Default::default(),
        future_iter_type: future::iter::make_iter_type(vm),
        event_type: event::make_type(vm),
        event_wait_type: coroutine::make_type::<event::EventWait>(vm),
        own_event: RefCell::new((Value::NONE, None)),
        acquire_type: coroutine::make_type::<locks::Acquire>(vm),
        lock_functions: Default::default(),
        layouts: Default::default(),
        step_call: task::step::step_call,
        gathered_call: gather::gathered_call,
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
}

/// Whether a native future is done; false for anything else.
pub fn is_done(v: &Value) -> bool {
    data_of(v).is_some_and(|f| f.done())
}

/// Whether this is a native future or task.
pub fn is_future(v: &Value) -> bool {
    data_of(v).is_some()
}

/// `future.result()` of a native future.
pub fn result_of(vm: &Vm, v: &Value) -> PyResult<Value> {
    future::result(vm, v)
}

/// The loop a future belongs to, or None.
pub fn loop_of(vm: &Vm, v: &Value) -> Value {
    match data_of(v) {
        Some(f) => f.event_loop.get(),
        None => vm.call_method(v, "get_loop", &[]).unwrap_or(Value::NONE),
    }
}

/// The running loop; RuntimeError when there is none.
pub fn running_loop(vm: &Vm) -> PyResult<Value> {
    event_loop::current::get_running_loop(vm)
}
