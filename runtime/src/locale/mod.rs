//! Programs that speak more than one language. Tornado's `locale`.
//!
//! ```
//! use gustnado::locale::Locales;
//!
//! let mut locales = Locales::new("en_US");
//! locales.add_csv("fr_FR", "\"Sign out\",\"Déconnexion\"\n\"%(list)s is online\",\"%(list)s est en ligne\"")?;
//!
//! let locale = locales.negotiate("fr-FR,fr;q=0.9,en;q=0.8"); // what a browser sends as Accept-Language
//! assert_eq!(locale.translate("Sign out"), "Déconnexion");
//! let online = locale.translate("%(list)s is online");
//! assert_eq!(gustnado::locale::fill(online, &[("list", "Ada")]), "Ada est en ligne");
//! # Ok::<(), gustnado::locale::LocaleError>(())
//! ```
//!
//! What the program says itself is in the default locale; what there is no translation for is said in it, too. Translations are
//! read at the beginning, from [CSV files](Locales::load_translations) or from [those of gettext](Locales::load_gettext_translations), and
//! do not change then: give [`Locales`] to the application with [`provide`](crate::Application::provide). The room leans on nothing
//! else in the house.

mod catalogue;
mod csv;
mod date;
mod mo;
mod names;
mod plural;

pub use date::DateFormat;

use catalogue::Catalogue;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The locales that a program can speak.
#[derive(Clone, Debug)]
pub struct Locales {
    default: Locale,
    supported: BTreeMap<String, Locale>,
}

impl Locales {
    /// Those of a program whose own texts are in this one: `en_US`, in most programs.
    pub fn new(default: &str) -> Self {
        let default = Locale::new(default, Catalogue::default());
        let supported = BTreeMap::from([(default.0.code.clone(), default.clone())]);
        Self { default, supported }
    }

    /// Reads all files `LOCALE.csv` of a folder: `fr_FR.csv`, `de.csv`.
    ///
    /// They have two or three columns: a text, its translation, and, where a verb changes with a number, `singular` or `plural`
    /// (else nothing or `unknown`). They are written as by Excel: quotes where they are needed, no spaces behind commas; in UTF-8, or
    /// in UTF-16 with a byte order mark.
    ///
    /// ```text
    /// "I love you","Te amo"
    /// "%(name)s liked this","A %(name)s les gustó esto","plural"
    /// "%(name)s liked this","A %(name)s le gustó esto","singular"
    /// ```
    ///
    /// # Errors
    ///
    /// The system's; a file whose name is no locale, that is not in one of these encodings, or has something else in the third
    /// column. (Tornado logs those, and goes on without.)
    pub fn load_translations(&mut self, directory: impl AsRef<Path>) -> Result<(), LocaleError> {
        let directory = directory.as_ref();
        for path in entries(directory)? {
            if path.extension().is_some_and(|extension| extension == "csv") {
                let code = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let text = csv::decode(&read(&path)?)
                    .ok_or_else(|| LocaleError::at(&path, "it is neither UTF-8 nor UTF-16"))?;
                self.add_csv(code, &text).map_err(|error| LocaleError::at(&path, &error.reason))?;
            }
        }
        Ok(())
    }

    /// Reads all files `LOCALE/LC_MESSAGES/DOMAIN.mo` of a folder, which `msgfmt` makes.
    ///
    /// # Errors
    ///
    /// The system's; a file that is damaged, or not in UTF-8.
    pub fn load_gettext_translations(
        &mut self,
        directory: impl AsRef<Path>,
        domain: &str,
    ) -> Result<(), LocaleError> {
        for folder in entries(directory.as_ref())? {
            let path = folder.join("LC_MESSAGES").join(format!("{domain}.mo"));
            let code = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_file() {
                let bytes = read(&path)?;
                self.add_mo(code, &bytes).map_err(|error| LocaleError::at(&path, &error.reason))?;
            }
        }
        Ok(())
    }

    /// Adds the translations of a CSV file, which may be part of the program: `include_str!("fr_FR.csv")`.
    ///
    /// # Errors
    ///
    /// The code is no locale's; something else is in the third column.
    pub fn add_csv(&mut self, code: &str, text: &str) -> Result<(), LocaleError> {
        self.add(code, csv::read(text).map_err(LocaleError::new)?)
    }

