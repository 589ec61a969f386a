//! `termios` and `fcntl`: settings of terminals and descriptors, in safe code over nix and rustix (CPython's
//! Modules/termios.c and fcntlmodule.c). Of `ioctl` there is the window size alone: what other requests read and write
//! cannot be known here.
use crate::posix::with_fd;
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use nix::sys::termios::{self as tc, LocalFlags, SetArg, Termios};
use std::io;
use std::os::fd::BorrowedFd;

pub fn register(vm: &Vm) {
    vm.register_module("termios", termios);
    vm.register_module("fcntl", fcntl);
}

fn os(e: nix::errno::Errno) -> io::Error {
    io::Error::from_raw_os_error(e as i32)
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

fn on_fd<R>(vm: &Vm, v: &Value, f: impl FnOnce(BorrowedFd) -> io::Result<R>) -> PyResult<R> {
    with_fd(vm, &fd_arg(vm, v)?, f)
}

/// The same, with failures as `termios.error`, whose arguments are those of an OSError.
fn on_terminal<R>(vm: &Vm, v: &Value, f: impl FnOnce(BorrowedFd) -> io::Result<R>) -> PyResult<R> {
    on_fd(vm, v, f).map_err(|e| {
        if !vm.exc_is(&e, &vm.exc.os_error) {
            return e;
        }
        let made = vm
            .import("termios")
            .and_then(|m| vm.getattr_str(&m, "error"))
            .and_then(|class| {
                let args = vm.getattr_str(&e.0, "args")?;
                vm.call(&class, &vm.collect(&args)?)
            });
        match made {
            Ok(v) => lasti_core::Exc(v),
            Err(e) => e,
        }
    })
}

fn get(vm: &Vm, fd: &Value) -> PyResult<Value> {
    let t = on_terminal(vm, fd, |fd| tc::tcgetattr(fd).map_err(os))?;
    let int = |n: u32| vm.new_int(n as i64);
    let canonical = t.local_flags.contains(LocalFlags::ICANON);
    let chars = t.control_chars.iter().enumerate().map(|(i, c)| {
        // These two count and time where there are no lines.
        if !canonical && (i == libc::VMIN || i == libc::VTIME) {
            vm.new_int(*c as i64)
        } else {
            vm.new_bytes(vec![*c])
        }
    });
    let chars = vm.new_list(chars.collect());
    Ok(vm.new_list(vec![
        int(t.input_flags.bits()),
        int(t.output_flags.bits()),
        int(t.control_flags.bits()),
        int(t.local_flags.bits()),
        int(tc::cfgetispeed(&t) as u32),
        int(tc::cfgetospeed(&t) as u32),
        chars,
    ]))
}

fn set(vm: &Vm, fd: &Value, when: &Value, attributes: &Value) -> PyResult<()> {
    let when = match vm.to_i64(when)? {
        0 => SetArg::TCSANOW,
        1 => SetArg::TCSADRAIN,
        2 => SetArg::TCSAFLUSH,
        _ => return Err(vm.os_error_parts(libc::EINVAL, "Invalid argument", None)),
    };
    let wrong = || vm.type_error("tcsetattr, arg 3: must be 7 element list");
    if attributes.downcast::<lasti_core::objects::List>().is_none() {
        return Err(wrong());
    }
    let parts = vm.collect(attributes)?;
    let [input, output, control, local, ispeed, ospeed, chars] = &parts[..] else {
        return Err(wrong());
    };
    let mut t: Termios = on_terminal(vm, fd, |fd| tc::tcgetattr(fd).map_err(os))?;
    let bits = |v: &Value| Ok::<_, lasti_core::Exc>(vm.to_i64(v)? as u32);
    t.input_flags = tc::InputFlags::from_bits_retain(bits(input)?);
    t.output_flags = tc::OutputFlags::from_bits_retain(bits(output)?);
    t.control_flags = tc::ControlFlags::from_bits_retain(bits(control)?);
    t.local_flags = LocalFlags::from_bits_retain(bits(local)?);
    let chars = vm.collect(chars)?;
    if chars.len() != t.control_chars.len() {
        let n = t.control_chars.len();
        return Err(vm.type_error(format!("tcsetattr: attributes[6] must be {n} element list")));
    }
    for (slot, c) in t.control_chars.iter_mut().zip(&chars) {
        *slot = if vm.is_int(c) {
            vm.to_i64(c)? as u8
        } else {
            match vm.buffer(c)?[..] {
                [b] => b,
                _ => {
                    return Err(vm.type_error(
                        "tcsetattr: elements of attributes must be characters or integers",
                    ));
                }
            }
        };
    }
    for (speed, change) in [
        (
            ispeed,
            tc::cfsetispeed as fn(&mut Termios, tc::BaudRate) -> nix::Result<()>,
        ),
        (ospeed, tc::cfsetospeed),
    ] {
        let rate =
            tc::BaudRate::try_from(bits(speed)? as libc::speed_t).and_then(|r| change(&mut t, r));
        rate.map_err(|e| vm.os_error(&os(e), None))?;
    }
    on_terminal(vm, fd, |fd| tc::tcsetattr(fd, when, &t).map_err(os))
}

fn window_size(fd: BorrowedFd) -> io::Result<(u16, u16, u16, u16)> {
    let w = rustix::termios::tcgetwinsize(fd)?;
    Ok((w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel))
}

/// Columns and lines of the terminal behind a descriptor, for `os.get_terminal_size`.
pub fn size_of(vm: &Vm, fd: &Value) -> PyResult<(u16, u16)> {
    let (rows, columns, ..) = on_fd(vm, fd, window_size)?;
    Ok((columns, rows))
}

fn termios(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("termios");
    let ns = vm.new_dict();
    vm.dict_set(&ns, "__module__", vm.str_value("termios"));
    let bases = vm.tuple_value([vm.exc.exception.value()]);
    let class = [vm.str_value("error"), bases, ns.into()];
    vm.add_value(&m, "error", vm.call(vm.types.type_.as_value(), &class)?);
    vm.add_function(&m, "tcgetattr", "", |vm, _, a| {
        get(vm, &a.exactly::<1>(vm, "tcgetattr")?[0])
    });
    vm.add_function(&m, "tcsetattr", "", |vm, _, a| {
        let [fd, when, attributes] = a.exactly::<3>(vm, "tcsetattr")?;
        set(vm, fd, when, attributes)?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "tcdrain", "", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "tcdrain")?;
        on_terminal(vm, fd, |fd| tc::tcdrain(fd).map_err(os))?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "tcflush", "", |vm, _, a| {
        let [fd, queue] = a.exactly::<2>(vm, "tcflush")?;
        let queue = match vm.to_i64(queue)? {
            0 => tc::FlushArg::TCIFLUSH,
            1 => tc::FlushArg::TCOFLUSH,
            _ => tc::FlushArg::TCIOFLUSH,
        };
        on_terminal(vm, fd, |fd| tc::tcflush(fd, queue).map_err(os))?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "tcsendbreak", "", |vm, _, a| {
        let [fd, n] = a.exactly::<2>(vm, "tcsendbreak")?;
        let n = vm.to_i64(n)? as i32;
        on_terminal(vm, fd, |fd| tc::tcsendbreak(fd, n).map_err(os))?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "tcgetwinsize", "", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "tcgetwinsize")?;
        let (rows, columns, ..) = on_terminal(vm, fd, window_size)?;
        Ok(vm.tuple_value([vm.new_int(rows as i64), vm.new_int(columns as i64)]))
    });
    macro_rules! constants {
        ($($name:ident)*) => { $(vm.add_value(&m, stringify!($name), vm.new_int(libc::$name as i64));)* };
    }
    constants! {
        B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400 B57600 B115200 B230400
        BRKINT CLOCAL CREAD CS5 CS6 CS7 CS8 CSIZE CSTOPB ECHO ECHOCTL ECHOE ECHOK ECHOKE ECHONL FLUSHO HUPCL
        ICANON ICRNL IEXTEN IGNBRK IGNCR IGNPAR IMAXBEL INLCR INPCK ISIG ISTRIP IXANY IXOFF IXON NOFLSH
        OCRNL ONLCR ONLRET ONOCR OPOST PARENB PARMRK PARODD PENDIN TCIFLUSH TCIOFLUSH TCOFLUSH
        TCSADRAIN TCSAFLUSH TCSANOW TIOCGWINSZ TIOCSWINSZ TOSTOP
        VEOF VEOL VEOL2 VERASE VINTR VKILL VLNEXT VMIN VQUIT VREPRINT VSTART VSTOP VSUSP VTIME VWERASE
    }
    vm.add_value(&m, "NCCS", vm.new_int(libc::NCCS as i64));
    Ok(m)
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
    let wait = operation & libc::LOCK_NB as i64 == 0;
    let op = match (operation & !(libc::LOCK_NB as i64), wait) {
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
        let (_, Some(own)) = crate::posix::file_of(vm, &fd)? else {
            on_fd(vm, file, |fd| Ok(fcntl_lock(fd, op)?))?;
            return Ok(Value::NONE);
        };
        match fcntl_lock(&own, now) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) if wait => {}
            r => return r.map(|()| Value::NONE).map_err(fail),
        }
        let other = own.clone();
        // It got the lock after all, for a caller that is gone.
        let undo = move |r: rustix::io::Result<()>| {
            let _ = r.and_then(|()| fcntl_lock(&other, Op::Unlock));
        };
        crate::wait::call(vm, move || fcntl_lock(&own, op), undo)?.map_err(fail)?;
        return Ok(Value::NONE);
    }
    let copy = crate::posix::duplicate(vm, &fd_arg(vm, file)?)?;
    match rustix::fs::flock(&copy, now) {
        Err(rustix::io::Errno::WOULDBLOCK) if wait => {}
        r => return r.map(|()| Value::NONE).map_err(fail),
    }
    let other = copy.try_clone().map_err(|e| vm.os_error(&e, None))?;
    let undo = move |r: rustix::io::Result<()>| {
        let _ = r.and_then(|()| rustix::fs::flock(&other, Op::Unlock));
    };
    crate::wait::call(vm, move || rustix::fs::flock(&copy, op), undo)?.map_err(fail)?;
    Ok(Value::NONE)
}

