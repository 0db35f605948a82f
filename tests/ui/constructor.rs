#![allow(unused)]

use distributed_actor::{Context, distributed_actor};

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed(spawn)]
    fn with_a_receiver(&self) -> Self {
        Greeter
    }

    #[distributed(spawn)]
    fn by_value(self, name: String) -> Self {
        self
    }

    #[distributed(spawn)]
    fn without_a_result(name: String) {}

    #[distributed(spawn)]
    fn borrowed(name: &str) -> Self {
        Greeter
    }

    #[distributed(spawn)]
    fn generic<T>() -> Self {
        Greeter
    }

    #[distributed(spawn)]
    fn opaque() -> impl Sized {
        Greeter
    }

    #[distributed(spawn, complete)]
    fn completes() -> Self {
        Greeter
    }

    #[distributed(spawn, result)]
    fn result() -> Result<Self, String> {
        Ok(Greeter)
    }

    #[distributed(spawn = true)]
    fn valued() -> Self {
        Greeter
    }

    #[distributed(spawn)]
    fn unmarked_context(ctx: &Context<Self>) -> Self {
        Greeter
    }
}

struct Cache<T>(T);

#[distributed_actor]
impl<T: Send + 'static> Cache<T> {
    #[distributed(spawn)]
    fn of_a_generic_actor(size: usize) -> Self {
        panic!()
    }
}

fn main() {}
