//! The `key = value` options of an attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, ExprUnary, Lit, LitBool, LitStr, Path, Token, UnOp, parse_quote};

use crate::errors::Errors;
use crate::suggestion;

/// The keys that an attribute has.
pub(crate) type Keys = &'static [&'static str];

/// Reads options up to the end of the input, whatever it holds.
///
/// `read` is called after each known key, which it may meet only once, and reads the rest of that option. What it
/// fails with is reported, and reading goes on behind the next comma.
pub(crate) fn read_all(
    input: ParseStream<'_>,
    keys: Keys,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        if let Err(error) = read_one(input, keys, &mut seen, errors, &mut read) {
            errors.add(error);
            skip_to_comma(input);
        }
        if input.is_empty() {
            return;
        }
        if let Err(error) = input.parse::<Token![,]>() {
            errors.add(error);
            skip_to_comma(input);
            // A token that is no comma cannot be here after the skip.
            let _ = input.parse::<Token![,]>();
        }
    }
}

fn read_one(
    input: ParseStream<'_>,
    keys: Keys,
    seen: &mut Vec<Ident>,
    errors: &mut Errors,
    read: &mut impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) -> syn::Result<()> {
    if !input.peek(Ident::peek_any) {
        let message = format!("expected an option: {}", suggestion::list(keys));
        return Err(input.error(message));
    }
    let key = input.call(Ident::parse_any)?;
    let text = key.to_string();
    if !keys.contains(&text.as_str()) {
        return Err(syn::Error::new(key.span(), unknown(&text, keys)));
    }
    if seen.contains(&key) {
        return Err(syn::Error::new(key.span(), format!("the option `{text}` is given twice")));
    }
    read(&key, input, errors)?;
    seen.push(key);
    Ok(())
}

fn unknown(key: &str, known: &[&str]) -> String {
    let mut message = format!("unknown option `{key}`; known: {}", suggestion::list(known));
    if let Some(meant) = suggestion::nearest(key, known.iter().copied()) {
        message.push_str(&format!("\nhelp: did you mean `{meant}`?"));
    }
    message
}

pub(crate) fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<TokenTree>();
    }
}

/// The `=` behind a key.
pub(crate) fn equals(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(key.span(), format!("expected `{key} = ..`")));
    }
    input.parse::<Token![=]>().map(drop)
}

/// Nothing, or `= true`, or `= false`.
pub(crate) fn flag(key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(Token![=]) {
        return Ok(true);
    }
    equals(key, input)?;
    if !input.peek(LitBool) {
        return Err(input.error("expected `true` or `false`"));
    }
    input.parse().map(|flag: LitBool| flag.value)
}

/// `= expression`, but not a string: `example` is what to write instead.
pub(crate) fn number(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Expr> {
    equals(key, input)?;
    let expression: Expr = input.parse()?;
    if let Expr::Lit(ExprLit { lit: lit @ (Lit::Str(_) | Lit::Bool(_) | Lit::Char(_)), .. }) =
        &expression
    {
        return Err(syn::Error::new(lit.span(), format!("expected a number: `{key} = {example}`")));
    }
    Ok(expression)
}

/// `= 10` or `= 0.5`: a number of seconds, as an expression of type `f64`.
pub(crate) fn seconds(key: &Ident, input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let expression = &number(key, input, "10")?;
    let positive = |valid: bool| match valid {
        true => Ok(()),
        false => {
            Err(syn::Error::new_spanned(expression, "a time limit must be more than 0 seconds"))
        }
    };
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(integer), .. }) if integer.suffix().is_empty() => {
            let seconds: u32 = integer.base10_parse()?;
            positive(seconds > 0)?;
            let mut literal = proc_macro2::Literal::f64_suffixed(f64::from(seconds));
            literal.set_span(integer.span());
            Ok(literal.to_token_stream())
        }
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => {
            positive(float.base10_parse::<f64>()? > 0.0)?;
            Ok(float.to_token_stream())
        }
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => {
            positive(false)?;
            Ok(expression.to_token_stream())
        }
        _ => Ok(expression.to_token_stream()),
    }
}

/// `= "text"`, and not empty.
pub(crate) fn text(key: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    equals(key, input)?;
    if !input.peek(LitStr) {
        return Err(input.error(format!("expected a string: `{key} = \"..\"`")));
    }
    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        return Err(syn::Error::new(text.span(), format!("the option `{key}` cannot be empty")));
    }
    Ok(text)
}

/// Where the macros find gustnado: `crate = path`, or `::gustnado`.
pub(crate) struct CratePath(Path);

impl CratePath {
    pub(crate) fn read(key: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        equals(key, input)?;
        if input.peek(LitStr) {
            return Err(input.error("expected a path without quotes: `crate = my::gustnado`"));
        }
        input.call(Path::parse_mod_style).map(Self)
    }

    /// An import of what the expansion needs. The expansion then names nothing else, so a wrong path is one
    /// mistake and not many.
    pub(crate) fn import(&self) -> TokenStream {
        let Self(path) = self;
        quote! { use #path::__private as __gustnado; }
    }
}

impl Default for CratePath {
    fn default() -> Self {
        Self(parse_quote!(::gustnado))
    }
}
