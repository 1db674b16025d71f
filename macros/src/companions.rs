//! Attributes that say something about the handler below them: `#[authenticated]` and the like.
//!
//! They are macros only to have names that can be imported and documentation that can be read. The work is done by the attribute
//! that makes the handler: it reads its companions, and leaves them where they are with a mark, with which they do nothing; so
//! the compiler sees that their imports are used.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Meta};

use crate::errors::Errors;
use crate::route::ATTRIBUTES;

const AUTHENTICATED: &str = "authenticated";
const ADDSLASH: &str = "addslash";
const REMOVESLASH: &str = "removeslash";
const STREAM_REQUEST_BODY: &str = "stream_request_body";

const ALL: &[&str] = &[AUTHENTICATED, ADDSLASH, REMOVESLASH, STREAM_REQUEST_BODY];

/// What marks an attribute that was read.
const MARK: &str = "__gustnado";

/// What marks one that stood above, and has come down here.
const MOVED: &str = "__gustnado_moved";

/// The companions of one handler.
#[derive(Default)]
pub(crate) struct Companions {
    pub(crate) authenticated: Option<Ident>,
    pub(crate) addslash: Option<Ident>,
    pub(crate) removeslash: Option<Ident>,
    pub(crate) stream_request_body: Option<Ident>,
}

impl Companions {
    /// Reads those among the attributes, and marks them.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut companions = Self::default();
        attributes.retain_mut(|attribute| {
            let Some(name) = name_of(attribute).cloned() else { return true };
            let place = match name.to_string().as_str() {
                AUTHENTICATED => &mut companions.authenticated,
                ADDSLASH => &mut companions.addslash,
                REMOVESLASH => &mut companions.removeslash,
                _ => &mut companions.stream_request_body,
            };
            let moved = is_marked(attribute, MOVED);
            if !moved && !matches!(attribute.meta, Meta::Path(_)) {
                errors.under(&*attribute, format!("`#[{name}]` has no options"));
            } else if place.is_some() {
                errors.under(&*attribute, format!("`#[{name}]` is given twice"));
            }
            *place = Some(name);
            mark(attribute);
            !moved
        });
        if let (Some(_), Some(second)) = (&companions.addslash, &companions.removeslash) {
            let message = "`#[addslash]` and `#[removeslash]` exclude each other";
            errors.under(second, message);
        }
        companions
    }
}

impl Companions {
    pub(crate) fn is_empty(&self) -> bool {
        self.authenticated.is_none() && !self.slash() && self.stream_request_body.is_none()
    }

    /// Whether the path's other form, with or without a slash at its end, leads here.
    pub(crate) fn slash(&self) -> bool {
        self.addslash.is_some() || self.removeslash.is_some()
    }
}

/// A companion on its own: it goes below the attribute that makes the handler, or complains.
pub(crate) fn expand(name: &str, tokens: TokenStream, item: TokenStream) -> TokenStream {
    if is_read(&tokens) {
        return item;
    }
    let split = |input: ParseStream<'_>| {
        Ok((input.call(Attribute::parse_outer)?, input.parse::<TokenStream>()?))
    };
    let mut errors = Errors::default();
    let (attributes, rest) = split.parse2(item).unwrap_or_default();
    let makes_handler = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "handler" || is_route(&segment.ident))
    };
    let Some(place) = attributes.iter().rposition(makes_handler) else {
        let message = format!(
            "`#[{name}]` says something about a handler, and this is none\n\
             help: write `#[route(\"/path\")]` or `#[handler]` above it"
        );
        errors.at(proc_macro2::Span::call_site(), message);
        return quote! { #(#attributes)* #rest #errors };
    };
    moved_below(name, &tokens, &attributes, place, &rest)
}

/// The item with this attribute behind the one at `place`.
pub(crate) fn moved_below(
    name: &str,
    tokens: &TokenStream,
    attributes: &[Attribute],
    place: usize,
    rest: &TokenStream,
) -> TokenStream {
    let (above, below) = attributes.split_at(place + 1);
    let site = proc_macro2::Span::call_site();
    let (name, moved) = (Ident::new(name, site), Ident::new(MOVED, site));
    let options = if tokens.is_empty() { moved.to_token_stream() } else { tokens.clone() };
    quote! { #(#above)* #[#name(#options)] #(#below)* #rest }
}

/// Marks an attribute as read.
pub(crate) fn mark(attribute: &mut Attribute) {
    let (path, mark) = (attribute.path(), Ident::new(MARK, proc_macro2::Span::call_site()));
    attribute.meta = syn::parse_quote! { #path(#mark) };
}

pub(crate) fn is_read(tokens: &TokenStream) -> bool {
    is_word(tokens, MARK)
}

/// Whether the attribute has come from above the one that reads it.
pub(crate) fn has_moved(attribute: &Attribute) -> bool {
    is_marked(attribute, MOVED)
}

/// Whether the attribute makes a route.
pub(crate) fn is_route(name: &Ident) -> bool {
    ATTRIBUTES.iter().any(|attribute| name == attribute)
}

/// The name of an attribute that is a companion, and has no mark.
fn name_of(attribute: &Attribute) -> Option<&Ident> {
    let name = &attribute.path().segments.last()?.ident;
    (!is_marked(attribute, MARK) && ALL.iter().any(|known| name == known)).then_some(name)
}

fn is_marked(attribute: &Attribute, mark: &str) -> bool {
    matches!(&attribute.meta, Meta::List(list) if is_word(&list.tokens, mark))
}

fn is_word(tokens: &TokenStream, word: &str) -> bool {
    let mut trees = tokens.clone().into_iter();
    matches!((trees.next(), trees.next()), (Some(TokenTree::Ident(found)), None) if found == word)
}
