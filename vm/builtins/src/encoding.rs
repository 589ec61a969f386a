//! Encoding and decoding by name: the built-in codecs directly, all others through the codec registry of `_codecs`; error handlers
//! registered from Python (CPython's unicodeobject.c and Python/codecs.c).
use lasti_core::memory::{Ref, Value};
use lasti_core::model::buffer;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::error::{Exc, PyResult};
use lasti_text::codecs::{Codec, DecodeError, EncodeError, Handler};
use lasti_text::{codecs, escape_codec, wtf8};

/// A codec that needs no Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltinCodec {
    Plain(Codec),
    /// With byte order mark.
    Utf16,
    Utf32,
    Utf8Sig,
    UnicodeEscape,
    RawUnicodeEscape,
}

impl BuiltinCodec {
    /// The codec of a name in any of its usual spellings.
    pub fn from_name(name: &str) -> Option<BuiltinCodec> {
        use BuiltinCodec::*;
        let mut norm = String::with_capacity(name.len());
        for c in name.chars() {
            match c {
                'A'..='Z' => norm.push(c.to_ascii_lowercase()),
                ' ' | '-' => norm.push('_'),
                c => norm.push(c),
            }
        }
        Some(match norm.as_str() {
            "utf_8" | "utf8" | "u8" | "utf" | "cp65001" | "utf8_ucs2" | "utf8_ucs4" => {
                Plain(Codec::Utf8)
            }
            "ascii" | "us_ascii" | "646" | "ansi_x3.4_1968" | "ansi_x3_4_1968" | "cp367" | "us"
            | "iso646_us" => Plain(Codec::Ascii),
            "latin_1" | "latin1" | "latin" | "l1" | "iso_8859_1" | "iso8859_1" | "iso8859"
            | "8859" | "cp819" => Plain(Codec::Latin1),
            "utf_16" | "utf16" | "u16" => Utf16,
            "utf_16_le" | "utf_16le" | "utf16_le" => Plain(Codec::Utf16Le),
            "utf_16_be" | "utf_16be" | "utf16_be" => Plain(Codec::Utf16Be),
            "utf_32" | "utf32" | "u32" => Utf32,
            "utf_32_le" | "utf_32le" | "utf32_le" => Plain(Codec::Utf32Le),
            "utf_32_be" | "utf_32be" | "utf32_be" => Plain(Codec::Utf32Be),
            "utf_8_sig" | "utf8_sig" => Utf8Sig,
            "unicode_escape" | "unicodeescape" => UnicodeEscape,
            "raw_unicode_escape" | "rawunicodeescape" => RawUnicodeEscape,
            _ => return None,
        })
    }
}

// ---- errors and handlers ----

fn make_error(
    vm: &Vm,
    class: &Ref<Type>,
    encoding: &str,
    object: Value,
    range: (usize, usize),
    reason: &str,
) -> PyResult<Value> {
    vm.call(
        class.as_value(),
        &[
            vm.str_value(encoding),
            object,
            vm.new_int(range.0 as i64),
            vm.new_int(range.1 as i64),
            vm.str_value(reason),
        ],
    )
}

fn decode_exception(vm: &Vm, e: &DecodeError, object: Value) -> PyResult<Value> {
    make_error(
        vm,
        &vm.exc.unicode_decode_error,
        e.encoding,
        object,
        (e.start, e.end),
        e.reason,
    )
}

fn encode_exception(vm: &Vm, e: &EncodeError, text: &Ref<Str>) -> PyResult<Value> {
    let range = e.positions(text.as_bytes());
    make_error(
        vm,
        &vm.exc.unicode_encode_error,
        e.encoding,
        text.value(),
        range,
        e.reason,
    )
}

/// The handler registered under a name that is not built in.
fn lookup_handler(vm: &Vm, name: &str) -> PyResult<Value> {
    match vm.catch(vm.import("_codecs"), &vm.exc.import_error)? {
        Some(m) => vm.call_method(&m, "lookup_error", &[vm.str_value(name)]),
        None => Err(vm.new_exception(
            &vm.exc.lookup_error,
            format!("unknown error handler name '{name}'"),
        )),
    }
}

