//! The table that ties special methods to slots, in both directions: native slots show as wrapper methods
//! (`int.__add__`), and methods of Python classes fill slots with functions that call them (CPython's slotdefs).
use crate::memory::{Kind, Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// One special method and how it maps to a slot.
pub struct SlotDef {
    pub name: &'static str,
    /// Whether the type has the slot natively.
    has: fn(&Slots) -> bool,
    /// Takes the slot from another type.
    copy: fn(&Slots, &Slots),
    /// Fills the slot with the function that calls the Python method.
    python: fn(&Slots),
    /// Calls the slot as a method.
    pub call: fn(&Vm, &Type, &Value, Args) -> PyResult<Value>,
}

/// `__text_signature__` of a slot shown as a method.
pub fn text_signature(name: &Str) -> &'static str {
    match &*name.to_string_lossy() {
        "__call__" | "__init__" | "__new__" => "($self, /, *args, **kwargs)",
        "__getattribute__" | "__getattr__" | "__delattr__" => "($self, name, /)",
        "__setattr__" => "($self, name, value, /)",
        "__getitem__" | "__delitem__" | "__contains__" => "($self, key, /)",
        "__setitem__" => "($self, key, value, /)",
        "__get__" => "($self, instance, owner=None, /)",
        "__set__" => "($self, instance, value, /)",
        "__delete__" => "($self, instance, /)",
        "__pow__" | "__rpow__" => "($self, value, mod=None, /)",
        "__repr__" | "__str__" | "__hash__" | "__iter__" | "__next__" | "__await__"
        | "__aiter__" | "__anext__" | "__len__" | "__bool__" | "__int__" | "__float__"
        | "__index__" | "__abs__" | "__neg__" | "__pos__" | "__invert__" | "__del__" => {
            "($self, /)"
        }
        _ => "($self, value, /)",
    }
}

macro_rules! plain_slot {
    ($name:literal, $field:ident, $python:expr, $call:expr) => {
        SlotDef {
            name: $name,
            has: |s| s.$field.get().is_some(),
            copy: |to, from| to.$field.set(from.$field.get()),
            python: |s| s.$field.set(Some($python)),
            call: $call,
        }
    };
}

macro_rules! binary_slot {
    ($name:literal, $op:ident, $reflected:literal) => {
        SlotDef {
            name: $name,
            has: |s| s.binary[BinOp::$op as usize].get().is_some(),
            copy: |to, from| {
                to.binary[BinOp::$op as usize].set(from.binary[BinOp::$op as usize].get())
            },
            python: |s| s.binary[BinOp::$op as usize].set(Some(PYTHON_BINARY[BinOp::$op as usize])),
            call: |vm, owner, this, args| {
                let other = arg1(vm, args)?;
                let f = owner.slots.binary[BinOp::$op as usize]
                    .get()
                    .ok_or_else(|| vm.type_error("no such slot"))?;
                if concatenates(owner, BinOp::$op) {
                    sequence_op(vm, this, other, BinOp::$op, false, f)
                } else if $reflected {
                    f(vm, other, this)
                } else {
                    f(vm, this, other)
                }
            },
        }
    };
}

macro_rules! inplace_slot {
    ($name:literal, $op:ident) => {
        SlotDef {
            name: $name,
            has: |s| s.inplace[BinOp::$op as usize].get().is_some(),
            copy: |to, from| {
                to.inplace[BinOp::$op as usize].set(from.inplace[BinOp::$op as usize].get())
            },
            python: |s| {
                s.inplace[BinOp::$op as usize].set(Some(|vm, a, b| {
                    Ok(call_name(vm, a, $name, std::slice::from_ref(b))?
                        .unwrap_or(Value::NOT_IMPLEMENTED))
                }))
            },
            call: |vm, owner, this, args| {
                let other = arg1(vm, args)?;
                let f = owner.slots.inplace[BinOp::$op as usize]
                    .get()
                    .ok_or_else(|| vm.type_error("no such slot"))?;
                if concatenates(owner, BinOp::$op) {
                    sequence_op(vm, this, other, BinOp::$op, true, f)
                } else {
                    f(vm, this, other)
                }
            },
        }
    };
}

macro_rules! unary_slot {
    ($name:literal, $op:ident) => {
        SlotDef {
            name: $name,
            has: |s| s.unary[UnOp::$op as usize].get().is_some(),
            copy: |to, from| to.unary[UnOp::$op as usize].set(from.unary[UnOp::$op as usize].get()),
            python: |s| s.unary[UnOp::$op as usize].set(Some(|vm, v| need(vm, v, $name, &[]))),
            call: |vm, owner, this, args| {
                arg0(vm, args)?;
                let f = owner.slots.unary[UnOp::$op as usize]
                    .get()
                    .ok_or_else(|| vm.type_error("no such slot"))?;
                f(vm, this)
            },
        }
    };
}

