#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn missing(name: String) {}

    #[distributed]
    fn by_value(self) {}

    #[distributed]
    fn by_mutable_value(mut self) {}

    #[distributed]
    fn boxed(self: Box<Self>) {}

    #[distributed]
    fn typed(self: &Self) {}

    #[distributed]
    fn for_long(&'static self) {}
}

fn main() {}
