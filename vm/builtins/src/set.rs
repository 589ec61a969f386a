//! `set` and `frozenset`: slots and methods (CPython's Objects/setobject.c).
use super::seq;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::self_iter;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types;
    for set in [&t.set, &t.frozenset] {
        add_common(vm, set);
    }
    t.set.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Set::default()).into())
    }));
    t.set.slots.init.set(Some(init_set));
    t.frozenset.slots.new.set(Some(new_frozenset));
    t.frozenset.slots.hash.set(Some(|vm, v| {
        let s: &Ref<Set> = vm.this(v)?;
        if s.hash.get() == 0 {
            s.hash.set(frozen_hash(s));
        }
        Ok(s.hash.get())
    }));
    vm.type_attr(
        &t.set,
        "__doc__",
        vm.str_value("Build an unordered collection of unique elements."),
    );
    vm.type_attr(
        &t.frozenset,
        "__doc__",
        vm.str_value("Build an immutable unordered collection of unique elements."),
    );
    add_mutating(vm, &t.set);
    let it = &t.set_iterator;
    it.slots.iter.set(Some(self_iter));
    it.slots.next.set(Some(next));
    vm.add_methods(it, METHODS);
}

lasti_core::methods! { METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SetIter>(v)?;
    let left = if it.set.len() == it.size {
        it.remaining.get() as i64
    } else {
        0
    };
    Ok(vm.new_int(left))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SetIter>(v)?;
    let (mut items, mut at) = (Vec::new(), it.index.get());
    while let Some((n, key, _)) = it.set.dict.next_entry(at) {
        items.push(key);
        at = n + 1;
    }
    let iter = vm.dict_get(&vm.builtins, "iter").unwrap_or(Value::NONE);
    Ok(vm.tuple_value([iter, vm.tuple_value([vm.new_list(items)])]))
}

fn add_common(vm: &Vm, t: &Ref<Type>) {
    let s = &t.slots;
    s.repr.set(Some(repr));
    s.richcmp.set(Some(richcmp));
    s.len.set(Some(|vm, v| Ok(vm.this::<Set>(v)?.len())));
    s.contains
        .set(Some(|vm, v, x| Ok(find(vm, vm.this(v)?, x)?.is_some())));
    s.iter.set(Some(iter));
    s.binary[BinOp::Or as usize].set(Some(or));
    s.binary[BinOp::And as usize].set(Some(and));
    s.binary[BinOp::Sub as usize].set(Some(sub));
    s.binary[BinOp::Xor as usize].set(Some(xor));
    vm.add_methods(t, COMMON_METHODS);
}

lasti_core::methods! { COMMON_METHODS =
    "copy" "copy($self, /)\n--\n\nReturn a shallow copy of a set." copy_method;
    "union" "union($self, /, *others)\n--\n\nReturn a new set with elements from the set and all others." union;
    "intersection" "intersection($self, /, *others)\n--\n\nReturn a new set with elements common to the set and all others." intersection;
    "difference" "difference($self, /, *others)\n--\n\nReturn a new set with elements in the set that are not in the others." difference;
    "symmetric_difference" "symmetric_difference($self, other, /)\n--\n\nReturn a new set with elements in either the set or other but not both." symmetric_difference;
    "isdisjoint" "isdisjoint($self, other, /)\n--\n\nReturn True if two sets have a null intersection." isdisjoint;
    "issubset" "issubset($self, other, /)\n--\n\nReport whether another set contains this set." issubset;
    "issuperset" "issuperset($self, other, /)\n--\n\nReport whether this set contains another set." issuperset;
    "__reduce__" "__reduce__($self, /)\n--\n\nReturn state information for pickling." reduce_method;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn copy_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "set.copy")?;
    let s = vm.this::<Set>(v)?;
    if s.class().is(&vm.types.frozenset) {
        Ok(v.clone())
    } else {
        Ok(copy(vm, s)?.into())
    }
}

fn union(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let out = copy(vm, vm.this(v)?)?;
    each(vm, a, "union", |o| update(vm, &out, o))?;
    Ok(out.into())
}

fn intersection(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let mut out = copy(vm, vm.this(v)?)?;
    each(vm, a, "intersection", |o| {
        out = common(vm, &out, o)?;
        Ok(())
    })?;
    Ok(out.into())
}

fn difference(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "difference")?;
    let s = vm.this::<Set>(v)?;
    let Some((first, rest)) = a.pos.split_first() else {
        return Ok(copy(vm, s)?.into());
    };
    let out = without(vm, s, first)?;
    for o in rest {
        difference_update(vm, &out, o)?;
    }
    Ok(out.into())
}

