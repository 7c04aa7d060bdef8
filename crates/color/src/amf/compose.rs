//! Owns describing a preview by an AMF 2.0. What has no transform id or would not lead back to the same conversion is refused: a
//! written AMF describes exactly what a preview shows.

use super::model::{
    Amf, AmfVersion, Author, By, CdlNumbers, ClipId, Hash, Info, Input, Look, LookCdl, Middle, Output, OutputPair, Pipeline,
    TransformRef, WorkingSpace,
};
use crate::engine::{CCT, Engine, LookFile};
use crate::error::ColorError;
use crate::recipe::{Aces, Recipe, Target};
use sha2::Digest;

/// What the recipe does not say: times, ids and the clip come from the caller.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AmfFacts {
    /// `xs:dateTime` of now.
    pub now: String,
    /// Id of the file, `urn:uuid:…`.
    pub file_uuid: String,
    /// Id of the pipeline, `urn:uuid:…`.
    pub pipeline_uuid: String,
    /// Free words.
    pub description: Option<String>,
    /// Who made it.
    pub authors: Vec<Author>,
    /// The clip; without one it is a template.
    pub clip: Option<ClipId>,
}

/// The AMF of a recipe and its show looks; `looks` are written by name and hash and must stand beside the AMF under that name.
///
/// # Errors
/// [`ColorError::NoTransformId`] where a part of the recipe has no id.
pub fn compose(engine: &Engine, recipe: &Recipe, looks: &[LookFile], facts: &AmfFacts) -> Result<Amf, ColorError> {
    let ids = engine.ids()?;
    let no_id = |name: &str| ColorError::NoTransformId(name.to_owned());
    let full = |name: &str| -> Result<String, ColorError> {
        let own = crate::spaces::named(name).map(|space| space.name.clone());
        Ok(own.or(engine.space(recipe.aces, name)?).or(engine.space(Aces::V2_0, name)?).unwrap_or_else(|| name.to_owned()))
    };
    let source = full(&recipe.source)?;
    let input = if source == crate::engine::AP0 {
        None
    } else {
        let id = ids.id_of_space(recipe.aces, &source, false).ok_or_else(|| no_id(&source))?;
        let itself = TransformRef { description: Some(source.clone()), ..TransformRef::id(&id) };
        Some(Input { applied: Some(false), itself, inverse: None })
    };
    let mut middle = Vec::new();
    if let Some(look) = &recipe.look {
        let id = ids.id_of_look(recipe.aces, look).ok_or_else(|| no_id(look))?;
        let itself = TransformRef { description: Some(look.clone()), ..TransformRef::id(&id) };
        middle.push(Middle::Look(Look { applied: Some(false), itself, cdl: None }));
    }
    if let Some(cdl) = recipe.cdl {
        cdl.check()?;
        let to = ids.id_of_space(recipe.aces, CCT, true).ok_or_else(|| no_id(CCT))?;
        let from = ids.id_of_space(recipe.aces, CCT, false).ok_or_else(|| no_id(CCT))?;
        let working = Some(WorkingSpace { to: Some(TransformRef::id(&to)), from: Some(TransformRef::id(&from)) });
        let itself = TransformRef { description: Some("CDL in ACEScct".to_owned()), ..TransformRef::default() };
        let cdl = Some(LookCdl { working, numbers: CdlNumbers::Inline(cdl) });
        middle.push(Middle::Look(Look { applied: Some(false), itself, cdl }));
    }
    for look in looks {
        if look.working_space != crate::engine::AP0 {
            return Err(no_id(&format!("{} in {}", look.name, look.working_space)));
        }
        // Only a CLF is a look by itself for every reader; other files are read as this reader does, and say so.
        let hash = Hash {
            algorithm: "http://www.w3.org/2001/04/xmlenc#sha256".to_owned(),
            value: base64(&sha2::Sha256::digest(&look.bytes)),
        };
        let itself = TransformRef { description: None, hash: Some(hash), by: Some(By::File(look.name.clone())) };
        middle.push(Middle::Look(Look { applied: Some(false), itself, cdl: None }));
    }
    let output = output(engine, recipe)?;
    let about = |uuid: &str| Info {
        description: facts.description.clone(),
        authors: facts.authors.clone(),
        created: Some(facts.now.clone()),
        modified: Some(facts.now.clone()),
        uuid: Some(uuid.to_owned()),
    };
    let system_version = Some(if recipe.aces == Aces::V2_0 { [2, 0, 0] } else { [1, 3, 0] });
    let info = Info { authors: Vec::new(), description: None, ..about(&facts.pipeline_uuid) };
    Ok(Amf {
        version: AmfVersion::V2_0,
        info: about(&facts.file_uuid),
        clip: facts.clip.clone(),
        pipeline: Pipeline { info, system_version, input, middle, output },
        archived: Vec::new(),
        notes: Vec::new(),
    })
}

fn output(engine: &Engine, recipe: &Recipe) -> Result<Option<Output>, ColorError> {
    let (display, view) = match &recipe.target {
        Target::ColorSpace(space) if engine.space(recipe.aces, space)?.as_deref() == Some(crate::engine::AP0) => return Ok(None),
        Target::ColorSpace(space) => return Err(ColorError::NoTransformId(space.clone())),
        Target::Display { display, view } => (display, view),
    };
    let config = engine.config(recipe.aces)?;
    let display = Engine::display(config, display).ok_or_else(|| ColorError::UnknownDisplay(display.clone()))?;
    let id = engine
        .ids()?
        .id_of_view(engine, recipe.aces, display, view)?
        .ok_or_else(|| ColorError::NoTransformId(format!("{view} on {display}")))?;
    let itself = TransformRef { description: Some(format!("{view} on {display}")), ..TransformRef::id(&id) };
    // ACES 1 names a device transform and the rendering before it.
    let body = id.rsplit(':').next().unwrap_or_default();
    if body.starts_with("ODT.") {
        let rendering = Some(TransformRef::id("urn:ampas:aces:transformId:v1.5:RRT.a1.0.3"));
        let pair = Some(OutputPair { rendering, device: itself });
        return Ok(Some(Output { applied: Some(false), itself: TransformRef::default(), pair }));
    }
    Ok(Some(Output { applied: Some(false), itself, pair: None }))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}
