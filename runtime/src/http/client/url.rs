//! URLs, in the one form in which they are sent and compared.

use super::errors::InvalidRequest;
use crate::http::host::is_host;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::net::Ipv4Addr;
use std::ops::Range;

/// An absolute `http` or `https` URL: `scheme://host[:port]/path[?query]`, in ASCII.
///
/// Scheme and host are in lower case, the port is there only if it is not the scheme's own, the path is never empty, and what
/// RFC 3986 does not allow is percent-encoded. A fragment, which is never sent, is dropped. Two URLs of one origin begin with
/// the same bytes.
#[derive(Default)]
pub(super) struct Url {
    /// What the URL was made from, if nothing was taken out of it: a program that fetches the same again and again needs not have it
    /// parsed again.
    given: String,
    text: String,
    is_secure: bool,
    /// Without the brackets of an IPv6 address.
    host: Range<usize>,
    port: u16,
    /// Where the path begins, behind the authority.
    path: usize,
}

/// A user and a password, as they are before they are encoded.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
}

/// Longer URLs are not remembered.
const KEPT: usize = 4 * 1024;

/// What RFC 3986 allows in neither a path nor a query.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Url {
    /// Becomes `url`, and returns the user information that was in it.
    pub(super) fn set(&mut self, url: &str) -> Result<Option<Credentials>, InvalidRequest> {
        if self.given == url && !url.is_empty() {
            return Ok(None);
        }
        let credentials = self.parse(url)?;
        if credentials.is_none() {
            self.given.push_str(url);
        }
        Ok(credentials)
    }

    fn parse(&mut self, url: &str) -> Result<Option<Credentials>, InvalidRequest> {
        self.given.clear();
        self.text.clear();
        let (is_secure, rest) = scheme(url)?;
        let is_end = |byte| matches!(byte, b'/' | b'?' | b'#');
        let end = rest.bytes().position(is_end).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        // Browsers take a backslash for a slash, others do not, so that `http://a\@b` means two hosts.
        if authority.contains('\\') {
            return Err(InvalidRequest::Host);
        }
        let (credentials, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(credentials(user)?), authority),
            None => (None, authority),
        };
        let (host, port) = host_and_port(authority)?;

        let Self { text, .. } = self;
        text.push_str(if is_secure { "https://" } else { "http://" });
        let start = text.len();
        text.push_str(host);
        text[start..].make_ascii_lowercase();
        self.host = match host.starts_with('[') {
            true => start + 1..text.len() - 1,
            false => start..text.len(),
        };
        let usual = if is_secure { 443 } else { 80 };
        self.port = port.unwrap_or(usual);
        if self.port != usual {
            text.push(':');
            text.push_str(itoa::Buffer::new().format(self.port));
        }
        self.path = text.len();
        self.is_secure = is_secure;

        let rest = rest.split_once('#').map_or(rest, |(rest, _fragment)| rest);
        if rest.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(InvalidRequest::URL);
        }
        if !rest.starts_with('/') {
            text.push('/');
        }
        text.extend(utf8_percent_encode(rest, ENCODED));
        Ok(credentials)
    }

    /// The URL that a reference means, seen from this one. RFC 3986 §5.2.
    pub(super) fn join(&self, reference: &str) -> String {
        let (reference, _fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if has_scheme(reference) {
            return reference.to_owned();
        }
        let scheme = if self.is_secure { "https:" } else { "http:" };
        if reference.starts_with("//") {
            return format!("{scheme}{reference}");
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let (own_path, own_query) = match self.target().split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.target(), None),
        };
        let (path, query) = match path {
            "" => (own_path.to_owned(), query.or(own_query)),
            path if path.starts_with('/') => (without_dots(path), query),
            path => {
                let (directory, _) = own_path.rsplit_once('/').unwrap_or_default();
                (without_dots(&format!("{directory}/{path}")), query)
            }
        };
        let mut url = format!("{}{path}", self.origin());
        if let Some(query) = query {
            url.push('?');
            url.push_str(query);
        }
        url
    }

    /// Gives unusually much memory back.
    pub(super) fn settle(&mut self) {
        if self.given.len().max(self.text.len()) > KEPT {
            *self = Self::default();
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme and authority.
    pub(super) fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    /// The host and a port that is not the usual one: what goes into the Host header.
    pub(super) fn authority(&self) -> &str {
        let scheme = if self.is_secure { 8 } else { 7 };
        self.text.get(scheme..self.path).unwrap_or_default()
    }

    /// Path and query: what goes into the request line.
    pub(super) fn target(&self) -> &str {
        &self.text[self.path..]
    }

    /// The path alone.
    pub(super) fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// The name or address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }
}

/// Whether the scheme is the secure one, and what follows it.
fn scheme(url: &str) -> Result<(bool, &str), InvalidRequest> {
    let behind = |prefix: &str| {
        let (scheme, rest) = url.split_at_checked(prefix.len())?;
        scheme.eq_ignore_ascii_case(prefix).then_some(rest)
    };
    match (behind("http://"), behind("https://")) {
        (Some(rest), _) => Ok((false, rest)),
        (None, Some(rest)) => Ok((true, rest)),
        (None, None) => Err(InvalidRequest::Scheme),
    }
}

/// Whether a reference begins with a scheme. RFC 3986 §3.1.
fn has_scheme(reference: &str) -> bool {
    let end = reference.find([':', '/', '?']).unwrap_or(reference.len());
    let (scheme, rest) = reference.split_at(end);
    rest.starts_with(':')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// An absolute path without its `.` and `..`. RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut is_directory = false;
    for segment in path.split('/').skip(1) {
        is_directory = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    // What remains of `/a/b/..` is the directory `/a/`.
    if is_directory {
        segments.push("");
    }
    format!("/{}", segments.join("/"))
}

/// The two parts of an authority; the host is checked, and still in its brackets.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), InvalidRequest> {
    // A percent sign is in the grammar, and resolves to nothing that somebody means.
    if !is_host(authority.as_bytes()) || authority.contains('%') {
        return Err(InvalidRequest::Host);
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    // `127.1` and `0x7f.1` are addresses to some resolvers, and names to some filters.
    if ends_in_number(host) && host.parse::<Ipv4Addr>().is_err() {
        return Err(InvalidRequest::Host);
    }
    match port {
        "" => Ok((host, None)),
        port => port.parse().map(|port| (host, Some(port))).map_err(|_| InvalidRequest::Host),
    }
}

/// Whether the last label of a host is a number, in any base that somebody reads.
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    match last {
        [b'0', b'x' | b'X', ..] => true,
        digits => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
    }
}

fn credentials(user: &str) -> Result<Credentials, InvalidRequest> {
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    let decode = |part: &str| percent_decode_str(part).decode_utf8().map(String::from);
    match (decode(username), decode(password)) {
        // Of several `@`, browsers take the last, and others the first.
        (Ok(username), Ok(password)) if !user.contains('@') => {
            Ok(Credentials { username, password })
        }
        _ => Err(InvalidRequest::URL),
    }
}

#[cfg(test)]
mod tests;
