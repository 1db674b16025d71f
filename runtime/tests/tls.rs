//! TLS on streams: whom they trust, who they are, and how they begin and end.
#![cfg(feature = "tls")]

use gustnado::coroutine::{Multi, cancel_after, moment};
use gustnado::ioloop::{JoinHandle, spawn};
use gustnado::iostream::{IOStream, StreamError};
use gustnado::queues::Queue;
use gustnado::tcpclient::TCPClient;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Log;
use gustnado::tls::{
    CertificateProblem, ClientOptions, OptionsError, Pem, ServerOptions, TLSError,
};
use gustnado_tests::{Authority, Certified, Folder, milliseconds};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

fn server(own: &Certified) -> ServerOptions {
    ServerOptions::new(Pem::text(own.certificate.as_str()), Pem::text(own.key.as_str()))
}

fn trusting(authority: &Authority) -> ClientOptions {
    ClientOptions::new().ca_certs(Pem::text(authority.certificate()))
}

/// Two ends of a connection in a simulated world; the first one has connected.
async fn pair() -> (IOStream, IOStream) {
    let peers = Rc::new(Queue::new(1));
    let accepted = peers.clone();
    let server = TCPServer::new(move |stream, _| {
        let accepted = accepted.clone();
        async move { accepted.put(stream).await.unwrap() }
    });
    let address = server.listen(([10, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    (stream, peers.get().await.unwrap())
}

/// What the handshake of a client with such options says on either side.
async fn meet(
    client: &ClientOptions,
    name: &str,
    server: &ServerOptions,
) -> (Result<IOStream, TLSError>, Result<IOStream, TLSError>) {
    let (stream, peer) = pair().await;
    let server = server.clone();
    let serving: JoinHandle<Result<IOStream, TLSError>> = spawn(async move {
        peer.start_tls(&server).await?;
        // TLS 1.3's client is done before its certificate was looked at.
        peer.write(b"welcome").await.map_err(|_| closed(&peer))?;
        if let Err(error) = peer.read_bytes(3).await {
            assert!(error.real_error().is_some(), "{error}");
            return Err(closed(&peer));
        }
        Ok(peer)
    });
    let connected = async {
        stream.start_tls((client, name)).await?;
        stream.read_bytes(7).await.map_err(|_| closed(&stream))?;
        stream.write(b"thx").await.map_err(|_| closed(&stream))?;
        Ok(stream)
    };
    (connected.await, serving.await.unwrap())
}

/// Why a stream was closed.
fn closed(stream: &IOStream) -> TLSError {
    let error = stream.error().expect("it was an error that closed it");
    match error.get_ref().and_then(|error| error.downcast_ref::<TLSError>()) {
        Some(error) => error.clone(),
        None => TLSError::Closed(Some(error)),
    }
}

fn problem(result: Result<IOStream, TLSError>) -> CertificateProblem {
    match result {
        Err(TLSError::Certificate(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

#[gustnado::test(simulated, seeds = 3)]
async fn both_sides_agree_and_know_each_other() {
    let authority = Authority::new("authority");
    let own = authority.issue(&["example.com"]);
    let options = server(&own).alpn(["smtp", "pop3"]);
    let client = trusting(&authority).alpn(["imap", "pop3"]);
    let (stream, peer) = meet(&client, "example.com", &options).await;
    let (stream, peer) = (stream.unwrap(), peer.unwrap());
    for side in [&stream, &peer] {
        assert!(side.is_secure() && !side.is_resumed());
        assert_eq!(side.tls_version(), Some("TLSv1_3"));
        assert_eq!(side.alpn_protocol().as_deref(), Some(&b"pop3"[..]));
        side.wait_for_handshake().await.unwrap();
    }
    assert_eq!(stream.peer_certificates().map(|chain| chain.len()), Some(1));
    assert_eq!(peer.peer_certificates(), None);
    stream.close();
    assert!(!stream.is_secure());
    assert!(matches!(stream.wait_for_handshake().await, Err(TLSError::Closed(None))));
}

#[gustnado::test(simulated, seeds = 1)]
async fn check_hostname() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com", "*.example.org", "10.0.0.1"]));
    let client = trusting(&authority);
    for name in ["example.com", "EXAMPLE.com", "www.example.org", "10.0.0.1"] {
        assert!(meet(&client, name, &options).await.0.is_ok(), "{name}");
    }
    for name in ["www.example.com", "example.org", "a.b.example.org", "10.0.0.2", "example"] {
        let (met, serving) = meet(&client, name, &options).await;
        assert_eq!(problem(met), CertificateProblem::WrongName(name.into()));
        let Err(TLSError::Alert(alert)) = serving else { panic!("{serving:?}") };
        assert_eq!(alert, "BadCertificate");
    }
    let (stream, _peer) = pair().await;
    let refused = stream.start_tls((&client, "no name")).await.unwrap_err();
    assert!(matches!(refused, TLSError::Name(_)), "{refused}");
    assert!(!stream.closed() && !stream.is_secure());
}

#[gustnado::test(simulated, seeds = 1)]
async fn a_certificate_that_nobody_should_believe_is_refused_unless_nobody_looks() {
    let (authority, stranger) = (Authority::new("authority"), Authority::new("stranger"));
    let expired = authority.issue_expired(&["example.com"]);
    let selfmade = Certified::self_signed(&["example.com"]);
    let unknown = stranger.issue(&["example.com"]);
    let elsewhere = authority.issue(&["example.org"]);
    let client = trusting(&authority);
    for (own, expected) in [
        (&expired, CertificateProblem::Expired),
        (&selfmade, CertificateProblem::UnknownIssuer),
        (&unknown, CertificateProblem::UnknownIssuer),
        (&elsewhere, CertificateProblem::WrongName("example.com".into())),
    ] {
        assert_eq!(problem(meet(&client, "example.com", &server(own)).await.0), expected);
        // As by Tornado's `validate_cert=False`.
        let gullible = client.clone().validate_cert(false);
        assert!(meet(&gullible, "example.com", &server(own)).await.0.is_ok(), "{expected:?}");
    }
    let platform = ClientOptions::new();
    if platform.load().is_ok() {
        let met = meet(&platform, "example.com", &server(&unknown)).await.0;
        assert_eq!(problem(met), CertificateProblem::UnknownIssuer);
    }
}

#[gustnado::test(simulated, seeds = 1)]
async fn a_server_may_want_to_know_its_clients() {
    let (authority, stranger) = (Authority::new("authority"), Authority::new("stranger"));
    let own = authority.issue(&["example.com"]);
    let member = authority.issue(&["member"]);
    let ca = || Pem::text(authority.certificate());
    let required = server(&own).require_client_certificates(ca());
    let optional = server(&own).ask_for_client_certificates(ca());
    let nobody = trusting(&authority);
    let show = |shown: &Certified| {
        let pem = (Pem::text(shown.certificate.as_str()), Pem::text(shown.key.as_str()));
        nobody.clone().certificate(pem.0, pem.1)
    };
    for options in [&required, &optional] {
        let (stream, peer) = meet(&show(&member), "example.com", options).await;
        assert!(stream.is_ok());
        assert_eq!(peer.unwrap().peer_certificates().map(|chain| chain.len()), Some(1));
        let (stream, peer) = meet(&show(&stranger.issue(&["x"])), "example.com", options).await;
        assert_eq!(problem(peer), CertificateProblem::UnknownIssuer);
        assert!(matches!(stream, Err(TLSError::Alert(_))), "{stream:?}");
    }
    let (stream, peer) = meet(&nobody, "example.com", &required).await;
    assert!(matches!(peer, Err(TLSError::NoCertificate)), "{peer:?}");
    let Err(TLSError::Alert(alert)) = stream else { panic!("{stream:?}") };
    assert_eq!(alert, "CertificateRequired");
    let (stream, peer) = meet(&nobody, "example.com", &optional).await;
    assert!(stream.is_ok());
    assert_eq!(peer.unwrap().peer_certificates(), None);
}

#[gustnado::test(simulated, seeds = 1)]
async fn a_client_is_shown_the_certificate_for_the_name_it_asks_for() {
    let authority = Authority::new("authority");
    let [first, second] = ["first.example", "second.example"].map(|name| authority.issue(&[name]));
    let options = server(&first)
        .certificate(Pem::text(second.certificate.as_str()), Pem::text(second.key.as_str()));
    let client = trusting(&authority);
    assert!(meet(&client, "first.example", &options).await.0.is_ok());
    assert!(meet(&client, "second.example", &options).await.0.is_ok());
    // Else the first one.
    let other = meet(&client.validate_cert(false), "third.example", &options).await.0.unwrap();
    let first = meet(&trusting(&authority), "first.example", &options).await.0.unwrap();
    assert_eq!(other.peer_certificates(), first.peer_certificates());
}

#[gustnado::test(simulated, seeds = 1)]
async fn a_session_is_resumed_until_the_certificates_are_loaded_anew() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let client = trusting(&authority);
    let resumed = async || {
        let (stream, peer) = meet(&client, "example.com", &options).await;
        let (stream, peer) = (stream.unwrap(), peer.unwrap());
        assert_eq!(stream.is_resumed(), peer.is_resumed());
        stream.is_resumed()
    };
    assert!(!resumed().await);
    assert!(resumed().await);
    options.reload().unwrap();
    assert!(!resumed().await);
    assert!(resumed().await);
    // Who does not validate cannot resume what was validated, nor the other way round.
    let gullible = client.clone().validate_cert(false);
    assert!(!meet(&gullible, "example.com", &options).await.0.unwrap().is_resumed());
}

/// The dialogue of Tornado's `test_start_tls_smtp`.
#[gustnado::test]
async fn start_tls_smtp() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["mail.example.com"]));
    let smtp = TCPServer::new(move |stream: IOStream, _| {
        let options = options.clone();
        async move {
            stream.write(b"220 mail.example.com ready\r\n").await.unwrap();
            assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"EHLO mail.example.com\r\n");
            let extensions = b"250-mail.example.com welcome\r\n250 STARTTLS\r\n";
            stream.write(extensions).await.unwrap();
            assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"STARTTLS\r\n");
            stream.write(b"220 Go ahead\r\n").await.unwrap();
            stream.start_tls(&options).await.unwrap();
            assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"EHLO mail.example.com\r\n");
            stream.write(b"250 mail.example.com welcome\r\n").await.unwrap();
        }
    });
    let address = smtp.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    assert!(stream.read_until(b"\r\n").await.unwrap().starts_with(b"220 "));
    stream.write(b"EHLO mail.example.com\r\n").await.unwrap();
    assert!(stream.read_until(b"\r\n").await.unwrap().starts_with(b"250-"));
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"250 STARTTLS\r\n");
    stream.write(b"STARTTLS\r\n").await.unwrap();
    assert!(stream.read_until(b"\r\n").await.unwrap().starts_with(b"220 "));
    stream.start_tls((&trusting(&authority), "mail.example.com")).await.unwrap();
    stream.write(b"EHLO mail.example.com\r\n").await.unwrap();
    assert!(stream.read_until(b"\r\n").await.unwrap().starts_with(b"250 "));
    assert_eq!(stream.read_until_close().await.unwrap(), b"");
}

