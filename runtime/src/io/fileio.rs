//! `FileIO` (CPython's Modules/_io/fileio.c).
use super::{BUFFER_SIZE, base, bytes_arg, cannot_pickle, io, is_native, size_arg, unsupported};
use crate::os::buffer;
use crate::os::fd;
use crate::os::open::open_file;
use lasti_core::objects::{Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;
use std::os::unix::fs::MetadataExt;

/// Longest single read, as the system has it.
const MAX_IO_BYTES: usize = 0x7fff_f000;

pub(super) struct FileIo {
    /// -1: closed, or not opened yet.
    fd: Cell<i64>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    created: Cell<bool>,
    appending: Cell<bool>,
    seekable: Cell<Option<bool>>,
    close_fd: Cell<bool>,
    block: Cell<i64>,
    name: Slot,
}
impl Payload for FileIo {
    const CONTAINER: bool = true;
    const NAME: &'static str = "FileIO";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.name.visit(visit);
    }
    fn clear(&self) {
        self.name.set(Value::NONE);
    }
}

impl FileIo {
    fn fd(&self, vm: &Vm) -> PyResult<Value> {
        match self.fd.get() {
            fd if fd >= 0 => Ok(Value::small_int(fd)),
            _ => Err(vm.value_error("I/O operation on closed file")),
        }
    }
    fn mode(&self) -> &'static str {
        let (r, w) = (self.readable.get(), self.writable.get());
        match (self.created.get(), self.appending.get()) {
            (true, _) => ["xb", "xb+"][r as usize],
            (_, true) => ["ab", "ab+"][r as usize],
            _ if r && w => "rb+",
            _ if r => "rb",
            _ => "wb",
        }
    }
    fn for_reading(&self, vm: &Vm) -> PyResult<Value> {
        let fd = self.fd(vm)?;
        match self.readable.get() {
            true => Ok(fd),
            false => Err(unsupported(vm, "File not open for reading")),
        }
    }
    fn for_writing(&self, vm: &Vm) -> PyResult<Value> {
        let fd = self.fd(vm)?;
        match self.writable.get() {
            true => Ok(fd),
            false => Err(unsupported(vm, "File not open for writing")),
        }
    }
    pub(super) fn is_closed(&self) -> bool {
        self.fd.get() < 0
    }
    pub(super) fn is_readable(&self) -> bool {
        self.readable.get()
    }
    pub(super) fn is_writable(&self) -> bool {
        self.writable.get()
    }
    pub(super) fn block_size(&self) -> i64 {
        self.block.get()
    }
    pub(super) fn is_tty(&self, vm: &Vm) -> bool {
        fd::is_tty(vm, self.fd.get() as i32)
    }
    /// One read; none when it would have to wait.
    pub(super) fn read(&self, vm: &Vm, n: usize) -> PyResult<Option<Vec<u8>>> {
        let fd = self.for_reading(vm)?;
        would_block(vm, fd::read_some(vm, &fd, n.min(MAX_IO_BYTES))?)
    }
    /// All to the end; none when there is nothing yet.
    pub(super) fn read_all(&self, vm: &Vm) -> PyResult<Option<Vec<u8>>> {
        let fd = self.for_reading(vm)?;
        // A byte more than there is, so that the end shows without another buffer.
        let mut room = BUFFER_SIZE;
        if let Ok(Some(m)) = fd::metadata(vm, &fd)
            && m.is_file()
            && let Ok(at) = self.seek(vm, 0, 1)
        {
            room = (m.size().saturating_sub(at) as usize).min(1 << 40) + 1;
            if let Some(rest) = fd::read_rest(vm, &fd, room)? {
                return would_block(vm, rest);
            }
        }
        let mut all = Vec::new();
        loop {
            match would_block(vm, fd::read_some(vm, &fd, room.min(MAX_IO_BYTES))?)? {
                None if all.is_empty() => return Ok(None),
                None => return Ok(Some(all)),
                Some(part) if part.is_empty() => return Ok(Some(all)),
                Some(part) if all.is_empty() => all = part,
                Some(part) => vm.extend(&mut all, &part)?,
            }
            room = BUFFER_SIZE.max(all.len() / 4);
        }
    }
    /// One write; none when it would have to wait.
    pub(super) fn write(&self, vm: &Vm, bytes: &[u8]) -> PyResult<Option<usize>> {
        let fd = self.for_writing(vm)?;
        let n = bytes.len().min(MAX_IO_BYTES);
        would_block(vm, fd::write_some(vm, &fd, &bytes[..n])?)
    }
    pub(super) fn seek(&self, vm: &Vm, at: i64, how: i64) -> PyResult<u64> {
        fd::seek_fd(vm, &self.fd(vm)?, at, how)
    }
    pub(super) fn is_seekable(&self, vm: &Vm) -> PyResult<bool> {
        self.fd(vm)?;
        Ok(match self.seekable.get() {
            Some(known) => known,
            None => {
                let can = vm.catch(self.seek(vm, 0, 1), &vm.exc.os_error)?.is_some();
                self.seekable.set(Some(can));
                can
            }
        })
    }
    fn close(&self, vm: &Vm) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 || !self.close_fd.get() {
            return Ok(());
        }
        fd::close_fd(vm, &Value::small_int(fd))
    }
}

