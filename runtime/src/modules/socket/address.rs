//! Addresses and names of `_socket`: parsing, resolving, the constants.
use lasti_core::objects::{Bytes, Module, Str, Tuple};
use lasti_core::{Args, Exc, PyResult, Ref, Value, Vm};
use socket2::SockAddr;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::rc::Rc;

/// The exception classes that the module adds.
pub struct Errors {
    pub gaierror: Value,
    pub herror: Value,
}

#[derive(Default)]
struct Made(RefCell<Option<Rc<Errors>>>);

impl Errors {
    pub fn of(vm: &Vm) -> PyResult<Rc<Errors>> {
        let made = vm.module_state(Made::default);
        if let Some(errors) = &*made.0.borrow() {
            return Ok(errors.clone());
        }
        let make = |name: &str| {
            let ns = vm.new_dict();
            vm.dict_set(&ns, "__module__", vm.str_value("socket"));
            let bases = vm.tuple_value([vm.exc.os_error.value()]);
            vm.call(
                vm.types.type_.as_value(),
                &[vm.str_value(name), bases, ns.into()],
            )
        };
        let (gaierror, herror) = (make("gaierror")?, make("herror")?);
        let errors = Rc::new(Errors { gaierror, herror });
        *made.0.borrow_mut() = Some(errors.clone());
        Ok(errors)
    }
}

const FAILURES: [(i32, &str); 9] = [
    (-1, "Bad value for ai_flags"),
    (-2, "Name or service not known"),
    (-3, "Temporary failure in name resolution"),
    (-4, "Non-recoverable failure in name resolution"),
    (-5, "No address associated with hostname"),
    (-6, "ai_family not supported"),
    (-7, "ai_socktype not supported"),
    (-8, "Servname not supported for ai_socktype"),
    (-9, "Address family for hostname not supported"),
];

fn gai(vm: &Vm, code: i32) -> Exc {
    let text = FAILURES
        .iter()
        .find(|f| f.0 == code)
        .map_or("Unknown error", |f| f.1);
    let made = Errors::of(vm)
        .and_then(|e| vm.call(&e.gaierror, &[vm.new_int(code as i64), vm.str_value(text)]));
    match made {
        Ok(v) => Exc(v),
        Err(e) => e,
    }
}

/// All addresses of a name, through the system's resolver.
fn resolve(vm: &Vm, host: &str) -> PyResult<Vec<IpAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![ip]);
    }
    if host.is_empty() {
        return Err(gai(vm, -2));
    }
    let name = host.to_owned();
    let find = move || {
        (name.as_str(), 0)
            .to_socket_addrs()
            .map(|a| a.collect::<Vec<_>>())
    };
    let r = crate::wait::call(vm, find, drop)?;
    match r {
        Ok(all) => {
            let mut out = Vec::new();
            for a in all {
                if !out.contains(&a.ip()) {
                    out.push(a.ip());
                }
            }
            Ok(out)
        }
        Err(e) => {
            let text = e.to_string();
            let code = FAILURES
                .iter()
                .find(|f| text.ends_with(f.1))
                .map_or(-2, |f| f.0);
            Err(gai(vm, code))
        }
    }
}

fn text_of(vm: &Vm, v: &Value, what: &str) -> PyResult<String> {
    if let Some(s) = v.downcast::<Str>() {
        return Ok(s.to_string_lossy().into_owned());
    }
    match vm.buffer(v) {
        Ok(b) => Ok(String::from_utf8_lossy(&b).into_owned()),
        Err(_) => Err(vm.type_error(format!(
            "{what} str, bytes or bytearray expected, not {}",
            vm.type_name(v)
        ))),
    }
}

/// One address of a family for a host as socket calls take it.
fn host_ip(vm: &Vm, host: &str, family: i32) -> PyResult<IpAddr> {
    let v4 = family == libc::AF_INET;
    match host {
        "" if v4 => return Ok(Ipv4Addr::UNSPECIFIED.into()),
        "" => return Ok(Ipv6Addr::UNSPECIFIED.into()),
        "<broadcast>" if v4 => return Ok(Ipv4Addr::BROADCAST.into()),
        _ => {}
    }
    let numeric = host.parse::<IpAddr>().is_ok();
    let found = resolve(vm, host)?.into_iter().find(|a| a.is_ipv4() == v4);
    found.ok_or_else(|| gai(vm, if numeric { -9 } else { -2 }))
}

