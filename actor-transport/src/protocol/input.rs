//! Frames on their way in.

use super::close::CloseReason;

const LENGTH: usize = 4;
const CHECKSUM: usize = 4;

/// How frames are told apart in a stream of bytes (`docs/protocol.md`, section 2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framing {
    pub(crate) checksum: bool,
    /// Longest body, in bytes.
    pub(crate) length_max: u32,
}

impl Framing {
    /// How many bytes of `input` are whole frames, and what is wrong with the frame behind them.
    pub(crate) fn whole(self, input: &[u8]) -> (usize, Option<CloseReason>) {
        self.whole_until(input, |_| false)
    }

    /// The same up to the first whole frame with a body for which `stops` is true.
    pub(crate) fn whole_until(
        self,
        input: &[u8],
        mut stops: impl FnMut(&[u8]) -> bool,
    ) -> (usize, Option<CloseReason>) {
        let mut whole = 0_usize;
        loop {
            let rest = input.get(whole..).unwrap_or_default();
            let Some(length) = rest.first_chunk::<LENGTH>() else { return (whole, None) };
            let length = u32::from_le_bytes(*length);
            if length == 0 || length > self.length_max {
                return (whole, Some(CloseReason::FrameLength { length, limit: self.length_max }));
            }
            let total = self.prefix_length().saturating_add(length as usize);
            let Some(frame) = rest.get(..total) else { return (whole, None) };
            if frame.get(self.prefix_length()..).is_some_and(&mut stops) {
                return (whole, None);
            }
            whole = whole.saturating_add(total);
        }
    }

    /// Takes the body of the first frame from the front of `whole`; none if nothing is left.
    #[inline]
    pub(crate) fn next<'a>(self, whole: &mut &'a [u8]) -> Result<Option<&'a [u8]>, CloseReason> {
        let Some((length, rest)) = whole.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let (checksum, rest) = match rest.split_first_chunk::<CHECKSUM>() {
            Some((checksum, rest)) if self.checksum => (Some(u32::from_le_bytes(*checksum)), rest),
            _ => (None, rest),
        };
        let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(CloseReason::Truncated)?;
        *whole = rest;
        match checksum {
            Some(checksum) if crc32fast::hash(body) != checksum => Err(CloseReason::ChecksumMismatch),
            _ => Ok(Some(body)),
        }
    }

    fn prefix_length(self) -> usize {
        if self.checksum { LENGTH.saturating_add(CHECKSUM) } else { LENGTH }
    }
}
