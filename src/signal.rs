//! Waiting for the end that a user or a supervisor wants.

/// Ends when the process is asked to end: by Ctrl+C (`SIGINT`), or by `SIGTERM`, as `kill`, systemd and Kubernetes send
/// it. Then say [`Node::shutdown`](crate::Node::shutdown).
///
/// From the first call on, these signals do not end the process any more: whoever waits has to. Call it before you say
/// that you are ready, and await it when there is nothing else to do: a signal that comes between the two is not lost. If
/// the operating system does not let this process catch a signal, that one ends it as before.
///
/// # Cancel safety
/// Dropped, it has taken nothing; a signal that arrives when no such future is there is lost.
///
/// # Panics
/// Outside a tokio runtime, or in one without its IO driver.
pub fn wait_for_exit() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    {
        use std::{future::poll_fn, task::Poll};

        use tokio::signal::unix::{SignalKind, signal};

        let mut signals: Vec<_> = [SignalKind::interrupt(), SignalKind::terminate()]
            .into_iter()
            .filter_map(|kind| signal(kind).ok())
            .collect();
        poll_fn(move |cx| {
            let has_come = signals.iter_mut().any(|signal| matches!(signal.poll_recv(cx), Poll::Ready(Some(()))));
            if has_come { Poll::Ready(()) } else { Poll::Pending }
        })
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
