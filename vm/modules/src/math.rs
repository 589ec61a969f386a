//! `math` on floats (CPython's Modules/mathmodule.c). Functions on ints stand in `math_int`.
use crate::util::*;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("math");
    let f = |name: &'static str, f: PlainFn| vm.add_function(&m, name, "", f);
    for (name, x) in [
        ("pi", std::f64::consts::PI),
        ("e", std::f64::consts::E),
        ("tau", std::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ] {
        vm.add_value(&m, name, vm.new_float(x));
    }
    macro_rules! simple {
        ($($name:literal $func:expr, $overflow:literal, $message:literal;)*) => {
            $(vm.add_function(&m, $name, concat!($name, "($module, x, /)\n--\n\n"), |vm, _, a| {
                let [x] = a.exactly::<1>(vm, concat!("math.", $name))?;
                let x = vm.to_f64(x)?;
                let f: fn(f64) -> f64 = $func;
                checked(vm, x, f(x), $overflow, $message)
            });)*
        };
    }
    let _ = &f;
    simple! {
        "acos" f64::acos, false, "expected a number in range from -1 up to 1, got ";
        "acosh" acosh, false, "expected argument value not less than 1, got ";
        "asin" f64::asin, false, "expected a number in range from -1 up to 1, got ";
        "asinh" libm::asinh, false, "";
        "atan" f64::atan, false, "";
        "atanh" libm::atanh, false, "expected a number between -1 and 1, got ";
        "cbrt" f64::cbrt, false, "";
        "cos" f64::cos, false, "expected a finite input, got ";
        "cosh" f64::cosh, true, "";
        "erf" libm::erf, false, "";
        "erfc" libm::erfc, false, "";
        "exp" f64::exp, true, "";
        "exp2" f64::exp2, true, "";
        "expm1" f64::exp_m1, true, "";
        "fabs" f64::abs, false, "";
        "log1p" f64::ln_1p, false, "expected argument value > -1, got ";
        "sin" f64::sin, false, "expected a finite input, got ";
        "sinh" f64::sinh, true, "";
        "sqrt" f64::sqrt, false, "expected a nonnegative input, got ";
        "tan" f64::tan, false, "expected a finite input, got ";
        "tanh" f64::tanh, false, "";
    }
    vm.add_functions(&m, FUNCTIONS);
    for (name, g) in [
        ("isfinite", (|x| x.is_finite()) as fn(f64) -> bool),
        ("isinf", |x| x.is_infinite()),
        ("isnan", |x| x.is_nan()),
    ] {
        let host: HostFn = std::rc::Rc::new(move |vm, a| {
            let [x] = a.exactly::<1>(vm, name)?;
            Ok(Value::bool(g(vm.to_f64(x)?)))
        });
        let func = vm.new_native(
            name,
            "",
            NativeKind::Host(host),
            Value::NONE,
            vm.str_value("math"),
        );
        vm.add_value(&m, name, func);
    }
    crate::math_int::add(vm, &m);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "degrees" "degrees($module, x, /)\n--\n\n" degrees;
    "radians" "radians($module, x, /)\n--\n\n" radians;
    "gamma" "gamma($module, x, /)\n--\n\n" gamma_function;
    "lgamma" "lgamma($module, x, /)\n--\n\n" lgamma_function;
    "atan2" "atan2($module, y, x, /)\n--\n\n" atan2;
    "copysign" "copysign($module, x, y, /)\n--\n\n" copysign;
    "fmod" "fmod($module, x, y, /)\n--\n\n" fmod;
    "pow" "pow($module, x, y, /)\n--\n\n" pow;
    "remainder" "remainder($module, x, y, /)\n--\n\n" remainder_function;
    "ldexp" "ldexp($module, x, i, /)\n--\n\n" ldexp;
    "frexp" "frexp($module, x, /)\n--\n\n" frexp_function;
    "modf" "modf($module, x, /)\n--\n\n" modf;
    "fma" "fma($module, x, y, z, /)\n--\n\n" fma;
    "nextafter" "nextafter($module, x, y, /, *, steps=None)\n--\n\n" nextafter;
    "ulp" "ulp($module, x, /)\n--\n\n" ulp;
    "isclose" "isclose($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)\n--\n\n" isclose;
    "floor" "floor($module, x, /)\n--\n\n" floor;
    "ceil" "ceil($module, x, /)\n--\n\n" ceil;
    "trunc" "trunc($module, x, /)\n--\n\n" trunc;
    "log" "(x, base=None, /)\n--\n\n" log;
    "log2" "log2($module, x, /)\n--\n\n" log2;
    "log10" "log10($module, x, /)\n--\n\n" log10;
    "hypot" "hypot($module, /, *coordinates)\n--\n\n" hypot;
    "dist" "dist($module, p, q, /)\n--\n\n" dist;
    "fsum" "fsum($module, seq, /)\n--\n\n" fsum;
    "sumprod" "sumprod($module, p, q, /)\n--\n\n" sumprod;
}

