//! `BufferedReader`, `BufferedWriter`, `BufferedRandom` (CPython's Modules/_io/bufferedio.c): bytes read ahead, and bytes
//! kept back. A random stream has both, never at once.
use super::fileio::{self, FileIo};
use super::{
    BUFFER_SIZE, base, both, bytes_arg, cannot_pickle, is_native, line_end, size_arg, truth,
    unsupported,
};
use crate::os::buffer;
use crate::wait::Monitor;
use lasti_core::objects::{ByteArray, Bytes, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread::ThreadId;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Reader,
    Writer,
    Random,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// `__init__` did not run, or failed.
    Raw,
    Ready,
    Detached,
}

pub(super) struct Buffered {
    raw: Slot,
    state: Cell<State>,
    kind: Cell<Kind>,
    size: Cell<usize>,
    /// What was read ahead, and how much of it is used.
    ahead: RefCell<Vec<u8>>,
    used: Cell<usize>,
    /// What is to be written.
    back: RefCell<Vec<u8>>,
    /// The thread that is inside: others wait for it, and it must not come again.
    inside: Cell<Option<ThreadId>>,
    /// Threads that wait to get inside.
    waiting: Cell<usize>,
    /// Whether somebody left since the last one of them was woken.
    left: Arc<Monitor<bool>>,
}
impl Payload for Buffered {
    const CONTAINER: bool = true;
    const NAME: &'static str = "BufferedStream";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.raw.visit(visit);
    }
    fn clear(&self) {
        self.raw.set(Value::NONE);
    }
}

struct Inside<'a>(&'a Buffered);
impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.set(None);
        if self.0.waiting.get() > 0 {
            self.0.left.notify_one(|left| *left = true);
        }
    }
}

