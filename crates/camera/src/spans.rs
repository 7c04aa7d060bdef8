//! Owns recordings that go on on another card: which pieces of them a card holds, and which pieces of several cards are one recording.
//! Matching is pure and takes the strongest relation there is: ids the camera wrote (P2 neighbours), halves of one name (Blackmagic),
//! numbers of split files (RED, Sony EX, Canon, Z CAM, GoPro). Must never join by time of the file system, nor two recordings
//! whose name says too little.

use crate::complete::read_whole;
use crate::declared::is_p2_metadata;
use crate::profile::profiles;
use crate::{CardFiles, p2};
use checkgate_model::{CardRecognition, Clip, ClipKind, FileRole};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Letters and digits a clip name needs to be one of its kind: makers of such names write date, time or random characters into them.
/// A name like `0001` is on every card, and joins nothing.
const TELLING: usize = 9;
/// Most pieces that one recording is joined of.
const MAX_PIECES: usize = 10_000;

/// What a card holds of a recording that may have pieces elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanPiece {
    /// Clip on this card.
    pub clip: String,
    /// How it is matched.
    pub part: SpanPart,
}

/// How a piece is matched with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanPart {
    /// Numbers of the files of a split recording.
    Segments {
        /// Family, roll and name.
        key: String,
        /// Numbers that are here.
        numbers: BTreeSet<u64>,
    },
    /// Every other frame.
    Half {
        /// Family and name.
        key: String,
        /// The half of the camera's second card.
        second: bool,
    },
    /// A piece with neighbours the camera named.
    Chained {
        /// Ids and names of this piece.
        own: Vec<String>,
        /// The piece before.
        previous: Option<String>,
        /// The piece behind.
        next: Option<String>,
        /// Frame of the recording at which it begins.
        offset: Option<i64>,
        /// Frames.
        frames: Option<i64>,
    },
}

/// A recording on several cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Pieces by their place in what was given.
    pub pieces: Vec<usize>,
    /// Nothing is missing: numbers from the first, both halves, or a chain with both ends and no gap.
    pub whole: bool,
    /// What is there, or what is still missing, in words.
    pub words: String,
}

/// Pieces of `card` that may go on elsewhere. Reads clip metadata of P2, a few kilobytes each; everything else is in the recognition.
pub fn span_pieces(card: &dyn CardFiles, recognition: &CardRecognition) -> Vec<SpanPiece> {
    let sizes: HashMap<&str, &crate::CardEntry> = card.entries().iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let mut pieces = Vec::new();
    for clip in recognition.clips.iter().filter(|clip| clip.kind == ClipKind::Video) {
        let before = pieces.len();
        let metadata = clip.files.iter().filter(|file| file.role == FileRole::Sidecar && is_p2_metadata(&file.path));
        for file in metadata {
            let Some(entry) = sizes.get(file.path.as_str()) else { continue };
            let Some(piece) = read_whole(card, entry, &mut 0).and_then(|bytes| p2::clip(&bytes)) else { continue };
            if piece.previous.is_some() || piece.next.is_some() {
                let own = [piece.global_id, piece.name].into_iter().flatten().map(|id| id.to_ascii_uppercase()).collect();
                let upper = |id: Option<String>| id.map(|id| id.to_ascii_uppercase());
                pieces.push(SpanPiece {
                    clip: clip.name.clone(),
                    part: SpanPart::Chained {
                        own,
                        previous: upper(piece.previous),
                        next: upper(piece.next),
                        offset: piece.offset_frames,
                        frames: piece.duration_frames,
                    },
                });
            }
        }
        if pieces.len() > before {
            continue;
        }
        pieces.extend(half_of(clip, recognition).or_else(|| segments_of(clip, recognition)));
    }
    pieces
}

fn key(clip: &Clip, recognition: &CardRecognition) -> String {
    format!("{}|{}|{}", recognition.family, clip.roll.as_deref().unwrap_or_default(), clip.name).to_ascii_uppercase()
}

