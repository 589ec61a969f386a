//! `unicodedata`: categories, numbers, normal forms, names. Without bidirectional classes and decompositions.
use crate::util::*;
use lasti_text::{unicode, wtf8};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("unicodedata");
    vm.add_value(&m, "unidata_version", vm.str_value("16.0.0"));
    vm.add_functions(&m, FUNCTIONS);
    // stringprep, and so the idna codec, asks for Unicode 3.2: the one table there is answers.
    let old = vm.new_module("unicodedata.UCD");
    for (k, v) in m.dict.items() {
        vm.add_value(&old, &vm.display(&k), v);
    }
    vm.add_value(&old, "unidata_version", vm.str_value("3.2.0"));
    vm.add_value(&m, "ucd_3_2_0", old.value());
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "category" "category($self, chr, /)\n--\n\n" category;
    "combining" "combining($self, chr, /)\n--\n\n" combining;
    "east_asian_width" "east_asian_width($self, chr, /)\n--\n\n" east_asian_width;
    "mirrored" "mirrored($self, chr, /)\n--\n\n" mirrored;
    "decimal" "decimal($self, chr, default=<unrepresentable>, /)\n--\n\n" decimal;
    "digit" "digit($self, chr, default=<unrepresentable>, /)\n--\n\n" digit;
    "numeric" "numeric($self, chr, default=<unrepresentable>, /)\n--\n\n" numeric;
    "name" "name($self, chr, default=<unrepresentable>, /)\n--\n\n" name;
    "lookup" "lookup($self, name, /)\n--\n\n" lookup;
    "normalize" "normalize($self, form, unistr, /)\n--\n\n" normalize;
    "is_normalized" "is_normalized($self, form, unistr, /)\n--\n\n" is_normalized;
    "decomposition" "decomposition($self, chr, /)\n--\n\n" decomposition;
    "bidirectional" "bidirectional($self, chr, /)\n--\n\n" bidirectional;
}

fn category(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "category")?;
    Ok(vm.str_value(unicode::category_name(char_arg(vm, c, "category")?)))
}

fn combining(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "combining")?;
    let c = char_arg(vm, c, "combining")?;
    Ok(vm.new_int(char::from_u32(c).map_or(0, canonical_combining_class) as i64))
}

fn east_asian_width(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "east_asian_width")?;
    Ok(vm.str_value(width(char_arg(vm, c, "east_asian_width")?)))
}

fn mirrored(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "mirrored")?;
    let c = char_arg(vm, c, "mirrored")?;
    Ok(Value::small_int(
        "()<>[]{}«»".chars().any(|x| x as u32 == c) as i64,
    ))
}

fn decimal(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    number(
        vm,
        a,
        "decimal",
        |c| unicode::decimal_value(c).map(f64::from),
        true,
    )
}

fn digit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    number(
        vm,
        a,
        "digit",
        |c| unicode::digit_value(c).map(f64::from),
        true,
    )
}

fn numeric(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    number(vm, a, "numeric", numeric_value, false)
}

fn name(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "name", 1, 2)?;
    let c = char_arg(vm, &pos[0], "name")?;
    match char::from_u32(c).and_then(unicode_names2::name) {
        Some(n) => Ok(vm.str_value(&n.to_string())),
        None => pos
            .get(1)
            .cloned()
            .ok_or_else(|| vm.value_error("no such name")),
    }
}

fn lookup(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "lookup")?;
    let name = text_arg(vm, name, "lookup() argument")?;
    match unicode_names2::character(&name) {
        Some(c) => Ok(vm.str_value(c.encode_utf8(&mut [0; 4]))),
        None => {
            let msg = format!("undefined character name '{name}'");
            Err(vm.new_exception(&vm.exc.key_error, msg))
        }
    }
}

fn normalize(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [form, s] = a.exactly::<2>(vm, "normalize")?;
    let form = text_arg(vm, form, "normalize() argument 1")?;
    let s = vm.expect_str(s, "normalize() argument 2")?;
    if s.is_ascii() && matches!(form.as_str(), "NFC" | "NFD" | "NFKC" | "NFKD") {
        return Ok(s.value());
    }
    Ok(vm
        .try_new_wtf8(&normalized(vm, &form, s.as_bytes())?)?
        .into())
}

fn is_normalized(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [form, s] = a.exactly::<2>(vm, "is_normalized")?;
    let form = text_arg(vm, form, "is_normalized() argument 1")?;
    let s = vm.expect_str(s, "is_normalized() argument 2")?;
    Ok(Value::bool(
        normalized(vm, &form, s.as_bytes())? == s.as_bytes(),
    ))
}

