//! Owns the studio: chart, grey card, exposure wedge, skin tones, saturated tubes, a lit head.

use super::{Plate, Shader, add, cover, length, mix, noise, rect, smooth, times};

pub(super) struct Stage {
    pixel: f32,
    chart: [[f32; 3]; 24],
    skins: [[f32; 3]; 8],
}

/// The 24 patches in 8-bit sRGB as commonly published; the picture takes their linear values.
const CHART: [[u8; 3]; 24] = [
    [115, 82, 68],
    [194, 150, 130],
    [98, 122, 157],
    [87, 108, 67],
    [133, 128, 177],
    [103, 189, 170],
    [214, 126, 44],
    [80, 91, 166],
    [193, 90, 99],
    [94, 60, 108],
    [157, 188, 64],
    [224, 163, 46],
    [56, 61, 150],
    [70, 148, 73],
    [175, 54, 60],
    [231, 199, 31],
    [187, 86, 149],
    [8, 133, 161],
    [243, 243, 242],
    [200, 200, 200],
    [160, 160, 160],
    [122, 122, 121],
    [85, 85, 85],
    [52, 52, 52],
];
const SKINS: [[u8; 3]; 8] = [
    [244, 208, 188],
    [231, 184, 156],
    [214, 160, 124],
    [190, 132, 96],
    [158, 104, 72],
    [122, 78, 54],
    [92, 58, 42],
    [62, 40, 32],
];

