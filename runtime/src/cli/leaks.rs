//! `LASTI_LEAK_CHECK=1`: which objects a script leaves behind each time that it runs.
//!
//! What a first run leaves is no leak: imported modules, types of native modules, caches. So the script runs three times, each in a
//! fresh `__main__`, and a class counts as leaked of which there are more after the second run than after the first, and more again
//! after the third. Between the runs the library's own state is set back (`RESET`): what a script registers there outlives it by right.
use crate::Interpreter;
use lasti_core::{PyResult, Value, Vm};
use std::collections::BTreeMap;

const RUNS: usize = 3;

/// Defines `reset()`. Like the clean-up that CPython's tests do when they hunt for leaks (Lib/test/libregrtest/refleak.py).
const RESET: &str = r#"
import sys

path = sys.path[:]
names = "excepthook", "unraisablehook", "displayhook", "breakpointhook"

def reset():
    get = sys.modules.get
    sys.path[:] = path
    sys.path_importer_cache.clear()
    for name in names:
        setattr(sys, name, getattr(sys, f"__{name}__"))
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.set_asyncgen_hooks(None, None)
    sys.settrace(None)
    sys.setprofile(None)
    if m := get("threading"):
        m.excepthook = m.__excepthook__
        m.settrace(None)
        m.setprofile(None)
    if m := get("_signal"):
        for n in m.valid_signals():
            if callable(m.getsignal(n)) and m.getsignal(n) is not m.default_int_handler:
                m.signal(n, m.default_int_handler if n == m.SIGINT else m.SIG_DFL)
    if m := get("typing"):
        for cleanup in m._cleanups:
            cleanup()
        m.clear_overloads()
    if m := get("re"):
        m.purge()
    if m := get("linecache"):
        m.clearcache()
    if m := get("logging"):
        m.root.handlers.clear()
        m.root.filters.clear()
        m.root.manager.loggerDict.clear()
    if m := get("asyncio.events"):
        m._event_loop_policy = None
"#;

pub(crate) fn wanted() -> bool {
    std::env::var_os("LASTI_LEAK_CHECK").is_some_and(|v| v == "1")
}

/// Runs the script and prints `leaked: CLASS N` for each class, with the number for a run, and `held: CLASS N` where more of the
/// class than before are held by something that the collector does not see: there the search begins. True: a class leaked.
pub(crate) fn check(interpreter: &Interpreter, mut run: impl FnMut() -> PyResult<Value>) -> bool {
    let vm = interpreter.vm();
    let reset = vm.new_dict();
    let code = vm.compile_with(
        RESET.as_bytes(),
        "<reset>",
        lasti_compiler::Mode::Exec,
        Default::default(),
    );
    let defined = code.and_then(|code| vm.exec_code(&code, &reset));
    defined.expect("a fixed script");
    let reset = vm.dict_get_str(&reset, &vm.intern("reset"));
    let reset = reset.expect("a fixed script");
    let counts: Vec<_> = (0..RUNS)
        .map(|_| {
            // The variables of a thread's context live as long as the thread.
            let context = vm.context.take();
            // How it ends is what the tests of its output are for.
            drop(run());
            vm.context.set(context);
            vm.dict_del_str(&vm.modules, &vm.names.main);
            if let Err(e) = vm.call(&reset, &[]) {
                vm.unraisable(&e, "Exception ignored while the library was reset", None);
            }
            settled(vm)
        })
        .collect();
    let of = |n: usize, class: &str| counts[n].get(class).copied().unwrap_or_default();
    let grown = |class: &&String| (1..RUNS).all(|n| of(n, class).0 > of(n - 1, class).0);
    let leaked: Vec<_> = counts[RUNS - 1].keys().filter(grown).collect();
    for class in &leaked {
        let (before, after) = (of(RUNS - 2, class), of(RUNS - 1, class));
        eprintln!("leaked: {class} {}", after.0 - before.0);
        if after.1 > before.1 {
            eprintln!("held: {class} {}", after.1 - before.1);
        }
    }
    !leaked.is_empty()
}

/// The objects that are left when collections find nothing more.
fn settled(vm: &Vm) -> BTreeMap<String, (usize, usize)> {
    // What has a finalizer goes one collection after that ran, so nothing found is no reason to stop.
    for _ in 0..6 {
        vm.run_due();
        vm.clear_type_cache();
        vm.heap.collect(true);
    }
    vm.run_due();
    vm.heap.census()
}
