#![deny(warnings, dead_code)]

use gustnado::{Context, FromCapture, FromRequest, HTTPError, Result, StatusCode, route, routes};

struct Slug<'r>(&'r str);

impl<'r> FromCapture<'r> for Slug<'r> {
    fn from_capture(value: &'r str) -> Result<Self> {
        match value.is_ascii() {
            true => Ok(Self(value)),
            false => Err(HTTPError::new(StatusCode::NOT_FOUND).into()),
        }
    }
}

struct Language<'r>(&'r str);

impl<'r> FromRequest<'r> for Language<'r> {
    async fn from_request(cx: &'r Context) -> Result<Self> {
        Ok(Self(cx.header("accept-language").unwrap_or("en")))
    }
}

struct Pair<T, const N: usize>([T; N]);

impl<'r, T: FromCapture<'r>> FromCapture<'r> for Pair<T, 1> {
    fn from_capture(value: &'r str) -> Result<Self> {
        T::from_capture(value).map(|value| Self([value]))
    }
}

#[route("/{slug}/{pair}")]
async fn index(
    slug: Slug<'_>,
    Language(language): Language<'_>,
    pair: Pair<u64, { 2 - 1 }>,
) -> String {
    format!("{} {language} {}", slug.0, pair.0[0])
}

fn main() {
    assert_eq!(routes![index].len(), 1);
}
