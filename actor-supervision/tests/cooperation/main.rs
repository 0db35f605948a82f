//! Actors that start together, in virtual time. Most cases are those of SObjectizer's tests of its cooperations, whose names
//! stand in the comments.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod listeners;

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actor_testkit::{Network, Panics, at_every_poll, poll_then_drop};
use distributed_actor::{
    ActorRef, CallError, Context, Exit, ExitReason, Node, Outcome, distributed_actor,
    supervision::{
        Child, Cooperation, CooperationBuilder, Members, Notice, NoticeKind, Restart, StartError, Strategy, Supervisor,
    },
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

/// What the members of one test share, and what happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap()
    }

    fn note(&self, entry: impl Into<String>) {
        self.lock().push(entry.into());
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock())
    }

    /// A listener that writes down what it is told.
    fn listens(&self) -> impl Fn(Notice) -> std::future::Ready<()> + Send + Sync + use<> {
        let log = self.clone();
        move |notice| {
            log.note(match notice.kind {
                NoticeKind::Registered => format!("registered {}", notice.cooperation),
                NoticeKind::Deregistered { reason } => format!("deregistered {} ({reason})", notice.cooperation),
                _ => unreachable!("there are no others"),
            });
            std::future::ready(())
        }
    }
}

/// Notes its end.
struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.note(format!("{} is dropped", self.0));
    }
}

/// What a member does as it starts.
#[derive(Clone, Default)]
enum Begin {
    #[default]
    AtOnce,
    Slowly,
    Fails,
    /// It asks itself to stop.
    Stops,
    /// It sends this to the member before it.
    Sends(&'static str),
    /// It calls the member before it, and waits for the answer.
    Calls,
    /// It does not stop of itself later.
    Stubborn,
}

struct Member {
    name: String,
    log: Log,
    begin: Begin,
    before: Option<ActorRef<Member>>,
    _resource: Option<Arc<Noted>>,
}

#[distributed_actor]
impl Member {
    #[on_start]
    async fn begins(&mut self, #[ctx] ctx: &Context<Self>) -> Result<(), String> {
        match &self.begin {
            Begin::Slowly => sleep(Duration::from_secs(1)).await,
            Begin::Fails => return Err(format!("{} is lame", self.name)),
            Begin::Stops => ctx.stop(),
            Begin::Sends(what) => {
                let before = self.before.as_ref().ok_or("there is nobody before it")?;
                before.hears((*what).into()).cast().await.map_err(|error| error.to_string())?;
            }
            Begin::Calls => {
                let before = self.before.as_ref().ok_or("there is nobody before it")?;
                before
                    .hears("too early".into())
                    .timeout(Duration::from_secs(60))
                    .await
                    .map_err(|error| error.to_string())?;
            }
            Begin::AtOnce | Begin::Stubborn => {}
        }
        self.log.note(format!("{} starts", self.name));
        Ok(())
    }

    #[on_stop]
    async fn ends(&mut self) {
        if matches!(self.begin, Begin::Stubborn) {
            std::future::pending::<()>().await;
        }
        self.log.note(format!("{} stops", self.name));
    }

    #[distributed]
    fn hears(&mut self, what: String) {
        self.log.note(format!("{} hears {what}", self.name));
    }

    #[distributed]
    fn crashes(&mut self) {
        std::panic::resume_unwind(Box::new("expected"));
    }

    #[distributed]
    fn gives_up(&mut self, #[ctx] ctx: &Context<Self>) {
        ctx.fail("it has lost its way");
    }
}

struct Test {
    node: Node,
    log: Log,
}

impl Test {
    async fn new() -> Self {
        let network = Network::seeded(79);
        let [node] = network.nodes().await;
        Self { node, log: Log::default() }
    }

    /// Makes a member of that name.
    fn make(
        &self,
        name: &str,
        begin: Begin,
    ) -> impl Fn(&Members<Node>) -> Result<Member, String> + Send + Sync + use<> {
        let (name, log) = (name.to_owned(), self.log.clone());
        move |_| {
            Ok(Member { name: name.clone(), log: log.clone(), begin: begin.clone(), before: None, _resource: None })
        }
    }

