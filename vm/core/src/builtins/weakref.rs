//! `weakref.ref`.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

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
    vm.class_method(t, "__class_getitem__", "", super::class_getitem);
}

impl Vm {
    /// A weak reference; plain ones without callback are shared, as CPython's are.
    pub fn make_weakref(
        &self,
        class: &Ref<Type>,
        target: &Value,
        callback: Option<Value>,
    ) -> PyResult<Ref<WeakRef>> {
        let ty = self.type_of(target);
        let weakable = target.downcast::<Type>().is_some() || has_weakrefs(ty);
        if !weakable {
            return Err(self.type_error(format!(
                "cannot create weak reference to '{}' object",
                ty.name()
            )));
        }
        if callback.is_none() && class.is(&self.types.weakref) {
            for w in self.heap.weakrefs_of(target) {
                let c = w.callback.take();
                let plain = c.is_none() && w.class().is(class);
                w.callback.set(c);
                if plain {
                    return Ok(w);
                }
            }
        }
        Ok(self.new_weakref(class, target, callback))
    }
    /// `weakref.getweakrefcount` and `getweakrefs`.
    pub fn weakrefs_of(&self, v: &Value) -> Vec<Value> {
        self.heap
            .weakrefs_of(v)
            .into_iter()
            .map(Value::from)
            .collect()
    }
    /// Marks a native object as wanting its type's finalizer when dropped.
    pub fn set_finalize(&self, v: &Value, on: bool) {
        crate::memory::Heap::set_finalize(v, on);
    }
    /// An object's class and those above it whose instances can be weakly referenced.
    pub fn is_weakable(&self, v: &Value) -> bool {
        has_weakrefs(self.type_of(v))
    }
}

fn has_weakrefs(t: &Type) -> bool {
    t.has(TypeFlags::WEAKREF)
        || t.mro()
            .iter()
            .any(|c| c.has(TypeFlags::WEAKREF) && (!c.is_heap_type() || t.is_heap_type()))
}
