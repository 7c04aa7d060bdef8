//! Owns what transform ids name: those that the configurations carry, those of our own spaces, and output ids that say their parts.
//! An id that is not known is not known: no neighbour is taken for it (invariant 10).

use crate::engine::{AP0, Engine, Exact, Stage};
use crate::error::ColorError;
use crate::recipe::Aces;
use crate::spaces::{self, Way};
use ocio::{
    BuiltinTransform, ColorSpaceTransform, ColorSpaceVisibility, DisplayViewTransform, ExponentTransform, GroupTransform,
    LookTransform, RangeTransform, SearchReferenceSpaceType, Transform, TransformDirection,
};
use std::collections::BTreeMap;

const URN: &str = "urn:ampas:aces:transformId:v";
const V15: &str = "urn:ampas:aces:transformId:v1.5:";
const V20: &str = "urn:ampas:aces:transformId:v2.0:";

/// What an id names in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scene,
    Display,
    View,
    Look,
}

#[derive(Debug)]
struct Named {
    aces: Aces,
    kind: Kind,
    name: String,
}

/// Every transform id that the configurations name.
#[derive(Debug)]
pub(crate) struct Ids {
    by_id: BTreeMap<String, Vec<Named>>,
}

/// One step that can be built.
pub(crate) enum Piece {
    /// A group of the engine, in one of its configurations.
    Group(Aces, GroupTransform),
    /// A camera space of our own; `true` for the way back.
    Own(spaces::Camera, bool),
}

impl Piece {
    pub(crate) fn stage(self, engine: &Engine) -> Result<Stage, ColorError> {
        Ok(match self {
            Self::Group(aces, group) => Stage::Ocio(engine.stage(aces, group)?),
            Self::Own(camera, back) => Stage::Own(camera, back),
        })
    }
}

pub(crate) fn exact(engine: &Engine, pieces: Vec<Piece>, description: String) -> Result<Exact, ColorError> {
    let stages = pieces.into_iter().map(|piece| piece.stage(engine)).collect::<Result<_, _>>()?;
    Ok(Exact { stages, description })
}

impl Ids {
    /// In attributes (configurations of OCIO 2.5 and newer) or descriptions (older).
    pub(crate) fn read(engine: &Engine) -> Result<Self, ColorError> {
        let mut by_id: BTreeMap<String, Vec<Named>> = BTreeMap::new();
        for aces in [Aces::V2_0, Aces::V1_3] {
            let config = engine.config(aces)?;
            let mut add = |kind: Kind, name: &str, description: &str, attributes: &BTreeMap<String, String>| {
                let words = attributes.values().flat_map(|value| value.split_whitespace()).chain(description.split_whitespace());
                let mut seen: Vec<&str> = Vec::new();
                for id in words.filter(|word| word.starts_with(URN)) {
                    if !seen.contains(&id) {
                        seen.push(id);
                        by_id.entry(id.to_owned()).or_default().push(Named { aces, kind, name: name.to_owned() });
                    }
                }
            };
            for (search, kind) in
                [(SearchReferenceSpaceType::Scene, Kind::Scene), (SearchReferenceSpaceType::Display, Kind::Display)]
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
        Ok(Self { by_id })
    }

    /// The id under which the tables know it, and a note where it was spelled another way. Spellings that are accepted: without the
    /// prefix of the name space, `v2:` for `v2.0:`, and colour space conversions of the Academy without vendor or with another
    /// patch version, whose mathematics is fixed by standards.
    fn canonical(&self, id: &str) -> Option<(String, Option<String>)> {
        let known = |id: &str| self.by_id.contains_key(id) || spaces::by_id(id).is_some() || composed(id).is_some();
        if known(id) {
            return Some((id.to_owned(), None));
        }
        let body = id.rsplit(':').next().unwrap_or_default();
        let mut tries = vec![format!("{V15}{body}"), format!("{V20}{body}")];
        if let Some(older) = body.strip_prefix("ACEScsc.") {
            let older = older.strip_prefix("Academy.").unwrap_or(older);
            let stem = older.split(".a1.").next().unwrap_or(older);
            let wanted = format!("{V15}ACEScsc.Academy.{stem}.a1.");
            tries.extend(
                self.by_id
                    .range(wanted.clone()..)
                    .take_while(|(known, _)| known.starts_with(&wanted))
                    .map(|(known, _)| known.clone()),
            );
            tries.extend(spaces::all().iter().flat_map(|space| &space.ids).filter(|known| known.starts_with(&wanted)).cloned());
        }
        // A prefix of another year is another id, not another spelling.
        let loose = !id.contains(':') || id.starts_with("urn:ampas:aces:transformId:v2:") || body.starts_with("ACEScsc.");
        tries.into_iter().find(|other| loose && known(other)).map(|found| {
            let note = format!("{id} was read as {found}");
            (found, Some(note))
        })
    }

    fn of<'a>(&'a self, id: &str, kind: Kind) -> impl Iterator<Item = (Aces, &'a str)> {
        let entries = self.by_id.get(id).map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter(move |named| named.kind == kind).map(|named| (named.aces, named.name.as_str()))
    }

