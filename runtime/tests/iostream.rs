//! Streams, under the names of Tornado's own tests where it has them.

use gustnado::coroutine::{Multi, cancel_after, moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::iostream::{IOStream, StreamError};
use gustnado_tests::log::Lines;
use gustnado_tests::{Turns, milliseconds};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

/// A stream, and the socket at its other end.
async fn pair() -> (IOStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = IOStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (peer, address) = listener.accept().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    assert!(address.ip().is_loopback());
    peer.set_nodelay(true).unwrap();
    (stream, peer)
}

/// A stream at each end.
async fn streams() -> (IOStream, IOStream) {
    let (stream, peer) = pair().await;
    (stream, IOStream::from_tcp(peer).unwrap())
}

/// Gives a future one turn.
async fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    let mut future = future;
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Resets the connection instead of ending it: closes a socket that has not read everything.
async fn reset(stream: &IOStream, peer: TcpStream) {
    stream.write(b"unread").await.unwrap();
    peer.peek(&mut [0]).unwrap();
    drop(peer);
}

fn is_closed<T>(result: Result<T, StreamError>) -> bool {
    matches!(result, Err(StreamError::Closed(None)))
}

#[gustnado::test]
async fn read_until() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"one\r\ntwo\r\n\r\nthr").unwrap();
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"one\r\n");
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"two\r\n");
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"\r\n");
    peer.write_all(b"ee\r").unwrap();
    let mut read = pin!(stream.read_until(b"\r\n"));
    assert!(poll_once(read.as_mut()).await.is_pending());
    assert!(stream.reading());
    peer.write_all(b"\nfour").unwrap();
    assert_eq!(read.await.unwrap(), b"three\r\n");
    assert!(!stream.reading());
    assert_eq!(stream.read_bytes(4).await.unwrap(), b"four");
}

#[gustnado::test]
async fn read_until_a_delimiter_that_comes_byte_by_byte() {
    let (stream, mut peer) = pair().await;
    let reader = spawn(async move {
        let found = [stream.read_until(b"aab").await, stream.read_until(b"aab").await];
        found.map(Result::unwrap)
    });
    for byte in b"aaaabxaaab" {
        peer.write_all(&[*byte]).unwrap();
        sleep(milliseconds(1)).await;
    }
    assert_eq!(reader.await.unwrap(), [&b"aaaab"[..], b"xaaab"]);
}

#[gustnado::test]
async fn read_until_an_empty_delimiter_is_read_at_once() {
    let (stream, _peer) = pair().await;
    assert_eq!(stream.read_until(b"").await.unwrap(), b"");
}

#[gustnado::test]
async fn read_until_max_bytes() {
    for (sent, max, found) in [
        // Within the limit, and exactly at it; what follows does not count.
        ("abcdef\r\n", 50, true),
        ("abcdef\r\n", 8, true),
        ("abcdef\r\nand much more", 8, true),
        // Beyond it, in the same packet or not at all.
        ("abcdef\r\n", 7, false),
        ("abcdefghijkl", 8, false),
        ("abcdefghijkl\r\n", 8, false),
    ] {
        let (lines, _log) = Lines::capture();
        let (stream, mut peer) = pair().await;
        peer.write_all(sent.as_bytes()).unwrap();
        let result = stream.read_until_within(b"\r\n", max).await;
        if found {
            assert_eq!(result.unwrap(), b"abcdef\r\n");
            assert!(!stream.closed());
            continue;
        }
        assert!(is_closed(result), "{sent:?} {max}");
        assert!(stream.closed());
        assert_eq!(peer.read(&mut [0]).unwrap_or(0), 0);
        let line = format!(
            "INFO gustnado.general Unsatisfiable read, closing connection: \
             delimiter not found within {max} bytes"
        );
        assert_eq!(lines.take(), [line]);
    }
}

#[gustnado::test]
async fn read_until_max_bytes_waits_while_the_limit_is_not_reached() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"abcdefgh").unwrap();
    let mut read = pin!(stream.read_until_within(b"\r\n", 8));
    sleep(milliseconds(5)).await;
    assert!(poll_once(read.as_mut()).await.is_pending());
    peer.write_all(b"i").unwrap();
    assert!(is_closed(read.await));
}

