//! The `sys` module (CPython's Python/sysmodule.c).
mod monitoring;
pub mod stdio;

use lasti_core::objects::{Exception, Module, Str};
use lasti_core::{Args, Exc, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;
use std::ffi::OsString;

/// Hooks and switches that only sys shows.
#[derive(Default)]
struct SysState {
    trace: Slot,
    profile: Slot,
    switch_interval: Cell<f64>,
}

pub const VERSION: &str = "3.14.0";

pub fn init(vm: &Vm, argv: &[OsString], path: &[String], utf8: bool) -> Ref<Module> {
    let m = vm.new_module("sys");
    vm.sys.set(Some(m.clone()));
    vm.dict_set(&vm.modules, "sys", m.value());
    let set = |name: &str, v: Value| vm.add_value(&m, name, v);
    let words = |items: &mut dyn Iterator<Item = &OsString>| {
        vm.new_list(items.map(|s| crate::os::path::path_value(vm, s)).collect())
    };
    set("argv", words(&mut argv.iter()));
    let given: Vec<OsString> = std::env::args_os().collect();
    set("orig_argv", words(&mut given.iter()));
    set(
        "path",
        vm.new_list(path.iter().map(|p| vm.name_value(p)).collect()),
    );
    set("modules", vm.modules.value());
    for name in ["meta_path", "path_hooks", "warnoptions"] {
        set(name, vm.new_list(Vec::new()));
    }
    set("path_importer_cache", vm.new_dict().into());
    set("_xoptions", vm.new_dict().into());
    let info = concat!("3.14.0 (lasti ", env!("CARGO_PKG_VERSION"), ") [Rust]");
    set("version", vm.str_value(info));
    set("hexversion", vm.new_int(0x030e_00f0));
    set("api_version", vm.new_int(1013));
    set("copyright", vm.str_value("lasti is free software under Apache-2.0 OR MIT.\nIts Python library is under the PSF licence."));
    let t = vm.new_structseq_type(
        "sys.version_info",
        &["major", "minor", "micro", "releaselevel", "serial"],
        5,
    );
    let version = || {
        let parts = vec![
            vm.new_int(3),
            vm.new_int(14),
            vm.new_int(0),
            vm.str_value("final"),
            vm.new_int(0),
        ];
        vm.new_structseq(&t, parts)
    };
    set("version_info", version());
    set("implementation", implementation(vm, version()));
    set("flags", flags(vm, utf8));
    set("platform", vm.str_value(std::env::consts::OS));
    set(
        "byteorder",
        vm.str_value(if cfg!(target_endian = "little") {
            "little"
        } else {
            "big"
        }),
    );
    set("maxsize", vm.new_int(i64::MAX));
    set("maxunicode", vm.new_int(0x10FFFF));
    set("float_repr_style", vm.str_value("short"));
    let exe = std::env::current_exe().unwrap_or_default();
    let exe = crate::os::path::path_value(vm, exe.as_os_str());
    set("executable", exe.clone());
    set("_base_executable", exe);
    for name in ["prefix", "exec_prefix", "base_prefix", "base_exec_prefix"] {
        set(name, vm.str_value("/usr/local"));
    }
    set("platlibdir", vm.str_value("lib"));
    set("abiflags", vm.str_value(""));
    set("pycache_prefix", Value::NONE);
    set("dont_write_bytecode", Value::TRUE);
    set("_framework", vm.str_value(""));
    set(
        "_git",
        vm.tuple_value([vm.str_value("lasti"), vm.str_value(""), vm.str_value("")]),
    );
    let mut builtin: Vec<&str> = vec!["sys", "builtins"];
    builtin.extend(vm.native_module_names());
    builtin.sort_unstable();
    set(
        "builtin_module_names",
        vm.new_tuple(builtin.iter().map(|n| vm.str_value(n)).collect::<Vec<_>>())
            .into(),
    );
    let names = vm.new_frozenset();
    for n in lasti_frozen::names()
        .filter(|n| !n.contains('.'))
        .chain(builtin)
    {
        let _ = vm.set_add(&names, vm.str_value(n));
    }
    set("stdlib_module_names", names.into());
    for (name, fd) in [("stdin", 0), ("stdout", 1), ("stderr", 2)] {
        let s = stdio::standard_stream(vm, fd);
        set(name, s.clone());
        set(&format!("__{name}__"), s);
    }
    set("monitoring", monitoring::new(vm).into());
    numbers(vm, &m);
    functions(vm, &m);
    m
}

/// The lowest limit of digits that may be set (`_PY_LONG_MAX_STR_DIGITS_THRESHOLD`).
const LEAST_MAX_STR_DIGITS: usize = 640;

fn implementation(vm: &Vm, version: Value) -> Value {
    // types.SimpleNamespace is the class of sys.implementation; ours shows the same attributes.
    let m = vm.new_module("implementation");
    vm.add_value(&m, "name", vm.str_value("lasti"));
    vm.add_value(&m, "cache_tag", Value::NONE);
    vm.add_value(&m, "version", version);
    vm.add_value(&m, "hexversion", vm.new_int(0x030e_00f0));
    vm.add_value(
        &m,
        "_multiarch",
        vm.str_value(&format!("{}-linux-gnu", std::env::consts::ARCH)),
    );
    vm.add_value(&m, "supports_isolated_interpreters", Value::FALSE);
    m.into()
}

fn flags(vm: &Vm, utf8: bool) -> Value {
    let names = [
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
        "hash_randomization",
        "isolated",
        "dev_mode",
        "utf8_mode",
        "warn_default_encoding",
        "safe_path",
        "int_max_str_digits",
        "gil",
        "thread_inherit_context",
        "context_aware_warnings",
    ];
    let t = vm.new_structseq_type("sys.flags", &names, 18);
    let values = names.iter().map(|n| match *n {
        "optimize" => vm.new_int(vm.flags.optimize as i64),
        "dont_write_bytecode" | "gil" => Value::small_int(1),
        "utf8_mode" => Value::small_int(utf8.into()),
        "hash_randomization" => vm.new_int(vm.flags.hash_randomization as i64),
        "dev_mode" => Value::bool(vm.flags.dev_mode),
        "safe_path" => Value::FALSE,
        "int_max_str_digits" => vm.new_int(4300),
        _ => Value::small_int(0),
    });
    vm.new_structseq(&t, values.collect())
}

fn numbers(vm: &Vm, m: &Ref<Module>) {
    let names = [
        "max",
        "max_exp",
        "max_10_exp",
        "min",
        "min_exp",
        "min_10_exp",
        "dig",
        "mant_dig",
        "epsilon",
        "radix",
        "rounds",
    ];
    let t = vm.new_structseq_type("sys.float_info", &names, 11);
    let i = |n: i64| vm.new_int(n);
    let f = |x: f64| vm.new_float(x);
    let values = vec![
        f(f64::MAX),
        i(1024),
        i(308),
        f(f64::MIN_POSITIVE),
        i(-1021),
        i(-307),
        i(15),
        i(53),
        f(f64::EPSILON),
        i(2),
        i(1),
    ];
    vm.add_value(m, "float_info", vm.new_structseq(&t, values));
    let names = [
        "bits_per_digit",
        "sizeof_digit",
        "default_max_str_digits",
        "str_digits_check_threshold",
    ];
    let t = vm.new_structseq_type("sys.int_info", &names, 4);
    vm.add_value(
        m,
        "int_info",
        vm.new_structseq(&t, vec![i(30), i(4), i(4300), i(640)]),
    );
    let names = [
        "width",
        "modulus",
        "inf",
        "nan",
        "imag",
        "algorithm",
        "hash_bits",
        "seed_bits",
        "cutoff",
    ];
    let t = vm.new_structseq_type("sys.hash_info", &names, 9);
    let values = vec![
        i(64),
        i((1 << 61) - 1),
        i(314159),
        i(0),
        i(1000003),
        vm.str_value("siphash13"),
        i(64),
        i(128),
        i(0),
    ];
    vm.add_value(m, "hash_info", vm.new_structseq(&t, values));
    let t = vm.new_structseq_type("sys.thread_info", &["name", "lock", "version"], 3);
    let values = vec![
        vm.str_value("pthread"),
        vm.str_value("semaphore"),
        Value::NONE,
    ];
    vm.add_value(m, "thread_info", vm.new_structseq(&t, values));
}

fn functions(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
    let t = vm.new_structseq_type("asyncgen_hooks", &["firstiter", "finalizer"], 2);
    let hooks = lasti_core::objects::NativeKind::Host(std::rc::Rc::new(move |vm: &Vm, _: Args| {
        Ok(vm.new_structseq(
            &t,
            vec![vm.asyncgen_firstiter.get(), vm.asyncgen_finalizer.get()],
        ))
    }));
    vm.add_value(
        m,
        "get_asyncgen_hooks",
        vm.new_native(
            "get_asyncgen_hooks",
            "get_asyncgen_hooks($module, /)\n--\n\n",
            hooks,
            m.value(),
            vm.str_value("sys"),
        ),
    );
    let args = vm.new_structseq_type(
        "UnraisableHookArgs",
        &[
            "exc_type",
            "exc_value",
            "exc_traceback",
            "err_msg",
            "object",
        ],
        5,
    );
    vm.add_value(m, "UnraisableHookArgs", args.into());
    for name in [
        "displayhook",
        "excepthook",
        "breakpointhook",
        "unraisablehook",
    ] {
        if let Some(f) = vm.dict_get(&m.dict, name) {
            vm.add_value(m, &format!("__{name}__"), f);
        }
    }
}

lasti_core::methods! { FUNCTIONS =
    "exit" "exit(status=None, /)\n--\n\n" exit;
    "_clear_type_descriptors" "_clear_type_descriptors($module, type, /)\n--\n\n" clear_type_descriptors;
    "getrefcount" "getrefcount(object, /)\n--\n\n" getrefcount;
    "getsizeof" "getsizeof(object, default=None)\n--\n\n" getsizeof;
    "_getframe" "_getframe(depth=0, /)\n--\n\n" getframe;
    "_getframemodulename" "_getframemodulename($module, /, depth=0)\n--\n\n" getframemodulename;
    "_current_frames" "_current_frames($module, /)\n--\n\n" current_frames;
    "exc_info" "exc_info()\n--\n\n" exc_info;
    "exception" "exception()\n--\n\n" exception;
    "intern" "intern(string, /)\n--\n\n" intern;
    "_is_interned" "_is_interned($module, string, /)\n--\n\n" is_interned;
    "getrecursionlimit" "getrecursionlimit($module, /)\n--\n\n" getrecursionlimit;
    "setrecursionlimit" "setrecursionlimit($module, limit, /)\n--\n\n" setrecursionlimit;
    "set_coroutine_origin_tracking_depth" "set_coroutine_origin_tracking_depth($module, /, depth)\n--\n\n" set_coroutine_origin_tracking_depth;
    "get_coroutine_origin_tracking_depth" "get_coroutine_origin_tracking_depth($module, /)\n--\n\n" get_coroutine_origin_tracking_depth;
    "set_asyncgen_hooks" "" set_asyncgen_hooks;
    "settrace" "settrace($module, function, /)\n--\n\n" |vm, _, a| set_hook(vm, a, true);
    "setprofile" "setprofile($module, function, /)\n--\n\n" |vm, _, a| set_hook(vm, a, false);
    "gettrace" "gettrace($module, /)\n--\n\n" gettrace;
    "getprofile" "getprofile($module, /)\n--\n\n" getprofile;
    "getdefaultencoding" "getdefaultencoding($module, /)\n--\n\n" getdefaultencoding;
    "getfilesystemencoding" "getfilesystemencoding($module, /)\n--\n\n" getfilesystemencoding;
    "getfilesystemencodeerrors" "getfilesystemencodeerrors($module, /)\n--\n\n" getfilesystemencodeerrors;
    "getswitchinterval" "getswitchinterval($module, /)\n--\n\n" getswitchinterval;
    "setswitchinterval" "setswitchinterval($module, interval, /)\n--\n\n" setswitchinterval;
    "get_int_max_str_digits" "get_int_max_str_digits($module, /)\n--\n\n" get_int_max_str_digits;
    "set_int_max_str_digits" "set_int_max_str_digits($module, /, maxdigits)\n--\n\n" set_int_max_str_digits;
    "is_finalizing" "is_finalizing($module, /)\n--\n\n" |_, _, _| Ok(Value::FALSE);
    "_is_gil_enabled" "_is_gil_enabled($module, /)\n--\n\n" |_, _, _| Ok(Value::TRUE);
    "audit" "audit($module, event, /, *args)\n--\n\n" audit;
    "addaudithook" "addaudithook($module, /, hook)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "_clear_type_cache" "_clear_type_cache($module, /)\n--\n\n" clear_type_cache;
    "_clear_internal_caches" "_clear_internal_caches($module, /)\n--\n\n" clear_internal_caches;
    "displayhook" "displayhook(object, /)\n--\n\n" displayhook;
    "excepthook" "excepthook($module, exctype, value, traceback, /)\n--\n\n" excepthook;
    "breakpointhook" "breakpointhook($module, /, *args, **kwargs)\n--\n\n" breakpointhook;
    "unraisablehook" "unraisablehook($module, unraisable, /)\n--\n\n" unraisablehook;
}

/// There are no hooks to tell, but the event must be text.
fn audit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let event = &a.pos[0];
    if event.downcast::<Str>().is_some() {
        return Ok(Value::NONE);
    }
    let t = vm.type_name(event);
    Err(vm.type_error(format!("audit() argument 1 must be str, not {t}")))
}

