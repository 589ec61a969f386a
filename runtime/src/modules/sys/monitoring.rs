//! `sys.monitoring` (PEP 669): tools can register and ask. The interpreter sends no events yet.
use lasti_core::objects::Module;
use lasti_core::vm::args::Args;
use lasti_core::{PyResult, Ref, Value, Vm};
use std::cell::RefCell;

const EVENTS: [&str; 19] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];
const TOOLS: usize = 6;

#[derive(Default)]
struct Tool {
    name: Option<Value>,
    events: i64,
    callbacks: Vec<(i64, Value)>,
}

#[derive(Default)]
struct Tools(RefCell<[Tool; TOOLS]>);

fn tool(vm: &Vm, v: &Value) -> PyResult<usize> {
    let n = vm.to_i64(v)?;
    match usize::try_from(n) {
        Ok(n) if n < TOOLS => Ok(n),
        _ => Err(vm.value_error(format!("invalid tool {n} (must be between 0 and 5)"))),
    }
}

fn used(vm: &Vm, v: &Value) -> PyResult<usize> {
    let n = tool(vm, v)?;
    if vm.module_state(Tools::default).0.borrow()[n].name.is_none() {
        return Err(vm.value_error(format!("tool {n} is not in use")));
    }
    Ok(n)
}

/// The namespace `sys.monitoring`.
pub fn new(vm: &Vm) -> Ref<Module> {
    let m = vm.new_module("sys.monitoring");
    let events = vm.new_module("sys.monitoring.events");
    for (i, name) in EVENTS.iter().enumerate() {
        vm.add_value(&events, name, vm.new_int(1 << i));
    }
    vm.add_value(&events, "NO_EVENTS", vm.new_int(0));
    vm.add_value(&m, "events", events.into());
    let ids = [
        ("DEBUGGER_ID", 0),
        ("COVERAGE_ID", 1),
        ("PROFILER_ID", 2),
        ("OPTIMIZER_ID", 5),
    ];
    for (name, id) in ids {
        vm.add_value(&m, name, vm.new_int(id));
    }
    for name in ["DISABLE", "MISSING"] {
        let marker = vm.call(vm.types.object.as_value(), &[]);
        vm.add_value(&m, name, marker.unwrap_or(Value::NONE));
    }
    vm.add_functions(&m, FUNCTIONS);
    m
}

lasti_core::methods! { FUNCTIONS =
    "use_tool_id" "use_tool_id($module, tool_id, name, /)\n--\n\n" use_tool_id;
    "clear_tool_id" "clear_tool_id($module, tool_id, /)\n--\n\n" clear;
    "free_tool_id" "free_tool_id($module, tool_id, /)\n--\n\n" free_tool_id;
    "get_tool" "get_tool($module, tool_id, /)\n--\n\n" get_tool;
    "get_events" "get_events($module, tool_id, /)\n--\n\n" get_events;
    "set_events" "set_events($module, tool_id, event_set, /)\n--\n\n" set_events;
    "get_local_events" "get_local_events($module, tool_id, code, /)\n--\n\n" get_local_events;
    "set_local_events" "set_local_events($module, tool_id, code, event_set, /)\n--\n\n" set_local_events;
    "register_callback" "register_callback($module, tool_id, event, func, /)\n--\n\n" register_callback;
    "restart_events" "restart_events($module, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
}

fn clear(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id] = a.exactly::<1>(vm, "clear_tool_id")?;
    let n = used(vm, id)?;
    let tools = vm.module_state(Tools::default);
    let name = tools.0.borrow()[n].name.clone();
    let fresh = Tool {
        name,
        ..Tool::default()
    };
    let old = std::mem::replace(&mut tools.0.borrow_mut()[n], fresh);
    drop(old);
    Ok(Value::NONE)
}

fn use_tool_id(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id, name] = a.exactly::<2>(vm, "use_tool_id")?;
    let n = tool(vm, id)?;
    let tools = vm.module_state(Tools::default);
    let mut tools = tools.0.borrow_mut();
    if tools[n].name.is_some() {
        return Err(vm.value_error(format!("tool {n} is already in use")));
    }
    tools[n].name = Some(name.clone());
    Ok(Value::NONE)
}

fn free_tool_id(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id] = a.exactly::<1>(vm, "free_tool_id")?;
    let n = tool(vm, id)?;
    let tools = vm.module_state(Tools::default);
    let old = std::mem::take(&mut tools.0.borrow_mut()[n]);
    drop(old);
    Ok(Value::NONE)
}

fn get_tool(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id] = a.exactly::<1>(vm, "get_tool")?;
    let n = tool(vm, id)?;
    let name = vm.module_state(Tools::default).0.borrow()[n].name.clone();
    Ok(name.unwrap_or(Value::NONE))
}

fn get_events(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id] = a.exactly::<1>(vm, "get_events")?;
    let n = used(vm, id)?;
    Ok(vm.new_int(vm.module_state(Tools::default).0.borrow()[n].events))
}

fn set_events(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id, events] = a.exactly::<2>(vm, "set_events")?;
    let (n, events) = (used(vm, id)?, vm.to_i64(events)?);
    if !(0..1 << EVENTS.len()).contains(&events) {
        return Err(vm.value_error(format!("invalid event set {events:#x}")));
    }
    vm.module_state(Tools::default).0.borrow_mut()[n].events = events;
    Ok(Value::NONE)
}

fn get_local_events(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id, _] = a.exactly::<2>(vm, "get_local_events")?;
    used(vm, id)?;
    Ok(vm.new_int(0))
}

fn set_local_events(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id, _, _] = a.exactly::<3>(vm, "set_local_events")?;
    used(vm, id)?;
    Ok(Value::NONE)
}

fn register_callback(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id, event, func] = a.exactly::<3>(vm, "register_callback")?;
    let (n, event) = (tool(vm, id)?, vm.to_i64(event)?);
    let tools = vm.module_state(Tools::default);
    let mut tools = tools.0.borrow_mut();
    let list = &mut tools[n].callbacks;
    let old = list.iter().position(|(e, _)| *e == event);
    let old = old.map(|i| list.swap_remove(i).1);
    if !func.is_none() {
        list.push((event, func.clone()));
    }
    Ok(old.unwrap_or(Value::NONE))
}
