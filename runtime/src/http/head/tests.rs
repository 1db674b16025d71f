mod hostile;

use super::*;

fn parse(input: &[u8]) -> (Head, Result<Option<usize>, Violation>) {
    let mut head = Head::default();
    let result = head.parse(input, &Limits::default());
    (head, result)
}

/// How many bytes the strict scanner has looked at.
fn position(head: &Head) -> usize {
    head.rare.as_ref().map_or(0, |rare| rare.scanner.position())
}

/// Byte by byte, and then for every way of cutting the input in two.
fn parse_in_pieces(
    input: &[u8],
    limits: &Limits,
    check: impl Fn(&Head, Result<Option<usize>, Violation>),
) {
    for cut in 0..input.len() {
        let mut head = Head::default();
        let mut result = head.parse(&input[..cut], limits);
        if result == Ok(None) {
            result = head.parse(input, limits);
        }
        check(&head, result);
    }
    let mut head = Head::default();
    let mut result = Ok(None);
    for length in 1..=input.len() {
        result = head.parse(&input[..length], limits);
        if result != Ok(None) {
            break;
        }
        assert_eq!(position(&head), length, "every byte is looked at once");
    }
    check(&head, result);
}

/// Requests that are taken, each with what it means.
const GOOD: &[(&str, &str)] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / - a HTTP/1.1 None keep"),
    ("GET /a?b HTTP/1.1\r\nhost:\t a:80 \t\r\n\r\n", "GET /a b a:80 HTTP/1.1 None keep"),
    ("GET /? HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /  [::1]:80 HTTP/1.1 None keep"),
    (
        "GET //a/../%2f|{}?/?a=%ff HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET //a/../%2f|{} /?a=%ff a HTTP/1.1 None keep",
    ),
    ("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / - a HTTP/1.1 None keep"),
    (
        "G!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G!#$%&'*+-.^_`|~9 / - a HTTP/1.1 None keep",
    ),
    ("get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / - a HTTP/1.1 None keep"),
    ("GET / HTTP/1.0\r\n\r\n", "GET / -  HTTP/1.0 None close"),
    ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / - a HTTP/1.0 None close"),
    ("GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / - a HTTP/1.1 None keep"),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * - a HTTP/1.1 None keep"),
    ("GET http://B:1/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "GET /c d B:1 HTTP/1.1 None keep"),
    ("GET HTTPS://b HTTP/1.1\r\nHost: b\r\n\r\n", "GET / - b HTTP/1.1 None keep"),
    ("GET http://b?c/d HTTP/1.1\r\nHost: b\r\n\r\n", "GET / c/d b HTTP/1.1 None keep"),
    ("GET http://[::1]/ HTTP/1.0\r\n\r\n", "GET / - [::1] HTTP/1.0 None close"),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "POST / - a HTTP/1.1 Length(0) keep",
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n",
        "POST / - a HTTP/1.1 Length(7) keep",
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "POST / - a HTTP/1.1 Length(18446744073709551615) keep",
    ),
    ("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", "POST / -  HTTP/1.0 Length(5) close"),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChunkeD\r\n\r\n",
        "POST / - a HTTP/1.1 Chunked keep",
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\tb\r\nY:\r\nZ: \t\r\n\r\n",
        "GET / - a HTTP/1.1 None keep",
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / - a HTTP/1.1 None close"),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x , CLOSE\t,\r\n\r\n",
        "GET / - a HTTP/1.1 None close",
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n",
        "GET / - a HTTP/1.1 None close",
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
        "GET / - a HTTP/1.1 None close",
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed, xclose\r\n\r\n",
        "GET / - a HTTP/1.1 None keep",
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: close\r\n\r\n", "GET / - a HTTP/1.1 None keep"),
    ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / -  HTTP/1.0 None keep"),
    (
        "GET / HTTP/1.0\r\nConnection: x\r\nConnection: y,keep-alive\r\n\r\n",
        "GET / -  HTTP/1.0 None keep",
    ),
    (
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
        "GET / -  HTTP/1.0 None close",
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / - a HTTP/1.1 None keep upgrade",
    ),
    (
        "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / -  HTTP/1.0 None close",
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n",
        "POST / - a HTTP/1.1 Length(5) keep continue",
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
        "POST / - a HTTP/1.1 Length(0) keep",
    ),
    (
        "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        "POST / -  HTTP/1.0 Length(5) close",
    ),
];

