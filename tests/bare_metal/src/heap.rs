//! The heap, and how much of it was in use at most.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

/// Octets that there are.
pub(crate) const LARGEST: usize = 32 << 10;

struct Measured {
    heap: LlffHeap,
    peak: AtomicUsize,
}

#[global_allocator]
static HEAP: Measured = Measured { heap: LlffHeap::empty(), peak: AtomicUsize::new(0) };

// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        let place = unsafe { GlobalAlloc::alloc(&self.heap, layout) };
        self.peak.fetch_max(self.heap.used(), Ordering::Relaxed);
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { GlobalAlloc::dealloc(&self.heap, place, layout) }
    }
}

/// Makes the heap so many octets large, but no larger than [`LARGEST`]. To be called once.
pub(crate) fn provide(size: usize) {
    static mut MEMORY: MaybeUninit<[u64; LARGEST / 8]> = MaybeUninit::uninit();
    // SAFETY: the heap, which takes only one call, is the only one that gets this address.
    unsafe { HEAP.heap.init((&raw mut MEMORY).addr(), size.min(LARGEST)) }
}

/// Octets that are in use, as the allocator counts: rounded up to whole pairs of words.
pub(crate) fn used() -> usize {
    HEAP.heap.used()
}

/// Octets that were in use at most.
pub(crate) fn peak() -> usize {
    HEAP.peak.load(Ordering::Relaxed)
}
