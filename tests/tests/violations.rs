//! Every rule that a request can break, over a real connection: the exact status line, a body that says which rule it was, the
//! end of the connection, and a handler that never hears of it.

use gustnado::http::{Limits, Settings, Violation};
use gustnado_tests::{Server, echo};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Limits that a short request can cross.
const LIMITS: Limits = Limits {
    request_line: 40,
    header_bytes: 400,
    header_count: 5,
    body: 20,
    chunk_line: 30,
    chunk_extensions: 40,
    trailer_bytes: 60,
};

fn status_line(violation: Violation) -> &'static str {
    match violation.status().as_u16() {
        400 => "HTTP/1.1 400 Bad Request",
        413 => "HTTP/1.1 413 Payload Too Large",
        414 => "HTTP/1.1 414 URI Too Long",
        417 => "HTTP/1.1 417 Expectation Failed",
        431 => "HTTP/1.1 431 Request Header Fields Too Large",
        501 => "HTTP/1.1 501 Not Implemented",
        505 => "HTTP/1.1 505 HTTP Version Not Supported",
        status => panic!("no violation is a {status}"),
    }
}

#[track_caller]
fn refused(violation: Violation, requests: &[&[u8]]) {
    let calls = Arc::<AtomicUsize>::default();
    let settings = Settings { limits: LIMITS, ..Settings::default() };
    let counted = calls.clone();
    let server = Server::start(settings, move || echo(&counted));
    for request in requests {
        // Alone, and behind requests that are in order: what those were must not show.
        for before in
            ["", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"]
        {
            calls.store(0, Ordering::Relaxed);
            let mut client = server.connect();
            client.send([before.as_bytes(), request].concat());
            match before.get(..4) {
                Some("GET ") => assert_eq!(client.reply().text(), "GET /a "),
                Some(_) => assert_eq!(client.head().status(), 200),
                None => {}
            }
            let expected = usize::from(!before.is_empty());
            let reply = client.reply();
            let text = request.escape_ascii();
            assert_eq!(reply.status_line, status_line(violation), "{text}");
            assert_eq!(reply.text(), violation.to_string(), "{text}");
            assert_eq!(reply.header("connection"), Some("close"), "{text}");
            // What follows is nobody's request.
            client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").end().expect_end();
            assert_eq!(calls.load(Ordering::Relaxed), expected, "{text}");
        }
    }
}

macro_rules! rules {
    ($($name:ident: $violation:ident, $($request:expr),+;)*) => {
        $(
            #[test]
            fn $name() {
                refused(Violation::$violation, &[$(AsRef::<[u8]>::as_ref(&$request)),+]);
            }
        )*

        /// Fails to compile when there is a rule without a test.
        #[test]
        fn every_rule_has_a_test() {
            let rule = |violation| match violation {
                $(Violation::$violation => violation.rfc(),)*
            };
            assert_eq!(rule(Violation::HostMissing), "9112 §3.2");
        }
    };
}

rules! {
    only_a_few_empty_lines_may_come_before_a_request: LeadingEmptyLines,
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    a_carriage_return_alone_ends_no_line: BareCarriageReturn,
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    a_line_feed_alone_ends_no_line: BareLineFeed,
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    a_method_is_a_token: MethodSyntax,
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G\u{e9}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc";
    connect_is_not_supported: ConnectUnsupported,
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n";
    a_request_line_has_three_parts: RequestLineSyntax,
        "GET /\r\nHost: a\r\n\r\n",
        "GET\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n";
    a_request_line_is_bounded: RequestLineTooLong,
        "GET /0123456789012345678901234567890 HTTP/1.1\r\nHost: a\r\n\r\n";
    a_target_is_visible_ascii: TargetSyntax,
        "GET /\u{fc} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?\t HTTP/1.1\r\nHost: a\r\n\r\n";
    a_target_is_a_path_or_a_uri: TargetForm,
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n";
    the_authority_of_a_target_is_a_host: TargetAuthority,
        "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n";
    the_asterisk_is_for_options: AsteriskTarget,
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n";
    a_version_is_two_digits: VersionSyntax,
        "GET / HTTP/1\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n";
    only_version_1_is_supported: VersionUnsupported,
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    no_white_space_comes_before_the_first_header: LeadingWhitespace,
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\tX: b\r\nHost: a\r\n\r\n";
    a_header_is_not_folded: FoldedField,
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n";
    a_header_has_a_colon: MissingColon,
        "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n";
    a_header_has_a_name: FieldNameEmpty,
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n";
    a_header_name_is_a_token: FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\u{a0}: chunked\r\n\r\n";
    no_space_comes_before_the_colon: SpaceBeforeColon,
        "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nHello";
    a_header_value_has_no_control_characters: FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n";
    the_headers_are_bounded: HeadersTooLarge,
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(400)),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}: x\r\n\r\n", "y".repeat(400)),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "y".repeat(400));
    the_headers_are_counted: TooManyHeaders,
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(5));
    a_host_must_be_named: HostMissing,
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.2\r\n\r\n";
    a_host_is_named_once_even_if_both_are_equal: HostRepeated,
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: a\r\nHOST: b\r\n\r\n";
    a_host_is_a_name_and_a_port: HostSyntax,
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n";
    a_content_length_is_digits: ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: foo\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nHello";
    a_content_length_fits_64_bits: ContentLengthOverflow,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nHello";
    a_content_length_is_said_once_even_if_both_are_equal: ContentLengthRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nHello";
    a_body_has_one_framing: ContentLengthWithTransferEncoding,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
    http_1_0_has_no_transfer_encoding: TransferEncodingVersion,
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    a_transfer_encoding_is_a_list_of_tokens: TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"
            .replace('\u{b}', "\u{a0}");
    chunked_is_the_only_transfer_coding: TransferCodingUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n";
    chunked_is_applied_once: ChunkedRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked_is_applied_last: ChunkedNotLast,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n";
    nothing_but_100_continue_can_be_expected: ExpectationUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 200-ok\r\n\r\nHello",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n";
    a_body_is_bounded: BodyTooLarge,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nHello",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\nb\r\n";
    a_chunk_size_is_hexadecimal_digits: ChunkSizeSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nHello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nHello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
    a_chunk_size_fits_64_bits: ChunkSizeOverflow,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nHello\r\n";
    a_chunk_extension_keeps_to_its_grammar: ChunkExtensionSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\x01\r\nHello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;=b\r\nHello\r\n0\r\n\r\n";
    chunk_extensions_are_bounded: ChunkExtensionTooLong,
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;{}\r\n", "x".repeat(40)),
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "1;0123456789\r\nx\r\n".repeat(5)
        );
    a_chunk_ends_with_crlf: ChunkUnterminated,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello!\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\r0\r\n\r\n";
    a_trailer_does_not_frame_the_message: TrailerForbidden,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nhost: b\r\n\r\n";
    the_trailers_are_bounded: TrailersTooLarge,
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: {}\r\n\r\n",
            "y".repeat(60)
        ),
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n",
            "X: y\r\n".repeat(6)
        );
}

