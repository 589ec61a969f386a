//! `object`: construction, representation, comparison by identity, pickling support, `__class__` and `__dict__`.
use lasti_core::memory::{Kind, Value};
use lasti_core::model::new::{object_init, object_new};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.object;
    t.slots.new.set(Some(object_new));
    t.slots.init.set(Some(object_init));
    t.slots.repr.set(Some(|vm, v| Ok(vm.default_repr(v))));
    t.slots.str.set(Some(|vm, v| vm.repr(v).map(Value::from)));
    t.slots.hash.set(Some(|_, v| Ok(identity_hash(v))));
    t.slots.richcmp.set(Some(object_richcmp));
    t.slots
        .getattr
        .set(Some(lasti_core::model::attr::object_getattr));
    t.slots
        .setattr
        .set(Some(lasti_core::model::attr::object_setattr));
    vm.getset(
        t,
        "__class__",
        |vm, v| Ok(vm.type_of(v).value()),
        Some(set_class),
    );
    vm.add_methods(t, METHODS);

    let none = &vm.types.none;
    none.slots.repr.set(Some(|vm, _| Ok(vm.str_value("None"))));
    none.slots.bool_.set(Some(|_, _| Ok(false)));
    none.slots
        .new
        .set(Some(|vm, _, a| single(vm, a, "NoneType", Value::NONE)));
    vm.types
        .ellipsis
        .slots
        .repr
        .set(Some(|vm, _| Ok(vm.str_value("Ellipsis"))));
    vm.types.ellipsis.slots.new.set(Some(|vm, _, a| {
        single(vm, a, "EllipsisType", Value::ELLIPSIS)
    }));
    vm.add_methods(&vm.types.ellipsis, ELLIPSIS_METHODS);
    let ni = &vm.types.not_implemented;
    ni.slots
        .repr
        .set(Some(|vm, _| Ok(vm.str_value("NotImplemented"))));
    ni.slots.new.set(Some(|vm, _, a| {
        single(vm, a, "NotImplementedType", Value::NOT_IMPLEMENTED)
    }));
    ni.slots.bool_.set(Some(|vm, _| {
        Err(vm.type_error("NotImplemented should not be used in a boolean context"))
    }));
    vm.add_methods(ni, NI_METHODS);
}

/// `__new__` of a type with one instance.
fn single(vm: &Vm, args: Args, name: &str, v: Value) -> PyResult<Value> {
    if args.is_empty() {
        Ok(v)
    } else {
        Err(vm.type_error(format!("{name} takes no arguments")))
    }
}

lasti_core::methods! { METHODS =
    "__format__" "__format__($self, format_spec, /)\n--\n\n" object_format;
    "__dir__" "__dir__($self, /)\n--\n\n" object_dir;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
    "__reduce__" "__reduce__($self, /)\n--\n\n" |vm, v, _| reduce(vm, v, 0);
    "__reduce_ex__" "__reduce_ex__($self, protocol, /)\n--\n\n" object_reduce_ex;
    "__getstate__" "__getstate__($self, /)\n--\n\n" |vm, v, _| getstate(vm, v);
    class "__init_subclass__" "__init_subclass__($type, /)\n--\n\n" init_subclass;
    class "__subclasshook__" "__subclasshook__($type, object, /)\n--\n\n" subclasshook;
}

fn sizeof(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "__sizeof__")?;
    Ok(vm.new_int(vm.type_of(v).layout().size as i64))
}

fn init_subclass(vm: &Vm, this: &Value, a: Args) -> PyResult<Value> {
    if !a.is_empty() {
        let name = this.as_ref::<Type>().map(|t| t.name()).unwrap_or_default();
        return Err(vm.type_error(format!(
            "{name}.__init_subclass__() takes no keyword arguments"
        )));
    }
    Ok(Value::NONE)
}

fn subclasshook(_: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::NOT_IMPLEMENTED)
}

lasti_core::methods! { ELLIPSIS_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
}

fn reduce_method(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("Ellipsis"))
}

lasti_core::methods! { NI_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" not_implemented_reduce;
}

fn not_implemented_reduce(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("NotImplemented"))
}

/// A hash of the address, its low bits rotated away.
pub(crate) fn identity_hash(v: &Value) -> u64 {
    let a = v.bits();
    a.rotate_right(4)
}

fn object_richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    match op {
        CmpOp::Eq if a.is(b) => Ok(Value::TRUE),
        CmpOp::Ne => {
            // The opposite of the class's own ==.
            let Some(f) = vm.type_of(a).slots.richcmp.get() else {
                return Ok(Value::NOT_IMPLEMENTED);
            };
            let r = f(vm, a, b, CmpOp::Eq)?;
            if r.is_not_implemented() {
                return Ok(r);
            }
            Ok(Value::bool(!vm.is_true(&r)?))
        }
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn set_class(vm: &Vm, v: &Value, value: Option<&Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(vm.type_error("can't delete __class__ attribute"));
    };
    let Some(new) = value.as_ref::<Type>() else {
        return Err(vm.type_error(format!(
            "__class__ must be set to a class, not '{}' object",
            vm.type_name(value)
        )));
    };
    let old = vm.type_of(v).clone();
    let module = v.downcast::<Module>().is_some() && new.is_subtype(&vm.types.module);
    if !module && (!old.is_heap_type() || !new.is_heap_type()) {
        return Err(vm.type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    }
    let same = old.layout().same(new.layout())
        && old.member_count.get() == new.member_count.get()
        && old.has(TypeFlags::DICT) == new.has(TypeFlags::DICT);
    if !same {
        return Err(vm.type_error(format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.name(),
            old.name()
        )));
    }
    if let Some(i) = v.downcast::<Instance>() {
        // LayoutCache belong to a class; attributes move to a dict so that both classes' caches stay true.
        let _ = i;
        vm.dict_of(v);
    }
    vm.heap.set_class(v, new);
    Ok(())
}

