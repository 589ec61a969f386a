//! The built-in types' methods and the `builtins` module, as Python sees them.
pub mod alias;
pub mod asyncgen;
pub mod buffer;
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
mod modulespec;
pub mod numeric;
pub mod object;
pub mod percent;
pub mod range;
pub mod seq;
pub mod set;
pub mod slice;
pub mod slicing;
pub mod sorting;
pub mod str;
pub mod str_format;
pub mod str_methods;
pub mod str_search;
pub mod structseq;
pub mod tuple;
pub mod type_;
pub mod union;
pub(crate) mod util;
pub mod weakref;

use crate::memory::{Ref, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};

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
    alias::init(vm);
}

/// Makes the `builtins` module.
pub(crate) fn init_module(vm: &Vm) {
    functions::init_module(vm);
    exceptions::init_module(vm);
}

/// Getter and setter of a native attribute.
pub type Getter = fn(&Vm, &Value) -> PyResult<Value>;
pub type Setter = fn(&Vm, &Value, Option<&Value>) -> PyResult<()>;

impl Vm {
    /// Adds a method to a native type. `doc` may begin with a signature, `name($self, x, /)\n--\n\n...`.
    pub fn method(&self, t: &Ref<Type>, name: &str, doc: &'static str, f: PlainFn) {
        self.native_method(t, name, doc, NativeKind::Plain(f));
    }
    /// Adds a method that ends by asking the interpreter to do something.
    pub fn tail_method(&self, t: &Ref<Type>, name: &str, doc: &'static str, f: TailFn) {
        self.native_method(t, name, doc, NativeKind::Tail(f));
    }
    fn native_method(&self, t: &Ref<Type>, name: &str, doc: &'static str, func: NativeKind) {
        let name = self.intern(name);
        let n = NativeFunction {
            name: name.clone(),
            doc,
            func,
            this: Slot::empty(),
            owner: Some(t.clone()),
            module: Slot::new(Value::NONE),
        };
        let f = self.heap.alloc(&self.types.method_descriptor, n);
        self.dict_set_str(&t.dict(), &name, f.into());
    }
    /// Adds a class method; the function gets the class as `this`.
    pub fn class_method(&self, t: &Ref<Type>, name: &str, doc: &'static str, f: PlainFn) {
        let name = self.intern(name);
        let n = NativeFunction {
            name: name.clone(),
            doc,
            func: NativeKind::Plain(f),
            this: Slot::empty(),
            owner: Some(t.clone()),
            module: Slot::new(Value::NONE),
        };
        let f = self.heap.alloc(&self.types.classmethod_descriptor, n);
        self.dict_set_str(&t.dict(), &name, f.into());
    }
    /// Adds a static method.
    pub fn static_method(&self, t: &Ref<Type>, name: &str, doc: &'static str, f: PlainFn) {
        let s = StaticMethod::default();
        s.func
            .set(self.new_native(name, doc, NativeKind::Plain(f), Value::NONE, Value::NONE));
        let s = self.heap.alloc(&self.types.staticmethod, s);
        self.dict_set_str(&t.dict(), &self.intern(name), s.into());
    }
    /// Adds an attribute with a getter and perhaps a setter.
    pub fn getset(&self, t: &Ref<Type>, name: &str, get: Getter, set: Option<Setter>) {
        let name = self.intern(name);
        let g = GetSet {
            name: name.clone(),
            owner: t.clone(),
            get,
            set,
            doc: "",
        };
        self.dict_set_str(
            &t.dict(),
            &name,
            self.heap.alloc(&self.types.getset_descriptor, g).into(),
        );
    }
    /// Adds a plain attribute to a type.
    pub fn type_attr(&self, t: &Ref<Type>, name: &str, v: Value) {
        self.dict_set_str(&t.dict(), &self.intern(name), v);
    }
    /// The payload of `this` in a method of a native type.
    pub fn this<'a, T: crate::memory::Payload>(&self, v: &'a Value) -> PyResult<&'a Ref<T>> {
        match v.as_ref::<T>() {
            Some(this) => Ok(this),
            None => Err(self.wrong_receiver(v, T::NAME)),
        }
    }

    #[cold]
    #[inline(never)]
    fn wrong_receiver(&self, v: &Value, wanted: &str) -> Exc {
        self.type_error(format!(
            "descriptor requires a '{wanted}' object but received a '{}'",
            self.type_name(v)
        ))
    }
}

/// `__class_getitem__` of generic built-ins.
pub(crate) fn class_getitem(
    vm: &Vm,
    this: &Value,
    args: crate::model::call::Args,
) -> PyResult<Value> {
    let [item] = args.exactly::<1>(vm, "__class_getitem__")?;
    Ok(alias::generic_alias(vm, this, item))
}

/// `__iter__` of iterators, and `__await__` of what is awaited as it is.
#[inline(never)]
pub fn self_iter(_: &Vm, v: &Value) -> PyResult<Value> {
    Ok(v.clone())
}
