//! Native standard-library modules that need no operating system: what CPython's library imports from C.
#![forbid(unsafe_code)]
mod abc;
mod array;
mod ast;
mod atexit;
mod binascii;
mod bisect;
mod codec_errors;
mod codecs;
mod collections;
mod contextvars;
mod csv;
mod errno;
mod functools;
mod gc;
mod hashes;
mod heapq;
mod hidden_attr;
mod imp;
mod itertools;
mod json;
mod json_encode;
mod locale;
mod marshal;
mod math;
mod math_int;
mod operator;
mod ordereddict;
mod random;
mod sre;
mod sre_match;
mod statistics;
mod string;
mod struct_;
mod tracemalloc;
mod types;
mod unicodedata;
mod util;
mod weakref;
mod zlib;

pub use atexit::run_exit_functions;
pub use collections::Deque;
pub use contextvars::{
    copy_context, current_context, enter_context, exit_context, is_context, run_in_context,
};
pub use types::{new_simple_namespace, simple_namespace_type};
pub use util::exception_class;

use lasti_core::Vm;
use lasti_core::vm::ModuleInit;

/// Every module of this crate with the function that makes it.
const MODULES: &[(&str, ModuleInit)] = &[
    ("_abc", abc::init),
    ("_blake2", hashes::blake2),
    ("_bisect", bisect::init),
    ("_codecs", codecs::init),
    ("_collections", collections::init),
    ("_contextvars", contextvars::init),
    ("_csv", csv::init),
    ("_functools", functools::init),
    ("_heapq", heapq::init),
    ("_imp", imp::init),
    ("_json", json::init),
    ("_lasti_ast", ast::init),
    ("_locale", locale::init),
    ("_md5", hashes::md5),
    ("_operator", operator::init),
    ("_random", random::init),
    ("_sha1", hashes::sha1),
    ("_sha2", hashes::sha2),
    ("_sha3", hashes::sha3),
    ("_sre", sre::init),
    ("_statistics", statistics::init),
    ("_string", string::init),
    ("_struct", struct_::init),
    ("_types", types::init),
    ("_warnings", imp::warnings),
    ("_tracemalloc", tracemalloc::init),
    ("_weakref", weakref::init),
    ("array", array::init),
    ("atexit", atexit::init),
    ("binascii", binascii::init),
    ("errno", errno::init),
    ("gc", gc::init),
    ("itertools", itertools::init),
    ("marshal", marshal::init),
    ("math", math::init),
    ("unicodedata", unicodedata::init),
    ("zlib", zlib::init),
];

/// Names of this crate's modules, for `sys.builtin_module_names`.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

/// Makes this crate's modules importable.
pub fn register(vm: &Vm) {
    for (name, init) in MODULES {
        vm.register_module(name, *init);
    }
}
