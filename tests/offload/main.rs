//! The offload where things go wrong: cards that cannot be read or lie, drives that fail, fill up, lose power or vanish, and a program
//! that is killed. The program is judged from outside, by its exit code, by what it says and by the files it leaves. What is done here a
//! few times `cargo xtask torture` does often. Each test says `SKIPPED` where the machine cannot try it.
#![cfg(target_os = "linux")]

mod bit_flips;
mod card_faults;
mod card_left;
mod drive_faults;
mod file_systems;
mod presets;
mod queue;
mod support;
mod torture;
