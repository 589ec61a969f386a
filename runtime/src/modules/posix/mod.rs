//! The `posix` module that `os` is made of, in safe code over std, rustix and nix (CPython's Modules/posixmodule.c).
mod descriptors;
mod files;
mod process;
mod stat;
mod system;

use lasti_core::host::ModuleSource;
use lasti_core::objects::Module;
use lasti_core::{PyResult, Ref, Vm};
use std::os::unix::ffi::OsStrExt;

pub fn register(vm: &Vm) {
    vm.register_module("posix", init);
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("posix");
    stat::add(vm, &m);
    descriptors::add(vm, &m);
    files::add(vm, &m);
    process::add(vm, &m);
    system::add(vm, &m);
    let environ = vm.new_dict();
    for (k, v) in std::env::vars_os() {
        let (k, v) = (vm.new_bytes(k.as_bytes()), vm.new_bytes(v.as_bytes()));
        vm.dict_insert(&environ, k, v)?;
    }
    vm.add_value(&m, "environ", environ.into());
    vm.add_value(&m, "_have_functions", vm.new_list(Vec::new()));
    vm.add_value(&m, "error", vm.exc.os_error.value());
    let ints = [
        ("F_OK", 0),
        ("R_OK", 4),
        ("W_OK", 2),
        ("X_OK", 1),
        ("O_RDONLY", libc::O_RDONLY),
        ("O_WRONLY", libc::O_WRONLY),
        ("O_RDWR", libc::O_RDWR),
        ("O_CREAT", libc::O_CREAT),
        ("O_EXCL", libc::O_EXCL),
        ("O_TRUNC", libc::O_TRUNC),
        ("O_APPEND", libc::O_APPEND),
        ("O_NONBLOCK", libc::O_NONBLOCK),
        ("O_CLOEXEC", libc::O_CLOEXEC),
        ("O_NOFOLLOW", libc::O_NOFOLLOW),
        ("O_DIRECTORY", libc::O_DIRECTORY),
        ("EX_OK", 0),
        ("P_NOWAIT", 1),
        ("P_WAIT", 0),
    ];
    for (name, n) in ints {
        vm.add_value(&m, name, vm.new_int(n as i64));
    }
    dir_entries(vm, &m)?;
    Ok(m)
}

/// `scandir` and `DirEntry`, made of `_scan`'s rows by a few lines of Python, which run in this module's namespace.
fn dir_entries(vm: &Vm, m: &Ref<Module>) -> PyResult<()> {
    let Some(ModuleSource::Frozen { image, .. }) = crate::host::frozen("_posix_scandir") else {
        return Err(vm.runtime_error("_posix_scandir is not in the frozen library"));
    };
    vm.exec_code(&vm.new_frozen_code(image), &m.dict)?;
    Ok(())
}
