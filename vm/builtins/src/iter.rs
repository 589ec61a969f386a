//! Iterators: of lists, tuples and anything with `__getitem__`, `iter(callable, sentinel)`, and `enumerate`, `zip`,
//! `map`, `filter` and `reversed`.
use dashu_int::IBig;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::self_iter;
use lasti_core::vm::Ticks;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::{Exc, PyResult};
use std::cell::{Cell, RefCell};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types;
    t.list_iterator.slots.iter.set(Some(self_iter));
    t.list_iterator
        .slots
        .next
        .set(Some(|vm, v| Ok(vm.this::<ListIter>(v)?.next())));
    init_list_iterator(vm, &t.list_iterator);
    t.tuple_iterator.slots.iter.set(Some(self_iter));
    t.tuple_iterator
        .slots
        .next
        .set(Some(|vm, v| Ok(vm.this::<TupleIter>(v)?.next())));
    init_tuple_iterator(vm, &t.tuple_iterator);
    t.seq_iterator.slots.iter.set(Some(self_iter));
    t.seq_iterator.slots.next.set(Some(seq_next));
    init_seq_iterator(vm, &t.seq_iterator);
    for native in [
        &t.callable_iterator,
        &t.native_iterator,
        &t.enumerate,
        &t.zip,
        &t.map,
        &t.filter,
        &t.reversed,
    ] {
        add_native_slots(native);
    }
    t.enumerate.slots.new.set(Some(new_enumerate));
    t.zip.slots.new.set(Some(new_zip));
    t.map.slots.new.set(Some(new_map));
    t.filter.slots.new.set(Some(new_filter));
    t.reversed.slots.new.set(Some(new_reversed));
    vm.type_attr(&t.enumerate, "__doc__", vm.str_value("Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\nThe enumerate object yields pairs containing a count (from start, which\ndefaults to zero) and a value yielded by the iterable argument."));
    vm.type_attr(&t.zip, "__doc__", vm.str_value("The zip object yields n-length tuples, where n is the number of iterables\npassed as positional arguments to zip().  The i-th element in every tuple\ncomes from the i-th iterable argument to zip().  This continues until the\nshortest argument is exhausted."));
    vm.type_attr(&t.map, "__doc__", vm.str_value("Make an iterator that computes the function using arguments from\neach of the iterables.  Stops when the shortest iterable is exhausted."));
    vm.type_attr(&t.filter, "__doc__", vm.str_value("Return an iterator yielding those items of iterable for which function(item)\nis true. If function is None, return the items that are true."));
    vm.type_attr(
        &t.reversed,
        "__doc__",
        vm.str_value("Return a reverse iterator over the values of the given sequence."),
    );
    vm.class_method(&t.enumerate, "__class_getitem__", "", super::class_getitem);
    vm.method(&t.enumerate, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<NativeIter>(v)?;
        let count = if it.item(1).is_unbound() {
            vm.new_int(it.count.get())
        } else {
            it.item(1)
        };
        Ok(vm.tuple_value([vm.type_of(v).value(), vm.tuple_value([it.item(0), count])]))
    });
    for whole in [&t.map, &t.filter] {
        vm.method(whole, "__reduce__", "", |vm, v, _| {
            let args = vm.this::<NativeIter>(v)?.state.borrow().clone();
            Ok(vm.tuple_value([vm.type_of(v).value(), vm.new_tuple(args).into()]))
        });
    }
    vm.method(&t.zip, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<NativeIter>(v)?;
        let args: Value = vm.new_tuple(it.state.borrow().clone()).into();
        let class = vm.type_of(v).value();
        Ok(if it.count.get() == STRICT {
            vm.tuple_value([class, args, Value::TRUE])
        } else {
            vm.tuple_value([class, args])
        })
    });
    vm.method(&t.zip, "__setstate__", "", |vm, v, a| {
        let [strict] = a.exactly::<1>(vm, "__setstate__")?;
        vm.this::<NativeIter>(v)?
            .count
            .set(if vm.is_true(strict)? { STRICT } else { 0 });
        Ok(Value::NONE)
    });
    vm.method(&t.callable_iterator, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<NativeIter>(v)?;
        let args = vm.new_tuple(it.state.borrow().clone());
        Ok(vm.tuple_value([
            builtin(vm, "iter"),
            if args.is_empty() {
                empty_args(vm)
            } else {
                args.into()
            },
        ]))
    });
    init_reversed(vm, &t.reversed);
}

