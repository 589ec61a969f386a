//! `type`: calling classes, their attributes, `isinstance` and `issubclass`.
use lasti_core::memory::{Ref, Value};
use lasti_core::model::new::{note_del, type_new_slot};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.type_;
    t.slots.call.set(Some(type_call));
    t.slots.new.set(Some(type_new_slot));
    t.slots.init.set(Some(type_init));
    t.slots.repr.set(Some(type_repr));
    t.slots.getattr.set(Some(|vm, v, n| vm.type_getattr(v, n)));
    t.slots
        .setattr
        .set(Some(|vm, v, n, x| vm.type_setattr(v, n, x)));
    t.slots
        .hash
        .set(Some(|_, v| Ok(super::object::identity_hash(v))));
    t.slots.binary[BinOp::Or as usize].set(Some(super::alias::union_or));
    vm.getset(
        t,
        "__name__",
        |vm, v| Ok(vm.this::<Type>(v)?.name.get()),
        Some(set_name),
    );
    vm.getset(
        t,
        "__qualname__",
        |vm, v| Ok(vm.this::<Type>(v)?.qualname.get()),
        Some(set_qualname),
    );
    vm.getset(
        t,
        "__module__",
        get_module,
        Some(|vm, v, x| set_own(vm, v, &vm.names.module, x)),
    );
    vm.getset(
        t,
        "__bases__",
        |vm, v| Ok(vm.this::<Type>(v)?.bases.value()),
        Some(set_bases),
    );
    vm.getset(
        t,
        "__base__",
        |vm, v| Ok(vm.this::<Type>(v)?.base.value()),
        None,
    );
    vm.getset(
        t,
        "__mro__",
        |vm, v| {
            let mro = vm.this::<Type>(v)?.mro();
            Ok(vm
                .new_tuple(mro.iter().map(|t| t.value()).collect::<Vec<_>>())
                .into())
        },
        None,
    );
    vm.getset(
        t,
        "__dict__",
        |vm, v| {
            let d = vm.this::<Type>(v)?.dict();
            Ok(vm
                .heap
                .alloc(&vm.types.mappingproxy, MappingProxy { mapping: d.into() })
                .into())
        },
        None,
    );
    vm.getset(
        t,
        "__doc__",
        get_doc,
        Some(|vm, v, x| set_own(vm, v, &vm.names.doc, x)),
    );
    vm.getset(t, "__abstractmethods__", get_abstract, Some(set_abstract));
    vm.getset(t, "__text_signature__", |_, _| Ok(Value::NONE), None);
    vm.getset(
        t,
        "__type_params__",
        |vm, v| {
            let d = vm.this::<Type>(v)?.dict();
            Ok(vm
                .dict_get_str(&d, &vm.names.type_params)
                .unwrap_or_else(|| vm.empty_tuple.value()))
        },
        Some(|vm, v, x| set_own(vm, v, &vm.names.type_params, x)),
    );
    vm.getset(t, "__annotations__", get_annotations, Some(set_annotations));
    vm.getset(t, "__annotate__", get_annotate, Some(set_annotate));
    vm.getset(
        t,
        "__flags__",
        |vm, v| {
            let t = vm.this::<Type>(v)?;
            let mut bits = 0;
            if t.is_heap_type() {
                bits |= 1 << 9
            }
            if t.has(TypeFlags::BASE) {
                bits |= 1 << 10
            }
            if t.has(TypeFlags::ABSTRACT) {
                bits |= 1 << 20
            }
            if t.has(TypeFlags::SEQUENCE) {
                bits |= 1 << 5
            }
            if t.has(TypeFlags::MAPPING) {
                bits |= 1 << 6
            }
            Ok(vm.new_int(bits))
        },
        None,
    );
    vm.getset(
        t,
        "__basicsize__",
        |vm, v| Ok(vm.new_int(vm.this::<Type>(v)?.layout().size as i64)),
        None,
    );
    vm.getset(t, "__itemsize__", |_, _| Ok(Value::small_int(0)), None);
    vm.getset(
        t,
        "__dictoffset__",
        |vm, v| {
            Ok(vm.new_int(if vm.this::<Type>(v)?.has(TypeFlags::DICT) {
                16
            } else {
                0
            }))
        },
        None,
    );
    vm.getset(
        t,
        "__weakrefoffset__",
        |vm, v| {
            Ok(vm.new_int(if vm.this::<Type>(v)?.has(TypeFlags::WEAKREF) {
                24
            } else {
                0
            }))
        },
        None,
    );
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "mro" "mro($self, /)\n--\n\n" mro;
    "__subclasses__" "__subclasses__($self, /)\n--\n\n" subclasses;
    "__instancecheck__" "__instancecheck__($self, instance, /)\n--\n\n" instancecheck;
    "__subclasscheck__" "__subclasscheck__($self, subclass, /)\n--\n\n" subclasscheck;
    class "__prepare__" "(*args, **kwds)\n--\n\n" |vm, _, _| Ok(vm.new_dict().into());
    "__dir__" "__dir__($self, /)\n--\n\n" dir;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
}

