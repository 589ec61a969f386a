//! `binascii` (CPython's Modules/binascii.c).
use crate::util::*;
use lasti_text::IBig;

const B64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn error(vm: &Vm, msg: &str) -> Exc {
    module_error(vm, "binascii.Error", &vm.exc.value_error, msg)
}

/// Bytes of a bytes-like object or an ASCII string.
fn ascii_arg(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    match v.downcast::<Str>() {
        Some(s) if s.is_ascii() => vm.copy_of(s.as_bytes()),
        Some(_) => Err(vm.value_error("string argument should contain only ASCII characters")),
        None => vm.buffer(v).map_err(|_| {
            vm.type_error(format!(
                "argument should be bytes, buffer or ASCII string, not '{}'",
                vm.type_name(v)
            ))
        }),
    }
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("binascii");
    vm.add_value(
        &m,
        "Error",
        exception_class(vm, "binascii.Error", &vm.exc.value_error)?,
    );
    vm.add_value(
        &m,
        "Incomplete",
        exception_class(vm, "binascii.Incomplete", &vm.exc.exception)?,
    );
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "hexlify" "hexlify($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\n" hexlify;
    "b2a_hex" "b2a_hex($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\n" hexlify;
    "unhexlify" "unhexlify($module, hexstr, /)\n--\n\n" unhexlify;
    "a2b_hex" "a2b_hex($module, hexstr, /)\n--\n\n" unhexlify;
    "b2a_base64" "b2a_base64($module, data, /, *, newline=True)\n--\n\n" b2a_base64;
    "a2b_base64" "a2b_base64($module, data, /, *, strict_mode=False)\n--\n\n" a2b_base64;
    "crc32" "crc32($module, data, crc=0, /)\n--\n\n" crc32_function;
    "crc_hqx" "crc_hqx($module, data, crc, /)\n--\n\n" crc_hqx;
    "a2b_qp" "a2b_qp($module, /, data, header=False)\n--\n\n" a2b_qp;
    "b2a_qp" "b2a_qp($module, /, data, quotetabs=False, istext=True, header=False)\n--\n\n" b2a_qp;
    "a2b_uu" "a2b_uu($module, data, /)\n--\n\n" a2b_uu;
    "b2a_uu" "b2a_uu($module, data, /, *, backtick=False)\n--\n\n" b2a_uu;
}

fn b2a_base64(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, newline] = a.bind(vm, "b2a_base64", ["data", "*newline"], 1)?;
    let none = Value::NONE;
    let data = vm.buffer(data.unwrap_or(&none))?;
    vm.room(data.len().div_ceil(3).saturating_mul(4))?;
    let mut out = encode_base64(&data);
    if newline.map_or(Ok(true), |n| vm.is_true(n))? {
        out.push(b'\n');
    }
    vm.try_new_bytes(out)
}

fn a2b_base64(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, strict] = a.bind(vm, "a2b_base64", ["data", "*strict_mode"], 1)?;
    let none = Value::NONE;
    let data = ascii_arg(vm, data.unwrap_or(&none))?;
    let strict = strict.map_or(Ok(false), |n| vm.is_true(n))?;
    vm.try_new_bytes(decode_base64(vm, &data, strict)?)
}

fn crc32_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "crc32", 1, 2)?;
    let data = vm.buffer(&pos[0])?;
    let start = pos.get(1).map_or(Ok(0), |v| start_of(vm, v))?;
    Ok(vm.new_int(crc32(&data, start) as i64))
}

/// Where a checksum goes on: the low bits of an int of any size.
pub(crate) fn start_of(vm: &Vm, v: &Value) -> PyResult<u32> {
    let low = vm.to_bigint(v)? & IBig::from(u32::MAX);
    Ok(u32::try_from(&low).unwrap_or_default())
}

fn crc_hqx(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, crc] = a.exactly::<2>(vm, "crc_hqx")?;
    let mut crc = vm.to_i64(crc)? as u16;
    for b in vm.buffer(data)? {
        crc ^= (b as u16) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 {
                (crc << 1) ^ 0x1021
            } else {
                crc << 1
            };
        }
    }
    Ok(vm.new_int(crc as i64))
}

fn a2b_qp(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, header] = a.bind(vm, "a2b_qp", ["data", "header"], 1)?;
    let none = Value::NONE;
    let data = ascii_arg(vm, data.unwrap_or(&none))?;
    vm.room(data.len())?;
    vm.try_new_bytes(decode_qp(
        &data,
        header.map_or(Ok(false), |h| vm.is_true(h))?,
    ))
}

fn b2a_qp(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, tabs, text, header] =
        a.bind(vm, "b2a_qp", ["data", "quotetabs", "istext", "header"], 1)?;
    let none = Value::NONE;
    let flag = |v: Option<&Value>, d: bool| v.map_or(Ok(d), |v| vm.is_true(v));
    let data = vm.buffer(data.unwrap_or(&none))?;
    // Three bytes for one, line ends, and a vector that grows to that.
    vm.room(data.len().saturating_mul(8))?;
    vm.try_new_bytes(encode_qp(
        &data,
        flag(tabs, false)?,
        flag(text, true)?,
        flag(header, false)?,
    ))
}

