//! Descriptors: property, staticmethod, classmethod, super, slot wrappers, getset and member descriptors (CPython's
//! Objects/descrobject.c, funcobject.c).
use lasti_core::memory::{Payload, Ref, Slot, Value};
use lasti_core::model::slots::{self, SLOT_DEFS};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    init_getset(vm);
    init_wrappers(vm);
    init_property(vm);
    init_static_class(vm);
    init_super(vm);
}

fn init_getset(vm: &Vm) {
    let t = &vm.types.getset_descriptor;
    t.slots
        .descr_get
        .set(Some(|vm, d, obj, _| match (obj, d.downcast::<GetSet>()) {
            (Some(o), Some(g)) => {
                check_owner(vm, &g.name, &g.owner, o)?;
                (g.get)(vm, o)
            }
            _ => Ok(d.clone()),
        }));
    t.slots.descr_set.set(Some(|vm, d, o, v| {
        let g = vm.this::<GetSet>(d)?;
        check_owner(vm, &g.name, &g.owner, o)?;
        match g.set {
            Some(set) => set(vm, o, v),
            None => Err(vm.attribute_error(
                format!(
                    "attribute '{}' of '{}' objects is not writable",
                    g.name.to_string_lossy(),
                    g.owner.name()
                ),
                o,
                &g.name,
            )),
        }
    }));
    t.slots.repr.set(Some(|vm, v| {
        let g = vm.this::<GetSet>(v)?;
        Ok(vm.str_value(&format!(
            "<attribute '{}' of '{}' objects>",
            g.name.to_string_lossy(),
            g.owner.name()
        )))
    }));
    named::<GetSet>(vm, t, |g| (g.name.clone(), g.owner.clone()));

    let t = &vm.types.member_descriptor;
    t.slots
        .descr_get
        .set(Some(|vm, d, obj, _| match (obj, d.downcast::<Member>()) {
            (Some(o), Some(m)) => member_get(vm, m, o),
            _ => Ok(d.clone()),
        }));
    t.slots.descr_set.set(Some(|vm, d, o, v| {
        let m = vm.this::<Member>(d)?;
        member_set(vm, m, o, v)
    }));
    t.slots.repr.set(Some(|vm, v| {
        let m = vm.this::<Member>(v)?;
        Ok(vm.str_value(&format!(
            "<member '{}' of '{}' objects>",
            m.name.to_string_lossy(),
            m.owner.name()
        )))
    }));
    named::<Member>(vm, t, |m| (m.name.clone(), m.owner.clone()));
}

fn named<T: lasti_core::memory::Payload>(
    vm: &Vm,
    t: &Ref<Type>,
    _: fn(&T) -> (Ref<Str>, Ref<Type>),
) {
    // Each kind reads its own fields: getters are plain functions and cannot capture.
    vm.getset(t, "__name__", |vm, v| Ok(descr_name(vm, v)?.0.into()), None);
    vm.getset(
        t,
        "__objclass__",
        |vm, v| Ok(descr_name(vm, v)?.1.into()),
        None,
    );
    vm.getset(
        t,
        "__qualname__",
        |vm, v| {
            let (name, owner) = descr_name(vm, v)?;
            Ok(vm.str_value(&format!("{}.{}", owner.name(), name.to_string_lossy())))
        },
        None,
    );
    vm.getset(t, "__doc__", |_, _| Ok(Value::NONE), None);
}

fn descr_name(vm: &Vm, v: &Value) -> PyResult<(Ref<Str>, Ref<Type>)> {
    if let Some(g) = v.downcast::<GetSet>() {
        return Ok((g.name.clone(), g.owner.clone()));
    }
    if let Some(m) = v.downcast::<Member>() {
        return Ok((m.name.clone(), m.owner.clone()));
    }
    let w = vm.this::<SlotWrapper>(v)?;
    Ok((w.name.clone(), w.owner.clone()))
}

fn check_owner(vm: &Vm, name: &Str, owner: &Ref<Type>, o: &Value) -> PyResult<()> {
    if vm.is_instance(o, owner) {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
        name.to_string_lossy(),
        owner.name(),
        vm.type_name(o)
    )))
}

