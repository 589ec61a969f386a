//! The local time zone: what TZ names, or else the system's. A script changes TZ in `os.environ` alone, never in the process,
//! so `time.tzset` reads it there.
use lasti_core::{Value, Vm};
use std::cell::RefCell;
use std::rc::Rc;
use tz::TimeZone;

struct Local(RefCell<TimeZone>);

/// What holds at one moment.
pub struct Offset {
    /// Seconds east of UTC.
    pub seconds: i32,
    pub is_dst: bool,
    pub name: String,
}

/// The zone that a TZ variable means. As in C an unknown one is UTC.
fn zone_of(tz: Option<&str>) -> TimeZone {
    let found = match tz {
        None => TimeZone::local(),
        Some("") => Ok(TimeZone::utc()),
        Some(name) => TimeZone::from_posix_tz(name),
    };
    found.unwrap_or_else(|_| TimeZone::utc())
}

fn local(vm: &Vm) -> Rc<Local> {
    vm.module_state(|| {
        let tz = std::env::var("TZ").ok();
        Local(RefCell::new(zone_of(tz.as_deref())))
    })
}

/// Reads TZ of `os.environ`.
pub fn set(vm: &Vm) {
    let from_environ = |os: Value| -> lasti_core::PyResult<Option<String>> {
        let environ = vm.getattr_str(&os, "environ")?;
        let tz = vm.call_method(&environ, "get", &[vm.str_value("TZ")])?;
        Ok((!tz.is_none()).then(|| vm.display(&tz)))
    };
    let tz = match vm.import("os").and_then(from_environ) {
        Ok(tz) => tz,
        Err(_) => std::env::var("TZ").ok(),
    };
    local(vm).0.replace(zone_of(tz.as_deref()));
}

/// The offset at a moment in seconds since 1970.
pub fn offset_at(vm: &Vm, time: i64) -> Offset {
    let local = local(vm);
    let zone = local.0.borrow();
    match zone.as_ref().find_local_time_type(time) {
        Ok(t) => Offset {
            seconds: t.ut_offset(),
            is_dst: t.is_dst(),
            name: match t.time_zone_designation() {
                "" => "UTC".to_owned(),
                name => name.to_owned(),
            },
        },
        Err(_) => Offset {
            seconds: 0,
            is_dst: false,
            name: "UTC".to_owned(),
        },
    }
}

/// The moment of a local clock reading, given in seconds as if it were UTC. Of two moments `is_dst` chooses (negative: the earlier
/// one); a reading that a change leaves out is taken by the offset before it.
pub fn moment_of(vm: &Vm, reading: i64, is_dst: i64) -> i64 {
    const DAY: i64 = 86_400;
    let around = [reading - DAY, reading + DAY].map(|t| offset_at(vm, t).seconds as i64);
    let fits = |offset: i64| offset_at(vm, reading - offset).seconds as i64 == offset;
    let matching = |offset: i64| {
        fits(offset) && (is_dst < 0 || offset_at(vm, reading - offset).is_dst == (is_dst > 0))
    };
    let chosen = around.into_iter().find(|o| matching(*o));
    let chosen = chosen.or_else(|| around.into_iter().find(|o| fits(*o)));
    reading - chosen.unwrap_or(around[0])
}
