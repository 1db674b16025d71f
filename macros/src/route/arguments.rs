//! The arguments of a handler, and where each is taken from.

use gustnado_grammar::Excerpt;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Pat, PatType, Signature, Type};

use super::options::RoutePath;
use super::user_type::{UserType, has_impl};
use crate::errors::Errors;
use crate::suggestion;

/// One argument.
pub(super) struct Argument {
    /// The attributes that decide whether it exists.
    pub(super) conditions: Vec<Attribute>,
    pub(super) ty: UserType,
    pub(super) source: Source,
}

/// Where an argument is taken from.
#[derive(PartialEq, Eq)]
pub(super) enum Source {
    /// The capture of that name, and which capture of the path it is.
    Capture { position: usize, name: String },
    /// The request as a whole.
    Request,
}

/// Reads the arguments. Reports those that no request can fill, and the captures that no argument takes.
pub(super) fn read(
    path: Option<&RoutePath>,
    signature: &Signature,
    errors: &mut Errors,
) -> Vec<Argument> {
    let captures = path.map(RoutePath::captures).unwrap_or_default();
    let mut names = Vec::new();
    let mut arguments = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(argument) = input else { continue };
        check_type(&argument.ty, errors);
        let name = name_of(argument).map(|name| name.unraw().to_string());
        let capture = captures.iter().position(|(capture, _)| Some(*capture) == name.as_deref());
        let source = match (capture, &name) {
            (Some(position), Some(name)) => Source::Capture { position, name: name.clone() },
            _ => Source::Request,
        };
        let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
        arguments.push(Argument {
            conditions: argument.attrs.iter().filter(is_condition).cloned().collect(),
            ty: UserType::new(&argument.ty, signature),
            source,
        });
        names.extend(name);
    }
    let Some(path) = path else { return arguments };
    for (capture, at) in &captures {
        if names.iter().any(|name| name == capture) {
            continue;
        }
        let taken = |name: &&str| captures.iter().any(|(capture, _)| capture == name);
        let free = names.iter().map(String::as_str).filter(|name| !taken(name));
        let help = match suggestion::nearest(capture, free) {
            Some(name) => format!(
                "did you mean `{name}`? A capture and its argument have the same name: \
                 write `{{{name}}}`, or rename the argument"
            ),
            None => format!("add an argument `{capture}`, such as `{capture}: String`"),
        };
        let excerpt = Excerpt { path: path.text(), at: at.clone() };
        let message = format!("no argument is named `{capture}`\n{excerpt}\nhelp: {help}");
        errors.at(path.place(at.clone()), message);
    }
    arguments
}

/// The name of an argument that has one: the pattern may be anything.
fn name_of(argument: &PatType) -> Option<&Ident> {
    match &*argument.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Some(&pattern.ident),
        _ => None,
    }
}

fn check_type(ty: &Type, errors: &mut Errors) {
    if has_impl(ty) {
        let message = "an `impl` argument makes a handler generic: nobody chooses its types when it is called\n\
                       help: name the type";
        errors.under(ty, message);
        return;
    }
    let Type::Reference(reference) = ty else { return };
    let inner = &reference.elem;
    if let Some(mutability) = reference.mutability {
        let message = "a handler shares what it borrows with other requests\n\
                       help: borrow without `mut`, and keep what changes in a `Cell` or a `RefCell`";
        errors.under(mutability, message);
    } else if let Some(lifetime) = &reference.lifetime
        && lifetime.ident == "static"
    {
        let message = format!(
            "a handler borrows for one request only\nhelp: write `&{}`",
            inner.to_token_stream()
        );
        errors.under(lifetime, message);
    }
}
