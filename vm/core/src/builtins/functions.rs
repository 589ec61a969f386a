//! The `builtins` module.
use crate::vm::Vm;

pub(crate) fn init_module(_vm: &Vm) {}
