//! What the transport itself promises: bytes in order, both ways, until an end that is told.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actor_core::Bytes;
use actor_transport::{Address, Connection, Listener, Receiver, Sender, Transport, TransportError};
use bytes::BytesMut;
use tokio::time::{Instant, sleep, timeout};

use super::{ground::Ground, worker::pattern};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);
/// Shorter than whoever waits for what will not come.
const SHORT: Duration = Duration::from_millis(50);

/// One end of a connection.
struct End {
    receiver: Box<dyn Receiver>,
    sender: Box<dyn Sender>,
}

impl End {
    fn new(connection: Box<dyn Connection>) -> Self {
        let (receiver, sender) = connection.split();
        Self { receiver, sender }
    }

    async fn send(&mut self, pieces: impl IntoIterator<Item = Bytes>) -> Result<(), TransportError> {
        send(&mut *self.sender, pieces).await
    }

    async fn receive(&mut self, into: &mut BytesMut) -> Result<usize, TransportError> {
        receive(&mut *self.receiver, into).await
    }

    /// The next bytes, so many of them.
    async fn take(&mut self, length: usize) -> Bytes {
        take(&mut *self.receiver, length).await
    }

    async fn close(&mut self) {
        // Where the other end is gone it may fail.
        let _ = poll_fn(|cx| self.sender.poll_close(cx)).await;
    }
}

async fn send(sender: &mut dyn Sender, pieces: impl IntoIterator<Item = Bytes>) -> Result<(), TransportError> {
    let mut batch: VecDeque<_> = pieces.into_iter().collect();
    poll_fn(|cx| sender.poll_send(cx, &mut batch)).await?;
    assert!(batch.is_empty(), "a sender that is ready has sent all");
    Ok(())
}

async fn receive(receiver: &mut dyn Receiver, into: &mut BytesMut) -> Result<usize, TransportError> {
    let before = into.len();
    let read = poll_fn(|cx| receiver.poll_receive(cx, into)).await?;
    assert_eq!(into.len() - before, read, "as many bytes are appended as is said");
    Ok(read)
}

async fn take(receiver: &mut dyn Receiver, length: usize) -> Bytes {
    let mut bytes = BytesMut::new();
    while bytes.len() < length {
        let read = timeout(LONG, receive(receiver, &mut bytes)).await.expect("what was sent arrives");
        assert!(read.unwrap() > 0, "the stream has ended after {} of {length} bytes", bytes.len());
    }
    assert_eq!(bytes.len(), length, "nothing arrives that was not sent");
    bytes.freeze()
}

struct Place {
    transport: Arc<dyn Transport>,
    listener: Box<dyn Listener>,
    address: Address,
}

impl Place {
    async fn new(ground: &Ground) -> Self {
        let listener = ground.transport("server").listen(&ground.address("server")).await.unwrap();
        Self { transport: ground.transport("client"), address: listener.address(), listener }
    }

    /// Both ends of a new connection, established: the one that was dialed first.
    async fn connection(&mut self) -> (Box<dyn Connection>, Box<dyn Connection>) {
        let dial = async {
            let mut dialed = self.transport.connect(&self.address).await.unwrap();
            dialed.establish().await.unwrap();
            let mut dialed = Speaking::new(dialed);
            dialed.speak().await;
            dialed
        };
        let accept = async {
            let mut accepted = self.listener.accept().await.unwrap();
            accepted.establish().await.unwrap();
            accepted
        };
        let both = async { tokio::join!(dial, accept) };
        let (dialed, accepted) = timeout(LONG, both).await.expect("a connection is made");
        (Box::new(dialed), accepted)
    }

    async fn ends(&mut self) -> (End, End) {
        let (dialed, accepted) = self.connection().await;
        let (dialed, mut accepted) = (End::new(dialed), End::new(accepted));
        assert_eq!(accepted.take(1).await, FIRST);
        (dialed, accepted)
    }
}

/// The dialer speaks first, as it does in a session: a transport may not tell of a stream before.
const FIRST: &[u8] = b"!";

