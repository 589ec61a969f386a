//! `types.MappingProxyType`: a read-only face of a mapping (CPython's Objects/descrobject.c).
use super::seq;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.mappingproxy;
    let s = &t.slots;
    s.new.set(Some(new));
    s.repr.set(Some(|vm, v| {
        let mut out = b"mappingproxy(".to_vec();
        seq::push_repr(vm, &mut out, inner(vm, v)?)?;
        out.push(b')');
        Ok(vm.try_new_wtf8(&out)?.into())
    }));
    s.str
        .set(Some(|vm, v| Ok(vm.str_of(inner(vm, v)?)?.into())));
    s.hash.set(Some(|vm, v| vm.hash(inner(vm, v)?)));
    s.richcmp.set(Some(|vm, a, b, op| {
        vm.compare(inner(vm, a)?, unwrap(b), op)
    }));
    s.len.set(Some(|vm, v| vm.len(inner(vm, v)?)));
    s.getitem.set(Some(|vm, v, k| vm.getitem(inner(vm, v)?, k)));
    s.contains
        .set(Some(|vm, v, k| vm.contains(inner(vm, v)?, k)));
    s.iter.set(Some(|vm, v| vm.iter(inner(vm, v)?)));
    s.binary[BinOp::Or as usize].set(Some(|vm, a, b| vm.binary(unwrap(a), unwrap(b), BinOp::Or)));
    s.inplace[BinOp::Or as usize].set(Some(|vm, a, _| {
        let t = vm.type_name(a);
        Err(vm.type_error(format!("'|=' is not supported by {t}; use '|' instead")))
    }));
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "get" "get($self, key, default=None, /)\n--\n\nReturn the value for key if key is in the mapping, else default." get;
    "keys" "keys($self, /)\n--\n\na set-like object providing a view on D's keys" |vm, v, a| forward(vm, v, a, "keys");
    "values" "values($self, /)\n--\n\nan object providing a view on D's values" |vm, v, a| forward(vm, v, a, "values");
    "items" "items($self, /)\n--\n\na set-like object providing a view on D's items" |vm, v, a| forward(vm, v, a, "items");
    "copy" "copy($self, /)\n--\n\na shallow copy of D" |vm, v, a| forward(vm, v, a, "copy");
    "__reversed__" "__reversed__($self, /)\n--\n\n" |vm, v, a| forward(vm, v, a, "__reversed__");
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn get(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "get", 1, 2)?;
    let default = a.get(1).cloned().unwrap_or(Value::NONE);
    vm.call_method(inner(vm, v)?, "get", &[a[0].clone(), default])
}

fn forward(vm: &Vm, v: &Value, args: Args, name: &str) -> PyResult<Value> {
    args.exactly::<0>(vm, name)?;
    vm.call_method(inner(vm, v)?, name, &[])
}

fn inner<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Value> {
    let p: &MappingProxy = vm.this::<MappingProxy>(v)?;
    Ok(&p.mapping)
}

fn unwrap(v: &Value) -> &Value {
    v.downcast::<MappingProxy>().map_or(v, |p| &p.mapping)
}

fn new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let [mapping] = args.bind(vm, "mappingproxy", ["mapping"], 1)?;
    let mapping = mapping.cloned().unwrap_or(Value::NONE);
    let sequence = mapping.downcast::<List>().is_some() || mapping.downcast::<Tuple>().is_some();
    if sequence || vm.type_of(&mapping).slots.getitem.get().is_none() {
        let t = vm.type_name(&mapping);
        return Err(vm.type_error(format!(
            "mappingproxy() argument must be a mapping, not {t}"
        )));
    }
    Ok(vm.heap.alloc(class, MappingProxy { mapping }).into())
}
