//! `%` formatting of str and bytes (CPython's unicode_format.c and `_PyBytes_FormatEx`).
use super::int::{max_str_digits, num};
use super::util::{OrRaise, has_index, text};
use lasti_core::memory::{Ref, Value};
use lasti_core::model::buffer;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::error::{Exc, PyResult};
use lasti_text::int::Int as TextInt;
use lasti_text::percent::{self, Amount, Conversion, Parser, Piece, Spec};

/// Hands out the arguments: the items of a tuple, or the one value.
struct Source<'a> {
    args: &'a Value,
    /// `%(key)s` puts the looked up value in place of the arguments.
    keyed: Option<Value>,
    next: usize,
    mapping: bool,
}

impl Source<'_> {
    fn take(&mut self, vm: &Vm) -> PyResult<Value> {
        let i = self.next;
        self.next += 1;
        let found = match &self.keyed {
            Some(v) => (i == 0).then(|| v.clone()),
            None => match self.args.downcast::<Tuple>() {
                Some(t) => t.get(i).cloned(),
                None => (i == 0).then(|| self.args.clone()),
            },
        };
        found.ok_or_else(|| vm.type_error("not enough arguments for format string"))
    }
    fn key(&mut self, vm: &Vm, key: Value) -> PyResult<()> {
        if !self.mapping {
            return Err(vm.type_error("format requires a mapping"));
        }
        self.keyed = Some(vm.getitem(self.args, &key)?);
        self.next = 0;
        Ok(())
    }
    /// A parenthesis that is not closed is an error of the arguments first.
    fn key_error(&self, vm: &Vm, e: Exc) -> Exc {
        match vm.display(&e.0).as_str() {
            "incomplete format key" if !self.mapping => vm.type_error("format requires a mapping"),
            _ => e,
        }
    }
    fn is_done(&self) -> bool {
        if self.mapping {
            return true;
        }
        match self.args.downcast::<Tuple>() {
            Some(t) => self.next >= t.len(),
            None => self.next >= 1,
        }
    }
    fn star(&mut self, vm: &Vm, what: &str) -> PyResult<i64> {
        let v = self.take(vm)?;
        if !vm.is_int(&v) {
            return Err(vm.type_error("* wants int"));
        }
        let n = vm.to_i64_clamped(&v)?;
        if what == "precision" && n > i32::MAX as i64 {
            return Err(vm.overflow_error("Python int too large to convert to C int"));
        }
        if n == i64::MAX || n == i64::MIN {
            return Err(vm.overflow_error("Python int too large to convert to C ssize_t"));
        }
        Ok(n)
    }
    fn conversion(&mut self, vm: &Vm, spec: &Spec) -> PyResult<Conversion> {
        let mut c = Conversion::new(spec);
        if spec.width == Some(Amount::Star) {
            c.set_star_width(self.star(vm, "width")?);
        }
        if spec.precision == Some(Amount::Star) {
            c.set_star_precision(self.star(vm, "precision")?);
        }
        Ok(c)
    }
}

/// `format % args` of str.
pub(crate) fn format_str(vm: &Vm, format: &Ref<Str>, args: &Value) -> PyResult<Value> {
    let mapping = args.downcast::<Tuple>().is_none()
        && args.downcast::<Str>().is_none()
        && vm.type_of(args).slots.getitem.get().is_some();
    let mut source = Source {
        args,
        keyed: None,
        next: 0,
        mapping,
    };
    let data = format.as_bytes();
    let mut out = vm.try_vec(data.len() + 16)?;
    for piece in Parser::of_str(data) {
        let spec = match piece.or_raise(vm).map_err(|e| source.key_error(vm, e))? {
            Piece::Literal(l) => {
                vm.extend(&mut out, l)?;
                continue;
            }
            Piece::Spec(s) => s,
        };
        if let Some(key) = spec.key {
            source.key(vm, vm.new_wtf8(key).into())?;
        }
        let c = source.conversion(vm, &spec)?;
        let v = source.take(vm)?;
        if !percent::is_supported(spec.conversion, false) {
            return Err(percent::unsupported(&spec, data, false)).or_raise(vm);
        }
        str_conversion(vm, &c, &v, &mut out)?;
    }
    if !source.is_done() {
        return Err(vm.type_error("not all arguments converted during string formatting"));
    }
    text(vm, out)
}

fn str_conversion(vm: &Vm, c: &Conversion, v: &Value, out: &mut Vec<u8>) -> PyResult<()> {
    let kind = u8::try_from(c.code).unwrap_or(0);
    match kind {
        b's' | b'r' | b'a' => {
            let s: Value = match kind {
                b's' => vm.str_of(v)?.into(),
                b'r' => vm.repr(v)?.into(),
                _ => vm.ascii(v)?,
            };
            let s = vm.this::<Str>(&s)?;
            if c.width == 0 && c.precision.is_none() {
                vm.extend(out, s.as_bytes())?;
            } else {
                vm.extend(
                    out,
                    percent::format_text(c, s.as_bytes()).or_raise(vm)?.as_ref(),
                )?;
            }
        }
        b'c' => {
            if let Some(s) = v.downcast::<Str>() {
                if s.char_len() != 1 {
                    let n = s.char_len();
                    return Err(vm.type_error(format!(
                        "%c requires an int or a unicode character, not a string of length {n}"
                    )));
                }
                let whole = Conversion {
                    precision: None,
                    ..*c
                };
                vm.extend(
                    out,
                    percent::format_text(&whole, s.as_bytes())
                        .or_raise(vm)?
                        .as_ref(),
                )?;
            } else if has_index(vm, v) {
                vm.extend(
                    out,
                    percent::format_char(c, vm.to_i64_clamped(v)?)
                        .or_raise(vm)?
                        .as_ref(),
                )?;
            } else {
                return Err(vm.type_error(format!(
                    "%c requires an int or a unicode character, not {}",
                    vm.type_name(v)
                )));
            }
        }
        _ => number(vm, c, v, false, out)?,
    }
    Ok(())
}

