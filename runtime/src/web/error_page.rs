//! What a client is told of an error.

mod debug;

use std::borrow::Cow;
use std::cell::Cell;

use ::http::StatusCode;

use super::request_handler::Panicked;
use super::{Context, Finish, log};
use crate::error::Error;
use crate::http::{ContentType, Request, Response, thousandths};

/// What an application says of errors: see [`Application::write_error`](super::Application::write_error).
#[derive(Default)]
pub(super) struct ErrorPages {
    write: Option<Box<Write>>,
    /// Whether that is at work: an error in there must not lead there again.
    writing: Cell<bool>,
    /// Whether an author reads them.
    debug: bool,
}

type Write = dyn Fn(&Error, &Context) -> Response;

impl ErrorPages {
    pub(super) fn is_set(&self) -> bool {
        self.write.is_some()
    }

    pub(super) fn write_by(&mut self, write: impl Fn(&Error, &Context) -> Response + 'static) {
        self.write = Some(Box::new(write));
    }

    pub(super) fn debug(&mut self, debug: bool) {
        self.debug = debug;
    }
}

/// Logs the error and answers with its status.
pub(crate) fn answer(error: &Error, cx: &Context) -> Response {
    if error.downcast_ref::<Finish>().is_some() {
        return Response::default();
    }
    if let Some(reply) = cx.said() {
        reply.fail();
    }
    if error.downcast_ref::<Panicked>().is_none() {
        log::failure(cx, error);
    }
    write(error, cx)
}

/// The page of an error: the application's, if it has one.
///
/// Otherwise the client reads the status and the [reason](Error::reason): as JSON or HTML if that is what it likes best, else as
/// text. Nothing else of the error leaves the house.
pub(super) fn write(error: &Error, cx: &Context) -> Response {
    let pages = cx.error_pages();
    if let Some(write) = &pages.write
        && !pages.writing.replace(true)
    {
        let response = write(error, cx);
        pages.writing.set(false);
        return match response.status() {
            // It did not say another one.
            StatusCode::OK => response.with_status(error.status()),
            _ => response,
        };
    }
    if pages.debug {
        return debug::page(error, cx);
    }
    page(error.status(), &error.reason(), cx)
}

/// The page of a status.
fn page(status: StatusCode, reason: &str, request: &Request) -> Response {
    let code = status.as_u16();
    let (content_type, text) = match preference(request.header("accept").unwrap_or_default()) {
        Format::Text => (ContentType::TEXT, format!("{code}: {reason}\n")),
        Format::Html => {
            let reason = escape(reason);
            let page = format!(
                "<!doctype html><html><title>{code}: {reason}</title><body>{code}: {reason}</body></html>\n"
            );
            (ContentType::HTML, page)
        }
        Format::Json => {
            let page = serde_json::json!({ "status": code, "reason": reason });
            (ContentType::JSON, page.to_string())
        }
    };
    let mut response = Response::new(status).with_content_type(content_type).with_body(text);
    if status == StatusCode::UPGRADE_REQUIRED {
        // RFC 9110 §15.5.22, RFC 6455 §4.2.2: there is one protocol to change to, in one version.
        for (name, value) in [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")] {
            let added = response.headers_mut().insert(name, value);
            debug_assert_eq!(added, Ok(()));
        }
    }
    response
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Html,
    Json,
}

/// Which format an `Accept` header likes best (RFC 9110, section 12.5.1).
///
/// Only a format that is named, not one that `*/*` lets through, is preferred to text: `curl` gets text, a browser
/// HTML. Between equals, the first counts.
fn preference(accept: &str) -> Format {
    let mut best = (Format::Text, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(|part| part.trim_matches([' ', '\t']));
        let kind = parts.next().unwrap_or_default();
        let known = [
            ("text/plain", Format::Text),
            ("text/html", Format::Html),
            ("application/xhtml+xml", Format::Html),
            ("application/json", Format::Json),
        ];
        let Some((_, format)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind))
        else {
            continue;
        };
        let quality = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        let quality = quality.map_or(1000, |quality| thousandths(quality.as_bytes()));
        if quality > best.1 {
            best = (*format, quality);
        }
    }
    best.0
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_default_and_named_formats_win() {
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Html),
            ("application/json, text/plain, */*", Format::Json),
            ("application/json;q=0.5, text/html;q=0.6", Format::Html),
            ("Application/JSON ; charset=x ; Q=0.001", Format::Json),
            ("application/json;q=0", Format::Text),
            ("application/json;q=0.0001, text/html;q=2", Format::Text),
            ("application/json;q=-1, ;;,,", Format::Text),
        ] {
            assert_eq!(preference(accept), format, "{accept:?}");
        }
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(escape("plain"), "plain");
        assert_eq!(
            escape("<a href='x' b=\"&\">"),
            "&lt;a href=&#39;x&#39; b=&quot;&amp;&quot;&gt;"
        );
    }
}
