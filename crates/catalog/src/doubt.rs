//! Owns the rows that can take a verdict back: where a copy lies, why it is in doubt, and what a named person signed for.

use crate::{Catalog, CatalogError, unword};
use checkgate_model::{SignOff, SignOffKind, Timestamp};
use sqlx::Row;
use std::collections::BTreeMap;

/// Where a copy lies and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyPlace {
    /// Volume id.
    pub volume: String,
    /// Kind of medium.
    pub media: Option<String>,
}

impl Catalog {
    /// Stores where a copy lies.
    pub async fn set_copy_place(&self, copy: &str, place: &CopyPlace) -> Result<(), CatalogError> {
        sqlx::query("insert into copy_place (copy, volume, media) values (?, ?, ?) on conflict (copy) do update set volume = excluded.volume, media = excluded.media")
            .bind(copy)
            .bind(&place.volume)
            .bind(&place.media)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Where the copies of a card lie, by copy.
    pub async fn copy_places(&self, card: &str) -> Result<BTreeMap<String, CopyPlace>, CatalogError> {
        let rows =
            sqlx::query("select p.copy, p.volume, p.media from copy_place p join copy c on c.id = p.copy where c.card = ?")
                .bind(card)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.iter().map(|row| (row.get(0), CopyPlace { volume: row.get(1), media: row.get(2) })).collect())
    }

    /// Stores why a copy is in doubt; `None` lifts the doubt.
    pub async fn set_copy_doubt(&self, copy: &str, words: Option<&str>, at: Timestamp) -> Result<(), CatalogError> {
        match words {
            Some(words) => sqlx::query("insert into copy_doubt (copy, words, at) values (?, ?, ?) on conflict (copy) do update set words = excluded.words, at = excluded.at")
                .bind(copy)
                .bind(words)
                .bind(at.to_string())
                .execute(&self.pool)
                .await?,
            None => sqlx::query("delete from copy_doubt where copy = ?").bind(copy).execute(&self.pool).await?,
        };
        Ok(())
    }

    /// Doubts about the copies of a card, by copy.
    pub async fn copy_doubts(&self, card: &str) -> Result<BTreeMap<String, String>, CatalogError> {
        let rows = sqlx::query("select d.copy, d.words from copy_doubt d join copy c on c.id = d.copy where c.card = ?")
            .bind(card)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Stores a signature; a later one for the same thing replaces it.
    pub async fn sign(&self, card: &str, sign: &SignOff) -> Result<(), CatalogError> {
        sqlx::query("insert into sign_off (card, what, copy, by, at, note) values (?, ?, ?, ?, ?, ?) on conflict (card, what, copy) do update set by = excluded.by, at = excluded.at, note = excluded.note")
            .bind(card)
            .bind(sign.what.name())
            .bind(sign.copy.as_deref().unwrap_or_default())
            .bind(&sign.by)
            .bind(&sign.at)
            .bind(&sign.note)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Withdraws a signature; false where there was none.
    pub async fn withdraw(&self, card: &str, what: SignOffKind, copy: Option<&str>) -> Result<bool, CatalogError> {
        let done = sqlx::query("delete from sign_off where card = ? and what = ? and copy = ?")
            .bind(card)
            .bind(what.name())
            .bind(copy.unwrap_or_default())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// What was signed for about a card.
    pub async fn sign_offs(&self, card: &str) -> Result<Vec<SignOff>, CatalogError> {
        let rows = sqlx::query("select what, copy, by, at, note from sign_off where card = ? order by at, what")
            .bind(card)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SignOff {
                    what: unword("signature", row.get(0))?,
                    copy: Some(row.get::<String, _>(1)).filter(|copy| !copy.is_empty()),
                    by: row.get(2),
                    at: row.get(3),
                    note: row.get(4),
                })
            })
            .collect()
    }
}