fn a2b_uu(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "a2b_uu")?;
    decode_uu(vm, &ascii_arg(vm, data)?)
}

fn b2a_uu(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, backtick] = a.bind(vm, "b2a_uu", ["data", "*backtick"], 1)?;
    let none = Value::NONE;
    let data = vm.buffer(data.unwrap_or(&none))?;
    let zero = if backtick.map_or(Ok(false), |b| vm.is_true(b))? {
        b'`'
    } else {
        b' '
    };
    if data.len() > 45 {
        return Err(error(vm, "At most 45 bytes at once"));
    }
    let ch = |v: u8| if v & 63 == 0 { zero } else { (v & 63) + 32 };
    let mut out = vec![ch(data.len() as u8)];
    for c in data.chunks(3) {
        let (x, y, z) = (
            c[0],
            c.get(1).copied().unwrap_or(0),
            c.get(2).copied().unwrap_or(0),
        );
        out.extend([
            ch(x >> 2),
            ch((x << 4) | (y >> 4)),
            ch((y << 2) | (z >> 6)),
            ch(z),
        ]);
    }
    out.push(b'\n');
    vm.try_new_bytes(out)
}

fn hexlify(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, sep, every] = a.bind(vm, "hexlify", ["data", "sep", "bytes_per_sep"], 1)?;
    let none = Value::NONE;
    let data = vm.buffer(data.unwrap_or(&none))?;
    let every = every.map_or(Ok(1), |v| vm.to_i64(v))?;
    let sep = match sep {
        Some(s) => {
            let s = ascii_arg(vm, s)?;
            match s[..] {
                [c] => Some(c),
                _ => return Err(vm.value_error("sep must be length 1.")),
            }
        }
        None => None,
    };
    let n = every.unsigned_abs() as usize;
    let each = if sep.is_some() { 3 } else { 2 };
    let mut out = vm.try_vec(data.len().saturating_mul(each))?;
    for (i, b) in data.iter().enumerate() {
        if let Some(c) = sep
            && n > 0
            && i > 0
        {
            let at = if every > 0 {
                (data.len() - i) % n == 0
            } else {
                i % n == 0
            };
            if at {
                out.push(c);
            }
        }
        out.extend([HEX[(b >> 4) as usize], HEX[(b & 15) as usize]]);
    }
    vm.try_new_bytes(out)
}
const HEX: &[u8; 16] = b"0123456789abcdef";

fn unhexlify(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "unhexlify")?;
    let data = ascii_arg(vm, data)?;
    if data.len() % 2 != 0 {
        return Err(error(vm, "Odd-length string"));
    }
    let mut out = vm.try_vec(data.len() / 2)?;
    for pair in data.chunks_exact(2) {
        match (
            (pair[0] as char).to_digit(16),
            (pair[1] as char).to_digit(16),
        ) {
            (Some(x), Some(y)) => out.push((x * 16 + y) as u8),
            _ => return Err(error(vm, "Non-hexadecimal digit found")),
        }
    }
    vm.try_new_bytes(out)
}

pub(crate) fn encode_base64(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    for c in data.chunks(3) {
        let n = (c[0] as u32) << 16
            | (c.get(1).copied().unwrap_or(0) as u32) << 8
            | c.get(2).copied().unwrap_or(0) as u32;
        let digit = |shift: u32| B64[(n >> shift & 63) as usize];
        out.push(digit(18));
        out.push(digit(12));
        out.push(if c.len() > 1 { digit(6) } else { b'=' });
        out.push(if c.len() > 2 { digit(0) } else { b'=' });
    }
    out
}

fn decode_base64(vm: &Vm, data: &[u8], strict: bool) -> PyResult<Vec<u8>> {
    let mut out = vm.try_vec(data.len() / 4 * 3 + 3)?;
    let (mut quad, mut pads, mut left) = (0u32, 0u32, 0u32);
    let mut done = false;
    let mut digits = 0usize;
    if strict && data.first() == Some(&b'=') {
        return Err(error(vm, "Leading padding not allowed"));
    }
    for (i, &c) in data.iter().enumerate() {
        if c == b'=' {
            pads += 1;
            if quad >= 2 && quad + pads >= 4 {
                if strict && i + 1 < data.len() {
                    return Err(error(vm, "Excess data after padding"));
                }
                done = true;
                break;
            }
            if strict && quad == 0 {
                return Err(error(
                    vm,
                    if digits > 0 {
                        "Excess data after padding"
                    } else {
                        "Leading padding not allowed"
                    },
                ));
            }
            continue;
        }
        let Some(v) = B64.iter().position(|b| *b == c) else {
            if strict {
                return Err(error(vm, "Only base64 data is allowed"));
            }
            continue;
        };
        if strict && pads > 0 {
            return Err(error(vm, "Discontinuous padding not allowed"));
        }
        pads = 0;
        digits += 1;
        let v = v as u32;
        match quad {
            0 => {
                quad = 1;
                left = v;
            }
            1 => {
                quad = 2;
                out.push((left << 2 | v >> 4) as u8);
                left = v & 15;
            }
            2 => {
                quad = 3;
                out.push((left << 4 | v >> 2) as u8);
                left = v & 3;
            }
            _ => {
                quad = 0;
                out.push((left << 6 | v) as u8);
                left = 0;
            }
        }
    }
    if quad != 0 && !done {
        if quad == 1 {
            let msg = format!(
                "Invalid base64-encoded string: number of data characters ({digits}) cannot be 1 more than a multiple of 4"
            );
            return Err(error(vm, &msg));
        }
        return Err(error(vm, "Incorrect padding"));
    }
    Ok(out)
}

