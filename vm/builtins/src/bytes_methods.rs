//! Methods that `bytes` and `bytearray` share: case, padding, replacing, translating, hex text, decoding.
use super::bytes::{data, like};
use super::encoding;
use super::util::OrRaise;
use lasti_core::memory::{Ref, Value};
use lasti_core::model::buffer::bytes_like;
use lasti_core::objects::*;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_core::vm::{Method, MethodKind, Vm};
use lasti_text::split::{self, Unit, is_byte_space};
use lasti_text::{unicode, wtf8};

macro_rules! mappings {
    ($vm:ident, $t:ident, $($name:literal $f:expr, $doc:literal;)*) => {
        $(
            $vm.add_method($t, const { Method::new($name, concat!($name, "($self, /)\n--\n\n", $doc), MethodKind::Plain(|vm, v, a| {
                a.exactly::<0>(vm, concat!("bytes.", $name))?;
                let out: Vec<u8> = {
                    let d = data(vm, v)?;
                    vm.room(d.len())?;
                    ($f)(&d)
                };
                like(vm, v, out)
            })) });
        )*
    };
}

macro_rules! predicates {
    ($vm:ident, $t:ident, $($name:literal $f:expr, $doc:literal;)*) => {
        $(
            $vm.add_method($t, const { Method::new($name, concat!($name, "($self, /)\n--\n\n", $doc), MethodKind::Plain(|vm, v, a| {
                a.exactly::<0>(vm, concat!("bytes.", $name))?;
                let d = data(vm, v)?;
                let test: fn(&[u8]) -> bool = $f;
                Ok(Value::bool(test(&d)))
            })) });
        )*
    };
}

fn all(d: &[u8], test: fn(&u8) -> bool) -> bool {
    !d.is_empty() && d.iter().all(test)
}

/// ASCII letters only: what else there is keeps its place.
fn mapped(d: &[u8], f: fn(&u8) -> u8) -> Vec<u8> {
    d.iter().map(f).collect()
}

fn titled(d: &[u8]) -> Vec<u8> {
    let mut inside = false;
    d.iter()
        .map(|b| {
            let out = if inside {
                b.to_ascii_lowercase()
            } else {
                b.to_ascii_uppercase()
            };
            inside = b.is_ascii_alphabetic();
            out
        })
        .collect()
}