fn mro(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let mro = vm.default_mro(vm.this(v)?)?;
    Ok(vm.new_list(mro.into_iter().map(Value::from).collect()))
}

fn subclasses(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let all = vm.this::<Type>(v)?.subclasses();
    Ok(vm.new_list(all.into_iter().map(Value::from).collect()))
}

fn instancecheck(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "__instancecheck__")?;
    Ok(Value::bool(vm.real_isinstance(x, v)?))
}

fn subclasscheck(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "__subclasscheck__")?;
    Ok(Value::bool(vm.real_issubclass(x, v)?))
}

fn dir(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let names = vm.new_set();
    for c in vm.this::<Type>(v)?.mro().iter() {
        for k in c.dict().keys() {
            vm.set_add(&names, k)?;
        }
    }
    Ok(vm.new_list(names.to_vec()))
}

fn sizeof(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(size_of::<Type>() as i64))
}

/// Calling a class: `__new__`, then `__init__` when the result is an instance of it.
fn type_call(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    if t.is(&vm.types.type_) && args.pos.len() == 1 && args.kw.is_empty() {
        return Ok(vm.type_of(&args.pos[0]).value());
    }
    let Some(new) = t.slots.new.get() else {
        return Err(vm.type_error(format!(
            "cannot create '{}' instances",
            vm.type_full_name(t)
        )));
    };
    let obj = new(vm, t, args)?;
    let ot = vm.type_of(&obj);
    note_del(&obj, ot);
    if !ot.is_subtype(t) {
        return Ok(obj);
    }
    if let Some(init) = ot.slots.init.get() {
        init(vm, &obj, args)?;
    }
    Ok(obj)
}

fn type_init(vm: &Vm, _: &Value, args: Args) -> PyResult<()> {
    match args.pos.len() {
        1 | 3 => Ok(()),
        _ => Err(vm.type_error("type.__init__() takes 1 or 3 arguments")),
    }
}

fn type_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    let module = get_module(vm, v)?;
    let qualname = t.qualname.get();
    let q = vm.display(&qualname);
    Ok(vm.str_value(&match module.downcast::<Str>() {
        Some(m) if *m != *"builtins" => format!("<class '{}.{q}'>", m.to_string_lossy()),
        _ => format!("<class '{q}'>"),
    }))
}

fn get_module(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    match vm.dict_get_str(&t.dict(), &vm.names.module) {
        Some(m) => Ok(m),
        None if t.is_heap_type() => Err(vm.no_attribute(v, &vm.names.module)),
        None => Ok(vm.str_value("builtins")),
    }
}

fn get_doc(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    match vm.dict_get_str(&t.dict(), &vm.names.doc) {
        Some(d) => vm.bind_descriptor(&d, None, v),
        None => Ok(Value::NONE),
    }
}

