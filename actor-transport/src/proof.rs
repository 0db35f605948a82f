//! What a transport has proved of a peer.

#[cfg(feature = "proofs")]
use bytes::Bytes;

/// What a connection has proved of who is at its other end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Proof {
    /// Nothing: the transport does not ask.
    #[default]
    None,
    /// The transport asks for certificates, and takes peers without one: this peer has shown none.
    #[cfg(feature = "proofs")]
    Anonymous,
    /// A certificate that is trusted, and of which the peer has the key.
    #[cfg(feature = "proofs")]
    Certificate(PeerCertificate),
}

/// A peer's certificate, whose issuer is trusted.
#[cfg(feature = "proofs")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    names: Vec<String>,
    der: Bytes,
}

#[cfg(feature = "proofs")]
impl PeerCertificate {
    /// A certificate in DER, and the DNS names in it. Only for what a transport has verified.
    #[must_use]
    pub fn new(names: Vec<String>, der: impl Into<Bytes>) -> Self {
        Self { names, der: der.into() }
    }

    /// The DNS names that its issuer vouches for (subject alternative names). A node is called by one of them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The certificate itself, in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}
