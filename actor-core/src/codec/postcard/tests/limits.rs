//! One attack, one test.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, de::IgnoredAny};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    next: Option<Box<Link>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Branch(Box<Tree>),
    Named { inner: Box<Tree> },
}

#[derive(Debug, Serialize, Deserialize)]
struct Map(BTreeMap<u8, Map>);

/// Takes no bytes and never ends.
#[derive(Debug, Serialize, Deserialize)]
struct Endless(Box<Endless>);

const DEPTH: usize = 100_000;

fn limits(depth_max: u32) -> DecodeLimits {
    DecodeLimits { depth_max, ..DecodeLimits::default() }
}

/// R100
#[test]
fn a_list_nested_100_000_deep_is_refused() {
    let said = refusal::<Nested>([vec![1; DEPTH], vec![0]].concat());
    assert_eq!(said, "at byte 64: the value is nested too deep");
}

/// R100
#[test]
fn a_linked_list_100_000_long_is_refused() {
    let said = refusal::<Link>([vec![1; DEPTH], vec![0]].concat());
    assert_eq!(said, "at byte 64: the value is nested too deep");
}

/// R100
#[test]
fn enums_maps_and_newtypes_100_000_deep_are_refused() {
    for variant in [1, 2] {
        assert!(refusal::<Tree>(vec![variant; DEPTH]).contains("nested too deep"));
    }
    assert!(refusal::<Map>([1, 9].repeat(DEPTH)).contains("nested too deep"));
    assert_eq!(refusal::<Endless>(vec![]), "at byte 0: the value is nested too deep");
}

/// R100
#[test]
fn the_depth_allowed_is_read_and_one_more_is_not() {
    let nested = |levels| [vec![1; levels - 1], vec![0]].concat();
    for depth in [2, 8, 128] {
        let levels = depth as usize / 2;
        decode_front::<Nested>(&mut nested(levels).into(), &limits(depth)).unwrap();
        decode_front::<Nested>(&mut nested(levels + 1).into(), &limits(depth)).unwrap_err();
    }
    decode_front::<u64>(&mut varint(7).into(), &limits(0)).unwrap();
    decode_front::<(u64,)>(&mut varint(7).into(), &limits(0)).unwrap_err();
}

/// R100
#[test]
fn siblings_do_not_add_to_the_depth() {
    let wide = vec![Some((1_u8, vec![2_u8])); 1000];
    decode_front::<Vec<Option<(u8, Vec<u8>)>>>(&mut encode(&wide), &limits(4)).unwrap();
}

/// R100
#[test]
fn a_length_of_2_to_the_64_minus_1_is_refused() {
    let message = [varint(u64::MAX), vec![0; 100]].concat();
    let too_long = "at byte 10: a length of 18446744073709551615 is announced where 100 bytes are left";
    assert_eq!(refusal::<String>(message.clone()), too_long);
    assert_eq!(refusal::<Bytes>(message.clone()), too_long);
    assert_eq!(refusal::<(Bytes,)>(message.clone()), too_long);
    assert_eq!(refusal::<char>(message.clone()), too_long);
    assert_eq!(refusal::<Vec<u8>>(message.clone()), too_long);
    for said in [
        refusal::<Vec<u64>>(message.clone()),
        refusal::<Vec<String>>(message.clone()),
        refusal::<HashMap<u8, u8>>(message.clone()),
        refusal::<HashSet<()>>(message.clone()),
        refusal::<BTreeMap<(), ()>>(message.clone()),
    ] {
        assert!(said.contains("more memory"), "{said}");
    }
}

/// R100
#[test]
fn a_length_beyond_the_bytes_left_is_refused_at_the_first_element() {
    let message = [varint(101), vec![0; 100]].concat();
    let said = "at byte 2: a length of 101 is announced where 100 bytes are left";
    assert_eq!(refusal::<Vec<i8>>(message.clone()), said);
    assert_eq!(refusal::<Vec<Option<u8>>>(message.clone()), said);
    assert_eq!(refusal::<BTreeMap<u8, ()>>(message), said);
}

