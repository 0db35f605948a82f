#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor(name = "shop")]
impl Greeter {
    #[distributed]
    fn buy(&mut self) {}

    #[distributed(name = "shop::buy")]
    fn purchase(&mut self) {}

    #[distributed(name = "shop::sell")]
    fn vend(&mut self) {}

    #[distributed]
    fn sell(&mut self) {}
}

fn main() {}