impl Buffered {
    pub(super) fn raw(&self, vm: &Vm) -> PyResult<Value> {
        match self.state.get() {
            State::Ready => Ok(self.raw.get()),
            State::Raw => Err(vm.value_error("I/O operation on uninitialized object")),
            State::Detached => Err(vm.value_error("raw stream has been detached")),
        }
    }
    pub(super) fn is_closed(&self, vm: &Vm) -> PyResult<bool> {
        let raw = self.raw(vm)?;
        match fileio::exact(vm, &raw) {
            Some(f) => Ok(f.is_closed()),
            None => base::is_closed(vm, &raw),
        }
    }
    fn open_raw(&self, vm: &Vm, msg: &str) -> PyResult<Value> {
        if self.is_closed(vm)? {
            return Err(vm.value_error(msg));
        }
        self.raw(vm)
    }
    fn enter(&self, vm: &Vm, v: &Value) -> PyResult<Inside<'_>> {
        let me = std::thread::current().id();
        while let Some(other) = self.inside.get() {
            if other == me {
                return Err(
                    vm.runtime_error(format!("reentrant call inside {}", vm.repr_string(v)?))
                );
            }
            let left = self.left.clone();
            self.waiting.set(self.waiting.get() + 1);
            let r = left.wait(vm, None, |left| std::mem::take(left).then_some(()));
            self.waiting.set(self.waiting.get() - 1);
            r?;
        }
        self.inside.set(Some(me));
        Ok(Inside(self))
    }
    fn left(&self) -> usize {
        self.ahead.borrow().len() - self.used.get()
    }
    /// Takes up to `n` bytes of what was read ahead.
    fn take(&self, n: usize) -> Vec<u8> {
        let ahead = self.ahead.borrow();
        let from = self.used.get();
        let to = from + n.min(ahead.len() - from);
        self.used.set(to);
        ahead[from..to].to_vec()
    }
    fn drop_ahead(&self) {
        self.ahead.borrow_mut().clear();
        self.used.set(0);
    }

    // ---- reading; the caller is inside ----

    /// One read of the raw stream: none when it would have to wait.
    fn raw_read(&self, vm: &Vm, raw: &Value, n: usize) -> PyResult<Option<Vec<u8>>> {
        if let Some(f) = fileio::exact(vm, raw) {
            return f.read(vm, n);
        }
        let room = vm.new_bytearray(vm.zeroed(n)?);
        let class = vm.getattr_str(&vm.import("builtins")?, "memoryview")?;
        let view = vm.call(&class, std::slice::from_ref(&room))?;
        let got = vm.call_method(raw, "readinto", std::slice::from_ref(&view));
        vm.call_method(&view, "release", &[])?;
        let got = got?;
        if got.is_none() {
            return Ok(None);
        }
        let got = vm.to_i64(&got).map_err(|cause| {
            let e = vm.new_exception(&vm.exc.os_error, "raw readinto() failed");
            for name in ["__cause__", "__context__"] {
                let _ = vm.setattr(&e.0, &vm.intern(name), Some(&cause.0));
            }
            e
        })?;
        if !(0..=n as i64).contains(&got) {
            return Err(vm.new_exception(
                &vm.exc.os_error,
                format!(
                    "raw readinto() returned invalid length {got} (should have been between 0 and {n})"
                ),
            ));
        }
        let mut data = match room.downcast::<ByteArray>() {
            Some(b) => b.data.take(),
            None => Vec::new(),
        };
        data.truncate(got as usize);
        Ok(Some(data))
    }
    /// Reads ahead after what is there was used; false when nothing came (none: it would have to wait).
    fn fill(&self, vm: &Vm, raw: &Value) -> PyResult<Option<bool>> {
        let Some(data) = self.raw_read(vm, raw, self.size.get())? else {
            return Ok(None);
        };
        let any = !data.is_empty();
        self.used.set(0);
        self.ahead.replace(data);
        Ok(Some(any))
    }
    /// What is kept back has to be written before anything is read.
    fn before_reading(&self, vm: &Vm, raw: &Value) -> PyResult<()> {
        if self.back.borrow().is_empty() {
            return Ok(());
        }
        self.write_back(vm, raw)
    }
    fn read_all(&self, vm: &Vm, raw: &Value) -> PyResult<Option<Vec<u8>>> {
        self.before_reading(vm, raw)?;
        let mut all = self.take(usize::MAX);
        self.drop_ahead();
        if let Some(f) = fileio::exact(vm, raw) {
            return Ok(match f.read_all(vm)? {
                None if all.is_empty() => None,
                None => Some(all),
                Some(rest) if all.is_empty() => Some(rest),
                Some(rest) => {
                    vm.extend(&mut all, &rest)?;
                    Some(all)
                }
            });
        }
        if let Some(readall) = vm.lookup_attr(raw, &vm.intern("readall"))? {
            let rest = vm.call(&readall, &[])?;
            if rest.is_none() {
                return Ok((!all.is_empty()).then_some(all));
            }
            let Some(rest) = rest.downcast::<Bytes>() else {
                return Err(vm.type_error("readall() should return bytes"));
            };
            vm.extend(&mut all, &rest.data)?;
            return Ok(Some(all));
        }
        let mut any = !all.is_empty();
        loop {
            let part = vm.call_method(raw, "read", &[])?;
            if part.is_none() {
                return Ok(any.then_some(all));
            }
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(vm.type_error("read() should return bytes"));
            };
            any = true;
            if part.data.is_empty() {
                return Ok(Some(all));
            }
            vm.extend(&mut all, &part.data)?;
        }
    }
    fn read_n(&self, vm: &Vm, raw: &Value, n: usize) -> PyResult<Option<Vec<u8>>> {
        let mut out = self.take(n);
        if out.len() == n {
            return Ok(Some(out));
        }
        self.before_reading(vm, raw)?;
        self.drop_ahead();
        while out.len() < n {
            let missing = n - out.len();
            let part = if missing >= self.size.get() {
                // Whole buffers go straight to the caller.
                let whole = missing - missing % self.size.get();
                self.raw_read(vm, raw, whole.min(1 << 30))?
            } else {
                self.fill(vm, raw)?.map(|_| self.take(missing))
            };
            match part {
                None if out.is_empty() => return Ok(None),
                None => break,
                Some(part) if part.is_empty() => break,
                Some(part) if out.is_empty() => out = part,
                Some(part) => vm.extend(&mut out, &part)?,
            }
        }
        Ok(Some(out))
    }
    /// What one read of the raw stream gives at most.
    pub(super) fn read_one(&self, vm: &Vm, v: &Value, n: Option<usize>) -> PyResult<Vec<u8>> {
        let raw = self.open_raw(vm, "read of closed file")?;
        let n = n.unwrap_or(self.size.get());
        if n == 0 {
            return Ok(Vec::new());
        }
        let _inside = self.enter(vm, v)?;
        if self.left() > 0 {
            return Ok(self.take(n));
        }
        self.before_reading(vm, &raw)?;
        self.drop_ahead();
        // Text asks for less than a buffer: what comes beyond is kept.
        if n >= self.size.get() {
            return Ok(self.raw_read(vm, &raw, n)?.unwrap_or_default());
        }
        if fileio::exact(vm, &raw).is_some() {
            self.fill(vm, &raw)?;
            return Ok(self.take(n));
        }
        Ok(self.raw_read(vm, &raw, n)?.unwrap_or_default())
    }
    /// As `read_one`; where more than a buffer is missing after what was read ahead, one read more brings it.
    fn read_into_one(&self, vm: &Vm, v: &Value, n: usize) -> PyResult<Vec<u8>> {
        let raw = self.open_raw(vm, "read of closed file")?;
        let ahead = self.left();
        if ahead == 0 || n.saturating_sub(ahead) <= self.size.get() {
            return self.read_one(vm, v, Some(n));
        }
        let _inside = self.enter(vm, v)?;
        let mut out = self.take(n);
        self.before_reading(vm, &raw)?;
        self.drop_ahead();
        let more = self.raw_read(vm, &raw, n - out.len())?;
        out.extend(more.unwrap_or_default());
        Ok(out)
    }
    fn read(&self, vm: &Vm, v: &Value, n: Option<usize>) -> PyResult<Option<Vec<u8>>> {
        let raw = self.open_raw(vm, "read of closed file")?;
        let _inside = self.enter(vm, v)?;
        match n {
            Some(n) => self.read_n(vm, &raw, n),
            None => self.read_all(vm, &raw),
        }
    }
    fn readline(&self, vm: &Vm, v: &Value, limit: Option<usize>) -> PyResult<Vec<u8>> {
        let raw = self.open_raw(vm, "readline of closed file")?;
        let limit = limit.unwrap_or(usize::MAX);
        let _inside = self.enter(vm, v)?;
        let mut line = Vec::new();
        loop {
            let n = {
                let ahead = self.ahead.borrow();
                let rest = &ahead[self.used.get()..];
                let rest = &rest[..rest.len().min(limit - line.len())];
                line_end(rest).map_or((rest.len(), false), |n| (n, true))
            };
            vm.extend(&mut line, &self.take(n.0))?;
            if n.1 || line.len() >= limit {
                return Ok(line);
            }
            self.before_reading(vm, &raw)?;
            if self.fill(vm, &raw)? != Some(true) {
                return Ok(line);
            }
        }
    }

    // ---- writing; the caller is inside ----

    fn raw_write(&self, vm: &Vm, raw: &Value, data: &[u8]) -> PyResult<Option<usize>> {
        if let Some(f) = fileio::exact(vm, raw) {
            return f.write(vm, data);
        }
        let n = vm.call_method(raw, "write", &[vm.new_bytes(data)])?;
        if n.is_none() {
            return Ok(None);
        }
        let n = vm.to_i64(&n)?;
        if !(0..=data.len() as i64).contains(&n) {
            return Err(vm.new_exception(
                &vm.exc.os_error,
                format!(
                    "raw write() returned invalid length {n} (should have been between 0 and {})",
                    data.len()
                ),
            ));
        }
        Ok(Some(n as usize))
    }
    /// Writes what is kept back. What the raw stream does not take stays.
    fn write_back(&self, vm: &Vm, raw: &Value) -> PyResult<()> {
        let data = self.back.take();
        let mut done = 0;
        let mut result = Ok(());
        while done < data.len() {
            match self.raw_write(vm, raw, &data[done..]) {
                Ok(Some(n)) => done += n,
                Ok(None) => {
                    result = Err(blocked(vm, 0));
                    break;
                }
                Err(e) => {
                    result = Err(e);
                    break;
                }
            }
        }
        let mut rest = data;
        rest.drain(..done);
        rest.append(&mut self.back.borrow_mut());
        self.back.replace(rest);
        result
    }
    /// The raw stream goes back to where the reader thinks it is.
    fn unread(&self, vm: &Vm, raw: &Value) -> PyResult<()> {
        let left = self.left();
        self.drop_ahead();
        if left > 0 {
            raw_seek(vm, raw, &vm.new_int(-(left as i64)), 1)?;
        }
        Ok(())
    }
    pub(super) fn write(&self, vm: &Vm, v: &Value, data: &[u8]) -> PyResult<usize> {
        let raw = self.open_raw(vm, "write to closed file")?;
        let _inside = self.enter(vm, v)?;
        // Another thread may have closed it meanwhile.
        self.open_raw(vm, "write to closed file")?;
        self.unread(vm, &raw)?;
        let size = self.size.get();
        if self.back.borrow().len() + data.len() <= size {
            self.back.borrow_mut().extend_from_slice(data);
            return Ok(data.len());
        }
        // The buffer is made room for; what does not block meanwhile may grow it up to its size.
        let blocking = vm.exc.blocking_io_error.clone();
        if let Err(e) = self.write_back(vm, &raw) {
            if !vm.exc_is(&e, &blocking) {
                return Err(e);
            }
            let mut back = self.back.borrow_mut();
            let room = size.saturating_sub(back.len()).min(data.len());
            back.extend_from_slice(&data[..room]);
            drop(back);
            return match room == data.len() {
                true => Ok(room),
                false => Err(blocked(vm, room)),
            };
        }
        let mut done = 0;
        while data.len() - done > size {
            match self.raw_write(vm, &raw, &data[done..])? {
                Some(n) => done += n,
                None => {
                    let room = size.min(data.len() - done);
                    self.back
                        .borrow_mut()
                        .extend_from_slice(&data[done..done + room]);
                    return Err(blocked(vm, done + room));
                }
            }
        }
        self.back.borrow_mut().extend_from_slice(&data[done..]);
        Ok(data.len())
    }
    pub(super) fn flush(&self, vm: &Vm, v: &Value) -> PyResult<()> {
        let raw = self.open_raw(vm, "flush of closed file")?;
        let _inside = self.enter(vm, v)?;
        self.write_back(vm, &raw)?;
        match self.kind.get() {
            Kind::Random => self.unread(vm, &raw),
            _ => Ok(()),
        }
    }
    pub(super) fn kind(&self) -> Kind {
        self.kind.get()
    }
}

