//! What stands on both sides of a proxy while long bodies go through it.
//!
//! `stream --port=N --origin=N --process=ID [--bytes=1073741824]`: listens on port `origin`, which the proxy on port `port` hands its
//! requests to; fetches a body of so many bytes through it, and then sends one. Both are counted at their end.
//!
//! Prints a line for `down` and one for `up`: the processor time that process `ID` has used, in nanoseconds, and the most memory
//! that it ever held, in bytes.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use gustnado_benches::arguments::Arguments;
use gustnado_benches::process;

/// How much is read or written at once.
const PIECE: usize = 256 * 1024;

/// How long a proxy may take for anything before the run fails.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::from_environment()?;
    let port = arguments.take("port", 8888_u16)?;
    let origin = arguments.take("origin", 8889_u16)?;
    let proxy = arguments.take("process", 0_u32)?;
    let bytes = arguments.take("bytes", 1_u64 << 30)?;
    arguments.finish()?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, origin))?;
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            thread::spawn(move || {
                // Whoever asks is told by what is missing.
                if let Err(error) = serve(socket, bytes) {
                    eprintln!("origin: {error}");
                }
            });
        }
    });

    // What is allocated once is there before it is counted.
    for (name, go) in [("down", fetch as fn(u16, u64) -> io::Result<()>), ("up", send)] {
        go(port, 1)?;
        settle(proxy)?;
        let before = process::processor_time(proxy)?;
        go(port, bytes)?;
        settle(proxy)?;
        let used = process::processor_time(proxy)? - before;
        println!("{name} {used} {}", process::peak_memory(proxy)?);
    }
    Ok(())
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Fetches a body through the proxy.
fn fetch(port: u16, bytes: u64) -> io::Result<()> {
    let mut socket = connect(port)?;
    write!(socket, "GET /{bytes} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let head = head(&mut socket)?;
    check(head.starts_with("HTTP/1.1 200 "), &head)?;
    receive(&mut socket, bytes)
}

/// Sends a body through the proxy.
fn send(port: u16, bytes: u64) -> io::Result<()> {
    let mut socket = connect(port)?;
    write!(
        socket,
        "PUT / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {bytes}\r\nConnection: close\r\n\r\n"
    )?;
    produce(&mut socket, bytes)?;
    let head = head(&mut socket)?;
    check(head.starts_with("HTTP/1.1 200 "), &head)
}

/// Answers one request after the other.
fn serve(mut socket: TcpStream, most: u64) -> io::Result<()> {
    socket.set_nodelay(true)?;
    loop {
        let head = match head(&mut socket) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            head => head?,
        };
        let target = head.split(' ').nth(1).unwrap_or_default();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
        });
        match length {
            Some(length) => {
                receive(&mut socket, length)?;
                write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
            }
            None => {
                let bytes = target.trim_start_matches('/').parse().unwrap_or(most);
                write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n")?;
                produce(&mut socket, bytes)?;
            }
        }
    }
}

/// Reads a head, byte by byte, so that nothing of the body is read with it.
fn head(socket: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn produce(socket: &mut TcpStream, mut left: u64) -> io::Result<()> {
    let piece = vec![b'a'; PIECE];
    while left > 0 {
        let count = left.min(PIECE as u64);
        socket.write_all(&piece[..count as usize])?;
        left -= count;
    }
    Ok(())
}

fn receive(socket: &mut TcpStream, mut left: u64) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let most = left.min(PIECE as u64) as usize;
        let count = socket.read(&mut piece[..most])?;
        check(count > 0, &format!("{left} bytes are missing"))?;
        left -= count as u64;
    }
    Ok(())
}

fn check(is_right: bool, what: &str) -> io::Result<()> {
    if is_right { Ok(()) } else { Err(io::Error::other(what.to_owned())) }
}

/// Waits until the proxy sleeps, when what it has used is known.
fn settle(proxy: u32) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !process::is_asleep(proxy)? {
        check(Instant::now() < deadline, "the proxy does not come to rest")?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
