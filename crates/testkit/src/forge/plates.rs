//! Owns the frame sequences: DPX in LogC4 and OpenEXR in ACEScg, seven-digit numbers that are the timecode's frame count.

use super::dpx::{DpxHeader, dpx_bytes};
use super::{CardSize, ExpectedClip, ForgeError, Plan, SYNTHETIC, write_error};
use crate::picture::camera_log::{CameraColour, encode};
use crate::picture::{Scene, Shot};
use checkgate_model::Timecode;
use exr::prelude::{Encoding, Image, Layer, LayerAttributes, SpecificChannels, WritableImage as _};
use std::path::Path;

const START: &str = "15:30:00:00";

fn plate_size(plan: &Plan<'_>) -> (usize, usize) {
    match plan.size {
        CardSize::Small => (160, 90),
        CardSize::Demo => (960, 540),
    }
}

pub(crate) fn forge(plan: &mut Plan<'_>) -> Result<(), ForgeError> {
    sequence(plan, "NF_040_0010", "dpx", Scene::Street, CameraColour::ArriLogC4, "ARRI LogC4")?;
    sequence(plan, "NF_012_0020", "exr", Scene::Dusk, CameraColour::AcesCg, "ACEScg")
}

fn sequence(
    plan: &mut Plan<'_>,
    name: &str,
    extension: &str,
    scene: Scene,
    colour: CameraColour,
    words: &str,
) -> Result<(), ForgeError> {
    let folder = format!("PLATES/{name}");
    plan.folder(&folder)?;
    let frames = plan.frames(12);
    let (width, height) = plate_size(plan);
    (plan.report)(&format!("{folder}: {frames} frames {extension}, {words}"));
    let start = Timecode::parse(START, 24).expect("valid");
    let shot = Shot::new(scene, width, height, plan.seed);
    let mut files = Vec::new();
    for number in 0..frames {
        let code = start.offset(i64::from(number));
        let file_name = format!("{name}.{:07}.{extension}", code.frames());
        let path = plan.root.join(&folder).join(&file_name);
        let codes = encode(&shot.frame(number as f32 / 24.0), colour, number);
        if extension == "exr" {
            write_exr(&path, codes, width)?;
        } else {
            let header = DpxHeader {
                file_name: &file_name,
                input_device: "ALEXA 35",
                frame_number: number,
                frames,
                timecode: &code.to_string(),
                slate: name,
            };
            std::fs::write(&path, dpx_bytes(&codes, width, &header)).map_err(write_error(&path))?;
        }
        files.push(format!("{folder}/{file_name}"));
    }
    plan.clips.push(ExpectedClip {
        name: name.to_owned(),
        kind: "sequence".to_owned(),
        reel: None,
        start: START.to_owned(),
        rate: (24, 1),
        duration: u64::from(frames),
        files,
        roles: Vec::new(),
        colour: Some(words.to_owned()),
    });
    Ok(())
}

/// Half-float ZIP scan lines with AP1 chromaticities and the ACES white point.
fn write_exr(path: &Path, pixels: Vec<[f32; 3]>, width: usize) -> Result<(), ForgeError> {
    use exr::prelude::{Vec2, f16};
    let height = pixels.len() / width.max(1);
    let channels = SpecificChannels::rgb(|at: Vec2<usize>| {
        let [r, g, b] = pixels[at.y() * width + at.x()];
        (f16::from_f32(r), f16::from_f32(g), f16::from_f32(b))
    });
    let attributes = LayerAttributes {
        comments: Some(SYNTHETIC.into()),
        software_name: Some("Checkgate forge".into()),
        ..LayerAttributes::default()
    };
    let layer = Layer::new((width, height), attributes, Encoding::SMALL_LOSSLESS, channels);
    let mut image = Image::from_layer(layer);
    image.attributes.chromaticities = Some(exr::meta::attribute::Chromaticities {
        red: Vec2(0.713, 0.293),
        green: Vec2(0.165, 0.830),
        blue: Vec2(0.128, 0.044),
        white: Vec2(0.321_68, 0.337_67),
    });
    image.write().to_file(path).map_err(|error| ForgeError::Picture { path: path.to_owned(), message: error.to_string() })
}