/// The address argument of a socket call.
pub fn parse(vm: &Vm, family: i32, v: &Value, func: &str) -> PyResult<SockAddr> {
    let name = match family {
        libc::AF_INET => "AF_INET",
        libc::AF_INET6 => "AF_INET6",
        libc::AF_UNIX => return unix(vm, v),
        _ => return Err(vm.new_exception(&vm.exc.os_error, format!("{func}(): bad family"))),
    };
    let Some(t) = v.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "{func}(): {name} address must be tuple, not {}",
            vm.type_name(v)
        )));
    };
    let (host, port, rest) = match (family, &t[..]) {
        (libc::AF_INET, [host, port]) => (host, port, &[][..]),
        (libc::AF_INET6, [host, port, rest @ ..]) if rest.len() <= 2 => (host, port, rest),
        (libc::AF_INET, _) => {
            return Err(vm.type_error("AF_INET address must be a pair (host, port)"));
        }
        _ => {
            return Err(vm.type_error(
                "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])",
            ));
        }
    };
    let host = text_of(vm, host, "")?;
    let port = u16::try_from(vm.to_i64(port)?)
        .map_err(|_| vm.overflow_error(format!("{func}(): port must be 0-65535.")))?;
    let number = |i: usize| {
        rest.get(i)
            .map_or(Ok(0), |n| vm.to_i64(n).map(|n| n as u32))
    };
    let (flow, scope) = (number(0)?, number(1)?);
    Ok(match host_ip(vm, &host, family)? {
        IpAddr::V4(a) => SocketAddr::from((a, port)).into(),
        IpAddr::V6(a) => SocketAddrV6::new(a, port, flow, scope).into(),
    })
}

fn unix(vm: &Vm, v: &Value) -> PyResult<SockAddr> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = match v.downcast::<Str>() {
        Some(s) => s.to_string_lossy().into_owned().into_bytes(),
        None => vm.buffer(v)?,
    };
    SockAddr::unix(std::ffi::OsStr::from_bytes(&bytes))
        .map_err(|_| vm.new_exception(&vm.exc.os_error, "AF_UNIX path too long"))
}

/// An address as Python sees it.
pub fn value(vm: &Vm, a: &SockAddr) -> Value {
    if let Some(a) = a.as_socket() {
        return inet_value(vm, &a);
    }
    if let Some(p) = a.as_pathname() {
        return vm.str_value(&p.to_string_lossy());
    }
    if let Some(name) = a.as_abstract_namespace() {
        let mut b = vec![0];
        b.extend_from_slice(name);
        return vm.new_bytes(b);
    }
    if a.is_unix() {
        vm.str_value("")
    } else {
        Value::NONE
    }
}

fn inet_value(vm: &Vm, a: &SocketAddr) -> Value {
    let (host, port) = (
        vm.str_value(&a.ip().to_string()),
        vm.new_int(a.port() as i64),
    );
    match a {
        SocketAddr::V4(_) => vm.tuple_value([host, port]),
        SocketAddr::V6(a) => {
            let (flow, scope) = (
                vm.new_int(a.flowinfo() as i64),
                vm.new_int(a.scope_id() as i64),
            );
            vm.tuple_value([host, port, flow, scope])
        }
    }
}

/// A service's port from /etc/services, or the few that everybody knows.
fn service(name: &str, proto: Option<&str>) -> Option<u16> {
    let text = std::fs::read_to_string("/etc/services").unwrap_or_default();
    for line in text.lines() {
        let mut words = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let (Some(first), Some(spec)) = (words.next(), words.next()) else {
            continue;
        };
        let Some((port, p)) = spec.split_once('/') else {
            continue;
        };
        if (first == name || words.any(|w| w == name)) && proto.is_none_or(|x| x == p) {
            return port.parse().ok();
        }
    }
    Some(match name {
        "ftp" => 21,
        "ssh" => 22,
        "telnet" => 23,
        "smtp" => 25,
        "domain" => 53,
        "http" => 80,
        "pop3" => 110,
        "imap2" | "imap" => 143,
        "https" => 443,
        _ => return None,
    })
}

