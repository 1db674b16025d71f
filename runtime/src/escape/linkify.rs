//! Links for the URLs of a text.

use super::xhtml_escape;
use std::borrow::Cow;
use std::fmt;

/// Plain text as HTML with links, as [`Linkify`] makes it with its defaults.
///
/// ```
/// use gustnado::escape::linkify;
///
/// assert_eq!(
///     linkify("<see> http://example.com/a_(b)."),
///     r#"&lt;see&gt; <a href="http://example.com/a_(b)">http://example.com/a_(b)</a>."#
/// );
/// ```
pub fn linkify(text: &str) -> String {
    Linkify::new().apply(text)
}

/// Makes HTML of plain text, with links for what looks like a URL.
///
/// A URL begins with a scheme (`http://`) or with `www.`, goes on to the next white space or bracket, except for brackets in pairs,
/// and does not end with punctuation. Everything is [escaped](xhtml_escape). The time grows with the length of the text, whatever it is.
///
/// ```
/// use gustnado::escape::Linkify;
///
/// let html = Linkify::new()
///     .shorten()
///     .extra_params(r#"rel="nofollow""#)
///     .apply("A http://reallylong.com/link/that/exceeds/thelimit.html");
/// assert_eq!(
///     html,
///     "A <a href=\"http://reallylong.com/link/that/exceeds/thelimit.html\" rel=\"nofollow\" \
///      title=\"http://reallylong.com/link/that/exceeds/thelimit.html\">http://reallylong.com/link...</a>"
/// );
/// ```
pub struct Linkify<'a> {
    shorten: bool,
    require_protocol: bool,
    permitted_protocols: Cow<'a, [&'a str]>,
    extra_params: Box<dyn Fn(&str) -> String + 'a>,
}

impl<'a> Linkify<'a> {
    /// Nothing is shortened, nothing added, a `www.` is enough, and `http` and `https` are permitted.
    pub fn new() -> Self {
        Self {
            shorten: false,
            require_protocol: false,
            permitted_protocols: Cow::Borrowed(&["http", "https"]),
            extra_params: Box::new(|_| String::new()),
        }
    }

    /// Shows URLs of more than 30 characters shortened: the host, and the beginning of the path. A `title` has the whole.
    #[must_use]
    pub fn shorten(mut self) -> Self {
        self.shorten = true;
        self
    }

    /// Makes no link of a `www.example.com` without a scheme.
    #[must_use]
    pub fn require_protocol(mut self) -> Self {
        self.require_protocol = true;
        self
    }

    /// The schemes that a link may have, in lower case. Beware of `javascript`.
    #[must_use]
    pub fn permitted_protocols(mut self, protocols: &'a [&'a str]) -> Self {
        self.permitted_protocols = Cow::Borrowed(protocols);
        self
    }

    /// Further attributes of each link, as HTML: `rel="nofollow" class="external"`.
    #[must_use]
    pub fn extra_params(self, params: &'a str) -> Self {
        self.extra_params_with(move |_| params.to_owned())
    }

    /// The same, by the link's URL, which is escaped already.
    #[must_use]
    pub fn extra_params_with<S: Into<String>>(mut self, params: impl Fn(&str) -> S + 'a) -> Self {
        self.extra_params = Box::new(move |href| params(href).into());
        self
    }

    /// The text as HTML.
    pub fn apply(&self, text: &str) -> String {
        // Escaped first, so that every `&` begins a reference, and nothing that follows can forget it.
        let text = xhtml_escape(text);
        let mut html = String::with_capacity(text.len());
        let mut rest = 0;
        while let Some(found) = Found::next(&text, rest) {
            html.push_str(&text[rest..found.start]);
            if self.permits(&found) {
                self.link(&found, &mut html);
            } else {
                html.push_str(found.url);
            }
            rest = found.start + found.url.len();
        }
        html.push_str(&text[rest..]);
        html
    }

    fn permits(&self, found: &Found<'_>) -> bool {
        match found.protocol() {
            Some(name) => self.permitted_protocols.iter().any(|it| it.eq_ignore_ascii_case(name)),
            None => !self.require_protocol,
        }
    }

    fn link(&self, found: &Found<'_>, html: &mut String) {
        let url = found.url;
        let scheme = if found.prefix == 0 { "http://" } else { "" };
        let href = format!("{scheme}{url}");
        html.push_str("<a href=\"");
        html.push_str(&href);
        html.push('"');
        let params = (self.extra_params)(&href);
        if !params.trim().is_empty() {
            html.push(' ');
            html.push_str(params.trim());
        }
        match self.shorten.then(|| found.shortened()).flatten() {
            Some(short) => html.extend([" title=\"", &href, "\">", &short]),
            None => html.extend([">", url]),
        }
        html.push_str("</a>");
    }
}

impl Default for Linkify<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Linkify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linkify")
            .field("shorten", &self.shorten)
            .field("require_protocol", &self.require_protocol)
            .field("permitted_protocols", &self.permitted_protocols)
            .finish_non_exhaustive()
    }
}

