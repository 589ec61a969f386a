//! Methods of `str` that change case, pad, join, replace, translate and encode.
use super::encoding;
use super::str::{exact, this};
use super::util::{OrRaise, text};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::{Exc, PyResult};
use lasti_core::vm::{Method, MethodKind, Ticks, Vm};
use lasti_text::split::{self, Unit};
use lasti_text::{unicode, wtf8};

const DOC: &str = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nCreate a new string object \
from the given object. If encoding or\nerrors is specified, then the object must expose a data buffer\nthat will be decoded \
using the given encoding and error handler.\nOtherwise, returns the result of object.__str__() (if defined)\nor \
repr(object).\nencoding defaults to 'utf-8'.\nerrors defaults to 'strict'.";

/// How many times as long a text can get by a change of case: two bytes become six.
const WIDER: usize = 3;

/// A method that maps the text; where that is byte by byte in ASCII, how.
macro_rules! mappings {
    ($vm:ident, $t:ident, $($name:literal $f:path $(, ascii $byte:expr)?, $doc:literal;)*) => {
        $(
            $vm.add_method($t, const { Method::new($name, concat!($name, "($self, /)\n--\n\n", $doc), MethodKind::Plain(|vm, v, a| {
                a.exactly::<0>(vm, concat!("str.", $name))?;
                let s = this(vm, v)?;
                $(
                    // Texts of up to one byte exist once.
                    if s.is_ascii() && s.byte_len() > 1 {
                        enough_memory(vm, s.byte_len())?;
                        return Ok(Str::map_ascii(&vm.heap, &vm.types.str, s, $byte).into());
                    }
                )?
                vm.room(s.byte_len().saturating_mul(WIDER))?;
                text(vm, $f(s.as_bytes()))
            })) });
        )*
    };
}

macro_rules! predicates {
    ($vm:ident, $t:ident, $($name:literal $f:path, $doc:literal;)*) => {
        $(
            $vm.add_method($t, const { Method::new($name, concat!($name, "($self, /)\n--\n\n", $doc), MethodKind::Plain(|vm, v, a| {
                a.exactly::<0>(vm, concat!("str.", $name))?;
                Ok(Value::bool($f(this(vm, v)?.as_bytes())))
            })) });
        )*
    };
}

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.str;
    vm.type_attr(t, "__doc__", vm.str_value(DOC));
    mappings! { vm, t,
        "upper" unicode::upper, ascii |b| b.to_ascii_uppercase(), "Return a copy of the string converted to uppercase.";
        "lower" unicode::lower, ascii |b| b.to_ascii_lowercase(), "Return a copy of the string converted to lowercase.";
        "casefold" unicode::casefold, ascii |b| b.to_ascii_lowercase(), "Return a version of the string suitable for caseless comparisons.";
        "capitalize" unicode::capitalize, "Return a capitalized version of the string.";
        "title" unicode::title, "Return a version of the string where each word is titlecased.";
        "swapcase" unicode::swapcase, "Convert uppercase characters to lowercase and lowercase characters to uppercase.";
    }
    predicates! { vm, t,
        "isalpha" unicode::str_isalpha, "Return True if the string is an alphabetic string, False otherwise.";
        "isdecimal" unicode::str_isdecimal, "Return True if the string is a decimal string, False otherwise.";
        "isdigit" unicode::str_isdigit, "Return True if the string is a digit string, False otherwise.";
        "isnumeric" unicode::str_isnumeric, "Return True if the string is a numeric string, False otherwise.";
        "isalnum" unicode::str_isalnum, "Return True if the string is an alpha-numeric string, False otherwise.";
        "isspace" unicode::str_isspace, "Return True if the string is a whitespace string, False otherwise.";
        "isprintable" unicode::str_isprintable, "Return True if all characters in the string are printable, False otherwise.";
        "isidentifier" unicode::str_isidentifier, "Return True if the string is a valid Python identifier, False otherwise.";
        "isupper" unicode::str_isupper, "Return True if the string is an uppercase string, False otherwise.";
        "islower" unicode::str_islower, "Return True if the string is a lowercase string, False otherwise.";
        "istitle" unicode::str_istitle, "Return True if the string is a title-cased string, False otherwise.";
        "isascii" wtf8::is_ascii, "Return True if all characters in the string are ASCII, False otherwise.";
    }
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "encode" "encode($self, /, encoding='utf-8', errors='strict')\n--\n\nEncode the string using the codec registered for encoding." encode;
    "join" "join($self, iterable, /)\n--\n\nConcatenate any number of strings." join_method;
    "replace" "replace($self, old, new, /, count=-1)\n--\n\nReturn a copy with all occurrences of substring old replaced by new." replace;
    "translate" "translate($self, table, /)\n--\n\nReplace each character in the string using the given translation table." translate_method;
    static "maketrans" "maketrans(x, y=<unrepresentable>, z=<unrepresentable>, /)\n--\n\nReturn a translation table usable for str.translate()." maketrans;
    "center" "center($self, width, fillchar=' ', /)\n--\n\nReturn a centered string of length width." center;
    "ljust" "ljust($self, width, fillchar=' ', /)\n--\n\nReturn a left-justified string of length width." ljust;
    "rjust" "rjust($self, width, fillchar=' ', /)\n--\n\nReturn a right-justified string of length width." rjust;
    "zfill" "zfill($self, width, /)\n--\n\nPad a numeric string with zeros on the left, to fill a field of the given width." zfill_method;
    "expandtabs" "expandtabs($self, /, tabsize=8)\n--\n\nReturn a copy where all tab characters are expanded using spaces." expandtabs;
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" getnewargs;
    "__sizeof__" "__sizeof__($self, /)\n--\n\n" sizeof;
}

