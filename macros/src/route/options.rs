//! What stands in the parentheses of `#[route(..)]`.

use std::ops::Range;

use gustnado_grammar::{HostPattern, Pattern, PatternError};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Lit, LitStr, Path, Token, bracketed, token};

use super::{Argument, Shorthand};
use crate::companions::Companions;
use crate::errors::Errors;
use crate::options::{self, CratePath, Keys};
use crate::suggestion;

const KEYS: Keys = &[
    "method",
    "methods",
    "name",
    "host",
    "accept",
    "guard",
    "timeout",
    "max_body_size",
    "finish_on_disconnect",
    "crate",
];

/// Those of `#[handler]`.
const OPEN_KEYS: Keys =
    &["captures", "method", "methods", "name", "max_body_size", "finish_on_disconnect", "crate"];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The path and the options of a route. What was wrong is missing, and was reported.
#[derive(Default)]
pub(crate) struct RouteOptions {
    pub(crate) path: Option<RoutePath>,
    /// The names of what arguments take from a path that is not known.
    pub(crate) captures: Vec<Ident>,
    pub(crate) methods: Vec<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) host: Option<LitStr>,
    pub(crate) accept: Option<LitStr>,
    pub(crate) guard: Option<Path>,
    /// Seconds, as an expression of type `f64`.
    pub(crate) timeout: Option<TokenStream>,
    pub(crate) max_body_size: Option<Expr>,
    pub(crate) finish_on_disconnect: bool,
    pub(crate) krate: CratePath,
}

