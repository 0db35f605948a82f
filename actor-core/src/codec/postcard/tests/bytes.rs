//! Byte strings that are a whole argument are not copied.

use super::*;

/// R38
#[test]
fn a_byte_string_is_a_slice_of_the_message_from_two_kibibytes_on() {
    for length in [2047, 2048, 3000] {
        let mut message = Bytes::from([varint(length as u64), vec![7; length], vec![1, 2]].concat());
        let body = message[2..].as_ptr();
        let bytes: Bytes = decode_front(&mut message, &DecodeLimits::default()).unwrap();
        assert_eq!((bytes.len(), bytes.as_ptr() == body), (length, length >= 2048));
        assert_eq!(message, [1, 2].as_slice());
    }
}

/// R68
#[test]
fn a_few_bytes_do_not_keep_all_that_was_read_with_them() {
    let mut message = Bytes::from([varint(3), vec![7; 3000]].concat());
    let bytes: Bytes = decode_front(&mut message, &DecodeLimits::default()).unwrap();
    assert_eq!(bytes, [7; 3].as_slice());
    assert!(message.is_unique());
}

/// R38
#[test]
fn a_vector_of_bytes_reads_and_writes_as_postcard_does() {
    let bytes = vec![9_u8; 300];
    let written = encode(&bytes);
    assert_eq!(written, ::postcard::to_allocvec(&bytes).unwrap());
    assert_eq!(decode::<Vec<u8>>(written).unwrap(), bytes);
}

/// R38
#[test]
fn a_long_byte_string_is_chained_into_the_message_and_reads_as_postcard_wrote_it() {
    let bytes = Bytes::from(vec![9; 5000]);
    let mut out = EncodeBuffer::new();
    Postcard::encode(&bytes, &mut out).unwrap();
    let segments = out.into_segments();
    assert_eq!(segments[0], varint(5000));
    assert_eq!(segments[1].as_ptr(), bytes.as_ptr());
    assert_eq!(segments.concat(), ::postcard::to_allocvec(&bytes).unwrap());
}

/// R38
#[test]
fn an_empty_byte_string_takes_one_byte_and_reads_back() {
    assert_eq!(encode(&Bytes::new()), [0].as_slice());
    assert_eq!(decode::<Bytes>([0].as_slice()).unwrap(), Bytes::new());
}

/// R100
#[test]
fn a_byte_string_that_is_cut_off_is_refused() {
    let said = refusal::<Bytes>([4, 1, 2, 3].as_slice());
    assert_eq!(said, "at byte 1: a length of 4 is announced where 3 bytes are left");
    assert_eq!(refusal::<Bytes>([0x80].as_slice()), "at byte 0: the value is cut off");
}
