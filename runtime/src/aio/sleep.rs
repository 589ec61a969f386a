//! `asyncio.sleep`: a native awaitable, so that `sleep(0)` costs no coroutine.
use super::future;
use super::{Loop, aio};
use lasti_core::objects::{Type, TypeFlags};
use lasti_core::{Payload, PyResult, Ref, Resumed, Slot, Value, Vm};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Waiting,
    Done,
}

/// The coroutine of `sleep(delay, result)`.
pub struct Sleep {
    delay: f64,
    result: Slot,
    stage: Cell<Stage>,
    /// The future its timer completes; unbound for `sleep(0)`.
    future: Slot,
    timer: Slot,
}
impl Payload for Sleep {
    const CONTAINER: bool = true;
    const NAME: &'static str = "coroutine";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.result, &self.future, &self.timer] {
            s.visit(visit);
        }
    }
}

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Sleep>(
        "coroutine",
        &vm.types.object,
        TypeFlags::WEAKREF | TypeFlags::NO_NEW,
    );
    t.slots.await_.set(Some(lasti_core::self_iter));
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots.send.set(Some(send));
    t.slots
        .next
        .set(Some(|vm, v| match send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    t.slots.repr.set(Some(|vm, v| {
        Ok(vm.str_value(&format!("<coroutine object sleep at {:#x}>", vm.id(v))))
    }));
    t.set_finalizer(|vm, v| {
        let Some(s) = v.downcast::<Sleep>() else {
            return;
        };
        if s.stage.get() == Stage::New {
            let r = vm.warn(
                &vm.exc.runtime_warning,
                "coroutine 'sleep' was never awaited",
                1,
                Some(v),
            );
            if let Err(e) = r {
                vm.unraisable(&e, "Exception ignored while finalizing coroutine", Some(v));
            }
        }
    });
    vm.method(&t, "send", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "send")?;
        match send(vm, v, x)? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(&t, "throw", "", |vm, v, a| {
        let s = vm.this::<Sleep>(v)?;
        finish(vm, s)?;
        let e = match a.pos {
            [class, value, ..] if class.as_ref::<Type>().is_some() && !value.is_none() => {
                value.clone()
            }
            [first, ..] => first.clone(),
            [] => return Err(vm.type_error("throw expected at least 1 argument, got 0")),
        };
        Err(vm.exception_of(&e)?)
    });
    vm.method(&t, "close", "", |vm, v, _| {
        finish(vm, vm.this::<Sleep>(v)?)?;
        Ok(Value::NONE)
    });
    for name in ["__name__", "__qualname__"] {
        vm.getset(&t, name, |vm, _| Ok(vm.str_value("sleep")), None);
    }
    vm.getset(
        &t,
        "cr_await",
        |vm, v| {
            let f = vm.this::<Sleep>(v)?.future.get();
            Ok(if f.is_unbound() { Value::NONE } else { f })
        },
        None,
    );
    vm.getset(&t, "cr_running", |_, _| Ok(Value::FALSE), None);
    vm.getset(
        &t,
        "cr_suspended",
        |vm, v| {
            Ok(Value::bool(
                vm.this::<Sleep>(v)?.stage.get() == Stage::Waiting,
            ))
        },
        None,
    );
    vm.getset(&t, "cr_frame", |_, _| Ok(Value::NONE), None);
    vm.getset(&t, "cr_origin", |_, _| Ok(Value::NONE), None);
    vm.ready_type(&t);
    t
}

/// `asyncio.sleep(delay, result=None)`.
pub fn new_sleep(vm: &Vm, delay: &Value, result: Value) -> PyResult<Value> {
    let seconds = match delay.as_small_int() {
        Some(n) => n as f64,
        None => vm.to_f64(delay)?,
    };
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid delay: NaN (not a number)"));
    }
    let s = Sleep {
        delay: seconds,
        result: Slot::new(result),
        stage: Cell::new(Stage::New),
        future: Slot::empty(),
        timer: Slot::empty(),
    };
    let v: Value = vm.heap.alloc(&aio(vm).sleep_type, s).into();
    vm.set_finalize(&v, true);
    Ok(v)
}

/// Whether `sleep` with these arguments only gives way.
pub fn pauses(args: &[Value]) -> bool {
    matches!(args, [delay] if delay.as_small_int().is_some_and(|n| n <= 0))
}

/// The coroutine of a `sleep(0)` that has given way.
pub fn paused(vm: &Vm) -> Value {
    let s = Sleep {
        delay: 0.0,
        result: Slot::new(Value::NONE),
        stage: Cell::new(Stage::Waiting),
        future: Slot::empty(),
        timer: Slot::empty(),
    };
    vm.heap.alloc(&aio(vm).sleep_type, s).into()
}

fn finish(vm: &Vm, s: &Sleep) -> PyResult<()> {
    s.stage.set(Stage::Done);
    let timer = s.timer.take();
    if !timer.is_unbound() {
        match super::handle::handle_of(&timer) {
            Some(_) => super::handle::cancel(vm, &timer)?,
            // A loop of somebody else's gave it.
            None => drop(vm.call_method(&timer, "cancel", &[])?),
        }
    }
    s.future.take();
    Ok(())
}

fn send(vm: &Vm, v: &Value, _: &Value) -> PyResult<Resumed> {
    let s = vm.this::<Sleep>(v)?;
    match s.stage.get() {
        Stage::Done => Err(vm.runtime_error("cannot reuse already awaited coroutine")),
        Stage::New => {
            vm.set_finalize(v, false);
            s.stage.set(Stage::Waiting);
            if s.delay <= 0.0 {
                return Ok(Resumed::Yield(Value::NONE));
            }
            let l = super::event_loop::get_running_loop(vm)?;
            let fut = match l.downcast::<Loop>() {
                Some(_) => future::new_future(vm, &l),
                None => vm.call_method(&l, "create_future", &[])?,
            };
            let timer = match l.downcast::<Loop>() {
                Some(native) => native.wake_later(vm, &l, s.delay, fut.clone(), s.result.get())?,
                None => {
                    let set = vm.getattr_str(&fut, "set_result")?;
                    let delay = vm.new_float(s.delay);
                    vm.call_method(&l, "call_later", &[delay, set, s.result.get()])?
                }
            };
            s.timer.set(timer);
            s.future.set(fut.clone());
            if let Some(f) = future::data_of(&fut) {
                f.blocking.set(true);
            } else {
                vm.setattr(&fut, &vm.names.asyncio_future_blocking, Some(&Value::TRUE))?;
            }
            Ok(Resumed::Yield(fut))
        }
        Stage::Waiting => {
            let fut = s.future.get();
            if fut.is_unbound() {
                s.stage.set(Stage::Done);
                return Ok(Resumed::Return(s.result.get()));
            }
            let r = match future::data_of(&fut) {
                Some(_) => future::result(vm, &fut),
                None => vm.call_method(&fut, "result", &[]),
            };
            finish(vm, s)?;
            r.map(Resumed::Return)
        }
    }
}
