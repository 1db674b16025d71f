use super::*;

const KEEPS: Direction = Direction { window_bits: 15, takeover: true };
const FORGETS: Direction = Direction { window_bits: 15, takeover: false };

fn deflate(direction: Direction) -> Deflate {
    Deflate::new(Compression { min_size: 0, ..Compression::default() }, direction, direction)
}

fn inflate(deflate: &Deflate, compressed: &[u8]) -> Result<Vec<u8>, Violation> {
    let mut inflating = deflate.begin();
    let mut out = Vec::new();
    inflating.push(compressed, &mut out, 1 << 20)?;
    inflating.push(TAIL, &mut out, 1 << 20)?;
    deflate.end(inflating);
    Ok(out)
}

/// Section 7.2.3 of RFC 7692.
#[test]
fn the_examples_of_the_rfc() {
    let receiver = deflate(KEEPS);
    assert_eq!(inflate(&receiver, b"\xf2\x48\xcd\xc9\xc9\x07\x00").unwrap(), b"Hello");
    assert_eq!(inflate(&receiver, b"\xf2\x00\x11\x00\x00").unwrap(), b"Hello");
    // A block without compression, one with BFINAL, and two blocks.
    let receiver = deflate(FORGETS);
    assert_eq!(
        inflate(&receiver, b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00").unwrap(),
        b"Hello"
    );
    assert_eq!(inflate(&receiver, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").unwrap(), b"Hello");
    assert_eq!(
        inflate(&receiver, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00").unwrap(),
        b"Hello"
    );
    assert_eq!(inflate(&receiver, b"\x00").unwrap(), b"");
}

#[test]
fn what_is_compressed_is_what_is_decompressed() {
    let lines: Vec<Vec<u8>> = (0..30_usize)
        .map(|at| (0..at * at * 20).map(|byte| (byte * byte / 7 % 251) as u8).collect())
        .collect();
    for window_bits in 9..=15 {
        for level in [0, 1, 6, 9] {
            for mem_level in [1, 9] {
                for takeover in [true, false] {
                    let direction = Direction { window_bits, takeover };
                    let compression =
                        Compression { level, mem_level, min_size: 0, ..Compression::default() };
                    let both = Deflate::new(compression, direction, direction);
                    for line in lines.iter().step_by(5) {
                        // What does not become smaller is sent as it is, if nothing refers to it.
                        if let Some(compressed) = both.compress(line) {
                            assert_eq!(&inflate(&both, &compressed).unwrap(), line);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_message_may_refer_to_those_before_only_if_that_was_agreed() {
    let text = b"the very same text, which nobody could shorten by itself: 0123456789 qwertz";
    let keeping = deflate(KEEPS);
    let [first, second] = [(); 2].map(|()| keeping.compress(text).unwrap());
    assert!(second.len() < first.len() / 4);
    assert_eq!(inflate(&keeping, &first).unwrap(), text);
    assert_eq!(inflate(&keeping, &second).unwrap(), text);
    assert!(inflate(&deflate(FORGETS), &second).is_err());

    let forgetting = deflate(FORGETS);
    let [first, second] = [(); 2].map(|()| forgetting.compress(&text.repeat(2)).unwrap());
    assert_eq!(first, second);
}

#[test]
fn who_is_sent_something_from_elsewhere_is_not_sent_references_to_before() {
    let text = b"something that is said again and again";
    let (sender, receiver) = (deflate(KEEPS), deflate(KEEPS));
    let shared = sender.style().compress(&text.repeat(3)).unwrap();
    assert_eq!(inflate(&receiver, &sender.compress(text).unwrap()).unwrap(), text);
    for _ in 0..3 {
        assert_eq!(inflate(&receiver, &shared).unwrap(), text.repeat(3));
        sender.forget();
        assert_eq!(inflate(&receiver, &sender.compress(text).unwrap()).unwrap(), text);
    }
}

#[test]
fn empty_messages_follow_each_other() {
    let both = deflate(KEEPS);
    for text in [&b""[..], b"", b"one", b"", b""] {
        let compressed = both.compress(text).unwrap();
        assert_eq!(inflate(&both, &compressed).unwrap(), text);
    }
}

#[test]
fn a_window_of_eight_bits_is_not_compressed_for() {
    let tiny = deflate(Direction { window_bits: 8, takeover: false });
    assert_eq!(tiny.compress(&[0; 1_000]), None);
}
