//! What Python sees of a Future.
use super::iter::{check_loop, make_iter};
use super::{cancelled, invalid, result};
use crate::aio::cancel::cancel_future;
use crate::aio::data::{Future, FutureData, Gather, State, Task, Waiter, Waiters, data_of, this};
use crate::aio::event_loop::current::{call_exception_handler, current};
use crate::aio::handle;
use crate::aio::state::copy_context;
use crate::aio::wakeup::{add_callback, set_exception, set_result};
use lasti_core::objects::{Exception, Type, TypeFlags};
use lasti_core::{Args, PyResult, Ref, Value, Vm};

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Future>("_asyncio.Future", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm
            .heap
            .alloc(
                class,
                Future {
                    data: FutureData::new(Value::NONE),
                },
            )
            .into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let [event_loop] = a.bind(vm, "Future", ["*loop"], 0)?;
        this(vm, v)?.reset();
        let l = match event_loop {
            Some(l) if !l.is_none() => l.clone(),
            _ => current(vm)?,
        };
        this(vm, v)?.event_loop.set(l);
        Ok(())
    }));
    t.set_finalizer(finalize);
    t.slots.await_.set(Some(make_iter));
    t.slots.iter.set(Some(make_iter));
    t.slots.repr.set(Some(repr));
    vm.add_methods(&t, METHODS);
    vm.class_method(&t, "__class_getitem__", "", |vm, this, a| {
        let [x] = a.exactly::<1>(vm, "__class_getitem__")?;
        Ok(lasti_builtins::alias::generic_alias(vm, this, x))
    });
    vm.getset(
        &t,
        "_state",
        |vm, v| {
            Ok(vm.str_value(match this(vm, v)?.state.get() {
                State::Pending => "PENDING",
                State::Cancelled => "CANCELLED",
                State::Finished => "FINISHED",
            }))
        },
        None,
    );
    vm.getset(
        &t,
        "_asyncio_future_blocking",
        |vm, v| Ok(Value::bool(this(vm, v)?.blocking.get())),
        Some(|vm, v, x| {
            let b = match x {
                Some(x) => vm.is_true(x)?,
                None => false,
            };
            this(vm, v)?.blocking.set(b);
            Ok(())
        }),
    );
    vm.getset(&t, "_loop", |vm, v| Ok(this(vm, v)?.event_loop.get()), None);
    vm.getset(&t, "_result", |vm, v| Ok(this(vm, v)?.result.get()), None);
    vm.getset(&t, "_exception", |vm, v| Ok(this(vm, v)?.exception()), None);
    vm.getset(
        &t,
        "_cancel_message",
        |vm, v| Ok(this(vm, v)?.cancel_msg()),
        Some(|vm, v, x| {
            this(vm, v)?.put_cancel_msg(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_source_traceback",
        |_, _| Ok(Value::NONE),
        Some(|_, _, _| Ok(())),
    );
    vm.getset(&t, "_asyncio_awaited_by", |_, _| Ok(Value::NONE), None);
    vm.getset(
        &t,
        "_log_traceback",
        |vm, v| Ok(Value::bool(this(vm, v)?.log_traceback.get())),
        Some(|vm, v, x| {
            if x.is_some_and(|x| x.is_true()) {
                return Err(vm.value_error("_log_traceback can only be set to False"));
            }
            this(vm, v)?.log_traceback.set(false);
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_callbacks",
        |vm, v| {
            let rows: Vec<Value> = this(vm, v)?
                .waiters()
                .iter()
                .map(|w| match w {
                    Waiter::Task(t) => vm.tuple_value([t.value(), Value::NONE]),
                    Waiter::Gather(g) => vm.tuple_value([g.value(), Value::NONE]),
                    Waiter::Callback { callback, context } => {
                        let c = if context.is_unbound() {
                            Value::NONE
                        } else {
                            context.clone()
                        };
                        vm.tuple_value([callback.clone(), c])
                    }
                })
                .collect();
            Ok(if rows.is_empty() {
                Value::NONE
            } else {
                vm.new_list(rows)
            })
        },
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "result" "result($self, /)\n--\n\n" result_method;
    "exception" "exception($self, /)\n--\n\n" exception;
    "set_result" "set_result($self, result, /)\n--\n\n" set_result_method;
    "set_exception" "set_exception($self, exception, /)\n--\n\n" set_exception_method;
    "add_done_callback" "add_done_callback($self, fn, /, *, context=None)\n--\n\n" add_done_callback;
    "remove_done_callback" "remove_done_callback($self, fn, /)\n--\n\n" remove_done_callback;
    "cancel" "cancel($self, /, msg=None)\n--\n\n" cancel;
    "cancelled" "cancelled($self, /)\n--\n\n" cancelled_method;
    "done" "done($self, /)\n--\n\n" done;
    "get_loop" "get_loop($self, /)\n--\n\n" get_loop;
    "_make_cancelled_error" "_make_cancelled_error($self, /)\n--\n\n" make_cancelled_error;
}

fn result_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    result(vm, v)
}

fn exception(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = this(vm, v)?;
    match f.state.get() {
        State::Cancelled => Err(cancelled(vm, f)?),
        State::Pending => Err(invalid(vm, "Exception is not set.")?),
        State::Finished => {
            f.log_traceback.set(false);
            Ok(f.exception())
        }
    }
}

fn set_result_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set_result")?;
    check_loop(vm, v)?;
    if this(vm, v)?.done() {
        return Err(invalid(vm, "invalid state")?);
    }
    set_result(vm, v, x.clone())?;
    Ok(Value::NONE)
}

fn set_exception_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set_exception")?;
    check_loop(vm, v)?;
    if this(vm, v)?.done() {
        return Err(invalid(vm, "invalid state")?);
    }
    set_exception_checked(vm, v, x)?;
    Ok(Value::NONE)
}

fn add_done_callback(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [callback, context] = a.bind(vm, "add_done_callback", ["fn", "*context"], 1)?;
    let context = match context {
        Some(c) if !c.is_none() => c.clone(),
        _ => copy_context(vm)?,
    };
    add_callback(vm, v, callback.cloned().unwrap_or(Value::NONE), context)?;
    Ok(Value::NONE)
}

fn remove_done_callback(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [callback] = a.exactly::<1>(vm, "remove_done_callback")?;
    let f = this(vm, v)?;
    // Comparing runs Python, which may add, remove and call them, or raise. They stay where they are meanwhile.
    let callbacks: Vec<Value> = f
        .waiters()
        .into_iter()
        .filter_map(|w| match w {
            Waiter::Callback { callback, .. } => Some(callback),
            _ => None,
        })
        .collect();
    let mut equal = Vec::new();
    for c in callbacks {
        if !equal.iter().any(|e: &Value| e.is(&c)) && vm.same(&c, callback)? {
            equal.push(c);
        }
    }
    let (gone, kept): (Waiters, Waiters) = f.take_waiters().into_iter().partition(
        |w| matches!(w, Waiter::Callback { callback: c, .. } if equal.iter().any(|e| e.is(c))),
    );
    for w in kept {
        f.push_waiter(w);
    }
    Ok(vm.new_int(gone.len() as i64))
}

fn cancel(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [msg] = a.bind(vm, "cancel", ["msg"], 0)?;
    Ok(Value::bool(cancel_future(
        vm,
        v,
        msg.cloned().unwrap_or(Value::NONE),
    )?))
}

fn cancelled_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(this(vm, v)?.state.get() == State::Cancelled))
}

