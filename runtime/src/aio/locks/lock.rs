//! What Lock and Semaphore do, on the attributes of the library's objects (CPython's Lib/asyncio/locks.py).
//!
//! None means that something is not as usual, and nothing was done: then the Python code has to run.
use super::known;
use super::layout::{KnownLock, field};
use crate::aio::{future, wakeup};
use lasti_core::objects::{BinOp, CmpOp};
use lasti_core::{PyResult, Ref, Value, Vm};
use lasti_modules::Deque;

/// Whether everybody in a queue was cancelled, and so nobody is to be let in first.
fn all_cancelled(vm: &Vm, waiting: &Option<Ref<Deque>>) -> PyResult<bool> {
    let Some(d) = waiting else {
        return Ok(true);
    };
    let mut at = 0;
    while let Some(f) = d.get(at) {
        if !future::is_cancelled(vm, &f)? {
            return Ok(false);
        }
        at += 1;
    }
    Ok(true)
}

/// Takes a lock or a permit if it is free; whether it did.
pub fn take(vm: &Vm, on: &KnownLock) -> PyResult<Option<bool>> {
    let Some(waiting) = on.waiting(vm, field::WAITERS) else {
        return Ok(None);
    };
    if on.is_semaphore() {
        let Some(n) = on.int(field::VALUE) else {
            return Ok(None);
        };
        if n == 0 || !all_cancelled(vm, &waiting)? {
            return Ok(Some(false));
        }
        on.set(field::VALUE, vm.new_int(n - 1));
        return Ok(Some(true));
    }
    let Some(locked) = on.flag(field::LOCKED) else {
        return Ok(None);
    };
    if locked || !all_cancelled(vm, &waiting)? {
        return Ok(Some(false));
    }
    on.set(field::LOCKED, Value::TRUE);
    Ok(Some(true))
}

/// `release()`; of a semaphore that is `bounded`, as a BoundedSemaphore does it.
pub fn release(vm: &Vm, on: &KnownLock, bounded: bool) -> PyResult<Option<()>> {
    let Some(waiting) = on.waiting(vm, field::WAITERS) else {
        return Ok(None);
    };
    if on.is_semaphore() {
        let Some(n) = on.int(field::VALUE) else {
            return Ok(None);
        };
        if bounded && on.int(field::BOUND).is_none_or(|most| n >= most) {
            return Ok(None);
        }
        on.set(field::VALUE, vm.new_int(n + 1));
        wake_next(vm, on, &waiting)?;
        return Ok(Some(()));
    }
    if on.flag(field::LOCKED) != Some(true) {
        return Ok(None);
    }
    on.set(field::LOCKED, Value::FALSE);
    wake_first(vm, &waiting)?;
    Ok(Some(()))
}

/// Lets the first who waits for a lock go on, unless that is under way.
fn wake_first(vm: &Vm, waiting: &Option<Ref<Deque>>) -> PyResult<()> {
    match waiting.as_ref().and_then(|d| d.get(0)) {
        Some(f) if !future::is_done(vm, &f)? => wakeup::set_any_result(vm, &f, Value::TRUE),
        _ => Ok(()),
    }
}

/// Gives a permit to the first who waits for one and has none yet; whether there was one.
fn wake_next(vm: &Vm, on: &KnownLock, waiting: &Option<Ref<Deque>>) -> PyResult<bool> {
    let Some(d) = waiting else {
        return Ok(false);
    };
    let mut at = 0;
    while let Some(f) = d.get(at) {
        if !future::is_done(vm, &f)? {
            if let Some(n) = on.int(field::VALUE) {
                on.set(field::VALUE, vm.new_int(n - 1));
            }
            wakeup::set_any_result(vm, &f, Value::TRUE)?;
            return Ok(true);
        }
        at += 1;
    }
    Ok(false)
}

/// Takes the future of one who waited out of the queue.
fn leave(vm: &Vm, lock: &Value, fut: &Value) -> PyResult<()> {
    if let Some(on) = known(vm, lock)
        && let Some(Some(d)) = on.waiting(vm, field::WAITERS)
        && d.remove_same(fut)
    {
        return Ok(());
    }
    let waiting = vm.getattr_str(lock, "_waiters")?;
    vm.call_method(&waiting, "remove", std::slice::from_ref(fut))
        .map(|_| ())
}

/// The end of a wait for a lock that was handed over.
pub fn lock_taken(vm: &Vm, lock: &Value, fut: &Value) -> PyResult<()> {
    leave(vm, lock, fut)?;
    match known(vm, lock) {
        Some(on) => on.set(field::LOCKED, Value::TRUE),
        None => vm.setattr(lock, &vm.intern("_locked"), Some(&Value::TRUE))?,
    }
    Ok(())
}

/// The end of a wait for a lock by an exception: the turn passes to the next.
pub fn lock_given_up(vm: &Vm, lock: &Value, fut: &Value, cancelled: bool) -> PyResult<()> {
    leave(vm, lock, fut)?;
    if !cancelled {
        return Ok(());
    }
    match known(vm, lock).map(|on| (on.flag(field::LOCKED), on.waiting(vm, field::WAITERS))) {
        Some((Some(true), _)) => Ok(()),
        Some((Some(false), Some(waiting))) => wake_first(vm, &waiting),
        _ if vm.is_true(&vm.getattr_str(lock, "_locked")?)? => Ok(()),
        _ => vm.call_method(lock, "_wake_up_first", &[]).map(|_| ()),
    }
}

/// The end of a wait for a permit that was handed over.
pub fn permit_taken(vm: &Vm, semaphore: &Value, fut: &Value) -> PyResult<()> {
    leave(vm, semaphore, fut)?;
    hand_out(vm, semaphore)
}

/// The end of a wait for a permit by an exception: one that was handed over is given back.
pub fn permit_given_up(vm: &Vm, semaphore: &Value, fut: &Value, cancelled: bool) -> PyResult<()> {
    let left = leave(vm, semaphore, fut);
    if left.is_ok() && cancelled && future::is_done(vm, fut)? && !future::is_cancelled(vm, fut)? {
        let name = vm.intern("_value");
        let n = vm.getattr(semaphore, &name)?;
        let one = Value::small_int(1);
        let n = vm.binary(&n, &one, BinOp::Add)?;
        vm.setattr(semaphore, &name, Some(&n))?;
    }
    hand_out(vm, semaphore)?;
    left
}

/// Wakes as many as there are permits.
fn hand_out(vm: &Vm, semaphore: &Value) -> PyResult<()> {
    loop {
        let more = match known(vm, semaphore)
            .and_then(|on| Some((on.int(field::VALUE)?, on.waiting(vm, field::WAITERS)?, on)))
        {
            Some((n, waiting, on)) => n > 0 && wake_next(vm, &on, &waiting)?,
            None => {
                let n = vm.getattr_str(semaphore, "_value")?;
                vm.is_true(&vm.compare(&n, &Value::small_int(0), CmpOp::Gt)?)?
                    && vm.is_true(&vm.call_method(semaphore, "_wake_up_next", &[])?)?
            }
        };
        if !more {
            return Ok(());
        }
    }
}
