//! Streams under the traits of other libraries.

#[cfg(feature = "tokio")]
mod tokio {
    use crate::kinds::{Duplex, Kind, for_each_kind};
    use ::tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy, split};
    use gustnado::coroutine::Multi;
    use gustnado::ioloop::spawn;
    use gustnado::iostream::IOStream;

    for_each_kind! {
        what_is_written_is_read a_slow_reader_makes_the_writer_wait
        the_end_is_the_end_and_a_broken_pipe_an_error, both ways: halves_of_a_stream
    }

    async fn what_is_written_is_read<K: Kind>() {
        let (stream, mut peer) = K::pair().await;
        peer.write_all(b"one\ntwo\nthree").await.unwrap();
        peer.flush().await.unwrap();
        AsyncWriteExt::shutdown(&mut peer).await.unwrap();
        drop(peer);
        // Both ways to read share what is buffered.
        assert_eq!(stream.read_until(b"\n").await.unwrap(), b"one\n");
        let mut lines = BufReader::new(stream).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("two"));
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("three"));
        assert_eq!(lines.next_line().await.unwrap(), None);
    }

    async fn a_slow_reader_makes_the_writer_wait<K: Kind>() {
        let (mut stream, mut peer) = K::pair().await;
        let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let sending = spawn(async move { copy(&mut &sent[..], &mut peer).await });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        assert_eq!(sending.await.unwrap().unwrap(), 3_000_000);
    }

    async fn the_end_is_the_end_and_a_broken_pipe_an_error<K: Kind>() {
        let (mut stream, mut peer) = K::pair().await;
        peer.write_all(b"x").await.unwrap();
        let mut room = [0; 8];
        assert_eq!(stream.read(&mut room).await.unwrap(), 1);
        drop(stream);
        while peer.write_all(&[b'x'; 10_000]).await.is_ok() {}
        assert!(peer.write_all(b"x").await.is_err());
        let (mut stream, peer) = K::pair().await;
        drop(peer);
        assert_eq!(stream.read(&mut room).await.unwrap(), 0);
        assert_eq!(stream.read(&mut room).await.unwrap(), 0);
        assert!(!stream.closed(), "the other half may still be open");
    }

    async fn halves_of_a_stream<K: Duplex>() {
        let (one, other) = K::pair().await;
        let echo = async |stream: IOStream| {
            let (mut reader, mut writer) = split(stream);
            copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        };
        let ask = async |stream: IOStream| {
            let (mut reader, mut writer) = split(stream);
            let question = vec![b'?'; 1_000_000];
            let send = async {
                writer.write_all(&question).await?;
                writer.shutdown().await
            };
            let mut answer = Vec::new();
            let receive = async { reader.read_to_end(&mut answer).await.map(drop) };
            Multi((send, receive)).await?;
            assert!(answer == question);
            std::io::Result::Ok(())
        };
        Multi((echo(other), ask(one))).await.unwrap();
    }
}

#[cfg(feature = "futures-io")]
mod futures {
    use crate::kinds::{Kind, for_each_kind};
    use futures_util::io::{AsyncReadExt, AsyncWriteExt};
    use gustnado::ioloop::spawn;

    for_each_kind! { what_is_written_is_read }

    async fn what_is_written_is_read<K: Kind>() {
        let (mut stream, mut peer) = K::pair().await;
        let sending = spawn(async move {
            peer.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
            AsyncWriteExt::close(&mut peer).await.unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert_eq!(received.len(), 1_000_000);
        sending.await.unwrap();
    }
}
