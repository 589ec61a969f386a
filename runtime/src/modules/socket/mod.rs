//! The `_socket` module over socket2 (CPython's Modules/socketmodule.c). Every descriptor is non-blocking below; a call
//! that has to wait does so here, with the GIL released, and a signal ends the wait.
mod address;

use crate::os::buffer;
use crate::os::sockets::{Handle, table};
use crate::wait as waits;
use address::Errors;
use lasti_core::objects::{Module, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Value, Vm};
use rustix::event::PollFlags;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Shutdown, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

/// `_socket.socket`.
pub struct Sock {
    handle: RefCell<Option<Handle>>,
    family: Cell<i32>,
    kind: Cell<i32>,
    proto: Cell<i32>,
    /// `None` waits for ever, zero does not wait.
    timeout: Cell<Option<Duration>>,
}
impl Payload for Sock {
    const NAME: &'static str = "socket";
}

/// The module's default timeout.
#[derive(Default)]
struct DefaultTimeout(Cell<Option<Duration>>);

fn default_timeout(vm: &Vm) -> Rc<DefaultTimeout> {
    vm.module_state(DefaultTimeout::default)
}

fn fail(vm: &Vm, e: io::Error) -> Exc {
    vm.os_error(&e, None)
}

fn errno(vm: &Vm, n: i32) -> Exc {
    fail(vm, io::Error::from_raw_os_error(n))
}

fn timed_out(vm: &Vm) -> Exc {
    vm.new_exception(&vm.exc.timeout_error, "timed out")
}

impl Sock {
    fn new() -> Sock {
        Sock {
            handle: RefCell::new(None),
            family: Cell::new(libc::AF_INET),
            kind: Cell::new(libc::SOCK_STREAM),
            proto: Cell::new(0),
            timeout: Cell::new(None),
        }
    }
    fn handle(&self, vm: &Vm) -> PyResult<Handle> {
        self.handle
            .borrow()
            .clone()
            .ok_or_else(|| errno(vm, libc::EBADF))
    }
    fn fd(&self) -> RawFd {
        self.handle.borrow().as_ref().map_or(-1, |h| h.as_raw_fd())
    }
    fn set(&self, vm: &Vm, h: Handle) {
        table(vm)
            .owned
            .borrow_mut()
            .insert(h.as_raw_fd(), Rc::downgrade(&h));
        let old = self.handle.replace(Some(h));
        drop(old);
    }
    fn take(&self, vm: &Vm) -> Option<Handle> {
        let h = self.handle.take()?;
        table(vm).owned.borrow_mut().remove(&h.as_raw_fd());
        Some(h)
    }
    fn deadline(&self) -> Deadline {
        Deadline::new(self.timeout.get())
    }
    fn addr(&self, vm: &Vm, v: &Value, func: &str) -> PyResult<SockAddr> {
        address::parse(vm, self.family.get(), v, func)
    }
}

impl Drop for Sock {
    fn drop(&mut self) {
        // The weak entry in the table stays until its number is used again; it owns nothing.
        self.handle.take();
    }
}

#[derive(Clone, Copy)]
struct Deadline {
    nowait: bool,
    end: Option<Instant>,
}
impl Deadline {
    fn new(limit: Option<Duration>) -> Deadline {
        Deadline {
            nowait: limit == Some(Duration::ZERO),
            end: limit.and_then(|l| Instant::now().checked_add(l)),
        }
    }
}

/// Waits until a descriptor is ready; false when the time is over.
fn wait(vm: &Vm, h: &Handle, flags: PollFlags, d: Deadline) -> PyResult<bool> {
    let found = waits::poll(vm, &mut [(h.as_fd(), flags)], d.end)?;
    Ok(found.map_err(|e| fail(vm, e))? > 0)
}

/// Runs an operation until it no longer would block.
fn retry<R>(
    vm: &Vm,
    h: &Handle,
    flags: PollFlags,
    d: Deadline,
    mut f: impl FnMut(&UdpSocket) -> io::Result<R>,
) -> PyResult<R> {
    loop {
        match f(h) {
            Ok(r) => return Ok(r),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => vm.check_signals()?,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && !d.nowait => {
                if !wait(vm, h, flags, d)? {
                    return Err(timed_out(vm));
                }
            }
            Err(e) => return Err(fail(vm, e)),
        }
    }
}

