//! Small helpers that the scalar types share: text errors as exceptions, warnings, errors of sequence operators.
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::error::PyResult;
use lasti_text::TextError;

/// Turns the text crate's errors into Python's.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, vm: &Vm) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, TextError> {
    #[inline]
    fn or_raise(self, vm: &Vm) -> PyResult<T> {
        self.map_err(|e| vm.text_error(e))
    }
}

/// A WTF-8 text as a value.
#[inline]
pub(crate) fn text(vm: &Vm, bytes: impl AsRef<[u8]>) -> PyResult<Value> {
    Ok(vm.try_new_wtf8(bytes.as_ref())?.into())
}

/// Issues a warning through the `warnings` module; without that module there is nobody to tell.
pub(crate) fn warn(vm: &Vm, category: &lasti_core::memory::Ref<Type>, msg: &str) -> PyResult<()> {
    let Some(warnings) = vm.catch(vm.import("warnings"), &vm.exc.import_error)? else {
        return Ok(());
    };
    vm.call_method(&warnings, "warn", &[vm.str_value(msg), category.value()])
        .map(drop)
}

/// Whether the value can serve as an index.
#[inline]
pub(crate) fn has_index(vm: &Vm, v: &Value) -> bool {
    v.as_small_int().is_some() || vm.type_of(v).slots.index.get().is_some()
}

/// A repeat count as a length; negative counts as 0.
pub(crate) fn repeat_count(vm: &Vm, n: &Value) -> PyResult<usize> {
    if let Some(i) = n.as_small_int() {
        return Ok(usize::try_from(i).unwrap_or(0));
    }
    let name = vm.type_name(n);
    let i = vm.to_bigint(n)?;
    match i64::try_from(&i) {
        Ok(i) => Ok(usize::try_from(i).unwrap_or(0)),
        Err(_) if i < lasti_text::IBig::ZERO => Ok(0),
        Err(_) => {
            Err(vm.overflow_error(format!("cannot fit '{name}' into an index-sized integer")))
        }
    }
}

/// `data` written `n` times one behind the other; MemoryError when that is too much.
pub(crate) fn repeat(vm: &Vm, data: &[u8], n: usize) -> PyResult<Vec<u8>> {
    let total = data
        .len()
        .checked_mul(n)
        .filter(|t| *t <= isize::MAX as usize);
    let Some(total) = total else {
        return Err(vm.memory_error());
    };
    let mut out = Vec::new();
    if out.try_reserve_exact(total).is_err() {
        return Err(vm.memory_error());
    }
    match data {
        [b] => out.resize(total, *b),
        _ => {
            // Doubling: few, large copies.
            if total > 0 {
                out.extend_from_slice(data);
            }
            while out.len() < total {
                let more = out.len().min(total - out.len());
                out.extend_from_within(..more);
            }
        }
    }
    Ok(out)
}

/// Texts shorter than this are cut without a count of the pieces beforehand.
const LONG: usize = 64 << 10;

/// Makes sure that there is memory for slices of so many pieces.
pub(crate) fn room_for_pieces(vm: &Vm, n: usize) -> PyResult<()> {
    vm.room_for::<&[u8]>(n)
}

/// The same for the pieces between separators, or white space.
pub(crate) fn room_for_cuts(
    vm: &Vm,
    data: &[u8],
    sep: Option<&[u8]>,
    max: Option<usize>,
) -> PyResult<()> {
    if data.len() < LONG {
        return Ok(());
    }
    let most = max.unwrap_or(usize::MAX);
    let n = match sep {
        Some(sep) => lasti_text::wtf8::Needle::new(sep, data).count(data, most),
        None => (data.len() / 2).min(most),
    };
    room_for_pieces(vm, n)
}

/// Whether a byte may be (the last of) a line end of text.
pub(crate) fn may_end_line(b: u8) -> bool {
    matches!(b, 0x0A..=0x0D | 0x1C..=0x1E | 0x85 | 0xA8 | 0xA9)
}

/// Positions `start` and `stop` of find, count, startswith and the like, before they meet a length. May run Python.
pub(crate) fn raw_range(
    vm: &Vm,
    start: Option<&Value>,
    stop: Option<&Value>,
) -> PyResult<(i64, i64)> {
    let bound = |v: Option<&Value>, default: i64| -> PyResult<i64> {
        match v {
            Some(v) if !v.is_none() => {
                if !has_index(vm, v) {
                    return Err(vm.type_error(
                        "slice indices must be integers or None or have an __index__ method",
                    ));
                }
                vm.to_i64_clamped(v)
            }
            _ => Ok(default),
        }
    };
    Ok((bound(start, 0)?, bound(stop, i64::MAX)?))
}

/// Clips such positions to a length as slices are; `None` when they leave less than nothing, where not even an empty
/// needle is found.
pub(crate) fn clip((start, stop): (i64, i64), len: usize) -> Option<(usize, usize)> {
    let n = len as i64;
    let up = |i: i64| if i < 0 { i.saturating_add(n).max(0) } else { i };
    let (start, stop) = (up(start), up(stop).min(n));
    (start <= stop).then_some((start as usize, stop as usize))
}
