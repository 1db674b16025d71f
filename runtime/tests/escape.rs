//! Text in HTML, JSON and URLs; Tornado's tables, and what goes beyond them.

use gustnado::escape::{
    Linkify, ParseQs, QueryStringError, json_decode, json_encode, linkify, parse_qs_bytes, squeeze,
    to_unicode, url_escape, url_escape_path, url_unescape, url_unescape_bytes, url_unescape_path,
    url_unescape_path_bytes, utf8, xhtml_escape, xhtml_unescape,
};
use std::borrow::Cow;
use std::collections::HashMap;

#[test]
fn markup_is_escaped_and_comes_back() {
    for (plain, escaped) in [
        ("<foo>", "&lt;foo&gt;"),
        ("<>&\"'", "&lt;&gt;&amp;&quot;&#x27;"),
        ("&amp;", "&amp;amp;"),
        ("<\u{e9}>", "&lt;\u{e9}&gt;"),
        ("", ""),
        ("\u{e9} is text", "\u{e9} is text"),
    ] {
        assert_eq!(xhtml_escape(plain), escaped);
        assert_eq!(xhtml_unescape(escaped), plain);
    }
}

#[test]
fn text_without_markup_is_borrowed() {
    assert!(matches!(xhtml_escape("plain"), Cow::Borrowed("plain")));
    assert!(matches!(xhtml_unescape("plain"), Cow::Borrowed("plain")));
}

#[test]
fn references_by_number_are_decimal_or_hexadecimal_and_bad_ones_are_left_alone() {
    for (escaped, plain) in [
        ("foo&#32;bar", "foo bar"),
        ("foo&#x20;bar", "foo bar"),
        ("foo&#X20;bar", "foo bar"),
        ("foo&#xabc;bar", "foo\u{abc}bar"),
        ("foo&#65bar", "fooAbar"),
        ("foo&#xyz;bar", "foo&#xyz;bar"),
        ("foo&#;bar", "foo&#;bar"),
        ("foo&#x;bar", "foo&#x;bar"),
        ("foo&#", "foo&#"),
    ] {
        assert_eq!(xhtml_unescape(escaped), plain, "{escaped}");
    }
}

#[test]
fn a_number_that_is_no_character_is_one_that_html_says() {
    for (escaped, plain) in [
        ("&#0;", "\u{fffd}"),
        ("&#xd800;", "\u{fffd}"),
        ("&#x110000;", "\u{fffd}"),
        ("&#99999999999999999999;", "\u{fffd}"),
        ("&#x80;", "\u{20ac}"),
        ("&#x9f;", "\u{178}"),
        ("&#1;&#xb;&#x7f;&#xfffe;&#x1ffff;", ""),
        ("&#13;&#10;&#9;", "\r\n\t"),
    ] {
        assert_eq!(xhtml_unescape(escaped), plain, "{escaped}");
    }
}

#[test]
fn references_by_name_are_those_of_the_standard() {
    for (escaped, plain) in [
        ("&eacute;&euro;&nbsp;", "\u{e9}\u{20ac}\u{a0}"),
        ("&CounterClockwiseContourIntegral;", "\u{2233}"),
        ("&NotEqualTilde;", "\u{2242}\u{338}"),
        // Those that old pages write without a semicolon, also as the beginning of a word.
        ("&copy 2026", "\u{a9} 2026"),
        ("&notit;", "\u{ac}it;"),
        ("&notin;", "\u{2209}"),
        ("&ampamp", "&amp"),
        ("&euro", "&euro"),
        ("&nonsense; & &; &", "&nonsense; & &; &"),
        ("&amp;lt;", "&lt;"),
        ("&\u{e9};", "&\u{e9};"),
    ] {
        assert_eq!(xhtml_unescape(escaped), plain, "{escaped}");
    }
}

#[test]
fn json_can_end_no_script() {
    let texts = ["</script>", "<!--<script>", "a < b", "\u{e9}", "\\</"];
    let json = json_encode(&texts).unwrap();
    assert!(!json.contains("</") && !json.contains("<!"), "{json}");
    assert!(json.contains("<\\/script>"), "{json}");
    assert_eq!(json_decode::<Vec<String>>(&json).unwrap(), texts);
}

#[test]
fn json_is_read_from_text_and_from_bytes() {
    assert_eq!(json_decode::<String>("\"foo\"").unwrap(), "foo");
    assert_eq!(json_decode::<String>(b"\"\xc3\xa9\"").unwrap(), "\u{e9}");
    assert!(json_decode::<String>(b"\"\xe9\"").is_err());
    assert!(json_encode(&HashMap::from([((1, 2), 3)])).is_err());
}

