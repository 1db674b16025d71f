//! gustnado: Tornado for Rust.

mod error;

pub use ::http::StatusCode;
pub use error::{Error, HTTPError, Result, WithContext};
