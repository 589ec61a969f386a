//! The `int` and `bool` types: construction and slots (CPython's Objects/longobject.c, boolobject.c). Methods stand in
//! `int_methods`.
use super::util::{OrRaise, warn};
use dashu_int::IBig;
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::int as parse;
use lasti_text::{TextError, int_arith as arith};
use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.int;
    let s = &t.slots;
    s.new.set(Some(int_new));
    s.repr.set(Some(int_repr));
    s.hash.set(Some(int_hash));
    s.richcmp.set(Some(int_richcmp));
    s.bool_.set(Some(int_bool));
    s.int.set(Some(int_int));
    s.index.set(Some(int_int));
    s.float.set(Some(vm_float));
    let binary: [(BinOp, BinaryFn); 13] = [
        (BinOp::Add, int_add),
        (BinOp::Sub, int_sub),
        (BinOp::Mul, int_mul),
        (BinOp::TrueDiv, int_truediv),
        (BinOp::FloorDiv, int_floordiv),
        (BinOp::Mod, int_mod),
        (BinOp::DivMod, int_divmod),
        (BinOp::Pow, int_pow),
        (BinOp::LShift, int_lshift),
        (BinOp::RShift, int_rshift),
        (BinOp::And, int_and),
        (BinOp::Xor, int_xor),
        (BinOp::Or, int_or),
    ];
    for (op, f) in binary {
        s.binary[op as usize].set(Some(f));
    }
    s.unary[UnOp::Neg as usize].set(Some(int_neg));
    s.unary[UnOp::Pos as usize].set(Some(int_int));
    s.unary[UnOp::Invert as usize].set(Some(int_invert));
    s.unary[UnOp::Abs as usize].set(Some(int_abs));
    super::int_methods::init(vm);

    let b = &vm.types.bool_.slots;
    b.new.set(Some(bool_new));
    b.repr.set(Some(|vm, v| {
        Ok(vm.str_value(if v.is_true() { "True" } else { "False" }))
    }));
    b.binary[BinOp::And as usize].set(Some(|vm, x, y| match (x.as_bool(), y.as_bool()) {
        (Some(p), Some(q)) => Ok(Value::bool(p & q)),
        _ => int_and(vm, x, y),
    }));
    b.binary[BinOp::Or as usize].set(Some(|vm, x, y| match (x.as_bool(), y.as_bool()) {
        (Some(p), Some(q)) => Ok(Value::bool(p | q)),
        _ => int_or(vm, x, y),
    }));
    b.binary[BinOp::Xor as usize].set(Some(|vm, x, y| match (x.as_bool(), y.as_bool()) {
        (Some(p), Some(q)) => Ok(Value::bool(p ^ q)),
        _ => int_xor(vm, x, y),
    }));
    b.unary[UnOp::Invert as usize].set(Some(|vm, v| {
        warn(
            vm,
            &vm.exc.deprecation_warning,
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise \
             inversion of the underlying int object and is usually not what you expect from the negation of a bool \
             object. Use the 'not' operator for boolean negation or ~int(x) for the bitwise inversion of the underlying \
             int.",
        )?;
        int_invert(vm, v)
    }));
    let doc =
        "bool(object=False, /)\n--\n\nReturns True when the argument is true, False otherwise.";
    vm.type_attr(&vm.types.bool_, "__doc__", vm.str_value(doc));
}

/// The value of an int, a bool or an instance of a subclass.
pub(crate) enum Num<'a> {
    Small(i64),
    Big(&'a IBig),
}

