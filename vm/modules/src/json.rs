//! `_json`: scanning and quoting (CPython's Modules/_json.c). The encoder stands in `json_encode`.
use crate::util::*;
use std::collections::HashMap;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_json");
    vm.add_functions(&m, FUNCTIONS);
    add_type(vm, &m, "make_scanner", &scanner_type(vm));
    add_type(
        vm,
        &m,
        "make_encoder",
        &crate::json_encode::encoder_type(vm),
    );
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "scanstring" "(string, end, strict=True, /)\n--\n\nscanstring(string, end, strict=True) -> (string, end)" scanstring;
    "encode_basestring_ascii" "encode_basestring_ascii($self, object, /)\n--\n\n" encode_basestring_ascii;
    "encode_basestring" "encode_basestring($self, object, /)\n--\n\n" encode_basestring;
}

fn scanstring(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "scanstring", 2, 3)?;
    let Some(s) = pos[0].as_ref::<Str>() else {
        return Err(vm.type_error(format!(
            "first argument must be a string, not {}",
            vm.type_name(&pos[0])
        )));
    };
    let strict = pos.get(2).map_or(Ok(true), |v| vm.is_true(v))?;
    let end = vm.to_i64(&pos[1])?;
    if end < 0 || end as usize > s.char_len() {
        return Err(vm.value_error("end is out of bounds"));
    }
    let doc = Doc {
        text: s,
        bytes: s.as_bytes(),
    };
    let (v, stop) = doc.string(vm, s.offset(end as usize), strict)?;
    Ok(vm.tuple_value([v, vm.new_int(doc.index(stop) as i64)]))
}

fn encode_basestring_ascii(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    quote_arg(vm, a, true)
}

fn encode_basestring(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    quote_arg(vm, a, false)
}

fn quote_arg(vm: &Vm, a: Args, ascii: bool) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "encode_basestring")?;
    let Some(s) = s.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "first argument must be a string, not {}",
            vm.type_name(s)
        )));
    };
    let mut out = vm.try_vec(s.byte_len() + 2)?;
    quote(vm, &mut out, s.as_bytes(), ascii)?;
    Ok(vm.try_new_wtf8(&out)?.into())
}

/// Appends a JSON string literal.
pub(crate) fn quote(vm: &Vm, out: &mut Vec<u8>, text: &[u8], ascii: bool) -> PyResult<()> {
    vm.push(out, b'"')?;
    let mut run = 0;
    let mut i = 0;
    while i < text.len() {
        let b = text[i];
        let short = match b {
            b'"' => Some(b'"'),
            b'\\' => Some(b'\\'),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\t' => Some(b't'),
            0x0C => Some(b'f'),
            0x08 => Some(b'b'),
            _ => None,
        };
        if let Some(c) = short {
            vm.extend(out, &text[run..i])?;
            vm.extend(out, &[b'\\', c])?;
        } else if b < 0x20 {
            vm.extend(out, &text[run..i])?;
            vm.extend(out, format!("\\u{b:04x}").as_bytes())?;
        } else if b >= 0x80 && ascii {
            vm.extend(out, &text[run..i])?;
            let (cp, n) = lasti_text::wtf8::decode_at(text, i).unwrap_or((0xFFFD, 1));
            if cp > 0xFFFF {
                let v = cp - 0x10000;
                vm.extend(
                    out,
                    format!(
                        "\\u{:04x}\\u{:04x}",
                        0xD800 + (v >> 10),
                        0xDC00 + (v & 0x3FF)
                    )
                    .as_bytes(),
                )?;
            } else {
                vm.extend(out, format!("\\u{cp:04x}").as_bytes())?;
            }
            i += n;
            run = i;
            continue;
        } else {
            i += 1;
            continue;
        }
        i += 1;
        run = i;
    }
    vm.extend(out, &text[run..])?;
    vm.push(out, b'"')
}

/// The document; offsets inside are bytes, positions outside code points.
struct Doc<'a> {
    text: &'a Ref<Str>,
    bytes: &'a [u8],
}

