//! What the loop keeps with the interpreter: its types, the running loop and task, and caches.
use super::locks::layout::LayoutCache;
use lasti_core::objects::{Function, PlainFn, Type, WeakRef};
use lasti_core::{Exc, PyResult, Ref, RefSlot, Slot, Value, Vm};
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
    pub sleep_type: Ref<Type>,
    pub yield_once_type: Ref<Type>,
    /// `asyncio.sleep`, for what is shown.
    pub sleep_function: RefSlot<Function>,
    pub future_iter_type: Ref<Type>,
    pub event_type: Ref<Type>,
    pub event_wait_type: Ref<Type>,
    /// `asyncio.Event` and its version when it was made.
    pub own_event: RefCell<(Value, Option<NonZeroU32>)>,
    pub acquire_type: Ref<Type>,
    /// The functions of [`super::locks`], for what is shown.
    pub lock_functions: [RefSlot<Function>; 6],
    pub layouts: LayoutCache,
    /// What a loop that is not ours calls for a step of a task. Its `__self__` is a tuple of the task and what it waited for.
    pub step_call: PlainFn,
    /// The same for a child of a gathering that is done: a tuple of the gathering and the child.
    pub gathered_call: PlainFn,
    /// Version of a loop class that leaves the native methods alone.
    pub plain_loop_version: Cell<Option<NonZeroU32>>,
    /// The loop that runs in this thread, or None.
    pub running: Slot,
    /// The loop set by `set_event_loop`.
    pub current: Slot,
    /// The task that runs, or None.
    pub current_task: Slot,
    /// Weak references to tasks of other classes.
    pub foreign_tasks: RefCell<Vec<Ref<WeakRef>>>,
    pub sweep_at: Cell<usize>,
    pub task_counter: Cell<u64>,
    pub cancelled_error: Slot,
    pub invalid_state: Slot,
}

/// The state, made on first use by what [`super::register`] left.
#[inline]
pub fn aio(vm: &Vm) -> &Aio {
    vm.runtime_state()
}

impl Aio {
    /// `asyncio.CancelledError`.
    pub fn cancelled_class(&self, vm: &Vm) -> PyResult<Value> {
        class_of(vm, &self.cancelled_error, "CancelledError")
    }
    /// `asyncio.InvalidStateError`.
    pub fn invalid_state_class(&self, vm: &Vm) -> PyResult<Value> {
        class_of(vm, &self.invalid_state, "InvalidStateError")
    }
    /// The number of the next task that is given no name.
    pub fn next_task_number(&self) -> u64 {
        self.task_counter.set(self.task_counter.get() + 1);
        self.task_counter.get()
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
pub fn new_cancelled(vm: &Vm, msg: &Value) -> PyResult<Exc> {
    let c = aio(vm).cancelled_class(vm)?;
    let args: &[Value] = if msg.is_none() || msg.is_unbound() {
        &[]
    } else {
        std::slice::from_ref(msg)
    };
    Ok(Exc(vm.call(&c, args)?))
}

/// Whether an exception is a CancelledError.
pub fn is_cancelled(vm: &Vm, e: &Exc) -> bool {
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
