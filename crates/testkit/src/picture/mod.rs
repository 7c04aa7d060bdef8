//! Owns the pictures on forged cards: scene-linear frames computed from a seed, camera log and gamut encoding, and the YUV planes
//! an encoder takes. It must never read a file or stand in for the product's colour engine; the tests hold it against vectors.

pub mod camera_log;
mod dusk;
mod noise;
mod stage;
mod street;
pub mod yuv;

/// What a clip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// A lake at dusk: a sun far above clipping, hills, a figure with a lantern.
    Dusk,
    /// The same lake at blue hour, from another place.
    BlueHour,
    /// A studio with a chart, an exposure wedge, skin tones, saturated tubes and a lit head.
    Stage,
    /// A wet street at night under saturated neon.
    Street,
}

/// A scene-linear frame with Rec.709 primaries (D65), 0.18 being mid-grey; values above 1 and below 0 are meant.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, row by row from the top.
    pub pixels: Vec<[f32; 3]>,
}

/// A picture in two parts: what stands still is computed once a clip, what moves once a frame.
trait Shader: Sync {
    /// The part that stands still, or numbers that `moving` makes a colour of.
    fn still(&self, x: f32, y: f32) -> [f32; 3];
    /// The colour at `time` seconds; `plate` holds the whole still part.
    fn moving(&self, x: f32, y: f32, time: f32, still: [f32; 3], plate: &Plate) -> [f32; 3];
}

/// The still part of a shot. Places are in picture heights: y down from the top, x so that 8/9 is the centre of any frame.
pub(crate) struct Plate {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Plate {
    fn x_of(&self, column: usize) -> f32 {
        (column as f32 + 0.5 - self.width as f32 / 2.0) / self.height as f32 + 8.0 / 9.0
    }

    /// The colour between the nearest four pixels.
    pub(crate) fn sample(&self, x: f32, y: f32) -> [f32; 3] {
        let column = ((x - 8.0 / 9.0) * self.height as f32 + self.width as f32 / 2.0 - 0.5).clamp(0.0, self.width as f32 - 1.001);
        let row = (y * self.height as f32 - 0.5).clamp(0.0, self.height as f32 - 1.001);
        let (c, r) = (column as usize, row as usize);
        let (tx, ty) = (column - c as f32, row - r as f32);
        let at = |r: usize, c: usize| self.pixels[r.min(self.height - 1) * self.width + c.min(self.width - 1)];
        mix(mix(at(r, c), at(r, c + 1), tx), mix(at(r + 1, c), at(r + 1, c + 1), tx), ty)
    }
}

/// One clip's picture, from which frames are taken at any time.
pub struct Shot {
    plate: Plate,
    shader: Box<dyn Shader>,
}

impl Shot {
    /// Prepares `scene`; the same arguments give the same frames.
    #[must_use]
    pub fn new(scene: Scene, width: usize, height: usize, seed: u64) -> Self {
        let seed = (seed as u32) ^ ((seed >> 32) as u32);
        let pixel = 1.0 / height as f32;
        let shader: Box<dyn Shader> = match scene {
            Scene::Dusk => Box::new(dusk::Dusk::new(seed, pixel, false)),
            Scene::BlueHour => Box::new(dusk::Dusk::new(seed, pixel, true)),
            Scene::Stage => Box::new(stage::Stage::new(pixel)),
            Scene::Street => Box::new(street::Street::new(seed, pixel)),
        };
        let mut plate = Plate { width, height, pixels: Vec::new() };
        let mut pixels = vec![[0.0f32; 3]; width * height];
        by_rows(&mut pixels, width, |row, line| {
            for (column, value) in line.iter_mut().enumerate() {
                *value = shader.still(plate.x_of(column), (row as f32 + 0.5) * pixel);
            }
        });
        plate.pixels = pixels;
        Self { plate, shader }
    }

