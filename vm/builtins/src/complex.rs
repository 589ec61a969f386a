//! The `complex` type (CPython's Objects/complexobject.c, with 3.14's rules for real operands).
use super::int::num;
use super::util::{OrRaise, text};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::float as algo;
use lasti_text::int_arith;

type Pair = (f64, f64);

/// An operand: complex, or real (which keeps the signs of the other's parts).
#[derive(Clone, Copy)]
enum Operand {
    Real(f64),
    Complex(Pair),
}

impl Operand {
    fn pair(self) -> Pair {
        match self {
            Operand::Real(x) => (x, 0.0),
            Operand::Complex(c) => c,
        }
    }
}

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.complex;
    let s = &t.slots;
    s.new.set(Some(complex_new));
    s.repr.set(Some(|vm, v| {
        let (re, im) = this(vm, v)?;
        Ok(vm.str_value(&algo::complex_repr(re, im)))
    }));
    s.hash.set(Some(|vm, v| {
        let (re, im) = this(vm, v)?;
        let part = |x: f64| super::float::hash_f64(x, v) as i64;
        Ok(int_arith::hash_complex(part(re), part(im)) as u64)
    }));
    s.richcmp.set(Some(richcmp));
    s.bool_.set(Some(|vm, v| Ok(this(vm, v)? != (0.0, 0.0))));
    let binary: [(BinOp, BinaryFn); 5] = [
        (BinOp::Add, |vm, a, b| {
            op(vm, a, b, |x, y| match (x, y) {
                (Operand::Real(x), Operand::Complex((re, im))) => (x + re, im),
                (Operand::Complex((re, im)), Operand::Real(y)) => (re + y, im),
                (x, y) => (x.pair().0 + y.pair().0, x.pair().1 + y.pair().1),
            })
        }),
        (BinOp::Sub, |vm, a, b| {
            op(vm, a, b, |x, y| match (x, y) {
                (Operand::Real(x), Operand::Complex((re, im))) => (x - re, -im),
                (Operand::Complex((re, im)), Operand::Real(y)) => (re - y, im),
                (x, y) => (x.pair().0 - y.pair().0, x.pair().1 - y.pair().1),
            })
        }),
        (BinOp::Mul, |vm, a, b| {
            op(vm, a, b, |x, y| match (x, y) {
                (Operand::Real(x), Operand::Complex((re, im))) => (x * re, x * im),
                (Operand::Complex((re, im)), Operand::Real(y)) => (re * y, im * y),
                (x, y) => product(x.pair(), y.pair()),
            })
        }),
        (BinOp::TrueDiv, truediv),
        (BinOp::Pow, |vm, a, b| {
            let (Some(x), Some(y)) = (operand(vm, a)?, operand(vm, b)?) else {
                return Ok(Value::NOT_IMPLEMENTED);
            };
            pow(vm, x.pair(), y.pair())
        }),
    ];
    for (op, f) in binary {
        s.binary[op as usize].set(Some(f));
    }
    s.unary[UnOp::Neg as usize].set(Some(|vm, v| {
        let (re, im) = this(vm, v)?;
        Ok(vm.new_complex(-re, -im))
    }));
    s.unary[UnOp::Pos as usize].set(Some(exact));
    s.unary[UnOp::Abs as usize].set(Some(|vm, v| {
        let (re, im) = this(vm, v)?;
        let r = re.hypot(im);
        if r.is_infinite() && re.is_finite() && im.is_finite() {
            return Err(vm.overflow_error("absolute value too large"));
        }
        Ok(vm.new_float(r))
    }));
    init_methods(vm, t);
}

fn init_methods(vm: &Vm, t: &Ref<Type>) {
    let doc = "complex(real=0, imag=0)\n--\n\nCreate a complex number from a string or numbers.";
    vm.type_attr(t, "__doc__", vm.str_value(doc));
    vm.getset(t, "real", |vm, v| Ok(vm.new_float(this(vm, v)?.0)), None);
    vm.getset(t, "imag", |vm, v| Ok(vm.new_float(this(vm, v)?.1)), None);
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "conjugate" "conjugate($self, /)\n--\n\nReturn the complex conjugate of its argument." conjugate;
    "__complex__" "__complex__($self, /)\n--\n\nConvert this value to exact type complex." |vm, v, _| exact(vm, v);
    "__format__" "__format__($self, format_spec, /)\n--\n\n" format;
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" getnewargs;
    class "from_number" "from_number($type, number, /)\n--\n\nConvert number to a complex floating-point number." from_number;
}

fn conjugate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "complex.conjugate")?;
    let (re, im) = this(vm, v)?;
    Ok(vm.new_complex(re, -im))
}

fn format(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let spec = super::str::format_spec_arg(vm, a)?;
    if spec.is_empty() {
        return Ok(vm.str_of(v)?.into());
    }
    let (re, im) = this(vm, v)?;
    text(
        vm,
        lasti_text::format_spec::format_complex(re, im, spec.as_bytes()).or_raise(vm)?,
    )
}