    /// Adds the translations of a `.mo` file, which may be part of the program: `include_bytes!("fr_FR.mo")`.
    ///
    /// # Errors
    ///
    /// The code is no locale's; the file is damaged, or not in UTF-8.
    pub fn add_mo(&mut self, code: &str, bytes: &[u8]) -> Result<(), LocaleError> {
        self.add(code, mo::read(bytes).map_err(|reason| LocaleError::new(reason.to_owned()))?)
    }

    fn add(&mut self, code: &str, catalogue: Catalogue) -> Result<(), LocaleError> {
        let (language, region) = code.split_once('_').unwrap_or((code, "A"));
        let is_code = !language.is_empty()
            && language.bytes().all(|byte| byte.is_ascii_lowercase())
            && !region.is_empty()
            && region.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_code {
            return Err(LocaleError::new(format!("{code:?} is no locale, such as fr or fr_FR")));
        }
        let locale = Locale::new(code, catalogue);
        if self.default.0.code == code {
            self.default = locale.clone();
        }
        self.supported.insert(code.to_owned(), locale);
        Ok(())
    }

    /// The codes of all locales, the default one included. Tornado's `get_supported_locales`.
    pub fn supported(&self) -> impl Iterator<Item = &str> {
        self.supported.keys().map(String::as_str)
    }

    /// The locale of this code.
    pub fn get(&self, code: &str) -> Option<Locale> {
        self.supported.get(code).cloned()
    }

    /// The locale of the first of these codes that is known, or whose language is (`fr` for `fr-CA`); else the default one. Tornado's
    /// `get_closest`.
    ///
    /// ```
    /// use gustnado::locale::Locales;
    ///
    /// let mut locales = Locales::new("en_US");
    /// locales.add_csv("fr", "")?;
    /// assert_eq!(locales.closest(["pt-BR", "fr-ca", "en"]).code(), "fr");
    /// assert_eq!(locales.closest(["pt"]).code(), "en_US");
    /// # Ok::<(), gustnado::locale::LocaleError>(())
    /// ```
    pub fn closest<'a>(&self, codes: impl IntoIterator<Item = &'a str>) -> Locale {
        let known = |code: &str| {
            let code = code.replace('-', "_");
            let mut parts = code.split('_');
            let language = parts.next()?.to_lowercase();
            let exact = match (parts.next(), parts.next()) {
                (None, _) => code.clone(),
                (Some(region), None) => format!("{language}_{}", region.to_uppercase()),
                _ => return None,
            };
            self.get(&exact).or_else(|| self.get(&language))
        };
        codes.into_iter().find_map(known).unwrap_or_else(|| self.default.clone())
    }

    /// The locale that an `Accept-Language` header asks for: the [closest](Self::closest) of its languages, best first. Those with
    /// `q=0`, or a weight that is none, are not wanted.
    pub fn negotiate(&self, accept_language: &str) -> Locale {
        let weighted = |entry: &'_ str| {
            let (code, parameter) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let weight = parameter.trim().strip_prefix("q=")?.trim().parse::<f32>().ok()?;
            (weight > 0.0 && weight <= 1.0)
                .then_some(weight)
                .map(|weight| (weight, code.trim().to_owned()))
        };
        // Nobody speaks more; the header is a client's.
        let mut wanted: Vec<_> =
            accept_language.split(',').take(100).filter_map(weighted).collect();
        wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        self.closest(wanted.iter().map(|(_, code)| code.as_str()))
    }
}

/// A language, as it is spoken somewhere. A clone is the same one.
#[derive(Clone)]
pub struct Locale(Arc<Inner>);

struct Inner {
    code: String,
    catalogue: Catalogue,
}

impl Locale {
    fn new(code: &str, catalogue: Catalogue) -> Self {
        Self(Arc::new(Inner { code: code.to_owned(), catalogue }))
    }

