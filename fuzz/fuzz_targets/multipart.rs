//! Forms with files: what is read never depends on how the bytes were cut, decoding always gets on and holds no more than a
//! boundary back, and what was read can be written and read again.
#![no_main]

use gustnado::http::{MultipartDecoder, MultipartError, PartLimits, PartStep, Step};
use libfuzzer_sys::fuzz_target;

const CONTENT_TYPE: &[u8] = b"multipart/form-data; boundary=b";

/// Name, filename and content of each part.
type Parts = Vec<(String, Option<String>, Vec<u8>)>;

fuzz_target!(|input: &[u8]| {
    // Any Content-Type may be asked for.
    let _ = MultipartDecoder::new(input, PartLimits::default());
    let Some((&cut, bytes)) = input.split_first() else { return };
    let expected = decode(&[bytes]);
    let (left, right) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    assert_eq!(decode(&[left, right]), expected, "cut at {}", left.len());
    assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");

    let Ok(parts) = expected else { return };
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    // A line end in a name can only be written as an escape, and an escape only as what it stands for.
    let plain = |text: &str| !text.contains(['%', '\r', '\n']) && !text.contains(char::is_control);
    if parts.iter().any(|(name, file, _)| !plain(name) || !file.as_deref().is_none_or(plain)) {
        return;
    }
    let mut written = Vec::new();
    for (name, filename, content) in &parts {
        let filename = filename.as_deref().map(|name| format!("; filename=\"{}\"", quoted(name)));
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n",
            quoted(name),
            filename.unwrap_or_default()
        );
        written.extend_from_slice(head.as_bytes());
        written.extend_from_slice(content);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(b"--b--");
    assert_eq!(decode(&[&written]), Ok(parts));
});

fn decode(pieces: &[&[u8]]) -> Result<Parts, MultipartError> {
    let limits = PartLimits { parts: 4, header_bytes: 1024 };
    let mut decoder = MultipartDecoder::new(CONTENT_TYPE, limits)?;
    let mut parts = Parts::new();
    let mut rest: Vec<u8> = Vec::new();
    for piece in pieces {
        rest.extend_from_slice(piece);
        loop {
            let PartStep { consumed, step } = decoder.decode(&rest)?;
            let idle = matches!(step, Step::More | Step::End);
            assert!(consumed > 0 || idle, "no progress");
            match step {
                Step::Part(head) => parts.push((
                    head.name().to_owned(),
                    head.filename().map(str::to_owned),
                    Vec::new(),
                )),
                Step::Data(range) => {
                    assert!(!range.is_empty() && range.end <= consumed);
                    let (_, _, content) = parts.last_mut().expect("data follows a head");
                    content.extend_from_slice(&rest[range]);
                }
                Step::PartEnd | Step::More | Step::End => {}
            }
            rest.drain(..consumed);
            if idle {
                break;
            }
        }
        assert!(rest.len() < b"\r\n--b--".len());
    }
    decoder.finish()?;
    Ok(parts)
}
