//! `_csv`: dialects, reader and writer (CPython's Modules/_csv.c).
use crate::util::*;
use lasti_text::wtf8;
use std::rc::Rc;

const QUOTE_MINIMAL: i64 = 0;
const QUOTE_ALL: i64 = 1;
const QUOTE_NONNUMERIC: i64 = 2;
const QUOTE_NONE: i64 = 3;
const QUOTE_STRINGS: i64 = 4;
const QUOTE_NOTNULL: i64 = 5;

#[derive(Clone)]
struct Format {
    delimiter: u32,
    quotechar: Option<u32>,
    escapechar: Option<u32>,
    doublequote: bool,
    skipinitialspace: bool,
    lineterminator: Vec<u8>,
    quoting: i64,
    strict: bool,
}

struct Dialect(Format);
impl Payload for Dialect {
    const NAME: &'static str = "_csv.Dialect";
}

struct Registry {
    dialects: Ref<Dict>,
    limit: Cell<i64>,
    dialect: Ref<Type>,
    reader: Ref<Type>,
    writer: Ref<Type>,
}

fn registry(vm: &Vm) -> Rc<Registry> {
    vm.module_state(|| Registry {
        dialects: vm.new_dict(),
        limit: Cell::new(131_072),
        dialect: dialect_type(vm),
        reader: reader_type(vm),
        writer: writer_type(vm),
    })
}

fn error(vm: &Vm, msg: impl AsRef<str>) -> Exc {
    module_error(vm, "_csv.Error", &vm.exc.exception, msg)
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_csv");
    for (name, n) in [
        ("QUOTE_MINIMAL", QUOTE_MINIMAL),
        ("QUOTE_ALL", QUOTE_ALL),
        ("QUOTE_NONNUMERIC", QUOTE_NONNUMERIC),
        ("QUOTE_NONE", QUOTE_NONE),
        ("QUOTE_STRINGS", QUOTE_STRINGS),
        ("QUOTE_NOTNULL", QUOTE_NOTNULL),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    vm.add_value(&m, "__version__", vm.str_value("1.0"));
    vm.add_value(
        &m,
        "Error",
        exception_class(vm, "_csv.Error", &vm.exc.exception)?,
    );
    let r = registry(vm);
    vm.add_value(&m, "_dialects", r.dialects.value());
    vm.add_value(&m, "Dialect", r.dialect.value());
    vm.add_value(&m, "Reader", r.reader.value());
    vm.add_value(&m, "Writer", r.writer.value());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "register_dialect" "register_dialect($module, name, /, dialect='excel', **fmtparams)\n--\n\n" register_dialect;
    "unregister_dialect" "unregister_dialect($module, /, name)\n--\n\n" unregister_dialect;
    "get_dialect" "get_dialect($module, /, name)\n--\n\n" get_dialect;
    "list_dialects" "list_dialects($module, /)\n--\n\n" list_dialects;
    "field_size_limit" "field_size_limit($module, /, new_limit=<unrepresentable>)\n--\n\n" field_size_limit;
    "reader" "reader($module, iterable, /, dialect='excel', **fmtparams)\n--\n\n" reader;
    "writer" "writer($module, fileobj, /, dialect='excel', **fmtparams)\n--\n\n" writer;
}

fn register_dialect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some(name) = a.pos.first() else {
        return Err(vm.type_error("register_dialect expected at least 1 argument, got 0"));
    };
    if name.downcast::<Str>().is_none() {
        return Err(vm.type_error("dialect name must be a string"));
    }
    let d = new_dialect(
        vm,
        Args {
            pos: &a.pos[1..],
            ..a
        },
    )?;
    vm.dict_insert(&registry(vm).dialects, name.clone(), d)?;
    Ok(Value::NONE)
}

fn unregister_dialect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "unregister_dialect")?;
    match vm.dict_remove(&registry(vm).dialects, name)? {
        Some(_) => Ok(Value::NONE),
        None => Err(error(vm, "unknown dialect")),
    }
}

fn get_dialect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "get_dialect")?;
    registered(vm, name)
}

fn list_dialects(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_list(registry(vm).dialects.keys()))
}

