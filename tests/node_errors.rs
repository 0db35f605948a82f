//! How calls from one node to another fail, and that nothing else fails with them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use distributed_actor::{ActorId, ActorRef, CallError, ErrorPolicy, Node, Outcome, SystemError, distributed_actor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use support::{Refused, TRANSPORTS, Worker, pair, system, worker};

mod theirs {
    use super::{New, distributed_actor};

    #[derive(Default)]
    pub(super) struct Mismatched;

    #[distributed_actor(name = "test::Pinned")]
    impl Mismatched {
        #[distributed]
        pub(super) fn same(&self, record: New) -> String {
            record.name
        }

        #[distributed]
        pub(super) fn differs(&self, number: u32) -> u32 {
            number
        }
    }
}

/// What the caller believes: one method more, another signature, another struct of the same name.
mod ours {
    use super::distributed_actor;

    pub(super) struct Mismatched;

    #[distributed_actor(name = "test::Pinned")]
    impl Mismatched {
        #[distributed]
        pub(super) fn same(&self, record: New) -> String {
            let _ = record;
            String::new()
        }

        #[distributed]
        pub(super) fn differs(&self, number: u64) -> u32 {
            number as u32
        }

        #[distributed]
        pub(super) fn more(&self) {}
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct New {
        pub(super) age: u64,
    }
}

#[derive(Serialize, Deserialize)]
struct New {
    name: String,
}

/// R27, R35, R37: each mismatch is answered at once, and nothing runs.
#[tokio::test]
async fn what_the_callee_does_not_have_is_said_at_once() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let actor = server.spawn(theirs::Mismatched);
        client.introduce(server.id(), server.addresses());
        let remote: ActorRef<ours::Mismatched> = client.resolve(actor.id()).unwrap();

        let error = system(remote.more().await);
        assert!(matches!(&error, SystemError::UnknownMethod { method } if method.contains("more")), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotExecuted);

        match system(remote.differs(1).await) {
            error @ SystemError::SignatureMismatch { .. } => {
                assert_eq!(error.outcome(), Outcome::NotExecuted);
                let SystemError::SignatureMismatch { ours, theirs, .. } = error else { unreachable!() };
                assert!(ours.contains("u64") && !theirs.contains("u64"), "{ours} {theirs}");
            }
            other => panic!("{other:?}"),
        }

        // An actor of another type, with none of the methods.
        let stranger: ActorRef<Worker> = client.resolve(actor.id()).unwrap();
        assert!(matches!(system(stranger.seen().await), SystemError::UnknownMethod { .. }));

        // One that never was.
        let nobody: ActorRef<Worker> = client.resolve(&ActorId::new(server.id(), 4711)).unwrap();
        match system(nobody.seen().await) {
            SystemError::UnknownActor { actor } => assert_eq!(*actor, *nobody.id().to_string()),
            other => panic!("{other:?}"),
        }
        assert_eq!(support::sessions(&client), 1);
    }
}

/// R27, R35
#[tokio::test]
async fn a_struct_whose_fields_changed_shows_as_bad_arguments() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let actor = server.spawn(theirs::Mismatched);
    client.introduce(server.id(), server.addresses());
    let remote: ActorRef<ours::Mismatched> = client.resolve(actor.id()).unwrap();
    let error = system(remote.same(ours::New { age: 300 }).await);
    assert!(matches!(&error, SystemError::BadArguments { method, .. } if method.contains("same")), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert_eq!(support::sessions(&client), 1);
}

