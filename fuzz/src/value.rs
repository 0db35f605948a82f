//! What peers and users write besides frames and plain values: references, system errors, chains, ids and addresses.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
    sync::OnceLock,
    task::{Poll, Waker},
    time::Instant,
};

use actor_core::{
    ActorId, ActorRef, ActorSystem, CallScope, ChainLink, Codec, DecodeContext, EncodeBuffer, InvocationEncoder,
    NodeId, Postcard, SystemError, TraceParent, distributed_actor,
};
use actor_transport::{
    Address, Limits, Node,
    protocol::{Frame, MethodKey, OutgoingCall, Reply, Session},
};
use bytes::{Bytes, BytesMut};
use tokio::runtime::Runtime;

use crate::session::agreed;

/// The first byte chooses what the rest is taken for.
///
/// # Panics
/// When something is read from it that is not the same after it was written and read again.
pub fn value(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 6 {
        0 => system_error(rest),
        1 => chain(rest),
        2 => trace(rest),
        3 => reference(rest),
        4 => references(rest),
        _ => text(rest),
    }
}

struct Probe;

#[distributed_actor(crate = actor_core, system = Node)]
impl Probe {
    #[distributed]
    fn nothing(&mut self) {}
}

struct World {
    _runtime: Runtime,
    node: Node,
    context: DecodeContext,
    probe: ActorRef<Probe>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let node = runtime.block_on(Node::builder().start()).expect("a node that neither listens nor dials");
        let probe = runtime.block_on(async { node.spawn(Probe) });
        World { context: DecodeContext::new(node.clone()), _runtime: runtime, node, probe }
    })
}

/// An error arrives for a call, is told to the caller, and passed on as the answer to another one.
fn system_error(bytes: &[u8]) {
    let Ok(error) = fail_with(bytes) else { return };
    let mut callee = Callee::new();
    let again = fail_with(&callee.answer(error.clone())).expect("what a session writes can be read");
    assert_eq!(again, error);
    // Also where it is so long that it has to be clipped.
    if let SystemError::Opaque { text } = error {
        let long = SystemError::Opaque { text: text.repeat(1 + 20_000 / text.len().max(1)).into() };
        let clipped = fail_with(&Callee::new().answer(long.clone())).expect("it is clipped to what a frame carries");
        assert_eq!(clipped.outcome(), long.outcome());
        assert!(long.to_string().starts_with(&clipped.to_string()));
    }
}

/// What the caller of a session hears of an answer of these bytes.
fn fail_with(bytes: &[u8]) -> Result<SystemError, ()> {
    let now = Instant::now();
    let mut session = Session::new(Limits::default());
    session.attach(now, agreed(), false);
    let method = MethodKey { hash: 1, name: "method", signature: "" };
    let timeout = std::time::Duration::from_secs(1);
    let call = OutgoingCall { instance: 1, method, deadline: now + timeout, timeout, trace: None, chain: &[] };
    let key = session.call(now, &call, EncodeBuffer::new()).map_err(|_| ())?;
    let id = actor_transport::protocol::CallId { slot: 0, generation: 0 };
    session.receive(now, &mut framed(&Frame::Error { id, error: bytes })).map_err(|_| ())?;
    match session.poll_reply(key, Waker::noop()) {
        Poll::Ready(Err(error)) => Ok(error),
        other => panic!("the call was answered with an error, and hears {other:?}"),
    }
}

/// A session that has received one call.
struct Callee {
    now: Instant,
    session: Session,
}

impl Callee {
    fn new() -> Self {
        let now = Instant::now();
        let mut session = Session::new(Limits::default());
        session.attach(now, agreed(), false);
        Self { now, session }
    }

    /// The bytes of the error in the frame that the session answers.
    fn answer(&mut self, error: SystemError) -> Vec<u8> {
        use actor_transport::protocol::{CallId, Event, Request};
        let id = CallId { slot: 0, generation: 0 };
        let payload = &[];
        let request =
            Request { instance: 1, method: 0, remaining_ms: 1000, trace: None, chain: &[], total: None, payload };
        for frame in
            [Frame::DefineMethod { index: 0, hash: 1, name: "method", signature: "" }, Frame::Call { id, request }]
        {
            self.session.receive(self.now, &mut framed(&frame)).expect("a call that is no different from others");
        }
        let Some(Event::Call(key, _)) = self.session.poll_event() else { unreachable!("it has arrived") };
        self.session.reply(key, Reply::System(error));
        let mut out = Default::default();
        self.session.transmit(self.now, usize::MAX, &mut out);
        let bytes: Vec<u8> = out.into_iter().flatten().collect();
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (body, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            if let Ok(Frame::Error { error, .. }) = Frame::parse(body) {
                return error.to_vec();
            }
            rest = after;
        }
        unreachable!("a call is answered")
    }
}

