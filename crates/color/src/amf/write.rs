//! Owns writing an AMF. The order of elements and their namespaces are the schema's; archived pipelines are written as they were
//! read. What the schema demands and the value lacks is an error, never invented.

use super::model::{
    Amf, AmfVersion, By, CdlNumbers, ClipId, ClipMedia, Info, Input, InverseOutput, Look, Middle, Output, Pipeline, TransformRef,
};
use crate::error::ColorError;
use crate::xml::escape;

/// The file as text.
///
/// # Errors
/// [`ColorError::BadAmf`] where the schema demands what the value does not hold, or cannot express what it holds.
pub fn write(amf: &Amf) -> Result<String, ColorError> {
    let mut writer = Writer { out: String::new(), depth: 0, version: amf.version };
    writer.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let root = format!(
        "aces:acesMetadataFile xmlns:aces=\"{}\" xmlns:cdl=\"urn:ASC:CDL:v1.01\" version=\"{}\"",
        amf.version.namespace(),
        amf.version.name()
    );
    writer.line(&format!("<{root}>"));
    writer.depth = 1;
    writer.within("amfInfo", "", |writer| writer.info(&amf.info, "the file"))?;
    if let Some(clip) = &amf.clip {
        writer.within("clipId", "", |writer| writer.clip(clip))?;
    }
    writer.within("pipeline", "", |writer| writer.pipeline(&amf.pipeline))?;
    for pipeline in &amf.archived {
        writer.within("archivedPipeline", "", |writer| writer.pipeline(pipeline))?;
    }
    writer.depth = 0;
    writer.line("</aces:acesMetadataFile>");
    Ok(writer.out)
}

fn missing(what: impl Into<String>) -> ColorError {
    ColorError::BadAmf(format!("cannot be written: {}", what.into()))
}

struct Writer {
    out: String,
    depth: usize,
    version: AmfVersion,
}

type Written = Result<(), ColorError>;

impl Writer {
    fn line(&mut self, line: &str) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn text(&mut self, name: &str, words: &str) {
        self.line(&format!("<aces:{name}>{}</aces:{name}>", escape(words)));
    }

