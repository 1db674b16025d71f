//! Sockets that another process has opened: systemd's, or a supervisor's.

#![allow(unsafe_code, reason = "an island named in DESIGN.md: owns descriptors by their numbers")]

use super::Listener;
use socket2::{Domain, SockRef, Socket};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixListener;
use std::os::unix::process::parent_id;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// systemd's protocol: the first descriptor, how many there are, and for which process.
const FIRST: RawFd = 3;
const LISTEN_FDS: &str = "LISTEN_FDS";
const LISTEN_PID: &str = "LISTEN_PID";

/// Ours: the parent's number and the descriptors. A child's own number is not known before it runs.
const SOCKETS: &str = "GUSTNADO_SOCKETS";

/// The listening sockets that this process was started with, by systemd (`LISTEN_FDS`, see sd_listen_fds(3)) or as a
/// [worker](crate::process::Workers). They are handed out once; a second call finds none.
///
/// ```no_run
/// use gustnado::netutil::{bind_sockets, inherited_sockets};
///
/// let mut sockets = inherited_sockets()?;
/// if sockets.is_empty() {
///     sockets = bind_sockets(8888)?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What was handed over is not a listening stream socket, or is not open.
pub fn inherited_sockets() -> io::Result<Vec<Listener>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Ok(Vec::new());
    }
    let variable = |name| std::env::var(name).unwrap_or_default();
    let descriptors = named(
        &variable(LISTEN_PID),
        &variable(LISTEN_FDS),
        &variable(SOCKETS),
        std::process::id(),
        parent_id(),
    );
    descriptors.into_iter().map(own).collect()
}

/// Runs `spawn` in such a way that the process it starts finds `sockets`.
pub(crate) fn pass_on<T>(
    sockets: &[Listener],
    command: &mut Command,
    spawn: impl FnOnce(&mut Command) -> io::Result<T>,
) -> io::Result<T> {
    let descriptors: Vec<_> = sockets.iter().map(Listener::socket).collect::<io::Result<_>>()?;
    let numbers: Vec<_> = descriptors.iter().map(|fd| fd.as_raw_fd().to_string()).collect();
    command.env(SOCKETS, format!("{}:{}", std::process::id(), numbers.join(",")));
    let keep = |closed: bool| {
        descriptors.iter().try_for_each(|socket| SockRef::from(socket).set_cloexec(closed))
    };
    let spawned = keep(false).and_then(|()| spawn(command));
    // Other children have no business with them.
    keep(true)?;
    spawned
}

/// The descriptors that the environment names for this process.
fn named(pid: &str, count: &str, sockets: &str, own: u32, parent: u32) -> Vec<RawFd> {
    if let Some((owner, numbers)) = sockets.split_once(':')
        && owner.parse() == Ok(parent)
    {
        return numbers.split(',').filter_map(|number| number.parse().ok()).collect();
    }
    match (pid.parse::<u32>(), count.parse::<u16>()) {
        (Ok(pid), Ok(count)) if pid == own => (FIRST..FIRST + RawFd::from(count)).collect(),
        _ => Vec::new(),
    }
}

/// Takes a descriptor that was handed over.
fn own(descriptor: RawFd) -> io::Result<Listener> {
    // SAFETY: the environment says that the descriptor was open before this program began, and is for it to take; that is asked
    // once, so nobody else in the process owns it. If the environment lied, the number is given up again below, unclosed.
    let socket = unsafe { Socket::from_raw_fd(descriptor) };
    let is_usable = socket
        .is_listener()
        .and_then(|listens| if listens { socket.set_cloexec(true) } else { Err(not_listening()) })
        .and_then(|()| socket.domain());
    match is_usable {
        Ok(Domain::UNIX) => Ok(UnixListener::from(socket).into()),
        Ok(_) => Ok(TcpListener::from(socket).into()),
        Err(error) => {
            let descriptor = socket.into_raw_fd();
            Err(io::Error::new(
                error.kind(),
                format!("the inherited descriptor {descriptor} cannot be listened on: {error}"),
            ))
        }
    }
}

fn not_listening() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no listening socket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_names_descriptors_for_one_process_only() {
        assert_eq!(named("7", "2", "", 7, 1), [3, 4]);
        assert_eq!(named("8", "2", "", 7, 1), [0; 0]);
        assert_eq!(named("", "2", "", 7, 1), [0; 0]);
        assert_eq!(named("7", "-1", "", 7, 1), [0; 0]);
    }

    #[test]
    fn a_parent_names_descriptors_for_its_own_children_only() {
        assert_eq!(named("", "", "5:9,11", 7, 5), [9, 11]);
        assert_eq!(named("", "", "5:9,11", 7, 6), [0; 0]);
        assert_eq!(named("", "", "5:", 7, 5), [0; 0]);
    }

    #[test]
    fn a_descriptor_that_is_no_listening_socket_is_refused_and_left_alone() {
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        assert!(own(file.as_raw_fd()).is_err(), "a file");
        assert!(file.metadata().is_ok());
        let error = own(1 << 20).unwrap_err();
        assert!(error.to_string().starts_with("the inherited descriptor 1048576 cannot be"));
    }
}