/// Who waits for a handshake may leave, and it goes on: a stream can never be half secured.
#[gustnado::test(simulated, seeds = 5)]
async fn start_tls_cancellation() {
    let authority = Authority::new("authority");
    let (options, client_options) =
        (server(&authority.issue(&["a.example"])), trusting(&authority));
    let (client, peer) = pair().await;
    let impatient = client.start_tls((&client_options, "a.example"));
    assert!(cancel_after(milliseconds(1), impatient).await.is_err());
    assert!(client.is_secure() && !client.closed());
    peer.start_tls(&options).await.unwrap();
    peer.write(b"hello").await.unwrap();
    assert_eq!(client.read_bytes(5).await.unwrap(), b"hello");

    // Who leaves for good closes the stream, and the handshake ends with it on both sides.
    let (client, peer) = pair().await;
    let impatient = client.start_tls((&client_options, "a.example"));
    assert!(cancel_after(milliseconds(1), impatient).await.is_err());
    client.close();
    assert!(matches!(client.wait_for_handshake().await, Err(TLSError::Closed(_))));
    assert!(matches!(peer.start_tls(&options).await, Err(TLSError::Closed(_))));
}

#[gustnado::test]
async fn a_stream_that_is_not_idle_cannot_be_secured() {
    let authority = Authority::new("authority");
    let options = trusting(&authority);
    let lines = TCPServer::new(async |stream: IOStream, _| {
        stream.write(b"220 ready\r\n220 sneaked in\r\n").await.unwrap();
        let _ = stream.read_until_close().await;
    });
    let address = lines.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = Rc::new(IOStream::connect(address).await.unwrap());
    let refused = async || {
        let refused = stream.start_tls((&options, "example.com")).await.unwrap_err();
        assert!(matches!(refused, TLSError::NotIdle));
        assert_eq!(refused.to_string(), "IOStream is not idle; cannot convert to TLS");
        assert!(!stream.closed() && !stream.is_secure());
    };
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"220 ready\r\n");
    // Something has been received that nobody has read, and that anybody could have put there.
    refused().await;
    assert_eq!(stream.read_until(b"\r\n").await.unwrap(), b"220 sneaked in\r\n");
    let reading = stream.clone();
    let read = spawn(async move { reading.read_bytes(1).await.map(drop) });
    moment().await;
    refused().await;
    read.cancel();
    moment().await;
    while !stream.writing() {
        drop(stream.write(&[b'x'; 1_000_000]));
    }
    refused().await;
}

