//! Owns the check of sound: silence, clipping, phase, channels that are missing or say nothing. Reads samples as they stream by.

use super::{Fault, QualityRequest, Span};
use crate::child::{Allowance, Running, keep_some};
use crate::error::{PreviewError, ToolError};
use crate::ffmpeg::Ffmpeg;
use crate::info::{MediaInfo, reason};
use crate::proxy::{Children, Watchdog};
use checkgate_model::{FrameRate, Severity};
use serde::Serialize;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::Ordering;

/// Most channels of a stream.
const MOST_CHANNELS: usize = 64;
const MOST_STREAMS: usize = 64;
/// Most windows of silence that are kept.
const MOST_RUNS: usize = 10_000;
/// At or above this a sample is at the end of the range.
const FULL: f32 = 0.9995;
/// So many in a row are clipped.
const FULL_RUN: u32 = 3;
/// Below this a channel carries nothing, not even a preamplifier's noise.
const NOTHING_DBFS: f64 = -90.0;
/// Channels are compared for phase above this.
const HEARD_DBFS: f64 = -50.0;

/// One stream of sound. Levels in dBFS; -200 is digital silence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SoundMeasures {
    /// Samples of each channel.
    pub samples: u64,
    /// Samples a second.
    pub sample_rate: u64,
    /// Highest sample of each channel.
    pub peak_dbfs: Vec<f64>,
    /// Root mean square of each channel.
    pub rms_dbfs: Vec<f64>,
    /// Runs of three samples and more at the end of the range, of each channel.
    pub clipped: Vec<u64>,
    /// First clipped sample, if any.
    pub first_clipped: Option<u64>,
    /// Correlation of channels 1 and 2, 3 and 4, …: 1 in phase, -1 against it; `None` where one is too quiet to tell.
    pub correlation: Vec<Option<f64>>,
    /// Level of the loudest channel in each tenth of a second.
    #[serde(skip)]
    pub windows_dbfs: Vec<f32>,
    /// What the decoder said where it did not come to the end.
    pub broken: Option<String>,
}

fn dbfs(amplitude: f64) -> f64 {
    if amplitude <= 1e-10 { -200.0 } else { 20.0 * amplitude.log10() }
}

struct Meter {
    window: u64,
    samples: u64,
    peak: Vec<f32>,
    square: Vec<f64>,
    product: Vec<f64>,
    run: Vec<u32>,
    clipped: Vec<u64>,
    first_clipped: Option<u64>,
    window_square: Vec<f64>,
    windows: Vec<f32>,
}

impl Meter {
    fn new(channels: usize, sample_rate: u64) -> Self {
        Self {
            window: (sample_rate / 10).max(1),
            samples: 0,
            peak: vec![0.0; channels],
            square: vec![0.0; channels],
            product: vec![0.0; channels / 2],
            run: vec![0; channels],
            clipped: vec![0; channels],
            first_clipped: None,
            window_square: vec![0.0; channels],
            windows: Vec::new(),
        }
    }

    /// One sample of each channel.
    fn add(&mut self, frame: &[f32]) {
        for (channel, value) in frame.iter().enumerate() {
            let value = if value.is_finite() { *value } else { 0.0 };
            let size = value.abs();
            self.peak[channel] = self.peak[channel].max(size);
            let square = f64::from(value) * f64::from(value);
            self.square[channel] += square;
            self.window_square[channel] += square;
            if size >= FULL {
                self.run[channel] += 1;
                if self.run[channel] == FULL_RUN {
                    self.clipped[channel] += 1;
                    self.first_clipped.get_or_insert(self.samples);
                }
            } else {
                self.run[channel] = 0;
            }
        }
        for (pair, product) in frame.chunks_exact(2).zip(&mut self.product) {
            *product += f64::from(pair[0]) * f64::from(pair[1]);
        }
        self.samples += 1;
        if self.samples.is_multiple_of(self.window) {
            let loudest = self.window_square.iter().copied().fold(0.0, f64::max);
            self.window_square.fill(0.0);
            self.windows.push(dbfs((loudest / self.window as f64).sqrt()) as f32);
        }
    }

    fn finish(self, sample_rate: u64, broken: Option<String>) -> SoundMeasures {
        let count = self.samples.max(1) as f64;
        let rms: Vec<f64> = self.square.iter().map(|square| dbfs((square / count).sqrt())).collect();
        let correlation = self
            .product
            .iter()
            .enumerate()
            .map(|(pair, product)| {
                let (a, b) = (2 * pair, 2 * pair + 1);
                let heard = rms[a] > HEARD_DBFS && rms[b] > HEARD_DBFS;
                heard.then(|| product / (self.square[a] * self.square[b]).sqrt())
            })
            .collect();
        SoundMeasures {
            samples: self.samples,
            sample_rate,
            peak_dbfs: self.peak.iter().map(|peak| dbfs(f64::from(*peak))).collect(),
            rms_dbfs: rms,
            clipped: self.clipped,
            first_clipped: self.first_clipped,
            correlation,
            windows_dbfs: self.windows,
            broken,
        }
    }
}

