//! The `float` type (CPython's Objects/floatobject.c).
use super::int::{Num, num};
use super::util::{OrRaise, text};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::{float as algo, int_arith};
use std::cmp::Ordering;

pub(crate) fn init(vm: &Vm) {
    super::complex::init(vm);
    let t = &vm.types.float;
    let s = &t.slots;
    s.new.set(Some(float_new));
    s.repr
        .set(Some(|vm, v| Ok(vm.str_value(&algo::repr(this(vm, v)?)))));
    s.hash.set(Some(|vm, v| Ok(hash_f64(this(vm, v)?, v))));
    s.richcmp.set(Some(float_richcmp));
    s.bool_.set(Some(|vm, v| Ok(this(vm, v)? != 0.0)));
    s.int.set(Some(float_trunc));
    s.float.set(Some(float_float));
    let binary: [(BinOp, BinaryFn); 8] = [
        (BinOp::Add, |vm, a, b| op(vm, a, b, |x, y| x + y)),
        (BinOp::Sub, |vm, a, b| op(vm, a, b, |x, y| x - y)),
        (BinOp::Mul, |vm, a, b| op(vm, a, b, |x, y| x * y)),
        (BinOp::TrueDiv, |vm, a, b| {
            op_nonzero(vm, a, b, |vm, x, y| vm.new_float(x / y))
        }),
        (BinOp::FloorDiv, |vm, a, b| {
            op_nonzero(vm, a, b, |vm, x, y| vm.new_float(algo::divmod(x, y).0))
        }),
        (BinOp::Mod, |vm, a, b| {
            op_nonzero(vm, a, b, |vm, x, y| vm.new_float(algo::divmod(x, y).1))
        }),
        (BinOp::DivMod, |vm, a, b| {
            op_nonzero(vm, a, b, |vm, x, y| {
                let (q, r) = algo::divmod(x, y);
                vm.tuple_value([vm.new_float(q), vm.new_float(r)])
            })
        }),
        (BinOp::Pow, |vm, a, b| match both(vm, a, b)? {
            Some((x, y)) => pow(vm, x, y),
            None => Ok(Value::NOT_IMPLEMENTED),
        }),
    ];
    for (op, f) in binary {
        s.binary[op as usize].set(Some(f));
    }
    s.unary[UnOp::Neg as usize].set(Some(|vm, v| Ok(vm.new_float(-this(vm, v)?))));
    s.unary[UnOp::Pos as usize].set(Some(float_float));
    s.unary[UnOp::Abs as usize].set(Some(|vm, v| Ok(vm.new_float(this(vm, v)?.abs()))));
    init_methods(vm, t);
}

fn init_methods(vm: &Vm, t: &Ref<Type>) {
    vm.type_attr(t, "__doc__", vm.str_value("float(x=0, /)\n--\n\nConvert a string or number to a floating-point number, if possible."));
    vm.getset(t, "real", float_float, None);
    vm.getset(t, "imag", |vm, _| Ok(vm.new_float(0.0)), None);
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "conjugate" "conjugate($self, /)\n--\n\nReturn self, the complex conjugate of any float." conjugate;
    "is_integer" "is_integer($self, /)\n--\n\nReturn True if the float is an integer." is_integer;
    "as_integer_ratio" "as_integer_ratio($self, /)\n--\n\nReturn a pair of integers, whose ratio is exactly equal to the original float." as_integer_ratio;
    "hex" "hex($self, /)\n--\n\nReturn a hexadecimal representation of a floating-point number." hex;
    "__trunc__" "__trunc__($self, /)\n--\n\n" trunc;
    "__floor__" "__floor__($self, /)\n--\n\n" floor;
    "__ceil__" "__ceil__($self, /)\n--\n\n" ceil;
    "__round__" "__round__($self, ndigits=None, /)\n--\n\n" round;
    "__format__" "__format__($self, format_spec, /)\n--\n\n" format;
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" |vm, v, _| Ok(vm.tuple_value([float_float(vm, v)?]));
    class "fromhex" "fromhex($type, string, /)\n--\n\nCreate a floating-point number from a hexadecimal string." fromhex;
    class "from_number" "from_number($type, number, /)\n--\n\nConvert real number to a floating-point number." from_number;
    class "__getformat__" "__getformat__($type, typestr, /)\n--\n\n" getformat;
}

