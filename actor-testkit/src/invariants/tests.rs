//! That the checks find what they are there for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_core::{CallError, Never, Outcome, SystemError};
use tokio::time::sleep;

use super::*;

const TIME: Duration = Duration::from_secs(1);

fn failed(outcome: Outcome) -> Result<(), CallError<Never>> {
    Err(CallError::System(SystemError::ActorStopped { outcome }))
}

fn ok() -> Result<(), CallError<Never>> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_keeps_the_invariants_is_tallied() {
    let ledger = Ledger::new();
    for (executes, result) in [
        (true, ok()),
        (true, failed(Outcome::Unknown)),
        (false, failed(Outcome::Unknown)),
        (false, failed(Outcome::NotExecuted)),
        (true, failed(Outcome::Executed)),
    ] {
        let _ = ledger
            .call("pair", TIME, async |call| {
                if executes {
                    ledger.executed(call);
                }
                sleep(Duration::from_millis(1200)).await;
                result
            })
            .await;
    }
    drop(ledger.begin("pair", TIME));
    let tally = ledger.check().unwrap();
    let expected =
        Tally { calls: 6, executed: 3, acknowledged: 1, not_executed: 1, unknown: 2, failed_after: 1, dropped: 1 };
    assert_eq!(tally, expected);
}

#[tokio::test(start_paused = true)]
async fn each_broken_invariant_is_found() {
    let ledger = Ledger::new();
    let entries: Vec<_> = (0..6).map(|_| ledger.begin("pair", TIME)).collect();
    sleep(Duration::from_millis(1300)).await;
    let [unended, late, twice, lost, refused, early] = entries.try_into().unwrap();
    for call in [6, 5, 3, 3, 2, 77] {
        ledger.executed(call);
    }
    late.end(&ok());
    twice.end(&failed(Outcome::Unknown));
    lost.end(&ok());
    refused.end(&failed(Outcome::NotExecuted));
    drop(early);
    let violations = ledger.check().unwrap_err();
    for expected in [
        Violation::Unended { call: 1 },
        Violation::Late { call: 2, by: Duration::from_millis(300) },
        Violation::ExecutedTwice { call: 3 },
        Violation::NotExecuted { call: 4 },
        Violation::Executed { call: 5 },
        Violation::OutOfOrder { call: 6, before: 5 },
        Violation::OutOfOrder { call: 6, before: 2 },
        Violation::Unknown { call: 77 },
    ] {
        assert!(violations.contains(&expected), "{expected} in {violations:#?}");
        assert!(!expected.to_string().is_empty());
    }
    drop(unended);
}

#[tokio::test(start_paused = true)]
async fn calls_of_other_pairs_have_no_order() {
    let ledger = Ledger::new();
    let (one, other) = (ledger.begin("a to b", TIME), ledger.begin("c to b", TIME));
    ledger.executed(other.call());
    ledger.executed(one.call());
    one.end(&ok());
    other.end(&ok());
    assert_eq!(ledger.check().unwrap().acknowledged, 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_or_a_socket_that_is_left_is_found() {
    let before = Baseline::take();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let task = tokio::spawn(std::future::pending::<()>());
    let left = before.check(usize::MAX).unwrap_err();
    assert_eq!(left.now.tasks, before.tasks + 1);
    assert!(left.to_string().contains("1 tasks where there were 0"), "{left}");
    task.abort();
    drop(listener);
    before.regained(usize::MAX).await.unwrap();
}
