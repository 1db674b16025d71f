//! Responses: whatever a handler puts into a header or a body, the client reads that header and that body and nothing else.
#![no_main]

use gustnado::http::{DateLine, Encoding, HTTPDate, Response, Rest};
use http::{StatusCode, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, u8, Vec<(String, Vec<u8>)>, Vec<u8>)| {
    let (status, flags, headers, mut body) = input;
    let Ok(status) = StatusCode::from_u16(status) else { return };
    if status.is_informational() {
        return;
    }
    let mut response = Response::new(status).with_body(body.clone());
    if status == StatusCode::RESET_CONTENT {
        body.clear();
    }
    let mut expected: Vec<(String, Vec<u8>)> = Vec::new();
    let bodiless = matches!(status.as_u16(), 204 | 304);
    for (name, value) in headers.into_iter().take(16) {
        if response.headers_mut().insert(&name, &value).is_ok() {
            expected.retain(|(each, _)| !each.eq_ignore_ascii_case(&name));
            let stored = response.headers().value(&name).expect("what was inserted is there");
            assert!(!stored.contains(&b'\n') && !stored.contains(&b'\r') && !stored.contains(&0));
            if !(bodiless && name.eq_ignore_ascii_case("content-type")) {
                expected.push((name, stored.to_vec()));
            }
        }
    }

    let date = DateLine::new(HTTPDate::from_unix(0));
    let head_only = flags & 1 != 0;
    let keep_alive = flags & 2 != 0;
    let version = if flags & 4 != 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut out = Vec::new();
    let encoded =
        response.encode(&Encoding { date: &date, version, head_only, keep_alive }, &mut out);
    assert_eq!(encoded.keep_alive, keep_alive);

    let mut slots = [httparse::EMPTY_HEADER; 32];
    let mut read = httparse::Response::new(&mut slots);
    let Ok(httparse::Status::Complete(end)) = read.parse(&out) else { panic!("{out:?}") };
    assert_eq!(read.code, Some(status.as_u16()));
    let mut length = None;
    for header in &*read.headers {
        match &*header.name.to_ascii_lowercase() {
            "date" | "connection" => {}
            "content-length" => {
                assert!(length.is_none());
                length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok());
                assert!(length.is_some());
            }
            name => {
                let found = expected.iter().position(|(each, value)| {
                    each.eq_ignore_ascii_case(name) && value == header.value
                });
                expected.remove(found.expect("no header but those that were set"));
            }
        }
    }
    assert!(expected.is_empty(), "{expected:?}");
    assert_eq!(length, (!bodiless).then_some(body.len()));
    match encoded.rest {
        Rest::Whole(rest) => assert_eq!(rest, body),
        Rest::Nothing if head_only || bodiless => assert_eq!(out.len(), end),
        Rest::Nothing => assert_eq!(&out[end..], body),
        other => panic!("{other:?}"),
    }
});
