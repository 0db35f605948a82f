//! The wire format is that of the postcard crate, in both directions.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    net::IpAddr,
};

use proptest::prelude::*;

use super::{zoo::zoo, *};

#[track_caller]
fn assert_same<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(value: T) {
    let ours = encode(&value);
    let theirs = ::postcard::to_allocvec(&value).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(decode::<T>(theirs).unwrap(), value);
    assert_eq!(::postcard::from_bytes::<T>(&ours).unwrap(), value);
}

/// R38
#[test]
fn integers_of_every_width_are_written_and_read_as_postcard_does_at_their_edges() {
    macro_rules! edges {
        ($($integer:ident)*) => {$(
            for shift in 0..$integer::BITS {
                let power = (1 as $integer) << shift;
                assert_same(power);
                assert_same(power.wrapping_sub(1));
                assert_same((0 as $integer).wrapping_sub(power));
            }
            assert_same($integer::MIN);
            assert_same($integer::MAX);
        )*};
    }
    edges!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
}

/// R38
#[test]
fn what_the_standard_library_derives_is_written_and_read_as_postcard_does() {
    assert_same(IpAddr::from([127, 0, 0, 1]));
    assert_same(IpAddr::from([7; 16]));
    assert_same(std::path::PathBuf::from("/a/b"));
    assert_same(0..9_u32);
    assert_same(std::ops::Bound::Included(-4_i64));
    assert_same(std::time::SystemTime::UNIX_EPOCH);
    assert_same([Some('ß'), None, Some('🦀')]);
    assert_same(vec![(); 70]);
    assert_same(((), ((),), [(); 4]));
    assert_same(std::collections::BTreeMap::from([((), ())]));
    assert_same(f64::NEG_INFINITY);
}

proptest! {
    /// R38
    #[test]
    fn every_shape_is_written_and_read_as_postcard_does(value in zoo()) {
        assert_same(value);
    }

    /// R38
    #[test]
    fn hash_maps_and_sets_are_written_and_read_as_postcard_does(
        map: HashMap<u16, Option<bool>>, set: HashSet<String>,
    ) {
        assert_same((map, set));
    }

    /// R38
    #[test]
    fn several_values_follow_one_another_and_the_rest_stays_in_the_input(
        first in zoo(), second: u64, third: String, rest: Vec<u8>,
    ) {
        let mut out = EncodeBuffer::new();
        Postcard::encode(&first, &mut out).unwrap();
        Postcard::encode(&second, &mut out).unwrap();
        Postcard::encode(&third, &mut out).unwrap();
        out.put_slice(&rest);
        let mut input = out.into_bytes();
        let limits = DecodeLimits::default();
        prop_assert_eq!(decode_front::<super::zoo::Zoo>(&mut input, &limits).unwrap(), first);
        prop_assert_eq!(decode_front::<u64>(&mut input, &limits).unwrap(), second);
        prop_assert_eq!(decode_front::<String>(&mut input, &limits).unwrap(), third);
        prop_assert_eq!(input, rest);
    }
}

/// R38
#[test]
fn a_refused_value_stays_in_the_input() {
    let mut input = Bytes::from_static(&[3, b'a', b'b']);
    decode_front::<String>(&mut input, &DecodeLimits::default()).unwrap_err();
    decode_front::<Bytes>(&mut input, &DecodeLimits::default()).unwrap_err();
    assert_eq!(input, [3, b'a', b'b'].as_slice());
}

/// R38
#[test]
fn what_cannot_be_written_is_an_error_that_says_so() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Flat {
        #[serde(flatten)]
        inner: std::collections::BTreeMap<String, u8>,
    }
    let error = Postcard::encode(&Flat { inner: Default::default() }, &mut EncodeBuffer::new()).unwrap_err();
    assert!(error.to_string().contains("flattened struct"), "{error}");
}
