//! A panic of native code in a Python thread ends that thread alone.
use crate::{Interpreter, Settings};
use std::sync::mpsc;
use std::time::Duration;

/// Longer than anything here takes; a hang is a failure, not a stuck test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a script on a thread of its own, as an embedding program does, with a module `injected` whose `panic()` panics. Gives what
/// the script left in `result`, after the interpreter was closed.
fn run(source: &'static str) -> String {
    let (done, outcome) = mpsc::channel();
    let body = move || {
        let interpreter = Interpreter::new(Settings::default());
        let vm = interpreter.vm().clone();
        let m = vm.new_module("injected");
        vm.add_function(&m, "panic", "panic()", |_, _, _| panic!("injected"));
        vm.dict_set(&vm.modules, "injected", m.into());
        let globals = vm.new_dict();
        let ran = interpreter.exec(source.as_bytes(), "test.py", &globals);
        let result = match ran {
            Ok(_) => vm.dict_get(&globals, "result").map(|v| vm.display(&v)),
            Err(e) => Some(vm.display(&e.0)),
        };
        drop((globals, vm));
        let closed = interpreter.close().is_ok();
        let _ = done.send(format!("{} {closed}", result.unwrap_or_default()));
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body);
    let outcome = outcome
        .recv_timeout(PATIENCE)
        .expect("the interpreter hangs");
    assert!(thread.is_ok_and(|t| t.join().is_ok()));
    outcome
}

#[test]
fn a_panic_in_a_thread_is_a_system_error_in_the_main_thread() {
    let result = run("
import threading, injected
t = threading.Thread(target=injected.panic)
result = 'nothing was raised'
try:
    t.start()
    t.join(30)
    while True: pass
except SystemError:
    result = 'SystemError'
# The interpreter goes on.
more = []
u = threading.Thread(target=more.append, args=(1,))
u.start(); u.join(30)
result += str(more) + str(t.is_alive())
");
    assert_eq!(result, "SystemError[1]False true");
}

#[test]
fn other_threads_go_on_after_a_panic() {
    let result = run("
import threading, injected
start, stop = threading.Event(), threading.Event()
seen = []
def work(n):
    start.wait(30)
    seen.append(n)
    stop.wait(30)
    seen.append(-n)
def fail():
    start.wait(30)
    injected.panic()
workers = [threading.Thread(target=work, args=(n,)) for n in (1, 2, 3)]
failing = threading.Thread(target=fail)
raised = 0
for t in workers + [failing]: t.start()
def patient(f, *args):
    global raised
    for _ in range(5):
        try:
            return f(*args)
        except SystemError:
            raised += 1
patient(start.set)
patient(failing.join, 30)
patient(stop.set)
for t in workers: patient(t.join, 30)
try:
    for _ in range(1000): pass
except SystemError:
    raised += 1
result = (sorted(seen), raised)
");
    assert_eq!(result, "([-3, -2, -1, 1, 2, 3], 1) true");
}

#[test]
fn a_program_that_ends_while_a_thread_panics_is_not_held_up() {
    let result = run("
import threading, injected
threads = [threading.Thread(target=injected.panic, daemon=n % 2 == 0) for n in range(6)]
result = 'ended'
for t in threads:
    try:
        t.start()
    except SystemError:
        pass
");
    // Whether an exit function was interrupted by the SystemError depends on who came first.
    assert!(
        result.starts_with("ended") || result.contains("thread"),
        "{result}"
    );
}