#[test]
fn white_space_and_controls_are_squeezed() {
    let text = "sequences     of    whitespace   chars";
    assert_eq!(squeeze(text), "sequences of whitespace chars");
    assert_eq!(squeeze("\0 a\x1f\r\n\tb \u{a0}"), "a b");
    assert_eq!(squeeze(" \n "), "");
}

#[test]
fn urls_are_escaped_for_queries_and_for_paths() {
    assert_eq!(url_escape("\u{e9}"), "%C3%A9");
    assert_eq!(url_escape(b"\xe9"), "%E9");
    let (text, query, path) = ("+ #%", "%2B+%23%25", "%2B%20%23%25");
    assert_eq!((url_escape(text), url_escape_path(text)), (query.into(), path.into()));
    assert_eq!((url_unescape(query), url_unescape_path(path)), (text.into(), text.into()));
    assert_eq!(url_unescape_bytes(query), text.as_bytes());
    assert_eq!(url_unescape_path_bytes(path), text.as_bytes());
    assert_eq!(url_escape("a/b-._~"), "a%2Fb-._~");
    assert_eq!(url_escape_path("a/b-._~"), "a/b-._~");
}

#[test]
fn bytes_that_are_no_text_are_replaced_in_text_and_kept_in_bytes() {
    assert_eq!(url_unescape("%C3%A9%E9"), "\u{e9}\u{fffd}");
    assert_eq!(url_unescape_bytes("%C3%A9%E9"), b"\xc3\xa9\xe9");
    for broken in ["%", "%4", "%zz", "100%"] {
        assert_eq!(url_unescape(broken), broken);
    }
}

#[test]
fn text_and_bytes_are_converted() {
    assert_eq!(utf8("\u{e9}"), b"\xc3\xa9");
    assert_eq!(utf8(b"\xe9"), b"\xe9");
    assert_eq!(to_unicode(b"\xc3\xa9"), Ok("\u{e9}"));
    assert!(to_unicode(b"\xe9").is_err());
}

#[test]
fn names_of_a_query_are_latin_1_and_values_are_bytes() {
    let query = parse_qs_bytes("a=1&a=+2&%E9=%e9&b&c=&&d==").unwrap();
    assert_eq!(query["a"], [b"1".to_vec(), b" 2".to_vec()]);
    assert_eq!(query["\u{e9}"], [b"\xe9"]);
    assert_eq!(query["d"], [b"="]);
    assert_eq!(query.len(), 3);
    assert!(parse_qs_bytes("").unwrap().is_empty());
}

#[test]
fn a_query_keeps_blank_values_and_is_strict_when_it_is_told_to() {
    let keep = ParseQs { keep_blank_values: true, ..ParseQs::default() };
    let kept: Vec<_> = keep.parse("b&c=&&").unwrap().into_iter().collect();
    assert_eq!(kept, [("b".to_owned(), vec![vec![]]), ("c".to_owned(), vec![vec![]])]);
    let strict = ParseQs { strict_parsing: true, ..ParseQs::default() };
    for (query, read) in [("a=1", true), ("a", false), ("a=1&", false), ("", true)] {
        assert_eq!(strict.parse(query).is_ok(), read, "{query}");
    }
}

#[test]
fn a_query_has_a_thousand_fields_at_most() {
    assert_eq!(parse_qs_bytes("a=1&".repeat(999) + "a=1").unwrap()["a"].len(), 1000);
    let more = parse_qs_bytes("a=1&".repeat(1000) + "a=1");
    assert_eq!(more.unwrap_err(), QueryStringError::TooManyFields);
    let two = ParseQs { max_num_fields: 2, ..ParseQs::default() };
    assert!(two.parse("a=1&b=2").is_ok());
    assert!(two.parse("a=1&b=2&").is_err());
}

