//! Owns what must hold when `create` is killed or does not run alone: the history always loads, and the next `create` goes on.

use crate::manifest::{assert_chain_holds, chain_path, manifests};
use crate::support::{Answer, NESTED, Stage, assert_valid, command, create, create_nested, finish, mhl, put};
use crate::trees::Dice;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// A few hundred files, in two histories one in the other.
fn many(stage: &Stage) -> PathBuf {
    let root = stage.tree("card", &[]);
    for number in 0..300 {
        put(&root, &format!("Clips{}/clip{number}.mov", number % 7), format!("{number}").repeat(500));
    }
    root
}

fn start(root: &Path) -> Child {
    let mut command = command(&["mhl", "create", root.to_str().unwrap(), "-h", "xxh64,md5"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn entries(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned())).collect()
}

/// What the chain of `folder` does not account for.
fn leftovers(root: &Path) -> BTreeSet<String> {
    let known: BTreeSet<String> = if chain_path(root).exists() {
        crate::manifest::chain(root).into_iter().map(|(_, name, _)| name).chain(["ascmhl_chain.xml".to_owned()]).collect()
    } else {
        BTreeSet::new()
    };
    entries(&root.join("ascmhl")).difference(&known).cloned().collect()
}

/// When to kill.
enum Moment {
    /// After some time.
    Later(Duration),
    /// When the folder of the history holds something that was not there.
    Entry,
    /// When a new manifest is there.
    Manifest,
    /// When the chain is another file.
    Chain,
}

fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|metadata| metadata.ino())
}

/// Kills a `create` at a moment; whether it was still running.
fn kill_at(root: &Path, moment: &Moment) -> bool {
    let folder = root.join("ascmhl");
    let (before, chain) = (entries(&folder), inode(&chain_path(root)));
    let mut child = start(root);
    if let Moment::Later(time) = moment {
        // Nobody sends: the wait is the moment itself.
        let (_kept, never) = sync_channel::<()>(0);
        assert_eq!(never.recv_timeout(*time), Err(RecvTimeoutError::Timeout));
    } else {
        let is_new = |name: &String| !before.contains(name);
        let come = || match moment {
            Moment::Entry => entries(&folder).iter().any(is_new),
            Moment::Manifest => entries(&folder).iter().any(|name| is_new(name) && name.ends_with(".mhl")),
            _ => inode(&chain_path(root)) != chain,
        };
        while !come() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
    }
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

/// The history loads, whatever was left; the next `create` succeeds and tells of it.
#[track_caller]
fn goes_on(root: &Path, case: &str, known: &BTreeSet<String>) {
    for command in ["verify", "diff", "info"] {
        let answer = mhl(command, root, "");
        // Killed before the first generation there is no history.
        assert!([0, 10, 11, 21, 30].contains(&answer.code), "{case}: {command}: {} {}", answer.code, answer.all());
    }
    let left: BTreeSet<String> = leftovers(root).difference(known).cloned().collect();
    let answer = mhl("create", root, "-h xxh64,md5");
    assert_eq!(answer.code, 0, "{case}: {}", answer.all());
    if !left.is_empty() {
        let told = left.iter().any(|name| answer.all().contains(name.as_str())) || answer.all().contains("interrupted");
        assert!(told, "{case}: nothing is said of {left:?}:\n{}", answer.all());
    }
    assert_valid(root);
    mhl("verify", root, "").expect(0);
}

#[test]
fn a_create_killed_at_any_moment_leaves_a_history_that_loads() {
    let stage = Stage::new();
    let root = many(&stage);
    let begin = Instant::now();
    create(&root, "-h xxh64,md5");
    let whole = begin.elapsed();
    let mut dice = Dice::new(u64::from(std::process::id()));
    let mut killed = 0;
    for round in 0..20 {
        let moment = match round % 4 {
            0 => Moment::Entry,
            1 => Moment::Manifest,
            2 => Moment::Chain,
            _ => Moment::Later(whole.mul_f64(dice.below(1000) as f64 / 1000.0)),
        };
        let known = leftovers(&root);
        killed += u32::from(kill_at(&root, &moment));
        goes_on(&root, &format!("round {round}"), &known);
    }
    assert!(killed >= 5, "only {killed} of 20 were killed while they ran");
}

#[test]
fn the_first_create_killed_at_any_moment_leaves_no_broken_history() {
    let stage = Stage::new();
    let root = many(&stage);
    for (round, moment) in
        [Moment::Entry, Moment::Manifest, Moment::Chain, Moment::Later(Duration::from_millis(20))].iter().enumerate()
    {
        kill_at(&root, moment);
        goes_on(&root, &format!("round {round}"), &BTreeSet::new());
        fs::remove_dir_all(root.join("ascmhl")).unwrap();
    }
}

#[test]
fn a_nested_create_killed_between_histories_leaves_histories_that_load() {
    let stage = Stage::new();
    let root = stage.tree("Root", NESTED);
    for number in 0..200 {
        put(&root, &format!("B/BB/more/clip{number}"), format!("{number}"));
    }
    create_nested(&root, "-h xxh64,md5");
    for (round, folder) in ["B/BB", "B", "A/AA", "", "B/BB", "A/AA"].iter().enumerate() {
        let watched = root.join(folder);
        let known = leftovers(&root);
        let (before, mut child) = (manifests(&watched).len(), start(&root));
        while manifests_or_none(&watched) <= before && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        goes_on(&root, &format!("round {round} at {folder:?}"), &known);
    }
}

/// While another process writes, names may be temporary.
fn manifests_or_none(root: &Path) -> usize {
    entries(&root.join("ascmhl")).iter().filter(|name| name.ends_with(".mhl")).count()
}

/// The file-size limit kills it within the manifest.
#[test]
fn a_create_stopped_within_the_manifest_leaves_a_history_that_loads() {
    let stage = Stage::new();
    let root = many(&stage);
    create(&root, "-h xxh64,md5");
    for blocks in [0, 1, 8, 30] {
        let known = leftovers(&root);
        let mut limited = std::process::Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -f {blocks}; exec \"$0\" \"$@\""));
        let mut stopped = command(&["mhl", "create", root.to_str().unwrap(), "-h", "xxh64,md5"]);
        limited.arg(stopped.get_program()).args(stopped.get_args());
        stopped.env_clear();
        let answer = finish(limited);
        assert!([3, -1].contains(&answer.code), "{}", answer.all());
        goes_on(&root, &format!("{blocks} blocks"), &known);
    }
}

