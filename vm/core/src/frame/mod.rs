//! Frames: one header and one block of slots (locals, cells, value stack, block stack).
//!
//! A call's frame is bumped onto the [`FrameStack`]; a generator's stands inside its object. Both have the slots
//! directly behind the header. What Python sees of a frame is a `FrameObject`, made when asked for.
mod regs;
mod stack;

pub(crate) use regs::{Block, BlockKind, Regs};
pub(crate) use stack::FrameStack;

use crate::memory::{Ref, RefSlot, Slot, Value};
use crate::objects::{Code, Dict, FrameObject, Function, Generator, Instr, Quick};
use std::cell::Cell;

/// How what leaves a frame is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Mode {
    /// To the Rust caller of the interpreter loop.
    Entry,
    /// A plain call: pushed on the caller's stack. The frame has neither a frame object nor a namespace, and is not the
    /// first of a chunk of the stack, so that nothing but its values goes with it.
    Call,
    /// A call's frame that is one of these.
    SlowCall,
    /// `__init__` entered by a class call: its None is dropped, the instance below it stays. As plain as Call's.
    Init,
    /// As Init, for a frame that is SlowCall.
    SlowInit,
    /// Generator resumed by FOR_ITER: a return ends the loop.
    ForIter,
    /// Generator resumed by `next` or `send`: a return raises StopIteration.
    Send,
    /// Inside a chain of awaits: a return goes on in the awaiter, a yield leaves the whole chain.
    Await,
    /// An async generator driven by an awaited asend: its own yield is the awaiter's result.
    Asend,
    /// An async generator that an `async for` goes on with. Its asend is not made: None stands in its place on the loop's
    /// stack while nobody can see it, until the generator awaits something.
    Anext,
}

#[repr(C)]
pub(crate) struct Frame {
    /// The frame that called or resumed this one; for a suspended node of a chain its awaiter's.
    pub back: Cell<*const Frame>,
    pub code: Ref<Code>,
    pub function: Ref<Function>,
    /// Namespace of class bodies, modules and exec; unbound for functions.
    pub locals: Slot,
    pub object: RefSlot<FrameObject>,
    /// The instruction last begun; one before the first when not started.
    pub pc: Cell<*const Instr>,
    /// Bytes from the frame's begin to the end of its topmost value while the frame does not run; 0 while it does.
    pub top: Cell<u32>,
    pub nblocks: Cell<u8>,
    pub mode: Cell<Mode>,
    pub is_generator: bool,
    /// The frame's slots were given up.
    pub retired: Cell<bool>,
}

const _: () = assert!(size_of::<Frame>() == 56);
const _: () = assert!(size_of::<Slot>() == 8);

impl Frame {
    /// A frame not yet started. The caller puts it in place and fills its locals.
    pub fn new(code: Ref<Code>, function: Ref<Function>, is_generator: bool) -> Frame {
        debug_assert!(!code.start.get().is_null(), "the code has no body yet");
        let pc = code.start.get().wrapping_sub(1);
        let top = Frame::top_at(code.fixed_slots());
        Frame {
            back: Cell::new(std::ptr::null()),
            code,
            function,
            locals: Slot::empty(),
            object: RefSlot::default(),
            pc: Cell::new(pc),
            top: Cell::new(top),
            nblocks: Cell::new(0),
            mode: Cell::new(Mode::Call),
            is_generator,
            retired: Cell::new(false),
        }
    }

    /// `top` with so many slots in use, locals included.
    #[inline(always)]
    fn top_at(slots: usize) -> u32 {
        (size_of::<Frame>() + slots * size_of::<Slot>()) as u32
    }

    /// First slot behind the header.
    #[inline(always)]
    fn base(&self) -> *const Slot {
        // SAFETY: every Frame is put in place with `code.frame_slots()` slots behind it.
        unsafe { (self as *const Frame).add(1).cast() }
    }

    /// Makes the slots behind a frame that was just put in place.
    ///
    /// # Safety
    /// The block behind `this` has room for `code.frame_slots()` slots; the frame is not in use.
    pub unsafe fn init_slots(this: *const Frame) {
        // SAFETY: by contract.
        unsafe {
            let base = this.add(1).cast_mut().cast::<Slot>();
            for i in 0..(*this).code.fixed_slots() {
                base.add(i).write(Slot::empty());
            }
        }
    }

