#![deny(warnings, dead_code)]

use bytes::Bytes;
use gustnado::{addslash, authenticated, handler, route, routes, stream_request_body};

#[derive(Default)]
struct Upload(usize);

#[stream_request_body]
#[authenticated]
#[addslash]
#[route("/upload/")]
#[handler]
impl Upload {
    fn data_received(&mut self, chunk: Bytes) {
        self.0 += chunk.len();
    }

    fn put(&self) -> String {
        self.0.to_string()
    }
}

fn main() {
    assert_eq!(routes![Upload].len(), 1);
}
