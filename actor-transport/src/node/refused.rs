//! Connections that were accepted and did not become sessions.

use std::fmt;

use crate::{
    Refusal,
    protocol::{HandshakeError, Reject},
    transport::TransportError,
};

/// Somebody has connected, and was not let in: for [`NodeBuilder::on_refused`](crate::NodeBuilder::on_refused).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RefusedConnection {
    remote: String,
    reason: RefusedReason,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedReason {
    /// Its certificate is not one that this node takes.
    Certificate(Refusal),
    /// It does not take this node's certificate.
    CertificateByPeer(Refusal),
    /// Its greeting is not one that this node takes: another protocol or version, another cluster, no proof of the secret.
    Handshake(HandshakeError),
    /// It may not have a session: its name is not in its certificate, there is no room, the node is shutting down.
    Rejected(Reject),
    /// It has given up itself, with this reason.
    RejectedByPeer(Reject),
    /// It has not shaken hands in the time for that.
    TimedOut,
    /// All handshakes were taken, most of them from its address: its own, the oldest of them, went to somebody from
    /// another one.
    Displaced,
    /// The connection broke before it was established, with these words.
    Broken(Box<str>),
}

/// The hook that hears of them.
pub(super) type OnRefused = Box<dyn Fn(&RefusedConnection) + Send + Sync>;

impl RefusedConnection {
    pub(super) fn new(remote: String, reason: RefusedReason) -> Self {
        Self { remote, reason }
    }

    /// From where, in the transport's words.
    #[must_use]
    pub fn remote(&self) -> &str {
        &self.remote
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &RefusedReason {
        &self.reason
    }
}

impl RefusedReason {
    /// Whether it is a part of how nodes find one another: who only asks for an id, dials itself, or dials where a
    /// connection exists, is no stranger.
    pub(super) fn is_usual(&self) -> bool {
        matches!(
            self,
            Self::Handshake(HandshakeError::NodeReplaced { .. } | HandshakeError::SelfConnection)
                | Self::Rejected(Reject::NodeReplaced { .. } | Reject::Duplicate | Reject::SelfConnection)
        )
    }
}

impl From<TransportError> for RefusedReason {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Refused(refusal) => Self::Certificate(refusal),
            TransportError::RefusedByPeer(refusal) => Self::CertificateByPeer(refusal),
            error => Self::Broken(error.to_string().into()),
        }
    }
}

impl fmt::Display for RefusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(refusal) => write!(f, "refused the peer: {refusal}"),
            Self::CertificateByPeer(refusal) => write!(f, "refused by the peer: {refusal}"),
            Self::Handshake(error) => error.fmt(f),
            Self::Rejected(reject) => write!(f, "refused the peer: {reject}"),
            Self::RejectedByPeer(reject) => write!(f, "refused by the peer: {reject}"),
            Self::TimedOut => f.write_str("no handshake in time"),
            Self::Displaced => f.write_str("too many handshakes from there, and others wait"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}
