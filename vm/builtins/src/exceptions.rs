//! Exceptions as Python sees them (CPython's Objects/exceptions.c), and exception groups (PEP 654).
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_core::vm::{Getter, Setter};
use std::rc::Rc;

pub(crate) fn init(vm: &Vm) {
    let x = &vm.exc;
    let t = &x.base_exception;
    t.slots.new.set(Some(|vm, class, args| {
        let e = Exception::default();
        e.args.set(Some(vm.new_tuple(args.pos.to_vec())));
        e.cause.set(Value::NONE);
        e.context.set(Value::NONE);
        let v: Value = vm.heap.alloc(class, e).into();
        if class.has(TypeFlags::DEL) {
            vm.set_finalize(&v, true);
        }
        Ok(v)
    }));
    t.slots.init.set(Some(|vm, v, args| {
        if !args.kw.is_empty() {
            return Err(vm.type_error(format!("{}() takes no keyword arguments", vm.type_name(v))));
        }
        set_args(vm, v, args)
    }));
    t.slots.repr.set(Some(|vm, v| {
        let args = args_of(vm, v)?;
        let name = vm.type_name(v);
        let name = name.as_bytes();
        match &args[..] {
            [one] => vm.concat(&[name, b"(", vm.repr(one)?.as_bytes(), b")"]),
            _ => vm.concat(&[name, vm.repr(args.as_value())?.as_bytes()]),
        }
    }));
    t.slots.str.set(Some(base_str));
    vm.getset(
        t,
        "args",
        |vm, v| Ok(args_of(vm, v)?.into()),
        Some(|vm, v, x| {
            let Some(x) = x else {
                return Err(vm.type_error("args may not be deleted"));
            };
            let items = vm.collect(x)?;
            vm.this::<Exception>(v)?.args.set(Some(vm.new_tuple(items)));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__cause__",
        |vm, v| Ok(or_none(vm.this::<Exception>(v)?.cause.get())),
        Some(|vm, v, x| {
            let e = vm.this::<Exception>(v)?;
            let x = x.cloned().unwrap_or(Value::NONE);
            if !x.is_none() && x.downcast::<Exception>().is_none() {
                return Err(
                    vm.type_error("exception cause must be None or derive from BaseException")
                );
            }
            e.cause.set(x);
            e.suppress_context.set(true);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__context__",
        |vm, v| Ok(or_none(vm.this::<Exception>(v)?.context.get())),
        Some(|vm, v, x| {
            let x = x.cloned().unwrap_or(Value::NONE);
            if !x.is_none() && x.downcast::<Exception>().is_none() {
                return Err(
                    vm.type_error("exception context must be None or derive from BaseException")
                );
            }
            vm.this::<Exception>(v)?.context.set(x);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__traceback__",
        |vm, v| Ok(vm.this::<Exception>(v)?.traceback.value()),
        Some(set_traceback),
    );
    vm.getset(
        t,
        "__suppress_context__",
        |vm, v| Ok(Value::bool(vm.this::<Exception>(v)?.suppress_context.get())),
        Some(|vm, v, x| {
            let b = match x {
                Some(x) => vm.is_true(x)?,
                None => false,
            };
            vm.this::<Exception>(v)?.suppress_context.set(b);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__dict__",
        lasti_core::model::instance::get_dict,
        Some(lasti_core::model::instance::set_dict),
    );
    vm.add_methods(t, METHODS);

    fields(vm, &x.stop_iteration, &["value"]);
    x.stop_iteration.slots.init.set(Some(|vm, v, args| {
        args.no_kw(vm, &vm.type_name(v))?;
        set_args(vm, v, args)?;
        vm.this::<Exception>(v)?
            .set_field(0, args.pos.first().cloned().unwrap_or(Value::NONE));
        Ok(())
    }));
    fields(vm, &x.system_exit, &["code"]);
    x.system_exit.slots.init.set(Some(|vm, v, args| {
        args.no_kw(vm, &vm.type_name(v))?;
        set_args(vm, v, args)?;
        let code = match args.pos {
            [] => Value::NONE,
            [one] => one.clone(),
            many => vm.new_tuple(many.to_vec()).into(),
        };
        vm.this::<Exception>(v)?.set_field(0, code);
        Ok(())
    }));
    fields(vm, &x.attribute_error, &["name", "obj"]);
    x.attribute_error.slots.init.set(Some(|vm, v, args| {
        keyword_fields(vm, v, args, &["name", "obj"], 0)
    }));
    fields(vm, &x.name_error, &["name"]);
    x.name_error.slots.init.set(Some(|vm, v, args| {
        keyword_fields(vm, v, args, &["name"], 0)
    }));
    fields(vm, &x.import_error, &["msg", "name", "path", "name_from"]);
    x.import_error.slots.init.set(Some(|vm, v, args| {
        keyword_fields(vm, v, args, &["name", "path", "name_from"], 1)?;
        if let [msg] = args.pos {
            vm.this::<Exception>(v)?.set_field(0, msg.clone());
        }
        Ok(())
    }));
    x.import_error.slots.str.set(Some(|vm, v| {
        let msg = vm.this::<Exception>(v)?.field(0);
        if msg.downcast::<Str>().is_some() {
            Ok(msg)
        } else {
            base_str(vm, v)
        }
    }));
    x.key_error
        .slots
        .str
        .set(Some(|vm, v| match &args_of(vm, v)?[..] {
            [key] => vm.repr(key).map(Value::from),
            _ => base_str(vm, v),
        }));
    init_os_error(vm);
    init_syntax_error(vm);
    init_unicode_errors(vm);
    init_groups(vm);
}

lasti_core::methods! { METHODS =
    "with_traceback" "with_traceback($self, object, /)\n--\n\n" with_traceback;
    "add_note" "add_note($self, object, /)\n--\n\n" add_note;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn with_traceback(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [tb] = a.exactly::<1>(vm, "with_traceback")?;
    set_traceback(vm, v, Some(tb))?;
    Ok(v.clone())
}

fn add_note(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [note] = a.exactly::<1>(vm, "add_note")?;
    if note.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "add_note() argument must be str, not {}",
            vm.type_name(note)
        )));
    }
    let notes = match vm.lookup_attr(v, &vm.names.notes)? {
        Some(n) => n,
        None => {
            let n = vm.new_list(Vec::new());
            vm.setattr(v, &vm.names.notes, Some(&n))?;
            n
        }
    };
    match notes.downcast::<List>() {
        Some(l) => l.push(note.clone()),
        None => return Err(vm.type_error("Cannot add note: __notes__ is not a list")),
    }
    Ok(Value::NONE)
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [state] = a.exactly::<1>(vm, "__setstate__")?;
    if let Some(d) = state.as_ref::<Dict>() {
        for (k, x) in d.items() {
            if let Some(k) = k.as_ref::<Str>() {
                vm.setattr(v, k, Some(&x))?;
            }
        }
    }
    Ok(Value::NONE)
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let args: Value = args_of(vm, v)?.into();
    let class = vm.type_of(v).value();
    Ok(match vm.heap.side_dict(v) {
        Some(d) if !d.is_empty() => vm.tuple_value([class, args, d.into()]),
        _ => vm.tuple_value([class, args]),
    })
}

/// Adds the exception classes to the builtins module.
pub(crate) fn init_module(vm: &Vm) {
    for (name, t) in vm.exc.all() {
        vm.dict_set(&vm.builtins, name, t.value());
    }
    for alias in ["EnvironmentError", "IOError"] {
        vm.dict_set(&vm.builtins, alias, vm.exc.os_error.value());
    }
    let t = vm.new_native_type::<Exception>(
        "ExceptionGroup",
        &vm.exc.base_exception_group,
        TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF,
    );
    let bases = [
        vm.exc.base_exception_group.clone(),
        vm.exc.exception.clone(),
    ];
    t.bases.set(Some(
        vm.new_tuple(bases.iter().map(|b| b.value()).collect::<Vec<_>>()),
    ));
    let x = &vm.exc;
    let mro = [
        &t,
        &x.base_exception_group,
        &x.exception,
        &x.base_exception,
        &vm.types.object,
    ];
    t.set_mro(Rc::from(
        mro.iter().map(|t| (*t).clone()).collect::<Vec<_>>(),
    ));
    vm.ready_type(&t);
    vm.dict_set(&vm.builtins, "ExceptionGroup", t.into());
}

fn or_none(v: Value) -> Value {
    if v.is_unbound() { Value::NONE } else { v }
}

fn args_of(vm: &Vm, v: &Value) -> PyResult<Ref<Tuple>> {
    Ok(vm
        .this::<Exception>(v)?
        .args
        .get()
        .unwrap_or_else(|| vm.new_tuple([])))
}

fn set_args(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let e = vm.this::<Exception>(v)?;
    e.args.set(Some(vm.new_tuple(args.pos.to_vec())));
    Ok(())
}

fn base_str(vm: &Vm, v: &Value) -> PyResult<Value> {
    let args = args_of(vm, v)?;
    match &args[..] {
        [] => Ok(vm.str_value("")),
        [one] => vm.str_of(one).map(Value::from),
        _ => vm.str_of(args.as_value()).map(Value::from),
    }
}

fn set_traceback(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    let Some(x) = x else {
        return Err(vm.type_error("__traceback__ may not be deleted"));
    };
    let e = vm.this::<Exception>(v)?;
    match x.as_ref::<Traceback>() {
        Some(tb) => e.traceback.set(Some(tb.clone())),
        None if x.is_none() => e.traceback.set(None),
        None => return Err(vm.type_error("__traceback__ must be a traceback or None")),
    }
    Ok(())
}

fn get_field<const N: usize>(vm: &Vm, v: &Value) -> PyResult<Value> {
    Ok(vm.this::<Exception>(v)?.field(N))
}
fn set_field<const N: usize>(vm: &Vm, v: &Value, x: Option<&Value>) -> PyResult<()> {
    vm.this::<Exception>(v)?
        .set_field(N, x.cloned().unwrap_or(Value::NONE));
    Ok(())
}
const FIELDS: [(Getter, Setter); 8] = [
    (get_field::<0>, set_field::<0>),
    (get_field::<1>, set_field::<1>),
    (get_field::<2>, set_field::<2>),
    (get_field::<3>, set_field::<3>),
    (get_field::<4>, set_field::<4>),
    (get_field::<5>, set_field::<5>),
    (get_field::<6>, set_field::<6>),
    (get_field::<7>, set_field::<7>),
];

/// Shows an exception's own fields under these names.
fn fields(vm: &Vm, t: &Ref<Type>, names: &[&str]) {
    for (name, (get, set)) in names.iter().zip(FIELDS) {
        vm.getset(t, name, get, Some(set));
    }
}

/// Positional arguments become `args`; keywords become fields from number `first` on.
fn keyword_fields(vm: &Vm, v: &Value, args: Args, names: &[&str], first: usize) -> PyResult<()> {
    set_args(vm, v, args)?;
    let e = vm.this::<Exception>(v)?;
    for (k, x) in args.names.iter().zip(args.kw) {
        let name = vm.display(k);
        match names.iter().position(|n| *n == name) {
            Some(i) => e.set_field(first + i, x.clone()),
            None => {
                return Err(vm.type_error(format!(
                    "{}() got an unexpected keyword argument '{name}'",
                    vm.type_name(v)
                )));
            }
        }
    }
    Ok(())
}

fn init_os_error(vm: &Vm) {
    let t = &vm.exc.os_error;
    fields(vm, t, &["errno", "strerror", "filename", "filename2"]);
    t.slots.new.set(Some(|vm, class, args| {
        // OSError(errno, ...) is made as the subclass for that errno.
        let class = match args.pos.first().and_then(|v| v.as_small_int()) {
            Some(n) if class.is(&vm.exc.os_error) && (2..=5).contains(&args.pos.len()) => {
                vm.os_error_class(i32::try_from(n).unwrap_or(0)).clone()
            }
            _ => class.clone(),
        };
        match vm.exc.base_exception.slots.new.get() {
            Some(new) => new(vm, &class, Args::pos(args.pos)),
            None => Err(vm.runtime_error("no constructor")),
        }
    }));
    t.slots.init.set(Some(|vm, v, args| {
        if !args.kw.is_empty() {
            return Err(vm.type_error(format!("{}() takes no keyword arguments", vm.type_name(v))));
        }
        let e = vm.this::<Exception>(v)?;
        let n = args.pos.len();
        if !(2..=5).contains(&n) {
            return set_args(vm, v, args);
        }
        e.set_field(0, args.pos[0].clone());
        e.set_field(1, args.pos[1].clone());
        let file = args.pos.get(2).filter(|f| !f.is_none());
        let Some(file) = file else {
            return set_args(vm, v, args);
        };
        // The third argument of BlockingIOError may be how much was written.
        let class = vm.type_of(v);
        if class.is(&vm.exc.blocking_io_error)
            && (vm.is_int(file) || vm.type_of(file).slots.index.get().is_some())
        {
            let index = vm.index(file)?;
            let Some(written) = vm.exact_bigint(&index).and_then(|i| i64::try_from(&i).ok()) else {
                let t = vm.type_name(file);
                return Err(vm.value_error(format!("cannot fit '{t}' into an index-sized integer")));
            };
            e.set_field(4, vm.new_int(written));
            return set_args(vm, v, args);
        }
        e.set_field(2, file.clone());
        if n == 5 {
            e.set_field(3, args.pos[4].clone());
        }
        // `args` keeps errno and text only, as 3.3 decided for filenames.
        e.args.set(Some(vm.new_tuple(args.pos[..2].to_vec())));
        Ok(())
    }));
    t.slots.str.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        let (errno, text, file, file2) = (e.field(0), e.field(1), e.field(2), e.field(3));
        if e.fields.borrow().len() < 2 {
            return base_str(vm, v);
        }
        let head = format!(
            "[Errno {}] {}",
            vm.str_of(&errno)?.to_string_lossy(),
            vm.str_of(&text)?.to_string_lossy()
        );
        Ok(vm.str_value(&if file.is_none() {
            head
        } else if file2.is_none() {
            format!("{head}: {}", vm.repr_string(&file)?)
        } else {
            format!(
                "{head}: {} -> {}",
                vm.repr_string(&file)?,
                vm.repr_string(&file2)?
            )
        }))
    }));
    fields_at(vm, &vm.exc.blocking_io_error, "characters_written", 4);
}

fn fields_at(vm: &Vm, t: &Ref<Type>, name: &str, n: usize) {
    let (get, set) = FIELDS[n];
    vm.getset(t, name, get, Some(set));
}

fn init_syntax_error(vm: &Vm) {
    let t = &vm.exc.syntax_error;
    let names = [
        "msg",
        "filename",
        "lineno",
        "offset",
        "text",
        "end_lineno",
        "end_offset",
        "print_file_and_line",
    ];
    fields(vm, t, &names);
    t.slots.init.set(Some(|vm, v, args| {
        args.no_kw(vm, &vm.type_name(v))?;
        set_args(vm, v, args)?;
        let e = vm.this::<Exception>(v)?;
        if let Some(msg) = args.pos.first() {
            e.set_field(0, msg.clone());
        }
        if let [_, details] = args.pos {
            let items = vm.collect(details)?;
            if !(4..=7).contains(&items.len()) {
                return Err(vm.type_error(format!(
                    "function takes at least 4 arguments ({} given)",
                    items.len()
                )));
            }
            for (i, x) in items.into_iter().take(6).enumerate() {
                e.set_field(i + 1, x);
            }
        }
        Ok(())
    }));
    t.slots.str.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        let msg = vm.display(&e.field(0));
        let file = e.field(1);
        let file = file.downcast::<Str>().map(|s| {
            let s = s.to_string_lossy().into_owned();
            s.rsplit('/').next().unwrap_or_default().to_owned()
        });
        let line = e.field(2).as_small_int();
        Ok(vm.str_value(&match (file, line) {
            (Some(f), Some(n)) => format!("{msg} ({f}, line {n})"),
            (Some(f), None) => format!("{msg} ({f})"),
            (None, Some(n)) => format!("{msg} (line {n})"),
            (None, None) => msg,
        }))
    }));
}

