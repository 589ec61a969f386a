//! `_IOBase`, `_RawIOBase`, `_BufferedIOBase`, `_TextIOBase` (CPython's Modules/_io/iobase.c and friends).
use super::{BUFFER_SIZE, closed_file, line_end, size_arg, unsupported};
use crate::os::buffer;
use lasti_core::objects::{Bytes, Plain, Type, TypeFlags};
use lasti_core::vm::args::Args;
use lasti_core::{Exc, PyResult, Ref, Value, Vm};

pub(super) const FLAGS: u32 =
    TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF | TypeFlags::DEL;

/// `ValueError` when the stream says that it is closed.
pub(super) fn check_open(vm: &Vm, v: &Value) -> PyResult<()> {
    match is_closed(vm, v)? {
        true => Err(closed_file(vm)),
        false => Ok(()),
    }
}

pub(super) fn is_closed(vm: &Vm, v: &Value) -> PyResult<bool> {
    vm.is_true(&vm.getattr(v, &vm.intern("closed"))?)
}

/// The mark that `close` of the base class leaves.
fn marked_closed(vm: &Vm, v: &Value) -> PyResult<bool> {
    Ok(vm.lookup_attr(v, &vm.intern("__IOBase_closed"))?.is_some())
}

pub(super) fn io_base(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Plain>("_io._IOBase", &vm.types.object, FLAGS);
    vm.add_methods(&t, IO_BASE_METHODS);
    vm.getset(
        &t,
        "closed",
        |vm, v| Ok(Value::bool(marked_closed(vm, v)?)),
        None,
    );
    for name in ["seekable", "readable", "writable"] {
        vm.method(&t, name, "()\n--\n\n", |_, _, _| Ok(Value::FALSE));
    }
    t.slots.iter.set(Some(|vm, v| {
        check_open(vm, v)?;
        Ok(v.clone())
    }));
    t.slots.next.set(Some(|vm, v| {
        let line = vm.call_method(v, "readline", &[])?;
        Ok(if vm.len(&line)? == 0 {
            None
        } else {
            Some(line)
        })
    }));
    // Closes what nobody closed.
    vm.ready_type(&t);
    t
}

lasti_core::methods! { IO_BASE_METHODS =
    "seek" "seek($self, offset, whence=0, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "seek"));
    "tell" "tell($self, /)\n--\n\n" tell;
    "truncate" "truncate($self, size=None, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "truncate"));
    "fileno" "fileno($self, /)\n--\n\n" fileno;
    "flush" "flush($self, /)\n--\n\n" flush;
    "close" "close($self, /)\n--\n\n" close;
    "isatty" "isatty($self, /)\n--\n\n" isatty;
    "_checkClosed" "_checkClosed($self, /)\n--\n\n" ensure_closed;
    "_checkSeekable" "_checkSeekable($self, /)\n--\n\n" ensure_seekable;
    "_checkReadable" "_checkReadable($self, /)\n--\n\n" ensure_readable;
    "_checkWritable" "_checkWritable($self, /)\n--\n\n" ensure_writable;
    "__enter__" "__enter__($self, /)\n--\n\n" enter;
    "__exit__" "(*exc_info)\n--\n\n" exit;
    "readline" "readline($self, size=-1, /)\n--\n\n" readline_method;
    "readlines" "readlines($self, hint=-1, /)\n--\n\n" readlines;
    "writelines" "writelines($self, lines, /)\n--\n\n" writelines;
    "__del__" "()\n--\n\n" del;
}

fn tell(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.call_method(v, "seek", &[vm.new_int(0), vm.new_int(1)])
}

fn fileno(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(unsupported(vm, "fileno"))
}

fn flush(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    if marked_closed(vm, v)? {
        return Err(closed_file(vm));
    }
    Ok(Value::NONE)
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    if marked_closed(vm, v)? {
        return Ok(Value::NONE);
    }
    let flushed = vm.call_method(v, "flush", &[]);
    vm.setattr(v, &vm.intern("__IOBase_closed"), Some(&Value::TRUE))?;
    flushed.map(|_| Value::NONE)
}

fn isatty(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    check_open(vm, v)?;
    Ok(Value::FALSE)
}

