//! Built-in functions about numbers and order: `abs`, `bin`, `chr`, `divmod`, `max`, `pow`, `round`, `sum`, ...
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Ticks;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::{Exc, PyResult};
use lasti_text::int::{Int as TextInt, with_prefix};

pub(crate) fn init(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
}

lasti_core::methods! { FUNCTIONS =
    "abs" "abs($module, number, /)\n--\n\nReturn the absolute value of the argument." abs;
    "bin" "bin($module, integer, /)\n--\n\nReturn the binary representation of an integer." bin;
    "oct" "oct($module, integer, /)\n--\n\nReturn the octal representation of an integer." oct;
    "hex" "hex($module, integer, /)\n--\n\nReturn the hexadecimal representation of an integer." hex;
    "chr" "chr($module, i, /)\n--\n\nReturn a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff." chr;
    "ord" "ord($module, c, /)\n--\n\nReturn the ordinal value of a character." ord;
    "divmod" "divmod($module, x, y, /)\n--\n\nReturn the tuple (x//y, x%y).  Invariant: div*y + mod == x." divmod;
    "pow" "pow($module, /, base, exp, mod=None)\n--\n\nEquivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments." pow;
    "round" "round($module, /, number, ndigits=None)\n--\n\nRound a number to a given precision in decimal digits." round;
    "sum" "sum($module, iterable, /, start=0)\n--\n\nReturn the sum of a 'start' value (default: 0) plus an iterable of numbers" sum;
    "min" "(*args, key=None, default=None)\n--\n\nmin(iterable, *[, default=obj, key=func]) -> value\nmin(arg1, arg2, *args, *[, key=func]) -> value\n\nWith a single iterable argument, return its smallest item." |vm, _, a| extreme(vm, a, "min", CmpOp::Lt);
    "max" "(*args, key=None, default=None)\n--\n\nmax(iterable, *[, default=obj, key=func]) -> value\nmax(arg1, arg2, *args, *[, key=func]) -> value\n\nWith a single iterable argument, return its biggest item." |vm, _, a| extreme(vm, a, "max", CmpOp::Gt);
}

fn abs(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "abs")?;
    vm.unary(v, UnOp::Abs)
}

fn bin(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "bin")?;
    in_base(vm, v, 2)
}

fn oct(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "oct")?;
    in_base(vm, v, 8)
}

fn hex(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "hex")?;
    in_base(vm, v, 16)
}

fn divmod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "divmod")?;
    vm.binary(x, y, BinOp::DivMod)
}

/// Makes sure that an int can be shown in a base that is a power of two: as digits, and with a prefix.
pub(crate) fn room_for_digits(vm: &Vm, n: &lasti_text::IBig, base: u32) -> PyResult<()> {
    let digits = lasti_text::int_arith::bit_length(n) / base.ilog2() as usize;
    vm.room(digits.saturating_mul(4))
}

fn in_base(vm: &Vm, v: &Value, base: u32) -> PyResult<Value> {
    let n = match v.as_small_int() {
        Some(i) => TextInt::from(i),
        None => TextInt::from(vm.to_bigint(v)?),
    };
    if let TextInt::Big(b) = &n {
        room_for_digits(vm, b, base)?;
    }
    Ok(vm.try_new_wtf8(with_prefix(&n, base).as_bytes())?.into())
}

fn chr(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [v] = args.exactly::<1>(vm, "chr")?;
    let cp = u32::try_from(&vm.to_bigint(v)?)
        .ok()
        .filter(|cp| *cp <= 0x10FFFF);
    let cp = cp.ok_or_else(|| vm.value_error("chr() arg not in range(0x110000)"))?;
    Ok(vm.try_new_wtf8(&lasti_text::wtf8::encode(cp))?.into())
}

