//! `print`, `input`, `open` and `breakpoint`.
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) fn init(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
    // It is `_io`'s as well.
    let module = vm.str_value("_io");
    let doc = "open($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, opener=None)\n--\n\nOpen file and return a stream.  Raise OSError upon failure.";
    let function = vm.new_native("open", doc, NativeKind::Tail(open), Value::NONE, module);
    vm.add_value(m, "open", function);
}

lasti_core::methods! { FUNCTIONS =
    "print" "print($module, /, *args, sep=' ', end='\\n', file=None, flush=False)\n--\n\nPrints the values to a stream, or to sys.stdout by default." print;
    "input" "input($module, prompt='', /)\n--\n\nRead a string from standard input.  The trailing newline is stripped." input;
    tail "breakpoint" "breakpoint($module, /, *args, **kws)\n--\n\nCall sys.breakpointhook(*args, **kws)." breakpoint;
}

/// An attribute of the `sys` module; none while it does not exist.
fn sys_attr(vm: &Vm, name: &Ref<Str>) -> Option<Value> {
    vm.dict_get_str(&vm.sys.get()?.dict, name)
}

fn print(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let named = Args { pos: &[], ..args };
    let [sep, end, file, flush] =
        named.bind(vm, "print", ["*sep", "*end", "*file", "*flush"], 0)?;
    let file = match file {
        Some(f) if !f.is_none() => f.clone(),
        _ => match sys_attr(vm, &vm.names.stdout) {
            Some(f) if f.is_none() => return Ok(Value::NONE),
            Some(f) => f,
            None => return Err(vm.runtime_error("lost sys.stdout")),
        },
    };
    let text = |v: Option<&Value>, what: &str, default: &'static [u8]| -> PyResult<Vec<u8>> {
        match v {
            Some(v) if !v.is_none() => match v.downcast::<Str>() {
                Some(s) => Ok(s.as_bytes().to_vec()),
                None => Err(vm.type_error(format!(
                    "{what} must be None or a string, not {}",
                    vm.type_name(v)
                ))),
            },
            _ => Ok(default.to_vec()),
        }
    };
    let sep = text(sep, "sep", b" ")?;
    let end = text(end, "end", b"\n")?;
    let mut out = Vec::new();
    for (i, v) in args.pos.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(&sep);
        }
        match v.downcast::<Str>() {
            Some(s) if vm.type_of(v).is(&vm.types.str) => out.extend_from_slice(s.as_bytes()),
            _ => out.extend_from_slice(vm.str_of(v)?.as_bytes()),
        }
    }
    out.extend_from_slice(&end);
    let line: Value = vm.new_wtf8(&out).into();
    vm.call_method_args(&file, &vm.names.write, Args::pos(&[line]))?;
    if let Some(f) = flush
        && vm.is_true(f)?
    {
        vm.call_method_args(&file, &vm.names.flush, Args::NONE)?;
    }
    Ok(Value::NONE)
}

fn input(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "input", 0, 1)?;
    let stream = |name: &Ref<Str>, text: &str| match sys_attr(vm, name) {
        Some(f) if !f.is_none() => Ok(f),
        _ => Err(vm.runtime_error(format!("lost sys.{text}"))),
    };
    let stdin = stream(&vm.names.stdin, "stdin")?;
    let stdout = stream(&vm.names.stdout, "stdout")?;
    if let Some(prompt) = args.first() {
        let prompt: Value = vm.str_of(prompt)?.into();
        vm.call_method_args(&stdout, &vm.names.write, Args::pos(&[prompt]))?;
    }
    vm.call_method_args(&stdout, &vm.names.flush, Args::NONE)?;
    let line = vm.call_method_args(&stdin, &vm.names.readline, Args::NONE)?;
    let Some(s) = line.downcast::<Str>() else {
        return Err(vm.type_error("object.readline() returned non-string"));
    };
    match s.as_bytes() {
        [] => Err(vm.new_exception(&vm.exc.eof_error, "EOF when reading a line")),
        [text @ .., b'\n'] => Ok(vm.try_new_wtf8(text)?.into()),
        _ => Ok(line),
    }
}

/// Passes all arguments on to another callable.
fn forward(vm: &Vm, callable: Value, args: Args) -> Tail {
    let mut all = args.pos.to_vec();
    all.extend_from_slice(args.kw);
    let names = if args.names.is_empty() {
        None
    } else {
        Some(vm.new_tuple(args.names.to_vec()))
    };
    Tail::Call {
        callable,
        args: all,
        names,
    }
}

fn open(vm: &Vm, _: &Value, args: Args) -> PyResult<Tail> {
    let io = vm.import("_io")?;
    Ok(forward(vm, vm.getattr_str(&io, "_open")?, args))
}

fn breakpoint(vm: &Vm, _: &Value, args: Args) -> PyResult<Tail> {
    match sys_attr(vm, &vm.intern("breakpointhook")) {
        Some(hook) => Ok(forward(vm, hook, args)),
        None => Err(vm.runtime_error("lost sys.breakpointhook")),
    }
}
