//! `Handle` and `TimerHandle` (CPython's asyncio/events.py): the payloads.
pub mod python;

use super::state::aio;
use crate::reactor::Scheduled;
use lasti_core::{Payload, Ref, Slot, Value, Vm};
use std::cell::Cell;

/// A callback the loop will call once.
pub struct Handle {
    pub callback: Slot,
    /// Tuple of arguments.
    pub args: Slot,
    pub context: Slot,
    pub event_loop: Slot,
    pub cancelled: Cell<bool>,
    /// A timer's: whether it is among the loop's timers. It stands here because a Handle has bytes left.
    pub scheduled: Cell<bool>,
    /// If set, `callback` holds a Future and `args` its result: firing completes the future.
    pub completes: bool,
}

impl Payload for Handle {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Handle";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.callback, &self.args, &self.context, &self.event_loop] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        for s in [&self.callback, &self.args, &self.context, &self.event_loop] {
            s.set(Value::NONE);
        }
    }
}

/// A handle with a deadline.
pub struct Timer {
    pub handle: Handle,
    /// Seconds, as the caller gave it.
    pub when: f64,
}

// With the header, one line of the cache: a timer is looked at when it is far from any.
const _: () = assert!(size_of::<Timer>() <= 48);

impl Scheduled for Ref<Timer> {
    fn is_cancelled(&self) -> bool {
        self.handle.cancelled.get()
    }
    fn unscheduled(&self) {
        self.handle.scheduled.set(false);
    }
    fn prefetch(&self) {
        self.as_value().prefetch();
    }
}

impl Payload for Timer {
    const CONTAINER: bool = true;
    const NAME: &'static str = "TimerHandle";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.handle.traverse(visit);
    }
    fn clear(&self) {
        self.handle.clear();
    }
}

/// The handle behind either class.
pub fn handle_of(v: &Value) -> Option<&Handle> {
    v.downcast::<Handle>()
        .or_else(|| v.downcast::<Timer>().map(|t| &t.handle))
}

/// Drops what the timers of a loop gave up. They can be many, and anywhere in memory.
pub fn drop_timers(timers: Vec<Ref<Timer>>) {
    let mut timers = timers.into_iter();
    while let Some(t) = timers.next() {
        if let Some(soon) = timers.as_slice().get(8) {
            soon.prefetch();
        }
        drop(t);
    }
}

/// A handle for a loop.
pub fn new_handle(
    vm: &Vm,
    event_loop: &Value,
    callback: Value,
    args: Vec<Value>,
    context: Value,
) -> Value {
    let h = Handle {
        callback: Slot::new(callback),
        args: Slot::new(vm.new_tuple(args).into()),
        context: Slot::new(context),
        event_loop: Slot::new(event_loop.clone()),
        cancelled: Cell::new(false),
        scheduled: Cell::new(false),
        completes: false,
    };
    vm.heap.alloc(&aio(vm).handle_type, h).into()
}
