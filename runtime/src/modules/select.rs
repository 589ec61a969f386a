//! Under the `select` module, over mio (CPython's Modules/selectmodule.c): `select.select`, what `poll` and `epoll`
//! objects call, and the constants.
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

/// The descriptor that wakes the main thread. Others count from 0.
const WAKE: Token = Token(usize::MAX);

/// What is asked of a descriptor, and what was found.
#[derive(Default, Clone, Copy)]
struct Wanted {
    read: bool,
    write: bool,
    error: bool,
    readable: bool,
    writable: bool,
    failed: bool,
    hung: bool,
    broken: bool,
    /// Not an open descriptor, where that is not an error of the whole call.
    invalid: bool,
}

impl Wanted {
    fn interest(self) -> Interest {
        match (self.read || self.error, self.write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            _ => Interest::READABLE,
        }
    }
}

fn descriptors(vm: &Vm, v: &Value) -> PyResult<Vec<(Value, RawFd)>> {
    let mut out = Vec::new();
    for item in vm.collect(v)? {
        let n = if vm.is_int(&item) {
            vm.to_i64(&item)?
        } else {
            let f = vm
                .lookup_attr(&item, &vm.intern("fileno"))?
                .ok_or_else(|| {
                    vm.type_error("argument must be an int, or have a fileno() method")
                })?;
            vm.to_i64(&vm.call(&f, &[])?)?
        };
        if n < 0 {
            return Err(vm.value_error(format!(
                "file descriptor cannot be a negative integer ({n})"
            )));
        }
        let fd = RawFd::try_from(n)
            .map_err(|_| vm.value_error("filedescriptor out of range in select()"))?;
        out.push((item, fd));
    }
    Ok(out)
}

/// Waits for any of the descriptors; how many are ready.
fn wait(
    vm: &Vm,
    fds: &mut BTreeMap<RawFd, Wanted>,
    limit: Option<Duration>,
    strict: bool,
) -> PyResult<usize> {
    let fail = |e: io::Error| vm.os_error(&e, None);
    let mut poll = Poll::new().map_err(fail)?;
    let mut ready = 0;
    for (fd, w) in fds.iter_mut() {
        match poll
            .registry()
            .register(&mut SourceFd(fd), Token(*fd as usize), w.interest())
        {
            Ok(()) => {}
            // Plain files are always ready.
            Err(e) if e.raw_os_error() == Some(libc::EPERM) => {
                (w.readable, w.writable) = (true, true);
                ready += 1;
            }
            Err(e) if !strict && e.raw_os_error() == Some(libc::EBADF) => {
                w.invalid = true;
                ready += 1;
            }
            Err(e) => return Err(fail(e)),
        }
    }
    let limit = if ready > 0 {
        Some(Duration::ZERO)
    } else {
        limit
    };
    let end = limit.and_then(|l| Instant::now().checked_add(l));
    if let Some(i) = crate::gil::interrupts(vm) {
        // Each notification is an event, whether or not the last one was read.
        let fd = i.descriptor().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), WAKE, Interest::READABLE)
            .map_err(fail)?;
    }
    let mut events = Events::with_capacity(fds.len() + 1);
    loop {
        let left = end.map(|e| e.saturating_duration_since(Instant::now()));
        match crate::gil::blocking(vm, || poll.poll(&mut events, left)) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(fail(e)),
            _ => {}
        }
        crate::gil::check_interrupts(vm)?;
        for e in events.iter().filter(|e| e.token() != WAKE) {
            if let Some(w) = fds.get_mut(&(e.token().0 as RawFd)) {
                let hung = e.is_error() || e.is_read_closed();
                w.readable |= e.is_readable() || hung;
                w.writable |= e.is_writable() || e.is_error() || e.is_write_closed();
                w.failed |= e.is_priority();
                w.hung |= e.is_read_closed() && e.is_write_closed();
                w.broken |= e.is_error();
                ready += 1;
            }
        }
        if ready > 0 || end.is_some_and(|e| Instant::now() >= e) {
            return Ok(ready);
        }
    }
}

