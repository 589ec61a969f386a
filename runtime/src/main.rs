//! The `lasti` binary. The interpreter runs on a thread of its own with a large native stack.
use std::panic;

#[cfg(not(feature = "system-allocator"))]
#[global_allocator]
static ALLOCATOR: lasti::HugeBlocks<mimalloc::MiMalloc> = lasti::HugeBlocks(mimalloc::MiMalloc);

/// Address space for the interpreter's native stack, four times what CPython mostly has; pages are used as they are touched.
const STACK: usize = 32 * 1024 * 1024;

/// Runs before Rust's start-up code.
#[ctor::ctor]
fn note_closed_streams() {
    lasti::cli::note_closed_streams();
}

fn main() {
    panic::set_hook(Box::new(|info| {
        eprintln!("lasti bug: {info}");
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            eprintln!("{}", std::backtrace::Backtrace::force_capture());
        }
        eprintln!(
            "Please report this, with the script that caused it, to the project's issue tracker."
        );
    }));
    let args = std::env::args_os().collect();
    let run = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(|| -> () { std::process::exit(lasti::cli::main(args)) });
    // The thread ends the process; whoever sees its end here sees a panic.
    let code = match run.map(|t| t.join()) {
        Ok(_) => 70,
        Err(e) => {
            eprintln!("lasti: cannot start a thread: {e}");
            70
        }
    };
    std::process::exit(code);
}
