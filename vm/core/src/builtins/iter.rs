//! Iterators of the built-in types.
use crate::vm::Vm;

pub(crate) fn init(_vm: &Vm) {}
