//! Owns the ways a forged card is broken, and the finding each must lead to.

use super::recipe::{DamageSpec, Recipe};
use super::{Family, ForgeError, UnknownWord, arri, write_error};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

macro_rules! damages {
    ($($(#[doc = $what:literal])+ $variant:ident = $name:literal, $expect:expr;)*) => {
        /// One way to break a card.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Damage { $($(#[doc = $what])+ $variant,)* }

        impl Damage {
            /// Every kind.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is broken, in a line.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => concat!($($what),+).trim_ascii(),)* }
            }

            /// What can be said of it without a hash and without a decoder.
            #[must_use]
            pub fn expect(self) -> Expect {
                match self { $(Self::$variant => $expect,)* }
            }
        }
    };
}

/// What a check of structure and names can say of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A finding names it.
    Finding,
    /// The card is as whole as before.
    Harmless,
    /// The bytes are wrong and the structure is not: only a hash, a second reading or a decoder sees it.
    HashOrDecode,
}

damages! {
    /// A film whose index is in front, cut at 60 %: players still show its full length.
    TruncatedFastStart = "truncated-fast-start", Expect::Finding;
    /// A film whose index is at the end, cut at 60 %.
    TruncatedIndexAtEnd = "truncated-index-at-end", Expect::Finding;
    /// A recording of any other kind cut at 60 %.
    Truncated = "truncated", Expect::Finding;
    /// Only the header and the index of a recording are there.
    HeaderOnly = "header-only", Expect::Finding;
    /// A recording that was never closed.
    Unfinalised = "unfinalised", Expect::Finding;
    /// A clip of zero bytes.
    ZeroByte = "zero-byte", Expect::Finding;
    /// Space was reserved, zeros only.
    Blank = "blank", Expect::Finding;
    /// A block of zeros in the middle of the pictures.
    Hole = "hole", Expect::HashOrDecode;
    /// Frames missing inside a sequence.
    SequenceGap = "sequence-gap", Expect::Finding;
    /// Two frames that changed places.
    SwappedFrames = "swapped-frames", Expect::Finding;
    /// One frame under two names.
    DuplicateFrame = "duplicate-frame", Expect::Finding;
    /// A frame of another clip among the frames.
    ForeignFrame = "foreign-frame", Expect::Finding;
    /// A frame of another size than the rest.
    ShortFrame = "short-frame", Expect::Finding;
    /// Ten thousand frames.
    LongSequence = "long-sequence", Expect::Harmless;
    /// A segment in the middle is gone.
    MissingSegment = "missing-segment", Expect::Finding;
    /// A segment carries the name of another.
    RenamedSegment = "renamed-segment", Expect::Finding;
    /// A segment in the middle is far smaller than its neighbours.
    SmallSegment = "small-segment", Expect::Finding;
    /// The file with a clip's metadata is gone.
    MissingSidecar = "missing-sidecar", Expect::Finding;
    /// A sound file of a clip or take is gone.
    MissingAudio = "missing-audio", Expect::Finding;
    /// The half of a clip that another file or card holds is gone.
    MissingHalf = "missing-half", Expect::Finding;
    /// What belongs to a clip is there, its picture is not.
    MissingEssence = "missing-essence", Expect::Finding;
    /// The camera's index names a clip whose file is gone.
    MissingIndexed = "missing-indexed", Expect::Finding;
    /// A folder the card must have is gone.
    MissingFolder = "missing-folder", Expect::Finding;
    /// The camera's index is older than the last clips.
    StaleIndex = "stale-index", Expect::Finding;
    /// The camera's index cannot be read.
    BrokenIndex = "broken-index", Expect::Finding;
    /// A sidecar is that of another recording.
    WrongUmid = "wrong-umid", Expect::Finding;
    /// Index and sidecar disagree about the length.
    WrongDuration = "wrong-duration", Expect::Finding;
    /// The clip goes on, or began, on another card.
    CrossCardSpan = "cross-card-span", Expect::Finding;
    /// A piece of a recording does not begin where the one before it ends.
    SpanGap = "span-gap", Expect::Finding;
    /// Sidecar and film count timecode differently.
    DropFrameMismatch = "drop-frame-mismatch", Expect::Finding;
    /// A clip of another reel in this reel's folder.
    MixedReels = "mixed-reels", Expect::Finding;
    /// The camera left a mark of an unfinished recording.
    Busy = "busy", Expect::Finding;
    /// What is on the card may not be what the camera recorded.
    Transcoded = "transcoded", Expect::Finding;
    /// A recording that stops at the largest size FAT32 can hold.
    FourGibibytes = "four-gibibytes", Expect::Finding;
    /// Files that an office computer leaves on a card.
    HiddenFiles = "hidden-files", Expect::Harmless;
    /// Every name in lower case, as some file systems give them back.
    CaseFolded = "case-folded", Expect::Harmless;
    /// Names from right to left, outside ASCII and beyond the basic plane.
    UnicodeNames = "unicode-names", Expect::Harmless;
    /// Two names that differ only in case.
    CaseCollision = "case-collision", Expect::Finding;
}