/// R100
#[test]
fn a_vector_of_units_is_bounded() {
    assert!(refusal::<Vec<()>>(varint(u64::MAX)).contains("more memory"));
    assert!(refusal::<Vec<()>>(varint(100_000)).contains("more memory"));
    assert_eq!(decode::<Vec<()>>(varint(60_000)).unwrap().len(), 60_000);
}

/// R100
#[test]
fn elements_that_take_no_bytes_but_memory_are_bounded() {
    #[derive(Serialize, Deserialize)]
    struct Skipped {
        #[serde(skip)]
        cache: [u64; 4],
    }
    assert!(decode::<Vec<Skipped>>(varint(1000)).unwrap().iter().all(|skipped| skipped.cache == [0; 4]));
    assert!(refusal::<Vec<Skipped>>(varint(3000)).contains("more memory"));
}

/// R100
#[test]
fn absent_values_cannot_ask_for_264_times_the_message() {
    type Amplified = Vec<Option<[u64; 32]>>;
    let message = |count: u64| [varint(count), vec![0; count as usize]].concat();
    assert_eq!(decode::<Amplified>(message(200)).unwrap().len(), 200);
    assert!(refusal::<Amplified>(message(1000)).contains("more memory"));
    assert!(refusal::<Amplified>(message(1_000_000)).contains("more memory"));
}

/// R100
#[test]
fn boxed_values_that_lists_do_not_show_count_as_well() {
    #[derive(Serialize, Deserialize)]
    #[expect(clippy::large_enum_variant, reason = "that is the attack")]
    enum Large {
        Nothing,
        Something([u64; 32]),
    }
    let message = |count: u64| [varint(count), vec![0; count as usize]].concat();
    assert_eq!(decode::<Vec<Box<Large>>>(message(200)).unwrap().len(), 200);
    assert!(refusal::<Vec<Box<Large>>>(message(1000)).contains("more memory"));
    assert!(
        refusal::<Vec<(u8, Box<Option<[u64; 32]>>)>>([varint(1000), vec![0; 2000]].concat()).contains("more memory")
    );
}

/// R100
#[test]
fn many_empty_lists_count_as_what_they_take() {
    let message = [varint(1_000_000), vec![0; 1_000_000]].concat();
    assert_eq!(decode::<Vec<Vec<u8>>>(message.clone()).unwrap().len(), 1_000_000);
    let tight = DecodeLimits { heap_per_message_byte: 23, ..DecodeLimits::default() };
    decode_front::<Vec<Vec<u8>>>(&mut message.into(), &tight).unwrap_err();
}

/// R100
#[test]
fn values_inside_structs_and_lists_are_not_counted_twice() {
    type Element = (Option<[u64; 3]>, [(u64, u64); 4], Result<u64, u32>);
    let value: Vec<Element> = vec![(None, [(1, 2); 4], Ok(3)); 10_000];
    let exact = DecodeLimits { heap_base_bytes: 10_000 * size_of::<Element>(), heap_per_message_byte: 0, depth_max: 4 };
    assert_eq!(decode_front::<Vec<Element>>(&mut encode(&value), &exact).unwrap(), value);
    let less = DecodeLimits { heap_base_bytes: exact.heap_base_bytes - 1, ..exact };
    decode_front::<Vec<Element>>(&mut encode(&value), &less).unwrap_err();
}

