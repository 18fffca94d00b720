//! Everything in a range of keys, read page by page, as of the revision of the first.

use bytes::Bytes;

use super::keys::{Keys, Seen, revision};
use super::wire::{RangeRequest, RangeResponse};
use crate::grpc::status::Status;

/// More keys than this are no cluster's: a registry of ours has room for half as many
/// members.
const MOST: usize = 20_000;

/// What was read so far.
pub struct Listing {
    range: (Bytes, Bytes),
    all: Vec<Seen>,
    count: usize,
    /// etcd's revision, 0 before the first page.
    at: i64,
    last: Option<Bytes>,
}

impl Listing {
    /// Of which nothing was read.
    pub fn of(range: (Bytes, Bytes)) -> Self {
        Self {
            range,
            all: Vec::new(),
            count: 0,
            at: 0,
            last: None,
        }
    }

    /// Asks for the next page.
    pub fn next(&self) -> RangeRequest {
        Keys::page(&self.range, self.last.as_ref(), self.at)
    }

    /// Takes a page. Returns whether it was the last one.
    ///
    /// # Errors
    /// It does not lie behind those before, or there are too many: asking on would not
    /// end.
    pub fn take(&mut self, keys: &Keys, page: &RangeResponse) -> Result<bool, Status> {
        if self.at == 0 {
            self.at = page.header.as_ref().map_or(0, |header| header.revision);
        }
        let first = page.kvs.first().map(|key| &key.key);
        if first.is_some() && first <= self.last.as_ref() {
            return Err(Status::internal("etcd gives the same keys again"));
        }
        self.count += page.kvs.len();
        if self.count > MOST {
            let text = format!("etcd has more than {MOST} keys where the members' are");
            return Err(Status::internal(text));
        }
        let seen = page.kvs.iter().filter_map(|key| keys.seen(key, false));
        self.all.extend(seen);
        self.last = page.kvs.last().map(|key| key.key.clone());
        Ok(!page.more || self.last.is_none())
    }

    /// All of it, and as of which revision.
    pub fn whole(self) -> (u64, Vec<Seen>) {
        (revision(self.at), self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::agreement::Terms;
    use crate::registry::etcd::wire::{KeyValue, ResponseHeader};

    fn keys() -> Keys {
        Keys::new("/p", &Terms::of("c"))
    }

    /// A page of how far so many members are, as of a revision.
    fn page(names: impl Iterator<Item = usize>, revision: i64) -> RangeResponse {
        let key = |name| KeyValue {
            key: format!("/p/c/applied/{name:06}").into(),
            value: "1".into(),
            ..KeyValue::default()
        };
        RangeResponse {
            header: Some(ResponseHeader {
                revision,
                ..ResponseHeader::default()
            }),
            kvs: names.map(key).collect(),
            more: true,
        }
    }

    #[test]
    fn pages_are_asked_for_behind_one_another_as_of_the_revision_of_the_first() {
        let mut listing = Listing::of(keys().applied());
        assert_eq!(listing.next().revision, 0);
        assert_eq!(listing.take(&keys(), &page(0..3, 7)).ok(), Some(false));
        assert_eq!(listing.next().revision, 7);
        assert_eq!(&*listing.next().key, b"/p/c/applied/000002\0");
        let last = RangeResponse {
            more: false,
            ..page(3..4, 9)
        };
        assert_eq!(listing.take(&keys(), &last).ok(), Some(true));
        let (revision, all) = listing.whole();
        assert_eq!((revision, all.len()), (7, 4));
    }

    #[test]
    fn an_etcd_that_never_comes_to_an_end_is_not_asked_for_ever() {
        let mut listing = Listing::of(keys().applied());
        assert_eq!(listing.take(&keys(), &page(0..1, 7)).ok(), Some(false));
        let again = listing.take(&keys(), &page(0..1, 7)).unwrap_err();
        assert_eq!(again.details, "etcd gives the same keys again");
        let mut listing = Listing::of(keys().applied());
        let mut pages = (0..).map(|n| page(n * 500..(n + 1) * 500, 7));
        let end = pages.find_map(|page| listing.take(&keys(), &page).err());
        let end = end.map(|status| status.details);
        let said = "etcd has more than 20000 keys where the members' are";
        assert_eq!(end.as_deref(), Some(said));
    }
}