impl Doc<'_> {
    fn index(&self, offset: usize) -> usize {
        if self.text.is_ascii() {
            offset
        } else {
            lasti_text::wtf8::index_of(self.bytes, offset)
        }
    }
    #[cold]
    fn fail(&self, vm: &Vm, msg: &str, offset: usize) -> Exc {
        let make = || {
            let module = vm.import("json.decoder")?;
            let class = vm.getattr_str(&module, "JSONDecodeError")?;
            vm.call(
                &class,
                &[
                    vm.str_value(msg),
                    self.text.value(),
                    vm.new_int(self.index(offset) as i64),
                ],
            )
        };
        match make() {
            Ok(e) => Exc(e),
            Err(e) => e,
        }
    }
    /// "No value here", as the pure scanner says it.
    #[cold]
    fn stop(&self, vm: &Vm, offset: usize) -> Exc {
        vm.stop_iteration(vm.new_int(self.index(offset) as i64))
    }
    fn at(&self, i: usize) -> Option<u8> {
        self.bytes.get(i).copied()
    }
    fn skip_space(&self, mut i: usize) -> usize {
        while matches!(self.at(i), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            i += 1;
        }
        i
    }

    /// The end of a string without escapes that starts at `i`, when it is one.
    fn plain_end(&self, i: usize) -> Option<usize> {
        let rest = self.bytes.get(i..)?;
        let n = rest
            .iter()
            .position(|b| *b == b'"' || *b == b'\\' || *b < 0x20)?;
        if rest[n] == b'"' { Some(i + n) } else { None }
    }

    /// The string whose first character (behind the quote) is at `begin`, and the offset behind its end.
    fn string(&self, vm: &Vm, begin: usize, strict: bool) -> PyResult<(Value, usize)> {
        if let Some(end) = self.plain_end(begin) {
            return Ok((vm.try_new_wtf8(&self.bytes[begin..end])?.into(), end + 1));
        }
        let quote_at = begin.saturating_sub(1);
        let unterminated = || self.fail(vm, "Unterminated string starting at", quote_at);
        let mut out: Vec<u8> = Vec::new();
        let mut i = begin;
        loop {
            let run = i;
            while let Some(b) = self.at(i) {
                if b == b'"' || b == b'\\' || (b < 0x20 && strict) {
                    break;
                }
                i += 1;
            }
            // Four bytes more than that for what an escape stands for.
            vm.reserve(&mut out, i - run + 4)?;
            out.extend_from_slice(&self.bytes[run..i]);
            match self.at(i) {
                None => return Err(unterminated()),
                Some(b'"') => return Ok((vm.try_new_wtf8(&out)?.into(), i + 1)),
                Some(b'\\') => {}
                Some(_) => return Err(self.fail(vm, "Invalid control character at", i)),
            }
            let Some(e) = self.at(i + 1) else {
                return Err(unterminated());
            };
            let c = match e {
                b'"' | b'\\' | b'/' => e,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    let (cp, next) = self.unicode(vm, i + 1)?;
                    lasti_text::wtf8::push(&mut out, cp);
                    i = next;
                    continue;
                }
                _ => return Err(self.fail(vm, "Invalid \\escape", i)),
            };
            out.push(c);
            i += 2;
        }
    }

    fn hex4(&self, i: usize) -> Option<u32> {
        let digits = self.bytes.get(i..i + 4)?;
        digits
            .iter()
            .try_fold(0, |n, d| Some(n * 16 + (*d as char).to_digit(16)?))
    }

    /// `u` at `i`: the code point, surrogate pairs joined, and the offset behind.
    fn unicode(&self, vm: &Vm, i: usize) -> PyResult<(u32, usize)> {
        let Some(cp) = self.hex4(i + 1) else {
            return Err(self.fail(vm, "Invalid \\uXXXX escape", i));
        };
        let next = i + 5;
        if (0xD800..0xDC00).contains(&cp)
            && self.at(next) == Some(b'\\')
            && self.at(next + 1) == Some(b'u')
        {
            match self.hex4(next + 2) {
                Some(low) if (0xDC00..0xE000).contains(&low) => {
                    return Ok((0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00), next + 6));
                }
                Some(_) => {}
                None => return Err(self.fail(vm, "Invalid \\uXXXX escape", next + 1)),
            }
        }
        Ok((cp, next))
    }
}

// ---- the scanner ----

struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
}
payload!(
    Scanner,
    "_json.Scanner",
    object_hook,
    object_pairs_hook,
    parse_float,
    parse_int,
    parse_constant
);

