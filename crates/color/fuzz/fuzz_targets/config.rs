//! Any bytes as an OpenColorIO configuration: read, listed, every space and view built, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("config", bytes));
