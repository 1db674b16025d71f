//! How a route calls the function that it was made of.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::arguments::{Argument, Source};
use super::user_type::{UserType, has_impl};
use crate::function::{Function, quiet};

/// The function and its arguments.
pub(crate) struct Handler<'f> {
    function: &'f Function,
    arguments: &'f [Argument],
}

impl<'f> Handler<'f> {
    pub(crate) fn new(function: &'f Function, arguments: &'f [Argument]) -> Self {
        Self { function, arguments }
    }

    pub(crate) fn name(&self) -> &'f Ident {
        &self.function.signature.ident
    }

    /// The arguments that are not captures.
    pub(crate) fn taken_from_request(&self) -> impl Iterator<Item = &'f Argument> {
        self.arguments.iter().filter(|argument| argument.source == Source::Request)
    }

    /// The arguments that are captures, in the order of the path, and what a parameter for each is called.
    pub(super) fn captures(&self) -> impl Iterator<Item = (Ident, &'f Argument)> {
        let named = |argument: &'f Argument| match &argument.source {
            Source::Capture { position, name } => Some((*position, parameter(name), argument)),
            Source::Request => None,
        };
        let mut captures: Vec<_> = self.arguments.iter().filter_map(named).collect();
        captures.sort_by_key(|(position, ..)| *position);
        captures.into_iter().map(|(_, name, argument)| (name, argument))
    }

    /// A closure from the context to the response. It takes the arguments in their order, and the first that cannot
    /// be taken makes the response. Before it, `guards` are asked.
    pub(crate) fn shim(&self, guards: &TokenStream) -> TokenStream {
        // Names of ours that no name of the user's can meet.
        let site = Span::mixed_site();
        let cx = Ident::new("cx", site);
        let takes = self.takes(
            &quote! { #cx },
            Some(quote! { .map_err(|error| __gustnado::Respond::respond(error, &#cx)) }),
        );
        let call = self.call(&self.callee(), None, None);
        let wait = self.wait();
        let (respond, returned) = self.respond("respond");
        let call = if self.arguments.is_empty() {
            quote_spanned! { site=> let #returned = #call #wait; }
        } else {
            // A block of its own, so that the frame of the call can lie where the arguments were awaited: many may wait.
            quote_spanned! { site=>
                let taken = async {
                    #takes
                    ::core::result::Result::Ok(#call)
                };
                let called = match taken.await {
                    ::core::result::Result::Ok(called) => called,
                    ::core::result::Result::Err(response) => return response,
                };
                let #returned = called #wait;
            }
        };
        // A binding, not a tail: in older editions, what a tail borrows outlives `cx`.
        quote_spanned! { site=>
            |#cx: __gustnado::Context| async move {
                #guards
                #call
                let mut response = #respond(#returned, &#cx);
                #cx.complete(&mut response);
                response
            }
        }
    }

    /// The statements that take the arguments from the context at this place. What they fail with is returned, as what `convert`
    /// makes of it.
    pub(crate) fn takes(&self, cx: &TokenStream, convert: Option<TokenStream>) -> TokenStream {
        let takes = self.arguments.iter().zip(self.names()).map(|(argument, name)| {
            let conditions = &argument.conditions;
            let taken = take(argument, cx);
            quote_spanned! { Span::mixed_site()=>
                #(#conditions)*
                let #name = #taken #convert?;
            }
        });
        quote! { #(#takes)* }
    }

    /// The function's name, as what is called.
    pub(crate) fn callee(&self) -> TokenStream {
        let mut function = self.name().clone();
        function.set_span(quiet(function.span()));
        quote! { #function }
    }

    /// The call with the arguments that were taken, and those that come before and behind them.
    pub(crate) fn call(
        &self,
        callee: &TokenStream,
        first: Option<TokenStream>,
        last: impl IntoIterator<Item = TokenStream>,
    ) -> TokenStream {
        let passed = self.arguments.iter().zip(self.names()).map(|(argument, name)| {
            let conditions = &argument.conditions;
            quote! { #(#conditions)* #name }
        });
        let passed = first.into_iter().chain(passed).chain(last);
        quote_spanned! { Span::mixed_site()=> #callee(#(#passed),*) }
    }

    /// What waits for the call.
    pub(crate) fn wait(&self) -> Option<TokenStream> {
        self.function.is_async().then(|| quote! { .await })
    }

    fn names(&self) -> impl Iterator<Item = Ident> {
        (0..self.arguments.len()).map(|n| Ident::new(&format!("a{n}"), Span::mixed_site()))
    }

    /// The conversion of what the function returns, by this method of `Respond`; and a name for that.
    pub(crate) fn respond(&self, method: &str) -> (TokenStream, Ident) {
        let site = Span::mixed_site();
        let Some(output) = self.function.output() else {
            let method = Ident::new(method, site);
            return (quote! { __gustnado::Respond::#method }, Ident::new("returned", site));
        };
        let ty = UserType::new(output, &self.function.signature);
        let returned = Ident::new("returned", site.located_at(ty.start()));
        if has_impl(output) {
            // What `impl Trait` stands for has no name, so it is left to be inferred.
            let method = Ident::new(method, ty.start());
            return (quote_spanned! { ty.start()=> __gustnado::Respond::#method }, returned);
        }
        let method = Ident::new(method, Span::call_site());
        (quote! { <#ty as __gustnado::Respond>::#method }, returned)
    }

    /// A constant that cannot be evaluated if two arguments take the body.
    pub(crate) fn body_check(&self) -> TokenStream {
        if self.taken_from_request().count() < 2 {
            return TokenStream::new();
        }
        let body = Ident::new("body", Span::mixed_site());
        let claims = self.taken_from_request().map(|Argument { conditions, ty, .. }| {
            let name = ty.to_string();
            let taken_by = quote_spanned! { ty.start()=> __gustnado::Body::taken_by };
            let takes = quote! { <#ty as __gustnado::FromRequest<'_>>::BODY };
            let arguments = quote_spanned! { ty.end()=> (#body, #name, #takes) };
            quote! { #(#conditions)* let #body = #taken_by #arguments; }
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

/// A parameter of this name, which may be a keyword.
fn parameter(name: &str) -> Ident {
    let place = Span::mixed_site();
    syn::parse_str(name).map_or_else(
        |_| Ident::new_raw(name, place),
        |mut name: Ident| {
            name.set_span(place);
            name
        },
    )
}

/// The expression that takes one argument: a `Result`.
fn take(argument: &Argument, cx: &TokenStream) -> TokenStream {
    let Argument { ty, source, .. } = argument;
    match source {
        Source::Capture { position, name } => {
            // A closure, because the function itself, passed as a value, would be a second place for an error.
            let text = Ident::new("text", Span::mixed_site());
            let read = quote! { |#text| <#ty as __gustnado::FromCapture<'_>>::from_capture(#text) };
            match position {
                Some(position) => quote! { __gustnado::capture(&#cx, #position, #name, #read) },
                None => quote! { __gustnado::named_capture(&#cx, #name, #read) },
            }
        }
        Source::Request => {
            // The compiler reports twice that the trait is missing, at the type and at the call: with the tokens of
            // the call at the type too, it merges them.
            let start = quote_spanned! { ty.start()=> < };
            let end = quote_spanned! { ty.end()=> >::from_request(&#cx).await };
            quote! { #start #ty as __gustnado::FromRequest<'_> #end }
        }
    }
}
