//! Reading.

use crate::kinds::{Duplex, Kind, feed, for_each_kind, is_closed, poll_once};
use gustnado::coroutine::{cancel_after, sleep};
use gustnado::ioloop::spawn;
use gustnado::iostream::StreamError;
use gustnado::testing::Log;
use gustnado_tests::{Turns, milliseconds};
use std::pin::pin;

for_each_kind! {
    read_until read_until_a_delimiter_that_comes_byte_by_byte
    read_until_an_empty_delimiter_is_read_at_once read_until_max_bytes
    read_until_max_bytes_waits_while_the_limit_is_not_reached large_read_until read_bytes
    read_bytes_partial read_zero_bytes read_into read_into_partial read_into_zero_bytes
    small_reads_from_large_buffer small_read_untils_from_large_buffer many_mixed_reads
    chunks_come_until_the_end a_slow_reader_of_chunks_makes_the_sender_wait
    a_read_buffer_that_overflows_closes_the_stream read_bytes_may_be_many_as_long_as_few_wait
    one_coroutine_reads_at_a_time a_read_that_is_given_up_loses_nothing
    what_is_left_in_the_buffer_is_read_first
    a_reader_whose_writer_never_stops_lets_others_have_their_turn,
    both ways: both_sides_read_and_write
}

async fn read_until<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"one\r\ntwo\r\n\r\nthr").await.unwrap();
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"one\r\n");
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"two\r\n");
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"\r\n");
    peer.write(b"ee\r").await.unwrap();
    let mut read = pin!(stream.read_until(b"\r\n"));
    assert!(poll_once(read.as_mut()).await.is_pending());
    assert!(stream.reading());
    peer.write(b"\nfour").await.unwrap();
    assert_eq!(read.await.unwrap(), b"three\r\n");
    assert!(!stream.reading());
    assert_eq!(stream.read_bytes(4).await.unwrap(), b"four");
}

async fn read_until_a_delimiter_that_comes_byte_by_byte<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let reader = spawn(async move {
        let found = [stream.read_until(b"aab").await, stream.read_until(b"aab").await];
        found.map(Result::unwrap)
    });
    for byte in b"aaaabxaaab" {
        peer.write(&[*byte]).await.unwrap();
        sleep(milliseconds(1)).await;
    }
    assert_eq!(reader.await.unwrap(), [&b"aaaab"[..], b"xaaab"]);
}

async fn read_until_an_empty_delimiter_is_read_at_once<K: Kind>() {
    let (stream, _peer) = K::pair().await;
    assert_eq!(stream.read_until(b"").await.unwrap(), b"");
}

/// What is sent, how long it may be, and whether a line is found in it.
const LIMITED: [(&str, usize, bool); 6] = [
    // Within the limit, and exactly at it; what follows does not count.
    ("abcdef\r\n", 50, true),
    ("abcdef\r\n", 8, true),
    ("abcdef\r\nand much more", 8, true),
    // Beyond it, in the same packet or not at all.
    ("abcdef\r\n", 7, false),
    ("abcdefghijkl", 8, false),
    ("abcdefghijkl\r\n", 8, false),
];

async fn read_until_max_bytes<K: Kind>() {
    for (sent, max, found) in LIMITED {
        let log = Log::capture();
        let (stream, peer) = K::pair().await;
        peer.write(sent.as_bytes()).await.unwrap();
        let result = stream.read_until_within(b"\r\n", max).await;
        if found {
            assert_eq!(result.unwrap(), b"abcdef\r\n");
            assert!(!stream.closed());
            continue;
        }
        assert!(is_closed(result), "{sent:?} {max}");
        assert!(stream.closed());
        let line = format!(
            "INFO gustnado.general Unsatisfiable read, closing connection: \
             delimiter not found within {max} bytes"
        );
        assert_eq!(log.take(), [line]);
    }
}

