//! What waits to be sent to one peer.

use std::collections::VecDeque;

use bytes::Bytes;
use prost::Message as _;

use super::Millis;
use super::wire::{Frame, Kind, Packet, frame};

/// A body larger than this follows its frame in pieces, which are not copied.
const INLINE: usize = 16 << 10;
/// The largest piece: replies get between.
pub const PIECE: usize = 256 << 10;
/// A packet is closed when it has come to this size.
const PACKET: usize = 64 << 10;
/// What may wait for one peer, in bytes and in frames.
const MOST_BYTES: usize = 32 << 20;
const MOST_FRAMES: usize = 100_000;

/// A frame that waits.
pub struct Waiting {
    /// What to send.
    pub frame: Frame,
    /// The call it is the beginning of.
    pub call: Option<u32>,
    /// Since when.
    since: Millis,
    size: usize,
}

/// Frames of one kind, in order; the body of the last one may be half sent.
#[derive(Default)]
struct Lane {
    frames: VecDeque<Waiting>,
    half_sent: Bytes,
}

/// Requests keep their order and so do replies. The two take turns.
#[derive(Default)]
pub struct Outbox {
    requests: Lane,
    replies: Lane,
    bytes: usize,
    /// Packets of frames and of pieces take turns, and so do the lanes' pieces.
    piece_is_next: bool,
    reply_piece_is_next: bool,
}

impl Lane {
    /// Moves frames into a packet up to `budget`, the last of which may lack its
    /// body. Returns the bytes taken off the queue.
    fn fill(
        &mut self,
        packet: &mut Packet,
        budget: usize,
        is_wanted: &mut impl FnMut(u32, &mut Frame) -> bool,
    ) -> usize {
        let mut filled = 0;
        while filled < budget && self.half_sent.is_empty() {
            let Some(mut next) = self.frames.pop_front() else {
                break;
            };
            filled += next.size;
            if let Some(call) = next.call
                && !is_wanted(call, &mut next.frame)
            {
                continue;
            }
            if let Some((body, left)) = next.frame.body_mut()
                && body.len() > INLINE
            {
                self.half_sent = std::mem::take(body);
                *left = u32::try_from(self.half_sent.len()).unwrap_or(u32::MAX);
                filled -= self.half_sent.len().min(filled);
            }
            packet.frames.push(next.frame);
        }
        filled
    }

    /// The next piece of the body that is half sent.
    fn piece(&mut self) -> Option<Bytes> {
        let size = self.half_sent.len().min(PIECE);
        (size > 0).then(|| self.half_sent.split_to(size))
    }
}

