//! A socket that is listened on.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use actor_transport::{Address, Connection, Listener, TransportError};
use async_trait::async_trait;
use tokio::net::{UnixListener, UnixStream};

use crate::transport::connection;

/// A socket that is listened on.
pub(crate) struct Accepting {
    listener: UnixListener,
    path: PathBuf,
    address: Address,
    /// Device and number of the socket: another one at the same path is somebody else's.
    file: (u64, u64),
}

impl Accepting {
    pub(crate) async fn bind(path: PathBuf, mode: u32) -> Result<Self, TransportError> {
        let text = format!("unix://{}", path.display());
        let address = text.parse().map_err(|error| TransportError::Other(format!("{error}")))?;
        let listener = match UnixListener::bind(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(&path).await => {
                fs::remove_file(&path)?;
                UnixListener::bind(&path)?
            }
            bound => bound?,
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        let file = file(&path)?;
        Ok(Self { listener, path, address, file })
    }
}

/// Whether a socket is there that nobody listens on.
async fn is_abandoned(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && UnixStream::connect(path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn file(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        let (stream, _) = self.listener.accept().await?;
        connection(stream, &self.path)
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        if file(&self.path).is_ok_and(|there| there == self.file) {
            // It may be gone by now; nobody could be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}
