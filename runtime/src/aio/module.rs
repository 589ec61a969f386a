//! The modules `_asyncio` (what the library's asyncio files import) and `_lasti_loop` (the loop).
use super::data::{Task, TaskFlags, data_of};
use super::event_loop::{current, python};
use super::state::aio;
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};

pub fn register(vm: &Vm) {
    vm.register_module("_asyncio", init_asyncio);
    vm.register_module("_lasti_loop", init_loop);
}

fn init_loop(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_lasti_loop");
    let a = aio(vm);
    vm.add_value(&m, "Loop", a.loop_type.value());
    vm.add_value(&m, "Handle", a.handle_type.value());
    vm.add_value(&m, "TimerHandle", a.timer_type.value());
    vm.add_value(&m, "_GatheringFuture", aio(vm).gather_type.value());
    vm.add_value(&m, "_Event", aio(vm).event_type.value());
    // Called by the files of the classes, which tell their functions that have intrinsics.
    vm.add_functions(&m, LOOP_FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { LOOP_FUNCTIONS =
    "_set_event_intrinsics" "" set_event_intrinsics;
    "_set_lock_intrinsics" "" set_lock_intrinsics;
    "_set_queue_intrinsics" "" set_queue_intrinsics;
    "create_task" "create_task($module, /, coro, **kwargs)\n--\n\nSchedules a coroutine on the running loop and returns its Task." create_task;
    "gather" "gather($module, /, *coros_or_futures, return_exceptions=False)\n--\n\nA future of the list of results of several awaitables, in their order." gather;
    "get_event_loop" "get_event_loop($module, /)\n--\n\n" get_event_loop;
    "_set_sleep_intrinsics" "" set_sleep_intrinsics;
    "_yield_once" "" yield_once;
}

fn set_event_intrinsics(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class] = a.exactly::<1>(vm, "_set_event_intrinsics")?;
    super::event::set_intrinsic(vm, class)?;
    Ok(Value::NONE)
}

fn set_lock_intrinsics(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    super::locks::register_locks(vm, a.exactly::<4>(vm, "_set_lock_intrinsics")?)?;
    Ok(Value::NONE)
}

fn set_queue_intrinsics(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    super::locks::register_queues(vm, a.exactly::<2>(vm, "_set_queue_intrinsics")?)?;
    Ok(Value::NONE)
}

fn create_task(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    python::create_task_here(vm, a)
}

fn gather(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    super::gather::gather(vm, a)
}

fn get_event_loop(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    current::get_event_loop(vm)
}

fn set_sleep_intrinsics(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [function] = a.exactly::<1>(vm, "_set_sleep_intrinsics")?;
    super::sleep::set_intrinsic(vm, function)?;
    Ok(Value::NONE)
}

fn yield_once(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(super::sleep::new_yield_once(vm))
}

fn init_asyncio(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_asyncio");
    let a = aio(vm);
    vm.add_value(&m, "Future", a.future_type.value());
    vm.add_value(&m, "Task", a.task_type.value());
    vm.add_functions(&m, ASYNCIO_FUNCTIONS);
    for name in ["_register_task", "_register_eager_task"] {
        vm.add_function(&m, name, "", |vm, _, a| {
            let [t] = a.exactly::<1>(vm, "_register_task")?;
            super::task::register(vm, t)?;
            Ok(Value::NONE)
        });
    }
    for name in ["_unregister_task", "_unregister_eager_task"] {
        vm.add_function(&m, name, "", |vm, _, a| {
            let [t] = a.exactly::<1>(vm, "_unregister_task")?;
            if let Some(t) = t.downcast::<Task>() {
                t.data.task.set(TaskFlags::LISTED, false);
                return Ok(Value::NONE);
            }
            let mut all = aio(vm).foreign_tasks.borrow_mut();
            let (kept, gone): (Vec<_>, Vec<_>) = all
                .drain(..)
                .partition(|w| !w.get().is_some_and(|x| x.is(t)));
            *all = kept;
            drop(all);
            drop(gone);
            Ok(Value::NONE)
        });
    }
    for name in ["future_add_to_awaited_by", "future_discard_from_awaited_by"] {
        vm.add_function(&m, name, "", |_, _, _| Ok(Value::NONE));
    }
    Ok(m)
}

lasti_core::methods! { ASYNCIO_FUNCTIONS =
    "get_running_loop" "get_running_loop($module, /)\n--\n\n" get_running_loop;
    "_get_running_loop" "_get_running_loop($module, /)\n--\n\n" get_running_loop_method;
    "_set_running_loop" "_set_running_loop($module, loop, /)\n--\n\n" set_running_loop;
    "get_event_loop" "get_event_loop($module, /)\n--\n\n" get_event_loop_method;
    "set_event_loop" "set_event_loop($module, loop, /)\n--\n\n" set_event_loop;
    "current_task" "current_task($module, /, loop=None)\n--\n\n" current_task;
    "all_tasks" "all_tasks($module, /, loop=None)\n--\n\n" all_tasks;
    "_enter_task" "_enter_task($module, /, loop, task)\n--\n\n" enter_task_method;
    "_leave_task" "_leave_task($module, /, loop, task)\n--\n\n" leave_task_method;
    "_swap_current_task" "_swap_current_task($module, /, loop, task)\n--\n\n" swap_current_task;
}

fn get_running_loop(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    current::get_running_loop(vm)
}

fn get_running_loop_method(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(current::running(vm))
}

fn set_running_loop(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [l] = a.exactly::<1>(vm, "_set_running_loop")?;
    aio(vm).running.set(l.clone());
    Ok(Value::NONE)
}

fn get_event_loop_method(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    current::current(vm)
}

fn set_event_loop(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [l] = a.exactly::<1>(vm, "set_event_loop")?;
    aio(vm).current.set(l.clone());
    Ok(Value::NONE)
}

fn current_task(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [l] = a.bind(vm, "current_task", ["loop"], 0)?;
    let l = match l {
        Some(l) if !l.is_none() => l.clone(),
        _ => current::get_running_loop(vm)?,
    };
    let t = aio(vm).current_task.get();
    let same = data_of(&t).is_none_or(|d| d.event_loop.get().is(&l));
    Ok(if same { t } else { Value::NONE })
}

fn all_tasks(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [l] = a.bind(vm, "all_tasks", ["loop"], 0)?;
    let l = match l {
        Some(l) if !l.is_none() => l.clone(),
        _ => current::get_running_loop(vm)?,
    };
    let foreign = aio(vm).foreign_tasks.borrow().clone();
    let foreign = foreign.iter().filter_map(|w| w.get());
    let set = vm.new_set();
    let mut tasks = vm.heap.objects_of::<Task>();
    tasks.sort_by_key(|t| t.downcast::<Task>().map(|t| t.number.get()));
    for t in tasks.into_iter().chain(foreign) {
        let keep = match data_of(&t) {
            Some(d) => {
                let listed = t
                    .downcast::<Task>()
                    .is_none_or(|t| t.data.task.get(TaskFlags::LISTED));
                listed && !d.done() && d.event_loop.get().is(&l)
            }
            None => {
                let done = vm.call_method(&t, "done", &[])?;
                !vm.is_true(&done)? && vm.call_method(&t, "get_loop", &[]).is_ok_and(|x| x.is(&l))
            }
        };
        if keep {
            vm.set_add(&set, t)?;
        }
    }
    Ok(set.into())
}

fn enter_task_method(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    enter_task(vm, a)
}

fn leave_task_method(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    leave_task(vm, a)
}

fn swap_current_task(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [_, t] = a.exactly::<2>(vm, "_swap_current_task")?;
    Ok(aio(vm).current_task.replace(t.clone()))
}

fn enter_task(vm: &Vm, a: Args) -> PyResult<Value> {
    let [l, t] = a
        .bind(vm, "_enter_task", ["loop", "task"], 2)?
        .map(|v| v.cloned().unwrap_or(Value::NONE));
    let state = aio(vm);
    let current = state.current_task.get();
    if !current.is_none() {
        return Err(vm.runtime_error(format!(
            "Cannot enter into task {} while another task {} is being executed.",
            vm.repr_string(&t)?,
            vm.repr_string(&current)?
        )));
    }
    let _ = l;
    state.current_task.set(t);
    Ok(Value::NONE)
}

fn leave_task(vm: &Vm, a: Args) -> PyResult<Value> {
    let [_, t] = a
        .bind(vm, "_leave_task", ["loop", "task"], 2)?
        .map(|v| v.cloned().unwrap_or(Value::NONE));
    let state = aio(vm);
    let current = state.current_task.get();
    if !current.is(&t) {
        return Err(vm.runtime_error(format!(
            "Invalid attempt to leave task {} while task {} is entered.",
            vm.repr_string(&t)?,
            vm.repr_string(&current)?
        )));
    }
    state.current_task.set(Value::NONE);
    Ok(Value::NONE)
}