fn member_get(vm: &Vm, m: &Member, o: &Value) -> PyResult<Value> {
    check_owner(vm, &m.name, &m.owner, o)?;
    let v = match o.downcast::<Instance>() {
        Some(i) => i.slot(m.index),
        None => vm
            .heap
            .side_dict(o)
            .and_then(|d| vm.dict_get_str(&d, &m.name))
            .unwrap_or(Value::UNBOUND),
    };
    if v.is_unbound() {
        Err(vm.no_attribute(o, &m.name))
    } else {
        Ok(v)
    }
}

fn member_set(vm: &Vm, m: &Member, o: &Value, v: Option<&Value>) -> PyResult<()> {
    check_owner(vm, &m.name, &m.owner, o)?;
    if v.is_none() {
        member_get(vm, m, o)?;
    }
    match o.downcast::<Instance>() {
        Some(i) => i.set_slot(m.index, v.cloned().unwrap_or(Value::UNBOUND)),
        None => {
            let d = match vm.heap.side_dict(o) {
                Some(d) => d,
                None => {
                    let d = vm.new_dict();
                    vm.heap.set_side_dict(o, Some(d.clone()));
                    d
                }
            };
            match v {
                Some(v) => vm.dict_set_str(&d, &m.name, v.clone()),
                None => drop(vm.dict_del_str(&d, &m.name)),
            }
        }
    }
    Ok(())
}

fn init_wrappers(vm: &Vm) {
    let t = &vm.types.wrapper_descriptor;
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        match (obj, d.as_ref::<SlotWrapper>()) {
            (Some(o), Some(w)) => {
                let m = MethodWrapper {
                    wrapper: w.clone(),
                    this: o.clone(),
                };
                Ok(vm.heap.alloc(&vm.types.method_wrapper, m).into())
            }
            _ => Ok(d.clone()),
        }
    }));
    t.slots.call.set(Some(|vm, v, args| {
        let w = vm.this::<SlotWrapper>(v)?;
        let Some((this, rest)) = args.pos.split_first() else {
            return Err(vm.type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                w.name.to_string_lossy(),
                w.owner.name()
            )));
        };
        if !vm.is_instance(this, &w.owner) {
            return Err(vm.type_error(format!(
                "descriptor '{}' requires a '{}' object but received a '{}'",
                w.name.to_string_lossy(),
                w.owner.name(),
                vm.type_name(this)
            )));
        }
        (SLOT_DEFS[w.row].call)(vm, &w.owner, this, Args { pos: rest, ..args })
    }));
    t.slots.repr.set(Some(|vm, v| {
        let w = vm.this::<SlotWrapper>(v)?;
        Ok(vm.str_value(&format!(
            "<slot wrapper '{}' of '{}' objects>",
            w.name.to_string_lossy(),
            w.owner.name()
        )))
    }));
    named::<SlotWrapper>(vm, t, |w| (w.name.clone(), w.owner.clone()));
    vm.getset(
        t,
        "__text_signature__",
        |vm, v| Ok(vm.str_value(slots::text_signature(&vm.this::<SlotWrapper>(v)?.name))),
        None,
    );
    let t = &vm.types.method_wrapper;
    vm.getset(
        t,
        "__text_signature__",
        |vm, v| {
            Ok(vm.str_value(slots::text_signature(
                &vm.this::<MethodWrapper>(v)?.wrapper.name,
            )))
        },
        None,
    );
    t.slots.call.set(Some(|vm, v, args| {
        let m = vm.this::<MethodWrapper>(v)?;
        (SLOT_DEFS[m.wrapper.row].call)(vm, &m.wrapper.owner, &m.this, args)
    }));
    t.slots.repr.set(Some(|vm, v| {
        let m = vm.this::<MethodWrapper>(v)?;
        Ok(vm.str_value(&format!(
            "<method-wrapper '{}' of {} object at {:#x}>",
            m.wrapper.name.to_string_lossy(),
            vm.type_name(&m.this),
            vm.id(&m.this)
        )))
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<MethodWrapper>(), b.downcast::<MethodWrapper>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = x.wrapper.is(&y.wrapper) && x.this.is(&y.this);
        let _ = vm;
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }));
    t.slots.hash.set(Some(|_, v| {
        let m = v.downcast::<MethodWrapper>();
        Ok(m.map_or(0, |m| {
            m.this.bits() ^ m.wrapper.as_value().bits().rotate_left(7)
        }))
    }));
    vm.getset(
        t,
        "__self__",
        |vm, v| Ok(vm.this::<MethodWrapper>(v)?.this.clone()),
        None,
    );
    vm.getset(
        t,
        "__name__",
        |vm, v| Ok(vm.this::<MethodWrapper>(v)?.wrapper.name.value()),
        None,
    );
    vm.getset(
        t,
        "__objclass__",
        |vm, v| Ok(vm.this::<MethodWrapper>(v)?.wrapper.owner.value()),
        None,
    );
    vm.getset(t, "__doc__", |_, _| Ok(Value::NONE), None);
}