macro_rules! unary_method {
    ($name:literal, $field:ident) => {
        plain_slot!(
            $name,
            $field,
            |vm, v| need(vm, v, $name, &[]),
            |vm, owner, this, args| {
                arg0(vm, args)?;
                match owner.slots.$field.get() {
                    Some(f) => f(vm, this),
                    None => Err(vm.type_error("no such slot")),
                }
            }
        )
    };
}

macro_rules! compare_slot {
    ($name:literal, $op:ident) => {
        plain_slot!($name, richcmp, python_richcmp, |vm, owner, this, args| {
            let other = arg1(vm, args)?;
            match owner.slots.richcmp.get() {
                Some(f) => f(vm, this, other, CmpOp::$op),
                None => Ok(Value::NOT_IMPLEMENTED),
            }
        })
    };
}

pub static SLOT_DEFS: &[SlotDef] = &[
    unary_method!("__repr__", repr),
    unary_method!("__str__", str),
    plain_slot!("__hash__", hash, python_hash, |vm, owner, this, args| {
        arg0(vm, args)?;
        match owner.slots.hash.get() {
            Some(f) => Ok(vm.new_int(f(vm, this)? as i64)),
            None => Err(vm.type_error("unhashable")),
        }
    }),
    plain_slot!(
        "__call__",
        call,
        python_call,
        |vm, owner, this, args| match owner.slots.call.get() {
            Some(f) => f(vm, this, args),
            None => Err(vm.type_error("not callable")),
        }
    ),
    plain_slot!(
        "__getattribute__",
        getattr,
        python_getattr,
        |vm, owner, this, args| {
            let name = vm.expect_str(arg1(vm, args)?, "attribute name")?;
            let found = match owner.slots.getattr.get() {
                Some(f) => f(vm, this, name)?,
                None => vm.generic_getattr(this, name)?,
            };
            found.ok_or_else(|| vm.no_attribute(this, name))
        }
    ),
    plain_slot!(
        "__getattr__",
        getattr,
        python_getattr,
        |vm, _, this, args| {
            let name = vm.expect_str(arg1(vm, args)?, "attribute name")?;
            vm.getattr(this, name)
        }
    ),
    plain_slot!(
        "__setattr__",
        setattr,
        python_setattr,
        |vm, owner, this, args| {
            let [name, value] = args.exactly::<2>(vm, "__setattr__")?;
            let name = vm.expect_str(name, "attribute name")?;
            match owner.slots.setattr.get() {
                Some(f) => f(vm, this, name, Some(value))?,
                None => vm.generic_setattr(this, name, Some(value))?,
            }
            Ok(Value::NONE)
        }
    ),
    plain_slot!(
        "__delattr__",
        setattr,
        python_setattr,
        |vm, owner, this, args| {
            let name = vm.expect_str(arg1(vm, args)?, "attribute name")?;
            match owner.slots.setattr.get() {
                Some(f) => f(vm, this, name, None)?,
                None => vm.generic_setattr(this, name, None)?,
            }
            Ok(Value::NONE)
        }
    ),
    compare_slot!("__lt__", Lt),
    compare_slot!("__le__", Le),
    compare_slot!("__eq__", Eq),
    compare_slot!("__ne__", Ne),
    compare_slot!("__gt__", Gt),
    compare_slot!("__ge__", Ge),
    unary_method!("__iter__", iter),
    plain_slot!("__next__", next, python_next, |vm, owner, this, args| {
        arg0(vm, args)?;
        match owner.slots.next.get() {
            Some(f) => f(vm, this)?.ok_or_else(|| vm.stop_iteration(Value::NONE)),
            None => Err(vm.type_error("not an iterator")),
        }
    }),
    plain_slot!("__len__", len, python_len, |vm, owner, this, args| {
        arg0(vm, args)?;
        match owner.slots.len.get() {
            Some(f) => Ok(vm.new_int(f(vm, this)? as i64)),
            None => Err(vm.type_error("no len()")),
        }
    }),
    plain_slot!(
        "__getitem__",
        getitem,
        |vm, v, k| need(vm, v, "__getitem__", std::slice::from_ref(k)),
        |vm, owner, this, args| {
            let key = arg1(vm, args)?;
            match owner.slots.getitem.get() {
                Some(f) => f(vm, this, key),
                None => Err(vm.type_error("not subscriptable")),
            }
        }
    ),
    plain_slot!(
        "__setitem__",
        setitem,
        python_setitem,
        |vm, owner, this, args| {
            let [k, v] = args.exactly::<2>(vm, "__setitem__")?;
            if let Some(f) = owner.slots.setitem.get() {
                f(vm, this, k, Some(v))?;
            }
            Ok(Value::NONE)
        }
    ),
    plain_slot!(
        "__delitem__",
        setitem,
        python_setitem,
        |vm, owner, this, args| {
            let k = arg1(vm, args)?;
            if let Some(f) = owner.slots.setitem.get() {
                f(vm, this, k, None)?;
            }
            Ok(Value::NONE)
        }
    ),
    plain_slot!(
        "__contains__",
        contains,
        python_contains,
        |vm, owner, this, args| {
            let item = arg1(vm, args)?;
            match owner.slots.contains.get() {
                Some(f) => Ok(Value::bool(f(vm, this, item)?)),
                None => Ok(Value::FALSE),
            }
        }
    ),
    plain_slot!("__bool__", bool_, python_bool, |vm, owner, this, args| {
        arg0(vm, args)?;
        match owner.slots.bool_.get() {
            Some(f) => Ok(Value::bool(f(vm, this)?)),
            None => Ok(Value::TRUE),
        }
    }),
    unary_method!("__int__", int),
    unary_method!("__float__", float),
    unary_method!("__index__", index),
    plain_slot!(
        "__get__",
        descr_get,
        python_descr_get,
        |vm, owner, this, args| {
            let a = args.between(vm, "__get__", 1, 2)?;
            let obj = if a[0].is_none() { None } else { Some(&a[0]) };
            let class = match a.get(1) {
                Some(c) if !c.is_none() => c.clone(),
                _ => obj.map_or(Value::NONE, |o| vm.type_of(o).value()),
            };
            if obj.is_none() && class.is_none() {
                return Err(vm.type_error("__get__(None, None) is invalid"));
            }
            match owner.slots.descr_get.get() {
                Some(f) => f(vm, this, obj, &class),
                None => Ok(this.clone()),
            }
        }
    ),
    plain_slot!(
        "__set__",
        descr_set,
        python_descr_set,
        |vm, owner, this, args| {
            let [obj, v] = args.exactly::<2>(vm, "__set__")?;
            if let Some(f) = owner.slots.descr_set.get() {
                f(vm, this, obj, Some(v))?;
            }
            Ok(Value::NONE)
        }
    ),
    plain_slot!(
        "__delete__",
        descr_set,
        python_descr_set,
        |vm, owner, this, args| {
            let obj = arg1(vm, args)?;
            if let Some(f) = owner.slots.descr_set.get() {
                f(vm, this, obj, None)?;
            }
            Ok(Value::NONE)
        }
    ),
    plain_slot!("__init__", init, python_init, |vm, owner, this, args| {
        if let Some(f) = owner.slots.init.get() {
            f(vm, this, args)?;
        }
        Ok(Value::NONE)
    }),
    unary_method!("__await__", await_),
    unary_method!("__aiter__", aiter),
    unary_method!("__anext__", anext),
    unary_slot!("__neg__", Neg),
    unary_slot!("__pos__", Pos),
    unary_slot!("__invert__", Invert),
    unary_slot!("__abs__", Abs),
    binary_slot!("__add__", Add, false),
    binary_slot!("__radd__", Add, true),
    binary_slot!("__sub__", Sub, false),
    binary_slot!("__rsub__", Sub, true),
    binary_slot!("__mul__", Mul, false),
    binary_slot!("__rmul__", Mul, true),
    binary_slot!("__matmul__", MatMul, false),
    binary_slot!("__rmatmul__", MatMul, true),
    binary_slot!("__truediv__", TrueDiv, false),
    binary_slot!("__rtruediv__", TrueDiv, true),
    binary_slot!("__floordiv__", FloorDiv, false),
    binary_slot!("__rfloordiv__", FloorDiv, true),
    binary_slot!("__mod__", Mod, false),
    binary_slot!("__rmod__", Mod, true),
    binary_slot!("__divmod__", DivMod, false),
    binary_slot!("__rdivmod__", DivMod, true),
    SlotDef {
        call: |vm, owner, this, args| match (args.pos, args.kw) {
            ([exp, modulus], []) if !modulus.is_none() => {
                modulo_power(vm, owner, this, exp, modulus)
            }
            ([exp, _], []) | ([exp], []) => match owner.slots.binary[BinOp::Pow as usize].get() {
                Some(f) => f(vm, this, exp),
                None => Ok(Value::NOT_IMPLEMENTED),
            },
            _ => arg1(vm, args).cloned(),
        },
        ..binary_slot!("__pow__", Pow, false)
    },
    SlotDef {
        call: |vm, owner, this, args| match (args.pos, args.kw) {
            ([base, modulus], []) if !modulus.is_none() => {
                modulo_power(vm, owner, base, this, modulus)
            }
            ([base, _], []) | ([base], []) => match owner.slots.binary[BinOp::Pow as usize].get() {
                Some(f) => f(vm, base, this),
                None => Ok(Value::NOT_IMPLEMENTED),
            },
            _ => arg1(vm, args).cloned(),
        },
        ..binary_slot!("__rpow__", Pow, true)
    },
    binary_slot!("__lshift__", LShift, false),
    binary_slot!("__rlshift__", LShift, true),
    binary_slot!("__rshift__", RShift, false),
    binary_slot!("__rrshift__", RShift, true),
    binary_slot!("__and__", And, false),
    binary_slot!("__rand__", And, true),
    binary_slot!("__xor__", Xor, false),
    binary_slot!("__rxor__", Xor, true),
    binary_slot!("__or__", Or, false),
    binary_slot!("__ror__", Or, true),
    inplace_slot!("__iadd__", Add),
    inplace_slot!("__isub__", Sub),
    inplace_slot!("__imul__", Mul),
    inplace_slot!("__imatmul__", MatMul),
    inplace_slot!("__itruediv__", TrueDiv),
    inplace_slot!("__ifloordiv__", FloorDiv),
    inplace_slot!("__imod__", Mod),
    inplace_slot!("__ipow__", Pow),
    inplace_slot!("__ilshift__", LShift),
    inplace_slot!("__irshift__", RShift),
    inplace_slot!("__iand__", And),
    inplace_slot!("__ixor__", Xor),
    inplace_slot!("__ior__", Or),
];