fn exit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let status = a.between(vm, "exit", 0, 1)?;
    let e = vm.call(vm.exc.system_exit.as_value(), status)?;
    Err(Exc(e))
}

/// dataclasses calls this for a class that it replaces by one with slots.
fn clear_type_descriptors(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [t] = a.exactly::<1>(vm, "_clear_type_descriptors")?;
    if let Some(t) = t.downcast::<lasti_core::objects::Type>() {
        for name in ["__dict__", "__weakref__"] {
            vm.dict_del_str(&t.dict(), &vm.intern(name));
        }
    }
    Ok(Value::NONE)
}

fn getrefcount(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "getrefcount")?;
    Ok(vm.new_int(if v.ref_count() == 0 {
        1 << 30
    } else {
        v.ref_count() as i64
    }))
}

fn getsizeof(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, default] = a.bind(vm, "getsizeof", ["object", "default"], 1)?;
    let Some(v) = v else { return Ok(Value::NONE) };
    let size = vm.call_special(v, &vm.intern("__sizeof__"), &[]);
    match size.map(|n| n.unwrap_or(Value::NONE)) {
        Ok(n) => Ok(n),
        Err(e) => default.cloned().ok_or(e),
    }
}

fn getframe(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let depth = match a.between(vm, "_getframe", 0, 1)? {
        [d] => vm.to_i64(d)?.max(0) as usize,
        _ => 0,
    };
    vm.frame_at(depth)
        .map(Value::from)
        .ok_or_else(|| vm.value_error("call stack is not deep enough"))
}

