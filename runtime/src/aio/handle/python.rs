//! What Python sees of handles, and how they are run and cancelled.
use super::{Handle, Timer, drop_timers, handle_of};
use crate::aio::event_loop::Loop;
use crate::aio::event_loop::current::call_exception_handler;
use crate::aio::state::copy_context;
use lasti_core::objects::{CmpOp, Function, Tuple, Type, TypeFlags};
use lasti_core::{Args, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;
use std::cmp::Ordering;

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Handle> {
    handle_of(v).ok_or_else(|| vm.type_error("a Handle is required"))
}

/// Of what a constructor was given.
fn new(vm: &Vm, args: [Option<&Value>; 4]) -> PyResult<Handle> {
    let [callback, args, event_loop, context] = args.map(|v| v.cloned().unwrap_or(Value::NONE));
    let context = if context.is_none() {
        copy_context(vm)?
    } else {
        context
    };
    let args = vm.new_tuple(vm.collect(&args)?);
    Ok(Handle {
        callback: Slot::new(callback),
        args: Slot::new(args.into()),
        context: Slot::new(context),
        event_loop: Slot::new(event_loop),
        cancelled: Cell::new(false),
        scheduled: Cell::new(false),
        completes: false,
    })
}

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Handle>("asyncio.events.Handle", &vm.types.object, flags);
    methods(vm, &t);
    t.slots.new.set(Some(|vm, class, a| {
        let rest = a.bind(vm, "Handle", ["callback", "args", "loop", "context"], 3)?;
        let h = new(vm, rest)?;
        Ok(vm.heap.alloc(class, h).into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    vm.ready_type(&t);
    t
}

pub fn make_timer_type(vm: &Vm, handle_type: &Ref<Type>) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Timer>("asyncio.events.TimerHandle", handle_type, flags);
    t.slots.new.set(Some(|vm, class, a| {
        let names = ["when", "callback", "args", "loop", "context"];
        let [when, rest @ ..] = a.bind(vm, "TimerHandle", names, 4)?;
        let when = vm.to_f64(when.unwrap_or(&Value::NONE))?;
        let handle = new(vm, rest)?;
        Ok(vm.heap.alloc(class, Timer { handle, when }).into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    vm.method(&t, "when", "when($self, /)\n--\n\n", |vm, v, _| {
        Ok(vm.new_float(vm.this::<Timer>(v)?.when))
    });
    vm.getset(
        &t,
        "_when",
        |vm, v| Ok(vm.new_float(vm.this::<Timer>(v)?.when)),
        None,
    );
    vm.getset(
        &t,
        "_scheduled",
        |vm, v| Ok(Value::bool(vm.this::<Timer>(v)?.handle.scheduled.get())),
        None,
    );
    t.slots.richcmp.set(Some(|vm, a, b, op: CmpOp| {
        let (Some(x), Some(y)) = (a.downcast::<Timer>(), b.downcast::<Timer>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let order = x.when.partial_cmp(&y.when);
        Ok(Value::bool(match op {
            CmpOp::Lt => order == Some(Ordering::Less),
            CmpOp::Gt => order == Some(Ordering::Greater),
            CmpOp::Le => order == Some(Ordering::Less) || same(vm, x, y)?,
            CmpOp::Ge => order == Some(Ordering::Greater) || same(vm, x, y)?,
            CmpOp::Eq => same(vm, x, y)?,
            CmpOp::Ne => !same(vm, x, y)?,
        }))
    }));
    t.slots.hash.set(Some(|vm, v| {
        let when = vm.this::<Timer>(v)?.when;
        vm.hash(&vm.new_float(when))
    }));
    vm.ready_type(&t);
    t
}

fn same(vm: &Vm, x: &Timer, y: &Timer) -> PyResult<bool> {
    let (a, b) = (&x.handle, &y.handle);
    Ok(x.when == y.when
        && vm.eq(&callback_of(vm, a)?, &callback_of(vm, b)?)?
        && vm.eq(&args_of(vm, a), &args_of(vm, b))?
        && a.cancelled.get() == b.cancelled.get())
}

/// What Python sees as its callback: asyncio's for a sleep's timer.
fn callback_of(vm: &Vm, h: &Handle) -> PyResult<Value> {
    if !h.completes || h.cancelled.get() {
        return Ok(h.callback.get());
    }
    let m = vm.import("asyncio.futures")?;
    vm.getattr_str(&m, "_set_result_unless_cancelled")
}

fn args_of(vm: &Vm, h: &Handle) -> Value {
    if !h.completes || h.cancelled.get() {
        return h.args.get();
    }
    vm.new_tuple([h.callback.get(), h.args.get()]).into()
}

fn methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, METHODS);
    vm.getset(t, "_callback", |vm, v| callback_of(vm, this(vm, v)?), None);
    vm.getset(t, "_args", |vm, v| Ok(args_of(vm, this(vm, v)?)), None);
    vm.getset(t, "_loop", |vm, v| Ok(this(vm, v)?.event_loop.get()), None);
    vm.getset(
        t,
        "_cancelled",
        |vm, v| Ok(Value::bool(this(vm, v)?.cancelled.get())),
        None,
    );
    vm.getset(
        t,
        "_source_traceback",
        |_, _| Ok(Value::NONE),
        Some(|_, _, _| Ok(())),
    );
    t.slots.repr.set(Some(|vm, v| {
        let h = this(vm, v)?;
        let mut parts = vec![vm.type_name(v)];
        if h.cancelled.get() {
            parts.push("cancelled".into());
        }
        if let Some(t) = v.downcast::<Timer>() {
            parts.push(format!("when={}", vm.repr_string(&vm.new_float(t.when))?));
        }
        let callback = callback_of(vm, h)?;
        if !callback.is_none() {
            let args = vm.collect(&args_of(vm, h))?;
            parts.push(describe_call(vm, h, &callback, &args)?);
        }
        Ok(vm.str_value(&format!("<{}>", parts.join(" "))))
    }));
}

lasti_core::methods! { METHODS =
    "cancel" "cancel($self, /)\n--\n\n" cancel_method;
    "cancelled" "cancelled($self, /)\n--\n\n" cancelled;
    "get_context" "get_context($self, /)\n--\n\n" get_context;
    "_run" "_run($self, /)\n--\n\n" run_method;
}

fn cancel_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    cancel(vm, v)?;
    Ok(Value::NONE)
}

fn cancelled(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(this(vm, v)?.cancelled.get()))
}

fn get_context(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = this(vm, v)?.context.get();
    Ok(if c.is_unbound() { Value::NONE } else { c })
}

fn run_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    run(vm, v)?;
    Ok(Value::NONE)
}

/// Cancels a handle. A timer's loop is told, and lets go of it with the others that were cancelled.
pub fn cancel(vm: &Vm, v: &Value) -> PyResult<()> {
    let h = this(vm, v)?;
    if h.cancelled.replace(true) {
        return Ok(());
    }
    if h.scheduled.get()
        && let Some(l) = h.event_loop.get().downcast::<Loop>()
    {
        let swept = l.timers.borrow_mut().note_cancelled();
        drop_timers(swept);
    }
    h.callback.set(Value::NONE);
    h.args.set(Value::NONE);
    Ok(())
}

/// A callback with its place in the source, as asyncio's reprs show it.
pub fn describe(vm: &Vm, f: &Value) -> PyResult<String> {
    if let Some(func) = f.downcast::<Function>()
        && let Some(code) = func.code.get()
    {
        return Ok(format!(
            "{}() at {}:{}",
            vm.display(&func.qualname.get()),
            code.filename.to_string_lossy(),
            code.firstlineno
        ));
    }
    match vm.lookup_attr(f, &vm.names.qualname)? {
        Some(q) => Ok(format!("{}()", vm.display(&q))),
        None => Ok(format!("{}()", vm.repr_string(f)?)),
    }
}

/// Calls a handle's callback in its context; errors go to the loop's exception handler.
pub fn run(vm: &Vm, v: &Value) -> PyResult<()> {
    let h = this(vm, v)?;
    if h.cancelled.get() {
        return Ok(());
    }
    let (callback, args) = (callback_of(vm, h)?, args_of(vm, h));
    let args = args
        .downcast::<Tuple>()
        .map(|t| t.to_vec())
        .unwrap_or_default();
    let outer = vm.context.replace(h.context.get());
    let r = vm.call(&callback, &args);
    // The callback may have made the first context variable: it stays with the handle.
    let inner = vm.context.replace(outer);
    h.context.set(inner);
    match r {
        Ok(_) => Ok(()),
        Err(e)
            if vm.exc_is(&e, &vm.exc.keyboard_interrupt) || vm.exc_is(&e, &vm.exc.system_exit) =>
        {
            Err(e)
        }
        Err(e) => {
            let msg = format!(
                "Exception in callback {}",
                describe_call(vm, h, &callback, &args)?
            );
            let l = h.event_loop.get();
            let pairs = [
                ("message", vm.str_value(&msg)),
                ("exception", e.0),
                ("handle", v.clone()),
            ];
            call_exception_handler(vm, &l, &pairs)
        }
    }
}

/// A call of a callback; arguments are shown in debug mode, as they may hold what is not for logs.
fn describe_call(vm: &Vm, h: &Handle, callback: &Value, args: &[Value]) -> PyResult<String> {
    let text = describe(vm, callback)?;
    let debug = h
        .event_loop
        .get()
        .downcast::<Loop>()
        .is_some_and(|l| l.is_debug());
    if args.is_empty() || !debug {
        return Ok(text);
    }
    let shown: PyResult<Vec<String>> = args.iter().map(|a| vm.repr_string(a)).collect();
    let list = shown?.join(", ");
    Ok(match text.split_once("()") {
        Some((head, tail)) => format!("{head}({list}){tail}"),
        None => text,
    })
}
