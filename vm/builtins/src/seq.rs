//! What `list`, `tuple` and the other containers share: indices, comparison item by item, repetition, and the guard
//! against a container that holds itself.
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::error::PyResult;

/// Makes a container's repr; inside itself it is shown as `cycle`.
pub(crate) fn guarded_repr(
    vm: &Vm,
    v: &Value,
    cycle: &str,
    f: impl FnOnce() -> PyResult<Value>,
) -> PyResult<Value> {
    if !vm.repr_enter(v) {
        return Ok(vm.str_value(cycle));
    }
    let r = f();
    vm.repr_leave(v);
    r
}

/// Appends the repr of a value.
pub(crate) fn push_repr(vm: &Vm, out: &mut Vec<u8>, v: &Value) -> PyResult<()> {
    vm.extend(out, vm.repr(v)?.as_bytes())
}

/// Whether the value can stand for an int.
pub(crate) fn has_index(vm: &Vm, v: &Value) -> bool {
    vm.is_int(v) || vm.type_of(v).slots.index.get().is_some()
}

/// The number in `seq[key]`. `what` names the type in the error.
pub(crate) fn index_key(vm: &Vm, key: &Value, what: &str) -> PyResult<i64> {
    if let Some(i) = key.as_small_int() {
        return Ok(i);
    }
    if !has_index(vm, key) {
        let t = vm.type_name(key);
        return Err(vm.type_error(format!(
            "{what} indices must be integers or slices, not {t}"
        )));
    }
    let i = vm.to_bigint(key)?;
    i64::try_from(&i).map_err(|_| {
        vm.index_error(format!(
            "cannot fit '{}' into an index-sized integer",
            vm.type_name(key)
        ))
    })
}

/// Counts a negative index from the end; none outside.
#[inline]
pub(crate) fn wrap(i: i64, len: usize) -> Option<usize> {
    let at = if i < 0 { i.checked_add(len as i64)? } else { i };
    usize::try_from(at).ok().filter(|n| *n < len)
}

/// A start or stop argument of `index`: clamped, counted from the end when negative.
pub(crate) fn bound(vm: &Vm, v: Option<&Value>, default: i64, len: usize) -> PyResult<i64> {
    let Some(v) = v else { return Ok(default) };
    if !has_index(vm, v) {
        return Err(vm.type_error("slice indices must be integers or have an __index__ method"));
    }
    let i = vm.to_i64_clamped(v)?;
    Ok(if i < 0 {
        i.saturating_add(len as i64).max(0)
    } else {
        i
    })
}

/// Items `n` times over.
pub(crate) fn repeated(vm: &Vm, items: &[Value], n: i64) -> PyResult<Vec<Value>> {
    let n = n.max(0) as usize;
    let total = items
        .len()
        .checked_mul(n)
        .filter(|t| *t <= isize::MAX as usize / 8);
    let total = total.ok_or_else(|| vm.memory_error())?;
    let mut out = vm.try_vec(total)?;
    if let [one] = items {
        out.extend(one.clones(n));
    } else if !items.is_empty() {
        for _ in 0..n {
            out.extend_from_slice(items);
        }
    }
    Ok(out)
}

/// The count in `seq * count`, after the count's own `*` was tried: CPython asks numbers before sequences.
pub(crate) enum Times {
    Count(i64),
    /// The other operand's method has answered.
    Done(Value),
}

pub(crate) fn repeat_count(
    vm: &Vm,
    a: &Value,
    b: &Value,
    count: &Value,
    own: BinaryFn,
) -> PyResult<Times> {
    if let Some(i) = count.as_small_int() {
        return Ok(Times::Count(i));
    }
    // A left operand was asked before this slot was reached.
    if b.is(count)
        && let Some(f) = vm.type_of(b).slots.binary[BinOp::Mul as usize].get()
        && !std::ptr::fn_addr_eq(f, own)
    {
        let r = f(vm, a, b)?;
        if !r.is_not_implemented() {
            return Ok(Times::Done(r));
        }
    }
    if !has_index(vm, count) {
        // Of two sequences the left one multiplies.
        let left = a.downcast::<Str>().is_some()
            || a.downcast::<Bytes>().is_some()
            || a.downcast::<ByteArray>().is_some()
            || a.downcast::<List>().is_some()
            || a.downcast::<Tuple>().is_some();
        let t = vm.type_name(if left { b } else { a });
        return Err(vm.type_error(format!("can't multiply sequence by non-int of type '{t}'")));
    }
    let i = vm.to_bigint(count)?;
    let i = i64::try_from(&i).map_err(|_| {
        vm.overflow_error(format!(
            "cannot fit '{}' into an index-sized integer",
            vm.type_name(count)
        ))
    })?;
    Ok(Times::Count(i))
}

/// `seq + other` for an `other` of another type: its own `+`, then the error.
pub(crate) fn concat_other(
    vm: &Vm,
    a: &Value,
    b: &Value,
    own: BinaryFn,
    name: &str,
) -> PyResult<Value> {
    if let Some(f) = vm.type_of(b).slots.binary[BinOp::Add as usize].get()
        && !std::ptr::fn_addr_eq(f, own)
    {
        let r = f(vm, a, b)?;
        if !r.is_not_implemented() {
            return Ok(r);
        }
    }
    let t = vm.type_name(b);
    Err(vm.type_error(format!(
        "can only concatenate {name} (not \"{t}\") to {name}"
    )))
}

/// Compares two sequences item by item. The getters are asked anew each time, since `==` may change a list.
pub(crate) fn compare_items(
    vm: &Vm,
    op: CmpOp,
    a: impl Fn(usize) -> Option<Value>,
    b: impl Fn(usize) -> Option<Value>,
    lens: impl Fn() -> (usize, usize),
) -> PyResult<Value> {
    let (na, nb) = lens();
    if na != nb && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    let mut i = 0;
    while let (Some(x), Some(y)) = (a(i), b(i)) {
        if !vm.same(&x, &y)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(&x, &y, op),
            };
        }
        i += 1;
    }
    let (na, nb) = lens();
    Ok(Value::bool(op.holds(na.cmp(&nb))))
}

/// A hash that no object may have is moved out of the way, as CPython does with -1.
pub(crate) fn not_minus_one(h: u64) -> u64 {
    if h == u64::MAX { u64::MAX - 1 } else { h }
}
