//! What bytes may make a decoder do.

/// The limits that a decoded value must keep. They hold for each argument and each result on its own.
///
/// What counts as heap is an estimate from below: `size_of` of each element of a list or map, the length of each string
/// and byte string, and `size_of` of values that must be boxed because they are larger than what holds them. What
/// allocators and containers add is not counted: spare capacity of a list can double it, and a map or set of one entry
/// takes room for 4 (`HashMap`) or 11 (`BTreeMap`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// Levels of nesting. Each list, map, struct, tuple, enum, option and newtype is a level, so that a linked list of
    /// `Option<Box<Node>>` takes two for each node. Default: 128.
    pub depth_max: u32,
    /// Bytes of heap that any value may take, however short its message. Default: 64 KiB.
    pub heap_base_bytes: usize,
    /// Bytes of heap that a value may take in addition for each byte of its message. Default: 32.
    pub heap_per_message_byte: usize,
}

impl DecodeLimits {
    /// Bytes of heap for a value in a message of this length.
    #[inline]
    pub(super) fn heap_bytes(&self, message_length: usize) -> usize {
        self.heap_base_bytes.saturating_add(self.heap_per_message_byte.saturating_mul(message_length))
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { depth_max: 128, heap_base_bytes: 64 * 1024, heap_per_message_byte: 32 }
    }
}
