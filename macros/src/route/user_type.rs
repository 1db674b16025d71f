//! The types in a handler's signature.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Signature, Type};

/// A type as the author wrote it, and where.
pub(crate) struct UserType {
    /// Without the lifetimes that the function declares: where the type is used, each is inferred.
    tokens: TokenStream,
    first: Span,
    last: Span,
}

impl UserType {
    pub(crate) fn new(ty: &Type, signature: &Signature) -> Self {
        let declared: Vec<_> =
            signature.generics.lifetimes().map(|generic| &generic.lifetime.ident).collect();
        let tokens = elide(ty.to_token_stream(), &declared);
        let mut spans = tokens.clone().into_iter().map(|tree| tree.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first), tokens }
    }

    /// A type outside of any signature.
    pub(crate) fn of(ty: &Type) -> Self {
        let mut spans = ty.to_token_stream().into_iter().map(|tree| tree.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first), tokens: ty.to_token_stream() }
    }

    /// The place where the type begins.
    pub(crate) fn start(&self) -> Span {
        self.first
    }

    /// The place where it ends.
    pub(crate) fn end(&self) -> Span {
        self.last
    }
}

impl ToTokens for UserType {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// The type for a message.
impl std::fmt::Display for UserType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens that do not come from a file are printed with spaces between all.
        let tight = [" <", "< ", " >", " ::", ":: ", " ,", "& "];
        let text = tight
            .iter()
            .fold(self.tokens.to_string(), |text, spaced| text.replace(spaced, spaced.trim()));
        f.write_str(&text)
    }
}

/// Whether `impl Trait` is in the type.
pub(crate) fn has_impl(ty: &Type) -> bool {
    fn search(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|tree| match tree {
            TokenTree::Ident(word) => word == "impl",
            TokenTree::Group(group) => search(group.stream()),
            _ => false,
        })
    }
    search(ty.to_token_stream())
}

/// Replaces the declared lifetimes with `'_`.
fn elide(tokens: TokenStream, declared: &[&Ident]) -> TokenStream {
    let mut after_quote = false;
    let elide_tree = |tree: TokenTree| {
        let is_quote = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '\'');
        let is_lifetime = std::mem::replace(&mut after_quote, is_quote);
        match tree {
            TokenTree::Ident(name) if is_lifetime && declared.contains(&&name) => {
                Ident::new("_", name.span()).into()
            }
            TokenTree::Group(group) => {
                let mut elided = Group::new(group.delimiter(), elide(group.stream(), declared));
                elided.set_span(group.span());
                elided.into()
            }
            tree => tree,
        }
    };
    tokens.into_iter().map(elide_tree).collect()
}
