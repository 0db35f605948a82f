//! What all handles of a node share.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use actor_core::{
    ActorId, AnyLocal, BoxFuture, DeadLetter, DecodeContext, DecodeLimits, NodeId, Settings, SystemError, contain,
    later,
};
use tokio::{
    runtime::{EnterGuard, Handle, RuntimeFlavor},
    sync::Notify,
    task::{AbortHandle, JoinHandle},
};

use super::{
    Node,
    actors::Actors,
    builder::OnDeadLetter,
    construct::Constructors,
    dial::Addresses,
    identity::Authorize,
    inbox::Inbox,
    kept::Kept,
    link::Link,
    lock::lock,
    own_runtime::OwnRuntime,
    peers::Peers,
    refused::{OnRefused, RefusedConnection, RefusedReason},
    reply::ErrorPolicy,
    spawned::Spawned,
};
use crate::{
    Address, Connection, Limits, Transport, TransportError,
    cluster::{Board, Discovery, Labels},
    protocol::{Goodbye, HelloConfig, Secret},
};

pub(crate) struct Inner {
    pub(crate) id: NodeId,
    pub(super) name: String,
    pub(super) addresses: Vec<Address>,
    /// Stands for the address of a node that does not listen.
    pub(super) nowhere: Address,
    pub(crate) limits: Limits,
    pub(super) settings: Settings,
    pub(super) errors: ErrorPolicy,
    pub(super) transports: HashMap<String, Arc<dyn Transport>>,
    pub(super) runtime: Handle,
    /// Where connections and the membership are served.
    pub(crate) io: Handle,
    /// Holds it, if it is the node's own.
    pub(super) own_runtime: Option<OwnRuntime>,
    /// Whether a session's reader may run a method itself: never on a runtime with one worker, where it would hold up
    /// the pings.
    pub(super) inline: bool,
    pub(super) actors: Actors,
    pub(super) kept: Kept,
    /// The actors that others have had started here.
    pub(super) spawned: Spawned,
    constructors: OnceLock<Constructors>,
    pub(crate) peers: Peers,
    pub(super) known_at: Addresses,
    pub(crate) contacts: Vec<Address>,
    pub(crate) discoveries: Vec<Arc<dyn Discovery>>,
    pub(crate) board: Board,
    pub(crate) inbox: Inbox,
    /// Bytes of messages that all links together hold for this node.
    pub(super) inbound_bytes: AtomicU64,
    pub(super) tasks: Mutex<Vec<AbortHandle>>,
    state: AtomicU8,
    closed: Notify,
    next_instance: AtomicU64,
    next_call: AtomicU64,
    dead_letters: AtomicU64,
    on_dead_letter: Option<OnDeadLetter>,
    on_refused: Option<OnRefused>,
    pub(super) authorize: Option<Authorize>,
    shared_secret: Option<[u8; 32]>,
}

/// What a builder has collected.
pub(super) struct Setup {
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) addresses: Vec<Address>,
    pub(super) transports: HashMap<String, Arc<dyn Transport>>,
    pub(super) limits: Limits,
    pub(super) errors: ErrorPolicy,
    pub(super) on_dead_letter: Option<OnDeadLetter>,
    pub(super) on_refused: Option<OnRefused>,
    pub(super) send_panic_text: bool,
    pub(super) authorize: Option<Authorize>,
    pub(super) shared_secret: Option<[u8; 32]>,
    pub(super) own_runtime: Option<OwnRuntime>,
    pub(super) contacts: Vec<Address>,
    pub(super) discoveries: Vec<Arc<dyn Discovery>>,
    pub(super) labels: Labels,
}

/// How far a node is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Running = 0,
    /// New calls from elsewhere are refused, accepted ones finish.
    Draining = 1,
    Closed = 2,
}

/// Pauses between looks at whether the last accepted call has ended: a shutdown is late by at most this much.
const DRAIN_POLL: Duration = Duration::from_millis(5);
/// Time for the goodbyes to leave, after which the connections are cut.
const GOODBYE_TIME: Duration = Duration::from_millis(100);

