//! One type with every shape that serde knows, and a way to make values of it.

use std::{collections::BTreeMap, time::Duration};

use ::bytes::Bytes;
use proptest::{collection, option, prelude::*};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Zoo {
    unsigned: (u8, u16, u32, u64, u128, usize),
    signed: (i8, i16, i32, i64, i128, isize),
    floats: (Bits, f32),
    texts: (char, String, Option<Box<str>>),
    bytes: (Bytes, Vec<u8>, [u8; 5]),
    nothing: (Unit, ()),
    shapes: Vec<Shape>,
    by_name: BTreeMap<String, Shape>,
    by_number: BTreeMap<i32, Option<bool>>,
    outcome: Result<Duration, Identifier>,
}

/// A float that equals itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Bits(f64);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Identifier(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Shape {
    Point,
    Named(String),
    Segment(i16, Option<u32>),
    Circle { radius: u64, holes: Vec<Shape>, label: Option<char> },
    Boxed(Box<Shape>),
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Point),
        ".{0,8}".prop_map(Shape::Named),
        any::<(i16, Option<u32>)>().prop_map(|(from, to)| Shape::Segment(from, to)),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            (any::<u64>(), collection::vec(inner.clone(), 0..4), any::<Option<char>>())
                .prop_map(|(radius, holes, label)| Shape::Circle { radius, holes, label }),
            inner.prop_map(|shape| Shape::Boxed(Box::new(shape))),
        ]
    })
}

pub(super) fn zoo() -> impl Strategy<Value = Zoo> {
    let texts = (any::<char>(), ".{0,20}", option::of(".{0,5}".prop_map(String::into_boxed_str)));
    let bytes = (collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from), any::<Vec<u8>>(), any::<[u8; 5]>());
    let outcome = prop_oneof![
        any::<(u64, u32)>().prop_map(|(seconds, part)| Ok(Duration::new(seconds, part % 1_000_000_000))),
        any::<u64>().prop_map(|number| Err(Identifier(number))),
    ];
    let lists = (
        collection::vec(shape(), 0..4),
        collection::btree_map(".{0,6}", shape(), 0..4),
        collection::btree_map(any::<i32>(), any::<Option<bool>>(), 0..4),
    );
    let numbers =
        (any::<(u8, u16, u32, u64, u128, usize)>(), any::<(i8, i16, i32, i64, i128, isize)>(), any::<(u64, f32)>());
    (numbers, texts, bytes, lists, outcome).prop_map(
        |((unsigned, signed, (bits, single)), texts, bytes, (shapes, by_name, by_number), outcome)| Zoo {
            unsigned,
            signed,
            floats: (Bits(f64::from_bits(bits)), single),
            texts,
            bytes,
            nothing: (Unit, ()),
            shapes,
            by_name,
            by_number,
            outcome,
        },
    )
}
