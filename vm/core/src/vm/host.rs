//! What the interpreter needs from the program it runs in: everything that touches the operating system.
use crate::memory::Ref;
use crate::objects::Module;
use crate::vm::Vm;
use crate::vm::error::PyResult;

/// Where a module's code comes from.
pub enum ModuleSource {
    /// Source text with the file it came from (`lasti_text::filename`); `package` when it is an `__init__`.
    Source {
        bytes: Vec<u8>,
        filename: String,
        package: bool,
    },
    /// A code object of the program itself, which knows its file name.
    Frozen {
        image: lasti_bytecode::marshal::Image,
        package: bool,
    },
}

/// The one door from the interpreter to its surroundings.
pub trait Host {
    /// Runs what signals and other threads left to do; called between instructions when the eval breaker says so.
    /// `drop_requested`: another thread asks for the GIL.
    fn handle_break(&self, vm: &Vm, drop_requested: bool) -> PyResult<()>;
    /// Finds a module. `path` is `sys.path`, or the package's `__path__`, of names as `lasti_text::filename` has them; `name` is
    /// dotted.
    fn find_module(
        &self,
        vm: &Vm,
        name: &str,
        path: Option<&[String]>,
    ) -> PyResult<Option<ModuleSource>>;
    /// Told of each module of Python code when it has run.
    fn module_loaded(&self, _vm: &Vm, _name: &str, _module: &Ref<Module>) {}
    /// A line of a source file, with its newline, for errors that were found in its tree.
    fn source_line(&self, _filename: &str, _line: u32) -> Option<String> {
        None
    }
    /// Writes text to standard error when Python's `sys.stderr` cannot be used.
    fn write_stderr(&self, text: &str);
    /// Seconds and nanoseconds are the host's affair; this is a monotonic clock in nanoseconds.
    fn monotonic_ns(&self) -> u64;
}

/// A host without an operating system: nothing to import, errors go to stderr.
pub struct BareHost;

impl Host for BareHost {
    fn handle_break(&self, _: &Vm, _: bool) -> PyResult<()> {
        Ok(())
    }
    fn find_module(&self, _: &Vm, _: &str, _: Option<&[String]>) -> PyResult<Option<ModuleSource>> {
        Ok(None)
    }
    fn write_stderr(&self, text: &str) {
        eprint!("{text}");
    }
    fn monotonic_ns(&self) -> u64 {
        0
    }
}