fn object_format(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    let [spec] = args.exactly::<1>(vm, "__format__")?;
    let spec = vm.expect_str(spec, "format spec")?;
    if !spec.is_empty() {
        return Err(vm.type_error(format!(
            "unsupported format string passed to {}.__format__",
            vm.type_name(this)
        )));
    }
    vm.str_of(this).map(Value::from)
}

fn object_dir(vm: &Vm, this: &Value, _: Args) -> PyResult<Value> {
    let names = vm.new_set();
    if let Some(d) = vm.lookup_attr(this, &vm.names.dict)?
        && let Some(d) = d.as_ref::<Dict>()
    {
        for k in d.keys() {
            vm.set_add(&names, k)?;
        }
    }
    let class = vm.getattr(this, &vm.names.class)?;
    if let Some(t) = class.as_ref::<Type>() {
        for c in t.mro().iter() {
            for k in c.dict().keys() {
                vm.set_add(&names, k)?;
            }
        }
    }
    Ok(vm.new_list(names.to_vec()))
}

fn getstate(vm: &Vm, v: &Value) -> PyResult<Value> {
    let dict = match v.downcast::<Instance>() {
        Some(_) | None if vm.type_of(v).has(TypeFlags::DICT) => vm.dict_of(v),
        _ => None,
    };
    let state = match &dict {
        Some(d) if !d.is_empty() => {
            let c = vm.new_dict();
            c.copy_from(d);
            c.into()
        }
        _ => Value::NONE,
    };
    let slots = vm.new_dict();
    for c in vm.type_of(v).mro().iter() {
        for (k, d) in c.dict().items() {
            if let Some(m) = d.downcast::<Member>()
                && let Some(x) = vm.lookup_attr(v, &m.name)?
            {
                vm.dict_insert(&slots, k, x)?;
            }
        }
    }
    if slots.is_empty() {
        Ok(state)
    } else {
        Ok(vm.tuple_value([state, slots.into()]))
    }
}

fn reduce(vm: &Vm, v: &Value, protocol: i64) -> PyResult<Value> {
    let copyreg = vm.import("copyreg")?;
    if protocol < 2 {
        return vm.call_method(&copyreg, "_reduce_ex", &[v.clone(), vm.new_int(protocol)]);
    }
    let class = vm.type_of(v).value();
    let mut args = vec![class];
    if let Some(f) = vm.lookup_attr(v, &vm.intern("__getnewargs_ex__"))? {
        let pair = vm.call(&f, &[])?;
        let newobj = vm.getattr_str(&copyreg, "__newobj_ex__")?;
        let mut parts = vm.collect(&pair)?;
        args.append(&mut parts);
        return finish_reduce(vm, v, newobj, args);
    }
    if let Some(f) = vm.lookup_attr(v, &vm.intern("__getnewargs__"))? {
        let extra = vm.call(&f, &[])?;
        args.extend(vm.collect(&extra)?);
    } else if vm.type_of(v).layout().kind != Kind::Instance {
        // Natives that take their value from one argument.
        let native = [
            (&vm.types.int, "int"),
            (&vm.types.str, "str"),
            (&vm.types.float, "float"),
            (&vm.types.bytes, "bytes"),
            (&vm.types.tuple, "tuple"),
        ];
        let plain = vm
            .type_of(v)
            .layout()
            .same(<Plain as lasti_core::Payload>::VTABLE);
        let container = v.downcast::<List>().is_some() || v.downcast::<Dict>().is_some();
        if !plain
            && !container
            // What says itself how it is pickled may be.
            && !own_getstate(vm, v)
            && !native.iter().any(|(t, _)| vm.is_instance(v, t))
            && !vm.is_instance(v, &vm.exc.base_exception)
        {
            return Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(v))));
        }
    }
    let newobj = vm.getattr_str(&copyreg, "__newobj__")?;
    finish_reduce(vm, v, newobj, args)
}

fn own_getstate(vm: &Vm, v: &Value) -> bool {
    let name = vm.intern("__getstate__");
    match (
        vm.type_of(v).lookup(vm, &name),
        vm.types.object.lookup(vm, &name),
    ) {
        (Some(own), Some(inherited)) => !own.is(&inherited),
        _ => false,
    }
}

fn finish_reduce(vm: &Vm, v: &Value, newobj: Value, args: Vec<Value>) -> PyResult<Value> {
    let state = vm.call_method(v, "__getstate__", &[])?;
    let items = |is: bool, f: &dyn Fn() -> PyResult<Value>| if is { f() } else { Ok(Value::NONE) };
    let list = items(v.downcast::<List>().is_some(), &|| vm.iter(v))?;
    let dict = items(v.downcast::<Dict>().is_some(), &|| {
        let items = vm.call_method(v, "items", &[])?;
        vm.iter(&items)
    })?;
    Ok(vm.tuple_value([newobj, vm.new_tuple(args).into(), state, list, dict]))
}

fn object_reduce_ex(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    let [protocol] = args.exactly::<1>(vm, "__reduce_ex__")?;
    let protocol = vm.to_c_int(protocol)? as i64;
    if let Some(f) = vm.type_of(this).lookup(vm, &vm.names.reduce) {
        let own = vm.dict_get_str(&vm.types.object.dict(), &vm.names.reduce);
        if !own.is_some_and(|o| o.is(&f)) {
            return vm.call_descr(&f, this, &[]);
        }
    }
    reduce(vm, this, protocol)
}
