//! Owns power cuts: the destination is an image behind a file system of ours that plays a drive with a cache of its own. At a random
//! moment the power goes: of the writes that were not flushed to the medium each is lost or kept by chance, and nothing answers any
//! more. The drive is then put back in, its file system recovers by its own journal, and the job goes on there.

use super::{Checkgate, Judge, MixedCard, MixedSize, TortureError, file_error};
use crate::ascmhl::Reference;
use crate::dice::Dice;
use crate::drive::{Drive, FileSystem};
use crate::faulty::{Fault, FaultyMount};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to torment.
#[derive(Debug, Clone)]
pub struct PowerOptions {
    /// The program `checkgate`.
    pub program: PathBuf,
    /// A folder of its own. What failed stays there.
    pub folder: PathBuf,
    /// Cuts on each file system.
    pub runs: u32,
    /// The same seed draws the same moments.
    pub seed: u64,
    /// How much is on the card.
    pub size: MixedSize,
    /// File systems of the drive.
    pub file_systems: Vec<FileSystem>,
}

/// What came of it on one file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PowerCounts {
    /// File system of the drive.
    pub file_system: String,
    /// Offloads begun.
    pub runs: u32,
    /// Cuts that met a running program.
    pub cuts: u32,
    /// The program had ended before.
    pub too_late: u32,
    /// Copies of files that had their final name when the drive came back.
    pub files_there_after: u64,
    /// Unfinished files under their temporary names when the drive came back.
    pub unfinished_after: u64,
    /// Runs that ended whole, with one manifest.
    pub whole: u32,
    /// Everything that was wrong.
    pub failures: Vec<String>,
}

/// Cuts the power `options.runs` times on each file system.
pub fn power(options: &PowerOptions, tell: &mut dyn FnMut(&str)) -> Result<Vec<PowerCounts>, TortureError> {
    std::fs::create_dir_all(&options.folder).map_err(file_error(&options.folder))?;
    let card = MixedCard::forge(&options.folder, "A001R1AB", options.size, true, 12)?;
    let reference = Reference::find();
    let mut dice = Dice::new(options.seed);
    let mut all = Vec::new();
    for file_system in &options.file_systems {
        let mut counts = PowerCounts { file_system: file_system.name().to_owned(), ..PowerCounts::default() };
        let empty = options.folder.join(format!("{}.img", file_system.name()));
        Drive::format(*file_system, &empty)?;
        let run = |number: u32, after: Option<u64>, dice: &mut Dice, counts: &mut PowerCounts| {
            let stage = options.folder.join(format!("{}-{number}", file_system.name()));
            let cut = Cut {
                card: &card,
                checkgate: Checkgate { program: options.program.clone(), home: stage.join("home") },
                reference: reference.as_ref(),
                file_system: *file_system,
                empty: &empty,
                stage: &stage,
            };
            let ended = cut.run(after, dice, counts)?;
            if ended.wrong.is_empty() {
                std::fs::remove_dir_all(&stage).map_err(file_error(&stage))?;
            } else {
                let words = format!(
                    "{} seed {}, run {number}, kept in {}: {}",
                    file_system.name(),
                    options.seed,
                    stage.display(),
                    ended.wrong.join("; ")
                );
                counts.failures.push(words);
            }
            Ok::<Ended, TortureError>(ended)
        };
        // Undisturbed, to know how much is written.
        let bytes = run(0, None, &mut dice, &mut PowerCounts::default())?;
        if !bytes.wrong.is_empty() {
            return Err(TortureError::Undisturbed(bytes.wrong.join("; ")));
        }
        for number in 1..=options.runs {
            counts.runs += 1;
            let failures = counts.failures.len();
            run(number, Some(dice.below(bytes.written_bytes)), &mut dice, &mut counts)?;
            match counts.failures.get(failures) {
                None => counts.whole += 1,
                Some(words) => tell(words),
            }
            if number % 50 == 0 {
                tell(&format!(
                    "{}: {number} cuts, {} whole, {} failures",
                    counts.file_system,
                    counts.whole,
                    counts.failures.len()
                ));
            }
        }
        std::fs::remove_file(&empty).map_err(file_error(&empty))?;
        all.push(counts);
    }
    Ok(all)
}

struct Ended {
    wrong: Vec<String>,
    written_bytes: u64,
}

struct Cut<'a> {
    card: &'a MixedCard,
    checkgate: Checkgate,
    reference: Option<&'a Reference>,
    file_system: FileSystem,
    empty: &'a Path,
    stage: &'a Path,
}

impl Cut<'_> {
    /// Cuts the power once the drive has taken `after` bytes; never without it.
    fn run(&self, after: Option<u64>, dice: &mut Dice, counts: &mut PowerCounts) -> Result<Ended, TortureError> {
        let (medium, served, mount_point) = (self.stage.join("medium"), self.stage.join("served"), self.stage.join("drive"));
        for folder in [&medium, &served, &mount_point] {
            std::fs::create_dir_all(folder).map_err(file_error(folder))?;
        }
        let image = medium.join("disk.img");
        // Sparse, as the empty one is.
        crate::image::run("cp", &["--sparse=always".as_ref(), self.empty.as_os_str(), image.as_os_str()])?;
        let offload = Checkgate::offload(&self.card.root, std::slice::from_ref(&mount_point), &[]);
        let copy = mount_point.join(&self.card.reel);
        let judge = Judge { card: self.card, checkgate: &self.checkgate, reference: self.reference };
        let mut wrong = Vec::new();

        let faulty = FaultyMount::new(&medium, &served).map_err(file_error(&served))?;
        faulty.inject(Fault::VolatileCache);
        let mut drive = Drive::attach(self.file_system, &served.join("disk.img"), &mount_point)?;
        let before = faulty.seen().written_bytes;
        let mut child = self.checkgate.start(&offload)?;
        let cannot = |source| TortureError::Program { path: self.checkgate.program.clone(), source };
        let mut running = true;
        while running && after.is_none_or(|after| faulty.seen().written_bytes - before < after) {
            std::thread::sleep(Duration::from_micros(300));
            running = child.try_wait().map_err(cannot)?.is_none();
        }
        let written_bytes = faulty.seen().written_bytes - before;
        if after.is_some() {
            faulty.cut_power(dice.roll());
            child.kill().map_err(cannot)?;
            if running { counts.cuts += 1 } else { counts.too_late += 1 }
        }
        let answer = self.checkgate.end(child)?;
        if after.is_none() && answer.code != 0 {
            wrong.push(answer.said());
        }
        drive.pull();
        drop(drive);
        drop(faulty);

        // The same drive in another reader: recovered by its own journal.
        let mut drive = Drive::attach(self.file_system, &image, &mount_point)?;
        if after.is_some() {
            for name in super::media(&copy).keys().filter(|name| !name.ends_with('/')) {
                if super::is_working_name(name) { counts.unfinished_after += 1 } else { counts.files_there_after += 1 }
            }
            wrong.extend(judge.nothing_half(&copy));
            wrong.extend(judge.nothing_believed_wrongly()?);
            let mut last = self.checkgate.run(&["resume", "--json"])?;
            if last.errors.contains("nothing to resume") {
                last = self.checkgate.run(&offload)?;
            }
            if last.code != 0 {
                wrong.push(format!("going on ended with {}", last.said()));
            }
        }
        wrong.extend(judge.whole(&copy));
        wrong.extend(judge.sealed(&copy, true)?);
        drive.eject()?;
        Ok(Ended { wrong, written_bytes })
    }
}
