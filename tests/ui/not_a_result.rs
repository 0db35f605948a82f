#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed(result)]
    fn hello(&mut self) -> Option<u8> {
        None
    }
}

fn main() {}
