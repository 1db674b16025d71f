//! What is translated, whatever kind of file it comes from.

use super::plural::Plural;
use std::collections::HashMap;

/// What stands between a context and a text in a `.mo` file.
const CONTEXT: char = '\u{4}';

#[derive(Default)]
pub(super) struct Catalogue {
    /// By the text; in a `.mo` file, that for one.
    pub(super) unknown: HashMap<String, String>,
    pub(super) plurals: Plurals,
}

/// How it is known what is said of which number.
pub(super) enum Plurals {
    /// One, or another: by the text for the number. Of CSV files.
    Two { singular: HashMap<String, String>, plural: HashMap<String, String> },
    /// By a formula, and the text for one. Of `.mo` files.
    Many { formula: Plural, texts: HashMap<String, Vec<String>> },
}

impl Default for Plurals {
    fn default() -> Self {
        Self::Two { singular: HashMap::new(), plural: HashMap::new() }
    }
}

impl Catalogue {
    pub(super) fn find(&self, context: Option<&str>, message: &str) -> Option<&str> {
        let text = match (&self.plurals, context) {
            (Plurals::Many { .. }, Some(context)) => {
                self.unknown.get(&format!("{context}{CONTEXT}{message}"))
            }
            _ => self.unknown.get(message),
        };
        text.map(String::as_str)
    }

    pub(super) fn find_plural(
        &self,
        context: Option<&str>,
        message: &str,
        plural: &str,
        count: u64,
    ) -> Option<&str> {
        let text = match &self.plurals {
            Plurals::Two { singular, .. } if count == 1 => singular.get(message),
            Plurals::Two { plural: texts, .. } => texts.get(plural),
            Plurals::Many { formula, texts } => {
                let texts = match context {
                    Some(context) => texts.get(&format!("{context}{CONTEXT}{message}")),
                    None => texts.get(message),
                };
                texts?.get(formula.form(count))
            }
        };
        text.map(String::as_str)
    }
}
