//! Owns the canonical record of a clip: every source states what it says, strongest first, and nothing is dropped
//! (invariant 9, camera.md 3.3). Must never guess: a field no source mentions is absent.

mod beside;
mod captured;
mod films;
mod leftovers;
mod others;
mod pictures;
mod raws;
mod sidecars;
mod stills;
mod streams;

use crate::complete::read_whole;
use crate::dumps::{self, Dump};
use crate::names::implied_primaries;
use crate::profile::profiles;
use crate::sony::MediaProfile;
use crate::source::{ReadError, Source};
use crate::structure::{Container, container_of};
use crate::vendor::{Statements, Strength, rate_value};
use crate::{CardEntry, CardFiles, ari, avi, cine, dpx, exr, isobmff, mxf, r3d, riff, sony, tiff, transport};
use checkgate_interchange::ale::{self, Ale};
use checkgate_model::{
    CardRecognition, Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole, FrameRate, RelPath, Timecode,
};

/// Indexes of a card, read once for all its clips.
struct Indexes {
    ales: Vec<(RelPath, Ale)>,
    profiles: Vec<(RelPath, MediaProfile)>,
    dumps: Vec<DumpFile>,
}

/// A dump of a maker's tool, known by its first lines.
struct DumpFile {
    file: ClipFile,
    dump: Dump,
    clip: String,
}

impl DumpFile {
    /// Whether it is about that clip: the card has them together, or it names the clip.
    fn speaks_of(&self, clip: &Clip) -> bool {
        clip.files.iter().any(|file| file.path == self.file.path)
            || self.clip.eq_ignore_ascii_case(&clip.name)
            || clip.essence().is_some_and(|file| self.clip.eq_ignore_ascii_case(&dumps::clip_of_name(file.path.file_name())))
    }

    fn read(&self, card: &dyn CardFiles) -> Option<(Dump, String, String)> {
        let bytes = whole(card, &self.file)?;
        Some((self.dump, crate::xml::text_of(&bytes), self.file.path.file_name().to_owned()))
    }
}

/// Most dumps of one card.
const MAX_DUMPS: usize = 10_000;

/// The record of one clip. For all clips of a card `describe_all` reads the card's indexes only once.
#[must_use]
pub fn describe(card: &dyn CardFiles, recognition: &CardRecognition, clip: &Clip) -> ClipRecord {
    record_of(card, recognition, clip, &read_indexes(card, recognition))
}

/// Records of clips of which only metadata is there: dumps of makers' tools, and sidecars in a folder that holds no clip.
#[must_use]
pub fn describe_without_media(card: &dyn CardFiles, recognition: &CardRecognition) -> Vec<ClipRecord> {
    leftovers::records(card, recognition, &read_indexes(card, recognition))
}

/// The records of every clip, in the order of `recognition.clips`.
#[must_use]
pub fn describe_all(card: &dyn CardFiles, recognition: &CardRecognition) -> Vec<ClipRecord> {
    let indexes = read_indexes(card, recognition);
    recognition.clips.iter().map(|clip| record_of(card, recognition, clip, &indexes)).collect()
}