    /// The frame at `time_secs`.
    #[must_use]
    pub fn frame(&self, time_secs: f32) -> Frame {
        let (width, height) = (self.plate.width, self.plate.height);
        let pixel = 1.0 / height as f32;
        let mut pixels = self.plate.pixels.clone();
        by_rows(&mut pixels, width, |row, line| {
            let y = (row as f32 + 0.5) * pixel;
            for (column, value) in line.iter_mut().enumerate() {
                *value = self.shader.moving(self.plate.x_of(column), y, time_secs, *value, &self.plate);
            }
        });
        Frame { width, height, pixels }
    }
}

/// Runs `work(row, line)` over all lines of `data`, shared between the machine's cores.
pub(crate) fn by_rows<T: Send>(data: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let rows = data.len() / width.max(1);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(rows.max(1));
    let band = rows.div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        for (index, part) in data.chunks_mut(band * width.max(1)).enumerate() {
            let work = &work;
            scope.spawn(move || {
                for (offset, line) in part.chunks_mut(width.max(1)).enumerate() {
                    work(index * band + offset, line);
                }
            });
        }
    });
}

pub(crate) fn mix(a: [f32; 3], b: [f32; 3], amount: f32) -> [f32; 3] {
    [a[0] + (b[0] - a[0]) * amount, a[1] + (b[1] - a[1]) * amount, a[2] + (b[2] - a[2]) * amount]
}

pub(crate) fn add(a: [f32; 3], b: [f32; 3], amount: f32) -> [f32; 3] {
    [a[0] + b[0] * amount, a[1] + b[1] * amount, a[2] + b[2] * amount]
}

pub(crate) fn times(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

pub(crate) fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Distance from the origin; `hypot` guards against overflow that pictures do not have, and is slow.
pub(crate) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Coverage of a shape whose signed distance is `distance` (negative inside), with an edge one pixel wide.
pub(crate) fn cover(distance: f32, pixel: f32) -> f32 {
    (0.5 - distance / (1.2 * pixel)).clamp(0.0, 1.0)
}

/// Signed distance to a box around (cx, cy).
pub(crate) fn rect(x: f32, y: f32, cx: f32, cy: f32, half_width: f32, half_height: f32) -> f32 {
    let dx = (x - cx).abs() - half_width;
    let dy = (y - cy).abs() - half_height;
    dx.max(dy).min(0.0) + length(dx.max(0.0), dy.max(0.0))
}

/// Signed distance to a line with round ends.
pub(crate) fn capsule(x: f32, y: f32, a: (f32, f32), b: (f32, f32), radius: f32) -> f32 {
    let (px, py) = (x - a.0, y - a.1);
    let (bx, by) = (b.0 - a.0, b.1 - a.1);
    let along = ((px * bx + py * by) / (bx * bx + by * by).max(1e-9)).clamp(0.0, 1.0);
    length(px - bx * along, py - by * along) - radius
}

/// Signed distance to a walking person of `height` whose feet stand at (x0, y0).
pub(crate) fn person(x: f32, y: f32, x0: f32, y0: f32, height: f32, phase: f32) -> f32 {
    let at = |fx: f32, fy: f32| (x0 + fx * height, y0 - fy * height);
    let step = phase.sin() * 0.11;
    let head = capsule(x, y, at(0.015, 0.915), at(0.015, 0.94), 0.062 * height);
    let coat = capsule(x, y, at(0.0, 0.78), at(0.0, 0.45), 0.105 * height);
    let hem = capsule(x, y, at(-0.02, 0.44), at(0.02, 0.44), 0.10 * height);
    let front = capsule(x, y, at(0.0, 0.45), at(step, 0.03), 0.045 * height);
    let back = capsule(x, y, at(0.0, 0.45), at(-step, 0.03), 0.045 * height);
    let arm = capsule(x, y, at(0.04, 0.74), at(0.2, 0.56), 0.036 * height);
    head.min(coat).min(hem).min(front).min(back).min(arm)
}
