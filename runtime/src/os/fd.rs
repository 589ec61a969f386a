//! Descriptors that Python opens. A table owns them, so that no number is ever trusted to be a descriptor of ours.
use super::{buffer, sockets, stdin};
use crate::gil;
use crate::wait;
use lasti_core::{PyResult, Value, Vm};
use rustix::event::PollFlags;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;
use std::sync::Arc;

/// Descriptors opened through `os.open`, `os.pipe`, ...
#[derive(Default)]
pub struct Descriptors(RefCell<HashMap<RawFd, Arc<File>>>);

fn table(vm: &Vm) -> Rc<Descriptors> {
    vm.module_state(Descriptors::default)
}

/// Takes a file into the table and gives its number.
pub fn adopt(vm: &Vm, f: File) -> RawFd {
    let fd = f.as_raw_fd();
    table(vm).0.borrow_mut().insert(fd, Arc::new(f));
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

pub fn file_of(vm: &Vm, v: &Value) -> PyResult<(RawFd, Option<Arc<File>>)> {
    let fd = vm.to_i64(v)? as RawFd;
    let f = table(vm).0.borrow().get(&fd).cloned();
    if f.is_some() || (0..=2).contains(&fd) {
        return Ok((fd, f));
    }
    match reopen(fd) {
        Ok(f) => {
            let f = Arc::new(f);
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
    if let Some(copy) = sockets::duplicate(vm, vm.to_i64(fd)? as RawFd) {
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

pub fn is_inherited(f: &File) -> bool {
    rustix::io::fcntl_getfd(f).is_ok_and(|n| !n.contains(rustix::io::FdFlags::CLOEXEC))
}

pub fn set_inherited(f: &File, on: bool) -> io::Result<()> {
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

/// One read of at most `n` bytes.
pub fn read_some(vm: &Vm, fd: &Value, n: usize) -> PyResult<io::Result<Vec<u8>>> {
    let (number, f) = file_of(vm, fd)?;
    buffer::check(vm, n)?;
    let Some(f) = f else {
        if number == 0 {
            return stdin::read(vm, n);
        }
        return Ok(Err(io::Error::from_raw_os_error(libc::EBADF)));
    };
    let file: &File = &f;
    wait::before_call(vm, file.as_fd(), PollFlags::IN)?;
    Ok(buffer::read_into(vm, n, |buffer| {
        gil::blocking(vm, || {
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
pub fn read_rest(vm: &Vm, fd: &Value, room: usize) -> PyResult<Option<io::Result<Vec<u8>>>> {
    let (_, Some(f)) = file_of(vm, fd)? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    if all.try_reserve_exact(room).is_err() {
        return Err(vm.memory_error());
    }
    let mut file: &File = &f;
    let r = gil::blocking(vm, || file.read_to_end(&mut all));
    Ok(Some(r.map(|_| all)))
}

/// Does something that socket2 offers for any descriptor.
pub fn as_socket<R>(
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

/// One write; how many bytes of it were taken.
pub fn write_some(vm: &Vm, fd: &Value, bytes: &[u8]) -> PyResult<io::Result<usize>> {
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
pub fn write_to(vm: &Vm, fd: BorrowedFd, bytes: &[u8]) -> PyResult<io::Result<usize>> {
    let once = |bytes: &[u8]| {
        gil::blocking(vm, || {
            loop {
                match rustix::io::write(fd, bytes) {
                    Err(rustix::io::Errno::INTR) => {}
                    r => break r.map_err(io::Error::from),
                }
            }
        })
    };
    // A pipe that is ready takes this much without a wait.
    if bytes.len() <= libc::PIPE_BUF || !gil::is_main(vm) || !may_block(fd) {
        wait::before_call(vm, fd, PollFlags::OUT)?;
        return Ok(once(bytes));
    }
    let interrupts = gil::interrupts(vm);
    let mut done = 0;
    for part in bytes.chunks(libc::PIPE_BUF) {
        if done > 0 && interrupts.as_ref().is_some_and(|i| i.pending()) {
            break;
        }
        wait::before_call(vm, fd, PollFlags::OUT)?;
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

pub fn close_fd(vm: &Vm, fd: &Value) -> PyResult<()> {
    let (n, _) = file_of(vm, fd)?;
    let gone = table(vm).0.borrow_mut().remove(&n);
    drop(gone);
    Ok(())
}

pub fn seek_fd(vm: &Vm, fd: &Value, at: i64, how: i64) -> PyResult<u64> {
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

pub fn truncate_fd(vm: &Vm, fd: &Value, n: i64) -> PyResult<()> {
    let (_, file) = file_of(vm, fd)?;
    match (file, u64::try_from(n)) {
        (Some(file), Ok(n)) => file.set_len(n).map_err(|e| vm.os_error(&e, None)),
        _ => Err(vm.os_error_parts(22, "Invalid argument", None)),
    }
}

pub fn is_tty(vm: &Vm, fd: RawFd) -> bool {
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
pub fn metadata(vm: &Vm, fd: &Value) -> PyResult<Option<fs::Metadata>> {
    let (_, file) = file_of(vm, fd)?;
    file.map(|f| f.metadata().map_err(|e| vm.os_error(&e, None)))
        .transpose()
}

/// `dup2`: puts a copy of a descriptor in the place of another that is ours, or that is free.
pub fn dup2(vm: &Vm, from: &Value, to: &Value, inheritable: bool) -> PyResult<()> {
    let copy = duplicate(vm, from)?;
    let target = vm.to_i64(to)? as RawFd;
    if vm.to_i64(from)? == target as i64 {
        return Ok(());
    }
    let put = || -> io::Result<Option<File>> {
        match target {
            0 => rustix::stdio::dup2_stdin(&copy)?,
            1 => rustix::stdio::dup2_stdout(&copy)?,
            2 => rustix::stdio::dup2_stderr(&copy)?,
            _ => {
                let old = table(vm).0.borrow_mut().remove(&target);
                let file = match old.map(Arc::try_unwrap) {
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
    Ok(())
}