/// A connection that has said its first word.
struct Speaking {
    remote: String,
    keeps_integrity: bool,
    binding: Option<[u8; 32]>,
    receiver: Box<dyn Receiver>,
    sender: Box<dyn Sender>,
}

impl Speaking {
    fn new(connection: Box<dyn Connection>) -> Self {
        let (remote, keeps_integrity) = (connection.remote(), connection.keeps_integrity());
        let binding = connection.channel_binding();
        let (receiver, sender) = connection.split();
        Self { remote, keeps_integrity, binding, receiver, sender }
    }

    async fn speak(&mut self) {
        send(&mut *self.sender, [Bytes::from_static(FIRST)]).await.unwrap();
    }
}

impl Connection for Speaking {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn keeps_integrity(&self) -> bool {
        self.keeps_integrity
    }

    fn channel_binding(&self) -> Option<[u8; 32]> {
        self.binding
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        (self.receiver, self.sender)
    }
}

/// R32
pub async fn an_address_can_be_listened_on_and_connected_to(ground: &Ground) {
    let mut place = Place::new(ground).await;
    assert_eq!(place.address.scheme(), ground.transport("server").scheme());
    assert_eq!(place.transport.scheme(), place.address.scheme());
    let (dialed, accepted) = place.connection().await;
    assert!(!dialed.remote().is_empty() && !accepted.remote().is_empty(), "an end says who is at the other one");
}

/// Otherwise one side would look for checksums that the other does not send.
pub async fn both_ends_say_alike_what_the_connection_proves(ground: &Ground) {
    let mut place = Place::new(ground).await;
    let (dialed, accepted) = place.connection().await;
    assert_eq!(dialed.keeps_integrity(), accepted.keeps_integrity());
    assert_eq!(dialed.channel_binding(), accepted.channel_binding());
    let (another, _) = place.connection().await;
    if let Some(binding) = dialed.channel_binding() {
        assert_ne!(another.channel_binding(), Some(binding), "a binding is that of one connection alone");
    }
}

pub async fn bytes_arrive_in_order_both_ways_at_once(ground: &Ground) {
    const LENGTH: usize = 1 << 20;
    let (one, other) = Place::new(ground).await.ends().await;
    let flow = async |mut sender: Box<dyn Sender>, mut receiver: Box<dyn Receiver>, seed: usize| {
        let all = pattern(LENGTH, seed);
        let sending = async {
            let (mut rest, mut length) = (all.clone(), seed);
            while !rest.is_empty() {
                // Pieces of any length, in batches of any length.
                let batch = (0..1 + length % 5).map(|_| {
                    length = (length * 7919 + 13) % 6007;
                    rest.split_to(length.min(rest.len()))
                });
                let batch: Vec<_> = batch.collect();
                send(&mut *sender, batch).await.unwrap();
            }
            sender
        };
        let (arrived, sender) = tokio::join!(take(&mut *receiver, LENGTH), sending);
        assert!(arrived == all, "bytes were changed or moved");
        // Whoever lets go of one half may end both.
        (sender, receiver)
    };
    let _kept = tokio::join!(flow(one.sender, other.receiver, 1), flow(other.sender, one.receiver, 2));
}

pub async fn thousands_of_small_pieces_arrive_as_one_stream(ground: &Ground) {
    let (mut one, mut other) = Place::new(ground).await.ends().await;
    let all = pattern(16_384, 5);
    let mut rest = all.clone();
    let pieces: Vec<_> = (0..).map_while(|at| cut(&mut rest, 1 + at % 7)).collect();
    assert!(pieces.len() > 4000);
    let (sent, arrived) = tokio::join!(one.send(pieces), other.take(all.len()));
    sent.unwrap();
    assert_eq!(arrived, all);
}

fn cut(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    let piece = rest.split_to(length.min(rest.len()));
    (!piece.is_empty()).then_some(piece)
}

pub async fn a_piece_of_megabytes_arrives_whole(ground: &Ground) {
    let (mut one, mut other) = Place::new(ground).await.ends().await;
    let all = pattern(5 << 20, 9);
    let (sent, arrived) = tokio::join!(one.send([all.clone()]), other.take(all.len()));
    sent.unwrap();
    assert!(arrived == all, "bytes were changed or moved");
}

