#![deny(warnings, dead_code)]

use gustnado::http::Response;
use gustnado::{Context, Error, Html, Json, Redirect, Respond, Result, StatusCode, handler, route, routes};

#[derive(Default)]
struct Entry;

struct Csv(&'static str);

impl Respond for Csv {
    fn respond(self, cx: &Context) -> Response {
        ([("content-type", "text/csv")], self.0).respond(cx)
    }
}

#[route("/")]
#[handler]
impl Entry {
    async fn get(&self) -> Csv {
        Csv("a,b")
    }

    async fn post(&self) -> Result<Redirect> {
        Ok(Redirect::to("/"))
    }

    async fn put(&self) -> impl Respond {
        (StatusCode::CREATED, Html("put"))
    }

    async fn patch(&self) -> Option<Json<u32>> {
        None
    }

    async fn delete(&self) -> Result<(), std::num::ParseIntError> {
        "7".parse::<u32>().map(drop)
    }

    fn write_error(&self, _: &Error) -> impl Respond {
        Csv("error")
    }
}

fn main() {
    assert_eq!(routes![Entry].len(), 1);
}
