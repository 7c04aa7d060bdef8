//! Owns the wide path of the exact engine: the operations of a processor over blocks of pixels, by vector instructions that are chosen
//! when the program runs. The same operations in the same order as the engine's own, with the same bits on every machine; what is not
//! known here is left to the engine, within the block. Must never change what a conversion does: tests hold it to the engine.
#![expect(unsafe_code, reason = "code for vector instructions may only be called where they are found")]

mod aces2;
mod math;
mod pq;
mod steps;

use aces2::OutputTransform;
use math::{BLOCK, Plane};
use ocio::CpuProcessor;
use std::sync::{Arc, Mutex};
use steps::Step;

/// A processor over blocks.
pub(crate) struct Wide {
    /// By the engine, for blocks in which something is not finite.
    processor: CpuProcessor,
    steps: Vec<Step>,
    level: Level,
}

/// Instructions that the same code is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Those every machine of this kind has.
    Base,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Those of this machine, the fastest last.
    pub(crate) fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "only some machines have more")]
        let mut levels = vec![Self::Base];
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") {
                levels.push(Self::Avx2);
            }
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512dq")
            {
                levels.push(Self::Avx512);
            }
        }
        levels
    }
}

/// Tables of the ACES 2 output transforms that were built last; each takes milliseconds and 9 KiB.
static TRANSFORMS: Mutex<Vec<(Vec<u64>, Arc<OutputTransform>)>> = Mutex::new(Vec::new());
const MOST_TRANSFORMS: usize = 16;

fn shared_output_transform(params: &[f64]) -> Option<Arc<OutputTransform>> {
    let key: Vec<u64> = params.iter().map(|value| value.to_bits()).collect();
    let mut known = TRANSFORMS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, transform)) = known.iter().find(|(other, _)| *other == key) {
        return Some(transform.clone());
    }
    let transform = Arc::new(OutputTransform::new(params)?);
    if known.len() == MOST_TRANSFORMS {
        known.remove(0);
    }
    known.push((key, transform.clone()));
    Some(transform)
}

impl Wide {
    /// The same conversion; `None` where it needs alpha, or where nothing of it is computed here.
    pub(crate) fn new(processor: &CpuProcessor) -> Option<Self> {
        let steps: Vec<Step> = processor.ops().iter().map(Step::of).collect::<Option<_>>()?;
        let level = Level::available().into_iter().next_back().unwrap_or(Level::Base);
        steps.iter().any(Step::is_ours).then(|| Self { processor: processor.clone(), steps, level })
    }

    /// The same by other instructions.
    #[cfg(test)]
    fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Converts in place, on the calling thread.
    pub(crate) fn apply(&self, rgb: &mut [[f32; 3]]) {
        match self.level {
            Level::Base => run(self, rgb),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Level::Avx2` is only made where the processor was found to have AVX2.
            Level::Avx2 => unsafe { run_avx2(self, rgb) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Level::Avx512` is only made where the processor was found to have these.
            Level::Avx512 => unsafe { run_avx512(self, rgb) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(wide: &Wide, rgb: &mut [[f32; 3]]) {
    run(wide, rgb);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq")]
fn run_avx512(wide: &Wide, rgb: &mut [[f32; 3]]) {
    run(wide, rgb);
}

#[inline(always)]
fn run(wide: &Wide, rgb: &mut [[f32; 3]]) {
    let mut planes: [Plane; 3] = [[0.0; BLOCK]; 3];
    for block in rgb.chunks_mut(BLOCK) {
        for (at, pixel) in block.iter().enumerate() {
            for channel in 0..3 {
                planes[channel][at] = pixel[channel];
            }
        }
        // Zero where everything is finite, else not a number.
        let mut finite: Plane = [0.0; BLOCK];
        look(&planes, &mut finite);
        for step in &wide.steps {
            step.apply(&mut planes);
            look(&planes, &mut finite);
        }
        if finite[..block.len()].iter().any(|value| value.is_nan()) {
            by_engine(&wide.processor, block);
            // The lanes behind the last pixel of the last block must not keep what is not finite.
            planes = [[0.0; BLOCK]; 3];
            continue;
        }
        for (at, pixel) in block.iter_mut().enumerate() {
            for channel in 0..3 {
                pixel[channel] = planes[channel][at];
            }
        }
    }
}

#[inline(always)]
fn look(planes: &[Plane; 3], finite: &mut Plane) {
    let [red, green, blue] = planes;
    for at in 0..BLOCK {
        finite[at] += red[at] * 0.0 + green[at] * 0.0 + blue[at] * 0.0;
    }
}

#[inline(never)]
fn by_engine(processor: &CpuProcessor, block: &mut [[f32; 3]]) {
    processor.apply_rgb_slice(block.as_flattened_mut());
}

#[cfg(test)]
mod tests;