/// What a head says about its request, in one line.
fn meaning(head: &Head) -> String {
    format!(
        "{} {} {} {} {:?} {:?} {}{}{}",
        head.method(),
        head.path(),
        head.query().unwrap_or("-"),
        head.host(),
        head.version(),
        head.framing(),
        if head.keep_alive() { "keep" } else { "close" },
        if head.upgrade() { " upgrade" } else { "" },
        if head.expects_continue() { " continue" } else { "" },
    )
}

#[test]
fn good_requests_mean_what_they_say_however_they_are_cut() {
    for (input, expected) in GOOD {
        let bytes = input.as_bytes();
        let (head, result) = parse(bytes);
        assert_eq!(result, Ok(Some(bytes.len())), "{input:?}");
        assert_eq!(meaning(&head), *expected, "{input:?}");
        let headers: Vec<_> = head.headers().collect();
        parse_in_pieces(bytes, &Limits::default(), |head, result| {
            assert_eq!(result, Ok(Some(bytes.len())), "in pieces: {input:?}");
            assert_eq!(meaning(head), *expected, "in pieces: {input:?}");
            assert_eq!(head.headers().collect::<Vec<_>>(), headers, "in pieces: {input:?}");
        });
    }
}

#[test]
fn what_follows_a_head_is_left_alone() {
    for (input, expected) in GOOD {
        for rest in ["GET", "\r\n", "\0\n", "POST / HTTP/9.9\n"] {
            let buffer = format!("{input}{rest}");
            let (head, result) = parse(buffer.as_bytes());
            assert_eq!(result, Ok(Some(input.len())), "{buffer:?}");
            assert_eq!(meaning(&head), *expected);
        }
    }
}

#[test]
fn the_two_parsers_agree() {
    let limits = Limits::default();
    for (input, _) in GOOD {
        let (head, _) = parse(input.as_bytes());
        let mut strict = Head::default();
        assert_eq!(strict.scan(input.as_bytes(), &limits), Ok(Some(input.len())));
        assert!(strict.headers().eq(head.headers()));
        assert_eq!(meaning(&strict), meaning(&head));
    }
}

#[test]
fn headers_are_found_in_any_case_and_kept_in_order() {
    let input = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: b\r\nx-y:  c d\t\r\nACCEPT: e\r\n\r\n";
    let (head, _) = parse(input);
    assert_eq!(head.header("accept"), Some(&b"b"[..]));
    assert_eq!(head.header("X-Y"), Some(&b"c d"[..]));
    assert_eq!(head.header("X-Z"), None);
    let headers: Vec<_> = head.headers().collect();
    assert_eq!(headers, [("Host", &b"a"[..]), ("Accept", b"b"), ("x-y", b"c d"), ("ACCEPT", b"e")]);
    assert_eq!(head.target(), "/");
}

#[test]
fn headers_are_found_behind_lines_of_every_length() {
    for length in (0..20).chain(240..270).chain([70_000]) {
        let value = "v".repeat(length);
        let input = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\nY:{value}\r\nZ: z\r\n\r\n");
        let limits = Limits { header_bytes: usize::MAX, ..Limits::default() };
        let mut head = Head::default();
        for line in ["GET / HTTP/1.1", "POST /longer HTTP/1.1", "PUT / HTTP/1.1"] {
            let input = input.replacen("GET / HTTP/1.1", line, 1);
            assert_eq!(head.parse(input.as_bytes(), &limits), Ok(Some(input.len())));
            assert_eq!(head.header("x"), Some(value.as_bytes()));
            assert_eq!(head.header("y"), Some(value.as_bytes()));
            assert_eq!(head.header("z"), Some(&b"z"[..]));
            assert_eq!(head.headers().count(), 4);
            assert_eq!(format!("{} {} HTTP/1.1", head.method(), head.target()), line);
        }
    }
}

#[test]
fn a_header_has_no_colon_in_its_name() {
    let (head, _) = parse(b"GET / HTTP/1.1\r\nHost: a\r\na:b:c\r\n\r\n");
    assert_eq!(head.header("a"), Some(&b"b:c"[..]));
    assert_eq!(head.header("a:b"), None);
    assert_eq!(head.header(""), None);
}

