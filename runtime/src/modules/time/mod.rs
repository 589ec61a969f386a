//! The `time` module (CPython's Modules/timemodule.c).
mod zone;

use crate::host::clock;
use crate::reactor::Clock;
use lasti_core::objects::{Module, Tuple, Type};
use lasti_core::vm::args::Args;
use lasti_core::{Exc, PyResult, Ref, Value, Vm};
use rustix::time::ClockId;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn register(vm: &Vm) {
    vm.register_module("time", init);
}

struct StructTime(Ref<Type>);

fn struct_time(vm: &Vm) -> Ref<Type> {
    let fields = [
        "tm_year",
        "tm_mon",
        "tm_mday",
        "tm_hour",
        "tm_min",
        "tm_sec",
        "tm_wday",
        "tm_yday",
        "tm_isdst",
        "tm_zone",
        "tm_gmtoff",
    ];
    vm.module_state(|| StructTime(vm.new_structseq_type("time.struct_time", &fields, 9)))
        .0
        .clone()
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("time");
    vm.add_functions(&m, FUNCTIONS);
    vm.add_value(&m, "CLOCK_REALTIME", vm.new_int(0));
    vm.add_value(&m, "CLOCK_MONOTONIC", vm.new_int(1));
    vm.add_value(&m, "struct_time", struct_time(vm).into());
    vm.add_value(&m, "_STRUCT_TM_ITEMS", vm.new_int(11));
    zone_names(vm, &m);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "monotonic" "monotonic($module, /)\n--\n\n" monotonic;
    "perf_counter" "perf_counter($module, /)\n--\n\n" monotonic;
    "monotonic_ns" "monotonic_ns($module, /)\n--\n\n" |vm, _, _| Ok(vm.new_int(clock().now() as i64));
    "perf_counter_ns" "perf_counter_ns($module, /)\n--\n\n" |vm, _, _| Ok(vm.new_int(clock().now() as i64));
    "time" "time()\n--\n\n" time;
    "time_ns" "time_ns()\n--\n\n" time_ns;
    "process_time" "process_time($self, /)\n--\n\n" process_time;
    "thread_time" "thread_time($self, /)\n--\n\n" thread_time;
    "process_time_ns" "process_time_ns($self, /)\n--\n\n" process_time_ns;
    "thread_time_ns" "thread_time_ns($self, /)\n--\n\n" thread_time_ns;
    "sleep" "sleep(seconds, /)\n--\n\n" sleep_function;
    "gmtime" "(seconds=None, /)\n--\n\n" gmtime;
    "localtime" "(seconds=None, /)\n--\n\n" localtime;
    "mktime" "mktime($self, object, /)\n--\n\n" mktime;
    "asctime" "(tuple=None, /)\n--\n\n" asctime;
    "ctime" "(seconds=None, /)\n--\n\n" ctime;
    "strftime" "(format, tuple=None, /)\n--\n\n" strftime_function;
    "strptime" "(string, format=None, /)\n--\n\n" strptime;
    "get_clock_info" "(name, /)\n--\n\n" get_clock_info;
    "tzset" "tzset($self, /)\n--\n\n" tzset;
    "clock_gettime" "clock_gettime($module, clk_id, /)\n--\n\n" clock_gettime;
}

fn monotonic(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_float(clock().now() as f64 / 1e9))
}

fn time(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_float(wall().as_secs_f64()))
}

fn time_ns(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(wall().as_nanos() as i64))
}

fn process_time(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_float(processor_time(ClockId::ProcessCPUTime).as_secs_f64()))
}

fn thread_time(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_float(processor_time(ClockId::ThreadCPUTime).as_secs_f64()))
}

fn process_time_ns(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(processor_time(ClockId::ProcessCPUTime).as_nanos() as i64))
}

fn thread_time_ns(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(processor_time(ClockId::ThreadCPUTime).as_nanos() as i64))
}

fn sleep_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "sleep")?;
    let ns = crate::wait::nanoseconds(vm, s, 1.0)?;
    if ns < 0 {
        return Err(vm.value_error("sleep length must be non-negative"));
    }
    sleep(vm, crate::wait::after(ns))?;
    Ok(Value::NONE)
}

