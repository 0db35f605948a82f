//! Members that are processes: real sockets, real signals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};

use distributed_actor::{
    ActorRef, CallError, Node, SystemError,
    cluster::{ClusterEvent, ClusterEvents, ClusterView, MemberState},
};
use support::{Echo, IN_THE_END, Machine, MemberProcess, all_alive, be_a_member, free_ports, until_under_way};
use tokio::time::sleep;

const ANY: &str = "tcp://127.0.0.1:0";

#[test]
fn the_other_process() {
    be_a_member();
}

async fn node(name: &str, contacts: &[&str]) -> Node {
    Node::builder().name(name).listen(ANY).join(contacts.iter().copied()).start().await.unwrap()
}

/// R46, R51: of 1,000 calls in flight to a process that is killed all fail at once, with the node and a sentence.
#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_to_a_killed_process_fail_at_once() {
    let mut other = MemberProcess::start("other", ANY, "");
    let here = node("here", &[&other.address]).await;
    here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    let probe = other.probe(&here).await;
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let probe = probe.clone();
            tokio::spawn(async move { (probe.hang().timeout(Duration::from_secs(60)).await, Instant::now()) })
        })
        .collect();
    until_under_way(&here, 1000).await;
    let machine = Machine::observe();
    other.process.kill().unwrap();
    let killed = Instant::now();
    let mut last = killed;
    for call in calls {
        let (result, at) = call.await.unwrap();
        last = last.max(at);
        match result {
            Err(CallError::System(SystemError::Network(lost))) => assert_eq!(lost.node().to_string(), other.id),
            other => panic!("{other:?}"),
        }
    }
    machine.figure("SIGKILL, 1,000 calls: all failed after", last - killed, Duration::from_millis(200));
    // A new call fails with the reason, and does not hang.
    let error = probe.note(1).await.unwrap_err();
    assert!(matches!(error, CallError::System(SystemError::Connect { .. })), "{error:?}");
    let gone = |view: &ClusterView| view.named("other").is_none();
    here.cluster().wait_until(gone, IN_THE_END).await.unwrap();
    machine.figure("SIGKILL: dead after", killed.elapsed(), Duration::from_secs(9));
}

/// Nothing happens to the members. Where the machine does not let its processes run, one may seem slow, and no more.
async fn nothing_changes(events: &mut ClusterEvents, time: Duration, machine: &Machine) {
    let end = Instant::now() + time;
    while let Ok(event) = tokio::time::timeout(end.saturating_duration_since(Instant::now()), events.next()).await {
        let is_slow = matches!(event, Some(ClusterEvent::Changed { .. })) && machine.is_busy();
        assert!(is_slow, "{event:?}");
        println!("figure: on a machine that is busy: {event:?}");
    }
}

/// R45, R56: a process that is stopped for 3 s was never away.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_for_three_seconds_changes_nothing() {
    let other = MemberProcess::start("other", ANY, "");
    let here = node("here", &[&other.address]).await;
    here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    let probe = other.probe(&here).await;
    let mut events = here.cluster().events();
    assert!(matches!(events.next().await, Some(ClusterEvent::Snapshot(_))));
    let machine = Machine::observe();
    other.freeze();
    let call = tokio::spawn(async move { probe.note(1).await });
    sleep(Duration::from_secs(3)).await;
    other.signal("-CONT");
    assert_eq!(call.await.unwrap().unwrap(), 1);
    nothing_changes(&mut events, Duration::from_secs(4), &machine).await;
}

/// R45, R56: one that is stopped for 10 s is away, and comes back under its own id; what expired meanwhile does not run.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_for_ten_seconds_is_away_and_comes_back() {
    let other = MemberProcess::start("other", ANY, "");
    let here = node("here", &[&other.address]).await;
    here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    let probe = other.probe(&here).await;
    let machine = Machine::observe();
    other.freeze();
    let stopped = Instant::now();
    let calls: Vec<_> = (0..10)
        .map(|number| {
            tokio::spawn({
                let probe = probe.clone();
                async move { probe.note(number).timeout(Duration::from_secs(2)).await }
            })
        })
        .collect();
    let away = |view: &ClusterView| view.named("other").is_none();
    here.cluster().wait_until(away, IN_THE_END).await.unwrap();
    machine.figure("SIGSTOP 10 s: down after", stopped.elapsed(), Duration::from_secs(7));
    for call in calls {
        assert!(call.await.unwrap().is_err());
    }
    sleep(Duration::from_secs(10).saturating_sub(stopped.elapsed())).await;
    let continued = Instant::now();
    other.signal("-CONT");
    let view = here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    machine.figure("SIGSTOP 10 s: after SIGCONT back within", continued.elapsed(), Duration::from_secs(3));
    assert_eq!(view.named("other").unwrap().id().to_string(), other.id);
    assert_eq!(probe.ran().await.unwrap(), []);
}

