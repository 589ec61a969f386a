//! The half of `math` that works on ints: gcd, lcm, factorial, comb, perm, isqrt, prod.
use crate::util::*;
use lasti_text::{IBig, int_arith};

/// Makes sure that there is memory for what an algorithm on two ints needs besides.
fn room(vm: &Vm, a: &IBig, b: &IBig) -> PyResult<()> {
    int_arith::check_room(int_arith::bit_length(a) + int_arith::bit_length(b))
        .map_err(|e| vm.text_error(e))
}

pub(crate) fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, ADD_FUNCTIONS);
}

lasti_core::methods! { ADD_FUNCTIONS =
    "gcd" "gcd($module, /, *integers)\n--\n\n" gcd;
    "lcm" "lcm($module, /, *integers)\n--\n\n" lcm;
    "isqrt" "isqrt($module, n, /)\n--\n\n" isqrt;
    "factorial" "factorial($module, n, /)\n--\n\n" factorial;
    "comb" "comb($module, n, k, /)\n--\n\n" comb;
    "perm" "perm($module, n, k=None, /)\n--\n\n" perm;
    "prod" "prod($module, iterable, /, *, start=1)\n--\n\n" prod;
}

fn gcd(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "gcd")?;
    let mut out = IBig::ZERO;
    for x in a.pos {
        let x = vm.to_bigint(x)?;
        room(vm, &out, &x)?;
        out = int_arith::gcd(&out, &x);
    }
    Ok(vm.new_bigint(out))
}

fn lcm(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "lcm")?;
    let mut out = IBig::from(1);
    for x in a.pos {
        let x = vm.to_bigint(x)?;
        if x == IBig::ZERO {
            out = IBig::ZERO;
            continue;
        }
        if out != IBig::ZERO {
            room(vm, &out, &x)?;
            let g = int_arith::gcd(&out, &x);
            out = out / g * x;
        }
    }
    let out = if out < IBig::ZERO { -out } else { out };
    Ok(vm.new_bigint(out))
}

fn isqrt(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "math.isqrt")?;
    let n = vm.to_bigint(n)?;
    if n < IBig::ZERO {
        return Err(vm.value_error("isqrt() argument must be nonnegative"));
    }
    room(vm, &n, &n)?;
    int_arith::isqrt(&n)
        .map(|r| vm.new_bigint(r))
        .map_err(|e| vm.text_error(e))
}

fn factorial(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "math.factorial")?;
    let n = vm.to_bigint(n)?;
    if n < IBig::ZERO {
        return Err(vm.value_error("factorial() not defined for negative values"));
    }
    let Some(n) = i64::try_from(&n).ok() else {
        return Err(vm.overflow_error(format!(
            "factorial() argument should not exceed {}",
            i64::MAX
        )));
    };
    // Stirling's formula, rounded down: n! has more bits than this.
    let bits = (n as f64 * ((n as f64).log2() - 1.45)).max(0.0) as usize;
    int_arith::check_room(bits).map_err(|e| vm.text_error(e))?;
    Ok(vm.new_bigint(product(vm, 1, n as u64)?))
}

fn comb(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n, k] = a.exactly::<2>(vm, "comb")?;
    let (n, k) = (natural(vm, n, "n")?, natural(vm, k, "k")?);
    if k > n {
        return Ok(Value::small_int(0));
    }
    let other = &n - &k;
    let k = small(vm, "comb", if other < k { &other } else { &k })?;
    let mut out = IBig::from(1);
    if let Ok(n) = u64::try_from(&n) {
        out = falling(vm, n, k)? / product(vm, 1, k)?;
    } else {
        for i in 0..k {
            out = out * (&n - IBig::from(i)) / IBig::from(i + 1);
            vm.check_signals()?;
        }
    }
    Ok(vm.new_bigint(out))
}

fn perm(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "perm", 1, 2)?;
    let n = natural(vm, &pos[0], "n")?;
    let k = match pos.get(1) {
        Some(k) if !k.is_none() => natural(vm, k, "k")?,
        _ => n.clone(),
    };
    if k > n {
        return Ok(Value::small_int(0));
    }
    let k = small(vm, "perm", &k)?;
    if let Ok(n) = u64::try_from(&n) {
        return Ok(vm.new_bigint(falling(vm, n, k)?));
    }
    let mut out = IBig::from(1);
    for i in 0..k {
        out *= &n - IBig::from(i);
        vm.check_signals()?;
    }
    Ok(vm.new_bigint(out))
}

fn prod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [iterable, start] = a.bind(vm, "prod", ["iterable", "*start"], 1)?;
    let mut out = start.cloned().unwrap_or(Value::small_int(1));
    let none = Value::NONE;
    vm.for_each(iterable.unwrap_or(&none), |x| {
        out = vm.binary(&out, &x, BinOp::Mul)?;
        Ok(true)
    })?;
    Ok(out)
}

fn natural(vm: &Vm, v: &Value, name: &str) -> PyResult<IBig> {
    let n = vm.to_bigint(v)?;
    if n < IBig::ZERO {
        return Err(vm.value_error(format!("{name} must be a non-negative integer")));
    }
    Ok(n)
}

fn small(vm: &Vm, func: &str, k: &IBig) -> PyResult<u64> {
    match i64::try_from(k) {
        Ok(k) => Ok(k as u64),
        Err(_) if func == "comb" => {
            Err(vm.overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX)))
        }
        Err(_) => Err(vm.overflow_error(format!("k must not exceed {}", i64::MAX))),
    }
}

/// The product of `from..=to`, by halves so that the factors have like sizes.
fn product(vm: &Vm, from: u64, to: u64) -> PyResult<IBig> {
    if from > to {
        return Ok(IBig::from(1));
    }
    if to - from < 16 {
        return Ok((from..=to).fold(IBig::from(1), |p, i| p * IBig::from(i)));
    }
    let mid = from + (to - from) / 2;
    vm.check_signals()?;
    vm.multiply(&product(vm, from, mid)?, &product(vm, mid + 1, to)?)
}

/// `n * (n - 1) * ...`, `k` factors.
fn falling(vm: &Vm, n: u64, k: u64) -> PyResult<IBig> {
    if k == 0 {
        Ok(IBig::from(1))
    } else {
        product(vm, n - k + 1, n)
    }
}
