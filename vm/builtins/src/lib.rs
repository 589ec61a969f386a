//! The built-in types' methods and the `builtins` module, as Python sees them.
#![forbid(unsafe_code)]

pub mod alias;
pub mod asyncgen;
pub mod bytearray;
pub mod bytes;
pub mod bytes_methods;
pub mod bytes_search;
pub mod code;
pub mod complex;
pub mod console;
pub mod coroutine;
pub mod descr;
pub mod dict;
pub mod dict_views;
pub mod encoding;
pub mod exceptions;
pub mod execute;
pub mod float;
pub mod frame;
pub mod function;
pub mod functions;
pub mod generator;
pub mod int;
pub mod int_methods;
pub mod iter;
pub mod list;
pub mod mappingproxy;
pub mod memoryview;
pub mod module;
pub mod numeric;
pub mod object;
pub mod percent;
pub mod range;
pub mod search;
pub mod seq;
pub mod set;
pub mod slice;
pub mod slicing;
pub mod sorting;
pub mod str;
pub mod str_format;
pub mod str_methods;
pub mod str_search;
pub mod tuple;
pub mod type_;
pub mod union;
pub(crate) mod util;
pub mod weakref;

use lasti_core::memory::Value;
use lasti_core::vm::error::PyResult;
use lasti_core::vm::{BuiltinHooks, Vm, VmOptions};
use std::rc::Rc;

/// What an interpreter is made with.
pub static HOOKS: BuiltinHooks = BuiltinHooks {
    init_types: init,
    init_module,
    generic_alias: alias::generic_alias,
    memoryview_bytes: memoryview::bytes_of,
};

/// An interpreter with the built-in types and the `builtins` module. Native modules are registered afterwards.
pub fn new_vm(options: VmOptions) -> Rc<Vm> {
    Vm::new(options, &HOOKS)
}

/// Fills slots and methods of every built-in type.
pub(crate) fn init(vm: &Vm) {
    object::init(vm);
    type_::init(vm);
    descr::init(vm);
    function::init(vm);
    code::init(vm);
    frame::init(vm);
    module::init(vm);
    exceptions::init(vm);
    generator::init(vm);
    coroutine::init(vm);
    asyncgen::init(vm);
    iter::init(vm);
    weakref::init(vm);
    int::init(vm);
    float::init(vm);
    str::init(vm);
    bytes::init(vm);
    list::init(vm);
    tuple::init(vm);
    dict::init(vm);
    set::init(vm);
    range::init(vm);
    slice::init(vm);
    memoryview::init(vm);
}

/// Makes the `builtins` module.
pub(crate) fn init_module(vm: &Vm) {
    functions::init_module(vm);
    exceptions::init_module(vm);
}

/// `__class_getitem__` of generic built-ins.
pub(crate) fn class_getitem(
    vm: &Vm,
    this: &Value,
    args: lasti_core::vm::args::Args,
) -> PyResult<Value> {
    let [item] = args.exactly::<1>(vm, "__class_getitem__")?;
    Ok(alias::generic_alias(vm, this, item))
}
