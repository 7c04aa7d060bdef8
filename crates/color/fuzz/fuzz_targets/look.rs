//! Any bytes as a look file, whose kind the first byte chooses: read, built and applied, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("look", bytes));
