//! The environment of child processes.
use lasti_core::Vm;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Command;

/// What `os.putenv` and `os.unsetenv` changed; children get it. (The process's own environment is left alone: other
/// threads may be reading it.)
#[derive(Default)]
struct Environment(RefCell<BTreeMap<OsString, Option<OsString>>>);

pub fn change(vm: &Vm, name: OsString, value: Option<OsString>) {
    let env = vm.module_state(Environment::default);
    env.0.borrow_mut().insert(name, value);
}

/// Gives a command the environment that Python sees.
pub fn inherit(vm: &Vm, command: &mut Command) {
    for (name, value) in vm.module_state(Environment::default).0.borrow().iter() {
        match value {
            Some(v) => command.env(name, v),
            None => command.env_remove(name),
        };
    }
}
