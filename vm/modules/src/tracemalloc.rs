//! `_tracemalloc`: the switch and the figures. Blocks are not traced to their lines, so snapshots are empty.
use crate::util::*;

#[derive(Default)]
struct State {
    /// Frames kept for each trace, 0 while off.
    limit: Cell<i64>,
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_tracemalloc");
    let f = |name: &'static str, f: PlainFn| vm.add_function(&m, name, "", f);
    f("start", |vm, _, a| {
        let [frames] = a.bind(vm, "start", ["nframe"], 0)?;
        let frames = frames.map_or(Ok(1), |n| vm.to_i64(n))?;
        if !(1..=65535).contains(&frames) {
            return Err(vm.value_error("the number of frames must be in range [1; 65535]"));
        }
        vm.module_state(State::default).limit.set(frames);
        Ok(Value::NONE)
    });
    f("stop", |vm, _, _| {
        vm.module_state(State::default).limit.set(0);
        Ok(Value::NONE)
    });
    f("is_tracing", |vm, _, _| {
        Ok(Value::bool(vm.module_state(State::default).limit.get() > 0))
    });
    f("get_traceback_limit", |vm, _, _| {
        Ok(vm.new_int(vm.module_state(State::default).limit.get().max(1)))
    });
    f("get_traced_memory", |vm, _, _| {
        Ok(vm.tuple_value([Value::small_int(0), Value::small_int(0)]))
    });
    f("get_tracemalloc_memory", |_, _, _| Ok(Value::small_int(0)));
    f("_get_traces", |vm, _, _| Ok(vm.new_list(Vec::new())));
    let nothing: PlainFn = |_, _, _| Ok(Value::NONE);
    for name in ["clear_traces", "reset_peak", "_get_object_traceback"] {
        f(name, nothing);
    }
    Ok(m)
}
