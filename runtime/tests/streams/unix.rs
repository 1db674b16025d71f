//! What only Unix sockets and pipes do.

use gustnado::iostream::IOStream;
use gustnado_tests::Folder;
use std::io::{ErrorKind, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

#[gustnado::test]
async fn a_stream_connects_to_a_path() {
    let folder = Folder::new();
    let path = folder.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let stream = IOStream::connect_unix(&path).await.unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"Hello").unwrap();
    assert_eq!(stream.read_bytes(5).await.unwrap(), b"Hello");
    assert_eq!(stream.peer_addr().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[gustnado::test]
async fn a_stream_connects_to_an_abstract_name() {
    let name = format!("gustnado-streams-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let stream = IOStream::connect_unix(format!("\0{name}")).await.unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"Hello").unwrap();
    assert_eq!(stream.read_bytes(5).await.unwrap(), b"Hello");
}

#[gustnado::test]
async fn nobody_listens_at_a_path() {
    let folder = Folder::new();
    let missing = IOStream::connect_unix(folder.join("missing")).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let stale = folder.join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let refused = IOStream::connect_unix(stale).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let long = IOStream::connect_unix("x".repeat(200)).await.unwrap_err();
    assert_eq!(long.kind(), ErrorKind::InvalidInput);
}

#[gustnado::test]
async fn a_pipe_carries_bytes_one_way_and_has_no_half_to_close() {
    let (reader, writer) = std::io::pipe().unwrap();
    let reader = IOStream::from_reader(reader).unwrap();
    let writer = IOStream::from_writer(writer).unwrap();
    assert_eq!(writer.shutdown().unwrap_err().kind(), ErrorKind::Unsupported);
    writer.set_nodelay(true).unwrap();
    assert!(reader.write(b"x").await.is_err());
}

#[gustnado::test]
async fn a_file_cannot_be_waited_for() {
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    assert_eq!(IOStream::from_reader(file).unwrap_err().kind(), ErrorKind::PermissionDenied);
}
