//! Owns the rows of jobs, copies, files and verifications.

use crate::{Catalog, CatalogError, parse, text, unword, word};
use checkgate_model::{Evidence, EvidenceLevel, HashValue, JobState, Problem, RelPath, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

/// One run of the main job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Id.
    pub id: String,
    /// Card.
    pub card: String,
    /// State.
    pub state: JobState,
    /// What was asked for, as JSON of the application.
    pub plan: String,
    /// Second read of the source.
    pub reread_equal: Option<bool>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// When it began.
    pub started_at: String,
}

/// One copy of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyRow {
    /// Id.
    pub id: String,
    /// Job that makes it.
    pub job: String,
    /// Card.
    pub card: String,
    /// Destination id.
    pub destination: String,
    /// Destination as people call it.
    pub label: String,
    /// Folder of the copy.
    pub root: String,
    /// State, a word of the contract.
    pub state: String,
    /// Weakest evidence over all files, once complete.
    pub evidence: Option<EvidenceLevel>,
    /// How it was got.
    pub method: String,
    /// When.
    pub proven_at: Option<String>,
    /// Physical device.
    pub device: Option<String>,
    /// Manifest below the root.
    pub manifest: Option<String>,
    /// Manifest read again and equal.
    pub manifest_reread: bool,
    /// Files that failed.
    pub failed_files: u64,
    /// Bytes of all files.
    pub bytes_total: u64,
}

/// One file of a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyFileRow {
    /// Path below the root.
    pub path: RelPath,
    /// Size.
    pub size_bytes: u64,
    /// Modification time on the card.
    pub modified: Timestamp,
    /// Hashes of the bytes read from the card.
    pub hashes: Vec<HashValue>,
    /// CRC64/NVME per 16 MiB block of those bytes.
    pub block_crc64: Vec<u64>,
    /// Evidence, once proven.
    pub evidence: Option<Evidence>,
    /// `copied`, `proven` or an error code.
    pub state: String,
}

/// A file that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedFileRow {
    /// Copy; `None` if the card itself could not be read.
    pub copy: Option<String>,
    /// Path.
    pub path: String,
    /// What went wrong.
    pub problem: Problem,
}

/// A verification of a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationRow {
    /// Id.
    pub id: String,
    /// Folder.
    pub path: String,
    /// State, a word of the contract.
    pub state: String,
    /// Report as JSON of the application.
    pub report: Option<String>,
}

const JOB: &str = "select id, card, state, plan, reread, problem, started_at from job";
const COPY: &str = "select id, job, card, destination, label, root, state, evidence, method, proven_at, device, manifest, manifest_reread, failed_files, bytes_total from copy";

fn job(row: &SqliteRow) -> Result<JobRow, CatalogError> {
    let problem: Option<String> = row.get(5);
    Ok(JobRow {
        id: row.get(0),
        card: row.get(1),
        state: unword("job state", row.get(2))?,
        plan: row.get(3),
        reread_equal: row.get(4),
        problem: problem.map(|json| parse("problem", &json)).transpose()?,
        started_at: row.get(6),
    })
}