    fn group(&self, name: &str, members: &[&str]) -> CooperationBuilder<Node> {
        let builder = Cooperation::builder(name).listener(self.log.listens());
        members.iter().fold(builder, |builder, member| builder.member_with(*member, self.make(member, Begin::AtOnce)))
    }

    async fn settled(&self) -> Vec<String> {
        sleep(Duration::from_millis(10)).await;
        self.log.taken()
    }
}

/// R79, throw_on_define_agent, throw_on_bind_to_disp_2
#[tokio::test(start_paused = true)]
async fn of_eleven_members_one_cannot_be_made_and_none_starts() {
    let test = Test::new().await;
    let mut builder = Cooperation::builder("eleven").listener(test.log.listens());
    let (tell, mut told) = mpsc::unbounded_channel();
    for number in 1..=11 {
        let (make, node, tell) = (test.make(&number.to_string(), Begin::AtOnce), test.node.clone(), tell.clone());
        builder = builder.member_with(number.to_string(), move |members| {
            // All that are there are called meanwhile.
            for known in 1..number {
                let (known, tell) = (members.get::<Member>(&known.to_string()).unwrap(), tell.clone());
                let _ = &node;
                tokio::spawn(async move { tell.send(known.hears("too early".into()).await) });
            }
            if number == 6 { Err("it cannot be made".into()) } else { make(members) }
        });
    }
    let error = builder.start(&test.node).await.unwrap_err();
    assert_eq!((error.child(), error.reason().exit()), ("6", Exit::StartFailed));
    drop(tell);
    assert!(test.settled().await.is_empty());
    assert_eq!(test.node.actor_count(), 0);
    for _ in 0..15 {
        let answer = told.recv().await.unwrap();
        assert!(matches!(answer, Err(CallError::System(error)) if error.outcome() == Outcome::NotExecuted));
    }
}

/// R79
#[tokio::test(start_paused = true)]
async fn of_eleven_members_one_cannot_start_and_none_runs_a_call() {
    let test = Test::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut builder = Cooperation::builder("eleven").listener(test.log.listens());
    for number in 1..=11 {
        let begin = if number == 6 { Begin::Fails } else { Begin::Slowly };
        let (make, tell) = (test.make(&number.to_string(), begin), tell.clone());
        builder = builder.member_with(number.to_string(), move |members| {
            if let Ok(first) = members.get::<Member>("1") {
                let tell = tell.clone();
                tokio::spawn(async move { tell.send(first.hears("too early".into()).await) });
            }
            make(members)
        });
    }
    let error = builder.start(&test.node).await.unwrap_err();
    assert_eq!(error.child(), "6");
    assert!(error.to_string().contains("6 is lame"), "{error}");
    let started = (1..=5).map(|number| format!("{number} starts"));
    let stopped = (1..=5).rev().map(|number| format!("{number} stops"));
    assert_eq!(test.settled().await, started.chain(stopped).collect::<Vec<_>>());
    assert_eq!(test.node.actor_count(), 0);
    drop(tell);
    for _ in 0..10 {
        let answer = told.recv().await.unwrap();
        assert!(matches!(answer, Err(CallError::System(error)) if error.outcome() == Outcome::NotExecuted));
    }
}

/// R79, msg_loss_at_registration
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_that_members_are_sent_while_they_start() {
    let test = Test::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let (first, second) = (test.make("first", Begin::Slowly), test.make("second", Begin::Sends("from the second")));
    let builder = Cooperation::builder("pair").member_with("first", first).member_with("second", move |members| {
        let before = members.get::<Member>("first").unwrap();
        let (called, tell) = (before.clone(), tell.clone());
        tokio::spawn(async move { tell.send(called.hears("from outside".into()).await) });
        Ok::<_, String>(Member { before: Some(before), ..second(members)? })
    });
    builder.listener(test.log.listens()).start(&test.node).await.unwrap();
    told.recv().await.unwrap().unwrap();
    let log = test.settled().await;
    assert_eq!(log[..2], ["first starts", "second starts"]);
    assert!(log.contains(&"registered pair".into()));
    let heard: Vec<_> = log.iter().filter(|entry| entry.contains("hears")).collect();
    assert_eq!(heard, ["first hears from outside", "first hears from the second"]);
}

/// R81, parent_child_1, parent_child_3
#[tokio::test(start_paused = true)]
async fn child_groups_end_before_the_members_of_their_parents() {
    let test = Test::new().await;
    let root = test.group("0", &["m0"]).start(&test.node).await.unwrap();
    let mut deepest = root.clone();
    for depth in 1..=5 {
        let builder = test.group(&depth.to_string(), &[&format!("m{depth}")]);
        deepest = deepest.start_child(builder).await.unwrap();
    }
    test.settled().await;
    root.stop().await;
    let expected: Vec<_> = (0..=5)
        .rev()
        .flat_map(|depth| [format!("m{depth} stops"), format!("deregistered {depth} (it was stopped)")])
        .collect();
    assert_eq!(test.settled().await, expected);
    assert!(deepest.ended().await.is_normal());
    assert_eq!(test.node.actor_count(), 0);
}

/// R81, parent_child_2, child_coop_map, issue_28
#[tokio::test(start_paused = true)]
async fn a_wide_tree_of_groups_ends_from_its_leaves_and_children_that_end_alone_are_forgotten() {
    let test = Test::new().await;
    let root = test.group("r", &[]).start(&test.node).await.unwrap();
    for outer in 0..4 {
        let branch = root.start_child(test.group(&format!("r{outer}"), &["x", "y"])).await.unwrap();
        for inner in 0..4 {
            branch.start_child(test.group(&format!("r{outer}{inner}"), &["z"])).await.unwrap();
        }
    }
    // Many that end of themselves.
    for _ in 0..64 {
        let short = test.group("short", &[]).member_with("member", test.make("member", Begin::Stops));
        root.start_child(short).await.unwrap().ended().await;
    }
    test.settled().await;
    assert!(root.stop().await.is_normal());
    let ended: Vec<_> = test.settled().await.into_iter().filter(|entry| entry.starts_with("dereg")).collect();
    assert_eq!(ended.len(), 1 + 4 + 16);
    let place = |name: &str| ended.iter().position(|entry| entry.contains(&format!(" {name} "))).unwrap();
    for outer in 0..4 {
        assert!(place(&format!("r{outer}")) < place("r"));
        for inner in 0..4 {
            assert!(place(&format!("r{outer}{inner}")) < place(&format!("r{outer}")));
        }
    }
    assert_eq!(test.node.actor_count(), 0);
}

/// R81, parent_child_4, shutdown_while_reg
#[tokio::test(start_paused = true)]
async fn a_child_group_does_not_start_below_a_parent_that_ends_meanwhile() {
    let test = Test::new().await;
    let parent = test.group("parent", &["p"]).start(&test.node).await.unwrap();
    let child = test.group("child", &[]).member_with("slow", test.make("slow", Begin::Slowly));
    let child = child.member_with("never", test.make("never", Begin::AtOnce));
    test.settled().await;
    let starting = parent.start_child(child.clone());
    let (started, stopped) = tokio::join!(starting, async {
        sleep(Duration::from_millis(500)).await;
        parent.stop().await
    });
    let error: StartError = started.unwrap_err();
    assert_eq!((error.child(), error.reason().exit()), ("child", Exit::Shutdown));
    assert!(stopped.is_normal());
    // What had begun to start comes to its end in order, before any member of the parent.
    assert_eq!(test.settled().await, ["slow starts", "slow stops", "p stops", "deregistered parent (it was stopped)"]);
    // And none starts below one that has ended.
    let error = parent.start_child(child).await.unwrap_err();
    assert_eq!(error.reason().why(), "its parent ends");
    assert!(test.settled().await.is_empty());
}

/// R80, dereg_empty_coop, dereg_already_deregistered
#[tokio::test(start_paused = true)]
async fn an_empty_group_starts_and_ends_and_to_stop_it_again_changes_nothing() {
    let test = Test::new().await;
    let group = test.group("empty", &[]).start(&test.node).await.unwrap();
    let first = group.stop().await;
    for _ in 0..100 {
        assert_eq!(group.stop().await, first);
    }
    assert!(group.member::<Member>("member").is_err());
    assert_eq!(test.settled().await, ["registered empty", "deregistered empty (it was stopped)"]);
}

/// R79, user_resource, destruction_order_1
#[tokio::test(start_paused = true)]
async fn resources_are_freed_after_the_last_member_and_before_the_end_is_told() {
    let test = Test::new().await;
    let log = test.log.clone();
    let make = test.make("member", Begin::Stops);
    let builder = test.group("group", &["other"]).resource(move || Noted("resource", log.clone())).member_with(
        "member",
        move |members: &Members<Node>| {
            Ok::<_, String>(Member { _resource: members.resource::<Noted>(), ..make(members)? })
        },
    );
    let group = builder.clone().start(&test.node).await.unwrap();
    let reason = group.ended().await;
    let log = test.settled().await;
    let end = format!("deregistered group ({reason})");
    assert_eq!(log[log.len() - 4..], ["member stops", "other stops", "resource is dropped", &end]);
    // Where it cannot start, too.
    let failing = builder.member_with("lame", test.make("lame", Begin::Fails));
    failing.start(&test.node).await.unwrap_err();
    assert_eq!(test.settled().await.last().unwrap(), "resource is dropped");
}

/// R80
#[tokio::test(start_paused = true)]
async fn a_member_that_crashes_ends_all_with_its_reason() {
    let test = Test::new().await;
    let group = test.group("group", &["a", "b", "c"]).start(&test.node).await.unwrap();
    let c: ActorRef<Member> = group.member("c").unwrap();
    group.member::<Member>("b").unwrap().gives_up().await.unwrap();
    let reason = group.ended().await;
    assert_eq!((reason.exit(), reason.why()), (Exit::Failed, "member `b` has ended"));
    assert_eq!(reason.root().why(), "it has lost its way");
    let log = test.settled().await;
    assert_eq!(log[log.len() - 4..log.len() - 1], ["b stops", "c stops", "a stops"]);
    // Whoever watched a member is told why, too.
    assert!(ExitReason::from(&c.terminated().await).to_string().contains("lost its way"));
}

/// R82
#[tokio::test(start_paused = true)]
async fn a_group_is_started_again_as_a_whole_by_its_supervisor_and_others_one_by_one() {
    let test = Test::new().await;
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(60))
        .child(Child::new("coarse", test.group("coarse", &["a", "b"])))
        .child(Child::new("fine", Alone::spawn_create()).restart(Restart::Transient))
        .start(&test.node)
        .await
        .unwrap();
    let fine: ActorRef<Alone> = tree.child("fine").unwrap();
    assert_eq!(fine.calls().await.unwrap(), 1);
    test.settled().await;
    let coarse = tree.cooperation("coarse").unwrap();
    coarse.member::<Member>("a").unwrap().crashes().await.unwrap_err();
    let reason = coarse.ended().await;
    assert_eq!(reason.exit(), Exit::Panicked);
    let log = test.settled().await;
    assert_eq!(log[0], "b stops");
    assert_eq!(log[2..], ["a starts", "b starts", "registered coarse"]);
    assert_eq!(fine.calls().await.unwrap(), 2);
    let picture = tree.picture().await.unwrap();
    assert!(picture.contains("coarse (running, restarts: 1, last exit: member `a` has ended"), "{picture}");
    // The second crash is one too many: the reason goes up.
    let coarse = tree.cooperation("coarse").unwrap();
    coarse.member::<Member>("b").unwrap().gives_up().await.unwrap();
    let reason = tree.ended().await;
    assert_eq!((reason.exit(), reason.root().why()), (Exit::Escalated, "it has lost its way"));
    assert_eq!(test.node.actor_count(), 0);
}

