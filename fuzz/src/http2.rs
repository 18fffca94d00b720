//! Frames of HTTP/2 as a script says: well-formed ones, so that a peer gets beyond the
//! first of them, and others.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::script::Script;

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
/// Flags.
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;

/// Header fields that a script names by their number: those of good requests and
/// responses first.
const FIELDS: [(&str, &str); 32] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/s/Unary"),
    (":authority", "h:1"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
    (":path", "/s/Stream"),
    (":status", "200"),
    ("grpc-status", "0"),
    ("grpc-status", "13"),
    ("grpc-message", "%E4%20%zz"),
    ("grpc-encoding", "gzip"),
    ("grpc-encoding", "identity"),
    ("grpc-encoding", "snappy"),
    ("grpc-timeout", "5m"),
    ("grpc-timeout", "1n"),
    ("grpc-timeout", "99999999H"),
    ("grpc-status-details-bin", "CAUSAWE"),
    ("x-bin", "!"),
    ("x", ""),
    ("content-length", "7"),
    (":status", "100"),
    (":status", "503"),
    (":status", "204"),
    ("content-type", "text/html"),
    (":method", "CONNECT"),
    (":path", "*"),
    ("grpc-status", "-1"),
    ("grpc-status", ""),
    ("connection", "close"),
    ("Upper", "case"),
    ("grpc-accept-encoding", "gzip"),
];

/// One frame, whatever its payload.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    framed(length, kind, flags, stream, payload)
}

/// One whose length may be another than it says.
fn framed(length: u32, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Fields as HPACK has them when it knows none. None is longer than 126 bytes here.
pub fn fields<'a>(all: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in all {
        block.push(0);
        for text in [name, value] {
            let text = &text[..text.len().min(126)];
            block.push(text.len().try_into().unwrap_or(0));
            block.extend(text);
        }
    }
    block
}

/// The fields with these numbers.
fn known(numbers: &[u8]) -> Vec<u8> {
    let all = numbers.iter();
    let all = all.map(|number| FIELDS[usize::from(*number) % FIELDS.len()]);
    fields(all.map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// A message as gRPC has it, whose length may be another than it says.
pub fn message(flag: u8, length: Option<u32>, body: &[u8]) -> Vec<u8> {
    let honest = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut message = vec![flag];
    message.extend(length.unwrap_or(honest).to_be_bytes());
    message.extend(body);
    message
}

/// So many zeros, compressed.
pub fn zeros(count: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(&vec![0; count]);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

fn stream(script: &mut Script) -> u32 {
    match script.byte() {
        255 => script.word(),
        254 => 0,
        small => u32::from(small % 16),
    }
}

/// The next bytes that are sent: a frame, most of the time.
pub fn next(script: &mut Script) -> Vec<u8> {
    match script.byte() % 16 {
        0 => frame(
            HEADERS,
            script.byte(),
            stream(script),
            &known(script.piece()),
        ),
        1 => {
            let flags = script.byte() & (END_STREAM | PADDED);
            let stream = stream(script);
            // Padding of no bytes.
            let mut payload = vec![0; usize::from(flags & PADDED != 0)];
            payload.extend(message(script.byte() % 3, None, script.piece()));
            frame(DATA, flags, stream, &payload)
        }
        2 => {
            let (flags, stream) = (script.byte() & END_STREAM, stream(script));
            let payload = message(script.byte(), Some(script.word()), script.piece());
            frame(DATA, flags, stream, &payload)
        }
        3 => {
            let (flags, stream) = (script.byte() & END_STREAM, stream(script));
            let count = usize::from(script.short()) * 16;
            frame(DATA, flags, stream, &message(1, None, &zeros(count)))
        }
        4 => {
            let flags = script.byte();
            let mut payload = Vec::new();
            for _ in 0..flags >> 1 & 7 {
                payload.extend(u16::from(script.byte() % 10).to_be_bytes());
                payload.extend(script.word().to_be_bytes());
            }
            frame(SETTINGS, flags & ACK, 0, &payload)
        }
        5 => {
            let stream = stream(script);
            frame(WINDOW_UPDATE, 0, stream, &script.word().to_be_bytes())
        }
        6 => {
            let stream = stream(script);
            let code = u32::from(script.byte() % 16);
            frame(RST_STREAM, 0, stream, &code.to_be_bytes())
        }
        7 => frame(
            PING,
            script.byte() & ACK,
            0,
            &script.word().to_be_bytes().repeat(2),
        ),
        8 => {
            let mut payload = stream(script).to_be_bytes().to_vec();
            payload.extend(u32::from(script.byte() % 16).to_be_bytes());
            payload.extend(script.piece());
            frame(GOAWAY, 0, 0, &payload)
        }
        9 => {
            let (name, value) = (script.piece(), script.piece());
            let mut block = known(script.piece());
            block.extend(fields([(name, value)]));
            frame(HEADERS, script.byte(), stream(script), &block)
        }
        10 => frame(
            CONTINUATION,
            script.byte(),
            stream(script),
            &known(script.piece()),
        ),
        11 => {
            let once = next_of(script);
            once.repeat(usize::from(script.byte() % 64))
        }
        12 => {
            let length = u32::from(script.short());
            framed(
                length,
                script.byte() % 12,
                script.byte(),
                stream(script),
                script.piece(),
            )
        }
        13 => script.piece().to_vec(),
        14 => {
            let zeros = vec![0; usize::from(script.short())];
            frame(DATA, script.byte() & END_STREAM, stream(script), &zeros)
        }
        _ => frame(script.byte(), script.byte(), stream(script), script.piece()),
    }
}

/// What is sent again and again is no repetition itself.
fn next_of(script: &mut Script) -> Vec<u8> {
    let mut rest = Script(script.0);
    if rest.byte() % 16 == 11 {
        return Vec::new();
    }
    next(script)
}
