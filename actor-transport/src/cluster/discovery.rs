//! Where other members may be found.

use std::{future::poll_fn, task::Poll};

use actor_core::{BoxFuture, SystemError, contain};

use crate::Address;

/// Finds addresses at which members of the cluster may answer: a list, a name, a service that knows. Asked again and
/// again while the node is alone, and now and then later; answers may change, be wrong, or name this node itself.
pub trait Discovery: Send + Sync + 'static {
    /// The addresses; more than 64 are cut off.
    ///
    /// # Errors
    /// Whatever speaks against an answer, a panic included. It is asked again later.
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>>;
}

/// A list that stays as it is.
impl Discovery for Vec<Address> {
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
        Box::pin(async move { Ok(self.clone()) })
    }
}

/// A user's discovery. Its panic is an error: it would end the task that asks, and nobody would ask again.
pub(crate) struct Contained<D>(pub(crate) D);

impl<D: Discovery> Discovery for Contained<D> {
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
        let panicked = || SystemError::Connect { address: "a discovery".into(), why: "it has panicked".into() };
        Box::pin(async move {
            let mut asked = contain(|| self.0.addresses()).map_err(|_| panicked())?;
            poll_fn(|cx| contain(|| asked.as_mut().poll(cx)).unwrap_or_else(|_| Poll::Ready(Err(panicked())))).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At once, or when it is awaited.
    struct Panics(bool);

    impl Discovery for Panics {
        fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
            assert!(!self.0, "on purpose");
            Box::pin(async { panic!("on purpose") })
        }
    }

    #[tokio::test]
    async fn a_discovery_that_panics_has_failed_and_can_be_asked_again() {
        for at_once in [true, false] {
            let discovery = Contained(Panics(at_once));
            for _ in 0..2 {
                assert!(discovery.addresses().await.unwrap_err().to_string().contains("panicked"));
            }
        }
        let found: Vec<Address> = vec!["tcp://127.0.0.1:1".parse().unwrap()];
        assert_eq!(Contained(found.clone()).addresses().await.unwrap(), found);
    }
}
