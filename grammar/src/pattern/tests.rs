use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;

fn segments(path: &str) -> Vec<Segment<'_>> {
    Pattern::parse(path).unwrap_or_else(|error| panic!("{error}")).segments
}

/// The rule that the path breaks, and the text it breaks it with.
#[track_caller]
fn refused(path: &str) -> (Kind, &str) {
    let error = Pattern::parse(path).expect_err(path);
    assert_eq!(error.path(), path);
    (error.kind, &path[error.at])
}

#[test]
fn reads_every_kind_of_segment() {
    assert_eq!(segments("/"), [Segment::Literal("")]);
    assert_eq!(segments("/a"), [Segment::Literal("a")]);
    assert_eq!(segments("/a/"), [Segment::Literal("a"), Segment::Literal("")]);
    assert_eq!(
        segments("/user/{id}/files/{path...}"),
        [
            Segment::Literal("user"),
            Segment::Capture("id"),
            Segment::Literal("files"),
            Segment::Tail("path"),
        ]
    );
    assert_eq!(segments("/{rest...}"), [Segment::Tail("rest")]);
    assert_eq!(segments("/{_a1}/{größe}"), [Segment::Capture("_a1"), Segment::Capture("größe")]);
    assert_eq!(segments("/{type}"), [Segment::Capture("type")]);
    assert_eq!(segments("/caf%C3%A9"), [Segment::Literal("caf%C3%A9")]);
    assert_eq!(
        segments("/.well-known/a:b@c*d"),
        [Segment::Literal(".well-known"), Segment::Literal("a:b@c*d")]
    );
    assert_eq!(segments("/..."), [Segment::Literal("...")]);
}

#[test]
fn knows_its_names() {
    let pattern = Pattern::parse("/x/{id}/{idx}/{rest...}").unwrap();
    assert_eq!(pattern.names().collect::<Vec<_>>(), ["id", "idx", "rest"]);
    assert_eq!(pattern.range_of("id"), Some(3..7));
    assert_eq!(pattern.range_of("idx"), Some(8..13));
    assert_eq!(pattern.range_of("rest"), Some(14..23));
    assert_eq!(pattern.range_of("x"), None);
    assert_eq!(pattern.to_string(), pattern.as_str());
}

#[test]
fn matches_what_it_says() {
    let matches = |pattern, path| Pattern::parse(pattern).unwrap().matches(path);
    assert!(matches("/", "/"));
    assert!(!matches("/", "/a"));
    assert!(!matches("/", ""));
    assert!(!matches("/a", "a"));
    assert!(matches("/a", "/a"));
    assert!(!matches("/a", "/a/"));
    assert!(!matches("/a/", "/a"));
    assert!(matches("/%61", "/a"));
    assert!(matches("/a", "/%61"));
    assert!(!matches("/a", "/%6"));
    assert!(matches("/caf%C3%A9", "/caf%c3%a9"));
    assert!(matches("/user/{id}", "/user/a%2Fb"));
    assert!(!matches("/user/{id}", "/user/a/b"));
    assert!(!matches("/user/{id}", "/user//"));
    assert!(matches("/f/{rest...}", "/f/a/b/"));
    assert!(matches("/f/{rest...}", "/f//"));
    assert!(!matches("/f/{rest...}", "/f/"));
    assert!(!matches("/f/{rest...}", "/f"));
}

#[test]
fn refuses_each_mistake_at_its_place() {
    assert_eq!(refused(""), (Kind::MissingSlash, ""));
    assert_eq!(refused("users/{id}"), (Kind::MissingSlash, "u"));
    assert_eq!(refused("éa"), (Kind::MissingSlash, "é"));
    assert_eq!(refused("//"), (Kind::EmptySegment, "//"));
    assert_eq!(refused("/a//b"), (Kind::EmptySegment, "//"));
    assert_eq!(refused("/a//"), (Kind::EmptySegment, "//"));
    assert_eq!(refused("/u/{id"), (Kind::Unclosed, "{id"));
    assert_eq!(refused("/u/{id/x"), (Kind::Unclosed, "{id"));
    assert_eq!(refused("/u/{id/x}"), (Kind::Unclosed, "{id"));
    assert_eq!(refused("/u/{a{b}"), (Kind::Unclosed, "{a"));
    assert_eq!(refused("/u/{"), (Kind::Unclosed, "{"));
    assert_eq!(refused("/u/id}"), (Kind::StrayBrace, "}"));
    assert_eq!(refused("/u/{id}}"), (Kind::StrayBrace, "}"));
    assert_eq!(refused("/u/{{id}}"), (Kind::StrayBrace, "{{"));
    assert_eq!(refused("/u/{}"), (Kind::EmptyName, "{}"));
    assert_eq!(refused("/u/{...}"), (Kind::EmptyName, "{...}"));
    assert_eq!(refused("/u/{user-id}"), (Kind::NotAnIdentifier, "user-id"));
    assert_eq!(refused("/u/{ id }"), (Kind::NotAnIdentifier, " id "));
    assert_eq!(refused("/u/{1}"), (Kind::NotAnIdentifier, "1"));
    assert_eq!(refused("/u/{_}"), (Kind::NotAnIdentifier, "_"));
    assert_eq!(refused("/u/{self}"), (Kind::NotAnIdentifier, "self"));
    assert_eq!(refused("/u/{r#type}"), (Kind::NotAnIdentifier, "r#type"));
    assert_eq!(refused("/{id}/{id}"), (Kind::DuplicateName, "id"));
    assert_eq!(refused("/{id}/{id...}"), (Kind::DuplicateName, "id"));
    assert_eq!(refused("/{rest...}/a"), (Kind::TailNotLast, "{rest...}"));
    assert_eq!(refused("/{rest...}/"), (Kind::TailNotLast, "{rest...}"));
    assert_eq!(refused("/a-{id}"), (Kind::MixedSegment, "a-{id}"));
    assert_eq!(refused("/{id}.json"), (Kind::MixedSegment, "{id}.json"));
    assert_eq!(refused("/{a}{b}"), (Kind::MixedSegment, "{a}{b}"));
    assert_eq!(refused("/a?b=c/d"), (Kind::Query, "?b=c/d"));
    assert_eq!(refused("/{id}?b={c}"), (Kind::Query, "?b={c}"));
    assert_eq!(refused("/a#b"), (Kind::Fragment, "#b"));
    assert_eq!(refused("/a b"), (Kind::MustEscape, " "));
    assert_eq!(refused("/caféé!/x"), (Kind::MustEscape, "éé"));
    assert_eq!(refused("/a\\b"), (Kind::MustEscape, "\\"));
    assert_eq!(refused("/a%2"), (Kind::BadEscape, "%2"));
    assert_eq!(refused("/a%zz"), (Kind::BadEscape, "%zz"));
    assert_eq!(refused("/a%é/"), (Kind::BadEscape, "%é"));
    assert_eq!(refused("/a/./b"), (Kind::DotSegment, "."));
    assert_eq!(refused("/a/.."), (Kind::DotSegment, ".."));
    assert_eq!(refused("/a/%2e%2E"), (Kind::DotSegment, "%2e%2E"));
}

