//! Arithmetic on constants, as Python does it, within ast_opt.c's limits.
use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};
use lasti_bytecode::code::{Const, Wtf8};

use crate::ast::{BinOp, UnaryOp};
use crate::constkey::const_key;

const MAX_INT_SIZE: usize = 128;
const MAX_COLLECTION_SIZE: usize = 256;
const MAX_STR_SIZE: usize = 4096;
const MAX_TOTAL_ITEMS: usize = 1024;

enum Num {
    Int(IBig),
    Float(f64),
    Complex(f64, f64),
}

/// Truth value of a constant.
pub fn is_true(c: &Const) -> bool {
    match c {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis | Const::Code(_) => true,
        Const::Int(i) => *i != 0,
        Const::BigInt(..) => true,
        Const::Float(f) => *f != 0.0,
        Const::Complex(re, im) => *re != 0.0 || *im != 0.0,
        Const::Str(s) => !s.0.is_empty(),
        Const::Bytes(b) => !b.is_empty(),
        Const::Tuple(items) | Const::FrozenSet(items) => !items.is_empty(),
    }
}

fn int(c: &Const) -> Option<IBig> {
    match c {
        Const::True => Some(IBig::ONE),
        Const::False => Some(IBig::ZERO),
        Const::Int(i) => Some(IBig::from(*i)),
        Const::BigInt(negative, magnitude) => {
            let sign = if *negative {
                Sign::Negative
            } else {
                Sign::Positive
            };
            Some(IBig::from_parts(sign, UBig::from_le_bytes(magnitude)))
        }
        _ => None,
    }
}

fn num(c: &Const) -> Option<Num> {
    match c {
        Const::Float(f) => Some(Num::Float(*f)),
        Const::Complex(re, im) => Some(Num::Complex(*re, *im)),
        _ => int(c).map(Num::Int),
    }
}

fn from_int(i: IBig) -> Const {
    match i64::try_from(&i) {
        Ok(small) => Const::Int(small),
        Err(_) => {
            let (sign, magnitude) = i.into_parts();
            Const::BigInt(sign == Sign::Negative, magnitude.to_le_bytes())
        }
    }
}

fn truth(b: bool) -> Const {
    if b { Const::True } else { Const::False }
}

fn bits(i: &IBig) -> usize {
    i.clone().into_parts().1.bit_len()
}

/// int to float, rounded to nearest even; None when too large.
fn float(i: &IBig) -> Option<f64> {
    let f = i.to_f64().value();
    f.is_finite().then_some(f)
}

pub fn unary(op: UnaryOp, c: &Const) -> Option<Const> {
    if op == UnaryOp::Not {
        return Some(truth(!is_true(c)));
    }
    Some(match (op, num(c)?) {
        (UnaryOp::Invert, Num::Int(i)) => from_int(-i - IBig::ONE),
        (UnaryOp::Invert, _) => return None,
        (UnaryOp::USub, Num::Int(i)) => from_int(-i),
        (UnaryOp::USub, Num::Float(f)) => Const::Float(-f),
        (UnaryOp::USub, Num::Complex(re, im)) => Const::Complex(-re, -im),
        (_, Num::Int(i)) => from_int(i),
        (_, Num::Float(f)) => Const::Float(f),
        (_, Num::Complex(re, im)) => Const::Complex(re, im),
    })
}

pub fn binary(l: &Const, op: BinOp, r: &Const) -> Option<Const> {
    if let (Some(a), Some(b)) = (num(l), num(r)) {
        return match (a, b) {
            (Num::Int(a), Num::Int(b)) => {
                let bools = |c: &Const| matches!(c, Const::True | Const::False);
                ints(a, op, b, bools(l) && bools(r))
            }
            // As 3.8 has it, a real operand's imaginary part is zero (3.14: there is none, so `2-0j` keeps the sign).
            (Num::Complex(a, b), r) => complex((a, b), op, to_complex(r)?),
            (l, Num::Complex(a, b)) => complex(to_complex(l)?, op, (a, b)),
            (a, b) => floats(to_float(a)?, op, to_float(b)?),
        };
    }
    match op {
        BinOp::Add => concat(l, r),
        BinOp::Mult => repeat(l, r).or_else(|| repeat(r, l)),
        _ => None,
    }
}

