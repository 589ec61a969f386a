//! The `memoryview` type.
use crate::vm::Vm;

pub(crate) fn init(_vm: &Vm) {}

/// The bytes a memoryview shows; none for anything else.
pub(crate) fn bytes_of(_v: &crate::heap::Value) -> Option<Vec<u8>> {
    None
}
