//! What is read and written reads back as it was, and is valid.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_mhl_fuzz::round_trip(bytes));