impl Outbox {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        let idle = |lane: &Lane| lane.frames.is_empty() && lane.half_sent.is_empty();
        idle(&self.requests) && idle(&self.replies)
    }

    /// Frames and bytes that wait.
    pub fn depth(&self) -> (usize, usize) {
        let frames = self.requests.frames.len() + self.replies.frames.len();
        (frames, self.bytes)
    }

    /// Adds a frame; false if there is no room for it. Replies always have some:
    /// their number is bounded by that of the requests let in.
    pub fn push(&mut self, frame: Frame, call: Option<u32>, now: Millis) -> bool {
        let size = frame.encoded_len();
        let is_reply = frame.is_reply();
        let full = self.bytes + size > MOST_BYTES || self.requests.frames.len() >= MOST_FRAMES;
        if full && !is_reply {
            return false;
        }
        self.bytes += size;
        let lane = if is_reply {
            &mut self.replies
        } else {
            &mut self.requests
        };
        lane.frames.push_back(Waiting {
            frame,
            call,
            since: now,
            size,
        });
        true
    }

    /// The next packet, if anything waits. `is_wanted` is asked for each call,
    /// which is on its way if it says yes, and may change what is sent of it.
    pub fn next_packet(
        &mut self,
        mut is_wanted: impl FnMut(u32, &mut Frame) -> bool,
    ) -> Option<Packet> {
        let piece = if self.piece_is_next {
            self.next_piece()
        } else {
            None
        };
        piece
            .or_else(|| self.next_frames(&mut is_wanted))
            .or_else(|| self.next_piece())
    }

    fn next_frames(
        &mut self,
        is_wanted: &mut impl FnMut(u32, &mut Frame) -> bool,
    ) -> Option<Packet> {
        let mut packet = Packet::default();
        let half = PACKET / 2;
        let replies = self.replies.fill(&mut packet, half, is_wanted);
        let rest = PACKET - replies.min(half);
        let requests = self.requests.fill(&mut packet, rest, is_wanted);
        self.taken(replies + requests);
        self.piece_is_next = true;
        (!packet.frames.is_empty()).then_some(packet)
    }

    /// A piece in a packet of its own.
    fn next_piece(&mut self) -> Option<Packet> {
        let mut reply = || self.replies.piece().map(Kind::ReplyPiece);
        let mut request = || self.requests.piece().map(Kind::RequestPiece);
        let kind = if self.reply_piece_is_next {
            reply().or_else(request)
        } else {
            request().or_else(reply)
        }?;
        self.piece_is_next = false;
        self.reply_piece_is_next = matches!(kind, Kind::RequestPiece(_));
        if let Kind::ReplyPiece(piece) | Kind::RequestPiece(piece) = &kind {
            self.taken(piece.len());
        }
        Some(Packet {
            frames: vec![frame(kind)],
        })
    }

    fn taken(&mut self, size: usize) {
        self.bytes = if self.is_empty() {
            0
        } else {
            self.bytes.saturating_sub(size)
        };
    }

    /// The link is gone, and what was half sent with it, and every reply: the
    /// caller has been told.
    pub fn link_lost(&mut self) {
        self.requests.half_sent = Bytes::new();
        self.replies = Lane::default();
        self.recount();
    }

    fn recount(&mut self) {
        let size = |lane: &Lane| -> usize {
            lane.half_sent.len()
                + lane
                    .frames
                    .iter()
                    .map(|waiting| waiting.size)
                    .sum::<usize>()
        };
        self.bytes = size(&self.requests) + size(&self.replies);
    }

    /// Drops what has waited since before `limit`, calls excepted: they have
    /// their own deadlines. Returns how many.
    pub fn expire(&mut self, limit: Millis) -> usize {
        let before = self.depth().0;
        for lane in [&mut self.requests, &mut self.replies] {
            let keeps = |waiting: &Waiting| waiting.call.is_some() || waiting.since >= limit;
            lane.frames.retain(keeps);
        }
        let dropped = before - self.depth().0;
        if dropped > 0 {
            self.recount();
        }
        dropped
    }

    /// Puts a request back that was taken.
    pub fn put_back(&mut self, waiting: Waiting) {
        self.bytes += waiting.size;
        self.requests.frames.push_back(waiting);
    }

    /// Takes all requests back that have not been sent.
    pub fn take_requests(&mut self) -> VecDeque<Waiting> {
        let taken = std::mem::take(&mut self.requests.frames);
        self.recount();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::assembly::Assembly;
    use crate::bus::wire::{Call, Cast, Reply};

    fn cast(method: &str, size: usize) -> Frame {
        frame(Kind::Cast(Cast {
            method: method.to_owned(),
            body: vec![method.as_bytes()[0]; size].into(),
            ..Cast::default()
        }))
    }

    fn reply(number: u32, size: usize) -> Frame {
        frame(Kind::Reply(Reply {
            number,
            body: vec![7; size].into(),
            ..Reply::default()
        }))
    }

    #[test]
    fn bodies_of_all_sizes_arrive_whole_in_order_in_bounded_packets() {
        let mut outbox = Outbox::default();
        let mut assembly = Assembly::default();
        let sizes = [
            0,
            1,
            INLINE,
            INLINE + 1,
            PIECE,
            PIECE + 1,
            3 * PIECE,
            1_000_000,
        ];
        let sent: Vec<Frame> = (0..40).map(|n| cast("x", sizes[n % 8])).collect();
        for frame in &sent {
            assert!(outbox.push(frame.clone(), None, 0));
        }
        let mut received = Vec::new();
        while let Some(packet) = outbox.next_packet(|_, _| true) {
            assert!(packet.encoded_len() < PACKET + PIECE + 1000);
            for frame in packet.frames {
                received.extend(assembly.take(frame, 1 << 20).unwrap());
            }
        }
        assert_eq!(received, sent);
        assert_eq!(outbox.depth(), (0, 0));
    }

    #[test]
    fn a_reply_does_not_wait_for_the_large_requests_before_it() {
        let mut outbox = Outbox::default();
        outbox.push(cast("large", 10 << 20), None, 0);
        outbox.next_packet(|_, _| true);
        outbox.push(reply(3, 10), None, 0);
        let next: Vec<Packet> = (0..2)
            .filter_map(|_| outbox.next_packet(|_, _| true))
            .collect();
        assert!(matches!(
            next[0].frames[0].kind,
            Some(Kind::RequestPiece(_))
        ));
        assert!(matches!(next[1].frames[0].kind, Some(Kind::Reply(_))));
    }

    #[test]
    fn what_waits_is_bounded_and_ages() {
        let mut outbox = Outbox::default();
        let pushed = (0..1000).take_while(|_| outbox.push(cast("x", 1 << 20), None, 5));
        assert_eq!(pushed.count(), 31);
        assert!(outbox.push(reply(1, 1 << 20), None, 5), "replies always go");
        let call = frame(Kind::Call(Call::default()));
        assert!(outbox.push(call, Some(1), 5) || !outbox.is_empty());
        assert_eq!(outbox.expire(5), 0);
        assert_eq!(outbox.expire(6), 32);
        outbox.link_lost();
        while outbox.next_packet(|_, _| false).is_some() {}
        assert_eq!(outbox.depth(), (0, 0));
    }
}
