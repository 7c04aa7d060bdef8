//! Owns reading the verified copy: whether a file is still what was proven, the checksums of its parts, and its bytes in order.
//! Must never write, and never hold more than a few chunks in memory.

use crate::crc::{BLOCK_BYTES, Crc64, Crc64Digest, combine};
use crate::error::UploadError;
use crate::plan::PackageFile;
use bytes::Bytes;
use checkgate_model::Timestamp;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read at once; small enough that many connections stay cheap, large enough that system calls do not count.
const CHUNK_BYTES: usize = 256 * 1024;

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> UploadError + '_ {
    move |source| UploadError::SourceUnreadable { path: path.to_path_buf(), source }
}

/// Refuses a file whose size or modification time is not what it was when the copy was proven.
pub(crate) async fn check(file: &PackageFile) -> Result<(), UploadError> {
    let metadata = tokio::fs::metadata(&file.path).await.map_err(unreadable(&file.path))?;
    let changed = |change: String| Err(UploadError::SourceChanged { path: file.path.clone(), change });
    if !metadata.is_file() {
        return changed("it is no regular file".to_owned());
    }
    if metadata.len() != file.size_bytes {
        return changed(format!("{} bytes then, {} now", file.size_bytes, metadata.len()));
    }
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    // Journals and manifests keep whole seconds or milliseconds; a file system may keep more.
    match modified {
        Some(now) if now.duration_since(file.modified).abs() >= jiff::SignedDuration::from_secs(1) => {
            changed(format!("modified {} then, {now} now", file.modified))
        }
        _ => Ok(()),
    }
}

/// Length of part `number` (from 1).
pub(crate) fn part_length(size_bytes: u64, part_size_bytes: u64, number: u32) -> u64 {
    let start = part_start(part_size_bytes, number);
    size_bytes.saturating_sub(start).min(part_size_bytes)
}

pub(crate) fn part_start(part_size_bytes: u64, number: u32) -> u64 {
    part_size_bytes.saturating_mul(u64::from(number.saturating_sub(1)))
}

/// Checksums of all parts, and whether the file had to be read for them.
pub(crate) struct PartSums {
    pub(crate) parts: Vec<Crc64>,
    pub(crate) whole: Crc64,
    pub(crate) read_first: bool,
}

/// Combines part checksums from the blocks read off the card where the part size allows it; else reads the file, and holds
/// what it reads against the card's checksum where there is one.
pub(crate) async fn part_sums(file: &PackageFile, part_size_bytes: u64) -> Result<PartSums, UploadError> {
    let block_length = |index: usize| part_length(file.size_bytes, BLOCK_BYTES, index as u32 + 1);
    let from_card = (!file.block_crc64.is_empty())
        .then(|| combine(file.block_crc64.iter().enumerate().map(|(index, crc)| (Crc64(*crc), block_length(index)))));
    if let (Some(whole), true) = (from_card, part_size_bytes.is_multiple_of(BLOCK_BYTES)) {
        let blocks_per_part = usize::try_from(part_size_bytes / BLOCK_BYTES).unwrap_or(usize::MAX);
        let numbered: Vec<(Crc64, u64)> =
            file.block_crc64.iter().enumerate().map(|(index, crc)| (Crc64(*crc), block_length(index))).collect();
        let parts = numbered.chunks(blocks_per_part).map(|blocks| combine(blocks.iter().copied())).collect();
        return Ok(PartSums { parts, whole, read_first: false });
    }
    if file.size_bytes == 0 {
        let empty = Crc64::of(&[]);
        return Ok(PartSums { parts: vec![empty], whole: empty, read_first: false });
    }
    let path = file.path.clone();
    let count = file.size_bytes.div_ceil(part_size_bytes);
    let size_bytes = file.size_bytes;
    let parts = tokio::task::spawn_blocking(move || read_sums(&path, size_bytes, part_size_bytes, count))
        .await
        .map_err(|join| UploadError::SourceUnreadable { path: file.path.clone(), source: std::io::Error::other(join) })?
        .map_err(unreadable(&file.path))?;
    let whole = combine(
        parts.iter().enumerate().map(|(index, crc)| (*crc, part_length(file.size_bytes, part_size_bytes, index as u32 + 1))),
    );
    if from_card.is_some_and(|card| card != whole) {
        return Err(UploadError::CopyDiffers { path: file.path.clone(), place: "the file".to_owned() });
    }
    Ok(PartSums { parts, whole, read_first: true })
}

