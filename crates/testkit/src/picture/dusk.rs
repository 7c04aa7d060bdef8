//! Owns the lake at dusk and at blue hour.

use super::{Plate, Shader, add, capsule, cover, length, mix, noise, person, smooth, times};

pub(super) struct Dusk {
    seed: u32,
    pixel: f32,
    sun: (f32, f32),
    walker: (f32, f32),
    sky: [[f32; 3]; 3],
    sun_light: [f32; 3],
    blue_hour: bool,
}

const SHORE: f32 = 0.655;
const BANK: f32 = 0.86;

impl Dusk {
    pub(super) fn new(seed: u32, pixel: f32, blue_hour: bool) -> Self {
        if blue_hour {
            Self {
                seed: seed.wrapping_add(77),
                pixel,
                sun: (0.42, 0.648),
                walker: (1.34, -0.05),
                sky: [[0.012, 0.045, 0.16], [0.10, 0.17, 0.36], [0.95, 0.42, 0.34]],
                sun_light: [14.0, 7.4, 4.6],
                blue_hour,
            }
        } else {
            Self {
                seed,
                pixel,
                sun: (1.18, 0.52),
                walker: (0.40, 0.05),
                sky: [[0.016, 0.040, 0.125], [0.20, 0.125, 0.16], [1.25, 0.42, 0.11]],
                sun_light: [130.0, 74.0, 27.0],
                blue_hour,
            }
        }
    }

    fn sky(&self, x: f32, y: f32) -> [f32; 3] {
        let height = ((SHORE - y) / SHORE).clamp(0.0, 1.0);
        let mut colour = if height < 0.35 {
            mix(self.sky[2], self.sky[1], smooth(0.0, 0.35, height))
        } else {
            mix(self.sky[1], self.sky[0], smooth(0.35, 1.0, height))
        };
        let away = length(x - self.sun.0, (y - self.sun.1) * 1.25);
        let warm = mix(self.sun_light, [self.sun_light[0], self.sun_light[0] * 0.45, self.sun_light[0] * 0.12], 0.5);
        colour = add(colour, warm, 0.010 * (-away * 5.0).exp() + 0.035 * (-away * 21.0).exp());
        let bank = noise::layered(x * 1.7, y * 7.5, 5, self.seed);
        let wisps = noise::layered(x * 5.0, y * 26.0, 3, self.seed ^ 9);
        let thick = smooth(0.50, 0.74, bank * 0.8 + wisps * 0.2) * smooth(0.02, 0.22, height);
        let lit = (-away * 2.6).exp();
        let cloud = mix(times(self.sky[1], [0.42, 0.40, 0.50]), times(warm, [0.0085, 0.0070, 0.0080]), lit);
        let rim = smooth(0.35, 0.62, bank) * (1.0 - smooth(0.62, 0.78, bank)) * lit;
        colour = mix(colour, cloud, thick * 0.85);
        colour = add(colour, warm, 0.010 * rim);
        if height > 0.5 {
            let cell = 0.016;
            let (cx, cy) = ((x / cell).floor(), (y / cell).floor());
            let chance = noise::hash(cx as i32, cy as i32, self.seed ^ 31);
            if chance > 0.965 {
                let (sx, sy) = (noise::hash(cx as i32, cy as i32, 5), noise::hash(cx as i32, cy as i32, 6));
                let distance = length(x / cell - cx - sx, y / cell - cy - sy) * cell;
                let glow = cover(distance - 0.0007, self.pixel) * (0.3 + 1.2 * (chance - 0.965) / 0.035);
                colour = add(
                    colour,
                    [0.8, 0.9, 1.0],
                    glow * smooth(0.5, 0.9, height) * (1.0 - thick) * if self.blue_hour { 0.9 } else { 0.35 },
                );
            }
        }
        let disc = length(x - self.sun.0, y - self.sun.1) - 0.034;
        mix(colour, self.sun_light, cover(disc, self.pixel) * (1.0 - thick * 0.8) * if self.blue_hour { 0.0 } else { 1.0 })
    }

    fn ridge(&self, x: f32, layer: u32) -> f32 {
        let (base, swing, size) = [(0.585, 0.13, 1.3), (0.618, 0.085, 2.1), (0.648, 0.05, 3.7)][layer as usize];
        let line = noise::layered(x * size + layer as f32 * 17.0, 3.1, 5, self.seed ^ (layer * 53 + 3));
        let trees = if layer == 2 { noise::value(x * 130.0, 1.0, self.seed ^ 71) * 0.010 } else { 0.0 };
        base - swing * (line - 0.42) * 1.6 - trees
    }