fn decomposition(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "decomposition")?;
    let c = char_arg(vm, c, "decomposition")?;
    let Some(ch) = char::from_u32(c) else {
        return Ok(vm.str_value(""));
    };
    let parts: Vec<char> = one_step(ch);
    if parts == [ch] {
        return Ok(vm.str_value(""));
    }
    let shown: Vec<String> = parts.iter().map(|c| format!("{:04X}", *c as u32)).collect();
    Ok(vm.str_value(&shown.join(" ")))
}

fn bidirectional(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "bidirectional")?;
    let c = char_arg(vm, c, "bidirectional")?;
    Ok(vm.str_value(match unicode::category_name(c) {
        _ if (0x590..0x600).contains(&c) => "R",
        _ if (0x600..0x7C0).contains(&c) => "AL",
        "Nd" => "EN",
        "Mn" | "Me" => "NSM",
        "Zs" => "WS",
        "Cn" => "",
        cat if cat.starts_with('L') => "L",
        _ => "ON",
    }))
}

fn char_arg(vm: &Vm, v: &Value, func: &str) -> PyResult<u32> {
    let Some(s) = v.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "{func}() argument must be a unicode character, not {}",
            vm.type_name_or_none(v)
        )));
    };
    let mut it = wtf8::code_points(s.as_bytes());
    match (it.next(), it.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(vm.type_error(format!(
            "{func}(): argument must be a unicode character, not a string of length {}",
            s.char_len()
        ))),
    }
}

fn number(vm: &Vm, a: Args, name: &str, f: fn(u32) -> Option<f64>, int: bool) -> PyResult<Value> {
    let pos = a.between(vm, name, 1, 2)?;
    let c = char_arg(vm, &pos[0], name)?;
    match f(c) {
        Some(x) if int => Ok(vm.new_int(x as i64)),
        Some(x) => Ok(vm.new_float(x)),
        None => pos.get(1).cloned().ok_or_else(|| {
            let what = match name {
                "decimal" => "not a decimal",
                "digit" => "not a digit",
                _ => "not a numeric character",
            };
            vm.value_error(what)
        }),
    }
}

/// Digits, the common fractions and Roman numerals.
fn numeric_value(c: u32) -> Option<f64> {
    if let Some(d) = unicode::digit_value(c) {
        return Some(d as f64);
    }
    Some(match c {
        0xBC => 0.25,
        0xBD => 0.5,
        0xBE => 0.75,
        0x2150 => 1.0 / 7.0,
        0x2151 => 1.0 / 9.0,
        0x2152 => 0.1,
        0x2153 => 1.0 / 3.0,
        0x2154 => 2.0 / 3.0,
        0x2155..=0x2158 => (c - 0x2154) as f64 / 5.0,
        0x2159 => 1.0 / 6.0,
        0x215A => 5.0 / 6.0,
        0x215B => 0.125,
        0x215C => 0.375,
        0x215D => 0.625,
        0x215E => 0.875,
        0x215F => 1.0,
        0x2160..=0x216B => (c - 0x215F) as f64,
        0x216C => 50.0,
        0x216D => 100.0,
        0x216E => 500.0,
        0x216F => 1000.0,
        0x2170..=0x217B => (c - 0x216F) as f64,
        0x217C => 50.0,
        0x217D => 100.0,
        0x217E => 500.0,
        0x217F => 1000.0,
        0x2189 => 0.0,
        0x3007 => 0.0,
        0x3021..=0x3029 => (c - 0x3020) as f64,
        0x4E00 => 1.0,
        0x4E8C => 2.0,
        0x4E09 => 3.0,
        0x56DB => 4.0,
        0x4E94 => 5.0,
        0x516D => 6.0,
        0x4E03 => 7.0,
        0x516B => 8.0,
        0x4E5D => 9.0,
        0x5341 => 10.0,
        0x767E => 100.0,
        0x5343 => 1000.0,
        _ => return None,
    })
}

fn one_step(c: char) -> Vec<char> {
    let mut out = Vec::new();
    unicode_normalization::char::decompose_canonical(c, |x| out.push(x));
    out
}

