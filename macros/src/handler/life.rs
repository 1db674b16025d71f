//! What calls the methods of a class: its `RequestHandler`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;

use super::class::{Class, Method};
use super::hooks::Hook;
use crate::companions::Companions;
use crate::route::{Handler, Made, Registry, RouteOptions, UserType, guards, route};

/// The implementations of a class.
pub(super) fn calls(
    class: &Class,
    methods: &[Method<'_>],
    companions: &Companions,
    registry: Registry,
    options: &RouteOptions,
) -> TokenStream {
    let ty = quieted_type(&class.ty);
    let handlers: Vec<_> = methods.iter().map(|method| (method, method.handler())).collect();
    let checks = handlers.iter().map(|(_, handler)| handler.body_check());
    let hooks = handlers
        .iter()
        .filter(|(method, _)| method.hook.verb().is_none())
        .map(|(method, handler)| method.hook(&ty, handler));
    let initialize =
        methods.iter().all(|method| method.hook != Hook::Initialize).then(|| initial(class));
    let answer = answer(&ty, &handlers, companions);
    let streams =
        companions.stream_request_body.is_some().then(|| quote! { const STREAMS: bool = true; });
    let route = class_route(class, &handlers, companions, registry, options);
    let registered = registry.implement(&ty, &route);
    let import = options.krate.import();
    let conditions = class.conditions();
    quote! {
        #(#conditions)*
        const _: () = {
            #import
            #(#checks)*
            impl __gustnado::RequestHandler for #ty {
                #streams
                #initialize
                #(#hooks)*
                #answer
            }
            #registered
        };
    }
}

/// The implementation of a class with a mistake: what names it is right, so there is no second error.
pub(super) fn stub(class: &Class, registry: Registry, options: &RouteOptions) -> TokenStream {
    let registered = registry.implement(&quieted_type(&class.ty), &registry.nothing());
    let import = options.krate.import();
    let conditions = class.conditions();
    quote! {
        #(#conditions)*
        const _: () = {
            #import
            #registered
        };
    }
}

impl Class {
    /// Whether the block exists.
    fn conditions(&self) -> impl Iterator<Item = &syn::Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }
}

