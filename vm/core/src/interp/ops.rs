//! Instructions that are not calls, jumps or resumption: operators, names, attributes, containers, formatting.
use super::CMP_OPS;
use crate::frame::Regs;
use crate::memory::{Kind, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Ticks;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};
use lasti_bytecode::opcode::{intrinsic1, intrinsic2, make_function};
use std::cell::Cell;

impl Vm {
    /// A binary operator on what the loop has no fast path for.
    #[inline(never)]
    pub(super) fn binary_op(&self, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
        match self.number_op(a, b, op) {
            Some(v) => Ok(v),
            None => self.binary(a, b, op),
        }
    }
    /// The quick cases of small numbers.
    #[inline]
    fn number_op(&self, a: &Value, b: &Value, op: BinOp) -> Option<Value> {
        if let (Some(a), Some(b)) = (a.as_inline_float(), b.as_inline_float()) {
            if op == BinOp::TrueDiv && b != 0.0 {
                return Some(self.new_float(a / b));
            }
            None
        } else if let Some((a, b)) = Value::both_small(a, b) {
            match op {
                BinOp::Mod if b > 0 => Some(Value::small_int(a.rem_euclid(b))),
                BinOp::FloorDiv if b > 0 => Value::try_int(a.div_euclid(b)),
                BinOp::And => Some(Value::small_int(a & b)),
                BinOp::Or => Some(Value::small_int(a | b)),
                BinOp::Xor => Some(Value::small_int(a ^ b)),
                _ => None,
            }
        } else {
            None
        }
    }

    /// An in-place operator on what the loop has no fast path for.
    #[inline(never)]
    pub(super) fn inplace_op(&self, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
        match self.number_op(a, b, op) {
            Some(v) => Ok(v),
            None => self.inplace(a, b, op),
        }
    }

    pub(super) fn op_unary(&self, r: &mut Regs, op: UnOp) -> PyResult<()> {
        let v = match (r.peek(1).as_small_int(), op) {
            (Some(i), UnOp::Neg) => self.new_int(-i),
            _ => self.unary(r.peek(1), op)?,
        };
        r.set_top(v);
        Ok(())
    }

    /// COMPARE_OP on what the loop has no fast path for.
    #[inline(never)]
    pub(super) fn compare_op(&self, a: &Value, b: &Value, arg: u32) -> PyResult<Value> {
        Ok(match arg {
            0..=5 => {
                let op = CMP_OPS[arg as usize];
                if let (Some(x), Some(y)) = (a.as_inline_float(), b.as_inline_float()) {
                    Value::bool(match op {
                        CmpOp::Lt => x < y,
                        CmpOp::Le => x <= y,
                        CmpOp::Eq => x == y,
                        CmpOp::Ne => x != y,
                        CmpOp::Gt => x > y,
                        CmpOp::Ge => x >= y,
                    })
                } else {
                    self.compare(a, b, op)?
                }
            }
            6 => Value::bool(self.contains(b, a)?),
            7 => Value::bool(!self.contains(b, a)?),
            8 => Value::bool(a.is(b)),
            9 => Value::bool(!a.is(b)),
            _ => Value::bool(self.exception_matches(a, b)?),
        })
    }

    // ---- names ----

