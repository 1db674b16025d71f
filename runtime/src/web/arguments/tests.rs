use std::net::Ipv4Addr;

use ::http::{HeaderMap, Method, StatusCode, Version};
use bytes::Bytes;
use serde::Deserialize;

use super::*;
use crate::error::HTTPError;
use crate::http::{Request, Response};
use crate::web::testing::{HERE, answer, get, post, request, text};
use crate::web::{Application, Json, Respond, Route};

/// The answer of a handler that takes one argument of type `$argument` and returns `$body`.
macro_rules! take {
    ($request:expr, $argument:ty, |$pattern:pat_param| $body:expr) => {{
        let request: Request = $request;
        let route = Route::new("/", "take", HERE).methods([request.method().clone()]).handler(
            |cx| async move {
                match <$argument as FromRequest<'_>>::from_request(&cx).await {
                    Ok($pattern) => ($body).respond(&cx),
                    Err(error) => error.respond(&cx),
                }
            },
        );
        answer(Application::new(vec![route]).provide(7_u8), request)
    }};
}

/// The answer of a handler for `/{value}` that takes it as a `T`.
fn take_capture<T: for<'r> FromCapture<'r>>(
    path: &str,
    show: impl Fn(T) -> String + 'static,
) -> Response {
    let show = std::rc::Rc::new(show);
    let route = Route::new("/{value}", "take", HERE).handler(move |cx| {
        let show = std::rc::Rc::clone(&show);
        async move { capture(&cx, 0, "value", T::from_capture).map(&*show).respond(&cx) }
    });
    answer(Application::new(vec![route]), get(path))
}

fn is(response: &Response, status: u16, body: &str) {
    assert_eq!((response.status().as_u16(), text(response)), (status, body));
}

#[derive(Deserialize)]
struct Page<'r> {
    page: u32,
    #[serde(borrow, default)]
    title: &'r str,
}

#[test]
fn captures_become_numbers() {
    let number = |path| take_capture::<u8>(path, |number| number.to_string());
    is(&number("/7"), 200, "7");
    is(&number("/%37"), 200, "7");
    is(&number("/x"), 400, "400: path argument value: not a whole number\n");
    is(&number("/256"), 400, "400: path argument value: a number out of range\n");
    is(&number("/+7"), 400, "400: path argument value: not a whole number\n");
    is(&take_capture::<f32>("/1.50", |number| number.to_string()), 200, "1.5");
    is(&take_capture::<bool>("/true", |yes| yes.to_string()), 200, "true");
    is(&take_capture::<char>("/%C3%A9", |c| c.to_string()), 200, "\u{e9}");
    is(&take_capture::<Ipv4Addr>("/127.0.0.1", |a| a.to_string()), 200, "127.0.0.1");
}

#[test]
fn captures_are_decoded_once_and_must_be_utf8() {
    let string = |path| take_capture::<String>(path, |text| text);
    is(&string("/a+b"), 200, "a+b");
    is(&string("/a%20b%2Fc"), 200, "a b/c");
    is(&string("/100%"), 200, "100%");
    is(&string("/%2541"), 200, "%41");
    is(&string("/%ff"), 400, "400: the path is not UTF-8\n");
}

#[test]
fn captures_are_borrowed() {
    let route = Route::new("/{a}/{b...}", "take", HERE).handler(|cx| async move {
        let b = capture(&cx, 1, "b", <&str>::from_capture).unwrap();
        let a = capture(&cx, 0, "a", <&str>::from_capture).unwrap();
        let again = capture(&cx, 1, "b", <&str>::from_capture).unwrap();
        assert!(std::ptr::eq(b, again));
        format!("{a} {b}").respond(&cx)
    });
    is(&answer(Application::new(vec![route]), get("/x/y%20/z")), 200, "x y /z");
}

#[test]
fn a_capture_of_ones_own_type_is_a_400_and_keeps_its_reason_to_itself() {
    struct Even;
    impl FromCapture<'_> for Even {
        fn from_capture(value: &str) -> Result<Self> {
            match value {
                "2" => Ok(Self),
                "gone" => Err(HTTPError::new(StatusCode::GONE).into()),
                _ => Err(Error::msg("secret")),
            }
        }
    }
    let even = |path| take_capture::<Even>(path, |_| String::new());
    is(&even("/2"), 200, "");
    is(&even("/3"), 400, "400: path argument value is not valid\n");
    is(&even("/gone"), 410, "410: Gone\n");
}

#[test]
fn what_was_provided_is_lent() {
    is(&take!(get("/"), &u8, |number| number.to_string()), 200, "7");
    is(&take!(get("/"), Option<&u8>, |number| number.unwrap().to_string()), 200, "7");
    is(&take!(get("/"), Option<&u16>, |number| number.is_none().to_string()), 200, "true");
    is(&take!(get("/"), &u16, |_| ""), 500, "500: Internal Server Error\n");
}

