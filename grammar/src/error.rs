//! What can be wrong with a path, told so that the author sees the place and the remedy.

use alloc::string::{String, ToString};
use core::fmt::{self, Display, Formatter, Write};
use core::ops::Range;

/// A path that is not a route path: where, and why.
///
/// It prints as a message, the path with a caret under the mistake, and the remedy:
///
/// ```text
/// this `{` is never closed
///     /user/{id
///           ^^^
/// help: write `{id}`
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The bytes of the path that are wrong. Both ends are on character boundaries.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub kind: PatternErrorKind,
    path: String,
}

impl PatternError {
    pub(crate) fn new(path: &str, at: Range<usize>, kind: PatternErrorKind) -> Self {
        Self { at, kind, path: path.to_string() }
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn culprit(&self) -> &str {
        self.path.get(self.at.clone()).unwrap_or_default()
    }

    fn write_message(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use PatternErrorKind as Kind;
        let culprit = Escaped(self.culprit());
        match self.kind {
            Kind::BadEscape => f.write_str("`%` must be followed by two hexadecimal digits"),
            Kind::DotSegment => {
                write!(f, "no request can reach a `{culprit}` segment: clients resolve it first")
            }
            Kind::DuplicateName => write!(f, "the name `{culprit}` is used twice in one path"),
            Kind::EmptyName => f.write_str("this capture has no name"),
            Kind::EmptySegment => f.write_str("a route path cannot have an empty segment"),
            Kind::Foreign(Foreign::Regex) => {
                f.write_str("route paths are not regular expressions; captures are written `{id}`")
            }
            Kind::Foreign(foreign) => {
                write!(f, "`{culprit}` is another framework's syntax; {}", foreign.ours())
            }
            Kind::Fragment => f.write_str("a route path has no fragment: clients never send it"),
            Kind::MissingSlash => f.write_str("a route path must start with `/`"),
            Kind::MixedSegment => f.write_str("a capture must be a whole segment of the path"),
            Kind::MustEscape => write!(f, "`{culprit}` must be percent-encoded in a path"),
            Kind::NotAnIdentifier => write!(f, "`{culprit}` cannot name an argument"),
            Kind::Query => f.write_str("the query is not part of a route path"),
            Kind::StrayBrace => write!(f, "this `{culprit}` does not belong to a capture"),
            Kind::TailNotLast => {
                write!(f, "`{culprit}` takes the rest of the path, so it must come last")
            }
            Kind::Unclosed if self.path[self.at.end..].starts_with('/') => {
                f.write_str("this `{` is not closed before the next `/`")
            }
            Kind::Unclosed => f.write_str("this `{` is never closed"),
        }
    }

    fn write_help(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use PatternErrorKind as Kind;
        let culprit = self.culprit();
        match self.kind {
            Kind::BadEscape => f.write_str("a percent sign itself is written `%25`"),
            Kind::DotSegment => f.write_str("leave the segment out"),
            Kind::DuplicateName => {
                f.write_str("every capture is an argument; name each differently")
            }
            Kind::EmptyName => f.write_str("name it after the argument that takes it: `{id}`"),
            Kind::EmptySegment => f.write_str("write a single `/`"),
            Kind::Foreign(foreign) => foreign.write_help(f, culprit),
            Kind::Fragment => write!(f, "leave `{}` out", Escaped(culprit)),
            Kind::MissingSlash => write!(f, "write `/{}`", Escaped(&self.path)),
            Kind::MixedSegment => {
                f.write_str("capture the whole segment, and take it apart in the handler")
            }
            Kind::MustEscape => {
                f.write_str("write `")?;
                culprit.bytes().try_for_each(|byte| write!(f, "%{byte:02X}"))?;
                f.write_char('`')
            }
            Kind::NotAnIdentifier => {
                let name: String = culprit.trim().replace(['-', ' ', '.'], "_");
                if crate::pattern::is_name(&name) {
                    write!(f, "write `{{{name}}}`")
                } else {
                    f.write_str("a capture's name is a Rust identifier: letters, digits and `_`")
                }
            }
            Kind::Query => {
                write!(f, "leave `{}` out, and read the query in the handler", Escaped(culprit))
            }
            Kind::StrayBrace => {
                let escape = if culprit == "{" { "%7B" } else { "%7D" };
                write!(f, "captures are written `{{id}}`; a brace itself is written `{escape}`")
            }
            Kind::TailNotLast => match culprit.strip_suffix("...}") {
                Some(start) => write!(f, "`{start}}}` takes one segment"),
                None => f.write_str("a capture without `...` takes one segment"),
            },
            Kind::Unclosed => match culprit.strip_prefix('{') {
                Some(name) if crate::pattern::is_name(name) => write!(f, "write `{{{name}}}`"),
                _ => f.write_str("captures are written `{id}`"),
            },
        }
    }
}

impl Display for PatternError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_message(f)?;
        if !self.path.is_empty() {
            write!(f, "\n{}", Excerpt { path: &self.path, at: self.at.clone() })?;
        }
        f.write_str("\nhelp: ")?;
        self.write_help(f)
    }
}

