//! A peer on a socket that sends what a script says.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::http2::{self, ACK, PING, PREFACE, SETTINGS};
use crate::script::Script;

/// Bytes of a frame's head.
const HEAD: usize = 9;
/// What sending may take to a peer that does not read. Time passes when nobody has
/// anything to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins as a client does.
pub async fn begin(stream: &mut TcpStream) {
    let settings = http2::frame(SETTINGS, 0, 0, &[]);
    send(stream, &[PREFACE, &settings].concat()).await;
}

/// Answers as a server does, so that a client takes it for one: with its settings, and
/// the client's ping.
pub async fn answer(stream: &mut TcpStream) {
    let mut preface = [0; PREFACE.len()];
    if stream.read_exact(&mut preface).await.is_err() {
        return;
    }
    send(stream, &http2::frame(SETTINGS, 0, 0, &[])).await;
    let mut head = [0; HEAD];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        match head[3] {
            SETTINGS => send(stream, &http2::frame(SETTINGS, ACK, 0, &[])).await,
            PING => return send(stream, &http2::frame(PING, ACK, 0, &payload)).await,
            _ => {}
        }
    }
}

/// Plays the script to its end, and closes. Reads what the other side sends, or nothing
/// of it.
pub async fn play(mut stream: TcpStream, mut script: Script<'_>) {
    let reads = script.byte() % 4 != 0;
    let (mut theirs, mut ours) = stream.split();
    let playing = async {
        while !script.is_over() {
            let bytes = http2::next(&mut script);
            if tokio::time::timeout(PATIENCE, ours.write_all(&bytes))
                .await
                .is_err()
            {
                return;
            }
            for _ in 0..script.byte() % 16 {
                yield_now().await;
            }
        }
        let _ = ours.shutdown().await;
    };
    let reading = async {
        let mut buffer = vec![0; 64 << 10];
        while reads && theirs.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    let _ = tokio::time::timeout(PATIENCE, async { tokio::join!(playing, reading) }).await;
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    // That the other side is gone already is seen by who reads.
    let _ = stream.write_all(bytes).await;
}
