//! Owns the camera profiles: data in `assets/cameras/*.toml`, compiled once. Adding a camera is a file, an entry in `FILES` and
//! a test. Must never hold a rule of one family in code.

use checkgate_model::{ClipKind, Confidence, FileRole, Severity};
use regex::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const FILES: &[(&str, &str)] = &[
    ("arri-classic", include_str!("../../../assets/cameras/arri-classic.toml")),
    ("arri-new", include_str!("../../../assets/cameras/arri-new.toml")),
    ("red", include_str!("../../../assets/cameras/red.toml")),
    ("sony-axs", include_str!("../../../assets/cameras/sony-axs.toml")),
    ("sony-xdroot", include_str!("../../../assets/cameras/sony-xdroot.toml")),
    ("sony-m4root", include_str!("../../../assets/cameras/sony-m4root.toml")),
    ("sony-bpav", include_str!("../../../assets/cameras/sony-bpav.toml")),
    ("sony-prodisc", include_str!("../../../assets/cameras/sony-prodisc.toml")),
    ("sony-sam", include_str!("../../../assets/cameras/sony-sam.toml")),
    ("canon", include_str!("../../../assets/cameras/canon.toml")),
    ("blackmagic", include_str!("../../../assets/cameras/blackmagic.toml")),
    ("panasonic-p2", include_str!("../../../assets/cameras/p2.toml")),
    ("panasonic-mov", include_str!("../../../assets/cameras/panasonic-mov.toml")),
    ("dji", include_str!("../../../assets/cameras/dji.toml")),
    ("gopro", include_str!("../../../assets/cameras/gopro.toml")),
    ("phantom", include_str!("../../../assets/cameras/phantom.toml")),
    ("atomos", include_str!("../../../assets/cameras/atomos.toml")),
    ("nikon", include_str!("../../../assets/cameras/nikon.toml")),
    ("zcam", include_str!("../../../assets/cameras/zcam.toml")),
    ("kinefinity", include_str!("../../../assets/cameras/kinefinity.toml")),
    ("insta360", include_str!("../../../assets/cameras/insta360.toml")),
    ("apple", include_str!("../../../assets/cameras/apple.toml")),
    ("zaxcom", include_str!("../../../assets/cameras/zaxcom.toml")),
    ("avchd", include_str!("../../../assets/cameras/avchd.toml")),
    ("sound-devices", include_str!("../../../assets/cameras/sound-devices.toml")),
    ("zoom", include_str!("../../../assets/cameras/zoom.toml")),
    ("tascam", include_str!("../../../assets/cameras/tascam.toml")),
    ("sound", include_str!("../../../assets/cameras/sound.toml")),
    ("frame-sequence", include_str!("../../../assets/cameras/frame-sequence.toml")),
    ("camera-files", include_str!("../../../assets/cameras/camera-files.toml")),
];
const COMPANIONS: &str = include_str!("../../../assets/cameras/companions.toml");

/// What a family records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FamilyKind {
    Camera,
    Sound,
    Generic,
}

/// One family as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) make: String,
    pub(crate) rank: u32,
    pub(crate) kind: FamilyKind,
    /// What the profile was held against.
    pub(crate) seen: Seen,
    #[serde(default)]
    identity: Identity,
    #[serde(default)]
    label: Label,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
    /// Files that never come alone.
    #[serde(default)]
    needs: Vec<Need>,
    /// Names that say something by being there.
    #[serde(default, rename = "mark")]
    marks: Vec<Mark>,
    /// Folders a card of this family always has.
    #[serde(default)]
    layout: Option<Layout>,
}

/// How far a profile is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Files that such a device wrote.
    RealFiles,
    /// What the maker's own tool says of such files, or notes of someone who had a card.
    VendorDumps,
    /// Cards forged from published layouts only.
    ForgedOnly,
}

/// Where a file fits `has`, one of `wants` must be on the card as well.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Need {
    has: String,
    wants: Vec<String>,
    code: String,
    severity: Severity,
    says: String,
    hint: String,
}

