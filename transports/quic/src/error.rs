//! From the words of quinn to those of a transport.

use std::io;

use actor_transport::{Refusal, TransportError};
use quinn::ConnectionError;
use transport_security::{refusal_of_alert, rustls::AlertDescription};

/// Codes of QUIC from here on are alerts of TLS (RFC 9001, section 4.8).
const ALERTS: std::ops::RangeInclusive<u64> = 0x100..=0x1ff;

pub(crate) fn transport_error(error: ConnectionError) -> TransportError {
    match &error {
        ConnectionError::TransportError(own) => match refusal(own.code.into()) {
            Some(refusal) => TransportError::Refused(more_precisely(refusal, &own.reason)),
            None => TransportError::Io(io::Error::from(error)),
        },
        ConnectionError::ConnectionClosed(close) => match refusal(close.error_code.into()) {
            Some(refusal) => TransportError::RefusedByPeer(refusal),
            None => TransportError::Io(io::Error::from(error)),
        },
        _ => TransportError::Io(io::Error::from(error)),
    }
}

fn refusal(code: u64) -> Option<Refusal> {
    let alert = ALERTS.contains(&code).then_some(code & 0xff)?;
    refusal_of_alert(AlertDescription::from(u8::try_from(alert).ok()?))
}

/// Of the reason, quinn hands on the alert, which stands for several, and the text.
fn more_precisely(refusal: Refusal, text: &str) -> Refusal {
    match refusal {
        Refusal::Expired if text.contains("not valid yet") => Refusal::NotYetValid,
        Refusal::BadCertificate if text.contains("not valid for name") => Refusal::WrongName,
        Refusal::UnknownIssuer if text.contains("revocation list expired") => Refusal::StaleRevocations,
        refusal => refusal,
    }
}

/// Whether the peer has ended the connection as it should.
pub(crate) fn is_end(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::ApplicationClosed(close) if close.error_code == 0_u8.into())
}