fn arg0(vm: &Vm, args: Args) -> PyResult<()> {
    if args.is_empty() {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "expected 0 arguments, got {}",
        args.pos.len() + args.kw.len()
    )))
}

fn arg1<'a>(vm: &Vm, args: Args<'a>) -> PyResult<&'a Value> {
    match args.pos {
        [v] if args.kw.is_empty() => Ok(v),
        _ => Err(vm.type_error(format!(
            "expected 1 argument, got {}",
            args.pos.len() + args.kw.len()
        ))),
    }
}

/// Whether `+` and `*` of a type are a sequence's.
fn concatenates(owner: &Type, op: BinOp) -> bool {
    let s = &owner.slots;
    matches!(op, BinOp::Add | BinOp::Mul) && s.getitem.get().is_some() && s.len.get().is_some()
}

/// `+` and `*` of a sequence as a method: the other operand is not asked, so what does not fit raises (CPython's sq_concat and
/// sq_repeat).
fn sequence_op(
    vm: &Vm,
    this: &Value,
    other: &Value,
    op: BinOp,
    inplace: bool,
    f: BinaryFn,
) -> PyResult<Value> {
    if op == BinOp::Mul {
        let n = vm.new_int(vm.to_index_sized(other)?);
        return f(vm, this, &n);
    }
    // The slot of a binary operator asks what has an operator of its own.
    let asked = vm.type_of(other).layout().kind == Kind::Instance
        && vm.type_of(other).slots.binary[BinOp::Add as usize]
            .get()
            .is_some();
    if inplace || !asked {
        let sum = f(vm, this, other)?;
        if !sum.is_not_implemented() {
            return Ok(sum);
        }
    }
    let message = super::protocol::sequence_operand_error(vm, this, other, "+");
    let message = message.unwrap_or_else(|| {
        let (a, b) = (vm.type_name(this), vm.type_name(other));
        format!("can only concatenate {a} (not \"{b}\") to {a}")
    });
    Err(vm.type_error(message))
}

