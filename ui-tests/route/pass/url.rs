#![deny(warnings, dead_code)]

use std::borrow::Cow;

use gustnado::prelude::*;
use gustnado::{FromCapture, ToCapture};

struct Slug<'r>(&'r str);

impl<'r> FromCapture<'r> for Slug<'r> {
    fn from_capture(value: &'r str) -> Result<Self> {
        Ok(Self(value))
    }
}

#[derive(Clone)]
struct Id(u8);

impl FromCapture<'_> for Id {
    fn from_capture(value: &str) -> Result<Self> {
        Ok(Self(value.parse()?))
    }
}

impl ToCapture for Id {
    fn to_capture(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }
}

#[route("/")]
async fn index() {}

#[route("/{id}/{text}/{own}/{type}/{rest...}")]
async fn all(text: &str, own: Id, cx: &Context, id: u64, r#type: bool, rest: String) {
    drop((text, own, cx, id, r#type, rest));
}

/// What it borrows cannot be written back, so nobody asks it for a URL; everything else works.
#[route("/slug/{slug}")]
async fn slug<'r>(slug: Slug<'r>) -> String {
    slug.0.to_owned()
}

fn main() -> Result<()> {
    let site = Application::new(routes![index, all, slug]).build()?;
    assert_eq!(site.reverse_url(&index::url())?, "/");
    let (text, own) = (String::from("a b"), Id(7));
    let links = [
        all::url(1, "a b", Id(7), true, "x/y"),
        all::url(1_u64, &text, &own, &true, String::from("x/y")),
        all::url(&1, text.clone(), own.clone(), true, &String::from("x/y")),
    ];
    for link in links {
        assert_eq!(site.reverse_url(&link)?, "/1/a%20b/7/true/x/y");
    }
    Ok(())
}
