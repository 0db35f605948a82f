//! What strangers and broken peers send to a node over TCP, and what becomes of it: each gets its own answer, and the
//! others do not notice.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod peer;
#[path = "../support/mod.rs"]
mod support;

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actor_transport::protocol::{Handshake, HelloConfig, Reject};
use distributed_actor::{
    ActorId, ActorRef, Codec, EncodeBuffer, Exit, ExitReason, Limits, LinkSignal, Node, NodeId, Postcard, SystemError,
    Terminated, distributed_actor,
};
use peer::{Peer, hello, refusal, rest};
use serde::{Deserialize, Serialize};
use support::Worker;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

/// Panics of the whole process: none of these tests has one on purpose.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A list of lists of lists.
#[derive(Serialize, Deserialize)]
struct Nested(Vec<Nested>);

struct Victim;

#[distributed_actor]
impl Victim {
    #[distributed]
    fn nested(&self, nested: Nested) -> usize {
        nested.0.len()
    }

    #[distributed]
    fn number(&self, number: u32) -> u32 {
        number + 1
    }

    #[distributed]
    fn units(&self, units: Vec<()>) -> usize {
        units.len()
    }

    #[distributed]
    fn text(&self, text: String) -> usize {
        text.len()
    }
}

/// A node under attack, and a client of it that calls all the time.
struct Scene {
    server: Node,
    victim: ActorRef<Victim>,
    witness: JoinHandle<()>,
    calls: Arc<AtomicUsize>,
}

impl Scene {
    async fn begin() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                PANICS.fetch_add(1, Ordering::SeqCst);
                before(info);
            }));
        });
        let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
        let victim = server.spawn(Victim);
        let worker = server.spawn(Worker::default());
        server.register("worker", &worker).unwrap();
        let client = Node::builder().start().await.unwrap();
        let remote: ActorRef<Worker> = client.lookup(server.address(), "worker").await.unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let made = calls.clone();
        let witness = tokio::spawn(async move {
            let _client = client;
            loop {
                assert_eq!(remote.halve(6).timeout(Duration::from_secs(2)).await.unwrap(), 3);
                made.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
        Self { server, victim, witness, calls }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.address().rest()).await.unwrap()
    }

    /// The other client's calls went on, and go on.
    async fn end(self) {
        let before = self.calls.load(Ordering::SeqCst);
        support::until(|| self.calls.load(Ordering::SeqCst) > before + 10 || self.witness.is_finished()).await;
        assert!(!self.witness.is_finished(), "{:?}", self.witness.await);
        assert_eq!(PANICS.load(Ordering::SeqCst), 0);
        self.witness.abort();
    }
}

/// R53 in part: what does not begin like the protocol is closed without an answer, at once.
#[tokio::test]
async fn a_stranger_on_the_port_is_closed_without_an_answer() {
    let scene = Scene::begin().await;
    let http = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".as_bytes().to_vec();
    let tls = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc][..], &[0; 300]].concat();
    let random: Vec<u8> = (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in [http, tls, random, vec![0; 1], vec![0xda, 0x43, 0x54, 0x32], vec![0xff; 100_000]] {
        let mut stream = scene.connect().await;
        let started = Instant::now();
        // It may be closed before all is written.
        let _ = stream.write_all(&bytes).await;
        assert_eq!(rest(&mut stream).await, []);
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    scene.end().await;
}

/// Who says nothing, or not all of it, is closed after the time for the handshake.
#[tokio::test]
async fn who_says_nothing_is_closed_after_the_time_for_the_handshake() {
    let mut limits = Limits::default();
    limits.handshake_time_max = Duration::from_millis(150);
    let scene = Scene::with(limits).await;
    let (_, hello) = hello(2);
    for said in [0, 1, 4, 9, 30, hello.len() - 1] {
        let mut stream = scene.connect().await;
        stream.write_all(&hello[..said]).await.unwrap();
        let started = Instant::now();
        assert_eq!(rest(&mut stream).await, []);
        let took = started.elapsed();
        assert!(took > Duration::from_millis(100) && took < Duration::from_secs(2), "{said}: {took:?}");
    }
    // Byte by byte does not buy more time.
    let mut stream = scene.connect().await;
    let started = Instant::now();
    for byte in &hello[..hello.len() - 1] {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(rest(&mut stream).await, []);
    assert!(started.elapsed() < Duration::from_secs(2));
    // Half a hello, and gone.
    let mut stream = scene.connect().await;
    stream.write_all(&hello[..20]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, []);
    scene.end().await;
}

/// More connections than may shake hands at once wait their turn, and the others are served meanwhile.
#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    let mut limits = Limits::default();
    limits.handshake_time_max = Duration::from_millis(150);
    limits.handshakes_pending_max = 4;
    limits.connections_per_address_max = 1000;
    let scene = Scene::with(limits).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(scene.connect().await);
    }
    let late = Node::builder().start().await.unwrap();
    let remote: ActorRef<Worker> = late.lookup(scene.server.address(), "worker").await.unwrap();
    assert_eq!(remote.halve(2).await.unwrap(), 1);
    for mut stream in silent {
        assert_eq!(rest(&mut stream).await, []);
    }
    scene.end().await;
}

