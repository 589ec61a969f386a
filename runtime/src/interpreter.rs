//! An interpreter with everything registered: what the command line and embedding programs run.
use crate::embed::{Error, Python};
use crate::host::{FROZEN, OsHost};
use crate::modules::sys::stdio::StdioText;
use lasti_core::objects::{Dict, Module};
use lasti_core::{Exc, PyResult, Ref, Value, Vm, VmFlags, VmOptions};
use std::cell::Cell;
use std::ffi::OsString;
use std::rc::Rc;

/// How an interpreter starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `sys.argv`. What is not UTF-8 shows as lone surrogates (`surrogateescape`).
    pub argv: Vec<OsString>,
    /// Folders searched before the library.
    pub path: Vec<String>,
    /// `-O` given this many times.
    pub optimize: u8,
    /// As `-X dev`.
    pub dev_mode: bool,
    /// Ignore `PYTHON*` variables.
    pub ignore_environment: bool,
    /// UTF-8 mode (`-X utf8`); with none `PYTHONUTF8` says.
    pub utf8_mode: Option<bool>,
}

/// One Python interpreter with a heap of its own. Not `Send`: it stays on the thread that made it; other threads may
/// have interpreters of their own at the same time.
///
/// What it can do stands with [`Python`], to which it dereferences. Dropping it ends it as [`close`](Interpreter::close) does, with
/// errors printed on standard error.
///
/// ```
/// let py = lasti::Interpreter::new(lasti::Settings::default());
/// py.function("twice", |(n,): (i64,)| Ok::<_, lasti::Error>(2 * n))?;
/// py.run("def f(words): return {w: twice(len(w)) for w in words}")?;
/// let lengths: std::collections::BTreeMap<String, i64> = py.call("f", (["a", "bc"],))?;
/// assert_eq!(lengths["bc"], 4);
/// # Ok::<(), lasti::Error>(())
/// ```
pub struct Interpreter {
    py: Python,
    finished: Cell<bool>,
}

impl Interpreter {
    /// Starts an interpreter. Reads `PYTHONHASHSEED`, `PYTHONPATH`, `PYTHONIOENCODING`, `PYTHONUTF8`, `LASTI_SITE_PACKAGES`, `LASTI_FREELIST`
    /// and `LASTI_GC_STRESS` from the environment.
    /// Signals are left to the program: Ctrl-C does not raise KeyboardInterrupt.
    ///
    /// The native stack that is left here bounds how deep native code may recurse, so call it on the thread's own stack, with a
    /// megabyte or more to spare.
    pub fn new(settings: Settings) -> Interpreter {
        let env_os = |name: &str| {
            let v = std::env::var_os(name).filter(|v| !v.is_empty());
            v.filter(|_| !settings.ignore_environment)
        };
        let env = |name: &str| env_os(name).and_then(|v| v.into_string().ok());
        let (hash_seed, random) = hash_seed(env("PYTHONHASHSEED").as_deref());
        let flags = VmFlags {
            optimize: settings.optimize,
            dont_write_bytecode: true,
            dev_mode: settings.dev_mode,
            hash_randomization: random,
        };
        let vm = lasti_builtins::new_vm(VmOptions {
            host: Box::new(OsHost),
            flags,
            hash_seed,
        });
        vm.heap
            .set_pooling(std::env::var_os("LASTI_FREELIST").is_none_or(|v| v != "0"));
        let stress = std::env::var("LASTI_GC_STRESS").ok();
        if let Some(n) = stress.and_then(|n| n.parse().ok()) {
            vm.heap.set_gc_stress(n);
        }
        let mut path = settings.path;
        if let Some(more) = env_os("PYTHONPATH") {
            use std::os::unix::ffi::OsStrExt;
            let parts = more.as_bytes().split(|b| *b == b':');
            path.extend(
                parts
                    .filter(|p| !p.is_empty())
                    .map(lasti_text::filename::from_bytes),
            );
        }
        path.push(FROZEN.into());
        path.extend(
            env("LASTI_SITE_PACKAGES")
                .into_iter()
                .flat_map(|p| p.split(':').map(str::to_owned).collect::<Vec<_>>()),
        );
        register(&vm);
        let utf8 = settings.utf8_mode.or(match env("PYTHONUTF8").as_deref() {
            Some("0") => Some(false),
            Some("1") => Some(true),
            _ => None,
        });
        crate::modules::sys::init(&vm, &settings.argv, &path, utf8 != Some(false));
        if let Ok(b) = builtins_module(&vm) {
            vm.dict_set(&vm.modules, "builtins", b.into());
        }
        crate::embed::attach(&vm);
        let text = StdioText::new(utf8, env("PYTHONIOENCODING").as_deref());
        if let Err(e) = crate::modules::sys::stdio::set_text(&vm, &text) {
            // The streams that are there tell it.
            crate::uncaught::write_stderr(&vm, "can't initialize sys standard streams\n");
            crate::uncaught::print(&vm, &e.0);
        }
        Interpreter {
            py: Python::of(vm),
            finished: Cell::new(false),
        }
    }

