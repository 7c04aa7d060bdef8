//! Tests of the DNG reader: frames written by hand from the specification, and hostile ones.
#![expect(clippy::disallowed_methods, reason = "test files")]

use super::*;
use crate::lossless_jpeg::tests::encode;
use proptest::prelude::*;

/// A value of a tag: kind and bytes, little-endian.
fn shorts(values: &[u16]) -> (u16, Vec<u8>) {
    (3, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn longs(values: &[u32]) -> (u16, Vec<u8>) {
    (4, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn fractions(values: &[f64]) -> (u16, Vec<u8>) {
    (10, values.iter().flat_map(|value| [(value * 1e6).round() as i32, 1_000_000]).flat_map(i32::to_le_bytes).collect())
}

pub(crate) struct Forged {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bits: u16,
    pub(crate) compression: u16,
    /// Strips or tiles, already packed.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) tile: Option<(u32, u32)>,
    pub(crate) further: Vec<(u16, (u16, Vec<u8>))>,
}

/// Writes the DNG; one directory, pieces behind it.
pub(crate) fn forge(dng: &Forged) -> Vec<u8> {
    let mut tags: Vec<(u16, (u16, Vec<u8>))> = vec![
        (256, longs(&[dng.width])),
        (257, longs(&[dng.height])),
        (258, shorts(&[dng.bits])),
        (259, shorts(&[dng.compression])),
        (262, shorts(&[32_803])),
        (277, shorts(&[1])),
        (33_421, shorts(&[2, 2])),
        (33_422, (1, vec![0, 1, 1, 2])),
        (50_706, (1, vec![1, 4, 0, 0])),
    ];
    let lengths: Vec<u32> = dng.pieces.iter().map(|piece| piece.len() as u32).collect();
    let blank = vec![0_u32; dng.pieces.len()];
    match dng.tile {
        Some((wide, high)) => {
            tags.extend([(322, longs(&[wide])), (323, longs(&[high])), (324, longs(&blank)), (325, longs(&lengths))])
        }
        None => {
            let rows = dng.height.div_ceil(dng.pieces.len() as u32);
            tags.extend([(273, longs(&blank)), (278, longs(&[rows])), (279, longs(&lengths))]);
        }
    }
    tags.extend(dng.further.iter().cloned());
    tags.sort_by_key(|tag| tag.0);
    let width = |kind: u16| width_of(kind);
    let directory = 2 + 12 * tags.len() + 4;
    let values: usize = tags.iter().map(|(_, (_, bytes))| if bytes.len() > 4 { bytes.len() } else { 0 }).sum();
    let mut at = 8 + directory + values;
    let mut offsets = Vec::new();
    for piece in &dng.pieces {
        offsets.push(at as u32);
        at += piece.len();
    }
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((tags.len() as u16).to_le_bytes());
    let mut beyond = Vec::new();
    for (tag, (kind, bytes)) in &tags {
        let bytes = if matches!(tag, 273 | 324) { longs(&offsets).1 } else { bytes.clone() };
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(((bytes.len() / width(*kind)) as u32).to_le_bytes());
        if bytes.len() > 4 {
            out.extend(((8 + directory + beyond.len()) as u32).to_le_bytes());
            beyond.extend(bytes);
        } else {
            let mut four = bytes;
            four.resize(4, 0);
            out.extend(four);
        }
    }
    out.extend([0; 4]);
    out.extend(beyond);
    dng.pieces.iter().for_each(|piece| out.extend(piece));
    out
}

/// XYZ (D50) to camera, and the camera's white under D50.
const CAMERA: Matrix = [[0.7, 0.2, -0.1], [-0.4, 1.2, 0.2], [0.05, 0.1, 0.6]];
const D50_WHITE: [f64; 3] = [0.964_21, 1.0, 0.825_19];

/// Values of the mosaic for one camera colour.
fn mosaic(width: usize, height: usize, black: f64, white: f64, camera: impl Fn(usize, usize) -> [f64; 3]) -> Vec<u16> {
    (0..height)
        .flat_map(|line| (0..width).map(move |column| (line, column)))
        .map(|(line, column)| {
            let part = [0, 1, 1, 2][line % 2 * 2 + column % 2];
            (black + camera(line / 2, column / 2)[part] * (white - black)).round() as u16
        })
        .collect()
}

fn levels(black: u16, white: u16) -> Vec<(u16, (u16, Vec<u8>))> {
    let white_camera = apply(&CAMERA, D50_WHITE);
    let most = white_camera.iter().copied().fold(0.0, f64::max);
    vec![
        (50_714, shorts(&[black])),
        (50_717, shorts(&[white])),
        (50_721, fractions(CAMERA.as_flattened())),
        (50_728, fractions(&white_camera.map(|part| part / most))),
    ]
}

/// Packs lines of samples, most significant bit first.
fn pack(samples: &[u16], width: usize, bits: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for line in samples.chunks(width) {
        let all: Vec<bool> = line.iter().flat_map(|sample| (0..bits).rev().map(move |bit| sample >> bit & 1 == 1)).collect();
        out.extend(
            all.chunks(8).map(|eight| eight.iter().enumerate().fold(0_u8, |byte, (n, bit)| byte | u8::from(*bit) << (7 - n))),
        );
    }
    out
}

/// XYZ at D50 of a neutral of 18 % and of a colour.
const PATCHES: [[f64; 3]; 2] = [[0.964_21 * 0.18, 0.18, 0.825_19 * 0.18], [0.20, 0.15, 0.08]];

fn patch(column: usize) -> [f64; 3] {
    let white = apply(&CAMERA, D50_WHITE);
    let most = white.iter().copied().fold(0.0, f64::max);
    apply(&CAMERA, PATCHES[column % 2]).map(|part| part / most)
}

fn read_bytes(bytes: &[u8]) -> Result<Frame, PreviewError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dng");
    std::fs::write(&path, bytes).unwrap();
    read(&path, 100_000)
}

/// ACES2065-1 of a D50 XYZ, computed apart from the reader: `matrix_chromatic_adaptation_VonKries` (Bradford) of colour-science 0.4.7
/// from D50 to the white of ACES, then the inverse of the matrix of SMPTE ST 2065-1.
fn expected(xyz: [f64; 3]) -> [f64; 3] {
    let matrix: Matrix = [
        [1.015_835_8, -0.017_725_7, 0.046_346_56],
        [-0.507_808_88, 1.391_306_91, 0.119_158_87],
        [0.008_458_64, -0.014_034_4, 1.218_968_44],
    ];
    apply(&matrix, xyz)
}

#[test]
fn every_packing_gives_the_colours_that_went_in() {
    let (width, height) = (16_usize, 8_usize);
    for (bits, black, white) in [(8_u16, 4_u16, 250_u16), (10, 64, 1000), (12, 256, 4000), (14, 1024, 16_000), (16, 4096, 60_000)]
    {
        for (compression, tile) in [(1_u16, None), (1, Some((8_u32, 4_u32))), (7, None), (7, Some((8, 4)))] {
            if compression == 7 && bits == 8 {
                continue;
            }
            let samples = mosaic(width, height, f64::from(black), f64::from(white), |_, column| patch(column));
            let cut = |x: usize, y: usize, wide: usize, high: usize| -> Vec<u16> {
                (y..y + high).flat_map(|line| samples[line * width + x..line * width + x + wide].to_vec()).collect()
            };
            let areas = match tile {
                None => vec![(0, 0, width, 4), (0, 4, width, 4)],
                Some(_) => vec![(0, 0, 8, 4), (8, 0, 8, 4), (0, 4, 8, 4), (8, 4, 8, 4)],
            };
            let pieces = areas
                .into_iter()
                .map(|(x, y, wide, high)| {
                    let part = cut(x, y, wide, high);
                    match (compression, bits) {
                        // Two components side by side, as cameras write it.
                        (7, _) => encode(&part, wide / 2, 2, bits as u8, 1),
                        (_, 16) => part.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
                        _ => pack(&part, wide, usize::from(bits)),
                    }
                })
                .collect();
            let dng = Forged { width: 16, height: 8, bits, compression, pieces, tile, further: levels(black, white) };
            let frame = read_bytes(&forge(&dng)).unwrap();
            assert_eq!((frame.width, frame.height, frame.linear, frame.converted), (8, 4, true, true));
            assert_eq!(frame.own_input.as_ref().and_then(InputChoice::space), Some("ACES2065-1"));
            let step = 1.5 / f64::from(white - black);
            for (place, pixel) in frame.rgb.iter().enumerate() {
                // White is full scale for the largest channel: the neutral of 18 % comes out as 0.18.
                let want = expected(PATCHES[place % 8 % 2]);
                let near = pixel.iter().zip(want).all(|(a, b)| (f64::from(*a) - b).abs() < 3.0 * step + 1e-4);
                assert!(near, "{bits} bits, compression {compression}: {pixel:?}, {want:?}");
            }
        }
    }
}

#[test]
fn levels_areas_and_exposure_are_followed() {
    let (width, height) = (20_usize, 12_usize);
    let mut samples = mosaic(width, height, 0.0, 4000.0, |_, _| patch(0));
    // Another black for each place of the mosaic, and a masked border that must not show.
    let black = [100_u16, 200, 300, 400];
    for (at, sample) in samples.iter_mut().enumerate() {
        let (line, column) = (at / width, at % width);
        *sample = if line < 2 || column < 4 { 4095 } else { *sample + black[line % 2 * 2 + column % 2] };
    }
    let mut further = levels(0, 4000);
    further.retain(|tag| tag.0 != 50_714 && tag.0 != 50_717);
    further.extend([
        (50_713, shorts(&[2, 2])),
        (50_714, shorts(&black)),
        (50_717, shorts(&[4095])),
        (50_719, shorts(&[2, 2])),
        (50_720, shorts(&[8, 4])),
        (50_730, fractions(&[1.0])),
        (50_829, longs(&[2, 4, 12, 20])),
    ]);
    let pieces = vec![samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()];
    let dng = Forged { width: 20, height: 12, bits: 16, compression: 1, pieces, tile: None, further };
    let frame = read_bytes(&forge(&dng)).unwrap();
    assert_eq!((frame.width, frame.height), (4, 2));
    for pixel in &frame.rgb {
        // Twice as bright by BaselineExposure; the scale of each channel differs a little by its black.
        let neutral = pixel.iter().all(|part| (part / 0.36 - 1.0).abs() < 0.12);
        assert!(neutral, "{pixel:?}");
    }
    assert!(frame.read_as.contains("BaselineExposure +1.00"), "{}", frame.read_as);
}

#[test]
fn clipped_light_stays_neutral_and_a_dng_without_matrices_claims_nothing() {
    let white = apply(&CAMERA, D50_WHITE);
    let most = white.iter().copied().fold(0.0, f64::max);
    let samples = mosaic(4, 4, 0.0, 1000.0, |_, _| white.map(|part| (part / most * 3.0).min(1.0)));
    let whole = |further| {
        let pieces = vec![samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()];
        forge(&Forged { width: 4, height: 4, bits: 16, compression: 1, pieces, tile: None, further })
    };
    let frame = read_bytes(&whole(levels(0, 1000))).unwrap();
    assert!(frame.rgb.iter().flatten().all(|part| (part - 1.0).abs() < 5e-3), "{:?}", frame.rgb[0]);
    let frame = read_bytes(&whole(vec![(50_717, shorts(&[1000]))])).unwrap();
    assert!(matches!(&frame.own_input, Some(InputChoice::Unknown { reason }) if reason.contains("colour matrix")));
}

#[test]
fn what_is_not_read_is_said() {
    let dng = |compression: u16, bits: u16, further: Vec<(u16, (u16, Vec<u8>))>| {
        forge(&Forged { width: 4, height: 4, bits, compression, pieces: vec![vec![0; 32]], tile: None, further })
    };
    for (bytes, word) in [
        (dng(9, 16, Vec::new()), "VC-5"),
        (dng(34_892, 16, Vec::new()), "lossy JPEG"),
        (dng(1, 32, Vec::new()), "32 bits"),
        (dng(1, 16, vec![(50_711, shorts(&[2]))]), "rectangular"),
    ] {
        let error = read_bytes(&bytes).err().unwrap();
        assert!(matches!(&error, PreviewError::Unsupported { what, .. } if what.contains(word)), "{word}: {error}");
    }
    assert!(matches!(read_bytes(&dng(1, 16, vec![(50_717, shorts(&[0]))])), Err(PreviewError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_dng_is_read_or_refused(noise in proptest::collection::vec((0_usize..600, any::<u8>()), 0..10), cut in 0_usize..400) {
        let samples = mosaic(16, 8, 64.0, 4000.0, |_, column| patch(column));
        let pieces = vec![encode(&samples, 8, 2, 12, 1)];
        let dng = Forged { width: 16, height: 8, bits: 12, compression: 7, pieces, tile: None, further: levels(64, 4000) };
        let mut bytes = forge(&dng);
        for (at, value) in noise {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        bytes.truncate(bytes.len().saturating_sub(cut / 2));
        let _ = decode(&bytes, 100_000);
    }
}
