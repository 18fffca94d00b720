//! The events that wait for one JS environment.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::record::{Writer, event};
use crate::grpc::memory;

/// More than this waiting, and new calls are not let in until JS catches up.
const CROWDED: usize = 32 << 20;
/// A buffer that grew beyond this was so large that its memory is given back.
const PEAK: usize = CROWDED / 2;
/// A buffer that grew beyond this is not kept.
const KEEP: usize = 1 << 20;
/// A body that is larger than this does not go through the queue's bytes, nor
/// through JS's buffer.
const LARGE: usize = 16 << 10;

/// Filled by the network thread, emptied by the JS thread.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    /// See [`Queue::is_crowded`].
    crowded: AtomicBool,
    emptied: Notify,
    /// Taken by JS but not yet copied out. Touched by the JS thread only.
    draining: Mutex<Draining>,
}

/// Records that follow each other, and the bodies that some of them have outside.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Bodies of records with the flag `OUTSIDE`, in the order of those.
    outside: VecDeque<Bytes>,
    /// Bytes in the bodies that are outside.
    outside_bytes: usize,
}

#[derive(Default)]
struct State {
    waiting: Batch,
    /// JS has been, or is about to be, woken and will drain.
    awake: bool,
    closed: bool,
}

#[derive(Default)]
struct Draining {
    batch: Batch,
    at: usize,
}

impl Batch {
    fn len(&self) -> usize {
        self.bytes.len() + self.outside_bytes
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.outside.clear();
        self.outside_bytes = 0;
        let capacity = self.bytes.capacity();
        if capacity > KEEP {
            self.bytes = Vec::new();
        }
        if capacity > PEAK {
            memory::give_back_soon();
        }
    }

    /// The size of the record at `at`.
    fn record(&self, at: usize) -> Option<usize> {
        let size = self.bytes[at..].first_chunk::<4>()?;
        Some(u32::from_le_bytes(*size) as usize)
    }
}

impl Queue {
    /// Adds one record. True if JS has to be woken.
    pub fn push(
        &self,
        op: u8,
        flags: u8,
        id: u32,
        body: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        body(Writer::new(&mut state.waiting.bytes, op, flags, id)).finish();
        self.grown(&mut state)
    }

    /// Something was added. True if JS has to be woken.
    fn grown(&self, state: &mut State) -> bool {
        if state.waiting.len() >= CROWDED {
            self.crowded.store(true, Ordering::Relaxed);
        }
        !std::mem::replace(&mut state.awake, true)
    }

    /// As [`Self::push`], for a record that ends with a body. A large one is not
    /// in it, only its size: the flags say so, and [`Self::outside`] has it.
    pub fn push_with(
        &self,
        op: u8,
        flags: u8,
        id: u32,
        body: Bytes,
        head: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) -> bool {
        if body.len() <= LARGE {
            return self.push(op, flags, id, |record| head(record).bytes(&body));
        }
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        let waiting = &mut state.waiting;
        let flags = flags | event::OUTSIDE;
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let record = Writer::new(&mut waiting.bytes, op, flags, id);
        head(record).u32(size).finish();
        waiting.outside_bytes += body.len();
        waiting.outside.push_back(body);
        self.grown(&mut state)
    }

    /// The body of the next record with the flag `OUTSIDE`, of those that were
    /// drained.
    pub fn outside(&self) -> Option<Bytes> {
        let Draining { batch, .. } = &mut *self.draining.lock();
        let body = batch.outside.pop_front()?;
        batch.outside_bytes -= body.len();
        Some(body)
    }

