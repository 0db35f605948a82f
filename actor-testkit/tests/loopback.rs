//! What only a loop-back shows: each step that the runtime asks of a system, and bytes that nobody has encoded.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use actor_core::{
    ActorId, ActorRef, Context, DistributedActor, MethodInfo, SpawnOptions, SystemError, Terminated, distributed_actor,
    spawn, try_spawn_with,
};
use actor_testkit::{
    LoopbackSystem,
    loopback::{Answer, Observed, Recorded},
};
use bytes::Bytes;

struct Account {
    cents: u64,
    owner: Option<ActorRef<Account>>,
}

#[distributed_actor(system = LoopbackSystem, crate = actor_core)]
impl Account {
    #[distributed]
    fn withdraw(&mut self, cents: u64, _memo: String) -> Result<u64, String> {
        self.cents = self.cents.checked_sub(cents).ok_or("not enough")?;
        Ok(self.cents)
    }

    #[distributed]
    fn nothing(&self) {}

    #[distributed]
    fn own(&mut self, owner: ActorRef<Account>) {
        self.owner = Some(owner);
    }

    #[distributed]
    fn panic(&mut self) {
        panic!("a secret of the account");
    }

    #[distributed]
    fn child(&self, #[ctx] ctx: &Context<Self>) -> ActorRef<Account> {
        ctx.spawn(Account { cents: 1, owner: None })
    }
}

struct Vault;

#[distributed_actor(system = LoopbackSystem, crate = actor_core)]
impl Vault {
    #[distributed]
    fn withdraw(&mut self, cents: u64, _memo: String) -> u64 {
        cents
    }
}

type Log = Arc<Mutex<Vec<Observed>>>;

fn observed() -> (LoopbackSystem, Log) {
    let log = Log::default();
    let seen = log.clone();
    (LoopbackSystem::observed(move |what| seen.lock().unwrap().push(what)), log)
}

fn take(log: &Log) -> Vec<Observed> {
    std::mem::take(&mut log.lock().unwrap())
}

fn account(cents: u64) -> Account {
    Account { cents, owner: None }
}

/// How often each step of the life of that actor was seen, in order.
fn life_of(id: ActorId, log: &[Observed]) -> Vec<&'static str> {
    let step = |what: &Observed| match what {
        Observed::Assigned(other) if *other == id => Some("assigned"),
        Observed::Ready(other) if *other == id => Some("ready"),
        Observed::Resigned(other) if *other == id => Some("resigned"),
        _ => None,
    };
    log.iter().filter_map(step).collect()
}

fn method<A: DistributedActor>(name: &str) -> &'static MethodInfo {
    A::METHODS.iter().map(|entry| entry.info()).find(|info| info.method() == name).unwrap()
}

/// R26
#[tokio::test]
async fn an_invocation_is_recorded_in_one_fixed_order() {
    let (system, log) = observed();
    let account = system.spawn(account(10));
    take(&log);
    assert_eq!(account.withdraw(3, "coffee".into()).await.unwrap(), 7);
    let recorded = |what: Recorded| Observed::Recorded(what);
    assert_eq!(
        take(&log),
        [
            recorded(Recorded::Argument("u64")),
            recorded(Recorded::Argument("alloc::string::String")),
            recorded(Recorded::ErrorType("alloc::string::String")),
            recorded(Recorded::ReturnType("u64")),
            recorded(Recorded::Done),
            Observed::Sent { target: *account.id(), method: method::<Account>("withdraw").name(), length: 8 },
        ]
    );
}

/// R26
#[tokio::test]
async fn a_method_without_error_arguments_and_value_records_its_return_type() {
    let (system, log) = observed();
    let account = system.spawn(account(10));
    take(&log);
    account.nothing().await.unwrap();
    account.nothing().cast().await.unwrap();
    let recorded: Vec<_> = take(&log).into_iter().filter(|what| matches!(what, Observed::Recorded(_))).collect();
    let once = [Observed::Recorded(Recorded::ReturnType("()")), Observed::Recorded(Recorded::Done)];
    assert_eq!(recorded, [once.clone(), once].concat());
}

/// R5, R31
#[tokio::test]
async fn a_proxy_encodes_and_a_local_reference_does_not() {
    let (system, log) = observed();
    let local = spawn(&system, account(10));
    let proxy = ActorRef::<Account>::resolve(&system, *local.id()).unwrap();
    assert!(local.is_local() && !proxy.is_local());
    take(&log);
    local.nothing().await.unwrap();
    assert_eq!(take(&log), []);
    proxy.nothing().await.unwrap();
    assert!(!take(&log).is_empty());
}

/// R21, R31
#[tokio::test]
async fn a_reference_travels_as_its_id() {
    let (system, log) = observed();
    let (one, other) = (system.spawn(account(10)), system.spawn(account(20)));
    take(&log);
    one.own(other.clone()).await.unwrap();
    let length = take(&log).iter().find_map(|what| match what {
        Observed::Sent { length, .. } => Some(*length),
        _ => None,
    });
    // 16 bytes for the node, one for a small instance number.
    assert_eq!(length, Some(17));
}

/// R18
#[tokio::test]
async fn each_step_of_a_life_is_taken_once() {
    let (system, log) = observed();
    let local = spawn(&system, account(10));
    let id = *local.id();
    assert_eq!(life_of(id, &log.lock().unwrap()), ["assigned", "ready"]);
    let ended = local.terminated();
    drop(local);
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(life_of(id, &take(&log)), ["assigned", "ready", "resigned"]);
}

