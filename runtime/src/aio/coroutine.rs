//! Coroutines made in Rust in the place of those of a Python function (`interp/intrinsic.rs`): what Python sees of them.
#![forbid(unsafe_code)]

use lasti_core::objects::{Function, Type, TypeFlags};
use lasti_core::{Exc, Payload, PyResult, Ref, Resumed, Value, Vm};

/// A native coroutine that stands for one of a Python function.
pub trait NativeCoroutine: Payload {
    fn function(&self, vm: &Vm) -> PyResult<Ref<Function>>;
    fn is_new(&self) -> bool;
    /// Whether it waits, here or in the coroutine that runs in its place.
    fn waits(&self) -> bool;
    fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed>;
    /// Raises an exception where it stands; gives what it yields then.
    fn throw(vm: &Vm, v: &Value, e: Exc) -> PyResult<Value>;
    /// Ends it from outside.
    fn close(vm: &Vm, v: &Value) -> PyResult<()>;
    fn cr_await(vm: &Vm, v: &Value) -> PyResult<Value>;
    fn cr_frame(vm: &Vm, v: &Value) -> PyResult<Value>;
    fn cr_suspended(vm: &Vm, v: &Value) -> PyResult<Value>;
    fn cr_running(_: &Vm, _: &Value) -> PyResult<Value> {
        Ok(Value::FALSE)
    }
}

fn qualified_name<W: NativeCoroutine>(vm: &Vm, v: &Value) -> PyResult<Value> {
    Ok(vm.this::<W>(v)?.function(vm)?.qualname.get())
}

/// The class of such coroutines, for Python a coroutine's.
pub fn make_type<W: NativeCoroutine>(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::WEAKREF | TypeFlags::NO_NEW | TypeFlags::COROUTINE;
    let t = vm.new_native_type::<W>("coroutine", &vm.types.coroutine, flags);
    t.set_finalizer(finalize::<W>);
    t.slots.await_.set(Some(awaited::<W>));
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots.send.set(Some(W::send));
    t.slots
        .next
        .set(Some(|vm, v| match W::send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    t.slots.repr.set(Some(|vm, v| {
        let name = vm.display(&qualified_name::<W>(vm, v)?);
        let at = vm.id(v);
        Ok(vm.str_value(&format!("<coroutine object {name} at {at:#x}>")))
    }));
    vm.method(&t, "send", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "send")?;
        match W::send(vm, v, x)? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(&t, "throw", "", |vm, v, a| {
        let e = match a.pos {
            [class, value, ..] if class.as_ref::<Type>().is_some() && !value.is_none() => value,
            [first, ..] => first,
            [] => return Err(vm.type_error("throw expected at least 1 argument, got 0")),
        };
        W::throw(vm, v, vm.exception_of(e)?)
    });
    vm.method(&t, "close", "", |vm, v, _| {
        W::close(vm, v)?;
        Ok(Value::NONE)
    });
    let name = |vm: &Vm, v: &Value| Ok(vm.this::<W>(v)?.function(vm)?.name.get());
    vm.getset(&t, "__name__", name, None);
    vm.getset(&t, "__qualname__", qualified_name::<W>, None);
    vm.getset(
        &t,
        "cr_code",
        |vm, v| {
            let f = vm.this::<W>(v)?.function(vm)?;
            vm.getattr_str(f.as_value(), "__code__")
        },
        None,
    );
    vm.getset(&t, "cr_await", W::cr_await, None);
    vm.getset(&t, "cr_frame", W::cr_frame, None);
    vm.getset(&t, "cr_running", W::cr_running, None);
    vm.getset(&t, "cr_suspended", W::cr_suspended, None);
    vm.getset(&t, "cr_origin", |_, _| Ok(Value::NONE), None);
    vm.ready_type(&t);
    t
}

/// RuntimeError if it is awaited already.
fn awaited<W: NativeCoroutine>(vm: &Vm, v: &Value) -> PyResult<Value> {
    if vm.this::<W>(v)?.waits() {
        return Err(vm.runtime_error("coroutine is being awaited already"));
    }
    Ok(v.clone())
}

fn finalize<W: NativeCoroutine>(vm: &Vm, v: &Value) {
    let Some(w) = v.downcast::<W>() else {
        return;
    };
    let r = if w.is_new() {
        qualified_name::<W>(vm, v).and_then(|name| {
            let msg = format!("coroutine '{}' was never awaited", vm.display(&name));
            vm.warn(&vm.exc.runtime_warning, &msg, 1, Some(v))
        })
    } else {
        W::close(vm, v)
    };
    if let Err(e) = r {
        vm.unraisable(&e, "Exception ignored while finalizing coroutine", Some(v));
    }
}
