//! What the macros accept and what they refuse; see `README.md`.