fn field_size_limit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "field_size_limit", 0, 1)?;
    let r = registry(vm);
    let old = r.limit.get();
    if let Some(n) = pos.first() {
        if !vm.is_int(n) {
            return Err(vm.type_error("limit must be an integer"));
        }
        r.limit.set(vm.to_i64(n)?);
    }
    Ok(vm.new_int(old))
}

fn reader(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some((source, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("reader expected at least 1 argument, got 0"));
    };
    let it = vm.iter(source)?;
    let dialect = new_dialect(vm, Args { pos: rest, ..a })?;
    let r = Reader {
        source: it,
        dialect,
        line: Cell::new(0),
    };
    Ok(vm.heap.alloc(&registry(vm).reader, r).into())
}

fn writer(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some((file, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("writer expected at least 1 argument, got 0"));
    };
    let write = vm.lookup_attr(file, &vm.names.write)?;
    let Some(write) = write.filter(|w| vm.type_of(w).slots.call.get().is_some()) else {
        return Err(vm.type_error("argument 1 must have a \"write\" method"));
    };
    let dialect = new_dialect(vm, Args { pos: rest, ..a })?;
    Ok(vm
        .heap
        .alloc(&registry(vm).writer, Writer { write, dialect })
        .into())
}

// ---- dialects ----

fn registered(vm: &Vm, name: &Value) -> PyResult<Value> {
    vm.dict_lookup(&registry(vm).dialects, name)?
        .ok_or_else(|| error(vm, "unknown dialect"))
}

const FIELDS: [&str; 8] = [
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
];

fn one_char(
    vm: &Vm,
    name: &str,
    v: Option<Value>,
    default: Option<u32>,
    none_ok: bool,
) -> PyResult<Option<u32>> {
    let Some(v) = v else { return Ok(default) };
    if v.is_none() && none_ok {
        return Ok(None);
    }
    let suffix = if none_ok { " or None" } else { "" };
    let Some(s) = v.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "\"{name}\" must be a unicode character{suffix}, not {}",
            vm.type_name_or_none(&v)
        )));
    };
    let mut it = wtf8::code_points(s.as_bytes());
    match (it.next(), it.next()) {
        (Some(c), None) => Ok(Some(c)),
        _ => Err(vm.type_error(format!(
            "\"{name}\" must be a unicode character{suffix}, not a string of length {}",
            s.char_len()
        ))),
    }
}

