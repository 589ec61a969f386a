//! Registration: how native code adds methods and attributes to its types.
use super::Vm;
use super::error::{Exc, PyResult};
use crate::memory::{Payload, Ref, Slot, Value};
use crate::objects::*;

/// Getter and setter of a native attribute.
pub type Getter = fn(&Vm, &Value) -> PyResult<Value>;
pub type Setter = fn(&Vm, &Value, Option<&Value>) -> PyResult<()>;

/// A row of a table of native functions (CPython's PyMethodDef). `methods!` writes it.
#[derive(Clone, Copy)]
pub struct Method {
    pub name: &'static str,
    /// Begins with the signature, from which `arity` is taken. A signature without the name is not shown to programs.
    pub doc: &'static str,
    pub arity: Arity,
    pub kind: MethodKind,
}

#[derive(Clone, Copy)]
pub enum MethodKind {
    Plain(PlainFn),
    /// Ends by asking the interpreter to do something.
    Tail(TailFn),
    /// Gets the class as `this`.
    Class(PlainFn),
    Static(PlainFn),
}

/// A table of [`Method`]s with its name: `"f" "f($self, x, /)\n--\n\nText." function;` a row. `tail`, `class` or `static` may stand
/// before the name. For a function that shows no signature in CPython the text begins with `(x, /)\n--\n\n`.
#[macro_export]
macro_rules! methods {
    ($table:ident = $($($kind:ident)? $name:literal $doc:literal $func:expr;)*) => {
        const $table: &[$crate::vm::Method] = &[$($crate::vm::Method {
            name: $name,
            doc: $doc,
            arity: $crate::objects::Arity::of($doc),
            kind: $crate::methods!(@$($kind)? $func),
        }),*];
    };
    (@tail $func:expr) => { $crate::vm::MethodKind::Tail($func) };
    (@class $func:expr) => { $crate::vm::MethodKind::Class($func) };
    (@static $func:expr) => { $crate::vm::MethodKind::Static($func) };
    (@ $func:expr) => { $crate::vm::MethodKind::Plain($func) };
}

impl Vm {
    /// Adds the methods of a table to a native type.
    pub fn add_methods(&self, t: &Ref<Type>, table: &'static [Method]) {
        for m in table {
            match m.kind {
                MethodKind::Plain(f) => self.native_method(t, m.name, m.doc, NativeKind::Plain(f)),
                MethodKind::Tail(f) => self.native_method(t, m.name, m.doc, NativeKind::Tail(f)),
                MethodKind::Class(f) => self.class_method(t, m.name, m.doc, f),
                MethodKind::Static(f) => self.static_method(t, m.name, m.doc, f),
            }
        }
    }
    /// Adds the functions of a table to a module.
    pub fn add_functions(&self, to: &Ref<Module>, table: &'static [Method]) {
        for m in table {
            match m.kind {
                MethodKind::Tail(f) => self.add_tail_function(to, m.name, m.doc, f),
                MethodKind::Plain(f) | MethodKind::Class(f) | MethodKind::Static(f) => {
                    self.add_function(to, m.name, m.doc, f)
                }
            }
        }
    }
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
            arity: Arity::of(doc),
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
            arity: Arity::of(doc),
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
    pub fn this<'a, T: Payload>(&self, v: &'a Value) -> PyResult<&'a Ref<T>> {
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