#[test]
fn urls_become_links() {
    for (text, html) in [
        ("hello http://world.com/!", "hello <a href=\"http://world.com/\">http://world.com/</a>!"),
        (
            "hello http://world.com/with?param=true&stuff=yes",
            "hello <a href=\"http://world.com/with?param=true&amp;stuff=yes\">http://world.com/with?param=true&amp;stuff=yes</a>",
        ),
        (
            "http://url.com/w(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "<a href=\"http://url.com/w\">http://url.com/w</a>(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (
            "http://url.com/withmany.......................................",
            "<a href=\"http://url.com/withmany\">http://url.com/withmany</a>.......................................",
        ),
        (
            "http://url.com/withmany((((((((((((((((((((((((((((((((((a)",
            "<a href=\"http://url.com/withmany\">http://url.com/withmany</a>((((((((((((((((((((((((((((((((((a)",
        ),
        (
            "http://foo.com/blah_blah",
            "<a href=\"http://foo.com/blah_blah\">http://foo.com/blah_blah</a>",
        ),
        (
            "http://foo.com/blah_blah/",
            "<a href=\"http://foo.com/blah_blah/\">http://foo.com/blah_blah/</a>",
        ),
        (
            "(Something like http://foo.com/blah_blah)",
            "(Something like <a href=\"http://foo.com/blah_blah\">http://foo.com/blah_blah</a>)",
        ),
        (
            "http://foo.com/blah_blah_(wikipedia)",
            "<a href=\"http://foo.com/blah_blah_(wikipedia)\">http://foo.com/blah_blah_(wikipedia)</a>",
        ),
        (
            "http://foo.com/blah_(blah)_(wikipedia)_blah",
            "<a href=\"http://foo.com/blah_(blah)_(wikipedia)_blah\">http://foo.com/blah_(blah)_(wikipedia)_blah</a>",
        ),
        (
            "(Something like http://foo.com/blah_blah_(wikipedia))",
            "(Something like <a href=\"http://foo.com/blah_blah_(wikipedia)\">http://foo.com/blah_blah_(wikipedia)</a>)",
        ),
        (
            "http://foo.com/blah_blah.",
            "<a href=\"http://foo.com/blah_blah\">http://foo.com/blah_blah</a>.",
        ),
        (
            "http://foo.com/blah_blah/.",
            "<a href=\"http://foo.com/blah_blah/\">http://foo.com/blah_blah/</a>.",
        ),
        (
            "<http://foo.com/blah_blah>",
            "&lt;<a href=\"http://foo.com/blah_blah\">http://foo.com/blah_blah</a>&gt;",
        ),
        (
            "<http://foo.com/blah_blah/>",
            "&lt;<a href=\"http://foo.com/blah_blah/\">http://foo.com/blah_blah/</a>&gt;",
        ),
        (
            "http://foo.com/blah_blah,",
            "<a href=\"http://foo.com/blah_blah\">http://foo.com/blah_blah</a>,",
        ),
        (
            "http://www.example.com/wpstyle/?p=364.",
            "<a href=\"http://www.example.com/wpstyle/?p=364\">http://www.example.com/wpstyle/?p=364</a>.",
        ),
        (
            "http://userid:password@example.com:8080",
            "<a href=\"http://userid:password@example.com:8080\">http://userid:password@example.com:8080</a>",
        ),
        (
            "http://userid@example.com",
            "<a href=\"http://userid@example.com\">http://userid@example.com</a>",
        ),
        (
            "http://userid@example.com:8080",
            "<a href=\"http://userid@example.com:8080\">http://userid@example.com:8080</a>",
        ),
        (
            "http://userid:password@example.com",
            "<a href=\"http://userid:password@example.com\">http://userid:password@example.com</a>",
        ),
        (
            "http://\u{27a1}.ws/\u{4a39}",
            "<a href=\"http://\u{27a1}.ws/\u{4a39}\">http://\u{27a1}.ws/\u{4a39}</a>",
        ),
        (
            "<tag>http://example.com</tag>",
            "&lt;tag&gt;<a href=\"http://example.com\">http://example.com</a>&lt;/tag&gt;",
        ),
        (
            "Just a www.example.com link.",
            "Just a <a href=\"http://www.example.com\">www.example.com</a> link.",
        ),
        (
            "A file:///passwords.txt and http://web.com link",
            "A file:///passwords.txt and <a href=\"http://web.com\">http://web.com</a> link",
        ),
    ] {
        assert_eq!(linkify(text), html, "{text}");
    }
}

