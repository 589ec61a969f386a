//! What Python sees of a Task.
use super::{is_coroutine, register, schedule_first, step};
use crate::aio::cancel::cancel_task;
use crate::aio::data::{FutureData, State, Task, TaskFlags};
use crate::aio::event_loop::current::{call_exception_handler, current, running};
use crate::aio::future::python::callbacks_text;
use crate::aio::state::{aio, copy_context};
use crate::aio::{event, future, trace};
use lasti_core::objects::{Str, Type, TypeFlags};
use lasti_core::{Args, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;

fn blank(vm: &Vm) -> Task {
    let t = Task {
        data: FutureData::new(Value::NONE),
        coro: Slot::new(Value::NONE),
        name: Slot::new(Value::NONE),
        number: Cell::new(aio(vm).task_counter.get()),
        context: Slot::empty(),
        waiting_for: Slot::new(Value::NONE),
    };
    t.data.task.set(TaskFlags::LOG_DESTROY_PENDING, true);
    t
}

pub fn make_type(vm: &Vm, future_type: &Ref<Type>) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Task>("_asyncio.Task", future_type, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, blank(vm)).into())
    }));
    t.set_finalizer(finalize);
    t.slots.init.set(Some(init));
    t.slots.repr.set(Some(repr));
    vm.add_methods(&t, METHODS);
    vm.getset(
        &t,
        "_coro",
        |vm, v| Ok(vm.this::<Task>(v)?.coro.get()),
        None,
    );
    vm.getset(
        &t,
        "_fut_waiter",
        |vm, v| {
            Ok(event::materialize_future(
                vm,
                &vm.this::<Task>(v)?.waiting_for.get(),
            ))
        },
        None,
    );
    vm.getset(
        &t,
        "_must_cancel",
        |vm, v| Ok(Value::bool(vm.this::<Task>(v)?.must_cancel())),
        None,
    );
    vm.getset(
        &t,
        "_log_destroy_pending",
        |vm, v| {
            Ok(Value::bool(
                vm.this::<Task>(v)?
                    .data
                    .task
                    .get(TaskFlags::LOG_DESTROY_PENDING),
            ))
        },
        Some(|vm, v, x| {
            let on = x.is_some_and(|x| x.is_true());
            vm.this::<Task>(v)?
                .data
                .task
                .set(TaskFlags::LOG_DESTROY_PENDING, on);
            Ok(())
        }),
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "cancel" "cancel($self, /, msg=None)\n--\n\n" cancel;
    "cancelling" "cancelling($self, /)\n--\n\n" cancelling;
    "uncancel" "uncancel($self, /)\n--\n\n" uncancel;
    "get_coro" "get_coro($self, /)\n--\n\n" get_coro;
    "get_context" "get_context($self, /)\n--\n\n" get_context;
    "get_name" "get_name($self, /)\n--\n\n" get_name;
    "set_name" "set_name($self, value, /)\n--\n\n" set_name;
    "set_result" "set_result($self, result, /)\n--\n\n" set_result;
    "set_exception" "set_exception($self, exception, /)\n--\n\n" set_exception;
    "get_stack" "get_stack($self, /, *, limit=None)\n--\n\n" get_stack;
    "print_stack" "print_stack($self, /, *, limit=None, file=None)\n--\n\n" print_stack;
}

fn cancel(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [msg] = a.bind(vm, "cancel", ["msg"], 0)?;
    Ok(Value::bool(cancel_task(
        vm,
        v,
        msg.cloned().unwrap_or(Value::NONE),
    )?))
}

fn cancelling(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.this::<Task>(v)?.data.cancelling.get() as i64))
}

fn uncancel(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let t = vm.this::<Task>(v)?;
    let n = t.data.cancelling.get().saturating_sub(1);
    t.data.cancelling.set(n);
    if n == 0 {
        t.set_must_cancel(false);
    }
    Ok(vm.new_int(n as i64))
}

fn get_coro(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.this::<Task>(v)?.coro.get())
}

fn get_context(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = vm.this::<Task>(v)?.context.get();
    Ok(if c.is_unbound() { Value::NONE } else { c })
}

fn get_name(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    name_of(vm, vm.this::<Task>(v)?)
}

fn set_name(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "set_name")?;
    vm.this::<Task>(v)?.name.set(vm.str_of(n)?.into());
    Ok(Value::NONE)
}

fn set_result(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(vm.runtime_error("Task does not support set_result operation"))
}

fn set_exception(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(vm.runtime_error("Task does not support set_exception operation"))
}

fn get_stack(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let m = vm.import("asyncio.base_tasks")?;
    let [limit] = a.bind(vm, "get_stack", ["*limit"], 0)?;
    vm.call_method(
        &m,
        "_task_get_stack",
        &[v.clone(), limit.cloned().unwrap_or(Value::NONE)],
    )
}