pub(crate) fn init(vm: &Vm, t: &Ref<Type>) {
    mappings! { vm, t,
        "upper" |d: &[u8]| d.to_ascii_uppercase(), "Return a copy of B with all ASCII characters converted to uppercase.";
        "lower" |d: &[u8]| d.to_ascii_lowercase(), "Return a copy of B with all ASCII characters converted to lowercase.";
        "swapcase" |d: &[u8]| mapped(d, |b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b }), "Return a copy of B with uppercase ASCII characters converted to lowercase ASCII and vice versa.";
        "title" titled, "Return a titlecased version of B, i.e. ASCII words start with uppercase characters, all remaining cased characters have lowercase.";
        "capitalize" |d: &[u8]| {
            let mut out = d.to_ascii_lowercase();
            if let Some(b) = out.first_mut() {
                b.make_ascii_uppercase();
            }
            out
        }, "Return a copy of B with only its first character capitalized (ASCII) and the rest lower-cased.";
    }
    predicates! { vm, t,
        "isalpha" |d| all(d, u8::is_ascii_alphabetic), "Return True if all characters in B are alphabetic and there is at least one character in B, False otherwise.";
        "isalnum" |d| all(d, u8::is_ascii_alphanumeric), "Return True if all characters in B are alphanumeric and there is at least one character in B, False otherwise.";
        "isdigit" |d| all(d, u8::is_ascii_digit), "Return True if all characters in B are digits and there is at least one character in B, False otherwise.";
        "isspace" |d| all(d, |b| is_byte_space(*b)), "Return True if all characters in B are whitespace and there is at least one character in B, False otherwise.";
        "isascii" <[u8]>::is_ascii, "Return True if B is empty or all characters in B are ASCII, False otherwise.";
        "isupper" |d| d.iter().any(u8::is_ascii_uppercase) && !d.iter().any(u8::is_ascii_lowercase), "Return True if all cased characters in B are uppercase and there is at least one cased character in B, False otherwise.";
        "islower" |d| d.iter().any(u8::is_ascii_lowercase) && !d.iter().any(u8::is_ascii_uppercase), "Return True if all cased characters in B are lowercase and there is at least one cased character in B, False otherwise.";
        "istitle" |d| unicode::str_istitle(&mapped(d, |b| if b.is_ascii() { *b } else { b' ' })), "Return True if B is a titlecased string and there is at least one character in B, False otherwise.";
    }
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "decode" "decode($self, /, encoding='utf-8', errors='strict')\n--\n\nDecode the bytes using the codec registered for encoding." decode;
    "hex" "hex($self, /, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nCreate a string of hexadecimal numbers from a bytes object." hex_method;
    class "fromhex" "fromhex($type, string, /)\n--\n\nCreate a bytes object from a string of hexadecimal numbers." fromhex_method;
    static "maketrans" "maketrans(frm, to, /)\n--\n\nReturn a translation table usable for the bytes or bytearray translate method." maketrans;
    "translate" "translate($self, table, /, delete=b'')\n--\n\nReturn a copy with each character mapped by the given translation table." translate;
    "replace" "replace($self, old, new, count=-1, /)\n--\n\nReturn a copy with all occurrences of substring old replaced by new." replace;
    "join" "join($self, iterable_of_bytes, /)\n--\n\nConcatenate any number of bytes objects." join;
    "center" "center($self, width, fillchar=b' ', /)\n--\n\nReturn a centered string of length width." center;
    "ljust" "ljust($self, width, fillchar=b' ', /)\n--\n\nReturn a left-justified string of length width." |vm, v, a| pad(vm, v, a, "ljust", |_, _| 0);
    "rjust" "rjust($self, width, fillchar=b' ', /)\n--\n\nReturn a right-justified string of length width." |vm, v, a| pad(vm, v, a, "rjust", |extra, _| extra);
    "zfill" "zfill($self, width, /)\n--\n\nPad a numeric string with zeros on the left, to fill a field of the given width." zfill;
    "expandtabs" "expandtabs($self, /, tabsize=8)\n--\n\nReturn a copy where all tab characters are expanded using spaces." expandtabs;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
}

fn decode(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [encoding, errors] = a.bind(vm, "decode", ["encoding", "errors"], 0)?;
    let (encoding, errors) = encoding::names(vm, "decode", encoding, errors)?;
    encoding::decode(vm, v, &encoding, &errors)
}

fn hex_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (sep, group) = hex_args(vm, a)?;
    let out = hex(vm, &data(vm, v)?, sep, group)?;
    Ok(vm.try_new_wtf8(&out)?.into())
}

fn fromhex_method(vm: &Vm, class: &Value, a: Args) -> PyResult<Value> {
    let [text] = a.exactly::<1>(vm, "fromhex")?;
    let out = fromhex(vm, text)?;
    let bytearray = &vm.types.bytearray;
    if class.is(vm.types.bytes.as_value()) {
        return vm.try_new_bytes(out);
    }
    if class.is(bytearray.as_value()) {
        return Ok(vm.new_bytearray(out));
    }
    vm.call(class, &[vm.new_bytes(out)])
}

