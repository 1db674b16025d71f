//! gustnado: Tornado for Rust.