/// R79, R81: a node that shuts down ends its groups as whoever stops them does.
#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_ends_its_groups_in_their_order() {
    let test = Test::new().await;
    let parent = test.group("parent", &["a", "b"]).start(&test.node).await.unwrap();
    parent.start_child(test.group("child", &["c", "d"])).await.unwrap();
    let tree = Supervisor::builder(Strategy::OneForOne).child(Child::new("tree", test.group("tree", &["e", "f"])));
    let tree = tree.start(&test.node).await.unwrap();
    test.settled().await;
    test.node.shutdown().await;
    let log = test.settled().await;
    let of = |names: &[&str]| {
        let is_of = |entry: &&String| entry.split(' ').take(2).any(|word| names.contains(&word));
        log.iter().filter(is_of).cloned().collect::<Vec<_>>()
    };
    let ends = ["d stops", "c stops", "deregistered child (it was stopped)", "b stops", "a stops"];
    assert_eq!(of(&["c", "d", "child", "b", "a"]), ends);
    assert_eq!(of(&["e", "f"]), ["f stops", "e stops"]);
    assert!(log.contains(&"deregistered parent (it was stopped)".into()), "{log:?}");
    assert!(parent.ended().await.is_normal() && tree.ended().await.is_normal());
    assert_eq!(test.node.actor_count(), 0);
}

