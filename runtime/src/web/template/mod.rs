//! Pages from templates, by [MiniJinja](minijinja). (Feature `templates`.)
//!
//! ```
//! use gustnado::prelude::*;
//! use gustnado::template::{Template, Templates, context};
//!
//! #[route("/")]
//! async fn index() -> Template {
//!     Template::new("index.html", context! { title => "<Tornado>", entries => ["one", "two"] })
//! }
//!
//! # fn main() -> Result<()> {
//! let templates = Templates::from_sources([
//!     ("base.html", "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}"),
//!     ("index.html", "{% extends 'base.html' %}{% block title %}{{ title }}{% endblock %}\
//!         {% block body %}{% for entry in entries %}<p>{{ entry }}</p>{% endfor %}{% endblock %}"),
//! ])?;
//! Application::new(routes![index]).provide(templates).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! A program reads its templates from a folder with [`Templates::new`], which also finds their mistakes, before the first request.
#![doc = include_str!("tornado.md")]

mod error;
mod functions;
mod modules;
mod page;
mod reverse;

pub use error::TemplateError;
pub use minijinja::value::{Kwargs, Serde, from_args};
pub use minijinja::{Environment, Value, context};
pub use modules::{Resources, UIModule};
pub use page::Page;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::rc::Rc;

use minijinja::{AutoEscape, UndefinedBehavior, escape_formatter, path_loader};

use super::{Context, Html, Respond};
use crate::error::{Error, Result};
use crate::escape::xhtml_escape;
use crate::http::Response;
use crate::locale::Locale;

/// A page as an answer: a template, and what it is filled with. The application was [provided](super::Application::provide) with
/// [`Templates`].
///
/// The values are a [`context!`], or anything that can be serialised, as `Serde(value)`.
#[derive(Clone, Debug)]
#[must_use = "it is rendered when it is returned"]
pub struct Template {
    name: Cow<'static, str>,
    values: Value,
}

impl Template {
    /// The template of this name, filled with these values.
    pub fn new(name: impl Into<Cow<'static, str>>, values: impl Into<Value>) -> Self {
        Self { name: name.into(), values: values.into() }
    }
}

impl Respond for Template {
    fn respond(self, cx: &Context) -> Response {
        self.try_respond(cx).unwrap_or_else(|error| error.respond(cx))
    }

    fn try_respond(self, cx: &Context) -> Result<Response> {
        let Some(templates) = cx.provided::<Templates>() else {
            let reason =
                "the application was provided with no Templates: add .provide(Templates::new(..)?)";
            return Err(Error::msg(reason));
        };
        let page = templates.render(cx, &self.name, self.values)?;
        Ok(Html(page).respond(cx))
    }
}

/// The templates of an application, and what they can call. Tornado's `Loader`.
///
/// Everything that is put into a page is escaped, but what is [`safe`](Value::from_safe_string), and but in templates whose name
/// ends with `.txt`. A variable that is not there is an error, unless it is only asked whether it is (`{% if user %}`).
pub struct Templates(Rc<Shared>);

struct Shared {
    environment: RefCell<Environment<'static>>,
    functions: RefCell<HashMap<String, Rc<Function>>>,
    values: RefCell<HashMap<String, Rc<Lazy>>>,
    modules: RefCell<HashMap<String, Rc<dyn UIModule>>>,
    locale: RefCell<Option<Rc<Choose>>>,
}

type Function = dyn Fn(&Page, &[Value]) -> Result<Value>;
type Lazy = dyn Fn(&Context) -> Result<Value>;
type Choose = dyn Fn(&Context) -> Locale;

