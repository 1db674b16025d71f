//! The example programs of gustnado; see `src/bin`.
