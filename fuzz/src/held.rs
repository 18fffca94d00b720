//! How much memory is held, so that a target can tell what an input makes the process hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, which counts.
pub struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static HELD: AtomicUsize = AtomicUsize::new(0);

/// What an input may make the process hold for nothing, and for each of its bytes: a few
/// may ask what is known, which is some hundred.
const MOST: usize = 1 << 20;
const MOST_PER_BYTE: usize = 256;

/// Runs what an input says. What is held then by what is written in Rust, beyond what was
/// held before, is in proportion to it.
pub fn in_proportion<R>(input: &[u8], run: impl FnOnce() -> R) -> R {
    let before = HELD.load(Ordering::Relaxed);
    let result = run();
    let held = HELD.load(Ordering::Relaxed).saturating_sub(before);
    let most = MOST + MOST_PER_BYTE * input.len();
    assert!(held <= most, "{held} bytes are held");
    result
}

// SAFETY: what the system's allocator promises, which does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}