struct Alone(u64);

#[distributed_actor]
impl Alone {
    #[distributed(spawn)]
    fn create() -> Self {
        Self(0)
    }

    #[distributed]
    fn calls(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// R79
#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_waits_for_leaves_nothing_behind() {
    let test = Test::new().await;
    let builder = test.group("group", &["a"]).member_with("slow", test.make("slow", Begin::Slowly));
    {
        let mut starting = pin!(builder.start(&test.node));
        tokio::select! {
            _ = &mut starting => unreachable!("it is slow"),
            () = sleep(Duration::from_millis(500)) => {}
        }
    }
    sleep(Duration::from_secs(5)).await;
    let log = test.settled().await;
    assert_eq!(log.iter().filter(|entry| entry.contains("stops")).count(), 2, "{log:?}");
    assert_eq!(test.node.actor_count(), 0);
}

/// duplicate_name
#[tokio::test(start_paused = true)]
async fn two_members_of_one_name_are_refused() {
    let test = Test::new().await;
    let error = test.group("group", &["a", "b", "a"]).start(&test.node).await.unwrap_err();
    assert_eq!((error.child(), error.reason().why()), ("a", "two members have this name"));
    assert!(test.settled().await.is_empty());
}

/// R77
#[tokio::test(start_paused = true)]
async fn a_member_that_does_not_stop_is_given_up_after_its_time() {
    let test = Test::new().await;
    let builder = test.group("group", &["a"]).member_with("b", test.make("b", Begin::Stubborn));
    let group = builder.shutdown(Duration::from_secs(3)).start(&test.node).await.unwrap();
    let began = Instant::now();
    group.stop().await;
    assert!((3..=4).contains(&began.elapsed().as_secs()));
    assert!(test.settled().await.contains(&"a stops".into()));
}

/// R79, R81: whatever is dropped half-way, all or nothing is there.
#[tokio::test(start_paused = true)]
async fn a_start_and_a_stop_of_a_group_can_be_dropped_at_every_poll() {
    let test = Test::new().await;
    let group = || {
        let builder = test.group("group", &["a"]).member_with("slow", test.make("slow", Begin::Slowly));
        builder.member("alone", Alone::spawn_create())
    };
    at_every_poll(async |polls| {
        let started = poll_then_drop(polls, group().start(&test.node)).await.map(Result::unwrap);
        sleep(Duration::from_secs(20)).await;
        assert_eq!(test.node.actor_count(), if started.is_some() { 4 } else { 0 }, "after {polls} polls");
        if let Some(group) = &started {
            group.stop().await;
        }
        started.map(drop)
    })
    .await;
    test.settled().await;
    at_every_poll(async |polls| {
        let group = group().start(&test.node).await.unwrap();
        let stopped = poll_then_drop(polls, group.stop()).await.map(drop);
        if polls == 0 {
            group.stop().await;
        }
        assert!(group.ended().await.is_normal());
        assert_eq!(test.node.actor_count(), 0, "after {polls} polls");
        let log = test.settled().await;
        assert_eq!(log.iter().filter(|entry| entry.contains("registered")).count(), 2, "{log:?}");
        stopped
    })
    .await;
    let parent = test.group("parent", &["p"]).start(&test.node).await.unwrap();
    at_every_poll(async |polls| {
        let child = poll_then_drop(polls, parent.start_child(group())).await.map(Result::unwrap);
        sleep(Duration::from_secs(20)).await;
        assert_eq!(test.node.actor_count(), if child.is_some() { 5 } else { 2 }, "after {polls} polls");
        child.map(drop)
    })
    .await;
    parent.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}

/// R79: user code that panics, waits in a circle or for itself harms nobody else, and leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn what_panics_or_waits_for_itself_while_a_group_starts_is_given_up() {
    let test = Test::new().await;
    let _ = Panics::watch();
    let panics = |_: &Members<Node>| -> Result<Member, String> { panic!("no member") };
    let error = test.group("group", &["a"]).member_with("b", panics).start(&test.node).await.unwrap_err();
    assert_eq!((error.child(), error.reason().exit()), ("b", Exit::Panicked));
    let error = test.group("group", &["a"]).resource(|| -> u8 { panic!("none") }).start(&test.node).await.unwrap_err();
    assert_eq!((error.child(), error.reason().exit()), ("group", Exit::Panicked));
    assert!(test.settled().await.is_empty());
    // It waits for one that does not take calls before it has started itself.
    let began = Instant::now();
    let first = test.make("first", Begin::AtOnce);
    let second = test.make("second", Begin::Calls);
    let builder = Cooperation::builder("circle").member_with("first", first).member_with("second", move |members| {
        Ok::<_, String>(Member { before: members.get::<Member>("first").ok(), ..second(members)? })
    });
    let error = builder.start(&test.node).await.unwrap_err();
    assert_eq!(error.child(), "second");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(test.settled().await, ["first starts", "first stops"]);
    assert_eq!(test.node.actor_count(), 0);
}