    /// To ACES2065-1 for `X_to_ACES` and input ids, from it for `ACES_to_X` ids; `turned` the other way round.
    pub(crate) fn space(&self, id: &str, turned: bool, notes: &mut Vec<String>) -> Result<Piece, ColorError> {
        let unknown = || ColorError::UnknownTransformId(id.to_owned());
        let (id, note) = self.canonical(id).ok_or_else(unknown)?;
        notes.extend(note);
        if let Some((space, back)) = spaces::by_id(&id) {
            return Ok(own(space, back != turned));
        }
        let outward = id.contains(".ACES_to_");
        let (aces, name) = self.of(&id, Kind::Scene).next().ok_or_else(unknown)?;
        let transform = if outward == turned { ColorSpaceTransform::new(name, AP0) } else { ColorSpaceTransform::new(AP0, name) };
        Ok(Piece::Group(aces, GroupTransform::from_transforms(vec![transform.into()])))
    }

    /// A look in ACES2065-1.
    pub(crate) fn look(&self, id: &str, notes: &mut Vec<String>) -> Result<Piece, ColorError> {
        let unknown = || ColorError::UnknownTransformId(id.to_owned());
        let (id, note) = self.canonical(id).ok_or_else(unknown)?;
        notes.extend(note);
        if let Some((aces, mut group)) = composed(&id).filter(|_| id.contains("LMT.")) {
            group.direction = direction(id.contains(":InvLMT."));
            return Ok(Piece::Group(aces, group));
        }
        let (aces, name) = self.of(&id, Kind::Look).next().ok_or_else(unknown)?;
        // OCIO spells the inverse of a look with a minus.
        let sign = if id.contains(":Inv") { "-" } else { "" };
        let group = GroupTransform::from_transforms(vec![LookTransform::new(AP0, AP0, &format!("{sign}{name}")).into()]);
        Ok(Piece::Group(aces, group))
    }

    /// An output transform, or `inverse`.
    pub(crate) fn output(&self, engine: &Engine, id: &str, inverse: bool, notes: &mut Vec<String>) -> Result<Piece, ColorError> {
        let unknown = || ColorError::UnknownTransformId(id.to_owned());
        let (id, note) = self.canonical(id).ok_or_else(unknown)?;
        notes.extend(note);
        let turned = inverse || id.contains(":Inv");
        if let Some((aces, display, view)) = self.view(engine, &id)? {
            let mut transform = DisplayViewTransform::new(AP0, &display, &view);
            transform.direction = direction(turned);
            return Ok(Piece::Group(aces, GroupTransform::from_transforms(vec![transform.into()])));
        }
        let (aces, mut group) = composed(&id).filter(|_| !id.contains("LMT.")).ok_or_else(unknown)?;
        group.direction = direction(turned);
        Ok(Piece::Group(aces, group))
    }

