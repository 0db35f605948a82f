#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor(name = "greeter", reentrant)]
impl Greeter {
    #[distributed]
    async fn hello(&mut self) {}

    fn served(&self) -> u64 {
        0
    }
}

fn main() {}
