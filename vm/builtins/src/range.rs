//! `range`: a sequence of ints of any size that holds only its bounds (CPython's Objects/rangeobject.c).
use super::slicing::slice_indices;
use super::{seq, tuple};
use dashu_int::IBig;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::self_iter;
use lasti_core::vm::Ticks;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.range;
    let s = &t.slots;
    s.new.set(Some(new));
    s.repr.set(Some(repr));
    s.hash.set(Some(hash));
    s.richcmp.set(Some(richcmp));
    s.bool_
        .set(Some(|vm, v| Ok(length(vm, vm.this(v)?)? > IBig::ZERO)));
    s.len.set(Some(|vm, v| {
        let n = length(vm, vm.this(v)?)?;
        let n = i64::try_from(&n)
            .map_err(|_| vm.overflow_error("Python int too large to convert to C ssize_t"))?;
        Ok(n as usize)
    }));
    s.getitem.set(Some(getitem));
    s.contains.set(Some(contains));
    s.iter.set(Some(|vm, v| iter(vm, vm.this(v)?)));
    vm.type_attr(t, "__doc__", vm.str_value("range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nReturn an object that produces a sequence of integers from start (inclusive)\nto stop (exclusive) by step."));
    vm.getset(
        t,
        "start",
        |vm, v| Ok(vm.this::<Range>(v)?.start.clone()),
        None,
    );
    vm.getset(
        t,
        "stop",
        |vm, v| Ok(vm.this::<Range>(v)?.stop.clone()),
        None,
    );
    vm.getset(
        t,
        "step",
        |vm, v| Ok(vm.this::<Range>(v)?.step.clone()),
        None,
    );
    vm.add_methods(t, METHODS);
    init_iterator(vm);
}

lasti_core::methods! { METHODS =
    "count" "count($self, object, /)\n--\n\nrangeobject.count(value) -> integer -- return number of occurrences of value" count;
    "index" "index($self, object, /)\n--\n\nrangeobject.index(value) -> integer -- return index of value." index;
    "__reversed__" "__reversed__($self, /)\n--\n\nReturn a reverse iterator." reversed_method;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn reversed_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "range.__reversed__")?;
    reversed(vm, vm.this(v)?)
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let r: &Ref<Range> = vm.this(v)?;
    let args = vm.tuple_value([r.start.clone(), r.stop.clone(), r.step.clone()]);
    Ok(vm.tuple_value([vm.types.range.value(), args]))
}

/// Bounds in machine words, when they fit.
struct Words {
    start: i64,
    step: i64,
    len: u64,
}

fn words(vm: &Vm, r: &Range) -> Option<Words> {
    let word = |v: &Value| {
        v.as_small_int()
            .or_else(|| i64::try_from(&vm.exact_bigint(v)?).ok())
    };
    let (start, stop, step) = (word(&r.start)?, word(&r.stop)?, word(&r.step)?);
    let len = match step {
        _ if step > 0 && start < stop => (stop.abs_diff(start) - 1) / step.unsigned_abs() + 1,
        _ if step < 0 && stop < start => (start.abs_diff(stop) - 1) / step.unsigned_abs() + 1,
        _ => 0,
    };
    Some(Words { start, step, len })
}

fn big(vm: &Vm, v: &Value) -> IBig {
    vm.exact_bigint(v).unwrap_or_default()
}

fn length(vm: &Vm, r: &Range) -> PyResult<IBig> {
    if let Some(w) = words(vm, r) {
        return Ok(IBig::from(w.len));
    }
    let (start, stop, step) = (big(vm, &r.start), big(vm, &r.stop), big(vm, &r.step));
    let (span, step) = if step > IBig::ZERO {
        (stop - start, step)
    } else {
        (start - stop, -step)
    };
    Ok(if span <= IBig::ZERO {
        IBig::ZERO
    } else {
        (span - IBig::ONE) / step + IBig::ONE
    })
}

fn new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "range", 1, 3)?;
    let (start, stop, step) = match args {
        [stop] => (Value::small_int(0), vm.index(stop)?, Value::small_int(1)),
        [start, stop, rest @ ..] => {
            let (start, stop) = (vm.index(start)?, vm.index(stop)?);
            let step = match rest.first() {
                Some(s) => vm.index(s)?,
                None => Value::small_int(1),
            };
            (start, stop, step)
        }
        [] => return Err(vm.type_error("range expected at least 1 argument, got 0")),
    };
    if step.as_small_int() == Some(0) {
        return Err(vm.value_error("range() arg 3 must not be zero"));
    }
    Ok(vm.heap.alloc(class, Range { start, stop, step }).into())
}