impl Inner {
    pub(super) fn new(setup: Setup) -> Arc<Self> {
        let runtime = Handle::current();
        let io = setup.own_runtime.as_ref().map_or(&runtime, OwnRuntime::handle).clone();
        let inline = io.runtime_flavor() == RuntimeFlavor::MultiThread && io.metrics().num_workers() > 1;
        let mut settings = Settings::default();
        settings.call_timeout = setup.limits.call_deadline;
        settings.call_timeout_max = setup.limits.call_deadline_max;
        settings.chain_length_max = setup.limits.call_chain_length_max;
        settings.mailbox_length_max = setup.limits.mailbox_length_max;
        settings.links_max = setup.limits.links_per_actor_max;
        settings.hook_time_max = setup.limits.hook_time_max;
        settings.send_panic_text = setup.send_panic_text;
        Arc::new(Self {
            nowhere: nowhere(setup.id),
            board: Board::new(setup.id, setup.name.clone(), setup.addresses.clone(), setup.labels),
            contacts: setup.contacts,
            discoveries: setup.discoveries,
            inbox: Inbox::default(),
            io,
            own_runtime: setup.own_runtime,
            // Numbers of calls are taken from the node's own range of 2^64, which its id begins at random.
            next_call: AtomicU64::new((setup.id.to_bits() as u64) | 1),
            id: setup.id,
            name: setup.name,
            addresses: setup.addresses,
            limits: setup.limits,
            settings,
            errors: setup.errors,
            transports: setup.transports,
            runtime,
            inline,
            actors: Actors::default(),
            kept: Kept::default(),
            spawned: Spawned::default(),
            constructors: OnceLock::new(),
            peers: Peers::default(),
            known_at: Addresses::default(),
            inbound_bytes: AtomicU64::new(0),
            tasks: Mutex::default(),
            state: AtomicU8::new(Stage::Running as u8),
            closed: Notify::new(),
            next_instance: AtomicU64::new(1),
            dead_letters: AtomicU64::new(0),
            on_dead_letter: setup.on_dead_letter,
            on_refused: setup.on_refused,
            authorize: setup.authorize,
            shared_secret: setup.shared_secret,
        })
    }

    /// What other nodes may have started here.
    pub(super) fn constructors(&self) -> &Constructors {
        self.constructors.get_or_init(Constructors::of_this_binary)
    }

    pub(super) fn mint_instance(&self) -> u64 {
        self.next_instance.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn mint_call(&self) -> u64 {
        // Zero stands for no call.
        match self.next_call.fetch_add(1, Ordering::Relaxed) {
            0 => self.next_call.fetch_add(1, Ordering::Relaxed),
            call => call,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.state.load(Ordering::Acquire) {
            0 => Stage::Running,
            1 => Stage::Draining,
            _ => Stage::Closed,
        }
    }

    /// While this is held, what users' code spawns belongs to their runtime, on the node's own threads, too.
    pub(super) fn enter_users_runtime(&self) -> Option<EnterGuard<'_>> {
        self.own_runtime.as_ref().map(|_| self.runtime.enter())
    }

    /// Whether the links hold more than the node's limit.
    pub(super) fn is_full(&self) -> bool {
        self.inbound_bytes.load(Ordering::Relaxed) > self.limits.inbound_bytes_per_node_max
    }

    /// The local actor of that id.
    pub(super) fn local(&self, id: &ActorId) -> Result<AnyLocal<Node>, SystemError> {
        let actor = if id.node() == self.id { self.actors.get(id.instance()) } else { None };
        actor.ok_or_else(|| SystemError::UnknownActor { actor: id.to_string().into() })
    }

    /// What references are resolved with in what this node decodes.
    pub(super) fn decode_context(self: &Arc<Self>) -> DecodeContext {
        let mut limits = DecodeLimits::default();
        limits.depth_max = self.limits.decode_depth_max;
        limits.heap_base_bytes = self.limits.decode_heap_base_bytes;
        limits.heap_per_message_byte = self.limits.decode_heap_per_message_byte;
        DecodeContext::new(Node::without_guard(self.clone())).with_limits(limits)
    }

    pub(super) fn hello(&self, expected: Option<NodeId>, sessions: u64) -> HelloConfig {
        let mut hello = HelloConfig::new(self.id, self.limits.clone());
        hello.name.clone_from(&self.name);
        hello.addresses = self.addresses.iter().map(Address::to_string).collect();
        hello.expected = expected;
        hello.sessions = sessions;
        hello
    }

    /// The node's shared secret, for one connection.
    ///
    /// # Errors
    /// When the operating system has no random bits.
    pub(super) fn secret(&self, connection: &dyn Connection) -> Result<Option<Secret>, TransportError> {
        #[cfg(feature = "proofs")]
        if let Some(key) = self.shared_secret {
            let mut nonce = [0; 32];
            getrandom::fill(&mut nonce).map_err(|error| TransportError::Other(format!("no random bits: {error}")))?;
            return Ok(Some(Secret::new(key, nonce, connection.channel_binding())));
        }
        #[cfg(not(feature = "proofs"))]
        let _ = (connection, self.shared_secret);
        Ok(None)
    }

    /// Somebody who has connected was not let in.
    pub(super) fn refused(&self, remote: &str, reason: RefusedReason) {
        tracing::debug!(%remote, %reason, "a connection was refused");
        if let Some(hook) = self.on_refused.as_ref().filter(|_| !reason.is_usual()) {
            let _ = contain(|| hook(&RefusedConnection::new(remote.to_owned(), reason)));
        }
    }

    pub(super) fn dead_letter(&self, letter: &DeadLetter) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
        if let Some(hook) = &self.on_dead_letter {
            // Called in destructors, too.
            let _ = contain(|| hook(letter));
        }
    }

