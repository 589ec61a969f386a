//! `_string`: what `string.Formatter` is built on (CPython's Objects/stringlib/unicode_format.h).
use crate::util::*;
use lasti_text::str_format::{Access, First, Pair, Parser, split_name};

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_string");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "formatter_parser" "formatter_parser($self, object, /)\n--\n\n" formatter_parser;
    "formatter_field_name_split" "formatter_field_name_split($self, object, /)\n--\n\n" formatter_field_name_split;
}

fn formatter_parser(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "formatter_parser")?;
    let s = vm.expect_str(s, "expected str")?;
    let mut out = Vec::new();
    let mut parser = Parser::new(s.as_bytes());
    while let Some(pair) = parser.next_pair() {
        let pair = pair.map_err(|e| vm.text_error(e))?;
        out.push(pair_tuple(vm, pair));
    }
    let list = vm.new_list(out);
    vm.iter(&list)
}

fn formatter_field_name_split(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "formatter_field_name_split")?;
    let s = vm.expect_str(s, "expected str")?;
    let (first, rest) = split_name(s.as_bytes()).map_err(|e| vm.text_error(e))?;
    let first = match first {
        First::Index(i) => vm.new_int(i as i64),
        First::Name(n) => vm.new_wtf8(n).into(),
        First::Auto => vm.str_value(""),
    };
    let mut parts = Vec::new();
    for access in rest {
        let access = access.map_err(|e| vm.text_error(e))?;
        parts.push(match access {
            Access::Attribute(n) => vm.tuple_value([Value::TRUE, vm.new_wtf8(n).into()]),
            Access::Index(i) => vm.tuple_value([Value::FALSE, vm.new_int(i as i64)]),
            Access::Key(k) => vm.tuple_value([Value::FALSE, vm.new_wtf8(k).into()]),
        });
    }
    let list = vm.new_list(parts);
    Ok(vm.tuple_value([first, vm.iter(&list)?]))
}

/// (literal, field name, format spec, conversion); the last three are None when no field follows.
fn pair_tuple(vm: &Vm, (literal, field): Pair) -> Value {
    let text = |b: &[u8]| -> Value { vm.new_wtf8(b).into() };
    match field {
        None => vm.tuple_value([text(literal), Value::NONE, Value::NONE, Value::NONE]),
        Some(f) => {
            let conversion = f
                .conversion
                .map_or(Value::NONE, |cp| text(&lasti_text::wtf8::encode(cp)));
            vm.tuple_value([text(literal), text(f.name), text(f.spec), conversion])
        }
    }
}