fn maketrans(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [from, to] = a.exactly::<2>(vm, "maketrans")?;
    let from = bytes_like(vm, from)?.into_vec(vm)?;
    let to = bytes_like(vm, to)?;
    if from.len() != to.len() {
        return Err(vm.value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (f, t) in from.iter().zip(to.iter()) {
        table[*f as usize] = *t;
    }
    vm.try_new_bytes(table)
}

fn replace(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "replace", 2, 3)?;
    let (old, new) = (
        bytes_like(vm, &a[0])?.into_vec(vm)?,
        bytes_like(vm, &a[1])?.into_vec(vm)?,
    );
    let max = a
        .get(2)
        .map_or(Ok(None), |n| vm.to_i64(n).map(|n| usize::try_from(n).ok()))?;
    let out = {
        let d = data(vm, v)?;
        let gaps = d.len() / old.len().max(1) + 1;
        super::str_methods::check_growth(vm, gaps.min(max.unwrap_or(usize::MAX)), new.len())?;
        let most = gaps
            .min(max.unwrap_or(usize::MAX))
            .saturating_mul(new.len());
        if most > d.len() {
            // How much it really becomes takes a search.
            let n = match old.len() {
                0 => gaps,
                _ => wtf8::Needle::new(&old, &d).count(&d, max.unwrap_or(usize::MAX)),
            };
            vm.room(
                d.len()
                    .saturating_add(n.saturating_mul(new.len()))
                    .saturating_mul(3),
            )?;
        } else {
            vm.room(d.len().saturating_mul(3))?;
        }
        wtf8::replace_bytes(&d, &old, &new, max).0
    };
    like(vm, v, out)
}

fn center(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    pad(vm, v, a, "center", |extra, width| {
        extra / 2 + (extra & width & 1)
    })
}

fn zfill(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [width] = a.exactly::<1>(vm, "zfill")?;
    let width = usize::try_from(vm.to_i64(width)?).unwrap_or(0);
    let out = {
        let d = data(vm, v)?;
        super::str_methods::zfill(vm, &d, width.saturating_sub(d.len()))?
    };
    like(vm, v, out)
}

fn expandtabs(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [size] = a.bind(vm, "expandtabs", ["tabsize"], 0)?;
    let size = usize::try_from(size.map_or(Ok(8), |n| vm.to_c_int(n))?).unwrap_or(0);
    vm.room(data(vm, v)?.len())?;
    let out = split::expandtabs(&data(vm, v)?, Unit::Bytes, size).or_raise(vm)?;
    like(vm, v, out)
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int((vm.type_of(v).layout().size + data(vm, v)?.len()) as i64))
}

fn pad(
    vm: &Vm,
    v: &Value,
    args: Args,
    func: &str,
    left: fn(usize, usize) -> usize,
) -> PyResult<Value> {
    let a = args.between(vm, func, 1, 2)?;
    let width = usize::try_from(vm.to_i64(&a[0])?).unwrap_or(0);
    let fill = match a.get(1) {
        None => b' ',
        Some(f) => {
            let is_bytes = f.downcast::<Bytes>().is_some() || f.downcast::<ByteArray>().is_some();
            let one = if is_bytes {
                data(vm, f)?.into_vec(vm)?
            } else {
                Vec::new()
            };
            match one[..] {
                [b] => b,
                _ if is_bytes => {
                    return Err(vm.type_error(format!(
                        "{func}(): argument 2 must be a byte string of length 1, not a {} object of length {}",
                        vm.type_name(f),
                        one.len()
                    )));
                }
                _ => {
                    return Err(vm.type_error(format!(
                        "{func}() argument 2 must be a byte string of length 1, not {}",
                        vm.type_name(f)
                    )));
                }
            }
        }
    };
    let out = {
        let d = data(vm, v)?;
        let extra = width.saturating_sub(d.len());
        let left = if extra == 0 { 0 } else { left(extra, width) };
        let mut out = Vec::new();
        if out.try_reserve(d.len().saturating_add(extra)).is_err() {
            return Err(vm.memory_error());
        }
        out.resize(left, fill);
        out.extend_from_slice(&d);
        out.resize(d.len() + extra, fill);
        out
    };
    like(vm, v, out)
}

fn translate(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [table, delete] = args.bind(vm, "translate", ["/table", "delete"], 1)?;
    let table = match table {
        Some(t) if !t.is_none() => {
            let t = bytes_like(vm, t)?.into_vec(vm)?;
            if t.len() != 256 {
                return Err(vm.value_error("translation table must be 256 characters long"));
            }
            Some(t)
        }
        _ => None,
    };
    let delete = delete.map_or(Ok(Vec::new()), |d| bytes_like(vm, d)?.into_vec(vm))?;
    let mut gone = [false; 256];
    delete.iter().for_each(|b| gone[*b as usize] = true);
    let mut out = vm.try_vec(data(vm, v)?.len())?;
    out.extend(
        data(vm, v)?
            .iter()
            .filter(|b| !gone[**b as usize])
            .map(|b| table.as_ref().map_or(*b, |t| t[*b as usize])),
    );
    like(vm, v, out)
}