fn encode(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [encoding, errors] = a.bind(vm, "encode", ["encoding", "errors"], 0)?;
    let (encoding, errors) = encoding::names(vm, "encode", encoding, errors)?;
    encoding::encode(vm, this(vm, v)?, &encoding, &errors)
}

fn join_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [items] = a.exactly::<1>(vm, "str.join")?;
    join(vm, this(vm, v)?, items)
}

fn translate_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [table] = a.exactly::<1>(vm, "str.translate")?;
    translate(vm, this(vm, v)?, table)
}

fn center(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    pad(vm, v, a, "center", |extra, width| {
        let left = extra / 2 + (extra & width & 1);
        (left, extra - left)
    })
}

fn ljust(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    pad(vm, v, a, "ljust", |extra, _| (0, extra))
}

fn rjust(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    pad(vm, v, a, "rjust", |extra, _| (extra, 0))
}

fn zfill_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [width] = a.exactly::<1>(vm, "str.zfill")?;
    let width = usize::try_from(vm.to_i64(width)?).unwrap_or(0);
    let s = this(vm, v)?;
    let extra = width.saturating_sub(s.char_len());
    if extra == 0 {
        return exact(vm, s);
    }
    text(vm, zfill(vm, s.as_bytes(), extra)?)
}

fn expandtabs(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [size] = a.bind(vm, "expandtabs", ["tabsize"], 0)?;
    let size = usize::try_from(size.map_or(Ok(8), |n| vm.to_c_int(n))?).unwrap_or(0);
    vm.room(this(vm, v)?.byte_len())?;
    text(
        vm,
        split::expandtabs(this(vm, v)?.as_bytes(), Unit::Text, size).or_raise(vm)?,
    )
}

fn getnewargs(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.tuple_value([vm.new_wtf8(this(vm, v)?.as_bytes()).into()]))
}

fn sizeof(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = this(vm, v)?;
    Ok(vm.new_int((vm.type_of(v).layout().size + s.as_bytes().len()) as i64))
}

/// Zeros behind the sign.
pub(crate) fn zfill(vm: &Vm, data: &[u8], extra: usize) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    if out.try_reserve(data.len().saturating_add(extra)).is_err() {
        return Err(vm.memory_error());
    }
    let sign = usize::from(matches!(data.first(), Some(b'+' | b'-')));
    out.extend_from_slice(&data[..sign]);
    out.resize(sign + extra, b'0');
    out.extend_from_slice(&data[sign..]);
    Ok(out)
}