/// A dialect from `(dialect=None, **fmtparams)`.
fn new_dialect(vm: &Vm, a: Args) -> PyResult<Value> {
    if a.pos.len() > 1 {
        return Err(vm.type_error(format!("expected at most 1 argument, got {}", a.pos.len())));
    }
    let mut base = a
        .pos
        .first()
        .cloned()
        .or_else(|| a.keyword("dialect").cloned())
        .unwrap_or(Value::NONE);
    let mut given: [Option<Value>; 8] = Default::default();
    for (n, v) in a.names.iter().zip(a.kw) {
        let name = text(n).unwrap_or_default();
        if name == "dialect" {
            continue;
        }
        match FIELDS.iter().position(|f| *f == name) {
            Some(i) => given[i] = Some(v.clone()),
            None => {
                return Err(vm.type_error(format!(
                    "this function got an unexpected keyword argument '{name}'"
                )));
            }
        }
    }
    if base.downcast::<Str>().is_some() {
        base = registered(vm, &base)?;
    }
    if base.downcast::<Dialect>().is_some() && given.iter().all(|g| g.is_none()) {
        return Ok(base);
    }
    if !base.is_none() {
        for (slot, name) in given.iter_mut().zip(FIELDS) {
            if slot.is_none() {
                *slot = attr_opt(vm, &base, name)?;
            }
        }
    }
    let [
        delimiter,
        doublequote,
        escapechar,
        lineterminator,
        quotechar,
        quoting,
        skip,
        strict,
    ] = given;
    let flag = |v: &Option<Value>, d: bool| v.as_ref().map_or(Ok(d), |v| vm.is_true(v));
    let quote_given = quotechar.is_some();
    let lineterminator = match &lineterminator {
        None => b"\r\n".to_vec(),
        Some(v) => match v.downcast::<Str>() {
            Some(s) => s.as_bytes().to_vec(),
            None => {
                return Err(vm.type_error(format!(
                    "\"lineterminator\" must be a string, not {}",
                    vm.type_name_or_none(v)
                )));
            }
        },
    };
    let quoting_given = quoting.is_some();
    let quoting = match &quoting {
        None => QUOTE_MINIMAL,
        Some(v) if vm.type_of(v).is(&vm.types.int) => vm.to_i64(v)?,
        Some(v) => {
            return Err(vm.type_error(format!(
                "\"quoting\" must be an integer, not {}",
                vm.type_name_or_none(v)
            )));
        }
    };
    if !(0..=5).contains(&quoting) {
        return Err(vm.type_error("bad \"quoting\" value"));
    }
    let mut f = Format {
        delimiter: one_char(vm, "delimiter", delimiter, Some(b',' as u32), false)?
            .unwrap_or(b',' as u32),
        quotechar: one_char(vm, "quotechar", quotechar, Some(b'"' as u32), true)?,
        escapechar: one_char(vm, "escapechar", escapechar, None, true)?,
        doublequote: flag(&doublequote, true)?,
        skipinitialspace: flag(&skip, false)?,
        lineterminator,
        quoting,
        strict: flag(&strict, false)?,
    };
    if quote_given && f.quotechar.is_none() && !quoting_given {
        f.quoting = QUOTE_NONE;
    }
    if f.quoting != QUOTE_NONE && f.quotechar.is_none() {
        return Err(vm.type_error("quotechar must be set if quoting enabled"));
    }
    let bad = |c: Option<u32>| c.is_some_and(|c| c == b'\r' as u32 || c == b'\n' as u32);
    for (name, c) in [
        ("delimiter", Some(f.delimiter)),
        ("escapechar", f.escapechar),
        ("quotechar", f.quotechar),
    ] {
        if bad(c) {
            return Err(vm.value_error(format!("bad {name} value")));
        }
    }
    if f.escapechar == Some(f.delimiter) {
        return Err(vm.value_error("bad delimiter or escapechar value"));
    }
    if f.quotechar == Some(f.delimiter) {
        return Err(vm.value_error("bad delimiter or quotechar value"));
    }
    if f.quotechar.is_some() && f.quotechar == f.escapechar {
        return Err(vm.value_error("bad escapechar or quotechar value"));
    }
    Ok(vm.heap.alloc(&registry(vm).dialect, Dialect(f)).into())
}

fn dialect_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Dialect>("_csv.Dialect", &vm.types.object, 0);
    t.slots.new.set(Some(|vm, _, a| new_dialect(vm, a)));
    fn char_of(vm: &Vm, c: Option<u32>) -> Value {
        c.map_or(Value::NONE, |c| vm.new_wtf8(&wtf8::encode(c)).into())
    }
    fn of<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Format> {
        Ok(&vm.this::<Dialect>(v)?.0)
    }
    vm.getset(
        &t,
        "delimiter",
        |vm, v| Ok(char_of(vm, Some(of(vm, v)?.delimiter))),
        None,
    );
    vm.getset(
        &t,
        "quotechar",
        |vm, v| Ok(char_of(vm, of(vm, v)?.quotechar)),
        None,
    );
    vm.getset(
        &t,
        "escapechar",
        |vm, v| Ok(char_of(vm, of(vm, v)?.escapechar)),
        None,
    );
    vm.getset(
        &t,
        "doublequote",
        |vm, v| Ok(Value::bool(of(vm, v)?.doublequote)),
        None,
    );
    vm.getset(
        &t,
        "skipinitialspace",
        |vm, v| Ok(Value::bool(of(vm, v)?.skipinitialspace)),
        None,
    );
    vm.getset(
        &t,
        "strict",
        |vm, v| Ok(Value::bool(of(vm, v)?.strict)),
        None,
    );
    vm.getset(
        &t,
        "quoting",
        |vm, v| Ok(vm.new_int(of(vm, v)?.quoting)),
        None,
    );
    vm.getset(
        &t,
        "lineterminator",
        |vm, v| Ok(vm.try_new_wtf8(&of(vm, v)?.lineterminator)?.into()),
        None,
    );
    vm.ready_type(&t);
    t
}

