//! `asyncio.sleep`: its coroutines are made in Rust, without a frame (`interp/intrinsic.rs`), and `await sleep(0)` makes none at all
//! (`interp/yield_once.rs`).
#![forbid(unsafe_code)]

use super::coroutine::NativeCoroutine;
use super::data::data_of;
use super::event_loop::{Loop, current};
use super::state::aio;
use super::{future, handle};
use lasti_core::objects::{Function, Type, TypeFlags};
use lasti_core::{Exc, Payload, PyResult, Ref, Resumed, Slot, Value, Vm};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Waiting,
    Done,
}

/// The coroutine of `sleep(delay, result)`.
pub struct Sleep {
    /// A small int or a float that is a number.
    delay: Value,
    result: Slot,
    /// The future its timer completes; unbound for `sleep(0)`.
    future: Slot,
    timer: Slot,
    stage: Cell<Stage>,
}

impl Payload for Sleep {
    const CONTAINER: bool = true;
    const NAME: &'static str = "coroutine";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.result, &self.future, &self.timer] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        self.stage.set(Stage::Done);
        for s in [&self.result, &self.future, &self.timer] {
            s.set(Value::UNBOUND);
        }
    }
}

/// Has calls of the Python function make these coroutines.
pub fn set_intrinsic(vm: &Vm, function: &Value) -> PyResult<()> {
    vm.set_intrinsic(function, new_sleep)?;
    vm.set_yields_once(function, yields_once, materialize_yield)?;
    let f = function.as_ref::<Function>().cloned();
    aio(vm).sleep_function.set(f);
    Ok(())
}

fn seconds(delay: &Value) -> Option<f64> {
    match delay.as_small_int() {
        Some(n) => Some(n as f64),
        None => delay.as_inline_float(),
    }
}

