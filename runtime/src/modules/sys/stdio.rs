//! `sys.stdin`, `sys.stdout` and `sys.stderr` before anybody imports `io`: text over a descriptor, with a buffer.
use crate::os::{fd, stdin};
use lasti_builtins::encoding::BuiltinCodec;
use lasti_core::objects::{Str, TypeFlags};
use lasti_core::vm::Getter;
use lasti_core::{Args, Payload, PyResult, Ref, Value, Vm};
use lasti_text::codecs::{Codec, Handler, decode, encode};
use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU8, Ordering};

/// A standard stream. Writing keeps back text until a newline (a terminal, stderr) or until the buffer is full.
pub struct StdStream {
    pub fd: i32,
    buffer: RefCell<Vec<u8>>,
    line_buffered: bool,
    closed: Cell<bool>,
    /// What is not UTF-8 on stdin, and lone surrogates on stdout, stand for bytes (`surrogateescape`).
    escapes: bool,
}
impl Payload for StdStream {
    const NAME: &'static str = "TextIOWrapper";
}

const FULL: usize = 8192;
/// A bit for each standard descriptor that was closed when the process started. Rust's start-up code opens /dev/null in
/// their place, so they are looked at before it.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Notes which standard descriptors are closed. It is for what runs before `main`.
pub fn note_closed() {
    let all = [
        rustix::stdio::stdin(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
    ];
    for (i, fd) in all.into_iter().enumerate() {
        if rustix::io::fcntl_getfd(fd).is_err() {
            CLOSED.fetch_or(1 << i, Ordering::Relaxed);
        }
    }
}

/// The stream that `sys` starts with: None for a closed descriptor.
pub fn standard_stream(vm: &Vm, fd: i32) -> Value {
    if CLOSED.load(Ordering::Relaxed) >> fd & 1 == 1 {
        return Value::NONE;
    }
    new_stream(vm, fd)
}

/// How text on the standard streams is encoded (CPython's `config_init_stdio_encoding`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StdioText {
    pub encoding: String,
    pub errors: String,
}

impl StdioText {
    /// `utf8` is UTF-8 mode, where it was said; `given` is `PYTHONIOENCODING`.
    pub fn new(utf8: Option<bool>, given: Option<&str>) -> StdioText {
        let plain = locale().is_none_or(|l| l == "C" || l == "POSIX");
        let ascii = utf8 == Some(false) && plain;
        let mut made = StdioText {
            encoding: if ascii { "ascii" } else { "utf-8" }.into(),
            errors: if plain || utf8 == Some(true) {
                "surrogateescape"
            } else {
                "strict"
            }
            .into(),
        };
        if let Some(given) = given {
            let (encoding, errors) = given.split_once(':').unwrap_or((given, ""));
            if !encoding.is_empty() {
                made.encoding = encoding.into();
                made.errors = "strict".into();
            }
            if !errors.is_empty() {
                made.errors = errors.into();
            }
        }
        made
    }
    /// Whether the native streams do this.
    fn is_native(&self) -> bool {
        BuiltinCodec::from_name(&self.encoding) == Some(BuiltinCodec::Plain(Codec::Utf8))
            && matches!(&*self.errors, "strict" | "surrogateescape")
    }
}

/// The locale of text, as the environment names it.
fn locale() -> Option<String> {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
}

/// Puts streams with this encoding into `sys`. The modules that they need can be imported.
pub fn set_text(vm: &Vm, text: &StdioText) -> PyResult<()> {
    let Some(sys) = vm.sys.get() else {
        return Ok(());
    };
    for (name, fd) in [("stdin", 0), ("stdout", 1), ("stderr", 2)] {
        if vm.dict_get(&sys.dict, name).is_none_or(|s| s.is_none()) {
            continue;
        }
        let s = if text.is_native() {
            make_stream(vm, fd, text.errors == "surrogateescape")
        } else {
            wrapper(vm, fd, text)?
        };
        vm.add_value(&sys, name, s.clone());
        vm.add_value(&sys, &format!("__{name}__"), s);
    }
    Ok(())
}

