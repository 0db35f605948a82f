//! Bad certificates, over TLS.

mod zoo;

zoo::zoo!(transport_tls::TlsTransport::new);
