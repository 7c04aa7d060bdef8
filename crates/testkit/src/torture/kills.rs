//! Owns random SIGKILLs: an offload is killed at a random moment, and so, often, is what goes on with it; then it is left alone once,
//! and everything must be there. The moment is drawn anew for every run from the seed: some time after the start, or after a number of
//! files have their names, or all of them, or a history begins. Waiting for the event itself spreads the kills over the whole job, however
//! fast the machine is.

use super::{Checkgate, Judge, MixedCard, MixedSize, TortureError, file_error};
use crate::ascmhl::Reference;
use crate::dice::Dice;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How to torment.
#[derive(Debug, Clone)]
pub struct KillOptions {
    /// The program `checkgate`.
    pub program: PathBuf,
    /// A folder of its own, on the disk that is to be the destination. What failed stays there.
    pub folder: PathBuf,
    /// Offloads to begin.
    pub runs: u32,
    /// The same seed kills at the same drawn moments.
    pub seed: u64,
    /// Copies of one offload.
    pub copies: usize,
    /// How much is on the card.
    pub size: MixedSize,
    /// Every so many runs the reference implementation judges the manifests as well.
    pub reference_every: u32,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct KillCounts {
    /// Offloads begun.
    pub runs: u32,
    /// SIGKILLs that met a running program.
    pub kills: u32,
    /// SIGKILLs that came after it had ended by itself.
    pub too_late: u32,
    /// Of the kills: no file of a copy had its name.
    pub before_first_file: u32,
    /// Of the kills: some files had, in some copy.
    pub in_the_middle: u32,
    /// Of the kills: all files had, in every copy, and no copy had a manifest.
    pub all_files_there: u32,
    /// Of the kills: a copy had a manifest.
    pub after_a_manifest: u32,
    /// Runs that ended whole, with one manifest for each copy.
    pub whole: u32,
    /// Manifests that the reference implementation verified.
    pub judged_by_reference: u32,
    /// Everything that was wrong.
    pub failures: Vec<String>,
}

/// Kills `options.runs` offloads. `tell` hears of progress.
pub fn kills(options: &KillOptions, tell: &mut dyn FnMut(&str)) -> Result<KillCounts, TortureError> {
    let folder = &options.folder;
    std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    let card = MixedCard::forge(folder, "A001R1AB", options.size, true, 11)?;
    let reference = Reference::find();
    let mut counts = KillCounts::default();
    let mut dice = Dice::new(options.seed);
    let undisturbed = undisturbed(options, &card)?;
    for run in 0..options.runs {
        let stage = folder.join(format!("run-{run}"));
        let by_reference = reference.is_some() && run % options.reference_every.max(1) == 0;
        let torment = Torment {
            card: &card,
            checkgate: Checkgate { program: options.program.clone(), home: stage.join("home") },
            destinations: (1..=options.copies).map(|number| stage.join(format!("drive-{number}"))).collect(),
            reference: reference.as_ref(),
            undisturbed,
        };
        counts.runs += 1;
        let wrong = torment.run(&mut dice, &mut counts, by_reference)?;
        if wrong.is_empty() {
            counts.whole += 1;
            counts.judged_by_reference += if by_reference { u32::try_from(options.copies).unwrap_or(0) } else { 0 };
            std::fs::remove_dir_all(&stage).map_err(file_error(&stage))?;
        } else {
            let words = format!("seed {}, run {run}, kept in {}: {}", options.seed, stage.display(), wrong.join("; "));
            tell(&words);
            counts.failures.push(words);
        }
        if (run + 1) % 50 == 0 {
            tell(&format!(
                "{} of {} runs: {} kills, {} whole, {} failures",
                run + 1,
                options.runs,
                counts.kills,
                counts.whole,
                counts.failures.len()
            ));
        }
    }
    Ok(counts)
}

/// How long an offload takes when nobody kills it; also the proof that the set-up works.
fn undisturbed(options: &KillOptions, card: &MixedCard) -> Result<Duration, TortureError> {
    let stage = options.folder.join("undisturbed");
    let checkgate = Checkgate { program: options.program.clone(), home: stage.join("home") };
    let destinations: Vec<PathBuf> = (1..=options.copies).map(|number| stage.join(format!("drive-{number}"))).collect();
    let begun = Instant::now();
    let answer = checkgate.run(&Checkgate::offload(&card.root, &destinations, &[]))?;
    let took = begun.elapsed();
    let judge = Judge { card, checkgate: &checkgate, reference: None };
    let wrong: Vec<String> = destinations.iter().flat_map(|destination| judge.whole(&destination.join(&card.reel))).collect();
    if answer.code != 0 || !wrong.is_empty() {
        return Err(TortureError::Undisturbed(format!("{}; {}", wrong.join("; "), answer.said())));
    }
    std::fs::remove_dir_all(&stage).map_err(file_error(&stage))?;
    Ok(took)
}

struct Torment<'a> {
    card: &'a MixedCard,
    checkgate: Checkgate,
    destinations: Vec<PathBuf>,
    reference: Option<&'a Reference>,
    undisturbed: Duration,
}

