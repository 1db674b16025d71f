//! The grammar of Host and of the authority in a URI.

use std::net::Ipv6Addr;

use super::class::Class;

/// Whether `authority` is `host[:port]`, the form of the Host header. RFC 9110 §7.2, RFC 3986 §3.2.2.
///
/// The host is a name, an IPv4 address or an IPv6 address in brackets. It may not be empty: RFC 9110 §4.2.1 tells
/// a recipient to reject an `http` URI without a host, and that is what the request would be for. Neither user
/// information nor IPvFuture nor a zone is accepted, and a port is at most 65535.
///
/// ```
/// use gustnado::http::is_host;
///
/// assert!(is_host(b"example.com:8080"));
/// assert!(is_host(b"[::1]"));
/// assert!(!is_host(b"user@example.com"));
/// assert!(!is_host(b"example.com/"));
/// ```
#[inline]
pub fn is_host(authority: &[u8]) -> bool {
    let end = authority.iter().position(|&byte| !Class::HOST.has(byte)).unwrap_or(authority.len());
    let (name, rest) = authority.split_at(end);
    match rest {
        [] => !name.is_empty(),
        [b':', port @ ..] => !name.is_empty() && is_port(port),
        [b'[', rest @ ..] => name.is_empty() && is_literal(rest),
        [b'%', ..] => is_percent_encoded(authority),
        _ => false,
    }
}

/// `::1]` or `::1]:8080`
#[cold]
fn is_literal(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
    // The parser of the standard library takes no zone.
    let Ok(address) = std::str::from_utf8(&rest[..end]) else { return false };
    if address.parse::<Ipv6Addr>().is_err() {
        return false;
    }
    match &rest[end + 1..] {
        [] => true,
        [b':', port @ ..] => is_port(port),
        _ => false,
    }
}

/// Digits up to 65535. No digit at all is in the grammar and means the default port.
fn is_port(port: &[u8]) -> bool {
    port.len() <= 5
        && port
            .iter()
            .try_fold(0, |number: u32, byte| {
                byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
            })
            .is_some_and(|number| number <= 65_535)
}

/// A name with escapes, which nobody uses.
#[cold]
fn is_percent_encoded(authority: &[u8]) -> bool {
    let end = authority.iter().position(|&byte| byte == b':').unwrap_or(authority.len());
    let mut name = authority[..end].iter();
    while let Some(byte) = name.next() {
        let mut hex = || name.next().is_some_and(u8::is_ascii_hexdigit);
        let valid = if *byte == b'%' { hex() && hex() } else { Class::HOST.has(*byte) };
        if !valid {
            return false;
        }
    }
    end == authority.len() || is_port(&authority[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_ports_are_hosts() {
        for host in [
            "example.com",
            "EXAMPLE.com:80",
            "localhost:8080",
            "127.0.0.1:1",
            "a_b.test",
            "xn--bcher-kva.example",
            "example.com.",
            "example.com:",
            "example.com:00080",
            "example.com:65535",
            "%41.example",
            "[::1]",
            "[::1]:8080",
            "[2001:db8::ffff:192.0.2.1]:",
        ] {
            assert!(is_host(host.as_bytes()), "{host:?}");
        }
    }

    #[test]
    fn nothing_else_is_a_host() {
        for host in [
            "",
            ":80",
            "a b",
            " a",
            "a/",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "user@example.com",
            "user:pw@example.com",
            "http://example.com",
            "a:b",
            "a:80:80",
            "a:+80",
            "a: 80",
            "a:65536",
            "a:999999",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[v1.a]",
            "[::1%eth0]",
            "[::1%25eth0]",
            "[127.0.0.1]",
            "[::1]a",
            "[::1]:x",
            "a[::1]",
            "%",
            "%4",
            "%4g",
            "a%zz:80",
            "<a>",
            "\"a\"",
            "b\u{fc}cher.example",
            "a\0",
            "a\t",
        ] {
            assert!(!is_host(host.as_bytes()), "{host:?}");
        }
    }
}