fn would_block<T>(vm: &Vm, r: std::io::Result<T>) -> PyResult<Option<T>> {
    match r {
        Ok(v) => Ok(Some(v)),
        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}

/// The file behind a value that is exactly a FileIO: no method of a subclass is in the way.
pub(super) fn exact<'a>(vm: &Vm, v: &'a Value) -> Option<&'a Ref<FileIo>> {
    let f = v.as_ref::<FileIo>()?;
    is_native(vm, v).then_some(f)
}

/// Opens a file as `FileIO(file, mode, closefd, opener)` does.
fn open(vm: &Vm, v: &Value, a: Args) -> PyResult<()> {
    let [file, mode, close_fd, opener] =
        a.bind(vm, "FileIO", ["file", "mode", "closefd", "opener"], 1)?;
    let f = vm.this::<FileIo>(v)?;
    f.close(vm)?;
    let file = file.cloned().unwrap_or(Value::NONE);
    let fd = file_number(vm, &file)?;
    let mode = match mode {
        Some(m) => vm
            .expect_str(m, "FileIO() argument 'mode'")?
            .to_string_lossy()
            .into_owned(),
        None => "r".into(),
    };
    let close_fd = close_fd.map_or(Ok(true), |c| vm.is_true(c))?;
    let flags = read_mode(vm, f, &mode)?;
    f.close_fd.set(close_fd);
    f.seekable.set(None);
    let opener = opener.filter(|o| !o.is_none());
    let fd = match (fd, opener) {
        (Some(fd), _) => fd,
        (None, _) if !close_fd => {
            return Err(vm.value_error("Cannot use closefd=False with file name"));
        }
        (None, None) => i64::from(open_file(vm, &file, flags, 0o666)?),
        (None, Some(opener)) => {
            let r = vm.call(opener, &[file.clone(), vm.new_int(i64::from(flags))])?;
            if !vm.is_int(&r) {
                return Err(vm.type_error("expected integer from opener"));
            }
            let fd = vm.to_i64(&r)?;
            if fd < 0 {
                return Err(vm.value_error(format!("opener returned {fd}")));
            }
            fd
        }
    };
    let ours = !vm.is_int(&file);
    f.fd.set(fd);
    let opened = (|| {
        if let Some(m) = fd::metadata(vm, &Value::small_int(fd))? {
            if m.is_dir() {
                return Err(vm.os_error_parts(libc::EISDIR, "Is a directory", Some(file.clone())));
            }
            f.block.set((m.blksize() as i64).max(1));
        }
        f.name.set(file.clone());
        if f.appending.get() {
            // A pipe has no end to go to.
            let end = f.seek(vm, 0, 2);
            vm.catch(end, &vm.exc.os_error)?;
        }
        Ok(())
    })();
    if let Err(e) = opened {
        // A descriptor that was given stays the caller's.
        match ours {
            true => f.close(vm)?,
            false => f.fd.set(-1),
        }
        return Err(e);
    }
    Ok(())
}

