//! What one id or subscription more costs among few and among many: counted, not timed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use super::scaling::Town;

/// Counts what each thread is given.
struct Counting;

thread_local! {
    static GIVEN: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: all of it is the system's allocator; the count is no part of what it does.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = GIVEN.try_with(|given| given.set(given.get() + layout.size()));
        // SAFETY: as this function's caller has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as this function's caller has promised.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Bytes on the wire and bytes asked of the allocator by the member, the registry and all
/// others together, while an id comes and goes and a subscription does.
fn cost(ids: usize) -> (usize, usize) {
    let mut town = Town::with_many_ids(5, ids);
    // What grows does so now.
    (0..8).for_each(|n| town.change(n));
    town.take_sums();
    let before = GIVEN.get();
    (8..12).for_each(|n| town.change(n));
    let given = GIVEN.get() - before;
    let (sent, got) = town.take_sums();
    (sent.bytes + got.bytes, given)
}

#[test]
fn a_change_costs_what_changes_however_many_ids_there_are() {
    let (few_bytes, few_given) = cost(10);
    let (many_bytes, many_given) = cost(9_999);
    // Requests have larger numbers there: two bytes more in each of four and its answer.
    assert_eq!(many_bytes, few_bytes + 2 * 2 * 4, "bytes on the wire");
    assert!(
        many_given < 2 * few_given,
        "{many_given} bytes of memory among many, {few_given} among few"
    );
}
