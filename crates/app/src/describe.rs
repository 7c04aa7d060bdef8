//! Owns the description of a card: canonical records, rule findings, pictures and the contact sheet. Reads a sealed copy where
//! there is one, so that the card can leave; the card itself only before that.

use crate::card_source::CardSource;
use crate::pictures::{self, PictureSize};
use crate::verdict::newest_copies;
use crate::{App, clock, lock, not_found, state_problem};
use checkgate_color::{ColorEngine, InputOverride, choose_for_record};
use checkgate_model::{CardRecognition, Clip, ClipKind, ClipRecord, ErrorCode, FileRole, Finding, Mapping, Problem, Severity};
use checkgate_preview::{Ffmpeg, Media, Picture, Plugins, PreviewError, StillRequest, still};
use std::path::{Path, PathBuf};

/// What a person set up for pictures.
#[derive(Debug, Clone, Default)]
pub struct PictureSetup {
    /// Input colour spaces that were set for camera formats.
    pub overrides: Vec<InputOverride>,
    /// Decoder plug-ins.
    pub plugins: Plugins,
    /// What people said about cameras.
    pub mappings: Vec<Mapping>,
}

/// How a clip's picture is asked for.
pub(crate) fn still_request(root: &Path, clip: &Clip, record: &ClipRecord, setup: &PictureSetup) -> Option<StillRequest> {
    let essence = clip.essence()?;
    let media = if clip.kind == ClipKind::Sequence {
        let frames = clip.files.iter().filter(|file| file.role == FileRole::Frame).map(|file| root.join(file.path.as_str()));
        Media::Frames(frames.collect())
    } else {
        Media::File(root.join(essence.path.as_str()))
    };
    let input = choose_for_record(record, &setup.overrides).explained();
    let of_role =
        |role: FileRole| clip.files.iter().filter(move |file| file.role == role).map(|file| root.join(file.path.as_str()));
    // A moving proxy shows the frame that was asked for; a thumbnail is the camera's choice.
    let camera_proxies = of_role(FileRole::Proxy).chain(of_role(FileRole::Thumbnail)).collect();
    Some(StillRequest {
        geometry: crate::framing::of_record(clip, record),
        camera_proxies,
        plugins: setup.plugins.clone(),
        ..StillRequest::new(media, input)
    })
}

/// Makes the picture of a clip.
pub(crate) fn picture_of(
    decoder: Option<&Ffmpeg>,
    engine: &dyn ColorEngine,
    root: &Path,
    clip: &Clip,
    record: &ClipRecord,
    setup: &PictureSetup,
    size: PictureSize,
) -> Option<Result<Picture, PreviewError>> {
    if clip.kind == ClipKind::Sound {
        return None;
    }
    let mut request = still_request(root, clip, record, setup)?;
    request.max_width = Some(size.width());
    request.seek = size.seek();
    Some(still(decoder, engine, &request))
}

