//! Writes the seeds of the corpora, from which the fuzzers start.
//!
//!     cargo run --example seeds        (in fuzz/)
//!
//! The files are committed; run this again when the wire format changes. Other files of the corpora stay as they are.

use std::{collections::BTreeMap, error::Error, fs, path::Path, time::Duration};

use actor_core::{Codec, EncodeBuffer, NodeId, Outcome, Postcard, SystemError, Terminated};
use actor_transport::{
    Limits,
    protocol::{CallId, ChunkOf, Frame, Handshake, HelloConfig, REALM_LENGTH, Reject, Request},
};
use bytes::{Bytes, BytesMut};
use serde::{Serialize, de::DeserializeOwned};

/// Magic, length and checksum of a greeting.
const PREFIX_LENGTH: usize = 10;

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn main() -> Result<(), Box<dyn Error>> {
    for (target, seeds) in [
        ("cluster", actor_cluster::__fuzz::seeds()),
        ("decode", values()?),
        ("frame", frames()?),
        ("hello", hellos()),
        ("pair", pairs()),
        ("session", sessions()?),
        ("value", others()?),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in seeds {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// Values in the encoding of arguments and results.
fn values() -> Result<Seeds, Box<dyn Error>> {
    // Laid out like the types in `src/decode.rs`.
    let everything = (
        (1_u8, 300_u16, 70_000_u32, 1_u64 << 40, 1_u128 << 90, 9_usize),
        (-1_i8, -300_i16, -70_000_i32, -9_i64, -1_i128, 0_isize),
        (1.5_f32, -0.0_f64),
        true,
        Some('ä'),
        Duration::from_millis(1500),
        (),
        [1_u16, 2, 3],
        "text".to_owned(),
        vec![0_u8, 0],
    );
    let texts = vec![vec![vec!["a".to_owned(), "ä".to_owned()], vec![]]];
    let map = BTreeMap::from([("k".to_owned(), BTreeMap::from([(1_u8, Some(Bytes::from_static(b"bytes")))]))]);
    Ok(vec![
        ("everything", encode(&everything)?),
        ("texts", encode(&texts)?),
        ("map", encode(&map)?),
        ("result", encode(&Err::<u64, _>("no".to_owned()))?),
        ("bytes", encode(&(Bytes::from_static(b"0123456789"), "text".to_owned(), 'ä'))?),
        ("nested", vec![1; 200]),
        ("length_of_2_to_64", [&[0xff; 9][..], &[1]].concat()),
    ])
}

/// The body of each kind of frame.
fn frames() -> Result<Seeds, Box<dyn Error>> {
    let id = CallId { slot: 1, generation: 2 };
    let request =
        Request { instance: 7, method: 0, remaining_ms: 1000, trace: None, chain: &[], total: None, payload: b"args" };
    let error = encode(&SystemError::Deadline { after: Duration::from_secs(1), outcome: Outcome::Unknown })?;
    let frames = [
        ("define_method", define()),
        ("call", Frame::Call { id, request }),
        ("call_with_all", Frame::Call { id, request: Request { trace: Some([1; 25]), chain: b"chain", ..request } }),
        ("call_in_chunks", Frame::Call { id, request: Request { total: Some(40_000), ..request } }),
        ("cast", Frame::Cast { slot: 0, request }),
        ("chunk", Frame::Chunk { of: ChunkOf::Call(id), payload: b"more" }),
        ("reply", Frame::Reply { id, thrown: false, total: None, payload: b"value" }),
        ("throw", Frame::Reply { id, thrown: true, total: Some(9000), payload: b"error" }),
        ("error", Frame::Error { id, error: &error }),
        ("cancel", Frame::Cancel { id }),
        ("ping", Frame::Ping),
        ("pong", Frame::Pong),
        ("credit", Frame::Credit { requests: 5, replies: 300, casts: 1 }),
        ("arrived", Frame::Arrived { stream: 1, bytes: 32_768 }),
        ("behind", Frame::Behind { bytes: 32_768 }),
        ("goodbye", Frame::Goodbye { code: 0, text: "done" }),
        ("introduce", Frame::Introduce { node: NodeId::from_bits(3), addresses: vec!["tcp://127.0.0.1:1"] }),
        ("watch", Frame::Watch { instance: 7 }),
        ("unwatch", Frame::Unwatch { instance: 7 }),
        ("terminated", Frame::Terminated { instance: 7, how: Terminated::Stopped }),
        ("system", Frame::System(b"payload")),
    ];
    Ok(frames.into_iter().map(|(name, frame)| (name, body(&frame))).collect())
}

/// What a dialer and an acceptor say first. The first byte says whether length and checksum are there (even) or are put
/// before the rest (odd), and where it is cut.
fn hellos() -> Seeds {
    let mut config = HelloConfig::new(NodeId::from_bits(1), Limits::default());
    config.name = "a".into();
    config.addresses = vec!["tcp://127.0.0.1:5301".into()];
    config.realm = Some([7; REALM_LENGTH]);
    let hello = Handshake::dial(config.clone()).transmit().unwrap_or_default();
    let answer = |decide: fn(&mut Handshake)| {
        let mut acceptor = Handshake::listen(HelloConfig { node: NodeId::from_bits(2), ..config.clone() });
        let _ = acceptor.receive(&mut BytesMut::from(&hello[..]));
        decide(&mut acceptor);
        acceptor.transmit().unwrap_or_default()
    };
    let whole = |greeting: &[u8]| [&[100], greeting].concat();
    let body = |greeting: &[u8]| [&[101], greeting.get(PREFIX_LENGTH..).unwrap_or_default()].concat();
    let accept = answer(|acceptor| drop(acceptor.accept()));
    let reject = answer(|acceptor| acceptor.reject(&Reject::ShuttingDown));
    vec![
        ("dialer", whole(&hello)),
        ("dialer_body", body(&hello)),
        ("acceptor", whole(&accept)),
        ("acceptor_body", body(&accept)),
        ("reject_body", body(&reject)),
        ("http", whole(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
    ]
}

/// Steps as `src/session.rs` has them.
fn sessions() -> Result<Seeds, Box<dyn Error>> {
    let receive = |frame: &Frame<'_>| {
        let body = body(frame);
        [&[1, u8::try_from(body.len()).unwrap_or(u8::MAX)], &body[..]].concat()
    };
    let (call, reply, time, transmit) = ([3, 1], [6, 1], [8, 255], [9, 255]);
    let id = CallId { slot: 0, generation: 0 };
    let request =
        Request { instance: 7, method: 0, remaining_ms: 1000, trace: None, chain: &[], total: None, payload: b"args" };
    let define = receive(&define());
    let called = receive(&Frame::Call { id, request });
    let begun = receive(&Frame::Call { id, request: Request { total: Some(8), ..request } });
    let more = receive(&Frame::Chunk { of: ChunkOf::Call(id), payload: b"more" });
    let cast = receive(&Frame::Cast { slot: 0, request });
    let answered = receive(&Frame::Reply { id, thrown: false, total: None, payload: b"value" });
    Ok(vec![
        ("serves_a_call", [&define[..], &called, &reply, &transmit].concat()),
        ("serves_a_call_in_chunks", [&define[..], &begun, &more, &reply, &transmit].concat()),
        ("serves_a_cast", [&define[..], &cast, &[7, 0], &transmit].concat()),
        ("calls", [&call[..], &transmit, &answered, &[5, 0]].concat()),
        ("calls_and_cancels", [&call[..], &transmit, &[4, 0], &transmit].concat()),
        ("calls_in_silence", [&call[..], &transmit, &time, &time].concat()),
        (
            "rare_frames",
            frames()?.iter().skip(9).flat_map(|(_, body)| [&[1, body.len() as u8], &body[..]].concat()).collect(),
        ),
    ])
}

/// Steps as `src/pair.rs` has them, behind a byte for the limits.
fn pairs() -> Seeds {
    const SECOND: u8 = 128;
    let (call, large, cast) = ([0, 4], [0, 251], [3, 7]);
    let (send, deliver, answer) = ([10, 255], [12 | SECOND, 255], [7 | SECOND, 2]);
    let (back, heard, take) = ([10 | SECOND, 255], [12, 255], [6, 0]);
    vec![
        ("a_call", [&[0][..], &call, &send, &deliver, &answer, &back, &heard, &take].concat()),
        ("large_ones", [&[5][..], &large, &large, &call, &cast, &send, &deliver, &answer, &back, &heard].concat()),
        (
            "over_streams",
            [&[128 | 5][..], &large, &large, &cast, &send, &[12 | SECOND | 32, 255], &deliver, &heard].concat(),
        ),
        ("cancelled", [&[16][..], &large, &call, &send, &[4, 0], &[4, 0], &send, &deliver, &back, &heard].concat()),
        ("late", [&[42][..], &[0, 3], &send, &[13, 50], &deliver, &answer, &back, &[13, 250], &heard].concat()),
        ("watches", [&[0][..], &[14, 1], &send, &deliver, &[15 | SECOND, 1], &[14, 17], &back, &heard].concat()),
        ("both_ways", [&[63][..], &call, &[SECOND, 9], &[3 | SECOND, 21], &send, &back, &deliver, &heard].concat()),
    ]
}

/// One of each kind in `src/value.rs`, which the first byte names.
fn others() -> Result<Seeds, Box<dyn Error>> {
    let of_kind = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let deadlock = SystemError::Deadlock { chain: vec!["a".to_owned(), "b".to_owned()] };
    let opaque = SystemError::Opaque { text: "why".into() };
    let links = vec![(1_u64, "actor".to_owned(), "method".to_owned()); 2];
    let actor = |node: u128, instance: u64| [&node.to_be_bytes()[..], &encode(&instance).unwrap_or_default()].concat();
    let list = [&[1, 1][..], &actor(0, 1), &[1, 2], b"no", &[1, 9], &actor(5, 2)].concat();
    Ok(vec![
        ("deadlock", of_kind(0, &encode(&deadlock)?)),
        ("opaque", of_kind(0, &encode(&opaque)?)),
        ("chain", of_kind(1, &encode(&links)?)),
        ("trace", of_kind(2, &[1; 25])),
        ("own_reference", of_kind(3, &actor(0, 1))),
        ("reference", of_kind(3, &actor(9, 300))),
        ("references", of_kind(4, &list)),
        ("address", of_kind(5, b"tcp://127.0.0.1:5301")),
        ("actor", of_kind(5, b"0000000000000000000000000000feed.42")),
        ("traceparent", of_kind(5, b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")),
    ])
}

fn define() -> Frame<'static> {
    Frame::DefineMethod { index: 0, hash: 1, name: "crate::Greeter::hello", signature: "(String) -> String" }
}

fn body(frame: &Frame<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    frame.encode(&mut body);
    body
}

fn encode<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = EncodeBuffer::new();
    Postcard::encode(value, &mut out)?;
    Ok(out.into_bytes().to_vec())
}
