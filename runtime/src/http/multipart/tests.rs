use super::super::Multipart;
use super::*;

/// Name, filename and content of each part, however the body is cut.
type Parts = Vec<(String, Option<String>, String)>;

fn read(body: &[u8], cut: usize) -> Result<Parts, MultipartError> {
    let content_type = b"multipart/form-data; boundary=\"1234\"";
    let limits = PartLimits { parts: 3, header_bytes: 200 };
    read_as(content_type, limits, body, cut)
}

fn read_as(
    content_type: &[u8],
    limits: PartLimits,
    body: &[u8],
    cut: usize,
) -> Result<Parts, MultipartError> {
    let mut decoder = MultipartDecoder::new(content_type, limits)?;
    let mut parts: Vec<(String, Option<String>, Vec<u8>)> = Vec::new();
    let mut rest = Vec::new();
    for piece in body.chunks(cut) {
        rest.extend_from_slice(piece);
        loop {
            let PartStep { consumed, step } = decoder.decode(&rest)?;
            match step {
                Step::Part(head) => parts.push((
                    head.name().to_owned(),
                    head.filename().map(str::to_owned),
                    Vec::new(),
                )),
                Step::Data(range) => {
                    assert!(!range.is_empty() && range.end <= consumed);
                    parts.last_mut().unwrap().2.extend_from_slice(&rest[range]);
                }
                Step::PartEnd => {}
                Step::More | Step::End => {
                    rest.drain(..consumed);
                    break;
                }
            }
            rest.drain(..consumed);
        }
        assert!(rest.len() < 80, "what may be a boundary is all that is kept");
    }
    decoder.finish()?;
    let text = |(name, filename, content)| (name, filename, String::from_utf8(content).unwrap());
    Ok(parts.into_iter().map(text).collect())
}

#[track_caller]
fn parts(body: &str) -> Result<Parts, MultipartError> {
    let whole = read(body.as_bytes(), body.len().max(1));
    for cut in [1, 2, 3, 7] {
        assert_eq!(read(body.as_bytes(), cut), whole, "cut in pieces of {cut}");
    }
    whole
}

fn part(disposition: &str, content: &str) -> String {
    format!("--1234\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n")
}

#[track_caller]
fn only(disposition: &str) -> (String, Option<String>) {
    let read = parts(&(part(disposition, "x") + "--1234--\r\n")).unwrap();
    let [(name, filename, content)] = &read[..] else { panic!("{read:?}") };
    assert_eq!(content, "x");
    (name.clone(), filename.clone())
}

#[test]
fn parts_keep_their_order_and_their_bytes() {
    let body = part("form-data; name=\"b\"", "\r\n--123\r\r\n--1234 is not alone\r\n")
        .replace("1234 is not", "123 is not")
        + &part("form-data; name=\"a\"; filename=\"f.txt\"", "")
        + &part("form-data; name=\"b\"", "-")
        + "--1234--";
    let expected = [
        ("b".to_owned(), None, "\r\n--123\r\r\n--123 is not alone\r\n".to_owned()),
        ("a".to_owned(), Some("f.txt".to_owned()), String::new()),
        ("b".to_owned(), None, "-".to_owned()),
    ];
    assert_eq!(parts(&body).unwrap(), expected);
}

#[test]
fn what_stands_before_and_behind_the_form_is_skipped() {
    let form = part("form-data; name=\"a\"", "1");
    for body in [
        format!("{form}--1234--\r\nwhat follows\r\n--1234\r\nis no part"),
        format!("\r\n{form}--1234--"),
        format!("This is a message in MIME format.\r\n{form}--1234--"),
        format!("-\r\n--123\r\n{form}--1234--"),
        form.replace("--1234\r\n", "--1234 \t\r\n") + "--1234--",
    ] {
        assert_eq!(parts(&body).unwrap().len(), 1, "{body:?}");
    }
    assert_eq!(parts("--1234--\r\n").unwrap(), []);
}