fn linear(code: [u8; 3]) -> [f32; 3] {
    code.map(|c| {
        let v = f32::from(c) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

impl Stage {
    pub(super) fn new(pixel: f32) -> Self {
        Self { pixel, chart: CHART.map(linear), skins: SKINS.map(linear) }
    }

    fn colour(&self, x: f32, y: f32, swing: f32) -> [f32; 3] {
        let pixel = self.pixel;
        let window = |distance: f32| (1.0 - distance / BULB_REACH).max(0.0).powi(2);
        let key = (0.62f32, 0.10f32);
        let spread = length(x - key.0, (y - key.1) * 0.8);
        let light = 0.35 + 1.15 * (-spread * 1.35).exp();
        let weave = 0.93 + 0.14 * noise::layered(x * 46.0, y * 46.0, 3, 4);
        let wall = times([0.115, 0.125, 0.135], [light * weave * 1.05, light * weave, light * weave * 0.9]);
        let mut colour = wall;
        let floor_line = 0.80;
        if y > floor_line {
            let depth = y - floor_line;
            let plank = noise::value((x - 0.89) / (0.2 + depth) * 3.0, 1.0, 8) * 0.4 + 0.6;
            let grain = noise::layered(x * 12.0 / (0.2 + depth), y * 160.0, 3, 9) * 0.5 + 0.6;
            let shine = 0.30 * window((x - swing).abs()) * (-(x - swing).abs() * 6.0).exp() * (-depth * 9.0).exp();
            colour = add(times([0.115, 0.062, 0.030], [light * plank * grain; 3]), [1.0, 0.55, 0.25], shine);
        }
        self.tubes(x, y, &mut colour);
        self.boards(x, y, &mut colour);
        self.head(x, y, swing, &mut colour);
        let bulb = length(x - swing, y - 0.15);
        let cord = rect(x, y, swing, 0.06, 0.0012, 0.08);
        colour = mix(colour, [0.01, 0.01, 0.01], cover(cord, pixel));
        colour = add(colour, [1.0, 0.55, 0.22], 0.7 * window(bulb) * (-bulb * 9.0).exp());
        mix(colour, [70.0, 42.0, 18.0], cover(bulb - 0.017, pixel))
    }

    /// Tubes beyond Rec.709 on purpose: a negative component is a colour that a wide gamut camera can hold.
    fn tubes(&self, x: f32, y: f32, colour: &mut [f32; 3]) {
        const HUES: [[f32; 3]; 6] =
            [[9.0, -0.35, -0.1], [7.0, 2.2, -0.4], [-0.6, 6.5, -0.3], [-0.9, 4.6, 5.8], [-0.2, 0.1, 12.0], [7.5, -0.6, 6.0]];
        for (index, hue) in HUES.iter().enumerate() {
            let cx = 1.40 + index as f32 * 0.055;
            let tube = rect(x, y, cx, 0.40, 0.004, 0.245);
            *colour = add(*colour, *hue, 0.028 * (-tube.max(0.0) * 26.0).exp());
            *colour = mix(*colour, *hue, cover(tube, self.pixel));
            let core = rect(x, y, cx, 0.40, 0.0012, 0.243);
            *colour = mix(*colour, add(*hue, [5.0, 5.0, 5.0], 1.0), cover(core, self.pixel) * 0.8);
        }
    }

    fn boards(&self, x: f32, y: f32, colour: &mut [f32; 3]) {
        let pixel = self.pixel;
        let lit = 1.0 - 0.10 * (x - 0.4).abs();
        *colour = mix(*colour, [0.004, 0.004, 0.004], cover(rect(x, y, 0.42, 0.325, 0.30, 0.205), pixel));
        for (index, patch) in self.chart.iter().enumerate() {
            let (column, row) = ((index % 6) as f32, (index / 6) as f32);
            let patch_shape = rect(x, y, 0.42 + (column - 2.5) * 0.0965, 0.325 + (row - 1.5) * 0.0965, 0.041, 0.041);
            *colour = mix(*colour, times(*patch, [lit; 3]), cover(patch_shape, pixel));
        }
        *colour = mix(*colour, [0.18 * lit; 3], cover(rect(x, y, 0.84, 0.40, 0.075, 0.125), pixel));
        for step in 0..15 {
            let value = 0.18 * 2f32.powi(step - 6);
            let shape = rect(x, y, 0.145 + step as f32 * 0.0412, 0.605, 0.0195, 0.028);
            *colour = mix(*colour, [value; 3], cover(shape, pixel));
        }
        for (index, skin) in self.skins.iter().enumerate() {
            let shape = rect(x, y, 0.158 + index as f32 * 0.0744, 0.70, 0.032, 0.034);
            *colour = mix(*colour, times(*skin, [lit; 3]), cover(shape, pixel));
        }
    }

    fn head(&self, x: f32, y: f32, bulb_x: f32, colour: &mut [f32; 3]) {
        let pixel = self.pixel;
        let (cx, cy) = (1.10f32, 0.46f32);
        let shoulders = ((x - cx) / 0.23).powi(2) + ((y - 0.98) / 0.32).powi(2);
        if shoulders < 1.02 {
            let turn = (x - cx) / 0.23;
            let warm = (0.5 + 0.5 * turn * (bulb_x - cx).signum()).clamp(0.05, 1.0);
            let knit = 0.8 + 0.25 * noise::value(x * 240.0, y * 90.0, 12);
            let cloth = times([0.21, 0.022, 0.030], [(0.35 + 0.8 * warm) * knit; 3]);
            *colour = mix(*colour, cloth, cover((shoulders.sqrt() - 1.0) * 0.2, pixel));
        }
        let neck = rect(x, y, cx, 0.63, 0.038, 0.06) - 0.02;
        *colour = mix(*colour, times(self.skins[3], [0.32, 0.30, 0.28]), cover(neck, pixel));
        let (ux, uy) = ((x - cx) / 0.105, (y - cy) / 0.14);
        let around = length(ux, uy);
        if around < 1.02 {
            let uz = (1.0 - around * around).max(0.0).sqrt();
            let key = (-0.55 * ux - 0.45 * uy + 0.70 * uz).max(0.0);
            let to_bulb = ((bulb_x - cx) * 2.2).clamp(-0.9, 0.9);
            let bulb = (to_bulb * ux - 0.75 * uy + 0.35 * uz).max(0.0);
            let rim = (0.9 * ux + 0.1 * uz - 0.55).max(0.0) * 1.6;
            let mut skin = times(
                self.skins[2],
                [0.10 + 0.95 * key + 0.55 * bulb, 0.09 + 0.90 * key + 0.36 * bulb, 0.09 + 0.84 * key + 0.20 * bulb],
            );
            skin = add(skin, [0.05, 0.30, 0.55], rim);
            let glint = (0.30 * ux - 0.62 * uy + 0.72 * uz).max(0.0).powi(40);
            skin = add(skin, [0.9, 0.7, 0.5], glint * 0.5);
            let hair = smooth(0.02, -0.10, uy + 0.42 - 0.22 * ux * ux);
            skin = mix(skin, times([0.030, 0.016, 0.010], [0.4 + 1.4 * key + bulb; 3]), hair);
            for side in [-0.36f32, 0.36] {
                let socket = length((ux - side) / 0.17, (uy - 0.02) / 0.075);
                skin = mix(skin, times(skin, [0.35, 0.28, 0.26]), smooth(1.25, 0.6, socket));
            }
            let mouth = length(ux / 0.27, (uy - 0.50) / 0.055);
            skin = mix(skin, times(skin, [0.75, 0.38, 0.36]), smooth(1.2, 0.5, mouth));
            let nose = (ux - 0.07).abs() / 0.07 + (uy - 0.24).abs() / 0.14;
            skin = mix(skin, times(skin, [0.66, 0.60, 0.58]), smooth(1.3, 0.3, nose) * 0.6);
            *colour = mix(*colour, skin, cover((around - 1.0) * 0.11, pixel));
        }
    }
}

/// How far the swinging bulb lights the wall.
const BULB_REACH: f32 = 0.24;

/// A place for the bulb where it lights nothing.
const AWAY: f32 = -9.0;

impl Shader for Stage {
    fn still(&self, x: f32, y: f32) -> [f32; 3] {
        self.colour(x, y, AWAY)
    }

    fn moving(&self, x: f32, y: f32, time: f32, still: [f32; 3], _plate: &Plate) -> [f32; 3] {
        let swing = 1.22 + 0.10 * (time * 1.6).sin();
        let lit_wall = length(x - swing, y - 0.15) < BULB_REACH;
        let lit_floor = y > 0.8 && (x - swing).abs() < BULB_REACH;
        let lit_person = y > 0.3 && (x - 1.10).abs() < 0.24;
        if lit_wall || lit_floor || lit_person { self.colour(x, y, swing) } else { still }
    }
}
