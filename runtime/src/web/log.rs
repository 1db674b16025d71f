//! What goes to the log: one line a request, and the errors behind the answers.
//!
//! Everything goes through `tracing`: the requests to the target `gustnado.access`, the errors to
//! `gustnado.application`. Where nobody listens, neither costs more than a look at a flag.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ::http::StatusCode;
use tracing::{Level, enabled, error, info, warn};

use super::Context;
use crate::error::Error;
use crate::http::Request;

/// The target of the access log.
pub(crate) const ACCESS: &str = "gustnado.access";

/// The target of what went wrong in the application.
pub(crate) const APPLICATION: &str = "gustnado.application";

/// Whether somebody listens to the access log at all.
#[inline]
pub(crate) fn is_access_on() -> bool {
    enabled!(target: ACCESS, Level::ERROR)
}

/// A line of the access log that is still to be written.
pub(crate) struct Entry {
    request: Request,
    client: IpAddr,
    start: Instant,
    written: bool,
}

impl Entry {
    pub(crate) fn new(request: Request, client: IpAddr) -> Self {
        Self { request, client, start: Instant::now(), written: false }
    }

    pub(crate) fn write(&mut self, status: StatusCode) {
        self.written = true;
        access(&self.request, self.client, status, self.start.elapsed());
    }
}

/// A handler that panics is answered with a 500, further down. One whose client has left is dropped too, and there is no
/// status to log.
impl Drop for Entry {
    fn drop(&mut self) {
        if !self.written && std::thread::panicking() {
            self.write(StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}

/// Logs a request as Tornado does, `200 GET /path (127.0.0.1) 1.23ms`: from status 400 on as a warning, from 500 on
/// as an error.
fn access(request: &Request, client: IpAddr, status: StatusCode, elapsed: Duration) {
    let status = status.as_u16();
    let request_id = request.request_id();
    let request = Summary(request, client);
    let milliseconds = elapsed.as_secs_f64() * 1000.0;
    if status < 400 {
        info!(target: ACCESS, %request_id, "{status} {request} {milliseconds:.2}ms");
    } else if status < 500 {
        warn!(target: ACCESS, %request_id, "{status} {request} {milliseconds:.2}ms");
    } else {
        error!(target: ACCESS, %request_id, "{status} {request} {milliseconds:.2}ms");
    }
}

/// Logs why the application answers with an error.
///
/// From status 500 on the whole chain and where it began, as an error; below that the log message of an
/// [`HTTPError`](crate::HTTPError), if there is one, as a warning.
pub(crate) fn failure(cx: &Context, failure: &Error) {
    let status = failure.status().as_u16();
    let request = Summary(cx, cx.remote_ip());
    if status >= 500 {
        let chain = format!("{failure:#}");
        let chain = Printable(&chain);
        error!(target: APPLICATION, "{status} {request}: {chain}, at {}", failure.location());
    } else if let Some(message) = failure.http_error().and_then(|error| error.log_message()) {
        let message = Printable(message);
        warn!(target: APPLICATION, "{status} {request}: {message}");
    }
}

/// `GET /path (127.0.0.1)`
struct Summary<'a>(&'a Request, IpAddr);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = Printable(self.0.target());
        write!(f, "{} {target} ({})", self.0.method(), self.1)
    }
}

/// Text that may come from a client, with its control characters made visible: nobody but us ends a line of the log
/// or colours a terminal.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(char::is_control) {
            let (clean, dirty) = rest.split_at(at);
            f.write_str(clean)?;
            let mut chars = dirty.chars();
            if let Some(control) = chars.next() {
                write!(f, "{}", control.escape_default())?;
            }
            rest = chars.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_made_visible() {
        let shown = |text| Printable(text).to_string();
        assert_eq!(
            shown("/a\r\nERROR\u{1b}[31m\0\u{85}\u{e9}"),
            "/a\\r\\nERROR\\u{1b}[31m\\u{0}\\u{85}\u{e9}"
        );
        assert_eq!(shown("/plain"), "/plain");
    }
}