#[test]
fn a_boundary_may_be_quoted_and_no_other_one_is_guessed() {
    let body = part("form-data; name=\"a\"", "1") + "--1234--";
    for content_type in [
        "multipart/form-data; boundary=1234",
        "multipart/form-data;boundary=\"1234\"",
        "multipart/form-data; charset=utf-8; Boundary = 1234 ;",
    ] {
        let limits = PartLimits::default();
        let read = read_as(content_type.as_bytes(), limits, body.as_bytes(), 9);
        assert_eq!(read.unwrap().len(), 1, "{content_type}");
    }
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"1234 \"",
        "multipart/form-data; boundary=\"1234",
        "multipart/form-data; boundary=1234; boundary=1234",
        "multipart/form-data; boundary=\"12\t34\"",
        "multipart/form-data; boundary=caf\u{e9}",
        "multipart/form-data; boundary 1234",
        &format!("multipart/form-data; boundary={}", "x".repeat(71)),
    ] {
        let decoder = MultipartDecoder::new(content_type.as_bytes(), PartLimits::default());
        assert_eq!(decoder.unwrap_err(), MultipartError::Boundary, "{content_type}");
    }
}

#[test]
fn names_are_read_as_browsers_and_tornado_write_them() {
    let text = str::to_owned;
    assert_eq!(only("form-data; name=a"), (text("a"), None));
    assert_eq!(only("FORM-DATA; NAME=\"a\";"), (text("a"), None));
    assert_eq!(only("form-data; name=\"\""), (text(""), None));
    assert_eq!(only("form-data; name=\"caf\u{e9}\"").0, "caf\u{e9}");
    assert_eq!(only("form-data; name=\"100%22%0d%0A%41\"").0, "100\"\r\n%41");
    for (written, name) in [
        ("a;b.txt", "a;b.txt"),
        ("a\\\"b.txt", "a\"b.txt"),
        ("a\\\";b.txt", "a\";b.txt"),
        ("a;\\\"b.txt", "a;\"b.txt"),
        ("a\\\";\\\";.txt", "a\";\";.txt"),
        ("a\\\\\\\"b.txt", "a\\\"b.txt"),
        ("a\\\\b.txt", "a\\b.txt"),
        ("a\\b.txt", "a\\b.txt"),
        ("../../etc/passwd", "../../etc/passwd"),
    ] {
        let disposition = format!("form-data; name=\"f\"; filename=\"{written}\"");
        assert_eq!(only(&disposition), (text("f"), Some(text(name))), "{written}");
    }
}

#[test]
fn an_extended_filename_wins() {
    for disposition in [
        "form-data; name=\"f\"; filename=\"plain\"; filename*=UTF-8''caf%C3%A9",
        "form-data; name=\"f\"; filename*=utf-8'en'caf%C3%A9; filename=plain",
        "form-data; name=\"f\"; filename*=ISO-8859-1''caf%e9",
    ] {
        assert_eq!(only(disposition).1.as_deref(), Some("caf\u{e9}"), "{disposition}");
    }
}

