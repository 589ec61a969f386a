//! Generators as Python sees them (PEP 255, 342, 380).
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::{Args, Resume, Resumed};
use lasti_core::vm::error::{Exc, PyResult};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.generator;
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots.next.set(Some(|vm, v| {
        let g = vm.this::<Generator>(v)?;
        match vm.resume(g, Resume::Send(Value::NONE))? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            // A value must not be lost: whoever wants none catches the exception.
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    }));
    vm.add_methods(t, METHODS);
    common(vm, t);
    fields(
        vm,
        t,
        [
            "gi_frame",
            "gi_running",
            "gi_code",
            "gi_yieldfrom",
            "gi_suspended",
        ],
    );
}

lasti_core::methods! { METHODS =
    tail "send" "send($self, object, /)\n--\n\nsend(arg) -> send 'arg' into generator,\nreturn next yielded value or raise StopIteration." send;
}

/// What generators, coroutines and async generators share.
pub(super) fn common(vm: &Vm, t: &Ref<Type>) {
    t.slots.repr.set(Some(|vm, v| {
        let g = vm.this::<Generator>(v)?;
        Ok(vm.str_value(&format!(
            "<{} object {} at {:#x}>",
            vm.type_name(v),
            vm.display(&g.qualified_name()),
            vm.id(v)
        )))
    }));
    let (throw_doc, close_doc) = if t.is(&vm.types.coroutine) {
        (
            "(type, value=None, traceback=None, /)\n--\n\nthrow(value)\nthrow(type[,value[,traceback]])\n\nRaise exception in coroutine, return next iterated value or raise\nStopIteration.\nthe (type, val, tb) signature is deprecated, \nand may be removed in a future version of Python.",
            "close($self, /)\n--\n\nclose() -> raise GeneratorExit inside coroutine.",
        )
    } else {
        (
            "(type, value=None, traceback=None, /)\n--\n\nthrow(value)\nthrow(type[,value[,tb]])\n\nRaise exception in generator, return next yielded value or raise\nStopIteration.\nthe (type, val, tb) signature is deprecated, \nand may be removed in a future version of Python.",
            "close($self, /)\n--\n\nclose() -> raise GeneratorExit inside generator.",
        )
    };
    if !t.is(&vm.types.async_generator) {
        vm.method(t, "throw", throw_doc, |vm, v, a| {
            let g = vm.this::<Generator>(v)?;
            let e = match thrown(vm, a, Some("throw")) {
                Ok(e) => e,
                Err(e) => return refuse(vm, g, a, e),
            };
            match vm.resume(g, Resume::Throw(e))? {
                Resumed::Yield(v) => Ok(v),
                Resumed::Return(v) => Err(vm.stop_iteration(v)),
            }
        });
        vm.method(t, "close", close_doc, |vm, v, a| {
            a.exactly::<0>(vm, "close")?;
            vm.close_with_value(vm.this::<Generator>(v)?)
        });
    }
    vm.getset(
        t,
        "__name__",
        |vm, v| Ok(vm.this::<Generator>(v)?.name()),
        Some(|vm, v, x| {
            vm.this::<Generator>(v)?.set_name(text(vm, x, "__name__")?);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__qualname__",
        |vm, v| Ok(vm.this::<Generator>(v)?.qualified_name()),
        Some(|vm, v, x| {
            let name = text(vm, x, "__qualname__")?;
            vm.this::<Generator>(v)?.set_qualified_name(name);
            Ok(())
        }),
    );
    vm.add_methods(t, COMMON_METHODS);
}

lasti_core::methods! { COMMON_METHODS =
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn text(vm: &Vm, x: Option<&Value>, what: &str) -> PyResult<Value> {
    match x {
        Some(x) if x.downcast::<Str>().is_some() => Ok(x.clone()),
        _ => Err(vm.type_error(format!("{what} must be set to a string object"))),
    }
}

/// The five fields that each kind shows under its own prefix.
pub(super) fn fields(vm: &Vm, t: &Ref<Type>, names: [&str; 5]) {
    let [frame, running, code, waits, suspended] = names;
    vm.getset(
        t,
        frame,
        |vm, v| {
            let f = vm.generator_frame(vm.this::<Generator>(v)?);
            Ok(f.map_or(Value::NONE, Value::from))
        },
        None,
    );
    vm.getset(
        t,
        running,
        |vm, v| {
            let g = vm.this::<Generator>(v)?;
            if g.kind == GenKind::AsyncGenerator {
                return Ok(Value::bool(g.asynchronous.get(AsyncGenFlags::BUSY)));
            }
            Ok(Value::bool(g.state() == GenState::Running))
        },
        None,
    );
    vm.getset(
        t,
        code,
        |vm, v| Ok(vm.this::<Generator>(v)?.code().value()),
        None,
    );
    vm.getset(
        t,
        waits,
        |vm, v| {
            let g = vm.this::<Generator>(v)?;
            Ok(vm.yield_from_of(g).unwrap_or(Value::NONE))
        },
        None,
    );
    vm.getset(
        t,
        suspended,
        |vm, v| {
            Ok(Value::bool(
                vm.this::<Generator>(v)?.state() == GenState::Suspended,
            ))
        },
        None,
    );
}

fn send(vm: &Vm, this: &Value, args: Args) -> PyResult<Tail> {
    let [v] = args.exactly::<1>(vm, "send")?;
    Ok(Tail::Send {
        generator: vm.this::<Generator>(this)?.clone(),
        input: v.clone(),
    })
}

/// `throw` of a class whose making fails: that error is what the generator gets to see, as where CPython makes the
/// exception inside of it.
fn refuse(vm: &Vm, g: &Ref<Generator>, args: Args, e: Exc) -> PyResult<Value> {
    let class = args.get(0).and_then(|c| c.as_ref::<Type>());
    if args.pos.len() > 1 || !class.is_some_and(|c| c.is_subtype(&vm.exc.base_exception)) {
        return Err(e);
    }
    match vm.resume(g, Resume::Throw(e))? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

/// The old signature with a class, a value and a traceback is on its way out.
pub(super) fn warn_three_arguments(vm: &Vm, pos: &[Value], what: &str) -> PyResult<()> {
    if pos.len() < 2 {
        return Ok(());
    }
    let msg = format!(
        "the (type, exc, tb) signature of {what}() is deprecated, use the single-arg signature instead."
    );
    vm.warn(&vm.exc.deprecation_warning, &msg, 1, None)
}

/// The exception that `throw(value)` or the old `throw(type, value, traceback)` means. `what` is the method to name in
/// the warning about the old form; none where it was given before.
pub(super) fn thrown(vm: &Vm, args: Args, what: Option<&str>) -> PyResult<Exc> {
    let pos = args.between(vm, "throw", 1, 3)?;
    if let Some(what) = what {
        warn_three_arguments(vm, pos, what)?;
    }
    let tb = pos.get(2).filter(|t| !t.is_none());
    if let Some(tb) = tb
        && tb.downcast::<Traceback>().is_none()
    {
        return Err(vm.type_error("throw() third argument must be a traceback object"));
    }
    let value = pos.get(1).filter(|v| !v.is_none());
    let e = match pos[0].as_ref::<Type>() {
        Some(t) if t.is_subtype(&vm.exc.base_exception) => match value {
            Some(v) if vm.is_instance(v, t) => Exc(v.clone()),
            Some(v) => match v.downcast::<Tuple>() {
                Some(items) => Exc(vm.call(&pos[0], items)?),
                None => Exc(vm.call(&pos[0], std::slice::from_ref(v))?),
            },
            None => vm.exception_of(&pos[0])?,
        },
        _ if pos[0].downcast::<Exception>().is_some() => {
            if value.is_some() {
                return Err(vm.type_error("instance exception may not have a separate value"));
            }
            Exc(pos[0].clone())
        }
        _ => {
            return Err(vm.type_error(format!(
                "exceptions must be classes or instances deriving from BaseException, not {}",
                vm.type_name(&pos[0])
            )));
        }
    };
    if let (Some(tb), Some(x)) = (
        tb.and_then(|t| t.as_ref::<Traceback>()),
        e.0.downcast::<Exception>(),
    ) {
        x.traceback.set(Some(tb.clone()));
    }
    Ok(e)
}
