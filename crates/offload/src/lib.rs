//! The copy, hash and verify engine.