pub async fn pieces_of_nothing_are_passed_over(ground: &Ground) {
    let (mut one, mut other) = Place::new(ground).await.ends().await;
    one.send([]).await.unwrap();
    one.send([Bytes::new(), Bytes::new()]).await.unwrap();
    one.send([Bytes::new(), Bytes::from_static(b"a"), Bytes::new(), Bytes::from_static(b"b")]).await.unwrap();
    // Nothing would be the end of the stream.
    assert_eq!(other.take(2).await, "ab");
}

/// R68: a queue without an end is somebody's memory.
pub async fn a_receiver_that_does_not_read_holds_its_sender_up(ground: &Ground) {
    const MOST: usize = 256 << 20;
    let (mut one, mut other) = Place::new(ground).await.ends().await;
    let piece = pattern(64 << 10, 3);
    let mut sent = 0;
    // It takes a moment until what is under way has filled the way.
    while sent < MOST && timeout(SHORT * 4, one.send([piece.clone()])).await.is_ok() {
        sent += piece.len();
    }
    assert!(sent < MOST, "{sent} bytes were taken that nobody reads");
    // The last piece is under way, in part or as a whole.
    let mut arrived = BytesMut::new();
    while arrived.len() < sent {
        assert!(timeout(LONG, other.receive(&mut arrived)).await.expect("it goes on").unwrap() > 0);
    }
    assert!(arrived.chunks(piece.len()).all(|chunk| piece.starts_with(chunk)), "bytes were changed or moved");
}

pub async fn what_is_added_while_a_send_is_held_up_is_sent_behind_it(ground: &Ground) {
    const PIECE: usize = 256 << 10;
    let (mut one, mut other) = Place::new(ground).await.ends().await;
    let piece = |number: usize| pattern(PIECE, number * 17);
    let (mut batch, mut added) = (VecDeque::new(), 0);
    while added < 1000 {
        batch.push_back(piece(added));
        added += 1;
        // Not as a task that waits: that is what writers do.
        let polled = one.sender.poll_send(&mut Context::from_waker(Waker::noop()), &mut batch);
        if polled.is_pending() && added > 8 {
            break;
        }
        assert!(!matches!(polled, Poll::Ready(Err(_))), "{polled:?}");
        tokio::task::yield_now().await;
    }
    let sending = poll_fn(|cx| one.sender.poll_send(cx, &mut batch));
    let reading = async {
        for number in 0..added {
            assert!(other_piece(&mut other, PIECE).await == piece(number), "piece {number} of {added}");
        }
    };
    let (sent, ()) = timeout(LONG, async { tokio::join!(sending, reading) }).await.expect("it goes on");
    sent.unwrap();
}

/// So many bytes, of which more may have come.
async fn other_piece(end: &mut End, length: usize) -> Bytes {
    /// What was read beyond the piece is kept for the next one, in the receiver's place.
    struct Rest {
        receiver: Box<dyn Receiver>,
        bytes: BytesMut,
    }
    impl Receiver for Rest {
        fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
            if self.bytes.is_empty() {
                return self.receiver.poll_receive(cx, into);
            }
            let length = self.bytes.len();
            into.unsplit(self.bytes.split());
            Poll::Ready(Ok(length))
        }
    }
    let mut bytes = BytesMut::new();
    while bytes.len() < length {
        assert!(end.receive(&mut bytes).await.unwrap() > 0, "the stream has ended");
    }
    let piece = bytes.split_to(length);
    if !bytes.is_empty() {
        let nobody = actor_transport::stream_connection(tokio::io::empty(), tokio::io::sink(), "", true).split().0;
        let receiver = std::mem::replace(&mut end.receiver, nobody);
        end.receiver = Box::new(Rest { receiver, bytes });
    }
    piece.freeze()
}