impl RouteOptions {
    pub(crate) fn parse(
        shorthand: Option<Shorthand>,
        tokens: TokenStream,
        errors: &mut Errors,
    ) -> Self {
        let mut options = Self::default();
        if let Some(Shorthand { method, .. }) = shorthand {
            options.methods.push(Ident::new(method, Span::call_site()));
        }
        let parsed = |input: ParseStream<'_>| {
            options.path = read_path(shorthand, input, errors);
            options.read(shorthand, KEYS, input, errors);
            Ok(())
        };
        // Everything was read, so nothing can be left over.
        let result = parsed.parse2(tokens);
        errors.check(result);
        options
    }

    /// The options of `#[handler]`, which knows no path.
    pub(crate) fn parse_open(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parsed = |input: ParseStream<'_>| {
            if input.peek(LitStr) {
                let path: LitStr = input.parse()?;
                let message = "a path makes a route\nhelp: write `#[route(..)]`";
                errors.under(path, message);
                // The rest belongs to that.
                return input.parse::<TokenStream>().map(drop);
            }
            options.read(None, OPEN_KEYS, input, errors);
            Ok(())
        };
        let result = parsed.parse2(tokens);
        errors.check(result);
        options
    }

    /// Reports the captures that no argument takes.
    pub(crate) fn check_named(&self, arguments: &[&Argument], errors: &mut Errors) {
        for capture in &self.captures {
            let name = capture.unraw().to_string();
            if arguments.iter().all(|argument| argument.name.as_ref() != Some(&name)) {
                let message = format!(
                    "no argument is named `{name}`\nhelp: add one, such as `{name}: String`"
                );
                errors.under(capture, message);
            }
        }
    }

    /// Reports an `#[addslash]` or `#[removeslash]` that the path does not fit.
    pub(crate) fn check_slash(&self, companions: &Companions, errors: &mut Errors) {
        let Some((attribute, adds)) = (match (&companions.addslash, &companions.removeslash) {
            (Some(attribute), None) => Some((attribute, true)),
            (None, Some(attribute)) => Some((attribute, false)),
            _ => None,
        }) else {
            return;
        };
        let Some(path) = &self.path else {
            if errors.is_empty() {
                let message = format!("`#[{attribute}]` needs a path\nhelp: write `#[route(..)]`");
                errors.under(attribute, message);
            }
            return;
        };
        let path = path.text();
        if path == "/" || path.ends_with("...}") {
            errors.under(attribute, format!("`{path}` has only one form"));
        } else if adds && !path.ends_with('/') {
            errors.under(
                attribute,
                format!("the path does not end with a slash\nhelp: write `{path}/`"),
            );
        } else if !adds && path.ends_with('/') {
            let help = path.trim_end_matches('/');
            errors.under(attribute, format!("the path ends with a slash\nhelp: write `{help}`"));
        }
    }

    fn read(
        &mut self,
        shorthand: Option<Shorthand>,
        keys: Keys,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) {
        let mut method_keys: Vec<Ident> = Vec::new();
        options::read_all(input, keys, errors, |key, input, errors| {
            match key.to_string().as_str() {
                "captures" => self.captures = read_names(key, input, errors)?,
                "crate" => self.krate = CratePath::read(key, input)?,
                "finish_on_disconnect" => self.finish_on_disconnect = options::flag(key, input)?,
                "max_body_size" => {
                    self.max_body_size = Some(options::number(key, input, "1_000")?);
                }
                "host" => self.host = errors.check(read_host(key, input)?),
                "accept" => self.accept = errors.check(read_media_type(key, input)?),
                "guard" => self.guard = Some(read_guard(key, input)?),
                "timeout" => self.timeout = Some(options::seconds(key, input)?),
                "name" => self.name = Some(options::text(key, input)?),
                _ => {
                    let methods = read_methods(key, input, errors)?;
                    if let Some(Shorthand { name, method }) = shorthand {
                        let message = format!(
                            "`#[{name}]` says that the method is `{method}`\n\
                             help: write `#[route(.., {key} = ..)]`"
                        );
                        errors.at(key.span(), message);
                    }
                    self.methods.extend(methods);
                    method_keys.push(key.clone());
                }
            }
            Ok(())
        });
        if let [first, second, ..] = &method_keys[..] {
            let message = "`method` and `methods` exclude each other\n\
                           help: write `methods = [..]` with all of them";
            errors.under(quote! { #first #second }, message);
        }
    }
}

/// The value of `captures`.
fn read_names(key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Ident>> {
    options::equals(key, input)?;
    if !input.peek(token::Bracket) {
        return Err(input.error("expected a list: `captures = [slug]`"));
    }
    let list;
    bracketed!(list in input);
    let mut names: Vec<Ident> = Vec::new();
    while !list.is_empty() {
        if !list.peek(Ident::peek_any) {
            return Err(list.error("expected the name of an argument"));
        }
        let name = list.call(Ident::parse_any)?;
        if names.contains(&name) {
            errors.at(name.span(), format!("the capture `{name}` is given twice"));
        }
        names.push(name);
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    Ok(names)
}

/// A path that keeps the grammar, and the literal it stands in.
pub(crate) struct RoutePath {
    literal: LitStr,
    text: String,
}

impl RoutePath {
    pub(crate) fn new(literal: LitStr) -> syn::Result<Self> {
        let text = literal.value();
        match Pattern::parse(&text) {
            Ok(_) => Ok(Self { literal, text }),
            Err(error) => {
                let PatternError { at, .. } = &error;
                Err(syn::Error::new(place(&literal, at.clone()), error))
            }
        }
    }

    pub(crate) fn literal(&self) -> &LitStr {
        &self.literal
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The names of the captures, and where each is in the text.
    pub(crate) fn captures(&self) -> Vec<(&str, Range<usize>)> {
        let Ok(pattern) = Pattern::parse(&self.text) else {
            return Vec::new();
        };
        let names: Vec<_> = pattern.names().collect();
        names.into_iter().filter_map(|name| Some((name, pattern.range_of(name)?))).collect()
    }

    /// The place of a part of the text.
    pub(crate) fn place(&self, at: Range<usize>) -> Span {
        place(&self.literal, at)
    }
}

/// The place of a part of a string literal: the whole literal, if the compiler does not say more or if the text has
/// escapes, which make it shorter than the literal.
fn place(literal: &LitStr, at: Range<usize>) -> Span {
    let token = literal.token();
    let written = token.to_string();
    let Some(quote) = written.find('"').filter(|_| written.contains(&literal.value())) else {
        return literal.span();
    };
    let at = at.start + quote + 1..at.end + quote + 1;
    token.subspan(at).unwrap_or_else(|| literal.span())
}

fn read_path(
    shorthand: Option<Shorthand>,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> Option<RoutePath> {
    let attribute = shorthand.map_or("route", |shorthand| shorthand.name);
    let help = format!("help: write `#[{attribute}(\"/path\")]`");
    if input.is_empty() {
        errors.at(input.span(), format!("a route needs a path\n{help}"));
        return None;
    }
    let ahead = input.fork();
    let named = ahead.call(Ident::parse_any).is_ok_and(|key| key == "path")
        && ahead.parse::<Token![=]>().is_ok();
    let message = if named {
        "the path has no key"
    } else if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
        errors.at(input.span(), format!("the path comes first\n{help}"));
        // Behind the options may stand the path, which is no second mistake.
        let _ = input.parse::<TokenStream>();
        return None;
    } else {
        "the path must be a string literal: it is checked before the program is compiled"
    };
    let path = if !named && input.peek(LitStr) {
        errors.check(input.parse()).and_then(|literal| errors.check(RoutePath::new(literal)))
    } else {
        match input.parse::<Expr>() {
            Ok(wrong) => errors.under(wrong, format!("{message}\n{help}")),
            Err(_) => {
                errors.at(input.span(), format!("{message}\n{help}"));
                options::skip_to_comma(input);
            }
        }
        None
    };
    if !input.is_empty() && input.parse::<Token![,]>().is_err() {
        errors.at(input.span(), "expected `,` after the path");
        options::skip_to_comma(input);
        // The skip ended at a comma, or at the end.
        let _ = input.parse::<Token![,]>();
    }
    path
}

/// The value of `host`; the inner result says whether it is one.
fn read_host(key: &Ident, input: ParseStream<'_>) -> syn::Result<syn::Result<LitStr>> {
    let host = options::text(key, input)?;
    Ok(match HostPattern::parse(&host.value()) {
        Ok(_) => Ok(host),
        Err(error) => Err(syn::Error::new(host.span(), error)),
    })
}

/// The value of `accept`; the inner result says whether it is a media type.
fn read_media_type(key: &Ident, input: ParseStream<'_>) -> syn::Result<syn::Result<LitStr>> {
    let media_type = options::text(key, input)?;
    let is_token = |text: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c);
        !text.is_empty() && text.chars().all(known)
    };
    let text = media_type.value();
    let valid =
        text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    let message = "expected one media type without parameters: `accept = \"application/json\"`";
    Ok(if valid { Ok(media_type) } else { Err(syn::Error::new(media_type.span(), message)) })
}

/// The value of `guard`.
fn read_guard(key: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    options::equals(key, input)?;
    let ahead = input.fork();
    if let Ok(path) = input.call(Path::parse_mod_style)
        && (input.is_empty() || input.peek(Token![,]))
    {
        return Ok(path);
    }
    let message = "expected the name of a function `fn(&Request) -> bool`";
    Err(match ahead.parse::<Expr>() {
        Ok(wrong) => syn::Error::new_spanned(wrong, message),
        Err(_) => ahead.error(message),
    })
}

/// The value of `method` or `methods`.
fn read_methods(
    key: &Ident,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Vec<Ident>> {
    options::equals(key, input)?;
    let several = key == "methods";
    if !input.peek(token::Bracket) {
        if several {
            return Err(input.error("expected a list: `methods = [GET, POST]`"));
        }
        return Ok(errors.check(read_method(input)?).into_iter().collect());
    }
    let list;
    let bracket = bracketed!(list in input);
    if !several {
        list.parse::<TokenStream>()?;
        let message = "expected one method\nhelp: write `methods = [..]`";
        return Err(syn::Error::new(bracket.span.join(), message));
    }
    if list.is_empty() {
        return Err(syn::Error::new(bracket.span.join(), "a route answers at least one method"));
    }
    let mut methods: Vec<Ident> = Vec::new();
    while !list.is_empty() {
        if let Some(method) = errors.check(read_method(&list)?) {
            if methods.contains(&method) {
                errors.at(method.span(), format!("the method `{method}` is given twice"));
            }
            methods.push(method);
        }
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    Ok(methods)
}

/// Fails if there is no word to read; the inner result says whether the word is a method.
fn read_method(input: ParseStream<'_>) -> syn::Result<syn::Result<Ident>> {
    if input.peek(Lit) {
        let literal: Lit = input.parse()?;
        let Lit::Str(text) = &literal else {
            return Err(syn::Error::new(literal.span(), "expected a method, such as `POST`"));
        };
        let message = match known_method(&text.value()) {
            Some(method) => format!("methods are written without quotes: `{method}`"),
            None => unknown_method(&text.value()),
        };
        return Ok(Err(syn::Error::new(literal.span(), message)));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected a method, such as `POST`"));
    }
    let method = input.call(Ident::parse_any)?;
    let text = method.to_string();
    if METHODS.contains(&text.as_str()) {
        return Ok(Ok(method));
    }
    let message = match known_method(&text) {
        Some(known) => format!("method names are upper case: `{known}`"),
        None => unknown_method(&text),
    };
    Ok(Err(syn::Error::new(method.span(), message)))
}

fn known_method(text: &str) -> Option<&'static str> {
    METHODS.iter().copied().find(|method| method.eq_ignore_ascii_case(text))
}

fn unknown_method(text: &str) -> String {
    let mut message = format!("unknown method `{text}`; known: {}", suggestion::list(METHODS));
    if let Some(meant) = suggestion::nearest(text, METHODS.iter().copied()) {
        message.push_str(&format!("\nhelp: did you mean `{meant}`?"));
    }
    message
}
