#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn id(&self) -> u64 {
        1
    }

    #[distributed]
    fn stop(&mut self) {}

    #[distributed]
    fn clone(&self) {}

    #[distributed]
    fn to_string(&self) -> String {
        String::new()
    }

    #[distributed]
    fn max(&self, other: u64) -> u64 {
        other
    }
}

fn main() {}
