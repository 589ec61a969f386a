//! `_codecs`: the registry of codecs and error handlers, and the built-in codecs as functions (CPython's
//! Python/codecs.c and Modules/_codecsmodule.c).
use crate::util::*;
use lasti_builtins::encoding::{self, BuiltinCodec};
use lasti_text::codecs::Codec;
use lasti_text::wtf8;
use std::collections::HashMap;
use std::rc::Rc;

#[derive(Default)]
struct Registry {
    search: RefCell<Vec<Value>>,
    cache: RefCell<HashMap<String, Value>>,
    handlers: RefCell<HashMap<String, Value>>,
    /// `encodings`, which registers the library's codecs, was imported.
    loaded: Cell<bool>,
}

fn registry(vm: &Vm) -> Rc<Registry> {
    vm.module_state(Registry::default)
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_codecs");
    vm.add_functions(&m, FUNCTIONS);
    macro_rules! pair {
        ($enc:literal $dec:literal $codec:expr) => {
            vm.add_function(&m, $enc, "", |vm, _, a| encode_with(vm, a, $enc, $codec));
            vm.add_function(&m, $dec, "", |vm, _, a| decode_with(vm, a, $dec, $codec));
        };
    }
    pair!("utf_8_encode" "utf_8_decode" BuiltinCodec::Plain(Codec::Utf8));
    pair!("ascii_encode" "ascii_decode" BuiltinCodec::Plain(Codec::Ascii));
    pair!("latin_1_encode" "latin_1_decode" BuiltinCodec::Plain(Codec::Latin1));
    pair!("utf_16_encode" "utf_16_decode" BuiltinCodec::Utf16);
    pair!("utf_16_le_encode" "utf_16_le_decode" BuiltinCodec::Plain(Codec::Utf16Le));
    pair!("utf_16_be_encode" "utf_16_be_decode" BuiltinCodec::Plain(Codec::Utf16Be));
    pair!("utf_32_encode" "utf_32_decode" BuiltinCodec::Utf32);
    pair!("utf_32_le_encode" "utf_32_le_decode" BuiltinCodec::Plain(Codec::Utf32Le));
    pair!("utf_32_be_encode" "utf_32_be_decode" BuiltinCodec::Plain(Codec::Utf32Be));
    pair!("unicode_escape_encode" "unicode_escape_decode" BuiltinCodec::UnicodeEscape);
    pair!("raw_unicode_escape_encode" "raw_unicode_escape_decode" BuiltinCodec::RawUnicodeEscape);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "register" "register($module, search_function, /)\n--\n\n" register;
    "unregister" "unregister($module, search_function, /)\n--\n\n" unregister;
    "lookup" "lookup($module, encoding, /)\n--\n\n" lookup_function;
    "encode" "encode($module, /, obj, encoding='utf-8', errors='strict')\n--\n\n" |vm, _, a| code(vm, a, "encode", 0);
    "decode" "decode($module, /, obj, encoding='utf-8', errors='strict')\n--\n\n" |vm, _, a| code(vm, a, "decode", 1);
    "register_error" "register_error($module, errors, handler, /)\n--\n\n" register_error;
    "_unregister_error" "_unregister_error($module, errors, /)\n--\n\n" unregister_error;
    "lookup_error" "lookup_error($module, name, /)\n--\n\n" lookup_error;
    "utf_16_ex_decode" "utf_16_ex_decode($module, data, errors=None, byteorder=0, final=False, /)\n--\n\n" |vm, _, a| ex_decode(vm, a, false);
    "utf_32_ex_decode" "utf_32_ex_decode($module, data, errors=None, byteorder=0, final=False, /)\n--\n\n" |vm, _, a| ex_decode(vm, a, true);
    "escape_encode" "escape_encode($module, data, errors=None, /)\n--\n\n" escape_encode;
    "escape_decode" "escape_decode($module, data, errors=None, /)\n--\n\n" escape_decode;
    "readbuffer_encode" "readbuffer_encode($module, data, errors=None, /)\n--\n\n" readbuffer_encode;
    "charmap_decode" "charmap_decode($module, data, errors=None, mapping=None, /)\n--\n\n" charmap_decode;
    "charmap_encode" "charmap_encode($module, str, errors=None, mapping=None, /)\n--\n\n" charmap_encode;
    "charmap_build" "charmap_build($module, map, /)\n--\n\n" charmap_build;
}

