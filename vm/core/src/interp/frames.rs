//! What the interpreter does with frames beside running them: the links from the Vm to them, their cells, and leaving them.
use crate::frame::{Frame, Mode, Regs, live, live_or_none};
use crate::memory::{Slot, Value};
use crate::objects::*;
use crate::vm::Vm;

impl Vm {
    /// The frame that runs.
    #[inline]
    pub(crate) fn current_frame(&self) -> Option<&Frame> {
        // SAFETY: a link, which is replaced when the frame is left.
        unsafe { live_or_none(self.frame.get()) }
    }
    /// The exception states from that of the code that runs outwards.
    pub(crate) fn exc_states(&self) -> impl Iterator<Item = &ExcState> {
        // SAFETY: links, of which none is replaced while somebody looks for an exception.
        let next = |link: *const ExcState| unsafe { live_or_none(link) };
        std::iter::successors(next(self.exc_state.get()), move |s| next(s.previous.get()))
    }

    /// Puts new cells into the cell slots (arguments that are captured move into theirs).
    pub(super) fn make_cells(&self, frame: &Frame) {
        let code = &frame.code;
        let nlocals = code.nlocals as usize;
        for i in 0..code.ncells as usize {
            let content = match code.cell_args.get(i).copied().flatten() {
                Some(arg) => frame.slot(arg as usize).take(),
                None => Value::UNBOUND,
            };
            let cell = self.heap.alloc(
                &self.types.cell,
                PyCell {
                    content: Slot::new(content),
                },
            );
            frame.slot(nlocals + i).set(cell.into());
        }
        if let Some(closure) = &frame.function.closure {
            for (i, cell) in closure.iter().enumerate() {
                if i < code.nfree as usize {
                    frame
                        .slot(nlocals + code.ncells as usize + i)
                        .set(cell.clone());
                }
            }
        }
    }
}

/// Leaves the running frame for its caller's: drops its values, and finishes its generator.
#[inline(always)]
pub(crate) fn leave(vm: &Vm, frame: *const Frame) {
    // SAFETY: the caller leaves the frame that runs.
    let f = unsafe { live(frame) };
    if !f.object.is_none() && !f.is_generator {
        keep_back(vm, f);
    }
    vm.frame.set(f.back.get());
    vm.depth.set(vm.depth.get() - 1);
    match f.generator() {
        Some(g) => g.finish(),
        // SAFETY: the running frame is the topmost of the stack, since generators' frames are not on it and
        // frames above it have been left.
        None => unsafe { vm.stack.pop(frame) },
    }
}

/// [`leave`] for a running frame whose mode is Call or Init.
#[inline(always)]
pub(crate) fn leave_plain(vm: &Vm, r: &Regs) {
    let f = r.frame();
    debug_assert!(matches!(f.mode.get(), Mode::Call | Mode::Init));
    vm.frame.set(f.back.get());
    vm.depth.set(vm.depth.get() - 1);
    // SAFETY: as in `leave`; by its mode the frame has values only.
    unsafe { vm.stack.pop_running(r.frame, r.end()) }
}

/// A frame object that outlives its frame keeps its callers' too.
#[cold]
fn keep_back(vm: &Vm, f: &Frame) {
    if let (Some(o), Some(back)) = (f.object.get(), f.back()) {
        // The frame itself holds one reference, `o` here a second.
        if o.as_value().ref_count() > 2 {
            o.back.set(Some(vm.frame_object(back)));
        }
    }
}

/// Drops a frame that was pushed and never entered.
pub(crate) fn discard(vm: &Vm, frame: *const Frame) {
    // SAFETY: the frame was pushed last and nobody refers to it.
    unsafe { vm.stack.pop(frame) }
}
