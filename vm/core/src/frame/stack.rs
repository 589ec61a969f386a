//! The chunked stack that calls' frames are bumped onto. Frames leave in the reverse order.
use super::{Frame, Mode, Regs};
use crate::memory::{Ref, Slot, Value};
use crate::objects::{Code, Function};
use std::cell::{Cell, RefCell};

const STACK_CHUNK_BYTES: usize = 64 * 1024;

/// Memory for frames of calls, one per thread.
pub(crate) struct FrameStack {
    chunks: RefCell<Vec<Box<[u64]>>>,
    top: Cell<*mut u64>,
    end: Cell<*mut u64>,
    current: Cell<usize>,
    /// Where each full chunk below was left.
    tops: RefCell<Vec<*mut u64>>,
}

impl Default for FrameStack {
    fn default() -> FrameStack {
        FrameStack {
            chunks: RefCell::default(),
            top: Cell::new(std::ptr::null_mut()),
            end: Cell::new(std::ptr::null_mut()),
            current: Cell::new(usize::MAX),
            tops: RefCell::default(),
        }
    }
}

impl FrameStack {
    /// Puts a frame on the stack with its local slots unbound. It stays where it is until popped.
    #[inline(always)]
    pub fn push(&self, frame: Frame) -> *const Frame {
        let words = size_of::<Frame>() / 8 + frame.code.frame_slots();
        let top = self.top.get();
        let (at, mode) = if (self.end.get() as usize) - (top as usize) >= words * 8 {
            (top, Mode::Call)
        } else {
            (self.grow(words), Mode::SlowCall)
        };
        // SAFETY: `words` words are free at `at`.
        unsafe {
            self.top.set(at.add(words));
            let f = at.cast::<Frame>();
            f.write(frame);
            (*f).mode.set(mode);
            Frame::init_slots(f);
            f
        }
    }

    /// Whether a frame of `code` fits in the present chunk.
    #[inline(always)]
    pub fn fits(&self, code: &Code) -> bool {
        (self.end.get() as usize) - (self.top.get() as usize) >= code.frame_bytes as usize
    }

