//! The simulated world itself: its clock, its network, and what a test can do to them.

use crate::{LOCAL, SERVER, pair, seconds};
use gustnado::coroutine::{Multi, cancel_after, moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::iostream::{IOStream, StreamError};
use gustnado::netutil::bind_socket;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use gustnado::testing::simulation::Stuck;
use std::cell::Cell;
use std::future::pending;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// Sends everything back.
async fn echo(stream: IOStream, _: SocketAddr) {
    while let Ok(bytes) = stream.read_partial(1000).await {
        if stream.write(&bytes).await.is_err() {
            return;
        }
    }
}

fn kind<T>(result: Result<T, StreamError>) -> Option<ErrorKind> {
    match result {
        Err(StreamError::Closed(error)) => error.map(|error| error.kind()),
        _ => None,
    }
}

#[gustnado::test(simulated)]
async fn an_hour_takes_no_time() {
    let (world, begun) = (Simulation::current(), IOLoop::current().time());
    sleep(seconds(3600)).await;
    assert_eq!(world.elapsed(), seconds(3600));
    assert_eq!(IOLoop::current().time() - begun, seconds(3600));
}

#[gustnado::test(simulated)]
async fn timeouts_are_exact_to_the_nanosecond() {
    let world = Simulation::current();
    let delay = || world.random_duration(Duration::ZERO..=seconds(10_000));
    let sleeps = (0..50).map(|_| delay()).map(|delay| async move {
        sleep(delay).await;
        assert_eq!(Simulation::current().elapsed(), delay);
    });
    Multi(sleeps.collect::<Vec<_>>()).await.unwrap();
}

#[gustnado::test(simulated)]
async fn time_passes_for_who_is_always_busy() {
    let busy = spawn(async {
        loop {
            moment().await;
        }
    });
    let world = Simulation::current();
    world.delay(Duration::ZERO..=Duration::from_millis(1));
    sleep(Duration::from_millis(1)).await;
    let (one, other) = pair().await;
    one.write(b"x").await.unwrap();
    other.read_bytes(1).await.unwrap();
    busy.cancel();
}

#[test]
fn a_world_in_which_nothing_can_happen_fails_at_once() {
    let waiting = Simulation::run(1, async || {
        sleep(seconds(5)).await;
        pending::<()>().await;
    });
    assert_eq!(waiting, Err(Stuck::Deadlock(seconds(5))));
    let reading = Simulation::run(1, async || {
        let (one, _other) = pair().await;
        one.read_bytes(1).await.map(drop)
    });
    assert!(matches!(reading, Err(Stuck::Deadlock(_))));
}

#[test]
fn a_world_ends_at_its_limit() {
    let limit = seconds(60);
    let late = Simulation::run_within(1, limit, async || {
        sleep(limit).await;
        sleep(Duration::from_nanos(1)).await;
    });
    assert_eq!(late, Err(Stuck::Timeout(limit)));
    assert_eq!(Simulation::run_within(1, limit, async || sleep(limit).await), Ok(()));
}

#[gustnado::test(simulated)]
async fn another_thread_with_a_handle_is_waited_for() {
    let handle = IOLoop::current().handle();
    let (posted, woken) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None)));
    POSTED.set(Some((posted.clone(), woken.clone())));
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1));
        handle.add_callback(|| {
            let (posted, woken) = POSTED.take().unwrap();
            posted.set(true);
            woken.take().map(std::task::Waker::wake).unwrap_or_default();
        });
    });
    std::future::poll_fn(|cx| {
        woken.set(Some(cx.waker().clone()));
        if posted.get() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    thread.join().unwrap();
}

type Posted = (Rc<Cell<bool>>, Rc<Cell<Option<std::task::Waker>>>);

thread_local! {
    static POSTED: Cell<Option<Posted>> = const { Cell::new(None) };
}

#[gustnado::test(simulated)]
async fn bytes_arrive_whole_and_in_order_through_any_network() {
    let world = Simulation::current();
    let (one, other) = pair().await;
    let most = *world.choose(&[10, 1_000, 50_000]);
    let sent: Vec<u8> = (0..world.random(0..=most)).map(|number| number as u8).collect();
    let writing = async {
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let size = world.random(1..=rest.len() as u64) as usize;
            one.write(&rest[..size]).await?;
            rest = &rest[size..];
        }
        one.shutdown().unwrap();
        Ok(())
    };
    let ((), read) = Multi((writing, other.read_until_close())).await.unwrap();
    assert!(read == sent);
}

#[gustnado::test(simulated)]
async fn a_writer_waits_for_a_slow_reader() {
    let world = Simulation::current();
    world.buffers(100..=100);
    let (one, other) = pair().await;
    let written = cancel_after(seconds(1000), one.write(&[7; 1000])).await;
    assert!(written.is_err() && one.writing(), "nobody has read anything");
    assert!(other.read_bytes(900).await.unwrap() == [7; 900]);
    // The last hundred need no reader.
    one.flush().await.unwrap();
}