/// A file that fits `path`, and whose film has one of `codecs` where any are named, says this.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    path: String,
    #[serde(default)]
    codecs: Vec<String>,
    code: String,
    severity: Severity,
    says: String,
    hint: String,
}

/// The words of a finding.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) code: String,
    pub(crate) severity: Severity,
    pub(crate) says: String,
    pub(crate) hint: String,
}

/// Folders below the one that `root` finds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layout {
    root: String,
    pub(crate) folders: Vec<String>,
    pub(crate) hint: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    #[serde(default)]
    matches: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    #[serde(default)]
    roll: Option<String>,
}

/// One rule: what the file with this path is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    path: String,
    pub(crate) role: FileRole,
    #[serde(default)]
    pub(crate) kind: Option<ClipKind>,
    #[serde(default)]
    pub(crate) roll: Option<String>,
    #[serde(default)]
    pub(crate) index: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// What files of one clip have in common; the clip's name where nothing else is said.
    #[serde(default)]
    pub(crate) key: Option<String>,
    /// Another part where a file with one of these extensions belongs to the same clip.
    #[serde(default)]
    pub(crate) beside: BTreeMap<String, FileRole>,
    #[serde(default)]
    pub(crate) says: Option<Confidence>,
    #[serde(default)]
    pub(crate) what: Option<String>,
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    #[serde(default)]
    pub(crate) kind_by_extension: BTreeMap<String, FileRole>,
}

/// A rule with its family and its compiled pattern.
pub(crate) struct Compiled {
    pub(crate) family: usize,
    pub(crate) rule: Rule,
    pattern: Regex,
}

impl Compiled {
    pub(crate) fn captures<'t>(&self, path: &'t str) -> Option<Captures<'t>> {
        self.pattern.captures(path)
    }

    pub(crate) fn role(&self, extension: &str) -> FileRole {
        self.rule.kind_by_extension.get(extension).copied().unwrap_or(self.rule.role)
    }
}

/// A need with its family and its compiled pattern.
pub(crate) struct CompiledNeed {
    pub(crate) family: usize,
    pub(crate) has: Regex,
    pub(crate) wants: Vec<String>,
    pub(crate) words: Words,
}

/// A mark with its family and its compiled pattern.
pub(crate) struct CompiledMark {
    pub(crate) family: usize,
    pub(crate) path: Regex,
    pub(crate) codecs: Vec<String>,
    pub(crate) words: Words,
}

/// Fills `${name}` from the captures.
pub(crate) fn fill(template: &str, captures: &Captures<'_>) -> String {
    let mut text = String::new();
    captures.expand(template, &mut text);
    text
}

/// Everything compiled.
pub(crate) struct Profiles {
    pub(crate) families: Vec<Profile>,
    pub(crate) rules: Vec<Compiled>,
    set: RegexSet,
    identities: Vec<(usize, Regex)>,
    labels: Vec<(usize, Regex)>,
    companions: BTreeMap<String, FileRole>,
    pub(crate) needs: Vec<CompiledNeed>,
    pub(crate) marks: Vec<CompiledMark>,
    pub(crate) layouts: Vec<(usize, Regex, Layout)>,
}

impl Profiles {
    /// The first rule that fits, in the order of the families' ranks.
    pub(crate) fn claim<'t>(&self, path: &'t str) -> Option<(usize, &Compiled, Captures<'t>)> {
        let index = self.set.matches(path).iter().next()?;
        let rule = self.rules.get(index)?;
        rule.captures(path).map(|captures| (index, rule, captures))
    }

    /// The family a container's own words name (maker, originator, brand).
    pub(crate) fn by_identity(&self, words: &str) -> Option<usize> {
        self.identities.iter().find(|(_, pattern)| pattern.is_match(words)).map(|(family, _)| *family)
    }

    /// The family whose roll names this volume label fits.
    pub(crate) fn by_label(&self, label: &str) -> Option<usize> {
        self.labels.iter().find(|(_, pattern)| pattern.is_match(label)).map(|(family, _)| *family)
    }

    /// The part a file plays by its extension alone.
    pub(crate) fn companion(&self, extension: &str) -> FileRole {
        self.companions.get(extension).copied().unwrap_or(FileRole::Unknown)
    }
}

