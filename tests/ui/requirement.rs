#![allow(unused)]

use distributed_actor::{Node, distributed_actor};

struct Secret;

type Alias = Result<u8, Secret>;

struct Vault;

#[distributed_actor]
impl Vault {
    #[distributed]
    fn parameter(&mut self, name: String, secret: Secret) {}

    #[distributed]
    async fn parameters(&mut self, secrets: Vec<Secret>, size: u8, other: Option<Secret>) {}

    #[distributed]
    fn result(&mut self) -> Secret {
        Secret
    }

    #[distributed]
    async fn error(&mut self) -> Result<u8, Secret> {
        Ok(1)
    }

    #[distributed]
    fn alias(&mut self) -> Alias {
        Ok(1)
    }
}

// what follows from it is not reported
async fn calls(node: Node) {
    let vault = node.spawn(Vault);
    let _ = vault.parameter(String::new(), Secret).await;
    let _ = vault.result().await;
    let _ = vault.error().await.unwrap_or(1);
    let _ = vault.alias().cast().await;
}

fn main() {
    fn is_send<T: Send>(_: fn(Node) -> T) {}
    is_send(calls);
}
