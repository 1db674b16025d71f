//! Requests that break a rule, by the rule.

use super::*;

/// `hostile!(name: input => Violation, ...)`: each input breaks exactly this rule, however it is cut.
macro_rules! hostile {
    ($($name:ident: $($input:expr => $violation:ident),+ $(,)?;)*) => {$(
        #[test]
        fn $name() {
            $(
                let input: &[u8] = $input.as_ref();
                let text = String::from_utf8_lossy(input);
                let expected = Err(Violation::$violation);
                assert_eq!(parse(input).1, expected, "{text:?}");
                parse_in_pieces(input, &Limits::default(), |_, result| {
                    assert_eq!(result, expected, "in pieces: {text:?}");
                });
            )+
        }
    )*};
}

hostile! {
    line_ends_are_crlf:
        "GET / HTTP/1.1\nHost: a\r\n\r\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHost: a\n\r\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: z\r\n\r\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHost: a\r\n\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHost: a\n\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHost: a\r\nX:\n\r\n" => BareLineFeed,
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" => BareLineFeed,
        "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" => BareLineFeed,
        "GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n" => BareLineFeed,
        "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n" => BareLineFeed,
        "GET / HTTP\n" => BareLineFeed,
        "GET / HTTP/1.1\r\nHo\nst: a\r\n\r\n" => BareLineFeed;
    a_cr_is_followed_by_lf:
        "GET / HTTP/1.1\rHost: a\r\n\r\n" => BareCarriageReturn,
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n" => BareCarriageReturn,
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n" => BareCarriageReturn,
        "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n" => BareCarriageReturn,
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n" => BareCarriageReturn;
    empty_lines_before_a_request_are_bounded:
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" => LeadingEmptyLines;
    a_method_is_a_token:
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n" => MethodSyntax,
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n" => MethodSyntax,
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n" => MethodSyntax,
        "GÉT / HTTP/1.1\r\nHost: a\r\n\r\n" => MethodSyntax,
        "GET\0 / HTTP/1.1\r\nHost: a\r\n\r\n" => MethodSyntax,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" => MethodSyntax;
    a_tunnel_is_not_offered:
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n" => ConnectUnsupported,
        "CONNECT / HTTP/1.1\r\nHost: example.com:443\r\n\r\n" => ConnectUnsupported;
    a_request_line_has_three_parts:
        "GET\r\nHost: a\r\n\r\n" => RequestLineSyntax,
        "GET /\r\nHost: a\r\n\r\n" => RequestLineSyntax,
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" => RequestLineSyntax,
        "GET  HTTP/1.1\r\nHost: a\r\n\r\n" => RequestLineSyntax;
    a_target_is_visible_ascii_without_fragment:
        "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /?a#b HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET # HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /?\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax,
        "GET /\ta HTTP/1.1\r\nHost: a\r\n\r\n" => TargetSyntax;
    a_target_has_one_of_the_four_forms:
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "GET javascript:alert(1) HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm,
        "OPTIONS *?a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetForm;
    an_absolute_target_has_a_valid_authority:
        "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n" => TargetAuthority,
        "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n" => TargetAuthority,
        "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n" => TargetAuthority,
        "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n" => TargetAuthority,
        "GET http://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n" => TargetAuthority;
    an_asterisk_is_for_options:
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n" => AsteriskTarget,
        "options * HTTP/1.1\r\nHost: a\r\n\r\n" => AsteriskTarget;
    a_version_is_http_digit_dot_digit:
        "GET / http/1.1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/11.1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/1,1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP/+1.1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTP /1.1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / b HTTP/1.1\r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / \r\nHost: a\r\n\r\n" => VersionSyntax,
        "GET / HTTPS/1.1\r\nHost: a\r\n\r\n" => VersionSyntax;
    a_major_version_other_than_1_is_unknown:
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n" => VersionUnsupported,
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n" => VersionUnsupported,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" => VersionUnsupported;
    white_space_does_not_start_a_header_section:
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n" => LeadingWhitespace,
        "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n" => LeadingWhitespace,
        "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n" => LeadingWhitespace;
    a_header_is_one_line:
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n" => FoldedField,
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n" => FoldedField,
        "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n \r\n\r\n" => FoldedField;
    a_header_has_a_colon:
        "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n" => MissingColon,
        "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\nbar: x\r\n\r\n" => MissingColon;
    a_header_name_is_not_empty:
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n" => FieldNameEmpty;
    a_header_name_is_a_token:
        "GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n" => FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n" => FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n" => FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\n\u{e9}: b\r\n\r\n" => FieldNameSyntax,
        b"GET / HTTP/1.1\r\nHost: a\r\nX\xa0: b\r\n\r\n" => FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer\x0bEncoding: chunked\r\n\r\n" => FieldNameSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\n\0\r\n\r\n" => FieldNameSyntax;
    no_space_before_a_colon:
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n" => SpaceBeforeColon,
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 5\r\n\r\n" => SpaceBeforeColon,
        "GET / HTTP/1.1\r\nHost: a\r\nfoo bar\r\n\r\n" => SpaceBeforeColon;
    a_header_value_has_no_control:
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n" => FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n" => FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n" => FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\x0bb\r\n\r\n" => FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n" => FieldValueSyntax,
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0c\r\n\r\n" => FieldValueSyntax;
    http_1_1_has_a_host:
        "GET / HTTP/1.1\r\n\r\n" => HostMissing,
        "GET http://a/ HTTP/1.1\r\n\r\n" => HostMissing,
        "GET / HTTP/1.1\r\nXHost: a\r\nHosts: a\r\n\r\n" => HostMissing;
    there_is_one_host:
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" => HostRepeated,
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: b\r\n\r\n" => HostRepeated,
        "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n" => HostRepeated,
        "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" => HostRepeated;
    a_host_is_host_and_port:
        "GET / HTTP/1.1\r\nHost:\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.0\r\nHost: <a>\r\n\r\n" => HostSyntax,
        "GET http://a/ HTTP/1.1\r\nHost: <a>\r\n\r\n" => HostSyntax,
        "GET / HTTP/1.1\r\nHost: a\u{a0}\r\n\r\n" => HostSyntax;
    a_content_length_is_digits:
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: foo\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \u{0661}\r\n\r\n" => ContentLengthSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\u{85}\r\n\r\n" => ContentLengthSyntax;
    a_content_length_fits_64_bits:
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"
            => ContentLengthOverflow,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"
            => ContentLengthOverflow;
    there_is_one_content_length:
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n" => ContentLengthRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\n" => ContentLengthRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"
            => ContentLengthRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\nX: y\r\nCONTENT-LENGTH: 6\r\n\r\n"
            => ContentLengthRepeated;
    one_framing_per_request:
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            => ContentLengthWithTransferEncoding,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"
            => ContentLengthWithTransferEncoding,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
            => ContentLengthWithTransferEncoding;
    http_1_0_has_no_transfer_encoding:
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" => TransferEncodingVersion;
    a_transfer_encoding_is_a_token:
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n" => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n"
            => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n"
            => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"
            => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n"
            => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked foo\r\n\r\n"
            => TransferEncodingSyntax,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\u{a0}\r\n\r\n"
            => TransferEncodingSyntax;
    a_transfer_coding_is_known:
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n" => TransferCodingUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip;q=1\r\n\r\n"
            => TransferCodingUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
            => TransferCodingUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"
            => TransferCodingUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"
            => TransferCodingUnknown;
    chunked_is_applied_once:
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, Chunked\r\n\r\n"
            => ChunkedRepeated,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
            => ChunkedRepeated;
    chunked_is_the_last_coding:
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n" => ChunkedNotLast,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
            => ChunkedNotLast;
    the_only_expectation_is_100_continue:
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 200-ok\r\n\r\n"
            => ExpectationUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue, x\r\n\r\n"
            => ExpectationUnknown,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect:\r\n\r\n"
            => ExpectationUnknown;
}
