use super::super::Cookies;
use super::*;
use ::http::StatusCode;

#[test]
fn special_characters_are_quoted_as_tornado_does() {
    let value = |value| Cookie::new("equals", value).header_value().unwrap();
    assert_eq!(value("a=b"), "equals=a=b; Path=/");
    assert_eq!(value("a;b"), "equals=\"a\\073b\"; Path=/");
    assert_eq!(value("a\"b"), "equals=\"a\\\"b\"; Path=/");
    assert_eq!(value("\u{e9}"), "equals=\"\u{e9}\"; Path=/");
}

/// CVE-2026-35536, GHSA-wwv5-g3v4-889x.
#[test]
fn nothing_can_be_injected() {
    for bad in [" ", ";", "\r", "\n", "\0", "\u{7f}"] {
        let text = format!("a{bad}b");
        let error = |cookie: Cookie| cookie.header_value().unwrap_err();
        assert_eq!(error(Cookie::new(text.clone(), "v")), InvalidCookie::Name);
        assert_eq!(error(Cookie::new("n", "v").path(text.clone())), InvalidCookie::Path);
        assert_eq!(error(Cookie::new("n", "v").domain(text.clone())), InvalidCookie::Domain);
        let value = Cookie::new("n", text.clone()).header_value();
        match bad {
            ";" | "\u{7f}" => assert!(!value.unwrap().contains(&text)),
            _ => assert_eq!(value, Err(InvalidCookie::Value)),
        }
    }
    assert_eq!(Cookie::new("", "v").header_value(), Err(InvalidCookie::Name));
    assert_eq!(Cookie::new("a=b", "v").header_value(), Err(InvalidCookie::Name));
}

#[test]
fn all_attributes_are_written() {
    let cookie = Cookie::new("a", "b")
        .path("/p")
        .domain("example.com")
        .expires(UNIX_EPOCH + Duration::from_secs(1_300_000_000))
        .max_age(Duration::from_millis(1999))
        .secure()
        .http_only()
        .same_site(SameSite::Strict);
    assert_eq!(
        cookie.header_value().unwrap(),
        "a=b; Path=/p; Domain=example.com; Expires=Sun, 13 Mar 2011 07:06:40 GMT; Max-Age=1; Secure; HttpOnly; SameSite=Strict"
    );
    assert_eq!(
        Cookie::removal("a").header_value().unwrap(),
        "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
    );
    assert!(!format!("{:?}", Cookie::new("a", "secret")).contains("secret"));
}

#[test]
fn what_a_browser_would_refuse_is_refused_here() {
    let refused = |cookie: Cookie| assert_eq!(cookie.header_value(), Err(InvalidCookie::Promise));
    refused(Cookie::new("__Secure-a", "b"));
    refused(Cookie::new("__Host-a", "b"));
    refused(Cookie::new("__host-a", "b").secure().domain("a.test"));
    refused(Cookie::new("__Host-a", "b").secure().path("/b"));
    refused(Cookie::new("a", "b").same_site(SameSite::None));
    refused(Cookie::new("a", "b").partitioned());
    let kept = Cookie::new("__Host-a", "b").secure().same_site(SameSite::None).partitioned();
    assert_eq!(
        kept.header_value().unwrap(),
        "__Host-a=b; Path=/; Secure; SameSite=None; Partitioned"
    );
    assert!(Cookie::new("a", "b".repeat(LONGEST - 1)).header_value().is_ok());
    let long = Cookie::new("a", "b".repeat(LONGEST));
    assert_eq!(long.header_value(), Err(InvalidCookie::TooLong));
}

#[test]
fn a_value_comes_back_as_it_was() {
    for value in ["plain|1:2=", "a;b", "a,b\"c\\d\\073", "\u{e9}\u{20ac}", "", "\"", "\"a\""] {
        let header = Cookie::new("a", value).header_value().unwrap();
        let pair = header.split_once("; ").unwrap().0;
        assert_eq!(Cookies::parse([pair.as_bytes()]).value("a"), Some(value), "{header}");
    }
}

#[test]
fn a_response_sets_the_last_cookie_of_a_name() {
    let mut response = Response::new(StatusCode::OK);
    for (name, value) in [("a", "1"), ("b", "2"), ("a", "3"), ("aa", "4")] {
        response.set_cookie(&Cookie::new(name, value)).unwrap();
    }
    response.headers_mut().insert("X", "y").unwrap();
    assert_eq!(response.set_cookie(&Cookie::new("a b", "")), Err(InvalidCookie::Name));
    assert_eq!(
        response.headers().as_bytes(),
        b"Set-Cookie: b=2; Path=/\r\nSet-Cookie: a=3; Path=/\r\nSet-Cookie: aa=4; Path=/\r\nX: y\r\n"
    );
}