fn raw_seek(vm: &Vm, raw: &Value, to: &Value, how: i64) -> PyResult<Value> {
    let at = match fileio::exact(vm, raw) {
        Some(f) => return f.seek(vm, vm.to_i64(to)?, how).map(|n| vm.new_uint(n)),
        None => vm.call_method(raw, "seek", &[to.clone(), vm.new_int(how)])?,
    };
    position(vm, at, "seek")
}

fn raw_tell(vm: &Vm, raw: &Value) -> PyResult<i64> {
    let at = match fileio::exact(vm, raw) {
        Some(f) => return Ok(f.seek(vm, 0, 1)? as i64),
        None => vm.call_method(raw, "tell", &[])?,
    };
    vm.to_i64(&position(vm, at, "tell")?)
}

fn position(vm: &Vm, at: Value, _method: &str) -> PyResult<Value> {
    let n = vm.to_i64(&at)?;
    if n < 0 {
        return Err(vm.new_exception(
            &vm.exc.os_error,
            format!("Raw stream returned invalid position {n}"),
        ));
    }
    Ok(at)
}

fn blocked(vm: &Vm, written: usize) -> Exc {
    let args = [
        vm.new_int(i64::from(libc::EAGAIN)),
        vm.str_value("write could not complete without blocking"),
        vm.new_int(written as i64),
    ];
    let e = vm.new_exception_args(&vm.exc.blocking_io_error, vm.new_tuple(args[..2].to_vec()));
    // The third argument is a count here, not a file name.
    let count = args[2].clone();
    for (name, value) in [
        ("characters_written", count),
        ("args", vm.new_tuple(args).into()),
    ] {
        let _ = vm.setattr(&e.0, &vm.intern(name), Some(&value));
    }
    e
}

