//! `speed LIST`: how long all files named in LIST take from source bytes to code objects (best of five rounds).
//! `speed.py` beside this file measures CPython's `compile()` the same way.
use lasti_compiler::{Mode, Options, compile_bytes};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::io::Result<()> {
    let list = std::env::args().nth(1).unwrap_or_default();
    let list = std::fs::read_to_string(list)?;
    let names: Vec<&str> = list.split_whitespace().collect();
    let sources: Vec<Vec<u8>> = names.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let bytes: usize = sources.iter().map(Vec::len).sum();
    let mut best = f64::INFINITY;
    let mut failed = 0;
    for _ in 0..5 {
        let start = Instant::now();
        failed = 0;
        for (name, source) in names.iter().zip(&sources) {
            let code = compile_bytes(source, name, Mode::Exec, &Options::default());
            failed += usize::from(code.is_err());
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(
        "{} files, {bytes} bytes, {failed} not compiled: {best:.3} s",
        names.len()
    );
    Ok(())
}
