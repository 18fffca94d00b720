//! Why a certificate is not accepted: each variant a sentence about "it".

/// One reason why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not what X.509 says a certificate is.
    #[error("it cannot be read as an X.509 certificate ({0})")]
    Unreadable(String),
    /// By its own word.
    #[error("it expired on {0}")]
    Expired(String),
    /// By its own word.
    #[error("it is not valid before {0}: is the clock of this machine right?")]
    NotYetValid(String),
    /// Another certificate of its chain.
    #[error("a certificate that it depends on is not valid now: {0}")]
    ChainOutOfDate(String),
    /// No CA that is known has signed it.
    #[error("it was issued by \"{0}\", which is none of the configured CAs")]
    UnknownIssuer(String),
    /// Nobody vouches for it.
    #[error("it is self-signed, and not one of the configured CAs")]
    SelfSigned,
    /// Its issuer's key says otherwise.
    #[error("its signature is not its issuer's: it was altered, or another CA has the same name")]
    BadSignature,
    /// Signed by what is no CA.
    #[error("it was signed with the certificate of \"{0}\", which is no CA's")]
    IssuerIsNoCa(String),
    /// A chain of certificates of the old kind.
    #[error(
        "it depends on \"{0}\", an intermediate certificate of X.509 version 1: \
         only version 3 can say that it is a CA"
    )]
    OldIntermediate(String),
    /// Of a configured CA.
    #[error(
        "its CA may sign only certain names, which a certificate without subjectAltName cannot be held to"
    )]
    ConstrainedIssuer,
    /// The signature can be forged.
    #[error("it is signed by {0}, which can be forged: sign it with -sha256")]
    WeakSignature(String),
    /// Neither broken nor known.
    #[error(
        "its signature or key is of a kind that is not supported: use RSA of 2048 bits or more, or ECDSA"
    )]
    UnknownAlgorithm,
    /// The key can be broken.
    #[error("its RSA key has {0} bits, and 2048 are the least")]
    WeakKey(usize),
    /// A CA's certificate presented as a peer's.
    #[error("it is a CA's certificate, which cannot be used by a server or client")]
    CaAsLeaf,
    /// Something that must be understood.
    #[error("it has a critical extension that is not understood ({0})")]
    UnknownCritical(String),
    /// Not meant for this.
    #[error("it is not meant for a TLS {0}: its key usage says otherwise")]
    WrongPurpose(&'static str),
    /// The certificate is another host's.
    #[error("it is for {names}, not for {host}")]
    WrongName {
        /// The host that was to be talked to.
        host: String,
        /// The names that the certificate has.
        names: String,
    },
    /// OWT's guide wants the common name to be what is dialed.
    #[error(
        "it has a common name only ({name}), which cannot vouch for the IP address {address}: only \
         hostname is allowed. Use the host name instead of the address, or make a certificate with \
         subjectAltName=IP:{address}"
    )]
    OnlyHostname {
        /// The certificate's common name.
        name: String,
        /// The address that was dialed.
        address: String,
    },
    /// This side is strict.
    #[error(
        "it is of the old kind, without subjectAltName, and {setting} is set. Make a good one from \
         the same request: printf 'subjectAltName=DNS:{host}' > san.ext && openssl x509 -req \
         -days 365 -sha256 -in {stem}.csr -CA ca.crt -CAkey ca.key -set_serial 01 -extfile san.ext \
         -out {stem}.crt"
    )]
    Strict {
        /// What asks for it.
        setting: String,
        /// Whom the certificate is for.
        host: String,
        /// What its files are called, without an ending.
        stem: String,
    },
    /// What the library says.
    #[error("{0}")]
    Other(String),
}

/// Whose certificate, and why not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the certificate of \"{subject}\" is not accepted: {refusal}")]
pub struct Rejected {
    /// The subject of the certificate that is refused.
    pub subject: String,
    /// See [`Refusal`].
    #[source]
    pub refusal: Refusal,
}