#[gustnado::test(simulated, seeds = 3)]
async fn what_is_no_tls_is_refused_and_logged_once() {
    let log = Log::capture();
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let secured = TCPServer::new(async |stream: IOStream, _| {
        let error = stream.read_bytes(1).await.unwrap_err();
        let error = error.real_error().and_then(|error| error.get_ref()?.downcast_ref());
        assert!(matches!(error, Some(TLSError::NotTLS)), "{error:?}");
    });
    let address = secured.listen_tls(([10, 0, 0, 1], 443).into(), &options).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    stream.write(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await.unwrap();
    // An alert, for whom it may concern; or a reset, if not everything had come yet.
    if let Ok(alert) = stream.read_until_close().await {
        assert_eq!(alert[0], 21);
    }
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("TLS handshake with 127.0.0.1:"), "{lines:?}");
    assert!(lines[0].ends_with("failed: the other side does not speak TLS"), "{lines:?}");
    // The other way round.
    let plain = TCPServer::new(async |stream: IOStream, _| {
        stream.write(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let address = plain.listen(([10, 0, 0, 1], 80).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    let refused = stream.start_tls((&trusting(&authority), "example.com")).await.unwrap_err();
    assert!(matches!(refused, TLSError::NotTLS), "{refused:?}");
    assert!(stream.closed());
}

#[gustnado::test(simulated, seeds = 3)]
async fn who_looks_whether_somebody_listens_is_not_logged() {
    let log = Log::capture();
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let secured = TCPServer::new(async |stream: IOStream, _| {
        assert!(stream.wait_for_handshake().await.is_err());
    });
    let address = secured.listen_tls(([10, 0, 0, 1], 443).into(), &options).unwrap();
    drop(IOStream::connect(address).await.unwrap());
    gustnado::coroutine::sleep(Duration::from_secs(10)).await;
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test(simulated, seeds = 3)]
async fn a_handshake_has_a_deadline() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let (stream, silent) = pair().await;
    let begin = gustnado::ioloop::IOLoop::current().time();
    let refused = silent.start_tls(&options).await.unwrap_err();
    assert!(matches!(refused, TLSError::Timeout), "{refused:?}");
    let waited = gustnado::ioloop::IOLoop::current().time() - begin;
    assert_eq!(waited.as_secs(), 20, "{waited:?}");
    assert!(silent.closed());
    drop(stream);
    // Sending a little now and then is no help.
    let (stream, slow) = pair().await;
    let options = options.handshake_timeout(Duration::from_secs(5));
    let dripping = spawn(async move {
        // The beginning of a record that would be long.
        for byte in [22, 3, 1, 2, 0, 1, 0, 1].into_iter().chain(std::iter::repeat(0)) {
            if stream.write(&[byte]).await.is_err() {
                return;
            }
            gustnado::coroutine::sleep(Duration::from_secs(1)).await;
        }
    });
    let refused = slow.start_tls(&options).await.unwrap_err();
    assert!(matches!(refused, TLSError::Timeout), "{refused:?}");
    dripping.await.unwrap();
}

#[gustnado::test(simulated, seeds = 3)]
async fn a_connection_that_is_cut_off_is_told_from_one_that_ended() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    // Passes everything on, and one byte less than everything.
    let (client, outside) = pair().await;
    let (inside, peer) = pair().await;
    let (outside, inside) = (Rc::new(outside), Rc::new(inside));
    let there = spawn(pass(outside.clone(), inside.clone()));
    let back = spawn(pass(inside.clone(), outside.clone()));
    let client_options = trusting(&authority);
    let (one, other) =
        (client.start_tls((&client_options, "example.com")), peer.start_tls(&options));
    Multi((one, other)).await.unwrap();
    peer.write(b"all that I have to say").await.unwrap();
    assert_eq!(client.read_bytes(3).await.unwrap(), b"all");
    back.cancel();
    there.cancel();
    outside.close();
    let error = client.read_until_close().await.unwrap_err();
    assert_eq!(error.real_error().map(std::io::Error::kind), Some(ErrorKind::UnexpectedEof));
    assert!(matches!(closed(&client), TLSError::Truncated));
    assert_eq!(client.read_bytes(5).await.unwrap(), b" that", "what has come can be read");
}

async fn pass(from: Rc<IOStream>, to: Rc<IOStream>) {
    while let Ok(bytes) = from.read_partial(65_536).await {
        if to.write(&bytes).await.is_err() {
            break;
        }
    }
}

/// A farewell says that nothing more comes, whether or not the connection goes on, which the loop would hear of.
#[gustnado::test(simulated, seeds = 3)]
async fn a_farewell_that_comes_with_the_last_bytes_is_heard() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let (client, outside) = pair().await;
    let (inside, peer) = pair().await;
    let (outside, inside) = (Rc::new(outside), Rc::new(inside));
    let there = spawn(pass(outside.clone(), inside.clone()));
    let back = spawn(pass(inside.clone(), outside.clone()));
    let client_options = trusting(&authority);
    let (one, other) =
        (client.start_tls((&client_options, "example.com")), peer.start_tls(&options));
    Multi((one, other)).await.unwrap();
    peer.write(b"hello").await.unwrap();
    assert_eq!(client.read_bytes(5).await.unwrap(), b"hello");
    back.cancel();
    moment().await;
    peer.write(b"good bye").await.unwrap();
    peer.shutdown().unwrap();
    let records = inside.read_until_close().await.unwrap();
    outside.write(&records).await.unwrap();
    assert_eq!(client.read_until_close().await.unwrap(), b"good bye");
    assert!(!outside.closed());
    there.cancel();
}

#[gustnado::test(simulated, seeds = 3)]
async fn a_record_that_was_changed_on_the_way_ends_the_connection() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["example.com"]));
    let (client, outside) = pair().await;
    let (inside, peer) = pair().await;
    let (outside, inside) = (Rc::new(outside), Rc::new(inside));
    let there = spawn(pass(outside.clone(), inside.clone()));
    let back = spawn(pass(inside.clone(), outside.clone()));
    let client_options = trusting(&authority);
    let (one, other) =
        (client.start_tls((&client_options, "example.com")), peer.start_tls(&options));
    Multi((one, other)).await.unwrap();
    peer.write(b"hello").await.unwrap();
    assert_eq!(client.read_bytes(5).await.unwrap(), b"hello");
    back.cancel();
    moment().await;
    peer.write(b"pay 100").await.unwrap();
    let mut record = inside.read_partial(1000).await.unwrap();
    *record.last_mut().unwrap() ^= 1;
    outside.write(&record).await.unwrap();
    assert!(matches!(client.read_bytes(1).await, Err(StreamError::Closed(Some(_)))));
    assert!(matches!(closed(&client), TLSError::Protocol(_)), "{:?}", closed(&client));
    // Which the other side is told.
    assert!(matches!(peer.read_bytes(1).await, Err(StreamError::Closed(Some(_)))));
    assert!(matches!(closed(&peer), TLSError::Alert(_)), "{:?}", closed(&peer));
    there.cancel();
}