/// R44: what a user's code does to its runtime does not make the node look dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_threads_are_all_busy_is_alive() {
    let other = MemberProcess::start("other", ANY, "");
    let here = node("here", &[&other.address]).await;
    here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    let probe = other.probe(&here).await;
    let mut events = here.cluster().events();
    assert!(matches!(events.next().await, Some(ClusterEvent::Snapshot(_))));
    let machine = Machine::observe();
    probe.block(Duration::from_secs(10)).await.unwrap();
    // Nothing of the user's runs there now.
    let busy = probe.note(1).timeout(Duration::from_secs(1)).await;
    println!("figure: a call to a process whose threads are all busy: {busy:?}");
    nothing_changes(&mut events, Duration::from_secs(9), &machine).await;
}

/// R52, R59: SIGTERM and SIGINT end a process in order, and the others know at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_end_leaves_within_a_second() {
    for signal in ["-TERM", "-INT"] {
        let mut other = MemberProcess::start("other", ANY, "");
        let here = node("here", &[&other.address]).await;
        here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
        let machine = Machine::observe();
        let asked = Instant::now();
        other.signal(signal);
        let gone = |view: &ClusterView| view.named("other").is_none();
        let view = here.cluster().wait_until(gone, IN_THE_END).await.unwrap();
        machine.figure(&format!("{signal}: left after"), asked.elapsed(), Duration::from_secs(1));
        assert_eq!(view.departed().last().map(|gone| gone.state()), Some(MemberState::Left));
        assert!(other.process.wait().unwrap().success());
    }
}

/// R2: one round trip, as a call is.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_another_node_takes_little_longer_than_a_call() {
    let other = MemberProcess::start("other", ANY, "");
    let here = node("here", &[&other.address]).await;
    let view = here.cluster().wait_until(|view| all_alive(view, 2), IN_THE_END).await.unwrap();
    let there = view.named("other").unwrap().id();
    let text = || "x".repeat(32);
    let echo = here.spawn_on(there, Echo::spawn_create(text())).await.unwrap();
    let (mut calls, mut starts) = (Vec::new(), Vec::new());
    // In turn, so that both find the machine as it is.
    for _ in 0..2000 {
        let began = Instant::now();
        echo.echo(text()).await.unwrap();
        calls.push(began.elapsed());
        let began = Instant::now();
        let started = here.spawn_on(there, Echo::spawn_create(text())).await.unwrap();
        starts.push(began.elapsed());
        started.stop().await;
    }
    calls.sort_unstable();
    starts.sort_unstable();
    let (call, start) = (calls[1000], starts[1000]);
    let ratio = start.as_secs_f64() / call.as_secs_f64();
    println!("figure: a start on another node {start:?}, a call {call:?}: {ratio:.2} x");
    // Unoptimized, what is computed weighs more than the way.
    assert!(ratio < 2.0, "{ratio}");
}

