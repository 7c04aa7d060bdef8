//! Owns one bad file: which of its blocks are sound, which source has the others, and the file that is put together from them. The
//! hash over the whole decides, never the blocks alone. Must never change a file, only read some and write a new one.

use crate::control::Control;
use crate::hashing::BLOCK_BYTES;
use crate::meter::Lane;
use checkgate_mhl::{ExpectedFile, FileCheck, MultiHasher};
use checkgate_model::{ErrorCode, HashFormat, HashValue, Problem, RelPath};
use checkgate_volume::{PartialFile, Piecewise, Source};
use std::path::PathBuf;

/// Takes the bytes at an offset.
type Taking<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Refusal> + 'a;

/// Ways of putting blocks together that are tried where no source is whole and nothing tells which block is the right one. Each
/// costs a read of the whole file.
const MOST_TRIES: usize = 16;

/// A folder that may have sound blocks; the first is the copy itself.
pub(super) struct Origin {
    pub(super) root: PathBuf,
    pub(super) source: Source,
}

/// Checksums of the blocks as they were read from the card, kept by who copied it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBlocks {
    /// Size of the file.
    pub size_bytes: u64,
    /// Digests of the whole.
    pub hashes: Vec<HashValue>,
    /// CRC64/NVME of each block of [`crate::BLOCK_BYTES`].
    pub crc64: Vec<u64>,
}

/// What each block must be, and who has it.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) size_bytes: u64,
    pub(super) blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
pub(super) struct Block {
    crc64: u64,
    /// Origins that had it, by place, the one to read first in front.
    pub(super) origins: Vec<usize>,
}

/// What a read of one origin found.
struct Survey {
    size_bytes: u64,
    /// `None` where the block cannot be read.
    blocks: Vec<Option<u64>>,
    /// Whether the whole is what is recorded.
    whole: bool,
}

/// Why a file cannot be mended, or that somebody stopped.
pub(super) enum Refusal {
    Stopped,
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// One bad file and everything that is known about it.
pub(super) struct Bad<'a> {
    pub(super) path: &'a RelPath,
    pub(super) record: &'a ExpectedFile,
    pub(super) known: Option<&'a KnownBlocks>,
    pub(super) origins: &'a [Origin],
    pub(super) control: &'a Control,
    pub(super) lane: &'a Lane,
    /// What was said against a source, in the order it was tried.
    pub(super) refused: Vec<String>,
}

