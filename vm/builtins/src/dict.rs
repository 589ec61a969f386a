//! `dict`: slots and methods, and `types.MappingProxyType` (CPython's Objects/dictobject.c). Views and iterators stand
//! in `dict_views`.
use super::dict_views;
use super::seq;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.dict;
    let s = &t.slots;
    s.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Dict::default()).into())
    }));
    s.init
        .set(Some(|vm, v, args| merge(vm, vm.this(v)?, "dict", args)));
    s.repr.set(Some(repr));
    s.richcmp.set(Some(richcmp));
    s.len.set(Some(|vm, v| Ok(vm.this::<Dict>(v)?.len())));
    s.getitem.set(Some(getitem));
    s.setitem.set(Some(setitem));
    s.contains.set(Some(contains));
    s.iter.set(Some(|vm, v| {
        Ok(dict_views::new_iter(vm, vm.this(v)?, DictPart::Keys, false))
    }));
    s.binary[BinOp::Or as usize].set(Some(or));
    s.inplace[BinOp::Or as usize].set(Some(|vm, a, b| {
        vm.dict_update(vm.this(a)?, b)?;
        Ok(a.clone())
    }));
    add_methods(vm, t);
    dict_views::init(vm);
    super::mappingproxy::init(vm);
}

fn add_methods(vm: &Vm, t: &Ref<Type>) {
    vm.type_attr(t, "__doc__", vm.str_value("dict() -> new empty dictionary\ndict(mapping) -> new dictionary initialized from a mapping object's\n    (key, value) pairs\ndict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in iterable:\n        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n    in the keyword argument list.  For example:  dict(one=1, two=2)"));
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "get" "get($self, key, default=None, /)\n--\n\nReturn the value for key if key is in the dictionary, else default." get;
    "setdefault" "setdefault($self, key, default=None, /)\n--\n\nInsert key with a value of default if key is not in the dictionary." setdefault;
    "pop" "pop($self, key, default=<unrepresentable>, /)\n--\n\nD.pop(k[,d]) -> v, remove specified key and return the corresponding value." pop;
    "popitem" "popitem($self, /)\n--\n\nRemove and return a (key, value) pair as a 2-tuple." popitem;
    "update" "(iterable=(), /, **kwds)\n--\n\nD.update([E, ]**F) -> None.  Update D from mapping/iterable E and F." update;
    "clear" "clear($self, /)\n--\n\nRemove all items from the dict." clear;
    "copy" "copy($self, /)\n--\n\nReturn a shallow copy of the dict." copy_method;
    "keys" "keys($self, /)\n--\n\nReturn a set-like object providing a view on the dict's keys." keys;
    "values" "values($self, /)\n--\n\nReturn an object providing a view on the dict's values." values;
    "items" "items($self, /)\n--\n\nReturn a set-like object providing a view on the dict's items." items;
    "__reversed__" "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the dict keys." reversed;
    "__sizeof__" "__sizeof__($self, /)\n--\n\nReturn the size of the dict in memory." sizeof;
    class "fromkeys" "fromkeys($type, iterable, value=None, /)\n--\n\nCreate a new dictionary with keys from iterable and values set to value." fromkeys;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn update(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    merge(vm, vm.this(v)?, "update", a)?;
    Ok(Value::NONE)
}

fn clear(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.clear")?;
    vm.this::<Dict>(v)?.clear_entries();
    Ok(Value::NONE)
}

fn copy_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.copy")?;
    Ok(copy(vm, vm.this(v)?)?.into())
}

fn keys(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.keys")?;
    Ok(dict_views::new_view(vm, vm.this(v)?, DictPart::Keys))
}

fn values(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.values")?;
    Ok(dict_views::new_view(vm, vm.this(v)?, DictPart::Values))
}

fn items(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.items")?;
    Ok(dict_views::new_view(vm, vm.this(v)?, DictPart::Items))
}

fn reversed(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "dict.__reversed__")?;
    Ok(dict_views::new_iter(vm, vm.this(v)?, DictPart::Keys, true))
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let n = vm.this::<Dict>(v)?.len();
    Ok(vm.new_int((vm.types.dict.layout().size + n * 32) as i64))
}

/// `dict(...)` and `dict.update(...)`.
fn merge(vm: &Vm, d: &Ref<Dict>, func: &str, args: Args) -> PyResult<()> {
    let pos = Args::pos(args.pos).between(vm, func, 0, 1)?;
    if let Some(src) = pos.first() {
        vm.dict_update(d, src)?;
    }
    for (k, v) in args.names.iter().zip(args.kw) {
        vm.dict_insert(d, k.clone(), v.clone())?;
    }
    Ok(())
}

