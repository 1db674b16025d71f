#![deny(warnings, dead_code)]

use gustnado::{Context, Error, handler, route, routes};

struct Plain(u32);

#[route("/plain")]
#[handler]
impl Plain {
    fn initialize(start: &u32) -> Plain {
        Plain(*start)
    }

    fn get(&self) -> String {
        self.0.to_string()
    }
}

struct Fallible(String);

#[route("/fallible")]
#[handler]
impl Fallible {
    async fn initialize(cx: &Context) -> Result<Self, std::string::FromUtf8Error> {
        Ok(Self(String::from_utf8(cx.path().as_bytes().to_vec())?))
    }

    fn get(&self) -> String {
        self.0.clone()
    }
}

struct Own(Option<Error>);

#[route("/own")]
#[handler]
impl Own {
    fn initialize() -> std::result::Result<Own, Error> {
        Ok(Self(None))
    }

    fn get(&mut self) -> Result<(), Error> {
        self.0.take().map_or(Ok(()), Err)
    }
}

fn main() {
    assert_eq!(routes![Plain, Fallible, Own].len(), 3);
}
