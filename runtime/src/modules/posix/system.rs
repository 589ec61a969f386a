//! The functions of `posix` about the system and the process as a whole.
use crate::modules::termios;
use lasti_core::objects::{Module, Str, Type};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::fs::{self, File};
use std::io::{self, Read};

struct SizeType(Ref<Type>);

fn size_type(vm: &Vm) -> Ref<Type> {
    let make = || SizeType(vm.new_structseq_type("os.terminal_size", &["columns", "lines"], 2));
    vm.module_state(make).0.clone()
}

struct UnameType(Ref<Type>);

fn uname_type(vm: &Vm) -> Ref<Type> {
    let names = ["sysname", "nodename", "release", "version", "machine"];
    let make = || UnameType(vm.new_structseq_type("posix.uname_result", &names, 5));
    vm.module_state(make).0.clone()
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

/// Adds the functions of this file.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
    let names = vm.new_dict();
    for (name, number, _) in SYSCONF {
        vm.dict_set(&names, name, vm.new_int(number as i64));
    }
    vm.add_value(m, "sysconf_names", names.into());
    vm.add_value(m, "terminal_size", size_type(vm).into());
    vm.add_value(m, "uname_result", uname_type(vm).into());
}

lasti_core::methods! { FUNCTIONS =
    "urandom" "urandom($module, size, /)\n--\n\n" urandom;
    "cpu_count" "cpu_count($module, /)\n--\n\n" cpu_count;
    "sysconf" "sysconf($module, name, /)\n--\n\n" sysconf;
    "strerror" "strerror($module, code, /)\n--\n\n" strerror;
    "uname" "uname($module, /)\n--\n\n" uname;
    "get_terminal_size" "get_terminal_size($module, fd=<unrepresentable>, /)\n--\n\n" get_terminal_size;
    "device_encoding" "device_encoding($module, /, fd)\n--\n\n" |_, _, _| Ok(Value::NONE);
}

fn urandom(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "urandom")?;
    let mut b = vm.zeroed(vm.to_usize(n, "negative argument not allowed")?)?;
    File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut b))
        .map_err(|e| vm.os_error(&e, None))?;
    vm.try_new_bytes(b)
}

fn cpu_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::thread::available_parallelism().map_or(1, |n| n.get()) as i64))
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

fn strerror(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "strerror")?;
    let text = io::Error::from_raw_os_error(vm.to_i64(n)? as i32).to_string();
    Ok(vm.str_value(text.split(" (os error").next().unwrap_or_default()))
}

fn uname(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let read = |p: &str| {
        fs::read_to_string(format!("/proc/sys/kernel/{p}"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let parts = [
        read("ostype"),
        read("hostname"),
        read("osrelease"),
        read("version"),
        std::env::consts::ARCH.into(),
    ];
    Ok(vm.new_structseq(
        &uname_type(vm),
        parts.iter().map(|s| vm.str_value(s)).collect(),
    ))
}

fn get_terminal_size(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let out = vm.new_int(1);
    let pos = a.between(vm, "get_terminal_size", 0, 1)?;
    let (columns, lines) = termios::size_of(vm, pos.first().unwrap_or(&out))?;
    let parts = vec![vm.new_int(columns as i64), vm.new_int(lines as i64)];
    Ok(vm.new_structseq(&size_type(vm), parts))
}
