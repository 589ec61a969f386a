//! Huge pages for the arenas of a large heap, and for large blocks beside it.
use super::reserve;
use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;

/// What the system backs at once, in bytes.
pub(super) const HUGE_PAGE: usize = 2 << 20;
/// Blocks of so many bytes stand in huge pages.
const LARGE_BLOCK: usize = HUGE_PAGE;

/// Has the system back this memory with huge pages, where it does so on request. A hint: nothing rests on it.
pub(super) fn advise(base: NonNull<u8>, size: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: the memory is the caller's own allocation, and the advice changes none of its contents.
    unsafe {
        libc::madvise(base.as_ptr().cast(), size, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (base, size);
}

/// An allocator that asks for huge pages for blocks of 2 MiB and more: the ready ring of many tasks, a long list, a large dict.
/// Such a block is touched for the first time from one end to the other, which takes less than half as long that way.
///
/// It also holds the reserve from which small blocks come when the allocator inside has no memory, so that the interpreter can raise
/// MemoryError instead of the process ending.
///
/// A program that embeds lasti can have it around its own allocator: `static A: HugeBlocks<System> = HugeBlocks(System)`.
pub struct HugeBlocks<A>(pub A);

/// Whether a block gets huge pages. One with a larger alignment than theirs cannot begin a page behind the outer block.
fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE_BLOCK && layout.align() <= HUGE_PAGE
}

/// What is asked for in place of a large block: an address where huge pages begin, and one page of them in front of the block,
/// since the allocator inside may write to its first bytes before it is known that they are part of one.
fn with_page_in_front(layout: Layout) -> Option<Layout> {
    let size = layout.size().checked_add(HUGE_PAGE)?;
    Layout::from_size_align(size, layout.align().max(HUGE_PAGE)).ok()
}

impl<A: GlobalAlloc> HugeBlocks<A> {
    #[cold]
    fn large(&self, layout: Layout, alloc: unsafe fn(&A, Layout) -> *mut u8) -> *mut u8 {
        let Some(outer) = with_page_in_front(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the layout is not empty.
        match NonNull::new(unsafe { alloc(&self.0, outer) }) {
            None => from_reserve(layout),
            Some(p) => {
                // SAFETY: the block begins one page on.
                let block = unsafe { p.add(HUGE_PAGE) };
                advise(block, layout.size() / HUGE_PAGE * HUGE_PAGE);
                block.as_ptr()
            }
        }
    }
}

// SAFETY: all memory comes from the allocator inside or from the reserve, which knows its blocks by their address; a block of the
// allocator is large, or not, by its layout alone, which is the same when it is given back.
unsafe impl<A: GlobalAlloc> GlobalAlloc for HugeBlocks<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return self.large(layout, A::alloc);
        }
        // SAFETY: as for the caller.
        let p = unsafe { self.0.alloc(layout) };
        if p.is_null() { from_reserve(layout) } else { p }
    }
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            let p = self.large(layout, A::alloc_zeroed);
            if reserve::holds(p) {
                // SAFETY: the block has this size.
                unsafe { p.write_bytes(0, layout.size()) };
            }
            return p;
        }
        // SAFETY: as for the caller.
        let p = unsafe { self.0.alloc_zeroed(layout) };
        if p.is_null() {
            let p = from_reserve(layout);
            if !p.is_null() {
                // SAFETY: the block has this size.
                unsafe { p.write_bytes(0, layout.size()) };
            }
            return p;
        }
        p
    }
    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        if reserve::holds(p) {
            return reserve::give_back(p, layout);
        }
        // SAFETY: as for the caller; `large` made blocks of this size so.
        unsafe {
            if is_large(layout)
                && let Some(outer) = with_page_in_front(layout)
            {
                self.0.dealloc(p.sub(HUGE_PAGE), outer);
                reserve::rearm();
            } else {
                self.0.dealloc(p, layout);
            }
        }
    }
    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as for the caller. The new block holds what fits of the old one.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(new_size, layout.align());
            if !is_large(layout) && !is_large(new_layout) && !reserve::holds(p) {
                let new = self.0.realloc(p, layout, new_size);
                if !new.is_null() {
                    return new;
                }
            }
            let new = self.alloc(new_layout);
            if !new.is_null() {
                p.copy_to_nonoverlapping(new, layout.size().min(new_size));
                self.dealloc(p, layout);
            }
            new
        }
    }
}

#[cold]
#[inline(never)]
fn from_reserve(layout: Layout) -> *mut u8 {
    reserve::block(layout).map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_alignment_that_was_asked_for() {
        let a = HugeBlocks(std::alloc::System);
        for align in [1, 4096, HUGE_PAGE, 2 * HUGE_PAGE, 4 * HUGE_PAGE] {
            let layout = Layout::from_size_align(4 * HUGE_PAGE, align).expect("a layout");
            // SAFETY: the block is grown and given back with the layout that it has.
            unsafe {
                let p = a.alloc(layout);
                assert!(!p.is_null() && p.addr().is_multiple_of(align), "{align}");
                let grown = a.realloc(p, layout, 5 * HUGE_PAGE);
                assert!(
                    !grown.is_null() && grown.addr().is_multiple_of(align),
                    "{align}"
                );
                a.dealloc(
                    grown,
                    Layout::from_size_align(5 * HUGE_PAGE, align).expect("a layout"),
                );
            }
        }
    }

    use std::alloc::System;

    #[test]
    fn blocks_keep_what_they_hold_across_the_limit() {
        let a = HugeBlocks(System);
        let sizes = [1, LARGE_BLOCK - 1, LARGE_BLOCK, 3 * LARGE_BLOCK + 5, 100];
        // SAFETY: each block is used within its size, and given back with its layout.
        unsafe {
            let mut layout = Layout::from_size_align(16, 16).unwrap();
            let mut p = a.alloc_zeroed(layout);
            p.write(7);
            for size in sizes {
                p = a.realloc(p, layout, size);
                layout = Layout::from_size_align(size, 16).unwrap();
                assert_eq!((p.read(), p as usize % 16), (7, 0), "{size}");
                p.add(size - 1).write(7);
            }
            a.dealloc(p, layout);
            let large = Layout::from_size_align(2 * LARGE_BLOCK, 4096).unwrap();
            let p = a.alloc_zeroed(large);
            assert!((0..large.size()).all(|i| p.add(i).read() == 0));
            a.dealloc(p, large);
            let none = Layout::from_size_align(isize::MAX as usize - 4095, 4096).unwrap();
            assert!(a.alloc(none).is_null());
        }
    }
}
