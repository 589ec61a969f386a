//! `termios`: settings of terminals, in safe code over nix and rustix (CPython's Modules/termios.c).
use super::fcntl::{on_fd, window_size};
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use nix::sys::termios::{self as tc, LocalFlags, SetArg, Termios};
use std::io;
use std::os::fd::BorrowedFd;

pub fn register(vm: &Vm) {
    vm.register_module("termios", init);
}

fn os(e: nix::errno::Errno) -> io::Error {
    io::Error::from_raw_os_error(e as i32)
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

/// Columns and lines of the terminal behind a descriptor, for `os.get_terminal_size`.
pub fn size_of(vm: &Vm, fd: &Value) -> PyResult<(u16, u16)> {
    let (rows, columns, ..) = on_fd(vm, fd, window_size)?;
    Ok((columns, rows))
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("termios");
    let ns = vm.new_dict();
    vm.dict_set(&ns, "__module__", vm.str_value("termios"));
    let bases = vm.tuple_value([vm.exc.exception.value()]);
    let class = [vm.str_value("error"), bases, ns.into()];
    vm.add_value(&m, "error", vm.call(vm.types.type_.as_value(), &class)?);
    vm.add_functions(&m, FUNCTIONS);
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

lasti_core::methods! { FUNCTIONS =
    "tcgetattr" "tcgetattr($module, fd, /)\n--\n\n" tcgetattr;
    "tcsetattr" "tcsetattr($module, fd, when, attributes, /)\n--\n\n" tcsetattr;
    "tcdrain" "tcdrain($module, fd, /)\n--\n\n" tcdrain;
    "tcflush" "tcflush($module, fd, queue, /)\n--\n\n" tcflush;
    "tcsendbreak" "tcsendbreak($module, fd, duration, /)\n--\n\n" tcsendbreak;
    "tcgetwinsize" "tcgetwinsize($module, fd, /)\n--\n\n" tcgetwinsize;
}

fn tcgetattr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    get(vm, &a.exactly::<1>(vm, "tcgetattr")?[0])
}

fn tcsetattr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, when, attributes] = a.exactly::<3>(vm, "tcsetattr")?;
    set(vm, fd, when, attributes)?;
    Ok(Value::NONE)
}

fn tcdrain(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "tcdrain")?;
    on_terminal(vm, fd, |fd| tc::tcdrain(fd).map_err(os))?;
    Ok(Value::NONE)
}

fn tcflush(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, queue] = a.exactly::<2>(vm, "tcflush")?;
    let queue = match vm.to_i64(queue)? {
        0 => tc::FlushArg::TCIFLUSH,
        1 => tc::FlushArg::TCOFLUSH,
        _ => tc::FlushArg::TCIOFLUSH,
    };
    on_terminal(vm, fd, |fd| tc::tcflush(fd, queue).map_err(os))?;
    Ok(Value::NONE)
}

fn tcsendbreak(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, n] = a.exactly::<2>(vm, "tcsendbreak")?;
    let n = vm.to_i64(n)? as i32;
    on_terminal(vm, fd, |fd| tc::tcsendbreak(fd, n).map_err(os))?;
    Ok(Value::NONE)
}

fn tcgetwinsize(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "tcgetwinsize")?;
    let (rows, columns, ..) = on_terminal(vm, fd, window_size)?;
    Ok(vm.tuple_value([vm.new_int(rows as i64), vm.new_int(columns as i64)]))
}
