//! URLs of routes.

use minijinja::Value;

use super::Page;
use crate::error::{Error, Result};
use crate::escape::{url_escape, url_escape_path};

/// `{{ reverse_url("entry", slug) }}`: the path of the route of this name, with these captures, percent-encoded.
pub(super) fn reverse_url(page: &Page, arguments: &[Value]) -> Result<Value> {
    let Some((name, captures)) = arguments.split_first() else {
        return Err(Error::msg("reverse_url takes the name of a route"));
    };
    let site = page.context().site();
    let route = site.routes().iter().find(|route| name.as_str() == Some(route.name()));
    let Some(route) = route else {
        return Err(Error::msg(format!("there is no route {name}")));
    };
    let wrong = || Error::msg(format!("{:?} takes other captures than these", route.path()));
    let mut captures = captures.iter();
    let mut url = String::new();
    let mut rest = route.path();
    while let Some((before, behind)) = rest.split_once('{') {
        let (capture, behind) = behind.split_once('}').ok_or_else(wrong)?;
        let value = captures.next().ok_or_else(wrong)?.to_string();
        url.push_str(before);
        // What may have several segments keeps their slashes.
        let many = capture.ends_with("...");
        url.push_str(&if many {
            url_escape_path(value)
        } else {
            url_escape(value).replace('+', "%20")
        });
        rest = behind;
    }
    url.push_str(rest);
    if captures.next().is_some() {
        return Err(wrong());
    }
    Ok(Value::from(url))
}