fn init_property(vm: &Vm) {
    let t = &vm.types.property;
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Property::default()).into())
    }));
    t.slots.init.set(Some(property_init));
    t.slots.descr_get.set(Some(property_get));
    t.slots.descr_set.set(Some(property_set));
    vm.add_methods(t, PROPERTY_METHODS);
    vm.getset(
        t,
        "fget",
        |vm, v| Ok(none(vm.this::<Property>(v)?.get.get())),
        None,
    );
    vm.getset(
        t,
        "fset",
        |vm, v| Ok(none(vm.this::<Property>(v)?.set.get())),
        None,
    );
    vm.getset(
        t,
        "fdel",
        |vm, v| Ok(none(vm.this::<Property>(v)?.del.get())),
        None,
    );
    vm.getset(
        t,
        "__doc__",
        |vm, v| Ok(none(vm.this::<Property>(v)?.doc.get())),
        Some(|vm, v, x| {
            vm.this::<Property>(v)?
                .doc
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__name__",
        |vm, v| {
            let p = vm.this::<Property>(v)?;
            if let Some(n) = p.name.get_bound() {
                return Ok(n);
            }
            let get = none(p.get.get());
            match vm.lookup_attr(&get, &vm.names.name)? {
                Some(n) if !get.is_none() => Ok(n),
                _ => Err(vm.no_attribute(v, &vm.names.name)),
            }
        },
        Some(|vm, v, x| {
            vm.this::<Property>(v)?
                .name
                .set(x.cloned().unwrap_or(Value::UNBOUND));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__isabstractmethod__",
        |vm, v| {
            let p = vm.this::<Property>(v)?;
            for f in [p.get.get(), p.set.get(), p.del.get()] {
                if is_abstract(vm, &f)? {
                    return Ok(Value::TRUE);
                }
            }
            Ok(Value::FALSE)
        },
        None,
    );
}

lasti_core::methods! { PROPERTY_METHODS =
    "getter" "getter($self, object, /)\n--\n\n" |vm, v, a| property_copy(vm, v, a, 0);
    "setter" "setter($self, object, /)\n--\n\n" |vm, v, a| property_copy(vm, v, a, 1);
    "deleter" "deleter($self, object, /)\n--\n\n" |vm, v, a| property_copy(vm, v, a, 2);
    "__set_name__" "__set_name__($self, owner, name, /)\n--\n\n" set_name;
}

fn set_name(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [_, name] = a.exactly::<2>(vm, "__set_name__")?;
    vm.this::<Property>(v)?.name.set(name.clone());
    Ok(Value::NONE)
}

fn none(v: Value) -> Value {
    if v.is_unbound() { Value::NONE } else { v }
}

fn is_abstract(vm: &Vm, f: &Value) -> PyResult<bool> {
    if f.is_unbound() || f.is_none() {
        return Ok(false);
    }
    match vm.lookup_attr(f, &vm.names.isabstractmethod)? {
        Some(b) => vm.is_true(&b),
        None => Ok(false),
    }
}

fn property_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let [get, set, del, doc] = args.bind(vm, "property", ["fget", "fset", "fdel", "doc"], 0)?;
    let p = vm.this::<Property>(v)?;
    let put = |x: Option<&Value>| {
        x.filter(|x| !x.is_none())
            .cloned()
            .unwrap_or(Value::UNBOUND)
    };
    p.get.set(put(get));
    p.set.set(put(set));
    p.del.set(put(del));
    p.name.set(Value::UNBOUND);
    p.getter_doc.set(false);
    let mut text = put(doc);
    if text.is_unbound()
        && let Some(g) = p.get.get_bound()
        && let Some(d) = vm.lookup_attr(&g, &vm.names.doc)?
    {
        text = d;
        p.getter_doc.set(true);
    }
    if !vm.type_of(v).is(&vm.types.property) && !text.is_unbound() {
        // A subclass keeps its docstring in its own namespace.
        let _ = vm.setattr(v, &vm.names.doc, Some(&text));
    }
    p.doc.set(text);
    Ok(())
}

fn property_name(vm: &Vm, p: &Property) -> String {
    match p.name.get_bound() {
        Some(n) => format!(" {}", vm.repr_string(&n).unwrap_or_default()),
        None => String::new(),
    }
}

fn property_get(vm: &Vm, d: &Value, obj: Option<&Value>, _: &Value) -> PyResult<Value> {
    let Some(o) = obj else { return Ok(d.clone()) };
    let p = vm.this::<Property>(d)?;
    match p.get.get_bound() {
        Some(f) => vm.call(&f, std::slice::from_ref(o)),
        None => Err(property_error(vm, p, o, "getter")),
    }
}

fn property_error(vm: &Vm, p: &Property, o: &Value, what: &str) -> lasti_core::vm::error::Exc {
    let name = property_name(vm, p);
    let msg = format!(
        "property{name} of {} object has no {what}",
        quoted_qualname(vm, o)
    );
    vm.new_exception(&vm.exc.attribute_error, msg)
}

fn quoted_qualname(vm: &Vm, o: &Value) -> String {
    format!("'{}'", vm.display(&vm.type_of(o).qualname.get()))
}

fn property_set(vm: &Vm, d: &Value, o: &Value, v: Option<&Value>) -> PyResult<()> {
    let p = vm.this::<Property>(d)?;
    let (f, what) = match v {
        Some(_) => (p.set.get_bound(), "setter"),
        None => (p.del.get_bound(), "deleter"),
    };
    let Some(f) = f else {
        return Err(property_error(vm, p, o, what));
    };
    match v {
        Some(v) => vm.call(&f, &[o.clone(), v.clone()])?,
        None => vm.call(&f, std::slice::from_ref(o))?,
    };
    Ok(())
}

fn property_copy(vm: &Vm, v: &Value, args: Args, which: usize) -> PyResult<Value> {
    let [f] = args.exactly::<1>(vm, "property")?;
    let p = vm.this::<Property>(v)?;
    let mut parts = [none(p.get.get()), none(p.set.get()), none(p.del.get())];
    parts[which] = f.clone();
    let [g, s, d] = parts;
    let doc = if p.getter_doc.get() || p.doc.is_unbound() {
        Value::NONE
    } else {
        p.doc.get()
    };
    let new = vm.call(vm.type_of(v).as_value(), &[g, s, d, doc])?;
    if let Some(n) = new.downcast::<Property>() {
        n.name.set(p.name.get());
    }
    Ok(new)
}

/// `staticmethod` and `classmethod`: an object that holds a function.
trait Wrapper: Payload + Default {
    fn func(&self) -> &Slot;
}

impl Wrapper for StaticMethod {
    fn func(&self) -> &Slot {
        &self.func
    }
}

impl Wrapper for ClassMethod {
    fn func(&self) -> &Slot {
        &self.func
    }
}

/// The function that it holds, or None.
fn wrapped<W: Wrapper>(vm: &Vm, v: &Value) -> PyResult<Value> {
    Ok(none(vm.this::<W>(v)?.func().get()))
}

fn init_wrapper<W: Wrapper>(vm: &Vm, t: &Ref<Type>) {
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, W::default()).into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let [f] = a.exactly::<1>(vm, W::NAME)?;
        vm.this::<W>(v)?.func().set(f.clone());
        copy_function_attrs(vm, v, f)
    }));
    t.slots.repr.set(Some(|vm, v| {
        let f = vm.repr(&wrapped::<W>(vm, v)?)?;
        vm.concat(&[b"<", W::NAME.as_bytes(), b"(", f.as_bytes(), b")>"])
    }));
    vm.getset(t, "__func__", wrapped::<W>, None);
    vm.getset(t, "__wrapped__", wrapped::<W>, None);
    vm.getset(
        t,
        "__isabstractmethod__",
        |vm, v| {
            let f = vm.this::<W>(v)?.func().get();
            Ok(Value::bool(is_abstract(vm, &f)?))
        },
        None,
    );
    vm.getset(
        t,
        "__dict__",
        lasti_core::model::instance::get_dict,
        Some(lasti_core::model::instance::set_dict),
    );
    t.set_flag(TypeFlags::DICT);
}

