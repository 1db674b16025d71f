//! What is wrong with a template.

use std::error::Error as StdError;
use std::fmt;

/// A mistake in a template, or while it was rendered: what is wrong, the template and the line, and the line's text.
///
/// ```
/// use gustnado::template::Templates;
///
/// let error = Templates::from_sources([("a.html", "<p>\n{% if %}\n</p>")]).unwrap_err();
/// assert!(error.to_string().contains("a.html:2: {% if %}"), "{error}");
/// ```
#[derive(Debug)]
pub struct TemplateError(minijinja::Error);

impl TemplateError {
    /// The template that is to blame: of templates that include each other, the innermost.
    pub fn name(&self) -> Option<&str> {
        self.innermost().name()
    }

    /// The line in there, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.innermost().line()
    }

    fn innermost(&self) -> &minijinja::Error {
        let mut error = &self.0;
        while let Some(inner) = error.source().and_then(|source| source.downcast_ref()) {
            error = inner;
        }
        error
    }
}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.innermost();
        write!(f, "{}", error.kind())?;
        if let Some(detail) = error.detail() {
            write!(f, ": {detail}")?;
        }
        let (Some(name), Some(line)) = (error.name(), error.line()) else {
            return Ok(());
        };
        write!(f, ", in {name}:{line}")?;
        let text =
            error.template_source().and_then(|source| source.lines().nth(line.checked_sub(1)?));
        text.map_or(Ok(()), |text| write!(f, ": {}", text.trim()))
    }
}

impl StdError for TemplateError {}
