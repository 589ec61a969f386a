//! The built-in error handlers of codecs as Python functions, for `codecs.lookup_error` and the character maps.
use crate::util::*;
use lasti_text::repr::push_hex_escape;
use lasti_text::wtf8;

/// Calls the handler `errors` with an exception: the replacement, and the position to go on at.
pub(crate) fn handle(vm: &Vm, errors: &str, exc: Value, len: usize) -> PyResult<(Value, usize)> {
    let codecs = vm.import("_codecs")?;
    let handler = vm.call_method(&codecs, "lookup_error", &[vm.str_value(errors)])?;
    let r = vm.call(&handler, &[exc])?;
    let Some([text, next]) = r
        .downcast::<Tuple>()
        .and_then(|t| <&[Value; 2]>::try_from(&**t).ok())
    else {
        return Err(vm.type_error("encoding error handler must return (str/bytes, int) tuple"));
    };
    let mut at = vm.to_i64(next)?;
    if at < 0 {
        at += len as i64;
    }
    if at < 0 || at as usize > len {
        return Err(vm.index_error(format!("position {at} from error handler out of bounds")));
    }
    Ok((text.clone(), at as usize))
}

/// The function of a built-in handler's name.
pub(crate) fn builtin_handler(vm: &Vm, name: &str) -> Option<Value> {
    let f: PlainFn = match name {
        "strict" => strict,
        "ignore" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            e.result(vm, vm.str_value(""))
        },
        "replace" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            let n = e.end - e.start;
            let text = match e.kind {
                Kind::Encode => "?".repeat(n),
                Kind::Decode => "\u{FFFD}".into(),
                Kind::Translate => "\u{FFFD}".repeat(n),
            };
            e.result(vm, vm.str_value(&text))
        },
        "backslashreplace" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            let mut out = String::new();
            match e.kind {
                Kind::Decode => e
                    .bytes(vm)?
                    .iter()
                    .for_each(|b| out.push_str(&format!("\\x{b:02x}"))),
                _ => e
                    .chars(vm)?
                    .iter()
                    .for_each(|c| push_hex_escape(&mut out, *c)),
            }
            e.result(vm, vm.str_value(&out))
        },
        "xmlcharrefreplace" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            if e.kind != Kind::Encode {
                return Err(e.unhandled(vm));
            }
            let out: String = e.chars(vm)?.iter().map(|c| format!("&#{c};")).collect();
            e.result(vm, vm.str_value(&out))
        },
        "namereplace" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            if e.kind != Kind::Encode {
                return Err(e.unhandled(vm));
            }
            let mut out = String::new();
            for c in e.chars(vm)? {
                match char::from_u32(c).and_then(unicode_names2::name) {
                    Some(n) => out.push_str(&format!("\\N{{{n}}}")),
                    None => push_hex_escape(&mut out, c),
                }
            }
            e.result(vm, vm.str_value(&out))
        },
        "surrogateescape" => surrogate_escape,
        "surrogatepass" => |vm, _, a| {
            let e = Parts::of(vm, a)?;
            match e.kind {
                Kind::Encode => {
                    let mut out = Vec::new();
                    for c in e.chars(vm)? {
                        if !wtf8::is_surrogate(c) {
                            return Err(Exc(e.exc.clone()));
                        }
                        out.extend(wtf8::encode(c));
                    }
                    e.result(vm, vm.new_bytes(out))
                }
                _ => Err(Exc(e.exc.clone())),
            }
        },
        _ => return None,
    };
    let name: &'static str = match name {
        "strict" => "strict_errors",
        "ignore" => "ignore_errors",
        "replace" => "replace_errors",
        "backslashreplace" => "backslashreplace_errors",
        "xmlcharrefreplace" => "xmlcharrefreplace_errors",
        "namereplace" => "namereplace_errors",
        "surrogateescape" => "surrogateescape",
        _ => "surrogatepass",
    };
    Some(vm.new_native(name, "", NativeKind::Plain(f), Value::NONE, Value::NONE))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Encode,
    Decode,
    Translate,
}

/// A Unicode error taken apart.
struct Parts {
    exc: Value,
    kind: Kind,
    object: Value,
    start: usize,
    end: usize,
}

impl Parts {
    fn of(vm: &Vm, a: Args) -> PyResult<Parts> {
        let [exc] = a.exactly::<1>(vm, "handler")?;
        let kind = if vm.is_instance(exc, &vm.exc.unicode_encode_error) {
            Kind::Encode
        } else if vm.is_instance(exc, &vm.exc.unicode_decode_error) {
            Kind::Decode
        } else if vm.is_instance(exc, &vm.exc.unicode_translate_error) {
            Kind::Translate
        } else {
            return Err(vm.type_error(format!(
                "don't know how to handle {} in error callback",
                vm.type_name(exc)
            )));
        };
        let object = vm.getattr_str(exc, "object")?;
        let start = vm.to_i64(&vm.getattr_str(exc, "start")?)?.max(0) as usize;
        let end = vm.to_i64(&vm.getattr_str(exc, "end")?)?.max(0) as usize;
        Ok(Parts {
            exc: exc.clone(),
            kind,
            object,
            start,
            end: end.max(start),
        })
    }
    fn result(&self, vm: &Vm, text: Value) -> PyResult<Value> {
        Ok(vm.tuple_value([text, vm.new_int(self.end as i64)]))
    }
    fn chars(&self, vm: &Vm) -> PyResult<Vec<u32>> {
        let s = vm.expect_str(&self.object, "object")?;
        Ok(wtf8::code_points(s.as_bytes())
            .skip(self.start)
            .take(self.end - self.start)
            .collect())
    }
    fn bytes(&self, vm: &Vm) -> PyResult<Vec<u8>> {
        let b = vm.buffer(&self.object)?;
        Ok(b.get(self.start..self.end.min(b.len()))
            .unwrap_or_default()
            .to_vec())
    }
    fn unhandled(&self, vm: &Vm) -> Exc {
        vm.type_error(format!(
            "don't know how to handle {} in error callback",
            vm.type_name(&self.exc)
        ))
    }
}

fn strict(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [exc] = a.exactly::<1>(vm, "strict_errors")?;
    if exc.downcast::<Exception>().is_some() {
        return Err(Exc(exc.clone()));
    }
    Err(vm.type_error("codec must pass exception instance"))
}

fn surrogate_escape(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let e = Parts::of(vm, a)?;
    match e.kind {
        Kind::Encode => {
            let mut out = Vec::new();
            for c in e.chars(vm)? {
                if !(0xDC80..=0xDCFF).contains(&c) {
                    return Err(Exc(e.exc.clone()));
                }
                out.push((c - 0xDC00) as u8);
            }
            e.result(vm, vm.new_bytes(out))
        }
        Kind::Decode => {
            let bytes = e.bytes(vm)?;
            let n = bytes.iter().take(4).take_while(|b| **b >= 0x80).count();
            if n == 0 {
                return Err(Exc(e.exc.clone()));
            }
            let text = wtf8::from_code_points(bytes[..n].iter().map(|b| 0xDC00 + *b as u32));
            Ok(vm.tuple_value([vm.new_wtf8(&text).into(), vm.new_int((e.start + n) as i64)]))
        }
        Kind::Translate => Err(e.unhandled(vm)),
    }
}