/// `pow` with a third argument, as a method.
fn modulo_power(vm: &Vm, owner: &Type, a: &Value, b: &Value, m: &Value) -> PyResult<Value> {
    if owner.layout().same(vm.types.float.layout()) {
        return Err(
            vm.type_error("pow() 3rd argument not allowed unless all arguments are integers")
        );
    }
    if owner.layout().same(vm.types.complex.layout()) {
        let number = |v: &Value| {
            let t = &vm.types;
            [&t.int, &t.float, &t.complex]
                .iter()
                .any(|t| vm.is_instance(v, t))
        };
        if number(a) && number(b) {
            return Err(vm.value_error("complex modulo"));
        }
    }
    vm.pow_modulo(a, b, m)
}

/// Calls a special method by name; `None` when the type has none.
fn call_name(vm: &Vm, v: &Value, name: &str, args: &[Value]) -> PyResult<Option<Value>> {
    vm.guard_native_stack("while calling a Python object")?;
    vm.call_special(v, &vm.intern(name), args)
}

fn need(vm: &Vm, v: &Value, name: &str, args: &[Value]) -> PyResult<Value> {
    match call_name(vm, v, name, args)? {
        Some(r) => Ok(r),
        None => Err(vm.no_attribute(v, &vm.intern(name))),
    }
}

