//! Owns following an AMF from its names to a conversion (S-2019-001, and the duties of a reader in its implementers' guide): steps
//! marked `applied` are passed over and reported, looks keep their order, a CDL runs in its working space, files come from below the
//! AMF only and must match their hashes. An id that nothing here implements is an error, never a substitute (invariant 10).

use super::files::{AmfFiles, by_process_list, check_hash, look_transforms};
use super::ids::{Ids, Piece, exact};
use super::model::{Amf, By, CdlNumbers, Input, InverseOutput, Look, LookCdl, Middle, Output, Pipeline, TransformRef};
use crate::cdl;
use crate::engine::{Engine, Processor, cdl_transform};
use crate::error::ColorError;
use crate::recipe::Aces;
use checkgate_model::RelPath;
use ocio::GroupTransform;
use serde::Serialize;

/// What was followed and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct AmfReport {
    /// Steps of the conversion, in order.
    pub steps: Vec<String>,
    /// Steps that the file, or the decoder, says were applied already.
    pub already_applied: Vec<String>,
    /// What a careful reader should know: ids read under another spelling, words the file left out.
    pub notes: Vec<String>,
}

/// What is known beside the AMF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AmfOptions {
    /// The decoder already delivers ACES2065-1 (a raw decoder that was told to): the input transform is not applied again.
    pub media_is_aces: bool,
}

/// The conversion that the current pipeline describes.
///
/// # Errors
/// [`ColorError`] naming the first step that cannot be followed exactly.
pub fn resolve(
    engine: &Engine,
    amf: &Amf,
    files: &dyn AmfFiles,
    options: AmfOptions,
) -> Result<(Box<dyn Processor>, AmfReport), ColorError> {
    let mut resolver = Resolver {
        engine,
        ids: engine.ids()?,
        files,
        report: AmfReport { notes: amf.notes.clone(), ..AmfReport::default() },
        pieces: Vec::new(),
    };
    resolver.pipeline(&amf.pipeline, options)?;
    let Resolver { pieces, report, .. } = resolver;
    let description = if report.steps.is_empty() {
        "AMF without a step left to apply".to_owned()
    } else {
        format!("AMF: {}", report.steps.join(" -> "))
    };
    Ok((Box::new(exact(engine, pieces, description)?), report))
}

struct Resolver<'a> {
    engine: &'a Engine,
    ids: &'a Ids,
    files: &'a dyn AmfFiles,
    report: AmfReport,
    pieces: Vec<Piece>,
}

