//! Attribute access: generic look-up, descriptors, types, modules and `super` (CPython's Objects/object.c, typeobject.c).
use crate::memory::{Ref, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

impl Type {
    /// The attribute of the type or a base of it, unbound (`_PyType_Lookup`). `name` is interned.
    #[inline]
    pub fn lookup(&self, vm: &Vm, name: &Ref<Str>) -> Option<Value> {
        vm.type_lookup(self, name)
    }
}

impl Vm {
    /// `getattr(v, name)`.
    #[inline]
    pub fn getattr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Value> {
        match self.lookup_attr_raw(v, name)? {
            Some(v) => Ok(v),
            None => Err(self.no_attribute(v, name)),
        }
    }
    /// `getattr` that may report absence without an exception, but passes on AttributeErrors that Python code raised.
    #[inline]
    fn lookup_attr_raw(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        match self.type_of(v).slots.getattr.get() {
            Some(f) => f(self, v, name),
            None => self.generic_getattr(v, name),
        }
    }
    /// `getattr(v, name, None)` as an option: an AttributeError is absence.
    pub fn lookup_attr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        match self.lookup_attr_raw(v, name) {
            Err(e) if self.exc_is(&e, &self.exc.attribute_error) => Ok(None),
            r => r,
        }
    }
    pub fn getattr_str(&self, v: &Value, name: &str) -> PyResult<Value> {
        self.getattr(v, &self.intern(name))
    }
    /// Sets an attribute, or deletes it when there is no value.
    pub fn setattr(&self, v: &Value, name: &Ref<Str>, value: Option<&Value>) -> PyResult<()> {
        let name = &self.intern_ref(name);
        match self.type_of(v).slots.setattr.get() {
            Some(f) => f(self, v, name, value),
            None => self.generic_setattr(v, name, value),
        }
    }

    /// Applies `__get__`. `obj` is none when read from the class itself.
    #[inline]
    pub fn bind_descriptor(
        &self,
        descr: &Value,
        obj: Option<&Value>,
        class: &Value,
    ) -> PyResult<Value> {
        if descr.downcast::<Function>().is_some() {
            return Ok(match obj {
                Some(o) => self.new_bound(descr.clone(), o.clone()),
                None => descr.clone(),
            });
        }
        match self.type_of(descr).slots.descr_get.get() {
            Some(f) => f(self, descr, obj, class),
            None => Ok(descr.clone()),
        }
    }

    /// A special method of `v`'s class, bound.
    pub fn lookup_special(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        match self.type_of(v).lookup(self, name) {
            Some(f) => self
                .bind_descriptor(&f, Some(v), self.type_of(v).as_value())
                .map(Some),
            None => Ok(None),
        }
    }

    /// The function behind `v.name(...)` when calling it with `v` in front is the same: found on the type, a plain
    /// method, not hidden by an instance attribute.
    pub(crate) fn plain_method(&self, v: &Value, name: &Ref<Str>) -> Option<Value> {
        let ty = self.type_of(v);
        if !is_generic(ty) {
            return None;
        }
        let f = ty.lookup(self, name)?;
        if !self.type_of(&f).has(TypeFlags::METHOD_DESCR) {
            return None;
        }
        if self.instance_attr(v, name).is_some() {
            return None;
        }
        Some(f)
    }

    /// An attribute in the object's own namespace.
    #[inline]
    pub(crate) fn instance_attr(&self, v: &Value, name: &Ref<Str>) -> Option<Value> {
        if let Some(i) = v.downcast::<Instance>() {
            return i.get(name, name.hash_with(&self.hash_keys));
        }
        self.own_dict(v).and_then(|d| self.dict_get_str(&d, name))
    }

    /// The dict that holds an object's own attributes, when there is one already (instances keep theirs in slots).
    fn own_dict(&self, v: &Value) -> Option<Ref<Dict>> {
        match v.kind()? {
            crate::memory::Kind::Module => v.downcast::<Module>().map(|m| m.dict.clone()),
            crate::memory::Kind::Function => v.downcast::<Function>().and_then(|f| f.dict.get()),
            _ => self.heap.side_dict(v),
        }
    }

    /// Whether an object that is no instance of a Python class has no attributes in a dict.
    pub fn has_no_dict(&self, v: &Value) -> bool {
        self.own_dict(v).is_none()
    }

    /// `v.__dict__`, made now if needed; none when the object has no dict.
    pub fn dict_of(&self, v: &Value) -> Option<Ref<Dict>> {
        if let Some(i) = v.downcast::<Instance>() {
            if !self.type_of(v).has(TypeFlags::DICT) {
                return None;
            }
            if let Some(d) = i.dict() {
                return Some(d);
            }
            let d = self.new_dict();
            i.move_into(self, d.clone());
            return Some(d);
        }
        if let Some(m) = v.downcast::<Module>() {
            return Some(m.dict.clone());
        }
        if let Some(f) = v.downcast::<Function>() {
            if f.dict.is_none() {
                f.dict.set(Some(self.new_dict()));
            }
            return f.dict.get();
        }
        if !self.type_of(v).has(TypeFlags::DICT) {
            return None;
        }
        if let Some(d) = self.heap.side_dict(v) {
            return Some(d);
        }
        let d = self.new_dict();
        self.heap.set_side_dict(v, Some(d.clone()));
        Some(d)
    }

    pub fn set_dict_of(&self, v: &Value, d: Ref<Dict>) {
        if let Some(i) = v.downcast::<Instance>() {
            i.use_dict(d);
        } else if let Some(f) = v.downcast::<Function>() {
            f.dict.set(Some(d));
        } else {
            self.heap.set_side_dict(v, Some(d));
        }
    }

    /// `object.__getattribute__`, absence told apart.
    pub fn generic_getattr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let name = &self.intern_ref(name);
        let ty = self.type_of(v);
        let descr = ty.lookup(self, name);
        if let Some(d) = &descr {
            let dt = self.type_of(d);
            if dt.slots.descr_set.get().is_some()
                && let Some(get) = dt.slots.descr_get.get()
            {
                return get(self, d, Some(v), ty.as_value()).map(Some);
            }
        }
        if let Some(own) = self.instance_attr(v, name) {
            return Ok(Some(own));
        }
        match descr {
            Some(d) => self.bind_descriptor(&d, Some(v), ty.as_value()).map(Some),
            None => Ok(None),
        }
    }

    /// `object.__setattr__` and `object.__delattr__`.
    pub fn generic_setattr(
        &self,
        v: &Value,
        name: &Ref<Str>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let name = &self.intern_ref(name);
        let ty = self.type_of(v);
        let descr = ty.lookup(self, name);
        if let Some(d) = &descr
            && let Some(set) = self.type_of(d).slots.descr_set.get()
        {
            return set(self, d, v, value);
        }
        if let Some(i) = v.downcast::<Instance>()
            && ty.has(TypeFlags::DICT)
        {
            let hash = name.hash_with(&self.hash_keys);
            match value {
                Some(value) => i.set(self, ty, name, hash, value.clone()),
                None if i.delete(self, ty, name, hash) => {}
                None => return Err(self.no_attribute(v, name)),
            }
            return Ok(());
        }
        let dict = match value {
            Some(_) => self.dict_of(v),
            None => self.own_dict(v),
        };
        let has_dict = dict.is_some() || ty.has(TypeFlags::DICT);
        match (dict, value) {
            (Some(d), Some(value)) => {
                self.dict_set_str(&d, name, value.clone());
                Ok(())
            }
            (Some(d), None) if self.dict_del_str(&d, name).is_some() => Ok(()),
            (_, None) if descr.is_none() || has_dict => Err(self.no_attribute(v, name)),
            _ => {
                let tn = ty.name();
                let n = name.to_string_lossy();
                let msg = if descr.is_some() {
                    format!("'{tn}' object attribute '{n}' is read-only")
                } else {
                    format!(
                        "'{tn}' object has no attribute '{n}' and no __dict__ for setting new attributes"
                    )
                };
                Err(self.attribute_error(msg, v, name))
            }
        }
    }

    /// `type.__getattribute__`.
    pub fn type_getattr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let name = &self.intern_ref(name);
        let Some(t) = v.as_ref::<Type>() else {
            return self.generic_getattr(v, name);
        };
        let meta = self.type_of(v);
        let meta_attr = meta.lookup(self, name);
        if let Some(d) = &meta_attr {
            let dt = self.type_of(d);
            if dt.slots.descr_set.get().is_some()
                && let Some(get) = dt.slots.descr_get.get()
            {
                return get(self, d, Some(v), meta.as_value()).map(Some);
            }
        }
        if let Some(a) = t.lookup(self, name) {
            return self.bind_descriptor(&a, None, v).map(Some);
        }
        match meta_attr {
            Some(d) => self.bind_descriptor(&d, Some(v), meta.as_value()).map(Some),
            None => Ok(None),
        }
    }

    /// `type.__setattr__`.
    pub fn type_setattr(&self, v: &Value, name: &Ref<Str>, value: Option<&Value>) -> PyResult<()> {
        let Some(t) = v.as_ref::<Type>() else {
            return self.generic_setattr(v, name, value);
        };
        if t.has(TypeFlags::IMMUTABLE) {
            return Err(self.type_error(format!(
                "cannot set '{}' attribute of immutable type '{}'",
                name.to_string_lossy(),
                t.name()
            )));
        }
        let name = &self.intern_ref(name);
        let meta = self.type_of(v);
        if let Some(d) = meta.lookup(self, name)
            && let Some(set) = self.type_of(&d).slots.descr_set.get()
        {
            return set(self, &d, v, value);
        }
        match value {
            Some(value) => self.dict_set_str(&t.dict(), name, value.clone()),
            None => {
                if self.dict_del_str(&t.dict(), name).is_none() {
                    return Err(self.no_attribute(v, name));
                }
            }
        }
        self.type_changed(t, name);
        Ok(())
    }

    /// Brings caches and slots up to date after a change of a type's namespace.
    pub fn type_changed(&self, t: &Ref<Type>, name: &Ref<Str>) {
        t.modified();
        let bytes = name.as_bytes();
        if bytes.starts_with(b"__") && bytes.ends_with(b"__") {
            self.update_slots_deep(t);
        }
    }

    fn update_slots_deep(&self, t: &Ref<Type>) {
        if t.is_heap_type() {
            self.update_slots(t);
        }
        for s in t.subclasses() {
            self.update_slots_deep(&s);
        }
    }

    /// Module attributes: the namespace, then lazily made natives, then the module's `__getattr__`.
    pub fn module_getattr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let Some(m) = v.downcast::<Module>() else {
            return self.generic_getattr(v, name);
        };
        if let Some(a) = self.dict_get_str(&m.dict, name) {
            return Ok(Some(a));
        }
        if let Some(a) = self.generic_getattr(v, name)? {
            return Ok(Some(a));
        }
        if let Some(lazy) = m.lazy.get()
            && let Some(a) = lazy(self, v, name)?
        {
            return Ok(Some(a));
        }
        if let Some(f) = self.dict_get_str(&m.dict, &self.names.getattr) {
            return self.call(&f, &[name.value()]).map(Some);
        }
        Ok(None)
    }

    /// `super().name`: the attribute after `this_class` in the MRO of the object's class.
    pub fn super_getattr(&self, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let name = &self.intern_ref(name);
        let Some(s) = v.downcast::<Super>() else {
            return self.generic_getattr(v, name);
        };
        if let (Some(start), Some(this)) = (s.obj_type.get(), s.this_class.get())
            && !name.is(&self.names.class)
        {
            let mro = start.mro();
            let from = mro
                .iter()
                .position(|t| t.is(&this))
                .map_or(mro.len(), |i| i + 1);
            for t in &mro[from..] {
                if let Some(a) = self.dict_get_str(&t.dict(), name) {
                    let obj = s.obj.get();
                    let obj = if obj.is(start.as_value()) {
                        None
                    } else {
                        Some(&obj)
                    };
                    return self.bind_descriptor(&a, obj, start.as_value()).map(Some);
                }
            }
        }
        self.generic_getattr(v, name)
    }

    /// Sets slot `slot` of a native object from a setter that forbids deletion.
    pub fn set_slot_attr(&self, slot: &Slot, value: Option<&Value>, what: &str) -> PyResult<()> {
        match value {
            Some(v) => {
                slot.set(v.clone());
                Ok(())
            }
            None => Err(self.type_error(format!("cannot delete {what}"))),
        }
    }
}

/// Whether attribute access on instances of this type is `object`'s.
pub(crate) fn is_generic(t: &Type) -> bool {
    match t.slots.getattr.get() {
        None => true,
        Some(f) => std::ptr::fn_addr_eq(f, object_getattr as GetAttrFn),
    }
}

/// Whether attributes of the class's instances are looked up and set as `object` does it.
pub fn is_plain(t: &Type) -> bool {
    is_generic(t)
        && (t.slots.setattr.get())
            .is_none_or(|f| std::ptr::fn_addr_eq(f, object_setattr as SetAttrFn))
}

/// The slot of `object.__getattribute__`.
pub fn object_getattr(vm: &Vm, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    vm.generic_getattr(v, name)
}
pub fn object_setattr(vm: &Vm, v: &Value, name: &Ref<Str>, value: Option<&Value>) -> PyResult<()> {
    vm.generic_setattr(v, name, value)
}
