//! What `await future` runs.
use super::result;
use crate::aio::data::this;
use crate::aio::state::aio;
use lasti_core::objects::{Type, TypeFlags};
use lasti_core::{Args, Payload, PyResult, Ref, Resumed, Value, Vm};
use std::cell::Cell;

/// What `await future` runs.
pub struct FutureIter {
    pub future: Value,
    pub asked: Cell<bool>,
}

impl Payload for FutureIter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "FutureIter";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.future);
    }
}

pub fn make_iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    check_loop(vm, v)?;
    let it = FutureIter {
        future: v.clone(),
        asked: Cell::new(false),
    };
    Ok(vm.heap.alloc(&aio(vm).future_iter_type, it).into())
}

/// The iterator of an `await` that waits for the future already.
pub fn materialize_iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    let it = make_iter(vm, v)?;
    if let Some(i) = it.downcast::<FutureIter>() {
        i.asked.set(true);
    }
    Ok(it)
}

fn iter_send(vm: &Vm, v: &Value, _: &Value) -> PyResult<Resumed> {
    let it = vm.this::<FutureIter>(v)?;
    let f = this(vm, &it.future)?;
    if f.done() {
        return result(vm, &it.future).map(Resumed::Return);
    }
    if it.asked.replace(true) {
        return Err(vm.runtime_error("await wasn't used with future"));
    }
    f.blocking.set(true);
    Ok(Resumed::Yield(it.future.clone()))
}

pub fn make_iter_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<FutureIter>(
        "_asyncio.FutureIter",
        &vm.types.object,
        TypeFlags::NO_NEW,
    );
    t.slots.send.set(Some(iter_send));
    t.slots.iter.set(Some(|_, v| Ok(v.clone())));
    t.slots
        .next
        .set(Some(|vm, v| match iter_send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    vm.add_methods(&t, METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "send" "(object, /)\n--\n\n" send;
    "throw" "(type, value=None, traceback=None, /)\n--\n\n" throw;
    "close" "()\n--\n\n" close;
}

fn send(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "send")?;
    match iter_send(vm, v, x)? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn throw(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let e = match a.pos {
        [class, value, ..] if class.as_ref::<Type>().is_some() && !value.is_none() => value.clone(),
        [first, ..] => first.clone(),
        [] => return Err(vm.type_error("throw expected at least 1 argument, got 0")),
    };
    Err(vm.exception_of(&e)?)
}

fn close(_: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::NONE)
}

pub fn check_loop(vm: &Vm, v: &Value) -> PyResult<()> {
    if this(vm, v)?.event_loop.get().is_none() {
        return Err(vm.runtime_error("Future object is not initialized."));
    }
    Ok(())
}
