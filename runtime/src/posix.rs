//! The `posix` module that `os` is made of, over std. Descriptors that Python opens are owned by a table, so that no
//! number is ever trusted to be a descriptor of ours (CPython's Modules/posixmodule.c).
use lasti_core::host::ModuleSource;
use lasti_core::objects::{Module, Str, Type};
use lasti_core::{Args, Exc, PyResult, Ref, Value, Vm};
use rustix::event::PollFlags;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::rc::Rc;

/// Descriptors opened through `os.open`, `os.pipe`, ...
#[derive(Default)]
pub struct Descriptors(RefCell<HashMap<RawFd, Rc<File>>>);

fn table(vm: &Vm) -> Rc<Descriptors> {
    vm.module_state(Descriptors::default)
}

/// Takes a file into the table and gives its number.
pub fn adopt(vm: &Vm, f: File) -> RawFd {
    let fd = f.as_raw_fd();
    table(vm).0.borrow_mut().insert(fd, Rc::new(f));
    fd
}

/// The file behind a descriptor that whoever started the process left open for it. It is opened once more, since a bare
/// number cannot be owned in safe code; so closing it leaves the one that was inherited open. Sockets cannot be had this way.
fn reopen(fd: RawFd) -> io::Result<File> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}"))?;
    let flags = info.lines().find_map(|l| l.strip_prefix("flags:"));
    let flags = flags.and_then(|f| i32::from_str_radix(f.trim(), 8).ok());
    let flags = flags.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))?;
    let access = flags & libc::O_ACCMODE;
    // Opened without waiting for the other end of a pipe.
    let f = OpenOptions::new()
        .read(access != libc::O_WRONLY)
        .write(access != libc::O_RDONLY)
        .custom_flags(flags & libc::O_APPEND | libc::O_NONBLOCK)
        .open(format!("/proc/self/fd/{fd}"))?;
    if flags & libc::O_NONBLOCK == 0 {
        let now = rustix::fs::fcntl_getfl(&f)?;
        rustix::fs::fcntl_setfl(&f, now - rustix::fs::OFlags::NONBLOCK)?;
    }
    Ok(f)
}

/// `dup2`: puts a copy of a descriptor in the place of another that is ours, or that is free.
fn dup2(vm: &Vm, a: Args) -> PyResult<Value> {
    let [from, to, inheritable] = a.bind(vm, "dup2", ["fd", "fd2", "inheritable"], 2)?;
    let none = Value::NONE;
    let (from, to) = (from.unwrap_or(&none), to.unwrap_or(&none));
    let inheritable = inheritable.map_or(Ok(true), |v| vm.is_true(v))?;
    let copy = duplicate(vm, from)?;
    let target = vm.to_i64(to)? as RawFd;
    if vm.to_i64(from)? == target as i64 {
        return Ok(to.clone());
    }
    let put = || -> io::Result<Option<File>> {
        match target {
            0 => rustix::stdio::dup2_stdin(&copy)?,
            1 => rustix::stdio::dup2_stdout(&copy)?,
            2 => rustix::stdio::dup2_stderr(&copy)?,
            _ => {
                let old = table(vm).0.borrow_mut().remove(&target);
                let file = match old.map(Rc::try_unwrap) {
                    Some(Ok(file)) if file.as_raw_fd() == target => {
                        let mut place = OwnedFd::from(file);
                        rustix::io::dup2(&copy, &mut place)?;
                        File::from(place)
                    }
                    _ => {
                        let made = rustix::io::fcntl_dupfd_cloexec(&copy, target.max(3))?;
                        if made.as_raw_fd() != target {
                            return Err(io::Error::from_raw_os_error(libc::EBADF));
                        }
                        File::from(made)
                    }
                };
                return Ok(Some(file));
            }
        }
        Ok(None)
    };
    if let Some(file) = put().map_err(|e| vm.os_error(&e, None))? {
        set_inherited(&file, inheritable).map_err(|e| vm.os_error(&e, None))?;
        adopt(vm, file);
    }
    Ok(to.clone())
}

fn file_of(vm: &Vm, v: &Value) -> PyResult<(RawFd, Option<Rc<File>>)> {
    let fd = vm.to_i64(v)? as RawFd;
    let f = table(vm).0.borrow().get(&fd).cloned();
    if f.is_some() || (0..=2).contains(&fd) {
        return Ok((fd, f));
    }
    match reopen(fd) {
        Ok(f) => {
            let f = Rc::new(f);
            table(vm).0.borrow_mut().insert(fd, f.clone());
            Ok((fd, Some(f)))
        }
        Err(_) => Err(vm.os_error_parts(9, "Bad file descriptor", None)),
    }
}

/// Does something with a descriptor of ours or a standard stream, borrowed.
pub fn with_fd<R>(vm: &Vm, fd: &Value, f: impl FnOnce(BorrowedFd) -> io::Result<R>) -> PyResult<R> {
    let (number, file) = file_of(vm, fd)?;
    let r = match (&file, number) {
        (Some(file), _) => f(file.as_fd()),
        (None, 0) => f(io::stdin().as_fd()),
        (None, 1) => f(io::stdout().as_fd()),
        (None, 2) => f(io::stderr().as_fd()),
        (None, _) => Err(io::Error::from_raw_os_error(libc::EBADF)),
    };
    r.map_err(|e| vm.os_error(&e, None))
}

/// Another descriptor of the same file.
pub fn duplicate(vm: &Vm, fd: &Value) -> PyResult<OwnedFd> {
    if let Some(copy) = crate::socket::duplicate(vm, vm.to_i64(fd)? as RawFd) {
        return copy.map_err(|e| vm.os_error(&e, None));
    }
    with_fd(vm, fd, |fd| fd.try_clone_to_owned())
}

/// Writes all bytes to a descriptor.
pub fn write_bytes(vm: &Vm, fd: &Value, bytes: &[u8]) -> PyResult<()> {
    let copy = duplicate(vm, fd)?;
    File::from(copy)
        .write_all(bytes)
        .map_err(|e| vm.os_error(&e, None))
}

fn is_inherited(f: &File) -> bool {
    rustix::io::fcntl_getfd(f).is_ok_and(|n| !n.contains(rustix::io::FdFlags::CLOEXEC))
}

fn set_inherited(f: &File, on: bool) -> io::Result<()> {
    let flags = if on {
        rustix::io::FdFlags::empty()
    } else {
        rustix::io::FdFlags::CLOEXEC
    };
    Ok(rustix::io::fcntl_setfd(f, flags)?)
}

