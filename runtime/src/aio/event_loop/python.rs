//! What Python sees of the loop.
use super::current::{get_running_loop, keeps_natives, running};
use super::{Loop, check_closed, to_ns};
use crate::aio::future::new_future;
use crate::aio::handle::{self, Handle};
use crate::aio::state::{aio, copy_context};
use crate::aio::task;
use crate::host::clock;
use crate::reactor::{Clock, Direction, Trigger};
use lasti_core::objects::{Type, TypeFlags, WeakRef};
use lasti_core::{Args, Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;
use std::os::fd::RawFd;

/// Debug mode: tells of calls from another thread than the one that runs the loop.
fn check_thread(vm: &Vm, l: &Loop, v: &Value) -> PyResult<()> {
    if l.debug.get() && l.running.get() && !running(vm).is(v) {
        return Err(vm.runtime_error(
            "Non-thread-safe operation invoked on an event loop other than the current one",
        ));
    }
    Ok(())
}

fn check_callback(vm: &Vm, f: &Value, method: &str) -> PyResult<()> {
    if vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error(format!(
            "a callable object was expected by {method}(), got {}",
            vm.repr_string(f)?
        )));
    }
    if f.downcast::<lasti_core::objects::Generator>().is_some() {
        return Err(vm.type_error(format!("coroutines cannot be used with {method}()")));
    }
    Ok(())
}

fn context_arg(vm: &Vm, a: &Args) -> PyResult<Value> {
    match a.keyword("context") {
        Some(c) if !c.is_none() => Ok(c.clone()),
        _ => copy_context(vm),
    }
}

fn call_soon(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    check_closed(vm, l)?;
    let Some((callback, args)) = a.pos.split_first() else {
        return Err(vm.type_error("call_soon() missing 1 required positional argument: 'callback'"));
    };
    check_callback(vm, callback, "call_soon")?;
    l.reserve_ready(vm)?;
    let h = handle::new_handle(vm, v, callback.clone(), args.to_vec(), context_arg(vm, &a)?);
    l.push_handle(h.clone());
    Ok(h)
}

fn call_soon_here(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    check_thread(vm, vm.this::<Loop>(v)?, v)?;
    call_soon(vm, v, a)
}

fn schedule_at(vm: &Vm, v: &Value, a: Args, later: bool) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    check_closed(vm, l)?;
    let name = if later { "call_later" } else { "call_at" };
    let [when, callback, args @ ..] = a.pos else {
        return Err(vm.type_error(format!("{name}() missing required positional arguments")));
    };
    if when.is_none() {
        return Err(vm.type_error(if later {
            "delay must not be None"
        } else {
            "when cannot be None"
        }));
    }
    let seconds = vm.to_f64(when)?;
    check_thread(vm, l, v)?;
    check_callback(vm, callback, name)?;
    l.timers
        .borrow_mut()
        .reserve()
        .map_err(|_| vm.memory_error())?;
    let (deadline, at) = if later {
        let now = clock().now();
        let deadline = (now as i64).saturating_add(to_ns(seconds));
        (deadline, now as f64 / 1e9 + seconds)
    } else {
        (to_ns(seconds), seconds)
    };
    let handle = Handle {
        callback: Slot::new(callback.clone()),
        args: Slot::new(vm.new_tuple(args.to_vec()).into()),
        context: Slot::new(context_arg(vm, &a)?),
        event_loop: Slot::new(v.clone()),
        cancelled: Cell::new(false),
        scheduled: Cell::new(true),
        completes: false,
    };
    Ok(l.set_timer(vm, deadline, at, handle))
}

fn fd_of(vm: &Vm, v: &Value) -> PyResult<RawFd> {
    let n = match v.as_small_int() {
        Some(n) => n,
        None => {
            // As `selectors` says it.
            let n = vm.call_method(v, "fileno", &[]).and_then(|n| vm.to_i64(&n));
            match n {
                Ok(n) => n,
                Err(e)
                    if vm.exc_is(&e, &vm.exc.attribute_error)
                        || vm.exc_is(&e, &vm.exc.type_error) =>
                {
                    let r = vm.repr_string(v)?;
                    return Err(vm.value_error(format!("Invalid file object: {r}")));
                }
                Err(e) => return Err(e),
            }
        }
    };
    RawFd::try_from(n)
        .ok()
        .filter(|n| *n >= 0)
        .ok_or_else(|| vm.value_error(format!("Invalid file descriptor: {n}")))
}