fn gmtime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    calendar(vm, a.between(vm, "gmtime", 0, 1)?.first(), false)
}

fn localtime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    calendar(vm, a.between(vm, "localtime", 0, 1)?.first(), true)
}

fn mktime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [t] = a.exactly::<1>(vm, "mktime")?;
    let reading = naive(vm, t)?.and_utc().timestamp();
    let moment = zone::moment_of(vm, reading, dst_of(vm, t)?);
    Ok(vm.new_float(moment as f64))
}

fn asctime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let t = match a.between(vm, "asctime", 0, 1)? {
        [t] => t.clone(),
        _ => calendar(vm, None, true)?,
    };
    Ok(vm.str_value(&naive(vm, &t)?.format("%a %b %e %H:%M:%S %Y").to_string()))
}

fn ctime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let t = calendar(vm, a.between(vm, "ctime", 0, 1)?.first(), true)?;
    Ok(vm.str_value(&naive(vm, &t)?.format("%a %b %e %H:%M:%S %Y").to_string()))
}

fn strftime_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "strftime", 1, 2)?;
    let format = vm
        .expect_str(&pos[0], "strftime() argument 1")?
        .to_string_lossy()
        .into_owned();
    let t = match pos.get(1) {
        Some(t) => t.clone(),
        None => calendar(vm, None, true)?,
    };
    strftime(vm, &format, &t)
}

fn strptime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let m = vm.import("_strptime")?;
    let f = vm.getattr_str(&m, "_strptime_time")?;
    vm.call_args(&f, a)
}

fn get_clock_info(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "get_clock_info")?;
    let t = vm.import("types")?;
    let ns = vm.getattr_str(&t, "SimpleNamespace")?;
    let wall = vm.display(name) == "time";
    let kw = [
        vm.str_value(if wall {
            "clock_gettime(CLOCK_REALTIME)"
        } else {
            "clock_gettime(CLOCK_MONOTONIC)"
        }),
        Value::bool(!wall),
        Value::bool(wall),
        vm.new_float(1e-9),
    ];
    let names =
        ["implementation", "monotonic", "adjustable", "resolution"].map(|n| vm.str_value(n));
    vm.call_args(
        &ns,
        lasti_core::Args {
            pos: &[],
            kw: &kw,
            names: &names,
        },
    )
}

fn tzset(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    zone::set(vm);
    if let Some(m) = vm.loaded_module("time") {
        zone_names(vm, &m);
    }
    Ok(Value::NONE)
}

fn clock_gettime(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [id] = a.exactly::<1>(vm, "clock_gettime")?;
    Ok(vm.new_float(if vm.to_i64(id)? == 0 {
        wall().as_secs_f64()
    } else {
        clock().now() as f64 / 1e9
    }))
}

/// `timezone`, `altzone`, `daylight` and `tzname`: the offsets of this year's January and July.
fn zone_names(vm: &Vm, m: &Ref<Module>) {
    // An average year, as CPython counts it.
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let start = wall().as_secs() as i64 / YEAR * YEAR;
    let january = zone::offset_at(vm, start);
    let july = zone::offset_at(vm, start + YEAR / 2);
    // South of the equator January is the summer.
    let (winter, summer) = if january.seconds > july.seconds {
        (july, january)
    } else {
        (january, july)
    };
    vm.add_value(m, "timezone", vm.new_int(-(winter.seconds as i64)));
    vm.add_value(m, "altzone", vm.new_int(-(summer.seconds as i64)));
    let daylight = winter.seconds != summer.seconds;
    vm.add_value(m, "daylight", vm.new_int(daylight as i64));
    let names = [vm.str_value(&winter.name), vm.str_value(&summer.name)];
    vm.add_value(m, "tzname", vm.tuple_value(names));
}

/// Processor time used, by all threads or by this one.
fn processor_time(id: ClockId) -> Duration {
    Duration::try_from(rustix::time::clock_gettime(id)).unwrap_or_default()
}

