//! An `impl` block below `#[handler]`.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, FnArg, Generics, ImplItem, PatType, ReceiverKind, Signature, Token, Type,
    Visibility, WhereClause, braced,
};

use super::hooks::Hook;
use super::life;
use crate::companions::{Companions, has_moved, mark};
use crate::errors::Errors;
use crate::function::{Function, is_function};
use crate::route::{
    Argument, Captures, Registry, RouteOptions, Shorthand, UserType, check_captures, read_arguments,
};
use crate::suggestion;

/// The block, read as far as the signatures of its methods.
pub(crate) struct Class {
    pub(super) attributes: Vec<Attribute>,
    pub(super) ty: Type,
    /// What stands before the braces.
    head: TokenStream,
    items: Vec<Item>,
}

enum Item {
    Method(Box<Function>),
    Other(TokenStream),
}

/// A method that is called.
pub(super) struct Method<'c> {
    pub(super) hook: Hook,
    pub(super) function: &'c Function,
    /// What is taken from the request.
    pub(super) arguments: Vec<Argument>,
    /// The place of the context's type, where only that can be taken.
    pub(super) context: Option<Span>,
    /// The place of the type of what the method is told of.
    pub(super) given: Option<Span>,
    pub(super) companions: Companions,
}

/// Whether the item is an `impl` block.
pub(crate) fn is_class(item: &TokenStream) -> bool {
    let peek = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        let is_class =
            input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]);
        input.parse::<TokenStream>().map(|_| is_class)
    };
    peek.parse2(item.clone()).unwrap_or_default()
}