fn read_indexes(card: &dyn CardFiles, recognition: &CardRecognition) -> Indexes {
    let mut indexes = Indexes { ales: Vec::new(), profiles: Vec::new(), dumps: Vec::new() };
    let beside = recognition.clips.iter().flat_map(|clip| &clip.files);
    for file in beside.chain(&recognition.unassigned).filter(|file| leftovers::may_be_dump(file)).take(MAX_DUMPS) {
        if file.size_bytes > dumps::MAX_DUMP_BYTES {
            continue;
        }
        let Ok(mut reader) = card.open(&file.path) else { continue };
        let Ok(head) = Source::new(&mut *reader, file.size_bytes).up_to(0, dumps::HEAD_BYTES) else { continue };
        let head = crate::xml::text_of(&head);
        if let Some(dump) = dumps::kind_of(&head) {
            let clip = dumps::clip_of(dump, &head, file.path.file_name());
            indexes.dumps.push(DumpFile { file: file.clone(), dump, clip });
        }
    }
    for file in recognition.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(bytes) = whole(card, file) else { continue };
        match file.path.extension().as_str() {
            "ale" => indexes.ales.extend(ale::parse(&String::from_utf8_lossy(&bytes)).ok().map(|ale| (file.path.clone(), ale))),
            "xml" => {
                indexes.profiles.extend(sony::media_profile(&bytes).map(|profile| (file.path.clone(), profile)));
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
    from_listing(&mut said, clip);
    for file in clip.files.iter().filter(|file| is_of_first_piece(clip, file)) {
        tell_sidecar(&mut said, card, file);
    }
    let dumped: Vec<_> = indexes.dumps.iter().filter(|dump| dump.speaks_of(clip)).filter_map(|dump| dump.read(card)).collect();
    if !dumped.is_empty() {
        beside::from_dumps(&mut said, &dumped);
    }
    for (path, ale) in &indexes.ales {
        sidecars::from_ale(&mut said, ale, path, clip);
    }
    for (path, profile) in &indexes.profiles {
        sidecars::from_profile(&mut said, profile, path, clip);
    }
    complete_statements(&mut said, recognition, clip);
    said.into_record(&clip.name)
}

/// A recording of several pieces has a document for each; that of the first is the clip's, whose length and start are told.
fn is_of_first_piece(clip: &Clip, file: &ClipFile) -> bool {
    let documents = clip.files.iter().filter(|file| file.role == FileRole::Sidecar && file.path.extension() == "xml").count();
    let own = dumps::clip_of_name(file.path.file_name()).to_ascii_lowercase();
    let first = clip.essence().map(|essence| essence.path.file_name().to_ascii_lowercase());
    documents < 2 || file.path.extension() != "xml" || first.is_some_and(|first| first.starts_with(&own))
}

/// What a file beside a clip says, by what it is.
fn tell_sidecar(said: &mut Statements, card: &dyn CardFiles, file: &ClipFile) {
    let readable = matches!(file.role, FileRole::Sidecar | FileRole::Index | FileRole::Support | FileRole::Unknown);
    if !readable || file.size_bytes > dumps::MAX_DUMP_BYTES {
        return;
    }
    let name = file.path.file_name();
    match file.path.extension().as_str() {
        "xml" => {
            let Some(bytes) = whole(card, file) else { return };
            match sony::non_real_time_meta(&bytes) {
                Some(meta) => sidecars::from_sony(said, &meta, name),
                None => {
                    beside::from_clip_xml(said, &bytes, name);
                }
            }
        }
        "rmd" => {
            if let Some(bytes) = whole(card, file) {
                beside::from_rmd(said, &bytes, name);
            }
        }
        "srt" => {
            if let Some(bytes) = whole(card, file) {
                beside::from_srt(said, &crate::xml::text_of(&bytes), name);
            }
        }
        _ => {}
    }
}

/// What the list of a clip's files says: its pieces and its smaller rendering.
fn from_listing(said: &mut Statements, clip: &Clip) {
    let pieces = clip.files.iter().filter(|file| file.role == FileRole::Segment).count();
    if pieces > 0 {
        let count = pieces + clip.files.iter().filter(|file| file.role == FileRole::Essence).count();
        said.value(Strength::Structure, "listing", "span.count", FieldValue::Int(count as i64), format!("{count} files"));
        said.otherwise("listing", "span.kind", text("segments"), "segments");
    }
    if let Some(proxy) = clip.files.iter().find(|file| file.role == FileRole::Proxy) {
        said.value(Strength::Structure, "listing", "proxy.uri", text(proxy.path.as_str()), proxy.path.as_str());
    }
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
        Container::IsoBmff => {
            let mut movie = isobmff::read(source)?;
            isobmff::read_captures(source, &mut movie);
            films::from_movie(said, &movie, name);
            captured::from_film(said, &movie, name);
        }
        Container::Riff if head.get(8..12) == Some(b"AVI ") => films::from_avi(said, &avi::read(source)?, name),
        Container::Riff => sidecars::from_wave(said, &riff::read(source)?, name),
        Container::Mxf => films::from_mxf(said, &mxf::facts_of_clip(source)?, name),
        Container::Dpx => {
            if let Some(header) = dpx::parse(&head) {
                pictures::from_dpx(said, &header, name);
            }
        }
        Container::Exr => pictures::from_exr(said, &exr::read(source)?, name),
        Container::R3d => raws::from_r3d(said, &r3d::directory(source)?, name),
        Container::Cine => raws::from_cine(said, &cine::read(source, &head)?, name),
        Container::Ari => raws::from_ari(said, &ari::parse(&head), name),
        Container::Tiff => stills::from_dng(said, &tiff::directories(source)?, name),
        Container::Transport => streams::from_stream(said, &transport::stream::read(source, &head)?, name),
        container => others::tell(said, container, source, &head, name)?,
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
    imply(said);
}

/// Primaries a curve is only ever used with.
fn imply(said: &mut Statements) {
    if said.first("color.primaries").is_none()
        && let Some(FieldValue::Text(curve)) = said.first("color.gamma").cloned()
        && let Some(gamut) = implied_primaries(&curve)
    {
        said.say(Strength::Implied, "implied by color.gamma", "color.primaries", "", text(gamut), curve);
    }
}
