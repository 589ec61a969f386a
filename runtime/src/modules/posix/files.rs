//! The functions of `posix` that take a path.
use crate::os::path::{PathArg, PathParam, convert, fail, fspath, name_like, path_value};
use lasti_core::objects::{Module, Str};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

/// The folder that an optional argument names, and its entries.
fn folder_of(vm: &Vm, a: Args, func: &'static str) -> PyResult<(Value, fs::ReadDir)> {
    let [path] = a.bind(vm, func, ["path"], 0)?;
    let here = vm.str_value(".");
    let takes = PathParam {
        none: true,
        names_fd: false,
        ..PathParam::or_fd(func)
    };
    let path = convert(
        vm,
        path.filter(|p| !p.is_none()).or(Some(&here)),
        &takes,
        None,
    )?;
    let entries = fs::read_dir(&path.path).map_err(|e| path.fail(vm, e))?;
    Ok((path.shown, entries))
}

/// Runs a file operation of one path, whose function takes nothing but that and `dir_fd`.
fn on_path(
    vm: &Vm,
    a: Args,
    func: &'static str,
    f: impl FnOnce(PathBuf) -> io::Result<()>,
) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, func, ["path", "*dir_fd"], 1)?;
    done(vm, &convert(vm, path, &PathParam::path(func), dir_fd)?, f)
}

/// Does something with a path.
fn done(vm: &Vm, path: &PathArg, f: impl FnOnce(PathBuf) -> io::Result<()>) -> PyResult<Value> {
    f(path.path.clone()).map_err(|e| path.fail(vm, e))?;
    Ok(Value::NONE)
}

fn rename(vm: &Vm, a: Args, func: &'static str) -> PyResult<Value> {
    let names = ["src", "dst", "*src_dir_fd", "*dst_dir_fd"];
    let [src, dst, from, to] = a.bind(vm, func, names, 2)?;
    let src = convert(vm, src, &PathParam::named(func, "src"), from)?;
    let dst = convert(vm, dst, &PathParam::named(func, "dst"), to)?;
    two_paths(vm, &src, &dst, fs::rename)
}

fn link(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = [
        "src",
        "dst",
        "*src_dir_fd",
        "*dst_dir_fd",
        "*follow_symlinks",
    ];
    let [src, dst, from, to, follow] = a.bind(vm, "link", names, 2)?;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    let src = convert(vm, src, &PathParam::named("link", "src"), from)?;
    let dst = convert(vm, dst, &PathParam::named("link", "dst"), to)?;
    let flags = if follow {
        rustix::fs::AtFlags::SYMLINK_FOLLOW
    } else {
        rustix::fs::AtFlags::empty()
    };
    two_paths(vm, &src, &dst, |src, dst| {
        use rustix::fs::{CWD, linkat};
        Ok(linkat(CWD, src, CWD, dst, flags)?)
    })
}

fn symlink(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["src", "dst", "target_is_directory", "*dir_fd"];
    let [src, dst, _, dir_fd] = a.bind(vm, "symlink", names, 2)?;
    let src = convert(vm, src, &PathParam::named("symlink", "src"), None)?;
    let dst = convert(vm, dst, &PathParam::named("symlink", "dst"), dir_fd)?;
    two_paths(vm, &src, &dst, std::os::unix::fs::symlink)
}

fn two_paths(
    vm: &Vm,
    src: &PathArg,
    dst: &PathArg,
    f: impl FnOnce(PathBuf, PathBuf) -> io::Result<()>,
) -> PyResult<Value> {
    f(src.path.clone(), dst.path.clone()).map_err(|e| {
        let e = src.fail(vm, e);
        if let Some(x) = e.0.downcast::<lasti_core::objects::Exception>() {
            x.set_field(3, dst.shown.clone());
        }
        e
    })?;
    Ok(Value::NONE)
}

