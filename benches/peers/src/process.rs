//! Processes: this one, and its children, which are the same program.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::{
        resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit},
        time::{TimeVal, TimeValLike},
    },
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};
use tokio::runtime::Runtime;

use crate::contender::Contender;

/// As each side has it.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// This program, once more.
pub(crate) fn again() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// Keeps this process, and those that it starts, on the first of its cores.
pub(crate) fn stay_on_one_core() {
    let allowed = sched_getaffinity(Pid::this()).unwrap();
    let first = (0..CpuSet::count()).find(|core| allowed.is_set(*core).unwrap()).unwrap();
    let mut one = CpuSet::new();
    one.set(first).unwrap();
    sched_setaffinity(Pid::this(), &one).unwrap();
}

/// Lets this process, and those that it starts, open as many files as the system allows.
pub(crate) fn open_many_files() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
}

/// This program, where one of fifty packets is lost: in a network of its own, whose packets are as long as those of a real
/// one. It takes root, and `ip` and `nft`; `None` without them.
pub(crate) fn again_with_losses() -> Option<Command> {
    const SET_UP: &str = "ip link set lo up mtu 1500 gso_max_segs 1 && nft add table inet loss && \
        nft add chain inet loss input '{ type filter hook input priority 0; }' && \
        nft add rule inet loss input numgen random mod 100 '<' 2 drop";
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "sh", "-c"]);
    let script = |then: &str| format!("{SET_UP} && {then}");
    let mut trial = Command::new("unshare");
    trial.args(["--net", "--", "sh", "-c", &script("true")]).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        return None;
    }
    command.arg(script("exec \"$0\" \"$@\"")).arg(std::env::current_exe().unwrap());
    Some(command)
}

/// The bytes of this process that are in memory.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// What the children that have ended took.
pub(crate) fn processor_time_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let microseconds = |time: TimeVal| time.num_microseconds() as u64;
    Duration::from_micros(microseconds(usage.user_time()) + microseconds(usage.system_time()))
}

/// Tells the child over which transport it serves, by its scheme; without it, as the contender does.
pub(crate) const OVER: &str = "PEERS_OVER";

/// The other process of a remote contender.
pub(crate) struct Server {
    child: Child,
    address: String,
    clock: ClockId,
}

impl Server {
    /// The server of the contender that this process measures.
    pub(crate) fn start(over: Option<&str>) -> Self {
        let contender = std::env::args().nth(3).unwrap();
        let mut command = again();
        command.args(["serve", &contender]).envs(over.map(|scheme| (OVER, scheme)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let clock = clock_getcpuclockid(Pid::from_raw(child.id() as i32)).unwrap();
        Self { child, address: address.trim().to_owned(), clock }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn processor_time_of_both(&self) -> Duration {
        let here = ClockId::CLOCK_PROCESS_CPUTIME_ID.now().unwrap();
        Duration::from(here) + self.processor_time()
    }

    pub(crate) fn processor_time(&self) -> Duration {
        Duration::from(self.clock.now().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child's side: serves until its input ends.
pub(crate) fn serve(contender: &Contender) {
    let runtime = runtime();
    let serve = contender.serve().unwrap();
    let (address, _kept) = runtime.block_on(async { tokio::spawn(serve()).await.unwrap() });
    println!("{address}");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}