fn print_stack(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let m = vm.import("asyncio.base_tasks")?;
    let [limit, file] = a.bind(vm, "print_stack", ["*limit", "*file"], 0)?;
    let or = |v: Option<&Value>| v.cloned().unwrap_or(Value::NONE);
    vm.call_method(&m, "_task_print_stack", &[v.clone(), or(limit), or(file)])
}

fn name_of(vm: &Vm, t: &Ref<Task>) -> PyResult<Value> {
    let n = t.name.get();
    if n.is_none() {
        let text = vm.str_value(&format!("Task-{}", t.number.get()));
        t.name.set(text.clone());
        return Ok(text);
    }
    Ok(n)
}

fn init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let names = ["coro", "*loop", "*name", "*context", "*eager_start"];
    let [coro, event_loop, name, context, eager] = args.bind(vm, "Task", names, 1)?;
    let coro = coro.cloned().unwrap_or(Value::NONE);
    if !is_coroutine(vm, &coro) {
        return Err(vm.type_error(format!(
            "a coroutine was expected, got {}",
            vm.repr_string(&coro)?
        )));
    }
    let t = vm.this::<Task>(v)?;
    let l = match event_loop {
        Some(l) if !l.is_none() => l.clone(),
        _ => current(vm)?,
    };
    t.data.event_loop.set(l.clone());
    t.coro.set(coro);
    if let Some(n) = name.filter(|n| !n.is_none()) {
        t.name.set(if n.downcast::<Str>().is_some() {
            n.clone()
        } else {
            vm.str_of(n)?.into()
        });
    } else {
        t.number.set(aio(vm).next_task_number());
    }
    match context {
        Some(c) if !c.is_none() => t.context.set(c.clone()),
        _ => t.context.set(copy_context(vm)?),
    }
    vm.set_finalize(v, true);
    register(vm, v)?;
    trace::created(vm, t);
    if eager.is_some_and(|e| e.is_true()) && running(vm).is(&l) {
        let r = step::step(vm, t, None);
        if t.data.done() {
            // As CPython's: such a task never was suspended and has no coroutine to look at.
            t.coro.set(Value::NONE);
        }
        return r;
    }
    schedule_first(vm, t, &l)
}

/// A task that goes while it is pending is reported.
fn finalize(vm: &Vm, v: &Value) {
    report_pending(vm, v);
    future::python::finalize(vm, v);
}

fn report_pending(vm: &Vm, v: &Value) {
    let Some(t) = v.as_ref::<Task>() else { return };
    if t.data.done()
        || !t.data.task.get(TaskFlags::LOG_DESTROY_PENDING)
        || t.data.event_loop.get().is_none()
    {
        return;
    }
    let pairs = [
        (
            "message",
            vm.str_value("Task was destroyed but it is pending!"),
        ),
        ("task", v.clone()),
    ];
    if let Err(e) = call_exception_handler(vm, &t.data.event_loop.get(), &pairs) {
        vm.unraisable(&e, "Exception ignored while finalizing task", Some(v));
    }
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Task>(v)?;
    let mut parts = vec![vm.type_name(v)];
    let d = &t.data;
    parts.push(match d.state.get() {
        State::Pending if t.data.cancelling.get() > 0 => "cancelling".into(),
        State::Pending => "pending".into(),
        State::Cancelled => "cancelled".into(),
        State::Finished => "finished".into(),
    });
    parts.push(format!("name={}", vm.repr_string(&name_of(vm, t)?)?));
    let coro = t.coro.get();
    if !coro.is_none() {
        parts.push(format!("coro=<{}>", describe_coro(vm, &coro)?));
    }
    let waiting = event::materialize_future(vm, &t.waiting_for.get());
    if !waiting.is_none() {
        parts.push(format!("wait_for={}", vm.repr_string(&waiting)?));
    }
    if d.state.get() == State::Finished {
        let e = d.exception();
        parts.push(if e.is_none() {
            format!("result={}", vm.repr_string(&d.result.get())?)
        } else {
            format!("exception={}", vm.repr_string(&e)?)
        });
    }
    if let Some(cbs) = callbacks_text(vm, d)? {
        parts.push(cbs);
    }
    Ok(vm.str_value(&format!("<{}>", parts.join(" "))))
}

/// `name() running at file:line`, or `done, defined at`.
fn describe_coro(vm: &Vm, coro: &Value) -> PyResult<String> {
    let name = match vm.lookup_attr(coro, &vm.names.qualname)? {
        Some(q) => vm.display(&q),
        None => vm.type_name(coro),
    };
    let Some(frame) = vm.lookup_attr(coro, &vm.intern("cr_frame"))? else {
        return Ok(format!("{name}()"));
    };
    let code = vm.getattr_str(coro, "cr_code")?;
    let file = vm.display(&vm.getattr_str(&code, "co_filename")?);
    if frame.is_none() {
        let line = vm.display(&vm.getattr_str(&code, "co_firstlineno")?);
        return Ok(format!("{name}() done, defined at {file}:{line}"));
    }
    let line = vm.display(&vm.getattr_str(&frame, "f_lineno")?);
    Ok(format!("{name}() running at {file}:{line}"))
}
