//! MemoryError: memory of a size that a Python program decides.
//!
//! A vector that grows with what a program does, or is made for a number that a program gives, is reserved by these functions. Code
//! that makes small things needs none of them: when memory runs out there, the heap's reserve steps in (`memory/reserve.rs`).
use crate::memory::reserve::try_grow;
use crate::memory::{Obj, Payload, Ref, Value, eval_breaker};
use crate::objects::{Str, Tuple};
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};
use dashu_int::IBig;
use std::sync::atomic::Ordering;

/// Objects of so many bytes are made only after the heap was asked whether it has the memory. Smaller ones are the reserve's care.
const LARGE_OBJECT_BYTES: usize = 1 << 20;

/// Steps of a native loop between two looks at the eval breaker.
const STEPS: u32 = 1024;

impl Vm {
    /// MemoryError without a message, as CPython raises it.
    #[cold]
    pub fn memory_error(&self) -> Exc {
        // The one that is due for the reserve's sake is this one.
        let breaker = &self.heap.eval_breaker;
        breaker.fetch_and(!eval_breaker::NO_MEMORY, Ordering::Relaxed);
        self.new_exception_args(&self.exc.memory_error, self.empty_tuple.clone())
    }
    /// Room for `more` items at the end of a vector, with as much again as `Vec` adds when it grows.
    #[inline]
    pub fn reserve<T>(&self, v: &mut Vec<T>, more: usize) -> PyResult<()> {
        if v.capacity() - v.len() >= more {
            return Ok(());
        }
        self.grow(v, more)
    }
    #[cold]
    fn grow<T>(&self, v: &mut Vec<T>, more: usize) -> PyResult<()> {
        if try_grow(v, more) {
            // A native loop that fills many vectors would use the reserve up, one small block after the other.
            self.check_memory()
        } else {
            Err(self.memory_error())
        }
    }
    /// Whether the reserve was used and nobody was told yet.
    pub(crate) fn is_short_of_memory(&self) -> bool {
        self.heap.eval_breaker.load(Ordering::Relaxed) & eval_breaker::NO_MEMORY != 0
    }
    /// Raises the MemoryError that is due since the reserve was used. Runs no Python.
    pub fn check_memory(&self) -> PyResult<()> {
        if self.is_short_of_memory() {
            return Err(self.memory_error());
        }
        Ok(())
    }
    /// An empty vector with room for exactly `n` items.
    pub fn try_vec<T>(&self, n: usize) -> PyResult<Vec<T>> {
        let mut v = Vec::new();
        v.try_reserve_exact(n).map_err(|_| self.memory_error())?;
        Ok(v)
    }
    /// `n` bytes of 0.
    pub fn zeroed(&self, n: usize) -> PyResult<Vec<u8>> {
        let mut v = self.try_vec(n)?;
        v.resize(n, 0);
        Ok(v)
    }
    /// `Vec::push` that raises.
    #[inline]
    pub fn push<T>(&self, v: &mut Vec<T>, item: T) -> PyResult<()> {
        if v.len() < v.capacity() {
            v.push(item);
            return Ok(());
        }
        self.reserve(v, 1)?;
        v.push(item);
        Ok(())
    }
    /// `Vec::extend_from_slice` that raises.
    #[inline]
    pub fn extend<T: Clone>(&self, v: &mut Vec<T>, items: &[T]) -> PyResult<()> {
        self.reserve(v, items.len())?;
        v.extend_from_slice(items);
        Ok(())
    }
    /// `String::push_str` that raises.
    pub fn push_str(&self, s: &mut String, more: &str) -> PyResult<()> {
        if s.capacity() - s.len() < more.len() && s.try_reserve(more.len()).is_err() {
            return Err(self.memory_error());
        }
        s.push_str(more);
        Ok(())
    }
    /// Makes sure that code which cannot fail will find so many bytes for what it makes. Where it makes several blocks, or lets a
    /// vector grow, that is their sum.
    #[inline]
    pub fn room(&self, bytes: usize) -> PyResult<()> {
        if bytes < LARGE_OBJECT_BYTES {
            return Ok(());
        }
        self.try_vec::<u8>(bytes).map(drop)
    }
    /// [`Vm::room`] for a vector of `n` items that grows as it is filled: it is copied from one of half the size.
    pub fn room_for<T>(&self, n: usize) -> PyResult<()> {
        self.room(n.saturating_mul(size_of::<T>()).saturating_mul(2))
    }
    /// A copy of a slice of any length.
    pub fn copy_of<T: Clone>(&self, items: &[T]) -> PyResult<Vec<T>> {
        let mut v = self.try_vec(items.len())?;
        v.extend_from_slice(items);
        Ok(v)
    }

