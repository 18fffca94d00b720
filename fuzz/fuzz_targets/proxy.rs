//! What a proxy answers to CONNECT, and what the target sends behind it. The first byte
//! says whether the proxy was given a user and a password.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::grpc::proxy::Proxy;
use tokio::io::{AsyncReadExt as _, join, sink};

fuzz_target!(|input: &[u8]| {
    let Some((first, answer)) = input.split_first() else {
        return;
    };
    let credentials = (first % 2 == 1).then_some("user:password");
    let proxy = Proxy::new("10.0.0.1:3128".parse().expect("a target"), credentials);
    let to = "target.example:80".parse().expect("a target");
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().expect("a runtime");
    runtime.block_on(async {
        match proxy.tunnel(join(answer, sink()), &to).await {
            Ok(mut stream) => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await.expect("all of it");
                let head = answer.strip_suffix(&*rest).expect("what follows the head");
                assert!(head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n"));
                assert!(head.len() <= 8 << 10, "a head of {} bytes", head.len());
            }
            Err(why) => {
                assert!(why.len() < 1000, "{} bytes are told", why.len());
                let is_text = |c: char| c == '\t' || !c.is_control();
                assert!(why.chars().all(is_text), "{why:?}");
            }
        }
    });
});
