//! `str.format`, `str.format_map` and `str.__format__` (CPython's stringlib/unicode_format.h).
use super::str::this;
use super::util::{OrRaise, text};
use lasti_core::memory::Value;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::str_format::{
    Access, AutoNumber, Field, First, Parser, Piece, split_name, too_deep, unknown_conversion,
};

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.str;
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "format" "format($self, /, *args, **kwargs)\n--\n\nReturn a formatted version of the string, using substitutions from args and kwargs." format;
    "format_map" "format_map($self, mapping, /)\n--\n\nReturn a formatted version of the string, using substitutions from mapping." format_map;
    "__format__" "__format__($self, format_spec, /)\n--\n\nReturn a formatted version of the string as described by format_spec." format_method;
}

fn format(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let out = expand(
        vm,
        this(vm, v)?.as_bytes(),
        &Fields::Args(a),
        &mut AutoNumber::default(),
        2,
    )?;
    text(vm, out)
}

fn format_map(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [mapping] = a.exactly::<1>(vm, "str.format_map")?;
    let out = expand(
        vm,
        this(vm, v)?.as_bytes(),
        &Fields::Map(mapping),
        &mut AutoNumber::default(),
        2,
    )?;
    text(vm, out)
}

fn format_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let spec = super::str::format_spec_arg(vm, a)?;
    if spec.is_empty() {
        return Ok(vm.str_of(v)?.into());
    }
    vm.room(this(vm, v)?.byte_len() * 2)?;
    text(
        vm,
        lasti_text::format_spec::format_str(this(vm, v)?.as_bytes(), spec.as_bytes())
            .or_raise(vm)?,
    )
}

/// Where field values come from.
enum Fields<'a> {
    Args(Args<'a>),
    Map(&'a Value),
}

impl Fields<'_> {
    fn positional(&self, vm: &Vm, i: usize) -> PyResult<Value> {
        match self {
            Fields::Map(_) => Err(vm.value_error("Format string contains positional fields")),
            Fields::Args(a) => a.get(i).cloned().ok_or_else(|| {
                vm.index_error(format!(
                    "Replacement index {i} out of range for positional args tuple"
                ))
            }),
        }
    }
    fn named(&self, vm: &Vm, name: &[u8]) -> PyResult<Value> {
        let key = vm.new_wtf8(name).into();
        match self {
            Fields::Map(m) => vm.getitem(m, &key),
            Fields::Args(a) => {
                let at = a
                    .names
                    .iter()
                    .position(|n| n.downcast::<Str>().is_some_and(|s| s.as_bytes() == name));
                at.and_then(|i| a.kw.get(i))
                    .cloned()
                    .ok_or_else(|| vm.key_error(&key))
            }
        }
    }
}

fn expand(
    vm: &Vm,
    format: &[u8],
    fields: &Fields,
    auto: &mut AutoNumber,
    depth: u32,
) -> PyResult<Vec<u8>> {
    if depth == 0 {
        return too_deep_error(vm);
    }
    let mut out = vm.try_vec(format.len())?;
    for piece in Parser::new(format) {
        match piece.or_raise(vm)? {
            Piece::Literal(l) => vm.extend(&mut out, l)?,
            Piece::Field(f) => field(vm, &f, fields, auto, depth, &mut out)?,
        }
    }
    Ok(out)
}

fn too_deep_error<T>(vm: &Vm) -> PyResult<T> {
    Err(too_deep()).or_raise(vm)
}

fn field(
    vm: &Vm,
    f: &Field,
    fields: &Fields,
    auto: &mut AutoNumber,
    depth: u32,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    let mut v = lookup(vm, f.name, fields, auto)?;
    match f.conversion.map(char::from_u32) {
        None => {}
        Some(Some('r')) => v = vm.repr(&v)?.into(),
        Some(Some('s')) => v = vm.str_of(&v)?.into(),
        Some(Some('a')) => v = vm.ascii(&v)?,
        Some(_) => return Err(unknown_conversion(f.conversion.unwrap_or_default())).or_raise(vm),
    }
    let spec = if f.nested {
        vm.new_wtf8(&expand(vm, f.spec, fields, auto, depth - 1)?)
    } else {
        vm.new_wtf8(f.spec)
    };
    if spec.is_empty()
        && let Some(s) = v.as_ref::<Str>()
        && s.class().is(&vm.types.str)
    {
        return vm.extend(out, s.as_bytes());
    }
    let shown = vm.format(&v, spec.as_value())?;
    if let Some(s) = shown.downcast::<Str>() {
        vm.extend(out, s.as_bytes())?;
    }
    Ok(())
}

fn lookup(vm: &Vm, name: &[u8], fields: &Fields, auto: &mut AutoNumber) -> PyResult<Value> {
    let (first, accesses) = split_name(name).or_raise(vm)?;
    let first_name = match first {
        First::Name(n) => n,
        _ => b"",
    };
    let mut v = match auto.resolve(first).or_raise(vm)? {
        Some(i) => fields.positional(vm, i)?,
        None => fields.named(vm, first_name)?,
    };
    for access in accesses {
        v = match access.or_raise(vm)? {
            Access::Attribute(a) => vm.getattr(&v, &vm.intern_wtf8(a))?,
            Access::Index(i) => vm.getitem(&v, &vm.new_int(i as i64))?,
            Access::Key(k) => vm.getitem(&v, &vm.new_wtf8(k).into())?,
        };
    }
    Ok(v)
}