fn register(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [search] = a.exactly::<1>(vm, "register")?;
    if vm.type_of(search).slots.call.get().is_none() {
        return Err(vm.type_error("argument must be callable"));
    }
    registry(vm).search.borrow_mut().push(search.clone());
    Ok(Value::NONE)
}

fn unregister(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [search] = a.exactly::<1>(vm, "unregister")?;
    let r = registry(vm);
    let old = r.cache.take();
    drop(old);
    let at = r.search.borrow().iter().position(|s| s.is(search));
    if let Some(i) = at {
        let old = r.search.borrow_mut().remove(i);
        drop(old);
    }
    Ok(Value::NONE)
}

fn lookup_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "lookup")?;
    lookup(vm, &text_arg(vm, name, "lookup() argument")?)
}

fn register_error(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name, handler] = a.exactly::<2>(vm, "register_error")?;
    let name = text_arg(vm, name, "register_error() argument 1")?;
    if vm.type_of(handler).slots.call.get().is_none() {
        return Err(vm.type_error("handler must be callable"));
    }
    let old = registry(vm)
        .handlers
        .borrow_mut()
        .insert(name, handler.clone());
    drop(old);
    Ok(Value::NONE)
}

fn unregister_error(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "_unregister_error")?;
    let name = text_arg(vm, name, "_unregister_error() argument")?;
    let old = registry(vm).handlers.borrow_mut().remove(&name);
    Ok(Value::bool(old.is_some()))
}

fn lookup_error(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "lookup_error")?;
    let name = text_arg(vm, name, "lookup_error() argument")?;
    if let Some(h) = registry(vm).handlers.borrow().get(&name) {
        return Ok(h.clone());
    }
    match crate::codec_errors::builtin_handler(vm, &name) {
        Some(h) => {
            registry(vm).handlers.borrow_mut().insert(name, h.clone());
            Ok(h)
        }
        None => Err(vm.new_exception(
            &vm.exc.lookup_error,
            format!("unknown error handler name '{name}'"),
        )),
    }
}

fn escape_encode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "escape_encode", 1, 2)?;
    let data = vm.buffer(&pos[0])?;
    let repr = lasti_text::repr::bytes_repr(&data);
    let inner = repr.get(2..repr.len() - 1).unwrap_or_default().to_owned();
    Ok(vm.tuple_value([
        vm.new_bytes(inner.into_bytes()),
        vm.new_int(data.len() as i64),
    ]))
}

fn readbuffer_encode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "readbuffer_encode", 1, 2)?;
    let data = match pos[0].downcast::<Str>() {
        Some(s) => s.as_bytes().to_vec(),
        None => vm.buffer(&pos[0])?,
    };
    let n = data.len() as i64;
    Ok(vm.tuple_value([vm.new_bytes(data), vm.new_int(n)]))
}

fn charmap_build(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [table] = a.exactly::<1>(vm, "charmap_build")?;
    let d = vm.new_dict();
    for (i, cp) in
        wtf8::code_points(vm.expect_str(table, "charmap_build() argument")?.as_bytes()).enumerate()
    {
        if cp != 0xFFFE {
            vm.dict_insert(&d, vm.new_int(cp as i64), vm.new_int(i as i64))?;
        }
    }
    Ok(d.into())
}

