//! What numbers in commands stand for: tables that JS threads fill and the network thread reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::uri::PathAndQuery;
use parking_lot::{Mutex, RwLock};

use crate::grpc::channel::{Channel, Channels, Options};

/// The paths and channels that numbers in commands stand for.
#[derive(Default)]
pub struct Tables {
    paths: RwLock<Paths>,
    channels: Mutex<HashMap<u32, Arc<Channel>>>,
    next_channel: AtomicU32,
    live: Channels,
}

#[derive(Default)]
struct Paths {
    numbers: HashMap<String, u32>,
    paths: Vec<PathAndQuery>,
}

impl Tables {
    /// The number of a path; equal paths have one. `None` for what is no path.
    pub fn method(&self, path: &str) -> Option<u32> {
        if let Some(number) = self.paths.read().numbers.get(path) {
            return Some(*number);
        }
        let parsed: PathAndQuery = path.parse().ok()?;
        let mut paths = self.paths.write();
        let number = u32::try_from(paths.paths.len()).ok()?;
        paths.paths.push(parsed);
        Some(*paths.numbers.entry(path.to_owned()).or_insert(number))
    }

    /// The path of a number.
    pub fn path(&self, method: u32) -> Option<PathAndQuery> {
        self.paths.read().paths.get(method as usize).cloned()
    }

    /// A number for a channel; equal options share the connection behind it.
    pub fn open_channel(&self, options: Options) -> u32 {
        let number = self.next_channel.fetch_add(1, Ordering::Relaxed);
        let channel = self.live.get(options);
        self.channels.lock().insert(number, channel);
        number
    }

    /// The channel of a number that has not been closed.
    pub fn channel(&self, number: u32) -> Option<Arc<Channel>> {
        self.channels.lock().get(&number).cloned()
    }

    /// Gives the number of a channel back: nobody names it any more.
    pub fn close_channel(&self, number: u32) {
        self.channels.lock().remove(&number);
    }
}
