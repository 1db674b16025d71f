//! Requests without a connection, for the unit tests of this floor.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Application, Location, Route};
use crate::http::{Request, Response, Service};

pub(super) const HERE: Location = Location { file: file!(), line: line!() };

/// A request of these headers and this body.
pub(super) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Request {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Request::arrived(&bytes)
}

/// A GET of this target.
pub(super) fn get(target: &str) -> Request {
    request("GET", target, &[], b"")
}

/// A POST of this body and Content-Type.
pub(super) fn post(target: &str, content_type: &str, body: &[u8]) -> Request {
    request("POST", target, &[("Content-Type", content_type)], body)
}

/// What a future that never waits gives.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

/// The answer of an application.
pub(super) fn answer(application: Application, request: Request) -> Response {
    now(application.build().unwrap().call(request))
}

/// The body as text.
pub(super) fn text(response: &Response) -> &str {
    std::str::from_utf8(response.body().as_bytes().unwrap()).unwrap()
}

/// A context of this request, at a route of `/`.
pub(super) fn context(request: Request) -> super::Context {
    let site = Application::new(vec![
        Route::new("/", "test", HERE).handler(|_| async { Response::default() }),
    ]);
    super::Context::new(request, site.build().unwrap(), 0)
}

/// A stream without pieces.
pub(super) fn nothing()
-> impl futures_core::Stream<Item = Result<bytes::Bytes, Box<dyn std::error::Error>>> {
    struct Nothing;
    impl futures_core::Stream for Nothing {
        type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            Poll::Ready(None)
        }
    }
    Nothing
}