impl Method<'_> {
    fn handler(&self) -> Handler<'_> {
        Handler::new(self.function, &self.arguments)
    }

    fn conditions(&self) -> impl Iterator<Item = &syn::Attribute> {
        self.function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// The call of the method, with what it is told of.
    fn call(&self, ty: &TokenStream, handler: &Handler<'_>) -> TokenStream {
        let name = handler.callee();
        let this = Ident::new("self", Span::mixed_site());
        let first = (self.hook != Hook::Initialize).then(|| quote! { #this });
        let context = self.context.map(|place| cx_at(place).into_token_stream());
        let given = self.given.map(|place| given_at(place).into_token_stream());
        let call = handler.call(&quote! { <#ty>::#name }, first, context.into_iter().chain(given));
        let wait = handler.wait();
        quote! { #call #wait }
    }

    /// The trait's method that calls this one.
    fn hook(&self, ty: &TokenStream, handler: &Handler<'_>) -> TokenStream {
        let site = Span::mixed_site();
        let (cx, given) = (cx(), given());
        let takes = handler.takes(&quote! { *#cx }, None);
        let call = self.call(ty, handler);
        let context = quote! { #cx: &__gustnado::Context };
        let result = quote! { ::core::result::Result<(), __gustnado::Error> };
        let done = self.outcome(&call);
        let conditions = self.conditions();
        let name = Ident::new(&self.function.signature.ident.unraw().to_string(), site);
        let function = match self.hook {
            Hook::Initialize => {
                let made = self.made(&call);
                quote_spanned! { site=>
                    async fn #name(#context) -> ::core::result::Result<Self, __gustnado::Error> {
                        #takes
                        #made
                    }
                }
            }
            Hook::SetDefaultHeaders => quote_spanned! { site=>
                fn #name(&mut self, #context) -> #result { #done }
            },
            Hook::DataReceived => quote_spanned! { site=>
                async fn #name(&mut self, #context, #given: __gustnado::Bytes) -> #result {
                    #takes
                    #done
                }
            },
            Hook::WriteError => {
                let (respond, returned) = handler.respond("try_respond");
                quote_spanned! { site=>
                    async fn #name(
                        &mut self,
                        #context,
                        #given: &__gustnado::Error,
                    ) -> ::core::result::Result<__gustnado::Response, __gustnado::Error> {
                        #takes
                        let #returned = #call;
                        #respond(#returned, #cx)
                    }
                }
            }
            Hook::LogException => quote_spanned! { site=>
                fn #name(&mut self, #context, #given: &__gustnado::Error) { #call }
            },
            Hook::OnFinish | Hook::OnConnectionClose => quote_spanned! { site=>
                fn #name(&mut self, #context) { #call }
            },
            // Those of verbs are called by `answer`.
            Hook::Prepare | Hook::Verb(_) => quote_spanned! { site=>
                async fn #name(&mut self, #context) -> #result { #takes #done }
            },
        };
        quote! { #(#conditions)* #function }
    }

    /// The call as a `Result<()>`.
    fn outcome(&self, call: &TokenStream) -> TokenStream {
        if self.function.output().is_none() {
            return quote! { #call; ::core::result::Result::Ok(()) };
        }
        let returned = self.returned();
        let ask = quote_spanned! { returned.span()=> ? };
        quote! {
            let #returned = #call;
            let nothing: () = #returned #ask;
            ::core::result::Result::Ok(nothing)
        }
    }

    /// The call as a `Result<Self>`.
    fn made(&self, call: &TokenStream) -> TokenStream {
        let last = match self.function.output() {
            Some(Type::Path(path)) => {
                path.path.segments.last().map(|segment| segment.ident.to_string())
            }
            _ => None,
        };
        let returned = self.returned();
        let ask =
            (last.as_deref() == Some("Result")).then(|| quote_spanned! { returned.span()=> ? });
        quote! {
            let #returned = #call;
            let made: Self = #returned #ask;
            ::core::result::Result::Ok(made)
        }
    }

    /// A name for what the method returns, with the place of its type.
    fn returned(&self) -> Ident {
        let site = Span::mixed_site();
        let place = self.function.output().map_or(site, |output| UserType::of(output).start());
        Ident::new("returned", site.located_at(place))
    }
}

/// A value of nothing.
fn initial(class: &Class) -> TokenStream {
    let ty = &class.ty;
    let place = UserType::of(ty).start();
    let initial = quote_spanned! { place=> <#ty as __gustnado::Initial>::initial() };
    let cx = cx();
    quote! {
        async fn initialize(#cx: &__gustnado::Context) -> ::core::result::Result<Self, __gustnado::Error> {
            let _ = #cx;
            ::core::result::Result::Ok(#initial)
        }
    }
}

/// The choice of the verb's method.
fn answer(
    ty: &TokenStream,
    handlers: &[(&Method<'_>, Handler<'_>)],
    companions: &Companions,
) -> TokenStream {
    let site = Span::mixed_site();
    let cx = cx();
    let verbs = || {
        handlers.iter().filter_map(|(method, handler)| Some((method.hook.verb()?, method, handler)))
    };
    let has_head = verbs().any(|(verb, ..)| verb == "HEAD");
    let arms = verbs().map(|(verb, method, handler)| {
        let conditions = method.conditions();
        let name = Ident::new(verb, Span::call_site());
        let head = (verb == "GET" && !has_head).then(|| quote! { | __gustnado::Method::HEAD });
        let authenticated =
            companions.authenticated.is_some() || method.companions.authenticated.is_some();
        let guards = guards(authenticated, &cx, |response| {
            quote! { return ::core::result::Result::Ok(#response); }
        });
        let takes = handler.takes(&quote! { *#cx }, None);
        let call = method.call(ty, handler);
        let (respond, returned) = handler.respond("try_respond");
        quote_spanned! { site=>
            #(#conditions)*
            __gustnado::Method::#name #head => {
                #guards
                #takes
                let #returned = #call;
                #respond(#returned, #cx)
            }
        }
    });
    quote_spanned! { site=>
        async fn answer(
            &mut self,
            #cx: &__gustnado::Context,
        ) -> ::core::result::Result<__gustnado::Response, __gustnado::Error> {
            match *#cx.method() {
                #(#arms)*
                _ => ::core::result::Result::Err(__gustnado::not_allowed()),
            }
        }
    }
}

/// The statements that make the route.
fn class_route(
    class: &Class,
    handlers: &[(&Method<'_>, Handler<'_>)],
    companions: &Companions,
    registry: Registry,
    options: &RouteOptions,
) -> TokenStream {
    let verbs = handlers.iter().filter_map(|(method, _)| {
        let conditions = method.conditions();
        let name = Ident::new(method.hook.verb()?, Span::call_site());
        Some(quote! { #(#conditions)* __gustnado::Method::#name })
    });
    let methods = quote! { .methods([#(#verbs),*]) };
    let taken = handlers.iter().flat_map(|(method, handler)| {
        handler.taken_from_request().map(|argument| {
            let conditions = method.conditions();
            (quote! { #(#conditions)* }, argument)
        })
    });
    let ty = quieted_type(&class.ty);
    let name = match &class.ty {
        Type::Path(path) => {
            path.path.segments.last().map(|segment| segment.ident.unraw().to_string())
        }
        _ => None,
    };
    let name = name.unwrap_or_else(|| class.ty.to_token_stream().to_string());
    let streams = companions.stream_request_body.is_some();
    let shim = quote! { __gustnado::live::<#ty> };
    let made = Made { name: &name, methods: &methods, streams, companions };
    route(registry, options, &made, taken, &shim)
}

/// The type, as a name that lints have spoken of already.
fn quieted_type(ty: &Type) -> TokenStream {
    crate::function::quieted(ty)
}

/// The name that the context has in what is made.
fn cx() -> Ident {
    cx_at(Span::mixed_site())
}

/// The same name, with the place of the argument that it is passed to.
fn cx_at(place: Span) -> Ident {
    Ident::new("cx", Span::mixed_site().located_at(place))
}

/// The name of what a method is told of.
fn given() -> Ident {
    given_at(Span::mixed_site())
}

fn given_at(place: Span) -> Ident {
    Ident::new("given", Span::mixed_site().located_at(place))
}
