//! What can be wrong with one's own certificates.

use std::path::PathBuf;

/// Why certificates could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The text is not PEM, or what stands in it is something else.
    #[error("no {what} could be read from the PEM text: {why}")]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// What was found.
        why: String,
    },
    /// The certificates cannot be used so.
    #[error("the certificates cannot be used: {0}")]
    Unusable(String),
}