impl Damage {
    /// Whether a card of `family` has what this breaks.
    #[must_use]
    pub fn applies_to(self, family: Family) -> bool {
        if let Some(recipe) = family.recipe() {
            return matches!(self, Self::HiddenFiles | Self::CaseFolded | Self::UnicodeNames) || recipe.damage(self).is_some();
        }
        match self {
            Self::TruncatedFastStart | Self::TruncatedIndexAtEnd | Self::ZeroByte | Self::MixedReels | Self::CaseCollision => {
                family.has(Family::ArriClassic)
            }
            Self::MissingIndexed => family.has(Family::SonyM4root),
            Self::SequenceGap => family.has(Family::Plates),
            Self::HiddenFiles => true,
            _ => false,
        }
    }

    /// What the damage of an encoded card leads to; recipes say it themselves.
    fn finding(self) -> Option<&'static str> {
        Some(match self {
            Self::TruncatedFastStart | Self::TruncatedIndexAtEnd => "error structure.truncated",
            Self::MissingIndexed => "error index.entry_missing",
            Self::SequenceGap => "error sequence.gap",
            Self::ZeroByte => "error structure.empty_file",
            Self::MixedReels => "rule roll.mixed",
            Self::CaseCollision => "rule name.case_collision",
            _ => return None,
        })
    }
}

impl std::str::FromStr for Damage {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|damage| damage.name() == text)
            .ok_or_else(|| UnknownWord::new(text, Self::ALL.map(Self::name).join(", ")))
    }
}

/// What was broken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Broken {
    /// `severity code`, or `rule code` where a rule and not the structure finds it.
    pub(crate) findings: Vec<String>,
    pub(crate) paths: Vec<String>,
}

impl Broken {
    /// What the structure alone leads to.
    pub(crate) fn structural(&self) -> Vec<String> {
        self.findings.iter().filter(|finding| !finding.starts_with("rule ")).cloned().collect()
    }

    /// The codes alone.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.findings.iter().filter_map(|finding| finding.split(' ').next_back()).map(str::to_owned).collect()
    }
}

/// Breaks the card below `root`; answers the findings and the paths concerned.
pub(crate) fn apply(root: &Path, damage: Damage, family: Family) -> Result<Broken, ForgeError> {
    match damage {
        Damage::HiddenFiles => return Ok(Broken { findings: Vec::new(), paths: hidden_files(root)? }),
        Damage::CaseFolded => return Ok(Broken { findings: Vec::new(), paths: fold_case(root)? }),
        Damage::UnicodeNames => return Ok(Broken { findings: Vec::new(), paths: unicode_names(root)? }),
        _ => {}
    }
    if let Some(recipe) = family.recipe()
        && let Some(spec) = recipe.damage(damage)
    {
        return Ok(Broken { findings: spec.findings.clone(), paths: apply_recipe(root, recipe, spec)? });
    }
    let clip = |number: u32| format!("{}/A003C{number:03}_261123_R1JL.mov", arri::REEL);
    let paths: Vec<String> = match damage {
        Damage::TruncatedFastStart | Damage::TruncatedIndexAtEnd => {
            let path = clip(2);
            truncate_to(&root.join(&path), 3, 5)?;
            vec![path]
        }
        Damage::MissingIndexed => {
            let path = "PRIVATE/M4ROOT/CLIP/C0001.MP4".to_owned();
            std::fs::remove_file(root.join(&path)).map_err(write_error(&root.join(&path)))?;
            vec![path]
        }
        Damage::SequenceGap => remove_frames(root, "PLATES/NF_040_0010", 4..6)?,
        Damage::ZeroByte => {
            let path = clip(3);
            write(root, &path, b"")?;
            vec![path]
        }
        Damage::MixedReels => {
            let path = format!("{}/A007C001_261124_R1JL.mov", arri::REEL);
            copy(root, &clip(3), &path)?;
            vec![path]
        }
        Damage::CaseCollision => {
            let path = format!("{}/a003c001_261123_r1jl.MOV", arri::REEL);
            copy(root, &clip(3), &path)?;
            vec![path, clip(1)]
        }
        _ => Vec::new(),
    };
    Ok(Broken { findings: damage.finding().map(str::to_owned).into_iter().collect(), paths })
}

