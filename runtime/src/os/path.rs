//! Paths that Python gives and gets: str, bytes, `os.PathLike`, descriptors, and `dir_fd`.
use super::fd::file_of;
use lasti_core::objects::Str;
use lasti_core::{Exc, PyResult, Value, Vm};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What a function takes for a path.
pub struct PathParam {
    pub func: &'static str,
    pub name: &'static str,
    /// A descriptor will do.
    pub fd: bool,
    /// None will do.
    pub none: bool,
    /// An error about the descriptor names it.
    pub names_fd: bool,
}

impl PathParam {
    pub const fn path(func: &'static str) -> PathParam {
        PathParam::named(func, "path")
    }
    pub const fn named(func: &'static str, name: &'static str) -> PathParam {
        PathParam {
            func,
            name,
            fd: false,
            none: false,
            names_fd: true,
        }
    }
    pub const fn or_fd(func: &'static str) -> PathParam {
        PathParam {
            fd: true,
            ..PathParam::path(func)
        }
    }
}

/// A path that a function was given.
pub struct PathArg {
    pub path: PathBuf,
    /// What errors show: str or bytes, or the descriptor.
    pub shown: Value,
}

impl PathArg {
    pub fn fail(&self, vm: &Vm, e: io::Error) -> Exc {
        fail(vm, e, &self.shown)
    }
}

/// A path argument of a function of `os`, relative to the folder of `dir_fd`.
pub fn convert(
    vm: &Vm,
    v: Option<&Value>,
    param: &PathParam,
    dir_fd: Option<&Value>,
) -> PyResult<PathArg> {
    let none = Value::NONE;
    let v = v.unwrap_or(&none);
    if param.fd && vm.is_int(v) {
        let named = param.names_fd.then(|| v.clone());
        let (fd, _) = file_of(vm, v)
            .map_err(|_| vm.os_error_parts(libc::EBADF, "Bad file descriptor", named))?;
        return Ok(PathArg {
            path: format!("/proc/self/fd/{fd}").into(),
            shown: v.clone(),
        });
    }
    let (func, name) = (param.func, param.name);
    let shown = match as_path(vm, v)? {
        Some(shown) => shown,
        None => {
            let more = match (param.fd, param.none) {
                (true, true) => ", os.PathLike, integer or None",
                (true, false) => ", os.PathLike or integer",
                _ => " or os.PathLike",
            };
            return Err(vm.type_error(format!(
                "{func}: {name} should be string, bytes{more}, not {}",
                vm.type_name(v)
            )));
        }
    };
    let bytes = path_bytes(vm, &shown)?;
    if bytes.contains(&0) {
        return Err(vm.value_error(format!("{func}: embedded null character in {name}")));
    }
    let mut path = path_of(bytes);
    if let Some(dir) = dir_fd.filter(|d| !d.is_none())
        && path.is_relative()
    {
        if !vm.is_int(dir) {
            return Err(vm.type_error(format!(
                "argument should be integer or None, not {}",
                vm.type_name(dir)
            )));
        }
        let (fd, _) = file_of(vm, dir).map_err(|_| {
            vm.os_error_parts(libc::EBADF, "Bad file descriptor", Some(shown.clone()))
        })?;
        // Not so an empty path, which names nothing.
        if !path.as_os_str().is_empty() {
            path = PathBuf::from(format!("/proc/self/fd/{fd}")).join(path);
        }
    }
    Ok(PathArg { path, shown })
}

/// A path argument: str, bytes or anything with `__fspath__`.
pub fn path_arg(vm: &Vm, v: &Value) -> PyResult<PathBuf> {
    let v = fspath(vm, v)?;
    let bytes = path_bytes(vm, &v)?;
    if bytes.contains(&0) {
        return Err(vm.value_error("embedded null byte"));
    }
    Ok(path_of(bytes))
}

/// The bytes of a path that is str or bytes.
fn path_bytes(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    match v.downcast::<Str>() {
        Some(s) => {
            use lasti_text::codecs::{Codec, Handler, encode};
            Ok(encode(Codec::Utf8, s.as_bytes(), Handler::SurrogateEscape)
                .unwrap_or_else(|_| s.as_bytes().to_vec()))
        }
        None => vm.buffer(v),
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

pub fn fspath(vm: &Vm, v: &Value) -> PyResult<Value> {
    as_path(vm, v)?.ok_or_else(|| {
        vm.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            vm.type_name(v)
        ))
    })
}

/// The str or bytes that a path is. None: it is no path.
fn as_path(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let plain = |v: &Value| {
        v.downcast::<Str>().is_some() || v.downcast::<lasti_core::objects::Bytes>().is_some()
    };
    if plain(v) {
        return Ok(Some(v.clone()));
    }
    let Some(r) = vm.call_special(v, &vm.names.fspath, &[])? else {
        return Ok(None);
    };
    if plain(&r) {
        return Ok(Some(r));
    }
    Err(vm.type_error(format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        vm.type_name(v),
        vm.type_name(&r)
    )))
}

/// Text of a name of the operating system, with `surrogateescape` for what is not UTF-8.
pub fn path_value(vm: &Vm, p: &OsStr) -> Value {
    use lasti_text::codecs::{Codec, Handler, decode};
    match decode(Codec::Utf8, p.as_bytes(), Handler::SurrogateEscape) {
        Ok(t) => vm.new_wtf8(&t).into(),
        Err(_) => vm.str_value(&p.to_string_lossy()),
    }
}

/// A name in the type of the path that was given: bytes for bytes.
pub fn name_like(vm: &Vm, given: &Value, name: &OsStr) -> Value {
    match given.downcast::<lasti_core::objects::Bytes>() {
        Some(_) => vm.new_bytes(name.as_bytes()),
        None => path_value(vm, name),
    }
}

pub fn fail(vm: &Vm, e: io::Error, path: &Value) -> Exc {
    vm.os_error(&e, Some(path.clone()))
}

/// A path or another string for the system.
pub fn os_string(vm: &Vm, v: &Value) -> PyResult<OsString> {
    Ok(path_arg(vm, v)?.into_os_string())
}