/// Calls a handler: the replacement and the position to go on at, which lies in `0..=len`.
fn call_handler(
    vm: &Vm,
    handler: &Value,
    exc: Value,
    len: usize,
    decoding: bool,
) -> PyResult<(Value, usize)> {
    let r = vm.call(handler, &[exc])?;
    let pair = match r.downcast::<Tuple>() {
        Some(t) if t.len() == 2 => (t[0].clone(), t[1].clone()),
        _ => return Err(handler_type_error(vm, decoding)),
    };
    let fits =
        pair.0.downcast::<Str>().is_some() || !decoding && pair.0.downcast::<Bytes>().is_some();
    if !fits || !vm.is_int(&pair.1) {
        return Err(handler_type_error(vm, decoding));
    }
    let at = vm.to_i64_clamped(&pair.1)?;
    let pos = if at < 0 {
        at.saturating_add(len as i64)
    } else {
        at
    };
    match usize::try_from(pos) {
        Ok(p) if p <= len => Ok((pair.0, p)),
        _ => Err(vm.index_error(format!("position {at} from error handler out of bounds"))),
    }
}

fn handler_type_error(vm: &Vm, decoding: bool) -> Exc {
    let what = if decoding {
        "decoding error handler must return (str, int) tuple"
    } else {
        "encoding error handler must return (str/bytes, int) tuple"
    };
    vm.type_error(what)
}

// ---- decoding ----

type DecodeStep<'a> = &'a mut dyn FnMut(&[u8], usize, &mut Vec<u8>) -> Result<(), DecodeError>;

/// Runs a resumable decoder over `data` from `pos` with any error handler. Not `is_final`: an incomplete end is left, and
/// the count of bytes used returned.
fn decode_loop(
    vm: &Vm,
    codec: Codec,
    data: &[u8],
    mut pos: usize,
    errors: &str,
    is_final: bool,
    step: DecodeStep,
) -> PyResult<(Vec<u8>, usize)> {
    // A byte becomes up to three in WTF-8 (U+FFFD), or four where it is shown.
    let wider = match errors {
        "backslashreplace" => 4,
        "strict" if codec == Codec::Ascii => 1,
        _ => 3,
    };
    vm.room(data.len().saturating_mul(wider).saturating_mul(2))?;
    let mut out = Vec::with_capacity(data.len());
    let mut handler = None;
    // A handler may put other bytes in place of the object's.
    let mut replaced: Option<Vec<u8>> = None;
    loop {
        let input = replaced.as_deref().unwrap_or(data);
        let Err(e) = step(input, pos, &mut out) else {
            let used = input.len();
            return Ok((out, used));
        };
        if e.incomplete && !is_final {
            return Ok((out, e.start));
        }
        if let Some(h) = Handler::from_name(errors) {
            match codecs::handle_decode(h, codec, &e, input, &mut out) {
                Some(p) => pos = p,
                None => {
                    let object = vm.try_new_bytes(vm.copy_of(input)?)?;
                    return Err(Exc(decode_exception(vm, &e, object)?));
                }
            }
            continue;
        }
        let handler = match &handler {
            Some(h) => h,
            None => handler.insert(lookup_handler(vm, errors)?),
        };
        let exc = decode_exception(vm, &e, vm.try_new_bytes(vm.copy_of(input)?)?)?;
        let (text, next) = call_handler(vm, handler, exc.clone(), input.len(), true)?;
        if let Some(s) = text.downcast::<Str>() {
            vm.extend(&mut out, s.as_bytes())?;
        }
        pos = next;
        let object = vm.getattr_str(&exc, "object")?;
        if let Some(b) = object.downcast::<Bytes>()
            && *b.data != *input
        {
            pos = pos.min(b.data.len());
            replaced = Some(vm.copy_of(&b.data)?);
        }
    }
}

/// Decodes with a built-in codec: the text as WTF-8, and how many bytes were used.
pub fn decode_builtin(
    vm: &Vm,
    codec: BuiltinCodec,
    data: &[u8],
    errors: &str,
    is_final: bool,
) -> PyResult<(Vec<u8>, usize)> {
    let (plain, start) = match codec {
        BuiltinCodec::Plain(c) => {
            if c == Codec::Utf8 && std::str::from_utf8(data).is_ok()
                || c == Codec::Ascii && data.is_ascii()
            {
                return Ok((vm.copy_of(data)?, data.len()));
            }
            (c, 0)
        }
        BuiltinCodec::Utf16 => codecs::utf16_bom(data),
        BuiltinCodec::Utf32 => codecs::utf32_bom(data),
        BuiltinCodec::Utf8Sig => (
            Codec::Utf8,
            if data.starts_with(b"\xEF\xBB\xBF") {
                3
            } else {
                0
            },
        ),
        BuiltinCodec::UnicodeEscape => return decode_escape(vm, data, errors, is_final),
        BuiltinCodec::RawUnicodeEscape => {
            return decode_loop(
                vm,
                Codec::Ascii,
                data,
                0,
                errors,
                is_final,
                &mut |d, p, out| escape_codec::decode_raw_step(d, p, out),
            );
        }
    };
    decode_loop(
        vm,
        plain,
        data,
        start,
        errors,
        is_final,
        &mut |d, p, out| codecs::decode_step(plain, d, p, out),
    )
}

