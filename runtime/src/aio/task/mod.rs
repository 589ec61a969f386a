//! `Task`: a future that drives a coroutine (CPython's Modules/_asynciomodule.c). Here is how one begins; `step.rs` drives it.
pub mod python;
pub mod step;

use super::data::{FutureData, Task, TaskFlags, data_of};
use super::event_loop::Loop;
use super::state::{aio, copy_context};
use super::trace;
use super::wakeup::step_function;
use lasti_core::objects::{GenKind, Generator, TypeFlags, WeakRef};
use lasti_core::{PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;

pub fn schedule_first(vm: &Vm, t: &Ref<Task>, l: &Value) -> PyResult<()> {
    match l.downcast::<Loop>() {
        Some(native) => {
            native.reserve_ready(vm)?;
            native.push_step(t.clone());
            Ok(())
        }
        None => {
            let f = step_function(vm, t, &Value::NONE);
            vm.call_method(l, "call_soon", &[f]).map(|_| ())
        }
    }
}

/// Whether a task can drive this.
pub fn is_coroutine(vm: &Vm, v: &Value) -> bool {
    if let Some(g) = v.downcast::<Generator>() {
        let iterable = lasti_bytecode::code::flags::ITERABLE_COROUTINE;
        return g.kind == GenKind::Coroutine
            || g.kind == GenKind::Generator && g.code_flags() & iterable != 0;
    }
    if vm.type_of(v).has(TypeFlags::COROUTINE) {
        return true;
    }
    // Anything of collections.abc.Coroutine's shape.
    let has = |n: &str| matches!(vm.lookup_attr(v, &vm.intern(n)), Ok(Some(_)));
    has("send") && has("throw") && has("close") && has("__await__")
}

/// A task of our own class over a coroutine.
pub fn new_task(vm: &Vm, l: &Value, coro: Value, name: Value, context: Value) -> PyResult<Value> {
    if !is_coroutine(vm, &coro) {
        return Err(vm.type_error(format!(
            "a coroutine was expected, got {}",
            vm.repr_string(&coro)?
        )));
    }
    let context = if context.is_none() || context.is_unbound() {
        copy_context(vm)?
    } else {
        context
    };
    let unnamed = name.is_none();
    let task = Task {
        data: FutureData::new(l.clone()),
        coro: Slot::new(coro),
        name: Slot::new(name),
        number: Cell::new(aio(vm).task_counter.get()),
        context: Slot::new(context),
        waiting_for: Slot::new(Value::NONE),
    };
    let t = vm.heap.alloc(&aio(vm).task_type, task);
    t.data.task.set(TaskFlags::LOG_DESTROY_PENDING, true);
    if unnamed {
        t.number.set(aio(vm).next_task_number());
    }
    let v = t.value();
    vm.set_finalize(&v, true);
    register(vm, &v)?;
    trace::created(vm, &t);
    schedule_first(vm, &t, l)?;
    Ok(v)
}

/// Notes a task for `all_tasks`. Those of other classes are held by weak references; the dead and finished among them are
/// swept when their list has doubled.
pub fn register(vm: &Vm, v: &Value) -> PyResult<()> {
    if let Some(t) = v.downcast::<Task>() {
        t.data.task.set(TaskFlags::LISTED, true);
        return Ok(());
    }
    let a = aio(vm);
    let w = vm.make_weakref(&vm.types.weakref, v, None)?;
    let mut tasks = a.foreign_tasks.borrow_mut();
    vm.push(&mut tasks, w)?;
    if tasks.len() >= a.sweep_at.get() {
        let all = std::mem::take(&mut *tasks);
        let alive = |w: &Ref<WeakRef>| {
            w.get()
                .is_some_and(|t| data_of(&t).is_none_or(|d| !d.done()))
        };
        let kept: Vec<_> = all.iter().filter(|w| alive(w)).cloned().collect();
        a.sweep_at.set((kept.len() * 2).max(64));
        *tasks = kept;
        drop(tasks);
        drop(all);
    }
    Ok(())
}
