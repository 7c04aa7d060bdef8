//! Owns reading OpenEXR pictures with the `exr` crate: first RGB layer, display window, chromaticities to a colour space. Without
//! chromaticities the primaries are those of Rec.709, as the OpenEXR documentation says.

use crate::error::PreviewError;
use crate::frame::Frame;
use checkgate_color::InputChoice;
use exr::meta::attribute::Chromaticities;
use exr::prelude as exr_file;
use exr::prelude::{ReadChannels, ReadLayers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// CIE xy of red, green, blue and white, with the colour space of the configuration.
const KNOWN: [([f32; 8], &str); 7] = [
    ([0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767], "ACES2065-1"),
    ([0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767], "ACEScg"),
    ([0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329], "Linear Rec.709 (sRGB)"),
    ([0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329], "Linear Rec.2020"),
    ([0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329], "Linear P3-D65"),
    ([0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, 0.3127, 0.329], "Linear ARRI Wide Gamut 4"),
    ([0.684, 0.313, 0.221, 0.848, 0.0861, -0.102, 0.3127, 0.329], "Linear ARRI Wide Gamut 3"),
];

fn own_input(chromaticities: Option<&Chromaticities>) -> InputChoice {
    let Some(found) = chromaticities else {
        return InputChoice::Scene {
            space: "Linear Rec.709 (sRGB)".to_owned(),
            reason: "EXR without chromaticities, which means Rec.709".to_owned(),
        };
    };
    let stated =
        [found.red.0, found.red.1, found.green.0, found.green.1, found.blue.0, found.blue.1, found.white.0, found.white.1];
    for (known, space) in KNOWN {
        if stated.iter().zip(known).all(|(a, b)| (a - b).abs() <= 0.0006) {
            return InputChoice::Scene { space: space.to_owned(), reason: "EXR chromaticities".to_owned() };
        }
    }
    InputChoice::Unknown { reason: format!("EXR chromaticities {stated:?} belong to no known colour space") }
}

struct Pixels {
    width: usize,
    rgb: Vec<[f32; 3]>,
}

/// Reads one EXR file of at most `pixels` pixels.
pub(crate) fn read(path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    // The size is checked in the header before anything is allocated for it.
    let opened = std::fs::File::open(path).map_err(|source| PreviewError::Read { path: path.to_path_buf(), source })?;
    drop(opened);
    let unwound = catch_unwind(AssertUnwindSafe(|| read_checked(path, pixels)));
    unwound.unwrap_or_else(|_| Err(PreviewError::damaged(path, "the EXR reader failed")))
}

fn read_checked(path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let damaged = |error: exr::error::Error| match error {
        exr::error::Error::NotSupported(what) => {
            let what = format!("EXR with {}", what.trim_end_matches("not supported yet").trim_end());
            PreviewError::Unsupported { path: path.to_path_buf(), what }
        }
        other => PreviewError::damaged(path, other.to_string()),
    };
    let meta = exr::meta::MetaData::read_from_file(path, false).map_err(damaged)?;
    for header in &meta.headers {
        let (data, shown) = (header.layer_size, header.shared_attributes.display_window.size);
        if data.area() > pixels || shown.area() > pixels {
            let what = format!("a picture of {} by {} pixels is larger than the limit", data.0.max(shown.0), data.1.max(shown.1));
            return Err(PreviewError::Limit { path: path.to_path_buf(), what });
        }
    }
    let image = exr_file::read()
        .no_deep_data()
        .largest_resolution_level()
        .rgba_channels(
            |size: exr_file::Vec2<usize>, _: &_| Pixels { width: size.0, rgb: vec![[0.0; 3]; size.area()] },
            |pixels: &mut Pixels, at: exr_file::Vec2<usize>, (r, g, b, _): (f32, f32, f32, f32)| {
                pixels.rgb[at.1 * pixels.width + at.0] = [r, g, b];
            },
        )
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_file(path)
        .map_err(damaged)?;
    let data = image.layer_data.channel_data.pixels;
    let start = image.layer_data.attributes.layer_position;
    let window = image.attributes.display_window;
    let (width, height) = (window.size.0, window.size.1);
    let size = image.layer_data.size;
    let rgb = if start == window.position && size == window.size {
        data.rgb
    } else {
        // What the data window does not cover is black.
        let mut shown = vec![[0.0; 3]; width * height];
        for line in 0..size.1 {
            let y = i64::from(start.1) + line as i64 - i64::from(window.position.1);
            let Some(y) = usize::try_from(y).ok().filter(|y| *y < height) else { continue };
            for column in 0..size.0 {
                let x = i64::from(start.0) + column as i64 - i64::from(window.position.0);
                if let Some(x) = usize::try_from(x).ok().filter(|x| *x < width) {
                    shown[y * width + x] = data.rgb[line * size.0 + column];
                }
            }
        }
        shown
    };
    let aspect = f64::from(image.attributes.pixel_aspect);
    Ok(Frame {
        width,
        height,
        rgb,
        pixel_aspect: if (0.1..=10.0).contains(&aspect) { aspect } else { 1.0 },
        linear: true,
        own_input: Some(own_input(image.attributes.chromaticities.as_ref())),
        converted: false,
        read_as: match image.layer_data.attributes.layer_name.filter(|_| meta.headers.len() > 1) {
            Some(name) => format!("EXR part {:?} of {}, linear", name.to_string(), meta.headers.len()),
            None if meta.headers.len() > 1 => format!("EXR, first of {} parts with a picture, linear", meta.headers.len()),
            None => "EXR, linear".to_owned(),
        },
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "test files")]
mod tests {
    use super::*;

    #[test]
    fn chromaticities_name_the_space() {
        let xy = |values: [f32; 8]| Chromaticities {
            red: exr_file::Vec2(values[0], values[1]),
            green: exr_file::Vec2(values[2], values[3]),
            blue: exr_file::Vec2(values[4], values[5]),
            white: exr_file::Vec2(values[6], values[7]),
        };
        for (values, space) in KNOWN {
            assert_eq!(own_input(Some(&xy(values))).space(), Some(space));
        }
        assert_eq!(own_input(None).space(), Some("Linear Rec.709 (sRGB)"));
        assert!(matches!(own_input(Some(&xy([0.5; 8]))), InputChoice::Unknown { .. }));
    }

    #[test]
    fn of_several_parts_the_first_picture_is_taken_and_placed_in_its_window() {
        use exr_file::{
            AnyChannel, AnyChannels, Encoding, FlatSamples, Image, ImageAttributes, IntegerBounds, Layer, LayerAttributes,
            WritableImage,
        };
        let channel = |name: &str, value: f32| AnyChannel::new(name, FlatSamples::F32(vec![value; 8]));
        let depth = Layer::new(
            (4, 2),
            LayerAttributes::named("depth"),
            Encoding::UNCOMPRESSED,
            AnyChannels::sort([channel("Z", 9.0)].into_iter().collect()),
        );
        let place = LayerAttributes { layer_position: exr_file::Vec2(3, 2), ..LayerAttributes::named("beauty") };
        let colours = [channel("R", 0.25), channel("G", 0.5), channel("B", 2.0)];
        let beauty = Layer::new((4, 2), place, Encoding::SMALL_LOSSLESS, AnyChannels::sort(colours.into_iter().collect()));
        let xy = |x: f32, y: f32| exr_file::Vec2(x, y);
        let attributes = ImageAttributes {
            chromaticities: Some(Chromaticities {
                red: xy(0.7347, 0.2653),
                green: xy(0.0, 1.0),
                blue: xy(0.0001, -0.077),
                white: xy(0.32168, 0.33767),
            }),
            ..ImageAttributes::new(IntegerBounds::new((1, 1), (5, 5)))
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parts.exr");
        let layers: exr_file::Layers<AnyChannels<FlatSamples>> = vec![depth, beauty].into();
        let image = Image { attributes, layer_data: layers };
        image.write().to_file(&path).unwrap();
        let frame = read(&path, 1000).unwrap();
        // The window begins at (1, 1) and ends at (5, 5); the picture begins at (3, 2) and reaches beyond it.
        assert_eq!((frame.width, frame.height), (5, 5));
        for (at, pixel) in frame.rgb.iter().enumerate() {
            let inside = (2..5).contains(&(at % 5)) && (1..3).contains(&(at / 5));
            assert_eq!(*pixel, if inside { [0.25, 0.5, 2.0] } else { [0.0; 3] }, "{at}");
        }
        assert_eq!(frame.own_input.as_ref().and_then(InputChoice::space), Some("ACES2065-1"));
        assert!(frame.read_as.contains("beauty"), "{}", frame.read_as);
    }

    #[test]
    fn a_data_window_smaller_than_the_picture_is_placed_and_damage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.exr");
        exr_file::write_rgb_file(&path, 8, 4, |x, y| (x as f32, y as f32, 0.5_f32)).unwrap();
        let frame = read(&path, 1000).unwrap();
        assert_eq!((frame.width, frame.height, frame.rgb[9]), (8, 4, [1.0, 1.0, 0.5]));
        assert!(matches!(read(&path, 31), Err(PreviewError::Limit { .. })));
        let bytes = std::fs::read(&path).unwrap();
        for keep in [0, 4, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..keep]).unwrap();
            assert!(read(&path, 1000).is_err(), "{keep}");
        }
    }
}
