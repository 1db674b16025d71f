#![deny(warnings, dead_code)]

//! A handler inside of a function.

fn main() {
    use gustnado::{route, routes};

    struct Local;

    #[route("/{id}")]
    async fn index(id: u64, _: &Local) -> String {
        id.to_string()
    }

    assert_eq!(routes![index].len(), 1);
}