/// `utime(path, times=None, *, ns, dir_fd=None, follow_symlinks=True)`.
fn utime(vm: &Vm, a: Args) -> PyResult<Value> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let names = ["path", "times", "*ns", "*dir_fd", "*follow_symlinks"];
    let [path, times, ns, dir_fd, follow] = a.bind(vm, "utime", names, 1)?;
    let path = convert(vm, path, &PathParam::or_fd("utime"), dir_fd)?;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    let times = times.filter(|t| !t.is_none());
    let pair = |v: &Value, what: &str| -> PyResult<[Value; 2]> {
        let t = v.downcast::<lasti_core::objects::Tuple>();
        match t.map(|t| &t[..]) {
            Some([a, m]) => Ok([a.clone(), m.clone()]),
            _ => Err(vm.type_error(format!(
                "utime: '{what}' must be {}",
                match what {
                    "ns" => "a tuple of two ints",
                    _ => "either a tuple of two ints or None",
                }
            ))),
        }
    };
    const BILLION: i64 = 1_000_000_000;
    let spec = |ns: i64| Timespec {
        tv_sec: ns.div_euclid(BILLION),
        tv_nsec: ns.rem_euclid(BILLION),
    };
    let now = || Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let [access, modified] = match (times, ns) {
        (Some(_), Some(_)) => {
            return Err(
                vm.value_error("utime: you may specify either 'times' or 'ns' but not both")
            );
        }
        (Some(t), None) => {
            let one = |v: &Value| -> PyResult<Timespec> {
                if vm.is_int(v) {
                    return Ok(Timespec {
                        tv_sec: vm.to_i64(v)?,
                        tv_nsec: 0,
                    });
                }
                let s = vm.to_f64(v)?;
                let whole = s.floor();
                Ok(Timespec {
                    tv_sec: whole as i64,
                    tv_nsec: ((s - whole) * 1e9) as i64,
                })
            };
            let [a, m] = pair(t, "times")?;
            [one(&a)?, one(&m)?]
        }
        (None, Some(t)) => {
            let [a, m] = pair(t, "ns")?;
            [spec(vm.to_i64(&a)?), spec(vm.to_i64(&m)?)]
        }
        (None, None) => [now(), now()],
    };
    let stamps = Timestamps {
        last_access: access,
        last_modification: modified,
    };
    let flags = match follow {
        true => AtFlags::empty(),
        false => AtFlags::SYMLINK_NOFOLLOW,
    };
    done(vm, &path, |p| Ok(utimensat(CWD, p, &stamps, flags)?))
}

/// `access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)`.
fn access(vm: &Vm, a: Args) -> PyResult<Value> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let names = [
        "path",
        "mode",
        "*dir_fd",
        "*effective_ids",
        "*follow_symlinks",
    ];
    let [path, mode, dir_fd, effective, follow] = a.bind(vm, "access", names, 2)?;
    let path = convert(vm, path, &PathParam::path("access"), dir_fd)?;
    let mode = vm.to_i64(mode.unwrap_or(&Value::NONE))?;
    let on = |v: Option<&Value>, default| v.map_or(Ok(default), |v| vm.is_true(v));
    let mut flags = AtFlags::empty();
    flags.set(AtFlags::EACCESS, on(effective, false)?);
    flags.set(AtFlags::SYMLINK_NOFOLLOW, !on(follow, true)?);
    let mode = u32::try_from(mode).ok().and_then(Access::from_bits);
    let Some(mode) = mode else {
        return Ok(Value::FALSE);
    };
    Ok(Value::bool(accessat(CWD, &path.path, mode, flags).is_ok()))
}

/// Adds the functions of this file.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
}

lasti_core::methods! { FUNCTIONS =
    "getcwd" "getcwd($module, /)\n--\n\n" getcwd;
    "getcwdb" "getcwdb($module, /)\n--\n\n" getcwdb;
    "chdir" "chdir($module, /, path)\n--\n\n" chdir;
    "mkdir" "mkdir($module, /, path, mode=511, *, dir_fd=None)\n--\n\n" mkdir;
    "rmdir" "rmdir($module, /, path, *, dir_fd=None)\n--\n\n" |vm, _, a| on_path(vm, a, "rmdir", fs::remove_dir);
    "unlink" "unlink($module, /, path, *, dir_fd=None)\n--\n\n" unlink;
    "remove" "remove($module, /, path, *, dir_fd=None)\n--\n\n" remove;
    "rename" "rename($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\n" |vm, _, a| rename(vm, a, "rename");
    "replace" "replace($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\n" |vm, _, a| rename(vm, a, "replace");
    "link" "link($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=(os.name != 'nt'))\n--\n\n" |vm, _, a| link(vm, a);
    "symlink" "symlink($module, /, src, dst, target_is_directory=False, *, dir_fd=None)\n--\n\n" |vm, _, a| symlink(vm, a);
    "readlink" "readlink($module, /, path, *, dir_fd=None)\n--\n\n" readlink;
    "chmod" "chmod($module, /, path, mode, *, dir_fd=None, follow_symlinks=(os.name != 'nt'))\n--\n\n" chmod;
    "truncate" "truncate($module, /, path, length)\n--\n\n" truncate;
    "utime" "utime($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)\n--\n\n" |vm, _, a| utime(vm, a);
    "access" "access($module, /, path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)\n--\n\n" |vm, _, a| access(vm, a);
    "listdir" "listdir($module, /, path=None)\n--\n\n" listdir;
    "_scan" "" scan;
    "fspath" "fspath($module, /, path)\n--\n\n" fspath_function;
    "_path_splitroot_ex" "_path_splitroot_ex($module, /, p)\n--\n\n" path_splitroot_ex;
}

