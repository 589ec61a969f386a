//! The object protocols: what operators, `len`, `iter`, `repr`, ... do (CPython's Objects/abstract.c and object.c).
use crate::memory::{Kind, Ref, Unpacked, Value};
use crate::objects::*;
use crate::vm::Ticks;
use crate::vm::Vm;
use crate::vm::args::Stepped;
use crate::vm::error::PyResult;
use dashu_int::IBig;

impl BinOp {
    pub fn symbol(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::MatMul => "@",
            BinOp::TrueDiv => "/",
            BinOp::FloorDiv => "//",
            BinOp::Mod => "%",
            BinOp::DivMod => "divmod()",
            BinOp::Pow => "** or pow()",
            BinOp::LShift => "<<",
            BinOp::RShift => ">>",
            BinOp::And => "&",
            BinOp::Xor => "^",
            BinOp::Or => "|",
        }
    }
    pub fn inplace_symbol(self) -> String {
        match self {
            BinOp::Pow => "**=".into(),
            other => format!("{}=", other.symbol()),
        }
    }
}

impl CmpOp {
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
    pub fn swapped(self) -> CmpOp {
        match self {
            CmpOp::Lt => CmpOp::Gt,
            CmpOp::Le => CmpOp::Ge,
            CmpOp::Gt => CmpOp::Lt,
            CmpOp::Ge => CmpOp::Le,
            other => other,
        }
    }
    /// What an ordering means for this operator.
    pub fn holds(self, o: std::cmp::Ordering) -> bool {
        match self {
            CmpOp::Lt => o.is_lt(),
            CmpOp::Le => o.is_le(),
            CmpOp::Eq => o.is_eq(),
            CmpOp::Ne => o.is_ne(),
            CmpOp::Gt => o.is_gt(),
            CmpOp::Ge => o.is_ge(),
        }
    }
}

/// Containers whose repr is being made (CPython's `Py_ReprEnter`).
#[derive(Default)]
struct OpenReprs(std::cell::RefCell<rustc_hash::FxHashSet<u64>>);

impl Vm {
    // ---- text ----

    pub fn repr(&self, v: &Value) -> PyResult<Ref<Str>> {
        let _nested = self.nest("while getting the repr of an object")?;
        let r = match self.type_of(v).slots.repr.get() {
            Some(f) => f(self, v)?,
            None => self.default_repr(v),
        };
        r.into_ref::<Str>().map_err(|r| {
            self.type_error(format!(
                "__repr__ returned non-string (type {})",
                self.type_name(&r)
            ))
        })
    }
    /// Notes that the repr of a container is being made. False: it is already, so that the container stands inside itself.
    pub fn repr_enter(&self, v: &Value) -> bool {
        let open = self.module_state(OpenReprs::default);
        open.0.borrow_mut().insert(v.bits())
    }
    pub fn repr_leave(&self, v: &Value) {
        let open = self.module_state(OpenReprs::default);
        open.0.borrow_mut().remove(&v.bits());
    }
    /// `str(v)`.
    pub fn str_of(&self, v: &Value) -> PyResult<Ref<Str>> {
        if let Some(s) = v.as_ref::<Str>()
            && s.class().is(&self.types.str)
        {
            return Ok(s.clone());
        }
        if let Some(i) = v.as_small_int() {
            return Ok(self.decimal(i));
        }
        let _nested = self.nest("while getting the str of an object")?;
        let r = match self.type_of(v).slots.str.get() {
            Some(f) => f(self, v)?,
            None => return self.repr(v),
        };
        r.into_ref::<Str>().map_err(|r| {
            self.type_error(format!(
                "__str__ returned non-string (type {})",
                self.type_name(&r)
            ))
        })
    }
    /// `str(v)` as a Rust string; an error while making it becomes the text `<unprintable>`.
    pub fn display(&self, v: &Value) -> String {
        self.str_of(v).map_or_else(
            |_| "<unprintable>".into(),
            |s| s.to_string_lossy().into_owned(),
        )
    }
    pub fn repr_string(&self, v: &Value) -> PyResult<String> {
        Ok(self.repr(v)?.to_string_lossy().into_owned())
    }
    /// `<module.Class object at 0x...>`.
    pub fn default_repr(&self, v: &Value) -> Value {
        let ty = self.type_of(v);
        self.str_value(&format!(
            "<{} object at {:#x}>",
            self.type_full_name(ty),
            self.id(v)
        ))
    }
    /// Qualified name with the module in front unless it is builtins.
    pub fn type_full_name(&self, t: &Ref<Type>) -> String {
        let qualname = t.qualname.get();
        let qualname = qualname
            .downcast::<Str>()
            .map_or(String::new(), |s| s.to_string_lossy().into_owned());
        match self.dict_get_str(&t.dict(), &self.names.module) {
            Some(m) => match m.downcast::<Str>() {
                Some(m) if *m != *"builtins" => format!("{}.{qualname}", m.to_string_lossy()),
                _ => qualname,
            },
            None => qualname,
        }
    }
    /// `id(v)`. Immediates have ids outside every address range.
    pub fn id(&self, v: &Value) -> u64 {
        v.bits()
    }