fn new_range(vm: &Vm, start: IBig, stop: IBig, step: IBig) -> Value {
    let r = Range {
        start: vm.new_bigint(start),
        stop: vm.new_bigint(stop),
        step: vm.new_bigint(step),
    };
    vm.heap.alloc(&vm.types.range, r).into()
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let r: &Ref<Range> = vm.this(v)?;
    let (start, stop) = (vm.repr_string(&r.start)?, vm.repr_string(&r.stop)?);
    if r.step.as_small_int() == Some(1) {
        return Ok(vm.str_value(&format!("range({start}, {stop})")));
    }
    let step = vm.repr_string(&r.step)?;
    Ok(vm.str_value(&format!("range({start}, {stop}, {step})")))
}

/// What makes two ranges equal: length, first item, and step where they matter.
fn essence(vm: &Vm, r: &Range) -> PyResult<[Value; 3]> {
    let n = length(vm, r)?;
    let start = if n == IBig::ZERO {
        Value::NONE
    } else {
        r.start.clone()
    };
    let step = if n <= IBig::ONE {
        Value::NONE
    } else {
        r.step.clone()
    };
    Ok([vm.new_bigint(n), start, step])
}

fn hash(vm: &Vm, v: &Value) -> PyResult<u64> {
    tuple::hash_items(vm, &essence(vm, vm.this(v)?)?)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Range>(), b.downcast::<Range>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let equal = || -> PyResult<bool> {
        for (p, q) in essence(vm, x)?.iter().zip(&essence(vm, y)?) {
            if !vm.same(p, q)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match op {
        CmpOp::Eq => Ok(Value::bool(equal()?)),
        CmpOp::Ne => Ok(Value::bool(!equal()?)),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let r: &Ref<Range> = vm.this(v)?;
    if let Some(s) = key.downcast::<Slice>() {
        return subrange(vm, r, s);
    }
    if !seq::has_index(vm, key) {
        let t = vm.type_name(key);
        return Err(vm.type_error(format!("range indices must be integers or slices, not {t}")));
    }
    let outside = || vm.index_error("range object index out of range");
    if let (Some(w), Some(i)) = (words(vm, r), key.as_small_int()) {
        let at = if i < 0 {
            i as i128 + w.len as i128
        } else {
            i as i128
        };
        let i = u64::try_from(at)
            .ok()
            .filter(|i| *i < w.len)
            .ok_or_else(outside)?;
        return Ok(vm.new_int(w.start.wrapping_add((i as i64).wrapping_mul(w.step))));
    }
    let n = length(vm, r)?;
    let i = vm.to_bigint(key)?;
    let i = if i < IBig::ZERO { i + &n } else { i };
    if i < IBig::ZERO || i >= n {
        return Err(outside());
    }
    Ok(vm.new_bigint(big(vm, &r.start) + i * big(vm, &r.step)))
}

fn subrange(vm: &Vm, r: &Range, s: &Slice) -> PyResult<Value> {
    let n = length(vm, r)?;
    let (start, stop, step) = match usize::try_from(&n) {
        Ok(n) if n <= i64::MAX as usize && super::slice::fits(s) => {
            let part = slice_indices(vm, s, n)?;
            (
                IBig::from(part.start),
                IBig::from(part.stop),
                IBig::from(part.step),
            )
        }
        _ => super::slice::big_indices(vm, s, &n)?,
    };
    let (first, scale) = (big(vm, &r.start), big(vm, &r.step));
    Ok(new_range(
        vm,
        &first + start * &scale,
        first + stop * &scale,
        step * scale,
    ))
}

/// The position of an int in the range; none when it is not there.
fn position(vm: &Vm, r: &Range, item: &Value) -> PyResult<Option<IBig>> {
    if let (Some(w), Some(i)) = (words(vm, r), item.as_small_int()) {
        let ahead = if w.step > 0 {
            i >= w.start
        } else {
            i <= w.start
        };
        let distance = i.abs_diff(w.start);
        let step = w.step.unsigned_abs();
        let there = ahead && distance % step == 0 && distance / step < w.len;
        return Ok(there.then(|| IBig::from(distance / step)));
    }
    let distance = big(vm, item) - big(vm, &r.start);
    let step = big(vm, &r.step);
    let (n, rest) = (&distance / &step, &distance % &step);
    let there = rest == IBig::ZERO && n >= IBig::ZERO && n < length(vm, r)?;
    Ok(there.then_some(n))
}

/// Plain ints are found by arithmetic; anything else is compared with each item.
fn is_plain_int(vm: &Vm, v: &Value) -> bool {
    vm.type_of(v).is(&vm.types.int) || v.as_bool().is_some()
}

fn contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    let r: &Ref<Range> = vm.this(v)?;
    if is_plain_int(vm, item) {
        return Ok(position(vm, r, item)?.is_some());
    }
    Ok(search(vm, r, item, true)?.is_some())
}

/// Walks the range: the first position of an equal item, or the number of them.
fn search(vm: &Vm, r: &Range, item: &Value, first: bool) -> PyResult<Option<i64>> {
    let it = iter(vm, r)?;
    let (mut at, mut found) = (0, 0);
    let mut ticks = Ticks::default();
    while let Some(x) = vm.next(&it)? {
        ticks.tick(vm)?;
        if vm.same(&x, item)? {
            if first {
                return Ok(Some(at));
            }
            found += 1;
        }
        at += 1;
    }
    Ok(if first { None } else { Some(found) })
}

fn count(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "range.count")?;
    let r: &Ref<Range> = vm.this(v)?;
    if is_plain_int(vm, x) {
        return Ok(Value::small_int(position(vm, r, x)?.is_some() as i64));
    }
    Ok(vm.new_int(search(vm, r, x, false)?.unwrap_or(0)))
}

fn index(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "range.index")?;
    let r: &Ref<Range> = vm.this(v)?;
    if is_plain_int(vm, x) {
        if let Some(i) = position(vm, r, x)? {
            return Ok(vm.new_bigint(i));
        }
        return Err(vm.value_error(format!("{} is not in range", vm.repr_string(x)?)));
    }
    match search(vm, r, x, true)? {
        Some(i) => Ok(vm.new_int(i)),
        None => Err(vm.value_error("sequence.index(x): x not in sequence")),
    }
}