#[gustnado::test(simulated)]
async fn each_side_ends_for_itself() {
    let (one, other) = pair().await;
    one.write(b"question").await.unwrap();
    one.shutdown().unwrap();
    assert_eq!(other.read_until_close().await.unwrap(), b"question");
    let (one, other) = pair().await;
    one.shutdown().unwrap();
    assert_eq!(kind(one.write(b"more").await), Some(ErrorKind::BrokenPipe));
    assert!(matches!(other.read_bytes(1).await, Err(StreamError::Closed(None))));
    let (one, other) = pair().await;
    drop(one);
    assert!(matches!(other.read_bytes(1).await, Err(StreamError::Closed(None))));
}

#[gustnado::test(simulated)]
async fn who_closes_without_reading_resets() {
    let (one, other) = pair().await;
    one.write(b"unread").await.unwrap();
    sleep(seconds(1)).await;
    drop(other);
    assert_eq!(kind(one.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
}

#[gustnado::test(simulated)]
async fn nobody_listens() {
    let address = (SERVER, 80).into();
    let refused =
        || async { IOStream::connect(address).await.map(drop).map_err(|error| error.kind()) };
    assert_eq!(refused().await, Err(ErrorKind::ConnectionRefused));
    let server = TCPServer::new(echo);
    server.listen(address).unwrap();
    assert_eq!(refused().await, Ok(()));
    let world = Simulation::current();
    world.refuse(address);
    assert_eq!(refused().await, Err(ErrorKind::ConnectionRefused));
    world.admit(address);
    assert_eq!(refused().await, Ok(()));
    server.stop();
    moment().await;
    assert_eq!(refused().await, Err(ErrorKind::ConnectionRefused));
}

#[gustnado::test(simulated)]
async fn addresses_are_taken_as_on_a_real_network() {
    let taken = |address: SocketAddr| bind_socket(address, false).map_err(|error| error.kind());
    let first = taken((SERVER, 80).into()).unwrap();
    assert_eq!(taken((SERVER, 80).into()).unwrap_err(), ErrorKind::AddrInUse);
    assert_eq!(taken((Ipv4Addr::UNSPECIFIED, 80).into()).unwrap_err(), ErrorKind::AddrInUse);
    let others = [
        taken((LOCAL, 80).into()).unwrap(),
        taken((SERVER, 81).into()).unwrap(),
        taken((Ipv6Addr::UNSPECIFIED, 80).into()).unwrap(),
        bind_socket((SERVER, 82).into(), true).unwrap(),
        bind_socket((SERVER, 82).into(), true).unwrap(),
    ];
    assert_eq!(first.local_addr().unwrap(), (SERVER, 80).into());
    drop(first);
    taken((SERVER, 80).into()).unwrap();
    let free = taken((SERVER, 0).into()).unwrap().local_addr().unwrap();
    assert_ne!(free.port(), 0);
    drop(others);
    assert_eq!(Simulation::current().sockets(), 0);
}

#[gustnado::test(simulated)]
async fn hosts_have_addresses() {
    let server = TCPServer::new(async |stream: IOStream, client: SocketAddr| {
        assert_eq!(stream.peer_addr().unwrap(), client);
        stream.write(client.ip().to_string().as_bytes()).await.unwrap();
    });
    let any = server.listen((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap();
    let v6 = server.listen((Ipv6Addr::LOCALHOST, 0).into()).unwrap();
    let ask = async |address: SocketAddr| {
        let stream = IOStream::connect(address).await.unwrap();
        String::from_utf8(stream.read_until_close().await.unwrap())
    };
    let world = Simulation::current();
    assert_eq!(ask((SERVER, any.port()).into()).await.unwrap(), "127.0.0.1");
    assert_eq!(ask(v6).await.unwrap(), "::1");
    let elsewhere = [world.on([10, 0, 0, 7], ask(any)), world.on([10, 0, 0, 8], ask(any))];
    assert_eq!(Multi(elsewhere).await.unwrap(), ["10.0.0.7", "10.0.0.8"]);
    assert_eq!(ask(any).await.unwrap(), "127.0.0.1");
}

#[gustnado::test(simulated)]
async fn a_partition_holds_what_is_sent_until_it_is_healed() {
    let world = Simulation::current();
    let (one, other) = pair().await;
    world.partition(LOCAL, SERVER);
    one.write(b"patience").await.unwrap();
    assert!(cancel_after(seconds(600), other.read_bytes(1)).await.is_err());
    let elsewhere = TCPServer::new(echo);
    let address = elsewhere.listen(([10, 0, 0, 3], 0).into()).unwrap();
    IOStream::connect(address).await.unwrap();
    world.heal(SERVER, LOCAL);
    assert_eq!(other.read_bytes(8).await.unwrap(), b"patience");
    assert!(world.elapsed() < seconds(700));
    other.write(b"thanks").await.unwrap();
    assert_eq!(one.read_bytes(6).await.unwrap(), b"thanks");
}

#[gustnado::test(simulated)]
async fn who_hears_nothing_for_long_gives_up() {
    let world = Simulation::current();
    let (one, other) = pair().await;
    let server = TCPServer::new(echo);
    let address = server.listen((SERVER, 0).into()).unwrap();
    world.partition(LOCAL, SERVER);
    let begun = world.elapsed();
    let error = IOStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!((world.elapsed() - begun).as_secs(), 127);
    one.write(b"anybody?").await.unwrap();
    assert_eq!(kind(one.read_bytes(1).await), Some(ErrorKind::TimedOut));
    assert_eq!((world.elapsed() - begun).as_secs(), 127 + 924);
    // Who has said nothing notices nothing, not even afterwards, until he speaks.
    world.heal(LOCAL, SERVER);
    assert!(cancel_after(seconds(3600), other.read_bytes(1)).await.is_err());
    other.write(b"yes?").await.unwrap();
    assert_eq!(kind(other.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
}

#[gustnado::test(simulated)]
async fn a_full_backlog_lets_clients_try_again() {
    let world = Simulation::current();
    let listener = bind_socket((SERVER, 80).into(), false).unwrap();
    let clients = (0..140).map(|_| spawn(IOStream::connect((SERVER, 80).into())));
    let clients = Multi(clients.collect::<Vec<_>>());
    let server = TCPServer::new(echo);
    let accepting = spawn(async move {
        sleep(seconds(2)).await;
        server.add_socket(listener).unwrap();
        pending::<()>().await;
    });
    let clients = clients.await.unwrap();
    accepting.cancel();
    assert_eq!(clients.iter().flatten().count(), 140);
    assert!((2..=4).contains(&world.elapsed().as_secs()), "{:?}", world.elapsed());
}

#[gustnado::test(simulated)]
async fn a_test_may_reset_a_connection() {
    let (one, other) = pair().await;
    let (third, fourth) = pair().await;
    let connections = Simulation::current().connections();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0].server(), one.peer_addr().unwrap());
    assert_eq!(connections[0].client(), other.peer_addr().unwrap());
    connections[0].reset();
    assert_eq!(kind(one.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
    assert_eq!(kind(other.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
    third.write(b"fine").await.unwrap();
    assert_eq!(fourth.read_bytes(4).await.unwrap(), b"fine");
    drop((one, other, third, fourth));
    connections[0].reset();
    assert_eq!(Simulation::current().sockets(), 0);
}

#[gustnado::test(simulated)]
async fn data_arrives_in_the_pieces_that_the_test_wants() {
    let world = Simulation::current();
    world.split(1..=1);
    world.delay(Duration::from_millis(1)..=Duration::from_millis(2));
    let (one, other) = pair().await;
    one.write(b"abc").await.unwrap();
    for byte in b"abc" {
        assert_eq!(other.read_partial(100).await.unwrap(), [*byte]);
    }
}

#[gustnado::test(simulated)]
async fn links_are_as_slow_as_the_test_wants() {
    let world = Simulation::current();
    world.delay_between(LOCAL, SERVER, seconds(10)..=seconds(10));
    let (one, other) = pair().await;
    // There and back again.
    assert!((20..=21).contains(&world.elapsed().as_secs()));
    one.write(b"x").await.unwrap();
    let begun = world.elapsed();
    other.read_bytes(1).await.unwrap();
    assert_eq!(world.elapsed() - begun, seconds(10));
}

#[gustnado::test(simulated)]
async fn a_network_may_break_connections_at_random() {
    let world = Simulation::current();
    world.resets(1.0);
    let (one, other) = pair().await;
    one.write(b"x").await.unwrap();
    assert_eq!(kind(other.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
    assert_eq!(kind(one.read_bytes(1).await), Some(ErrorKind::ConnectionReset));
}

#[gustnado::test(simulated)]
async fn a_loop_of_a_world_refuses_descriptors_of_the_system() {
    let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&ours);
    let error =
        IOLoop::current().add_handler(fd, |_, _| {}, gustnado::ioloop::Events::READ).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[gustnado::test(simulated)]
async fn a_stream_may_outlive_its_world() {
    let stream = Simulation::run(5, async || pair().await.0).unwrap();
    let (one, other) = pair().await;
    drop(stream);
    one.write(b"x").await.unwrap();
    other.read_bytes(1).await.unwrap();
}

#[test]
fn a_world_is_that_of_its_own_code_only() {
    assert!(Simulation::try_current().is_none());
    let inner = Simulation::run(1, async || {
        let inner = Simulation::run(2, async || Simulation::current().seed());
        (Simulation::current().seed(), inner)
    });
    assert_eq!(inner, Ok((1, Ok(2))));
    assert!(Simulation::try_current().is_none());
}