    /// Display and view that carry an output id.
    fn view(&self, engine: &Engine, id: &str) -> Result<Option<(Aces, String, String)>, ColorError> {
        for aces in [Aces::V2_0, Aces::V1_3] {
            let config = engine.config(aces)?;
            for (_, display) in self.of(id, Kind::Display).filter(|(of, _)| *of == aces) {
                for (_, view) in self.of(id, Kind::View).filter(|(of, _)| *of == aces) {
                    if config.has_view(display, view) {
                        return Ok(Some((aces, display.to_owned(), view.to_owned())));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The id of a scene space, from it to ACES2065-1 or `outward`. ACES 2 files prefer ids of their own kind.
    pub(crate) fn id_of_space(&self, aces: Aces, name: &str, outward: bool) -> Option<String> {
        let fits = |id: &&String| (id.contains(".ACES_to_")) == outward && !id.contains(":Inv");
        let of_config = self
            .by_id
            .iter()
            .filter(|(_, entries)| entries.iter().any(|named| named.kind == Kind::Scene && named.name == name))
            .map(|(id, _)| id);
        let own: Vec<&String> = spaces::named(name).map(|space| space.ids.iter().collect()).unwrap_or_default();
        prefer(aces, of_config.chain(own).filter(fits))
    }

    /// The id of a look.
    pub(crate) fn id_of_look(&self, aces: Aces, name: &str) -> Option<String> {
        let carries = |entries: &[Named]| entries.iter().any(|named| named.kind == Kind::Look && named.name == name);
        prefer(aces, self.by_id.iter().filter(|(id, entries)| carries(entries) && !id.contains(":Inv")).map(|(id, _)| id))
    }

    /// The id of a view on a display: the one that leads back to exactly this pair.
    pub(crate) fn id_of_view(
        &self,
        engine: &Engine,
        aces: Aces,
        display: &str,
        view: &str,
    ) -> Result<Option<String>, ColorError> {
        let carries = |entries: &[Named], kind: Kind, name: &str| {
            entries.iter().any(|named| named.aces == aces && named.kind == kind && named.name == name)
        };
        let mut found = Vec::new();
        for (id, entries) in self.by_id.iter().filter(|(id, _)| !id.contains(":Inv")) {
            if carries(entries, Kind::Display, display)
                && carries(entries, Kind::View, view)
                && self.view(engine, id)?.is_some_and(|(of, on, through)| of == aces && on == display && through == view)
            {
                found.push(id);
            }
        }
        Ok(prefer(aces, found.into_iter()))
    }
}

fn prefer<'a>(aces: Aces, ids: impl Iterator<Item = &'a String>) -> Option<String> {
    let wanted = if aces == Aces::V2_0 { V20 } else { V15 };
    let ids: Vec<&String> = ids.collect();
    ids.iter().find(|id| id.starts_with(wanted)).or(ids.first()).map(|id| (*id).clone())
}

fn own(space: &spaces::Space, back: bool) -> Piece {
    match &space.way {
        Way::Own(camera) => Piece::Own(*camera, back),
        Way::Engine(build) => {
            let mut group = build();
            group.direction = direction(back);
            Piece::Group(Aces::V2_0, group)
        }
    }
}

/// The step from a space of our own to ACES2065-1, or `back` to it.
pub(crate) fn own_piece(name: &str, back: bool) -> Option<Piece> {
    spaces::named(name).map(|space| own(space, back))
}

fn direction(turned: bool) -> TransformDirection {
    if turned { TransformDirection::Inverse } else { TransformDirection::Forward }
}

/// Ids that no configuration names and that say their parts: outputs of ACES 2, the DCDM of ACES 1, one look.
fn composed(id: &str) -> Option<(Aces, GroupTransform)> {
    if let Some(body) = id.strip_prefix(V20) {
        return output_from_parts(body.strip_prefix("Inv").unwrap_or(body)).map(|group| (Aces::V2_0, group));
    }
    let body = id.strip_prefix(V15)?;
    let transforms = match body.strip_prefix("Inv").unwrap_or(body) {
        "LMT.Academy.BlueLightArtifactFix.a1.1.0" => vec![style("ACES-LMT - BLUE_LIGHT_ARTIFACT_FIX")],
        "ODT.Academy.DCDM.a1.0.3" => dcdm(None),
        "ODT.Academy.DCDM_P3D60.a1.0.3" => dcdm(Some((XYZ_D65_TO_P3D60, P3D60_TO_XYZ))),
        "ODT.Academy.DCDM_P3D65limited.a1.1.0" => dcdm(Some((XYZ_TO_P3D65, P3D65_TO_XYZ))),
        _ => return None,
    };
    Some((Aces::V1_3, GroupTransform::from_transforms(transforms)))
}

fn style(name: &str) -> Transform {
    Transform::Builtin(BuiltinTransform::new(name))
}

type Matrix = [[f64; 3]; 3];

/// D65 to D60 (ACES white) in CIE XYZ by Bradford: the inverse of the adaptation that the engine's cinema rendering ends with.
const D65_TO_D60: [[f64; 3]; 3] = [
    [1.01303491464999, 0.00610525782320728, -0.0149709436265875],
    [0.00769823012541515, 0.998163352118277, -0.00503203853511187],
    [-0.00284131743243906, 0.00468515672253721, 0.924506137457663],
];
/// CIE XYZ of D65 white to P3 (SMPTE RP 431-2) with D60 white by Bradford, and from there to XYZ unadapted.
const XYZ_D65_TO_P3D60: [[f64; 3]; 3] = [
    [2.42825448665958, -0.882984536590919, -0.390212853586483],
    [-0.829879675557927, 1.76101028217774, 0.0254842079555837],
    [0.0357496871967512, -0.0772555866788463, 0.957963050044422],
];
const P3D60_TO_XYZ: [[f64; 3]; 3] = [
    [0.504949534191744, 0.264681488895262, 0.18301505148284],
    [0.23762331020788, 0.689170669198984, 0.0732060205931359],
    [0.0, 0.0449459132086295, 0.963879271142956],
];
/// CIE XYZ to P3 with D65 white (SMPTE EG 432-1), and back.
const XYZ_TO_P3D65: [[f64; 3]; 3] = [
    [2.49349691194143, -0.931383617919124, -0.402710784450717],
    [-0.829488969561575, 1.76266406031835, 0.0236246858419436],
    [0.0358458302437845, -0.0761723892680418, 0.956884524007687],
];
const P3D65_TO_XYZ: [[f64; 3]; 3] = [
    [0.486570948648216, 0.265667693169093, 0.198217285234362],
    [0.228974564069749, 0.691738521836506, 0.079286914093745],
    [0.0, 0.0451133818589026, 1.04394436890098],
];

/// The X'Y'Z' encodings of ACES 1 (`ODT.Academy.DCDM.a1.0.3`, `DCDM_P3D60.a1.0.3`, `DCDM_P3D65limited.a1.1.0`): the cinema
/// rendering, white as the transform says, limited to a gamut or to what is positive, then ST 428-1 (48 of 52.37 nits, gamma 2.6).
fn dcdm(limit: Option<(Matrix, Matrix)>) -> Vec<Transform> {
    let mut transforms = vec![style("ACES-OUTPUT - ACES2065-1_to_CIE-XYZ-D65 - SDR-CINEMA_1.0")];
    match limit {
        None => transforms.push(spaces::matrix(D65_TO_D60)),
        Some((into, back)) => {
            let clamp = RangeTransform {
                min_in: Some(0.0),
                max_in: Some(1.0),
                min_out: Some(0.0),
                max_out: Some(1.0),
                ..RangeTransform::default()
            };
            transforms.extend([spaces::matrix(into), clamp.into(), spaces::matrix(back)]);
        }
    }
    // The encoding clamps what is negative.
    transforms.push(style("DISPLAY - CIE-XYZ-D65_to_DCDM-D65"));
    transforms
}

/// ACES 2 output ids that no view names (D60 simulations, DCDM), put together from the engine's own built-in transforms. The id
/// says all: limiting gamut, peak, encoding gamut, transfer.
fn output_from_parts(body: &str) -> Option<GroupTransform> {
    let body = body.strip_prefix("Output.Academy.")?.strip_suffix(".a2.v1")?;
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
        ("P3-D65", "Gamma2pt2") => "",
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
    let rendering = format!("ACES-OUTPUT - ACES2065-1_to_CIE-XYZ-D65 - {kind}-{peak}nit-{rendering}_2.0");
    // What the engine does not have is not known, rather than an error when it is built.
    ocio::builtins::builtin_transform_description(&rendering)?;
    let mut transforms = vec![style(&rendering)];
    if display.is_empty() {
        // P3 with gamma 2.2, which the engine has with 2.6 only; negative values are clamped as there.
        let gamma = ExponentTransform {
            direction: TransformDirection::Inverse,
            value: [2.2, 2.2, 2.2, 1.0],
            ..ExponentTransform::default()
        };
        transforms.extend([spaces::matrix(XYZ_TO_P3D65), gamma.into()]);
    } else {
        transforms.push(style(&format!("DISPLAY - CIE-XYZ-D65_to_{display}")));
    }
    Some(GroupTransform::from_transforms(transforms))
}
