//! Exception instances and tracebacks.
use crate::memory::{Kind, Payload, Ref, RefSlot, Slot, Value};
use crate::objects::{FrameObject, Tuple};
use std::cell::{Cell, RefCell};

/// Storage of BaseException and every class below it. What subclasses add (`errno`, `value`, `code`, ...) stands in
/// `fields`, in the order of the class's `Type` description.
#[derive(Default)]
pub struct Exception {
    pub args: RefSlot<Tuple>,
    pub cause: Slot,
    pub context: Slot,
    pub traceback: RefSlot<Traceback>,
    pub suppress_context: Cell<bool>,
    pub fields: RefCell<Vec<Value>>,
}

impl Payload for Exception {
    const KIND: Kind = Kind::Exception;
    const CONTAINER: bool = true;
    const NAME: &'static str = "BaseException";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.args.visit(visit);
        self.cause.visit(visit);
        self.context.visit(visit);
        self.traceback.visit(visit);
        self.fields.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        self.args.set(None);
        self.cause.set(Value::UNBOUND);
        self.context.set(Value::UNBOUND);
        self.traceback.set(None);
        let old = self.fields.take();
        drop(old);
    }
}

impl Exception {
    /// Field `n` of the class's own fields; None when not set.
    pub fn field(&self, n: usize) -> Value {
        self.fields
            .borrow()
            .get(n)
            .filter(|v| !v.is_unbound())
            .cloned()
            .unwrap_or(Value::NONE)
    }
    pub fn set_field(&self, n: usize, v: Value) {
        let mut fields = self.fields.borrow_mut();
        while fields.len() <= n {
            fields.push(Value::UNBOUND);
        }
        let old = std::mem::replace(&mut fields[n], v);
        drop(fields);
        drop(old);
    }
}

/// One entry of a traceback.
pub struct Traceback {
    pub next: RefSlot<Traceback>,
    pub frame: Ref<FrameObject>,
    /// Byte offset of the instruction.
    pub lasti: i32,
    pub line: u32,
}

impl Payload for Traceback {
    const CONTAINER: bool = true;
    const NAME: &'static str = "traceback";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.next.visit(visit);
        visit(self.frame.as_value());
    }
    fn clear(&self) {
        self.next.set(None);
    }
}