fn getaddrinfo(vm: &Vm, a: Args) -> PyResult<Value> {
    let [host, port, family, kind, proto, flags] = a.bind(
        vm,
        "getaddrinfo",
        ["host", "port", "family", "type", "proto", "flags"],
        2,
    )?;
    let int = |v: Option<&Value>| v.map_or(Ok(0), |v| vm.to_i64(v).map(|n| n as i32));
    let (family, kind, proto, flags) = (int(family)?, int(kind)?, int(proto)?, int(flags)?);
    let host = match host {
        Some(h) if !h.is_none() => {
            if h.downcast::<Str>().is_none() && h.downcast::<Bytes>().is_none() {
                return Err(vm.type_error("getaddrinfo() argument 1 must be string or None"));
            }
            Some(text_of(vm, h, "")?)
        }
        _ => None,
    };
    let port = match port {
        Some(p) if !p.is_none() && vm.is_int(p) => vm.to_i64(p)? as u16,
        Some(p) if !p.is_none() => {
            if p.downcast::<Str>().is_none() && p.downcast::<Bytes>().is_none() {
                return Err(vm.new_exception(&vm.exc.os_error, "Int or String expected"));
            }
            let text = text_of(vm, p, "")?;
            let wanted = match kind {
                libc::SOCK_STREAM => Some("tcp"),
                libc::SOCK_DGRAM => Some("udp"),
                _ => None,
            };
            match text.parse::<u64>() {
                Ok(n) => n as u16,
                Err(_) if text.is_empty() => 0,
                Err(_) => service(&text, wanted).ok_or_else(|| gai(vm, -8))?,
            }
        }
        _ if host.is_none() => return Err(gai(vm, -2)),
        _ => 0,
    };
    if ![libc::AF_UNSPEC, libc::AF_INET, libc::AF_INET6].contains(&family) {
        return Err(gai(vm, -6));
    }
    let fits = |a: &IpAddr| match family {
        libc::AF_INET => a.is_ipv4(),
        libc::AF_INET6 => a.is_ipv6(),
        _ => true,
    };
    let all: Vec<IpAddr> = match &host {
        None if flags & libc::AI_PASSIVE != 0 => {
            vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
        }
        None => vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()],
        Some(h) => {
            let numeric = h.parse::<IpAddr>();
            match numeric {
                Ok(ip) if !fits(&ip) => return Err(gai(vm, -9)),
                Err(_) if flags & libc::AI_NUMERICHOST != 0 => return Err(gai(vm, -2)),
                _ => resolve(vm, h)?,
            }
        }
    };
    let kinds: Vec<(i32, i32)> = [
        (libc::SOCK_STREAM, libc::IPPROTO_TCP),
        (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
        (libc::SOCK_RAW, proto),
    ]
    .into_iter()
    .filter(|(k, p)| (kind == 0 || *k == kind) && (proto == 0 || *p == proto))
    .collect();
    if kinds.is_empty() {
        return Err(gai(vm, -7));
    }
    let mut canon = match &host {
        Some(h) if flags & libc::AI_CANONNAME != 0 => h.clone(),
        _ => String::new(),
    };
    let mut out = Vec::new();
    for ip in all.into_iter().filter(fits) {
        for (k, p) in &kinds {
            let f = if ip.is_ipv4() {
                libc::AF_INET
            } else {
                libc::AF_INET6
            };
            let numbers = [f, *k, *p].map(|n| vm.new_int(n as i64));
            let [f, k, p] = numbers;
            let name = vm.str_value(&std::mem::take(&mut canon));
            out.push(vm.tuple_value([f, k, p, name, inet_value(vm, &SocketAddr::new(ip, port))]));
        }
    }
    if out.is_empty() {
        return Err(gai(vm, -5));
    }
    Ok(vm.new_list(out))
}

fn gethostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn ip_arg(vm: &Vm, a: Args, func: &str) -> PyResult<(i32, Value)> {
    let [family, v] = a.exactly::<2>(vm, func)?;
    Ok((vm.to_i64(family)? as i32, v.clone()))
}

fn swap(vm: &Vm, a: Args, func: &str, bits: u32) -> PyResult<Value> {
    let n = vm.to_i64(&a.exactly::<1>(vm, func)?[0])?;
    if n < 0 {
        return Err(vm.overflow_error(format!(
            "{func}: can't convert negative Python int to C {bits}-bit unsigned integer"
        )));
    }
    if n >> bits != 0 {
        return Err(vm.overflow_error(format!(
            "{func}: Python int too large to convert to C {bits}-bit unsigned integer"
        )));
    }
    Ok(vm.new_int(if bits == 16 {
        (n as u16).to_be() as i64
    } else {
        (n as u32).to_be() as i64
    }))
}

/// Adds the functions and constants that need no socket.
pub fn fill(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FILL_FUNCTIONS);
    constants(vm, m);
}

