//! `list`: slots and methods (CPython's Objects/listobject.c).
use super::seq::{self, Times};
use super::slicing::slice_indices;
use super::sorting::sort_values;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Ticks;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::{Cell, RefCell};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.list;
    let s = &t.slots;
    s.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, List::default()).into())
    }));
    s.init.set(Some(init_list));
    s.repr.set(Some(repr));
    s.richcmp.set(Some(richcmp));
    s.len.set(Some(|vm, v| Ok(vm.this::<List>(v)?.len())));
    s.getitem.set(Some(getitem));
    s.setitem.set(Some(setitem));
    s.contains.set(Some(contains));
    s.iter.set(Some(iter));
    s.binary[BinOp::Add as usize].set(Some(add));
    s.binary[BinOp::Mul as usize].set(Some(mul));
    s.inplace[BinOp::Add as usize].set(Some(iadd));
    s.inplace[BinOp::Mul as usize].set(Some(imul));
    add_methods(vm, t);
}

fn add_methods(vm: &Vm, t: &Ref<Type>) {
    vm.type_attr(t, "__doc__", vm.str_value("Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list."));
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "append" "append($self, object, /)\n--\n\nAppend object to the end of the list." append;
    "extend" "extend($self, iterable, /)\n--\n\nExtend list by appending elements from the iterable." extend_method;
    "insert" "insert($self, index, object, /)\n--\n\nInsert object before index." insert;
    "pop" "pop($self, index=-1, /)\n--\n\nRemove and return item at index (default last)." pop;
    "remove" "remove($self, value, /)\n--\n\nRemove first occurrence of value." remove;
    "clear" "clear($self, /)\n--\n\nRemove all items from list." clear;
    "copy" "copy($self, /)\n--\n\nReturn a shallow copy of the list." copy;
    "count" "count($self, value, /)\n--\n\nReturn number of occurrences of value." count;
    "index" "index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nReturn first index of value." index;
    "reverse" "reverse($self, /)\n--\n\nReverse *IN PLACE*." reverse;
    "sort" "sort($self, /, *, key=None, reverse=False)\n--\n\nSort the list in ascending order and return None." sort;
    "__reversed__" "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the list." reversed;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn extend_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [src] = a.exactly::<1>(vm, "list.extend")?;
    extend(vm, vm.this(v)?, src)?;
    Ok(Value::NONE)
}

fn clear(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "list.clear")?;
    vm.this::<List>(v)?.clear();
    Ok(Value::NONE)
}

fn copy(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "list.copy")?;
    let copy = vm.this::<List>(v)?.with(|items| vm.copy_of(items))?;
    Ok(vm.new_list(copy))
}

fn reverse(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "list.reverse")?;
    vm.this::<List>(v)?.with_mut(|items| items.reverse());
    Ok(Value::NONE)
}

fn reversed(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "list.__reversed__")?;
    let n = vm.this::<List>(v)?.len();
    Ok(super::iter::list_reversed(vm, v, n as i64 - 1))
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let n = vm.this::<List>(v)?.len() * size_of::<Value>();
    Ok(vm.new_int((t_size(vm) + n) as i64))
}

fn t_size(vm: &Vm) -> usize {
    vm.types.list.layout().size
}

fn init_list(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let list = vm.this::<List>(v)?;
    let args = args.between(vm, "list", 0, 1)?;
    list.clear();
    match args.first() {
        Some(src) => extend(vm, list, src),
        None => Ok(()),
    }
}

/// Appends all items of an iterable, one by one unless they are at hand.
pub(crate) fn extend(vm: &Vm, list: &List, src: &Value) -> PyResult<()> {
    if let Some(l) = src.as_ref::<List>()
        && l.class().is(&vm.types.list)
    {
        let items = l.with(|items| vm.copy_of(items))?;
        reserve(vm, list, items.len())?;
        list.extend(items);
        return Ok(());
    }
    if let Some(t) = src.as_ref::<Tuple>()
        && t.class().is(&vm.types.tuple)
    {
        reserve(vm, list, t.len())?;
        list.extend(t.iter().cloned());
        return Ok(());
    }
    let it = vm.iter(src)?;
    let hint = vm.length_hint(src).min(1 << 16);
    list.with_mut(|items| items.reserve(hint));
    let mut ticks = Ticks::default();
    if let Some(r) = it.downcast::<RangeIter>() {
        while let Some(i) = r.next() {
            push(vm, list, vm.new_int(i))?;
            ticks.tick(vm)?;
        }
        return Ok(());
    }
    while let Some(v) = vm.next(&it)? {
        push(vm, list, v)?;
        ticks.tick(vm)?;
    }
    Ok(())
}

fn reserve(vm: &Vm, list: &List, more: usize) -> PyResult<()> {
    if list.try_reserve(more) {
        Ok(())
    } else {
        Err(vm.memory_error())
    }
}

