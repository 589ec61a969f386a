//! The `_signal` module: handlers run in Python, between instructions (CPython's Modules/signalmodule.c).
use crate::gil::{self, Interrupts};
use crate::wait;
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

const SIG_DFL: i64 = 0;
const SIG_IGN: i64 = 1;
const ITIMER_REAL: i64 = 0;

/// Handlers set by `signal.signal`.
#[derive(Default)]
struct Handlers {
    /// Which signals arrived and were not handled yet; set by signal handlers.
    arrived: RefCell<HashMap<i32, Arc<AtomicBool>>>,
    /// Signals that the process ignored when it was started.
    ignored: OnceLock<u64>,
    set: RefCell<HashMap<i32, Value>>,
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

fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

/// What signals wake: the main threads of the interpreters that watch any.
struct Watchers {
    /// Signal handlers write here.
    writer: UnixStream,
    interrupts: Mutex<Vec<Weak<Interrupts>>>,
}

static WATCHERS: OnceLock<Watchers> = OnceLock::new();

/// The one thread that signal handlers wake. It does what a handler may not: it wakes threads that wait for memory.
fn watchers() -> io::Result<&'static Watchers> {
    if let Some(w) = WATCHERS.get() {
        return Ok(w);
    }
    let (reader, writer) = UnixStream::pair()?;
    let made = Watchers {
        writer,
        interrupts: Mutex::default(),
    };
    if WATCHERS.set(made).is_ok() {
        std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || forward(reader))?;
    }
    WATCHERS
        .get()
        .ok_or_else(|| io::Error::other("the signal thread is gone"))
}

fn forward(mut reader: UnixStream) {
    let mut bytes = [0; 256];
    while !matches!(reader.read(&mut bytes), Ok(0)) {
        let Some(w) = WATCHERS.get() else { return };
        let all: Vec<_> = {
            let mut all = lock(&w.interrupts);
            all.retain(|i| i.strong_count() > 0);
            all.iter().filter_map(Weak::upgrade).collect()
        };
        for i in all.iter().filter(|i| i.pending()) {
            i.notify();
        }
        crate::wait::wake_loops();
    }
}

/// Has a signal noted for Python. Its handler sets flags, and a thread then wakes whoever sleeps.
fn watch(vm: &Vm, signal: i32) -> io::Result<()> {
    let h = handlers(vm);
    if h.arrived.borrow().contains_key(&signal) {
        return Ok(());
    }
    let w = watchers()?;
    let interrupts = gil::state(vm).interrupts.clone();
    let flag = Arc::new(AtomicBool::new(false));
    // They run in this order.
    signal_hook::flag::register(signal, flag.clone())?;
    signal_hook::flag::register(signal, interrupts.tripped.clone())?;
    signal_hook::low_level::pipe::register(signal, w.writer.try_clone()?)?;
    if h.arrived.borrow().is_empty() {
        lock(&w.interrupts).push(Arc::downgrade(&interrupts));
    }
    h.arrived.borrow_mut().insert(signal, flag);
    Ok(())
}

/// Makes Ctrl-C raise KeyboardInterrupt in the script, unless the process was started with it ignored.
pub fn install_interrupt(vm: &Vm) {
    if !is_ignored(vm, libc::SIGINT) {
        // Without a handler the signal ends the process, which is the next best thing.
        let _ = watch(vm, libc::SIGINT);
    }
}

/// Whether the process was started with a signal ignored.
fn is_ignored(vm: &Vm, signal: i32) -> bool {
    let h = handlers(vm);
    let mask = h.ignored.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
        line.and_then(|l| u64::from_str_radix(l.trim(), 16).ok())
            .unwrap_or(0)
    });
    mask >> (signal - 1) & 1 != 0
}

