//! The `_signal` module: handlers run in Python, between instructions (CPython's Modules/signalmodule.c).
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// Signals that arrived and were not handled yet.
pub static ARRIVED: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Handlers set by `signal.signal`.
#[derive(Default)]
struct Handlers {
    set: RefCell<HashMap<i32, Value>>,
    watched: RefCell<Vec<i32>>,
}

fn handlers(vm: &Vm) -> Rc<Handlers> {
    vm.module_state(Handlers::default)
}

pub fn register(vm: &Vm) {
    vm.register_module("_signal", init);
}

/// Calls the handlers of signals that arrived.
pub fn run_handlers(vm: &Vm) -> PyResult<()> {
    let arrived = std::mem::take(&mut *ARRIVED.lock().unwrap_or_else(|e| e.into_inner()));
    for sig in arrived {
        let handler = handlers(vm).set.borrow().get(&sig).cloned();
        match handler {
            None if sig == libc::SIGINT => return Err(interrupt(vm)),
            None => {}
            Some(h) if vm.is_int(&h) => {}
            Some(h) => {
                let frame = vm.frame_at(0).map_or(Value::NONE, Value::from);
                vm.call(&h, &[vm.new_int(sig as i64), frame])?;
            }
        }
    }
    Ok(())
}

fn interrupt(vm: &Vm) -> lasti_core::Exc {
    vm.new_exception_args(&vm.exc.keyboard_interrupt, vm.new_tuple([]))
}

/// `os.kill`, for the process itself (others need a system call that std does not offer; `kill` the program is used).
pub fn kill(vm: &Vm, pid: i64, sig: i64) -> PyResult<()> {
    if pid == std::process::id() as i64 {
        signal_hook::low_level::raise(sig as i32).map_err(|e| vm.os_error(&e, None))?;
        // The watching thread notes the signal a moment later; Python sees it before the call returns.
        let breaker = vm.heap.breaker.clone();
        for _ in 0..200 {
            if sig == 0 || breaker.load(Ordering::Relaxed) & lasti_core::heap::breaker::SIGNAL != 0
            {
                break;
            }
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
        return Ok(());
    }
    let status = std::process::Command::new("kill")
        .arg(format!("-{sig}"))
        .arg(pid.to_string())
        .output();
    match status {
        Ok(o) if o.status.success() => Ok(()),
        Ok(_) => Err(vm.os_error_parts(3, "No such process", None)),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}

fn number(vm: &Vm, v: &Value) -> PyResult<i32> {
    let n = vm.to_i64(v)?;
    if !(1..65).contains(&n) {
        return Err(vm.value_error("signal number out of range"));
    }
    Ok(n as i32)
}

fn default_handler(vm: &Vm, sig: i32) -> Value {
    if sig == libc::SIGINT
        && let Some(m) = vm.loaded_module("_signal")
        && let Some(f) = vm.dict_get(&m.dict, "default_int_handler")
    {
        return f;
    }
    Value::small_int(0)
}

fn set_handler(vm: &Vm, a: Args) -> PyResult<Value> {
    let [sig, handler] = a.exactly::<2>(vm, "signal")?;
    let n = number(vm, sig)?;
    let callable = vm.type_of(handler).slots.call.get().is_some();
    if !callable && !vm.is_int(handler) {
        return Err(vm.type_error(
            "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
        ));
    }
    let h = handlers(vm);
    if !h.watched.borrow().contains(&n) && n != libc::SIGINT {
        crate::os::watch(vm, n).map_err(|e| vm.os_error(&e, None))?;
        h.watched.borrow_mut().push(n);
    }
    let old = h.set.borrow_mut().insert(n, handler.clone());
    Ok(old.unwrap_or_else(|| default_handler(vm, n)))
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_signal");
    let names = [
        ("SIGHUP", 1),
        ("SIGINT", 2),
        ("SIGQUIT", 3),
        ("SIGILL", 4),
        ("SIGTRAP", 5),
        ("SIGABRT", 6),
        ("SIGBUS", 7),
        ("SIGFPE", 8),
        ("SIGKILL", 9),
        ("SIGUSR1", 10),
        ("SIGSEGV", 11),
        ("SIGUSR2", 12),
        ("SIGPIPE", 13),
        ("SIGALRM", 14),
        ("SIGTERM", 15),
        ("SIGCHLD", 17),
        ("SIGCONT", 18),
        ("SIGSTOP", 19),
        ("SIGTSTP", 20),
        ("SIGTTIN", 21),
        ("SIGTTOU", 22),
        ("SIGURG", 23),
        ("SIGWINCH", 28),
        ("SIGIO", 29),
        ("SIGSYS", 31),
        ("SIG_DFL", 0),
        ("SIG_IGN", 1),
        ("NSIG", 65),
        ("SIG_BLOCK", 0),
        ("SIG_UNBLOCK", 1),
        ("SIG_SETMASK", 2),
    ];
    for (name, n) in names {
        vm.add_value(&m, name, vm.new_int(n));
    }
    vm.add_function(&m, "default_int_handler", "", |vm, _, _| Err(interrupt(vm)));
    vm.add_function(&m, "signal", "", |vm, _, a| set_handler(vm, a));
    vm.add_function(&m, "getsignal", "", |vm, _, a| {
        let n = number(vm, &a.exactly::<1>(vm, "getsignal")?[0])?;
        let set = handlers(vm).set.borrow().get(&n).cloned();
        Ok(set.unwrap_or_else(|| default_handler(vm, n)))
    });
    vm.add_function(&m, "raise_signal", "", |vm, _, a| {
        let n = number(vm, &a.exactly::<1>(vm, "raise_signal")?[0])?;
        kill(vm, std::process::id() as i64, n as i64)?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "set_wakeup_fd", "", |vm, _, _| Ok(vm.new_int(-1)));
    vm.add_function(&m, "siginterrupt", "", |_, _, _| Ok(Value::NONE));
    vm.add_function(&m, "strsignal", "", |vm, _, a| {
        let n = number(vm, &a.exactly::<1>(vm, "strsignal")?[0])?;
        Ok(signal_hook::low_level::signal_name(n).map_or(Value::NONE, |s| vm.str_value(s)))
    });
    vm.add_function(&m, "valid_signals", "", |vm, _, _| {
        let s = vm.new_set();
        for n in 1..65 {
            vm.set_add(&s, vm.new_int(n))?;
        }
        Ok(s.into())
    });
    Ok(m)
}
