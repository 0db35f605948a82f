//! System errors on the wire (`docs/protocol.md`, section 8): postcard, of bounded length.

use actor_core::SystemError;

use super::{close::clip, frame::ERROR_LENGTH_MAX};

/// A text that was clipped is not longer than this, in bytes: the error with the most texts, three, must fit.
const TEXT_LENGTH_MAX: usize = 2048;
/// Calls of a deadlock that are told, from the first.
const CHAIN_LENGTH_MAX: usize = 8;
const LINK_LENGTH_MAX: usize = 512;

/// The error as bytes; its texts are clipped if it would be too long.
pub(crate) fn encode(error: &SystemError) -> Vec<u8> {
    match postcard::to_allocvec(error) {
        Ok(bytes) if bytes.len() <= ERROR_LENGTH_MAX => bytes,
        // Nothing of an error can fail to be encoded.
        _ => postcard::to_allocvec(&clipped(error.clone())).unwrap_or_default(),
    }
}

/// The error that these bytes are, to the last one.
pub(crate) fn decode(bytes: &[u8]) -> Option<SystemError> {
    match postcard::take_from_bytes(bytes) {
        Ok((error, [])) => Some(error),
        _ => None,
    }
}

fn clipped(mut error: SystemError) -> SystemError {
    use SystemError as E;
    let short = |text: &mut Box<str>| *text = clip(text, TEXT_LENGTH_MAX).into();
    match &mut error {
        E::UnknownActor { actor: text }
        | E::UnknownMethod { method: text }
        | E::Overloaded { what: text }
        | E::Unauthorized { why: text }
        | E::UnknownName { name: text }
        | E::NameTaken { name: text }
        | E::BadLimits { why: text }
        | E::StartFailed { why: text }
        | E::Opaque { text } => short(text),
        E::BadArguments { method, why } | E::Unencodable { method, why } | E::BadReply { method, why } => {
            short(method);
            short(why);
        }
        E::Connect { address: first, why: second }
        | E::WrongType { actor: first, expected: second }
        | E::BadAddress { address: first, why: second }
        | E::UnknownConstructor { constructor: first, why: second, .. } => {
            short(first);
            short(second);
        }
        E::SignatureMismatch { method, ours, theirs } => {
            short(method);
            short(ours);
            short(theirs);
        }
        E::Panicked { method, message } => {
            short(method);
            if let Some(message) = message {
                short(message);
            }
        }
        E::Deadlock { chain } => {
            chain.truncate(CHAIN_LENGTH_MAX);
            for link in chain {
                *link = clip(link, LINK_LENGTH_MAX).into();
            }
        }
        // What is left has no text, or (`Network`) one that this node wrote itself.
        _ => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_any_length_fits_its_frame_and_stays_the_same_error() {
        let long = || "\u{e9}".repeat(20_000);
        let text = || long().into_boxed_str();
        for error in [
            SystemError::Deadlock { chain: vec![long(); 40] },
            SystemError::SignatureMismatch { method: text(), ours: text(), theirs: text() },
            SystemError::Panicked { method: text(), message: Some(text()) },
            SystemError::Opaque { text: text() },
            SystemError::BadArguments { method: text(), why: text() },
            SystemError::WrongType { actor: text(), expected: text() },
            SystemError::BadLimits { why: text() },
            SystemError::UnknownConstructor {
                constructor: text(),
                node: actor_core::NodeId::from_bits(1),
                why: text(),
            },
        ] {
            let bytes = encode(&error);
            assert!(bytes.len() <= ERROR_LENGTH_MAX, "{}", bytes.len());
            let decoded = decode(&bytes).unwrap();
            assert_eq!(std::mem::discriminant(&decoded), std::mem::discriminant(&error));
            assert_eq!(decoded.outcome(), error.outcome());
        }
    }

    #[test]
    fn an_error_that_fits_is_not_clipped() {
        let error = SystemError::Opaque { text: "e".repeat(ERROR_LENGTH_MAX - 3).into() };
        let bytes = encode(&error);
        assert_eq!((bytes.len(), decode(&bytes)), (ERROR_LENGTH_MAX, Some(error)));
    }

    #[test]
    fn bytes_that_are_no_error_are_refused() {
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&[0xff; 20]), None);
        let mut trailing = encode(&SystemError::ShuttingDown);
        trailing.push(0);
        assert_eq!(decode(&trailing), None);
    }

    /// `docs/protocol.md`, section 8.
    #[test]
    fn the_codes_of_system_errors_stay_what_they_are() {
        let network = actor_core::NetworkError::new(actor_core::NodeId::from_bits(1), "reset");
        for (error, code) in [
            (SystemError::UnknownActor { actor: "".into() }, 0),
            (SystemError::ShuttingDown, 6),
            (SystemError::MessageTooLarge { length: 1, limit: 0 }, 9),
            (SystemError::BadAddress { address: "".into(), why: "".into() }, 17),
            (SystemError::Network(network), 21),
            (SystemError::Opaque { text: "".into() }, 25),
            (SystemError::Cancelled, 26),
            (
                SystemError::UnknownConstructor {
                    constructor: "".into(),
                    node: actor_core::NodeId::from_bits(1),
                    why: "".into(),
                },
                27,
            ),
            (SystemError::StartFailed { why: "".into() }, 28),
        ] {
            assert_eq!(encode(&error).first(), Some(&code), "{error:?}");
        }
    }
}
