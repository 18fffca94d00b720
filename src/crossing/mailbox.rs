//! Where what one JS thread is told waits for it: a queue of records, and the wake-up
//! when the first of them is there. `events` is what they say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;

use super::queue::Queue;
use super::record::Writer;
use super::wakeups::{Wake, Waker};

/// The events of one JS thread, and its wake-up.
pub struct Mailbox {
    queue: Queue,
    waker: Arc<Waker>,
    log_level: AtomicU8,
}

impl Mailbox {
    /// That of a thread that is woken by `wake`.
    pub fn new(wake: Wake) -> Self {
        Self {
            queue: Queue::default(),
            waker: Waker::new(wake),
            log_level: AtomicU8::new(0),
        }
    }

    /// For the JS thread: see [`Queue::drain`].
    pub fn drain(&self, into: &mut [u8]) -> i64 {
        self.queue.drain(into)
    }

    /// For the JS thread: see [`Queue::outside`].
    pub fn outside(&self) -> Option<Bytes> {
        self.queue.outside()
    }

    /// The JS thread wants records of LOG up to this level.
    pub fn set_log_level(&self, level: u8) {
        self.log_level.store(level, Ordering::Relaxed);
    }

    /// JS is going away: nothing is delivered from here on. On the JS thread.
    pub fn close(&self) {
        self.queue.close();
        self.waker.close();
    }

    /// Bytes that wait for JS.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether JS is far behind.
    pub fn is_behind(&self) -> bool {
        self.queue.is_crowded()
    }

    /// Waits until it is not.
    pub async fn room(&self) {
        self.queue.room().await;
    }

    /// Queues one record.
    pub(super) fn push(
        &self,
        op: u8,
        flags: u8,
        id: u32,
        body: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        if self.queue.push(op, flags, id, body) {
            self.waker.wake_later();
        }
    }

    /// As [`Self::push`], with a body: see [`Queue::push_with`].
    pub(super) fn push_with(
        &self,
        op: u8,
        flags: u8,
        id: u32,
        body: Bytes,
        head: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        if self.queue.push_with(op, flags, id, body, head) {
            self.waker.wake_later();
        }
    }

    /// Whether records of LOG of this level are wanted.
    pub(super) fn wants(&self, level: u8) -> bool {
        level <= self.log_level.load(Ordering::Relaxed)
    }
}