/// A class whose path is given elsewhere.
pub(super) fn expand(tokens: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = RouteOptions::parse_open(tokens, &mut errors);
    match errors.check(Class::parse(item.clone())) {
        Some(class) => class.expanded(Registry::Handler, &options, errors),
        None => quote! { #item #errors },
    }
}

/// A class below `#[route]`.
pub(crate) fn expand_routed(
    shorthand: Option<Shorthand>,
    tokens: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let mut errors = Errors::default();
    let options = RouteOptions::parse(shorthand, tokens, &mut errors);
    let Some(mut class) = errors.check(Class::parse(item.clone())) else {
        return quote! { #item #errors };
    };
    if let Some(Shorthand { name, .. }) = shorthand {
        let message = format!(
            "the methods of an `impl` say which requests it answers\n\
             help: write `#[route(..)]` instead of `#[{name}(..)]`"
        );
        errors.at(proc_macro2::Span::call_site(), message);
    }
    let is_handler = |attribute: &Attribute| {
        attribute.path().segments.last().is_some_and(|last| last.ident == "handler")
    };
    match class.attributes.iter().position(is_handler) {
        Some(place) => {
            let handler = &mut class.attributes[place];
            if has_moved(handler) {
                class.attributes.remove(place);
            } else if matches!(handler.meta, syn::Meta::Path(_)) {
                mark(handler);
            } else {
                let message = "the options of a route stand in its `#[route(..)]`";
                errors.under(&*handler, message);
                mark(handler);
            }
        }
        None => errors.at(
            proc_macro2::Span::call_site(),
            "`#[route]` goes on a function, or on an `impl` with `#[handler]`\n\
             help: write `#[handler]` below it",
        ),
    }
    class.expanded(Registry::Endpoint, &options, errors)
}

impl Class {
    fn parse(item: TokenStream) -> syn::Result<Self> {
        let parse = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            // The compiler has something to say of it.
            let unsafety: Option<Token![unsafe]> = input.parse()?;
            let keyword: Token![impl] = input.parse()?;
            let generics: Generics = input.parse()?;
            if generics.type_params().next().is_some() || generics.const_params().next().is_some() {
                let message =
                    "a handler cannot be generic: nobody chooses its types when a request comes";
                return Err(syn::Error::new_spanned(&generics, message));
            }
            let ty: Type = input.parse()?;
            if input.peek(Token![for]) {
                let message = "`#[handler]` goes on an `impl` of the type itself, not of a trait";
                return Err(syn::Error::new_spanned(ty, message));
            }
            let condition: Option<WhereClause> = input.parse()?;
            let content;
            braced!(content in input);
            let mut items = Vec::new();
            while !content.is_empty() {
                items.push(Item::parse(&content)?);
            }
            let head = quote! { #unsafety #keyword #generics #ty #condition };
            Ok(Self { attributes, ty, head, items })
        };
        parse.parse2(item)
    }

    /// The block with its companions marked, and what calls it.
    fn expanded(
        mut self,
        registry: Registry,
        options: &RouteOptions,
        mut errors: Errors,
    ) -> TokenStream {
        let companions = Companions::take(&mut self.attributes, &mut errors);
        let mut of_methods = Vec::new();
        for item in &mut self.items {
            if let Item::Method(function) = item {
                of_methods.push(Companions::take(&mut function.attributes, &mut errors));
            }
        }
        let this = &self;
        let functions = this.functions().zip(of_methods);
        let mut methods = Vec::new();
        for (function, companions) in functions {
            let name = function.signature.ident.unraw().to_string();
            let Some(hook) = Hook::named(&name) else { continue };
            check_method(hook, function, &companions, &mut errors);
            let captures = match registry {
                Registry::Endpoint => Captures::Of(options.path.as_ref()),
                Registry::Handler => Captures::Named(&options.captures),
            };
            let mut inputs: Vec<_> = function.inputs().collect();
            let given = hook.given().and_then(|_| inputs.pop()).map(place_of);
            let context = match hook.may_wait() {
                true => None,
                false => inputs.pop().map(place_of),
            };
            let arguments = read_arguments(captures, inputs, &function.signature, &mut errors);
            methods.push(Method { hook, function, arguments, context, given, companions });
        }
        this.check(&methods, &companions, registry, options, &mut errors);
        let calls = if errors.is_empty() {
            life::calls(this, &methods, &companions, registry, options)
        } else {
            life::stub(this, registry, options)
        };
        let item = this.tokens();
        quote! { #item #calls #errors }
    }

    fn functions(&self) -> impl Iterator<Item = &Function> {
        self.items.iter().filter_map(|item| match item {
            Item::Method(function) => Some(&**function),
            Item::Other(_) => None,
        })
    }

    /// Reports what is missing, and what stands in the wrong place.
    fn check(
        &self,
        methods: &[Method<'_>],
        companions: &Companions,
        registry: Registry,
        options: &RouteOptions,
        errors: &mut Errors,
    ) {
        if !methods.iter().any(|method| method.hook.verb().is_some()) && errors.is_empty() {
            let names: Vec<_> =
                self.functions().map(|function| function.signature.ident.to_string()).collect();
            let free = |name: &&String| Hook::named(name).is_none();
            let meant = names.iter().filter(free).find_map(|name| {
                let verbs = Hook::names()
                    .filter(|name| Hook::named(name).is_some_and(|hook| hook.verb().is_some()));
                suggestion::nearest(name, verbs).map(|verb| (name, verb))
            });
            let help = match meant {
                Some((name, verb)) => format!("did you mean `{verb}` by `{name}`?"),
                None => "add one, such as `async fn get(&mut self) -> String`".to_owned(),
            };
            let message = format!("no method answers a request\nhelp: {help}");
            errors.under(&self.ty, message);
        }
        let receives = methods.iter().find(|method| method.hook == Hook::DataReceived);
        match (&companions.stream_request_body, receives) {
            (Some(attribute), None) => errors.under(
                attribute,
                "nobody takes the body as it arrives\n\
                 help: add `async fn data_received(&mut self, chunk: Bytes)`",
            ),
            (None, Some(method)) => errors.under(
                &method.function.signature.ident,
                "the body is read before the handler begins\n\
                 help: write `#[stream_request_body]` above the `impl`",
            ),
            _ => {}
        }
        if !options.methods.is_empty() && errors.is_empty() {
            let methods = &options.methods;
            let message = "the methods of an `impl` say which requests it answers\n\
                           help: remove this option";
            errors.under(quote! { #(#methods)* }, message);
        }
        let arguments: Vec<_> = methods.iter().flat_map(|method| &method.arguments).collect();
        match (registry, &options.path) {
            (Registry::Endpoint, Some(path)) => check_captures(path, &arguments, errors),
            (Registry::Endpoint, None) => {}
            (Registry::Handler, _) => options.check_named(&arguments, errors),
        }
        options.check_slash(companions, errors);
    }

    fn tokens(&self) -> TokenStream {
        let Self { attributes, head, items, .. } = self;
        let items = items.iter().map(|item| match item {
            Item::Method(function) => function.tokens(),
            Item::Other(tokens) => tokens.clone(),
        });
        quote! { #(#attributes)* #head { #(#items)* } }
    }
}

impl Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let attributes = ahead.call(Attribute::parse_outer)?;
        let visibility: Visibility = ahead.parse()?;
        if !is_function(&ahead) {
            return input.parse().map(|item: ImplItem| Self::Other(item.into_token_stream()));
        }
        let signature: Signature = ahead.parse()?;
        let body: TokenTree = ahead.parse()?;
        input.advance_to(&ahead);
        let body = match body {
            // The same braces, with the same place.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let mut whole = Group::new(Delimiter::Brace, group.stream());
                whole.set_span(group.span());
                whole.into_token_stream()
            }
            other => return Err(syn::Error::new(other.span(), "expected a body")),
        };
        Ok(Self::Method(Box::new(Function { attributes, visibility, signature, body })))
    }
}

/// The place of an argument's type.
fn place_of(argument: &PatType) -> Span {
    UserType::of(&argument.ty).start()
}

/// Reports what a method of this name cannot be.
fn check_method(hook: Hook, function: &Function, companions: &Companions, errors: &mut Errors) {
    let signature = &function.signature;
    let name = &signature.ident;
    function.check_callable(&format!("`{name}`"), errors);
    let receiver = match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => Some(receiver),
        _ => None,
    };
    match (hook, receiver) {
        (Hook::Initialize, Some(receiver)) => errors.under(
            receiver,
            "`initialize` makes the value, so there is no `self` yet\n\
             help: write `fn initialize(..) -> Self`",
        ),
        (Hook::Initialize, None) if function.output().is_none() => errors.under(
            name,
            "`initialize` makes the value\nhelp: write `fn initialize(..) -> Self`, or `-> Result<Self>`",
        ),
        (Hook::Initialize, None) => {}
        (_, None) => errors.under(
            name,
            format!("`{name}` is a method of the value that a request has\nhelp: write `&mut self` first"),
        ),
        (_, Some(receiver)) if !matches!(receiver.kind, ReceiverKind::Reference(..)) => errors.under(
            receiver,
            format!("`{name}` is not the last to have the value\nhelp: write `&mut self`"),
        ),
        _ => {}
    }
    if let Some(keyword) = signature.asyncness
        && !hook.may_wait()
    {
        errors.under(keyword, format!("`{name}` cannot be `async`: nobody would wait for it"));
    }
    if let Some(output) = function.output()
        && hook.returns_nothing()
    {
        errors.under(output, format!("`{name}` returns nothing: nobody would look at it"));
    }
    if let Some((argument, what)) = hook.given()
        && function.inputs().next().is_none()
    {
        errors.under(
            name,
            format!("the last argument of `{name}` is {what}\nhelp: write `{argument}`"),
        );
    }
    let others = usize::from(hook.given().is_some()) + 1;
    if !hook.may_wait()
        && let Some(argument) = function.inputs().nth(others)
    {
        let message =
            format!("`{name}` takes nothing else from the request: nobody would wait for it");
        errors.under(argument, message);
    }
    let misplaced =
        [&companions.addslash, &companions.removeslash, &companions.stream_request_body];
    for attribute in misplaced.into_iter().flatten() {
        errors.under(attribute, format!("`#[{attribute}]` goes above the `impl`"));
    }
    if let Some(attribute) = &companions.authenticated
        && hook.verb().is_none()
    {
        errors.under(
            attribute,
            "`#[authenticated]` goes on the method of a verb, or above the `impl`",
        );
    }
}