fn adopt(vm: &Vm, s: Socket) -> PyResult<Handle> {
    s.set_nonblocking(true).map_err(|e| fail(vm, e))?;
    Ok(Rc::new(UdpSocket::from(s)))
}

fn int(vm: &Vm, v: Option<&Value>, or: i32) -> PyResult<i32> {
    let Some(v) = v else { return Ok(or) };
    i32::try_from(vm.to_i64(v)?)
        .map_err(|_| vm.overflow_error("Python int too large to convert to C int"))
}

fn protocol(n: i32) -> Option<Protocol> {
    (n != 0).then(|| Protocol::from(n))
}

fn init_socket(vm: &Vm, this: &Value, a: Args) -> PyResult<()> {
    let s = vm.this::<Sock>(this)?;
    let [family, kind, proto, fileno] =
        a.bind(vm, "socket", ["family", "type", "proto", "fileno"], 0)?;
    let (family, kind, proto) = (
        int(vm, family, -1)?,
        int(vm, kind, -1)?,
        int(vm, proto, -1)?,
    );
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    match fileno.filter(|f| !f.is_none()) {
        Some(f) => {
            let fd = int(vm, Some(f), -1)?;
            if fd < 0 {
                return Err(vm.value_error("negative file descriptor"));
            }
            let st = table(vm);
            let loose = st.loose.borrow_mut().remove(&fd);
            let h = match loose.or_else(|| st.owned.borrow().get(&fd).and_then(Weak::upgrade)) {
                Some(h) => h,
                None => return Err(errno(vm, libc::EBADF)),
            };
            let r = SockRef::from(&*h);
            let or = |n: i32, find: io::Result<i32>| {
                if n == -1 {
                    find.map_err(|e| fail(vm, e))
                } else {
                    Ok(n)
                }
            };
            s.family.set(or(family, r.domain().map(i32::from))?);
            s.kind.set(or(kind, r.r#type().map(i32::from))? & !flags);
            s.proto
                .set(or(proto, r.protocol().map(|p| p.map_or(0, i32::from)))?);
            s.set(vm, h);
        }
        None => {
            let family = if family == -1 { libc::AF_INET } else { family };
            let kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            let proto = if proto == -1 { 0 } else { proto };
            let made = Socket::new(
                Domain::from(family),
                (kind & !flags).into(),
                protocol(proto),
            );
            s.set(vm, adopt(vm, made.map_err(|e| fail(vm, e))?)?);
            s.family.set(family);
            s.kind.set(kind & !flags);
            s.proto.set(proto);
            if kind & libc::SOCK_NONBLOCK != 0 {
                s.timeout.set(Some(Duration::ZERO));
                return Ok(());
            }
        }
    }
    s.timeout.set(default_timeout(vm).0.get());
    Ok(())
}

fn timeout_arg(vm: &Vm, v: &Value) -> PyResult<Option<Duration>> {
    if v.is_none() {
        return Ok(None);
    }
    match u64::try_from(waits::nanoseconds(vm, v, 1.0)?) {
        Ok(ns) => Ok(Some(Duration::from_nanos(ns))),
        Err(_) => Err(vm.value_error("Timeout value out of range")),
    }
}

fn timeout_value(vm: &Vm, t: Option<Duration>) -> Value {
    t.map_or(Value::NONE, |t| vm.new_float(t.as_secs_f64()))
}

/// Connects; the inner error is the connection's own.
fn connect(vm: &Vm, s: &Sock, addr: &SockAddr) -> PyResult<io::Result<()>> {
    let h = s.handle(vm)?;
    let d = s.deadline();
    let r = SockRef::from(&*h);
    match r.connect(addr) {
        Err(e)
            if !d.nowait && matches!(e.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) =>
        {
            if !wait(vm, &h, PollFlags::OUT, d)? {
                return Ok(Err(io::ErrorKind::TimedOut.into()));
            }
            Ok(match r.take_error() {
                Ok(None) => Ok(()),
                Ok(Some(e)) | Err(e) => Err(e),
            })
        }
        r => Ok(r),
    }
}

fn send_some(vm: &Vm, s: &Sock, data: &[u8], flags: i32, d: Deadline) -> PyResult<usize> {
    let h = s.handle(vm)?;
    retry(vm, &h, PollFlags::OUT, d, |u| {
        SockRef::from(u).send_with_flags(data, flags | libc::MSG_NOSIGNAL)
    })
}

/// Passing descriptors and credentials needs calls that have no safe wrapper.
fn no_ancillary(vm: &Vm, v: Option<&Value>) -> PyResult<()> {
    match v {
        Some(v) if !vm.collect(v)?.is_empty() => {
            Err(vm.os_error_parts(libc::EOPNOTSUPP, "ancillary data is not supported", None))
        }
        _ => Ok(()),
    }
}

fn receive(vm: &Vm, s: &Sock, n: usize, flags: i32) -> PyResult<Vec<u8>> {
    let h = s.handle(vm)?;
    let d = s.deadline();
    let d = if flags & libc::MSG_DONTWAIT != 0 {
        Deadline { nowait: true, ..d }
    } else {
        d
    };
    buffer::check(vm, n)?;
    let mut buffer = buffer::read_into(vm, n, |buffer| {
        retry(vm, &h, PollFlags::IN, d, |u| {
            if flags & libc::MSG_PEEK != 0 {
                u.peek(buffer)
            } else {
                u.recv(buffer)
            }
        })
    })?;
    let got = buffer.len();
    if flags & libc::MSG_WAITALL != 0 && s.kind.get() == libc::SOCK_STREAM && got > 0 && got < n {
        buffer.extend(receive(vm, s, n - got, flags)?);
    }
    Ok(buffer)
}

fn receive_from(vm: &Vm, s: &Sock, n: usize, flags: i32) -> PyResult<(Vec<u8>, Value)> {
    buffer::check(vm, n)?;
    let h = s.handle(vm)?;
    let d = s.deadline();
    let mut from = Value::NONE;
    if s.family.get() == libc::AF_UNIX {
        let copy = SockRef::from(&*h).try_clone().map_err(|e| fail(vm, e))?;
        let u = UnixDatagram::from(std::os::fd::OwnedFd::from(copy));
        let bytes = buffer::read_into(vm, n, |buffer| {
            let (got, sender) = retry(vm, &h, PollFlags::IN, d, |_| u.recv_from(buffer))?;
            if let Some(path) = sender.as_pathname() {
                from = vm.str_value(&path.to_string_lossy());
            }
            Ok(got)
        })?;
        return Ok((bytes, from));
    }
    if s.kind.get() == libc::SOCK_STREAM {
        return Ok((receive(vm, s, n, flags)?, Value::NONE));
    }
    let bytes = buffer::read_into(vm, n, |buffer| {
        let (got, sender) = retry(vm, &h, PollFlags::IN, d, |u| {
            if flags & libc::MSG_PEEK != 0 {
                u.peek_from(buffer)
            } else {
                u.recv_from(buffer)
            }
        })?;
        from = address::value(vm, &sender.into());
        Ok(got)
    })?;
    Ok((bytes, from))
}

fn size_arg(vm: &Vm, v: &Value, func: &str) -> PyResult<usize> {
    usize::try_from(vm.to_i64(v)?)
        .map_err(|_| vm.value_error(format!("negative buffersize in {func}")))
}

/// `buffer[, nbytes[, flags]]` of the calls that fill a buffer.
fn into_args<'a>(vm: &Vm, a: Args<'a>, func: &str) -> PyResult<(&'a Value, usize, i32)> {
    let [buffer, n, flags] = a.bind(vm, func, ["buffer", "nbytes", "flags"], 1)?;
    let buffer = buffer.ok_or_else(|| {
        vm.type_error(format!(
            "{func}() missing required argument 'buffer' (pos 1)"
        ))
    })?;
    let n = n.map_or(Ok(0), |n| size_arg(vm, n, func))?;
    Ok((buffer, n, int(vm, flags, 0)?))
}

/// How much of a buffer is to be filled: all of it for 0.
fn part_of(vm: &Vm, room: usize, n: usize) -> PyResult<usize> {
    match n {
        0 => Ok(room),
        n if n > room => Err(vm.value_error("buffer too small for requested bytes")),
        n => Ok(n),
    }
}

fn getsockopt(vm: &Vm, s: &Sock, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "getsockopt", 2, 3)?;
    let (level, name) = (int(vm, args.first(), 0)?, int(vm, args.get(1), 0)?);
    let h = s.handle(vm)?;
    let r = SockRef::from(&*h);
    let b = |v: io::Result<bool>| v.map(i64::from);
    let n = |v: io::Result<usize>| v.map(|n| n as i64);
    let w = |v: io::Result<u32>| v.map(i64::from);
    let seconds = |v: io::Result<Duration>| v.map(|d| d.as_secs() as i64);
    let v = match (level, name) {
        (libc::SOL_SOCKET, libc::SO_ERROR) => r
            .take_error()
            .map(|e| e.and_then(|e| e.raw_os_error()).unwrap_or(0) as i64),
        (libc::SOL_SOCKET, libc::SO_TYPE) => r.r#type().map(|t| i32::from(t) as i64),
        (libc::SOL_SOCKET, libc::SO_DOMAIN) => r.domain().map(|t| i32::from(t) as i64),
        (libc::SOL_SOCKET, libc::SO_PROTOCOL) => {
            r.protocol().map(|t| t.map_or(0, i32::from) as i64)
        }
        (libc::SOL_SOCKET, libc::SO_ACCEPTCONN) => b(r.is_listener()),
        (libc::SOL_SOCKET, libc::SO_REUSEADDR) => b(r.reuse_address()),
        (libc::SOL_SOCKET, libc::SO_REUSEPORT) => b(r.reuse_port()),
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE) => b(r.keepalive()),
        (libc::SOL_SOCKET, libc::SO_BROADCAST) => b(r.broadcast()),
        (libc::SOL_SOCKET, libc::SO_RCVBUF) => n(r.recv_buffer_size()),
        (libc::SOL_SOCKET, libc::SO_SNDBUF) => n(r.send_buffer_size()),
        (libc::SOL_SOCKET, libc::SO_LINGER) => {
            let l = r.linger().map_err(|e| fail(vm, e))?;
            let mut out = (l.is_some() as i32).to_ne_bytes().to_vec();
            out.extend((l.map_or(0, |l| l.as_secs() as i32)).to_ne_bytes());
            return vm.try_new_bytes(out);
        }
        (libc::IPPROTO_TCP, libc::TCP_NODELAY) => b(r.tcp_nodelay()),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE) => seconds(r.tcp_keepalive_time()),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL) => seconds(r.tcp_keepalive_interval()),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT) => w(r.tcp_keepalive_retries()),
        (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY) => b(r.only_v6()),
        (libc::IPPROTO_IP, libc::IP_TTL) => w(r.ttl_v4()),
        (libc::IPPROTO_IP, libc::IP_MULTICAST_TTL) => w(r.multicast_ttl_v4()),
        (libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP) => b(r.multicast_loop_v4()),
        _ => Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT)),
    };
    let v = v.map_err(|e| fail(vm, e))?;
    match args.get(2) {
        Some(_) => vm.try_new_bytes((v as i32).to_ne_bytes().to_vec()),
        None => Ok(vm.new_int(v)),
    }
}