fn number(vm: &Vm, c: &Conversion, v: &Value, bytes: bool, out: &mut Vec<u8>) -> PyResult<()> {
    let wrong = || Err(percent::wants_number(c.code, &vm.type_name(v), bytes)).or_raise(vm);
    match u8::try_from(c.code).unwrap_or(0) {
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let hex = !matches!(u8::try_from(c.code), Ok(b'd' | b'i' | b'u'));
            let converted;
            let n = match num(v) {
                Some(n) => n.text_int(),
                None => {
                    let slots = &vm.type_of(v).slots;
                    let usable = slots.index.get().is_some() || !hex && slots.int.get().is_some();
                    if !usable {
                        return wrong();
                    }
                    let r = if hex {
                        vm.index(v)
                    } else {
                        super::int::int_from(vm, v)
                    };
                    converted = match r {
                        Ok(n) => n,
                        Err(e) if vm.exc_is(&e, &vm.exc.type_error) => return wrong(),
                        Err(e) => return Err(e),
                    };
                    num(&converted).map_or(TextInt::Small(0), |n| n.text_int())
                }
            };
            if let TextInt::Big(b) = &n {
                super::numeric::room_for_digits(vm, b, 8)?;
            }
            let shown = percent::format_int(c, &n, max_str_digits(vm)).or_raise(vm)?;
            vm.extend(out, shown.as_bytes())?;
        }
        _ => {
            let x = match vm.to_f64(v) {
                Ok(x) => x,
                Err(e) if bytes && vm.exc_is(&e, &vm.exc.type_error) => return wrong(),
                Err(e) => return Err(e),
            };
            vm.extend(out, percent::format_float(c, x).or_raise(vm)?.as_ref())?;
        }
    }
    Ok(())
}

/// `format % args` of bytes and bytearray: the formatted bytes.
pub(crate) fn format_bytes(vm: &Vm, format: &[u8], args: &Value) -> PyResult<Vec<u8>> {
    let mapping = args.downcast::<Tuple>().is_none()
        && args.downcast::<Bytes>().is_none()
        && args.downcast::<ByteArray>().is_none()
        && args.downcast::<Str>().is_none()
        && vm.type_of(args).slots.getitem.get().is_some();
    let mut source = Source {
        args,
        keyed: None,
        next: 0,
        mapping,
    };
    let mut out = vm.try_vec(format.len() + 16)?;
    for piece in Parser::of_bytes(format) {
        let spec = match piece.or_raise(vm).map_err(|e| source.key_error(vm, e))? {
            Piece::Literal(l) => {
                vm.extend(&mut out, l)?;
                continue;
            }
            Piece::Spec(s) => s,
        };
        if let Some(key) = spec.key {
            source.key(vm, vm.new_bytes(key))?;
        }
        let c = source.conversion(vm, &spec)?;
        let v = source.take(vm)?;
        if !percent::is_supported(spec.conversion, true) {
            return Err(percent::unsupported(&spec, format, true)).or_raise(vm);
        }
        bytes_conversion(vm, &c, &v, &mut out)?;
    }
    if !source.is_done() {
        return Err(vm.type_error("not all arguments converted during bytes formatting"));
    }
    Ok(out)
}

fn bytes_conversion(vm: &Vm, c: &Conversion, v: &Value, out: &mut Vec<u8>) -> PyResult<()> {
    match u8::try_from(c.code).unwrap_or(0) {
        b's' | b'b' => {
            let data = bytes_operand(vm, v)?;
            vm.extend(out, percent::format_bytes(c, &data).or_raise(vm)?.as_ref())?;
        }
        b'r' | b'a' => {
            let s = vm.ascii(v)?;
            vm.extend(
                out,
                percent::format_bytes(c, vm.this::<Str>(&s)?.as_bytes())
                    .or_raise(vm)?
                    .as_ref(),
            )?;
        }
        b'c' => {
            let one = v.downcast::<Bytes>().map(|b| b.data.to_vec());
            let one = one.or_else(|| v.downcast::<ByteArray>().map(|b| b.data.borrow().clone()));
            let byte = match one.as_deref() {
                Some([b]) => *b as i64,
                Some(other) => {
                    let (n, name) = (other.len(), vm.type_name(v));
                    return Err(vm.type_error(format!(
                        "%c requires an integer in range(256) or a single byte, not a {name} object of length {n}"
                    )));
                }
                None if has_index(vm, v) => vm.to_i64_clamped(v)?,
                None => {
                    return Err(vm.type_error(format!(
                        "%c requires an integer in range(256) or a single byte, not {}",
                        vm.type_name(v)
                    )));
                }
            };
            vm.extend(out, percent::format_byte(c, byte).or_raise(vm)?.as_ref())?;
        }
        _ => number(vm, c, v, true, out)?,
    }
    Ok(())
}

fn bytes_operand(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    if let Some(data) = buffer::try_bytes_like(vm, v)? {
        return data.into_vec(vm);
    }
    if let Some(r) = vm.call_special(v, &vm.names.bytes, &[])? {
        return match r.downcast::<Bytes>() {
            Some(b) => vm.copy_of(&b.data),
            None => Err(vm.type_error(format!(
                "__bytes__ returned non-bytes (type {})",
                vm.type_name(&r)
            ))),
        };
    }
    Err(vm.type_error(format!(
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        vm.type_name(v)
    )))
}
