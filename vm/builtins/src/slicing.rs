//! Slice arithmetic shared by every sequence type (CPython's PySlice_Unpack and PySlice_AdjustIndices).
use lasti_core::memory::Value;
use lasti_core::objects::Slice;
use lasti_core::vm::Vm;
use lasti_core::vm::error::PyResult;

/// A slice applied to a length: the item numbers are `start`, `start + step`, ... (`count` of them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceRange {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    pub count: usize,
}

impl SliceRange {
    /// The item numbers, all below the length.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.count as i64).map(move |i| (self.start + i * self.step) as usize)
    }
}

/// The items a slice selects from a sequence of length `len`.
pub(crate) fn slice_indices(vm: &Vm, s: &Slice, len: usize) -> PyResult<SliceRange> {
    let raw = slice_unpack(vm, s)?;
    Ok(slice_adjust(raw, len))
}

/// The bounds before they meet a length. Evaluating them may run Python, so take the length afterwards.
pub fn slice_unpack(vm: &Vm, s: &Slice) -> PyResult<(i64, i64, i64)> {
    let step = if s.step.is_none() {
        1
    } else {
        bound(vm, &s.step)?.max(-i64::MAX)
    };
    if step == 0 {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let start = match () {
        _ if !s.start.is_none() => bound(vm, &s.start)?,
        _ if step < 0 => i64::MAX,
        _ => 0,
    };
    let stop = match () {
        _ if !s.stop.is_none() => bound(vm, &s.stop)?,
        _ if step < 0 => i64::MIN,
        _ => i64::MAX,
    };
    Ok((start, stop, step))
}

/// Clips unpacked bounds to a length.
pub fn slice_adjust((start, stop, step): (i64, i64, i64), len: usize) -> SliceRange {
    let n = len as i64;
    let clip = |i: i64| {
        let i = if i < 0 { i.saturating_add(n) } else { i };
        if step < 0 {
            i.clamp(-1, n - 1)
        } else {
            i.clamp(0, n)
        }
    };
    let (start, stop) = (clip(start), clip(stop));
    let count = match () {
        _ if step < 0 && stop < start => (start - stop - 1) / -step + 1,
        _ if step > 0 && start < stop => (stop - start - 1) / step + 1,
        _ => 0,
    };
    SliceRange {
        start,
        stop,
        step,
        count: count as usize,
    }
}

fn bound(vm: &Vm, v: &Value) -> PyResult<i64> {
    if let Some(i) = v.as_small_int() {
        return Ok(i);
    }
    let has_index = v.as_bool().is_some() || vm.type_of(v).slots.index.get().is_some();
    if !has_index {
        return Err(
            vm.type_error("slice indices must be integers or None or have an __index__ method")
        );
    }
    vm.to_i64_clamped(v)
}