/// The registry's name of an encoding.
fn normalized(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c == ' ' || c == '-' {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// `codecs.lookup(name)`: a CodecInfo.
fn lookup(vm: &Vm, name: &str) -> PyResult<Value> {
    if name.contains('\0') {
        return Err(vm.value_error("embedded null character"));
    }
    let r = registry(vm);
    let key = normalized(name);
    if let Some(c) = r.cache.borrow().get(&key) {
        return Ok(c.clone());
    }
    if !r.loaded.replace(true) {
        vm.import("encodings")?;
    }
    let searches = r.search.borrow().clone();
    for s in searches {
        let found = vm.call(&s, &[vm.str_value(&key)])?;
        if found.is_none() {
            continue;
        }
        if found.downcast::<Tuple>().is_none_or(|t| t.len() != 4) {
            return Err(vm.type_error("codec search functions must return 4-tuples"));
        }
        r.cache.borrow_mut().insert(key, found.clone());
        return Ok(found);
    }
    Err(vm.new_exception(&vm.exc.lookup_error, format!("unknown encoding: {name}")))
}

/// `codecs.encode` and `codecs.decode`.
fn code(vm: &Vm, a: Args, what: &str, index: usize) -> PyResult<Value> {
    let [Some(obj), encoding, errors] = a.bind(vm, what, ["obj", "encoding", "errors"], 1)? else {
        return Err(vm.type_error("missing argument"));
    };
    let encoding = encoding.map_or(Ok("utf-8".into()), |e| text_arg(vm, e, "encoding"))?;
    let errors = errors.map_or(Ok("strict".into()), |e| text_arg(vm, e, "errors"))?;
    let info = lookup(vm, &encoding)?;
    let f = info
        .downcast::<Tuple>()
        .and_then(|t| t.get(index).cloned())
        .unwrap_or(Value::NONE);
    let r = match vm.call(&f, &[obj.clone(), vm.str_value(&errors)]) {
        Ok(r) => r,
        Err(e) => {
            let doing = if index == 0 { "encoding" } else { "decoding" };
            vm.add_note(&e, &format!("{doing} with '{encoding}' codec failed"))?;
            return Err(e);
        }
    };
    match r.downcast::<Tuple>() {
        Some(t) if t.len() == 2 => Ok(t[0].clone()),
        _ => Err(vm.type_error(format!("{}r must return a tuple (object, integer)", what))),
    }
}

fn errors_arg(vm: &Vm, v: Option<&Value>) -> PyResult<String> {
    match v {
        Some(e) if !e.is_none() => text_arg(vm, e, "errors"),
        _ => Ok("strict".into()),
    }
}

fn encode_with(vm: &Vm, a: Args, name: &str, codec: BuiltinCodec) -> PyResult<Value> {
    let pos = a.between(vm, name, 1, 3)?;
    let s = vm.expect_str(&pos[0], &format!("{name}() argument 1"))?;
    let errors = errors_arg(vm, pos.get(1))?;
    // utf_16_encode and utf_32_encode take a byte order as third argument.
    let order = pos.get(2).map_or(Ok(0), |o| vm.to_i64(o))?;
    let codec = match (codec, order) {
        (BuiltinCodec::Utf16, -1) => BuiltinCodec::Plain(Codec::Utf16Le),
        (BuiltinCodec::Utf16, 1) => BuiltinCodec::Plain(Codec::Utf16Be),
        (BuiltinCodec::Utf32, -1) => BuiltinCodec::Plain(Codec::Utf32Le),
        (BuiltinCodec::Utf32, 1) => BuiltinCodec::Plain(Codec::Utf32Be),
        (c, _) => c,
    };
    let bytes = encoding::encode_builtin(vm, codec, s, &errors)?;
    Ok(vm.tuple_value([vm.new_bytes(bytes), vm.new_int(s.char_len() as i64)]))
}

fn decode_with(vm: &Vm, a: Args, name: &str, codec: BuiltinCodec) -> PyResult<Value> {
    let pos = a.between(vm, name, 1, 3)?;
    let data = match pos[0].downcast::<Str>() {
        // The escape codecs take text too.
        Some(s)
            if matches!(
                codec,
                BuiltinCodec::UnicodeEscape | BuiltinCodec::RawUnicodeEscape
            ) =>
        {
            s.as_bytes().to_vec()
        }
        _ => vm.buffer(&pos[0])?,
    };
    let errors = errors_arg(vm, pos.get(1))?;
    let single = matches!(codec, BuiltinCodec::Plain(Codec::Ascii | Codec::Latin1));
    let escape = matches!(
        codec,
        BuiltinCodec::UnicodeEscape | BuiltinCodec::RawUnicodeEscape
    );
    let is_final = pos.get(2).map_or(Ok(single || escape), |f| vm.is_true(f))?;
    let (text, used) = encoding::decode_builtin(vm, codec, &data, &errors, is_final)?;
    Ok(vm.tuple_value([vm.new_wtf8(&text).into(), vm.new_int(used as i64)]))
}

/// Decoding that also tells the byte order it found: -1 little, 1 big, 0 not known yet.
fn ex_decode(vm: &Vm, a: Args, wide: bool) -> PyResult<Value> {
    let pos = a.between(vm, "ex_decode", 1, 4)?;
    let data = vm.buffer(&pos[0])?;
    let errors = errors_arg(vm, pos.get(1))?;
    let mut order = pos.get(2).map_or(Ok(0), |o| vm.to_i64(o))?;
    let is_final = pos.get(3).map_or(Ok(false), |f| vm.is_true(f))?;
    let unit = if wide { 4 } else { 2 };
    let (little, big) = if wide {
        (Codec::Utf32Le, Codec::Utf32Be)
    } else {
        (Codec::Utf16Le, Codec::Utf16Be)
    };
    let mut start = 0;
    if order == 0 && data.len() >= unit {
        let (codec, n) = if wide {
            lasti_text::codecs::utf32_bom(&data)
        } else {
            lasti_text::codecs::utf16_bom(&data)
        };
        start = n;
        if n > 0 {
            order = if codec == big { 1 } else { -1 };
        }
    }
    let codec = if order == 1 { big } else { little };
    let (text, used) = encoding::decode_builtin(
        vm,
        BuiltinCodec::Plain(codec),
        &data[start..],
        &errors,
        is_final,
    )?;
    Ok(vm.tuple_value([
        vm.new_wtf8(&text).into(),
        vm.new_int((used + start) as i64),
        vm.new_int(order),
    ]))
}

fn escape_decode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "escape_decode", 1, 2)?;
    let data = match pos[0].downcast::<Str>() {
        Some(s) => s.as_bytes().to_vec(),
        None => vm.buffer(&pos[0])?,
    };
    let errors = errors_arg(vm, pos.get(1))?;
    let mut out = Vec::with_capacity(data.len());
    let mut i = 0;
    while i < data.len() {
        if data[i] != b'\\' {
            out.push(data[i]);
            i += 1;
            continue;
        }
        let Some(&e) = data.get(i + 1) else {
            return Err(vm.value_error("Trailing \\ in string"));
        };
        i += 2;
        match e {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(e),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let mut n = (e - b'0') as u32;
                for _ in 0..2 {
                    match data.get(i) {
                        Some(d @ b'0'..=b'7') => {
                            n = n * 8 + (d - b'0') as u32;
                            i += 1;
                        }
                        _ => break,
                    }
                }
                out.push(n as u8);
            }
            b'x' => {
                let digit = |k: usize| data.get(k).and_then(|d| (*d as char).to_digit(16));
                match (digit(i), digit(i + 1)) {
                    (Some(x), Some(y)) => {
                        out.push((x * 16 + y) as u8);
                        i += 2;
                    }
                    _ => match errors.as_str() {
                        "strict" => {
                            return Err(
                                vm.value_error(format!("invalid \\x escape at position {}", i - 2))
                            );
                        }
                        "replace" => out.push(b'?'),
                        "ignore" => {}
                        other => {
                            return Err(vm.value_error(format!(
                                "decoding error; unknown error handling code: {other}"
                            )));
                        }
                    },
                }
            }
            other => out.extend([b'\\', other]),
        }
    }
    Ok(vm.tuple_value([vm.new_bytes(out), vm.new_int(data.len() as i64)]))
}

