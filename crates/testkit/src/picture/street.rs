//! Owns the wet street at night: saturated neon, lit windows, discs of unfocused light, rain, a figure with an umbrella.

use super::{Plate, Shader, add, capsule, cover, length, mix, noise, person, rect, smooth, times};

pub(super) struct Street {
    seed: u32,
    pixel: f32,
}

const KERB: f32 = 0.74;

impl Street {
    pub(super) fn new(seed: u32, pixel: f32) -> Self {
        Self { seed, pixel }
    }

    fn upright(&self, x: f32, y: f32, pixel: f32) -> [f32; 3] {
        let fog = smooth(0.0, KERB, y);
        let mut colour = mix([0.004, 0.006, 0.014], [0.055, 0.040, 0.075], fog);
        for disc in 0..26i32 {
            let cx = 0.62 + noise::hash(disc, 1, self.seed) * 0.58;
            let cy = 0.50 + noise::hash(disc, 2, self.seed) * 0.20;
            let radius = 0.012 + 0.020 * noise::hash(disc, 3, self.seed);
            let away = length(x - cx, y - cy);
            if away < radius + 0.004 {
                let warm = noise::hash(disc, 4, self.seed);
                let tint = if warm > 0.6 {
                    [2.4, 0.35, 0.12]
                } else if warm > 0.3 {
                    [2.2, 1.4, 0.6]
                } else {
                    [0.3, 1.5, 1.1]
                };
                let ring = 0.75 + 0.5 * smooth(radius * 0.7, radius, away);
                colour = add(colour, tint, 0.32 * ring * cover(away - radius, pixel * 3.0));
            }
        }
        for building in 0..7i32 {
            let side = if building % 2 == 0 { -1.0 } else { 1.0 };
            let rank = (building / 2) as f32;
            let edge = 0.90 + side * (0.17 + rank * 0.21 + 0.05 * noise::hash(building, 9, self.seed));
            let outside = (x - edge) * side;
            let top = 0.30 - rank * 0.13 + 0.08 * noise::hash(building, 8, self.seed);
            let wall = cover((-outside).max(top - y), pixel);
            if wall <= 0.0 {
                continue;
            }
            let brick = 0.75 + 0.5 * noise::value(x * 90.0, y * 190.0, 77);
            let mut face = times([0.016, 0.015, 0.020], [brick * (1.0 + 0.4 * rank); 3]);
            let (wx, wy) = (outside / (0.040 + rank * 0.012), (y - top) / (0.058 + rank * 0.014));
            let (cx, cy) = (wx.floor() as i32, wy.floor() as i32);
            let lit = noise::hash(cx + building * 40, cy, self.seed ^ 5);
            let pane = rect(wx - wx.floor(), wy - wy.floor(), 0.5, 0.5, 0.30, 0.32);
            let glow = if lit > 0.70 { 0.25 + 1.6 * (lit - 0.70) } else { 0.015 };
            let shade = if lit > 0.9 { [0.45, 0.75, 1.0] } else { [1.0, 0.58, 0.24] };
            let blind = 0.7 + 0.3 * smooth(0.3, 0.6, wy - wy.floor());
            face = mix(face, times(shade, [glow * blind; 3]), cover(pane, pixel * 20.0) * f32::from(u8::from(y < KERB - 0.12)));
            colour = mix(colour, face, wall);
        }
        self.neon(x, y, pixel, &mut colour);
        colour
    }

    /// Signs beyond Rec.709 on purpose: a negative component is a colour that only a wide gamut can hold.
    fn neon(&self, x: f32, y: f32, pixel: f32, colour: &mut [f32; 3]) {
        let ring = (length(x - 0.44, y - 0.34) - 0.085).abs() - 0.0045;
        let star = (0..5).fold(f32::MAX, |nearest, arm| {
            let angle = arm as f32 * 1.256_637 - std::f32::consts::FRAC_PI_2;
            nearest.min(capsule(x, y, (0.44, 0.34), (0.44 + 0.055 * angle.cos(), 0.34 + 0.055 * angle.sin()), 0.003))
        });
        let bars = (0..4).fold(f32::MAX, |nearest, bar| {
            let length = 0.05 + 0.05 * noise::hash(bar, 12, self.seed);
            nearest.min(rect(x, y, 1.39, 0.24 + bar as f32 * 0.055, length, 0.0045))
        });
        let frame = rect(x, y, 1.39, 0.322, 0.125, 0.125).abs() - 0.0035;
        let arrow = capsule(x, y, (1.62, 0.44), (1.62, 0.60), 0.004)
            .min(capsule(x, y, (1.62, 0.60), (1.585, 0.565), 0.004))
            .min(capsule(x, y, (1.62, 0.60), (1.655, 0.565), 0.004));
        let strip = rect(x, y, 0.16, 0.52, 0.10, 0.006);
        let signs: [(f32, [f32; 3], f32); 6] = [
            (ring, [11.0, -0.5, 4.2], 1.0),
            (star, [10.0, 3.2, -0.4], 0.8),
            (bars, [-0.9, 6.0, 7.4], 1.0),
            (frame, [0.2, 0.0, 14.0], 1.0),
            (arrow, [-0.5, 9.0, -0.2], 1.0),
            (strip, [13.0, 0.2, -0.3], 1.0),
        ];
        for (distance, tint, strength) in signs {
            let away = distance.max(0.0);
            *colour = add(*colour, tint, strength * (0.055 * (-away * 34.0).exp() + 0.010 * (-away * 6.0).exp()));
            *colour = mix(*colour, times(tint, [strength; 3]), cover(distance, pixel));
            *colour = mix(*colour, add(tint, [6.0, 6.0, 6.0], 1.0), cover(distance + 0.0022, pixel) * strength * 0.7);
        }
    }
}