    /// A product of ints of any size. A long one handles signals.
    pub fn multiply(&self, a: &IBig, b: &IBig) -> PyResult<IBig> {
        use lasti_text::int_arith::{bit_length, check_room, mul_in_steps};
        check_room(bit_length(a) + bit_length(b)).map_err(|e| self.text_error(e))?;
        mul_in_steps(a, b, &mut || self.check_signals())
    }

    /// `pow(base, exp, modulus)` of ints of any size. A long one handles signals.
    pub fn power_modulo(&self, base: &IBig, exp: &IBig, modulus: &IBig) -> PyResult<IBig> {
        let check = &mut || self.check_signals();
        lasti_text::int_arith::pow_mod(base, exp, modulus, check, |e| self.text_error(e))
    }

    /// Makes sure that the next object can be made: a `T` with `trailing` bytes behind it.
    #[inline]
    pub fn prepare<T: Payload>(&self, trailing: usize) -> PyResult<()> {
        if trailing < LARGE_OBJECT_BYTES {
            return Ok(());
        }
        self.prepare_large(size_of::<Obj<T>>().saturating_add(trailing))
    }
    #[cold]
    fn prepare_large(&self, size: usize) -> PyResult<()> {
        if self.heap.prepare_large(size) {
            Ok(())
        } else {
            Err(self.memory_error())
        }
    }
    /// [`Vm::new_wtf8`] of a text of any length.
    pub fn try_new_wtf8(&self, bytes: &[u8]) -> PyResult<Ref<Str>> {
        self.prepare::<Str>(bytes.len())?;
        Ok(self.new_wtf8(bytes))
    }
    /// A str of pieces one behind the other.
    pub fn concat(&self, pieces: &[&[u8]]) -> PyResult<Value> {
        let len = pieces.iter().map(|p| p.len()).sum();
        if len < 2 {
            return Ok(self.new_wtf8(&pieces.concat()).into());
        }
        self.prepare::<Str>(len)?;
        let ascii = pieces.iter().all(|p| p.is_ascii());
        let made = Str::build(&self.heap, &self.types.str, len, ascii, |out| {
            pieces.iter().for_each(|p| out.push(p));
        });
        Ok(made.into())
    }
    /// [`Vm::new_bytes`] of data of any length.
    pub fn try_new_bytes(&self, bytes: impl Into<Vec<u8>>) -> PyResult<Value> {
        let mut bytes = bytes.into();
        // A vector with room behind it is copied to one without; the system makes a large one smaller where it is, or not at all.
        if bytes.capacity() != bytes.len() && bytes.len() >= LARGE_OBJECT_BYTES {
            bytes = self.copy_of(&bytes)?;
        }
        Ok(self.new_bytes(bytes))
    }
    /// [`Vm::new_tuple`] of any length.
    pub fn try_new_tuple<I>(&self, items: I) -> PyResult<Ref<Tuple>>
    where
        I: IntoIterator<Item = Value>,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        self.prepare::<Tuple>(items.len().saturating_mul(size_of::<Value>()))?;
        Ok(self.new_tuple(items))
    }
}

/// Counts the steps of a native loop, and looks at the eval breaker once in a while, so that signals are handled and MemoryError
/// is raised while the loop runs.
#[derive(Default)]
pub struct Ticks(u32);

impl Ticks {
    /// One step of the loop. It may run Python: a signal handler.
    #[inline(always)]
    pub fn tick(&mut self, vm: &Vm) -> PyResult<()> {
        self.0 = self.0.wrapping_add(1);
        if self.0.is_multiple_of(STEPS) {
            return vm.check_signals();
        }
        Ok(())
    }
}
