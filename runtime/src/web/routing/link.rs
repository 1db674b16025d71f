//! From a route back to its URL.

use std::any::TypeId;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gustnado_grammar::{Pattern, Segment};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::http::form_string;

/// The way to a route: `user::url(7)` for `#[route("/user/{id}")] async fn user(id: u64)`.
///
/// A parameter that is missing, or of a type that the capture cannot have, is a compile error. Where the route is mounted in an
/// application is known to that one alone, so [`Context::reverse_url`](crate::Context::reverse_url) makes the URL of it.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[route("/user/{name}/files/{path...}")]
/// async fn file(name: String, path: String) {}
///
/// #[route("/")]
/// async fn index(cx: &Context) -> Result<Redirect> {
///     let link = file::url("ada & co", "notes/1.txt").query(&[("page", 2)]);
///     Ok(Redirect::to(cx.reverse_url(&link)?))
/// }
///
/// let site = Application::new(routes![index, ..routes![file].under("/v1")]).build()?;
/// let link = file::url("ada & co", "notes/1.txt");
/// assert_eq!(site.reverse_url(&link)?, "/v1/user/ada%20%26%20co/files/notes/1.txt");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it is a URL only once `Context::reverse_url` has made one of it"]
pub struct Link {
    endpoint: TypeId,
    name: &'static str,
    path: String,
    query: Result<String, String>,
}

impl Link {
    /// For the macros: the path with what its captures stand for, in its order.
    #[doc(hidden)]
    pub fn new<E: 'static>(name: &'static str, path: &str, pieces: &[Cow<'_, str>]) -> Self {
        let mut url = String::with_capacity(path.len() + 16);
        let mut pieces = pieces.iter();
        let mut next = || pieces.next().map_or("", |piece| &**piece);
        // The macro has checked the path, and counted its captures.
        for segment in Pattern::parse(path).iter().flat_map(Pattern::segments) {
            url.push('/');
            match segment {
                Segment::Literal(literal) => url.push_str(literal),
                Segment::Capture(_) => url.extend(encoded(next())),
                Segment::Tail(_) => push_tail(next(), &mut url),
            }
        }
        Self { endpoint: TypeId::of::<E>(), name, path: url, query: Ok(String::new()) }
    }

    pub(in super::super) fn endpoint(&self) -> TypeId {
        self.endpoint
    }

    pub(in super::super) fn name(&self) -> &'static str {
        self.name
    }

    /// From where the route is mounted.
    pub(in super::super) fn path(&self) -> &str {
        &self.path
    }

    pub(in super::super) fn query_text(&self) -> Result<&str, &str> {
        self.query.as_deref().map_err(String::as_str)
    }

    /// The same link with a query: a struct, a map, or pairs of names and values. It replaces an earlier one.
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        Self { query: form_string(query), ..self }
    }
}

/// What RFC 3986 calls unreserved stays as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, ENCODED)
}

/// Slashes stay, but not at the beginning: `//host/` would be another site.
fn push_tail(text: &str, url: &mut String) {
    let rest = text.trim_start_matches('/');
    url.extend(std::iter::repeat_n("%2F", text.len() - rest.len()));
    for (index, segment) in rest.split('/').enumerate() {
        if index > 0 {
            url.push('/');
        }
        url.extend(encoded(segment));
    }
}

/// A value that a capture can be filled with: the opposite of [`FromCapture`](crate::FromCapture).
///
/// An empty text, `.` and `..` are no segments of a path: the URL of one leads elsewhere.
///
/// ```
/// use gustnado::ToCapture;
/// use std::borrow::Cow;
///
/// struct Slug(String);
///
/// impl ToCapture for Slug {
///     fn to_capture(&self) -> Cow<'_, str> {
///         Cow::Borrowed(&self.0)
///     }
/// }
/// ```
pub trait ToCapture {
    /// The text, which is not percent-encoded.
    fn to_capture(&self) -> Cow<'_, str>;
}

macro_rules! to_capture {
    ($($type:ty)+ => |$value:ident| $text:expr) => {
        $(impl ToCapture for $type {
            fn to_capture(&self) -> Cow<'_, str> {
                let $value = self;
                $text.into()
            }
        })+
    };
}

to_capture!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize => |number| number.to_string());
to_capture!(f32 f64 bool char IpAddr Ipv4Addr Ipv6Addr => |value| value.to_string());
to_capture!(String => |text| &**text);

/// A value that a capture can be filled with in a [`Link`], if a handler takes it as `C` says, which is `fn(T)`: a `T`, a `&T`, and
/// any text for a text.
///
/// A function, because what an argument borrows has no name outside of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot fill this capture of the path",
    label = "another type than that of the handler's argument",
    note = "what the handler takes stands in the parentheses of `{C}`",
    note = "a type of your own must implement `ToCapture`"
)]
pub trait Fills<C> {
    /// The text, which is not percent-encoded.
    fn piece(&self) -> Cow<'_, str>;
}

impl<T: ToCapture> Fills<fn(T)> for T {
    fn piece(&self) -> Cow<'_, str> {
        self.to_capture()
    }
}

impl<T: ToCapture> Fills<fn(T)> for &T {
    fn piece(&self) -> Cow<'_, str> {
        (**self).to_capture()
    }
}

macro_rules! texts {
    ($($given:ty => $wanted:ty,)+) => {
        $(impl Fills<fn($wanted)> for $given {
            fn piece(&self) -> Cow<'_, str> {
                Cow::Borrowed(self)
            }
        })+
    };
}

texts! {
    &str => &str,
    &str => String,
    String => &str,
    &String => &str,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Here;

    fn path(pattern: &str, pieces: &[&str]) -> String {
        let pieces: Vec<_> = pieces.iter().map(|piece| Cow::Borrowed(*piece)).collect();
        Link::new::<Here>("here", pattern, &pieces).path
    }

    #[test]
    fn captures_are_encoded_and_literals_are_not() {
        assert_eq!(path("/", &[]), "/");
        assert_eq!(path("/a%20b/", &[]), "/a%20b/");
        assert_eq!(path("/{a}/x/{b}", &["1/2", "\u{e9}?#%"]), "/1%2F2/x/%C3%A9%3F%23%25");
        assert_eq!(path("/f/{path...}", &["a b/c//d"]), "/f/a%20b/c//d");
    }

    #[test]
    fn no_text_leads_to_another_site() {
        for text in ["//evil.example", "/evil.example", "\\evil.example", "/\\evil.example"] {
            let url = path("/{path...}", &[text]);
            assert!(!url.starts_with("//") && !url.contains('\\'), "{url}");
            let url = path("/{name}", &[text]);
            assert!(!url.starts_with("//") && !url.contains('\\'), "{url}");
        }
    }
}