fn init_static_class(vm: &Vm) {
    let t = &vm.types.staticmethod;
    init_wrapper::<StaticMethod>(vm, t);
    t.slots
        .descr_get
        .set(Some(|vm, d, _, _| wrapped::<StaticMethod>(vm, d)));
    t.slots.call.set(Some(|vm, v, a| {
        vm.call_args(&wrapped::<StaticMethod>(vm, v)?, a)
    }));
    let t = &vm.types.classmethod;
    init_wrapper::<ClassMethod>(vm, t);
    t.slots.descr_get.set(Some(|vm, d, _, class| {
        Ok(vm.new_bound(wrapped::<ClassMethod>(vm, d)?, class.clone()))
    }));
}

/// Name, module and docstring of what a static or class method wraps.
fn copy_function_attrs(vm: &Vm, v: &Value, f: &Value) -> PyResult<()> {
    let n = &vm.names;
    for name in [&n.module, &n.name, &n.qualname, &n.doc] {
        if f.downcast::<Function>().is_some()
            && let Some(x) = vm.lookup_attr(f, name)?
            && let Some(d) = vm.dict_of(v)
        {
            vm.dict_set_str(&d, name, x);
        }
    }
    Ok(())
}

fn init_super(vm: &Vm) {
    let t = &vm.types.super_;
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Super::default()).into())
    }));
    t.slots.init.set(Some(super_init));
    t.slots.getattr.set(Some(|vm, v, n| vm.super_getattr(v, n)));
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        let s = vm.this::<Super>(d)?;
        match (obj, s.this_class.get()) {
            (Some(o), Some(c)) if s.obj.is_unbound() => {
                vm.call(vm.types.super_.as_value(), &[c.into(), o.clone()])
            }
            _ => Ok(d.clone()),
        }
    }));
    t.slots.repr.set(Some(|vm, v| {
        let s = vm.this::<Super>(v)?;
        let class = s.this_class.get().map_or("NULL".into(), |t| t.name());
        let obj = s
            .obj_type
            .get()
            .map_or("NULL".into(), |t| format!("<{} object>", t.name()));
        Ok(vm.str_value(&format!("<super: <class '{class}'>, {obj}>")))
    }));
    vm.getset(
        t,
        "__thisclass__",
        |vm, v| Ok(vm.this::<Super>(v)?.this_class.value()),
        None,
    );
    vm.getset(
        t,
        "__self__",
        |vm, v| Ok(none(vm.this::<Super>(v)?.obj.get())),
        None,
    );
    vm.getset(
        t,
        "__self_class__",
        |vm, v| Ok(vm.this::<Super>(v)?.obj_type.value()),
        None,
    );
}

