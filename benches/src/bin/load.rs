//! The load: one thread, one epoll, as many connections and pipelined requests as are asked for.
//!
//! - `load --mode=probe --port=N`: makes one request and prints the response.
//! - `load --mode=run --servers=PORT:PROCESS,... [--connections=64] [--pipeline=1]
//!   [--requests=200000] [--slices=10] [--seconds=120] [--like=wrk]`: each connection sends `pipeline`
//!   requests with one write, awaits their responses, and goes on. The servers take turns, a slice of
//!   the requests at a time, after one slice to warm up. Prints, for each server and slice, the
//!   nanoseconds of processor time that the server's process used for a request.
//! - `load --mode=idle --port=N --process=ID [--connections=10000]`: each connection makes one
//!   request and stays open. Prints what the server's memory grew by.
//!
//! Every response is verified: its status, its length and its body. A server that closes a
//! connection or sends anything else fails the run. The results are one JSON object on one line.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use gustnado_benches::arguments::Arguments;
use gustnado_benches::{exchange, process};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Long enough for a server with nothing to do to fall asleep, so that its times are up to date.
const REST: Duration = Duration::from_millis(5);

/// Long enough for a server to give back what it frees after a delay.
const SETTLE: Duration = Duration::from_millis(1500);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::from_environment()?;
    let mode = arguments.take("mode", "run".to_owned())?;
    let port = arguments.take("port", 8888_u16)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let like = arguments.take("like", "wrk".to_owned())?;
    let request = exchange::request(&like, address)?;
    match mode.as_str() {
        "probe" => {
            arguments.finish()?;
            io::stdout().write_all(&exchange::probe(address, &request)?)?;
            Ok(())
        }
        "run" => run(&like, arguments),
        "idle" => idle(address, &request, arguments),
        _ => Err(format!("there is no mode {mode:?}").into()),
    }
}

fn run(like: &str, mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let servers = arguments.take("servers", String::new())?;
    let connections = arguments.take("connections", 64_usize)?;
    let pipeline = arguments.take("pipeline", 1_usize)?;
    let requests = arguments.take("requests", 200_000_u64)?;
    let slices = arguments.take("slices", 10_u64)?.max(1);
    let seconds = arguments.take("seconds", 120.0_f64)?;
    arguments.finish()?;

    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let slice = requests / slices;
    let mut loads = Vec::new();
    for server in servers.split(',') {
        let (port, process) = server.split_once(':').ok_or("a server is PORT:PROCESS")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
        let load = || {
            let request = exchange::request(like, address)?;
            let length = exchange::probe(address, &request)?.len();
            let mut load = Load::connect(address, &request, connections, pipeline, length)?;
            load.exchange(slice, deadline)?;
            Ok::<_, Box<dyn Error>>(load)
        };
        let load = load().map_err(|error| format!("port {port}: {error}"))?;
        loads.push((port, process.parse()?, load, Vec::new()));
    }
    for _ in 0..slices {
        for (port, process, load, used) in &mut loads {
            thread::sleep(REST);
            let before = process::processor_time(*process)?;
            let done =
                load.exchange(slice, deadline).map_err(|error| format!("port {port}: {error}"))?;
            thread::sleep(REST);
            let after = process::processor_time(*process)?;
            used.push((after - before) as f64 / done as f64);
        }
        if Instant::now() >= deadline {
            return Err("the time is up".into());
        }
    }
    let results = loads.iter().map(|(port, _, _, used)| format!("\"{port}\": {used:?}"));
    println!("{{{}}}", results.collect::<Vec<_>>().join(", "));
    Ok(())
}

