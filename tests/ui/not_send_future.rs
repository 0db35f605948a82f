#![allow(unused)]

use std::rc::Rc;

use distributed_actor::distributed_actor;

struct Greeter;

#[distributed_actor]
impl Greeter {
    #[distributed]
    async fn hello(&mut self, name: String) -> String {
        let shared = Rc::new(name);
        std::future::ready(()).await;
        shared.to_string()
    }
}

fn main() {}
