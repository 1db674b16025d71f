use super::*;

fn parse(input: &[u8]) -> (ResponseHead, Result<Option<usize>, ResponseViolation>) {
    let mut head = ResponseHead::default();
    let result = head.parse(input, &Limits::default());
    (head, result)
}

/// What a head says about its response to GET, in one line.
fn meaning(head: &ResponseHead) -> String {
    let ending = head.ending(&Method::GET);
    let keep = if head.keep_alive() { "keep" } else { "close" };
    format!("{} {:?} {:?} {ending:?} {keep}", head.status().as_u16(), head.reason(), head.version())
}

/// Responses that are taken, each with what it means.
const GOOD: &[(&str, &str)] = &[
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 \"OK\" HTTP/1.1 Ok(Length(5)) keep"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 \"OK\" HTTP/1.1 Ok(None) keep"),
    ("HTTP/1.1 200 OK\r\n\r\n", "200 \"OK\" HTTP/1.1 Ok(Close) keep"),
    ("HTTP/1.1 200 \r\n\r\n", "200 \"\" HTTP/1.1 Ok(Close) keep"),
    ("HTTP/1.1 200\r\n\r\n", "200 \"\" HTTP/1.1 Ok(Close) keep"),
    ("HTTP/1.1 999 So  it is\t\r\n\r\n", "999 \"So  it is\\t\" HTTP/1.1 Ok(Close) keep"),
    (
        "HTTP/1.1 404 Nicht gefunden \u{e9}\r\n\r\n",
        "404 \"Nicht gefunden \u{e9}\" HTTP/1.1 Ok(Close) keep",
    ),
    ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "200 \"OK\" HTTP/1.0 Ok(Length(5)) close"),
    (
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n",
        "200 \"OK\" HTTP/1.0 Ok(Length(5)) keep",
    ),
    ("HTTP/1.9 200 OK\r\nContent-Length: 5\r\n\r\n", "200 \"OK\" HTTP/1.1 Ok(Length(5)) keep"),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nConnection: x, Close\r\n\r\n",
        "200 \"OK\" HTTP/1.1 Ok(Chunked) close",
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", "204 \"No Content\" HTTP/1.1 Ok(None) keep"),
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "204 \"No Content\" HTTP/1.1 Ok(None) keep",
    ),
    (
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "304 \"Not Modified\" HTTP/1.1 Ok(None) keep",
    ),
    ("HTTP/1.1 100 Continue\r\n\r\n", "100 \"Continue\" HTTP/1.1 Ok(None) keep"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 05\r\n\r\n",
        "200 \"OK\" HTTP/1.1 Ok(Length(5)) close",
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "200 \"OK\" HTTP/1.1 Ok(Length(5)) close"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "200 \"OK\" HTTP/1.1 Err(Message(ContentLengthWithTransferEncoding)) keep",
    ),
    (
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "200 \"OK\" HTTP/1.0 Err(Message(TransferEncodingVersion)) close",
    ),
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "204 \"No Content\" HTTP/1.1 Err(BodyForbidden) keep",
    ),
    (
        "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
        "103 \"Early Hints\" HTTP/1.1 Err(BodyForbidden) keep",
    ),
];

/// Responses that are refused, each with the rule that they break.
const BAD: &[(&str, ResponseViolation)] = &[
    ("\r\n", ResponseViolation::VersionSyntax),
    (" HTTP/1.1 200 OK\r\n", ResponseViolation::VersionSyntax),
    ("http/1.1 200 OK\r\n", ResponseViolation::VersionSyntax),
    ("ICY 200 OK\r\n", ResponseViolation::VersionSyntax),
    ("<html>", ResponseViolation::VersionSyntax),
    ("HTTP/1.1\t200 OK\r\n", ResponseViolation::VersionSyntax),
    ("HTTP/1.10 200 OK\r\n", ResponseViolation::VersionSyntax),
    ("HTTP/1 200 OK\r\n", ResponseViolation::VersionSyntax),
    ("HTTP/2.0 200 OK\r\n", ResponseViolation::VersionUnsupported),
    ("HTTP/2 200 OK\r\n", ResponseViolation::VersionUnsupported),
    ("HTTP/0.9 200 OK\r\n", ResponseViolation::VersionUnsupported),
    ("HTTP/1.1  200 OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 20 OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 2000 OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 +20 OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 099 OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 200OK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 200\tOK\r\n", ResponseViolation::StatusSyntax),
    ("HTTP/1.1 200 O\0K\r\n", ResponseViolation::ReasonSyntax),
    ("HTTP/1.1 200 O\x7fK\r\n", ResponseViolation::ReasonSyntax),
    ("HTTP/1.1 200 OK\n", ResponseViolation::Message(Violation::BareLineFeed)),
    ("HTTP/1.1 200 OK\rX", ResponseViolation::Message(Violation::BareCarriageReturn)),
    ("HTTP/1.1 200 OK\r\n\n", ResponseViolation::Message(Violation::BareLineFeed)),
    ("HTTP/1.1 200 OK\r\nA: b\n\r\n", ResponseViolation::Message(Violation::BareLineFeed)),
    ("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", ResponseViolation::Message(Violation::LeadingWhitespace)),
    ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ResponseViolation::Message(Violation::FoldedField)),
    ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ResponseViolation::Message(Violation::SpaceBeforeColon)),
    ("HTTP/1.1 200 OK\r\n: b\r\n\r\n", ResponseViolation::Message(Violation::FieldNameEmpty)),
    ("HTTP/1.1 200 OK\r\nA\r\n\r\n", ResponseViolation::Message(Violation::MissingColon)),
    ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", ResponseViolation::Message(Violation::FieldValueSyntax)),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        ResponseViolation::Message(Violation::ContentLengthSyntax),
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        ResponseViolation::Message(Violation::ContentLengthSyntax),
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        ResponseViolation::Message(Violation::ContentLengthOverflow),
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        ResponseViolation::ContentLengthDiffers,
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", ResponseViolation::ContentLengthDiffers),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        ResponseViolation::Message(Violation::TransferCodingUnknown),
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        ResponseViolation::Message(Violation::ChunkedRepeated),
    ),
];

