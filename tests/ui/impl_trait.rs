#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    fn parameter(&mut self, name: impl Into<String>) {}

    #[distributed]
    fn nested(&mut self, names: Vec<impl Into<String>>) {}

    #[distributed]
    fn result(&mut self) -> impl Iterator<Item = u8> {
        std::iter::empty()
    }

    #[distributed]
    fn future(&mut self) -> impl Future<Output = Vec<u8>> + Send {
        std::future::ready(Vec::new())
    }
}

fn main() {}