/// R100
#[test]
fn nothing_is_preallocated_beyond_the_budget() {
    struct Hint<const KIND: char>(Option<usize>);
    impl<'de, const KIND: char> Deserialize<'de> for Hint<KIND> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor<const KIND: char>;
            impl<'de, const KIND: char> serde::de::Visitor<'de> for Visitor<KIND> {
                type Value = Hint<KIND>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("several values")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Hint<KIND>, A::Error> {
                    let hint = seq.size_hint();
                    while seq.next_element::<()>()?.is_some() {}
                    Ok(Hint(hint))
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Hint<KIND>, A::Error> {
                    let hint = map.size_hint();
                    while map.next_entry::<(), ()>()?.is_some() {}
                    Ok(Hint(hint))
                }
            }
            match KIND {
                'l' => deserializer.deserialize_seq(Visitor),
                'm' => deserializer.deserialize_map(Visitor),
                _ => deserializer.deserialize_tuple(5, Visitor),
            }
        }
    }
    fn hint<const KIND: char>(limits: &DecodeLimits, count: u64, body: usize) -> Option<usize> {
        let message = [varint(count), vec![0; body]].concat();
        decode_front::<Hint<KIND>>(&mut message.into(), limits).unwrap().0
    }
    let limits = DecodeLimits::default();
    let most = (64 * 1024 + 32 * 100_003) / 256;
    assert_eq!(hint::<'l'>(&limits, 5, 100), Some(5));
    assert_eq!(hint::<'l'>(&limits, 5, 4), Some(0));
    assert_eq!(hint::<'l'>(&limits, 100_000, 100_000), Some(most));
    assert_eq!(hint::<'m'>(&limits, 5, 100), Some(5));
    assert_eq!(hint::<'m'>(&limits, 5, 4), Some(0));
    assert_eq!(hint::<'m'>(&limits, 100_000, 100_000), Some(most));
    assert_eq!(hint::<'t'>(&limits, 0, 100), Some(5));
    let none = DecodeLimits { heap_base_bytes: 3 * 256, heap_per_message_byte: 0, depth_max: 4 };
    assert_eq!(hint::<'t'>(&none, 0, 100), Some(3));
}

/// R100
#[test]
fn bad_tags_integers_and_texts_are_refused_with_their_place() {
    assert_eq!(refusal::<(u8, bool)>([9, 2].as_slice()), "at byte 1: 2 is neither false (0) nor true (1)");
    assert_eq!(refusal::<Option<u8>>([7, 2].as_slice()), "at byte 0: 7 is neither absent (0) nor present (1)");
    assert_eq!(refusal::<String>([1, 0xff].as_slice()), "at byte 2: the string is not UTF-8");
    assert_eq!(refusal::<char>([2, b'a', b'b'].as_slice()), "at byte 3: these bytes are not one character");
    assert_eq!(refusal::<char>([0].as_slice()), "at byte 1: these bytes are not one character");
    assert_eq!(refusal::<u16>([0xff, 0xff, 4].as_slice()), "at byte 0: an integer does not fit its 16 bits");
    assert_eq!(refusal::<u32>([0xff; 9].as_slice()), "at byte 0: an integer does not fit its 32 bits");
    assert_eq!(refusal::<u64>([0x80; 11].as_slice()), "at byte 0: an integer does not fit its 64 bits");
    assert_eq!(refusal::<i128>([0xff; 19].as_slice()), "at byte 0: an integer does not fit its 128 bits");
    assert!(refusal::<Tree>([3].as_slice()).contains("invalid value: integer `3`"));
    assert!(refusal::<f64>([0; 7].as_slice()).contains("cut off"));
}

/// R100
#[test]
fn types_that_ask_what_comes_next_are_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u64),
        Text(String),
    }
    let said = "at byte 0: the type asks what comes next, which this encoding does not tell";
    assert_eq!(refusal::<Untagged>([0].as_slice()), said);
    let deserialize = |bytes| deserializer::deserialize::<IgnoredAny>(&mut Bytes::from_static(bytes), &limits(1));
    assert_eq!(deserialize(&[0]).unwrap_err().to_string(), said);
}

/// R100
#[test]
fn elements_that_a_type_leaves_unread_are_refused() {
    struct First(u8);
    impl<'de> Deserialize<'de> for First {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = First;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a list")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<First, A::Error> {
                    Ok(First(seq.next_element()?.unwrap_or(0)))
                }
            }
            deserializer.deserialize_seq(Visitor)
        }
    }
    assert_eq!(decode::<First>([1, 5].as_slice()).unwrap().0, 5);
    assert!(refusal::<First>([3, 5, 6, 7].as_slice()).contains("did not read 2 elements"));
}
