//! `#[route]` and its shorthands: a function, and beside it an item of the same name that knows its route.
//!
//! The item is a `struct` with braces. It has a name among types only, so the function can still be called, one `use`
//! brings both, and `routes![..]` finds the struct where the user names the function.

mod arguments;
mod handler;
mod options;
mod user_type;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Visibility;
use syn::ext::IdentExt;

use self::arguments::Argument;
use self::handler::Handler;
use self::options::{RouteOptions, RoutePath};
use crate::errors::Errors;
use crate::function::{Function, quieted};
use crate::options::CratePath;

/// `#[get]` for `GET`, and so on.
#[derive(Clone, Copy)]
pub(crate) struct Shorthand {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
}

/// Every attribute that makes a route.
const ATTRIBUTES: &[&str] = &["route", "get", "post", "put", "patch", "delete", "head", "options"];

pub(crate) fn expand(
    shorthand: Option<Shorthand>,
    tokens: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let mut errors = Errors::default();
    let options = RouteOptions::parse(shorthand, tokens, &mut errors);
    let attribute = shorthand.map_or("route", |shorthand| shorthand.name);
    let Some(function) = errors.check(Function::parse(item.clone(), attribute)) else {
        let stub = Function::name_of(item.clone()).map(|(visibility, name)| {
            let (conditions, deprecation) = Default::default();
            let (visibility, name, krate) = (&visibility, &name, &options.krate);
            Registration { visibility, name, conditions, deprecation, krate }.stub()
        });
        return quote! { #item #stub #errors };
    };
    if function.receiver() {
        // Inside an `impl`, where no other item may stand.
        function.check_plain("a handler", &mut errors);
        return quote! { #item #errors };
    }
    let item = check_attributes(&function, item, &mut errors);
    function.check_plain("a handler", &mut errors);
    let arguments = arguments::read(options.path.as_ref(), &function.signature, &mut errors);

    let registration = Registration::new(&function, &options.krate);
    let registration = match &options.path {
        Some(path) if errors.is_empty() => {
            let handler = Handler::new(&function, &arguments);
            registration.of(&handler.body_check(), &route(path, &options, &handler))
        }
        _ => registration.stub(),
    };
    quote! { #item #registration #errors }
}

/// Reports a second route attribute, and takes it away: it would make a second item of the same name.
fn check_attributes(function: &Function, item: TokenStream, errors: &mut Errors) -> TokenStream {
    let is_route = |attribute: &&syn::Attribute| {
        let name = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        name.is_some_and(|name| ATTRIBUTES.contains(&name.as_str()))
    };
    let Some(second) = function.attributes.iter().find(is_route) else {
        return item;
    };
    let message = "a handler has one route\nhelp: write another handler that calls this one";
    errors.under(second, message);
    let attributes = function.attributes.iter().filter(|attribute| !is_route(attribute));
    let Function { visibility, signature, body, .. } = function;
    quote! { #(#attributes)* #visibility #signature #body }
}

/// The statements that make the route.
fn route(path: &RoutePath, options: &RouteOptions, handler: &Handler<'_>) -> TokenStream {
    let name = match &options.name {
        Some(name) => name.to_token_stream(),
        None => handler.name().unraw().to_string().into_token_stream(),
    };
    let path = path.literal();
    let methods = options.methods.iter().map(|method| {
        let method = Ident::new(&method.to_string(), Span::call_site());
        quote! { __gustnado::Method::#method }
    });
    let methods = (!options.methods.is_empty()).then(|| quote! { .methods([#(#methods),*]) });
    let max_body_size =
        options.max_body_size.as_ref().map(|bytes| quote! { .max_body_size(#bytes) });
    let finish_on_disconnect =
        options.finish_on_disconnect.then(|| quote! { .finish_on_disconnect(true) });
    let route = Ident::new("route", Span::mixed_site());
    let takes = handler.taken_from_request().map(|Argument { conditions, ty, .. }| {
        let argument = quote! { <#ty as __gustnado::FromRequest<'_>>::ARGUMENT };
        quote! { #(#conditions)* let #route = #route.takes(#argument); }
    });
    let shim = handler.shim();
    quote! {
        let #route = __gustnado::Route::new(
            #path,
            #name,
            __gustnado::Location { file: ::core::file!(), line: ::core::line!() },
        ) #methods #max_body_size #finish_on_disconnect;
        #(#takes)*
        #route.handler(#shim)
    }
}

/// The item beside the function.
struct Registration<'f> {
    visibility: &'f Visibility,
    name: &'f Ident,
    /// Whether it exists.
    conditions: TokenStream,
    /// Naming it in `routes!` is a use of the function.
    deprecation: TokenStream,
    krate: &'f CratePath,
}

impl<'f> Registration<'f> {
    fn new(function: &'f Function, krate: &'f CratePath) -> Self {
        Self {
            visibility: &function.visibility,
            name: &function.signature.ident,
            conditions: function.attributes_of("cfg"),
            deprecation: function.attributes_of("deprecated"),
            krate,
        }
    }

    /// The item of a function with a mistake: what names it is right, so there is no second error.
    fn stub(&self) -> TokenStream {
        self.of(&TokenStream::new(), &quote! { ::core::unreachable!() })
    }

    fn of(&self, checks: &TokenStream, route: &TokenStream) -> TokenStream {
        let Self { conditions, deprecation, .. } = self;
        // Quiet: the function has the same name and visibility, and lints speak of it already.
        let (visibility, name) = (quieted(self.visibility), quieted(self.name));
        let import = self.krate.import();
        quote! {
            #conditions
            #deprecation
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #[non_exhaustive]
            #visibility struct #name {}

            #conditions
            #[allow(deprecated)]
            const _: () = {
                #import
                #checks
                impl __gustnado::Endpoint for #name {
                    fn route() -> __gustnado::Route {
                        #route
                    }
                }
            };
        }
    }
}

#[cfg(test)]
mod tests;
