use super::*;
use crate::web::routing::Location;

fn route(path: &'static str, name: &'static str, methods: &[Method]) -> Route {
    let line = u32::try_from(name.len()).unwrap();
    Route::new(path, name, Location { file: "src/main.rs", line })
        .methods(methods.iter().cloned())
        .handler(|_| async { crate::http::Response::new(::http::StatusCode::OK) })
}

fn gets(paths: &[&'static str]) -> Router {
    router(paths.iter().map(|path| route(path, "get", &[])).collect())
}

fn router(routes: Vec<Route>) -> Router {
    let mut problems = Vec::new();
    let router = Router::new(routes, &mut problems);
    assert_eq!(problems, Vec::<String>::new());
    router
}

fn problems(routes: Vec<Route>) -> Vec<String> {
    let mut problems = Vec::new();
    Router::new(routes, &mut problems);
    problems
}

/// Asks for a method and a path alone.
struct Bare;

impl Asked for Bare {
    fn host(&self) -> &str {
        ""
    }

    fn is_forwarded(&self) -> bool {
        false
    }

    fn fits(&self, _: &Route, _: bool) -> u16 {
        0
    }
}

/// The path of the route that a GET finds.
fn found<'r>(router: &'r Router, path: &str) -> Option<&'r str> {
    router.find(&Method::GET, path.as_bytes(), &Bare).map(|index| router.routes()[index].path())
}

fn captured<'p>(router: &Router, path: &'p str) -> Vec<&'p str> {
    let route = &router.routes()[router.find(&Method::GET, path.as_bytes(), &Bare).unwrap()];
    (0..route.captures()).map(|position| route.capture(position, path).unwrap()).collect()
}

#[test]
fn finds_static_paths_exactly() {
    let router = gets(&["/", "/a", "/a/", "/a/b"]);
    for path in ["/", "/a", "/a/", "/a/b"] {
        assert_eq!(found(&router, path), Some(path));
    }
    for path in ["", "a", "//", "/b", "/a/b/", "/A", "*", "/a//b"] {
        assert_eq!(found(&router, path), None, "{path}");
    }
}

#[test]
fn captures_are_whole_segments() {
    let router = gets(&["/user/{id}", "/user/{id}/file/{name}", "/static/{path...}"]);
    assert_eq!(captured(&router, "/user/7"), ["7"]);
    assert_eq!(captured(&router, "/user/7/file/a%2Fb"), ["7", "a%2Fb"]);
    assert_eq!(captured(&router, "/static/css/site.css"), ["css/site.css"]);
    assert_eq!(captured(&router, "/static//"), ["/"]);
    for path in
        ["/user/", "/user", "/user/7/", "/user/7/file/", "/static/", "/static", "/user//file/x"]
    {
        assert_eq!(found(&router, path), None, "{path}");
    }
}

#[test]
fn the_more_specific_route_wins() {
    let router = gets(&["/{path...}", "/user/{id}", "/user/me", "/user/{id}/edit"]);
    assert_eq!(found(&router, "/user/me"), Some("/user/me"));
    assert_eq!(found(&router, "/user/7"), Some("/user/{id}"));
    assert_eq!(found(&router, "/user/7/edit"), Some("/user/{id}/edit"));
    assert_eq!(found(&router, "/user/7/drop"), Some("/{path...}"));
    assert_eq!(found(&router, "/user/"), Some("/{path...}"));
    assert_eq!(found(&router, "/"), None);
}

#[test]
fn backs_out_of_a_branch_that_ends_in_nothing() {
    let router = gets(&["/a/x/1", "/{one}/x/2", "/{one}/{two}/3"]);
    assert_eq!(found(&router, "/a/x/1"), Some("/a/x/1"));
    assert_eq!(found(&router, "/a/x/2"), Some("/{one}/x/2"));
    assert_eq!(found(&router, "/a/x/3"), Some("/{one}/{two}/3"));
    assert_eq!(found(&router, "/a/x/4"), None);
}

#[test]
fn a_method_that_the_specific_route_lacks_goes_to_the_next() {
    let router = router(vec![
        route("/user/me", "me", &[Method::GET]),
        route("/user/{id}", "user", &[Method::GET, Method::DELETE]),
    ]);
    assert_eq!(router.find(&Method::GET, b"/user/me", &Bare), Some(0));
    assert_eq!(router.find(&Method::DELETE, b"/user/me", &Bare), Some(1));
    assert_eq!(router.find(&Method::PUT, b"/user/me", &Bare), None);
}

#[test]
fn head_follows_get_unless_it_has_its_own() {
    let router = router(vec![
        route("/a", "a", &[]),
        route("/b", "b", &[]),
        route("/b", "head", &[Method::HEAD]),
        route("/c", "c", &[Method::POST]),
    ]);
    assert_eq!(router.find(&Method::HEAD, b"/a", &Bare), Some(0));
    assert_eq!(router.find(&Method::HEAD, b"/b", &Bare), Some(2));
    assert_eq!(router.find(&Method::HEAD, b"/c", &Bare), None);
}