fn setsockopt(vm: &Vm, s: &Sock, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "setsockopt", 3, 4)?;
    let (level, name) = (int(vm, args.first(), 0)?, int(vm, args.get(1), 0)?);
    let value = args.get(2).cloned().unwrap_or(Value::NONE);
    let h = s.handle(vm)?;
    let r = SockRef::from(&*h);
    let done = |r: io::Result<()>| r.map(|()| Value::NONE).map_err(|e| fail(vm, e));
    // Not an int: the C structure's bytes.
    let bytes = if vm.is_int(&value) {
        Vec::new()
    } else {
        vm.buffer(&value)?
    };
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .and_then(|b| b.try_into().ok())
            .map_or(0, i32::from_ne_bytes)
    };
    let quad = |at: usize| {
        let b: [u8; 4] = bytes
            .get(at..at + 4)
            .and_then(|b| b.try_into().ok())
            .unwrap_or_default();
        std::net::Ipv4Addr::from(b)
    };
    let n = if bytes.is_empty() {
        int(vm, Some(&value), 0)?
    } else {
        word(0)
    };
    let keep = socket2::TcpKeepalive::new();
    let seconds = Duration::from_secs(n.max(0) as u64);
    done(match (level, name) {
        (libc::SOL_SOCKET, libc::SO_REUSEADDR) => r.set_reuse_address(n != 0),
        (libc::SOL_SOCKET, libc::SO_REUSEPORT) => r.set_reuse_port(n != 0),
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE) => r.set_keepalive(n != 0),
        (libc::SOL_SOCKET, libc::SO_BROADCAST) => r.set_broadcast(n != 0),
        (libc::SOL_SOCKET, libc::SO_RCVBUF) => r.set_recv_buffer_size(n.max(0) as usize),
        (libc::SOL_SOCKET, libc::SO_SNDBUF) => r.set_send_buffer_size(n.max(0) as usize),
        (libc::SOL_SOCKET, libc::SO_LINGER) => {
            r.set_linger((word(0) != 0).then(|| Duration::from_secs(word(4).max(0) as u64)))
        }
        (libc::IPPROTO_TCP, libc::TCP_NODELAY) => r.set_tcp_nodelay(n != 0),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE) => r.set_tcp_keepalive(&keep.with_time(seconds)),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL) => {
            r.set_tcp_keepalive(&keep.with_interval(seconds))
        }
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT) => {
            r.set_tcp_keepalive(&keep.with_retries(n.max(0) as u32))
        }
        (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY) => r.set_only_v6(n != 0),
        (libc::IPPROTO_IP, libc::IP_TTL) => r.set_ttl_v4(n.max(0) as u32),
        (libc::IPPROTO_IP, libc::IP_MULTICAST_TTL) => r.set_multicast_ttl_v4(n.max(0) as u32),
        (libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP) => r.set_multicast_loop_v4(n != 0),
        (libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP) => r.join_multicast_v4(&quad(0), &quad(4)),
        (libc::IPPROTO_IP, libc::IP_DROP_MEMBERSHIP) => r.leave_multicast_v4(&quad(0), &quad(4)),
        _ => Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT)),
    })
}

