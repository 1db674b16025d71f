//! What a client wants to be answered with. RFC 9110 §12.5.

use super::class::{is_space, trim};

/// How much a client that sent this `Accept` likes a media type, times 1000; 0 if not at all.
///
/// Of the ranges that match, the most specific one counts, wherever it stands: `text/html`, then `text/*`, then `*/*`.
pub(crate) fn quality(accept: &[u8], media_type: &str) -> u16 {
    let kind = media_type.split('/').next().unwrap_or_default().as_bytes();
    let mut best = (0, 0);
    for range in accept.split(|byte| *byte == b',') {
        let mut parts = range.split(|byte| *byte == b';').map(trim);
        let name = parts.next().unwrap_or_default();
        let specific = if name.eq_ignore_ascii_case(media_type.as_bytes()) {
            3
        } else if name == b"*/*" {
            1
        } else if name.strip_suffix(b"/*").is_some_and(|range| range.eq_ignore_ascii_case(kind)) {
            2
        } else {
            continue;
        };
        if specific > best.0 {
            let weight =
                parts.find_map(|part| part.strip_prefix(b"q=").or(part.strip_prefix(b"Q=")));
            best = (specific, weight.map_or(1000, thousandths));
        }
    }
    best.1
}

/// Whether a client that sent this `Accept-Encoding` takes a content coding, for each time that it names it: it refuses those whose
/// weight is nothing but zeros. §12.5.3
pub(crate) fn takes_coding(accept: &str, coding: &str) -> impl Iterator<Item = bool> {
    let space = [' ', '\t'];
    accept.split(',').filter_map(move |part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim_matches(space).trim_start_matches(['q', 'Q', '=']);
        let is_refused = !weight.is_empty() && weight.bytes().all(|byte| b"0.".contains(&byte));
        name.trim_matches(space).eq_ignore_ascii_case(coding).then_some(!is_refused)
    })
}

/// A weight of at most three decimals, times 1000; 0 if it is none.
pub(crate) fn thousandths(weight: &[u8]) -> u16 {
    let (whole, decimals) = match weight {
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        [whole] => (*whole, &b""[..]),
        _ => return 0,
    };
    if !decimals.iter().all(u8::is_ascii_digit) || decimals.iter().any(|byte| is_space(*byte)) {
        return 0;
    }
    let digits = decimals.iter().chain(b"000").take(3);
    let fraction = digits.fold(0, |sum: u16, digit| sum * 10 + u16::from(digit - b'0'));
    match whole {
        b'0' => fraction,
        b'1' if fraction == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_counts() {
        for (accept, html, json) in [
            ("text/html", 1000, 0),
            ("*/*", 1000, 1000),
            ("text/*;q=0.5, */*;q=0.1", 500, 100),
            ("text/html;q=0, */*", 0, 1000),
            ("text/html, application/json;q=0.9, */*;q=0.8", 1000, 900),
            ("TEXT/HTML ; level=1; Q=0.25,application/*", 250, 1000),
            ("text/html;q=2, application/json;q=0.1234", 0, 0),
            ("text/html;q=, application/json;q=1.001", 0, 0),
            (",;,/,", 0, 0),
            ("", 0, 0),
        ] {
            let seen = (
                quality(accept.as_bytes(), "text/html"),
                quality(accept.as_bytes(), "application/json"),
            );
            assert_eq!(seen, (html, json), "{accept}");
        }
    }
}
