//! Owns the upload of one file: open or find its upload in the cloud, keep the parts the store holds with the right size and
//! checksum, send the others, complete it, and compare the object's checksum with the card's.

use crate::client::CloudClient;
use crate::crc::Crc64;
use crate::engine::{Run, again, may_go_on, rest};
use crate::error::{ClientError, UploadError};
use crate::journal::JournalPart;
use crate::meter::{UploadControl, UploadMeter};
use crate::plan::PackageFile;
use crate::source::{self, PartReader, PartSums, part_length, part_start};
use crate::wire::{
    ApiCode, CompleteFile, FileOpened, MAX_PARTS, MAX_SIGNED_PARTS, OpenFile, PartDone, PartToSign, SignParts, SignedPart,
};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A signed URL older than this is not used any more; services sign for 15 minutes.
const URL_AGE_LIMIT: Duration = Duration::from_secs(10 * 60);
/// A part on which nothing moves for this long is given up and sent again.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// A store may take this long to answer once it has every byte of a part.
const ANSWER_LIMIT: Duration = Duration::from_secs(300);
/// An upload that vanishes this often in one run is not worth another round.
const ROUNDS: u32 = 3;

/// Sends what is missing of one file.
pub(crate) async fn send_file(run: &Run<'_>, index: usize) -> Result<(), UploadError> {
    let file = &run.plan.files[index];
    source::check(file).await?;
    let mut restart = false;
    let mut last = None;
    for _ in 0..ROUNDS {
        let sending = FileRun::open(run, index, file, restart).await?;
        let sending = match sending {
            Opened::Complete => return Ok(()),
            Opened::Other => {
                restart = true;
                continue;
            }
            Opened::Sending(sending) => sending,
        };
        match sending.finish().await? {
            Round::Complete => return Ok(()),
            Round::Again { restart: from_start, source } => {
                restart = from_start;
                last = Some(source);
            }
        }
    }
    let source = last.unwrap_or(ClientError::Nonsense { what: file.key.to_string(), reason: "its upload never ends".to_owned() });
    Err(UploadError::Cloud { what: file.key.to_string(), source })
}

enum Opened<'a> {
    Complete,
    /// A finished object with another checksum.
    Other,
    Sending(Box<FileRun<'a>>),
}

enum Round {
    Complete,
    /// The store lost the upload or some parts of it.
    Again {
        restart: bool,
        source: ClientError,
    },
}

/// One file under way.
struct FileRun<'a> {
    run: &'a Run<'a>,
    number: String,
    file: &'a PackageFile,
    opened: FileOpened,
    sums: PartSums,
    kept: BTreeMap<u32, PartDone>,
    signed: Mutex<SignedWindow>,
}

/// URLs signed ahead, and the parts whose turn to be signed comes next.
#[derive(Default)]
struct SignedWindow {
    ready: BTreeMap<u32, (SignedPart, Option<Instant>)>,
    waiting: VecDeque<u32>,
}