    // ---- truth, hash, comparison ----

    #[inline]
    pub fn is_true(&self, v: &Value) -> PyResult<bool> {
        if let Some(b) = v.as_bool() {
            return Ok(b);
        }
        self.is_true_slow(v)
    }
    fn is_true_slow(&self, v: &Value) -> PyResult<bool> {
        match v.unpack() {
            Unpacked::None => Ok(false),
            Unpacked::Int(i) => Ok(i != 0),
            Unpacked::Float(f) => Ok(f != 0.0),
            _ => {
                let slots = &self.type_of(v).slots;
                if let Some(f) = slots.bool_.get() {
                    f(self, v)
                } else if let Some(f) = slots.len.get() {
                    Ok(f(self, v)? != 0)
                } else {
                    Ok(true)
                }
            }
        }
    }
    #[inline]
    pub fn hash(&self, v: &Value) -> PyResult<u64> {
        if let Some(s) = v.as_ref::<Str>()
            && s.class().is(&self.types.str)
        {
            return Ok(s.hash_with(&self.hash_keys));
        }
        if let Some(i) = v.as_small_int() {
            return Ok(lasti_text::int_arith::hash_i64(i) as u64);
        }
        match self.type_of(v).slots.hash.get() {
            Some(f) => f(self, v),
            None => Err(self.type_error(format!("unhashable type: '{}'", self.type_name(v)))),
        }
    }
    /// The hash of a key; the error says what the key was for.
    #[inline]
    pub fn hash_key(&self, key: &Value, role: &str) -> PyResult<u64> {
        self.hash(key)
            .map_err(|e| self.unhashable_key(e, key, role))
    }
    #[cold]
    fn unhashable_key(
        &self,
        e: crate::vm::error::Exc,
        key: &Value,
        role: &str,
    ) -> crate::vm::error::Exc {
        if !self.type_of(&e.0).is(&self.exc.type_error) {
            return e;
        }
        let (t, why) = (self.type_full_name(self.type_of(key)), self.display(&e.0));
        self.type_error(format!("cannot use '{t}' as {role} ({why})"))
    }
    /// `a is b or a == b`, as containers compare.
    #[inline]
    pub fn same(&self, a: &Value, b: &Value) -> PyResult<bool> {
        if a.is(b) { Ok(true) } else { self.eq(a, b) }
    }
    pub fn eq(&self, a: &Value, b: &Value) -> PyResult<bool> {
        if let (Some(x), Some(y)) = (a.as_ref::<Str>(), b.as_ref::<Str>())
            && x.class().is(&self.types.str)
            && y.class().is(&self.types.str)
        {
            return Ok(x.as_bytes() == y.as_bytes());
        }
        let r = self.compare(a, b, CmpOp::Eq)?;
        self.is_true(&r)
    }
    pub fn less(&self, a: &Value, b: &Value) -> PyResult<bool> {
        if let Some((x, y)) = Value::both_small(a, b) {
            return Ok(x < y);
        }
        let r = self.compare(a, b, CmpOp::Lt)?;
        self.is_true(&r)
    }
    /// Rich comparison with the reflected operation tried in CPython's order.
    pub fn compare(&self, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
        if let Some((x, y)) = Value::both_small(a, b) {
            return Ok(Value::bool(op.holds(x.cmp(&y))));
        }
        self.guard_native_stack("in comparison")?;
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        let mut tried_right = false;
        if !ta.is(tb)
            && tb.is_subtype(ta)
            && let Some(f) = tb.slots.richcmp.get()
        {
            tried_right = true;
            let r = f(self, b, a, op.swapped())?;
            if !r.is_not_implemented() {
                return Ok(r);
            }
        }
        if let Some(f) = ta.slots.richcmp.get() {
            let r = f(self, a, b, op)?;
            if !r.is_not_implemented() {
                return Ok(r);
            }
        }
        if !tried_right && let Some(f) = tb.slots.richcmp.get() {
            let r = f(self, b, a, op.swapped())?;
            if !r.is_not_implemented() {
                return Ok(r);
            }
        }
        match op {
            CmpOp::Eq => Ok(Value::bool(a.is(b))),
            CmpOp::Ne => Ok(Value::bool(!a.is(b))),
            _ => Err(self.type_error(format!(
                "'{}' not supported between instances of '{}' and '{}'",
                op.symbol(),
                ta.name(),
                tb.name()
            ))),
        }
    }

