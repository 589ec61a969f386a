//! The interpreter's registers: instruction, stack top and frame of the code that runs.
//!
//! The steps here are unchecked in release builds; see the contract of [`Regs`].
use super::Frame;
use crate::memory::Value;
use crate::memory::{Heap, Ref};
use crate::objects::{Function, Instr, Quick, Type};

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

/// # Contract
/// Registers are only right in the interpreter's loop and what it calls for one instruction. Whoever makes them ([`Regs::load`],
/// [`Regs::start`]) promises, for all that they are handed to:
/// - the frame lives, and is the one that runs, until they are loaded anew or dropped;
/// - they do what the frame's code says, an instruction after the other: operands of locals, constants and jumps are those of
///   the instruction that runs, and no more is pushed and popped than the opcode table says.
///
/// The code was made by the compiler or passed the verifier of foreign code, so that what it says is within the frame's slots. That is
/// why the steps need no check; debug builds check each.
///
/// Three machine words, copied rather than borrowed by what the loop calls out of line, so that the loop keeps its own in
/// machine registers.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    pub frame: *const Frame,
    /// The instruction that runs.
    pub pc: *const Instr,
    /// One past the topmost value.
    sp: *mut Value,
}

/// The same pointer, from which the optimizer cannot tell where it came from. It would keep the old one in a machine
/// register beside the new one, and there is none to spare in the loop.
#[inline(always)]
#[allow(
    clippy::pointers_in_nomem_asm_block,
    reason = "nothing is read or written through it"
)]
fn opaque<T>(p: *const T) -> *const T {
    #[cfg(not(miri))]
    {
        let mut p = p;
        // SAFETY: there is no instruction in it.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) p, options(pure, nomem, nostack, preserves_flags));
        }
        p
    }
    #[cfg(miri)]
    p
}

