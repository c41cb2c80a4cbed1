//! Proves that the crate needs no standard library: this program has none, and runs it.
//!
//! It exits with 0 if the tour went well. With the crate's `std` feature it does not build,
//! since std brings a panic handler too (E0152); `.ci/no-std` checks both.
#![no_std]
#![no_main]

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int, c_void};
use core::fmt::{self, Write as _};

#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
    fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
    fn write(file: c_int, octets: *const c_void, count: usize) -> isize;
}

#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    match amqp_no_std::run(|_| ()) {
        Ok(()) => 0,
        Err(failure) => {
            // Nobody is left to be told that it can't be told.
            let _ = writeln!(StandardError, "{failure}");
            1
        }
    }
}

struct StandardError;

impl fmt::Write for StandardError {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the pointer and the length are those of one string.
        let written = unsafe { write(2, text.as_ptr().cast(), text.len()) };
        if usize::try_from(written) == Ok(text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(StandardError, "{info}");
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
