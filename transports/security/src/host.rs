//! The host in `host:port`.

use actor_transport::TransportError;

use crate::crypto::rustls::pki_types::ServerName;

/// The host of `host:port`, without the brackets of an IPv6 address.
#[must_use]
pub fn host(authority: &str) -> &str {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The name that the certificate of who answers there has to have.
///
/// # Errors
/// When it is neither a DNS name nor an IP address.
pub fn server_name(authority: &str) -> Result<ServerName<'static>, TransportError> {
    ServerName::try_from(host(authority).to_owned()).map_err(|error| TransportError::Address {
        address: authority.into(),
        why: format!("the host is neither a DNS name nor an IP address: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_stands_before_the_port() {
        assert_eq!(host("node1.example:5301"), "node1.example");
        assert_eq!(host("127.0.0.1:5301"), "127.0.0.1");
        assert_eq!(host("[::1]:5301"), "::1");
        assert!(server_name("[::1]:5301").is_ok() && server_name("a b:1").is_err());
    }
}