/// A stream of the `io` module.
fn wrapper(vm: &Vm, fd: i32, text: &StdioText) -> PyResult<Value> {
    let io = vm.import("io")?;
    let found = vm.call_method(
        &vm.import("codecs")?,
        "lookup",
        &[vm.str_value(&text.encoding)],
    )?;
    let encoding = vm.getattr_str(&found, "name")?;
    let mode = if fd == 0 { "rb" } else { "wb" };
    let all = [vm.new_int(fd as i64), vm.str_value(mode), Value::FALSE];
    let names = [vm.str_value("closefd")];
    let buffer = vm.call_args(&vm.getattr_str(&io, "open")?, Args::split(&all, &names))?;
    let raw = vm.getattr_str(&buffer, "raw")?;
    let name = ["<stdin>", "<stdout>", "<stderr>"][fd.clamp(0, 2) as usize];
    vm.setattr(&raw, &vm.intern("name"), Some(&vm.str_value(name)))?;
    let errors = if fd == 2 {
        "backslashreplace"
    } else {
        &text.errors
    };
    let newline = if fd == 0 {
        Value::NONE
    } else {
        vm.str_value("\n")
    };
    let lines = Value::bool(fd == 2 || is_tty(fd));
    let class = vm.getattr_str(&io, "TextIOWrapper")?;
    let made = vm.call(
        &class,
        &[buffer, encoding, vm.str_value(errors), newline, lines],
    )?;
    let mode = vm.str_value(if fd == 0 { "r" } else { "w" });
    vm.setattr(&made, &vm.intern("mode"), Some(&mode))?;
    Ok(made)
}

/// `sys.stdin.buffer`, once it was asked for.
#[derive(Default)]
struct StdinBuffer(RefCell<Option<Value>>);

struct StreamType(Ref<lasti_core::objects::Type>);

pub fn new_stream(vm: &Vm, fd: i32) -> Value {
    make_stream(vm, fd, false)
}

fn make_stream(vm: &Vm, fd: i32, escapes: bool) -> Value {
    let state = vm.module_state(|| StreamType(make_type(vm)));
    let tty = is_tty(fd);
    let s = StdStream {
        fd,
        buffer: RefCell::default(),
        line_buffered: tty || fd == 2,
        closed: Cell::new(false),
        escapes,
    };
    vm.heap.alloc(&state.0, s).into()
}

fn is_tty(fd: i32) -> bool {
    match fd {
        0 => std::io::stdin().is_terminal(),
        1 => std::io::stdout().is_terminal(),
        _ => std::io::stderr().is_terminal(),
    }
}