/// The stream behind a value whose methods nobody replaced.
pub(super) fn exact<'a>(vm: &Vm, v: &'a Value) -> Option<&'a Ref<Buffered>> {
    let b = v.as_ref::<Buffered>()?;
    is_native(vm, v).then_some(b)
}

impl Buffered {
    /// The file below, where it is exactly one.
    pub(super) fn with_file<R>(&self, vm: &Vm, f: impl FnOnce(&FileIo) -> R) -> Option<R> {
        let raw = self.raw.get_bound()?;
        fileio::exact(vm, &raw).map(|file| f(file))
    }
}

fn check(vm: &Vm, raw: &Value, method: &str, msg: &str) -> PyResult<()> {
    let yes = match (fileio::exact(vm, raw), method) {
        (Some(f), "readable") if !f.is_closed() => f.is_readable(),
        (Some(f), "writable") if !f.is_closed() => f.is_writable(),
        _ => truth(vm, raw, method)?,
    };
    match yes {
        true => Ok(()),
        false => Err(unsupported(vm, msg)),
    }
}

fn init(vm: &Vm, v: &Value, a: Args, kind: Kind) -> PyResult<()> {
    let name = format!("{kind:?}");
    let [raw, size] = a.bind(vm, &format!("Buffered{name}"), ["raw", "buffer_size"], 1)?;
    let b = vm.this::<Buffered>(v)?;
    b.state.set(State::Raw);
    b.kind.set(kind);
    let size = size.map_or(Ok(BUFFER_SIZE as i64), |n| vm.to_i64(n))?;
    let raw = raw.cloned().unwrap_or(Value::NONE);
    if kind == Kind::Random {
        check(vm, &raw, "seekable", "File or stream is not seekable.")?;
    }
    if kind != Kind::Writer {
        check(vm, &raw, "readable", "File or stream is not readable.")?;
    }
    if kind != Kind::Reader {
        check(vm, &raw, "writable", "File or stream is not writable.")?;
    }
    if size <= 0 {
        return Err(vm.value_error("buffer size must be strictly positive"));
    }
    b.size.set(size as usize);
    b.raw.set(raw);
    b.drop_ahead();
    b.back.borrow_mut().clear();
    b.state.set(State::Ready);
    Ok(())
}

