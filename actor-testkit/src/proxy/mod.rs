//! A proxy between two TCP peers that does to their bytes what networks do.

mod flow;
mod pump;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_transport::Address;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use self::{flow::Flow, pump::pump};

/// Which way bytes go through a [`TcpProxy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever has connected to the one it wants to reach.
    ToServer,
    /// Back.
    ToClient,
}

/// Stands between TCP peers: cuts connections, at a byte if need be, stalls, delays and throttles them, and loses what
/// goes in one direction.
///
/// What is set holds at once, for connections that there are and for later ones. Let clients connect to
/// [`address`](Self::address). Dropping the proxy cuts all its connections.
///
/// ```
/// use actor_testkit::{Direction, TcpProxy};
/// use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::{TcpListener, TcpStream}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TcpListener::bind("127.0.0.1:0").await?;
/// let proxy = TcpProxy::start(&format!("tcp://{}", server.local_addr()?).parse()?).await?;
/// proxy.cut_after(Direction::ToServer, 3);
/// let mut client = TcpStream::connect(proxy.address().rest()).await?;
/// client.write_all(b"hello").await?;
/// let mut arrived = Vec::new();
/// server.accept().await?.0.read_to_end(&mut arrived).await?;
/// assert_eq!(arrived, b"hel");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpProxy {
    address: Address,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    to_server: Way,
    to_client: Way,
    /// Counts the cuts: a change ends all connections.
    cuts: watch::Sender<u64>,
    open: AtomicUsize,
}

/// One direction of all connections.
#[derive(Debug, Default)]
struct Way {
    flow: watch::Sender<Flow>,
    passed: AtomicU64,
}

impl TcpProxy {
    /// A proxy to the listener at `target`, an address with a host and a port, on a port of its own.
    ///
    /// # Errors
    /// If no port is to be had.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(target: &Address) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("{}://{}", target.scheme(), listener.local_addr()?);
        let shared = Arc::new(Shared {
            to_server: Way::default(),
            to_client: Way::default(),
            cuts: watch::Sender::default(),
            open: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, target.rest().to_owned(), shared.clone())).abort_handle();
        let address = address.parse().map_err(|error| io::Error::other(format!("{error}")))?;
        Ok(Self { address, shared, task })
    }

    /// Where clients connect to, in the scheme of the target.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts each connection when it has carried so many bytes in that direction, to the byte.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.change(direction, |flow| flow.cut_after = Some(bytes));
    }

    /// Holds back what goes in that direction; whoever sends it is held up too, once a few buffers are full.
    pub fn stall(&self, direction: Direction) {
        self.change(direction, |flow| flow.stalled = true);
    }

    /// Loses what goes in that direction from now on. The connection stays.
    pub fn lose(&self, direction: Direction) {
        self.change(direction, |flow| flow.lost = true);
    }

    /// What goes in that direction takes this long.
    pub fn delay(&self, direction: Direction, time: Duration) {
        self.change(direction, |flow| flow.delay = time);
    }

    /// At most so many bytes go in that direction of each connection in a second.
    pub fn throttle(&self, direction: Direction, bytes_per_second: u64) {
        self.change(direction, |flow| flow.bytes_per_second = Some(bytes_per_second.max(1)));
    }

    /// Ends all that was set. What was stalled goes on; what was lost stays lost.
    pub fn heal(&self) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.change(direction, |flow| *flow = Flow::default());
        }
    }

    /// How many bytes have been handed on in that direction so far.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.shared.way(direction).passed.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    fn change(&self, direction: Direction, change: impl FnOnce(&mut Flow)) {
        self.shared.way(direction).flow.send_modify(change);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn way(&self, direction: Direction) -> &Way {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

async fn accept(listener: TcpListener, target: String, shared: Arc<Shared>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, target.clone(), shared.clone()));
    }
}

/// Carries one connection until both directions have ended, or it is cut.
async fn carry(client: TcpStream, target: String, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(server) = TcpStream::connect(target).await else { return };
    // A proxy that gathers bytes would be another network than was asked for.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let _open = Open::new(&shared.open);
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let both = async {
        let there = pump(from_client, to_server, &shared.to_server);
        let back = pump(from_server, to_client, &shared.to_client);
        let _ = tokio::try_join!(there, back);
    };
    tokio::select! {
        () = both => {}
        _ = cuts.changed() => {}
    }
}

/// A connection that is counted.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn new(open: &'a AtomicUsize) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
