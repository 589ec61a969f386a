//! Room for what is about to be read, so that no memory is cleared for bytes that do not come.
#![forbid(unsafe_code)]

use lasti_core::{PyResult, Vm};
use std::cell::Cell;

/// Reads that ask for more get memory of their own.
const MAX_SHARED_BYTES: usize = 1 << 18;

#[derive(Default)]
struct Scratch(Cell<Vec<u8>>);

/// MemoryError when there is no room for a read of `n` bytes.
pub fn check(vm: &Vm, n: usize) -> PyResult<()> {
    if n > MAX_SHARED_BYTES {
        vm.try_vec::<u8>(n)?;
    }
    Ok(())
}

/// Has `read` fill up to `n` bytes and gives those that it says it filled. For an `n` that a program decides, call [`check`]
/// first.
pub fn read_into<E>(
    vm: &Vm,
    n: usize,
    read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<Vec<u8>, E> {
    if n > MAX_SHARED_BYTES {
        let mut buffer = vec![0; n];
        let got = read(&mut buffer)?;
        buffer.truncate(got);
        return Ok(buffer);
    }
    let scratch = vm.module_state(Scratch::default);
    // Another thread that reads meanwhile finds none, and makes its own.
    let mut buffer = scratch.0.take();
    if buffer.len() < n {
        buffer.resize(n, 0);
    }
    let r = read(&mut buffer[..n]).map(|got| buffer[..got].to_vec());
    scratch.0.set(buffer);
    r
}
