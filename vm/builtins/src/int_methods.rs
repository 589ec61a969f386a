//! Methods and attributes of `int`.
use super::int::{Num, from_text_int, int_int, max_str_digits, this_num};
use super::util::{OrRaise, text};
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::{int as parse, int_arith as arith};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.int;
    let doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\nConvert a number or string to an integer, or return 0 if \
               no arguments\nare given.";
    vm.type_attr(t, "__doc__", vm.str_value(doc));
    for name in ["real", "numerator"] {
        vm.getset(t, name, int_int, None);
    }
    vm.getset(t, "imag", |_, _| Ok(Value::small_int(0)), None);
    vm.getset(t, "denominator", |_, _| Ok(Value::small_int(1)), None);
    vm.add_methods(t, METHODS);
    for name in ["__trunc__", "__floor__", "__ceil__"] {
        vm.method(t, name, "()\n--\n\n", same);
    }
}

lasti_core::methods! { METHODS =
    "conjugate" "conjugate($self, /)\n--\n\nReturns self, the complex conjugate of any int." same;
    "bit_length" "bit_length($self, /)\n--\n\nNumber of bits necessary to represent self in binary." bit_length;
    "bit_count" "bit_count($self, /)\n--\n\nNumber of ones in the binary representation of the absolute value of self." bit_count;
    "is_integer" "is_integer($self, /)\n--\n\nReturns True. Exists for duck type compatibility with float.is_integer." is_integer;
    "as_integer_ratio" "as_integer_ratio($self, /)\n--\n\nReturn a pair of integers, whose ratio is equal to the original int." as_integer_ratio;
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" |vm, v, _| Ok(vm.tuple_value([int_int(vm, v)?]));
    "__round__" "__round__($self, ndigits=None, /)\n--\n\n" round;
    "__format__" "__format__($self, format_spec, /)\n--\n\n" format;
    "to_bytes" "to_bytes($self, /, length=1, byteorder='big', *, signed=False)\n--\n\nReturn an array of bytes representing an integer." to_bytes;
    class "from_bytes" "from_bytes($type, /, bytes, byteorder='big', *, signed=False)\n--\n\nReturn the integer represented by the given array of bytes." from_bytes;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
}

fn same(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "int.conjugate")?;
    int_int(vm, v)
}

fn bit_length(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "int.bit_length")?;
    let n = match this_num(vm, v)? {
        Num::Small(i) => 64 - i.unsigned_abs().leading_zeros() as usize,
        Num::Big(b) => arith::bit_length(b),
    };
    Ok(vm.new_int(n as i64))
}

fn bit_count(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "int.bit_count")?;
    let n = match this_num(vm, v)? {
        Num::Small(i) => i.unsigned_abs().count_ones() as usize,
        Num::Big(b) => arith::bit_count(b),
    };
    Ok(vm.new_int(n as i64))
}

fn is_integer(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "int.is_integer")?;
    Ok(Value::TRUE)
}

fn as_integer_ratio(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "int.as_integer_ratio")?;
    Ok(vm.tuple_value([int_int(vm, v)?, Value::small_int(1)]))
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let bits = arith::bit_length(&this_num(vm, v)?.big());
    // CPython's digits have 30 bits.
    Ok(vm.new_int((24 + 4 * bits.div_ceil(30).max(1)) as i64))
}

fn round(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let places = match args.between(vm, "__round__", 0, 1)? {
        [n] if !n.is_none() => vm.to_i64_clamped(n)?,
        _ => 0,
    };
    if places >= 0 {
        return int_int(vm, v);
    }
    let places = usize::try_from(places.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(vm.new_bigint(arith::round_to_ten(&this_num(vm, v)?.big(), places)))
}

fn format(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let spec = super::str::format_spec_arg(vm, args)?;
    if spec.is_empty() {
        return Ok(vm.str_of(v)?.into());
    }
    let name = vm.type_name(v);
    if let Some(n) = v.downcast::<Int>() {
        super::numeric::room_for_digits(vm, &n.0, 2)?;
    }
    let out = lasti_text::format_spec::format_int(
        &this_num(vm, v)?.text_int(),
        spec.as_bytes(),
        &name,
        max_str_digits(vm),
    );
    text(vm, out.or_raise(vm)?)
}

/// Whether a byteorder argument says "little".
pub(crate) fn is_little(vm: &Vm, v: Option<&Value>, func: &str) -> PyResult<bool> {
    let Some(v) = v else { return Ok(false) };
    let Some(s) = v.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "{func}() argument 'byteorder' must be str, not {}",
            vm.type_name_or_none(v)
        )));
    };
    match s.as_bytes() {
        b"little" => Ok(true),
        b"big" => Ok(false),
        _ => Err(vm.value_error("byteorder must be either 'little' or 'big'")),
    }
}

fn to_bytes(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [length, order, signed] =
        args.bind(vm, "to_bytes", ["length", "byteorder", "*signed"], 0)?;
    let length = length.map_or(Ok(1), |n| vm.to_i64(n))?;
    let little = is_little(vm, order, "to_bytes")?;
    let signed = signed.map_or(Ok(false), |s| vm.is_true(s))?;
    let Ok(length) = usize::try_from(length) else {
        return Err(vm.value_error("length argument must be non-negative"));
    };
    let out = parse::to_bytes(&this_num(vm, v)?.big(), length, little, signed).or_raise(vm)?;
    vm.try_new_bytes(out)
}

fn from_bytes(vm: &Vm, class: &Value, args: Args) -> PyResult<Value> {
    let [data, order, signed] =
        args.bind(vm, "from_bytes", ["bytes", "byteorder", "*signed"], 1)?;
    let little = is_little(vm, order, "from_bytes")?;
    let signed = signed.map_or(Ok(false), |s| vm.is_true(s))?;
    let data = super::bytes::bytes_of_object(vm, data.expect("bound as required"))?;
    let v = from_text_int(vm, parse::from_bytes(&data, little, signed));
    if class.is(vm.types.int.as_value()) {
        Ok(v)
    } else {
        vm.call(class, &[v])
    }
}