async fn read_until_max_bytes_waits_while_the_limit_is_not_reached<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"abcdefgh").await.unwrap();
    let mut read = pin!(stream.read_until_within(b"\r\n", 8));
    sleep(milliseconds(5)).await;
    assert!(poll_once(read.as_mut()).await.is_pending());
    peer.write(b"i").await.unwrap();
    assert!(is_closed(read.await));
}

async fn large_read_until<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let count = 4096;
    let sent = [vec![b'A'; count], b"\r\n".repeat(count)].concat();
    let writing = spawn(async move {
        peer.write(&sent).await.unwrap();
        peer
    });
    let mut expected = vec![b'A'; count];
    expected.extend(b"\r\n");
    assert!(stream.read_until(b"\r\n").await.unwrap() == expected);
    for _ in 1..count {
        assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"\r\n");
    }
    writing.await.unwrap();
}

async fn read_bytes<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"0123456789").await.unwrap();
    assert_eq!(stream.read_bytes(3).await.unwrap(), b"012");
    assert_eq!(stream.read_bytes(7).await.unwrap(), b"3456789");
    let large: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    feed(peer, large.clone());
    assert!(stream.read_bytes(99_999).await.unwrap() == large[..99_999]);
    assert_eq!(stream.read_bytes(1).await.unwrap(), [large[99_999]]);
    assert!(is_closed(stream.read_bytes(1).await));
}

async fn read_zero_bytes<K: Kind>() {
    let (stream, peer) = K::pair().await;
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
    peer.write(b"foobar").await.unwrap();
    assert_eq!(stream.read_bytes(3).await.unwrap(), b"foo");
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
    drop(peer);
    assert_eq!(stream.read_until_close().await.unwrap(), b"bar");
    assert_eq!(stream.read_bytes(0).await.unwrap(), b"");
}

async fn read_bytes_partial<K: Kind>() {
    let (stream, peer) = K::pair().await;
    assert_eq!(stream.read_partial(0).await.unwrap(), b"");
    peer.write(b"hello").await.unwrap();
    assert_eq!(stream.read_partial(50).await.unwrap(), b"hello");
    peer.write(b"0123456789").await.unwrap();
    assert_eq!(stream.read_partial(4).await.unwrap(), b"0123");
    assert_eq!(stream.read_partial(50).await.unwrap(), b"456789");
    drop(peer);
    assert!(is_closed(stream.read_partial(50).await));
}

async fn read_into<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let mut into = [0; 10];
    {
        let mut read = pin!(stream.read_into(&mut into));
        assert!(poll_once(read.as_mut()).await.is_pending());
        assert!(stream.reading());
        peer.write(b"hello").await.unwrap();
        sleep(milliseconds(5)).await;
        assert!(poll_once(read.as_mut()).await.is_pending());
        peer.write(b"world!!").await.unwrap();
        read.await.unwrap();
    }
    assert_eq!(&into, b"helloworld");
    assert!(!stream.reading());
    // What does not go in stays for the next one, with what comes behind it.
    feed(peer, b"1234567890".repeat(30_000));
    let mut large = vec![0; 300_002];
    stream.read_into(&mut large).await.unwrap();
    assert!(large.starts_with(b"!!1234567890") && large.ends_with(b"1234567890"));
    assert!(is_closed(stream.read_into(&mut into).await));
}

async fn read_into_partial<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let mut into = [0; 10];
    peer.write(b"hello").await.unwrap();
    assert_eq!(stream.read_into_partial(&mut into).await.unwrap(), 5);
    assert_eq!(&into[..5], b"hello");
    peer.write(b"world!1234567890").await.unwrap();
    assert_eq!(stream.read_until(b"!").await.unwrap(), b"world!");
    assert_eq!(stream.read_into_partial(&mut into[..4]).await.unwrap(), 4);
    assert_eq!(stream.read_into_partial(&mut into).await.unwrap(), 6);
    assert_eq!(&into[..6], b"567890");
}

async fn read_into_zero_bytes<K: Kind>() {
    let (stream, _peer) = K::pair().await;
    stream.read_into(&mut []).await.unwrap();
    assert_eq!(stream.read_into_partial(&mut []).await.unwrap(), 0);
}

