//! What the interpreter asks of the operating system: module files, the clock, signals.
use crate::reactor::Clock;
use lasti_core::host::{Host, ModuleSource};
use lasti_core::objects::{Dict, Module, Str};
use lasti_core::{PyResult, Ref, Value, Vm};
use lasti_text::filename;
use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Stands in `sys.path` for the library inside the binary.
pub const FROZEN: &str = "<frozen>";

/// The process's monotonic clock, shared by the loop and the time module.
pub fn clock() -> &'static crate::reactor::MonotonicClock {
    static CLOCK: std::sync::OnceLock<crate::reactor::MonotonicClock> = std::sync::OnceLock::new();
    CLOCK.get_or_init(crate::reactor::MonotonicClock::new)
}

/// The program given with `-c`.
#[derive(Default)]
pub struct CommandText(pub RefCell<Option<String>>);

pub struct OsHost;

impl Host for OsHost {
    fn source_line(&self, filename: &str, line: u32) -> Option<String> {
        let index = line.checked_sub(1)? as usize;
        let source = std::fs::read(path_of(filename)).ok()?;
        let text = String::from_utf8_lossy(&source).replace("\r\n", "\n");
        text.split_inclusive('\n').nth(index).map(str::to_owned)
    }

    fn handle_break(&self, vm: &Vm, drop_requested: bool) -> PyResult<()> {
        // A signal alone is no reason to pass the GIL on: a thread that sends many would wait for it after each.
        if drop_requested {
            crate::gil::give_turn(vm);
        }
        crate::modules::signal::run_handlers(vm)
    }

    fn find_module(
        &self,
        vm: &Vm,
        name: &str,
        path: Option<&[String]>,
    ) -> PyResult<Option<ModuleSource>> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let own;
        let entries = match path {
            Some(p) => p,
            None => {
                own = sys_path(vm)?;
                &own[..]
            }
        };
        for entry in entries {
            let found = if entry == FROZEN {
                frozen(name)
            } else {
                in_folder(entry, last)
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        // Nothing that could be imported: an extension module gets a word of its own, and a folder will do.
        let folders = || entries.iter().filter(|e| *e != FROZEN);
        for folder in folders() {
            no_extension(vm, folder, last)?;
        }
        Ok(folders().find_map(|folder| bare_folder(folder, last)))
    }

    fn module_loaded(&self, vm: &Vm, name: &str, module: &Ref<Module>) {
        // The text of `-c` has no file, so tracebacks and warnings read its lines here.
        let command = vm.module_state(CommandText::default);
        if name == "linecache"
            && let Some(text) = command.0.take()
            && let Some(cache) = vm.dict_get(&module.dict, "cache")
            && let Some(cache) = cache.downcast::<Dict>()
        {
            let lines = text
                .split_inclusive('\n')
                .map(|l| vm.str_value(l))
                .collect();
            let entry = [
                vm.new_int(text.len() as i64),
                Value::NONE,
                vm.new_list(lines),
                vm.str_value("<string>"),
            ];
            vm.dict_set(cache, "<string>", vm.tuple_value(entry));
        }
    }

    fn write_stderr(&self, text: &str) {
        // There is nowhere to tell of a failure.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn monotonic_ns(&self) -> u64 {
        clock().now()
    }
}

fn sys_path(vm: &Vm) -> PyResult<Vec<String>> {
    let Some(sys) = vm.sys.get() else {
        return Ok(vec![FROZEN.into()]);
    };
    let Some(path) = vm.dict_get(&sys.dict, "path") else {
        return Ok(vec![FROZEN.into()]);
    };
    Ok(names_of(&vm.collect(&path)?))
}

/// The entries of a path that are str.
pub(crate) fn names_of(entries: &[Value]) -> Vec<String> {
    let texts = entries.iter().filter_map(|v| v.downcast::<Str>());
    texts.map(|s| filename::to_string(s.as_bytes())).collect()
}

/// The name of a file as the interpreter has it.
pub(crate) fn name_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    filename::from_bytes(path.as_os_str().as_bytes())
}

/// The file of a name.
fn path_of(name: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(filename::to_bytes(name)).into()
}

pub(crate) fn frozen(name: &str) -> Option<ModuleSource> {
    let f = lasti_frozen::find(name)?;
    Some(ModuleSource::Frozen {
        image: f.image,
        package: f.package,
    })
}

/// An entry of sys.path as a full name: '' is the current folder.
fn folder_path(folder: &str) -> PathBuf {
    let path = path_of(folder);
    if path.is_absolute() {
        return path;
    }
    match std::env::current_dir() {
        Ok(here) if matches!(folder, "" | ".") => here,
        Ok(here) => here.join(path),
        Err(_) => path,
    }
}

/// A module of one folder: a package or a file.
fn in_folder(folder: &str, name: &str) -> Option<ModuleSource> {
    let base = folder_path(folder);
    let read = |p: &Path, package: bool| -> Option<ModuleSource> {
        Some(ModuleSource::Source {
            bytes: std::fs::read(p).ok()?,
            filename: name_of(p),
            package,
        })
    };
    read(&base.join(name).join("__init__.py"), true)
        .or_else(|| read(&base.join(format!("{name}.py")), false))
}

/// ImportError where a folder has the module as an extension.
fn no_extension(vm: &Vm, folder: &str, name: &str) -> PyResult<()> {
    if let Ok(entries) = std::fs::read_dir(folder_path(folder)) {
        let prefix = format!("{name}.");
        for e in entries.flatten() {
            let file = e.file_name().to_string_lossy().into_owned();
            if file.ends_with(".so") && file.starts_with(&prefix) {
                let path = e.path().display().to_string();
                let msg = format!("{path}: lasti cannot load C extension modules ('{name}')");
                return Err(vm.import_error(
                    &vm.exc.import_error,
                    msg,
                    vm.str_value(name),
                    vm.str_value(&path),
                ));
            }
        }
    }
    Ok(())
}

/// A folder without `__init__` (PEP 420, in its simple form).
fn bare_folder(folder: &str, name: &str) -> Option<ModuleSource> {
    let path = folder_path(folder).join(name);
    path.is_dir().then(|| ModuleSource::Source {
        bytes: Vec::new(),
        filename: name_of(&path.join("__init__.py")),
        package: true,
    })
}