fn decode_escape(vm: &Vm, data: &[u8], errors: &str, is_final: bool) -> PyResult<(Vec<u8>, usize)> {
    let lookup = |name: &[u8], out: &mut Vec<u8>| {
        let found = vm.import("unicodedata").and_then(|m| {
            let name = vm.new_wtf8(&String::from_utf8_lossy(name).into_owned().into_bytes());
            vm.call_method(&m, "lookup", &[name.into()])
        });
        match found.as_ref().ok().and_then(|v| v.downcast::<Str>()) {
            Some(s) => {
                out.extend_from_slice(s.as_bytes());
                true
            }
            None => false,
        }
    };
    let mut warned = escape_codec::Warned::default();
    let r = decode_loop(
        vm,
        Codec::Ascii,
        data,
        0,
        errors,
        is_final,
        &mut |d, p, out| escape_codec::decode_step(d, p, out, &lookup, &mut warned),
    )?;
    let shown = |at: usize, n: usize| {
        let end = (at + 1 + n).min(data.len());
        String::from_utf8_lossy(&data[(at + 1).min(end)..end]).into_owned()
    };
    if let Some(at) = warned.octal {
        let msg = format!(
            "\"\\{}\" is an invalid octal escape sequence. Such sequences will not work in the future. ",
            shown(at, 3)
        );
        super::util::warn(vm, &vm.exc.deprecation_warning, &msg)?;
    } else if let Some(at) = warned.unknown {
        let msg = format!(
            "\"\\{}\" is an invalid escape sequence. Such sequences will not work in the future. ",
            shown(at, 1)
        );
        super::util::warn(vm, &vm.exc.deprecation_warning, &msg)?;
    }
    Ok(r)
}

/// `bytes.decode(encoding, errors)` on a buffer object.
pub fn decode(vm: &Vm, object: &Value, encoding: &str, errors: &str) -> PyResult<Value> {
    if let Some(codec) = BuiltinCodec::from_name(encoding) {
        // Handlers may change a bytearray, so only bytes are read in place.
        let copy;
        let data: &[u8] = match object.downcast::<Bytes>() {
            Some(b) => &b.data,
            None => {
                copy = buffer::bytes_like(vm, object)?.into_vec(vm)?;
                &copy
            }
        };
        if codec == BuiltinCodec::Plain(Codec::Utf8) && std::str::from_utf8(data).is_ok() {
            return Ok(vm.try_new_wtf8(data)?.into());
        }
        let (text, _) = decode_builtin(vm, codec, data, errors, true)?;
        return Ok(vm.try_new_wtf8(&text)?.into());
    }
    let r = call_codec(vm, "decode", encoding, errors, object)?;
    if r.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
            vm.type_name(&r)
        )));
    }
    Ok(r)
}

/// Encodes or decodes with a registered codec; it must be a text encoding.
fn call_codec(
    vm: &Vm,
    what: &str,
    encoding: &str,
    errors: &str,
    object: &Value,
) -> PyResult<Value> {
    let unknown = || {
        vm.new_exception(
            &vm.exc.lookup_error,
            format!("unknown encoding: {encoding}"),
        )
    };
    let Some(module) = vm.catch(vm.import("_codecs"), &vm.exc.import_error)? else {
        return Err(unknown());
    };
    let info = vm.call_method(&module, "lookup", &[vm.str_value(encoding)])?;
    if let Some(text) = vm.lookup_attr(&info, &vm.intern("_is_text_encoding"))?
        && !vm.is_true(&text)?
    {
        return Err(vm.new_exception(
            &vm.exc.lookup_error,
            format!("'{encoding}' is not a text encoding; use codecs.{what}() to handle arbitrary codecs"),
        ));
    }
    let f = vm.getattr_str(&info, what)?;
    let r = vm.call(&f, &[object.clone(), vm.str_value(errors)])?;
    match r.downcast::<Tuple>() {
        Some(t) if t.len() == 2 => Ok(t[0].clone()),
        _ => Err(vm.type_error(format!("{what}r must return a tuple (object, integer)"))),
    }
}

// ---- encoding ----

/// Bytes of one ASCII character.
fn unit(codec: Codec) -> usize {
    match codec {
        Codec::Utf8 | Codec::Ascii | Codec::Latin1 => 1,
        Codec::Utf16Le | Codec::Utf16Be => 2,
        Codec::Utf32Le | Codec::Utf32Be => 4,
    }
}

