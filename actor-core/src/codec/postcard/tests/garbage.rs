//! Whatever bytes arrive: no panic, and nothing that the postcard crate reads otherwise.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Debug,
    time::{Duration, SystemTime},
};

use proptest::{collection, prelude::*};

use super::{
    zoo::{Shape, Zoo, shape, zoo},
    *,
};

/// What is read is what the postcard crate reads, and as much of the input; what is written from it reads back.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(data: &[u8]) {
    let mut input = Bytes::copy_from_slice(data);
    let Ok(value) = decode_front::<T>(&mut input, &DecodeLimits::default()) else {
        return;
    };
    let written = encode(&value);
    let (theirs, rest) = ::postcard::take_from_bytes::<T>(data).unwrap();
    // Compared as bytes, because a float that is not a number does not equal itself.
    assert_eq!(written, encode(&theirs));
    assert_eq!(input, rest);
    assert_eq!(encode(&decode::<T>(written.clone()).unwrap()), written);
}

fn check_all(data: &[u8]) {
    check::<Zoo>(data);
    check::<Vec<Shape>>(data);
    check::<Result<Box<Shape>, (f32, f64)>>(data);
    check::<Vec<Option<(u64, i128, char)>>>(data);
    check::<BTreeMap<String, Vec<i16>>>(data);
    check::<BTreeMap<(), Vec<()>>>(data);
    check::<(String, Bytes, Duration)>(data);
    check::<Option<SystemTime>>(data);
    check::<std::net::SocketAddr>(data);
    check::<Bytes>(data);
    check::<Vec<u8>>(data);
    check::<(u128, i64, u16, bool)>(data);
}

proptest! {
    /// R100
    #[test]
    fn garbage_never_panics(data: Vec<u8>) {
        check_all(&data);
        // The order in which a set is written is not fixed, so that only its reading can be tried.
        let _ = decode::<HashSet<Vec<bool>>>(data);
    }

    /// Small bytes are valid tags and lengths more often.
    /// R100
    #[test]
    fn small_bytes_never_panic(data in collection::vec(0_u8..4, 0..64)) {
        check_all(&data);
    }

    /// R100
    #[test]
    fn a_message_with_one_byte_changed_never_panics(value in zoo(), at: prop::sample::Index, byte: u8) {
        let mut data = encode(&value).to_vec();
        *at.get_mut(&mut data[..]) = byte;
        check_all(&data);
    }

    /// R100
    #[test]
    fn a_value_cut_off_at_any_byte_is_refused(value in shape()) {
        let whole = encode(&vec![value]);
        for length in 0..whole.len() {
            prop_assert!(decode::<Vec<Shape>>(whole.slice(..length)).is_err());
        }
    }
}