    /// The machine below.
    pub(crate) fn vm(&self) -> &Rc<Vm> {
        self.py.vm()
    }

    /// A fresh `__main__` module.
    pub(crate) fn main_module(&self) -> Ref<Module> {
        crate::main_module::main_module(self.vm())
    }

    /// Runs source text with these globals.
    pub(crate) fn exec(
        &self,
        source: &[u8],
        filename: &str,
        globals: &Ref<Dict>,
    ) -> PyResult<Value> {
        self.vm().exec_source(source, filename, globals)
    }

    /// Ends the interpreter: tasks of the embedding loop are cancelled and get to clean up as far as that needs no waiting,
    /// Python threads that are not daemons are waited for, exit functions and finalizers run, streams are flushed, and what Rust code
    /// gave to the interpreter is dropped. The memory goes with the last [`Object`](crate::Object).
    ///
    /// Blocks as long as those threads and functions do. Where daemon threads are left, the memory stays until the
    /// process ends, since they may still use it. The error is one that an exit function raised.
    pub fn close(self) -> Result<(), Error> {
        self.end().map_err(|e| Error::of(self.vm(), &e))
    }

    fn end(&self) -> Result<(), Exc> {
        if self.finished.get() {
            return Ok(());
        }
        let vm = self.vm();
        crate::embed::end_loop(vm);
        let r = self.finish();
        clear_main(vm);
        crate::embed::close(vm);
        crate::uncaught::flush_stdout(vm);
        r
    }

    /// Ends the interpreter's threads as CPython does: they are waited for, then exit functions run.
    pub(crate) fn finish(&self) -> Result<(), Exc> {
        self.finished.set(true);
        let vm = self.vm();
        if let Some(threading) = vm.loaded_module("threading")
            && let Some(f) = vm.dict_get(&threading.dict, "_shutdown")
        {
            vm.call(&f, &[])?;
        }
        crate::modules::thread::join_all(vm)?;
        if let Some(atexit) = vm.loaded_module("atexit")
            && let Some(f) = vm.dict_get(&atexit.dict, "_run_exitfuncs")
        {
            vm.call(&f, &[])?;
        }
        Ok(())
    }
}

impl std::ops::Deref for Interpreter {
    type Target = Python;
    fn deref(&self) -> &Python {
        &self.py
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        if let Err(e) = self.end() {
            crate::uncaught::print(self.vm(), &e.0);
        }
        let vm = self.vm();
        crate::embed::close(vm);
        if crate::gil::others(vm) {
            // Threads that are left use the heap whenever they get the GIL.
            std::mem::forget(vm.clone());
        }
    }
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interpreter").finish_non_exhaustive()
    }
}

/// Lets go of the main module, so that finalizers run and print before the streams close. What only itself holds goes
/// as a cycle, with every name still there; a module that others hold too is emptied name by name.
pub(crate) fn clear_main(vm: &Vm) {
    let Some(main) = vm.loaded_module("__main__") else {
        return;
    };
    let weak = vm.new_weakref(&vm.types.weakref, main.as_value(), None);
    // Stands in the module's variables and dies with them.
    let token = vm.new_module("token");
    let token_ref = vm.new_weakref(&vm.types.weakref, token.as_value(), None);
    vm.add_value(&main, "__lasti_alive__", token.into());
    vm.dict_del_str(&vm.modules, &vm.intern("__main__"));
    drop(main);
    vm.run_due();
    collect_all(vm);
    if token_ref.get().is_some() {
        drop_modules(vm);
        collect_all(vm);
    }
    let main = weak.get().and_then(|m| m.into_ref::<Module>().ok());
    let Some(main) = main else { return };
    let dict: Ref<Dict> = main.dict.clone();
    for (k, v) in dict.items() {
        drop(v);
        if !vm.display(&k).starts_with("__") {
            let _ = vm.dict_remove(&dict, &k);
            vm.run_due();
        }
    }
    collect_all(vm);
}

fn collect_all(vm: &Vm) {
    // Its entries would keep methods, and with them their module's variables.
    vm.clear_type_cache();
    vm.heap.collect(true);
    vm.run_due();
}

/// Lets go of the library's modules and the hooks of sys, which may hold objects of the script.
fn drop_modules(vm: &Vm) {
    let Some(sys) = vm.sys.get() else { return };
    for hook in ["displayhook", "excepthook", "unraisablehook"] {
        if let Some(own) = vm.dict_get(&sys.dict, &format!("__{hook}__")) {
            vm.dict_set(&sys.dict, hook, own);
        }
    }
    // What reports the errors of finalizers stays.
    let kept = [
        "sys",
        "builtins",
        "io",
        "warnings",
        "_py_warnings",
        "traceback",
        "linecache",
    ];
    for name in vm.modules.keys() {
        if !kept.contains(&&vm.display(&name)[..]) {
            let _ = vm.dict_remove(&vm.modules, &name);
            vm.run_due();
        }
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
    crate::io::register(vm);
    crate::modules::register(vm);
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
