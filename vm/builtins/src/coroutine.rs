//! Coroutines as Python sees them (PEP 492), and the warning for one that nobody awaited.
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::{Args, Resume, Resumed};
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.coroutine;
    t.slots.await_.set(Some(|vm, v| {
        let g = vm.this::<Generator>(v)?;
        Ok(vm
            .heap
            .alloc(
                &vm.types.coroutine_wrapper,
                CoroutineWrapper {
                    coroutine: g.clone(),
                },
            )
            .into())
    }));
    vm.add_methods(t, METHODS);
    super::generator::common(vm, t);
    super::generator::fields(
        vm,
        t,
        [
            "cr_frame",
            "cr_running",
            "cr_code",
            "cr_await",
            "cr_suspended",
        ],
    );
    vm.getset(
        t,
        "cr_origin",
        |vm, v| Ok(vm.this::<Generator>(v)?.origin()),
        None,
    );

    let t = &vm.types.coroutine_wrapper;
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots
        .next
        .set(Some(|vm, v| match wrapper_send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    t.slots.send.set(Some(wrapper_send));
    vm.add_methods(t, WRAPPER_METHODS);
}

lasti_core::methods! { METHODS =
    tail "send" "send($self, object, /)\n--\n\nsend(arg) -> send 'arg' into coroutine,\nreturn next iterated value or raise StopIteration." send;
}

lasti_core::methods! { WRAPPER_METHODS =
    "send" "send($self, object, /)\n--\n\n" wrapper_send_method;
    "throw" "(type, value=None, traceback=None, /)\n--\n\n" throw;
    "close" "close($self, /)\n--\n\n" close;
}

fn send(vm: &Vm, this: &Value, args: Args) -> PyResult<Tail> {
    let [v] = args.exactly::<1>(vm, "send")?;
    Ok(Tail::Send {
        generator: vm.this::<Generator>(this)?.clone(),
        input: v.clone(),
    })
}

fn wrapper_send_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "send")?;
    match wrapper_send(vm, v, x)? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn throw(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let e = super::generator::thrown(vm, a, Some("throw"))?;
    let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
    match vm.resume(&c, Resume::Throw(e))? {
        Resumed::Yield(v) => Ok(v),
        Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
    vm.close_generator(&c)?;
    Ok(Value::NONE)
}

fn wrapper_send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
    let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
    vm.resume(&c, Resume::Send(input.clone()))
}
