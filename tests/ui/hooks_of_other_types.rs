#![allow(unused)]

use distributed_actor::{ActorRef, Context, Terminated, distributed_actor};

struct Greeter;
struct Deaf;

#[distributed_actor]
impl Greeter {
    #[on_start]
    async fn number(&mut self) -> u64 {
        7
    }

    #[on_terminated]
    fn other_words(&mut self, how: String) {}
}

#[distributed_actor]
impl Deaf {
    #[distributed]
    fn watch(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Greeter>) {
        ctx.monitor(&other);
    }
}

fn main() {}