/// Has the next child get the descriptors in `pass`, and if `close`, no others that are inheritable. Gives what was
/// changed, with what it was before.
pub fn choose_inherited(vm: &Vm, pass: &[RawFd], close: bool) -> Vec<(RawFd, bool)> {
    let mut changed = Vec::new();
    for (fd, f) in table(vm).0.borrow().iter() {
        let was = is_inherited(f);
        let wanted = pass.contains(fd) || was && !close;
        if was != wanted && set_inherited(f, wanted).is_ok() {
            changed.push((*fd, was));
        }
    }
    changed
}

/// Takes `choose_inherited` back.
pub fn restore_inherited(vm: &Vm, changed: Vec<(RawFd, bool)>) {
    for (fd, was) in changed {
        if let Some(f) = table(vm).0.borrow().get(&fd) {
            let _ = set_inherited(f, was);
        }
    }
}

pub fn register(vm: &Vm) {
    vm.register_module("posix", init);
}

/// What a function takes for a path.
struct Takes {
    func: &'static str,
    name: &'static str,
    /// A descriptor will do.
    fd: bool,
    /// None will do.
    none: bool,
    /// An error about the descriptor names it.
    names_fd: bool,
}

impl Takes {
    const fn path(func: &'static str) -> Takes {
        Takes::named(func, "path")
    }
    const fn named(func: &'static str, name: &'static str) -> Takes {
        Takes {
            func,
            name,
            fd: false,
            none: false,
            names_fd: true,
        }
    }
    const fn or_fd(func: &'static str) -> Takes {
        Takes {
            fd: true,
            ..Takes::path(func)
        }
    }
}

/// A path that a function was given.
struct Given {
    path: PathBuf,
    /// What errors show: str or bytes, or the descriptor.
    shown: Value,
}

impl Given {
    fn fail(&self, vm: &Vm, e: io::Error) -> Exc {
        fail(vm, e, &self.shown)
    }
}

/// A path argument of a function of `os`, relative to the folder of `dir_fd`.
fn given(vm: &Vm, v: Option<&Value>, takes: &Takes, dir_fd: Option<&Value>) -> PyResult<Given> {
    let none = Value::NONE;
    let v = v.unwrap_or(&none);
    if takes.fd && vm.is_int(v) {
        let named = takes.names_fd.then(|| v.clone());
        let (fd, _) = file_of(vm, v)
            .map_err(|_| vm.os_error_parts(libc::EBADF, "Bad file descriptor", named))?;
        return Ok(Given {
            path: format!("/proc/self/fd/{fd}").into(),
            shown: v.clone(),
        });
    }
    let (func, name) = (takes.func, takes.name);
    let shown = match as_path(vm, v)? {
        Some(shown) => shown,
        None => {
            let more = match (takes.fd, takes.none) {
                (true, true) => ", os.PathLike, integer or None",
                (true, false) => ", os.PathLike or integer",
                _ => " or os.PathLike",
            };
            return Err(vm.type_error(format!(
                "{func}: {name} should be string, bytes{more}, not {}",
                vm.type_name(v)
            )));
        }
    };
    let bytes = path_bytes(vm, &shown)?;
    if bytes.contains(&0) {
        return Err(vm.value_error(format!("{func}: embedded null character in {name}")));
    }
    let mut path = path_of(bytes);
    if let Some(dir) = dir_fd.filter(|d| !d.is_none())
        && path.is_relative()
    {
        if !vm.is_int(dir) {
            return Err(vm.type_error(format!(
                "argument should be integer or None, not {}",
                vm.type_name(dir)
            )));
        }
        let (fd, _) = file_of(vm, dir).map_err(|_| {
            vm.os_error_parts(libc::EBADF, "Bad file descriptor", Some(shown.clone()))
        })?;
        // Not so an empty path, which names nothing.
        if !path.as_os_str().is_empty() {
            path = PathBuf::from(format!("/proc/self/fd/{fd}")).join(path);
        }
    }
    Ok(Given { path, shown })
}

/// The folder that an optional argument names, and its entries.
fn folder_of(vm: &Vm, a: Args, func: &'static str) -> PyResult<(Value, fs::ReadDir)> {
    let [path] = a.bind(vm, func, ["path"], 0)?;
    let here = vm.str_value(".");
    let takes = Takes {
        none: true,
        names_fd: false,
        ..Takes::or_fd(func)
    };
    let path = given(
        vm,
        path.filter(|p| !p.is_none()).or(Some(&here)),
        &takes,
        None,
    )?;
    let entries = fs::read_dir(&path.path).map_err(|e| path.fail(vm, e))?;
    Ok((path.shown, entries))
}

/// A path argument: str, bytes or anything with `__fspath__`.
pub fn path_arg(vm: &Vm, v: &Value) -> PyResult<PathBuf> {
    let v = fspath(vm, v)?;
    let bytes = path_bytes(vm, &v)?;
    if bytes.contains(&0) {
        return Err(vm.value_error("embedded null byte"));
    }
    Ok(path_of(bytes))
}

/// The bytes of a path that is str or bytes.
fn path_bytes(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    match v.downcast::<Str>() {
        Some(s) => {
            use lasti_text::codecs::{Codec, Handler, encode};
            Ok(encode(Codec::Utf8, s.as_bytes(), Handler::SurrogateEscape)
                .unwrap_or_else(|_| s.as_bytes().to_vec()))
        }
        None => vm.buffer(v),
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

fn fspath(vm: &Vm, v: &Value) -> PyResult<Value> {
    as_path(vm, v)?.ok_or_else(|| {
        vm.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            vm.type_name(v)
        ))
    })
}

/// The str or bytes that a path is. None: it is no path.
fn as_path(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let plain = |v: &Value| {
        v.downcast::<Str>().is_some() || v.downcast::<lasti_core::objects::Bytes>().is_some()
    };
    if plain(v) {
        return Ok(Some(v.clone()));
    }
    let Some(r) = vm.call_special(v, &vm.names.fspath, &[])? else {
        return Ok(None);
    };
    if plain(&r) {
        return Ok(Some(r));
    }
    Err(vm.type_error(format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        vm.type_name(v),
        vm.type_name(&r)
    )))
}

/// Text of a name of the operating system, with `surrogateescape` for what is not UTF-8.
pub(crate) fn path_value(vm: &Vm, p: &std::ffi::OsStr) -> Value {
    use lasti_text::codecs::{Codec, Handler, decode};
    use std::os::unix::ffi::OsStrExt;
    match decode(Codec::Utf8, p.as_bytes(), Handler::SurrogateEscape) {
        Ok(t) => vm.new_wtf8(&t).into(),
        Err(_) => vm.str_value(&p.to_string_lossy()),
    }
}

