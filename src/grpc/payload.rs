//! What DATA frames carry: bytes, of which a large last part may be shared with
//! others who send it, too.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes in two parts, so that the second one need not be copied behind what comes
/// before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    head: Bytes,
    rest: Bytes,
}

impl Payload {
    /// Bytes and what follows them.
    pub fn new(head: Bytes, rest: Bytes) -> Self {
        Self { head, rest }
    }

    /// The bytes of both parts.
    pub fn len(&self) -> usize {
        self.head.len() + self.rest.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the first `length` bytes, which have to be there.
    pub fn split_to(&mut self, length: usize) -> Self {
        let of_head = length.min(self.head.len());
        Self {
            head: self.head.split_to(of_head),
            rest: self.rest.split_to(length - of_head),
        }
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes, Bytes::new())
    }
}

impl From<BytesMut> for Payload {
    fn from(bytes: BytesMut) -> Self {
        bytes.freeze().into()
    }
}

impl Buf for Payload {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        if self.head.is_empty() {
            &self.rest
        } else {
            &self.head
        }
    }

    fn advance(&mut self, count: usize) {
        let of_head = count.min(self.head.len());
        self.head.advance(of_head);
        self.rest.advance(count - of_head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_read_as_one_however_they_are_cut() {
        let whole: Vec<u8> = (0..20).collect();
        for border in 0..=20 {
            for cut in 0..=20 {
                let bytes = Bytes::from(whole.clone());
                let mut rest = Payload::new(bytes.slice(..border), bytes.slice(border..));
                let mut first = rest.split_to(cut);
                assert_eq!((first.len(), rest.len()), (cut, 20 - cut));
                let mut read = Vec::new();
                for part in [&mut first, &mut rest] {
                    while part.has_remaining() {
                        read.extend_from_slice(part.chunk());
                        part.advance(part.chunk().len());
                    }
                }
                assert_eq!(read, whole);
            }
        }
    }
}