/// Slots of every class whose instances are a [`NativeIter`].
pub(crate) fn add_native_slots(t: &Ref<Type>) {
    t.slots.iter.set(Some(self_iter));
    t.slots
        .next
        .set(Some(|vm, v| (vm.this::<NativeIter>(v)?.next)(vm, v)));
}

fn builtin(vm: &Vm, name: &str) -> Value {
    vm.dict_get(&vm.builtins, name).unwrap_or(Value::NONE)
}

/// Arguments for `iter` that make an iterator with nothing left.
fn empty_args(vm: &Vm) -> Value {
    vm.tuple_value([vm.empty_tuple.value()])
}

// ---- lists and tuples ----

fn init_list_iterator(vm: &Vm, t: &Ref<Type>) {
    vm.method(t, "__length_hint__", "", |vm, v, _| {
        let it = vm.this::<ListIter>(v)?;
        let n = it
            .list
            .borrow()
            .as_ref()
            .map_or(0, |l| l.len().saturating_sub(it.index.get()));
        Ok(vm.new_int(n as i64))
    });
    vm.method(t, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<ListIter>(v)?;
        let list = it.list.borrow().clone();
        Ok(match list {
            Some(l) => {
                let args = vm.tuple_value([l.into()]);
                vm.tuple_value([builtin(vm, "iter"), args, vm.new_int(it.index.get() as i64)])
            }
            None => vm.tuple_value([builtin(vm, "iter"), empty_args(vm)]),
        })
    });
    vm.method(t, "__setstate__", "", |vm, v, a| {
        let [i] = a.exactly::<1>(vm, "__setstate__")?;
        let it = vm.this::<ListIter>(v)?;
        let n = it.list.borrow().as_ref().map_or(0, |l| l.len());
        it.index.set((vm.to_i64(i)?.max(0) as usize).min(n));
        Ok(Value::NONE)
    });
}

fn init_tuple_iterator(vm: &Vm, t: &Ref<Type>) {
    vm.method(t, "__length_hint__", "", |vm, v, _| {
        let it = vm.this::<TupleIter>(v)?;
        Ok(vm.new_int(it.tuple.len().saturating_sub(it.index.get()) as i64))
    });
    vm.method(t, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<TupleIter>(v)?;
        let args = vm.tuple_value([it.tuple.value()]);
        Ok(vm.tuple_value([builtin(vm, "iter"), args, vm.new_int(it.index.get() as i64)]))
    });
    vm.method(t, "__setstate__", "", |vm, v, a| {
        let [i] = a.exactly::<1>(vm, "__setstate__")?;
        let it = vm.this::<TupleIter>(v)?;
        it.index
            .set((vm.to_i64(i)?.max(0) as usize).min(it.tuple.len()));
        Ok(Value::NONE)
    });
}

/// The class of `reversed(list)`.
struct ListReverseType(Ref<Type>);

/// Walks a list from index `from` down.
pub(crate) fn list_reversed(vm: &Vm, list: &Value, from: i64) -> Value {
    let class = vm.module_state(|| {
        let t = vm.new_native_type::<NativeIter>(
            "list_reverseiterator",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        add_native_slots(&t);
        init_reversed(vm, &t);
        vm.ready_type(&t);
        ListReverseType(t)
    });
    let it = NativeIter {
        next: list_reversed_next,
        state: RefCell::new(vec![list.clone()]),
        count: Cell::new(from),
    };
    vm.heap.alloc(&class.0, it).into()
}

fn list_reversed_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let item = it
        .item(0)
        .downcast::<List>()
        .and_then(|l| l.get(usize::try_from(it.count.get()).ok()?));
    match item {
        Some(x) => {
            it.count.set(it.count.get() - 1);
            Ok(Some(x))
        }
        None => {
            end(it);
            Ok(None)
        }
    }
}

