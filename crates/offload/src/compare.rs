//! Owns holding two folders against each other file by file, card and copy or copy and copy: what is missing, extra, changed, renamed,
//! and what was left out with the reason why. Read-only by type. Must never call something equal that was not compared, and says
//! how it was compared.

use crate::control::Control;
use crate::hash_files::{Digests, digests};
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::{SkippedItem, UnreadableFile};
use crate::tree::{OpenTreeError, Tree};
use crate::verify::VerifyError;
use checkgate_model::{HashFormat, HashValue, RelPath, Timestamp};
use checkgate_volume::{SourceFile, is_set_aside};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// FAT keeps times in steps of two seconds.
const TIME_STEP_SECS: i64 = 2;

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompareOptions {
    /// Read both sides and compare the bytes; else size, name and time.
    pub content: bool,
    /// How files are read.
    pub depth: VerifyDepth,
}

/// A file that is on both sides and differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Path on both sides.
    pub path: RelPath,
    /// In what it differs.
    pub how: String,
}

/// A file that lies under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Path in the folder that is compared with.
    pub from: RelPath,
    /// Path in the other.
    pub to: RelPath,
    /// Whether the content was read and is equal; else size and time are.
    pub proven: bool,
}

/// What was found in one folder against the reference. Each list is sorted and complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The folder.
    pub root: PathBuf,
    /// Files that are equal as far as they were compared.
    pub equal: u64,
    /// Their bytes.
    pub equal_bytes: u64,
    /// In the reference and not here.
    pub missing: Vec<RelPath>,
    /// Here and not in the reference.
    pub extra: Vec<RelPath>,
    /// On both sides, and different.
    pub changed: Vec<Changed>,
    /// Here under another name.
    pub renamed: Vec<Moved>,
    /// Not compared, on either side, with the reason.
    pub excluded: Vec<SkippedItem>,
    /// Could not be read, on either side; not compared.
    pub unreadable: Vec<UnreadableFile>,
    /// Files whose content is equal and whose time is not.
    pub other_time: u64,
    /// What was compared, in words a storage person can check.
    pub words: String,
    /// Somebody stopped it before the end.
    pub stopped: bool,
}

impl Comparison {
    /// Whether both sides hold the same files.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        !self.stopped
            && self.equal > 0
            && self.missing.is_empty()
            && self.extra.is_empty()
            && self.changed.is_empty()
            && self.renamed.is_empty()
            && self.unreadable.is_empty()
    }

    /// 0 equal, 1 different, 3 something could not be read, 4 stopped.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let differs = !(self.missing.is_empty() && self.extra.is_empty() && self.changed.is_empty() && self.renamed.is_empty());
        match () {
            () if self.stopped => 4,
            () if differs => 1,
            () if !self.unreadable.is_empty() => 3,
            () => u8::from(!self.is_equal()),
        }
    }
}

/// A side of a comparison.
struct Side {
    tree: Tree,
    files: BTreeMap<RelPath, SourceFile>,
    excluded: Vec<SkippedItem>,
}

impl Side {
    fn open(root: &Path) -> Result<Self, OpenTreeError> {
        let tree = Tree::open(root)?;
        let mut excluded: Vec<SkippedItem> = tree.skipped.iter().chain(&tree.unrecordable).cloned().collect();
        let told = |path: &RelPath, reason: &str| SkippedItem { path: path.to_string(), reason: reason.to_owned() };
        excluded.extend(tree.working.iter().map(|path| told(path, "left by an operation that is not finished")));
        let mut files = BTreeMap::new();
        for file in &tree.listing.files {
            let path = &file.path;
            if path.components().any(|part| part == checkgate_mhl::FOLDER) {
                // Every copy continues its own; `verify` is what judges them.
                excluded.push(told(path, "part of a manifest history"));
            } else if is_set_aside(path.file_name()) {
                excluded.push(told(path, "set aside as a corrupt copy"));
            } else if !tree.working.contains(path) {
                files.insert(path.clone(), file.clone());
            }
        }
        Ok(Self { tree, files, excluded })
    }
}