fn add_io(vm: &Vm, v: &Value, a: Args, direction: Direction) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    check_closed(vm, l)?;
    let [fd, callback, args @ ..] = a.pos else {
        return Err(vm.type_error("add_reader() missing required positional arguments"));
    };
    let fd = fd_of(vm, fd)?;
    let h = handle::new_handle(vm, v, callback.clone(), args.to_vec(), copy_context(vm)?);
    let old = l.with_poller(vm, |p| p.set(fd, direction, Trigger::Level, h.clone()))?;
    if let Some(old) = old {
        handle::python::cancel(vm, &old)?;
    }
    Ok(h)
}

fn remove_io(vm: &Vm, v: &Value, a: Args, direction: Direction) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    let [fd] = a.exactly::<1>(vm, "remove_reader")?;
    if l.closed.get() {
        return Ok(Value::FALSE);
    }
    let fd = fd_of(vm, fd)?;
    let old = l.with_poller(vm, |p| Ok(p.remove(fd, direction)))?;
    match old {
        Some(h) => {
            handle::python::cancel(vm, &h)?;
            Ok(Value::TRUE)
        }
        None => Ok(Value::FALSE),
    }
}

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Loop>("_lasti_loop.Loop", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Loop::new()).into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    vm.add_methods(&t, METHODS);
    for name in ["add_reader", "_add_reader"] {
        vm.method(&t, name, "", |vm, v, a| add_io(vm, v, a, Direction::Read));
    }
    for name in ["add_writer", "_add_writer"] {
        vm.method(&t, name, "", |vm, v, a| add_io(vm, v, a, Direction::Write));
    }
    for name in ["remove_reader", "_remove_reader"] {
        vm.method(&t, name, "", |vm, v, a| {
            remove_io(vm, v, a, Direction::Read)
        });
    }
    for name in ["remove_writer", "_remove_writer"] {
        vm.method(&t, name, "", |vm, v, a| {
            remove_io(vm, v, a, Direction::Write)
        });
    }
    // EVENT_READ and EVENT_WRITE of `selectors`, for those a descriptor is watched for.
    vm.getset(
        &t,
        "_asyncgens_shutdown_called",
        |vm, v| Ok(Value::bool(vm.this::<Loop>(v)?.asyncgens_closed.get())),
        None,
    );
    vm.getset(
        &t,
        "_debug",
        |vm, v| Ok(Value::bool(vm.this::<Loop>(v)?.debug.get())),
        None,
    );
    vm.getset(
        &t,
        "_scheduled",
        |vm, v| {
            let timers = vm.this::<Loop>(v)?.timers.borrow();
            let handles = timers.in_order().into_iter().map(|(_, t)| t.value());
            Ok(vm.new_list(handles.collect()))
        },
        None,
    );
    vm.getset(
        &t,
        "_closed",
        |vm, v| Ok(Value::bool(vm.this::<Loop>(v)?.closed.get())),
        None,
    );
    vm.getset(
        &t,
        "_stopping",
        |vm, v| Ok(Value::bool(vm.this::<Loop>(v)?.stopping.get())),
        None,
    );
    t.slots.repr.set(Some(|vm, v| {
        let l = vm.this::<Loop>(v)?;
        let b = |b: bool| if b { "True" } else { "False" };
        Ok(vm.str_value(&format!(
            "<{} running={} closed={} debug={}>",
            vm.type_name(v),
            b(l.running.get()),
            b(l.closed.get()),
            b(l.debug.get())
        )))
    }));
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "call_soon" "call_soon($self, /, callback, *args, context=None)\n--\n\n" call_soon_here;
    "_add_callback" "_add_callback($self, /, handle)\n--\n\n" add_callback;
    "call_soon_threadsafe" "call_soon_threadsafe($self, /, callback, *args, context=None)\n--\n\n" call_soon_threadsafe;
    "_write_to_self" "_write_to_self($self, /)\n--\n\n" write_to_self;
    "call_later" "call_later($self, /, delay, callback, *args, context=None)\n--\n\n" call_later;
    "call_at" "call_at($self, /, when, callback, *args, context=None)\n--\n\n" call_at;
    "time" "time($self, /)\n--\n\n" time;
    "stop" "stop($self, /)\n--\n\n" stop;
    "is_running" "is_running($self, /)\n--\n\n" is_running;
    "is_closed" "is_closed($self, /)\n--\n\n" is_closed;
    "_check_closed" "_check_closed($self, /)\n--\n\n" check_closed_method;
    "_mark_closed" "_mark_closed($self, /)\n--\n\n" mark_closed;
    "get_debug" "get_debug($self, /)\n--\n\n" get_debug;
    "set_debug" "set_debug($self, /, enabled)\n--\n\n" set_debug;
    "create_future" "create_future($self, /)\n--\n\n" create_future;
    "create_task" "create_task($self, /, coro, **kwargs)\n--\n\n" create_task;
    "set_task_factory" "set_task_factory($self, /, factory)\n--\n\n" set_task_factory;
    "get_task_factory" "get_task_factory($self, /)\n--\n\n" get_task_factory;
    "set_exception_handler" "set_exception_handler($self, /, handler)\n--\n\n" set_exception_handler;
    "get_exception_handler" "get_exception_handler($self, /)\n--\n\n" get_exception_handler;
    "_watched" "" watched;
    "_once" "_once($self, /)\n--\n\n" once;
    "_spin" "_spin($self, /)\n--\n\n" spin;
    "_stopping_now" "_stopping_now($self, /)\n--\n\n" stopping_now;
    "_enter" "_enter($self, /)\n--\n\n" enter;
    "_leave" "_leave($self, /)\n--\n\n" leave;
    "_note_asyncgen" "" note_asyncgen;
    "_take_asyncgens" "_take_asyncgens($self, /)\n--\n\n" take_asyncgens;
}

