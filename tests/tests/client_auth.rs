//! Digest authentication: who is asked, and who is told what. The hashes themselves are tested beside the code, and against Python's.

use gustnado::http::{AsyncHTTPClient, Body, HTTPRequest};
use gustnado_tests::{Client, Script, Source};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A 401 with these challenges.
fn challenge(challenges: &[&str]) -> String {
    let lines: String =
        challenges.iter().map(|value| format!("WWW-Authenticate: {value}\r\n")).collect();
    format!("HTTP/1.1 401 Unauthorized\r\n{lines}Content-Length: 4\r\n\r\nwho?")
}

/// The head of a request, and its Authorization.
fn request(client: &mut Client) -> (String, Option<String>) {
    let head = String::from_utf8(client.take_until(b"\r\n\r\n")).unwrap();
    let authorization = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
    (head.clone(), authorization.map(str::to_owned))
}

/// What a parameter of a proof says.
fn parameter<'a>(proof: &'a str, name: &str) -> Option<&'a str> {
    let parts = proof.strip_prefix("Digest ").unwrap().split(", ");
    let value = parts.into_iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    value.map(|value| value.trim_matches('"'))
}

fn digest(url: String) -> HTTPRequest {
    HTTPRequest::new(url).digest_auth("me", "secret")
}

#[gustnado::test]
async fn who_is_asked_for_a_digest_sends_one_over_the_same_connection() {
    for (method, body, hash) in [
        ("GET", "", "b27716e9ee271c1fde1fd8871fdc7e81"),
        ("POST", "abc", "08063a3a3a08e1bf91d178e3a8c415ea"),
    ] {
        let script = Script::start(1, move |_, mut client| {
            for number in 0..2 {
                let (head, proof) = request(&mut client);
                assert!(head.starts_with(&format!("{method} /a?b HTTP/1.1\r\n")), "{head}");
                assert_eq!(client.take(body.len()), body.as_bytes());
                if number == 0 {
                    assert_eq!(proof, None, "nobody has asked yet");
                    client.send(challenge(&["Basic realm=r", "Digest realm=r, nonce=n"]));
                } else {
                    let proof = proof.unwrap();
                    assert_eq!(
                        proof,
                        format!(
                            "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/a?b\", \
                             response=\"{hash}\""
                        )
                    );
                    client.send(OK);
                }
            }
        });
        let client = AsyncHTTPClient::new();
        let mut request = digest(script.url("/a?b"));
        if method == "POST" {
            request = request.method(gustnado::Method::POST).body(body);
        }
        assert_eq!(client.fetch(request).await.unwrap().text(), "ok");
        script.finish();
    }
}

#[gustnado::test]
async fn a_nonce_that_is_too_old_is_replaced_once() {
    let stale = |number: u32| {
        format!("Digest realm=r, nonce=n{number}, qop=auth, stale=TRUE, algorithm=SHA-256")
    };
    for (rounds, code) in [(2, 200), (3, 401)] {
        let script = Script::start(1, move |_, mut client| {
            assert_eq!(request(&mut client).1, None);
            let mut chosen = Vec::new();
            for round in 1..rounds {
                client.send(challenge(&[&stale(round)]));
                let proof = request(&mut client).1.unwrap();
                assert_eq!(parameter(&proof, "nonce"), Some(format!("n{round}").as_str()));
                assert_eq!(parameter(&proof, "nc"), Some("00000001"), "{proof}");
                assert_eq!(parameter(&proof, "response").map(str::len), Some(64), "{proof}");
                chosen.push(parameter(&proof, "cnonce").unwrap().to_owned());
            }
            assert!(chosen.iter().all(|one| one.len() == 32));
            assert!(chosen.first() != chosen.get(1));
            client.send(if code == 200 { OK.to_owned() } else { challenge(&[&stale(9)]) });
        });
        let request = digest(script.url("/")).raise_error(false);
        let response = AsyncHTTPClient::new().fetch(request).await.unwrap();
        assert_eq!(response.code(), code);
        script.finish();
    }
}

