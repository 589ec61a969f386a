//! Native standard-library modules that need no operating system.
#![forbid(unsafe_code)]

/// Makes every native module importable.
pub fn register(_vm: &lasti_core::Vm) {}