fn select(vm: &Vm, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "select", 3, 4)?;
    let limit = match args.get(3).filter(|t| !t.is_none()) {
        None => None,
        Some(t) => {
            let s = vm
                .to_f64(t)
                .map_err(|_| vm.type_error("timeout must be a float or None"))?;
            if s < 0.0 {
                return Err(vm.value_error("timeout must be non-negative"));
            }
            Some(
                Duration::try_from_secs_f64(s)
                    .map_err(|_| vm.overflow_error("timeout is too large"))?,
            )
        }
    };
    let lists = [
        descriptors(vm, &args[0])?,
        descriptors(vm, &args[1])?,
        descriptors(vm, &args[2])?,
    ];
    let mut fds: BTreeMap<RawFd, Wanted> = BTreeMap::new();
    for (i, list) in lists.iter().enumerate() {
        for (_, fd) in list {
            let w = fds.entry(*fd).or_default();
            match i {
                0 => w.read = true,
                1 => w.write = true,
                _ => w.error = true,
            }
        }
    }
    wait(vm, &mut fds, limit, true)?;
    let pick = |list: &[(Value, RawFd)], on: fn(&Wanted) -> bool| {
        vm.new_list(
            list.iter()
                .filter(|(_, fd)| fds.get(fd).is_some_and(on))
                .map(|(v, _)| v.clone())
                .collect(),
        )
    };
    Ok(vm.tuple_value([
        pick(&lists[0], |w| w.readable),
        pick(&lists[1], |w| w.writable),
        pick(&lists[2], |w| w.failed),
    ]))
}

/// What `poll` and `epoll` objects call: pairs of descriptor and event bits, and seconds or None. Gives pairs again.
fn poll(vm: &Vm, a: Args) -> PyResult<Value> {
    let [pairs, timeout] = a.exactly::<2>(vm, "_poll")?;
    let limit = match timeout.is_none() {
        true => None,
        // Too long to count is for ever.
        false => Duration::try_from_secs_f64(vm.to_f64(timeout)?.max(0.0)).ok(),
    };
    let mut fds: BTreeMap<RawFd, Wanted> = BTreeMap::new();
    let mut asked = Vec::new();
    for pair in vm.collect(pairs)? {
        let [fd, events] = vm
            .collect(&pair)?
            .try_into()
            .map_err(|_| vm.type_error("pairs"))?;
        let (fd, bits) = (vm.to_i64(&fd)? as RawFd, vm.to_i64(&events)? as i16);
        let w = fds.entry(fd).or_default();
        w.read = bits & libc::POLLIN != 0;
        w.write = bits & libc::POLLOUT != 0;
        asked.push((fd, bits));
    }
    wait(vm, &mut fds, limit, false)?;
    let mut out = Vec::new();
    for (fd, bits) in asked {
        let Some(w) = fds.get(&fd) else { continue };
        let mut found = 0;
        for (on, bit) in [
            (w.readable && w.read, libc::POLLIN),
            (w.writable && w.write, libc::POLLOUT),
            (w.failed, libc::POLLPRI & bits),
            (w.hung, libc::POLLHUP),
            (w.broken, libc::POLLERR),
            (w.invalid, libc::POLLNVAL),
        ] {
            found |= if on { bit } else { 0 };
        }
        if found != 0 {
            out.push(vm.tuple_value([vm.new_int(fd as i64), vm.new_int(found as i64)]));
        }
    }
    Ok(vm.new_list(out))
}

pub fn register(vm: &Vm) {
    vm.register_module("_select", init);
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_select");
    vm.add_functions(&m, FUNCTIONS);
    vm.add_value(&m, "error", vm.exc.os_error.value());
    let constants = [
        ("POLLIN", libc::POLLIN),
        ("POLLPRI", libc::POLLPRI),
        ("POLLOUT", libc::POLLOUT),
        ("POLLERR", libc::POLLERR),
        ("POLLHUP", libc::POLLHUP),
        ("POLLNVAL", libc::POLLNVAL),
        ("POLLRDNORM", libc::POLLRDNORM),
        ("POLLRDBAND", libc::POLLRDBAND),
        ("POLLWRNORM", libc::POLLWRNORM),
        ("POLLWRBAND", libc::POLLWRBAND),
        ("POLLMSG", 0x400),
        ("POLLRDHUP", 0x2000),
        ("PIPE_BUF", 4096),
    ];
    for (name, n) in constants {
        vm.add_value(&m, name, vm.new_int(n as i64));
    }
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "_poll" "" |vm, _, a| poll(vm, a);
    "select" "select(rlist, wlist, xlist, timeout=None, /)\n--\n\n" |vm, _, a| select(vm, a);
}