fn ensure_closed(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    check_open(vm, v)?;
    Ok(Value::NONE)
}

fn ensure_seekable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    ask(vm, v, "seekable", "File or stream is not seekable.")
}

fn ensure_readable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    ask(vm, v, "readable", "File or stream is not readable.")
}

fn ensure_writable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    ask(vm, v, "writable", "File or stream is not writable.")
}

fn enter(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    check_open(vm, v)?;
    Ok(v.clone())
}

fn exit(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.call_method(v, "close", &[])
}

fn readline_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let limit = size_arg(vm, a.between(vm, "readline", 0, 1)?.first())?;
    readline(vm, v, limit)
}

fn readlines(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let hint = size_arg(vm, a.between(vm, "readlines", 0, 1)?.first())?;
    let hint = hint.filter(|n| *n > 0);
    let it = vm.iter(v)?;
    let (mut lines, mut total) = (Vec::new(), 0);
    while let Some(line) = vm.next(&it)? {
        total += vm.len(&line)?;
        lines.push(line);
        if hint.is_some_and(|hint| total > hint) {
            break;
        }
    }
    Ok(vm.new_list(lines))
}

fn writelines(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [lines] = a.exactly::<1>(vm, "writelines")?;
    check_open(vm, v)?;
    let it = vm.iter(lines)?;
    while let Some(line) = vm.next(&it)? {
        vm.call_method(v, "write", &[line])?;
    }
    Ok(Value::NONE)
}

fn del(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    if !matches!(is_closed(vm, v), Ok(false)) {
        return Ok(Value::NONE);
    }
    warn_unclosed(vm, v)?;
    vm.call_method(v, "close", &[])
}

fn warn_unclosed(vm: &Vm, v: &Value) -> PyResult<()> {
    let name = vm.intern("_dealloc_warn");
    match vm.lookup_attr(v, &name)? {
        Some(warn) => vm.call(&warn, std::slice::from_ref(v)).map(|_| ()),
        None => Ok(()),
    }
}

pub(super) fn ask(vm: &Vm, v: &Value, method: &str, otherwise: &str) -> PyResult<Value> {
    if vm.call_method(v, method, &[])?.is(&Value::TRUE) {
        return Ok(Value::TRUE);
    }
    Err(unsupported(vm, otherwise))
}

/// A line of any stream, by its `peek` and `read`.
fn readline(vm: &Vm, v: &Value, limit: Option<usize>) -> PyResult<Value> {
    let peek = vm.lookup_attr(v, &vm.intern("peek"))?;
    let not_bytes = |method: &str, got: &Value| {
        vm.os_error_text(format!(
            "{method}() should have returned a bytes object, not '{}'",
            vm.type_name(got)
        ))
    };
    let mut line: Vec<u8> = Vec::new();
    while limit.is_none_or(|limit| line.len() < limit) {
        let mut n = 1;
        if let Some(peek) = &peek {
            let ahead = vm.call(peek, &[vm.new_int(1)])?;
            let Some(ahead) = ahead.downcast::<Bytes>() else {
                return Err(not_bytes("peek", &ahead));
            };
            if !ahead.data.is_empty() {
                n = line_end(&ahead.data).unwrap_or(ahead.data.len());
                if let Some(limit) = limit {
                    n = n.min(limit - line.len());
                }
            }
        }
        let got = vm.call_method(v, "read", &[vm.new_int(n as i64)])?;
        let Some(bytes) = got.downcast::<Bytes>() else {
            return Err(not_bytes("read", &got));
        };
        vm.extend(&mut line, &bytes.data)?;
        if bytes.data.is_empty() || line.ends_with(b"\n") {
            break;
        }
    }
    vm.try_new_bytes(line)
}