fn degrees(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let x = vm.to_f64(&a.pos[0])?;
    Ok(vm.new_float(x * (180.0 / std::f64::consts::PI)))
}

fn radians(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let x = vm.to_f64(&a.pos[0])?;
    Ok(vm.new_float(x * (std::f64::consts::PI / 180.0)))
}

fn gamma_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.gamma")?;
    let x = vm.to_f64(x)?;
    if x == f64::NEG_INFINITY || (x <= 0.0 && x == x.floor()) {
        let text = lasti_text::float::repr(x);
        return Err(vm.value_error(format!(
            "expected a noninteger or positive integer, got {text}"
        )));
    }
    checked(vm, x, gamma(x), true, "")
}

fn lgamma_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.lgamma")?;
    let x = vm.to_f64(x)?;
    if x.is_finite() && x <= 0.0 && x == x.floor() {
        let text = lasti_text::float::repr(x);
        return Err(vm.value_error(format!(
            "expected a noninteger or positive integer, got {text}"
        )));
    }
    checked(vm, x, lgamma(x), true, "")
}

fn atan2(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    two(vm, a, "atan2").map(|(x, y)| vm.new_float(x.atan2(y)))
}

fn copysign(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    two(vm, a, "copysign").map(|(x, y)| vm.new_float(x.copysign(y)))
}

fn fmod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (x, y) = two(vm, a, "fmod")?;
    if y.is_infinite() && x.is_finite() {
        return Ok(vm.new_float(x));
    }
    let r = x % y;
    if r.is_nan() && !x.is_nan() && !y.is_nan() {
        Err(domain(vm))
    } else {
        Ok(vm.new_float(r))
    }
}

fn pow(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (x, y) = two(vm, a, "pow")?;
    let r = x.powf(y);
    if x.is_finite() && y.is_finite() {
        if r.is_nan() || (r.is_infinite() && x == 0.0) {
            return Err(domain(vm));
        }
        if r.is_infinite() {
            return Err(vm.overflow_error("math range error"));
        }
    }
    Ok(vm.new_float(r))
}

fn remainder_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (x, y) = two(vm, a, "remainder")?;
    remainder(vm, x, y)
}

fn frexp_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.frexp")?;
    let (m, e) = frexp(vm.to_f64(x)?);
    Ok(vm.tuple_value([vm.new_float(m), vm.new_int(e)]))
}

fn modf(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.modf")?;
    let x = vm.to_f64(x)?;
    let (frac, whole) = if x.is_infinite() {
        (0f64.copysign(x), x)
    } else {
        ((x - x.trunc()).copysign(x), x.trunc())
    };
    Ok(vm.tuple_value([vm.new_float(frac), vm.new_float(whole)]))
}

fn fma(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y, z] = a.exactly::<3>(vm, "fma")?;
    let (x, y, z) = (vm.to_f64(x)?, vm.to_f64(y)?, vm.to_f64(z)?);
    let r = x.mul_add(y, z);
    if r.is_nan() && !(x.is_nan() || y.is_nan() || z.is_nan()) {
        return Err(vm.value_error("invalid operation in fma"));
    }
    if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
        return Err(vm.overflow_error("overflow in fma"));
    }
    Ok(vm.new_float(r))
}

fn nextafter(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y, steps] = a.bind(vm, "nextafter", ["x", "y", "*steps"], 2)?;
    let none = Value::NONE;
    let (x, y) = (
        vm.to_f64(x.unwrap_or(&none))?,
        vm.to_f64(y.unwrap_or(&none))?,
    );
    let steps = match steps {
        Some(s) if !s.is_none() => {
            let n = vm.to_i64_clamped(s)?;
            u64::try_from(n).map_err(|_| vm.value_error("steps must be a non-negative integer"))?
        }
        _ => 1,
    };
    Ok(vm.new_float(next_after(x, y, steps)))
}