fn python_binary(vm: &Vm, a: &Value, b: &Value, op: BinOp) -> PyResult<Value> {
    let (name, rname) = BINARY_NAMES[op as usize];
    let (ta, tb) = (vm.type_of(a), vm.type_of(b));
    let is_python = |t: &Type| {
        t.slots.binary[op as usize]
            .get()
            .is_some_and(|f| std::ptr::fn_addr_eq(f, PYTHON_BINARY[op as usize]))
    };
    let left = is_python(ta);
    let mut right = !ta.is(tb) && is_python(tb);
    if left {
        if right && tb.is_subtype(ta) {
            let rn = vm.intern(rname);
            let same = match (ta.lookup(vm, &rn), tb.lookup(vm, &rn)) {
                (Some(x), Some(y)) => x.is(&y),
                (None, None) => true,
                _ => false,
            };
            if !same {
                if let Some(r) = call_name(vm, b, rname, std::slice::from_ref(a))?
                    && !r.is_not_implemented()
                {
                    return Ok(r);
                }
                right = false;
            }
        }
        if let Some(r) = call_name(vm, a, name, std::slice::from_ref(b))?
            && !r.is_not_implemented()
        {
            return Ok(r);
        }
    }
    if right && let Some(r) = call_name(vm, b, rname, std::slice::from_ref(a))? {
        return Ok(r);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

const BINARY_NAMES: [(&str, &str); BIN_OPS] = [
    ("__add__", "__radd__"),
    ("__sub__", "__rsub__"),
    ("__mul__", "__rmul__"),
    ("__matmul__", "__rmatmul__"),
    ("__truediv__", "__rtruediv__"),
    ("__floordiv__", "__rfloordiv__"),
    ("__mod__", "__rmod__"),
    ("__divmod__", "__rdivmod__"),
    ("__pow__", "__rpow__"),
    ("__lshift__", "__rlshift__"),
    ("__rshift__", "__rrshift__"),
    ("__and__", "__rand__"),
    ("__xor__", "__rxor__"),
    ("__or__", "__ror__"),
];

/// The slot functions that call Python's operator methods.
static PYTHON_BINARY: [BinaryFn; BIN_OPS] = [
    |vm, a, b| python_binary(vm, a, b, BinOp::Add),
    |vm, a, b| python_binary(vm, a, b, BinOp::Sub),
    |vm, a, b| python_binary(vm, a, b, BinOp::Mul),
    |vm, a, b| python_binary(vm, a, b, BinOp::MatMul),
    |vm, a, b| python_binary(vm, a, b, BinOp::TrueDiv),
    |vm, a, b| python_binary(vm, a, b, BinOp::FloorDiv),
    |vm, a, b| python_binary(vm, a, b, BinOp::Mod),
    |vm, a, b| python_binary(vm, a, b, BinOp::DivMod),
    |vm, a, b| python_binary(vm, a, b, BinOp::Pow),
    |vm, a, b| python_binary(vm, a, b, BinOp::LShift),
    |vm, a, b| python_binary(vm, a, b, BinOp::RShift),
    |vm, a, b| python_binary(vm, a, b, BinOp::And),
    |vm, a, b| python_binary(vm, a, b, BinOp::Xor),
    |vm, a, b| python_binary(vm, a, b, BinOp::Or),
];

fn python_hash(vm: &Vm, v: &Value) -> PyResult<u64> {
    let f = vm.type_of(v).lookup(vm, &vm.names.hash);
    match f {
        Some(f) if !f.is_none() => {
            let r = vm.call_descr(&f, v, &[])?;
            let Some(i) = vm.exact_bigint(&r) else {
                return Err(vm.type_error("__hash__ method should return an integer"));
            };
            let h = i64::try_from(&i).unwrap_or_else(|_| lasti_text::int_arith::hash_int(&i));
            Ok(if h == -1 { -2i64 as u64 } else { h as u64 })
        }
        _ => Err(vm.type_error(format!("unhashable type: '{}'", vm.type_name(v)))),
    }
}

fn python_call(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let Some(f) = vm.type_of(v).lookup(vm, &vm.names.call) else {
        return Err(vm.type_error(format!("'{}' object is not callable", vm.type_name(v))));
    };
    if vm.type_of(&f).has(TypeFlags::METHOD_DESCR) {
        let mut pos = Vec::with_capacity(args.pos.len() + 1);
        pos.push(v.clone());
        pos.extend_from_slice(args.pos);
        return vm.call_args(&f, Args { pos: &pos, ..args });
    }
    let bound = vm.bind_descriptor(&f, Some(v), vm.type_of(v).as_value())?;
    vm.call_args(&bound, args)
}

fn python_getattr(vm: &Vm, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let ty = vm.type_of(v);
    let getattribute = ty.lookup(vm, &vm.names.getattribute);
    let found = match getattribute {
        Some(f) if f.downcast::<SlotWrapper>().is_none() => {
            match vm.call_descr(&f, v, &[name.value()]) {
                Ok(r) => Ok(Some(r)),
                Err(e) => Err(e),
            }
        }
        Some(f) => match f
            .downcast::<SlotWrapper>()
            .and_then(|w| w.owner.slots.getattr.get())
        {
            Some(native) => native(vm, v, name),
            None => vm.generic_getattr(v, name),
        },
        None => vm.generic_getattr(v, name),
    };
    match found {
        Ok(Some(r)) => Ok(Some(r)),
        Ok(None) => match ty.lookup(vm, &vm.names.getattr) {
            Some(f) => vm.call_descr(&f, v, &[name.value()]).map(Some),
            None => Ok(None),
        },
        Err(e) if vm.exc_is(&e, &vm.exc.attribute_error) => {
            match ty.lookup(vm, &vm.names.getattr) {
                Some(f) => vm.call_descr(&f, v, &[name.value()]).map(Some),
                None => Err(e),
            }
        }
        Err(e) => Err(e),
    }
}

fn python_setattr(vm: &Vm, v: &Value, name: &Ref<Str>, value: Option<&Value>) -> PyResult<()> {
    match value {
        Some(x) => need(vm, v, "__setattr__", &[name.value(), x.clone()])?,
        None => need(vm, v, "__delattr__", &[name.value()])?,
    };
    Ok(())
}

fn python_richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let n = &vm.names;
    let name = [&n.lt, &n.le, &n.eq, &n.ne, &n.gt, &n.ge][op as usize];
    match vm.type_of(a).lookup(vm, name) {
        // None is called, too: the caller learns that it cannot be.
        Some(f) => {
            if let Some(w) = f.downcast::<SlotWrapper>() {
                return match w.owner.slots.richcmp.get() {
                    Some(native) => native(vm, a, b, op),
                    None => Ok(Value::NOT_IMPLEMENTED),
                };
            }
            vm.call_descr(&f, a, std::slice::from_ref(b))
        }
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn python_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    match need(vm, v, "__next__", &[]) {
        Ok(r) => Ok(Some(r)),
        Err(e) if vm.exc_is(&e, &vm.exc.stop_iteration) => Ok(None),
        Err(e) => Err(e),
    }
}

fn python_len(vm: &Vm, v: &Value) -> PyResult<usize> {
    let r = need(vm, v, "__len__", &[])?;
    let n = vm.index(&r)?;
    match n.as_small_int() {
        Some(i) if i >= 0 => Ok(i as usize),
        _ if vm.to_bigint(&n)? < dashu_int::IBig::ZERO => {
            Err(vm.value_error("__len__() should return >= 0"))
        }
        _ => Err(vm.overflow_error("cannot fit 'int' into an index-sized integer")),
    }
}

fn python_setitem(vm: &Vm, v: &Value, k: &Value, value: Option<&Value>) -> PyResult<()> {
    let (name, r) = match value {
        Some(x) => (
            "__setitem__",
            call_name(vm, v, "__setitem__", &[k.clone(), x.clone()])?,
        ),
        None => (
            "__delitem__",
            call_name(vm, v, "__delitem__", std::slice::from_ref(k))?,
        ),
    };
    match r {
        Some(_) => Ok(()),
        None => Err(vm.new_exception(&vm.exc.attribute_error, name)),
    }
}

fn python_contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    match vm.type_of(v).lookup(vm, &vm.names.contains) {
        Some(f) if f.is_none() => {
            Err(vm.type_error(format!("'{}' object is not a container", vm.type_name(v))))
        }
        _ => {
            let r = need(vm, v, "__contains__", std::slice::from_ref(item))?;
            vm.is_true(&r)
        }
    }
}

fn python_bool(vm: &Vm, v: &Value) -> PyResult<bool> {
    let r = need(vm, v, "__bool__", &[])?;
    r.as_bool().ok_or_else(|| {
        vm.type_error(format!(
            "__bool__ should return bool, returned {}",
            vm.type_name(&r)
        ))
    })
}

fn python_descr_get(vm: &Vm, d: &Value, obj: Option<&Value>, class: &Value) -> PyResult<Value> {
    match vm.type_of(d).lookup(vm, &vm.names.get) {
        Some(f) => vm.call_descr(&f, d, &[obj.cloned().unwrap_or(Value::NONE), class.clone()]),
        None => Ok(d.clone()),
    }
}

fn python_descr_set(vm: &Vm, d: &Value, obj: &Value, value: Option<&Value>) -> PyResult<()> {
    let r = match value {
        Some(v) => call_name(vm, d, "__set__", &[obj.clone(), v.clone()])?,
        None => call_name(vm, d, "__delete__", std::slice::from_ref(obj))?,
    };
    if r.is_none() {
        let name = if value.is_some() {
            "__set__"
        } else {
            "__delete__"
        };
        let name = vm.intern(name);
        return Err(vm.attribute_error(name.to_string_lossy(), d, &name));
    }
    Ok(())
}

fn python_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let Some(f) = vm.type_of(v).lookup(vm, &vm.names.init) else {
        return Ok(());
    };
    let r = if vm.type_of(&f).has(TypeFlags::METHOD_DESCR) {
        let mut pos = Vec::with_capacity(args.pos.len() + 1);
        pos.push(v.clone());
        pos.extend_from_slice(args.pos);
        vm.call_args(&f, Args { pos: &pos, ..args })?
    } else {
        let bound = vm.bind_descriptor(&f, Some(v), vm.type_of(v).as_value())?;
        vm.call_args(&bound, args)?
    };
    if !r.is_none() {
        return Err(vm.type_error(format!(
            "__init__() should return None, not '{}'",
            vm.type_name(&r)
        )));
    }
    Ok(())
}

