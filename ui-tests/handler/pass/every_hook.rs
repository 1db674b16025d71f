#![deny(warnings, dead_code)]

use bytes::Bytes;
use gustnado::{Context, Error, Html, Result, handler, route, routes, stream_request_body};

struct Entry(String);

#[route("/entry/{slug}", name = "entry", max_body_size = 1_000, finish_on_disconnect)]
#[handler]
#[stream_request_body]
impl Entry {
    const LENGTH: usize = 3;

    async fn initialize(slug: String, prefix: &String) -> Result<Self> {
        Ok(Self(format!("{prefix}{slug}")))
    }

    fn set_default_headers(&mut self, cx: &Context) -> Result<()> {
        cx.set_header("x-entry", &self.0)
    }

    async fn prepare(&mut self, cx: &Context) -> Result<()> {
        self.check(cx)
    }

    async fn data_received(&mut self, cx: &Context, chunk: Bytes) -> Result<()> {
        assert!(cx.has_body() && chunk.len() < Self::LENGTH);
        Ok(())
    }

    async fn get(&mut self, cx: &Context, slug: &str) -> Result<()> {
        cx.write(slug)
    }

    async fn head(&self) {}

    fn post(&mut self) -> &'static str {
        "posted"
    }

    async fn put(&mut self) -> Result<String, Error> {
        Ok(String::new())
    }

    fn patch(&self) {}

    fn delete(&self) {}

    fn options(&self) {}

    async fn write_error(&mut self, cx: &Context, error: &Error) -> Html<String> {
        Html(format!("{} {error}", cx.path()))
    }

    fn log_exception(&mut self, cx: &Context, error: &Error) {
        eprintln!("{} {error:?}", cx.path());
    }

    fn on_finish(&mut self, cx: &Context) {
        eprintln!("{}", cx.status());
    }

    fn on_connection_close(&mut self, _: &Context) {}

    fn check(&self, cx: &Context) -> Result<()> {
        assert!(!cx.path().is_empty() && !self.0.is_empty());
        Ok(())
    }
}

fn main() {
    let routes = routes![Entry];
    assert_eq!((routes[0].path(), routes[0].name()), ("/entry/{slug}", "entry"));
}