/// Ends the process by a signal's default action, as if it had never been caught.
pub fn die_of(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Calls the handlers of signals that arrived. Only the main thread does; it is told again when it takes the GIL.
pub fn run_handlers(vm: &Vm) -> PyResult<()> {
    let g = gil::state(vm);
    if g.current.get() != g.main || !g.interrupts.take() {
        return Ok(());
    }
    if g.panicked.replace(false) {
        return Err(vm.new_exception(&vm.exc.system_error, "lasti bug: a thread panicked"));
    }
    let h = handlers(vm);
    let mut arrived: Vec<i32> = (h.arrived.borrow().iter())
        .filter(|(_, flag)| flag.load(Ordering::SeqCst))
        .map(|(n, _)| *n)
        .collect();
    arrived.sort_unstable();
    for sig in arrived {
        let flag = h.arrived.borrow().get(&sig).cloned();
        if !flag.is_some_and(|f| f.swap(false, Ordering::SeqCst)) {
            continue;
        }
        h.handled.set(h.handled.get() + 1);
        if let Err(e) = run_handler(vm, &h, sig) {
            // The others are still there.
            g.interrupts.notify();
            return Err(e);
        }
    }
    Ok(())
}

fn run_handler(vm: &Vm, h: &Handlers, sig: i32) -> PyResult<()> {
    let handler = h.set.borrow().get(&sig).cloned();
    match handler {
        None if sig == libc::SIGINT => Err(interrupt(vm)),
        None => Ok(()),
        Some(h) if vm.is_int(&h) => {
            if h.as_small_int() == Some(SIG_DFL) {
                // The process ends as it would without us (or the signal is one that does nothing).
                die_of(sig);
            }
            Ok(())
        }
        Some(h) => {
            let frame = vm.frame_at(0).map_or(Value::NONE, Value::from);
            vm.call(&h, &[vm.new_int(sig as i64), frame]).map(|_| ())
        }
    }
}

/// As if a signal (SIGINT when none is named) had arrived, if it has a handler in Python.
pub fn simulate(vm: &Vm, signum: Option<&Value>) -> PyResult<()> {
    let n = signum.map_or(Ok(libc::SIGINT), |v| number(vm, v))?;
    let h = handlers(vm);
    let python = match h.set.borrow().get(&n) {
        Some(f) => !vm.is_int(f),
        None => n == libc::SIGINT && !is_ignored(vm, n),
    };
    if python {
        let flag = (h.arrived.borrow_mut().entry(n)).or_default().clone();
        flag.store(true, Ordering::SeqCst);
        gil::state(vm).interrupts.notify();
        crate::wait::wake_loops();
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
        wait::pause(vm, None)?;
    }
    Ok(Value::NONE)
}

fn interrupt(vm: &Vm) -> lasti_core::Exc {
    vm.new_exception_args(&vm.exc.keyboard_interrupt, vm.new_tuple([]))
}

/// As C's `int`, with CPython's OverflowError.
pub fn pid_of(vm: &Vm, pid: i64) -> PyResult<nix::unistd::Pid> {
    match i32::try_from(pid) {
        Ok(pid) => Ok(nix::unistd::Pid::from_raw(pid)),
        Err(_) if pid < 0 => Err(vm.overflow_error("signed integer is less than minimum")),
        Err(_) => Err(vm.overflow_error("signed integer is greater than maximum")),
    }
}

/// Sends a signal to another process or group.
pub fn send(vm: &Vm, pid: i64, sig: i64) -> PyResult<()> {
    use nix::sys::signal::{Signal, kill};
    let fail = |e: nix::errno::Errno| vm.os_error(&io::Error::from_raw_os_error(e as i32), None);
    let signal = match sig {
        0 => None,
        n => Some(Signal::try_from(n as i32).map_err(fail)?),
    };
    kill(pid_of(vm, pid)?, signal).map_err(fail)
}

/// `os.kill`.
pub fn kill(vm: &Vm, pid: i64, sig: i64) -> PyResult<()> {
    if pid != std::process::id() as i64 {
        return send(vm, pid, sig);
    }
    // This thread runs the signal's handler before the call is over, so what arrived is known.
    signal_hook::low_level::raise(sig as i32).map_err(|e| vm.os_error(&e, None))?;
    let interrupts = gil::state(vm).interrupts.clone();
    if !gil::is_main(vm) && interrupts.pending() {
        interrupts.notify();
    }
    // The Python handler runs inside the call, so that what it raises comes out of here.
    gil::check_interrupts(vm)
}

fn number(vm: &Vm, v: &Value) -> PyResult<i32> {
    let n = vm.to_i64(v)?;
    if !(1..65).contains(&n) {
        return Err(vm.value_error("signal number out of range"));
    }
    Ok(n as i32)
}

fn default_handler(vm: &Vm, sig: i32) -> Value {
    if is_ignored(vm, sig) {
        return Value::small_int(SIG_IGN);
    }
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
    if !gil::is_main(vm) {
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
        || handler.as_small_int() == Some(SIG_DFL) && !is_ignored(vm, n)
        || handler.as_small_int() == Some(SIG_IGN) && is_ignored(vm, n);
    if !idle || h.arrived.borrow().contains_key(&n) {
        watch(vm, n).map_err(|e| vm.os_error(&e, None))?;
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
    vm.add_functions(&m, FUNCTIONS);
    vm.add_value(&m, "ItimerError", vm.exc.os_error.value());
    // The loop needs none: arriving signals wake it. The number is kept for who asks.
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "default_int_handler" "default_int_handler($module, signalnum, frame, /)\n--\n\n" |vm, _, _| Err(interrupt(vm));
    "signal" "signal($module, signalnum, handler, /)\n--\n\n" |vm, _, a| set_handler(vm, a);
    "getsignal" "getsignal($module, signalnum, /)\n--\n\n" getsignal;
    "raise_signal" "raise_signal($module, signalnum, /)\n--\n\n" raise_signal;
    "setitimer" "setitimer($module, which, seconds, interval=0.0, /)\n--\n\n" |vm, _, a| setitimer(vm, a);
    "getitimer" "getitimer($module, which, /)\n--\n\n" getitimer;
    "alarm" "alarm($module, seconds, /)\n--\n\n" |vm, _, a| alarm(vm, a);
    "pause" "pause($module, /)\n--\n\n" |vm, _, _| pause(vm);
    "set_wakeup_fd" "set_wakeup_fd($module, fd, /, *, warn_on_full_buffer=True)\n--\n\n" set_wakeup_fd;
    "siginterrupt" "siginterrupt($module, signalnum, flag, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "strsignal" "strsignal($module, signalnum, /)\n--\n\n" strsignal;
    "valid_signals" "valid_signals($module, /)\n--\n\n" valid_signals;
}

fn getsignal(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let n = number(vm, &a.exactly::<1>(vm, "getsignal")?[0])?;
    let set = handlers(vm).set.borrow().get(&n).cloned();
    Ok(set.unwrap_or_else(|| default_handler(vm, n)))
}

fn raise_signal(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let n = number(vm, &a.exactly::<1>(vm, "raise_signal")?[0])?;
    kill(vm, std::process::id() as i64, n as i64)?;
    Ok(Value::NONE)
}

fn getitimer(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    which_timer(vm, &a.exactly::<1>(vm, "getitimer")?[0])?;
    Ok(pair(vm, handlers(vm).timer.left()))
}

fn set_wakeup_fd(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, _] = a.bind(vm, "set_wakeup_fd", ["fd", "*warn_on_full_buffer"], 1)?;
    let fd = vm.to_i64(fd.unwrap_or(&Value::NONE))?;
    let fd = i32::try_from(fd).map_err(|_| vm.value_error("invalid fd"))?;
    let old = handlers(vm).wakeup_fd.replace(fd.wrapping_add(1));
    Ok(vm.new_int(old as i64 - 1))
}

fn strsignal(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let n = number(vm, &a.exactly::<1>(vm, "strsignal")?[0])?;
    Ok(signal_hook::low_level::signal_name(n).map_or(Value::NONE, |s| vm.str_value(s)))
}

fn valid_signals(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let s = vm.new_set();
    for n in 1..65 {
        vm.set_add(&s, vm.new_int(n))?;
    }
    Ok(s.into())
}
