//! Something that happens once, and that one task waits for while it does much else.
//! Such a task is polled for every message, and asks each time: a `Notify` would be
//! asked for its place in a list, this looks at a flag.

use std::future::{Future, poll_fn};
use std::task::{Poll, Waker};

use parking_lot::Mutex;

/// Set once; waited for by one task.
#[derive(Default)]
pub struct Latch {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_set: bool,
    /// Of the task that waits.
    waker: Option<Waker>,
}

impl Latch {
    /// It has happened.
    pub fn set(&self) {
        let mut state = self.state.lock();
        state.is_set = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for that; for the task that asked last.
    pub fn wait(&self) -> impl Future<Output = ()> + use<'_> {
        poll_fn(|cx| {
            let mut state = self.state.lock();
            if state.is_set {
                return Poll::Ready(());
            }
            let is_known = |waker: &Waker| waker.will_wake(cx.waker());
            if !state.waker.as_ref().is_some_and(is_known) {
                state.waker = Some(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn who_waits_is_woken_and_who_comes_later_does_not_wait() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..500 {
            let latch = Arc::new(Latch::default());
            let setting = Arc::clone(&latch);
            let setter = std::thread::spawn(move || setting.set());
            runtime.block_on(latch.wait());
            runtime.block_on(latch.wait());
            setter.join().unwrap();
        }
    }
}
