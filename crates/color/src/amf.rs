//! Owns following an ACES Metadata File (AMF 1.0 and 2.0, S-2019-001) from its transform ids to a conversion. Steps marked
//! `applied` are passed over and reported; an id that nothing here implements is an error, never a substitute (invariant 10).

use crate::engine::{AP0, Engine, Exact, Processor, Stage, cdl_transform, guarded};
use crate::error::ColorError;
use crate::recipe::{Aces, Cdl};
use checkgate_model::RelPath;
use ocio::fileformats::FormatRegistry;
use ocio::{
    BuiltinTransform, ColorSpaceTransform, ColorSpaceVisibility, DisplayViewTransform, GroupTransform, Interpolation,
    LookTransform, SearchReferenceSpaceType, Transform, TransformDirection,
};
use roxmltree::{Document, Node, ParsingOptions};
use serde::Serialize;
use std::collections::BTreeMap;

const LARGEST_AMF_BYTES: usize = 4 << 20;
const LARGEST_LOOK_BYTES: usize = 256 << 20;
const URN: &str = "urn:ampas:aces:transformId:v";

/// What was followed and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct AmfReport {
    /// Steps of the conversion, in order.
    pub steps: Vec<String>,
    /// Steps that the file says were applied already.
    pub already_applied: Vec<String>,
    /// What a careful reader should know: ids read under another spelling, hashes that were not checked.
    pub notes: Vec<String>,
}

/// What an id names in a configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scene,
    Display,
    View,
    Look,
}

struct Named {
    aces: Aces,
    kind: Kind,
    name: String,
}

type Step = (Aces, GroupTransform, String);

/// Builds the conversion an AMF describes. `look_file` brings the bytes of a file named by a path below the AMF.
pub fn amf_processor(
    engine: &Engine,
    xml: &str,
    look_file: &dyn Fn(&RelPath) -> Option<Vec<u8>>,
) -> Result<(Box<dyn Processor>, AmfReport), ColorError> {
    let bad = |reason: String| ColorError::BadAmf(reason);
    if xml.len() > LARGEST_AMF_BYTES {
        return Err(bad(format!("{} bytes are too many", xml.len())));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 200_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).map_err(|error| bad(error.to_string()))?;
    let root = document.root_element();
    let namespace = root.tag_name().namespace().unwrap_or_default();
    if root.tag_name().name() != "acesMetadataFile" || !matches!(namespace, "urn:ampas:aces:amf:v1.0" | "urn:ampas:aces:amf:v2.0")
    {
        return Err(bad("this is no AMF of version 1.0 or 2.0".to_owned()));
    }
    let pipeline = child(root, "pipeline").ok_or_else(|| bad("there is no pipeline".to_owned()))?;
    let mut reader = Reader { engine, index: index(engine)?, look_file, report: AmfReport::default() };
    let mut steps: Vec<Step> = Vec::new();
    if let Some(input) = child(pipeline, "inputTransform")
        && !reader.applied(input, "input transform")
    {
        steps.push(reader.input(input)?);
    }
    for look in pipeline.children().filter(|node| node.tag_name().name() == "lookTransform") {
        if !reader.applied(look, "look transform") {
            steps.push(reader.look(look)?);
        }
    }
    if let Some(output) = child(pipeline, "outputTransform")
        && !reader.applied(output, "output transform")
    {
        steps.push(reader.output(output)?);
    }
    let mut stages = Vec::new();
    for (aces, group, words) in steps {
        stages.push(Stage::Ocio(engine.stage(aces, group)?));
        reader.report.steps.push(words);
    }
    let description = if reader.report.steps.is_empty() {
        "AMF without a step left to apply".to_owned()
    } else {
        reader.report.steps.join(" -> ")
    };
    Ok((Box::new(Exact { stages, description }), reader.report))
}

struct Reader<'a> {
    engine: &'a Engine,
    index: BTreeMap<String, Vec<Named>>,
    look_file: &'a dyn Fn(&RelPath) -> Option<Vec<u8>>,
    report: AmfReport,
}

