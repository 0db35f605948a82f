//! How two nodes prove to one another that they know the same secret, without sending it (`docs/protocol.md`,
//! section 3).

#[cfg(feature = "proofs")]
mod proving {
    use std::fmt;

    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::{PROOF_LENGTH, Side};

    /// A secret that both nodes of a connection have, with what makes its proofs good for this connection alone.
    #[derive(Clone)]
    pub struct Secret {
        key: [u8; 32],
        nonce: [u8; 32],
        binding: Option<[u8; 32]>,
    }

    impl Secret {
        /// The secret; random bits that are used once; and what the transport binds this connection by, if it does.
        #[must_use]
        pub fn new(key: [u8; 32], nonce: [u8; 32], binding: Option<[u8; 32]>) -> Self {
            Self { key, nonce, binding }
        }

        pub(crate) fn nonce(&self) -> &[u8; 32] {
            &self.nonce
        }

        /// What `side` sends to show that it knows the secret.
        pub(crate) fn prove(&self, side: Side, hello: &[u8], nonce: &[u8; 32]) -> [u8; PROOF_LENGTH] {
            self.mac(side, hello, nonce).finalize().into_bytes().into()
        }

        /// Whether `side` has shown it; takes the same time for each wrong proof.
        pub(crate) fn is_proof(&self, proof: &[u8; PROOF_LENGTH], side: Side, hello: &[u8], nonce: &[u8; 32]) -> bool {
            self.mac(side, hello, nonce).verify_slice(proof).is_ok()
        }

        fn mac(&self, side: Side, hello: &[u8], nonce: &[u8; 32]) -> Hmac<Sha256> {
            #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of 32 bytes");
            // All but the last field have a fixed length, so that no two inputs are the same bytes.
            mac.update(match side {
                Side::Acceptor => b"distributed-actor, secret, acceptor",
                Side::Dialer => b"distributed-actor, secret, dialer..",
            });
            mac.update(&[u8::from(self.binding.is_some())]);
            mac.update(&self.binding.unwrap_or_default());
            mac.update(nonce);
            mac.update(hello);
            mac
        }
    }

    impl fmt::Debug for Secret {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Secret").field("binding", &self.binding.is_some()).finish_non_exhaustive()
        }
    }
}

#[cfg(feature = "proofs")]
pub use self::proving::Secret;

/// Length of a proof, in bytes.
pub(crate) const PROOF_LENGTH: usize = 32;

/// Whose proof it is, so that nobody can send back what he was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Dialer,
    Acceptor,
}

/// There is no secret in a build that could not prove one.
#[cfg(not(feature = "proofs"))]
#[derive(Debug, Clone)]
pub enum Secret {}

#[cfg(not(feature = "proofs"))]
impl Secret {
    pub(crate) fn nonce(&self) -> &[u8; 32] {
        match *self {}
    }

    pub(crate) fn prove(&self, _: Side, _: &[u8], _: &[u8; 32]) -> [u8; PROOF_LENGTH] {
        match *self {}
    }

    pub(crate) fn is_proof(&self, _: &[u8; PROOF_LENGTH], _: Side, _: &[u8], _: &[u8; 32]) -> bool {
        match *self {}
    }
}