lasti_core::methods! { FILL_FUNCTIONS =
    "getaddrinfo" "(host, port, family=0, type=0, proto=0, flags=0)\n--\n\n" |vm, _, a| getaddrinfo(vm, a);
    "getnameinfo" "(sockaddr, flags, /)\n--\n\n" getnameinfo;
    "gethostname" "gethostname($self, /)\n--\n\n" |vm, _, _| Ok(vm.str_value(&gethostname()));
    "gethostbyname" "(host, /)\n--\n\n" gethostbyname;
    "gethostbyname_ex" "(host, /)\n--\n\n" gethostbyname_ex;
    "gethostbyaddr" "(host, /)\n--\n\n" gethostbyaddr;
    "getservbyname" "(name, protocol=None, /)\n--\n\n" getservbyname;
    "inet_aton" "inet_aton($module, ip_addr, /)\n--\n\n" inet_aton;
    "inet_ntoa" "inet_ntoa($module, packed_ip, /)\n--\n\n" inet_ntoa;
    "inet_pton" "(family, ip, /)\n--\n\n" inet_pton;
    "inet_ntop" "(family, packed, /)\n--\n\n" inet_ntop;
    "htons" "htons($module, integer, /)\n--\n\n" |vm, _, a| swap(vm, a, "htons", 16);
    "ntohs" "ntohs($module, integer, /)\n--\n\n" |vm, _, a| swap(vm, a, "ntohs", 16);
    "htonl" "htonl($module, integer, /)\n--\n\n" |vm, _, a| swap(vm, a, "htonl", 32);
    "ntohl" "ntohl($module, integer, /)\n--\n\n" |vm, _, a| swap(vm, a, "ntohl", 32);
}

fn getnameinfo(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [addr, flags] = a.exactly::<2>(vm, "getnameinfo")?;
    let flags = vm.to_i64(flags)? as i32;
    let Some(t) = addr.downcast::<Tuple>().filter(|t| t.len() >= 2) else {
        return Err(vm.type_error("getnameinfo() argument 1 must be a tuple"));
    };
    let Ok(ip) = text_of(vm, &t[0], "")?.parse::<IpAddr>() else {
        return Err(gai(vm, -2));
    };
    let host = if flags & libc::NI_NUMERICHOST == 0 && ip.is_loopback() {
        "localhost".into()
    } else {
        ip.to_string()
    };
    Ok(vm.tuple_value([
        vm.str_value(&host),
        vm.str_value(&vm.to_i64(&t[1])?.to_string()),
    ]))
}

fn gethostbyname(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let host = text_of(
        vm,
        &a.exactly::<1>(vm, "gethostbyname")?[0],
        "gethostbyname() argument 1 must be",
    )?;
    Ok(vm.str_value(&host_ip(vm, &host, libc::AF_INET)?.to_string()))
}

fn gethostbyname_ex(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let host = text_of(vm, &a.exactly::<1>(vm, "gethostbyname_ex")?[0], "")?;
    let all = resolve(vm, &host)?.into_iter().filter(IpAddr::is_ipv4);
    let all = all.map(|a| vm.str_value(&a.to_string())).collect();
    Ok(vm.tuple_value([
        vm.str_value(&host),
        vm.new_list(Vec::new()),
        vm.new_list(all),
    ]))
}

fn gethostbyaddr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let host = text_of(vm, &a.exactly::<1>(vm, "gethostbyaddr")?[0], "")?;
    let all: Vec<Value> = resolve(vm, &host)?
        .iter()
        .map(|a| vm.str_value(&a.to_string()))
        .collect();
    let local = host.parse::<IpAddr>().is_ok_and(|a| a.is_loopback());
    let name = vm.str_value(if local { "localhost" } else { &host });
    Ok(vm.tuple_value([name, vm.new_list(Vec::new()), vm.new_list(all)]))
}

fn getservbyname(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let args = a.between(vm, "getservbyname", 1, 2)?;
    let proto = args.get(1).map(|p| text_of(vm, p, "")).transpose()?;
    match service(&text_of(vm, &args[0], "")?, proto.as_deref()) {
        Some(n) => Ok(vm.new_int(n as i64)),
        None => Err(vm.new_exception(&vm.exc.os_error, "service/proto not found")),
    }
}

fn inet_aton(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let text = text_of(vm, &a.exactly::<1>(vm, "inet_aton")?[0], "")?;
    match text.parse::<Ipv4Addr>() {
        Ok(ip) => vm.try_new_bytes(ip.octets().to_vec()),
        Err(_) => Err(vm.new_exception(
            &vm.exc.os_error,
            "illegal IP address string passed to inet_aton",
        )),
    }
}

fn inet_ntoa(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let b = vm.buffer(&a.exactly::<1>(vm, "inet_ntoa")?[0])?;
    match <[u8; 4]>::try_from(b) {
        Ok(b) => Ok(vm.str_value(&Ipv4Addr::from(b).to_string())),
        Err(_) => Err(vm.new_exception(&vm.exc.os_error, "packed IP wrong length")),
    }
}

