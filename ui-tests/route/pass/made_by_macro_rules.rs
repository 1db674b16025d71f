#![deny(warnings, dead_code)]

use gustnado::{Json, Respond, route, routes};

macro_rules! handlers {
    ($($path:literal $name:ident ($($argument:ident: $type:ty),*) -> $output:ty $body:block)*) => {$(
        #[route($path)]
        async fn $name($($argument: $type),*) -> $output $body
    )*};
}

handlers! {
    "/" index() -> &'static str { "Hello" }
    "/user/{id}" user(id: u64, body: String) -> Json<(u64, String)> { Json((id, body)) }
    "/impl" with_impl() -> impl Respond { "Hello" }
}

macro_rules! hidden_argument {
    ($name:ident) => {
        #[route("/hidden/{id}")]
        async fn $name(id: u64) -> String {
            id.to_string()
        }
    };
}

hidden_argument!(hidden);

fn main() {
    assert_eq!(routes![index, user, with_impl, hidden].len(), 4);
}