pub(super) fn make(vm: &Vm, base: &Ref<Type>, kind: Kind) -> Ref<Type> {
    let t = vm.new_native_type::<Buffered>(
        &format!("_io.Buffered{kind:?}"),
        base,
        base::FLAGS | TypeFlags::BUFFERED_STREAM,
    );
    t.slots.new.set(Some(|vm, class, _| {
        let b = Buffered {
            raw: Slot::empty(),
            state: Cell::new(State::Raw),
            kind: Cell::new(Kind::Reader),
            size: Cell::new(BUFFER_SIZE),
            ahead: RefCell::default(),
            used: Cell::new(0),
            back: RefCell::default(),
            inside: Cell::new(None),
            waiting: Cell::new(0),
            left: Arc::default(),
        };
        Ok(vm.heap.alloc(class, b).into())
    }));
    t.slots.init.set(Some(match kind {
        Kind::Reader => |vm, v, a| init(vm, v, a, Kind::Reader),
        Kind::Writer => |vm, v, a| init(vm, v, a, Kind::Writer),
        Kind::Random => |vm, v, a| init(vm, v, a, Kind::Random),
    }));
    t.slots.repr.set(Some(|vm, v| {
        let class = vm.type_full_name(vm.type_of(v));
        Ok(vm.str_value(&match fileio::shown_name(vm, v)? {
            Some(name) => format!("<{class} name={name}>"),
            None => format!("<{class}>"),
        }))
    }));
    if kind != Kind::Writer {
        reading(vm, &t);
    }
    if kind != Kind::Reader {
        writing(vm, &t);
    }
    common(vm, &t, kind);
    vm.ready_type(&t);
    t
}