fn done(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(this(vm, v)?.done()))
}

fn get_loop(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = this(vm, v)?.event_loop.get();
    if l.is_none() {
        Err(vm.runtime_error("Future object is not initialized."))
    } else {
        Ok(l)
    }
}

fn make_cancelled_error(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = this(vm, v)?;
    Ok(cancelled(vm, f)?.0)
}

fn set_exception_checked(vm: &Vm, v: &Value, x: &Value) -> PyResult<()> {
    let e = match x.as_ref::<Type>() {
        Some(t) if t.is_subtype(&vm.exc.base_exception) => vm.call(x, &[])?,
        _ => x.clone(),
    };
    if e.downcast::<Exception>().is_none() {
        return Err(vm.type_error("invalid exception object"));
    }
    let e = if vm.is_instance(&e, &vm.exc.stop_iteration) {
        let new = vm.runtime_error(
            "StopIteration interacts badly with generators and cannot be raised into a Future",
        );
        if let Some(n) = new.0.downcast::<Exception>() {
            n.cause.set(e.clone());
            n.context.set(e);
        }
        new.0
    } else {
        e
    };
    set_exception(vm, v, e)
}

/// A future whose exception nobody looked at is reported when it goes.
pub fn finalize(vm: &Vm, v: &Value) {
    let Some(f) = data_of(v) else { return };
    if !f.log_traceback.get() {
        return;
    }
    f.log_traceback.set(false);
    let msg = format!("{} exception was never retrieved", vm.type_name(v));
    let pairs = [
        ("message", vm.str_value(&msg)),
        ("exception", f.exception()),
        ("future", v.clone()),
    ];
    if let Err(e) = call_exception_handler(vm, &f.event_loop.get(), &pairs) {
        vm.unraisable(&e, "Exception ignored while finalizing future", Some(v));
    }
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let f = this(vm, v)?;
    let mut parts = vec![vm.type_name(v)];
    match f.state.get() {
        State::Pending => parts.push("pending".into()),
        State::Cancelled => parts.push("cancelled".into()),
        State::Finished => {
            parts.push("finished".into());
            let e = f.exception();
            parts.push(if e.is_none() {
                format!("result={}", short_repr(vm, &f.result.get())?)
            } else {
                format!("exception={}", vm.repr_string(&e)?)
            });
        }
    }
    if let Some(cbs) = callbacks_text(vm, f)? {
        parts.push(cbs);
    }
    Ok(vm.str_value(&format!("<{}>", parts.join(" "))))
}