/// A name in the type of the path that was given: bytes for bytes.
fn name_like(vm: &Vm, given: &Value, name: &std::ffi::OsStr) -> Value {
    use std::os::unix::ffi::OsStrExt;
    match given.downcast::<lasti_core::objects::Bytes>() {
        Some(_) => vm.new_bytes(name.as_bytes()),
        None => path_value(vm, name),
    }
}

fn fail(vm: &Vm, e: io::Error, path: &Value) -> Exc {
    vm.os_error(&e, Some(path.clone()))
}

struct SizeType(Ref<Type>);

fn size_type(vm: &Vm) -> Ref<Type> {
    let make = || SizeType(vm.new_structseq_type("os.terminal_size", &["columns", "lines"], 2));
    vm.module_state(make).0.clone()
}

struct StatType(Ref<Type>);

fn stat_type(vm: &Vm) -> Ref<Type> {
    let names = [
        "st_mode",
        "st_ino",
        "st_dev",
        "st_nlink",
        "st_uid",
        "st_gid",
        "st_size",
        "st_atime_int",
        "st_mtime_int",
        "st_ctime_int",
        "st_atime",
        "st_mtime",
        "st_ctime",
        "st_atime_ns",
        "st_mtime_ns",
        "st_ctime_ns",
        "st_blksize",
        "st_blocks",
        "st_rdev",
    ];
    vm.module_state(|| StatType(vm.new_structseq_type("os.stat_result", &names, 10)))
        .0
        .clone()
}

fn stat_value(vm: &Vm, m: &fs::Metadata) -> Value {
    let i = |n: i64| vm.new_int(n);
    let f = |s: i64, ns: i64| vm.new_float(s as f64 + ns as f64 / 1e9);
    let ns = |s: i64, n: i64| vm.new_int(s.saturating_mul(1_000_000_000).saturating_add(n));
    let items = vec![
        i(m.mode() as i64),
        vm.new_uint(m.ino()),
        vm.new_uint(m.dev()),
        vm.new_uint(m.nlink()),
        i(m.uid() as i64),
        i(m.gid() as i64),
        vm.new_uint(m.size()),
        i(m.atime()),
        i(m.mtime()),
        i(m.ctime()),
        f(m.atime(), m.atime_nsec()),
        f(m.mtime(), m.mtime_nsec()),
        f(m.ctime(), m.ctime_nsec()),
        ns(m.atime(), m.atime_nsec()),
        ns(m.mtime(), m.mtime_nsec()),
        ns(m.ctime(), m.ctime_nsec()),
        vm.new_uint(m.blksize()),
        vm.new_uint(m.blocks()),
        vm.new_uint(m.rdev()),
    ];
    vm.new_structseq(&stat_type(vm), items)
}

fn stat(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["path", "*dir_fd", "*follow_symlinks"];
    let [path, dir_fd, follow] = a.bind(vm, "stat", names, 1)?;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    stat_path(vm, path, &Takes::or_fd("stat"), dir_fd, follow)
}

fn lstat(vm: &Vm, a: Args) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, "lstat", ["path", "*dir_fd"], 1)?;
    stat_path(vm, path, &Takes::path("lstat"), dir_fd, false)
}

fn stat_path(
    vm: &Vm,
    path: Option<&Value>,
    takes: &Takes,
    dir_fd: Option<&Value>,
    follow: bool,
) -> PyResult<Value> {
    let path = given(vm, path, takes, dir_fd)?;
    let m = if follow || vm.is_int(&path.shown) {
        fs::metadata(&path.path)
    } else {
        fs::symlink_metadata(&path.path)
    };
    Ok(stat_value(vm, &m.map_err(|e| path.fail(vm, e))?))
}

fn fstat(vm: &Vm, fd: &Value) -> PyResult<Value> {
    let (n, f) = file_of(vm, fd)?;
    let m = match f {
        Some(f) => f.metadata(),
        None => fs::metadata(format!("/proc/self/fd/{n}")),
    };
    Ok(stat_value(vm, &m.map_err(|e| vm.os_error(&e, None))?))
}

fn open(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["path", "flags", "mode", "*dir_fd"];
    let [path, flags, mode, dir_fd] = a.bind(vm, "open", names, 2)?;
    let path = given(vm, path, &Takes::path("open"), dir_fd)?;
    let flags = vm.to_i64(flags.unwrap_or(&Value::NONE))? as i32;
    let mode = mode.map_or(Ok(0o777), |m| vm.to_i64(m))? as u32;
    Ok(vm.new_int(open_path(vm, &path, flags, mode)? as i64))
}

pub(crate) fn open_file(vm: &Vm, path: &Value, flags: i32, mode: u32) -> PyResult<RawFd> {
    let path = Given {
        path: path_arg(vm, path)?,
        shown: path.clone(),
    };
    open_path(vm, &path, flags, mode)
}

fn open_path(vm: &Vm, path: &Given, flags: i32, mode: u32) -> PyResult<RawFd> {
    let access = flags & libc::O_ACCMODE;
    let mut o = OpenOptions::new();
    o.read(access != libc::O_WRONLY)
        .write(access != libc::O_RDONLY);
    let has = |f: i32| flags & f != 0;
    // std insists on write access for what creates or truncates; the flags go to the system as they are.
    let rest =
        flags & !(libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_EXCL | libc::O_APPEND);
    if has(libc::O_APPEND) {
        o.append(true);
    }
    if has(libc::O_CREAT) && has(libc::O_EXCL) {
        o.create_new(true);
    } else if has(libc::O_CREAT) {
        o.create(true);
    }
    if has(libc::O_TRUNC) && access != libc::O_RDONLY {
        o.truncate(true);
    }
    let f = o
        .mode(mode)
        .custom_flags(rest)
        .open(&path.path)
        .map_err(|e| path.fail(vm, e))?;
    Ok(adopt(vm, f))
}

fn read(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, n] = a.exactly::<2>(vm, "read")?;
    let n = vm.to_usize(n, "length")?.min(1 << 30);
    let got = read_some(vm, fd, n)?.map_err(|e| vm.os_error(&e, None))?;
    vm.try_new_bytes(got)
}

/// One read of at most `n` bytes.
pub(crate) fn read_some(vm: &Vm, fd: &Value, n: usize) -> PyResult<io::Result<Vec<u8>>> {
    let (number, f) = file_of(vm, fd)?;
    crate::scratch::check(vm, n)?;
    let Some(f) = f else {
        if number == 0 {
            return crate::stdio::read_stdin(vm, n);
        }
        return Ok(Err(io::Error::from_raw_os_error(libc::EBADF)));
    };
    let file: &File = &f;
    crate::wait::before_call(vm, file.as_fd(), PollFlags::IN)?;
    Ok(crate::scratch::read_into(vm, n, |buffer| {
        crate::gil::blocking(vm, || {
            loop {
                match (&*file).read(buffer) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    r => break r,
                }
            }
        })
    }))
}

