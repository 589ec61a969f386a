//! Making classes: `type.__new__`, the MRO, `__build_class__` (CPython's Objects/typeobject.c, Python/bltinmodule.c).
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;
use std::rc::Rc;

/// A class's namespace, and what the compiler left in it.
struct ClassBody {
    dict: Ref<Dict>,
    classcell: Option<Value>,
    classdictcell: Option<Value>,
    qualname: Option<Value>,
}

/// Flags that a class made by a program takes from its bases.
fn heap_type_flags(base: &Ref<Type>, bases: &[Ref<Type>]) -> u32 {
    let of_layout = TypeFlags::SEQUENCE
        | TypeFlags::MAPPING
        | TypeFlags::DEL
        | TypeFlags::MATCH_SELF
        | TypeFlags::STREAM;
    let of_any = TypeFlags::DICT | TypeFlags::WEAKREF | TypeFlags::SEQUENCE | TypeFlags::MAPPING;
    let own = TypeFlags::HEAP | TypeFlags::BASE | base.flags.get() & of_layout;
    bases
        .iter()
        .fold(own, |all, b| all | b.flags.get() & of_any)
}

impl Vm {
    /// The C3 linearization of a class with these bases.
    fn c3(&self, t: &Ref<Type>, bases: &[Ref<Type>]) -> PyResult<Vec<Ref<Type>>> {
        let mut lists: Vec<Vec<Ref<Type>>> = bases.iter().map(|b| b.mro().to_vec()).collect();
        lists.push(bases.to_vec());
        let mut out = vec![t.clone()];
        loop {
            lists.retain(|l| !l.is_empty());
            if lists.is_empty() {
                return Ok(out);
            }
            let next = lists
                .iter()
                .map(|l| l[0].clone())
                .find(|c| !lists.iter().any(|l| l[1..].iter().any(|x| x.is(c))));
            let Some(next) = next else {
                let mut names: Vec<String> = Vec::new();
                for l in &lists {
                    let n = l[0].name();
                    if !names.contains(&n) {
                        names.push(n);
                    }
                }
                return Err(self.type_error(format!(
                    "Cannot create a consistent method resolution order (MRO) for bases {}",
                    names.join(", ")
                )));
            };
            for l in &mut lists {
                if l[0].is(&next) {
                    l.remove(0);
                }
            }
            out.push(next);
        }
    }

    /// What `type.mro` computes.
    pub fn default_mro(&self, t: &Ref<Type>) -> PyResult<Vec<Ref<Type>>> {
        let bases: Vec<Ref<Type>> = match t.bases.get() {
            Some(b) => b
                .iter()
                .filter_map(|b| b.as_ref::<Type>().cloned())
                .collect(),
            None => return Ok(t.mro().to_vec()),
        };
        self.c3(t, &bases)
    }

    /// Computes a class's MRO, through the metaclass's `mro()` when it defines one.
    pub fn compute_mro(&self, t: &Ref<Type>) -> PyResult<()> {
        let meta = t.class();
        let custom = if meta.is(&self.types.type_) {
            None
        } else {
            meta.lookup(self, &self.intern("mro"))
        };
        let mro = match custom {
            Some(f) if f.downcast::<Function>().is_some() => {
                let r = self.call_descr(&f, t.as_value(), &[])?;
                let mut out = Vec::new();
                for c in self.collect(&r)? {
                    let Some(c) = c.as_ref::<Type>() else {
                        return Err(self.type_error(format!(
                            "mro() returned a non-class ('{}')",
                            self.type_name(&c)
                        )));
                    };
                    let plain = c.layout().kind == crate::memory::Kind::Instance
                        || c.layout().same(crate::memory::vtable::<Plain>());
                    if !plain && !c.layout().same(t.layout()) {
                        return Err(self.type_error(format!(
                            "mro() returned base with unsuitable layout ('{}')",
                            c.name()
                        )));
                    }
                    out.push(c.clone());
                }
                out
            }
            _ => self.default_mro(t)?,
        };
        t.set_mro(Rc::from(mro));
        Ok(())
    }

    /// The metaclass that bases agree on.
    fn calculate_metaclass(&self, meta: &Ref<Type>, bases: &[Value]) -> PyResult<Ref<Type>> {
        let mut winner = meta.clone();
        for b in bases {
            let m = self.type_of(b);
            if winner.is_subtype(m) {
                continue;
            }
            if m.is_subtype(&winner) {
                winner = m.clone();
                continue;
            }
            return Err(self.type_error(
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
            ));
        }
        Ok(winner)
    }

