//! `#[route]` and its shorthands: a function, and beside it an item of the same name that knows its route.
//!
//! The item is a `struct` with braces. It has a name among types only, so the function can still be called, one `use`
//! brings both, and `routes![..]` finds the struct where the user names the function.

mod arguments;
mod options;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use self::arguments::{Argument, Source};
use self::options::{RouteOptions, RoutePath};
use crate::errors::Errors;
use crate::function::{Function, quiet, quieted};
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
            Registration::stub(&visibility, &name, TokenStream::new(), &options.krate)
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

    let conditions: TokenStream = function.conditions().map(ToTokens::to_token_stream).collect();
    let (visibility, name) = (&function.visibility, &function.signature.ident);
    let registration = match &options.path {
        Some(path) if errors.is_empty() => {
            let handler = Handler { function: &function, arguments: &arguments };
            let route = route(path, &options, &handler);
            let checks = handler.body_check();
            Registration { visibility, name, conditions, checks, route }.expand(&options.krate)
        }
        _ => Registration::stub(visibility, name, conditions, &options.krate),
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
        None => handler.function.signature.ident.unraw().to_string().into_token_stream(),
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
    let taken = handler.arguments.iter().filter(|argument| argument.source == Source::Request);
    let takes = taken.map(|Argument { conditions, ty, .. }| {
        quote! {
            #(#conditions)*
            let #route = #route.takes(<#ty as __gustnado::FromRequest<'_>>::ARGUMENT);
        }
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

/// The function, as something that answers a request.
struct Handler<'f> {
    function: &'f Function,
    arguments: &'f [Argument],
}

impl Handler<'_> {
    /// A closure from the context to the response. It takes the arguments in their order, and the first that cannot
    /// be taken makes the response.
    ///
    /// What must have some trait is written at the place of its type, so that the compiler reports it there.
    fn shim(&self) -> TokenStream {
        let site = Span::mixed_site();
        let cx = Ident::new("cx", site);
        let names: Vec<_> =
            (0..self.arguments.len()).map(|n| Ident::new(&format!("a{n}"), site)).collect();
        let takes = self.arguments.iter().zip(&names).map(|(argument, name)| {
            let Argument { conditions, ty, source } = argument;
            let taken = match source {
                Source::Capture { position, name } => {
                    let read = quote! { <#ty as __gustnado::FromCapture<'_>>::from_capture };
                    quote! { __gustnado::capture(&#cx, #position, #name, #read) }
                }
                Source::Request => {
                    quote! { <#ty as __gustnado::FromRequest<'_>>::from_request(&#cx).await }
                }
            };
            quote_spanned! { site=>
                #(#conditions)*
                let #name = match #taken {
                    ::core::result::Result::Ok(value) => value,
                    ::core::result::Result::Err(error) => {
                        return __gustnado::Respond::respond(error, &#cx);
                    }
                };
            }
        });
        let mut function = self.function.signature.ident.clone();
        function.set_span(quiet(function.span()));
        let passed = self.arguments.iter().zip(&names).map(|(argument, name)| {
            let conditions = &argument.conditions;
            quote! { #(#conditions)* #name }
        });
        let wait = self.function.is_async().then(|| quote! { .await });
        let respond = self.respond();
        // A binding, not a tail: in older editions, what a tail borrows outlives `cx`.
        quote_spanned! { site=>
            |#cx: __gustnado::Context| async move {
                #(#takes)*
                let response = #respond(#function(#(#passed),*)#wait, &#cx);
                response
            }
        }
    }

    /// The conversion of what the function returns, at the place of its type.
    fn respond(&self) -> TokenStream {
        let signature = &self.function.signature;
        match self.function.output() {
            None => quote! { <() as __gustnado::Respond>::respond },
            Some(output) if arguments::has_impl(output.to_token_stream()) => {
                quote_spanned! { output.span()=> __gustnado::Respond::respond }
            }
            Some(output) => {
                let output = arguments::elided(output, signature);
                quote! { <#output as __gustnado::Respond>::respond }
            }
        }
    }

    /// A constant that cannot be evaluated if two arguments take the body.
    fn body_check(&self) -> TokenStream {
        let candidates =
            self.arguments.iter().filter(|argument| argument.source == Source::Request);
        if candidates.clone().count() < 2 {
            return TokenStream::new();
        }
        let body = Ident::new("body", Span::mixed_site());
        let claims = candidates.map(|Argument { conditions, ty, .. }| {
            let name = arguments::written(ty);
            let claim = quote_spanned! { ty.span()=>
                #body.taken_by(#name, <#ty as __gustnado::FromRequest<'_>>::BODY)
            };
            quote! { #(#conditions)* let #body = #claim; }
        });
        quote! {
            const _: () = {
                let #body = __gustnado::Body::FREE;
                #(#claims)*
                let _ = #body;
            };
        }
    }
}

/// The item beside the function.
struct Registration<'f> {
    visibility: &'f Visibility,
    name: &'f Ident,
    conditions: TokenStream,
    checks: TokenStream,
    route: TokenStream,
}

impl Registration<'_> {
    /// An item for a function with a mistake: what names it is right, so there is no second error.
    fn stub(
        visibility: &Visibility,
        name: &Ident,
        conditions: TokenStream,
        krate: &CratePath,
    ) -> TokenStream {
        let route = quote! { ::core::unreachable!() };
        let checks = TokenStream::new();
        Registration { visibility, name, conditions, checks, route }.expand(krate)
    }

    fn expand(self, krate: &CratePath) -> TokenStream {
        let Self { visibility, name, conditions, checks, route } = self;
        // Quiet: the function has the same name and visibility, and lints speak of it already.
        let (visibility, name) = (quieted(visibility), quieted(name));
        let import = krate.import();
        quote! {
            #conditions
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
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
