//! What becomes of the socket's file.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::{
    fs::PermissionsExt,
    net::{UnixListener, UnixStream},
};

use actor_transport::{Address, Transport};
use tempfile::TempDir;
use transport_unix::UnixTransport;

fn place() -> (TempDir, Address) {
    let directory = TempDir::new().unwrap();
    let address = format!("unix://{}/socket", directory.path().display()).parse().unwrap();
    (directory, address)
}

#[tokio::test]
async fn a_socket_is_gone_with_its_listener() {
    let (_directory, address) = place();
    let listener = UnixTransport::new().listen(&address).await.unwrap();
    assert_eq!(listener.address(), address);
    assert!(std::fs::exists(address.rest()).unwrap());
    drop(listener);
    assert!(!std::fs::exists(address.rest()).unwrap());
}

#[tokio::test]
async fn a_socket_that_a_killed_process_has_left_is_replaced() {
    let (_directory, address) = place();
    // Std's listener leaves its file behind.
    drop(UnixListener::bind(address.rest()).unwrap());
    let mut listener = UnixTransport::new().listen(&address).await.unwrap();
    let _client = UnixStream::connect(address.rest()).unwrap();
    let connection = listener.accept().await.unwrap();
    assert!(connection.remote().contains(&format!("process {}", std::process::id())), "{}", connection.remote());
}

#[tokio::test]
async fn a_socket_that_somebody_listens_on_is_not_taken() {
    let (_directory, address) = place();
    let _first = UnixTransport::new().listen(&address).await.unwrap();
    assert!(UnixTransport::new().listen(&address).await.is_err());
    UnixStream::connect(address.rest()).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let (_directory, address) = place();
    std::fs::write(address.rest(), "precious").unwrap();
    assert!(UnixTransport::new().listen(&address).await.is_err());
    assert_eq!(std::fs::read_to_string(address.rest()).unwrap(), "precious");
}

#[tokio::test]
async fn a_listener_does_not_remove_the_socket_of_its_successor() {
    let (_directory, address) = place();
    let first = UnixTransport::new().listen(&address).await.unwrap();
    std::fs::remove_file(address.rest()).unwrap();
    let _second = UnixTransport::new().listen(&address).await.unwrap();
    drop(first);
    UnixStream::connect(address.rest()).unwrap();
}

#[tokio::test]
async fn only_its_user_may_connect_unless_another_mode_is_asked_for() {
    let (_directory, address) = place();
    let mode = || std::fs::metadata(address.rest()).unwrap().permissions().mode() & 0o777;
    let listener = UnixTransport::new().listen(&address).await.unwrap();
    assert_eq!(mode(), 0o600);
    drop(listener);
    let _listener = UnixTransport::new().mode(0o660).listen(&address).await.unwrap();
    assert_eq!(mode(), 0o660);
}
