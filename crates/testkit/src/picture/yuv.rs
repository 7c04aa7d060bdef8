//! Owns the way from camera codes to the YUV planes a codec takes: BT.709 matrix, narrow range, 10 or 12 bit. Done here because
//! a general scaler's integer path is off by several codes, which would make a reference picture a lie.

/// Chroma sampling and depth of the planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planes {
    /// 4:2:2, 10 bit, chroma sited with the left pixel: ProRes 422 and XAVC.
    Yuv422p10,
    /// 4:4:4, 12 bit: ProRes 4444.
    Yuv444p12,
}

impl Planes {
    /// The name ffmpeg gives this layout.
    #[must_use]
    pub fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Yuv422p10 => "yuv422p10le",
            Self::Yuv444p12 => "yuv444p12le",
        }
    }
}

/// Planes Y, Cb, Cr one after the other, little-endian 16-bit words.
#[must_use]
pub fn planes_from_codes(codes: &[[f32; 3]], width: usize, layout: Planes) -> Vec<u8> {
    let height = codes.len() / width.max(1);
    let (scale, chroma_width) = match layout {
        Planes::Yuv422p10 => (4.0f32, width / 2),
        Planes::Yuv444p12 => (16.0, width),
    };
    let mut luma = Vec::with_capacity(codes.len() * 2);
    let mut blue = Vec::with_capacity(chroma_width * height * 2);
    let mut red = Vec::with_capacity(chroma_width * height * 2);
    let mut differences = vec![[0.0f32; 2]; width];
    for line in codes.chunks_exact(width.max(1)) {
        for (rgb, difference) in line.iter().zip(&mut differences) {
            let [r, g, b] = rgb.map(|value| value.clamp(-0.07, 1.07));
            let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            *difference = [(b - y) / 1.8556, (r - y) / 1.5748];
            luma.extend_from_slice(&word((219.0 * y + 16.0) * scale, scale));
        }
        for column in 0..chroma_width {
            let value = if layout == Planes::Yuv422p10 {
                let at = column * 2;
                let (left, right) = (differences[at.saturating_sub(1)], differences[(at + 1).min(width - 1)]);
                let centre = differences[at];
                [0, 1].map(|i| 0.25 * left[i] + 0.5 * centre[i] + 0.25 * right[i])
            } else {
                differences[column]
            };
            blue.extend_from_slice(&word((224.0 * value[0] + 128.0) * scale, scale));
            red.extend_from_slice(&word((224.0 * value[1] + 128.0) * scale, scale));
        }
    }
    luma.append(&mut blue);
    luma.append(&mut red);
    luma
}

/// Rounded and kept off the codes that are reserved for synchronisation.
fn word(value: f32, scale: f32) -> [u8; 2] {
    (value.round().clamp(scale, 255.0 * scale - 1.0) as u16).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_white_and_grey_land_on_their_codes() {
        let codes = [[0.0; 3], [1.0; 3], [0.5; 3], [0.5; 3]];
        let planes = planes_from_codes(&codes, 4, Planes::Yuv422p10);
        let words: Vec<u16> = planes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(words, [64, 940, 502, 502, 512, 512, 512, 512]);
        let planes = planes_from_codes(&codes[..2], 2, Planes::Yuv444p12);
        let words: Vec<u16> = planes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(words, [256, 3760, 2048, 2048, 2048, 2048]);
    }
}
