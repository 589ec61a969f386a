//! An interpreter with everything registered: what the command line and embedding programs run.
use crate::host::{FROZEN, OsHost};
use lasti_core::objects::{Dict, Module};
use lasti_core::{Exc, PyResult, Ref, Value, Vm, VmFlags, VmOptions};
use std::rc::Rc;

/// How an interpreter starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `sys.argv`.
    pub argv: Vec<String>,
    /// Folders searched before the library.
    pub path: Vec<String>,
    /// `-O` given this many times.
    pub optimize: u8,
    pub dev_mode: bool,
    /// Ignore `PYTHON*` variables.
    pub ignore_environment: bool,
}

/// One Python interpreter. Not `Send`: it stays on the thread that made it.
pub struct Interpreter {
    vm: Rc<Vm>,
}

impl Interpreter {
    pub fn new(settings: Settings) -> Interpreter {
        let env = |name: &str| {
            if settings.ignore_environment {
                None
            } else {
                std::env::var(name).ok().filter(|v| !v.is_empty())
            }
        };
        let (hash_seed, random) = hash_seed(env("PYTHONHASHSEED").as_deref());
        let flags = VmFlags {
            optimize: settings.optimize,
            dont_write_bytecode: true,
            dev_mode: settings.dev_mode,
            hash_randomization: random,
        };
        let vm = Vm::new(VmOptions {
            host: Box::new(OsHost),
            flags,
            hash_seed,
        });
        vm.heap
            .set_pooling(std::env::var_os("LASTI_FREELIST").is_none_or(|v| v != "0"));
        let mut path = settings.path;
        if let Some(more) = env("PYTHONPATH") {
            path.extend(more.split(':').filter(|p| !p.is_empty()).map(str::to_owned));
        }
        path.push(FROZEN.into());
        path.extend(
            env("LASTI_SITE_PACKAGES")
                .into_iter()
                .flat_map(|p| p.split(':').map(str::to_owned).collect::<Vec<_>>()),
        );
        register(&vm);
        crate::sys::init(&vm, &settings.argv, &path);
        if let Ok(b) = builtins_module(&vm) {
            vm.dict_set(&vm.modules, "builtins", b.into());
        }
        Interpreter { vm }
    }

    /// The machine below, for native modules and for what this type does not offer.
    pub fn vm(&self) -> &Rc<Vm> {
        &self.vm
    }

    /// A fresh `__main__` module.
    pub fn main_module(&self) -> Ref<Module> {
        let vm = &self.vm;
        let m = vm.new_module("__main__");
        vm.dict_set(&vm.modules, "__main__", m.value());
        if let Some(b) = vm.dict_get(&vm.modules, "builtins") {
            vm.dict_set_str(&m.dict, &vm.names.builtins, b);
        }
        m
    }

    /// Runs source text with these globals.
    pub fn exec(&self, source: &[u8], filename: &str, globals: &Ref<Dict>) -> PyResult<Value> {
        self.vm.exec_source(source, filename, globals)
    }

    /// Ends the interpreter as CPython does: threads are waited for, exit functions run, streams are flushed.
    pub fn finish(&self) -> Result<(), Exc> {
        let vm = &self.vm;
        if let Some(threading) = vm.loaded_module("threading")
            && let Some(f) = vm.dict_get(&threading.dict, "_shutdown")
        {
            vm.call(&f, &[])?;
        }
        crate::threads::join_all(vm)?;
        if let Some(atexit) = vm.loaded_module("atexit")
            && let Some(f) = vm.dict_get(&atexit.dict, "_run_exitfuncs")
        {
            vm.call(&f, &[])?;
        }
        Ok(())
    }
}

/// Keys of string hashing: from PYTHONHASHSEED, or from the system.
fn hash_seed(setting: Option<&str>) -> ((u64, u64), bool) {
    use std::hash::{BuildHasher, Hasher};
    match setting.and_then(|s| s.parse::<u32>().ok()) {
        Some(0) => ((0, 0), false),
        Some(n) => (
            (n as u64, (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            true,
        ),
        None => {
            let random = || {
                std::collections::hash_map::RandomState::new()
                    .build_hasher()
                    .finish()
            };
            ((random(), random()), true)
        }
    }
}

fn register(vm: &Vm) {
    lasti_modules::register(vm);
    crate::aio::register(vm);
    crate::threads::register(vm);
    crate::time::register(vm);
    crate::posix::register(vm);
    crate::disassemble::register(vm);
    crate::signals::register(vm);
    crate::socket::register(vm);
    crate::select::register(vm);
}

/// Names of native modules, for `sys.builtin_module_names`.
pub fn native_names() -> Vec<&'static str> {
    vec![
        "time",
        "posix",
        "_thread",
        "_io",
        "_signal",
        "_socket",
        "select",
        "gc",
        "math",
        "itertools",
    ]
}

/// The `builtins` module over the interpreter's builtins dict.
fn builtins_module(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = Module {
        dict: vm.builtins.clone(),
        lazy: Default::default(),
    };
    vm.dict_set(&vm.builtins, "__name__", vm.str_value("builtins"));
    Ok(vm.heap.alloc(&vm.types.module, m))
}
