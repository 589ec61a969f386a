//! `isinstance` and `issubclass`.
use crate::memory::Value;
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

impl Vm {
    /// `isinstance(v, class)` with `__instancecheck__`, tuples and unions.
    pub fn isinstance(&self, v: &Value, class: &Value) -> PyResult<bool> {
        if self.type_of(v).as_value().is(class) {
            return Ok(true);
        }
        if let Some(t) = class.as_ref::<Type>()
            && t.class().is(&self.types.type_)
        {
            return self.real_isinstance(v, class);
        }
        if let Some(list) = class.downcast::<Tuple>() {
            self.guard_native_stack("in __instancecheck__")?;
            for c in list.iter() {
                if self.isinstance(v, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(r) =
            self.call_special(class, &self.names.instancecheck, std::slice::from_ref(v))?
        {
            return self.is_true(&r);
        }
        self.real_isinstance(v, class)
    }

    pub fn issubclass(&self, sub: &Value, class: &Value) -> PyResult<bool> {
        if let Some(t) = class.as_ref::<Type>()
            && t.class().is(&self.types.type_)
        {
            if sub.is(class) {
                return Ok(true);
            }
            return self.real_issubclass(sub, class);
        }
        if let Some(list) = class.downcast::<Tuple>() {
            self.guard_native_stack("in __subclasscheck__")?;
            for c in list.iter() {
                if self.issubclass(sub, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(r) =
            self.call_special(class, &self.names.subclasscheck, std::slice::from_ref(sub))?
        {
            return self.is_true(&r);
        }
        self.real_issubclass(sub, class)
    }

    pub fn real_isinstance(&self, v: &Value, class: &Value) -> PyResult<bool> {
        if let Some(t) = class.as_ref::<Type>() {
            if self.is_instance(v, t) {
                return Ok(true);
            }
            // Proxies say what they stand for through __class__.
            if crate::model::attr::is_generic(self.type_of(v)) && !self.type_of(v).is_heap_type() {
                return Ok(false);
            }
            return match self.lookup_attr(v, &self.names.class)? {
                Some(c) => Ok(c.as_ref::<Type>().is_some_and(|c| c.is_subtype(t))),
                None => Ok(false),
            };
        }
        let msg = "isinstance() arg 2 must be a type, a tuple of types, or a union";
        self.check_class(class, msg)?;
        match self.lookup_attr(v, &self.names.class)? {
            Some(c) => self.abstract_issubclass(&c, class),
            None => Ok(false),
        }
    }

    pub fn real_issubclass(&self, sub: &Value, class: &Value) -> PyResult<bool> {
        if let (Some(s), Some(t)) = (sub.as_ref::<Type>(), class.as_ref::<Type>()) {
            return Ok(s.is_subtype(t));
        }
        self.check_class(sub, "issubclass() arg 1 must be a class")?;
        self.check_class(
            class,
            "issubclass() arg 2 must be a class, a tuple of classes, or a union",
        )?;
        self.abstract_issubclass(sub, class)
    }

    fn check_class(&self, v: &Value, msg: &str) -> PyResult<()> {
        match self.lookup_attr(v, &self.names.bases)? {
            Some(b) if b.downcast::<Tuple>().is_some() => Ok(()),
            _ => Err(self.type_error(msg)),
        }
    }

    fn abstract_issubclass(&self, sub: &Value, class: &Value) -> PyResult<bool> {
        self.guard_native_stack("in __subclasscheck__")?;
        if sub.is(class) {
            return Ok(true);
        }
        let Some(bases) = self.lookup_attr(sub, &self.names.bases)? else {
            return Ok(false);
        };
        let Some(bases) = bases.downcast::<Tuple>() else {
            return Ok(false);
        };
        for b in bases.iter() {
            if self.abstract_issubclass(b, class)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