#[inline]
fn push(vm: &Vm, list: &List, v: Value) -> PyResult<()> {
    list.try_push(v).map_err(|_| vm.memory_error())
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let list = vm.this::<List>(v)?;
    if list.is_empty() {
        return Ok(vm.str_value("[]"));
    }
    seq::guarded_repr(vm, v, "[...]", || {
        let mut out = vec![b'['];
        let mut i = 0;
        while let Some(x) = list.get(i) {
            if i > 0 {
                vm.extend(&mut out, b", ")?;
            }
            seq::push_repr(vm, &mut out, &x)?;
            i += 1;
        }
        out.push(b']');
        Ok(vm.try_new_wtf8(&out)?.into())
    })
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<List>(), b.downcast::<List>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    seq::compare_items(vm, op, |i| x.get(i), |i| y.get(i), || (x.len(), y.len()))
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let list = vm.this::<List>(v)?;
    if let Some(s) = key.downcast::<Slice>() {
        let r = slice_indices(vm, s, list.len())?;
        vm.room(r.count * size_of::<Value>())?;
        // Evaluating the bounds may have shortened the list.
        let items =
            list.with(
                |items| match items.get(r.start as usize..r.start as usize + r.count) {
                    Some(part) if r.step == 1 => part.to_vec(),
                    _ => r.indices().filter_map(|i| items.get(i).cloned()).collect(),
                },
            );
        return Ok(vm.new_list(items));
    }
    let i = seq::index_key(vm, key, "list")?;
    let found = list.with(|items| seq::wrap(i, items.len()).map(|i| items[i].clone()));
    found.ok_or_else(|| vm.index_error("list index out of range"))
}

fn setitem(vm: &Vm, v: &Value, key: &Value, value: Option<&Value>) -> PyResult<()> {
    let list = vm.this::<List>(v)?;
    if let Some(s) = key.downcast::<Slice>() {
        return match value {
            Some(value) => set_slice(vm, list, s, value),
            None => delete_slice(vm, list, s),
        };
    }
    let i = seq::index_key(vm, key, "list")?;
    let old = list.with_mut(|items| {
        let i = seq::wrap(i, items.len())?;
        Some(match value {
            Some(value) => std::mem::replace(&mut items[i], value.clone()),
            None => items.remove(i),
        })
    });
    match old {
        Some(_) => Ok(()),
        None => Err(vm.index_error("list assignment index out of range")),
    }
}

fn set_slice(vm: &Vm, list: &List, s: &Slice, value: &Value) -> PyResult<()> {
    let r = slice_indices(vm, s, list.len())?;
    let new = match vm.collect(value) {
        Ok(new) => new,
        Err(e) if vm.exc_is(&e, &vm.exc.type_error) && !iterable(vm, value) => {
            return Err(vm.type_error("must assign iterable to extended slice"));
        }
        Err(e) => return Err(e),
    };
    if r.step == 1 {
        let old: Vec<Value> = list.with_mut(|items| {
            let start = (r.start as usize).min(items.len());
            let stop = (r.stop.max(0) as usize).clamp(start, items.len());
            items.splice(start..stop, new).collect()
        });
        drop(old);
        return Ok(());
    }
    if new.len() != r.count {
        return Err(vm.value_error(format!(
            "attempt to assign sequence of size {} to extended slice of size {}",
            new.len(),
            r.count
        )));
    }
    for (i, v) in r.indices().zip(new) {
        list.set(i, v);
    }
    Ok(())
}

fn iterable(vm: &Vm, v: &Value) -> bool {
    let s = &vm.type_of(v).slots;
    s.iter.get().is_some() || s.getitem.get().is_some()
}

fn delete_slice(vm: &Vm, list: &List, s: &Slice) -> PyResult<()> {
    let r = slice_indices(vm, s, list.len())?;
    if r.count == 0 {
        return Ok(());
    }
    if r.step != 1 {
        vm.room((r.count * 2 + list.len()) * size_of::<Value>())?;
    }
    let mut gone: Vec<usize> = r.indices().collect();
    if r.step < 0 {
        gone.reverse();
    }
    let old: Vec<Value> = list.with_mut(|items| {
        if r.step == 1 {
            let stop = (r.start as usize + r.count).min(items.len());
            return items.drain((r.start as usize).min(stop)..stop).collect();
        }
        let mut old = Vec::with_capacity(gone.len());
        let mut next = gone.iter().copied().peekable();
        let mut kept = Vec::with_capacity(items.len());
        for (i, v) in items.drain(..).enumerate() {
            if next.next_if_eq(&i).is_some() {
                old.push(v);
            } else {
                kept.push(v);
            }
        }
        *items = kept;
        old
    });
    drop(old);
    Ok(())
}

fn contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    Ok(position(vm, vm.this(v)?, item, 0, i64::MAX)?.is_some())
}

