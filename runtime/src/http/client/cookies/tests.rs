use super::*;

const SECOND: u64 = 1_000_000_000;

fn url(text: &str) -> Url {
    let mut url = Url::default();
    assert!(url.set(text).is_ok(), "{text}");
    url
}

/// The cookies that go to `to` at `now`, of those that were set `from` at 0.
fn sent(from: &str, cookies: &[&str], to: &str, now: u64) -> String {
    let mut jar = Jar::default();
    for cookie in cookies {
        jar.store(&url(from), cookie.as_bytes(), 0);
    }
    let mut out = String::new();
    jar.write(&url(to), now, &mut out);
    out
}

#[test]
fn a_cookie_goes_back_to_its_host() {
    let back = |cookie: &str, to: &str| sent("http://www.a.test/b/c", &[cookie], to, 0) == "x=y";
    assert!(back("x=y", "http://www.a.test/b/d"));
    assert!(back(" x = y ", "http://www.a.test:81/b"));
    assert!(!back("x=y", "http://a.test/b/c"));
    assert!(!back("x=y", "http://more.www.a.test/b/c"));
    assert!(!back("x=y", "http://www.a.test/"));
    assert!(!back("x=y", "http://www.a.test/bc"));
    assert!(back("x=y; Domain=a.test; Path=/", "http://a.test/"));
    assert!(back("x=y; Domain=.A.Test; Path=/", "http://more.a.test/"));
    assert!(!back("x=y; Domain=a.test; Path=/", "http://ba.test/"));
    assert!(back("x=y; Path=/b/", "http://www.a.test/b/"));
    assert!(!back("x=y; Path=/b/", "http://www.a.test/b"));
    assert!(back("x=y; path=none", "http://www.a.test/b/c"));
}

#[test]
fn nobody_sets_cookies_for_others() {
    for (from, cookie) in [
        ("http://a.test/", "x=y; Domain=b.test"),
        ("http://a.test/", "x=y; Domain=www.a.test"),
        ("http://a.test/", "x=y; Domain=test"),
        ("http://ba.test/", "x=y; Domain=a.test"),
        ("http://127.0.0.1/", "x=y; Domain=0.0.1"),
        ("http://127.0.0.1/", "x=y; Domain=127.0.0"),
        ("http://a.test/", "x=y; Secure"),
        ("https://a.test/", "__Secure-x=y"),
        ("https://a.test/", "__Host-x=y; Secure"),
        ("https://a.test/", "__host-x=y; Secure; Path=/; Domain=a.test"),
        ("https://a.test/", "__Host-x=y; Secure; Path=/b"),
        ("http://a.test/", "x=\u{1}"),
        ("http://a.test/", "=; Path=/"),
        ("http://a.test/", ""),
    ] {
        let mut jar = Jar::default();
        jar.store(&url(from), cookie.as_bytes(), 0);
        assert!(jar.cookies.is_empty(), "{from} {cookie}");
    }
    assert_eq!(sent("http://test/", &["x=y; Domain=test"], "http://test/", 0), "x=y");
    assert_eq!(sent("http://test/", &["x=y; Domain=test"], "http://a.test/", 0), "");
    assert_eq!(
        sent("http://127.0.0.1/", &["x=y; Domain=127.0.0.1"], "http://127.0.0.1/", 0),
        "x=y"
    );
    let host = "__Host-x=y; Secure; Path=/";
    assert_eq!(sent("https://a.test/", &[host], "https://a.test/", 0), "__Host-x=y");
}

#[test]
fn secure_cookies_stay_secure() {
    let cookies = ["x=y; Secure; Path=/"];
    assert_eq!(sent("https://a.test/", &cookies, "http://a.test/", 0), "");
    assert_eq!(sent("https://a.test/", &cookies, "https://a.test/", 0), "x=y");
    let mut jar = Jar::default();
    jar.store(&url("https://a.test/"), b"x=y; Secure; Path=/", 0);
    jar.store(&url("http://a.test/"), b"x=evil; Path=/", 0);
    jar.store(&url("http://www.a.test/"), b"x=evil; Domain=a.test; Path=/deeper", 0);
    let mut out = String::new();
    jar.write(&url("https://a.test/deeper"), 0, &mut out);
    assert_eq!(out, "x=y");
}

#[test]
fn cookies_have_an_order() {
    let cookies = ["a=1; Path=/", "b=2; Path=/b", "c=3; Path=/", "d=4; Path=/b/c", "a=5; Path=/"];
    let all = sent("http://a.test/b/c", &cookies, "http://a.test/b/c", 0);
    assert_eq!(all, "d=4; b=2; a=5; c=3");
    assert_eq!(sent("http://a.test/", &["alone", "=also"], "http://a.test/", 0), "also");
}

#[test]
fn cookies_expire() {
    let at =
        |cookie: &str, now: u64| sent("http://a.test/", &[cookie], "http://a.test/", now) == "x=y";
    assert!(at("x=y", u64::MAX));
    assert!(at("x=y; Max-Age=10", 10 * SECOND - 1));
    assert!(!at("x=y; Max-Age=10", 10 * SECOND));
    assert!(!at("x=y; Max-Age=0", 0));
    assert!(!at("x=y; Max-Age=-1", 0));
    assert!(at("x=y; Max-Age=1x", 10 * SECOND));
    assert!(!at("x=y; Expires=Thu, 01-Jan-1970 00:00:01 GMT", 0));
    assert!(at("x=y; Expires=Fri, 01 Jan 2100 00:00:00 GMT", 0));
    assert!(at("x=y; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0), "Max-Age wins");
    let day = 86_400 * SECOND;
    assert!(!at("x=y; Max-Age=99999999999999999999", 401 * day), "nothing is kept for ever");
    let deleted = ["x=y", "x=; Max-Age=0"];
    assert_eq!(sent("http://a.test/", &deleted, "http://a.test/", 0), "");
}

#[test]
fn a_jar_is_not_bottomless() {
    let mut jar = Jar::default();
    for number in 0..60 {
        jar.store(&url("http://a.test/"), format!("x{number}=y").as_bytes(), 0);
    }
    assert_eq!(jar.cookies.len(), PER_DOMAIN);
    assert_eq!(jar.cookies[0].name, "x10");
    for number in 0..4000 {
        jar.store(&url(&format!("http://a{number}.test/")), b"x=y", 0);
    }
    assert_eq!(jar.cookies.len(), TOTAL);
    jar.store(&url("http://b.test/"), format!("x={}", "y".repeat(5000)).as_bytes(), 0);
    assert_eq!(jar.cookies.len(), TOTAL, "it was too long");
}