/// What is said to have its other half elsewhere is a piece; a clip with both is whole already.
fn half_of(clip: &Clip, recognition: &CardRecognition) -> Option<SpanPiece> {
    let told = |finding: &checkgate_model::Finding| {
        finding.code == "clip.half_elsewhere" && finding.clip.as_deref() == Some(clip.name.as_str())
    };
    let second = clip.files.iter().any(|file| file.role == FileRole::SecondCardHalf);
    recognition
        .findings
        .iter()
        .any(told)
        .then(|| SpanPiece { clip: clip.name.clone(), part: SpanPart::Half { key: key(clip, recognition), second } })
}

fn segments_of(clip: &Clip, recognition: &CardRecognition) -> Option<SpanPiece> {
    let telling = clip.name.chars().filter(char::is_ascii_alphanumeric).count() >= TELLING;
    let segments = clip.files.iter().filter(|file| file.role == FileRole::Segment).take(MAX_PIECES);
    let numbers: BTreeSet<u64> =
        segments.filter_map(|file| profiles().claim(file.path.as_str())?.2.name("segment")?.as_str().parse().ok()).collect();
    (telling && !numbers.is_empty())
        .then(|| SpanPiece { clip: clip.name.clone(), part: SpanPart::Segments { key: key(clip, recognition), numbers } })
}

/// Recordings that have pieces on more than one card. `pieces` are of all cards, each with the card's id; two cards with the same
/// pieces are two copies of one card and are not joined with each other.
#[must_use]
pub fn join_spans(pieces: &[(String, SpanPiece)]) -> Vec<Span> {
    let mut segments: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut halves: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut chained = Vec::new();
    for (at, (_, piece)) in pieces.iter().enumerate() {
        match &piece.part {
            SpanPart::Segments { key, .. } => segments.entry(key).or_default().push(at),
            SpanPart::Half { key, .. } => halves.entry(key).or_default().push(at),
            SpanPart::Chained { .. } => chained.push(at),
        }
    }
    let mut spans: Vec<Span> = segments.values().filter_map(|places| join_segments(pieces, places)).collect();
    spans.extend(halves.values().filter_map(|places| join_halves(pieces, places)));
    spans.extend(join_chains(pieces, &chained));
    spans.retain(|span| span.pieces.iter().map(|at| &pieces[*at].0).collect::<BTreeSet<_>>().len() > 1);
    spans
}

fn join_segments(pieces: &[(String, SpanPiece)], places: &[usize]) -> Option<Span> {
    let numbers_of = |at: usize| match &pieces[at].1.part {
        SpanPart::Segments { numbers, .. } => numbers,
        _ => unreachable!("only segments are gathered under their key"),
    };
    let distinct: BTreeSet<&BTreeSet<u64>> = places.iter().map(|at| numbers_of(*at)).collect();
    let union: BTreeSet<u64> = distinct.iter().flat_map(|numbers| numbers.iter().copied()).collect();
    // A number on two cards is another recording of that name, or a copy that lost files: nothing is known then.
    let apart = union.len() == distinct.iter().map(|numbers| numbers.len()).sum::<usize>();
    if distinct.len() < 2 || !apart {
        return None;
    }
    let last = union.last().copied()?;
    let missing: Vec<u64> = (1..last.min(MAX_PIECES as u64)).filter(|number| !union.contains(number)).take(9).collect();
    let whole = missing.is_empty();
    let words = if whole {
        format!("files {} to {last} of the recording are all there", union.first().copied().unwrap_or(1))
    } else {
        let list = missing.iter().take(8).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!(
            "files up to {last} of the recording are there, still missing: {list}{}",
            if missing.len() > 8 { ", ..." } else { "" }
        )
    };
    Some(Span { pieces: places.to_vec(), whole, words })
}

fn join_halves(pieces: &[(String, SpanPiece)], places: &[usize]) -> Option<Span> {
    let second = |at: &&usize| matches!(&pieces[**at].1.part, SpanPart::Half { second: true, .. });
    let seconds = places.iter().filter(second).count();
    (seconds > 0 && seconds < places.len()).then(|| Span {
        pieces: places.to_vec(),
        whole: true,
        words: "both halves of the recording are there".to_owned(),
    })
}