#[test]
fn a_head_holds_what_was_sent_and_hardly_more() {
    assert!(size_of::<Head>() <= 56);
    let mut head = Head::default();
    for length in [10, 300, 100] {
        let input = sized(20, 30 + length, 5);
        assert_eq!(head.parse(&input, &Limits::default()), Ok(Some(input.len())));
        assert!(head.bytes.capacity() <= 20 + 2 + 330 + 5);
    }
}

#[test]
fn a_head_is_used_again_and_nothing_stays() {
    let mut head = Head::default();
    let limits = Limits::default();
    let first = b"POST http://b/c?d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close, upgrade\r\nExpect: 100-continue\r\n\r\n";
    let second = b"GET / HTTP/1.1\r\nHost: e\r\n\r\n";
    assert_eq!(head.parse(first, &limits), Ok(Some(first.len())));
    assert_eq!(head.parse(&second[..9], &limits), Ok(None));
    assert_eq!(head.parse(second, &limits), Ok(Some(second.len())));
    assert_eq!(meaning(&head), "GET / - e HTTP/1.1 None keep");
    assert_eq!(head.headers().count(), 1);

    assert_eq!(head.parse(&first[..30], &limits), Ok(None));
    head.clear();
    assert_eq!(head.parse(second, &limits), Ok(Some(second.len())));

    assert_eq!(head.parse(first, &limits), Ok(Some(first.len())));
    assert_eq!(head.parse(b"GET # HTTP", &limits), Err(Violation::TargetSyntax));
    head.clear();
    assert_eq!(meaning(&head), "GET / -  HTTP/1.1 None close");
    assert_eq!(head.parse(second, &limits), Ok(Some(second.len())));
}

/// A request line of `line` bytes and a header section of `section` bytes with `count` lines.
fn sized(line: usize, section: usize, count: usize) -> Vec<u8> {
    let mut input = b"GET /".to_vec();
    input.resize(line - 9, b'a');
    input.extend_from_slice(b" HTTP/1.1\r\nHost: a\r\n");
    let start = line + 2;
    for _ in 2..count {
        input.extend_from_slice(b"X: y\r\n");
    }
    input.extend_from_slice(b"Y: ");
    input.resize(start + section - 4, b'z');
    input.extend_from_slice(b"\r\n\r\n");
    input
}

#[test]
fn limits_are_exact_however_the_bytes_arrive() {
    let limits =
        Limits { request_line: 40, header_bytes: 100, header_count: 5, ..Limits::default() };
    for (line, section, count, expected) in [
        (40, 100, 5, None),
        (41, 100, 5, Some(Violation::RequestLineTooLong)),
        (40, 101, 5, Some(Violation::HeadersTooLarge)),
        (40, 100, 6, Some(Violation::TooManyHeaders)),
    ] {
        let input = sized(line, section, count);
        let expected = expected.map_or(Ok(Some(input.len())), Err);
        assert_eq!(Head::default().parse(&input, &limits), expected);
        parse_in_pieces(&input, &limits, |_, result| assert_eq!(result, expected));
    }
}

#[test]
fn an_endless_line_is_refused_at_the_limit() {
    let limits = Limits { request_line: 40, header_bytes: 100, ..Limits::default() };
    let mut head = Head::default();
    assert_eq!(head.parse(&[b'A'; 40], &limits), Ok(None));
    assert_eq!(head.parse(&[b'A'; 41], &limits), Err(Violation::RequestLineTooLong));
    let mut input = b"GET / HTTP/1.1\r\nHost: ".to_vec();
    input.resize(16 + 100, b'a');
    assert_eq!(head.parse(&input, &limits), Ok(None));
    input.push(b'a');
    assert_eq!(head.parse(&input, &limits), Err(Violation::HeadersTooLarge));
}

#[test]
fn more_headers_than_the_fast_parser_has_slots_for() {
    let input = sized(20, 60_000, 100);
    let (head, result) = parse(&input);
    assert_eq!(result, Ok(Some(input.len())));
    assert_eq!(head.headers().count(), 100);
    assert_eq!(parse(&sized(20, 60_000, 101)).1, Err(Violation::TooManyHeaders));
}

#[test]
fn the_scanner_never_steps_back() {
    let input = sized(8_000, 60_000, 100);
    let mut head = Head::default();
    for length in 1..input.len() {
        assert_eq!(head.parse(&input[..length], &Limits::default()), Ok(None));
        assert_eq!(position(&head), length);
    }
    assert_eq!(head.parse(&input, &Limits::default()), Ok(Some(input.len())));
}

