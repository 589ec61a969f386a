//! What the interpreter makes for async generators: asends begun without one, and wrappers of yielded values.
use crate::memory::{PoolCounters, Pooled, Ref, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use std::cell::Cell;

/// The asend of a step that an `async for` began without one.
pub(crate) fn materialize_asend(vm: &Vm, generator: Ref<Generator>) -> Value {
    let a = Asend {
        generator,
        input: Slot::new(Value::UNBOUND),
        state: Cell::new(AwaitState::Iter),
        mode: AsendMode::Send,
    };
    vm.heap
        .alloc_pooled(Pooled::Asend, &vm.types.asend, a)
        .into()
}

impl Vm {
    /// What an async generator's own `yield` hands out: the value under a wrapper, which tells it from what the
    /// generator awaits (3.8's `_PyAsyncGenValueWrapperNew`).
    #[inline]
    pub(crate) fn wrap_yielded(&self, v: Value) -> Ref<WrappedValue> {
        let w = WrappedValue {
            value: Slot::new(v),
        };
        self.heap
            .alloc_pooled(Pooled::Wrapped, &self.types.wrapped_value, w)
    }

    /// The awaitable of one step, not begun.
    pub fn new_asend(&self, generator: Ref<Generator>, input: Value, mode: AsendMode) -> Value {
        let a = Asend {
            generator,
            input: Slot::new(input),
            state: Cell::new(AwaitState::Init),
            mode,
        };
        // Only asend has a list, as in 3.8.
        if mode == AsendMode::Send {
            let class = &self.types.asend;
            self.heap.alloc_pooled(Pooled::Asend, class, a).into()
        } else {
            self.heap.alloc(&self.types.athrow, a).into()
        }
    }

    /// Each free list's type name with its counters.
    pub fn freelist_counters(&self) -> [(&'static str, PoolCounters); 2] {
        [
            (
                "async_generator_asend",
                self.heap.pool_counters(Pooled::Asend),
            ),
            (
                "async_generator_wrapped_value",
                self.heap.pool_counters(Pooled::Wrapped),
            ),
        ]
    }
}
