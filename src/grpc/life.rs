//! What is known of a client's connection beside its protocol: how long it stands,
//! what it was good for, and the calls on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Shared by the connection, its calls and who watches it.
pub struct Life {
    since: Instant,
    answered: AtomicBool,
    /// Calls that were made on it.
    made: AtomicUsize,
    /// Those of them that are over.
    over: AtomicUsize,
}

impl Life {
    /// Of a connection that stands now.
    pub fn new() -> Self {
        Self {
            since: Instant::now(),
            answered: AtomicBool::new(false),
            made: AtomicUsize::new(0),
            over: AtomicUsize::new(0),
        }
    }

    /// How long it has stood, and whether a call on it got headers.
    pub fn now(&self) -> (Duration, bool) {
        let answered = self.answered.load(Ordering::Relaxed);
        (self.since.elapsed(), answered)
    }

    /// A call on it got headers.
    pub fn set_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Calls that are on it.
    pub fn calls(&self) -> usize {
        let over = self.over.load(Ordering::Relaxed);
        self.made.load(Ordering::Relaxed).saturating_sub(over)
    }
}

/// A call counts for its connection until this is dropped.
pub struct Counted<'a> {
    life: &'a Arc<Life>,
    number: usize,
}

impl<'a> Counted<'a> {
    /// Before the call is sent.
    pub fn new(life: &'a Arc<Life>) -> Self {
        let number = life.made.fetch_add(1, Ordering::Relaxed) + 1;
        Self { life, number }
    }

    /// What tells later whether the call was sent.
    pub fn position(&self) -> Position {
        Position {
            life: Arc::clone(self.life),
            number: self.number,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.life.over.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where a call stands among those of its connection, which h2 sends in the order in
/// which they were made.
pub struct Position {
    life: Arc<Life>,
    number: usize,
}

impl Position {
    /// Whether it waits for others to end, if so many are allowed at once. Calls behind
    /// it that were given up count like those before it: it may have to wait and be
    /// taken for sent, never the other way round.
    pub fn is_behind(&self, most: usize) -> bool {
        self.number > self.life.over.load(Ordering::Relaxed).saturating_add(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_behind_until_enough_of_those_before_it_are_over() {
        let life = Arc::new(Life::new());
        let calls: Vec<_> = (0..5).map(|_| Counted::new(&life)).collect();
        let last = calls[4].position();
        assert_eq!(life.calls(), 5);
        assert!(last.is_behind(4) && !last.is_behind(5) && !last.is_behind(usize::MAX));
        drop(calls);
        assert_eq!(life.calls(), 0);
        assert!(!last.is_behind(1));
    }
}