async fn small_reads_from_large_buffer<K: Kind>() {
    let (stream, peer) = K::pair().await;
    stream.set_max_buffer_size(1_000_000);
    feed(peer, vec![b'x'; 1_000_000]);
    for _ in 0..100_000 {
        assert_eq!(stream.read_bytes(10).await.unwrap(), [b'x'; 10]);
    }
}

async fn small_read_untils_from_large_buffer<K: Kind>() {
    let (stream, peer) = K::pair().await;
    feed(peer, b"aaaa\n".repeat(100_000));
    for _ in 0..100_000 {
        assert_eq!(stream.read_until(b"\n").await.unwrap(), b"aaaa\n");
    }
}

async fn many_mixed_reads<K: Kind>() {
    let (stream, peer) = K::pair().await;
    // Digits and letters, cut in every way.
    let sent: Vec<u8> = (0..30_000_u32).map(|number| b'a' + (number * number % 23) as u8).collect();
    feed(peer, sent.clone());
    let mut received = Vec::new();
    for step in 0_usize.. {
        let piece = match step % 5 {
            0 => stream.read_bytes(step % 11).await,
            1 => stream.read_until(b"a").await,
            2 => stream.read_partial(1 + step % 17).await,
            3 => stream.read_until_within(b"b", 10_000).await,
            _ => {
                let mut into = vec![0; 1 + step % 5];
                stream.read_into(&mut into).await.map(|()| into)
            }
        };
        match piece {
            Ok(piece) => received.extend(piece),
            Err(_) => break,
        }
    }
    received.extend(stream.read_until_close().await.unwrap());
    // A read into a slice may have begun and failed; nothing else is lost.
    assert!(sent.starts_with(&received) || sent.len() - received.len() <= 5);
}

async fn chunks_come_until_the_end<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"Hello").await.unwrap();
    assert_eq!(stream.read_bytes(1).await.unwrap(), b"H");
    let mut chunks = stream.chunks();
    assert_eq!(chunks.next().await.unwrap().unwrap(), b"ello");
    feed(peer, vec![b'x'; 300_000]);
    let mut count = 0;
    while let Some(chunk) = chunks.next().await {
        count += chunk.unwrap().len();
    }
    assert_eq!(count, 300_000);
    assert!(chunks.next().await.is_none());
    assert!(stream.closed());
}

async fn a_slow_reader_of_chunks_makes_the_sender_wait<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let sending = spawn(async move { peer.write(&vec![b'x'; 20_000_000]).await });
    let mut chunks = stream.chunks();
    let mut count = chunks.next().await.unwrap().unwrap().len();
    sleep(milliseconds(20)).await;
    assert!(!sending.is_finished());
    while let Some(chunk) = chunks.next().await {
        count += chunk.unwrap().len();
    }
    sending.await.unwrap().unwrap();
    assert_eq!(count, 20_000_000);
}

async fn a_read_buffer_that_overflows_closes_the_stream<K: Kind>() {
    for way in 0..3 {
        let log = Log::capture();
        let (stream, peer) = K::pair().await;
        stream.set_max_buffer_size(10_000);
        let sending = spawn(async move { peer.write(&vec![b'x'; 50_000_000]).await });
        let result = match way {
            0 => stream.read_until(b"y").await,
            1 => stream.read_bytes(50_000_000).await,
            // Which would otherwise pass for all that there was.
            _ => stream.read_until_close().await,
        };
        assert!(matches!(result, Err(StreamError::BufferFull)));
        assert!(stream.closed());
        assert!(sending.await.unwrap().is_err(), "the writer is not read any more");
        assert_eq!(log.take(), ["ERROR gustnado.general Reached maximum read buffer size"]);
    }
}

async fn read_bytes_may_be_many_as_long_as_few_wait<K: Kind>() {
    let (stream, peer) = K::pair().await;
    stream.set_max_buffer_size(10_000);
    feed(peer, vec![b'x'; 1_000_000]);
    let mut count = 0;
    while let Ok(bytes) = stream.read_partial(5000).await {
        count += bytes.len();
    }
    assert_eq!(count, 1_000_000);
}

