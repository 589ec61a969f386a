//! Native standard-library modules that need no operating system: what CPython's library imports from C.
#![forbid(unsafe_code)]
mod abc;
mod collections;
mod functools;
mod itertools;
mod operator;
mod side;
mod types;
mod util;
mod weakref;

pub use types::{new_simple_namespace, simple_namespace_type};

use lasti_core::Vm;
use lasti_core::vm::ModuleInit;

/// Every module of this crate with the function that makes it.
const MODULES: &[(&str, ModuleInit)] = &[
    ("_abc", abc::init),
    ("_collections", collections::init),
    ("_functools", functools::init),
    ("_operator", operator::init),
    ("_types", types::init),
    ("_weakref", weakref::init),
    ("itertools", itertools::init),
];

/// Makes this crate's modules importable.
pub fn register(vm: &Vm) {
    for (name, init) in MODULES {
        vm.register_module(name, *init);
    }
}
