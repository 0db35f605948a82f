//! The one place that chooses the cryptography.

use std::sync::Arc;

use self::rustls::crypto::CryptoProvider;

/// The version of rustls that this crate's types are of.
pub use tokio_rustls::rustls;

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
