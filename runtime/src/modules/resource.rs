//! The `resource` module: what a process used, and its limits (CPython's Modules/resource.c).
use lasti_core::objects::{Module, Type};
use lasti_core::vm::args::Args;
use lasti_core::{PyResult, Ref, Value, Vm};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};

pub fn register(vm: &Vm) {
    vm.register_module("resource", init);
}

/// Limits by name, for the constants and for look-up by number.
fn limits() -> Vec<(&'static str, i32, Resource)> {
    macro_rules! limits {
        ($($name:ident)*) => { vec![$((stringify!($name), libc::$name as i32, Resource::$name)),*] };
    }
    limits!(RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_NOFILE RLIMIT_AS)
}

const USAGE: [&str; 16] = [
    "ru_utime",
    "ru_stime",
    "ru_maxrss",
    "ru_ixrss",
    "ru_idrss",
    "ru_isrss",
    "ru_minflt",
    "ru_majflt",
    "ru_nswap",
    "ru_inblock",
    "ru_oublock",
    "ru_msgsnd",
    "ru_msgrcv",
    "ru_nsignals",
    "ru_nvcsw",
    "ru_nivcsw",
];

struct UsageType(Ref<Type>);

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("resource");
    for (name, number, _) in limits() {
        vm.add_value(&m, name, vm.new_int(number as i64));
    }
    vm.add_value(&m, "RLIM_INFINITY", vm.new_int(-1));
    vm.add_value(&m, "RUSAGE_SELF", vm.new_int(libc::RUSAGE_SELF as i64));
    vm.add_value(
        &m,
        "RUSAGE_CHILDREN",
        vm.new_int(libc::RUSAGE_CHILDREN as i64),
    );
    vm.add_value(&m, "error", vm.exc.os_error.value());
    let usage = vm.module_state(|| {
        UsageType(vm.new_structseq_type("resource.struct_rusage", &USAGE, USAGE.len()))
    });
    vm.add_value(&m, "struct_rusage", usage.0.value());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "getrusage" "getrusage(who, /)\n--\n\n" getrusage_function;
    "getrlimit" "getrlimit(resource, /)\n--\n\n" getrlimit_function;
    "setrlimit" "setrlimit(resource, limits, /)\n--\n\n" setrlimit_function;
    "getpagesize" "getpagesize()\n--\n\n" getpagesize;
}

fn getrusage_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [who] = a.exactly::<1>(vm, "getrusage")?;
    usage_of(vm, vm.to_i64(who)?)
}

fn getrlimit_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [which] = a.exactly::<1>(vm, "getrlimit")?;
    let (soft, hard) = getrlimit(limit_of(vm, which)?).map_err(|e| error(vm, e))?;
    Ok(vm.tuple_value([limit_value(vm, soft), limit_value(vm, hard)]))
}

fn setrlimit_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [which, limits] = a.exactly::<2>(vm, "setrlimit")?;
    let which = limit_of(vm, which)?;
    let pair = vm.collect(limits)?;
    let [soft, hard] = &pair[..] else {
        return Err(vm.value_error("expected a tuple of 2 integers"));
    };
    let number = |v: &Value| -> PyResult<u64> { Ok(vm.to_i64(v)? as u64) };
    setrlimit(which, number(soft)?, number(hard)?).map_err(|e| error(vm, e))?;
    Ok(Value::NONE)
}

fn getpagesize(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten();
    Ok(vm.new_int(size.unwrap_or(4096)))
}

fn error(vm: &Vm, e: nix::Error) -> lasti_core::Exc {
    vm.os_error(&std::io::Error::from_raw_os_error(e as i32), None)
}

fn limit_of(vm: &Vm, v: &Value) -> PyResult<Resource> {
    let number = vm.to_i64(v)?;
    limits()
        .into_iter()
        .find(|l| l.1 as i64 == number)
        .map(|l| l.2)
        .ok_or_else(|| vm.value_error("invalid resource specified"))
}

/// A limit in its unit; -1 for none.
fn limit_value(vm: &Vm, n: u64) -> Value {
    vm.new_int(n as i64)
}

fn usage_of(vm: &Vm, who: i64) -> PyResult<Value> {
    let who = match who as i32 {
        libc::RUSAGE_SELF => UsageWho::RUSAGE_SELF,
        libc::RUSAGE_CHILDREN => UsageWho::RUSAGE_CHILDREN,
        _ => return Err(vm.value_error("invalid who parameter")),
    };
    let u = getrusage(who).map_err(|e| error(vm, e))?;
    let seconds =
        |t: nix::sys::time::TimeVal| vm.new_float(t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6);
    let mut items = vec![seconds(u.user_time()), seconds(u.system_time())];
    let counts = [
        u.max_rss(),
        u.shared_integral(),
        u.unshared_data_integral(),
        u.unshared_stack_integral(),
        u.minor_page_faults(),
        u.major_page_faults(),
        u.full_swaps(),
        u.block_reads(),
        u.block_writes(),
        u.ipc_sends(),
        u.ipc_receives(),
        u.signals(),
        u.voluntary_context_switches(),
        u.involuntary_context_switches(),
    ];
    items.extend(counts.map(|n| vm.new_int(n)));
    let usage = vm.module_state(|| {
        UsageType(vm.new_structseq_type("resource.struct_rusage", &USAGE, USAGE.len()))
    });
    Ok(vm.new_structseq(&usage.0, items))
}
