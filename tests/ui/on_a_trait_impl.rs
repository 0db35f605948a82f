#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

trait Greet {
    fn hello(&mut self, name: String);
}

#[distributed_actor]
impl Greet for Greeter {
    #[distributed]
    fn hello(&mut self, name: String) {}
}

fn main() {}