fn getframemodulename(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [depth] = a.bind(vm, "_getframemodulename", ["depth"], 0)?;
    let depth = depth.map_or(Ok(0), |d| vm.to_i64(d))?.max(0) as usize;
    match vm.frame_at(depth) {
        Some(f) => Ok(vm
            .dict_get_str(&f.function.globals, &vm.names.name)
            .unwrap_or(Value::NONE)),
        None => Ok(Value::NONE),
    }
}

fn current_frames(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = vm.new_dict();
    if let Some(f) = vm.frame_at(0) {
        vm.dict_insert(&d, vm.new_int(1), f.into())?;
    }
    Ok(d.into())
}

fn exc_info(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let e = vm.current_exception();
    if e.is_none() {
        return Ok(vm.tuple_value([Value::NONE, Value::NONE, Value::NONE]));
    }
    let tb = e
        .downcast::<Exception>()
        .map_or(Value::NONE, |x| x.traceback.value());
    Ok(vm.tuple_value([vm.type_of(&e).value(), e, tb]))
}

fn exception(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.current_exception())
}

fn intern(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "intern")?;
    match s.as_ref::<Str>() {
        Some(s) => Ok(vm.intern_ref(s).into()),
        None => Err(vm.type_error(format!(
            "intern() argument must be str, not {}",
            vm.type_name(s)
        ))),
    }
}