#[test]
fn rules_hold_for_the_body_and_the_trailers_as_for_the_head() {
    for (body, violation) in [
        ("5\nHello\r\n0\r\n\r\n", Violation::BareLineFeed),
        ("5\rHello\r\n0\r\n\r\n", Violation::BareCarriageReturn),
        ("0\r\nX: y\n\r\n", Violation::BareLineFeed),
        ("0\r\nX : y\r\n\r\n", Violation::SpaceBeforeColon),
        ("0\r\nX: y\r\n z\r\n\r\n", Violation::FoldedField),
        ("0\r\nX\r\n\r\n", Violation::MissingColon),
        ("0\r\nX: \0\r\n\r\n", Violation::FieldValueSyntax),
    ] {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        refused(violation, &[format!("{head}{body}").as_bytes()]);
    }
}

#[test]
fn a_request_is_refused_wherever_it_was_cut() {
    let calls = Arc::<AtomicUsize>::default();
    let counted = calls.clone();
    let server = Server::start(Settings::default(), move || echo(&counted));
    let request =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    for cut in 1..request.len() {
        let mut client = server.connect();
        client.send(&request[..cut]);
        // Lets the server see the first part alone, most of the time; either way the result is the same.
        std::thread::yield_now();
        client.send(&request[cut..]);
        assert_eq!(client.reply().status(), 400);
        client.expect_end();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_refusal_is_logged_once_and_without_what_the_client_has_sent() {
    let server = Server::start(Settings::default(), || echo(&Arc::default()));
    let mut client = server.connect();
    client.send("GET /\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.reply().status(), 400);
    assert_eq!(
        server.log().take(),
        ["INFO gustnado.general Malformed HTTP message from 127.0.0.1: \
          character not allowed in the request target"]
    );
}