fn copy(row: &SqliteRow) -> Result<CopyRow, CatalogError> {
    let evidence: Option<String> = row.get(7);
    Ok(CopyRow {
        id: row.get(0),
        job: row.get(1),
        card: row.get(2),
        destination: row.get(3),
        label: row.get(4),
        root: row.get(5),
        state: row.get(6),
        evidence: evidence.map(|level| unword("evidence", level)).transpose()?,
        method: row.get(8),
        proven_at: row.get(9),
        device: row.get(10),
        manifest: row.get(11),
        manifest_reread: row.get(12),
        failed_files: row.get::<i64, _>(13).unsigned_abs(),
        bytes_total: row.get::<i64, _>(14).unsigned_abs(),
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Catalog {
    /// Stores a new job with its copies in one transaction.
    pub async fn create_job(&self, row: &JobRow, copies: &[CopyRow]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("insert into job (id, card, state, plan, started_at, updated_at) values (?, ?, ?, ?, ?, ?)")
            .bind(&row.id)
            .bind(&row.card)
            .bind(word(&row.state))
            .bind(&row.plan)
            .bind(&row.started_at)
            .bind(&row.started_at)
            .execute(&mut *transaction)
            .await?;
        for copy in copies {
            sqlx::query("insert into copy (id, job, card, destination, label, root, state, device, bytes_total) values (?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .bind(&copy.id)
                .bind(&copy.job)
                .bind(&copy.card)
                .bind(&copy.destination)
                .bind(&copy.label)
                .bind(&copy.root)
                .bind(&copy.state)
                .bind(&copy.device)
                .bind(signed(copy.bytes_total))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// A job by id.
    pub async fn job(&self, id: &str) -> Result<Option<JobRow>, CatalogError> {
        let row = sqlx::query(AssertSqlSafe(format!("{JOB} where id = ?"))).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(job).transpose()
    }

    /// All jobs, newest first.
    pub async fn jobs(&self) -> Result<Vec<JobRow>, CatalogError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{JOB} order by started_at desc, id desc limit 1000")))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(job).collect()
    }

    /// The latest job of a card.
    pub async fn latest_job_of(&self, card: &str) -> Result<Option<JobRow>, CatalogError> {
        let sql = format!("{JOB} where card = ? order by started_at desc, id desc limit 1");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(card).fetch_optional(&self.pool).await?;
        row.as_ref().map(job).transpose()
    }

    /// Stores a job's state and problem.
    pub async fn set_job_state(
        &self,
        id: &str,
        state: JobState,
        problem: Option<&Problem>,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        sqlx::query("update job set state = ?, problem = ?, updated_at = ? where id = ?")
            .bind(word(&state))
            .bind(problem.map(text))
            .bind(at.to_string())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores the result of the second read of the source.
    pub async fn set_reread(&self, job: &str, equal: Option<bool>) -> Result<(), CatalogError> {
        sqlx::query("update job set reread = ? where id = ?").bind(equal).bind(job).execute(&self.pool).await?;
        Ok(())
    }

    /// Copies of a job in the order they were asked for.
    pub async fn copies_of_job(&self, job: &str) -> Result<Vec<CopyRow>, CatalogError> {
        let rows =
            sqlx::query(AssertSqlSafe(format!("{COPY} where job = ? order by rowid"))).bind(job).fetch_all(&self.pool).await?;
        rows.iter().map(copy).collect()
    }

    /// All copies of a card, oldest first.
    pub async fn copies_of_card(&self, card: &str) -> Result<Vec<CopyRow>, CatalogError> {
        let rows =
            sqlx::query(AssertSqlSafe(format!("{COPY} where card = ? order by rowid"))).bind(card).fetch_all(&self.pool).await?;
        rows.iter().map(copy).collect()
    }

    /// Stores everything about a copy that changes while it is made.
    pub async fn update_copy(&self, row: &CopyRow) -> Result<(), CatalogError> {
        sqlx::query(
            "update copy set state = ?, evidence = ?, method = ?, proven_at = ?, device = ?, manifest = ?, manifest_reread = ?, \
             failed_files = ?, bytes_total = ? where id = ?",
        )
        .bind(&row.state)
        .bind(row.evidence.as_ref().map(word))
        .bind(&row.method)
        .bind(&row.proven_at)
        .bind(&row.device)
        .bind(&row.manifest)
        .bind(row.manifest_reread)
        .bind(signed(row.failed_files))
        .bind(signed(row.bytes_total))
        .bind(&row.id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stores many files of copies in one transaction; a later statement about the same file replaces the earlier.
    pub async fn store_copy_files(&self, files: &[(String, CopyFileRow)]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        for (copy, file) in files {
            let blocks: Vec<u8> = file.block_crc64.iter().flat_map(|crc| crc.to_le_bytes()).collect();
            sqlx::query(
                "insert into copy_file (copy, path, size_bytes, modified, hashes, block_crc64, evidence, state) values (?, ?, ?, ?, ?, ?, ?, ?) \
                 on conflict (copy, path) do update set size_bytes = excluded.size_bytes, modified = excluded.modified, hashes = excluded.hashes, \
                 block_crc64 = excluded.block_crc64, evidence = excluded.evidence, state = excluded.state",
            )
            .bind(copy)
            .bind(file.path.as_str())
            .bind(signed(file.size_bytes))
            .bind(file.modified.to_string())
            .bind(text(&file.hashes))
            .bind(blocks)
            .bind(file.evidence.as_ref().map(text))
            .bind(&file.state)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Stores the evidence of many files of copies in one transaction.
    pub async fn prove_copy_files(&self, proven: &[(String, RelPath, Evidence)]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        for (copy, path, evidence) in proven {
            sqlx::query("update copy_file set evidence = ?, state = 'proven' where copy = ? and path = ?")
                .bind(text(evidence))
                .bind(copy)
                .bind(path.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Stores that a file failed, and takes back what was proven about it.
    pub async fn store_failed_file(&self, job: &str, row: &FailedFileRow) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("insert into failed_file (job, copy, path, problem) values (?, ?, ?, ?)")
            .bind(job)
            .bind(&row.copy)
            .bind(&row.path)
            .bind(text(&row.problem))
            .execute(&mut *transaction)
            .await?;
        if let Some(copy) = &row.copy {
            sqlx::query("update copy_file set evidence = null, state = ? where copy = ? and path = ?")
                .bind(row.problem.code.name())
                .bind(copy)
                .bind(&row.path)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets the failures of an earlier run of the job, before it is tried again.
    pub async fn clear_failed_files(&self, job: &str) -> Result<(), CatalogError> {
        sqlx::query("delete from failed_file where job = ?").bind(job).execute(&self.pool).await?;
        Ok(())
    }

    /// Files that failed in a job, at most 1,000.
    pub async fn failed_files_of(&self, job: &str) -> Result<Vec<FailedFileRow>, CatalogError> {
        let rows = sqlx::query("select copy, path, problem from failed_file where job = ? limit 1000")
            .bind(job)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(FailedFileRow { copy: row.get(0), path: row.get(1), problem: parse("problem", &row.get::<String, _>(2))? })
            })
            .collect()
    }

    /// Files of a copy, by path.
    pub async fn files_of_copy(&self, copy: &str) -> Result<Vec<CopyFileRow>, CatalogError> {
        self.files_of_copy_after(copy, "", u32::MAX).await
    }

    /// The same in pages: at most `limit` files whose path comes after `after`; an empty text begins.
    pub async fn files_of_copy_after(&self, copy: &str, after: &str, limit: u32) -> Result<Vec<CopyFileRow>, CatalogError> {
        let rows = sqlx::query(
            "select path, size_bytes, modified, hashes, block_crc64, evidence, state from copy_file \
             where copy = ? and path > ? order by path limit ?",
        )
        .bind(copy)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let blocks: Vec<u8> = row.get(4);
                let evidence: Option<String> = row.get(5);
                Ok(CopyFileRow {
                    path: unword("path", row.get(0))?,
                    size_bytes: row.get::<i64, _>(1).unsigned_abs(),
                    modified: unword("time", row.get(2))?,
                    hashes: parse("hashes", &row.get::<String, _>(3))?,
                    block_crc64: blocks
                        .chunks_exact(8)
                        .map(|eight| u64::from_le_bytes(eight.try_into().expect("eight bytes")))
                        .collect(),
                    evidence: evidence.map(|json| parse("evidence", &json)).transpose()?,
                    state: row.get(6),
                })
            })
            .collect()
    }

    /// Stores a verification.
    pub async fn store_verification(&self, row: &VerificationRow, at: Timestamp) -> Result<(), CatalogError> {
        sqlx::query(
            "insert into verification (id, path, state, report, at) values (?, ?, ?, ?, ?) \
             on conflict (id) do update set state = excluded.state, report = excluded.report",
        )
        .bind(&row.id)
        .bind(&row.path)
        .bind(&row.state)
        .bind(&row.report)
        .bind(at.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Verifications, newest first, at most 100.
    pub async fn verifications(&self) -> Result<Vec<VerificationRow>, CatalogError> {
        let rows = sqlx::query("select id, path, state, report from verification order by at desc limit 100")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .iter()
            .map(|row| VerificationRow { id: row.get(0), path: row.get(1), state: row.get(2), report: row.get(3) })
            .collect())
    }
}
