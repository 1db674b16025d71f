//! Chunked bodies: the result never depends on how the bytes were cut, decoding always gets on, limits hold, and what was
//! decoded can be encoded and decoded again.
#![no_main]

use gustnado::http::{Chunked, LAST_CHUNK, Limits, Violation, write_chunk};
use libfuzzer_sys::fuzz_target;

const LIMITS: fn() -> Limits = || Limits {
    header_count: 4,
    body: 64,
    chunk_line: 32,
    chunk_extensions: 48,
    trailer_bytes: 64,
    ..Limits::default()
};

fuzz_target!(|input: &[u8]| {
    let Some((&cut, bytes)) = input.split_first() else { return };
    let expected = decode(&[bytes]);
    let (left, right) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    assert_eq!(decode(&[left, right]), expected, "cut at {}", left.len());
    assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");

    let Ok((body, rest)) = expected else { return };
    assert!(body.len() as u64 <= LIMITS().body);
    if let Some(rest) = rest {
        let used = &bytes[..bytes.len() - rest];
        assert!(used.ends_with(b"\r\n"));
        let mut written = Vec::new();
        for piece in body.chunks(7) {
            write_chunk(piece, &mut written);
        }
        written.extend_from_slice(LAST_CHUNK);
        assert_eq!(decode(&[&written]), Ok((body, Some(0))));
    }
});

/// The body so far, and, if it is complete, how many bytes were left over.
fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<usize>), Violation> {
    let mut chunked = Chunked::new(&LIMITS());
    let mut body = Vec::new();
    let mut left: usize = pieces.iter().map(|piece| piece.len()).sum();
    for piece in pieces {
        let mut input = *piece;
        while !input.is_empty() {
            let decoded = chunked.decode(input)?;
            assert!(decoded.consumed > 0, "no progress");
            assert!(decoded.data.end <= decoded.consumed);
            body.extend_from_slice(&input[decoded.data.clone()]);
            left -= decoded.consumed;
            if decoded.done {
                assert!(chunked.is_done());
                return Ok((body, Some(left)));
            }
            input = &input[decoded.consumed..];
        }
    }
    Ok((body, None))
}
