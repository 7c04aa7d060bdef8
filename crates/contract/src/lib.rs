//! Owns what the page and `--json` see: DTOs, the command table and the TypeScript made from them. Must never know an engine.
//!
//! Rules: byte counts are numbers (safe to 9 PB), 64-bit hashes are text, instants are RFC 3339 text, a path is shown but never
//! accepted: the page names things by id only (invariant 7).

pub mod camera_view;
pub mod command;
pub mod frame;
pub mod manifest_view;
pub mod queue_view;
pub mod repair_view;
pub mod request;
pub mod rules_view;
pub mod typescript;
pub mod view;

pub use camera_view::*;
pub use command::COMMAND_NAMES;
pub use frame::{CardTick, LaneTick, UiFrame};
pub use queue_view::*;
pub use request::*;
pub use rules_view::*;
pub use view::*;
