//! Members on several hosts, between which packets are lost. `.ci/hosts` makes the hosts, as network namespaces; without
//! it these tests do nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use distributed_actor::{ActorRef, CallError, Node, SystemError, cluster::ClusterView};
use support::{MemberProcess, Probe, all_alive, be_a_member};
use tokio::time::sleep;

#[test]
fn the_other_process() {
    be_a_member();
}

/// The hosts, of which this process is on the first.
struct Hosts {
    prefix: String,
    node: Node,
    /// Those on the other hosts, by number.
    members: Vec<MemberProcess>,
    probes: Vec<ActorRef<Probe>>,
}

impl Hosts {
    /// Some hosts with a member each. None where there are none.
    async fn start(count: usize) -> Option<Self> {
        let prefix = env::var("CLUSTER_HOSTS").ok()?;
        let first = address(0);
        let builder = Node::builder().name("host0").listen(&first).danger_allow_plaintext();
        let node = builder.join(None::<&str>).start().await.unwrap();
        let members: Vec<_> = (1..count)
            .map(|host| {
                let namespace = format!("{prefix}{host}");
                let mut program = Command::new("ip");
                program.args(["netns", "exec", &namespace]).arg(env::current_exe().unwrap());
                MemberProcess::begin_by(program, &format!("host{host}"), &address(host), &first).finish()
            })
            .collect();
        let mut probes = Vec::new();
        for member in &members {
            probes.push(member.probe(&node).await);
        }
        let hosts = Self { prefix, node, members, probes };
        hosts.until_all_see_all(Duration::from_secs(5)).await;
        Some(hosts)
    }

    fn count(&self) -> usize {
        self.members.len() + 1
    }

    fn nft(&self, host: usize, command: &str) {
        let namespace = format!("{}{host}", self.prefix);
        let status = Command::new("ip").args(["netns", "exec", &namespace, "nft", command]).status().unwrap();
        assert!(status.success(), "{command}");
    }

    /// Drops what arrives at a host, as far as that matches.
    fn drop_at(&self, host: usize, matching: &str) {
        self.nft(
            host,
            &format!(
                "add table inet loss; add chain inet loss input {{ type filter hook input priority 0; }}; \
                 add rule inet loss input {matching} drop"
            ),
        );
    }

    /// Drops what arrives at `to` from `from`.
    fn cut(&self, from: usize, to: usize) {
        self.drop_at(to, &format!("ip saddr 10.77.0.{}", from + 1));
    }

    fn heal(&self) {
        for host in 0..self.count() {
            self.nft(host, "add table inet loss; delete table inet loss");
        }
    }

    /// What the members see, as far as they can be asked, this one first.
    async fn views(&self) -> Vec<Option<Vec<(String, String)>>> {
        let mut views = vec![Some(support::summary(&self.node.cluster().view()))];
        for probe in &self.probes {
            views.push(probe.view().timeout(Duration::from_millis(500)).await.ok());
        }
        views
    }

    async fn until_all_see_all(&self, time: Duration) -> Duration {
        let started = Instant::now();
        loop {
            let views = self.views().await;
            let sees_all = |view: &Option<Vec<(String, String)>>| {
                view.as_ref()
                    .is_some_and(|view| view.len() == self.count() && view.iter().all(|(_, state)| state == "alive"))
            };
            if views.iter().all(sees_all) {
                return started.elapsed();
            }
            assert!(started.elapsed() < time, "{views:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.heal();
    }
}

fn address(host: usize) -> String {
    format!("tcp://10.77.0.{}:7000", host + 1)
}

fn seconds(name: &str, default: u64) -> Duration {
    Duration::from_secs(env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default))
}

/// R46: a host from which nothing comes any more, not even a reset.
#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_host_that_has_vanished_fail_within_six_seconds() {
    let Some(hosts) = Hosts::start(3).await else { return };
    let probe = &hosts.probes[0];
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let probe = probe.clone();
            tokio::spawn(async move { (probe.hang().timeout(Duration::from_secs(60)).await, Instant::now()) })
        })
        .collect();
    support::until_under_way(&hosts.node, 1000).await;
    hosts.drop_at(1, "iifname eth0");
    hosts.nft(1, "add chain inet loss output { type filter hook output priority 0; }; add rule inet loss output oifname eth0 drop");
    let vanished = Instant::now();
    let mut last = Duration::ZERO;
    for call in calls {
        let (result, at) = call.await.unwrap();
        assert!(matches!(result, Err(CallError::System(SystemError::Network(_)))), "{result:?}");
        last = last.max(at - vanished);
    }
    println!("figure: vanished host: 1,000 calls failed after {last:?}");
    assert!(last < Duration::from_secs(6), "{last:?}");
    let gone = |view: &ClusterView| view.named("host1").is_none();
    hosts.node.cluster().wait_until(gone, Duration::from_secs(10)).await.unwrap();
    println!("figure: vanished host: dead after {:?}", vanished.elapsed());
    hosts.heal();
    println!("figure: vanished host: back for all after {:?}", hosts.until_all_see_all(Duration::from_secs(10)).await);
}

