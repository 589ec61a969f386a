//! Room for what is about to be read, so that no memory is cleared for bytes that do not come, and buffers that keep their size
//! while a call blocks.
#![forbid(unsafe_code)]

use lasti_core::model::buffer::{BufferProcs, procs_of};
use lasti_core::{PyResult, Value, Vm};
use std::cell::Cell;

/// Reads that ask for more get memory of their own.
const MOST: usize = 1 << 18;

#[derive(Default)]
struct Scratch(Cell<Vec<u8>>);

/// MemoryError when there is no room for a read of `n` bytes.
pub fn check(vm: &Vm, n: usize) -> PyResult<()> {
    if n > MOST {
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
    if n > MOST {
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

/// An export of a buffer for the time of a call that blocks: until it goes, other threads that change the buffer's size get
/// BufferError, as in CPython.
pub struct Held(Option<(Value, BufferProcs)>);

impl Held {
    /// What is no buffer of a changeable size needs none.
    pub fn of(vm: &Vm, v: &Value) -> Held {
        let held = procs_of(vm, v).map(|p| (v.clone(), p));
        if let Some((v, p)) = &held {
            (p.export)(v, true);
        }
        Held(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((v, p)) = &self.0 {
            (p.export)(v, false);
        }
    }
}