fn is_interned(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "_is_interned")?;
    Ok(Value::bool(
        s.downcast::<Str>().is_some_and(|s| s.is_interned()),
    ))
}

fn getrecursionlimit(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.recursion_limit.get() as i64))
}

fn setrecursionlimit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "setrecursionlimit")?;
    let n = vm.to_i64(n)?;
    if n < 1 {
        return Err(vm.value_error("recursion limit must be greater or equal than 1"));
    }
    vm.recursion_limit.set(u32::try_from(n).unwrap_or(u32::MAX));
    Ok(Value::NONE)
}

fn set_coroutine_origin_tracking_depth(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.bind(vm, "set_coroutine_origin_tracking_depth", ["depth"], 1)?;
    let n = vm.to_i64(n.unwrap_or(&Value::NONE))?;
    let Ok(n) = u32::try_from(n) else {
        return Err(vm.value_error("depth must be >= 0"));
    };
    vm.origin_depth.set(n);
    Ok(Value::NONE)
}

fn get_coroutine_origin_tracking_depth(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.origin_depth.get() as i64))
}

fn set_asyncgen_hooks(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [first, last] = a.bind(vm, "set_asyncgen_hooks", ["firstiter", "finalizer"], 0)?;
    let check = |v: Option<&Value>, what: &str| match v {
        Some(v) if !v.is_none() && vm.type_of(v).slots.call.get().is_none() => {
            Err(vm.type_error(format!("callable {what} expected, got {}", vm.type_name(v))))
        }
        _ => Ok(()),
    };
    check(last, "finalizer")?;
    check(first, "firstiter")?;
    if let Some(v) = last {
        vm.asyncgen_finalizer.set(v.clone());
    }
    if let Some(v) = first {
        vm.asyncgen_firstiter.set(v.clone());
    }
    Ok(Value::NONE)
}

