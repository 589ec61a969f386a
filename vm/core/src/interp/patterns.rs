//! The instructions of `match` (PEP 634).
use crate::frame::Regs;
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

impl Vm {
    pub(super) fn op_match(&self, r: &mut Regs, op: Quick, arg: u32) -> PyResult<()> {
        match op {
            Quick::GetLen => {
                let n = self.len(r.peek(1))?;
                r.push(self.new_int(n as i64));
            }
            Quick::MatchMapping => {
                let b = self.type_of(r.peek(1)).has(TypeFlags::MAPPING);
                r.push(Value::bool(b));
            }
            Quick::MatchSequence => {
                let b = self.type_of(r.peek(1)).has(TypeFlags::SEQUENCE);
                r.push(Value::bool(b));
            }
            Quick::MatchKeys => {
                let v = self.match_keys(r.peek(2), r.peek(1))?;
                r.push(v);
            }
            _ => {
                let names = r.pop();
                let class = r.pop();
                let subject = r.pop();
                let v = self.match_class(&subject, &class, arg as usize, &names)?;
                r.push(v);
            }
        }
        Ok(())
    }

    fn match_keys(&self, subject: &Value, keys: &Value) -> PyResult<Value> {
        let keys = self.collect(keys)?;
        let seen = self.new_set();
        let mut out = Vec::with_capacity(keys.len());
        let get = self.getattr(subject, &self.names.get_name)?;
        let missing: Value = self.heap.alloc(&self.types.object, Plain).into();
        for k in keys {
            if !self.set_add(&seen, k.clone())? {
                return Err(self.value_error(format!(
                    "mapping pattern checks duplicate key ({})",
                    self.repr_string(&k)?
                )));
            }
            let v = self.call(&get, &[k, missing.clone()])?;
            if v.is(&missing) {
                return Ok(Value::NONE);
            }
            out.push(v);
        }
        Ok(self.try_new_tuple(out)?.into())
    }

    fn match_class(
        &self,
        subject: &Value,
        class: &Value,
        n: usize,
        names: &Value,
    ) -> PyResult<Value> {
        let Some(t) = class.as_ref::<Type>() else {
            return Err(self.type_error(format!(
                "called match pattern must be a class, not {}",
                self.type_name(class)
            )));
        };
        if !self.isinstance(subject, class)? {
            return Ok(Value::NONE);
        }
        let mut out = Vec::new();
        let mut seen: Vec<Ref<Str>> = Vec::new();
        let mut take = |name: &Ref<Str>| -> PyResult<Option<Value>> {
            if seen.iter().any(|s| s.as_bytes() == name.as_bytes()) {
                return Err(self.type_error(format!(
                    "{}() got multiple sub-patterns for attribute '{}'",
                    t.name(),
                    name.to_string_lossy()
                )));
            }
            seen.push(name.clone());
            self.lookup_attr(subject, name)
        };
        if n > 0 {
            let match_args = self.lookup_attr(class, &self.names.match_args)?;
            let (allowed, whole) = match &match_args {
                Some(m) => match m.downcast::<Tuple>() {
                    Some(m) => (m.to_vec(), false),
                    None => {
                        return Err(self.type_error(format!(
                            "{}.__match_args__ must be a tuple (got {})",
                            t.name(),
                            self.type_name(m)
                        )));
                    }
                },
                None => (Vec::new(), t.has(TypeFlags::MATCH_SELF)),
            };
            let limit = if whole { 1 } else { allowed.len() };
            if n > limit {
                return Err(self.type_error(format!(
                    "{}() accepts {limit} positional sub-pattern{} ({n} given)",
                    t.name(),
                    if limit == 1 { "" } else { "s" }
                )));
            }
            if whole {
                out.push(subject.clone());
            } else {
                for a in &allowed[..n] {
                    let Some(name) = a.as_ref::<Str>() else {
                        return Err(self.type_error(format!(
                            "__match_args__ elements must be strings (got {})",
                            self.type_name(a)
                        )));
                    };
                    match take(name)? {
                        Some(v) => out.push(v),
                        None => return Ok(Value::NONE),
                    }
                }
            }
        }
        for name in self.collect(names)? {
            let Some(name) = name.as_ref::<Str>() else {
                continue;
            };
            match take(name)? {
                Some(v) => out.push(v),
                None => return Ok(Value::NONE),
            }
        }
        Ok(self.try_new_tuple(out)?.into())
    }
}
