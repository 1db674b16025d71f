//! gustnado: Tornado for Rust.

pub mod coroutine;
pub mod http;
pub mod ioloop;

mod error;
mod sys;

pub use ::http::StatusCode;
pub use error::{Error, HTTPError, Result, WithContext};
