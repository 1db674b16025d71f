//! How the examples that have something to finish end on a signal: in good time, and with what was promised done.

use gustnado_tests::{Client, eventually};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A program that is killed with its test.
struct Example {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
}

impl Example {
    fn start(program: &str) -> Self {
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap();
        let address = address.parse().unwrap();
        Self { child, output, address }
    }

    fn post(&self, path: &str, form: &str) {
        let length = form.len();
        let reply = Client::connect(self.address)
            .send(format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n{form}"
            ))
            .reply();
        assert_eq!(reply.status(), 202, "{}", reply.text());
    }

    fn get(&self, path: &str) -> String {
        Client::connect(self.address).get(path).text()
    }

    /// Asks it to end; what it has printed until then.
    fn end(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        eventually("it ends", || self.child.try_wait().unwrap().is_some());
        assert!(self.child.wait().unwrap().success());
        let mut printed = String::new();
        self.output.read_to_string(&mut printed).unwrap();
        printed
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It has ended, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn idle_threads_of_the_executor_keep_nobody_from_ending() {
    // They would stay for a minute, which is longer than a test waits.
    let example = Example::start(env!("CARGO_BIN_EXE_background_jobs"));
    example.post("/pictures", "motif=dendrite&temper=calm");
    eventually("it is painted", || example.get("/pictures").contains(r#""done":1"#));
    example.end();
}

#[test]
fn jobs_that_pause_have_their_last_attempt_and_the_process_ends() {
    let example = Example::start(env!("CARGO_BIN_EXE_background_jobs"));
    for _ in 0..3 {
        example.post("/pictures", "motif=dendrite&temper=hopeless");
    }
    example.end();
}

#[test]
fn what_is_in_the_window_to_undo_is_sent() {
    let example = Example::start(env!("CARGO_BIN_EXE_undo_send"));
    example.post("/send", "to=ada%40example.org&subject=Hello&body=");
    assert_eq!(example.end(), "sent to \"ada@example.org\": \"Hello\"\n");
}

#[test]
fn what_is_on_the_shelf_is_packed_and_what_is_at_the_ramp_sent_back() {
    let example = Example::start(env!("CARGO_BIN_EXE_queue_workers"));
    example.post("/deliveries", "count=30&class=express");
    let printed = example.end();
    let numbers: Vec<u32> = printed
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [packed, sent_back] = numbers[..] else { panic!("{printed}") };
    assert!(packed >= 16 && packed + sent_back == 30, "{printed}");
}