/// The descriptor that is given in place of a name.
fn file_number(vm: &Vm, file: &Value) -> PyResult<Option<i64>> {
    if file.as_bool().is_some() {
        vm.warn(
            &vm.exc.runtime_warning,
            "bool is used as a file descriptor",
            1,
            None,
        )?;
    } else if !vm.is_int(file) {
        if vm.exact_float(file).is_some() {
            return Err(vm.type_error("integer argument expected, got float"));
        }
        return Ok(None);
    }
    let fd = vm.to_i64(file)?;
    match i32::try_from(fd) {
        Ok(fd) if fd >= 0 => Ok(Some(fd.into())),
        Ok(_) => Err(vm.value_error("negative file descriptor")),
        Err(_) => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

fn read_mode(vm: &Vm, f: &FileIo, mode: &str) -> PyResult<i32> {
    let wrong = || {
        vm.value_error(
            "Must have exactly one of create/read/write/append mode and at most one plus",
        )
    };
    let (mut kind, mut plus) = (None, false);
    for c in mode.chars() {
        match c {
            'x' | 'r' | 'w' | 'a' if kind.is_none() => kind = Some(c),
            '+' if !plus => plus = true,
            'x' | 'r' | 'w' | 'a' | '+' => return Err(wrong()),
            'b' => {}
            _ => return Err(vm.value_error(format!("invalid mode: {mode}"))),
        }
    }
    let kind = kind.ok_or_else(wrong)?;
    f.readable.set(kind == 'r' || plus);
    f.writable.set(kind != 'r' || plus);
    f.created.set(kind == 'x');
    f.appending.set(kind == 'a');
    let access = match (f.readable.get(), f.writable.get()) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    let how = match kind {
        'x' => libc::O_EXCL | libc::O_CREAT,
        'w' => libc::O_CREAT | libc::O_TRUNC,
        'a' => libc::O_APPEND | libc::O_CREAT,
        _ => 0,
    };
    Ok(access | how | libc::O_CLOEXEC)
}

fn optional_bytes(vm: &Vm, data: Option<Vec<u8>>) -> Value {
    data.map_or(Value::NONE, |d| vm.new_bytes(d))
}

pub(super) fn make(vm: &Vm, raw: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<FileIo>("_io.FileIO", raw, base::FLAGS | TypeFlags::RAW_STREAM);
    t.slots.new.set(Some(|vm, class, _| {
        let f = FileIo {
            fd: Cell::new(-1),
            readable: Cell::new(false),
            writable: Cell::new(false),
            created: Cell::new(false),
            appending: Cell::new(false),
            seekable: Cell::new(None),
            close_fd: Cell::new(true),
            block: Cell::new(BUFFER_SIZE as i64),
            name: Slot::empty(),
        };
        Ok(vm.heap.alloc(class, f).into())
    }));
    t.slots.init.set(Some(open));
    t.slots.repr.set(Some(|vm, v| {
        let f = vm.this::<FileIo>(v)?;
        let class = vm.type_full_name(vm.type_of(v));
        if f.is_closed() {
            return Ok(vm.str_value(&format!("<{class} [closed]>")));
        }
        let what = match f.name.get_bound() {
            Some(name) => format!("name={}", vm.repr_string(&name)?),
            None => format!("fd={}", f.fd.get()),
        };
        let closes = if f.close_fd.get() { "True" } else { "False" };
        Ok(vm.str_value(&format!(
            "<{class} {what} mode='{}' closefd={closes}>",
            f.mode()
        )))
    }));
    vm.add_methods(&t, MAKE_METHODS);
    vm.getset(
        &t,
        "closed",
        |vm, v| Ok(Value::bool(vm.this::<FileIo>(v)?.is_closed())),
        None,
    );
    vm.getset(
        &t,
        "closefd",
        |vm, v| Ok(Value::bool(vm.this::<FileIo>(v)?.close_fd.get())),
        None,
    );
    vm.getset(
        &t,
        "mode",
        |vm, v| Ok(vm.str_value(vm.this::<FileIo>(v)?.mode())),
        None,
    );
    vm.getset(
        &t,
        "_blksize",
        |vm, v| Ok(vm.new_int(vm.this::<FileIo>(v)?.block.get())),
        None,
    );
    vm.getset(
        &t,
        "name",
        |vm, v| {
            let name = vm.this::<FileIo>(v)?.name.get_bound();
            name.ok_or_else(|| no_name(vm, v))
        },
        Some(|vm, v, x| {
            let f = vm.this::<FileIo>(v)?;
            f.name.set(x.cloned().unwrap_or(Value::UNBOUND));
            Ok(())
        }),
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MAKE_METHODS =
    "read" "read($self, size=-1, /)\n--\n\n" read_method;
    "readall" "readall($self, /)\n--\n\n" readall;
    "readinto" "readinto($self, buffer, /)\n--\n\n" readinto;
    "write" "write($self, b, /)\n--\n\n" write_method;
    "seek" "seek($self, pos, whence=0, /)\n--\n\n" seek_method;
    "tell" "tell($self, /)\n--\n\n" tell;
    "truncate" "truncate($self, size=None, /)\n--\n\n" truncate;
    "close" "close($self, /)\n--\n\n" close_method;
    "flush" "flush($self, /)\n--\n\n" flush;
    "seekable" "seekable($self, /)\n--\n\n" seekable;
    "readable" "readable($self, /)\n--\n\n" readable;
    "writable" "writable($self, /)\n--\n\n" writable;
    "fileno" "fileno($self, /)\n--\n\n" fileno;
    "isatty" "isatty($self, /)\n--\n\n" isatty;
    "_isatty_open_only" "_isatty_open_only($self, /)\n--\n\n" isatty_open_only;
    "_dealloc_warn" "_dealloc_warn($self, source, /)\n--\n\n" dealloc_warn;
    "__getstate__" "__getstate__($self, /)\n--\n\n" |vm, v, _| Err(cannot_pickle(vm, v));
}

fn read_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let f = vm.this::<FileIo>(v)?;
    f.for_reading(vm)?;
    let data = match size_arg(vm, a.between(vm, "read", 0, 1)?.first())? {
        Some(n) => f.read(vm, n)?,
        None => return vm.call_method(v, "readall", &[]),
    };
    Ok(optional_bytes(vm, data))
}

fn readall(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(optional_bytes(vm, vm.this::<FileIo>(v)?.read_all(vm)?))
}

fn readinto(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto")?;
    let f = vm.this::<FileIo>(v)?;
    f.for_reading(vm)?;
    buffer::fill(vm, target, "readinto", |n| f.read(vm, n))
}

fn write_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "write")?;
    let f = vm.this::<FileIo>(v)?;
    f.for_writing(vm)?;
    let _held = crate::os::buffer::Held::of(vm, data);
    let n = f.write(vm, &bytes_arg(vm, data)?)?;
    Ok(n.map_or(Value::NONE, |n| vm.new_int(n as i64)))
}

