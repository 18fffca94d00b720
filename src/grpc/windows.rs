//! HTTP/2 windows: what a peer may send before it is read.

use std::time::{Duration, Instant};

/// What a stream may hold while streams are few: large enough that messages of
/// 5 MiB need few round trips.
pub const STREAM_WINDOW: u32 = 1 << 20;
/// What all streams of a connection may hold. The windows of the streams come to
/// less, also while a peer has yet to hear that they shrink: were this the limit,
/// streams that are not read would stop the others.
pub const CONNECTION_WINDOW: u32 = 1 << 30;
/// What the frames of small DATA that nobody has read may cost beside their bytes.
pub const SMALL_FRAMES: usize = 8 << 20;
/// What the windows of the streams come to, until each is [`LEAST`].
const SHARED: usize = 16 << 20;
/// With thousands of streams: a message takes some more round trips.
const LEAST: u32 = 4 << 10;
/// Windows grow again when streams have been few for that long: each change is a
/// frame and its answer, which calls that come in batches are to be spared.
const CALM: Duration = Duration::from_secs(10);

/// The window of a connection's streams, which shrinks as they become many.
pub struct Windows {
    current: u32,
    /// When there were last so many streams that it could not be larger.
    needed: Instant,
}

impl Windows {
    /// Of a connection that has begun with [`STREAM_WINDOW`].
    pub fn new() -> Self {
        Self {
            current: STREAM_WINDOW,
            needed: Instant::now(),
        }
    }

    /// Makes the window fit the number of streams. `set` may fail, while the peer has
    /// not confirmed the last change: the next call tries again.
    pub fn fit<E>(&mut self, streams: usize, set: impl FnOnce(u32) -> Result<(), E>) {
        let fitting = fitting(streams);
        if fitting == self.current {
            if fitting < STREAM_WINDOW {
                self.needed = Instant::now();
            }
            return;
        }
        if fitting > self.current && self.needed.elapsed() < CALM {
            return;
        }
        if set(fitting).is_ok() {
            self.current = fitting;
            self.needed = Instant::now();
        }
    }
}

/// A power of two, so that few changes of the number change it.
fn fitting(streams: usize) -> u32 {
    let share = SHARED / streams.max(1).next_power_of_two();
    u32::try_from(share).map_or(STREAM_WINDOW, |share| share.clamp(LEAST, STREAM_WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_shrink_at_once_and_grow_when_it_has_been_calm() {
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |size: u32| {
            told.borrow_mut().push(size >> 10);
            Ok::<_, ()>(())
        };
        let mut windows = Windows::new();
        for streams in [0, 1, 16, 17, 32, 33, 16, 0, 300, 10_000] {
            windows.fit(streams, tell);
        }
        assert_eq!(*told.borrow(), [512, 256, 32, 4]);
        windows.fit(1, |_| Err(()));
        windows.needed -= CALM;
        windows.fit(1, |_| Err(()));
        windows.fit(1, tell);
        assert_eq!(*told.borrow(), [512, 256, 32, 4, 1024]);
    }
}