/// What a chain needs of a piece.
struct Link<'a> {
    own: &'a [String],
    previous: Option<&'a String>,
    next: Option<&'a String>,
    offset: Option<i64>,
    frames: Option<i64>,
}

fn link(piece: &SpanPiece) -> Option<Link<'_>> {
    match &piece.part {
        SpanPart::Chained { own, previous, next, offset, frames } => {
            Some(Link { own, previous: previous.as_ref(), next: next.as_ref(), offset: *offset, frames: *frames })
        }
        _ => None,
    }
}

fn join_chains(pieces: &[(String, SpanPiece)], places: &[usize]) -> Vec<Span> {
    // The first card that has an id speaks for it; further ones are copies of it and follow it.
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    let mut copies: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut firsts = Vec::new();
    for at in places {
        let Some(link) = link(&pieces[*at].1) else { continue };
        // The first id is the global one where there is any; a bare name is only known on its card.
        match link.own.first().and_then(|id| by_id.get(id.as_str())) {
            Some(first) => copies.entry(*first).or_default().push(*at),
            None => {
                firsts.push(*at);
                for id in link.own {
                    by_id.entry(id).or_insert(*at);
                }
            }
        }
    }
    let find = |id: Option<&String>| id.and_then(|id| by_id.get(id.as_str()).copied());
    let mut spans = Vec::new();
    let mut taken = BTreeSet::new();
    for start in &firsts {
        let begins = link(&pieces[*start].1).is_some_and(|link| find(link.previous).is_none());
        if !begins || taken.contains(start) {
            continue;
        }
        let (mut chain, mut at) = (Vec::new(), Some(*start));
        while let Some(place) = at.filter(|place| taken.insert(*place) && chain.len() < MAX_PIECES) {
            chain.push(place);
            at = find(link(&pieces[place].1).and_then(|link| link.next));
        }
        let missing = missing_of(pieces, &chain);
        let whole = missing.is_empty();
        let words = if whole {
            format!("{} pieces of the recording follow each other from its first to its last frame", chain.len())
        } else {
            format!("{} pieces of the recording are there, still missing: {}", chain.len(), missing.join(", "))
        };
        let all = chain.iter().flat_map(|at| [*at].into_iter().chain(copies.get(at).into_iter().flatten().copied())).collect();
        spans.push(Span { pieces: all, whole, words });
    }
    spans
}