fn mutable<'a>(vm: &Vm, v: &'a Value, name: &Str) -> PyResult<&'a Ref<Type>> {
    let t = vm.this::<Type>(v)?;
    if t.has(TypeFlags::IMMUTABLE) {
        return Err(vm.type_error(format!(
            "cannot set '{}' attribute of immutable type '{}'",
            name.to_string_lossy(),
            t.name()
        )));
    }
    Ok(t)
}

fn set_own(vm: &Vm, v: &Value, name: &Ref<Str>, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, name)?;
    let Some(x) = x else {
        return Err(vm.type_error(format!(
            "cannot delete '{}' attribute of type '{}'",
            name.to_string_lossy(),
            t.name()
        )));
    };
    vm.dict_set_str(&t.dict(), name, x.clone());
    vm.type_changed(t, name);
    Ok(())
}

fn set_name(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, &vm.names.name)?;
    let x = x.cloned().unwrap_or(Value::NONE);
    if x.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "can only assign string to {}.__name__, not '{}'",
            t.name(),
            vm.type_name(&x)
        )));
    }
    t.name.set(x);
    Ok(())
}

fn set_qualname(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, &vm.names.qualname)?;
    let x = x.cloned().unwrap_or(Value::NONE);
    if x.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "can only assign string to {}.__qualname__, not '{}'",
            t.name(),
            vm.type_name(&x)
        )));
    }
    t.qualname.set(x);
    Ok(())
}

fn set_bases(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, &vm.names.bases)?;
    let Some(bases) = x.and_then(|x| x.as_ref::<Tuple>()) else {
        return Err(vm.type_error(format!("can only assign tuple to {}.__bases__", t.name())));
    };
    let types: Vec<Ref<Type>> = bases
        .iter()
        .filter_map(|b| b.as_ref::<Type>().cloned())
        .collect();
    if let Some(odd) = bases.iter().find(|b| b.as_ref::<Type>().is_none()) {
        return Err(vm.type_error(format!(
            "{}.__bases__ must be tuple of classes, not '{}'",
            t.name(),
            vm.type_name(odd)
        )));
    }
    if types.is_empty() {
        return Err(vm.type_error(format!(
            "can only assign non-empty tuple to {}.__bases__, not ()",
            t.name()
        )));
    }
    // While a `mro()` runs, the chain of bases is ahead of the MROs.
    let below = |b: &Ref<Type>| {
        let mut at = Some(b.clone());
        while let Some(b) = at {
            if b.is(t) {
                return true;
            }
            at = b.base();
        }
        false
    };
    if types.iter().any(|b| b.is_subtype(t) || below(b)) {
        return Err(vm.type_error("a __bases__ item causes an inheritance cycle"));
    }
    let base = vm.best_base(&types)?;
    let old_base = t.base();
    if !(base.layout().same(t.layout()) || plain_layout(&base) && plain_layout(t))
        || base.member_count.get() != old_base.as_ref().map_or(0, |b| b.member_count.get())
    {
        return Err(vm.type_error(format!(
            "__bases__ assignment: '{}' object layout differs from '{}'",
            base.name(),
            old_base.map_or(String::new(), |b| b.name())
        )));
    }
    let old = t.bases.replace(Some(bases.clone()));
    t.base.set(Some(base));
    let mut done = Vec::new();
    let result = mro_hierarchy(vm, t, &mut done);
    let still_ours = t.bases.get().is_some_and(|b| b.is(bases));
    if let Err(e) = result {
        if still_ours {
            t.bases.set(old);
            t.base.set(old_base);
            for (c, mro) in done.into_iter().rev() {
                c.set_mro(mro);
                c.modified();
            }
        }
        return Err(e);
    }
    // A `mro()` written in Python may have set the bases again; then that one did the rest.
    if !still_ours {
        return Ok(());
    }
    for b in old.iter().flat_map(|o| o.iter()) {
        if let Some(b) = b.as_ref::<Type>() {
            b.remove_subclass(t);
        }
    }
    for b in &types {
        b.add_subclass(vm.new_weakref(&vm.types.weakref, v, None));
    }
    vm.type_changed(t, &vm.names.init);
    Ok(())
}

