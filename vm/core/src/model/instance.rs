//! The `__dict__` and `__weakref__` descriptors of classes, and making weak references.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

/// The `__dict__` descriptor of a class whose instances have one.
pub(crate) fn dict_descriptor(vm: &Vm, t: &Ref<Type>) -> Value {
    let g = GetSet {
        name: vm.names.dict.clone(),
        owner: t.clone(),
        get: get_dict,
        set: Some(set_dict),
        doc: "",
    };
    vm.heap.alloc(&vm.types.getset_descriptor, g).into()
}

pub fn get_dict(vm: &Vm, v: &Value) -> PyResult<Value> {
    match vm.dict_of(v) {
        Some(d) => Ok(d.into()),
        None => Err(vm.no_attribute(v, &vm.names.dict)),
    }
}

pub fn set_dict(vm: &Vm, v: &Value, value: Option<&Value>) -> PyResult<()> {
    let d = match value {
        Some(value) => match value.as_ref::<Dict>() {
            Some(d) => d.clone(),
            None => {
                return Err(vm.type_error(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    vm.type_name(value)
                )));
            }
        },
        None => vm.new_dict(),
    };
    vm.set_dict_of(v, d);
    Ok(())
}

/// The `__weakref__` descriptor.
pub(crate) fn weakref_descriptor(vm: &Vm, t: &Ref<Type>) -> Value {
    let get = |vm: &Vm, v: &Value| {
        let all = vm.heap.weakrefs_of(v);
        Ok(all.into_iter().next().map_or(Value::NONE, Value::from))
    };
    let g = GetSet {
        name: vm.names.weakref.clone(),
        owner: t.clone(),
        get,
        set: None,
        doc: "",
    };
    vm.heap.alloc(&vm.types.getset_descriptor, g).into()
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
        if !self.heap.has_room_for_weakref() {
            return Err(self.memory_error());
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
}

fn has_weakrefs(t: &Type) -> bool {
    t.has(TypeFlags::WEAKREF)
        || t.mro()
            .iter()
            .any(|c| c.has(TypeFlags::WEAKREF) && (!c.is_heap_type() || t.is_heap_type()))
}
