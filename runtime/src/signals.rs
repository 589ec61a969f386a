//! The `_signal` module: handlers run in Python, between instructions (CPython's Modules/signalmodule.c).
use lasti_core::memory::breaker::SIGNAL;
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const SIG_DFL: i64 = 0;
const ITIMER_REAL: i64 = 0;

/// Signals that arrived and were not handled yet.
pub static ARRIVED: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Handlers set by `signal.signal`.
#[derive(Default)]
struct Handlers {
    set: RefCell<HashMap<i32, Value>>,
    watched: RefCell<Vec<i32>>,
    /// How many signals were handled, for `pause`.
    handled: Cell<u64>,
    wakeup_fd: Cell<i32>,
    timer: RealTimer,
}

fn handlers(vm: &Vm) -> Rc<Handlers> {
    vm.module_state(Handlers::default)
}

pub fn register(vm: &Vm) {
    vm.register_module("_signal", init);
}

/// Whether a signal waits for the main thread.
pub fn waiting() -> bool {
    !lock(&ARRIVED).is_empty()
}

fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

/// Calls the handlers of signals that arrived. Only the main thread does; it is told again when it takes the baton.
pub fn run_handlers(vm: &Vm) -> PyResult<()> {
    if !crate::threads::is_main(vm) {
        return Ok(());
    }
    // One at a time: when a handler raises, the others are still there.
    while let Some(sig) = {
        let mut arrived = lock(&ARRIVED);
        (!arrived.is_empty()).then(|| arrived.remove(0))
    } {
        let h = handlers(vm);
        h.handled.set(h.handled.get() + 1);
        let handler = h.set.borrow().get(&sig).cloned();
        let r = match handler {
            None if sig == libc::SIGINT => Err(interrupt(vm)),
            None => Ok(()),
            Some(h) if vm.is_int(&h) => {
                if h.as_small_int() == Some(SIG_DFL) {
                    // The process ends as it would without us (or the signal is one that does nothing).
                    let _ = signal_hook::low_level::emulate_default_handler(sig);
                }
                Ok(())
            }
            Some(h) => {
                let frame = vm.frame_at(0).map_or(Value::NONE, Value::from);
                vm.call(&h, &[vm.new_int(sig as i64), frame]).map(|_| ())
            }
        };
        if r.is_err() {
            if waiting() {
                vm.heap.breaker.fetch_or(SIGNAL, Ordering::Relaxed);
            }
            return r;
        }
    }
    Ok(())
}

/// As if a signal (SIGINT when none is named) had arrived, if it has a handler in Python.
pub fn simulate(vm: &Vm, signum: Option<&Value>) -> PyResult<()> {
    let n = signum.map_or(Ok(libc::SIGINT), |v| number(vm, v))?;
    let handler = handlers(vm).set.borrow().get(&n).cloned();
    let python = handler.map_or(n == libc::SIGINT, |h| !vm.is_int(&h));
    if python {
        lock(&ARRIVED).push(n);
        vm.heap.breaker.fetch_or(SIGNAL, Ordering::Relaxed);
        crate::os::wake_loops();
    }
    Ok(())
}

/// `ITIMER_REAL`, by a thread that sleeps: the system's own has no safe wrapper.
#[derive(Default)]
struct RealTimer {
    state: Arc<(Mutex<Alarm>, Condvar)>,
    started: Cell<bool>,
}

#[derive(Default, Clone, Copy)]
struct Alarm {
    next: Option<Instant>,
    interval: Duration,
}

impl RealTimer {
    /// Sets the timer; what was left of the old one, and its interval.
    fn set(&self, delay: Duration, interval: Duration) -> (Duration, Duration) {
        let old = self.left();
        let next = (!delay.is_zero())
            .then(|| Instant::now().checked_add(delay))
            .flatten();
        *lock(&self.state.0) = Alarm { next, interval };
        if next.is_some() && !self.started.replace(true) {
            let state = self.state.clone();
            std::thread::spawn(move || ring(&state));
        }
        self.state.1.notify_all();
        old
    }
    fn left(&self) -> (Duration, Duration) {
        let alarm = *lock(&self.state.0);
        match alarm.next {
            Some(next) => (
                next.saturating_duration_since(Instant::now()),
                alarm.interval,
            ),
            None => (Duration::ZERO, Duration::ZERO),
        }
    }
}

fn ring(state: &(Mutex<Alarm>, Condvar)) {
    let mut alarm = lock(&state.0);
    loop {
        let now = Instant::now();
        alarm = match alarm.next {
            None => state.1.wait(alarm).unwrap_or_else(|e| e.into_inner()),
            Some(next) if next > now => {
                let wait = state.1.wait_timeout(alarm, next - now);
                wait.unwrap_or_else(|e| e.into_inner()).0
            }
            Some(_) => {
                alarm.next = (!alarm.interval.is_zero())
                    .then(|| now.checked_add(alarm.interval))
                    .flatten();
                drop(alarm);
                let _ = signal_hook::low_level::raise(libc::SIGALRM);
                lock(&state.0)
            }
        };
    }
}

fn seconds(vm: &Vm, v: &Value) -> PyResult<Duration> {
    let n = vm.to_f64(v)?;
    Duration::try_from_secs_f64(n).map_err(|_| itimer_error(vm, 22, "Invalid argument"))
}

fn itimer_error(vm: &Vm, errno: i32, text: &str) -> lasti_core::Exc {
    vm.os_error_parts(errno, text, None)
}