impl<'a> FileRun<'a> {
    async fn open(run: &'a Run<'a>, index: usize, file: &'a PackageFile, restart: bool) -> Result<Opened<'a>, UploadError> {
        let number = index.to_string();
        let request = OpenFile { part_size_bytes: run.options.part_size, restart };
        let opened =
            again(run.options, run.meter, file.key.as_str(), || run.client.open(&run.package, &number, &request)).await?;
        check_answer(file, &opened)?;
        let sums = source::part_sums(file, opened.part_size_bytes).await?;
        if sums.read_first {
            run.checksums_from_copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(file.key.clone());
        }
        let mut sending =
            Self { run, number, file, opened, sums, kept: BTreeMap::new(), signed: Mutex::new(SignedWindow::default()) };
        if let Some(crc64) = sending.opened.complete {
            if crc64 != sending.sums.whole {
                // Whatever lies there is not this file. Once it is begun again; a second time somebody else writes there too.
                return if restart { Err(UploadError::ObjectDiffers { key: file.key.clone() }) } else { Ok(Opened::Other) };
            }
            run.meter.parts_found(u64::from(sending.opened.part_count), file.size_bytes);
            sending.complete_in_journal().await?;
            return Ok(Opened::Complete);
        }
        sending.keep_stored_parts().await?;
        Ok(Opened::Sending(Box::new(sending)))
    }

    /// The store's list is the truth: parts with another size or checksum are sent again, parts the journal missed are written
    /// into it.
    async fn keep_stored_parts(&mut self) -> Result<(), UploadError> {
        let run = self.run;
        let known = run.known.get(&self.file.key).filter(|known| known.remote_upload_id == self.opened.upload);
        if known.is_none() {
            run.journal
                .file_started(&run.plan.upload, &self.file.key, &self.opened.upload, self.opened.part_size_bytes)
                .await
                .map_err(UploadError::Journal)?;
        }
        let mut bytes = 0;
        for part in &self.opened.parts {
            let Some(expected) = part.number.checked_sub(1).and_then(|slot| self.sums.parts.get(slot as usize)) else { continue };
            if part.size_bytes != self.length(part.number) || part.crc64 != Some(*expected) {
                continue;
            }
            let in_journal =
                known.is_some_and(|known| known.parts.iter().any(|kept| kept.number == part.number && kept.crc64 == expected.0));
            if !in_journal {
                self.part_in_journal(part.number, *expected, &part.etag).await?;
            }
            if self
                .kept
                .insert(part.number, PartDone { number: part.number, crc64: *expected, etag: part.etag.clone() })
                .is_none()
            {
                bytes += part.size_bytes;
            }
        }
        run.meter.parts_found(self.kept.len() as u64, bytes);
        Ok(())
    }

    async fn part_in_journal(&self, number: u32, crc64: Crc64, etag: &str) -> Result<(), UploadError> {
        let part = JournalPart { number, crc64: crc64.0, etag: etag.to_owned() };
        self.run.journal.part_done(&self.run.plan.upload, &self.file.key, &part).await.map_err(UploadError::Journal)
    }

    async fn complete_in_journal(&self) -> Result<(), UploadError> {
        self.run.journal.file_complete(&self.run.plan.upload, &self.file.key).await.map_err(UploadError::Journal)?;
        self.run.meter.file_complete();
        Ok(())
    }

    fn length(&self, number: u32) -> u64 {
        part_length(self.file.size_bytes, self.opened.part_size_bytes, number)
    }

    /// Sends the missing parts and completes the object.
    async fn finish(mut self: Box<Self>) -> Result<Round, UploadError> {
        let missing: Vec<u32> = (1..=self.opened.part_count).filter(|number| !self.kept.contains_key(number)).collect();
        self.signed.get_mut().waiting = missing.iter().copied().collect();
        let sent: Result<Vec<PartDone>, Halt> = {
            // Boxed one by one: a generic future here would carry the whole state of a part through the stream's types.
            let sends = missing.into_iter().map(|number| Box::pin(self.send_part(number)) as futures::future::BoxFuture<'_, _>);
            stream::iter(sends).buffer_unordered(self.run.options.parallel.clamp(1, 64)).try_collect().await
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(Halt::Failed(error)) => return Err(*error),
            Err(Halt::Gone(source)) => {
                self.forget_parts();
                return Ok(Round::Again { restart: true, source });
            }
        };
        let mut parts = std::mem::take(&mut self.kept);
        parts.extend(sent.into_iter().map(|part| (part.number, part)));
        let request =
            CompleteFile { upload: self.opened.upload.clone(), crc64: self.sums.whole, parts: parts.into_values().collect() };
        let run = self.run;
        let answer =
            again(run.options, run.meter, self.file.key.as_str(), || run.client.complete(&run.package, &self.number, &request))
                .await;
        match answer {
            Ok(completed) if completed.crc64 == self.sums.whole && completed.size_bytes == self.file.size_bytes => {
                self.complete_in_journal().await?;
                Ok(Round::Complete)
            }
            Ok(_) => Err(UploadError::ObjectDiffers { key: self.file.key.clone() }),
            Err(UploadError::Cloud { source, .. })
                if matches!(source.api_code(), Some(ApiCode::UploadGone | ApiCode::Incomplete)) =>
            {
                let restart = source.api_code() == Some(ApiCode::UploadGone);
                self.kept = request.parts.into_iter().map(|part| (part.number, part)).collect();
                self.forget_parts();
                Ok(Round::Again { restart, source })
            }
            Err(error) => Err(error),
        }
    }

    /// What the store no longer has is not counted as stored.
    fn forget_parts(&self) {
        self.run.meter.parts_lost(self.kept.keys().map(|number| self.length(*number)).sum());
    }

    async fn send_part(&self, number: u32) -> Result<PartDone, Halt> {
        let _permit = self.run.permits.acquire().await.expect("the semaphore is never closed");
        let crc64 = self.sums.parts[number as usize - 1];
        let start = part_start(self.opened.part_size_bytes, number);
        let length = self.length(number);
        let mut failures = 0;
        loop {
            self.run.control.may_begin().await;
            let outcome = match self.signed_part(number, failures > 0).await {
                Ok(signed) => put(&self.run.client, &signed, self.file, start, length, self.run.control, self.run.meter).await?,
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(etag) => {
                    self.part_in_journal(number, crc64, &etag).await?;
                    self.run.meter.part_stored(length);
                    return Ok(PartDone { number, crc64, etag });
                }
                Err(error) => error,
            };
            failures += 1;
            self.run.meter.part_failed();
            tracing::debug!(key = %self.file.key, number, failures, %error, "a part has to be sent again");
            let refused = match &error {
                ClientError::Refused { code: Some(ApiCode::UploadGone), .. } => return Err(Halt::Gone(error)),
                ClientError::Refused { code: Some(ApiCode::Full | ApiCode::Conflict | ApiCode::Unauthorised), .. } => {
                    return Err(self.cloud(error));
                }
                ClientError::Refused { status, .. } => (400..500).contains(status) && *status != 429,
                _ => false,
            };
            // The bytes did not fit the checksum, or the answer does not say why: is it the network, or this copy?
            if refused && source::part_sum(&self.file.path, start, length).await? != crc64 {
                let place = format!("part {number}");
                return Err(UploadError::CopyDiffers { path: self.file.path.clone(), place }.into());
            }
            if !may_go_on(self.run.options, failures, &error) {
                return Err(self.cloud(error));
            }
            rest(self.run.options, self.run.meter, failures).await;
        }
    }

    fn cloud(&self, source: ClientError) -> Halt {
        UploadError::Cloud { what: self.file.key.to_string(), source }.into()
    }

    /// A URL for this part, signed together with those that come next. A second try never uses the URL of the first: it may
    /// have expired.
    async fn signed_part(&self, number: u32, fresh: bool) -> Result<SignedPart, ClientError> {
        let mut window = self.signed.lock().await;
        if let Some((signed, at)) = window.ready.remove(&number)
            && !fresh
            && at.is_some_and(|at| at.elapsed() < URL_AGE_LIMIT)
        {
            return Ok(signed);
        }
        window.waiting.retain(|waiting| *waiting != number);
        let ahead = if fresh { 0 } else { (self.run.options.parallel * 2).clamp(1, MAX_SIGNED_PARTS - 1) };
        let numbers: Vec<u32> = std::iter::once(number).chain(window.waiting.iter().copied().take(ahead)).collect();
        let request = SignParts {
            upload: self.opened.upload.clone(),
            parts: numbers
                .iter()
                .map(|number| PartToSign { number: *number, crc64: self.sums.parts[*number as usize - 1] })
                .collect(),
        };
        let answer = self.run.client.sign(&self.run.package, &self.number, &request).await?;
        let now = Instant::now();
        let mut wanted = None;
        for signed in answer.parts {
            if signed.number == number {
                wanted = Some(signed);
            } else if numbers.contains(&signed.number) {
                window.waiting.retain(|waiting| *waiting != signed.number);
                window.ready.insert(signed.number, (signed, Some(now)));
            }
        }
        wanted.ok_or_else(|| ClientError::Nonsense { what: format!("part {number}"), reason: "it was not signed".to_owned() })
    }
}

/// Why the parts of a file stopped.
enum Halt {
    Failed(Box<UploadError>),
    Gone(ClientError),
}

impl From<UploadError> for Halt {
    fn from(error: UploadError) -> Self {
        Self::Failed(Box::new(error))
    }
}

fn check_answer(file: &PackageFile, opened: &FileOpened) -> Result<(), UploadError> {
    let wanted = if opened.part_size_bytes == 0 { u64::MAX } else { file.size_bytes.div_ceil(opened.part_size_bytes).max(1) };
    if wanted == u64::from(opened.part_count) && opened.part_count <= MAX_PARTS {
        return Ok(());
    }
    let reason = format!("{} parts of {} bytes for a file of {}", opened.part_count, opened.part_size_bytes, file.size_bytes);
    Err(UploadError::Cloud { what: file.key.to_string(), source: ClientError::Nonsense { what: "an upload".to_owned(), reason } })
}

/// One try at one part: bytes from the disk through a channel of a few chunks into the connection, so that memory stays small
/// however large the part is. The outer error is ours, the inner one the network's.
async fn put(
    client: &CloudClient,
    signed: &SignedPart,
    file: &PackageFile,
    start: u64,
    length: u64,
    control: &UploadControl,
    meter: &UploadMeter,
) -> Result<Result<String, ClientError>, UploadError> {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    let moved = AtomicU64::new(0);
    let pump = async {
        let mut reader = PartReader::open(&file.path, start, length).await?;
        while let Some(chunk) = reader.next().await? {
            let bytes = chunk.len() as u64;
            control.pace(bytes).await;
            if sender.send(Ok(chunk)).await.is_err() {
                // The connection is gone; its own error says why.
                break;
            }
            meter.chunk(bytes);
            moved.fetch_add(bytes, Ordering::Relaxed);
        }
        drop(sender);
        Ok::<(), UploadError>(())
    };
    let chunks = stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|chunk| (chunk, receiver)) });
    let sending = client.put(signed, length, reqwest::Body::wrap_stream(chunks.boxed()));
    tokio::pin!(pump, sending);
    let mut pumped = false;
    let (mut seen, mut since) = (0, Instant::now());
    loop {
        tokio::select! {
            answer = &mut sending => return Ok(answer),
            read = &mut pump, if !pumped => {
                read?;
                pumped = true;
                since = Instant::now();
            }
            () = tokio::time::sleep(Duration::from_secs(5)) => {
                let now = moved.load(Ordering::Relaxed);
                if now != seen {
                    (seen, since) = (now, Instant::now());
                } else if since.elapsed() > if pumped { ANSWER_LIMIT } else { STALL_LIMIT } {
                    let host = signed.url.split('/').nth(2).unwrap_or("the store").to_owned();
                    return Ok(Err(ClientError::Stalled { host }));
                }
            }
        }
    }
}
