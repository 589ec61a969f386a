//! The few system calls that have no safe wrapper in std, and what signals leave to be done.
use lasti_core::{PyResult, Vm};
use std::io::Write;
use std::sync::{Arc, Mutex, Weak};

/// Loops that sleep, to be woken when a signal arrives.
static WAKERS: Mutex<Vec<Weak<mio::Waker>>> = Mutex::new(Vec::new());

/// Has a loop's sleep ended by signals from now on.
pub fn wake_on_signal(w: &Arc<mio::Waker>) {
    let mut all = WAKERS.lock().unwrap_or_else(|e| e.into_inner());
    all.retain(|w| w.strong_count() > 0);
    all.push(Arc::downgrade(w));
}

/// Ends the sleep of every loop.
pub fn wake_loops() {
    let wakers = WAKERS.lock().unwrap_or_else(|e| e.into_inner());
    for w in wakers.iter().filter_map(Weak::upgrade) {
        let _ = w.wake();
    }
}

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

/// Runs between instructions when the eval breaker says that a signal arrived or that another thread asks for the GIL. A signal alone
/// is no reason to pass the GIL on: a thread that sends many would wait for it after each.
pub fn handle_break(vm: &Vm, drop_requested: bool) -> PyResult<()> {
    if drop_requested {
        crate::gil::give_turn(vm);
    }
    crate::signals::run_handlers(vm)
}

/// Whether memory that is touched from now on may come in huge pages. One is zeroed whole when its first byte is touched, so
/// that setting up an interpreter would pay milliseconds for memory that a short script never uses. The setting would pass
/// on to child processes, so it does not stay. What fails here costs only time.
pub fn use_huge_pages(on: bool) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(!on);
    #[cfg(not(target_os = "linux"))]
    let _ = on;
}