fn ulp(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.ulp")?;
    let x = vm.to_f64(x)?.abs();
    if !x.is_finite() {
        return Ok(vm.new_float(x));
    }
    let up = x.next_up();
    Ok(vm.new_float(if up.is_infinite() {
        x - x.next_down()
    } else {
        up - x
    }))
}

fn floor(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.floor")?;
    rounded(vm, x, &vm.names.floor, f64::floor)
}

fn ceil(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.ceil")?;
    rounded(vm, x, &vm.names.ceil, f64::ceil)
}

fn trunc(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.trunc")?;
    if let Some(x) = vm.exact_float(x) {
        return float_to_int(vm, x);
    }
    match vm.call_special(x, &vm.names.trunc, &[])? {
        Some(r) => Ok(r),
        None => Err(vm.type_error(format!(
            "type {} doesn't define __trunc__ method",
            vm.type_name(x)
        ))),
    }
}

fn log(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "log", 1, 2)?;
    let x = logarithm(vm, &pos[0], f64::ln, std::f64::consts::LN_2)?;
    match pos.get(1) {
        None => Ok(vm.new_float(x)),
        Some(b) => {
            let b = logarithm(vm, b, f64::ln, std::f64::consts::LN_2)?;
            if b == 0.0 {
                return Err(vm.zero_division_error("division by zero"));
            }
            Ok(vm.new_float(x / b))
        }
    }
}

fn log2(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.log2")?;
    Ok(vm.new_float(logarithm(vm, x, f64::log2, 1.0)?))
}

fn log10(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "math.log10")?;
    Ok(vm.new_float(logarithm(vm, x, f64::log10, std::f64::consts::LOG10_2)?))
}

fn hypot(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "hypot")?;
    let xs: PyResult<Vec<f64>> = a.pos.iter().map(|x| vm.to_f64(x)).collect();
    Ok(vm.new_float(vector_norm(&xs?)))
}

fn dist(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [p, q] = a.exactly::<2>(vm, "dist")?;
    let (p, q) = (vm.collect(p)?, vm.collect(q)?);
    if p.len() != q.len() {
        return Err(vm.value_error("both points must have the same number of dimensions"));
    }
    let d: PyResult<Vec<f64>> = p
        .iter()
        .zip(&q)
        .map(|(x, y)| Ok(vm.to_f64(x)? - vm.to_f64(y)?))
        .collect();
    Ok(vm.new_float(vector_norm(&d?)))
}

fn domain(vm: &Vm) -> Exc {
    vm.value_error("math domain error")
}

/// A result as Python sees it: a NaN that was no NaN before is a domain error, an infinity a range error.
fn checked(vm: &Vm, x: f64, r: f64, overflow: bool, message: &str) -> PyResult<Value> {
    let bad = || {
        if message.is_empty() {
            domain(vm)
        } else {
            vm.value_error(format!("{message}{}", lasti_text::float::repr(x)))
        }
    };
    if r.is_nan() && !x.is_nan() {
        return Err(bad());
    }
    if r.is_infinite() && x.is_finite() {
        return Err(if overflow {
            vm.overflow_error("math range error")
        } else {
            bad()
        });
    }
    Ok(vm.new_float(r))
}

fn two(vm: &Vm, a: Args, name: &str) -> PyResult<(f64, f64)> {
    let [x, y] = a.exactly::<2>(vm, name)?;
    Ok((vm.to_f64(x)?, vm.to_f64(y)?))
}

fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

/// Lanczos' approximation with 13 terms, g as below; the form that CPython evaluates, for the same last digits.
#[allow(
    clippy::excessive_precision,
    reason = "the published digits, which round to the same floats"
)]
const LANCZOS_G: f64 = 6.024_680_040_776_729_583_740_234_375;
#[allow(
    clippy::excessive_precision,
    reason = "the published digits, which round to the same floats"
)]
const LANCZOS_NUM: [f64; 13] = [
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
];
const LANCZOS_DEN: [f64; 13] = [
    0.0,
    39916800.0,
    120543840.0,
    150917976.0,
    105258076.0,
    45995730.0,
    13339535.0,
    2637558.0,
    357423.0,
    32670.0,
    1925.0,
    66.0,
    1.0,
];

fn lanczos_sum(x: f64) -> f64 {
    let (mut num, mut den) = (0.0, 0.0);
    if x < 5.0 {
        for i in (0..13).rev() {
            num = num * x + LANCZOS_NUM[i];
            den = den * x + LANCZOS_DEN[i];
        }
    } else {
        for i in 0..13 {
            num = num / x + LANCZOS_NUM[i];
            den = den / x + LANCZOS_DEN[i];
        }
    }
    num / den
}