fn scanner_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Scanner>("_json.Scanner", &vm.types.object, TypeFlags::BASE);
    t.slots.new.set(Some(|vm, class, a| {
        let [context] = a.bind(vm, "make_scanner", ["context"], 1)?;
        let none = Value::NONE;
        let c = context.unwrap_or(&none);
        let get = |name: &str| vm.getattr_str(c, name);
        let s = Scanner {
            strict: vm.is_true(&get("strict")?)?,
            object_hook: get("object_hook")?,
            object_pairs_hook: get("object_pairs_hook")?,
            parse_float: get("parse_float")?,
            parse_int: get("parse_int")?,
            parse_constant: get("parse_constant")?,
        };
        Ok(vm.heap.alloc(class, s).into())
    }));
    t.slots.call.set(Some(|vm, v, a| {
        let [string, idx] = a.bind(vm, "scan_once", ["string", "idx"], 2)?;
        let (Some(string), Some(idx)) = (string, idx) else {
            return Err(vm.type_error("missing arguments"));
        };
        let Some(text) = string.as_ref::<Str>() else {
            return Err(vm.type_error(format!(
                "first argument must be a string, not {}",
                vm.type_name(string)
            )));
        };
        let idx = vm.to_i64(idx)?;
        if idx < 0 {
            return Err(vm.value_error("idx cannot be negative"));
        }
        let doc = Doc {
            text,
            bytes: text.as_bytes(),
        };
        if idx as usize > text.char_len() {
            return Err(vm.stop_iteration(vm.new_int(idx)));
        }
        let mut run = Run {
            vm,
            s: vm.this::<Scanner>(v)?,
            doc,
            memo: HashMap::new(),
            ticks: Default::default(),
        };
        let (x, end) = run.value(text.offset(idx as usize))?;
        let end = run.doc.index(end);
        Ok(vm.tuple_value([x, vm.new_int(end as i64)]))
    }));
    vm.getset(
        &t,
        "strict",
        |vm, v| Ok(Value::bool(vm.this::<Scanner>(v)?.strict)),
        None,
    );
    vm.getset(
        &t,
        "object_hook",
        |vm, v| Ok(vm.this::<Scanner>(v)?.object_hook.clone()),
        None,
    );
    vm.getset(
        &t,
        "object_pairs_hook",
        |vm, v| Ok(vm.this::<Scanner>(v)?.object_pairs_hook.clone()),
        None,
    );
    vm.getset(
        &t,
        "parse_float",
        |vm, v| Ok(vm.this::<Scanner>(v)?.parse_float.clone()),
        None,
    );
    vm.getset(
        &t,
        "parse_int",
        |vm, v| Ok(vm.this::<Scanner>(v)?.parse_int.clone()),
        None,
    );
    vm.getset(
        &t,
        "parse_constant",
        |vm, v| Ok(vm.this::<Scanner>(v)?.parse_constant.clone()),
        None,
    );
    t
}

/// One scan of a document.
struct Run<'a> {
    vm: &'a Vm,
    s: &'a Scanner,
    doc: Doc<'a>,
    /// Keys met so far, so that equal ones are one object.
    memo: HashMap<&'a [u8], Value>,
    ticks: lasti_core::vm::Ticks,
}

impl<'a> Run<'a> {
    fn value(&mut self, i: usize) -> PyResult<(Value, usize)> {
        let vm = self.vm;
        self.ticks.tick(vm)?;
        let word = |text: &str| self.doc.bytes[i..].starts_with(text.as_bytes());
        match self.doc.at(i) {
            None => Err(self.doc.stop(vm, i)),
            Some(b'"') => self.doc.string(vm, i + 1, self.s.strict),
            Some(b'{') => {
                let _nested = vm.nest("while decoding a JSON object from a unicode string")?;
                self.object(i + 1)
            }
            Some(b'[') => {
                let _nested = vm.nest("while decoding a JSON array from a unicode string")?;
                self.array(i + 1)
            }
            Some(b'n') if word("null") => Ok((Value::NONE, i + 4)),
            Some(b't') if word("true") => Ok((Value::TRUE, i + 4)),
            Some(b'f') if word("false") => Ok((Value::FALSE, i + 5)),
            Some(b'N') if word("NaN") => self.constant("NaN", i),
            Some(b'I') if word("Infinity") => self.constant("Infinity", i),
            Some(b'-') if word("-Infinity") => self.constant("-Infinity", i),
            Some(b'-' | b'0'..=b'9') => self.number(i),
            Some(_) => Err(self.doc.stop(vm, i)),
        }
    }

    fn constant(&self, name: &str, i: usize) -> PyResult<(Value, usize)> {
        let v = self
            .vm
            .call(&self.s.parse_constant, &[self.vm.str_value(name)])?;
        Ok((v, i + name.len()))
    }

