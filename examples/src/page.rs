//! What the pages of the examples share.

use gustnado::prelude::*;

/// A part of a page. Nothing in it comes from elsewhere, so the browser need not let anything else in.
pub fn page(content_type: &'static str, text: &'static str) -> impl Respond {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                          connect-src 'self'; base-uri 'none'; form-action 'self'; \
                          frame-ancestors 'none'";
    let headers = [
        ("content-type", content_type),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-cache"),
    ];
    (headers, text)
}

/// The icon of them all.
#[route("/icon.svg")]
pub async fn icon() -> impl Respond {
    page("image/svg+xml", include_str!("page/icon.svg"))
}

/// How they look.
#[route("/style.css")]
pub async fn style() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/style.css"))
}

/// How their scripts speak with the server.
#[route("/server.js")]
pub async fn server() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/server.js"))
}
