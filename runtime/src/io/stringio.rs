//! `StringIO` (CPython's Modules/_io/stringio.c). The position counts characters.
use super::bytesio::{own_dict, restore_dict};
use super::newline::Newlines;
use super::{base, line_end, size_arg};
use lasti_core::objects::{Str, Tuple, Type};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Value, Vm};
use lasti_text::wtf8;
use std::cell::{Cell, RefCell};

#[derive(Default)]
struct StringIo {
    text: RefCell<Vec<u8>>,
    /// Characters in the text.
    len: Cell<usize>,
    at: Cell<usize>,
    /// A character whose byte is known: positions are counted from here.
    known: Cell<(usize, usize)>,
    closed: Cell<bool>,
    ready: Cell<bool>,
    newline: Cell<Newline>,
    newlines: Newlines,
}

/// The `newline` argument.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Newline {
    /// None: every kind becomes `\n`.
    Translated,
    /// Empty: every kind ends a line, and stays.
    Any,
    #[default]
    Lf,
    Cr,
    CrLf,
}

impl Newline {
    /// Of what [`newline_arg`] gave.
    fn of(arg: Option<&str>) -> Newline {
        match arg {
            None => Newline::Translated,
            Some("") => Newline::Any,
            Some("\r") => Newline::Cr,
            Some("\r\n") => Newline::CrLf,
            Some(_) => Newline::Lf,
        }
    }
    fn text(self) -> Option<&'static str> {
        match self {
            Newline::Translated => None,
            Newline::Any => Some(""),
            Newline::Lf => Some("\n"),
            Newline::Cr => Some("\r"),
            Newline::CrLf => Some("\r\n"),
        }
    }
    /// Whether the newlines that come by are noted.
    fn universal(self) -> bool {
        matches!(self, Newline::Translated | Newline::Any)
    }
}

impl Payload for StringIo {
    // By its attributes.
    const CONTAINER: bool = true;
    const NAME: &'static str = "StringIO";
}

fn count(text: &[u8]) -> usize {
    // Continuation bytes do not begin a character.
    text.iter().filter(|b| (**b as i8) >= -0x40).count()
}

impl StringIo {
    /// The byte at which character `n` begins; the end, for those beyond it.
    fn offset(&self, text: &[u8], n: usize) -> usize {
        if n >= self.len.get() {
            return text.len();
        }
        if text.len() == self.len.get() {
            return n;
        }
        let (known, byte) = self.known.get();
        let (from, start) = if known <= n { (known, byte) } else { (0, 0) };
        let found = start + wtf8::offset_of(&text[start..], n - from).unwrap_or(0);
        self.known.set((n, found));
        found
    }
    fn take(&self, vm: &Vm, n: Option<usize>) -> Value {
        let text = self.text.borrow();
        let at = self.at.get();
        let end = n.map_or(self.len.get(), |n| at.saturating_add(n).min(self.len.get()));
        if end <= at {
            return vm.new_str("").into();
        }
        let from = self.offset(&text, at);
        let to = self.offset(&text, end);
        self.at.set(end);
        vm.new_wtf8(&text[from..to]).into()
    }
    fn line(&self, vm: &Vm, limit: Option<usize>) -> Value {
        let n = {
            let text = self.text.borrow();
            let from = self.offset(&text, self.at.get());
            let rest = &text[from..];
            let end = match self.newline.get() {
                Newline::Any => memchr::memchr2(b'\n', b'\r', rest).map(|i| {
                    i + 1 + usize::from(rest[i] == b'\r' && rest.get(i + 1) == Some(&b'\n'))
                }),
                Newline::Cr => memchr::memchr(b'\r', rest).map(|i| i + 1),
                Newline::CrLf => memchr::memmem::find(rest, b"\r\n").map(|i| i + 2),
                Newline::Lf | Newline::Translated => line_end(rest),
            };
            count(&rest[..end.unwrap_or(rest.len())])
        };
        self.take(vm, Some(limit.map_or(n, |limit| n.min(limit))))
    }
    fn write(&self, vm: &Vm, s: &Str) -> PyResult<()> {
        let newline = self.newline.get();
        if newline == Newline::Lf {
            return self.put(vm, s.as_bytes(), s.char_len());
        }
        let data = match newline.text() {
            Some(newline @ ("\r" | "\r\n")) => translated(s.as_bytes(), newline),
            _ => self.newlines.apply(s.as_bytes().to_vec(), true),
        };
        self.put(vm, &data, count(&data))
    }
    /// Writes `n` characters as they are.
    fn put(&self, vm: &Vm, data: &[u8], n: usize) -> PyResult<()> {
        if n == 0 {
            return Ok(());
        }
        let mut text = self.text.borrow_mut();
        let (at, len) = (self.at.get(), self.len.get());
        if at > len {
            let gap = at - len;
            if text.try_reserve(gap).is_err() {
                return Err(vm.memory_error());
            }
            text.extend(std::iter::repeat_n(0, gap));
            self.len.set(at);
        }
        if at >= len {
            vm.extend(&mut text, data)?;
        } else {
            vm.reserve(&mut text, data.len())?;
            let from = self.offset(&text, at);
            let to = self.offset(&text, at.saturating_add(n));
            self.known.set((at, from));
            text.splice(from..to, data.iter().copied());
        }
        self.at.set(at + n);
        self.len.set(self.len.get().max(at + n));
        Ok(())
    }
}