/// What is left of a regular file, about `room` bytes. None: it is not a file of ours.
pub(crate) fn read_rest(vm: &Vm, fd: &Value, room: usize) -> PyResult<Option<io::Result<Vec<u8>>>> {
    let (_, Some(f)) = file_of(vm, fd)? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    if all.try_reserve_exact(room).is_err() {
        return Err(vm.memory_error());
    }
    let mut file: &File = &f;
    let r = crate::gil::blocking(vm, || file.read_to_end(&mut all));
    Ok(Some(r.map(|_| all)))
}

/// `sysconf` by table, for what is the same on every Linux that we run on.
const SYSCONF: [(&str, i32, i64); 6] = [
    ("SC_IOV_MAX", libc::_SC_IOV_MAX, 1024),
    ("SC_CLK_TCK", libc::_SC_CLK_TCK, 100),
    ("SC_PAGESIZE", libc::_SC_PAGESIZE, 4096),
    ("SC_PAGE_SIZE", libc::_SC_PAGE_SIZE, 4096),
    ("SC_NPROCESSORS_CONF", libc::_SC_NPROCESSORS_CONF, 1),
    ("SC_NPROCESSORS_ONLN", libc::_SC_NPROCESSORS_ONLN, 1),
];

/// Does something that socket2 offers for any descriptor.
fn descriptor<R>(
    vm: &Vm,
    fd: &Value,
    f: impl FnOnce(socket2::SockRef) -> io::Result<R>,
) -> PyResult<R> {
    let (number, file) = file_of(vm, fd)?;
    let r = match (&file, number) {
        (Some(file), _) => f(socket2::SockRef::from(&**file)),
        (None, 0) => f(socket2::SockRef::from(&io::stdin())),
        (None, 1) => f(socket2::SockRef::from(&io::stdout())),
        (None, 2) => f(socket2::SockRef::from(&io::stderr())),
        (None, _) => Err(io::Error::from_raw_os_error(libc::EBADF)),
    };
    r.map_err(|e| vm.os_error(&e, None))
}

fn write(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, data] = a.exactly::<2>(vm, "write")?;
    let n = write_some(vm, fd, &vm.buffer(data)?)?.map_err(|e| vm.os_error(&e, None))?;
    Ok(vm.new_int(n as i64))
}

/// One write; how many bytes of it were taken.
pub(crate) fn write_some(vm: &Vm, fd: &Value, bytes: &[u8]) -> PyResult<io::Result<usize>> {
    let (number, f) = file_of(vm, fd)?;
    let r = match (&f, number) {
        (Some(f), _) => write_to(vm, f.as_fd(), bytes)?,
        (None, 1) => write_to(vm, rustix::stdio::stdout(), bytes)?,
        (None, 2) => write_to(vm, rustix::stdio::stderr(), bytes)?,
        (None, _) => Err(io::Error::from_raw_os_error(libc::EBADF)),
    };
    Ok(r)
}

/// Writes with the GIL released. In the main thread a signal ends it: before anything is written its handlers run and the
/// call goes on, after that the call says how much was written.
pub(crate) fn write_to(vm: &Vm, fd: BorrowedFd, bytes: &[u8]) -> PyResult<io::Result<usize>> {
    let once = |bytes: &[u8]| {
        crate::gil::blocking(vm, || {
            loop {
                match rustix::io::write(fd, bytes) {
                    Err(rustix::io::Errno::INTR) => {}
                    r => break r.map_err(io::Error::from),
                }
            }
        })
    };
    // A pipe that is ready takes this much without a wait.
    if bytes.len() <= libc::PIPE_BUF || !crate::gil::is_main(vm) || !may_block(fd) {
        crate::wait::before_call(vm, fd, PollFlags::OUT)?;
        return Ok(once(bytes));
    }
    let interrupts = crate::gil::interrupts(vm);
    let mut done = 0;
    for part in bytes.chunks(libc::PIPE_BUF) {
        if done > 0 && interrupts.as_ref().is_some_and(|i| i.pending()) {
            break;
        }
        crate::wait::before_call(vm, fd, PollFlags::OUT)?;
        match once(part) {
            Ok(n) => done += n,
            Err(e) if done == 0 => return Ok(Err(e)),
            Err(_) => break,
        }
    }
    Ok(Ok(done))
}

/// Whether a write of any length to the descriptor may have to wait for somebody who reads.
fn may_block(fd: BorrowedFd) -> bool {
    let regular = rustix::fs::fstat(fd)
        .is_ok_and(|s| rustix::fs::FileType::from_raw_mode(s.st_mode).is_file());
    let nowait =
        rustix::fs::fcntl_getfl(fd).is_ok_and(|f| f.contains(rustix::fs::OFlags::NONBLOCK));
    !regular && !nowait
}

fn close(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "close")?;
    close_fd(vm, fd)?;
    Ok(Value::NONE)
}

pub(crate) fn close_fd(vm: &Vm, fd: &Value) -> PyResult<()> {
    let (n, _) = file_of(vm, fd)?;
    let gone = table(vm).0.borrow_mut().remove(&n);
    drop(gone);
    Ok(())
}

fn lseek(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, at, how] = a.exactly::<3>(vm, "lseek")?;
    seek_fd(vm, fd, vm.to_i64(at)?, vm.to_i64(how)?).map(|n| vm.new_uint(n))
}

pub(crate) fn seek_fd(vm: &Vm, fd: &Value, at: i64, how: i64) -> PyResult<u64> {
    let (_, file) = file_of(vm, fd)?;
    let to = match how {
        0 => SeekFrom::Start(
            u64::try_from(at).map_err(|_| vm.os_error_parts(22, "Invalid argument", None))?,
        ),
        1 => SeekFrom::Current(at),
        2 => SeekFrom::End(at),
        _ => return Err(vm.os_error_parts(22, "Invalid argument", None)),
    };
    let Some(file) = file else {
        return Err(vm.os_error_parts(29, "Illegal seek", None));
    };
    (&*file).seek(to).map_err(|e| vm.os_error(&e, None))
}

fn ftruncate(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, n] = a.exactly::<2>(vm, "ftruncate")?;
    truncate_fd(vm, fd, vm.to_i64(n)?)?;
    Ok(Value::NONE)
}