/// Does what a recipe says, in the order of its fields.
fn apply_recipe(root: &Path, recipe: &Recipe, spec: &DamageSpec) -> Result<Vec<String>, ForgeError> {
    let mut paths = Vec::new();
    if let Some(path) = &spec.cut {
        truncate_to(&root.join(path), 3, 5)?;
        paths.push(path.clone());
    }
    if let Some((path, length)) = &spec.cut_to {
        set_length(&root.join(path), *length)?;
        paths.push(path.clone());
    }
    if let Some(path) = &spec.empty {
        write(root, path, b"")?;
        paths.push(path.clone());
    }
    if let Some(path) = &spec.blank {
        let length = read(root, path)?.len();
        write(root, path, &vec![0; length])?;
        paths.push(path.clone());
    }
    if let Some(path) = &spec.hole {
        let mut bytes = read(root, path)?;
        let (from, length) = (bytes.len() * 2 / 5, bytes.len() / 20);
        bytes[from..from + length].fill(0);
        write(root, path, &bytes)?;
        paths.push(path.clone());
    }
    for path in &spec.remove {
        let at = root.join(path);
        let removed = if at.is_dir() { std::fs::remove_dir_all(&at) } else { std::fs::remove_file(&at) };
        removed.map_err(write_error(&at))?;
        paths.push(path.clone());
    }
    if let Some((from, to)) = &spec.rename {
        std::fs::rename(root.join(from), root.join(to)).map_err(write_error(&root.join(to)))?;
        paths.push(to.clone());
    }
    if let Some((first, second)) = &spec.swap {
        let (one, two) = (read(root, first)?, read(root, second)?);
        write(root, first, &two)?;
        write(root, second, &one)?;
        paths.extend([first.clone(), second.clone()]);
    }
    if let Some((from, to)) = &spec.copy {
        copy(root, from, to)?;
        paths.push(to.clone());
    }
    if let Some((path, find, put)) = &spec.replace {
        let bytes = read(root, path)?;
        let at = bytes.windows(find.len()).position(|window| window == find.as_bytes());
        let at = at.ok_or(ForgeError::FileSystem("the text a recipe replaces"))?;
        write(root, path, &[&bytes[..at], put.as_bytes(), &bytes[at + find.len()..]].concat())?;
        paths.push(path.clone());
    }
    if let Some((path, text)) = &spec.add {
        write(root, path, text.replace("{synthetic}", super::SYNTHETIC).as_bytes())?;
        paths.push(path.clone());
    }
    if let Some((pattern, from, count)) = &spec.repeat {
        for number in *from..from + count {
            let path = super::container::numbered(pattern, number);
            if number > *from {
                copy(root, &super::container::numbered(pattern, *from), &path)?;
                paths.push(path);
            }
        }
    }
    if let Some(path) = &spec.unfinish {
        let bytes = recipe.unfinished(path).ok_or(ForgeError::FileSystem("a file the recipe makes"))?;
        write(root, path, &bytes)?;
        paths.push(path.clone());
    }
    if let Some(path) = &spec.stop_at_fat_limit {
        stop_at_fat_limit(root, path)?;
        paths.push(path.clone());
    }
    Ok(paths)
}

