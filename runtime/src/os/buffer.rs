//! Room for what is about to be read, so that no memory is cleared for bytes that do not come, and buffers that keep their size
//! while a call blocks.
#![forbid(unsafe_code)]

use lasti_core::model::buffer::{BufferProcs, procs_of};
use lasti_core::objects::ByteArray;
use lasti_core::{PyResult, Value, Vm};
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

/// Fills a writable buffer with what `read` gives for its length; its result is the number of bytes, or None.
pub fn fill(
    vm: &Vm,
    target: &Value,
    method: &str,
    read: impl FnOnce(usize) -> PyResult<Option<Vec<u8>>>,
) -> PyResult<Value> {
    if let Some(b) = target.downcast::<ByteArray>() {
        let room = b.data.borrow().len();
        let held = Held::of(vm, target);
        let Some(data) = read(room)? else {
            return Ok(Value::NONE);
        };
        drop(held);
        let mut to = b.data.borrow_mut();
        let n = data.len().min(to.len());
        to[..n].copy_from_slice(&data[..n]);
        return Ok(vm.new_int(n as i64));
    }
    let refuse = || {
        vm.type_error(format!(
            "{method}() argument must be read-write bytes-like object, not {}",
            vm.type_name(target)
        ))
    };
    let class = vm.getattr_str(&vm.import("builtins")?, "memoryview")?;
    let view = vm.call(&class, std::slice::from_ref(target));
    let view = vm.catch(view, &vm.exc.type_error)?.ok_or_else(refuse)?;
    let r = (|| {
        if vm.is_true(&vm.getattr_str(&view, "readonly")?)? {
            return Err(refuse());
        }
        let flat = vm.call_method(&view, "cast", &[vm.str_value("B")])?;
        let r = read(vm.len(&flat)?).and_then(|data| {
            let Some(data) = data else {
                return Ok(Value::NONE);
            };
            let n = vm.new_int(data.len() as i64);
            let slice = vm.new_slice(Value::NONE, n.clone(), Value::NONE);
            vm.setitem(&flat, &slice, &vm.new_bytes(data))?;
            Ok(n)
        });
        vm.call_method(&flat, "release", &[])?;
        r
    })();
    vm.call_method(&view, "release", &[])?;
    r
}
