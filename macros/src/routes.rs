//! `routes![..]`: the routes of several functions, as a `Vec`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, LitStr, Path, Token, parenthesized, token};

use crate::errors::Errors;
use crate::options::CratePath;
use crate::route::RoutePath;

/// Expands `crate = path; a, b::c`. Users do not write the first part: the macro of this name in `gustnado` does.
pub(crate) fn expand(list: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = |input: ParseStream<'_>| Ok(Routes::parse(input, &mut errors));
    let result = parsed.parse2(list);
    let Routes { krate, entries } = errors.check(result).unwrap_or_default();
    let import = krate.import();
    if !entries.iter().any(Entry::is_list) {
        let routes = entries.iter().map(|entry| {
            let conditions = &entry.conditions;
            let route = entry.route();
            quote! { #(#conditions)* #route }
        });
        return quote! {{
            #import
            #errors
            <__gustnado::Vec<__gustnado::Route> as ::core::convert::From<_>>::from([#(#routes),*])
        }};
    }
    let list = Ident::new("list", Span::mixed_site());
    let entries = entries.iter().map(|entry| {
        let conditions = &entry.conditions;
        let added = match &entry.kind {
            Kind::Handler(..) => {
                let route = entry.route();
                quote! { #list.push(#route); }
            }
            // With the list's type said, a wrong one is an error at the expression.
            Kind::List(expression) => {
                quote! { #list.extend({ let more: __gustnado::Vec<__gustnado::Route> = #expression; more }); }
            }
        };
        quote! { #(#conditions)* { #added } }
    });
    quote! {{
        #import
        #errors
        let mut #list = __gustnado::Vec::<__gustnado::Route>::new();
        #(#entries)*
        #list
    }}
}

#[derive(Default)]
struct Routes {
    krate: CratePath,
    entries: Vec<Entry>,
}

struct Entry {
    conditions: Vec<Attribute>,
    kind: Kind,
}

enum Kind {
    /// `handler`, or `"/path" => handler`, which gives it a path.
    Handler(Option<LitStr>, Path),
    /// `..expression`: the routes of another list.
    List(Expr),
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
                if let Kind::Handler(_, path) = &entry.kind
                    && routes.entries.iter().any(same)
                {
                    let message = format!("`{}` is in the list already", entry.text());
                    errors.under(path, message);
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
        if input.peek(Token![..]) {
            let dots: Token![..] = input.parse()?;
            if input.is_empty() || input.peek(Token![,]) {
                let message = "expected a list of routes behind `..`\n\
                               help: write `routes![index, ..admin::routes()]`";
                return Err(syn::Error::new_spanned(dots, message));
            }
            return Ok(Self { conditions, kind: Kind::List(input.parse()?) });
        }
        let mut at = None;
        if input.peek(LitStr) && input.peek2(Token![=>]) {
            let path = RoutePath::new(input.parse()?)?;
            input.parse::<Token![=>]>()?;
            at = Some(path.literal().clone());
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
            let message = "name the handler without calling it: the router calls it\n\
                           help: the routes of a list are added by `..list()`";
            return Err(syn::Error::new(called.span.join(), message));
        }
        Ok(Self { conditions, kind: Kind::Handler(at, path) })
    }

    fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    fn route(&self) -> TokenStream {
        match &self.kind {
            Kind::Handler(None, path) => quote! { <#path as __gustnado::Endpoint>::route() },
            Kind::Handler(Some(at), path) => quote! {
                <#path as __gustnado::Handler>::at(__gustnado::Cow::Borrowed(#at))
            },
            Kind::List(_) => TokenStream::new(),
        }
    }

    fn text(&self) -> String {
        let Kind::Handler(at, path) = &self.kind else { return String::new() };
        let conditions: TokenStream =
            self.conditions.iter().map(ToTokens::to_token_stream).collect();
        let path = path.to_token_stream().to_string().replace(' ', "");
        let at = at.as_ref().map(|at| format!("{:?} => ", at.value())).unwrap_or_default();
        if conditions.is_empty() { at + &path } else { format!("{conditions} {at}{path}") }
    }
}

fn read_crate(input: ParseStream<'_>) -> syn::Result<CratePath> {
    let key = input.call(Ident::parse_any)?;
    let krate = CratePath::read(&key, input)?;
    input.parse::<Token![;]>()?;
    Ok(krate)
}