fn framed(frame: &Frame<'_>) -> BytesMut {
    let mut body = Vec::new();
    frame.encode(&mut body);
    let mut bytes = BytesMut::from(&(body.len() as u32).to_le_bytes()[..]);
    bytes.extend_from_slice(&body);
    bytes
}

/// The chain that travels with a call, as long as it may be.
fn chain(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(8192)];
    let context = &world().context;
    let Ok(links): Result<Vec<ChainLink>, _> = Postcard::decode(&mut Bytes::copy_from_slice(bytes), context) else {
        return;
    };
    let scope = CallScope::from_links(links.clone(), Some(NodeId::from_bits(3)));
    assert_eq!(scope.is_none(), links.is_empty());
    assert_eq!(scope.map(|scope| scope.to_links()).unwrap_or_default(), links);
}

fn trace(bytes: &[u8]) {
    if let Some(trace) = bytes.first_chunk().and_then(TraceParent::from_bytes) {
        assert_eq!(trace.to_bytes()[..], bytes[..TraceParent::LENGTH]);
        assert_eq!(trace.to_string().parse(), Ok(trace));
        assert!(trace.child(0).span_id() != 0 && trace.child(5).trace_id() == trace.trace_id());
    }
}

/// A reference is its id, and decoding it never fails because nobody is there. An id of zeros stands for the node's
/// own, which the fuzzer cannot guess.
fn reference(bytes: &[u8]) {
    let world = world();
    let mut bytes = bytes.to_vec();
    if let Some(node) = bytes.first_chunk_mut::<16>()
        && *node == [0; 16]
    {
        *node = world.node.id().to_bits().to_be_bytes();
    }
    let Ok(reference) = decode::<ActorRef<Probe>>(&bytes) else { return };
    assert_eq!(reference.is_local(), reference.id() == world.probe.id());
    let again: ActorRef<Probe> = decode(&encode(&reference)).expect("what was written can be read");
    assert_eq!(again, reference);
    let id: ActorId = decode(&bytes).expect("a reference is an id");
    assert_eq!(id, *reference.id());
}

/// References within a value.
fn references(bytes: &[u8]) {
    type Value = (Vec<Option<ActorRef<Probe>>>, Result<ActorRef<Probe>, String>, Vec<(u8, ActorRef<Probe>)>);
    let Ok(value) = decode::<Value>(bytes) else { return };
    let written = encode(&value);
    let again: Value = decode(&written).expect("what was written can be read");
    assert_eq!(encode(&again), written);
    assert_eq!(again.0.len(), value.0.len());
}

fn decode<T: 'static>(bytes: &[u8]) -> Result<T, actor_core::CodecError>
where
    Postcard: Codec<T>,
{
    Postcard::decode(&mut Bytes::copy_from_slice(bytes), &world().context)
}

fn encode<T: 'static>(value: &T) -> Vec<u8>
where
    Postcard: Codec<T>,
{
    let mut out = EncodeBuffer::new();
    Postcard::encode(value, &mut out).expect("what was read can be written");
    // The node keeps account of what is referred to, until an invocation takes it.
    let mut invocation = world().node.make_invocation_encoder();
    invocation.record_argument(value).expect("what was read can be recorded");
    out.into_bytes().to_vec()
}

/// What people and configuration files write.
fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    printed_as_parsed::<Address>(text);
    printed_as_parsed::<ActorId>(text);
    printed_as_parsed::<NodeId>(text);
    printed_as_parsed::<TraceParent>(text);
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(format!("{}://{}", address.scheme(), address.rest()), text);
        assert!(text.len() <= 256);
    }
}

fn printed_as_parsed<T: FromStr + Display + Debug + PartialEq>(text: &str) {
    if let Ok(parsed) = text.parse::<T>() {
        let printed = parsed.to_string();
        assert!(printed.eq_ignore_ascii_case(text) || printed.len() < text.len(), "{text} is printed as {printed}");
        assert_eq!(printed.parse::<T>().ok(), Some(parsed));
    }
}
