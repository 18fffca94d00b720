//! Certificates as a peer or a file may give them: read, judged by the way for old
//! ones, and as a file of CAs. The first two bytes say how long the leaf is; what
//! follows it is the CA's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::tls::credentials::{ClientAuth, ClientCredentials, Material, Source};
use owt_grpc_fuzz::tls::certificate::Certificate;
use owt_grpc_fuzz::tls::legacy::{Host, Purpose, check};
use rustls::crypto::ring;

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let (leaf, ca) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let algorithms = ring::default_provider()
        .signature_verification_algorithms
        .all;
    if let Ok(leaf) = Certificate::read(leaf) {
        let _ = (leaf.names(), leaf.weakness(), leaf.out_of_date(0));
        let cas: Vec<Certificate> = [Certificate::read(ca).ok(), Some(leaf.clone())]
            .into_iter()
            .flatten()
            .collect();
        let host = Host::Name(leaf.common_names.first().cloned().unwrap_or_default());
        let now = leaf.not_before.saturating_add(1);
        for purpose in [Purpose::Server, Purpose::Client] {
            let _ = check(&leaf, &cas, purpose, Some(&host), now, algorithms);
            let _ = check(
                &leaf,
                &cas,
                purpose,
                Some(&Host::Address([127, 0, 0, 1].into())),
                now,
                algorithms,
            );
        }
    }
    let _ = ClientCredentials::new(Material {
        roots: Some(Source {
            name: String::new(),
            bytes: rest.to_vec(),
            stem: None,
        }),
        identity: None,
        client_auth: ClientAuth::None,
        strict: None,
        pair: String::new(),
    });
});
