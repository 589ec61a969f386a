//! Async generators as Python sees them (PEP 525): `__anext__`, `asend`, `athrow`, `aclose`, hooks, and the free lists
//! for what they return.
use lasti_core::Outcome;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::{Args, Resume, Resumed};
use lasti_core::vm::error::{Exc, PyResult};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.async_generator;
    super::generator::common(vm, t);
    super::generator::fields(
        vm,
        t,
        [
            "ag_frame",
            "ag_running",
            "ag_code",
            "ag_await",
            "ag_suspended",
        ],
    );
    t.slots.aiter.set(Some(|_, v| Ok(v.clone())));
    t.slots
        .anext
        .set(Some(|vm, v| make(vm, v, Value::UNBOUND, AsendMode::Send)));
    vm.add_methods(t, METHODS);
    vm.getset(
        t,
        "ag_closed",
        |vm, v| {
            Ok(Value::bool(
                vm.this::<Generator>(v)?
                    .asynchronous
                    .get(AsyncGenFlags::CLOSED),
            ))
        },
        None,
    );
    vm.getset(
        t,
        "ag_hooks_inited",
        |vm, v| {
            Ok(Value::bool(
                vm.this::<Generator>(v)?
                    .asynchronous
                    .get(AsyncGenFlags::HOOKS_INITED),
            ))
        },
        None,
    );
    vm.getset(
        t,
        "ag_finalizer",
        |vm, v| Ok(vm.this::<Generator>(v)?.origin()),
        None,
    );

    for t in [&vm.types.asend, &vm.types.athrow] {
        t.set_finalizer(warn_never_awaited);
        t.slots.iter.set(Some(lasti_core::self_iter));
        t.slots.await_.set(Some(lasti_core::self_iter));
        t.slots
            .next
            .set(Some(|vm, v| match step(vm, v, Value::NONE)? {
                Resumed::Yield(v) => Ok(Some(v)),
                Resumed::Return(v) if v.is_none() => Ok(None),
                Resumed::Return(v) => Err(vm.stop_iteration(v)),
            }));
        t.slots.send.set(Some(|vm, v, x| step(vm, v, x.clone())));
        vm.add_methods(t, T_METHODS);
    }
}

lasti_core::methods! { METHODS =
    "asend" "asend($self, object, /)\n--\n\n" asend;
    "athrow" "(*args)\n--\n\n" athrow;
    "aclose" "aclose($self, /)\n--\n\n" aclose;
}

fn asend(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "asend")?;
    make(vm, v, x.clone(), AsendMode::Send)
}

fn athrow(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "athrow", 1, 3)?;
    super::generator::warn_three_arguments(vm, pos, "athrow")?;
    make(vm, v, vm.new_tuple(a.pos.to_vec()).into(), AsendMode::Throw)
}

fn aclose(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "aclose")?;
    make(vm, v, Value::UNBOUND, AsendMode::Close)
}

lasti_core::methods! { T_METHODS =
    "send" "send($self, object, /)\n--\n\n" send;
    "throw" "(type, value=None, traceback=None, /)\n--\n\n" throw_method;
    "close" "close($self, /)\n--\n\n" close_method;
}

fn send(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "send")?;
    match step(vm, v, x.clone())? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn throw_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let e = super::generator::thrown(vm, a, Some("throw"))?;
    match throw(vm, v, e)? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn close_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    close(vm, v)?;
    Ok(Value::NONE)
}

/// Makes the awaitable of one step; calls the firstiter hook before the first (PEP 525).
fn make(vm: &Vm, v: &Value, input: Value, mode: AsendMode) -> PyResult<Value> {
    let g = vm.this::<Generator>(v)?;
    init_hooks(vm, g)?;
    let made = vm.new_asend(g.clone(), input, mode);
    // "was never awaited" is due if it is dropped before its first step.
    vm.set_finalize(&made, true);
    Ok(made)
}

