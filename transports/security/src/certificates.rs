//! What a node shows, and what it believes.

use std::{fmt, path::Path, sync::Arc};

use webpki::EndEntityCert;

use crate::{
    CertificateError,
    crypto::rustls::{
        RootCertStore,
        pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    },
};

/// What a node shows of itself: a certificate, those between it and its authority, and the private key.
///
/// For `tls`, `wss` and `quic` the certificate has the node's name and the host names of its addresses among its subject
/// alternative names, and is good for both servers and clients (extended key usage).
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    names: Vec<String>,
}

impl Identity {
    /// From PEM texts: the certificate, followed by those between it and its authority; and the key.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, CertificateError> {
        let chain = certificates(chain.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|error| CertificateError::Pem { what: "private key", why: error.to_string() })?;
        let names = chain.first().map(|certificate| names(certificate)).unwrap_or_default();
        Ok(Self { chain, key, names })
    }

    /// The same from files. They are read here, and not again: see [`Tls::set_identity`](crate::Tls::set_identity).
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn from_pem_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, CertificateError> {
        Self::from_pem(read(chain.as_ref())?, read(key.as_ref())?)
    }

    /// The DNS names in the certificate. A node that shows it is called by one of them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key(), names: self.names.clone() }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("names", &self.names).finish_non_exhaustive()
    }
}

/// Which certificates of others a node believes: those that these authorities have issued, and not revoked.
#[derive(Debug, Clone)]
pub struct Trust {
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) revoked: Vec<CertificateRevocationListDer<'static>>,
    pub(crate) enforces_dates: bool,
}

impl Trust {
    /// In the authorities whose certificates stand in a PEM text: one for each cluster, as a rule.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn from_pem(authorities: impl AsRef<[u8]>) -> Result<Self, CertificateError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(authorities.as_ref())? {
            roots.add(authority).map_err(|error| CertificateError::Unusable(error.to_string()))?;
        }
        Ok(Self { roots: Arc::new(roots), revoked: Vec::new(), enforces_dates: false })
    }

    /// The same from a file. It is read here, and not again: see [`Tls::set_trust`](crate::Tls::set_trust).
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_pem_file(authorities: impl AsRef<Path>) -> Result<Self, CertificateError> {
        Self::from_pem(read(authorities.as_ref())?)
    }

    /// Less the certificates on these lists (CRLs, in PEM). A list counts for what its own authority has issued; of
    /// authorities without a list nothing is revoked. The date up to which a list is meant to be used is looked at only where
    /// [`enforce_revocation_dates`](Self::enforce_revocation_dates) asks for it.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn with_revocations(mut self, lists: impl AsRef<[u8]>) -> Result<Self, CertificateError> {
        for list in CertificateRevocationListDer::pem_slice_iter(lists.as_ref()) {
            let what = "certificate revocation list";
            self.revoked.push(list.map_err(|error| CertificateError::Pem { what, why: error.to_string() })?);
        }
        Ok(self)
    }

    /// Uses no list beyond its date (`nextUpdate`): from then on everybody is refused whose authority has issued it, with
    /// [`Refusal::StaleRevocations`](actor_transport::Refusal::StaleRevocations), until
    /// [`Tls::set_trust`](crate::Tls::set_trust) brings a newer one. Without this an old list goes on to count, and who was
    /// revoked since then is let in.
    #[must_use]
    pub fn enforce_revocation_dates(mut self) -> Self {
        self.enforces_dates = true;
        self
    }

    /// The same from a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn with_revocations_file(self, lists: impl AsRef<Path>) -> Result<Self, CertificateError> {
        self.with_revocations(read(lists.as_ref())?)
    }
}

/// The DNS names that a certificate's issuer vouches for.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    match EndEntityCert::try_from(certificate) {
        Ok(certificate) => certificate.valid_dns_names().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let wrong = |why: String| CertificateError::Pem { what: "certificate", why };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(certificates) if certificates.is_empty() => Err(wrong("there is none".into())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|error| CertificateError::File { path: path.to_owned(), error })
}
