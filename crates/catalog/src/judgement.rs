//! Owns what people and other cards say of findings: overrides with name and reason, and pieces of recordings that go on on another
//! card. Nothing here is ever deleted but what is computed anew.

use crate::{Catalog, CatalogError};
use checkgate_model::{Finding, Override, Timestamp};
use sqlx::Row;

/// One override.
#[derive(Debug, Clone, PartialEq)]
pub struct OverrideRow {
    /// Id.
    pub id: String,
    /// Card.
    pub card: String,
    /// Code of the finding.
    pub code: String,
    /// Path of the finding.
    pub path: Option<String>,
    /// Clip of the finding.
    pub clip: Option<String>,
    /// What was found.
    pub message: String,
    /// Who, why and when.
    pub by: Override,
    /// When it was taken back.
    pub withdrawn_at: Option<String>,
}

impl OverrideRow {
    /// Whether it holds for this finding: the same code about the same thing in the same words.
    #[must_use]
    pub fn holds_for(&self, finding: &Finding) -> bool {
        self.withdrawn_at.is_none()
            && self.code == finding.code
            && self.path.as_deref() == finding.path.as_ref().map(checkgate_model::RelPath::as_str)
            && self.clip == finding.clip
            && self.message == finding.message
    }
}

/// What was found about a recording that lies on several cards.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanJoinRow {
    /// Card.
    pub card: String,
    /// Clip on that card.
    pub clip: String,
    /// The other cards, as people call them.
    pub others: String,
    /// Nothing is missing any more.
    pub whole: bool,
    /// In words.
    pub words: String,
}

impl Catalog {
    /// Stores an override of a finding.
    pub async fn store_override(&self, row: &OverrideRow) -> Result<(), CatalogError> {
        sqlx::query(
            "insert into finding_override (id, card, code, path, clip, message, by_name, reason, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&row.id)
        .bind(&row.card)
        .bind(&row.code)
        .bind(&row.path)
        .bind(&row.clip)
        .bind(&row.message)
        .bind(&row.by.by)
        .bind(&row.by.reason)
        .bind(&row.by.at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes back every override of a code on a card, or all; says how many.
    pub async fn withdraw_overrides(&self, card: &str, code: Option<&str>, at: Timestamp) -> Result<u64, CatalogError> {
        let done = sqlx::query(
            "update finding_override set withdrawn_at = ? where card = ? and (? is null or code = ?) and withdrawn_at is null",
        )
        .bind(at.to_string())
        .bind(card)
        .bind(code)
        .bind(code)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Every override of a card, oldest first, withdrawn ones among them.
    pub async fn overrides_of(&self, card: &str) -> Result<Vec<OverrideRow>, CatalogError> {
        let rows = sqlx::query(
            "select id, card, code, path, clip, message, by_name, reason, at, withdrawn_at from finding_override where card = ? order by rowid",
        )
        .bind(card)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .iter()
            .map(|row| OverrideRow {
                id: row.get(0),
                card: row.get(1),
                code: row.get(2),
                path: row.get(3),
                clip: row.get(4),
                message: row.get(5),
                by: Override { by: row.get(6), reason: row.get(7), at: row.get(8) },
                withdrawn_at: row.get(9),
            })
            .collect())
    }

    /// Replaces the pieces a card has of recordings that may go on elsewhere.
    pub async fn store_span_pieces(&self, card: &str, pieces: &[String]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("delete from span_piece where card = ?").bind(card).execute(&mut *transaction).await?;
        for piece in pieces {
            sqlx::query("insert into span_piece (card, piece) values (?, ?)")
                .bind(card)
                .bind(piece)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every piece of every card, with the card's name as people call it: id, name, piece.
    pub async fn span_pieces(&self) -> Result<Vec<(String, String, String)>, CatalogError> {
        let rows = sqlx::query(
            "select card.id, case when card.label = '' or card.label = card.reel then card.reel else card.reel || ' (' || card.label || ')' end, \
             piece from span_piece join card on card.id = span_piece.card order by card.seen_at, card.id, span_piece.rowid",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }

    /// Replaces what is known of recordings on several cards.
    pub async fn store_span_joins(&self, rows: &[SpanJoinRow]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("delete from span_join").execute(&mut *transaction).await?;
        for row in rows {
            sqlx::query("insert into span_join (card, clip, others, whole, words) values (?, ?, ?, ?, ?)")
                .bind(&row.card)
                .bind(&row.clip)
                .bind(&row.others)
                .bind(row.whole)
                .bind(&row.words)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Cards with recordings that lie on several cards.
    pub async fn cards_with_joins(&self) -> Result<std::collections::BTreeSet<String>, CatalogError> {
        let rows = sqlx::query("select distinct card from span_join").fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// What is known of a card's recordings that lie on several cards.
    pub async fn span_joins_of(&self, card: &str) -> Result<Vec<SpanJoinRow>, CatalogError> {
        let rows = sqlx::query("select card, clip, others, whole, words from span_join where card = ? order by clip")
            .bind(card)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .iter()
            .map(|row| SpanJoinRow {
                card: row.get(0),
                clip: row.get(1),
                others: row.get(2),
                whole: row.get(3),
                words: row.get(4),
            })
            .collect())
    }
}
