//! Owns reading an AMF 1.0 or 2.0 into its value. Accepts what real files get wrong and says so in the notes; never follows a
//! reference and never repairs a number.

use super::model::{
    Amf, AmfVersion, Author, By, CdlNumbers, ClipId, ClipMedia, Hash, Info, Input, InverseOutput, Look, LookCdl, Middle, Output,
    OutputPair, Pipeline, TransformRef, WorkingSpace,
};
use crate::cdl;
use crate::error::ColorError;
use crate::xml::{child, elements, own_text, parse, text};
use roxmltree::Node;

/// Largest AMF that is read, in bytes.
pub const LARGEST_AMF_BYTES: usize = 4 << 20;
const MOST_LOOKS: usize = 1000;
const MOST_ARCHIVED: usize = 1000;

fn bad(reason: impl Into<String>) -> ColorError {
    ColorError::BadAmf(reason.into())
}

/// Reads an AMF.
///
/// # Errors
/// [`ColorError::BadAmf`] where it is none, or [`ColorError::BadCdl`] for the numbers of its CDLs.
pub fn read(xml: &str) -> Result<Amf, ColorError> {
    if xml.len() > LARGEST_AMF_BYTES {
        return Err(bad(format!("{} bytes are too many", xml.len())));
    }
    let document = parse(xml).map_err(bad)?;
    let root = document.root_element();
    let version = match (root.tag_name().name(), root.tag_name().namespace()) {
        ("acesMetadataFile", Some(space)) if space == AmfVersion::V1_0.namespace() => AmfVersion::V1_0,
        ("acesMetadataFile", Some(space)) if space == AmfVersion::V2_0.namespace() => AmfVersion::V2_0,
        _ => return Err(bad("this is no AMF of version 1.0 or 2.0")),
    };
    let mut reader = Reader { version, notes: Vec::new() };
    if let Some(said) = root.attribute("version")
        && said.trim() != version.name()
    {
        reader.note(format!("the file calls itself version {} in the namespace of {}", clip(said), version.name()));
    }
    let pipeline = child(root, "pipeline").ok_or_else(|| bad("there is no pipeline"))?;
    let pipeline = reader.pipeline(pipeline)?;
    let notes_of_current = reader.notes.len();
    let archived: Vec<Node<'_, '_>> = elements(root).filter(|node| node.tag_name().name() == "archivedPipeline").collect();
    if archived.len() > MOST_ARCHIVED {
        return Err(bad(format!("{} archived pipelines are too many", archived.len())));
    }
    let archived = archived.into_iter().map(|node| reader.pipeline(node)).collect::<Result<_, _>>()?;
    // How archived pipelines are written does not touch what is shown now.
    reader.notes.truncate(notes_of_current);
    let known = ["amfInfo", "clipId", "pipeline", "archivedPipeline"];
    for node in elements(root).filter(|node| !known.contains(&node.tag_name().name())) {
        reader.note(format!("<{}> is not of the schema and was passed over", clip(node.tag_name().name())));
    }
    let info = child(root, "amfInfo").map(info).unwrap_or_default();
    let clip = child(root, "clipId").map(clip_id).transpose()?;
    Ok(Amf { version, info, clip, pipeline, archived, notes: reader.notes })
}

fn clip(words: &str) -> String {
    words.chars().take(120).collect()
}

fn info(node: Node<'_, '_>) -> Info {
    let time = child(node, "dateTime");
    Info {
        description: text(node, "description"),
        authors: elements(node)
            .filter(|inner| inner.tag_name().name() == "author")
            .map(|author| Author {
                name: text(author, "name").unwrap_or_default(),
                email: text(author, "emailAddress").unwrap_or_default(),
            })
            .collect(),
        created: time.and_then(|time| text(time, "creationDateTime")),
        modified: time.and_then(|time| text(time, "modificationDateTime")),
        uuid: text(node, "uuid"),
    }
}

fn clip_id(node: Node<'_, '_>) -> Result<ClipId, ColorError> {
    let media = if let Some(sequence) = child(node, "sequence") {
        let number = |name: &str| {
            let words = sequence.attribute(name).ok_or_else(|| bad(format!("the clip's sequence has no {name}")))?;
            words.trim().parse::<u64>().map_err(|_| bad(format!("{name} of the clip's sequence is {:?}", clip(words))))
        };
        Some(ClipMedia::Sequence {
            template: own_text(sequence).unwrap_or_default(),
            index: sequence.attribute("idx").unwrap_or("#").to_owned(),
            first: number("min")?,
            last: number("max")?,
        })
    } else if let Some(file) = text(node, "file") {
        Some(ClipMedia::File(file))
    } else {
        text(node, "uuid").map(ClipMedia::Uuid)
    };
    Ok(ClipId { name: text(node, "clipName").unwrap_or_default(), media })
}

struct Reader {
    version: AmfVersion,
    notes: Vec<String>,
}

impl Reader {
    fn note(&mut self, note: String) {
        if self.notes.len() < 200 {
            self.notes.push(note);
        }
    }

