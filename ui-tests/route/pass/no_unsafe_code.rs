#![deny(warnings, dead_code)]
#![forbid(unsafe_code)]
#![deny(unreachable_pub, unused_qualifications, single_use_lifetimes, trivial_casts)]

use gustnado::{route, routes};

#[route("/{id}")]
async fn index(id: u64, body: String) -> String {
    format!("{id} {body}")
}

fn main() {
    assert_eq!(routes![index].len(), 1);
}