impl Reader<'_> {
    fn applied(&mut self, node: Node<'_, '_>, what: &str) -> bool {
        let applied = node.attribute("applied").is_some_and(|value| matches!(value.trim(), "true" | "1"));
        if applied {
            let name = text(node, "description").or_else(|| text(node, "transformId")).unwrap_or_default();
            self.report.already_applied.push(format!("{what} {name}").trim_end().to_owned());
        }
        applied
    }

    fn input(&mut self, node: Node<'_, '_>) -> Result<Step, ColorError> {
        let inverse = node
            .descendants()
            .find(|inner| matches!(inner.tag_name().name(), "inverseOutputTransform" | "inverseOutputDeviceTransform"));
        if let Some(inverse) = inverse {
            let id = text(inverse, "transformId")
                .ok_or_else(|| ColorError::BadAmf("an inverse output transform names no id".to_owned()))?;
            let (aces, group) = self.output_by_id(&id, true)?;
            return Ok((aces, group, format!("inverse output {id}")));
        }
        if let Some(id) = text(node, "transformId") {
            let (aces, group) = self.space_by_id(&id, false)?;
            return Ok((aces, group, format!("input {id}")));
        }
        if let Some(file) = text(node, "file") {
            return self.file(node, &file, "input file");
        }
        Err(ColorError::BadAmf("the input transform names neither an id nor a file".to_owned()))
    }

    fn look(&mut self, node: Node<'_, '_>) -> Result<Step, ColorError> {
        if let Some(sop) = child(node, "SOPNode").or_else(|| child(node, "ASC_SOP")) {
            return self.cdl(node, sop);
        }
        if let Some(file) = text(node, "file") {
            return self.file(node, &file, "look file");
        }
        if let Some(id) = text(node, "transformId") {
            let found = self.lookup(&id)?.iter().find(|named| named.kind == Kind::Look);
            let Some(Named { aces, name, .. }) = found else { return Err(ColorError::UnknownTransformId(id)) };
            // OCIO spells the inverse of a look with a minus.
            let sign = if id.contains(":Inv") { "-" } else { "" };
            let group = GroupTransform::from_transforms(vec![LookTransform::new(AP0, AP0, &format!("{sign}{name}")).into()]);
            return Ok((*aces, group, format!("look {id}")));
        }
        Err(ColorError::BadAmf("a look transform names neither a CDL, an id nor a file that can be followed".to_owned()))
    }

    fn output(&mut self, node: Node<'_, '_>) -> Result<Step, ColorError> {
        let holder = child(node, "outputDeviceTransform").unwrap_or(node);
        if let Some(id) = text(holder, "transformId") {
            let (aces, group) = self.output_by_id(&id, false)?;
            return Ok((aces, group, format!("output {id}")));
        }
        if let Some(file) = text(holder, "file") {
            return self.file(holder, &file, "output file");
        }
        Err(ColorError::BadAmf("the output transform names neither an id nor a file".to_owned()))
    }

    fn cdl(&mut self, node: Node<'_, '_>, sop: Node<'_, '_>) -> Result<Step, ColorError> {
        let three = |name: &str| -> Result<[f64; 3], ColorError> {
            let words = text(sop, name).ok_or_else(|| ColorError::BadAmf(format!("a CDL without {name}")))?;
            let numbers: Vec<f64> = words.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            <[f64; 3]>::try_from(numbers).map_err(|_| ColorError::BadCdl(format!("{name} is {words:?}")))
        };
        let saturation = child(node, "SatNode").or_else(|| child(node, "ASC_SAT")).and_then(|sat| text(sat, "Saturation"));
        let saturation = match saturation {
            None => 1.0,
            Some(words) => words.parse().map_err(|_| ColorError::BadCdl(format!("saturation is {words:?}")))?,
        };
        let cdl = Cdl { slope: three("Slope")?, offset: three("Offset")?, power: three("Power")?, saturation };
        cdl.check()?;
        // `lookTransformWorkingSpace` stands in files from before the standard.
        let working = child(node, "cdlWorkingSpace").or_else(|| child(node, "lookTransformWorkingSpace"));
        let side = |prefix: &str| {
            working?
                .children()
                .find(|inner| inner.tag_name().name().starts_with(prefix))
                .and_then(|inner| text(inner, "transformId"))
        };
        let (to, from) = (side("to"), side("from"));
        let mut group = GroupTransform::new();
        let mut aces = Aces::V2_0;
        match (&to, &from) {
            (Some(to), _) => {
                let (found, into) = self.space_by_id(to, false)?;
                aces = found;
                group.append(into);
            }
            // Without `to`, the way in is the way out turned round.
            (None, Some(from)) => {
                let (found, into) = self.space_by_id(from, true)?;
                aces = found;
                group.append(into);
            }
            (None, None) => {}
        }
        group.append(cdl_transform(&cdl));
        if let Some(from) = &from {
            let (found, back) = self.space_by_id(from, false)?;
            if found != aces {
                return Err(ColorError::BadAmf("the CDL's working space mixes ACES versions".to_owned()));
            }
            group.append(back);
        }
        Ok((aces, group, "CDL".to_owned()))
    }

    fn file(&mut self, node: Node<'_, '_>, file: &str, what: &str) -> Result<Step, ColorError> {
        let path = RelPath::new(file).map_err(|error| ColorError::BadAmf(error.to_string()))?;
        let bytes = (self.look_file)(&path).ok_or_else(|| ColorError::MissingFile(file.to_owned()))?;
        if child(node, "hash").is_some() {
            self.report.notes.push(format!("the hash stated for {file} was not checked"));
        }
        let group = look_transforms(&path, &bytes)?;
        Ok((Aces::V2_0, group, format!("{what} {file}")))
    }

    /// The entries of an id: exact, or the same id where an old tool left out the vendor field.
    fn lookup(&mut self, id: &str) -> Result<&[Named], ColorError> {
        if self.index.contains_key(id) {
            return Ok(&self.index[id]);
        }
        let bare = id.rsplit(':').next().unwrap_or_default();
        let without_vendor =
            bare.strip_prefix("ACEScsc.").filter(|rest| rest.starts_with("ACES_to_") || rest.contains("_to_ACES."));
        if let Some(rest) = without_vendor {
            let stem = rest.split(".a1.").next().unwrap_or(rest);
            let wanted = format!(":ACEScsc.Academy.{stem}.a1.");
            if let Some(found) = self.index.keys().find(|known| known.contains(&wanted)).cloned() {
                self.report.notes.push(format!("{id} was read as {found}"));
                return Ok(&self.index[&found]);
            }
        }
        Err(ColorError::UnknownTransformId(id.to_owned()))
    }

    /// To ACES2065-1 for `X_to_ACES` and input ids, from it for `ACES_to_X` ids; `turned` the other way round.
    fn space_by_id(&mut self, id: &str, turned: bool) -> Result<(Aces, GroupTransform), ColorError> {
        let outward = id.contains(".ACES_to_");
        let found = self.lookup(id)?.iter().find(|named| named.kind == Kind::Scene);
        let Some(Named { aces, name, .. }) = found else { return Err(ColorError::UnknownTransformId(id.to_owned())) };
        let transform = if outward == turned { ColorSpaceTransform::new(name, AP0) } else { ColorSpaceTransform::new(AP0, name) };
        Ok((*aces, GroupTransform::from_transforms(vec![transform.into()])))
    }

    fn output_by_id(&mut self, id: &str, inverse: bool) -> Result<(Aces, GroupTransform), ColorError> {
        let inverse = inverse || id.contains(":Inv");
        let direction = if inverse { TransformDirection::Inverse } else { TransformDirection::Forward };
        if let Some(entries) = self.index.get(id) {
            for aces in [Aces::V2_0, Aces::V1_3] {
                let config = self.engine.config(aces)?;
                let of = |kind: Kind| entries.iter().filter(move |named| named.aces == aces && named.kind == kind);
                for display in of(Kind::Display) {
                    for view in of(Kind::View) {
                        if config.has_view(&display.name, &view.name) {
                            let mut transform = DisplayViewTransform::new(AP0, &display.name, &view.name);
                            transform.direction = direction;
                            return Ok((aces, GroupTransform::from_transforms(vec![transform.into()])));
                        }
                    }
                }
            }
        }
        let mut group = output_from_parts(id).ok_or_else(|| ColorError::UnknownTransformId(id.to_owned()))?;
        group.direction = direction;
        Ok((Aces::V2_0, group))
    }
}

