use super::*;

fn parsed(text: &str) -> Url {
    let mut url = Url::default();
    assert!(url.set(text).is_ok(), "{text:?}");
    url
}

fn refused(text: &str) -> InvalidRequest {
    match Url::default().set(text) {
        Err(problem) => problem,
        Ok(_) => panic!("taken: {text:?}"),
    }
}

#[test]
fn a_url_has_one_form() {
    for (text, normal) in [
        ("http://a", "http://a/"),
        ("HTTP://A.Example:80/B", "http://a.example/B"),
        ("https://a:443?b", "https://a/?b"),
        ("https://a:80/", "https://a:80/"),
        ("http://a:/b", "http://a/b"),
        ("http://a:0080/b", "http://a/b"),
        ("http://a/b#c", "http://a/b"),
        ("http://a#/b", "http://a/"),
        ("http://a/b?c=d/../e#f?g", "http://a/b?c=d/../e"),
        ("http://a/b c\"<>", "http://a/b%20c%22%3C%3E"),
        ("http://a/b\\c^`{|}", "http://a/b%5Cc%5E%60%7B%7C%7D"),
        ("http://a/\u{e9}?\u{2603}", "http://a/%C3%A9?%E2%98%83"),
        ("http://a/%7e%zz", "http://a/%7e%zz"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[2001:DB8::A]", "http://[2001:db8::a]/"),
        ("http://127.0.0.1:8888/", "http://127.0.0.1:8888/"),
    ] {
        assert_eq!(parsed(text).as_str(), normal, "{text:?}");
        assert_eq!(parsed(normal).as_str(), normal, "it is a normal form");
    }
}

#[test]
fn a_url_has_parts() {
    let url = parsed("https://user@Example.com:8443/a/b?c#d");
    assert_eq!(url.origin(), "https://example.com:8443");
    assert_eq!(url.authority(), "example.com:8443");
    assert_eq!((url.host(), url.port(), url.is_secure()), ("example.com", 8443, true));
    assert_eq!(url.target(), "/a/b?c");
    let url = parsed("http://[::1]");
    assert_eq!((url.host(), url.port(), url.authority()), ("::1", 80, "[::1]"));
    assert_eq!(url.target(), "/");
}

#[test]
fn user_information_is_taken_out_and_decoded() {
    let mut url = Url::default();
    let user = url.set("http://me%40work:a%3Ab:c@host/").unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.password.as_str()), ("me@work", "a:b:c"));
    assert_eq!(url.as_str(), "http://host/");
    assert!(url.set("http://host/a@b").unwrap().is_none());
    assert_eq!(refused("http://a@b@c/"), InvalidRequest::URL);
    assert_eq!(refused("http://%ff@c/"), InvalidRequest::URL);
}

#[test]
fn only_http_is_spoken() {
    for text in
        ["", "a", "/a", "//a/", "ftp://a/", "file:///etc/passwd", "http:/a", "http:a", " http://a/"]
    {
        assert_eq!(refused(text), InvalidRequest::Scheme, "{text:?}");
    }
}

#[test]
fn a_host_is_one_that_everybody_reads_alike() {
    for host in [
        "",
        ":80",
        "a b",
        "a\\",
        "a\\@b",
        "a%41",
        "a:b",
        "a:65536",
        "a:80:80",
        "::1",
        "[::1",
        "[::1%25eth0]",
        "b\u{fc}cher",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "1.2.3.4.5",
        "a.1",
        "256.0.0.1",
        "127.0.0.1.",
        "a\0",
        "a\n",
    ] {
        assert_eq!(refused(&format!("http://{host}/")), InvalidRequest::Host, "{host:?}");
    }
}

#[test]
fn a_control_character_is_never_sent() {
    for text in ["http://a/\r\nX: y", "http://a/\0", "http://a/?\x7f", "http://a/\t"] {
        assert_eq!(refused(text), InvalidRequest::URL, "{text:?}");
    }
    assert_eq!(parsed("http://a/#\r\n").as_str(), "http://a/");
}

/// RFC 3986 §5.4, but for what another scheme or a fragment makes different.
#[test]
fn references_mean_what_the_rfc_says() {
    let base = parsed("http://a/b/c/d;p?q");
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g#s/../x", "http://a/b/c/g"),
        ("http://h/i?j#k", "http://h/i?j"),
        ("HTTPS://h", "https://h/"),
        ("//h:81/../i", "http://h:81/../i"),
        ("/x y", "http://a/x%20y"),
        ("g:h/i", "g:h/i"),
        ("1:2", "http://a/b/c/1:2"),
        ("/a:b", "http://a/a:b"),
    ] {
        let joined = base.join(reference);
        let mut url = Url::default();
        match url.set(&joined) {
            Ok(_) => assert_eq!(url.as_str(), expected, "{reference:?}"),
            Err(problem) => {
                assert_eq!((problem, joined.as_str()), (InvalidRequest::Scheme, expected));
            }
        }
    }
    let secure = parsed("https://a:8443/b");
    assert_eq!(secure.join("//c/d"), "https://c/d");
    assert_eq!(secure.join("/d"), "https://a:8443/d");
}