    fn land(&self, x: f32, y: f32) -> [f32; 3] {
        let mut colour = self.sky(x, y);
        let haze = times(self.sky[2], [0.30, 0.34, 0.50]);
        for layer in 0..3 {
            let depth = layer as f32 / 2.0;
            let near = mix(haze, [0.010, 0.013, 0.016], 0.35 + 0.6 * depth);
            let ridge = self.ridge(x, layer);
            let mist = smooth(ridge, SHORE + 0.02, y) * (1.0 - depth) * 0.6;
            colour = mix(colour, mix(near, haze, mist), cover(ridge - y, self.pixel));
        }
        colour
    }

    fn water(&self, x: f32, y: f32, time: f32, plate: &Plate) -> [f32; 3] {
        let depth = (y - SHORE) / (BANK - SHORE);
        let stretch = 1.0 / (0.06 + 0.5 * depth);
        let wave = noise::layered(x * 9.0 * stretch, y * 130.0 * stretch.sqrt() + time * 1.3, 3, self.seed ^ 200) - 0.5;
        let mirrored = SHORE - (y - SHORE) * 1.05 + wave * 0.16 * (0.2 + depth);
        let reflected = plate.sample(x + wave * 0.05, mirrored.min(SHORE - 2.0 * self.pixel));
        let tinted = times(reflected, [0.52, 0.58, 0.64]);
        let capped = [tinted[0].min(24.0), tinted[1].min(14.0), tinted[2].min(6.0)];
        add(capped, [0.004, 0.008, 0.013], 1.0)
    }
}

impl Shader for Dusk {
    /// Below the shore line: how rough the soil is, and how much of the pixel is bank.
    fn still(&self, x: f32, y: f32) -> [f32; 3] {
        if y < SHORE {
            return self.land(x, y);
        }
        let grass =
            noise::value(x * 210.0, 0.5, self.seed ^ 17).powi(2) * 0.028 + noise::layered(x * 4.0, 7.0, 3, self.seed ^ 19) * 0.05;
        let bank = BANK + 0.025 - grass;
        let soil = 0.35 + noise::layered(x * 38.0, y * 60.0, 3, self.seed ^ 23);
        [soil, cover(bank - y, self.pixel * 1.5), 0.0]
    }

    fn moving(&self, x: f32, y: f32, time: f32, still: [f32; 3], plate: &Plate) -> [f32; 3] {
        const REACH: f32 = 0.46;
        let walker = self.walker.0 + self.walker.1 * time;
        if (x - walker).abs() > REACH + 0.06 && (y < SHORE || still[1] <= 0.0) {
            return if y < SHORE { still } else { self.water(x, y, time, plate) };
        }
        let feet = bank_line(self, walker) + 0.004;
        let lantern = (walker + 0.2 * 0.235 + 0.004, feet - 0.5 * 0.235 + 0.018 + 0.003 * (time * 4.0).sin());
        let from_lantern = length(x - lantern.0, y - lantern.1);
        let near = from_lantern < REACH;
        let window = (1.0 - from_lantern / REACH).max(0.0).powi(2);
        let light = 0.006 / (0.004 + from_lantern * from_lantern * 1.6) * window;
        let mut colour = still;
        if y >= SHORE {
            colour = if still[1] < 1.0 { self.water(x, y, time, plate) } else { [0.0; 3] };
            let ground = add([0.0055, 0.006, 0.0065], [0.085, 0.042, 0.012], light * still[0]);
            colour = mix(colour, ground, still[1]);
        }
        if !near {
            return colour;
        }
        let body = person(x, y, walker, feet, 0.235, time * 5.0 + 0.8);
        let facing = smooth(-0.02, 0.03, x - walker);
        let coat = add([0.006, 0.006, 0.008], [0.30, 0.14, 0.045], light * facing * 0.28);
        colour = mix(colour, coat, cover(body, self.pixel));
        let handle = capsule(x, y, (lantern.0, lantern.1 - 0.022), (lantern.0, lantern.1 - 0.012), 0.0012);
        colour = mix(colour, [0.02, 0.012, 0.006], cover(handle, self.pixel));
        let flicker = 1.0 + 0.08 * (time * 23.0).sin();
        let glass = capsule(x, y, (lantern.0, lantern.1 - 0.004), (lantern.0, lantern.1 + 0.004), 0.0075);
        colour = mix(colour, [46.0 * flicker, 22.0 * flicker, 5.0], cover(glass, self.pixel));
        add(
            colour,
            [1.0, 0.46, 0.11],
            flicker * window * (0.42 * (-from_lantern * 17.0).exp() + 0.04 * (-from_lantern * 4.0).exp()),
        )
    }
}

fn bank_line(scene: &Dusk, x: f32) -> f32 {
    BANK + 0.022 - noise::layered(x * 4.0, 7.0, 3, scene.seed ^ 19) * 0.05
}