    // ---- operators ----

    pub fn binary(&self, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
        let r = self.binary_try(a, b, op)?;
        if r.is_not_implemented() {
            return Err(self.unsupported(a, b, op.symbol()));
        }
        Ok(r)
    }
    #[cold]
    fn unsupported(&self, a: &Value, b: &Value, symbol: &str) -> crate::vm::error::Exc {
        if let Some(msg) = sequence_operand_error(self, a, b, symbol) {
            return self.type_error(msg);
        }
        self.type_error(format!(
            "unsupported operand type(s) for {symbol}: '{}' and '{}'",
            self.type_name(a),
            self.type_name(b)
        ))
    }
    fn binary_try(&self, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        let fa = ta.slots.binary[op as usize].get();
        let mut fb = if ta.is(tb) {
            None
        } else {
            tb.slots.binary[op as usize].get()
        };
        if let (Some(x), Some(y)) = (fa, fb)
            && std::ptr::fn_addr_eq(x, y)
        {
            fb = None;
        }
        if let Some(f) = fa {
            if let Some(g) = fb
                && tb.is_subtype(ta)
            {
                let r = g(self, a, b)?;
                if !r.is_not_implemented() {
                    return Ok(r);
                }
                fb = None;
            }
            let r = f(self, a, b)?;
            if !r.is_not_implemented() {
                return Ok(r);
            }
        }
        if let Some(g) = fb {
            return g(self, a, b);
        }
        Ok(Value::NOT_IMPLEMENTED)
    }
    pub fn inplace(&self, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
        if let Some(f) = self.type_of(a).slots.inplace[op as usize].get() {
            let r = f(self, a, b)?;
            if !r.is_not_implemented() {
                return Ok(r);
            }
        }
        let r = self.binary_try(a, b, op)?;
        if r.is_not_implemented() {
            return Err(self.unsupported(a, b, &op.inplace_symbol()));
        }
        Ok(r)
    }
    pub fn unary(&self, v: &Value, op: UnOp) -> PyResult<Value> {
        if let Some(f) = self.type_of(v).slots.unary[op as usize].get() {
            return f(self, v);
        }
        let what = match op {
            UnOp::Neg => "unary -",
            UnOp::Pos => "unary +",
            UnOp::Invert => "unary ~",
            UnOp::Abs => "abs()",
        };
        Err(self.type_error(format!(
            "bad operand type for {what}: '{}'",
            self.type_name(v)
        )))
    }