    /// A local, cell or free variable slot.
    #[inline(always)]
    pub fn slot(&self, i: usize) -> &Slot {
        assert!(i < self.code.fixed_slots() && !self.retired.get());
        // SAFETY: in range of the initialised slots by the assertion.
        unsafe { &*self.base().add(i) }
    }

    /// The namespace of a module, class body or exec, if it is a dict.
    #[inline(always)]
    pub fn namespace(&self) -> Option<&Ref<Dict>> {
        // SAFETY: the namespace is put in before the frame is entered and stays until it is left; the reference is
        // used within one instruction.
        unsafe { (*(&raw const self.locals).cast::<Value>()).as_ref::<Dict>() }
    }

    /// Depth of the value stack while the frame does not run.
    #[inline]
    pub fn depth(&self) -> usize {
        let used = (self.top.get() as usize).saturating_sub(size_of::<Frame>());
        (used / size_of::<Slot>()).saturating_sub(self.code.fixed_slots())
    }

    /// The value on top of the stack of a frame that does not run.
    pub fn top_of_stack(&self) -> Option<Value> {
        let depth = self.depth();
        if depth == 0 || self.retired.get() {
            return None;
        }
        // SAFETY: the first `depth` stack slots of a resting frame are initialised.
        Some(unsafe { (*self.base().add(self.code.fixed_slots() + depth - 1)).get() })
    }

    /// Replaces the top of the stack of a frame at rest.
    pub fn set_top(&self, v: Value) {
        let depth = self.depth();
        if depth == 0 || self.retired.get() {
            return;
        }
        // SAFETY: as in `top_of_stack`.
        unsafe { (*self.base().add(self.code.fixed_slots() + depth - 1)).set(v) };
    }

    /// Drops the top of the stack of a frame at rest.
    pub fn drop_top(&self) {
        let depth = self.depth();
        if depth == 0 || self.retired.get() {
            return;
        }
        self.top.set(self.top.get() - size_of::<Slot>() as u32);
        // SAFETY: the slot was initialised, and lies above the depth now.
        unsafe {
            self.base()
                .add(self.code.fixed_slots() + depth - 1)
                .cast_mut()
                .drop_in_place()
        };
    }

    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        // A generator that is finished holds these on.
        visit(self.code.as_value());
        visit(self.function.as_value());
        self.locals.visit(visit);
        self.object.visit(visit);
        if self.retired.get() {
            return;
        }
        for i in 0..self.code.fixed_slots() + self.depth() {
            // SAFETY: locals and the first `depth` stack slots are initialised. (A running frame keeps
            // `top` at 0, so its stack counts as held from outside.)
            unsafe { (*self.base().add(i)).visit(visit) };
        }
    }

    /// Gives up the slots: hands copies to the frame object if there is one, and drops the values.
    pub fn retire(&self) {
        if self.retired.replace(true) {
            return;
        }
        self.detach();
        // SAFETY: locals and the first `depth` stack slots are initialised, and `retired` keeps
        // everybody from using them again.
        unsafe {
            let base = self.base().cast_mut();
            let fixed = self.code.fixed_slots();
            for i in (0..self.depth()).rev() {
                base.add(fixed + i).drop_in_place();
            }
            self.top.set(Frame::top_at(fixed));
            for i in 0..fixed {
                base.add(i).drop_in_place();
            }
        }
        self.locals.take();
    }

    /// Lets the frame object, if somebody else holds it, live on without the frame.
    fn detach(&self) {
        let Some(object) = self.object.take() else {
            return;
        };
        object.lasti.set(self.lasti());
        object.live.set(std::ptr::null());
        object.generator.set(std::ptr::null());
        if object.as_value().ref_count() > 1 {
            // SAFETY: the slots are still initialised here.
            let slots =
                (0..self.code.fixed_slots()).map(|i| unsafe { (*self.base().add(i)).get() });
            *object.saved.borrow_mut() = slots.collect();
            object.locals.set(self.locals.get());
        }
    }

    /// `f_lasti` while running or left: byte offset of the instruction last begun, -1 before the first.
    pub fn lasti(&self) -> i32 {
        if self.unit() < 0 { -1 } else { self.unit() * 2 }
    }
    /// Unit of the instruction last begun, or -1.
    pub fn unit(&self) -> i32 {
        let base = self.code.start.get() as isize;
        ((self.pc.get() as isize - base) / size_of::<Instr>() as isize) as i32
    }
    /// The frame that called or resumed this one.
    #[inline]
    pub fn back(&self) -> Option<&Frame> {
        // SAFETY: a link, read while the frame that it belongs to lives.
        unsafe { live_or_none(self.back.get()) }
    }
    pub fn line(&self) -> u32 {
        self.code.line_of(self.unit().max(0) as usize)
    }

    /// The generator this frame belongs to.
    pub fn generator(&self) -> Option<&Generator> {
        if !self.is_generator {
            return None;
        }
        let offset = std::mem::offset_of!(Generator, frame);
        // SAFETY: frames with `is_generator` exist only as the `frame` field of a Generator.
        Some(unsafe {
            &*(self as *const Frame)
                .cast::<u8>()
                .sub(offset)
                .cast::<Generator>()
        })
    }

    /// What a resting frame waits for: the receiver of the YIELD_FROM that comes next. None if that is linked below; unbound where
    /// the awaitable was left out (`yield_once.rs`).
    pub fn waiting_for(&self) -> Option<Value> {
        if self.generator().is_some_and(|g| g.delegating.get()) || self.unit() < 0 {
            return None;
        }
        let next = self.code.quick.get((self.unit() + 1) as usize)?;
        if next.op.get() != Quick::YieldFrom || self.depth() == 0 {
            return None;
        }
        // `yield` directly before a YIELD_FROM cannot be: GET_* and LOAD_CONST stand between.
        self.top_of_stack()
    }
}