fn inet_pton(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (family, v) = ip_arg(vm, a, "inet_pton")?;
    let text = text_of(vm, &v, "")?;
    let wrong = || {
        vm.new_exception(
            &vm.exc.os_error,
            "illegal IP address string passed to inet_pton",
        )
    };
    let bytes = match family {
        libc::AF_INET => text
            .parse::<Ipv4Addr>()
            .map_err(|_| wrong())?
            .octets()
            .to_vec(),
        libc::AF_INET6 => text
            .parse::<Ipv6Addr>()
            .map_err(|_| wrong())?
            .octets()
            .to_vec(),
        _ => {
            return Err(vm.os_error_parts(97, "Address family not supported by protocol", None));
        }
    };
    vm.try_new_bytes(bytes)
}

fn inet_ntop(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (family, v) = ip_arg(vm, a, "inet_ntop")?;
    let b = vm.buffer(&v)?;
    let wrong = || vm.value_error("invalid length of packed IP address string");
    let ip = match family {
        libc::AF_INET => IpAddr::from(<[u8; 4]>::try_from(b).map_err(|_| wrong())?),
        libc::AF_INET6 => IpAddr::from(<[u8; 16]>::try_from(b).map_err(|_| wrong())?),
        _ => return Err(vm.value_error(format!("unknown address family {family}"))),
    };
    Ok(vm.str_value(&ip.to_string()))
}

macro_rules! names {
    ($vm:expr, $m:expr, $($name:ident)*) => {
        $($vm.add_value($m, stringify!($name), $vm.new_int(libc::$name as i64));)*
    };
}

fn constants(vm: &Vm, m: &Ref<Module>) {
    names!(vm, m,
        AF_INET AF_INET6 AF_UNIX AF_UNSPEC AF_NETLINK AF_PACKET
        SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET SOCK_NONBLOCK SOCK_CLOEXEC
        SOL_SOCKET SO_REUSEADDR SO_REUSEPORT SO_KEEPALIVE SO_BROADCAST SO_ERROR SO_TYPE SO_RCVBUF SO_SNDBUF SO_LINGER
        SO_OOBINLINE SO_ACCEPTCONN SO_DOMAIN SO_PROTOCOL SO_RCVTIMEO SO_SNDTIMEO SO_RCVLOWAT SO_PEERCRED
        SO_BINDTODEVICE SO_DONTROUTE SO_PRIORITY
        IPPROTO_IP IPPROTO_ICMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPPROTO_RAW IPPROTO_ICMPV6
        IPV6_V6ONLY IPV6_MULTICAST_HOPS IPV6_MULTICAST_IF IPV6_MULTICAST_LOOP IPV6_UNICAST_HOPS
        IP_TTL IP_TOS IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_MULTICAST_IF IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP
        TCP_NODELAY TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_MAXSEG TCP_CORK TCP_FASTOPEN TCP_QUICKACK
        TCP_USER_TIMEOUT TCP_DEFER_ACCEPT TCP_INFO
        SHUT_RD SHUT_WR SHUT_RDWR
        MSG_PEEK MSG_OOB MSG_DONTWAIT MSG_WAITALL MSG_NOSIGNAL MSG_TRUNC MSG_CTRUNC MSG_DONTROUTE MSG_EOR MSG_MORE
        AI_PASSIVE AI_CANONNAME AI_NUMERICHOST AI_NUMERICSERV AI_ADDRCONFIG AI_V4MAPPED AI_ALL
        NI_NUMERICHOST NI_NUMERICSERV NI_NOFQDN NI_NAMEREQD NI_DGRAM NI_MAXHOST
        EAI_BADFLAGS EAI_NONAME EAI_AGAIN EAI_FAIL EAI_FAMILY EAI_SOCKTYPE EAI_SERVICE EAI_MEMORY EAI_SYSTEM
        EAI_OVERFLOW EAI_NODATA
        SCM_RIGHTS
    );
    // SOMAXCONN of libc is that of old kernels.
    let more = [
        ("SOMAXCONN", 4096),
        ("EAI_ADDRFAMILY", -9),
        ("NI_MAXSERV", 32),
        ("SOL_IP", 0),
        ("SOL_TCP", 6),
        ("SOL_UDP", 17),
        ("INADDR_ANY", 0),
        ("INADDR_BROADCAST", 0xffff_ffff),
        ("INADDR_LOOPBACK", 0x7f00_0001),
        ("INADDR_NONE", 0xffff_ffff),
        ("IPPORT_RESERVED", 1024),
        ("IPPORT_USERRESERVED", 5000),
    ];
    for (name, n) in more {
        vm.add_value(m, name, vm.new_int(n));
    }
}
