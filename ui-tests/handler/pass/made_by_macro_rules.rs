#![deny(warnings, dead_code)]

use gustnado::{handler, route, routes};

macro_rules! page {
    ($name:ident, $path:literal, $argument:ident: $type:ty) => {
        #[derive(Default)]
        struct $name;

        #[route($path)]
        #[handler]
        impl $name {
            fn get(&self, $argument: $type) -> String {
                $argument.to_string()
            }
        }
    };
}

page!(Number, "/number/{id}", id: u32);
page!(Text, "/text/{word}", word: String);

fn main() {
    assert_eq!(routes![Number, Text].len(), 2);
}