fn plain_layout(t: &Ref<Type>) -> bool {
    t.layout().kind == lasti_core::memory::Kind::Instance
        || t.layout().same(<Plain as lasti_core::Payload>::VTABLE)
}

/// Computes the MRO of a class and of all below it, keeping the old ones in `done`.
fn mro_hierarchy(
    vm: &Vm,
    t: &Ref<Type>,
    done: &mut Vec<(Ref<Type>, std::rc::Rc<[Ref<Type>]>)>,
) -> PyResult<()> {
    vm.guard_native_stack("")?;
    let old = t.mro();
    vm.compute_mro(t)?;
    done.push((t.clone(), old));
    t.modified();
    for s in t.subclasses() {
        mro_hierarchy(vm, &s, done)?;
    }
    Ok(())
}

fn get_abstract(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    vm.dict_get_str(&t.dict(), &vm.names.abstractmethods)
        .ok_or_else(|| vm.no_attribute(v, &vm.names.abstractmethods))
}

fn set_abstract(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = vm.this::<Type>(v)?;
    let any = match x {
        Some(x) => vm.is_true(x)?,
        None => false,
    };
    match x {
        Some(x) => vm.dict_set_str(&t.dict(), &vm.names.abstractmethods, x.clone()),
        None => drop(vm.dict_del_str(&t.dict(), &vm.names.abstractmethods)),
    }
    let flags = t.flags.get();
    t.flags.set(if any {
        flags | TypeFlags::ABSTRACT
    } else {
        flags & !TypeFlags::ABSTRACT
    });
    t.modified();
    Ok(())
}

// ---- annotations (PEP 649) ----

fn get_annotations(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    if !t.is_heap_type() {
        return Err(vm.no_attribute(v, &vm.names.annotations));
    }
    let d = t.dict();
    let cache = vm.intern("__annotations_cache__");
    for name in [&vm.names.annotations, &cache] {
        if let Some(a) = vm.dict_get_str(&d, name) {
            return vm.bind_descriptor(&a, None, v);
        }
    }
    let annotate = get_annotate(vm, v)?;
    let a = if annotate.is_none() {
        vm.new_dict().into()
    } else {
        vm.call(&annotate, &[Value::small_int(1)])?
    };
    vm.dict_set_str(&d, &cache, a.clone());
    Ok(a)
}

fn set_annotations(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, &vm.names.annotations)?;
    let d = t.dict();
    let cache = vm.intern("__annotations_cache__");
    match x {
        Some(x) => {
            let own = vm.dict_get_str(&d, &vm.names.annotations).is_some();
            vm.dict_set_str(
                &d,
                if own { &vm.names.annotations } else { &cache },
                x.clone(),
            );
        }
        None => {
            let a = vm.dict_del_str(&d, &vm.names.annotations);
            let b = vm.dict_del_str(&d, &cache);
            if a.is_none() && b.is_none() {
                return Err(vm.no_attribute(v, &vm.names.annotations));
            }
        }
    }
    vm.dict_del_str(&d, &vm.names.annotate_func);
    vm.dict_del_str(&d, &vm.names.annotate);
    Ok(())
}

fn get_annotate(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Type>(v)?;
    let d = t.dict();
    for name in [&vm.names.annotate_func, &vm.names.annotate] {
        if let Some(f) = vm.dict_get_str(&d, name) {
            return vm.bind_descriptor(&f, None, v);
        }
    }
    Ok(Value::NONE)
}

fn set_annotate(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let t = mutable(vm, v, &vm.names.annotate)?;
    let Some(x) = x else {
        return Err(vm.type_error("cannot delete __annotate__ attribute"));
    };
    vm.dict_set_str(&t.dict(), &vm.names.annotate_func, x.clone());
    vm.dict_del_str(&t.dict(), &vm.intern("__annotations_cache__"));
    Ok(())
}

// ---- __new__ as an attribute ----

// ---- isinstance and issubclass ----
