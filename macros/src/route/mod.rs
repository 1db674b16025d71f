//! `#[route]` and its shorthands: a function, and beside it an item of the same name that knows its route.
//!
//! The item is a `struct` with braces. It has a name among types only, so the function can still be called, one `use`
//! brings both, and `routes![..]` finds the struct where the user names the function.

mod arguments;
mod handler;
mod options;
mod user_type;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;

pub(crate) use self::arguments::{Argument, Captures, check_captures, read as read_arguments};
pub(crate) use self::handler::Handler;
pub(crate) use self::options::{RouteOptions, RoutePath};
pub(crate) use self::user_type::UserType;
use crate::companions::{Companions, mark};
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
pub(crate) const ATTRIBUTES: &[&str] =
    &["route", "get", "post", "put", "patch", "delete", "head", "options"];

/// How others know what was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registry {
    /// With its path.
    Endpoint,
    /// To be given one.
    Handler,
}

impl Registry {
    /// The implementation that makes the route.
    pub(crate) fn implement(self, ty: &TokenStream, route: &TokenStream) -> TokenStream {
        let path = self.path();
        match self {
            Self::Endpoint => quote! {
                impl __gustnado::Endpoint for #ty {
                    fn route() -> __gustnado::Route {
                        #route
                    }
                }
            },
            Self::Handler => quote! {
                impl __gustnado::Handler for #ty {
                    fn at(#path: __gustnado::Cow<'static, ::core::primitive::str>) -> __gustnado::Route {
                        #route
                    }
                }
            },
        }
    }

    /// What stands for the route of what has a mistake.
    pub(crate) fn nothing(self) -> TokenStream {
        let path = self.path();
        let unused = (self == Self::Handler).then(|| quote! { let _ = #path; });
        quote! { #unused ::core::unreachable!() }
    }

    fn path(self) -> Ident {
        Ident::new("path", Span::mixed_site())
    }
}

pub(crate) fn expand(
    shorthand: Option<Shorthand>,
    tokens: TokenStream,
    item: TokenStream,
) -> TokenStream {
    if crate::handler::is_class(&item) {
        return crate::handler::expand_routed(shorthand, tokens, item);
    }
    let mut errors = Errors::default();
    let options = RouteOptions::parse(shorthand, tokens, &mut errors);
    let attribute = shorthand.map_or("route", |shorthand| shorthand.name);
    expand_function(Registry::Endpoint, attribute, &options, item, errors)
}

/// The function below `#[attribute]`, and what others know it by.
pub(crate) fn expand_function(
    registry: Registry,
    attribute: &str,
    options: &RouteOptions,
    item: TokenStream,
    mut errors: Errors,
) -> TokenStream {
    let Some(mut function) = errors.check(Function::parse(item.clone(), attribute)) else {
        let stub = Function::name_of(item.clone()).map(|(visibility, name)| {
            let (conditions, deprecation) = Default::default();
            let (visibility, name, krate) = (&visibility, &name, &options.krate);
            Registration { registry, visibility, name, conditions, deprecation, krate }.stub()
        });
        return quote! { #item #stub #errors };
    };
    if function.receiver() {
        // Inside an `impl`, where no other item may stand.
        function.check_plain("a handler", &mut errors);
        return quote! { #item #errors };
    }
    let item = check_attributes(&mut function, item, &mut errors);
    let companions = Companions::take(&mut function.attributes, &mut errors);
    let item = if companions.is_empty() { item } else { function.tokens() };
    if let Some(attribute) = &companions.stream_request_body {
        let message = "a function takes the body as it arrives by an argument\n\
                       help: remove this, and take a `BodyStream`";
        errors.under(attribute, message);
    }
    options.check_slash(&companions, &mut errors);
    function.check_plain("a handler", &mut errors);
    let captures = match registry {
        Registry::Endpoint => Captures::Of(options.path.as_ref()),
        Registry::Handler => Captures::Named(&options.captures),
    };
    let signature = &function.signature;
    let arguments = read_arguments(captures, function.inputs(), signature, &mut errors);
    let all: Vec<_> = arguments.iter().collect();
    match (registry, &options.path) {
        (Registry::Endpoint, Some(path)) => check_captures(path, &all, &mut errors),
        (Registry::Endpoint, None) => {}
        (Registry::Handler, _) => options.check_named(&all, &mut errors),
    }

    let registration = Registration::new(registry, &function, &options.krate);
    let complete = registry == Registry::Handler || options.path.is_some();
    let registration = if complete && errors.is_empty() {
        let handler = Handler::new(&function, &arguments);
        let route = function_route(registry, options, &companions, &handler);
        let url = registration.url(options.path.as_ref(), &handler);
        let checks = handler.body_check();
        registration.of(&quote! { #checks #url }, &route)
    } else {
        registration.stub()
    };
    quote! { #item #registration #errors }
}

/// Reports a second route attribute, and takes it away: it would make a second item of the same name.
fn check_attributes(
    function: &mut Function,
    item: TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let name = |attribute: &syn::Attribute| {
        attribute.path().segments.last().map(|segment| segment.ident.to_string())
    };
    let makes_handler = |attribute: &syn::Attribute| {
        name(attribute).is_some_and(|name| name == "handler" || ATTRIBUTES.contains(&name.as_str()))
    };
    let Some(second) = function.attributes.iter().find(|attribute| makes_handler(attribute)) else {
        return item;
    };
    let message = if name(second).as_deref() == Some("handler") {
        "a function with a path is a handler already\nhelp: remove this attribute"
    } else {
        "a handler has one route\nhelp: write another handler that calls this one"
    };
    errors.under(second, message);
    function.attributes.retain_mut(|attribute| {
        if name(attribute).as_deref() == Some("handler") {
            mark(attribute);
            return true;
        }
        !makes_handler(attribute)
    });
    function.tokens()
}

/// The statements that make the route of a function.
fn function_route(
    registry: Registry,
    options: &RouteOptions,
    companions: &Companions,
    handler: &Handler<'_>,
) -> TokenStream {
    let methods = options.methods.iter().map(|method| {
        let method = Ident::new(&method.to_string(), Span::call_site());
        quote! { __gustnado::Method::#method }
    });
    let methods = match options.methods.is_empty() {
        true => TokenStream::new(),
        false => quote! { .methods([#(#methods),*]) },
    };
    let name = handler.name().unraw().to_string();
    let taken = handler.taken_from_request().map(|argument| (TokenStream::new(), argument));
    let cx = Ident::new("cx", Span::mixed_site());
    let answer = |response: &Ident| quote! { return #response; };
    let shim = handler.shim(&guards(companions.authenticated.is_some(), &cx, answer));
    let made = Made { name: &name, methods: &methods, streams: false, companions };
    route(registry, options, &made, taken, &shim)
}

/// What a route is made of, beside its options.
pub(crate) struct Made<'m> {
    pub(crate) name: &'m str,
    /// The call that says which methods it answers.
    pub(crate) methods: &'m TokenStream,
    /// Whether it takes the body as it arrives, whatever its arguments are.
    pub(crate) streams: bool,
    pub(crate) companions: &'m Companions,
}

/// The statements that make a route. Each argument that is taken from the request has the conditions of what takes it.
pub(crate) fn route<'a>(
    registry: Registry,
    options: &RouteOptions,
    made: &Made<'_>,
    taken: impl Iterator<Item = (TokenStream, &'a Argument)>,
    shim: &TokenStream,
) -> TokenStream {
    let Made { name, methods, streams, companions } = made;
    let name = match &options.name {
        Some(name) => name.to_token_stream(),
        None => name.to_token_stream(),
    };
    let path = match &options.path {
        Some(path) => path.literal().to_token_stream(),
        None => registry.path().to_token_stream(),
    };
    let max_body_size =
        options.max_body_size.as_ref().map(|bytes| quote! { .max_body_size(#bytes) });
    let finish_on_disconnect =
        options.finish_on_disconnect.then(|| quote! { .finish_on_disconnect(true) });
    let host = options.host.as_ref().map(|host| quote! { .host(#host) });
    let accept = options.accept.as_ref().map(|accept| quote! { .accept(#accept) });
    let guard = options.guard.as_ref().map(|guard| quote! { .guard(#guard) });
    let timeout = options.timeout.as_ref().map(|seconds| {
        quote! { .timeout(__gustnado::Duration::from_secs_f64(#seconds)) }
    });
    let slash = companions.slash().then(|| quote! { .redirects_slash() });
    let streams = streams.then(|| {
        quote! { .takes(<__gustnado::BodyStream as __gustnado::FromRequest<'_>>::ARGUMENT) }
    });
    let captures = options.captures.iter().map(|name| {
        let name = name.unraw().to_string();
        quote! { .takes_capture(#name) }
    });
    let route = Ident::new("route", Span::mixed_site());
    let takes = taken.map(|(outer, Argument { conditions, ty, .. })| {
        let argument = quote! { <#ty as __gustnado::FromRequest<'_>>::ARGUMENT };
        quote! { #outer #(#conditions)* let #route = #route.takes(#argument); }
    });
    quote! {
        let #route = __gustnado::Route::new(
            #path,
            #name,
            __gustnado::Location { file: ::core::file!(), line: ::core::line!() },
        ) #methods #host #accept #guard #timeout #max_body_size #finish_on_disconnect #slash #streams #(#captures)*;
        #(#takes)*
        #route.endpoint::<Self>().handler(#shim)
    }
}

/// What is asked before the arguments are taken; who may not pass gets its answer.
pub(crate) fn guards(
    authenticated: bool,
    cx: &Ident,
    answer: impl Fn(&Ident) -> TokenStream,
) -> TokenStream {
    if !authenticated {
        return TokenStream::new();
    }
    let site = Span::mixed_site();
    let response = Ident::new("response", site);
    let answer = answer(&response);
    quote_spanned! { site=>
        if let ::core::option::Option::Some(#response) = __gustnado::authenticated(&#cx) {
            #answer
        }
    }
}

/// The item beside the function.
struct Registration<'f> {
    registry: Registry,
    visibility: &'f Visibility,
    name: &'f Ident,
    /// Whether it exists.
    conditions: TokenStream,
    /// Naming it in `routes!` is a use of the function.
    deprecation: TokenStream,
    krate: &'f CratePath,
}

impl<'f> Registration<'f> {
    fn new(registry: Registry, function: &'f Function, krate: &'f CratePath) -> Self {
        Self {
            registry,
            visibility: &function.visibility,
            name: &function.signature.ident,
            conditions: function.attributes_of("cfg"),
            deprecation: function.attributes_of("deprecated"),
            krate,
        }
    }

    /// The function that makes links to the route: its parameters are the captures, in the order of the path.
    fn url(&self, path: Option<&RoutePath>, handler: &Handler<'_>) -> TokenStream {
        let Some(path) = path else { return TokenStream::new() };
        let (visibility, name) = (quieted(self.visibility), quieted(self.name));
        let captures: Vec<_> = handler.captures().collect();
        let parameters = captures.iter().map(|(parameter, argument)| {
            let Argument { conditions, ty, .. } = argument;
            quote! { #(#conditions)* #parameter: impl __gustnado::Fills<fn(#ty)> }
        });
        let pieces = captures.iter().map(|(parameter, Argument { conditions, .. })| {
            quote! { #(#conditions)* __gustnado::Fills::piece(&#parameter) }
        });
        let (path, text) = (path.literal(), self.name.unraw().to_string());
        quote! {
            impl #name {
                #visibility fn url(#(#parameters),*) -> __gustnado::Link {
                    __gustnado::Link::new::<Self>(#text, #path, &[#(#pieces),*])
                }
            }
        }
    }

    /// The item of a function with a mistake: what names it is right, so there is no second error.
    fn stub(&self) -> TokenStream {
        self.of(&TokenStream::new(), &self.registry.nothing())
    }

    fn of(&self, checks: &TokenStream, route: &TokenStream) -> TokenStream {
        let Self { conditions, deprecation, .. } = self;
        // Quiet: the function has the same name and visibility, and lints speak of it already.
        let (visibility, name) = (quieted(self.visibility), quieted(self.name));
        let import = self.krate.import();
        let registered = self.registry.implement(&name, route);
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
                #registered
            };
        }
    }
}

#[cfg(test)]
mod tests;
