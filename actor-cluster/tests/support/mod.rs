//! Members that are processes of their own: the test's binary, started again.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use distributed_actor::{
    ActorRef, Node, SystemError,
    cluster::{ClusterView, MemberState},
    distributed_actor,
};

/// Waits until `node` has so many calls under way.
pub async fn until_under_way(node: &Node, calls: usize) {
    while node.peers().iter().filter_map(|peer| peer.session).map(|session| session.calls_out).sum::<usize>() < calls {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sees what its node sees, and does what a test asks for.
pub struct Probe {
    node: Node,
    ran: Vec<u64>,
}

#[distributed_actor]
impl Probe {
    /// Names and states of the members, by name.
    #[distributed]
    pub fn view(&self) -> Vec<(String, String)> {
        summary(&self.node.cluster().view())
    }

    #[distributed]
    pub async fn hang(&mut self) {
        std::future::pending().await
    }

    #[distributed]
    pub fn note(&mut self, number: u64) -> u64 {
        self.ran.push(number);
        number
    }

    #[distributed]
    pub fn ran(&self) -> Vec<u64> {
        self.ran.clone()
    }

    /// Keeps all worker threads busy, and some more tasks waiting for them.
    #[distributed]
    pub fn block(&mut self, time: Duration) {
        for _ in 0..16 {
            tokio::spawn(async move { std::thread::sleep(time) });
        }
    }
}

/// Gives back what it is given.
pub struct Echo;

#[distributed_actor]
impl Echo {
    #[distributed(spawn)]
    pub fn create(text: String) -> Self {
        drop(text);
        Echo
    }

    #[distributed]
    pub fn echo(&mut self, text: String) -> String {
        text
    }
}

pub fn summary(view: &ClusterView) -> Vec<(String, String)> {
    let mut all: Vec<_> =
        view.members().iter().map(|member| (member.name().to_owned(), member.state().to_string())).collect();
    all.sort();
    all
}

pub fn all_alive(view: &ClusterView, count: usize) -> bool {
    view.members().len() == count && view.members().iter().all(|member| member.state() == MemberState::Alive)
}

/// A probe beside a node.
pub fn start_probe(node: &Node) -> Result<ActorRef<Probe>, SystemError> {
    let probe = node.spawn(Probe { node: node.clone(), ran: Vec::new() });
    node.register("probe", &probe)?;
    Ok(probe)
}

/// What the other processes do: the body of a test that does nothing unless it was started by another one.
pub fn be_a_member() {
    let Ok(name) = env::var("MEMBER_NAME") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let contacts = env::var("MEMBER_CONTACTS").unwrap_or_default();
        let contacts: Vec<_> = contacts.split(',').filter(|contact| !contact.is_empty()).map(String::from).collect();
        let node = Node::builder()
            .name(name)
            .danger_allow_plaintext()
            .listen(env::var("MEMBER_LISTEN").unwrap())
            .join(contacts)
            .start()
            .await
            .unwrap();
        start_probe(&node).unwrap();
        println!("\nlistens {} {}", node.address(), node.id());
        std::io::stdout().flush().unwrap();
        distributed_actor::signal::wait_for_exit().await;
        node.shutdown().await;
    });
}

pub struct MemberProcess {
    pub process: Child,
    /// Kept open: the process writes to it when it ends.
    _output: Lines<BufReader<ChildStdout>>,
    pub name: String,
    pub address: String,
    pub id: String,
}

impl MemberProcess {
    /// Starts one, and waits until it listens.
    pub fn start(name: &str, listen: &str, contacts: &str) -> Self {
        Self::begin(name, listen, contacts).finish()
    }

    /// Starts one.
    pub fn begin(name: &str, listen: &str, contacts: &str) -> Starting {
        Self::begin_by(Command::new(env::current_exe().unwrap()), name, listen, contacts)
    }

    /// Starts one by that program, which is followed by the arguments.
    pub fn begin_by(mut program: Command, name: &str, listen: &str, contacts: &str) -> Starting {
        let process = program
            .args(["the_other_process", "--exact", "--nocapture"])
            .env("MEMBER_NAME", name)
            .env("MEMBER_LISTEN", listen)
            .env("MEMBER_CONTACTS", contacts)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Starting { process, name: name.into() }
    }

    pub fn signal(&self, signal: &str) {
        // The shell's own: not every machine has the program.
        let command = format!("kill {signal} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success());
    }

    /// Stops the process, until it is sent `-CONT`: when this returns, none of its threads runs.
    pub fn freeze(&self) {
        self.signal("-STOP");
        let tasks = || std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let runs = |status: &str| status.lines().any(|line| line.starts_with("State:") && !line.contains("stopped"));
        while tasks().any(|task| runs(&std::fs::read_to_string(task.unwrap().path().join("status")).unwrap())) {
            std::thread::yield_now();
        }
    }

    pub async fn probe(&self, node: &Node) -> ActorRef<Probe> {
        node.lookup(&self.address, "probe").await.unwrap()
    }
}

pub struct Starting {
    process: Child,
    name: String,
}

impl Starting {
    pub fn finish(mut self) -> MemberProcess {
        let mut lines = BufReader::new(self.process.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| Some(line.unwrap().strip_prefix("listens ")?.to_owned())).unwrap();
        let (address, id) = line.split_once(' ').unwrap();
        MemberProcess { process: self.process, _output: lines, name: self.name, address: address.into(), id: id.into() }
    }
}

impl Drop for MemberProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ports of this machine that are free at the moment.
pub fn free_ports(count: usize) -> Vec<u16> {
    let sockets: Vec<_> = (0..count).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect()
}

/// What a change may take that has no limit of its own, on whatever machine: a member that is not given time takes nine
/// times as long to declare somebody dead.
pub const IN_THE_END: Duration = Duration::from_secs(60);

/// Notices whether this machine has time for its processes. Where it has none, what takes long says nothing of members.
pub struct Machine {
    latest: Arc<AtomicU64>,
}

impl Machine {
    pub fn observe() -> Self {
        let latest = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&latest);
        thread::spawn(move || {
            const PAUSE: Duration = Duration::from_millis(10);
            let mut due = Instant::now() + PAUSE;
            while let Some(latest) = seen.upgrade() {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let late = Instant::now().saturating_duration_since(due);
                latest.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
                due = Instant::now() + PAUSE;
            }
        });
        Self { latest }
    }

    /// Whether a thread that wanted to run had to wait for more than 25 ms.
    pub fn is_busy(&self) -> bool {
        self.latest.load(Ordering::Relaxed) > 25
    }

    /// Says how long something took, and fails where that is too long for a machine that has time.
    pub fn figure(&self, what: &str, took: Duration, limit: Duration) {
        let busy = if self.is_busy() { ", on a machine that is busy" } else { "" };
        println!("figure: {what} {took:?}{busy}");
        assert!(self.is_busy() || took < limit, "{what} {took:?}, and may take {limit:?}");
    }
}