fn symmetric_difference(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [o] = a.exactly::<1>(vm, "set.symmetric_difference")?;
    Ok(exclusive(vm, vm.this(v)?, o)?.into())
}

fn issubset(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [o] = a.exactly::<1>(vm, "set.issubset")?;
    let o = as_set(vm, o)?;
    Ok(Value::bool(subset(vm, vm.this(v)?, &o)?))
}

fn issuperset(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [o] = a.exactly::<1>(vm, "set.issuperset")?;
    let o = as_set(vm, o)?;
    Ok(Value::bool(subset(vm, &o, vm.this(v)?)?))
}

fn reduce_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = vm.this::<Set>(v)?;
    vm.room_for::<(u64, Value, Value)>(s.len())?;
    let items = vm.new_list(s.to_vec());
    let state = vm.call_method(v, "__getstate__", &[])?;
    Ok(vm.tuple_value([vm.type_of(v).value(), vm.tuple_value([items]), state]))
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let n = vm.this::<Set>(v)?.len();
    Ok(vm.new_int((vm.types.set.layout().size + n * 32) as i64))
}

fn add_mutating(vm: &Vm, t: &Ref<Type>) {
    let s = &t.slots;
    s.inplace[BinOp::Or as usize].set(Some(|vm, a, b| in_place(vm, a, b, |s| update(vm, s, b))));
    s.inplace[BinOp::Sub as usize].set(Some(|vm, a, b| {
        in_place(vm, a, b, |s| difference_update(vm, s, b))
    }));
    s.inplace[BinOp::Xor as usize].set(Some(|vm, a, b| {
        in_place(vm, a, b, |s| symmetric_update(vm, s, b))
    }));
    s.inplace[BinOp::And as usize].set(Some(|vm, a, b| {
        in_place(vm, a, b, |s| intersection_update(vm, s, b))
    }));
    vm.add_methods(t, MUTATING_METHODS);
}

lasti_core::methods! { MUTATING_METHODS =
    "add" "add($self, object, /)\n--\n\nAdd an element to a set." add;
    "discard" "discard($self, object, /)\n--\n\nRemove an element from a set if it is a member." discard;
    "remove" "remove($self, object, /)\n--\n\nRemove an element from a set; it must be a member." remove_method;
    "pop" "pop($self, /)\n--\n\nRemove and return an arbitrary set element." pop;
    "clear" "clear($self, /)\n--\n\nRemove all elements from this set." clear;
    "update" "update($self, /, *others)\n--\n\nUpdate the set, adding elements from all others." update_method;
    "difference_update" "difference_update($self, /, *others)\n--\n\nUpdate the set, removing elements found in others." difference_update_method;
    "intersection_update" "intersection_update($self, /, *others)\n--\n\nUpdate the set, keeping only elements found in it and all others." intersection_update_method;
    "symmetric_difference_update" "symmetric_difference_update($self, other, /)\n--\n\nUpdate the set, keeping only elements found in either set, but not in both." symmetric_difference_update;
}

fn add(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set.add")?;
    vm.set_add(vm.this::<Set>(v)?, x.clone())?;
    Ok(Value::NONE)
}

fn discard(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set.discard")?;
    remove(vm, vm.this(v)?, x)?;
    Ok(Value::NONE)
}

fn remove_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set.remove")?;
    if remove(vm, vm.this(v)?, x)? {
        Ok(Value::NONE)
    } else {
        Err(vm.key_error(x))
    }
}

fn pop(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "set.pop")?;
    let s = vm.this::<Set>(v)?;
    match s.dict.previous_entry(usize::MAX) {
        Some((n, ..)) => Ok(s.dict.remove_at(n).0),
        None => Err(vm.key_error(&vm.str_value("pop from an empty set"))),
    }
}

fn clear(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "set.clear")?;
    vm.this::<Set>(v)?.dict.clear_entries();
    Ok(Value::NONE)
}

fn update_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s = vm.this(v)?;
    each(vm, a, "update", |o| update(vm, s, o))
}

fn difference_update_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s = vm.this(v)?;
    each(vm, a, "difference_update", |o| difference_update(vm, s, o))
}

fn intersection_update_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s: &Ref<Set> = vm.this(v)?;
    let mut out = copy(vm, s)?;
    each(vm, a, "intersection_update", |o| {
        out = common(vm, &out, o)?;
        Ok(())
    })?;
    vm.room(out.dict.footprint())?;
    s.dict.copy_from(&out.dict);
    Ok(Value::NONE)
}

