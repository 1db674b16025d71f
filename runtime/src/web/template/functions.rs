//! What every template can call.

use std::sync::Arc;

use minijinja::value::{Kwargs, Object, from_args};
use minijinja::{Environment, Error as EngineError, ErrorKind, State, Value};

use super::modules::Kind;
use super::{Page, Resources, Templates, reverse};
use crate::error::{Error, Result};
use crate::escape::{self, Linkify};
use crate::locale::fill;

/// The functions that need no page: Tornado's, as functions and as filters.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    fn url_escape(text: &str) -> String {
        escape::url_escape(text)
    }
    fn squeeze(text: &str) -> String {
        escape::squeeze(text)
    }
    fn xhtml_escape(text: &str) -> Value {
        Value::from_safe_string(escape::xhtml_escape(text).into_owned())
    }
    /// With a flag for shortened ones; what it makes is HTML.
    fn linkify(text: &str, options: Kwargs) -> Result<Value, EngineError> {
        let params: Option<String> = options.get("extra_params")?;
        let mut linkify = Linkify::new().extra_params(params.as_deref().unwrap_or_default());
        if options.get::<Option<bool>>("shorten")?.unwrap_or(false) {
            linkify = linkify.shorten();
        }
        if options.get::<Option<bool>>("require_protocol")?.unwrap_or(false) {
            linkify = linkify.require_protocol();
        }
        options.assert_all_used()?;
        Ok(Value::from_safe_string(linkify.apply(text)))
    }
    /// For a `<script>`, so it is not escaped; in an attribute it has to be.
    fn json_encode(value: &Value) -> Result<Value, EngineError> {
        let json = escape::json_encode(value);
        let json = json.map_err(|error| failed(&Error::from(error)))?;
        Ok(Value::from_safe_string(json))
    }
    environment.add_function("url_escape", url_escape);
    environment.add_filter("url_escape", url_escape);
    environment.add_function("squeeze", squeeze);
    environment.add_filter("squeeze", squeeze);
    environment.add_function("escape", xhtml_escape);
    environment.add_function("xhtml_escape", xhtml_escape);
    environment.add_filter("xhtml_escape", xhtml_escape);
    environment.add_function("linkify", linkify);
    environment.add_filter("linkify", linkify);
    environment.add_function("json_encode", json_encode);
    environment.add_filter("json_encode", json_encode);
    environment.add_global("modules", Value::from_object(Modules));
}

/// The functions that do.
pub(super) fn built_in(templates: Templates) -> Templates {
    let templates = templates
        .function("reverse_url", reverse::reverse_url)
        .function("static_url", |page, arguments| {
            let (path,): (&str,) = from_args(arguments)?;
            Ok(Value::from(page.context().static_url(path)?))
        })
        .function("_", |page, arguments| {
            let (texts, named): (&[Value], Kwargs) = from_args(arguments)?;
            let message = match texts {
                [message] => page.locale().translate(text(message)?),
                [one, many, count] => {
                    page.locale().translate_plural(text(one)?, text(many)?, number(count)?)
                }
                _ => return Err(Error::msg("_ takes a text, or two and a number")),
            };
            filled(message, &named)
        })
        .function("pgettext", |page, arguments| {
            let (texts, named): (&[Value], Kwargs) = from_args(arguments)?;
            let message = match texts {
                [context, message] => page.locale().pgettext(text(context)?, text(message)?),
                [context, one, many, count] => {
                    let (one, many) = (text(one)?, text(many)?);
                    page.locale().npgettext(text(context)?, one, many, number(count)?)
                }
                _ => {
                    return Err(Error::msg(
                        "pgettext takes a context and a text, or two and a number",
                    ));
                }
            };
            filled(message, &named)
        })
        .function("set_resources", |page, arguments| {
            let named: Kwargs = from_args::<(Kwargs,)>(arguments)?.0;
            let mut resources = Resources::new();
            for (name, kind) in [
                ("css_files", Kind::CssFile),
                ("embedded_css", Kind::EmbeddedCss),
                ("html_head", Kind::Head),
                ("javascript_files", Kind::JavascriptFile),
                ("embedded_javascript", Kind::EmbeddedJavascript),
                ("html_body", Kind::Body),
            ] {
                match named.get::<Option<Value>>(name)? {
                    None => {}
                    Some(one) if one.as_str().is_some() => {
                        resources = resources.with(kind, one.to_string());
                    }
                    Some(many) => {
                        for one in many.try_iter()? {
                            resources = resources.with(kind, one.to_string());
                        }
                    }
                }
            }
            named.assert_all_used()?;
            page.add_resources(resources);
            Ok(Value::from(""))
        });
    #[cfg(feature = "signed-cookies")]
    let templates = templates.function("xsrf_form_html", |page, arguments| {
        from_args::<()>(arguments)?;
        Ok(Value::from_safe_string(page.context().xsrf_form_html()?))
    });
    templates
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| Error::msg(format!("{value} is no text")))
}

fn number(value: &Value) -> Result<u64> {
    Ok(u64::try_from(value.clone())?)
}

/// The text with its named values, which is escaped afterwards like any other.
fn filled(message: &str, named: &Kwargs) -> Result<Value> {
    let mut values = Vec::new();
    for name in named.args() {
        values.push((name, named.get::<Value>(name)?.to_string()));
    }
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(Value::from(fill(message, &values)))
}

/// What MiniJinja is told of our errors.
fn failed(error: &Error) -> EngineError {
    EngineError::new(ErrorKind::InvalidOperation, format!("{error:#}"))
}

/// What stands for a function that needs the page.
pub(super) fn bridge(name: &str) -> Value {
    Value::from_object(Bridge(name.to_owned()))
}

#[derive(Debug)]
struct Bridge(String);

impl Object for Bridge {
    fn call(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        arguments: &[Value],
    ) -> Result<Value, EngineError> {
        let page = Page::current()?;
        match page.function(&self.0) {
            Some(function) => function(&page, arguments).map_err(|error| failed(&error)),
            None => Err(EngineError::from(ErrorKind::UnknownFunction)),
        }
    }
}

/// `{{ modules.Entry(entry) }}`
#[derive(Debug)]
struct Modules;

impl Object for Modules {
    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, EngineError> {
        let page = Page::current()?;
        let rendered = match page.module(name) {
            Some(module) => {
                page.add_resources(module.resources());
                module.render(&page, arguments)
            }
            None if name == "Template" => template(&page, arguments),
            None => {
                let reason = format!("there is no UI module {name}");
                return Err(EngineError::new(ErrorKind::UnknownMethod, reason));
            }
        };
        rendered.map(Value::from_safe_string).map_err(|error| failed(&error))
    }
}

/// `{{ modules.Template("entry.html", entry=entry) }}`: a template as a module. It may call `set_resources`.
fn template(page: &Page, arguments: &[Value]) -> Result<String> {
    let (name, values): (&str, Kwargs) = from_args(arguments)?;
    let named: Vec<_> =
        values.args().map(|name| (name.to_owned(), values.get::<Value>(name))).collect();
    let mut pairs = Vec::new();
    for (name, value) in named {
        pairs.push((name, value?));
    }
    page.render(name, Value::from_pairs(pairs))
}
