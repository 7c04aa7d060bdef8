//! Owns colour on pixel slices: recipes, the exact engine over the `ocio` crate, LUT baking and kernels, Y'CbCr conversion, and
//! the choice of a camera's input space. Must never open a file, read a clock, or substitute one transform for another: what is
//! not known is an error (invariants 1 and 10).

pub mod amf;
pub mod camera_input;
pub mod cdl;
pub mod engine;
pub mod error;
pub mod eval;
pub mod input;
pub mod logc3;
pub mod lut;
mod lut_kernel;
pub mod recipe;
mod spaces;
pub mod user_config;
mod wide;
mod xml;
pub mod yuv;

pub use amf::{AmfReport, amf_processor};
pub use camera_input::{CameraFacts, Confidence, InputDecision, InputOverride, choose_for_record, choose_input};
pub use engine::{ColorEngine, DisplayListing, Engine, Listing, LookFile, Processor, SpaceListing, apply_parallel};
pub use error::ColorError;
pub use input::{InputChoice, input_space};
pub use lut::{Lut3d, LutError, Shaper};
pub use recipe::{Aces, Cdl, OutputView, Recipe, Target};
pub use user_config::UserConfig;