#[gustnado::test]
async fn what_waits_for_a_handshake_that_fails_hears_of_it() {
    let authority = Authority::new("authority");
    let options = trusting(&authority);
    let closing = TCPServer::new(async |stream: IOStream, _| {
        stream.read_bytes(1).await.unwrap();
    });
    let address = closing.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = Rc::new(IOStream::connect(address).await.unwrap());
    let begun = stream.start_tls((&options, "example.com"));
    let (reading, writing, waiting) = (stream.clone(), stream.clone(), stream.clone());
    let tasks = [
        spawn(async move { reading.read_bytes(1).await.is_err() }),
        spawn(async move { writing.write(b"x").await.is_err() }),
        spawn(async move { waiting.wait_for_handshake().await.is_err() }),
    ];
    assert!(begun.await.is_err());
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert!(stream.closed());
}

#[gustnado::test]
async fn names_are_connected_to_over_tls() {
    let authority = Authority::new("authority");
    let options = server(&authority.issue(&["localhost"]));
    let greeting = TCPServer::new(async |stream: IOStream, _| {
        // Who does not trust us has left.
        let _ = stream.write(b"hello\n").await;
    });
    let SocketAddr::V4(address) =
        greeting.listen_tls(([127, 0, 0, 1], 0).into(), &options).unwrap()
    else {
        panic!("an address of IPv4");
    };
    let client = TCPClient::new();
    let options = trusting(&authority);
    let stream = client.connect_tls("localhost", address.port(), &options).await.unwrap();
    assert_eq!(stream.read_until_close().await.unwrap(), b"hello\n");
    let refused = client.connect_tls("127.0.0.1", address.port(), &options).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidData);
    assert_eq!(refused.to_string(), "the certificate is not valid for 127.0.0.1");
    // The timeout is for the handshake, too.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let client = client.timeout(milliseconds(20));
    let late = client.connect_tls("localhost", port, &options).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
}

