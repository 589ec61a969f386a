//! Small modules: `atexit`, `errno`, `_stat`, `_locale`, `_statistics`, `gc`.
use crate::util::*;

// ---- atexit ----

/// Functions to call at exit: callable, positional values, keyword values, names.
#[derive(Default)]
struct ExitFuncs(RefCell<Vec<(Value, Vec<Value>, Vec<Value>, Vec<Value>)>>);

/// Runs what `atexit.register` was given, last first. The program calls this when its main script is done.
pub fn run_exit_functions(vm: &Vm) {
    let st = vm.module_state(ExitFuncs::default);
    loop {
        let last = st.0.borrow_mut().pop();
        let Some((f, pos, kw, names)) = last else {
            return;
        };
        if let Err(e) = vm.call_args(
            &f,
            Args {
                pos: &pos,
                kw: &kw,
                names: &names,
            },
        ) {
            let text = format!(
                "Exception ignored in atexit callback {}: {}\n",
                vm.display(&f),
                vm.display(&e.0)
            );
            vm.host.write_stderr(&text);
        }
    }
}

pub(crate) fn atexit(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("atexit");
    vm.add_functions(&m, ATEXIT_FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { ATEXIT_FUNCTIONS =
    "register" "register($module, func, /, *args, **kwargs)\n--\n\n" register;
    "unregister" "unregister($module, func, /)\n--\n\n" unregister;
    "_clear" "_clear($module, /)\n--\n\n" clear;
    "_ncallbacks" "_ncallbacks($module, /)\n--\n\n" ncallbacks;
    "_run_exitfuncs" "_run_exitfuncs($module, /)\n--\n\n" run_exitfuncs;
}

fn register(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some((f, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("register() takes at least 1 argument (0 given)"));
    };
    if vm.type_of(f).slots.call.get().is_none() {
        return Err(vm.type_error("the first argument must be callable"));
    }
    let row = (f.clone(), rest.to_vec(), a.kw.to_vec(), a.names.to_vec());
    vm.module_state(ExitFuncs::default).0.borrow_mut().push(row);
    Ok(f.clone())
}

fn unregister(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [f] = a.exactly::<1>(vm, "unregister")?;
    let st = vm.module_state(ExitFuncs::default);
    let rows: Vec<Value> = st.0.borrow().iter().map(|r| r.0.clone()).collect();
    let mut keep = Vec::with_capacity(rows.len());
    for r in &rows {
        keep.push(!vm.same(r, f)?);
    }
    let mut keep = keep.into_iter();
    let mut old = st.0.take();
    old.retain(|_| keep.next().unwrap_or(true));
    *st.0.borrow_mut() = old;
    Ok(Value::NONE)
}

fn clear(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let old = vm.module_state(ExitFuncs::default).0.take();
    drop(old);
    Ok(Value::NONE)
}

fn ncallbacks(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.module_state(ExitFuncs::default).0.borrow().len() as i64))
}

fn run_exitfuncs(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    run_exit_functions(vm);
    Ok(Value::NONE)
}

// ---- errno ----