/// CRC-32 (polynomial 0xEDB88320), going on from `crc`.
pub(crate) fn crc32(data: &[u8], crc: u32) -> u32 {
    const TABLE: [u32; 256] = {
        let mut t = [0u32; 256];
        let mut i = 0;
        while i < 256 {
            let mut c = i as u32;
            let mut k = 0;
            while k < 8 {
                c = if c & 1 != 0 {
                    0xEDB8_8320 ^ (c >> 1)
                } else {
                    c >> 1
                };
                k += 1;
            }
            t[i] = c;
            i += 1;
        }
        t
    };
    !data.iter().fold(!crc, |c, b| {
        TABLE[((c ^ *b as u32) & 0xFF) as usize] ^ (c >> 8)
    })
}

fn decode_qp(data: &[u8], header: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut i = 0;
    while i < data.len() {
        match data[i] {
            b'=' => {
                i += 1;
                match (data.get(i), data.get(i + 1)) {
                    (None, _) => break,
                    (Some(b'\n' | b'\r'), _) => {
                        while i < data.len() && data[i] != b'\n' {
                            i += 1;
                        }
                        i += 1;
                    }
                    (Some(b'='), _) => {
                        out.push(b'=');
                        i += 1;
                    }
                    (Some(x), Some(y)) => {
                        match ((*x as char).to_digit(16), (*y as char).to_digit(16)) {
                            (Some(x), Some(y)) => {
                                out.push((x * 16 + y) as u8);
                                i += 2;
                            }
                            _ => out.push(b'='),
                        }
                    }
                    _ => out.push(b'='),
                }
            }
            b'_' if header => {
                out.push(b' ');
                i += 1;
            }
            c => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

fn encode_qp(data: &[u8], tabs: bool, text: bool, header: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = 0;
    let crlf = data
        .iter()
        .position(|b| *b == b'\n')
        .is_some_and(|i| i > 0 && data[i - 1] == b'\r');
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let mut i = 0;
    while i < data.len() {
        let c = data[i];
        let next = data.get(i + 1).copied();
        let at_end = matches!(next, None | Some(b'\n'))
            || (next == Some(b'\r') && data.get(i + 2) == Some(&b'\n'));
        let quoted = c > 126
            || c == b'='
            || (header && c == b'_')
            || (c == b'.'
                && line == 0
                && (next.is_none() || matches!(next, Some(b'\n' | b'\r' | 0))))
            || (!text && (c == b'\r' || c == b'\n'))
            || ((c == b' ' || c == b'\t') && (next.is_none() || at_end))
            || (c < 33 && !matches!(c, b'\r' | b'\n' | b'\t' | b' '))
            || (c < 33 && (tabs && matches!(c, b'\t' | b' ')));
        if quoted {
            if line + 3 >= 76 {
                out.push(b'=');
                out.extend_from_slice(end);
                line = 0;
            }
            out.extend_from_slice(format!("={c:02X}").as_bytes());
            line += 3;
            i += 1;
            continue;
        }
        if text && (c == b'\n' || (c == b'\r' && next == Some(b'\n'))) {
            line = 0;
            out.extend_from_slice(end);
            i += if c == b'\r' { 2 } else { 1 };
            continue;
        }
        if !matches!(next, None | Some(b'\n')) && line + 1 >= 76 {
            out.push(b'=');
            out.extend_from_slice(end);
            line = 0;
        }
        line += 1;
        out.push(if header && c == b' ' { b'_' } else { c });
        i += 1;
    }
    out
}

fn decode_uu(vm: &Vm, data: &[u8]) -> PyResult<Value> {
    let Some((&first, rest)) = data.split_first() else {
        return vm.try_new_bytes([]);
    };
    let want = ((first.wrapping_sub(32)) & 63) as usize;
    let mut out = Vec::with_capacity(want);
    let (mut bits, mut acc) = (0, 0u32);
    let mut it = rest.iter();
    while out.len() < want {
        let v = match it.next() {
            None | Some(b'\n' | b'\r') => 0,
            Some(c @ 32..=96) => ((c - 32) & 63) as u32,
            Some(_) => return Err(error(vm, "Illegal char")),
        };
        acc = acc << 6 | v;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((acc >> bits) as u8);
            acc &= (1 << bits) - 1;
        }
    }
    if it.any(|c| !matches!(c, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error(vm, "Trailing garbage"));
    }
    vm.try_new_bytes(out)
}
