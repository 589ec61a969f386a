//! `_bisect` (CPython's Modules/_bisectmodule.c).
use crate::util::*;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_bisect");
    vm.add_functions(&m, FUNCTIONS);
    for (name, function) in [("bisect", "bisect_right"), ("insort", "insort_right")] {
        vm.add_value(&m, name, vm.getattr_str(m.as_value(), function)?);
    }
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "bisect_right" "bisect_right($module, /, a, x, lo=0, hi=None, *, key=None)\n--\n\n" right;
    "bisect_left" "bisect_left($module, /, a, x, lo=0, hi=None, *, key=None)\n--\n\n" left;
    "insort_right" "insort_right($module, /, a, x, lo=0, hi=None, *, key=None)\n--\n\n" in_right;
    "insort_left" "insort_left($module, /, a, x, lo=0, hi=None, *, key=None)\n--\n\n" |vm, _, a| insort(vm, a, "insort_left", false);
}

fn right(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(search(vm, a, "bisect_right", true)?.0))
}

fn left(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(search(vm, a, "bisect_left", false)?.0))
}

fn in_right(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    insort(vm, a, "insort_right", true)
}

fn bounds<'a>(
    vm: &Vm,
    a: Args<'a>,
    name: &str,
) -> PyResult<(&'a Value, &'a Value, i64, i64, Option<&'a Value>)> {
    let [seq, x, lo, hi, key] = a.bind(vm, name, ["a", "x", "lo", "hi", "*key"], 2)?;
    let (Some(seq), Some(x)) = (seq, x) else {
        return Err(vm.type_error("missing arguments"));
    };
    let lo = lo.map_or(Ok(0), |l| vm.to_i64(l))?;
    if lo < 0 {
        return Err(vm.value_error("lo must be non-negative"));
    }
    let hi = match hi {
        Some(h) if !h.is_none() => vm.to_i64(h)?,
        _ => vm.len(seq)? as i64,
    };
    Ok((seq, x, lo, hi, key.filter(|k| !k.is_none())))
}

fn find(
    vm: &Vm,
    seq: &Value,
    x: &Value,
    mut lo: i64,
    mut hi: i64,
    key: Option<&Value>,
    right: bool,
) -> PyResult<i64> {
    let list = seq
        .downcast::<List>()
        .filter(|_| vm.type_of(seq).is(&vm.types.list));
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        let item = match list {
            Some(l) => l
                .get(mid as usize)
                .ok_or_else(|| vm.index_error("list index out of range"))?,
            None => vm.getitem(seq, &vm.new_int(mid))?,
        };
        let item = match key {
            Some(k) => vm.call(k, &[item])?,
            None => item,
        };
        if right {
            if vm.less(x, &item)? {
                hi = mid
            } else {
                lo = mid + 1
            }
        } else if vm.less(&item, x)? {
            lo = mid + 1
        } else {
            hi = mid
        }
    }
    Ok(lo)
}

fn search<'a>(vm: &Vm, a: Args<'a>, name: &str, right: bool) -> PyResult<(i64, &'a Value)> {
    let (seq, x, lo, hi, key) = bounds(vm, a, name)?;
    Ok((find(vm, seq, x, lo, hi, key, right)?, seq))
}

fn insort(vm: &Vm, a: Args, name: &str, right: bool) -> PyResult<Value> {
    let (seq, x, lo, hi, key) = bounds(vm, a, name)?;
    let at = match key {
        Some(k) => {
            let kx = vm.call(k, std::slice::from_ref(x))?;
            find(vm, seq, &kx, lo, hi, key, right)?
        }
        None => find(vm, seq, x, lo, hi, None, right)?,
    };
    match seq
        .downcast::<List>()
        .filter(|_| vm.type_of(seq).is(&vm.types.list))
    {
        Some(l) => l.insert(at as usize, x.clone()),
        None => drop(vm.call_method(seq, "insert", &[vm.new_int(at), x.clone()])?),
    }
    Ok(Value::NONE)
}