fn getnewargs(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let (re, im) = this(vm, v)?;
    Ok(vm.tuple_value([vm.new_float(re), vm.new_float(im)]))
}

fn from_number(vm: &Vm, class: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "complex.from_number")?;
    let (re, im) = match special(vm, v)? {
        Some(c) => c,
        None => (vm.to_f64(v)?, 0.0),
    };
    let c = vm.new_complex(re, im);
    if class.is(vm.types.complex.as_value()) {
        Ok(c)
    } else {
        vm.call(class, &[c])
    }
}

fn this(vm: &Vm, v: &Value) -> PyResult<Pair> {
    let c = vm.this::<Complex>(v)?;
    Ok((c.0, c.1))
}

fn exact(vm: &Vm, v: &Value) -> PyResult<Value> {
    if vm.type_of(v).is(&vm.types.complex) {
        return Ok(v.clone());
    }
    let (re, im) = this(vm, v)?;
    Ok(vm.new_complex(re, im))
}

fn operand(vm: &Vm, v: &Value) -> PyResult<Option<Operand>> {
    if let Some(c) = v.downcast::<Complex>() {
        return Ok(Some(Operand::Complex((c.0, c.1))));
    }
    if let Some(x) = vm.exact_float(v) {
        return Ok(Some(Operand::Real(x)));
    }
    match num(v) {
        Some(i) => Ok(Some(Operand::Real(i.to_f64(vm)?))),
        None => Ok(None),
    }
}

fn op(vm: &Vm, a: &Value, b: &Value, f: fn(Operand, Operand) -> Pair) -> PyResult<Value> {
    let (Some(x), Some(y)) = (operand(vm, a)?, operand(vm, b)?) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (re, im) = f(x, y);
    Ok(vm.new_complex(re, im))
}

/// Product with infinities recovered from NaNs, as annex G of C asks for.
fn product((mut a, mut b): Pair, (mut c, mut d): Pair) -> Pair {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let (re, im) = (ac - bd, ad + bc);
    if !(re.is_nan() && im.is_nan()) {
        return (re, im);
    }
    let unit = |x: f64| {
        if x.is_infinite() {
            1f64.copysign(x)
        } else {
            0f64.copysign(x)
        }
    };
    let no_nan = |x: f64| if x.is_nan() { 0f64.copysign(x) } else { x };
    let mut recover = false;
    if a.is_infinite() || b.is_infinite() {
        (a, b, c, d) = (unit(a), unit(b), no_nan(c), no_nan(d));
        recover = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (c, d, a, b) = (unit(c), unit(d), no_nan(a), no_nan(b));
        recover = true;
    }
    if !recover && (ac.is_infinite() || bd.is_infinite() || ad.is_infinite() || bc.is_infinite()) {
        (a, b, c, d) = (no_nan(a), no_nan(b), no_nan(c), no_nan(d));
        recover = true;
    }
    if recover {
        return (
            f64::INFINITY * (a * c - b * d),
            f64::INFINITY * (a * d + b * c),
        );
    }
    (re, im)
}

/// Quotient by Smith's method; `None` for division by zero.
fn quotient((a, b): Pair, (c, d): Pair) -> Option<Pair> {
    let (mut re, mut im);
    if c.abs() >= d.abs() {
        if c == 0.0 {
            return None;
        }
        let ratio = d / c;
        let denom = c + d * ratio;
        re = (a + b * ratio) / denom;
        im = (b - a * ratio) / denom;
    } else if d.abs() >= c.abs() {
        let ratio = c / d;
        let denom = c * ratio + d;
        re = (a * ratio + b) / denom;
        im = (b * ratio - a) / denom;
    } else {
        return Some((f64::NAN, f64::NAN));
    }
    if re.is_nan() && im.is_nan() {
        let unit = |x: f64| {
            if x.is_infinite() {
                1f64.copysign(x)
            } else {
                0f64.copysign(x)
            }
        };
        if (a.is_infinite() || b.is_infinite()) && c.is_finite() && d.is_finite() {
            let (x, y) = (unit(a), unit(b));
            re = f64::INFINITY * (x * c + y * d);
            im = f64::INFINITY * (y * c - x * d);
        } else if (c.is_infinite() || d.is_infinite()) && a.is_finite() && b.is_finite() {
            let (x, y) = (unit(c), unit(d));
            re = 0.0 * (a * x + b * y);
            im = 0.0 * (b * x - a * y);
        }
    }
    Some((re, im))
}

fn truediv(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), Some(y)) = (operand(vm, a)?, operand(vm, b)?) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let r = match (x, y) {
        (Operand::Complex((re, im)), Operand::Real(y)) if y != 0.0 => Some((re / y, im / y)),
        (x, y) => quotient(x.pair(), y.pair()),
    };
    match r {
        Some((re, im)) => Ok(vm.new_complex(re, im)),
        None => Err(vm.zero_division_error("division by zero")),
    }
}

