//! Decodes the same bytes as many types, and checks what comes out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use actor_core::{Codec, DecodeContext, EncodeBuffer, Postcard};
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Decodes `data` as types of every shape.
///
/// # Panics
/// When a decoder takes more memory than `context` allows, or when what it read does not survive being written and
/// read again.
pub fn decode_any(data: &[u8], context: &DecodeContext) {
    decode::<Everything>(data, context);
    decode::<Vec<Shape>>(data, context);
    decode::<Vec<Box<Shape>>>(data, context);
    decode::<Nested>(data, context);
    decode::<Link>(data, context);
    decode::<Vec<Option<[u64; 32]>>>(data, context);
    decode::<Vec<Vec<Vec<String>>>>(data, context);
    decode::<Vec<()>>(data, context);
    decode::<BTreeMap<String, BTreeMap<u8, Option<Bytes>>>>(data, context);
    decode::<BTreeMap<(), ()>>(data, context);
    decode::<BTreeSet<i128>>(data, context);
    decode::<(Bytes, String, char)>(data, context);
    decode::<Result<u64, String>>(data, context);
    decode::<Bytes>(data, context);
    decode::<Vec<u8>>(data, context);
    decode::<String>(data, context);
    decode::<u128>(data, context);
}

fn decode<T: Serialize + DeserializeOwned + Heap + 'static>(data: &[u8], context: &DecodeContext) {
    let mut input = Bytes::copy_from_slice(data);
    let Ok(value): Result<T, _> = Postcard::decode(&mut input, context) else {
        assert_eq!(input, data, "a value that is refused stays in the input");
        return;
    };
    assert!(data.ends_with(&input), "what follows the value stays in the input");
    let limits = context.limits();
    let heap_max = limits.heap_base_bytes + limits.heap_per_message_byte * data.len();
    assert!(value.heap_bytes() <= heap_max, "{} bytes of {heap_max} allowed", value.heap_bytes());

    // Values are compared as bytes, because a float that is not a number does not equal itself. They may be shorter
    // than `data`, whose integers need not be in their shortest form, so that their message grants less memory.
    let mut limits = limits.clone();
    limits.heap_base_bytes = heap_max;
    let context = context.clone().with_limits(limits);
    let written = encode(&value);
    let mut input = written.clone();
    let again: T = Postcard::decode(&mut input, &context).expect("what was written can be read");
    assert!(input.is_empty(), "all that was written is read");
    assert_eq!(encode(&again), written, "what is read is what was written");
}

fn encode<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Bytes {
    let mut out = EncodeBuffer::new();
    Postcard::encode(value, &mut out).expect("what was read can be written");
    out.into_bytes()
}

#[derive(Serialize, Deserialize)]
struct Everything {
    unsigned: (u8, u16, u32, u64, u128, usize),
    signed: (i8, i16, i32, i64, i128, isize),
    floats: (f32, f64),
    truth: bool,
    letter: Option<char>,
    duration: Duration,
    unit: (),
    array: [u16; 3],
    text: String,
    shapes: Vec<Shape>,
}

#[derive(Serialize, Deserialize)]
enum Shape {
    Point,
    Named(String),
    Segment(i16, Option<u32>),
    Circle { radius: u64, holes: Vec<Shape> },
    Large([u64; 16]),
    Boxed(Box<Shape>),
}

#[derive(Serialize, Deserialize)]
struct Nested(Vec<Nested>);

#[derive(Serialize, Deserialize)]
struct Link {
    next: Option<Box<Link>>,
}

/// The memory that a value holds, besides itself and what its allocator and containers add.
trait Heap {
    fn heap_bytes(&self) -> usize;
}

macro_rules! no_heap {
    ($($plain:ty),*) => {$(
        impl Heap for $plain {
            fn heap_bytes(&self) -> usize {
                0
            }
        }
    )*};
}

no_heap!((), u8, u64, u128, i128, char, [u64; 32]);

impl Heap for String {
    fn heap_bytes(&self) -> usize {
        self.len()
    }
}

impl Heap for Bytes {
    fn heap_bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Heap> Heap for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, Heap::heap_bytes)
    }
}

impl<T: Heap, E: Heap> Heap for Result<T, E> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or_else(Heap::heap_bytes, Heap::heap_bytes)
    }
}

impl<A: Heap, B: Heap, C: Heap> Heap for (A, B, C) {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes() + self.1.heap_bytes() + self.2.heap_bytes()
    }
}

impl<T: Heap> Heap for Vec<T> {
    fn heap_bytes(&self) -> usize {
        self.len() * size_of::<T>() + self.iter().map(Heap::heap_bytes).sum::<usize>()
    }
}

impl<T: Heap> Heap for BTreeSet<T> {
    fn heap_bytes(&self) -> usize {
        self.len() * size_of::<T>() + self.iter().map(Heap::heap_bytes).sum::<usize>()
    }
}

impl<K: Heap, V: Heap> Heap for BTreeMap<K, V> {
    fn heap_bytes(&self) -> usize {
        let entries = self.iter().map(|(key, value)| key.heap_bytes() + value.heap_bytes()).sum::<usize>();
        self.len() * (size_of::<K>() + size_of::<V>()) + entries
    }
}

impl Heap for Everything {
    fn heap_bytes(&self) -> usize {
        self.text.heap_bytes() + self.shapes.heap_bytes()
    }
}

impl Heap for Shape {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Point | Self::Segment(..) | Self::Large(_) => 0,
            Self::Named(name) => name.heap_bytes(),
            Self::Circle { holes, .. } => holes.heap_bytes(),
            // A box in a value of its own size may not be counted, where nothing else fills that value.
            Self::Boxed(shape) => (**shape).heap_bytes(),
        }
    }
}

impl<T: Heap> Heap for Box<T> {
    fn heap_bytes(&self) -> usize {
        size_of::<T>() + (**self).heap_bytes()
    }
}

impl Heap for Nested {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

impl Heap for Link {
    /// A link is no larger than the pointer to it, so that its box is not counted; the depth bounds how many there are.
    fn heap_bytes(&self) -> usize {
        self.next.as_ref().map_or(0, |next| next.as_ref().heap_bytes())
    }
}