impl Torment<'_> {
    fn run(&self, dice: &mut Dice, counts: &mut KillCounts, by_reference: bool) -> Result<Vec<String>, TortureError> {
        let judge = Judge { card: self.card, checkgate: &self.checkgate, reference: self.reference };
        let copies: Vec<PathBuf> = self.destinations.iter().map(|destination| destination.join(&self.card.reel)).collect();
        let offload = Checkgate::offload(&self.card.root, &self.destinations, &[]);
        let resume: Vec<std::ffi::OsString> = ["resume", "--json"].map(Into::into).to_vec();
        let mut wrong = Vec::new();
        // One kill always; then, half of the time, what goes on is killed as well.
        let mut again = false;
        for _ in 0..4 {
            let arguments = if again && dice.below(2) == 0 { &resume } else { &offload };
            if self.kill_at(arguments, &Moment::draw(dice, self.card.files(), self.undisturbed), &copies)? {
                counts.kills += 1;
                count_moment(counts, self.card, &copies);
            } else {
                counts.too_late += 1;
            }
            for copy in &copies {
                wrong.extend(judge.nothing_half(copy));
            }
            wrong.extend(judge.nothing_believed_wrongly()?);
            again = true;
            if dice.below(2) == 0 {
                break;
            }
        }
        // By the way a person would go on, and the same command again where there was nothing to go on with.
        let mut last = self.checkgate.run(if dice.below(2) == 0 { &resume } else { &offload })?;
        if last.errors.contains("nothing to resume") {
            last = self.checkgate.run(&offload)?;
        }
        if last.code != 0 {
            wrong.push(format!("going on ended with {}", last.said()));
        }
        wrong.extend(judge.nothing_believed_wrongly()?);
        let shown = self.checkgate.run(&["card", "--json", &self.card.reel])?;
        if shown.at("/card/job_state") != "done" {
            wrong.push(format!("the job is {}", shown.at("/card/job_state")));
        }
        for (number, copy) in copies.iter().enumerate() {
            wrong.extend(judge.whole(copy));
            wrong.extend(judge.sealed(copy, by_reference)?);
            let copy = shown.at(&format!("/card/copies/{number}"));
            if copy["state"] != "sealed" || copy["manifest_reread"] != true || copy["evidence"].is_null() {
                wrong.push(format!("a copy is shown as {copy}"));
            }
        }
        Ok(wrong)
    }

    /// Starts the program and kills it at a moment; whether it was still running.
    fn kill_at(&self, arguments: &[std::ffi::OsString], moment: &Moment, copies: &[PathBuf]) -> Result<bool, TortureError> {
        let cannot = |source| TortureError::Program { path: self.checkgate.program.clone(), source };
        let mut child = self.checkgate.start(arguments)?;
        let come = || match moment.after {
            After::Start => true,
            After::Files(wanted) => copies.iter().any(|copy| named(copy) >= wanted),
            After::History => {
                copies.iter().any(|copy| copy.join("ascmhl").exists() || copy.join(".ascmhl.checkgate-part").exists())
            }
        };
        while !come() && child.try_wait().map_err(cannot)?.is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(moment.then);
        let running = child.try_wait().map_err(cannot)?.is_none();
        child.kill().map_err(cannot)?;
        child.wait().map_err(cannot)?;
        Ok(running)
    }
}

/// What to wait for.
enum After {
    Start,
    /// So many files of a copy have their names.
    Files(usize),
    /// A history begins.
    History,
}

/// When to kill.
struct Moment {
    after: After,
    then: Duration,
}

impl Moment {
    fn draw(dice: &mut Dice, files: usize, undisturbed: Duration) -> Self {
        let whole = u64::try_from(undisturbed.as_micros()).unwrap_or(u64::MAX);
        let (after, longest) = match dice.below(6) {
            0 => (After::Start, whole),
            1 | 2 => (After::Files(usize::try_from(dice.below(files as u64)).unwrap_or(0) + 1), 2_000),
            3 | 4 => (After::Files(files), whole / 3),
            _ => (After::History, 20_000),
        };
        Self { after, then: Duration::from_micros(dice.below(longest)) }
    }
}

/// Files of a copy that have their names.
fn named(copy: &Path) -> usize {
    let (mut count, mut folders) = (0, vec![copy.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            if name == "ascmhl" || super::is_working_name(&name.to_string_lossy()) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                count += 1;
            }
        }
    }
    count
}

fn count_moment(counts: &mut KillCounts, card: &MixedCard, copies: &[PathBuf]) {
    let most = copies.iter().map(|copy| named(copy)).max().unwrap_or(0);
    let all = copies.iter().all(|copy| named(copy) >= card.files());
    if copies.iter().any(|copy| !super::manifests(copy).is_empty()) {
        counts.after_a_manifest += 1;
    } else if all {
        counts.all_files_there += 1;
    } else if most > 0 {
        counts.in_the_middle += 1;
    } else {
        counts.before_first_file += 1;
    }
}
