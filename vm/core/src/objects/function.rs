//! Functions: those written in Python, those written in Rust, and methods bound to an instance.
use crate::memory::{Kind, Payload, Ref, RefSlot, Slot, Value};
use crate::objects::{Arity, Code, Dict, Generator, Str, Tuple, Type};
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;
use std::cell::Cell;
use std::rc::Rc;

/// A function made by `def` or `lambda`.
pub struct Function {
    pub code: RefSlot<Code>,
    pub globals: Ref<Dict>,
    pub builtins: Ref<Dict>,
    pub closure: Option<Ref<Tuple>>,
    pub defaults: RefSlot<Tuple>,
    pub kwdefaults: RefSlot<Dict>,
    pub name: Slot,
    pub qualname: Slot,
    pub doc: Slot,
    pub module: Slot,
    pub annotations: Slot,
    pub annotate: Slot,
    pub type_params: Slot,
    pub dict: RefSlot<Dict>,
    /// Changes when code or defaults are replaced; inline caches of calls check it.
    pub version: Cell<u32>,
}

impl Payload for Function {
    const KIND: Kind = Kind::Function;
    const CONTAINER: bool = true;
    const NAME: &'static str = "function";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.code.visit(visit);
        visit(self.globals.as_value());
        visit(self.builtins.as_value());
        if let Some(c) = &self.closure {
            visit(c.as_value());
        }
        self.defaults.visit(visit);
        self.kwdefaults.visit(visit);
        self.dict.visit(visit);
        let slots = [
            &self.name,
            &self.qualname,
            &self.doc,
            &self.module,
            &self.annotations,
            &self.annotate,
            &self.type_params,
        ];
        for s in slots {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        self.defaults.set(None);
        self.kwdefaults.set(None);
        self.dict.set(None);
        self.annotations.set(Value::NONE);
        self.annotate.set(Value::NONE);
        self.type_params.set(Value::NONE);
        self.doc.set(Value::NONE);
        self.module.set(Value::NONE);
        // The closure stays: its cells may be shared with live code, and those that are garbage empty themselves.
    }
}

/// What a native asks the interpreter to do in its place; its result is then the native's.
pub enum Tail {
    Done(Value),
    /// Call this.
    Call {
        callable: Value,
        args: Vec<Value>,
        names: Option<Ref<Tuple>>,
    },
    /// Run a code object as exec and eval do, with this namespace.
    Run {
        function: Ref<Function>,
        locals: Value,
    },
    /// `next`, `send`: resume a generator; its return raises StopIteration.
    Send {
        generator: Ref<Generator>,
        input: Value,
    },
}

pub type PlainFn = fn(&Vm, &Value, Args) -> PyResult<Value>;
pub type TailFn = fn(&Vm, &Value, Args) -> PyResult<Tail>;
/// A Rust closure behind a Python function.
pub type HostFn = Rc<dyn Fn(&Vm, Args) -> PyResult<Value>>;

/// The three kinds of native function. A plain one that has to call Python in its middle does so through
/// `Vm::call`, the one re-entry.
#[derive(Clone)]
pub enum NativeKind {
    Plain(PlainFn),
    Tail(TailFn),
    Host(HostFn),
}

/// Static description of a native function.
#[derive(Clone, Copy)]
pub struct NativeFn {
    pub name: &'static str,
    /// First line may be a signature, `name(a, b=1)\n--\n\n`, as `inspect.signature` reads it.
    pub doc: &'static str,
}

pub struct NativeFunction {
    pub name: Ref<Str>,
    pub doc: &'static str,
    pub func: NativeKind,
    /// What `doc` says about the arguments, checked before `func` is called.
    pub arity: Arity,
    /// What it is bound to: an instance, a class, a module; unbound for a method descriptor.
    pub this: Slot,
    /// Set for methods of a type: the type whose instances it takes.
    pub owner: Option<Ref<Type>>,
    pub module: Slot,
}

impl Payload for NativeFunction {
    const KIND: Kind = Kind::NativeFunction;
    const CONTAINER: bool = true;
    const NAME: &'static str = "builtin_function_or_method";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        self.this.visit(visit);
        self.module.visit(visit);
        if let Some(t) = &self.owner {
            visit(t.as_value());
        }
    }
    fn clear(&self) {
        self.this.set(Value::NONE);
    }
}

pub struct BoundMethod {
    pub func: Value,
    pub this: Value,
}

impl Payload for BoundMethod {
    const KIND: Kind = Kind::BoundMethod;
    const CONTAINER: bool = true;
    const NAME: &'static str = "method";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.func);
        visit(&self.this);
    }
}
