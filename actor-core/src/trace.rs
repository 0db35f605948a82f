//! The W3C trace context that travels with each call.

use std::{fmt, str::FromStr};

/// A W3C `traceparent`: the trace, the span that called, and the flags.
///
/// It travels with a call to the actor's node and to every call made in turn there, each with a span id of its own.
/// Set one at the root with [`Call::trace_parent`](crate::Call::trace_parent); printed and parsed in the header's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// Its length in bytes on the wire.
    pub const LENGTH: usize = 25;

    /// A trace context of these ids; `None` where one of them is zero, which W3C forbids.
    #[must_use]
    pub fn new(trace: u128, span: u64, flags: u8) -> Option<Self> {
        (trace != 0 && span != 0).then_some(Self { trace, span, flags })
    }

    /// The trace that all calls of one origin share.
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace
    }

    /// The span of the caller.
    #[must_use]
    pub fn span_id(&self) -> u64 {
        self.span
    }

    /// The flags; bit 0 says that the trace is sampled.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// The same trace with another span.
    #[must_use]
    pub fn child(&self, span: u64) -> Self {
        Self { span: span.max(1), ..*self }
    }

    /// The context in 25 bytes: trace, span, flags, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..16].copy_from_slice(&self.trace.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.span.to_be_bytes());
        bytes[24] = self.flags;
        bytes
    }

    /// The context of [`to_bytes`](Self::to_bytes); `None` where an id is zero.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (trace, rest) = bytes.split_first_chunk::<16>()?;
        let (span, flags) = rest.split_first_chunk::<8>()?;
        Self::new(u128::from_be_bytes(*trace), u64::from_be_bytes(*span), *flags.first()?)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = ParseTraceParentError;

    fn from_str(text: &str) -> Result<Self, ParseTraceParentError> {
        let digits = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let mut parts = text.split('-');
        let (Some("00"), Some(trace), Some(span), Some(flags), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseTraceParentError);
        };
        if !digits(trace, 32) || !digits(span, 16) || !digits(flags, 2) {
            return Err(ParseTraceParentError);
        }
        let wrong = |_| ParseTraceParentError;
        Self::new(
            u128::from_str_radix(trace, 16).map_err(wrong)?,
            u64::from_str_radix(span, 16).map_err(wrong)?,
            u8::from_str_radix(flags, 16).map_err(wrong)?,
        )
        .ok_or(ParseTraceParentError)
    }
}

/// A text that is not a `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent: expected `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, ids not zero")]
pub struct ParseTraceParentError;

#[cfg(test)]
mod tests {
    use super::*;

    /// R36
    #[test]
    fn a_trace_parent_is_parsed_from_what_it_prints() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent: TraceParent = text.parse().unwrap();
        assert_eq!(parent.to_string(), text);
        assert_eq!(TraceParent::from_bytes(&parent.to_bytes()), Some(parent));
        assert_eq!(parent.child(7).trace_id(), parent.trace_id());
        assert_ne!(parent.child(7).span_id(), parent.span_id());
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        for text in ["", "00-0-0-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "01-4bf9"] {
            assert_eq!(text.parse::<TraceParent>(), Err(ParseTraceParentError), "{text}");
        }
    }
}