fn missing_of(pieces: &[(String, SpanPiece)], chain: &[usize]) -> Vec<String> {
    let links: Vec<Link<'_>> = chain.iter().filter_map(|at| link(&pieces[*at].1)).collect();
    let mut missing = Vec::new();
    if links.first().is_some_and(|link| link.previous.is_some()) {
        missing.push("its beginning".to_owned());
    }
    for pair in links.windows(2) {
        let due = pair[0].offset.zip(pair[0].frames).and_then(|(offset, frames)| offset.checked_add(frames));
        if let (Some(due), Some(begins)) = (due, pair[1].offset)
            && due != begins
        {
            missing.push(format!("frames between {due} and {begins}"));
        }
    }
    if links.last().is_some_and(|link| link.next.is_some()) {
        missing.push("its end".to_owned());
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(card: &str, clip: &str, numbers: &[u64]) -> (String, SpanPiece) {
        let part = SpanPart::Segments { key: clip.to_owned(), numbers: numbers.iter().copied().collect() };
        (card.to_owned(), SpanPiece { clip: clip.to_owned(), part })
    }

    fn chained(
        card: &str,
        own: &str,
        previous: Option<&str>,
        next: Option<&str>,
        offset: i64,
        frames: i64,
    ) -> (String, SpanPiece) {
        let some = |id: Option<&str>| id.map(str::to_owned);
        let part = SpanPart::Chained {
            own: vec![own.to_owned()],
            previous: some(previous),
            next: some(next),
            offset: Some(offset),
            frames: Some(frames),
        };
        (card.to_owned(), SpanPiece { clip: own.to_owned(), part })
    }

    #[test]
    fn files_of_one_recording_join_when_no_number_is_missing() {
        let spans = join_spans(&[segments("a", "X", &[1, 2, 3]), segments("b", "X", &[4, 5]), segments("b", "Y", &[1])]);
        assert_eq!(spans.len(), 1);
        assert!(spans[0].whole && spans[0].pieces == [0, 1], "{spans:?}");
        let gap = join_spans(&[segments("a", "X", &[1, 2]), segments("b", "X", &[4, 5])]);
        assert!(!gap[0].whole && gap[0].words.contains("missing: 3"), "{gap:?}");
        assert_eq!(join_spans(&[segments("a", "X", &[1, 2]), segments("b", "X", &[2, 3])]), vec![], "two recordings of one name");
        assert_eq!(join_spans(&[segments("a", "X", &[1, 2]), segments("b", "X", &[1, 2])]), vec![], "a copy is no other card");
        let copied = join_spans(&[segments("a", "X", &[1]), segments("b", "X", &[2]), segments("c", "X", &[2])]);
        assert!(copied[0].whole && copied[0].pieces == [0, 1, 2]);
        let third = join_spans(&[segments("a", "X", &[3]), segments("b", "X", &[2]), segments("c", "X", &[1])]);
        assert!(third[0].whole, "{third:?}");
    }

    proptest::proptest! {
        #[test]
        fn odd_chains_end_and_no_piece_is_in_two_recordings(links in proptest::collection::vec((0u8..6, 0u8..6, 0u8..6, 0u8..4), 0..24)) {
            let pieces: Vec<(String, SpanPiece)> = links
                .iter()
                .map(|(own, previous, next, card)| {
                    let id = |number: &u8| (*number > 0).then(|| format!("P{number}"));
                    chained(&format!("card{card}"), &format!("P{own}"), id(previous).as_deref(), id(next).as_deref(), i64::from(*own), 1)
                })
                .collect();
            let spans = join_spans(&pieces);
            let all: Vec<usize> = spans.iter().flat_map(|span| span.pieces.iter().copied()).collect();
            let once: BTreeSet<usize> = all.iter().copied().collect();
            proptest::prop_assert_eq!(all.len(), once.len());
        }
    }

    #[test]
    fn halves_join_only_with_the_other_half() {
        let half = |card: &str, second| {
            (card.to_owned(), SpanPiece { clip: "A".to_owned(), part: SpanPart::Half { key: "A".to_owned(), second } })
        };
        assert!(join_spans(&[half("a", false), half("b", true)])[0].whole);
        assert_eq!(join_spans(&[half("a", false), half("b", false)]), vec![]);
    }

    #[test]
    fn neighbours_join_from_the_first_frame_to_the_last() {
        let first = chained("a", "B1", None, Some("B2"), 0, 100);
        let middle = chained("b", "B2", Some("B1"), Some("B3"), 100, 50);
        let last = chained("c", "B3", Some("B2"), None, 150, 10);
        let two = join_spans(&[first.clone(), middle.clone()]);
        assert!(!two[0].whole && two[0].words.contains("its end"), "{two:?}");
        // The order in which cards come does not matter.
        let all = join_spans(&[last.clone(), first.clone(), middle.clone()]);
        assert_eq!((all.len(), all[0].whole, all[0].pieces.clone()), (1, true, vec![1, 2, 0]));
        let ends = join_spans(&[first.clone(), last.clone()]);
        assert_eq!(ends, vec![], "without the piece between them nothing shows that they are one");
        let late = chained("c", "B3", Some("B2"), None, 160, 10);
        let gap = join_spans(&[first.clone(), middle.clone(), late]);
        assert!(!gap[0].whole && gap[0].words.contains("between 150 and 160"), "{gap:?}");
        // A ring ends, and one card alone is no span.
        let ring =
            join_spans(&[chained("a", "R1", Some("R2"), Some("R2"), 0, 1), chained("b", "R2", Some("R1"), Some("R1"), 1, 1)]);
        assert_eq!(ring, vec![]);
        assert_eq!(join_spans(&[first]), vec![]);
    }
}