/// A normal form; surrogates stay where they are.
fn normalized(vm: &Vm, form: &str, text: &[u8]) -> PyResult<Vec<u8>> {
    // The longest decomposition of two bytes and more takes eleven times as many; a text of such is not what memory is kept for.
    vm.room(text.len().saturating_mul(6))?;
    let run = |s: &str| -> Option<String> {
        Some(match form {
            "NFC" => s.nfc().collect(),
            "NFD" => s.nfd().collect(),
            "NFKC" => s.nfkc().collect(),
            "NFKD" => s.nfkd().collect(),
            _ => return None,
        })
    };
    let bad = || vm.value_error("invalid normalization form");
    if let Ok(s) = std::str::from_utf8(text) {
        return run(s).map(String::into_bytes).ok_or_else(bad);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut piece = String::new();
    for c in wtf8::code_points(text) {
        match char::from_u32(c) {
            Some(c) => piece.push(c),
            None => {
                out.extend(
                    run(&std::mem::take(&mut piece))
                        .ok_or_else(bad)?
                        .into_bytes(),
                );
                wtf8::push(&mut out, c);
            }
        }
    }
    out.extend(run(&piece).ok_or_else(bad)?.into_bytes());
    Ok(out)
}

/// East Asian width by block: wide, full-width, half-width, narrow, else neutral or ambiguous.
fn width(c: u32) -> &'static str {
    match c {
        0x20..=0x7E | 0xA2 | 0xA3 | 0xA5 | 0xA6 | 0xAC | 0xAF => "Na",
        0xFF01..=0xFF60 | 0xFFE0..=0xFFE6 | 0x3000 => "F",
        0xFF61..=0xFFDC | 0xFFE8..=0xFFEE | 0x20A9 => "H",
        0x1100..=0x115F
        | 0x231A..=0x231B
        | 0x2329..=0x232A
        | 0x23E9..=0x23EC
        | 0x23F0
        | 0x23F3
        | 0x25FD..=0x25FE
        | 0x2614..=0x2615
        | 0x2648..=0x2653
        | 0x267F
        | 0x2693
        | 0x26A1
        | 0x26AA..=0x26AB
        | 0x26BD..=0x26BE
        | 0x26C4..=0x26C5
        | 0x26CE
        | 0x26D4
        | 0x26EA
        | 0x26F2..=0x26F3
        | 0x26F5
        | 0x26FA
        | 0x26FD
        | 0x2705
        | 0x270A..=0x270B
        | 0x2728
        | 0x274C
        | 0x274E
        | 0x2753..=0x2755
        | 0x2757
        | 0x2795..=0x2797
        | 0x27B0
        | 0x27BF
        | 0x2B1B..=0x2B1C
        | 0x2B50
        | 0x2B55
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE10..=0xFE19
        | 0xFE30..=0xFE6F
        | 0x16FE0..=0x18CFF
        | 0x1AFF0..=0x1B2FF
        | 0x1F004
        | 0x1F0CF
        | 0x1F18E
        | 0x1F191..=0x1F19A
        | 0x1F200..=0x1F320
        | 0x1F32D..=0x1F335
        | 0x1F337..=0x1F37C
        | 0x1F37E..=0x1F393
        | 0x1F3A0..=0x1F3CA
        | 0x1F3CF..=0x1F3D3
        | 0x1F3E0..=0x1F3F0
        | 0x1F3F4
        | 0x1F3F8..=0x1F43E
        | 0x1F440
        | 0x1F442..=0x1F4FC
        | 0x1F4FF..=0x1F53D
        | 0x1F54B..=0x1F54E
        | 0x1F550..=0x1F567
        | 0x1F57A
        | 0x1F595..=0x1F596
        | 0x1F5A4
        | 0x1F5FB..=0x1F64F
        | 0x1F680..=0x1F6C5
        | 0x1F6CC
        | 0x1F6D0..=0x1F6D2
        | 0x1F6D5..=0x1F6D7
        | 0x1F6DC..=0x1F6DF
        | 0x1F6EB..=0x1F6EC
        | 0x1F6F4..=0x1F6FC
        | 0x1F7E0..=0x1F7EB
        | 0x1F90C..=0x1F93A
        | 0x1F93C..=0x1F945
        | 0x1F947..=0x1F9FF
        | 0x1FA70..=0x1FAFF
        | 0x20000..=0x3FFFD => "W",
        0xA1
        | 0xA4
        | 0xA7..=0xA8
        | 0xAA
        | 0xAD..=0xAE
        | 0xB0..=0xB4
        | 0xB6..=0xBA
        | 0xBC..=0xBF
        | 0xC6
        | 0xD0
        | 0xD7..=0xD8
        | 0xDE..=0xE1
        | 0xE6
        | 0xE8..=0xEA
        | 0xEC..=0xED
        | 0xF0
        | 0xF2..=0xF3
        | 0xF7..=0xFA
        | 0xFC
        | 0xFE
        | 0x391..=0x3A9
        | 0x3B1..=0x3C9
        | 0x401
        | 0x410..=0x44F
        | 0x451
        | 0x2010
        | 0x2013..=0x2016
        | 0x2018..=0x2019
        | 0x201C..=0x201D
        | 0x2020..=0x2022
        | 0x2024..=0x2027
        | 0x2030
        | 0x2500..=0x254B
        | 0xE000..=0xF8FF => "A",
        _ => "N",
    }
}