fn sock<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Sock>> {
    vm.this::<Sock>(v)
}

struct SocketType(Ref<Type>);

fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Sock>("_socket.socket", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Sock::new()).into())
    }));
    t.slots.init.set(Some(init_socket));
    t.slots.repr.set(Some(|vm, v| {
        let s = sock(vm, v)?;
        let (f, k, p) = (s.family.get(), s.kind.get(), s.proto.get());
        Ok(vm.str_value(&format!(
            "<socket object, fd={}, family={f}, type={k}, proto={p}>",
            s.fd()
        )))
    }));
    vm.getset(
        &t,
        "family",
        |vm, v| Ok(vm.new_int(sock(vm, v)?.family.get() as i64)),
        None,
    );
    vm.getset(
        &t,
        "type",
        |vm, v| Ok(vm.new_int(sock(vm, v)?.kind.get() as i64)),
        None,
    );
    vm.getset(
        &t,
        "proto",
        |vm, v| Ok(vm.new_int(sock(vm, v)?.proto.get() as i64)),
        None,
    );
    vm.getset(
        &t,
        "timeout",
        |vm, v| Ok(timeout_value(vm, sock(vm, v)?.timeout.get())),
        None,
    );
    connection_methods(vm, &t);
    transfer_methods(vm, &t);
    vm.ready_type(&t);
    t
}