fn to_float(n: Num) -> Option<f64> {
    match n {
        Num::Int(i) => float(&i),
        Num::Float(f) => Some(f),
        Num::Complex(..) => None,
    }
}

fn to_complex(n: Num) -> Option<(f64, f64)> {
    match n {
        Num::Complex(re, im) => Some((re, im)),
        n => Some((to_float(n)?, 0.0)),
    }
}

/// Floor division and modulo with Python's signs.
fn floor_div(a: &IBig, b: &IBig) -> (IBig, IBig) {
    let (q, r) = a.div_rem(b);
    if r != IBig::ZERO && (r < IBig::ZERO) != (*b < IBig::ZERO) {
        (q - IBig::ONE, r + b)
    } else {
        (q, r)
    }
}

fn ints(a: IBig, op: BinOp, b: IBig, bools: bool) -> Option<Const> {
    let zero = IBig::ZERO;
    let bit = |value: IBig| {
        if bools {
            truth(value != IBig::ZERO)
        } else {
            from_int(value)
        }
    };
    Some(match op {
        BinOp::Add => from_int(a + b),
        BinOp::Sub => from_int(a - b),
        BinOp::Mult => {
            if a != zero && b != zero && bits(&a) + bits(&b) > MAX_INT_SIZE {
                return None;
            }
            from_int(a * b)
        }
        BinOp::MatMult => return None,
        BinOp::Div => {
            if b == zero {
                return None;
            }
            Const::Float(true_divide(&a, &b)?)
        }
        BinOp::FloorDiv | BinOp::Mod if b == zero => return None,
        BinOp::FloorDiv => from_int(floor_div(&a, &b).0),
        BinOp::Mod => from_int(floor_div(&a, &b).1),
        BinOp::Pow => {
            if b < zero {
                if a == zero {
                    return None;
                }
                return floats(float(&a)?, op, float(&b)?);
            }
            let e = usize::try_from(&b).ok();
            if a != zero && b != zero && e.is_none_or(|e| bits(&a) > MAX_INT_SIZE / e) {
                return None;
            }
            from_int(a.pow(e.unwrap_or(1)))
        }
        BinOp::LShift => {
            if b < zero {
                return None;
            }
            let n = usize::try_from(&b).ok();
            if a != zero
                && b != zero
                && n.is_none_or(|n| n > MAX_INT_SIZE || bits(&a) > MAX_INT_SIZE - n)
            {
                return None;
            }
            from_int(if a == zero { a } else { a << n.unwrap_or(0) })
        }
        BinOp::RShift => {
            if b < zero {
                return None;
            }
            let n = usize::try_from(&b).unwrap_or(usize::MAX);
            if n > bits(&a) {
                from_int(if a < zero { IBig::NEG_ONE } else { zero })
            } else {
                from_int(a >> n)
            }
        }
        BinOp::BitOr => bit(a | b),
        BinOp::BitXor => bit(a ^ b),
        BinOp::BitAnd => bit(a & b),
    })
}

/// int / int, correctly rounded.
fn true_divide(a: &IBig, b: &IBig) -> Option<f64> {
    if *a == IBig::ZERO {
        return Some(if *b < IBig::ZERO { -0.0 } else { 0.0 });
    }
    let exact = |i: &IBig| bits(i) <= 53;
    if exact(a) && exact(b) {
        return Some(float(a)? / float(b)?);
    }
    // Scale so that the quotient has at least 66 bits, with a sticky bit below.
    let shift = 66 + bits(b) as i64 - bits(a) as i64;
    let (n, d) = if shift >= 0 {
        (a << shift as usize, b.clone())
    } else {
        (a.clone(), b << (-shift) as usize)
    };
    let (mut q, r) = n.div_rem(&d);
    if r != IBig::ZERO && !q.bit(0) {
        q += if (*a < IBig::ZERO) == (*b < IBig::ZERO) {
            IBig::ONE
        } else {
            IBig::NEG_ONE
        };
    }
    let exponent = -shift;
    if !(-900..900).contains(&exponent) {
        return None;
    }
    let f = q.to_f64().value() * 2f64.powi(exponent as i32);
    f.is_finite().then_some(f)
}