/// R51: each process that is started at the same address replaces the one before, of which nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn rapid_restarts_at_one_address_leave_no_ghosts() {
    let here = node("here", &[]).await;
    let witness = node("witness", &[here.address().as_str()]).await;
    let listen = format!("tcp://127.0.0.1:{}", free_ports(1)[0]);
    let mut probes = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..6 {
        let mut other = MemberProcess::start("other", &listen, here.address().as_str());
        let (machine, listens) = (Machine::observe(), Instant::now());
        let id = other.id.clone();
        for seer in [&here, &witness] {
            let is_there = |view: &ClusterView| {
                view.members().len() == 3 && view.named("other").is_some_and(|member| member.id().to_string() == id)
            };
            seer.cluster().wait_until(is_there, IN_THE_END).await.unwrap();
        }
        machine.figure("restarted: seen after", listens.elapsed(), Duration::from_secs(3));
        let probe = other.probe(&here).await;
        probe.note(7).await.unwrap();
        for old in &probes {
            let old: &ActorRef<support::Probe> = old;
            let error = old.note(8).await.unwrap_err();
            assert!(matches!(error, CallError::System(SystemError::NodeReplaced { .. })), "{error:?}");
        }
        assert_eq!(probe.ran().await.unwrap(), [7]);
        probes.push(probe);
        ids.push(id);
        other.process.kill().unwrap();
        other.process.wait().unwrap();
    }
    ids.pop();
    let departed = here.cluster().view().departed().to_vec();
    for id in ids {
        let gone = departed.iter().find(|gone| gone.id().to_string() == id);
        assert_eq!(gone.map(|gone| gone.state()), Some(MemberState::Replaced), "{id}");
    }
}

/// R40, R43: 20 processes, whatever their contacts, see one another soon after the last one listens.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_processes_see_one_another_within_three_seconds() {
    for shape in ["star", "chain"] {
        let ports = free_ports(20);
        let address = |number: usize| format!("tcp://127.0.0.1:{}", ports[number]);
        let starting: Vec<_> = (0..20)
            .map(|number| {
                let contacts = match (shape, number) {
                    (_, 0) => String::new(),
                    ("star", _) => address(0),
                    _ => address(number - 1),
                };
                MemberProcess::begin(&format!("member{number}"), &address(number), &contacts)
            })
            .collect();
        let members: Vec<_> = starting.into_iter().map(support::Starting::finish).collect();
        let (machine, started) = (Machine::observe(), Instant::now());
        let client = Node::builder().start().await.unwrap();
        for member in &members {
            let probe = member.probe(&client).await;
            loop {
                let view = probe.view().await.unwrap();
                if view.len() == 20 && view.iter().all(|(_, state)| state == "alive") {
                    break;
                }
                assert!(started.elapsed() < IN_THE_END, "{shape}, {}: {view:?}", member.name);
                sleep(Duration::from_millis(20)).await;
            }
        }
        let what = format!("20 processes, {shape}: all see all after");
        machine.figure(&what, started.elapsed(), Duration::from_secs(3));
        if shape == "star" {
            client.shutdown().await;
            costs_little_when_idle(&members).await;
        }
    }
}

/// What members have used so far.
#[derive(Default)]
struct Cost {
    /// Hundredths of a second that they have computed for.
    ticks: u64,
    /// How often their threads have gone to sleep.
    sleeps: u64,
    /// The most KiB that one of them has in memory.
    memory: u64,
}

fn cost(members: &[MemberProcess]) -> Cost {
    let number = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let mut cost = Cost::default();
    for member in members {
        let directory = format!("/proc/{}", member.process.id());
        let stat = std::fs::read_to_string(format!("{directory}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().map(String::from).collect();
        cost.ticks += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        for thread in std::fs::read_dir(format!("{directory}/task")).unwrap() {
            let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
            cost.sleeps += number(&status, "voluntary_ctxt_switches:");
            cost.memory = cost.memory.max(number(&status, "VmRSS:"));
        }
    }
    cost
}

/// The processor time is a figure for a quiet machine: where others empty its caches, one that wakes computes ten times as
/// long. What is held to here is how often a member wakes.
async fn costs_little_when_idle(members: &[MemberProcess]) {
    sleep(Duration::from_secs(2)).await;
    let (before, began) = (cost(members), Instant::now());
    sleep(Duration::from_secs(5)).await;
    let after = cost(members);
    let each = began.elapsed().as_secs_f64() * members.len() as f64;
    let (share, sleeps) = ((after.ticks - before.ticks) as f64 / each, (after.sleeps - before.sleeps) as f64 / each);
    println!(
        "figure: an idle member of {}: {share:.2} % of a core, {sleeps:.0} wake-ups per second, {} MiB at most",
        members.len(),
        after.memory / 1024
    );
    assert!(sleeps < 250.0 && after.memory < 40 * 1024, "{sleeps} wake-ups per second, {} KiB", after.memory);
}
