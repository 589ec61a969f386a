//! One step of a task's coroutine, and what its yields mean (CPython's `task_step_impl`).
use super::schedule_first;
use crate::aio::cancel::{cancel_any, cancel_future};
use crate::aio::data::{State, Task, TaskFlags, Waiter, data_of};
use crate::aio::event_loop::Loop;
use crate::aio::state::{aio, is_cancelled, new_cancelled};
use crate::aio::wakeup::{add_waiter, set_exception, set_result};
use crate::aio::{event, future, trace};
use lasti_core::objects::{Generator, NativeKind, Tuple};
use lasti_core::{Args, Exc, PyResult, Ref, Resume, Resumed, Stepped, Value, Vm};

/// Wakes a task because what it waited for is done.
pub fn wakeup(vm: &Vm, t: &Ref<Task>, fut: &Value) -> PyResult<()> {
    if fut.is_none() || fut.downcast::<event::EventWait>().is_some() {
        // Woken by its event; there is no result to look at.
        return step(vm, t, None);
    }
    let error = match data_of(fut) {
        // Our own future: the coroutine itself takes the result out when it goes on.
        Some(f) => match f.state.get() {
            State::Finished if f.exception().is_none() => None,
            _ => future::result(vm, fut).err(),
        },
        None => vm.call_method(fut, "result", &[]).err(),
    };
    step(vm, t, error)
}

/// One step of the coroutine: resumes it, and acts on what comes back.
pub fn step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    if t.data.done() {
        let error = error.map_or(Value::NONE, |e| e.0);
        let text = format!(
            "__step(): already done: {} {}",
            vm.repr_string(t.as_value())?,
            vm.repr_string(&error)?
        );
        let class = aio(vm).invalid_state_class(vm)?;
        return Err(Exc(vm.call(&class, &[vm.str_value(&text)])?));
    }
    let mut error = error;
    if t.must_cancel() {
        if !error.as_ref().is_some_and(|e| is_cancelled(vm, e)) {
            error = Some(new_cancelled(vm, &t.data.cancel_msg())?);
        }
        t.set_must_cancel(false);
    }
    if trace::tasks() {
        return traced_step(vm, t, error);
    }
    run_step(vm, t, error)
}

#[cold]
fn traced_step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    let _span = trace::step(t);
    run_step(vm, t, error)
}

#[inline]
fn run_step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    t.waiting_for.set(Value::NONE);
    let a = aio(vm);
    let outer_task = a.current_task.replace(t.value());
    let outer_context = vm.context.replace(t.context.get());
    let coro = t.coro.get();
    let r = drive(vm, &coro, error);
    let context = vm.context.replace(outer_context);
    t.context.set(context);
    let r = finish_step(vm, t, r);
    a.current_task.set(outer_task);
    r
}

fn drive(vm: &Vm, coro: &Value, error: Option<Exc>) -> Stepped {
    if let Some(g) = coro.as_ref::<Generator>() {
        return match error {
            None => vm.step_coroutine(g),
            Some(e) => vm.resume(g, Resume::Throw(e)).into(),
        };
    }
    let r = match error {
        None => match vm.type_of(coro).slots.send.get() {
            Some(send) => send(vm, coro, &Value::NONE),
            None => stop_as_return(vm, vm.call_method(coro, "send", &[Value::NONE])),
        },
        Some(e) => stop_as_return(vm, vm.call_method(coro, "throw", &[e.0])),
    };
    r.into()
}

fn stop_as_return(vm: &Vm, r: PyResult<Value>) -> PyResult<Resumed> {
    match r {
        Ok(v) => Ok(Resumed::Yield(v)),
        Err(e) if vm.exc_is(&e, &vm.exc.stop_iteration) => {
            Ok(Resumed::Return(vm.getattr_str(&e.0, "value")?))
        }
        Err(e) => Err(e),
    }
}

fn finish_step(vm: &Vm, t: &Ref<Task>, r: Stepped) -> PyResult<()> {
    let v = t.as_value();
    match r {
        Stepped::Yield(x) => {
            if trace::tasks() {
                trace::waiting(vm, t, &x);
            }
            wait_for(vm, t, x)
        }
        Stepped::Return(x) => {
            done(vm, t);
            if t.must_cancel() {
                t.set_must_cancel(false);
                trace::finished(vm, t, "cancelled", None);
                let msg = t.data.cancel_msg();
                cancel_future(vm, v, msg)?;
                return Ok(());
            }
            trace::finished(vm, t, "result", None);
            set_result(vm, v, x)
        }
        Stepped::Raise(e) if is_cancelled(vm, &e) => {
            done(vm, t);
            trace::finished(vm, t, "cancelled", None);
            // Whoever asks first gets this exception; those after it one without a message.
            t.data.put_exception(e.0);
            cancel_future(vm, v, Value::NONE)?;
            Ok(())
        }
        Stepped::Raise(e) => {
            done(vm, t);
            trace::finished(vm, t, "exception", Some(&e.0));
            set_exception(vm, v, e.0.clone())?;
            let fatal =
                vm.exc_is(&e, &vm.exc.keyboard_interrupt) || vm.exc_is(&e, &vm.exc.system_exit);
            if fatal { Err(e) } else { Ok(()) }
        }
    }
}

fn done(vm: &Vm, t: &Ref<Task>) {
    t.data.task.set(TaskFlags::LISTED, false);
    vm.set_finalize(t.as_value(), false);
}

