//! Heads of responses, and URLs: the answer never depends on how the bytes were cut or on what the parser saw before, and what is
//! accepted can be written down and read again.
#![no_main]

use gustnado::fuzzing::{ResponseHead, normal_url};
use gustnado::http::{Limits, ResponseViolation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // Where to cut, and a response; before a byte 0xff, the response that the parser saw before.
    let Some((&cut, input)) = input.split_first() else { return };
    let border = input.iter().position(|&byte| byte == 0xff);
    let (former, bytes) = border.map_or((&b""[..], input), |at| (&input[..at], &input[at + 1..]));
    // Small enough for the fuzzer to reach.
    let limits =
        Limits { request_line: 64, header_bytes: 256, header_count: 8, ..Limits::default() };

    let mut head = ResponseHead::default();
    let whole = head.parse(bytes, &limits);
    let expected = describe(&head, whole);

    let cut = usize::from(cut) % (bytes.len() + 1);
    let mut pieces = ResponseHead::default();
    let mut result = pieces.parse(&bytes[..cut], &limits);
    if result == Ok(None) {
        result = pieces.parse(bytes, &limits);
    }
    assert_eq!(describe(&pieces, result), expected, "cut at {cut}");

    // Byte by byte, which the strict scanner does alone.
    let mut single = ResponseHead::default();
    let mut result = Ok(None);
    for length in 0..=bytes.len() {
        result = single.parse(&bytes[..length], &limits);
        if result != Ok(None) {
            break;
        }
    }
    assert_eq!(describe(&single, result), expected, "byte by byte");

    let mut used = ResponseHead::default();
    if used.parse(former, &limits) == Ok(None) {
        used.settle();
    }
    for _ in 0..2 {
        let result = used.parse(bytes, &limits);
        assert_eq!(describe(&used, result), expected, "after another");
        if result == Ok(None) {
            used.settle();
        }
    }

    if let Ok(Some(end)) = whole {
        assert!(end <= bytes.len());
        assert_sound(&bytes[..end]);
        assert_written_and_read(&head, &expected);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_url(text);
    }
});

/// Everything a head says.
fn describe(
    head: &ResponseHead,
    result: Result<Option<usize>, ResponseViolation>,
) -> Result<Option<(String, Vec<(String, Vec<u8>)>)>, ResponseViolation> {
    let Some(_) = result? else { return Ok(None) };
    let headers = head.headers().map(|(name, value)| (name.to_owned(), value.to_vec()));
    Ok(Some((head.meaning(), headers.collect())))
}

fn assert_sound(bytes: &[u8]) {
    assert!(bytes.ends_with(b"\r\n\r\n"));
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(bytes.get(at + 1), Some(&b'\n')),
            b'\n' => assert_eq!(bytes[at - 1], b'\r'),
            b'\t' | b' '..=b'~' | 0x80.. => {}
            _ => panic!("control character {byte:#x}"),
        }
    }
}

fn assert_written_and_read(
    head: &ResponseHead,
    expected: &Result<Option<(String, Vec<(String, Vec<u8>)>)>, ResponseViolation>,
) {
    let mut written = head.status_line().to_vec();
    for (name, value) in head.headers() {
        written.extend_from_slice(name.as_bytes());
        written.extend_from_slice(b": ");
        written.extend_from_slice(value);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(b"\r\n");
    let mut again = ResponseHead::default();
    let result = again.parse(&written, &Limits::default());
    assert_eq!(result, Ok(Some(written.len())));
    assert_eq!(&describe(&again, result), expected);
}

/// A URL's normal form is its own, is what may be sent, and leads nowhere else; and so is what a redirect makes of a text.
fn check_url(text: &str) {
    for normal in
        [normal_url("", text), normal_url("http://a.test/b/c?d", text)].into_iter().flatten()
    {
        assert!(normal.bytes().all(|byte| byte.is_ascii_graphic()), "{normal:?}");
        let (scheme, rest) = normal.split_once("://").expect("a scheme");
        assert!(matches!(scheme, "http" | "https"), "{normal:?}");
        let (authority, _path) = rest.split_once('/').expect("a path");
        assert!(gustnado::http::is_host(authority.as_bytes()), "{normal:?}");
        assert_eq!(normal_url("", &normal).as_ref(), Some(&normal));
        assert_eq!(normal_url("http://other.test/", &normal).as_ref(), Some(&normal));
    }
}
