use super::*;

fn expanded(options: &str, item: &str) -> String {
    let expansion = expand(None, options.parse().unwrap(), item.parse().unwrap());
    // Every expansion must be items, whatever was wrong.
    syn::parse2::<syn::File>(expansion.clone()).unwrap();
    expansion.to_string()
}

fn errors(options: &str, item: &str) -> usize {
    expanded(options, item).matches("compile_error").count()
}

#[test]
fn the_path_the_options_and_the_signature_are_read_independently() {
    let item = "const unsafe fn f<T>(id: &mut u64, x: impl A) {}";
    // The path, two options, `const`, `unsafe`, the generics, and both arguments.
    assert_eq!(errors(r#""/{", methd = GET, method = get"#, item), 8);
    assert_eq!(errors(r#""/{a}/{b}""#, "fn f() {}"), 2);
}

#[test]
fn a_mistake_leaves_the_function_and_its_route() {
    for (options, item) in [
        (r#""/{""#, "pub async fn f() { let }"),
        (r#""/""#, "pub async fn f<T>() {}"),
        ("", "pub async fn f() {}"),
    ] {
        let item: TokenStream = item.parse().unwrap();
        let expansion = expand(None, options.parse().unwrap(), item.clone()).to_string();
        assert!(expansion.starts_with(&item.to_string()), "{expansion}");
        assert!(expansion.contains("pub struct f { }"), "{expansion}");
        assert!(expansion.contains("Endpoint for f"), "{expansion}");
    }
}

#[test]
fn an_expansion_is_small() {
    let item = "async fn user(id: u64, db: &Db, form: Form<A>) -> Result<Json<A>> {}";
    let tokens = expand(None, r#""/user/{id}""#.parse().unwrap(), item.parse().unwrap());
    assert!(count(tokens) < 700, "an expansion has grown");
    let tokens = expand(None, r#""/""#.parse().unwrap(), "fn index() {}".parse().unwrap());
    assert!(count(tokens) < 240, "an expansion has grown");
}

fn count(tokens: TokenStream) -> usize {
    let size = |tree| match tree {
        proc_macro2::TokenTree::Group(group) => 2 + count(group.stream()),
        _ => 1,
    };
    tokens.into_iter().map(size).sum()
}
