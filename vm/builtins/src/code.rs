//! Code objects as Python sees them: 3.8's fields, with 3.14's beside them.
use lasti_bytecode::code::{CodeData, Const, Wtf8};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::sync::Arc;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.code;
    t.slots.repr.set(Some(|vm, v| {
        let c = loaded(vm, v)?;
        Ok(vm.str_value(&format!(
            "<code object {} at {:#x}, file \"{}\", line {}>",
            c.name.to_string_lossy(),
            vm.id(v),
            c.filename.to_string_lossy(),
            c.firstlineno
        )))
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<Code>(), b.downcast::<Code>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        vm.load_code(x);
        vm.load_code(y);
        let same = a.is(b) || same_code(vm, x, y)?;
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }));
    t.slots.hash.set(Some(|vm, v| {
        let c = loaded(vm, v)?;
        Ok(vm.hash_keys.hash_bytes(&c.data().code) ^ c.name.hash_with(&vm.hash_keys))
    }));
    macro_rules! ints {
        ($($name:literal $field:ident;)*) => {
            $(vm.getset(t, $name, |vm, v| Ok(vm.new_int(vm.this::<Code>(v)?.$field as i64)), None);)*
        };
    }
    ints! {
        "co_argcount" argcount; "co_posonlyargcount" posonlyargcount; "co_kwonlyargcount" kwonlyargcount;
        "co_stacksize" stacksize; "co_flags" flags; "co_firstlineno" firstlineno;
    }
    vm.getset(
        t,
        "co_nlocals",
        |vm, v| Ok(vm.new_int(vm.this::<Code>(v)?.nlocals as i64)),
        None,
    );
    vm.getset(
        t,
        "co_code",
        |vm, v| vm.try_new_bytes(vm.this::<Code>(v)?.data().code.clone()),
        None,
    );
    vm.getset(
        t,
        "_co_code_adaptive",
        |vm, v| vm.try_new_bytes(vm.this::<Code>(v)?.data().code.clone()),
        None,
    );
    vm.getset(
        t,
        "co_lnotab",
        |vm, v| vm.try_new_bytes(vm.this::<Code>(v)?.data().lnotab.clone()),
        None,
    );
    vm.getset(
        t,
        "co_linetable",
        |vm, v| vm.try_new_bytes(vm.this::<Code>(v)?.data().lnotab.clone()),
        None,
    );
    vm.getset(
        t,
        "co_exceptiontable",
        |vm, _| vm.try_new_bytes(Vec::new()),
        None,
    );
    vm.getset(
        t,
        "co_name",
        |vm, v| Ok(vm.this::<Code>(v)?.name.value()),
        None,
    );
    vm.getset(
        t,
        "co_qualname",
        |vm, v| Ok(vm.this::<Code>(v)?.qualname.value()),
        None,
    );
    vm.getset(
        t,
        "co_filename",
        |vm, v| Ok(vm.this::<Code>(v)?.filename.value()),
        None,
    );
    vm.getset(
        t,
        "co_consts",
        |vm, v| {
            let c = loaded(vm, v)?;
            if c.const_tuple.is_none() {
                c.const_tuple.set(Some(vm.new_tuple(c.consts.to_vec())));
            }
            Ok(c.const_tuple.value())
        },
        None,
    );
    vm.getset(
        t,
        "co_names",
        |vm, v| {
            let c = loaded(vm, v)?;
            Ok(strings(vm, c, 0, &c.names))
        },
        None,
    );
    vm.getset(
        t,
        "co_varnames",
        |vm, v| {
            let c = loaded(vm, v)?;
            Ok(strings(vm, c, 1, &c.varnames[..c.nlocals as usize]))
        },
        None,
    );
    vm.getset(
        t,
        "co_cellvars",
        |vm, v| {
            let c = loaded(vm, v)?;
            let from = c.nlocals as usize;
            Ok(strings(
                vm,
                c,
                2,
                &c.varnames[from..from + c.ncells as usize],
            ))
        },
        None,
    );
    vm.getset(
        t,
        "co_freevars",
        |vm, v| {
            let c = loaded(vm, v)?;
            Ok(strings(
                vm,
                c,
                3,
                &c.varnames[(c.nlocals + c.ncells) as usize..],
            ))
        },
        None,
    );
    vm.method(t, "co_lines", "co_lines($self, /)\n--\n\n", |vm, v, _| {
        let c = loaded(vm, v)?;
        let rows = line_ranges(c).into_iter().map(|(start, end, line)| {
            vm.tuple_value([
                vm.new_int(start as i64),
                vm.new_int(end as i64),
                vm.new_int(line as i64),
            ])
        });
        let rows = vm.new_list(rows.collect());
        vm.iter(&rows)
    });
    vm.method(
        t,
        "co_positions",
        "co_positions($self, /)\n--\n\n",
        |vm, v, _| {
            let c = loaded(vm, v)?;
            let n = c.data().code.len() / 2;
            let positions = c.data().positions.unpack(n);
            let rows = (0..n).map(|i| match positions.get(i) {
                Some(p) if p.line > 0 => vm.tuple_value(
                    [p.line, p.end_line, p.col, p.end_col].map(|x| vm.new_int(x as i64)),
                ),
                _ => vm.tuple_value([
                    vm.new_int(c.line_of(i) as i64),
                    Value::NONE,
                    Value::NONE,
                    Value::NONE,
                ]),
            });
            let rows = vm.new_list(rows.collect());
            vm.iter(&rows)
        },
    );
    vm.method(
        t,
        "replace",
        "replace($self, /, **changes)\n--\n\n",
        replace,
    );
    vm.method(t, "__replace__", "", replace);
    vm.method(t, "_varname_from_oparg", "", |vm, v, a| {
        let [i] = a.exactly::<1>(vm, "_varname_from_oparg")?;
        let i = vm.to_i64(i)?;
        let c = loaded(vm, v)?;
        match usize::try_from(i).ok().and_then(|i| c.varnames.get(i)) {
            Some(n) => Ok(n.value()),
            None => Err(vm.index_error("tuple index out of range")),
        }
    });
}