/// `cb=[...]` of a repr: up to two, then how many more.
pub fn callbacks_text(vm: &Vm, f: &FutureData) -> PyResult<Option<String>> {
    let shown: Vec<Value> = f
        .waiters()
        .iter()
        .map(|w| match w {
            Waiter::Task(t) => t.value(),
            Waiter::Gather(g) => g.value(),
            Waiter::Callback { callback, .. } => callback.clone(),
        })
        .collect();
    let one = |c: &Value| {
        if c.downcast::<Task>().is_some() {
            Ok("Task.task_wakeup()".to_owned())
        } else if c.downcast::<Gather>().is_some() {
            Ok("gather.<locals>._done_callback()".to_owned())
        } else {
            handle::python::describe(vm, c)
        }
    };
    Ok(match &shown[..] {
        [] => None,
        [a] => Some(format!("cb=[{}]", one(a)?)),
        [a, b] => Some(format!("cb=[{}, {}]", one(a)?, one(b)?)),
        [a, .., b] => Some(format!(
            "cb=[{}, <{} more>, {}]",
            one(a)?,
            shown.len() - 2,
            one(b)?
        )),
    })
}

/// A repr cut to a readable length, as `reprlib` cuts results.
fn short_repr(vm: &Vm, v: &Value) -> PyResult<String> {
    let full = vm.repr_string(v)?;
    if full.chars().count() <= 40 {
        return Ok(full);
    }
    let reprlib = vm.import("reprlib")?;
    let r = vm.call_method(&reprlib, "repr", std::slice::from_ref(v))?;
    Ok(vm.display(&r))
}
