//! `__new__`: object's and type's, and the attribute that a native type shows.
use crate::memory::{Kind, Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};

/// `object.__new__`.
pub fn object_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if !args.is_empty() {
        let new_overridden = class
            .slots
            .new
            .get()
            .is_some_and(|f| !std::ptr::fn_addr_eq(f, object_new as NewFn));
        let init_overridden = class
            .slots
            .init
            .get()
            .is_some_and(|f| !std::ptr::fn_addr_eq(f, object_init as InitFn));
        if new_overridden {
            return Err(vm.type_error(
                "object.__new__() takes exactly one argument (the type to instantiate)",
            ));
        }
        if !init_overridden {
            return Err(vm.type_error(format!("{}() takes no arguments", class.name())));
        }
    }
    if class.has(TypeFlags::ABSTRACT) {
        return Err(abstract_error(vm, class));
    }
    match class.layout().kind {
        Kind::Instance => Ok(vm.new_instance(class)),
        _ if class.layout().same(crate::memory::vtable::<Plain>()) => {
            Ok(vm.heap.alloc(class, Plain).into())
        }
        _ => Err(vm.type_error(format!(
            "object.__new__({}) is not safe, use {}.__new__()",
            class.name(),
            class.name()
        ))),
    }
}

fn abstract_error(vm: &Vm, class: &Ref<Type>) -> Exc {
    let names = vm.dict_get_str(&class.dict(), &vm.names.abstractmethods);
    let mut names: Vec<String> = names
        .and_then(|n| vm.collect(&n).ok())
        .unwrap_or_default()
        .iter()
        .map(|n| format!("'{}'", vm.display(n)))
        .collect();
    names.sort();
    let s = if names.len() == 1 { "" } else { "s" };
    vm.type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{s} {}",
        class.name(),
        names.join(", ")
    ))
}

/// `object.__init__`.
pub fn object_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    if !args.is_empty() {
        let t = vm.type_of(v);
        let init_overridden = t
            .slots
            .init
            .get()
            .is_some_and(|f| !std::ptr::fn_addr_eq(f, object_init as InitFn));
        let new_overridden = t
            .slots
            .new
            .get()
            .is_some_and(|f| !std::ptr::fn_addr_eq(f, object_new as NewFn));
        if init_overridden {
            return Err(vm.type_error(
                "object.__init__() takes exactly one argument (the instance to initialize)",
            ));
        }
        if !new_overridden {
            return Err(vm.type_error(format!("{}() takes no arguments", t.name())));
        }
    }
    Ok(())
}

pub fn type_new_slot(vm: &Vm, meta: &Ref<Type>, args: Args) -> PyResult<Value> {
    vm.type_new(meta, args)
}

/// The `__new__` a native type shows.
pub(crate) fn new_wrapper(vm: &Vm, t: &Ref<Type>) -> Value {
    const DOC: &str = "__new__($type, *args, **kwargs)\n--\n\n";
    const ARITY: Arity = Arity::of(DOC);
    vm.new_native_of(
        "__new__",
        DOC,
        ARITY,
        NativeKind::Plain(call_new),
        t.value(),
        Value::NONE,
    )
}

fn call_new(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    let owner = vm.this::<Type>(this)?;
    let Some((class, rest)) = args.pos.split_first() else {
        return Err(vm.type_error(format!("{}.__new__(): not enough arguments", owner.name())));
    };
    let Some(class) = class.as_ref::<Type>() else {
        return Err(vm.type_error(format!(
            "{}.__new__(X): X is not a type object ({})",
            owner.name(),
            vm.type_name(class)
        )));
    };
    if !class.is_subtype(owner) {
        return Err(vm.type_error(format!(
            "{}.__new__({}): {} is not a subtype of {}",
            owner.name(),
            class.name(),
            class.name(),
            owner.name()
        )));
    }
    if !class.layout().same(owner.layout()) && !owner.is(&vm.types.object) {
        return Err(vm.type_error(format!(
            "{}.__new__({}) is not safe, use {}.__new__()",
            owner.name(),
            class.name(),
            class.name()
        )));
    }
    match owner.slots.new.get() {
        Some(new) => {
            let obj = new(vm, class, Args { pos: rest, ..args })?;
            note_del(&obj, vm.type_of(&obj));
            Ok(obj)
        }
        None => Err(vm.type_error(format!("cannot create '{}' instances", owner.name()))),
    }
}

/// Marks a new instance of a class with `__del__`: native `__new__`s that such classes inherit know nothing of it.
#[inline]
pub fn note_del(obj: &Value, class: &Ref<Type>) {
    if class.has(TypeFlags::DEL) {
        crate::memory::Heap::set_finalize(obj, true);
    }
}

/// The native type whose `__new__` this is.
pub(crate) fn native_new_of(f: &Value) -> Option<Ref<Type>> {
    let n = f.downcast::<NativeFunction>()?;
    match n.func {
        NativeKind::Plain(p) if std::ptr::fn_addr_eq(p, call_new as PlainFn) => {
            n.this.get().into_ref::<Type>().ok()
        }
        _ => None,
    }
}
