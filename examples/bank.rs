//! Errors, deadlines and one-way calls.
//!
//! Run `cargo run --example bank`. It prints what a withdrawal gives that works, one that the account refuses, and
//! one whose answer does not come in time.

use std::time::Duration;

use distributed_actor::{ActorRef, CallError, Node, Outcome, distributed_actor};
use serde::{Deserialize, Serialize};

struct Account {
    balance: u64,
    notes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{missing} cents are missing")]
struct InsufficientFunds {
    missing: u64,
}

#[distributed_actor]
impl Account {
    /// Takes `cents` out, and returns what is left.
    #[distributed]
    async fn withdraw(&mut self, cents: u64) -> Result<u64, InsufficientFunds> {
        match self.balance.checked_sub(cents) {
            Some(left) => {
                self.balance = left;
                Ok(left)
            }
            None => Err(InsufficientFunds { missing: cents - self.balance }),
        }
    }

    #[distributed]
    fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    #[distributed]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Takes longer than anybody waits.
    #[distributed]
    async fn audit(&mut self) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bank = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
    bank.register("account", &bank.spawn(Account { balance: 700, notes: Vec::new() }))?;

    let customer = Node::builder().start().await?;
    let account: ActorRef<Account> = customer.lookup(bank.address(), "account").await?;

    for _ in 0..2 {
        match account.withdraw(500).await {
            Ok(left) => println!("{left} cents are left"),
            Err(CallError::Actor(InsufficientFunds { missing })) => println!("refused: {missing} cents are missing"),
            Err(CallError::System(error)) => println!("failed: {error}"),
        }
    }

    account.note("audited".into()).cast().await?; // one way: no reply is sent
    println!("notes: {:?}", account.notes().await?);

    if let Err(CallError::System(error)) = account.audit().timeout(Duration::from_millis(50)).await {
        match error.outcome() {
            Outcome::NotExecuted => println!("safe to send again"),
            Outcome::Unknown => println!("it may have run: {error}"),
            Outcome::Executed => println!("it ran, and its reply was lost"),
        }
    }
    bank.shutdown().await;
    Ok(())
}