fn gettrace(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(or_none(vm.module_state(SysState::default).trace.get()))
}

fn getprofile(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(or_none(vm.module_state(SysState::default).profile.get()))
}

fn getdefaultencoding(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("utf-8"))
}

fn getfilesystemencoding(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("utf-8"))
}

fn getfilesystemencodeerrors(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("surrogateescape"))
}

fn getswitchinterval(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let n = vm.module_state(SysState::default).switch_interval.get();
    Ok(vm.new_float(if n == 0.0 { 0.005 } else { n }))
}

fn setswitchinterval(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "setswitchinterval")?;
    let n = vm.to_f64(n)?;
    if n <= 0.0 {
        return Err(vm.value_error("switch interval must be strictly positive"));
    }
    vm.module_state(SysState::default).switch_interval.set(n);
    Ok(Value::NONE)
}

fn get_int_max_str_digits(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(lasti_builtins::int::max_str_digits(vm) as i64))
}

fn set_int_max_str_digits(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.bind(vm, "set_int_max_str_digits", ["maxdigits"], 1)?;
    let n = vm.to_i64(n.unwrap_or(&Value::NONE))?;
    match usize::try_from(n) {
        Ok(n) if n == 0 || n >= LEAST_MAX_STR_DIGITS => {
            lasti_builtins::int::set_max_str_digits(vm, n);
            Ok(Value::NONE)
        }
        _ => Err(vm.value_error(format!(
            "maxdigits must be >= {LEAST_MAX_STR_DIGITS} or 0 for unlimited"
        ))),
    }
}

fn clear_type_cache(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.clear_type_cache();
    Ok(Value::NONE)
}

fn clear_internal_caches(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.clear_type_cache();
    Ok(Value::NONE)
}

fn displayhook(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "displayhook")?;
    if v.is_none() {
        return Ok(Value::NONE);
    }
    let text = vm.repr_string(v)?;
    let Some(sys) = vm.sys.get() else {
        return Ok(Value::NONE);
    };
    let out = vm.dict_get(&sys.dict, "stdout").unwrap_or(Value::NONE);
    vm.call_method(&out, "write", &[vm.str_value(&format!("{text}\n"))])?;
    vm.dict_set(&vm.builtins, "_", v.clone());
    Ok(Value::NONE)
}

fn excepthook(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [_, e, _] = a.exactly::<3>(vm, "excepthook")?;
    crate::uncaught::print(vm, e);
    Ok(Value::NONE)
}

fn breakpointhook(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pdb = vm.import("pdb")?;
    let f = vm.getattr_str(&pdb, "set_trace")?;
    vm.call_args(&f, a)
}

fn unraisablehook(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "unraisablehook")?;
    let get = |n: &str| vm.getattr_str(x, n);
    let (e, msg, object) = (get("exc_value")?, get("err_msg")?, get("object")?);
    let msg = if msg.is_none() {
        "Exception ignored in".to_owned()
    } else {
        vm.display(&msg)
    };
    let object = if object.is_none() {
        String::new()
    } else {
        format!(" {}", vm.repr_string(&object)?)
    };
    crate::uncaught::write_stderr(vm, &format!("{msg}{object}:\n"));
    crate::uncaught::print(vm, &e);
    Ok(Value::NONE)
}

fn or_none(v: Value) -> Value {
    if v.is_unbound() { Value::NONE } else { v }
}

/// Trace and profile functions are kept, and called by nobody yet.
fn set_hook(vm: &Vm, args: Args, trace: bool) -> PyResult<Value> {
    let [f] = args.exactly::<1>(vm, if trace { "settrace" } else { "setprofile" })?;
    let state = vm.module_state(SysState::default);
    let slot = if trace { &state.trace } else { &state.profile };
    slot.set(f.clone());
    Ok(Value::NONE)
}