/// An argument that must be text.
fn text_argument(vm: &Vm, args: &[Value], i: usize) -> PyResult<()> {
    if args[i].downcast::<Str>().is_some() {
        return Ok(());
    }
    let t = vm.type_name(&args[i]);
    Err(vm.type_error(format!("argument {} must be str, not {t}", i + 1)))
}

fn init_unicode_errors(vm: &Vm) {
    let names = ["encoding", "object", "start", "end", "reason"];
    let x = &vm.exc;
    for t in [&x.unicode_decode_error, &x.unicode_encode_error] {
        fields(vm, t, &names);
        t.slots.init.set(Some(|vm, v, args| {
            let items = args.exactly::<5>(vm, &vm.type_name(v))?;
            let decodes = vm.is_instance(v, &vm.exc.unicode_decode_error);
            text_argument(vm, items, 0)?;
            if !decodes {
                text_argument(vm, items, 1)?;
            }
            vm.to_i64(&items[2])?;
            vm.to_i64(&items[3])?;
            text_argument(vm, items, 4)?;
            if decodes && items[1].downcast::<Bytes>().is_none() {
                vm.buffer(&items[1])?;
            }
            set_args(vm, v, args)?;
            let e = vm.this::<Exception>(v)?;
            for (i, x) in items.iter().enumerate() {
                e.set_field(i, x.clone());
            }
            Ok(())
        }));
    }
    x.unicode_decode_error.slots.str.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        let (start, end) = (
            e.field(2).as_small_int().unwrap_or(0),
            e.field(3).as_small_int().unwrap_or(0),
        );
        let (encoding, reason) = (vm.display(&e.field(0)), vm.display(&e.field(4)));
        let object = e.field(1);
        let byte = vm
            .buffer(&object)
            .ok()
            .and_then(|b| b.get(start.max(0) as usize).copied());
        Ok(vm.str_value(&match byte {
            Some(b) if end == start + 1 => {
                format!(
                    "'{encoding}' codec can't decode byte {b:#04x} in position {start}: {reason}"
                )
            }
            _ => format!(
                "'{encoding}' codec can't decode bytes in position {start}-{}: {reason}",
                end - 1
            ),
        }))
    }));
    x.unicode_encode_error.slots.str.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        let (start, end) = (e.field(2).as_small_int().unwrap_or(0), e.field(3).as_small_int().unwrap_or(0));
        let (encoding, reason) = (vm.display(&e.field(0)), vm.display(&e.field(4)));
        let object = e.field(1);
        let cp = object
            .downcast::<Str>()
            .and_then(|s| lasti_text::wtf8::code_points(s.as_bytes()).nth(start.max(0) as usize));
        Ok(vm.str_value(&match cp {
            Some(c) if end == start + 1 => {
                let shown = match c {
                    0..=0xFF => format!("\\x{c:02x}"),
                    0x100..=0xFFFF => format!("\\u{c:04x}"),
                    _ => format!("\\U{c:08x}"),
                };
                format!("'{encoding}' codec can't encode character '{shown}' in position {start}: {reason}")
            }
            _ => format!("'{encoding}' codec can't encode characters in position {start}-{}: {reason}", end - 1),
        }))
    }));
    fields(
        vm,
        &x.unicode_translate_error,
        &["object", "start", "end", "reason"],
    );
    x.unicode_translate_error
        .slots
        .init
        .set(Some(|vm, v, args| {
            let items = args.exactly::<4>(vm, "UnicodeTranslateError")?;
            text_argument(vm, items, 0)?;
            vm.to_i64(&items[1])?;
            vm.to_i64(&items[2])?;
            text_argument(vm, items, 3)?;
            set_args(vm, v, args)?;
            let e = vm.this::<Exception>(v)?;
            for (i, x) in items.iter().enumerate() {
                e.set_field(i, x.clone());
            }
            Ok(())
        }));
}

