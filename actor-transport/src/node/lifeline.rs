//! What becomes of a link when one of its tasks is gone before its end.

use std::sync::Arc;

use super::{inner::Inner, link::Link, writer::end};
use crate::protocol::CloseReason;

/// Which of a link's tasks holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Dialer,
    Reader,
    Writer,
}

/// Held by a task that a link needs. Where it is dropped and the link is still open, the link is closed: deadlines are
/// kept by these tasks, so that whoever waits for the link would wait for ever.
///
/// That is so when the runtime that the node was started on is gone, which drops its tasks, and new ones as soon as they
/// are spawned; and where a task panics, in a transport say.
pub(super) struct Lifeline {
    pub(super) inner: Arc<Inner>,
    pub(super) link: Arc<Link>,
    holder: Option<Holder>,
}

impl Lifeline {
    pub(super) fn of_dialer(inner: &Arc<Inner>, link: &Arc<Link>) -> Self {
        Self::new(inner, link, Holder::Dialer)
    }

    pub(super) fn of_reader(inner: &Arc<Inner>, link: &Arc<Link>) -> Self {
        Self::new(inner, link, Holder::Reader)
    }

    pub(super) fn of_writer(inner: &Arc<Inner>, link: &Arc<Link>) -> Self {
        Self::new(inner, link, Holder::Writer)
    }

    fn new(inner: &Arc<Inner>, link: &Arc<Link>, holder: Holder) -> Self {
        Self { inner: inner.clone(), link: link.clone(), holder: Some(holder) }
    }

    /// The task has come to its end, and the link may be open: it is another one's now.
    pub(super) fn release(mut self) {
        self.holder = None;
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        let Some(holder) = self.holder else { return };
        // The dial is not needed any more where the peer's connection was accepted.
        let is_needed = holder != Holder::Dialer || !self.link.is_attached();
        if is_needed && !self.link.is_closed() {
            let why = if std::thread::panicking() {
                "one of its tasks has panicked"
            } else {
                "the runtime that the node was started on has ended"
            };
            end(&self.inner, &self.link, &CloseReason::Abandoned { why });
        }
        if holder == Holder::Writer {
            self.link.writer_ended();
        }
    }
}

#[cfg(test)]
mod tests {
    use actor_core::NodeId;
    use async_trait::async_trait;

    use crate::{
        Address, Node,
        transport::{Connection, Listener, Transport, TransportError},
    };

    struct Panics;

    #[async_trait]
    impl Transport for Panics {
        fn scheme(&self) -> &str {
            "panics"
        }

        async fn listen(&self, _: &Address) -> Result<Box<dyn Listener>, TransportError> {
            panic!("on purpose");
        }

        async fn connect(&self, _: &Address) -> Result<Box<dyn Connection>, TransportError> {
            panic!("on purpose");
        }
    }

    #[tokio::test]
    async fn a_transport_that_panics_fails_what_waits_for_its_connection() {
        let node = Node::builder().transport(Panics).start().await.unwrap();
        let peer = NodeId::from_bits(1);
        node.inner.peers.learn(peer, ["panics://there".parse().unwrap()]);
        for _ in 0..2 {
            let link = node.inner.peers.link(&node.inner, peer).unwrap();
            link.settled().await;
            let why = link.failure().unwrap().to_string();
            assert!(why.contains("panicked"), "{why}");
        }
    }
}
