//! What a finished TLS handshake has proved.

use actor_transport::{PeerCertificate, Proof};
use tokio_rustls::TlsStream;

use crate::{
    certificates::names,
    crypto::rustls::{ConnectionCommon, pki_types::CertificateDer},
};

/// What the certificates prove that the peer has shown and the handshake has verified.
///
/// A server's are always asked for; of clients there may be none.
#[must_use]
pub fn proof(certificates: Option<&[CertificateDer<'_>]>) -> Proof {
    match certificates.and_then(<[_]>::first) {
        Some(certificate) => {
            Proof::Certificate(PeerCertificate::new(names(certificate), certificate.as_ref().to_vec()))
        }
        None => Proof::Anonymous,
    }
}

fn channel_binding<D>(connection: &ConnectionCommon<D>) -> Option<[u8; 32]> {
    connection.export_keying_material([0; 32], CHANNEL_BINDING_LABEL, Some(&[])).ok()
}

/// [`proof`] of an established stream.
#[must_use]
pub fn proof_of<S>(stream: &TlsStream<S>) -> Proof {
    proof(stream.get_ref().1.peer_certificates())
}

/// The bits that both ends of an established stream have in common and nobody else (RFC 9266).
#[must_use]
pub fn binding_of<S>(stream: &TlsStream<S>) -> Option<[u8; 32]> {
    match stream {
        TlsStream::Client(stream) => channel_binding(stream.get_ref().1),
        TlsStream::Server(stream) => channel_binding(stream.get_ref().1),
    }
}

/// The label that RFC 9266 gives them.
pub const CHANNEL_BINDING_LABEL: &[u8] = b"EXPORTER-Channel-Binding";