/// Hears every stream.
pub(crate) fn measure(ffmpeg: &Ffmpeg, path: &Path, info: &MediaInfo) -> Result<Vec<SoundMeasures>, PreviewError> {
    let streams = info.audio.iter().take(MOST_STREAMS).enumerate();
    streams
        .filter(|(_, audio)| audio.channels > 0 && audio.sample_rate > 0)
        .map(|(number, audio)| {
            let channels = usize::try_from(audio.channels).unwrap_or(MOST_CHANNELS).min(MOST_CHANNELS);
            stream(ffmpeg, path, number, channels, audio.sample_rate)
        })
        .collect()
}

fn stream(ffmpeg: &Ffmpeg, path: &Path, number: usize, channels: usize, rate: u64) -> Result<SoundMeasures, PreviewError> {
    let mut command = ffmpeg.command();
    Ffmpeg::add_input(&mut command, path);
    // Rate and channels are asked for as they are, so that nothing is mixed or converted but the sample format.
    command.args(["-map", &format!("0:a:{number}"), "-vn", "-sn", "-dn", "-ac", &channels.to_string()]);
    command.args(["-ar", &rate.to_string(), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut decoder = Running::spawn(&mut command, Allowance { memory_bytes: ffmpeg.limits().memory_bytes, files: false })
        .map_err(|source| PreviewError::Tool {
            path: path.to_path_buf(),
            source: ToolError::CannotStart { program: ffmpeg.path().to_path_buf(), source },
        })?;
    let mut samples = decoder.child().stdout.take().expect("stdout was asked for");
    let said = decoder.child().stderr.take().expect("stderr was asked for");
    let children = Children::default();
    children.add(decoder);
    let said = std::thread::spawn(move || keep_some(said));
    let watchdog = Watchdog::start(&children, ffmpeg.limits().stall);
    let mut meter = Meter::new(channels, rate);
    let mut bytes = vec![0_u8; channels * 4 * 4096];
    let mut frame = vec![0.0_f32; channels];
    let mut have = 0;
    loop {
        let count = samples.read(&mut bytes[have..]).map_err(|source| PreviewError::Read { path: path.to_path_buf(), source })?;
        watchdog.moved.fetch_add(1, Ordering::Relaxed);
        if count == 0 {
            break;
        }
        have += count;
        let whole = have / (channels * 4) * (channels * 4);
        for one in bytes[..whole].chunks_exact(channels * 4) {
            for (value, raw) in frame.iter_mut().zip(one.chunks_exact(4)) {
                *value = f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
            }
            meter.add(&frame);
        }
        bytes.copy_within(whole..have, 0);
        have -= whole;
    }
    if watchdog.fired.load(Ordering::Relaxed) {
        let what = format!("nothing moved for {} s", ffmpeg.limits().stall.as_secs_f32());
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let said = said.join().unwrap_or_default();
    Ok(meter.finish(rate, (!said.is_empty()).then(|| reason(&said, path))))
}

/// Spans of windows under `silence`, at least `secs` long, as first and last second.
fn silences(windows: &[f32], silence: f64, secs: f64) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, level) in windows.iter().chain(std::iter::once(&0.0)).enumerate() {
        let quiet = at < windows.len() && f64::from(*level) < silence;
        match (quiet, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if (at - from) as f64 / 10.0 >= secs && found.len() < MOST_RUNS {
                    found.push((from as f64 / 10.0, at as f64 / 10.0));
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn faults(streams: &[SoundMeasures], frames: u64, rate: Option<FrameRate>, request: &QualityRequest) -> Vec<Fault> {
    let limits = &request.thresholds;
    let frame_at = |secs: f64| rate.map_or(0, |rate| (secs * rate.as_f64()).floor().max(0.0) as u64);
    let span = |(from, to): &(f64, f64)| -> Span { (frame_at(*from), frame_at(*to).saturating_sub(1).max(frame_at(*from))) };
    let mut faults = Vec::new();
    let channels: u64 = streams.iter().map(|stream| stream.peak_dbfs.len() as u64).sum();
    if let Some(told) = request.channels_told.filter(|told| *told > channels) {
        faults.push(Fault::new(
            "sound.missing_channels",
            Severity::Warning,
            Vec::new(),
            format!("the metadata speaks of {told} channels of sound, the file holds {channels}"),
            "Look whether the sound was recorded elsewhere, or was lost when the file was made.",
        ));
    }
    let mut number = 0;
    for stream in streams {
        let length = stream.peak_dbfs.len();
        let names = |wanted: &dyn Fn(usize) -> bool| {
            let found: Vec<String> =
                (0..length).filter(|channel| wanted(*channel)).map(|channel| (number + channel + 1).to_string()).collect();
            found.join(", ")
        };
        let silent = |channel: usize| stream.peak_dbfs[channel] < NOTHING_DBFS;
        if (0..length).all(silent) {
            let what = format!("channels {} carry no sound at all", names(&|_| true));
            let hint = "Look whether sound was meant to be recorded on this camera.";
            faults.push(Fault::new("sound.silent", Severity::Warning, Vec::new(), what, hint));
        } else if (0..length).any(silent) {
            let what = format!("channels {} carry no sound, others do", names(&silent));
            let hint = "Look whether the channel was meant to be used; a cable may have come off.";
            faults.push(Fault::new("sound.silent_channel", Severity::Warning, Vec::new(), what, hint));
        }
        let quiet = silences(&stream.windows_dbfs, limits.silence_dbfs, limits.silence_secs);
        if !quiet.is_empty() && !(0..length).all(silent) {
            let total: f64 = quiet.iter().map(|(from, to)| to - from).sum();
            let first = quiet[0];
            let what = format!(
                "{total:.1} s of silence below {} dBFS in {} places, the first from {:.1} s to {:.1} s",
                limits.silence_dbfs,
                quiet.len(),
                first.0,
                first.1
            );
            let hint = "Listen there; a link that drops out leaves such holes.";
            let at = if rate.is_some() { quiet.iter().map(span).collect() } else { Vec::new() };
            faults.push(Fault::new("sound.silence", Severity::Note, at, what, hint));
        }
        let clipped: u64 = stream.clipped.iter().sum();
        if let Some(first) = stream.first_clipped {
            let secs = first as f64 / stream.sample_rate.max(1) as f64;
            let severity = if clipped >= 10 { Severity::Warning } else { Severity::Note };
            let what = format!(
                "{clipped} places where channels {} are at full scale for three samples and more, the first at {secs:.2} s",
                names(&|channel| stream.clipped[channel] > 0)
            );
            let at = rate.map(|_| (frame_at(secs), frame_at(secs))).into_iter().collect();
            faults.push(Fault::new("sound.clipped", severity, at, what, "Listen there; compare with the recorder's own files."));
        }
        for (pair, correlation) in stream.correlation.iter().enumerate() {
            if let Some(correlation) = correlation.filter(|correlation| *correlation < -0.5) {
                let (a, b) = (number + 2 * pair + 1, number + 2 * pair + 2);
                let what = format!("channels {a} and {b} are against each other in phase (correlation {correlation:.2})");
                let hint = "One of them is probably wired the other way round; their sum to mono cancels out.";
                faults.push(Fault::new("sound.phase", Severity::Warning, Vec::new(), what, hint));
            }
        }
        if let (Some(rate), true) = (rate, stream.samples > 0) {
            let picture = frames as f64 / rate.as_f64();
            let sound = stream.samples as f64 / stream.sample_rate.max(1) as f64;
            if picture - sound > 2.5 / rate.as_f64() {
                let what = format!("sound ends after {sound:.2} s, picture after {picture:.2} s");
                let at = vec![(frame_at(sound), frames.saturating_sub(1))];
                let hint = "Look whether the recording broke off; compare with the file's other copies.";
                faults.push(Fault::new("sound.short", Severity::Warning, at, what, hint));
            }
        }
        if let Some(said) = &stream.broken {
            let what = format!("sound could not be decoded to its end: {said}");
            let hint = "Compare the file with its other copies.";
            faults.push(Fault::new("sound.undecodable", Severity::Error, Vec::new(), what, hint));
        }
        number += length;
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_measures_what_is_there() {
        let mut meter = Meter::new(4, 48_000);
        for sample in 0..48_000 {
            let sine = (f64::from(sample) * 440.0 * std::f64::consts::TAU / 48_000.0).sin() as f32;
            meter.add(&[sine * 0.5, sine * -0.5, 0.0, (sine * 2.0).clamp(-1.0, 1.0)]);
        }
        let found = meter.finish(48_000, None);
        assert!((found.peak_dbfs[0] + 6.02).abs() < 0.01 && (found.rms_dbfs[0] + 9.03).abs() < 0.01, "{found:?}");
        assert!((found.correlation[0].unwrap() + 1.0).abs() < 1e-6 && found.correlation[1].is_none());
        assert_eq!((found.peak_dbfs[2], found.clipped[0], found.clipped[3]), (-200.0, 0, 880));
        assert_eq!(found.windows_dbfs.len(), 10);
    }

    #[test]
    fn silence_has_a_beginning_and_an_end() {
        let mut windows = vec![-20.0; 50];
        windows[10..35].fill(-90.0);
        windows[45..].fill(-90.0);
        assert_eq!(silences(&windows, -60.0, 2.0), [(1.0, 3.5)]);
        assert_eq!(silences(&windows, -60.0, 0.5), [(1.0, 3.5), (4.5, 5.0)]);
        assert!(silences(&[], -60.0, 0.0).is_empty());
    }
}
