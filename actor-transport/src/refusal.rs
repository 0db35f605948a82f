//! Why one side does not take the other for who it should be.

/// What is wrong with a certificate, as the side says that has looked at it.
///
/// TLS tells the other side less: there, `NotYetValid` arrives as [`Expired`](Self::Expired), and `WrongName` as
/// [`BadCertificate`](Self::BadCertificate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no longer valid.
    #[error("the certificate has expired")]
    Expired,
    /// It is not valid yet; or the clock of one side is wrong.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// Nobody who is trusted has issued it: it is that of another authority, or its own.
    #[error("the certificate was not issued by an authority that is trusted")]
    UnknownIssuer,
    /// It does not name the host of the address.
    #[error("the certificate does not name the host that was asked for")]
    WrongName,
    /// It is not for this use: a server's that was shown by a client, or the other way round.
    #[error("the certificate is not for this use")]
    WrongUsage,
    /// Its authority has revoked it.
    #[error("the certificate was revoked")]
    Revoked,
    /// Whether it was revoked cannot be said: the list of its authority is older than it may be. The trouble is on the
    /// side that says so; the other one hears of [`UnknownIssuer`](Self::UnknownIssuer).
    #[error("the list of revoked certificates is out of date")]
    StaleRevocations,
    /// There is none, and one is asked for.
    #[error("a certificate is required")]
    NoCertificate,
    /// It cannot be read, is not signed as it has to be, or breaks a rule for which there is no other name.
    #[error("the certificate is not acceptable")]
    BadCertificate,
    /// The two sides have no protocol in common: one of them is something else than a node.
    #[error("the two sides have no protocol in common")]
    NoCommonProtocol,
}
