//! Members that a name stands for.

use actor_core::{BoxFuture, SystemError};
use actor_transport::{Address, IntoAddress, cluster::Discovery};

/// All addresses that the domain name in an address has: `tcp://nodes.example:5301`. A headless service of Kubernetes is
/// such a name.
#[derive(Debug, Clone)]
pub struct DnsName {
    address: Address,
    /// `host:port`.
    authority: String,
    /// What stands behind it: a path.
    rest: String,
}

impl DnsName {
    /// The addresses behind that one.
    ///
    /// # Errors
    /// [`SystemError::BadAddress`] if it is none, or names no host and port.
    pub fn new(address: impl IntoAddress) -> Result<Self, SystemError> {
        let address = address.into_address()?;
        let rest = address.rest();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (authority, path) = (authority.to_owned(), path.to_owned());
        if authority.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
            let why = "expected a host and a port, as in `tcp://nodes.example:5301`".into();
            return Err(SystemError::BadAddress { address: address.to_string().into(), why });
        }
        Ok(Self { address, authority, rest: path })
    }
}

impl Discovery for DnsName {
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host(&self.authority).await.map_err(|error| SystemError::BadAddress {
                address: self.address.to_string().into(),
                why: error.to_string().into(),
            })?;
            found.map(|socket| format!("{}://{socket}{}", self.address.scheme(), self.rest).into_address()).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R58
    #[tokio::test]
    async fn a_name_stands_for_the_addresses_that_it_has() {
        let found = DnsName::new("ws://localhost:5301/path").unwrap().addresses().await.unwrap();
        assert!(found.contains(&"ws://127.0.0.1:5301/path".parse().unwrap()), "{found:?}");
        for wrong in ["tcp://nodes.example", "tcp://:1", "unix:///path"] {
            assert!(matches!(DnsName::new(wrong), Err(SystemError::BadAddress { .. })), "{wrong}");
        }
    }
}
