//! Owns the rules a roll is checked against: facts in, findings out, each with a stable code, a severity, whether a named person
//! may override it, and what to do now. Profiles and explanations are data (`assets/rules`). Must never do I/O, rename or drop
//! anything.

mod check;
mod codes;
mod delivery;
mod facts;
mod looks;
mod names;
mod picture;
mod profile;
mod recording;
mod sound;
mod spans;

pub use check::check;
pub use codes::{CODES, Explanation, explain, explanations};
pub use facts::{DeliveredRoll, DeliveryFacts, KnownPicture, KnownRoll, LookFacts, ProjectFacts, RollFacts, Twin, TwinBy};
pub use profile::{Floor, ProfileError, Rule, RuleProfile, parse, profile, profile_names};
pub use spans::running;
