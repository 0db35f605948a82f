//! The hash of a mangled name: the key that calls are dispatched by.

/// FNV-1a, 64 bits: computed at compile time, the same on every machine.
pub(crate) const fn hash_name(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R10
    #[test]
    fn the_hash_of_a_name_never_changes() {
        assert_eq!(hash_name(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash_name("foobar"), 0x8594_4171_f739_67e8);
    }
}
