#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor(crate = actor_core)]
impl Greeter {
    #[distributed]
    fn hello(&self) {}
}

struct Other;

#[distributed_actor(crate = ::actor_core, name = "other")]
impl Other {}

fn main() {}
