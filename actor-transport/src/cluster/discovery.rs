//! Where other members may be found.

use actor_core::{BoxFuture, SystemError};

use crate::Address;

/// Finds addresses at which members of the cluster may answer: a list, a name, a service that knows. Asked again and
/// again while the node is alone, and now and then later; answers may change, be wrong, or name this node itself.
pub trait Discovery: Send + Sync + 'static {
    /// The addresses; more than 64 are cut off.
    ///
    /// # Errors
    /// Whatever speaks against an answer. It is asked again later.
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>>;
}

/// A list that stays as it is.
impl Discovery for Vec<Address> {
    fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
        Box::pin(async move { Ok(self.clone()) })
    }
}
