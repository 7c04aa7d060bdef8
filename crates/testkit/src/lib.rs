//! Owns forged cards, scripted faults and the servers and reference tools that tests need. It is for tests and practice: it is
//! never part of what proves a copy, and every file it forges says in a metadata field that it is synthetic.
#![allow(clippy::disallowed_methods, reason = "forging and damaging files is what this crate is for; it never sees a real card")]

pub mod ascmhl;
#[cfg(feature = "faults")]
pub mod dice;
#[cfg(all(feature = "faults", target_os = "linux"))]
pub mod drive;
#[cfg(all(feature = "faults", target_os = "linux"))]
pub mod faulty;
pub mod forge;
pub mod garage;
pub mod image;
pub mod picture;
pub mod proxy;
pub mod python;
#[cfg(unix)]
pub mod sysfs;
#[cfg(feature = "faults")]
pub mod torture;

pub use forge::{
    CardSize, Damage, Expect, Expectation, ExpectedClip, Family, ForgeError, ForgeOptions, Forged, forge_card, forge_card_with,
};
