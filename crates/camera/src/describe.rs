//! Owns the canonical record of a clip: every source states what it says, strongest first, and nothing is dropped
//! (invariant 9, camera.md 3.3). Must never guess: a field no source mentions is absent.

mod films;
mod pictures;
mod sidecars;

use crate::complete::read_whole;
use crate::names::implied_primaries;
use crate::profile::profiles;
use crate::source::{ReadError, Source};
use crate::structure::{Container, container_of};
use crate::vendor::{Statements, Strength, rate_value};
use crate::{CardEntry, CardFiles, ari, cine, dpx, exr, isobmff, mxf, r3d, riff, sony};
use checkgate_interchange::ale::{self, Ale};
use checkgate_model::{
    CardRecognition, Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole, FrameRate, RelPath, Timecode,
};

/// Indexes of a card, read once for all its clips.
struct Indexes {
    ales: Vec<(RelPath, Ale)>,
    media_ids: Vec<(RelPath, String)>,
}

/// The record of one clip. For all clips of a card `describe_all` reads the card's indexes only once.
#[must_use]
pub fn describe(card: &dyn CardFiles, recognition: &CardRecognition, clip: &Clip) -> ClipRecord {
    record_of(card, recognition, clip, &read_indexes(card, recognition))
}

/// The records of every clip, in the order of `recognition.clips`.
#[must_use]
pub fn describe_all(card: &dyn CardFiles, recognition: &CardRecognition) -> Vec<ClipRecord> {
    let indexes = read_indexes(card, recognition);
    recognition.clips.iter().map(|clip| record_of(card, recognition, clip, &indexes)).collect()
}

fn read_indexes(card: &dyn CardFiles, recognition: &CardRecognition) -> Indexes {
    let mut indexes = Indexes { ales: Vec::new(), media_ids: Vec::new() };
    for file in recognition.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(bytes) = whole(card, file) else { continue };
        match file.path.extension().as_str() {
            "ale" => indexes.ales.extend(ale::parse(&String::from_utf8_lossy(&bytes)).ok().map(|ale| (file.path.clone(), ale))),
            "xml" => {
                let id = sony::media_profile(&bytes).and_then(|profile| profile.media_id);
                indexes.media_ids.extend(id.map(|id| (file.path.clone(), id)));
            }
            _ => {}
        }
    }
    indexes
}

fn whole(card: &dyn CardFiles, file: &ClipFile) -> Option<Vec<u8>> {
    let entry = CardEntry { path: file.path.clone(), size_bytes: file.size_bytes };
    read_whole(card, &entry, &mut 0)
}