/// sin(pi x), exact at the zeros.
fn sin_pi(x: f64) -> f64 {
    let y = x.abs() % 2.0;
    let pi = std::f64::consts::PI;
    let r = match (2.0 * y).round() as i32 {
        0 => (pi * y).sin(),
        1 => (pi * (y - 0.5)).cos(),
        2 => (pi * (1.0 - y)).sin(),
        3 => -(pi * (y - 1.5)).cos(),
        _ => (pi * (y - 2.0)).sin(),
    };
    1f64.copysign(x) * r
}

fn gamma(x: f64) -> f64 {
    if !x.is_finite() {
        return if x > 0.0 { x } else { f64::NAN };
    }
    // Exact for the ints whose factorial is exact.
    if x == x.floor() && (1.0..=23.0).contains(&x) {
        return (1..x as u64).map(|i| i as f64).product();
    }
    let a = x.abs();
    if a < 1e-20 {
        return 1.0 / x;
    }
    if a > 200.0 {
        return if x < 0.0 {
            0.0 / sin_pi(x)
        } else {
            f64::INFINITY
        };
    }
    let half = LANCZOS_G - 0.5;
    let y = a + half;
    let z = if a > half {
        (y - a) - half
    } else {
        (y - half) - a
    } * LANCZOS_G
        / y;
    if x < 0.0 {
        let r = -std::f64::consts::PI / sin_pi(a) / a * y.exp() / lanczos_sum(a);
        let r = r - z * r;
        if a < 140.0 {
            return r / y.powf(a - 0.5);
        }
        let root = y.powf(a / 2.0 - 0.25);
        r / root / root
    } else {
        let r = lanczos_sum(a) / y.exp();
        let r = r + z * r;
        if a < 140.0 {
            return r * y.powf(a - 0.5);
        }
        let root = y.powf(a / 2.0 - 0.25);
        r * root * root
    }
}

fn lgamma(x: f64) -> f64 {
    if !x.is_finite() {
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    if x == 1.0 || x == 2.0 {
        return 0.0;
    }
    let a = x.abs();
    if a < 1e-20 {
        return -a.ln();
    }
    let r = lanczos_sum(a).ln() - LANCZOS_G + (a - 0.5) * ((a + LANCZOS_G - 0.5).ln() - 1.0);
    if x < 0.0 {
        return std::f64::consts::PI.ln() - sin_pi(a).abs().ln() - a.ln() - r;
    }
    r
}

fn float_to_int(vm: &Vm, x: f64) -> PyResult<Value> {
    if x.abs() < 1e15 {
        return Ok(vm.new_int(x as i64));
    }
    lasti_text::float::to_int(x)
        .map(|i| vm.new_bigint(i))
        .map_err(|e| vm.text_error(e))
}

fn rounded(vm: &Vm, x: &Value, name: &Ref<Str>, f: fn(f64) -> f64) -> PyResult<Value> {
    if let Some(x) = vm.exact_float(x) {
        return float_to_int(vm, f(x));
    }
    if x.as_small_int().is_some() {
        return Ok(x.clone());
    }
    if let Some(r) = vm.call_special(x, name, &[])? {
        return Ok(r);
    }
    float_to_int(vm, f(vm.to_f64(x)?))
}

/// A logarithm of a float or of an int of any size. `per_bit` is the logarithm of 2.
fn logarithm(vm: &Vm, v: &Value, f: fn(f64) -> f64, per_bit: f64) -> PyResult<f64> {
    if v.as_small_int().is_none()
        && let Some(i) = vm.exact_bigint(v)
    {
        if i <= lasti_text::IBig::ZERO {
            return Err(vm.value_error("expected a positive input"));
        }
        let bits = lasti_text::int_arith::bit_length(&i);
        if bits > 1000 {
            let shift = bits - 64;
            let top = i >> shift;
            let top = lasti_text::int::to_f64(&top).map_err(|e| vm.text_error(e))?;
            return Ok(f(top) + per_bit * shift as f64);
        }
        return lasti_text::int::to_f64(&i)
            .map(f)
            .map_err(|e| vm.text_error(e));
    }
    let x = vm.to_f64(v)?;
    if x > 0.0 || x.is_nan() {
        return Ok(f(x));
    }
    if vm.is_int(v) {
        return Err(vm.value_error("expected a positive input"));
    }
    Err(vm.value_error(format!(
        "expected a positive input, got {}",
        lasti_text::float::repr(x)
    )))
}

pub(crate) fn frexp(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let bits = x.to_bits();
    let exp = ((bits >> 52) & 0x7FF) as i64;
    if exp == 0 {
        let (m, e) = frexp(x * (1u64 << 54) as f64);
        return (m, e - 54);
    }
    (
        f64::from_bits((bits & !(0x7FF << 52)) | (1022 << 52)),
        exp - 1022,
    )
}

/// `x * 2**e`, rounded once.
pub(crate) fn scale_by(x: f64, e: i64) -> f64 {
    libm::scalbn(x, e.clamp(-5000, 5000) as i32)
}

fn ldexp(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, e] = a.exactly::<2>(vm, "ldexp")?;
    let x = vm.to_f64(x)?;
    if !vm.is_int(e) {
        return Err(vm.type_error("Expected an int as second argument to ldexp."));
    }
    let e = vm.to_i64_clamped(e)?;
    if x == 0.0 || !x.is_finite() {
        return Ok(vm.new_float(x));
    }
    let r = scale_by(x, e);
    if r.is_infinite() {
        Err(vm.overflow_error("math range error"))
    } else {
        Ok(vm.new_float(r))
    }
}

