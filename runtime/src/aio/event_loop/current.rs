//! Which loop is meant, and its exception handler.
use super::Loop;
use crate::aio::state::aio;
use lasti_core::objects::Str;
use lasti_core::{PyResult, Ref, Value, Vm};

/// The running loop, or None.
pub fn running(vm: &Vm) -> Value {
    aio(vm).running.get()
}

pub fn get_running_loop(vm: &Vm) -> PyResult<Value> {
    let l = running(vm);
    if l.is_none() {
        Err(vm.runtime_error("no running event loop"))
    } else {
        Ok(l)
    }
}

/// The running loop, else the one set.
fn running_or_set(vm: &Vm) -> Option<Value> {
    let a = aio(vm);
    [&a.running, &a.current]
        .into_iter()
        .map(|l| l.get())
        .find(|l| !l.is_none())
}

/// The loop that futures and tasks belong to where none is said.
pub fn current(vm: &Vm) -> PyResult<Value> {
    if let Some(l) = running_or_set(vm) {
        return Ok(l);
    }
    let threading = vm.import("threading")?;
    let thread = vm.call_method(&threading, "current_thread", &[])?;
    let name = vm.getattr_str(&thread, "name")?;
    Err(vm.runtime_error(format!(
        "There is no current event loop in thread {}.",
        vm.repr_string(&name)?
    )))
}

/// `asyncio.get_event_loop`: the running loop, else the one set, else a new one (which 3.14 took away and scripts still use).
pub fn get_event_loop(vm: &Vm) -> PyResult<Value> {
    if let Some(l) = running_or_set(vm) {
        return Ok(l);
    }
    let a = aio(vm);
    let m = vm.import("asyncio")?;
    let l = vm.call_method(&m, "new_event_loop", &[])?;
    a.current.set(l.clone());
    Ok(l)
}

/// Whether a loop's `create_future` and `create_task` are the native ones.
pub fn keeps_natives(vm: &Vm, l: &Value) -> bool {
    if l.downcast::<Loop>().is_none() {
        return false;
    }
    let a = aio(vm);
    let class = vm.type_of(l);
    // A class that changes gets another version.
    if class.has_version(a.plain_loop_version.get()) {
        return true;
    }
    let same = |name: &Ref<Str>| match (class.lookup(vm, name), a.loop_type.lookup(vm, name)) {
        (Some(own), Some(native)) => own.is(&native),
        _ => false,
    };
    let plain = same(&vm.intern("create_future")) && same(&vm.intern("create_task"));
    if plain {
        a.plain_loop_version.set(class.version());
    }
    plain
}

/// Tells the loop's exception handler.
pub fn call_exception_handler(vm: &Vm, l: &Value, pairs: &[(&str, Value)]) -> PyResult<()> {
    let context = vm.new_dict();
    for (k, v) in pairs {
        vm.dict_set(&context, k, v.clone());
    }
    if l.is_none() || l.is_unbound() {
        return Ok(());
    }
    vm.call_method(l, "call_exception_handler", &[context.into()])
        .map(|_| ())
}
