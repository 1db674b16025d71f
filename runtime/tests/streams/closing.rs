//! Closing, and what is told of it.

use crate::kinds::{Duplex, Kind, feed, for_each_kind, is_closed, poll_once};
use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::spawn;
use gustnado_tests::milliseconds;
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;

for_each_kind! {
    read_until_close read_until_close_after_close close_buffered_data
    read_until_with_close_after_second_packet read_until_unsatisfied_after_close
    what_was_received_can_be_read_after_the_other_side_has_closed future_close_while_reading
    whatever_is_asked_of_a_closed_stream_fails
    the_close_callback_of_a_closed_stream_is_called_in_the_next_turn
    the_close_callback_comes_after_the_reads_that_wait
    the_close_callback_is_called_when_the_other_side_closes_although_nobody_reads
    close_callback_with_pending_read
    the_close_callback_of_a_writer_is_called_when_its_reader_closes,
    both ways: shutdown_ends_one_side_only
}

async fn read_until_close<K: Kind>() {
    let (stream, peer) = K::pair().await;
    feed(peer, [b"first\n".to_vec(), vec![b'x'; 1_000_000]].concat());
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"first\n");
    assert!(stream.read_until_close().await.unwrap() == vec![b'x'; 1_000_000]);
    assert!(stream.closed() && stream.error().is_none());
    assert_eq!(stream.read_until_close().await.unwrap(), b"");
}

async fn read_until_close_after_close<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"1234").await.unwrap();
    drop(peer);
    assert_eq!(stream.read_bytes(1).await.unwrap(), b"1");
    stream.close();
    // What was received is still there.
    assert_eq!(stream.read_partial(2).await.unwrap(), b"23");
    assert_eq!(stream.read_until_close().await.unwrap(), b"4");
}

async fn close_buffered_data<K: Kind>() {
    // More than one read takes, and less than the buffer holds.
    let (stream, peer) = K::pair().await;
    feed(peer, vec![b'A'; 512 * 1024]);
    assert_eq!(stream.read_bytes(256).await.unwrap(), [b'A'; 256]);
    sleep(milliseconds(20)).await;
    assert_eq!(stream.read_bytes(256).await.unwrap(), [b'A'; 256]);
    assert_eq!(stream.read_until_close().await.unwrap().len(), 512 * 1024 - 512);
}

async fn read_until_with_close_after_second_packet<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let reading = spawn(async move { stream.read_until(b"done").await });
    peer.write(b"x").await.unwrap();
    sleep(milliseconds(2)).await;
    peer.write(b"done").await.unwrap();
    drop(peer);
    assert_eq!(reading.await.unwrap().unwrap(), b"xdone");
}

async fn read_until_unsatisfied_after_close<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let reading = spawn(async move { (stream.read_until(b"done").await, stream) });
    peer.write(b"x").await.unwrap();
    drop(peer);
    let (read, stream) = reading.await.unwrap();
    assert!(is_closed(read));
    assert_eq!(stream.read_until_close().await.unwrap(), b"x");
}

async fn what_was_received_can_be_read_after_the_other_side_has_closed<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"line 1\nline 2\nrest").await.unwrap();
    drop(peer);
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"line 1\n");
    sleep(milliseconds(5)).await;
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"line 2\n");
    assert!(is_closed(stream.read_until(b"\n").await));
    assert!(stream.closed());
    assert_eq!(stream.read_bytes(4).await.unwrap(), b"rest");
    assert!(is_closed(stream.read_bytes(1).await));
}

async fn future_close_while_reading<K: Kind>() {
    let (stream, _peer) = K::pair().await;
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

async fn whatever_is_asked_of_a_closed_stream_fails<K: Kind>() {
    let (_peer, stream) = K::pair().await;
    stream.close();
    // Nothing had been written that could be lost.
    stream.flush().await.unwrap();
    assert!(is_closed(stream.write(b"x").await));
    assert!(is_closed(stream.write_vectored(&[]).await));
    assert_eq!(stream.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(stream.shutdown().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(stream.set_nodelay(true).unwrap_err().kind(), ErrorKind::NotConnected);
}

async fn shutdown_ends_one_side_only<K: Duplex>() {
    let (stream, peer) = K::pair().await;
    let answering = spawn(async move {
        let question = peer.read_partial(100).await.unwrap();
        peer.write(&question.repeat(2)).await.unwrap();
        // Who leaves before the other side's end has come could destroy the answer on its way.
        assert_eq!(peer.read_until_close().await.unwrap(), b"");
    });
    stream.write(b"question").await.unwrap();
    stream.shutdown().unwrap();
    assert_eq!(stream.read_until_close().await.unwrap(), b"questionquestion");
    answering.await.unwrap();
}

/// A close callback that notes when it is called.
fn note(order: &Rc<RefCell<Vec<&'static str>>>, what: &'static str) -> impl FnOnce() + 'static {
    let order = order.clone();
    move || order.borrow_mut().push(what)
}

async fn the_close_callback_of_a_closed_stream_is_called_in_the_next_turn<K: Kind>() {
    let (stream, _peer) = K::pair().await;
    let order = Rc::default();
    stream.close();
    stream.set_close_callback(note(&order, "closed"));
    assert!(order.borrow().is_empty());
    moment().await;
    assert_eq!(*order.borrow(), ["closed"]);
}

async fn the_close_callback_comes_after_the_reads_that_wait<K: Kind>() {
    let (stream, _peer) = K::pair().await;
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

async fn the_close_callback_is_called_when_the_other_side_closes_although_nobody_reads<K: Kind>() {
    for size in [0, 1, 30_000] {
        let (stream, peer) = K::pair().await;
        let closed = Rc::new(Cell::new(false));
        let noted = closed.clone();
        stream.set_close_callback(move || noted.set(true));
        feed(peer, vec![b'x'; size]);
        while !closed.get() {
            sleep(milliseconds(1)).await;
        }
        assert!(stream.closed());
        // What it had sent before can still be read.
        assert_eq!(stream.read_until_close().await.unwrap().len(), size);
    }
}

async fn close_callback_with_pending_read<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let closed = Rc::new(Cell::new(false));
    let noted = closed.clone();
    stream.set_close_callback(move || noted.set(true));
    let mut read = Box::pin(stream.read_bytes(5));
    assert!(poll_once(read.as_mut()).await.is_pending());
    peer.write(b"Hello, world").await.unwrap();
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

async fn the_close_callback_of_a_writer_is_called_when_its_reader_closes<K: Kind>() {
    let (peer, stream) = K::pair().await;
    let closed = Rc::new(Cell::new(false));
    let noted = closed.clone();
    stream.set_close_callback(move || noted.set(true));
    moment().await;
    assert!(!closed.get());
    drop(peer);
    while !closed.get() {
        sleep(milliseconds(1)).await;
    }
    assert!(is_closed(stream.write(b"x").await));
}
