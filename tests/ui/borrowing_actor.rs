#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter<'a>(&'a str);

#[distributed_actor]
impl<'a> Greeter<'a> {
    #[distributed]
    fn hello(&self) -> String {
        self.0.into()
    }
}

struct Elided<'a>(&'a str);

#[distributed_actor]
impl Elided<'_> {
    #[distributed]
    fn hello(&self) -> String {
        self.0.into()
    }
}

fn main() {}