pub async fn an_end_is_seen_behind_all_that_was_sent(ground: &Ground) {
    let mut place = Place::new(ground).await;
    for speaker_dialed in [true, false] {
        let (dialed, accepted) = place.ends().await;
        let (mut speaker, mut other) = if speaker_dialed { (dialed, accepted) } else { (accepted, dialed) };
        let all = pattern(100_000, 8);
        let (_, arrived) = tokio::join!(
            async {
                speaker.send([all.clone()]).await.unwrap();
                speaker.close().await;
            },
            other.take(all.len())
        );
        assert!(arrived == all);
        let end = timeout(LONG, other.receive(&mut BytesMut::new())).await.expect("the end is told");
        assert_eq!(end.unwrap(), 0);
    }
}

/// A node that is dropped runs no task any more; its last word shall arrive all the same.
pub async fn an_end_that_is_dropped_is_noticed_by_a_reader(ground: &Ground) {
    let mut place = Place::new(ground).await;
    for speaker_dialed in [true, false] {
        let (dialed, accepted) = place.ends().await;
        let (mut speaker, mut other) = if speaker_dialed { (dialed, accepted) } else { (accepted, dialed) };
        let last = pattern(1000, 4);
        speaker.send([last.clone()]).await.unwrap();
        drop(speaker);
        assert_eq!(other.take(last.len()).await, last);
        let end = timeout(LONG, other.receive(&mut BytesMut::new())).await.expect("the end is noticed");
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
}

pub async fn an_end_that_is_dropped_is_noticed_by_a_writer(ground: &Ground) {
    let (mut one, other) = Place::new(ground).await.ends().await;
    drop(other);
    let noticed = timeout(LONG, async {
        // What was sent into the void before it was known to be one is lost.
        while one.send([pattern(10_000, 1)]).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    noticed.await.expect("it is noticed");
}

pub async fn connecting_where_nobody_listens_fails(ground: &Ground) {
    let place = Place::new(ground).await;
    let Place { transport, listener, address } = place;
    drop(listener);
    let attempt = async {
        let mut connection = transport.connect(&address).await?;
        connection.establish().await?;
        let mut end = End::new(connection);
        end.send([Bytes::from_static(FIRST)]).await?;
        end.receive(&mut BytesMut::new()).await
    };
    // It may be refused, end at once, or have no answer at all.
    let answer = timeout(Duration::from_secs(1), attempt).await;
    assert!(matches!(answer, Err(_) | Ok(Err(_) | Ok(0))), "{answer:?}");
}

/// R55
pub async fn an_address_is_free_again_when_its_listener_has_gone(ground: &Ground) {
    let mut place = Place::new(ground).await;
    let ends = place.ends().await;
    let address = place.address.clone();
    drop((place, ends));
    let began = Instant::now();
    let transport = ground.transport("server");
    loop {
        match transport.listen(&address).await {
            Ok(listener) => {
                assert_eq!(listener.address(), address);
                let mut place = Place { transport: ground.transport("client"), address, listener };
                place.ends().await;
                return;
            }
            // The last packets may be waited for.
            Err(error) => assert!(began.elapsed() < LONG, "{error}"),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

pub async fn connections_do_not_hold_one_another_up(ground: &Ground) {
    let mut place = Place::new(ground).await;
    let (mut full, _unread) = place.ends().await;
    let (mut one, mut other) = place.ends().await;
    let piece = pattern(64 << 10, 3);
    while timeout(SHORT, full.send([piece.clone()])).await.is_ok() {}
    for _ in 0..20 {
        one.send([piece.clone()]).await.unwrap();
        assert!(other.take(piece.len()).await == piece);
    }
}

/// Connections are made faster than they are accepted.
pub async fn many_connect_at_once(ground: &Ground) {
    const CONNECTIONS: usize = 40;
    let Place { transport, mut listener, address } = Place::new(ground).await;
    let dialers: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (transport, address) = (transport.clone(), address.clone());
            tokio::spawn(async move {
                let mut connection = transport.connect(&address).await.unwrap();
                connection.establish().await.unwrap();
                let mut end = End::new(connection);
                end.send([Bytes::from(vec![number as u8; 100])]).await.unwrap();
                assert_eq!(end.take(100).await, vec![number as u8; 100]);
            })
        })
        .collect();
    for _ in 0..CONNECTIONS {
        let mut connection = timeout(LONG, listener.accept()).await.expect("they are accepted").unwrap();
        tokio::spawn(async move {
            connection.establish().await.unwrap();
            let mut end = End::new(connection);
            let said = end.take(100).await;
            end.send([said]).await.unwrap();
            end.close().await;
        });
    }
    for dialer in dialers {
        dialer.await.unwrap();
    }
}

/// R53: what takes several round trips belongs into `Connection::establish`.
pub async fn accepting_waits_for_nobody(ground: &Ground) {
    let Place { transport, mut listener, address } = Place::new(ground).await;
    let dial = || {
        let (transport, address) = (transport.clone(), address.clone());
        tokio::spawn(async move {
            let mut connection = transport.connect(&address).await?;
            connection.establish().await?;
            let mut end = End::new(connection);
            end.send([Bytes::from_static(FIRST)]).await?;
            Ok::<_, TransportError>(end)
        })
    };
    let slow = dial();
    // Accepted, and left standing.
    let standing = timeout(LONG, listener.accept()).await.expect("it is accepted").unwrap();
    let quick = dial();
    let mut accepted = timeout(LONG, listener.accept()).await.expect("the next one is, too").unwrap();
    timeout(LONG, accepted.establish()).await.expect("it is established").unwrap();
    assert_eq!(End::new(accepted).take(1).await, FIRST);
    quick.await.unwrap().unwrap();
    drop((standing, listener));
    slow.abort();
    let _ = slow.await;
}

pub async fn an_accept_that_is_dropped_loses_no_connection(ground: &Ground) {
    let Place { transport, mut listener, address } = Place::new(ground).await;
    for _ in 0..6 {
        let (dialing, to) = (transport.clone(), address.clone());
        let dialer = tokio::spawn(async move {
            let mut connection = dialing.connect(&to).await.unwrap();
            connection.establish().await.unwrap();
            let mut end = End::new(connection);
            end.send([Bytes::from_static(FIRST)]).await.unwrap();
            let _ = end.receive(&mut BytesMut::new()).await;
        });
        // Polled once and dropped, until it comes to something.
        let accepted = loop {
            if let Some(accepted) = crate::poll_then_drop(1, listener.accept()).await {
                break accepted;
            }
            sleep(Duration::from_millis(1)).await;
        };
        let mut accepted = accepted.unwrap();
        timeout(LONG, accepted.establish()).await.expect("it is established").unwrap();
        let mut end = End::new(accepted);
        assert_eq!(end.take(1).await, FIRST);
        end.close().await;
        drop(end);
        dialer.await.unwrap();
    }
}

/// What was begun is let go, and the next attempt is as good as the first.
pub async fn a_connect_that_is_dropped_leaves_nothing(ground: &Ground) {
    let place = Place::new(ground).await;
    let Place { transport, mut listener, address } = place;
    let accepting = tokio::spawn(async move {
        while let Ok(mut connection) = listener.accept().await {
            tokio::spawn(async move {
                // Who has gone is not established.
                if let Ok(Ok(())) = timeout(LONG, connection.establish()).await {
                    let mut end = End::new(connection);
                    let _ = timeout(LONG, end.receive(&mut BytesMut::new())).await;
                    end.close().await;
                }
            });
        }
    });
    for polls in 0..8 {
        let attempt = async {
            let mut connection = transport.connect(&address).await.unwrap();
            connection.establish().await.unwrap();
            let mut end = End::new(connection);
            end.send([Bytes::from_static(FIRST)]).await.unwrap();
            end.receive(&mut BytesMut::new()).await
        };
        crate::poll_then_drop(polls, attempt).await;
    }
    let mut connection = transport.connect(&address).await.unwrap();
    connection.establish().await.unwrap();
    let mut end = End::new(connection);
    end.send([Bytes::from_static(FIRST)]).await.unwrap();
    assert!(matches!(timeout(LONG, end.receive(&mut BytesMut::new())).await.expect("an end"), Ok(0) | Err(_)));
    accepting.abort();
    let _ = accepting.await;
}