fn ord(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [v] = args.exactly::<1>(vm, "ord")?;
    let wrong = |n: usize| {
        vm.type_error(format!(
            "ord() expected a character, but string of length {n} found"
        ))
    };
    if let Some(s) = v.downcast::<Str>() {
        let mut points = lasti_text::wtf8::code_points(s.as_bytes());
        return match (points.next(), points.next()) {
            (Some(cp), None) => Ok(vm.new_int(cp as i64)),
            _ => Err(wrong(s.char_len())),
        };
    }
    let byte = |b: &[u8]| match b {
        [b] => Ok(vm.new_int(*b as i64)),
        _ => Err(wrong(b.len())),
    };
    if let Some(b) = v.downcast::<Bytes>() {
        return byte(&b.data);
    }
    if let Some(b) = v.downcast::<ByteArray>() {
        return byte(&b.data.borrow());
    }
    Err(vm.type_error(format!(
        "ord() expected string of length 1, but {} found",
        vm.type_name(v)
    )))
}

fn pow(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [base, exp, modulus] = args.bind(vm, "pow", ["base", "exp", "mod"], 2)?;
    let none = Value::NONE;
    let (base, exp, modulus) = (
        base.unwrap_or(&none),
        exp.unwrap_or(&none),
        modulus.unwrap_or(&none),
    );
    if modulus.is_none() {
        return vm.binary(base, exp, BinOp::Pow);
    }
    // `__pow__` of a Python class takes the modulus.
    if vm.type_of(base).is_heap_type()
        && let Some(f) = vm.type_of(base).lookup(vm, &vm.intern("__pow__"))
        && f.downcast::<SlotWrapper>().is_none()
    {
        let r = vm.call_descr(&f, base, &[exp.clone(), modulus.clone()])?;
        if !r.is_not_implemented() {
            return Ok(r);
        }
    }
    if let (Some(b), Some(e), Some(m)) = (
        vm.exact_bigint(base),
        vm.exact_bigint(exp),
        vm.exact_bigint(modulus),
    ) {
        let r = vm.power_modulo(&b, &e, &m)?;
        return Ok(vm.new_bigint(r));
    }
    if [base, exp, modulus]
        .iter()
        .any(|v| vm.exact_float(v).is_some())
        && vm.exact_float(base).is_some()
    {
        return Err(
            vm.type_error("pow() 3rd argument not allowed unless all arguments are integers")
        );
    }
    let t = |v: &Value| vm.type_name(v);
    Err(vm.type_error(format!(
        "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
        t(base),
        t(exp),
        t(modulus)
    )))
}

fn round(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [number, digits] = args.bind(vm, "round", ["number", "ndigits"], 1)?;
    let none = Value::NONE;
    let number = number.unwrap_or(&none);
    let digits = digits.filter(|d| !d.is_none());
    let r = match digits {
        Some(d) => vm.call_special(number, &vm.names.round, std::slice::from_ref(d))?,
        None => vm.call_special(number, &vm.names.round, &[])?,
    };
    r.ok_or_else(|| {
        vm.type_error(format!(
            "type {} doesn't define __round__ method",
            vm.type_name(number)
        ))
    })
}

// ---- min and max ----

fn extreme(vm: &Vm, args: Args, func: &str, op: CmpOp) -> PyResult<Value> {
    let named = Args { pos: &[], ..args };
    let [key, default] = named.bind(vm, func, ["*key", "*default"], 0)?;
    let key = key.filter(|k| !k.is_none());
    let mut best: Option<(Value, Value)> = None;
    let mut offer = |x: Value| -> PyResult<bool> {
        let k = match key {
            Some(f) => vm.call(f, std::slice::from_ref(&x))?,
            None => x.clone(),
        };
        let better = match &best {
            None => true,
            Some((_, old)) => match Value::both_small(&k, old) {
                Some((a, b)) => op.holds(a.cmp(&b)),
                None => vm.is_true(&vm.compare(&k, old, op)?)?,
            },
        };
        if better {
            best = Some((x, k));
        }
        Ok(true)
    };
    match args.pos {
        [] => return Err(vm.type_error(format!("{func} expected at least 1 argument, got 0"))),
        [src] => vm.for_each(src, offer)?,
        many => {
            if default.is_some() {
                return Err(vm.type_error(format!(
                    "Cannot specify a default for {func}() with multiple positional arguments"
                )));
            }
            for x in many {
                offer(x.clone())?;
            }
        }
    }
    match (best, default) {
        (Some((x, _)), _) => Ok(x),
        (None, Some(d)) => Ok(d.clone()),
        (None, None) => Err(vm.value_error(format!("{func}() iterable argument is empty"))),
    }
}

