use std::cell::Cell;
use std::rc::Rc;

use ::http::{Method, StatusCode};

use super::*;
use crate::http::{Body, Request, Response, Service};
use crate::web::testing::{HERE, answer, get, post, request, text};
use crate::web::{FromRequest, Respond};

fn hello(path: &'static str) -> Route {
    Route::new(path, "hello", HERE).handler(|cx| async move { "Hello, world".respond(&cx) })
}

fn ask(method: &str, target: &str) -> Request {
    request(method, target, &[], b"")
}

fn allow(response: &Response) -> &str {
    std::str::from_utf8(response.headers().value("allow").unwrap()).unwrap()
}

#[test]
fn a_route_answers() {
    let response = answer(Application::new(vec![hello("/")]), get("/?a=b"));
    assert_eq!((response.status(), text(&response)), (StatusCode::OK, "Hello, world"));
    assert!(matches!(response.body(), Body::Static(_)));
}

#[test]
fn no_route_is_a_404() {
    let response = answer(Application::new(vec![hello("/")]), get("/a"));
    assert_eq!((response.status(), text(&response)), (StatusCode::NOT_FOUND, "404: Not Found\n"));
}

#[test]
fn another_method_is_a_405_that_says_which_are_allowed() {
    let response = answer(Application::new(vec![hello("/")]), ask("POST", "/"));
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(allow(&response), "GET, HEAD, OPTIONS");
}

#[test]
fn options_is_answered_for_paths_that_exist() {
    let app = || Application::new(vec![hello("/"), hello("/a").methods([Method::PUT])]);
    let response = answer(app(), ask("OPTIONS", "/a"));
    assert_eq!((response.status(), allow(&response)), (StatusCode::NO_CONTENT, "OPTIONS, PUT"));
    let response = answer(app(), ask("OPTIONS", "*"));
    assert_eq!(
        (response.status(), allow(&response)),
        (StatusCode::NO_CONTENT, "GET, HEAD, OPTIONS, PUT")
    );
    assert_eq!(answer(app(), ask("OPTIONS", "/no")).status(), StatusCode::NOT_FOUND);
}

#[test]
fn an_options_route_of_ones_own_is_preferred() {
    let route = hello("/{path...}").methods([Method::OPTIONS]);
    let response = answer(Application::new(vec![hello("/a"), route]), ask("OPTIONS", "/a"));
    assert_eq!(text(&response), "Hello, world");
}

#[test]
fn head_is_answered_by_get() {
    let response = answer(Application::new(vec![hello("/")]), ask("HEAD", "/"));
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn a_body_within_the_limit_is_there_when_the_handler_starts() {
    let route = || {
        Route::new("/", "echo", HERE)
            .methods([Method::POST])
            .handler(|cx| async move { cx.body().to_vec().respond(&cx) })
    };
    let echo =
        |route, body| answer(Application::new(vec![route]).max_body_size(3), post("/", "", body));
    assert_eq!(text(&echo(route(), b"abc")), "abc");
    let response = echo(route(), b"abcd");
    assert_eq!(
        (response.status(), text(&response)),
        (StatusCode::PAYLOAD_TOO_LARGE, "413: the body is too large\n")
    );
    assert_eq!(text(&echo(route().max_body_size(4), b"abcd")), "abcd");
    assert_eq!(echo(route().max_body_size(2), b"abc").status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn handlers_share_what_is_provided() {
    let count =
        Route::new("/", "count", HERE).takes(<&Cell<u32>>::ARGUMENT).handler(|cx| async move {
            let count = <&Cell<u32>>::from_request(&cx).await.unwrap();
            count.set(count.get() + 1);
            count.get().to_string().respond(&cx)
        });
    let site = Application::new(vec![count]).provide(Cell::new(0_u32)).build().unwrap();
    let ask = || text(&crate::web::testing::now(site.call(get("/")))).to_owned();
    assert_eq!([ask(), ask()], ["1", "2"]);
}

#[test]
fn every_problem_is_reported_at_once() {
    struct Db;
    let needs = hello("/a").takes(<&Db>::ARGUMENT).takes(<Option<&Db>>::ARGUMENT);
    let app = Application::new(vec![needs, hello("/{x}"), hello("/{y}"), hello("bad")]);
    let error = app.provide(1_u8).provide(2_u8).build().unwrap_err();
    assert_eq!(error.problems().len(), 4, "{error}");
    let text = error.to_string();
    for part in [
        "the application cannot start:\n  - ",
        "a u8 was provided twice",
        "\"bad\" (handler hello, ",
        "two routes answer the same GET requests: \"/{x}\" (handler hello, ",
        "\"/a\" (handler hello, ",
        "needs a &gustnado::web::application::tests::every_problem_is_reported_at_once::Db, which was not provided",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn dropping_the_site_drops_what_was_provided() {
    let shared = Rc::new(());
    let site = Application::new(vec![hello("/")]).provide(shared.clone()).build().unwrap();
    drop(crate::web::testing::now(site.call(get("/"))));
    assert_eq!(Rc::strong_count(&shared), 2);
    drop(site);
    assert_eq!(Rc::strong_count(&shared), 1);
}
