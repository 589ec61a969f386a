//! What Queue and LifoQueue do, on the attributes of the library's objects (CPython's Lib/asyncio/queues.py).
//!
//! None means that something is not as usual, and nothing was done: then the Python code has to run.
use super::known;
use super::layout::{KnownLock, LockKind, field};
use crate::aio::cancel::cancel_any;
use crate::aio::{event, future, wakeup};
use lasti_core::objects::List;
use lasti_core::{PyResult, Ref, Value, Vm};
use lasti_modules::Deque;

/// Where a queue keeps its items.
enum Items {
    First(Ref<Deque>),
    Last(Ref<List>),
}

impl Items {
    fn of(vm: &Vm, on: &KnownLock) -> Option<Items> {
        let v = on.get(field::ITEMS);
        if on.kind == LockKind::Queue {
            return Deque::plain(vm, &v).map(|d| Items::First(d.clone()));
        }
        let list = v.as_ref::<List>()?;
        (!vm.type_of(&v).is_heap_type()).then(|| Items::Last(list.clone()))
    }
    fn len(&self) -> usize {
        match self {
            Items::First(d) => d.len(),
            Items::Last(l) => l.len(),
        }
    }
    fn get(&self) -> Option<Value> {
        match self {
            Items::First(d) => d.pop_front(),
            Items::Last(l) => l.pop(),
        }
    }
    fn put(&self, vm: &Vm, v: Value) -> PyResult<()> {
        match self {
            Items::First(d) => {
                d.reserve(vm)?;
                d.push_back(v);
                Ok(())
            }
            Items::Last(l) => l.with_mut(|items| vm.push(items, v)),
        }
    }
}

/// What `get` and `put` can do at once.
pub enum Now {
    Done(Value),
    /// They have to wait.
    Wait,
}

/// What is to be done where an item or room is missing; of a queue that was shut down the Python code says so.
fn wait(on: &KnownLock) -> Option<Now> {
    (on.flag(field::SHUTDOWN) == Some(false)).then_some(Now::Wait)
}

/// Takes an item.
pub fn get(vm: &Vm, on: &KnownLock) -> PyResult<Option<Now>> {
    let Some(items) = Items::of(vm, on) else {
        return Ok(None);
    };
    if items.len() == 0 {
        return Ok(wait(on));
    }
    let Some(Some(putters)) = on.waiting(vm, field::PUTTERS) else {
        return Ok(None);
    };
    let Some(item) = items.get() else {
        return Ok(None);
    };
    wake_next(vm, &putters)?;
    Ok(Some(Now::Done(item)))
}

/// Adds an item.
pub fn put(vm: &Vm, on: &KnownLock, item: &Value) -> PyResult<Option<Now>> {
    let (Some(items), Some(most)) = (Items::of(vm, on), on.int(field::MAXSIZE)) else {
        return Ok(None);
    };
    if most > 0 && items.len() as i64 >= most {
        return Ok(wait(on));
    }
    let (Some(false), Some(Some(getters)), Some(unfinished)) = (
        on.flag(field::SHUTDOWN),
        on.waiting(vm, field::GETTERS),
        on.int(field::UNFINISHED),
    ) else {
        return Ok(None);
    };
    let finished = on.get(field::FINISHED);
    if !event::clear(vm, &finished) {
        return Ok(None);
    }
    items.put(vm, item.clone())?;
    on.set(field::UNFINISHED, vm.new_int(unfinished + 1));
    wake_next(vm, &getters)?;
    Ok(Some(Now::Done(Value::NONE)))
}

/// Wakes the first who waits and is not done with that.
fn wake_next(vm: &Vm, waiting: &Deque) -> PyResult<()> {
    while !waiting.is_empty() {
        let Some(f) = waiting.pop_front() else {
            return Ok(());
        };
        if !future::is_done(vm, &f)? {
            return wakeup::set_any_result(vm, &f, Value::NONE);
        }
    }
    Ok(())
}

/// The end of a wait by an exception: whoever was woken, but cannot go on, wakes the next.
pub fn given_up(vm: &Vm, queue: &Value, fut: &Value, getting: bool) -> PyResult<()> {
    cancel_any(vm, fut, &Value::NONE)?;
    let (waiters, name) = if getting {
        (field::GETTERS, "_getters")
    } else {
        (field::PUTTERS, "_putters")
    };
    if let Some(on) = known(vm, queue)
        && let (Some(Some(waiting)), Some(items), Some(most)) = (
            on.waiting(vm, waiters),
            Items::of(vm, &on),
            on.int(field::MAXSIZE),
        )
    {
        waiting.remove_same(fut);
        let can = if getting {
            items.len() > 0
        } else {
            most <= 0 || (items.len() as i64) < most
        };
        if can && !future::is_cancelled(vm, fut)? {
            wake_next(vm, &waiting)?;
        }
        return Ok(());
    }
    let waiting = vm.getattr_str(queue, name)?;
    if let Err(e) = vm.call_method(&waiting, "remove", std::slice::from_ref(fut))
        && !vm.exc_is(&e, &vm.exc.value_error)
    {
        return Err(e);
    }
    let stuck = vm.call_method(queue, if getting { "empty" } else { "full" }, &[])?;
    if !vm.is_true(&stuck)? && !future::is_cancelled(vm, fut)? {
        let waiting = vm.getattr_str(queue, name)?;
        vm.call_method(queue, "_wakeup_next", &[waiting])?;
    }
    Ok(())
}
