//! Sockets for servers.

use gustnado::Server;
use gustnado::netutil::{self, Listener, bind_sockets, bind_unix_socket};
use gustnado::prelude::*;
use gustnado_tests::Folder;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;

#[test]
fn bind_sockets_share_a_random_port() {
    let sockets = bind_sockets(0).unwrap();
    let ports: Vec<u16> =
        sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
    assert!((1..=2).contains(&ports.len()));
    assert!(ports.iter().all(|port| *port == ports[0] && *port != 0));
    // It is taken for all of them.
    let error = bind_sockets(ports[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
fn is_valid_ip() {
    for text in ["127.0.0.1", "4.4.4.4", "::1", "2620:0:1cfe:face:b00c::3"] {
        assert!(netutil::is_valid_ip(text), "{text}");
    }
    for text in
        ["www.google.com", "localhost", "4.4.4.4<", " 127.0.0.1", "", " ", "\n", "\0", "127.1"]
    {
        assert!(!netutil::is_valid_ip(text), "{text:?}");
    }
}

#[test]
fn a_unix_socket_has_its_mode_before_anybody_can_connect() {
    let folder = Folder::new();
    for mode in [0o600, 0o660] {
        let path = folder.join(format!("{mode:o}"));
        let listener = bind_unix_socket(&path, mode).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(listener.local_addr().unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(listener.to_string(), format!("unix:{}", path.display()));
    }
}

#[test]
fn a_stale_unix_socket_is_replaced_and_a_living_one_is_not() {
    let folder = Folder::new();
    let path = folder.join("socket");
    let dead = bind_unix_socket(&path, 0o600).unwrap();
    assert_eq!(bind_unix_socket(&path, 0o600).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(dead);
    let living = bind_unix_socket(&path, 0o600).unwrap();
    drop(UnixStream::connect(&path).unwrap());
    drop(living);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("file");
    std::fs::write(&path, "precious").unwrap();
    let error = bind_unix_socket(&path, 0o600).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(error.to_string(), format!("{} exists and is no socket", path.display()));
    // Nor is what a link leads to.
    let link = folder.join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(bind_unix_socket(&link, 0o600).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn an_abstract_name_leaves_nothing_behind() {
    let name = format!("\0gustnado-netutil-{}", std::process::id());
    let listener = bind_unix_socket(&name, 0o600).unwrap();
    assert_eq!(listener.to_string(), "unix:(abstract)");
    assert_eq!(bind_unix_socket(&name, 0o600).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(listener);
    bind_unix_socket(&name, 0o600).unwrap();
}

#[route("/")]
async fn index(request: &Context) -> String {
    request.remote_addr().ip().to_string()
}

/// A request over a Unix socket, on a thread, because the server is on this one.
fn get(address: SocketAddr) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut socket = UnixStream::connect_addr(&address).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        socket.shutdown(Shutdown::Both).ok();
        reply
    })
}

async fn serves(listen: impl FnOnce(Application) -> Result<Server>, address: SocketAddr) {
    let server = listen(Application::new(routes![index])).unwrap();
    assert!(server.addresses().is_empty());
    let client = get(address);
    let asked = async {
        while !client.is_finished() {
            sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    server.run_until(asked).await.unwrap();
    let reply = client.join().unwrap();
    // Nobody in particular, as in Tornado.
    assert!(
        reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\n0.0.0.0"),
        "{reply}"
    );
}

#[gustnado::test]
async fn an_application_listens_on_a_path() {
    let folder = Folder::new();
    let path = folder.join("socket");
    let place = format!("unix:{}", path.display());
    serves(|app| app.listen(&place[..]), SocketAddr::from_pathname(&path).unwrap()).await;
}

#[gustnado::test]
async fn an_application_listens_on_sockets_that_are_open() {
    let name = format!("gustnado-open-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener: Listener = UnixListener::bind_addr(&address).unwrap().into();
    let second = listener.try_clone().unwrap();
    serves(|app| app.listen(vec![listener, second]), address).await;
}

#[gustnado::test]
async fn threads_share_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.join("socket");
    let workers = Application::workers(3, || Ok(Application::new(routes![index])));
    let place = format!("unix:{}", path.display());
    serves(|_| workers.listen(place), SocketAddr::from_pathname(&path).unwrap()).await;
}

#[gustnado::test]
async fn a_path_that_cannot_be_listened_on_is_named() {
    let missing = Path::new("/nonexistent/folder/socket");
    let error = Application::new(routes![index]).listen("unix:/nonexistent/folder/socket");
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on {}: ", missing.display())), "{error}");
}