// ---- character maps ----

fn charmap_decode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "charmap_decode", 1, 3)?;
    let data = vm.buffer(&pos[0])?;
    let errors = errors_arg(vm, pos.get(1))?;
    let n = vm.new_int(data.len() as i64);
    let Some(map) = pos.get(2).filter(|m| !m.is_none()) else {
        return Ok(vm.tuple_value([
            {
                vm.room(data.len().saturating_mul(4))?;
                vm.try_new_wtf8(&wtf8::from_code_points(data.iter().map(|b| *b as u32)))?
                    .into()
            },
            n,
        ]));
    };
    let table: Option<Vec<u32>> = map
        .downcast::<Str>()
        .map(|s| wtf8::code_points(s.as_bytes()).collect());
    let mut out = vm.try_vec(data.len())?;
    let mut ticks = lasti_core::vm::Ticks::default();
    let mut i = 0;
    while i < data.len() {
        ticks.tick(vm)?;
        let b = data[i];
        let found = match &table {
            Some(t) => t
                .get(b as usize)
                .copied()
                .filter(|c| *c != 0xFFFE)
                .map(wtf8::encode),
            None => match vm.catch(vm.getitem(map, &vm.new_int(b as i64)), &vm.exc.lookup_error)? {
                Some(x) if x.is_none() => None,
                Some(x) => match x.downcast::<Str>() {
                    Some(s) if s.as_bytes() == wtf8::encode(0xFFFE) => None,
                    Some(s) => Some(s.as_bytes().to_vec()),
                    None => {
                        let cp = vm.to_i64(&x)?;
                        if !(0..=0x10FFFF).contains(&cp) {
                            return Err(
                                vm.type_error("character mapping must be in range(0x110000)")
                            );
                        }
                        if cp == 0xFFFE {
                            None
                        } else {
                            Some(wtf8::encode(cp as u32))
                        }
                    }
                },
                None => None,
            },
        };
        match found {
            Some(text) => {
                vm.extend(&mut out, &text)?;
                i += 1;
            }
            None => {
                let args = [
                    vm.str_value("charmap"),
                    vm.new_bytes(data.clone()),
                    vm.new_int(i as i64),
                    vm.new_int(i as i64 + 1),
                    vm.str_value("character maps to <undefined>"),
                ];
                let e = vm.call(vm.exc.unicode_decode_error.as_value(), &args)?;
                let (text, next) = crate::codec_errors::handle(vm, &errors, e, data.len())?;
                vm.extend(&mut out, vm.expect_str(&text, "replacement")?.as_bytes())?;
                i = next;
            }
        }
    }
    Ok(vm.tuple_value([vm.try_new_wtf8(&out)?.into(), n]))
}