fn super_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let (class, obj) = match args.between(vm, "super", 0, 2)? {
        [] => lasti_core::frame_object::super_of_caller(vm)?,
        [t] => (t.clone(), None),
        [t, o, ..] => (t.clone(), if o.is_none() { None } else { Some(o.clone()) }),
    };
    let Some(t) = class.as_ref::<Type>() else {
        return Err(vm.type_error(format!(
            "super() argument 1 must be a type, not {}",
            vm.type_name(&class)
        )));
    };
    let s = vm.this::<Super>(v)?;
    s.this_class.set(Some(t.clone()));
    let Some(o) = obj else { return Ok(()) };
    let start = if let Some(ot) = o.as_ref::<Type>()
        && ot.is_subtype(t)
    {
        ot.clone()
    } else if vm.is_instance(&o, t) {
        vm.type_of(&o).clone()
    } else {
        match vm
            .lookup_attr(&o, &vm.names.class)?
            .and_then(|c| c.into_ref::<Type>().ok())
        {
            Some(c) if c.is_subtype(t) => c,
            _ => {
                return Err(
                    vm.type_error("super(type, obj): obj must be an instance or subtype of type")
                );
            }
        }
    };
    s.obj.set(o);
    s.obj_type.set(Some(start));
    Ok(())
}