fn which_timer(vm: &Vm, v: &Value) -> PyResult<()> {
    match vm.to_i64(v)? {
        ITIMER_REAL => Ok(()),
        1 | 2 => Err(itimer_error(
            vm,
            38,
            "ITIMER_VIRTUAL and ITIMER_PROF are not supported",
        )),
        _ => Err(itimer_error(vm, 22, "Invalid argument")),
    }
}

fn setitimer(vm: &Vm, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "setitimer", 2, 3)?;
    which_timer(vm, &pos[0])?;
    let delay = seconds(vm, &pos[1])?;
    let interval = pos.get(2).map_or(Ok(Duration::ZERO), |v| seconds(vm, v))?;
    Ok(pair(vm, handlers(vm).timer.set(delay, interval)))
}

fn pair(vm: &Vm, (left, interval): (Duration, Duration)) -> Value {
    vm.tuple_value([
        vm.new_float(left.as_secs_f64()),
        vm.new_float(interval.as_secs_f64()),
    ])
}

/// `signal.alarm`: what was left of the last one, rounded up to whole seconds.
fn alarm(vm: &Vm, a: Args) -> PyResult<Value> {
    let n = vm.to_i64(&a.exactly::<1>(vm, "alarm")?[0])?;
    let delay = Duration::from_secs(n.max(0) as u64);
    let (left, _) = handlers(vm).timer.set(delay, Duration::ZERO);
    Ok(vm.new_int(left.as_secs_f64().ceil() as i64))
}

/// Waits until a signal with a handler arrives.
fn pause(vm: &Vm) -> PyResult<Value> {
    let h = handlers(vm);
    let before = h.handled.get();
    while h.handled.get() == before {
        crate::threads::blocking(vm, || std::thread::sleep(Duration::from_millis(1)));
        vm.check_signals()?;
    }
    Ok(Value::NONE)
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
            if sig == 0
                || breaker.load(Ordering::Relaxed) & lasti_core::memory::breaker::SIGNAL != 0
            {
                break;
            }
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
        // The handler runs inside the call, so that what it raises comes out of here.
        return vm.check_signals();
    }
    crate::process::send_signal(vm, pid, sig)
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
    if !crate::threads::is_main(vm) {
        return Err(vm.value_error("signal only works in main thread of the main interpreter"));
    }
    if signal_hook::consts::FORBIDDEN.contains(&n)
        && (callable || n == libc::SIGKILL || n == libc::SIGSTOP)
    {
        return Err(vm.os_error_parts(22, "Invalid argument", None));
    }
    let h = handlers(vm);
    // What was never watched already does what SIG_DFL says.
    let idle = signal_hook::consts::FORBIDDEN.contains(&n)
        || handler.as_small_int() == Some(SIG_DFL) && !h.watched.borrow().contains(&n);
    if !idle && !h.watched.borrow().contains(&n) && n != libc::SIGINT {
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
        ("SIGIOT", 6),
        ("SIGBUS", 7),
        ("SIGFPE", 8),
        ("SIGKILL", 9),
        ("SIGUSR1", 10),
        ("SIGSEGV", 11),
        ("SIGUSR2", 12),
        ("SIGPIPE", 13),
        ("SIGALRM", 14),
        ("SIGTERM", 15),
        ("SIGSTKFLT", 16),
        ("SIGCHLD", 17),
        ("SIGCLD", 17),
        ("SIGCONT", 18),
        ("SIGSTOP", 19),
        ("SIGTSTP", 20),
        ("SIGTTIN", 21),
        ("SIGTTOU", 22),
        ("SIGURG", 23),
        ("SIGXCPU", 24),
        ("SIGXFSZ", 25),
        ("SIGVTALRM", 26),
        ("SIGPROF", 27),
        ("SIGWINCH", 28),
        ("SIGIO", 29),
        ("SIGPOLL", 29),
        ("SIGPWR", 30),
        ("SIGSYS", 31),
        ("SIGRTMIN", 34),
        ("SIGRTMAX", 64),
        ("SIG_DFL", 0),
        ("SIG_IGN", 1),
        ("NSIG", 65),
        ("SIG_BLOCK", 0),
        ("SIG_UNBLOCK", 1),
        ("SIG_SETMASK", 2),
        ("ITIMER_REAL", ITIMER_REAL),
        ("ITIMER_VIRTUAL", 1),
        ("ITIMER_PROF", 2),
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
    vm.add_function(&m, "setitimer", "", |vm, _, a| setitimer(vm, a));
    vm.add_function(&m, "getitimer", "", |vm, _, a| {
        which_timer(vm, &a.exactly::<1>(vm, "getitimer")?[0])?;
        Ok(pair(vm, handlers(vm).timer.left()))
    });
    vm.add_function(&m, "alarm", "", |vm, _, a| alarm(vm, a));
    vm.add_function(&m, "pause", "", |vm, _, _| pause(vm));
    vm.add_value(&m, "ItimerError", vm.exc.os_error.value());
    // The loop needs none: arriving signals wake it. The number is kept for who asks.
    vm.add_function(&m, "set_wakeup_fd", "", |vm, _, a| {
        let [fd, _] = a.bind(vm, "set_wakeup_fd", ["fd", "*warn_on_full_buffer"], 1)?;
        let fd = vm.to_i64(fd.unwrap_or(&Value::NONE))?;
        let fd = i32::try_from(fd).map_err(|_| vm.value_error("invalid fd"))?;
        let old = handlers(vm).wakeup_fd.replace(fd.wrapping_add(1));
        Ok(vm.new_int(old as i64 - 1))
    });
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
