#![deny(warnings, dead_code)]

//! No name of the user's can be mistaken for one that the expansion means.
#![allow(dead_code, unused_macros, non_camel_case_types, non_snake_case, non_upper_case_globals)]

mod std {}
mod core {}
mod alloc {}
mod gustnado {}
mod http {}

struct String;
struct Vec;
struct Box;
struct Option;
struct Result;
struct Context;
struct Route;
struct Location;
struct Method;
struct u64;
trait FromRequest {}
trait FromCapture {}
trait Respond {}
trait Endpoint {}
fn Ok() {}
fn Err() {}
fn Some() {}
const None: () = ();

macro_rules! file {
    () => {
        compile_error!("not this one")
    };
}

macro_rules! line {
    () => {
        compile_error!("not this one")
    };
}

macro_rules! unreachable {
    () => {
        compile_error!("not this one")
    };
}

#[::gustnado::route("/{name}", methods = [GET, POST])]
async fn index(name: &str, cx: &::gustnado::Context) -> ::gustnado::Result<::std::string::String> {
    ::core::result::Result::Ok([name, cx.path()].concat())
}

fn main() {
    assert_eq!(::gustnado::routes![index].len(), 1);
}
