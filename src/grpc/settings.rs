//! What a peer says of itself in its first frame, which h2 keeps to itself: the largest
//! header list that it accepts.

/// What a client sends before its first frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length, type, flags, stream.
const FRAME_HEAD: usize = 9;
const SETTINGS: u8 = 4;
/// `SETTINGS_MAX_HEADER_LIST_SIZE`.
const MAX_HEADER_LIST_SIZE: u16 = 6;
/// An identifier and its value.
const ENTRY: usize = 6;
/// A first frame with more entries is not looked at.
const MOST: usize = 64 * ENTRY;

/// Collects a peer's first bytes until they tell.
#[derive(Default)]
pub struct FirstFrame {
    bytes: Vec<u8>,
}

/// What the first bytes told.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing yet.
    Wait,
    /// Nothing that is of use, and never will.
    Nothing,
    /// The largest header list, in bytes.
    MaxHeaderList(u32),
}

impl FirstFrame {
    /// More bytes have come.
    pub fn see(&mut self, bytes: &[u8]) -> Told {
        let room = PREFACE.len() + FRAME_HEAD + MOST - self.bytes.len();
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        let mut frame = &self.bytes[..];
        let common = frame.len().min(PREFACE.len());
        if frame[..common] == PREFACE[..common] {
            frame = &frame[common..];
        }
        let Some((&[a, b, c, kind, ..], rest)) = frame.split_first_chunk::<FRAME_HEAD>() else {
            return Told::Wait;
        };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if kind != SETTINGS || length > MOST {
            return Told::Nothing;
        }
        let Some(entries) = rest.get(..length) else {
            return Told::Wait;
        };
        // The last one counts.
        let told = entries.chunks_exact(ENTRY).rev().find_map(|entry| {
            let (identifier, value) = entry.split_first_chunk()?;
            let value = value.first_chunk()?;
            (u16::from_be_bytes(*identifier) == MAX_HEADER_LIST_SIZE)
                .then(|| u32::from_be_bytes(*value))
        });
        told.map_or(Told::Nothing, Told::MaxHeaderList)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(entries: &[(u16, u32)]) -> Vec<u8> {
        let length = u8::try_from(entries.len() * ENTRY).unwrap();
        let mut frame = vec![0, 0, length, SETTINGS, 0, 0, 0, 0, 0];
        for (identifier, value) in entries {
            frame.extend(identifier.to_be_bytes());
            frame.extend(value.to_be_bytes());
        }
        frame
    }

    /// In parts of every size.
    fn told(bytes: &[u8]) -> Told {
        let mut results = (1..=bytes.len()).map(|size| {
            let mut first = FirstFrame::default();
            let told = bytes.chunks(size).map(|part| first.see(part));
            told.into_iter()
                .find(|told| *told != Told::Wait)
                .unwrap_or(Told::Wait)
        });
        let one = results.next().unwrap();
        assert!(results.all(|other| other == one));
        one
    }

    #[test]
    fn the_largest_header_list_is_read_from_clients_and_servers() {
        let frame = settings(&[(4, 65535), (6, 8192), (1, 0)]);
        assert_eq!(told(&frame), Told::MaxHeaderList(8192));
        assert_eq!(told(&[PREFACE, &frame].concat()), Told::MaxHeaderList(8192));
        let followed = [&frame[..], &[0, 0, 0, 4, 1, 0, 0, 0, 0]].concat();
        assert_eq!(told(&followed), Told::MaxHeaderList(8192));
    }

    #[test]
    fn what_tells_nothing_is_not_waited_for() {
        assert_eq!(told(&settings(&[])), Told::Nothing);
        assert_eq!(told(&settings(&[(3, 100)])), Told::Nothing);
        assert_eq!(told(b"HTTP/1.1 200 OK"), Told::Nothing);
        assert_eq!(told(&[0, 0, 9, SETTINGS, 0]), Told::Wait);
        assert_eq!(told(&[255; 2000]), Told::Nothing);
        assert_eq!(told(&[0, 4, 0, SETTINGS, 0, 0, 0, 0, 0]), Told::Nothing);
    }
}