    fn pipeline(&mut self, node: Node<'_, '_>) -> Result<Pipeline, ColorError> {
        let about = child(node, "pipelineInfo");
        let mut pipeline = Pipeline {
            info: about.map(info).unwrap_or_default(),
            system_version: about.and_then(|about| child(about, "systemVersion")).and_then(system_version),
            ..Pipeline::default()
        };
        for inner in elements(node) {
            match inner.tag_name().name() {
                "pipelineInfo" => {}
                "inputTransform" if pipeline.input.is_none() => pipeline.input = Some(self.input(inner)?),
                "lookTransform" => pipeline.middle.push(Middle::Look(self.look(inner)?)),
                "workingLocation" => pipeline.middle.push(Middle::WorkingLocation),
                "outputTransform" if pipeline.output.is_none() => pipeline.output = Some(self.output(inner)?),
                name @ ("inputTransform" | "outputTransform") => return Err(bad(format!("there is more than one {name}"))),
                // An unknown step in the chain would make another picture: it may not be passed over.
                name if name.ends_with("Transform") => return Err(bad(format!("<{}> is no step of an AMF", clip(name)))),
                name => self.note(format!("<{}> in the pipeline is not of the schema and was passed over", clip(name))),
            }
            if pipeline.middle.len() > MOST_LOOKS {
                return Err(bad("there are too many looks"));
            }
        }
        if self.version == AmfVersion::V1_0 && pipeline.output.is_none() {
            self.note("version 1.0 wants an output transform; there is none".to_owned());
        }
        Ok(pipeline)
    }

    /// `applied`, which 2.0 demands of every step and 1.0 of all but outputs.
    fn applied(&mut self, node: Node<'_, '_>, demanded: bool) -> Result<Option<bool>, ColorError> {
        let name = node.tag_name().name();
        match node.attribute("applied").map(str::trim) {
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(bad(format!("applied of {name} is {:?}", clip(other)))),
            None => {
                if demanded {
                    self.note(format!("{name} does not say whether it was applied; it was taken as not applied"));
                }
                Ok(None)
            }
        }
    }

    fn input(&mut self, node: Node<'_, '_>) -> Result<Input, ColorError> {
        let applied = self.applied(node, true)?;
        let inverse = if let Some(whole) = child(node, "inverseOutputTransform") {
            Some(InverseOutput::Whole(transform(whole)))
        } else {
            child(node, "inverseOutputDeviceTransform").map(|device| InverseOutput::Pair {
                device: transform(device),
                rendering: child(node, "inverseReferenceRenderingTransform").map(transform),
            })
        };
        Ok(Input { applied, itself: transform(node), inverse })
    }

    fn output(&mut self, node: Node<'_, '_>) -> Result<Output, ColorError> {
        let applied = self.applied(node, self.version == AmfVersion::V2_0)?;
        let pair = child(node, "outputDeviceTransform").map(|device| OutputPair {
            rendering: child(node, "referenceRenderingTransform").map(transform),
            device: transform(device),
        });
        Ok(Output { applied, itself: transform(node), pair })
    }

    fn look(&mut self, node: Node<'_, '_>) -> Result<Look, ColorError> {
        let applied = self.applied(node, true)?;
        let sop = child(node, "SOPNode").or_else(|| child(node, "ASC_SOP"));
        let sat = child(node, "SatNode").or_else(|| child(node, "ASC_SAT"));
        let reference = child(node, "ColorCorrectionRef");
        let numbers = if sop.is_some() || sat.is_some() {
            Some(CdlNumbers::Inline(cdl::from_nodes(sop, sat)?))
        } else {
            let id = reference.map(|node| node.attribute("ref").map(|id| id.trim().to_owned()).or_else(|| own_text(node)));
            id.map(|id| id.ok_or_else(|| bad("a ColorCorrectionRef names no correction"))).transpose()?.map(CdlNumbers::InFile)
        };
        let Some(numbers) = numbers else { return Ok(Look { applied, itself: transform(node), cdl: None }) };
        if sop.is_none() || sat.is_none() {
            self.note("a CDL has no saturation or no slope, offset and power; the missing part changes nothing".to_owned());
        }
        let working = child(node, "cdlWorkingSpace").or_else(|| {
            let old = child(node, "lookTransformWorkingSpace");
            if old.is_some() {
                self.note("lookTransformWorkingSpace, from before the standard, was read as cdlWorkingSpace".to_owned());
            }
            old
        });
        let side = |prefix: &str| {
            working.and_then(|space| elements(space).find(|inner| inner.tag_name().name().starts_with(prefix))).map(transform)
        };
        let space = WorkingSpace { to: side("to"), from: side("from") };
        if working.is_none() || space == WorkingSpace::default() {
            self.note("a CDL names no working space; it works in ACES2065-1".to_owned());
        }
        Ok(Look { applied, itself: transform(node), cdl: Some(LookCdl { working: working.map(|_| space), numbers }) })
    }
}

fn system_version(node: Node<'_, '_>) -> Option<[u8; 3]> {
    let part = |name: &str| text(node, name)?.parse().ok();
    Some([part("majorVersion")?, part("minorVersion")?, part("patchVersion")?])
}

fn transform(node: Node<'_, '_>) -> TransformRef {
    let by = text(node, "transformId")
        .map(By::Id)
        .or_else(|| text(node, "file").map(By::File))
        .or_else(|| text(node, "uuid").map(By::Uuid));
    let hash = child(node, "hash")
        .and_then(|hash| Some(Hash { algorithm: hash.attribute("algorithm")?.trim().to_owned(), value: own_text(hash)? }));
    TransformRef { description: text(node, "description"), hash, by }
}
