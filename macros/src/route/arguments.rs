//! The arguments of a handler, and where each is taken from.

use gustnado_grammar::Excerpt;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Pat, PatType, Signature, Type};

use super::options::RoutePath;
use super::user_type::{UserType, has_impl};
use crate::errors::Errors;
use crate::suggestion;

/// One argument.
pub(crate) struct Argument {
    /// The attributes that decide whether it exists.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) name: Option<String>,
    pub(crate) ty: UserType,
    pub(crate) source: Source,
}

/// Where an argument is taken from.
#[derive(PartialEq, Eq)]
pub(crate) enum Source {
    /// The capture of that name, and which capture of the path it is, if the path is known.
    Capture { position: Option<usize>, name: String },
    /// The request as a whole.
    Request,
}

/// The captures that arguments are named like.
#[derive(Clone, Copy)]
pub(crate) enum Captures<'r> {
    /// Those of a path, if it is a good one.
    Of(Option<&'r RoutePath>),
    /// Those of a path that nobody knows yet.
    Named(&'r [Ident]),
}

impl Captures<'_> {
    fn source(self, name: Option<&str>) -> Source {
        let Some(name) = name else { return Source::Request };
        let position = match self {
            Self::Of(path) => {
                let captures = path.map(RoutePath::captures).unwrap_or_default();
                captures.iter().position(|(capture, _)| *capture == name).map(Some)
            }
            Self::Named(names) => {
                names.iter().any(|capture| capture.unraw() == name).then_some(None)
            }
        };
        match position {
            Some(position) => Source::Capture { position, name: name.to_owned() },
            None => Source::Request,
        }
    }
}

/// Reads the arguments. Reports those that no request can fill.
pub(crate) fn read<'i>(
    captures: Captures<'_>,
    inputs: impl IntoIterator<Item = &'i PatType>,
    signature: &Signature,
    errors: &mut Errors,
) -> Vec<Argument> {
    let mut arguments = Vec::new();
    for argument in inputs {
        check_type(&argument.ty, errors);
        let name = name_of(argument).map(|name| name.unraw().to_string());
        let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
        arguments.push(Argument {
            conditions: argument.attrs.iter().filter(is_condition).cloned().collect(),
            ty: UserType::new(&argument.ty, signature),
            source: captures.source(name.as_deref()),
            name,
        });
    }
    arguments
}

/// Reports the captures that no argument takes.
pub(crate) fn check_captures(path: &RoutePath, arguments: &[&Argument], errors: &mut Errors) {
    let captures = path.captures();
    let names = || arguments.iter().filter_map(|argument| argument.name.as_deref());
    for (capture, at) in &captures {
        if names().any(|name| name == *capture) {
            continue;
        }
        let taken = |name: &&str| captures.iter().any(|(capture, _)| capture == name);
        let help = match suggestion::nearest(capture, names().filter(|name| !taken(name))) {
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
    if let Some(mutability) = reference.mutability
        && let Type::Path(path) = &**inner
        && path.path.segments.last().is_some_and(|segment| segment.ident == "Context")
    {
        let message = "what is set and written is kept inside of a context, which is shared\n\
                       help: write `&Context`";
        errors.under(mutability, message);
    } else if let Some(mutability) = reference.mutability {
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
