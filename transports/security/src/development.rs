//! A certificate authority for development and tests.

use std::{fs, io::Write, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::{CertificateError, Identity, Tls, Trust};

/// A certificate authority that lives as long as this value, and issues certificates for nodes of this machine.
///
/// For development and tests. Its key is in memory alone, and its certificates are valid for decades: real clusters have
/// an authority of their own.
///
/// ```
/// # use transport_security::{CertificateError, DevelopmentCa};
/// let ca = DevelopmentCa::new()?;
/// let (server, client) = (ca.tls("server")?, ca.tls("client")?);
/// # Ok::<(), CertificateError>(())
/// ```
pub struct DevelopmentCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub struct IssuedCertificate {
    name: String,
    certificate: String,
    key: String,
}

impl DevelopmentCa {
    /// A new authority.
    ///
    /// # Errors
    /// When there are no random bits for a key.
    pub fn new() -> Result<Self, CertificateError> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(failed)?;
        // A name of its own: what another one has issued shall be refused as that, and not as badly signed.
        let number: String = key.public_key_raw().iter().rev().take(8).map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name.push(DnType::CommonName, format!("distributed-actor development CA {number}"));
        let certificate = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// A certificate for the node of this name, for `localhost`, and for the loopback addresses.
    ///
    /// # Errors
    /// When the name is none that DNS could have.
    pub fn issue(&self, name: &str) -> Result<IssuedCertificate, CertificateError> {
        let names = [name, "localhost", "127.0.0.1", "::1"].map(String::from);
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?.pem();
        Ok(IssuedCertificate { name: name.into(), certificate, key: key.serialize_pem() })
    }

    /// Mutual TLS for the node of this name, in one call.
    ///
    /// # Errors
    /// When the name is none that DNS could have.
    pub fn tls(&self, name: &str) -> Result<Tls, CertificateError> {
        Tls::mutual(self.issue(name)?.identity()?, self.trust()?)
    }

    /// Trust in what it issues.
    ///
    /// # Errors
    /// Not as long as the authority is one that [`new`](Self::new) has made.
    pub fn trust(&self) -> Result<Trust, CertificateError> {
        Trust::from_pem(&self.certificate)
    }

    /// The authority's own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// Writes the authority's certificate to `ca.pem` in a directory. Its key is written nowhere.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> Result<(), CertificateError> {
        write(&directory.as_ref().join("ca.pem"), &self.certificate, false)
    }
}

impl IssuedCertificate {
    /// As what a node shows.
    ///
    /// # Errors
    /// Not as long as the certificate is one that [`DevelopmentCa::issue`] has made.
    pub fn identity(&self) -> Result<Identity, CertificateError> {
        Identity::from_pem(&self.certificate, &self.key)
    }

    /// The certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// Its private key, in PEM.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// Writes `<name>.pem` and `<name>.key` to a directory. The key can be read by its user alone, where files have such
    /// permissions.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> Result<(), CertificateError> {
        let directory = directory.as_ref();
        write(&directory.join(format!("{}.pem", self.name)), &self.certificate, false)?;
        write(&directory.join(format!("{}.key", self.name)), &self.key, true)
    }
}

impl std::fmt::Debug for DevelopmentCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentCa").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for IssuedCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCertificate").field("name", &self.name).finish_non_exhaustive()
    }
}

fn write(path: &Path, text: &str, is_private: bool) -> Result<(), CertificateError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if is_private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CertificateError::File { path: path.to_owned(), error })
}

fn failed(error: rcgen::Error) -> CertificateError {
    CertificateError::Unusable(error.to_string())
}