/// Linux's numbers.
const ERRNO: &[(&str, i64)] = &[
    ("EPERM", 1),
    ("ENOENT", 2),
    ("ESRCH", 3),
    ("EINTR", 4),
    ("EIO", 5),
    ("ENXIO", 6),
    ("E2BIG", 7),
    ("ENOEXEC", 8),
    ("EBADF", 9),
    ("ECHILD", 10),
    ("EAGAIN", 11),
    ("ENOMEM", 12),
    ("EACCES", 13),
    ("EFAULT", 14),
    ("ENOTBLK", 15),
    ("EBUSY", 16),
    ("EEXIST", 17),
    ("EXDEV", 18),
    ("ENODEV", 19),
    ("ENOTDIR", 20),
    ("EISDIR", 21),
    ("EINVAL", 22),
    ("ENFILE", 23),
    ("EMFILE", 24),
    ("ENOTTY", 25),
    ("ETXTBSY", 26),
    ("EFBIG", 27),
    ("ENOSPC", 28),
    ("ESPIPE", 29),
    ("EROFS", 30),
    ("EMLINK", 31),
    ("EPIPE", 32),
    ("EDOM", 33),
    ("ERANGE", 34),
    ("EDEADLOCK", 35),
    ("EDEADLK", 35),
    ("ENAMETOOLONG", 36),
    ("ENOLCK", 37),
    ("ENOSYS", 38),
    ("ENOTEMPTY", 39),
    ("ELOOP", 40),
    ("EWOULDBLOCK", 11),
    ("ENOMSG", 42),
    ("EIDRM", 43),
    ("ECHRNG", 44),
    ("EL2NSYNC", 45),
    ("EL3HLT", 46),
    ("EL3RST", 47),
    ("ELNRNG", 48),
    ("EUNATCH", 49),
    ("ENOCSI", 50),
    ("EL2HLT", 51),
    ("EBADE", 52),
    ("EBADR", 53),
    ("EXFULL", 54),
    ("ENOANO", 55),
    ("EBADRQC", 56),
    ("EBADSLT", 57),
    ("EBFONT", 59),
    ("ENOSTR", 60),
    ("ENODATA", 61),
    ("ETIME", 62),
    ("ENOSR", 63),
    ("ENONET", 64),
    ("ENOPKG", 65),
    ("EREMOTE", 66),
    ("ENOLINK", 67),
    ("EADV", 68),
    ("ESRMNT", 69),
    ("ECOMM", 70),
    ("EPROTO", 71),
    ("EMULTIHOP", 72),
    ("EDOTDOT", 73),
    ("EBADMSG", 74),
    ("EOVERFLOW", 75),
    ("ENOTUNIQ", 76),
    ("EBADFD", 77),
    ("EREMCHG", 78),
    ("ELIBACC", 79),
    ("ELIBBAD", 80),
    ("ELIBSCN", 81),
    ("ELIBMAX", 82),
    ("ELIBEXEC", 83),
    ("EILSEQ", 84),
    ("ERESTART", 85),
    ("ESTRPIPE", 86),
    ("EUSERS", 87),
    ("ENOTSOCK", 88),
    ("EDESTADDRREQ", 89),
    ("EMSGSIZE", 90),
    ("EPROTOTYPE", 91),
    ("ENOPROTOOPT", 92),
    ("EPROTONOSUPPORT", 93),
    ("ESOCKTNOSUPPORT", 94),
    ("EOPNOTSUPP", 95),
    ("ENOTSUP", 95),
    ("EPFNOSUPPORT", 96),
    ("EAFNOSUPPORT", 97),
    ("EADDRINUSE", 98),
    ("EADDRNOTAVAIL", 99),
    ("ENETDOWN", 100),
    ("ENETUNREACH", 101),
    ("ENETRESET", 102),
    ("ECONNABORTED", 103),
    ("ECONNRESET", 104),
    ("ENOBUFS", 105),
    ("EISCONN", 106),
    ("ENOTCONN", 107),
    ("ESHUTDOWN", 108),
    ("ETOOMANYREFS", 109),
    ("ETIMEDOUT", 110),
    ("ECONNREFUSED", 111),
    ("EHOSTDOWN", 112),
    ("EHOSTUNREACH", 113),
    ("EALREADY", 114),
    ("EINPROGRESS", 115),
    ("ESTALE", 116),
    ("EUCLEAN", 117),
    ("ENOTNAM", 118),
    ("ENAVAIL", 119),
    ("EISNAM", 120),
    ("EREMOTEIO", 121),
    ("EDQUOT", 122),
    ("ENOMEDIUM", 123),
    ("EMEDIUMTYPE", 124),
    ("ECANCELED", 125),
    ("ENOKEY", 126),
    ("EKEYEXPIRED", 127),
    ("EKEYREVOKED", 128),
    ("EKEYREJECTED", 129),
    ("EOWNERDEAD", 130),
    ("ENOTRECOVERABLE", 131),
    ("ERFKILL", 132),
    ("EHWPOISON", 133),
];

pub(crate) fn errno(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("errno");
    let codes = vm.new_dict();
    for (name, n) in ERRNO {
        vm.add_value(&m, name, vm.new_int(*n));
        vm.dict_insert(&codes, vm.new_int(*n), vm.intern(name).into())?;
    }
    vm.add_value(&m, "errorcode", codes.into());
    Ok(m)
}

// ---- _locale: the C locale ----

