//! Owns what people decided about cameras nobody knows. Nothing is deleted: what was forgotten says when.

use crate::{Catalog, CatalogError, parse, text};
use checkgate_model::{Mapping, Timestamp};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// One mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingRow {
    /// Id.
    pub id: String,
    /// When it holds and what it decides.
    pub mapping: Mapping,
    /// The camera format it was made for, in words.
    pub format: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: String,
    /// When it was forgotten.
    pub forgotten_at: Option<String>,
}

const EVERY: &str = "select id, mapping, format, by_name, at, forgotten_at from camera_mapping order by rowid";

fn row_of(row: &SqliteRow) -> Result<MappingRow, CatalogError> {
    Ok(MappingRow {
        id: row.get(0),
        mapping: parse("camera mapping", &row.get::<String, _>(1))?,
        format: row.get(2),
        by: row.get(3),
        at: row.get(4),
        forgotten_at: row.get(5),
    })
}

impl Catalog {
    /// Stores a mapping.
    pub async fn store_mapping(&self, row: &MappingRow) -> Result<(), CatalogError> {
        sqlx::query("insert into camera_mapping (id, mapping, format, by_name, at) values (?, ?, ?, ?, ?)")
            .bind(&row.id)
            .bind(text(&row.mapping))
            .bind(&row.format)
            .bind(&row.by)
            .bind(&row.at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets a mapping; says whether there was one that held.
    pub async fn forget_mapping(&self, id: &str, at: Timestamp) -> Result<bool, CatalogError> {
        let done = sqlx::query("update camera_mapping set forgotten_at = ? where id = ? and forgotten_at is null")
            .bind(at.to_string())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Every mapping, oldest first, forgotten ones among them.
    pub async fn mappings(&self) -> Result<Vec<MappingRow>, CatalogError> {
        let rows = sqlx::query(EVERY).fetch_all(&self.pool).await?;
        rows.iter().map(row_of).collect()
    }
}

/// The mappings of a database that is only looked at: nothing is created and no schema is changed. None where there is no database,
/// or one from before there were mappings.
pub async fn read_mappings(path: &Path) -> Result<Vec<MappingRow>, CatalogError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(std::time::Duration::from_secs(5));
    let mut connection = options.connect().await.map_err(|source| CatalogError::Open { path: path.to_owned(), source })?;
    let known = sqlx::query("select 1 from sqlite_master where type = 'table' and name = 'camera_mapping'")
        .fetch_optional(&mut connection)
        .await?;
    let rows = if known.is_some() { sqlx::query(EVERY).fetch_all(&mut connection).await? } else { Vec::new() };
    connection.close().await?;
    rows.iter().map(row_of).collect()
}