fn optional_bytes(vm: &Vm, data: Option<Vec<u8>>) -> Value {
    data.map_or(Value::NONE, |d| vm.new_bytes(d))
}

fn reading(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, READING_METHODS);
    t.slots.next.set(Some(|vm, v| {
        let line = match exact(vm, v) {
            Some(b) => vm.new_bytes(b.readline(vm, v, None)?),
            None => {
                let line = vm.call_method(v, "readline", &[])?;
                if line.downcast::<Bytes>().is_none() {
                    return Err(vm.new_exception(
                        &vm.exc.os_error,
                        format!(
                            "readline() should have returned a bytes object, not '{}'",
                            vm.type_name(&line)
                        ),
                    ));
                }
                line
            }
        };
        Ok(if vm.len(&line)? == 0 {
            None
        } else {
            Some(line)
        })
    }));
}

lasti_core::methods! { READING_METHODS =
    "read" "read($self, size=-1, /)\n--\n\n" read_method;
    "read1" "read1($self, size=-1, /)\n--\n\n" read1;
    "peek" "peek($self, size=0, /)\n--\n\n" peek;
    "readinto" "readinto($self, buffer, /)\n--\n\n" readinto;
    "readinto1" "readinto1($self, buffer, /)\n--\n\n" readinto1;
    "readline" "readline($self, size=-1, /)\n--\n\n" readline_method;
}

fn read_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = a.between(vm, "read", 0, 1)?.first();
    let b = vm.this::<Buffered>(v)?;
    b.raw(vm)?;
    let size = size_arg(vm, n)?;
    if let (Some(n), None) = (n, size)
        && !n.is_none()
        && vm.to_i64(n)? < -1
    {
        return Err(vm.value_error("read length must be non-negative or -1"));
    }
    Ok(optional_bytes(vm, b.read(vm, v, size)?))
}

fn read1(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "read1", 0, 1)?.first())?;
    vm.try_new_bytes(vm.this::<Buffered>(v)?.read_one(vm, v, n)?)
}

fn peek(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let size = a.between(vm, "peek", 0, 1)?.first();
    size.map_or(Ok(0), |n| vm.to_i64(n))?;
    let b = vm.this::<Buffered>(v)?;
    let raw = b.open_raw(vm, "peek of closed file")?;
    let _inside = b.enter(vm, v)?;
    if b.left() == 0 {
        b.before_reading(vm, &raw)?;
        b.drop_ahead();
        b.fill(vm, &raw)?;
    }
    let ahead = b.ahead.borrow();
    vm.try_new_bytes(&ahead[b.used.get()..])
}