/// Text with `\n` as another newline.
pub(super) fn translated(text: &[u8], newline: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    for (i, part) in text.split(|b| *b == b'\n').enumerate() {
        if i > 0 {
            out.extend_from_slice(newline.as_bytes());
        }
        out.extend_from_slice(part);
    }
    out
}

fn open<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<StringIo>> {
    let s = vm.this::<StringIo>(v)?;
    check(vm, s)?;
    Ok(s)
}

fn check(vm: &Vm, s: &StringIo) -> PyResult<()> {
    match (s.ready.get(), s.closed.get()) {
        (false, _) => Err(vm.value_error("I/O operation on uninitialized object")),
        (_, true) => Err(vm.value_error("I/O operation on closed file")),
        _ => Ok(()),
    }
}

#[cold]
fn not_text(vm: &Vm, x: &Value) -> Exc {
    vm.type_error(format!(
        "string argument expected, got '{}'",
        vm.type_name(x)
    ))
}

/// A `newline` argument, checked.
pub(super) fn newline_arg(vm: &Vm, v: Option<&Value>) -> PyResult<Option<String>> {
    let Some(v) = v.filter(|v| !v.is_none()) else {
        return Ok(None);
    };
    let Some(s) = v.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "newline must be str or None, not {}",
            vm.type_full_name(vm.type_of(v))
        )));
    };
    let text = s.to_string_lossy().into_owned();
    match &text[..] {
        "" | "\n" | "\r" | "\r\n" => Ok(Some(text)),
        _ => Err(vm.value_error(format!("illegal newline value: {}", vm.repr_string(v)?))),
    }
}

fn init(vm: &Vm, v: &Value, a: Args) -> PyResult<()> {
    let [initial, newline] = a.bind(vm, "StringIO", ["initial_value", "newline"], 0)?;
    let s = vm.this::<StringIo>(v)?;
    s.ready.set(false);
    let newline = match newline {
        None => Some("\n".to_owned()),
        given => newline_arg(vm, given)?,
    };
    let initial = initial.filter(|x| !x.is_none());
    if let Some(x) = initial
        && x.downcast::<Str>().is_none()
    {
        return Err(vm.type_error(format!(
            "initial_value must be str or None, not {}",
            vm.type_name(x)
        )));
    }
    let newline = Newline::of(newline.as_deref());
    s.newlines.reset();
    s.newlines.translate.set(newline == Newline::Translated);
    s.newline.set(newline);
    s.text.borrow_mut().clear();
    for n in [&s.len, &s.at] {
        n.set(0);
    }
    s.known.set((0, 0));
    s.closed.set(false);
    s.ready.set(true);
    if let Some(x) = initial.and_then(|x| x.downcast::<Str>()) {
        s.write(vm, x)?;
        s.at.set(0);
    }
    Ok(())
}

pub(super) fn make(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<StringIo>("_io.StringIO", base, base::FLAGS);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, StringIo::default()).into())
    }));
    t.slots.init.set(Some(init));
    vm.add_methods(&t, MAKE_METHODS);
    t.slots.next.set(Some(|vm, v| {
        let exact = super::is_native(vm, v);
        let line = match exact {
            true => open(vm, v)?.line(vm, None),
            false => {
                open(vm, v)?;
                vm.call_method(v, "readline", &[])?
            }
        };
        Ok(if vm.len(&line)? == 0 {
            None
        } else {
            Some(line)
        })
    }));
    for name in ["readable", "writable", "seekable"] {
        vm.method(&t, name, "()\n--\n\n", |vm, v, _| {
            open(vm, v)?;
            Ok(Value::TRUE)
        });
    }
    vm.getset(
        &t,
        "closed",
        |vm, v| {
            let s = vm.this::<StringIo>(v)?;
            if !s.ready.get() {
                open(vm, v)?;
            }
            Ok(Value::bool(s.closed.get()))
        },
        None,
    );
    vm.getset(
        &t,
        "line_buffering",
        |vm, v| {
            open(vm, v)?;
            Ok(Value::FALSE)
        },
        None,
    );
    vm.getset(
        &t,
        "newlines",
        |vm, v| {
            let s = open(vm, v)?;
            Ok(match s.newline.get().universal() {
                true => s.newlines.shown(vm),
                false => Value::NONE,
            })
        },
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MAKE_METHODS =
    "read" "read($self, size=-1, /)\n--\n\n" read;
    "readline" "readline($self, size=-1, /)\n--\n\n" readline;
    "write" "write($self, s, /)\n--\n\n" write_method;
    "getvalue" "getvalue($self, /)\n--\n\n" getvalue;
    "seek" "seek($self, pos, whence=0, /)\n--\n\n" seek;
    "tell" "tell($self, /)\n--\n\n" tell;
    "truncate" "truncate($self, pos=None, /)\n--\n\n" truncate;
    "close" "close($self, /)\n--\n\n" close;
    "__getstate__" "__getstate__($self, /)\n--\n\n" getstate;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
}

