//! What the benchmark programs share; what they measure is in `README.md`.
//!
//! - [`arguments`]: `--name=value` options.
//! - [`exchange`]: the request that is sent, and the response it must get.
//! - [`fetching`]: what the HTTP clients do.
//! - [`process`]: how much processor time and memory another process has used.
//! - [`workload`]: what the coroutines of each runtime do.

pub mod arguments;
pub mod exchange;
pub mod fetching;
pub mod process;
pub mod workload;