impl Regs {
    /// Registers of a frame at rest. Its stack belongs to the registers until [`Regs::save`].
    ///
    /// # Safety
    /// The contract of [`Regs`].
    #[inline(always)]
    pub unsafe fn load(frame: *const Frame) -> Regs {
        // SAFETY: the frame is live and its slots stand behind it.
        unsafe {
            let sp = frame
                .byte_add((*frame).top.replace(0) as usize)
                .cast_mut()
                .cast::<Value>();
            Regs {
                frame,
                pc: (*frame).pc.get(),
                sp,
            }
        }
    }
    /// Registers of a frame that was just made and is not at rest.
    ///
    /// # Safety
    /// The contract of [`Regs`]; `sp` is behind the frame's locals, `pc` in front of its first instruction.
    #[inline(always)]
    pub unsafe fn start(frame: *const Frame, pc: *const Instr, sp: *mut Value) -> Regs {
        Regs { frame, pc, sp }
    }
    /// Leaves the frame as one at rest.
    #[inline(always)]
    pub fn save(&self) {
        let f = self.frame();
        f.pc.set(self.pc);
        f.top.set((self.sp as usize - self.frame as usize) as u32);
    }
    /// One past the topmost value.
    #[inline(always)]
    pub fn end(&self) -> *mut Value {
        self.sp
    }
    /// Shows the instruction that runs to whoever looks at the frame: tracebacks, `sys._getframe`.
    #[inline(always)]
    pub fn publish(&self) {
        self.frame().pc.set(self.pc);
    }
    /// First local.
    #[inline(always)]
    fn locals(&self) -> *mut Value {
        self.frame.wrapping_add(1).cast_mut().cast()
    }
    /// First value of the stack.
    #[inline(always)]
    fn bottom(&self) -> *mut Value {
        self.locals().wrapping_add(self.frame().code.fixed_slots())
    }
    #[inline(always)]
    pub fn frame(&self) -> &Frame {
        // SAFETY: registers are loaded from a live frame and used only while it lives.
        unsafe { &*self.frame }
    }
    /// The frame, for as long as it runs.
    #[inline(always)]
    pub fn running<'a>(&self) -> &'a Frame {
        // SAFETY: by the contract of the registers.
        unsafe { &*self.frame }
    }
    #[inline(always)]
    pub fn depth(&self) -> usize {
        (self.sp as usize - self.bottom() as usize) / size_of::<Value>()
    }
    /// The depth as a block keeps it. Every code object has a `stacksize` that fits.
    #[inline(always)]
    pub fn block_level(&self) -> u16 {
        let depth = self.depth();
        debug_assert!(depth <= u16::MAX as usize, "a block at depth {depth}");
        depth as u16
    }
    /// The next instruction.
    #[inline(always)]
    pub fn fetch(&mut self) -> (&'static Instr, Quick) {
        self.pc = opaque(self.pc.wrapping_add(1));
        debug_assert!(self.frame().code.quick.as_ptr_range().contains(&self.pc));
        // SAFETY: code ends in a return and jumps stay inside; the code object outlives the frame. The range of the enum
        // is spelled out because the load through the cell loses it.
        unsafe {
            let i = &*self.pc;
            let op = i.op.get();
            std::hint::assert_unchecked(op as u8 <= Quick::LAST);
            (i, op)
        }
    }
    /// The instruction behind the one that runs.
    #[inline(always)]
    pub fn following(&self) -> &'static Instr {
        self.ahead(1)
    }
    /// The instruction `n` behind the one that runs.
    #[inline(always)]
    pub fn ahead(&self, n: usize) -> &'static Instr {
        let next = self.pc.wrapping_add(n);
        debug_assert!(self.frame().code.quick.as_ptr_range().contains(&next));
        // SAFETY: as for `fetch`; only instructions that are never the last ask.
        unsafe { &*next }
    }
    /// Whether the result of the instruction that runs is awaited at once.
    #[inline]
    pub fn is_awaited(&self) -> bool {
        // Each of the first two is never the last instruction.
        self.ahead(1).op.get() == Quick::GetAwaitable
            && self.ahead(2).op.get() == Quick::LoadConst
            && self.ahead(3).op.get() == Quick::YieldFrom
    }
    /// Goes on behind the `n` instructions that were done together with this one.
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        self.pc = self.pc.wrapping_add(n);
    }
    /// Ends one way through an instruction. It does nothing, but the optimizer does not know: a way that ended in a mere
    /// condition would not get a dispatch of its own.
    #[inline(always)]
    pub fn keep_own_dispatch(&mut self) {
        self.pc = opaque(self.pc);
    }
    /// LOAD_FAST. False: the local is unbound, nothing was done.
    #[inline(always)]
    pub fn load_fast(&mut self, local: u32) -> bool {
        let v = self.local(local as usize);
        if v.is_unbound() {
            return false;
        }
        let v = v.clone();
        self.push(v);
        true
    }
    /// LOAD_FAST and the LOAD_CONST behind it. False: the local is unbound, nothing was done.
    #[inline(always)]
    pub fn load_fast_const(&mut self, local: u32) -> bool {
        let v = self.local(local as usize);
        if v.is_unbound() {
            return false;
        }
        let v = v.clone();
        self.push(v);
        let v = self.constant(self.following()).clone();
        self.push(v);
        self.skip(1);
        true
    }
    /// LOAD_FAST and the one behind it. False: one is unbound, nothing was done.
    #[inline(always)]
    pub fn load_fast_fast(&mut self, local: u32) -> bool {
        let second = self.following().arg.get();
        let (a, b) = (self.local(local as usize), self.local(second as usize));
        if a.is_unbound() || b.is_unbound() {
            return false;
        }
        let (a, b) = (a.clone(), b.clone());
        self.push(a);
        self.push(b);
        self.skip(1);
        true
    }
    /// Past the jump `n` behind the instruction that runs, or to where it leads.
    #[inline(always)]
    pub fn skip_or_jump(&mut self, n: usize, jump: bool) {
        let i = self.ahead(n);
        self.pc = i;
        if jump {
            self.follow(i);
        } else {
            self.keep_own_dispatch();
        }
    }
    /// Goes where a jump leads.
    #[inline(always)]
    pub fn follow(&mut self, jump: &Instr) {
        self.pc = std::ptr::from_ref(jump).wrapping_offset(jump.jump_distance() as isize);
        debug_assert!({
            let near = self.pc;
            self.jump(jump.arg.get());
            near == self.pc
        });
    }
    /// Exchanges the two topmost values.
    #[inline(always)]
    pub fn swap_top(&mut self) {
        debug_assert!(self.depth() >= 2);
        // SAFETY: both slots hold values.
        unsafe { std::ptr::swap(self.sp.sub(1), self.sp.sub(2)) }
    }
    /// Puts a value below the topmost one.
    #[inline(always)]
    pub fn insert_below(&mut self, v: Value) {
        let top = self.pop();
        self.push(v);
        self.push(top);
    }
    /// Drops the topmost value, an immediate.
    #[inline(always)]
    pub fn pop_immediate(&mut self) {
        debug_assert!(!self.peek(1).is_object());
        // SAFETY: the slot holds a value with nothing to drop.
        self.sp = unsafe { self.sp.sub(1) };
    }
    /// Replaces the topmost value, an immediate.
    #[inline(always)]
    pub fn replace_immediate(&mut self, v: Value) {
        self.pop_immediate();
        self.push(v);
    }
    /// Pushes the result of the instruction that runs and the `n` behind it, which were done together, or stores it where
    /// a STORE_FAST behind them would.
    #[inline(always)]
    pub fn result(&mut self, n: usize, v: Value) {
        let next = self.ahead(n + 1);
        if matches!(next.op.get(), Quick::StoreFast) {
            self.skip(n + 1);
            self.set_local(next.arg.get() as usize, v);
        } else {
            self.skip(n);
            self.push(v);
        }
    }
    /// Pushes the None that a resumed `yield` gives, if it is not dropped at once.
    #[inline(always)]
    pub fn push_sent_none(&mut self) {
        if matches!(self.following().op.get(), Quick::PopTop) {
            self.skip(1);
            self.keep_own_dispatch();
        } else {
            self.push(Value::NONE);
        }
    }
    /// The instruction that runs.
    #[inline(always)]
    pub fn instr(&self) -> &'static Instr {
        // SAFETY: as for `fetch`.
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
            .start
            .get()
            .wrapping_add(unit as usize)
            .wrapping_sub(1);
    }
    #[inline(always)]
    pub fn unit(&self) -> usize {
        (self.pc as usize - self.frame().code.start.get() as usize) / size_of::<Instr>()
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
        debug_assert!(self.sp > self.bottom(), "stack underflow");
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
    #[inline(always)]
    pub fn take_tuple(&mut self, heap: &Heap, class: &Ref<Type>, n: usize) -> Value {
        debug_assert!(n <= self.depth());
        // SAFETY: the values move into the tuple; the stack then ends below them.
        unsafe {
            self.sp = self.sp.sub(n);
            crate::objects::Tuple::alloc_moved(heap, class, self.sp, n).into()
        }
    }
    /// Moves the topmost `n` values elsewhere.
    ///
    /// # Safety
    /// `to` has room for `n` values and holds none.
    #[inline(always)]
    pub unsafe fn move_top(&mut self, to: *mut Value, n: usize) {
        debug_assert!(n <= self.depth());
        // SAFETY: by contract; the values leave this stack by the move.
        unsafe {
            self.sp = self.sp.sub(n);
            match n {
                // So few that they become comparisons and no table.
                0 => {}
                1 => std::ptr::copy_nonoverlapping(self.sp, to, 1),
                2 => std::ptr::copy_nonoverlapping(self.sp, to, 2),
                _ => {
                    std::ptr::copy_nonoverlapping(self.sp, to, 3);
                    if n > 3 {
                        std::ptr::copy_nonoverlapping(self.sp.add(3), to.add(3), n - 3);
                    }
                }
            }
        }
    }
    /// Pops a value that is known to be a function.
    ///
    /// # Safety
    /// The topmost value is a function.
    #[inline(always)]
    pub unsafe fn pop_function(&mut self) -> Ref<Function> {
        let v = self.pop();
        debug_assert!(v.downcast::<Function>().is_some());
        // SAFETY: Value and Ref are both one pointer to the object, and the payload is right by contract.
        unsafe { std::mem::transmute(v) }
    }

    /// The constant that a LOAD_CONST pushes.
    #[inline(always)]
    pub fn constant<'a>(&self, i: &'a Instr) -> &'a Value {
        debug_assert!(matches!(
            i.op.get(),
            Quick::LoadConst | Quick::LoadConstReturn
        ));
        // SAFETY: `Instr::cache_const` put the word of one of the code's constants into the cache, and nothing else writes
        // the cache of a LOAD_CONST. The code owns its constants as long as the frame owns the code.
        unsafe { &*i.cached_pointer().cast::<Value>() }
    }
    /// The global that a LOAD_GLOBAL was specialized for, if the keys of the globals are those of then.
    #[inline(always)]
    pub fn global(&self, i: &Instr) -> Option<&Value> {
        debug_assert!(i.op.get() == Quick::LoadGlobalModule);
        if self.frame().function.globals.current_version() != i.arg.get() {
            return None;
        }
        // SAFETY: `Instr::cache_global` put the place of a value in the dict of this version into the cache. A version belongs
        // to one dict and is not used again, and a dict takes another before it moves or drops entries.
        unsafe { Some(&*i.cached_pointer().read().cast::<Value>()) }
    }
    #[inline(always)]
    pub fn local(&self, i: usize) -> &Value {
        debug_assert!(i < self.frame().code.fixed_slots());
        // SAFETY: operands of local, cell and free instructions are in range.
        unsafe { &*self.locals().add(i) }
    }
    /// Takes the value of a local that nobody will look at again.
    #[inline(always)]
    pub fn take_local(&mut self, i: usize) -> Value {
        debug_assert!(i < self.frame().code.fixed_slots());
        // SAFETY: as above.
        unsafe { std::mem::replace(&mut *self.locals().add(i), Value::UNBOUND) }
    }
    #[inline(always)]
    pub fn set_local(&mut self, i: usize, v: Value) {
        debug_assert!(i < self.frame().code.fixed_slots());
        // SAFETY: as above. The old value is dropped after the new one is in place.
        let old = unsafe { std::mem::replace(&mut *self.locals().add(i), v) };
        // Two ends on purpose, see `keep_own_dispatch`.
        if old.is_object() {
            drop(old);
            self.keep_own_dispatch();
        } else {
            std::mem::forget(old);
            self.keep_own_dispatch();
        }
    }

    #[inline(always)]
    fn block_slot(&self, n: usize) -> *mut u64 {
        let code = &self.frame().code;
        debug_assert!(n < code.max_blocks as usize, "block stack overflow");
        // SAFETY: the block stack follows the value stack in the frame's slots.
        unsafe { self.bottom().add(code.stacksize as usize + n).cast() }
    }
    #[inline(always)]
    pub fn push_block(&mut self, b: Block) {
        let n = self.frame().nblocks.get();
        let word = (b.handler as u64) << 32 | (b.level as u64) << 8 | b.kind as u64;
        // SAFETY: `max_blocks` bounds the nesting of blocks.
        unsafe { self.block_slot(n as usize).write(word) };
        self.frame().nblocks.set(n + 1);
    }
    #[inline(always)]
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
