//! The judge of all three schemas: any bytes are answered, with bounded violations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkgate_mhl_fuzz::schema(bytes));