#[test]
fn a_link_needs_a_word_boundary_and_something_behind_its_scheme() {
    for text in ["wwww.example.com", "http:", "http:/ x", "www.", "www...", "www.!", "a www"] {
        assert!(!linkify(text).contains("<a"), "{text}");
    }
    let link = |url: &str| format!(r#"<a href="{url}">{url}</a>"#);
    assert_eq!(linkify("--http://a.b"), format!("--{}", link("http://a.b")));
    assert_eq!(linkify("http:///"), link("http:///"));
    assert_eq!(linkify("HTTP://a.b"), link("HTTP://a.b"));
    assert_eq!(linkify("foo-www.a.b"), r#"foo-<a href="http://www.a.b">www.a.b</a>"#);
    assert_eq!(linkify("foo-http://a.b"), "foo-http://a.b");
}

#[test]
fn no_link_breaks_out_of_its_attribute() {
    for text in [
        "http://a.b/\"onmouseover=alert(1)//",
        "http://a.b/'onmouseover='alert(1)",
        "http://a.b/<script>alert(1)</script>",
        "www.a.b\"><img src=x>",
        "http://a.b/\0\u{1b}[31m",
    ] {
        let html = linkify(text);
        let href = html.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(!href.contains(['<', '>', '\'', '\0']), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
        assert_eq!(html.matches('"').count(), 2, "{html}");
    }
    assert_eq!(linkify("javascript:/alert(1) data://x,y"), "javascript:/alert(1) data://x,y");
}

#[test]
fn only_permitted_protocols_become_links() {
    let links =
        |text, protocols: &[&str]| Linkify::new().permitted_protocols(protocols).apply(text);
    assert_eq!(links("rdar://1234", &["http", "rdar"]), r#"<a href="rdar://1234">rdar://1234</a>"#);
    assert_eq!(links("rdar:/1234", &["rdar"]), r#"<a href="rdar:/1234">rdar:/1234</a>"#);
    let message = "message://%3c330e7f8409726r6a4ba78dkf1fd71420c1bf6ff@mail.gmail.com%3e";
    assert_eq!(
        links(message, &["http", "message"]),
        format!(r#"<a href="{message}">{message}</a>"#)
    );
    let text = "A file:///passwords.txt and http://web.com link";
    assert_eq!(
        linkify(text),
        r#"A file:///passwords.txt and <a href="http://web.com">http://web.com</a> link"#
    );
    assert_eq!(
        links(text, &["file"]),
        r#"A <a href="file:///passwords.txt">file:///passwords.txt</a> and http://web.com link"#
    );
}

#[test]
fn a_protocol_may_be_required() {
    let text = "Just a www.example.com link.";
    assert_eq!(Linkify::new().require_protocol().apply(text), text);
    assert_eq!(
        linkify(text),
        r#"Just a <a href="http://www.example.com">www.example.com</a> link."#
    );
}

#[test]
fn long_urls_are_shortened_and_have_a_title() {
    let shorten = |text: &str| Linkify::new().shorten().apply(text);
    let link = |url: &str, shown: &str| format!(r#"<a href="{url}" title="{url}">{shown}</a>"#);
    let url = "http://reallylong.com/link/that/exceedsthelenglimit.html";
    let required = Linkify::new().shorten().require_protocol().apply(&format!("A {url}"));
    assert_eq!(required, format!("A {}", link(url, "http://reallylong.com/link...")));
    let url = "http://reallylongdomainnamethatwillbetoolong.com/hi";
    assert_eq!(
        shorten(&format!("A {url}!")),
        format!("A {}!", link(url, "http://reallylongdomainnametha..."))
    );
    // Neither in the middle of a character nor of a reference.
    let url = format!("http://{}.com/hi", "\u{e9}".repeat(50));
    let shown = format!("http://{}...", "\u{e9}".repeat(23));
    assert_eq!(shorten(&url), link(&url, &shown));
    assert_eq!(
        shorten("http://reallylong.example.com&a.example.com.and.more"),
        link(
            "http://reallylong.example.com&amp;a.example.com.and.more",
            "http://reallylong.example.com..."
        )
    );
    // Where the points would make it longer, it stays.
    assert!(!shorten("http://www.example.com/abcdefgh").contains("title"));
}

#[test]
fn links_have_further_attributes() {
    let link = |href: &str, params: &str| format!(r#"<a href="http://{href}" {params}>{href}</a>"#);
    let external = r#"rel="nofollow" class="external""#;
    let host = "www.external-link.com";
    assert_eq!(Linkify::new().extra_params(external).apply(host), link(host, external));
    let padded = Linkify::new().extra_params_with(|_| format!("    {external}  "));
    assert_eq!(padded.apply(host), link(host, external));
    let by_url = Linkify::new().extra_params_with(|href: &str| {
        if href.starts_with("http://www.internal-link.com") {
            "class=\"internal\""
        } else {
            external
        }
    });
    assert_eq!(
        by_url.apply("www.external-link.com and www.internal-link.com/blogs extra"),
        format!(
            "{} and {} extra",
            link(host, external),
            link("www.internal-link.com/blogs", "class=\"internal\"")
        )
    );
    assert_eq!(
        Linkify::new().extra_params_with(|_| " ").apply(host),
        r#"<a href="http://www.external-link.com">www.external-link.com</a>"#
    );
}

/// 200 kilobytes of what is the worst for a scanner that goes back; with such a one this would take minutes.
#[test]
fn hostile_text_takes_linear_time() {
    for piece in [
        "a-",
        "www.",
        "http://",
        "http://a(",
        "www.a(((",
        "http:/",
        "www.!",
        "-",
        "a:",
        "&amp;",
        "&",
        "www.a.......",
        "http://a.b/(c)",
        "(http://a",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        assert!(!Linkify::new().shorten().apply(&text).is_empty());
        assert!(!xhtml_unescape(&text).is_empty());
        url_unescape(&text);
    }
}
