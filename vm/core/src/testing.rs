//! What the unit tests of this crate share.
use crate::memory::{Ref, Value};
use crate::objects::Dict;
use crate::vm::error::PyResult;
use crate::vm::host::BareHost;
use crate::vm::{Vm, VmFlags, VmOptions};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::rc::Rc;

/// An interpreter with a fixed hash seed and without a host.
pub(crate) fn bare_vm() -> Rc<Vm> {
    crate::builtins::new_vm(VmOptions {
        host: Box::new(BareHost),
        flags: VmFlags::default(),
        hash_seed: (1, 2),
    })
}

/// Runs a script; an exception fails the test.
pub(crate) fn run(vm: &Vm, source: &str) -> Ref<Dict> {
    let globals = vm.new_dict();
    run_in(vm, source, &globals);
    globals
}

/// [`run`] in a namespace that is there already.
pub(crate) fn run_in(vm: &Vm, source: &str, globals: &Ref<Dict>) {
    let done: PyResult<_> = vm.exec_source(source.as_bytes(), "test.py", globals);
    if let Err(e) = done {
        panic!("{}: {}", vm.type_name(&e.0), vm.display(&e.0));
    }
}

/// A name of a script's namespace.
pub(crate) fn get(vm: &Vm, globals: &Dict, name: &str) -> Value {
    let found = vm.dict_get(globals, name);
    found.unwrap_or_else(|| panic!("the script defines no {name}"))
}

/// A runner of so many random cases, the same in each run. (Under Miri fewer.)
pub(crate) fn cases(n: u32) -> TestRunner {
    let config = Config {
        cases: if cfg!(miri) { n.div_ceil(50) } else { n },
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(config, rng)
}

/// A small generator of numbers (xorshift), for tests that need no shrinking.
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }
}