fn conjugate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "float.conjugate")?;
    float_float(vm, v)
}

fn is_integer(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "float.is_integer")?;
    Ok(Value::bool(algo::is_integer(this(vm, v)?)))
}

fn as_integer_ratio(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "float.as_integer_ratio")?;
    let (n, d) = algo::as_integer_ratio(this(vm, v)?).or_raise(vm)?;
    Ok(vm.tuple_value([vm.new_bigint(n), vm.new_bigint(d)]))
}

fn hex(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "float.hex")?;
    Ok(vm.str_value(&algo::hex(this(vm, v)?)))
}

fn trunc(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    float_trunc(vm, v)
}

fn floor(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    integral(vm, this(vm, v)?.floor())
}

fn ceil(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    integral(vm, this(vm, v)?.ceil())
}

fn fromhex(vm: &Vm, class: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "float.fromhex")?;
    let Some(s) = s.downcast::<Str>() else {
        return Err(vm.type_error("bad argument type for built-in operation"));
    };
    let x = vm.new_float(algo::from_hex(s.as_bytes()).or_raise(vm)?);
    if class.is(vm.types.float.as_value()) {
        Ok(x)
    } else {
        vm.call(class, &[x])
    }
}

fn from_number(vm: &Vm, class: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "float.from_number")?;
    let x = vm.new_float(vm.to_f64(n)?);
    if class.is(vm.types.float.as_value()) {
        Ok(x)
    } else {
        vm.call(class, &[x])
    }
}

fn getformat(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [kind] = a.exactly::<1>(vm, "float.__getformat__")?;
    match vm.expect_str(kind, "__getformat__() argument")?.as_bytes() {
        b"double" | b"float" => Ok(vm.str_value("IEEE, little-endian")),
        _ => Err(vm.value_error("__getformat__() argument 1 must be 'double' or 'float'")),
    }
}

/// The float a slot or method works on.
pub(crate) fn this(vm: &Vm, v: &Value) -> PyResult<f64> {
    vm.exact_float(v).ok_or_else(|| {
        vm.type_error(format!(
            "descriptor requires a 'float' object but received a '{}'",
            vm.type_name(v)
        ))
    })
}

/// Equal numbers hash equal; a NaN hashes as the object it is.
pub(crate) fn hash_f64(x: f64, v: &Value) -> u64 {
    int_arith::hash_f64(x).map_or_else(|| super::object::identity_hash(v), |h| h as u64)
}

fn float_float(vm: &Vm, v: &Value) -> PyResult<Value> {
    if v.as_inline_float().is_some() {
        return Ok(v.clone());
    }
    if let Some(f) = v.as_ref::<Float>()
        && f.class().is(&vm.types.float)
    {
        return Ok(v.clone());
    }
    Ok(vm.new_float(this(vm, v)?))
}

fn integral(vm: &Vm, x: f64) -> PyResult<Value> {
    if x.abs() < (1i64 << 53) as f64 {
        return Ok(vm.new_int(x as i64));
    }
    Ok(vm.new_bigint(algo::to_int(x).or_raise(vm)?))
}

fn float_trunc(vm: &Vm, v: &Value) -> PyResult<Value> {
    integral(vm, this(vm, v)?)
}

fn round(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let x = this(vm, v)?;
    match args.between(vm, "__round__", 0, 1)? {
        [n] if !n.is_none() => {
            Ok(vm.new_float(algo::round_digits(x, vm.to_i64_clamped(n)?).or_raise(vm)?))
        }
        _ => integral(vm, x.round_ties_even()),
    }
}

fn format(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let spec = super::str::format_spec_arg(vm, args)?;
    if spec.is_empty() {
        return Ok(vm.str_of(v)?.into());
    }
    text(
        vm,
        lasti_text::format_spec::format_float(this(vm, v)?, spec.as_bytes()).or_raise(vm)?,
    )
}

