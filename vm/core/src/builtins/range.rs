//! The `range` type.
use crate::vm::Vm;

pub(crate) fn init(_vm: &Vm) {}
