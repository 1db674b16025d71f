//! gustnado: Tornado for Rust.

pub mod coroutine;
pub mod http;
pub mod ioloop;
pub mod iostream;
pub mod netutil;
pub mod tcpserver;

mod error;
mod sys;

pub use ::http::StatusCode;
pub use error::{Error, HTTPError, Result, WithContext};