fn read(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "read", 0, 1)?.first())?;
    Ok(open(vm, v)?.take(vm, n))
}

fn readline(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "readline", 0, 1)?.first())?;
    Ok(open(vm, v)?.line(vm, n))
}

fn write_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "write")?;
    let s = vm.this::<StringIo>(v)?;
    let Some(text) = x.downcast::<Str>() else {
        return Err(not_text(vm, x));
    };
    check(vm, s)?;
    s.write(vm, text)?;
    Ok(vm.new_int(text.char_len() as i64))
}

fn getvalue(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = open(vm, v)?;
    Ok(vm.try_new_wtf8(&s.text.borrow())?.into())
}

fn seek(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seek", 1, 2)?;
    let to = vm.to_i64(&vm.index(&pos[0])?)?;
    let how = pos.get(1).map_or(Ok(0), |h| vm.to_i64(h))?;
    let s = open(vm, v)?;
    let to = match how {
        0 if to < 0 => return Err(vm.value_error(format!("Negative seek position {to}"))),
        0 => to as usize,
        1 | 2 if to != 0 => {
            return Err(vm.new_exception(&vm.exc.os_error, "Can't do nonzero cur-relative seeks"));
        }
        1 => s.at.get(),
        2 => s.len.get(),
        _ => {
            return Err(vm.value_error(format!("Invalid whence ({how}, should be 0, 1 or 2)")));
        }
    };
    s.at.set(to);
    Ok(vm.new_int(to as i64))
}

fn tell(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(open(vm, v)?.at.get() as i64))
}

fn truncate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "truncate", 0, 1)?.first();
    let s = open(vm, v)?;
    let n = match pos {
        Some(n) if !n.is_none() => vm.to_i64(&vm.index(n)?)?,
        _ => s.at.get() as i64,
    };
    open(vm, v)?;
    if n < 0 {
        return Err(vm.value_error(format!("Negative size value {n}")));
    }
    let mut text = s.text.borrow_mut();
    let to = s.offset(&text, n as usize);
    text.truncate(to);
    s.len.set(s.len.get().min(n as usize));
    s.known.set((0, 0));
    Ok(vm.new_int(n))
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = vm.this::<StringIo>(v)?;
    s.closed.set(true);
    s.text.replace(Vec::new());
    s.len.set(0);
    s.known.set((0, 0));
    Ok(Value::NONE)
}

fn getstate(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = open(vm, v)?;
    let newline = match s.newline.get().text() {
        Some(n) => vm.str_value(n),
        None => Value::NONE,
    };
    let text = vm.new_wtf8(&s.text.borrow()).into();
    let at = vm.new_int(s.at.get() as i64);
    Ok(vm.tuple_value([text, newline, at, own_dict(vm, v)]))
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [state] = a.exactly::<1>(vm, "__setstate__")?;
    let s = vm.this::<StringIo>(v)?;
    if s.closed.get() {
        open(vm, v)?;
    }
    let wrong = || {
        vm.type_error(format!(
            "{}.__setstate__ argument should be 4-tuple, got {}",
            vm.type_full_name(vm.type_of(v)),
            vm.type_name(state)
        ))
    };
    let parts = state.downcast::<Tuple>().ok_or_else(wrong)?;
    let [text, newline, at, dict, ..] = &parts[..] else {
        return Err(wrong());
    };
    init(vm, v, Args::pos(&[Value::NONE, newline.clone()]))?;
    if let Some(text) = text.downcast::<Str>() {
        // As it is: newlines were translated when it was written.
        s.text.replace(text.as_bytes().to_vec());
        s.len.set(text.char_len());
    } else if !text.is_none() {
        return Err(vm.type_error(format!(
            "initial_value must be str or None, not {}",
            vm.type_name(text)
        )));
    }
    if !vm.is_int(at) {
        return Err(vm.type_error(format!(
            "third item of state must be an integer, got {}",
            vm.type_name(at)
        )));
    }
    let at = vm.to_i64(at)?;
    if at < 0 {
        return Err(vm.value_error("position value cannot be negative"));
    }
    s.at.set(at as usize);
    restore_dict(vm, v, dict)?;
    Ok(Value::NONE)
}
