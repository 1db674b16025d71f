//! Unix sockets for servers.

use super::{DEFAULT_BACKLOG, Listener};
use crate::iostream::unix_address;
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::Permissions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Opens a listening Unix socket at `path`, which users with `mode` may connect to; Tornado's default is `0o600`.
///
/// A socket that a dead server has left there is replaced. A path that begins with a NUL byte is a name in Linux' abstract
/// namespace, which has no modes and leaves nothing behind.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("gustnado-doc-{}", std::process::id()));
/// let listener = gustnado::netutil::bind_unix_socket(&path, 0o600)?;
/// # drop(listener);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is something else than a socket; [`AddrInUse`](io::ErrorKind::AddrInUse) if
/// a server listens there; else the system's.
pub fn bind_unix_socket(path: impl AsRef<Path>, mode: u32) -> io::Result<Listener> {
    let path = path.as_ref();
    if path.as_os_str().as_bytes().starts_with(b"\0") {
        return Ok(UnixListener::bind_addr(&unix_address(path)?)?.into());
    }
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Before it listens, so that nobody connects who may not.
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    socket.listen(DEFAULT_BACKLOG)?;
    Ok(UnixListener::from(socket).into())
}

/// Removes a socket that nobody listens on.
fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        let message = format!("{} exists and is no socket", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    // Connecting to a Unix socket never waits for long: it succeeds at once, or nobody is there.
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        _ => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("somebody listens on {}", path.display()),
        )),
    }
}
