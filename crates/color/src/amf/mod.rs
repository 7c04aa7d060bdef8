//! Owns the ACES Metadata File (AMF 1.0 and 2.0, S-2019-001): its value, reading, writing, following it to a conversion, matching it
//! to clips, and describing a preview with one. Must never open a file or take one transform for another (invariant 10).

mod clip;
mod compose;
mod files;
mod ids;
mod model;
mod read;
mod resolve;
mod write;

pub use clip::ClipFacts;
pub use compose::{AmfFacts, compose};
pub(crate) use files::look_transforms;
pub use files::{AmfFiles, LARGEST_LOOK_BYTES};
pub(crate) use ids::{Ids, Piece, own_piece};
pub use model::{
    Amf, AmfVersion, Author, By, CdlNumbers, ClipId, ClipMedia, Hash, Info, Input, InverseOutput, Look, LookCdl, Middle, Output,
    OutputPair, Pipeline, TransformRef, WorkingSpace,
};
pub use read::{LARGEST_AMF_BYTES, read};
pub use resolve::{AmfOptions, AmfReport, resolve};
pub use write::write;

use crate::engine::{Engine, Processor};
use crate::error::ColorError;
use checkgate_model::RelPath;

/// Reads an AMF and builds the conversion it describes; `look_file` brings the bytes of a file named by a path below the AMF.
///
/// # Errors
/// [`ColorError`] where it is no AMF or a step cannot be followed exactly.
pub fn amf_processor(
    engine: &Engine,
    xml: &str,
    look_file: &dyn Fn(&RelPath) -> Option<Vec<u8>>,
) -> Result<(Box<dyn Processor>, AmfReport), ColorError> {
    resolve(engine, &read(xml)?, &files::ByName(look_file), AmfOptions::default())
}