/// ACES 2 output ids that no view names (D60 simulations, DCDM), put together from the engine's own built-in transforms. The id
/// says all: limiting gamut, peak, encoding gamut, transfer.
fn output_from_parts(id: &str) -> Option<GroupTransform> {
    let body = id.rsplit(':').next()?;
    let body = body.strip_prefix("Inv").unwrap_or(body).strip_prefix("Output.Academy.")?;
    let body = body.split(".a2.").next()?;
    let (limit_and_peak, encoding) = body.split_once("nit_in_")?;
    let (limit, peak) = limit_and_peak.rsplit_once('_')?;
    let (encoding, transfer) = encoding.split_once('_')?;
    let peak: u32 = peak.parse().ok()?;
    let display = match (encoding, transfer) {
        ("Rec709-D65", "BT1886") => "REC.1886-REC.709",
        ("Rec709-D65", "Gamma2pt2") => "G2.2-REC.709",
        ("Rec709-D65", "sRGB-Piecewise") => "sRGB",
        ("P3-D65", "ST2084") => "ST2084-P3-D65",
        ("P3-D65", "Gamma2pt6") => "G2.6-P3-D65",
        ("P3-D65", "sRGB-Piecewise") if peak > 100 => "DisplayP3-HDR",
        ("P3-D65", "sRGB-Piecewise") => "DisplayP3",
        ("Rec2100-D65", "ST2084") => "REC.2100-PQ",
        ("Rec2100-D65", "HLG") => "REC.2100-HLG-1000nit",
        ("XYZ-E", "Gamma2pt6") => "DCDM-D65",
        ("XYZ-E", "ST2084") => "ST2084-DCDM-D65",
        _ => return None,
    };
    let (gamut, white) = limit.split_once('-')?;
    let builtin = |gamut: &str| match gamut {
        "Rec709" => Some("REC709"),
        "P3" => Some("P3"),
        "Rec2100" => Some("REC2020"),
        _ => None,
    };
    let gamut = builtin(gamut)?;
    // Cinema's 48 nits are the 100-nit rendering shown darker.
    let peak = if peak == 48 { 100 } else { peak };
    let rendering = match (white, gamut) {
        ("D60", _) => {
            let within =
                if encoding == "XYZ-E" { "XYZ-E".to_owned() } else { format!("{}-D65", builtin(encoding.split('-').next()?)?) };
            format!("{gamut}-D60-in-{within}")
        }
        ("D65", "P3") => "P3-D65".to_owned(),
        ("D65", other) => other.to_owned(),
        _ => return None,
    };
    let kind = if peak == 100 { "SDR" } else { "HDR" };
    let style = |name: String| Transform::Builtin(BuiltinTransform::new(&name));
    Some(GroupTransform::from_transforms(vec![
        style(format!("ACES-OUTPUT - ACES2065-1_to_CIE-XYZ-D65 - {kind}-{peak}nit-{rendering}_2.0")),
        style(format!("DISPLAY - CIE-XYZ-D65_to_{display}")),
    ]))
}

