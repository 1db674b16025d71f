//! Conditional requests: what the client has already is not sent again. RFC 9110, section 13.

use std::hash::{DefaultHasher, Hasher};
use std::time::SystemTime;

use ::http::{Method, StatusCode};

use crate::http::{Body, HTTPDate, Request, Response};

/// Gives an answer to GET or HEAD that has a whole body an Etag, unless it has one; and makes it a 304 if the client has sent that
/// one in If-None-Match, or else, of an answer with a Last-Modified, was there after it (If-Modified-Since).
pub(super) fn apply(request: &Request, response: &mut Response) {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || response.status() != StatusCode::OK {
        return;
    }
    if !response.headers().contains("etag") {
        let Some(body) = response.body().as_bytes() else { return };
        let tag = etag(body);
        // It is made of hexadecimal digits.
        let _valid = response.headers_mut().insert("Etag", tag);
    }
    let headers = response.headers();
    let modified = headers.value("last-modified");
    let modified = modified.and_then(|date| HTTPDate::parse(date, SystemTime::now()));
    if is_fresh(request, headers.value("etag"), modified) {
        response.set_status(StatusCode::NOT_MODIFIED);
        *response.body_mut() = Body::Empty;
        for name in ["Content-Type", "Content-Encoding", "Content-Language", "Content-Range"] {
            response.headers_mut().remove(name);
        }
    }
}

/// A strong tag: a hash of 128 bits. It need not withstand somebody who looks for two bodies of one tag, because he would be told that
/// his own page has not changed; nor need it be the same in another version of the program, which only sends a page once more.
fn etag(body: &[u8]) -> String {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(body);
        hasher.finish()
    };
    format!("\"{:016x}{:016x}\"", half(0), half(1))
}

/// Whether the client has what has this tag, and was modified then. If-None-Match is stronger than If-Modified-Since (RFC 9110, section
/// 13.2.2).
pub(super) fn is_fresh(request: &Request, etag: Option<&[u8]>, modified: Option<HTTPDate>) -> bool {
    if let Some(tags) = request.header_bytes("if-none-match") {
        return etag.is_some_and(|etag| has_tag(tags, etag));
    }
    let since = request.header_bytes("if-modified-since");
    let since = since.and_then(|date| HTTPDate::parse(date, SystemTime::now()));
    matches!((modified, since), (Some(modified), Some(since)) if modified <= since)
}

/// Whether the list has the tag, by weak comparison; `*` has all of them, if it stands first.
fn has_tag(list: &[u8], tag: &[u8]) -> bool {
    if list.trim_ascii_start().starts_with(b"*") {
        return true;
    }
    let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
    let Some(tag) = tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\"")) else {
        return false;
    };
    // What a tag is made of cannot be a quote, but may be a comma.
    let mut parts = list.split(|byte| *byte == b'"').skip(1);
    while let (Some(other), Some(_behind)) = (parts.next(), parts.next()) {
        if other == tag {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::request;

    fn asked(method: &str, headers: &[(&str, &str)], response: Response) -> Response {
        let mut response = response;
        apply(&request(method, "/", headers, b""), &mut response);
        response
    }

    fn page(text: &'static str) -> Response {
        Response::new(StatusCode::OK).with_body(text)
    }

    fn tag(response: &Response) -> String {
        String::from_utf8(response.headers().value("etag").unwrap().to_vec()).unwrap()
    }

    #[test]
    fn equal_bodies_have_equal_tags_and_others_have_not() {
        let (a, b) = (tag(&asked("GET", &[], page("a"))), tag(&asked("GET", &[], page("b"))));
        assert_ne!(a, b);
        assert_eq!(a, tag(&asked("HEAD", &[], page("a"))));
        assert_eq!(a.len(), 34);
        let own = page("a").with_header("ETag", "\"mine\"").unwrap();
        assert_eq!(tag(&asked("GET", &[], own)), "\"mine\"");
    }

    #[test]
    fn only_whole_answers_to_reading_have_one() {
        for (method, response) in [
            ("POST", page("a")),
            ("GET", page("a").with_status(StatusCode::CREATED)),
            ("GET", Response::default().with_body(Body::stream(crate::web::testing::nothing()))),
        ] {
            assert!(!asked(method, &[], response).headers().contains("etag"));
        }
    }

    #[test]
    fn tags_are_compared_weakly_in_lists_and_a_star_only_counts_if_it_is_first() {
        for (list, fresh) in [
            ("\"x\"", true),
            ("W/\"x\"", true),
            ("\"a\", W/\"x\" , \"b\"", true),
            ("*", true),
            ("*, \"a\"", true),
            ("\"a\", *", false),
            ("\"x", false),
            ("x", false),
            ("\"a,x\"", false),
            ("", false),
        ] {
            for own in ["\"x\"", "W/\"x\""] {
                let response = page("body").with_header("Etag", own).unwrap();
                let response = asked("GET", &[("If-None-Match", list)], response);
                let expected = if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
                assert_eq!(response.status(), expected, "{list:?} {own}");
                assert_eq!(response.body().is_empty(), fresh);
            }
        }
    }

    #[test]
    fn a_date_counts_where_no_tag_was_sent() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let page = || {
            let page = page("a").with_header("Last-Modified", date).unwrap();
            page.with_header("Content-Language", "en").unwrap()
        };
        let response = asked("GET", &[("If-Modified-Since", date)], page());
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(!response.headers().contains("content-language"));
        let older = [("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT")];
        assert_eq!(asked("GET", &older, page()).status(), StatusCode::OK);
        assert_eq!(asked("GET", &[("If-Modified-Since", "soon")], page()).status(), StatusCode::OK);
        let both = [("If-None-Match", "\"other\""), ("If-Modified-Since", date)];
        assert_eq!(asked("GET", &both, page()).status(), StatusCode::OK);
    }
}
