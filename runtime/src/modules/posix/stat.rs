//! `os.stat` and its result.
use crate::os::fd::file_of;
use crate::os::path::{PathParam, convert};
use lasti_core::objects::{Module, Type};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::fs;
use std::os::unix::fs::MetadataExt;

struct StatType(Ref<Type>);

fn stat_type(vm: &Vm) -> Ref<Type> {
    let names = [
        "st_mode",
        "st_ino",
        "st_dev",
        "st_nlink",
        "st_uid",
        "st_gid",
        "st_size",
        "st_atime_int",
        "st_mtime_int",
        "st_ctime_int",
        "st_atime",
        "st_mtime",
        "st_ctime",
        "st_atime_ns",
        "st_mtime_ns",
        "st_ctime_ns",
        "st_blksize",
        "st_blocks",
        "st_rdev",
    ];
    vm.module_state(|| StatType(vm.new_structseq_type("os.stat_result", &names, 10)))
        .0
        .clone()
}

fn stat_value(vm: &Vm, m: &fs::Metadata) -> Value {
    let i = |n: i64| vm.new_int(n);
    let f = |s: i64, ns: i64| vm.new_float(s as f64 + ns as f64 / 1e9);
    let ns = |s: i64, n: i64| vm.new_int(s.saturating_mul(1_000_000_000).saturating_add(n));
    let items = vec![
        i(m.mode() as i64),
        vm.new_uint(m.ino()),
        vm.new_uint(m.dev()),
        vm.new_uint(m.nlink()),
        i(m.uid() as i64),
        i(m.gid() as i64),
        vm.new_uint(m.size()),
        i(m.atime()),
        i(m.mtime()),
        i(m.ctime()),
        f(m.atime(), m.atime_nsec()),
        f(m.mtime(), m.mtime_nsec()),
        f(m.ctime(), m.ctime_nsec()),
        ns(m.atime(), m.atime_nsec()),
        ns(m.mtime(), m.mtime_nsec()),
        ns(m.ctime(), m.ctime_nsec()),
        vm.new_uint(m.blksize()),
        vm.new_uint(m.blocks()),
        vm.new_uint(m.rdev()),
    ];
    vm.new_structseq(&stat_type(vm), items)
}

fn stat(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["path", "*dir_fd", "*follow_symlinks"];
    let [path, dir_fd, follow] = a.bind(vm, "stat", names, 1)?;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    stat_path(vm, path, &PathParam::or_fd("stat"), dir_fd, follow)
}

fn lstat(vm: &Vm, a: Args) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, "lstat", ["path", "*dir_fd"], 1)?;
    stat_path(vm, path, &PathParam::path("lstat"), dir_fd, false)
}

fn stat_path(
    vm: &Vm,
    path: Option<&Value>,
    takes: &PathParam,
    dir_fd: Option<&Value>,
    follow: bool,
) -> PyResult<Value> {
    let path = convert(vm, path, takes, dir_fd)?;
    let m = if follow || vm.is_int(&path.shown) {
        fs::metadata(&path.path)
    } else {
        fs::symlink_metadata(&path.path)
    };
    Ok(stat_value(vm, &m.map_err(|e| path.fail(vm, e))?))
}

fn fstat(vm: &Vm, fd: &Value) -> PyResult<Value> {
    let (n, f) = file_of(vm, fd)?;
    let m = match f {
        Some(f) => f.metadata(),
        None => fs::metadata(format!("/proc/self/fd/{n}")),
    };
    Ok(stat_value(vm, &m.map_err(|e| vm.os_error(&e, None))?))
}

/// Adds the functions of this file.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
    vm.add_value(m, "stat_result", stat_type(vm).into());
}

lasti_core::methods! { FUNCTIONS =
    "stat" "stat($module, /, path, *, dir_fd=None, follow_symlinks=True)\n--\n\n" |vm, _, a| stat(vm, a);
    "lstat" "lstat($module, /, path, *, dir_fd=None)\n--\n\n" |vm, _, a| lstat(vm, a);
    "fstat" "fstat($module, /, fd)\n--\n\n" fstat_function;
}

fn fstat_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    fstat(vm, &a.exactly::<1>(vm, "fstat")?[0])
}