/// The profiles that ship with the program. They are data of this crate and tested, so that compiling them cannot fail.
pub(crate) fn profiles() -> &'static Profiles {
    static PROFILES: OnceLock<Profiles> = OnceLock::new();
    PROFILES.get_or_init(|| compile().expect("the shipped profiles are compiled by this crate's tests"))
}

fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(8 << 20).build().map_err(|error| error.to_string())
}

fn compile() -> Result<Profiles, String> {
    let mut families = Vec::new();
    for (id, text) in FILES {
        let profile: Profile = toml::from_str(text).map_err(|error| format!("{id}: {error}"))?;
        if profile.id != *id {
            return Err(format!("{id}: the file calls itself {}", profile.id));
        }
        families.push(profile);
    }
    families.sort_by_key(|profile| profile.rank);
    let (mut rules, mut identities, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    let (mut needs, mut marks, mut layouts) = (Vec::new(), Vec::new(), Vec::new());
    for (family, profile) in families.iter_mut().enumerate() {
        for text in &profile.identity.matches {
            identities.push((family, Regex::new(text).map_err(|error| error.to_string())?));
        }
        if let Some(text) = &profile.label.roll {
            labels.push((family, pattern(text)?));
        }
        for need in profile.needs.drain(..) {
            let Need { has, wants, code, severity, says, hint } = need;
            needs.push(CompiledNeed { family, has: pattern(&has)?, wants, words: Words { code, severity, says, hint } });
        }
        for mark in profile.marks.drain(..) {
            let Mark { path, codecs, code, severity, says, hint } = mark;
            marks.push(CompiledMark { family, path: pattern(&path)?, codecs, words: Words { code, severity, says, hint } });
        }
        if let Some(layout) = profile.layout.take() {
            layouts.push((family, pattern(&layout.root)?, layout));
        }
        for rule in profile.rules.drain(..) {
            let pattern = pattern(&rule.path)?;
            let makes_clip = rule.kind.is_some();
            if makes_clip && !pattern.capture_names().flatten().any(|name| name == "clip") {
                return Err(format!("{}: a rule with a kind needs a capture named clip: {}", profile.id, rule.path));
            }
            rules.push(Compiled { family, rule, pattern });
        }
    }
    let set = RegexSetBuilder::new(rules.iter().map(|compiled| compiled.rule.path.as_str()))
        .case_insensitive(true)
        .size_limit(64 << 20)
        .dfa_size_limit(64 << 20)
        .build()
        .map_err(|error| error.to_string())?;
    let by_role: BTreeMap<String, Vec<String>> = toml::from_str(COMPANIONS).map_err(|error| error.to_string())?;
    let mut companions = BTreeMap::new();
    for (role, extensions) in by_role {
        let role: FileRole = serde_json::from_value(serde_json::Value::String(role)).map_err(|error| error.to_string())?;
        companions.extend(extensions.into_iter().map(|extension| (extension, role)));
    }
    Ok(Profiles { families, rules, set, identities, labels, companions, needs, marks, layouts })
}

/// Ids of every family a profile describes, and `unknown`.
#[must_use]
pub fn family_ids() -> Vec<&'static str> {
    profiles().families.iter().map(|profile| profile.id.as_str()).chain([UNKNOWN]).collect()
}

/// How far the profile of a family is proven; `None` where no profile has it.
#[must_use]
pub fn family_seen(id: &str) -> Option<Seen> {
    profiles().families.iter().find(|profile| profile.id == id).map(|profile| profile.seen)
}

/// A family as people say it; the id itself where no profile has it.
#[must_use]
pub fn family_name(id: &str) -> &str {
    profiles().families.iter().find(|profile| profile.id == id).map_or(id, |profile| profile.name.as_str())
}

