//! What the compiler hands to a macro can be any tokens at all: no macro panics, and none loses the user's item.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

use crate::entry::{self, Entry};
use crate::route::{self, Shorthand};
use crate::routes;

/// Correct uses, which random changes make wrong in more interesting ways than random tokens do.
const OPTIONS: &[&str] = &[
    r#""/user/{id}""#,
    r#""/a/{id}/{rest...}", method = POST, name = "a", crate = a::b"#,
    r#""/", methods = [GET, POST], max_body_size = 1_000, finish_on_disconnect"#,
    "timeout = 0.5, crate = ::gustnado, simulated",
    "",
];

const ITEMS: &[&str] = &[
    "async fn user(id: u64, db: &Db) -> Result<Json<User>> { Ok(Json(db.user(id).await?)) }",
    "#[cfg(a)] #[doc = \"x\"] pub(crate) async fn a<'a>(#[cfg(b)] mut id: &'a str, Form(x): Form<X>, _: u8) -> &'a str { id }",
    "pub const unsafe extern \"C\" fn r#type<T: A<B>, const N: usize>(&mut self, r#in: [u8; N], ...) -> impl A where T: B { }",
    "impl A { fn b(self); }",
    "struct A { b: u8 }",
];

const LISTS: &[&str] =
    &["crate = a::b; index, a::b, #[cfg(c)] c, ::d::e", "index(), \"/\", a b c, index"];

const WORDS: &[&str] = &[
    "fn",
    "async",
    "const",
    "unsafe",
    "extern",
    "impl",
    "self",
    "Self",
    "crate",
    "pub",
    "where",
    "mut",
    "ref",
    "dyn",
    "for",
    "route",
    "get",
    "method",
    "methods",
    "name",
    "path",
    "timeout",
    "simulated",
    "max_body_size",
    "GET",
    "post",
    "id",
    "_",
    "x",
    "r#type",
    "r#fn",
    "u64",
    "cfg",
    "test",
    "größe",
];

const LITERALS: &[&str] = &[
    "\"/\"",
    "\"/{id}\"",
    "\"/{id\"",
    "\"\"",
    "\"\\u{e9}/\\\\\"",
    "r\"/a\"",
    "r#\"/{a}\"#",
    "b\"/\"",
    "'a'",
    "0",
    "1_000",
    "1.5",
    "-1",
    "0x10u8",
    "99999999999999999999999",
    "1e400",
    "\"GET\"",
    "c\"x\"",
];

#[test]
fn no_macro_panics() {
    let mut random = Random(0x5eed);
    let mut refused = 0;
    for round in 0..6_000 {
        let options = random.input(OPTIONS);
        let item = random.input(ITEMS);
        let shorthand = random.flip().then_some(Shorthand { name: "get", method: "GET" });
        let expansion = match round % 3 {
            0 => route::expand(shorthand, options, item.clone()),
            1 => entry::expand(Entry::Main, options, item.clone()),
            _ => entry::expand(Entry::Test, options, item.clone()),
        };
        let text = expansion.to_string();
        let error = text.contains("compile_error");
        refused += usize::from(error);
        for word in item.into_iter().filter(|tree| matches!(tree, TokenTree::Ident(_))) {
            // Attributes can be taken away, but only with an error.
            assert!(error || text.contains(&word.to_string()), "{word} is missing in {text}");
        }
        let _ = routes::expand(random.input(LISTS)).to_string();
    }
    assert!((1_000..6_000).contains(&refused), "{refused} were refused");
}

#[test]
fn correct_uses_are_accepted() {
    for options in &OPTIONS[..3] {
        let parsed = |text: &str| -> TokenStream { text.parse().unwrap() };
        let item = "async fn user(id: u64, rest: String, db: &Db) -> String { a }";
        let item = if options.contains("{id}") { item } else { ITEMS[0] };
        let item = item.replace(
            "rest: String, ",
            if options.contains("rest") { "rest: String, " } else { "" },
        );
        let expansion = route::expand(None, parsed(options), parsed(&item));
        assert!(!expansion.to_string().contains("compile_error"), "{expansion}");
        assert!(expansion.to_string().starts_with(&parsed(&item).to_string()), "{expansion}");
        assert!(syn::parse2::<syn::File>(expansion).is_ok());
    }
}

/// xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// One of the texts, perhaps changed; or noise.
    fn input(&mut self, from: &[&str]) -> TokenStream {
        let mut tokens: TokenStream = match self.below(5) {
            0 => self.noise(3),
            _ => self.pick(from).parse().unwrap(),
        };
        for _ in 0..self.below(4) {
            tokens = self.changed(tokens);
        }
        tokens
    }

    fn noise(&mut self, depth: usize) -> TokenStream {
        (0..self.below(8)).map(|_| self.tree(depth)).collect()
    }

    fn tree(&mut self, depth: usize) -> TokenTree {
        match self.below(if depth == 0 { 3 } else { 4 }) {
            0 => match self.pick(WORDS) {
                word if word.starts_with("r#") => {
                    Ident::new_raw(&word[2..], Span::call_site()).into()
                }
                word => Ident::new(word, Span::call_site()).into(),
            },
            1 => {
                let all = b"=,;:<>&*#!?.-|@'";
                let spacing = if self.flip() { Spacing::Joint } else { Spacing::Alone };
                Punct::new(char::from(all[self.below(all.len())]), spacing).into()
            }
            2 => self.pick(LITERALS).parse::<Literal>().unwrap().into(),
            _ => {
                let all =
                    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
                let inner = self.noise(depth - 1);
                Group::new(all[self.below(all.len())], inner).into()
            }
        }
    }

    /// The tokens with one more, one less, one replaced, or two swapped, here or in a group.
    fn changed(&mut self, tokens: TokenStream) -> TokenStream {
        let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
        if trees.is_empty() {
            return self.tree(1).into_token_stream();
        }
        let at = self.below(trees.len());
        if let TokenTree::Group(group) = &trees[at]
            && self.below(4) > 0
        {
            let inner = self.changed(group.stream());
            trees[at] = Group::new(group.delimiter(), inner).into();
            return trees.into_iter().collect();
        }
        match self.below(4) {
            0 => trees.insert(at, self.tree(1)),
            1 => drop(trees.remove(at)),
            2 => trees[at] = self.tree(1),
            _ => {
                let other = self.below(trees.len());
                trees.swap(at, other);
            }
        }
        trees.into_iter().collect()
    }
}
