//! How native functions and generators are called: arguments, and what a resumed generator is given and gives.
use super::Vm;
use super::error::{Exc, PyResult};
use crate::memory::Value;
use crate::objects::Str;

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