pub(crate) fn truncate_fd(vm: &Vm, fd: &Value, n: i64) -> PyResult<()> {
    let (_, file) = file_of(vm, fd)?;
    match (file, u64::try_from(n)) {
        (Some(file), Ok(n)) => file.set_len(n).map_err(|e| vm.os_error(&e, None)),
        _ => Err(vm.os_error_parts(22, "Invalid argument", None)),
    }
}

fn isatty(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "isatty")?;
    Ok(Value::bool(is_tty(vm, vm.to_i64(fd)? as RawFd)))
}

pub(crate) fn is_tty(vm: &Vm, fd: RawFd) -> bool {
    use std::io::IsTerminal;
    let f = table(vm).0.borrow().get(&fd).cloned();
    match (fd, f) {
        (_, Some(f)) => f.is_terminal(),
        (0, _) => io::stdin().is_terminal(),
        (1, _) => io::stdout().is_terminal(),
        (2, _) => io::stderr().is_terminal(),
        _ => false,
    }
}

/// What the system knows of an open file; none for a standard stream.
pub(crate) fn metadata(vm: &Vm, fd: &Value) -> PyResult<Option<fs::Metadata>> {
    let (_, file) = file_of(vm, fd)?;
    file.map(|f| f.metadata().map_err(|e| vm.os_error(&e, None)))
        .transpose()
}

/// Runs a file operation of one path, whose function takes nothing but that and `dir_fd`.
fn on_path(
    vm: &Vm,
    a: Args,
    func: &'static str,
    f: impl FnOnce(PathBuf) -> io::Result<()>,
) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, func, ["path", "*dir_fd"], 1)?;
    done(vm, &given(vm, path, &Takes::path(func), dir_fd)?, f)
}

/// Does something with a path.
fn done(vm: &Vm, path: &Given, f: impl FnOnce(PathBuf) -> io::Result<()>) -> PyResult<Value> {
    f(path.path.clone()).map_err(|e| path.fail(vm, e))?;
    Ok(Value::NONE)
}

fn rename(vm: &Vm, a: Args, func: &'static str) -> PyResult<Value> {
    let names = ["src", "dst", "*src_dir_fd", "*dst_dir_fd"];
    let [src, dst, from, to] = a.bind(vm, func, names, 2)?;
    let src = given(vm, src, &Takes::named(func, "src"), from)?;
    let dst = given(vm, dst, &Takes::named(func, "dst"), to)?;
    two_paths(vm, &src, &dst, fs::rename)
}

fn link(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = [
        "src",
        "dst",
        "*src_dir_fd",
        "*dst_dir_fd",
        "*follow_symlinks",
    ];
    let [src, dst, from, to, _] = a.bind(vm, "link", names, 2)?;
    let src = given(vm, src, &Takes::named("link", "src"), from)?;
    let dst = given(vm, dst, &Takes::named("link", "dst"), to)?;
    two_paths(vm, &src, &dst, fs::hard_link)
}

fn symlink(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["src", "dst", "target_is_directory", "*dir_fd"];
    let [src, dst, _, dir_fd] = a.bind(vm, "symlink", names, 2)?;
    let src = given(vm, src, &Takes::named("symlink", "src"), None)?;
    let dst = given(vm, dst, &Takes::named("symlink", "dst"), dir_fd)?;
    two_paths(vm, &src, &dst, std::os::unix::fs::symlink)
}

fn two_paths(
    vm: &Vm,
    src: &Given,
    dst: &Given,
    f: impl FnOnce(PathBuf, PathBuf) -> io::Result<()>,
) -> PyResult<Value> {
    f(src.path.clone(), dst.path.clone()).map_err(|e| {
        let e = src.fail(vm, e);
        if let Some(x) = e.0.downcast::<lasti_core::objects::Exception>() {
            x.set_field(3, dst.shown.clone());
        }
        e
    })?;
    Ok(Value::NONE)
}

/// `utime(path, times=None, *, ns, dir_fd=None, follow_symlinks=True)`.
fn utime(vm: &Vm, a: Args) -> PyResult<Value> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let names = ["path", "times", "*ns", "*dir_fd", "*follow_symlinks"];
    let [path, times, ns, dir_fd, follow] = a.bind(vm, "utime", names, 1)?;
    let path = given(vm, path, &Takes::or_fd("utime"), dir_fd)?;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    let times = times.filter(|t| !t.is_none());
    let pair = |v: &Value, what: &str| -> PyResult<[Value; 2]> {
        let t = v.downcast::<lasti_core::objects::Tuple>();
        match t.map(|t| &t[..]) {
            Some([a, m]) => Ok([a.clone(), m.clone()]),
            _ => Err(vm.type_error(format!(
                "utime: '{what}' must be {}",
                match what {
                    "ns" => "a tuple of two ints",
                    _ => "either a tuple of two ints or None",
                }
            ))),
        }
    };
    const BILLION: i64 = 1_000_000_000;
    let spec = |ns: i64| Timespec {
        tv_sec: ns.div_euclid(BILLION),
        tv_nsec: ns.rem_euclid(BILLION),
    };
    let now = || Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let [access, modified] = match (times, ns) {
        (Some(_), Some(_)) => {
            return Err(
                vm.value_error("utime: you may specify either 'times' or 'ns' but not both")
            );
        }
        (Some(t), None) => {
            let one = |v: &Value| -> PyResult<Timespec> {
                if vm.is_int(v) {
                    return Ok(Timespec {
                        tv_sec: vm.to_i64(v)?,
                        tv_nsec: 0,
                    });
                }
                let s = vm.to_f64(v)?;
                let whole = s.floor();
                Ok(Timespec {
                    tv_sec: whole as i64,
                    tv_nsec: ((s - whole) * 1e9) as i64,
                })
            };
            let [a, m] = pair(t, "times")?;
            [one(&a)?, one(&m)?]
        }
        (None, Some(t)) => {
            let [a, m] = pair(t, "ns")?;
            [spec(vm.to_i64(&a)?), spec(vm.to_i64(&m)?)]
        }
        (None, None) => [now(), now()],
    };
    let stamps = Timestamps {
        last_access: access,
        last_modification: modified,
    };
    let flags = match follow {
        true => AtFlags::empty(),
        false => AtFlags::SYMLINK_NOFOLLOW,
    };
    done(vm, &path, |p| Ok(utimensat(CWD, p, &stamps, flags)?))
}

