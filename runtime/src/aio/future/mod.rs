//! `Future` (CPython's Modules/_asynciomodule.c): a result that comes later. Who is told of it is `wakeup.rs`'s business.
pub mod iter;
pub mod python;

use super::data::{Future, FutureData, State, data_of, this};
use super::state::{aio, new_cancelled};
use lasti_core::{Exc, PyResult, Value, Vm};

pub fn new_future(vm: &Vm, event_loop: &Value) -> Value {
    vm.heap
        .alloc(
            &aio(vm).future_type,
            Future {
                data: FutureData::new(event_loop.clone()),
            },
        )
        .into()
}

/// The CancelledError a cancelled future raises.
pub fn cancelled(vm: &Vm, f: &FutureData) -> PyResult<Exc> {
    // The exception that a task ended with is raised as it is.
    let kept = f.exception();
    if !kept.is_none() && f.state.get() == State::Cancelled {
        f.put_exception(Value::NONE);
        return Ok(Exc(kept));
    }
    new_cancelled(vm, &f.cancel_msg())
}

pub fn invalid(vm: &Vm, msg: &str) -> PyResult<Exc> {
    let c = aio(vm).invalid_state_class(vm)?;
    Ok(Exc(vm.call(&c, &[vm.str_value(msg)])?))
}

/// `future.result()`.
pub fn result(vm: &Vm, v: &Value) -> PyResult<Value> {
    let f = this(vm, v)?;
    match f.state.get() {
        State::Cancelled => Err(cancelled(vm, f)?),
        State::Pending => Err(invalid(vm, "Result is not set.")?),
        State::Finished => {
            f.log_traceback.set(false);
            let e = f.exception();
            if e.is_none() {
                Ok(f.result.get())
            } else {
                Err(Exc(e))
            }
        }
    }
}

/// What `await` of a native future gives when it goes on.
pub fn awaited(vm: &Vm, v: &Value) -> PyResult<Value> {
    if data_of(v).is_some_and(|f| !f.done()) {
        return Err(vm.runtime_error("await wasn't used with future"));
    }
    result(vm, v)
}

/// `done()` of anything that tasks wait for.
pub fn is_done(vm: &Vm, v: &Value) -> PyResult<bool> {
    match data_of(v) {
        Some(f) => Ok(f.done()),
        None => vm.is_true(&vm.call_method(v, "done", &[])?),
    }
}

/// `cancelled()` of the same.
pub fn is_cancelled(vm: &Vm, v: &Value) -> PyResult<bool> {
    match data_of(v) {
        Some(f) => Ok(f.state.get() == State::Cancelled),
        None => vm.is_true(&vm.call_method(v, "cancelled", &[])?),
    }
}

/// A future to yield from a native awaitable.
pub fn new_blocking_future(vm: &Vm, event_loop: &Value) -> Value {
    let v = new_future(vm, event_loop);
    if let Some(f) = data_of(&v) {
        f.blocking.set(true);
    }
    v
}