    pub(super) fn dead_letter_count(&self) -> u64 {
        self.dead_letters.load(Ordering::Relaxed)
    }

    pub(super) async fn shutdown(self: &Arc<Self>) {
        let _ = self.state.compare_exchange(
            Stage::Running as u8,
            Stage::Draining as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if self.stage() == Stage::Closed {
            return;
        }
        // Before anything ends here: nobody shall begin something with this node.
        self.leave_cluster().await;
        self.stop_listening();
        let deadline = later(now(), self.limits.drain_time_max);
        while now() < deadline && self.peers.links().iter().any(|link| link.serves_calls()) {
            tokio::time::sleep(DRAIN_POLL).await;
        }
        self.stop_in_order(deadline).await;
        let links = self.close_with(&Goodbye::ShuttingDown);
        let _ = tokio::time::timeout(GOODBYE_TIME, async {
            for link in &links {
                link.gone().await;
            }
        })
        .await;
        for link in links {
            link.abort();
        }
    }

    /// Lets those actors end that have something to do at their end.
    async fn stop_in_order(&self, deadline: Instant) {
        let mut actors = self.actors.all();
        // Those whose supervisors see to them are stopped by those.
        actors.retain(|actor| actor.has_on_stop() && !actor.is_stopped_in_turn());
        let ends: Vec<_> = actors.iter().map(AnyLocal::terminated).collect();
        for actor in actors {
            actor.stop();
        }
        let all = async {
            for end in ends {
                end.await;
            }
        };
        let _ = tokio::time::timeout_at(deadline.into(), all).await;
    }

    /// Runs a task that serves connections or the membership. In a box, as all futures that are not generic and can be:
    /// they would be compiled in each program that awaits them, and the runtime's own code once for each.
    pub(crate) fn serve(&self, task: BoxFuture<'static, ()>) -> JoinHandle<()> {
        self.io.spawn(task)
    }

    /// Runs a task where actors run.
    pub(super) fn run(&self, task: BoxFuture<'static, ()>) -> JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// What `run` comes to, unless the node is closed before.
    pub(super) async fn unless_closed<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let (mut run, mut closed) = (pin!(run), pin!(self.closed.notified()));
        poll_fn(|cx| {
            if self.stage() == Stage::Closed {
                return Poll::Ready(None);
            }
            if let Poll::Ready(result) = run.as_mut().poll(cx) {
                return Poll::Ready(Some(result));
            }
            closed.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    /// Ends the node at once.
    pub(super) fn close(self: &Arc<Self>) {
        if self.stage() != Stage::Closed {
            self.stop_listening();
            drop(self.close_with(&Goodbye::Done));
        }
    }

    fn close_with(self: &Arc<Self>, goodbye: &Goodbye) -> Vec<Arc<Link>> {
        self.state.store(Stage::Closed as u8, Ordering::Release);
        self.closed.notify_waiters();
        self.inbox.close();
        self.board.close();
        self.kept.close();
        self.spawned.close();
        for actor in self.actors.all() {
            actor.stop_now();
        }
        let links = self.peers.close();
        for link in &links {
            link.say_goodbye(goodbye.clone());
        }
        links
    }

    fn stop_listening(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

fn nowhere(id: NodeId) -> Address {
    let text = format!("none://{id}");
    #[allow(clippy::expect_used, reason = "the text is an address whatever the id")]
    text.parse().expect("scheme, separator and rest are there")
}

/// The time, virtual in a paused tokio runtime.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
