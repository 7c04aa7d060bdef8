//! Owns rendering one clip: its files are fetched into a temporary folder, a still and a proxy are made by the same crate as on
//! the workstation, and nothing is kept. What cannot be decoded is a finding, not an error: the others go on.

use super::StageError;
use crate::keys::PackageKeys;
use crate::objects::{ObjectError, Objects};
use crate::package::Marker;
use crate::results::{Inspection, Preview, PreviewFile, inspection_key, preview_key};
use bytes::Bytes;
use checkgate_color::{Engine, choose_for_record};
use checkgate_model::{Clip, ClipKind, ClipRecord, FieldValue, FileRole, Finding, FrameRate, RelPath, Severity};
use checkgate_preview::{Ffmpeg, Media, PreviewError, ProxyOptions, StillRequest, proxy, still};
use checkgate_transfer::ResultKind;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::AsyncWriteExt;

const PROXY_WIDTH: usize = 1280;
const STILL_QUALITY: u8 = 90;

/// Renders clip number `clip` of a package below `work_folder`, or returns what an earlier run made. `None` if that clip has no
/// picture.
pub async fn preview(
    objects: &Objects,
    keys: &PackageKeys,
    clip: usize,
    work_folder: &Path,
) -> Result<Option<Preview>, StageError> {
    let marker: Marker = objects.get_json(&keys.marker()).await?.ok_or_else(|| StageError::NotReady("the marker".to_owned()))?;
    let inspection: Option<Inspection> = objects.get_json(&inspection_key(keys, &marker.input)).await?;
    let inspection = inspection.ok_or_else(|| StageError::NotReady("the inspection".to_owned()))?;
    let (Some(Some(input)), Some(known), Some(record)) =
        (inspection.previews.get(clip), inspection.card.clips.get(clip), inspection.records.get(clip))
    else {
        return Ok(None);
    };
    let out = preview_key(keys, input, "preview.json");
    if let Some(made) = objects.get_json::<Preview>(&out).await? {
        return Ok(Some(made));
    }
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| StageError::WorkFolder { path, source }
    };
    tokio::fs::create_dir_all(work_folder).await.map_err(failed(work_folder))?;
    let folder = tempfile::Builder::new().prefix("clip-").tempdir_in(work_folder).map_err(failed(work_folder))?;
    let media = fetch(objects, keys, known, folder.path()).await?;
    let job = Job { clip: known.clone(), record: record.clone(), media, folder: folder.path().to_path_buf() };
    // A worker that is told to stop drops this future; the flag then ends the encoder on its thread.
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&stop.0);
    let rendered =
        tokio::task::spawn_blocking(move || render(&job, &flag)).await.map_err(|join| StageError::Broken(join.to_string()))??;
    for file in &rendered.files {
        store_file(objects, &preview_key(keys, input, &file.name), &folder.path().join(&file.name)).await?;
    }
    objects.put_json(&out, &rendered).await?;
    Ok(Some(rendered))
}

struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Job {
    clip: Clip,
    record: ClipRecord,
    media: Vec<(RelPath, PathBuf)>,
    folder: PathBuf,
}

