//! `#[handler]`: a function or an `impl` block that answers requests of a path that it is given elsewhere, by `routes!` or by
//! the `#[route]` above it.

mod class;
mod hooks;
mod life;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Attribute;
use syn::parse::{ParseStream, Parser};

pub(crate) use self::class::{expand_routed, is_class};
use crate::companions;
use crate::errors::Errors;
use crate::function::Function;
use crate::route::{self, Registry, RouteOptions};

pub(crate) fn expand(tokens: TokenStream, item: TokenStream) -> TokenStream {
    if companions::is_read(&tokens) {
        return item;
    }
    if let Some(item) = below_its_route(&tokens, &item) {
        return item;
    }
    let mut errors = Errors::default();
    if is_class(&item) {
        return class::expand(tokens, item);
    }
    let options = RouteOptions::parse_open(tokens, &mut errors);
    if Function::parse(item.clone(), "handler").is_err()
        && Function::name_of(item.clone()).is_none()
    {
        errors.at(place(&item), "`#[handler]` goes on a function or an `impl` block");
        return quote! { #item #errors };
    }
    route::expand_function(Registry::Handler, "handler", &options, item, errors)
}

/// `#[handler]` above `#[route]` is the same as below it.
fn below_its_route(tokens: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    let split = |input: ParseStream<'_>| {
        Ok((input.call(Attribute::parse_outer)?, input.parse::<TokenStream>()?))
    };
    let (attributes, rest) = split.parse2(item.clone()).ok()?;
    let is_route = |attribute: &Attribute| {
        attribute.path().segments.last().is_some_and(|last| companions::is_route(&last.ident))
    };
    let place = attributes.iter().position(is_route)?;
    Some(companions::moved_below("handler", tokens, &attributes, place, &rest))
}

/// The first token behind the attributes.
fn place(item: &TokenStream) -> Span {
    let first = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        let rest: TokenStream = input.parse()?;
        Ok(rest.into_iter().next().map(|tree| tree.span()))
    };
    first.parse2(item.clone()).ok().flatten().unwrap_or_else(Span::call_site)
}
