//! `atexit` (CPython's Modules/atexitmodule.c).
use crate::util::*;

/// Functions to call at exit: callable, positional values, keyword values, names.
#[derive(Default)]
struct ExitFuncs(RefCell<Vec<(Value, Vec<Value>, Vec<Value>, Vec<Value>)>>);

/// Runs what `atexit.register` was given, last first. The program calls this when its main script is done.
pub fn run_exit_functions(vm: &Vm) {
    let st = vm.module_state(ExitFuncs::default);
    loop {
        let last = st.0.borrow_mut().pop();
        let Some((f, pos, kw, names)) = last else {
            return;
        };
        if let Err(e) = vm.call_args(
            &f,
            Args {
                pos: &pos,
                kw: &kw,
                names: &names,
            },
        ) {
            let text = format!(
                "Exception ignored in atexit callback {}: {}\n",
                vm.display(&f),
                vm.display(&e.0)
            );
            vm.host.write_stderr(&text);
        }
    }
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("atexit");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "register" "register($module, func, /, *args, **kwargs)\n--\n\n" register;
    "unregister" "unregister($module, func, /)\n--\n\n" unregister;
    "_clear" "_clear($module, /)\n--\n\n" clear;
    "_ncallbacks" "_ncallbacks($module, /)\n--\n\n" ncallbacks;
    "_run_exitfuncs" "_run_exitfuncs($module, /)\n--\n\n" run_exitfuncs;
}

fn register(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some((f, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("register() takes at least 1 argument (0 given)"));
    };
    if vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error("the first argument must be callable"));
    }
    let row = (f.clone(), rest.to_vec(), a.kw.to_vec(), a.names.to_vec());
    vm.module_state(ExitFuncs::default).0.borrow_mut().push(row);
    Ok(f.clone())
}

fn unregister(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "unregister")?;
    let st = vm.module_state(ExitFuncs::default);
    let rows: Vec<Value> = st.0.borrow().iter().map(|r| r.0.clone()).collect();
    let mut keep = Vec::with_capacity(rows.len());
    for r in &rows {
        keep.push(!vm.same(r, f)?);
    }
    let mut keep = keep.into_iter();
    let mut old = st.0.take();
    old.retain(|_| keep.next().unwrap_or(true));
    *st.0.borrow_mut() = old;
    Ok(Value::NONE)
}

fn clear(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let old = vm.module_state(ExitFuncs::default).0.take();
    drop(old);
    Ok(Value::NONE)
}

fn ncallbacks(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.module_state(ExitFuncs::default).0.borrow().len() as i64))
}

fn run_exitfuncs(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    run_exit_functions(vm);
    Ok(Value::NONE)
}
