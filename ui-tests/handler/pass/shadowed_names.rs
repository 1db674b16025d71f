#![deny(warnings, dead_code)]

//! No name of the user's can be mistaken for one that the expansion means.
#![allow(dead_code, unused_macros, non_camel_case_types, non_snake_case, non_upper_case_globals)]

mod std {}
mod core {}
mod alloc {}
mod gustnado {}
mod http {}
mod bytes {}

struct String;
struct Vec;
struct Box;
struct Option;
struct Result;
struct Context;
struct Error;
struct Response;
struct Method;
struct str;
trait RequestHandler {}
trait Initial {}
trait FromRequest {}
trait Respond {}
trait Handler {}
trait Endpoint {}
fn Ok() {}
fn Err() {}
fn live() {}
fn authenticated() {}
const None: () = ();

macro_rules! unreachable {
    () => {
        compile_error!("not this one")
    };
}

#[derive(Default)]
struct Entry;

#[::gustnado::route("/{cx}")]
#[::gustnado::handler]
#[::gustnado::authenticated]
impl Entry {
    async fn prepare(&mut self) -> ::gustnado::Result<()> {
        ::core::result::Result::Ok(())
    }

    async fn get(
        &mut self,
        cx: &::core::primitive::str,
        given: &::gustnado::Context,
    ) -> ::gustnado::Result<::std::string::String> {
        ::core::result::Result::Ok([cx, given.path()].concat())
    }

    fn write_error(&mut self, given: &::gustnado::Context, cx: &::gustnado::Error) {
        assert!(given.status() == cx.status());
    }
}

#[::gustnado::handler(captures = [path])]
async fn about(path: ::std::string::String) -> ::std::string::String {
    path
}

fn main() {
    assert_eq!(::gustnado::routes![Entry, "/{path}" => about].len(), 2);
}
