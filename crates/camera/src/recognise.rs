//! Owns recognition (camera.md 1.1): unique marks first, DCIM last, evidence kept. One card can hold several families; what no
//! family claims is listed all the same. Must never narrow what is copied.

use crate::CardFiles;
use crate::complete;
use crate::declared;
use crate::group::{Grouped, Groups, group};
use crate::isobmff;
use crate::mxf;
use crate::profile::{FamilyKind, Profiles, UNKNOWN, profiles};
use crate::riff;
use crate::source::Source;
use crate::structure::Container;
use checkgate_model::{CardRecognition, Clip, ClipKind, Confidence, FileRole, RecognitionEvidence, RelPath, Roll};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a sidecar or index read to see whether it is what its name says.
const MARK_BYTES: u64 = 64 << 10;

/// What one family has in its favour.
#[derive(Default)]
struct Standing {
    evidence: Vec<RecognitionEvidence>,
    clips: u64,
    size_bytes: u64,
}

/// Recognises a card: families with evidence, rolls, clips, and what its structure lacks. Reads a few kilobytes of each essence.
#[must_use]
pub fn recognise(card: &dyn CardFiles) -> CardRecognition {
    let profiles = profiles();
    let mut groups = group(profiles, card.entries());
    let mut bytes_read = 0;
    let listing = complete::Listing::new(card);
    let declared = declared::apply(card, &listing, &mut groups, &mut bytes_read);
    let mut findings = complete::check_files(card, &groups, &mut bytes_read);
    let mut named = BTreeMap::new();
    let markers = sound_markers(profiles, &groups);
    for grouped in &mut groups.clips {
        if profiles.families[grouped.family].kind == FamilyKind::Generic && is_sound_alone(card, &grouped.clip, &mut bytes_read) {
            grouped.clip.kind = ClipKind::Sound;
        }
        if let Some((family, words, path)) = container_identity(card, profiles, grouped, &mut bytes_read) {
            grouped.family = family;
            named.entry(family).or_insert((words, path));
        } else if let Some(family) = marked_sound(profiles, &markers, grouped) {
            grouped.family = family;
        }
        if grouped.clip.kind == ClipKind::Sound && grouped.clip.roll.is_none() {
            grouped.clip.roll = tape_of(card, &grouped.clip, &mut bytes_read);
        }
    }
    findings.extend(complete::check_groups(card, &listing, &groups, &declared, &mut bytes_read));
    // The structure of a file and what a sidecar says of its size are one finding.
    let mut said = BTreeSet::new();
    findings
        .retain(|finding| !finding.code.starts_with("structure.") || said.insert((finding.code.clone(), finding.path.clone())));
    let standings = standings(card, profiles, &groups, &named, &mut bytes_read);
    let mut order: Vec<usize> = standings.keys().copied().collect();
    order.sort_by_key(|family| {
        let standing = &standings[family];
        let profile = &profiles.families[*family];
        let best = standing.evidence.iter().map(|evidence| evidence.confidence).max().unwrap_or(Confidence::Unknown);
        (standing.clips == 0, profile.kind, std::cmp::Reverse(best), std::cmp::Reverse(standing.size_bytes), profile.rank)
    });
    // The card's main family comes first, each family's clips in the order of their rolls and names.
    let place = |grouped: &Grouped| order.iter().position(|family| *family == grouped.family).unwrap_or(order.len());
    groups.clips.sort_by(|a, b| {
        let key = |grouped: &Grouped| (place(grouped), grouped.clip.roll.is_none());
        key(a).cmp(&key(b)).then_with(|| (&a.clip.roll, &a.clip.name, &a.folder).cmp(&(&b.clip.roll, &b.clip.name, &b.folder)))
    });
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.path.cmp(&b.path)).then_with(|| a.code.cmp(&b.code)));
    let file_count = card.entries().len() as u64;
    let size_bytes = card.entries().iter().map(|entry| entry.size_bytes).sum();
    let primary = order.first().map(|family| &profiles.families[*family]);
    let mut evidence: Vec<RecognitionEvidence> = order.iter().flat_map(|family| standings[family].evidence.clone()).collect();
    evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.confidence));
    let confidence = order
        .first()
        .and_then(|family| standings[family].evidence.iter().map(|evidence| evidence.confidence).max())
        .unwrap_or(Confidence::Unknown);
    let rolls = rolls(&groups.clips);
    let main_clips = || groups.clips.iter().filter(|grouped| order.first() == Some(&grouped.family));
    let only = |values: BTreeSet<String>| if values.len() == 1 { values.into_iter().next() } else { None };
    let reel = only(main_clips().filter_map(|grouped| grouped.clip.roll.clone()).collect());
    let camera_index = only(main_clips().filter_map(|grouped| grouped.index.clone()).filter(|index| !index.is_empty()).collect());
    CardRecognition {
        family: primary.map_or(UNKNOWN, |profile| profile.id.as_str()).to_owned(),
        family_name: primary.map_or("Unknown card", |profile| profile.name.as_str()).to_owned(),
        confidence,
        evidence,
        also_present: order.iter().skip(1).map(|family| profiles.families[*family].id.clone()).collect(),
        reel,
        camera_index,
        rolls,
        clips: groups.clips.into_iter().map(|grouped| grouped.clip).collect(),
        unassigned: groups.unassigned,
        empty_folders: card.empty_folders().to_vec(),
        file_count,
        size_bytes,
        findings,
        bytes_read,
    }
}