/// Fetches what is decoded, under names that are ours but for the extension.
async fn fetch(objects: &Objects, keys: &PackageKeys, clip: &Clip, folder: &Path) -> Result<Vec<(RelPath, PathBuf)>, StageError> {
    let wanted: Vec<&RelPath> = if clip.kind == ClipKind::Sequence {
        clip.files.iter().filter(|file| file.role == FileRole::Frame).map(|file| &file.path).collect()
    } else {
        clip.essence().map(|file| &file.path).into_iter().collect()
    };
    let mut fetched = Vec::with_capacity(wanted.len());
    for (number, path) in wanted.into_iter().enumerate() {
        let extension: String = path.extension().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let place = folder.join(format!("media-{number:07}.{extension}"));
        let failed = |source| StageError::WorkFolder { path: place.clone(), source };
        let key = keys.media(path);
        let store = |source| StageError::Store(ObjectError::Store { key: key.to_string(), source });
        let mut bytes = objects.store().get(&key).await.map_err(store)?.into_stream();
        let mut file = tokio::fs::File::create(&place).await.map_err(failed)?;
        while let Some(chunk) = bytes.next().await {
            file.write_all(&chunk.map_err(store)?).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        fetched.push((path.clone(), place));
    }
    Ok(fetched)
}

async fn store_file(objects: &Objects, key: &Key, path: &Path) -> Result<(), StageError> {
    let failed = |source| StageError::WorkFolder { path: path.to_path_buf(), source };
    let size_bytes = tokio::fs::metadata(path).await.map_err(failed)?.len();
    if size_bytes < 16 * 1024 * 1024 {
        let bytes = tokio::fs::read(path).await.map_err(failed)?;
        return Ok(objects.put(key, Bytes::from(bytes)).await?);
    }
    let mut source = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut target = BufWriter::new(Arc::clone(objects.store()), key.clone());
    let stored = async {
        tokio::io::copy(&mut source, &mut target).await?;
        target.shutdown().await
    };
    stored.await.map_err(|source| {
        let source = object_store::Error::Generic { store: "results", source: Box::new(source) };
        StageError::Store(ObjectError::Store { key: key.to_string(), source })
    })
}

fn rate_of(record: &ClipRecord) -> Option<FrameRate> {
    ["rate.project", "tc.rate", "rate.sensor"].into_iter().find_map(|name| match record.get(name)? {
        FieldValue::Rational(num, den) => FrameRate::new(u32::try_from(*num).ok()?, u32::try_from(*den).ok()?),
        other => FrameRate::parse(&other.display()),
    })
}

fn render(job: &Job, stop: &AtomicBool) -> Result<Preview, StageError> {
    let engine = Engine::shared().map_err(|error| StageError::Color(error.to_string()))?;
    let mut made = Preview { clip: job.clip.name.clone(), files: Vec::new(), provenance: None, findings: Vec::new() };
    let ffmpeg = match Ffmpeg::find() {
        Ok(ffmpeg) => Some(ffmpeg),
        Err(error) => {
            let message =
                format!("ffmpeg is not there, so only single frames (EXR, DPX, DNG and the like) could be rendered: {error}");
            made.findings.push(
                Finding::new("preview.tool", Severity::Warning, message, "Install ffmpeg where the worker runs.")
                    .with_clip(&job.clip.name),
            );
            None
        }
    };
    let paths: Vec<PathBuf> = job.media.iter().map(|(_, path)| path.clone()).collect();
    let media = match (job.clip.kind, paths.first()) {
        (ClipKind::Sequence, Some(_)) => Media::Frames(paths),
        (_, Some(first)) => Media::File(first.clone()),
        (_, None) => return Ok(made),
    };
    let given = |name: &str| Some(job.record.text(name)).filter(|text| !text.is_empty());
    let input = choose_for_record(&job.record, &[]).explained();
    let failed = |path: PathBuf| move |source| StageError::WorkFolder { path, source };
    match still(ffmpeg.as_ref(), engine, &StillRequest::new(media.clone(), input.clone()))
        .and_then(|picture| picture.to_jpeg(STILL_QUALITY).map(|jpeg| (picture, jpeg)))
    {
        Ok((picture, jpeg)) => {
            let path = job.folder.join("still.jpg");
            std::fs::write(&path, &jpeg).map_err(failed(path))?;
            made.files.push(PreviewFile { name: "still.jpg".to_owned(), kind: ResultKind::Still, size_bytes: jpeg.len() as u64 });
            made.provenance = serde_json::to_value(&picture.provenance).ok();
        }
        Err(error) => made.findings.push(job.finding(
            "preview.still",
            "still",
            &error,
            "The media are not affected. Look at the clip with the camera maker's own player.",
        )),
    }
    let (Some(ffmpeg), true) = (&ffmpeg, matches!(job.clip.kind, ClipKind::Video | ClipKind::Sequence)) else { return Ok(made) };
    let mut options = ProxyOptions::new(media, input);
    options.max_width = PROXY_WIDTH;
    options.frame_rate = rate_of(&job.record);
    options.timecode = given("tc.start");
    options.reel_name = given("reel.name");
    let out = job.folder.join("proxy.mov");
    let control = |_| if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    match proxy(ffmpeg, engine, &options, &out, &control) {
        Ok(report) => {
            made.files.push(PreviewFile { name: "proxy.mov".to_owned(), kind: ResultKind::Proxy, size_bytes: report.size_bytes })
        }
        Err(PreviewError::Write { path, source }) => return Err(StageError::WorkFolder { path, source }),
        Err(error) if stop.load(Ordering::Relaxed) => return Err(StageError::Broken(error.to_string())),
        Err(error) => made.findings.push(job.finding(
            "preview.proxy",
            "proxy",
            &error,
            "The media are not affected; only this proxy is missing.",
        )),
    }
    Ok(made)
}

impl Job {
    /// A finding in the words of the card: the worker's own paths say nothing to anybody.
    fn finding(&self, code: &str, what: &str, error: &PreviewError, hint: &str) -> Finding {
        let mut message = format!("no {what} of {}: {error}", self.clip.name);
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message.push_str(&format!(": {source}"));
            cause = source.source();
        }
        for (path, place) in &self.media {
            message = message.replace(&place.display().to_string(), path.as_str());
        }
        message = message.replace(&self.folder.display().to_string(), "");
        Finding::new(code, Severity::Warning, message, hint).with_clip(&self.clip.name)
    }
}
