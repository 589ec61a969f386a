//! `open(2)` for `os.open` and `io.FileIO`.
use super::fd::adopt;
use super::path::{PathArg, path_arg};
use lasti_core::{PyResult, Value, Vm};
use std::fs::{self, OpenOptions};
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;

pub fn open_file(vm: &Vm, path: &Value, flags: i32, mode: u32) -> PyResult<RawFd> {
    let path = PathArg {
        path: path_arg(vm, path)?,
        shown: path.clone(),
    };
    open_path(vm, &path, flags, mode)
}

pub fn open_path(vm: &Vm, path: &PathArg, flags: i32, mode: u32) -> PyResult<RawFd> {
    let access = flags & libc::O_ACCMODE;
    let mut o = OpenOptions::new();
    o.read(access != libc::O_WRONLY)
        .write(access != libc::O_RDONLY);
    let has = |f: i32| flags & f != 0;
    // std insists on write access for what creates or truncates; the flags go to the system as they are.
    let rest =
        flags & !(libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_EXCL | libc::O_APPEND);
    if has(libc::O_APPEND) {
        o.append(true);
    }
    if has(libc::O_CREAT) && has(libc::O_EXCL) {
        o.create_new(true);
    } else if has(libc::O_CREAT) {
        o.create(true);
    }
    if has(libc::O_TRUNC) && access != libc::O_RDONLY {
        o.truncate(true);
    }
    o.mode(mode).custom_flags(rest);
    // A pipe with a name opens when somebody has its other end.
    let waits = access != libc::O_RDWR
        && !has(libc::O_NONBLOCK)
        && fs::metadata(&path.path)
            .is_ok_and(|m| std::os::unix::fs::FileTypeExt::is_fifo(&m.file_type()));
    let f = if waits {
        let name = path.path.clone();
        crate::wait::call(vm, move || o.open(name), drop)?
    } else {
        o.open(&path.path)
    };
    Ok(adopt(vm, f.map_err(|e| path.fail(vm, e))?))
}
