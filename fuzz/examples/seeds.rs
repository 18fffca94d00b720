//! Writes what the fuzzer starts from: scripts of what good peers do, in the words of our
//! own encoder. The numbers are those of the steps in `fuzz_targets` and `src/http2.rs`.

use std::fs;
use std::path::Path;

use owt_grpc_fuzz::bus::wire::{
    Announce, Asked, Call, Cancel, Cast, Delta, IdleClose, Kind, Packet, Publish, Record, Reply,
    Subscription, ToRegistry, frame,
};
use owt_grpc_fuzz::http2::{END_HEADERS, END_STREAM};
use owt_grpc_fuzz::registry::etcd::wire::{ResponseHeader, TxnResponse, WatchResponse};
use owt_grpc_fuzz::script::piece;
use prost::Message;

type Steps<'a> = &'a [&'a [u8]];

fn seed(target: &str, name: &str, steps: Steps) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), steps.concat())
}

/// A packet on the first link.
fn packet(kinds: impl IntoIterator<Item = Kind>) -> Vec<u8> {
    let frames = kinds.into_iter().map(frame).collect();
    [&[1, 0][..], &piece(&Packet { frames }.encode_to_vec())].concat()
}

/// A message of the first of other sessions.
fn says(kind: Asked) -> Vec<u8> {
    let message = ToRegistry { kind: Some(kind) };
    [&[4, 0][..], &piece(&message.encode_to_vec())].concat()
}

fn headers(flags: u8, stream: u8, fields: &[u8]) -> Vec<u8> {
    [&[0, flags | END_HEADERS, stream][..], &piece(fields), &[3]].concat()
}

fn data(flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    [&[1, flags, stream, 0][..], &piece(body), &[7]].concat()
}

fn proxy() -> std::io::Result<()> {
    for (name, answer) in [
        ("tunnel", "\0HTTP/1.1 200 Connection established\r\n\r\nPRI"),
        ("interim", "\0HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\n\n"),
        (
            "login",
            "\x01HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n",
        ),
        (
            "squid",
            "\0HTTP/1.1 503 No\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\nbody",
        ),
        ("ssh", "\0SSH-2.0-x\r\n"),
    ] {
        seed("proxy", name, &[answer.as_bytes()])?;
    }
    Ok(())
}

fn server() -> std::io::Result<()> {
    // A client that begins as it should, and reads.
    let begin: &[u8] = &[1, 1];
    let unary = headers(0, 1, &[0, 1, 2, 3, 4, 5]);
    let stream = headers(0, 3, &[0, 1, 6, 3, 4, 5]);
    let in_time = headers(0, 5, &[0, 1, 6, 3, 4, 5, 14]);
    let compressed = headers(0, 7, &[0, 1, 2, 3, 4, 5, 11]);
    let end = headers(END_STREAM, 3, &[19]);
    let windows: &[u8] = &[4, 4, 3, 10, 0, 0, 0, 4, 0, 0, 1, 0, 2, 5, 3, 0, 1, 0, 0, 3];
    let zeros: &[u8] = &[3, 1, 7, 0, 4, 7];
    for (name, steps) in [
        ("unary", &[begin, &unary, &data(1, 1, b"hello")][..]),
        (
            "stream",
            &[
                begin,
                &stream,
                &data(0, 3, b"one"),
                &data(0, 3, b"two"),
                &end,
            ],
        ),
        (
            "deadline",
            &[begin, &in_time, &data(0, 5, b"x"), &unary, &data(1, 1, b"")],
        ),
        ("compressed", &[begin, &compressed, zeros]),
        (
            "windows",
            &[
                begin,
                windows,
                &stream,
                &data(0, 3, &[b'x'; 500]),
                &[6, 3, 8, 2],
            ],
        ),
        (
            "ping",
            &[begin, &[7, 0, 1, 2, 3, 4, 2], &unary, &[8, 1, 0, 0, 0, 2]],
        ),
        (
            "no-preface",
            &[&[0, 1], &[13], &piece(b"GET / HTTP/1.1\r\n\r\n"), &[2]],
        ),
    ] {
        seed("http2-server", name, steps)?;
    }
    Ok(())
}

fn client() -> std::io::Result<()> {
    let begin: &[u8] = &[1, 1];
    let wait: &[u8] = &[13, 0, 0, 9];
    let head = |stream| headers(0, stream, &[7, 4]);
    let tail = |stream| headers(END_STREAM, stream, &[8]);
    let all = [1, 3, 5, 7].map(|id| [head(id), data(0, id, b"reply"), tail(id)].concat());
    let refused = [1, 3, 5, 7].map(|id| headers(END_STREAM, id, &[7, 4, 9, 10]));
    let http = headers(END_STREAM, 1, &[22, 24]);
    let compressed = headers(0, 1, &[7, 4, 11]);
    for (name, steps) in [
        ("replies", &[begin, wait, &all.concat()][..]),
        ("refused", &[begin, wait, &refused.concat()]),
        ("http", &[begin, wait, &http, &[6, 3, 7, 2], &[6, 5, 8, 2]]),
        (
            "compressed",
            &[begin, wait, &compressed, &[3, 0, 1, 64, 0, 5], &tail(1)],
        ),
        (
            "leaves",
            &[begin, wait, &[8, 1, 0, 0, 0, 2], &head(1), &tail(1)],
        ),
        (
            "interim",
            &[begin, wait, &headers(0, 1, &[21]), &all.concat()],
        ),
        ("mute", &[&[0, 1], &[13], &piece(b"SSH-2.0-x\r\n"), &[2]]),
    ] {
        seed("http2-client", name, steps)?;
    }
    Ok(())
}

