//! Heads of requests: the answer never depends on how the bytes were cut or on what the parser saw before, and what is
//! accepted can be written down and read again.
#![no_main]

use gustnado::http::{Head, Limits, Violation, is_host};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // Where to cut, and a request; before a byte 0xff, the request that the parser saw before.
    let Some((&cut, input)) = input.split_first() else { return };
    let border = input.iter().position(|&byte| byte == 0xff);
    let (former, bytes) = border.map_or((&b""[..], input), |at| (&input[..at], &input[at + 1..]));
    // Small enough for the fuzzer to reach.
    let limits =
        Limits { request_line: 64, header_bytes: 256, header_count: 8, ..Limits::default() };

    let mut head = Head::default();
    let whole = head.parse(bytes, &limits);
    let expected = describe(&head, whole);

    let cut = usize::from(cut) % (bytes.len() + 1);
    let mut pieces = Head::default();
    let mut result = pieces.parse(&bytes[..cut], &limits);
    if result == Ok(None) {
        result = pieces.parse(bytes, &limits);
    }
    assert_eq!(describe(&pieces, result), expected, "cut at {cut}");

    // Byte by byte, which the strict scanner does alone.
    let mut single = Head::default();
    let mut result = Ok(None);
    for length in 0..=bytes.len() {
        result = single.parse(&bytes[..length], &limits);
        if result != Ok(None) {
            break;
        }
    }
    assert_eq!(describe(&single, result), expected, "byte by byte");

    let mut used = Head::default();
    if used.parse(former, &limits) == Ok(None) {
        used.clear();
    }
    for _ in 0..2 {
        let result = used.parse(bytes, &limits);
        assert_eq!(describe(&used, result), expected, "after another");
        if result == Ok(None) {
            used.clear();
        }
    }

    if let Ok(Some(end)) = whole {
        assert!(end <= bytes.len());
        assert_sound(&head, &bytes[..end]);
        assert_written_and_read(&head, &expected);
    }
});

/// Everything a head says, apart from where in the buffer it says it.
fn describe(
    head: &Head,
    result: Result<Option<usize>, Violation>,
) -> Result<Option<(String, Vec<(String, Vec<u8>)>)>, Violation> {
    let Some(_) = result? else { return Ok(None) };
    let headers = head.headers().map(|(name, value)| (name.to_owned(), value.to_vec()));
    let text = format!(
        "{} {} {} {:?} {} {:?} {:?} {} {} {}",
        head.method(),
        head.target(),
        head.path(),
        head.query(),
        head.host(),
        head.version(),
        head.framing(),
        head.keep_alive(),
        head.upgrade(),
        head.expects_continue(),
    );
    Ok(Some((text, headers.collect())))
}

fn assert_sound(head: &Head, bytes: &[u8]) {
    assert!(bytes.ends_with(b"\r\n\r\n"));
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(bytes.get(at + 1), Some(&b'\n')),
            b'\n' => assert_eq!(bytes[at - 1], b'\r'),
            b'\t' | b' '..=b'~' | 0x80.. => {}
            _ => panic!("control character {byte:#x}"),
        }
    }
    let target = head.target();
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
    assert!(head.path().starts_with('/') || head.path() == "*");
    let host = head.host();
    assert!(
        is_host(host.as_bytes()) || (host.is_empty() && head.version() == http::Version::HTTP_10)
    );
    for (name, value) in head.headers() {
        assert!(!name.is_empty());
        assert!(!value.starts_with(b" ") && !value.ends_with(b" "));
        assert!(!value.starts_with(b"\t") && !value.ends_with(b"\t"));
        assert!(head.header(&name.to_uppercase()).is_some());
    }
}

fn assert_written_and_read(
    head: &Head,
    expected: &Result<Option<(String, Vec<(String, Vec<u8>)>)>, Violation>,
) {
    let mut written =
        format!("{} {} {:?}\r\n", head.method(), head.target(), head.version()).into_bytes();
    for (name, value) in head.headers() {
        written.extend_from_slice(name.as_bytes());
        written.extend_from_slice(b": ");
        written.extend_from_slice(value);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(b"\r\n");
    let mut again = Head::default();
    let result = again.parse(&written, &Limits::default());
    assert_eq!(result, Ok(Some(written.len())));
    assert_eq!(&describe(&again, result), expected);
}