fn floats(a: f64, op: BinOp, b: f64) -> Option<Const> {
    Some(Const::Float(match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mult => a * b,
        BinOp::Div | BinOp::FloorDiv | BinOp::Mod if b == 0.0 => return None,
        BinOp::Div => a / b,
        BinOp::Mod => float_mod(a, b),
        BinOp::FloorDiv => {
            let m = float_mod(a, b);
            let q = (a - m) / b;
            if q == 0.0 {
                0f64.copysign(a / b)
            } else {
                let floor = q.floor();
                if q - floor > 0.5 { floor + 1.0 } else { floor }
            }
        }
        BinOp::Pow => {
            if a == 0.0 && b < 0.0 {
                return None;
            }
            if a < 0.0 && a.is_finite() && b.is_finite() && b != b.floor() {
                return complex((a, 0.0), op, (b, 0.0));
            }
            let p = a.powf(b);
            if p.is_infinite() && a.is_finite() && b.is_finite() {
                return None;
            }
            p
        }
        BinOp::MatMult
        | BinOp::LShift
        | BinOp::RShift
        | BinOp::BitOr
        | BinOp::BitXor
        | BinOp::BitAnd => return None,
    }))
}

fn float_mod(a: f64, b: f64) -> f64 {
    let m = a % b;
    if m == 0.0 {
        0f64.copysign(b)
    } else if (b < 0.0) != (m < 0.0) {
        m + b
    } else {
        m
    }
}

