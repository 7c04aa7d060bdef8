//! Owns random SIGKILLs: an offload is killed at a random moment, and so, often, is what goes on with it; then it is left alone once,
//! and everything must be there. The moment is drawn anew for every run from the seed, so that a run can be had again.

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
    /// Kills before the card had a job, while it was copied, after a copy was sealed: by what lay there.
    pub before_first_file: u32,
    /// See `before_first_file`.
    pub in_the_middle: u32,
    /// See `before_first_file`.
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
    let card = MixedCard::forge(folder, "A001R1AB", MixedSize::Small, true, 11)?;
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
            let micros = u64::try_from(self.undisturbed.as_micros()).unwrap_or(u64::MAX);
            if self.kill_after(arguments, Duration::from_micros(dice.below(micros)))? {
                counts.kills += 1;
                count_moment(counts, &copies);
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

    /// Starts the program and kills it after `time`; whether it was still running.
    fn kill_after(&self, arguments: &[std::ffi::OsString], time: Duration) -> Result<bool, TortureError> {
        let cannot = |source| TortureError::Program { path: self.checkgate.program.clone(), source };
        let mut child = self.checkgate.start(arguments)?;
        std::thread::sleep(time);
        let running = child.try_wait().map_err(cannot)?.is_none();
        child.kill().map_err(cannot)?;
        child.wait().map_err(cannot)?;
        Ok(running)
    }
}

fn count_moment(counts: &mut KillCounts, copies: &[PathBuf]) {
    let any_file = |copy: &Path| super::media(copy).keys().any(|name| !name.ends_with('/'));
    if copies.iter().any(|copy| !super::manifests(copy).is_empty()) {
        counts.after_a_manifest += 1;
    } else if copies.iter().any(|copy| any_file(copy)) {
        counts.in_the_middle += 1;
    } else {
        counts.before_first_file += 1;
    }
}