/// R80: a member that waits for the end of its own group has no more time than any other.
#[tokio::test(start_paused = true)]
async fn a_member_that_waits_for_its_own_end_is_given_up() {
    struct Suicidal(Arc<Mutex<Option<Cooperation<Node>>>>);

    #[distributed_actor]
    impl Suicidal {
        #[distributed]
        async fn ends_all(&mut self) {
            let group = self.0.lock().unwrap().clone().unwrap();
            group.stop().await;
        }
    }

    let (test, known) = (Test::new().await, Arc::new(Mutex::new(None)));
    let knows = known.clone();
    let builder = test.group("group", &["a"]).member_with("b", move |_| Ok::<_, String>(Suicidal(knows.clone())));
    let group = builder.start(&test.node).await.unwrap();
    *known.lock().unwrap() = Some(group.clone());
    let began = Instant::now();
    let called = group.member::<Suicidal>("b").unwrap().ends_all().await;
    assert!(called.is_err() && group.ended().await.is_normal());
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(test.settled().await.contains(&"a stops".into()));
    assert_eq!(test.node.actor_count(), 0);
    known.lock().unwrap().take();
}

/// Whoever waits on another runtime learns that the group's is gone.
#[test]
fn the_end_of_a_runtime_is_the_end_of_its_groups() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (below, above) = (runtime(), runtime());
    let group = below.block_on(async {
        let node = Node::builder().start().await.unwrap();
        Cooperation::builder("group").member("a", Alone::spawn_create()).start(&node).await.unwrap()
    });
    let ended = above.spawn(group.ended());
    below.shutdown_background();
    let reason = above.block_on(async { tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap() });
    assert!(reason.is_normal() && group.member::<Alone>("a").is_err(), "{reason}");
}