fn format_of<'a>(vm: &Vm, dialect: &'a Value) -> PyResult<&'a Format> {
    Ok(&vm.this::<Dialect>(dialect)?.0)
}

// ---- reader ----

struct Reader {
    source: Value,
    dialect: Value,
    line: Cell<i64>,
}
payload!(Reader, "_csv.reader", source, dialect);

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatNewline,
    AfterEscapedNewline,
}

struct Parse<'a> {
    vm: &'a Vm,
    f: &'a Format,
    limit: usize,
    at: At,
    field: Vec<u8>,
    chars: usize,
    quoted: bool,
    row: Vec<Value>,
}

const CR: u32 = b'\r' as u32;
const LF: u32 = b'\n' as u32;

impl Parse<'_> {
    fn add(&mut self, c: u32) -> PyResult<()> {
        self.chars += 1;
        if self.chars > self.limit {
            return Err(error(
                self.vm,
                format!("field larger than field limit ({})", self.limit),
            ));
        }
        self.vm.reserve(&mut self.field, 4)?;
        wtf8::push(&mut self.field, c);
        Ok(())
    }
    fn save(&mut self) -> PyResult<()> {
        let vm = self.vm;
        let bytes = std::mem::take(&mut self.field);
        self.chars = 0;
        let quoted = std::mem::take(&mut self.quoted);
        let v: Value = if bytes.is_empty()
            && !quoted
            && matches!(self.f.quoting, QUOTE_NOTNULL | QUOTE_STRINGS)
        {
            Value::NONE
        } else if !quoted
            && (self.f.quoting == QUOTE_NONNUMERIC
                || (self.f.quoting == QUOTE_STRINGS && !bytes.is_empty()))
        {
            let s: Value = vm.new_wtf8(&bytes).into();
            vm.call(vm.types.float.as_value(), &[s])?
        } else {
            vm.try_new_wtf8(&bytes)?.into()
        };
        vm.push(&mut self.row, v)
    }
    /// A line, or with none the input, ends behind a field.
    fn end_line(&mut self, c: Option<u32>) -> PyResult<()> {
        self.save()?;
        self.at = match c {
            None => At::StartRecord,
            Some(_) => At::EatNewline,
        };
        Ok(())
    }
    fn start_field(&mut self, c: Option<u32>) -> PyResult<()> {
        let f = self.f;
        match c {
            None | Some(CR | LF) => self.end_line(c)?,
            Some(c) if f.quotechar == Some(c) && f.quoting != QUOTE_NONE => {
                self.quoted = true;
                self.at = At::InQuoted;
            }
            Some(c) if f.escapechar == Some(c) => self.at = At::Escaped,
            Some(c) if c == b' ' as u32 && f.skipinitialspace => {}
            Some(c) if c == f.delimiter => self.save()?,
            Some(c) => {
                self.add(c)?;
                self.at = At::InField;
            }
        }
        Ok(())
    }
    fn in_field(&mut self, c: Option<u32>) -> PyResult<()> {
        let f = self.f;
        match c {
            None | Some(CR | LF) => self.end_line(c)?,
            Some(c) if f.escapechar == Some(c) => self.at = At::Escaped,
            Some(c) if c == f.delimiter => {
                self.save()?;
                self.at = At::StartField;
            }
            Some(c) => self.add(c)?,
        }
        Ok(())
    }
    /// One character; none stands for the end of the line.
    fn step(&mut self, c: Option<u32>) -> PyResult<()> {
        let f = self.f;
        match self.at {
            At::StartRecord => match c {
                None => {}
                Some(CR | LF) => self.at = At::EatNewline,
                c => {
                    self.at = At::StartField;
                    self.start_field(c)?;
                }
            },
            At::StartField => self.start_field(c)?,
            At::Escaped => match c {
                Some(x @ (CR | LF)) => {
                    self.add(x)?;
                    self.at = At::AfterEscapedNewline;
                }
                c => {
                    self.add(c.unwrap_or(LF))?;
                    self.at = At::InField;
                }
            },
            At::AfterEscapedNewline => {
                if c.is_some() {
                    self.at = At::InField;
                    self.in_field(c)?;
                }
            }
            At::InField => self.in_field(c)?,
            At::InQuoted => match c {
                None => {}
                Some(c) if f.escapechar == Some(c) => self.at = At::EscapedInQuoted,
                Some(c) if f.quotechar == Some(c) && f.quoting != QUOTE_NONE => {
                    self.at = if f.doublequote {
                        At::QuoteInQuoted
                    } else {
                        At::InField
                    };
                }
                Some(c) => self.add(c)?,
            },
            At::EscapedInQuoted => {
                self.add(c.unwrap_or(LF))?;
                self.at = At::InQuoted;
            }
            At::QuoteInQuoted => match c {
                Some(c) if f.quoting != QUOTE_NONE && f.quotechar == Some(c) => {
                    self.add(c)?;
                    self.at = At::InQuoted;
                }
                Some(c) if c == f.delimiter => {
                    self.save()?;
                    self.at = At::StartField;
                }
                None | Some(CR | LF) => {
                    self.save()?;
                    self.at = if c.is_none() {
                        At::StartRecord
                    } else {
                        At::EatNewline
                    };
                }
                Some(c) if !f.strict => {
                    self.add(c)?;
                    self.at = At::InField;
                }
                Some(_) => {
                    let show = |c: Option<u32>| {
                        String::from_utf8_lossy(&wtf8::encode(c.unwrap_or(0))).into_owned()
                    };
                    return Err(error(
                        self.vm,
                        format!(
                            "'{}' expected after '{}'",
                            show(Some(f.delimiter)),
                            show(f.quotechar)
                        ),
                    ));
                }
            },
            At::EatNewline => match c {
                Some(CR | LF) => {}
                None => self.at = At::StartRecord,
                Some(_) => {
                    return Err(error(
                        self.vm,
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                    ));
                }
            },
        }
        Ok(())
    }
}

