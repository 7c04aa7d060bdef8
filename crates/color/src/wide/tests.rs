//! The wide path against the engine: every operation with random and extreme values, and every machine level against the others.

use super::*;
use ocio::ops::fixed_function::{FixedFunctionOp, FixedFunctionOpData, FixedFunctionOpStyle as Style};
use ocio::ops::gamma::{GammaOp, GammaOpData, GammaStyle};
use ocio::{
    CdlStyle, CdlTransform, Config, GroupTransform, LogAffineTransform, LogCameraTransform, LogTransform, MatrixTransform,
    OptimizationFlags, RangeTransform, Transform, TransformDirection,
};

fn processor(transform: impl Into<Transform>, direction: TransformDirection) -> CpuProcessor {
    let group = Transform::Group(GroupTransform::from_transforms(vec![transform.into()]));
    let built = Config::create_raw().get_processor_for_transform(&group, direction).expect("the engine builds it");
    built.optimized_cpu_processor(OptimizationFlags::NONE)
}

/// Scene light, codes, dark, negative and without bound; the count is no multiple of a block.
fn pixels() -> Vec<[f32; 3]> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut unit = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut all = vec![[0.0; 3], [-0.0, 0.0, 1.0], [1.0; 3], [0.18; 3], [65504.0, 0.0, -65504.0], [1e-30, 1e-10, -1e-20]];
    all.extend([
        [f32::NAN, 0.5, 0.5],
        [0.2, f32::INFINITY, 0.1],
        [0.3, 0.2, f32::NEG_INFINITY],
        [f32::MAX, f32::MIN, 1e38],
        [f32::INFINITY; 3],
        [f32::NEG_INFINITY; 3],
        [f32::NAN; 3],
        [f32::INFINITY, 0.0, 0.0],
    ]);
    for _ in 0..6000 {
        all.push([unit(), unit(), unit()]);
        all.push([(); 3].map(|()| (unit() * 24.0 - 14.0).exp2()));
        all.push([(); 3].map(|()| unit() * 4.0 - 1.5));
        let grey = unit() * 12.0;
        all.push([grey; 3]);
    }
    all
}

/// Compares by `|difference| <= tolerance * max(1, |pixel|)`, and says how many numbers have the same bits.
fn hold(name: &str, processor: &CpuProcessor, tolerance: f32, pixels: &[[f32; 3]]) -> f64 {
    let mut want = pixels.to_vec();
    processor.apply_rgb_slice(want.as_flattened_mut());
    let mut first: Option<Vec<[f32; 3]>> = None;
    let mut same = 0;
    for level in Level::available() {
        let mut got = pixels.to_vec();
        Wide::new(processor).unwrap_or_else(|| panic!("{name} is computed here")).at(level).apply(&mut got);
        same = 0;
        for ((input, got), want) in pixels.iter().zip(&got).zip(&want) {
            // A channel near nothing is the difference of large ones.
            let scale = want.iter().filter(|value| value.is_finite()).fold(1.0_f32, |most, value| most.max(value.abs()));
            for channel in 0..3 {
                let (got, want) = (got[channel], want[channel]);
                same += usize::from(got.to_bits() == want.to_bits());
                let near = (got - want).abs() <= tolerance * scale;
                // Where numbers pass all bounds on the way, where exactly they do is left open.
                let huge = input.iter().any(|value| value.is_finite() && value.abs() > 1e30);
                assert!(
                    near || got == want || (got.is_nan() && want.is_nan()) || huge,
                    "{name} {level:?}: {input:?} gave {got}, not {want}"
                );
            }
        }
        let bits = |all: &[[f32; 3]]| {
            all.as_flattened().iter().map(|value| if value.is_nan() { 0 } else { value.to_bits() }).collect::<Vec<_>>()
        };
        if let Some(first) = &first {
            assert!(bits(first) == bits(&got), "{name}: {level:?} gives other bits");
        }
        first.get_or_insert(got);
    }
    same as f64 / (3 * pixels.len()) as f64
}

