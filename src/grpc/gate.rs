//! What has crossed between the network and the application of one call, and has not
//! been taken on the other side. The network thread alone changes it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::budget::{Full, Ledger};

/// How much may wait in the application for one stream.
const WINDOW: usize = 256 << 10;
/// The application says what it has read when it is so much: what it has not read may
/// be less by that than what it seems to be.
const UNSAID: usize = 32 << 10;
/// What it has not read counts for its connection in steps of so many bytes: an
/// application that keeps up costs no counting.
const STEP: usize = 16 << 10;

/// Closes when the application has more unread than it should, so that the stream is
/// not read and HTTP/2's own window closes behind it.
#[derive(Default)]
pub struct Gate {
    /// What the application has been given and has not read, as costs.
    outstanding: AtomicUsize,
    /// Somebody waits until it is open.
    is_awaited: AtomicBool,
    opened: Notify,
    /// What the application has written and the peer's window has not taken, as costs.
    unsent: AtomicUsize,
    /// Somebody waits for the peer's window.
    is_stalled: AtomicBool,
    wrote: Notify,
    /// Whose connection holds what is unread.
    ledger: OnceLock<Arc<Ledger>>,
}

impl Gate {
    /// From now on what the application does not read counts for this connection.
    pub fn count_for(&self, ledger: &Arc<Ledger>) {
        let _ = self.ledger.set(Arc::clone(ledger));
    }

    /// The application is about to get a message.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn deliver(&self, cost: usize) -> Result<(), Full> {
        let before = self.outstanding.load(Ordering::Relaxed);
        let after = before.saturating_add(cost);
        if let (more @ 1.., Some(ledger)) = (counted(after) - counted(before), self.ledger.get()) {
            ledger.add(counted(before), more)?;
        }
        self.outstanding.store(after, Ordering::Relaxed);
        Ok(())
    }

    /// The application has read that much.
    pub fn consume(&self, cost: usize) {
        let before = self.outstanding.load(Ordering::Relaxed);
        let after = before.saturating_sub(cost);
        self.outstanding.store(after, Ordering::Relaxed);
        if let (less @ 1.., Some(ledger)) = (counted(before) - counted(after), self.ledger.get()) {
            ledger.subtract(less);
        }
        if self.is_awaited.load(Ordering::Relaxed) && self.is_open() {
            self.opened.notify_one();
        }
    }

    /// Whether it is open. Whoever has read all gets the next message in any case.
    pub fn is_open(&self) -> bool {
        let outstanding = self.outstanding.load(Ordering::Relaxed);
        outstanding < UNSAID || outstanding < WINDOW && !self.is_pressed()
    }

    /// Room is short, and its connection has a good part of it.
    pub fn is_pressed(&self) -> bool {
        self.ledger.get().is_some_and(|ledger| ledger.is_pressed())
    }

    /// Waits until it is.
    pub async fn open(&self) {
        self.is_awaited.store(true, Ordering::Relaxed);
        while !self.is_open() {
            self.opened.notified().await;
        }
        self.is_awaited.store(false, Ordering::Relaxed);
    }

    /// The application has written so much.
    pub fn wrote(&self, cost: usize) {
        let all = self.unsent().saturating_add(cost);
        self.unsent.store(all, Ordering::Relaxed);
        if self.is_stalled.load(Ordering::Relaxed) {
            self.wrote.notify_one();
        }
    }

    /// The peer's window has taken so much of it.
    pub fn sent(&self, cost: usize) {
        let left = self.unsent().saturating_sub(cost);
        self.unsent.store(left, Ordering::Relaxed);
    }

    /// What waits for that.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Relaxed)
    }

    /// Whether somebody waits for the peer's window, and wants to know what is written
    /// meanwhile.
    pub fn set_stalled(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::Relaxed);
    }

    /// Waits until the application has written more.
    pub async fn more_written(&self) {
        self.wrote.notified().await;
    }
}

impl Drop for Gate {
    /// What an application has not read of a call that is over, it throws away.
    fn drop(&mut self) {
        let counted = counted(*self.outstanding.get_mut());
        if let (1.., Some(ledger)) = (counted, self.ledger.get()) {
            ledger.subtract(counted);
        }
    }
}

/// What an unread amount counts for: nothing as long as it may have been read.
fn counted(outstanding: usize) -> usize {
    if outstanding < UNSAID {
        0
    } else {
        outstanding / STEP * STEP
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::*;

    #[test]
    fn what_is_unread_counts_for_its_connection_until_it_is_read_or_the_call_is_over() {
        for seed in 0..500 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let ledger = Arc::new(Budget::new(1 << 30)).open();
            let gates: Vec<Gate> = (0..3).map(|_| Gate::default()).collect();
            let mut unread = [0; 3];
            for gate in &gates {
                gate.count_for(&ledger);
            }
            for _ in 0..200 {
                let (n, cost) = (rng.usize(..3), rng.usize(..UNSAID * 2));
                if rng.bool() {
                    gates[n].deliver(cost).unwrap();
                    unread[n] += cost;
                } else {
                    gates[n].consume(cost);
                    unread[n] = unread[n].saturating_sub(cost);
                }
                let all: usize = unread.into_iter().map(counted).sum();
                assert_eq!(ledger.held(), all, "seed {seed}");
            }
            drop(gates);
            assert_eq!(ledger.held(), 0, "seed {seed}");
        }
    }

    #[test]
    fn while_room_is_short_who_reads_gets_more_and_who_does_not_waits() {
        let budget = Arc::new(Budget::new(1 << 20));
        let (greedy, modest) = (budget.open(), budget.open());
        let (unread, read) = (Gate::default(), Gate::default());
        unread.count_for(&greedy);
        read.count_for(&modest);
        unread.deliver(WINDOW - 1).unwrap();
        read.deliver(UNSAID * 2).unwrap();
        assert!(unread.is_open() && read.is_open());
        let mut other = greedy.call();
        other.set(WINDOW * 2).unwrap();
        assert!(!unread.is_open() && read.is_open());
        unread.consume(WINDOW);
        assert!(unread.is_open(), "it has read all");
    }

    #[test]
    fn an_unread_message_that_has_no_room_is_refused() {
        let ledger = Arc::new(Budget::new(1 << 20)).open();
        let gates: Vec<Gate> = (0..4).map(|_| Gate::default()).collect();
        let refused = gates.iter().filter(|gate| {
            gate.count_for(&ledger);
            gate.deliver(400 << 10).is_err()
        });
        assert_eq!(refused.count(), 2);
        assert_eq!(ledger.held(), counted(400 << 10) * 2);
    }
}
