#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn hello(&mut self) {}

    #[distributed]
    fn hello(&mut self, name: String) {}

    #[distributed(name = "shop::buy")]
    fn buy(&mut self) {}

    #[distributed(name = "shop::buy")]
    fn purchase(&mut self) {}
}

fn main() {}