    #[cold]
    pub(super) fn unbound_local(&self, r: &Regs, i: usize) -> Exc {
        let name = &r.frame().code.varnames[i];
        let e = self.new_exception(
            &self.exc.unbound_local_error,
            format!(
                "cannot access local variable '{}' where it is not associated with a value",
                name.to_string_lossy()
            ),
        );
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, name.value());
        }
        e
    }
    #[cold]
    pub(super) fn unbound_deref(&self, r: &Regs, i: u32) -> Exc {
        let code = &r.frame().code;
        if i < code.ncells {
            return self.unbound_local(r, (code.nlocals + i) as usize);
        }
        let name = &code.varnames[(code.nlocals + i) as usize];
        let e = self.new_exception(
            &self.exc.name_error,
            format!(
                "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
                name.to_string_lossy()
            ),
        );
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, name.value());
        }
        e
    }

    #[inline(never)]
    pub(super) fn op_load_global(&self, r: &mut Regs, i: &Instr) -> PyResult<()> {
        let f = r.frame();
        if i.op.get() == Quick::LoadGlobalModule {
            i.uncache_global();
            i.op.set(Quick::LoadGlobal);
        }
        let name = &f.code.names[i.arg.get() as usize];
        let hash = name.hash_with(&self.hash_keys);
        let (globals, builtins) = (&f.function.globals, &f.function.builtins);
        if let Some(n) = globals.find_str(name, hash) {
            if let Some(version) = globals.keys_version(&self.heap)
                && i.cache_global(version, globals.place_of(n))
            {
                i.op.set(Quick::LoadGlobalModule);
            }
            let v = globals.value_at(n);
            r.push(v);
            return Ok(());
        }
        if !globals.class().is(&self.types.dict) {
            // A subclass may answer for missing names (annotationlib's stringifier does).
            let name = name.clone();
            let v = self.global_or_builtin(r, &name)?;
            r.push(v);
            return Ok(());
        }
        let Some(n) = builtins.find_str(name, hash) else {
            return Err(self.name_error(name));
        };
        if let (Some(g), Some(b)) = (
            globals.keys_version(&self.heap),
            builtins.keys_version(&self.heap),
        ) && n <= u16::MAX as usize
        {
            i.set_cache(g.get(), b.get());
            i.oparg2.set(n as u16);
            i.op.set(Quick::LoadGlobalBuiltin);
        }
        let v = builtins.value_at(n);
        r.push(v);
        Ok(())
    }

    pub(super) fn op_load_name(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let f = r.frame();
        let name = f.code.names[arg as usize].clone();
        let locals = f.locals.get();
        if let Some(v) = self.mapping_get(&locals, &name)? {
            self.cache_name(r, &name, Quick::LoadNameCached);
            r.push(v);
            return Ok(());
        }
        let v = self.global_or_builtin(r, &name)?;
        r.push(v);
        Ok(())
    }

    /// Lets the running instruction find `name` at its entry of the namespace, if that is a module's dict.
    fn cache_name(&self, r: &Regs, name: &crate::memory::Ref<Str>, op: Quick) {
        let i = r.instr();
        if let Some(d) = r.frame().namespace()
            && d.class().is(&self.types.dict)
            && let Some(n) = d.find_str(name, name.hash_with(&self.hash_keys))
            && let Some(version) = d.keys_version(&self.heap)
        {
            i.set_cache(version.get(), n as u32);
            i.op.set(op);
        }
    }

    fn global_or_builtin(&self, r: &Regs, name: &crate::memory::Ref<Str>) -> PyResult<Value> {
        let f = &r.frame().function;
        let found = if f.globals.class().is(&self.types.dict) {
            self.dict_get_str(&f.globals, name)
        } else {
            let globals = f.globals.value();
            self.mapping_get(&globals, name)?
        };
        let f = &r.frame().function;
        let found = found.or_else(|| self.dict_get_str(&f.builtins, name));
        found.ok_or_else(|| self.name_error(name))
    }

    /// A name in a namespace that may be any mapping; KeyError is absence.
    fn mapping_get(
        &self,
        locals: &Value,
        name: &crate::memory::Ref<Str>,
    ) -> PyResult<Option<Value>> {
        if let Some(d) = locals.as_ref::<Dict>()
            && !d.class().is_heap_type()
        {
            return Ok(self.dict_get_str(d, name));
        }
        if locals.is_unbound() {
            return Ok(None);
        }
        let r = self.getitem(locals, name.as_value());
        self.catch(r, &self.exc.key_error)
    }

    pub(super) fn op_store_name(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let v = r.pop();
        let f = r.frame();
        let name = f.code.names[arg as usize].clone();
        let locals = f.locals.get();
        match locals.as_ref::<Dict>() {
            Some(d) if !d.class().is_heap_type() => {
                self.dict_set_str(d, &name, v);
                self.cache_name(r, &name, Quick::StoreNameCached);
                Ok(())
            }
            _ if locals.is_unbound() => Err(self.new_exception(
                &self.exc.system_error,
                format!("no locals found when storing '{}'", name.to_string_lossy()),
            )),
            _ => self.setitem(&locals, name.as_value(), &v),
        }
    }

    /// `text += more`, long enough that copying it each time would tell: the variable that the result goes to lets go of the old
    /// text, which then grows where it is if nobody else holds it (CPython's `unicode_concatenate`). False: nothing was done.
    #[inline(never)]
    pub(super) fn append_text(&self, r: &mut Regs) -> bool {
        let (Some(text), Some(more)) = (r.peek(2).as_ref::<Str>(), r.peek(1).as_ref::<Str>())
        else {
            return false;
        };
        let plain = |s: &crate::Ref<Str>| s.class().is(&self.types.str) && !s.is_empty();
        let len = text.byte_len() + more.byte_len();
        if len < GROWS_FROM || !plain(text) || !plain(more) {
            return false;
        }
        // Where there is no memory for the sum and its room, the plain sum raises, with all operands in their places.
        if !Str::has_room(text, more) && self.prepare::<Str>(Str::grown(len)).is_err() {
            return false;
        }
        let next = r.following();
        let arg = next.arg.get() as usize;
        match next.op.get() {
            Quick::StoreFast if r.local(arg).is(r.peek(2)) => r.set_local(arg, Value::UNBOUND),
            Quick::StoreDeref => {
                let n = r.frame().code.nlocals as usize + arg;
                if let Some(c) = r.local(n).downcast::<PyCell>()
                    && c.content.holds(r.peek(2))
                {
                    c.content.set(Value::UNBOUND);
                }
            }
            Quick::StoreNameCached => {
                let (version, entry) = next.cache();
                if let Some(d) = r.frame().namespace()
                    && d.current_version() == version
                    && d.get_at(entry as usize).is_some_and(|v| v.is(r.peek(2)))
                {
                    // Nothing runs until the store.
                    drop(d.replace_at(entry as usize, Value::NONE));
                }
            }
            _ => {}
        }
        let more = r.pop();
        let text = std::mem::replace(r.peek_mut(1), Value::UNBOUND);
        let (Some(a), Some(b)) = (text.as_ref::<Str>(), more.as_ref::<Str>()) else {
            return false;
        };
        let sum = if Str::append(a, b) {
            text
        } else {
            Str::concat(&self.heap, &self.types.str, a, b, true).into()
        };
        r.set_top(sum);
        true
    }

    pub(super) fn op_delete_name(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let f = r.frame();
        let name = f.code.names[arg as usize].clone();
        let locals = f.locals.get();
        let found = match locals.as_ref::<Dict>() {
            Some(d) if !d.class().is_heap_type() => self.dict_del_str(d, &name).is_some(),
            _ if locals.is_unbound() => {
                return Err(self.new_exception(
                    &self.exc.system_error,
                    format!("no locals when deleting '{}'", name.to_string_lossy()),
                ));
            }
            _ => {
                let deleted = self.delitem(&locals, name.as_value());
                self.catch(deleted, &self.exc.key_error)?.is_some()
            }
        };
        if found {
            Ok(())
        } else {
            Err(self.name_error(&name))
        }
    }

    pub(super) fn op_load_class_name(&self, r: &mut Regs, op: Quick, arg: u32) -> PyResult<()> {
        let code = r.frame().code.clone();
        let (name, mapping) = match op {
            Quick::LoadFromDictOrGlobals => (code.names[arg as usize].clone(), r.pop()),
            Quick::LoadFromDictOrDeref => (
                code.varnames[(code.nlocals + arg) as usize].clone(),
                r.pop(),
            ),
            _ => (
                code.varnames[(code.nlocals + arg) as usize].clone(),
                r.frame().locals.get(),
            ),
        };
        let v = match self.mapping_get(&mapping, &name)? {
            Some(v) => v,
            None if op == Quick::LoadFromDictOrGlobals => self.global_or_builtin(r, &name)?,
            None => {
                let cell = r.local((code.nlocals + arg) as usize);
                let v = cell
                    .downcast::<PyCell>()
                    .map_or(Value::UNBOUND, |c| c.content.get());
                if v.is_unbound() {
                    return Err(self.unbound_deref(r, arg));
                }
                v
            }
        };
        r.push(v);
        Ok(())
    }

    // ---- attributes ----

    #[inline(never)]
    pub(super) fn op_load_attr(&self, r: &mut Regs, i: &Instr) -> PyResult<()> {
        let code = r.frame().code.clone();
        let name = &code.names[i.arg.get() as usize];
        let v = r.peek(1).clone();
        let was = i.op.replace(Quick::LoadAttr);
        if let Some(o) = v.downcast::<Instance>() {
            let ty = self.type_of(&v);
            if crate::model::attr::is_generic(ty)
                && !o.has_dict()
                && let Some(n) = o.find(name)
                && n <= u16::MAX as usize
            {
                let descr = ty.lookup(self, name);
                let plain = descr
                    .as_ref()
                    .is_none_or(|d| self.type_of(d).slots.descr_set.get().is_none())
                    || descr
                        .as_ref()
                        .is_some_and(|d| d.downcast::<Member>().is_some_and(|m| m.index == n));
                if plain
                    && let Some(version) = ty.version()
                    && o.shape_id() != 0
                {
                    i.set_cache(version.get(), o.shape_id());
                    i.oparg2.set(n as u16);
                    i.op.set(Quick::LoadAttrSlot);
                }
            } else if crate::model::attr::is_generic(ty)
                && let Some(descr) = ty.lookup(self, name)
                && let Some(p) = descr.downcast::<Property>()
                && self.type_of(&descr).is(&self.types.property)
                && let Ok(getter) = p.get.get().into_ref::<Function>()
            {
                let number = if was == Quick::LoadAttrProperty {
                    Some(i.oparg2.get())
                } else {
                    u16::try_from(code.cached.borrow().len()).ok()
                };
                if let Some(number) = number
                    && let Some(version) = ty.version()
                    && i.respecializations.get() < u8::MAX
                {
                    i.respecializations.set(i.respecializations.get() + 1);
                    if was == Quick::LoadAttrProperty {
                        code.set_cached(number as u32, descr.clone());
                    } else {
                        code.cache_value(descr.clone());
                    }
                    i.oparg2.set(number);
                    i.set_cache(version.get(), 0);
                    i.op.set(Quick::LoadAttrProperty);
                }
                // A getter's frame is entered, as that of any call.
                return self.call_any(r, getter.as_value(), crate::Args::pos(&[v]), 1);
            }
        } else if let Some(m) = v.downcast::<Module>()
            && self.type_of(&v).is(&self.types.module)
            && let Some(n) = m.dict.find_str(name, name.hash_with(&self.hash_keys))
            && let Some(version) = m.dict.keys_version(&self.heap)
        {
            i.set_cache(version.get(), n as u32);
            i.op.set(Quick::LoadAttrModule);
        }
        let v = self.getattr(&v, name)?;
        r.set_top(v);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn op_store_attr(&self, r: &mut Regs, i: &Instr) -> PyResult<()> {
        let code = r.frame().code.clone();
        let name = &code.names[i.arg.get() as usize];
        let target = r.peek(1).clone();
        let value = r.peek(2).clone();
        let before = target.downcast::<Instance>().map(|o| o.shape_id());
        self.setattr(&target, name, Some(&value))?;
        let was = i.op.replace(Quick::StoreAttr);
        let ty = self.type_of(&target);
        if let Some(o) = target.downcast::<Instance>()
            && i.respecializations.get() < u8::MAX
            && ty.slots.setattr.get().is_some_and(|f| {
                std::ptr::fn_addr_eq(f, crate::model::attr::object_setattr as SetAttrFn)
            })
            && !o.has_dict()
            && let Some(n) = o.find(name)
            && n <= u16::MAX as usize
            && ty.lookup(self, name).is_none_or(|d| {
                self.type_of(&d).slots.descr_set.get().is_none()
                    || d.downcast::<Member>().is_some_and(|m| m.index == n)
            })
            && let Some(version) = ty.version()
            && o.shape_id() != 0
            && let Some(before) = before.filter(|b| *b != 0)
        {
            i.respecializations.set(i.respecializations.get() + 1);
            if before == o.shape_id() {
                i.set_cache(version.get(), before);
                i.oparg2.set(n as u16);
                i.op.set(Quick::StoreAttrSlot);
            } else if n + 1 == o.shape().keys.len() {
                let old = (was == Quick::StoreAttrNew).then(|| i.oparg2.get());
                if let Some(number) = code.cache_shape(o.shape(), old) {
                    i.set_cache(version.get(), before);
                    i.oparg2.set(number);
                    i.op.set(Quick::StoreAttrNew);
                }
            }
        }
        r.drop_top(2);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn op_load_method(&self, r: &mut Regs, i: &Instr) -> PyResult<()> {
        let code = r.frame().code.clone();
        let name = &code.names[i.arg.get() as usize];
        let v = r.peek(1).clone();
        let was_cached = i.op.get() == Quick::LoadMethodCached;
        if let Some(m) = v.downcast::<Module>()
            && self.type_of(&v).is(&self.types.module)
            && let Some(n) = m.dict.find_str(name, name.hash_with(&self.hash_keys))
        {
            if let Some(version) = m.dict.keys_version(&self.heap) {
                i.set_cache(version.get(), n as u32);
                i.op.set(Quick::LoadMethodModule);
            }
            r.set_top(Value::UNBOUND);
            r.push(m.dict.value_at(n));
            return Ok(());
        }
        if let Some(f) = self.plain_method(&v, name) {
            let ty = self.type_of(&v);
            // Objects with a dict beside them may grow an attribute that hides the method.
            let cacheable = match v.downcast::<Instance>() {
                Some(o) => !o.has_dict() && o.shape_id() != 0,
                None => {
                    !v.has_side_dict() && !matches!(v.kind(), Some(Kind::Function | Kind::Module))
                }
            };
            if cacheable && let Some(version) = ty.version() {
                let shape = v.downcast::<Instance>().map_or(0, |o| o.shape_id());
                if was_cached {
                    code.set_cached(i.oparg2.get() as u32, f.clone());
                } else if code.cached.borrow().len() < u16::MAX as usize
                    && i.respecializations.get() < u8::MAX
                {
                    i.respecializations.set(i.respecializations.get() + 1);
                    i.oparg2.set(code.cache_value(f.clone()) as u16);
                    i.op.set(Quick::LoadMethodCached);
                }
                if i.op.get() == Quick::LoadMethodCached {
                    i.set_cache(version.get(), shape);
                }
            }
            r.set_top(f);
            r.push(v);
            return Ok(());
        }
        let attr = self.getattr(&v, name)?;
        r.set_top(Value::UNBOUND);
        r.push(attr);
        Ok(())
    }

    // ---- items and containers ----

    /// BINARY_SUBSCR.
    #[inline(never)]
    pub(super) fn subscr_op(&self, v: &Value, key: &Value) -> PyResult<Value> {
        if let Some(n) = key.as_small_int() {
            let found = match v.kind() {
                Some(crate::memory::Kind::List) if n >= 0 => match v.as_ref::<List>() {
                    Some(l) if l.class().is(&self.types.list) => l.get(n as usize),
                    _ => None,
                },
                Some(crate::memory::Kind::Tuple) if n >= 0 => match v.as_ref::<Tuple>() {
                    Some(t) if t.class().is(&self.types.tuple) => t.get(n as usize).cloned(),
                    _ => None,
                },
                _ => None,
            };
            if let Some(v) = found {
                return Ok(v);
            }
        }
        self.getitem(v, key)
    }

    /// STORE_SUBSCR.
    #[inline(never)]
    pub(super) fn store_subscr_op(&self, target: &Value, key: &Value, v: &Value) -> PyResult<()> {
        if let Some(l) = target.as_ref::<List>()
            && let Some(n) = key.as_small_int()
            && (n as u64) < l.len() as u64
            && !l.class().is_heap_type()
        {
            l.set(n as usize, v.clone());
            return Ok(());
        }
        self.setitem(target, key, v)
    }

    pub(super) fn op_build_const_key_map(&self, r: &mut Regs, n: usize) -> PyResult<()> {
        let keys = r.pop();
        let values = r.take(n);
        let d = self.new_dict();
        if let Some(keys) = keys.downcast::<Tuple>() {
            for (k, v) in keys.iter().zip(values) {
                self.dict_insert(&d, k.clone(), v)?;
            }
        }
        r.push(d.into());
        Ok(())
    }

    pub(super) fn op_build_string(&self, r: &mut Regs, n: usize) -> PyResult<()> {
        let mut out = Vec::new();
        for v in r.top(n) {
            if let Some(s) = v.downcast::<Str>() {
                self.extend(&mut out, s.as_bytes())?;
            }
        }
        let s = self.try_new_wtf8(&out)?;
        r.drop_top(n);
        r.push(s.into());
        Ok(())
    }

    pub(super) fn op_build_unpack(&self, r: &mut Regs, op: Quick, n: usize) -> PyResult<()> {
        let mut items = Vec::new();
        for i in 0..n {
            let v = r.peek(n - i).clone();
            match self.collect(&v) {
                Ok(more) => {
                    self.reserve(&mut items, more.len())?;
                    items.extend(more);
                }
                Err(e) => {
                    let ty = self.type_of(&v);
                    let iterable =
                        ty.slots.iter.get().is_some() || ty.slots.getitem.get().is_some();
                    if !iterable && self.exc_is(&e, &self.exc.type_error) {
                        let t = self.type_name(&v);
                        return Err(self.type_error(if op == Quick::BuildSetUnpack {
                            format!("'{t}' object is not iterable")
                        } else {
                            format!("Value after * must be an iterable, not {t}")
                        }));
                    }
                    return Err(e);
                }
            }
        }
        let v = match op {
            Quick::BuildListUnpack => self.new_list(items),
            Quick::BuildSetUnpack => {
                let s = self.new_set();
                for v in items {
                    self.set_add(&s, v)?;
                }
                s.into()
            }
            _ => self.new_tuple(items).into(),
        };
        r.drop_top(n);
        r.push(v);
        Ok(())
    }

    pub(super) fn op_build_map_unpack(&self, r: &mut Regs, op: Quick, n: usize) -> PyResult<()> {
        let with_call = op == Quick::BuildMapUnpackWithCall;
        let out = self.new_dict();
        for i in 0..n {
            let m = r.peek(n - i).clone();
            if m.downcast::<Dict>().is_none() && self.lookup_attr(&m, &self.names.keys)?.is_none() {
                let t = self.type_name(&m);
                return Err(self.type_error(if with_call {
                    format!(
                        "{} argument after ** must be a mapping, not {t}",
                        self.callable_name(r.peek(n + 2))
                    )
                } else {
                    format!("'{t}' object is not a mapping")
                }));
            }
            if with_call {
                let step = self.new_dict();
                self.dict_update(&step, &m)?;
                for (k, v) in step.items() {
                    if k.downcast::<Str>().is_none() {
                        return Err(self.type_error("keywords must be strings"));
                    }
                    if self.dict_lookup(&out, &k)?.is_some() {
                        return Err(self.type_error(format!(
                            "{} got multiple values for keyword argument '{}'",
                            self.callable_name(r.peek(n + 2)),
                            self.display(&k)
                        )));
                    }
                    self.dict_insert(&out, k, v)?;
                }
            } else {
                self.dict_update(&out, &m)?;
            }
        }
        r.drop_top(n);
        r.push(out.into());
        Ok(())
    }

    pub(super) fn op_unpack_sequence(&self, r: &mut Regs, n: usize) -> PyResult<()> {
        let v = r.pop();
        if let Some(t) = v.as_ref::<Tuple>()
            && t.class().is(&self.types.tuple)
            && t.len() == n
        {
            for item in t.iter().rev() {
                r.push(item.clone());
            }
            return Ok(());
        }
        let items = self.unpack_exactly(&v, n)?;
        for item in items.into_iter().rev() {
            r.push(item);
        }
        Ok(())
    }

    fn unpack_iter(&self, v: &Value) -> PyResult<Value> {
        self.iter(v).map_err(|e| {
            let ty = self.type_of(v);
            let iterable = ty.slots.iter.get().is_some() || ty.slots.getitem.get().is_some();
            if self.exc_is(&e, &self.exc.type_error) && !iterable {
                return self.type_error(format!(
                    "cannot unpack non-iterable {} object",
                    self.type_name_or_none_type(v)
                ));
            }
            e
        })
    }
    fn type_name_or_none_type(&self, v: &Value) -> String {
        self.type_name(v)
    }

    fn unpack_exactly(&self, v: &Value, n: usize) -> PyResult<Vec<Value>> {
        let it = self.unpack_iter(v)?;
        let mut out = Vec::with_capacity(n);
        while out.len() < n {
            match self.next(&it)? {
                Some(v) => out.push(v),
                None => {
                    return Err(self.value_error(format!(
                        "not enough values to unpack (expected {n}, got {})",
                        out.len()
                    )));
                }
            }
        }
        if self.next(&it)?.is_some() {
            let sized = v.downcast::<List>().is_some()
                || v.downcast::<Tuple>().is_some()
                || v.downcast::<Dict>().is_some();
            return Err(self.value_error(if sized {
                format!(
                    "too many values to unpack (expected {n}, got {})",
                    self.len(v)?
                )
            } else {
                format!("too many values to unpack (expected {n})")
            }));
        }
        Ok(out)
    }

    pub(super) fn op_unpack_ex(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let (before, after) = ((arg & 0xFF) as usize, (arg >> 8) as usize);
        let v = r.pop();
        let it = self.unpack_iter(&v)?;
        let mut items = Vec::new();
        let mut ticks = Ticks::default();
        while let Some(v) = self.next(&it)? {
            ticks.tick(self)?;
            self.push(&mut items, v)?;
        }
        if items.len() < before + after {
            return Err(self.value_error(format!(
                "not enough values to unpack (expected at least {}, got {})",
                before + after,
                items.len()
            )));
        }
        let tail = items.split_off(items.len() - after);
        let middle = items.split_off(before);
        for v in tail.into_iter().rev() {
            r.push(v);
        }
        r.push(self.new_list(middle));
        for v in items.into_iter().rev() {
            r.push(v);
        }
        Ok(())
    }

    pub(super) fn op_format_value(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let spec = if arg & 4 != 0 { Some(r.pop()) } else { None };
        let v = r.pop();
        let v = match arg & 3 {
            1 => self.str_of(&v)?.into(),
            2 => self.repr(&v)?.into(),
            3 => self.ascii(&v)?,
            _ => v,
        };
        let out = match (&spec, v.as_ref::<Str>()) {
            (None, Some(s)) if s.class().is(&self.types.str) => v,
            _ => self.format(&v, spec.as_ref().unwrap_or(self.names.empty.as_value()))?,
        };
        r.push(out);
        Ok(())
    }

    /// `ascii(v)`.
    pub fn ascii(&self, v: &Value) -> PyResult<Value> {
        let s = self.repr(v)?;
        if s.is_ascii() {
            return Ok(s.into());
        }
        self.room(s.byte_len().saturating_mul(4))?;
        let text = lasti_text::repr::ascii_escape(s.as_bytes());
        Ok(self.try_new_wtf8(text.as_bytes())?.into())
    }

    /// `format(v, spec)`.
    pub fn format(&self, v: &Value, spec: &Value) -> PyResult<Value> {
        // Plain values without a spec show as str() does.
        let plain = v.as_small_int().is_some()
            || v.as_inline_float().is_some()
            || self.type_of(v).is(&self.types.str);
        if plain && spec.is(self.names.empty.as_value()) {
            return self.str_of(v).map(Value::from);
        }
        let Some(f) = self.type_of(v).lookup(self, &self.names.format) else {
            return Err(self.type_error(format!(
                "Type {} doesn't define __format__",
                self.type_name(v)
            )));
        };
        let s = self.call_descr(&f, v, std::slice::from_ref(spec))?;
        if s.downcast::<Str>().is_none() {
            return Err(self.type_error(format!(
                "__format__ must return a str, not {}",
                self.type_name(&s)
            )));
        }
        Ok(s)
    }

    pub(super) fn op_template(&self, r: &mut Regs, op: Quick, arg: u32) -> PyResult<()> {
        let module = self.import("string.templatelib")?;
        if op == Quick::BuildInterpolation {
            let spec = if arg & 1 != 0 {
                r.pop()
            } else {
                self.names.empty.value()
            };
            let text = r.pop();
            let value = r.pop();
            let conversion = match arg >> 2 {
                1 => self.str_value("s"),
                2 => self.str_value("r"),
                3 => self.str_value("a"),
                _ => Value::NONE,
            };
            let v = self.call_method(&module, "Interpolation", &[value, text, conversion, spec])?;
            r.push(v);
            return Ok(());
        }
        let interpolations = r.pop();
        let strings = r.pop();
        let (s, i) = (self.collect(&strings)?, self.collect(&interpolations)?);
        let mut parts = Vec::new();
        let mut i = i.into_iter();
        for s in s {
            parts.push(s);
            parts.extend(i.next());
        }
        let v = self.call_method(&module, "Template", &parts)?;
        r.push(v);
        Ok(())
    }

    // ---- functions ----

    pub(super) fn op_make_function(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let qualname = r.pop();
        let code = r.pop();
        let Some(code) = code.as_ref::<Code>() else {
            return Err(self.new_exception(&self.exc.system_error, "MAKE_FUNCTION without code"));
        };
        let mut next = |bit: u32| if arg & bit != 0 { Some(r.pop()) } else { None };
        let closure = next(make_function::CLOSURE);
        let annotate = next(make_function::ANNOTATE);
        let annotations = next(make_function::ANNOTATIONS);
        let kwdefaults = next(make_function::KWDEFAULTS);
        let defaults = next(make_function::DEFAULTS);
        // LOAD_CLOSURE and the like find a cell for each free variable.
        let closure = closure.and_then(|c| c.into_ref::<Tuple>().ok());
        if closure.as_ref().map_or(0, |c| c.len()) != code.nfree as usize {
            return Err(self.new_exception(
                &self.exc.system_error,
                "MAKE_FUNCTION with a closure of the wrong length",
            ));
        }
        let globals = r.frame().function.globals.clone();
        // The code's own string where the text is the same: coroutines see by it that they need not keep a name.
        let qualname = match qualname.downcast::<Str>() {
            Some(q) if q.as_bytes() == code.qualname.as_bytes() => code.qualname.value(),
            Some(_) => qualname,
            None => {
                let what = "MAKE_FUNCTION without name";
                return Err(self.new_exception(&self.exc.system_error, what));
            }
        };
        let f = Function {
            code: RefSlot::new(Some(code.clone())),
            builtins: r.frame().function.builtins.clone(),
            closure,
            defaults: RefSlot::new(defaults.and_then(|d| d.into_ref::<Tuple>().ok())),
            kwdefaults: RefSlot::new(kwdefaults.and_then(|d| d.into_ref::<Dict>().ok())),
            name: Slot::new(code.name.value()),
            qualname: Slot::new(qualname),
            // Made when it is asked for.
            doc: Slot::empty(),
            module: Slot::new(
                self.dict_get_str(&globals, &self.names.name)
                    .unwrap_or(Value::NONE),
            ),
            annotations: Slot::new(annotations.unwrap_or(Value::UNBOUND)),
            annotate: Slot::new(annotate.unwrap_or(Value::NONE)),
            type_params: Slot::new(self.empty_tuple.value()),
            dict: RefSlot::default(),
            version: Cell::new(0),
            globals,
        };
        let f: Value = self.heap.alloc(&self.types.function, f).into();
        r.push(f);
        Ok(())
    }

    pub(super) fn op_intrinsic(&self, r: &mut Regs, op: Quick, arg: u32) -> PyResult<()> {
        if op == Quick::CallIntrinsic2 {
            let b = r.pop();
            let a = r.pop();
            let v = match arg {
                intrinsic2::PREP_RERAISE_STAR => self.prepare_reraise_star(&a, &b)?,
                intrinsic2::SET_FUNCTION_TYPE_PARAMS => {
                    if let Some(f) = a.downcast::<Function>() {
                        f.type_params.set(b);
                    }
                    a
                }
                _ => {
                    let typing = self.import("_typing")?;
                    let name = match arg {
                        intrinsic2::TYPEVAR_WITH_BOUND => "_typevar_with_bound",
                        intrinsic2::TYPEVAR_WITH_CONSTRAINTS => "_typevar_with_constraints",
                        _ => "_set_typeparam_default",
                    };
                    self.call_method(&typing, name, &[a, b])?
                }
            };
            r.push(v);
            return Ok(());
        }
        let a = r.pop();
        let v = match arg {
            intrinsic1::SUBSCRIPT_GENERIC => {
                let typing = self.import("_typing")?;
                self.call_method(&typing, "_subscript_generic", &[a])?
            }
            intrinsic1::TYPEALIAS => {
                let typing = self.import("_typing")?;
                let parts = self.collect(&a)?;
                self.call_method(&typing, "_make_typealias", &parts)?
            }
            other => {
                let typing = self.import("_typing")?;
                let name = match other {
                    intrinsic1::TYPEVAR => "_make_typevar",
                    intrinsic1::PARAMSPEC => "_make_paramspec",
                    _ => "_make_typevartuple",
                };
                self.call_method(&typing, name, &[a])?
            }
        };
        r.push(v);
        Ok(())
    }

    pub(super) fn print_expr(&self, v: &Value) -> PyResult<()> {
        let Some(sys) = self.sys.get() else {
            return Ok(());
        };
        match self.dict_get_str(&sys.dict, &self.names.displayhook) {
            Some(hook) => self.call(&hook, std::slice::from_ref(v)).map(|_| ()),
            None => Err(self.runtime_error("lost sys.displayhook")),
        }
    }

    // ---- awaitables ----

    pub(super) fn op_get_yield_from_iter(&self, r: &mut Regs) -> PyResult<()> {
        use lasti_bytecode::code::flags;
        if let Some(g) = r.peek(1).downcast::<Generator>() {
            match g.kind {
                GenKind::Generator => return Ok(()),
                GenKind::Coroutine => {
                    if r.frame().code.flags() & (flags::COROUTINE | flags::ITERABLE_COROUTINE) != 0
                    {
                        return Ok(());
                    }
                    return Err(self.type_error(
                        "cannot 'yield from' a coroutine object in a non-coroutine generator",
                    ));
                }
                GenKind::AsyncGenerator => {}
            }
        }
        let it = self.iter(r.peek(1))?;
        r.set_top(it);
        Ok(())
    }

    pub(super) fn op_get_awaitable(&self, r: &mut Regs) -> PyResult<()> {
        let v = r.peek(1).clone();
        let it = self.awaitable_iter(&v).map_err(|e| {
            // `async with` whose __aenter__ or __aexit__ gives something else is told so.
            if self.exc_is(&e, &self.exc.type_error) && self.type_of(&v).slots.await_.get().is_none() {
                let unit = r.unit();
                let before = unit.checked_sub(1).and_then(|u| r.frame().code.quick.get(u)).map(|i| i.op.get());
                let what = match before {
                    Some(Quick::BeforeAsyncWith) => Some("__aenter__"),
                    Some(Quick::WithCleanupStart) => Some("__aexit__"),
                    _ => None,
                };
                if let Some(what) = what {
                    return self.type_error(format!(
                        "'async with' received an object from {what} that does not implement __await__: {}",
                        self.type_name(&v)
                    ));
                }
            }
            e
        })?;
        if let Some(g) = it.downcast::<Generator>()
            && g.kind == GenKind::Coroutine
            && (self.yield_from_of(g).is_some() || !g.parent.get().is_null())
        {
            return Err(self.runtime_error("coroutine is being awaited already"));
        }
        r.set_top(it);
        Ok(())
    }

    /// What `await v` runs: a coroutine itself, or the iterator of `__await__`.
    pub fn awaitable_iter(&self, v: &Value) -> PyResult<Value> {
        if let Some(g) = v.downcast::<Generator>()
            && (g.kind == GenKind::Coroutine || is_iterable_coroutine(g))
        {
            return Ok(v.clone());
        }
        let Some(f) = self.type_of(v).slots.await_.get() else {
            return Err(self.type_error(format!("'{}' object can't be awaited", self.type_name(v))));
        };
        let it = f(self, v)?;
        if let Some(g) = it.downcast::<Generator>()
            && (g.kind == GenKind::Coroutine || is_iterable_coroutine(g))
        {
            return Err(self.type_error("__await__() returned a coroutine"));
        }
        let slots = &self.type_of(&it).slots;
        if slots.next.get().is_none() && slots.send.get().is_none() {
            return Err(self.type_error(format!(
                "__await__() returned non-iterator of type '{}'",
                self.type_name(&it)
            )));
        }
        Ok(it)
    }

    pub(super) fn op_get_aiter(&self, r: &mut Regs) -> PyResult<()> {
        let v = r.peek(1).clone();
        let Some(f) = self.type_of(&v).slots.aiter.get() else {
            return Err(self.type_error(format!(
                "'async for' requires an object with __aiter__ method, got {}",
                self.type_name(&v)
            )));
        };
        let it = f(self, &v)?;
        if self.type_of(&it).slots.anext.get().is_none() {
            return Err(self.type_error(format!(
                "'async for' received an object from __aiter__ that does not implement __anext__: {}",
                self.type_name(&it)
            )));
        }
        r.set_top(it);
        Ok(())
    }

    pub(super) fn op_get_anext(&self, r: &mut Regs) -> PyResult<()> {
        let v = r.peek(1).clone();
        let Some(f) = self.type_of(&v).slots.anext.get() else {
            return Err(self.type_error(format!(
                "'async for' requires an iterator with __anext__ method, got {}",
                self.type_name(&v)
            )));
        };
        let next = f(self, &v)?;
        if next.downcast::<Asend>().is_some() {
            r.push(next);
            return Ok(());
        }
        let it = self.awaitable_iter(&next).map_err(|e| {
            let new = self.type_error(format!(
                "'async for' received an invalid object from __anext__: {}",
                self.type_name(&next)
            ));
            if let Some(x) = new.0.downcast::<Exception>() {
                x.cause.set(e.0.clone());
                x.suppress_context.set(true);
            }
            new
        })?;
        r.push(it);
        Ok(())
    }
}

/// A generator that `types.coroutine` made awaitable.
pub(crate) fn is_iterable_coroutine(g: &Generator) -> bool {
    g.frame.code.flags() & lasti_bytecode::code::flags::ITERABLE_COROUTINE != 0
}
