//! Clients of a chat that wait for messages by long polling, and somebody who says something.
//!
//! `waiters --port=N --process=ID [--clients=10000] [--messages=5]`: each client opens a connection, asks for what was said, and
//! asks for more, which nobody has said yet. Then messages are posted, one after the other, each once everybody waits; everybody
//! gets it, and asks for more again.
//!
//! Every answer is verified. Prints one JSON object on one line: the server's anonymous memory `before` the clients came, while
//! they are `waiting` for the first message and, in the end, `again`; and for each message the nanoseconds of processor time, a
//! client, that it took to `deliver` it and to be `asked` for the next, and the milliseconds until the `last` had it.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use gustnado_benches::arguments::Arguments;
use gustnado_benches::process;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Long enough for a server with nothing to do to give back what it frees after a delay.
const SETTLE: Duration = Duration::from_millis(1500);

/// How long a server may take for anything before the run fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an answer's cursor follows.
const ID: &str = "\"id\":";

fn main() -> Result<(), Box<dyn Error>> {
    /// Clients that connect at once: below any server's backlog.
    const GROUP: usize = 64;

    let mut arguments = Arguments::from_environment()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.take("port", 8888_u16)?));
    let server = arguments.take("process", 0_u32)?;
    let count = arguments.take("clients", 10_000_usize)?;
    let messages = arguments.take("messages", 5_usize)?;
    arguments.finish()?;

    let mut author = Client::connect(address)?;
    author.say("the first")?;
    // What is allocated once, for the first of all clients, is no client's share.
    let mut cursor = Client::connect(address)?.catch_up("the first")?;
    rest(server)?;
    thread::sleep(SETTLE);
    let before = process::anonymous_memory(server)?;

    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let first = clients.len();
        for _ in 0..GROUP.min(count - first) {
            clients.push(Client::connect(address)?);
        }
        for client in &mut clients[first..] {
            let seen = client.catch_up("the first")?;
            client.ask(&seen)?;
        }
    }
    let mut crowd = Crowd::new(clients)?;
    rest(server)?;
    thread::sleep(SETTLE);
    let waiting = process::anonymous_memory(server)?;

    let (mut deliver, mut asked, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..messages {
        let text = format!("message {number}");
        let begun = rest(server)?;
        let begin = Instant::now();
        author.say(&text)?;
        cursor = crowd.hear(&text, &cursor)?;
        last.push(begin.elapsed().as_secs_f64() * 1000.0);
        let delivered = rest(server)?;
        for client in &mut crowd.clients {
            client.ask(&cursor)?;
        }
        deliver.push((delivered - begun) as f64 / count as f64);
        asked.push((rest(server)? - delivered) as f64 / count as f64);
    }
    thread::sleep(SETTLE);
    let again = process::anonymous_memory(server)?;
    println!(
        "{{\"clients\": {count}, \"before\": {before}, \"waiting\": {waiting}, \"again\": {again}, \
         \"deliver\": {deliver:?}, \"asked\": {asked:?}, \"last\": {last:?}}}"
    );
    Ok(())
}

/// Waits until the server has nothing to do, and returns the processor time that it has used so far.
fn rest(server: u32) -> Result<u64, Box<dyn Error>> {
    /// So often in a row it must be found resting.
    const TIMES: u32 = 3;

    let deadline = Instant::now() + PATIENCE;
    let mut used = 0;
    let mut found = 0;
    while found < TIMES {
        if Instant::now() > deadline {
            return Err("the server does not come to rest".into());
        }
        thread::sleep(Duration::from_millis(5));
        let now = process::processor_time(server)?;
        found = if process::is_asleep(server)? && now == used { found + 1 } else { 0 };
        used = now;
    }
    Ok(used)
}

/// A client of the chat, and its connection, which blocks at first.
struct Client<S = std::net::TcpStream> {
    stream: S,
    input: Vec<u8>,
    length: usize,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, input: Vec::new(), length: 0 })
    }
}

impl<S: Read + Write> Client<S> {
    fn send(&mut self, action: &str, form: &str) -> io::Result<()> {
        let length = form.len();
        let request = format!(
            "POST /a/message/{action} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
        );
        self.stream.write_all(request.as_bytes())
    }

    fn say(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        self.send("new", &format!("name=bench&body={}", text.replace(' ', "+")))?;
        self.await_answer(text).map(drop)
    }

    /// Asks for what was said after `cursor`.
    fn ask(&mut self, cursor: &str) -> io::Result<()> {
        self.send("updates", &format!("cursor={cursor}"))
    }

    /// Asks for all that was said, and returns the cursor behind it.
    fn catch_up(&mut self, text: &str) -> Result<String, Box<dyn Error>> {
        self.ask("0")?;
        self.await_answer(text)
    }

    fn await_answer(&mut self, text: &str) -> Result<String, Box<dyn Error>> {
        loop {
            if let Some(cursor) = self.receive(text)? {
                return Ok(cursor);
            }
        }
    }

    /// Reads once. When the answer is there, which must end with `text`, returns the cursor behind it.
    fn receive(&mut self, text: &str) -> Result<Option<String>, Box<dyn Error>> {
        const ROOM: usize = 2048;

        self.input.resize(self.length + ROOM, 0);
        match self.stream.read(&mut self.input[self.length..])? {
            0 => return Err("the server closed a connection".into()),
            read => self.length += read,
        }
        let input = std::str::from_utf8(&self.input[..self.length])?;
        let Some((head, body)) = input.split_once("\r\n\r\n") else { return Ok(None) };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        if body.len() < length.ok_or("an answer without a length")? {
            return Ok(None);
        }
        if !head.starts_with("HTTP/1.1 200 ") || !body.contains(&format!("{text}\"")) {
            return Err(format!("not what was asked for: {}", input.escape_debug()).into());
        }
        let (_, id) = body.rsplit_once(ID).ok_or("an answer without an id")?;
        let id = id.split([',', '}']).next().unwrap_or_default();
        let cursor = id.trim_matches([' ', '"']).to_owned();
        self.length = 0;
        Ok(Some(cursor))
    }
}

/// All who wait.
struct Crowd {
    clients: Vec<Client<TcpStream>>,
    poll: Poll,
}

impl Crowd {
    fn new(clients: Vec<Client>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let register = |(index, client): (usize, Client)| {
            client.stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(client.stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            Ok(Client { stream, input: client.input, length: client.length })
        };
        let clients = clients.into_iter().enumerate().map(register).collect::<io::Result<_>>()?;
        Ok(Self { clients, poll })
    }

    /// Waits until everybody has heard `text`. Returns the cursor behind it, which must be new and the same for all.
    fn hear(&mut self, text: &str, before: &str) -> Result<String, Box<dyn Error>> {
        let mut events = Events::with_capacity(1024);
        let mut cursor = String::new();
        let mut heard = 0;
        while heard < self.clients.len() {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            if events.is_empty() {
                return Err("somebody was forgotten".into());
            }
            for event in &events {
                let Some(new) = self.clients[event.token().0].receive(text)? else { continue };
                if new == before || !(cursor.is_empty() || new == cursor) {
                    return Err(format!("the cursor {new:?} after {before:?}").into());
                }
                cursor = new;
                heard += 1;
            }
        }
        Ok(cursor)
    }
}
