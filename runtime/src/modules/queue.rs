//! The `_queue` module: SimpleQueue, through which executors take their work (CPython's Modules/_queuemodule.c). The items
//! stay with the interpreter; what threads wait for is one token each.
use crate::modules::thread::Limit;
use crate::wait::{self, Monitor};
use lasti_core::objects::{Module, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Value, Vm};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

pub fn register(vm: &Vm) {
    vm.register_module("_queue", init);
}

#[derive(Default)]
struct SimpleQueue {
    items: RefCell<VecDeque<Value>>,
    /// As many as there are items, less those whose taker has not come to take its item yet.
    tokens: Arc<Monitor<usize>>,
}

impl Payload for SimpleQueue {
    const CONTAINER: bool = true;
    const NAME: &'static str = "SimpleQueue";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        let items = self.items.take();
        drop(items);
    }
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_queue");
    vm.add_value(&m, "Empty", empty_class(vm)?);
    vm.add_value(&m, "SimpleQueue", make_type(vm).into());
    Ok(m)
}

fn empty_class(vm: &Vm) -> PyResult<Value> {
    lasti_modules::exception_class(vm, "_queue.Empty", &vm.exc.exception)
}

fn empty(vm: &Vm) -> PyResult<Exc> {
    Ok(Exc(vm.call(&empty_class(vm)?, &[])?))
}

fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<SimpleQueue>("_queue.SimpleQueue", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, a| {
        let [] = a.exactly::<0>(vm, "SimpleQueue")?;
        Ok(vm.heap.alloc(class, SimpleQueue::default()).into())
    }));
    vm.add_methods(&t, METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "put" "put($self, /, item, block=True, timeout=None)\n--\n\n" put_method;
    "put_nowait" "put_nowait($self, /, item)\n--\n\n" put_nowait;
    "get" "get($self, /, block=True, timeout=None)\n--\n\n" get_method;
    "get_nowait" "get_nowait($self, /)\n--\n\n" get_nowait;
    "empty" "empty($self, /)\n--\n\n" empty_method;
    "qsize" "qsize($self, /)\n--\n\n" qsize;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn put_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    // It never waits: the queue has no bound.
    let [item, ..] = a.bind(vm, "put", ["item", "block", "timeout"], 1)?;
    put(vm, v, item)
}

fn put_nowait(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [item] = a.bind(vm, "put_nowait", ["item"], 1)?;
    put(vm, v, item)
}

fn get_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let limit = limit(vm, a)?;
    get(vm, v, limit)
}

fn get_nowait(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [] = a.exactly::<0>(vm, "get_nowait")?;
    get(vm, v, Limit::Not)
}

fn empty_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let q = vm.this::<SimpleQueue>(v)?;
    Ok(Value::bool(q.items.borrow().is_empty()))
}

fn qsize(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let n = vm.this::<SimpleQueue>(v)?.items.borrow().len();
    Ok(vm.new_int(n as i64))
}

fn class_getitem(vm: &Vm, this: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "__class_getitem__")?;
    Ok(lasti_builtins::alias::generic_alias(vm, this, x))
}

fn put(vm: &Vm, v: &Value, item: Option<&Value>) -> PyResult<Value> {
    let q = vm.this::<SimpleQueue>(v)?;
    let item = item.cloned().unwrap_or(Value::NONE);
    let mut items = q.items.borrow_mut();
    items.try_reserve(1).map_err(|_| vm.memory_error())?;
    items.push_back(item);
    drop(items);
    q.tokens.notify_one(|n| *n += 1);
    Ok(Value::NONE)
}

fn limit(vm: &Vm, a: Args) -> PyResult<Limit> {
    let [block, timeout] = a.bind(vm, "get", ["block", "timeout"], 0)?;
    if !block.map_or(Ok(true), |b| vm.is_true(b))? {
        return Ok(Limit::Not);
    }
    let Some(timeout) = timeout.filter(|t| !t.is_none()) else {
        return Ok(Limit::Forever);
    };
    match wait::nanoseconds(vm, timeout, 1.0)? {
        n if n < 0 => Err(vm.value_error("'timeout' must be a non-negative number")),
        n => Ok(Limit::Nanoseconds(n)),
    }
}

fn get(vm: &Vm, v: &Value, limit: Limit) -> PyResult<Value> {
    let q = vm.this::<SimpleQueue>(v)?;
    let tokens = q.tokens.clone();
    let take = |n: &mut usize| n.checked_sub(1).map(|left| *n = left);
    let got = match (tokens.with(take), limit) {
        (None, Limit::Nanoseconds(ns)) => tokens.wait(vm, wait::after(ns), take)?,
        (None, Limit::Forever) => tokens.wait(vm, None, take)?,
        (got, _) => got,
    };
    let item = got.and_then(|()| q.items.borrow_mut().pop_front());
    match item {
        Some(item) => Ok(item),
        None => Err(empty(vm)?),
    }
}