/// `coroutine method 'asend' of 'g' was never awaited` (3.13's `_PyErr_WarnUnawaitedAgenMethod`).
fn warn_never_awaited(vm: &Vm, v: &Value) {
    let Some(a) = v.downcast::<Asend>() else {
        return;
    };
    if a.state.get() != AwaitState::Init {
        return;
    }
    let method = match a.mode {
        AsendMode::Send => "asend",
        AsendMode::Throw => "athrow",
        AsendMode::Close => "aclose",
    };
    let msg = format!(
        "coroutine method '{method}' of '{}' was never awaited",
        vm.display(&a.generator.qualified_name())
    );
    if let Err(e) = vm.warn(&vm.exc.runtime_warning, &msg, 1, Some(v)) {
        vm.unraisable(&e, "Exception ignored while finalizing generator", Some(v));
    }
}

fn init_hooks(vm: &Vm, g: &Ref<Generator>) -> PyResult<()> {
    if g.asynchronous.get(AsyncGenFlags::HOOKS_INITED) {
        return Ok(());
    }
    g.asynchronous.set(AsyncGenFlags::HOOKS_INITED, true);
    let finalizer = vm.asyncgen_finalizer.get();
    if !finalizer.is_none() {
        // From now on it is told of a generator dropped open, even of one that never ran.
        vm.set_finalize(g.as_value(), true);
    }
    g.set_origin(finalizer);
    let first = vm.asyncgen_firstiter.get();
    if !first.is_none() {
        vm.call(&first, &[g.value()])?;
    }
    Ok(())
}

/// One step of an asend, athrow or aclose that is driven from outside a chain.
fn step(vm: &Vm, v: &Value, input: Value) -> PyResult<Resumed> {
    let a = vm.this::<Asend>(v)?.clone();
    match a.mode {
        AsendMode::Send => {
            let input = vm.asend_begin(v, &a, input)?;
            let r = vm.resume_outcome(&a.generator, Resume::Send(input));
            finish(vm, v, &a, r)
        }
        AsendMode::Throw | AsendMode::Close => athrow_step(vm, v, &a, input),
    }
}

/// What a resumed async generator means for the awaitable that drives it.
fn finish(vm: &Vm, v: &Value, a: &Ref<Asend>, r: PyResult<Outcome>) -> PyResult<Resumed> {
    match r {
        Ok(Outcome::Yield(x)) => Ok(Resumed::Yield(x)),
        Ok(Outcome::AsyncYield(x)) => {
            vm.asend_end(v);
            Ok(Resumed::Return(x.value.take()))
        }
        Ok(Outcome::Return(_)) => {
            vm.asend_end(v);
            a.generator.asynchronous.set(AsyncGenFlags::CLOSED, true);
            Err(vm.stop_async_iteration())
        }
        Err(e) => {
            vm.asend_end(v);
            Err(e)
        }
    }
}

fn athrow_step(vm: &Vm, v: &Value, a: &Ref<Asend>, input: Value) -> PyResult<Resumed> {
    let g = &a.generator;
    let closing = a.mode == AsendMode::Close;
    let what = if closing { "aclose()" } else { "athrow()" };
    vm.set_finalize(v, false);
    let r = match a.state.get() {
        AwaitState::Closed => {
            return Err(vm.runtime_error("cannot reuse already awaited aclose()/athrow()"));
        }
        AwaitState::Init => {
            if g.state() == GenState::Closed {
                // Nothing is left to throw into: the step ends without a value.
                a.state.set(AwaitState::Closed);
                return Ok(Resumed::Return(Value::NONE));
            }
            if g.asynchronous.get(AsyncGenFlags::BUSY) {
                a.state.set(AwaitState::Closed);
                return Err(
                    vm.runtime_error(format!("{what}: asynchronous generator is already running"))
                );
            }
            if g.asynchronous.get(AsyncGenFlags::CLOSED) {
                a.state.set(AwaitState::Closed);
                return Err(vm.stop_async_iteration());
            }
            if !input.is_none() {
                return Err(
                    vm.runtime_error("can't send non-None value to a just-started coroutine")
                );
            }
            a.state.set(AwaitState::Iter);
            g.asynchronous.set(AsyncGenFlags::BUSY, true);
            let e = if closing {
                g.asynchronous.set(AsyncGenFlags::CLOSED, true);
                vm.new_exception_args(&vm.exc.generator_exit, vm.new_tuple([]))
            } else {
                let items = a.input.get();
                let items = items
                    .downcast::<Tuple>()
                    .map(|t| t.to_vec())
                    .unwrap_or_default();
                match super::generator::thrown(vm, Args::pos(&items), None) {
                    Ok(e) => e,
                    Err(e) => {
                        vm.asend_end(v);
                        return Err(e);
                    }
                }
            };
            vm.resume_outcome(g, Resume::Throw(e))
        }
        AwaitState::Iter => vm.resume_outcome(g, Resume::Send(input)),
    };
    athrow_result(vm, v, a, r)
}

