//! The grammar of gustnado's route paths.
//!
//! The `#[route]` macro checks a path while the program compiles; the router reads the same path while it
//! starts. Both call [`Pattern::parse`], so they cannot disagree. Everything here is a pure function: no
//! input makes it panic, and nothing but memory is used.
//!
//! ```text
//! path    = "/" [ segment *( "/" segment ) ] [ "/" ]       a slash at the end is part of the path
//! segment = literal | capture | tail                       a tail is the last segment
//! literal = 1*( unreserved | sub-delims | ":" | "@" | "%" HEX HEX )      RFC 3986, section 3.3
//! capture = "{" name "}"                                   one segment, not empty
//! tail    = "{" name "...}"                                all that is left, not empty
//! name    = a Rust identifier, without "r#"
//! ```
//!
//! ```
//! use gustnado_grammar::{Pattern, Relation, Segment};
//!
//! let user = Pattern::parse("/user/{id}")?;
//! assert_eq!(user.segments(), [Segment::Literal("user"), Segment::Capture("id")]);
//! assert!(user.matches("/user/7"));
//! assert!(!user.matches("/user/"));
//!
//! let me = Pattern::parse("/user/me")?;
//! assert_eq!(me.compare(&user), Relation::Narrower);
//! # Ok::<(), gustnado_grammar::PatternError>(())
//! ```
#![no_std]

extern crate alloc;

mod error;
mod host;
mod pattern;
mod relation;

pub use crate::error::{Excerpt, Foreign, PatternError, PatternErrorKind};
pub use crate::host::{HostError, HostPattern};
pub use crate::pattern::{Pattern, Segment};
pub use crate::relation::Relation;