fn connection_methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, CONNECTION_METHODS);
}

lasti_core::methods! { CONNECTION_METHODS =
    "bind" "bind($self, object, /)\n--\n\n" bind;
    "listen" "(backlog=128, /)\n--\n\n" listen;
    "_accept" "_accept($self, /)\n--\n\n" accept;
    "connect" "connect($self, object, /)\n--\n\n" connect_method;
    "connect_ex" "connect_ex($self, object, /)\n--\n\n" connect_ex;
    "close" "close($self, /)\n--\n\n" close;
    "detach" "detach($self, /)\n--\n\n" detach;
    "fileno" "fileno($self, /)\n--\n\n" |vm, v, _| Ok(vm.new_int(sock(vm, v)?.fd() as i64));
    "getsockname" "getsockname($self, /)\n--\n\n" getsockname;
    "getpeername" "getpeername($self, /)\n--\n\n" getpeername;
    "getsockopt" "(level, option, buffersize=0, /)\n--\n\n" |vm, v, a| getsockopt(vm, sock(vm, v)?, a);
    "setsockopt" "(level, option, value, optlen=0, /)\n--\n\n" |vm, v, a| setsockopt(vm, sock(vm, v)?, a);
    "setblocking" "setblocking($self, object, /)\n--\n\n" setblocking;
    "settimeout" "settimeout($self, object, /)\n--\n\n" settimeout;
    "gettimeout" "gettimeout($self, /)\n--\n\n" gettimeout;
    "getblocking" "getblocking($self, /)\n--\n\n" getblocking;
    "shutdown" "shutdown($self, object, /)\n--\n\n" shutdown;
}