/// Encodes with a built-in codec.
pub fn encode_builtin(
    vm: &Vm,
    codec: BuiltinCodec,
    text: &Ref<Str>,
    errors: &str,
) -> PyResult<Vec<u8>> {
    let data = text.as_bytes();
    let (plain, name, mark): (Codec, Option<&'static str>, &[u8]) = match codec {
        BuiltinCodec::Plain(c) => {
            let narrow = matches!(c, Codec::Utf8 | Codec::Ascii | Codec::Latin1);
            if narrow && text.is_ascii() || c == Codec::Utf8 && text.to_str().is_some() {
                return vm.copy_of(data);
            }
            (c, None, b"")
        }
        BuiltinCodec::Utf16 => (Codec::Utf16Le, Some("utf-16"), b"\xFF\xFE"),
        BuiltinCodec::Utf32 => (Codec::Utf32Le, Some("utf-32"), b"\xFF\xFE\0\0"),
        BuiltinCodec::Utf8Sig => (Codec::Utf8, None, b"\xEF\xBB\xBF"),
        BuiltinCodec::UnicodeEscape => {
            vm.room(data.len().saturating_mul(8))?;
            return Ok(escape_codec::encode(data));
        }
        BuiltinCodec::RawUnicodeEscape => {
            vm.room(data.len().saturating_mul(8))?;
            return Ok(escape_codec::encode_raw(data));
        }
    };
    let wider = match errors {
        "backslashreplace" | "xmlcharrefreplace" | "namereplace" => 5,
        _ => 2,
    };
    vm.room(data.len().saturating_mul(wider * unit(plain)))?;
    let mut out = Vec::with_capacity(data.len() + mark.len());
    out.extend_from_slice(mark);
    let mut pos = 0;
    let mut handler = None;
    let named = |e: EncodeError| EncodeError {
        encoding: name.unwrap_or(e.encoding),
        ..e
    };
    while let Err(e) = codecs::encode_step(plain, data, pos, &mut out) {
        let e = named(e);
        if let Some(h) = Handler::from_name(errors) {
            match codecs::handle_encode(h, plain, &e, data, &mut out) {
                Ok(p) => pos = p,
                Err(e) => return Err(Exc(encode_exception(vm, &named(e), text)?)),
            }
            continue;
        }
        let handler = match &handler {
            Some(h) => h,
            None => handler.insert(lookup_handler(vm, errors)?),
        };
        let exc = encode_exception(vm, &e, text)?;
        let (replacement, next) = call_handler(vm, handler, exc.clone(), text.char_len(), false)?;
        if let Some(b) = replacement.downcast::<Bytes>() {
            vm.extend(&mut out, &b.data)?;
        } else if let Some(s) = replacement.downcast::<Str>()
            && codecs::encode_step(plain, s.as_bytes(), 0, &mut out).is_err()
        {
            return Err(Exc(exc));
        }
        pos = wtf8::offset_of(data, next).unwrap_or(data.len());
    }
    Ok(out)
}

/// `str.encode(encoding, errors)`.
pub fn encode(vm: &Vm, text: &Ref<Str>, encoding: &str, errors: &str) -> PyResult<Value> {
    if let Some(codec) = BuiltinCodec::from_name(encoding) {
        return vm.try_new_bytes(encode_builtin(vm, codec, text, errors)?);
    }
    let r = call_codec(vm, "encode", encoding, errors, text.as_value())?;
    if r.downcast::<Bytes>().is_some() {
        return Ok(r);
    }
    if let Some(b) = r.downcast::<ByteArray>() {
        return vm.try_new_bytes(vm.copy_of(&b.data.borrow())?);
    }
    Err(vm.type_error(format!(
        "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
        vm.type_name(&r)
    )))
}

/// The `encoding` and `errors` arguments of `func`, with their defaults.
pub(crate) fn names<'a>(
    vm: &Vm,
    func: &str,
    encoding: Option<&'a Value>,
    errors: Option<&'a Value>,
) -> PyResult<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)> {
    let read = |v: Option<&'a Value>, what: &str, default: &'static str| match v {
        None => Ok(default.into()),
        Some(v) => match v.downcast::<Str>() {
            Some(s) if s.as_bytes().contains(&0) => Err(vm.value_error("embedded null character")),
            Some(s) => Ok(s.to_string_lossy()),
            None => Err(vm.type_error(format!(
                "{func}() argument '{what}' must be str, not {}",
                vm.type_name_or_none(v)
            ))),
        },
    };
    Ok((
        read(encoding, "encoding", "utf-8")?,
        read(errors, "errors", "strict")?,
    ))
}