/// R18
#[tokio::test]
async fn however_an_actor_ends_its_id_is_resigned_once() {
    let (system, log) = observed();

    let stopped = spawn(&system, account(10));
    assert_eq!(stopped.stop().await, Terminated::Stopped);
    assert_eq!(stopped.stop().await, Terminated::Stopped);
    let panicked = spawn(&system, account(10));
    let ended = panicked.terminated();
    panicked.panic().await.unwrap_err();
    assert_eq!(ended.await, Terminated::Panicked);
    let parent = spawn(&system, account(10));
    let child = parent.child().await.unwrap();
    let (id, ended) = (*child.id(), child.terminated());
    drop((child, parent));
    ended.await;

    let ids = [*stopped.id(), *panicked.id(), id];
    drop((stopped, panicked));
    let log = take(&log);
    for id in ids {
        assert_eq!(life_of(id, &log), ["assigned", "ready", "resigned"]);
    }
}

/// R18
#[tokio::test]
async fn a_failed_start_resigns_without_having_been_ready() {
    let (system, log) = observed();
    let mut ids = Vec::new();
    let failed = try_spawn_with::<Account, _>(&system, SpawnOptions::new(), |context| {
        ids.push(*context.id());
        Err("no")
    });
    assert_eq!(failed.unwrap_err(), "no");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        try_spawn_with::<Account, ()>(&system, SpawnOptions::new(), |context| {
            ids.push(*context.id());
            panic!("the start was asked to")
        })
    }));
    assert!(panicked.is_err());
    let log = take(&log);
    for id in ids {
        assert_eq!(life_of(id, &log), ["assigned", "resigned"]);
    }
}

/// R19, R31
#[tokio::test]
async fn what_the_system_has_spawned_lives_until_it_is_released() {
    let system = LoopbackSystem::new();
    let account = system.spawn(account(10));
    assert_eq!(account.withdraw(1, String::new()).await.unwrap(), 9);
    let ended = account.terminated();
    assert!(system.release(&account));
    assert!(!system.release(&account));
    assert_eq!(ended.await, Terminated::Stopped);
    assert!(ActorRef::<Account>::resolve(&system, *account.id()).is_err());
}

/// R19, R31
#[tokio::test]
async fn what_the_system_has_spawned_ends_with_its_last_handle() {
    let system = LoopbackSystem::new();
    let account = system.spawn(account(10));
    // An actor that refers to itself.
    account.own(account.clone()).await.unwrap();
    let ended = account.terminated();
    drop((system, account));
    assert_eq!(ended.await, Terminated::Stopped);
}

/// R37
#[tokio::test]
async fn a_method_of_another_actor_is_refused_by_the_erased_handler() {
    let system = LoopbackSystem::new();
    let account = system.spawn(account(10));
    let foreign = method::<Vault>("withdraw");
    assert_eq!(foreign.position(), method::<Account>("withdraw").position());
    let answer = system.deliver(&account, foreign, vec![3, 0]).await;
    assert_eq!(answer, Answer::Failed(SystemError::UnknownMethod { method: foreign.name().into() }));
    assert_eq!(account.withdraw(0, String::new()).await.unwrap(), 10);
}

/// R27, R37
#[tokio::test]
async fn arguments_that_are_not_those_of_the_method_are_refused() {
    let system = LoopbackSystem::new();
    let account = system.spawn(account(10));
    let withdraw = method::<Account>("withdraw");
    assert_eq!(system.deliver(&account, withdraw, vec![3, 1, b'x']).await, Answer::Value(Bytes::from_static(&[7])));
    let too_much = system.deliver(&account, withdraw, vec![200, 1, 0]).await;
    assert_eq!(too_much, Answer::Thrown(Bytes::from_static(b"\x0anot enough")));
    let nothing: &[u8] = &[];
    for bytes in [nothing, &[3], &[3, 1], &[3, 1, 0xff], &[3, 1, b'x', 0], &[0xff; 11]] {
        match system.deliver(&account, withdraw, bytes.to_vec()).await {
            Answer::Failed(SystemError::BadArguments { method, .. }) => assert_eq!(*method, *withdraw.name()),
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
    assert_eq!(account.withdraw(0, String::new()).await.unwrap(), 7);
}

/// R13
#[tokio::test]
async fn the_text_of_a_panic_is_not_told() {
    let (system, log) = observed();
    let account = system.spawn(account(10));
    let error = account.panic().await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    drop(log);
}

/// R8, R62
#[tokio::test]
async fn a_one_way_call_that_fails_is_a_dead_letter() {
    let (sender, mut letters) = tokio::sync::mpsc::unbounded_channel();
    let system = LoopbackSystem::observed(move |what| {
        if let Observed::DeadLetter(letter) = what {
            sender.send(letter).unwrap();
        }
    });
    let account = system.spawn(account(10));
    account.panic().cast().await.unwrap();
    let letter = letters.recv().await.unwrap();
    assert_eq!(letter.actor, account.to_string());
    assert_eq!(letter.method, method::<Account>("panic").name());
    assert!(matches!(letter.error, SystemError::Panicked { .. }), "{letter:?}");
}
