//! What the transports with encryption share: [`Identity`], [`Trust`], and [`Tls`], which holds both.
//!
//! TLS 1.3 alone, with rustls and *ring*: it takes a C compiler to build and nothing else, and half the time of
//! aws-lc-rs. Nothing is resumed, so that each connection looks at certificates anew.

mod authentication;
mod certificates;
mod config;
mod crypto;
#[cfg(feature = "development-ca")]
mod development;
mod error;
mod halves;
mod host;
mod refusal;
mod stream;

pub use actor_transport::PeerCertificate;
pub use tokio_rustls::TlsStream;

#[cfg(feature = "development-ca")]
pub use self::development::{DevelopmentCa, IssuedCertificate};
pub use self::{
    authentication::{CHANNEL_BINDING_LABEL, binding_of, proof, proof_of},
    certificates::{Identity, Trust},
    config::{Alpn, Tls},
    crypto::rustls,
    error::CertificateError,
    halves::split,
    host::{host, server_name},
    refusal::{refusal_of_alert, refusal_of_error, transport_error},
    stream::{accept, connect},
};