pub(super) fn raw_base(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<Plain>("_io._RawIOBase", base, FLAGS | TypeFlags::RAW_STREAM);
    vm.add_methods(&t, RAW_BASE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { RAW_BASE_METHODS =
    "read" "read($self, size=-1, /)\n--\n\n" read;
    "readall" "readall($self, /)\n--\n\n" readall;
}

/// `read` of a stream that cannot: the size is converted all the same.
fn no_read(vm: &Vm, a: Args, name: &str) -> PyResult<Value> {
    a.pos.first().map_or(Ok(0), |n| vm.to_c_int(n))?;
    Err(unsupported(vm, name))
}

fn read(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let Some(n) = size_arg(vm, a.between(vm, "read", 0, 1)?.first())? else {
        return vm.call_method(v, "readall", &[]);
    };
    let mut room = vm.try_vec(n)?;
    room.resize(n, 0);
    let buffer = vm.new_bytearray(room);
    let got = vm.call_method(v, "readinto", std::slice::from_ref(&buffer))?;
    if got.is_none() {
        return Ok(got);
    }
    let mut bytes = vm.buffer(&buffer)?;
    let got = vm.to_i64(&got)?;
    if usize::try_from(got).map_or(true, |got| got > bytes.len()) {
        return Err(vm.value_error(format!(
            "readinto returned {got} outside buffer size {}",
            bytes.len()
        )));
    }
    bytes.truncate(got as usize);
    vm.try_new_bytes(bytes)
}

fn readall(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let mut all: Vec<u8> = Vec::new();
    let mut any = false;
    loop {
        let part = vm.call_method(v, "read", &[vm.new_int(BUFFER_SIZE as i64)])?;
        if part.is_none() {
            return Ok(if any { vm.new_bytes(all) } else { part });
        }
        let Some(bytes) = part.downcast::<Bytes>() else {
            return Err(vm.type_error("read() should return bytes"));
        };
        if bytes.data.is_empty() {
            return vm.try_new_bytes(all);
        }
        any = true;
        vm.extend(&mut all, &bytes.data)?;
    }
}

pub(super) fn buffered_base(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<Plain>(
        "_io._BufferedIOBase",
        base,
        FLAGS | TypeFlags::BUFFERED_STREAM,
    );
    vm.add_methods(&t, BUFFERED_BASE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { BUFFERED_BASE_METHODS =
    "detach" "detach($self, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "detach"));
    "read" "read($self, size=-1, /)\n--\n\n" |vm, _, a| no_read(vm, a, "read");
    "read1" "read1($self, size=-1, /)\n--\n\n" |vm, _, a| no_read(vm, a, "read1");
    "write" "write($self, b, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "write"));
    "readinto" "readinto($self, buffer, /)\n--\n\n" readinto;
    "readinto1" "readinto1($self, buffer, /)\n--\n\n" readinto1;
}

fn readinto(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto")?;
    into_by(vm, v, target, "readinto", "read")
}

fn readinto1(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto1")?;
    into_by(vm, v, target, "readinto1", "read1")
}

fn into_by(vm: &Vm, v: &Value, target: &Value, name: &str, by: &str) -> PyResult<Value> {
    buffer::fill(vm, target, name, |n| {
        let data = vm.call_method(v, by, &[vm.new_int(n as i64)])?;
        let Some(bytes) = data.downcast::<Bytes>() else {
            return Err(vm.type_error("read() should return bytes"));
        };
        if bytes.data.len() > n {
            return Err(vm.value_error(format!(
                "read() returned too much data: {n} bytes requested, {} returned",
                bytes.data.len()
            )));
        }
        Ok(Some(bytes.data.to_vec()))
    })
}

pub(super) fn text_base(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<Plain>("_io._TextIOBase", base, FLAGS | TypeFlags::TEXT_STREAM);
    vm.add_methods(&t, TEXT_BASE_METHODS);
    for name in ["encoding", "newlines", "errors"] {
        vm.getset(&t, name, |_, _| Ok(Value::NONE), None);
    }
    vm.ready_type(&t);
    t
}

lasti_core::methods! { TEXT_BASE_METHODS =
    "detach" "detach($self, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "detach"));
    "read" "read($self, size=-1, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "read"));
    "readline" "readline($self, size=-1, /)\n--\n\n" text_readline;
    "write" "write($self, b, /)\n--\n\n" |vm, _, _| Err(unsupported(vm, "write"));
}

fn text_readline(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(unsupported(vm, "readline"))
}

trait OsErrorText {
    fn os_error_text(&self, msg: String) -> Exc;
}
impl OsErrorText for Vm {
    fn os_error_text(&self, msg: String) -> Exc {
        self.new_exception(&self.exc.os_error, msg)
    }
}