fn complex_mul(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn complex_div(a: (f64, f64), b: (f64, f64)) -> Option<(f64, f64)> {
    if b == (0.0, 0.0) {
        return None;
    }
    Some(if b.0.abs() >= b.1.abs() {
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        (
            (a.0 + a.1 * ratio) / denominator,
            (a.1 - a.0 * ratio) / denominator,
        )
    } else {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        (
            (a.0 * ratio + a.1) / denominator,
            (a.1 * ratio - a.0) / denominator,
        )
    })
}

fn complex_pow(a: (f64, f64), b: (f64, f64)) -> Option<(f64, f64)> {
    if b == (0.0, 0.0) {
        return Some((1.0, 0.0));
    }
    let whole = b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= 100.0;
    if whole {
        let mut power = (1.0, 0.0);
        let mut base = a;
        let mut n = b.0.abs() as u32;
        while n > 0 {
            if n & 1 == 1 {
                power = complex_mul(power, base);
            }
            n >>= 1;
            base = complex_mul(base, base);
        }
        return if b.0 < 0.0 {
            complex_div((1.0, 0.0), power)
        } else {
            Some(power)
        };
    }
    if a == (0.0, 0.0) {
        return (b.1 == 0.0 && b.0 > 0.0).then_some((0.0, 0.0));
    }
    let (size, angle) = (a.0.hypot(a.1), a.1.atan2(a.0));
    let mut len = size.powf(b.0);
    let mut phase = angle * b.0;
    if b.1 != 0.0 {
        len /= (angle * b.1).exp();
        phase += b.1 * size.ln();
    }
    Some((len * phase.cos(), len * phase.sin()))
}

fn complex(a: (f64, f64), op: BinOp, b: (f64, f64)) -> Option<Const> {
    let (re, im) = match op {
        BinOp::Add => (a.0 + b.0, a.1 + b.1),
        BinOp::Sub => (a.0 - b.0, a.1 - b.1),
        BinOp::Mult => complex_mul(a, b),
        BinOp::Div => complex_div(a, b)?,
        // A power that overflows is left for the run, which raises.
        BinOp::Pow => complex_pow(a, b).filter(|(re, im)| re.is_finite() && im.is_finite())?,
        _ => return None,
    };
    Some(Const::Complex(re, im))
}

fn concat(l: &Const, r: &Const) -> Option<Const> {
    Some(match (l, r) {
        (Const::Str(a), Const::Str(b)) => Const::Str(Wtf8([&a.0[..], &b.0[..]].concat().into())),
        (Const::Bytes(a), Const::Bytes(b)) => Const::Bytes([&a[..], &b[..]].concat().into()),
        (Const::Tuple(a), Const::Tuple(b)) => Const::Tuple(a.iter().chain(b).cloned().collect()),
        _ => return None,
    })
}

fn code_points(s: &Wtf8) -> usize {
    s.0.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

/// Items of a constant, those in it counted; None beyond the limit.
fn complexity(items: &[Const], mut limit: usize) -> Option<usize> {
    limit = limit.checked_sub(items.len())?;
    for item in items {
        if let Const::Tuple(inner) = item {
            limit = complexity(inner, limit)?;
        }
    }
    Some(limit)
}

fn repeat(times: &Const, value: &Const) -> Option<Const> {
    let n = int(times)?;
    let limited = |size: usize, most: usize| -> Option<usize> {
        if size == 0 {
            return Some(0);
        }
        usize::try_from(&n).ok().filter(|&n| n <= most / size)
    };
    Some(match value {
        Const::Str(s) => {
            let n = limited(code_points(s), MAX_STR_SIZE)?;
            Const::Str(Wtf8(s.0.repeat(n).into()))
        }
        Const::Bytes(b) => Const::Bytes(b.repeat(limited(b.len(), MAX_STR_SIZE)?).into()),
        Const::Tuple(items) => {
            let n = limited(items.len(), MAX_COLLECTION_SIZE)?;
            if let Some(limit) = MAX_TOTAL_ITEMS.checked_div(n) {
                complexity(items, limit)?;
            }
            let total = items.len() * n;
            Const::Tuple(items.iter().cycle().take(total).cloned().collect())
        }
        _ => return None,
    })
}

/// `value[index]` of a constant string, bytes or tuple.
pub fn subscript(value: &Const, index: &Const) -> Option<Const> {
    let index = i64::try_from(&int(index)?).ok()?;
    let at = |len: usize| -> Option<usize> {
        let i = if index < 0 { index + len as i64 } else { index };
        usize::try_from(i).ok().filter(|&i| i < len)
    };
    Some(match value {
        Const::Tuple(items) => items[at(items.len())?].clone(),
        Const::Bytes(b) => Const::Int(i64::from(b[at(b.len())?])),
        Const::Str(s) => {
            let at = at(code_points(s))?;
            let starts =
                s.0.iter()
                    .enumerate()
                    .filter(|&(_, b)| b & 0xc0 != 0x80)
                    .map(|(i, _)| i);
            let mut starts = starts.skip(at);
            let start = starts.next()?;
            let end = starts.next().unwrap_or(s.0.len());
            Const::Str(Wtf8(s.0[start..end].into()))
        }
        _ => return None,
    })
}

/// What equal elements of a set have in common: numbers compare across types.
fn equality_key(c: &Const) -> Box<[u8]> {
    let integral = |f: f64| f == f.trunc() && f.abs() < 9e15;
    match c {
        Const::True => const_key(&Const::Int(1)),
        Const::False => const_key(&Const::Int(0)),
        Const::Float(f) if integral(*f) => const_key(&Const::Int(*f as i64)),
        Const::Complex(re, im) if *im == 0.0 => equality_key(&Const::Float(*re)),
        Const::Tuple(items) => items
            .iter()
            .flat_map(|i| equality_key(i).into_vec())
            .collect(),
        _ => const_key(c),
    }
}

/// Drops elements equal to an earlier one.
pub fn unique(items: Box<[Const]>) -> Box<[Const]> {
    let mut seen = rustc_hash::FxHashSet::default();
    items
        .into_iter()
        .filter(|item| seen.insert(equality_key(item)))
        .collect()
}