/// R53: a bad hello is refused with the reason.
#[tokio::test]
async fn a_bad_hello_is_refused_with_the_reason() {
    let scene = Scene::begin().await;
    let (_, good) = hello(3);
    let mut too_long = good.clone();
    too_long[4..6].copy_from_slice(&[0xff, 0xff]);
    let mut flipped = good.clone();
    flipped[30] ^= 4;
    let mut early = good.clone();
    early.extend_from_slice(&[5, 0, 0, 0, 1, 2, 3]);
    for (bytes, expected) in [(too_long, "65545 bytes"), (flipped, "checksum"), (early, "before the handshake")] {
        let mut stream = scene.connect().await;
        stream.write_all(&bytes).await.unwrap();
        match refusal(&rest(&mut stream).await) {
            Reject::Malformed(why) => assert!(why.contains(expected), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let mut config = HelloConfig::new(NodeId::from_bits(4), Limits::default());
    config.expected = Some(NodeId::from_bits(5));
    let mut stream = scene.connect().await;
    stream.write_all(&Handshake::dial(config).transmit().unwrap()).await.unwrap();
    match refusal(&rest(&mut stream).await) {
        Reject::NodeReplaced { actual } => assert_eq!(actual, scene.server.id()),
        other => panic!("{other:?}"),
    }
    let mut stream = scene.connect().await;
    stream.write_all(&hello(scene.server.id().to_bits()).1).await.unwrap();
    assert_eq!(refusal(&rest(&mut stream).await), Reject::SelfConnection);
    scene.end().await;
}

/// R35: arguments that make no sense fail their call, and the session goes on.
#[tokio::test]
async fn arguments_that_make_no_sense_are_answered_and_the_session_goes_on() {
    let scene = Scene::begin().await;
    let mut peer = Peer::shake_hands(&scene, 10).await;
    let mut deep = vec![1; 100_000];
    deep.push(0);
    let endless = [&[0xff; 9][..], &[1]].concat();
    for (method, arguments) in [
        ("nested", deep),
        ("nested", endless.clone()),
        ("units", endless.clone()),
        ("text", endless.clone()),
        ("text", vec![2, 0xff, 0xfe]),
        ("number", endless),
        ("number", Vec::new()),
        ("number", vec![1, 2]),
        ("number", vec![0xff; 1000]),
        ("text", vec![0xff; 1_000_000]),
    ] {
        match peer.ask(&scene, method, &arguments).await {
            Err(SystemError::BadArguments { method: named, why }) => {
                assert!(named.ends_with(method) && !why.is_empty(), "{named}: {why}");
            }
            other => panic!("{method}: {other:?}"),
        }
        assert_eq!(peer.ask(&scene, "number", &[7]).await.unwrap(), [8][..]);
    }
    scene.end().await;
}

/// R83: nobody ends actors by speaking for those of others, or for one that is not linked.
#[tokio::test]
async fn links_are_said_by_the_node_of_the_actor_alone() {
    const LINK: &str = "distributed_actor::Node::link";
    let scene = Scene::begin().await;
    let mut peer = Peer::shake_hands(&scene, 10).await;
    let encoded = |from: ActorId, signal: LinkSignal| {
        let mut body = EncodeBuffer::new();
        Postcard::encode(&(scene.victim.id().instance(), from, signal), &mut body).unwrap();
        body.into_bytes()
    };
    let (own, foreign) = (ActorId::new(NodeId::from_bits(10), 1), ActorId::new(NodeId::from_bits(11), 1));
    let ended = |text: &str| LinkSignal::Ended(ExitReason::new(Exit::Failed, text));
    let sound = encoded(own, LinkSignal::Link);
    let mut longer = sound.to_vec();
    longer.extend([0; 9000]);
    for bad in [&encoded(foreign, LinkSignal::Link)[..], &encoded(foreign, ended("forged")), &sound[..3], &longer, &[]]
    {
        let answer = peer.ask_node(LINK, bad).await;
        assert!(matches!(answer, Err(SystemError::BadArguments { .. })), "{answer:?}");
    }
    // Not linked yet.
    peer.ask_node(LINK, &encoded(own, ended("of no concern"))).await.unwrap();
    assert_eq!(scene.victim.number(7).await.unwrap(), 8);
    peer.ask_node(LINK, &sound).await.unwrap();
    peer.ask_node(LINK, &encoded(own, ended("as a linked one"))).await.unwrap();
    let Terminated::Failed(reason) = scene.victim.terminated().await else { panic!("it ended otherwise") };
    assert_eq!((reason.exit(), reason.root().why()), (Exit::Linked, "as a linked one"));
    scene.end().await;
}

/// Bytes that break the protocol end their connection with a goodbye that says how.
#[tokio::test]
async fn bytes_that_break_the_protocol_get_a_goodbye_that_says_how() {
    let scene = Scene::begin().await;
    type Spoil = fn(&mut Vec<u8>);
    let spoils: [(Spoil, &str); 7] = [
        (|bytes| bytes[..4].copy_from_slice(&[0xff; 4]), "a frame of 4294967295 bytes"),
        (|bytes| bytes[..4].copy_from_slice(&[0; 4]), "a frame of 0 bytes"),
        (|bytes| bytes[..4].copy_from_slice(&40_000_u32.to_le_bytes()), "a frame of 40000 bytes"),
        (|bytes| bytes[8] ^= 1, "damaged"),
        (|bytes| *bytes.last_mut().unwrap() ^= 0x80, "damaged"),
        (|bytes| bytes[5] ^= 0x10, "damaged"),
        (|bytes| *bytes = b"GET / HTTP/1.1\r\n\r\n".to_vec(), "a frame of"),
    ];
    for (number, (spoil, expected)) in spoils.into_iter().enumerate() {
        let mut peer = Peer::shake_hands(&scene, 20 + number as u128).await;
        assert_eq!(peer.ask(&scene, "number", &[1]).await.unwrap(), [2][..]);
        let (_, mut bytes) = peer.call(&scene, "number", &[2]);
        spoil(&mut bytes);
        peer.stream.write_all(&bytes).await.unwrap();
        let said = peer.goodbye().await;
        assert!(said.contains(expected), "{expected}: {said}");
    }
    scene.end().await;
}

/// A frame of which only a part comes.
#[tokio::test]
async fn a_frame_that_is_cut_off_ends_its_connection() {
    let scene = Scene::begin().await;
    for cut in [1, 4, 7, 12] {
        let mut peer = Peer::shake_hands(&scene, 40 + cut as u128).await;
        let (_, bytes) = peer.call(&scene, "number", &[2]);
        peer.stream.write_all(&bytes[..cut]).await.unwrap();
        peer.stream.shutdown().await.unwrap();
        assert_eq!(peer.goodbye().await, "");
    }
    // And one that falls silent in the middle of a frame.
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(50);
    limits.silence_max = Duration::from_millis(200);
    let strict = Scene::with(limits).await;
    let mut peer = Peer::shake_hands(&strict, 50).await;
    let (_, bytes) = peer.call(&strict, "number", &[2]);
    peer.stream.write_all(&bytes[..5]).await.unwrap();
    let said = peer.goodbye().await;
    assert!(said.contains("silent"), "{said}");
    strict.end().await;
    scene.end().await;
}

/// R39, R68: memory is taken for what has come, not for what was announced.
#[tokio::test]
async fn announced_lengths_take_no_memory() {
    let scene = Scene::begin().await;
    let before = memory_mib();
    let mut peers = Vec::new();
    let mut beginning = Vec::new();
    for number in 0..60 {
        let mut peer = Peer::shake_hands(&scene, 100 + number).await;
        // A message of 4 MiB, of which the first chunk is sent. They are the same on all new connections.
        if beginning.is_empty() {
            beginning = peer.call(&scene, "text", &vec![1; 4 * 1024 * 1024]).1;
            beginning.truncate(20_000);
        }
        peer.stream.write_all(&beginning).await.unwrap();
        peers.push(peer);
    }
    // An answer to a call that was sent after them.
    let mut last = Peer::shake_hands(&scene, 200).await;
    last.ask(&scene, "number", &[1]).await.unwrap();
    assert_eq!(support::sessions(&scene.server), 62);
    let grown = memory_mib().saturating_sub(before);
    assert!(grown < 120, "{grown} MiB");
    drop((peers, last));
    support::until(|| support::sessions(&scene.server) == 1).await;
    scene.end().await;
}

/// What the process has asked the system for, but for code and mapped files.
fn memory_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() / 1024
}

/// Many broken connections, one after another, are nothing that adds up.
#[tokio::test]
async fn a_thousand_broken_connections_leave_nothing_behind() {
    let scene = Scene::begin().await;
    for number in 0..1000_u32 {
        if number % 4 == 0 {
            let mut peer = Peer::shake_hands(&scene, 1000 + u128::from(number)).await;
            let (_, mut bytes) = peer.call(&scene, "number", &[2]);
            let place = number as usize * 7 % bytes.len();
            bytes[place] ^= 1 << (number % 8);
            let _ = peer.stream.write_all(&bytes).await;
        } else {
            let mut stream = scene.connect().await;
            let bytes = number.wrapping_mul(2_654_435_761).to_le_bytes();
            let _ = stream.write_all(&bytes[..number as usize % 5]).await;
        }
    }
    support::until(|| support::sessions(&scene.server) == 1).await;
    scene.end().await;
}
