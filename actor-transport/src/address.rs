//! Where a node can be reached.

use std::{fmt, str::FromStr};

use actor_core::SystemError;

use crate::TransportError;

/// An address: a scheme, which chooses the transport, and what that transport makes of the rest. `tcp://127.0.0.1:5301`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Box<str>,
    scheme_length: usize,
}

/// Longest address, in bytes: what a peer may be told of.
const LENGTH_MAX: usize = 256;

impl Address {
    /// The part before `://`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme_length).unwrap_or_default()
    }

    /// The part behind `://`.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.text.get(self.scheme_length + 3..).unwrap_or_default()
    }

    /// Whether it names a host, as in `host:port` or `host:port/path`, and that is this machine and nothing else.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.parse::<std::net::IpAddr>().map_or(host == "localhost", |ip| ip.is_loopback())
    }

    /// Whether it names a host, and that is what stands for all addresses of a machine, as `0.0.0.0`: none that can be
    /// connected to.
    pub(crate) fn is_unspecified(&self) -> bool {
        self.host().parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified())
    }

    /// The host, if it names one, without the brackets of an IPv6 address.
    fn host(&self) -> &str {
        let authority = self.rest().split('/').next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The `host:port` that stands behind `://`, before the path if there is one: for transports over IP.
    ///
    /// # Errors
    /// [`TransportError::Address`] if there is no host, or no port from 0 to 65,535.
    pub fn authority(&self) -> Result<&str, TransportError> {
        let authority = self.rest().split('/').next().unwrap_or_default();
        let is_one = authority.rsplit_once(':').is_some_and(|(host, port)| {
            // Both brackets of an IPv6 address, or none.
            !host.is_empty() && host.starts_with('[') == host.ends_with(']') && port.parse::<u16>().is_ok()
        });
        if is_one { Ok(authority) } else { Err(self.is_not("host:port`, with a port from 0 to 65535")) }
    }

    /// The same where no path may follow.
    ///
    /// # Errors
    /// [`TransportError::Address`] as well if one does.
    pub fn host_and_port(&self) -> Result<&str, TransportError> {
        let authority = self.authority()?;
        if authority == self.rest() {
            Ok(authority)
        } else {
            Err(self.is_not("host:port` and nothing behind the port"))
        }
    }

    fn is_not(&self, expected: &str) -> TransportError {
        let why = format!("expected `{}://{expected}", self.scheme());
        TransportError::Address { address: self.to_string(), why }
    }

    /// The whole of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.text)
    }
}

impl FromStr for Address {
    type Err = SystemError;

    fn from_str(text: &str) -> Result<Self, SystemError> {
        let wrong = |why: &str| SystemError::BadAddress { address: text.into(), why: why.into() };
        if text.is_empty() {
            return Err(wrong("an empty text is not an address; expected one such as `tcp://host:port`"));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| wrong("expected a scheme, `://` and the rest, as in `tcp://host:port`"))?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.');
        if scheme.is_empty() || !scheme.bytes().all(plain) {
            return Err(wrong("a scheme is made of lower-case letters, digits, `+`, `-` and `.`"));
        }
        if rest.is_empty() {
            return Err(wrong("nothing stands behind `://`"));
        }
        if text.len() > LENGTH_MAX {
            return Err(wrong("it is longer than 256 bytes"));
        }
        Ok(Self { text: text.into(), scheme_length: scheme.len() })
    }
}

impl TryFrom<&str> for Address {
    type Error = SystemError;

    fn try_from(text: &str) -> Result<Self, SystemError> {
        text.parse()
    }
}

/// One address, from what users have at hand.
pub trait IntoAddress {
    /// The address.
    ///
    /// # Errors
    /// [`SystemError::BadAddress`] for a text that is none.
    fn into_address(self) -> Result<Address, SystemError>;
}

impl IntoAddress for Address {
    fn into_address(self) -> Result<Address, SystemError> {
        Ok(self)
    }
}

impl IntoAddress for &Address {
    fn into_address(self) -> Result<Address, SystemError> {
        Ok(self.clone())
    }
}

impl IntoAddress for &str {
    fn into_address(self) -> Result<Address, SystemError> {
        self.parse()
    }
}

impl IntoAddress for &String {
    fn into_address(self) -> Result<Address, SystemError> {
        self.parse()
    }
}

impl IntoAddress for String {
    fn into_address(self) -> Result<Address, SystemError> {
        self.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_rest() {
        let address: Address = "tcp://127.0.0.1:5301".parse().unwrap();
        assert_eq!((address.scheme(), address.rest()), ("tcp", "127.0.0.1:5301"));
        assert_eq!(address.to_string(), "tcp://127.0.0.1:5301");
        assert_eq!(format!("{address:?}"), "Address(tcp://127.0.0.1:5301)");
    }

    #[test]
    fn an_address_of_this_machine_alone_is_known_by_its_host() {
        for (address, is_loopback) in [
            ("tcp://127.0.0.1:1", true),
            ("tcp://[::1]:1", true),
            ("ws://localhost:1/path", true),
            ("tcp://0.0.0.0:1", false),
            ("ws://10.0.0.1:1/127.0.0.1", false),
            ("tcp://localhost.example:1", false),
        ] {
            assert_eq!(address.parse::<Address>().unwrap().is_loopback(), is_loopback, "{address}");
        }
    }

    #[test]
    fn a_host_and_its_port_are_what_stands_before_a_path() {
        for (address, authority, has_path) in [
            ("tcp://127.0.0.1:1", Some("127.0.0.1:1"), false),
            ("ws://[::1]:0/", Some("[::1]:0"), true),
            ("ws://node.example:65535/path:1", Some("node.example:65535"), true),
            ("tcp://::1:80", Some("::1:80"), false),
            ("tcp://127.0.0.1", None, false),
            ("tcp://:80", None, false),
            ("tcp://a:b", None, false),
            ("tcp://a:65536", None, false),
            ("tcp://[::1:80", None, false),
            ("ws:///a:80", None, true),
        ] {
            let address: Address = address.parse().unwrap();
            assert_eq!(address.authority().ok(), authority, "{address}");
            assert_eq!(address.host_and_port().ok(), authority.filter(|_| !has_path), "{address}");
        }
        let wrong: Address = "tcp://host".parse().unwrap();
        let said = wrong.authority().unwrap_err().to_string();
        assert!(said.ends_with("expected `tcp://host:port`, with a port from 0 to 65535"), "{said}");
    }

    #[test]
    fn a_text_that_is_no_address_is_refused_with_the_reason() {
        for text in ["", "127.0.0.1:80", "TCP://a", "://a", "tcp://", &format!("tcp://{}", "a".repeat(300))] {
            assert!(matches!(text.parse::<Address>(), Err(SystemError::BadAddress { .. })), "{text}");
        }
    }
}