fn remainder(vm: &Vm, x: f64, y: f64) -> PyResult<Value> {
    if x.is_finite() && y.is_finite() {
        if y == 0.0 {
            return Err(domain(vm));
        }
        let (ax, ay) = (x.abs(), y.abs());
        let m = ax % ay;
        let c = ay - m;
        let r = if m < c {
            m
        } else if m > c {
            -c
        } else {
            // Half way: to the even multiple.
            m - 2.0 * ((0.5 * (ax - m)) % ay)
        };
        return Ok(vm.new_float(1f64.copysign(x) * r));
    }
    if x.is_nan() || y.is_nan() {
        return Ok(vm.new_float(f64::NAN));
    }
    if x.is_infinite() {
        Err(domain(vm))
    } else {
        Ok(vm.new_float(x))
    }
}

fn next_after(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    if x == y {
        return y;
    }
    // Positions on the line of all floats, in order.
    let place = |f: f64| {
        let b = f.to_bits() as i64;
        if b < 0 { i64::MIN.wrapping_sub(b) } else { b }
    };
    let back = |p: i64| {
        f64::from_bits(if p < 0 {
            i64::MIN.wrapping_sub(p) as u64
        } else {
            p as u64
        })
    };
    let (from, to) = (place(x) as i128, place(y) as i128);
    let to_go = (to - from).unsigned_abs();
    if steps as u128 >= to_go {
        return y;
    }
    let p = if to > from {
        from + steps as i128
    } else {
        from - steps as i128
    };
    let r = back(p as i64);
    if r == 0.0 {
        r.copysign(if to > from { -1.0 } else { 1.0 }).copysign(x)
    } else {
        r
    }
}

fn isclose(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y, rel, abs] = a.bind(vm, "isclose", ["a", "b", "*rel_tol", "*abs_tol"], 2)?;
    let get = |v: Option<&Value>, d: f64| v.map_or(Ok(d), |v| vm.to_f64(v));
    let (x, y, rel, abs) = (get(x, 0.0)?, get(y, 0.0)?, get(rel, 1e-9)?, get(abs, 0.0)?);
    if rel < 0.0 || abs < 0.0 {
        return Err(vm.value_error("tolerances must be non-negative"));
    }
    if x == y {
        return Ok(Value::TRUE);
    }
    if x.is_infinite() || y.is_infinite() {
        return Ok(Value::FALSE);
    }
    let diff = (y - x).abs();
    Ok(Value::bool(
        diff <= (rel * y).abs() || diff <= (rel * x).abs() || diff <= abs,
    ))
}