    /// `pow(a, b, m)` of ints; NotImplemented for others.
    pub fn pow_modulo(&self, a: &Value, b: &Value, m: &Value) -> PyResult<Value> {
        if [a, b, m]
            .iter()
            .any(|v| !self.is_instance(v, &self.types.int))
        {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (a, b, m) = (self.to_bigint(a)?, self.to_bigint(b)?, self.to_bigint(m)?);
        Ok(self.new_bigint(self.power_modulo(&a, &b, &m)?))
    }

    // ---- containers ----

    pub fn len(&self, v: &Value) -> PyResult<usize> {
        match self.type_of(v).slots.len.get() {
            Some(f) => f(self, v),
            None => Err(self.type_error(format!(
                "object of type '{}' has no len()",
                self.type_name(v)
            ))),
        }
    }
    pub fn getitem(&self, v: &Value, key: &Value) -> PyResult<Value> {
        if let Some(f) = self.type_of(v).slots.getitem.get() {
            return f(self, v, key);
        }
        if let Some(t) = v.as_ref::<Type>() {
            if t.is(&self.types.type_) {
                return Ok((self.hooks.generic_alias)(self, v, key));
            }
            if let Some(f) = self.lookup_attr(v, &self.names.class_getitem)? {
                return self.call(&f, std::slice::from_ref(key));
            }
            return Err(self.type_error(format!("type '{}' is not subscriptable", t.name())));
        }
        Err(self.type_error(format!(
            "'{}' object is not subscriptable",
            self.type_name(v)
        )))
    }
    pub fn setitem(&self, v: &Value, key: &Value, value: &Value) -> PyResult<()> {
        match self.type_of(v).slots.setitem.get() {
            Some(f) => f(self, v, key, Some(value)),
            None => Err(self.type_error(format!(
                "'{}' object does not support item assignment",
                self.type_name(v)
            ))),
        }
    }
    pub fn delitem(&self, v: &Value, key: &Value) -> PyResult<()> {
        match self.type_of(v).slots.setitem.get() {
            Some(f) => f(self, v, key, None),
            None => {
                // CPython has two places that say so, one for sequences with a number.
                let t = self.type_of(v);
                let sequence = t.is_heap_type()
                    || t.slots.len.get().is_some()
                    || t.slots.contains.get().is_some();
                let what = if sequence && self.type_of(key).slots.index.get().is_some() {
                    "doesn't"
                } else {
                    "does not"
                };
                Err(self.type_error(format!(
                    "'{}' object {what} support item deletion",
                    self.type_name(v)
                )))
            }
        }
    }
    pub fn contains(&self, container: &Value, item: &Value) -> PyResult<bool> {
        if let Some(f) = self.type_of(container).slots.contains.get() {
            return f(self, container, item);
        }
        let it = match self.iter(container) {
            Ok(it) => it,
            Err(e)
                if self.exc_is(&e, &self.exc.type_error)
                    && self.type_of(container).slots.iter.get().is_none() =>
            {
                return Err(self.type_error(format!(
                    "argument of type '{}' is not a container or iterable",
                    self.type_name(container)
                )));
            }
            Err(e) => return Err(e),
        };
        let mut ticks = Ticks::default();
        while let Some(v) = self.next(&it)? {
            if self.same(&v, item)? {
                return Ok(true);
            }
            ticks.tick(self)?;
        }
        Ok(false)
    }

    // ---- iteration ----

    pub fn iter(&self, v: &Value) -> PyResult<Value> {
        let ty = self.type_of(v);
        if let Some(f) = ty.slots.iter.get() {
            let it = f(self, v)?;
            if self.type_of(&it).slots.next.get().is_none() {
                return Err(self.type_error(format!(
                    "iter() returned non-iterator of type '{}'",
                    self.type_name(&it)
                )));
            }
            return Ok(it);
        }
        // Natives with items and no length are no sequences: a match, a union of types.
        let sequence = ty.is_heap_type() || ty.slots.len.get().is_some();
        if sequence && ty.slots.getitem.get().is_some() && v.downcast::<Dict>().is_none() {
            let it = SeqIter {
                seq: crate::memory::Slot::new(v.clone()),
                index: Default::default(),
            };
            return Ok(self.heap.alloc(&self.types.seq_iterator, it).into());
        }
        Err(self.type_error(format!("'{}' object is not iterable", ty.name())))
    }
    /// The next item; `None` at the end.
    #[inline]
    pub fn next(&self, it: &Value) -> PyResult<Option<Value>> {
        // Most iterators under a zip, an enumerate, a map or a sum are of these.
        let known = match it.kind() {
            Some(Kind::ListIter) => it.downcast::<ListIter>().map(ListIter::next),
            Some(Kind::RangeIter) => it.downcast::<RangeIter>().and_then(RangeIter::next_small),
            Some(Kind::Generator) => {
                if let Some(g) = it.as_ref::<Generator>()
                    && g.kind == GenKind::Generator
                {
                    // As the slot of generators does, in fewer steps.
                    return match self.step_coroutine(g) {
                        Stepped::Yield(v) => Ok(Some(v)),
                        Stepped::Return(_) => Ok(None),
                        Stepped::Raise(e) if self.exc_is(&e, &self.exc.stop_iteration) => Ok(None),
                        Stepped::Raise(e) => Err(e),
                    };
                }
                None
            }
            _ => None,
        };
        match known {
            Some(next) => Ok(next),
            None => self.next_by_slot(it),
        }
    }

    fn next_by_slot(&self, it: &Value) -> PyResult<Option<Value>> {
        match self.type_of(it).slots.next.get() {
            Some(f) => match f(self, it) {
                // A generator's return value, or a StopIteration of what it calls: the end as well.
                Err(e) if self.exc_is(&e, &self.exc.stop_iteration) => Ok(None),
                r => r,
            },
            None => Err(self.type_error(format!(
                "'{}' object is not an iterator",
                self.type_name(it)
            ))),
        }
    }
    /// All items of an iterable.
    pub fn collect(&self, iterable: &Value) -> PyResult<Vec<Value>> {
        if let Some(l) = iterable.as_ref::<List>()
            && l.class().is(&self.types.list)
        {
            return l.with(|items| self.copy_of(items));
        }
        if let Some(t) = iterable.as_ref::<Tuple>()
            && t.class().is(&self.types.tuple)
        {
            return self.copy_of(t);
        }
        let it = self.iter(iterable)?;
        let mut out = Vec::with_capacity(self.length_hint(iterable).min(1 << 16));
        let mut ticks = Ticks::default();
        while let Some(v) = self.next(&it)? {
            self.push(&mut out, v)?;
            ticks.tick(self)?;
        }
        Ok(out)
    }
    /// `operator.length_hint`, 0 when nothing is known or asking fails.
    pub fn length_hint(&self, v: &Value) -> usize {
        if let Some(f) = self.type_of(v).slots.len.get()
            && !self.type_of(v).is_heap_type()
        {
            return f(self, v).unwrap_or(0);
        }
        0
    }
    /// Runs `f` on each item; it returns false to stop.
    pub fn for_each(
        &self,
        iterable: &Value,
        mut f: impl FnMut(Value) -> PyResult<bool>,
    ) -> PyResult<()> {
        let it = self.iter(iterable)?;
        let mut ticks = Ticks::default();
        while let Some(v) = self.next(&it)? {
            if !f(v)? {
                break;
            }
            ticks.tick(self)?;
        }
        Ok(())
    }

    // ---- numbers ----

    /// The value as an int object through `__index__`.
    pub fn index(&self, v: &Value) -> PyResult<Value> {
        if v.as_small_int().is_some() {
            return Ok(v.clone());
        }
        if let Some(i) = v.downcast::<Int>() {
            return Ok(self.new_bigint(i.0.clone()));
        }
        if let Some(b) = v.as_bool() {
            return Ok(Value::small_int(b as i64));
        }
        if let Some(f) = self.type_of(v).slots.index.get() {
            let r = f(self, v)?;
            if r.as_small_int().is_some() || r.downcast::<Int>().is_some() || r.as_bool().is_some()
            {
                return self.index(&r);
            }
            return Err(self.type_error(format!(
                "__index__ returned non-int (type {})",
                self.type_name(&r)
            )));
        }
        Err(self.type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            self.type_name(v)
        )))
    }
    /// The value as i64 through `__index__`; OverflowError outside.
    pub fn to_i64(&self, v: &Value) -> PyResult<i64> {
        if let Some(i) = v.as_small_int() {
            return Ok(i);
        }
        let i = self.to_bigint(v)?;
        i64::try_from(&i)
            .map_err(|_| self.overflow_error("Python int too large to convert to C ssize_t"))
    }
    /// The value as a C int, which is what flags, widths and protocols are.
    pub fn to_c_int(&self, v: &Value) -> PyResult<i32> {
        let i = self.to_bigint(v)?;
        i32::try_from(&i)
            .map_err(|_| self.overflow_error("Python int too large to convert to C int"))
    }
    /// The value as a length or a count of items.
    pub fn to_index_sized(&self, v: &Value) -> PyResult<i64> {
        let i = self.to_bigint(v)?;
        i64::try_from(&i).map_err(|_| {
            let t = self.type_name(v);
            self.overflow_error(format!("cannot fit '{t}' into an index-sized integer"))
        })
    }
    /// The value as i64, clamped at the ends (for slices and the like).
    pub fn to_i64_clamped(&self, v: &Value) -> PyResult<i64> {
        if let Some(i) = v.as_small_int() {
            return Ok(i);
        }
        let i = self.to_bigint(v)?;
        Ok(i64::try_from(&i).unwrap_or(if i < IBig::ZERO { i64::MIN } else { i64::MAX }))
    }
    pub fn to_usize(&self, v: &Value, what: &str) -> PyResult<usize> {
        let i = self.to_i64(v)?;
        usize::try_from(i).map_err(|_| self.value_error(format!("{what} must be non-negative")))
    }
    pub fn to_bigint(&self, v: &Value) -> PyResult<IBig> {
        let v = self.index(v)?;
        match v.as_small_int() {
            Some(i) => Ok(IBig::from(i)),
            None => Ok(v.downcast::<Int>().map(|i| i.0.clone()).unwrap_or_default()),
        }
    }
    /// An exact int's value without `__index__` (ints, bools and their subclasses).
    pub fn exact_bigint(&self, v: &Value) -> Option<IBig> {
        if let Some(i) = v.as_small_int() {
            return Some(IBig::from(i));
        }
        if let Some(b) = v.as_bool() {
            return Some(IBig::from(b as u8));
        }
        v.downcast::<Int>().map(|i| i.0.clone())
    }
    pub fn is_int(&self, v: &Value) -> bool {
        v.as_small_int().is_some() || v.as_bool().is_some() || v.downcast::<Int>().is_some()
    }
    /// A float's value (floats and their subclasses only).
    #[inline]
    pub fn exact_float(&self, v: &Value) -> Option<f64> {
        v.as_inline_float()
            .or_else(|| v.downcast::<Float>().map(|f| f.0))
    }
    /// `float(v)` for numbers.
    pub fn to_f64(&self, v: &Value) -> PyResult<f64> {
        if let Some(f) = self.exact_float(v) {
            return Ok(f);
        }
        if let Some(i) = v.as_small_int() {
            return Ok(i as f64);
        }
        if let Some(f) = self.type_of(v).slots.float.get() {
            let r = f(self, v)?;
            return self.exact_float(&r).ok_or_else(|| {
                let (t, r) = (self.type_name(v), self.type_name(&r));
                self.type_error(format!("{t}.__float__ returned non-float (type {r})"))
            });
        }
        if self.type_of(v).slots.index.get().is_some() {
            let i = self.to_bigint(v)?;
            return lasti_text::int::to_f64(&i).map_err(|e| self.text_error(e));
        }
        Err(self.type_error(format!("must be real number, not {}", self.type_name(v))))
    }
    /// Text of a `str` argument.
    pub fn expect_str<'a>(&self, v: &'a Value, what: &str) -> PyResult<&'a Ref<Str>> {
        v.as_ref::<Str>().ok_or_else(|| {
            self.type_error(format!(
                "{what} must be str, not {}",
                self.type_name_or_none(v)
            ))
        })
    }
    pub fn type_name_or_none(&self, v: &Value) -> String {
        if v.is_none() {
            "None".into()
        } else {
            self.type_name(v)
        }
    }
    /// Bytes of anything with a buffer.
    pub fn buffer(&self, v: &Value) -> PyResult<Vec<u8>> {
        if let Some(b) = v.downcast::<Bytes>() {
            return self.copy_of(&b.data);
        }
        if let Some(b) = v.downcast::<ByteArray>() {
            return self.copy_of(&b.data.borrow());
        }
        super::buffer::bytes_like(self, v)?.into_vec(self)
    }

    // ---- dicts and sets with any key ----

    /// The entry number of a key. Python's `__eq__` may run.
    pub fn dict_find(&self, d: &Dict, k: &DictKey) -> PyResult<Option<usize>> {
        match d.first(k) {
            Some(n) => Ok(Some(n)),
            None => self.dict_find_by_comparing(d, k),
        }
    }
    #[inline(never)]
    fn dict_find_by_comparing(&self, d: &Dict, k: &DictKey) -> PyResult<Option<usize>> {
        let mut from = Cursor::default();
        loop {
            match d.probe(k, from) {
                Probe::Found(n) => return Ok(Some(n)),
                Probe::Absent => return Ok(None),
                Probe::Compare(n, other, next) => {
                    let changes = d.changes();
                    if self.eq(&other, k.key)? {
                        if d.changes() == changes {
                            return Ok(Some(n));
                        }
                        from = Cursor::default();
                    } else if d.changes() == changes {
                        from = next;
                    } else {
                        from = Cursor::default();
                    }
                }
            }
        }
    }
    #[inline(always)]
    pub fn dict_lookup(&self, d: &Dict, key: &Value) -> PyResult<Option<Value>> {
        let hash = self.hash_key(key, "a dict key")?;
        Ok(self
            .dict_find(d, &DictKey { hash, key })?
            .map(|n| d.value_at(n)))
    }
    #[inline]
    pub fn dict_insert(&self, d: &Dict, key: Value, value: Value) -> PyResult<()> {
        let hash = self.hash_key(&key, "a dict key")?;
        match self.dict_find(d, &DictKey { hash, key: &key })? {
            Some(n) => drop(d.replace_at(n, value)),
            None => self.insert_new(d, hash, key, value)?,
        }
        Ok(())
    }
    /// Adds an entry whose key the dict has not.
    #[inline]
    pub fn insert_new(&self, d: &Dict, hash: u64, key: Value, value: Value) -> PyResult<()> {
        if !d.has_room() {
            return Err(self.memory_error());
        }
        d.insert_new(hash, key, value);
        Ok(())
    }
    /// Removes a key and returns its value.
    pub fn dict_remove(&self, d: &Dict, key: &Value) -> PyResult<Option<Value>> {
        let hash = self.hash_key(key, "a dict key")?;
        Ok(self
            .dict_find(d, &DictKey { hash, key })?
            .map(|n| d.remove_at(n).1))
    }
    /// Adds to a set; false when it was there.
    pub fn set_add(&self, s: &Set, key: Value) -> PyResult<bool> {
        let hash = self.hash_key(&key, "a set element")?;
        if self
            .dict_find(&s.dict, &DictKey { hash, key: &key })?
            .is_some()
        {
            return Ok(false);
        }
        self.insert_new(&s.dict, hash, key, Value::NONE)?;
        Ok(true)
    }
    /// `dict.update(other)` for a mapping or an iterable of pairs.
    pub fn dict_update(&self, d: &Ref<Dict>, other: &Value) -> PyResult<()> {
        if let Some(o) = other.as_ref::<Dict>()
            && (o.class().is(&self.types.dict)
                || self.type_of(other).slots.iter.get().is_some_and(|f| {
                    self.types
                        .dict
                        .slots
                        .iter
                        .get()
                        .is_some_and(|g| std::ptr::fn_addr_eq(f, g))
                }))
        {
            let size = o.len();
            for (hash, key, value) in o.snapshot() {
                match self.dict_find(d, &DictKey { hash, key: &key })? {
                    Some(n) => drop(d.replace_at(n, value)),
                    None => self.insert_new(d, hash, key, value)?,
                }
                if o.len() != size && !o.is(d) {
                    return Err(self.runtime_error("dict mutated during update"));
                }
            }
            return Ok(());
        }
        if let Some(keys) = self.lookup_attr(other, &self.names.keys)? {
            let keys = self.call(&keys, &[])?;
            return self.for_each(&keys, |k| {
                let v = self.getitem(other, &k)?;
                self.dict_insert(d, k, v)?;
                Ok(true)
            });
        }
        let mut n = 0;
        self.for_each(other, |pair| {
            let items = match self.collect(&pair) {
                Err(e) if self.exc_is(&e, &self.exc.type_error) => {
                    let e = self.type_error("object is not iterable");
                    self.add_note(
                        &e,
                        &format!(
                            "Cannot convert dictionary update sequence element #{n} to a sequence"
                        ),
                    )?;
                    return Err(e);
                }
                r => r?,
            };
            let [k, v] = <[Value; 2]>::try_from(items).map_err(|items| {
                self.value_error(format!(
                    "dictionary update sequence element #{n} has length {}; 2 is required",
                    items.len()
                ))
            })?;
            n += 1;
            self.dict_insert(d, k, v)?;
            Ok(true)
        })
    }
}