impl Templates {
    /// Those in the files of a folder and the folders in it; `modules/entry.html` is such a name.
    ///
    /// They are read now, which blocks. In builds with debug assertions they are read again when they have changed.
    ///
    /// # Errors
    ///
    /// The system's; all mistakes of syntax, at once.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let mut names = Vec::new();
        let context = || format!("reading the templates in {}", directory.display());
        collect(directory, "", &mut names)
            .map_err(|error| Error::from(error).context(context()))?;
        let templates = Self::empty();
        templates.0.environment.borrow_mut().set_loader(path_loader(directory));
        let problem = |name: &String| {
            let environment = templates.0.environment.borrow();
            let error = environment.get_template(name).err()?;
            Some(TemplateError::from(error).to_string())
        };
        let problems: Vec<_> = names.iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(templates) } else { Err(Error::msg(problems.join("\n"))) }
    }

    /// Those that are part of the program: names and texts. Tornado's `DictLoader`.
    ///
    /// # Errors
    ///
    /// A mistake of syntax.
    pub fn from_sources<N, S>(sources: impl IntoIterator<Item = (N, S)>) -> Result<Self>
    where
        N: Into<Cow<'static, str>>,
        S: Into<Cow<'static, str>>,
    {
        let templates = Self::empty();
        for (name, source) in sources {
            let (name, source) = (name.into(), source.into());
            let mut environment = templates.0.environment.borrow_mut();
            let added = environment.add_template_owned(name, source);
            added.map_err(|error| Error::from(TemplateError::from(error)))?;
        }
        Ok(templates)
    }

    fn empty() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|name| match name.ends_with(".txt") {
            true => AutoEscape::None,
            false => AutoEscape::Html,
        });
        // As Tornado escapes: MiniJinja's own way would make a `&#x2f;` of each slash.
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html) => {
                Ok(out.write_str(&xhtml_escape(text))?)
            }
            _ => escape_formatter(out, state, value),
        });
        environment.set_auto_reload(cfg!(debug_assertions));
        // Only then do errors know the text of their line.
        environment.set_debug(true);
        functions::add_to(&mut environment);
        let templates = Self(Rc::new(Shared {
            environment: RefCell::new(environment),
            functions: RefCell::default(),
            values: RefCell::default(),
            modules: RefCell::default(),
            locale: RefCell::default(),
        }));
        functions::built_in(templates)
    }

    /// Adds a function that templates can call, which knows the page and its request.
    ///
    /// ```
    /// use gustnado::template::{Templates, Value, from_args};
    ///
    /// let templates = Templates::from_sources([("index.html", "<img src='{{ avatar('ada') }}'>")])?
    ///     .function("avatar", |page, arguments| {
    ///         let (name,): (&str,) = from_args(arguments)?;
    ///         Ok(Value::from(page.context().static_url(&format!("avatars/{name}.png"))?))
    ///     });
    /// # Ok::<(), gustnado::Error>(())
    /// ```
    #[must_use]
    pub fn function(
        self,
        name: &str,
        function: impl Fn(&Page, &[Value]) -> Result<Value> + 'static,
    ) -> Self {
        self.0.environment.borrow_mut().add_global(name.to_owned(), functions::bridge(name));
        self.0.functions.borrow_mut().insert(name.to_owned(), Rc::new(function));
        self
    }

    /// Adds a variable that all templates have, unless a page has one of that name. It is only made where it is used: `current_user`.
    #[must_use]
    pub fn value(self, name: &str, value: impl Fn(&Context) -> Result<Value> + 'static) -> Self {
        self.0.values.borrow_mut().insert(name.to_owned(), Rc::new(value));
        self
    }

    /// Adds a UI module, which templates call as `{{ modules.Name(..) }}`.
    #[must_use]
    pub fn module(self, name: &str, module: impl UIModule) -> Self {
        self.0.modules.borrow_mut().insert(name.to_owned(), Rc::new(module));
        self
    }

    /// Says which language a page is in, for `_` and `pgettext`. Unless this is set, it is the one that the browser asks for among the
    /// [`Locales`](crate::locale::Locales) that the application was provided with.
    #[must_use]
    pub fn locale(self, locale: impl Fn(&Context) -> Locale + 'static) -> Self {
        *self.0.locale.borrow_mut() = Some(Rc::new(locale));
        self
    }

    /// Whether files that have changed are read again, at the price of a look at each file for each page: in builds with debug
    /// assertions, unless set.
    #[must_use]
    pub fn reload(self, reload: bool) -> Self {
        self.0.environment.borrow_mut().set_auto_reload(reload);
        self
    }

    /// Changes the environment of MiniJinja: its filters, tests, and what else it offers.
    #[must_use]
    pub fn environment(self, change: impl FnOnce(&mut Environment<'static>)) -> Self {
        change(&mut self.0.environment.borrow_mut());
        self
    }

    /// The template of this name, filled with these values, and with what the UI modules on the page need in its head and at its end.
    ///
    /// To send the beginning of a page before the rest is known, render it in parts, from a [`Streamed`](super::Streamed).
    ///
    /// # Errors
    ///
    /// A [`TemplateError`]: there is no such template, or it fails; that of a function or value.
    pub fn render(&self, cx: &Context, name: &str, values: impl Into<Value>) -> Result<String> {
        let page = Page::new(self.0.clone(), cx);
        let html = page.render(name, values)?;
        page.with_resources(html)
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

/// The names of all files in a folder.
fn collect(directory: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(())
}