/// A film that declares five gibibytes of pictures and ends where FAT32 ends; nearly all of it is never written.
fn stop_at_fat_limit(root: &Path, path: &str) -> Result<(), ForgeError> {
    let mut bytes = read(root, path)?[..20].to_vec();
    bytes.extend_from_slice(&1u32.to_be_bytes());
    bytes.extend_from_slice(b"mdat");
    bytes.extend_from_slice(&(5u64 << 30).to_be_bytes());
    bytes.extend_from_slice(super::SYNTHETIC.as_bytes());
    write(root, path, &bytes)?;
    set_length(&root.join(path), u64::from(u32::MAX))
}

fn hidden_files(root: &Path) -> Result<Vec<String>, ForgeError> {
    let first = first_file(root)?;
    let twin = first.with_file_name(format!("._{}", first.file_name().unwrap_or_default().to_string_lossy()));
    write(root, ".DS_Store", b"\0\0\0\x01Bud1 synthetic")?;
    std::fs::write(&twin, b"\0\x05\x16\x07\0\x02\0\0synthetic").map_err(write_error(&twin))?;
    Ok(vec![".DS_Store".to_owned(), below(root, &twin)])
}

/// Renames from the leaves up, so that a path is still there when its turn comes.
fn fold_case(folder: &Path) -> Result<Vec<String>, ForgeError> {
    let mut folded = Vec::new();
    for path in listing(folder)? {
        if path.is_dir() {
            fold_case(&path)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let to = path.with_file_name(&name);
        if to != path {
            std::fs::rename(&path, &to).map_err(write_error(&to))?;
        }
        folded.push(name);
    }
    Ok(folded)
}

fn unicode_names(root: &Path) -> Result<Vec<String>, ForgeError> {
    let paths = ["\u{5d4}\u{5e2}\u{5e8}\u{5d5}\u{5ea} \u{202e}txt.notes", "e\u{301}quipe \u{6620}\u{753b} \u{1f3ac}.notes"];
    for path in paths {
        write(root, path, super::SYNTHETIC.as_bytes())?;
    }
    Ok(paths.map(str::to_owned).to_vec())
}

fn read(root: &Path, path: &str) -> Result<Vec<u8>, ForgeError> {
    std::fs::read(root.join(path)).map_err(write_error(&root.join(path)))
}

fn write(root: &Path, path: &str, bytes: &[u8]) -> Result<(), ForgeError> {
    let at = root.join(path);
    if let Some(folder) = at.parent() {
        std::fs::create_dir_all(folder).map_err(write_error(folder))?;
    }
    std::fs::write(&at, bytes).map_err(write_error(&at))
}

/// Never over a file that is there: on a volume that does not tell case apart, the copy would replace its original.
fn copy(root: &Path, from: &str, to: &str) -> Result<(), ForgeError> {
    if root.join(to).exists() {
        return Err(ForgeError::FileSystem("two names that differ only in case"));
    }
    write(root, to, &read(root, from)?)
}

fn set_length(path: &Path, length: u64) -> Result<(), ForgeError> {
    let file = std::fs::OpenOptions::new().write(true).open(path).map_err(write_error(path))?;
    file.set_len(length).map_err(write_error(path))
}

/// Cuts a file to `part / whole` of its length.
fn truncate_to(path: &Path, part: u64, whole: u64) -> Result<(), ForgeError> {
    let length = std::fs::metadata(path).map_err(write_error(path))?.len();
    set_length(path, length * part / whole)
}

fn remove_frames(root: &Path, folder: &str, which: std::ops::Range<usize>) -> Result<Vec<String>, ForgeError> {
    let mut frames = listing(&root.join(folder))?;
    frames.sort();
    let mut removed = Vec::new();
    for path in frames.drain(which) {
        std::fs::remove_file(&path).map_err(write_error(&path))?;
        removed.push(below(root, &path));
    }
    Ok(removed)
}

fn listing(folder: &Path) -> Result<Vec<PathBuf>, ForgeError> {
    std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(write_error(folder))
}

fn first_file(folder: &Path) -> Result<PathBuf, ForgeError> {
    let mut entries = listing(folder)?;
    entries.sort();
    for entry in entries {
        if entry.is_file() {
            return Ok(entry);
        }
        if let Ok(found) = first_file(&entry) {
            return Ok(found);
        }
    }
    Err(ForgeError::FileSystem("a file to put a hidden one beside"))
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