/// Folders in which a sound recorder left a mark of its own, with its family.
fn sound_markers(profiles: &Profiles, groups: &Groups) -> Vec<(usize, Option<RelPath>)> {
    let spoken = groups.spoken.iter().map(|(rule, path, _)| (profiles.rules[*rule].family, path.parent()));
    spoken.filter(|(family, _)| profiles.families[*family].kind == FamilyKind::Sound).collect()
}

/// A sound file of no known recorder belongs to the recorder that marked its folder.
fn marked_sound(profiles: &Profiles, markers: &[(usize, Option<RelPath>)], grouped: &Grouped) -> Option<usize> {
    let profile = &profiles.families[grouped.family];
    if grouped.clip.kind != ClipKind::Sound || !profile.make.is_empty() {
        return None;
    }
    let path = &grouped.clip.files.first()?.path;
    markers.iter().find(|(_, folder)| folder.as_ref().is_none_or(|folder| path.is_under(folder))).map(|(family, _)| *family)
}

/// The sound roll as the take itself names it (iXML `TAPE`).
fn tape_of(card: &dyn CardFiles, clip: &Clip, bytes_read: &mut u64) -> Option<String> {
    let essence = clip.essence()?;
    let mut reader = card.open(&essence.path).ok()?;
    let mut source = Source::new(&mut *reader, essence.size_bytes);
    let wave = riff::read(&mut source);
    *bytes_read += source.bytes_read();
    wave.ok()?.ixml?.get("TAPE").map(str::to_owned).filter(|tape| tape.len() <= 255)
}

/// Whether an MXF file that only its name called a film describes sound and no picture.
fn is_sound_alone(card: &dyn CardFiles, clip: &Clip, bytes_read: &mut u64) -> bool {
    let Some(essence) = clip.essence().filter(|essence| clip.kind == ClipKind::Video && essence.path.extension() == "mxf") else {
        return false;
    };
    let Ok(mut reader) = card.open(&essence.path) else { return false };
    let mut source = Source::new(&mut *reader, essence.size_bytes);
    let facts = mxf::facts(&mut source);
    *bytes_read += source.bytes_read();
    facts.is_ok_and(|facts| facts.audio_channels > 0 && facts.width.is_none() && facts.picture_coding.is_none())
}

/// What a container says of its maker, asked only where the name alone says little.
fn container_identity(
    card: &dyn CardFiles,
    profiles: &Profiles,
    grouped: &Grouped,
    bytes_read: &mut u64,
) -> Option<(usize, String, RelPath)> {
    let profile = &profiles.families[grouped.family];
    // A sound file's name is whatever its mixer likes.
    let weak = profile.kind == FamilyKind::Generic || profile.make.is_empty() || grouped.clip.kind == ClipKind::Sound;
    if !weak || !matches!(grouped.clip.kind, ClipKind::Video | ClipKind::Sound) {
        return None;
    }
    let essence = grouped.clip.essence()?;
    let mut reader = card.open(&essence.path).ok()?;
    let mut source = Source::new(&mut *reader, essence.size_bytes);
    let head = source.up_to(0, 64).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    match crate::structure::container_of(&head) {
        Container::Riff => {
            if let Some(bext) = riff::read(&mut source).ok().and_then(|wave| wave.bext) {
                words.push(bext.originator);
            }
        }
        Container::IsoBmff => {
            if let Ok(movie) = isobmff::read(&mut source) {
                words.push(movie.brand.clone());
                words.extend(movie.video().map(|track| track.codec.clone()));
                // Tracks and boxes that only one maker writes.
                for (code, maker) in [("gpmd", "GoPro"), ("fdsc", "GoPro"), ("djmd", "DJI"), ("dbgi", "DJI")] {
                    words.extend(movie.tracks.iter().any(|track| track.codec == code).then(|| maker.to_owned()));
                }
                let telling = |name: &str| {
                    let name = name.to_ascii_lowercase();
                    ["mak", "make", "manufacturer", "model", "mod", "encoder", "too"].iter().any(|end| name.ends_with(end))
                        || name.starts_with("com.arri")
                };
                for (name, text) in movie.tags.iter().filter(|(name, _)| telling(name)) {
                    words.push(if name.starts_with("com.arri") { name.clone() } else { text.clone() });
                }
            }
        }
        Container::Mxf => {
            if let Ok(facts) = mxf::facts(&mut source) {
                words.extend(facts.company);
            }
        }
        Container::R3d => words.push("R3D".to_owned()),
        _ => {}
    }
    *bytes_read += source.bytes_read();
    words.iter().find_map(|words| profiles.by_identity(words).map(|family| (family, words.clone(), essence.path.clone())))
}

