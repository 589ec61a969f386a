//! `marshal`: plain values in CPython's format; code objects in lasti's own, which only lasti reads.
//!
//! Code objects have a checksum, which finds damage early, and are verified (`lasti_bytecode::verify`). What runs is safe
//! because of the verifier: the checksum of forged data may be right.
use crate::binascii::crc32;
use crate::util::*;
use lasti_text::{IBig, int};

const VERSION: i64 = 5;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("marshal");
    vm.add_value(&m, "version", Value::small_int(VERSION));
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "dumps" "dumps($module, value, version=version, /, *, allow_code=True)\n--\n\n" dumps;
    "loads" "loads($module, bytes, /, *, allow_code=True)\n--\n\n" loads;
    "dump" "dump($module, value, file, version=version, /, *, allow_code=True)\n--\n\n" dump_function;
    "load" "load($module, file, /, *, allow_code=True)\n--\n\n" load;
}

fn dumps(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [value, version, _] = a.bind(vm, "dumps", ["value", "version", "*allow_code"], 1)?;
    version.map_or(Ok(0), |v| vm.to_c_int(v))?;
    let mut out = Vec::new();
    dump(vm, value.unwrap_or(&Value::NONE), &mut out)?;
    vm.try_new_bytes(out)
}

fn loads(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, _] = a.bind(vm, "loads", ["bytes", "*allow_code"], 1)?;
    let data = vm.buffer(data.unwrap_or(&Value::NONE))?;
    Load {
        vm,
        data: &data,
        at: 0,
        refs: Vec::new(),
    }
    .value()
}

fn dump_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [value, file, version, _] =
        a.bind(vm, "dump", ["value", "file", "version", "*allow_code"], 2)?;
    version.map_or(Ok(0), |v| vm.to_c_int(v))?;
    let mut out = Vec::new();
    dump(vm, value.unwrap_or(&Value::NONE), &mut out)?;
    vm.call_method(file.unwrap_or(&Value::NONE), "write", &[vm.new_bytes(out)])
}

fn load(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [file, _] = a.bind(vm, "load", ["file", "*allow_code"], 1)?;
    let data = vm.buffer(&vm.call_method(file.unwrap_or(&Value::NONE), "read", &[])?)?;
    Load {
        vm,
        data: &data,
        at: 0,
        refs: Vec::new(),
    }
    .value()
}

fn size(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u32).to_le_bytes());
}

fn big(vm: &Vm, n: IBig, out: &mut Vec<u8>) -> PyResult<()> {
    // Digits of 15 bits, the sign in their number.
    let negative = n < IBig::ZERO;
    let n = if negative { -n } else { n };
    let bits = lasti_text::int_arith::bit_length(&n);
    let bytes =
        int::to_bytes(&n, bits.div_ceil(8).max(1), true, false).map_err(|e| vm.text_error(e))?;
    let digits = bits.div_ceil(15);
    out.push(b'l');
    let count = digits as i32;
    out.extend_from_slice(&(if negative { -count } else { count }).to_le_bytes());
    for d in 0..digits {
        let mut v = 0u16;
        for k in 0..15 {
            let bit = d * 15 + k;
            if bytes.get(bit / 8).is_some_and(|b| b >> (bit % 8) & 1 == 1) {
                v |= 1 << k;
            }
        }
        out.extend_from_slice(&v.to_le_bytes());
    }
    Ok(())
}

/// Values inside each other that CPython takes (`MAX_MARSHAL_STACK_DEPTH`).
const MAX_DEPTH: usize = 2000;

fn dump(vm: &Vm, v: &Value, out: &mut Vec<u8>) -> PyResult<()> {
    dump_at(vm, v, out, 1)
}

