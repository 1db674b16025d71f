//! How a request is written.

use super::pool::Shared;
use super::record::Parts;
use crate::http::Body;
use ::http::Method;

/// Appends the head of a request to `out`.
///
/// What is known only here, Host and what frames the body, is written here; everything that a user has chosen was checked when
/// it was given.
pub(super) fn head(parts: &mut Parts, client: &Shared, out: &mut Vec<u8>) {
    let authorization = parts.authorization(&client.core);
    let parts = &*parts;
    let Parts { method, url, headers, body, .. } = parts;
    let mut put = |pieces: &[&str]| {
        for piece in pieces {
            out.extend_from_slice(piece.as_bytes());
        }
    };
    let proxy = parts.proxy(&client.proxies).filter(|proxy| proxy.takes_requests(parts.tunnels()));
    // RFC 9112 §3.2.2: a proxy is told the whole URL.
    let target = if proxy.is_some() { url.as_str() } else { url.target() };
    put(&[method.as_str(), " ", target, " HTTP/1.1\r\n"]);
    if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization()) {
        put(&["Proxy-Authorization: ", &authorization, "\r\n"]);
    }
    let is_plain = headers.is_empty();
    let lacks = |name| is_plain || !headers.contains(name);
    if lacks("Host") {
        put(&["Host: ", url.authority(), "\r\n"]);
    }
    if lacks("User-Agent") {
        put(&["User-Agent: ", &client.user_agent, "\r\n"]);
    }
    if parts.is_decompressed && lacks("Accept-Encoding") {
        put(&["Accept-Encoding: gzip\r\n"]);
    }
    if let Some(authorization) = authorization
        && lacks("Authorization")
    {
        put(&["Authorization: ", &authorization, "\r\n"]);
    }
    if let Some(jar) = &client.jar
        && lacks("Cookie")
    {
        let mut cookies = String::new();
        jar.borrow_mut().write(url, client.core.ticks(), &mut cookies);
        if !cookies.is_empty() {
            put(&["Cookie: ", &cookies, "\r\n"]);
        }
    }
    let length = body.as_ref().map(Body::length);
    if length.is_some() && *method == Method::POST && headers.content_type().is_none() {
        put(&["Content-Type: application/x-www-form-urlencoded\r\n"]);
    }
    match length {
        None => {}
        Some(Some(length)) => {
            put(&["Content-Length: ", itoa::Buffer::new().format(length), "\r\n"]);
        }
        Some(None) => put(&["Transfer-Encoding: chunked\r\n"]),
    }
    if parts.expects_continue && length != Some(Some(0)) && length.is_some() {
        put(&["Expect: 100-continue\r\n"]);
    }
    if let Some(upgrade) = &parts.upgrade {
        put(&[upgrade]);
    }
    headers.write(out);
    out.extend_from_slice(b"\r\n");
}
