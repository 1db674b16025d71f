//! Parts of pages that bring their style and their scripts along.

use std::borrow::Cow;

use minijinja::Value;

use super::Page;
use crate::error::{Error, Result};

/// A part that may be on many pages, and several times on one. Tornado's `UIModule`.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::template::{Page, Resources, Templates, UIModule, Value, context, from_args};
///
/// struct Entry;
///
/// impl UIModule for Entry {
///     fn render(&self, page: &Page, arguments: &[Value]) -> Result<String> {
///         let (entry,): (Value,) = from_args(arguments)?;
///         page.render("modules/entry.html", context! { entry })
///     }
///
///     fn resources(&self) -> Resources {
///         Resources::new().embedded_css(".entry { margin-bottom: 1em; }").javascript_file("entry.js")
///     }
/// }
///
/// let templates = Templates::from_sources([
///     ("index.html", "<head></head><body>{{ modules.Entry('one') }}{{ modules.Entry('two') }}</body>"),
///     ("modules/entry.html", "<p class='entry'>{{ entry }}</p>"),
/// ])?
/// .module("Entry", Entry);
/// # Ok::<(), Error>(())
/// ```
pub trait UIModule: 'static {
    /// The part as HTML, which is not escaped again.
    ///
    /// # Errors
    ///
    /// The page is not answered.
    fn render(&self, page: &Page, arguments: &[Value]) -> Result<String>;

    /// What a page needs that has this part, once.
    fn resources(&self) -> Resources {
        Resources::new()
    }
}

/// What a page needs in its head, and at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources(Vec<(Kind, Cow<'static, str>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CssFile,
    EmbeddedCss,
    Head,
    JavascriptFile,
    EmbeddedJavascript,
    Body,
}

impl Resources {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A style sheet: a path, for which `static_url` knows the URL, or a URL.
    #[must_use]
    pub fn css_file(self, path: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::CssFile, path)
    }

    /// Style.
    #[must_use]
    pub fn embedded_css(self, css: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::EmbeddedCss, css)
    }

    /// HTML for the head of the page.
    #[must_use]
    pub fn html_head(self, html: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::Head, html)
    }

    /// A script: a path, for which `static_url` knows the URL, or a URL.
    #[must_use]
    pub fn javascript_file(self, path: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::JavascriptFile, path)
    }

    /// A script. It must not contain `</script`.
    #[must_use]
    pub fn embedded_javascript(self, script: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::EmbeddedJavascript, script)
    }

    /// HTML for the end of the page.
    #[must_use]
    pub fn html_body(self, html: impl Into<Cow<'static, str>>) -> Self {
        self.with(Kind::Body, html)
    }

    pub(super) fn with(mut self, kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push((kind, text.into()));
        self
    }
}

/// What the parts of a page have asked for so far, each once.
#[derive(Default)]
pub(super) struct Used(Vec<(Kind, Cow<'static, str>)>);

impl Used {
    pub(super) fn add(&mut self, resources: Resources) {
        for resource in resources.0 {
            if !self.0.contains(&resource) {
                self.0.push(resource);
            }
        }
    }

    /// The page with style at the end of its head, and scripts at the end of its body.
    pub(super) fn put_into(
        self,
        mut html: String,
        static_url: impl Fn(&str) -> Result<String>,
    ) -> Result<String> {
        let mut insert = |kinds: [Kind; 3], tag: &str, last: bool| {
            let mut text = String::new();
            for kind in kinds {
                self.write(kind, &mut text, &static_url)?;
            }
            let place = if last { html.rfind(tag) } else { html.find(tag) };
            match place {
                Some(place) => html.insert_str(place, &text),
                None if text.is_empty() => {}
                None => {
                    return Err(Error::msg(format!(
                        "the page has no {tag}, which its UI modules need"
                    )));
                }
            }
            Ok(())
        };
        // The end first: text in front of it would move it.
        insert([Kind::JavascriptFile, Kind::EmbeddedJavascript, Kind::Body], "</body>", true)?;
        insert([Kind::CssFile, Kind::EmbeddedCss, Kind::Head], "</head>", false)?;
        Ok(html)
    }

    fn write(
        &self,
        kind: Kind,
        html: &mut String,
        static_url: impl Fn(&str) -> Result<String>,
    ) -> Result<()> {
        let texts = self.0.iter().filter(|(other, _)| *other == kind).map(|(_, text)| &**text);
        let texts: Vec<&str> = texts.collect();
        if texts.is_empty() {
            return Ok(());
        }
        let url = |path: &str| {
            let is_url = path.starts_with('/') || path.contains("://");
            let url = if is_url { path.to_owned() } else { static_url(path)? };
            Ok::<_, Error>(crate::escape::xhtml_escape(&url).into_owned())
        };
        match kind {
            Kind::CssFile => {
                for path in texts {
                    html.extend(["<link href=\"", &url(path)?, "\" rel=\"stylesheet\"/>\n"]);
                }
            }
            Kind::JavascriptFile => {
                for path in texts {
                    html.extend(["<script src=\"", &url(path)?, "\"></script>\n"]);
                }
            }
            Kind::EmbeddedCss => html.extend(["<style>\n", &texts.join("\n"), "\n</style>\n"]),
            Kind::EmbeddedJavascript => {
                html.extend(["<script>\n", &texts.join("\n"), "\n</script>\n"]);
            }
            Kind::Head | Kind::Body => html.extend([&*texts.join("\n"), "\n"]),
        }
        Ok(())
    }
}
