//! The functions of `posix` that take a descriptor.
use crate::os::fd::{self, adopt, file_of};
use crate::os::open::open_path;
use crate::os::path::{PathParam, convert};
use lasti_core::objects::{Module, PlainFn};
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
    let f = |name: &str, f: PlainFn| vm.add_function(m, name, "", f);
    f("open", |vm, _, a| open(vm, a));
    f("read", |vm, _, a| read(vm, a));
    f("write", |vm, _, a| write(vm, a));
    f("readinto", |vm, _, a| {
        let [fd, buffer] = a.exactly::<2>(vm, "readinto")?;
        let n = vm.len(buffer)?;
        let data = read(vm, Args::pos(&[fd.clone(), vm.new_int(n as i64)]))?;
        let got = vm.len(&data)?;
        let slice = vm.new_slice(Value::NONE, vm.new_int(got as i64), Value::NONE);
        vm.setitem(buffer, &slice, &data)?;
        Ok(vm.new_int(got as i64))
    });
    f("close", |vm, _, a| close(vm, a));
    f("lseek", |vm, _, a| lseek(vm, a));
    f("ftruncate", |vm, _, a| ftruncate(vm, a));
    f("fsync", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "fsync")?;
        if let (_, Some(file)) = file_of(vm, fd)? {
            file.sync_all().map_err(|e| vm.os_error(&e, None))?;
        }
        Ok(Value::NONE)
    });
    f("isatty", |vm, _, a| isatty(vm, a));
    f("dup", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "dup")?;
        let copy = fd::duplicate(vm, fd)?;
        Ok(vm.new_int(adopt(vm, File::from(copy)) as i64))
    });
    f("dup2", |vm, _, a| {
        let [from, to, inheritable] = a.bind(vm, "dup2", ["fd", "fd2", "inheritable"], 2)?;
        let none = Value::NONE;
        let (from, to) = (from.unwrap_or(&none), to.unwrap_or(&none));
        let inheritable = inheritable.map_or(Ok(true), |v| vm.is_true(v))?;
        fd::dup2(vm, from, to, inheritable)?;
        Ok(to.clone())
    });
    f("pipe", |vm, _, _| {
        let (r, w) = io::pipe().map_err(|e| vm.os_error(&e, None))?;
        let r = adopt(vm, File::from(OwnedFd::from(r)));
        let w = adopt(vm, File::from(OwnedFd::from(w)));
        Ok(vm.tuple_value([vm.new_int(r as i64), vm.new_int(w as i64)]))
    });
    f("get_inheritable", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "get_inheritable")?;
        match file_of(vm, fd)?.1 {
            Some(file) => Ok(Value::bool(fd::is_inherited(&file))),
            // The standard streams.
            None => Ok(Value::TRUE),
        }
    });
    f("set_inheritable", |vm, _, a| {
        let [fd, on] = a.exactly::<2>(vm, "set_inheritable")?;
        let on = vm.is_true(on)?;
        if let (_, Some(file)) = file_of(vm, fd)? {
            fd::set_inherited(&file, on).map_err(|e| vm.os_error(&e, None))?;
        }
        Ok(Value::NONE)
    });
    f("set_blocking", |vm, _, a| {
        let [fd, blocking] = a.exactly::<2>(vm, "set_blocking")?;
        let blocking = vm.is_true(blocking)?;
        fd::as_socket(vm, fd, |s| s.set_nonblocking(!blocking))?;
        Ok(Value::NONE)
    });
    f("get_blocking", |vm, _, a| {
        let [fd] = a.exactly::<1>(vm, "get_blocking")?;
        Ok(Value::bool(!fd::as_socket(vm, fd, |s| s.nonblocking())?))
    });
}
