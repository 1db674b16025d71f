use gustnado::FromCapture;
use gustnado::prelude::*;

struct Slug;

impl FromCapture<'_> for Slug {
    fn from_capture(_: &str) -> Result<Self> {
        Ok(Self)
    }
}

#[route("/{slug}")]
async fn entry(slug: Slug) {
    drop(slug);
}

fn main() {
    let _ = entry::url(Slug);
}
