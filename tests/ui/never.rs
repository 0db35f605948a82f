#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn run(&mut self) -> ! {
        loop {}
    }
}

fn main() {}