fn join(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [items] = args.exactly::<1>(vm, "join")?;
    let slots = &vm.type_of(items).slots;
    if slots.iter.get().is_none() && slots.getitem.get().is_none() {
        return Err(vm.type_error("can only join an iterable"));
    }
    let items = vm.collect(items)?;
    if let [one] = &items[..]
        && v.downcast::<Bytes>().is_some()
        && vm.type_of(one).is(&vm.types.bytes)
    {
        return Ok(one.clone());
    }
    let sep = data(vm, v)?.into_vec(vm)?;
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            vm.extend(&mut out, &sep)?;
        }
        match lasti_core::model::buffer::try_bytes_like(vm, item)? {
            Some(d) => vm.extend(&mut out, &d)?,
            None => {
                return Err(vm.type_error(format!(
                    "sequence item {i}: expected a bytes-like object, {} found",
                    vm.type_name(item)
                )));
            }
        }
    }
    like(vm, v, out)
}

// ---- hex ----

/// The separator and group size of `hex()`.
pub(crate) fn hex_args(vm: &Vm, args: Args) -> PyResult<(Option<u8>, i64)> {
    let [sep, group] = args.bind(vm, "hex", ["sep", "bytes_per_sep"], 0)?;
    let group = group.map_or(Ok(1), |g| vm.to_c_int(g))? as i64;
    let Some(sep) = sep else { return Ok((None, 0)) };
    if vm.len(sep)? != 1 {
        return Err(vm.value_error("sep must be length 1."));
    }
    let byte = if let Some(s) = sep.downcast::<Str>() {
        s.as_bytes().first().copied().unwrap_or(0xFF)
    } else if let Some(b) = sep.downcast::<Bytes>() {
        b.data.first().copied().unwrap_or(0xFF)
    } else {
        return Err(vm.type_error("sep must be str or bytes."));
    };
    if !byte.is_ascii() {
        return Err(vm.value_error("sep must be ASCII."));
    }
    Ok((Some(byte), group))
}

/// Hex text, with a separator between groups counted from the right (from the left for a negative size).
pub(crate) fn hex(vm: &Vm, d: &[u8], sep: Option<u8>, group: i64) -> PyResult<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let size = usize::try_from(group.unsigned_abs()).unwrap_or(usize::MAX);
    let sep = sep.filter(|_| size > 0);
    let each = if sep.is_some() { 3 } else { 2 };
    let mut out = vm.try_vec(d.len().saturating_mul(each))?;
    for (i, b) in d.iter().enumerate() {
        if let Some(s) = sep {
            let at = if group > 0 { d.len() - i } else { i };
            if i > 0 && at.is_multiple_of(size) {
                out.push(s);
            }
        }
        out.push(DIGITS[(b >> 4) as usize]);
        out.push(DIGITS[(b & 15) as usize]);
    }
    Ok(out)
}

fn fromhex(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    let owned;
    let (input, text): (&[u8], bool) = if let Some(s) = v.downcast::<Str>() {
        (s.as_bytes(), true)
    } else {
        match lasti_core::model::buffer::try_bytes_like(vm, v)? {
            Some(d) => owned = d.into_vec(vm)?,
            None => {
                return Err(vm.type_error(format!(
                    "fromhex() argument must be str or bytes-like, not {}",
                    vm.type_name_or_none(v)
                )));
            }
        }
        (&owned, false)
    };
    let digit = |at: usize| input.get(at).and_then(|b| (*b as char).to_digit(16));
    let bad = |at: usize| {
        let at = if text { wtf8::index_of(input, at) } else { at };
        vm.value_error(format!(
            "non-hexadecimal number found in fromhex() arg at position {at}"
        ))
    };
    let mut out = vm.try_vec(input.len() / 2)?;
    let mut at = 0;
    while at < input.len() {
        if is_byte_space(input[at]) {
            at += 1;
            continue;
        }
        let Some(high) = digit(at) else {
            return Err(bad(at));
        };
        let Some(low) = digit(at + 1) else {
            if at + 1 == input.len() {
                return Err(vm.value_error(
                    "fromhex() arg must contain an even number of hexadecimal digits",
                ));
            }
            return Err(bad(at + 1));
        };
        out.push((high << 4 | low) as u8);
        at += 2;
    }
    Ok(out)
}