fn symmetric_difference_update(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [o] = a.exactly::<1>(vm, "set.symmetric_difference_update")?;
    symmetric_update(vm, vm.this(v)?, o)?;
    Ok(Value::NONE)
}

fn each(
    vm: &Vm,
    args: Args,
    func: &str,
    mut f: impl FnMut(&Value) -> PyResult<()>,
) -> PyResult<Value> {
    args.no_kw(vm, func)?;
    for v in args.pos {
        f(v)?;
    }
    Ok(Value::NONE)
}

// ---- construction ----

fn init_set(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let s = vm.this::<Set>(v)?;
    let args = args.between(vm, "set", 0, 1)?;
    s.dict.clear_entries();
    match args.first() {
        Some(src) => update(vm, s, src),
        None => Ok(()),
    }
}

fn new_frozenset(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let exact = class.is(&vm.types.frozenset);
    let args = if exact { args } else { Args::pos(args.pos) };
    let args = args.between(vm, "frozenset", 0, 1)?;
    if let Some(v) = args.first()
        && exact
        && vm.type_of(v).is(&vm.types.frozenset)
    {
        return Ok(v.clone());
    }
    let s = vm.heap.alloc(class, Set::default());
    if let Some(src) = args.first() {
        update(vm, &s, src)?;
    }
    Ok(s.into())
}

/// A set with these elements, of the built-in class that `s` is or derives from.
fn like(vm: &Vm, s: &Ref<Set>, dict: Dict) -> Ref<Set> {
    let class = s.class();
    let class = if class.is(&vm.types.set) || !class.is_subtype(&vm.types.frozenset) {
        &vm.types.set
    } else {
        &vm.types.frozenset
    };
    let hash = Cell::new(0);
    vm.heap.alloc(class, Set { dict, hash })
}

fn copy(vm: &Vm, s: &Ref<Set>) -> PyResult<Ref<Set>> {
    vm.room(s.dict.footprint())?;
    let out = like(vm, s, Dict::default());
    out.dict.copy_from(&s.dict);
    Ok(out)
}

/// Makes sure that there is memory for a table of what both have, which grows to that.
fn room_for_both(vm: &Vm, a: &Dict, b: &Dict) -> PyResult<()> {
    vm.room((a.footprint() + b.footprint()) * 2)
}

/// The value as a set: itself, or a new one of its items.
fn as_set(vm: &Vm, v: &Value) -> PyResult<Ref<Set>> {
    if let Some(s) = v.as_ref::<Set>() {
        return Ok(s.clone());
    }
    let s = vm.new_set();
    update(vm, &s, v)?;
    Ok(s)
}

// ---- elements ----

/// The entry of an element. A set looks for its frozen equal.
fn find(vm: &Vm, s: &Set, key: &Value) -> PyResult<Option<usize>> {
    let hash = match key.downcast::<Set>() {
        Some(k) if vm.type_of(key).slots.hash.get().is_none() => frozen_hash(k),
        _ => vm.hash_key(key, "a set element")?,
    };
    find_hashed(vm, s, hash, key)
}

fn find_hashed(vm: &Vm, s: &Set, hash: u64, key: &Value) -> PyResult<Option<usize>> {
    vm.dict_find(&s.dict, &DictKey { hash, key })
}

fn add_hashed(vm: &Vm, s: &Set, hash: u64, key: Value) -> PyResult<()> {
    if find_hashed(vm, s, hash, &key)?.is_none() {
        vm.insert_new(&s.dict, hash, key, Value::NONE)?;
    }
    Ok(())
}

fn remove(vm: &Vm, s: &Set, key: &Value) -> PyResult<bool> {
    Ok(find(vm, s, key)?.map(|n| s.dict.remove_at(n)).is_some())
}

/// Elements with their hashes, when the value is a set or a plain dict: nothing has to be hashed again.
fn hashed(vm: &Vm, v: &Value) -> PyResult<Option<Vec<(u64, Value, Value)>>> {
    let Some(d) = table_of(vm, v) else {
        return Ok(None);
    };
    vm.room(d.footprint())?;
    Ok(Some(d.snapshot()))
}

/// The table of a set or a plain dict.
fn table_of<'a>(vm: &Vm, v: &'a Value) -> Option<&'a Dict> {
    match v.as_ref::<Set>() {
        Some(s) => Some(&s.dict),
        None => v
            .as_ref::<Dict>()
            .filter(|d| d.class().is(&vm.types.dict))
            .map(|d| &**d),
    }
}

