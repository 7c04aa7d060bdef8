//! Any bytes under the names of the family `films`: recognised, checked and described without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_camera_fuzz::survive("films", bytes));
