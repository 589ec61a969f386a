//! `tuple`: slots and methods (CPython's Objects/tupleobject.c).
use super::seq::{self, Times};
use super::slicing::slice_indices;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.tuple;
    let s = &t.slots;
    s.new.set(Some(new));
    s.repr.set(Some(repr));
    s.hash
        .set(Some(|vm, v| hash_items(vm, vm.this::<Tuple>(v)?)));
    s.richcmp.set(Some(richcmp));
    s.len.set(Some(|vm, v| Ok(vm.this::<Tuple>(v)?.len())));
    s.getitem.set(Some(getitem));
    s.contains.set(Some(contains));
    s.iter.set(Some(|vm, v| {
        let it = TupleIter {
            tuple: vm.this::<Tuple>(v)?.clone(),
            index: Cell::new(0),
        };
        Ok(vm.heap.alloc(&vm.types.tuple_iterator, it).into())
    }));
    s.binary[BinOp::Add as usize].set(Some(add));
    s.binary[BinOp::Mul as usize].set(Some(mul));
    vm.type_attr(t, "__doc__", vm.str_value("Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple."));
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "count" "count($self, value, /)\n--\n\nReturn number of occurrences of value." count;
    "index" "index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nReturn first index of value." index;
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" getnewargs;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn getnewargs(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "tuple.__getnewargs__")?;
    let copy: Value = vm.try_new_tuple(vm.copy_of(vm.this::<Tuple>(v)?)?)?.into();
    Ok(vm.tuple_value([copy]))
}

fn new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    // A subclass may take keywords in its own __init__.
    let exact = class.is(&vm.types.tuple);
    let args = if exact { args } else { Args::pos(args.pos) };
    let args = args.between(vm, "tuple", 0, 1)?;
    let items = match args.first() {
        Some(v) if exact && vm.type_of(v).is(&vm.types.tuple) => return Ok(v.clone()),
        Some(v) => vm.collect(v)?,
        None => Vec::new(),
    };
    if exact {
        return Ok(vm.try_new_tuple(items)?.into());
    }
    let n = items.len();
    Ok(Tuple::alloc(&vm.heap, class, n, items.into_iter()).into())
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Tuple>(v)?;
    if t.is_empty() {
        return Ok(vm.str_value("()"));
    }
    seq::guarded_repr(vm, v, "(...)", || {
        let mut out = vec![b'('];
        for (i, x) in t.iter().enumerate() {
            if i > 0 {
                vm.extend(&mut out, b", ")?;
            }
            seq::push_repr(vm, &mut out, x)?;
        }
        if t.len() == 1 {
            out.push(b',');
        }
        out.push(b')');
        Ok(vm.try_new_wtf8(&out)?.into())
    })
}

/// Mixes the items' hashes by the rounds of xxHash64, as CPython does.
pub(crate) fn hash_items(vm: &Vm, items: &[Value]) -> PyResult<u64> {
    let acc = mix_hashes(vm, items)?;
    let acc = acc.wrapping_add(items.len() as u64 ^ (P5 ^ 3527539));
    Ok(if acc == u64::MAX { 1546275796 } else { acc })
}

const P1: u64 = 11400714785074694791;
const P2: u64 = 14029467366897019727;
const P5: u64 = 2870177450012600261;

/// The rounds alone, without the length.
pub(crate) fn mix_hashes(vm: &Vm, items: &[Value]) -> PyResult<u64> {
    let mut acc = P5;
    for v in items {
        acc = acc.wrapping_add(vm.hash(v)?.wrapping_mul(P2));
        acc = acc.rotate_left(31).wrapping_mul(P1);
    }
    Ok(acc)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Tuple>(), b.downcast::<Tuple>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    seq::compare_items(
        vm,
        op,
        |i| x.get(i).cloned(),
        |i| y.get(i).cloned(),
        || (x.len(), y.len()),
    )
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let t = vm.this::<Tuple>(v)?;
    if let Some(s) = key.downcast::<Slice>() {
        let r = slice_indices(vm, s, t.len())?;
        if r.step == 1 && r.count == t.len() && t.class().is(&vm.types.tuple) {
            return Ok(v.clone());
        }
        let items: Vec<Value> = r.indices().filter_map(|i| t.get(i).cloned()).collect();
        return Ok(vm.try_new_tuple(items)?.into());
    }
    let i = seq::index_key(vm, key, "tuple")?;
    match seq::wrap(i, t.len()) {
        Some(i) => Ok(t[i].clone()),
        None => Err(vm.index_error("tuple index out of range")),
    }
}

fn contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    for x in vm.this::<Tuple>(v)?.iter() {
        if vm.same(x, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn add(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(x) = a.as_ref::<Tuple>() else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let Some(y) = b.as_ref::<Tuple>() else {
        return seq::concat_other(vm, a, b, add, "tuple");
    };
    if x.is_empty() && y.class().is(&vm.types.tuple) {
        return Ok(b.clone());
    }
    if y.is_empty() && x.class().is(&vm.types.tuple) {
        return Ok(a.clone());
    }
    let mut items = vm.try_vec(x.len() + y.len())?;
    items.extend_from_slice(x);
    items.extend_from_slice(y);
    Ok(vm.try_new_tuple(items)?.into())
}

fn mul(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (t, this, count) = match (a.as_ref::<Tuple>(), b.as_ref::<Tuple>()) {
        (Some(t), _) => (t, a, b),
        (None, Some(t)) => (t, b, a),
        _ => return Ok(Value::NOT_IMPLEMENTED),
    };
    match seq::repeat_count(vm, a, b, count, mul)? {
        Times::Done(v) => Ok(v),
        Times::Count(n) if (n == 1 || t.is_empty()) && t.class().is(&vm.types.tuple) => {
            Ok(this.clone())
        }
        Times::Count(n) => Ok(vm.try_new_tuple(seq::repeated(vm, t, n)?)?.into()),
    }
}

fn count(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "tuple.count")?;
    let mut n = 0;
    for y in vm.this::<Tuple>(v)?.iter() {
        n += vm.same(y, x)? as i64;
    }
    Ok(vm.new_int(n))
}

fn index(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "index", 1, 3)?;
    let t = vm.this::<Tuple>(v)?;
    let start = seq::bound(vm, args.get(1), 0, t.len())?.min(t.len() as i64);
    let stop = seq::bound(vm, args.get(2), i64::MAX, t.len())?.min(t.len() as i64);
    for i in start..stop {
        if vm.same(&t[i as usize], &args[0])? {
            return Ok(vm.new_int(i));
        }
    }
    Err(vm.value_error("tuple.index(x): x not in tuple"))
}
