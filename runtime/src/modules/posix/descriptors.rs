//! The functions of `posix` that take a descriptor.
use crate::os::buffer::Held;
use crate::os::fd::{self, adopt, file_of};
use crate::os::open::open_path;
use crate::os::path::{PathParam, convert};
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use std::fs::File;
use std::io;
use std::os::fd::{OwnedFd, RawFd};

fn open(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = ["path", "flags", "mode", "*dir_fd"];
    let [path, flags, mode, dir_fd] = a.bind(vm, "open", names, 2)?;
    let path = convert(vm, path, &PathParam::path("open"), dir_fd)?;
    let flags = vm.to_i64(flags.unwrap_or(&Value::NONE))? as i32;
    let mode = mode.map_or(Ok(0o777), |m| vm.to_i64(m))? as u32;
    Ok(vm.new_int(open_path(vm, &path, flags, mode)? as i64))
}

fn read(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, n] = a.exactly::<2>(vm, "read")?;
    let n = vm.to_usize(n, "length")?.min(1 << 30);
    let got = fd::read_some(vm, fd, n)?.map_err(|e| vm.os_error(&e, None))?;
    vm.try_new_bytes(got)
}

fn write(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, data] = a.exactly::<2>(vm, "write")?;
    let _held = Held::of(vm, data);
    let n = fd::write_some(vm, fd, &vm.buffer(data)?)?.map_err(|e| vm.os_error(&e, None))?;
    Ok(vm.new_int(n as i64))
}

fn close(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "close")?;
    fd::close_fd(vm, fd)?;
    Ok(Value::NONE)
}

fn lseek(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, at, how] = a.exactly::<3>(vm, "lseek")?;
    fd::seek_fd(vm, fd, vm.to_i64(at)?, vm.to_i64(how)?).map(|n| vm.new_uint(n))
}

fn ftruncate(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd, n] = a.exactly::<2>(vm, "ftruncate")?;
    fd::truncate_fd(vm, fd, vm.to_i64(n)?)?;
    Ok(Value::NONE)
}

fn isatty(vm: &Vm, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "isatty")?;
    Ok(Value::bool(fd::is_tty(vm, vm.to_i64(fd)? as RawFd)))
}

/// Adds the functions of this file.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
}

lasti_core::methods! { FUNCTIONS =
    "open" "open($module, /, path, flags, mode=511, *, dir_fd=None)\n--\n\n" |vm, _, a| open(vm, a);
    "read" "read($module, fd, length, /)\n--\n\n" |vm, _, a| read(vm, a);
    "write" "write($module, fd, data, /)\n--\n\n" |vm, _, a| write(vm, a);
    "readinto" "readinto($module, fd, buffer, /)\n--\n\n" readinto;
    "close" "close($module, /, fd)\n--\n\n" |vm, _, a| close(vm, a);
    "lseek" "lseek($module, fd, position, whence, /)\n--\n\n" |vm, _, a| lseek(vm, a);
    "ftruncate" "ftruncate($module, fd, length, /)\n--\n\n" |vm, _, a| ftruncate(vm, a);
    "fsync" "fsync($module, /, fd)\n--\n\n" fsync;
    "isatty" "isatty($module, fd, /)\n--\n\n" |vm, _, a| isatty(vm, a);
    "dup" "dup($module, fd, /)\n--\n\n" dup;
    "dup2" "dup2($module, /, fd, fd2, inheritable=True)\n--\n\n" dup2;
    "pipe" "pipe($module, /)\n--\n\n" pipe;
    "get_inheritable" "get_inheritable($module, fd, /)\n--\n\n" get_inheritable;
    "set_inheritable" "set_inheritable($module, fd, inheritable, /)\n--\n\n" set_inheritable;
    "set_blocking" "set_blocking($module, fd, blocking, /)\n--\n\n" set_blocking;
    "get_blocking" "get_blocking($module, fd, /)\n--\n\n" get_blocking;
}

fn readinto(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, buffer] = a.exactly::<2>(vm, "readinto")?;
    let n = vm.len(buffer)?;
    let data = read(vm, Args::pos(&[fd.clone(), vm.new_int(n as i64)]))?;
    let got = vm.len(&data)?;
    let slice = vm.new_slice(Value::NONE, vm.new_int(got as i64), Value::NONE);
    vm.setitem(buffer, &slice, &data)?;
    Ok(vm.new_int(got as i64))
}

fn fsync(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "fsync")?;
    if let (_, Some(file)) = file_of(vm, fd)? {
        file.sync_all().map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(Value::NONE)
}

fn dup(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "dup")?;
    let copy = fd::duplicate(vm, fd)?;
    Ok(vm.new_int(adopt(vm, File::from(copy)) as i64))
}

fn pipe(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let (r, w) = io::pipe().map_err(|e| vm.os_error(&e, None))?;
    let r = adopt(vm, File::from(OwnedFd::from(r)));
    let w = adopt(vm, File::from(OwnedFd::from(w)));
    Ok(vm.tuple_value([vm.new_int(r as i64), vm.new_int(w as i64)]))
}

fn get_inheritable(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "get_inheritable")?;
    match file_of(vm, fd)?.1 {
        Some(file) => Ok(Value::bool(fd::is_inherited(&file))),
        // The standard streams.
        None => Ok(Value::TRUE),
    }
}

fn set_inheritable(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, on] = a.exactly::<2>(vm, "set_inheritable")?;
    let on = vm.is_true(on)?;
    if let (_, Some(file)) = file_of(vm, fd)? {
        fd::set_inherited(&file, on).map_err(|e| vm.os_error(&e, None))?;
    }
    Ok(Value::NONE)
}

fn set_blocking(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd, blocking] = a.exactly::<2>(vm, "set_blocking")?;
    let blocking = vm.is_true(blocking)?;
    fd::as_socket(vm, fd, |s| s.set_nonblocking(!blocking))?;
    Ok(Value::NONE)
}

fn get_blocking(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fd] = a.exactly::<1>(vm, "get_blocking")?;
    Ok(Value::bool(!fd::as_socket(vm, fd, |s| s.nonblocking())?))
}

fn dup2(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [from, to, inheritable] = a.bind(vm, "dup2", ["fd", "fd2", "inheritable"], 2)?;
    let none = Value::NONE;
    let (from, to) = (from.unwrap_or(&none), to.unwrap_or(&none));
    let inheritable = inheritable.map_or(Ok(true), |v| vm.is_true(v))?;
    fd::dup2(vm, from, to, inheritable)?;
    Ok(to.clone())
}