fn standings(
    card: &dyn CardFiles,
    profiles: &Profiles,
    groups: &Groups,
    named: &BTreeMap<usize, (String, RelPath)>,
    bytes_read: &mut u64,
) -> BTreeMap<usize, Standing> {
    let mut standings: BTreeMap<usize, Standing> = BTreeMap::new();
    for (rule, path, count) in &groups.spoken {
        let compiled = &profiles.rules[*rule];
        let mut confidence = compiled.rule.says.unwrap_or(Confidence::DirectorySignature);
        let what = compiled.rule.what.as_deref().unwrap_or("fits the family");
        let others = if *count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let mut what = format!("{}{others} {what}", path.file_name());
        if !compiled.rule.contains.is_empty() && marks(card, path, &compiled.rule.contains, bytes_read) {
            confidence = Confidence::SidecarField;
            what.push_str(", and its content says so");
        }
        standings.entry(compiled.family).or_default().evidence.push(RecognitionEvidence {
            confidence,
            what,
            path: Some(path.clone()),
        });
    }
    for (family, (words, path)) in named {
        standings.entry(*family).or_default().evidence.push(RecognitionEvidence {
            confidence: Confidence::ContainerMetadata,
            what: format!("{} names its maker: {words}", path.file_name()),
            path: Some(path.clone()),
        });
    }
    if let Some(label) = card.label()
        && let Some(family) = profiles.by_label(label)
    {
        standings.entry(family).or_default().evidence.push(RecognitionEvidence {
            confidence: Confidence::FileName,
            what: format!("the volume label {label} fits its roll names"),
            path: None,
        });
    }
    for grouped in &groups.clips {
        let standing = standings.entry(grouped.family).or_default();
        standing.clips += 1;
        standing.size_bytes += grouped.clip.size_bytes();
    }
    for standing in standings.values_mut() {
        standing.evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.confidence));
    }
    standings
}

fn marks(card: &dyn CardFiles, path: &RelPath, wanted: &[String], bytes_read: &mut u64) -> bool {
    let Some(entry) = card.entries().iter().find(|entry| entry.path == *path) else { return false };
    let Ok(mut reader) = card.open(path) else { return false };
    let mut source = Source::new(&mut *reader, entry.size_bytes);
    let text = source.up_to(0, MARK_BYTES).map(|bytes| crate::xml::text_of(&bytes)).unwrap_or_default();
    *bytes_read += source.bytes_read();
    wanted.iter().any(|mark| text.contains(mark.as_str()))
}

/// Rolls in the order of their clips. A roll lives in the folder that carries its name, else in the one folder that holds all its clips.
fn rolls(clips: &[Grouped]) -> Vec<Roll> {
    let mut rolls: Vec<(&str, Vec<&Clip>)> = Vec::new();
    let mut place_of: BTreeMap<&str, usize> = BTreeMap::new();
    for grouped in clips {
        if let Some(roll) = &grouped.clip.roll {
            let place = *place_of.entry(roll).or_insert(rolls.len());
            if place == rolls.len() {
                rolls.push((roll, Vec::new()));
            }
            rolls[place].1.push(&grouped.clip);
        }
    }
    rolls
        .into_iter()
        .map(|(name, clips)| Roll {
            name: name.to_owned(),
            folder: roll_folder(name, &clips),
            clips: clips.iter().map(|clip| clip.name.clone()).collect(),
        })
        .collect()
}

fn roll_folder(name: &str, clips: &[&Clip]) -> Option<RelPath> {
    let essences: Vec<&RelPath> = clips
        .iter()
        .filter_map(|clip| clip.files.iter().find(|file| file.role != FileRole::Sidecar))
        .map(|file| &file.path)
        .collect();
    let first = essences.first()?;
    let mut folder = first.parent();
    let mut named = None;
    let mut common = None;
    while let Some(candidate) = folder {
        if essences.iter().all(|path| path.is_under(&candidate)) {
            if squeezed_equal(candidate.file_name(), name) {
                named = Some(candidate.clone());
            }
            common = common.or_else(|| Some(candidate.clone()));
        }
        folder = candidate.parent();
    }
    named.or(common)
}

/// `A_0113_1EZN` and `A_0113_1EZN.RDM` are the folder of their roll as well.
fn squeezed_equal(folder: &str, roll: &str) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    letters(folder) == letters(roll)
}
