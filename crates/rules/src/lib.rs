//! Owns the rules a roll is checked against: facts in, findings out, each with a stable code, a severity, whether a named person
//! may override it, and what to do now. Profiles are data (`assets/rules`). Must never do I/O, rename or drop anything.

mod check;
mod facts;
mod names;
mod profile;
mod recording;

pub use check::{CODES, check};
pub use facts::RollFacts;
pub use profile::{ProfileError, Rule, RuleProfile, parse, profile, profile_names};