// ---- construction ----

fn float_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let x = match args.between(vm, "float", 0, 1)? {
        [v] => float_from(vm, v)?,
        _ => 0.0,
    };
    if class.is(&vm.types.float) {
        return Ok(vm.new_float(x));
    }
    Ok(vm.heap.alloc(class, Float(x)).into())
}

/// `float(v)` with text.
fn float_from(vm: &Vm, v: &Value) -> PyResult<f64> {
    if let Some(i) = num(v)
        && !vm.type_of(v).is_heap_type()
    {
        return i.to_f64(vm);
    }
    let slots = &vm.type_of(v).slots;
    if slots.float.get().is_some() || slots.index.get().is_some() {
        return vm.to_f64(v);
    }
    if let Some(s) = v.downcast::<Str>() {
        return algo::parse(s.as_bytes()).or_raise(vm);
    }
    if let Some(data) = lasti_core::model::buffer::try_bytes_like(vm, v)? {
        return algo::parse_bytes(&data).or_raise(vm);
    }
    Err(vm.type_error(format!(
        "float() argument must be a string or a real number, not '{}'",
        vm.type_name(v)
    )))
}

// ---- arithmetic ----

/// An operand of float arithmetic; `None` for what is no real number.
#[inline]
fn operand(vm: &Vm, v: &Value) -> PyResult<Option<f64>> {
    if let Some(f) = vm.exact_float(v) {
        return Ok(Some(f));
    }
    match num(v) {
        Some(i) => i.to_f64(vm).map(Some),
        None => Ok(None),
    }
}

#[inline]
fn both(vm: &Vm, a: &Value, b: &Value) -> PyResult<Option<(f64, f64)>> {
    if let (Some(x), Some(y)) = (a.as_inline_float(), b.as_inline_float()) {
        return Ok(Some((x, y)));
    }
    let Some(x) = operand(vm, a)? else {
        return Ok(None);
    };
    Ok(operand(vm, b)?.map(|y| (x, y)))
}

#[inline]
fn op(vm: &Vm, a: &Value, b: &Value, f: fn(f64, f64) -> f64) -> PyResult<Value> {
    Ok(match both(vm, a, b)? {
        Some((x, y)) => vm.new_float(f(x, y)),
        None => Value::NOT_IMPLEMENTED,
    })
}

fn op_nonzero(vm: &Vm, a: &Value, b: &Value, f: fn(&Vm, f64, f64) -> Value) -> PyResult<Value> {
    match both(vm, a, b)? {
        Some((_, 0.0)) => Err(vm.zero_division_error("division by zero")),
        Some((x, y)) => Ok(f(vm, x, y)),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// OverflowError as the C library's ERANGE gives it.
pub(crate) fn range_error(vm: &Vm) -> lasti_core::vm::error::Exc {
    let args = [
        Value::small_int(34),
        vm.str_value("Numerical result out of range"),
    ];
    vm.new_exception_args(&vm.exc.overflow_error, vm.new_tuple(args))
}

/// `x ** y`.
pub(crate) fn pow(vm: &Vm, x: f64, y: f64) -> PyResult<Value> {
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(vm.zero_division_error("zero to a negative power"));
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y.floor() != y {
        return super::complex::pow(vm, (x, 0.0), (y, 0.0));
    }
    let r = x.powf(y);
    if r.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(range_error(vm));
    }
    Ok(vm.new_float(r))
}

fn float_richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let x = this(vm, a)?;
    let order = match vm.exact_float(b) {
        Some(y) => x.partial_cmp(&y),
        None => match num(b) {
            Some(n) => cmp_num(x, &n),
            None => return Ok(Value::NOT_IMPLEMENTED),
        },
    };
    Ok(Value::bool(match order {
        Some(o) => op.holds(o),
        None => op == CmpOp::Ne,
    }))
}

/// Exact order of a float and an int.
pub(crate) fn cmp_num(x: f64, n: &Num) -> Option<Ordering> {
    match n {
        Num::Small(i) => algo::cmp_i64(x, *i),
        Num::Big(b) => algo::cmp_int(x, b),
    }
}