// ---- exception groups ----

fn init_groups(vm: &Vm) {
    let t = &vm.exc.base_exception_group;
    fields(vm, t, &["message", "exceptions"]);
    t.slots.new.set(Some(group_new));
    t.slots.init.set(Some(set_args));
    t.slots.str.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        let n = vm.len(&e.field(1))?;
        let s = if n == 1 { "" } else { "s" };
        Ok(vm.str_value(&format!(
            "{} ({n} sub-exception{s})",
            vm.display(&e.field(0))
        )))
    }));
    t.slots.repr.set(Some(|vm, v| {
        let e = vm.this::<Exception>(v)?;
        // Shown as the kind of sequence it was made with.
        let given = e.args.get().and_then(|a| a.get(1).cloned());
        let excs = match given {
            Some(g) if g.downcast::<List>().is_some() => vm.new_list(vm.collect(&e.field(1))?),
            _ => e.field(1),
        };
        let (msg, excs) = (vm.repr(&e.field(0))?, vm.repr(&excs)?);
        let name = vm.type_name(v);
        let (msg, excs) = (msg.as_bytes(), excs.as_bytes());
        vm.concat(&[name.as_bytes(), b"(", msg, b", ", excs, b")"])
    }));
    vm.add_methods(t, GROUPS_METHODS);
}