/// What a map makes of one character; none when it has no place in it.
fn map_char(vm: &Vm, map: &Value, cp: u32) -> PyResult<Option<Vec<u8>>> {
    let found = match map.downcast::<Dict>() {
        Some(d) => vm.dict_lookup(d, &vm.new_int(cp as i64))?,
        None => vm.catch(
            vm.getitem(map, &vm.new_int(cp as i64)),
            &vm.exc.lookup_error,
        )?,
    };
    match found {
        None => Ok(None),
        Some(x) if x.is_none() => Ok(None),
        Some(x) => match x.downcast::<Bytes>() {
            Some(b) => Ok(Some(b.data.to_vec())),
            None => match u8::try_from(vm.to_i64(&x)?) {
                Ok(b) => Ok(Some(vec![b])),
                Err(_) => Err(vm.type_error("character mapping must be in range(256)")),
            },
        },
    }
}

fn charmap_encode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "charmap_encode", 1, 3)?;
    let s = vm.expect_str(&pos[0], "charmap_encode() argument 1")?;
    let errors = errors_arg(vm, pos.get(1))?;
    let n = vm.new_int(s.char_len() as i64);
    let Some(map) = pos.get(2).filter(|m| !m.is_none()) else {
        let bytes = encoding::encode_builtin(vm, BuiltinCodec::Plain(Codec::Latin1), s, &errors)?;
        return Ok(vm.tuple_value([vm.new_bytes(bytes), n]));
    };
    let chars: Vec<u32> = wtf8::code_points(s.as_bytes()).collect();
    let mut out = Vec::with_capacity(chars.len());
    let mut i = 0;
    while i < chars.len() {
        if let Some(b) = map_char(vm, map, chars[i])? {
            out.extend(b);
            i += 1;
            continue;
        }
        let mut end = i + 1;
        while end < chars.len() && map_char(vm, map, chars[end])?.is_none() {
            end += 1;
        }
        let args = [
            vm.str_value("charmap"),
            pos[0].clone(),
            vm.new_int(i as i64),
            vm.new_int(end as i64),
            vm.str_value("character maps to <undefined>"),
        ];
        let e = vm.call(vm.exc.unicode_encode_error.as_value(), &args)?;
        let (text, next) = crate::codec_errors::handle(vm, &errors, e.clone(), chars.len())?;
        match text.downcast::<Bytes>() {
            Some(b) => out.extend_from_slice(&b.data),
            None => {
                for cp in wtf8::code_points(vm.expect_str(&text, "replacement")?.as_bytes()) {
                    match map_char(vm, map, cp)? {
                        Some(b) => out.extend(b),
                        None => return Err(Exc(e)),
                    }
                }
            }
        }
        i = next;
    }
    Ok(vm.tuple_value([vm.new_bytes(out), n]))
}