/// The square root of a sum of squares, with one rounding in nearly every case.
fn vector_norm(xs: &[f64]) -> f64 {
    let mut max = 0.0f64;
    let mut nan = false;
    for x in xs {
        nan |= x.is_nan();
        max = max.max(x.abs());
    }
    if max.is_infinite() {
        return max;
    }
    if nan {
        return f64::NAN;
    }
    if max == 0.0 || xs.len() <= 1 {
        return max;
    }
    let (_, e) = frexp(max);
    if e < -1023 {
        // Subnormals only: scale them up first.
        let up: Vec<f64> = xs.iter().map(|x| scale_by(*x, 1000)).collect();
        return scale_by(vector_norm(&up), -1000);
    }
    let (mut sum, mut low) = (1.0f64, 0.0f64);
    let mut low2 = 0.0f64;
    let add = |sum: &mut f64, low: &mut f64, x: f64| {
        let s = *sum + x;
        *low += (*sum - s) + x;
        *sum = s;
    };
    for x in xs {
        let x = scale_by(*x, -e);
        let hi = x * x;
        low2 += x.mul_add(x, -hi);
        add(&mut sum, &mut low, hi);
    }
    let h = (sum - 1.0 + (low + low2)).sqrt();
    let hi = -(h * h);
    low2 += (-h).mul_add(h, -hi);
    add(&mut sum, &mut low, hi);
    let x = sum - 1.0 + (low + low2);
    scale_by(h + x / (2.0 * h), e)
}

/// Exact running sums: non-overlapping parts in order of size (Shewchuk).
#[derive(Default)]
struct Partials(Vec<f64>);

impl Partials {
    fn add(&mut self, mut x: f64) -> bool {
        let mut kept = 0;
        for i in 0..self.0.len() {
            let mut y = self.0[i];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let hi = x + y;
            let lo = y - (hi - x);
            if lo != 0.0 {
                self.0[kept] = lo;
                kept += 1;
            }
            x = hi;
        }
        self.0.truncate(kept);
        if x != 0.0 {
            self.0.push(x);
        }
        x.is_finite()
    }
    /// The sum, rounded once, half to even.
    fn total(&self) -> f64 {
        let mut n = self.0.len();
        if n == 0 {
            return 0.0;
        }
        n -= 1;
        let mut hi = self.0[n];
        let mut lo = 0.0;
        while n > 0 {
            let x = hi;
            n -= 1;
            let y = self.0[n];
            hi = x + y;
            lo = y - (hi - x);
            if lo != 0.0 {
                break;
            }
        }
        if n > 0 && ((lo < 0.0 && self.0[n - 1] < 0.0) || (lo > 0.0 && self.0[n - 1] > 0.0)) {
            let y = lo * 2.0;
            let x = hi + y;
            if y == x - hi {
                hi = x;
            }
        }
        hi
    }
}

fn fsum(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [seq] = a.exactly::<1>(vm, "math.fsum")?;
    let mut parts = Partials::default();
    let (mut special, mut infinities) = (0.0, 0.0);
    vm.for_each(seq, |x| {
        let x = vm.to_f64(&x)?;
        if !x.is_finite() {
            if x.is_infinite() {
                infinities += x;
            }
            special += x;
            return Ok(true);
        }
        if parts.add(x) {
            Ok(true)
        } else {
            Err(vm.overflow_error("intermediate overflow in fsum"))
        }
    })?;
    if special != 0.0 || special.is_nan() {
        if infinities.is_nan() {
            return Err(vm.value_error("-inf + inf in fsum"));
        }
        return Ok(vm.new_float(special));
    }
    Ok(vm.new_float(parts.total()))
}

fn sumprod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [p, q] = a.exactly::<2>(vm, "sumprod")?;
    let (p, q) = (vm.collect(p)?, vm.collect(q)?);
    if p.len() != q.len() {
        return Err(vm.value_error("Inputs are not the same length"));
    }
    let number = |v: &Value| vm.type_of(v).is(&vm.types.float) || vm.is_int(v);
    let floats =
        p.iter().chain(&q).all(number) && p.iter().chain(&q).any(|v| vm.exact_float(v).is_some());
    if floats {
        let mut parts = Partials::default();
        let mut exact = true;
        let mut plain = 0.0;
        for (x, y) in p.iter().zip(&q) {
            let (x, y) = (vm.to_f64(x)?, vm.to_f64(y)?);
            let hi = x * y;
            plain += hi;
            if exact && hi.is_finite() {
                exact = parts.add(hi) && parts.add(x.mul_add(y, -hi));
            } else {
                exact = false;
            }
        }
        return Ok(vm.new_float(if exact { parts.total() } else { plain }));
    }
    let mut total = Value::small_int(0);
    for (x, y) in p.iter().zip(&q) {
        let t = vm.binary(x, y, BinOp::Mul)?;
        total = vm.binary(&total, &t, BinOp::Add)?;
    }
    Ok(total)
}