pub(crate) fn locale(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_locale");
    for (name, n) in [
        ("LC_CTYPE", 0),
        ("LC_NUMERIC", 1),
        ("LC_TIME", 2),
        ("LC_COLLATE", 3),
        ("LC_MONETARY", 4),
        ("LC_MESSAGES", 5),
        ("LC_ALL", 6),
        ("CHAR_MAX", 127),
        ("CODESET", 14),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    vm.add_value(
        &m,
        "Error",
        exception_class(vm, "locale.Error", &vm.exc.exception)?,
    );
    vm.add_functions(&m, LOCALE_FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { LOCALE_FUNCTIONS =
    "setlocale" "setlocale($module, category, locale=None, /)\n--\n\n" setlocale;
    "localeconv" "localeconv($module, /)\n--\n\n" localeconv;
    "strcoll" "strcoll($module, os1, os2, /)\n--\n\n" strcoll;
    "strxfrm" "strxfrm($module, string, /)\n--\n\n" strxfrm;
    "getencoding" "getencoding($module, /)\n--\n\n" |vm, _, _| Ok(vm.str_value("utf-8"));
    "nl_langinfo" "nl_langinfo($module, key, /)\n--\n\n" nl_langinfo;
}

fn setlocale(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "setlocale", 1, 2)?;
    match pos.get(1) {
        None => Ok(vm.str_value("C")),
        Some(l) if l.is_none() => Ok(vm.str_value("C")),
        Some(l) => match text_arg(vm, l, "setlocale() argument 2")?.as_str() {
            "" | "C" | "POSIX" => Ok(vm.str_value("C")),
            name @ ("C.UTF-8" | "C.utf8") => Ok(vm.str_value(name)),
            _ => Err(module_error(
                vm,
                "locale.Error",
                &vm.exc.exception,
                "unsupported locale setting",
            )),
        },
    }
}

fn localeconv(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = vm.new_dict();
    for k in [
        "thousands_sep",
        "int_curr_symbol",
        "currency_symbol",
        "mon_decimal_point",
        "mon_thousands_sep",
        "positive_sign",
        "negative_sign",
    ] {
        vm.dict_set(&d, k, vm.str_value(""));
    }
    vm.dict_set(&d, "decimal_point", vm.str_value("."));
    vm.dict_set(&d, "grouping", vm.new_list(Vec::new()));
    vm.dict_set(&d, "mon_grouping", vm.new_list(Vec::new()));
    for k in [
        "int_frac_digits",
        "frac_digits",
        "p_cs_precedes",
        "p_sep_by_space",
        "n_cs_precedes",
        "n_sep_by_space",
        "p_sign_posn",
        "n_sign_posn",
    ] {
        vm.dict_set(&d, k, Value::small_int(127));
    }
    Ok(d.into())
}

fn strcoll(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "strcoll")?;
    let (x, y) = (vm.expect_str(x, "argument")?, vm.expect_str(y, "argument")?);
    Ok(Value::small_int(x.as_bytes().cmp(y.as_bytes()) as i64))
}

fn strxfrm(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "strxfrm")?;
    let s = vm.expect_str(x, "strxfrm() argument")?;
    Ok(vm.new_wtf8(s.as_bytes()).into())
}

fn nl_langinfo(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "nl_langinfo")?;
    Ok(vm.str_value(if x.as_small_int() == Some(14) {
        "UTF-8"
    } else {
        ""
    }))
}

// ---- gc ----

pub(crate) fn gc(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("gc");
    for (name, n) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", 32),
        ("DEBUG_LEAK", 38),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    vm.add_value(&m, "garbage", vm.new_list(Vec::new()));
    let callbacks = vm.new_list(Vec::new());
    vm.module_state(|| GcState {
        callbacks: callbacks.clone(),
        frozen: Cell::new(0),
    });
    vm.add_value(&m, "callbacks", callbacks);
    vm.add_functions(&m, GC_FUNCTIONS);
    // Nothing is taken out of the collector's sight (there is no fork to save pages for): the count is all there is.
    Ok(m)
}

lasti_core::methods! { GC_FUNCTIONS =
    "collect" "collect($module, /, generation=2)\n--\n\n" collect;
    "enable" "enable($module, /)\n--\n\n" enable;
    "disable" "disable($module, /)\n--\n\n" disable;
    "isenabled" "isenabled($module, /)\n--\n\n" isenabled;
    "get_count" "get_count($module, /)\n--\n\n" get_count;
    "get_threshold" "get_threshold($module, /)\n--\n\n" get_threshold;
    "set_threshold" "(threshold0, threshold1=None, threshold2=None, /)\n--\n\n" set_threshold;
    "get_stats" "get_stats($module, /)\n--\n\n" get_stats;
    "get_objects" "get_objects($module, /, generation=None)\n--\n\n" get_objects;
    "get_referents" "get_referents($module, /, *objs)\n--\n\n" get_referents;
    "get_referrers" "get_referrers($module, /, *objs)\n--\n\n" get_referrers;
    "is_tracked" "is_tracked($module, obj, /)\n--\n\n" is_tracked;
    "is_finalized" "is_finalized($module, obj, /)\n--\n\n" is_finalized;
    "freeze" "freeze($module, /)\n--\n\n" freeze;
    "unfreeze" "unfreeze($module, /)\n--\n\n" unfreeze;
    "get_freeze_count" "get_freeze_count($module, /)\n--\n\n" get_freeze_count;
    "set_debug" "set_debug($module, flags, /)\n--\n\n" set_debug;
    "get_debug" "get_debug($module, /)\n--\n\n" get_debug;
}

