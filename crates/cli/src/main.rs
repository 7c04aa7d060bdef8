//! The command line of Checkgate.

fn main() {}