#[test]
fn the_request_needs_no_provision() {
    is(&take!(get("/?a"), &Request, |request| request.target().to_owned()), 200, "/?a");
    is(&take!(get("/?a"), &Context, |cx| cx.target().to_owned()), 200, "/?a");
    is(&take!(get("/?a"), Request, |request| request.target().to_owned()), 200, "/?a");
    assert_eq!(<&Request>::requirement(), None);
    assert_eq!(<&Context>::requirement(), None);
    assert_eq!(<&u8>::requirement(), Some(Requirement::of::<u8>()));
    assert_eq!(<Result<&u8> as FromRequest<'_>>::requirement(), Some(Requirement::of::<u8>()));
    assert_eq!(<Option<&u8>>::requirement(), None);
}

#[test]
fn parts_of_the_request_are_arguments() {
    is(&take!(get("/"), Method, |method| method.to_string()), 200, "GET");
    is(&take!(get("/"), Version, |version| format!("{version:?}")), 200, "HTTP/1.1");
    is(
        &take!(post("/", "a/b", b""), HeaderMap, |map| map["content-type"].len().to_string()),
        200,
        "3",
    );
}

#[test]
fn the_query_becomes_a_type() {
    is(
        &take!(get("/?page=2&title=a"), Query<Page<'_>>, |Query(page)| format!(
            "{} {}",
            page.page, page.title
        )),
        200,
        "2 a",
    );
    let decoded =
        take!(get("/?page=2&title=a%20b"), Query<Page<'_>>, |Query(page)| page.title.to_owned());
    is(&decoded, 200, "a b");
    is(
        &take!(get("/?page=x"), Query<Page<'_>>, |_| ""),
        400,
        "400: query argument page: not a whole number\n",
    );
    is(&take!(get("/"), Query<Page<'_>>, |_| ""), 400, "400: query argument page: missing\n");
}

#[test]
fn an_option_is_none_only_if_there_is_nothing() {
    is(&take!(get("/"), Option<Query<Page<'_>>>, |page| page.is_none().to_string()), 200, "true");
    is(
        &take!(get("/?page=x"), Option<Query<Page<'_>>>, |_| ""),
        400,
        "400: query argument page: not a whole number\n",
    );
    let empty = request("POST", "/", &[], b"");
    is(&take!(empty.clone(), Option<Json<u8>>, |json| json.is_none().to_string()), 200, "true");
    is(&take!(empty, Option<String>, |text| text.is_none().to_string()), 200, "true");
}

#[test]
fn a_result_is_the_handlers_to_answer() {
    is(
        &take!(get("/?page=x"), Result<Query<Page<'_>>>, |page| page.is_err().to_string()),
        200,
        "true",
    );
}

#[test]
fn a_form_needs_its_content_type() {
    let form = "application/x-www-form-urlencoded";
    is(
        &take!(post("/", form, b"page=1"), Form<Page<'_>>, |Form(page)| page.page.to_string()),
        200,
        "1",
    );
    let parameters = "Application/X-WWW-Form-Urlencoded ; charset=utf-8";
    is(
        &take!(post("/", parameters, b"page=1"), Form<Page<'_>>, |Form(page)| page
            .page
            .to_string()),
        200,
        "1",
    );
    is(
        &take!(post("/", form, b"page="), Form<Page<'_>>, |_| ""),
        400,
        "400: form argument page: not a whole number\n",
    );
    is(
        &take!(post("/", form, b"\xff"), Form<Page<'_>>, |_| ""),
        400,
        "400: the body is not UTF-8\n",
    );
    let refused = "415: the body must be application/x-www-form-urlencoded\n";
    is(&take!(post("/", "text/plain", b"page=1"), Form<Page<'_>>, |_| ""), 415, refused);
}

#[test]
fn json_needs_its_content_type() {
    for kind in ["application/json", "application/JSON; charset=utf-8", "application/problem+json"]
    {
        let request = post("/", kind, br#"{"page":1,"title":"a"}"#);
        is(&take!(request, Json<Page<'_>>, |Json(page)| page.title.to_owned()), 200, "a");
    }
    for kind in ["text/json", "text/plain", "application/jsonp", "json", ""] {
        let request = post("/", kind, b"1");
        is(&take!(request, Json<u8>, |_| ""), 415, "415: the body must be application/json\n");
    }
    let response = take!(post("/", "application/json", b"{"), Json<u8>, |_| "");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(&response).starts_with("400: JSON body: "));
}

#[test]
fn the_body_as_it_is() {
    is(&take!(post("/", "", b"abc"), String, |body| body), 200, "abc");
    is(&take!(post("/", "", b"abc"), &str, |body| body.to_owned()), 200, "abc");
    is(&take!(post("/", "", b"abc"), Bytes, |body| body), 200, "abc");
    is(&take!(post("/", "", b"abc"), Vec<u8>, |body| body), 200, "abc");
    is(&take!(post("/", "", b"abc"), &[u8], |body| body.to_vec()), 200, "abc");
    is(&take!(post("/", "", b"\xff"), String, |body| body), 400, "400: the body is not UTF-8\n");
    const _: () =
        assert!(<Json<u8>>::BODY && <Form<u8>>::BODY && String::BODY && <Option<String>>::BODY);
    const _: () = assert!(!<Query<u8>>::BODY && !<&u8>::BODY);
}