fn add_callback(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [h] = a.exactly::<1>(vm, "_add_callback")?;
    vm.this::<Loop>(v)?.push_handle(h.clone());
    Ok(Value::NONE)
}

fn call_soon_threadsafe(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let h = call_soon(vm, v, a)?;
    wake_up(vm, v)?;
    Ok(h)
}

fn write_to_self(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    wake_up(vm, v)?;
    Ok(Value::NONE)
}

fn call_later(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    schedule_at(vm, v, a, true)
}

fn call_at(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    schedule_at(vm, v, a, false)
}

fn time(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_float(clock().now() as f64 / 1e9))
}

fn stop(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Loop>(v)?.stopping.set(true);
    Ok(Value::NONE)
}

fn is_running(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<Loop>(v)?.running.get()))
}

fn is_closed(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<Loop>(v)?.closed.get()))
}

fn check_closed_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    check_closed(vm, vm.this::<Loop>(v)?)?;
    Ok(Value::NONE)
}

fn mark_closed(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    l.closed.set(true);
    tracing::debug!(target: "lasti::loop", "closed");
    l.clear();
    let (inbox, poller) = (l.inbox.take(), l.poller.take());
    drop((inbox, poller));
    Ok(Value::NONE)
}

fn get_debug(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<Loop>(v)?.debug.get()))
}

fn set_debug(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [b] = a.exactly::<1>(vm, "set_debug")?;
    vm.this::<Loop>(v)?.debug.set(vm.is_true(b)?);
    Ok(Value::NONE)
}

fn create_future(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(new_future(vm, v))
}

fn set_task_factory(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "set_task_factory")?;
    if !f.is_none() && vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error("task factory must be a callable or None"));
    }
    vm.this::<Loop>(v)?.task_factory.set(f.clone());
    Ok(Value::NONE)
}

fn get_task_factory(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.this::<Loop>(v)?.task_factory.get())
}

fn set_exception_handler(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "set_exception_handler")?;
    if !f.is_none() && vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error(format!(
            "A callable object or None is expected, got {}",
            vm.repr_string(f)?
        )));
    }
    vm.this::<Loop>(v)?.exception_handler.set(f.clone());
    Ok(Value::NONE)
}

fn get_exception_handler(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.this::<Loop>(v)?.exception_handler.get())
}

fn watched(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "_watched")?;
    let fd = fd_of(vm, fd)?;
    let poller = vm.this::<Loop>(v)?.poller.borrow();
    let on = |d| poller.as_ref().is_some_and(|p| p.get(fd, d).is_some());
    let bits = on(Direction::Read) as i64 | (on(Direction::Write) as i64) << 1;
    Ok(vm.new_int(bits))
}

fn once(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Loop>(v)?.run_once(vm)?;
    Ok(Value::NONE)
}

fn stopping_now(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<Loop>(v)?.stopping.get()))
}