impl Shader for Street {
    /// Below the kerb: how deep the puddle is, and how bright the asphalt.
    fn still(&self, x: f32, y: f32) -> [f32; 3] {
        if y < KERB {
            return self.upright(x, y, self.pixel);
        }
        let puddle = smooth(0.42, 0.60, noise::layered(x * 3.2, y * 9.0, 4, self.seed ^ 45));
        [puddle, 0.010 * (0.7 + 0.6 * noise::value(x * 300.0, y * 300.0, 46)), 0.0]
    }

    fn moving(&self, x: f32, y: f32, time: f32, still: [f32; 3], plate: &Plate) -> [f32; 3] {
        let walker = 1.05 - 0.045 * time;
        let feet = 0.90;
        let mut colour = still;
        if y >= KERB {
            let [puddle, asphalt, _] = still;
            let depth = (y - KERB) / (1.0 - KERB);
            let ripple = noise::layered(x * 20.0 / (0.4 + depth), y * 90.0 + time * 0.8, 2, self.seed ^ 44) - 0.5;
            let rough = 0.05 + (0.012 - 0.05) * puddle;
            let mirrored = KERB - (y - KERB) * 2.0 + ripple * rough * 3.0;
            let smear = 0.004 + 0.03 * (1.0 - puddle) * depth;
            let mut seen = [0.0; 3];
            for tap in [-1.5, -0.5, 0.5, 1.5] {
                seen = add(
                    seen,
                    plate.sample(x + ripple * rough, (mirrored + tap * smear).clamp(0.02, KERB - 2.0 * self.pixel)),
                    0.25,
                );
            }
            let sheen = mix([0.20, 0.20, 0.22], [0.62, 0.62, 0.66], puddle);
            colour = add(times(seen, sheen), [1.0, 1.0, 1.1], asphalt);
        }
        if (x - walker).abs() < 0.20 && y > 0.42 {
            let body = person(x, y, walker, feet, 0.36, time * 5.5);
            let lit = smooth(0.0, -0.009, body);
            let from_left = smooth(0.04, -0.05, x - walker);
            let coat = mix(mix([0.035, 0.075, 0.09], [0.17, 0.014, 0.06], from_left), [0.007, 0.007, 0.010], lit);
            colour = mix(colour, coat, cover(body, self.pixel));
            let (ux, uy) = ((x - walker - 0.02) / 0.15, (y - (feet - 0.36)) / 0.085);
            let canopy = length(ux, uy) - 1.0;
            if uy < 0.0 {
                let rib = 0.7 + 0.3 * (ux * 9.0).cos();
                let cloth = mix(times([0.36, 0.020, 0.026], [rib; 3]), [0.8, 0.40, 0.45], smooth(-0.05, 0.0, canopy) * 0.6);
                colour = mix(colour, cloth, cover(canopy * 0.09, self.pixel));
            }
        }
        let slant = x + y * 0.10;
        let lane = (slant / 0.006).floor();
        let speed = 1.6 + noise::hash(lane as i32, 21, self.seed);
        let fall = y * 1.4 - time * speed + noise::hash(lane as i32, 22, self.seed) * 7.0;
        if noise::hash(lane as i32, fall.floor() as i32, self.seed ^ 61) > 0.90 {
            let along = fall - fall.floor();
            let across = ((slant / 0.006) - lane - 0.5).abs();
            colour =
                add(colour, [0.10, 0.11, 0.14], smooth(0.35, 0.0, across) * smooth(0.0, 0.1, along) * smooth(0.22, 0.1, along));
        }
        colour
    }
}
