//! Owns cards forged from a recipe: `cards/NAME.toml` says which files lie where, what a tool should say about the whole card, and
//! how it can be broken, with the finding each breaking must lead to. Recipes are data; adding a family is a file and a line here.

use super::container::FileSpec;
use super::{Damage, ExpectedClip, ForgeError, Plan, write_error};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

macro_rules! recipes {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../cards/", $name, ".toml")))),*];
    };
}

recipes!(
    "arri-new",
    "arri-hde",
    "arri-raw",
    "red",
    "sony-fx6",
    "sony-venice",
    "sony-axs",
    "sony-fx30",
    "sony-ex",
    "sony-disc",
    "sony-prodisc",
    "canon-xf",
    "canon-raw",
    "blackmagic",
    "blackmagic-dng",
    "panasonic-p2",
    "panasonic-varicam",
    "panasonic-lumix",
    "dji",
    "gopro",
    "nikon",
    "zcam",
    "kinefinity",
    "phantom",
    "atomos",
    "insta360",
    "iphone",
    "avchd",
    "sound-devices",
    "mixpre",
    "zoom",
    "tascam",
    "zaxcom",
);

/// One card as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    /// What is imitated, in a line.
    pub(super) what: String,
    /// Profile a tool should name.
    pub(super) family: String,
    /// Further profiles on the same card.
    #[serde(default)]
    pub(super) also_present: Vec<String>,
    /// How sure a tool can be.
    pub(super) confidence: String,
    /// Volume label.
    pub(super) label: String,
    #[serde(default)]
    pub(super) reel: Option<String>,
    /// Findings of the whole card: notes only.
    #[serde(default)]
    pub(super) findings: Vec<String>,
    #[serde(default)]
    pub(super) empty_folders: Vec<String>,
    #[serde(rename = "file")]
    files: Vec<FileSpec>,
    #[serde(rename = "clip")]
    clips: Vec<ClipSpec>,
    #[serde(default, rename = "damage")]
    damages: Vec<DamageSpec>,
}

/// One clip as a tool should group it. Files are written as `role path`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClipSpec {
    name: String,
    kind: String,
    #[serde(default)]
    roll: Option<String>,
    #[serde(default)]
    start: String,
    #[serde(default = "twenty_four")]
    rate: (u32, u32),
    #[serde(default)]
    duration: u64,
    files: Vec<String>,
}

fn twenty_four() -> (u32, u32) {
    (24, 1)
}

/// One way to break this card, and what must be said of it then.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DamageSpec {
    pub(super) name: Damage,
    /// Findings as `severity code`; none where only a hash or a decoder sees it.
    #[serde(default)]
    pub(super) findings: Vec<String>,
    /// Cut to 60 %.
    #[serde(default)]
    pub(super) cut: Option<String>,
    /// Cut to this many bytes.
    #[serde(default)]
    pub(super) cut_to: Option<(String, u64)>,
    /// Zero bytes left.
    #[serde(default)]
    pub(super) empty: Option<String>,
    /// Same length, zeros only.
    #[serde(default)]
    pub(super) blank: Option<String>,
    /// A block of zeros in the middle.
    #[serde(default)]
    pub(super) hole: Option<String>,
    #[serde(default)]
    pub(super) remove: Vec<String>,
    #[serde(default)]
    pub(super) rename: Option<(String, String)>,
    #[serde(default)]
    pub(super) swap: Option<(String, String)>,
    #[serde(default)]
    pub(super) copy: Option<(String, String)>,
    /// In this file, this text, by that of the same length or another.
    #[serde(default)]
    pub(super) replace: Option<(String, String, String)>,
    /// A new file with this text.
    #[serde(default)]
    pub(super) add: Option<(String, String)>,
    /// One numbered file copied under the numbers behind it: pattern, its number, how many there are then.
    #[serde(default)]
    pub(super) repeat: Option<(String, u32, u32)>,
    /// Made again as if the recording had never been closed.
    #[serde(default)]
    pub(super) unfinish: Option<String>,
    /// A film that goes on behind the largest file of FAT32.
    #[serde(default)]
    pub(super) stop_at_fat_limit: Option<String>,
}

impl Recipe {
    /// The file as an interrupted recording leaves it.
    pub(super) fn unfinished(&self, path: &str) -> Option<Vec<u8>> {
        let spec = self.files.iter().find(|spec| spec.path == path)?;
        let mut spec = spec.clone();
        spec.unfinished = true;
        Some(spec.bytes(path, spec.from, 1))
    }

    pub(super) fn damage(&self, damage: Damage) -> Option<&DamageSpec> {
        self.damages.iter().find(|known| known.name == damage)
    }
}

/// Every recipe by name. They are data of this crate and tested, so that reading them cannot fail.
pub(super) fn recipes() -> &'static BTreeMap<&'static str, Recipe> {
    static RECIPES: OnceLock<BTreeMap<&'static str, Recipe>> = OnceLock::new();
    RECIPES.get_or_init(|| {
        let read = |(name, text): &(&'static str, &str)| {
            let recipe = toml::from_str(text).unwrap_or_else(|error| panic!("cards/{name}.toml is tested data: {error}"));
            (*name, recipe)
        };
        FILES.iter().map(read).collect()
    })
}

/// Names in the order of the list, most used first.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Writes the card of a recipe.
pub(super) fn forge(plan: &mut Plan<'_>, recipe: &Recipe) -> Result<(), ForgeError> {
    let mut paths_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, spec) in recipe.files.iter().enumerate() {
        (plan.report)(&spec.path);
        for (path, number) in spec.paths() {
            if let Some((folder, _)) = path.rsplit_once('/') {
                plan.folder(folder)?;
            }
            let at = plan.root.join(&path);
            let bytes = spec.bytes(&path, number, plan.seed.wrapping_mul(1000) + place as u64);
            std::fs::write(&at, bytes).map_err(write_error(&at))?;
            paths_of.entry(&spec.path).or_default().push(path);
        }
    }
    for folder in &recipe.empty_folders {
        plan.folder(folder)?;
        plan.empty_folders.push(folder.clone());
    }
    for clip in &recipe.clips {
        let (mut files, mut roles) = (Vec::new(), Vec::new());
        for file in &clip.files {
            let (role, path) = file.split_once(' ').unwrap_or(("essence", file));
            let paths = paths_of.get(path).cloned().unwrap_or_else(|| vec![path.to_owned()]);
            roles.extend(paths.iter().map(|_| role.to_owned()));
            files.extend(paths);
        }
        plan.clips.push(ExpectedClip {
            name: clip.name.clone(),
            kind: clip.kind.clone(),
            reel: clip.roll.clone(),
            start: clip.start.clone(),
            rate: clip.rate,
            duration: clip.duration,
            files,
            roles,
            colour: None,
        });
    }
    Ok(())
}