#[test]
fn what_breaks_a_rule_is_named() {
    let good = part("form-data; name=\"a\"", "1");
    let disposition = |text: &str| part(text, "1") + "--1234--";
    let headers = |text: &str| format!("--1234\r\n{text}\r\n\r\n1\r\n--1234--");
    for (body, error) in [
        (good.clone(), MultipartError::Unterminated),
        (good.replace("1\r\n", "1") + "--1234--\r\n", MultipartError::Unterminated),
        (String::new(), MultipartError::Unterminated),
        ("no form".to_owned(), MultipartError::Unterminated),
        ("--1234\r\n".to_owned(), MultipartError::Unterminated),
        ("--1234x\r\n".to_owned(), MultipartError::Delimiter),
        ("--1234\n".to_owned(), MultipartError::Delimiter),
        ("--1234 --".to_owned(), MultipartError::Delimiter),
        (good.repeat(4) + "--1234--", MultipartError::TooManyParts),
        ("--1234\r\n\r\n1\r\n--1234--".to_owned(), MultipartError::DispositionMissing),
        (headers("Content-Type: text/plain"), MultipartError::DispositionMissing),
        (
            headers(
                "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
            ),
            MultipartError::DispositionMissing,
        ),
        (disposition("attachment; name=\"a\""), MultipartError::Disposition),
        (disposition("form-data; name=\"a"), MultipartError::Disposition),
        (disposition("form-data; name=\"a\" x"), MultipartError::Disposition),
        (disposition("form-data; name=\"a\"; name=\"b\""), MultipartError::Disposition),
        (disposition("form-data; name=a\"b"), MultipartError::Disposition),
        (disposition("form-data; =a"), MultipartError::Disposition),
        (disposition("form-data"), MultipartError::NameMissing),
        (disposition("form-data; filename=\"a\""), MultipartError::NameMissing),
        (disposition("form-data; name=a; filename*=latin9''a"), MultipartError::NotText),
        (disposition("form-data; name=a; filename*=UTF-8''%ff"), MultipartError::NotText),
        (disposition("form-data; name=a; filename*=a"), MultipartError::NotText),
        (
            headers("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"),
            MultipartError::TransferEncoding,
        ),
        (headers("X: \0"), MultipartError::Header(Violation::FieldValueSyntax)),
        (headers("X: \ry"), MultipartError::Header(Violation::BareCarriageReturn)),
        (headers("X: x\n"), MultipartError::Header(Violation::BareLineFeed)),
        (headers("X: x\r\n y"), MultipartError::Header(Violation::FoldedField)),
        (headers("no colon"), MultipartError::Header(Violation::SpaceBeforeColon)),
        (headers(&format!("X: {}", "x".repeat(200))), MultipartError::HeadersTooLarge),
        (format!("--1234{}\r\n", " ".repeat(300)), MultipartError::Delimiter),
    ] {
        assert_eq!(parts(&body).unwrap_err(), error, "{body:?}");
    }
    let body =
        [b"--1234\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n", &b"1"[..]].concat();
    assert_eq!(read(&body, 8).unwrap_err(), MultipartError::NotText);
}

#[test]
fn an_error_stays() {
    let mut decoder = MultipartDecoder::new(b"a; boundary=b", PartLimits::default()).unwrap();
    assert_eq!(decoder.decode(b"--b!").unwrap_err(), MultipartError::Delimiter);
    assert_eq!(decoder.decode(b"--b--").unwrap_err(), MultipartError::Delimiter);
    assert_eq!(decoder.finish().unwrap_err(), MultipartError::Delimiter);
}

#[test]
fn what_our_client_writes_comes_back() {
    let odd = "a\"b\r\nc;d\\e%f";
    let form = Multipart::new().text(odd, "1\r\n").file("f", odd, "text/x", "\r\n--").text("", "");
    let (content_type, body) = form.finish().unwrap();
    let body = body.as_bytes().unwrap();
    for cut in [1, 50, body.len()] {
        let read = read_as(content_type.as_bytes(), PartLimits::default(), body, cut).unwrap();
        let expected = [
            (odd.to_owned(), None, "1\r\n".to_owned()),
            ("f".to_owned(), Some(odd.to_owned()), "\r\n--".to_owned()),
            (String::new(), None, String::new()),
        ];
        assert_eq!(read, expected);
    }
}

#[test]
fn headers_of_a_part_can_be_asked_for() {
    let mut decoder = MultipartDecoder::new(b"a; boundary=b", PartLimits::default()).unwrap();
    let body =
        b"--b\r\ncontent-disposition: form-data; name=a\r\nContent-Type: text/x\r\nX-A: 1\r\n\r\n";
    let step = decoder.decode(body).unwrap();
    let Step::Part(head) = step.step else { panic!("{step:?}") };
    assert_eq!(head.content_type(), Some("text/x"));
    assert_eq!(head.header("x-a"), Some(&b"1"[..]));
    assert_eq!(head.header("x-b"), None);
}
