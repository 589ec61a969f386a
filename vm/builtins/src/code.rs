//! Code objects as Python sees them: 3.8's fields, with 3.14's beside them.
use lasti_bytecode::code::{CodeData, Const, Wtf8};
use lasti_bytecode::verify::{STACK_TOO_SMALL, verify};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::sync::Arc;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.code;
    t.slots.new.set(Some(code_new));
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
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "co_lines" "co_lines($self, /)\n--\n\n" co_lines;
    "co_positions" "co_positions($self, /)\n--\n\n" co_positions;
    "replace" "replace($self, /, **changes)\n--\n\n" replace;
    "__replace__" "__replace__($self, /, **changes)\n--\n\n" replace;
    "_varname_from_oparg" "_varname_from_oparg($self, /, oparg)\n--\n\n" varname_from_oparg;
}

fn co_lines(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
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
}

fn co_positions(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = loaded(vm, v)?;
    let n = c.data().code.len() / 2;
    let positions = c.data().positions.unpack(n);
    let rows = (0..n).map(|i| match positions.get(i) {
        Some(p) if p.line > 0 => {
            vm.tuple_value([p.line, p.end_line, p.col, p.end_col].map(|x| vm.new_int(x as i64)))
        }
        _ => vm.tuple_value([
            vm.new_int(c.line_of(i) as i64),
            Value::NONE,
            Value::NONE,
            Value::NONE,
        ]),
    });
    let rows = vm.new_list(rows.collect());
    vm.iter(&rows)
}

