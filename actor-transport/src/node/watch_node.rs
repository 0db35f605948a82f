//! Waiting for the loss of a node.

use std::future::pending;

use actor_core::{NetworkError, Never, NodeId, Terminated};

use super::{Node, serve::NODE_INSTANCE};

impl Node {
    /// Waits until a node is lost, and says why: until its connection ends, for whatever reason, or none can be made. If
    /// there is none yet, one is made. It is watched from this call on, and not from the first poll. A node that comes
    /// back has to be watched anew. Dropping the future changes nothing.
    ///
    /// Of this node itself it waits for the end.
    pub fn watch_node(&self, node: NodeId) -> impl Future<Output = NetworkError> + Send + use<> {
        let inner = self.inner.clone();
        // The loss ends all watches of a link; this one is of nothing else.
        let lost = (node != inner.id).then(|| inner.link_by_id(node)).map(|link| {
            link.map(|link| {
                let Ok(lost) = link.watches.add(NODE_INSTANCE, || Ok::<_, Never>(()));
                lost
            })
        });
        async move {
            match lost {
                None => {
                    inner.unless_closed(pending::<()>()).await;
                    NetworkError::new(node, "the node has ended")
                }
                Some(Err(error)) => NetworkError::new(node, error.to_string()),
                Some(Ok(lost)) => match lost.await {
                    Ok(Terminated::NodeLost(lost)) => lost,
                    _ => NetworkError::new(node, "this node has ended"),
                },
            }
        }
    }
}
