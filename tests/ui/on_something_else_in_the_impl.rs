#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    const SIZE: usize = 1;
}

fn main() {}