fn record_of(card: &dyn CardFiles, recognition: &CardRecognition, clip: &Clip, indexes: &Indexes) -> ClipRecord {
    let mut said = Statements::default();
    from_names(&mut said, recognition, card.label(), clip);
    let essence = clip.essence();
    if let Some(file) = essence {
        let source_name = file.path.file_name().to_owned();
        said.say(Strength::Structure, "listing", "file.name", "", FieldValue::Text(source_name.clone()), source_name);
        if let Ok(mut reader) = card.open(&file.path) {
            let mut source = Source::new(&mut *reader, file.size_bytes);
            // What cannot be read is a finding of the structural check; the record holds what could be.
            let _ = from_container(&mut said, &mut source, file, clip);
        }
    }
    let size = i64::try_from(clip.size_bytes()).unwrap_or(i64::MAX);
    said.say(Strength::Structure, "listing", "file.size", "byte", FieldValue::Int(size), size.to_string());
    for file in clip.files.iter().filter(|file| file.role == FileRole::Sidecar && file.path.extension() == "xml") {
        let meta = whole(card, file).and_then(|bytes| sony::non_real_time_meta(&bytes));
        if let Some(meta) = meta {
            sidecars::from_sony(&mut said, &meta, file.path.file_name());
        }
    }
    for (path, ale) in &indexes.ales {
        sidecars::from_ale(&mut said, ale, path, clip);
    }
    for (path, id) in &indexes.media_ids {
        let folder = path.parent();
        if essence.is_some_and(|file| folder.as_ref().is_none_or(|folder| file.path.is_under(folder))) {
            said.text(Strength::Sidecar, &format!("{}: Attached mediaId", path.file_name()), "media.serial", id);
        }
    }
    complete_statements(&mut said, recognition, clip);
    said.into_record(&clip.name)
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

/// What names say, and the volume's label where nothing better names the roll.
fn from_names(said: &mut Statements, recognition: &CardRecognition, label: Option<&str>, clip: &Clip) {
    // Only a card of one family and without rolls of its own may be the roll its label names.
    let label = label.filter(|_| recognition.rolls.is_empty() && recognition.also_present.is_empty());
    said.say(Strength::FileName, "file name", "clip.name", "", text(&clip.name), clip.name.clone());
    let sound = clip.kind == ClipKind::Sound;
    let roll_field = if sound { "sound.roll" } else { "reel.name" };
    match (&clip.roll, label.map(str::trim).filter(|label| !label.is_empty())) {
        (Some(roll), _) => said.say(Strength::FileName, "file name", roll_field, "", text(roll), roll.clone()),
        (None, Some(label)) => said.say(Strength::Folder, "volume label", roll_field, "", text(label), label),
        (None, None) => {}
    }
    let Some(essence) = clip.essence() else { return };
    let Some((_, compiled, captures)) = profiles().claim(essence.path.as_str()) else { return };
    if let Some(index) = compiled.rule.index.as_ref().map(|template| crate::profile::fill(template, &captures)) {
        let index = index.trim_end_matches('_').to_ascii_uppercase();
        said.text(Strength::FileName, "file name", "camera.index", &index);
    }
    if let Some(id) = captures.name("id") {
        said.text(Strength::FileName, "file name", "camera.id_suffix", id.as_str());
    }
}

fn from_container(said: &mut Statements, source: &mut Source<'_>, file: &ClipFile, clip: &Clip) -> Result<(), ReadError> {
    let name = file.path.file_name();
    let head = source.up_to(0, 4096)?;
    let frames = clip.files.iter().filter(|file| file.role == FileRole::Frame).count();
    if clip.kind == ClipKind::Sequence {
        let count = i64::try_from(frames).unwrap_or(i64::MAX);
        said.say(Strength::Structure, "listing", "duration.frames", "frame", FieldValue::Int(count), frames.to_string());
    }
    match container_of(&head) {
        Container::IsoBmff => films::from_movie(said, &isobmff::read(source)?, name),
        Container::Riff => sidecars::from_wave(said, &riff::read(source)?, name),
        Container::Mxf => films::from_mxf(said, &mxf::facts(source)?, name),
        Container::Dpx => {
            if let Some(header) = dpx::parse(&head) {
                pictures::from_dpx(said, &header, name);
            }
        }
        Container::Exr => pictures::from_exr(said, &exr::read(source)?, name),
        Container::R3d => pictures::from_r3d(said, &r3d::directory(source)?, name),
        Container::Cine => pictures::from_cine(said, &cine::read(source, &head)?, name),
        Container::Ari => pictures::from_ari(said, &ari::parse(&head), name),
        Container::Tiff | Container::Transport | Container::Unknown => {}
    }
    Ok(())
}

fn size_value(width: u32, height: u32) -> FieldValue {
    FieldValue::Size(i64::from(width), i64::from(height))
}

fn say_size(said: &mut Statements, source: &str, width: Option<u32>, height: Option<u32>) {
    if let (Some(width), Some(height)) = (width.filter(|n| *n > 0), height.filter(|n| *n > 0)) {
        said.say(Strength::Structure, source, "image.width_height", "px", size_value(width, height), format!("{width}x{height}"));
    }
}

fn say_int(said: &mut Statements, source: &str, field: &str, unit: &str, number: Option<i64>) {
    if let Some(number) = number.filter(|number| *number > 0) {
        said.say(Strength::Structure, source, field, unit, FieldValue::Int(number), number.to_string());
    }
}

fn say_rate(said: &mut Statements, strength: Strength, source: &str, field: &str, rate: FrameRate, raw: &str) {
    said.say(strength, source, field, "fps", rate_value(rate), raw);
}

/// Start, exclusive end, rate and drop flag from a frame count.
fn say_timecode(
    said: &mut Statements,
    source: &str,
    start: i64,
    nominal: u32,
    drop: bool,
    rate: Option<FrameRate>,
    frames: Option<i64>,
) {
    let Ok(code) = Timecode::from_frames(start, nominal, drop) else { return };
    said.say(Strength::Container, source, "tc.start", "", text(&code.to_string()), start.to_string());
    said.say(Strength::Container, source, "tc.drop_frame", "", FieldValue::Bool(drop), drop.to_string());
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, source, "tc.rate", rate, &rate.to_string());
    }
    if let Some(frames) = frames {
        let end = code.offset(frames).to_string();
        said.say(Strength::Container, &format!("{source}, start and duration"), "tc.end", "", text(&end), frames.to_string());
    }
}

/// What follows from what is known: the maker a family belongs to, primaries a curve is only ever used with.
fn complete_statements(said: &mut Statements, recognition: &CardRecognition, clip: &Clip) {
    let claimed = clip.essence().and_then(|essence| profiles().claim(essence.path.as_str()));
    let family = claimed.map(|(_, compiled, _)| &profiles().families[compiled.family]).filter(|family| !family.make.is_empty());
    if let Some(family) = family
        && said.first("camera.make").is_none()
        && clip.kind != ClipKind::Sound
    {
        let source = format!("card family {} of {}", family.id, recognition.family);
        said.say(Strength::Implied, &source, "camera.make", "", text(&family.make), family.name.clone());
    }
    if said.first("color.primaries").is_none()
        && let Some(FieldValue::Text(curve)) = said.first("color.gamma").cloned()
        && let Some(gamut) = implied_primaries(&curve)
    {
        said.say(Strength::Implied, "implied by color.gamma", "color.primaries", "", text(gamut), curve);
    }
}
