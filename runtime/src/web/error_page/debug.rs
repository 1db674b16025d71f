//! The page that an author sees: why the request failed, where, and what to do.

use std::fmt::Write as _;

use ::http::StatusCode;

use super::{Format, escape, preference};
use crate::error::Error;
use crate::http::{ContentType, Response};
use crate::web::{Context, Route};

/// Headers whose values nobody should read over the author's shoulder.
const SECRET: &[&str] = &["authorization", "cookie", "proxy-authorization"];

/// How many routes are named that the client may have meant.
const NEAR: usize = 5;

/// The page, in the form that the client likes best.
pub(super) fn page(error: &Error, cx: &Context) -> Response {
    let status = error.status();
    let (content_type, text) = match preference(cx.header("accept").unwrap_or_default()) {
        Format::Text => (ContentType::TEXT, text(error, cx)),
        Format::Html => (ContentType::HTML, html(error, cx)),
        Format::Json => {
            let (reason, causes) = (error.reason(), causes(error));
            let at = error.location().to_string();
            let page = serde_json::json!({
                "status": status.as_u16(), "reason": reason, "causes": causes, "at": at,
            });
            (ContentType::JSON, page.to_string())
        }
    };
    Response::new(status).with_content_type(content_type).with_body(text)
}

fn text(error: &Error, cx: &Context) -> String {
    let mut text = format!("{}: {}\n\n{error:?}\n", error.status().as_u16(), error.reason());
    for route in near(error, cx) {
        let _ = write!(text, "\nDid you mean {route}?");
    }
    text.push('\n');
    text
}

fn html(error: &Error, cx: &Context) -> String {
    let (code, reason) = (error.status().as_u16(), error.reason());
    let (title, style) = (escape(&reason), include_str!("debug.css"));
    let (method, target) = (cx.method(), escape(cx.target()));
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{code}: {title}</title>\
         <style>{style}</style><header><h1>{code}: {title}</h1><p><code>{method} {target}</code></p></header>"
    );
    page.push_str("<h2>What went wrong</h2><ol>");
    for cause in causes(error) {
        let _ = write!(page, "<li><code>{}</code></li>", escape(&cause));
    }
    let at = error.location().to_string();
    let _ = write!(page, "</ol><p>It began at <code>{}</code>.</p>", escape(&at));
    let advice = advice(error);
    let _ = write!(page, "<h2>What to do</h2><p>{}</p>", escape(advice));
    let near = near(error, cx);
    if !near.is_empty() {
        page.push_str("<h2>Routes with a similar path</h2><table>");
        for route in near {
            let (path, name) = (escape(route.path()), escape(route.name()));
            let place = route.location().to_string();
            let _ = write!(page, "<tr><td>{path}</td><td>{name}, {}</td></tr>", escape(&place));
        }
        page.push_str("</table>");
    }
    let (route, from) = (cx.route().to_string(), cx.remote_addr().to_string());
    page.push_str("<h2>The request</h2><table>");
    row(&mut page, "route", &route);
    row(&mut page, "from", &from);
    for (name, value) in cx.headers() {
        let secret = SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name));
        let value = String::from_utf8_lossy(value);
        row(&mut page, name, if secret { "(not shown)" } else { &value });
    }
    page.push_str(
        "</table><footer>You see this because the application runs with <code>debug(true)</code>. \
         Without it, clients read the first line only.</footer></html>\n",
    );
    page
}

fn row(page: &mut String, name: &str, value: &str) {
    let _ = write!(page, "<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value));
}

/// The messages of the error, the outermost first.
fn causes(error: &Error) -> Vec<String> {
    let text = format!("{error:?}");
    let messages = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = format!("at {}", error.location());
    messages.filter(|line| *line != "Caused by:" && *line != last).map(str::to_owned).collect()
}

fn advice(error: &Error) -> &'static str {
    match error.status() {
        StatusCode::NOT_FOUND => {
            "No route takes this path, or its handler has found nothing. Compare the path with those of the routes, letter by letter."
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            "The path has routes, but none of this method. The Allow header names those that it has."
        }
        StatusCode::BAD_REQUEST => {
            "The client has sent what the handler cannot take. The reason above names the argument."
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "The body has another Content-Type than the handler takes."
        }
        StatusCode::FORBIDDEN => "The client may not do this, or has not logged in.",
        status if status.is_server_error() => {
            "The handler has failed. Give its errors a status (with_status), and say what was being done (context)."
        }
        _ => "The handler has answered with this error.",
    }
}

/// The routes that a client who got a 404 may have meant, the likeliest first.
fn near<'c>(error: &Error, cx: &'c Context) -> Vec<&'c Route> {
    if error.status() != StatusCode::NOT_FOUND {
        return Vec::new();
    }
    let path = cx.path();
    let common = |route: &&Route| {
        let same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
        let (a, b) = (path.bytes(), route.path().bytes());
        let front = a.clone().zip(b.clone()).take_while(same).count();
        let back = a.rev().zip(b.rev()).take_while(same).count();
        std::cmp::Reverse(front.max(back))
    };
    let mut routes: Vec<_> =
        cx.site().routes().iter().filter(|route| route.path() != "*").collect();
    routes.sort_by_key(common);
    routes.truncate(NEAR);
    routes
}