impl App {
    /// Describes a card: records, findings, pictures, sheet. Can be run again; everything is replaced by what is found now.
    pub async fn describe_card(&self, card: &str, previews: bool) -> Result<(), Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let root = self.readable_root(card).await?;
        let recognition = row.recognition.clone();
        lock(&self.inner.live).set_describing(card, 0, recognition.clips.len() as u64, "reading metadata");
        self.start_ticking();
        let outcome = self.describe_from(card, &row.reel, root, recognition, previews).await;
        lock(&self.inner.live).forget(card);
        outcome?;
        self.announce();
        Ok(())
    }

    async fn describe_from(
        &self,
        card: &str,
        reel: &str,
        root: PathBuf,
        recognition: CardRecognition,
        previews: bool,
    ) -> Result<(), Problem> {
        let mappings = self.mappings().await?;
        let (records, recognition, looks) = {
            let root = root.clone();
            tokio::task::spawn_blocking(move || {
                let source = CardSource::open(&root)?;
                let looks = crate::look_facts::looks_of(&source);
                let records = crate::mapped::told(&mappings, checkgate_camera::describe_all(&source, &recognition));
                Ok::<_, Problem>((records, recognition, looks))
            })
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??
        };
        for (position, record) in records.iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            self.catalog().store_record(card, position, record, &search_words(reel, record)).await.map_err(state_problem)?;
        }
        self.index_card(card).await?;
        self.judge_card(card, Some(looks)).await?;
        self.judge_cards_beside(card).await?;
        self.announce();
        let sheet = if previews { self.render(card, reel, root, recognition, records).await? } else { None };
        self.catalog().set_described(card, sheet.as_deref()).await.map_err(state_problem)?;
        self.catalog()
            .log(card, clock::now(), "described: metadata, findings and pictures are there")
            .await
            .map_err(state_problem)
    }

    async fn render(
        &self,
        card: &str,
        reel: &str,
        root: PathBuf,
        recognition: CardRecognition,
        records: Vec<ClipRecord>,
    ) -> Result<Option<String>, Problem> {
        let folder = self.inner.home.pictures().join(card);
        let total = recognition.clips.len() as u64;
        let version = clock::now().as_millisecond().to_string();
        let mut findings = Vec::new();
        let mut cells = Vec::new();
        for (position, (clip, record)) in recognition.clips.iter().zip(&records).enumerate() {
            if self.is_closing() {
                return Err(Problem::new(ErrorCode::Stopped, "Checkgate was closed while pictures were made"));
            }
            lock(&self.inner.live).set_describing(card, position as u64 + 1, total, "picture");
            let index = u32::try_from(position).unwrap_or(u32::MAX);
            let made = {
                let (app, root, clip, record, folder) =
                    (self.clone(), root.clone(), clip.clone(), record.clone(), folder.clone());
                tokio::task::spawn_blocking(move || pictures::render_clip(&app, &folder, &root, index, &clip, &record)).await
            }
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
            let (picture, words) = match made {
                Ok(Some(picture)) => {
                    let words = picture.provenance.line();
                    if picture.provenance.camera_proxy {
                        findings.push(by_camera(clip, &picture.provenance.read_as));
                    } else if !picture.provenance.colour_managed {
                        findings.push(unmanaged(clip, &picture.provenance.input_reason));
                    }
                    (Ok(picture), words)
                }
                Ok(None) => (Err("sound".to_owned()), "sound, no picture".to_owned()),
                Err(problem) => {
                    findings.push(
                        Finding::new(
                            "preview.failed",
                            Severity::Warning,
                            format!("{}: no picture could be made: {}", clip.name, problem.summary),
                            problem.hint.clone(),
                        )
                        .with_clip(&clip.name),
                    );
                    (Err(problem.summary.clone()), problem.summary)
                }
            };
            let stored = picture.is_ok().then_some(version.as_str());
            self.catalog().store_picture(card, index, stored, &words).await.map_err(state_problem)?;
            cells.push((picture, vec![clip.name.clone(), sheet_line(record), words]));
            if position % 4 == 3 {
                self.announce();
            }
        }
        self.catalog().store_findings(card, "preview", &findings).await.map_err(state_problem)?;
        let title = reel.to_owned();
        let subtitle = format!("{} · {} clips · {}", recognition.family_name, total, clock::now().strftime("%Y-%m-%d %H:%M UTC"));
        let written = tokio::task::spawn_blocking(move || pictures::write_sheet(&folder, &cells, &title, &subtitle))
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??;
        Ok(written.then_some(version))
    }

    /// Where the card's content can be read: the sealed copy with the strongest evidence, else the card.
    pub(crate) async fn readable_root(&self, card: &str) -> Result<PathBuf, Problem> {
        let copies = newest_copies(self.catalog().copies_of_card(card).await.map_err(state_problem)?);
        let copy = copies
            .into_iter()
            .filter(|copy| copy.state == "sealed" && copy.evidence.is_some() && Path::new(&copy.root).is_dir())
            .max_by_key(|copy| copy.evidence);
        match copy {
            Some(copy) => Ok(PathBuf::from(copy.root)),
            None => self
                .root_of(card)
                .ok_or_else(|| Problem::new(ErrorCode::SourceGone, "neither the card nor a sealed copy is connected")),
        }
    }

    /// A picture of a clip as JPEG: the thumbnail, or a larger one made on demand.
    pub async fn picture(&self, card: &str, index: u32, size: PictureSize) -> Result<Vec<u8>, Problem> {
        pictures::read(self, card, index, size).await
    }

    /// The contact sheet of a card as JPEG.
    pub async fn contact_sheet(&self, card: &str) -> Result<Vec<u8>, Problem> {
        pictures::read_sheet(self, card).await
    }
}

