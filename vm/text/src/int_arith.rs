//! int arithmetic with Python's rules, on i64 (checked: `None` means "use big ints") and on big ints.

use crate::float::decompose;
use crate::{IBig, TextError, UBig};
use dashu_int::Sign;
use dashu_int::fast_div::ConstDivisor;
use dashu_int::ops::{BitTest, DivRem, ExtendedGcd, Gcd, SquareRoot, UnsignedAbs};

/// Modulus of numeric hashes: 2**61 - 1.
pub const HASH_MODULUS: u64 = (1 << 61) - 1;
/// `sys.hash_info.inf`.
pub const HASH_INF: i64 = 314159;

fn by_zero() -> TextError {
    TextError::zero_division("division by zero")
}

/// `a // b` for `b != 0`; `None` on overflow or zero.
#[inline]
pub fn floor_div_i64(a: i64, b: i64) -> Option<i64> {
    let q = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) {
        q - 1
    } else {
        q
    })
}

/// `a % b` for `b != 0`; `None` for zero. Never overflows.
#[inline]
pub fn modulo_i64(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let r = a.wrapping_rem(b);
    Some(if r != 0 && (r < 0) != (b < 0) {
        r + b
    } else {
        r
    })
}

/// `divmod(a, b)`; ZeroDivisionError "division by zero".
pub fn divmod(a: &IBig, b: &IBig) -> Result<(IBig, IBig), TextError> {
    if b.is_zero() {
        return Err(by_zero());
    }
    let (q, r) = a.div_rem(b);
    Ok(if !r.is_zero() && r.sign() != b.sign() {
        (q - IBig::ONE, r + b)
    } else {
        (q, r)
    })
}

pub fn floor_div(a: &IBig, b: &IBig) -> Result<IBig, TextError> {
    divmod(a, b).map(|(q, _)| q)
}

pub fn modulo(a: &IBig, b: &IBig) -> Result<IBig, TextError> {
    if b.is_zero() {
        return Err(by_zero());
    }
    let r = a % b;
    Ok(if !r.is_zero() && r.sign() != b.sign() {
        r + b
    } else {
        r
    })
}

/// `base ** exp` while it fits.
pub fn pow_i64(base: i64, exp: u64) -> Option<i64> {
    match base {
        0 | 1 => Some(if exp == 0 { 1 } else { base }),
        -1 => Some(if exp.is_multiple_of(2) { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exp).ok()?),
    }
}

/// No int of ours has more bits (CPython's own bound is 2**63 bits; ours is what memory holds).
const MAX_BITS: usize = 1 << 36;

/// Ints from so many bits on are checked for memory before they are made.
const LARGE_BITS: usize = 1 << 20;
/// A product of ints of more bits than this is made of smaller ones.
const STEP_BITS: usize = 1 << 22;

/// MemoryError when there is no room for an int of so many bits and for what computing it takes besides.
pub fn check_room(bits: usize) -> Result<(), TextError> {
    if bits < LARGE_BITS {
        return Ok(());
    }
    if bits > MAX_BITS {
        return Err(TextError::memory());
    }
    // The library takes up to three times the size for the steps of a large product.
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(bits / 8 * 4)
        .map_err(|_| TextError::memory())
}

