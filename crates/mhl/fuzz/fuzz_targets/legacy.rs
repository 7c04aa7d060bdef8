//! The reader of legacy lists in any encoding, and the check against what it read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_mhl_fuzz::legacy(bytes));
