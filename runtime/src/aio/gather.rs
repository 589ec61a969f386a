//! `asyncio.gather`: a future of the results of several (CPython's Lib/asyncio/tasks.py). Its children tell it directly when
//! they are done, without a Python callback for each.
use super::cancel::cancel_any;
use super::data::{FutureData, Gather, State, Task, TaskFlags, Waiter, data_of};
use super::event_loop::current::current;
use super::state::{aio, new_cancelled};
use super::task::step::takes_waiters;
use super::{future, wakeup};
use lasti_core::objects::{GenKind, Generator, Tuple, Type, TypeFlags};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

pub fn make_type(vm: &Vm, future_type: &Ref<Type>) -> Ref<Type> {
    let flags = TypeFlags::DICT | TypeFlags::WEAKREF | TypeFlags::NO_NEW;
    let t = vm.new_native_type::<Gather>("asyncio.tasks._GatheringFuture", future_type, flags);
    t.set_finalizer(future::python::finalize);
    vm.method(
        &t,
        "cancel",
        "cancel($self, /, msg=None)\n--\n\n",
        |vm, v, a| {
            let [msg] = a.bind(vm, "cancel", ["msg"], 0)?;
            let g = vm.this::<Gather>(v)?;
            if g.data.done() {
                return Ok(Value::FALSE);
            }
            let msg = msg.cloned().unwrap_or(Value::NONE);
            let children = g.children.borrow().clone();
            let mut cancelled = false;
            for child in &children {
                cancelled |= cancel_any(vm, child, &msg)?;
            }
            if cancelled {
                // Whether it ends cancelled is known when the last child is done.
                g.cancel_requested.set(true);
            }
            Ok(Value::bool(cancelled))
        },
    );
    vm.getset(
        &t,
        "_children",
        |vm, v| Ok(vm.new_list(vm.this::<Gather>(v)?.children.borrow().clone())),
        None,
    );
    vm.getset(
        &t,
        "_cancel_requested",
        |vm, v| Ok(Value::bool(vm.this::<Gather>(v)?.cancel_requested.get())),
        None,
    );
    vm.ready_type(&t);
    t
}

/// `gather(*coros_or_futures, return_exceptions=False)`.
pub fn gather(vm: &Vm, args: Args) -> PyResult<Value> {
    let mut return_exceptions = false;
    for (name, v) in args.names.iter().zip(args.kw) {
        if vm.display(name) != "return_exceptions" {
            return Err(vm.type_error(format!(
                "gather() got an unexpected keyword argument '{}'",
                vm.display(name)
            )));
        }
        return_exceptions = vm.is_true(v)?;
    }
    if args.pos.is_empty() {
        let l = current(vm)?;
        let outer = vm.call_method(&l, "create_future", &[])?;
        vm.call_method(&outer, "set_result", &[vm.new_list(Vec::new())])?;
        return Ok(outer);
    }
    let g = vm.heap.alloc(
        &aio(vm).gather_type,
        Gather {
            data: FutureData::new(Value::NONE),
            children: RefCell::default(),
            expected: Cell::new(0),
            finished: Cell::new(0),
            return_exceptions: Cell::new(return_exceptions),
            cancel_requested: Cell::new(false),
        },
    );
    // The same awaitable given twice is one child.
    let mut known: HashMap<u64, usize> = HashMap::new();
    let equal = vm.new_dict();
    let mut done = Vec::new();
    for arg in args.pos {
        let by_identity = arg.downcast::<Generator>().is_some() || data_of(arg).is_some();
        let seen = if by_identity {
            known.get(&arg.bits()).copied()
        } else {
            vm.dict_lookup(&equal, arg)?
                .and_then(|n| n.as_small_int())
                .map(|n| n as usize)
        };
        if let Some(n) = seen {
            let child = g.children.borrow()[n].clone();
            vm.push(&mut g.children.borrow_mut(), child)?;
            continue;
        }
        let child = child_of(vm, &g, arg)?;
        let n = g.children.borrow().len();
        if by_identity {
            known.insert(arg.bits(), n);
        } else {
            vm.dict_insert(&equal, arg.clone(), vm.new_int(n as i64))?;
        }
        vm.push(&mut g.children.borrow_mut(), child.clone())?;
        g.expected.set(g.expected.get() + 1);
        if is_done(vm, &child)? {
            done.push(child);
        } else {
            listen(vm, &g, &child)?;
        }
    }
    for child in &done {
        child_done(vm, &g, child)?;
    }
    Ok(g.into())
}