/// Id of a card that fits no profile.
pub(crate) const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_compiles_and_is_listed_once() {
        let profiles = compile().expect("profiles compile");
        let mut ids: Vec<&str> = profiles.families.iter().map(|profile| profile.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), FILES.len());
        assert!(profiles.rules.len() > 50);
    }

    #[test]
    fn names_claim_the_family_that_writes_them() {
        for (path, family, clip) in [
            ("A003R1JL/A003C001_261123_R1JL.mov", "arri-classic", "A003C001_261123_R1JL"),
            ("A003R1JL/A003C001_261123_R1JL/A003C001_261123_R1JL.0086400.ari", "arri-classic", "A003C001_261123_R1JL"),
            ("A_0001_12SQ/A_0001C016_220824_063330_p12SQ.mxf", "arri-new", "A_0001C016_220824_063330_p12SQ"),
            ("A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5_002.R3D", "red", "A106_C037_0118G5"),
            ("PRIVATE/XDROOT/Clip/C0001.MXF", "sony-xdroot", "C0001"),
            ("XDROOT/Clip/D001C005_210716AG.MXF", "sony-xdroot", "D001C005_210716AG"),
            ("PRIVATE/M4ROOT/CLIP/C0001.MP4", "sony-m4root", "C0001"),
            ("BPAV/CLPR/709_001_01/709_001_01.MP4", "sony-bpav", "709_001"),
            ("PROAV/CLPR/C0001/C0001V01.MXF", "sony-sam", "C0001"),
            ("CONTENTS/VIDEO/0001AB.MXF", "panasonic-p2", "0001AB"),
            ("CONTENTS/CLIPS001/AA0001/AA000101.MXF", "canon", "AA0001"),
            ("A001_08151530_C001.braw", "blackmagic", "A001_08151530_C001"),
            ("DCIM/100GOPRO/GX010023.MP4", "gopro", "0023"),
            ("DCIM/DJI_001/DJI_20240101120000_0001_D.MP4", "dji", "DJI_20240101120000_0001_D"),
            ("DCIM/100MEDIA/DJI_0001.MP4", "dji", "DJI_0001"),
            ("DCIM/100APPLE/IMG_0001.MOV", "apple", "IMG_0001"),
            ("DCIM/100NCZ_8/DSC_0001.NEV", "nikon", "DSC_0001"),
            ("A001/A001C0004.MOV", "zcam", "A001C0004"),
            ("DCIM/Camera01/VID_20261123_101500_00_001.insv", "insta360", "20261123_101500"),
            ("MVI_4823.MOV", "camera-files", "MVI_4823"),
            ("SOUND/S001T01.WAV", "sound", "S001T01"),
            ("SOUND/Scene_1-T001.TAKE/Scene_1-T001_Tr1.WAV", "zoom", "Scene_1-T001"),
            ("PLATE/plate.0001001.exr", "frame-sequence", "plate"),
            ("DPX/shot_010_1001.dpx", "frame-sequence", "shot_010"),
            ("UNIT_S001_S001_T001.MOV", "atomos", "UNIT_S001_S001_T001"),
            ("PRIVATE/AVCHD/BDMV/STREAM/00000.MTS", "avchd", "00000"),
            ("CINEROOT/Clip/A001C001_130101AB.mxf", "sony-axs", "A001C001_130101AB"),
            ("Clip/C0001.MXF", "sony-prodisc", "C0001"),
            ("ari/A003R1JL/A003C001_261123_R1JL/A003C001_261123_R1JL.0086400.ari", "arri-classic", "A003C001_261123_R1JL"),
            ("DCIM/100GOPRO/GOPR0024.GPR", "gopro", "GOPR0024"),
            ("plate.exr", "camera-files", "plate"),
            ("recording.mkv", "camera-files", "recording"),
        ] {
            let (_, compiled, captures) = profiles().claim(path).unwrap_or_else(|| panic!("{path} is claimed"));
            assert_eq!(profiles().families[compiled.family].id, family, "{path}");
            assert_eq!(captures.name("clip").map(|found| found.as_str()), Some(clip), "{path}");
        }
        assert!(profiles().claim("notes.docx").is_none());
    }
}