#[test]
fn an_escaped_literal_is_the_same_literal() {
    let router = gets(&["/user", "/caf%C3%A9", "/a/{id}"]);
    assert_eq!(found(&router, "/%75ser"), Some("/user"));
    assert_eq!(found(&router, "/caf%c3%a9"), Some("/caf%C3%A9"));
    assert_eq!(found(&router, "/caf%C3%A9"), Some("/caf%C3%A9"));
    assert_eq!(found(&router, "/%61/%31"), Some("/a/{id}"));
    assert_eq!(found(&router, "/a%2F1"), None);
    assert_eq!(found(&router, "/us%er"), None);
}

#[test]
fn extension_methods_are_methods() {
    let purge = Method::from_bytes(b"PURGE").unwrap();
    let router = router(vec![route("/a", "a", std::slice::from_ref(&purge))]);
    assert_eq!(router.find(&purge, b"/a", &Bare), Some(0));
    assert_eq!(
        router.allowed("/a", &Bare).map(|allowed| allowed.header()).as_deref(),
        Some("OPTIONS, PURGE")
    );
}

#[test]
fn allow_lists_the_methods_of_every_route_that_matches() {
    let router = router(vec![
        route("/user/me", "me", &[Method::GET]),
        route("/user/{id}", "user", &[Method::PUT]),
        route("/log", "log", &[Method::POST]),
    ]);
    assert_eq!(
        router.allowed("/user/me", &Bare).map(|allowed| allowed.header()).as_deref(),
        Some("GET, HEAD, OPTIONS, PUT")
    );
    assert_eq!(
        router.allowed("/user/7", &Bare).map(|allowed| allowed.header()).as_deref(),
        Some("OPTIONS, PUT")
    );
    assert_eq!(router.allowed("/nothing", &Bare).map(|allowed| allowed.header()), None);
    assert_eq!(router.allowed("", &Bare).map(|allowed| allowed.header()), None);
    assert_eq!(
        router.allowed("*", &Bare).map(|allowed| allowed.header()).as_deref(),
        Some("GET, HEAD, OPTIONS, POST, PUT")
    );
}

#[test]
fn two_answers_to_one_request_are_a_problem_that_names_both_routes() {
    assert_eq!(
        problems(vec![route("/user/{id}", "one", &[]), route("/user/{name}", "other", &[])]),
        ["two routes answer the same GET requests: \
          \"/user/{id}\" (handler one, src/main.rs:3) and \"/user/{name}\" (handler other, src/main.rs:5)"]
    );
    assert_eq!(problems(vec![route("/a", "a", &[]), route("/%61", "b", &[])]).len(), 1);
    assert_eq!(problems(vec![route("/{a}/x", "a", &[]), route("/y/{b}", "b", &[])]).len(), 1);
}

#[test]
fn different_methods_do_not_overlap() {
    let post = [Method::POST, Method::PUT];
    assert!(problems(vec![route("/a", "a", &[]), route("/a", "b", &post)]).is_empty());
    assert_eq!(problems(vec![route("/a", "a", &post), route("/a", "b", &post[1..])]).len(), 1);
}

#[test]
fn bad_paths_and_missing_handlers_are_problems() {
    let bare = Route::new("/a", "bare", Location { file: "src/main.rs", line: 1 });
    let problems = problems(vec![bare, route("/u/{id", "open", &[]), route("b", "b", &[])]);
    assert_eq!(problems.len(), 3);
    assert!(problems[0].contains("(handler bare, src/main.rs:1) has no handler"));
    assert!(problems[1].contains("this `{` is never closed"));
}

/// The table, the tree and the grammar's own definition agree.
#[test]
fn agrees_with_the_definition_of_matching() {
    let paths = [
        "/",
        "/a",
        "/a/",
        "/a/b",
        "/a/{x}",
        "/{x}/c",
        "/{x}/{y}/c",
        "/a/{x}/c",
        "/b/{t...}",
        "/b/a/{t...}",
    ];
    let words = ["", "a", "b", "c", "%61", "%2F"];
    for path in paths {
        let router = gets(&[path]);
        let pattern = Pattern::parse(path).unwrap();
        for one in words {
            for two in words {
                for three in words {
                    for request in [
                        format!("/{one}"),
                        format!("/{one}/{two}"),
                        format!("/{one}/{two}/{three}"),
                    ] {
                        let found = router.find(&Method::GET, request.as_bytes(), &Bare).is_some();
                        assert_eq!(found, pattern.matches(&request), "{path} {request}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_number_is_one_route_of_one_router() {
    let (first, second) = (gets(&["/a", "/b"]), gets(&["/a", "/b"]));
    for route in 0..2 {
        let number = first.number(route);
        assert_eq!((first.numbered(number), second.numbered(number)), (Some(route), None));
    }
    assert_eq!(first.numbered(0), None);
    assert_eq!(second.numbered(second.number(2)), None);
}
