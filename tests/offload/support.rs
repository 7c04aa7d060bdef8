//! Owns what every test here needs: a stage of its own with card, state and drives, and the judgement of a copy in few words.

use checkgate_testkit::ascmhl::Reference;
use checkgate_testkit::faulty::FaultyMount;
use checkgate_testkit::image;
use checkgate_testkit::torture::{Answer, Checkgate, Judge, MixedCard, MixedSize, is_working_name, manifests, media};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The largest file of the card, copied last or not: no test depends on it.
pub(crate) const BIG: &str = "CLIPS/A001C001_261126_R1AB.bin";
/// A file that is read in one piece.
pub(crate) const SMALL: &str = "SMALL/frame0005.raw";

/// One test's own world: a folder on the disk of the build. Mounts that a killed run left there are released first.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    pub(crate) checkgate: Checkgate,
    pub(crate) reference: Option<Reference>,
}

/// A program of this workspace, beside the test that runs.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().find(|folder| folder.join("checkgate").is_file());
    folder.expect("checkgate is not built; `cargo build --workspace` builds it").join("checkgate")
}

impl Stage {
    pub(crate) fn new(name: &str) -> Self {
        let target = program().parent().expect("a program lies in a folder").join("offload-tests");
        std::fs::create_dir_all(&target).expect("the build folder is writable");
        release_dead(&target);
        let prefix = format!("{}-{name}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(target).expect("a folder can be made");
        let checkgate = Checkgate { program: program(), home: folder.path().join("home") };
        let reference = Reference::find();
        if reference.is_none() {
            eprintln!("SKIPPED: the reference ascmhl is not installed; it does not judge the manifests here");
        }
        Self { folder, checkgate, reference }
    }

    /// A stage for a test that mounts through FUSE; `None` with a word where that cannot be.
    pub(crate) fn with_fuse(name: &str) -> Option<Self> {
        if checkgate_testkit::faulty::is_available() {
            return Some(Self::new(name));
        }
        eprintln!("SKIPPED: nothing can be mounted through FUSE here (/dev/fuse, root)");
        None
    }

    /// A stage for a test that mounts drives.
    pub(crate) fn with_drives(name: &str) -> Option<Self> {
        if image::is_available() {
            return Some(Self::new(name));
        }
        eprintln!("SKIPPED: images cannot be mounted here (root, loop devices)");
        None
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        path
    }

    /// The mixed card in a folder of its own.
    pub(crate) fn card(&self, size: MixedSize) -> MixedCard {
        MixedCard::forge(&self.folder("cards"), "A001R1AB", size, true, 5).expect("a card can be forged")
    }

    /// A faulty file system over the folder `backing`.
    pub(crate) fn faulty(&self, backing: &Path, name: &str) -> FaultyMount {
        FaultyMount::new(backing, &self.folder(name)).expect("it was possible a moment ago")
    }

    pub(crate) fn offload(&self, card: &Path, destinations: &[&Path], more: &[&str]) -> Answer {
        let destinations: Vec<PathBuf> = destinations.iter().map(|path| path.to_path_buf()).collect();
        self.checkgate.run(&Checkgate::offload(card, &destinations, more)).expect("checkgate starts")
    }

    pub(crate) fn resume(&self) -> Answer {
        self.checkgate.run(&["resume", "--json"]).expect("checkgate starts")
    }

    pub(crate) fn judge<'a>(&'a self, card: &'a MixedCard) -> Judge<'a> {
        Judge { card, checkgate: &self.checkgate, reference: self.reference.as_ref() }
    }

    /// Byte for byte the card, with one manifest that we and the reference verify.
    #[track_caller]
    pub(crate) fn assert_whole(&self, card: &MixedCard, copy: &Path) {
        let judge = self.judge(card);
        let mut wrong = judge.whole(copy);
        wrong.extend(judge.sealed(copy, true).expect("the judges run"));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Whatever is there under the name of media is what the card holds, and the program believes nothing that is not so.
    #[track_caller]
    pub(crate) fn assert_nothing_half(&self, card: &MixedCard, copy: &Path) {
        let judge = self.judge(card);
        let mut wrong = judge.nothing_half(copy);
        wrong.extend(judge.nothing_believed_wrongly().expect("checkgate runs"));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// All of the card but `failed` is there and in the manifest, which names what it lacks and verifies for us and the reference.
    #[track_caller]
    pub(crate) fn assert_all_but(&self, card: &MixedCard, copy: &Path, failed: &str) {
        self.assert_nothing_half(card, copy);
        let found = media(copy);
        for name in card.content.keys() {
            assert_eq!(found.contains_key(name), name != failed, "{name}");
        }
        let written = manifests(copy);
        assert_eq!(written.len(), 1, "{written:?}");
        let manifest = std::fs::read_to_string(&written[0]).expect("a manifest is text");
        let document = roxmltree::Document::parse(&manifest).expect("a manifest is XML");
        let named = |name: &str| {
            document
                .descendants()
                .any(|node| node.has_tag_name((node.tag_name().namespace().unwrap_or(""), "path")) && node.text() == Some(name))
        };
        assert!(!named(failed), "a file that is not there has no hash in the manifest");
        assert!(named(SMALL) || failed == SMALL);
        let comment = document.descendants().find(|node| node.tag_name().name() == "comment").and_then(|node| node.text());
        assert!(comment.is_some_and(|words| words.contains(failed)), "the manifest says what it lacks: {comment:?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What a failed test left mounted; the folder can only be removed after that.
        let _ = image::release_below(self.folder.path());
    }
}

/// Lets go what runs left mounted that were killed.
fn release_dead(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.split('-').next().unwrap_or_default();
        if !process.is_empty() && !Path::new("/proc").join(process).exists() {
            let _ = image::release_below(&entry.path());
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A copy as `--json` shows it.
#[track_caller]
pub(crate) fn copy_of<'a>(answer: &'a Answer, destination: &Path) -> &'a Value {
    let copies = answer.at("/card/copies").as_array().unwrap_or_else(|| panic!("no copies: {}", answer.said()));
    let below = |copy: &&Value| copy["path"].as_str().is_some_and(|path| Path::new(path).starts_with(destination));
    copies.iter().find(below).unwrap_or_else(|| panic!("no copy below {}: {}", destination.display(), answer.said()))
}

/// Files that failed, as `--json` shows them: code and path.
pub(crate) fn failed(answer: &Answer) -> Vec<(String, String)> {
    let files = answer.at("/failed_files").as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    files.iter().map(|file| (word(&file["problem"]["code"]), word(&file["path"]))).collect()
}

#[track_caller]
pub(crate) fn expect(answer: &Answer, code: i32) {
    assert_eq!(answer.code, code, "{}", answer.said());
}

/// Every copy is sealed with evidence of `level`.
#[track_caller]
pub(crate) fn expect_proven(answer: &Answer, destination: &Path, level: &str) {
    let copy = copy_of(answer, destination);
    assert_eq!(copy["state"], "sealed", "{copy}");
    assert_eq!(copy["evidence"], level, "{copy}");
    assert_eq!(copy["manifest_reread"], true, "{copy}");
    assert_eq!(copy["failed_files"], 0, "{copy}");
}

/// Names of what is not media below a copy.
pub(crate) fn working_names(copy: &Path) -> Vec<String> {
    media(copy).into_keys().filter(|name| is_working_name(name)).collect()
}
