#![allow(unused)]

use distributed_actor::distributed_actor;

#[distributed_actor]
struct Greeter;

#[distributed_actor]
enum Choice {}

#[distributed_actor]
trait Greet {
    #[distributed]
    fn hello(&mut self, name: String);
}

#[distributed_actor]
mod module {}

#[distributed_actor]
impl [u8; 4] {
    #[distributed]
    fn hello(&mut self) {}
}

fn main() {}