/// `split` says how many of the extra characters go left and right.
fn pad(
    vm: &Vm,
    v: &Value,
    args: Args,
    func: &str,
    split: fn(usize, usize) -> (usize, usize),
) -> PyResult<Value> {
    let a = args.between(vm, func, 1, 2)?;
    let width = usize::try_from(vm.to_i64(&a[0])?).unwrap_or(0);
    let fill: &[u8] = match a.get(1) {
        None => b" ",
        Some(f) => match f.downcast::<Str>() {
            Some(s) if s.char_len() == 1 => s.as_bytes(),
            Some(_) => {
                return Err(vm.type_error("The fill character must be exactly one character long"));
            }
            None => {
                return Err(vm.type_error(format!(
                    "The fill character must be a unicode character, not {}",
                    vm.type_name(f)
                )));
            }
        },
    };
    let s = this(vm, v)?;
    let extra = width.saturating_sub(s.char_len());
    if extra == 0 {
        return exact(vm, s);
    }
    let (left, right) = split(extra, width);
    let mut out = super::util::repeat(vm, fill, left)?;
    let tail = super::util::repeat(vm, fill, right)?;
    if out.try_reserve(s.as_bytes().len() + tail.len()).is_err() {
        return Err(vm.memory_error());
    }
    out.extend_from_slice(s.as_bytes());
    out.extend_from_slice(&tail);
    text(vm, out)
}

/// `sep.join(iterable)`.
pub(crate) fn join(vm: &Vm, sep: &Ref<Str>, iterable: &Value) -> PyResult<Value> {
    // Items of lists and tuples are read in place; joining runs no Python.
    if let Some(l) = iterable.as_ref::<List>()
        && l.class().is(&vm.types.list)
    {
        return l.with(|items| join_items(vm, sep, items));
    }
    if let Some(t) = iterable.as_ref::<Tuple>()
        && t.class().is(&vm.types.tuple)
    {
        return join_items(vm, sep, t);
    }
    if vm.type_of(iterable).slots.iter.get().is_none()
        && vm.type_of(iterable).slots.getitem.get().is_none()
    {
        return Err(vm.type_error("can only join an iterable"));
    }
    join_items(vm, sep, &vm.collect(iterable)?)
}

fn join_items(vm: &Vm, sep: &Ref<Str>, items: &[Value]) -> PyResult<Value> {
    if let [one] = items
        && let Some(s) = one.as_ref::<Str>()
        && s.class().is(&vm.types.str)
    {
        return Ok(one.clone());
    }
    let mut total = sep
        .as_bytes()
        .len()
        .saturating_mul(items.len().saturating_sub(1));
    let mut ascii = items.len() < 2 || sep.is_ascii();
    for (i, item) in items.iter().enumerate() {
        match item.downcast::<Str>() {
            Some(s) => {
                total = total.saturating_add(s.byte_len());
                ascii &= s.is_ascii();
            }
            None => {
                return Err(vm.type_error(format!(
                    "sequence item {i}: expected str instance, {} found",
                    vm.type_name(item)
                )));
            }
        }
    }
    if total <= 1 {
        // Texts of up to one byte exist once.
        let texts = items.iter().filter_map(|item| item.downcast::<Str>());
        let one = texts.chain([&**sep]).find(|s| !s.is_empty());
        return text(
            vm,
            one.filter(|_| total == 1).map_or(&[][..], |s| s.as_bytes()),
        );
    }
    enough_memory(vm, total)?;
    let out = Str::build(&vm.heap, &vm.types.str, total, ascii, |out| {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push(sep.as_bytes());
            }
            if let Some(s) = item.downcast::<Str>() {
                out.push(s.as_bytes());
            }
        }
    });
    Ok(out.into())
}