#[gustnado::test]
async fn read_bytes() {
    let (stream, mut peer) = pair().await;
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
    peer.write_all(b"0123456789").unwrap();
    assert_eq!(stream.read_bytes(3).await.unwrap(), b"012");
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
    assert_eq!(stream.read_bytes(7).await.unwrap(), b"3456789");
    let large: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let sent = large.clone();
    let writer = std::thread::spawn(move || peer.write_all(&sent).map(|()| peer));
    assert!(stream.read_bytes(99_999).await.unwrap() == large[..99_999]);
    drop(writer.join().unwrap().unwrap());
    assert_eq!(stream.read_bytes(1).await.unwrap(), [large[99_999]]);
    assert!(is_closed(stream.read_bytes(1).await));
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
}

#[gustnado::test]
async fn read_bytes_partial() {
    let (stream, mut peer) = pair().await;
    assert_eq!(stream.read_partial(0).await.unwrap(), b"");
    peer.write_all(b"hello").unwrap();
    assert_eq!(stream.read_partial(50).await.unwrap(), b"hello");
    peer.write_all(b"0123456789").unwrap();
    assert_eq!(stream.read_partial(4).await.unwrap(), b"0123");
    assert_eq!(stream.read_partial(50).await.unwrap(), b"456789");
    drop(peer);
    assert!(is_closed(stream.read_partial(50).await));
}

#[gustnado::test]
async fn read_until_close() {
    let (stream, mut peer) = pair().await;
    let large = vec![b'x'; 1_000_000];
    let sent = large.clone();
    let writer = std::thread::spawn(move || {
        peer.write_all(b"first\n").unwrap();
        peer.write_all(&sent).unwrap();
    });
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"first\n");
    assert!(stream.read_until_close().await.unwrap() == large);
    assert!(stream.closed() && stream.error().is_none());
    assert_eq!(stream.read_until_close().await.unwrap(), b"");
    writer.join().unwrap();
}

#[gustnado::test]
async fn read_until_close_after_close() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"1234").unwrap();
    drop(peer);
    assert_eq!(stream.read_bytes(1).await.unwrap(), b"1");
    stream.close();
    // What was received is still there.
    assert_eq!(stream.read_partial(2).await.unwrap(), b"23");
    assert_eq!(stream.read_until_close().await.unwrap(), b"4");
}

#[gustnado::test]
async fn what_was_received_can_be_read_after_the_other_side_has_closed() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"line 1\nline 2\nrest").unwrap();
    drop(peer);
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"line 1\n");
    sleep(milliseconds(5)).await;
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"line 2\n");
    assert!(is_closed(stream.read_until(b"\n").await));
    assert!(stream.closed());
    assert_eq!(stream.read_bytes(4).await.unwrap(), b"rest");
    assert!(is_closed(stream.read_bytes(1).await));
}

#[gustnado::test]
async fn a_reset_is_told_with_its_error_and_not_logged() {
    let (lines, _log) = Lines::capture();
    let (stream, peer) = pair().await;
    reset(&stream, peer).await;
    let error = stream.read_until_close().await.unwrap_err();
    assert_eq!(error.real_error().map(std::io::Error::kind), Some(ErrorKind::ConnectionReset));
    assert_eq!(stream.error().map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    assert!(error.to_string().starts_with("Stream is closed: "), "{error}");
    assert!(stream.read_bytes(1).await.unwrap_err().real_error().is_some());
    assert!(stream.write(b"x").await.unwrap_err().real_error().is_some());
    assert_eq!(lines.take(), [""; 0]);
}

#[gustnado::test]
async fn a_read_buffer_that_overflows_closes_the_stream() {
    for delimited in [true, false] {
        let (lines, _log) = Lines::capture();
        let (stream, mut peer) = pair().await;
        stream.set_max_buffer_size(10_000);
        let writer = std::thread::spawn(move || peer.write_all(&vec![b'x'; 50_000_000]).is_err());
        let result = match delimited {
            true => stream.read_until(b"y").await,
            false => stream.read_bytes(50_000_000).await,
        };
        assert!(matches!(result, Err(StreamError::BufferFull)));
        assert!(stream.closed());
        assert!(writer.join().unwrap(), "the writer is not read any more");
        assert_eq!(lines.take(), ["ERROR gustnado.general Reached maximum read buffer size"]);
    }
}

#[gustnado::test]
async fn read_bytes_may_be_many_as_long_as_few_wait() {
    let (stream, mut peer) = pair().await;
    stream.set_max_buffer_size(10_000);
    let writer = std::thread::spawn(move || peer.write_all(&[b'x'; 1_000_000]));
    let mut count = 0;
    while let Ok(bytes) = stream.read_partial(5000).await {
        count += bytes.len();
    }
    assert_eq!(count, 1_000_000);
    writer.join().unwrap().unwrap();
}

#[gustnado::test]
async fn one_coroutine_reads_at_a_time() {
    let (stream, mut peer) = pair().await;
    let mut first = Box::pin(stream.read_bytes(5));
    assert!(poll_once(first.as_mut()).await.is_pending());
    for second in [
        stream.read_bytes(1).await,
        stream.read_partial(1).await,
        stream.read_until(b"x").await,
        stream.read_until_close().await,
    ] {
        let error = second.unwrap_err();
        assert!(matches!(error, StreamError::AlreadyReading));
        assert_eq!(error.to_string(), "Already reading");
    }
    peer.write_all(b"Hello, world").unwrap();
    assert_eq!(first.as_mut().await.unwrap(), b"Hello");
    // Who has what he wanted reads no more, even if he is still there.
    assert_eq!(stream.read_partial(100).await.unwrap(), b", world");
}

#[gustnado::test]
async fn a_read_that_is_given_up_loses_nothing() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"Hello").unwrap();
    let read = cancel_after(milliseconds(10), stream.read_bytes(10)).await;
    assert!(read.is_err() && !stream.reading());
    peer.write_all(b" world").unwrap();
    assert_eq!(stream.read_bytes(11).await.unwrap(), b"Hello world");
}

