//! One page on its way.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use minijinja::value::Object;
use minijinja::{Error as EngineError, ErrorKind, Value};

use super::modules::{Resources, Used};
use super::{Function, Shared, TemplateError, UIModule};
use crate::error::{Error, Result};
use crate::locale::{Locale, Locales};
use crate::web::Context;

/// A page that is being rendered: what functions and UI modules are told of it.
pub struct Page(Rc<Inner>);

struct Inner {
    cx: Context,
    templates: Rc<Shared>,
    locale: OnceCell<Locale>,
    used: RefCell<Used>,
    /// What a variable has failed with, which MiniJinja cannot be told of.
    failure: RefCell<Option<Error>>,
}

thread_local! {
    /// The pages that this thread renders, one inside of the other: what MiniJinja calls has to be `Send`, and no page is.
    static PAGES: RefCell<Vec<Rc<Inner>>> = const { RefCell::new(Vec::new()) };
}

impl Page {
    pub(super) fn new(templates: Rc<Shared>, cx: &Context) -> Self {
        Self(Rc::new(Inner {
            cx: cx.sharing(),
            templates,
            locale: OnceCell::new(),
            used: RefCell::default(),
            failure: RefCell::default(),
        }))
    }

    /// The page that is being rendered on this thread.
    pub(super) fn current() -> Result<Self, EngineError> {
        let page = PAGES.with_borrow(|pages| pages.last().cloned());
        let outside = || EngineError::new(ErrorKind::InvalidOperation, "no page is being rendered");
        page.map(Self).ok_or_else(outside)
    }

    /// The request.
    pub fn context(&self) -> &Context {
        &self.0.cx
    }

    /// The language of the page; see [`Templates::locale`](super::Templates::locale).
    pub fn locale(&self) -> &Locale {
        self.0.locale.get_or_init(|| {
            let chosen = self.0.templates.locale.borrow().clone();
            match (chosen, self.0.cx.provided::<Locales>()) {
                (Some(choose), _) => choose(&self.0.cx),
                (None, Some(locales)) => {
                    locales.negotiate(self.0.cx.header("accept-language").unwrap_or_default())
                }
                (None, None) => Locales::new("en_US").closest([]),
            }
        })
    }

    /// Another template, as a part of this page.
    ///
    /// # Errors
    ///
    /// As for [`Templates::render`](super::Templates::render).
    pub fn render(&self, name: &str, values: impl Into<Value>) -> Result<String> {
        let root = Value::from_object(Root(values.into()));
        let _entered = Entered::new(self.0.clone());
        let environment = self.0.templates.environment.borrow();
        let rendered = environment.get_template(name).and_then(|template| template.render(root));
        match (self.0.failure.take(), rendered) {
            (Some(failure), _) => Err(failure),
            (None, Ok(text)) => Ok(text),
            (None, Err(error)) => Err(TemplateError::from(error).into()),
        }
    }

    /// Adds what a part of the page needs in its head or at its end. What was added already is not added again.
    pub fn add_resources(&self, resources: Resources) {
        self.0.used.borrow_mut().add(resources);
    }

    /// The URL of a static file, by the function `static_url`, which an application may replace.
    fn static_url(&self, path: &str) -> Result<String> {
        match self.function("static_url") {
            Some(function) => Ok(function(self, &[Value::from(path)])?.to_string()),
            None => self.0.cx.static_url(path),
        }
    }

    pub(super) fn function(&self, name: &str) -> Option<Rc<Function>> {
        self.0.templates.functions.borrow().get(name).cloned()
    }

    pub(super) fn module(&self, name: &str) -> Option<Rc<dyn UIModule>> {
        self.0.templates.modules.borrow().get(name).cloned()
    }

    /// The page with what its parts need.
    pub(super) fn with_resources(&self, html: String) -> Result<String> {
        let used = self.0.used.take();
        used.put_into(html, |path| self.static_url(path))
    }

    fn value(&self, name: &str) -> Option<Value> {
        if name == "request" {
            return Some(Value::from_object(RequestObject));
        }
        let value = self.0.templates.values.borrow().get(name).cloned()?;
        value(&self.0.cx).map_err(|error| self.0.failure.replace(Some(error))).ok()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("context", &self.0.cx).finish_non_exhaustive()
    }
}

/// While it lives, its page is the current one.
struct Entered;

impl Entered {
    fn new(page: Rc<Inner>) -> Self {
        PAGES.with_borrow_mut(|pages| pages.push(page));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        PAGES.with_borrow_mut(Vec::pop);
    }
}

/// The variables of a page: those that it was given, and then those that all have.
#[derive(Debug)]
struct Root(Value);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let given = self.0.get_item(key).ok().filter(|value| !value.is_undefined());
        given.or_else(|| Page::current().ok()?.value(key.as_str()?))
    }
}

/// `{{ request.path }}`
#[derive(Debug)]
struct RequestObject;

impl Object for RequestObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let page = Page::current().ok()?;
        let cx = page.context();
        Some(match key.as_str()? {
            "method" => cx.method().as_str().into(),
            "uri" => cx.target().into(),
            "path" => cx.path().into(),
            "query" => cx.query().unwrap_or_default().into(),
            "host" => cx.host().into(),
            "protocol" => cx.protocol().into(),
            "remote_ip" => cx.remote_addr().ip().to_string().into(),
            _ => return None,
        })
    }
}
