//! Black-box tests of gustnado over real sockets; see `tests`.