/// Compares every folder of `others` with `reference`. A folder of a card is read once for all of them.
///
/// # Errors
/// Where a folder cannot be opened or listed.
pub fn compare(
    reference: &Path,
    others: &[PathBuf],
    options: &CompareOptions,
    control: &Control,
    meter: &Meter,
) -> Result<Vec<Comparison>, VerifyError> {
    meter.set_phase(Phase::Preparing);
    let card = Side::open(reference)?;
    let sides = others.iter().map(|root| Side::open(root)).collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<Comparison> = Vec::new();
    let mut pairs: Vec<Pairs<'_>> = Vec::new();
    for (root, side) in others.iter().zip(&sides) {
        let mut comparison = Comparison { root: root.clone(), ..Comparison::default() };
        let name = |which: &str, item: &SkippedItem| SkippedItem {
            path: format!("{which}: {}", item.path),
            reason: item.reason.clone(),
        };
        comparison.excluded.extend(card.excluded.iter().map(|item| name("reference", item)));
        comparison.excluded.extend(side.excluded.iter().map(|item| name("here", item)));
        comparison.unreadable.extend(card.tree.unreadable.iter().chain(&side.tree.unreadable).cloned());
        pairs.push(by_name(&card, side, &mut comparison));
        found.push(comparison);
    }
    if options.content {
        by_content(&card, &sides, &pairs, &mut found, options, control, meter);
    } else {
        for (pairs, comparison) in pairs.iter().zip(&mut found) {
            by_size_and_time(pairs, comparison);
        }
    }
    for comparison in &mut found {
        comparison.stopped = control.is_stopped();
        comparison.missing.sort();
        comparison.extra.sort();
        comparison.changed.sort_by(|a, b| a.path.cmp(&b.path));
        comparison.renamed.sort_by(|a, b| a.from.cmp(&b.from));
    }
    meter.set_phase(Phase::Done);
    Ok(found)
}

/// Files to compare: those of one name, and those without that may be the same under another.
struct Pairs<'a> {
    same_name: Vec<(&'a SourceFile, &'a SourceFile)>,
    alone: Vec<&'a SourceFile>,
    new: Vec<&'a SourceFile>,
}

fn by_name<'a>(card: &'a Side, side: &'a Side, comparison: &mut Comparison) -> Pairs<'a> {
    let mut pairs = Pairs { same_name: Vec::new(), alone: Vec::new(), new: Vec::new() };
    for (path, file) in &card.files {
        match side.files.get(path) {
            Some(other) if other.size_bytes != file.size_bytes => comparison
                .changed
                .push(Changed { path: path.clone(), how: format!("{} bytes, {} here", file.size_bytes, other.size_bytes) }),
            Some(other) => pairs.same_name.push((file, other)),
            None if side.tree.is_unseen(path) => {}
            None => pairs.alone.push(file),
        }
    }
    pairs.new.extend(
        side.files.iter().filter(|(path, _)| !card.files.contains_key(*path) && !card.tree.is_unseen(path)).map(|(_, file)| file),
    );
    pairs
}

fn same_time(a: Timestamp, b: Timestamp) -> bool {
    (a.as_second() - b.as_second()).abs() <= TIME_STEP_SECS
}

fn by_size_and_time(pairs: &Pairs<'_>, comparison: &mut Comparison) {
    comparison.words = "names, sizes and times compared, nothing read".to_owned();
    for (file, other) in &pairs.same_name {
        if same_time(file.modified, other.modified) {
            comparison.equal += 1;
            comparison.equal_bytes += file.size_bytes;
        } else {
            let how = format!("modified {}, {} here; content not read", file.modified, other.modified);
            comparison.changed.push(Changed { path: file.path.clone(), how });
        }
    }
    let fits = |a: &SourceFile, b: &SourceFile| a.size_bytes > 0 && same_time(a.modified, b.modified);
    pair_renamed(pairs, &fits, false, comparison);
}