fn read_sums(path: &Path, size_bytes: u64, part_size_bytes: u64, count: u64) -> std::io::Result<Vec<Crc64>> {
    use std::io::Read;
    let mut source = std::fs::File::open(path)?;
    let mut buffer = vec![0u8; 4 * CHUNK_BYTES];
    let mut sums = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(10_000));
    for number in 1..=count {
        let mut digest = Crc64Digest::default();
        let mut left = part_length(size_bytes, part_size_bytes, u32::try_from(number).unwrap_or(u32::MAX));
        while left > 0 {
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            source.read_exact(&mut buffer[..want])?;
            digest.update(&buffer[..want]);
            left -= want as u64;
        }
        sums.push(digest.value());
    }
    Ok(sums)
}

/// The bytes of one part, chunk by chunk.
pub(crate) struct PartReader<'a> {
    source: File,
    path: &'a Path,
    left: u64,
}

impl<'a> PartReader<'a> {
    pub(crate) async fn open(path: &'a Path, start: u64, length: u64) -> Result<Self, UploadError> {
        let mut source = File::open(path).await.map_err(unreadable(path))?;
        source.set_max_buf_size(CHUNK_BYTES);
        source.seek(std::io::SeekFrom::Start(start)).await.map_err(unreadable(path))?;
        Ok(Self { source, path, left: length })
    }

    /// The next chunk; `None` at the end of the part. A file that ends early is an error, never a short part.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        if self.left == 0 {
            return Ok(None);
        }
        let want = CHUNK_BYTES.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let mut chunk = vec![0u8; want];
        self.source.read_exact(&mut chunk).await.map_err(unreadable(self.path))?;
        self.left -= want as u64;
        Ok(Some(Bytes::from(chunk)))
    }
}

/// Reads one part again, to tell a damaged copy from a damaged network.
pub(crate) async fn part_sum(path: &Path, start: u64, length: u64) -> Result<Crc64, UploadError> {
    let mut reader = PartReader::open(path, start, length).await?;
    let mut digest = Crc64Digest::default();
    while let Some(chunk) = reader.next().await? {
        digest.update(&chunk);
    }
    Ok(digest.value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_model::RelPath;

    fn file_of(folder: &Path, bytes: &[u8], blocks: Vec<u64>) -> PackageFile {
        let path = folder.join("clip.mov");
        std::fs::write(&path, bytes).expect("writes");
        let modified = std::fs::metadata(&path).and_then(|m| m.modified()).expect("has a time");
        PackageFile {
            key: RelPath::new("clip.mov").expect("legal"),
            path,
            size_bytes: bytes.len() as u64,
            modified: Timestamp::try_from(modified).expect("in range"),
            hashes: Vec::new(),
            block_crc64: blocks,
            manifest: false,
        }
    }

    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i as u32).wrapping_mul(2_654_435_761) as u8).collect()
    }

    #[tokio::test]
    async fn part_checksums_from_the_card_equal_those_read_from_the_copy() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let bytes = noise(BLOCK_BYTES as usize * 2 + 12_345);
        let blocks = bytes.chunks(BLOCK_BYTES as usize).map(|block| Crc64::of(block).0).collect();
        let with_card = file_of(folder.path(), &bytes, blocks);
        let without = PackageFile { block_crc64: Vec::new(), ..with_card.clone() };
        let combined = part_sums(&with_card, 2 * BLOCK_BYTES).await.expect("combines");
        let read = part_sums(&without, 2 * BLOCK_BYTES).await.expect("reads");
        assert_eq!((&combined.parts, combined.whole), (&read.parts, read.whole));
        assert_eq!((combined.read_first, read.read_first), (false, true));
        assert_eq!(combined.whole, Crc64::of(&bytes));
    }

    #[tokio::test]
    async fn a_copy_that_differs_from_the_card_is_noticed_before_it_is_sent() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = file_of(folder.path(), &noise(1000), vec![1]);
        let refused = part_sums(&file, 500).await.err().expect("must be refused");
        assert_eq!(refused.code(), checkgate_model::ErrorCode::CopyCorrupt);
    }

    #[tokio::test]
    async fn a_file_that_changed_since_it_was_proven_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = file_of(folder.path(), b"abc", Vec::new());
        check(&file).await.expect("unchanged");
        let other_size = PackageFile { size_bytes: 4, ..file.clone() };
        assert!(matches!(check(&other_size).await, Err(UploadError::SourceChanged { .. })));
        let other_time = PackageFile { modified: Timestamp::UNIX_EPOCH, ..file.clone() };
        assert!(matches!(check(&other_time).await, Err(UploadError::SourceChanged { .. })));
        std::fs::remove_file(&file.path).expect("removes");
        assert_eq!(check(&file).await.expect_err("gone").code(), checkgate_model::ErrorCode::SourceGone);
    }
}
