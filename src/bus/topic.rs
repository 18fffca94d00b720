//! AMQP's topic matching: a trie over the words of patterns.

use std::collections::{HashMap, HashSet};

/// Patterns, each with the values it was inserted for. `*` stands for exactly
/// one word, `#` for any number of words, none included.
///
/// A key is matched word by word with the set of nodes reached so far, so the
/// work is bounded by the number of words times the number of nodes, whatever
/// the patterns are. `#` behind `#` adds nothing, and is left out.
pub struct Trie<T> {
    nodes: Vec<Node<T>>,
    free: Vec<usize>,
}

struct Node<T> {
    parent: usize,
    /// What leads from the parent here.
    word: Box<str>,
    words: HashMap<Box<str>, usize>,
    star: Option<usize>,
    hash: Option<usize>,
    is_hash: bool,
    values: Vec<T>,
}

impl<T> Node<T> {
    fn new(parent: usize, word: &str) -> Self {
        Self {
            parent,
            word: word.into(),
            words: HashMap::new(),
            star: None,
            hash: None,
            is_hash: word == "#",
            values: Vec::new(),
        }
    }

    fn child(&self, word: &str) -> Option<usize> {
        match word {
            "*" => self.star,
            "#" => self.hash,
            word => self.words.get(word).copied(),
        }
    }

    fn set_child(&mut self, word: &str, child: Option<usize>) {
        match (word, child) {
            ("*", child) => self.star = child,
            ("#", child) => self.hash = child,
            (word, Some(child)) => drop(self.words.insert(word.into(), child)),
            (word, None) => drop(self.words.remove(word)),
        }
    }

    fn is_empty(&self) -> bool {
        let children = self.words.len() + self.star.iter().len() + self.hash.iter().len();
        children == 0 && self.values.is_empty()
    }
}

const ROOT: usize = 0;

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self {
            nodes: vec![Node::new(ROOT, "")],
            free: Vec::new(),
        }
    }
}

impl<T: Copy + Ord> Trie<T> {
    /// Adds a value; equal pairs are one.
    pub fn insert(&mut self, pattern: &str, value: T) {
        let mut at = ROOT;
        for word in words(pattern) {
            at = match self.nodes[at].child(word) {
                Some(child) => child,
                None => self.grow(at, word),
            };
        }
        let values = &mut self.nodes[at].values;
        if !values.contains(&value) {
            values.push(value);
        }
    }

    fn grow(&mut self, parent: usize, word: &str) -> usize {
        let node = Node::new(parent, word);
        let child = if let Some(free) = self.free.pop() {
            self.nodes[free] = node;
            free
        } else {
            self.nodes.push(node);
            self.nodes.len() - 1
        };
        self.nodes[parent].set_child(word, Some(child));
        child
    }

    /// Takes a pair away.
    pub fn remove(&mut self, pattern: &str, value: T) {
        let mut at = ROOT;
        for word in words(pattern) {
            match self.nodes[at].child(word) {
                Some(child) => at = child,
                None => return,
            }
        }
        self.nodes[at].values.retain(|kept| *kept != value);
        while at != ROOT && self.nodes[at].is_empty() {
            let parent = self.nodes[at].parent;
            let word = std::mem::take(&mut self.nodes[at].word);
            self.nodes[parent].set_child(&word, None);
            self.free.push(at);
            at = parent;
        }
    }

    /// Whether there is no pattern left.
    pub fn is_empty(&self) -> bool {
        self.nodes[ROOT].is_empty()
    }

    /// Adds the values of all patterns that match to `found`, each once.
    pub fn find(&self, key: &str, found: &mut Vec<T>) {
        let mut reached = Reached::default();
        self.reach(ROOT, &mut reached);
        let mut next = Reached::default();
        for word in key.split('.') {
            for &at in &reached.nodes {
                let node = &self.nodes[at];
                if node.is_hash {
                    self.reach(at, &mut next);
                }
                if let Some(&child) = node.words.get(word) {
                    self.reach(child, &mut next);
                }
                if let Some(child) = node.star {
                    self.reach(child, &mut next);
                }
            }
            std::mem::swap(&mut reached, &mut next);
            next.clear();
        }
        for at in reached.nodes {
            found.extend_from_slice(&self.nodes[at].values);
        }
        if found.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
    }

    /// A node, and the `#` behind it, which may stand for nothing.
    fn reach(&self, at: usize, reached: &mut Reached) {
        if reached.add(at)
            && let Some(hash) = self.nodes[at].hash
        {
            reached.add(hash);
        }
    }
}

/// The words of a pattern, without each `#` behind another.
fn words(pattern: &str) -> impl Iterator<Item = &str> {
    let mut last = "";
    pattern.split('.').filter(move |word| {
        let adds = *word != "#" || last != "#";
        last = *word;
        adds
    })
}

/// A pattern that matches the same, without them.
pub fn shortest(pattern: &str) -> String {
    words(pattern).collect::<Vec<&str>>().join(".")
}

/// So many are compared one by one, which takes no memory.
const FEW: usize = 16;

/// Nodes, each once.
#[derive(Default)]
struct Reached {
    nodes: Vec<usize>,
    /// The same, when they are many.
    set: HashSet<usize>,
}

