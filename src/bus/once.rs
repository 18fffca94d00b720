//! What is said of others once, though it happens again and again.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Of so many others at most: names are theirs to choose.
const MOST: usize = 1_000;

/// Names of whom something has been said.
#[derive(Default)]
pub struct Once {
    names: HashSet<Arc<str>>,
    /// The same, oldest first, where the oldest gives way to a new one.
    order: Option<VecDeque<Arc<str>>>,
}

impl Once {
    /// Of others who have shown who they are: there is always room for one more, and of one
    /// that was forgotten it is said again. Without this nothing is said of further ones,
    /// so that strangers cannot fill a log.
    pub fn forgetting() -> Self {
        Self {
            order: Some(VecDeque::new()),
            ..Self::default()
        }
    }

    /// Whether it has not been said of this one yet. It has been from now on.
    pub fn is_new(&mut self, name: &str) -> bool {
        if self.names.contains(name) || self.names.len() >= MOST && !self.forget_oldest() {
            return false;
        }
        let name: Arc<str> = name.into();
        if let Some(order) = &mut self.order {
            order.push_back(Arc::clone(&name));
        }
        self.names.insert(name)
    }

    /// It is not so any more: it is said again when it happens again.
    pub fn forget(&mut self, name: &str) {
        if let (true, Some(order)) = (self.names.remove(name), &mut self.order) {
            order.retain(|other| **other != *name);
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.order.as_mut().and_then(VecDeque::pop_front);
        oldest.is_some_and(|oldest| self.names.remove(&oldest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say_of(once: &mut Once, numbers: std::ops::Range<usize>) -> usize {
        numbers.filter(|n| once.is_new(&n.to_string())).count()
    }

    #[test]
    fn it_is_said_once_of_each_and_again_of_one_that_was_forgotten() {
        for mut once in [Once::default(), Once::forgetting()] {
            assert_eq!(say_of(&mut once, 0..10), 10);
            assert_eq!(say_of(&mut once, 0..10), 0);
            once.forget("3");
            assert_eq!(say_of(&mut once, 0..10), 1);
        }
    }

    #[test]
    fn of_more_than_the_most_the_oldest_are_forgotten_or_nothing_is_said() {
        let mut once = Once::default();
        assert_eq!(say_of(&mut once, 0..MOST + 5), MOST);
        let mut once = Once::forgetting();
        assert_eq!(say_of(&mut once, 0..MOST + 5), MOST + 5);
        assert_eq!(say_of(&mut once, 5..MOST + 5), 0);
        assert_eq!(say_of(&mut once, 0..1), 1);
        assert_eq!(once.names.len(), MOST);
        assert_eq!(once.order.unwrap().len(), MOST);
    }
}
