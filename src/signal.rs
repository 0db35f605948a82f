//! Waiting for the end that a user or a supervisor wants.

/// Ends when the process is asked to end: by Ctrl+C (`SIGINT`), or by `SIGTERM`, as `kill`, systemd and Kubernetes send
/// it. Then say [`Node::shutdown`](crate::Node::shutdown).
///
/// From the first call on, these signals do not end the process any more: whoever waits has to. If the operating system
/// does not let this process catch a signal, that one ends it as before.
///
/// # Cancel safety
/// Dropped, it has taken nothing; a signal that arrives while nobody waits is lost.
///
/// # Panics
/// Outside a tokio runtime, or in one without its IO driver.
pub async fn wait_for_exit() {
    #[cfg(unix)]
    {
        use std::{future::poll_fn, task::Poll};

        use tokio::signal::unix::{SignalKind, signal};

        let mut signals: Vec<_> = [SignalKind::interrupt(), SignalKind::terminate()]
            .into_iter()
            .filter_map(|kind| signal(kind).ok())
            .collect();
        poll_fn(|cx| {
            let has_come = signals.iter_mut().any(|signal| matches!(signal.poll_recv(cx), Poll::Ready(Some(()))));
            if has_come { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
