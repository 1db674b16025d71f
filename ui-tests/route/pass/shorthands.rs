#![deny(warnings, dead_code)]

use gustnado::{delete, get, head, options, patch, post, put, routes};

#[get("/")]
async fn show() {}

#[post("/", max_body_size = 100)]
async fn create(text: String) -> String {
    text
}

#[put("/{id}")]
async fn replace(id: u64) -> String {
    id.to_string()
}

#[patch("/{id}")]
async fn change(id: u64) -> String {
    id.to_string()
}

#[delete("/{id}", name = "remove")]
async fn remove(id: u64) -> String {
    id.to_string()
}

#[head("/head")]
async fn only_head() {}

#[options("/options")]
async fn only_options() {}

fn main() {
    assert_eq!(routes![show, create, replace, change, remove, only_head, only_options].len(), 7);
}