#[test]
fn what_is_wrong_with_the_options_is_told_with_the_files_name() {
    let folder = Folder::new();
    let authority = Authority::new("authority");
    let (certificate, key) = authority.issue(&["a"]).write(&folder, "a");
    let (_, other) = authority.issue(&["b"]).write(&folder, "b");
    let missing = folder.join("missing.pem");
    let empty = folder.join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let broken = folder.join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n")
        .unwrap();
    ServerOptions::new(&certificate, &key).load().unwrap();
    for (options, name, text) in [
        (ServerOptions::new(&missing, &key), "missing.pem", "cannot read"),
        (ServerOptions::new(&certificate, &missing), "missing.pem", "No such file"),
        (ServerOptions::new(&empty, &key), "empty.pem", "no certificate"),
        (ServerOptions::new(&broken, &key), "broken.pem", "not PEM"),
        (ServerOptions::new(&certificate, &certificate), "a.pem", "no private key"),
        (ServerOptions::new(&certificate, &other), "b.key.pem", "not for the key"),
        (
            ServerOptions::new(&certificate, &key).certificate(&missing, &key),
            "missing.pem",
            "cannot read",
        ),
        (
            ServerOptions::new(&certificate, &key).require_client_certificates(&missing),
            "missing.pem",
            "cannot read",
        ),
    ] {
        let error = options.load().unwrap_err();
        assert!(error.to_string().contains(name) && error.to_string().contains(text), "{error}");
        assert_eq!(options.reload().unwrap_err().to_string(), error.to_string());
    }
    let error = ClientOptions::new().ca_certs(&missing).load().unwrap_err();
    assert!(matches!(error, OptionsError::File(path, _) if path == missing));
    // Keys are secrets.
    let own = authority.issue(&["a"]);
    assert!(!format!("{:?}", server(&own)).contains("BEGIN"));
}