/// `set.update` with one iterable.
pub(crate) fn update(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<()> {
    if let Some(d) = table_of(vm, other) {
        room_for_both(vm, &s.dict, d)?;
        if s.dict.absorb(d) {
            return Ok(());
        }
    }
    if let Some(items) = hashed(vm, other)? {
        for (hash, key, _) in items {
            add_hashed(vm, s, hash, key)?;
        }
        return Ok(());
    }
    vm.for_each(other, |x| {
        vm.set_add(s, x)?;
        Ok(true)
    })
}

pub(crate) fn difference_update(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<()> {
    if s.as_value().is(other) {
        s.dict.clear_entries();
        return Ok(());
    }
    if let Some(items) = hashed(vm, other)? {
        for (hash, key, _) in items {
            if let Some(n) = find_hashed(vm, s, hash, &key)? {
                drop(s.dict.remove_at(n));
            }
        }
        return Ok(());
    }
    vm.for_each(other, |x| {
        remove(vm, s, &x)?;
        Ok(true)
    })
}

pub(crate) fn symmetric_update(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<()> {
    if s.as_value().is(other) {
        s.dict.clear_entries();
        return Ok(());
    }
    let other = match hashed(vm, other)? {
        Some(items) => items,
        // Twins in an iterable count once.
        None => {
            let s = as_set(vm, other)?;
            vm.room(s.dict.footprint())?;
            s.dict.snapshot()
        }
    };
    for (hash, key, _) in other {
        match find_hashed(vm, s, hash, &key)? {
            Some(n) => drop(s.dict.remove_at(n)),
            None => vm.insert_new(&s.dict, hash, key, Value::NONE)?,
        }
    }
    Ok(())
}

/// The elements of `s` that are not in `other`, as a new set of its class.
fn without(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<Ref<Set>> {
    vm.room(s.dict.footprint() * 2)?;
    // Few are taken out of a copy, which keeps its index.
    if let Some(o) = other.downcast::<Set>()
        && o.len() > s.len() / 8
        && let Some(dict) = s.dict.select(&o.dict, false)
    {
        return Ok(like(vm, s, dict));
    }
    let out = copy(vm, s)?;
    difference_update(vm, &out, other)?;
    Ok(out)
}

/// The elements that only one of them has.
fn exclusive(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<Ref<Set>> {
    if let Some(o) = other.downcast::<Set>() {
        room_for_both(vm, &s.dict, &o.dict)?;
        if let Some(dict) = s.dict.either(&o.dict) {
            return Ok(like(vm, s, dict));
        }
    }
    let out = copy(vm, s)?;
    symmetric_update(vm, &out, other)?;
    Ok(out)
}

/// The elements of `s` that are in `other`, as a new set of its class.
fn common(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<Ref<Set>> {
    if let Some(o) = other.as_ref::<Set>() {
        let (small, large) = if o.len() > s.len() { (s, o) } else { (o, s) };
        vm.room(small.dict.footprint() * 2)?;
        if let Some(dict) = small.dict.select(&large.dict, true) {
            return Ok(like(vm, s, dict));
        }
        let out = like(vm, s, Dict::default());
        for (hash, key, _) in small.dict.snapshot() {
            // They differ from each other already.
            if find_hashed(vm, large, hash, &key)?.is_some() {
                vm.insert_new(&out.dict, hash, key, Value::NONE)?;
            }
        }
        return Ok(out);
    }
    let out = like(vm, s, Dict::default());
    vm.for_each(other, |x| {
        let hash = vm.hash_key(&x, "a set element")?;
        if find_hashed(vm, s, hash, &x)?.is_some() {
            add_hashed(vm, &out, hash, x)?;
        }
        Ok(true)
    })?;
    Ok(out)
}

fn intersection_update(vm: &Vm, s: &Ref<Set>, other: &Value) -> PyResult<()> {
    let out = common(vm, s, other)?;
    vm.room(out.dict.footprint())?;
    s.dict.copy_from(&out.dict);
    Ok(())
}

fn subset(vm: &Vm, a: &Set, b: &Set) -> PyResult<bool> {
    if a.len() > b.len() {
        return Ok(false);
    }
    if let Some(within) = a.dict.within(&b.dict) {
        return Ok(within);
    }
    vm.room(a.dict.footprint())?;
    for (hash, key, _) in a.dict.snapshot() {
        if find_hashed(vm, b, hash, &key)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn isdisjoint(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [other] = args.exactly::<1>(vm, "set.isdisjoint")?;
    let s = vm.this::<Set>(v)?;
    if let Some(o) = other.as_ref::<Set>() {
        return Ok(Value::bool(common(vm, s, o.as_value())?.is_empty()));
    }
    let mut disjoint = true;
    vm.for_each(other, |x| {
        disjoint = find(vm, s, &x)?.is_none();
        Ok(disjoint)
    })?;
    Ok(Value::bool(disjoint))
}

// ---- slots ----

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let s = vm.this::<Set>(v)?;
    let name = vm.type_name(v);
    if s.is_empty() {
        return Ok(vm.str_value(&format!("{name}()")));
    }
    seq::guarded_repr(vm, v, &format!("{name}(...)"), || {
        let plain = s.class().is(&vm.types.set);
        let mut out = if plain {
            Vec::new()
        } else {
            format!("{name}(").into_bytes()
        };
        out.push(b'{');
        vm.room_for::<(u64, Value, Value)>(s.len())?;
        for (i, x) in s.to_vec().iter().enumerate() {
            if i > 0 {
                vm.extend(&mut out, b", ")?;
            }
            seq::push_repr(vm, &mut out, x)?;
        }
        out.push(b'}');
        if !plain {
            out.push(b')');
        }
        Ok(vm.try_new_wtf8(&out)?.into())
    })
}

/// Combines the elements' hashes without regard to order, spreading each so that sets of neighbours differ.
fn frozen_hash(s: &Set) -> u64 {
    let spread = |h: u64| ((h ^ 89869747) ^ (h << 16)).wrapping_mul(3644798167);
    let mut h = 0;
    let mut from = 0;
    while let Some((n, ..)) = s.dict.next_entry(from) {
        h ^= spread(s.dict.entry_hash(n));
        from = n + 1;
    }
    h ^= (s.len() as u64 + 1).wrapping_mul(1927868237);
    h ^= (h >> 11) ^ (h >> 25);
    h = h.wrapping_mul(69069).wrapping_add(907133923);
    if h == u64::MAX { 590923713 } else { h }
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Set>(), b.downcast::<Set>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (nx, ny) = (x.len(), y.len());
    let r = match op {
        CmpOp::Eq => nx == ny && subset(vm, x, y)?,
        CmpOp::Ne => nx != ny || !subset(vm, x, y)?,
        CmpOp::Lt => nx < ny && subset(vm, x, y)?,
        CmpOp::Le => subset(vm, x, y)?,
        CmpOp::Gt => nx > ny && subset(vm, y, x)?,
        CmpOp::Ge => subset(vm, y, x)?,
    };
    Ok(Value::bool(r))
}

fn both<'a>(a: &'a Value, b: &'a Value) -> Option<&'a Ref<Set>> {
    b.downcast::<Set>()?;
    a.as_ref::<Set>()
}

fn or(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(s) = both(a, b) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if let Some(o) = b.downcast::<Set>() {
        room_for_both(vm, &s.dict, &o.dict)?;
        if let Some(dict) = s.dict.joined(&o.dict) {
            return Ok(like(vm, s, dict).into());
        }
    }
    let out = copy(vm, s)?;
    update(vm, &out, b)?;
    Ok(out.into())
}

fn and(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(s) = both(a, b) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(common(vm, s, b)?.into())
}

fn sub(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(s) = both(a, b) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(without(vm, s, b)?.into())
}

fn xor(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let Some(s) = both(a, b) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(exclusive(vm, s, b)?.into())
}

fn in_place(
    vm: &Vm,
    a: &Value,
    b: &Value,
    f: impl Fn(&Ref<Set>) -> PyResult<()>,
) -> PyResult<Value> {
    if b.downcast::<Set>().is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    f(vm.this(a)?)?;
    Ok(a.clone())
}

fn iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    let set = vm.this::<Set>(v)?.clone();
    let size = set.len();
    let it = SetIter {
        set,
        index: Cell::new(0),
        size,
        remaining: Cell::new(size),
    };
    Ok(vm.heap.alloc(&vm.types.set_iterator, it).into())
}

/// `index` of an iterator at its end.
const ENDED: usize = usize::MAX;

fn next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it: &SetIter = vm.this::<SetIter>(v)?;
    if it.index.get() == ENDED {
        return Ok(None);
    }
    if it.set.len() != it.size || it.remaining.get() == ENDED {
        it.remaining.set(ENDED);
        return Err(vm.runtime_error("Set changed size during iteration"));
    }
    match it.set.dict.next_entry(it.index.get()) {
        Some((n, key, _)) => {
            it.index.set(n + 1);
            it.remaining.set(it.remaining.get().saturating_sub(1));
            Ok(Some(key))
        }
        None => {
            it.index.set(ENDED);
            Ok(None)
        }
    }
}