#[test]
fn every_operation_is_the_engines() {
    let pixels = pixels();
    let forward = TransformDirection::Forward;
    let mut camera = LogCameraTransform::new([0.0106, 0.0106, 0.0106]);
    camera.base = 10.0;
    camera.log_side_slope = [0.24719, 0.25, 0.24719];
    camera.log_side_offset = [0.385537, 0.38, 0.385537];
    camera.lin_side_slope = [5.555556, 5.5, 5.555556];
    camera.lin_side_offset = [0.052272, 0.05, 0.052272];
    let affine = LogAffineTransform {
        log_side_slope: [0.3, 0.4, 0.5],
        lin_side_offset: [0.01, 0.02, 0.03],
        ..LogAffineTransform::default()
    };
    let mut matrix = MatrixTransform::default();
    matrix.matrix[..3].copy_from_slice(&[0.7, 0.2, 0.1]);
    matrix.matrix[4..7].copy_from_slice(&[-0.1, 1.2, -0.1]);
    matrix.matrix[8..11].copy_from_slice(&[0.05, -0.3, 1.25]);
    let mut moved = matrix.clone();
    moved.offset[..3].copy_from_slice(&[0.1, -0.2, 0.3]);
    let range = |low: Option<f64>, high: Option<f64>, scale: f64| RangeTransform {
        min_in: low,
        max_in: high,
        min_out: low.map(|value| value * scale),
        max_out: high.map(|value| value * scale),
        ..RangeTransform::default()
    };
    let mut transforms: Vec<(&str, Transform)> = vec![
        ("camera log", camera.into()),
        ("affine log", affine.into()),
        ("matrix", matrix.into()),
        ("matrix with offset", moved.into()),
        ("range", range(Some(0.1), Some(0.9), 2.0).into()),
        ("range, two ends", range(Some(0.1), Some(0.9), 1.0).into()),
        ("range, low", range(Some(0.1), None, 1.0).into()),
        ("range, high", range(None, Some(0.7), 1.0).into()),
    ];
    for base in [2.0, 10.0, 5.0] {
        transforms.push(("log", LogTransform { base, ..LogTransform::default() }.into()));
    }
    for style in [CdlStyle::Asc, CdlStyle::NoClamp] {
        let cdl = CdlTransform {
            style,
            slope: [1.2, 0.9, 1.1],
            offset: [0.02, -0.03, 0.01],
            power: [1.1, 0.8, 1.0],
            sat: 0.7,
            ..CdlTransform::new()
        };
        transforms.push(("cdl", cdl.into()));
    }
    for (name, transform) in &transforms {
        for direction in [forward, TransformDirection::Inverse] {
            if name.starts_with("range,") && direction == TransformDirection::Inverse {
                continue;
            }
            let processor = processor(transform.clone(), direction);
            // An exponential of a large code is large: near means as a part of it.
            let same = hold(&format!("{name} {direction:?}"), &processor, 3e-7, &pixels);
            eprintln!("{name} {direction:?}: {:.2} % have the engine's bits", 100.0 * same);
        }
    }
}

