//! Native standard-library modules that need no operating system: what CPython's library imports from C.
#![forbid(unsafe_code)]
mod abc;
mod bisect;
mod collections;
mod contextvars;
mod functools;
mod heapq;
mod itertools;
mod math;
mod math_int;
mod operator;
mod random;
mod side;
mod small;
mod sre;
mod sre_match;
mod string;
mod struct_;
mod types;
mod util;
mod weakref;

pub use contextvars::{copy_context, current_context, enter_context, exit_context, is_context, run_in_context};
pub use small::run_exit_functions;
pub use types::{new_simple_namespace, simple_namespace_type};

use lasti_core::Vm;
use lasti_core::vm::ModuleInit;

/// Every module of this crate with the function that makes it.
const MODULES: &[(&str, ModuleInit)] = &[
    ("_abc", abc::init),
    ("_bisect", bisect::init),
    ("_collections", collections::init),
    ("_contextvars", contextvars::init),
    ("_functools", functools::init),
    ("_heapq", heapq::init),
    ("_locale", small::locale),
    ("_operator", operator::init),
    ("_random", random::init),
    ("_sre", sre::init),
    ("_statistics", small::statistics),
    ("_string", string::init),
    ("_struct", struct_::init),
    ("_types", types::init),
    ("_weakref", weakref::init),
    ("atexit", small::atexit),
    ("errno", small::errno),
    ("gc", small::gc),
    ("itertools", itertools::init),
    ("math", math::init),
];

/// Makes this crate's modules importable.
pub fn register(vm: &Vm) {
    for (name, init) in MODULES {
        vm.register_module(name, *init);
    }
}
