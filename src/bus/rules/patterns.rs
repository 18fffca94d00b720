//! Names and beginnings of names: `webrtc-*` is all that begins so, `*` all there is.

/// Whether one pattern fits a text.
pub fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => text.starts_with(begin),
        None => pattern == text,
    }
}

/// Many patterns, of which it is found out by two searches whether one fits.
#[derive(Debug, Default)]
pub struct Patterns {
    /// In order.
    exact: Vec<String>,
    /// In order, and none of them begins with another: of all that could be a text's
    /// beginning only the last one that is not behind the text is.
    begins: Vec<String>,
}

impl Patterns {
    /// Whether one of them fits.
    pub fn fit(&self, text: &str) -> bool {
        let after = self.begins.partition_point(|begin| begin.as_str() <= text);
        let last = after.checked_sub(1).map(|at| &self.begins[at]);
        last.is_some_and(|begin| text.starts_with(begin.as_str()))
            || self
                .exact
                .binary_search_by(|one| one.as_str().cmp(text))
                .is_ok()
    }
}

impl<'a> FromIterator<&'a String> for Patterns {
    fn from_iter<I: IntoIterator<Item = &'a String>>(patterns: I) -> Self {
        let mut made = Self::default();
        for pattern in patterns {
            match pattern.strip_suffix('*') {
                Some(begin) => made.begins.push(begin.to_owned()),
                None => made.exact.push(pattern.clone()),
            }
        }
        made.exact.sort_unstable();
        made.begins.sort_unstable();
        // Those that begin with another come behind it.
        made.begins
            .dedup_by(|later, kept| later.starts_with(kept.as_str()));
        made
    }
}
