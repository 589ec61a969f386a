//! The interpreter's registers: instruction, stack top and frame of the code that runs.
//!
//! The steps here are unchecked in release builds. They rest on what the compiler guarantees for every code object
//! (operands in range, stack depth at most `co_stacksize`, blocks at most `max_blocks`); debug builds check each.
use super::Frame;
use crate::heap::Value;
use crate::objects::Instr;

/// What a block on the block stack is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum BlockKind {
    Finally,
    /// An exception is being handled; three values of the older one lie at `level`.
    Except,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub kind: BlockKind,
    /// Unit of the handler.
    pub handler: u32,
    /// Stack depth to go back to.
    pub level: u16,
}

pub(crate) struct Regs {
    pub frame: *const Frame,
    /// The instruction that runs.
    pub pc: *const Instr,
    /// One past the topmost value.
    sp: *mut Value,
    /// First local.
    locals: *mut Value,
    /// First value of the stack.
    bottom: *mut Value,
}

impl Regs {
    /// Registers of a frame at rest. Its stack belongs to the registers until [`Regs::save`].
    #[inline(always)]
    pub fn load(frame: *const Frame) -> Regs {
        // SAFETY: the frame is live and its slots stand behind it.
        unsafe {
            let locals = frame.add(1).cast_mut().cast::<Value>();
            let bottom = locals.add((*frame).code.fixed_slots());
            let sp = bottom.add((*frame).depth.replace(0) as usize);
            Regs {
                frame,
                pc: (*frame).pc.get(),
                sp,
                locals,
                bottom,
            }
        }
    }
    /// Leaves the frame as one at rest.
    #[inline(always)]
    pub fn save(&self) {
        let f = self.frame();
        f.pc.set(self.pc);
        f.depth.set(self.depth() as u32);
    }
    #[inline(always)]
    pub fn frame(&self) -> &Frame {
        // SAFETY: registers are loaded from a live frame and used only while it lives.
        unsafe { &*self.frame }
    }
    #[inline(always)]
    pub fn depth(&self) -> usize {
        (self.sp as usize - self.bottom as usize) / size_of::<Value>()
    }
    /// The next instruction.
    #[inline(always)]
    pub fn fetch(&mut self) -> &'static Instr {
        self.pc = self.pc.wrapping_add(1);
        debug_assert!(self.frame().code.quick.as_ptr_range().contains(&self.pc));
        // The frame shows its instruction to whoever looks: tracebacks, sys._getframe.
        self.frame().pc.set(self.pc);
        // SAFETY: code ends in a return and jumps stay inside; the code object outlives the frame.
        unsafe { &*self.pc }
    }
    /// The operand of the instruction that runs.
    #[inline(always)]
    pub fn operand(&self) -> u32 {
        // SAFETY: `pc` points at the instruction that runs.
        unsafe { (*self.pc).arg.get() }
    }
    /// Makes `unit` the next instruction.
    #[inline(always)]
    pub fn jump(&mut self, unit: u32) {
        self.pc = self
            .frame()
            .code
            .quick
            .as_ptr()
            .wrapping_add(unit as usize)
            .wrapping_sub(1);
    }
    #[inline(always)]
    pub fn unit(&self) -> usize {
        (self.pc as usize - self.frame().code.quick.as_ptr() as usize) / size_of::<Instr>()
    }

    #[inline(always)]
    pub fn push(&mut self, v: Value) {
        debug_assert!(
            self.depth() < self.frame().code.stacksize as usize,
            "stack overflow"
        );
        // SAFETY: below co_stacksize, so within the frame's block.
        unsafe {
            self.sp.write(v);
            self.sp = self.sp.add(1);
        }
    }
    #[inline(always)]
    pub fn pop(&mut self) -> Value {
        debug_assert!(self.sp > self.bottom, "stack underflow");
        // SAFETY: the compiler balances pushes and pops.
        unsafe {
            self.sp = self.sp.sub(1);
            self.sp.read()
        }
    }
    /// The `n`-th value from the top, 1 being the topmost.
    #[inline(always)]
    pub fn peek(&self, n: usize) -> &Value {
        debug_assert!(n >= 1 && n <= self.depth());
        // SAFETY: as for pop.
        unsafe { &*self.sp.sub(n) }
    }
    #[inline(always)]
    pub fn peek_mut(&mut self, n: usize) -> &mut Value {
        debug_assert!(n >= 1 && n <= self.depth());
        // SAFETY: as for pop.
        unsafe { &mut *self.sp.sub(n) }
    }
    #[inline(always)]
    pub fn set_top(&mut self, v: Value) {
        *self.peek_mut(1) = v;
    }
    /// The topmost `n` values, deepest first.
    #[inline(always)]
    pub fn top(&self, n: usize) -> &[Value] {
        debug_assert!(n <= self.depth());
        // SAFETY: as for pop. Callees may push frames elsewhere but never touch this frame's stack.
        unsafe { std::slice::from_raw_parts(self.sp.sub(n), n) }
    }
    /// The same, with a lifetime that the caller keeps within the instruction.
    ///
    /// # Safety
    /// The values must stay on the stack while the slice is used.
    #[inline(always)]
    pub unsafe fn top_unbound<'a>(&self, n: usize) -> &'a [Value] {
        debug_assert!(n <= self.depth());
        // SAFETY: by contract.
        unsafe { std::slice::from_raw_parts(self.sp.sub(n), n) }
    }
    /// Drops the topmost `n` values, topmost first.
    #[inline(always)]
    pub fn drop_top(&mut self, n: usize) {
        for _ in 0..n {
            drop(self.pop());
        }
    }
    /// Drops values down to a depth.
    pub fn drop_to(&mut self, depth: usize) {
        while self.depth() > depth {
            drop(self.pop());
        }
    }
    /// Takes the topmost `n` values off the stack, deepest first.
    pub fn take(&mut self, n: usize) -> Vec<Value> {
        debug_assert!(n <= self.depth());
        let mut out = Vec::with_capacity(n);
        // SAFETY: the values move out of the stack, which then ends below them.
        unsafe {
            self.sp = self.sp.sub(n);
            std::ptr::copy_nonoverlapping(self.sp, out.as_mut_ptr(), n);
            out.set_len(n);
        }
        out
    }
    /// Takes the topmost `n` values as a tuple.
    #[inline]
    pub fn take_tuple(&mut self, vm: &crate::vm::Vm, n: usize) -> Value {
        debug_assert!(n <= self.depth());
        // SAFETY: the values move into the tuple; the stack then ends below them.
        unsafe {
            self.sp = self.sp.sub(n);
            crate::objects::Tuple::alloc_moved(&vm.heap, &vm.types.tuple, self.sp, n).into()
        }
    }
    /// Moves the topmost `n` values into the first locals of a new frame.
    #[inline(always)]
    pub fn move_args(&mut self, to: *const Frame, n: usize) {
        // SAFETY: the new frame has at least `n` locals, all unbound (nothing to drop); the values leave
        // this stack by the move.
        unsafe {
            debug_assert!(n <= super::live(to).code.nlocals as usize && n <= self.depth());
            self.sp = self.sp.sub(n);
            std::ptr::copy_nonoverlapping(self.sp, to.add(1).cast_mut().cast::<Value>(), n);
        }
    }

    #[inline(always)]
    pub fn local(&self, i: usize) -> &Value {
        debug_assert!(i < self.frame().code.fixed_slots());
        // SAFETY: operands of local, cell and free instructions are in range.
        unsafe { &*self.locals.add(i) }
    }
    #[inline(always)]
    pub fn set_local(&mut self, i: usize, v: Value) {
        debug_assert!(i < self.frame().code.fixed_slots());
        // SAFETY: as above. The old value is dropped after the new one is in place.
        unsafe { drop(std::mem::replace(&mut *self.locals.add(i), v)) }
    }

    fn block_slot(&self, n: usize) -> *mut u64 {
        let code = &self.frame().code;
        debug_assert!(n < code.max_blocks as usize, "block stack overflow");
        // SAFETY: the block stack follows the value stack in the frame's slots.
        unsafe { self.bottom.add(code.stacksize as usize + n).cast() }
    }
    #[inline]
    pub fn push_block(&mut self, b: Block) {
        let n = self.frame().nblocks.get();
        let word = (b.handler as u64) << 32 | (b.level as u64) << 8 | b.kind as u64;
        // SAFETY: `max_blocks` bounds the nesting of blocks.
        unsafe { self.block_slot(n as usize).write(word) };
        self.frame().nblocks.set(n + 1);
    }
    #[inline]
    pub fn pop_block(&mut self) -> Option<Block> {
        let n = self.frame().nblocks.get().checked_sub(1)?;
        self.frame().nblocks.set(n);
        // SAFETY: written by push_block.
        let word = unsafe { self.block_slot(n as usize).read() };
        let kind = if word & 0xFF == 0 {
            BlockKind::Finally
        } else {
            BlockKind::Except
        };
        Some(Block {
            kind,
            handler: (word >> 32) as u32,
            level: (word >> 8) as u16,
        })
    }
}
