//! Owns what is compared between the cards that are known: recordings that go on on another card, and recordings that two cards hold.

use crate::card_source::CardSource;
use crate::{App, state_problem};
use checkgate_camera::{SpanPiece, join_spans, span_pieces};
use checkgate_catalog::{CardRow, ClipIndexRow, SpanJoinRow};
use checkgate_model::{CardRecognition, Problem, RelPath};
use checkgate_rules::{Twin, TwinBy};
use std::collections::{BTreeMap, BTreeSet};

/// Every file of a card with its size: equal for a card and its copies.
pub(crate) fn content(recognition: &CardRecognition) -> BTreeSet<(&RelPath, u64)> {
    let files = recognition.clips.iter().flat_map(|clip| &clip.files).chain(&recognition.unassigned);
    files.filter(|file| !file.path.as_str().starts_with("ascmhl/")).map(|file| (&file.path, file.size_bytes)).collect()
}

/// What a card is called, so that two of one reel can be told apart.
pub(crate) fn called(card: &CardRow) -> String {
    if card.label.is_empty() || card.label == card.reel { card.reel.clone() } else { format!("{} ({})", card.reel, card.label) }
}

impl App {
    /// Takes the pieces a card has of recordings that may go on elsewhere, and looks at all cards again.
    pub(crate) async fn join_with_other_cards(&self, card: &str, pieces: &[SpanPiece]) -> Result<(), Problem> {
        let texts: Vec<String> = pieces.iter().filter_map(|piece| serde_json::to_string(piece).ok()).collect();
        self.catalog().store_span_pieces(card, &texts).await.map_err(state_problem)?;
        let stored = self.catalog().span_pieces().await.map_err(state_problem)?;
        let names: BTreeMap<&String, &String> = stored.iter().map(|(id, name, _)| (id, name)).collect();
        // A piece an older program wrote otherwise is none.
        let known: Vec<(String, SpanPiece)> =
            stored.iter().filter_map(|(id, _, json)| Some((id.clone(), serde_json::from_str(json).ok()?))).collect();
        let mut joins: Vec<SpanJoinRow> = Vec::new();
        for span in join_spans(&known) {
            let members: BTreeSet<(&String, &String)> =
                span.pieces.iter().map(|at| &known[*at]).map(|(card, piece)| (card, &piece.clip)).collect();
            for (card, clip) in &members {
                let others: BTreeSet<&str> = members
                    .iter()
                    .filter(|(other, _)| other != card)
                    .filter_map(|(other, _)| Some(names.get(other)?.as_str()))
                    .collect();
                joins.push(SpanJoinRow {
                    card: (*card).clone(),
                    clip: (*clip).clone(),
                    others: others.into_iter().collect::<Vec<_>>().join(" and "),
                    whole: span.whole,
                    words: span.words.clone(),
                });
            }
        }
        let before: BTreeSet<String> = self.joined_cards().await?;
        self.catalog().store_span_joins(&joins).await.map_err(state_problem)?;
        // A verdict may change on a card that is long gone.
        let now: BTreeSet<String> = joins.into_iter().map(|join| join.card).collect();
        for card in before.union(&now) {
            self.refresh_verdict(card).await;
        }
        Ok(())
    }

    async fn joined_cards(&self) -> Result<BTreeSet<String>, Problem> {
        self.catalog().cards_with_joins().await.map_err(state_problem)
    }

    /// Clips of `card` that other cards of its project have too. Cards with the same files are copies of it, not other cards.
    pub(crate) async fn twins(
        &self,
        card: &CardRow,
        own: &[ClipIndexRow],
        others: &[ClipIndexRow],
    ) -> Result<Vec<Twin>, Problem> {
        let mut by_name: BTreeMap<&str, Vec<&ClipIndexRow>> = BTreeMap::new();
        let mut by_uid: BTreeMap<&str, Vec<&ClipIndexRow>> = BTreeMap::new();
        for other in others {
            by_name.entry(&other.name).or_default().push(other);
            if !other.uid.is_empty() {
                by_uid.entry(&other.uid).or_default().push(other);
            }
        }
        let mut cards: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut twins = Vec::new();
        for row in own.iter().filter(|row| !row.essence.is_empty()) {
            let named = by_name.get(row.name.as_str()).into_iter().flatten();
            let identified = by_uid.get(row.uid.as_str()).into_iter().flatten();
            let mut found: BTreeMap<&str, TwinBy> = BTreeMap::new();
            for other in named.chain(identified).filter(|other| other.picture == row.picture) {
                let Some(by) = self.twin_by(row, other).await? else { continue };
                let best = found.entry(other.card.as_str()).or_insert(by);
                *best = (*best).min(by);
            }
            for (other, by) in found {
                if !cards.contains_key(other) {
                    let name = self.other_card(card, other).await?;
                    cards.insert(other.to_owned(), name);
                }
                if let Some(Some(name)) = cards.get(other) {
                    twins.push(Twin { clip: row.position as usize, card: name.clone(), by });
                }
            }
        }
        Ok(twins)
    }

    async fn twin_by(&self, row: &ClipIndexRow, other: &ClipIndexRow) -> Result<Option<TwinBy>, Problem> {
        if !row.uid.is_empty() && row.uid == other.uid {
            return Ok(Some(TwinBy::ClipId));
        }
        if row.name != other.name {
            return Ok(None);
        }
        if row.bytes == other.bytes {
            let ours = self.catalog().hashes_of_file(&row.card, &row.essence).await.map_err(state_problem)?;
            let theirs = self.catalog().hashes_of_file(&other.card, &other.essence).await.map_err(state_problem)?;
            let equal = ours.iter().find_map(|hash| {
                let same = theirs.iter().find(|other| other.format() == hash.format())?;
                Some(same == hash)
            });
            // As long a recording of one name whose hash nobody knows may be the same or not: nothing is said.
            return Ok(match equal {
                Some(true) => Some(TwinBy::Content),
                Some(false) if row.reel == other.reel => Some(TwinBy::Name),
                _ => None,
            });
        }
        let shared = row.reel.split('\n').any(|reel| other.reel.split('\n').any(|theirs| theirs == reel));
        Ok(shared.then_some(TwinBy::Name))
    }

    /// What another card is called; `None` if it holds the same files.
    pub(crate) async fn other_card(&self, card: &CardRow, other: &str) -> Result<Option<String>, Problem> {
        let row = self.catalog().card(other).await.map_err(state_problem)?;
        Ok(row.filter(|row| content(&row.recognition) != content(&card.recognition)).map(|row| called(&row)))
    }
}

/// Pieces of a card that is open.
pub(crate) fn pieces_of(card: &CardSource, recognition: &CardRecognition) -> Vec<SpanPiece> {
    span_pieces(card, recognition)
}