/// `__new__` of a Python class.
fn python_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let Some(f) = class.lookup(vm, &vm.names.new) else {
        return Err(vm.type_error(format!("cannot create '{}' instances", class.name())));
    };
    let f = vm.bind_descriptor(&f, None, class.as_value())?;
    let mut pos = Vec::with_capacity(args.pos.len() + 1);
    pos.push(class.value());
    pos.extend_from_slice(args.pos);
    vm.call_args(&f, Args { pos: &pos, ..args })
}

/// Whether a class's `init` slot calls an `__init__` written in Python.
pub(crate) fn is_python_init(f: InitFn) -> bool {
    std::ptr::fn_addr_eq(f, python_init as InitFn)
}

impl Vm {
    /// Finishes a native type: takes slots from its base and shows its own as methods.
    pub fn ready_type(&self, t: &Ref<Type>) {
        let own = t.slots.clone();
        let dict = t.dict();
        for (row, d) in SLOT_DEFS.iter().enumerate() {
            if !(d.has)(&own) || d.name == "__getattr__" {
                continue;
            }
            // Sequences concatenate from the left only.
            if d.name == "__radd__" && own.getitem.get().is_some() && own.len.get().is_some() {
                continue;
            }
            let name = self.intern(d.name);
            if self.dict_get_str(&dict, &name).is_none() {
                let w = SlotWrapper {
                    name: name.clone(),
                    owner: t.clone(),
                    row,
                };
                self.dict_set_str(
                    &dict,
                    &name,
                    self.heap.alloc(&self.types.wrapper_descriptor, w).into(),
                );
            }
        }
        if let Some(new) = own.new.get()
            && self.dict_get_str(&dict, &self.names.new).is_none()
        {
            let _ = new;
            let f = super::new::new_wrapper(self, t);
            self.dict_set_str(&dict, &self.names.new, f);
        }
        if own.richcmp.get().is_some() && own.hash.get().is_none() && !t.is(&self.types.object) {
            // A type that compares by value and does not say how it hashes does not hash.
            if self.dict_get_str(&dict, &self.names.hash).is_none() {
                self.dict_set_str(&dict, &self.names.hash, Value::NONE);
            }
        }
        let unhashable = self
            .dict_get_str(&dict, &self.names.hash)
            .is_some_and(|v| v.is_none());
        if let Some(base) = t.base() {
            for d in SLOT_DEFS {
                if d.name == "__hash__" && unhashable {
                    continue;
                }
                if !(d.has)(&t.slots) {
                    (d.copy)(&t.slots, &base.slots);
                }
            }
            if t.slots.new.get().is_none() && !t.has(TypeFlags::NO_NEW) {
                t.slots.new.set(base.slots.new.get());
            }
            let inherited =
                base.flags.get() & (TypeFlags::DICT | TypeFlags::SEQUENCE | TypeFlags::MAPPING);
            t.set_flag(inherited);
        }
        let own_dict = t.has(TypeFlags::DICT) && !t.base().is_some_and(|b| b.has(TypeFlags::DICT));
        if own_dict && self.dict_get_str(&dict, &self.names.dict).is_none() {
            self.dict_set_str(
                &dict,
                &self.names.dict,
                super::instance::dict_descriptor(self, t),
            );
        }
        if self.dict_get_str(&dict, &self.names.doc).is_none() {
            self.dict_set_str(&dict, &self.names.doc, Value::NONE);
        }
        t.modified();
    }