async fn one_coroutine_reads_at_a_time<K: Kind>() {
    let (stream, peer) = K::pair().await;
    let mut first = Box::pin(stream.read_bytes(5));
    assert!(poll_once(first.as_mut()).await.is_pending());
    for second in [
        stream.read_bytes(1).await,
        stream.read_partial(1).await,
        stream.read_until(b"x").await,
        stream.read_until_close().await,
        stream.read_into(&mut [0]).await.map(|()| Vec::new()),
        stream.chunks().next().await.unwrap(),
    ] {
        let error = second.unwrap_err();
        assert!(matches!(error, StreamError::AlreadyReading));
        assert_eq!(error.to_string(), "Already reading");
    }
    peer.write(b"Hello, world").await.unwrap();
    assert_eq!(first.as_mut().await.unwrap(), b"Hello");
    // Who has what he wanted reads no more, even if he is still there.
    assert_eq!(stream.read_partial(100).await.unwrap(), b", world");
}

async fn a_read_that_is_given_up_loses_nothing<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"Hello").await.unwrap();
    let read = cancel_after(milliseconds(10), stream.read_bytes(10)).await;
    assert!(read.is_err() && !stream.reading());
    peer.write(b" world").await.unwrap();
    assert_eq!(stream.read_bytes(11).await.unwrap(), b"Hello world");
}

async fn what_is_left_in_the_buffer_is_read_first<K: Kind>() {
    let (stream, peer) = K::pair().await;
    peer.write(b"abcd\r\nefgh").await.unwrap();
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"abcd\r\n");
    assert_eq!(stream.read_partial(100).await.unwrap(), b"efgh");
}

async fn a_reader_whose_writer_never_stops_lets_others_have_their_turn<K: Kind>() {
    let (stream, peer) = K::pair().await;
    feed(peer, vec![b'x'; 30_000_000]);
    let turns = Turns::count();
    let mut count = 0;
    while let Ok(bytes) = stream.read_partial(100_000).await {
        turns.note();
        count += bytes.len();
    }
    assert_eq!(count, 30_000_000);
    assert!(turns.most() <= 40, "{} reads in one turn", turns.most());
}

async fn both_sides_read_and_write<K: Duplex>() {
    let (one, other) = K::pair().await;
    one.write(b"ping\n").await.unwrap();
    assert_eq!(other.read_until(b"\n").await.unwrap(), b"ping\n");
    other.write(b"pong\n").await.unwrap();
    assert_eq!(one.read_until(b"\n").await.unwrap(), b"pong\n");
}

#[cfg(feature = "regex")]
mod regex {
    use super::*;
    use ::regex::bytes::Regex;

    for_each_kind! { read_until_regex read_until_regex_max_bytes }

    async fn read_until_regex<K: Kind>() {
        let (stream, peer) = K::pair().await;
        let blank = Regex::new(r"\r?\n\r?\n").unwrap();
        for part in [&b"a: b\r"[..], b"\nc: d\n", b"\r", b"\nrest"] {
            peer.write(part).await.unwrap();
            sleep(milliseconds(1)).await;
        }
        assert_eq!(stream.read_until_regex(&blank, 100).await.unwrap(), b"a: b\r\nc: d\n\r\n");
        assert_eq!(stream.read_bytes(4).await.unwrap(), b"rest");
    }

    async fn read_until_regex_max_bytes<K: Kind>() {
        let line = Regex::new("def\r\n").unwrap();
        for (sent, max, found) in LIMITED {
            let _log = Log::capture();
            let (stream, peer) = K::pair().await;
            peer.write(sent.as_bytes()).await.unwrap();
            let result = stream.read_until_regex(&line, max).await;
            match found {
                true => assert_eq!(result.unwrap(), b"abcdef\r\n"),
                false => assert!(is_closed(result), "{sent:?} {max}"),
            }
        }
    }
}
