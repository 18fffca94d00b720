//! Wakes JS threads: at the end of a turn of the network thread, when all that is ready
//! now has been done. So many events are one wake-up.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Wakes one JS thread. Called on the network thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// How an environment is woken, until its JS goes away.
pub struct Waker(Mutex<Option<Wake>>);

impl Waker {
    /// Of an environment that is there.
    pub fn new(wake: Wake) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(wake))))
    }

    /// Wakes at the end of this turn of the network thread.
    pub fn wake_later(self: &Arc<Self>) {
        TO_WAKE.wakers.lock().push(Arc::clone(self));
        TO_WAKE.any.get_or_init(Notify::new).notify_one();
    }

    /// JS is going away: nobody is woken from here on. On the JS thread.
    pub fn close(&self) {
        // Taken under its lock: a wake under way has ended when this returns.
        let wake = self.0.lock().take();
        drop(wake);
    }

    fn wake(&self) {
        if let Some(wake) = &*self.0.lock() {
            wake();
        }
    }
}

/// Environments that have events and are not woken yet.
struct ToWake {
    wakers: Mutex<Vec<Arc<Waker>>>,
    any: OnceLock<Notify>,
}

static TO_WAKE: ToWake = ToWake {
    wakers: Mutex::new(Vec::new()),
    any: OnceLock::new(),
};

/// Wakes who is to be woken, turn by turn. On the network thread.
pub async fn keep_waking() {
    let any = TO_WAKE.any.get_or_init(Notify::new);
    loop {
        any.notified().await;
        let wakers = std::mem::take(&mut *TO_WAKE.wakers.lock());
        for waker in wakers {
            waker.wake();
        }
    }
}