/// `access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)`.
fn access(vm: &Vm, a: Args) -> PyResult<Value> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let names = [
        "path",
        "mode",
        "*dir_fd",
        "*effective_ids",
        "*follow_symlinks",
    ];
    let [path, mode, dir_fd, effective, follow] = a.bind(vm, "access", names, 2)?;
    let path = given(vm, path, &Takes::path("access"), dir_fd)?;
    let mode = vm.to_i64(mode.unwrap_or(&Value::NONE))?;
    let on = |v: Option<&Value>, default| v.map_or(Ok(default), |v| vm.is_true(v));
    let mut flags = AtFlags::empty();
    flags.set(AtFlags::EACCESS, on(effective, false)?);
    flags.set(AtFlags::SYMLINK_NOFOLLOW, !on(follow, true)?);
    let mode = u32::try_from(mode).ok().and_then(Access::from_bits);
    let Some(mode) = mode else {
        return Ok(Value::FALSE);
    };
    Ok(Value::bool(accessat(CWD, &path.path, mode, flags).is_ok()))
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("posix");
    vm.add_functions(&m, FUNCTIONS);
    crate::process::add(vm, &m);
    let names = vm.new_dict();
    for (name, number, _) in SYSCONF {
        vm.dict_set(&names, name, vm.new_int(number as i64));
    }
    vm.add_value(&m, "sysconf_names", names.into());
    vm.add_value(&m, "terminal_size", size_type(vm).into());
    let environ = vm.new_dict();
    for (k, v) in std::env::vars_os() {
        use std::os::unix::ffi::OsStrExt;
        vm.dict_insert(
            &environ,
            vm.new_bytes(k.as_bytes()),
            vm.new_bytes(v.as_bytes()),
        )?;
    }
    vm.add_value(&m, "environ", environ.into());
    vm.add_value(&m, "_have_functions", vm.new_list(Vec::new()));
    vm.add_value(&m, "error", vm.exc.os_error.value());
    vm.add_value(&m, "stat_result", stat_type(vm).into());
    let ints = [
        ("F_OK", 0),
        ("R_OK", 4),
        ("W_OK", 2),
        ("X_OK", 1),
        ("O_RDONLY", libc::O_RDONLY),
        ("O_WRONLY", libc::O_WRONLY),
        ("O_RDWR", libc::O_RDWR),
        ("O_CREAT", libc::O_CREAT),
        ("O_EXCL", libc::O_EXCL),
        ("O_TRUNC", libc::O_TRUNC),
        ("O_APPEND", libc::O_APPEND),
        ("O_NONBLOCK", libc::O_NONBLOCK),
        ("O_CLOEXEC", libc::O_CLOEXEC),
        ("O_NOFOLLOW", libc::O_NOFOLLOW),
        ("O_DIRECTORY", libc::O_DIRECTORY),
        ("EX_OK", 0),
        ("P_NOWAIT", 1),
        ("P_WAIT", 0),
    ];
    for (name, n) in ints {
        vm.add_value(&m, name, vm.new_int(n as i64));
    }
    dir_entries(vm, &m)?;
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "stat" "stat($module, /, path, *, dir_fd=None, follow_symlinks=True)\n--\n\n" |vm, _, a| stat(vm, a);
    "lstat" "lstat($module, /, path, *, dir_fd=None)\n--\n\n" |vm, _, a| lstat(vm, a);
    "fstat" "fstat($module, /, fd)\n--\n\n" fstat_function;
    "open" "open($module, /, path, flags, mode=511, *, dir_fd=None)\n--\n\n" |vm, _, a| open(vm, a);
    "read" "read($module, fd, length, /)\n--\n\n" |vm, _, a| read(vm, a);
    "write" "write($module, fd, data, /)\n--\n\n" |vm, _, a| write(vm, a);
    "readinto" "readinto($module, fd, buffer, /)\n--\n\n" readinto;
    "close" "close($module, /, fd)\n--\n\n" |vm, _, a| close(vm, a);
    "lseek" "lseek($module, fd, position, whence, /)\n--\n\n" |vm, _, a| lseek(vm, a);
    "ftruncate" "ftruncate($module, fd, length, /)\n--\n\n" |vm, _, a| ftruncate(vm, a);
    "fsync" "fsync($module, /, fd)\n--\n\n" fsync;
    "isatty" "isatty($module, fd, /)\n--\n\n" |vm, _, a| isatty(vm, a);
    "dup" "dup($module, fd, /)\n--\n\n" dup;
    "dup2" "dup2($module, /, fd, fd2, inheritable=True)\n--\n\n" |vm, _, a| dup2(vm, a);
    "abort" "abort($module, /)\n--\n\n" |_, _, _| std::process::abort();
    "pipe" "pipe($module, /)\n--\n\n" pipe;
    "get_inheritable" "get_inheritable($module, fd, /)\n--\n\n" get_inheritable;
    "set_inheritable" "set_inheritable($module, fd, inheritable, /)\n--\n\n" set_inheritable;
    "getcwd" "getcwd($module, /)\n--\n\n" getcwd;
    "getcwdb" "getcwdb($module, /)\n--\n\n" getcwdb;
    "chdir" "chdir($module, /, path)\n--\n\n" chdir;
    "mkdir" "mkdir($module, /, path, mode=511, *, dir_fd=None)\n--\n\n" mkdir;
    "rmdir" "rmdir($module, /, path, *, dir_fd=None)\n--\n\n" |vm, _, a| on_path(vm, a, "rmdir", fs::remove_dir);
    "unlink" "unlink($module, /, path, *, dir_fd=None)\n--\n\n" unlink;
    "remove" "remove($module, /, path, *, dir_fd=None)\n--\n\n" remove;
    "rename" "rename($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\n" |vm, _, a| rename(vm, a, "rename");
    "replace" "replace($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\n" |vm, _, a| rename(vm, a, "replace");
    "link" "link($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=(os.name != 'nt'))\n--\n\n" |vm, _, a| link(vm, a);
    "symlink" "symlink($module, /, src, dst, target_is_directory=False, *, dir_fd=None)\n--\n\n" |vm, _, a| symlink(vm, a);
    "readlink" "readlink($module, /, path, *, dir_fd=None)\n--\n\n" readlink;
    "chmod" "chmod($module, /, path, mode, *, dir_fd=None, follow_symlinks=(os.name != 'nt'))\n--\n\n" chmod;
    "truncate" "truncate($module, /, path, length)\n--\n\n" truncate;
    "utime" "utime($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)\n--\n\n" |vm, _, a| utime(vm, a);
    "access" "access($module, /, path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)\n--\n\n" |vm, _, a| access(vm, a);
    "listdir" "listdir($module, /, path=None)\n--\n\n" listdir;
    "_scan" "" scan;
    "fspath" "fspath($module, /, path)\n--\n\n" fspath_function;
    "urandom" "urandom($module, size, /)\n--\n\n" urandom;
    "getpid" "getpid($module, /)\n--\n\n" getpid;
    "getppid" "getppid($module, /)\n--\n\n" getppid;
    "cpu_count" "cpu_count($module, /)\n--\n\n" cpu_count;
    "_exit" "_exit($module, /, status)\n--\n\n" exit;
    "set_blocking" "set_blocking($module, fd, blocking, /)\n--\n\n" set_blocking;
    "get_blocking" "get_blocking($module, fd, /)\n--\n\n" get_blocking;
    "sysconf" "sysconf($module, name, /)\n--\n\n" sysconf;
    "waitstatus_to_exitcode" "waitstatus_to_exitcode($module, /, status)\n--\n\n" waitstatus_to_exitcode;
    "WIFSTOPPED" "WIFSTOPPED($module, /, status)\n--\n\n" wifstopped;
    "WSTOPSIG" "WSTOPSIG($module, /, status)\n--\n\n" wstopsig;
    "WIFSIGNALED" "WIFSIGNALED($module, /, status)\n--\n\n" wifsignaled;
    "WTERMSIG" "WTERMSIG($module, /, status)\n--\n\n" wtermsig;
    "WIFEXITED" "WIFEXITED($module, /, status)\n--\n\n" wifexited;
    "WEXITSTATUS" "WEXITSTATUS($module, /, status)\n--\n\n" wexitstatus;
    "register_at_fork" "register_at_fork($module, /, *, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "strerror" "strerror($module, code, /)\n--\n\n" strerror;
    "kill" "kill($module, pid, signal, /)\n--\n\n" kill;
    "uname" "uname($module, /)\n--\n\n" uname;
    "get_terminal_size" "get_terminal_size($module, fd=<unrepresentable>, /)\n--\n\n" get_terminal_size;
    "device_encoding" "device_encoding($module, /, fd)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "_path_splitroot_ex" "_path_splitroot_ex($module, /, p)\n--\n\n" path_splitroot_ex;
}