    /// Nothing is kept from here on.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.waiting = Batch::default();
        self.crowded.store(false, Ordering::Relaxed);
        drop(state);
        self.emptied.notify_waiters();
    }

    /// Whether JS is far behind. Asked for every message, so that it takes no lock.
    pub fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    /// Bytes that wait for JS to take them.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Waits until JS is not far behind.
    pub async fn room(&self) {
        loop {
            let emptied = self.emptied.notified();
            if !self.is_crowded() {
                return;
            }
            emptied.await;
        }
    }

    /// Copies whole records into `into`. Returns the bytes written, 0 when
    /// nothing waits (the next push wakes again), or minus the size of the next
    /// record when that alone does not fit.
    pub fn drain(&self, into: &mut [u8]) -> i64 {
        let mut draining = self.draining.lock();
        let Draining { batch, at } = &mut *draining;
        if *at == batch.bytes.len() && !self.take(batch, at) {
            return 0;
        }
        let from = *at;
        while let Some(size) = batch.record(*at) {
            if *at - from + size > into.len() {
                if *at == from {
                    return -i64::try_from(size).unwrap_or(i64::MAX);
                }
                break;
            }
            *at += size;
        }
        let records = &batch.bytes[from..*at];
        into[..records.len()].copy_from_slice(records);
        i64::try_from(records.len()).unwrap_or(i64::MAX)
    }

    /// Swaps the full buffer for the empty one.
    fn take(&self, batch: &mut Batch, at: &mut usize) -> bool {
        *at = 0;
        batch.clear();
        let mut state = self.state.lock();
        if state.waiting.bytes.is_empty() {
            state.awake = false;
            return false;
        }
        std::mem::swap(&mut state.waiting, batch);
        let crowded = self.crowded.swap(false, Ordering::Relaxed);
        drop(state);
        if crowded {
            self.emptied.notify_waiters();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_whole_and_in_order_whatever_fits() {
        for room in 20..200 {
            let queue = Queue::default();
            for id in 0..20 {
                queue.push(3, 0, id, |record| record.bytes(&vec![7; id as usize % 8]));
            }
            let mut ids = Vec::new();
            let mut into = vec![0; room];
            loop {
                let written = usize::try_from(queue.drain(&mut into)).unwrap();
                if written == 0 {
                    break;
                }
                let mut at = 0;
                while at < written {
                    ids.push(u32::from_le_bytes(*into[at + 8..].first_chunk().unwrap()));
                    at += u32::from_le_bytes(*into[at..].first_chunk().unwrap()) as usize;
                }
                assert_eq!(at, written);
            }
            assert_eq!(ids, (0..20).collect::<Vec<_>>(), "room for {room}");
        }
    }

    #[test]
    fn bodies_arrive_in_their_order_however_large() {
        let queue = Queue::default();
        let sizes = [0, 1, LARGE, LARGE + 1, 3 * LARGE, 5, LARGE + 7];
        for room in [2 * LARGE, 3 * LARGE] {
            for (id, size) in (0..).zip(sizes) {
                let body = Bytes::from(vec![u8::try_from(id).unwrap(); size]);
                queue.push_with(3, 1, id, body, |record| record.u32(9));
            }
            let in_records = |size: &usize| 16 + if *size > LARGE { 4 } else { 0 };
            let expected: usize = sizes.iter().map(|size| size + in_records(size)).sum();
            assert_eq!(queue.waiting(), expected);
            let mut into = vec![0; room];
            let mut found = Vec::new();
            while let Ok(written @ 1..) = usize::try_from(queue.drain(&mut into)) {
                let mut at = 0;
                while at < written {
                    let size = u32::from_le_bytes(*into[at..].first_chunk().unwrap()) as usize;
                    assert_eq!(into[at + 12..at + 16], [9, 0, 0, 0]);
                    let body = match into[at + 5] {
                        1 => Bytes::copy_from_slice(&into[at + 16..at + size]),
                        _ => queue.outside().unwrap(),
                    };
                    assert!(body.iter().all(|byte| *byte == into[at + 8]));
                    found.push(body.len());
                    at += size;
                }
            }
            assert_eq!(found, sizes, "room for {room}");
            assert_eq!(queue.waiting(), 0);
            assert_eq!(queue.outside(), None);
        }
    }

    #[test]
    fn a_record_that_does_not_fit_says_how_much_it_needs() {
        let queue = Queue::default();
        queue.push(3, 0, 1, |record| record.bytes(&[0; 100]));
        assert_eq!(queue.drain(&mut [0; 50]), -112);
        assert_eq!(queue.drain(&mut [0; 112]), 112);
        assert_eq!(queue.drain(&mut [0; 112]), 0);
    }

    #[test]
    fn js_is_woken_once_until_it_has_drained_everything() {
        let queue = Queue::default();
        let push = || queue.push(3, 0, 1, |record| record);
        assert!(push());
        assert!(!push());
        assert_eq!(queue.drain(&mut [0; 100]), 24);
        assert!(!push(), "JS is still draining");
        assert_eq!(queue.drain(&mut [0; 100]), 12);
        assert_eq!(queue.drain(&mut [0; 100]), 0);
        assert!(push());
    }

    #[test]
    fn a_closed_queue_keeps_nothing() {
        let queue = Queue::default();
        queue.push(3, 0, 1, |record| record);
        queue.close();
        assert!(!queue.push(3, 0, 1, |record| record));
        assert_eq!(queue.drain(&mut [0; 100]), 0);
    }
}
