//! Threads of a node's own, for what no user's code may keep waiting.
//!
//! A node of a cluster has to answer its peers while all worker threads of its user's runtime compute: who does not
//! answer is dead. So its sockets, their timers, and its membership have a runtime of their own. Actors stay on the
//! user's runtime, but for methods that have proved short, as on any node; two threads, so that one of these that turns
//! out long does not hold up the others.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::{Address, Listener, Transport, TransportError};

const WORKERS: usize = 2;

/// A node's own runtime.
#[derive(Debug)]
pub(crate) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    /// None where the user's runtime has one thread: who has chosen that, a test in virtual time say, wants no others.
    /// None, too, if there are no threads to be had.
    pub(super) fn start() -> Option<Self> {
        if Handle::current().runtime_flavor() != RuntimeFlavor::MultiThread {
            return None;
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("node")
            // For names that are looked up.
            .max_blocking_threads(4)
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => Some(Self(Some(runtime))),
            Err(error) => {
                tracing::warn!(%error, "no threads for the node's connections: it shares those of its user");
                None
            }
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        #[allow(clippy::expect_used, reason = "it is taken when this is dropped")]
        self.0.as_ref().expect("the runtime is there until the end").handle()
    }

    /// Listens, with the socket in this runtime if there is one.
    pub(super) async fn listen(
        own: Option<&Self>,
        transport: &Arc<dyn Transport>,
        address: &Address,
    ) -> Result<Box<dyn Listener>, TransportError> {
        let Some(own) = own else { return transport.listen(address).await };
        let (transport, address) = (transport.clone(), address.clone());
        let listening = own.handle().spawn(async move { transport.listen(&address).await });
        listening.await.unwrap_or_else(|error| Err(TransportError::Other(error.to_string())))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last one to let go of a node may be one of these threads: it cannot wait for itself.
            runtime.shutdown_background();
        }
    }
}
