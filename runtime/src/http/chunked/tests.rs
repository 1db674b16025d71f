use super::*;

/// Decodes `input` in the given pieces: the body, and how many bytes were left over.
fn decode(pieces: &[&[u8]], limits: &Limits) -> Result<(Vec<u8>, Option<usize>), Violation> {
    let mut chunked = Chunked::new(limits);
    let mut body = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut input = *piece;
        loop {
            let decoded = chunked.decode(input)?;
            body.extend_from_slice(&input[decoded.data.clone()]);
            input = &input[decoded.consumed..];
            if decoded.done {
                assert!(chunked.is_done());
                let later: usize = pieces[index + 1..].iter().map(|piece| piece.len()).sum();
                return Ok((body, Some(input.len() + later)));
            }
            if input.is_empty() {
                break;
            }
        }
    }
    Ok((body, None))
}

/// The result of `input` as a whole, after checking that no way of cutting it changes that.
fn decode_anyhow(input: &[u8], limits: &Limits) -> Result<(Vec<u8>, Option<usize>), Violation> {
    let expected = decode(&[input], limits);
    for cut in 0..=input.len() {
        let (left, right) = input.split_at(cut);
        let text = String::from_utf8_lossy(input);
        assert_eq!(decode(&[left, right], limits), expected, "{text:?} cut at {cut}");
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(decode(&bytes, limits), expected, "byte by byte");
    expected
}

#[test]
fn bodies_are_put_together() {
    for (input, body, rest) in [
        ("0\r\n\r\n", "", ""),
        ("0000\r\n\r\n", "", "GET"),
        ("5\r\nHello\r\n0\r\n\r\n", "Hello", "\r\n"),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", ""),
        ("0000000000000001\r\n\r\r\n0\r\n\r\n", "\r", "0"),
        ("3\r\n\r\n0\r\n0\r\n\r\n", "\r\n0", ""),
        ("1;a\r\nx\r\n0;b=c\r\n\r\n", "x", ""),
        ("1;a=b;c;d=\"e \u{e9}\\\"\"\r\nx\r\n0\r\n\r\n", "x", ""),
        ("1 ;\ta \t=\t b ; c\r\nx\r\n0\r\n\r\n", "x", ""),
        ("0\r\nDigest: a\r\nX-Time:\r\n\r\n", "", "GET"),
    ] {
        let bytes = [input, rest].concat();
        assert_eq!(
            decode_anyhow(bytes.as_bytes(), &Limits::default()),
            Ok((body.into(), Some(rest.len()))),
            "{input:?}"
        );
    }
}

#[test]
fn an_unfinished_body_is_not_done() {
    let input = b"5;a=\"b\"\r\nHello\r\n0\r\nX: y\r\n\r\n";
    for length in 0..input.len() {
        let (_, done) = decode_anyhow(&input[..length], &Limits::default()).unwrap();
        assert_eq!(done, None);
    }
}

/// Each input breaks exactly this rule, however it is cut.
macro_rules! hostile {
    ($($name:ident: $($input:expr => $violation:ident),+ $(,)?;)*) => {$(
        #[test]
        fn $name() {
            $(
                let input: &[u8] = $input.as_ref();
                let expected = Err(Violation::$violation);
                let text = String::from_utf8_lossy(input);
                assert_eq!(decode_anyhow(input, &Limits::default()), expected, "{text:?}");
            )+
        }
    )*};
}

hostile! {
    a_chunk_size_is_hexadecimal_digits:
        "\r\n" => ChunkSizeSyntax,
        " 5\r\nHello\r\n" => ChunkSizeSyntax,
        "+5\r\nHello\r\n" => ChunkSizeSyntax,
        "-1\r\n" => ChunkSizeSyntax,
        "0x5\r\nHello\r\n" => ChunkSizeSyntax,
        "1_0\r\n" => ChunkSizeSyntax,
        "g\r\n" => ChunkSizeSyntax,
        "5 \r\nHello\r\n" => ChunkSizeSyntax,
        "5 5\r\nHello\r\n" => ChunkSizeSyntax,
        "5\0\r\nHello\r\n" => ChunkSizeSyntax,
        "\u{0661}\r\n" => ChunkSizeSyntax,
        "5\x0b\r\nHello\r\n" => ChunkSizeSyntax,
        ";a\r\n" => ChunkSizeSyntax;
    a_chunk_size_fits_64_bits:
        "10000000000000000\r\n" => ChunkSizeOverflow,
        "00000000000000005\r\nHello\r\n" => ChunkSizeOverflow,
        "fffffffffffffffff\r\n" => ChunkSizeOverflow;
    a_chunk_beyond_the_limit_is_refused_before_its_data:
        "ffffffffffffffff\r\n" => BodyTooLarge,
        "6400001\r\n" => BodyTooLarge,
        "1\r\nx\r\n6400000\r\n" => BodyTooLarge,
        "1\r\nx\r\nffffffffffffffff\r\n" => BodyTooLarge;
    lines_end_with_crlf:
        "5\nHello\r\n" => BareLineFeed,
        "5;a\nHello\r\n" => BareLineFeed,
        "5;a=\"\nb\"\r\nHello\r\n" => BareLineFeed,
        "5;\n\r\n" => BareLineFeed,
        "5 \n" => BareLineFeed,
        "\n" => BareLineFeed,
        "0\r\n\n" => BareLineFeed,
        "0\r\nX: y\n\r\n" => BareLineFeed,
        "5\rHello\r\n" => BareCarriageReturn,
        "5\r\r\nHello\r\n" => BareCarriageReturn,
        "5;a\rb\r\nHello\r\n" => BareCarriageReturn,
        "0\r\n\rX" => BareCarriageReturn,
        "0\r\nX: a\rb\r\n\r\n" => BareCarriageReturn;
    chunk_data_is_followed_by_crlf:
        "5\r\nHelloX" => ChunkUnterminated,
        "5\r\nHello\n0\r\n\r\n" => ChunkUnterminated,
        "5\r\nHello\r0\r\n\r\n" => ChunkUnterminated,
        "5\r\nHello0\r\n\r\n" => ChunkUnterminated,
        "3\r\nHello\r\n0\r\n\r\n" => ChunkUnterminated;
    a_chunk_extension_follows_its_grammar:
        "5;\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;;a\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;=a\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a \r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=b \r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=b c\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=\"b\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=\"b\"c\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a=\"b\\\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;a\0\r\nHello\r\n" => ChunkExtensionSyntax,
        "5;\u{e9}\r\nHello\r\n" => ChunkExtensionSyntax;
    trailers_are_headers:
        "0\r\n X: y\r\n\r\n" => LeadingWhitespace,
        "0\r\nX: y\r\n z\r\n\r\n" => FoldedField,
        "0\r\nX\r\n\r\n" => MissingColon,
        "0\r\n: y\r\n\r\n" => FieldNameEmpty,
        "0\r\nX : y\r\n\r\n" => SpaceBeforeColon,
        "0\r\nX: \0\r\n\r\n" => FieldValueSyntax,
        "0\r\nGET / HTTP/1.1\r\n\r\n" => SpaceBeforeColon;
    a_trailer_neither_frames_nor_routes:
        "0\r\nContent-Length: 5\r\n\r\n" => TrailerForbidden,
        "0\r\nX: y\r\nTRANSFER-ENCODING: chunked\r\n\r\n" => TrailerForbidden,
        "0\r\nhost: a\r\n\r\n" => TrailerForbidden,
        "0\r\nAuthorization: a\r\n\r\n" => TrailerForbidden,
        "0\r\nCookie: a\r\n\r\n" => TrailerForbidden;
}

#[test]
fn a_line_of_extensions_is_bounded() {
    let line = |length: usize| {
        let mut line = b"1;".to_vec();
        line.resize(length, b'a');
        line.extend_from_slice(b"\r\nx\r\n0\r\n\r\n");
        line
    };
    let limits = Limits { chunk_line: 64, ..Limits::default() };
    assert_eq!(decode_anyhow(&line(64), &limits), Ok((b"x".to_vec(), Some(0))));
    assert_eq!(decode_anyhow(&line(65), &limits), Err(Violation::ChunkExtensionTooLong));
}

#[test]
fn all_extensions_of_a_body_are_bounded() {
    let body = |count: usize| {
        let mut body = b"1;abcdefghi\r\nx\r\n".repeat(count);
        body.extend_from_slice(LAST_CHUNK);
        body
    };
    let limits = Limits { chunk_extensions: 100, ..Limits::default() };
    assert_eq!(decode_anyhow(&body(10), &limits), Ok((vec![b'x'; 10], Some(0))));
    assert_eq!(decode_anyhow(&body(11), &limits), Err(Violation::ChunkExtensionTooLong));
}

#[test]
fn trailers_are_bounded_in_bytes_and_number() {
    let limits = Limits { trailer_bytes: 20, header_count: 3, ..Limits::default() };
    for (trailers, fits) in [
        ("X: 45678901234567\r\n\r\n", false),
        ("X: 4567890123456\r\n\r\n", true),
        ("X: 4\r\nY:\r\nZ:\r\n\r\n", true),
        ("X:\r\nY:\r\nZ:\r\nA:\r\n\r\n", false),
        ("XXXXXXXXXXXXXXXXXXXXXXXX", false),
    ] {
        let input = format!("0\r\n{trailers}");
        let expected = if fits { Ok((vec![], Some(0))) } else { Err(Violation::TrailersTooLarge) };
        assert_eq!(decode_anyhow(input.as_bytes(), &limits), expected, "{trailers:?}");
    }
}

#[test]
fn the_limit_of_a_route_replaces_the_general_one() {
    let mut chunked = Chunked::new(&Limits::default());
    chunked.set_limit(4);
    assert_eq!(chunked.decode(b"5\r\n"), Err(Violation::BodyTooLarge));
}

#[test]
fn what_is_written_can_be_read() {
    for length in [1, 9, 10, 15, 16, 17, 255, 256, 4096, 70_000] {
        let data = vec![b'x'; length];
        let mut out = Vec::new();
        write_chunk(&data, &mut out);
        assert!(out.starts_with(format!("{length:x}\r\n").as_bytes()));
        write_chunk(b"", &mut out);
        out.extend_from_slice(LAST_CHUNK);
        assert_eq!(decode(&[&out], &Limits::default()), Ok((data, Some(0))));
    }
    let mut out = Vec::new();
    write_chunk_size(u64::MAX, &mut out);
    write_chunk_size(0, &mut out);
    assert_eq!(out, b"ffffffffffffffff\r\n0\r\n");
}