fn bind(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s = sock(vm, v)?;
    let addr = s.addr(vm, &a.exactly::<1>(vm, "bind")?[0], "bind")?;
    SockRef::from(&*s.handle(vm)?)
        .bind(&addr)
        .map_err(|e| fail(vm, e))?;
    Ok(Value::NONE)
}

fn listen(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = int(vm, a.between(vm, "listen", 0, 1)?.first(), 128)?;
    SockRef::from(&*sock(vm, v)?.handle(vm)?)
        .listen(n.max(0))
        .map_err(|e| fail(vm, e))?;
    Ok(Value::NONE)
}

fn accept(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let s = sock(vm, v)?;
    let h = s.handle(vm)?;
    let (new, from) = retry(vm, &h, PollFlags::IN, s.deadline(), |u| {
        SockRef::from(u).accept()
    })?;
    let new = adopt(vm, new)?;
    let fd = new.as_raw_fd();
    table(vm).loose.borrow_mut().insert(fd, new);
    Ok(vm.tuple_value([vm.new_int(fd as i64), address::value(vm, &from)]))
}

fn connect_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s = sock(vm, v)?;
    let addr = s.addr(vm, &a.exactly::<1>(vm, "connect")?[0], "connect")?;
    match connect(vm, s, &addr)? {
        Ok(()) => Ok(Value::NONE),
        Err(e) if e.raw_os_error().is_none() => Err(timed_out(vm)),
        Err(e) => Err(fail(vm, e)),
    }
}

fn connect_ex(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let s = sock(vm, v)?;
    let addr = s.addr(vm, &a.exactly::<1>(vm, "connect_ex")?[0], "connect_ex")?;
    let n = match connect(vm, s, &addr)? {
        Ok(()) => 0,
        Err(e) => e.raw_os_error().unwrap_or(libc::EAGAIN),
    };
    Ok(vm.new_int(n as i64))
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let gone = sock(vm, v)?.take(vm);
    drop(gone);
    Ok(Value::NONE)
}

fn detach(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let Some(h) = sock(vm, v)?.take(vm) else {
        return Ok(vm.new_int(-1));
    };
    let fd = h.as_raw_fd();
    table(vm).loose.borrow_mut().insert(fd, h);
    Ok(vm.new_int(fd as i64))
}

fn getsockname(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let a = SockRef::from(&*sock(vm, v)?.handle(vm)?)
        .local_addr()
        .map_err(|e| fail(vm, e))?;
    Ok(address::value(vm, &a))
}

fn getpeername(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let a = SockRef::from(&*sock(vm, v)?.handle(vm)?)
        .peer_addr()
        .map_err(|e| fail(vm, e))?;
    Ok(address::value(vm, &a))
}

fn setblocking(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let on = vm.is_true(&a.exactly::<1>(vm, "setblocking")?[0])?;
    let s = sock(vm, v)?;
    s.handle(vm)?;
    s.timeout.set(if on { None } else { Some(Duration::ZERO) });
    Ok(Value::NONE)
}

fn settimeout(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let t = timeout_arg(vm, &a.exactly::<1>(vm, "settimeout")?[0])?;
    sock(vm, v)?.timeout.set(t);
    Ok(Value::NONE)
}

fn gettimeout(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(timeout_value(vm, sock(vm, v)?.timeout.get()))
}

fn getblocking(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(
        sock(vm, v)?.timeout.get() != Some(Duration::ZERO),
    ))
}

fn shutdown(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let how = match int(vm, Some(&a.exactly::<1>(vm, "shutdown")?[0]), 0)? {
        libc::SHUT_RD => Shutdown::Read,
        libc::SHUT_WR => Shutdown::Write,
        libc::SHUT_RDWR => Shutdown::Both,
        _ => return Err(errno(vm, libc::EINVAL)),
    };
    SockRef::from(&*sock(vm, v)?.handle(vm)?)
        .shutdown(how)
        .map_err(|e| fail(vm, e))?;
    Ok(Value::NONE)
}

fn transfer_methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, TRANSFER_METHODS);
}