fn make_type(vm: &Vm) -> Ref<lasti_core::objects::Type> {
    let t = vm.new_native_type::<StdStream>(
        "_io.TextIOWrapper",
        &vm.types.object,
        TypeFlags::DICT | TypeFlags::WEAKREF,
    );
    vm.add_methods(&t, METHODS);
    t.slots.iter.set(Some(|_, v| Ok(v.clone())));
    t.slots.next.set(Some(|vm, _| {
        let line = stdin::read_line(vm)?;
        if line.is_empty() {
            Ok(None)
        } else {
            text(vm, &line).map(Some)
        }
    }));
    let name: Getter = |vm, v| {
        Ok(vm.str_value(
            ["<stdin>", "<stdout>", "<stderr>"][vm.this::<StdStream>(v)?.fd.clamp(0, 2) as usize],
        ))
    };
    vm.getset(&t, "name", name, None);
    vm.getset(
        &t,
        "mode",
        |vm, v| {
            Ok(vm.str_value(if vm.this::<StdStream>(v)?.fd == 0 {
                "r"
            } else {
                "w"
            }))
        },
        None,
    );
    vm.getset(&t, "encoding", |vm, _| Ok(vm.str_value("utf-8")), None);
    vm.getset(
        &t,
        "errors",
        |vm, v| {
            let s = vm.this::<StdStream>(v)?;
            Ok(vm.str_value(match s.fd {
                2 => "backslashreplace",
                _ if s.escapes => "surrogateescape",
                _ => "strict",
            }))
        },
        None,
    );
    vm.getset(&t, "newlines", |_, _| Ok(Value::NONE), None);
    vm.getset(
        &t,
        "line_buffering",
        |vm, v| Ok(Value::bool(vm.this::<StdStream>(v)?.line_buffered)),
        None,
    );
    vm.getset(
        &t,
        "closed",
        |vm, v| Ok(Value::bool(vm.this::<StdStream>(v)?.closed.get())),
        None,
    );
    vm.getset(
        &t,
        "buffer",
        |vm, v| {
            let fd = vm.this::<StdStream>(v)?.fd;
            flush(vm, vm.this::<StdStream>(v)?)?;
            // The one of stdin holds what it has read ahead, so it is kept.
            let kept = vm.module_state(StdinBuffer::default);
            if let (0, Some(b)) = (fd, kept.0.borrow().as_ref()) {
                return Ok(b.clone());
            }
            let io = vm.import("io")?;
            let mode = vm.str_value(if fd == 0 { "rb" } else { "wb" });
            let file = vm.getattr_str(&io, "open")?;
            let all = [vm.new_int(fd as i64), mode, Value::FALSE];
            let names = [vm.str_value("closefd")];
            let made = vm.call_args(&file, Args::split(&all, &names))?;
            if fd == 0 {
                kept.0.replace(Some(made.clone()));
            }
            Ok(made)
        },
        None,
    );
    t.slots.repr.set(Some(|vm, v| {
        let fd = vm.this::<StdStream>(v)?.fd;
        let name = ["<stdin>", "<stdout>", "<stderr>"][fd.clamp(0, 2) as usize];
        let mode = if fd == 0 { "r" } else { "w" };
        Ok(vm.str_value(&format!(
            "<_io.TextIOWrapper name='{name}' mode='{mode}' encoding='utf-8'>"
        )))
    }));
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "write" "write($self, text, /)\n--\n\n" write;
    "writelines" "writelines($self, lines, /)\n--\n\n" writelines;
    "flush" "flush($self, /)\n--\n\n" flush_method;
    "readline" "readline($self, size=-1, /)\n--\n\n" |vm, _, _| text(vm, &stdin::read_line(vm)?);
    "read" "read($self, size=-1, /)\n--\n\n" read;
    "readlines" "readlines($self, hint=-1, /)\n--\n\n" readlines;
    "fileno" "fileno($self, /)\n--\n\n" fileno;
    "isatty" "isatty($self, /)\n--\n\n" isatty;
    "readable" "readable($self, /)\n--\n\n" readable;
    "writable" "writable($self, /)\n--\n\n" writable;
    "seekable" "seekable($self, /)\n--\n\n" |_, _, _| Ok(Value::FALSE);
    "reconfigure" "(**changes)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "close" "close($self, /)\n--\n\n" close;
    "__enter__" "__enter__($self, /)\n--\n\n" |_, v, _| Ok(v.clone());
    "__exit__" "(*exc_info)\n--\n\n" |_, _, _| Ok(Value::NONE);
}

fn writelines(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [lines] = a.exactly::<1>(vm, "writelines")?;
    for l in vm.collect(lines)? {
        write(vm, v, Args::pos(&[l]))?;
    }
    Ok(Value::NONE)
}

fn flush_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    flush(vm, vm.this::<StdStream>(v)?)?;
    Ok(Value::NONE)
}