/// The first index of an item in a part of the list. `==` may change the list meanwhile.
fn position(vm: &Vm, list: &List, item: &Value, start: i64, stop: i64) -> PyResult<Option<usize>> {
    let mut i = start as usize;
    while (i as i64) < stop {
        let Some(x) = list.get(i) else { break };
        if vm.same(&x, item)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

pub(crate) fn iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    let list = vm.this::<List>(v)?.clone();
    let it = ListIter {
        list: RefCell::new(Some(list)),
        index: Cell::new(0),
    };
    Ok(vm.heap.alloc(&vm.types.list_iterator, it).into())
}

fn add(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(x) = a.downcast::<List>() else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let Some(y) = b.downcast::<List>() else {
        return seq::concat_other(vm, a, b, add, "list");
    };
    let mut items = vm.try_vec(x.len() + y.len())?;
    x.with(|i| items.extend_from_slice(i));
    y.with(|i| items.extend_from_slice(i));
    Ok(vm.new_list(items))
}

fn mul(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (list, count) = match (a.downcast::<List>(), b.downcast::<List>()) {
        (Some(l), _) => (l, b),
        (None, Some(l)) => (l, a),
        _ => return Ok(Value::NOT_IMPLEMENTED),
    };
    match seq::repeat_count(vm, a, b, count, mul)? {
        Times::Done(v) => Ok(v),
        Times::Count(n) => Ok(vm.new_list(seq::repeated(
            vm,
            &list.with(|items| vm.copy_of(items))?,
            n,
        )?)),
    }
}

fn iadd(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    extend(vm, vm.this(a)?, b)?;
    Ok(a.clone())
}

fn imul(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let list = vm.this::<List>(a)?;
    match seq::repeat_count(vm, a, b, b, mul)? {
        Times::Done(v) => Ok(v),
        Times::Count(n) => {
            let new = seq::repeated(vm, &list.with(|items| vm.copy_of(items))?, n)?;
            drop(list.replace(new));
            Ok(a.clone())
        }
    }
}

fn append(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "list.append")?;
    push(vm, vm.this::<List>(v)?, x.clone())?;
    Ok(Value::NONE)
}

fn insert(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [at, x] = args.exactly::<2>(vm, "insert")?;
    let i = vm.to_i64(at)?;
    let list = vm.this::<List>(v)?;
    let n = list.len() as i64;
    let i = if i < 0 {
        i.saturating_add(n).max(0)
    } else {
        i.min(n)
    };
    reserve(vm, list, 1)?;
    list.insert(i as usize, x.clone());
    Ok(Value::NONE)
}

fn pop(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "pop", 0, 1)?;
    let list = vm.this::<List>(v)?;
    let i = match args.first() {
        Some(i) => vm.to_i64(i)?,
        None => -1,
    };
    if list.is_empty() {
        return Err(vm.index_error("pop from empty list"));
    }
    let item = seq::wrap(i, list.len()).and_then(|i| list.remove(i));
    item.ok_or_else(|| vm.index_error("pop index out of range"))
}

fn remove(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "list.remove")?;
    let list = vm.this::<List>(v)?;
    match position(vm, list, x, 0, i64::MAX)? {
        Some(i) => {
            drop(list.remove(i));
            Ok(Value::NONE)
        }
        None => Err(vm.value_error("list.remove(x): x not in list")),
    }
}

fn count(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "list.count")?;
    let list = vm.this::<List>(v)?;
    let (mut i, mut n) = (0, 0);
    while let Some(y) = list.get(i) {
        n += vm.same(&y, x)? as i64;
        i += 1;
    }
    Ok(vm.new_int(n))
}

fn index(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "index", 1, 3)?;
    let list = vm.this::<List>(v)?;
    let start = seq::bound(vm, args.get(1), 0, list.len())?;
    let stop = seq::bound(vm, args.get(2), i64::MAX, list.len())?;
    match position(vm, list, &args[0], start, stop)? {
        Some(i) => Ok(vm.new_int(i as i64)),
        None => Err(vm.value_error("list.index(x): x not in list")),
    }
}

fn sort(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    if !args.pos.is_empty() {
        return Err(vm.type_error("sort() takes no positional arguments"));
    }
    let (key, reverse) = sort_args(vm, args)?;
    let list = vm.this::<List>(v)?;
    // Python code that looks at the list meanwhile finds it empty.
    let mut items = list.take();
    let r = sort_values(vm, &mut items, key, reverse);
    let touched = list.with_mut(|now| now.capacity() != 0);
    drop(list.replace(items));
    r?;
    if touched {
        return Err(vm.value_error("list modified during sort"));
    }
    Ok(Value::NONE)
}

/// `key` and `reverse` of `sort` and `sorted`.
fn sort_args<'a>(vm: &Vm, args: Args<'a>) -> PyResult<(Option<&'a Value>, bool)> {
    let named = Args { pos: &[], ..args };
    let [key, reverse] = named.bind(vm, "sort", ["*key", "*reverse"], 0)?;
    let reverse = match reverse {
        Some(r) => vm.is_true(r)?,
        None => false,
    };
    Ok((key.filter(|k| !k.is_none()), reverse))
}

/// `sorted(iterable, /, *, key=None, reverse=False)`.
pub(crate) fn sorted(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [src] = args.pos else {
        return Err(vm.type_error(format!(
            "sorted expected 1 argument, got {}",
            args.pos.len()
        )));
    };
    let mut items = vm.collect(src)?;
    let (key, reverse) = sort_args(vm, args)?;
    sort_values(vm, &mut items, key, reverse)?;
    Ok(vm.new_list(items))
}