impl Bad<'_> {
    /// Formats of everything recorded that may be trusted.
    fn formats(&self) -> Vec<HashFormat> {
        self.record.trusted.iter().map(HashValue::format).collect()
    }

    /// Opens the file in every origin that has it.
    fn open(&mut self) -> Vec<Option<Piecewise>> {
        let mut open = Vec::with_capacity(self.origins.len());
        for origin in self.origins {
            open.push(match Piecewise::open(&origin.source, self.path) {
                Ok(file) => Some(file),
                Err(error) => {
                    if !open.is_empty() {
                        self.refused.push(format!("{}: {error}", origin.root.display()));
                    }
                    None
                }
            });
        }
        open
    }

    /// Finds out who has which block.
    pub(super) fn recipe(&mut self) -> Result<Recipe, Refusal> {
        let mut open = self.open();
        let known = self.known.filter(|known| {
            matches!(self.record.check(&known.hashes), FileCheck::Verified(_))
                && known.crc64.len() as u64 == known.size_bytes.div_ceil(BLOCK_BYTES)
        });
        match known {
            Some(known) => self.by_known_blocks(&known.clone(), &mut open),
            None => self.by_comparison(&mut open),
        }
    }

    /// The checksums say which blocks are bad: only those are read from a sibling.
    fn by_known_blocks(&mut self, known: &KnownBlocks, open: &mut [Option<Piecewise>]) -> Result<Recipe, Refusal> {
        let mut buffer = Vec::new();
        let mut blocks = Vec::with_capacity(known.crc64.len());
        let mut said = vec![false; open.len()];
        for (at, crc64) in known.crc64.iter().enumerate() {
            let mut found = None;
            for (origin, file) in open.iter_mut().enumerate() {
                if !self.control.may_go_on() {
                    return Err(Refusal::Stopped);
                }
                let Some(file) = file else { continue };
                match read_block(file, at, known.size_bytes, &mut buffer) {
                    Ok(read) if checksum(read) == *crc64 => {
                        found = Some(origin);
                        break;
                    }
                    Ok(_) if origin > 0 && !said[origin] => {
                        self.refused.push(format!("{}: block {at} is bad there too", self.origins[origin].root.display()));
                        said[origin] = true;
                    }
                    Err(error) if origin > 0 && !said[origin] => {
                        self.refused.push(format!("{}: block {at}: {error}", self.origins[origin].root.display()));
                        said[origin] = true;
                    }
                    _ => {}
                }
            }
            let length = block_length(at, known.size_bytes);
            self.lane.add_bytes(length);
            let Some(origin) = found else {
                return Err(self.nobody(&format!("no source has block {at} of it as it was read from the card")));
            };
            let mut origins = vec![origin];
            origins.extend((1..open.len()).filter(|other| *other != origin));
            blocks.push(Block { crc64: *crc64, origins });
        }
        Ok(Recipe { size_bytes: known.size_bytes, blocks })
    }

    /// Nothing but the hash of the whole is known: every source is read, one that is whole tells what the blocks must be.
    fn by_comparison(&mut self, open: &mut [Option<Piecewise>]) -> Result<Recipe, Refusal> {
        let mut surveys: Vec<Option<Survey>> = Vec::with_capacity(open.len());
        for (at, file) in open.iter_mut().enumerate() {
            let survey = file.as_mut().map(|file| self.survey(file)).transpose()?;
            if let Some(survey) = survey.as_ref().filter(|survey| at > 0 && !survey.whole) {
                let unread = survey.blocks.iter().filter(|block| block.is_none()).count();
                let why = if unread > 0 {
                    format!("{unread} of {} blocks cannot be read", survey.blocks.len())
                } else {
                    "it is not what is recorded there either".to_owned()
                };
                self.refused.push(format!("{}: {why}", self.origins[at].root.display()));
            }
            surveys.push(survey);
        }
        if let Some(whole) = surveys.iter().flatten().find(|survey| survey.whole) {
            let blocks = whole.blocks.iter().enumerate().map(|(at, crc64)| {
                let crc64 = crc64.unwrap_or_default();
                let has = |survey: &Option<Survey>| {
                    survey.as_ref().is_some_and(|survey| survey.blocks.get(at).copied().flatten() == Some(crc64))
                };
                Block { crc64, origins: (0..surveys.len()).filter(|origin| has(&surveys[*origin])).collect() }
            });
            return Ok(Recipe { size_bytes: whole.size_bytes, blocks: blocks.collect() });
        }
        self.by_trial(&surveys, open)
    }

    fn survey(&self, file: &mut Piecewise) -> Result<Survey, Refusal> {
        let size_bytes = file.size_bytes();
        let mut hasher = MultiHasher::new(&self.formats());
        let (mut buffer, mut blocks, mut all) = (Vec::new(), Vec::new(), true);
        for at in 0..usize::try_from(size_bytes.div_ceil(BLOCK_BYTES)).unwrap_or(usize::MAX) {
            if !self.control.may_go_on() {
                return Err(Refusal::Stopped);
            }
            match read_block(file, at, size_bytes, &mut buffer) {
                Ok(bytes) => {
                    hasher.update(bytes);
                    blocks.push(Some(checksum(bytes)));
                }
                Err(_) => {
                    all = false;
                    blocks.push(None);
                }
            }
            self.lane.add_bytes(block_length(at, size_bytes));
        }
        let whole = all && matches!(self.record.check(&hasher.finish()), FileCheck::Verified(_));
        Ok(Survey { size_bytes, blocks, whole })
    }

    /// No source is whole, but each may be bad in another place. Few blocks differ, so few ways are left; the hash of the whole
    /// says which is right, or that none is.
    fn by_trial(&mut self, surveys: &[Option<Survey>], open: &mut [Option<Piecewise>]) -> Result<Recipe, Refusal> {
        let Some(size_bytes) = self.record.size_bytes else {
            return Err(self.nobody("no source is whole, and no size is recorded"));
        };
        let mut choices: Vec<Vec<Block>> = Vec::new();
        for at in 0..usize::try_from(size_bytes.div_ceil(BLOCK_BYTES)).unwrap_or(usize::MAX) {
            let mut found: Vec<Block> = Vec::new();
            for (origin, survey) in surveys.iter().enumerate() {
                let Some(survey) = survey.as_ref().filter(|survey| survey.size_bytes == size_bytes) else { continue };
                let Some(crc64) = survey.blocks.get(at).copied().flatten() else { continue };
                match found.iter_mut().find(|block| block.crc64 == crc64) {
                    Some(block) => block.origins.push(origin),
                    None => found.push(Block { crc64, origins: vec![origin] }),
                }
            }
            if found.is_empty() {
                return Err(self.nobody(&format!("no source of the right size has a block {at} that can be read")));
            }
            // What most have is tried first.
            found.sort_by_key(|block| std::cmp::Reverse(block.origins.len()));
            choices.push(found);
        }
        let ways =
            choices.iter().try_fold(1usize, |ways, found| ways.checked_mul(found.len()).filter(|ways| *ways <= MOST_TRIES));
        let Some(ways) = ways else {
            return Err(self.nobody("no source is whole, and they differ in too many blocks to tell which are right"));
        };
        for way in 0..ways {
            let mut rest = way;
            let mut blocks = Vec::with_capacity(choices.len());
            for found in &choices {
                blocks.push(found[rest % found.len()].clone());
                rest /= found.len();
            }
            let recipe = Recipe { size_bytes, blocks };
            if self.read_through(&recipe, open, &mut |_, _| Ok(()))?.is_some() {
                return Ok(recipe);
            }
        }
        Err(self.nobody("no source is whole, and no way to put their blocks together gives what is recorded"))
    }

    /// Reads the blocks of a recipe in order. `None`: together they are not what is recorded.
    fn read_through(
        &self,
        recipe: &Recipe,
        open: &mut [Option<Piecewise>],
        take: &mut Taking<'_>,
    ) -> Result<Option<Vec<HashValue>>, Refusal> {
        let mut hasher = MultiHasher::new(&self.formats());
        let mut buffer = Vec::new();
        for (at, block) in recipe.blocks.iter().enumerate() {
            if !self.control.may_go_on() {
                return Err(Refusal::Stopped);
            }
            let mut taken = false;
            for origin in &block.origins {
                let Some(file) = open.get_mut(*origin).and_then(Option::as_mut) else { continue };
                // Read a second time: a drive that gives other bytes now is not believed.
                if let Ok(bytes) = read_block(file, at, recipe.size_bytes, &mut buffer)
                    && checksum(bytes) == block.crc64
                {
                    hasher.update(bytes);
                    take(at as u64 * BLOCK_BYTES, bytes)?;
                    taken = true;
                    break;
                }
            }
            if !taken {
                let words = format!("{}: block {at} reads other bytes than before", self.path);
                return Err(Problem::new(ErrorCode::SourceChanged, words).into());
            }
        }
        let values = hasher.finish();
        Ok(matches!(self.record.check(&values), FileCheck::Verified(_)).then_some(values))
    }

    /// Puts the file together under its temporary name; the hash over the whole is taken in the same pass.
    pub(super) fn assemble(&mut self, recipe: &Recipe, into: &mut PartialFile) -> Result<Vec<HashValue>, Refusal> {
        let mut open = self.open();
        let path = self.path;
        let values = self.read_through(recipe, &mut open, &mut |offset, bytes| {
            into.write_all_at(bytes, offset).map(drop).map_err(|error| {
                let mut problem = Problem::new(checkgate_volume::write_code(&error), format!("{path} cannot be written"));
                problem.details.push(error.to_string());
                problem.into()
            })
        })?;
        values.ok_or_else(|| self.nobody("the blocks that were found do not add up to the recorded hash"))
    }

    fn nobody(&self, why: &str) -> Refusal {
        let mut problem = Problem::new(ErrorCode::CopyCorrupt, format!("{} cannot be mended: {why}", self.path));
        problem.details.clone_from(&self.refused);
        problem.hint =
            "Nothing was changed. Give another copy with --from, or offload the card again if it still holds the roll."
                .to_owned();
        problem.into()
    }
}

fn block_length(at: usize, size_bytes: u64) -> u64 {
    size_bytes.saturating_sub(at as u64 * BLOCK_BYTES).min(BLOCK_BYTES)
}

fn read_block<'b>(file: &mut Piecewise, at: usize, size_bytes: u64, buffer: &'b mut Vec<u8>) -> std::io::Result<&'b [u8]> {
    let length = usize::try_from(block_length(at, size_bytes)).unwrap_or_default();
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let filled = file.read(&mut buffer[..length], at as u64 * BLOCK_BYTES)?;
    Ok(&buffer[..filled])
}

fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes)
}
