//! What the targets share: one interpreter for each thread, and a Python function `target(data)` that it calls with the bytes. A Python
//! exception is an outcome like any other; panics and signals are what is looked for.
use lasti::{Bytes, Interpreter, Settings};

pub struct Driver(Interpreter);

impl Driver {
    /// Runs a script that defines `target`.
    pub fn new(script: &str) -> Driver {
        let interpreter = Interpreter::new(Settings {
            ignore_environment: true,
            ..Settings::default()
        });
        interpreter.run(script).expect("the script of the target");
        Driver(interpreter)
    }

    pub fn call(&self, data: &[u8]) {
        let _ = self.0.call::<()>("target", (Bytes(data.to_vec()),));
    }
}

/// A fuzz target of a script.
#[macro_export]
macro_rules! target {
    ($script:literal) => {
        thread_local! {
            static DRIVER: $crate::Driver = $crate::Driver::new($script);
        }
        libfuzzer_sys::fuzz_target!(|data: &[u8]| DRIVER.with(|d| d.call(data)));
    };
}