impl Reached {
    /// Returns whether it is a new one.
    fn add(&mut self, node: usize) -> bool {
        if self.nodes.len() < FEW {
            if self.nodes.contains(&node) {
                return false;
            }
        } else {
            if self.set.is_empty() {
                self.set.extend(&self.nodes);
            }
            if !self.set.insert(node) {
                return false;
            }
        }
        self.nodes.push(node);
        true
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.set.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AMQP's definition, read aloud.
    fn matches(pattern: &[&str], key: &[&str]) -> bool {
        match (pattern, key) {
            ([], []) => true,
            (["#", rest @ ..], _) => (0..=key.len()).any(|taken| matches(rest, &key[taken..])),
            (["*", rest @ ..], [_, key @ ..]) => matches(rest, key),
            ([word, rest @ ..], [first, key @ ..]) => word == first && matches(rest, key),
            _ => false,
        }
    }

    #[test]
    fn patterns_match_as_amqp_says() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut word = |of: &[&'static str]| of[rng.usize(..of.len())];
        for round in 0..3000 {
            let mut trie = Trie::default();
            let patterns: Vec<Vec<&str>> = (0..=round % 9)
                .map(|n| (0..=n % 5).map(|_| word(&["a", "b", "*", "#"])).collect())
                .collect();
            for (n, pattern) in patterns.iter().enumerate() {
                trie.insert(&pattern.join("."), n);
            }
            // Every other one is taken away again.
            let kept = |n: usize| n.is_multiple_of(2);
            for (n, pattern) in patterns.iter().enumerate().filter(|(n, _)| !kept(*n)) {
                trie.remove(&pattern.join("."), n);
            }
            for length in 1..6 {
                let key: Vec<&str> = (0..length).map(|_| word(&["a", "b", "c"])).collect();
                let mut found = Vec::new();
                trie.find(&key.join("."), &mut found);
                found.sort_unstable();
                let expected: Vec<usize> = (0..patterns.len())
                    .filter(|n| kept(*n) && matches(&patterns[*n], &key))
                    .collect();
                assert_eq!(found, expected, "{key:?} among {patterns:?}");
            }
        }
    }

    #[test]
    fn what_is_removed_leaves_nothing_behind() {
        let mut trie = Trie::default();
        for n in 0..1000 {
            let pattern = format!("follower.{n}.#");
            trie.insert(&pattern, n);
            trie.remove(&pattern, n);
        }
        assert!(trie.is_empty());
        assert!(trie.nodes.len() < 10);
    }

    /// As `matches`, in time by the product of both lengths.
    fn matches_quickly(pattern: &[&str], key: &[&str]) -> bool {
        let mut ends = vec![false; key.len() + 1];
        ends[0] = true;
        for word in pattern {
            let before = ends.clone();
            for end in 0..=key.len() {
                let one = end > 0 && before[end - 1];
                ends[end] = match *word {
                    "#" => before[end] || end > 0 && ends[end - 1],
                    "*" => one,
                    word => one && key[end - 1] == word,
                };
            }
        }
        ends[key.len()]
    }

    #[test]
    fn many_long_patterns_match_as_amqp_says() {
        for seed in 0..300 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let alphabet = ["", "a", "b", "*", "#", "#"];
            let mut text = |longest: usize, of: &[&'static str]| -> Vec<&str> {
                let length = rng.usize(1..=longest);
                (0..length).map(|_| of[rng.usize(..of.len())]).collect()
            };
            let patterns: Vec<Vec<&str>> = (0..60).map(|_| text(20, &alphabet)).collect();
            let mut trie = Trie::default();
            for (n, pattern) in patterns.iter().enumerate() {
                trie.insert(&pattern.join("."), n);
            }
            for _ in 0..10 {
                let key = text(30, &["", "a", "b", "c"]);
                let mut found = Vec::new();
                trie.find(&key.join("."), &mut found);
                let all = 0..patterns.len();
                let expected: Vec<usize> = all
                    .filter(|n| matches_quickly(&patterns[*n], &key))
                    .collect();
                assert_eq!(found, expected, "seed {seed}: {key:?} among {patterns:?}");
            }
            for (n, pattern) in patterns.iter().enumerate() {
                trie.remove(&pattern.join("."), n);
            }
            assert!(trie.is_empty(), "seed {seed}");
        }
    }

    #[test]
    fn a_hash_behind_another_is_no_node_of_its_own() {
        let mut trie = Trie::default();
        trie.insert(&vec!["#"; 20_000].join("."), 1);
        trie.insert(&["#.#.a.#.#.#"; 20].join("."), 2);
        assert!(trie.nodes.len() <= 2 + 2 * 20);
        let mut found = Vec::new();
        trie.find(&["a"; 100].join("."), &mut found);
        assert_eq!(found, [1, 2]);
        trie.remove("#", 1);
        trie.remove(&["#.a.#"; 20].join("."), 2);
        assert!(
            trie.is_empty(),
            "equal patterns are one, however they are written"
        );
    }

    #[test]
    fn no_pattern_makes_matching_slow() {
        let mut trie = Trie::default();
        trie.insert(&["#.a"; 60].join("."), 1);
        let mut found = Vec::new();
        trie.find(&["a"; 120].join("."), &mut found);
        trie.find(&format!("{}.b", ["a"; 120].join(".")), &mut found);
        assert_eq!(found, [1]);
    }
}