/// The future of one argument. The first one's loop is that of all.
fn child_of(vm: &Vm, g: &Ref<Gather>, arg: &Value) -> PyResult<Value> {
    let l = g.data.event_loop.get();
    let known = !l.is_none();
    if let Some(f) = data_of(arg) {
        let theirs = f.event_loop.get();
        if !known {
            g.data.event_loop.set(theirs);
        } else if !theirs.is(&l) {
            return Err(vm.value_error(
                "The future belongs to a different loop than the one specified as the loop argument",
            ));
        }
        return Ok(arg.clone());
    }
    let plain = arg
        .downcast::<Generator>()
        .is_some_and(|c| c.kind == GenKind::Coroutine);
    let child = if plain {
        let l = if known { l } else { current(vm)? };
        vm.call_method(&l, "create_task", std::slice::from_ref(arg))?
    } else {
        let ensure = vm.getattr_str(&vm.import("asyncio")?, "ensure_future")?;
        let names = [vm.str_value("loop")];
        vm.call_args(&ensure, Args::split(&[arg.clone(), l], &names))?
    };
    if !known {
        let theirs = match data_of(&child) {
            Some(f) => f.event_loop.get(),
            None => vm.call_method(&child, "get_loop", &[])?,
        };
        g.data.event_loop.set(theirs);
    }
    if !child.is(arg) {
        // Nobody else can see it, so a pending one that goes with the gathering needs no report.
        match child.downcast::<Task>() {
            Some(t) => t.data.task.set(TaskFlags::LOG_DESTROY_PENDING, false),
            None => vm.setattr(
                &child,
                &vm.intern("_log_destroy_pending"),
                Some(&Value::FALSE),
            )?,
        }
    }
    Ok(child)
}

fn is_done(vm: &Vm, child: &Value) -> PyResult<bool> {
    match data_of(child) {
        Some(f) => Ok(f.done()),
        None => vm.is_true(&vm.call_method(child, "done", &[])?),
    }
}

fn listen(vm: &Vm, g: &Ref<Gather>, child: &Value) -> PyResult<()> {
    if data_of(child).is_some() && takes_waiters(vm, child) {
        return wakeup::add_waiter(vm, child, Waiter::Gather(g.clone()));
    }
    let f = wakeup::gathered_function(vm, g, child);
    vm.call_method(child, "add_done_callback", &[f]).map(|_| ())
}

/// How a child ended: cancelled, with an exception, or (none) with a result.
enum Ending {
    Cancelled,
    Failed(Value),
    Succeeded,
}

/// Looks at how a child ended, which counts as retrieving its exception.
fn ending(vm: &Vm, child: &Value) -> PyResult<Ending> {
    if let Some(f) = data_of(child) {
        f.log_traceback.set(false);
        let e = f.exception();
        return Ok(match f.state.get() {
            State::Cancelled => Ending::Cancelled,
            _ if e.is_none() => Ending::Succeeded,
            _ => Ending::Failed(e),
        });
    }
    if vm.is_true(&vm.call_method(child, "cancelled", &[])?)? {
        return Ok(Ending::Cancelled);
    }
    let e = vm.call_method(child, "exception", &[])?;
    Ok(if e.is_none() {
        Ending::Succeeded
    } else {
        Ending::Failed(e)
    })
}

fn cancelled_error(vm: &Vm, child: &Value) -> PyResult<Value> {
    vm.call_method(child, "_make_cancelled_error", &[])
}

/// A child is done: so is the whole, if it was the last or failed.
pub fn child_done(vm: &Vm, g: &Ref<Gather>, child: &Value) -> PyResult<()> {
    g.finished.set(g.finished.get() + 1);
    let outer = g.as_value();
    let ended = ending(vm, child)?;
    if g.data.done() {
        return Ok(());
    }
    if !g.return_exceptions.get() {
        match ended {
            Ending::Cancelled => {
                let e = cancelled_error(vm, child)?;
                return wakeup::set_exception(vm, outer, e);
            }
            Ending::Failed(e) => return wakeup::set_exception(vm, outer, e),
            Ending::Succeeded => {}
        }
    }
    if g.finished.get() < g.expected.get() {
        return Ok(());
    }
    if g.cancel_requested.get() {
        let e = cancelled_error(vm, child)?;
        return wakeup::set_exception(vm, outer, e);
    }
    let children = g.children.borrow().clone();
    let mut results = Vec::with_capacity(children.len());
    for c in &children {
        results.push(match ending(vm, c)? {
            Ending::Cancelled => {
                let message = vm.getattr_str(c, "_cancel_message")?;
                let message = if message.is_none() {
                    vm.str_value("")
                } else {
                    message
                };
                new_cancelled(vm, &message)?.0
            }
            Ending::Failed(e) => e,
            Ending::Succeeded => match data_of(c) {
                Some(f) => f.result.get(),
                None => vm.call_method(c, "result", &[])?,
            },
        });
    }
    wakeup::set_result(vm, outer, vm.new_list(results))
}

/// What [`wakeup::gathered_function`] calls.
pub fn gathered_call(vm: &Vm, me: &Value, _: Args) -> PyResult<Value> {
    if let Some([g, child]) = me.downcast::<Tuple>().map(|t| &t[..])
        && let Some(g) = g.as_ref::<Gather>()
    {
        child_done(vm, g, child)?;
    }
    Ok(Value::NONE)
}