    /// Its code: `fr`, `fr_FR`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What the language calls itself, `Español`, or `Unknown`.
    pub fn name(&self) -> &'static str {
        names::name(self.language())
    }

    /// Whether it is written from right to left, for `<html dir="rtl">`.
    pub fn is_rtl(&self) -> bool {
        names::RIGHT_TO_LEFT.contains(&self.language())
    }

    fn language(&self) -> &str {
        self.0.code.split('_').next().unwrap_or_default()
    }

    /// The text in this language, or the text.
    pub fn translate<'a>(&'a self, message: &'a str) -> &'a str {
        self.0.catalogue.find(None, message).unwrap_or(message)
    }

    /// The text for one, or that for another number, in this language. A catalogue of gettext knows more numbers than two.
    ///
    /// Tornado's `translate(message, plural_message, count)`.
    pub fn translate_plural<'a>(
        &'a self,
        message: &'a str,
        plural: &'a str,
        count: u64,
    ) -> &'a str {
        let found = self.0.catalogue.find_plural(None, message, plural, count);
        found.unwrap_or(if count == 1 { message } else { plural })
    }

    /// The text in this language, as it is said in a context: `pgettext("law", "right")`. What is not translated in the context is
    /// not translated; CSV files know no contexts, and translate without.
    pub fn pgettext<'a>(&'a self, context: &str, message: &'a str) -> &'a str {
        self.0.catalogue.find(Some(context), message).unwrap_or(message)
    }

    /// The same for [numbers](Self::translate_plural). What is not translated in the context is translated without, as in Tornado.
    pub fn npgettext<'a>(
        &'a self,
        context: &str,
        message: &'a str,
        plural: &'a str,
        count: u64,
    ) -> &'a str {
        match self.0.catalogue.find_plural(Some(context), message, plural, count) {
            Some(text) => text,
            None => self.translate_plural(message, plural, count),
        }
    }

    /// The parts as a sentence lists them: `A, B and C`.
    ///
    /// ```
    /// let locale = gustnado::locale::Locales::new("en_US").closest(["en_US"]);
    /// assert_eq!(locale.list(&["A", "B", "C"]), "A, B and C");
    /// ```
    pub fn list(&self, parts: &[&str]) -> String {
        match parts {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [rest @ .., last] => {
                let comma = if self.language() == "fa" { " \u{648} " } else { ", " };
                let text = self.translate("%(commas)s and %(last)s");
                fill(text, &[("commas", &rest.join(comma)), ("last", last)])
            }
        }
    }

    /// The number with commas, `1,000,000`, in `en` and `en_US`; as digits elsewhere.
    ///
    /// ```
    /// let locale = gustnado::locale::Locales::new("en_US").closest(["en_US"]);
    /// assert_eq!(locale.friendly_number(-1_000_000), "-1,000,000");
    /// ```
    pub fn friendly_number(&self, number: i64) -> String {
        if !matches!(self.code(), "en" | "en_US") {
            return number.to_string();
        }
        let digits = number.unsigned_abs().to_string();
        let mut text = String::from(if number < 0 { "-" } else { "" });
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locale").field(&self.0.code).finish()
    }
}

/// Puts values where a text names them, as Python does: `%(name)s`, `%(count)d`. `%%` is a `%`; a name that there is no value
/// for stays.
///
/// ```
/// use gustnado::locale::fill;
///
/// assert_eq!(fill("%(count)d%% of %(what)s", &[("count", "7"), ("what", "it")]), "7% of it");
/// ```
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        filled.push_str(before);
        let named = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        let value = named.and_then(|(name, behind)| {
            let (_, value) = values.iter().find(|(other, _)| *other == name)?;
            Some((*value, behind.strip_prefix(['s', 'd'])?))
        });
        (filled, rest) = match value {
            Some((value, behind)) => (filled + value, behind),
            None => (filled + "%", behind.strip_prefix('%').unwrap_or(behind)),
        };
    }
    filled + rest
}

/// Why translations were not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocaleError {
    reason: String,
}

impl LocaleError {
    fn new(reason: String) -> Self {
        Self { reason }
    }

    fn at(path: &Path, reason: &str) -> Self {
        Self::new(format!("{}: {reason}", path.display()))
    }
}

impl fmt::Display for LocaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for LocaleError {}

/// What is in a folder, sorted.
fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, LocaleError> {
    let fail = |error: std::io::Error| LocaleError::at(directory, &error.to_string());
    let entries = std::fs::read_dir(directory).map_err(fail)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(fail)?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, LocaleError> {
    std::fs::read(path).map_err(|error| LocaleError::at(path, &error.to_string()))
}
