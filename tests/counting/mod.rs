//! An allocator that counts what is allocated while counting is on, on each thread for itself.
#![allow(unsafe_code, reason = "a global allocator can't be written without it")]
#![allow(dead_code, reason = "each test crate uses a part of it")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

struct Counting;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static OCTETS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static MOST: Cell<isize> = const { Cell::new(isize::MIN) };
}

fn hold(gained: usize, lost: usize) {
    // A thread that ends may free what it can't count any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + gained as isize - lost as isize);
        if WATCHED.get() {
            MOST.set(MOST.get().max(held.get()));
        }
    });
}

fn note(size: usize) {
    if ON.try_with(Cell::get).unwrap_or(false) {
        COUNT.set(COUNT.get() + 1);
        OCTETS.set(OCTETS.get() + size);
    }
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        hold(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        hold(0, layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // Where it can't grow in its place, both are there while one is copied to the other.
        hold(size, 0);
        hold(0, layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs a call into the engine, and counts its allocations on this thread.
pub(crate) fn counted<T>(call: impl FnOnce() -> T) -> T {
    ON.set(true);
    let result = call();
    ON.set(false);
    result
}

/// Allocations and octets since the last call.
pub(crate) fn taken() -> (usize, usize) {
    (COUNT.replace(0), OCTETS.replace(0))
}

/// Octets that this thread has allocated and not freed, counted or not.
pub(crate) fn held() -> isize {
    HELD.get()
}

/// Runs a call into the engine, and takes note of the most octets that were held at any moment of it.
pub(crate) fn watched<T>(call: impl FnOnce() -> T) -> T {
    MOST.set(MOST.get().max(held()));
    WATCHED.set(true);
    let result = call();
    WATCHED.set(false);
    result
}

/// The most octets that were held at any moment that was watched since the last call.
pub(crate) fn most() -> isize {
    MOST.replace(isize::MIN)
}