impl Resolver<'_> {
    fn pipeline(&mut self, pipeline: &Pipeline, options: AmfOptions) -> Result<(), ColorError> {
        self.versions(pipeline);
        if let Some(input) = &pipeline.input
            && !self.applied(input.applied, "input transform", &input.itself)
        {
            if options.media_is_aces {
                let name = name(&input.itself);
                self.report.already_applied.push(format!("input transform {name}: the decoder delivers ACES2065-1"));
            } else {
                self.input(input)?;
            }
        }
        for middle in &pipeline.middle {
            match middle {
                Middle::WorkingLocation => {
                    let after = self.report.steps.len() + self.report.already_applied.len();
                    self.report.notes.push(format!("the working files stand after step {after} of the pipeline"));
                }
                Middle::Look(look) => {
                    if !self.applied(look.applied, "look transform", &look.itself) {
                        self.look(look)?;
                    }
                }
            }
        }
        if let Some(output) = &pipeline.output
            && !self.applied(output.applied, "output transform", &output.itself)
        {
            self.output(output)?;
        }
        Ok(())
    }

    /// The version of an id decides which ACES is used; a system version that says another one is worth a word.
    fn versions(&mut self, pipeline: &Pipeline) {
        let of_output = pipeline.output.as_ref().and_then(|output| {
            let named = output.pair.as_ref().map_or(&output.itself, |pair| &pair.device);
            named.by.as_ref().map(|by| by.words())
        });
        let by_id = of_output.and_then(|id| match id {
            id if id.contains(":v1.5:") => Some(1),
            id if id.contains(":v2.0:") => Some(2),
            _ => None,
        });
        if let (Some([major, minor, patch]), Some(by_id)) = (pipeline.system_version, by_id)
            && major != by_id
        {
            self.report.notes.push(format!(
                "the pipeline says ACES {major}.{minor}.{patch}, its output transform is of ACES {by_id}; the id was followed"
            ));
        }
    }

    fn applied(&mut self, applied: Option<bool>, what: &str, itself: &TransformRef) -> bool {
        let applied = applied.unwrap_or(false);
        if applied {
            self.report.already_applied.push(format!("{what} {}", name(itself)).trim_end().to_owned());
        }
        applied
    }

    fn push(&mut self, piece: Piece, words: String) {
        self.pieces.push(piece);
        self.report.steps.push(words);
    }

    fn input(&mut self, input: &Input) -> Result<(), ColorError> {
        let inverse = match &input.inverse {
            None => None,
            Some(InverseOutput::Whole(whole)) => Some(whole),
            Some(InverseOutput::Pair { device, rendering }) => {
                self.rendering(rendering.as_ref(), "inverse")?;
                Some(device)
            }
        };
        match inverse {
            Some(TransformRef { by: Some(By::Id(id)), .. }) => {
                let piece = self.ids.output(self.engine, id, true, &mut self.report.notes)?;
                self.push(piece, format!("inverse output {id}"));
                Ok(())
            }
            Some(other) => self.file(other, "inverse output"),
            None => match &input.itself.by {
                Some(By::Id(id)) => {
                    let piece = self.ids.space(id, false, &mut self.report.notes)?;
                    self.push(piece, format!("input {id}"));
                    Ok(())
                }
                _ => self.file(&input.itself, "input"),
            },
        }
    }

    fn output(&mut self, output: &Output) -> Result<(), ColorError> {
        let named = match &output.pair {
            None => &output.itself,
            Some(pair) => {
                self.rendering(pair.rendering.as_ref(), "output")?;
                &pair.device
            }
        };
        match &named.by {
            Some(By::Id(id)) => {
                let piece = self.ids.output(self.engine, id, false, &mut self.report.notes)?;
                self.push(piece, format!("output {id}"));
                Ok(())
            }
            _ => self.file(named, "output"),
        }
    }

    /// The first half of an ACES 1 output: the Academy's rendering, which the output of the engine includes. Any other is unknown.
    fn rendering(&mut self, rendering: Option<&TransformRef>, what: &str) -> Result<(), ColorError> {
        let Some(rendering) = rendering else {
            self.report
                .notes
                .push(format!("the {what} names a device transform alone; the ACES 1 rendering transform was taken"));
            return Ok(());
        };
        match &rendering.by {
            Some(By::Id(id)) => {
                let body = id.rsplit(':').next().unwrap_or_default();
                let body = body.strip_prefix("Inv").unwrap_or(body);
                match body {
                    "RRT.a1.0.3" => Ok(()),
                    // Versions before 1.0.3 are the same rendering; 1.0.1 to 1.0.3 changed code and comments (ACES change log).
                    "RRT.a1.0.0" | "RRT.a1.0.1" => {
                        self.report.notes.push(format!("{id} was read as RRT.a1.0.3"));
                        Ok(())
                    }
                    _ => Err(ColorError::UnknownTransformId(id.clone())),
                }
            }
            _ => Err(ColorError::BadAmf(
                "a rendering transform that is no Academy one cannot be joined to a device transform".to_owned(),
            )),
        }
    }

    fn look(&mut self, look: &Look) -> Result<(), ColorError> {
        if let Some(cdl) = &look.cdl {
            return self.cdl(look, cdl);
        }
        match &look.itself.by {
            Some(By::Id(id)) => {
                let piece = self.ids.look(id, &mut self.report.notes)?;
                self.push(piece, format!("look {id}"));
                Ok(())
            }
            Some(_) => self.file(&look.itself, "look"),
            None => Err(ColorError::BadAmf("a look transform names neither a CDL, an id nor a file".to_owned())),
        }
    }

    fn cdl(&mut self, look: &Look, cdl: &LookCdl) -> Result<(), ColorError> {
        let (numbers, words) = match &cdl.numbers {
            CdlNumbers::Inline(numbers) => (*numbers, "CDL".to_owned()),
            CdlNumbers::InFile(id) => {
                let (file, bytes) = self.bytes(&look.itself)?;
                let corrections = cdl::read(&bytes)
                    .map_err(|error| ColorError::BadLookFile { name: file.clone(), reason: error.to_string() })?;
                (cdl::pick(&corrections, Some(id))?, format!("CDL {id} of {file}"))
            }
        };
        let space = cdl.working.clone().unwrap_or_default();
        let side = |side: &Option<TransformRef>| -> Result<Option<String>, ColorError> {
            match side.as_ref().map(|side| &side.by) {
                None => Ok(None),
                Some(Some(By::Id(id))) => Ok(Some(id.clone())),
                Some(_) => {
                    Err(ColorError::BadAmf("the working space of a CDL is named by a file, which is not followed".to_owned()))
                }
            }
        };
        let (to, from) = (side(&space.to)?, side(&space.from)?);
        let notes = &mut self.report.notes;
        let into = match (&to, &from) {
            (Some(to), _) => Some(self.ids.space(to, false, notes)?),
            // Without `to`, the way in is the way out turned round.
            (None, Some(from)) => Some(self.ids.space(from, true, notes)?),
            (None, None) => None,
        };
        let back = match (&to, &from) {
            (_, Some(from)) => Some(self.ids.space(from, false, notes)?),
            (Some(to), None) => Some(self.ids.space(to, true, notes)?),
            (None, None) => None,
        };
        self.pieces.extend(into);
        let group = GroupTransform::from_transforms(vec![cdl_transform(&numbers).into()]);
        self.pieces.push(Piece::Group(Aces::V2_0, group));
        self.pieces.extend(back);
        let within = from.or(to).map(|id| format!(" in {id}")).unwrap_or_default();
        self.report.steps.push(format!("{words}{within}"));
        Ok(())
    }

    /// Name and bytes of the file that a reference names, held to its hash.
    fn bytes(&mut self, named: &TransformRef) -> Result<(String, Vec<u8>), ColorError> {
        let (path, bytes) = match &named.by {
            Some(By::File(file)) => {
                let path = RelPath::new(file.strip_prefix("./").unwrap_or(file))
                    .map_err(|error| ColorError::BadAmf(error.to_string()))?;
                let bytes = self.files.read(&path).ok_or_else(|| ColorError::MissingFile(file.clone()))?;
                (path, bytes)
            }
            Some(By::Uuid(uuid)) => by_process_list(self.files, uuid)?,
            Some(By::Id(id)) => return Err(ColorError::UnknownTransformId(id.clone())),
            None => return Err(ColorError::BadAmf("a transform names neither an id nor a file".to_owned())),
        };
        if let Some(hash) = &named.hash {
            check_hash(path.as_str(), &bytes, hash)?;
        }
        Ok((path.as_str().to_owned(), bytes))
    }

    fn file(&mut self, named: &TransformRef, what: &str) -> Result<(), ColorError> {
        let (file, bytes) = self.bytes(named)?;
        let group = look_transforms(&file, &bytes)?;
        if !file.to_ascii_lowercase().ends_with(".clf") {
            self.report.notes.push(format!("{file} is no CLF; it was applied to ACES2065-1 as it is"));
        }
        self.push(Piece::Group(Aces::V2_0, group), format!("{what} file {file}"));
        Ok(())
    }
}

fn name(transform: &TransformRef) -> String {
    let named = transform.by.as_ref().map(|by| by.words().to_owned());
    transform.description.clone().or(named).unwrap_or_default().chars().take(200).collect()
}