/// A `str` argument of a method, by position.
#[inline]
pub(crate) fn str_arg<'a>(
    vm: &Vm,
    v: &'a Value,
    func: &str,
    position: usize,
) -> PyResult<&'a Ref<Str>> {
    match v.as_ref::<Str>() {
        Some(s) => Ok(s),
        None => Err(not_str(vm, v, func, position)),
    }
}

#[cold]
fn not_str(vm: &Vm, v: &Value, func: &str, position: usize) -> Exc {
    let place = match position {
        0 => "argument".to_owned(),
        n => format!("argument {n}"),
    };
    vm.type_error(format!(
        "{func}() {place} must be str, not {}",
        vm.type_name_or_none(v)
    ))
}

fn replace(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    if args.pos.len() < 2 {
        let n = args.pos.len();
        return Err(vm.type_error(format!(
            "replace() takes at least 2 positional arguments ({n} given)"
        )));
    }
    let [old, new, count] = args.bind(vm, "replace", ["/old", "/new", "count"], 2)?;
    let (Some(old), Some(new)) = (old, new) else {
        return Err(vm.type_error("replace() needs two strings"));
    };
    let (old, new) = (
        str_arg(vm, old, "replace", 1)?,
        str_arg(vm, new, "replace", 2)?,
    );
    let max = count.map_or(Ok(None), |n| vm.to_i64(n).map(|n| usize::try_from(n).ok()))?;
    let s = this(vm, v)?;
    if max == Some(0) {
        return exact(vm, s);
    }
    let (data, old_data, new_data) = (s.as_bytes(), old.as_bytes(), new.as_bytes());
    let most = max.unwrap_or(usize::MAX);
    if old.is_empty() {
        check_growth(vm, s.char_len().min(most), new_data.len())?;
        vm.room(
            data.len()
                + s.char_len()
                    .min(most)
                    .saturating_add(1)
                    .saturating_mul(new_data.len())
                    .saturating_mul(2),
        )?;
        return text(vm, wtf8::replace(data, old_data, new_data, max).0);
    }
    if let ([from @ 0..=0x7F], [to @ 0..=0x7F]) = (old_data, new_data)
        && most >= data.len()
        && data.len() > 1
    {
        if wtf8::find(data, old_data).is_none() {
            return exact(vm, s);
        }
        let swap = |b| if b == *from { *to } else { b };
        enough_memory(vm, data.len())?;
        return Ok(Str::map_ascii(&vm.heap, &vm.types.str, s, swap).into());
    }
    // What is left of a text beyond ASCII may be within it.
    let ascii = match (s.is_ascii(), old.is_ascii(), new.is_ascii()) {
        (true, _, new) => Some(new),
        (false, true, _) | (_, _, false) => Some(false),
        _ => None,
    };
    // One search where that is sure to fit, and the result's kind is not known or the search costs more than a copy.
    const LONG: usize = 128;
    let longest = (data.len() / old_data.len()).saturating_mul(new_data.len());
    if longest < LARGE
        && vm.room(longest.max(data.len()).saturating_mul(3)).is_ok()
        && (ascii.is_none() || data.len() > LONG)
    {
        let (out, n) = wtf8::replace(data, old_data, new_data, max);
        return if n == 0 { exact(vm, s) } else { text(vm, out) };
    }
    let needle = wtf8::Needle::new(old_data, data);
    let n = needle.count(data, most);
    if n == 0 {
        return exact(vm, s);
    }
    check_growth(vm, n, new_data.len())?;
    let len = data.len() - n * old_data.len() + n * new_data.len();
    enough_memory(vm, len)?;
    let Some(ascii) = ascii.filter(|_| len > 1) else {
        vm.room(len.max(data.len()).saturating_mul(3))?;
        return text(vm, wtf8::replace(data, old_data, new_data, max).0);
    };
    let out = Str::build(&vm.heap, &vm.types.str, len, ascii, |out| {
        let mut last = 0;
        for at in needle.matches(data).take(n) {
            out.push(&data[last..at]);
            out.push(new_data);
            last = at + old_data.len();
        }
        out.push(&data[last..]);
    });
    Ok(out.into())
}