impl core::error::Error for PatternError {}

/// The rules of a route path, one variant for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternErrorKind {
    /// A `%` that two hexadecimal digits do not follow.
    BadEscape,
    /// A segment `.` or `..`, which clients resolve before they send a request (RFC 3986, section 5.2.4).
    DotSegment,
    /// Two captures with one name.
    DuplicateName,
    /// `{}` or `{...}`.
    EmptyName,
    /// `//` inside the path.
    EmptySegment,
    /// A capture as another framework writes it.
    Foreign(Foreign),
    /// A `#` and what follows.
    Fragment,
    /// The path does not start with `/`.
    MissingSlash,
    /// Text beside a capture, or two captures, in one segment.
    MixedSegment,
    /// Characters that RFC 3986 does not allow in a path.
    MustEscape,
    /// A capture's name that is not a Rust identifier.
    NotAnIdentifier,
    /// A `?` and what follows.
    Query,
    /// A brace that belongs to no capture.
    StrayBrace,
    /// A tail that is not the last segment.
    TailNotLast,
    /// A `{` without its `}`.
    Unclosed,
}

/// The ways in which other frameworks write a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// `<id>`, as in Rocket and Flask.
    Angle,
    /// `:id`, as in Express.
    Colon,
    /// `{id:\d+}`, as in actix.
    Constraint,
    /// `{id?}`, as in ASP.NET.
    Optional,
    /// `(\d+)`, as in Tornado.
    Regex,
    /// `*rest`, `{*rest}` or `{rest..}`, as in axum.
    Star,
}

impl Foreign {
    fn ours(self) -> &'static str {
        match self {
            Self::Angle | Self::Colon | Self::Regex => "captures are written `{id}` here",
            Self::Constraint => "the argument's type constrains a capture here",
            Self::Optional => "a capture is never optional here",
            Self::Star => "the rest of the path is written `{rest...}` here",
        }
    }

    fn write_help(self, f: &mut Formatter<'_>, culprit: &str) -> fmt::Result {
        // `<int:id>` and `<path:rest>` put the name last, `{id:\d+}` and `{rest:.*}` put it first.
        let mut parts = culprit.trim_matches(|c: char| !is_name_part(c)).split(':');
        let name = match self {
            Self::Angle => parts.next_back(),
            _ => parts.next(),
        };
        let name = name.filter(|name| crate::pattern::is_name(name));
        match self {
            Self::Optional => f.write_str("write two routes, one with the segment and one without"),
            Self::Star => write!(f, "write `{{{}...}}`", name.unwrap_or("rest")),
            Self::Regex => f.write_str("the argument's type says what a capture may hold"),
            Self::Angle if culprit.contains("..") || culprit.contains("path:") => {
                write!(f, "write `{{{}...}}`", name.unwrap_or("rest"))
            }
            _ => write!(f, "write `{{{}}}`", name.unwrap_or("id")),
        }
    }
}

/// A path with a caret under a part of it, as two indented lines.
#[derive(Clone, Debug)]
pub struct Excerpt<'p> {
    /// The whole path.
    pub path: &'p str,
    /// The bytes to point at. An empty or an invalid range puts one caret at its start.
    pub at: Range<usize>,
}

impl Display for Excerpt<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let columns = |text: Option<&str>| Escaped(text.unwrap_or_default()).columns();
        let before = columns(self.path.get(..self.at.start));
        let under = columns(self.path.get(self.at.clone())).max(1);
        write!(f, "{INDENT}{}\n{INDENT}{:before$}{:^<under$}", Escaped(self.path), "", "")
    }
}

const INDENT: &str = "    ";

/// Text from a path with its control characters made visible.
struct Escaped<'t>(&'t str);

impl Escaped<'_> {
    fn columns(&self) -> usize {
        self.0.chars().map(|c| if c.is_control() { c.escape_default().len() } else { 1 }).sum()
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_default()),
            false => f.write_char(c),
        })
    }
}

fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