    /// The base whose native layout the new class has: the one whose *solid* base (the nearest ancestor that added
    /// storage) derives from every other's.
    pub fn best_base(&self, bases: &[Ref<Type>]) -> PyResult<Ref<Type>> {
        let solid = |t: &Ref<Type>| {
            let mut at = t.clone();
            while let Some(base) = at.base() {
                let plain = |t: &Ref<Type>| {
                    t.layout().same(crate::memory::vtable::<Plain>())
                        || t.layout().kind == crate::memory::Kind::Instance
                };
                let same = at.layout().same(base.layout()) || plain(&at) && plain(&base);
                if !same || at.member_count.get() != base.member_count.get() {
                    break;
                }
                at = base;
            }
            at
        };
        let mut best: Option<(Ref<Type>, Ref<Type>)> = None;
        for b in bases {
            if !b.has(TypeFlags::BASE) {
                return Err(self.type_error(format!(
                    "type '{}' is not an acceptable base type",
                    b.name()
                )));
            }
            let candidate = solid(b);
            best = match best {
                None => Some((b.clone(), candidate)),
                Some((x, s)) if s.is_subtype(&candidate) => Some((x, s)),
                Some((_, s)) if candidate.is_subtype(&s) => Some((b.clone(), candidate)),
                Some(_) => {
                    return Err(self.type_error("multiple bases have instance lay-out conflict"));
                }
            };
        }
        Ok(best.map_or_else(|| self.types.object.clone(), |b| b.0))
    }

    /// `type.__new__(meta, name, bases, namespace, **kwargs)`.
    pub(crate) fn type_new(&self, meta: &Ref<Type>, args: Args) -> PyResult<Value> {
        let (name, bases_tuple, ns) = self.type_new_args(args)?;
        let mut base_types = self.base_types(bases_tuple)?;
        let winner = self.calculate_metaclass(meta, bases_tuple)?;
        if !winner.is(meta)
            && let Some(new) = winner.slots.new.get()
            && !std::ptr::fn_addr_eq(new, super::new::type_new_slot as NewFn)
        {
            return new(self, &winner, args);
        }
        let bases_tuple = if base_types.is_empty() {
            base_types.push(self.types.object.clone());
            self.new_tuple([self.types.object.value()])
        } else {
            bases_tuple.clone()
        };
        let base = self.best_base(&base_types)?;
        let ClassBody {
            dict,
            classcell,
            classdictcell,
            qualname,
        } = self.class_body(ns);
        let (members, own_flags) = self.slot_members(&dict, name, &base)?;
        if self.dict_get_str(&dict, &self.names.doc).is_none() {
            self.dict_set_str(&dict, &self.names.doc, Value::NONE);
        }
        let flags = heap_type_flags(&base, &base_types) | own_flags;
        let layout = if base.layout().same(crate::memory::vtable::<Plain>()) {
            crate::memory::vtable::<Instance>()
        } else {
            base.layout()
        };
        let new = Type::new(base.heap(), layout, flags);
        let t = self.heap.alloc(&winner, new);
        t.name.set(self.intern_ref(name).into());
        match qualname {
            Some(q) if q.downcast::<Str>().is_some() => t.qualname.set(q),
            Some(q) => {
                return Err(self.type_error(format!(
                    "type __qualname__ must be a str, not {}",
                    self.type_name(&q)
                )));
            }
            None => t.qualname.set(name.value()),
        }
        t.dict.set(Some(dict.clone()));
        t.base.set(Some(base.clone()));
        t.bases.set(Some(bases_tuple));
        self.compute_mro(&t)?;
        self.add_members(&t, &base, &dict, &members);
        for b in &base_types {
            let w = self.new_weakref(&self.types.weakref, t.as_value(), None);
            b.add_subclass(w);
        }
        self.update_slots(&t);
        self.set_class_cell(&t, classcell)?;
        if let Some(cell) = classdictcell
            && let Some(c) = cell.downcast::<PyCell>()
        {
            c.content.set(dict.value());
        }
        self.call_set_names(&t, &dict)?;
        self.call_init_subclass(&t, args)?;
        Ok(t.into())
    }