// ---- iteration ----

/// `longrange_iterator`: the class of iterators over bounds outside machine words.
struct LongType(Ref<Type>);

fn iter(vm: &Vm, r: &Range) -> PyResult<Value> {
    if let Some(w) = words(vm, r) {
        return Ok(word_iter(vm, w));
    }
    Ok(long_iter(
        vm,
        &big(vm, &r.start),
        &big(vm, &r.step),
        &length(vm, r)?,
    ))
}

fn word_iter(vm: &Vm, w: Words) -> Value {
    let it = RangeIter {
        next: Cell::new(w.start),
        step: w.step,
        left: Cell::new(w.len),
    };
    vm.heap.alloc(&vm.types.range_iterator, it).into()
}

fn long_iter(vm: &Vm, start: &IBig, step: &IBig, n: &IBig) -> Value {
    let class = vm.module_state(|| {
        let t = vm.new_native_type::<NativeIter>(
            "longrange_iterator",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        super::iter::add_native_slots(&t);
        vm.add_methods(&t, LONG_ITER_METHODS);
        vm.ready_type(&t);
        LongType(t)
    });
    let state = [start, step, n].map(|i| vm.new_bigint(i.clone()));
    vm.new_native_iter(&class.0, long_next, state.to_vec())
}

lasti_core::methods! { LONG_ITER_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.this::<NativeIter>(v)?.item(2))
}

/// State: the next item, the step, how many are left.
fn long_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let left = big(vm, &it.item(2));
    if left <= IBig::ZERO {
        return Ok(None);
    }
    let item = it.item(0);
    it.set_item(0, vm.new_bigint(big(vm, &item) + big(vm, &it.item(1))));
    it.set_item(2, vm.new_bigint(left - IBig::ONE));
    Ok(Some(item))
}

fn reversed(vm: &Vm, r: &Range) -> PyResult<Value> {
    if let Some(w) = words(vm, r)
        && let Some(step) = w.step.checked_neg()
    {
        let last = w
            .start
            .wrapping_add((w.len.wrapping_sub(1) as i64).wrapping_mul(w.step));
        return Ok(word_iter(
            vm,
            Words {
                start: last,
                step,
                len: w.len,
            },
        ));
    }
    let (start, step, n) = (big(vm, &r.start), big(vm, &r.step), length(vm, r)?);
    let last = start + (&n - IBig::ONE) * &step;
    Ok(long_iter(vm, &last, &-step, &n))
}

fn init_iterator(vm: &Vm) {
    let t = &vm.types.range_iterator;
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(|vm, v| {
        Ok(vm.this::<RangeIter>(v)?.next().map(|i| vm.new_int(i)))
    }));
    vm.add_methods(t, ITERATOR_METHODS);
}

lasti_core::methods! { ITERATOR_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint_method;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
}

fn length_hint_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_uint(vm.this::<RangeIter>(v)?.left.get()))
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "__setstate__")?;
    let it: &Ref<RangeIter> = vm.this(v)?;
    let n = (vm.to_i64(n)?.max(0) as u64).min(it.left.get());
    it.left.set(it.left.get() - n);
    it.next
        .set(it.next.get().wrapping_add((n as i64).wrapping_mul(it.step)));
    Ok(Value::NONE)
}

fn reduce_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it: &Ref<RangeIter> = vm.this(v)?;
    let start = IBig::from(it.next.get());
    let stop = &start + IBig::from(it.left.get()) * IBig::from(it.step);
    let range = new_range(vm, start, stop, IBig::from(it.step));
    let iter = vm.dict_get(&vm.builtins, "iter").unwrap_or(Value::NONE);
    Ok(vm.tuple_value([iter, vm.tuple_value([range]), Value::NONE]))
}
