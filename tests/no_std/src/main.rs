//! Proves that the crate needs no standard library: this program has none, and runs it.
//!
//! It exits with 0 if the exchange went well. With the crate's `std` feature it does not build,
//! since std brings a panic handler too (E0152); `.ci/no-std` checks both.
#![no_std]
#![no_main]

extern crate alloc;

mod exchange;

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int, c_void};

#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
    fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
    fn write(file: c_int, octets: *const c_void, count: usize) -> isize;
}

#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    match exchange::run() {
        Ok(()) => 0,
        Err(reason) => {
            print(reason);
            1
        }
    }
}

/// Writes a line to standard error.
fn print(text: &str) {
    for part in [text, "\n"] {
        // SAFETY: the pointer and the length are those of one string.
        unsafe { write(2, part.as_ptr().cast(), part.len()) };
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    print(info.message().as_str().unwrap_or("panicked"));
    // SAFETY: abort has no preconditions.
    unsafe { abort() }
}

/// Parts of `alloc` come compiled for unwinding and name this symbol and the next; with
/// `panic = "abort"` nothing ever calls them.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { abort() }
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { abort() }
}

struct LibcAllocator;

#[global_allocator]
static ALLOCATOR: LibcAllocator = LibcAllocator;

// SAFETY: libc's allocator keeps what `GlobalAlloc` promises, given sizes as C11 wants them.
unsafe impl GlobalAlloc for LibcAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // aligned_alloc wants a power of two that fits a pointer, and a multiple of it as the size.
        let alignment = layout.align().max(size_of::<*mut c_void>());
        // SAFETY: both hold now; `Layout` rules out an overflow for its own alignment, and
        // `checked_next_multiple_of` for ours.
        match layout.size().checked_next_multiple_of(alignment) {
            Some(size) => unsafe { aligned_alloc(alignment, size).cast() },
            None => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _layout: Layout) {
        // SAFETY: `alloc` got the memory from aligned_alloc.
        unsafe { free(memory.cast()) }
    }
}