fn by_camera(clip: &Clip, read_as: &str) -> Finding {
    Finding::new(
        "preview.camera_proxy",
        Severity::Note,
        format!("{}: the picture is the camera's own rendering, not decoded from the original: {read_as}", clip.name),
        "Look at the original with the camera maker's own player, or add a decoder plug-in (docs/decoder-plugins.md).",
    )
    .with_clip(&clip.name)
}

fn unmanaged(clip: &Clip, reason: &str) -> Finding {
    Finding::new(
        "preview.not_colour_managed",
        Severity::Note,
        format!("{}: the picture shows code values as recorded: {reason}", clip.name),
        "Choose the input colour space with `checkgate preview --input`, or for the camera format with `checkgate color set-input`.",
    )
    .with_clip(&clip.name)
}

fn sheet_line(record: &ClipRecord) -> String {
    let parts = [record.text("tc.start"), record.text("camera.model"), record.text("codec.name")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

pub(crate) fn search_words(reel: &str, record: &ClipRecord) -> String {
    let names = [
        "reel.name",
        "tc.start",
        "slate.scene",
        "slate.take",
        "camera.model",
        "camera.index",
        "codec.name",
        "image.width_height",
        "color.gamma",
    ];
    let mut words = vec![record.clip.clone(), reel.to_owned()];
    words.extend(names.iter().map(|name| record.text(name)));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_model::{ClipFile, FieldValue, RelPath};

    #[test]
    fn a_picture_is_asked_for_with_what_the_record_a_person_and_the_camera_give() {
        let file = |path: &str, role: FileRole| ClipFile { path: RelPath::new(path).unwrap(), size_bytes: 1, role };
        let clip = Clip {
            name: "A001".to_owned(),
            roll: None,
            kind: ClipKind::Video,
            sequence: None,
            files: vec![
                file("Thmbnl/A001T01.JPG", FileRole::Thumbnail),
                file("Clip/A001.MXF", FileRole::Essence),
                file("Sub/A001S01.MP4", FileRole::Proxy),
            ],
        };
        let mut record = ClipRecord::new("A001");
        record.state("color.gamma", "", Some(FieldValue::Text("LOG-C".to_owned())), "LOG-C", "mxf");
        record.state("exposure.index", "ISO", Some(FieldValue::Int(400)), "400", "mxf");
        let root = Path::new("card");
        let request = still_request(root, &clip, &record, &PictureSetup::default()).unwrap();
        assert_eq!(request.media, Media::File(root.join("Clip/A001.MXF")));
        assert_eq!(request.input.space(), Some("ARRI LogC3 (EI400)"));
        assert_eq!(request.camera_proxies, [root.join("Sub/A001S01.MP4"), root.join("Thmbnl/A001T01.JPG")]);
        let over = InputOverride {
            make: None,
            model: None,
            format: None,
            gamma: Some("logc".to_owned()),
            space: "ARRI LogC4".to_owned(),
            note: "camera test".to_owned(),
        };
        let setup = PictureSetup { overrides: vec![over], ..PictureSetup::default() };
        let request = still_request(root, &clip, &record, &setup).unwrap();
        assert_eq!(request.input.space(), Some("ARRI LogC4"));
        assert!(request.input.reason().contains("camera test"));
    }
}