fn readinto(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto")?;
    let b = vm.this::<Buffered>(v)?;
    b.raw(vm)?;
    buffer::fill(vm, target, "readinto", |n| b.read(vm, v, Some(n)))
}

fn readinto1(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto1")?;
    let b = vm.this::<Buffered>(v)?;
    b.raw(vm)?;
    buffer::fill(vm, target, "readinto1", |n| {
        b.read_into_one(vm, v, n).map(Some)
    })
}

fn readline_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "readline", 0, 1)?.first())?;
    vm.try_new_bytes(vm.this::<Buffered>(v)?.readline(vm, v, n)?)
}

fn writing(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, WRITING_METHODS);
}

lasti_core::methods! { WRITING_METHODS =
    "write" "write($self, buffer, /)\n--\n\n" write_method;
}

fn write_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "write")?;
    let b = vm.this::<Buffered>(v)?;
    b.raw(vm)?;
    let n = match data.downcast::<Bytes>() {
        Some(bytes) => b.write(vm, v, &bytes.data)?,
        None => {
            let _held = crate::os::buffer::Held::of(vm, data);
            b.write(vm, v, &bytes_arg(vm, data)?)?
        }
    };
    Ok(vm.new_int(n as i64))
}

fn common(vm: &Vm, t: &Ref<Type>, kind: Kind) {
    vm.add_methods(t, COMMON_METHODS);
    if kind == Kind::Reader {
        vm.add_methods(t, T_COMMON_METHODS);
    } else {
        vm.add_methods(t, T_COMMON_METHODS_2);
    }
    macro_rules! ask_raw {
        ($($name:literal),*) => {$(
            vm.method(t, $name, concat!($name, "($self, /)\n--\n\n"), |vm, v, _| {
                let raw = vm.this::<Buffered>(v)?.raw(vm)?;
                vm.call_method(&raw, $name, &[])
            });
        )*};
    }
    ask_raw!("fileno", "isatty", "seekable");
    match kind {
        Kind::Reader => vm.method(t, "readable", "readable($self, /)\n--\n\n", |vm, v, _| {
            let raw = vm.this::<Buffered>(v)?.raw(vm)?;
            vm.call_method(&raw, "readable", &[])
        }),
        Kind::Writer => vm.method(t, "writable", "writable($self, /)\n--\n\n", |vm, v, _| {
            let raw = vm.this::<Buffered>(v)?.raw(vm)?;
            vm.call_method(&raw, "writable", &[])
        }),
        Kind::Random => {
            ask_raw!("readable", "writable");
        }
    }
    vm.getset(
        t,
        "closed",
        |vm, v| {
            let raw = vm.this::<Buffered>(v)?.raw(vm)?;
            vm.getattr_str(&raw, "closed")
        },
        None,
    );
    vm.getset(
        t,
        "raw",
        |vm, v| {
            let b = vm.this::<Buffered>(v)?;
            match b.state.get() {
                State::Detached => Ok(Value::NONE),
                _ => b.raw(vm),
            }
        },
        None,
    );
    vm.getset(
        t,
        "name",
        |vm, v| {
            let raw = vm.this::<Buffered>(v)?.raw(vm)?;
            vm.getattr_str(&raw, "name")
        },
        None,
    );
    vm.getset(
        t,
        "mode",
        |vm, v| {
            let raw = vm.this::<Buffered>(v)?.raw(vm)?;
            vm.getattr_str(&raw, "mode")
        },
        None,
    );
}

lasti_core::methods! { COMMON_METHODS =
    "flush" "flush($self, /)\n--\n\n" flush_method;
    "seek" "seek($self, target, whence=0, /)\n--\n\n" seek;
    "tell" "tell($self, /)\n--\n\n" tell;
    "close" "close($self, /)\n--\n\n" close;
    "detach" "detach($self, /)\n--\n\n" detach;
    "_dealloc_warn" "_dealloc_warn($self, source, /)\n--\n\n" dealloc_warn;
    "__getstate__" "__getstate__($self, /)\n--\n\n" |vm, v, _| Err(cannot_pickle(vm, v));
}