fn collect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [generation] = a.bind(vm, "collect", ["generation"], 0)?;
    let n = generation.map_or(Ok(2), |g| vm.to_i64(g))?;
    if !(0..=2).contains(&n) {
        return Err(vm.value_error("invalid generation"));
    }
    // Its entries hold what they found.
    vm.clear_type_cache();
    gc_callbacks(vm, "start", n, 0);
    let found = vm.heap.collect(n > 0);
    // Finalizers run before the call returns, and what they held back goes with the second look.
    let due = vm
        .heap
        .eval_breaker
        .load(std::sync::atomic::Ordering::Relaxed);
    let found = if due & lasti_core::memory::eval_breaker::PENDING == 0 {
        found
    } else {
        vm.run_due();
        found + vm.heap.collect(n > 0)
    };
    gc_callbacks(vm, "stop", n, found);
    Ok(vm.new_int(found as i64))
}

fn enable(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.heap.set_gc_enabled(true);
    Ok(Value::NONE)
}

fn disable(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    vm.heap.set_gc_enabled(false);
    Ok(Value::NONE)
}

fn isenabled(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.heap.gc_enabled()))
}

fn get_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let zero = Value::small_int(0);
    Ok(vm.tuple_value([vm.new_int(vm.heap.gc_balance().max(0)), zero.clone(), zero]))
}

fn get_threshold(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let st = vm.module_state(|| Cell::new((2000i64, 10i64, 0i64)));
    let (x, y, z) = st.get();
    Ok(vm.tuple_value([vm.new_int(x), vm.new_int(y), vm.new_int(z)]))
}

fn set_threshold(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "set_threshold", 1, 3)?;
    let st = vm.module_state(|| Cell::new((2000i64, 10i64, 0i64)));
    let (_, y, z) = st.get();
    let at = |i: usize, d: i64| pos.get(i).map_or(Ok(d), |v| vm.to_i64(v));
    st.set((at(0, 0)?, at(1, y)?, at(2, z)?));
    vm.heap.set_gc_enabled(st.get().0 > 0);
    Ok(Value::NONE)
}

fn get_stats(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for s in vm.heap.gc_stats() {
        let d = vm.new_dict();
        vm.dict_set(&d, "collections", vm.new_int(s.collections as i64));
        vm.dict_set(&d, "collected", vm.new_int(s.collected as i64));
        vm.dict_set(&d, "uncollectable", Value::small_int(0));
        out.push(d.into());
    }
    Ok(vm.new_list(out))
}

fn get_objects(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_list(vm.heap.gc_objects()))
}

fn get_referents(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for v in a.pos {
        out.extend(vm.heap.gc_referents(v));
    }
    Ok(vm.new_list(out))
}

fn get_referrers(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let mut out = Vec::new();
    for o in vm.heap.gc_objects() {
        if vm
            .heap
            .gc_referents(&o)
            .iter()
            .any(|r| a.pos.iter().any(|x| x.is(r)))
        {
            out.push(o);
        }
    }
    Ok(vm.new_list(out))
}

fn is_tracked(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "is_tracked")?;
    Ok(Value::bool(vm.heap.gc_is_tracked(v)))
}

fn is_finalized(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "is_finalized")?;
    Ok(Value::bool(vm.heap.gc_is_finalized(v)))
}

fn freeze(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    gc_state(vm).frozen.set(vm.heap.gc_objects().len() as i64);
    Ok(Value::NONE)
}

fn unfreeze(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    gc_state(vm).frozen.set(0);
    Ok(Value::NONE)
}

fn get_freeze_count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(gc_state(vm).frozen.get()))
}

fn set_debug(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "set_debug")?;
    vm.module_state(|| DebugFlags(Cell::new(0)))
        .0
        .set(vm.to_i64(n)?);
    Ok(Value::NONE)
}

fn get_debug(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(vm.module_state(|| DebugFlags(Cell::new(0))).0.get()))
}

struct DebugFlags(Cell<i64>);

struct GcState {
    /// `gc.callbacks`.
    callbacks: Value,
    /// What `gc.get_freeze_count` shows.
    frozen: Cell<i64>,
}

fn gc_state(vm: &Vm) -> std::rc::Rc<GcState> {
    vm.module_state(|| GcState {
        callbacks: vm.new_list(Vec::new()),
        frozen: Cell::new(0),
    })
}