fn take_asyncgens(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    l.asyncgens_closed.set(true);
    let all = l.asyncgens.take();
    let alive = all
        .iter()
        .filter_map(|w| w.downcast::<WeakRef>().and_then(|w| w.get()));
    Ok(vm.new_list(alive.collect()))
}

fn wake_up(vm: &Vm, v: &Value) -> PyResult<()> {
    let l = vm.this::<Loop>(v)?;
    if let Some(w) = l.waker.get() {
        w.wake().map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(())
}

/// `asyncio.create_task`.
pub fn create_task_here(vm: &Vm, a: Args) -> PyResult<Value> {
    let l = get_running_loop(vm)?;
    if keeps_natives(vm, &l) {
        return create_task(vm, &l, a);
    }
    let create = vm.getattr_str(&l, "create_task")?;
    vm.call_args(&create, a)
}

fn create_task(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    check_closed(vm, l)?;
    let factory = l.task_factory.get();
    if let (true, [coro], []) = (factory.is_none(), a.pos, a.names) {
        return task::new_task(vm, v, coro.clone(), Value::NONE, Value::NONE);
    }
    let [coro, name, context] = match a.bind(vm, "create_task", ["coro", "*name", "*context"], 1) {
        Ok(x) => x,
        // Further keywords (eager_start, ...) are for the factory or the Task class.
        Err(e) if factory.is_none() => {
            if a.pos.len() != 1 {
                return Err(e);
            }
            let mut kw = a.kw.to_vec();
            let mut names = a.names.to_vec();
            kw.push(v.clone());
            names.push(vm.str_value("loop"));
            let class = aio(vm).task_type.value();
            return vm.call_args(
                &class,
                Args {
                    pos: a.pos,
                    kw: &kw,
                    names: &names,
                },
            );
        }
        Err(_) => {
            let mut pos = vec![v.clone()];
            pos.extend_from_slice(a.pos);
            return vm.call_args(&factory, Args { pos: &pos, ..a });
        }
    };
    let coro = coro.cloned().unwrap_or(Value::NONE);
    let or_none = |v: Option<&Value>| v.cloned().unwrap_or(Value::NONE);
    if factory.is_none() {
        let name = match name {
            Some(n) if !n.is_none() => vm.str_of(n)?.into(),
            _ => Value::NONE,
        };
        return task::new_task(vm, v, coro, name, or_none(context));
    }
    let pos = [v.clone(), coro];
    vm.call_args(
        &factory,
        Args {
            pos: &pos,
            kw: a.kw,
            names: a.names,
        },
    )
}

/// Marks the loop as running; gives what `_leave` restores.
fn enter(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    check_closed(vm, l)?;
    if l.running.get() {
        return Err(vm.runtime_error("This event loop is already running"));
    }
    let a = aio(vm);
    if !a.running.get().is_none() {
        return Err(vm.runtime_error("Cannot run the event loop while another loop is running"));
    }
    // A `stop` from before stands: such a run makes one round.
    l.running.set(true);
    tracing::debug!(target: "lasti::loop", "running");
    a.running.set(v.clone());
    Ok(Value::NONE)
}

fn leave(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?;
    l.running.set(false);
    l.stopping.set(false);
    tracing::debug!(target: "lasti::loop", "stopped");
    aio(vm).running.set(Value::NONE);
    Ok(Value::NONE)
}

/// Rounds until `stop`.
fn spin(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Loop>(v)?.clone();
    loop {
        l.run_once(vm)?;
        if l.stopping.get() {
            return Ok(Value::NONE);
        }
    }
}

/// The firstiter hook: keeps a weak reference for `shutdown_asyncgens`.
fn note_asyncgen(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [g] = a.exactly::<1>(vm, "_note_asyncgen")?;
    let l = vm.this::<Loop>(v)?;
    let w = vm.make_weakref(&vm.types.weakref, g, None)?;
    let mut all = l.asyncgens.borrow_mut();
    all.push(w.into());
    if all.len() >= 64 && all.len().is_power_of_two() {
        let kept = all
            .iter()
            .filter(|w| w.downcast::<WeakRef>().is_some_and(|w| w.get().is_some()));
        let kept: Vec<Value> = kept.cloned().collect();
        let old = std::mem::replace(&mut *all, kept);
        drop(all);
        drop(old);
    }
    Ok(Value::bool(l.asyncgens_closed.get()))
}