fn read_row(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let r = vm.this::<Reader>(v)?;
    let f = format_of(vm, &r.dialect)?;
    let limit = registry(vm).limit.get().max(0) as usize;
    let mut p = Parse {
        vm,
        f,
        limit,
        at: At::StartRecord,
        field: Vec::new(),
        chars: 0,
        quoted: false,
        row: Vec::new(),
    };
    let mut ticks = lasti_core::vm::Ticks::default();
    loop {
        let Some(line) = vm.next(&r.source)? else {
            if !p.field.is_empty() || p.at == At::InQuoted {
                if f.strict {
                    return Err(error(vm, "unexpected end of data"));
                }
                p.save()?;
                break;
            }
            return Ok(None);
        };
        let Some(s) = line.downcast::<Str>() else {
            return Err(error(
                vm,
                format!(
                    "iterator should return strings, not {} (the file should be opened in text mode)",
                    vm.type_name(&line)
                ),
            ));
        };
        r.line.set(r.line.get() + 1);
        for c in wtf8::code_points(s.as_bytes()) {
            ticks.tick(vm)?;
            p.step(Some(c))?;
        }
        p.step(None)?;
        if p.at == At::StartRecord {
            break;
        }
    }
    Ok(Some(vm.new_list(p.row)))
}

fn reader_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Reader>("_csv.reader", &vm.types.object, TypeFlags::NO_NEW);
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(read_row));
    vm.getset(
        &t,
        "dialect",
        |vm, v| Ok(vm.this::<Reader>(v)?.dialect.clone()),
        None,
    );
    vm.getset(
        &t,
        "line_num",
        |vm, v| Ok(vm.new_int(vm.this::<Reader>(v)?.line.get())),
        None,
    );
    vm.ready_type(&t);
    t
}

// ---- writer ----

struct Writer {
    write: Value,
    dialect: Value,
}
payload!(Writer, "_csv.writer", write, dialect);

