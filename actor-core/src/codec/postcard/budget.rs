//! What is left of the limits while one value is decoded.

use super::{DecodeLimits, fault::Fault};

/// The largest element that is surely preallocated within the budget, in bytes. A smaller figure makes lists of small
/// elements grow less often, a larger one tightens the bound.
const PREALLOCATED_ELEMENT: usize = 256;

/// Depth and heap that a value may still take.
pub(super) struct Budget {
    depth_left: u32,
    heap_left: usize,
    /// Bytes that are already paid for around the value that is read next: what is left of the element, struct or enum
    /// that holds it. A value larger than that must be boxed, which serde does not tell; so it is charged.
    inline_left: usize,
}

/// What to put back when a nested value has been read.
#[must_use]
pub(super) struct Outer {
    depth_left: u32,
    inline_left: usize,
}

impl Budget {
    /// The budget of a value of `size` bytes, in a message of `message_length` bytes.
    #[inline]
    pub(super) fn new(limits: &DecodeLimits, message_length: usize, size: usize) -> Self {
        Self { depth_left: limits.depth_max, heap_left: limits.heap_bytes(message_length), inline_left: size }
    }

    /// Goes one level deeper, into a value of `size` bytes.
    #[inline]
    pub(super) fn enter(&mut self, size: usize) -> Result<Outer, Fault> {
        let depth_left = self.depth_left;
        let Some(depth_inside) = depth_left.checked_sub(1) else {
            return Err(Fault::TooDeep);
        };
        let inline_left = match self.inline_left.checked_sub(size) {
            Some(left) => left,
            None => {
                self.charge(size)?;
                self.inline_left
            }
        };
        self.depth_left = depth_inside;
        self.inline_left = size;
        Ok(Outer { depth_left, inline_left })
    }

    /// Comes back from the level that `outer` was given for.
    #[inline]
    pub(super) fn leave(&mut self, outer: Outer) {
        self.depth_left = outer.depth_left;
        self.inline_left = outer.inline_left;
    }

    /// Takes `bytes` of heap.
    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.heap_left.checked_sub(bytes) {
            Some(left) => {
                self.heap_left = left;
                Ok(())
            }
            None => Err(Fault::TooMuchHeap { left: self.heap_left }),
        }
    }

    /// Takes the heap of `count` elements of `size` bytes each.
    #[inline]
    pub(super) fn charge_elements(&mut self, count: usize, size: usize) -> Result<(), Fault> {
        match count.checked_mul(size) {
            Some(bytes) => self.charge(bytes),
            None => Err(Fault::TooMuchHeap { left: self.heap_left }),
        }
    }

    /// The next value is an element of `size` bytes that is paid for.
    #[inline]
    pub(super) fn begin_element(&mut self, size: usize) {
        self.inline_left = size;
    }

    /// How many elements may be preallocated, before their size is known. Where elements are so large that these exceed
    /// the budget, the first of them is refused; and serde itself preallocates no more than 1 MiB.
    #[inline]
    pub(super) fn preallocated_max(&self) -> usize {
        self.heap_left / PREALLOCATED_ELEMENT
    }
}