fn varname_from_oparg(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [i] = a.exactly::<1>(vm, "_varname_from_oparg")?;
    let i = vm.to_i64(i)?;
    let c = loaded(vm, v)?;
    match usize::try_from(i).ok().and_then(|i| c.varnames.get(i)) {
        Some(n) => Ok(n.value()),
        None => Err(vm.index_error("tuple index out of range")),
    }
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

/// `code.replace(**changes)`. What comes of it is checked where a change may have an effect on how it runs.
fn replace(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    if !args.pos.is_empty() {
        return Err(vm.type_error("replace() takes no positional arguments"));
    }
    let c = loaded(vm, this)?;
    let mut d: CodeData = (**c.data()).clone();
    let mut nlocals = d.varnames.len() as u32;
    let mut check = false;
    for (name, v) in args.names.iter().zip(args.kw) {
        let name = vm.display(name);
        let wrong = |what: &str| {
            vm.type_error(format!(
                "replace() argument '{name}' must be {what}, not {}",
                vm.type_name(v)
            ))
        };
        let text = || match v.downcast::<Str>() {
            Some(s) => Ok(s.to_string_lossy().into_owned()),
            None => Err(wrong("str")),
        };
        let bytes = || match v.downcast::<Bytes>() {
            Some(b) => Ok(b.data.clone()),
            None => Err(wrong("bytes")),
        };
        let tuple = || v.as_ref::<Tuple>().ok_or_else(|| wrong("tuple"));
        let names = || -> PyResult<Box<[Box<str>]>> {
            let bad =
                |_: &Value| vm.new_exception(&vm.exc.system_error, "non-string found in code slot");
            strings_of(tuple()?, bad)
        };
        let number = || {
            let n = c_int(vm, v)?;
            u32::try_from(n)
                .map_err(|_| vm.value_error(format!("{name} must be a positive integer")))
        };
        match &name[..] {
            "co_name" => d.name = text()?.into(),
            "co_qualname" => d.qualname = text()?.into(),
            "co_filename" => d.filename = text()?.into(),
            "co_firstlineno" => d.firstlineno = number()?,
            "co_linetable" | "co_lnotab" => {
                d.lnotab = bytes()?;
                d.positions = Default::default();
            }
            // Handlers stand in the wordcode.
            "co_exceptiontable" => drop(bytes()?),
            _ => {
                check = true;
                match &name[..] {
                    "co_flags" => d.flags = number()?,
                    "co_argcount" => d.argcount = number()?,
                    "co_posonlyargcount" => d.posonlyargcount = number()?,
                    "co_kwonlyargcount" => d.kwonlyargcount = number()?,
                    "co_nlocals" => nlocals = number()?,
                    "co_stacksize" => d.stacksize = number()?,
                    "co_code" => d.code = bytes()?,
                    "co_consts" => {
                        d.consts = tuple()?
                            .iter()
                            .map(|v| to_const(vm, v))
                            .collect::<PyResult<_>>()?;
                    }
                    "co_names" => d.names = names()?,
                    "co_varnames" => d.varnames = names()?,
                    "co_cellvars" => d.cellvars = names()?,
                    "co_freevars" => d.freevars = names()?,
                    _ => {
                        return Err(vm.type_error(format!(
                            "replace() got an unexpected keyword argument '{name}'"
                        )));
                    }
                }
            }
        }
    }
    if check {
        checked(vm, &mut d, nlocals)?;
    }
    Ok(vm.new_code(&Arc::new(d)).into())
}

/// `CodeType(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames,
/// filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)`.
fn code_new(vm: &Vm, _: &Ref<Type>, args: Args) -> PyResult<Value> {
    if !args.kw.is_empty() {
        return Err(vm.type_error("code() takes no keyword arguments"));
    }
    let given = args.pos;
    if !(16..=18).contains(&given.len()) {
        let (word, n) = match given.len() < 16 {
            true => ("least", 16),
            false => ("most", 18),
        };
        return Err(vm.type_error(format!(
            "code expected at {word} {n} arguments, got {}",
            given.len()
        )));
    }
    let wrong = |i: usize, what: &str| {
        vm.type_error(format!(
            "code() argument {} must be {what}, not {}",
            i + 1,
            vm.type_name(&given[i])
        ))
    };
    let text = |i: usize| match given[i].downcast::<Str>() {
        Some(s) => Ok(s.to_string_lossy().into_owned()),
        None => Err(wrong(i, "str")),
    };
    let bytes = |i: usize| match given[i].downcast::<Bytes>() {
        Some(b) => Ok(b.data.clone()),
        None => Err(wrong(i, "bytes")),
    };
    let tuple = |i: usize| given[i].as_ref::<Tuple>().ok_or_else(|| wrong(i, "tuple"));
    let mut numbers = [0; 6];
    for (n, v) in numbers.iter_mut().zip(given) {
        *n = c_int(vm, v)?;
    }
    let (code, consts, names, varnames) = (bytes(6)?, tuple(7)?, tuple(8)?, tuple(9)?);
    let (filename, name, qualname) = (text(10)?, text(11)?, text(12)?);
    let firstlineno = c_int(vm, &given[13])?;
    let lnotab = bytes(14)?;
    bytes(15)?;
    let empty = vm.empty_tuple.clone();
    let optional = |i: usize| match given.get(i) {
        Some(_) => tuple(i),
        None => Ok(&empty),
    };
    let (freevars, cellvars) = (optional(16)?, optional(17)?);
    let what = ["argcount", "posonlyargcount", "kwonlyargcount", "nlocals"];
    for (what, n) in what.iter().zip(numbers) {
        if n < 0 {
            return Err(vm.value_error(format!("code: {what} must not be negative")));
        }
    }
    let unsigned = |n: i32| u32::try_from(n).map_err(|_| bad_call(vm));
    let names_of = |t: &Tuple| {
        strings_of(t, |v| {
            vm.type_error(format!(
                "name tuples must contain only strings, not '{}'",
                vm.type_name(v)
            ))
        })
    };
    let mut d = CodeData {
        argcount: unsigned(numbers[0])?,
        posonlyargcount: unsigned(numbers[1])?,
        kwonlyargcount: unsigned(numbers[2])?,
        stacksize: unsigned(numbers[4])?,
        flags: unsigned(numbers[5])?,
        firstlineno: unsigned(firstlineno)?,
        code,
        consts: consts
            .iter()
            .map(|v| to_const(vm, v))
            .collect::<PyResult<_>>()?,
        names: names_of(names)?,
        varnames: names_of(varnames)?,
        cellvars: names_of(cellvars)?,
        freevars: names_of(freevars)?,
        filename: filename.into(),
        name: name.into(),
        qualname: qualname.into(),
        lnotab,
        ..CodeData::default()
    };
    // The first constant of a function is its docstring, if it is text (3.8).
    d.has_docstring = matches!(d.consts.first(), Some(Const::Str(_)));
    checked(vm, &mut d, unsigned(numbers[3])?)?;
    Ok(vm.new_code(&Arc::new(d)).into())
}

/// A C int of CPython's argument clinic.
fn c_int(vm: &Vm, v: &Value) -> PyResult<i32> {
    let n = vm.to_i64(v)?;
    i32::try_from(n).map_err(|_| {
        vm.new_exception(
            &vm.exc.overflow_error,
            "Python int too large to convert to C int",
        )
    })
}

fn bad_call(vm: &Vm) -> lasti_core::error::Exc {
    vm.new_exception(&vm.exc.system_error, "bad argument to internal function")
}

fn strings_of(
    t: &Tuple,
    bad: impl Fn(&Value) -> lasti_core::error::Exc,
) -> PyResult<Box<[Box<str>]>> {
    t.iter()
        .map(|v| match v.downcast::<Str>() {
            Some(s) => Ok(s.to_string_lossy().into()),
            None => Err(bad(v)),
        })
        .collect()
}

/// Checks code that Python code put together, and notes how many blocks it needs.
fn checked(vm: &Vm, d: &mut CodeData, nlocals: u32) -> PyResult<()> {
    if d.posonlyargcount > d.argcount {
        return Err(bad_call(vm));
    }
    match verify(d) {
        Ok(needs) => d.max_blocks = needs.blocks,
        Err(flaw) => {
            return Err(vm.value_error(match flaw.at() {
                None => format!("code: {flaw}"),
                Some(_) if flaw.what() == STACK_TOO_SMALL => format!("code: {STACK_TOO_SMALL}"),
                Some(_) => format!("code: co_code is malformed ({flaw})"),
            }));
        }
    }
    if nlocals as usize != d.varnames.len() {
        return Err(vm.value_error("code: co_nlocals != len(co_varnames)"));
    }
    Ok(())
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