fn fstat_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    fstat(vm, &a.exactly::<1>(vm, "fstat")?[0])
}

fn readinto(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, buffer] = a.exactly::<2>(vm, "readinto")?;
    let n = vm.len(buffer)?;
    let data = read(vm, Args::pos(&[fd.clone(), vm.new_int(n as i64)]))?;
    let got = vm.len(&data)?;
    let slice = vm.new_slice(Value::NONE, vm.new_int(got as i64), Value::NONE);
    vm.setitem(buffer, &slice, &data)?;
    Ok(vm.new_int(got as i64))
}

fn fsync(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "fsync")?;
    if let (_, Some(file)) = file_of(vm, fd)? {
        file.sync_all().map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(Value::NONE)
}

fn dup(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "dup")?;
    let copy = duplicate(vm, fd)?;
    Ok(vm.new_int(adopt(vm, File::from(copy)) as i64))
}

fn pipe(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let (r, w) = io::pipe().map_err(|e| vm.os_error(&e, None))?;
    let r = adopt(vm, File::from(std::os::fd::OwnedFd::from(r)));
    let w = adopt(vm, File::from(std::os::fd::OwnedFd::from(w)));
    Ok(vm.tuple_value([vm.new_int(r as i64), vm.new_int(w as i64)]))
}

fn get_inheritable(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "get_inheritable")?;
    match file_of(vm, fd)?.1 {
        Some(file) => Ok(Value::bool(is_inherited(&file))),
        // The standard streams.
        None => Ok(Value::TRUE),
    }
}

fn set_inheritable(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, on] = a.exactly::<2>(vm, "set_inheritable")?;
    let on = vm.is_true(on)?;
    if let (_, Some(file)) = file_of(vm, fd)? {
        set_inherited(&file, on).map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(Value::NONE)
}

fn getcwd(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = std::env::current_dir().map_err(|e| vm.os_error(&e, None))?;
    Ok(path_value(vm, d.as_os_str()))
}

fn getcwdb(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    use std::os::unix::ffi::OsStrExt;
    let d = std::env::current_dir().map_err(|e| vm.os_error(&e, None))?;
    Ok(vm.new_bytes(d.as_os_str().as_bytes()))
}

fn chdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path] = a.bind(vm, "chdir", ["path"], 1)?;
    let path = given(vm, path, &Takes::or_fd("chdir"), None)?;
    done(vm, &path, std::env::set_current_dir)
}

fn mkdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    use std::os::unix::fs::DirBuilderExt;
    let [path, mode, dir_fd] = a.bind(vm, "mkdir", ["path", "mode", "*dir_fd"], 1)?;
    let path = given(vm, path, &Takes::path("mkdir"), dir_fd)?;
    let mode = mode.map_or(Ok(0o777), |m| vm.to_i64(m))? as u32;
    done(vm, &path, |p| fs::DirBuilder::new().mode(mode).create(p))
}

fn unlink(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    on_path(vm, a, "unlink", fs::remove_file)
}

fn remove(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    on_path(vm, a, "remove", fs::remove_file)
}

fn readlink(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, "readlink", ["path", "*dir_fd"], 1)?;
    let path = given(vm, path, &Takes::path("readlink"), dir_fd)?;
    let t = fs::read_link(&path.path).map_err(|e| path.fail(vm, e))?;
    Ok(name_like(vm, &path.shown, t.as_os_str()))
}

fn chmod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let names = ["path", "mode", "*dir_fd", "*follow_symlinks"];
    let [path, mode, dir_fd, _] = a.bind(vm, "chmod", names, 2)?;
    let path = given(vm, path, &Takes::or_fd("chmod"), dir_fd)?;
    let mode = vm.to_i64(mode.unwrap_or(&Value::NONE))? as u32;
    done(vm, &path, |p| {
        fs::set_permissions(p, fs::Permissions::from_mode(mode))
    })
}

fn truncate(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, length] = a.bind(vm, "truncate", ["path", "length"], 2)?;
    let takes = Takes {
        names_fd: false,
        ..Takes::or_fd("truncate")
    };
    let path = given(vm, path, &takes, None)?;
    let n = vm.to_i64(length.unwrap_or(&Value::NONE))?;
    done(vm, &path, |p| {
        let n = u64::try_from(n).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        OpenOptions::new().write(true).open(p)?.set_len(n)
    })
}

fn listdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (path, entries) = folder_of(vm, a, "listdir")?;
    let mut names = Vec::new();
    for e in entries {
        let e = e.map_err(|e| fail(vm, e, &path))?;
        names.push(name_like(vm, &path, &e.file_name()));
    }
    Ok(vm.new_list(names))
}

