//! Streams: one suite, run for each kind of stream.
//!
//! It covers Tornado's `iostream_test` (6.6.1), most of it under the names that its tests have there:
//!
//! | there | here |
//! | --- | --- |
//! | `test_connection_closed`, `test_connection_refused` | `tcp` |
//! | `test_read_until_close`, `test_future_read_until_close`, `test_read_until_close_after_close`, `test_close_buffered_data`, `test_future_delayed_close_callback`, `test_future_close_callback`, `test_close_callback_with_pending_read`, `test_future_close_while_reading`, `test_read_until_with_close_after_second_packet`, `test_read_until_unsatisfied_after_close` | `closing` |
//! | `test_read_zero_bytes`, `test_read_bytes_partial`, `test_read_into`, `test_read_into_partial`, `test_read_into_zero_bytes`, `test_large_read_until`, `test_small_reads_from_large_buffer`, `test_small_read_untils_from_large_buffer`, `test_many_mixed_reads` | `reading` |
//! | `test_read_until_max_bytes`, `…_inline`, `…_ignores_extra`, `test_read_until_regex_max_bytes`, `…_inline`, `…_ignores_extra` | the cases of `reading::LIMITED` |
//! | `test_read_until_close_with_buffer_overflow` | `reading::a_read_buffer_that_overflows_closes_the_stream` |
//! | `test_read_until_close_with_error`, `test_read_until_close_after_error_close`, `test_inline_read_error`, `test_async_read_error_logging` | `tcp::a_reset_is_told_with_its_error_and_not_logged`: they close descriptors behind the stream's back, which only it owns here, so a real error stands for theirs. What a read raises is not logged, too |
//! | `test_read_until_close_after_connection_reset` | the opposite: a reset is told with its error, because what came before it may not be all; `tcp` |
//! | `test_future_interface` | `reading::read_until` and `reading::read_bytes` |
//! | `test_write_zero_bytes`, `test_flow_control` | `writing` |
//! | `test_future_write` | `writing::writes_keep_their_order_whoever_waits_for_them` |
//! | `test_pipe_iostream`, `test_pipe_iostream_big_write` | `pipe` of every suite, `writing::a_write_waits_for_a_slow_reader` |
//! | `test_write_memoryview`, `test_typed_memoryview` | a write takes `&[u8]`, so that the unit is always the byte |
//! | `test_read_into_buffer_resizable`, `test_read_into_resizable_after_close`, `test_write_bytearray_resizable`, `…_after_close`, `…_after_close_while_writing`, `…_after_error` | nobody can resize what is borrowed, and the borrow ends with the read; a write copies what the system has not taken |
//! | `test_write_while_connecting` | there is no stream before it is connected, so nothing can be written to it |
//! | `test_gaierror` | a stream connects to addresses; names are the resolver's |
//! | `test_handshake_fail`, `test_start_tls_smtp`, `test_start_tls_cancellation`, `test_check_hostname`, `test_wait_for_handshake_*`, `test_match`, `test_no_match`, `test_check_disabled` | `../tls.rs`; all suites run over TLS, too |
//! | `TestStreamBuffer` | `src/iostream/buffer.rs` |

mod closing;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod foreign;
mod kinds;
mod reading;
mod tcp;
mod unix;
mod writing;