/// Request lines and header sections, good and bad; every pair of them is a request.
fn combinations() -> Vec<Vec<u8>> {
    let lines = [
        "GET / HTTP/1.1\r\n",
        "GET /a HTTP/1.1\r\n",
        "PATCH /longer/path?and=query HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "GET http://c:1/d HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "GET * HTTP/1.1\r\n",
        "CONNECT a:1 HTTP/1.1\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET / / HTTP/1.1\r\n",
        "GET /# HTTP/1.1\r\n",
        "G\tT / HTTP/1.1\r\n",
        "GET / HTTP/1.1\n",
        "GET /\r HTTP/1.1\r\n",
        "GET / HTTP/1.2\r\n",
        "GET / HTTP/2.0\r\n",
        "\r\nGET / HTTP/1.1\r\n",
        " HTTP/1.1\r\n",
    ];
    let sections = [
        "Host: a\r\n\r\n",
        "Host: b\r\n\r\n",
        "Host: a\r\nX: y\r\n\r\n",
        "\r\n",
        "Connection: keep-alive\r\n\r\n",
        "Host: a\r\nContent-Length: 5\r\nConnection: close, upgrade\r\nExpect: 100-continue\r\n\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\nX:\r\n\r\n",
        "Host: a\r\nHost: a\r\n\r\n",
        "Host: a\n\r\n",
    ];
    lines
        .iter()
        .flat_map(|line| sections.iter().map(move |rest| [*line, rest].concat().into()))
        .collect()
}

/// Copies of the headers.
fn owned(head: &Head) -> Vec<(String, Vec<u8>)> {
    head.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

#[test]
fn what_a_head_remembers_changes_nothing() {
    let limits = Limits::default();
    let inputs = combinations();
    let fresh: Vec<_> = inputs
        .iter()
        .map(|input| {
            let (head, result) = parse(input);
            (result, result.is_ok().then(|| meaning(&head)), owned(&head))
        })
        .collect();
    let mut head = Head::default();
    for first in &inputs {
        for (second, (result, expected, fields)) in inputs.iter().zip(&fresh) {
            let text = String::from_utf8_lossy(second);
            let _ = head.parse(first, &limits);
            if !head.is_fresh() {
                head.clear();
            }
            for _ in 0..2 {
                assert_eq!(head.parse(second, &limits), *result, "{text:?}");
                if let Some(expected) = expected {
                    assert_eq!(meaning(&head), *expected);
                    assert_eq!(&owned(&head), fields, "{text:?}");
                }
                if !head.is_fresh() {
                    head.clear();
                }
            }
        }
    }
}

#[test]
fn what_a_head_remembers_is_held_against_the_limits() {
    let wide = Limits::default();
    for (input, again) in [("/", "/"), ("/", "/a")] {
        for (limits, violation) in [
            (Limits { request_line: 13, ..wide }, Violation::RequestLineTooLong),
            (Limits { header_bytes: 10, ..wide }, Violation::HeadersTooLarge),
            (Limits { header_count: 0, ..wide }, Violation::TooManyHeaders),
        ] {
            let request = |path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
            let mut head = Head::default();
            assert!(head.parse(&request(input), &wide).is_ok());
            assert_eq!(head.parse(&request(again), &limits), Err(violation));
        }
    }
}

#[test]
fn a_repeated_head_is_compared_and_not_parsed() {
    let limits = Limits::default();
    let mut head = Head::default();
    let request = |line: &str| format!("{line}\r\nHost: a\r\nX: y\r\n\r\n").into_bytes();
    let first = request("GET / HTTP/1.1");
    assert_eq!(head.parse(&first, &limits), Ok(Some(first.len())));
    assert_eq!(head.repeat(&first, &limits), Some(first.len()));
    let second = request("DELETE /longer?query HTTP/1.1");
    assert_eq!(head.repeat(&second, &limits), Some(second.len()));
    assert_eq!(meaning(&head), "DELETE /longer query a HTTP/1.1 None keep");
    assert_eq!(head.header("x"), Some(&b"y"[..]));
    assert_eq!(head.repeat(&request("GET / HTTP/1.0"), &limits), None);
    assert_eq!(head.repeat(b"DELETE /longer?query HTTP/1.1\r\nHost: b\r\n\r\n", &limits), None);
}
