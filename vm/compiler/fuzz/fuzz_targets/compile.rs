//! Source bytes of any kind: the compiler gives a code object or an error.
#![no_main]

use lasti_compiler::{Mode, Options, compile_bytes};

libfuzzer_sys::fuzz_target!(|source: &[u8]| {
    for mode in [Mode::Exec, Mode::Eval, Mode::Single] {
        let _ = compile_bytes(source, "x.py", mode, &Options::default());
    }
});