/// A plain dict with the same entries.
pub(crate) fn copy(vm: &Vm, d: &Dict) -> PyResult<Ref<Dict>> {
    vm.room(d.footprint())?;
    let c = vm.new_dict();
    c.copy_from(d);
    Ok(c)
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let d = vm.this::<Dict>(v)?;
    if d.is_empty() {
        return Ok(vm.str_value("{}"));
    }
    seq::guarded_repr(vm, v, "{...}", || {
        let mut out = vec![b'{'];
        let mut from = 0;
        while let Some((n, key, value)) = d.next_entry(from) {
            if out.len() > 1 {
                vm.extend(&mut out, b", ")?;
            }
            seq::push_repr(vm, &mut out, &key)?;
            vm.extend(&mut out, b": ")?;
            seq::push_repr(vm, &mut out, &value)?;
            from = n + 1;
        }
        out.push(b'}');
        Ok(vm.try_new_wtf8(&out)?.into())
    })
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    match op {
        CmpOp::Eq => Ok(Value::bool(equal(vm, x, y)?)),
        CmpOp::Ne => Ok(Value::bool(!equal(vm, x, y)?)),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn equal(vm: &Vm, a: &Dict, b: &Dict) -> PyResult<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    vm.room(a.footprint())?;
    for (hash, key, value) in a.snapshot() {
        let Some(n) = vm.dict_find(b, &DictKey { hash, key: &key })? else {
            return Ok(false);
        };
        if !vm.same(&value, &b.value_at(n))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let d = vm.this::<Dict>(v)?;
    if let Some(found) = vm.dict_lookup(d, key)? {
        return Ok(found);
    }
    if !d.class().is(&vm.types.dict)
        && let Some(found) = vm.call_special(v, &vm.names.missing, std::slice::from_ref(key))?
    {
        return Ok(found);
    }
    Err(vm.key_error(key))
}

fn setitem(vm: &Vm, v: &Value, key: &Value, value: Option<&Value>) -> PyResult<()> {
    let d = vm.this::<Dict>(v)?;
    match value {
        Some(value) => vm.dict_insert(d, key.clone(), value.clone()),
        None => match vm.dict_remove(d, key)? {
            Some(_) => Ok(()),
            None => Err(vm.key_error(key)),
        },
    }
}

fn contains(vm: &Vm, v: &Value, key: &Value) -> PyResult<bool> {
    Ok(vm.dict_lookup(vm.this::<Dict>(v)?, key)?.is_some())
}

fn or(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), true) = (a.downcast::<Dict>(), b.downcast::<Dict>().is_some()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let c = copy(vm, x)?;
    vm.dict_update(&c, b)?;
    Ok(c.into())
}

fn get(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "get", 1, 2)?;
    let found = vm.dict_lookup(vm.this::<Dict>(v)?, &args[0])?;
    Ok(found.unwrap_or_else(|| args.get(1).cloned().unwrap_or(Value::NONE)))
}

fn setdefault(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "setdefault", 1, 2)?;
    let d = vm.this::<Dict>(v)?;
    let key = &args[0];
    let hash = vm.hash_key(key, "a dict key")?;
    if let Some(n) = vm.dict_find(d, &DictKey { hash, key })? {
        return Ok(d.value_at(n));
    }
    let default = args.get(1).cloned().unwrap_or(Value::NONE);
    vm.insert_new(d, hash, key.clone(), default.clone())?;
    Ok(default)
}

fn pop(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "pop", 1, 2)?;
    let d = vm.this::<Dict>(v)?;
    let found = if d.is_empty() {
        None
    } else {
        vm.dict_remove(d, &args[0])?
    };
    match (found, args.get(1)) {
        (Some(v), _) => Ok(v),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(vm.key_error(&args[0])),
    }
}

fn popitem(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    args.exactly::<0>(vm, "dict.popitem")?;
    let d = vm.this::<Dict>(v)?;
    match d.pop_last() {
        Some((key, value)) => Ok(vm.tuple_value([key, value])),
        None => Err(vm.key_error(&vm.str_value("popitem(): dictionary is empty"))),
    }
}

fn fromkeys(vm: &Vm, class: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "fromkeys", 1, 2)?;
    let value = args.get(1).cloned().unwrap_or(Value::NONE);
    let made = vm.call(class, &[])?;
    let plain = made
        .as_ref::<Dict>()
        .filter(|d| d.class().is(&vm.types.dict));
    vm.for_each(&args[0], |key| {
        match plain {
            Some(d) => vm.dict_insert(d, key, value.clone())?,
            None => vm.setitem(&made, &key, &value)?,
        }
        Ok(true)
    })?;
    Ok(made)
}
