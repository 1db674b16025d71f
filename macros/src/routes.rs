//! `routes![..]`: the routes of several functions, as a `Vec`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Path, Token, parenthesized, token};

use crate::errors::Errors;
use crate::options::CratePath;

/// Expands `crate = path; a, b::c`. Users do not write the first part: the macro of this name in `gustnado` does.
pub(crate) fn expand(list: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = |input: ParseStream<'_>| Ok(Routes::parse(input, &mut errors));
    let result = parsed.parse2(list);
    let Routes { krate, entries } = errors.check(result).unwrap_or_default();
    let import = krate.import();
    let entries = entries.iter().map(|Entry { conditions, path }| {
        quote! { #(#conditions)* <#path as __gustnado::Endpoint>::route() }
    });
    quote! {{
        #import
        #errors
        <__gustnado::Vec<__gustnado::Route> as ::core::convert::From<_>>::from([#(#entries),*])
    }}
}

#[derive(Default)]
struct Routes {
    krate: CratePath,
    entries: Vec<Entry>,
}

struct Entry {
    conditions: Vec<Attribute>,
    path: Path,
}

impl Routes {
    /// Reads the whole input, whatever it holds.
    fn parse(input: ParseStream<'_>, errors: &mut Errors) -> Self {
        let mut routes = Self::default();
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            routes.krate = errors.check(read_crate(input)).unwrap_or_default();
        }
        while !input.is_empty() {
            if let Some(entry) = errors.check(Entry::parse(input)) {
                let same = |earlier: &Entry| earlier.text() == entry.text();
                if routes.entries.iter().any(same) {
                    let message = format!("`{}` is in the list already", entry.text());
                    errors.under(&entry.path, message);
                }
                routes.entries.push(entry);
            } else {
                crate::options::skip_to_comma(input);
            }
            if input.is_empty() {
                break;
            }
            if input.parse::<Token![,]>().is_err() {
                errors.at(input.span(), "expected `,` between two handlers");
                crate::options::skip_to_comma(input);
                // The skip ended at a comma, or at the end.
                let _ = input.parse::<Token![,]>();
            }
        }
        routes
    }
}

impl Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let conditions = input.call(Attribute::parse_outer)?;
        if let Some(other) = conditions.iter().find(|attribute| !attribute.path().is_ident("cfg")) {
            return Err(syn::Error::new_spanned(other, "only `#[cfg]` can stand before a handler"));
        }
        let ahead = input.fork();
        let Ok(path) = input.call(Path::parse_mod_style) else {
            let message =
                "expected the name of a handler\nhelp: write `routes![index, blog::entry]`";
            return Err(match ahead.parse::<Expr>() {
                Ok(wrong) => syn::Error::new_spanned(wrong, message),
                Err(_) => ahead.error(message),
            });
        };
        if input.peek(token::Paren) {
            let arguments;
            let called = parenthesized!(arguments in input);
            arguments.parse::<TokenStream>()?;
            let message = "name the handler without calling it: the router calls it";
            return Err(syn::Error::new(called.span.join(), message));
        }
        Ok(Self { conditions, path })
    }

    fn text(&self) -> String {
        let conditions: TokenStream =
            self.conditions.iter().map(ToTokens::to_token_stream).collect();
        let path = self.path.to_token_stream().to_string().replace(' ', "");
        if conditions.is_empty() { path } else { format!("{conditions} {path}") }
    }
}

fn read_crate(input: ParseStream<'_>) -> syn::Result<CratePath> {
    let key = input.call(Ident::parse_any)?;
    let krate = CratePath::read(&key, input)?;
    input.parse::<Token![;]>()?;
    Ok(krate)
}
