//! Supervised worker processes, over the program `workers`.

use gustnado_tests::{PATIENCE, eventually};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The program's first process, which takes the others with it when it ends.
struct Supervisor {
    child: Child,
    address: SocketAddr,
}

impl Supervisor {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workers"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    /// The process of each worker that answers, once both do.
    fn workers(&self) -> BTreeMap<usize, u32> {
        let mut workers = BTreeMap::new();
        eventually("both workers answer", || {
            workers.extend(get(self.address, "/"));
            workers.len() == 2
        });
        workers
    }

    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the supervisor ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own: which worker has answered, and its process; `None` if nobody has.
fn get(address: SocketAddr, path: &str) -> Option<(usize, u32)> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").ok()?;
    let mut reply = String::new();
    socket.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (task_id, process) = body.split_once(' ').unwrap();
    Some((task_id.parse().unwrap(), process.parse().unwrap()))
}

fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").arg(signal).arg(process.to_string()).status();
    assert!(status.unwrap().success());
}

fn runs(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_worker_that_crashes_is_started_again_under_its_number() {
    let supervisor = Supervisor::start();
    let before = supervisor.workers();
    assert!(get(supervisor.address, "/die").is_none());
    let has_died = |(_, process): &(&usize, &u32)| !runs(**process);
    eventually("one has died", || before.iter().any(|worker| has_died(&worker)));
    let (task_id, process) = before.iter().find(has_died).unwrap();
    eventually("it answers again", || {
        let answered = get(supervisor.address, "/").unwrap();
        answered.0 == *task_id && answered.1 != *process
    });
    // The other one has not noticed.
    assert_eq!(
        supervisor.workers().iter().filter(|worker| before.get(worker.0) == Some(worker.1)).count(),
        1
    );
}

#[test]
fn a_worker_that_ends_well_is_not_started_again_and_the_last_one_ends_the_supervisor() {
    let mut supervisor = Supervisor::start();
    let before = supervisor.workers();
    assert!(get(supervisor.address, "/leave").is_none());
    eventually("one has ended", || before.values().filter(|process| runs(**process)).count() == 1);
    let left = before.iter().find(|(_, process)| runs(**process));
    let left = left.map(|(task_id, process)| (*task_id, *process));
    for _ in 0..20 {
        assert_eq!(get(supervisor.address, "/"), left, "nobody else answers");
    }
    assert!(get(supervisor.address, "/leave").is_none());
    assert!(supervisor.ended().success());
}

#[test]
fn killing_a_worker_under_load_loses_no_request_beyond_those_it_held() {
    const CLIENTS: usize = 8;
    let supervisor = Supervisor::start();
    let victim = supervisor.workers()[&0];
    let (done, answered, lost) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let count =
                        if get(supervisor.address, "/").is_some() { &answered } else { &lost };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let reached =
            |goal| eventually("requests are answered", || answered.load(Ordering::Relaxed) >= goal);
        reached(200);
        kill("-KILL", victim);
        reached(answered.load(Ordering::Relaxed) + 500);
        done.store(true, Ordering::Relaxed);
    });
    // Each client has one request at a time, and the victim cannot have held more.
    assert!(lost.into_inner() <= CLIENTS);
    assert_ne!(supervisor.workers()[&0], victim);
}

#[test]
fn the_supervisor_asks_its_workers_to_end_and_waits_for_what_they_do() {
    let mut supervisor = Supervisor::start();
    let workers = supervisor.workers();
    let address = supervisor.address;
    let slow = thread::spawn(move || get(address, "/slow"));
    thread::sleep(Duration::from_millis(100));
    kill("-TERM", supervisor.child.id());
    assert!(slow.join().unwrap().is_some());
    assert!(supervisor.ended().success());
    assert!(workers.into_values().all(|process| !runs(process)));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn workers_whose_supervisor_is_gone_end() {
    let mut supervisor = Supervisor::start();
    let workers = supervisor.workers();
    supervisor.child.kill().unwrap();
    eventually("they end", || workers.values().all(|process| !runs(*process)));
    assert!(!supervisor.ended().success());
}

#[test]
fn a_supervisor_whose_workers_crash_too_often_gives_up() {
    let mut supervisor = Supervisor::start();
    supervisor.workers();
    eventually("it gives up", || {
        get(supervisor.address, "/die");
        supervisor.child.try_wait().unwrap().is_some()
    });
    assert!(!supervisor.ended().success());
}