#[gustnado::test]
async fn a_wrong_password_is_tried_once() {
    let script = Script::start(1, |_, mut client| {
        for nonce in ["one", "two"] {
            request(&mut client);
            client.send(challenge(&[&format!("Digest realm=r, nonce={nonce}, qop=auth")]));
        }
    });
    let error = AsyncHTTPClient::new().fetch(digest(script.url("/"))).await.unwrap_err();
    assert_eq!(error.code(), 401);
    assert_eq!(error.response().unwrap().text(), "who?");
    script.finish();
}

#[gustnado::test]
async fn what_cannot_be_answered_is_the_response() {
    let asked = "Digest realm=r, nonce=n, qop=auth";
    type Make = fn(String) -> HTTPRequest;
    let cases: [(&str, Make); 5] = [
        ("Basic realm=r", digest),
        ("Digest realm=r, nonce=n, algorithm=SHA-512-256", digest),
        // Nobody was named, or nobody is to be shown.
        (asked, HTTPRequest::new),
        (asked, |url| digest(url).header("Authorization", "Bearer x")),
        // It is gone.
        (asked, |url| {
            let body = Body::stream(Source::new("abc", 1));
            digest(url).method(gustnado::Method::PUT).body(body)
        }),
    ];
    for (value, make) in cases {
        let script = Script::answers(vec![challenge(&[value])]);
        let error = AsyncHTTPClient::new().fetch(make(script.url("/"))).await.unwrap_err();
        assert_eq!(error.code(), 401, "{value}");
        script.finish();
    }
}

#[gustnado::test]
async fn basic_authentication_is_never_sent_by_who_wants_a_digest() {
    let script = Script::answers(vec![challenge(&["Basic realm=r"])]);
    let client = AsyncHTTPClient::new();
    let url = script.url("/").replace("http://", "http://you:public@");
    assert_eq!(client.fetch(digest(url)).await.unwrap_err().code(), 401);
    script.finish();
    let script = Script::start(1, |_, mut client| {
        assert_eq!(request(&mut client).1.as_deref(), Some("Basic bWU6c2VjcmV0"));
        client.send(OK);
    });
    client.fetch(digest(script.url("/")).basic_auth("me", "secret")).await.unwrap();
    script.finish();
}

#[gustnado::test]
async fn a_redirect_begins_anew_and_another_origin_is_told_nothing() {
    let other = Script::start(1, |_, mut client| {
        assert_eq!(request(&mut client).1, None);
        client.send(challenge(&["Digest realm=r, nonce=n"]));
    });
    let elsewhere = other.url("/");
    let script = Script::start(1, move |_, mut client| {
        let asked = challenge(&["Digest realm=r, nonce=n"]);
        for location in ["/there", &elsewhere] {
            assert_eq!(request(&mut client).1, None);
            client.send(&asked);
            assert!(request(&mut client).1.is_some());
            client.send(format!(
                "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            ));
        }
    });
    let error = AsyncHTTPClient::new().fetch(digest(script.url("/"))).await.unwrap_err();
    assert_eq!(error.code(), 401);
    script.finish();
    other.finish();
}

#[gustnado::test]
async fn a_refusal_that_is_long_costs_the_connection_and_not_the_response() {
    let script = Script::start(2, |number, mut client| {
        let proof = request(&mut client).1;
        assert_eq!(proof.is_some(), number == 1);
        if number == 0 {
            client.send(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\n\
                 Content-Length: 10000000\r\n\r\n",
            );
            client.try_send(vec![b'a'; 200_000]);
        } else {
            client.send(OK);
        }
    });
    let client = AsyncHTTPClient::new();
    let mut response = client.fetch_streamed(digest(script.url("/"))).await.unwrap();
    assert_eq!(response.next().await.unwrap().unwrap(), "ok");
    script.finish();
}