#[gustnado::test]
async fn streaming_callback_with_data_in_buffer() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"abcd\r\nefgh").unwrap();
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"abcd\r\n");
    assert_eq!(stream.read_partial(100).await.unwrap(), b"efgh");
}

#[gustnado::test]
async fn write_zero_bytes() {
    let (stream, mut peer) = pair().await;
    stream.write(b"").await.unwrap();
    stream.write_bytes(bytes::Bytes::new()).await.unwrap();
    assert!(!stream.writing());
    stream.write(b"x").await.unwrap();
    stream.flush().await.unwrap();
    stream.close();
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"x");
}

/// Writes until the system takes no more; returns what was written.
fn fill(stream: &IOStream) -> Vec<u8> {
    let mut written = Vec::new();
    for number in 0_u32.. {
        if stream.writing() {
            break;
        }
        let piece = number.to_le_bytes().repeat(10_000);
        drop(stream.write(&piece));
        written.extend(piece);
    }
    written
}

#[gustnado::test]
async fn a_write_waits_for_a_slow_reader() {
    let (stream, mut peer) = pair().await;
    let mut expected = fill(&stream);
    let mut write = pin!(stream.write(b"last"));
    expected.extend(b"last");
    sleep(milliseconds(20)).await;
    assert!(poll_once(write.as_mut()).await.is_pending());
    assert!(stream.writing());
    let reader = std::thread::spawn(move || {
        let mut read = vec![0; expected.len()];
        peer.read_exact(&mut read).unwrap();
        assert!(read == expected);
        peer
    });
    write.await.unwrap();
    assert!(!stream.writing());
    stream.flush().await.unwrap();
    drop(reader.join().unwrap());
}