fn athrow_result(vm: &Vm, v: &Value, a: &Ref<Asend>, r: PyResult<Outcome>) -> PyResult<Resumed> {
    if a.mode == AsendMode::Throw {
        return finish(vm, v, a, r);
    }
    match r {
        Ok(Outcome::Yield(x)) => Ok(Resumed::Yield(x)),
        Ok(Outcome::AsyncYield(_)) => {
            vm.asend_end(v);
            Err(vm.runtime_error("async generator ignored GeneratorExit"))
        }
        Ok(Outcome::Return(_)) => {
            vm.asend_end(v);
            Ok(Resumed::Return(Value::NONE))
        }
        Err(e) => {
            vm.asend_end(v);
            let done = vm.exc_is(&e, &vm.exc.generator_exit)
                || vm.exc_is(&e, &vm.exc.stop_async_iteration);
            if done {
                Ok(Resumed::Return(Value::NONE))
            } else {
                Err(e)
            }
        }
    }
}

/// Throws into a step under way.
fn throw(vm: &Vm, v: &Value, e: Exc) -> PyResult<Resumed> {
    let a = vm.this::<Asend>(v)?.clone();
    vm.set_finalize(v, false);
    if a.state.get() == AwaitState::Closed {
        let what = if a.mode == AsendMode::Send {
            "__anext__()/asend()"
        } else {
            "aclose()/athrow()"
        };
        return Err(vm.runtime_error(format!("cannot reuse already awaited {what}")));
    }
    if a.state.get() == AwaitState::Init {
        if a.generator.asynchronous.get(AsyncGenFlags::BUSY) {
            a.state.set(AwaitState::Closed);
            let what = match a.mode {
                AsendMode::Send => "anext()",
                AsendMode::Throw => "athrow()",
                AsendMode::Close => "aclose()",
            };
            return Err(
                vm.runtime_error(format!("{what}: asynchronous generator is already running"))
            );
        }
        a.state.set(AwaitState::Iter);
        a.generator.asynchronous.set(AsyncGenFlags::BUSY, true);
    }
    let r = vm.resume_outcome(&a.generator, Resume::Throw(e));
    if a.mode == AsendMode::Send {
        finish(vm, v, &a, r)
    } else {
        athrow_result(vm, v, &a, r)
    }
}

fn close(vm: &Vm, v: &Value) -> PyResult<()> {
    let a = vm.this::<Asend>(v)?;
    vm.set_finalize(v, false);
    // One that was never started is closed without the generator noticing, as in 3.8.
    if a.state.replace(AwaitState::Closed) != AwaitState::Iter {
        return Ok(());
    }
    a.state.set(AwaitState::Iter);
    let e = vm.new_exception_args(&vm.exc.generator_exit, vm.new_tuple([]));
    match throw(vm, v, e) {
        Ok(Resumed::Yield(_)) => Err(vm.runtime_error("coroutine ignored GeneratorExit")),
        Ok(Resumed::Return(_)) => Ok(()),
        Err(e) => {
            let quiet = [
                &vm.exc.generator_exit,
                &vm.exc.stop_async_iteration,
                &vm.exc.stop_iteration,
            ];
            if quiet.iter().any(|t| vm.exc_is(&e, t)) {
                Ok(())
            } else {
                Err(e)
            }
        }
    }
}