    /// Works out the slots of a Python class from what its MRO defines. It takes those of its base where neither it nor a mixin
    /// defines anything.
    pub(crate) fn update_slots(&self, t: &Ref<Type>) {
        let rows = self.module_state(|| SlotRows::new(self));
        let mro = t.mro();
        // What the MRO has beside the base's own, in front of that or between: almost always the class alone, or mixins.
        let mut beside = Vec::new();
        let base = t.base().filter(|base| {
            let base = base.mro();
            let mut rest = base.iter().peekable();
            for c in &*mro {
                if rest.next_if(|b| b.is(c)).is_none() {
                    beside.push(c);
                }
            }
            rest.next().is_none()
        });
        let inherited = base.map(|base| match base.is_heap_type() {
            true => base.slots.clone(),
            false => rows.of_native(&base),
        });
        let new = rows.fresh(&mro, inherited, &beside);
        let find = |name| rows.find(&mro, rows.number(name));
        new.new.set(match find("__new__") {
            Some(f) => match super::new::native_new_of(&f) {
                // Whichever native `__new__` stands in the namespace, what makes instances is the base's: another one
                // would make objects of another layout.
                Some(_) => t.base().and_then(|b| b.slots.new.get()),
                None => Some(python_new),
            },
            None => None,
        });
        let s = &t.slots;
        for d in SLOT_DEFS {
            (d.copy)(s, &new);
        }
        s.new.set(new.new.get());
        if find("__del__").is_some() {
            t.set_flag(TypeFlags::DEL);
        }
    }
}

