//! What waits for sessions that read more slowly than they are told.

use std::collections::VecDeque;

use prost::Message as _;

use crate::bus::pipe::Pipe;
use crate::bus::wire::FromRegistry;

/// A session for which more waits does not read.
const MOST_BYTES: usize = 16 << 20;

/// A session's stream, and what it has no room for yet.
pub struct Session {
    pipe: Pipe,
    waiting: VecDeque<(FromRegistry, usize)>,
    bytes: usize,
}

impl Session {
    /// A session that has been told nothing.
    pub fn new(pipe: Pipe) -> Self {
        Self {
            pipe,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Tells it something. Returns false if it does not read.
    pub fn tell(&mut self, message: FromRegistry) -> bool {
        if self.waiting.is_empty() && self.pipe.has_room() {
            self.pipe.send(&message);
            return true;
        }
        let size = message.encoded_len();
        self.bytes += size;
        self.waiting.push_back((message, size));
        self.bytes <= MOST_BYTES
    }

    /// The transport has taken that much.
    pub fn taken(&mut self, cost: usize) {
        self.pipe.taken(cost);
        while self.pipe.has_room()
            && let Some((message, size)) = self.waiting.pop_front()
        {
            self.bytes -= size;
            self.pipe.send(&message);
        }
    }

    /// Ends it behind what it was told; what it has no room for is left out if it does
    /// not read.
    pub fn close(mut self) {
        if self.bytes <= MOST_BYTES {
            for (message, _) in self.waiting.drain(..) {
                self.pipe.send(&message);
            }
        }
        self.pipe.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::{Changes, Told};
    use crate::grpc::framing::PREFIX;
    use crate::grpc::stream::{Outgoing, cost};

    fn message(revision: u64, size: usize) -> FromRegistry {
        FromRegistry {
            kind: Some(Told::Changes(Changes {
                revision,
                gone: vec!["x".repeat(size)],
                ..Changes::default()
            })),
        }
    }

    #[test]
    fn a_session_that_reads_is_told_all_in_order_and_one_that_does_not_is_found_out() {
        let size = 100 << 10;
        let (pipe, mut inbox) = Pipe::new(false);
        let mut session = Session::new(pipe);
        let mut read = 0;
        let mut read_one = |session: &mut Session| {
            let Ok(Outgoing::Message(sent)) = inbox.try_recv() else {
                return false;
            };
            read += 1;
            session.taken(cost(sent.len() - PREFIX));
            true
        };
        let told = (0..10_000)
            .take_while(|n| session.tell(message(*n, size)))
            .count();
        assert!(
            told * size > MOST_BYTES && told * size < MOST_BYTES + (1 << 20),
            "{told}"
        );
        while read_one(&mut session) {}
        assert_eq!((read, session.bytes), (told + 1, 0));
        assert!(session.tell(message(1, size)));
    }
}