/// A code object with its body there.
fn loaded<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Code> {
    let c = vm.this::<Code>(v)?;
    vm.load_code(c);
    Ok(c)
}

fn strings(vm: &Vm, c: &Code, which: usize, names: &[Ref<Str>]) -> Value {
    if c.tuples[which].is_none() {
        let t = vm.new_tuple(names.iter().map(|n| n.value()).collect::<Vec<_>>());
        c.tuples[which].set(Some(t));
    }
    c.tuples[which].value()
}

/// Byte ranges with one line each, as `co_lines` gives them.
fn line_ranges(c: &Code) -> Vec<(usize, usize, u32)> {
    let units = c.data().code.len() / 2;
    let mut out: Vec<(usize, usize, u32)> = Vec::new();
    for i in 0..units {
        let line = c.line_of(i);
        match out.last_mut() {
            Some(last) if last.2 == line => last.1 = (i + 1) * 2,
            _ => out.push((i * 2, (i + 1) * 2, line)),
        }
    }
    out
}

fn same_code(vm: &Vm, x: &Code, y: &Code) -> PyResult<bool> {
    let (a, b) = (x.data(), y.data());
    let plain = a.code == b.code
        && a.name == b.name
        && a.names == b.names
        && a.varnames == b.varnames
        && a.cellvars == b.cellvars
        && a.freevars == b.freevars
        && a.flags == b.flags
        && a.argcount == b.argcount
        && a.posonlyargcount == b.posonlyargcount
        && a.kwonlyargcount == b.kwonlyargcount
        && a.firstlineno == b.firstlineno
        && x.consts.len() == y.consts.len();
    if !plain {
        return Ok(false);
    }
    for (c, d) in x.consts.iter().zip(y.consts.iter()) {
        if !vm.type_of(c).is(vm.type_of(d)) || !vm.same(c, d)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `code.replace(**changes)`. Fields that decide how the code runs are taken as they are given only when the result stays
/// well formed: name, file, line, flags, constants of the same number, and names of the same number.
fn replace(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    if !args.pos.is_empty() {
        return Err(vm.type_error(format!(
            "replace() takes 0 positional arguments but {} was given",
            args.pos.len()
        )));
    }
    let c = loaded(vm, this)?;
    let mut d: CodeData = (**c.data()).clone();
    for (name, v) in args.names.iter().zip(args.kw) {
        let name = vm.display(name);
        let text = |v: &Value| {
            vm.expect_str(v, &name)
                .map(|s| s.to_string_lossy().into_owned())
        };
        let list = |v: &Value| -> PyResult<Box<[Box<str>]>> {
            vm.collect(v)?
                .iter()
                .map(|v| text(v).map(String::into_boxed_str))
                .collect()
        };
        match &name[..] {
            "co_name" => d.name = text(v)?.into(),
            "co_qualname" => d.qualname = text(v)?.into(),
            "co_filename" => d.filename = text(v)?.into(),
            "co_firstlineno" => d.firstlineno = vm.to_i64(v)?.max(0) as u32,
            "co_flags" => {
                let new = vm.to_i64(v)? as u32;
                let fixed =
                    lasti_bytecode::code::flags::VARARGS | lasti_bytecode::code::flags::VARKEYWORDS;
                if (new ^ d.flags) & fixed != 0 {
                    return Err(vm.value_error("code: flags do not fit the variable names"));
                }
                d.flags = new;
            }
            "co_consts" => {
                let items = vm.collect(v)?;
                if items.len() < d.consts.len() {
                    return Err(vm.value_error("code: co_consts is too small"));
                }
                d.consts = items
                    .iter()
                    .map(|v| to_const(vm, v))
                    .collect::<PyResult<_>>()?;
            }
            "co_names" => {
                let new = list(v)?;
                if new.len() < d.names.len() {
                    return Err(vm.value_error("code: co_names is too small"));
                }
                d.names = new;
            }
            "co_varnames" => {
                let new = list(v)?;
                if new.len() != d.varnames.len() {
                    return Err(vm.value_error("code: co_varnames has the wrong size"));
                }
                d.varnames = new;
            }
            "co_code" if vm.buffer(v)? == *d.code => {}
            "co_code" | "co_stacksize" | "co_argcount" | "co_posonlyargcount"
            | "co_kwonlyargcount" | "co_nlocals" | "co_cellvars" | "co_freevars"
            | "co_linetable" | "co_exceptiontable" | "co_lnotab" => {
                return Err(vm.not_implemented_error(format!("code.replace({name}=...)")));
            }
            _ => {
                return Err(vm.type_error(format!(
                    "replace() got an unexpected keyword argument '{name}'"
                )));
            }
        }
    }
    Ok(vm.new_code(&Arc::new(d)).into())
}

/// A Python constant as the compiler's plain data.
pub(crate) fn to_const(vm: &Vm, v: &Value) -> PyResult<Const> {
    vm.guard_native_stack("")?;
    if v.is_none() {
        return Ok(Const::None);
    }
    if let Some(b) = v.as_bool() {
        return Ok(if b { Const::True } else { Const::False });
    }
    if let Some(i) = v.as_small_int() {
        return Ok(Const::Int(i));
    }
    if let Some(f) = vm.exact_float(v) {
        return Ok(Const::Float(f));
    }
    if v.is(&Value::ELLIPSIS) {
        return Ok(Const::Ellipsis);
    }
    if let Some(s) = v.downcast::<Str>() {
        return Ok(Const::Str(Wtf8(s.as_bytes().into())));
    }
    if let Some(b) = v.downcast::<Bytes>() {
        return Ok(Const::Bytes(b.data.clone()));
    }
    if let Some(i) = v.downcast::<Int>() {
        let (sign, magnitude) = i.0.clone().into_parts();
        return Ok(Const::BigInt(
            sign == dashu_int::Sign::Negative,
            magnitude.to_le_bytes(),
        ));
    }
    if let Some(c) = v.downcast::<Complex>() {
        return Ok(Const::Complex(c.0, c.1));
    }
    if let Some(t) = v.downcast::<Tuple>() {
        return Ok(Const::Tuple(
            t.iter().map(|x| to_const(vm, x)).collect::<PyResult<_>>()?,
        ));
    }
    if let Some(s) = v.downcast::<Set>() {
        return Ok(Const::FrozenSet(
            s.to_vec()
                .iter()
                .map(|x| to_const(vm, x))
                .collect::<PyResult<_>>()?,
        ));
    }
    if let Some(c) = v.downcast::<Code>() {
        return Ok(Const::Code(c.data().clone()));
    }
    Err(vm.type_error(format!(
        "got an invalid type in Constant: {}",
        vm.type_name(v)
    )))
}
