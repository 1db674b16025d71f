//! The grammar of route paths.