fn flush_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<Buffered>(v)?;
    if b.kind.get() == Kind::Reader {
        let raw = b.open_raw(vm, "flush of closed file")?;
        return vm.call_method(&raw, "flush", &[]);
    }
    b.flush(vm, v)?;
    Ok(Value::NONE)
}

fn seek(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seek", 1, 2)?;
    let how = pos.get(1).map_or(Ok(0), |h| vm.to_i64(h))?;
    let b = vm.this::<Buffered>(v)?;
    if !(0..=2).contains(&how) {
        return Err(vm.value_error(format!("whence value {how} unsupported")));
    }
    let raw = b.open_raw(vm, "seek of closed file")?;
    check(vm, &raw, "seekable", "File or stream is not seekable.")?;
    let target = vm.index(&pos[0])?;
    let _inside = b.enter(vm, v)?;
    b.write_back(vm, &raw)?;
    let target = match how {
        1 => vm.new_int(vm.to_i64(&target)?.saturating_sub(b.left() as i64)),
        _ => target,
    };
    let at = raw_seek(vm, &raw, &target, how)?;
    b.drop_ahead();
    Ok(at)
}

fn tell(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<Buffered>(v)?;
    let raw = b.raw(vm)?;
    let at = raw_tell(vm, &raw)?;
    let back = b.back.borrow().len();
    Ok(vm.new_int((at - b.left() as i64).max(0) + back as i64))
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<Buffered>(v)?;
    let raw = b.raw(vm)?;
    if b.is_closed(vm)? {
        return Ok(Value::NONE);
    }
    let flushed = vm.call_method(v, "flush", &[]);
    both(vm, flushed, || {
        let _inside = b.enter(vm, v)?;
        vm.call_method(&raw, "close", &[]).map(|_| ())
    })?;
    b.drop_ahead();
    b.back.borrow_mut().clear();
    Ok(Value::NONE)
}

fn detach(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<Buffered>(v)?;
    b.raw(vm)?;
    vm.call_method(v, "flush", &[])?;
    b.state.set(State::Detached);
    Ok(b.raw.take())
}

fn dealloc_warn(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [source] = a.exactly::<1>(vm, "_dealloc_warn")?;
    let b = vm.this::<Buffered>(v)?;
    let name = vm.intern("_dealloc_warn");
    if let Some(raw) = b.raw.get_bound()
        && let Some(warn) = vm.lookup_attr(&raw, &name)?
    {
        vm.call(&warn, std::slice::from_ref(source))?;
    }
    Ok(Value::NONE)
}

lasti_core::methods! { T_COMMON_METHODS =
    "truncate" "truncate($self, pos=None, /)\n--\n\n" truncate;
}

fn truncate(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Buffered>(v)?
        .open_raw(vm, "truncate of closed file")?;
    Err(unsupported(vm, "truncate"))
}

lasti_core::methods! { T_COMMON_METHODS_2 =
    "truncate" "truncate($self, pos=None, /)\n--\n\n" truncate_method;
}

fn truncate_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "truncate", 0, 1)?.first();
    let b = vm.this::<Buffered>(v)?;
    let raw = b.open_raw(vm, "truncate of closed file")?;
    check(vm, &raw, "writable", "truncate")?;
    {
        let _inside = b.enter(vm, v)?;
        b.write_back(vm, &raw)?;
        b.unread(vm, &raw)?;
    }
    let pos = match pos {
        Some(p) if !p.is_none() => p.clone(),
        _ => vm.new_int(raw_tell(vm, &raw)?),
    };
    vm.call_method(&raw, "truncate", &[pos])
}
