//! Owns the rows of destinations, cards, clips and findings.

use crate::{Catalog, CatalogError, parse, text};
use checkgate_model::{CardRecognition, ClipRecord, Finding, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

/// A folder that copies go to.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationRow {
    /// Id.
    pub id: String,
    /// Name people use.
    pub label: String,
    /// Folder.
    pub path: String,
    /// Part of the preset.
    pub in_preset: bool,
}

/// A card that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct CardRow {
    /// Id.
    pub id: String,
    /// Identity of its content.
    pub fingerprint: String,
    /// Volume id.
    pub volume: String,
    /// Volume label.
    pub label: String,
    /// Where it was mounted last.
    pub root: String,
    /// Reel name, or the label.
    pub reel: String,
    /// What it is.
    pub recognition: CardRecognition,
    /// Physical device of the card.
    pub source_device: Option<String>,
    /// Mounted so that the system can write to it.
    pub writable: bool,
    /// First seen.
    pub seen_at: String,
    /// Metadata, findings and pictures are done.
    pub described: bool,
    /// Since when the verdict is safe.
    pub safe_since: Option<String>,
    /// Version of the contact sheet.
    pub sheet: Option<String>,
}

/// One clip of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipRow {
    /// Card.
    pub card: String,
    /// Position on the card.
    pub position: u32,
    /// Name.
    pub name: String,
    /// Canonical record, once described.
    pub record: Option<ClipRecord>,
    /// Version of the picture.
    pub picture: Option<String>,
    /// How the picture was made, or why there is none.
    pub picture_words: String,
}

const CARD: &str = "select id, fingerprint, volume, label, root, reel, recognition, source_device, writable, seen_at, described, safe_since, sheet from card";

fn card(row: &SqliteRow) -> Result<CardRow, CatalogError> {
    Ok(CardRow {
        id: row.get(0),
        fingerprint: row.get(1),
        volume: row.get(2),
        label: row.get(3),
        root: row.get(4),
        reel: row.get(5),
        recognition: parse("card recognition", &row.get::<String, _>(6))?,
        source_device: row.get(7),
        writable: row.get(8),
        seen_at: row.get(9),
        described: row.get(10),
        safe_since: row.get(11),
        sheet: row.get(12),
    })
}

pub(crate) fn clip(row: &SqliteRow) -> Result<ClipRow, CatalogError> {
    let record: Option<String> = row.get(3);
    Ok(ClipRow {
        card: row.get(0),
        position: row.get(1),
        name: row.get(2),
        record: record.map(|json| parse("clip record", &json)).transpose()?,
        picture: row.get(4),
        picture_words: row.get(5),
    })
}

impl Catalog {
    /// Adds a destination, or returns the one that has this path already.
    pub async fn add_destination(&self, row: &DestinationRow, at: Timestamp) -> Result<DestinationRow, CatalogError> {
        sqlx::query("insert into destination (id, label, path, in_preset, created_at) values (?, ?, ?, ?, ?) on conflict (path) do nothing")
            .bind(&row.id)
            .bind(&row.label)
            .bind(&row.path)
            .bind(row.in_preset)
            .bind(at.to_string())
            .execute(&self.pool)
            .await?;
        let all = self.destinations().await?;
        Ok(all.into_iter().find(|stored| stored.path == row.path).unwrap_or_else(|| row.clone()))
    }

