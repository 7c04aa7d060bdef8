//! Any bytes as an .ocioz: opened, listed and built, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("archive", bytes));
