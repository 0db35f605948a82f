#![allow(unused)]

use distributed_actor::distributed_actor;

struct Greeter;
struct Other;

#[distributed_actor]
impl Greeter {
    #[distributed(spawn)]
    fn number() -> u64 {
        7
    }

    #[distributed(spawn)]
    fn optional() -> Option<Self> {
        None
    }

    #[distributed(spawn)]
    async fn other(name: String) -> Result<Other, String> {
        Ok(Other)
    }
}

fn main() {}