fn idle(
    address: SocketAddr,
    request: &[u8],
    mut arguments: Arguments,
) -> Result<(), Box<dyn Error>> {
    /// Connections that are opened, and then asked, at once: below any server's backlog.
    const GROUP: usize = 64;

    let server = arguments.take("process", 0_u32)?;
    let connections = arguments.take("connections", 10_000_usize)?;
    arguments.finish()?;

    // What is allocated once, for the first of all requests, is no connection's share.
    drop(exchange::probe(address, request)?);
    thread::sleep(SETTLE);
    let before = process::anonymous_memory(server)?;
    let mut open = Vec::with_capacity(connections);
    while open.len() < connections {
        let first = open.len();
        for _ in 0..GROUP.min(connections - first) {
            open.push(std::net::TcpStream::connect(address)?);
        }
        for stream in &mut open[first..] {
            drop(exchange::exchange(stream, request)?);
        }
    }
    thread::sleep(SETTLE);
    let after = process::anonymous_memory(server)?;
    // The figure stands only if the server still holds every connection.
    for stream in &mut open {
        stream.set_nonblocking(true)?;
        match stream.read(&mut [0; 1]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return Err("the server closed an idle connection".into()),
        }
    }
    println!("{{\"connections\": {connections}, \"before\": {before}, \"after\": {after}}}");
    Ok(())
}

/// The connections of a run, all of them idle between two calls of [`Load::exchange`].
struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    batch: Vec<u8>,
    pipeline: usize,
    response_length: usize,
}

struct Connection {
    stream: TcpStream,
    /// Room for one batch of responses.
    input: Vec<u8>,
    received: usize,
}

impl Load {
    fn connect(
        address: SocketAddr,
        request: &[u8],
        connections: usize,
        pipeline: usize,
        response_length: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let poll = Poll::new()?;
        let connections = (0..connections)
            .map(|index| {
                let stream = std::net::TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let mut stream = TcpStream::from_std(stream);
                poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
                Ok(Connection { stream, input: vec![0; pipeline * response_length], received: 0 })
            })
            .collect::<io::Result<_>>()?;
        let batch = request.repeat(pipeline);
        Ok(Self { poll, connections, batch, pipeline, response_length })
    }

    /// Makes about `requests` requests, fewer if `deadline` comes first, and says how many.
    fn exchange(&mut self, requests: u64, deadline: Instant) -> Result<u64, Box<dyn Error>> {
        let mut events = Events::with_capacity(1024);
        let batches = requests.div_ceil(u64::try_from(self.pipeline)?);
        let mut started = 0;
        let mut done = 0;
        for connection in &mut self.connections {
            if started < batches {
                connection.send(&self.batch)?;
                started += 1;
            }
        }
        while done < started {
            match self.poll.poll(&mut events, Some(Duration::from_secs(10))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            if events.is_empty() {
                return Err("the server does not answer".into());
            }
            let time_is_up = Instant::now() >= deadline;
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if !connection.receive(self.response_length)? {
                    continue;
                }
                done += 1;
                if started < batches && !time_is_up {
                    connection.send(&self.batch)?;
                    started += 1;
                }
            }
        }
        Ok(done * u64::try_from(self.pipeline)?)
    }
}

impl Connection {
    fn send(&mut self, batch: &[u8]) -> Result<(), Box<dyn Error>> {
        let count = self.stream.write(batch)?;
        if count != batch.len() {
            return Err("a batch of requests does not fit in the socket's buffer".into());
        }
        Ok(())
    }

    /// True when the batch's responses are complete, and good.
    fn receive(&mut self, response_length: usize) -> Result<bool, Box<dyn Error>> {
        while self.received < self.input.len() {
            let room = self.input.len() - self.received;
            let count = match self.stream.read(&mut self.input[self.received..]) {
                Ok(0) => return Err("the server closed a keep-alive connection".into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            self.received += count;
            if count < room {
                // A short read emptied the socket: what follows comes with its own event.
                return Ok(false);
            }
        }
        self.received = 0;
        match self.input.chunks_exact(response_length).find(|chunk| !exchange::is_expected(chunk)) {
            Some(chunk) => Err(format!("not what was asked for: {}", chunk.escape_ascii()).into()),
            None => Ok(true),
        }
    }
}