/// An iterator that has ended lets go of what it walked.
fn end(it: &NativeIter) {
    it.count.set(-1);
    let old = it.state.take();
    drop(old);
}

// ---- anything with __getitem__ ----

fn seq_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<SeqIter>(v)?;
    let Some(seq) = it.seq.get_bound() else {
        return Ok(None);
    };
    let i = it.index.get();
    match vm.getitem(&seq, &vm.new_int(i as i64)) {
        Ok(x) => {
            it.index.set(i + 1);
            Ok(Some(x))
        }
        Err(e) if vm.exc_is(&e, &vm.exc.index_error) || vm.exc_is(&e, &vm.exc.stop_iteration) => {
            it.seq.take();
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn init_seq_iterator(vm: &Vm, t: &Ref<Type>) {
    vm.method(t, "__length_hint__", "", |vm, v, _| {
        let it = vm.this::<SeqIter>(v)?;
        let Some(seq) = it.seq.get_bound() else {
            return Ok(Value::small_int(0));
        };
        if vm.type_of(&seq).slots.len.get().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        Ok(vm.new_int(vm.len(&seq)?.saturating_sub(it.index.get()) as i64))
    });
    vm.method(t, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<SeqIter>(v)?;
        Ok(match it.seq.get_bound() {
            Some(s) => {
                let args = vm.tuple_value([s]);
                vm.tuple_value([builtin(vm, "iter"), args, vm.new_int(it.index.get() as i64)])
            }
            None => vm.tuple_value([builtin(vm, "iter"), empty_args(vm)]),
        })
    });
    vm.method(t, "__setstate__", "", |vm, v, a| {
        let [i] = a.exactly::<1>(vm, "__setstate__")?;
        vm.this::<SeqIter>(v)?
            .index
            .set(vm.to_i64(i)?.max(0) as usize);
        Ok(Value::NONE)
    });
}

/// `iter(callable, sentinel)`.
pub(crate) fn callable_iter(vm: &Vm, callable: &Value, sentinel: &Value) -> Value {
    let state = vec![callable.clone(), sentinel.clone()];
    vm.new_native_iter(&vm.types.callable_iterator, callable_next, state)
}

fn callable_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let f = it.item(0);
    if f.is_unbound() {
        return Ok(None);
    }
    let x = match vm.call(&f, &[]) {
        Ok(x) => x,
        Err(e) if vm.exc_is(&e, &vm.exc.stop_iteration) => {
            end(it);
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    let sentinel = it.item(1);
    if sentinel.is_unbound() || vm.same(&sentinel, &x)? {
        end(it);
        return Ok(None);
    }
    Ok(Some(x))
}

// ---- enumerate ----

fn new_enumerate(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if args.pos.len() > 2 {
        return Err(vm.type_error(format!(
            "enumerate() takes at most 2 arguments ({} given)",
            args.pos.len()
        )));
    }
    if args.pos.is_empty() && args.keyword("iterable").is_none() {
        return Err(vm.type_error("enumerate() missing required argument 'iterable'"));
    }
    let [src, start] = args.bind(vm, "enumerate", ["iterable", "start"], 1)?;
    let start = match start {
        Some(s) => vm.index(s)?,
        None => Value::small_int(0),
    };
    let it = vm.iter(src.unwrap_or(&Value::NONE))?;
    // A count outside the machine word goes on as an object.
    let (count, big) = match start.as_small_int() {
        Some(i) => (i, Value::UNBOUND),
        None => (0, start),
    };
    let it = NativeIter {
        next: enumerate_next,
        state: RefCell::new(vec![it, big]),
        count: Cell::new(count),
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn enumerate_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let Some(x) = vm.next(&it.item(0))? else {
        return Ok(None);
    };
    let big = it.item(1);
    let n = if big.is_unbound() {
        let n = it.count.get();
        it.count.set(n + 1);
        vm.new_int(n)
    } else {
        it.set_item(1, vm.new_bigint(vm.to_bigint(&big)? + IBig::ONE));
        big
    };
    Ok(Some(vm.tuple_value([n, x])))
}

// ---- zip and map ----

/// `count` of a zip or map made with `strict=True`.
const STRICT: i64 = 1;

fn strict_arg(vm: &Vm, args: Args, func: &str) -> PyResult<i64> {
    let [strict] = Args { pos: &[], ..args }.bind(vm, func, ["*strict"], 0)?;
    match strict {
        Some(s) => Ok(if vm.is_true(s)? { STRICT } else { 0 }),
        None => Ok(0),
    }
}

fn new_zip(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let strict = if class.is(&vm.types.zip) || args.keyword("strict").is_some() {
        strict_arg(vm, args, "zip")?
    } else {
        0
    };
    let mut iters = Vec::with_capacity(args.pos.len());
    for v in args.pos {
        iters.push(vm.iter(v)?);
    }
    let it = NativeIter {
        next: zip_next,
        state: RefCell::new(iters),
        count: Cell::new(strict),
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn zip_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let n = it.state.borrow().len();
    // The usual lengths need no memory but the tuple's.
    match n {
        2 => short_row::<2>(vm, it),
        3 => short_row::<3>(vm, it),
        _ => Ok(next_row(vm, it, 0, "zip")?.map(|row| vm.new_tuple(row).into())),
    }
}

/// A zip's row of `N` iterators.
fn short_row<const N: usize>(vm: &Vm, it: &NativeIter) -> PyResult<Option<Value>> {
    let mut row = [const { Value::UNBOUND }; N];
    for (i, x) in row.iter_mut().enumerate() {
        let known = match it.state.borrow().get(i) {
            Some(source) => source.clone(),
            None => return Ok(None),
        };
        match vm.next(&known)? {
            Some(next) => *x = next,
            None if it.count.get() == STRICT => {
                return check_ends(vm, it, 0, i, "zip").map(|_| None);
            }
            None => return Ok(None),
        }
    }
    Ok(Some(vm.tuple_value(row)))
}

/// One item of each iterator from state `first` on.
fn next_row(vm: &Vm, it: &NativeIter, first: usize, func: &str) -> PyResult<Option<Vec<Value>>> {
    let n = it.state.borrow().len();
    let mut row = Vec::with_capacity(n);
    for i in first..n {
        match vm.next(&it.item(i))? {
            Some(x) => row.push(x),
            None if it.count.get() == STRICT => return check_ends(vm, it, first, i, func),
            None => return Ok(None),
        }
    }
    Ok(if row.is_empty() { None } else { Some(row) })
}

/// Iterator `ended` of a strict row has ended: all others must have.
fn check_ends(
    vm: &Vm,
    it: &NativeIter,
    first: usize,
    ended: usize,
    func: &str,
) -> PyResult<Option<Vec<Value>>> {
    if ended > first {
        return Err(uneven(vm, func, ended - first + 1, "shorter"));
    }
    let n = it.state.borrow().len();
    for i in first + 1..n {
        if vm.next(&it.item(i))?.is_some() {
            return Err(uneven(vm, func, i - first + 1, "longer"));
        }
    }
    Ok(None)
}

fn uneven(vm: &Vm, func: &str, n: usize, word: &str) -> Exc {
    let others = if n == 2 {
        " 1".to_owned()
    } else {
        format!("s 1-{}", n - 1)
    };
    vm.value_error(format!(
        "{func}() argument {n} is {word} than argument{others}"
    ))
}

fn new_map(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let strict = if class.is(&vm.types.map) || args.keyword("strict").is_some() {
        strict_arg(vm, args, "map")?
    } else {
        0
    };
    let [f, sources @ ..] = args.pos else {
        return Err(vm.type_error("map() must have at least two arguments."));
    };
    if sources.is_empty() {
        return Err(vm.type_error("map() must have at least two arguments."));
    }
    let mut state = vec![f.clone()];
    for v in sources {
        state.push(vm.iter(v)?);
    }
    let it = NativeIter {
        next: map_next,
        state: RefCell::new(state),
        count: Cell::new(strict),
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn map_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let single = it.state.borrow().len() == 2;
    if single {
        return match vm.next(&it.item(1))? {
            Some(x) => vm.call(&it.item(0), &[x]).map(Some),
            None => Ok(None),
        };
    }
    match next_row(vm, it, 1, "map")? {
        Some(row) => vm.call(&it.item(0), &row).map(Some),
        None => Ok(None),
    }
}

// ---- filter ----

fn new_filter(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if class.is(&vm.types.filter) {
        args.no_kw(vm, "filter")?;
    }
    let [f, src] = Args::pos(args.pos).between(vm, "filter", 2, 2)? else {
        return Err(vm.type_error("filter expected 2 arguments"));
    };
    let it = vm.iter(src)?;
    let it = NativeIter {
        next: filter_next,
        state: RefCell::new(vec![f.clone(), it]),
        count: Cell::new(0),
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn filter_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let (f, src) = (it.item(0), it.item(1));
    let plain = f.is_none() || f.is(vm.types.bool_.as_value());
    let mut ticks = Ticks::default();
    while let Some(x) = vm.next(&src)? {
        ticks.tick(vm)?;
        let keep = if plain {
            vm.is_true(&x)?
        } else {
            vm.is_true(&vm.call(&f, std::slice::from_ref(&x))?)?
        };
        if keep {
            return Ok(Some(x));
        }
    }
    Ok(None)
}

// ---- reversed ----

fn new_reversed(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if class.is(&vm.types.reversed) {
        args.no_kw(vm, "reversed")?;
    }
    let [src] = Args::pos(args.pos).between(vm, "reversed", 1, 1)? else {
        return Err(vm.type_error("reversed expected 1 argument"));
    };
    let not_reversible =
        || vm.type_error(format!("'{}' object is not reversible", vm.type_name(src)));
    if let Some(f) = vm.type_of(src).lookup(vm, &vm.names.reversed) {
        return if f.is_none() {
            Err(not_reversible())
        } else {
            vm.call_descr(&f, src, &[])
        };
    }
    let s = &vm.type_of(src).slots;
    if s.getitem.get().is_none() || s.len.get().is_none() || src.downcast::<Dict>().is_some() {
        return Err(not_reversible());
    }
    let n = vm.len(src)? as i64;
    let it = NativeIter {
        next: reversed_next,
        state: RefCell::new(vec![src.clone()]),
        count: Cell::new(n - 1),
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn reversed_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let i = it.count.get();
    let src = it.item(0);
    if i < 0 || src.is_unbound() {
        return Ok(None);
    }
    match vm.getitem(&src, &vm.new_int(i)) {
        Ok(x) => {
            it.count.set(i - 1);
            Ok(Some(x))
        }
        Err(e) if vm.exc_is(&e, &vm.exc.index_error) || vm.exc_is(&e, &vm.exc.stop_iteration) => {
            end(it);
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// Methods of iterators that count down in `count` over the sequence in state 0.
fn init_reversed(vm: &Vm, t: &Ref<Type>) {
    vm.method(t, "__length_hint__", "", |vm, v, _| {
        let it = vm.this::<NativeIter>(v)?;
        let seq = it.item(0);
        if seq.is_unbound() {
            return Ok(Value::small_int(0));
        }
        let left = it.count.get() + 1;
        let n = vm.len(&seq)? as i64;
        Ok(vm.new_int(if n < left { 0 } else { left }))
    });
    vm.method(t, "__reduce__", "", |vm, v, _| {
        let it = vm.this::<NativeIter>(v)?;
        let seq = it.item(0);
        if seq.is_unbound() {
            return Ok(vm.tuple_value([builtin(vm, "iter"), empty_args(vm)]));
        }
        let args = vm.tuple_value([seq]);
        Ok(vm.tuple_value([builtin(vm, "reversed"), args, vm.new_int(it.count.get())]))
    });
    vm.method(t, "__setstate__", "", |vm, v, a| {
        let [i] = a.exactly::<1>(vm, "__setstate__")?;
        let it = vm.this::<NativeIter>(v)?;
        let i = vm.to_i64(i)?;
        let seq = it.item(0);
        if !seq.is_unbound() {
            it.count.set(i.clamp(-1, vm.len(&seq)? as i64 - 1));
        }
        Ok(Value::NONE)
    });
}