/// Tells `gc.callbacks` that a collection starts or has stopped. Only those asked for by `gc.collect` are told of: the
/// collector's own run where Python must not.
fn gc_callbacks(vm: &Vm, phase: &str, generation: i64, collected: usize) {
    let state = gc_state(vm);
    let Ok(all) = vm.collect(&state.callbacks) else {
        return;
    };
    for callback in all {
        let info = vm.new_dict();
        vm.dict_set(&info, "generation", vm.new_int(generation));
        vm.dict_set(&info, "collected", vm.new_int(collected as i64));
        vm.dict_set(&info, "uncollectable", Value::small_int(0));
        if let Err(e) = vm.call(&callback, &[vm.str_value(phase), info.into()]) {
            vm.unraisable(
                &e,
                "Exception ignored while calling GC callback",
                Some(&callback),
            );
        }
    }
}

// ---- _statistics ----

pub(crate) fn statistics(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_statistics");
    vm.add_functions(&m, STATISTICS_FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { STATISTICS_FUNCTIONS =
    "_normal_dist_inv_cdf" "_normal_dist_inv_cdf($module, p, mu, sigma, /)\n--\n\n" normal_dist_inv_cdf;
}

fn normal_dist_inv_cdf(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [p, mu, sigma] = a.exactly::<3>(vm, "_normal_dist_inv_cdf")?;
    let (p, mu, sigma) = (vm.to_f64(p)?, vm.to_f64(mu)?, vm.to_f64(sigma)?);
    if p <= 0.0 || p >= 1.0 || sigma <= 0.0 {
        return Err(vm.value_error("inv_cdf undefined for these parameters"));
    }
    Ok(vm.new_float(mu + standard_quantile(p) * sigma))
}

fn poly(x: f64, c: &[f64]) -> f64 {
    c.iter().fold(0.0, |acc, k| acc * x + k)
}

/// Wichura's AS241 (PPND16).
fn standard_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        let num = poly(
            r,
            &[
                2.509_080_928_730_122_7e3,
                3.343_057_558_358_813e4,
                6.726_577_092_700_87e4,
                4.592_195_393_154_987e4,
                1.373_169_376_550_946e4,
                1.971_590_950_306_551_3e3,
                1.331_416_678_917_843_8e2,
                3.387_132_872_796_366_5,
            ],
        ) * q;
        let den = poly(
            r,
            &[
                5.226_495_278_852_854e3,
                2.872_908_573_572_194_3e4,
                3.930_789_580_009_271e4,
                2.121_379_430_158_659_7e4,
                5.394_196_021_424_751e3,
                6.871_870_074_920_579e2,
                4.231_333_070_160_091e1,
                1.0,
            ],
        );
        return num / den;
    }
    let r = if q <= 0.0 { p } else { 1.0 - p };
    let r = (-r.ln()).sqrt();
    let x = if r <= 5.0 {
        let r = r - 1.6;
        poly(
            r,
            &[
                7.745_450_142_783_414e-4,
                2.272_384_498_926_918_4e-2,
                2.417_807_251_774_506e-1,
                1.270_458_252_452_368_4,
                3.647_848_324_763_204_5,
                5.769_497_221_460_691,
                4.630_337_846_156_546,
                1.423_437_110_749_683_5,
            ],
        ) / poly(
            r,
            &[
                1.050_750_071_644_416_9e-9,
                5.475_938_084_995_345e-4,
                1.519_866_656_361_645_7e-2,
                1.481_039_764_274_800_8e-1,
                6.897_673_349_851e-1,
                1.676_384_830_183_803_8,
                2.053_191_626_637_759,
                1.0,
            ],
        )
    } else {
        let r = r - 5.0;
        poly(
            r,
            &[
                2.010_334_399_292_288_1e-7,
                2.711_555_568_743_487_6e-5,
                1.242_660_947_388_078_4e-3,
                2.653_218_952_657_612_4e-2,
                2.965_605_718_285_048_7e-1,
                1.784_826_539_917_291_3,
                5.463_784_911_164_114,
                6.657_904_643_501_103,
            ],
        ) / poly(
            r,
            &[
                2.044_263_103_389_939_7e-15,
                1.421_511_758_316_446e-7,
                1.846_318_317_510_054_8e-5,
                7.868_691_311_456_133e-4,
                1.487_536_129_085_061_5e-2,
                1.369_298_809_227_358e-1,
                5.998_322_065_558_88e-1,
                1.0,
            ],
        )
    };
    if q < 0.0 { -x } else { x }
}
