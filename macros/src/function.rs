//! The function below an attribute.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, Ident, PatType, ReturnType, Safety, Signature, Token, Visibility};

use crate::errors::Errors;

/// A function, read as far as its signature. The body stays as it is: it is the compiler's to understand.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

impl Function {
    /// Reads the item below `#[attribute]`.
    pub(crate) fn parse(item: TokenStream, attribute: &str) -> syn::Result<Self> {
        let parse = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility = input.parse()?;
            if !is_function(input) {
                return Err(input.error(format!("`#[{attribute}]` goes on a function")));
            }
            let signature = input.parse()?;
            if input.peek(Token![;]) {
                return Err(input.error(format!("`#[{attribute}]` goes on a function with a body")));
            }
            Ok(Self { attributes, visibility, signature, body: input.parse()? })
        };
        parse.parse2(item)
    }

    /// The name and the visibility of a function that has a body, but could not be read as a whole.
    pub(crate) fn name_of(item: TokenStream) -> Option<(Visibility, Ident)> {
        let parse = |input: ParseStream<'_>| {
            input.call(Attribute::parse_outer)?;
            let visibility: Visibility = input.parse()?;
            while !input.peek(Token![fn]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<Token![fn]>()?;
            let name = input.call(Ident::parse_any)?;
            let rest: TokenStream = input.parse()?;
            match rest.into_iter().last() {
                Some(TokenTree::Group(_)) => Ok((visibility, name)),
                _ => Err(input.error("no body")),
            }
        };
        parse.parse2(item).ok()
    }

    /// The function, with the attributes that it has by now.
    pub(crate) fn tokens(&self) -> TokenStream {
        let Self { attributes, visibility, signature, body } = self;
        quote! { #(#attributes)* #visibility #signature #body }
    }

    /// The attributes of this name.
    pub(crate) fn attributes_of(&self, name: &str) -> TokenStream {
        let named = self.attributes.iter().filter(|attribute| attribute.path().is_ident(name));
        named.map(ToTokens::to_token_stream).collect()
    }

    pub(crate) fn receiver(&self) -> bool {
        matches!(self.signature.inputs.first(), Some(FnArg::Receiver(_)))
    }

    /// The arguments but for `self`.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &PatType> {
        self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        })
    }

    pub(crate) fn is_async(&self) -> bool {
        self.signature.asyncness.is_some()
    }

    /// The return type; nothing for `()`.
    pub(crate) fn output(&self) -> Option<&syn::Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(output),
        }
    }

    /// Reports what no function may be that gustnado calls, which is called `role` in the messages.
    pub(crate) fn check_plain(&self, role: &str, errors: &mut Errors) {
        self.check_callable(role, errors);
        if let Some(FnArg::Receiver(receiver)) = self.signature.inputs.first() {
            errors.under(
                receiver,
                format!(
                    "{role} is a free function: it has no `self`\nhelp: move it out of the `impl`"
                ),
            );
        }
    }

    /// Reports what neither a function nor a method may be.
    pub(crate) fn check_callable(&self, role: &str, errors: &mut Errors) {
        let signature = &self.signature;
        if let Some(constness) = signature.constness {
            errors.under(constness, format!("{role} cannot be `const`"));
        }
        match &signature.safety {
            Safety::Unsafe(unsafety) => errors.under(
                unsafety,
                format!("{role} cannot be `unsafe`: nobody could uphold what it asks for"),
            ),
            Safety::Safe(safe) => errors.under(safe, format!("{role} cannot be `safe`")),
            Safety::Default => {}
        }
        if let Some(abi) = &signature.abi {
            errors.under(abi, format!("{role} cannot be `extern`"));
        }
        if let Some(variadic) = &signature.variadic {
            errors.under(variadic.dots, format!("{role} cannot be variadic"));
        }
        if signature.generics.type_params().next().is_some()
            || signature.generics.const_params().next().is_some()
        {
            errors.under(
                &signature.generics,
                format!("{role} cannot be generic: nobody chooses its types when it is called"),
            );
        }
    }
}

pub(crate) fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(Token![safe])
            || ahead.peek(syn::LitStr);
        if !qualifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    true
}

/// The place of a user's token for a token of ours. Lints do not look at it, because it comes from the macro; names
/// resolve as the user's do.
pub(crate) fn quiet(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// The same tokens, each at its place, but quiet.
pub(crate) fn quieted(tokens: impl ToTokens) -> TokenStream {
    let quiet_tree = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &mut tree {
            let mut quieter = proc_macro2::Group::new(group.delimiter(), quieted(group.stream()));
            quieter.set_span(quiet(group.span()));
            return TokenTree::Group(quieter);
        }
        tree.set_span(quiet(tree.span()));
        tree
    };
    tokens.into_token_stream().into_iter().map(quiet_tree).collect()
}
