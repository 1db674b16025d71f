#![deny(warnings, dead_code)]
#![no_implicit_prelude]

#[::gustnado::route("/{name}")]
async fn index(name: ::std::string::String, cx: &::gustnado::Context) -> ::std::string::String {
    ::std::mem::drop(name);
    ::std::string::ToString::to_string(cx.path())
}

fn main() {
    ::std::assert_eq!(::gustnado::routes![index].len(), 1);
}
