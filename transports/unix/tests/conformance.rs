//! The conformance suite, over Unix domain sockets.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actor_testkit::TransportUnderTest;
use actor_transport::Transport;
use tempfile::TempDir;
use transport_unix::UnixTransport;

/// A directory for the sockets of one test.
struct Sockets {
    directory: TempDir,
    made: AtomicUsize,
}

impl Sockets {
    fn new() -> Self {
        Self { directory: TempDir::new().expect("a directory can be made"), made: AtomicUsize::new(0) }
    }
}

impl TransportUnderTest for Sockets {
    fn transport(&self, _node: &str) -> Arc<dyn Transport> {
        Arc::new(UnixTransport::new())
    }

    fn address(&self, node: &str) -> String {
        // A node may listen at several paths.
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("unix://{}/{node}-{number}", self.directory.path().display())
    }
}

// R32
actor_testkit::conformance!(fixture = Sockets::new());
