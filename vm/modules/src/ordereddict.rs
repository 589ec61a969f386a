//! `collections.OrderedDict` over the ordered dict of the core.
use crate::util::*;

fn ordereddict_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::MAPPING | TypeFlags::DICT;
    let t = vm.new_native_type::<Dict>("collections.OrderedDict", &vm.types.dict, flags);
    crate::functools::dict_attr(vm, &t);
    t.slots.repr.set(Some(|vm, v| {
        let name = vm.type_name(v);
        let d = vm.this::<Dict>(v)?;
        if d.is_empty() {
            return Ok(vm.str_value(&format!("{name}()")));
        }
        if !vm.repr_enter(v) {
            return Ok(vm.str_value("..."));
        }
        let plain = vm.new_dict();
        let r = d
            .items()
            .into_iter()
            .try_for_each(|(k, x)| vm.dict_insert(&plain, k, x))
            .and_then(|()| vm.repr(plain.as_value()));
        vm.repr_leave(v);
        vm.concat(&[name.as_bytes(), b"(", r?.as_bytes(), b")"])
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let Some(plain) = vm.types.dict.slots.richcmp.get() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = plain(vm, a, b, CmpOp::Eq)?;
        if same.is_not_implemented() || !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let mut same = vm.is_true(&same)?;
        if same && is_ordered(vm, a) && is_ordered(vm, b) {
            let (x, y) = (vm.this::<Dict>(a)?.keys(), vm.this::<Dict>(b)?.keys());
            for (p, q) in x.iter().zip(&y) {
                if !vm.same(p, q)? {
                    same = false;
                    break;
                }
            }
        }
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }));
    t.slots.binary[BinOp::Or as usize].set(Some(|vm, a, b| {
        if a.downcast::<Dict>().is_none() || b.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let class = if is_ordered(vm, a) {
            vm.type_of(a).value()
        } else {
            vm.type_of(b).value()
        };
        let new = vm.call(&class, std::slice::from_ref(a))?;
        vm.call_method(&new, "update", std::slice::from_ref(b))?;
        Ok(new)
    }));
    t.slots.inplace[BinOp::Or as usize].set(Some(|vm, a, b| {
        vm.call_method(a, "update", std::slice::from_ref(b))?;
        Ok(a.clone())
    }));
    vm.add_methods(&t, ORDEREDDICT_TYPE_METHODS);
    t
}

lasti_core::methods! { ORDEREDDICT_TYPE_METHODS =
    "move_to_end" "move_to_end($self, /, key, last=True)\n--\n\n" move_to_end;
    "popitem" "popitem($self, /, last=True)\n--\n\n" popitem;
    "copy" "copy($self, /)\n--\n\n" copy;
    "__copy__" "__copy__($self, /)\n--\n\n" copy;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn move_to_end(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [Some(key), last] = a.bind(vm, "move_to_end", ["key", "last"], 1)? else {
        return Ok(Value::NONE);
    };
    let d = vm.this::<Dict>(v)?;
    let last = last.map_or(Ok(true), |l| vm.is_true(l))?;
    let Some(x) = vm.dict_lookup(d, key)? else {
        return Err(vm.key_error(key));
    };
    // The key that is there stays, not the equal one given.
    let items = d.items();
    let mut own = key.clone();
    for (k, _) in if last {
        &items[items.len() - 1..]
    } else {
        &items[..1]
    } {
        if vm.same(k, key)? {
            return Ok(Value::NONE);
        }
    }
    for (k, _) in &items {
        if vm.same(k, key)? {
            own = k.clone();
            break;
        }
    }
    if last {
        vm.dict_remove(d, key)?;
        vm.dict_insert(d, own, x)?;
        return Ok(Value::NONE);
    }
    d.clear_entries();
    vm.dict_insert(d, own.clone(), x)?;
    for (k, x) in items {
        if !k.is(&own) {
            vm.dict_insert(d, k, x)?;
        }
    }
    Ok(Value::NONE)
}

fn popitem(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [last] = a.bind(vm, "popitem", ["last"], 0)?;
    let d = vm.this::<Dict>(v)?;
    let last = last.map_or(Ok(true), |l| vm.is_true(l))?;
    let entry = if last {
        d.previous_entry(usize::MAX)
    } else {
        d.next_entry(0)
    };
    let Some((_, k, x)) = entry else {
        return Err(vm.new_exception(&vm.exc.key_error, "dictionary is empty"));
    };
    vm.dict_remove(d, &k)?;
    Ok(vm.tuple_value([k, x]))
}

fn copy(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "copy")?;
    vm.call(vm.type_of(v).as_value(), std::slice::from_ref(v))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let items = vm.call_method(v, "items", &[])?;
    let dict = vm
        .dict_of(v)
        .filter(|d| !d.is_empty())
        .map_or(Value::NONE, Value::from);
    let it = vm.iter(&items)?;
    Ok(vm.tuple_value([
        vm.type_of(v).value(),
        vm.new_tuple([]).into(),
        dict,
        Value::NONE,
        it,
    ]))
}

struct OrderedType(Ref<Type>);

/// The type, made once.
pub(crate) fn the_type(vm: &Vm) -> Ref<Type> {
    vm.module_state(|| {
        let t = ordereddict_type(vm);
        vm.ready_type(&t);
        OrderedType(t)
    })
    .0
    .clone()
}

fn is_ordered(vm: &Vm, v: &Value) -> bool {
    vm.is_instance(v, &the_type(vm))
}
