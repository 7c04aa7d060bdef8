//! The readers of chains and of whole histories: any bytes are answered with a value.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_mhl_fuzz::chain(bytes));
