//! Streams: one suite, run for each kind of stream.
//!
//! It covers Tornado's `iostream_test`, most of it under the names that its tests have there:
//!
//! | there | here |
//! | --- | --- |
//! | `test_connection_closed`, `test_read_until_close`, `test_future_interface`, `test_future_read_until_close` | `tcp` |
//! | `test_read_zero_bytes`, `test_read_bytes_partial`, `test_read_until_*`, `test_large_read_until`, `test_small_*`, `test_many_mixed_reads`, `test_read_into*`, `test_streaming_*`, `test_inline_read_error` | `reading` |
//! | `test_write_zero_bytes`, `test_flow_control`, `test_future_write`, `test_pipe_iostream_big_write` | `writing` |
//! | `test_future_close_while_reading`, `test_future_delayed_close_callback`, `test_close_buffered_data`, `test_read_until_close_after_close`, `test_read_until_with_close_after_second_packet`, `test_read_until_unsatisfied_after_close`, `test_close_callback_with_pending_read`, `test_future_close_callback`, `test_read_until_close_with_error` | `closing` |
//! | `test_connection_refused`, `test_write_while_connecting`, `test_async_read_error_logging` | `tcp` |
//! | `test_pipe_iostream` | `pipe` of every suite |
//! | `test_write_memoryview`, `test_typed_memoryview` | a write takes `&[u8]`, so that the unit is always the byte |
//! | `test_gaierror` | a stream connects to addresses; names are the resolver's |
//! | `test_handshake_fail`, `test_start_tls_smtp`, `test_check_hostname`, `test_wait_for_handshake_*`, `test_match`, `test_no_match`, `test_check_disabled` | `../tls.rs`; all suites run over TLS, too |
//! | `TestStreamBuffer` | `src/iostream/buffer.rs` |

mod closing;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod foreign;
mod kinds;
mod reading;
mod tcp;
mod unix;
mod writing;