/// A URL in an escaped text.
struct Found<'a> {
    start: usize,
    url: &'a str,
    /// The length of `http://`; 0 if it has none.
    prefix: usize,
}

/// How many characters of a URL are shown: more than this are shortened to about as many.
const SHORT: usize = 30;

impl<'a> Found<'a> {
    /// The first URL that begins at `from` or later.
    fn next(text: &'a str, from: usize) -> Option<Self> {
        let mut at = from;
        loop {
            at += text[at..].find(|c| is_word(c) || c == '-')?;
            let end = end_of(text, at, |c| is_word(c) || c == '-');
            if let Some(found) = Self::with_protocol(text, at, end) {
                return Some(found);
            }
            if let Some(found) = Self::with_www(text, at, end) {
                return Some(found);
            }
            at = end;
        }
    }

    /// If the word in `at..end` is the scheme of one.
    fn with_protocol(text: &'a str, at: usize, end: usize) -> Option<Self> {
        let start = at + text[at..end].find(|c| c != '-')?;
        let slashes = text[end..].strip_prefix(':')?.bytes().take(3).take_while(|b| *b == b'/');
        // If nothing else is left for what comes behind it, a slash is that.
        let prefixes = (1..=slashes.count()).rev().map(|slashes| end + 1 + slashes);
        prefixes.map(|prefix| (prefix, end_of_body(text, prefix))).find_map(|(prefix, end)| {
            let found = Self { start, url: &text[start..end], prefix: prefix - start };
            (end > prefix).then_some(found)
        })
    }

    /// If `at..end` ends with a `www`, and the dot and the rest follow.
    fn with_www(text: &'a str, at: usize, end: usize) -> Option<Self> {
        let before = text[at..end].strip_suffix("www").filter(|rest| !rest.ends_with(is_word))?;
        let body = end + text[end..].starts_with('.').then_some(1)?;
        let (start, end) = (at + before.len(), end_of_body(text, body));
        (end > body).then(|| Self { start, url: &text[start..end], prefix: 0 })
    }

    fn protocol(&self) -> Option<&'a str> {
        Some(self.url[..self.prefix].trim_end_matches('/'))
            .filter(|name| !name.is_empty())
            .map(|name| name.trim_end_matches(':'))
    }

    /// What to show instead of a long one, if that is shorter.
    fn shortened(&self) -> Option<String> {
        let count = |text: &str| text.chars().count();
        if count(self.url) <= SHORT {
            return None;
        }
        let (prefix, rest) = self.url.split_at(self.prefix);
        let mut short = match rest.split_once('/') {
            Some((host, path)) => {
                let first = path.split('/').next().unwrap_or_default();
                let first = &first[..end_of_chars(first, 8)];
                format!("{prefix}{host}/{}", first.split(['?', '.']).next().unwrap_or_default())
            }
            None => self.url.to_owned(),
        };
        if count(&short) * 2 > SHORT * 3 {
            short.truncate(end_of_chars(&short, SHORT));
        }
        if short == self.url {
            return None;
        }
        // Not in the middle of a reference.
        if let Some(reference) = short.rfind('&').filter(|at| count(&short[..*at]) > SHORT - 5) {
            short.truncate(reference);
        }
        short.push_str("...");
        (count(&short) < count(self.url)).then_some(short)
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Where what is in no URL ends one, apart from brackets and references.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Whether a URL may end with it.
fn is_solid(c: char) -> bool {
    !c.is_ascii_punctuation() || matches!(c, '-' | '/' | '\\' | '_')
}

/// Where the text from `at` on stops to be of this kind.
fn end_of(text: &str, at: usize, kind: impl Fn(char) -> bool) -> usize {
    text[at..].find(|c| !kind(c)).map_or(text.len(), |length| at + length)
}

/// The end of the first `count` characters.
fn end_of_chars(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

/// Where what is behind the scheme ends: runs that end with something solid, and brackets in pairs.
fn end_of_body(text: &str, mut at: usize) -> usize {
    loop {
        let (solid, end) = run(text, at);
        if solid > at {
            at = solid;
            if solid < end {
                return at;
            }
        }
        let Some(inside) = text[at..].strip_prefix('(').map(|_| at + 1) else {
            return at;
        };
        let (_, end) = run(text, inside);
        if !text[end..].starts_with(')') {
            return at;
        }
        at = end + 1;
    }
}

/// The longest run from `at` on without blanks, brackets and references, other than those of `&` and `"`: where it ends, and
/// before that, where its last solid character does.
fn run(text: &str, at: usize) -> (usize, usize) {
    let (mut solid, mut end) = (at, at);
    let mut rest = &text[at..];
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '&' => match ["&amp;", "&quot;"].iter().find(|it| rest.starts_with(**it)) {
                Some(reference) => reference.len(),
                None => break,
            },
            '(' | ')' => break,
            _ if is_blank(c) => break,
            _ => c.len_utf8(),
        };
        end += length;
        if is_solid(c) {
            solid = end;
        }
        rest = &rest[length..];
    }
    (solid, end)
}