/// R45: what one host sends to another one is lost, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn one_way_loss_makes_two_members_unreachable_for_each_other_and_not_dead() {
    let Some(hosts) = Hosts::start(4).await else { return };
    hosts.cut(1, 2);
    let started = Instant::now();
    let state = |view: &Option<Vec<(String, String)>>, of: &str| {
        let view = view.as_ref()?;
        view.iter().find(|(name, _)| name == of).map(|(_, state)| state.clone())
    };
    loop {
        let views = hosts.views().await;
        if state(&views[1], "host2").as_deref() == Some("unreachable")
            && state(&views[2], "host1").as_deref() == Some("unreachable")
        {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(12), "{views:?}");
        sleep(Duration::from_millis(50)).await;
    }
    println!("figure: one-way loss: both agree after {:?}", started.elapsed());
    while started.elapsed() < Duration::from_secs(20) {
        for view in hosts.views().await.into_iter().flatten() {
            assert_eq!(view.len(), 4, "{view:?}");
        }
        assert!(all_alive(&hosts.node.cluster().view(), 4));
        sleep(Duration::from_millis(200)).await;
    }
    hosts.heal();
    println!(
        "figure: one-way loss: all alive {:?} after healing",
        hosts.until_all_see_all(Duration::from_secs(10)).await
    );
}

/// R45: nobody is declared dead for it. With 5 %; what 20 % does is printed.
#[tokio::test(flavor = "multi_thread")]
async fn five_percent_of_loss_between_hosts_kills_nobody() {
    let Some(hosts) = Hosts::start(4).await else { return };
    for percent in [5, 20] {
        for host in 0..hosts.count() {
            hosts.drop_at(host, &format!("numgen random mod 100 < {percent}"));
        }
        let started = Instant::now();
        let (mut asked, mut others) = (0, 0);
        while started.elapsed() < seconds("LOSS_SECONDS", 10) {
            for view in hosts.views().await.into_iter().flatten() {
                asked += 1;
                others += usize::from(view.iter().any(|(_, state)| state != "alive"));
                assert!(percent > 5 || view.len() == hosts.count(), "{view:?}");
            }
            sleep(Duration::from_millis(100)).await;
        }
        println!("figure: {percent} % loss: {others} of {asked} views had a member that was not alive");
        hosts.heal();
        hosts.until_all_see_all(Duration::from_secs(10)).await;
    }
}

/// R57: two halves that see nothing of each other go on by themselves; when they see each other again so do calls.
#[tokio::test(flavor = "multi_thread")]
async fn calls_go_through_soon_after_a_partition_of_hosts_has_ended() {
    let Some(hosts) = Hosts::start(5).await else { return };
    for one in [0, 1] {
        for other in [2, 3, 4] {
            hosts.cut(one, other);
            hosts.cut(other, one);
        }
    }
    let two = |view: &ClusterView| view.members().len() == 2;
    hosts.node.cluster().wait_until(two, Duration::from_secs(20)).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    hosts.heal();
    let healed = Instant::now();
    while hosts.probes[3].note(1).timeout(Duration::from_millis(500)).await.is_err() {}
    println!("figure: partition of hosts: the first call succeeds {:?} after healing", healed.elapsed());
    assert!(healed.elapsed() < Duration::from_secs(6), "{:?}", healed.elapsed());
    let again = hosts.until_all_see_all(Duration::from_secs(10)).await;
    println!("figure: partition of hosts: all see all {:?} after healing", healed.elapsed());
    assert!(again < Duration::from_secs(10));
}
