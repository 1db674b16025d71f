//! Benchmarks of gustnado; see `README.md`.