/// The transforms in a look file (CLF, CTF, cube, CDL, …).
fn look_transforms(path: &RelPath, bytes: &[u8]) -> Result<GroupTransform, ColorError> {
    let bad = |reason: String| ColorError::BadLookFile { name: path.as_str().to_owned(), reason };
    if bytes.len() > LARGEST_LOOK_BYTES {
        return Err(bad(format!("{} bytes are too many", bytes.len())));
    }
    let mut said = "no format with this extension is known".to_owned();
    for format in FormatRegistry::instance().formats_for_extension(&path.extension()) {
        let read =
            guarded(|| format.read(bytes, path.file_name(), Interpolation::Default).map_err(|error| error.message().to_owned()));
        match read {
            Ok(file) if file.is_cdl_collection && file.group.transforms.len() != 1 => {
                return Err(bad("the file holds several CDLs and the AMF does not say which".to_owned()));
            }
            // A file that names further files would be read from disk behind the caller's back.
            Ok(file) if names_files(&file.group) => return Err(bad("it refers to another file".to_owned())),
            Ok(file) => return Ok(file.group),
            Err(reason) => said = reason,
        }
    }
    Err(bad(said))
}

fn names_files(group: &GroupTransform) -> bool {
    group.transforms.iter().any(|transform| match transform {
        Transform::File(_) => true,
        Transform::Group(inner) => names_files(inner),
        _ => false,
    })
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|inner| inner.is_element() && inner.tag_name().name() == name)
}

fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name)?.text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Every transform id that the configurations name, in attributes (2.5 and newer) or descriptions (older).
fn index(engine: &Engine) -> Result<BTreeMap<String, Vec<Named>>, ColorError> {
    let mut index: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for aces in [Aces::V2_0, Aces::V1_3] {
        let config = engine.config(aces)?;
        let mut add = |kind: Kind, name: &str, description: &str, attributes: &BTreeMap<String, String>| {
            let words = attributes.values().flat_map(|value| value.split_whitespace()).chain(description.split_whitespace());
            let mut seen: Vec<&str> = Vec::new();
            for id in words.filter(|word| word.starts_with(URN)) {
                if !seen.contains(&id) {
                    seen.push(id);
                    index.entry(id.to_owned()).or_default().push(Named { aces, kind, name: name.to_owned() });
                }
            }
        };
        for (search, kind) in [(SearchReferenceSpaceType::Scene, Kind::Scene), (SearchReferenceSpaceType::Display, Kind::Display)]
        {
            for number in 0..config.num_color_spaces_filtered(search, ColorSpaceVisibility::All) {
                let name = config.color_space_name_by_index_filtered(search, ColorSpaceVisibility::All, number);
                if let Some(space) = config.get_color_space(name) {
                    add(kind, space.name(), space.description(), space.interchange_attributes());
                }
            }
        }
        for number in 0..config.num_view_transforms() {
            if let Some(view) = config.view_transform(config.view_transform_name_by_index(number)) {
                add(Kind::View, view.name(), view.description(), view.interchange_attributes());
            }
        }
        for number in 0..config.num_looks() {
            if let Some(look) = config.look(config.look_name_by_index(number)) {
                add(Kind::Look, look.name(), look.description(), look.interchange_attributes());
            }
        }
    }
    Ok(index)
}