#[gustnado::test]
async fn writes_keep_their_order_whoever_waits_for_them() {
    let (stream, mut peer) = pair().await;
    let stream = Rc::new(stream);
    let mut expected = fill(&stream);
    let order = Rc::<RefCell<Vec<usize>>>::default();
    let mut tasks = Vec::new();
    // Small ones that are put together, large ones that are not, and some that nobody waits for.
    for number in 0..200 {
        let piece = vec![number as u8; if number % 7 == 0 { 5000 } else { 100 }];
        expected.extend(&piece);
        let write = match number % 3 {
            0 => stream.write_bytes(piece.into()),
            _ => stream.write(&piece),
        };
        if number % 5 == 0 {
            drop(write);
            continue;
        }
        let order = order.clone();
        tasks.push(spawn(async move {
            write.await.unwrap();
            order.borrow_mut().push(number);
        }));
    }
    let reader = std::thread::spawn(move || {
        let mut read = vec![0; expected.len()];
        peer.read_exact(&mut read).unwrap();
        (read == expected, peer)
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert!(order.borrow().is_sorted());
    assert!(reader.join().unwrap().0);
}

#[gustnado::test]
async fn both_directions_at_once() {
    let (one, other) = streams().await;
    let large: Vec<u8> = (0..5_000_000_u32).map(|number| (number % 253) as u8).collect();
    let send = async |stream: &IOStream| stream.write(&large).await;
    let receive = async |stream: &IOStream| {
        let bytes = stream.read_bytes(5_000_000).await?;
        assert!(bytes == large);
        Ok(())
    };
    let both = (send(&one), send(&other), receive(&one), receive(&other));
    Multi(both).await.unwrap();
}

#[gustnado::test]
async fn a_write_buffer_that_would_overflow_refuses_the_write_and_keeps_the_rest() {
    let (stream, mut peer) = pair().await;
    let mut expected = fill(&stream);
    let waiting = stream.write(b"");
    stream.set_max_write_buffer_size(Some(100_000));
    let error = stream.write(&[b'x'; 100_001]).await.unwrap_err();
    assert!(matches!(error, StreamError::BufferFull));
    assert_eq!(error.to_string(), "Reached maximum buffer size");
    stream.set_max_write_buffer_size(None);
    drop(stream.write(b"end"));
    expected.extend(b"end");
    drop(waiting);
    let reader = std::thread::spawn(move || {
        let mut read = Vec::new();
        peer.read_to_end(&mut read).unwrap();
        read == expected
    });
    stream.flush().await.unwrap();
    stream.close();
    assert!(reader.join().unwrap());
}

#[gustnado::test]
async fn whatever_is_asked_of_a_closed_stream_fails() {
    let (stream, _peer) = pair().await;
    stream.close();
    for error in [stream.write(b"x").await, stream.flush().await] {
        // Nothing had been written that could be lost.
        assert!(error.is_ok() || is_closed(error));
    }
    assert!(is_closed(stream.write(b"x").await));
    assert_eq!(stream.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(stream.shutdown().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(stream.set_nodelay(true).unwrap_err().kind(), ErrorKind::NotConnected);
}

#[gustnado::test]
async fn a_write_that_waits_hears_of_the_close() {
    let (stream, _peer) = pair().await;
    fill(&stream);
    let write = stream.write(b"last");
    let waiting = spawn(write);
    moment().await;
    stream.close();
    assert!(is_closed(waiting.await.unwrap()));
    assert!(!stream.writing());
}

#[gustnado::test]
async fn a_write_to_a_side_that_has_left_fails_and_is_not_logged() {
    let (lines, _log) = Lines::capture();
    let (stream, peer) = pair().await;
    drop(peer);
    let error = loop {
        if let Err(error) = stream.write(b"x").await {
            break error;
        }
        sleep(milliseconds(1)).await;
    };
    let kind = error.real_error().map(std::io::Error::kind);
    assert!(matches!(kind, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)), "{kind:?}");
    assert!(stream.closed());
    assert_eq!(lines.take(), [""; 0]);
}

#[gustnado::test]
async fn what_is_written_before_the_stream_is_dropped_has_left_as_far_as_the_system_took_it() {
    let (stream, mut peer) = pair().await;
    drop(stream.write(b"Hello"));
    drop(stream);
    let mut rest = String::new();
    peer.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "Hello");
}

#[gustnado::test]
async fn a_stream_that_is_dropped_does_not_live_on_with_what_it_has_to_send() {
    let (stream, mut peer) = pair().await;
    let written = fill(&stream).len();
    let write = stream.write(b"last");
    moment().await;
    drop(stream);
    assert!(is_closed(write.await));
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert!(rest.len() < written);
}

#[gustnado::test]
async fn a_close_ends_a_read_that_waits() {
    let (stream, _peer) = pair().await;
    let stream = Rc::new(stream);
    let reading = stream.clone();
    let read = spawn(async move { reading.read_bytes(1).await });
    moment().await;
    assert!(stream.reading());
    stream.close();
    stream.close();
    assert!(is_closed(read.await.unwrap()));
    assert!(stream.closed() && !stream.reading());
}

#[gustnado::test]
async fn shutdown_ends_one_side_only() {
    let (stream, mut peer) = pair().await;
    stream.write(b"question").await.unwrap();
    stream.shutdown().unwrap();
    let mut question = String::new();
    peer.read_to_string(&mut question).unwrap();
    peer.write_all(b"answer").unwrap();
    drop(peer);
    assert_eq!(
        (question.as_str(), stream.read_until_close().await.unwrap()),
        ("question", b"answer".to_vec())
    );
}

/// A close callback that notes when it is called.
fn note(order: &Rc<RefCell<Vec<&'static str>>>, what: &'static str) -> impl FnOnce() + 'static {
    let order = order.clone();
    move || order.borrow_mut().push(what)
}

#[gustnado::test]
async fn the_close_callback_of_a_closed_stream_is_called_in_the_next_turn() {
    let (stream, _peer) = pair().await;
    let order = Rc::default();
    stream.close();
    stream.set_close_callback(note(&order, "closed"));
    assert!(order.borrow().is_empty());
    moment().await;
    assert_eq!(*order.borrow(), ["closed"]);
}

#[gustnado::test]
async fn the_close_callback_comes_after_the_reads_that_wait() {
    let (stream, _peer) = pair().await;
    let stream = Rc::new(stream);
    let order = Rc::default();
    stream.set_close_callback(note(&order, "never, it was replaced"));
    stream.set_close_callback(note(&order, "closed"));
    let (reading, noted) = (stream.clone(), note(&order, "read"));
    let read = spawn(async move {
        assert!(is_closed(reading.read_bytes(1).await));
        noted();
    });
    moment().await;
    stream.close();
    assert!(order.borrow().is_empty());
    read.await.unwrap();
    moment().await;
    moment().await;
    assert_eq!(*order.borrow(), ["read", "closed"]);
}

#[gustnado::test]
async fn the_close_callback_is_called_when_the_other_side_closes_although_nobody_reads() {
    for data in [&b""[..], b"x", &[b'x'; 30_000]] {
        let (stream, mut peer) = pair().await;
        let closed = Rc::new(Cell::new(false));
        let noted = closed.clone();
        stream.set_close_callback(move || noted.set(true));
        let sent = data.to_vec();
        let writer = std::thread::spawn(move || peer.write_all(&sent).unwrap());
        while !closed.get() {
            sleep(milliseconds(1)).await;
        }
        writer.join().unwrap();
        assert!(stream.closed());
        // What it had sent before can still be read.
        assert!(stream.read_until_close().await.unwrap() == data);
    }
}

#[gustnado::test]
async fn the_close_callback_is_called_although_somebody_was_reading_when_the_other_side_closed() {
    let (stream, mut peer) = pair().await;
    let closed = Rc::new(Cell::new(false));
    let noted = closed.clone();
    stream.set_close_callback(move || noted.set(true));
    let mut read = Box::pin(stream.read_bytes(5));
    assert!(poll_once(read.as_mut()).await.is_pending());
    peer.write_all(b"Hello, world").unwrap();
    drop(peer);
    // The end is known, and the reader has not looked.
    sleep(milliseconds(10)).await;
    assert!(!closed.get());
    assert_eq!(read.await.unwrap(), b"Hello");
    while !closed.get() {
        sleep(milliseconds(1)).await;
    }
    assert_eq!(stream.read_until_close().await.unwrap(), b", world");
}

#[gustnado::test]
async fn a_reset_calls_the_close_callback() {
    let (stream, peer) = pair().await;
    let closed = Rc::new(Cell::new(false));
    let noted = closed.clone();
    stream.set_close_callback(move || noted.set(true));
    reset(&stream, peer).await;
    while !closed.get() {
        sleep(milliseconds(1)).await;
    }
    assert!(stream.error().is_some());
}

#[gustnado::test]
async fn connection_refused() {
    let (lines, _log) = Lines::capture();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = IOStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(lines.take(), [""; 0]);
}

#[gustnado::test]
async fn a_connection_that_is_given_up_is_closed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut connecting = Box::pin(IOStream::connect(listener.local_addr().unwrap()));
    let _ = poll_once(connecting.as_mut()).await;
    drop(connecting);
    let (mut peer, _) = listener.accept().unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap_or(0), 0);
}