    /// The three arguments of `type.__new__`, with their types checked.
    fn type_new_args<'a>(
        &self,
        args: Args<'a>,
    ) -> PyResult<(&'a Ref<Str>, &'a Ref<Tuple>, &'a Ref<Dict>)> {
        let [name, bases, ns] = <&[Value; 3]>::try_from(args.pos)
            .map_err(|_| self.type_error("type() takes 1 or 3 arguments"))?;
        let wrong = |number: usize, class: &str, v: &Value| {
            self.type_error(format!(
                "type.__new__() argument {number} must be {class}, not {}",
                self.type_name(v)
            ))
        };
        Ok((
            name.as_ref().ok_or_else(|| wrong(1, "str", name))?,
            bases.as_ref().ok_or_else(|| wrong(2, "tuple", bases))?,
            ns.as_ref().ok_or_else(|| wrong(3, "dict", ns))?,
        ))
    }

    fn base_types(&self, bases: &Ref<Tuple>) -> PyResult<Vec<Ref<Type>>> {
        let mut base_types = Vec::new();
        for b in bases.iter() {
            match b.as_ref::<Type>() {
                Some(t) => base_types.push(t.clone()),
                None if self.lookup_attr(b, &self.names.mro_entries)?.is_some() => {
                    return Err(self.type_error(
                        "type() doesn't support MRO entry resolution; use types.new_class()",
                    ));
                }
                None => return Err(self.type_error("bases must be types")),
            }
        }
        Ok(base_types)
    }

    /// A copy of the namespace, with the compiler's cells taken out and with what a class gets of itself (CPython's
    /// `type_new_set_attrs`).
    fn class_body(&self, ns: &Ref<Dict>) -> ClassBody {
        let dict = self.new_dict();
        dict.copy_from(ns);
        let n = &self.names;
        let classcell = self.dict_del_str(&dict, &n.classcell);
        let classdictcell = self.dict_del_str(&dict, &n.classdictcell);
        let qualname = self.dict_del_str(&dict, &n.qualname);
        if self.dict_get_str(&dict, &n.module).is_none()
            && let Some(g) = self.current_globals()
            && let Some(m) = self.dict_get_str(&g, &n.name)
        {
            self.dict_set_str(&dict, &n.module, m);
        }
        for special in [&n.new, &n.init_subclass, &n.class_getitem] {
            if let Some(f) = self.dict_get_str(&dict, special)
                && f.downcast::<Function>().is_some()
            {
                let wrapped: Value = if special.is(&n.new) {
                    let s = StaticMethod::default();
                    s.func.set(f);
                    self.heap.alloc(&self.types.staticmethod, s).into()
                } else {
                    let c = ClassMethod::default();
                    c.func.set(f);
                    self.heap.alloc(&self.types.classmethod, c).into()
                };
                self.dict_set_str(&dict, special, wrapped);
            }
        }
        // Comparing without hashing makes instances unhashable.
        if self.dict_get_str(&dict, &n.eq).is_some() && self.dict_get_str(&dict, &n.hash).is_none()
        {
            self.dict_set_str(&dict, &n.hash, Value::NONE);
        }
        ClassBody {
            dict,
            classcell,
            classdictcell,
            qualname,
        }
    }

    /// Lays out the instances, and adds the descriptors of `__slots__`, `__dict__` and `__weakref__`.
    fn add_members(&self, t: &Ref<Type>, base: &Ref<Type>, dict: &Ref<Dict>, members: &[Ref<Str>]) {
        let n = &self.names;
        // Members of bases first, so that their slot numbers hold in instances of this class.
        let mut keys: Vec<Ref<Str>> = match base.shape.get() {
            Some(s) => s.keys[..s.hidden].to_vec(),
            None => Vec::new(),
        };
        for m in members {
            let descr = Member {
                name: m.clone(),
                owner: t.clone(),
                index: keys.len(),
            };
            keys.push(m.clone());
            let descr = self.heap.alloc(&self.types.member_descriptor, descr);
            self.dict_set_str(dict, m, descr.into());
        }
        t.member_count.set(keys.len() as u16);
        t.inline_slots.set(if t.has(TypeFlags::DICT) {
            (keys.len() as u16 + 4).max(base.inline_slots.get())
        } else {
            keys.len() as u16
        });
        let _ = t.shape.set(Shape::root(&self.heap, keys));
        let is_new = |flag| t.has(flag) && !base.has(flag);
        if is_new(TypeFlags::DICT)
            // A metaclass has type's, which shows a class's namespace.
            && base.layout().kind != crate::memory::Kind::Type
            && self.dict_get_str(dict, &n.dict).is_none()
        {
            self.dict_set_str(dict, &n.dict, super::instance::dict_descriptor(self, t));
        }
        if is_new(TypeFlags::WEAKREF) && self.dict_get_str(dict, &n.weakref).is_none() {
            let descr = super::instance::weakref_descriptor(self, t);
            self.dict_set_str(dict, &n.weakref, descr);
        }
    }

    /// Fills the cell that `__class__` and `super()` of the class's methods read.
    fn set_class_cell(&self, t: &Ref<Type>, cell: Option<Value>) -> PyResult<()> {
        let Some(cell) = cell else { return Ok(()) };
        match cell.downcast::<PyCell>() {
            Some(c) => {
                c.content.set(t.value());
                Ok(())
            }
            None => Err(self.type_error(format!(
                "type.__new__(): __classcell__ must be a nonlocal cell, not {}",
                self.type_of(&cell).name()
            ))),
        }
    }

    /// Calls `__set_name__` of the namespace's values.
    fn call_set_names(&self, t: &Ref<Type>, dict: &Ref<Dict>) -> PyResult<()> {
        for (k, v) in dict.items() {
            if let Some(f) = self.type_of(&v).lookup(self, &self.names.set_name)
                && let Err(e) = self.call_descr(&f, &v, &[t.value(), k.clone()])
            {
                let note = format!(
                    "Error calling __set_name__ on '{}' instance {} in '{}'",
                    self.type_name(&v),
                    self.repr_string(&k)?,
                    t.name()
                );
                self.add_note(&e, &note)?;
                return Err(e);
            }
        }
        Ok(())
    }

    /// Calls the next `__init_subclass__` with the class statement's keywords.
    fn call_init_subclass(&self, t: &Ref<Type>, args: Args) -> PyResult<()> {
        let sup = Super::default();
        sup.this_class.set(Some(t.clone()));
        sup.obj.set(t.value());
        sup.obj_type.set(Some(t.clone()));
        let sup: Value = self.heap.alloc(&self.types.super_, sup).into();
        let init_subclass = self.getattr(&sup, &self.names.init_subclass)?;
        self.call_args(&init_subclass, Args { pos: &[], ..args })?;
        Ok(())
    }

    /// Reads `__slots__`: the member names, and whether instances get a dict and weak references, as flags.
    fn slot_members(
        &self,
        dict: &Ref<Dict>,
        class: &Ref<Str>,
        base: &Ref<Type>,
    ) -> PyResult<(Vec<Ref<Str>>, u32)> {
        let Some(slots) = self.dict_get_str(dict, &self.names.slots) else {
            return Ok((Vec::new(), TypeFlags::DICT | TypeFlags::WEAKREF));
        };
        let names = match slots.as_ref::<Str>() {
            Some(s) => vec![s.value()],
            None => self.collect(&slots)?,
        };
        let mut members = Vec::new();
        let mut flags = 0;
        for v in names {
            let Some(s) = v.as_ref::<Str>() else {
                return Err(self.type_error(format!(
                    "__slots__ items must be strings, not '{}'",
                    self.type_name(&v)
                )));
            };
            if *s.as_bytes() == *b"__dict__" {
                flags |= TypeFlags::DICT;
                continue;
            }
            if *s.as_bytes() == *b"__weakref__" {
                flags |= TypeFlags::WEAKREF;
                continue;
            }
            let text = s.to_string_lossy();
            if !lasti_text::unicode::str_isidentifier(s.as_bytes()) {
                return Err(self.type_error("__slots__ must be identifiers"));
            }
            let name = self.intern(&mangle(&class.to_string_lossy(), &text));
            if self.dict_get_str(dict, &name).is_some() {
                return Err(self.value_error(format!(
                    "'{text}' in __slots__ conflicts with class variable"
                )));
            }
            members.push(name);
        }
        let var_sized = [&self.types.int, &self.types.tuple, &self.types.bytes];
        if !members.is_empty() && var_sized.iter().any(|t| base.is_subtype(t)) {
            return Err(self.type_error(format!(
                "nonempty __slots__ not supported for subtype of '{}'",
                base.name()
            )));
        }
        members.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        members.dedup_by(|a, b| a.is(b));
        Ok((members, flags))
    }

    /// Replaces bases that are not types through `__mro_entries__`; true when anything changed.
    fn resolve_bases(&self, bases: &[Value]) -> PyResult<(Vec<Value>, bool)> {
        let mut out = Vec::with_capacity(bases.len());
        let mut changed = false;
        for b in bases {
            if b.as_ref::<Type>().is_some() {
                out.push(b.clone());
                continue;
            }
            let Some(f) = self.lookup_attr(b, &self.names.mro_entries)? else {
                out.push(b.clone());
                continue;
            };
            let r = self.call(&f, &[self.new_tuple(bases.to_vec()).into()])?;
            let Some(entries) = r.as_ref::<Tuple>() else {
                return Err(self.type_error("__mro_entries__ must return a tuple"));
            };
            out.extend(entries.iter().cloned());
            changed = true;
        }
        Ok((out, changed))
    }

    /// `builtins.__build_class__(func, name, *bases, metaclass=..., **kwargs)`.
    pub fn build_class(&self, args: Args) -> PyResult<Value> {
        let [func, name, bases @ ..] = args.pos else {
            return Err(self.type_error("__build_class__: not enough arguments"));
        };
        let Some(func) = func.as_ref::<Function>() else {
            return Err(self.type_error("__build_class__: func must be a function"));
        };
        if name.downcast::<Str>().is_none() {
            return Err(self.type_error("__build_class__: name is not a string"));
        }
        let (resolved, changed) = self.resolve_bases(bases)?;
        let mut kw = Vec::new();
        let mut names = Vec::new();
        let mut meta: Option<Value> = None;
        for (k, v) in args.names.iter().zip(args.kw) {
            if k.downcast::<Str>().is_some_and(|s| *s == *"metaclass") {
                meta = Some(v.clone());
            } else {
                names.push(k.clone());
                kw.push(v.clone());
            }
        }
        let meta = match meta {
            Some(m) => match m.as_ref::<Type>() {
                Some(t) => self.calculate_metaclass(t, &resolved)?.into(),
                None => m,
            },
            None => {
                let first = resolved
                    .first()
                    .map_or(self.types.type_.clone(), |b| self.type_of(b).clone());
                self.calculate_metaclass(&first, &resolved)?.value()
            }
        };
        let bases_tuple: Value = self.new_tuple(resolved).into();
        let ns = match self.lookup_attr(&meta, &self.names.prepare)? {
            Some(f) => {
                let mut all = vec![name.clone(), bases_tuple.clone()];
                all.extend(kw.iter().cloned());
                self.call_args(&f, Args::split(&all, &names))?
            }
            None => self.new_dict().into(),
        };
        if self.type_of(&ns).slots.getitem.get().is_none() {
            let m = meta
                .as_ref::<Type>()
                .map_or("<metaclass>".into(), |t| t.name());
            return Err(self.type_error(format!(
                "{m}.__prepare__() must return a mapping, not {}",
                self.type_name(&ns)
            )));
        }
        let cell = self.run_code(func, ns.clone())?;
        if changed {
            self.setitem(
                &ns,
                &self.names.orig_bases.value(),
                &self.new_tuple(bases.to_vec()).into(),
            )?;
        }
        let mut all = vec![name.clone(), bases_tuple, ns];
        all.extend(kw);
        let cls = self.call_args(&meta, Args::split(&all, &names))?;
        if let (Some(c), true) = (cell.downcast::<PyCell>(), cls.downcast::<Type>().is_some()) {
            match c.content.get_bound() {
                None => {
                    return Err(self.runtime_error(format!(
                        "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                        self.repr_string(name)?,
                        self.repr_string(&cls)?
                    )));
                }
                Some(v) if !v.is(&cls) => {
                    return Err(self.type_error(format!(
                        "__class__ set to {} defining {} as {}",
                        self.repr_string(&v)?,
                        self.repr_string(name)?,
                        self.repr_string(&cls)?
                    )));
                }
                _ => {}
            }
        }
        Ok(cls)
    }
}

/// A private name as a class body spells it (`__x` in class C is `_C__x`).
pub(crate) fn mangle(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    if class.is_empty() || !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.to_owned();
    }
    format!("_{class}{name}")
}