    fn number(&self, start: usize) -> PyResult<(Value, usize)> {
        let vm = self.vm;
        let digit = |i: usize| self.doc.at(i).is_some_and(|b| b.is_ascii_digit());
        let mut i = start;
        if self.doc.at(i) == Some(b'-') {
            i += 1;
        }
        match self.doc.at(i) {
            Some(b'0') => i += 1,
            Some(b'1'..=b'9') => {
                while digit(i) {
                    i += 1;
                }
            }
            _ => return Err(self.doc.stop(vm, start)),
        }
        let mut float = false;
        if self.doc.at(i) == Some(b'.') && digit(i + 1) {
            float = true;
            i += 2;
            while digit(i) {
                i += 1;
            }
        }
        if matches!(self.doc.at(i), Some(b'e' | b'E')) {
            let sign = matches!(self.doc.at(i + 1), Some(b'+' | b'-')) as usize;
            if digit(i + 1 + sign) {
                float = true;
                i += 2 + sign;
                while digit(i) {
                    i += 1;
                }
            }
        }
        let text = &self.doc.bytes[start..i];
        let (parse, native) = match float {
            true => (&self.s.parse_float, &vm.types.float),
            false => (&self.s.parse_int, &vm.types.int),
        };
        if !parse.is(native.as_value()) {
            return Ok((vm.call(parse, &[vm.new_wtf8(text).into()])?, i));
        }
        if float {
            let x = lasti_text::float::parse(text).map_err(|e| vm.text_error(e))?;
            return Ok((vm.new_float(x), i));
        }
        if text.len() <= 15 {
            let negative = text[0] == b'-';
            let digits = if negative { &text[1..] } else { text };
            let n = digits.iter().fold(0i64, |n, d| n * 10 + (d - b'0') as i64);
            return Ok((vm.new_int(if negative { -n } else { n }), i));
        }
        // `int` itself knows the limit of digits.
        Ok((
            vm.call(vm.types.int.as_value(), &[vm.new_wtf8(text).into()])?,
            i,
        ))
    }

    fn key(&mut self, begin: usize) -> PyResult<(Value, usize)> {
        if let Some(end) = self.doc.plain_end(begin) {
            let raw = &self.doc.bytes[begin..end];
            let vm = self.vm;
            self.memo.try_reserve(1).map_err(|_| vm.memory_error())?;
            let key = self
                .memo
                .entry(raw)
                .or_insert_with(|| vm.new_wtf8(raw).into());
            return Ok((key.clone(), end + 1));
        }
        self.doc.string(self.vm, begin, self.s.strict)
    }

    fn object(&mut self, start: usize) -> PyResult<(Value, usize)> {
        let vm = self.vm;
        let pairs_hook = !self.s.object_pairs_hook.is_none();
        let mut pairs: Vec<Value> = Vec::new();
        let dict = vm.new_dict();
        let mut i = self.doc.skip_space(start);
        if self.doc.at(i) != Some(b'}') {
            loop {
                if self.doc.at(i) != Some(b'"') {
                    return Err(self.doc.fail(
                        vm,
                        "Expecting property name enclosed in double quotes",
                        i,
                    ));
                }
                let (key, next) = self.key(i + 1)?;
                i = self.doc.skip_space(next);
                if self.doc.at(i) != Some(b':') {
                    return Err(self.doc.fail(vm, "Expecting ':' delimiter", i));
                }
                i = self.doc.skip_space(i + 1);
                let (v, next) = self.value(i)?;
                if pairs_hook {
                    vm.push(&mut pairs, vm.tuple_value([key, v]))?;
                } else {
                    vm.dict_insert(&dict, key, v)?;
                }
                i = self.doc.skip_space(next);
                match self.doc.at(i) {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return Err(self.doc.fail(vm, "Expecting ',' delimiter", i)),
                }
                let comma = i;
                i = self.doc.skip_space(i + 1);
                if self.doc.at(i) == Some(b'}') {
                    return Err(self.doc.fail(
                        vm,
                        "Illegal trailing comma before end of object",
                        comma,
                    ));
                }
            }
        }
        let end = i + 1;
        if pairs_hook {
            return Ok((
                vm.call(&self.s.object_pairs_hook, &[vm.new_list(pairs)])?,
                end,
            ));
        }
        if !self.s.object_hook.is_none() {
            return Ok((vm.call(&self.s.object_hook, &[dict.into()])?, end));
        }
        Ok((dict.into(), end))
    }

    fn array(&mut self, start: usize) -> PyResult<(Value, usize)> {
        let vm = self.vm;
        let mut out = Vec::new();
        let mut i = self.doc.skip_space(start);
        if self.doc.at(i) == Some(b']') {
            return Ok((vm.new_list(out), i + 1));
        }
        loop {
            let (v, next) = self.value(i)?;
            vm.push(&mut out, v)?;
            i = self.doc.skip_space(next);
            match self.doc.at(i) {
                Some(b']') => return Ok((vm.new_list(out), i + 1)),
                Some(b',') => {}
                _ => return Err(self.doc.fail(vm, "Expecting ',' delimiter", i)),
            }
            let comma = i;
            i = self.doc.skip_space(i + 1);
            if self.doc.at(i) == Some(b']') {
                return Err(self
                    .doc
                    .fail(vm, "Illegal trailing comma before end of array", comma));
            }
        }
    }
}