impl Num<'_> {
    pub(crate) fn big(&self) -> Cow<'_, IBig> {
        match self {
            Num::Small(i) => Cow::Owned(IBig::from(*i)),
            Num::Big(b) => Cow::Borrowed(b),
        }
    }
    pub(crate) fn text_int(&self) -> parse::Int {
        match self {
            Num::Small(i) => parse::Int::Small(*i),
            Num::Big(b) => parse::Int::Big((*b).clone()),
        }
    }
    pub(crate) fn to_f64(&self, vm: &Vm) -> PyResult<f64> {
        match self {
            Num::Small(i) => Ok(*i as f64),
            Num::Big(b) => parse::to_f64(b).or_raise(vm),
        }
    }
    pub(crate) fn is_negative(&self) -> bool {
        match self {
            Num::Small(i) => *i < 0,
            Num::Big(b) => **b < IBig::ZERO,
        }
    }
}

#[inline]
pub(crate) fn num(v: &Value) -> Option<Num<'_>> {
    if let Some(i) = v.as_small_int() {
        return Some(Num::Small(i));
    }
    if let Some(b) = v.as_bool() {
        return Some(Num::Small(b as i64));
    }
    let big = &v.downcast::<Int>()?.0;
    Some(match i64::try_from(big) {
        Ok(i) => Num::Small(i),
        Err(_) => Num::Big(big),
    })
}

/// As [`num`] where the value is known to be an int: methods and unary slots.
pub(crate) fn this_num<'a>(vm: &Vm, v: &'a Value) -> PyResult<Num<'a>> {
    num(v).ok_or_else(|| {
        vm.type_error(format!(
            "descriptor requires a 'int' object but received a '{}'",
            vm.type_name(v)
        ))
    })
}

pub(crate) fn from_text_int(vm: &Vm, i: parse::Int) -> Value {
    match i {
        parse::Int::Small(i) => vm.new_int(i),
        parse::Int::Big(b) => vm.new_bigint(b),
    }
}

/// `sys.set_int_max_str_digits`; 0 for no limit.
struct MaxStrDigits(Cell<usize>);

fn max_digits_state(vm: &Vm) -> std::rc::Rc<MaxStrDigits> {
    vm.module_state(|| MaxStrDigits(Cell::new(parse::DEFAULT_MAX_STR_DIGITS)))
}
/// The limit of digits when converting between decimal text and int.
pub fn max_str_digits(vm: &Vm) -> usize {
    max_digits_state(vm).0.get()
}
pub fn set_max_str_digits(vm: &Vm, n: usize) {
    max_digits_state(vm).0.set(n);
}

// ---- construction ----

/// An int of this class: the plain value for `int` itself.
pub(crate) fn make(vm: &Vm, class: &Ref<Type>, v: Value) -> PyResult<Value> {
    if class.is(&vm.types.int) {
        return Ok(v);
    }
    let big = vm.exact_bigint(&v).unwrap_or_default();
    Ok(vm.heap.alloc(class, Int(big)).into())
}

fn int_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if class.is(&vm.types.bool_) {
        return Err(vm.type_error("int.__new__(bool) is not safe, use bool.__new__()"));
    }
    if args.kw.is_empty()
        && let [x] = args.pos
    {
        let v = int_from(vm, x)?;
        return make(vm, class, v);
    }
    let n = args.pos.len();
    if n > 2 {
        return Err(vm.type_error(format!("int() takes at most 2 arguments ({n} given)")));
    }
    let [x, base] = args.bind(vm, "int", ["/x", "base"], 0)?;
    let v = match (x, base) {
        (None, None) => Value::small_int(0),
        (None, Some(_)) => return Err(vm.type_error("int() missing string argument")),
        (Some(x), None) => int_from(vm, x)?,
        (Some(x), Some(base)) => {
            let base = vm.to_i64_clamped(base)?;
            let base = u32::try_from(base).unwrap_or(u32::MAX);
            parse::check_base(base).or_raise(vm)?;
            let limit = max_str_digits(vm);
            let parsed = if let Some(s) = x.downcast::<Str>() {
                parse_text(vm, s.as_bytes(), base, limit, false)
            } else if let Some(b) = x.downcast::<Bytes>() {
                parse_text(vm, &b.data, base, limit, true)
            } else if let Some(b) = x.downcast::<ByteArray>() {
                let data = vm.copy_of(&b.data.borrow())?;
                parse_text(vm, &data, base, limit, true)
            } else {
                return Err(vm.type_error("int() can't convert non-string with explicit base"));
            };
            from_text_int(vm, parsed?)
        }
    };
    make(vm, class, v)
}

