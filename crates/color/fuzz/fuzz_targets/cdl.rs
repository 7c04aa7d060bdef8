//! Any bytes as a CDL in a file or in ALE columns: read, written again, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("cdl", bytes));