fn fcntl(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("fcntl");
    vm.add_function(&m, "fcntl", "", |vm, _, a| control(vm, a));
    vm.add_function(&m, "flock", "", |vm, _, a| {
        let [file, operation] = a.exactly::<2>(vm, "flock")?;
        lock(vm, file, vm.to_i64(operation)?, false)
    });
    vm.add_function(&m, "ioctl", "", |vm, _, a| {
        let pos = a.between(vm, "ioctl", 2, 4)?;
        if vm.to_i64(&pos[1])? != libc::TIOCGWINSZ as i64 {
            return Err(vm.os_error_parts(libc::ENOSYS, "lasti knows the window size alone", None));
        }
        let (a, b, c, d) = on_fd(vm, &pos[0], window_size)?;
        let bytes = [a, b, c, d].map(u16::to_ne_bytes).concat();
        match pos.get(2) {
            Some(buffer) if buffer.downcast::<lasti_core::objects::Bytes>().is_none() => {
                let all = vm.new_slice(Value::NONE, vm.new_int(8), Value::NONE);
                vm.setitem(buffer, &all, &vm.new_bytes(bytes))?;
                Ok(vm.new_int(0))
            }
            _ => vm.try_new_bytes(bytes),
        }
    });
    vm.add_function(&m, "lockf", "", |vm, _, a| {
        let pos = a.between(vm, "lockf", 2, 5)?;
        for part in &pos[2..] {
            if vm.to_i64(part)? != 0 {
                return Err(vm.os_error_parts(libc::ENOSYS, "lasti locks whole files alone", None));
            }
        }
        lock(vm, &pos[0], vm.to_i64(&pos[1])?, true)
    });
    macro_rules! constants {
        ($($name:ident)*) => { $(vm.add_value(&m, stringify!($name), vm.new_int(libc::$name as i64));)* };
    }
    constants! {
        F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_RDLCK F_WRLCK F_UNLCK
        FD_CLOEXEC LOCK_SH LOCK_EX LOCK_NB LOCK_UN
    }
    Ok(m)
}