fn seek_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seek", 1, 2)?;
    let f = vm.this::<FileIo>(v)?;
    f.fd(vm)?;
    if vm.exact_float(&pos[0]).is_some() {
        return Err(vm.type_error("an integer is required"));
    }
    let how = pos.get(1).map_or(Ok(0), |h| vm.to_i64(h))?;
    f.seek(vm, vm.to_i64(&pos[0])?, how).map(|n| vm.new_uint(n))
}

fn tell(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<FileIo>(v)?.seek(vm, 0, 1).map(|n| vm.new_uint(n))
}

fn truncate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let size = a.between(vm, "truncate", 0, 1)?.first();
    let f = vm.this::<FileIo>(v)?;
    let fd = f.for_writing(vm)?;
    let size = match size {
        Some(n) if !n.is_none() => {
            if vm.exact_float(n).is_some() {
                return Err(vm.type_error("an integer is required"));
            }
            n.clone()
        }
        _ => vm.call_method(v, "tell", &[])?,
    };
    fd::truncate_fd(vm, &fd, vm.to_i64(&size)?)?;
    Ok(size)
}

fn close_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    // The base class flushes what a subclass keeps back, and notes that the stream is closed.
    let f = vm.this::<FileIo>(v)?;
    let r = match is_native(vm, v) {
        true if f.is_closed() => Ok(Value::NONE),
        true => vm.call_method(v, "flush", &[]),
        false => {
            let base = vm.getattr_str(io(vm).raw.as_value(), "close")?;
            vm.call(&base, std::slice::from_ref(v))
        }
    };
    super::both(vm, r, || f.close(vm))?;
    Ok(Value::NONE)
}

fn flush(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    match vm.this::<FileIo>(v)?.is_closed() {
        true => Err(super::closed_file(vm)),
        false => Ok(Value::NONE),
    }
}

fn seekable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<FileIo>(v)?.is_seekable(vm)?))
}

fn readable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = vm.this::<FileIo>(v)?;
    f.fd(vm)?;
    Ok(Value::bool(f.readable.get()))
}

fn writable(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = vm.this::<FileIo>(v)?;
    f.fd(vm)?;
    Ok(Value::bool(f.writable.get()))
}

fn fileno(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<FileIo>(v)?.fd(vm)
}

fn isatty(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = vm.this::<FileIo>(v)?;
    f.fd(vm)?;
    Ok(Value::bool(f.is_tty(vm)))
}

fn isatty_open_only(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<FileIo>(v)?.is_tty(vm)))
}

fn dealloc_warn(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [source] = a.exactly::<1>(vm, "_dealloc_warn")?;
    let f = vm.this::<FileIo>(v)?;
    if !f.is_closed() && f.close_fd.get() {
        let msg = format!("unclosed file {}", vm.repr_string(source)?);
        let r = vm.warn(&vm.exc.resource_warning, &msg, 1, Some(source));
        // Turned into an error, it cannot be raised where nobody called.
        if let Err(e) = r {
            vm.unraisable(
                &e,
                "Exception ignored while calling deallocator",
                Some(source),
            );
        }
    }
    Ok(Value::NONE)
}

fn no_name(vm: &Vm, v: &Value) -> Exc {
    vm.no_attribute(v, &vm.intern("name"))
}

/// The name that a stream's repr shows.
pub(super) fn shown_name(vm: &Vm, v: &Value) -> PyResult<Option<String>> {
    let found = vm.lookup_attr(v, &vm.intern("name"));
    match vm.catch(found, &vm.exc.value_error)?.flatten() {
        Some(name) => Ok(Some(vm.repr_string(&name)?)),
        None => Ok(None),
    }
}