/// The intrinsic of `sleep`. Delays that are no plain numbers are for the Python code to say something about.
fn new_sleep(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> PyResult<Option<Value>> {
    let (delay, result) = match args {
        [delay] => (delay, Value::NONE),
        [delay, result] => (delay, result.clone()),
        _ => return Ok(None),
    };
    if seconds(delay).is_none() {
        return Ok(None);
    }
    let v = make(vm, delay.clone(), result, Stage::New);
    // "was never awaited" is due if it is dropped like this.
    vm.set_finalize(&v, true);
    Ok(Some(v))
}

fn make(vm: &Vm, delay: Value, result: Value, stage: Stage) -> Value {
    let s = Sleep {
        delay,
        result: Slot::new(result),
        future: Slot::empty(),
        timer: Slot::empty(),
        stage: Cell::new(stage),
    };
    vm.heap.alloc(&aio(vm).sleep_type, s).into()
}

/// Whether `sleep` with these arguments only gives way.
fn yields_once(args: &[Value]) -> bool {
    matches!(args, [delay] if delay.as_small_int().is_some_and(|n| n <= 0))
}

/// The coroutine of a `sleep(0)` that has given way.
fn materialize_yield(vm: &Vm) -> Value {
    make(vm, Value::small_int(0), Value::NONE, Stage::Waiting)
}

/// Ends it, whatever it waits for.
fn finish(vm: &Vm, v: &Value, s: &Sleep) -> PyResult<()> {
    s.stage.set(Stage::Done);
    vm.set_finalize(v, false);
    s.future.take();
    let timer = s.timer.take();
    if !timer.is_unbound() {
        match handle::handle_of(&timer) {
            Some(_) => handle::python::cancel(vm, &timer)?,
            // A loop of somebody else's gave it.
            None => drop(vm.call_method(&timer, "cancel", &[])?),
        }
    }
    Ok(())
}

/// Sets the timer; gives the future that it completes.
fn start(vm: &Vm, s: &Sleep, delay: f64) -> PyResult<Value> {
    let l = current::get_running_loop(vm)?;
    let (fut, timer) = match l.downcast::<Loop>() {
        Some(native) => {
            let fut = future::new_future(vm, &l);
            let timer = native.wake_later(vm, &l, delay, fut.clone(), s.result.get())?;
            (fut, timer)
        }
        None => {
            let fut = vm.call_method(&l, "create_future", &[])?;
            let set = vm.getattr_str(&fut, "set_result")?;
            let args = [s.delay.clone(), set, s.result.get()];
            let timer = vm.call_method(&l, "call_later", &args)?;
            (fut, timer)
        }
    };
    s.timer.set(timer);
    s.future.set(fut.clone());
    match data_of(&fut) {
        Some(f) => f.blocking.set(true),
        None => vm.setattr(&fut, &vm.names.asyncio_future_blocking, Some(&Value::TRUE))?,
    }
    Ok(fut)
}

/// The frame of the Python code, standing where the coroutine stands; None when it has ended.
fn materialize_frame(vm: &Vm, s: &Sleep, owner: &Value) -> PyResult<Value> {
    let mut locals = vec![s.delay.clone(), s.result.get()];
    let fut = s.future.get();
    let at = match s.stage.get() {
        Stage::Done => return Ok(Value::NONE),
        Stage::New => None,
        Stage::Waiting if fut.is_unbound() => Some(0),
        Stage::Waiting => {
            locals.extend([fut, s.timer.get()]);
            Some(1)
        }
    };
    vm.resting_frame(&s.function(vm)?, owner, at, locals)
}

impl NativeCoroutine for Sleep {
    fn function(&self, vm: &Vm) -> PyResult<Ref<Function>> {
        let f = aio(vm).sleep_function.get();
        f.ok_or_else(|| vm.runtime_error("asyncio is not loaded"))
    }
    fn is_new(&self) -> bool {
        self.stage.get() == Stage::New
    }
    fn waits(&self) -> bool {
        self.stage.get() == Stage::Waiting
    }
    fn cr_suspended(vm: &Vm, v: &Value) -> PyResult<Value> {
        Ok(Value::bool(vm.this::<Sleep>(v)?.waits()))
    }
    fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
        let s = vm.this::<Sleep>(v)?;
        match s.stage.get() {
            Stage::Done => Err(vm.runtime_error("cannot reuse already awaited coroutine")),
            Stage::New if !input.is_none() => {
                Err(vm.type_error("can't send non-None value to a just-started coroutine"))
            }
            Stage::New => {
                vm.set_finalize(v, false);
                s.stage.set(Stage::Waiting);
                let delay = seconds(&s.delay).unwrap_or(0.0);
                if delay <= 0.0 {
                    return Ok(Resumed::Yield(Value::NONE));
                }
                // Dropped while it waits, it cancels its timer.
                vm.set_finalize(v, true);
                match start(vm, s, delay) {
                    Ok(fut) => Ok(Resumed::Yield(fut)),
                    Err(e) => {
                        finish(vm, v, s)?;
                        Err(e)
                    }
                }
            }
            Stage::Waiting => {
                let fut = s.future.get();
                if fut.is_unbound() {
                    s.stage.set(Stage::Done);
                    return Ok(Resumed::Return(s.result.take()));
                }
                let r = match data_of(&fut) {
                    Some(f) if f.done() => future::result(vm, &fut),
                    Some(_) => Err(vm.runtime_error("await wasn't used with future")),
                    None => vm.call_method(&fut, "result", &[]),
                };
                if let Err(e) = &r {
                    vm.traceback_resting(&materialize_frame(vm, s, &Value::NONE)?, e);
                }
                finish(vm, v, s)?;
                r.map(Resumed::Return)
            }
        }
    }
    fn throw(vm: &Vm, v: &Value, e: Exc) -> PyResult<Value> {
        let s = vm.this::<Sleep>(v)?;
        if s.stage.get() == Stage::Done {
            return Err(vm.runtime_error("cannot reuse already awaited coroutine"));
        }
        let frame = materialize_frame(vm, s, &Value::NONE)?;
        finish(vm, v, s)?;
        vm.traceback_resting(&frame, &e);
        Err(e)
    }
    fn close(vm: &Vm, v: &Value) -> PyResult<()> {
        finish(vm, v, vm.this::<Sleep>(v)?)
    }
    fn cr_await(vm: &Vm, v: &Value) -> PyResult<Value> {
        let s = vm.this::<Sleep>(v)?;
        let fut = s.future.get();
        if !s.waits() {
            Ok(Value::NONE)
        } else if fut.is_unbound() {
            Ok(new_yield_once(vm))
        } else if data_of(&fut).is_some() {
            future::iter::materialize_iter(vm, &fut)
        } else {
            Ok(fut)
        }
    }
    fn cr_frame(vm: &Vm, v: &Value) -> PyResult<Value> {
        materialize_frame(vm, vm.this::<Sleep>(v)?, v)
    }
}

/// What the Python code of `sleep(0)` awaits: yields None once.
struct YieldOnce {
    given: Cell<bool>,
}
impl Payload for YieldOnce {
    const NAME: &'static str = "generator";
}

pub fn new_yield_once(vm: &Vm) -> Value {
    let yielder = YieldOnce {
        given: Cell::new(false),
    };
    vm.heap.alloc(&aio(vm).yield_once_type, yielder).into()
}

pub fn make_yield_once_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<YieldOnce>("generator", &vm.types.object, TypeFlags::NO_NEW);
    t.slots.await_.set(Some(lasti_core::self_iter));
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots.send.set(Some(|vm, v, _| {
        Ok(match vm.this::<YieldOnce>(v)?.given.replace(true) {
            false => Resumed::Yield(Value::NONE),
            true => Resumed::Return(Value::NONE),
        })
    }));
    t.slots.next.set(Some(|vm, v| {
        Ok((!vm.this::<YieldOnce>(v)?.given.replace(true)).then_some(Value::NONE))
    }));
    vm.ready_type(&t);
    t
}