fn link() -> std::io::Result<()> {
    // Somebody dials, greets and proves; or the member dials, for a call.
    let dialed: &[u8] = &[0, 5, 0, 0, 0, 7, 0];
    let dials: &[u8] = &[13, 0, 1, 100, 0, 0, 6, 0, 7, 0];
    let own = |text: &str| text.to_owned();
    let call = Call {
        number: 9,
        to: own("ours"),
        method: own("m"),
        body: b"[1]".as_slice().into(),
        timeout: 1000,
        ..Call::default()
    };
    let ask = Call {
        to: own("!m"),
        method: own("status"),
        ..call.clone()
    };
    let cast = Cast {
        to: own("ours"),
        method: own("m"),
        ..Cast::default()
    };
    let message = Publish {
        exchange: own("x"),
        key: own("a.b"),
        ..Publish::default()
    };
    let reply = Reply {
        number: 3,
        ..Reply::default()
    };
    let back = Call {
        number: 3,
        to: own("theirs"),
        ..call.clone()
    };
    let requests = packet([
        Kind::Call(call),
        Kind::Call(ask),
        Kind::Cast(cast.clone()),
        Kind::Publish(message),
        Kind::Cancel(Cancel { number: 9 }),
    ]);
    let replies = packet([Kind::ReturnedCast(cast), Kind::Reply(reply)]);
    let drain: &[u8] = &[12];
    for secret in 0..3 {
        let name = |text: &str| format!("{text}-{secret}");
        let begin: &[u8] = &[secret];
        let answer: &[u8] = &[18, 0, 0, 40, 0];
        let pieces: &[u8] = &[8, 0, 0, 4, 2, 0, 2, 0, 0];
        seed(
            "link",
            &name("dialed"),
            &[begin, dialed, &requests, answer, drain, pieces],
        )?;
        seed(
            "link",
            &name("dials"),
            &[begin, dials, drain, &replies, &[10, 0, 16]],
        )?;
        let returned = packet([Kind::ReturnedCall(back.clone())]);
        let idle_close = packet([Kind::IdleClose(IdleClose {})]);
        seed(
            "link",
            &name("rests"),
            &[begin, dials, drain, &returned, &[10, 0, 8], &idle_close],
        )?;
    }
    Ok(())
}

fn registry() -> std::io::Result<()> {
    let delta = Delta {
        member: "a".to_owned(),
        ids: vec!["id".to_owned()],
        subscriptions: vec![Subscription {
            exchange: "x".to_owned(),
            pattern: "#".to_owned(),
        }],
        ..Delta::default()
    };
    let announce = says(Asked::Announce(Announce {
        request: 2,
        delta: Some(delta),
    }));
    let record = Record {
        member: "b".to_owned(),
        ..Record::default()
    };
    let rejoin = says(Asked::Join(owt_grpc_fuzz::bus::wire::Join {
        version: 1,
        cluster: "c".to_owned(),
        record: Some(record),
        ..Default::default()
    }));
    // Opens a session and joins as `a`, proves, or is silent.
    let join: &[u8] = &[0, 2, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0];
    let good: &[u8] = &[10, 0, 3, 0, 2, 10, 1, 2, 1, 1];
    for secret in 0..3 {
        let name = |text: &str| format!("{text}-{secret}");
        let begin: &[u8] = &[secret];
        let (applied, time): (&[u8], &[u8]) = (&[6, 0, 3], &[9, 44, 1]);
        seed(
            "registry",
            &name("joins"),
            &[begin, join, good, &announce, applied, good, time],
        )?;
        seed(
            "registry",
            &name("goes"),
            &[begin, join, good, &[8, 0], &[9, 255, 15], good],
        )?;
        seed(
            "registry",
            &name("leaves"),
            &[begin, join, &announce, &[7, 0], &[0], &rejoin],
        )?;
    }
    Ok(())
}

fn etcd() -> std::io::Result<()> {
    let header = Some(ResponseHeader {
        revision: 9,
        ..ResponseHeader::default()
    });
    let told = WatchResponse {
        header,
        ..WatchResponse::default()
    };
    let taken = TxnResponse {
        header,
        succeeded: true,
        ..TxnResponse::default()
    };
    let nothing = piece(&[]);
    // Found, leased, asked to join; all is listed, the watch stands.
    let begin: &[u8] = &[5, 1, 5, 0, 2, 7, 0];
    // A member `a`, and how far it is.
    let member: &[u8] = &[0, 0, 0, 0, 0, 2, 2, 1, 0, 6, 0];
    let listed = [&[6], &*nothing, &[1], &member[..], &[6, 0, 1]].concat();
    let written = [&[11], &*piece(&taken.encode_to_vec()), &[3]].concat();
    let watched = [&[8], &*piece(&told.encode_to_vec()), &[1, 0], member, &[0]].concat();
    let time: &[u8] = &[14, 44, 1];
    let all: Steps = &[begin, &listed, &[12], &written, &watched, time];
    seed("etcd", "joins", all)?;
    seed(
        "etcd",
        "announces",
        &[&all.concat(), &[1, 1], &written, &watched, time],
    )?;
    seed(
        "etcd",
        "loses",
        &[
            &all.concat(),
            &[3, 2, 8],
            &written,
            &[13, 2],
            begin,
            &listed,
        ],
    )?;
    seed("etcd", "leaves", &[&all.concat(), &[13, 3], &written, time])
}

fn main() -> std::io::Result<()> {
    proxy()?;
    server()?;
    client()?;
    link()?;
    registry()?;
    etcd()
}
