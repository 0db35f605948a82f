//! From the words of rustls to a [`Refusal`].

use std::{error::Error, io};

use actor_transport::{Refusal, TransportError};

use crate::crypto::rustls::{self, AlertDescription, CertificateError};

/// What went wrong on a connection over TLS.
#[must_use]
pub fn transport_error(error: io::Error) -> TransportError {
    let source: Option<&rustls::Error> = error.get_ref().and_then(|source| find(source));
    match source {
        Some(rustls::Error::AlertReceived(alert)) => match refusal_of_alert(*alert) {
            Some(refusal) => TransportError::RefusedByPeer(refusal),
            None => TransportError::Io(error),
        },
        Some(source) => match refusal_of_error(source) {
            Some(refusal) => TransportError::Refused(refusal),
            None => TransportError::Io(error),
        },
        None => TransportError::Io(error),
    }
}

fn find<'a>(source: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = source;
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = error.source()?;
    }
}

/// Why this side refuses its peer, if that is what the error says.
#[must_use]
pub fn refusal_of_error(error: &rustls::Error) -> Option<Refusal> {
    Some(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Refusal::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Refusal::NotYetValid,
            CertificateError::Revoked => Refusal::Revoked,
            CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
                Refusal::StaleRevocations
            }
            CertificateError::UnknownIssuer | CertificateError::UnknownRevocationStatus => Refusal::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Refusal::WrongName,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Refusal::WrongUsage,
            _ => Refusal::BadCertificate,
        },
        rustls::Error::NoCertificatesPresented => Refusal::NoCertificate,
        rustls::Error::NoApplicationProtocol | rustls::Error::PeerIncompatible(_) => Refusal::NoCommonProtocol,
        _ => return None,
    })
}

/// Why the peer refuses this side, as far as it says so.
#[must_use]
pub fn refusal_of_alert(alert: AlertDescription) -> Option<Refusal> {
    Some(match alert {
        AlertDescription::CertificateExpired => Refusal::Expired,
        AlertDescription::CertificateRevoked => Refusal::Revoked,
        AlertDescription::UnknownCA => Refusal::UnknownIssuer,
        AlertDescription::UnsupportedCertificate => Refusal::WrongUsage,
        AlertDescription::CertificateRequired => Refusal::NoCertificate,
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => Refusal::BadCertificate,
        AlertDescription::NoApplicationProtocol
        | AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure => Refusal::NoCommonProtocol,
        _ => return None,
    })
}