// ---- sum ----

fn sum(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [src] = args.pos else {
        return match args.pos {
            [] => Err(vm.type_error("sum() takes at least 1 positional argument (0 given)")),
            [src, start] if args.kw.is_empty() => sum_from(vm, src, start.clone()),
            _ => Err(vm.type_error(format!(
                "sum() takes at most 2 arguments ({} given)",
                args.pos.len() + args.kw.len()
            ))),
        };
    };
    let named = Args { pos: &[], ..args };
    let [start] = named.bind(vm, "sum", ["start"], 0)?;
    sum_from(vm, src, start.cloned().unwrap_or(Value::small_int(0)))
}

fn refuse_text(vm: &Vm, start: &Value) -> Option<Exc> {
    let how = if start.downcast::<Str>().is_some() {
        "strings [use ''.join(seq) instead]"
    } else if start.downcast::<Bytes>().is_some() {
        "bytes [use b''.join(seq) instead]"
    } else if start.downcast::<ByteArray>().is_some() {
        "bytearray [use b''.join(seq) instead]"
    } else {
        return None;
    };
    Some(vm.type_error(format!("sum() can't sum {how}")))
}

fn sum_from(vm: &Vm, src: &Value, start: Value) -> PyResult<Value> {
    if let Some(e) = refuse_text(vm, &start) {
        return Err(e);
    }
    let it = vm.iter(src)?;
    let mut ticks = Ticks::default();
    let mut total = start;
    // Ints in machine words until one does not fit.
    if let Some(mut n) = total.as_small_int() {
        loop {
            let Some(x) = vm.next(&it)? else {
                return Ok(vm.new_int(n));
            };
            ticks.tick(vm)?;
            let small = x.as_small_int().or_else(|| x.as_bool().map(i64::from));
            match small.and_then(|i| n.checked_add(i)) {
                Some(next) => n = next,
                None => {
                    total = vm.binary(&vm.new_int(n), &x, BinOp::Add)?;
                    break;
                }
            }
        }
    }
    if vm.type_of(&total).is(&vm.types.float)
        && let Some(f) = vm.exact_float(&total)
    {
        let mut sum = Compensated { high: f, low: 0.0 };
        loop {
            let Some(x) = vm.next(&it)? else {
                return Ok(vm.new_float(sum.value()));
            };
            ticks.tick(vm)?;
            if vm.type_of(&x).is(&vm.types.float)
                && let Some(f) = vm.exact_float(&x)
            {
                sum.add(f);
            } else if let Some(i) = x.as_small_int().or_else(|| x.as_bool().map(i64::from)) {
                sum.add(i as f64);
            } else {
                total = vm.binary(&vm.new_float(sum.value()), &x, BinOp::Add)?;
                break;
            }
        }
    }
    while let Some(x) = vm.next(&it)? {
        total = vm.binary(&total, &x, BinOp::Add)?;
        ticks.tick(vm)?;
    }
    Ok(total)
}

/// A sum of floats with the rounding errors kept apart (Neumaier).
struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    fn add(&mut self, x: f64) {
        let t = self.high + x;
        self.low += if self.high.abs() >= x.abs() {
            (self.high - t) + x
        } else {
            (x - t) + self.high
        };
        self.high = t;
    }
    fn value(&self) -> f64 {
        // An overflow leaves a NaN or infinity in the errors, which says nothing.
        if self.low != 0.0 && self.low.is_finite() {
            self.high + self.low
        } else {
            self.high
        }
    }
}
