//! Owns one decoded frame on its way to a picture, and the list of raw pixel formats that are understood.

use checkgate_color::InputChoice;
use checkgate_color::yuv::{FrameFormat, Layout, Matrix, Range};

/// A frame as R'G'B' (or linear RGB) in f32, not clipped.
pub(crate) struct Frame {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<[f32; 3]>,
    /// Width of a pixel over its height.
    pub(crate) pixel_aspect: f64,
    /// The values are proportional to light.
    pub(crate) linear: bool,
    /// What the file itself says about its colour, where it does (EXR chromaticities).
    pub(crate) own_input: Option<InputChoice>,
    /// The values were computed here (a mosaic through its matrices, a plug-in): what metadata or a person says about the file's own
    /// codes does not hold for them, `own_input` does.
    pub(crate) converted: bool,
    /// How the samples were read, for provenance.
    pub(crate) read_as: String,
}

/// How ffmpeg's native pixel format lies in memory; `None` for formats that are not read.
pub(crate) fn layout_of(pixel_format: &str) -> Option<(Layout, bool, u32, bool, bool)> {
    // (layout, alpha, bits, big endian, full range by definition)
    let (name, big_endian) = match pixel_format {
        name if name.ends_with("le") => (&name[..name.len() - 2], false),
        name if name.ends_with("be") => (&name[..name.len() - 2], true),
        name => (name, false),
    };
    let found = match name {
        "gray" => (Layout::Gray, false, 8, false),
        "gray10" => (Layout::Gray, false, 10, false),
        "gray12" => (Layout::Gray, false, 12, false),
        "gray16" => (Layout::Gray, false, 16, false),
        "rgb24" => (Layout::PackedRgb, false, 8, true),
        "rgba" => (Layout::PackedRgb, true, 8, true),
        "rgb48" => (Layout::PackedRgb, false, 16, true),
        "rgba64" => (Layout::PackedRgb, true, 16, true),
        "gbrp" => (Layout::Gbr, false, 8, true),
        "gbrap" => (Layout::Gbr, true, 8, true),
        "gbrp10" => (Layout::Gbr, false, 10, true),
        "gbrap10" => (Layout::Gbr, true, 10, true),
        "gbrp12" => (Layout::Gbr, false, 12, true),
        "gbrap12" => (Layout::Gbr, true, 12, true),
        "gbrp16" => (Layout::Gbr, false, 16, true),
        "gbrap16" => (Layout::Gbr, true, 16, true),
        "yuvj420p" => (Layout::Yuv420, false, 8, true),
        "yuvj422p" => (Layout::Yuv422, false, 8, true),
        "yuvj444p" => (Layout::Yuv444, false, 8, true),
        planar => {
            let (alpha, rest) = match planar.strip_prefix("yuva") {
                Some(rest) => (true, rest),
                None => (false, planar.strip_prefix("yuv")?),
            };
            let (sampling, bits) = rest.split_once('p')?;
            let layout = match sampling {
                "420" => Layout::Yuv420,
                "422" => Layout::Yuv422,
                "444" => Layout::Yuv444,
                _ => return None,
            };
            let bits = match bits {
                "" => 8,
                "9" | "10" | "12" | "14" | "16" => bits.parse().ok()?,
                _ => return None,
            };
            (layout, alpha, bits, false)
        }
    };
    Some((found.0, found.1, found.2, big_endian, found.3))
}

/// The raw frame that `pixel_format` describes, with range and matrix from the tags, and the words for it.
pub(crate) fn describe(video: &crate::info::VideoInfo, range_override: Option<Range>) -> Option<(FrameFormat, String)> {
    let (layout, alpha, bits, big_endian, full) = layout_of(&video.pixel_format)?;
    let (range, range_why) = match (range_override, video.color_range.as_str()) {
        (Some(range), _) => (range, "chosen by hand"),
        (None, "pc") => (Range::Full, "tag"),
        (None, "tv") if !full => (Range::Limited, "tag"),
        (None, _) if full => (Range::Full, "by format"),
        (None, _) => (Range::Limited, "no tag"),
    };
    let is_yuv = matches!(layout, Layout::Yuv420 | Layout::Yuv422 | Layout::Yuv444);
    let (matrix, matrix_why) = match video.color_space.as_str() {
        "bt709" => (Matrix::Bt709, "tag"),
        "smpte170m" | "bt470bg" => (Matrix::Bt601, "tag"),
        "bt2020nc" => (Matrix::Bt2020, "tag"),
        _ if video.height >= 720 || video.width >= 1280 => (Matrix::Bt709, "no tag"),
        _ => (Matrix::Bt601, "no tag, small picture"),
    };
    let format = FrameFormat { width: video.width, height: video.height, layout, alpha, bits, big_endian, range, matrix };
    let range_word = match range {
        Range::Limited => "limited",
        Range::Full => "full",
    };
    let mut words = format!("{} {}, {range_word} range ({range_why})", video.codec, video.pixel_format);
    if is_yuv {
        let matrix_word = match matrix {
            Matrix::Bt601 => "BT.601",
            Matrix::Bt709 => "BT.709",
            Matrix::Bt2020 => "BT.2020",
        };
        words.push_str(&format!(", {matrix_word} matrix ({matrix_why})"));
    }
    Some((format, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_formats_that_cameras_decode_to_and_refuses_others() {
        assert_eq!(layout_of("yuv422p10le"), Some((Layout::Yuv422, false, 10, false, false)));
        assert_eq!(layout_of("yuva444p12le"), Some((Layout::Yuv444, true, 12, false, false)));
        assert_eq!(layout_of("yuvj420p"), Some((Layout::Yuv420, false, 8, false, true)));
        assert_eq!(layout_of("gbrp12be"), Some((Layout::Gbr, false, 12, true, true)));
        for other in ["", "bayer_rggb16le", "yuv410p", "pal8", "yuv422p11le", "xyz12le", "le", "nv12"] {
            assert_eq!(layout_of(other), None, "{other}");
        }
    }
}