/// `a ** b`.
pub(crate) fn pow(vm: &Vm, a: Pair, b: Pair) -> PyResult<Value> {
    let by_zero = || vm.zero_division_error("zero to a negative or complex power");
    let small_int = b.1 == 0.0 && b.0.floor() == b.0 && b.0.abs() <= 100.0;
    let (re, im) = if small_int {
        let p = int_power(a, b.0.abs() as u32);
        if b.0 < 0.0 {
            quotient((1.0, 0.0), p).ok_or_else(by_zero)?
        } else {
            p
        }
    } else if a == (0.0, 0.0) {
        if b.1 != 0.0 || b.0 < 0.0 {
            return Err(by_zero());
        }
        (0.0, 0.0)
    } else {
        let size = a.0.hypot(a.1);
        let angle = a.1.atan2(a.0);
        let mut len = size.powf(b.0);
        let mut phase = angle * b.0;
        if b.1 != 0.0 {
            len *= (-angle * b.1).exp();
            phase += b.1 * size.ln();
        }
        // The C library calls the cosine of an infinity a domain error, which CPython words as this.
        if phase.is_infinite() {
            return Err(by_zero());
        }
        (len * phase.cos(), len * phase.sin())
    };
    if re.is_infinite() || im.is_infinite() {
        return Err(vm.overflow_error("complex exponentiation"));
    }
    Ok(vm.new_complex(re, im))
}

fn int_power(mut x: Pair, mut n: u32) -> Pair {
    let mut r = (1.0, 0.0);
    while n > 0 {
        if n & 1 == 1 {
            r = product(r, x);
        }
        n >>= 1;
        if n > 0 {
            x = product(x, x);
        }
    }
    r
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (re, im) = this(vm, a)?;
    if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let same = if let Some(c) = b.downcast::<Complex>() {
        re == c.0 && im == c.1
    } else if let Some(x) = vm.exact_float(b) {
        re == x && im == 0.0
    } else if let Some(n) = num(b) {
        im == 0.0 && super::float::cmp_num(re, &n).is_some_and(|o| o.is_eq())
    } else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(Value::bool(same == (op == CmpOp::Eq)))
}

// ---- construction ----

/// What `v.__complex__()` gives, when there is one.
fn special(vm: &Vm, v: &Value) -> PyResult<Option<Pair>> {
    if vm.type_of(v).is(&vm.types.complex) {
        return this(vm, v).map(Some);
    }
    let Some(r) = vm.call_special(v, &vm.names.complex, &[])? else {
        return Ok(None);
    };
    match r.downcast::<Complex>() {
        Some(c) => Ok(Some((c.0, c.1))),
        None => Err(vm.type_error(format!(
            "__complex__ returned non-complex (type {})",
            vm.type_name(&r)
        ))),
    }
}

fn is_real(vm: &Vm, v: &Value) -> bool {
    let slots = &vm.type_of(v).slots;
    slots.float.get().is_some() || slots.index.get().is_some()
}

fn complex_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let n = args.pos.len();
    if n > 2 {
        return Err(vm.type_error(format!("complex() takes at most 2 arguments ({n} given)")));
    }
    let [real, imag] = args.bind(vm, "complex", ["real", "imag"], 0)?;
    if let (Some(v), None) = (real, imag) {
        if class.is(&vm.types.complex) && vm.type_of(v).is(&vm.types.complex) {
            return Ok(v.clone());
        }
        if let Some(s) = v.downcast::<Str>() {
            let c = algo::parse_complex(s.as_bytes()).or_raise(vm)?;
            return Ok(make(vm, class, c));
        }
        if let Some(c) = special(vm, v)? {
            return Ok(make(vm, class, c));
        }
        if !is_real(vm, v) {
            return Err(vm.type_error(format!(
                "complex() argument must be a string or a number, not {}",
                vm.type_name(v)
            )));
        }
        let x = vm.to_f64(v)?;
        return Ok(make(vm, class, (x, 0.0)));
    }
    let part = |v: Option<&Value>, name: &str| -> PyResult<Operand> {
        let Some(v) = v else {
            return Ok(Operand::Real(0.0));
        };
        if let Some(c) = v.downcast::<Complex>() {
            return Ok(Operand::Complex((c.0, c.1)));
        }
        if !is_real(vm, v) {
            let tail = vm.type_name(v);
            return Err(vm.type_error(format!(
                "complex() argument '{name}' must be a real number, not {tail}"
            )));
        }
        Ok(Operand::Real(vm.to_f64(v)?))
    };
    let (re, im) = (part(real, "real")?, part(imag, "imag")?);
    let mut c = (re.pair().0, im.pair().0);
    if let Operand::Complex((_, i)) = im {
        c.0 -= i;
    }
    if let Operand::Complex((_, i)) = re {
        c.1 += i;
    }
    Ok(make(vm, class, c))
}

fn make(vm: &Vm, class: &Ref<Type>, (re, im): Pair) -> Value {
    vm.heap.alloc(class, Complex(re, im)).into()
}
