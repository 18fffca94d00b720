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
/// The same for replies. Who has room for calls has some for what they bring: a peer for
/// which that much waits does not read.
const MOST_REPLY_BYTES: usize = 256 << 20;
const MOST_REPLIES: usize = 200_000;

/// What has become of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It waits, or is on its way.
    Queued,
    /// There is no room for it.
    Full,
    /// Nor is there for what the peer itself has asked for: it does not read that.
    Unread,
}

/// A frame that waits.
pub struct Waiting {
    /// What to send.
    pub frame: Frame,
    /// The call it is the beginning of.
    pub call: Option<u32>,
    /// When it was put here.
    since: Millis,
    size: usize,
}

/// Frames of one kind, in order; the body of the last one may be half sent.
#[derive(Default)]
struct Lane {
    frames: VecDeque<Waiting>,
    half_sent: Bytes,
    /// What requests and replies have together.
    bytes: usize,
}

/// Requests keep their order and so do replies. The two take turns.
#[derive(Default)]
pub struct Outbox {
    requests: Lane,
    replies: Lane,
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
        self.taken(filled);
        filled
    }

    /// The next piece of the body that is half sent.
    fn piece(&mut self) -> Option<Bytes> {
        let size = self.half_sent.len().min(PIECE);
        let piece = (size > 0).then(|| self.half_sent.split_to(size));
        self.taken(size);
        piece
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.half_sent.is_empty()
    }

    fn taken(&mut self, size: usize) {
        self.bytes = if self.is_empty() {
            0
        } else {
            self.bytes.saturating_sub(size)
        };
    }

    fn recount(&mut self) {
        let frames = self.frames.iter().map(|waiting| waiting.size);
        self.bytes = self.half_sent.len() + frames.sum::<usize>();
    }
}

impl Outbox {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.replies.is_empty()
    }

    /// Frames and bytes that wait.
    pub fn depth(&self) -> (usize, usize) {
        let frames = self.requests.frames.len() + self.replies.frames.len();
        (frames, self.requests.bytes + self.replies.bytes)
    }

    /// Adds a frame, if there is room for it. Replies have some where requests have
    /// none; what comes back as it came has no more than those.
    pub fn push(&mut self, frame: Frame, call: Option<u32>, now: Millis) -> Pushed {
        let size = frame.encoded_len();
        let is_reply = frame.is_reply();
        let (bytes, frames) = match frame.kind {
            Some(Kind::Reply(_) | Kind::Denied(_)) => (MOST_REPLY_BYTES, MOST_REPLIES),
            _ => (MOST_BYTES, MOST_FRAMES),
        };
        let (lane, waiting, refused) = if is_reply {
            let waiting = self.replies.bytes;
            (&mut self.replies, waiting, Pushed::Unread)
        } else {
            let waiting = self.depth().1;
            (&mut self.requests, waiting, Pushed::Full)
        };
        if waiting + size > bytes || lane.frames.len() >= frames {
            return refused;
        }
        lane.bytes += size;
        lane.frames.push_back(Waiting {
            frame,
            call,
            since: now,
            size,
        });
        Pushed::Queued
    }

    /// The next packet, if anything waits. `is_wanted` is asked for each call,
    /// which is on its way if it says yes, and may change what is sent of it.
    pub fn next_packet(
        &mut self,
        mut is_wanted: impl FnMut(u32, &mut Frame) -> bool,
    ) -> Option<Packet> {
        if self.is_empty() {
            return None;
        }
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
        self.requests.fill(&mut packet, rest, is_wanted);
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
        Some(Packet {
            frames: vec![frame(kind)],
        })
    }

    /// The link is gone, and what was half sent with it, and every reply: the
    /// caller has been told.
    pub fn link_lost(&mut self) {
        self.requests.half_sent = Bytes::new();
        self.replies = Lane::default();
        self.requests.recount();
    }

    /// Drops what has waited since before `limit`, calls excepted: they have
    /// their own deadlines. Returns how many.
    pub fn expire(&mut self, limit: Millis) -> usize {
        let before = self.depth().0;
        for lane in [&mut self.requests, &mut self.replies] {
            let keeps = |waiting: &Waiting| waiting.call.is_some() || waiting.since >= limit;
            lane.frames.retain(keeps);
            lane.recount();
        }
        before - self.depth().0
    }

    /// Takes back what waits of an exchange. Only what is whole: before a link stands
    /// nothing is half sent.
    pub fn take_published_at(&mut self, exchange: &str) -> Vec<Frame> {
        let is_there = |waiting: &Waiting| match &waiting.frame.kind {
            Some(Kind::Publish(publish)) => publish.exchange == exchange,
            _ => false,
        };
        let all = std::mem::take(&mut self.requests.frames).into_iter();
        let (taken, left): (VecDeque<_>, VecDeque<_>) = all.partition(is_there);
        self.requests.frames = left;
        self.requests.recount();
        taken.into_iter().map(|waiting| waiting.frame).collect()
    }

    /// Puts a request back that was taken.
    pub fn put_back(&mut self, waiting: Waiting) {
        self.requests.bytes += waiting.size;
        self.requests.frames.push_back(waiting);
    }

    /// Takes all requests back that have not been sent.
    pub fn take_requests(&mut self) -> VecDeque<Waiting> {
        let taken = std::mem::take(&mut self.requests.frames);
        self.requests.recount();
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
            assert_eq!(outbox.push(frame.clone(), None, 0), Pushed::Queued);
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
        let one = || cast("x", 1 << 20);
        let pushed = (0..1000).take_while(|_| outbox.push(one(), None, 5) == Pushed::Queued);
        assert_eq!(pushed.count(), 31);
        assert_eq!(outbox.push(one(), None, 5), Pushed::Full);
        let came_back = || {
            frame(Kind::ReturnedCall(Call {
                body: vec![1; 1 << 20].into(),
                ..Call::default()
            }))
        };
        let returned = 0..31;
        assert!(
            returned
                .map(|_| outbox.push(came_back(), None, 5))
                .all(|p| p == Pushed::Queued)
        );
        assert_eq!(outbox.push(came_back(), None, 5), Pushed::Unread);
        assert_eq!(outbox.push(reply(1, 1 << 20), None, 5), Pushed::Queued);
        assert_eq!(outbox.expire(5), 0);
        assert_eq!(outbox.expire(6), 63);
        outbox.link_lost();
        while outbox.next_packet(|_, _| false).is_some() {}
        assert_eq!(outbox.depth(), (0, 0));
    }

    #[test]
    fn replies_that_nobody_reads_are_bounded_in_bytes_and_in_number() {
        for (size, most) in [(1 << 20, 255), (0, MOST_REPLIES)] {
            let mut outbox = Outbox::default();
            let all = 0..2 * MOST_REPLIES;
            let pushed = all.take_while(|_| outbox.push(reply(1, size), None, 0) == Pushed::Queued);
            assert_eq!(pushed.count(), most);
            assert_eq!(outbox.push(reply(1, size), None, 0), Pushed::Unread);
            outbox.link_lost();
            assert_eq!(outbox.push(reply(1, size), None, 0), Pushed::Queued);
        }
    }
}
