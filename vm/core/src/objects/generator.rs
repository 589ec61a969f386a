//! Generators, coroutines and async generators: one payload, the frame inside it (CPython's Objects/genobject.c).
//!
//! A *chain* is a generator that awaits another, and so on. Its outermost node is the *root*. While the chain is
//! suspended the root's `link` points at the innermost frame, so that resuming costs the same at any depth; while it
//! runs, `link` holds the root that was running before. Nodes inside know their awaiter by `parent`.
use crate::frame::Frame;
use crate::memory::{Kind, Obj, Payload, Ref, Slot, Value};
use crate::objects::Str;
use std::cell::{Cell, OnceCell};

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
    /// The frame's receiver is a generator whose frame is linked below (`parent` of the child is this).
    pub(crate) delegating: Cell<bool>,
    pub asynchronous: AsyncGenFlags,
    /// Frames below this one in its suspended chain; while it runs as a root, the resumer's depth.
    pub(crate) depth: Cell<u32>,
    rare: OnceCell<Box<Rare>>,
    pub(crate) exc: ExcState,
    /// See the module text.
    pub(crate) link: Cell<*const ()>,
    pub(crate) parent: Cell<*const Generator>,
    pub(crate) frame: Frame,
}

const _: () = assert!(size_of::<Generator>() == 48 + size_of::<Frame>());

/// What an async generator remembers besides, a bit each.
#[derive(Default)]
pub struct AsyncGenFlags(Cell<u8>);

impl AsyncGenFlags {
    /// `ag_hooks_inited`.
    pub const HOOKS_INITED: u8 = 1;
    /// `ag_closed`.
    pub const CLOSED: u8 = 2;
    /// `ag_running`: an asend, athrow or aclose is under way.
    pub const BUSY: u8 = 4;

    /// Known to the hooks, not closed, and nothing is under way.
    #[inline(always)]
    pub fn is_idle(&self) -> bool {
        self.0.get() == AsyncGenFlags::HOOKS_INITED
    }
    #[inline(always)]
    pub fn get(&self, flag: u8) -> bool {
        self.0.get() & flag != 0
    }
    #[inline(always)]
    pub fn set(&self, flag: u8, on: bool) {
        let rest = self.0.get() & !flag;
        self.0.set(if on { rest | flag } else { rest });
    }
}

/// What few generators have; the many that are parked do without.
struct Rare {
    /// Names other than the code's; unbound for the code's.
    name: Slot,
    qualname: Slot,
    /// `cr_origin`, or `ag_finalizer`.
    origin: Slot,
}

impl Payload for Generator {
    const KIND: Kind = Kind::Generator;
    const CONTAINER: bool = true;
    const NAME: &'static str = "generator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(r) = self.rare.get() {
            r.name.visit(visit);
            r.qualname.visit(visit);
            r.origin.visit(visit);
        }
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
    #[inline(always)]
    pub(crate) fn new(kind: GenKind, frame: Frame) -> Generator {
        Generator {
            kind,
            state: Cell::new(GenState::Created),
            delegating: Cell::new(false),
            asynchronous: AsyncGenFlags::default(),
            depth: Cell::new(0),
            rare: OnceCell::new(),
            exc: ExcState::default(),
            link: Cell::new(std::ptr::null()),
            parent: Cell::new(std::ptr::null()),
            frame,
        }
    }
    /// Takes its function's names over, where they are not the code's.
    #[inline(always)]
    pub(crate) fn take_names(&self) {
        let (f, code) = (&self.frame.function, &self.frame.code);
        if !f.name.holds(code.name.as_value()) || !f.qualname.holds(code.qualname.as_value()) {
            self.keep_names();
        }
    }
    /// A function that was renamed passes its names of now on.
    #[cold]
    #[inline(never)]
    fn keep_names(&self) {
        let (f, code) = (&self.frame.function, &self.frame.code);
        let (name, qualname) = (f.name.get(), f.qualname.get());
        if !same_text(&name, &code.name) {
            self.set_name(name);
        }
        if !same_text(&qualname, &code.qualname) {
            self.set_qualified_name(qualname);
        }
    }
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(|| {
            Box::new(Rare {
                name: Slot::empty(),
                qualname: Slot::empty(),
                origin: Slot::new(Value::NONE),
            })
        })
    }
    /// `__name__`.
    pub fn name(&self) -> Value {
        let own = self.rare.get().and_then(|r| r.name.get_bound());
        own.unwrap_or_else(|| self.frame.code.name.value())
    }
    pub fn set_name(&self, name: Value) {
        self.rare().name.set(name);
    }
    /// `__qualname__`.
    pub fn qualified_name(&self) -> Value {
        let own = self.rare.get().and_then(|r| r.qualname.get_bound());
        own.unwrap_or_else(|| self.frame.code.qualname.value())
    }
    pub fn set_qualified_name(&self, name: Value) {
        self.rare().qualname.set(name);
    }
    /// `cr_origin`, or `ag_finalizer`.
    pub fn origin(&self) -> Value {
        self.rare.get().map_or(Value::NONE, |r| r.origin.get())
    }
    pub fn set_origin(&self, origin: Value) {
        self.rare().origin.set(origin);
    }
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
    /// Its code.
    pub fn code(&self) -> &Ref<crate::objects::Code> {
        &self.frame.code
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
            && self.frame.waiting_for().is_none_or(|v| v.is_unbound())
            && self.kind != GenKind::Coroutine
    }
    /// Ends the generator: gives up its frame, whose variables stay where somebody holds the frame object, and leaves every chain.
    pub(crate) fn finish(&self) {
        if self.state.get() == GenState::Closed {
            return;
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

fn same_text(v: &Value, s: &Ref<Str>) -> bool {
    v.is(s.as_value())
        || v.downcast::<Str>()
            .is_some_and(|v| v.as_bytes() == s.as_bytes())
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

/// What an async generator yielded, on its way to the asend that asked for it.
pub struct WrappedValue {
    pub value: Slot,
}

impl Payload for WrappedValue {
    // Not a container: it lives between a yield and its delivery, where no collection can happen.
    const KIND: Kind = Kind::WrappedValue;
    const NAME: &'static str = "async_generator_wrapped_value";
}