    /// Puts the frame of a plain call on the stack, where it fits: the callable, a function, and its `n` arguments move
    /// into it from the caller's stack. Gives the frame and its registers.
    #[inline(always)]
    pub fn push_call<'a>(&self, r: &mut Regs, code: Ref<Code>, n: usize) -> (&'a Frame, Regs) {
        // SAFETY: the caller saw that the callable is a function with at least `n` locals, and that it fits.
        unsafe {
            r.move_top(self.next_slots(), n);
            let function = r.pop_function();
            self.place_call(code, function, n)
        }
    }

    /// [`FrameStack::push_call`] for an `__init__`: the new instance goes in front of the `n` arguments. What was called
    /// stays on the caller's stack.
    #[inline(always)]
    pub fn push_init<'a>(
        &self,
        r: &mut Regs,
        code: Ref<Code>,
        function: Ref<Function>,
        instance: Value,
        n: usize,
    ) -> (&'a Frame, Regs) {
        // SAFETY: the caller saw that the function has at least `n + 1` locals, and that it fits.
        unsafe {
            self.next_slots().write(instance);
            r.move_top(self.next_slots().add(1), n);
            self.place_call(code, function, n + 1)
        }
    }

    /// Where the slots of the next frame will be.
    #[inline(always)]
    fn next_slots(&self) -> *mut Value {
        let frame = self.top.get().cast::<Frame>();
        frame.wrapping_add(1).cast()
    }

    /// Puts a frame in front of its first `n` slots.
    ///
    /// # Safety
    /// A frame of `code` fits, and its first `n` slots are filled.
    #[inline(always)]
    unsafe fn place_call<'a>(
        &self,
        code: Ref<Code>,
        function: Ref<Function>,
        n: usize,
    ) -> (&'a Frame, Regs) {
        debug_assert!(self.fits(&code));
        let fixed = code.fixed_slots();
        let bytes = code.frame_bytes as usize;
        // SAFETY: by contract.
        unsafe {
            let f = self.top.get().cast::<Frame>();
            self.top.set(f.byte_add(bytes).cast());
            let slots = f.add(1).cast::<Slot>();
            for i in n..fixed {
                slots.add(i).write(Slot::empty());
            }
            let mut frame = Frame::new(code, function, false);
            *frame.top.get_mut() = 0;
            let regs = Regs::start(f, frame.pc.get(), slots.add(fixed).cast());
            f.write(frame);
            (&*f, regs)
        }
    }

    /// [`FrameStack::push_call`] wherever there is room.
    pub fn push_call_anywhere<'a>(
        &self,
        r: &mut Regs,
        code: Ref<Code>,
        n: usize,
    ) -> (&'a Frame, Regs) {
        let fits = self.fits(&code);
        if !fits {
            self.top.set(self.grow(code.frame_bytes as usize / 8));
        }
        let (frame, regs) = self.push_call(r, code, n);
        if !fits {
            frame.mode.set(Mode::SlowCall);
        }
        (frame, regs)
    }

    /// Drops the topmost frame.
    ///
    /// # Safety
    /// `frame` is the frame last pushed and not popped, and nobody uses it any more.
    #[inline(always)]
    pub unsafe fn pop(&self, frame: *const Frame) {
        // SAFETY: by contract.
        unsafe {
            (*frame).retire();
            frame.cast_mut().drop_in_place();
        }
        let at = frame.cast_mut().cast::<u64>();
        self.top.set(at);
        self.shrink(at);
    }

    /// Drops the topmost frame, which runs, with the values below `end`.
    ///
    /// # Safety
    /// As for `pop`; the frame's mode is Call or Init.
    #[inline(always)]
    pub unsafe fn pop_running(&self, frame: *const Frame, end: *mut Value) {
        // SAFETY: by contract; what lies between the header and `end` are values, and nobody looks at them again.
        unsafe {
            let mut at = frame.add(1).cast_mut().cast::<Value>();
            while at < end {
                at.drop_in_place();
                at = at.add(1);
            }
            debug_assert!((*frame).object.is_none() && (*frame).locals.is_unbound());
            drop((&raw const (*frame).function).read());
            drop((&raw const (*frame).code).read());
        }
        // The frame is not the first of its chunk, so the chunk stays.
        self.top.set(frame.cast_mut().cast());
    }

    /// Exchanges two threads' stacks.
    pub fn swap(&self, other: &FrameStack) {
        self.chunks.swap(&other.chunks);
        self.top.swap(&other.top);
        self.end.swap(&other.end);
        self.current.swap(&other.current);
        self.tops.swap(&other.tops);
    }

    #[cold]
    #[inline(never)]
    fn grow(&self, words: usize) -> *mut u64 {
        let mut chunks = self.chunks.borrow_mut();
        let next = self.current.get().wrapping_add(1);
        let need = words.max(STACK_CHUNK_BYTES / 8);
        if next < chunks.len() && chunks[next].len() < need {
            chunks.truncate(next);
        }
        if next == chunks.len() {
            chunks.push(vec![0u64; need].into_boxed_slice());
        }
        self.tops.borrow_mut().push(self.top.get());
        let chunk = &mut chunks[next];
        let range = chunk.as_mut_ptr_range();
        self.current.set(next);
        self.end.set(range.end);
        range.start
    }

    /// Goes back to the chunk before when the present one is empty.
    #[inline(always)]
    fn shrink(&self, at: *mut u64) {
        let current = self.current.get();
        if current == 0 {
            return;
        }
        self.shrink_slow(at, current);
    }

    #[inline(never)]
    fn shrink_slow(&self, at: *mut u64, current: usize) {
        let mut chunks = self.chunks.borrow_mut();
        if chunks[current].as_ptr() != at.cast_const() {
            return;
        }
        // Keep one empty chunk so that a call at the boundary does not allocate again and again.
        chunks.truncate(current + 1);
        let range = chunks[current - 1].as_mut_ptr_range();
        self.current.set(current - 1);
        self.end.set(range.end);
        if let Some(top) = self.tops.borrow_mut().pop() {
            self.top.set(top);
        }
    }
}

const _: () = assert!(size_of::<Slot>() == size_of::<u64>());

#[cfg(test)]
mod tests;