/// The names of [`SLOT_DEFS`] as objects, and which rows are about one slot.
struct SlotRows {
    /// `__new__` and `__del__` stand behind those of the table.
    names: Vec<(Ref<Str>, u64)>,
    /// The first row about the same slot (`__setitem__` for `__delitem__`).
    group: Vec<usize>,
    /// The row of the name with a hash.
    by_hash: FxHashMap<u64, usize>,
    /// What classes with one native base, by its address, have where they define nothing themselves.
    native: RefCell<FxHashMap<usize, Slots>>,
}

impl SlotRows {
    fn new(vm: &Vm) -> SlotRows {
        let names = SLOT_DEFS.iter().map(|d| d.name);
        let name = |name: &str| {
            let s = vm.intern(name);
            let hash = s.hash_with(&vm.hash_keys);
            (s, hash)
        };
        let group = (0..SLOT_DEFS.len()).map(|i| {
            let s = Slots::default();
            (SLOT_DEFS[i].python)(&s);
            SLOT_DEFS.iter().position(|d| (d.has)(&s)).unwrap_or(i)
        });
        let group = group.collect();
        let names: Vec<_> = names.chain(["__new__", "__del__"]).map(name).collect();
        let rows = names.iter().enumerate().take(SLOT_DEFS.len());
        SlotRows {
            by_hash: rows.map(|(row, (_, hash))| (*hash, row)).collect(),
            names,
            group,
            native: RefCell::default(),
        }
    }
    fn of_native(&self, base: &Ref<Type>) -> Slots {
        if !base.has(TypeFlags::IMMUTABLE) {
            return self.fresh(&base.mro(), None, &[]);
        }
        let key = base.as_value().address();
        if let Some(slots) = self.native.borrow().get(&key) {
            return slots.clone();
        }
        let slots = self.fresh(&base.mro(), None, &[]);
        self.native.borrow_mut().insert(key, slots.clone());
        slots
    }
    fn number(&self, name: &str) -> usize {
        SLOT_DEFS.len() + usize::from(name == "__del__")
    }
    fn find(&self, mro: &[Ref<Type>], row: usize) -> Option<Value> {
        let (name, hash) = &self.names[row];
        mro.iter().find_map(|t| {
            let dict = t.dict();
            dict.find_str(name, *hash).map(|n| dict.value_at(n))
        })
    }
    /// The slots of a class with this MRO, given those that the MRO without the classes `beside` makes.
    fn fresh(&self, mro: &[Ref<Type>], inherited: Option<Slots>, beside: &[&Ref<Type>]) -> Slots {
        let mut open = vec![inherited.is_none(); SLOT_DEFS.len()];
        let fresh = inherited.unwrap_or_default();
        if !open[0] {
            let mut any = false;
            for class in beside {
                class.dict().each_hash(|hash| {
                    if let Some(row) = self.by_hash.get(&hash) {
                        open[self.group[*row]] = true;
                        any = true;
                    }
                });
            }
            if !any {
                return fresh;
            }
            let empty = Slots::default();
            for (row, d) in SLOT_DEFS.iter().enumerate() {
                if open[self.group[row]] {
                    (d.copy)(&fresh, &empty);
                }
            }
        }
        let mut mixed = Vec::new();
        for (row, d) in SLOT_DEFS.iter().enumerate() {
            if !open[self.group[row]] {
                continue;
            }
            let Some(found) = self.find(mro, row) else {
                continue;
            };
            // `__hash__ = None` and the like leave the slot empty; the caller words the error.
            if found.is_none() {
                if d.name != "__hash__" {
                    (d.python)(&fresh);
                }
                continue;
            }
            match found.downcast::<SlotWrapper>() {
                Some(w) if self.group[w.row] == self.group[row] => {
                    if !(d.has)(&fresh) {
                        (d.copy)(&fresh, &w.owner.slots);
                    }
                }
                Some(_) => (d.python)(&fresh),
                None => {
                    (d.python)(&fresh);
                    mixed.push(d);
                }
            }
        }
        // A mix of native and Python methods on one slot goes through Python's look-up.
        for d in mixed {
            (d.python)(&fresh);
        }
        fresh
    }
}