fn sleep(vm: &Vm, until: Option<Instant>) -> PyResult<()> {
    loop {
        crate::wait::pause(vm, until)?;
        if until.is_some_and(|u| Instant::now() >= u) {
            return Ok(());
        }
    }
}

fn calendar(vm: &Vm, seconds: Option<&Value>, local: bool) -> PyResult<Value> {
    use chrono::{Datelike, TimeZone, Timelike};
    let seconds = match seconds {
        Some(s) if !s.is_none() => vm.to_f64(s)?.floor(),
        _ => wall().as_secs() as f64,
    };
    let range = || vm.overflow_error("timestamp out of range for platform time_t");
    if !seconds.is_finite() || seconds.abs() > 6.0e10 {
        return Err(range());
    }
    let utc = chrono::Utc
        .timestamp_opt(seconds as i64, 0)
        .single()
        .ok_or_else(range)?;
    let at = if local {
        zone::offset_at(vm, seconds as i64)
    } else {
        zone::Offset {
            seconds: 0,
            is_dst: false,
            name: "UTC".to_owned(),
        }
    };
    let n = utc.naive_utc() + chrono::TimeDelta::seconds(at.seconds as i64);
    let i = |n: i64| vm.new_int(n);
    let items = vec![
        i(n.year() as i64),
        i(n.month() as i64),
        i(n.day() as i64),
        i(n.hour() as i64),
        i(n.minute() as i64),
        i(n.second() as i64),
        i(n.weekday().num_days_from_monday() as i64),
        i(n.ordinal() as i64),
        i(at.is_dst as i64),
        vm.str_value(&at.name),
        i(at.seconds as i64),
    ];
    Ok(vm.new_structseq(&struct_time(vm), items))
}

fn naive(vm: &Vm, t: &Value) -> PyResult<chrono::NaiveDateTime> {
    let Some(items) = t.downcast::<Tuple>() else {
        return Err(vm.type_error("Tuple or struct_time argument required"));
    };
    if items.len() < 9 {
        return Err(vm.type_error("time tuple must have exactly 9 items"));
    }
    let mut n = [0i64; 6];
    for (slot, v) in n.iter_mut().zip(items.iter()) {
        *slot = vm.to_i64(v)?;
    }
    let bad = |what: &str| -> Exc { vm.value_error(format!("{what} out of range")) };
    let date = chrono::NaiveDate::from_ymd_opt(n[0] as i32, n[1].max(1) as u32, n[2].max(1) as u32)
        .ok_or_else(|| bad("day of month"))?;
    date.and_hms_opt(n[3] as u32, n[4] as u32, n[5].min(59) as u32)
        .ok_or_else(|| bad("hour"))
}

/// The tuple's `tm_isdst`.
fn dst_of(vm: &Vm, t: &Value) -> PyResult<i64> {
    match t.downcast::<Tuple>().and_then(|t| t.get(8)) {
        Some(v) => vm.to_i64(v),
        None => Ok(-1),
    }
}

fn strftime(vm: &Vm, format: &str, t: &Value) -> PyResult<Value> {
    use std::fmt::Write;
    let n = naive(vm, t)?;
    let reading = n.and_utc().timestamp();
    let moment = zone::moment_of(vm, reading, dst_of(vm, t)?);
    let zone = zone::offset_at(vm, moment);
    let format = with_zone_name(format, &zone.name);
    let mut out = String::new();
    let offset = chrono::FixedOffset::east_opt(zone.seconds);
    let local = offset.and_then(|o| chrono::TimeZone::from_local_datetime(&o, &n).single());
    let written = match local {
        Some(l) => write!(out, "{}", l.format(&format)),
        None => write!(out, "{}", n.format(&format)),
    };
    // chrono knows C's conversions; one it does not know is shown as it stands.
    Ok(vm.str_value(if written.is_ok() { &out } else { &format }))
}

/// The format with `%Z` replaced: chrono would show the offset.
fn with_zone_name(format: &str, name: &str) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('Z') => out.push_str(&name.replace('%', "%%")),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}