#[test]
fn every_gamma_and_fixed_function_is_the_engines() {
    let pixels = pixels();
    for style in [
        GammaStyle::BasicFwd,
        GammaStyle::BasicRev,
        GammaStyle::BasicMirrorFwd,
        GammaStyle::BasicPassThruRev,
        GammaStyle::MoncurveFwd,
        GammaStyle::MoncurveRev,
        GammaStyle::MoncurveMirrorFwd,
        GammaStyle::MoncurveMirrorRev,
    ] {
        let params = |gamma: f64| if style.is_moncurve() { vec![gamma, 0.055] } else { vec![gamma] };
        let one = GammaOpData::identity_parameters(style);
        let data = GammaOpData::new(style, params(2.4), params(2.2), params(1.8), one);
        let op = GammaOp::new(data).expect("the engine builds it");
        hold(&format!("{style:?}"), &CpuProcessor::from_ops(vec![Arc::new(op)]), 3e-7, &pixels);
    }
    let rec709 = [0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290];
    let p3 = [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.3290];
    let output = |peak: f64, primaries: [f64; 8]| [&[peak][..], &primaries].concat();
    let gamut = vec![1.147, 1.264, 1.312, 0.815, 0.803, 0.880, 1.2];
    let hlg = vec![0.0, 1.0, 0.5, 1.0, 0.0, std::f64::consts::E, 0.17883277, 0.807825590164, 1.0, -0.07116723];
    for (style, params, tolerance, least_same) in [
        (Style::AcesOutputTransform20Fwd, output(100.0, rec709), 1e-5, 0.9),
        (Style::AcesOutputTransform20Fwd, output(1000.0, p3), 1e-5, 0.9),
        (Style::AcesOutputTransform20Fwd, output(4000.0, p3), 1e-5, 0.9),
        (Style::LinToPq, vec![], 1e-5, 0.9),
        (Style::PqToLin, vec![], 1e-4, 0.9),
        (Style::LinToGammaLog, hlg.clone(), 1e-6, 0.9),
        (Style::GammaLogToLin, hlg, 1e-6, 0.9),
        (Style::AcesDarkToDim10Fwd, vec![], 3e-7, 0.9),
        (Style::AcesDarkToDim10Inv, vec![], 3e-7, 0.9),
        (Style::Rec2100SurroundFwd, vec![0.78], 3e-7, 0.9),
        (Style::AcesGlow03Fwd, vec![], 3e-7, 0.99),
        (Style::AcesGlow10Fwd, vec![], 3e-7, 0.99),
        (Style::AcesRedMod10Fwd, vec![], 1e-6, 0.9),
        (Style::AcesGamutComp13Fwd, gamut, 1e-6, 0.9),
    ] {
        let data = FixedFunctionOpData::new(style, &params).expect("the parameters are right");
        let op = FixedFunctionOp::new(data).expect("the engine builds it");
        // The inverse of PQ has a pole above code 1.
        let most = if style == Style::PqToLin { 1.0 } else { f32::INFINITY };
        let asked: Vec<[f32; 3]> = pixels.iter().copied().filter(|pixel| pixel.iter().all(|value| value.abs() <= most)).collect();
        let same = hold(style.as_str(), &CpuProcessor::from_ops(vec![Arc::new(op)]), tolerance, &asked);
        eprintln!("{}: {:.2} % have the engine's bits", style.as_str(), 100.0 * same);
        assert!(same >= least_same, "{}: {same}", style.as_str());
    }
}

#[test]
fn alpha_that_matters_is_left_to_the_engine() {
    let mut matrix = MatrixTransform::default();
    matrix.matrix[12..15].copy_from_slice(&[0.1, 0.2, 0.3]);
    assert!(Wide::new(&processor(matrix, TransformDirection::Forward)).is_none());
}

/// A matrix makes alpha of an infinite colour not a number, and the next one everything else: so it must come out here.
#[test]
fn what_is_not_finite_becomes_what_the_engine_makes_of_it() {
    let config = Config::create_from_builtin_config("studio-config-v2.2.0_aces-v1.3_ocio-v2.4").expect("it is built in");
    let view = ocio::DisplayViewTransform::new("ARRI LogC3 (EI800)", "Rec.1886 Rec.709 - Display", "ACES 1.0 - SDR Video");
    let group = Transform::Group(GroupTransform::from_transforms(vec![view.into()]));
    let built = config.get_processor_for_transform(&group, TransformDirection::Forward).expect("the engine builds it");
    let processor = built.optimized_cpu_processor(OptimizationFlags::NONE);
    let mut pixels = vec![[0.391; 3]; 300];
    pixels[7] = [65504.0, 0.0, 0.0];
    pixels[130] = [f32::NAN, 0.5, 0.5];
    pixels[299] = [0.5, f32::NEG_INFINITY, 0.5];
    let mut want = pixels.clone();
    processor.apply_rgb_slice(want.as_flattened_mut());
    Wide::new(&processor).expect("it is computed here").apply(&mut pixels);
    for (at, (got, want)) in pixels.iter().zip(&want).enumerate() {
        for channel in 0..3 {
            let same = got[channel].is_nan() && want[channel].is_nan();
            assert!(same || (got[channel] - want[channel]).abs() < 1e-6, "{at}: {got:?} {want:?}");
        }
    }
}
