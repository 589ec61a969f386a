//! `dict.keys()`, `values()` and `items()`: the views, their set operations, and the iterators of all three.
use super::{seq, set};
use lasti_core::memory::{Ref, RefSlot, Value};
use lasti_core::objects::*;
use lasti_core::self_iter;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

/// Classes of the reversed iterators that have no place in `Types`.
struct ReverseTypes {
    values: Ref<Type>,
    items: Ref<Type>,
}

fn reverse_types(vm: &Vm) -> std::rc::Rc<ReverseTypes> {
    vm.module_state(|| {
        let new = |name| {
            let t = vm.new_native_type::<DictIter>(name, &vm.types.object, TypeFlags::NO_NEW);
            add_iterator(vm, &t);
            vm.ready_type(&t);
            t
        };
        ReverseTypes {
            values: new("dict_reversevalueiterator"),
            items: new("dict_reverseitemiterator"),
        }
    })
}

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types;
    for view in [&t.dict_keys, &t.dict_values, &t.dict_items] {
        let s = &view.slots;
        s.repr.set(Some(repr));
        s.len
            .set(Some(|vm, v| Ok(vm.this::<DictView>(v)?.dict.len())));
        s.iter.set(Some(|vm, v| {
            let view = vm.this::<DictView>(v)?;
            Ok(new_iter(vm, &view.dict, view.part, false))
        }));
        vm.add_methods(view, METHODS);
        vm.getset(
            view,
            "mapping",
            |vm, v| {
                let mapping = vm.this::<DictView>(v)?.dict.value();
                Ok(vm
                    .heap
                    .alloc(&vm.types.mappingproxy, MappingProxy { mapping })
                    .into())
            },
            None,
        );
    }
    for view in [&t.dict_keys, &t.dict_items] {
        let s = &view.slots;
        s.contains.set(Some(contains));
        s.richcmp.set(Some(richcmp));
        s.binary[BinOp::And as usize].set(Some(and));
        s.binary[BinOp::Or as usize].set(Some(or));
        s.binary[BinOp::Sub as usize].set(Some(sub));
        s.binary[BinOp::Xor as usize].set(Some(xor));
        vm.add_methods(view, VIEW_METHODS);
    }
    for it in [
        &t.dict_keyiterator,
        &t.dict_valueiterator,
        &t.dict_itemiterator,
        &t.dict_reversekeyiterator,
    ] {
        add_iterator(vm, it);
    }
}

lasti_core::methods! { METHODS =
    "__reversed__" "__reversed__($self, /)\n--\n\n" reversed;
}

fn reversed(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "__reversed__")?;
    let view = vm.this::<DictView>(v)?;
    Ok(new_iter(vm, &view.dict, view.part, true))
}

lasti_core::methods! { VIEW_METHODS =
    "isdisjoint" "(other, /)\n--\n\nReturn True if the view and the given iterable have a null intersection." isdisjoint;
}

pub(crate) fn new_view(vm: &Vm, dict: &Ref<Dict>, part: DictPart) -> Value {
    let class = match part {
        DictPart::Keys => &vm.types.dict_keys,
        DictPart::Values => &vm.types.dict_values,
        DictPart::Items => &vm.types.dict_items,
    };
    vm.heap
        .alloc(
            class,
            DictView {
                dict: dict.clone(),
                part,
            },
        )
        .into()
}

fn part_of(vm: &Vm, part: DictPart, key: Value, value: Value) -> Value {
    match part {
        DictPart::Keys => key,
        DictPart::Values => value,
        DictPart::Items => vm.tuple_value([key, value]),
    }
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let view = vm.this::<DictView>(v)?;
    seq::guarded_repr(vm, v, "...", || {
        let mut out = vm.type_name(v).into_bytes();
        out.extend_from_slice(b"([");
        let mut from = 0;
        let mut first = true;
        while let Some((n, key, value)) = view.dict.next_entry(from) {
            if !std::mem::take(&mut first) {
                vm.extend(&mut out, b", ")?;
            }
            seq::push_repr(vm, &mut out, &part_of(vm, view.part, key, value))?;
            from = n + 1;
        }
        out.extend_from_slice(b"])");
        Ok(vm.try_new_wtf8(&out)?.into())
    })
}

fn contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    let view = vm.this::<DictView>(v)?;
    if view.part == DictPart::Keys {
        return Ok(vm.dict_lookup(&view.dict, item)?.is_some());
    }
    let Some(pair) = item.downcast::<Tuple>() else {
        return Ok(false);
    };
    let [key, value] = &pair[..] else {
        return Ok(false);
    };
    match vm.dict_lookup(&view.dict, key)? {
        Some(found) => vm.same(&found, value),
        None => Ok(false),
    }
}

// ---- set operations ----

