//! Who is who: the incarnation of a node, and an actor on it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One incarnation of a node: 128 random bits, minted at each start.
///
/// A process that is started again at the same address has another `NodeId`, so that a reference to an actor
/// of the old incarnation can never reach one of the new. Printed as 32 hexadecimal digits, and parsed from them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// The id of these bits. Whoever mints one takes the bits from a random source.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// The id as a number.
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.to_bits())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseIdError { text: text.into(), expected: "32 hexadecimal digits" });
        }
        u128::from_str_radix(text, 16)
            .map(Self::from_bits)
            .map_err(|_| ParseIdError { text: text.into(), expected: "32 hexadecimal digits" })
    }
}

/// An actor: the incarnation of the node it lives on, and its instance number there.
///
/// Instance numbers are never given twice by one incarnation. Printed as `<node>.<instance>`, and parsed from that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActorId {
    node: NodeId,
    instance: u64,
}

impl ActorId {
    /// The id of an actor on that node.
    #[must_use]
    pub const fn new(node: NodeId, instance: u64) -> Self {
        Self { node, instance }
    }

    /// The node that the actor lives on.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// The actor's number on its node.
    #[must_use]
    pub const fn instance(&self) -> u64 {
        self.instance
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.instance)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorId({self})")
    }
}

impl FromStr for ActorId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let expected = "32 hexadecimal digits, a dot and a number";
        let wrong = || ParseIdError { text: text.into(), expected };
        let (node, instance) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Self { node: node.parse().map_err(|_| wrong())?, instance: instance.parse().map_err(|_| wrong())? })
    }
}

/// A text that is not the id it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id: expected {expected}")]
pub struct ParseIdError {
    text: String,
    expected: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R17, R23
    #[test]
    fn an_id_is_parsed_from_what_it_prints() {
        let id = ActorId::new(NodeId::from_bits(0xfeed), 42);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.node().to_string().parse(), Ok(id.node()));
    }

    #[test]
    fn a_text_that_is_no_id_is_refused_with_what_was_expected() {
        for text in ["", ".", "12.3", "+0000000000000000000000000000feed", "0000000000000000000000000000feed.x"] {
            let error = text.parse::<ActorId>().unwrap_err();
            assert!(error.to_string().contains("expected 32 hexadecimal digits"), "{error}");
        }
    }
}
