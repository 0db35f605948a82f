//! Messages that arrive in chunks.

use bytes::Bytes;

use super::close::CloseReason;

/// A message of which chunks are still to come. Takes memory for what has arrived, not for what was announced.
#[derive(Debug)]
pub(crate) struct Assembly {
    /// None if nobody waits for the message any more.
    buffer: Option<Vec<u8>>,
    received: u64,
    total: u64,
    chunk: u64,
}

impl Assembly {
    /// Begins with the first chunk of a message of `total` bytes.
    pub(crate) fn begin(total: u64, first: &[u8], chunk: u32) -> Result<Self, CloseReason> {
        let chunk = u64::from(chunk);
        if total <= chunk {
            // One frame would have done.
            return Err(CloseReason::ChunkLength { length: total, expected: chunk });
        }
        let mut assembly = Self { buffer: Some(Vec::new()), received: 0, total, chunk };
        assembly.push(first)?;
        Ok(assembly)
    }

    /// Appends the next chunk; returns whether it was the last.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<bool, CloseReason> {
        let length = chunk.len() as u64;
        let expected = self.total.saturating_sub(self.received).min(self.chunk);
        if length != expected {
            return Err(CloseReason::ChunkLength { length, expected });
        }
        self.received = self.received.saturating_add(length);
        if let Some(buffer) = &mut self.buffer {
            if buffer.capacity().saturating_sub(buffer.len()) < chunk.len() {
                // Growing fourfold copies a third of the message at most; never beyond the total, so that the last
                // buffer fits exactly.
                let capacity = self.received.max(buffer.len().saturating_mul(4) as u64).min(self.total);
                let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
                buffer.reserve_exact(capacity.saturating_sub(buffer.len()));
            }
            buffer.extend_from_slice(chunk);
        }
        Ok(self.received == self.total)
    }

    /// From now on chunks are counted and dropped.
    pub(crate) fn discard(&mut self) {
        self.buffer = None;
    }

    /// The message, if somebody waits for it.
    pub(crate) fn finish(self) -> Option<Bytes> {
        self.buffer.map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R39
    #[test]
    fn an_announced_mebibyte_takes_no_more_than_what_arrived() {
        let mut assembly = Assembly::begin(1 << 20, &[1; 1024], 1024).unwrap();
        assert_eq!(assembly.buffer.as_ref().unwrap().capacity(), 1024);
        assert_eq!(assembly.push(&[2; 1024]), Ok(false));
        assert!(assembly.buffer.as_ref().unwrap().capacity() <= 4096);
    }

    #[test]
    fn a_buffer_grows_fourfold_when_it_is_full_and_ends_as_long_as_the_message() {
        let total = 50 * 1024 + 1;
        let mut assembly = Assembly::begin(total, &[1; 1024], 1024).unwrap();
        let mut capacities = vec![1024];
        for left in (1..50).rev() {
            assert_eq!(assembly.push(&[2; 1024]), Ok(false), "{left}");
            capacities.push(assembly.buffer.as_ref().unwrap().capacity());
        }
        assert_eq!(assembly.push(&[3]), Ok(true));
        capacities.push(assembly.buffer.as_ref().unwrap().capacity());
        capacities.dedup();
        assert_eq!(capacities, [1024, 4 * 1024, 16 * 1024, total as usize]);
    }

    #[test]
    fn what_nobody_waits_for_is_counted_and_not_kept() {
        let mut assembly = Assembly::begin(2 * 1024 + 1, &[1; 1024], 1024).unwrap();
        assembly.discard();
        assert_eq!(assembly.push(&[2; 1024]), Ok(false));
        assert!(assembly.push(&[3; 2]).is_err());
        assert_eq!(assembly.push(&[3]), Ok(true));
        assert_eq!(assembly.finish(), None);
    }

    #[test]
    fn a_chunk_of_another_length_than_is_due_is_refused() {
        assert!(Assembly::begin(1024, &[0; 1024], 1024).is_err());
        assert!(Assembly::begin(4096, &[0; 10], 1024).is_err());
        let mut assembly = Assembly::begin(1030, &[0; 1024], 1024).unwrap();
        for length in [0, 1, 7, 1024] {
            let wrong = Err(CloseReason::ChunkLength { length: length as u64, expected: 6 });
            assert_eq!(assembly.push(&vec![0; length]), wrong);
        }
        assert_eq!(assembly.push(&[0; 6]), Ok(true));
        assert_eq!(assembly.finish().unwrap().len(), 1030);
    }
}
