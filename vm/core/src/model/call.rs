//! Calling anything from Rust.
//!
//! [`Vm::call`] is the one re-entry into the interpreter: whatever in Rust has to call Python goes through it, and it
//! is guarded by the native stack that is left.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::{Args, Resume, Resumed};
use crate::vm::error::{Exc, PyResult};

/// Values inside each other that a recursion goes into. CPython 3.14 has 8 MiB of native stack for that: 8,000 to 16,000
/// namespaces inside each other can be shown there, 32,000 to 64,000 dicts can be written as JSON.
const MAX_NESTING: u32 = 20_000;

/// A level of [`Vm::nest`], until it goes.
#[must_use]
pub struct Nested<'a>(&'a Vm);

impl Drop for Nested<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.nesting.set(self.0.nesting.get() - 1);
    }
}

impl Vm {
    /// Calls anything with positional arguments.
    pub fn call(&self, callable: &Value, args: &[Value]) -> PyResult<Value> {
        self.call_args(callable, Args::pos(args))
    }

    /// Calls anything. The one way from Rust into Python.
    pub fn call_args(&self, callable: &Value, args: Args) -> PyResult<Value> {
        if let Some(f) = callable.as_ref::<Function>() {
            return self.run_function(f, args);
        }
        if let Some(m) = callable.downcast::<BoundMethod>() {
            let mut pos = Vec::with_capacity(args.pos.len() + 1);
            pos.push(m.this.clone());
            pos.extend_from_slice(args.pos);
            return self.call_args(&m.func, Args { pos: &pos, ..args });
        }
        if let Some(n) = callable.downcast::<NativeFunction>() {
            return self.call_native(n, args);
        }
        self.guard_native_stack("while calling a Python object")?;
        match self.type_of(callable).slots.call.get() {
            Some(call) => call(self, callable, args),
            None => Err(self.type_error(format!(
                "'{}' object is not callable",
                self.type_name(callable)
            ))),
        }
    }

    /// Calls a native function, following its tail.
    pub fn call_native(&self, n: &NativeFunction, args: Args) -> PyResult<Value> {
        let (this, args) = self.native_self(n, args)?;
        match &n.func {
            NativeKind::Plain(f) => f(self, &this, args),
            NativeKind::Host(f) => f.clone()(self, args),
            NativeKind::Tail(f) => {
                let tail = f(self, &this, args)?;
                self.run_tail(tail)
            }
        }
    }

    /// What a native is bound to, and its other arguments. A method descriptor takes its instance from the arguments. TypeError if
    /// their number is wrong.
    pub(crate) fn native_self<'a>(
        &self,
        n: &NativeFunction,
        mut args: Args<'a>,
    ) -> PyResult<(Value, Args<'a>)> {
        if !n.this.is_unbound() {
            self.check_arity(n, &args)?;
            return Ok((n.this.get(), args));
        }
        let Some(owner) = &n.owner else {
            self.check_arity(n, &args)?;
            return Ok((Value::NONE, args));
        };
        let Some((this, rest)) = args.pos.split_first() else {
            let name = n.name.to_string_lossy();
            return Err(self.type_error(format!(
                "unbound method {}.{name}() needs an argument",
                owner.name()
            )));
        };
        let class = self.type_of(this);
        if !class.is(owner) && !class.is_subtype(owner) {
            let name = n.name.to_string_lossy();
            return Err(self.type_error(format!(
                "descriptor '{name}' for '{}' objects doesn't apply to a '{}' object",
                owner.name(),
                self.type_name(this)
            )));
        }
        args.pos = rest;
        self.check_arity(n, &args)?;
        Ok((this.clone(), args))
    }

    pub(crate) fn run_tail(&self, tail: Tail) -> PyResult<Value> {
        match tail {
            Tail::Done(v) => Ok(v),
            Tail::Call {
                callable,
                args,
                names,
            } => {
                let names: &[Value] = names.as_deref().map_or(&[], |t| t);
                self.call_args(&callable, Args::split(&args, names))
            }
            Tail::Run { function, locals } => self.run_code(&function, locals),
            Tail::Send { generator, input } => {
                match self.resume(&generator, Resume::Send(input))? {
                    Resumed::Yield(v) => Ok(v),
                    Resumed::Return(v) => Err(self.stop_iteration(v)),
                }
            }
        }
    }

    /// Calls a method by name.
    pub fn call_method(&self, obj: &Value, name: &str, args: &[Value]) -> PyResult<Value> {
        let name = self.intern(name);
        self.call_method_args(obj, &name, Args::pos(args))
    }

    pub fn call_method_args(&self, obj: &Value, name: &Ref<Str>, args: Args) -> PyResult<Value> {
        if let Some(f) = self.plain_method(obj, name) {
            let mut pos = Vec::with_capacity(args.pos.len() + 1);
            pos.push(obj.clone());
            pos.extend_from_slice(args.pos);
            return self.call_args(&f, Args { pos: &pos, ..args });
        }
        let f = self.getattr(obj, name)?;
        self.call_args(&f, args)
    }

    /// Calls a special method, looked up on the type; `Ok(None)` when the type has none.
    pub fn call_special(
        &self,
        obj: &Value,
        name: &Ref<Str>,
        args: &[Value],
    ) -> PyResult<Option<Value>> {
        let Some(f) = self.type_of(obj).lookup(self, name) else {
            return Ok(None);
        };
        self.call_descr(&f, obj, args).map(Some)
    }

    /// Calls what a type look-up found, bound to `obj`.
    pub fn call_descr(&self, f: &Value, obj: &Value, args: &[Value]) -> PyResult<Value> {
        if self.type_of(f).has(TypeFlags::METHOD_DESCR) {
            let mut pos = Vec::with_capacity(args.len() + 1);
            pos.push(obj.clone());
            pos.extend_from_slice(args);
            return self.call(f, &pos);
        }
        let ty = self.type_of(obj).value();
        let bound = self.bind_descriptor(f, Some(obj), &ty)?;
        self.call(&bound, args)
    }

    /// Raises RecursionError when little native stack is left.
    #[inline]
    pub fn guard_native_stack(&self, doing: &str) -> PyResult<()> {
        let here = 0u8;
        if (&raw const here as usize) < self.stack_limit.get() {
            return Err(self.recursion_error(doing));
        }
        Ok(())
    }

    /// Enters a value inside another, in a recursion that Python does not see. RecursionError where CPython's native stack would
    /// be used up, or ours is.
    #[inline]
    pub fn nest(&self, doing: &str) -> PyResult<Nested<'_>> {
        self.guard_native_stack(doing)?;
        let depth = self.nesting.get();
        if depth >= MAX_NESTING {
            return Err(self.recursion_error(doing));
        }
        self.nesting.set(depth + 1);
        Ok(Nested(self))
    }

    #[cold]
    pub fn recursion_error(&self, doing: &str) -> Exc {
        let tail = if doing.is_empty() {
            String::new()
        } else {
            format!(" {doing}")
        };
        self.new_exception(
            &self.exc.recursion_error,
            format!("maximum recursion depth exceeded{tail}"),
        )
    }
}
