//! What tests need: servers in process, logs that are expected, and a simulated world.

pub mod simulation;

pub use simulation::Simulation;