/// Whether a future is one of ours that does not see its callbacks added: a subclass may have an own method for that.
pub fn takes_waiters(vm: &Vm, x: &Value) -> bool {
    let a = aio(vm);
    let class = vm.type_of(x);
    if class.is(&a.task_type) || class.is(&a.future_type) {
        return true;
    }
    let name = vm.intern("add_done_callback");
    match (class.lookup(vm, &name), a.future_type.lookup(vm, &name)) {
        (Some(own), Some(native)) => own.is(&native),
        _ => true,
    }
}

/// Acts on what the coroutine yielded.
fn wait_for(vm: &Vm, t: &Ref<Task>, x: Value) -> PyResult<()> {
    let l = t.data.event_loop.get();
    if x.is_none() {
        // A bare yield: go on in the next round. The ring has had room for this task before.
        if let Some(native) = l.downcast::<Loop>() {
            native.push_step(t.clone());
            return Ok(());
        }
        return schedule_first(vm, t, &l);
    }
    if event::parks(&x, t) {
        t.waiting_for.set(x.clone());
        if t.must_cancel()
            && cancel_any(vm, &event::materialize_future(vm, &x), &t.data.cancel_msg())?
        {
            t.set_must_cancel(false);
        }
        return Ok(());
    }
    if x.is(t.as_value()) {
        let me = vm.repr_string(t.as_value())?;
        return fail(vm, t, format!("Task cannot await on itself: {me}"));
    }
    if let Some(f) = data_of(&x)
        && takes_waiters(vm, &x)
    {
        if !f.event_loop.get().is(&l) {
            let msg = format!(
                "Task {} got Future {} attached to a different loop",
                vm.repr_string(t.as_value())?,
                vm.repr_string(&x)?
            );
            return fail(vm, t, msg);
        }
        if !f.blocking.replace(false) {
            let msg = format!(
                "yield was used instead of yield from in task {} with {}",
                vm.repr_string(t.as_value())?,
                vm.repr_string(&x)?
            );
            return fail(vm, t, msg);
        }
        add_waiter(vm, &x, Waiter::Task(t.clone()))?;
        t.waiting_for.set(x.clone());
        if t.must_cancel() && cancel_any(vm, &x, &t.data.cancel_msg())? {
            t.set_must_cancel(false);
        }
        return Ok(());
    }
    // A future of somebody else's, by the protocol.
    let blocking = vm.lookup_attr(&x, &vm.names.asyncio_future_blocking)?;
    match blocking {
        Some(b) if !b.is_none() => {
            let theirs = match vm.lookup_attr(&x, &vm.intern("get_loop"))? {
                Some(get) => vm.call(&get, &[])?,
                None => vm.getattr_str(&x, "_loop")?,
            };
            if !theirs.is(&l) {
                let msg = format!(
                    "Task {} got Future {} attached to a different loop",
                    vm.repr_string(t.as_value())?,
                    vm.repr_string(&x)?
                );
                return fail(vm, t, msg);
            }
            if !vm.is_true(&b)? {
                let msg = format!(
                    "yield was used instead of yield from in task {} with {}",
                    vm.repr_string(t.as_value())?,
                    vm.repr_string(&x)?
                );
                return fail(vm, t, msg);
            }
            vm.setattr(&x, &vm.names.asyncio_future_blocking, Some(&Value::FALSE))?;
            let wake = wakeup_function(vm, t);
            let context = t.context.get();
            let add = vm.getattr_str(&x, "add_done_callback")?;
            if context.is_unbound() {
                vm.call(&add, &[wake])?;
            } else {
                let names = [vm.str_value("context")];
                vm.call_args(&add, Args::split(&[wake, context], &names))?;
            }
            t.waiting_for.set(x.clone());
            if t.must_cancel() && cancel_any(vm, &x, &t.data.cancel_msg())? {
                t.set_must_cancel(false);
            }
            Ok(())
        }
        _ => {
            let is_gen = x.downcast::<Generator>().is_some();
            let me = vm.repr_string(t.as_value())?;
            fail(
                vm,
                t,
                if is_gen {
                    format!(
                        "yield was used instead of yield from for generator in task {me} with {}",
                        vm.repr_string(&x)?
                    )
                } else {
                    format!("Task got bad yield: {}", vm.repr_string(&x)?)
                },
            )
        }
    }
}

/// Raises RuntimeError in the coroutine in the next round.
fn fail(vm: &Vm, t: &Ref<Task>, msg: String) -> PyResult<()> {
    let e = vm.runtime_error(msg);
    let l = t.data.event_loop.get();
    match l.downcast::<Loop>() {
        Some(native) => {
            native.push_throw(t.clone(), e.0);
            Ok(())
        }
        None => step(vm, t, Some(e)),
    }
}

fn wakeup_function(vm: &Vm, t: &Ref<Task>) -> Value {
    fn call(vm: &Vm, me: &Value, a: Args) -> PyResult<Value> {
        let [fut] = a.exactly::<1>(vm, "task_wakeup")?;
        if let Some(t) = me.as_ref::<Task>() {
            wakeup(vm, t, fut)?;
        }
        Ok(Value::NONE)
    }
    let kind = NativeKind::Plain(call);
    vm.new_native("task_wakeup", "", kind, t.value(), Value::NONE)
}

/// What [`super::super::wakeup::step_function`] calls.
pub fn step_call(vm: &Vm, me: &Value, _: Args) -> PyResult<Value> {
    if let Some([t, fut]) = me.downcast::<Tuple>().map(|t| &t[..])
        && let Some(t) = t.as_ref::<Task>()
    {
        if fut.is_none() {
            step(vm, t, None)?
        } else {
            wakeup(vm, t, fut)?
        }
    }
    Ok(Value::NONE)
}
