//! Puts bodies together again that came in pieces (see `outbox`).

use bytes::Bytes;

use super::bounds::{self, Violation};
use super::wire::{Frame, Kind};

/// Bodies that are under way on one link: one lane for requests, one for replies.
#[derive(Default)]
pub struct Assembly {
    request: Option<Incomplete>,
    reply: Option<Incomplete>,
}

struct Incomplete {
    head: Frame,
    body: Vec<u8>,
    left: usize,
}

impl Assembly {
    /// Takes a frame; gives one back when it is whole.
    ///
    /// # Errors
    /// A piece of nothing, a frame in the middle of another, a body over
    /// `limit` bytes, a name that is too long.
    pub fn take(&mut self, mut frame: Frame, limit: usize) -> Result<Option<Frame>, Violation> {
        match frame.kind {
            Some(Kind::RequestPiece(piece)) => Self::add(&mut self.request, piece),
            Some(Kind::ReplyPiece(piece)) => Self::add(&mut self.reply, piece),
            Some(_) => {
                frame.kind.as_ref().map_or(Ok(()), bounds::of_frame)?;
                let is_reply = frame.is_reply();
                let Some((body, left)) = frame.body_mut() else {
                    return Ok(Some(frame));
                };
                let total = body.len().saturating_add(*left as usize);
                if total > limit {
                    let text = format!("a message of {total} bytes, the limit being {limit}");
                    return Err(Violation(text));
                }
                let slot = if is_reply {
                    &mut self.reply
                } else {
                    &mut self.request
                };
                if slot.is_some() {
                    return Err(Violation("a frame in the middle of another".to_owned()));
                }
                if *left == 0 {
                    return Ok(Some(frame));
                }
                let left = std::mem::take(left) as usize;
                let start = std::mem::take(body);
                // Room is made as it comes: a peer that only promises costs nothing.
                let body = start.to_vec();
                let head = frame;
                *slot = Some(Incomplete { head, body, left });
                Ok(None)
            }
            // A kind of a later minor change: passed over.
            None => Ok(None),
        }
    }

    fn add(slot: &mut Option<Incomplete>, piece: Bytes) -> Result<Option<Frame>, Violation> {
        let Some(incomplete) = slot.as_mut().filter(|whole| piece.len() <= whole.left) else {
            return Err(Violation("a piece of nothing".to_owned()));
        };
        incomplete.left -= piece.len();
        if incomplete.left > 0 {
            incomplete.body.extend_from_slice(&piece);
            return Ok(None);
        }
        Ok(slot.take().map(|mut whole| {
            if let Some((body, _)) = whole.head.body_mut() {
                // The only piece needs no copy.
                *body = if whole.body.is_empty() {
                    piece
                } else {
                    whole.body.extend_from_slice(&piece);
                    whole.body.into()
                };
            }
            whole.head
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::{Call, frame};

    #[test]
    fn pieces_that_do_not_fit_are_violations() {
        let piece = || frame(Kind::RequestPiece(vec![0; 10].into()));
        let head = |left| {
            frame(Kind::Call(Call {
                left,
                ..Call::default()
            }))
        };
        let take = |frames: Vec<Frame>| {
            let mut assembly = Assembly::default();
            frames.into_iter().try_for_each(|frame| {
                let taken = assembly.take(frame, 1000);
                taken.map(|_| ())
            })
        };
        assert!(take(vec![piece()]).is_err());
        assert!(take(vec![head(9), piece()]).is_err());
        assert!(take(vec![head(10), piece()]).is_ok());
        assert!(take(vec![head(11), head(0)]).is_err());
        assert!(take(vec![head(1001)]).is_err());
        assert!(take(vec![head(u32::MAX)]).is_err());
    }
}
