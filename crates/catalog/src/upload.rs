//! Owns the journal of uploads. Write order is the caller's: create in the store, then commit here, so that a crash between two
//! steps costs at most the parts in flight.

use crate::{Catalog, CatalogError, parse, text};
use checkgate_model::{Problem, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// One package on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadRow {
    /// Id.
    pub id: String,
    /// Card.
    pub card: String,
    /// Copy it is read from.
    pub copy: String,
    /// Cloud.
    pub url: String,
    /// The cloud's package id.
    pub package: Option<String>,
    /// State, a word of the contract.
    pub state: String,
    /// Bytes of all files.
    pub bytes_total: u64,
    /// Bytes there.
    pub bytes_done: u64,
    /// Parts there.
    pub parts_done: u64,
    /// Last answer of the cloud, as JSON of the application.
    pub status: Option<String>,
    /// What went wrong.
    pub problem: Option<Problem>,
}

/// One object of a package.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadFileRow {
    /// Key below the package.
    pub key: String,
    /// The store's multipart upload id.
    pub remote: Option<String>,
    /// Part size.
    pub part_size: Option<u64>,
    /// Complete in the store.
    pub complete: bool,
}

/// One part of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadPartRow {
    /// Key.
    pub key: String,
    /// Number, from 1.
    pub number: u32,
    /// CRC64/NVME.
    pub crc64: u64,
    /// The store's tag.
    pub etag: String,
}

fn upload(row: &SqliteRow) -> Result<UploadRow, CatalogError> {
    let problem: Option<String> = row.get(10);
    Ok(UploadRow {
        id: row.get(0),
        card: row.get(1),
        copy: row.get(2),
        url: row.get(3),
        package: row.get(4),
        state: row.get(5),
        bytes_total: row.get::<i64, _>(6).unsigned_abs(),
        bytes_done: row.get::<i64, _>(7).unsigned_abs(),
        parts_done: row.get::<i64, _>(8).unsigned_abs(),
        status: row.get(9),
        problem: problem.map(|json| parse("problem", &json)).transpose()?,
    })
}

impl Catalog {
    /// Stores an upload, or its new state.
    pub async fn store_upload(&self, row: &UploadRow, at: Timestamp) -> Result<(), CatalogError> {
        sqlx::query(
            "insert into upload (id, card, copy, url, package, state, bytes_total, bytes_done, parts_done, status, problem, updated_at) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set url = excluded.url, package = excluded.package, \
             state = excluded.state, bytes_total = excluded.bytes_total, bytes_done = excluded.bytes_done, parts_done = excluded.parts_done, \
             status = excluded.status, problem = excluded.problem, updated_at = excluded.updated_at",
        )
        .bind(&row.id)
        .bind(&row.card)
        .bind(&row.copy)
        .bind(&row.url)
        .bind(&row.package)
        .bind(&row.state)
        .bind(i64::try_from(row.bytes_total).unwrap_or(i64::MAX))
        .bind(i64::try_from(row.bytes_done).unwrap_or(i64::MAX))
        .bind(i64::try_from(row.parts_done).unwrap_or(i64::MAX))
        .bind(&row.status)
        .bind(row.problem.as_ref().map(text))
        .bind(at.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The latest upload of a card.
    pub async fn upload_of(&self, card: &str) -> Result<Option<UploadRow>, CatalogError> {
        let row = sqlx::query(
            "select id, card, copy, url, package, state, bytes_total, bytes_done, parts_done, status, problem from upload \
             where card = ? order by rowid desc limit 1",
        )
        .bind(card)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(upload).transpose()
    }

    /// The cloud's package id of an upload.
    pub async fn set_package(&self, id: &str, package: &str) -> Result<(), CatalogError> {
        sqlx::query("update upload set package = ? where id = ?").bind(package).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Objects of an upload that were begun.
    pub async fn upload_files(&self, id: &str) -> Result<Vec<UploadFileRow>, CatalogError> {
        let rows = sqlx::query("select key, remote, part_size, complete from upload_file where upload = ?")
            .bind(id)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .iter()
            .map(|row| UploadFileRow {
                key: row.get(0),
                remote: row.get(1),
                part_size: row.get::<Option<i64>, _>(2).map(i64::unsigned_abs),
                complete: row.get(3),
            })
            .collect())
    }

    /// Stores that an object was begun; parts of an earlier try under another multipart id are forgotten.
    pub async fn upload_file_started(
        &self,
        id: &str,
        key: &str,
        remote: Option<&str>,
        part_size: u64,
    ) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let before: Option<Option<String>> = sqlx::query("select remote from upload_file where upload = ? and key = ?")
            .bind(id)
            .bind(key)
            .fetch_optional(&mut *transaction)
            .await?
            .map(|row| row.get(0));
        if before.is_some_and(|old| old.as_deref() != remote) {
            sqlx::query("delete from upload_part where upload = ? and key = ?")
                .bind(id)
                .bind(key)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(
            "insert into upload_file (upload, key, remote, part_size) values (?, ?, ?, ?) on conflict (upload, key) do update set \
             remote = excluded.remote, part_size = excluded.part_size, complete = 0",
        )
        .bind(id)
        .bind(key)
        .bind(remote)
        .bind(i64::try_from(part_size).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Stores that a part is in the store.
    pub async fn upload_part_done(&self, id: &str, part: &UploadPartRow) -> Result<(), CatalogError> {
        sqlx::query(
            "insert into upload_part (upload, key, number, crc64, etag) values (?, ?, ?, ?, ?) on conflict (upload, key, number) \
             do update set crc64 = excluded.crc64, etag = excluded.etag",
        )
        .bind(id)
        .bind(&part.key)
        .bind(part.number)
        .bind(format!("{:016x}", part.crc64))
        .bind(&part.etag)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Parts of an upload that are in the store.
    pub async fn upload_parts(&self, id: &str) -> Result<Vec<UploadPartRow>, CatalogError> {
        let rows = sqlx::query("select key, number, crc64, etag from upload_part where upload = ? order by key, number")
            .bind(id)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .iter()
            .filter_map(|row| {
                let crc64 = u64::from_str_radix(&row.get::<String, _>(2), 16).ok()?;
                Some(UploadPartRow { key: row.get(0), number: row.get(1), crc64, etag: row.get(3) })
            })
            .collect())
    }

    /// Stores that an object is complete.
    pub async fn upload_file_complete(&self, id: &str, key: &str) -> Result<(), CatalogError> {
        sqlx::query("insert into upload_file (upload, key, complete) values (?, ?, 1) on conflict (upload, key) do update set complete = 1")
            .bind(id)
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