    /// All destinations, oldest first.
    pub async fn destinations(&self) -> Result<Vec<DestinationRow>, CatalogError> {
        let rows = sqlx::query("select id, label, path, in_preset from destination order by created_at, id")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .iter()
            .map(|row| DestinationRow { id: row.get(0), label: row.get(1), path: row.get(2), in_preset: row.get(3) })
            .collect())
    }

    /// Puts a destination into the preset or takes it out.
    pub async fn set_destination(&self, id: &str, in_preset: bool) -> Result<bool, CatalogError> {
        let done =
            sqlx::query("update destination set in_preset = ? where id = ?").bind(in_preset).bind(id).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets a destination; copies made to it stay known.
    pub async fn forget_destination(&self, id: &str) -> Result<bool, CatalogError> {
        let done = sqlx::query("delete from destination where id = ?").bind(id).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Stores a card, its clips and its structural findings in one transaction. A known fingerprint keeps its id and what is
    /// known about its clips; only place and label are refreshed.
    pub async fn store_card(&self, row: &CardRow) -> Result<CardRow, CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let known: Option<String> = sqlx::query("select id from card where fingerprint = ?")
            .bind(&row.fingerprint)
            .fetch_optional(&mut *transaction)
            .await?
            .map(|found| found.get(0));
        let id = if let Some(id) = known {
            sqlx::query("update card set root = ?, label = ?, volume = ?, writable = ?, source_device = ? where id = ?")
                .bind(&row.root)
                .bind(&row.label)
                .bind(&row.volume)
                .bind(row.writable)
                .bind(&row.source_device)
                .bind(&id)
                .execute(&mut *transaction)
                .await?;
            id
        } else {
            sqlx::query("insert into card (id, fingerprint, volume, label, root, reel, recognition, source_device, writable, seen_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .bind(&row.id)
                .bind(&row.fingerprint)
                .bind(&row.volume)
                .bind(&row.label)
                .bind(&row.root)
                .bind(&row.reel)
                .bind(text(&row.recognition))
                .bind(&row.source_device)
                .bind(row.writable)
                .bind(&row.seen_at)
                .execute(&mut *transaction)
                .await?;
            for (position, clip) in row.recognition.clips.iter().enumerate() {
                sqlx::query("insert into clip_record (card, position, name, search) values (?, ?, ?, ?)")
                    .bind(&row.id)
                    .bind(i64::try_from(position).unwrap_or(i64::MAX))
                    .bind(&clip.name)
                    .bind(format!("{} {}", clip.name, row.reel).to_lowercase())
                    .execute(&mut *transaction)
                    .await?;
            }
            for finding in &row.recognition.findings {
                sqlx::query("insert into finding (card, source, finding) values (?, 'structure', ?)")
                    .bind(&row.id)
                    .bind(text(finding))
                    .execute(&mut *transaction)
                    .await?;
            }
            row.id.clone()
        };
        transaction.commit().await?;
        Ok(self.card(&id).await?.unwrap_or_else(|| row.clone()))
    }

    /// A card by id.
    pub async fn card(&self, id: &str) -> Result<Option<CardRow>, CatalogError> {
        let row = sqlx::query(AssertSqlSafe(format!("{CARD} where id = ?"))).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(card).transpose()
    }

    /// The newest cards, newest first.
    pub async fn cards(&self, limit: u32) -> Result<Vec<CardRow>, CatalogError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{CARD} order by seen_at desc, id desc limit ?")))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(card).collect()
    }

    /// Marks the card's description as done.
    pub async fn set_described(&self, id: &str, sheet: Option<&str>) -> Result<(), CatalogError> {
        sqlx::query("update card set described = 1, sheet = ? where id = ?").bind(sheet).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Stores since when the verdict is safe; `None` takes it back.
    pub async fn set_safe_since(&self, id: &str, since: Option<Timestamp>) -> Result<(), CatalogError> {
        sqlx::query("update card set safe_since = ? where id = ?")
            .bind(since.map(|at| at.to_string()))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores a clip's record and the words it is found by.
    pub async fn store_record(&self, card: &str, position: u32, record: &ClipRecord, search: &str) -> Result<(), CatalogError> {
        sqlx::query("update clip_record set record = ?, search = ? where card = ? and position = ?")
            .bind(text(record))
            .bind(search.to_lowercase())
            .bind(card)
            .bind(position)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores that a clip has a picture, or why it has none.
    pub async fn store_picture(&self, card: &str, position: u32, picture: Option<&str>, words: &str) -> Result<(), CatalogError> {
        sqlx::query("update clip_record set picture = ?, picture_words = ? where card = ? and position = ?")
            .bind(picture)
            .bind(words)
            .bind(card)
            .bind(position)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// All clips of a card, in order.
    pub async fn clips_of(&self, card: &str) -> Result<Vec<ClipRow>, CatalogError> {
        let rows = sqlx::query(
            "select card, position, name, record, picture, picture_words from clip_record where card = ? order by position",
        )
        .bind(card)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(clip).collect()
    }

    /// Replaces the findings of one source.
    pub async fn store_findings(&self, card: &str, source: &str, findings: &[Finding]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("delete from finding where card = ? and source = ?")
            .bind(card)
            .bind(source)
            .execute(&mut *transaction)
            .await?;
        for finding in findings {
            sqlx::query("insert into finding (card, source, finding) values (?, ?, ?)")
                .bind(card)
                .bind(source)
                .bind(text(finding))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The findings of one source.
    pub async fn findings_from(&self, card: &str, source: &str) -> Result<Vec<Finding>, CatalogError> {
        let rows = sqlx::query("select finding from finding where card = ? and source = ? order by rowid")
            .bind(card)
            .bind(source)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| parse("finding", &row.get::<String, _>(0))).collect()
    }

    /// The card with this content, if it is known.
    pub async fn card_by_fingerprint(&self, fingerprint: &str) -> Result<Option<String>, CatalogError> {
        let row = sqlx::query("select id from card where fingerprint = ?").bind(fingerprint).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// All findings of a card, worst first.
    pub async fn findings_of(&self, card: &str) -> Result<Vec<Finding>, CatalogError> {
        let rows =
            sqlx::query("select finding from finding where card = ? order by rowid").bind(card).fetch_all(&self.pool).await?;
        let mut findings: Vec<Finding> =
            rows.iter().map(|row| parse("finding", &row.get::<String, _>(0))).collect::<Result<_, _>>()?;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(findings)
    }
}
