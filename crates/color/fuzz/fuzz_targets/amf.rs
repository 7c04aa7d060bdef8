//! Any bytes as an AMF: read, written again and followed, without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_color_fuzz::survive("amf", bytes));
