//! What is said of others once, though it happens again and again.

use std::collections::HashSet;

/// Of so many others at most: names are theirs to choose.
const MOST: usize = 1_000;

/// Names of whom something has been said.
#[derive(Default)]
pub struct Once(HashSet<String>);

impl Once {
    /// Whether it has not been said of this one yet. It has been from now on.
    pub fn is_new(&mut self, name: &str) -> bool {
        self.0.len() < MOST && self.0.insert(name.to_owned())
    }

    /// It is not so any more: it is said again when it happens again.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }
}
