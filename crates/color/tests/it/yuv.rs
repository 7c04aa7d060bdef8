use checkgate_color::yuv::{FrameFormat, Layout, Matrix, Range, YuvError, rgb_from_planes, yuv422p10_from_rgb};
use proptest::prelude::*;

fn format(layout: Layout, bits: u32, range: Range, matrix: Matrix, width: usize, height: usize) -> FrameFormat {
    FrameFormat { width, height, layout, alpha: false, bits, big_endian: false, range, matrix }
}

fn bytes(samples: &[u16], bits: u32, big_endian: bool) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| match (bits, big_endian) {
            (8, _) => vec![*sample as u8],
            (_, true) => sample.to_be_bytes().to_vec(),
            (_, false) => sample.to_le_bytes().to_vec(),
        })
        .collect()
}

#[test]
fn grey_codes_are_exact_at_every_depth_and_range() {
    for bits in [8_u32, 10, 12, 16] {
        let step = 1_u32 << (bits - 8);
        let top = (1_u32 << bits) - 1;
        let neutral = 128 * step;
        for (range, black, white) in [(Range::Limited, 16 * step, 235 * step), (Range::Full, 0, top)] {
            let codes = [black, white, (black + white) / 2, 0, top, black + step];
            let mut samples: Vec<u16> = codes.iter().map(|code| *code as u16).collect();
            samples.extend([neutral as u16; 12]);
            let format = format(Layout::Yuv444, bits, range, Matrix::Bt709, 6, 1);
            let rgb = rgb_from_planes(&bytes(&samples, bits, false), &format).unwrap();
            for (pixel, code) in rgb.iter().zip(codes) {
                let want = (f64::from(code) - f64::from(black)) / f64::from(white - black);
                for value in pixel {
                    assert!((f64::from(*value) - want).abs() < 3e-7, "{bits} {range:?} {code}: {value} {want}");
                }
            }
            // Beyond black and white nothing is clipped.
            if range == Range::Limited {
                assert!(rgb[3][0] < -0.05 && rgb[4][0] > 1.05);
            }
        }
    }
}

#[test]
fn primaries_come_back_through_each_matrix() {
    for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
        let (kr, kb) = matrix.weights();
        for colour in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.7, 0.4]] {
            let y = kr * colour[0] + (1.0 - kr - kb) * colour[1] + kb * colour[2];
            let (cb, cr) = ((colour[2] - y) / (2.0 * (1.0 - kb)), (colour[0] - y) / (2.0 * (1.0 - kr)));
            let code = |value: f64| value.round() as u16;
            let samples = [code(4096.0 + 56064.0 * y), code(32768.0 + 57344.0 * cb), code(32768.0 + 57344.0 * cr)];
            let format = format(Layout::Yuv444, 16, Range::Limited, matrix, 1, 1);
            let rgb = rgb_from_planes(&bytes(&samples, 16, false), &format).unwrap();
            for (value, want) in rgb[0].iter().zip(colour) {
                assert!((f64::from(*value) - want).abs() < 3e-5, "{matrix:?} {colour:?}: {rgb:?}");
            }
        }
    }
}

#[test]
fn chroma_is_left_sited_and_linear_between() {
    // A chroma ramp that rises by 8 a luma column is 16 a chroma column; interpolation must bring the ramp back.
    let format = format(Layout::Yuv422, 10, Range::Full, Matrix::Bt709, 8, 1);
    let mut samples = vec![512_u16; 8];
    samples.extend([512, 528, 544, 560]);
    samples.extend([512; 4]);
    let rgb = rgb_from_planes(&bytes(&samples, 10, false), &format).unwrap();
    let blue_from = 2.0 * (1.0 - 0.0722);
    let luma = 512.0 / 1023.0;
    for (column, pixel) in rgb.iter().enumerate().take(7) {
        let want = luma + blue_from * (8.0 * column as f64) / 1023.0;
        assert!((f64::from(pixel[2]) - want).abs() < 1e-6, "{column}");
    }
    assert_eq!(rgb[7][2], rgb[6][2], "the last odd column has no right neighbour");
}

