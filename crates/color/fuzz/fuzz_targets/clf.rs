//! Any bytes as a CLF or CTF: read, built and applied, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("clf", bytes));
