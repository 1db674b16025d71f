//! Writing.

use crate::kinds::{Duplex, Kind, for_each_kind, is_closed, poll_once};
use gustnado::coroutine::{Multi, moment, sleep};
use gustnado::ioloop::{JoinHandle, spawn};
use gustnado::iostream::{IOStream, StreamError};
use gustnado::testing::Log;
use gustnado_tests::{Turns, milliseconds};
use std::cell::RefCell;
use std::io::{ErrorKind, IoSlice};
use std::pin::pin;
use std::rc::Rc;

for_each_kind! {
    write_zero_bytes a_write_waits_for_a_slow_reader writes_keep_their_order_whoever_waits_for_them
    a_write_of_several_pieces_keeps_their_order flow_control
    a_write_buffer_that_would_overflow_refuses_the_write_and_keeps_the_rest
    a_write_that_waits_hears_of_the_close
    a_write_to_a_side_that_has_left_fails_and_is_not_logged
    what_is_written_before_the_stream_is_dropped_has_left_as_far_as_the_system_took_it
    a_stream_that_is_dropped_does_not_live_on_with_what_it_has_to_send
    a_writer_whose_reader_is_fast_lets_others_have_their_turn,
    both ways: both_directions_at_once
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

/// Reads in the background until the end, or until as much is there as is expected; whether it was that.
fn expect(peer: IOStream, expected: Vec<u8>) -> JoinHandle<(bool, IOStream)> {
    spawn(async move { (peer.read_bytes(expected.len()).await.unwrap() == expected, peer) })
}

async fn write_zero_bytes<K: Kind>() {
    let (peer, stream) = K::pair().await;
    stream.write(b"").await.unwrap();
    stream.write_bytes(bytes::Bytes::new()).await.unwrap();
    stream.write_vectored(&[]).await.unwrap();
    assert!(!stream.writing());
    stream.write(b"x").await.unwrap();
    stream.flush().await.unwrap();
    stream.close();
    assert_eq!(peer.read_until_close().await.unwrap(), b"x");
}

async fn a_write_waits_for_a_slow_reader<K: Kind>() {
    let (peer, stream) = K::pair().await;
    let mut expected = fill(&stream);
    let mut write = pin!(stream.write(b"last"));
    expected.extend(b"last");
    sleep(milliseconds(20)).await;
    assert!(poll_once(write.as_mut()).await.is_pending());
    assert!(stream.writing());
    let reader = expect(peer, expected);
    write.await.unwrap();
    assert!(!stream.writing());
    stream.flush().await.unwrap();
    assert!(reader.await.unwrap().0);
}

async fn writes_keep_their_order_whoever_waits_for_them<K: Kind>() {
    let (peer, stream) = K::pair().await;
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
    let reader = expect(peer, expected);
    for task in tasks {
        task.await.unwrap();
    }
    assert!(order.borrow().is_sorted());
    assert!(reader.await.unwrap().0);
}

async fn a_write_of_several_pieces_keeps_their_order<K: Kind>() {
    // At once; more pieces than one call takes; more bytes than the system takes; behind something that waits.
    for (count, size) in [(3, 10), (50, 10), (40, 50_000), (40, 50_000)] {
        let (peer, stream) = K::pair().await;
        let pieces: Vec<Vec<u8>> = (0..count).map(|number| vec![number; size]).collect();
        let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let reader = expect(peer, pieces.concat().repeat(2));
        drop(stream.write_vectored(&slices));
        stream.write_vectored(&slices).await.unwrap();
        assert!(reader.await.unwrap().0);
    }
}

async fn flow_control<K: Kind>() {
    let (peer, stream) = K::pair().await;
    let sending = spawn(async move {
        for number in 0..50_u8 {
            stream.write(&vec![number; 1_000_000]).await.unwrap();
        }
    });
    peer.set_max_buffer_size(70_000);
    for number in 0..50_u8 {
        let mut left = 1_000_000;
        while left > 0 {
            let piece = peer.read_partial(left.min(50_000)).await.unwrap();
            assert!(piece.iter().all(|byte| *byte == number));
            left -= piece.len();
        }
    }
    sending.await.unwrap();
}

async fn both_directions_at_once<K: Duplex>() {
    let (one, other) = K::pair().await;
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

async fn a_write_buffer_that_would_overflow_refuses_the_write_and_keeps_the_rest<K: Kind>() {
    let (peer, stream) = K::pair().await;
    let mut expected = fill(&stream);
    let waiting = stream.write(b"");
    stream.set_max_write_buffer_size(Some(100_000));
    for refused in [
        stream.write(&[b'x'; 100_001]),
        stream.write_vectored(&[IoSlice::new(&[b'x'; 60_000]), IoSlice::new(&[b'x'; 60_000])]),
    ] {
        let error = refused.await.unwrap_err();
        assert!(matches!(error, StreamError::BufferFull));
        assert_eq!(error.to_string(), "Reached maximum buffer size");
    }
    stream.set_max_write_buffer_size(None);
    drop(stream.write(b"end"));
    expected.extend(b"end");
    drop(waiting);
    let reader = expect(peer, expected);
    stream.flush().await.unwrap();
    assert!(reader.await.unwrap().0);
}

async fn a_write_that_waits_hears_of_the_close<K: Kind>() {
    let (_peer, stream) = K::pair().await;
    fill(&stream);
    let write = stream.write(b"last");
    let waiting = spawn(write);
    moment().await;
    stream.close();
    assert!(is_closed(waiting.await.unwrap()));
    assert!(!stream.writing());
}

async fn a_write_to_a_side_that_has_left_fails_and_is_not_logged<K: Kind>() {
    let log = Log::capture();
    let (peer, stream) = K::pair().await;
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
    assert_eq!(log.take(), [""; 0]);
}

async fn what_is_written_before_the_stream_is_dropped_has_left_as_far_as_the_system_took_it<
    K: Kind,
>() {
    let (peer, stream) = K::pair().await;
    drop(stream.write(b"Hello"));
    drop(stream);
    assert_eq!(peer.read_until_close().await.unwrap(), b"Hello");
}

async fn a_stream_that_is_dropped_does_not_live_on_with_what_it_has_to_send<K: Kind>() {
    let (peer, stream) = K::pair().await;
    let written = fill(&stream).len();
    let write = stream.write(b"last");
    moment().await;
    drop(stream);
    assert!(is_closed(write.await));
    match peer.read_until_close().await {
        Ok(received) => assert!(received.len() < written && !K::TELLS_TRUNCATION),
        Err(error) => {
            let kind = error.real_error().map(std::io::Error::kind);
            assert!(kind == Some(ErrorKind::UnexpectedEof) && K::TELLS_TRUNCATION, "{error}");
        }
    }
}

async fn a_writer_whose_reader_is_fast_lets_others_have_their_turn<K: Kind>() {
    let (_peer, stream) = K::pair().await;
    let turns = Turns::count();
    // So little that the system takes it at once.
    for _ in 0..200 {
        stream.write(b"x").await.unwrap();
        turns.note();
    }
    assert!(turns.most() <= 40, "{} writes in one turn", turns.most());
}