fn write_field(vm: &Vm, f: &Format, out: &mut Vec<u8>, v: &Value, alone: bool) -> PyResult<()> {
    let is_number =
        vm.exact_float(v).is_some() || vm.is_int(v) || vm.type_of(v).slots.float.get().is_some();
    let text: Vec<u8> = if v.is_none() {
        Vec::new()
    } else {
        vm.copy_of(vm.str_of(v)?.as_bytes())?
    };
    let mut quoted = match f.quoting {
        QUOTE_ALL => true,
        QUOTE_NONNUMERIC => !is_number,
        QUOTE_STRINGS => v.downcast::<Str>().is_some(),
        QUOTE_NOTNULL => !v.is_none(),
        _ => false,
    };
    let terminator: Vec<u32> = wtf8::code_points(&f.lineterminator).collect();
    let mut body = vm.try_vec(text.len())?;
    for c in wtf8::code_points(&text) {
        // An escape and the character.
        vm.reserve(&mut body, 8)?;
        let special = c == f.delimiter
            || f.escapechar == Some(c)
            || f.quotechar == Some(c)
            || c == CR
            || c == LF
            || terminator.contains(&c);
        if special {
            let mut want_escape = false;
            if f.quoting == QUOTE_NONE {
                want_escape = true;
            } else {
                if f.quotechar == Some(c) {
                    if f.doublequote {
                        wtf8::push(&mut body, c);
                    } else {
                        want_escape = true;
                    }
                } else if f.escapechar == Some(c) {
                    want_escape = true;
                }
                if !want_escape {
                    quoted = true;
                }
            }
            if want_escape {
                let Some(e) = f.escapechar else {
                    return Err(error(vm, "need to escape, but no escapechar set"));
                };
                wtf8::push(&mut body, e);
            }
        }
        wtf8::push(&mut body, c);
    }
    if text.is_empty() && !quoted && alone {
        if f.quoting == QUOTE_NONE
            || (v.is_none() && matches!(f.quoting, QUOTE_STRINGS | QUOTE_NOTNULL))
        {
            return Err(error(vm, "single empty field record must be quoted"));
        }
        quoted = true;
    }
    // A field that starts with a space would lose it where the reader skips spaces.
    if f.skipinitialspace && !quoted && text.first() == Some(&b' ') && f.quoting != QUOTE_NONE {
        quoted = true;
    }
    match f.quotechar {
        Some(q) if quoted => {
            vm.reserve(out, body.len() + 8)?;
            wtf8::push(out, q);
            out.extend_from_slice(&body);
            wtf8::push(out, q);
        }
        _ => vm.extend(out, &body)?,
    }
    Ok(())
}

fn write_row(vm: &Vm, w: &Writer, row: &Value) -> PyResult<Value> {
    let f = format_of(vm, &w.dialect)?;
    let items = match vm.iter(row) {
        Ok(it) => vm.collect(&it)?,
        Err(e) if vm.exc_is(&e, &vm.exc.type_error) => {
            return Err(error(
                vm,
                format!("iterable expected, not {}", vm.type_name(row)),
            ));
        }
        Err(e) => return Err(e),
    };
    let mut out = Vec::new();
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            wtf8::push(&mut out, f.delimiter);
        }
        write_field(vm, f, &mut out, v, items.len() == 1)?;
    }
    vm.extend(&mut out, &f.lineterminator)?;
    vm.call(&w.write, &[vm.try_new_wtf8(&out)?.into()])
}

fn writer_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Writer>("_csv.writer", &vm.types.object, TypeFlags::NO_NEW);
    vm.add_methods(&t, WRITER_TYPE_METHODS);
    vm.getset(
        &t,
        "dialect",
        |vm, v| Ok(vm.this::<Writer>(v)?.dialect.clone()),
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { WRITER_TYPE_METHODS =
    "writerow" "writerow($self, row, /)\n--\n\n" writerow;
    "writerows" "writerows($self, rows, /)\n--\n\n" writerows;
}

fn writerow(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [row] = a.exactly::<1>(vm, "writerow")?;
    write_row(vm, vm.this::<Writer>(v)?, row)
}

fn writerows(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [rows] = a.exactly::<1>(vm, "writerows")?;
    let w = vm.this::<Writer>(v)?;
    vm.for_each(rows, |row| {
        write_row(vm, w, &row)?;
        Ok(true)
    })?;
    Ok(Value::NONE)
}