/// Awaiting an instance of the class drives the instance itself.
#[inline(always)]
pub(crate) fn is_awaited_as_is(t: &crate::objects::Type) -> bool {
    let slot = t.slots.await_.get();
    slot.is_some_and(|f| std::ptr::fn_addr_eq(f, self_iter as crate::objects::UnaryFn))
}

/// `__iter__` of iterators, and `__await__` of what is awaited as it is.
#[inline(never)]
pub fn self_iter(_: &Vm, v: &Value) -> PyResult<Value> {
    Ok(v.clone())
}

/// The message for `a + b` and `a * b` when a built-in sequence takes part and nobody knew the operation.
pub(crate) fn sequence_operand_error(
    vm: &Vm,
    a: &Value,
    b: &Value,
    symbol: &str,
) -> Option<String> {
    let is_text = |v: &Value| v.downcast::<Str>().is_some();
    let is_bytes =
        |v: &Value| v.downcast::<Bytes>().is_some() || v.downcast::<ByteArray>().is_some();
    let is_items = |v: &Value| v.downcast::<List>().is_some() || v.downcast::<Tuple>().is_some();
    let is_sequence = |v: &Value| is_text(v) || is_bytes(v) || is_items(v);
    match symbol {
        "+" | "+=" if is_bytes(a) => Some(format!(
            "can't concat {} to {}",
            vm.type_name(b),
            vm.type_name(a)
        )),
        "+" | "+=" if is_sequence(a) => {
            let base = match () {
                _ if is_text(a) => "str",
                _ if a.downcast::<List>().is_some() => "list",
                _ => "tuple",
            };
            Some(format!(
                "can only concatenate {base} (not \"{}\") to {base}",
                vm.type_name(b)
            ))
        }
        "*" | "*=" if is_sequence(a) => Some(format!(
            "can't multiply sequence by non-int of type '{}'",
            vm.type_name(b)
        )),
        "*" | "*=" if is_sequence(b) => Some(format!(
            "can't multiply sequence by non-int of type '{}'",
            vm.type_name(a)
        )),
        _ => None,
    }
}