/// `int(x)` as an exact int.
pub(crate) fn int_from(vm: &Vm, x: &Value) -> PyResult<Value> {
    if x.as_small_int().is_some() {
        return Ok(x.clone());
    }
    let text = x.downcast::<Str>();
    let slots = &vm.type_of(x).slots;
    if let Some(f) = slots.int.get() {
        let r = f(vm, x)?;
        if r.as_small_int().is_some() {
            return Ok(r);
        }
        if !vm.is_int(&r) {
            return Err(vm.type_error(format!(
                "__int__ returned non-int (type {})",
                vm.type_name(&r)
            )));
        }
        if !vm.type_of(&r).is(&vm.types.int) && !vm.is_int(x) {
            let msg = format!(
                "__int__ returned non-int (type {}).  The ability to return an instance of a strict subclass of int is \
                 deprecated, and may not be supported in a future version of Python.",
                vm.type_name(&r)
            );
            warn(vm, &vm.exc.deprecation_warning, &msg)?;
        }
        return vm.index(&r);
    }
    if slots.index.get().is_some() {
        return vm.index(x);
    }
    if let Some(s) = text {
        return Ok(from_text_int(vm, parse_decimal(vm, s.as_bytes(), false)?));
    }
    if let Some(data) = lasti_core::model::buffer::try_bytes_like(vm, x)? {
        return Ok(from_text_int(vm, parse_decimal(vm, &data, true)?));
    }
    Err(vm.type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        vm.type_name(x)
    )))
}

fn parse_decimal(vm: &Vm, data: &[u8], bytes: bool) -> PyResult<parse::Int> {
    // Short plain digits need no limit and no copy.
    if (1..=18).contains(&data.len()) && data.iter().all(u8::is_ascii_digit) {
        return Ok(parse::Int::Small(
            data.iter().fold(0, |n, d| n * 10 + (d - b'0') as i64),
        ));
    }
    let limit = max_str_digits(vm);
    parse_text(vm, data, 10, limit, bytes)
}

/// An int from text in any base. Long ones handle signals.
fn parse_text(vm: &Vm, data: &[u8], base: u32, limit: usize, bytes: bool) -> PyResult<parse::Int> {
    // Two copies of the digits, and what joins them.
    vm.room(data.len().saturating_mul(4))?;
    let (check, raise) = (&mut || vm.check_signals(), |e| vm.text_error(e));
    if bytes {
        parse::parse_bytes_in_steps(data, base, limit, check, raise)
    } else {
        parse::parse_in_steps(data, base, limit, check, raise)
    }
}

/// Decimal text of a big int. A long one handles signals.
pub(crate) fn decimal_text(vm: &Vm, n: &IBig) -> PyResult<String> {
    let limit = max_str_digits(vm);
    if limit == 0 {
        arith::check_room(arith::bit_length(n)).or_raise(vm)?;
    }
    let check = &mut || vm.check_signals();
    parse::to_decimal_in_steps(n, limit, check, |e| vm.text_error(e))
}

/// Makes sure that an int of the length of this one can be made.
fn room_for_int(vm: &Vm, n: &Num) -> PyResult<()> {
    match n {
        Num::Small(_) => Ok(()),
        Num::Big(b) => arith::check_room(arith::bit_length(b)).or_raise(vm),
    }
}

fn bool_new(vm: &Vm, _: &Ref<Type>, args: Args) -> PyResult<Value> {
    match args.between(vm, "bool", 0, 1)? {
        [x] => Ok(Value::bool(vm.is_true(x)?)),
        _ => Ok(Value::FALSE),
    }
}

