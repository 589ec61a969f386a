//! Generators, coroutines and async generators: one payload, the frame inside it (CPython's Objects/genobject.c).
//!
//! A *chain* is a generator that awaits another, and so on. Its outermost node is the *root*. While the chain is
//! suspended the root's `link` points at the innermost frame, so that resuming costs the same at any depth; while it
//! runs, `link` holds the root that was running before. Nodes inside know their awaiter by `parent`.
use crate::frame::Frame;
use crate::heap::{Kind, Obj, Payload, Ref, Slot, Value};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GenKind {
    Generator,
    Coroutine,
    AsyncGenerator,
}

/// Every way the frame of a generator can stand still or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GenState {
    /// Not started; the generator owns the frame.
    Created,
    /// At a yield or an await; the generator owns the frame. A node with a `parent` runs when its root does.
    Suspended,
    /// On the stack of frames as a root.
    Running,
    /// Finished; the frame's slots are empty.
    Closed,
}

/// The exception being handled in a generator, linked to the one outside it (3.8's `_PyErr_StackItem`).
pub struct ExcState {
    pub value: Slot,
    pub previous: Cell<*const ExcState>,
}

impl Default for ExcState {
    fn default() -> ExcState {
        ExcState {
            value: Slot::new(Value::NONE),
            previous: Cell::new(std::ptr::null()),
        }
    }
}

#[repr(C)]
pub struct Generator {
    pub kind: GenKind,
    pub(crate) state: Cell<GenState>,
    /// `ag_hooks_inited`.
    pub(crate) hooks_inited: Cell<bool>,
    /// `ag_closed`.
    pub(crate) closed: Cell<bool>,
    /// `ag_running`: an asend, athrow or aclose is under way.
    pub(crate) busy: Cell<bool>,
    /// The frame's receiver is a generator whose frame is linked below (`parent` of the child is this).
    pub(crate) delegating: Cell<bool>,
    pub(crate) name: Slot,
    pub(crate) qualname: Slot,
    /// `cr_origin`, or `ag_finalizer`.
    pub(crate) origin: Slot,
    pub(crate) exc: ExcState,
    /// Frames below this one in its suspended chain; while it runs as a root, the resumer's depth.
    pub(crate) depth: Cell<u32>,
    /// See the module text.
    pub(crate) link: Cell<*const ()>,
    pub(crate) parent: Cell<*const Generator>,
    pub(crate) frame: Frame,
}

impl Payload for Generator {
    const KIND: Kind = Kind::Generator;
    const CONTAINER: bool = true;
    const NAME: &'static str = "generator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.name.visit(visit);
        self.qualname.visit(visit);
        self.origin.visit(visit);
        self.exc.value.visit(visit);
        self.frame.traverse(visit);
    }
    fn clear(&self) {
        self.finish();
    }
    unsafe fn drop_trailing(this: *mut Obj<Generator>) {
        // SAFETY: last use of the object; the frame's slots are emptied once.
        unsafe { (*this).data.finish() }
    }
}

impl Generator {
    /// The innermost frame of a suspended chain, or null when it is this generator's own.
    pub(crate) fn leaf(&self) -> *const Frame {
        if self.state.get() == GenState::Suspended {
            self.link.get().cast()
        } else {
            std::ptr::null()
        }
    }
    /// The root of the chain this node is in.
    pub(crate) fn root(&self) -> *const Generator {
        let mut at: *const Generator = self;
        // SAFETY: parent links are cleared when either end dies.
        unsafe {
            while !(*at).parent.get().is_null() {
                at = (*at).parent.get();
            }
        }
        at
    }
    /// Whether it, or the chain it is in, is running.
    pub fn is_running(&self) -> bool {
        // SAFETY: see `root`.
        unsafe { (*self.root()).state.get() == GenState::Running }
    }
    pub fn state(&self) -> GenState {
        match self.state.get() {
            GenState::Suspended if self.is_running() => GenState::Running,
            s => s,
        }
    }
    /// `co_flags` of its code.
    pub fn code_flags(&self) -> u32 {
        self.frame.code.flags()
    }
    /// Whether closing it would run none of its code: it rests at a `yield` outside any `try` or `with`.
    pub(crate) fn can_just_stop(&self) -> bool {
        self.state.get() == GenState::Suspended
            && !self.delegating.get()
            && self.link.get().is_null()
            && self.frame.nblocks.get() == 0
            && crate::interp::resume::waiting_for(&self.frame).is_none()
            && self.kind != GenKind::Coroutine
    }
    /// Ends the generator: empties its frame and leaves every chain.
    pub(crate) fn finish(&self) {
        if self.state.get() == GenState::Closed {
            return;
        }
        // Given up between two steps with nothing to run, it lets go of its variables even where somebody holds its
        // frame.
        if self.can_just_stop() {
            self.frame.clear_locals();
        }
        self.cut_child();
        self.parent.set(std::ptr::null());
        self.state.set(GenState::Closed);
        self.link.set(std::ptr::null());
        self.exc.value.set(Value::NONE);
        crate::frame::set_finalize(self, false);
        self.frame.retire();
    }
    /// The generator this one awaits through a linked frame.
    pub(crate) fn child(&self) -> Option<*const Generator> {
        if !self.delegating.get() {
            return None;
        }
        let receiver = self.frame.top_of_stack()?;
        receiver_generator(&receiver).map(|g| &raw const **g)
    }
    /// Unlinks the child, so that each part can be resumed on its own.
    pub(crate) fn cut_child(&self) {
        if let Some(child) = self.child() {
            // SAFETY: the receiver on the stack keeps the child alive.
            unsafe { (*child).parent.set(std::ptr::null()) };
        }
        self.delegating.set(false);
    }
}

/// The generator whose frame a receiver of YIELD_FROM runs, if it is one of ours.
pub(crate) fn receiver_generator(v: &Value) -> Option<&Ref<Generator>> {
    if let Some(g) = v.as_ref::<Generator>() {
        return Some(g);
    }
    v.downcast::<Asend>().map(|a| &a.generator)
}

/// State of an awaitable that drives an async generator once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AwaitState {
    Init,
    Iter,
    Closed,
}

/// What `__anext__`, `asend`, `athrow` and `aclose` return.
pub struct Asend {
    pub generator: Ref<Generator>,
    pub input: Slot,
    pub state: Cell<AwaitState>,
    pub mode: AsendMode,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsendMode {
    Send,
    Throw,
    Close,
}

impl Payload for Asend {
    const KIND: Kind = Kind::Asend;
    const CONTAINER: bool = true;
    const NAME: &'static str = "async_generator_asend";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.generator.as_value());
        self.input.visit(visit);
    }
    fn clear(&self) {
        self.input.take();
    }
}
