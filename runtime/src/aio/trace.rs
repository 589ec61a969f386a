//! `tracing` events of the scheduler. `LASTI_LOG=FILTER` prints them; an embedding program has a subscriber of its own.
//!
//! | target | level | event and fields |
//! |---|---|---|
//! | `lasti::task` | debug | `created` task, coro; `finished` task, outcome (`result`, `exception`, `cancelled`), exception (class) |
//! | `lasti::task` | trace | span `step` task, around one step; `stepped` task, took_us; `waiting` task, on (a task's name, a future's class, or `next round`); `woken` task, by |
//! | `lasti::loop` | debug | `running`, `stopped`, `closed` |
//! | `lasti::loop` | warn | `slow callback` what, took_ms (100 ms and more); `late timer` late_ms (100 ms and more); `cannot wake the loop` error |
//! | `lasti::poll` | trace | `polled` found (descriptors), woken |
//! | `lasti::embed` | trace | `polled a Rust future` future, ready |
//! | `lasti::embed` | warn | `cannot wait for the loop` error |
//!
//! A task is named by its name. While nobody listens, each place costs one relaxed load: a `sleep(0)` switch took 208 ns with the
//! checks and 208 ns without (measured before 006d02b).
//!
//! Every caller asks [`tasks`] or [`callbacks`] first, which is one relaxed load while nobody listens, and only then are names
//! and times put together. Nothing here runs Python.
#![forbid(unsafe_code)]

use super::data::Task;
use crate::host::clock;
use crate::reactor::{Clock, NANOS_PER_MILLI};
use lasti_core::objects::{Function, Generator, NativeFunction, Str, TypeFlags};
use lasti_core::{Ref, Value, Vm};
use tracing::Level;
use tracing::span::EnteredSpan;

/// A callback that takes this long holds up the loop (asyncio's `slow_callback_duration`), in nanoseconds.
const SLOW: u64 = 100 * NANOS_PER_MILLI;
/// A timer that fires this much after its deadline is told of.
const LATE: u64 = 100 * NANOS_PER_MILLI;

/// Whether somebody listens to single steps of tasks.
#[inline(always)]
pub fn tasks() -> bool {
    tracing::enabled!(target: "lasti::task", Level::TRACE)
}

/// Whether somebody wants to hear of slow callbacks and late timers.
#[inline(always)]
pub fn callbacks() -> bool {
    tracing::enabled!(target: "lasti::loop", Level::WARN)
}

fn text(v: &Value) -> Option<String> {
    v.downcast::<Str>()
        .map(|s| s.to_string_lossy().into_owned())
}

fn name(t: &Task) -> String {
    text(&t.name.get()).unwrap_or_else(|| format!("Task-{}", t.number.get()))
}

/// What somebody waits for: a task by its name, anything else by its class.
fn waited(vm: &Vm, v: &Value) -> String {
    match v.downcast::<Task>() {
        Some(t) => name(t),
        // A waiter stands for the future that it would be seen as.
        None if vm.type_of(v).has(TypeFlags::COROUTINE) => "Future".to_owned(),
        None => vm.type_name(v),
    }
}

fn coroutine(vm: &Vm, v: &Value) -> String {
    let own = v.downcast::<Generator>().map(|g| g.qualified_name());
    let waits = vm.type_of(v).has(TypeFlags::COROUTINE);
    let wait = || vm.getattr_str(v, "__qualname__").ok();
    own.or_else(|| waits.then(wait).flatten())
        .and_then(|name| text(&name))
        .unwrap_or_else(|| vm.type_name(v))
}

#[inline]
pub fn created(vm: &Vm, t: &Ref<Task>) {
    if tracing::enabled!(target: "lasti::task", Level::DEBUG) {
        tracing::debug!(target: "lasti::task", task = name(t), coro = coroutine(vm, &t.coro.get()), "created");
    }
}

/// The span of one step, with the time it began.
pub struct Step {
    // Left before the event that ends it is printed: the event stands beside the step.
    span: Option<EnteredSpan>,
    task: String,
    began: u64,
}

#[cold]
pub fn step(t: &Ref<Task>) -> Step {
    let task = name(t);
    let span = tracing::trace_span!(target: "lasti::task", "step", task);
    Step {
        span: Some(span.entered()),
        task,
        began: clock().now(),
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.span = None;
        let took_us = clock().now().saturating_sub(self.began) / 1000;
        tracing::trace!(target: "lasti::task", task = self.task, took_us, "stepped");
    }
}

#[cold]
pub fn waiting(vm: &Vm, t: &Ref<Task>, on: &Value) {
    let on = if on.is_none() {
        "next round".to_owned()
    } else {
        waited(vm, on)
    };
    tracing::trace!(target: "lasti::task", task = name(t), on, "waiting");
}

#[cold]
pub fn woken(vm: &Vm, t: &Ref<Task>, by: &Value) {
    tracing::trace!(target: "lasti::task", task = name(t), by = waited(vm, by), "woken");
}

#[inline]
pub fn finished(vm: &Vm, t: &Ref<Task>, outcome: &str, exception: Option<&Value>) {
    if tracing::enabled!(target: "lasti::task", Level::DEBUG) {
        let exception = exception.map(|e| vm.type_name(e));
        tracing::debug!(target: "lasti::task", task = name(t), outcome, exception, "finished");
    }
}

/// Tells of a callback or step that began at this time, if it took long.
#[cold]
pub fn took(what: impl FnOnce() -> String, began: u64) {
    let took = clock().now().saturating_sub(began);
    if took >= SLOW {
        tracing::warn!(target: "lasti::loop", what = what(), took_ms = took / NANOS_PER_MILLI, "slow callback");
    }
}

/// What a handle would call.
pub fn callback_name(vm: &Vm, handle: &Value) -> String {
    let Some(h) = super::handle::handle_of(handle) else {
        return vm.type_name(handle);
    };
    let f = h.callback.get();
    let function = f
        .downcast::<Function>()
        .and_then(|f| text(&f.qualname.get()));
    let native = f
        .downcast::<NativeFunction>()
        .map(|n| n.name.to_string_lossy().into_owned());
    function.or(native).unwrap_or_else(|| vm.type_name(&f))
}

pub fn task_name(t: &Task) -> String {
    name(t)
}

#[inline]
pub fn timer(deadline: u64, now: u64) {
    let late = now.saturating_sub(deadline);
    if late >= LATE {
        tracing::warn!(target: "lasti::loop", late_ms = late / NANOS_PER_MILLI, "late timer");
    }
}
