//! `#[gustnado::main]` and `#[gustnado::test]`: an async function that nobody awaits, and a loop that runs it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Lit, LitStr};

use crate::errors::Errors;
use crate::function::Function;
use crate::options::{self, CratePath, Keys};

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Main,
    Test,
}

/// The function becomes an inner one of a plain function with its name, attributes and return type, which runs it.
pub(crate) fn expand(entry: Entry, tokens: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = EntryOptions::parse(entry, tokens, &mut errors);
    let Some(function) = errors.check(Function::parse(item.clone(), entry.attribute())) else {
        return quote! { #item #errors };
    };
    if function.receiver() {
        // Inside an `impl`, where a free function's place cannot be taken.
        function.check_plain(entry.role(), &mut errors);
        return quote! { #item #errors };
    }
    let callable = entry.check(&function, &mut errors);
    let is_test_attribute = |attribute: &&syn::Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "test")
    };
    if entry == Entry::Test
        && let Some(second) = function.attributes.iter().find(is_test_attribute)
    {
        let message = "`#[gustnado::test]` makes a test already\nhelp: remove this attribute";
        errors.under(second, message);
    }
    let attributes = function
        .attributes
        .iter()
        .filter(|attribute| entry == Entry::Main || !is_test_attribute(attribute));
    let test = (entry == Entry::Test).then(|| quote! { #[::core::prelude::v1::test] });
    let Function { visibility, signature, body, .. } = &function;
    let name = &signature.ident;
    if !callable {
        // The compiler would refuse a `main` or a test that is async or takes arguments, so it becomes an inner
        // function: its body is still checked.
        return if function.is_async() {
            quote! {
                #test #(#attributes)* #visibility fn #name() {
                    #[allow(dead_code)]
                    #signature #body
                }
                #errors
            }
        } else {
            quote! { #test #(#attributes)* #visibility #signature #body #errors }
        };
    }
    let output = &signature.output;
    let import = options.krate.import();
    let name_text = name.unraw().to_string();
    let test_name = quote! { ::core::concat!(::core::module_path!(), "::", #name_text) };
    let limit = option(&options.timeout);
    let call = match entry {
        Entry::Main => quote! { __gustnado::run_main(#name()) },
        Entry::Test => {
            let leaks = Ident::new(options.leaks.unwrap_or("Warn"), Span::call_site());
            let test = quote! {
                __gustnado::Test { name: #test_name, limit: #limit, leaks: __gustnado::Leaks::#leaks }
            };
            if options.simulated {
                let seeds = option(&options.seeds);
                quote! { __gustnado::run_simulated(#test, #seeds, #name) }
            } else {
                quote! { __gustnado::run_test(#test, #name()) }
            }
        }
    };
    // What a test returns is looked at before it ends, and each time, if it runs many times.
    let output = (entry == Entry::Main).then_some(output);
    quote! {
        #test
        #(#attributes)*
        #visibility fn #name() #output {
            #import
            #signature #body
            #call
        }
        #errors
    }
}

fn option(value: &Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote! { ::core::option::Option::Some(#value) },
        None => quote! { ::core::option::Option::None },
    }
}

impl Entry {
    fn attribute(self) -> &'static str {
        match self {
            Self::Main => "gustnado::main",
            Self::Test => "gustnado::test",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Main => "the main function",
            Self::Test => "a test",
        }
    }

    fn keys(self) -> Keys {
        match self {
            Self::Main => &["crate"],
            Self::Test => &["timeout", "simulated", "seeds", "leaks", "crate"],
        }
    }

    /// Whether the function can be called with nothing and awaited.
    fn check(self, function: &Function, errors: &mut Errors) -> bool {
        let mut problems = Errors::default();
        function.check_plain(self.role(), &mut problems);
        let signature = &function.signature;
        if !function.is_async() {
            let message = format!("`#[{}]` goes on an `async fn`", self.attribute());
            problems.under(signature.fn_token, message);
        }
        if !signature.inputs.is_empty() {
            let message = format!("{} takes no arguments", self.role());
            problems.under(&signature.inputs, message);
        }
        if let Some(lifetime) = signature.generics.lifetimes().next() {
            problems.under(lifetime, format!("{} takes no arguments, so no lifetime", self.role()));
        }
        let callable = problems.is_empty();
        errors.extend(problems);
        callable
    }
}

#[derive(Default)]
struct EntryOptions {
    krate: CratePath,
    /// Seconds, as an expression of type `f64`.
    timeout: Option<TokenStream>,
    simulated: bool,
    /// How many, as an expression of type `u64`.
    seeds: Option<TokenStream>,
    /// The variant of `Leaks`.
    leaks: Option<&'static str>,
}

impl EntryOptions {
    fn parse(entry: Entry, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parsed = |input: ParseStream<'_>| {
            options.read(entry, input, errors);
            Ok(())
        };
        // Everything was read, so nothing can be left over.
        let result = parsed.parse2(tokens);
        errors.check(result);
        options
    }

    fn read(&mut self, entry: Entry, input: ParseStream<'_>, errors: &mut Errors) {
        let mut seeds_key = None;
        options::read_all(input, entry.keys(), errors, |key, input, _| {
            match key.to_string().as_str() {
                "crate" => self.krate = CratePath::read(key, input)?,
                "simulated" => self.simulated = options::flag(key, input)?,
                "seeds" => {
                    seeds_key = Some(key.clone());
                    self.seeds = Some(count(&options::number(key, input, "100")?)?);
                }
                "leaks" => self.leaks = Some(leaks(&options::text(key, input)?)?),
                _ => self.timeout = Some(options::seconds(key, input)?),
            }
            Ok(())
        });
        if let (Some(key), false) = (seeds_key, self.simulated) {
            let message = "only a simulated test has seeds\nhelp: add `simulated`";
            errors.under(key, message);
        }
    }
}

/// How many seeds: 0 would be a test that proves nothing.
fn count(expression: &Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(ExprLit { lit: Lit::Int(integer), .. }) = expression
        && integer.base10_parse::<u64>()? == 0
    {
        return Err(syn::Error::new_spanned(expression, "a test must run with one seed at least"));
    }
    Ok(expression.to_token_stream())
}

/// The variant of `Leaks` that is called so.
fn leaks(text: &LitStr) -> syn::Result<&'static str> {
    const KNOWN: [(&str, &str); 3] = [("allow", "Allow"), ("warn", "Warn"), ("deny", "Deny")];
    let value = text.value();
    let known = KNOWN.iter().find(|(known, _)| *known == value);
    known.map(|(_, variant)| *variant).ok_or_else(|| {
        syn::Error::new(text.span(), "`leaks` is one of \"allow\", \"warn\" and \"deny\"")
    })
}