fn getcwd(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = std::env::current_dir().map_err(|e| vm.os_error(&e, None))?;
    Ok(path_value(vm, d.as_os_str()))
}

fn getcwdb(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = std::env::current_dir().map_err(|e| vm.os_error(&e, None))?;
    Ok(vm.new_bytes(d.as_os_str().as_bytes()))
}

fn chdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path] = a.bind(vm, "chdir", ["path"], 1)?;
    let path = convert(vm, path, &PathParam::or_fd("chdir"), None)?;
    done(vm, &path, std::env::set_current_dir)
}

fn mkdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, mode, dir_fd] = a.bind(vm, "mkdir", ["path", "mode", "*dir_fd"], 1)?;
    let path = convert(vm, path, &PathParam::path("mkdir"), dir_fd)?;
    let mode = mode.map_or(Ok(0o777), |m| vm.to_i64(m))? as u32;
    done(vm, &path, |p| fs::DirBuilder::new().mode(mode).create(p))
}

fn unlink(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    on_path(vm, a, "unlink", fs::remove_file)
}

fn remove(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    on_path(vm, a, "remove", fs::remove_file)
}

fn readlink(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, dir_fd] = a.bind(vm, "readlink", ["path", "*dir_fd"], 1)?;
    let path = convert(vm, path, &PathParam::path("readlink"), dir_fd)?;
    let t = fs::read_link(&path.path).map_err(|e| path.fail(vm, e))?;
    Ok(name_like(vm, &path.shown, t.as_os_str()))
}

fn chmod(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let names = ["path", "mode", "*dir_fd", "*follow_symlinks"];
    let [path, mode, dir_fd, follow] = a.bind(vm, "chmod", names, 2)?;
    let path = convert(vm, path, &PathParam::or_fd("chmod"), dir_fd)?;
    let mode = vm.to_i64(mode.unwrap_or(&Value::NONE))? as u32;
    let follow = follow.map_or(Ok(true), |f| vm.is_true(f))?;
    // Linux keeps no mode for links.
    if !follow && fs::symlink_metadata(&path.path).is_ok_and(|m| m.is_symlink()) {
        let msg = "chmod: follow_symlinks unavailable on this platform";
        return Err(vm.new_exception(&vm.exc.not_implemented_error, msg));
    }
    done(vm, &path, |p| {
        fs::set_permissions(p, fs::Permissions::from_mode(mode))
    })
}

fn truncate(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, length] = a.bind(vm, "truncate", ["path", "length"], 2)?;
    let takes = PathParam {
        names_fd: false,
        ..PathParam::or_fd("truncate")
    };
    let path = convert(vm, path, &takes, None)?;
    let n = vm.to_i64(length.unwrap_or(&Value::NONE))?;
    done(vm, &path, |p| {
        let n = u64::try_from(n).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        OpenOptions::new().write(true).open(p)?.set_len(n)
    })
}

fn listdir(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (path, entries) = folder_of(vm, a, "listdir")?;
    let mut names = Vec::new();
    for e in entries {
        let e = e.map_err(|e| fail(vm, e, &path))?;
        names.push(name_like(vm, &path, &e.file_name()));
    }
    Ok(vm.new_list(names))
}

fn scan(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (path, entries) = folder_of(vm, a, "scandir")?;
    let mut rows = Vec::new();
    for e in entries.flatten() {
        let kind = e.file_type().ok();
        let is = |f: fn(&fs::FileType) -> bool| Value::bool(kind.as_ref().is_some_and(f));
        rows.push(vm.tuple_value([
            name_like(vm, &path, &e.file_name()),
            is(fs::FileType::is_dir),
            is(fs::FileType::is_file),
            is(fs::FileType::is_symlink),
        ]));
    }
    Ok(vm.new_list(rows))
}

fn fspath_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    fspath(vm, &a.exactly::<1>(vm, "fspath")?[0])
}

fn path_splitroot_ex(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [p] = a.exactly::<1>(vm, "_path_splitroot_ex")?;
    let p = fspath(vm, p)?;
    let bytes = match p.downcast::<Str>() {
        Some(s) => s.as_bytes().to_vec(),
        None => vm.buffer(&p)?,
    };
    let slashes = bytes.iter().take_while(|c| **c == b'/').count();
    let root = match slashes {
        0 => 0,
        2 => 2,
        _ => 1,
    };
    let part = |from: usize, to: usize| {
        let slice = vm.new_slice(vm.new_int(from as i64), vm.new_int(to as i64), Value::NONE);
        vm.getitem(&p, &slice)
    };
    Ok(vm.tuple_value([part(0, 0)?, part(0, root)?, part(root, bytes.len())?]))
}
