//! The events that wait for one JS environment.

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::record::Writer;

/// More than this waiting, and new calls are not let in until JS catches up.
const CROWDED: usize = 32 << 20;
/// A buffer that grew beyond this is not kept.
const KEEP: usize = 1 << 20;

/// Filled by the network thread, emptied by the JS thread.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    emptied: Notify,
    /// Taken by JS but not yet copied out. Touched by the JS thread only.
    draining: Mutex<Draining>,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// JS has been, or is about to be, woken and will drain.
    awake: bool,
    closed: bool,
}

#[derive(Default)]
struct Draining {
    bytes: Vec<u8>,
    at: usize,
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
        body(Writer::new(&mut state.waiting, op, flags, id)).finish();
        !std::mem::replace(&mut state.awake, true)
    }

    /// Nothing is kept from here on.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.waiting = Vec::new();
        drop(state);
        self.emptied.notify_waiters();
    }

    /// Whether JS is far behind.
    pub fn is_crowded(&self) -> bool {
        let state = self.state.lock();
        !state.closed && state.waiting.len() >= CROWDED
    }

    /// Bytes that wait for JS to take them.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Waits until JS is not far behind.
    pub async fn room(&self) {
        loop {
            let emptied = self.emptied.notified();
            {
                let state = self.state.lock();
                if state.closed || state.waiting.len() < CROWDED {
                    return;
                }
            }
            emptied.await;
        }
    }

    /// Copies whole records into `into`. Returns the bytes written, 0 when
    /// nothing waits (the next push wakes again), or minus the size of the next
    /// record when that alone does not fit.
    pub fn drain(&self, into: &mut [u8]) -> i64 {
        let mut draining = self.draining.lock();
        if draining.at == draining.bytes.len() && !self.take(&mut draining) {
            return 0;
        }
        let pending = &draining.bytes[draining.at..];
        let mut end = 0;
        while let Some(size) = record_size(&pending[end..]) {
            if end + size > into.len() {
                break;
            }
            end += size;
        }
        if end == 0 {
            let size = record_size(pending).unwrap_or(pending.len());
            return -i64::try_from(size).unwrap_or(i64::MAX);
        }
        into[..end].copy_from_slice(&pending[..end]);
        draining.at += end;
        i64::try_from(end).unwrap_or(i64::MAX)
    }

    /// Swaps the full buffer for the empty one.
    fn take(&self, draining: &mut Draining) -> bool {
        draining.at = 0;
        draining.bytes.clear();
        if draining.bytes.capacity() > KEEP {
            draining.bytes = Vec::new();
        }
        let mut state = self.state.lock();
        if state.waiting.is_empty() {
            state.awake = false;
            return false;
        }
        let crowded = state.waiting.len() >= CROWDED;
        std::mem::swap(&mut state.waiting, &mut draining.bytes);
        drop(state);
        if crowded {
            self.emptied.notify_waiters();
        }
        true
    }
}

fn record_size(bytes: &[u8]) -> Option<usize> {
    let size = bytes.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*size) as usize)
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
                    at += record_size(&into[at..]).unwrap();
                }
                assert_eq!(at, written);
            }
            assert_eq!(ids, (0..20).collect::<Vec<_>>(), "room for {room}");
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