fn scan(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (path, entries) = folder_of(vm, a, "scandir")?;
    let mut rows = Vec::new();
    for e in entries.flatten() {
        let kind = e.file_type().ok();
        let is = |f: fn(&fs::FileType) -> bool| Value::bool(kind.as_ref().is_some_and(f));
        rows.push(vm.tuple_value([
            name_like(vm, &path, &e.file_name()),
            is(fs::FileType::is_dir),
            is(fs::FileType::is_file),
            is(fs::FileType::is_symlink),
        ]));
    }
    Ok(vm.new_list(rows))
}

fn fspath_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    fspath(vm, &a.exactly::<1>(vm, "fspath")?[0])
}

fn urandom(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "urandom")?;
    let mut b = vm.zeroed(vm.to_usize(n, "negative argument not allowed")?)?;
    File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut b))
        .map_err(|e| vm.os_error(&e, None))?;
    vm.try_new_bytes(b)
}

fn getpid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::process::id() as i64))
}

fn getppid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::os::unix::process::parent_id() as i64))
}

fn cpu_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::thread::available_parallelism().map_or(1, |n| n.get()) as i64))
}

fn exit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "_exit")?;
    std::process::exit(vm.to_i64(n)? as i32)
}

fn set_blocking(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, blocking] = a.exactly::<2>(vm, "set_blocking")?;
    let blocking = vm.is_true(blocking)?;
    descriptor(vm, fd, |s| s.set_nonblocking(!blocking))?;
    Ok(Value::NONE)
}

fn get_blocking(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "get_blocking")?;
    Ok(Value::bool(!descriptor(vm, fd, |s| s.nonblocking())?))
}

fn sysconf(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [which] = a.exactly::<1>(vm, "sysconf")?;
    let known = match which.downcast::<Str>() {
        Some(s) => {
            let s = s.to_string_lossy();
            let found = SYSCONF.iter().find(|c| c.0 == s);
            found.ok_or_else(|| vm.value_error("unrecognized configuration name"))?
        }
        None => {
            let n = vm.to_i64(which)?;
            let found = SYSCONF.iter().find(|c| c.1 as i64 == n);
            found.ok_or_else(|| vm.os_error_parts(libc::EINVAL, "Invalid argument", None))?
        }
    };
    let value = match known.1 {
        libc::_SC_NPROCESSORS_ONLN | libc::_SC_NPROCESSORS_CONF => {
            std::thread::available_parallelism().map_or(1, |n| n.get()) as i64
        }
        _ => known.2,
    };
    Ok(vm.new_int(value))
}

fn waitstatus_to_exitcode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let status = vm.to_i64(&a.exactly::<1>(vm, "waitstatus_to_exitcode")?[0])?;
    match status & 0x7F {
        0 => Ok(vm.new_int(status >> 8 & 0xFF)),
        0x7F => Err(vm.value_error(format!(
            "process stopped by delivery of signal {}",
            status >> 8 & 0xFF
        ))),
        signal => Ok(vm.new_int(-signal)),
    }
}

fn wifstopped(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(Value::bool(
        vm.to_c_int(&a.exactly::<1>(vm, "WIFSTOPPED")?[0])? & 0xFF == 0x7F,
    ))
}

fn wstopsig(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WSTOPSIG")?[0])?) >> 8 & 0xFF))
}

fn wifsignaled(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let low = vm.to_c_int(&a.exactly::<1>(vm, "WIFSIGNALED")?[0])? & 0x7F;
    Ok(Value::bool(low != 0 && low != 0x7F))
}

fn wtermsig(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WTERMSIG")?[0])?) & 0x7F))
}

fn wifexited(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(Value::bool(
        vm.to_c_int(&a.exactly::<1>(vm, "WIFEXITED")?[0])? & 0x7F == 0,
    ))
}

fn wexitstatus(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WEXITSTATUS")?[0])?) >> 8 & 0xFF))
}

fn strerror(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "strerror")?;
    let text = io::Error::from_raw_os_error(vm.to_i64(n)? as i32).to_string();
    Ok(vm.str_value(text.split(" (os error").next().unwrap_or_default()))
}

fn kill(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [pid, sig] = a.exactly::<2>(vm, "kill")?;
    crate::signals::kill(vm, vm.to_i64(pid)?, vm.to_i64(sig)?)?;
    Ok(Value::NONE)
}

fn uname(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let read = |p: &str| {
        fs::read_to_string(format!("/proc/sys/kernel/{p}"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let t = vm.new_structseq_type(
        "posix.uname_result",
        &["sysname", "nodename", "release", "version", "machine"],
        5,
    );
    let parts = [
        read("ostype"),
        read("hostname"),
        read("osrelease"),
        read("version"),
        std::env::consts::ARCH.into(),
    ];
    Ok(vm.new_structseq(&t, parts.iter().map(|s| vm.str_value(s)).collect()))
}

fn get_terminal_size(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let out = vm.new_int(1);
    let pos = a.between(vm, "get_terminal_size", 0, 1)?;
    let (columns, lines) = crate::terminal::size_of(vm, pos.first().unwrap_or(&out))?;
    let parts = vec![vm.new_int(columns as i64), vm.new_int(lines as i64)];
    Ok(vm.new_structseq(&size_type(vm), parts))
}

fn path_splitroot_ex(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [p] = a.exactly::<1>(vm, "_path_splitroot_ex")?;
    let p = fspath(vm, p)?;
    let bytes = match p.downcast::<Str>() {
        Some(s) => s.as_bytes().to_vec(),
        None => vm.buffer(&p)?,
    };
    let slashes = bytes.iter().take_while(|c| **c == b'/').count();
    let root = match slashes {
        0 => 0,
        2 => 2,
        _ => 1,
    };
    let part = |from: usize, to: usize| {
        let slice = vm.new_slice(vm.new_int(from as i64), vm.new_int(to as i64), Value::NONE);
        vm.getitem(&p, &slice)
    };
    Ok(vm.tuple_value([part(0, 0)?, part(0, root)?, part(root, bytes.len())?]))
}

/// `scandir` and `DirEntry`, made of `_scan`'s rows by a few lines of Python, which run in this module's namespace.
fn dir_entries(vm: &Vm, m: &Ref<Module>) -> PyResult<()> {
    let Some(ModuleSource::Frozen { image, .. }) = crate::host::frozen("_posix_scandir") else {
        return Err(vm.runtime_error("_posix_scandir is not in the frozen library"));
    };
    vm.exec_code(&vm.new_frozen_code(image), &m.dict)?;
    Ok(())
}