/// What a link of the interpreter leads to. The links are `Vm::frame`, `Vm::root` and `Vm::exc_state`, `Frame::back`,
/// `Generator::parent` and `Generator::link`, `ExcState::previous` and `FrameObject::{live, generator}`. Each is null or leads to
/// something live, because it is replaced before that goes: a frame is on its thread's stack or in a generator, a root is held by
/// whoever resumed it, an inner node by its awaiter's stack.
///
/// # Safety
/// `link` is the content of such a link and not null, or leads to a frame that was just made. The reference is used within one step of
/// the interpreter, and not once the link may have been replaced.
#[inline(always)]
pub(crate) unsafe fn live<'a, T>(link: *const T) -> &'a T {
    debug_assert!(!link.is_null());
    // SAFETY: by contract.
    unsafe { &*link }
}
/// [`live`], or None for null.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn live_or_none<'a, T>(link: *const T) -> Option<&'a T> {
    // SAFETY: by contract.
    unsafe { link.as_ref() }
}

/// Puts a generator with its frame's slots on the heap.
#[inline(always)]
pub(crate) fn place_generator(
    heap: &crate::memory::Heap,
    class: &Ref<crate::objects::Type>,
    g: Generator,
    slots: usize,
) -> Ref<Generator> {
    let g = heap.alloc_with(class, g, slots * size_of::<Slot>());
    // SAFETY: the frame is the generator's last field, with room for its slots behind it.
    unsafe { Frame::init_slots(&g.frame) };
    g
}
const _: () =
    assert!(std::mem::offset_of!(Generator, frame) + size_of::<Frame>() == size_of::<Generator>());

/// Marks a generator as having, or no longer having, a finalizer.
pub(crate) fn set_finalize(g: &Generator, on: bool) {
    let offset = std::mem::offset_of!(crate::memory::Obj<Generator>, data);
    // SAFETY: a Generator exists only inside its object; only the header's flag cell is touched.
    let header = unsafe {
        &*(g as *const Generator)
            .cast::<u8>()
            .sub(offset)
            .cast::<crate::memory::Header>()
    };
    if on {
        header.set(crate::memory::flag::FINALIZE)
    } else {
        header.unset(crate::memory::flag::FINALIZE)
    }
}

/// A counted reference to a generator borrowed from its frame.
pub(crate) fn generator_ref(g: &Generator) -> Ref<Generator> {
    // SAFETY: a Generator exists only as the payload of its object.
    unsafe { Ref::of_payload(g) }
}

impl FrameObject {
    /// The frame, while it is there.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        // SAFETY: a link, which is taken away before the frame goes.
        unsafe { live_or_none(self.live.get()) }
    }
    /// The generator that the frame belongs to, while the frame is there.
    pub(crate) fn generator(&self) -> Option<Ref<Generator>> {
        // SAFETY: a link, which is taken away before the generator goes.
        unsafe { live_or_none(self.generator.get()) }.map(generator_ref)
    }
}
