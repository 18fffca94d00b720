//! What is proved, and how: an HMAC over all that is particular to one link or session
//! and to one side of it. So it is good for no other link, no other pair of members, no
//! other cluster, and not for the side that it was made for.

use bytes::Bytes;
use ring::hmac;

use crate::bus::wire::{Hello, Join};

/// Of what the proof is one, and of which form: another form has another text.
const LABEL: &[u8] = b"owt-grpc bus: proof of the cluster's secret, form 1";

/// Who proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Who has opened the link or session.
    Dialer,
    /// Who was dialed, and has chosen this version.
    Acceptor(u32),
}

/// One link or session, as both of its sides see it.
#[derive(Debug, Clone, Copy)]
pub struct Transcript<'a> {
    /// Of both.
    pub cluster: &'a str,
    /// The member that dials.
    pub dialer: &'a str,
    /// What the registry tells of that member's token.
    pub token: &'a str,
    /// The member that is dialed, `None` for the registry.
    pub acceptor: Option<&'a str>,
    /// The link's number, or what the member knew of the registry: its epoch.
    pub number: u64,
    /// The versions that the dialer speaks, as it told them: so nobody between makes both
    /// talk in an older one.
    pub versions: (u32, u32),
    /// What the dialer has asked the acceptor to prove, and the reverse.
    pub nonces: [&'a [u8]; 2],
}

/// A secret, as it is derived from what people set.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl Key {
    /// Of the 32 bytes that the derivation gives.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// A proof of this side's.
    pub fn prove(&self, way: Way, about: &Transcript<'_>) -> Bytes {
        self.sign(&about.bytes(way))
    }

    /// Whether a proof is one of this secret. Takes as long for any that is not.
    pub fn is_proved(&self, way: Way, about: &Transcript<'_>, proof: &[u8]) -> bool {
        self.has_signed(&about.bytes(way), proof)
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Bytes {
        let tag = hmac::sign(&self.0, bytes);
        Bytes::copy_from_slice(tag.as_ref())
    }

    pub(super) fn has_signed(&self, bytes: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, tag).is_ok()
    }
}

/// Adds a part with its length, so that no two lists of parts are the same bytes.
pub(super) fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_le_bytes());
    bytes.extend(part);
}

impl<'a> Transcript<'a> {
    /// Of a link, for which the dialer was challenged with a nonce.
    pub fn of_link(hello: &'a Hello, challenge: &'a [u8]) -> Self {
        Self {
            cluster: &hello.cluster,
            dialer: &hello.member,
            token: &hello.token,
            acceptor: Some(&hello.to),
            number: hello.link,
            versions: (hello.version, hello.newest_version),
            nonces: [&hello.nonce, challenge],
        }
    }

    /// Of a session with the registry.
    pub fn of_session(join: &'a Join, challenge: &'a [u8]) -> Self {
        let record = join.record.as_ref();
        Self {
            cluster: &join.cluster,
            dialer: record.map_or("", |record| &record.member),
            token: record.map_or("", |record| &record.token),
            acceptor: None,
            number: join.epoch,
            versions: (join.version, join.newest_version),
            nonces: [&join.nonce, challenge],
        }
    }

    fn bytes(&self, way: Way) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        let mut put = |part: &[u8]| put(&mut bytes, part);
        put(LABEL);
        match way {
            Way::Dialer => put(b"dialer"),
            Way::Acceptor(version) => {
                put(b"acceptor");
                put(&version.to_le_bytes());
            }
        }
        put(self.cluster.as_bytes());
        put(self.dialer.as_bytes());
        put(self.token.as_bytes());
        match self.acceptor {
            Some(member) => {
                put(b"member");
                put(member.as_bytes());
            }
            None => put(b"registry"),
        }
        put(&self.number.to_le_bytes());
        put(&self.versions.0.to_le_bytes());
        put(&self.versions.1.to_le_bytes());
        self.nonces.iter().for_each(|nonce| put(nonce));
        bytes
    }
}