/// Bytes of a text that is built in one piece without a look at its real length.
const LARGE: usize = 1 << 28;

/// MemoryError before a text is built for which there is no memory.
fn enough_memory(vm: &Vm, len: usize) -> PyResult<()> {
    vm.prepare::<Str>(len)
}

/// MemoryError (OverflowError in CPython's words) before something absurdly large is built.
pub(crate) fn check_growth(vm: &Vm, times: usize, each: usize) -> PyResult<()> {
    match times.checked_mul(each) {
        Some(n) if n <= isize::MAX as usize => Ok(()),
        _ => Err(vm.overflow_error("replace string is too long")),
    }
}

// ---- translate ----

fn translate(vm: &Vm, s: &Ref<Str>, table: &Value) -> PyResult<Value> {
    let dict = table
        .as_ref::<Dict>()
        .filter(|d| d.class().is(&vm.types.dict));
    let mut out = vm.try_vec(s.byte_len())?;
    let mut changed = false;
    let mut ticks = Ticks::default();
    for cp in wtf8::code_points(s.as_bytes()) {
        ticks.tick(vm)?;
        vm.reserve(&mut out, 4)?;
        let key = Value::small_int(cp as i64);
        let to = match dict {
            Some(d) => vm.dict_lookup(d, &key)?,
            None => vm.catch(vm.getitem(table, &key), &vm.exc.lookup_error)?,
        };
        let Some(to) = to else {
            wtf8::push(&mut out, cp);
            continue;
        };
        changed = true;
        if to.is_none() {
            continue;
        }
        if let Some(s) = to.downcast::<Str>() {
            vm.extend(&mut out, s.as_bytes())?;
        } else if vm.is_int(&to) {
            match u32::try_from(vm.to_i64_clamped(&to)?) {
                Ok(cp) if cp < 0x11_0000 => wtf8::push(&mut out, cp),
                _ => return Err(vm.value_error("character mapping must be in range(0x110000)")),
            }
        } else {
            return Err(vm.type_error("character mapping must return integer, None or str"));
        }
    }
    if changed { text(vm, out) } else { exact(vm, s) }
}

fn maketrans(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let a = args.between(vm, "maketrans", 1, 3)?;
    let table = vm.new_dict();
    let code = |cp: u32| Value::small_int(cp as i64);
    if let [x] = a {
        let Some(d) = x.downcast::<Dict>() else {
            return Err(
                vm.type_error("if you give only one argument to maketrans it must be a dict")
            );
        };
        for (k, v) in d.items() {
            let key = if let Some(s) = k.downcast::<Str>() {
                match wtf8::decode_at(s.as_bytes(), 0) {
                    Some((cp, n)) if n == s.as_bytes().len() => code(cp),
                    _ => {
                        return Err(
                            vm.value_error("string keys in translate table must be of length 1")
                        );
                    }
                }
            } else if vm.is_int(&k) {
                k
            } else {
                return Err(vm.type_error("keys in translate table must be strings or integers"));
            };
            vm.dict_insert(&table, key, v)?;
        }
        return Ok(table.into());
    }
    let Some(x) = a[0].downcast::<Str>() else {
        return Err(vm.type_error(
            "first maketrans argument must be a string if there is a second argument",
        ));
    };
    let y = str_arg(vm, &a[1], "maketrans", 2)?;
    let z = a
        .get(2)
        .map(|z| str_arg(vm, z, "maketrans", 3))
        .transpose()?;
    if x.char_len() != y.char_len() {
        return Err(vm.value_error("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in wtf8::code_points(x.as_bytes()).zip(wtf8::code_points(y.as_bytes())) {
        vm.dict_insert(&table, code(from), code(to))?;
    }
    if let Some(z) = z {
        for cp in wtf8::code_points(z.as_bytes()) {
            vm.dict_insert(&table, code(cp), Value::NONE)?;
        }
    }
    Ok(table.into())
}
