//! What one call holds of what its connection does.

use std::cmp::Ordering;

use tokio::sync::SemaphorePermit;

use super::{Full, Ledger};

/// What one call holds, given back when it is dropped.
pub struct Holding<'a> {
    ledger: &'a Ledger,
    bytes: usize,
}

impl<'a> Holding<'a> {
    /// Of a call that holds nothing yet.
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, bytes: 0 }
    }

    /// It holds so much from now on.
    ///
    /// # Errors
    /// The budget is used up, mostly by this connection. The call holds what it held.
    pub fn set(&mut self, bytes: usize) -> Result<(), Full> {
        match bytes.cmp(&self.bytes) {
            Ordering::Greater => self.ledger.add(self.bytes, bytes - self.bytes)?,
            Ordering::Less => self.ledger.subtract(self.bytes - bytes),
            Ordering::Equal => {}
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Waits, while the budget is tight, until this is the only call of its connection
    /// whose large message comes. None if it is not.
    pub fn turn(&self) -> impl Future<Output = Option<SemaphorePermit<'a>>> + use<'a> {
        let ledger = self.ledger;
        async move {
            if !ledger.budget.is_tight() {
                return None;
            }
            // The semaphore is never closed.
            ledger.turn.acquire().await.ok()
        }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.ledger.subtract(self.bytes);
        }
    }
}