// ---- text, hash, comparison ----

pub(crate) fn int_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    match this_num(vm, v)? {
        Num::Small(i) => Ok(vm.decimal(i).into()),
        Num::Big(b) => Ok(vm.try_new_wtf8(decimal_text(vm, b)?.as_bytes())?.into()),
    }
}

fn int_hash(vm: &Vm, v: &Value) -> PyResult<u64> {
    Ok(match this_num(vm, v)? {
        Num::Small(i) => arith::hash_i64(i),
        Num::Big(b) => arith::hash_int(b),
    } as u64)
}

fn int_richcmp(_: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let order = match (&x, &y) {
        (Num::Small(x), Num::Small(y)) => x.cmp(y),
        (Num::Big(x), Num::Big(y)) => x.cmp(y),
        // A big one lies outside every small one.
        (Num::Big(_), Num::Small(_)) if x.is_negative() => Ordering::Less,
        (Num::Big(_), Num::Small(_)) => Ordering::Greater,
        (Num::Small(_), Num::Big(_)) if y.is_negative() => Ordering::Greater,
        (Num::Small(_), Num::Big(_)) => Ordering::Less,
    };
    Ok(Value::bool(op.holds(order)))
}

fn int_bool(vm: &Vm, v: &Value) -> PyResult<bool> {
    Ok(!matches!(this_num(vm, v)?, Num::Small(0)))
}

/// The exact int of the same value.
pub(crate) fn int_int(vm: &Vm, v: &Value) -> PyResult<Value> {
    if v.as_small_int().is_some() {
        return Ok(v.clone());
    }
    if let Some(i) = v.as_ref::<Int>()
        && i.class().is(&vm.types.int)
    {
        return Ok(v.clone());
    }
    Ok(match this_num(vm, v)? {
        Num::Small(i) => vm.new_int(i),
        Num::Big(b) => vm.new_bigint(b.clone()),
    })
}

fn vm_float(vm: &Vm, v: &Value) -> PyResult<Value> {
    Ok(vm.new_float(this_num(vm, v)?.to_f64(vm)?))
}

// ---- arithmetic ----

type SmallOp = fn(i64, i64) -> Option<i64>;
type BigOp = fn(&IBig, &IBig) -> Result<IBig, TextError>;

/// An operation on any two ints: in i64 when that holds the result.
fn apply(vm: &Vm, a: &Value, b: &Value, small: SmallOp, big: BigOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if let (Num::Small(x), Num::Small(y)) = (&x, &y)
        && let Some(r) = small(*x, *y)
    {
        return Ok(vm.new_int(r));
    }
    let (x, y) = (x.big(), y.big());
    arith::check_room(arith::bit_length(&x).max(arith::bit_length(&y))).or_raise(vm)?;
    big(&x, &y).map(|r| vm.new_bigint(r)).or_raise(vm)
}

pub(crate) fn int_mul(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    if let Some((x, y)) = Value::both_small(a, b)
        && let Some(r) = x.checked_mul(y)
    {
        return Ok(vm.new_int(r));
    }
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(vm.new_bigint(vm.multiply(&x.big(), &y.big())?))
}

macro_rules! int_ops {
    ($($name:ident: $small:expr, $big:expr;)*) => {
        $(
            pub(crate) fn $name(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
                if let Some((x, y)) = Value::both_small(a, b)
                    && let Some(r) = ($small)(x, y)
                {
                    return Ok(vm.new_int(r));
                }
                apply(vm, a, b, $small, $big)
            }
        )*
    };
}

int_ops! {
    int_add: i64::checked_add, |x, y| Ok(x + y);
    int_sub: i64::checked_sub, |x, y| Ok(x - y);
    int_lshift: arith::shl_i64, arith::shl;
    int_rshift: arith::shr_i64, arith::shr;
    int_and: |x, y| Some(x & y), |x, y| Ok(x & y);
    int_xor: |x, y| Some(x ^ y), |x, y| Ok(x ^ y);
    int_or: |x, y| Some(x | y), |x, y| Ok(x | y);
}

