//! Arguments of native functions, and calling anything from Rust.
//!
//! [`Vm::call`] is the one re-entry into the interpreter: whatever in Rust has to call Python goes through it, and it
//! is guarded by the native stack that is left.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};

/// Positional arguments, then the values of keyword arguments with their names beside them.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    pub pos: &'a [Value],
    pub kw: &'a [Value],
    /// Names (`str`) of `kw`.
    pub names: &'a [Value],
}

impl<'a> Args<'a> {
    pub const NONE: Args<'static> = Args {
        pos: &[],
        kw: &[],
        names: &[],
    };

    pub fn pos(pos: &'a [Value]) -> Args<'a> {
        Args {
            pos,
            kw: &[],
            names: &[],
        }
    }
    /// Splits a slice of positional values followed by keyword values.
    pub fn split(all: &'a [Value], names: &'a [Value]) -> Args<'a> {
        let (pos, kw) = all.split_at(all.len() - names.len());
        Args { pos, kw, names }
    }
    pub fn len(&self) -> usize {
        self.pos.len()
    }
    pub fn is_empty(&self) -> bool {
        self.pos.is_empty() && self.kw.is_empty()
    }
    pub fn get(&self, i: usize) -> Option<&'a Value> {
        self.pos.get(i)
    }
    /// The value of a keyword argument.
    pub fn keyword(&self, name: &str) -> Option<&'a Value> {
        let i = self
            .names
            .iter()
            .position(|n| n.downcast::<Str>().is_some_and(|s| *s == *name))?;
        self.kw.get(i)
    }
    #[inline]
    pub fn no_kw(&self, vm: &Vm, func: &str) -> PyResult<()> {
        if self.kw.is_empty() {
            Ok(())
        } else {
            Err(keywords_refused(vm, func))
        }
    }
    /// Exactly `N` positional arguments and no keywords.
    #[inline]
    pub fn exactly<const N: usize>(&self, vm: &Vm, func: &str) -> PyResult<&'a [Value; N]> {
        self.no_kw(vm, func)?;
        match self.pos.try_into() {
            Ok(all) => Ok(all),
            Err(_) => Err(not_exactly(vm, func, N, self.pos.len())),
        }
    }
    /// Between `min` and `max` positional arguments and no keywords.
    #[inline]
    pub fn between(&self, vm: &Vm, func: &str, min: usize, max: usize) -> PyResult<&'a [Value]> {
        self.no_kw(vm, func)?;
        if (min..=max).contains(&self.pos.len()) {
            Ok(self.pos)
        } else {
            Err(not_between(vm, func, min, max, self.pos.len()))
        }
    }
    /// Binds positional and keyword arguments to `names`; the first `required` must be there. A name that starts
    /// with `*` and all after it are keyword-only, one that starts with `/` is positional-only (both marks
    /// are not part of the name).
    #[inline]
    pub fn bind<const N: usize>(
        &self,
        vm: &Vm,
        func: &str,
        names: [&str; N],
        required: usize,
    ) -> PyResult<[Option<&'a Value>; N]> {
        // Most calls name nothing. The names are constants of the caller: this is a count, and a copy.
        let n = self.pos.len();
        if self.kw.is_empty()
            && (required..=N).contains(&n)
            && !(0..N).any(|i| i < n && names[i].starts_with('*'))
        {
            return Ok(std::array::from_fn(|i| self.pos.get(i)));
        }
        self.bind_named(vm, func, names, required)
    }

    #[inline(never)]
    fn bind_named<const N: usize>(
        &self,
        vm: &Vm,
        func: &str,
        names: [&str; N],
        required: usize,
    ) -> PyResult<[Option<&'a Value>; N]> {
        let first_kwonly = names.iter().position(|n| n.starts_with('*')).unwrap_or(N);
        let mut out = [None; N];
        if self.pos.len() > first_kwonly {
            let n = self.pos.len();
            let s = if first_kwonly == 1 { "" } else { "s" };
            let at_most = if required == first_kwonly {
                "exactly"
            } else {
                "at most"
            };
            return Err(vm.type_error(format!(
                "{func}() takes {at_most} {first_kwonly} positional argument{s} ({n} given)"
            )));
        }
        for (slot, v) in out.iter_mut().zip(self.pos) {
            *slot = Some(v);
        }
        for (name, v) in self.names.iter().zip(self.kw) {
            let text = name
                .downcast::<Str>()
                .map(|s| s.to_string_lossy())
                .unwrap_or_default();
            let Some(i) = names.iter().position(|n| n.trim_start_matches('*') == text) else {
                return Err(vm.type_error(format!(
                    "{func}() got an unexpected keyword argument '{text}'"
                )));
            };
            if out[i].is_some() {
                return Err(vm.type_error(format!(
                    "argument for {func}() given by name ('{text}') and position ({})",
                    i + 1
                )));
            }
            out[i] = Some(v);
        }
        for i in 0..required {
            if out[i].is_none() {
                let name = names[i].trim_start_matches(['*', '/']);
                return Err(vm.type_error(format!(
                    "{func}() missing required argument '{name}' (pos {})",
                    i + 1
                )));
            }
        }
        Ok(out)
    }
}

#[cold]
fn keywords_refused(vm: &Vm, func: &str) -> Exc {
    vm.type_error(format!("{func}() takes no keyword arguments"))
}

#[cold]
fn not_exactly(vm: &Vm, func: &str, wanted: usize, n: usize) -> Exc {
    vm.type_error(match wanted {
        0 => format!("{func}() takes no arguments ({n} given)"),
        1 => format!("{func}() takes exactly one argument ({n} given)"),
        _ => format!("{func} expected {wanted} arguments, got {n}"),
    })
}

#[cold]
fn not_between(vm: &Vm, func: &str, min: usize, max: usize, n: usize) -> Exc {
    let (word, bound) = match n < min {
        _ if min == max => ("", min),
        true => ("at least ", min),
        false => ("at most ", max),
    };
    let s = if bound == 1 { "" } else { "s" };
    vm.type_error(format!(
        "{func} expected {word}{bound} argument{s}, got {n}"
    ))
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

    /// What a native is bound to, and its other arguments: a method descriptor takes its instance from the arguments.
    pub(crate) fn native_self<'a>(
        &self,
        n: &NativeFunction,
        mut args: Args<'a>,
    ) -> PyResult<(Value, Args<'a>)> {
        if !n.this.is_unbound() {
            return Ok((n.this.get(), args));
        }
        let Some(owner) = &n.owner else {
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
    pub(crate) fn call_descr(&self, f: &Value, obj: &Value, args: &[Value]) -> PyResult<Value> {
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

    #[cold]
    pub(crate) fn recursion_error(&self, doing: &str) -> Exc {
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

/// What a resumed generator is given.
pub enum Resume {
    Send(Value),
    Throw(Exc),
}

/// What comes back from a resumed generator; an exception comes as `Err`.
pub enum Resumed {
    Yield(Value),
    Return(Value),
}

/// [`Resumed`] or an exception, in two machine registers.
pub enum Stepped {
    Yield(Value),
    Return(Value),
    Raise(Exc),
}

impl From<PyResult<Resumed>> for Stepped {
    fn from(r: PyResult<Resumed>) -> Stepped {
        match r {
            Ok(Resumed::Yield(v)) => Stepped::Yield(v),
            Ok(Resumed::Return(v)) => Stepped::Return(v),
            Err(e) => Stepped::Raise(e),
        }
    }
}
