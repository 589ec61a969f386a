//! How a future that is done wakes those who wait for it.
use super::data::{FutureData, Gather, State, Task, Waiter, data_of, this};
use super::event_loop::Loop;
use super::handle::new_handle;
use super::state::aio;
use super::trace;
use lasti_core::objects::NativeKind;
use lasti_core::{Args, PyResult, Ref, Value, Vm};

/// Sets the result of a pending future and tells its waiters.
pub fn set_result(vm: &Vm, v: &Value, x: Value) -> PyResult<()> {
    let f = this(vm, v)?;
    f.result.set(x);
    f.state.set(State::Finished);
    schedule_waiters(vm, v, f)
}

/// Sets the exception of a pending future and tells its waiters.
pub fn set_exception(vm: &Vm, v: &Value, e: Value) -> PyResult<()> {
    let f = this(vm, v)?;
    f.put_exception(e);
    f.state.set(State::Finished);
    f.log_traceback.set(true);
    vm.set_finalize(v, true);
    schedule_waiters(vm, v, f)
}

/// `set_result` of the same, which is pending.
pub fn set_any_result(vm: &Vm, v: &Value, x: Value) -> PyResult<()> {
    match data_of(v) {
        Some(_) => set_result(vm, v, x),
        None => vm.call_method(v, "set_result", &[x]).map(|_| ()),
    }
}

/// `add_done_callback`.
pub fn add_callback(vm: &Vm, v: &Value, callback: Value, context: Value) -> PyResult<()> {
    add_waiter(vm, v, Waiter::Callback { callback, context })
}

/// Adds a waiter, or schedules it at once when the future is done.
pub fn add_waiter(vm: &Vm, v: &Value, w: Waiter) -> PyResult<()> {
    let f = this(vm, v)?;
    if f.done() {
        let l = f.event_loop.get();
        return schedule_waiter(vm, &l, v, w);
    }
    f.reserve_waiter(vm)?;
    f.push_waiter(w);
    Ok(())
}

pub fn schedule_waiters(vm: &Vm, v: &Value, f: &FutureData) -> PyResult<()> {
    if f.has_one_waiter() {
        // At most one waiter, as nearly always.
        return match FutureData::first_waiter(f.first.replace(Value::NONE)) {
            None => Ok(()),
            Some(w) => schedule_waiter(vm, &f.event_loop.get(), v, w),
        };
    }
    let waiters = f.take_waiters();
    if waiters.is_empty() {
        return Ok(());
    }
    let l = f.event_loop.get();
    for w in waiters {
        schedule_waiter(vm, &l, v, w)?;
    }
    Ok(())
}

fn schedule_waiter(vm: &Vm, l: &Value, v: &Value, w: Waiter) -> PyResult<()> {
    match w {
        Waiter::Task(t) => wake_task(vm, t, v),
        Waiter::Gather(g) => match l.downcast::<Loop>() {
            Some(native) => {
                native.push_gathered(g, v.clone());
                Ok(())
            }
            None => {
                let f = gathered_function(vm, &g, v);
                vm.call_method(l, "call_soon", &[f]).map(|_| ())
            }
        },
        Waiter::Callback { callback, context } => match l.downcast::<Loop>() {
            Some(native) => {
                let h = new_handle(vm, l, callback, vec![v.clone()], context);
                native.push_handle(h);
                Ok(())
            }
            None => {
                let call_soon = vm.getattr_str(l, "call_soon")?;
                let all = [
                    callback,
                    v.clone(),
                    if context.is_unbound() {
                        Value::NONE
                    } else {
                        context
                    },
                ];
                let names = [vm.str_value("context")];
                vm.call_args(&call_soon, Args::split(&all, &names))
                    .map(|_| ())
            }
        },
    }
}

/// Schedules the wake-up of a task by what it waits for.
pub fn wake_task(vm: &Vm, t: Ref<Task>, by: &Value) -> PyResult<()> {
    if trace::tasks() {
        trace::woken(vm, &t, by);
    }
    let target = t.data.event_loop.get();
    match target.downcast::<Loop>() {
        Some(native) => native.push_wakeup(t),
        None => {
            // A loop that is not ours: wake through its call_soon.
            let step = step_function(vm, &t, by);
            vm.call_method(&target, "call_soon", &[step])?;
        }
    }
    Ok(())
}

/// A Python function that steps or wakes a task, for loops and futures of others.
pub fn step_function(vm: &Vm, t: &Ref<Task>, fut: &Value) -> Value {
    // What it needs is its `__self__`, where the collector sees it.
    let me = vm.tuple_value([t.value(), fut.clone()]);
    let kind = NativeKind::Plain(aio(vm).step_call);
    vm.new_native("TaskStepMethWrapper", "", kind, me, Value::NONE)
}

/// The same for a child of a gathering that is done.
pub fn gathered_function(vm: &Vm, g: &Ref<Gather>, child: &Value) -> Value {
    let me = vm.tuple_value([g.value(), child.clone()]);
    let kind = NativeKind::Plain(aio(vm).gathered_call);
    vm.new_native("_done_callback", "", kind, me, Value::NONE)
}