#[gustnado::test]
async fn a_reader_whose_writer_never_stops_lets_others_have_their_turn() {
    let (stream, mut peer) = pair().await;
    let writer = std::thread::spawn(move || peer.write_all(&vec![b'x'; 30_000_000]));
    // Until much has arrived.
    sleep(milliseconds(50)).await;
    let turns = Turns::count();
    let mut count = 0;
    while let Ok(bytes) = stream.read_partial(100_000).await {
        turns.note();
        count += bytes.len();
    }
    assert_eq!(count, 30_000_000);
    assert!(turns.most() <= 40, "{} reads in one turn", turns.most());
    writer.join().unwrap().unwrap();
}

#[gustnado::test]
async fn a_writer_whose_reader_is_fast_lets_others_have_their_turn() {
    let (stream, _peer) = pair().await;
    let turns = Turns::count();
    // So little that the system takes it at once.
    for _ in 0..1000 {
        stream.write(b"x").await.unwrap();
        turns.note();
    }
    assert!(turns.most() <= 40, "{} writes in one turn", turns.most());
}

/// The loop's end is the stream's end.
#[test]
fn a_stream_that_outlives_its_loop_does_no_harm() {
    let io_loop = IOLoop::new().unwrap();
    let (stream, mut peer) = io_loop.run_sync(pair()).unwrap();
    let write = stream.write(b"x");
    io_loop.close();
    drop(write);
    stream.close();
    drop(stream);
    assert_eq!(peer.read(&mut [0]).unwrap(), 1);
    peer.shutdown(Shutdown::Both).ok();
}
