//! `gc` (CPython's Modules/gcmodule.c).
use crate::util::*;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("gc");
    for (name, n) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", 32),
        ("DEBUG_LEAK", 38),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    vm.add_value(&m, "garbage", vm.new_list(Vec::new()));
    let callbacks = vm.new_list(Vec::new());
    vm.module_state(|| GcState {
        callbacks: callbacks.clone(),
        frozen: Cell::new(0),
    });
    vm.add_value(&m, "callbacks", callbacks);
    vm.add_functions(&m, FUNCTIONS);
    // Nothing is taken out of the collector's sight (there is no fork to save pages for): the count is all there is.
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "collect" "collect($module, /, generation=2)\n--\n\n" collect;
    "enable" "enable($module, /)\n--\n\n" enable;
    "disable" "disable($module, /)\n--\n\n" disable;
    "isenabled" "isenabled($module, /)\n--\n\n" isenabled;
    "get_count" "get_count($module, /)\n--\n\n" get_count;
    "get_threshold" "get_threshold($module, /)\n--\n\n" get_threshold;
    "set_threshold" "(threshold0, threshold1=None, threshold2=None, /)\n--\n\n" set_threshold;
    "get_stats" "get_stats($module, /)\n--\n\n" get_stats;
    "get_objects" "get_objects($module, /, generation=None)\n--\n\n" get_objects;
    "get_referents" "get_referents($module, /, *objs)\n--\n\n" get_referents;
    "get_referrers" "get_referrers($module, /, *objs)\n--\n\n" get_referrers;
    "is_tracked" "is_tracked($module, obj, /)\n--\n\n" is_tracked;
    "is_finalized" "is_finalized($module, obj, /)\n--\n\n" is_finalized;
    "freeze" "freeze($module, /)\n--\n\n" freeze;
    "unfreeze" "unfreeze($module, /)\n--\n\n" unfreeze;
    "get_freeze_count" "get_freeze_count($module, /)\n--\n\n" get_freeze_count;
    "set_debug" "set_debug($module, flags, /)\n--\n\n" set_debug;
    "get_debug" "get_debug($module, /)\n--\n\n" get_debug;
}

fn collect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [generation] = a.bind(vm, "collect", ["generation"], 0)?;
    let n = generation.map_or(Ok(2), |g| vm.to_i64(g))?;
    if !(0..=2).contains(&n) {
        return Err(vm.value_error("invalid generation"));
    }
    // Its entries hold what they found.
    vm.clear_type_cache();
    gc_callbacks(vm, "start", n, 0);
    let found = vm.heap.collect(n > 0);
    // Finalizers run before the call returns, and what they held back goes with the second look.
    let due = vm
        .heap
        .eval_breaker
        .load(std::sync::atomic::Ordering::Relaxed);
    let found = if due & lasti_core::memory::eval_breaker::PENDING == 0 {
        found
    } else {
        vm.run_due();
        found + vm.heap.collect(n > 0)
    };
    gc_callbacks(vm, "stop", n, found);
    Ok(vm.new_int(found as i64))
}

fn enable(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.heap.set_gc_enabled(true);
    Ok(Value::NONE)
}

fn disable(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.heap.set_gc_enabled(false);
    Ok(Value::NONE)
}

fn isenabled(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.heap.gc_enabled()))
}

fn get_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let zero = Value::small_int(0);
    Ok(vm.tuple_value([vm.new_int(vm.heap.gc_balance().max(0)), zero.clone(), zero]))
}

fn get_threshold(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let st = vm.module_state(|| Cell::new((2000i64, 10i64, 0i64)));
    let (x, y, z) = st.get();
    Ok(vm.tuple_value([vm.new_int(x), vm.new_int(y), vm.new_int(z)]))
}

fn set_threshold(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "set_threshold", 1, 3)?;
    let st = vm.module_state(|| Cell::new((2000i64, 10i64, 0i64)));
    let (_, y, z) = st.get();
    let at = |i: usize, d: i64| pos.get(i).map_or(Ok(d), |v| vm.to_i64(v));
    st.set((at(0, 0)?, at(1, y)?, at(2, z)?));
    vm.heap.set_gc_enabled(st.get().0 > 0);
    Ok(Value::NONE)
}

fn get_stats(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for s in vm.heap.gc_stats() {
        let d = vm.new_dict();
        vm.dict_set(&d, "collections", vm.new_int(s.collections as i64));
        vm.dict_set(&d, "collected", vm.new_int(s.collected as i64));
        vm.dict_set(&d, "uncollectable", Value::small_int(0));
        out.push(d.into());
    }
    Ok(vm.new_list(out))
}

fn get_objects(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_list(vm.heap.gc_objects()))
}

fn get_referents(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for v in a.pos {
        out.extend(vm.heap.gc_referents(v));
    }
    Ok(vm.new_list(out))
}

fn get_referrers(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for o in vm.heap.gc_objects() {
        if vm
            .heap
            .gc_referents(&o)
            .iter()
            .any(|r| a.pos.iter().any(|x| x.is(r)))
        {
            out.push(o);
        }
    }
    Ok(vm.new_list(out))
}

fn is_tracked(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "is_tracked")?;
    Ok(Value::bool(vm.heap.gc_is_tracked(v)))
}

fn is_finalized(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "is_finalized")?;
    Ok(Value::bool(vm.heap.gc_is_finalized(v)))
}

fn freeze(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    gc_state(vm).frozen.set(vm.heap.gc_objects().len() as i64);
    Ok(Value::NONE)
}

fn unfreeze(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    gc_state(vm).frozen.set(0);
    Ok(Value::NONE)
}

fn get_freeze_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(gc_state(vm).frozen.get()))
}

fn set_debug(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "set_debug")?;
    vm.module_state(|| DebugFlags(Cell::new(0)))
        .0
        .set(vm.to_i64(n)?);
    Ok(Value::NONE)
}

fn get_debug(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.module_state(|| DebugFlags(Cell::new(0))).0.get()))
}

struct DebugFlags(Cell<i64>);

struct GcState {
    /// `gc.callbacks`.
    callbacks: Value,
    /// What `gc.get_freeze_count` shows.
    frozen: Cell<i64>,
}

fn gc_state(vm: &Vm) -> std::rc::Rc<GcState> {
    vm.module_state(|| GcState {
        callbacks: vm.new_list(Vec::new()),
        frozen: Cell::new(0),
    })
}

/// Tells `gc.callbacks` that a collection starts or has stopped. Only those asked for by `gc.collect` are told of: the
/// collector's own run where Python must not.
fn gc_callbacks(vm: &Vm, phase: &str, generation: i64, collected: usize) {
    let state = gc_state(vm);
    let Ok(all) = vm.collect(&state.callbacks) else {
        return;
    };
    for callback in all {
        let info = vm.new_dict();
        vm.dict_set(&info, "generation", vm.new_int(generation));
        vm.dict_set(&info, "collected", vm.new_int(collected as i64));
        vm.dict_set(&info, "uncollectable", Value::small_int(0));
        if let Err(e) = vm.call(&callback, &[vm.str_value(phase), info.into()]) {
            vm.unraisable(
                &e,
                "Exception ignored while calling GC callback",
                Some(&callback),
            );
        }
    }
}