lasti_core::methods! { GROUPS_METHODS =
    "derive" "derive($self, excs, /)\n--\n\n" derive_method;
    "split" "split($self, matcher_value, /)\n--\n\n" split_method;
    "subgroup" "subgroup($self, matcher_value, /)\n--\n\n" subgroup;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" super::class_getitem;
}

fn derive_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [excs] = a.exactly::<1>(vm, "derive")?;
    let msg = vm.this::<Exception>(v)?.field(0);
    vm.call(&vm.builtin("BaseExceptionGroup")?, &[msg, excs.clone()])
}

fn split_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [cond] = a.exactly::<1>(vm, "split")?;
    let cond = condition(vm, cond)?;
    let (yes, no) = split(vm, v, &cond)?;
    Ok(vm.tuple_value([yes, no]))
}

fn subgroup(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [cond] = a.exactly::<1>(vm, "subgroup")?;
    let cond = condition(vm, cond)?;
    Ok(split(vm, v, &cond)?.0)
}

fn group_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let [msg, excs] = args.exactly::<2>(vm, "BaseExceptionGroup.__new__")?;
    if msg.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "BaseExceptionGroup.__new__() argument 1 must be str, not {}",
            vm.type_name(msg)
        )));
    }
    if vm.type_of(excs).slots.getitem.get().is_none() {
        return Err(vm.type_error("second argument (exceptions) must be a sequence"));
    }
    let items = vm.collect(excs)?;
    if items.is_empty() {
        return Err(vm.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let mut only_exceptions = true;
    for (i, x) in items.iter().enumerate() {
        if x.downcast::<Exception>().is_none() {
            return Err(vm.value_error(format!(
                "Item {i} of second argument (exceptions) is not an exception"
            )));
        }
        only_exceptions &= vm.is_instance(x, &vm.exc.exception);
    }
    let mut class = class.clone();
    if class.is(&vm.exc.base_exception_group) {
        if only_exceptions && let Ok(eg) = vm.builtin("ExceptionGroup")?.into_ref::<Type>() {
            class = eg;
        }
    } else if !only_exceptions && class.is_subtype(&vm.exc.exception) {
        let own = !class.is_heap_type();
        return Err(vm.type_error(if own {
            "Cannot nest BaseExceptions in an ExceptionGroup".to_owned()
        } else {
            format!("Cannot nest BaseExceptions in '{}'", class.name())
        }));
    }
    let e = vm.new_exception_args(&class, vm.new_tuple([msg.clone(), excs.clone()]));
    if let Some(x) = e.0.downcast::<Exception>() {
        x.set_field(0, msg.clone());
        x.set_field(1, vm.new_tuple(items).into());
    }
    Ok(e.0)
}

/// What `split` and `subgroup` select by: a class, a tuple of classes, or a function.
fn condition(vm: &Vm, c: &Value) -> PyResult<Value> {
    let is_class = |v: &Value| {
        v.as_ref::<Type>()
            .is_some_and(|t| t.is_subtype(&vm.exc.base_exception))
    };
    let classes = is_class(c)
        || c.downcast::<Tuple>()
            .is_some_and(|t| t.iter().all(is_class));
    let function = c.as_ref::<Type>().is_none() && vm.type_of(c).slots.call.get().is_some();
    if classes || function {
        return Ok(c.clone());
    }
    Err(vm.type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)"))
}

fn matches(vm: &Vm, e: &Value, cond: &Value) -> PyResult<bool> {
    if cond.as_ref::<Type>().is_some() || cond.downcast::<Tuple>().is_some() {
        return vm.isinstance(e, cond);
    }
    let r = vm.call(cond, std::slice::from_ref(e))?;
    vm.is_true(&r)
}

fn split(vm: &Vm, v: &Value, cond: &Value) -> PyResult<(Value, Value)> {
    vm.guard_native_stack("in exceptiongroup_split_recursive")?;
    if matches(vm, v, cond)? {
        return Ok((v.clone(), Value::NONE));
    }
    if !vm.is_instance(v, &vm.exc.base_exception_group) {
        return Ok((Value::NONE, v.clone()));
    }
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for e in vm.collect(&vm.this::<Exception>(v)?.field(1))? {
        let (y, n) = split(vm, &e, cond)?;
        yes.extend(Some(y).filter(|v| !v.is_none()));
        no.extend(Some(n).filter(|v| !v.is_none()));
    }
    Ok((derive(vm, v, yes)?, derive(vm, v, no)?))
}

/// A group of some of the leaves, with the original's context, cause, traceback and notes.
fn derive(vm: &Vm, orig: &Value, excs: Vec<Value>) -> PyResult<Value> {
    if excs.is_empty() {
        return Ok(Value::NONE);
    }
    let new = vm.call_method(orig, "derive", &[vm.new_list(excs)])?;
    if let (Some(n), Some(o)) = (new.downcast::<Exception>(), orig.downcast::<Exception>()) {
        n.traceback.set(o.traceback.get());
        n.context.set(o.context.get());
        n.cause.set(o.cause.get());
        // Setting a cause, even none, suppresses the context.
        n.suppress_context.set(true);
        if let Some(notes) = vm.lookup_attr(orig, &vm.names.notes)? {
            let copy = vm.new_list(vm.collect(&notes)?);
            vm.setattr(&new, &vm.names.notes, Some(&copy))?;
        }
    }
    Ok(new)
}
