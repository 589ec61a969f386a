//! `weakref.ref`.
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.weakref;
    vm.type_attr(t, "__module__", vm.str_value("weakref"));
    t.slots.new.set(Some(|vm, class, a| {
        let pos = a.between(vm, "__new__", 1, 2)?;
        let callback = pos.get(1).filter(|c| !c.is_none()).cloned();
        vm.make_weakref(class, &pos[0], callback).map(Value::from)
    }));
    t.slots
        .init
        .set(Some(|vm, _, a| a.between(vm, "__init__", 1, 2).map(|_| ())));
    t.slots.call.set(Some(|vm, v, a| {
        a.exactly::<0>(vm, "weakref")?;
        Ok(vm.this::<WeakRef>(v)?.get().unwrap_or(Value::NONE))
    }));
    t.slots.hash.set(Some(|vm, v| {
        let w = vm.this::<WeakRef>(v)?;
        if w.hash.get() == 0 {
            let Some(x) = w.get() else {
                return Err(vm.type_error("weak object has gone away"));
            };
            w.hash.set(vm.hash(&x)?);
        }
        Ok(w.hash.get())
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<WeakRef>(), b.downcast::<WeakRef>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        match (x.get(), y.get()) {
            (Some(x), Some(y)) => vm.compare(&x, &y, op),
            _ => Ok(Value::bool(a.is(b) == (op == CmpOp::Eq))),
        }
    }));
    t.slots.repr.set(Some(|vm, v| {
        let at = vm.id(v);
        Ok(vm.str_value(&match vm.this::<WeakRef>(v)?.get() {
            Some(x) => {
                format!(
                    "<weakref at {at:#x}; to '{}' at {:#x}>",
                    vm.type_full_name(vm.type_of(&x)),
                    vm.id(&x)
                )
            }
            None => format!("<weakref at {at:#x}; dead>"),
        }))
    }));
    vm.getset(
        t,
        "__callback__",
        |vm, v| {
            let w = vm.this::<WeakRef>(v)?;
            let c = w.callback.take();
            w.callback.set(c.clone());
            Ok(c.unwrap_or(Value::NONE))
        },
        None,
    );
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}