fn read(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "read", 0, 1)?;
    let n = pos.first().filter(|n| !n.is_none());
    let n = n.map_or(Ok(-1), |n| vm.to_i64(n))?;
    let got = if n < 0 {
        stdin::read_all(vm)?
    } else {
        stdin::read_chars(vm, n)?
    };
    text(vm, &got)
}

fn readlines(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let lines: PyResult<Vec<Value>> = stdin::read_all(vm)?
        .split_inclusive(|b| *b == b'\n')
        .map(|l| text(vm, l))
        .collect();
    Ok(vm.new_list(lines?))
}

fn fileno(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.this::<StdStream>(v)?.fd as i64))
}

fn isatty(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(is_tty(vm.this::<StdStream>(v)?.fd)))
}

fn readable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<StdStream>(v)?.fd == 0))
}

fn writable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<StdStream>(v)?.fd != 0))
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = vm.this::<StdStream>(v)?;
    flush(vm, s)?;
    s.closed.set(true);
    Ok(Value::NONE)
}

fn text(vm: &Vm, bytes: &[u8]) -> PyResult<Value> {
    match decode(Codec::Utf8, bytes, Handler::SurrogateEscape) {
        Ok(t) => Ok(vm.try_new_wtf8(&t)?.into()),
        Err(_) => Ok(vm.str_value(&String::from_utf8_lossy(bytes))),
    }
}

fn write(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [x] = args.exactly::<1>(vm, "write")?;
    let Some(s) = x.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "write() argument must be str, not {}",
            vm.type_name(x)
        )));
    };
    let stream = vm.this::<StdStream>(v)?;
    if stream.closed.get() {
        return Err(vm.value_error("I/O operation on closed file."));
    }
    let full = {
        let mut buffer = stream.buffer.borrow_mut();
        match s.to_str() {
            Some(t) => buffer.extend_from_slice(t.as_bytes()),
            None => buffer.extend_from_slice(&encode_lone(vm, stream, x, s)?),
        }
        buffer.len() >= FULL
            || stream.line_buffered && s.as_bytes().contains(&b'\n')
            || stream.fd == 2
    };
    if full {
        flush(vm, stream)?;
    }
    Ok(vm.new_int(s.char_len() as i64))
}

/// Text with lone surrogates: an error on stdout, escapes on stderr.
fn encode_lone(vm: &Vm, stream: &StdStream, x: &Value, s: &Str) -> PyResult<Vec<u8>> {
    let handler = match stream.fd {
        2 => Handler::BackslashReplace,
        _ if stream.escapes => Handler::SurrogateEscape,
        _ => Handler::Strict,
    };
    encode(Codec::Utf8, s.as_bytes(), handler).map_err(|e| {
        let (start, end) = e.positions(s.as_bytes());
        let parts = [
            vm.str_value(e.encoding),
            x.clone(),
            vm.new_int(start as i64),
            vm.new_int(end as i64),
            vm.str_value(e.reason),
        ];
        match vm.call(vm.exc.unicode_encode_error.as_value(), &parts) {
            Ok(e) => lasti_core::Exc(e),
            Err(e) => e,
        }
    })
}

pub fn flush(vm: &Vm, s: &StdStream) -> PyResult<()> {
    let bytes = s.buffer.take();
    if bytes.is_empty() {
        return Ok(());
    }
    // The descriptor itself: std's streams have a buffer of their own and hide that a descriptor is closed.
    let fd = match s.fd {
        2 => rustix::stdio::stderr(),
        _ => rustix::stdio::stdout(),
    };
    let mut left = &bytes[..];
    while !left.is_empty() {
        match fd::write_to(vm, fd, left)? {
            Ok(n) => left = &left[n..],
            Err(e) => {
                // What is left stays, as in CPython's BufferedWriter: the flush at exit tells that it is lost.
                if s.fd != 2 {
                    s.buffer.borrow_mut().splice(..0, left.iter().copied());
                }
                return Err(vm.os_error(&e, None));
            }
        }
        crate::gil::check_interrupts(vm)?;
    }
    Ok(())
}