/// Feeds the head byte by byte, and returns the first answer that is not "more".
fn parse_in_pieces(
    input: &[u8],
    limits: &Limits,
) -> (ResponseHead, Result<Option<usize>, ResponseViolation>) {
    let mut head = ResponseHead::default();
    let mut result = Ok(None);
    for length in 1..=input.len() {
        result = head.parse(&input[..length], limits);
        if result != Ok(None) {
            break;
        }
    }
    (head, result)
}

#[test]
fn good_responses_mean_what_they_say_however_they_are_cut() {
    for (input, expected) in GOOD {
        let bytes = input.as_bytes();
        for (head, result) in [parse(bytes), parse_in_pieces(bytes, &Limits::default())] {
            assert_eq!(result, Ok(Some(bytes.len())), "{input:?}");
            assert_eq!(meaning(&head), *expected, "{input:?}");
        }
    }
}

#[test]
fn bad_responses_break_the_same_rule_however_they_are_cut() {
    for (input, violation) in BAD {
        let bytes = input.as_bytes();
        assert_eq!(parse(bytes).1, Err(*violation), "{input:?}");
        let pieces = parse_in_pieces(bytes, &Limits::default());
        assert_eq!(pieces.1, Err(*violation), "in pieces: {input:?}");
    }
}

#[test]
fn the_two_parsers_agree() {
    for (input, expected) in GOOD {
        let mut head = ResponseHead::default();
        assert_eq!(head.scan(input.as_bytes(), &Limits::default()), Ok(Some(input.len())));
        assert_eq!(meaning(&head), *expected, "{input:?}");
        let fast = parse(input.as_bytes()).0;
        assert!(head.headers().eq(fast.headers()), "{input:?}");
    }
}

#[test]
fn what_a_head_remembers_changes_nothing() {
    let mut head = ResponseHead::default();
    for (first, _) in GOOD {
        for (second, expected) in GOOD {
            for input in [first, second, second] {
                let buffer = [input.as_bytes(), b"body"].concat();
                assert_eq!(head.parse(&buffer, &Limits::default()), Ok(Some(input.len())));
            }
            assert_eq!(meaning(&head), *expected, "{first:?}, then {second:?}");
        }
        for (bad, violation) in BAD {
            assert_eq!(head.parse(bad.as_bytes(), &Limits::default()), Err(*violation));
            head.settle();
        }
    }
}

#[test]
fn a_head_without_a_body_has_none_whatever_it_announces() {
    let (head, _) = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(head.ending(&Method::HEAD), Ok(Ending::None));
    let (head, _) = parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(head.ending(&Method::HEAD), Ok(Ending::None));
}

#[test]
fn limits_are_exact_and_hold_for_what_is_remembered() {
    let input = b"HTTP/1.1 200 All is well\r\nA: b\r\nC: d\r\n\r\n";
    let wide = Limits::default();
    for (limits, violation) in [
        (Limits { request_line: 23, ..wide }, ResponseViolation::StatusLineTooLong),
        (Limits { header_bytes: 13, ..wide }, Violation::HeadersTooLarge.into()),
        (Limits { header_count: 1, ..wide }, Violation::TooManyHeaders.into()),
    ] {
        assert_eq!(ResponseHead::default().parse(input, &limits), Err(violation));
        assert_eq!(parse_in_pieces(input, &limits).1, Err(violation));
        let mut head = ResponseHead::default();
        assert_eq!(head.parse(input, &wide), Ok(Some(input.len())));
        assert_eq!(head.parse(input, &limits), Err(violation));
    }
    let exact = Limits { request_line: 24, header_bytes: 14, header_count: 2, ..wide };
    assert_eq!(ResponseHead::default().parse(input, &exact), Ok(Some(input.len())));
    assert_eq!(parse_in_pieces(input, &exact).1, Ok(Some(input.len())));
}