/// R13, R33: the text of a panic stays on its node, unless it is told otherwise.
#[tokio::test]
async fn a_panic_is_answered_and_says_no_more_than_it_may() {
    for (send, expected) in [(false, None), (true, Some("a secret"))] {
        let server = Node::builder().listen("tcp://127.0.0.1:0").send_panic_text(send).start().await.unwrap();
        let client = Node::builder().start().await.unwrap();
        let (kept, remote) = worker(&server, &client).await;
        match system(remote.panic("a secret".into()).await) {
            error @ SystemError::Panicked { .. } => {
                assert_eq!(error.outcome(), Outcome::Executed);
                let SystemError::Panicked { method, message } = error else { unreachable!() };
                assert!(method.ends_with("Worker::panic"));
                assert_eq!(message.as_deref(), expected);
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(system(remote.seen().await), SystemError::UnknownActor { .. }));
        assert!(matches!(system(kept.seen().await), SystemError::UnknownActor { .. }));
        // The node goes on.
        let (_kept, other) = worker(&server, &client).await;
        assert_eq!(other.seen().await.unwrap(), []);
    }
}

/// R34
#[tokio::test]
async fn the_error_policy_decides_which_errors_are_sent_in_their_types() {
    for (policy, refused, text) in [
        (ErrorPolicy::All, true, true),
        (ErrorPolicy::None, false, false),
        (ErrorPolicy::only::<Refused>(), true, false),
        (ErrorPolicy::only::<Refused>().and::<String>(), true, true),
    ] {
        let server = Node::builder().listen("tcp://127.0.0.1:0").errors(policy.clone()).start().await.unwrap();
        let client = Node::builder().start().await.unwrap();
        let (_kept, remote) = worker(&server, &client).await;
        match remote.halve(1).await {
            Err(CallError::Actor(Refused { missing: 1 })) => assert!(refused, "{policy:?}"),
            Err(CallError::System(error @ SystemError::Opaque { .. })) => {
                assert!(!refused && error.to_string().contains("Refused"), "{policy:?}: {error}");
                assert_eq!(error.outcome(), Outcome::Executed);
            }
            other => panic!("{other:?}"),
        }
        match remote.words(String::new()).await {
            Err(CallError::Actor(error)) => assert!(text && error == "no words"),
            Err(CallError::System(SystemError::Opaque { text: said })) => assert!(!text && &*said == "no words"),
            other => panic!("{other:?}"),
        }
    }
}

/// Does not do as `Serialize` and `Deserialize` should.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Odd {
    Fine,
    FailsToEncode,
    PanicsWhenEncoded,
    FailsToDecode,
    PanicsWhenDecoded,
}

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::FailsToEncode => Err(serde::ser::Error::custom("it will not")),
            Self::PanicsWhenEncoded => panic!("encoded"),
            Self::FailsToDecode => serializer.serialize_u8(1),
            Self::PanicsWhenDecoded => serializer.serialize_u8(2),
            Self::Fine => serializer.serialize_u8(0),
        }
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Err(serde::de::Error::custom("it will not")),
            2 => panic!("decoded"),
            _ => Ok(Self::Fine),
        }
    }
}

#[derive(Default)]
struct OddJobs;

#[distributed_actor]
impl OddJobs {
    #[distributed]
    fn take(&self, odd: Odd) -> bool {
        odd == Odd::Fine
    }

    #[distributed]
    fn give(&self, which: u8) -> Odd {
        [Odd::Fine, Odd::FailsToEncode, Odd::PanicsWhenEncoded, Odd::FailsToDecode][usize::from(which)]
    }

    #[distributed]
    async fn throw(&self, which: u8) -> Result<(), Odd> {
        Err([Odd::Fine, Odd::FailsToEncode, Odd::PanicsWhenEncoded, Odd::FailsToDecode][usize::from(which)])
    }
}

/// R13, R27, R35: whatever the codec of a type does, the call ends at once, and others do not notice.
#[tokio::test]
async fn codecs_that_fail_or_panic_fail_their_own_call_only() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let spawn = || {
            let actor = server.spawn(OddJobs);
            client.introduce(server.id(), server.addresses());
            (client.resolve::<OddJobs>(actor.id()).unwrap(), actor)
        };
        let (remote, actor) = spawn();
        assert!(remote.take(Odd::Fine).await.unwrap());
        match system(remote.take(Odd::FailsToEncode).await) {
            SystemError::Unencodable { method, why } => {
                assert!(method.ends_with("OddJobs::take"), "{method}");
                assert!(why.contains("refused"), "{why}");
            }
            other => panic!("{other:?}"),
        }
        for odd in [Odd::FailsToDecode, Odd::PanicsWhenDecoded] {
            match system(remote.take(odd).await) {
                error @ SystemError::BadArguments { .. } => assert_eq!(error.outcome(), Outcome::NotExecuted),
                other => panic!("{other:?}"),
            }
        }
        for which in [1, 3] {
            match system(remote.give(which).await) {
                error @ SystemError::BadReply { .. } => assert_eq!(error.outcome(), Outcome::Executed),
                other => panic!("{other:?}"),
            }
            match system(remote.throw(which).await) {
                error @ SystemError::BadReply { .. } => assert_eq!(error.outcome(), Outcome::Executed),
                other => panic!("{other:?}"),
            }
        }
        assert!(remote.take(Odd::Fine).await.unwrap(), "the actor goes on");
        assert!(matches!(system(remote.give(2).await), SystemError::Panicked { .. }));
        drop(actor);
        let (remote, _actor) = spawn();
        assert!(matches!(system(remote.throw(2).await), SystemError::Panicked { .. }));
        assert_eq!(support::sessions(&client), 1);
    }
}
