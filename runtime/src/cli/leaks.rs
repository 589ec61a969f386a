//! `LASTI_LEAK_CHECK=1`: which objects a script leaves behind each time that it runs.
//!
//! What a first run leaves is no leak: imported modules, types of native modules, caches. So the script runs three times, each in a
//! fresh `__main__`, and a class counts as leaked of which there are more after the second run than after the first, and more again
//! after the third.
use crate::Interpreter;
use lasti_core::{PyResult, Value, Vm};
use std::collections::BTreeMap;

const RUNS: usize = 3;

pub(crate) fn wanted() -> bool {
    std::env::var_os("LASTI_LEAK_CHECK").is_some_and(|v| v == "1")
}

/// Runs the script and prints `leaked: CLASS N` for each class, with the number for a run. True: there is one.
pub(crate) fn check(interpreter: &Interpreter, mut run: impl FnMut() -> PyResult<Value>) -> bool {
    let vm = interpreter.vm();
    let counts: Vec<_> = (0..RUNS)
        .map(|_| {
            // How it ends is what the tests of its output are for.
            drop(run());
            // Library modules stay: made anew each time, they would hide the rest.
            vm.dict_del_str(&vm.modules, &vm.names.main);
            settled(vm)
        })
        .collect();
    let of = |n: usize, class: &str| counts[n].get(class).copied().unwrap_or(0);
    let grown = |class: &&String| (1..RUNS).all(|n| of(n, class) > of(n - 1, class));
    let leaked: Vec<_> = counts[RUNS - 1].keys().filter(grown).collect();
    for class in &leaked {
        eprintln!(
            "leaked: {class} {}",
            of(RUNS - 1, class) - of(RUNS - 2, class)
        );
    }
    !leaked.is_empty()
}

/// The objects that are left when collections find nothing more.
fn settled(vm: &Vm) -> BTreeMap<String, usize> {
    // What has a finalizer goes one collection after that ran, so nothing found is no reason to stop.
    for _ in 0..6 {
        vm.run_due();
        vm.clear_type_cache();
        vm.heap.collect(true);
    }
    vm.run_due();
    vm.heap.census()
}
