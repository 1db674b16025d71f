use super::*;

#[test]
fn special_characters_are_quoted_as_tornado_does() {
    let value = |value| Cookie::new("equals", value).header_value().unwrap();
    assert_eq!(value("a=b"), "equals=a=b; Path=/");
    assert_eq!(value("a;b"), "equals=\"a\\073b\"; Path=/");
    assert_eq!(value("a\"b"), "equals=\"a\\\"b\"; Path=/");
    assert_eq!(value("\u{e9}"), "equals=\"\u{e9}\"; Path=/");
}

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
