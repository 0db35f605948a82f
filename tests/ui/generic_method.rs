#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn of_a_type<T: ToString>(&mut self, value: T) {}

    #[distributed]
    fn of_a_number<const N: usize>(&mut self) {}

    #[distributed]
    fn of_a_lifetime<'a>(&mut self) {}

    #[distributed]
    fn under_a_bound(&mut self)
    where
        String: Clone,
    {
    }
}

fn main() {}