lasti_core::methods! { TRANSFER_METHODS =
    "send" "send($self, object, /)\n--\n\n" send;
    "sendall" "(data, flags=0, /)\n--\n\n" sendall;
    "sendto" "(data, flags, address=None, /)\n--\n\n" sendto;
    "recv" "(bufsize, flags=0, /)\n--\n\n" recv;
    "sendmsg" "(buffers, ancdata=(), flags=0, address=None, /)\n--\n\n" sendmsg;
    "recvmsg" "(bufsize, ancbufsize=0, flags=0, /)\n--\n\n" recvmsg;
    "recv_into" "(buffer, nbytes=0, flags=0)\n--\n\n" recv_into;
    "recvfrom" "(bufsize, flags=0, /)\n--\n\n" recvfrom;
    "recvfrom_into" "(buffer, nbytes=0, flags=0)\n--\n\n" recvfrom_into;
}

fn send(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "send", 1, 2)?;
    let s = sock(vm, v)?;
    let _held = buffer::Held::of(vm, &args[0]);
    let data = vm.buffer(&args[0])?;
    let n = send_some(vm, s, &data, int(vm, args.get(1), 0)?, s.deadline())?;
    Ok(vm.new_int(n as i64))
}

fn sendall(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "sendall", 1, 2)?;
    let s = sock(vm, v)?;
    let _held = buffer::Held::of(vm, &args[0]);
    let data = vm.buffer(&args[0])?;
    let (flags, d) = (int(vm, args.get(1), 0)?, s.deadline());
    let mut rest = &data[..];
    while !rest.is_empty() {
        let n = send_some(vm, s, rest, flags, d)?;
        rest = rest.get(n..).unwrap_or_default();
    }
    Ok(Value::NONE)
}

fn sendto(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "sendto", 2, 3)?;
    let s = sock(vm, v)?;
    let _held = buffer::Held::of(vm, &args[0]);
    let data = vm.buffer(&args[0])?;
    let flags = if args.len() == 3 {
        int(vm, args.get(1), 0)?
    } else {
        0
    };
    let addr = s.addr(vm, &args[args.len() - 1], "sendto")?;
    let h = s.handle(vm)?;
    let n = retry(vm, &h, PollFlags::OUT, s.deadline(), |u| {
        SockRef::from(u).send_to_with_flags(&data, &addr, flags | libc::MSG_NOSIGNAL)
    })?;
    Ok(vm.new_int(n as i64))
}

fn recv(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "recv", 1, 2)?;
    let n = size_arg(vm, &args[0], "recv")?;
    vm.try_new_bytes(receive(vm, sock(vm, v)?, n, int(vm, args.get(1), 0)?)?)
}

fn sendmsg(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "sendmsg", 1, 4)?;
    let s = vm.this::<Sock>(v)?;
    let mut parts = Vec::new();
    for part in vm.collect(&args[0])? {
        parts.push(vm.buffer(&part)?.to_vec());
    }
    no_ancillary(vm, args.get(1))?;
    let flags = int(vm, args.get(2), 0)? | libc::MSG_NOSIGNAL;
    let to = match args.get(3).filter(|v| !v.is_none()) {
        Some(v) => Some(s.addr(vm, v, "sendmsg")?),
        None => None,
    };
    let slices: Vec<_> = parts.iter().map(|p| io::IoSlice::new(p)).collect();
    let h = s.handle(vm)?;
    let n = retry(vm, &h, PollFlags::OUT, s.deadline(), |u| {
        let r = SockRef::from(u);
        match &to {
            Some(to) => r.send_to_vectored_with_flags(&slices, to, flags),
            None => r.send_vectored_with_flags(&slices, flags),
        }
    })?;
    Ok(vm.new_int(n as i64))
}

fn recvmsg(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "recvmsg", 1, 3)?;
    let s = vm.this::<Sock>(v)?;
    let n = size_arg(vm, &args[0], "recvmsg")?;
    let flags = int(vm, args.get(2), 0)?;
    // Ancillary data is not asked for, so the kernel drops what there is of it.
    let (data, from) = match s.kind.get() == libc::SOCK_STREAM {
        true => (receive(vm, s, n, flags)?, Value::NONE),
        false => receive_from(vm, s, n, flags)?,
    };
    let none = vm.new_list(Vec::new());
    Ok(vm.tuple_value([vm.new_bytes(data), none, Value::small_int(0), from]))
}

fn recv_into(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (target, n, flags) = into_args(vm, a, "recv_into")?;
    buffer::fill(vm, target, "recv_into", |room| {
        let n = part_of(vm, room, n)?;
        receive(vm, sock(vm, v)?, n, flags).map(Some)
    })
}