fn together(roots: [&Path; 2]) -> [Answer; 2] {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| finish(command(&["mhl", "create", roots[1].to_str().unwrap(), "-h", "xxh64"])));
        let one = finish(command(&["mhl", "create", roots[0].to_str().unwrap(), "-h", "xxh64"]));
        [one, other.join().unwrap()]
    })
}

#[test]
fn two_creates_at_once_leave_one_chain() {
    let stage = Stage::new();
    let root = many(&stage);
    for round in 0..6 {
        if round == 3 {
            // From the first generation on again.
            fs::remove_dir_all(root.join("ascmhl")).unwrap();
        }
        let before = manifests(&root).len();
        let answers = together([&root, &root]);
        for answer in &answers {
            assert!([0, 3].contains(&answer.code), "round {round}: {} {}", answer.code, answer.all());
            assert!(answer.code == 0 || answer.errors.trim().len() > 20, "no clear message: {:?}", answer.errors);
        }
        let written = answers.iter().filter(|answer| answer.code == 0).count();
        assert!(written >= 1, "nobody wrote");
        assert_eq!(manifests(&root).len(), before + written, "round {round}");
        assert!(leftovers(&root).is_empty(), "{:?}", leftovers(&root));
        assert_valid(&root);
        mhl("verify", &root, "").expect(0);
    }
}

#[test]
fn a_create_of_the_root_and_one_of_a_child_at_once_leave_whole_chains() {
    let stage = Stage::new();
    let root = many(&stage);
    let child = root.join("Clips3");
    create(&child, "-h xxh64");
    create(&root, "-h xxh64");
    for round in 0..4 {
        for answer in together([&root, &child]) {
            assert!([0, 3].contains(&answer.code), "round {round}: {} {}", answer.code, answer.all());
        }
        assert_chain_holds(&root);
        assert_chain_holds(&child);
        mhl("verify", &root, "").expect(0);
    }
}

#[test]
fn who_reads_while_a_generation_is_written_sees_the_old_or_the_new_history() {
    let stage = Stage::new();
    let root = many(&stage);
    create(&root, "-h xxh64,md5");
    for _ in 0..3 {
        let mut child = start(&root);
        while child.try_wait().unwrap().is_none() {
            let answer = mhl("diff", &root, "");
            assert_eq!(answer.code, 0, "{}", answer.all());
        }
    }
}
