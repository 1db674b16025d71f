//! The attribute macros of gustnado.