fn is_set_like(v: &Value) -> bool {
    v.downcast::<Set>().is_some()
        || v.downcast::<DictView>()
            .is_some_and(|w| w.part != DictPart::Values)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    if !is_set_like(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (na, nb) = (vm.len(a)?, vm.len(b)?);
    let r = match op {
        CmpOp::Eq => na == nb && contained(vm, a, b)?,
        CmpOp::Ne => na != nb || !contained(vm, a, b)?,
        CmpOp::Lt => na < nb && contained(vm, a, b)?,
        CmpOp::Le => na <= nb && contained(vm, a, b)?,
        CmpOp::Gt => na > nb && contained(vm, b, a)?,
        CmpOp::Ge => na >= nb && contained(vm, b, a)?,
    };
    Ok(Value::bool(r))
}

/// Whether all items of `a` are in `b`.
fn contained(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
    let mut all = true;
    vm.for_each(a, |x| {
        all = vm.contains(b, &x)?;
        Ok(all)
    })?;
    Ok(all)
}

fn to_set(vm: &Vm, v: &Value) -> PyResult<Ref<Set>> {
    let s = vm.new_set();
    set::update(vm, &s, v)?;
    Ok(s)
}

fn and(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (view, other) = if a.downcast::<DictView>().is_some() {
        (a, b)
    } else {
        (b, a)
    };
    let out = vm.new_set();
    vm.for_each(other, |x| {
        if vm.contains(view, &x)? {
            vm.set_add(&out, x)?;
        }
        Ok(true)
    })?;
    Ok(out.into())
}

fn or(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let out = to_set(vm, a)?;
    set::update(vm, &out, b)?;
    Ok(out.into())
}

fn sub(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let out = to_set(vm, a)?;
    set::difference_update(vm, &out, b)?;
    Ok(out.into())
}

fn xor(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let out = to_set(vm, a)?;
    set::symmetric_update(vm, &out, b)?;
    Ok(out.into())
}

fn isdisjoint(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [other] = args.exactly::<1>(vm, "isdisjoint")?;
    let mut disjoint = true;
    vm.for_each(other, |x| {
        disjoint = !vm.contains(v, &x)?;
        Ok(disjoint)
    })?;
    Ok(Value::bool(disjoint))
}

// ---- iterators ----

fn add_iterator(vm: &Vm, t: &Ref<Type>) {
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(next));
    vm.add_methods(t, ITERATOR_METHODS);
}

lasti_core::methods! { ITERATOR_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<DictIter>(v)?;
    let same = it.dict.get().is_some_and(|d| d.len() == it.size);
    Ok(vm.new_int(if same { it.left.get() as i64 } else { 0 }))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let mut items = Vec::new();
    // Walks a copy: pickling an iterator does not move it.
    let it = vm.this::<DictIter>(v)?;
    let copy = copy_iter(it);
    while let Some(x) = step(vm, &copy)? {
        vm.push(&mut items, x)?;
    }
    let iter = vm.dict_get(&vm.builtins, "iter").unwrap_or(Value::NONE);
    Ok(vm.tuple_value([iter, vm.tuple_value([vm.new_list(items)])]))
}

fn copy_iter(it: &DictIter) -> DictIter {
    DictIter {
        dict: RefSlot::new(it.dict.get()),
        part: it.part,
        index: it.index.clone(),
        size: it.size,
        left: it.left.clone(),
        reverse: it.reverse,
    }
}

pub(crate) fn new_iter(vm: &Vm, dict: &Ref<Dict>, part: DictPart, reverse: bool) -> Value {
    let size = dict.len();
    let it = DictIter {
        dict: RefSlot::new(Some(dict.clone())),
        part,
        index: Cell::new(if reverse { usize::MAX } else { 0 }),
        size,
        left: Cell::new(size),
        reverse,
    };
    let types = &vm.types;
    let class = match (part, reverse) {
        (DictPart::Keys, false) => &types.dict_keyiterator,
        (DictPart::Values, false) => &types.dict_valueiterator,
        (DictPart::Items, false) => &types.dict_itemiterator,
        (DictPart::Keys, true) => &types.dict_reversekeyiterator,
        (DictPart::Values, true) => return vm.heap.alloc(&reverse_types(vm).values, it).into(),
        (DictPart::Items, true) => return vm.heap.alloc(&reverse_types(vm).items, it).into(),
    };
    vm.heap.alloc(class, it).into()
}

fn next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    step(vm, vm.this::<DictIter>(v)?)
}

/// `left` of an iterator that has seen its dict change size: it goes on raising.
const BROKEN: usize = usize::MAX;

fn step(vm: &Vm, it: &DictIter) -> PyResult<Option<Value>> {
    let Some(d) = it.dict.get() else {
        return Ok(None);
    };
    if d.len() != it.size || it.left.get() == BROKEN {
        it.left.set(BROKEN);
        return Err(vm.runtime_error("dictionary changed size during iteration"));
    }
    let entry = if it.reverse {
        d.previous_entry(it.index.get())
    } else {
        d.next_entry(it.index.get())
    };
    let Some((n, key, value)) = entry else {
        it.dict.set(None);
        // Entries moved together while keys were exchanged.
        if it.left.get() > 0 && !it.reverse {
            return Err(vm.runtime_error("dictionary keys changed during iteration"));
        }
        return Ok(None);
    };
    if it.left.get() == 0 {
        return Err(vm.runtime_error("dictionary keys changed during iteration"));
    }
    it.left.set(it.left.get() - 1);
    it.index.set(if it.reverse { n } else { n + 1 });
    Ok(Some(part_of(vm, it.part, key, value)))
}