    fn within(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self) -> Written) -> Written {
        self.line(&format!("<aces:{name}{attributes}>"));
        self.depth += 1;
        inside(self)?;
        self.depth -= 1;
        self.line(&format!("</aces:{name}>"));
        Ok(())
    }

    fn info(&mut self, info: &Info, what: &str) -> Written {
        if let Some(words) = &info.description {
            self.text("description", words);
        }
        for author in &info.authors {
            self.within("author", "", |writer| {
                writer.text("name", &author.name);
                writer.text("emailAddress", &author.email);
                Ok(())
            })?;
        }
        let (Some(created), Some(modified)) = (&info.created, &info.modified) else {
            return Err(missing(format!("{what} has no times")));
        };
        self.within("dateTime", "", |writer| {
            writer.text("creationDateTime", created);
            writer.text("modificationDateTime", modified);
            Ok(())
        })?;
        match (&info.uuid, self.version) {
            (Some(uuid), _) => self.text("uuid", uuid),
            (None, AmfVersion::V1_0) => {}
            (None, AmfVersion::V2_0) => return Err(missing(format!("{what} has no uuid"))),
        }
        Ok(())
    }

    fn clip(&mut self, clip: &ClipId) -> Written {
        self.text("clipName", &clip.name);
        match &clip.media {
            Some(ClipMedia::Sequence { template, index, first, last }) => self.line(&format!(
                "<aces:sequence idx=\"{}\" min=\"{first}\" max=\"{last}\">{}</aces:sequence>",
                escape(index),
                escape(template)
            )),
            Some(ClipMedia::File(file)) => self.text("file", file),
            Some(ClipMedia::Uuid(uuid)) => self.text("uuid", uuid),
            None => return Err(missing("the clip names no file, sequence or uuid")),
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Written {
        self.within("pipelineInfo", "", |writer| {
            writer.info(&pipeline.info, "a pipeline")?;
            let [major, minor, patch] = pipeline.system_version.ok_or_else(|| missing("a pipeline has no ACES version"))?;
            writer.within("systemVersion", "", |writer| {
                writer.text("majorVersion", &major.to_string());
                writer.text("minorVersion", &minor.to_string());
                writer.text("patchVersion", &patch.to_string());
                Ok(())
            })
        })?;
        if let Some(input) = &pipeline.input {
            self.input(input)?;
        }
        for middle in &pipeline.middle {
            match middle {
                Middle::Look(look) => self.look(look)?,
                Middle::WorkingLocation if self.version == AmfVersion::V2_0 => self.line("<aces:workingLocation/>"),
                Middle::WorkingLocation => return Err(missing("version 1.0 has no workingLocation")),
            }
        }
        match &pipeline.output {
            Some(output) => self.output(output),
            None if self.version == AmfVersion::V1_0 => Err(missing("version 1.0 wants an output transform")),
            None => Ok(()),
        }
    }

    /// Description, hash and, where `named`, the name.
    fn transform(&mut self, transform: &TransformRef, named: bool) -> Written {
        self.said(transform);
        if !named {
            return Ok(());
        }
        match &transform.by {
            Some(By::Id(id)) => self.text("transformId", id),
            Some(By::File(file)) => self.text("file", file),
            Some(By::Uuid(uuid)) => self.text("uuid", uuid),
            None => return Err(missing("a transform has no name")),
        }
        Ok(())
    }

    fn said(&mut self, transform: &TransformRef) {
        if let Some(words) = &transform.description {
            self.text("description", words);
        }
        if let Some(hash) = &transform.hash {
            self.line(&format!("<aces:hash algorithm=\"{}\">{}</aces:hash>", escape(&hash.algorithm), escape(&hash.value)));
        }
    }

    fn input(&mut self, input: &Input) -> Written {
        self.within("inputTransform", &applied(input.applied), |writer| match &input.inverse {
            None => writer.transform(&input.itself, true),
            Some(InverseOutput::Whole(whole)) => {
                writer.said(&input.itself);
                writer.within("inverseOutputTransform", "", |writer| writer.transform(whole, true))
            }
            Some(InverseOutput::Pair { device, rendering }) => {
                writer.said(&input.itself);
                writer.within("inverseOutputDeviceTransform", "", |writer| writer.transform(device, true))?;
                let rendering = rendering.as_ref().ok_or_else(|| missing("an inverse device transform stands alone"))?;
                writer.within("inverseReferenceRenderingTransform", "", |writer| writer.transform(rendering, true))
            }
        })
    }

    fn output(&mut self, output: &Output) -> Written {
        let attribute = match (self.version, output.applied) {
            (AmfVersion::V2_0, said) => applied(said),
            (AmfVersion::V1_0, Some(true)) => return Err(missing("version 1.0 cannot say that an output was applied")),
            (AmfVersion::V1_0, _) => String::new(),
        };
        self.within("outputTransform", &attribute, |writer| match &output.pair {
            None => writer.transform(&output.itself, true),
            Some(pair) => {
                writer.said(&output.itself);
                let rendering = pair.rendering.as_ref().ok_or_else(|| missing("a device transform stands alone"))?;
                writer.within("referenceRenderingTransform", "", |writer| writer.transform(rendering, true))?;
                writer.within("outputDeviceTransform", "", |writer| writer.transform(&pair.device, true))
            }
        })
    }

    fn look(&mut self, look: &Look) -> Written {
        self.within("lookTransform", &applied(look.applied), |writer| {
            let Some(cdl) = &look.cdl else { return writer.transform(&look.itself, true) };
            writer.said(&look.itself);
            let space = cdl.working.as_ref().ok_or_else(|| missing("a CDL names no working space"))?;
            writer.within("cdlWorkingSpace", "", |writer| {
                if let Some(to) = &space.to {
                    writer.within("toCdlWorkingSpace", "", |writer| writer.transform(to, true))?;
                }
                let from = space.from.as_ref().ok_or_else(|| missing("a CDL does not say how to come back"))?;
                writer.within("fromCdlWorkingSpace", "", |writer| writer.transform(from, true))
            })?;
            match &cdl.numbers {
                CdlNumbers::Inline(cdl) => {
                    let three = |[r, g, b]: [f64; 3]| format!("{r} {g} {b}");
                    writer.line("<cdl:SOPNode>");
                    writer.line(&format!("  <cdl:Slope>{}</cdl:Slope>", three(cdl.slope)));
                    writer.line(&format!("  <cdl:Offset>{}</cdl:Offset>", three(cdl.offset)));
                    writer.line(&format!("  <cdl:Power>{}</cdl:Power>", three(cdl.power)));
                    writer.line("</cdl:SOPNode>");
                    writer.line("<cdl:SatNode>");
                    writer.line(&format!("  <cdl:Saturation>{}</cdl:Saturation>", cdl.saturation));
                    writer.line("</cdl:SatNode>");
                }
                CdlNumbers::InFile(id) => {
                    writer.line(&format!("<cdl:ColorCorrectionRef ref=\"{}\"/>", escape(id)));
                    match (&look.itself.by, writer.version) {
                        (Some(By::File(file)), AmfVersion::V2_0) => writer.text("file", file),
                        (None, AmfVersion::V1_0) => {}
                        _ => return Err(missing("2.0 wants a file beside a ColorCorrectionRef, 1.0 has no place for one")),
                    }
                }
            }
            Ok(())
        })
    }
}

/// The schema demands the word; what was not said is not applied.
fn applied(said: Option<bool>) -> String {
    format!(" applied=\"{}\"", said.unwrap_or(false))
}