macro_rules! divisions {
    ($($name:ident: $small:expr, $part:tt;)*) => {
        $(
            pub(crate) fn $name(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
                if let Some((x, y)) = Value::both_small(a, b)
                    && let Some(r) = ($small)(x, y)
                {
                    return Ok(vm.new_int(r));
                }
                let (Some(x), Some(y)) = (num(a), num(b)) else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                if let (Num::Small(x), Num::Small(y)) = (&x, &y)
                    && let Some(r) = ($small)(*x, *y)
                {
                    return Ok(vm.new_int(r));
                }
                Ok(vm.new_bigint(divide(vm, &x.big(), &y.big())?.$part))
            }
        )*
    };
}

divisions! {
    int_floordiv: arith::floor_div_i64, 0;
    int_mod: arith::modulo_i64, 1;
}

/// `divmod` of ints of any size. Long ones handle signals.
fn divide(vm: &Vm, a: &IBig, b: &IBig) -> PyResult<(IBig, IBig)> {
    if b.is_zero() {
        return arith::divmod(a, b).or_raise(vm);
    }
    arith::check_room(arith::bit_length(a)).or_raise(vm)?;
    arith::divmod_in_steps(a, b, &mut || vm.check_signals())
}

fn int_truediv(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let r = match (&x, &y) {
        (Num::Small(x), Num::Small(y)) => parse::true_div_i64(*x, *y),
        _ => parse::true_div(&x.big(), &y.big()),
    };
    Ok(vm.new_float(r.or_raise(vm)?))
}

fn int_divmod(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if let (Num::Small(x), Num::Small(y)) = (&x, &y)
        && let (Some(q), Some(r)) = (arith::floor_div_i64(*x, *y), arith::modulo_i64(*x, *y))
    {
        return Ok(vm.tuple_value([vm.new_int(q), vm.new_int(r)]));
    }
    let (q, r) = divide(vm, &x.big(), &y.big())?;
    Ok(vm.tuple_value([vm.new_bigint(q), vm.new_bigint(r)]))
}

fn int_pow(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), Some(y)) = (num(a), num(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if y.is_negative() {
        let (x, y) = (x.to_f64(vm)?, y.to_f64(vm)?);
        return super::float::pow(vm, x, y);
    }
    if let (Num::Small(x), Num::Small(y)) = (&x, &y)
        && let Some(r) = arith::pow_i64(*x, *y as u64)
    {
        return Ok(vm.new_int(r));
    }
    let raise = |e: lasti_text::TextError| Err::<(), _>(e).or_raise(vm).err();
    let check = &mut || vm.check_signals().map_err(Some);
    match arith::pow_in_steps(&x.big(), &y.big(), check, raise) {
        Ok(r) => Ok(vm.new_bigint(r)),
        Err(e) => Err(e.unwrap_or_else(|| vm.memory_error())),
    }
}

fn int_neg(vm: &Vm, v: &Value) -> PyResult<Value> {
    room_for_int(vm, &this_num(vm, v)?)?;
    Ok(match this_num(vm, v)? {
        Num::Small(i) if i != i64::MIN => vm.new_int(-i),
        other => vm.new_bigint(-other.big().into_owned()),
    })
}

fn int_invert(vm: &Vm, v: &Value) -> PyResult<Value> {
    room_for_int(vm, &this_num(vm, v)?)?;
    Ok(match this_num(vm, v)? {
        Num::Small(i) => vm.new_int(!i),
        Num::Big(b) => vm.new_bigint(!b.clone()),
    })
}

fn int_abs(vm: &Vm, v: &Value) -> PyResult<Value> {
    if this_num(vm, v)?.is_negative() {
        int_neg(vm, v)
    } else {
        int_int(vm, v)
    }
}