fn recvfrom(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "recvfrom", 1, 2)?;
    let n = size_arg(vm, &args[0], "recvfrom")?;
    let (data, from) = receive_from(vm, sock(vm, v)?, n, int(vm, args.get(1), 0)?)?;
    Ok(vm.tuple_value([vm.new_bytes(data), from]))
}

fn recvfrom_into(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (target, n, flags) = into_args(vm, a, "recvfrom_into")?;
    let mut sender = Value::NONE;
    let n = buffer::fill(vm, target, "recvfrom_into", |room| {
        let n = part_of(vm, room, n)?;
        let (data, from) = receive_from(vm, sock(vm, v)?, n, flags)?;
        sender = from;
        Ok(Some(data))
    })?;
    Ok(vm.tuple_value([n, sender]))
}

fn socketpair(vm: &Vm, a: Args) -> PyResult<Value> {
    let [family, kind, proto] = a.bind(vm, "socketpair", ["family", "type", "proto"], 0)?;
    let (family, kind, proto) = (
        int(vm, family, libc::AF_UNIX)?,
        int(vm, kind, libc::SOCK_STREAM)?,
        int(vm, proto, 0)?,
    );
    let (a, b) = Socket::pair(Domain::from(family), kind.into(), protocol(proto))
        .map_err(|e| fail(vm, e))?;
    let class = vm.module_state(|| SocketType(make_type(vm))).0.clone();
    let make = |s: Socket| -> PyResult<Value> {
        let new = Sock::new();
        new.set(vm, adopt(vm, s)?);
        new.family.set(family);
        new.kind.set(kind);
        new.proto.set(proto);
        new.timeout.set(default_timeout(vm).0.get());
        Ok(vm.heap.alloc(&class, new).into())
    };
    Ok(vm.tuple_value([make(a)?, make(b)?]))
}

pub fn register(vm: &Vm) {
    vm.register_module("_socket", init);
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_socket");
    let class = vm.module_state(|| SocketType(make_type(vm))).0.clone();
    vm.add_value(&m, "socket", class.value());
    vm.add_value(&m, "SocketType", class.value());
    let errors = Errors::of(vm)?;
    vm.add_value(&m, "error", vm.exc.os_error.value());
    vm.add_value(&m, "timeout", vm.exc.timeout_error.value());
    vm.add_value(&m, "gaierror", errors.gaierror.clone());
    vm.add_value(&m, "herror", errors.herror.clone());
    vm.add_value(&m, "has_ipv6", Value::TRUE);
    vm.add_value(&m, "CAPI", Value::NONE);
    address::fill(vm, &m);
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "socketpair" "(family=None, type=None, proto=0, /)\n--\n\n" |vm, _, a| socketpair(vm, a);
    "getdefaulttimeout" "getdefaulttimeout($self, /)\n--\n\n" getdefaulttimeout;
    "setdefaulttimeout" "setdefaulttimeout($self, object, /)\n--\n\n" setdefaulttimeout;
    "close" "(fd, /)\n--\n\n" close_function;
    "dup" "(fd, /)\n--\n\n" dup;
}

fn getdefaulttimeout(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(timeout_value(vm, default_timeout(vm).0.get()))
}

fn setdefaulttimeout(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let t = timeout_arg(vm, &a.exactly::<1>(vm, "setdefaulttimeout")?[0])?;
    default_timeout(vm).0.set(t);
    Ok(Value::NONE)
}

fn close_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let fd = int(vm, Some(&a.exactly::<1>(vm, "close")?[0]), -1)?;
    let gone = table(vm).loose.borrow_mut().remove(&fd);
    match gone {
        Some(_) => Ok(Value::NONE),
        None => Err(errno(vm, libc::EBADF)),
    }
}

fn dup(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let fd = int(vm, Some(&a.exactly::<1>(vm, "dup")?[0]), -1)?;
    let st = table(vm);
    let h = st
        .loose
        .borrow()
        .get(&fd)
        .cloned()
        .or_else(|| st.owned.borrow().get(&fd).and_then(Weak::upgrade));
    let h = h.ok_or_else(|| errno(vm, libc::EBADF))?;
    let copy = adopt(vm, SockRef::from(&*h).try_clone().map_err(|e| fail(vm, e))?)?;
    let fd = copy.as_raw_fd();
    st.loose.borrow_mut().insert(fd, copy);
    Ok(vm.new_int(fd as i64))
}
