//! `Future.cancel` and `Task.cancel`.
use super::data::{State, Task, this};
use super::event;
use super::state::aio;
use super::wakeup::schedule_waiters;
use lasti_core::{Args, PyResult, Value, Vm};

/// `Future.cancel`: false when it is done.
pub fn cancel_future(vm: &Vm, v: &Value, msg: Value) -> PyResult<bool> {
    let f = this(vm, v)?;
    f.log_traceback.set(false);
    if f.done() {
        return Ok(false);
    }
    f.state.set(State::Cancelled);
    f.put_cancel_msg(msg);
    schedule_waiters(vm, v, f)?;
    Ok(true)
}

/// Cancels anything that is awaited: our own classes directly, others through their method.
pub fn cancel_any(vm: &Vm, v: &Value, msg: &Value) -> PyResult<bool> {
    // A `gather` descends to its children, which may wait for other ones.
    vm.guard_native_stack("")?;
    if v.downcast::<Task>().is_some() && vm.type_of(v).is(&aio(vm).task_type) {
        return cancel_task(vm, v, msg.clone());
    }
    if vm.type_of(v).is(&aio(vm).future_type) {
        return cancel_future(vm, v, msg.clone());
    }
    let cancel = vm.getattr_str(v, "cancel")?;
    let r = if msg.is_none() {
        vm.call(&cancel, &[])?
    } else {
        let names = [vm.str_value("msg")];
        vm.call_args(
            &cancel,
            Args {
                pos: &[],
                kw: std::slice::from_ref(msg),
                names: &names,
            },
        )?
    };
    vm.is_true(&r)
}

/// A task whose `cancel` is ours.
fn is_plain_task(vm: &Vm, v: &Value) -> bool {
    v.downcast::<Task>().is_some() && vm.type_of(v).is(&aio(vm).task_type)
}

/// `Task.cancel`. A chain of tasks that wait for each other is walked, not descended, so its length is free; a chain that
/// comes back to itself raises RecursionError.
pub fn cancel_task(vm: &Vm, v: &Value, msg: Value) -> PyResult<bool> {
    let mut v = v.clone();
    if vm.this::<Task>(&v)?.data.done() {
        vm.this::<Task>(&v)?.data.log_traceback.set(false);
        return Ok(false);
    }
    // Brent's search for a cycle: the mark moves on at each power of two.
    let mut mark = v.clone();
    let (mut steps, mut limit) = (0u64, 1u64);
    loop {
        let t = vm.this::<Task>(&v)?;
        t.data.log_traceback.set(false);
        t.data.cancelling.set(t.data.cancelling.get() + 1);
        let waiting = event::materialize_future(vm, &t.waiting_for.get());
        if !is_plain_task(vm, &waiting) {
            if !waiting.is_none() && cancel_any(vm, &waiting, &msg)? {
                // The future's cancellation wakes the task.
                return Ok(true);
            }
            break;
        }
        let next = vm.this::<Task>(&waiting)?;
        if next.data.done() {
            next.data.log_traceback.set(false);
            break;
        }
        if waiting.is(&mark) {
            return Err(
                vm.new_exception(&vm.exc.recursion_error, "maximum recursion depth exceeded")
            );
        }
        steps += 1;
        if steps == limit {
            mark = waiting.clone();
            (steps, limit) = (0, limit * 2);
        }
        v = waiting;
    }
    let t = vm.this::<Task>(&v)?;
    t.set_must_cancel(true);
    t.data.put_cancel_msg(msg);
    Ok(true)
}
