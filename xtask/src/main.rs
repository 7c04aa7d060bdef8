//! Benchmarks, code generation and checks.

fn main() {}
