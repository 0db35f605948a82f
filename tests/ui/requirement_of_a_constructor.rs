#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;
struct Opaque;

#[distributed_actor]
impl Greeter {
    #[distributed(spawn)]
    fn parameter(opaque: Opaque) -> Self {
        Greeter
    }

    #[distributed(spawn)]
    fn error() -> Result<Self, Opaque> {
        Ok(Greeter)
    }

    #[distributed(spawn)]
    async fn not_send() -> Self {
        let here = std::rc::Rc::new(());
        std::future::ready(()).await;
        drop(here);
        Greeter
    }
}

fn main() {}
