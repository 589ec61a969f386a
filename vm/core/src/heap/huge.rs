//! Huge pages for the arenas of a large heap.
use std::ptr::NonNull;

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
