//! A chain in PEM and a key in PKCS#8, as files may give them. The first two bytes
//! say how long the key is; what follows it is the chain.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::tls::credentials::{ClientAuth, Material, ServerCredentials, Source};

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let (key, chain) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let source = |bytes: &[u8]| Source {
        name: String::new(),
        bytes: bytes.to_vec(),
        stem: None,
    };
    let _ = ServerCredentials::new(Material {
        roots: None,
        identity: Some((source(chain), source(key))),
        client_auth: ClientAuth::None,
        strict: None,
        pair: String::new(),
    });
});