fn dump_at(vm: &Vm, v: &Value, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    vm.guard_native_stack("while marshalling")?;
    if depth > MAX_DEPTH {
        return Err(vm.value_error("object too deeply nested to marshal"));
    }
    // Room for what is small; longer contents are added by themselves.
    vm.reserve(out, 64)?;
    let items = |tag: u8, items: &[Value], out: &mut Vec<u8>| {
        out.push(tag);
        size(out, items.len());
        items
            .iter()
            .try_for_each(|x| dump_at(vm, x, out, depth + 1))
    };
    match v.unpack() {
        Unpacked::None => out.push(b'N'),
        Unpacked::Bool(b) => out.push(if b { b'T' } else { b'F' }),
        Unpacked::Ellipsis => out.push(b'.'),
        Unpacked::Int(i) => match i32::try_from(i) {
            Ok(i) => {
                out.push(b'i');
                out.extend_from_slice(&i.to_le_bytes());
            }
            Err(_) => big(vm, IBig::from(i), out)?,
        },
        Unpacked::Float(x) => {
            out.push(b'g');
            out.extend_from_slice(&x.to_le_bytes());
        }
        // Subclasses are not what the loader would give back.
        _ if vm.type_of(v).is_heap_type() && v.downcast::<Bytes>().is_none() => {
            return Err(vm.value_error("unmarshallable object"));
        }
        _ => {
            if let Some(s) = v.downcast::<Str>() {
                out.push(b'u');
                size(out, s.as_bytes().len());
                vm.extend(out, s.as_bytes())?;
            } else if let Some(b) = v.downcast::<Bytes>() {
                out.push(b's');
                size(out, b.data.len());
                vm.extend(out, &b.data)?;
            } else if let Some(i) = v.downcast::<Int>() {
                big(vm, i.0.clone(), out)?;
            } else if let Some(x) = vm.exact_float(v) {
                out.push(b'g');
                out.extend_from_slice(&x.to_le_bytes());
            } else if let Some(c) = v.downcast::<Complex>() {
                out.push(b'y');
                out.extend_from_slice(&c.0.to_le_bytes());
                out.extend_from_slice(&c.1.to_le_bytes());
            } else if let Some(t) = v.downcast::<Tuple>() {
                items(b'(', t, out)?;
            } else if let Some(l) = v.downcast::<List>() {
                vm.room(l.len() * size_of::<Value>())?;
                items(b'[', &l.to_vec(), out)?;
            } else if let Some(s) = v.downcast::<Set>() {
                let frozen = vm.is_instance(v, &vm.types.frozenset);
                items(if frozen { b'>' } else { b'<' }, &s.to_vec(), out)?;
            } else if let Some(d) = v.downcast::<Dict>() {
                out.push(b'{');
                vm.room(d.footprint() * 2)?;
                for (k, x) in d.items() {
                    dump_at(vm, &k, out, depth + 1)?;
                    dump_at(vm, &x, out, depth + 1)?;
                }
                out.push(b'0');
            } else if let Some(c) = v.downcast::<Code>() {
                let bytes = lasti_bytecode::marshal::dump(c.data());
                let file = c.filename.as_bytes();
                out.push(b'L');
                size(out, file.len());
                out.extend_from_slice(file);
                size(out, bytes.len());
                out.extend_from_slice(&crc32(&bytes, 0).to_le_bytes());
                out.extend_from_slice(&bytes);
            } else if v.is(vm.exc.stop_iteration.as_value()) {
                out.push(b'S');
            } else if let Ok(b) = vm.buffer(v) {
                out.push(b's');
                size(out, b.len());
                out.extend_from_slice(&b);
            } else {
                return Err(vm.value_error("unmarshallable object"));
            }
        }
    }
    Ok(())
}

struct Load<'a> {
    vm: &'a Vm,
    data: &'a [u8],
    at: usize,
    refs: Vec<Value>,
}

