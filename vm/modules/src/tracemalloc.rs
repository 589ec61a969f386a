//! `_tracemalloc`: the switch and the figures. Blocks are not traced to their lines, so snapshots are empty.
use crate::util::*;

#[derive(Default)]
struct State {
    /// Frames kept for each trace, 0 while off.
    limit: Cell<i64>,
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_tracemalloc");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "clear_traces" "clear_traces($module, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "reset_peak" "reset_peak($module, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "_get_object_traceback" "_get_object_traceback($module, obj, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "start" "start($module, nframe=1, /)\n--\n\n" start;
    "stop" "stop($module, /)\n--\n\n" stop;
    "is_tracing" "is_tracing($module, /)\n--\n\n" is_tracing;
    "get_traceback_limit" "get_traceback_limit($module, /)\n--\n\n" get_traceback_limit;
    "get_traced_memory" "get_traced_memory($module, /)\n--\n\n" get_traced_memory;
    "get_tracemalloc_memory" "get_tracemalloc_memory($module, /)\n--\n\n" |_, _, _| Ok(Value::small_int(0));
    "_get_traces" "_get_traces($module, /)\n--\n\n" |vm, _, _| Ok(vm.new_list(Vec::new()));
}

fn start(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [frames] = a.bind(vm, "start", ["nframe"], 0)?;
    let frames = frames.map_or(Ok(1), |n| vm.to_i64(n))?;
    if !(1..=65535).contains(&frames) {
        return Err(vm.value_error("the number of frames must be in range [1; 65535]"));
    }
    vm.module_state(State::default).limit.set(frames);
    Ok(Value::NONE)
}

fn stop(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.module_state(State::default).limit.set(0);
    Ok(Value::NONE)
}

fn is_tracing(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.module_state(State::default).limit.get() > 0))
}

fn get_traceback_limit(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.module_state(State::default).limit.get().max(1)))
}

fn get_traced_memory(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.tuple_value([Value::small_int(0), Value::small_int(0)]))
}