/// Pairs files of one size that fit. A file that fits several is taken for the first that is free, those of the same name first.
fn pair_renamed(pairs: &Pairs<'_>, fits: &dyn Fn(&SourceFile, &SourceFile) -> bool, proven: bool, comparison: &mut Comparison) {
    let mut by_size: HashMap<u64, Vec<&SourceFile>> = HashMap::new();
    for file in &pairs.new {
        by_size.entry(file.size_bytes).or_default().push(file);
    }
    let mut taken: HashSet<&RelPath> = HashSet::new();
    for file in &pairs.alone {
        let free =
            by_size.get(&file.size_bytes).into_iter().flatten().filter(|other| !taken.contains(&other.path) && fits(file, other));
        let best = free.min_by_key(|other| !other.path.file_name().eq_ignore_ascii_case(file.path.file_name()));
        match best {
            Some(other) => {
                taken.insert(&other.path);
                comparison.renamed.push(Moved { from: file.path.clone(), to: other.path.clone(), proven });
            }
            None => comparison.missing.push(file.path.clone()),
        }
    }
    comparison.extra.extend(pairs.new.iter().filter(|file| !taken.contains(&file.path)).map(|file| file.path.clone()));
}

/// Digests of one side by path, and what could not be read.
type Read = (HashMap<RelPath, Vec<HashValue>>, Vec<UnreadableFile>);

fn read(side: &Side, files: &[&SourceFile], options: &CompareOptions, control: &Control, meter: &Meter) -> Read {
    let (found, unreadable) = digests(&side.tree.source, files, &[HashFormat::Xxh128], options.depth, control, meter);
    let by_path = files.iter().zip(found).filter_map(|(file, found): (_, Option<Digests>)| Some((file.path.clone(), found?.0)));
    (by_path.collect(), unreadable)
}

fn by_content(
    card: &Side,
    sides: &[Side],
    pairs: &[Pairs<'_>],
    found: &mut [Comparison],
    options: &CompareOptions,
    control: &Control,
    meter: &Meter,
) {
    // Of files that have no partner, only those are read whose size occurs on both sides.
    let sizes = |files: &[&SourceFile]| files.iter().map(|file| file.size_bytes).collect::<HashSet<u64>>();
    let mut from_card: BTreeMap<&RelPath, &SourceFile> = BTreeMap::new();
    let mut from_side: Vec<Vec<&SourceFile>> = Vec::new();
    for pairs in pairs {
        let (alone, new) = (sizes(&pairs.alone), sizes(&pairs.new));
        let candidates = pairs.alone.iter().filter(|file| new.contains(&file.size_bytes));
        from_card.extend(pairs.same_name.iter().map(|(file, _)| *file).chain(candidates.copied()).map(|file| (&file.path, file)));
        let candidates = pairs.new.iter().filter(|file| alone.contains(&file.size_bytes));
        from_side.push(pairs.same_name.iter().map(|(_, other)| *other).chain(candidates.copied()).collect());
    }
    let from_card: Vec<&SourceFile> = from_card.into_values().collect();
    // The folders lie on devices of their own as a rule, so each is read by its own thread; one meter shows the reference.
    let (of_card, of_sides) = std::thread::scope(|scope| {
        let reading: Vec<_> = sides
            .iter()
            .zip(&from_side)
            .map(|(side, files)| scope.spawn(move || read(side, files, options, control, &Meter::new())))
            .collect();
        let of_card = read(card, &from_card, options, control, meter);
        let of_sides: Vec<Read> =
            reading.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect();
        (of_card, of_sides)
    });
    let how = if options.depth == VerifyDepth::Device {
        "past the system's cache where the file system can"
    } else {
        "through the operating system"
    };
    for ((pairs, comparison), of_side) in pairs.iter().zip(found).zip(&of_sides) {
        comparison.words = format!("contents of both sides read {how} and compared by xxh128");
        comparison.unreadable.extend(of_card.1.iter().chain(&of_side.1).cloned());
        for (file, other) in &pairs.same_name {
            let (Some(a), Some(b)) = (of_card.0.get(&file.path), of_side.0.get(&other.path)) else { continue };
            if a == b {
                comparison.equal += 1;
                comparison.equal_bytes += file.size_bytes;
                comparison.other_time += u64::from(!same_time(file.modified, other.modified));
            } else {
                let how = format!("same size, other content: {} and {} here", a[0], b[0]);
                comparison.changed.push(Changed { path: file.path.clone(), how });
            }
        }
        let fits = |a: &SourceFile, b: &SourceFile| {
            of_card.0.get(&a.path).is_some_and(|value| of_side.0.get(&b.path).is_some_and(|other| value == other))
        };
        pair_renamed(pairs, &fits, true, comparison);
    }
}