#[test]
fn chroma_of_420_lies_between_the_lines() {
    let format = format(Layout::Yuv420, 8, Range::Full, Matrix::Bt709, 2, 4);
    let mut samples = vec![128_u16; 8];
    samples.extend([128, 160]);
    samples.extend([128, 128]);
    let rgb = rgb_from_planes(&bytes(&samples, 8, false), &format).unwrap();
    let cb = |line: usize| (f64::from(rgb[line * 2][2]) - 128.0 / 255.0) / (2.0 * (1.0 - 0.0722)) * 255.0;
    for (line, want) in [0.0, 8.0, 24.0, 32.0].into_iter().enumerate() {
        assert!((cb(line) - want).abs() < 1e-3, "line {line}: {} {want}", cb(line));
    }
}

#[test]
fn planar_packed_grey_and_big_endian_agree() {
    let full = |layout, big_endian| FrameFormat { big_endian, ..format(layout, 16, Range::Full, Matrix::Bt709, 2, 1) };
    let packed = rgb_from_planes(&bytes(&[1, 2, 3, 40000, 50000, 60000], 16, true), &full(Layout::PackedRgb, true)).unwrap();
    let planar = rgb_from_planes(&bytes(&[2, 50000, 3, 60000, 1, 40000], 16, false), &full(Layout::Gbr, false)).unwrap();
    assert_eq!(packed, planar);
    let grey = rgb_from_planes(&bytes(&[0, 65535], 16, false), &full(Layout::Gray, false)).unwrap();
    assert_eq!(grey, [[0.0; 3], [1.0; 3]]);
    let alpha = FrameFormat { alpha: true, ..full(Layout::PackedRgb, false) };
    let with_alpha = rgb_from_planes(&bytes(&[1, 2, 3, 9, 40000, 50000, 60000, 9], 16, false), &alpha).unwrap();
    assert_eq!(with_alpha, packed);
}

#[test]
fn a_frame_of_the_wrong_size_is_refused() {
    let good = format(Layout::Yuv422, 10, Range::Limited, Matrix::Bt709, 16, 4);
    assert_eq!(good.frame_bytes(), Ok(2 * (64 + 64)));
    assert!(matches!(rgb_from_planes(&[0; 255], &good), Err(YuvError::WrongSize { need: 256, have: 255 })));
    for bad in [
        FrameFormat { width: 0, ..good },
        FrameFormat { height: 0, ..good },
        FrameFormat { width: usize::MAX, ..good },
        FrameFormat { bits: 7, ..good },
        FrameFormat { bits: 17, ..good },
    ] {
        assert!(matches!(rgb_from_planes(&[], &bad), Err(YuvError::BadFormat { .. })));
    }
}

#[test]
fn grey_survives_the_way_to_the_proxy_encoder_and_back() {
    let width = 7;
    let rgb: Vec<[f32; 3]> = (0..28).map(|step| [step as f32 / 27.0; 3]).collect();
    let frame = yuv422p10_from_rgb(&rgb, width);
    let back = rgb_from_planes(&frame, &format(Layout::Yuv422, 10, Range::Limited, Matrix::Bt709, width, 4)).unwrap();
    for (a, b) in rgb.as_flattened().iter().zip(back.as_flattened()) {
        assert!((a - b).abs() <= 0.5 / 876.0 + 1e-6, "{a} {b}");
    }
}

proptest! {
    #[test]
    fn any_bytes_convert_without_panic(width in 1_usize..20, height in 1_usize..20, bits in 8_u32..=16, kind in 0..6, seed in any::<u8>()) {
        let layout = [Layout::Yuv444, Layout::Yuv422, Layout::Yuv420, Layout::Gray, Layout::Gbr, Layout::PackedRgb][kind as usize];
        let format = format(layout, bits, Range::Limited, Matrix::Bt2020, width, height);
        let frame: Vec<u8> = (0..format.frame_bytes().unwrap()).map(|index| (index as u8).wrapping_mul(31).wrapping_add(seed)).collect();
        let rgb = rgb_from_planes(&frame, &format).unwrap();
        prop_assert_eq!(rgb.len(), width * height);
        prop_assert!(rgb.as_flattened().iter().all(|value| value.is_finite()));
    }
}
