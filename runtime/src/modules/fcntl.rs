//! `fcntl`: flags and locks of descriptors, in safe code over rustix (CPython's Modules/fcntlmodule.c). Of `ioctl` there is the
//! window size alone: what other requests read and write cannot be known here.
use crate::os::fd::{duplicate, file_of, with_fd};
use crate::wait;
use lasti_core::objects::{Bytes, Module};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::io;
use std::os::fd::BorrowedFd;

pub fn register(vm: &Vm) {
    vm.register_module("fcntl", init);
}

/// A descriptor's number, or that of an object with `fileno()`.
fn fd_arg(vm: &Vm, v: &Value) -> PyResult<Value> {
    if vm.is_int(v) {
        return Ok(v.clone());
    }
    let Some(f) = vm.lookup_attr(v, &vm.intern("fileno"))? else {
        return Err(vm.type_error("argument must be an int, or have a fileno() method."));
    };
    vm.call(&f, &[])
}

pub fn on_fd<R>(vm: &Vm, v: &Value, f: impl FnOnce(BorrowedFd) -> io::Result<R>) -> PyResult<R> {
    with_fd(vm, &fd_arg(vm, v)?, f)
}

pub fn window_size(fd: BorrowedFd) -> io::Result<(u16, u16, u16, u16)> {
    let w = rustix::termios::tcgetwinsize(fd)?;
    Ok((w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel))
}

fn control(vm: &Vm, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "fcntl", 2, 3)?;
    let command = vm.to_i64(&pos[1])? as i32;
    let argument = pos.get(2).map_or(Ok(0), |v| vm.to_i64(v))? as i32;
    let n = on_fd(vm, &pos[0], |fd| {
        use rustix::fs::OFlags;
        use rustix::io::FdFlags;
        Ok(match command {
            libc::F_GETFD => rustix::io::fcntl_getfd(fd)?.bits() as i64,
            libc::F_SETFD => {
                rustix::io::fcntl_setfd(fd, FdFlags::from_bits_retain(argument as _))?;
                0
            }
            libc::F_GETFL => rustix::fs::fcntl_getfl(fd)?.bits() as i64,
            libc::F_SETFL => {
                rustix::fs::fcntl_setfl(fd, OFlags::from_bits_retain(argument as _))?;
                0
            }
            _ => return Err(io::Error::from_raw_os_error(libc::ENOSYS)),
        })
    })?;
    Ok(vm.new_int(n))
}

/// `flock`, and `lockf` of a whole file.
fn lock(vm: &Vm, file: &Value, operation: i64, whole_file: bool) -> PyResult<Value> {
    use rustix::fs::FlockOperation as Op;
    let may_wait = operation & libc::LOCK_NB as i64 == 0;
    let op = match (operation & !(libc::LOCK_NB as i64), may_wait) {
        (1, true) => Op::LockShared,
        (1, false) => Op::NonBlockingLockShared,
        (2, true) => Op::LockExclusive,
        (2, false) => Op::NonBlockingLockExclusive,
        (8, true) => Op::Unlock,
        (8, false) => Op::NonBlockingUnlock,
        _ if whole_file => return Err(vm.value_error("unrecognized lockf argument")),
        _ => return Err(vm.os_error_parts(libc::EINVAL, "Invalid argument", None)),
    };
    let fail = |e: rustix::io::Errno| vm.os_error(&io::Error::from(e), None);
    let now = match op {
        Op::LockShared => Op::NonBlockingLockShared,
        Op::LockExclusive => Op::NonBlockingLockExclusive,
        op => op,
    };
    if whole_file {
        use rustix::fs::fcntl_lock;
        // A record lock would go with any closed descriptor of the file, so the caller's own is used.
        let fd = fd_arg(vm, file)?;
        let (_, Some(own)) = file_of(vm, &fd)? else {
            on_fd(vm, file, |fd| Ok(fcntl_lock(fd, op)?))?;
            return Ok(Value::NONE);
        };
        match fcntl_lock(&own, now) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) if may_wait => {}
            r => return r.map(|()| Value::NONE).map_err(fail),
        }
        let other = own.clone();
        // It got the lock after all, for a caller that is gone.
        let undo = move |r: rustix::io::Result<()>| {
            let _ = r.and_then(|()| fcntl_lock(&other, Op::Unlock));
        };
        wait::call(vm, move || fcntl_lock(&own, op), undo)?.map_err(fail)?;
        return Ok(Value::NONE);
    }
    let copy = duplicate(vm, &fd_arg(vm, file)?)?;
    match rustix::fs::flock(&copy, now) {
        Err(rustix::io::Errno::WOULDBLOCK) if may_wait => {}
        r => return r.map(|()| Value::NONE).map_err(fail),
    }
    let other = copy.try_clone().map_err(|e| vm.os_error(&e, None))?;
    let undo = move |r: rustix::io::Result<()>| {
        let _ = r.and_then(|()| rustix::fs::flock(&other, Op::Unlock));
    };
    wait::call(vm, move || rustix::fs::flock(&copy, op), undo)?.map_err(fail)?;
    Ok(Value::NONE)
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("fcntl");
    vm.add_functions(&m, FUNCTIONS);
    macro_rules! constants {
        ($($name:ident)*) => { $(vm.add_value(&m, stringify!($name), vm.new_int(libc::$name as i64));)* };
    }
    constants! {
        F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_RDLCK F_WRLCK F_UNLCK
        FD_CLOEXEC LOCK_SH LOCK_EX LOCK_NB LOCK_UN
    }
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "fcntl" "fcntl($module, fd, cmd, arg=0, /)\n--\n\n" |vm, _, a| control(vm, a);
    "flock" "flock($module, fd, operation, /)\n--\n\n" flock;
    "ioctl" "ioctl($module, fd, request, arg=0, mutate_flag=True, /)\n--\n\n" ioctl;
    "lockf" "lockf($module, fd, cmd, len=0, start=0, whence=0, /)\n--\n\n" lockf;
}

fn flock(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [file, operation] = a.exactly::<2>(vm, "flock")?;
    lock(vm, file, vm.to_i64(operation)?, false)
}

fn ioctl(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "ioctl", 2, 4)?;
    if vm.to_i64(&pos[1])? != libc::TIOCGWINSZ as i64 {
        return Err(vm.os_error_parts(libc::ENOSYS, "lasti knows the window size alone", None));
    }
    let (a, b, c, d) = on_fd(vm, &pos[0], window_size)?;
    let bytes = [a, b, c, d].map(u16::to_ne_bytes).concat();
    match pos.get(2) {
        Some(buffer) if buffer.downcast::<Bytes>().is_none() => {
            let all = vm.new_slice(Value::NONE, vm.new_int(8), Value::NONE);
            vm.setitem(buffer, &all, &vm.new_bytes(bytes))?;
            Ok(vm.new_int(0))
        }
        _ => vm.try_new_bytes(bytes),
    }
}

fn lockf(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "lockf", 2, 5)?;
    for part in &pos[2..] {
        if vm.to_i64(part)? != 0 {
            return Err(vm.os_error_parts(libc::ENOSYS, "lasti locks whole files alone", None));
        }
    }
    lock(vm, &pos[0], vm.to_i64(&pos[1])?, true)
}