/// `a * b`, with `check` called now and then, which may end it.
pub fn mul_in_steps<E>(
    a: &IBig,
    b: &IBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<IBig, E> {
    if bit_length(a).min(bit_length(b)) <= STEP_BITS {
        return Ok(a * b);
    }
    let product = mul_parts(&a.unsigned_abs(), &b.unsigned_abs(), check)?;
    let product = IBig::from(product);
    Ok(if a.sign() == b.sign() {
        product
    } else {
        -product
    })
}

/// Karatsuba's method down to the size that the library does in one step.
pub(crate) fn mul_parts<E>(
    a: &UBig,
    b: &UBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<UBig, E> {
    check()?;
    if a.bit_len().min(b.bit_len()) <= STEP_BITS {
        return Ok(a * b);
    }
    // What is much shorter than the other is multiplied by its pieces.
    let half = a.bit_len().max(b.bit_len()).div_ceil(2);
    let (a0, a1) = a.clone().split_bits(half);
    let (b0, b1) = b.clone().split_bits(half);
    let low = mul_parts(&a0, &b0, check)?;
    let high = mul_parts(&a1, &b1, check)?;
    let middle = mul_parts(&(a0 + a1), &(b0 + b1), check)? - &low - &high;
    Ok((high << (2 * half)) + (middle << half) + low)
}

/// `divmod(a, b)` for `b != 0`, with `check` called now and then, which may end it.
pub fn divmod_in_steps<E>(
    a: &IBig,
    b: &IBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<(IBig, IBig), E> {
    let (q, r) = if bit_length(b) <= STEP_BITS && bit_length(a) <= 2 * STEP_BITS {
        a.div_rem(b)
    } else {
        let (q, r) = div_parts(&a.unsigned_abs(), &b.unsigned_abs(), check)?;
        (q * (a.sign() * b.sign()), r * a.sign())
    };
    Ok(if !r.is_zero() && r.sign() != b.sign() {
        (q - IBig::ONE, r + b)
    } else {
        (q, r)
    })
}

/// Long division in blocks as long as the divisor, or as what the library does in one step.
pub(crate) fn div_parts<E>(
    a: &UBig,
    b: &UBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<(UBig, UBig), E> {
    let block = b.bit_len().max(STEP_BITS);
    let blocks = a.bit_len().div_ceil(block);
    let (mut q, mut r) = (UBig::ZERO, UBig::ZERO);
    for i in (0..blocks).rev() {
        let part = (a >> (i * block)).split_bits(block).0;
        let (digit, rest) = div_halves(&((r << block) + part), b, check)?;
        q = (q << block) + digit;
        r = rest;
    }
    Ok((q, r))
}

/// Division by Burnikel and Ziegler's method, where the quotient is no longer than the divisor, down to the size that the library
/// does in one step.
fn div_halves<E>(
    a: &UBig,
    b: &UBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<(UBig, UBig), E> {
    check()?;
    let n = b.bit_len();
    if n <= STEP_BITS || a.bit_len() < n + STEP_BITS {
        return Ok(a.div_rem(b));
    }
    if n % 2 == 1 {
        let (q, r) = div_halves(&(a << 1), &(b << 1), check)?;
        return Ok((q, r >> 1));
    }
    let half = n / 2;
    let (low, high) = a.clone().split_bits(half);
    let (q1, r1) = div_third(&high, b, half, check)?;
    let (q0, r) = div_third(&((r1 << half) + low), b, half, check)?;
    Ok(((q1 << half) + q0, r))
}

/// Three halves by two: the quotient has `half` bits.
fn div_third<E>(
    a: &UBig,
    b: &UBig,
    half: usize,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<(UBig, UBig), E> {
    let (low, high) = a.clone().split_bits(half);
    let (b0, b1) = b.clone().split_bits(half);
    let (mut q, rest) = if (&high >> half) >= b1 {
        let q = UBig::ones(half);
        (q, high + &b1 - (&b1 << half))
    } else {
        div_halves(&high, &b1, check)?
    };
    let taken = mul_parts(&q, &b0, check)?;
    let mut r = (rest << half) + low;
    while r < taken {
        q -= UBig::ONE;
        r += b;
    }
    Ok((q, r - taken))
}

/// The powers that an int is cut at to be converted: `base ** (first * 2 ** i)`, up to the first whose square has at least so many
/// bits.
pub(crate) fn ladder<E>(
    base: u32,
    first: usize,
    bits: usize,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<Vec<UBig>, E> {
    let mut rungs = vec![UBig::from(base).pow(first)];
    while let Some(last) = rungs.last()
        && last.bit_len() * 2 <= bits
    {
        let next = mul_parts(last, last, check)?;
        rungs.push(next);
    }
    Ok(rungs)
}

/// `base ** exp` for `exp >= 0`. MemoryError for results past 8 GiB.
pub fn pow(base: &IBig, exp: &IBig) -> Result<IBig, TextError> {
    pow_in_steps(base, exp, &mut || Ok(()), |e| e)
}

/// [`pow`], with `check` called now and then, which may end it; `raise` makes its error of ours.
pub fn pow_in_steps<E>(
    base: &IBig,
    exp: &IBig,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: impl Fn(TextError) -> E,
) -> Result<IBig, E> {
    let magnitude = base.unsigned_abs();
    if magnitude.is_zero() || magnitude.is_one() {
        let odd = exp.bit(0);
        return Ok(
            if exp.is_zero() || (base.sign() == Sign::Negative && !odd) {
                IBig::ONE
            } else {
                base.clone()
            },
        );
    }
    let exp = usize::try_from(exp).map_err(|_| raise(TextError::memory()))?;
    let bits = (magnitude.bit_len() - 1).max(1).saturating_mul(exp);
    check_room(bits).map_err(raise)?;
    if bits <= STEP_BITS || magnitude.trailing_zeros() == Some(magnitude.bit_len() - 1) {
        return Ok(base.pow(exp));
    }
    let mut out = IBig::ONE;
    for bit in (0..usize::BITS - exp.leading_zeros()).rev() {
        out = mul_in_steps(&out, &out, check)?;
        if exp >> bit & 1 == 1 {
            out = mul_in_steps(&out, base, check)?;
        }
        check()?;
    }
    Ok(out)
}

/// `pow(base, exp, modulus)`, with the inverse for negative exponents. `check` is called now and then, which may end it; `raise`
/// makes its error of ours.
pub fn pow_mod<E>(
    base: &IBig,
    exp: &IBig,
    modulus: &IBig,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: impl Fn(TextError) -> E,
) -> Result<IBig, E> {
    if modulus.is_zero() {
        return Err(raise(TextError::value("pow() 3rd argument cannot be 0")));
    }
    let m = modulus.unsigned_abs();
    if m.is_one() {
        return Ok(IBig::ZERO);
    }
    let (_, base) = divmod_in_steps(base, &IBig::from(m.clone()), check)?;
    let mut base = base.unsigned_abs();
    if exp.sign() == Sign::Negative {
        base = inverse(&base, &m).ok_or_else(|| {
            raise(TextError::value(
                "base is not invertible for the given modulus",
            ))
        })?;
    }
    let exp = exp.unsigned_abs();
    let power = if m.bit_len().saturating_mul(exp.bit_len()) <= POWER_BITS {
        ConstDivisor::new(m).reduce(base).pow(&exp).residue()
    } else {
        pow_mod_parts(base, &exp, m, check)?
    };
    modulo(&IBig::from(power), modulus).map_err(raise)
}

/// A power modulo something is done in one step if the lengths of exponent and modulus multiply to no more than this.
const POWER_BITS: usize = 1 << 25;
/// Bits of the exponent that one multiplication does in [`pow_mod_parts`].
const WINDOW: usize = 4;

fn pow_mod_parts<E>(
    base: UBig,
    exp: &UBig,
    m: UBig,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<UBig, E> {
    let times = |a: &UBig, b: &UBig, check: &mut _| {
        let product = mul_parts(a, b, check)?;
        Ok(div_parts(&product, &m, check)?.1)
    };
    let mut powers = vec![UBig::ONE];
    for i in 1..1 << WINDOW {
        powers.push(times(&powers[i - 1], &base, check)?);
    }
    let mut out = UBig::ONE;
    for window in (0..exp.bit_len().div_ceil(WINDOW)).rev() {
        let mut digit = 0;
        for bit in (0..WINDOW).rev() {
            out = times(&out, &out, check)?;
            digit = digit << 1 | usize::from(exp.bit(window * WINDOW + bit));
        }
        if digit != 0 {
            out = times(&out, &powers[digit], check)?;
        }
    }
    Ok(out)
}

/// `x` with `a * x % m == 1`.
fn inverse(a: &UBig, m: &UBig) -> Option<UBig> {
    if a.is_zero() {
        return None;
    }
    let (gcd, x, _) = a.gcd_ext(m);
    if !gcd.is_one() {
        return None;
    }
    modulo(&x, &IBig::from(m.clone()))
        .ok()
        .map(|x| x.unsigned_abs())
}

fn negative_shift() -> TextError {
    TextError::value("negative shift count")
}

/// `a << b` while it fits; `None` also for a negative or large count.
#[inline]
pub fn shl_i64(a: i64, b: i64) -> Option<i64> {
    if a == 0 && b >= 0 {
        return Some(0);
    }
    let count = u32::try_from(b).ok().filter(|&c| c < 63)?;
    let r = a << count;
    (r >> count == a).then_some(r)
}

/// `a >> b`; `None` for a negative count.
#[inline]
pub fn shr_i64(a: i64, b: i64) -> Option<i64> {
    (b >= 0).then(|| a >> b.min(63))
}

pub fn shl(a: &IBig, count: &IBig) -> Result<IBig, TextError> {
    if count.sign() == Sign::Negative {
        return Err(negative_shift());
    }
    if a.is_zero() {
        return Ok(IBig::ZERO);
    }
    let count =
        usize::try_from(count).map_err(|_| TextError::overflow("too many digits in integer"))?;
    check_room(bit_length(a).saturating_add(count))?;
    Ok(a << count)
}

pub fn shr(a: &IBig, count: &IBig) -> Result<IBig, TextError> {
    if count.sign() == Sign::Negative {
        return Err(negative_shift());
    }
    Ok(match usize::try_from(count) {
        Ok(count) if count < a.unsigned_abs().bit_len() => a >> count,
        _ if a.sign() == Sign::Negative => IBig::NEG_ONE,
        _ => IBig::ZERO,
    })
}

/// `n.bit_length()`.
pub fn bit_length(n: &IBig) -> usize {
    n.unsigned_abs().bit_len()
}

/// `n.bit_count()`: ones in the magnitude.
pub fn bit_count(n: &IBig) -> usize {
    n.unsigned_abs().count_ones()
}

/// `math.isqrt(n)`.
pub fn isqrt(n: &IBig) -> Result<IBig, TextError> {
    if n.sign() == Sign::Negative {
        return Err(TextError::value("isqrt() argument must be nonnegative"));
    }
    Ok(IBig::from(n.unsigned_abs().sqrt()))
}

/// `math.gcd(a, b)`.
pub fn gcd(a: &IBig, b: &IBig) -> IBig {
    match (a.is_zero(), b.is_zero()) {
        (true, _) => IBig::from(b.unsigned_abs()),
        (_, true) => IBig::from(a.unsigned_abs()),
        _ => IBig::from(a.unsigned_abs().gcd(b.unsigned_abs())),
    }
}

/// `round(n, -places)` for an int: nearest multiple of `10**places`, ties to even.
pub fn round_to_ten(n: &IBig, places: usize) -> IBig {
    // Far past the number of digits the answer is zero.
    if places == 0 {
        return n.clone();
    }
    if places as f64 > n.unsigned_abs().bit_len() as f64 * 0.302 + 2.0 {
        return IBig::ZERO;
    }
    let ten = IBig::from(UBig::from(10u8).pow(places));
    let Ok((q, r)) = divmod(n, &ten) else {
        return n.clone();
    };
    let up = match (&r + &r).cmp(&ten) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => q.bit(0),
        std::cmp::Ordering::Less => false,
    };
    let down = n - r;
    if up { down + ten } else { down }
}

/// -1 is the error code of CPython's hash slots.
fn no_minus_one(h: i64) -> i64 {
    if h == -1 { -2 } else { h }
}

/// `hash(n)` of a small int.
#[inline]
pub fn hash_i64(n: i64) -> i64 {
    let h = (n.unsigned_abs() % HASH_MODULUS) as i64;
    no_minus_one(if n < 0 { -h } else { h })
}

/// `hash(n)` of a big int.
pub fn hash_int(n: &IBig) -> i64 {
    let h = (n.unsigned_abs() % HASH_MODULUS) as i64;
    no_minus_one(if n.sign() == Sign::Negative { -h } else { h })
}

/// `hash(x)` of a float; `None` for NaN, whose hash comes from its address.
pub fn hash_f64(x: f64) -> Option<i64> {
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { HASH_INF } else { -HASH_INF });
    }
    let (negative, mantissa, exponent) = decompose(x);
    // Multiplying by a power of two modulo 2**61 - 1 rotates 61 bits.
    let turn = exponent.rem_euclid(61) as u32;
    let rotated = (mantissa << turn & HASH_MODULUS) | mantissa.checked_shr(61 - turn).unwrap_or(0);
    let h = if rotated == HASH_MODULUS { 0 } else { rotated } as i64;
    Some(no_minus_one(if negative { -h } else { h }))
}

/// `hash()` of a complex from the hashes of its parts (`sys.hash_info.imag`).
pub fn hash_complex(re: i64, im: i64) -> i64 {
    no_minus_one((re as u64).wrapping_add((im as u64).wrapping_mul(1_000_003)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(s: &str) -> IBig {
        IBig::from_str_radix(s, 16).unwrap()
    }

    fn show(r: Result<IBig, TextError>) -> String {
        r.map(|n| crate::int::to_base(&n, 16))
            .unwrap_or_else(|e| e.to_string())
    }

    /// Quotients and remainders of ints longer than one step belong together, and the steps can be ended.
    #[test]
    fn long_divisions() {
        let ones = |bits: usize| (IBig::ONE << bits) - IBig::ONE;
        let odd = |bits: usize| (IBig::ONE << bits) + (IBig::from(12345) << (bits / 3)) + IBig::ONE;
        let pairs = [
            (ones(2 * STEP_BITS + 10), odd(STEP_BITS + 7)),
            (ones(5 * STEP_BITS + 1), odd(2 * STEP_BITS)),
            (odd(3 * STEP_BITS), ones(2 * STEP_BITS + 3)),
            (ones(4 * STEP_BITS), IBig::from(1000)),
            (ones(3 * STEP_BITS), ones(3 * STEP_BITS) + IBig::ONE),
        ];
        for (a, b) in pairs {
            for (a, b) in [(&a, &b), (&-&a, &b), (&a, &-&b)] {
                let (q, r) = divmod_in_steps(a, b, &mut || Ok::<(), ()>(())).unwrap();
                assert!(q * b + &r == *a);
                assert!(r.is_zero() || r.sign() == b.sign());
                assert!(r.unsigned_abs() < b.unsigned_abs());
            }
        }
        let ended = divmod_in_steps(&ones(5 * STEP_BITS), &odd(2 * STEP_BITS), &mut || Err(1));
        assert!(ended == Err(1));
    }

    #[test]
    fn long_powers() {
        let m = (IBig::ONE << 3000) + IBig::from(7);
        let exp = (IBig::ONE << 20_000) - IBig::from(3);
        let (base, check) = (IBig::from(5), &mut || Ok::<(), TextError>(()));
        let whole = pow_mod(&base, &exp, &m, check, |e| e).unwrap();
        let m = m.unsigned_abs();
        let parts = pow_mod_parts(base.unsigned_abs(), &exp.unsigned_abs(), m, check).unwrap();
        assert!(whole.unsigned_abs() == parts);
    }

    #[test]
    fn hashes() {
        let ints = [
            ("0", 0),
            ("1", 1),
            ("-1", -2),
            ("-2", -2),
            ("1fffffffffffffff", 0),
            ("2000000000000000", 1),
            ("-2000000000000000", -2),
            ("10000000000000000", 8),
            ("1d6329f1c35ca4bfabb9f5610000000000", 1388497483929617590),
            ("-1d6329f1c35ca4bfabb9f5610000000000", -1388497483929617590),
        ];
        for (n, want) in ints {
            assert_eq!(hash_int(&big(n)), want);
        }
        let floats = [
            (0.0, 0),
            (-0.0, 0),
            (1.0, 1),
            (-1.0, -2),
            (0.5, 1152921504606846976),
            (0.1, 230584300921369408),
            (-0.1, -230584300921369408),
            (1e+300, 1224995262755759164),
            (5e-324, 16777216),
            (f64::INFINITY, 314159),
            (f64::NEG_INFINITY, -314159),
            (2.305843009213694e+18, 1),
        ];
        for (x, want) in floats {
            assert_eq!(hash_f64(x), Some(want));
        }
        assert_eq!(hash_f64(f64::NAN), None);
        assert_eq!([hash_i64(i64::MIN), hash_i64(-1), hash_i64(7)], [-4, -2, 7]);
        assert_eq!(hash_complex(hash_i64(1), hash_i64(2)), 2000007);
    }

    #[test]
    fn division() {
        for (a, b) in [
            (7, 2),
            (-7, 2),
            (7, -2),
            (-7, -2),
            (6, 3),
            (-6, 3),
            (0, -5),
            (i64::MIN, 1),
        ] {
            let (q, r) = divmod(&IBig::from(a), &IBig::from(b)).unwrap();
            assert_eq!(&q * IBig::from(b) + &r, IBig::from(a));
            assert_eq!(floor_div_i64(a, b).map(IBig::from), Some(q));
            assert_eq!(modulo_i64(a, b).map(IBig::from), Some(r));
        }
        assert_eq!(
            (floor_div_i64(i64::MIN, -1), floor_div_i64(1, 0)),
            (None, None)
        );
        assert_eq!(
            (modulo_i64(i64::MIN, -1), modulo_i64(1, 0)),
            (Some(0), None)
        );
        assert_eq!(modulo_i64(-7, 3), Some(2));
        assert!(
            divmod(&IBig::ONE, &IBig::ZERO).is_err() && modulo(&IBig::ONE, &IBig::ZERO).is_err()
        );
    }

    #[test]
    fn powers() {
        let table = [
            ("3", "64", "7", "4"),
            ("3", "-1", "7", "5"),
            (
                "2",
                "-1",
                "4",
                "ValueError: base is not invertible for the given modulus",
            ),
            ("-3", "5", "7", "2"),
            ("3", "5", "-7", "-2"),
            ("5", "0", "1", "0"),
            ("5", "0", "-1", "0"),
            ("5", "3", "0", "ValueError: pow() 3rd argument cannot be 0"),
            (
                "c9f2c9cd04674edea40000000",
                "56bc75e2d63100000",
                "84595161401484a000007",
                "1aebf18cf890cd86e27e8",
            ),
            (
                "0",
                "-1",
                "5",
                "ValueError: base is not invertible for the given modulus",
            ),
            ("0", "0", "5", "1"),
            ("2", "-3", "56bc75e2d63100027", "ad78ebc5ac620005"),
        ];
        for (x, y, m, want) in table {
            let power = pow_mod(&big(x), &big(y), &big(m), &mut || Ok(()), |e| e);
            assert_eq!(show(power), want);
        }
        assert_eq!(show(pow(&big("-2"), &big("41"))), "-20000000000000000");
        assert_eq!(
            show(pow(&big("-1"), &big("ffffffffffffffffffffffff"))),
            "-1"
        );
        assert_eq!(show(pow(&big("2"), &big("ffffffffffff"))), "MemoryError: ");
        assert_eq!(
            (
                pow_i64(2, 62),
                pow_i64(2, 63),
                pow_i64(-1, u64::MAX),
                pow_i64(0, 0)
            ),
            (Some(1 << 62), None, Some(-1), Some(1))
        );
    }

    #[test]
    fn shifts_and_bits() {
        assert_eq!(
            (
                shl_i64(1, 62),
                shl_i64(1, 63),
                shl_i64(-1, 62),
                shl_i64(0, 999),
                shl_i64(1, -1)
            ),
            (Some(1 << 62), None, Some(-1 << 62), Some(0), None)
        );
        assert_eq!(
            (shr_i64(-1, 999), shr_i64(5, 1), shr_i64(5, -1)),
            (Some(-1), Some(2), None)
        );
        assert_eq!(show(shr(&big("-ff"), &big("4"))), "-10");
        assert_eq!(show(shr(&big("-ff"), &big("fffffffffffffffffffff"))), "-1");
        assert_eq!(
            show(shl(&big("1"), &big("-1"))),
            "ValueError: negative shift count"
        );
        assert_eq!(show(shl(&big("0"), &big("fffffffffffffffffffff"))), "0");
        assert_eq!(
            (
                bit_length(&big("-ff")),
                bit_count(&big("-ff")),
                bit_length(&big("0"))
            ),
            (8, 8, 0)
        );
        assert_eq!(show(isqrt(&big("ff"))), "f");
        assert_eq!(
            show(isqrt(&big("-1"))),
            "ValueError: isqrt() argument must be nonnegative"
        );
        assert_eq!(gcd(&big("-c"), &big("12")), big("6"));
        assert_eq!(gcd(&big("0"), &big("0")), big("0"));
        for (n, places, want) in [
            (1234, 2, 1200),
            (1250, 2, 1200),
            (1350, 2, 1400),
            (-1250, 2, -1200),
            (-1251, 2, -1300),
            (5, 1, 0),
            (6, 1, 10),
            (15, 1, 20),
            (49, 2, 0),
            (51, 2, 100),
            (7, 0, 7),
            (7, 99, 0),
        ] {
            assert_eq!(round_to_ten(&IBig::from(n), places), IBig::from(want));
        }
    }
}
