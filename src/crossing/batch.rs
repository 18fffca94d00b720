//! A batch of commands, as JS sends it: records, and behind them where each one
//! begins. So a record whose size is wrong costs that one, and not those behind it.

use bytes::Bytes;

use super::record::{HEADER, Reader};

/// Bytes of a number in the index.
const ENTRY: usize = 4;

/// One command.
pub struct Record {
    /// Where it begins in its batch.
    pub at: usize,
    /// See [`super::record::command`].
    pub op: u8,
    /// What they mean depends on `op`.
    pub flags: u8,
    /// Of the call, server or member it is for.
    pub id: u32,
    /// What stands behind its header.
    pub body: Reader,
    /// Its size, if that does not add up.
    pub misfit: Option<String>,
}

/// The records of a batch.
#[derive(Debug)]
pub struct Batch {
    records: Bytes,
    index: Bytes,
    next: usize,
}

impl Batch {
    /// Looks at the index: what it says has to be possible.
    ///
    /// # Errors
    /// What is not. Nothing of such a batch can be told apart.
    pub fn read(mut batch: Bytes) -> Result<Self, String> {
        let size = batch.len();
        let bad = |what: &str| format!("{size} bytes with an index that {what}");
        let count = size
            .checked_sub(ENTRY)
            .map(|at| number(&batch.split_off(at), 0))
            .ok_or_else(|| bad("is missing"))?;
        let end = count
            .checked_mul(ENTRY)
            .and_then(|length| batch.len().checked_sub(length))
            .ok_or_else(|| bad(&format!("has {count} records in it")))?;
        let index = batch.split_off(end);
        let batch = Self {
            records: batch,
            index,
            next: 0,
        };
        let mut from = 0;
        for n in 0..count {
            let at = number(&batch.index, n);
            if at < from || end < at + HEADER || n == 0 && at > 0 {
                return Err(bad(&format!("has record {n} at {at}")));
            }
            from = at + HEADER;
        }
        if count == 0 && end > 0 {
            return Err(bad("has no records in it"));
        }
        Ok(batch)
    }

    /// The body of the record at `at`, once more.
    pub fn body_at(&self, at: usize) -> Reader {
        let end = (0..self.len())
            .map(|n| self.start(n))
            .find(|start| *start > at);
        let end = end.unwrap_or(self.records.len());
        Reader::new(self.records.slice(end.min(at + HEADER)..end))
    }

    fn len(&self) -> usize {
        self.index.len() / ENTRY
    }

    /// Where a record begins; where all end for the one behind the last.
    fn start(&self, n: usize) -> usize {
        if n < self.len() {
            number(&self.index, n)
        } else {
            self.records.len()
        }
    }
}

/// The number at place `n`, which has to be there.
fn number(index: &Bytes, n: usize) -> usize {
    let at = n * ENTRY;
    let bytes = index.get(at..at + ENTRY).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

impl Iterator for Batch {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.next == self.len() {
            return None;
        }
        let (at, end) = (self.start(self.next), self.start(self.next + 1));
        self.next += 1;
        let header = self.records.get(at..end)?.first_chunk::<HEADER>()?;
        let [s0, s1, s2, s3, op, flags, _, _, i0, i1, i2, i3] = *header;
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        let room = end - at;
        Some(Record {
            at,
            op,
            flags,
            id: u32::from_le_bytes([i0, i1, i2, i3]),
            body: Reader::new(self.records.slice(at + HEADER..end)),
            misfit: (size != room).then(|| format!("it says {size} bytes and has {room}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(size: usize, id: u8, body: &[u8]) -> Vec<u8> {
        let mut record = u32::try_from(size).unwrap().to_le_bytes().to_vec();
        record.extend([3, 1, 0, 0, id, 0, 0, 0]);
        record.extend(body);
        record
    }

    fn batch(records: &[Vec<u8>]) -> Bytes {
        let mut index = Vec::new();
        let mut all = Vec::new();
        for record in records {
            index.extend(u32::try_from(all.len()).unwrap().to_le_bytes());
            all.extend(record);
        }
        index.extend(u32::try_from(records.len()).unwrap().to_le_bytes());
        all.extend(index);
        all.into()
    }

    /// The ids, and whether the size adds up.
    fn read(batch: Bytes) -> Vec<(u32, bool)> {
        let records = Batch::read(batch).unwrap();
        records.map(|r| (r.id, r.misfit.is_none())).collect()
    }

    #[test]
    fn a_size_that_does_not_add_up_costs_its_record_alone() {
        let good = |id| record(HEADER + 3, id, b"abc");
        for size in [0, 1, HEADER, HEADER + 2, HEADER + 4, 3 * HEADER, 1 << 31] {
            let records = [good(1), record(size, 2, b"abc"), good(3), good(4)];
            let expected = [(1, true), (2, false), (3, true), (4, true)];
            assert_eq!(read(batch(&records)), expected, "size {size}");
        }
    }

    #[test]
    fn a_record_that_does_not_add_up_is_named_by_its_place() {
        let records = [record(HEADER, 1, b""), record(99, 2, b"ab")];
        let mut batch = Batch::read(batch(&records)).unwrap();
        let bad = batch.nth(1).unwrap();
        assert_eq!((bad.at, bad.op, bad.id), (HEADER, 3, 2));
        assert_eq!(bad.misfit.unwrap(), "it says 99 bytes and has 14");
        assert_eq!(batch.body_at(bad.at).rest(), "ab");
        assert_eq!(batch.body_at(0).rest(), "");
    }

    #[test]
    fn an_index_that_cannot_be_is_refused_whatever_it_says() {
        let whole = batch(&[record(HEADER, 1, b""), record(HEADER + 2, 2, b"ab")]);
        assert_eq!(read(whole.clone()), [(1, true), (2, true)]);
        for length in 0..whole.len() {
            if let Ok(records) = Batch::read(whole.slice(..length)) {
                assert!(records.count() < 2, "cut at {length}");
            }
        }
        for at in whole.len() - 12..whole.len() {
            for value in [0, 1, 2, 3, 12, 13, 127, 255] {
                let mut changed = whole.to_vec();
                changed[at] = value;
                if let Ok(records) = Batch::read(changed.into()) {
                    assert!(records.count() <= 2, "{value} at {at}");
                }
            }
        }
    }
}
