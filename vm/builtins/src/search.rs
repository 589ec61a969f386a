//! The searching and splitting methods that text and bytes have in common. What differs is behind [`Searched`].
use lasti_core::memory::Value;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::split::{self, Unit};
use lasti_text::wtf8;

pub type SplitAt = for<'a> fn(&'a [u8], &[u8], Option<usize>) -> Vec<&'a [u8]>;
pub type SplitWhitespace = for<'a> fn(&'a [u8], Unit, Option<usize>) -> Vec<&'a [u8]>;

/// `str`, or `bytes` and `bytearray`.
pub trait Searched {
    const NOT_FOUND: &'static str;
    /// `search` over the part that the optional bounds in `args` name.
    fn find(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        search: fn(&[u8], &[u8]) -> Option<usize>,
    ) -> PyResult<Option<usize>>;
    /// Whether `test` holds for one of the prefixes or suffixes.
    fn matches(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        test: fn(&[u8], &[u8]) -> bool,
    ) -> PyResult<Value>;
    fn cut(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        at: SplitAt,
        whitespace: SplitWhitespace,
    ) -> PyResult<Value>;
}

fn index_or(vm: &Vm, at: Option<usize>) -> PyResult<Value> {
    Ok(vm.new_int(at.map_or(-1, |i| i as i64)))
}

fn index_of<S: Searched>(vm: &Vm, at: Option<usize>) -> PyResult<Value> {
    at.map(|i| vm.new_int(i as i64))
        .ok_or_else(|| vm.value_error(S::NOT_FOUND))
}

pub fn find<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    index_or(vm, S::find(vm, v, a, "find", wtf8::find)?)
}

pub fn rfind<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    index_or(vm, S::find(vm, v, a, "rfind", wtf8::rfind)?)
}

pub fn index<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    index_of::<S>(vm, S::find(vm, v, a, "index", wtf8::find)?)
}

pub fn rindex<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    index_of::<S>(vm, S::find(vm, v, a, "rindex", wtf8::rfind)?)
}

pub fn startswith<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    S::matches(vm, v, a, "startswith", <[u8]>::starts_with)
}

pub fn endswith<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    S::matches(vm, v, a, "endswith", <[u8]>::ends_with)
}

pub fn split<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    S::cut(vm, v, a, "split", split::split, split::split_whitespace)
}

pub fn rsplit<S: Searched>(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    S::cut(vm, v, a, "rsplit", split::rsplit, split::rsplit_whitespace)
}
