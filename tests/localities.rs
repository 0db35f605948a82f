//! Localities: whose actors never run at the same time, and where they run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    cell::RefCell,
    pin::pin,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, ThreadId},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorRef, CallError, Context, Locality, Node, SpawnOptions, SystemError, Terminated, distributed_actor,
};
use futures::{FutureExt, future::join_all};
use tokio::{runtime::Builder, sync::Semaphore};

/// What the actors of one test share.
#[derive(Default)]
struct Stage {
    is_running: AtomicBool,
    overlaps: AtomicU32,
    log: Mutex<Vec<String>>,
}

impl Stage {
    /// Something runs, and nothing else does.
    fn alone(&self, run: impl FnOnce()) {
        self.overlaps.fetch_add(u32::from(self.is_running.swap(true, Ordering::SeqCst)), Ordering::SeqCst);
        run();
        self.is_running.store(false, Ordering::SeqCst);
    }

    fn note(&self, entry: impl Into<String>) {
        self.log.lock().unwrap().push(entry.into());
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

struct Player {
    name: &'static str,
    stage: Arc<Stage>,
    peer: Option<ActorRef<Player>>,
    gate: Arc<Semaphore>,
}

#[distributed_actor]
impl Player {
    #[on_start]
    fn begins(&mut self) {
        self.stage.note(format!("{} starts", self.name));
    }

    #[on_stop]
    fn ends(&mut self) {
        self.stage.note(format!("{} stops", self.name));
    }

    #[distributed]
    fn note(&mut self, entry: String) {
        self.stage.alone(|| self.stage.note(format!("{} {entry}", self.name)));
    }

    #[distributed]
    async fn in_steps(&mut self, steps: u32) {
        for _ in 0..steps {
            self.stage.alone(thread::yield_now);
            tokio::task::yield_now().await;
        }
    }

    /// Whether a call of the peer has ended as soon as it was made.
    #[distributed]
    async fn reaches_its_peer_at_once(&mut self) -> bool {
        let peer = self.peer.clone().unwrap();
        let called = pin!(async { peer.note("was called".into()).await }).now_or_never();
        let awaited = pin!(async { peer.in_no_step().await }).now_or_never();
        matches!((called, awaited), (Some(Ok(())), Some(Ok(()))))
    }

    #[distributed]
    async fn in_no_step(&mut self) {}

    #[distributed]
    async fn waits(&mut self) {
        let _permit = self.gate.acquire().await.unwrap();
    }

    #[distributed]
    async fn calls_in_a_circle(&mut self) -> bool {
        let peer = self.peer.clone().unwrap();
        peer.calls_back().await.unwrap()
    }

    #[distributed]
    async fn calls_back(&mut self) -> bool {
        let peer = self.peer.clone().unwrap();
        matches!(peer.in_no_step().await, Err(CallError::System(SystemError::Deadlock { .. })))
    }

    #[distributed]
    fn panics(&mut self) {
        std::panic::resume_unwind(Box::new("expected"));
    }

    #[distributed]
    fn waits_for_others(&mut self, #[ctx] ctx: &Context<Self>) {
        let _ = ctx;
        let barrier = BARRIER.lock().unwrap().clone().unwrap();
        barrier.wait();
    }
}

static BARRIER: Mutex<Option<Arc<Barrier>>> = Mutex::new(None);

fn player(name: &'static str, stage: &Arc<Stage>) -> Player {
    Player { name, stage: stage.clone(), peer: None, gate: Arc::new(Semaphore::new(0)) }
}

/// Two actors of one locality that know each other.
async fn pair(node: &Node, stage: &Arc<Stage>, locality: &Locality) -> [ActorRef<Player>; 2] {
    let bound = || SpawnOptions::new().locality(locality);
    let [a, b] = ["a", "b"].map(|name| node.spawn_with(player(name, stage), bound()));
    for (one, other) in [(&a, &b), (&b, &a)] {
        let other = other.clone();
        one.when_local(move |player| player.peer = Some(other)).await.unwrap();
    }
    [a, b]
}

async fn node() -> Node {
    Node::builder().start().await.unwrap()
}

/// R89
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn actors_of_one_locality_never_run_at_the_same_time() {
    let (node, stage, locality) = (node().await, Arc::default(), Locality::new());
    let players: Vec<_> =
        (0..4).map(|_| node.spawn_with(player("p", &stage), SpawnOptions::new().locality(&locality))).collect();
    let callers = (0..8).map(|caller| {
        let players = players.clone();
        tokio::spawn(async move {
            for round in 0..50 {
                let player = &players[(caller + round) % players.len()];
                if round % 2 == 0 {
                    player.note("n".into()).await.unwrap();
                } else {
                    player.in_steps(3).await.unwrap();
                }
            }
        })
    });
    for ran in join_all(callers).await {
        ran.unwrap();
    }
    assert_eq!(stage.overlaps.load(Ordering::SeqCst), 0);
    assert_eq!(stage.log().iter().filter(|entry| *entry == "p n").count(), 8 * 25);
}

/// R89
#[tokio::test(start_paused = true)]
async fn a_call_within_a_locality_runs_at_once() {
    let (node, stage) = (node().await, Arc::default());
    let [a, _b] = pair(&node, &stage, &Locality::new()).await;
    assert!(a.reaches_its_peer_at_once().await.unwrap());
}

/// R89 R90
#[tokio::test]
async fn so_does_one_within_a_locality_on_a_thread_of_its_own() {
    let (node, stage) = (node().await, Arc::default());
    let [a, _b] = pair(&node, &stage, &Locality::thread("stage").unwrap()).await;
    assert!(a.reaches_its_peer_at_once().await.unwrap());
}

/// R89
#[tokio::test(start_paused = true)]
async fn calls_from_elsewhere_are_served_in_the_order_in_which_they_were_made() {
    let (node, stage) = (node().await, Arc::default());
    let [a, b] = pair(&node, &stage, &Locality::new()).await;
    for (player, entry) in [(&b, "1"), (&a, "2"), (&b, "3"), (&a, "4")] {
        player.note(entry.into()).cast().await.unwrap();
    }
    a.in_no_step().await.unwrap();
    b.in_no_step().await.unwrap();
    let log: Vec<_> = stage.log().into_iter().filter(|entry| !entry.ends_with("starts")).collect();
    // Whoever has its turn goes on with what waits for it.
    assert_eq!(log, ["b 1", "b 3", "a 2", "a 4"]);
}

/// R89
#[tokio::test(start_paused = true)]
async fn a_method_that_waits_lets_others_of_its_locality_run() {
    let (node, stage) = (node().await, Arc::default());
    let [a, b] = pair(&node, &stage, &Locality::new()).await;
    let gate = a.when_local(|player| player.gate.clone()).await.unwrap();
    let mut waiting = pin!(async { a.waits().await });
    assert!(waiting.as_mut().now_or_never().is_none());
    b.note("runs".into()).await.unwrap();
    b.in_steps(3).await.unwrap();
    assert!(waiting.as_mut().now_or_never().is_none());
    gate.add_permits(1);
    waiting.await.unwrap();
}

/// R89
#[tokio::test(start_paused = true)]
async fn a_call_in_a_circle_within_a_locality_is_refused_at_once() {
    let (node, stage) = (node().await, Arc::default());
    let [a, _b] = pair(&node, &stage, &Locality::new()).await;
    assert!(a.calls_in_a_circle().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_actor_and_not_its_locality() {
    let (node, stage) = (node().await, Arc::default());
    let [a, b] = pair(&node, &stage, &Locality::new()).await;
    let panicked = a.panics().await;
    assert!(matches!(panicked, Err(CallError::System(SystemError::Panicked { .. }))), "{panicked:?}");
    assert_eq!(a.terminated().await, Terminated::Panicked);
    b.note("goes on".into()).await.unwrap();
}

/// R91
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn two_localities_run_on_two_cores() {
    *BARRIER.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let (node, stage) = (node().await, Arc::default());
    let apart = [Locality::new(), Locality::new()].map(|locality| {
        let player = node.spawn_with(player("p", &stage), SpawnOptions::new().locality(&locality));
        tokio::spawn(async move { player.waits_for_others().await })
    });
    for ran in apart {
        ran.await.unwrap().unwrap();
    }
}

/// Is called on the thread where an actor runs.
#[derive(Default)]
struct Seen(Arc<Mutex<Vec<(&'static str, ThreadId)>>>);

impl Seen {
    fn here(&self, what: &'static str) {
        self.0.lock().unwrap().push((what, thread::current().id()));
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.here("drop");
    }
}

struct Resident {
    seen: Seen,
    until: Option<mpsc::Receiver<()>>,
}

#[distributed_actor]
impl Resident {
    #[on_start]
    async fn moves_in(&mut self) {
        self.seen.here("on_start");
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.seen.here("on_start, later");
    }

    #[on_stop]
    fn moves_out(&mut self) {
        self.seen.here("on_stop");
    }

    #[distributed]
    fn is_here(&mut self) -> String {
        self.seen.here("fn");
        thread::current().name().unwrap_or_default().into()
    }

    #[distributed]
    async fn is_still_here(&mut self) {
        tokio::task::yield_now().await;
        self.seen.here("async fn");
    }

    /// Blocks its thread.
    #[distributed]
    fn blocks(&mut self) {
        self.until.take().unwrap().recv().unwrap();
    }
}

/// R90
#[tokio::test]
async fn all_that_an_actor_does_is_done_on_the_thread_of_its_locality() {
    let (node, seen) = (node().await, Seen::default());
    let (tell, told) = mpsc::channel();
    let home = Locality::thread_with("home", move || tell.send(thread::current().id()).unwrap()).unwrap();
    let home_thread = told.recv().unwrap();
    let resident = Resident { seen: Seen(seen.0.clone()), until: None };
    let resident = node.spawn_with(resident, SpawnOptions::new().locality(&home));
    for _ in 0..100 {
        assert_eq!(resident.is_here().await.unwrap(), "home");
        resident.is_still_here().await.unwrap();
    }
    resident.stop().await;
    let seen = seen.0.lock().unwrap().clone();
    assert_eq!(seen.len(), 2 + 200 + 2);
    assert!(seen.iter().all(|(_, thread)| *thread == home_thread), "{seen:?}");
    assert_eq!(seen.last().unwrap().0, "drop");
}

/// R92
#[tokio::test]
async fn an_actor_that_blocks_its_own_thread_starves_nobody() {
    let (node, stage) = (node().await, Arc::default());
    let (release, until) = mpsc::channel();
    let resident = Resident { seen: Seen::default(), until: Some(until) };
    let resident = node.spawn_with(resident, SpawnOptions::new().locality(&Locality::thread("blocked").unwrap()));
    let mut blocked = pin!(async { resident.blocks().timeout(Duration::from_secs(3600)).await });
    assert!(blocked.as_mut().now_or_never().is_none());
    // This runtime has one thread, and all of these run on it.
    let others: Vec<_> = (0..10).map(|_| node.spawn(player("p", &stage))).collect();
    for _ in 0..100 {
        for other in &others {
            other.note("n".into()).await.unwrap();
        }
    }
    // Who calls it meanwhile waits for its deadline and no longer.
    let late = resident.is_here().timeout(Duration::from_millis(50)).await;
    assert!(matches!(late, Err(CallError::System(SystemError::Deadline { .. }))), "{late:?}");
    release.send(()).unwrap();
    blocked.await.unwrap();
}

/// R90
#[test]
fn a_locality_on_another_runtime_runs_while_somebody_drives_that() {
    let pool = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let own = Builder::new_current_thread().enable_all().build().unwrap();
    let seen = Seen::default();
    let node = pool.block_on(node());
    let resident = Resident { seen: Seen(seen.0.clone()), until: None };
    let resident = node.spawn_with(resident, SpawnOptions::new().locality(&Locality::on(own.handle())));
    let called = {
        let resident = resident.clone();
        pool.spawn(async move { resident.is_here().await })
    };
    // Nobody has driven it yet.
    assert!(seen.0.lock().unwrap().is_empty());
    own.block_on(called).unwrap().unwrap();
    own.block_on(resident.stop());
    let here = thread::current().id();
    let seen = seen.0.lock().unwrap().clone();
    assert!(!seen.is_empty() && seen.iter().all(|(_, thread)| *thread == here), "{seen:?}");
    drop(own);
}

thread_local! {
    /// Goes with its thread.
    static ALIVE: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) };
}

/// A locality of its own thread, and what is disconnected when the thread has ended.
fn observed() -> (Locality, mpsc::Receiver<()>) {
    let (alive, ended) = mpsc::channel();
    let begin = move || ALIVE.with(|here| *here.borrow_mut() = Some(alive));
    (Locality::thread_with("observed", begin).unwrap(), ended)
}

fn has_ended(thread: &mpsc::Receiver<()>) {
    assert_eq!(thread.recv(), Err(mpsc::RecvError));
}

/// R90
#[tokio::test]
async fn a_thread_ends_with_the_last_handle_and_the_last_actor_of_its_locality() {
    let (locality, thread) = observed();
    let (node, stage) = (node().await, Arc::<Stage>::default());
    let actor = node.spawn_with(player("p", &stage), SpawnOptions::new().locality(&locality));
    drop(locality);
    actor.note("works".into()).await.unwrap();
    assert_eq!(thread.try_recv(), Err(mpsc::TryRecvError::Empty));
    // Its end in order is the last that is done there.
    drop(actor);
    has_ended(&thread);
    assert_eq!(stage.log(), ["p starts", "p works", "p stops"]);
}

/// R90
#[test]
fn a_thread_ends_with_its_runtime_and_gives_up_what_waits_on_it() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (thread, actor, _kept) = runtime.block_on(async {
        let ((locality, thread), node) = (observed(), node().await);
        let actor = node.spawn_with(player("p", &Arc::default()), SpawnOptions::new().locality(&locality));
        // It has begun, and waits for ever.
        actor.note("begins".into()).await.unwrap();
        actor.waits().cast().await.unwrap();
        (thread, actor, (locality, node))
    });
    runtime.shutdown_background();
    has_ended(&thread);
    let ended = Builder::new_current_thread().build().unwrap().block_on(actor.terminated());
    assert_eq!(ended, Terminated::Stopped);
}

/// R89
#[tokio::test(start_paused = true)]
async fn an_actor_of_a_locality_is_called_from_other_nodes_as_any_other() {
    let network = Network::seeded(89);
    let [here, there] = network.nodes().await;
    let stage = Arc::default();
    let [a, b] = pair(&here, &stage, &Locality::new()).await;
    let remote: ActorRef<Player> = there.resolve(a.id()).unwrap();
    assert!(remote.reaches_its_peer_at_once().await.unwrap());
    let remote: ActorRef<Player> = there.resolve(b.id()).unwrap();
    remote.note("from afar".into()).await.unwrap();
    assert_eq!(stage.log().last().unwrap(), "b from afar");
}

/// The cores that this thread may run on.
#[cfg(target_os = "linux")]
fn cores() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    cores.unwrap().trim().into()
}

/// R90: by a program of the system's, where there is one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_thread_of_a_locality_can_be_pinned_to_a_core() {
    let first = cores().split([',', '-']).next().unwrap().to_owned();
    let (tell, told) = mpsc::channel();
    let core = first.clone();
    let pin = move || {
        let thread = std::fs::read_link("/proc/thread-self").unwrap();
        let id = thread.file_name().unwrap().to_str().unwrap();
        let pinned = std::process::Command::new("taskset").args(["--pid", "--cpu-list", &core, id]).output();
        tell.send(pinned.is_ok_and(|pinned| pinned.status.success())).unwrap();
    };
    let pinned = Locality::thread_with("pinned", pin).unwrap();
    if !told.recv().unwrap() {
        return;
    }
    let (node, stage) = (node().await, Arc::default());
    let player = node.spawn_with(player("p", &stage), SpawnOptions::new().locality(&pinned));
    assert_eq!(player.when_local(|_| cores()).await.unwrap(), first);
    assert_eq!(thread::spawn(cores).join().unwrap(), cores());
}

/// A name that no thread can have is an error, as everything else is that keeps it from starting.
#[tokio::test]
async fn a_thread_whose_name_has_a_zero_byte_is_not_started() {
    let error = Locality::thread("bad\0name").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains(r#"leave it out of "bad\0name""#), "{error}");
    let error = Locality::thread_with("\0", || panic!("it runs")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
