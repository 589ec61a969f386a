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
    /// Checks its arguments itself, since CPython has words of its own for them.
    Unchecked(PlainFn),
}

impl Method {
    pub const fn new(name: &'static str, doc: &'static str, kind: MethodKind) -> Method {
        Method {
            name,
            doc,
            arity: match kind {
                MethodKind::Unchecked(_) => Arity::ANY,
                _ => Arity::of(doc),
            },
            kind,
        }
    }
}

/// A table of [`Method`]s with its name: `"f" "f($self, x, /)\n--\n\nText." function;` a row. `tail`, `class`, `static` or `unchecked` may
/// stand before the name. For a function that shows no signature in CPython the text begins with `(x, /)\n--\n\n`.
#[macro_export]
macro_rules! methods {
    ($table:ident = $($($kind:ident)? $name:literal $doc:literal $func:expr;)*) => {
        const $table: &[$crate::vm::Method] = &[$($crate::vm::Method::new(
            $name,
            $doc,
            $crate::methods!(@$($kind)? $func),
        )),*];
    };
    (@tail $func:expr) => { $crate::vm::MethodKind::Tail($func) };
    (@class $func:expr) => { $crate::vm::MethodKind::Class($func) };
    (@static $func:expr) => { $crate::vm::MethodKind::Static($func) };
    (@unchecked $func:expr) => { $crate::vm::MethodKind::Unchecked($func) };
    (@ $func:expr) => { $crate::vm::MethodKind::Plain($func) };
}

impl Vm {
    /// Adds the methods of a table to a native type.
    pub fn add_methods(&self, t: &Ref<Type>, table: &'static [Method]) {
        for m in table {
            self.add_method(t, *m);
        }
    }
    /// Adds the functions of a table to a module.
    pub fn add_functions(&self, to: &Ref<Module>, table: &'static [Method]) {
        let module = self
            .dict_get_str(&to.dict, &self.names.name)
            .unwrap_or(Value::NONE);
        for m in table {
            let func = match m.kind {
                MethodKind::Tail(f) => NativeKind::Tail(f),
                MethodKind::Plain(f)
                | MethodKind::Class(f)
                | MethodKind::Static(f)
                | MethodKind::Unchecked(f) => NativeKind::Plain(f),
            };
            let name = self.intern(m.name);
            let f = self.new_unbound(*m, &name, func, None);
            f.this.set(to.value());
            f.module.set(module.clone());
            self.dict_set_str(&to.dict, &name, f.into());
        }
    }
    /// Adds a method; a [`Method`] that is a constant has its signature read by the compiler.
    pub fn add_method(&self, t: &Ref<Type>, m: Method) {
        let owner = Some(t.clone());
        let name = self.intern(m.name);
        let f: Value = match m.kind {
            MethodKind::Plain(f) | MethodKind::Unchecked(f) => self
                .new_unbound(m, &name, NativeKind::Plain(f), owner)
                .into(),
            MethodKind::Tail(f) => self
                .new_unbound(m, &name, NativeKind::Tail(f), owner)
                .into(),
            MethodKind::Class(f) => self
                .new_unbound(m, &name, NativeKind::Plain(f), owner)
                .into(),
            MethodKind::Static(f) => {
                let func = self.new_unbound(m, &name, NativeKind::Plain(f), None);
                func.this.set(Value::NONE);
                let s = StaticMethod::default();
                s.func.set(func.into());
                self.heap.alloc(&self.types.staticmethod, s).into()
            }
        };
        self.dict_set_str(&t.dict(), &name, f);
    }
    fn new_unbound(
        &self,
        m: Method,
        name: &Ref<Str>,
        func: NativeKind,
        owner: Option<Ref<Type>>,
    ) -> Ref<NativeFunction> {
        let t = &self.types;
        let class = match (&owner, m.kind) {
            (None, _) => &t.native,
            (Some(_), MethodKind::Class(_)) => &t.classmethod_descriptor,
            (Some(_), _) => &t.method_descriptor,
        };
        let n = NativeFunction {
            name: name.clone(),
            doc: m.doc,
            func,
            arity: m.arity,
            this: Slot::empty(),
            owner,
            module: Slot::new(Value::NONE),
        };
        self.heap.alloc(class, n)
    }
    /// Adds a method to a native type. `doc` may begin with a signature, `name($self, x, /)\n--\n\n...`. Several methods go into
    /// a table.
    pub fn method(&self, t: &Ref<Type>, name: &'static str, doc: &'static str, f: PlainFn) {
        self.add_method(t, Method::new(name, doc, MethodKind::Plain(f)));
    }
    /// Adds a method that ends by asking the interpreter to do something.
    pub fn tail_method(&self, t: &Ref<Type>, name: &'static str, doc: &'static str, f: TailFn) {
        self.add_method(t, Method::new(name, doc, MethodKind::Tail(f)));
    }
    /// Adds a class method; the function gets the class as `this`.
    pub fn class_method(&self, t: &Ref<Type>, name: &'static str, doc: &'static str, f: PlainFn) {
        self.add_method(t, Method::new(name, doc, MethodKind::Class(f)));
    }
    /// Adds a static method.
    pub fn static_method(&self, t: &Ref<Type>, name: &'static str, doc: &'static str, f: PlainFn) {
        self.add_method(t, Method::new(name, doc, MethodKind::Static(f)));
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
