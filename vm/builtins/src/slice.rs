//! `slice`: its attributes, `indices`, and its arithmetic with ints of any size (CPython's Objects/sliceobject.c).
use super::tuple;
use dashu_int::IBig;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.slice;
    let s = &t.slots;
    s.new.set(Some(new));
    s.repr.set(Some(|vm, v| {
        let s: &Ref<Slice> = vm.this(v)?;
        let (a, b, c) = (vm.repr(&s.start)?, vm.repr(&s.stop)?, vm.repr(&s.step)?);
        let (a, b, c) = (a.as_bytes(), b.as_bytes(), c.as_bytes());
        vm.concat(&[b"slice(", a, b", ", b, b", ", c, b")"])
    }));
    s.hash.set(Some(|vm, v| {
        tuple::mix_hashes(vm, &parts(vm.this(v)?)).map(super::seq::not_minus_one)
    }));
    s.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<Slice>(), b.downcast::<Slice>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let (x, y) = (parts(x), parts(y));
        super::seq::compare_items(
            vm,
            op,
            |i| x.get(i).cloned(),
            |i| y.get(i).cloned(),
            || (3, 3),
        )
    }));
    vm.type_attr(t, "__doc__", vm.str_value("slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.  This is used for extended slicing (e.g. a[0:10:2])."));
    vm.getset(
        t,
        "start",
        |vm, v| Ok(vm.this::<Slice>(v)?.start.clone()),
        None,
    );
    vm.getset(
        t,
        "stop",
        |vm, v| Ok(vm.this::<Slice>(v)?.stop.clone()),
        None,
    );
    vm.getset(
        t,
        "step",
        |vm, v| Ok(vm.this::<Slice>(v)?.step.clone()),
        None,
    );
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "indices" "indices($self, object, /)\n--\n\nS.indices(len) -> (start, stop, stride)" indices;
    "__reduce__" "__reduce__($self, /)\n--\n\nReturn state information for pickling." reduce;
}

fn indices(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "slice.indices")?;
    let n = vm.to_bigint(n)?;
    if n < IBig::ZERO {
        return Err(vm.value_error("length should not be negative"));
    }
    let (start, stop, step) = big_indices(vm, vm.this(v)?, &n)?;
    Ok(vm.tuple_value([start, stop, step].map(|i| vm.new_bigint(i))))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let args = vm.tuple_value(parts(vm.this(v)?));
    Ok(vm.tuple_value([vm.types.slice.value(), args]))
}

fn parts(s: &Slice) -> [Value; 3] {
    [s.start.clone(), s.stop.clone(), s.step.clone()]
}

fn new(vm: &Vm, _: &Ref<Type>, args: Args) -> PyResult<Value> {
    match args.between(vm, "slice", 1, 3)? {
        [stop] => Ok(vm.new_slice(Value::NONE, stop.clone(), Value::NONE)),
        [start, stop, rest @ ..] => {
            let step = rest.first().cloned().unwrap_or(Value::NONE);
            Ok(vm.new_slice(start.clone(), stop.clone(), step))
        }
        [] => Err(vm.type_error("slice expected at least 1 argument, got 0")),
    }
}

/// Whether all bounds are None or stand in the word, so that machine arithmetic gives them exactly.
pub(crate) fn fits(s: &Slice) -> bool {
    parts(s)
        .iter()
        .all(|v| v.is_none() || v.as_small_int().is_some())
}

/// Start, stop and step applied to a length.
pub(crate) fn big_indices(vm: &Vm, s: &Slice, n: &IBig) -> PyResult<(IBig, IBig, IBig)> {
    let number = |v: &Value| -> PyResult<IBig> {
        if !super::seq::has_index(vm, v) {
            return Err(
                vm.type_error("slice indices must be integers or None or have an __index__ method")
            );
        }
        vm.to_bigint(v)
    };
    let step = if s.step.is_none() {
        IBig::ONE
    } else {
        number(&s.step)?
    };
    if step == IBig::ZERO {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let down = step < IBig::ZERO;
    let (low, high) = if down {
        (IBig::NEG_ONE, n - IBig::ONE)
    } else {
        (IBig::ZERO, n.clone())
    };
    let clip = |v: &Value, default: &IBig| -> PyResult<IBig> {
        if v.is_none() {
            return Ok(default.clone());
        }
        let i = number(v)?;
        let i = if i < IBig::ZERO { i + n } else { i };
        Ok(i.clamp(low.clone(), high.clone()))
    };
    let start = clip(&s.start, if down { &high } else { &low })?;
    let stop = clip(&s.stop, if down { &low } else { &high })?;
    Ok((start, stop, step))
}