#[test]
fn knows_the_syntax_of_others() {
    for (path, foreign, culprit, help) in [
        ("/u/:id", Foreign::Colon, ":id", "write `{id}`"),
        ("/u/:/x", Foreign::Colon, ":", "write `{id}`"),
        ("/u/<name>", Foreign::Angle, "<name>", "write `{name}`"),
        ("/u/<int:name>", Foreign::Angle, "<int:name>", "write `{name}`"),
        ("/u/<path..>", Foreign::Angle, "<path..>", "write `{path...}`"),
        ("/u/*", Foreign::Star, "*", "write `{rest...}`"),
        ("/u/*path", Foreign::Star, "*path", "write `{path...}`"),
        ("/u/{*path}", Foreign::Star, "{*path}", "write `{path...}`"),
        ("/u/{**path}", Foreign::Star, "{**path}", "write `{path...}`"),
        ("/u/{path*}", Foreign::Star, "{path*}", "write `{path...}`"),
        ("/u/{path..}", Foreign::Star, "{path..}", "write `{path...}`"),
        ("/u/{...path}", Foreign::Star, "{...path}", "write `{path...}`"),
        ("/u/{n:\\d+}", Foreign::Constraint, "{n:\\d+}", "write `{n}`"),
        ("/u/{n:[^/]{2}}/x", Foreign::Constraint, "{n:[^/]{2}}", "write `{n}`"),
        ("/u/{id?}", Foreign::Optional, "{id?}", "write two routes"),
        ("/u/([^/]+)", Foreign::Regex, "([^/]+)", "the argument's type"),
        ("/u/(?P<id>.*)", Foreign::Regex, "(?P<id>.*)", "the argument's type"),
    ] {
        assert_eq!(refused(path), (Kind::Foreign(foreign), culprit));
        let text = Pattern::parse(path).expect_err(path).to_string();
        assert!(text.contains(&format!("help: {help}")), "{text}");
    }
}

#[test]
fn shows_the_place_and_the_remedy() {
    let shown = |path| Pattern::parse(path).expect_err(path).to_string();
    assert_eq!(
        shown("/user/{id"),
        "this `{` is never closed\n    /user/{id\n          ^^^\nhelp: write `{id}`"
    );
    assert_eq!(
        shown("/{größe}/{a}/{a}"),
        "the name `a` is used twice in one path\n    /{größe}/{a}/{a}\n                  ^\n\
         help: every capture is an argument; name each differently"
    );
    // A control character must not move the caret, nor break the line.
    assert_eq!(
        shown("/a\n/b\tc"),
        "`\\n` must be percent-encoded in a path\n    /a\\n/b\\tc\n      ^^\nhelp: write `%0A`"
    );
    assert_eq!(shown(""), "a route path must start with `/`\nhelp: write `/`");
}

/// Everything made of a few telling characters: no panic, ranges on character boundaries, and what is
/// accepted says the same again.
#[test]
fn never_panics() {
    let alphabet =
        ["/", "{", "}", ".", "...", "a", "é", "%", "2F", ":", "*", "<", "(", "?", "#", "\n"];
    let count = alphabet.len();
    let (mut accepted, mut total) = (0_u32, 0_u32);
    for length in 0..=5_u32 {
        for number in 0..count.pow(length) {
            let mut rest = number;
            let mut path = String::from("/");
            for _ in 0..length {
                path.push_str(alphabet[rest % count]);
                rest /= count;
            }
            for path in [&path[..], &path[1..]] {
                total += 1;
                match Pattern::parse(path) {
                    Ok(pattern) => {
                        accepted += 1;
                        assert_eq!(pattern.compare(&pattern), crate::Relation::Same);
                        assert!(pattern.names().all(|name| pattern.range_of(name).is_some()));
                    }
                    Err(error) => {
                        assert!(path.get(error.at.clone()).is_some(), "{error:?}");
                        if total.is_multiple_of(64) {
                            assert!(error.to_string().contains("\nhelp: "));
                        }
                    }
                }
            }
        }
    }
    assert!(accepted > 1000, "only {accepted} of {total} were accepted");
}