impl<'a> Load<'a> {
    fn take(&mut self, n: usize) -> PyResult<&'a [u8]> {
        let part = self
            .at
            .checked_add(n)
            .and_then(|end| self.data.get(self.at..end));
        let Some(part) = part else {
            return Err(self
                .vm
                .new_exception(&self.vm.exc.eof_error, "marshal data too short"));
        };
        self.at += n;
        Ok(part)
    }
    fn byte(&mut self) -> PyResult<u8> {
        Ok(self.take(1)?[0])
    }
    fn i32(&mut self) -> PyResult<i32> {
        let b = self.take(4)?;
        Ok(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
    fn size(&mut self) -> PyResult<usize> {
        let n = self.i32()?;
        usize::try_from(n).map_err(|_| self.vm.value_error("bad marshal data (size out of range)"))
    }
    fn f64(&mut self) -> PyResult<f64> {
        let b = self.take(8)?;
        Ok(f64::from_le_bytes([
            b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
        ]))
    }
    fn items(&mut self, n: usize) -> PyResult<Vec<Value>> {
        if n > self.data.len() {
            return Err(self.vm.value_error("bad marshal data (size out of range)"));
        }
        let mut items = Vec::new();
        for _ in 0..n {
            let v = self.value()?;
            self.vm.push(&mut items, v)?;
        }
        Ok(items)
    }
    fn value(&mut self) -> PyResult<Value> {
        match self.maybe()? {
            Some(v) => Ok(v),
            None => Err(self.vm.type_error("NULL object in marshal data for object")),
        }
    }
    fn text(&mut self, n: usize, latin: bool) -> PyResult<Value> {
        let vm = self.vm;
        let b = self.take(n)?;
        if latin {
            return Ok(vm
                .new_wtf8(&lasti_text::wtf8::from_code_points(
                    b.iter().map(|b| *b as u32),
                ))
                .into());
        }
        if lasti_text::wtf8::validate(b).is_err() {
            return Err(vm.value_error("bad marshal data (invalid text)"));
        }
        Ok(vm.try_new_wtf8(b)?.into())
    }
    /// None for the mark that ends a dict.
    fn maybe(&mut self) -> PyResult<Option<Value>> {
        let vm = self.vm;
        vm.guard_native_stack("while unmarshalling")?;
        let tag = self.byte()?;
        let slot = if tag & 0x80 != 0 {
            vm.push(&mut self.refs, Value::NONE)?;
            Some(self.refs.len() - 1)
        } else {
            None
        };
        let v = match tag & 0x7F {
            b'0' => return Ok(None),
            b'N' => Value::NONE,
            b'T' => Value::TRUE,
            b'F' => Value::FALSE,
            b'.' => Value::ELLIPSIS,
            b'S' => vm.exc.stop_iteration.value(),
            b'i' => {
                let i = self.i32()?;
                vm.new_int(i as i64)
            }
            b'l' => self.long()?,
            b'g' => {
                let x = self.f64()?;
                vm.new_float(x)
            }
            b'y' => {
                let (re, im) = (self.f64()?, self.f64()?);
                vm.new_complex(re, im)
            }
            b'u' | b't' => {
                let n = self.size()?;
                self.text(n, false)?
            }
            b'a' | b'A' => {
                let n = self.size()?;
                self.text(n, true)?
            }
            b'z' | b'Z' => {
                let n = self.byte()? as usize;
                self.text(n, true)?
            }
            b's' => {
                let n = self.size()?;
                let b = self.take(n)?;
                vm.try_new_bytes(vm.copy_of(b)?)?
            }
            b')' => {
                let n = self.byte()? as usize;
                vm.new_tuple(self.items(n)?).into()
            }
            b'(' => {
                let n = self.size()?;
                vm.try_new_tuple(self.items(n)?)?.into()
            }
            b'[' => {
                let n = self.size()?;
                vm.new_list(self.items(n)?)
            }
            tag @ (b'<' | b'>') => {
                let n = self.size()?;
                let s = if tag == b'<' {
                    vm.new_set()
                } else {
                    vm.new_frozenset()
                };
                for x in self.items(n)? {
                    vm.set_add(&s, x)?;
                }
                s.into()
            }
            b'{' => {
                let d = vm.new_dict();
                while let Some(k) = self.maybe()? {
                    let x = self.value()?;
                    vm.dict_insert(&d, k, x)?;
                }
                d.into()
            }
            b'r' => {
                let i = self.size()?;
                self.refs
                    .get(i)
                    .cloned()
                    .ok_or_else(|| vm.value_error("bad marshal data (invalid reference)"))?
            }
            b'L' => {
                let n = self.size()?;
                let file = String::from_utf8_lossy(self.take(n)?).into_owned();
                let n = self.size()?;
                let sum = self.take(4)?.to_vec();
                let bytes = self.take(n)?;
                let bad = |why: &dyn std::fmt::Display| {
                    vm.value_error(format!("bad marshal data (code object: {why})"))
                };
                if crc32(bytes, 0).to_le_bytes()[..] != sum[..] {
                    return Err(bad(&"wrong checksum"));
                }
                let code = lasti_bytecode::marshal::load(bytes, &file).map_err(|e| bad(&e))?;
                // The interpreter trusts code, so that only what is as the compiler would make it may get there.
                lasti_bytecode::verify::verify_all(&code).map_err(|flaw| bad(&flaw))?;
                vm.new_code(&code).into()
            }
            _ => return Err(vm.value_error("bad marshal data (unknown type code)")),
        };
        if let Some(i) = slot {
            self.refs[i] = v.clone();
        }
        Ok(Some(v))
    }
    fn long(&mut self) -> PyResult<Value> {
        let n = self.i32()?;
        let digits = self.take(n.unsigned_abs() as usize * 2)?;
        let mut out = IBig::ZERO;
        for d in digits.chunks_exact(2).rev() {
            out = (out << 15usize) + IBig::from(u16::from_le_bytes([d[0], d[1]]) & 0x7FFF);
        }
        Ok(self.vm.new_bigint(if n < 0 { -out } else { out }))
    }
}
